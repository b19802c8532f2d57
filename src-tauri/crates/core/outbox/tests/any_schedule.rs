//! Any schedule of faults, restarts and impatient people: nothing is lost, nothing is done twice, nothing is called done
//! without an answer. The server here is a model: it keeps what it got, whatever it then answers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{Limits, Outbox, RowState, Try, TryKind, TryResult};
use bedside_vitals::WallTime;
use common::{Store, entries, row, status};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Unreachable,
    LostBefore,
    LostAfter,
    NotFhir,
    Whole(u16),
    OneEntry(u16),
    Restart,
    Damaged,
}

fn fault() -> impl Strategy<Value = Fault> {
    let whole = prop::sample::select(vec![200, 302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503]);
    let entry = prop::sample::select(vec![202, 400, 401, 403, 404, 409, 410, 412, 422, 429, 500, 503]);
    prop_oneof![
        3 => Just(Fault::None),
        1 => Just(Fault::Unreachable),
        1 => Just(Fault::LostBefore),
        1 => Just(Fault::LostAfter),
        1 => Just(Fault::NotFhir),
        2 => whole.prop_map(Fault::Whole),
        2 => entry.prop_map(Fault::OneEntry),
        1 => Just(Fault::Restart),
        1 => Just(Fault::Damaged),
    ]
}

/// A clinic's server that works, seen through a line that may not.
#[derive(Default)]
struct Server {
    has: BTreeSet<Uuid>,
    /// Resources it named in an answer as stored.
    told: BTreeSet<Uuid>,
}

impl Server {
    fn carry_out(&mut self, outbox: &Outbox, attempt: &Try, fault: Fault, pick: usize) -> TryResult {
        let resources: Vec<Uuid> = attempt.rows.iter().map(|id| outbox.row(*id).unwrap().resource_id).collect();
        let lost = || TryResult::NoWholeAnswer("reset".to_owned());
        match (fault, attempt.kind) {
            (Fault::Unreachable, _) => TryResult::NothingSent("refused".to_owned()),
            (Fault::Damaged, _) => TryResult::Unsendable(attempt.rows[pick % attempt.rows.len()], "no JSON".to_owned()),
            (Fault::Whole(429), _) => TryResult::Status {
                status: 429,
                retry_after: Some(Duration::from_secs(pick as u64 * 1000)),
                too_large: false,
                text: String::new(),
            },
            (Fault::Whole(code), _) => status(code),
            (Fault::LostBefore, _) => lost(),
            (Fault::NotFhir, _) => TryResult::NotFhir("a page".to_owned()),
            (Fault::LostAfter, TryKind::Send) => {
                self.has.extend(&resources);
                lost()
            }
            (Fault::LostAfter, TryKind::AskWhichArrived) => lost(),
            (Fault::OneEntry(code), TryKind::Send) => {
                let bad = pick % resources.len();
                let statuses: Vec<u16> = (0..resources.len()).map(|n| if n == bad { code } else { 201 }).collect();
                let stored = resources.iter().enumerate().filter(|(n, _)| *n != bad).map(|(_, id)| *id);
                self.tell(stored.collect());
                entries(&statuses)
            }
            // Its answer reaches nobody.
            (Fault::Restart, TryKind::Send) => {
                self.has.extend(&resources);
                lost()
            }
            (Fault::Restart, TryKind::AskWhichArrived) => lost(),
            (Fault::None, TryKind::Send) => {
                self.tell(resources.clone());
                entries(&vec![201; resources.len()])
            }
            (Fault::None | Fault::OneEntry(_), TryKind::AskWhichArrived) => {
                let found: Vec<Uuid> = resources.into_iter().filter(|id| self.has.contains(id)).collect();
                self.tell(found.clone());
                TryResult::Arrived(found)
            }
        }
    }

    fn tell(&mut self, stored: Vec<Uuid>) {
        self.has.extend(&stored);
        self.told.extend(stored);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_ends_accepted_refused_or_held_and_never_without_an_answer(
        faults in prop::collection::vec((fault(), 0usize..8, any::<u64>()), 0..60),
        readings in 1u128..30,
        links in prop::collection::vec((1u128..30, 1u128..30), 0..20),
        limits in (1usize..12, 2usize..60),
    ) {
        let mut store = Store::default();
        store.put(row(1, "Patient", &[]));
        store.put(row(2, "Device", &[1]));
        for n in 3..3 + readings {
            let earlier = links.iter().filter(|(from, to)| from + 2 == n && to + 2 < n).map(|(_, to)| to + 2);
            let depends_on: Vec<u128> = [1, 2].into_iter().chain(earlier).collect();
            store.put(row(n, "Observation", &depends_on));
        }
        let limits = Limits { rows: limits.0, octets: limits.1 };
        let mut outbox = Outbox::new(limits);
        store.apply(outbox.load(store.open()));
        let mut server = Server::default();
        let mut now = WallTime(1_000_000);
        let mut tries = 0u32;
        let mut faults = faults.into_iter();
        loop {
            let (fault, pick, random) = faults.next().unwrap_or((Fault::None, 0, 3));
            if outbox.status().pause.is_some() {
                outbox.try_now();
            }
            let Some(wake) = outbox.next_wake() else { break };
            now = now.max(wake);
            let Some(attempt) = outbox.poll(now) else {
                return Err(TestCaseError::fail("nothing was due at the time that next_wake named"));
            };
            tries += 1;
            prop_assert!(tries < 1_000, "the outbox does not come to rest");
            prop_assert!(!attempt.rows.is_empty() && attempt.rows.len() <= limits.rows);
            store.apply(attempt.updates.clone());
            for id in &attempt.rows {
                let depends_on = &store.0[id].depends_on;
                let accepted = |dependency| store.0[dependency].state == RowState::Accepted;
                prop_assert!(depends_on.iter().all(accepted), "a record went before what it depends on");
            }
            let result = server.carry_out(&outbox, &attempt, fault, pick);
            if matches!(fault, Fault::Restart) {
                // The program ends after the server did its work and before anything of it was stored.
                outbox = Outbox::new(limits);
                store.apply(outbox.load(store.open()));
                continue;
            }
            let updates = outbox.handle(now, random, result);
            for id in &attempt.rows {
                prop_assert!(updates.iter().filter(|update| update.id == *id).count() >= 1, "a row was left under way");
            }
            store.apply(updates);
        }
        let stopped = |id| matches!(store.0[id].state, RowState::Refused | RowState::Held);
        for row in store.0.values() {
            match row.state {
                RowState::Accepted => {
                    prop_assert!(server.told.contains(&row.resource_id), "accepted without an answer");
                    prop_assert!(row.outcome.is_some());
                }
                RowState::Refused => prop_assert!(row.outcome.is_some(), "refused without a reason"),
                RowState::Held => prop_assert!(row.depends_on.iter().any(stopped), "held for nothing"),
                RowState::Waiting | RowState::Sending => prop_assert!(false, "left {}", row.state),
            }
        }
    }
}
