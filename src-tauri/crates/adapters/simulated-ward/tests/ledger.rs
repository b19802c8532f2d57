//! The ledger against what arrived, against the decoders, and against itself.
//! The devices' lives are in the other test files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]
mod common;

use bedside_console::ports::{Radio, RadioEvent};
use bedside_gatt::blood_pressure::BloodPressureMeasurement;
use bedside_gatt::health_thermometer::{TEMPERATURE_MEASUREMENT, TemperatureMeasurement};
use bedside_gatt::heart_rate::HeartRateMeasurement;
use bedside_gatt::polar::{DataFrame, Samples};
use bedside_gatt::pulse_oximeter::ContinuousMeasurement;
use bedside_gatt::{DecodeError, uuids};
use bedside_simulated_ward::{Condition, LedgerEntry, LedgerIdentity, Scenario, SimulatedWard};
use bedside_vitals::{Decimal, Number, Parameter};
use common::{Bench, OXIMETRY, PRESSURE, RATE, START, TEMPERATURE, id, seconds};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Links streams at once and spot devices as they appear, for two minutes.
async fn visit(scenario: &Scenario) -> (Vec<RadioEvent>, Vec<LedgerEntry>) {
    let mut bench = Bench::of(scenario);
    bench.link_ecg("ecg-1").await;
    bench.link("strap-1", &[RATE]).await;
    bench.link("oximeter-1", &[OXIMETRY]).await;
    let mut events = Vec::new();
    while bench.began.elapsed() < seconds(120) {
        for event in bench.listen(seconds(1)).await {
            if let RadioEvent::Advertised(heard) = &event {
                let at = match heard.peripheral.0.as_str() {
                    "sim:cuff-1" | "sim:cuff-2" => PRESSURE,
                    "sim:thermometer-1" => TEMPERATURE,
                    _ => continue,
                };
                if bench.ward.connect(&heard.peripheral).await.is_ok() {
                    bench.ward.subscribe(&heard.peripheral, at).await.unwrap();
                }
            }
            events.push(event);
        }
    }
    let ledger = bench.ledger();
    events.extend(bench.listen(std::time::Duration::ZERO).await);
    (events, ledger)
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_what_arrived_in_the_same_order() {
    let ward = SimulatedWard::new(&Scenario::named("ward").unwrap(), START);
    let mut events = ward.take_events().unwrap();
    for (device, at) in [("strap-1", RATE), ("oximeter-2", OXIMETRY), ("ecg-2", RATE)] {
        ward.connect(&id(device)).await.unwrap();
        ward.subscribe(&id(device), at).await.unwrap();
    }
    tokio::time::sleep(seconds(120)).await;
    let entered: Vec<Vec<u8>> = ward.ledger().into_iter().map(|entry| entry.bytes).collect();
    let mut arrived = Vec::new();
    while let Ok(event) = events.try_recv() {
        match event {
            RadioEvent::Value { bytes, .. } => arrived.push(bytes),
            other => panic!("without a scan there is nothing else: {other:?}"),
        }
    }
    assert!(arrived.len() > 350);
    assert_eq!(arrived, entered);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_make_the_same_ledger_and_another_seed_does_not() {
    let scenario = Scenario::named("ward").unwrap();
    let (_, first) = visit(&scenario).await;
    let (_, second) = visit(&scenario).await;
    assert!(first == second, "two visits differ");
    let (_, other) = visit(&scenario.with_seed(2)).await;
    assert!(first != other);
}

#[tokio::test(start_paused = true)]
async fn every_valid_entry_decodes_to_its_own_numbers_and_every_other_is_rejected() {
    for name in ["ward", "corrupt", "finger-out", "skew", "equal-readings", "demonstration"] {
        let (_, ledger) = visit(&Scenario::named(name).unwrap()).await;
        let measured: Vec<&LedgerEntry> = ledger.iter().filter(|entry| !entry.values.is_empty()).collect();
        assert!(measured.len() > 400, "{name}: {}", measured.len());
        for entry in measured {
            let meant: Vec<Number> = entry.values.iter().map(|value| value.number).collect();
            match decoded(entry) {
                Ok(numbers) => assert!(entry.valid && numbers == meant, "{name}: {entry:?}\n{numbers:?}"),
                Err(error) => assert!(!entry.valid, "{name}: {entry:?}\n{error}"),
            }
        }
    }
}

fn decoded(entry: &LedgerEntry) -> Result<Vec<Number>, DecodeError> {
    let whole = |number: i64| Number::Value(Decimal::whole(number));
    let octets = &entry.bytes;
    Ok(match entry.characteristic {
        uuids::HEART_RATE_MEASUREMENT => {
            let packet = HeartRateMeasurement::decode(octets)?;
            let intervals = packet.rr_1024.iter().map(|raw| whole(raw.into()));
            std::iter::once(whole(packet.heart_rate_bpm.into())).chain(intervals).collect()
        }
        uuids::CONTINUOUS_OXIMETRY => {
            let packet = ContinuousMeasurement::decode(octets)?;
            let amplitude = packet.pulse_amplitude_index_percent.unwrap();
            vec![packet.normal.spo2_percent, packet.normal.pulse_rate_bpm, amplitude]
        }
        uuids::POLAR_DATA => match DataFrame::decode(octets)?.samples {
            Samples::Ecg(samples) => samples.iter().map(|sample| whole((*sample).into())).collect(),
            other => panic!("no ECG: {other:?}"),
        },
        uuids::BLOOD_PRESSURE_MEASUREMENT => {
            let packet = BloodPressureMeasurement::decode(octets)?;
            vec![packet.systolic, packet.diastolic, packet.mean, packet.context.pulse_rate_bpm.unwrap()]
        }
        uuids::TEMPERATURE_MEASUREMENT => {
            vec![TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, octets)?.temperature]
        }
        other => panic!("no measurement: {other}"),
    })
}

#[tokio::test(start_paused = true)]
async fn frames_are_damaged_where_the_scenario_says_and_nowhere_else() {
    let (_, ledger) = visit(&Scenario::named("corrupt").unwrap()).await;
    let damaged: Vec<(&str, i64, Condition)> = ledger
        .iter()
        .filter(|entry| !entry.conditions.is_empty())
        .map(|entry| (entry.device_serial.as_str(), entry.at.millis_since(START) / 1_000, entry.conditions[0]))
        .collect();
    let of =
        |serial| damaged.iter().filter(|(s, ..)| *s == serial).map(|(_, at, what)| (*at, *what)).collect::<Vec<_>>();
    let streams = [(20, Condition::Truncated), (30, Condition::Trailing), (40, Condition::ReservedFlags)];
    for serial in ["SIM-S-0001", "SIM-P-0001", "SIM-E-0001"] {
        assert_eq!(of(serial), streams, "{serial}");
    }
    for (serial, what) in [
        ("SIM-C-0001", Condition::Truncated),
        ("SIM-C-0002", Condition::ReservedFlags),
        ("SIM-T-0001", Condition::Trailing),
    ] {
        assert_eq!(of(serial).iter().map(|(_, what)| *what).collect::<Vec<_>>(), [what], "{serial}");
    }
    assert_eq!(damaged.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn the_indices_of_a_link_have_no_gap_and_begin_anew_with_the_next() {
    let mut bench = Bench::new("drops");
    bench.link("strap-1", &[RATE]).await;
    bench.until(|event| *event == RadioEvent::LinkEnded(id("strap-1"))).await;
    bench.link("strap-1", &[RATE]).await;
    bench.listen(seconds(10)).await;
    for connection in [1, 2] {
        let entries: Vec<LedgerEntry> =
            bench.ledger().into_iter().filter(|entry| entry.connection == connection).collect();
        let frames: Vec<u64> = entries.iter().map(|entry| entry.frame).collect();
        assert_eq!(frames, (0..entries.len() as u64).collect::<Vec<_>>());
        let beats: Vec<LedgerIdentity> = entries
            .iter()
            .flat_map(|entry| &entry.values)
            .filter(|value| value.parameter == Parameter::BeatInterval)
            .map(|value| value.identity)
            .collect();
        assert_eq!(beats, (0..beats.len() as u64).map(LedgerIdentity::Index).collect::<Vec<_>>());
        assert!(beats.len() > 8);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_entered_while_a_link_is_away_or_a_sensor_silent() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[RATE]).await;
    bench.link("oximeter-1", &[OXIMETRY]).await;
    bench.control().silence("strap-1").unwrap();
    bench.control().set_out_of_reach("oximeter-1", true).unwrap();
    let before = bench.ledger().len();
    bench.listen(seconds(20)).await;
    assert_eq!(bench.ledger().len(), before);
}

/// A writer that a test can look into.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_written_ledger_has_a_line_for_each_entry() {
    let lines = Lines::default();
    let scenario = Scenario::named("calm").unwrap();
    let ward = SimulatedWard::new(&scenario, START).writing_ledger_to(Box::new(lines.clone()));
    ward.scan(true).await.unwrap();
    tokio::time::sleep(seconds(2)).await;
    ward.connect(&id("oximeter-1")).await.unwrap();
    ward.subscribe(&id("oximeter-1"), OXIMETRY).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    let entries = ward.ledger();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!((text.lines().count(), entries.len()), (5, 5));
    for (line, entry) in text.lines().zip(entries) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["device_serial"], "SIM-P-0001");
        assert_eq!(line["values"][0]["value"], entry.values[0].number.to_string());
        assert_eq!(line["values"][0]["unit"], "%");
    }
    assert!(ward.ledger_fault().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_ward_for_days_keeps_no_ledger() {
    let scenario = Scenario::named("calm").unwrap();
    let ward = SimulatedWard::new(&scenario, START).keeping_no_ledger();
    ward.scan(true).await.unwrap();
    ward.connect(&id("ecg-1")).await.unwrap();
    ward.subscribe(&id("ecg-1"), RATE).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert!(ward.ledger().is_empty());
}
