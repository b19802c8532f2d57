//! What a person says of a record while it waits: whether the server may have it by then, and a withdrawal that failed.
//! Not here: what each answer makes of the rows (`answers`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{Outbox, RowState, TryResult};
use common::{NOW, Store, entries, id, next_run, resource, row, status, step, with};

/// An outbox and a store with one reading.
fn reading() -> (Outbox, Store) {
    with([row(1, "Observation", &[])])
}

fn lost() -> TryResult {
    TryResult::NoWholeAnswer("reset".to_owned())
}

#[test]
fn the_server_may_have_a_record_whose_try_ended_without_a_clear_no() {
    for result in [lost(), TryResult::NotFhir("a page".into()), status(502), entries(&[500]), entries(&[202])] {
        let said = format!("{result:?}");
        let (mut outbox, mut store) = reading();
        step(&mut outbox, &mut store, result);
        assert_eq!((store.state(1), outbox.may_have_arrived(id(1))), (RowState::Waiting, true), "{said}");
    }
}

#[test]
fn the_server_does_not_have_a_record_that_never_left_or_that_it_was_too_busy_for() {
    for result in [TryResult::NothingSent("no route".into()), status(503), status(401), entries(&[429])] {
        let said = format!("{result:?}");
        let (mut outbox, mut store) = reading();
        step(&mut outbox, &mut store, result);
        assert!(!outbox.may_have_arrived(id(1)), "{said}");
    }
}

#[test]
fn the_server_may_have_a_record_although_asking_for_it_was_given_up() {
    let (mut outbox, mut store) = reading();
    step(&mut outbox, &mut store, lost());
    step(&mut outbox, &mut store, status(404));
    assert!(outbox.may_have_arrived(id(1)), "a server that cannot search");

    let (mut outbox, mut store) = reading();
    for _ in 0..4 {
        step(&mut outbox, &mut store, lost());
    }
    assert!(outbox.may_have_arrived(id(1)), "three questions without an answer");

    let (mut outbox, mut store) = reading();
    step(&mut outbox, &mut store, lost());
    step(&mut outbox, &mut store, TryResult::Arrived(Vec::new()));
    assert!(outbox.may_have_arrived(id(1)), "the server has it, and not as it was sent");
}

#[test]
fn the_server_may_have_a_record_whose_conflict_or_failure_a_person_sent_to_another_try() {
    let (mut outbox, mut store) = reading();
    step(&mut outbox, &mut store, entries(&[412]));
    step(&mut outbox, &mut store, TryResult::Arrived(Vec::new()));
    store.apply(outbox.retry(id(1)));
    step(&mut outbox, &mut store, TryResult::NothingSent("no route".into()));
    assert!(outbox.may_have_arrived(id(1)));
}

#[test]
fn the_server_may_have_a_record_that_was_tried_before_the_vault_was_locked() {
    let (mut outbox, mut store) = reading();
    step(&mut outbox, &mut store, lost());
    assert!(next_run(&mut store).may_have_arrived(id(1)));

    let (_, mut store) = reading();
    assert!(!next_run(&mut store).may_have_arrived(id(1)), "it was never tried");

    let (mut outbox, mut store) = reading();
    step(&mut outbox, &mut store, entries(&[422]));
    assert!(!next_run(&mut store).may_have_arrived(id(1)), "its one try was refused");
}

/// A patient (1) who was refused, and a reading (2) that is held for it.
fn held() -> (Outbox, Store) {
    let (mut outbox, mut store) = with([row(1, "Patient", &[]), row(2, "Observation", &[1])]);
    step(&mut outbox, &mut store, entries(&[422]));
    assert_eq!(store.state(2), RowState::Held);
    (outbox, store)
}

#[test]
fn a_held_record_whose_withdrawal_failed_goes_with_what_it_waits_for() {
    let (mut outbox, mut store) = held();
    let withdrawn = outbox.withdraw(id(2), NOW).unwrap();
    outbox.undo(withdrawn);
    assert_eq!(outbox.row(id(2)), Some(&(&store.0[&id(2)]).into()), "as if nothing had been said");
    store.apply(outbox.retry(id(1)));
    assert_eq!(store.state(2), RowState::Waiting);
}

#[test]
fn a_record_whose_withdrawal_failed_stands_as_what_it_waits_for_stands_by_then() {
    let (mut outbox, mut store) = held();
    let withdrawn = outbox.withdraw(id(2), NOW).unwrap();
    store.apply(outbox.retry(id(1)));
    outbox.undo(withdrawn);
    assert_eq!(outbox.row(id(2)).unwrap().state, RowState::Waiting);

    let withdrawn = outbox.withdraw(id(2), NOW).unwrap();
    step(&mut outbox, &mut store, entries(&[422]));
    outbox.undo(withdrawn);
    let row = outbox.row(id(2)).unwrap();
    assert_eq!((row.state, row.is_withdrawn()), (RowState::Held, false));
}

#[test]
fn a_withdrawal_that_failed_does_not_touch_a_record_that_was_read_from_the_store_anew() {
    let (mut outbox, mut store) = reading();
    let withdrawn = outbox.withdraw(id(1), NOW).unwrap();
    let mut outbox = next_run(&mut store);
    let attempt = outbox.poll(NOW).unwrap();
    outbox.undo(withdrawn);
    assert_eq!(outbox.row(id(1)).unwrap().state, RowState::Sending);
    outbox.handle(NOW, 7, entries(&[201]));
    assert_eq!(attempt.rows, [id(1)]);
    assert_eq!(outbox.row(id(1)), None, "{}", resource(1));
}
