//! Prints how long one notification of each kind takes to parse, in nanoseconds, as `what: figure`.
//! It measures and prints; whoever runs it judges the numbers. Allocations are counted in `tests/allocations.rs`.
use bedside_gatt::blood_pressure::BloodPressureMeasurement;
use bedside_gatt::glucose::GlucoseMeasurement;
use bedside_gatt::heart_rate::HeartRateMeasurement;
use bedside_gatt::polar::DataFrame;
use bedside_gatt::pulse_oximeter::ContinuousMeasurement;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

#[path = "../tests/samples/mod.rs"]
mod samples;

const ROUNDS: u32 = 20;
const PARSES: u32 = 200_000;

fn main() -> std::io::Result<()> {
    // An answer that nobody reads would not be computed: the intervals are summed.
    let rate =
        |octets: &[u8]| HeartRateMeasurement::decode(octets).map(|m| m.rr_1024.iter().map(u32::from).sum::<u32>());
    let figures = [
        ("heart rate", fastest_round(samples::HEART_RATE, rate)),
        ("heart rate with 1 interval", fastest_round(samples::HEART_RATE_AND_INTERVAL, rate)),
        ("heart rate, all fields and 9 intervals", fastest_round(samples::HEART_RATE_ALL_FIELDS, rate)),
        ("continuous pulse oximetry", fastest_round(samples::OXIMETRY, ContinuousMeasurement::decode)),
        ("blood pressure, all fields", fastest_round(samples::BLOOD_PRESSURE, BloodPressureMeasurement::decode)),
        ("glucose, all fields", fastest_round(samples::GLUCOSE, GlucoseMeasurement::decode)),
        ("Polar ECG frame of 73 samples", fastest_round(&samples::polar_ecg(), DataFrame::decode)),
    ];
    let mut out = std::io::stdout();
    for (name, nanoseconds) in figures {
        writeln!(out, "{name}: {nanoseconds:.2} ns")?;
    }
    Ok(())
}

/// Nanoseconds a parse in the fastest round: the one least disturbed by other programs.
fn fastest_round<T>(octets: &[u8], parse: impl Fn(&[u8]) -> T) -> f64 {
    let round = |_| {
        let start = Instant::now();
        for _ in 0..PARSES {
            let _ = black_box(parse(black_box(octets)));
        }
        start.elapsed().as_nanos() as f64 / f64::from(PARSES)
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
