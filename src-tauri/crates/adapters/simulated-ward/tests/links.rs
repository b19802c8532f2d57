//! The ward as a radio: scanning, links, reach, faults, and that nothing comes from a device without a link.
//! What the values say is in `streams.rs` and `spots.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]
mod common;

use bedside_console::ports::{AdapterState, Radio, RadioEvent};
use bedside_gatt::uuids;
use bedside_session::RadioFault;
use bedside_simulated_ward::{Act, Scenario, Step};
use common::{Bench, OXIMETRY, POLAR_DATA, RATE, advertised, at, ended, id, seconds, values};
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn nothing_is_heard_unless_the_radio_scans() {
    let mut bench = Bench::new("calm");
    assert_eq!(bench.ward.adapter_state().await, Ok(AdapterState::On));
    assert_eq!(bench.listen(seconds(30)).await, []);
    bench.ward.scan(true).await.unwrap();
    let heard = bench.listen(seconds(10)).await;
    assert!((8..=13).contains(&advertised(&heard, "strap-1")));
    bench.ward.scan(false).await.unwrap();
    assert_eq!(bench.listen(seconds(30)).await, []);
}

#[tokio::test(start_paused = true)]
async fn an_advertisement_carries_name_services_signal_and_that_it_is_simulated() {
    let mut bench = Bench::new("calm");
    bench.ward.scan(true).await.unwrap();
    let wanted = id("ecg-1");
    let event = bench.until(|event| matches!(event, RadioEvent::Advertised(heard) if heard.peripheral == wanted)).await;
    let RadioEvent::Advertised(heard) = event else { panic!("no advertisement") };
    assert_eq!((heard.name.as_deref(), heard.simulated), (Some("ECG sensor E1"), true));
    assert_eq!(heard.services, [uuids::POLAR_MEASUREMENT_DATA_SERVICE, uuids::HEART_RATE_SERVICE]);
    assert!((-57..=-51).contains(&heard.signal_dbm.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_linked_device_does_not_advertise() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[]).await;
    assert_eq!(advertised(&bench.listen(seconds(20)).await, "strap-1"), 0);
    bench.ward.disconnect(&id("strap-1")).await.unwrap();
    let events = bench.listen(seconds(5)).await;
    assert_eq!(ended(&events, "strap-1"), 1);
    assert!(advertised(&events, "strap-1") > 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_takes_a_moment_and_a_device_that_sleeps_cannot_be_linked() {
    let mut bench = Bench::new("calm");
    bench.heard("strap-1").await;
    let before = Instant::now();
    bench.ward.connect(&id("strap-1")).await.unwrap();
    assert!((80..=261).contains(&before.elapsed().as_millis()));
    assert_eq!(bench.ward.connect(&id("cuff-1")).await, Err(RadioFault::OutOfReach));
    assert_eq!(bench.ward.connect(&id("nobody")).await, Err(RadioFault::OutOfReach));
}

#[tokio::test(start_paused = true)]
async fn without_a_link_every_call_is_out_of_reach_and_ending_none_is_no_fault() {
    let bench = Bench::new("calm");
    let (ward, strap) = (&bench.ward, id("strap-1"));
    assert_eq!(ward.discover(&strap).await, Err(RadioFault::OutOfReach));
    assert_eq!(ward.read(&strap, RATE).await, Err(RadioFault::OutOfReach));
    assert_eq!(ward.write(&strap, RATE, &[1]).await, Err(RadioFault::OutOfReach));
    assert_eq!(ward.subscribe(&strap, RATE).await, Err(RadioFault::OutOfReach));
    assert_eq!(ward.disconnect(&strap).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_service_table_is_what_the_characteristics_do() {
    let mut bench = Bench::new("calm");
    for device in ["strap-1", "ecg-1", "oximeter-1", "cuff-1", "cuff-2", "thermometer-1", "thermometer-2"] {
        bench.link(device, &[]).await;
        for service in bench.ward.discover(&id(device)).await.unwrap() {
            for found in &service.characteristics {
                let address = at(service.uuid, found.uuid);
                let (read, sends) = (found.properties.read, found.properties.notify || found.properties.indicate);
                assert_eq!(bench.ward.read(&id(device), address).await.is_ok(), read, "{device} {}", found.uuid);
                assert_eq!(bench.ward.subscribe(&id(device), address).await.is_ok(), sends, "{device} {}", found.uuid);
                assert!(read || sends, "{device} {} does nothing", found.uuid);
            }
        }
        bench.ward.disconnect(&id(device)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_characteristic_is_refused() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[]).await;
    let refused = |result: Result<(), RadioFault>| assert!(matches!(result, Err(RadioFault::Refused(_))), "{result:?}");
    refused(bench.ward.subscribe(&id("strap-1"), OXIMETRY).await);
    refused(bench.ward.read(&id("strap-1"), OXIMETRY).await.map(drop));
    refused(bench.ward.write(&id("strap-1"), RATE, &[1]).await);
}

#[tokio::test(start_paused = true)]
async fn values_come_only_after_the_subscription() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[]).await;
    assert_eq!(values(&bench.listen(seconds(10)).await, RATE).len(), 0);
    bench.ward.subscribe(&id("strap-1"), RATE).await.unwrap();
    assert_eq!(values(&bench.listen(seconds(10)).await, RATE).len(), 10);
    assert!(bench.ledger().len() == 10);
}

#[tokio::test(start_paused = true)]
async fn a_link_drops_at_the_set_time_and_the_device_returns() {
    let mut bench = Bench::new("drops");
    bench.link("strap-1", &[RATE]).await;
    bench.until(|event| *event == RadioEvent::LinkEnded(id("strap-1"))).await;
    assert_eq!(bench.began.elapsed().as_secs(), 20);
    let away = bench.listen(Duration::from_millis(4_900)).await;
    assert_eq!((advertised(&away, "strap-1"), values(&away, RATE).len()), (0, 0));
    bench.link("strap-1", &[RATE]).await;
    assert!(bench.began.elapsed() < seconds(28));
    assert!(!values(&bench.listen(seconds(3)).await, RATE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn out_of_reach_values_stop_at_once_and_the_link_is_lost_later() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[RATE]).await;
    bench.control().set_out_of_reach("strap-1", true).unwrap();
    let first = bench.listen(Duration::from_millis(4_900)).await;
    assert_eq!((values(&first, RATE).len(), ended(&first, "strap-1")), (0, 0));
    assert_eq!(ended(&bench.listen(Duration::from_millis(200)).await, "strap-1"), 1);
    assert_eq!(advertised(&bench.listen(seconds(30)).await, "strap-1"), 0);
    bench.control().set_out_of_reach("strap-1", false).unwrap();
    assert!(advertised(&bench.listen(seconds(5)).await, "strap-1") > 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_walk_out_of_reach_keeps_the_link() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[RATE]).await;
    bench.control().set_out_of_reach("strap-1", true).unwrap();
    bench.listen(seconds(3)).await;
    bench.control().set_out_of_reach("strap-1", false).unwrap();
    let events = bench.listen(seconds(10)).await;
    assert_eq!((ended(&events, "strap-1"), values(&events, RATE).len()), (0, 10));
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_fades_ends_the_link_and_comes_back() {
    let mut bench = Bench::new("distance");
    bench.link("oximeter-1", &[OXIMETRY]).await;
    bench.until(|event| *event == RadioEvent::LinkEnded(id("oximeter-1"))).await;
    assert_eq!(bench.began.elapsed().as_secs(), 50, "five seconds after the signal was gone");
    bench.heard("oximeter-1").await;
    assert!((75..78).contains(&bench.began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_sensor_keeps_its_link_and_speaks_again() {
    let mut bench = Bench::new("silent");
    bench.link("strap-1", &[RATE]).await;
    bench.listen(seconds(30) - bench.began.elapsed()).await;
    let silent = bench.listen(seconds(45)).await;
    assert_eq!((values(&silent, RATE).len(), ended(&silent, "strap-1")), (0, 0));
    assert!(bench.ward.discover(&id("strap-1")).await.is_ok());
    assert!(values(&bench.listen(seconds(5)).await, RATE).len() >= 4);
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_goes_off_ends_every_link_and_says_so() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[RATE]).await;
    bench.link("oximeter-1", &[OXIMETRY]).await;
    bench.control().set_adapter(AdapterState::Off);
    let events = bench.listen(seconds(5)).await;
    assert_eq!((ended(&events, "strap-1"), ended(&events, "oximeter-1")), (1, 1));
    assert!(events.contains(&RadioEvent::Adapter(AdapterState::Off)));
    assert_eq!(bench.ward.scan(true).await, Err(RadioFault::AdapterOff));
    assert_eq!(bench.ward.connect(&id("strap-1")).await, Err(RadioFault::AdapterOff));
    bench.control().set_adapter(AdapterState::On);
    assert_eq!(bench.listen(seconds(5)).await, [RadioEvent::Adapter(AdapterState::On)], "the scan is not resumed");
    bench.link("strap-1", &[RATE]).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_may_concern_the_adapter_or_every_device_and_come_again() {
    let step = |at_s, every, act| Step { at: seconds(at_s), every, device: None, act };
    let mut scenario = Scenario::named("calm").unwrap();
    let dropping = step(10, Some(seconds(10)), Act::Drop(seconds(1)));
    scenario.steps = vec![dropping, step(35, None, Act::AdapterOff), step(37, None, Act::AdapterOn)];
    let mut bench = Bench::of(&scenario);
    for expected_s in [10, 20, 30, 35] {
        bench.link("strap-1", &[RATE]).await;
        bench.until(|event| *event == RadioEvent::LinkEnded(id("strap-1"))).await;
        assert_eq!(bench.began.elapsed().as_secs(), expected_s);
    }
    bench.until(|event| *event == RadioEvent::Adapter(AdapterState::On)).await;
    assert_eq!(bench.began.elapsed().as_secs(), 37);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_link_ends_meanwhile_is_out_of_reach() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[]).await;
    let strap = id("strap-1");
    let (answer, dropped) = tokio::join!(bench.ward.discover(&strap), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        bench.control().drop_link("strap-1")
    });
    assert_eq!((answer, dropped), (Err(RadioFault::OutOfReach), Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_pass_from_a_lost_link_to_the_next_one() {
    let mut bench = Bench::new("calm");
    bench.link("strap-1", &[]).await;
    let strap = id("strap-1");
    let (answer, ()) = tokio::join!(bench.ward.discover(&strap), async {
        bench.ward.disconnect(&strap).await.unwrap();
        bench.ward.connect(&strap).await.unwrap();
    });
    assert_eq!(answer, Err(RadioFault::OutOfReach));
}

#[tokio::test(start_paused = true)]
async fn the_events_can_be_taken_once_and_unknown_devices_are_named() {
    let bench = Bench::new("calm");
    assert!(bench.ward.take_events().is_none());
    let error = bench.control().silence("cuff-9").unwrap_err();
    assert_eq!(error.to_string(), "expected a device of the ward such as cuff-1, got \"cuff-9\"");
}

/// What may be done to the ward in the property below.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Connect,
    Disconnect,
    Act(Act),
    Adapter(AdapterState),
    Wait(u64),
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let deed = prop_oneof![
        4 => Just(Deed::Connect),
        1 => Just(Deed::Disconnect),
        2 => (0u64..4_000).prop_map(|ms| Deed::Act(Act::Drop(Duration::from_millis(ms)))),
        1 => Just(Deed::Act(Act::LeaveReach)),
        2 => Just(Deed::Act(Act::EnterReach)),
        1 => Just(Deed::Act(Act::Measure)),
        1 => Just(Deed::Adapter(AdapterState::Off)),
        2 => Just(Deed::Adapter(AdapterState::On)),
        6 => (0u64..9_000).prop_map(Deed::Wait),
    ];
    proptest::collection::vec((0usize..4, deed), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_value_comes_from_a_device_without_a_link(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let devices = ["strap-1", "oximeter-1", "ecg-1", "cuff-2"];
            let subscriptions = [RATE, OXIMETRY, RATE, common::CUFF_PRESSURE];
            let mut bench = Bench::of(&Scenario::named("calm").unwrap());
            let mut linked = [false; 4];
            for (which, deed) in deeds {
                let device = devices[which];
                let mut connected = false;
                match deed {
                    Deed::Connect => {
                        connected = bench.ward.connect(&id(device)).await.is_ok()
                            && bench.ward.subscribe(&id(device), subscriptions[which]).await.is_ok();
                    }
                    Deed::Disconnect => bench.ward.disconnect(&id(device)).await.unwrap(),
                    Deed::Act(act) => bench.control().act(device, act).unwrap(),
                    Deed::Adapter(state) => bench.control().set_adapter(state),
                    Deed::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                }
                // The link was made within the call, so its values may come before the call's end.
                linked[which] |= connected;
                for event in bench.listen(Duration::ZERO).await {
                    match event {
                        RadioEvent::LinkEnded(gone) => {
                            let gone = devices.iter().position(|device| id(device) == gone).unwrap();
                            linked[gone] = false;
                        }
                        RadioEvent::Value { peripheral, .. } => {
                            let from = devices.iter().position(|device| id(device) == peripheral).unwrap();
                            prop_assert!(linked[from], "{} spoke without a link", peripheral);
                        }
                        RadioEvent::Advertised(_)
                        | RadioEvent::Adapter(_)
                        | RadioEvent::PairingPrompt(_)
                        | RadioEvent::PairingPromptOver(_) => {}
                    }
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn an_ecg_is_silent_where_only_the_heart_rate_was_asked_for() {
    let mut bench = Bench::new("calm");
    bench.link("ecg-1", &[RATE]).await;
    let events = bench.listen(seconds(10)).await;
    assert_eq!((values(&events, RATE).len(), values(&events, POLAR_DATA).len()), (10, 0));
}
