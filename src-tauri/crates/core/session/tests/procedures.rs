//! Clocks that are set, models with habits of their own, and users who must consent: in virtual time.
//! Not here: stored records (`memory`) and the life of a connection (`life`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use bedside_gatt::uuids;
use bedside_session::*;
use bedside_vitals::{DeviceDescription, DeviceId, DeviceKind, LinkState, TimeMethod};
use common::meter::{METER, Meter};
use common::*;
use std::time::Duration;
use uuid::Uuid;

const CUFF_WITH_NAME: &[(Uuid, &[Uuid])] = &[
    (uuids::BLOOD_PRESSURE_SERVICE, &[uuids::BLOOD_PRESSURE_MEASUREMENT, uuids::DATE_TIME]),
    (uuids::DEVICE_INFORMATION_SERVICE, &[uuids::MANUFACTURER_NAME, uuids::MODEL_NUMBER, uuids::SERIAL_NUMBER]),
];
const SCALE: &[(Uuid, &[Uuid])] = &[
    (uuids::WEIGHT_SCALE_SERVICE, &[uuids::WEIGHT_MEASUREMENT]),
    (uuids::USER_DATA_SERVICE, &[uuids::USER_CONTROL_POINT]),
];
const USERS: CharacteristicAddress =
    CharacteristicAddress { service: uuids::USER_DATA_SERVICE, characteristic: uuids::USER_CONTROL_POINT };
const QUIET: Duration = Duration::from_millis(500);

fn cuff(prepare: impl FnOnce(&mut Bench)) -> Bench {
    Bench::of(
        CUFF,
        |config| {
            config.event_driven = true;
            config.set_clocks = true;
        },
        |bench| {
            bench.durable = true;
            prepare(bench);
        },
    )
}

fn a_and_d(prepare: impl FnOnce(&mut Bench)) -> Bench {
    Bench::of(
        CUFF_WITH_NAME,
        |config| {
            config.event_driven = true;
            config.set_clocks = true;
            config.name = Some("A&D_UA-651BLE_D40D1E".into());
        },
        |bench| {
            // 2026-03-18 13:40:32, 26 minutes behind.
            bench.holds.insert(uuids::DATE_TIME, vec![0xEA, 0x07, 3, 18, 13, 40, 32]);
            prepare(bench);
        },
    )
}

fn place(bench: &Bench, what: &str) -> usize {
    bench.done.iter().position(|done| done.starts_with(what)).unwrap_or_else(|| panic!("{what} in {:?}", bench.done))
}

#[test]
fn a_clock_is_read_first_and_set_only_after_the_stored_values_and_read_back() {
    let mut bench = cuff(|_| {});
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    bench.pass(QUIET / 2);
    bench.feed(Input::Value(PRESSURE, pressure(1)));
    assert!(bench.written.is_empty(), "values are still coming");
    bench.pass(QUIET);
    assert_eq!(bench.written.len(), 1);
    assert!(place(&bench, "read 00002a2b") < place(&bench, "subscribe"));
    let told = bench.clock_settings()[0];
    assert_eq!(told.outcome, ClockOutcome::Set);
    assert_eq!(told.before.unwrap().offset_ms, -194_000);
    assert!(told.after.unwrap().offset_ms.abs() <= 1_000);
}

#[test]
fn a_value_from_before_the_setting_and_one_from_after_are_both_at_their_time() {
    let mut bench = cuff(|_| {});
    bench.pass(QUIET);
    assert_eq!(bench.clock_settings().len(), 1);
    // Stored before: the cuff showed 14:00:00 and was 3 min 14 s slow.
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    bench.pass(Duration::from_secs(148));
    // Taken now, by the clock as it was set: 14:09:00. Clocks count whole seconds: it was set half a second early.
    bench.feed(Input::Value(PRESSURE, pressure(9)));
    let times: Vec<i64> = bench.readings().iter().map(|reading| reading.time.at.0 - 1_773_842_400_000).collect();
    assert_eq!(times, [194_000, 540_500]);
}

#[test]
fn a_refused_setting_and_one_that_did_not_take_are_told() {
    let mut refused = cuff(|bench| {
        bench.refuses.insert(uuids::CURRENT_TIME);
    });
    refused.pass(QUIET);
    assert_eq!(refused.clock_settings()[0].outcome, ClockOutcome::Refused);
    let mut ignored = cuff(|bench| {
        bench.ignores.insert(uuids::CURRENT_TIME);
    });
    ignored.pass(QUIET);
    assert_eq!(ignored.clock_settings()[0].outcome, ClockOutcome::DidNotTake { off_by_ms: -194_500 });
    assert_eq!(ignored.session.link(), LinkState::Linked, "it is used all the same");
}

#[test]
fn a_link_that_ends_between_setting_and_reading_back_is_told_as_that() {
    let mut bench = cuff(|_| {});
    bench.hold_answers = true;
    bench.pass(QUIET);
    let written = bench.answers_held.pop_front().expect("the answer to the write");
    bench.feed(written);
    bench.feed(Input::LinkEnded);
    assert_eq!(bench.clock_settings()[0].outcome, ClockOutcome::NotReadBack);
}

#[test]
fn a_link_that_ends_while_a_clock_is_set_early_is_told_as_that() {
    let mut bench = a_and_d(|bench| bench.durable = true);
    assert_eq!(bench.clock_settings().len(), 1);
    bench.holds.insert(uuids::DATE_TIME, vec![0xEA, 0x07, 3, 18, 13, 40, 32]);
    bench.feed(Input::LinkEnded);
    bench.hold_answers = true;
    bench.feed(Input::Advertised);
    // Link, services, subscription, the clock as it is; then it is written, and the link ends before it is read back.
    for _ in 0..4 {
        let answer = bench.answers_held.pop_front().expect("an answer");
        bench.feed(answer);
    }
    assert_eq!(bench.written.len(), 2);
    bench.feed(Input::LinkEnded);
    assert_eq!(bench.clock_settings().len(), 2);
    assert_eq!(bench.clock_settings()[1].outcome, ClockOutcome::NotReadBack);
}

#[test]
fn a_clock_that_was_set_early_by_a_device_nobody_knows_yet_is_told_when_it_says_who_it_is() {
    let mut bench = a_and_d(|bench| {
        bench.durable = true;
        bench.hold_answers = true;
    });
    for _ in 0..4 {
        let answer = bench.answers_held.pop_front().expect("an answer");
        bench.feed(answer);
    }
    bench.feed(Input::LinkEnded);
    assert!(bench.clock_settings().is_empty());
    bench.hold_answers = false;
    bench.feed(Input::Advertised);
    assert_eq!(bench.clock_settings()[0].outcome, ClockOutcome::NotReadBack);
}

#[test]
fn a_clock_that_could_not_be_read_is_not_written() {
    let mut bench = cuff(|bench| {
        bench.unreadable.insert(uuids::CURRENT_TIME);
    });
    bench.pass(QUIET);
    bench.pass(Duration::from_secs(60));
    assert!(bench.written.is_empty() && bench.clock_settings().is_empty());
}

#[test]
fn a_clock_is_left_alone_while_records_are_unread() {
    let meter = |end_code| {
        let with_clock = [METER, &[(uuids::CURRENT_TIME_SERVICE, &[uuids::CURRENT_TIME] as &[Uuid])]].concat();
        let mut bench = Bench::of(
            &with_clock,
            |config| {
                config.event_driven = true;
                config.set_clocks = true;
            },
            |bench| {
                bench.durable = true;
                bench.meter = Meter { end_code, ..Meter::with(0..3) };
            },
        );
        bench.pass(QUIET);
        bench.clock_settings().len()
    };
    assert_eq!(meter(None), 1);
    assert_eq!(meter(Some(8)), 0, "the meter could not complete it");
}

#[test]
fn a_clock_is_left_alone_while_a_scale_keeps_its_values_back_for_want_of_consent() {
    let with_clock = [SCALE, &[(uuids::CURRENT_TIME_SERVICE, &[uuids::CURRENT_TIME] as &[Uuid])]].concat();
    let mut bench = Bench::of(
        &with_clock,
        |config| {
            config.event_driven = true;
            config.set_clocks = true;
        },
        |bench| bench.durable = true,
    );
    bench.pass(Duration::from_secs(60));
    assert!(bench.written.is_empty() && bench.events.contains(&Event::ConsentWanted));
    bench.feed(Input::Consent(UserConsent::new(2, 1_234).unwrap()));
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.written.len(), 1, "the consent is not answered yet");
    bench.feed(Input::Value(USERS, vec![0x20, 2, 1]));
    bench.pass(QUIET);
    assert_eq!(bench.clock_settings().len(), 1);
}

#[test]
fn a_policy_that_leaves_clocks_alone_writes_none() {
    let mut bench = Bench::of(CUFF, |config| config.event_driven = true, |bench| bench.durable = true);
    bench.pass(QUIET);
    bench.pass(Duration::from_secs(60));
    assert!(bench.written.is_empty() && bench.clock_settings().is_empty());
}

#[test]
fn a_model_that_takes_its_clock_late_is_told_twice() {
    let mut bench = Bench::of(
        CUFF,
        |config| {
            config.event_driven = true;
            config.set_clocks = true;
            config.name = Some("CareSens 0123".into());
        },
        |bench| bench.durable = true,
    );
    bench.pass(QUIET);
    assert_eq!((bench.written.len(), bench.clock_settings().len()), (2, 1));
}

#[test]
fn a_model_that_measures_first_is_subscribed_before_it_is_asked_who_it_is() {
    let bench = a_and_d(|bench| bench.durable = true);
    assert!(place(&bench, "subscribe 00002a35") < place(&bench, "read 00002a29"));
    assert!(place(&bench, "read 00002a08") < place(&bench, "write 00002a08"), "read before it is set");
    assert!(place(&bench, "write 00002a08") < place(&bench, "read 00002a29"), "within its short time");
    assert_eq!(bench.clock_settings()[0].outcome, ClockOutcome::Set);
    assert!(matches!(
        bench.events.iter().find(|event| matches!(event, Event::Identified(_) | Event::ClockSetting(_))),
        Some(Event::Identified(_))
    ));
}

#[test]
fn values_of_a_device_that_hangs_up_before_it_said_who_it_is_are_its_own_of_the_last_time() {
    let known = DeviceDescription {
        id: DeviceId::derive("serial|A&D|UA-651BLE|S-1"),
        kind: DeviceKind::BloodPressureCuff,
        name: "A&D_UA-651BLE_D40D1E".into(),
        manufacturer: Some("A&D Medical".into()),
        model: Some("UA-651BLE".into()),
        serial: Some("S-1".into()),
        firmware: None,
        hardware: None,
        software: None,
        system_id: None,
        udi: None,
        simulated: false,
    };
    let id = known.id;
    let mut bench = Bench::of(
        CUFF_WITH_NAME,
        |config| {
            config.event_driven = true;
            config.name = Some(known.name.clone());
            config.known = Some(known);
        },
        |bench| bench.hold_answers = true,
    );
    // Link, services, subscription; then it sends what it has and is gone before it is asked for its name.
    for _ in 0..3 {
        let answer = bench.answers_held.pop_front().expect("an answer");
        bench.feed(answer);
    }
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    bench.feed(Input::LinkEnded);
    assert_eq!(bench.session.link(), LinkState::Ended, "that is how it always ends");
    assert_eq!(bench.identified().device.id, id);
    // It shows itself again at once: the next connection waits until the reading is durable.
    bench.feed(Input::Advertised);
    assert_eq!(bench.did("connect"), 1);
    bench.persist_identity();
    assert_eq!(bench.packets().len(), 1);
    assert_eq!(bench.did("connect"), 2);
}

#[test]
fn a_model_that_needs_a_pause_gets_it_once_it_is_known() {
    let bench = |model: &'static [u8]| {
        Bench::of(
            CUFF_WITH_NAME,
            |config| config.event_driven = true,
            |bench| {
                bench.durable = true;
                bench.holds.insert(uuids::MANUFACTURER_NAME, b"Beurer".to_vec());
                bench.holds.insert(uuids::MODEL_NUMBER, model.to_vec());
            },
        )
    };
    let mut beurer = bench(b"BM85");
    assert_eq!(beurer.did("subscribe"), 0);
    let (at, reason) = beurer.session.poll_timeout().expect("the end of the pause");
    assert_eq!((at.since(beurer.now.boot).as_secs(), reason), (2, TimeoutReason::Pause));
    beurer.pass(Duration::from_secs(2));
    assert_eq!(beurer.did("subscribe"), 1);
    // Pulse rate and status most significant octet first, and a user octet without its flag.
    beurer.feed(Input::Value(PRESSURE, vec![0x14, 0x78, 0, 0x50, 0, 0x5D, 0, 0, 0x48, 2, 0, 4]));
    assert_eq!(beurer.readings()[0].user_slot, Some(2));
    assert_eq!(bench(b"BU500").did("subscribe"), 1);
}

#[test]
fn a_scale_that_wants_consent_gets_what_the_store_keeps_and_else_a_person_is_asked() {
    let scale = |consent: Option<UserConsent>| {
        let mut bench = Bench::of(SCALE, |config| config.event_driven = true, |_| {});
        bench.feed(Input::Remembered(Remembered { bookmarks: Vec::new(), consent }));
        bench.persist_identity();
        bench
    };
    let consent = UserConsent::new(2, 1_234);
    let mut known = scale(consent);
    assert_eq!(known.written, [(uuids::USER_CONTROL_POINT, vec![2, 2, 0xD2, 0x04])]);
    known.feed(Input::Value(USERS, vec![0x20, 2, 1]));
    assert!(known.events.contains(&Event::ConsentAnswered(true)));
    let mut new = scale(None);
    assert!(new.written.is_empty() && new.events.contains(&Event::ConsentWanted));
    new.feed(Input::Consent(consent.unwrap()));
    assert_eq!(new.written.len(), 1);
    new.feed(Input::Value(USERS, vec![0x20, 2, 5]));
    assert!(new.events.contains(&Event::ConsentAnswered(false)));
    assert!(!format!("{:?}", new.events).contains("1234"));
}

#[test]
fn a_device_without_a_clock_gives_readings_with_the_time_of_receipt() {
    let no_clock = &[(uuids::BLOOD_PRESSURE_SERVICE, &[uuids::BLOOD_PRESSURE_MEASUREMENT] as &[Uuid])];
    let mut bench = Bench::of(no_clock, |config| config.event_driven = true, |bench| bench.durable = true);
    bench.feed(Input::Value(PRESSURE, vec![0x00, 120, 0, 80, 0, 93, 0]));
    assert_eq!(bench.readings()[0].time.method, TimeMethod::Receipt);
    bench.feed(Input::Value(PRESSURE, pressure(0)));
    assert_eq!(bench.readings()[1].time.method, TimeMethod::DeviceClockUnverified);
}
