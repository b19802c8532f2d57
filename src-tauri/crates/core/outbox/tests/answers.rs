//! What each kind of answer makes of the rows, one behaviour each, in steps of virtual time.
//! Long schedules of faults are in `any_schedule`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{Found, Limits, Outbox, PauseReason, RowState, TryKind, TryResult};
use bedside_vitals::WallTime;
use common::{NOW, Store, entries, id, resource, row, status, with};
use std::time::Duration;

/// An outbox and a store with a patient (1), a device (2) and readings (3 to `last`) that depend on both.
fn visit(last: u128) -> (Outbox, Store) {
    let readings = (3..=last).map(|n| row(n, "Observation", &[1, 2]));
    with([row(1, "Patient", &[]), row(2, "Device", &[])].into_iter().chain(readings))
}

/// One request at this time, with this result: the numbers of its rows.
fn step(outbox: &mut Outbox, store: &mut Store, now: WallTime, result: TryResult) -> Vec<u128> {
    common::step_at(outbox, store, now, result).2
}

#[test]
fn people_and_devices_go_first_and_readings_only_when_both_are_accepted() {
    let (mut outbox, mut store) = visit(4);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201, 201])), [1, 2]);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201, 200])), [3, 4]);
    assert!((1..=4).all(|n| store.state(n) == RowState::Accepted));
    assert_eq!((outbox.poll(NOW), outbox.next_wake()), (None, None));
}

#[test]
fn only_one_request_is_under_way() {
    let (mut outbox, _) = visit(3);
    assert!(outbox.poll(NOW).is_some());
    assert!(outbox.poll(NOW).is_none());
}

#[test]
fn one_bad_record_never_blocks_the_others() {
    let (mut outbox, mut store) = visit(5);
    step(&mut outbox, &mut store, NOW, entries(&[201, 201]));
    step(&mut outbox, &mut store, NOW, entries(&[201, 422, 201]));
    assert_eq!([3, 4, 5].map(|n| store.state(n)), [RowState::Accepted, RowState::Refused, RowState::Accepted]);
}

#[test]
fn what_depends_on_a_refused_record_is_held_and_goes_with_it_on_retry() {
    let (mut outbox, mut store) = visit(3);
    step(&mut outbox, &mut store, NOW, entries(&[400, 201]));
    assert_eq!(store.state(3), RowState::Held);
    store.apply(outbox.retry(id(3)));
    assert_eq!([1, 3].map(|n| store.state(n)), [RowState::Waiting, RowState::Waiting]);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[200])), [1]);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201])), [3]);
}

#[test]
fn a_new_reading_of_a_refused_patient_is_held_at_once() {
    let (mut outbox, mut store) = visit(2);
    step(&mut outbox, &mut store, NOW, entries(&[422, 201]));
    let update = outbox.add(row(9, "Observation", &[1])).unwrap();
    assert_eq!((update.id, update.state), (id(9), RowState::Held));
}

#[test]
fn a_conflict_is_refused_with_its_reason() {
    for conflict in [409, 412] {
        let (mut outbox, mut store) = visit(2);
        step(&mut outbox, &mut store, NOW, entries(&[conflict, 201]));
        assert_eq!(store.state(1), RowState::Waiting, "the server is asked first whether it has just this one");
        step(&mut outbox, &mut store, NOW, TryResult::Arrived(Vec::new()));
        assert_eq!(store.state(1), RowState::Refused);
        assert!(store.0[&id(1)].outcome.as_ref().unwrap().text.starts_with("conflict"));
    }
}

#[test]
fn a_bad_token_pauses_and_fails_no_record() {
    for (code, reason) in [(401, PauseReason::Token), (403, PauseReason::Permission), (404, PauseReason::Address)] {
        let (mut outbox, mut store) = visit(3);
        step(&mut outbox, &mut store, NOW, status(code));
        assert_eq!(outbox.status().pause.unwrap().reason, reason);
        assert_eq!((outbox.poll(NOW.plus_millis(86_400_000)), outbox.next_wake()), (None, None));
        assert!((1..=3).all(|n| store.state(n) == RowState::Waiting));
        outbox.try_now();
        assert!(outbox.poll(NOW).is_some());
    }
}

#[test]
fn a_token_that_ends_within_a_batch_keeps_what_was_accepted() {
    let (mut outbox, mut store) = visit(2);
    step(&mut outbox, &mut store, NOW, entries(&[201, 401]));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Accepted, RowState::Waiting]);
    assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Token);
}

#[test]
fn a_request_that_is_too_large_is_halved_and_the_size_remembered() {
    let (mut outbox, mut store) = visit(52);
    step(&mut outbox, &mut store, NOW, entries(&[201, 201]));
    assert_eq!(step(&mut outbox, &mut store, NOW, status(413)).len(), 50);
    for _ in 0..2 {
        assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201; 25])).len(), 25);
    }
    assert_eq!(outbox.server().rows, Some(25));
}

#[test]
fn a_request_refused_as_a_whole_is_halved_until_the_culprit_stands_alone() {
    let (mut outbox, mut store) = visit(10);
    step(&mut outbox, &mut store, NOW, entries(&[201, 201]));
    for _ in 0..100 {
        let Some(attempt) = outbox.poll(NOW) else { break };
        store.apply(attempt.updates);
        let culprit = attempt.rows.contains(&id(7));
        let result = if culprit { status(400) } else { entries(&vec![201; attempt.rows.len()]) };
        store.apply(outbox.handle(NOW, 7, result));
    }
    assert_eq!(store.state(7), RowState::Refused);
    assert!((3..=10).filter(|n| *n != 7).all(|n| store.state(n) == RowState::Accepted));
}

#[test]
fn a_server_that_refuses_every_batch_pauses_instead_of_refusing_every_record() {
    let (mut outbox, mut store) = visit(2);
    (3..=40).for_each(|n| store.put(row(n, "Observation", &[])));
    outbox.load(store.open());
    for _ in 0..100 {
        let Some(attempt) = outbox.poll(NOW) else { break };
        store.apply(attempt.updates);
        store.apply(outbox.handle(NOW, 7, status(400)));
    }
    assert_eq!(outbox.status().pause.unwrap().reason, PauseReason::Address);
    assert!(store.0.values().filter(|row| row.state == RowState::Refused).count() <= 2);
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let (mut outbox, mut store) = visit(2);
    let busy = |seconds| TryResult::Status {
        status: 429,
        retry_after: Some(Duration::from_secs(seconds)),
        too_large: false,
        text: String::new(),
    };
    step(&mut outbox, &mut store, NOW, busy(120));
    assert_eq!(outbox.next_wake(), Some(NOW.plus_millis(120_000)));
    assert!(outbox.poll(NOW.plus_millis(119_999)).is_none());
    step(&mut outbox, &mut store, NOW.plus_millis(120_000), busy(86_400));
    assert_eq!(outbox.next_wake(), Some(NOW.plus_millis(120_000 + 900_000)));
}

#[test]
fn after_a_lost_answer_the_server_is_asked_and_only_the_rest_is_sent() {
    let (mut outbox, mut store) = visit(2);
    step(&mut outbox, &mut store, NOW, TryResult::NoWholeAnswer("time-out".to_owned()));
    let later = outbox.next_wake().unwrap();
    let question = outbox.poll(later).unwrap();
    assert_eq!((question.kind, question.rows.clone()), (TryKind::AskWhichArrived, vec![id(1)]));
    store.apply(question.updates);
    store.apply(outbox.handle(later, 7, TryResult::Arrived(vec![Found::one(resource(1))])));
    assert_eq!([1, 2].map(|n| store.state(n)), [RowState::Accepted, RowState::Waiting]);
    let question = outbox.poll(later).unwrap();
    assert_eq!((question.kind, question.rows.clone()), (TryKind::AskWhichArrived, vec![id(2)]));
    store.apply(question.updates);
    store.apply(outbox.handle(later, 7, TryResult::Arrived(Vec::new())));
    let attempt = outbox.poll(later).unwrap();
    assert_eq!((attempt.kind, attempt.rows), (TryKind::Send, vec![id(2)]));
}

#[test]
fn an_answer_that_is_no_fhir_or_does_not_fit_marks_nothing_as_done() {
    for result in
        [TryResult::NotFhir("a web page".to_owned()), entries(&[201]), TryResult::Arrived(Vec::new()), status(200)]
    {
        let (mut outbox, mut store) = visit(2);
        step(&mut outbox, &mut store, NOW, result);
        assert!((1..=2).all(|n| store.state(n) == RowState::Waiting));
        assert_eq!(outbox.status().last_success, None);
    }
}

#[test]
fn a_server_that_cannot_search_is_sent_the_rows_again() {
    let (mut outbox, mut store) = with([row(1, "Patient", &[])]);
    step(&mut outbox, &mut store, NOW, TryResult::NoWholeAnswer(String::new()));
    let later = outbox.next_wake().unwrap();
    step(&mut outbox, &mut store, later, status(404));
    let later = outbox.next_wake().unwrap().max(later);
    let again = outbox.poll(later).unwrap();
    assert_eq!((again.kind, again.rows), (TryKind::Send, vec![id(1)]));
}

#[test]
fn rows_under_way_when_the_program_ended_wait_again_and_are_asked_for() {
    let (mut outbox, mut store) = visit(2);
    store.apply(outbox.poll(NOW).unwrap().updates);
    assert_eq!(store.state(1), RowState::Sending);
    let mut next_run = common::next_run(&mut store);
    assert_eq!(store.state(1), RowState::Waiting);
    assert_eq!(next_run.poll(NOW).unwrap().kind, TryKind::AskWhichArrived);
}

#[test]
fn a_record_on_which_the_server_fails_again_and_again_while_it_takes_another_is_shown_to_a_person() {
    let (mut outbox, mut store) = with((1..=2).map(|n| row(n, "Observation", &[])));
    step(&mut outbox, &mut store, NOW, entries(&[500, 201]));
    let mut now = NOW;
    let mut tries = 1;
    while store.state(1) != RowState::Refused {
        now = outbox.next_wake().unwrap().max(now);
        step(&mut outbox, &mut store, now, entries(&[500]));
        tries += 1;
    }
    assert_eq!(tries, 11, "ten after it was known that the server takes others");
}

/// Sends until nothing is due for a day: a request with the culprit ends with `broken`, and the server is asked in vain for it.
fn with_a_culprit(culprit: u128, broken: &TryResult) -> (Outbox, Store, u32) {
    let (mut outbox, mut store) = visit(40);
    let (mut now, mut sent, mut there) = (NOW, 0, std::collections::BTreeSet::new());
    while let Some(wake) = outbox.next_wake() {
        now = now.max(wake);
        let attempt = outbox.poll(now).unwrap();
        store.apply(attempt.updates);
        let culprit = attempt.rows.contains(&id(culprit));
        let result = match attempt.kind {
            TryKind::Send if culprit => {
                sent += 1;
                broken.clone()
            }
            TryKind::Send => {
                there.extend(attempt.rows.clone());
                entries(&vec![201; attempt.rows.len()])
            }
            TryKind::AskWhichArrived => {
                let found = attempt.rows.iter().filter(|id| there.contains(*id));
                TryResult::Arrived(found.map(|id| Found::one(store.0[id].resource_id)).collect())
            }
        };
        store.apply(outbox.handle(now, 7, result));
        assert!(sent < 60, "it is tried again and again");
    }
    (outbox, store, sent)
}

#[test]
fn one_record_that_breaks_every_request_is_found_and_the_others_pass() {
    for broken in [status(500), TryResult::NoWholeAnswer("reset".to_owned())] {
        let (outbox, store, sent) = with_a_culprit(7, &broken);
        assert_eq!(store.state(7), RowState::Refused);
        assert!((1..=40).filter(|n| *n != 7).all(|n| store.state(n) == RowState::Accepted));
        assert!(sent <= 11 + 6, "{sent}: halved once, and alone from then on");
        assert_eq!(outbox.status().refused, 1);
    }
}

#[test]
fn an_answered_question_ends_no_back_off() {
    let (mut outbox, mut store) = with([row(1, "Observation", &[])]);
    let mut now = NOW;
    for failures in 1..=4 {
        while outbox.status().failures < failures {
            now = outbox.next_wake().unwrap().max(now);
            let attempt = outbox.poll(now).unwrap();
            store.apply(attempt.updates);
            let asks = attempt.kind == TryKind::AskWhichArrived;
            store.apply(outbox.handle(now, 7, if asks { TryResult::Arrived(Vec::new()) } else { status(500) }));
        }
        assert_eq!(outbox.status().failures, failures);
    }
}

#[test]
fn a_search_that_always_fails_is_given_up_and_the_rows_go_again() {
    let (mut outbox, mut store) = with([row(1, "Observation", &[])]);
    step(&mut outbox, &mut store, NOW, TryResult::NoWholeAnswer(String::new()));
    let mut now = NOW;
    for _ in 0..3 {
        now = outbox.next_wake().unwrap().max(now);
        step(&mut outbox, &mut store, now, status(500));
    }
    now = outbox.next_wake().unwrap().max(now);
    assert_eq!(outbox.poll(now).unwrap().kind, TryKind::Send);
}

#[test]
fn a_damaged_row_is_refused_and_the_others_go_without_it() {
    let (mut outbox, mut store) = visit(2);
    step(&mut outbox, &mut store, NOW, TryResult::Unsendable(id(1), "no JSON".to_owned()));
    assert_eq!(store.state(1), RowState::Refused);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201])), [2]);
}

#[test]
fn a_later_version_of_a_resource_never_overtakes_an_earlier_one() {
    let later = bedside_outbox::OutboxRow { resource_id: resource(1), ..row(2, "Patient", &[]) };
    let (mut outbox, mut store) = with([row(1, "Patient", &[]), later]);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201])), [1]);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[200])), [2]);
}

#[test]
fn a_request_stays_below_the_limit_of_octets_and_a_single_larger_row_goes_alone() {
    let mut outbox = Outbox::new(Limits { rows: 50, octets: 100, most: 50 });
    for n in 1..=3 {
        let mut large = row(n, "Observation", &[]);
        large.payload = "x".repeat(if n == 3 { 500 } else { 50 });
        outbox.add(large);
    }
    let attempt = outbox.poll(NOW).unwrap();
    assert_eq!(attempt.rows, [id(1), id(2)]);
    outbox.handle(NOW, 0, entries(&[201, 201]));
    assert_eq!(outbox.poll(NOW).unwrap().rows, [id(3)]);
}

#[test]
fn rows_that_wait_for_each_other_do_not_wait_for_ever() {
    let mut outbox = Outbox::new(Limits::default());
    outbox.load([row(1, "Patient", &[2]), row(2, "Patient", &[1])]);
    assert_eq!(outbox.poll(NOW).unwrap().rows, [id(1)]);
}

/// The patient and the device are accepted, the reading is row 3; its later version is row 9.
fn corrected_on_its_way() -> (Outbox, Store) {
    let (mut outbox, mut store) = visit(3);
    step(&mut outbox, &mut store, NOW, entries(&[201, 201]));
    store.apply(outbox.poll(NOW).unwrap().updates);
    assert_eq!(outbox.withdraw(id(3), NOW), None, "it is on its way");
    assert!(outbox.may_have_arrived(id(3)));
    let later = bedside_outbox::OutboxRow { resource_id: resource(3), ..row(9, "Observation", &[1, 2]) };
    store.put(later.clone());
    assert_eq!(outbox.add(later), None);
    (outbox, store)
}

#[test]
fn a_withdrawn_row_never_goes_and_one_whose_withdrawal_failed_does() {
    let (mut outbox, mut store) = visit(3);
    step(&mut outbox, &mut store, NOW, entries(&[201, 201]));
    let withdrawn = outbox.withdraw(id(3), NOW).unwrap();
    assert_eq!((outbox.poll(NOW), outbox.retry(id(3)).len()), (None, 0));
    outbox.undo(withdrawn);
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201])), [3]);
}

#[test]
fn a_row_corrected_on_its_way_goes_before_its_later_version() {
    let (mut outbox, mut store) = corrected_on_its_way();
    store.apply(outbox.handle(NOW, 7, entries(&[201])));
    assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[200])), [9]);
    assert_eq!([3, 9].map(|n| store.state(n)), [RowState::Accepted, RowState::Accepted]);
}

#[test]
fn a_row_corrected_on_its_way_that_did_not_arrive_does_not_go_again() {
    let lost = TryResult::NoWholeAnswer("reset".into());
    for result in [entries(&[422]), entries(&[503]), status(503), TryResult::NothingSent("no route".into()), lost] {
        let said = format!("{result:?}");
        let (mut outbox, mut store) = corrected_on_its_way();
        store.apply(outbox.handle(NOW, 7, result));
        assert!(store.0[&id(3)].is_withdrawn(), "{said}");
        outbox.try_now();
        assert_eq!(step(&mut outbox, &mut store, NOW, entries(&[201])), [9], "{said}");
        assert!(outbox.retry(id(3)).is_empty(), "the first value never follows the corrected one");
    }
}
