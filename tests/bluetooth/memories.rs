//! Memories that are asked for over the record access control point: glucose meter, oximeter, health sensor.
//! Not here: readings that devices deliver by themselves (`spot_checks`).
use crate::bedside::Bedside;
use crate::rig::{Rig, scenario};
use crate::sent::{numbers, sent};
use bedside_console::{RecordsFetched, StoredReading};
use bedside_vitals::{LinkState, Meal, Parameter, ReadingIdentity};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STORED: usize = 200;

fn fetched(bedside: &Bedside, device: &str) -> Option<RecordsFetched> {
    let device = bedside.devices().into_iter().find(|bound| bound.name == device)?;
    device.procedures.records.filter(|records| !records.under_way)
}

async fn complete(bedside: &Bedside, device: &str) -> RecordsFetched {
    let is_complete = || fetched(bedside, device).filter(|records| records.shortfall.is_none());
    bedside.until("the memory is fetched completely", async || is_complete().is_some()).await;
    is_complete().unwrap()
}

fn sequence(reading: &StoredReading) -> u32 {
    match reading.measurement.identity {
        ReadingIdentity::Sequence { sequence, .. } => sequence,
        ref other => panic!("expected a sequence number, got {other}"),
    }
}

/// The meter's records by sequence number, from its own ledger.
fn records(ledger: &[Value]) -> BTreeMap<u64, &Value> {
    let measured = ledger.iter().filter(|entry| entry["characteristic"] == "2A18");
    measured.map(|entry| (entry["sequence"].as_u64().expect("a number"), entry)).collect()
}

/// Every record of the meter is stored once, with its number, its time and its meal.
async fn holds_the_whole_memory(bedside: &Bedside, rig: &Rig) {
    let ledger = rig.ledger("GL-1");
    let records = records(&ledger);
    let mut stored = bedside.spots(Parameter::BloodGlucose).await;
    stored.sort_by_key(sequence);
    assert_eq!((stored.len(), records.len()), (STORED, STORED));
    for (reading, (number, record)) in stored.iter().zip(records) {
        assert_eq!(u64::from(sequence(reading)), number);
        let value = sent(std::slice::from_ref(record), Parameter::BloodGlucose, "");
        assert_eq!(numbers(std::slice::from_ref(reading), ""), value, "record {number}");
        let raw = reading.measurement.time.device.map(|time| time.to_string());
        assert_eq!(raw.as_deref(), record["device_time"].as_str(), "record {number}");
        let meal = reading.measurement.glucose.and_then(|details| details.meal);
        let has_context = (number - 101).is_multiple_of(3);
        assert_eq!(meal, has_context.then_some(Meal::Before), "record {number}");
    }
}

#[test]
fn a_meter_with_200_records_is_read_completely_and_twice_read_lands_once() {
    scenario("glucose memory of 200, read twice", async |rig| {
        rig.order("GL-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("GL-1").await;
        let records = complete(&bedside, "GL-1").await;
        assert_eq!((records.received, records.expected), (200, Some(200)));
        holds_the_whole_memory(&bedside, &rig).await;

        // Another day: the console starts anew on the same vault, and the meter is in reach.
        rig.order("GL-1", "vanish");
        let bedside = Bedside::on(bedside.close().await).await;
        bedside.console.acknowledge_interruption(true).await.unwrap();
        rig.order("GL-1", "appear");
        bedside.bind("GL-1").await;
        complete(&bedside, "GL-1").await;
        holds_the_whole_memory(&bedside, &rig).await;
        bedside.close().await;
    });
}

#[test]
fn a_download_that_is_interrupted_half_way_goes_on_without_a_double() {
    scenario("download interrupted half way", async |rig| {
        rig.tell(json!({ "do": "interrupt", "device": "GL-1", "after": 90 }));
        rig.order("GL-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("GL-1").await;
        complete(&bedside, "GL-1").await;
        holds_the_whole_memory(&bedside, &rig).await;

        let ledger = rig.ledger("GL-1");
        let first = ledger[0]["connection"].as_u64();
        let again =
            ledger.iter().filter(|entry| entry["characteristic"] == "2A18" && entry["connection"].as_u64() > first);
        // What was stored is not sent again, but for a few that were on the air when the link went.
        assert!((110..=130).contains(&again.count()), "the download began anew instead of going on");
        bedside.close().await;
    });
}

#[test]
fn a_busy_meter_is_asked_again() {
    scenario("busy meter", async |rig| {
        rig.tell(json!({ "do": "busy", "device": "GL-1", "times": 2 }));
        rig.order("GL-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("GL-1").await;
        complete(&bedside, "GL-1").await;
        holds_the_whole_memory(&bedside, &rig).await;
        bedside.close().await;
    });
}

#[test]
fn spot_checks_in_an_oximeters_memory_are_stored_beside_its_stream() {
    scenario("oximeter's stored spot checks", async |rig| {
        rig.order("OX-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("OX-1").await;
        let records = complete(&bedside, "OX-1").await;
        assert_eq!((records.received, records.expected), (12, Some(12)));
        let ledger = rig.ledger("OX-1");
        let spots: Vec<Value> = ledger.into_iter().filter(|entry| entry["characteristic"] == "2A5E").collect();
        for parameter in [Parameter::OxygenSaturation, Parameter::OximeterPulseRate] {
            assert_eq!(numbers(&bedside.spots(parameter).await, ""), sent(&spots, parameter, ""));
        }
        assert_eq!(bedside.spots(Parameter::OxygenSaturation).await.len(), 12);
        bedside.close().await;
    });
}

#[test]
fn a_health_sensor_is_recorded_live_and_from_its_memory() {
    scenario("generic health sensor", async |rig| {
        rig.order("GHS-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("GHS-1").await;
        complete(&bedside, "GHS-1").await;
        let stored = async || bedside.spots(Parameter::BodyTemperature).await.len();
        bedside.until("the five stored temperatures and a live one are there", async || stored().await >= 6).await;
        rig.order("GHS-1", "vanish");
        bedside.until("the sensor is gone", async || bedside.link("GHS-1") != Some(LinkState::Linked)).await;

        let ledger = rig.ledger("GHS-1");
        let mut sent = sent(&ledger, Parameter::BodyTemperature, "");
        let mut stored = numbers(&bedside.spots(Parameter::BodyTemperature).await, "");
        sent.sort_unstable();
        stored.sort_unstable();
        assert!(crate::sent::is_in_order_within(&stored, &sent), "stored {stored:?}, sent {sent:?}");
        // The last one may have gone with the link.
        assert!(sent.len() - stored.len() <= 1, "stored {stored:?}, sent {sent:?}");
        let (stored, sent) = (
            bedside.stream(Parameter::OxygenSaturation).await,
            crate::sent::sent(&ledger, Parameter::OxygenSaturation, ""),
        );
        assert!(sent.starts_with(&stored) && sent.len() - stored.len() <= 1, "{stored:?} of {sent:?}");
        bedside.close().await;
    });
}
