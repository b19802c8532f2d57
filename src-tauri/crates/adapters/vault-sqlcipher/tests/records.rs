//! Every kind of record comes back through the port as it was committed.
//! Not here: faults (`faults`), what a crash leaves (`kill`), and trends (`trends`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore, StoreFault};
use bedside_console::{Changes, SampleValues, StoredReading};
use bedside_outbox::{Outcome, RowId, RowState, RowUpdate};
use bedside_vitals::{
    ConnectionId, Decimal, DeviceTime, MeasuredValue, Parameter, Quality, QualityFlag, Quantity, ReadingId,
    ReadingIdentity, RecordNumber, TimeMethod, Unit, WallTime,
};
use std::time::Duration;
use support::*;
use uuid::Uuid;

macro_rules! answer {
    ($vault:expr, $query:expr, $kind:ident) => {
        match read($vault, $query).await {
            Answer::$kind(records) => records,
            other => panic!("{other:?}"),
        }
    };
}

const LATER: WallTime = WallTime(T0 + 400 * 86_400_000);

async fn maintain(vault: &bedside_vault_sqlcipher::Vault) {
    while vault.maintain(LATER, Duration::from_secs(9), None).await.unwrap().more {}
}

#[tokio::test]
async fn an_assigned_reading_is_the_patients_and_one_that_has_a_patient_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let changes = everything();
    let ids: Vec<ReadingId> = changes.readings.iter().map(|reading| reading.id).collect();
    vault.commit(changes).await.unwrap();
    let other = bedside_vitals::PatientId(Uuid::from_u128(77));
    let assignments = ids.iter().map(|id| (*id, other)).collect();
    vault.commit(Changes { assignments, ..Changes::default() }).await.unwrap();
    let whose = |id| move |reading: &StoredReading| (reading.id == id).then_some(reading.patient);
    let stored = readings(&vault).await;
    assert_eq!(stored.iter().find_map(whose(ids[0])), Some(Some(PATIENT)));
    assert_eq!(stored.iter().find_map(whose(ids[1])), Some(Some(other)));
}

#[tokio::test]
async fn an_assignment_that_comes_too_late_files_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let taken = reading(1, T0, Some(PATIENT));
    vault.commit(Changes { readings: vec![taken.clone()], ..Changes::default() }).await.unwrap();
    let row = everything().outbox.remove(0);
    let other = bedside_vitals::PatientId(Uuid::from_u128(77));
    let late = Changes {
        assignments: vec![(taken.id, other)],
        reading_rows: vec![(taken.id, row.clone())],
        ..Changes::default()
    };
    let receipt = vault.commit(late).await.unwrap();
    assert_eq!((receipt.already_known, receipt.ignored_rows), (vec![taken.id], vec![row.id]));
    assert!(answer!(&vault, Query::OutboxRows { states: RowState::ALL.to_vec(), limit: 9 }, OutboxRows).is_empty());
}

#[tokio::test]
async fn an_unassigned_reading_delivered_again_and_assigned_in_one_commit_is_filed() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let unassigned = reading(1, T0, None);
    vault.commit(Changes { readings: vec![unassigned.clone()], ..Changes::default() }).await.unwrap();
    let row = everything().outbox.remove(0);
    let both = Changes {
        readings: vec![unassigned.clone()],
        assignments: vec![(unassigned.id, PATIENT)],
        reading_rows: vec![(unassigned.id, row)],
        ..Changes::default()
    };
    let receipt = vault.commit(both).await.unwrap();
    assert_eq!((receipt.already_known, receipt.ignored_rows), (vec![], vec![]));
    assert_eq!(readings(&vault).await[0].patient, Some(PATIENT));
}

#[tokio::test]
async fn an_assignment_of_a_reading_that_has_no_place_yet_leaves_the_one_that_has_its_id_alone() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let stored = StoredReading { patient: None, ..at_place(0, 37) };
    vault.commit(Changes { readings: vec![stored.clone()], ..Changes::default() }).await.unwrap();
    let other = StoredReading { patient: None, ..at_place(0, 38) };
    let row = everything().outbox.remove(0);
    let both = Changes {
        readings: vec![other.clone()],
        assignments: vec![(other.id, PATIENT)],
        reading_rows: vec![(other.id, row.clone())],
        ..Changes::default()
    };
    let receipt = vault.commit(both).await.unwrap();
    assert_eq!((receipt.displaced, receipt.ignored_rows), (vec![(other.id, 1)], vec![row.id]));
    assert_eq!(readings(&vault).await, [stored]);
}

#[tokio::test]
async fn equal_values_of_a_clock_that_may_have_begun_anew_are_one_within_a_connection_and_two_across() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let live = |connection: u128| {
        let mut reading = at_place(0, 37);
        reading.measurement.time.method = TimeMethod::Unknown;
        reading.measurement.quality = Quality::GOOD;
        reading.frame = Some((ConnectionId(Uuid::from_u128(connection)), CHARACTERISTIC, 0));
        reading
    };
    let commit = async |reading: &StoredReading| {
        vault.commit(Changes { readings: vec![reading.clone()], ..Changes::default() }).await.unwrap().displaced
    };
    assert_eq!(commit(&live(1)).await, []);
    assert_eq!(commit(&live(1)).await, [], "delivered twice on one connection");
    assert_eq!(commit(&live(2)).await, [(live(2).id, 1)], "another start of the device's clock");
    let mut of_memory = live(3);
    of_memory.measurement.quality = Quality::GOOD.with(QualityFlag::FromStorage);
    assert_eq!(commit(&of_memory).await, [], "a memory counts its records");
}

#[tokio::test]
async fn the_binding_that_ended_last_is_known_of_each_device_and_patient() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let other = |id, until| bedside_console::Binding {
        patient: bedside_vitals::PatientId(Uuid::from_u128(77)),
        ..binding(id, until)
    };
    let bindings = vec![binding(6, Some(T0 + 9)), binding(7, Some(T0 + 5)), binding(8, None), other(9, Some(T0 + 7))];
    vault.commit(Changes { bindings, ..Changes::default() }).await.unwrap();
    let last = answer!(&vault, Query::LastBindings, Bindings);
    assert_eq!(last, [binding(6, Some(T0 + 9)), other(9, Some(T0 + 7))]);
}

#[tokio::test]
async fn readings_are_found_by_id_and_counted_without_a_patient() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let [first, second, third] = [(1, None), (2, Some(PATIENT)), (3, None)].map(|(n, whose)| reading(n, T0, whose));
    let readings = vec![first.clone(), second.clone(), third];
    vault.commit(Changes { readings, ..Changes::default() }).await.unwrap();
    assert_eq!(answer!(&vault, Query::UnassignedCount, Count), 2);
    let unknown = ReadingId(Uuid::from_u128(9));
    assert_eq!(answer!(&vault, Query::TheseReadings(vec![second.id, unknown, first.id]), Readings), [second, first]);
}

#[tokio::test]
async fn all_bindings_of_a_device_come_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let ended = binding(6, Some(T0 + 5));
    let lasting = bedside_console::Binding { since: WallTime(T0 + 9), ..binding(7, None) };
    vault.commit(Changes { bindings: vec![lasting.clone(), ended.clone()], ..Changes::default() }).await.unwrap();
    assert_eq!(answer!(&vault, Query::BindingsOf(DEVICE), Bindings), [ended, lasting]);
    let other = bedside_vitals::DeviceId(Uuid::from_u128(78));
    assert!(answer!(&vault, Query::BindingsOf(other), Bindings).is_empty());
}

#[tokio::test]
async fn a_rejected_frame_that_could_be_read_after_all_is_kept_as_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let changes = everything();
    let rejected = changes.frames[1].clone();
    vault.commit(changes).await.unwrap();
    let place = (rejected.connection, rejected.characteristic, rejected.index);
    vault.commit(Changes { accepted_frames: vec![place], ..Changes::default() }).await.unwrap();
    assert!(answer!(&vault, Query::Frames { device: None, rejected_only: true, limit: 9 }, Frames).is_empty());
    let status = answer!(&vault, Query::VaultStatus, VaultStatus);
    assert_eq!((status.frames, status.rejected_frames), (2, 0));
}

#[tokio::test]
async fn a_binding_is_found_by_a_time_within_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(Changes { bindings: vec![binding(6, Some(T0 + 5))], ..Changes::default() }).await.unwrap();
    let at = |at| Query::BindingAt(DEVICE, WallTime(at));
    assert!(answer!(&vault, at(T0 - 1), Bindings).is_empty());
    assert_eq!(answer!(&vault, at(T0), Bindings), [binding(6, Some(T0 + 5))]);
    assert!(answer!(&vault, at(T0 + 5), Bindings).is_empty());
}

#[tokio::test]
async fn every_record_comes_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let changes = everything();
    let receipt = vault.commit(changes.clone()).await.unwrap();
    assert_eq!((receipt.generation, receipt.already_known), (1, vec![]));
    vault.close().await.unwrap();
    let vault = opened(folder.path()).await;

    assert_eq!(answer!(&vault, Query::Patients, Patients), changes.patients);
    let by_number = |text| Query::PatientByRecordNumber(RecordNumber::new(text).unwrap());
    assert_eq!(answer!(&vault, by_number("MRN-4711"), Patients), changes.patients);
    assert!(answer!(&vault, by_number("MRN-4712"), Patients).is_empty());
    assert_eq!(answer!(&vault, Query::Devices, Devices), changes.devices);
    assert_eq!(answer!(&vault, Query::OpenBindings, Bindings), changes.bindings[..1]);
    let memories = answer!(&vault, Query::DeviceMemories, DeviceMemories);
    assert_eq!((memories.bookmarks, memories.consents), (changes.bookmarks.clone(), changes.consents.clone()));
    assert_eq!(answer!(&vault, Query::ClockSettings(DEVICE), ClockSettings), changes.clock_settings);
    assert_eq!(answer!(&vault, Query::Connections(DEVICE), Connections), changes.connections);
    assert_eq!(answer!(&vault, Query::Frames { device: None, rejected_only: false, limit: 9 }, Frames), changes.frames);
    let newest_first: Vec<_> = changes.readings.iter().rev().cloned().collect();
    assert_eq!(readings(&vault).await, newest_first);
    let all = Query::Samples { patient: None, since: None, until: None };
    assert_eq!(answer!(&vault, all, Samples), changes.samples);
    assert_eq!(
        answer!(&vault, Query::MinuteMedians { patient: Some(PATIENT), since: None }, MinuteMedians),
        changes.medians
    );
    let minute = changes.medians[0].minute;
    let since = |since| Query::MinuteMedians { patient: None, since: Some(since) };
    assert_eq!(answer!(&vault, since(minute), MinuteMedians), changes.medians);
    assert!(answer!(&vault, since(minute.plus_millis(1)), MinuteMedians).is_empty());
    let rows = Query::OutboxRows { states: vec![RowState::Waiting], limit: 9 };
    assert_eq!(answer!(&vault, rows, OutboxRows), changes.outbox);
    assert_eq!(answer!(&vault, Query::LastRun, LastRun), changes.run);
    let status = answer!(&vault, Query::VaultStatus, VaultStatus);
    assert_eq!((status.format, status.generation, status.patients, status.readings), (5, 1, 1, 2));
    assert_eq!((status.samples, status.frames, status.rejected_frames), (3, 2, 1));
    assert!(status.cipher.starts_with('4') && status.octets > 0);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn readings_are_found_by_patient_by_time_and_without_a_patient() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let stored = [reading(1, T0, Some(PATIENT)), reading(2, T0 + 1, None), reading(3, T0 + 2, Some(PATIENT))];
    vault.commit(Changes { readings: stored.to_vec(), ..Changes::default() }).await.unwrap();
    let ids = |patient, unassigned_only, since: Option<i64>, limit| {
        let query = Query::Readings { patient, unassigned_only, since: since.map(WallTime), limit };
        let vault = &vault;
        async move { answer!(vault, query, Readings).into_iter().map(|r| r.id).collect::<Vec<ReadingId>>() }
    };
    let [first, second, third] = stored.clone().map(|reading| reading.id);
    assert_eq!(ids(Some(PATIENT), false, None, 9).await, [third, first]);
    assert_eq!(ids(None, true, None, 9).await, [second]);
    assert_eq!(ids(None, false, Some(T0 + 1), 9).await, [third, second]);
    assert_eq!(ids(None, false, None, 1).await, [third]);
    let unknown = reading(4, T0, None).id;
    assert_eq!(answer!(&vault, Query::KnownReadings(vec![unknown, second]), KnownReadings), [second]);
}

#[tokio::test]
async fn a_second_delivery_is_reported_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let first = reading(1, T0, Some(PATIENT));
    vault.commit(Changes { readings: vec![first.clone()], ..Changes::default() }).await.unwrap();
    let again = reading(1, T0 + 60_000, None);
    let receipt = vault.commit(Changes { readings: vec![again], ..Changes::default() }).await.unwrap();
    assert_eq!((receipt.generation, receipt.already_known), (2, vec![first.id]));
    assert_eq!(readings(&vault).await, [first]);
}

/// One of the readings of a device time.
fn at_place(ordinal: u32, number: i64) -> StoredReading {
    let mut reading = reading(1, 0, Some(PATIENT));
    let base_time = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 6, second: 0 };
    reading.measurement.identity = ReadingIdentity::Ordinal { base_time, ordinal };
    let number = Decimal::whole(number).into();
    reading.measurement.value = MeasuredValue::Single(Quantity { number, unit: Unit::DegreeCelsius });
    reading.id = ReadingId::derive(reading.device, reading.measurement.parameter, &reading.measurement.identity);
    reading
}

#[tokio::test]
async fn another_reading_of_the_same_device_time_is_given_the_next_free_place() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let commit = async |reading: &StoredReading| {
        vault.commit(Changes { readings: vec![reading.clone()], ..Changes::default() }).await.unwrap()
    };
    assert_eq!(commit(&at_place(0, 37)).await.displaced, []);
    let other = at_place(0, 38);
    assert_eq!(commit(&other).await.displaced, [(other.id, 1)], "another value is another reading");
    assert_eq!(commit(&at_place(1, 38)).await.already_known, []);
    let again = commit(&other).await;
    assert_eq!((again.already_known, again.displaced), (vec![other.id], vec![]), "a second delivery is known");
    assert_eq!(readings(&vault).await.len(), 2);
}

#[tokio::test]
async fn samples_come_back_exactly_before_and_after_compaction() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let waveform =
        SampleValues::Even { start: WallTime(T0 + 3), hertz: 130, samples: (0..5000).map(|i| i * i % 997).collect() };
    let stored = vec![heart_rate(T0, (0..3000).map(|i| 60 + i % 9)), samples(Parameter::Electrocardiogram, waveform)];
    vault.commit(Changes { samples: stored.clone(), ..Changes::default() }).await.unwrap();
    let all = || Query::Samples { patient: Some(PATIENT), since: None, until: None };
    assert_eq!(answer!(&vault, all(), Samples), stored);
    maintain(&vault).await;
    assert_eq!(answer!(&vault, all(), Samples), stored);
    let part = Query::Samples { patient: None, since: Some(WallTime(T0 + 2000)), until: Some(WallTime(T0 + 4000)) };
    let part = answer!(&vault, part, Samples);
    assert_eq!(part[0].values, SampleValues::Timed(vec![(WallTime(T0 + 2000), 62), (WallTime(T0 + 3000), 63)]));
    let SampleValues::Even { samples, .. } = &part[1].values else { panic!("no waveform") };
    assert_eq!(samples.len(), 260);
}

#[tokio::test]
async fn frames_come_back_in_order_of_time_before_and_after_packing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let frames: Vec<_> = (0..500).map(|i| frame(i, (i % 50 == 7).then_some("too short"))).collect();
    vault.commit(Changes { frames: frames.clone(), ..Changes::default() }).await.unwrap();
    for _ in 0..2 {
        let query = |rejected_only, limit| Query::Frames { device: Some(DEVICE), rejected_only, limit };
        assert_eq!(answer!(&vault, query(false, 9999), Frames), frames);
        assert_eq!(answer!(&vault, query(false, 20), Frames), frames[..20]);
        let rejected: Vec<_> = frames.iter().filter(|frame| frame.rejection.is_some()).cloned().collect();
        assert_eq!(answer!(&vault, query(true, 9999), Frames), rejected);
        maintain(&vault).await;
    }
    let nobody = Query::Frames { device: Some(bedside_vitals::DeviceId(Uuid::nil())), rejected_only: false, limit: 9 };
    assert!(answer!(&vault, nobody, Frames).is_empty());
}

#[tokio::test]
async fn a_withdrawn_row_is_found_by_its_id_and_is_in_no_count() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let rows: Vec<_> = (0..2).map(|i| outbox_row(i, RowState::Waiting, T0 + i as i64)).collect();
    vault.commit(Changes { patients: vec![patient()], outbox: rows.clone(), ..Changes::default() }).await.unwrap();
    let outcome = Some(Outcome { status: 0, text: bedside_outbox::WITHDRAWN.into(), at: WallTime(T0 + 9) });
    let withdrawn =
        RowUpdate { id: rows[0].id, state: RowState::Held, attempts: 0, next_attempt: None, outcome, fact: None };
    vault.commit(Changes { outbox_updates: vec![withdrawn], ..Changes::default() }).await.unwrap();

    let counts = answer!(&vault, Query::OutboxCounts, OutboxCounts);
    assert_eq!((counts.count(RowState::Held), counts.count(RowState::Waiting)), (0, 1));
    assert_eq!(counts.oldest_open, Some(rows[1].created));
    let every = answer!(&vault, Query::OutboxRows { states: RowState::ALL.to_vec(), limit: 9 }, OutboxRows);
    assert_eq!(every.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[1].id]);
    let found = answer!(&vault, Query::TheseRows(vec![rows[0].id, RowId(Uuid::max())]), OutboxRows);
    assert!(matches!(&found[..], [row] if row.is_withdrawn()));
}

#[tokio::test]
async fn a_stored_withdrawal_outlives_the_answer_to_a_try_that_began_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let row = outbox_row(1, RowState::Waiting, T0);
    let said = |text: &str| Some(Outcome { status: 0, text: text.into(), at: WallTime(T0 + 9) });
    let update = |state, attempts, outcome| Changes {
        outbox_updates: vec![RowUpdate { id: row.id, state, attempts, next_attempt: None, outcome, fact: None }],
        ..Changes::default()
    };
    vault.commit(Changes { outbox: vec![row.clone()], ..Changes::default() }).await.unwrap();
    vault.commit(update(RowState::Held, 0, said(bedside_outbox::WITHDRAWN))).await.unwrap();
    for late in [
        update(RowState::Waiting, 1, said("503")),
        update(RowState::Accepted, 1, said("201")),
        update(RowState::Held, 1, said("refused")),
    ] {
        vault.commit(late).await.unwrap();
        let found = answer!(&vault, Query::TheseRows(vec![row.id]), OutboxRows);
        assert!(matches!(&found[..], [row] if row.is_withdrawn()), "{found:?}");
    }
    vault.check().await.unwrap();
}

#[tokio::test]
async fn the_outbox_keeps_order_counts_states_and_takes_updates() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let rows: Vec<_> = (0..4).map(|i| outbox_row(i, RowState::Waiting, T0 + i as i64)).collect();
    vault.commit(Changes { patients: vec![patient()], outbox: rows.clone(), ..Changes::default() }).await.unwrap();
    let outcome = Outcome { status: 201, text: "created".into(), at: WallTime(T0 + 99) };
    let update = |id, state, outcome| RowUpdate {
        id: RowId(Uuid::from_u128(id)),
        state,
        attempts: 1,
        next_attempt: Some(WallTime(T0 + 500)),
        outcome,
        fact: None,
    };
    let updates = vec![update(0, RowState::Accepted, Some(outcome.clone())), update(2, RowState::Refused, None)];
    let again = outbox_row(1, RowState::Held, T0 + 9);
    vault.commit(Changes { outbox: vec![again], outbox_updates: updates, ..Changes::default() }).await.unwrap();

    let open = Query::OutboxRows { states: vec![RowState::Refused, RowState::Waiting], limit: 2 };
    let open = answer!(&vault, open, OutboxRows);
    assert_eq!(open.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[1].id, rows[2].id]);
    assert_eq!((open[0].state, open[1].attempts), (RowState::Waiting, 1));
    let accepted = answer!(&vault, Query::OutboxRows { states: vec![RowState::Accepted], limit: 9 }, OutboxRows);
    assert_eq!(accepted[0].outcome, Some(outcome));
    let counts = answer!(&vault, Query::OutboxCounts, OutboxCounts);
    let [waiting, refused, accepted, held] =
        [RowState::Waiting, RowState::Refused, RowState::Accepted, RowState::Held].map(|state| counts.count(state));
    assert_eq!((waiting, refused, accepted, held), (2, 1, 1, 0));
    assert_eq!((counts.oldest_open, counts.last_accepted), (Some(WallTime(T0 + 1)), Some(WallTime(T0 + 99))));
    let activity = answer!(&vault, Query::PatientActivity, PatientActivity);
    assert_eq!((activity[0].patient, activity[0].unsent), (PATIENT, 3));
}

#[tokio::test]
async fn last_values_take_the_newest_of_readings_and_samples() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let changes = Changes {
        patients: vec![patient()],
        readings: vec![reading(1, T0, Some(PATIENT)), reading(2, T0 + 10, Some(PATIENT)), reading(3, T0 + 99, None)],
        samples: vec![heart_rate(T0, [70, 71, 75])],
        ..Changes::default()
    };
    vault.commit(changes).await.unwrap();
    let last = answer!(&vault, Query::LastValues(PATIENT), LastValues);
    let seen: Vec<_> = last.iter().map(|r| (r.measurement.parameter, r.measurement.time.at)).collect();
    let expected = [(Parameter::HeartRate, WallTime(T0 + 2000)), (Parameter::BodyTemperature, WallTime(T0 + 10))];
    assert_eq!(seen, expected);
    assert_eq!(last[0].frame, None);
    let activity = answer!(&vault, Query::PatientActivity, PatientActivity);
    assert_eq!(activity[0].last_value, Some(WallTime(T0 + 2000)));
}

#[tokio::test]
async fn the_last_run_is_the_one_before_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    assert_eq!(answer!(&vault, Query::LastRun, LastRun), None);
    vault.commit(Changes { run: Some(run(1, false)), ..Changes::default() }).await.unwrap();
    assert_eq!(answer!(&vault, Query::LastRun, LastRun), None);
    vault.close().await.unwrap();
    let vault = opened(folder.path()).await;
    vault.commit(Changes { run: Some(run(2, false)), ..Changes::default() }).await.unwrap();
    assert_eq!(answer!(&vault, Query::LastRun, LastRun), Some(run(1, false)));
}

#[tokio::test]
async fn a_reader_sees_commits_and_may_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let reader = bedside_vault_sqlcipher::Vault::in_folder(folder.path());
    reader.open(unlock(), OpenMode::Reader).await.unwrap();
    vault.commit(everything()).await.unwrap();
    assert_eq!(readings(&reader).await.len(), 2);
    assert_eq!(reader.commit(everything()).await, Err(StoreFault::ReadOnly));
    vault.close().await.unwrap();
    assert_eq!(readings(&reader).await.len(), 2);
    reader.close().await.unwrap();
    reader.open(unlock(), OpenMode::Reader).await.unwrap();
    assert_eq!(readings(&reader).await.len(), 2);
}

#[tokio::test]
async fn an_empty_commit_is_counted_and_the_generation_has_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    for generation in 1..=5 {
        assert_eq!(vault.commit(Changes::default()).await.unwrap().generation, generation);
        maintain(&vault).await;
    }
}

#[tokio::test]
async fn retention_takes_raw_frames_alone() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let before = answer!(&vault, Query::VaultStatus, VaultStatus);
    assert!(before.frames > 0 && before.rejected_frames > 0 && before.readings > 0 && before.samples > 0);
    while vault.maintain(LATER, Duration::from_secs(9), Some(LATER)).await.unwrap().more {}
    let after = answer!(&vault, Query::VaultStatus, VaultStatus);
    assert_eq!((after.frames, after.rejected_frames), (0, 0));
    assert_eq!((after.readings, after.samples), (before.readings, before.samples));
    let all = Query::Frames { device: None, rejected_only: false, limit: usize::MAX };
    assert!(answer!(&vault, all, Frames).is_empty());
    assert_eq!(readings(&vault).await.len() as u64, before.readings);
    assert!(!answer!(&vault, Query::MinuteMedians { patient: None, since: None }, MinuteMedians).is_empty());
}
