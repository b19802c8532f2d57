//! Thirty devices whose links drop every 5 to 60 s for five minutes: they are soon back, nothing is lost or doubled.
//! The figures that `bedsidectl --simulated=storm record` prints, proven in virtual time.
use crate::harness::*;
use bedside_console::{StoredReading, ports};
use bedside_simulated_ward::{Act, Condition, LedgerIdentity, Scenario};
use bedside_vitals::{DeviceId, MeasuredValue, Number, Parameter};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// More than tasks take that have nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Values by device and parameter, each once, sorted.
type Rows = BTreeMap<(String, Parameter), Vec<String>>;

fn text(value: &MeasuredValue) -> String {
    match value {
        MeasuredValue::Single(quantity) => number(quantity.number),
        MeasuredValue::Pressures(p) => [p.systolic, p.diastolic, p.mean].map(number).join("/"),
    }
}

/// Equal values of different precision are one: 71.05 and 71.050.
fn number(number: Number) -> String {
    number.value().map_or_else(|| number.to_string(), |decimal| decimal.rounded(3).to_string())
}

/// Every record that was handed to a link, once, however often it was sent.
fn sent(bedside: &Bedside) -> Rows {
    let mut records: BTreeMap<(String, Parameter, u64), Vec<String>> = BTreeMap::new();
    for entry in bedside.ledger().iter().filter(|entry| !entry.conditions.contains(&Condition::ControlSolution)) {
        let mut of_entry: BTreeMap<(Parameter, u64), Vec<String>> = BTreeMap::new();
        for value in &entry.values {
            if let LedgerIdentity::Record { record, .. } = value.identity {
                of_entry.entry((value.parameter, record)).or_default().push(number(value.number));
            }
        }
        for ((parameter, record), parts) in of_entry {
            records.insert((entry.device_serial.clone(), parameter, record), parts);
        }
    }
    let mut rows = Rows::new();
    for ((serial, parameter, _), parts) in records {
        rows.entry((serial, parameter)).or_default().push(parts.join("/"));
    }
    rows.values_mut().for_each(|values| values.sort());
    rows
}

fn stored(readings: &[StoredReading], serials: &BTreeMap<DeviceId, String>) -> Rows {
    let mut rows = Rows::new();
    for reading in readings {
        let key = (serials[&reading.device].clone(), reading.measurement.parameter);
        rows.entry(key).or_default().push(text(&reading.measurement.value));
    }
    rows.values_mut().for_each(|values| values.sort());
    rows
}

#[tokio::test(start_paused = true)]
async fn thirty_dropping_devices_lose_nothing_double_nothing_and_are_soon_back() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let scenario = Scenario::named("storm").unwrap();
    let devices: Vec<String> = scenario.devices.iter().map(|device| device.id()).collect();
    let laptop = Laptop::new();
    let bedside = laptop.start_on(&scenario, Options::default()).await;
    let patient = bedside.add_patient(1).await;
    for device in &devices {
        bedside.console.search(60).await.unwrap();
        let peripheral = ports::PeripheralId(format!("sim:{device}"));
        let (console, patient) = (bedside.console.clone(), patient.id);
        tokio::spawn(async move {
            // A device that sleeps or is away just now is bound when it shows itself.
            while console.bind(peripheral.clone(), patient).await.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    bedside.pass(Duration::from_secs(300)).await;
    // The storm is over: who still has something to say gets the time to say it.
    bedside.pass(Duration::from_secs(90)).await;
    let toll = bedside.ward.toll();
    bedside.ward.carry_all_away();
    bedside.pass(Duration::from_secs(10)).await;

    assert!(toll.drops > 150, "{} links dropped", toll.drops);
    assert!(toll.returns.len() as u64 * 10 >= toll.drops * 6, "{} of {} came back", toll.returns.len(), toll.drops);
    assert_eq!(toll.not_back, 0, "every device that can be heard is back");
    let p95 = toll.percentile(95).unwrap();
    assert!(p95 < Duration::from_secs(10), "95 of 100 are back within {p95:?}");

    let serials = match bedside.console.query(ports::Query::Devices).await.unwrap() {
        ports::Answer::Devices(devices) => {
            devices.into_iter().map(|device| (device.id, device.serial.unwrap_or_default())).collect()
        }
        other => panic!("expected devices, got {other:?}"),
    };
    let readings = bedside.readings().await;
    let (sent, stored) = (sent(&bedside), stored(&readings, &serials));
    assert!(sent.len() >= 15, "{}", sent.len());
    assert_eq!(stored.keys().collect::<BTreeSet<_>>(), sent.keys().collect::<BTreeSet<_>>());
    for (key, values) in &sent {
        assert_eq!(&stored[key], values, "{key:?}");
    }
    let ids: BTreeSet<_> = readings.iter().map(|reading| reading.id).collect();
    assert_eq!(ids.len(), readings.len());

    bedside.close().await;
    drop(laptop);
    // Whoever ends now is given the computer, but no time of the ward: what waits for a timer is left behind.
    let began = Instant::now();
    let after = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    while after() != before && began.elapsed() < PATIENCE {
        tokio::task::yield_now().await;
    }
    assert_eq!(after(), before, "no task is left behind");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_drops_for_good_costs_the_others_nothing() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    for device in ["strap-1", "oximeter-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.ward.act("strap-1", Act::LeaveReach).unwrap();
    bedside.pass(Duration::from_secs(120)).await;
    let oximeter = bedside.ledger().iter().filter(|entry| entry.device_serial == "SIM-P-0001").count();
    let samples: usize = bedside
        .samples()
        .await
        .iter()
        .filter(|samples| samples.parameter == Parameter::OxygenSaturation)
        .map(|samples| match &samples.values {
            bedside_console::SampleValues::Timed(values) => values.len(),
            bedside_console::SampleValues::Even { .. } => 0,
        })
        .sum();
    assert!(oximeter >= 110 && samples.abs_diff(oximeter) <= 2, "{samples} of {oximeter}");
    bedside.close().await;
}
