//! Links that break and adapters that are switched off: what was recorded stays, and recording goes on by itself.
//! Not here: what devices remember meanwhile (`memories`).
use crate::bedside::Bedside;
use crate::rig::{Rig, System, scenario};
use crate::sent::{is_in_order_within, sent};
use bedside_console::RequestError;
use bedside_console::ports::AdapterState;
use bedside_session::RadioFault;
use bedside_vitals::{LinkState, Parameter};
use serde_json::json;

async fn strap_that_streams(rig: &Rig) -> Bedside {
    rig.order("HR-1", "appear");
    let bedside = Bedside::new().await;
    bedside.bind("HR-1").await;
    more(&bedside, 5).await;
    bedside
}

/// Until so many more values are stored.
async fn more(bedside: &Bedside, count: usize) {
    let wanted = bedside.stream(Parameter::HeartRate).await.len() + count;
    let enough = async || bedside.stream(Parameter::HeartRate).await.len() >= wanted;
    bedside.until(&format!("{wanted} values are stored"), enough).await;
}

/// Everything is there in order and once, but for what went with a lost link.
async fn holds_what_was_sent(bedside: &Bedside, rig: &Rig, lost_links: usize) {
    rig.tell(json!({ "do": "mute", "device": "HR-1", "on": true }));
    let sent = sent(&rig.ledger("HR-1"), Parameter::HeartRate, "");
    let last = sent.last().cloned();
    let arrived = async || bedside.stream(Parameter::HeartRate).await.last() == last.as_ref();
    bedside.until("the last value is stored", arrived).await;
    let stored = bedside.stream(Parameter::HeartRate).await;
    assert!(is_in_order_within(&stored, &sent), "stored {stored:?}, sent {sent:?}");
    // Four a second: what is on the air when a link breaks is one or two.
    assert!(sent.len() - stored.len() <= 3 * lost_links, "stored {stored:?}, sent {sent:?}");
}

#[test]
fn a_strap_that_goes_out_of_range_is_recorded_again_when_it_returns() {
    scenario("link loss and return", async |rig| {
        let bedside = strap_that_streams(&rig).await;
        rig.order("HR-1", "vanish");
        bedside.until("the screen says so", async || bedside.link("HR-1") != Some(LinkState::Linked)).await;
        rig.order("HR-1", "appear");
        bedside.until("it is linked again", async || bedside.link("HR-1") == Some(LinkState::Linked)).await;
        more(&bedside, 5).await;
        holds_what_was_sent(&bedside, &rig, 1).await;
        assert_eq!(rig.status("HR-1", "connections").as_u64().map(|count| count >= 2), Some(true));
        bedside.close().await;
    });
}

#[test]
fn a_lost_link_that_could_be_had_again_at_once_is_had_again() {
    scenario("link lost twice in reach", async |rig| {
        let bedside = strap_that_streams(&rig).await;
        for _ in 0..2 {
            let before = rig.status("HR-1", "connections").as_u64();
            rig.order("HR-1", "lose_link");
            let again = async || rig.status("HR-1", "connections").as_u64() > before;
            bedside.until("it is connected again", again).await;
            more(&bedside, 5).await;
        }
        holds_what_was_sent(&bedside, &rig, 2).await;
        bedside.close().await;
    });
}

#[test]
fn an_adapter_that_a_person_switches_off_stays_off_and_recording_goes_on_when_it_is_on_again() {
    scenario("adapter off and on", async |rig| {
        let bedside = strap_that_streams(&rig).await;
        let system = System::connect().await;
        let adapter = || bedside.screen.latest().map(|snapshot| snapshot.adapter);
        system.set_powered(false).await;
        bedside.until("the screen says that it is off", async || adapter() == Some(AdapterState::Off)).await;
        // A search that a person asks for now is refused and must not switch it on.
        let refused = bedside.console.search(30).await;
        assert_eq!(refused, Err(RequestError::Radio(RadioFault::AdapterOff)));
        // Nor must a try to have the strap again, which fails for the same reason.
        let tried = async || {
            assert!(!system.is_powered().await, "the console switched Bluetooth on");
            bedside.devices().first().is_some_and(|strap| strap.fault == Some("ADAPTER-OFF"))
        };
        bedside.until("the strap was tried again in vain", tried).await;
        assert!(!system.is_powered().await, "the console switched Bluetooth on");
        assert_eq!(adapter(), Some(AdapterState::Off));

        system.set_powered(true).await;
        bedside.until("it is linked again", async || bedside.link("HR-1") == Some(LinkState::Linked)).await;
        more(&bedside, 5).await;
        holds_what_was_sent(&bedside, &rig, 1).await;
        bedside.close().await;
    });
}
