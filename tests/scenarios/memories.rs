//! Devices with a memory: everything in it lands once, whatever happens on the way, and says where it belongs.
//! The ward's ledger against the vault, as in `record`.
use crate::harness::*;
use crate::sync::Server;
use bedside_console::StoredReading;
use bedside_simulated_ward::{Act, Condition, LedgerEntry, LedgerIdentity, Scenario};
use bedside_vitals::{
    GlucoseSample, Meal, MeasuredValue, Number, Parameter, QualityFlag, ReadingIdentity, SampleSite, Special,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const METER: &str = "glucose-1";

/// The records that were handed over at least once and are somebody's: number and amount.
pub(crate) fn records(ledger: &[LedgerEntry], parameter: Parameter) -> BTreeSet<(u64, String)> {
    let somebodys = ledger.iter().filter(|entry| !entry.conditions.contains(&Condition::ControlSolution));
    let values = somebodys.flat_map(|entry| &entry.values).filter(|value| value.parameter == parameter);
    let record = |identity| match identity {
        LedgerIdentity::Record { record, .. } => record,
        LedgerIdentity::Index(_) => panic!("expected a record"),
    };
    values.map(|value| (record(value.identity), value.number.to_string())).collect()
}

fn amount(reading: &StoredReading) -> Number {
    match reading.measurement.value {
        MeasuredValue::Single(quantity) => quantity.number,
        MeasuredValue::Pressures(_) => panic!("expected one number"),
    }
}

async fn stored(bedside: &Bedside, parameter: Parameter) -> Vec<StoredReading> {
    bedside.readings().await.into_iter().filter(|reading| reading.measurement.parameter == parameter).collect()
}

pub(crate) fn numbered(readings: &[StoredReading]) -> Vec<(u64, String)> {
    let mut found: Vec<_> = readings
        .iter()
        .map(|reading| match reading.measurement.identity {
            ReadingIdentity::Sequence { sequence, .. } => (u64::from(sequence), amount(reading).to_string()),
            other => panic!("expected a record number, got {other:?}"),
        })
        .collect();
    found.sort();
    found
}

async fn until_fetched(bedside: &Bedside, device: &str) {
    bedside.ward.act(device, Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn a_meters_whole_memory_lands_with_fluid_place_and_meal() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind(METER, &patient).await;
    until_fetched(&bedside, METER).await;
    let readings = stored(&bedside, Parameter::BloodGlucose).await;
    let sent = records(&bedside.ledger(), Parameter::BloodGlucose);
    assert!(sent.len() >= 55, "the meter has 57 records and two of control solution, got {}", sent.len());
    assert_eq!(numbered(&readings), sent.into_iter().collect::<Vec<_>>());
    let said = |reading: &StoredReading| reading.measurement.glucose.expect("a meter says what it measured");
    assert!(readings.iter().all(|r| said(r).sample == Some(GlucoseSample::CapillaryPlasma)));
    assert!(readings.iter().all(|r| said(r).site == Some(SampleSite::Finger)));
    let meals: BTreeSet<Option<Meal>> = readings.iter().map(|reading| said(reading).meal).collect();
    assert_eq!(meals, [None, Some(Meal::Before), Some(Meal::After), Some(Meal::Fasting)].into());
    let high = readings.iter().filter(|r| amount(r) == Number::Special(Special::PositiveInfinity)).count();
    assert_eq!(high, 1, "a result beyond the range is a state");
    let control = bedside.frames().await.into_iter().filter(|frame| frame.rejection.is_some()).count();
    assert_eq!(control, 2, "control solution is kept as bytes and enters no chart");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_meter_read_again_and_again_files_each_record_once() {
    let server = Server::with_moods(&[]);
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { clinic: Some(server.clone()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind(METER, &patient).await;
    for _ in 0..3 {
        until_fetched(&bedside, METER).await;
        bedside.pass(Duration::from_secs(30)).await;
    }
    let readings = stored(&bedside, Parameter::BloodGlucose).await;
    let sent = records(&bedside.ledger(), Parameter::BloodGlucose);
    assert_eq!(numbered(&readings), sent.into_iter().collect::<Vec<_>>());
    bedside.console.sync_until_quiet().await.unwrap();
    let mine = readings.iter().filter(|reading| reading.patient == Some(patient.id)).count();
    assert!(mine >= 3, "what was measured during the binding is the patient's");
    let filed: Vec<Value> = server.kinds("Observation");
    let glucose =
        |o: &&Value| o["code"]["coding"][0]["code"] == "160188" && o["code"]["coding"][1]["code"] == "41653-7";
    let filed: Vec<&Value> = filed.iter().filter(glucose).collect();
    assert_eq!(filed.len(), mine);
    assert!(filed.iter().all(|o| o["bodySite"]["coding"][0]["code"] == "8417848"));
    assert!(filed.iter().any(|o| o["component"][0]["code"]["coding"][0]["code"] == "8417864"), "the meal is filed");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_breaks_half_way_is_completed_without_a_double() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.ward.act(METER, Act::BreakOff(25)).unwrap();
    bedside.bind(METER, &patient).await;
    until_fetched(&bedside, METER).await;
    until_fetched(&bedside, METER).await;
    let ledger = bedside.ledger();
    let links: BTreeSet<u64> = ledger.iter().map(|entry| entry.connection).collect();
    assert!(links.len() >= 2, "the link broke");
    let sent = records(&ledger, Parameter::BloodGlucose);
    assert!(sent.len() >= 55);
    assert_eq!(numbered(&stored(&bedside, Parameter::BloodGlucose).await), sent.into_iter().collect::<Vec<_>>());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_meter_is_asked_again_until_it_answers() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.ward.act(METER, Act::Busy(Duration::from_secs(12))).unwrap();
    bedside.bind(METER, &patient).await;
    until_fetched(&bedside, METER).await;
    let sent = records(&bedside.ledger(), Parameter::BloodGlucose);
    assert!(sent.len() >= 55, "got {}", sent.len());
    assert_eq!(numbered(&stored(&bedside, Parameter::BloodGlucose).await), sent.into_iter().collect::<Vec<_>>());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn spot_checks_of_a_memory_without_numbers_are_fetched_again_and_stored_once() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("spot-oximeter-1", &patient).await;
    until_fetched(&bedside, "spot-oximeter-1").await;
    until_fetched(&bedside, "spot-oximeter-1").await;
    let sent = records(&bedside.ledger(), Parameter::OxygenSaturation);
    let readings = stored(&bedside, Parameter::OxygenSaturation).await;
    assert!(sent.len() >= 58);
    assert_eq!(readings.len(), sent.len());
    assert!(readings.iter().all(|reading| reading.measurement.quality.has(QualityFlag::FromStorage)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn observations_of_a_health_sensor_are_readings_where_bedside_knows_them_and_bytes_where_not() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("sensor-1", &patient).await;
    until_fetched(&bedside, "sensor-1").await;
    until_fetched(&bedside, "sensor-1").await;
    for parameter in [Parameter::BodyTemperature, Parameter::OxygenSaturation] {
        let sent = records(&bedside.ledger(), parameter);
        let mut found: Vec<String> =
            stored(&bedside, parameter).await.iter().map(|reading| amount(reading).to_string()).collect();
        let mut wanted: Vec<String> = sent.into_iter().map(|(_, number)| number).collect();
        found.sort();
        wanted.sort();
        assert!(wanted.len() >= 10);
        assert_eq!(found, wanted, "{parameter}");
    }
    let rejected = bedside.frames().await.into_iter().filter(|frame| frame.rejection.is_some()).count();
    assert_eq!(rejected, 0, "an observation of another kind is well formed");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_weighing_is_the_patients_once_the_slot_is_confirmed() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.ward.act("scale-1", Act::Measure).unwrap();
    bedside.bind("scale-1", &patient).await;
    bedside.pass(Duration::from_secs(20)).await;
    let weighings = stored(&bedside, Parameter::BodyWeight).await;
    assert_eq!(weighings.len(), 1);
    assert_eq!(weighings[0].patient, None, "nobody has said whose slot it is");
    let slot = weighings[0].measurement.user_slot.expect("the scale names its user");
    bedside.console.confirm_user_slot(weighings[0].device, slot).await.unwrap();
    let weighings = stored(&bedside, Parameter::BodyWeight).await;
    assert_eq!(weighings[0].patient, Some(patient.id));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn pulse_waves_of_both_kinds_of_sensor_are_stored_sample_by_sample_and_have_a_strip() {
    use bedside_console::{SampleValues, StripKind};
    let laptop = Laptop::new();
    let bedside = laptop.start_on(&Scenario::named("calm").unwrap(), Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    for (device, hertz) in [("pleth-1", 100), ("optical-1", 135)] {
        bedside.bind(device, &patient).await;
        bedside.pass(Duration::from_secs(40)).await;
        bedside.ward.set_out_of_reach(device, true).unwrap();
        bedside.pass(Duration::from_secs(2)).await;
        let serial = if device == "pleth-1" { "SIM-B-0001" } else { "SIM-O-0001" };
        let sent: Vec<String> = bedside
            .ledger()
            .iter()
            .filter(|entry| entry.device_serial == serial)
            .flat_map(|entry| entry.values.clone())
            .filter(|value| value.parameter == Parameter::Plethysmogram)
            .map(|value| value.number.to_string())
            .collect();
        let found: Vec<String> = bedside
            .samples()
            .await
            .into_iter()
            .filter(|samples| samples.parameter == Parameter::Plethysmogram)
            .filter_map(|samples| match samples.values {
                SampleValues::Even { hertz: pace, samples, .. } if pace == hertz => Some(samples),
                SampleValues::Even { .. } | SampleValues::Timed(_) => None,
            })
            .flatten()
            .map(|sample| sample.to_string())
            .collect();
        assert!(sent.len() > 3_000, "{device}: {}", sent.len());
        assert!(found == sent, "{device}: sent {}, stored {}", sent.len(), found.len());
    }
    let strips: Vec<StripKind> =
        bedside.latest().bedside.as_ref().unwrap().strips.iter().map(|strip| strip.kind).collect();
    assert!(strips.contains(&StripKind::Plethysmogram), "{strips:?}");
    bedside.close().await;
}
