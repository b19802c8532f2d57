//! The life of a device's session in virtual time: a scripted device answers what the session asks.
//! Not here: what each profile decodes; that stands beside the profiles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use bedside_gatt::{uuids, uuids::bluetooth};
use bedside_session::*;
use bedside_vitals::{BootTime, LinkState, Parameter, ReadingIdentity, WallTime};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// A session, its device, and the time.
struct Bench {
    session: Session,
    now: Now,
    services: Vec<DiscoveredService>,
    events: Vec<Event>,
    done: Vec<String>,
    refuse_connections: usize,
    answers_held: VecDeque<Input>,
    hold_answers: bool,
}

const STRAP: &[(Uuid, &[Uuid])] = &[
    (uuids::HEART_RATE_SERVICE, &[uuids::HEART_RATE_MEASUREMENT]),
    (uuids::DEVICE_INFORMATION_SERVICE, &[uuids::SERIAL_NUMBER]),
    (uuids::BATTERY_SERVICE, &[uuids::BATTERY_LEVEL]),
];
const CUFF: &[(Uuid, &[Uuid])] = &[
    (uuids::BLOOD_PRESSURE_SERVICE, &[uuids::BLOOD_PRESSURE_MEASUREMENT]),
    (uuids::CURRENT_TIME_SERVICE, &[uuids::CURRENT_TIME]),
];
const HEART_RATE: CharacteristicAddress =
    CharacteristicAddress { service: uuids::HEART_RATE_SERVICE, characteristic: uuids::HEART_RATE_MEASUREMENT };
const PRESSURE: CharacteristicAddress =
    CharacteristicAddress { service: uuids::BLOOD_PRESSURE_SERVICE, characteristic: uuids::BLOOD_PRESSURE_MEASUREMENT };

fn table(of: &[(Uuid, &[Uuid])]) -> Vec<DiscoveredService> {
    let properties = Properties { read: true, write: true, notify: true, indicate: false };
    let characteristics =
        |all: &[Uuid]| all.iter().map(|&uuid| DiscoveredCharacteristic { uuid, properties }).collect();
    of.iter().map(|(uuid, all)| DiscoveredService { uuid: *uuid, characteristics: characteristics(all) }).collect()
}

impl Bench {
    fn new(device: &[(Uuid, &[Uuid])], event_driven: bool) -> Self {
        let now = Now { boot: BootTime::from_millis(1_000), wall: WallTime(1_773_842_792_000), zone_offset_ms: 0 };
        let config = Config {
            name: Some("Device 1".into()),
            address: "address".into(),
            simulated: false,
            event_driven,
            silence: Duration::from_secs(10),
            stem: Uuid::from_u128(7),
        };
        let session = Session::new(config, now, true);
        let services = table(device);
        let (events, done) = (Vec::new(), Vec::new());
        let (answers_held, hold_answers) = (VecDeque::new(), false);
        let mut bench =
            Self { session, now, services, events, done, refuse_connections: 0, answers_held, hold_answers };
        bench.settle();
        bench
    }

    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.settle();
    }

    /// Answers actions as the device would, until the session asks no more.
    fn settle(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.events.push(event);
        }
        while let Some(action) = self.session.poll_action() {
            let answered = self.answer(action);
            if self.hold_answers {
                self.answers_held.push_back(answered);
            } else {
                self.session.handle(self.now, answered);
            }
            while let Some(event) = self.session.poll_event() {
                self.events.push(event);
            }
        }
    }

    fn answer(&mut self, action: Action) -> Input {
        let (id, name, result) = match action {
            Action::Connect(id) => {
                let refused = self.refuse_connections > 0;
                self.refuse_connections = self.refuse_connections.saturating_sub(1);
                (id, "connect".into(), if refused { Err(RadioFault::OutOfReach) } else { Ok(Answer::Done) })
            }
            Action::Disconnect(id) => (id, "disconnect".into(), Ok(Answer::Done)),
            Action::Discover(id) => (id, "discover".into(), Ok(Answer::Services(self.services.clone()))),
            Action::Read(id, at) => {
                (id, format!("read {}", at.characteristic), Ok(Answer::Value(value(at.characteristic))))
            }
            Action::Write(id, at, _) => (id, format!("write {}", at.characteristic), Ok(Answer::Done)),
            Action::Subscribe(id, at) => (id, format!("subscribe {}", at.characteristic), Ok(Answer::Done)),
        };
        self.done.push(name);
        Input::Answered(id, result)
    }

    fn pass(&mut self, time: Duration) {
        self.now.boot = self.now.boot.plus(time);
        self.now.wall = self.now.wall.plus_millis(time.as_millis() as i64);
        self.session.handle_timeout(self.now);
        self.settle();
    }

    fn identified(&self) -> &Identified {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Identified(identified) => Some(identified),
            _ => None,
        });
        found.expect("the device was identified")
    }

    fn persist_identity(&mut self) {
        let persist = self.identified().persist;
        self.feed(Input::Persisted(persist));
    }

    fn packets(&self) -> Vec<&Packet> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Packet(packet) = event { Some(packet) } else { None })
            .collect()
    }

    fn did(&self, what: &str) -> usize {
        self.done.iter().filter(|done| done.starts_with(what)).count()
    }
}

fn value(characteristic: Uuid) -> Vec<u8> {
    match characteristic {
        uuids::SERIAL_NUMBER => b"S-1".to_vec(),
        uuids::BATTERY_LEVEL => vec![82],
        // 2026-03-18 14:03:18, three minutes and fourteen seconds behind.
        uuids::CURRENT_TIME => vec![0xEA, 0x07, 3, 18, 14, 3, 18, 3, 0, 0],
        _ => Vec::new(),
    }
}

/// 120/80 mmHg, mean 93, taken at 14:00 of the device's time.
fn pressure(minute: u8) -> Vec<u8> {
    vec![0x02, 120, 0, 80, 0, 93, 0, 0xEA, 0x07, 3, 18, 14, minute, 0]
}

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
        (0u64..60, result).prop_map(|(id, result)| Input::Answered(RequestId(id), result)),
        (0u64..60).prop_map(|id| Input::Persisted(PersistId(id))),
        (address, proptest::collection::vec(any::<u8>(), 0..24)).prop_map(|(at, bytes)| Input::Value(at, bytes)),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_stopped_session_finishes_exactly_once(
        event_driven in any::<bool>(),
        inputs in proptest::collection::vec((any_input(), 0u64..20_000), 0..60),
    ) {
        let mut bench = Bench::new(STRAP, event_driven);
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
