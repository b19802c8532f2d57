//! Fetching stored records, as a meter and a store would see it: in virtual time, without either.
//! Not here: what a record says; that stands beside the profiles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use bedside_gatt::generic_health::{Observation, ObservationValue, Quantity as Sent, StoredObservation, split};
use bedside_gatt::uuids;
use bedside_session::*;
use bedside_vitals::{Decimal, GlucoseDetails, LinkState, Meal, Measurement, QualityFlag, TimeMethod};
use common::meter::{METER, Meter, Stored};
use common::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

fn bench(meter: Meter) -> Bench {
    Bench::of(
        METER,
        |config| config.event_driven = true,
        |bench| {
            bench.meter = meter;
            bench.durable = true;
        },
    )
}

/// The store's bookmark, as the last durable commit left it.
fn stored_bookmark(bench: &Bench) -> Option<Bookmark> {
    bench.events.iter().rev().find_map(|event| match event {
        Event::Packet(packet) => packet.bookmark,
        Event::Fetched(fetched) => Some(fetched.bookmark),
        _ => None,
    })
}

/// A new program, hours later, on the same store.
fn later(before: Bench, meter: Meter) -> Bench {
    let bookmark = stored_bookmark(&before);
    Bench::of(
        METER,
        |config| config.event_driven = true,
        |bench| {
            bench.meter = meter;
            bench.durable = true;
            let bookmarks = bookmark.into_iter().collect();
            bench.feed(Input::Remembered(Remembered { bookmarks, consent: None }));
        },
    )
}

fn numbers(bench: &Bench) -> Vec<u16> {
    bench
        .packets()
        .iter()
        .filter(|packet| packet.address.characteristic == uuids::GLUCOSE_MEASUREMENT)
        .map(|packet| u16::from_le_bytes([packet.bytes[1], packet.bytes[2]]))
        .collect()
}

const OXIMETRY: Uuid = uuids::PULSE_OXIMETER_SERVICE;
const HEALTH: Uuid = uuids::GENERIC_HEALTH_SENSOR_SERVICE;
const RECORDS: Uuid = uuids::RECORD_ACCESS_CONTROL_POINT;
const OXIMETER: &[(Uuid, &[Uuid])] = &[(OXIMETRY, &[uuids::SPOT_CHECK_OXIMETRY, RECORDS])];

/// A device with a memory that the test speaks for.
fn spoken_for(services: &[(Uuid, &[Uuid])]) -> Bench {
    Bench::of(
        services,
        |_| {},
        |bench| {
            bench.durable = true;
            bench.meter.mute = true;
        },
    )
}

/// A stored observation of 37 degrees without a time.
fn observation(record_number: u32) -> Vec<u8> {
    let value = ObservationValue::Numeric(Sent { unit: 6_048, value: Decimal::whole(37).into() });
    let observation = Observation { kind: Some(150_364), ..Observation::new(value) };
    StoredObservation { record_number, observation }.encode().unwrap()
}

const fn at(service: Uuid, characteristic: Uuid) -> CharacteristicAddress {
    CharacteristicAddress { service, characteristic }
}

const fn control_point(service: Uuid) -> CharacteristicAddress {
    at(service, RECORDS)
}

fn results(bench: &Bench) -> Vec<String> {
    bench.fetched().iter().map(|fetched| fetched.to_string()).collect()
}

#[test]
fn all_records_are_counted_fetched_and_compared() {
    let bench = bench(Meter::with(0..57));
    assert_eq!(results(&bench), ["complete 57"]);
    assert_eq!(numbers(&bench), (0..57).collect::<Vec<_>>());
    assert_eq!(bench.meter.asked, [vec![4, 1], vec![1, 1]]);
}

#[test]
fn subscriptions_of_records_contexts_and_control_point_stand_before_the_first_request() {
    let bench = bench(Meter::with(0..1));
    let first_write = bench.done.iter().position(|done| done.starts_with("write")).unwrap();
    let before: Vec<&String> = bench.done[..first_write].iter().filter(|done| done.starts_with("subscribe")).collect();
    for number in ["2a18", "2a34", "2a52"] {
        assert!(before.iter().any(|done| done.contains(number)), "{number} in {before:?}");
    }
}

#[test]
fn the_next_fetch_begins_with_the_last_stored_record_and_brings_only_new_ones() {
    let first = bench(Meter::with(0..57));
    let second = later(first, Meter::with(0..60));
    assert_eq!(second.meter.asked, [vec![4, 3, 1, 56, 0], vec![1, 3, 1, 56, 0]]);
    assert_eq!(numbers(&second), [57, 58, 59]);
    assert_eq!(results(&second), ["complete 3"]);
}

#[test]
fn nothing_new_is_complete_with_nothing() {
    let second = later(bench(Meter::with(0..57)), Meter::with(0..57));
    assert_eq!(results(&second), ["complete 0"]);
    assert!(numbers(&second).is_empty());
}

#[test]
fn an_empty_memory_is_complete() {
    assert_eq!(results(&bench(Meter::with([]))), ["complete 0"]);
    let cannot_count = Meter { cannot_count: true, ..Meter::with([]) };
    assert_eq!(results(&bench(cannot_count)), ["complete 0"]);
}

#[test]
fn a_record_that_is_missing_is_said_and_asked_for_again() {
    let first = bench(Meter { lost: BTreeSet::from([20]), ..Meter::with(0..57) });
    assert_eq!(results(&first), ["incomplete: 56 of 57"]);
    let second = later(first, Meter::with(0..57));
    assert_eq!(second.meter.asked[0], [4, 1], "nothing was complete yet");
    assert!(numbers(&second).contains(&20));
    assert_eq!(results(&second), ["complete 57"]);
}

#[test]
fn a_broken_link_is_resumed_after_the_last_durable_record() {
    let mut bench = bench(Meter { break_after: Some(41), ..Meter::with(0..57) });
    assert_eq!(results(&bench), ["incomplete: 41 of 57"]);
    assert_eq!(bench.fetched()[0].shortfall, Some(Shortfall::LinkLost));
    assert_eq!(bench.session.link(), LinkState::Lost);
    bench.feed(Input::Advertised);
    assert_eq!(numbers(&bench), (0..57).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(results(&bench)[1], "complete 57");
}

#[test]
fn a_new_program_resumes_where_the_store_stands() {
    let first = bench(Meter { break_after: Some(41), ..Meter::with(0..57) });
    let second = later(first, Meter::with(0..57));
    assert_eq!(numbers(&second), (41..57).collect::<Vec<_>>());
    assert_eq!(results(&second), ["complete 57"]);
}

#[test]
fn what_was_lost_before_a_broken_link_is_noticed_after_it() {
    let first = bench(Meter { break_after: Some(41), lost: BTreeSet::from([3]), ..Meter::with(0..57) });
    let second = later(first, Meter::with(0..57));
    assert_eq!(results(&second), ["incomplete: 56 of 57"]);
    let third = later(second, Meter::with(0..57));
    assert_eq!(results(&third), ["complete 57"]);
}

#[test]
fn a_cleared_memory_is_read_from_its_beginning() {
    let second = later(bench(Meter::with(0..57)), Meter::with(0..3));
    assert_eq!(numbers(&second), [0, 1, 2]);
    assert_eq!(results(&second), ["complete 3"]);
}

#[test]
fn a_known_number_with_another_time_is_another_memory() {
    let mut replaced = Meter::with(0..80);
    for record in &mut replaced.records {
        record.day += 1;
    }
    let second = later(bench(Meter::with(0..57)), replaced);
    assert_eq!(results(&second), ["complete 80"]);
    let all: BTreeSet<u16> = numbers(&second).into_iter().collect();
    assert_eq!(all, (0..80).collect());
}

#[test]
fn numbers_at_their_end_are_not_asked_from() {
    let second = later(bench(Meter::with([65_534, 65_535])), Meter::with([0, 1, 65_535]));
    assert_eq!(second.meter.asked[0], [4, 1]);
    assert_eq!(results(&second), ["complete 3"]);
}

#[test]
fn a_meter_that_cannot_begin_at_a_number_gives_everything_again() {
    let second = later(bench(Meter::with(0..5)), Meter { cannot_begin_at: true, ..Meter::with(0..6) });
    assert_eq!(results(&second), ["complete 6"]);
}

#[test]
fn a_meter_that_cannot_count_is_complete_by_its_own_word() {
    let bench = bench(Meter { cannot_count: true, ..Meter::with(0..5) });
    assert_eq!(results(&bench), ["complete 5"]);
    assert_eq!(bench.fetched()[0].expected, None);
}

#[test]
fn a_busy_meter_is_asked_again_later_and_given_up_in_the_end() {
    let mut patient = bench(Meter { busy: 2, ..Meter::with(0..5) });
    for _ in 0..2 {
        assert_eq!(patient.session.poll_timeout().map(|(_, reason)| reason), Some(TimeoutReason::Busy));
        patient.pass(Duration::from_secs(5));
    }
    assert_eq!(results(&patient), ["complete 5"]);
    let mut hopeless = bench(Meter { busy: 100, ..Meter::with(0..5) });
    for _ in 0..20 {
        hopeless.pass(Duration::from_secs(5));
    }
    assert_eq!(hopeless.fetched()[0].shortfall, Some(Shortfall::Busy));
}

#[test]
fn a_procedure_that_the_meter_could_not_complete_is_incomplete_whatever_came() {
    let bench = bench(Meter { end_code: Some(8), ..Meter::with(0..5) });
    assert_eq!(bench.fetched()[0].shortfall, Some(Shortfall::NotCompleted));
    assert_eq!(results(&bench), ["incomplete: 5 of 5"]);
}

#[test]
fn each_record_has_its_own_deadline_and_what_came_before_silence_is_kept() {
    let mut bench = bench(Meter { silent_after: Some(41), ..Meter::with(0..57) });
    bench.pass(Duration::from_secs(29));
    assert!(bench.fetched().is_empty());
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.fetched()[0].shortfall, Some(Shortfall::Silent));
    assert_eq!((results(&bench)[0].as_str(), numbers(&bench).len()), ("incomplete: 41 of 57", 41));
    assert_eq!(bench.did("disconnect"), 1);
}

#[test]
fn a_slow_store_is_not_the_meters_silence() {
    let mut bench = bench(Meter::default());
    bench.durable = false;
    bench.meter = Meter::with(0..3);
    bench.feed(Input::FetchRecords);
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.did("disconnect"), 0);
    while let Some(persist) = bench.packets().last().map(|packet| packet.persist) {
        let packets = bench.packets().len();
        bench.feed(Input::Persisted(persist));
        if bench.packets().len() == packets {
            break;
        }
    }
    assert_eq!(results(&bench).last().map(String::as_str), Some("complete 3"));
}

#[test]
fn each_record_is_durable_before_the_next_one_is_touched() {
    let mut bench = bench(Meter::default());
    bench.durable = false;
    bench.meter = Meter::with(0..3);
    bench.feed(Input::FetchRecords);
    assert_eq!(bench.packets().len(), 1);
    let first = bench.packets()[0].persist;
    bench.feed(Input::Persisted(first));
    assert_eq!(bench.packets().len(), 2);
}

#[test]
fn a_person_can_stop_a_fetch_and_what_came_is_kept() {
    let mut bench = bench(Meter { silent_after: Some(2), ..Meter::with(0..57) });
    bench.feed(Input::AbortRecords);
    assert_eq!(bench.meter.asked.last().unwrap(), &[3, 0]);
    assert_eq!(bench.fetched()[0].shortfall, Some(Shortfall::Aborted));
    assert_eq!(results(&bench), ["incomplete: 2 of 57"]);
    assert_eq!(bench.session.link(), LinkState::Linked);
}

#[test]
fn contexts_join_their_records_however_late_they_come() {
    for contexts_last in [false, true] {
        let records = (0..4).map(|number| Stored { number, day: 5, context: number % 2 == 0 }).collect();
        let bench = bench(Meter { records, contexts_last, ..Meter::default() });
        let mut meals = [None; 4];
        for packet in bench.packets() {
            for content in packet.content.as_ref().unwrap() {
                let Content::Measurement(reading) = content else { panic!("expected a reading, got {content:?}") };
                let number = usize::from(u16::from_le_bytes([packet.bytes[1], packet.bytes[2]]));
                meals[number] = reading.glucose.and_then(|GlucoseDetails { meal, .. }| meal);
            }
        }
        assert_eq!(meals, [Some(Meal::Before), None, Some(Meal::Before), None], "contexts last: {contexts_last}");
        assert_eq!(numbers(&bench).len(), 4, "each record is decoded once");
        assert_eq!(results(&bench), ["complete 4"]);
    }
}

#[test]
fn a_record_whose_context_got_lost_with_the_link_is_kept() {
    let records = vec![Stored { number: 0, day: 5, context: true }, Stored { number: 1, day: 6, context: false }];
    let bench = bench(Meter { records, contexts_last: true, break_after: Some(1), ..Meter::default() });
    assert_eq!(numbers(&bench), [0]);
    assert_eq!(results(&bench), ["incomplete: 1 of 2"]);
}

#[test]
fn a_model_that_counts_backwards_is_always_fetched_whole() {
    let taidoc = |meter| {
        Bench::of(
            METER,
            |config| config.name = Some("TAIDOC TD4257".into()),
            |bench| {
                bench.meter = meter;
                bench.durable = true;
            },
        )
    };
    // All of one time: their places tell them apart.
    let records = (0..4).map(|number| Stored { number, day: 5, context: false }).collect();
    let first = taidoc(Meter { records, ..Meter::default() });
    assert_eq!(results(&first), ["complete 4"]);
    let mut again = first;
    again.feed(Input::FetchRecords);
    assert_eq!(again.meter.asked.last().unwrap(), &[1, 1]);
    assert_eq!(results(&again)[1], "complete 4");
    let identities: Vec<_> = again.readings().iter().map(|reading| reading.identity).collect();
    assert_eq!(identities[..4], identities[4..], "each is the same reading as before");
    assert_eq!(identities.iter().collect::<BTreeSet<_>>().len(), 4);
}

#[test]
fn records_fetched_again_are_the_same_readings_and_old_ones_without_a_time() {
    let mut bench = spoken_for(OXIMETER);
    let spot = vec![0, 97, 0, 66, 0];
    for _ in 0..2 {
        bench.feed(Input::Value(control_point(OXIMETRY), vec![5, 0, 2, 0]));
        for _ in 0..2 {
            bench.feed(Input::Value(at(OXIMETRY, uuids::SPOT_CHECK_OXIMETRY), spot.clone()));
        }
        bench.feed(Input::Value(control_point(OXIMETRY), vec![6, 0, 1, 1]));
        bench.feed(Input::FetchRecords);
    }
    assert_eq!(results(&bench), ["complete 2", "complete 2"]);
    let readings = bench.readings();
    let (first, again) = readings.split_at(4);
    let identities = |of: &[Measurement]| of.iter().map(|reading| (reading.parameter, reading.identity)).collect();
    let (first, again): (BTreeSet<_>, BTreeSet<_>) = (identities(first), identities(again));
    assert_eq!((first.len(), &first), (4, &again));
    let old = |reading: &Measurement| {
        reading.time.method == TimeMethod::Unknown && reading.quality.has(QualityFlag::FromStorage)
    };
    assert!(readings.iter().all(old));
}

#[test]
fn values_of_a_stream_do_not_keep_a_silent_memory_under_way() {
    let streaming = &[(OXIMETRY, &[uuids::CONTINUOUS_OXIMETRY, uuids::SPOT_CHECK_OXIMETRY, RECORDS] as &[Uuid])];
    let mut bench = spoken_for(streaming);
    for _ in 0..40 {
        bench.feed(Input::Value(at(OXIMETRY, uuids::CONTINUOUS_OXIMETRY), vec![0, 97, 0, 66, 0]));
        bench.pass(Duration::from_secs(1));
    }
    assert_eq!(bench.fetched()[0].shortfall, Some(Shortfall::Silent));
    assert_eq!((bench.session.link(), bench.did("disconnect")), (LinkState::Linked, 0), "the stream goes on");
    // It sends a record after all: that is no new value.
    bench.feed(Input::Value(at(OXIMETRY, uuids::SPOT_CHECK_OXIMETRY), vec![0, 97, 0, 66, 0]));
    assert_eq!(bench.readings().last().map(|reading| reading.time.method), Some(TimeMethod::Unknown));
}

#[test]
fn a_stored_observation_with_a_part_missing_has_not_come() {
    let sensor = &[(HEALTH, &[uuids::STORED_HEALTH_OBSERVATIONS, RECORDS] as &[Uuid])];
    let mut bench = spoken_for(sensor);
    bench.feed(Input::Value(control_point(HEALTH), vec![5, 0, 2, 0, 0, 0]));
    for (number, lost) in [(1, Some(1)), (2, None)] {
        let segments = split(&observation(number), 0, 8).into_iter().enumerate();
        for (_, segment) in segments.filter(|(place, _)| Some(*place) != lost) {
            bench.feed(Input::Value(at(HEALTH, uuids::STORED_HEALTH_OBSERVATIONS), segment));
        }
    }
    bench.feed(Input::Value(control_point(HEALTH), vec![6, 0, 1, 1]));
    assert_eq!(results(&bench), ["incomplete: 1 of 2"]);
    assert_eq!(bench.readings().len(), 1);
    assert!(bench.packets().iter().any(|packet| packet.content.is_err()), "what is missing is said");
}

#[test]
fn a_memory_that_does_not_show_the_record_it_is_known_by_is_read_from_its_beginning() {
    let second = later(bench(Meter::with(0..57)), Meter::with([20, 60, 61]));
    assert!(numbers(&second).contains(&20));
    assert_eq!(results(&second), ["complete 3"]);
}

#[test]
fn records_after_the_turn_of_the_numbers_are_fetched() {
    let second = later(bench(Meter::with([65_533, 65_534])), Meter::with([0, 1, 65_534, 65_535]));
    assert!(numbers(&second).contains(&0));
    assert_eq!(results(&second), ["complete 4"]);
}

#[test]
fn a_number_without_a_time_is_no_proof_of_the_same_memory() {
    let sensor = &[(HEALTH, &[uuids::STORED_HEALTH_OBSERVATIONS, RECORDS] as &[Uuid])];
    let mark = RecordMark { number: 2, base_time: None };
    let bookmark = Bookmark { service: HEALTH, complete: Some(mark), highest: Some(mark), since_complete: 0 };
    let mut bench = Bench::of(
        sensor,
        |_| {},
        |bench| {
            bench.durable = true;
            bench.meter.mute = true;
            bench.feed(Input::Remembered(Remembered { bookmarks: vec![bookmark], consent: None }));
        },
    );
    bench.feed(Input::Value(control_point(HEALTH), vec![5, 0, 1, 0, 0, 0]));
    let segment = split(&observation(2), 0, 64).remove(0);
    bench.feed(Input::Value(at(HEALTH, uuids::STORED_HEALTH_OBSERVATIONS), segment));
    bench.feed(Input::Value(control_point(HEALTH), vec![6, 0, 1, 1]));
    assert!(bench.fetched().is_empty());
    assert_eq!(bench.meter.asked.last().unwrap(), &[4, 1], "everything is asked for");
}

proptest! {
    #[test]
    fn whatever_the_air_does_every_record_arrives_in_the_end_and_none_is_asked_to_be_deleted(
        count in 0u16..40,
        breaks in proptest::collection::vec(0usize..40, 0..4),
        lost in proptest::collection::btree_set(0u16..40, 0..4),
    ) {
        let mut bench = bench(Meter { lost, ..Meter::default() });
        let records = Meter::with(0..count).records;
        bench.meter.records = records;
        for place in breaks.into_iter().map(Some).chain([None; 3]) {
            bench.meter.break_after = place;
            bench.feed(Input::LinkEnded);
            bench.feed(Input::Advertised);
        }
        let all: BTreeSet<u16> = numbers(&bench).into_iter().collect();
        prop_assert_eq!(all, (0..count).collect::<BTreeSet<_>>());
        prop_assert_eq!(bench.fetched().last().map(|fetched| fetched.shortfall), Some(None));
        prop_assert!(bench.meter.asked.iter().all(|octets| octets[0] != 2));
    }
}
