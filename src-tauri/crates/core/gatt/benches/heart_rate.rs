//! Prints how long one heart rate value takes to parse, in nanoseconds.
//! It measures and prints; whoever runs it judges the number.
use bedside_gatt::heart_rate::HeartRateMeasurement;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

const ROUNDS: u32 = 20;
const PARSES: u32 = 1_000_000;

fn main() -> std::io::Result<()> {
    let values: [(&str, &[u8]); 3] = [
        ("rate", &[0x06, 72]),
        ("rate_and_1_interval", &[0x16, 72, 0x48, 0x03]),
        (
            "all_fields_9_intervals",
            &[0x1F, 0x2C, 0x01, 0x34, 0x12, 0, 4, 1, 4, 2, 4, 3, 4, 4, 4, 5, 4, 6, 4, 7, 4, 8, 4],
        ),
    ];
    let mut out = std::io::stdout();
    for (name, value) in values {
        writeln!(out, "heart_rate_parse_ns {name} {:.2}", fastest_round(value))?;
    }
    Ok(())
}

/// Nanoseconds a parse in the fastest round: the one least disturbed by other programs.
fn fastest_round(value: &[u8]) -> f64 {
    let round = |_| {
        let start = Instant::now();
        for _ in 0..PARSES {
            let measured = HeartRateMeasurement::decode(black_box(value));
            let _ = black_box(
                measured.map(|m| (m.heart_rate_bpm, m.rr_1024.iter().fold(0u32, |sum, rr| sum + u32::from(rr)))),
            );
        }
        start.elapsed().as_nanos() as f64 / f64::from(PARSES)
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
