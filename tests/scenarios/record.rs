//! What was sent is what is stored, exactly: the ward's ledger against the vault.
//! The ledger is written from the model's own numbers, without a decoder.
use crate::harness::*;
use bedside_console::{SampleValues, StoredReading, StoredSamples};
use bedside_simulated_ward::{Act, Condition, LedgerEntry, Scenario, Step};
use bedside_vitals::{Decimal, MeasuredValue, Parameter, Quantity, ReadingIdentity};
use std::collections::BTreeMap;
use std::time::Duration;

/// One number as a line: device, parameter, part, value, unit.
type Line = (String, &'static str, String, String, &'static str);

/// Everything the ward sent that a record must hold, in order of sending for each device and parameter.
fn sent(ledger: &[LedgerEntry]) -> Vec<Line> {
    let unusable = [Condition::NoContact, Condition::Demonstration, Condition::ControlSolution];
    let usable = |entry: &&LedgerEntry| entry.valid && !entry.conditions.iter().any(|c| unusable.contains(c));
    let mut lines = Vec::new();
    for entry in ledger.iter().filter(usable) {
        for value in &entry.values {
            let number = value.number.to_string();
            let part = value.part.unwrap_or("").to_owned();
            lines.push((entry.device_serial.clone(), value.parameter.name(), part, number, value.unit.ucum()));
        }
    }
    lines
}

fn stored(
    serials: &BTreeMap<bedside_vitals::DeviceId, String>,
    readings: &[StoredReading],
    samples: &[StoredSamples],
) -> Vec<Line> {
    let serial = |device| serials.get(&device).cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for reading in readings {
        let measurement = &reading.measurement;
        let parameter = measurement.parameter.name();
        let mut put = |part: &str, number: bedside_vitals::Number| {
            let unit = measurement.value.unit().ucum();
            lines.push((serial(reading.device), parameter, part.to_owned(), number.to_string(), unit));
        };
        match measurement.value {
            MeasuredValue::Single(quantity) => put("", quantity.number),
            MeasuredValue::Pressures(p) => {
                put("systolic", p.systolic);
                put("diastolic", p.diastolic);
                put("mean", p.mean);
            }
        }
    }
    for StoredSamples { device, parameter, unit, exponent, values, .. } in samples {
        let steps: Vec<i32> = match values {
            SampleValues::Timed(values) => values.iter().map(|(_, step)| *step).collect(),
            SampleValues::Even { samples, .. } => samples.clone(),
        };
        for step in steps {
            let number = Decimal::new(i64::from(step), *exponent).to_string();
            lines.push((serial(*device), parameter.name(), String::new(), number, unit.ucum()));
        }
    }
    lines
}

/// Equal values of different precision are one: 97 and 97.0.
fn canonical(lines: Vec<Line>) -> BTreeMap<(String, &'static str, String, &'static str), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (serial, parameter, part, number, unit) in lines {
        let number = number.parse::<Decimal>().map_or(number, |d| d.rounded(3).to_string());
        all.entry((serial, parameter, part, unit)).or_default().push(number);
    }
    all
}

async fn serials(bedside: &Bedside) -> BTreeMap<bedside_vitals::DeviceId, String> {
    match bedside.console.query(bedside_console::ports::Query::Devices).await.unwrap() {
        bedside_console::ports::Answer::Devices(devices) => {
            devices.into_iter().map(|device| (device.id, device.serial.unwrap_or_default())).collect()
        }
        other => panic!("expected devices, got {other:?}"),
    }
}

/// Records one patient's devices for a while, then stops the ward and compares.
async fn compare(scenario: &str, devices: &[&str], time: Duration) -> Bedside {
    let laptop = Laptop::new();
    let bedside = laptop.start(scenario, Options::default()).await;
    let patient = bedside.add_patient(1).await;
    for device in devices {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(time).await;
    for device in devices {
        bedside.ward.set_out_of_reach(device, true).unwrap();
    }
    bedside.pass(Duration::from_secs(2)).await;
    assert_stored_as_sent(&bedside, scenario).await;
    bedside
}

/// Everything that the ward sent is in the record, and nothing else.
pub(crate) async fn assert_stored_as_sent(bedside: &Bedside, scenario: &str) {
    let ledger = bedside.ledger();
    let serials = serials(bedside).await;
    let mut readings = bedside.readings().await;
    readings.reverse();
    let wanted = canonical(sent(&ledger));
    let found = canonical(stored(&serials, &readings, &bedside.samples().await));
    assert!(!wanted.is_empty());
    let none = Vec::new();
    for (key, values) in &wanted {
        let found = found.get(key).unwrap_or(&none);
        let first = values.iter().zip(found).position(|(a, b)| a != b);
        let what = format!("{scenario}: {key:?}, first difference at {first:?}");
        assert!(found == values, "{what}: sent {} values, stored {}", values.len(), found.len());
    }
    assert!(found.keys().eq(wanted.keys()), "{scenario}: nothing else is stored");
    let invalid = ledger.iter().filter(|entry| !entry.valid).count();
    let rejected = bedside.frames().await.iter().filter(|frame| frame.rejection.is_some()).count();
    let nobodys = [Condition::Demonstration, Condition::ControlSolution];
    let demonstration = ledger.iter().filter(|e| e.valid && nobodys.iter().any(|c| e.conditions.contains(c))).count();
    assert_eq!(rejected, invalid + demonstration, "{scenario}: each damaged value is kept with its error");
}

#[tokio::test(start_paused = true)]
async fn every_value_of_every_kind_of_device_is_stored_as_it_was_sent() {
    let devices = ["strap-1", "ecg-1", "oximeter-1", "cuff-1", "thermometer-1"];
    let bedside = compare("calm", &devices, Duration::from_secs(180)).await;
    let kinds: std::collections::BTreeSet<Parameter> = bedside.samples().await.iter().map(|s| s.parameter).collect();
    assert!(kinds.contains(&Parameter::Electrocardiogram) && kinds.contains(&Parameter::BeatInterval));
    assert!(bedside.readings().await.iter().any(|r| r.measurement.parameter == Parameter::BloodPressure));
    assert!(bedside.readings().await.iter().any(|r| r.measurement.parameter == Parameter::BodyTemperature));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn damaged_values_cost_no_good_one_and_keep_their_bytes() {
    compare("corrupt", &["strap-1", "oximeter-1", "cuff-1", "thermometer-1"], Duration::from_secs(240))
        .await
        .close()
        .await;
}

#[tokio::test(start_paused = true)]
async fn drops_and_returns_lose_nothing_that_was_sent() {
    compare("drops", &["strap-1", "ecg-1", "oximeter-1"], Duration::from_secs(300)).await.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_finger_out_and_a_demonstration_leave_gaps_never_numbers() {
    compare("finger-out", &["strap-1", "oximeter-1"], Duration::from_secs(240)).await.close().await;
    compare("demonstration", &["oximeter-1", "oximeter-2"], Duration::from_secs(120)).await.close().await;
}

#[tokio::test(start_paused = true)]
async fn two_equal_readings_within_one_minute_are_two() {
    let bedside = compare("equal-readings", &["cuff-1", "thermometer-1"], Duration::from_secs(300)).await;
    let readings = bedside.readings().await;
    let pressures: Vec<_> = readings
        .iter()
        .filter(|r| r.measurement.parameter == Parameter::BloodPressure)
        .map(|r| r.measurement.identity)
        .collect();
    let twins = pressures.iter().filter(|id| matches!(id, ReadingIdentity::Ordinal { ordinal: 1, .. })).count();
    assert!(twins > 0, "the scenario has two readings of one device time: {pressures:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn two_different_readings_of_one_device_minute_on_two_connections_are_two() {
    let mut scenario = Scenario::named("calm").unwrap();
    scenario.steps.clear();
    for at in [5, 25, 45] {
        let device = Some("thermometer-1".to_owned());
        scenario.steps.push(Step { at: Duration::from_secs(at), every: None, device, act: Act::Measure });
    }
    let thermometer = scenario.devices.iter_mut().find(|device| device.id() == "thermometer-1").unwrap();
    thermometer.clock.whole_minutes = true;
    let laptop = Laptop::new();
    let bedside = laptop.start_on(&scenario, Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("thermometer-1", &patient).await;
    bedside.pass(Duration::from_secs(110)).await;
    let sent: Vec<_> = bedside.ledger().iter().flat_map(|entry| entry.values.clone()).collect();
    let times: std::collections::BTreeSet<String> = sent.iter().map(|v| format!("{:?}", v.identity)).collect();
    assert_eq!(times.len(), sent.len(), "the ward numbers them");
    let mut readings = bedside.readings().await;
    readings.reverse();
    let mut stored: Vec<String> = readings.iter().map(|r| format!("{:?}", r.measurement.value)).collect();
    stored.dedup();
    let mut expected: Vec<String> = sent
        .iter()
        .map(|v| format!("{:?}", MeasuredValue::Single(Quantity { number: v.number, unit: v.unit })))
        .collect();
    expected.dedup();
    assert!(expected.len() >= 2, "the temperature changed between the measurements: {expected:?}");
    assert_eq!(stored, expected);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_device_clock_is_corrected_and_its_own_time_is_kept() {
    let bedside = compare("skew", &["cuff-1", "thermometer-1"], Duration::from_secs(200)).await;
    for reading in bedside.readings().await {
        let time = reading.measurement.time;
        assert!(time.device.is_some(), "the raw time is there");
        let apart = time.received.millis_since(time.at);
        // The device counts whole seconds.
        assert!((-1_000..150_000).contains(&apart), "measured shortly before it was received, got {apart} ms");
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_minute_gives_one_median_and_the_last_one_is_closed_at_the_end() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("oximeter-1", &patient).await;
    bedside.pass(Duration::from_secs(150)).await;
    bedside.close().await;
    let bedside = laptop.start("calm", Options::default()).await;
    let mut minutes: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    for StoredSamples { series, values, .. } in bedside.samples().await {
        let SampleValues::Timed(values) = values else { continue };
        for (at, step) in values {
            minutes.entry((series, at.minute())).or_default().push(step);
        }
    }
    let query = bedside_console::ports::Query::MinuteMedians { patient: None, since: None };
    let bedside_console::ports::Answer::MinuteMedians(medians) = bedside.console.query(query).await.unwrap() else {
        panic!("expected medians");
    };
    assert!(medians.len() >= 6, "two or three parameters over three minutes");
    assert_eq!(medians.len(), minutes.len());
    for median in medians {
        let steps = minutes.get_mut(&(median.series, median.minute)).expect("its samples");
        steps.sort_unstable();
        assert_eq!(median.count as usize, steps.len());
        assert_eq!(median.median.mantissa(), i64::from(steps[(steps.len() - 1) / 2]));
    }
    bedside.close().await;
}
