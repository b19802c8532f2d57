//! The radio's Linux side, btleplug and libdbus included, against an emulated BlueZ on a private bus for each test.
//! Not here: the real BlueZ and the kernel, and anything of this computer's own Bluetooth.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]
#![allow(dead_code, reason = "the emulator serves more than one test program")]
mod emulator;

use bedside_console::ports::{AdapterState, PeripheralId, Radio, RadioEvent};
use bedside_gatt::uuids::{BATTERY_SERVICE, BLOOD_PRESSURE_SERVICE, HEART_RATE_SERVICE};
use bedside_radio_btleplug::{BtleplugRadio, Deadlines};
use bedside_session::{Properties, RadioFault};
use emulator::Emulator;
use emulator::private_bus::{BusPlace, with_own_bus};
use emulator::rig::{
    BATTERY, BROKEN, CONTROL_POINT, CUFF, HEART_RATE, LOCKED, MUTE, NAMELESS, Rig, STRAP, at, devices, id, value,
};
use std::collections::BTreeMap;
use std::time::Duration;

macro_rules! test_on_own_bus {
    ($(async fn $name:ident($place:ident) $body:block)+) => {
        $(#[test] fn $name() { with_own_bus(stringify!($name), async |$place: BusPlace| $body); })+
    };
}

test_on_own_bus! {
    async fn a_scan_finds_the_devices_with_name_services_and_signal(place) {
        let mut rig = Rig::start(&place).await;
        rig.radio.scan(true).await.expect("scanning starts");
        let found = rig.advertisements(3).await;
        let strap = &found[&id(STRAP)];
        assert_eq!(strap.name.as_deref(), Some("HR-1"), "the direction character is gone");
        assert_eq!(strap.services, [HEART_RATE_SERVICE, BATTERY_SERVICE]);
        assert_eq!(strap.signal_dbm, Some(-51));
        assert!(!strap.simulated);
        assert_eq!(found[&id(CUFF)].name.as_deref(), Some("BP-1"));
        assert_eq!(found[&id(CUFF)].services, [BLOOD_PRESSURE_SERVICE]);
        assert_eq!(found[&id(NAMELESS)].name, None, "its address is not a name");
    }

    async fn a_device_that_is_connected_already_is_reported_when_a_scan_starts(place) {
        let mut rig = Rig::connected(&place).await;
        rig.radio.scan(true).await.expect("scanning starts");
        let strap = &rig.advertisements(3).await[&id(STRAP)];
        assert_eq!((strap.name.as_deref(), strap.signal_dbm), (Some("HR-1"), None));
    }

    async fn scanning_can_be_stopped_started_twice_and_stopped_twice(place) {
        let rig = Rig::start(&place).await;
        for on in [false, true, true, false, false, true] {
            assert_eq!(rig.radio.scan(on).await, Ok(()), "scan({on})");
            assert_eq!(rig.bluez.world().discovering, on);
        }
    }

    async fn discovery_shows_each_characteristic_with_what_it_allows(place) {
        let rig = Rig::start(&place).await;
        rig.hear_devices().await;
        rig.radio.connect(&id(STRAP)).await.expect("connects");
        let services = rig.radio.discover(&id(STRAP)).await.expect("shows its services");
        let mut properties = BTreeMap::new();
        for service in &services {
            for characteristic in &service.characteristics {
                properties.insert(at(service.uuid, characteristic.uuid), characteristic.properties);
            }
        }
        let none = Properties::default();
        let expected = BTreeMap::from([
            (HEART_RATE, Properties { notify: true, ..none }),
            (CONTROL_POINT, Properties { write: true, ..none }),
            (MUTE, Properties { read: true, ..none }),
            (BATTERY, Properties { read: true, notify: true, ..none }),
        ]);
        assert_eq!(properties, expected);
    }

    async fn a_read_answers_the_value_and_is_no_notification(place) {
        let mut rig = Rig::connected(&place).await;
        assert_eq!(rig.radio.read(&id(STRAP), BATTERY).await, Ok(vec![87]));
        // The emulated BlueZ announced the value, too, before the notification that follows here.
        rig.subscribe_and_send(&[1]).await;
        assert_eq!(rig.values(1).await, [(HEART_RATE, vec![0, 1])]);
    }

    async fn notifications_arrive_complete_and_in_order(place) {
        let mut rig = Rig::connected(&place).await;
        let rates: Vec<u8> = (60..90).collect();
        rig.subscribe_and_send(&rates).await;
        let expected: Vec<_> = rates.iter().map(|rate| (HEART_RATE, vec![0, *rate])).collect();
        assert_eq!(rig.values(rates.len()).await, expected);
    }

    async fn a_burst_of_200_notifications_arrives_complete(place) {
        let mut rig = Rig::connected(&place).await;
        let burst: Vec<u8> = (0..200).collect();
        rig.subscribe_and_send(&burst).await;
        let arrived: Vec<u8> = rig.values(200).await.into_iter().map(|(_, bytes)| bytes[1]).collect();
        assert_eq!(arrived, burst);
    }

    async fn subscribing_twice_is_no_fault_and_doubles_nothing(place) {
        let mut rig = Rig::connected(&place).await;
        rig.radio.subscribe(&id(STRAP), HEART_RATE).await.expect("subscribes");
        rig.subscribe_and_send(&[1, 2]).await;
        assert_eq!(rig.rates(2).await, [1, 2]);
    }

    async fn a_write_reaches_the_device_with_response(place) {
        let rig = Rig::connected(&place).await;
        rig.radio.write(&id(STRAP), CONTROL_POINT, &[1]).await.expect("is written");
        let path = rig.bluez.characteristic_path(STRAP, CONTROL_POINT.service, CONTROL_POINT.characteristic);
        assert_eq!(rig.bluez.world().writes, [(path, vec![1])]);
    }

    async fn a_dropped_link_is_reported_after_the_values_before_it(place) {
        let mut rig = Rig::connected(&place).await;
        rig.subscribe_and_send(&[1, 2, 3]).await;
        rig.bluez.drop_link(STRAP).await.expect("drops");
        assert_eq!(rig.rates(3).await, [1, 2, 3]);
        assert_eq!(rig.next().await, RadioEvent::LinkEnded(id(STRAP)));
        assert_eq!(rig.radio.read(&id(STRAP), BATTERY).await, Err(RadioFault::OutOfReach));
    }

    async fn after_a_reconnect_each_value_arrives_once(place) {
        let mut rig = Rig::connected(&place).await;
        rig.subscribe_and_send(&[1]).await;
        for round in [10, 20, 30] {
            rig.bluez.drop_link(STRAP).await.expect("drops");
            rig.wait_for(|event| *event == RadioEvent::LinkEnded(id(STRAP))).await;
            rig.connect().await;
            rig.subscribe_and_send(&[round, round + 1]).await;
            assert_eq!(rig.rates(2).await, [round, round + 1]);
        }
    }

    async fn a_reconnected_device_is_discovered_anew_before_it_is_read(place) {
        let mut rig = Rig::connected(&place).await;
        rig.bluez.drop_link(STRAP).await.expect("drops");
        rig.wait_for(|event| *event == RadioEvent::LinkEnded(id(STRAP))).await;
        rig.radio.connect(&id(STRAP)).await.expect("reconnects");
        let early = rig.radio.read(&id(STRAP), BATTERY).await;
        assert!(matches!(early, Err(RadioFault::Refused(_))), "{early:?}");
        rig.radio.discover(&id(STRAP)).await.expect("shows its services");
        assert_eq!(rig.radio.read(&id(STRAP), BATTERY).await, Ok(vec![87]));
    }

    async fn a_disconnect_ends_the_link_once_and_may_be_repeated(place) {
        let mut rig = Rig::connected(&place).await;
        for _ in 0..3 {
            assert_eq!(rig.radio.disconnect(&id(STRAP)).await, Ok(()));
        }
        assert_eq!(rig.radio.disconnect(&PeripheralId("hci0/dev_never_heard_of".into())).await, Ok(()));
        assert_eq!(rig.next().await, RadioEvent::LinkEnded(id(STRAP)));
        rig.connect().await;
        rig.subscribe_and_send(&[5]).await;
        assert_eq!(rig.next().await, value(5), "the link ended once, and the new one is up");
    }

    async fn connecting_a_link_that_is_up_is_no_fault(place) {
        let mut rig = Rig::connected(&place).await;
        assert_eq!(rig.radio.connect(&id(STRAP)).await, Ok(()));
        rig.subscribe_and_send(&[7]).await;
        assert_eq!(rig.next().await, value(7));
    }

    async fn an_unknown_device_is_out_of_reach(place) {
        let rig = Rig::start(&place).await;
        let unknown = PeripheralId("hci0/dev_00_00_00_00_00_00".into());
        assert_eq!(rig.radio.connect(&unknown).await, Err(RadioFault::OutOfReach));
        assert_eq!(rig.radio.discover(&unknown).await, Err(RadioFault::OutOfReach));
        assert_eq!(rig.radio.read(&unknown, BATTERY).await, Err(RadioFault::OutOfReach));
    }

    async fn a_device_that_shows_no_services_is_a_fault(place) {
        let rig = Rig::start(&place).await;
        rig.hear_devices().await;
        rig.bluez.world().without_services.insert(STRAP.into());
        rig.radio.connect(&id(STRAP)).await.expect("connects");
        let empty = rig.radio.discover(&id(STRAP)).await;
        assert_eq!(empty, Err(RadioFault::System("the device showed no services".into())));
    }

    async fn an_adapter_that_is_off_is_told_and_never_switched_on(place) {
        let rig = Rig::start(&place).await;
        rig.hear_devices().await;
        rig.bluez.switch_adapter(false).await.expect("switches");
        let switched_on_before = rig.bluez.world().switched_on_by_client;
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Off));
        assert_eq!(rig.radio.scan(true).await, Err(RadioFault::AdapterOff));
        assert_eq!(rig.radio.connect(&id(STRAP)).await, Err(RadioFault::AdapterOff));
        assert!(!rig.bluez.world().powered);
        assert_eq!(rig.bluez.world().switched_on_by_client, switched_on_before);
    }

    async fn switching_the_adapter_off_and_on_is_reported_with_the_links_it_ends(place) {
        let mut rig = Rig::connected(&place).await;
        rig.bluez.switch_adapter(false).await.expect("switches");
        let mut ended = [rig.next().await, rig.next().await];
        ended.sort_by_key(|event| matches!(event, RadioEvent::Adapter(_)));
        assert_eq!(ended, [RadioEvent::LinkEnded(id(STRAP)), RadioEvent::Adapter(AdapterState::Off)]);
        rig.bluez.switch_adapter(true).await.expect("switches");
        assert_eq!(rig.next().await, RadioEvent::Adapter(AdapterState::On));
        rig.connect().await;
    }

    async fn a_read_that_never_answers_ends_at_its_deadline_and_harms_nothing(place) {
        let deadlines = Deadlines { other: Duration::from_millis(1200), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.connect().await;
        let late = rig.radio.read(&id(STRAP), MUTE).await;
        assert_eq!(late, Err(RadioFault::Deadline { step: "read a value", seconds: 1 }));
        assert_eq!(rig.radio.read(&id(STRAP), BATTERY).await, Ok(vec![87]));
        rig.subscribe_and_send(&[9]).await;
        assert_eq!(rig.next().await, value(9));
    }

    async fn a_connect_that_never_answers_is_given_up_and_the_next_one_works(place) {
        let deadlines = Deadlines { connect: Duration::from_millis(1200), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.bluez.world().silent_on_connect.insert(STRAP.into());
        let late = rig.radio.connect(&id(STRAP)).await;
        assert_eq!(late, Err(RadioFault::Deadline { step: "connect", seconds: 1 }));
        rig.connect().await;
        assert_eq!(rig.bluez.world().disconnects, 1, "the pending attempt was called off before the next");
        rig.subscribe_and_send(&[9]).await;
        assert_eq!(rig.next().await, value(9), "no end was reported of a link that never was");
    }

    async fn a_call_that_its_caller_gave_up_leaves_the_radio_usable(place) {
        let mut rig = Rig::start(&place).await;
        rig.hear_devices().await;
        for _ in 0..5 {
            let strap = id(STRAP);
            let mut given_up = rig.radio.connect(&strap);
            assert!(futures::poll!(&mut given_up).is_pending());
        }
        rig.connect().await;
        rig.subscribe_and_send(&[4]).await;
        assert_eq!(rig.next().await, value(4));
    }

    async fn errors_of_the_device_are_refusals_or_ask_for_pairing(place) {
        let rig = Rig::start(&place).await;
        rig.hear_devices().await;
        rig.radio.connect(&id(CUFF)).await.expect("connects");
        rig.radio.discover(&id(CUFF)).await.expect("shows its services");
        assert_eq!(rig.radio.read(&id(CUFF), LOCKED).await, Err(RadioFault::PairingNeeded));
        let refused = |text: &str| RadioFault::Refused(text.into());
        let failed = rig.radio.read(&id(CUFF), BROKEN).await;
        assert_eq!(failed, Err(refused("Operation failed with ATT error: 0x80")));
        let not_permitted = rig.radio.write(&id(CUFF), BROKEN, &[1]).await;
        assert_eq!(not_permitted, Err(refused("Write not permitted")));
    }

    async fn a_fault_of_one_device_leaves_another_alone(place) {
        let deadlines = Deadlines { other: Duration::from_millis(1200), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.connect().await;
        rig.radio.connect(&id(CUFF)).await.expect("connects");
        let (strap, cuff) = (id(STRAP), id(CUFF));
        let (stuck, cuff) = tokio::join!(rig.radio.read(&strap, MUTE), rig.radio.discover(&cuff));
        assert!(matches!(stuck, Err(RadioFault::Deadline { .. })), "{stuck:?}");
        assert!(cuff.is_ok(), "{cuff:?}");
        rig.bluez.drop_link(CUFF).await.expect("drops");
        rig.wait_for(|event| *event == RadioEvent::LinkEnded(id(CUFF))).await;
        rig.subscribe_and_send(&[3]).await;
        assert_eq!(rig.next().await, value(3));
    }

    async fn without_a_bus_there_is_no_adapter_and_with_one_later_there_is(place) {
        let radio = BtleplugRadio::start();
        let mut events = radio.take_events().expect("taken once");
        assert_eq!(radio.adapter_state().await, Ok(AdapterState::Missing));
        assert_eq!(radio.scan(true).await, Err(RadioFault::NoAdapter));
        assert_eq!(radio.connect(&id(STRAP)).await, Err(RadioFault::NoAdapter));
        assert_eq!(radio.scan(false).await, Ok(()));
        assert_eq!(radio.disconnect(&id(STRAP)).await, Ok(()));
        let _bus = place.start_bus();
        assert_eq!(radio.scan(true).await, Err(RadioFault::NoAdapter), "a bus without org.bluez");
        let _bluez = Emulator::start(&place.address(), devices()).await.expect("the emulator starts");
        assert_eq!(radio.adapter_state().await, Ok(AdapterState::On));
        assert_eq!(events.recv().await, Some(RadioEvent::Adapter(AdapterState::On)));
        assert_eq!(radio.scan(true).await, Ok(()));
    }

    async fn a_bluetooth_service_that_ends_is_noticed_and_one_that_comes_back_is_used(place) {
        let deadlines = Deadlines { watch: Duration::from_millis(50), ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.connect().await;
        rig.bluez.clone().leave().await.expect("leaves");
        rig.wait_for(|event| *event == RadioEvent::Adapter(AdapterState::Missing)).await;
        assert_eq!(rig.radio.scan(true).await, Err(RadioFault::NoAdapter));
        rig.bluez = Emulator::start(&place.address(), devices()).await.expect("comes back");
        rig.hear_devices().await;
        rig.connect().await;
        rig.subscribe_and_send(&[8]).await;
        rig.wait_for(|event| *event == value(8)).await;
    }

    async fn a_bluetooth_service_that_ended_is_a_missing_adapter_and_not_one_that_is_off(place) {
        let mut rig = Rig::connected(&place).await;
        rig.bluez.clone().leave().await.expect("leaves");
        assert_eq!(rig.radio.adapter_state().await, Ok(AdapterState::Missing));
        rig.wait_for(|event| *event == RadioEvent::LinkEnded(id(STRAP))).await;
    }

    async fn a_bus_that_dies_ends_the_links_and_not_the_process(place) {
        let (watch, other) = (Duration::from_millis(50), Duration::from_secs(2));
        let deadlines = Deadlines { watch, other, ..Deadlines::default() };
        let mut rig = Rig::with_deadlines(&place, deadlines).await;
        rig.hear_devices().await;
        rig.connect().await;
        drop(rig.bus.take());
        let mut ended = [rig.next().await, rig.next().await];
        ended.sort_by_key(|event| matches!(event, RadioEvent::Adapter(_)));
        assert_eq!(ended, [RadioEvent::LinkEnded(id(STRAP)), RadioEvent::Adapter(AdapterState::Missing)]);
        assert_eq!(rig.radio.scan(true).await, Err(RadioFault::NoAdapter));
    }
}

#[test]
fn the_events_can_be_taken_once_and_a_radio_is_made_without_a_runtime() {
    let radio = BtleplugRadio::start();
    assert!(radio.take_events().is_some());
    assert!(radio.take_events().is_none());
}
