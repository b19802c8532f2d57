//! Servers that give ids themselves, keep their own audit log or hold another version; records of several people; what a
//! person decides about a record that was refused. One behaviour each, in steps of virtual time.
//! Not here: what each status makes of the rows (`answers`), long schedules of faults (`any_schedule`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{
    AuthorId, Dependants, Discard, EntryAnswer, Found, Lane, Naming, Outbox, OutboxRow, PauseReason, RowState,
    ServerCopy, ServerTraits, TryKind, TryResult,
};
use common::{ANNA, BEN, NOW, Store, entries, id, next_run, resource, row, status, step, with};

fn readings(last: u128) -> Vec<OutboxRow> {
    (1..=last).map(|n| row(n, "Observation", &[])).collect()
}

fn by(author: AuthorId, row: OutboxRow) -> OutboxRow {
    OutboxRow { measured_by: Some(author), ..row }
}

fn in_lane(lane: Lane, row: OutboxRow) -> OutboxRow {
    OutboxRow { lane, ..row }
}

fn discard(reason: &str) -> Discard {
    Discard { reason: reason.to_owned(), by: Some(ANNA), at: NOW }
}

fn copy(id: &str) -> ServerCopy {
    let address = "https://clinic.example/fhir".to_owned();
    ServerCopy { address, id: id.to_owned(), version: Some("1".to_owned()), modified: None }
}

#[test]
fn a_server_that_gives_ids_itself_is_learned_and_gets_each_record_by_its_identifier() {
    let (mut outbox, mut store) = with(readings(2));
    assert_eq!(step(&mut outbox, &mut store, entries(&[405, 405])), (TryKind::Send, Naming::OurId, vec![1, 2]));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Waiting; 2]);
    assert_eq!(outbox.server().our_ids, Some(false));
    assert_eq!(step(&mut outbox, &mut store, entries(&[201, 201])), (TryKind::Send, Naming::Identifier, vec![1, 2]));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Waiting; 2], "whether it has each once is not known yet");
    let found = |n, copies| Found { copies, server: Some(copy("17")), ..Found::one(resource(n)) };
    let (kind, naming, rows) = step(&mut outbox, &mut store, TryResult::Arrived(vec![found(1, 1), found(2, 2)]));
    assert_eq!((kind, naming, rows), (TryKind::AskWhichArrived, Naming::Identifier, vec![1, 2]));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Accepted, RowState::Refused]);
    assert_eq!(store.0[&id(1)].server, Some(copy("17")));
    assert!(store.0[&id(2)].is_conflict());
    assert!(store.0[&id(2)].outcome.as_ref().unwrap().text.contains("2 records"));
}

#[test]
fn words_about_ids_of_clients_tell_it_too() {
    let (mut outbox, mut store) = with(readings(1));
    let answer = EntryAnswer { refuses_our_id: true, ..EntryAnswer::new(400, String::new()) };
    step(&mut outbox, &mut store, TryResult::Entries(vec![answer]));
    assert_eq!((store.state(1), outbox.server().our_ids), (RowState::Waiting, Some(false)));
}

#[test]
fn a_405_after_a_record_went_by_our_id_is_about_that_record() {
    let (mut outbox, mut store) = with(readings(2));
    step(&mut outbox, &mut store, entries(&[201, 405]));
    assert_eq!((store.state(2), outbox.server().our_ids), (RowState::Refused, Some(true)));
}

#[test]
fn where_the_server_cannot_be_asked_its_word_that_it_took_a_record_stands() {
    let (mut outbox, mut store) = with(readings(1));
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    step(&mut outbox, &mut store, entries(&[201]));
    step(&mut outbox, &mut store, status(404));
    assert_eq!(store.state(1), RowState::Accepted);
}

#[test]
fn of_a_batch_that_cannot_be_asked_about_each_record_goes_once_more_alone() {
    let (mut outbox, mut store) = with(readings(2));
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    let named = |id: &str| EntryAnswer { server: Some(copy(id)), ..EntryAnswer::new(201, String::new()) };
    // The answers stand in each other's place.
    step(&mut outbox, &mut store, TryResult::Entries(vec![named("of 2"), named("of 1")]));
    step(&mut outbox, &mut store, status(404));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Waiting; 2]);
    for n in [1, 2] {
        let sent = step(&mut outbox, &mut store, TryResult::Entries(vec![named(&format!("of {n}"))]));
        assert_eq!(sent, (TryKind::Send, Naming::Identifier, vec![n]));
        step(&mut outbox, &mut store, status(404));
        assert_eq!(store.0[&id(n)].server, Some(copy(&format!("of {n}"))));
    }
}

#[test]
fn a_refusal_that_only_its_place_tells_of_is_seen_once_more_alone() {
    let (mut outbox, mut store) = with(readings(2));
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    step(&mut outbox, &mut store, entries(&[422, 201]));
    assert_eq!(store.state(1), RowState::Waiting);
    step(&mut outbox, &mut store, TryResult::Arrived(Vec::new()));
    while store.state(1) == RowState::Waiting {
        let attempt = outbox.poll(outbox.next_wake().unwrap().max(NOW)).unwrap();
        let result = match (attempt.kind, attempt.rows[..] == [id(1)]) {
            (TryKind::Send, true) => entries(&[422]),
            (TryKind::Send, false) => entries(&[201]),
            (TryKind::AskWhichArrived, _) => TryResult::Arrived(vec![Found::one(resource(2))]),
        };
        assert!(attempt.rows.len() == 1, "each in a request of its own");
        store.apply(attempt.updates);
        store.apply(outbox.handle(NOW, 7, result));
    }
    assert_eq!(store.state(1), RowState::Refused);
}

#[test]
fn where_questions_are_lost_for_the_time_being_a_record_is_known_by_what_is_found_and_by_nothing_else() {
    let (mut outbox, mut store) = with(readings(1));
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    // The name of another entry, whose place the answer gave to this one.
    let taken = || EntryAnswer { server: Some(copy("another")), ..EntryAnswer::new(201, String::new()) };
    step(&mut outbox, &mut store, TryResult::Entries(vec![taken()]));
    for _ in 0..3 {
        step(&mut outbox, &mut store, TryResult::NoWholeAnswer("cut".into()));
    }
    assert_eq!(store.state(1), RowState::Waiting);
    // Another goes meanwhile, and it is not sent a second time.
    let other = row(2, "Observation", &[]);
    store.put(other.clone());
    store.apply(outbox.add(other));
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])), (TryKind::Send, Naming::Identifier, vec![2]));
    step(&mut outbox, &mut store, TryResult::Arrived(vec![Found::one(resource(2))]));
    assert_eq!((store.state(1), store.state(2)), (RowState::Waiting, RowState::Accepted));
    let found = Found { server: Some(copy("17")), ..Found::one(resource(1)) };
    step(&mut outbox, &mut store, TryResult::Arrived(vec![found]));
    assert_eq!((store.state(1), &store.0[&id(1)].server), (RowState::Accepted, &Some(copy("17"))));
}

#[test]
fn a_record_that_the_server_took_and_never_shows_needs_a_person_in_the_end() {
    let (mut outbox, mut store) = with(readings(1));
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    let mut tries = 0;
    while store.state(1) != RowState::Refused {
        let attempt = outbox.poll(outbox.next_wake().unwrap().max(NOW)).unwrap();
        let result = match attempt.kind {
            TryKind::Send => entries(&[200]),
            TryKind::AskWhichArrived => TryResult::Arrived(Vec::new()),
        };
        store.apply(attempt.updates);
        store.apply(outbox.handle(NOW, 7, result));
        tries += 1;
        assert!(tries <= 20);
    }
}

#[test]
fn a_conflict_that_is_this_very_record_is_none() {
    let (mut outbox, mut store) = with(readings(1));
    step(&mut outbox, &mut store, entries(&[412]));
    let found = Found { server: Some(copy("1")), ..Found::one(resource(1)) };
    step(&mut outbox, &mut store, TryResult::Arrived(vec![found]));
    assert_eq!(store.state(1), RowState::Accepted, "the request came to the server twice");
}

/// A reading (1) of which the server has another version, and a note (2) that tells of it.
fn in_conflict() -> (Outbox, Store) {
    let (mut outbox, mut store) = with([row(1, "Observation", &[]), row(2, "Provenance", &[1])]);
    step(&mut outbox, &mut store, entries(&[412]));
    step(&mut outbox, &mut store, TryResult::Arrived(Vec::new()));
    assert_eq!((store.0[&id(1)].is_conflict(), store.state(2)), (true, RowState::Held));
    (outbox, store)
}

#[test]
fn a_conflict_can_wait_for_a_person_and_ours_then_goes_over_the_version_that_was_seen() {
    let (mut outbox, mut store) = in_conflict();
    assert_eq!(outbox.next_wake(), None);
    store.apply(outbox.send_over(id(1), "1/_history/4".to_owned()));
    assert_eq!(store.0[&id(1)].expects.as_deref(), Some("1/_history/4"));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Waiting; 2]);
    step(&mut outbox, &mut store, entries(&[200]));
    assert_eq!(store.state(1), RowState::Accepted);
}

#[test]
fn only_a_conflict_is_sent_over_the_servers_version() {
    let (mut outbox, mut store) = with(readings(1));
    step(&mut outbox, &mut store, entries(&[422]));
    assert!(outbox.send_over(id(1), "1/_history/4".to_owned()).is_empty());
}

#[test]
fn a_record_that_is_put_away_keeps_its_reason_and_is_not_sent() {
    let (mut outbox, mut store) = with(readings(1));
    assert!(outbox.discard(id(1), &discard("no"), Dependants::Release).is_empty(), "it may still be accepted");
    step(&mut outbox, &mut store, entries(&[422]));
    store.apply(outbox.discard(id(1), &discard("entered twice"), Dependants::Release));
    assert_eq!(store.0[&id(1)].discarded.as_ref().unwrap().reason, "entered twice");
    outbox.try_now();
    assert_eq!((store.state(1), outbox.next_wake()), (RowState::Discarded, None));
    assert_eq!(outbox.status().refused, 0);
}

/// A patient (1) who was refused, a reading (2) and what tells of it (3).
fn refused_patient() -> (Outbox, Store) {
    let rows = [row(1, "Patient", &[]), row(2, "Observation", &[1]), row(3, "Provenance", &[2])];
    let (mut outbox, mut store) = with(rows);
    step(&mut outbox, &mut store, entries(&[422]));
    assert_eq!([2, 3].map(|n| store.state(n)), [RowState::Held; 2]);
    (outbox, store)
}

#[test]
fn what_was_held_for_a_record_goes_without_it_also_in_the_next_run_when_a_person_says_so() {
    let (mut outbox, mut store) = refused_patient();
    store.apply(outbox.discard(id(1), &discard("wrong person"), Dependants::Release));
    assert_eq!([1, 2, 3].map(|n| store.state(n)), [RowState::Discarded, RowState::Waiting, RowState::Waiting]);
    let mut outbox = next_run(&mut store);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [2]);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [3]);
}

#[test]
fn what_was_held_for_a_record_is_put_away_with_it_when_a_person_says_so() {
    let (mut outbox, mut store) = refused_patient();
    store.apply(outbox.discard(id(1), &discard("wrong person"), Dependants::Discard));
    assert_eq!([1, 2, 3].map(|n| store.state(n)), [RowState::Discarded; 3]);
    assert_eq!(store.0[&id(3)].discarded.as_ref().unwrap().reason, "wrong person");
}

#[test]
fn a_new_reading_of_a_patient_who_was_put_away_is_held_and_goes_when_the_patient_is_taken_up_again() {
    let (mut outbox, mut store) = refused_patient();
    store.apply(outbox.discard(id(1), &discard("wrong person"), Dependants::Discard));
    let mut outbox = next_run(&mut store);
    let new = row(9, "Observation", &[1]);
    store.put(new.clone());
    store.apply(outbox.add(new));
    assert_eq!(store.state(9), RowState::Held);
    store.apply(outbox.retry(id(1)));
    assert_eq!([1, 9].map(|n| store.state(n)), [RowState::Waiting; 2]);
}

/// A patient (1) whose record number the server has already, and a reading (2).
fn known_number() -> (Outbox, Store) {
    let (mut outbox, mut store) = with([row(1, "Patient", &[]), row(2, "Observation", &[1])]);
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    step(&mut outbox, &mut store, entries(&[200]));
    (outbox, store)
}

#[test]
fn somebody_else_with_the_same_record_number_is_a_conflict_and_gets_no_reading() {
    let (mut outbox, mut store) = known_number();
    let found = Found { server: Some(copy("17")), is_another: true, ..Found::one(resource(1)) };
    step(&mut outbox, &mut store, TryResult::Arrived(vec![found]));
    assert!(store.0[&id(1)].is_conflict());
    assert_eq!(store.state(2), RowState::Held);
}

#[test]
fn that_the_server_had_a_patient_already_is_not_believed_without_a_look() {
    let (mut outbox, mut store) = known_number();
    step(&mut outbox, &mut store, status(404));
    assert_ne!(store.state(1), RowState::Accepted, "it cannot be asked whom it has");
    let mut tries = 0;
    while store.state(1) != RowState::Refused {
        let attempt = outbox.poll(outbox.next_wake().unwrap().max(NOW)).unwrap();
        assert_eq!(attempt.rows, [id(1)]);
        let asks = attempt.kind == TryKind::AskWhichArrived;
        store.apply(attempt.updates);
        store.apply(outbox.handle(NOW, 7, if asks { status(404) } else { entries(&[200]) }));
        tries += 1;
        assert!(tries <= 20);
    }
    assert_eq!(store.state(2), RowState::Held);
}

#[test]
fn a_patient_whose_version_at_the_server_was_kept_is_known_by_it_and_new_readings_go() {
    let (mut outbox, mut store) = known_number();
    let found = Found { server: Some(copy("17")), is_another: true, ..Found::one(resource(1)) };
    step(&mut outbox, &mut store, TryResult::Arrived(vec![found]));
    store.apply(outbox.keep_theirs(id(1), copy("17"), NOW));
    assert_eq!((store.state(1), store.0[&id(1)].server.clone()), (RowState::Accepted, Some(copy("17"))));
    assert_eq!(store.state(2), RowState::Waiting);
    let new = row(3, "Observation", &[1]);
    store.put(new.clone());
    store.apply(outbox.add(new));
    assert_eq!(store.state(3), RowState::Waiting);
    let (mut other, store) = refused_patient();
    assert!(other.keep_theirs(id(1), copy("17"), NOW).is_empty(), "it was no conflict");
    assert_eq!(store.state(1), RowState::Refused);
}

#[test]
fn what_is_not_permitted_to_one_person_stops_nobody_else() {
    for answer in [status(403), entries(&[403])] {
        let (mut outbox, mut store) = with([by(ANNA, row(1, "Observation", &[])), by(BEN, row(2, "Observation", &[]))]);
        step(&mut outbox, &mut store, answer);
        assert_eq!((store.state(1), outbox.status().pause), (RowState::Waiting, None));
        assert_eq!(outbox.status().not_permitted.unwrap().reason, PauseReason::Permission);
        assert_eq!(outbox.status().of_others, 0, "a sign-in would not help");
        assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [2]);
        assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Permission, "nothing else can go");
        outbox.token_came();
        assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [1]);
    }
}

#[test]
fn one_record_that_is_not_permitted_is_refused_alone_and_the_third_shuts_its_author_out() {
    let (mut outbox, mut store) = with(readings(1));
    step(&mut outbox, &mut store, entries(&[201]));
    for n in [2, 3, 4] {
        store.put(row(n, "Observation", &[]));
        store.apply(outbox.add(row(n, "Observation", &[])));
        step(&mut outbox, &mut store, entries(&[403]));
    }
    assert_eq!([2, 3, 4].map(|n| store.state(n)), [RowState::Refused, RowState::Refused, RowState::Waiting]);
    assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Permission);
}

#[test]
fn audit_entries_that_nobody_may_write_stop_nothing() {
    let (mut outbox, mut store) = with([in_lane(Lane::Audit, row(1, "AuditEvent", &[]))]);
    step(&mut outbox, &mut store, entries(&[403]));
    assert_eq!((store.state(1), outbox.status().pause), (RowState::Discarded, None));
    assert_eq!(outbox.server().audit_events, Some(false));
}

#[test]
fn a_record_that_the_server_has_under_another_name_is_not_sent_and_what_waits_for_it_goes() {
    let (mut outbox, mut store) = with([row(1, "Patient", &[]), row(2, "Observation", &[1])]);
    store.apply(outbox.known_as(id(1), copy("p-9"), NOW));
    assert_eq!((store.state(1), store.0[&id(1)].server.clone()), (RowState::Accepted, Some(copy("p-9"))));
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [2]);
    let (mut outbox, mut store) = refused_patient();
    store.apply(outbox.known_as(id(1), copy("p-9"), NOW));
    assert_eq!([2, 3].map(|n| store.state(n)), [RowState::Waiting; 2]);
}

#[test]
fn what_is_to_be_written_before_a_record_is_known_elsewhere_is_what_it_changes_and_changes_nothing_itself() {
    let (mut outbox, mut store) = refused_patient();
    let written = outbox.when_known_as(id(1), copy("p-9"), NOW);
    assert_eq!(outbox.when_known_as(id(1), copy("p-9"), NOW), written, "nothing is changed yet");
    let rows: Vec<_> = written.iter().map(|update| (update.id, update.state)).collect();
    assert_eq!(rows, [(id(1), RowState::Accepted), (id(2), RowState::Waiting), (id(3), RowState::Waiting)]);
    assert_eq!(outbox.known_as(id(1), copy("p-9"), NOW), written);
    store.apply(written);
    assert_eq!(outbox.when_known_as(id(1), copy("p-9"), NOW), []);
}

#[test]
fn a_server_that_keeps_its_own_audit_log_is_remembered_and_asked_no_more() {
    let event = |n| in_lane(Lane::Audit, row(n, "AuditEvent", &[]));
    let (mut outbox, mut store) = with([event(1), event(2), row(3, "Observation", &[])]);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [3], "audit entries come last");
    assert_eq!(step(&mut outbox, &mut store, entries(&[405])).2, [1], "and each alone");
    assert_eq!((store.state(1), store.state(2)), (RowState::Discarded, RowState::Discarded));
    assert_eq!((outbox.server().audit_events, outbox.next_wake()), (Some(false), None));
    store.put(event(4));
    store.apply(outbox.add(event(4)));
    assert_eq!(store.state(4), RowState::Discarded);
}

#[test]
fn a_request_with_an_audit_entry_that_is_refused_as_a_whole_stops_no_other() {
    for code in [403, 405, 501] {
        let event = |n| in_lane(Lane::Audit, row(n, "AuditEvent", &[]));
        let (mut outbox, mut store) = with([event(1), event(2), row(3, "Observation", &[])]);
        step(&mut outbox, &mut store, entries(&[201]));
        step(&mut outbox, &mut store, status(code));
        assert_eq!((store.state(1), store.state(2)), (RowState::Discarded, RowState::Discarded), "{code}");
        let said = outbox.status();
        assert_eq!((said.pause, said.not_permitted, said.last_fault), (None, None, None), "{code}");
        assert_eq!(outbox.server().audit_events, Some(false));
    }
}

#[test]
fn an_answer_to_an_audit_entry_that_may_be_of_the_moment_lets_it_rest_and_ends_nothing() {
    for code in [400, 404, 410] {
        let (mut outbox, mut store) = with([in_lane(Lane::Audit, row(1, "AuditEvent", &[]))]);
        step(&mut outbox, &mut store, status(code));
        assert_eq!((store.state(1), outbox.server().audit_events), (RowState::Waiting, None), "{code}");
        assert!(outbox.next_wake().unwrap() >= NOW.plus_millis(60_000), "{code}");
        assert_eq!(outbox.status().last_fault, None);
    }
}

#[test]
fn audit_entries_that_wait_are_in_no_count_and_refused_ones_are() {
    let (mut outbox, mut store) = with([in_lane(Lane::Audit, row(1, "AuditEvent", &[])), row(2, "Observation", &[])]);
    assert_eq!((outbox.status().waiting, outbox.status().progress.rows_left), (1, 1));
    step(&mut outbox, &mut store, entries(&[201]));
    assert!(outbox.has_open_audit());
    assert_eq!((outbox.status().waiting, outbox.status().progress.rows_left), (0, 0));
    outbox.shut(None, NOW);
    assert_eq!((outbox.status().of_others, outbox.status().pause), (0, None));
    outbox.open(None);
    step(&mut outbox, &mut store, entries(&[422]));
    assert_eq!((outbox.status().refused, outbox.has_open_audit()), (1, true));
}

#[test]
fn over_a_metered_network_curves_and_audit_entries_wait() {
    let rows = [
        in_lane(Lane::Waveform, row(1, "Observation", &[])),
        in_lane(Lane::Audit, row(2, "AuditEvent", &[])),
        row(3, "Observation", &[]),
    ];
    let (mut outbox, mut store) = with(rows);
    outbox.set_metered(true);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [3]);
    assert_eq!((outbox.next_wake(), [1, 2].map(|n| store.state(n))), (None, [RowState::Waiting; 2]));
    outbox.set_metered(false);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [1]);
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [2]);
}

#[test]
fn what_two_people_measured_never_goes_in_one_request() {
    let rows = [row(1, "Patient", &[]), by(ANNA, row(2, "Observation", &[1])), by(BEN, row(3, "Observation", &[1]))];
    let (mut outbox, mut store) = with(rows);
    for (who, number) in [(None, 1), (Some(ANNA), 2), (Some(BEN), 3)] {
        assert_eq!(outbox.next_author(NOW), Some(who));
        assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [number]);
    }
}

#[test]
fn what_somebody_measured_who_is_not_signed_in_at_the_server_waits_and_the_rest_goes_on() {
    let (mut outbox, mut store) = with([by(ANNA, row(1, "Observation", &[])), by(BEN, row(2, "Observation", &[]))]);
    outbox.shut(Some(ANNA), NOW);
    assert_eq!((outbox.status().of_others, outbox.status().pause), (1, None));
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [2]);
    assert_eq!(outbox.next_wake(), None);
    assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Token, "nothing else can go");
    outbox.token_came();
    assert_eq!(step(&mut outbox, &mut store, entries(&[201])).2, [1]);
}

#[test]
fn a_token_that_is_refused_stops_only_what_it_was_for() {
    let (mut outbox, mut store) = with([by(ANNA, row(1, "Observation", &[])), by(BEN, row(2, "Observation", &[]))]);
    step(&mut outbox, &mut store, status(401));
    assert_eq!((store.state(1), outbox.next_author(NOW)), (RowState::Waiting, Some(Some(BEN))));
    outbox.open(Some(ANNA));
    assert_eq!(outbox.next_author(NOW), Some(Some(ANNA)), "its new token is there");
}

#[test]
fn a_network_that_came_back_ends_every_wait_and_no_pause() {
    let (mut outbox, mut store) = with(readings(1));
    step(&mut outbox, &mut store, status(503));
    assert!(outbox.next_wake().unwrap() > NOW);
    outbox.network_returned();
    assert!(outbox.next_wake().unwrap() <= NOW);
    step(&mut outbox, &mut store, status(403));
    outbox.network_returned();
    assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Permission);
}

#[test]
fn progress_counts_rows_and_octets_from_the_last_time_that_nothing_was_left() {
    let (mut outbox, mut store) = with(readings(2));
    step(&mut outbox, &mut store, entries(&[201, 422]));
    let progress = outbox.status().progress;
    assert_eq!((progress.rows_done, progress.rows_left, progress.octets_done, progress.octets_left), (1, 0, 2, 0));
    outbox.add(row(3, "Observation", &[]));
    let progress = outbox.status().progress;
    assert_eq!((progress.rows_done, progress.rows_left, progress.octets_left), (0, 1, 2));
}
