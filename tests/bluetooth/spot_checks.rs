//! Devices that show themselves only after a measurement: cuff, thermometer, scale.
//! Not here: wrong clocks (`clocks`) and memories that are asked for (`memories`).
use crate::bedside::Bedside;
use crate::rig::{Rig, scenario};
use crate::sent::{numbers, sent};
use bedside_vitals::{LinkState, Parameter};
use serde_json::{Value, json};

fn measure_pressure(rig: &Rig, systolic: u32, diastolic: u32) -> Value {
    let mean = (systolic + 2 * diastolic) / 3;
    let words = json!({ "systolic": systolic, "diastolic": diastolic, "mean": mean, "pulse": 70, "appear": false });
    give(rig, "BP-1", words)
}

fn give(rig: &Rig, device: &str, mut words: Value) -> Value {
    words["do"] = json!("measure");
    words["device"] = json!(device);
    rig.tell(words)
}

#[test]
fn a_cuff_appears_after_measuring_delivers_hangs_up_and_comes_back_by_itself() {
    scenario("blood-pressure cuff", async |rig| {
        measure_pressure(&rig, 128, 82);
        // Two equal readings are two.
        measure_pressure(&rig, 128, 82);
        measure_pressure(&rig, 131, 84);
        rig.order("BP-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("BP-1").await;
        let stored = async || bedside.spots(Parameter::BloodPressure).await;
        bedside.until("three readings are stored", async || stored().await.len() >= 3).await;
        // The cuff hangs up; that is its way, and no fault.
        bedside.until("the link has ended", async || bedside.link("BP-1") == Some(LinkState::Ended)).await;
        assert_eq!(bedside.devices()[0].fault, None);

        measure_pressure(&rig, 119, 77);
        rig.order("BP-1", "appear");
        bedside.until("the fourth reading is stored", async || stored().await.len() >= 4).await;
        bedside.until("the cuff has hung up", async || rig.status("BP-1", "connected") == false).await;

        let (ledger, readings) = (rig.ledger("BP-1"), stored().await);
        for part in ["systolic", "diastolic", "mean"] {
            assert_eq!(numbers(&readings, part), sent(&ledger, Parameter::BloodPressure, part), "{part}");
        }
        let pulses = bedside.spots(Parameter::CuffPulseRate).await;
        assert_eq!(numbers(&pulses, ""), sent(&ledger, Parameter::CuffPulseRate, ""));
        assert!(ledger.iter().all(|entry| entry["confirmed"] != false), "every indication was confirmed");
        bedside.close().await;
    });
}

#[test]
fn a_reading_that_is_delivered_again_after_a_lost_link_is_stored_once() {
    scenario("second delivery of a reading", async |rig| {
        give(&rig, "TH-1", json!({ "temperature": "36.8" }));
        let bedside = Bedside::new().await;
        bedside.bind("TH-1").await;
        let stored = async || bedside.spots(Parameter::BodyTemperature).await;
        bedside.until("the reading is stored", async || stored().await.len() == 1).await;
        bedside.until("the thermometer has hung up", async || rig.status("TH-1", "connected") == false).await;

        // It never learnt that the reading had arrived, and has another one by now.
        rig.order("TH-1", "keep_again");
        give(&rig, "TH-1", json!({ "temperature": "37.9" }));
        bedside.until("the new reading is stored", async || stored().await.len() >= 2).await;
        bedside.until("the thermometer has hung up", async || rig.status("TH-1", "connected") == false).await;
        assert_eq!(sent(&rig.ledger("TH-1"), Parameter::BodyTemperature, ""), ["36.800", "36.800", "37.900"]);
        assert_eq!(numbers(&stored().await, ""), ["36.800", "37.900"]);
        bedside.close().await;
    });
}

#[test]
fn a_scales_user_slot_is_asked_for_before_a_weight_is_charted() {
    scenario("weight scale with a user slot", async |rig| {
        give(&rig, "WS-1", json!({ "weight": "72.450", "user": 2 }));
        let bedside = Bedside::new().await;
        bedside.bind("WS-1").await;
        let stored = async || bedside.spots(Parameter::BodyWeight).await;
        bedside.until("the weight is stored", async || stored().await.len() == 1).await;
        assert_eq!(stored().await[0].patient, None, "nobody has said whose slot it is");
        let slot = || bedside.devices().first().and_then(|device| device.procedures.user_slot_asked);
        bedside.until("the slot is asked for", async || slot() == Some(2)).await;
        bedside.console.confirm_user_slot(bedside.devices()[0].device, 2).await.unwrap();
        let charted = async || stored().await[0].patient == Some(bedside.patient.id);
        bedside.until("the weight is the patient's", charted).await;
        assert_eq!(numbers(&stored().await, ""), sent(&rig.ledger("WS-1"), Parameter::BodyWeight, ""));
        bedside.close().await;
    });
}
