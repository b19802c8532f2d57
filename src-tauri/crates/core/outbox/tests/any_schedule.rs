//! Any schedule of faults, restarts, kills and impatient people: nothing is lost, nothing is done twice, nothing is called
//! done that is not there. The server here is a model: it keeps what it got, whatever it then answers; it may give ids
//! itself, keep its own audit log, and hold another version of a record; two people have tokens that come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_outbox::{
    AuthorId, Dependants, Discard, EntryAnswer, Found, Lane, Limits, Naming, Outbox, OutboxRow, RowId, RowState,
    ServerCopy, Try, TryKind, TryResult,
};
use bedside_vitals::WallTime;
use common::{ANNA, BEN, NOW, Store, id, row, status};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Unreachable,
    LostBefore,
    LostAfter,
    /// The request comes to the server twice, and the second answer is the one that arrives. What has no id of ours may
    /// then be there twice.
    Twice,
    NotFhir,
    Whole(u16),
    OneEntry(u16),
    /// Killed after the server did its work, before anything of the answer was stored.
    KilledAfter,
    /// Killed before the request went out, after it was marked as going.
    KilledBefore,
    Damaged,
    /// A person's token ends.
    TokenOfAnnaEnds,
    /// A person signs in at the server.
    TokensCome,
    /// A person tries again, puts away or decides what is stopped.
    PersonRetries,
    PersonPutsAway(bool),
    PersonDecides,
}

fn fault() -> impl Strategy<Value = Fault> {
    let whole = prop::sample::select(vec![200, 302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503]);
    let entry = prop::sample::select(vec![202, 400, 401, 403, 404, 409, 410, 412, 422, 429, 500, 503]);
    prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Unreachable),
        1 => Just(Fault::LostBefore),
        2 => Just(Fault::LostAfter),
        1 => Just(Fault::Twice),
        1 => Just(Fault::NotFhir),
        2 => whole.prop_map(Fault::Whole),
        2 => entry.prop_map(Fault::OneEntry),
        1 => Just(Fault::KilledAfter),
        1 => Just(Fault::KilledBefore),
        1 => Just(Fault::Damaged),
        1 => Just(Fault::TokenOfAnnaEnds),
        1 => Just(Fault::TokensCome),
        1 => Just(Fault::PersonRetries),
        1 => any::<bool>().prop_map(Fault::PersonPutsAway),
        1 => Just(Fault::PersonDecides),
    ]
}

/// What the server has of one resource.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// Which of our rows it holds the words of; `None` = somebody else's.
    row: Option<Uuid>,
    version: u32,
    /// More than one where two requests with a first version found nothing, each for itself.
    copies: u32,
}

/// A clinic's server that works, seen through a line that may not.
#[derive(Default)]
struct Server {
    gives_ids: bool,
    keeps_own_audit: bool,
    has: BTreeMap<Uuid, Kept>,
    /// Resources of which somebody else has written a version of their own: ours must not go over it unseen.
    foreign: BTreeSet<Uuid>,
    /// Rows it said were stored.
    told: BTreeSet<Uuid>,
    /// Under whose token each row's words came.
    brought: BTreeMap<Uuid, Option<AuthorId>>,
    /// Whether the last that was heard of a row was the server's own word, and no fault.
    undisturbed: BTreeMap<Uuid, bool>,
}

impl Server {
    /// One request as the server carries it out: a status for each row.
    fn store(&mut self, store: &Store, attempt: &Try) -> Vec<EntryAnswer> {
        attempt.rows.iter().map(|id| self.store_one(store, &store.0[id], attempt)).collect()
    }

    fn store_one(&mut self, store: &Store, row: &OutboxRow, attempt: &Try) -> EntryAnswer {
        assert_eq!(row.measured_by, attempt.measured_by, "a row goes as whoever measured it");
        let no = |status| EntryAnswer::new(status, String::new());
        if row.lane == Lane::Audit && self.keeps_own_audit {
            return no(405);
        }
        let known = self.has.contains_key(&row.resource_id);
        let by_id = attempt.naming == Naming::OurId;
        if by_id && self.gives_ids && !known {
            return no(405);
        }
        let before = self.has.get(&row.resource_id).cloned().unwrap_or_default();
        if before.copies > 1 {
            // Which of them is meant nobody can say.
            return no(412);
        }
        let is_later =
            store.0.values().any(|other| other.resource_id == row.resource_id && other.created < row.created);
        if known && !by_id && !is_later {
            // Conditional create: it is there, and stays as it is.
            self.told.insert(row.id.0);
            return self.yes(200, row);
        }
        let expects = row.expects.as_ref().map(|expects| expects.parse::<u32>().unwrap());
        let stale = expects.map_or(self.foreign.contains(&row.resource_id), |version| version != before.version);
        if known && stale {
            return no(412);
        }
        if expects.is_some() {
            self.foreign.remove(&row.resource_id);
        }
        let after = Kept { row: Some(row.id.0), version: before.version + 1, copies: 1 };
        self.has.insert(row.resource_id, after);
        self.told.insert(row.id.0);
        self.brought.insert(row.id.0, attempt.measured_by);
        self.yes(if known { 200 } else { 201 }, row)
    }

    fn yes(&self, status: u16, row: &OutboxRow) -> EntryAnswer {
        EntryAnswer { server: Some(self.name(row.resource_id)), ..EntryAnswer::new(status, String::new()) }
    }

    fn name(&self, resource: Uuid) -> ServerCopy {
        let version = self.has.get(&resource).map(|kept| kept.version.to_string());
        ServerCopy { address: String::new(), id: resource.to_string(), version, modified: None }
    }

    /// Which of the rows it has: by our id just as they were sent, by identifier, or where others may have sent them, at all.
    fn find(&mut self, store: &Store, attempt: &Try) -> Vec<Found> {
        let mut found = Vec::new();
        for id in &attempt.rows {
            let row = &store.0[id];
            let Some(kept) = self.has.get(&row.resource_id) else { continue };
            let first =
                store.0.values().all(|other| other.resource_id != row.resource_id || other.created >= row.created);
            let at_all = attempt.naming == Naming::Identifier || (row.kept_by_device && row.expects.is_none());
            if kept.row == Some(id.0) || (at_all && first) {
                self.told.insert(id.0);
                let server = Some(self.name(row.resource_id));
                found.push(Found { resource_id: row.resource_id, copies: kept.copies, server, is_another: false });
            }
        }
        found
    }

    fn carry_out(&mut self, store: &Store, attempt: &Try, fault: Fault, pick: usize) -> TryResult {
        let is_fault = !matches!(
            fault,
            Fault::None
                | Fault::Twice
                | Fault::TokenOfAnnaEnds
                | Fault::TokensCome
                | Fault::PersonRetries
                | Fault::PersonPutsAway(_)
                | Fault::PersonDecides
        );
        self.undisturbed.extend(attempt.rows.iter().map(|id| (id.0, !is_fault)));
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
            (Fault::LostBefore | Fault::KilledBefore, _) => lost(),
            (Fault::NotFhir, _) => TryResult::NotFhir("a page".to_owned()),
            (Fault::LostAfter | Fault::KilledAfter, TryKind::Send) => {
                let told = self.told.clone();
                self.store(store, attempt);
                // Its answer reaches nobody.
                self.told = told;
                lost()
            }
            (Fault::LostAfter | Fault::KilledAfter, TryKind::AskWhichArrived) => lost(),
            (Fault::Twice, TryKind::Send) => self.carry_out_twice(store, attempt),
            (Fault::OneEntry(code), TryKind::Send) => {
                let bad = pick % attempt.rows.len();
                let one = |(n, id): (usize, &RowId)| match n == bad {
                    true => EntryAnswer::new(code, String::new()),
                    false => self.store_one(store, &store.0[id], attempt),
                };
                TryResult::Entries(attempt.rows.iter().enumerate().map(one).collect())
            }
            (_, TryKind::Send) => TryResult::Entries(self.store(store, attempt)),
            (_, TryKind::AskWhichArrived) => TryResult::Arrived(self.find(store, attempt)),
        }
    }

    /// The same request twice at the same moment; the second answer arrives, unless it is none that says yes.
    fn carry_out_twice(&mut self, store: &Store, attempt: &Try) -> TryResult {
        let (had, told) = (self.has.clone(), self.told.clone());
        self.store(store, attempt);
        let resources = || attempt.rows.iter().map(|id| store.0[id].resource_id);
        if attempt.naming == Naming::Identifier {
            // Neither found the other's.
            for new in resources().filter(|resource| !had.contains_key(resource)) {
                self.has.entry(new).and_modify(|kept| kept.copies = 2);
            }
        }
        // An update is bound to the version before it, and so refuses itself the second time.
        let again = |id: &RowId| {
            let row = &store.0[id];
            let is_ambiguous = had.get(&row.resource_id).is_some_and(|kept| kept.copies > 1);
            if row.expects.is_some() || is_ambiguous {
                EntryAnswer::new(412, String::new())
            } else {
                self.yes(200, row)
            }
        };
        let answers: Vec<EntryAnswer> = attempt.rows.iter().map(again).collect();
        let taken = |id: &RowId| self.has.get(&store.0[id].resource_id).is_some_and(|kept| kept.row == Some(id.0));
        if attempt.rows.iter().all(taken) {
            return TryResult::Entries(answers);
        }
        // Its answer reaches nobody.
        self.told = told;
        TryResult::NoWholeAnswer("reset".to_owned())
    }
}

/// What a person does about records that are stopped.
fn act(fault: Fault, outbox: &mut Outbox, store: &mut Store, server: &Server, now: WallTime, pick: usize) {
    let stopped: Vec<_> = store
        .0
        .values()
        .filter(|row| matches!(row.state, RowState::Refused | RowState::Held))
        .map(|row| row.id)
        .collect();
    let Some(one) = stopped.get(pick % stopped.len().max(1)).copied() else { return };
    let row = store.0[&one].clone();
    let updates = match fault {
        Fault::PersonRetries => outbox.retry(one),
        Fault::PersonPutsAway(release) => {
            let dependants = if release { Dependants::Release } else { Dependants::Discard };
            let discard = Discard { reason: "twice".to_owned(), by: Some(BEN), at: now };
            outbox.discard(one, &discard, dependants)
        }
        Fault::PersonDecides if row.is_conflict() => {
            let seen = server.has.get(&row.resource_id).map_or(0, |kept| kept.version);
            outbox.send_over(one, seen.to_string())
        }
        _ => return,
    };
    store.apply(updates);
}

/// What is to be sent, and to which kind of server.
#[derive(Clone, Debug)]
struct Ward {
    readings: u128,
    /// Readings that depend on an earlier one.
    links: Vec<(u128, u128)>,
    /// Readings of which there is a second version.
    corrected: Vec<u128>,
    /// Readings of which somebody else wrote a version at the server.
    foreign: Vec<u128>,
    gives_ids: bool,
    keeps_own_audit: bool,
    /// Of a request: rows and octets.
    limits: (usize, usize),
}

impl Ward {
    fn filled(&self) -> (Store, Server) {
        let mut store = Store::default();
        store.put(row(1, "Patient", &[]));
        store.put(row(2, "Device", &[1]));
        for n in 3..3 + self.readings {
            let earlier = self.links.iter().filter(|(from, to)| from + 2 == n && to + 2 < n).map(|(_, to)| to + 2);
            let depends_on: Vec<u128> = [1, 2].into_iter().chain(earlier).collect();
            let measured_by = [None, Some(ANNA), Some(BEN)][(n % 3) as usize];
            let lane = if n % 7 == 0 { Lane::Waveform } else { Lane::Clinical };
            let kept_by_device = n % 2 == 0;
            store.put(OutboxRow { measured_by, lane, kept_by_device, ..row(n, "Observation", &depends_on) });
        }
        for n in self.corrected.iter().copied().filter(|n| *n <= self.readings) {
            let first = store.0[&id(n + 2)].clone();
            let later =
                OutboxRow { id: id(n + 200), created: WallTime(n as i64 + 200), kept_by_device: false, ..first };
            store.put(later);
        }
        for n in 100..103 {
            store.put(OutboxRow { lane: Lane::Audit, ..row(n, "AuditEvent", &[]) });
        }
        let mut server =
            Server { gives_ids: self.gives_ids, keeps_own_audit: self.keeps_own_audit, ..Server::default() };
        for n in self.foreign.iter().copied().filter(|n| *n <= self.readings) {
            let resource = store.0[&id(n + 2)].resource_id;
            server.foreign.insert(resource);
            server.has.insert(resource, Kept { row: None, version: 1, copies: 1 });
        }
        (store, server)
    }

    /// Goes on until nothing is left to send: every fault happens to one request, and those after them go well.
    fn sends_through(&self, faults: Vec<(Fault, usize, u64)>) -> Result<(Store, Server), TestCaseError> {
        let (mut store, mut server) = self.filled();
        let limits = Limits { rows: self.limits.0, octets: self.limits.1, most: self.limits.0 };
        let mut outbox = Outbox::new(limits);
        store.apply(outbox.load(store.open()));
        let mut now = NOW;
        let (mut tries, mut anna_is_out) = (0u32, false);
        let mut faults = faults.into_iter();
        loop {
            let scheduled = faults.next();
            let is_over = scheduled.is_none();
            let (fault, pick, random) = scheduled.unwrap_or((Fault::TokensCome, 0, 3));
            match fault {
                Fault::TokenOfAnnaEnds => anna_is_out = true,
                Fault::TokensCome => {
                    anna_is_out = false;
                    outbox.token_came();
                }
                _ => act(fault, &mut outbox, &mut store, &server, now, pick),
            }
            if outbox.status().pause.is_some() && !anna_is_out {
                outbox.try_now();
            }
            let Some(wake) = outbox.next_wake() else { if is_over { break } else { continue } };
            now = now.max(wake);
            if anna_is_out && outbox.next_author(now) == Some(Some(ANNA)) {
                outbox.shut(Some(ANNA), now);
                continue;
            }
            let author = outbox.next_author(now);
            let Some(attempt) = outbox.poll(now) else {
                return Err(TestCaseError::fail("nothing was due at the time that next_wake named"));
            };
            tries += 1;
            prop_assert!(tries < 2_000, "the outbox does not come to rest");
            prop_assert!(!attempt.rows.is_empty() && attempt.rows.len() <= limits.rows);
            prop_assert_eq!(author, Some(attempt.measured_by));
            store.apply(attempt.updates.clone());
            for id in &attempt.rows {
                let depends_on = &store.0[id].depends_on;
                let settled = |dependency: &RowId| {
                    let row = &store.0[dependency];
                    row.state == RowState::Accepted || row.is_withdrawn()
                };
                prop_assert!(depends_on.iter().all(settled), "a record went before what it depends on");
                let audit = store.0[id].lane == Lane::Audit;
                prop_assert!(!audit || attempt.rows.len() == 1, "an audit entry goes alone");
            }
            let result = server.carry_out(&store, &attempt, fault, pick);
            if matches!(fault, Fault::KilledAfter | Fault::KilledBefore) {
                let learned = outbox.server();
                outbox = Outbox::new(limits);
                outbox.remember(learned);
                store.apply(outbox.load(store.open()));
                continue;
            }
            let updates = outbox.handle(now, random, result);
            let (marked, settled) = (&attempt.updates, &updates);
            for mark in marked {
                prop_assert!(settled.iter().any(|update| update.id == mark.id), "a row was left under way");
            }
            store.apply(updates);
        }
        Ok((store, server))
    }
}

/// Every row is what the server made of it, and the server has what is called done.
fn ends_well(store: &Store, server: &Server) -> Result<(), TestCaseError> {
    let stopped = |id| matches!(store.0[id].state, RowState::Refused | RowState::Held | RowState::Discarded);
    for row in store.0.values() {
        match row.state {
            RowState::Accepted => {
                prop_assert!(server.told.contains(&row.id.0), "accepted without an answer");
                prop_assert!(server.has.contains_key(&row.resource_id), "accepted, and not there");
                prop_assert!(row.outcome.is_some());
                let as_whom = server.brought.get(&row.id.0).copied().unwrap_or(row.measured_by);
                prop_assert_eq!(as_whom, row.measured_by, "sent as somebody else's");
            }
            RowState::Refused => prop_assert!(row.outcome.is_some(), "refused without a reason"),
            RowState::Held => {
                prop_assert!(row.is_withdrawn() || row.depends_on.iter().any(stopped), "held for nothing");
            }
            RowState::Discarded => prop_assert!(row.discarded.is_some(), "put away without a reason"),
            RowState::Waiting | RowState::Sending => prop_assert!(false, "left {}", row.state),
        }
    }
    for (resource, kept) in &server.has {
        let of_it = store.0.values().filter(|row| row.resource_id == *resource);
        for row in of_it.filter(|row| kept.copies > 1 && server.undisturbed.get(&row.id.0) == Some(&true)) {
            prop_assert!(row.state != RowState::Accepted, "called done, and there are two of {}", resource);
            prop_assert!(row.state != RowState::Refused || row.is_conflict(), "not said that there are two");
        }
        // What the server has in the end is the last version that is called done, or one that came after it.
        let versions = store.0.values().filter(|row| row.resource_id == *resource && row.state == RowState::Accepted);
        let Some(last) = versions.max_by_key(|row| row.created) else { continue };
        let stands = kept.row.map(|row| store.0[&RowId(row)].created);
        prop_assert!(stands.is_none_or(|stands| stands >= last.created), "an earlier version stands at the server");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_server_has_in_the_end_is_what_is_here_each_once_and_by_whoever_measured_it(
        faults in prop::collection::vec((fault(), 0usize..8, any::<u64>()), 0..80),
        readings in 1u128..30,
        links in prop::collection::vec((1u128..30, 1u128..30), 0..20),
        corrected in prop::collection::vec(1u128..30, 0..4),
        foreign in prop::collection::vec(1u128..30, 0..3),
        (gives_ids, keeps_own_audit) in any::<(bool, bool)>(),
        limits in (1usize..12, 2usize..60),
    ) {
        let ward = Ward { readings, links, corrected, foreign, gives_ids, keeps_own_audit, limits };
        let (store, server) = ward.sends_through(faults)?;
        ends_well(&store, &server)?;
    }
}

#[test]
fn a_first_version_of_which_the_server_made_two_is_a_conflict_and_stays_one_when_it_is_tried_again() {
    let ward = Ward {
        readings: 4,
        links: Vec::new(),
        corrected: Vec::new(),
        foreign: Vec::new(),
        gives_ids: true,
        keeps_own_audit: true,
        limits: (12, 60),
    };
    // That it gives ids itself is learned with the first request.
    for faults in [vec![Fault::None, Fault::Twice], vec![Fault::None, Fault::Twice, Fault::None, Fault::PersonRetries]]
    {
        let faults = faults.into_iter().map(|fault| (fault, 0, 7)).collect();
        let (store, server) = ward.sends_through(faults).unwrap();
        ends_well(&store, &server).unwrap();
        assert_eq!(server.has[&store.0[&id(1)].resource_id].copies, 2);
        assert!(store.0[&id(1)].is_conflict(), "{:?}", store.0[&id(1)].outcome);
        assert_eq!(store.state(3), RowState::Held, "and nothing of the patient goes");
    }
}
