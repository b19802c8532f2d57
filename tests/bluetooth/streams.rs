//! Devices that stream: heart rate with beat intervals, oximeter, ECG; and a burst that outruns everything.
//! Not here: links that break (`links`).
use crate::bedside::Bedside;
use crate::rig::scenario;
use crate::sent::{integers, octets, sent};
use bedside_vitals::{LinkState, Parameter};
use serde_json::json;

#[test]
fn a_strap_is_recorded_beat_for_beat() {
    scenario("heart rate with beat intervals", async |rig| {
        rig.order("HR-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("HR-1").await;
        bedside.until("20 values are stored", async || bedside.stream(Parameter::HeartRate).await.len() >= 20).await;

        rig.tell(json!({ "do": "mute", "device": "HR-1", "on": true }));
        let ledger = rig.ledger("HR-1");
        let rates = sent(&ledger, Parameter::HeartRate, "");
        let all = async || bedside.stream(Parameter::HeartRate).await.len() >= rates.len();
        bedside.until("everything that was sent is stored", all).await;
        assert_eq!(bedside.stream(Parameter::HeartRate).await, rates);
        // Beats are placed by the time of receipt, so that a late notification may move them past each other.
        let in_order = |mut intervals: Vec<i32>| {
            intervals.sort_unstable();
            intervals
        };
        let stored = bedside.integers(Parameter::BeatInterval).await;
        assert_eq!(in_order(stored), in_order(integers(&ledger, "rr_1024")));
        assert_eq!(bedside.octets("2A37").await, octets(&ledger, "2A37"));

        let device = bedside.devices().remove(0);
        assert_eq!((device.link, device.battery_percent, device.rejected), (LinkState::Linked, Some(87), 0));
        bedside.close().await;
    });
}

#[test]
fn none_of_200_notifications_back_to_back_is_lost() {
    scenario("burst of 200 notifications", async |rig| {
        rig.tell(json!({ "do": "mute", "device": "HR-1", "on": true }));
        rig.order("HR-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("HR-1").await;
        bedside.until("the strap is linked", async || bedside.link("HR-1") == Some(LinkState::Linked)).await;

        rig.tell(json!({ "do": "burst", "device": "HR-1", "count": 200 }));
        let sent = octets(&rig.ledger("HR-1"), "2A37");
        assert_eq!(sent.len(), 200);
        bedside.until("200 values are stored", async || bedside.octets("2A37").await.len() >= 200).await;
        assert_eq!(bedside.octets("2A37").await, sent);
        assert_eq!(bedside.stream(Parameter::HeartRate).await.len(), 200);
        bedside.close().await;
    });
}

#[test]
fn an_oximeter_is_recorded_number_for_number() {
    scenario("pulse oximeter, continuous", async |rig| {
        rig.order("OX-1", "appear");
        let bedside = Bedside::new().await;
        bedside.bind("OX-1").await;
        let enough = async || bedside.stream(Parameter::OxygenSaturation).await.len() >= 10;
        bedside.until("10 values are stored", enough).await;
        rig.order("OX-1", "vanish");
        bedside.until("the oximeter is gone", async || bedside.link("OX-1") != Some(LinkState::Linked)).await;

        let mut ledger = rig.ledger("OX-1");
        ledger.retain(|entry| entry["characteristic"] == "2A5F");
        for parameter in [Parameter::OxygenSaturation, Parameter::OximeterPulseRate, Parameter::PulseAmplitudeIndex] {
            let (stored, sent) = (bedside.stream(parameter).await, sent(&ledger, parameter, ""));
            // The last one may have gone with the link.
            assert!(sent.starts_with(&stored) && sent.len() - stored.len() <= 1, "{stored:?} of {sent:?}");
        }
        bedside.close().await;
    });
}

#[test]
fn an_ecg_stream_is_recorded_sample_for_sample_and_starts_again_after_a_drop() {
    scenario("ECG stream, dropped and started again", async |rig| {
        const STRAP: &str = "Polar H10 0A1B2C3D";
        rig.order(STRAP, "appear");
        let bedside = Bedside::new().await;
        bedside.bind(STRAP).await;
        let samples = async || bedside.integers(Parameter::Electrocardiogram).await.len();
        bedside.until("three frames are stored", async || samples().await >= 3 * 73).await;
        let before = rig.status(STRAP, "connections").as_u64();
        rig.order(STRAP, "lose_link");
        bedside
            .until("the strap was connected again", async || rig.status(STRAP, "connections").as_u64() > before)
            .await;
        let before = samples().await;
        bedside.until("three more frames are stored", async || samples().await >= before + 3 * 73).await;
        rig.order(STRAP, "vanish");
        bedside.until("the strap is gone", async || bedside.link(STRAP) != Some(LinkState::Linked)).await;

        let sent: Vec<String> = integers(&rig.ledger(STRAP), "ecg_uv").iter().map(ToString::to_string).collect();
        let stored: Vec<String> =
            bedside.integers(Parameter::Electrocardiogram).await.iter().map(ToString::to_string).collect();
        // A frame may have gone with each of the two links that ended.
        assert!(crate::sent::is_in_order_within(&stored, &sent), "samples that nobody sent, or out of order");
        assert!(sent.len() - stored.len() <= 2 * 73, "{} of {} samples", stored.len(), sent.len());
        bedside.close().await;
    });
}
