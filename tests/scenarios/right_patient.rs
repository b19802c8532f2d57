//! The right patient (product law 5) when a device goes from one to the next: what was measured for one, by a guest, or
//! nobody knows when, is not charted for the other. Not here: ordinary bindings (`binding`) and the inbox (`inbox`).
use crate::harness::*;
use crate::staged_radio::Hand;
use crate::store_faults::{FULL, with_trouble};
use bedside_console::ports::{Answer, Machine, Query};
use bedside_console::{Binding, Changes, StoredReading, WhyUnassigned};
use bedside_simulated_ward::Act;
use bedside_vitals::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use uuid::Uuid;

const WEIGHT: u16 = 0x2A9D;
const PRESSURE: u16 = 0x2A35;
const SPOT_CHECK: u16 = 0x2A5E;

/// No time that a device can have kept.
const YEAR_1990: [u8; 2] = 1990u16.to_le_bytes();

async fn pressures(bedside: &Bedside) -> Vec<StoredReading> {
    let mut found = bedside.readings().await;
    found.retain(|reading| reading.measurement.parameter == Parameter::BloodPressure);
    found.sort_by_key(|reading| reading.measurement.time.at);
    found
}

async fn weighings(bedside: &Bedside) -> Vec<StoredReading> {
    let mut found = bedside.readings().await;
    found.retain(|reading| reading.measurement.parameter == Parameter::BodyWeight);
    found.sort_by_key(|reading| reading.measurement.time.received);
    found
}

async fn measure_and_deliver(bedside: &Bedside, device: &str) {
    bedside.ward.act(device, Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(90)).await;
}

async fn weigh(bedside: &Bedside) {
    bedside.ward.act("scale-1", Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(20)).await;
}

async fn why(bedside: &Bedside, reading: ReadingId) -> WhyUnassigned {
    let inbox = bedside.console.inbox().await.unwrap();
    inbox.iter().find(|one| one.unassigned.reading.id == reading).expect("it is in the inbox").unassigned.why
}

#[tokio::test(start_paused = true)]
async fn what_a_cuff_measured_for_one_patient_and_delivers_to_the_next_is_not_the_nexts() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let (rosa, ruth) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.bind("cuff-1", &rosa).await;
    bedside.pass(Duration::from_secs(90)).await;
    let before: BTreeSet<ReadingId> = pressures(&bedside).await.iter().map(|reading| reading.id).collect();
    let device = pressures(&bedside).await[0].device;

    bedside.ward.set_out_of_reach("cuff-1", true).unwrap();
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(45)).await;
    bedside.console.unbind(device).await.unwrap();
    let ended = bedside.machine.wall();
    bedside.ward.set_out_of_reach("cuff-1", false).unwrap();
    bedside.bind("cuff-1", &ruth).await;
    bedside.pass(Duration::from_secs(20)).await;

    let late: Vec<StoredReading> =
        pressures(&bedside).await.into_iter().filter(|reading| !before.contains(&reading.id)).collect();
    assert!(!late.is_empty(), "the cuff kept it and delivered it");
    for reading in late.iter().filter(|reading| reading.measurement.time.at < ended) {
        assert!(ended.millis_since(reading.measurement.time.at) < 5 * 60_000, "it is within the grace of a binding");
        assert_eq!(reading.patient, None);
        assert_eq!(why(&bedside, reading.id).await, WhyUnassigned::MeasuredFor(rosa.id));
    }
    assert!(late.iter().any(|reading| reading.measurement.time.at < ended));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_earlier_patients_hold_on_a_device_is_known_after_a_restart() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let (rosa, ruth) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.bind("cuff-1", &rosa).await;
    bedside.pass(Duration::from_secs(90)).await;
    let (device, before) = (pressures(&bedside).await[0].device, pressures(&bedside).await.len());
    // As if the cuff had been the first patient's up to a minute after the restart.
    let since = bedside.machine.wall();
    let until = Some(since.plus_millis(60_000));
    let id = Uuid::from_u128(41);
    let held = Binding { id, device, patient: rosa.id, since, not_before: since, until, user_slot: None };
    bedside.store.commit(Changes { bindings: vec![held], ..Changes::default() }).await.unwrap();
    bedside.close().await;

    let bedside = laptop.start("calm", Options::default()).await;
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.bind("cuff-1", &ruth).await;
    bedside.pass(Duration::from_secs(20)).await;
    let new: Vec<StoredReading> = pressures(&bedside).await.into_iter().skip(before).collect();
    let early = new.iter().filter(|reading| reading.measurement.time.at.millis_since(since) < 50_000);
    let early: Vec<Option<PatientId>> = early.map(|reading| reading.patient).collect();
    assert!(!early.is_empty());
    assert!(early.iter().all(Option::is_none), "{early:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_guest_on_the_scale_is_not_charted_before_nor_after_the_patients_slot_is_confirmed() {
    let (laptop, hand) = (Laptop::new(), Hand::default());
    let bedside = laptop.start("calm", Options { radio: Some(hand.on()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    let user = |user: u8| {
        move |number: u16, bytes: &mut Vec<u8>| {
            if number == WEIGHT {
                bytes[10] = user;
            }
        }
    };
    hand.alter(user(0xFF));
    bedside.ward.act("scale-1", Act::Measure).unwrap();
    bedside.bind("scale-1", &patient).await;
    bedside.pass(Duration::from_secs(20)).await;
    hand.alter(user(2));
    weigh(&bedside).await;
    let of_slot = weighings(&bedside).await.pop().unwrap();
    bedside.console.confirm_user_slot(of_slot.device, 2).await.unwrap();
    weigh(&bedside).await;
    hand.alter(user(0xFF));
    weigh(&bedside).await;
    let all = weighings(&bedside).await;
    let whose: Vec<Option<PatientId>> = all.iter().map(|reading| reading.patient).collect();
    assert_eq!(whose, [None, Some(patient.id), Some(patient.id), None]);
    assert_eq!(why(&bedside, all[0].id).await, WhyUnassigned::UserUnknown);
    assert!(all[3].measurement.quality.has(QualityFlag::UserUnknown));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_without_a_user_is_not_charted_once_the_patients_slot_is_confirmed() {
    let (laptop, hand) = (Laptop::new(), Hand::default());
    let bedside = laptop.start("calm", Options { radio: Some(hand.on()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.ward.act("scale-1", Act::Measure).unwrap();
    bedside.bind("scale-1", &patient).await;
    bedside.pass(Duration::from_secs(20)).await;
    let of_slot = weighings(&bedside).await.pop().unwrap();
    let slot = of_slot.measurement.user_slot.unwrap();
    bedside.console.confirm_user_slot(of_slot.device, slot).await.unwrap();
    hand.alter(|number, bytes| {
        if number == WEIGHT {
            bytes[0] &= !0x04;
            bytes.remove(10);
        }
    });
    weigh(&bedside).await;
    let whose: Vec<Option<PatientId>> = weighings(&bedside).await.iter().map(|reading| reading.patient).collect();
    assert_eq!(whose, [Some(patient.id), None]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_says_no_possible_time_is_nobodys_until_a_person_says_whose_it_is() {
    let (laptop, hand) = (Laptop::new(), Hand::default());
    let bedside = laptop.start("calm", Options { radio: Some(hand.on()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    hand.alter(|number, bytes| {
        if number == SPOT_CHECK {
            bytes[5..7].copy_from_slice(&YEAR_1990);
        }
    });
    bedside.bind("spot-oximeter-1", &patient).await;
    measure_and_deliver(&bedside, "spot-oximeter-1").await;
    let mut readings = bedside.readings().await;
    readings.retain(|reading| reading.measurement.parameter == Parameter::OxygenSaturation);
    assert!(readings.len() >= 50, "got {}", readings.len());
    assert!(readings.iter().all(|reading| reading.measurement.time.method == TimeMethod::Unknown));
    assert!(readings.iter().all(|reading| reading.patient.is_none()));
    assert_eq!(why(&bedside, readings[0].id).await, WhyUnassigned::TimeUnknown);
    assert_eq!(bedside.console.assign(vec![readings[0].id], patient.id).await, Ok(1));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_without_a_time_takes_no_tile_from_one_that_has_a_time() {
    let (laptop, hand) = (Laptop::new(), Hand::default());
    let bedside = laptop.start("calm", Options { radio: Some(hand.on()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.bind("cuff-1", &patient).await;
    bedside.pass(Duration::from_secs(90)).await;
    let shown = bedside.tile(Parameter::BloodPressure).last.unwrap();
    assert_ne!(shown.method, TimeMethod::Unknown);
    hand.alter(|number, bytes| {
        if number == PRESSURE {
            bytes[7..9].copy_from_slice(&YEAR_1990);
        }
    });
    measure_and_deliver(&bedside, "cuff-1").await;
    let unknown = pressures(&bedside).await.into_iter().filter(|r| r.measurement.time.method == TimeMethod::Unknown);
    assert!(unknown.count() > 0);
    assert_eq!(bedside.tile(Parameter::BloodPressure).last.unwrap().at, shown.at);
    bedside.close().await;

    let bedside = laptop.start("calm", Options::default()).await;
    let Answer::LastValues(last) = bedside.console.query(Query::LastValues(patient.id)).await.unwrap() else {
        panic!("expected last values");
    };
    let last = last.iter().find(|reading| reading.measurement.parameter == Parameter::BloodPressure).unwrap();
    assert_eq!(last.measurement.time.at, shown.at, "nor after a start");
    bedside.close().await;
}

static SCALE_TROUBLE: AtomicU8 = AtomicU8::new(0);

#[tokio::test(start_paused = true)]
async fn a_slot_confirmed_while_its_readings_wait_for_the_disk_assigns_them() {
    let laptop = Laptop::new();
    let store = with_trouble(&SCALE_TROUBLE);
    let bedside = laptop.start("calm", Options { store: Some(store), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.ward.act("scale-1", Act::Measure).unwrap();
    bedside.bind("scale-1", &patient).await;
    SCALE_TROUBLE.store(FULL, Ordering::SeqCst);
    bedside.pass(Duration::from_secs(15)).await;
    assert!(weighings(&bedside).await.is_empty(), "it is not on the disk");
    let device = bedside.latest().bedside.as_ref().unwrap().devices[0].clone();
    let slot = device.procedures.user_slot_asked.expect("the scale named a user");
    SCALE_TROUBLE.store(0, Ordering::SeqCst);
    bedside.console.confirm_user_slot(device.device, slot).await.unwrap();
    let whose: Vec<Option<PatientId>> = weighings(&bedside).await.iter().map(|reading| reading.patient).collect();
    assert_eq!(whose, [Some(patient.id)]);
    let Answer::OutboxRows(rows) = bedside
        .console
        .query(Query::OutboxRows { states: bedside_outbox::RowState::ALL.to_vec(), limit: 99 })
        .await
        .unwrap()
    else {
        panic!("expected rows");
    };
    assert!(rows.iter().any(|row| row.payload.contains("29463-7")), "and it is filed");
    bedside.close().await;
}
