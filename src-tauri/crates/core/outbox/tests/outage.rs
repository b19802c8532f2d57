//! A server that is out for days costs no record, and a record that breaks every request is found all the same.
//! Not here: what a single answer makes of its rows (`answers`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{Found, Outbox, RowId, RowState, Try, TryKind, TryResult};
use bedside_vitals::WallTime;
use common::{NOW, Store, entries, id, row, status, with};
use std::collections::BTreeSet;

const DAY_MS: i64 = 86_400_000;
/// So long after the server is well the last record has gone: twice the longest wait.
const SOON_MS: i64 = 30 * 60_000;
const READINGS: u128 = 60;

/// A server that may be out, and the outbox in front of it.
struct Sync {
    outbox: Outbox,
    store: Store,
    there: BTreeSet<RowId>,
    now: WallTime,
    last_try: WallTime,
}

impl Sync {
    /// A patient (1), a device (2) and readings from 3 on that need both.
    fn new() -> Self {
        let readings = (3..3 + READINGS).map(|n| row(n, "Observation", &[1, 2]));
        let (outbox, store) = with([row(1, "Patient", &[]), row(2, "Device", &[])].into_iter().chain(readings));
        Self { outbox, store, there: BTreeSet::new(), now: NOW, last_try: NOW }
    }

    /// Sends until this time, or until nothing is due any more.
    fn pass(&mut self, until: WallTime, mut result: impl FnMut(&mut Self, &Try) -> TryResult) {
        let mut tries = 0;
        while let Some(wake) = self.outbox.next_wake().filter(|wake| *wake < until) {
            self.now = self.now.max(wake);
            self.last_try = self.now;
            let attempt = self.outbox.poll(self.now).expect("it is due");
            self.store.apply(attempt.updates.clone());
            let result = result(self, &attempt);
            let random = self.now.0.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.store.apply(self.outbox.handle(self.now, random, result));
            tries += 1;
            assert!(tries < 5_000, "it is tried again and again");
        }
        self.now = self.now.max(until);
    }

    /// What a server that works says.
    fn good(&mut self, attempt: &Try) -> TryResult {
        match attempt.kind {
            TryKind::Send => {
                self.there.extend(attempt.rows.clone());
                entries(&vec![201; attempt.rows.len()])
            }
            TryKind::AskWhichArrived => self.found(attempt),
        }
    }

    fn found(&self, attempt: &Try) -> TryResult {
        let found = attempt.rows.iter().filter(|id| self.there.contains(*id));
        TryResult::Arrived(found.map(|id| Found::one(self.store.0[id].resource_id)).collect())
    }

    fn count(&self, state: RowState) -> usize {
        self.store.0.values().filter(|row| row.state == state).count()
    }
}

fn asks(attempt: &Try) -> bool {
    attempt.kind == TryKind::AskWhichArrived
}

/// Out for three days in this way, and then well.
fn after_three_days(said: &str, mut out: impl FnMut(&mut Sync, &Try) -> TryResult) {
    for before in [0, 2] {
        let mut sync = Sync::new();
        // Whether it ever worked makes no difference.
        for _ in 0..before {
            let attempt = sync.outbox.poll(NOW).unwrap();
            sync.store.apply(attempt.updates.clone());
            let result = sync.good(&attempt);
            sync.store.apply(sync.outbox.handle(NOW, 7, result));
        }
        let accepted = sync.count(RowState::Accepted);
        sync.pass(NOW.plus_millis(3 * DAY_MS), &mut out);
        assert_eq!(sync.count(RowState::Refused), 0, "{said}");
        assert_eq!(sync.count(RowState::Accepted), accepted, "{said}");
        let well = sync.now;
        sync.pass(WallTime(i64::MAX), Sync::good);
        assert_eq!(sync.count(RowState::Accepted), sync.store.0.len(), "{said}: all of them in the end");
        let took = sync.last_try.millis_since(well);
        assert!((0..=SOON_MS).contains(&took), "{said}: the last went {took} ms after the server was well");
    }
}

#[test]
fn three_days_of_an_outage_refuse_no_record() {
    let lost = || TryResult::NoWholeAnswer("no answer in time".to_owned());
    let html = || TryResult::NotFhir("a page about maintenance".to_owned());
    after_three_days("500", |_, _| status(500));
    after_three_days("502", |_, _| status(502));
    after_three_days("a page", |_, _| html());
    after_three_days("no answer", |_, _| lost());
    let mut n = 0;
    after_three_days("all of them in turn", |_, _| {
        n += 1;
        [status(504), html(), lost(), TryResult::NothingSent("refused".to_owned()), status(503)][n % 5].clone()
    });
}

#[test]
fn three_days_in_which_a_server_answers_questions_and_takes_nothing_refuse_no_record() {
    after_three_days(
        "500 to what is written",
        |sync, attempt| if asks(attempt) { sync.found(attempt) } else { status(500) },
    );
    after_three_days("500 to each entry", |sync, attempt| match asks(attempt) {
        true => sync.found(attempt),
        false => entries(&vec![500; attempt.rows.len()]),
    });
}

#[test]
fn a_record_that_breaks_every_request_is_refused_also_where_the_server_cannot_be_asked() {
    // The first in the order of sending, too: the others pass all the same.
    for (culprit, cannot_search) in [(1, 404), (1, 500), (3, 404), (3, 500), (40, 500)] {
        let mut sync = Sync::new();
        let (mut more, mut last) = (100, NOW);
        sync.pass(NOW.plus_millis(3 * DAY_MS), |sync, attempt| {
            // Somebody measures every ten minutes.
            if sync.now.millis_since(last) > 600_000 {
                (more, last) = (more + 1, sync.now);
                let new = row(more, "Observation", &[2]);
                sync.store.put(new.clone());
                assert_eq!(sync.outbox.add(new), None);
            }
            if asks(attempt) {
                return status(cannot_search);
            }
            if attempt.rows.contains(&id(culprit)) { status(500) } else { sync.good(attempt) }
        });
        assert_eq!(sync.store.state(culprit), RowState::Refused, "{culprit} {cannot_search}");
        assert_eq!(sync.count(RowState::Refused), 1, "{culprit} {cannot_search}");
    }
}
