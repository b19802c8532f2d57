//! The life of a device's session in virtual time: a scripted device answers what the session asks.
//! Not here: what each profile decodes; that stands beside the profiles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use bedside_gatt::uuids::{self, bluetooth};
use bedside_session::*;
use bedside_vitals::{LinkState, Parameter, ReadingIdentity, WallTime};
use common::meter::{METER, Meter};
use common::*;
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn nothing_is_subscribed_before_the_identity_is_durable() {
    let mut bench = Bench::new(STRAP, false);
    assert_eq!(bench.identified().device.serial.as_deref(), Some("S-1"));
    assert_eq!(bench.did("subscribe"), 0);
    bench.persist_identity();
    assert!(bench.did("subscribe") >= 1);
    assert_eq!(bench.session.link(), LinkState::Linked);
    assert!(bench.events.contains(&Event::Battery(82)));
}

#[test]
fn a_value_is_decoded_and_numbered_and_a_damaged_one_keeps_its_bytes_and_error() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    bench.feed(Input::Value(HEART_RATE, vec![0x10, 72, 0x55, 0x03]));
    bench.feed(Input::Value(HEART_RATE, vec![0x10, 72]));
    let packets = bench.packets();
    assert_eq!((packets[0].index, packets[1].index), (0, 1));
    assert_eq!(packets[0].content.as_ref().unwrap().len(), 2, "the rate and one beat interval");
    assert_eq!(packets[1].bytes, [0x10, 72]);
    assert!(packets[1].content.as_ref().unwrap_err().contains("Heart Rate Measurement"));
}

#[test]
fn a_silent_stream_is_connected_anew() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.did("disconnect"), 0);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.session.link(), LinkState::Lost);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.did("connect"), 2);
}

#[test]
fn tries_to_connect_are_spaced_out_and_success_starts_over() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    bench.refuse_connections = 3;
    bench.feed(Input::LinkEnded);
    let mut waits = Vec::new();
    while bench.session.link() != LinkState::Preparing {
        let (at, reason) = bench.session.poll_timeout().expect("a next try");
        assert_eq!(reason, TimeoutReason::BackOff);
        waits.push(at.since(bench.now.boot).as_secs());
        bench.pass(at.since(bench.now.boot));
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    bench.persist_identity();
    bench.feed(Input::LinkEnded);
    assert_eq!(bench.session.poll_timeout().unwrap().0.since(bench.now.boot).as_secs(), 1);
}

#[test]
fn an_advertisement_ends_the_wait_and_a_new_connection_has_a_new_id() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    let first = bench.identified().connection;
    bench.feed(Input::LinkEnded);
    bench.feed(Input::Advertised);
    assert_eq!(bench.session.link(), LinkState::Preparing);
    assert_ne!(bench.identified().connection, first);
}

#[test]
fn a_serial_number_that_could_not_be_read_this_time_makes_no_other_device() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    let first = bench.identified().device.clone();
    bench.unreadable.insert(uuids::SERIAL_NUMBER);
    bench.feed(Input::LinkEnded);
    bench.feed(Input::Advertised);
    assert_eq!(bench.did("connect"), 2);
    assert_eq!(bench.identified().device, first);
}

#[test]
fn a_cuff_that_hangs_up_is_a_normal_end_and_is_not_called() {
    let mut bench = Bench::new(CUFF, true);
    bench.persist_identity();
    bench.feed(Input::LinkEnded);
    assert_eq!(bench.session.link(), LinkState::Ended);
    bench.pass(Duration::from_secs(3_600));
    assert_eq!(bench.did("connect"), 1);
    bench.feed(Input::Advertised);
    assert_eq!(bench.did("connect"), 2);
}

#[test]
fn each_reading_of_a_cuff_is_durable_before_the_next_one_is_touched() {
    let mut bench = Bench::new(CUFF, true);
    bench.persist_identity();
    for _ in 0..3 {
        bench.feed(Input::Value(PRESSURE, pressure(0)));
    }
    assert_eq!(bench.packets().len(), 1);
    let first = bench.packets()[0].persist;
    bench.feed(Input::Persisted(first));
    assert_eq!(bench.packets().len(), 2);
    bench.feed(Input::LinkEnded);
    bench.feed(Input::Advertised);
    assert_eq!(bench.packets().len(), 3, "what waited when the cuff hung up is not lost");
}

#[test]
fn a_value_that_comes_before_the_identity_waits_for_it_and_none_is_lost_at_the_end() {
    let mut bench = Bench::new(CUFF, true);
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    assert_eq!(bench.packets().len(), 0, "nobody knows whose it is");
    bench.persist_identity();
    assert_eq!(bench.packets().len(), 1);
    bench.feed(Input::Value(PRESSURE, pressure(1)));
    bench.feed(Input::Value(PRESSURE, pressure(2)));
    bench.feed(Input::Stop);
    assert_eq!(bench.packets().len(), 3, "the cuff may have erased them");
    assert_eq!(bench.events.last(), Some(&Event::Finished));
}

#[test]
fn two_equal_readings_of_one_minute_are_two_and_a_second_delivery_is_the_same() {
    let mut identities = Vec::new();
    for _ in 0..2 {
        let mut bench = Bench::new(CUFF, true);
        bench.persist_identity();
        for _ in 0..2 {
            bench.feed(Input::Value(PRESSURE, pressure(0)));
            let last = bench.packets().last().unwrap().persist;
            bench.feed(Input::Persisted(last));
        }
        identities.push(bench.packets().into_iter().map(identity).collect::<Vec<_>>());
    }
    assert_ne!(identities[0][0], identities[0][1]);
    assert_eq!(identities[0], identities[1]);
}

fn identity(packet: &Packet) -> ReadingIdentity {
    match &packet.content.as_ref().unwrap()[0] {
        Content::Measurement(measurement) => measurement.identity,
        other => panic!("expected a measurement, got {other:?}"),
    }
}

#[test]
fn a_cuffs_time_is_corrected_by_its_clock_read_on_the_same_connection() {
    let mut bench = Bench::new(CUFF, true);
    bench.persist_identity();
    assert_eq!(bench.identified().clock.unwrap().offset_ms, -194_000);
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    let packets = bench.packets();
    let Content::Measurement(measurement) = &packets[0].content.as_ref().unwrap()[0] else { panic!("a measurement") };
    assert_eq!(measurement.parameter, Parameter::BloodPressure);
    // The cuff said 14:00:00 and is 3 min 14 s slow.
    assert_eq!(measurement.time.at, WallTime(1_773_842_400_000 + 194_000));
}

#[test]
fn a_late_answer_to_a_given_up_action_changes_nothing() {
    let mut bench = Bench::new(STRAP, false);
    bench.persist_identity();
    bench.feed(Input::LinkEnded);
    bench.hold_answers = true;
    bench.pass(Duration::from_secs(1));
    let late = bench.answers_held.pop_front().expect("an answer to connect");
    bench.pass(Duration::from_secs(46));
    assert_eq!(bench.session.link(), LinkState::Connecting, "hanging up first");
    bench.hold_answers = false;
    bench.feed(late);
    assert_eq!(bench.did("discover"), 1, "only that of the first connection");
}

#[test]
fn a_device_without_its_main_characteristic_is_tried_again_later() {
    let mut bench = Bench::new(STRAP, false);
    bench.hold_answers = true;
    let persist = bench.identified().persist;
    bench.feed(Input::Persisted(persist));
    let Some(Input::Answered(id, _)) = bench.answers_held.pop_front() else { panic!("a subscription") };
    bench.hold_answers = false;
    bench.feed(Input::Answered(id, Err(RadioFault::PairingNeeded)));
    assert!(bench.events.iter().any(|event| matches!(event, Event::Fault(fault) if fault.code == "PAIRING-NEEDED")));
    assert_eq!(bench.session.link(), LinkState::Lost);
}

fn any_input() -> impl Strategy<Value = Input> {
    let address = prop_oneof![
        Just(HEART_RATE),
        Just(PRESSURE),
        Just(CharacteristicAddress {
            service: uuids::GLUCOSE_SERVICE,
            characteristic: uuids::RECORD_ACCESS_CONTROL_POINT
        }),
        Just(CharacteristicAddress { service: uuids::GLUCOSE_SERVICE, characteristic: uuids::GLUCOSE_MEASUREMENT }),
        any::<u16>().prop_map(|n| CharacteristicAddress { service: bluetooth(n), characteristic: bluetooth(n) })
    ];
    let result = prop_oneof![
        Just(Ok(Answer::Done)),
        Just(Ok(Answer::Services(table(STRAP)))),
        Just(Ok(Answer::Services(table(CUFF)))),
        Just(Err(RadioFault::OutOfReach)),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Ok(Answer::Value(bytes))),
    ];
    prop_oneof![
        Just(Input::Advertised),
        Just(Input::LinkEnded),
        Just(Input::AdapterOn),
        Just(Input::Bonded),
        Just(Input::FetchRecords),
        Just(Input::AbortRecords),
        Just(Input::Consent(UserConsent::new(1, 2).unwrap())),
        any::<Option<u32>>().prop_map(|number| {
            let highest = number.map(|number| RecordMark { number, base_time: None });
            let service = uuids::GLUCOSE_SERVICE;
            let bookmark = Bookmark { service, complete: None, highest, since_complete: 3 };
            Input::Remembered(Remembered { bookmarks: vec![bookmark], consent: None })
        }),
        (0u64..60, result).prop_map(|(id, result)| Input::Answered(RequestId(id), result)),
        (0u64..60).prop_map(|id| Input::Persisted(PersistId(id))),
        (address, proptest::collection::vec(any::<u8>(), 0..24)).prop_map(|(at, bytes)| Input::Value(at, bytes)),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_stopped_session_finishes_exactly_once(
        event_driven in any::<bool>(),
        meter in any::<bool>(),
        inputs in proptest::collection::vec((any_input(), 0u64..20_000), 0..60),
    ) {
        let mut bench = Bench::of(
            if meter { METER } else { STRAP },
            |config| {
                config.event_driven = event_driven;
                config.set_clocks = true;
            },
            |bench| {
                bench.meter = Meter::with(0..9);
                bench.durable = meter;
            },
        );
        for (input, milliseconds) in inputs {
            bench.session.handle(bench.now, input);
            bench.pass(Duration::from_millis(milliseconds));
        }
        bench.feed(Input::Stop);
        bench.pass(Duration::from_secs(60));
        bench.pass(Duration::from_secs(60));
        let finished = bench.events.iter().filter(|event| **event == Event::Finished).count();
        prop_assert_eq!(finished, 1);
        prop_assert_eq!(bench.session.poll_timeout(), None);
    }

    #[test]
    fn values_of_one_characteristic_are_numbered_without_a_gap(count in 1u64..40) {
        let mut bench = Bench::new(STRAP, false);
        bench.persist_identity();
        for _ in 0..count {
            bench.feed(Input::Value(HEART_RATE, vec![0, 60]));
        }
        let numbers: Vec<u64> = bench.packets().iter().map(|packet| packet.index).collect();
        prop_assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    }
}
