//! Readings that their device keeps: another console may have read and sent them, and a person said more of them there.
//! Long schedules of faults are in `any_schedule`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{Found, Outbox, OutboxRow, RowState, ServerTraits, Try, TryKind, TryResult};
use bedside_vitals::WallTime;
use common::{NOW, Store, entries, id, next_run, resource, row, status, with};

/// Readings 1 to `last`: the even ones are kept by their device.
fn readings(last: u128) -> (Outbox, Store) {
    with((1..=last).map(|n| OutboxRow { kept_by_device: n % 2 == 0, ..row(n, "Observation", &[]) }))
}

fn next(outbox: &mut Outbox, store: &mut Store, now: WallTime) -> (TryKind, Vec<u128>, usize) {
    let Try { kind, rows, updates, .. } = outbox.poll(now).expect("a request is due");
    let written = updates.len();
    store.apply(updates);
    (kind, rows.iter().map(|id| id.0.as_u128()).collect(), written)
}

fn there(numbers: &[u128]) -> TryResult {
    TryResult::Arrived(numbers.iter().map(|n| Found::one(resource(*n))).collect())
}

#[test]
fn what_another_console_sent_is_asked_for_first_and_never_put_over_it() {
    let (mut outbox, mut store) = readings(4);
    assert_eq!(next(&mut outbox, &mut store, NOW), (TryKind::Send, vec![1, 3], 2));
    store.apply(outbox.handle(NOW, 7, entries(&[201, 201])));
    assert_eq!(next(&mut outbox, &mut store, NOW), (TryKind::AskWhichArrived, vec![2, 4], 0));
    store.apply(outbox.handle(NOW, 7, there(&[4])));
    assert_eq!(store.state(4), RowState::Accepted);
    assert_eq!(store.0[&id(4)].outcome.as_ref().unwrap().text, "the server had it before it was sent from here");
    assert_eq!(next(&mut outbox, &mut store, NOW), (TryKind::Send, vec![2], 1));
}

#[test]
fn what_needs_no_question_is_looked_for_among_the_next_rows_only() {
    let needs_none = |n: u128| n == 1 || n == 50 || n == 51;
    let all = (1..=60).map(|n| OutboxRow { kept_by_device: !needs_none(n), ..row(n, "Observation", &[]) });
    let (mut outbox, mut store) = with(all);
    assert_eq!(outbox.server().rows, Some(50));
    assert_eq!(next(&mut outbox, &mut store, NOW), (TryKind::Send, vec![1, 50], 2));
}

#[test]
fn a_question_about_what_never_went_out_writes_nothing_and_is_no_try() {
    let (mut outbox, mut store) = readings(2);
    next(&mut outbox, &mut store, NOW);
    store.apply(outbox.handle(NOW, 7, entries(&[201])));
    assert_eq!(next(&mut outbox, &mut store, NOW).2, 0);
    assert_eq!(outbox.handle(NOW, 7, there(&[])), []);
    assert!(!outbox.may_have_arrived(id(2)));
    assert_eq!((store.state(2), store.0[&id(2)].attempts), (RowState::Waiting, 0));
}

#[test]
fn a_reading_that_came_back_is_asked_for_again_before_it_goes_again() {
    let (mut outbox, mut store) = readings(2);
    next(&mut outbox, &mut store, NOW);
    store.apply(outbox.handle(NOW, 7, entries(&[201])));
    next(&mut outbox, &mut store, NOW);
    store.apply(outbox.handle(NOW, 7, there(&[])));
    assert_eq!(next(&mut outbox, &mut store, NOW).0, TryKind::Send);
    store.apply(outbox.handle(NOW, 7, status(503)));
    let later = outbox.next_wake().unwrap();
    assert_eq!(next(&mut outbox, &mut store, later).0, TryKind::AskWhichArrived);
    // And in the next run.
    let mut outbox = next_run(&mut store);
    assert_eq!(next(&mut outbox, &mut store, later).0, TryKind::AskWhichArrived);
}

#[test]
fn a_server_that_gives_ids_makes_none_for_a_reading_that_it_has_and_is_not_asked() {
    let (mut outbox, mut store) = readings(2);
    outbox.remember(ServerTraits { our_ids: Some(false), ..ServerTraits::default() });
    assert_eq!(next(&mut outbox, &mut store, NOW), (TryKind::Send, vec![1, 2], 2));
}

#[test]
fn a_server_that_answers_no_questions_or_permits_none_is_sent_the_reading() {
    for refuses in [405, 403] {
        let (mut outbox, mut store) = readings(2);
        next(&mut outbox, &mut store, NOW);
        store.apply(outbox.handle(NOW, 7, entries(&[201])));
        next(&mut outbox, &mut store, NOW);
        store.apply(outbox.handle(NOW, 7, status(refuses)));
        assert_eq!(next(&mut outbox, &mut store, NOW).0, TryKind::Send, "{refuses}");
    }
}
