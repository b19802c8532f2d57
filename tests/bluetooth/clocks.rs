//! Devices whose clocks are wrong: the raw time is kept, the corrected one is right, and both are told apart.
//! Not here: setting clocks.
use crate::bedside::Bedside;
use crate::rig::{Rig, scenario};
use bedside_session::ClockOutcome;
use bedside_vitals::{Parameter, TimeMethod};
use serde_json::json;

/// A reading's age at delivery and the seconds of the wire's resolution, on a slow machine.
const TOLERANCE_MS: i64 = 120_000;

/// One temperature by a thermometer whose clock is wrong and cannot be set.
async fn measured_by_a_wrong_clock(rig: &Rig, offset_s: i64) {
    rig.tell(json!({ "do": "clock", "device": "TH-1", "offset_s": offset_s, "can_be_set": false }));
    let told = rig.tell(json!({ "do": "measure", "device": "TH-1", "temperature": "38.4" }));
    let bedside = Bedside::new().await;
    bedside.bind("TH-1").await;
    let stored = async || bedside.spots(Parameter::BodyTemperature).await;
    bedside.until("the reading is stored", async || stored().await.len() == 1).await;

    let reading = stored().await.remove(0);
    let time = reading.measurement.time;
    assert_eq!(time.device.map(|raw| raw.to_string()).as_deref(), told["device_time"].as_str(), "the raw time is kept");
    assert_eq!(time.method, TimeMethod::DeviceClockCorrected);
    let from_receipt = time.at.millis_since(time.received);
    assert!(from_receipt.abs() < TOLERANCE_MS, "corrected {} received {}", time.at, time.received);
    let shown = bedside.devices()[0].clock_offset_ms.expect("the screen knows the clock's offset");
    assert!((shown - 1_000 * offset_s).abs() < TOLERANCE_MS, "{shown} ms shown, {offset_s} s set");
    assert_eq!(rig.status("TH-1", "clock_offset_s").as_f64(), Some(offset_s as f64), "it could not be set");
    bedside.close().await;
}

#[test]
fn a_clock_that_is_26_minutes_slow_is_corrected() {
    scenario("clock 26 minutes slow", async |rig| measured_by_a_wrong_clock(&rig, -26 * 60).await);
}

#[test]
fn a_clock_that_is_a_year_slow_is_corrected() {
    scenario("clock a year slow", async |rig| measured_by_a_wrong_clock(&rig, -365 * 86_400).await);
}

#[test]
fn a_clock_that_is_26_minutes_fast_is_corrected() {
    scenario("clock 26 minutes fast", async |rig| measured_by_a_wrong_clock(&rig, 26 * 60).await);
}

#[test]
fn a_clock_that_can_be_set_is_set_after_the_readings_and_read_back() {
    scenario("clock set", async |rig| {
        rig.tell(json!({ "do": "clock", "device": "GL-1", "offset_s": -26 * 60 }));
        rig.order("GL-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("GL-1").await;
        let outcome = || bedside.devices().first().and_then(|device| device.procedures.clock.clone());
        bedside.until("the screen says what came of it", async || outcome().is_some()).await;
        assert_eq!(outcome(), Some(ClockOutcome::Set));
        let offset = rig.status("GL-1", "clock_offset_s").as_f64().expect("seconds");
        assert!(offset.abs() * 1_000.0 < TOLERANCE_MS as f64, "the meter's clock is off by {offset} s");
        let ledger = rig.ledger("GL-1");
        let set = ledger.iter().position(|entry| entry.get("clock_set").is_some()).expect("the clock was written");
        let last = ledger.iter().rposition(|entry| entry["characteristic"] == "2A18").expect("records were sent");
        assert!(set > last, "the clock was written at {set}, the last record sent at {last}");
        bedside.close().await;
    });
}
