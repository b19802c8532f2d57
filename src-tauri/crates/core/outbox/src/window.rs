//! The rows that are not accepted yet, their order and what depends on what.
//! Not here: time, requests and answers.
use crate::exchange::{Pause, PauseReason};
use crate::row::{AuthorId, Fact, Lane, Outcome, RowHead, RowId, RowState, RowUpdate, ServerCopy, WITHDRAWN};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use uuid::Uuid;

/// A row and what is known of it in this run only.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) row: RowHead,
    /// Times in a row that the server failed on this very record, while it did others.
    pub(crate) failures: u32,
    /// How often the server had settled anything when it first and last failed on this record.
    pub(crate) failed_at: Option<(u64, u64)>,
    /// A request that carried it and nothing else came to no end: it goes alone from now on, so that the others pass.
    pub(crate) alone: bool,
    /// The server may have got it, in this form or an earlier one: a try ended without a clear no. It stays so while the
    /// row is here, also when asking about it was given up; `uncertain` only steers the questions.
    pub(crate) doubted: bool,
    /// Another console may have sent it, and we have not looked yet, or not since its last try.
    pub(crate) unasked: bool,
    /// The server said that it took it, and we have not looked yet whether it has it once.
    pub(crate) taken: Option<(Outcome, Option<ServerCopy>)>,
    /// The server said that it has another version, and we have not looked yet whether that is this one: a request may
    /// have come to it twice.
    pub(crate) clash: Option<Outcome>,
}

impl Entry {
    const fn new(row: RowHead) -> Self {
        let unasked = row.kept_by_device;
        Self { row, failures: 0, failed_at: None, alone: false, doubted: false, unasked, taken: None, clash: None }
    }
}

/// Whose rows may go, and over what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    /// Authors for whom the server lets nobody speak now.
    pub(crate) shut: BTreeMap<Option<AuthorId>, Pause>,
    pub(crate) metered: bool,
}

impl Gate {
    /// Whether rows of this lane and author may go.
    pub(crate) fn lets(&self, lane: Lane, measured_by: Option<AuthorId>) -> bool {
        !self.shut.contains_key(&measured_by) && self.affords(lane)
    }

    /// Whether an author is shut out for this reason.
    pub(crate) fn is_shut_for(&self, measured_by: Option<AuthorId>, reason: PauseReason) -> bool {
        self.shut.get(&measured_by).is_some_and(|pause| pause.reason == reason)
    }

    /// Somebody whose records the server does not take for want of permission.
    pub(crate) fn not_permitted(&self) -> Option<Pause> {
        self.shut.values().find(|pause| pause.reason == PauseReason::Permission).cloned()
    }

    pub(crate) fn affords(&self, lane: Lane) -> bool {
        lane == Lane::Clinical || !self.metered
    }
}

/// Rows of one rank, lane and author.
type Group = (u8, Lane, Option<AuthorId>);

/// Every row that is not accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    entries: BTreeMap<RowId, Entry>,
    /// Waiting rows in the order of sending, the oldest of each group first.
    order: BTreeMap<Group, BTreeSet<(WallTime, RowId)>>,
    /// Waiting and sending rows of one resource, oldest first: a later version never overtakes an earlier one.
    versions: BTreeMap<Uuid, BTreeSet<(WallTime, RowId)>>,
    dependants: BTreeMap<RowId, BTreeSet<RowId>>,
    /// A request that carried them ended without an answer: they may be on the server.
    uncertain: BTreeSet<RowId>,
    counts: [usize; RowState::ALL.len()],
    /// The size of what waits or is under way, audit entries left out.
    octets: usize,
}

impl Window {
    /// Takes a row in. One that is there already is left as it is.
    pub(crate) fn insert(&mut self, row: RowHead) {
        if self.entries.contains_key(&row.id) || row.state == RowState::Accepted {
            return;
        }
        for dependency in &row.depends_on {
            self.dependants.entry(*dependency).or_default().insert(row.id);
        }
        self.index(&row);
        self.entries.insert(row.id, Entry::new(row));
    }

    pub(crate) fn entry(&self, id: RowId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub(crate) fn entry_mut(&mut self, id: RowId) -> Option<&mut Entry> {
        self.entries.get_mut(&id)
    }

    pub(crate) fn ids(&self) -> Vec<RowId> {
        self.entries.keys().copied().collect()
    }

    /// The waiting rows of a lane.
    pub(crate) fn ids_in(&self, wanted: Lane) -> Vec<RowId> {
        let groups = self.order.iter().filter(|((_, lane, _), _)| *lane == wanted);
        groups.flat_map(|(_, rows)| rows).map(|(_, id)| *id).collect()
    }

    /// Whether a row of a lane is still to reach the server, by itself or by a person's word.
    pub(crate) fn has_open(&self, lane: Lane) -> bool {
        self.entries.values().any(|entry| entry.row.lane == lane && entry.row.state.is_open())
    }

    pub(crate) const fn count(&self, state: RowState) -> usize {
        self.counts[state as usize]
    }

    /// The size of what waits or is under way, audit entries left out.
    pub(crate) const fn octets(&self) -> usize {
        self.octets
    }

    /// How many waiting rows are of a lane and an author of which this is true.
    pub(crate) fn count_waiting(&self, of: impl Fn(Lane, Option<AuthorId>) -> bool) -> usize {
        self.order.iter().filter(|((_, lane, author), _)| of(*lane, *author)).map(|(_, rows)| rows.len()).sum()
    }

    /// Notes that a row may, or may no longer, be on the server unknown to us.
    pub(crate) fn set_uncertain(&mut self, id: RowId, uncertain: bool) {
        if uncertain {
            self.uncertain.insert(id);
        } else {
            self.uncertain.remove(&id);
        }
    }

    /// The server may have a row from now on, whatever is learned of it later.
    pub(crate) fn doubt(&mut self, id: RowId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.doubted = true;
        }
    }

    pub(crate) fn is_uncertain(&self, id: RowId) -> bool {
        self.uncertain.contains(&id)
    }

    /// Rows that may be on the server, while they wait.
    pub(crate) fn uncertain<'a>(&'a self, gate: &'a Gate) -> impl Iterator<Item = &'a Entry> {
        let entries = self.uncertain.iter().filter_map(|id| self.entries.get(id));
        entries.filter(move |Entry { row, .. }| row.state == RowState::Waiting && gate.lets(row.lane, row.measured_by))
    }

    /// Waiting rows in the order of sending, whether they may go yet or not.
    pub(crate) fn waiting<'a>(&'a self, gate: &'a Gate) -> impl Iterator<Item = &'a Entry> {
        let groups = self.order.iter().filter(move |((_, lane, author), _)| gate.lets(*lane, *author));
        groups.flat_map(|(_, rows)| rows).filter_map(|(_, id)| self.entries.get(id))
    }

    /// Whether all that a row depends on, and every earlier version of its resource, is settled.
    pub(crate) fn is_ready(&self, entry: &Entry) -> bool {
        let open = |id: &RowId| *id != entry.row.id && self.entries.get(id).is_some_and(|entry| self.is_awaited(entry));
        self.is_first_version(entry) && !entry.row.depends_on.iter().any(open)
    }

    /// Whether no earlier version of its resource waits or is under way.
    pub(crate) fn is_first_version(&self, entry: &Entry) -> bool {
        let first = self.versions.get(&entry.row.resource_id).and_then(BTreeSet::first);
        first.is_none_or(|(_, id)| *id == entry.row.id)
    }

    /// Whether what depends on a row waits for it. For one that was withdrawn, what takes its place is waited for.
    fn is_awaited(&self, entry: &Entry) -> bool {
        !entry.row.is_withdrawn() || self.versions.contains_key(&entry.row.resource_id)
    }

    /// Whether something that a row depends on was refused or is held.
    pub(crate) fn is_blocked(&self, entry: &Entry) -> bool {
        let stopped = |id: &RowId| {
            let stops = |of: &Entry| is_stopped(of.row.state) && !of.row.is_withdrawn();
            *id != entry.row.id && self.entries.get(id).is_some_and(stops)
        };
        entry.row.depends_on.iter().any(stopped)
    }

    /// Moves a row to a state. An accepted row leaves the window.
    pub(crate) fn set(
        &mut self,
        id: RowId,
        state: RowState,
        next_attempt: Option<WallTime>,
        outcome: Option<Outcome>,
    ) -> Option<RowUpdate> {
        let mut entry = self.entries.remove(&id)?;
        self.unindex(&entry.row);
        entry.row.state = state;
        entry.row.next_attempt = next_attempt;
        if outcome.is_some() {
            entry.row.outcome.clone_from(&outcome);
        }
        let (attempts, outcome) = (entry.row.attempts, entry.row.outcome.clone());
        let update = RowUpdate { id, state, attempts, next_attempt, outcome, fact: None };
        if !matches!(state, RowState::Waiting | RowState::Sending) {
            entry.taken = None;
            entry.clash = None;
        }
        self.index(&entry.row);
        if state != RowState::Accepted {
            self.entries.insert(id, entry);
        } else {
            self.forget(&entry.row);
        }
        Some(update)
    }

    /// Holds a row for good: what a person said takes its place, or nothing does.
    pub(crate) fn withdraw(&mut self, id: RowId, now: WallTime) -> Option<RowUpdate> {
        self.set_uncertain(id, false);
        self.set(id, RowState::Held, None, Some(Outcome { status: 0, text: WITHDRAWN.into(), at: now }))
    }

    /// Puts a withdrawn row back as it was, its outcome too: one that keeps the words of a withdrawal is taken for withdrawn
    /// as soon as it is held. What it waits for may have been refused, or taken, meanwhile.
    pub(crate) fn put_back(&mut self, before: RowHead, uncertain: bool) {
        let id = before.id;
        let Some(mut entry) = self.entries.remove(&id) else { return };
        self.unindex(&entry.row);
        let blocked = self.is_blocked(&Entry { row: before.clone(), ..entry.clone() });
        entry.row = before;
        entry.row.state = match entry.row.state {
            RowState::Waiting | RowState::Held if blocked => RowState::Held,
            RowState::Held => RowState::Waiting,
            state => state,
        };
        self.index(&entry.row);
        self.entries.insert(id, entry);
        self.set_uncertain(id, uncertain);
    }

    /// Whether a later version of the same measurement is to go: then this one need not go any more, and must not go after
    /// it. Other records may be waited for by this very row.
    pub(crate) fn is_superseded(&self, id: RowId) -> bool {
        let Some(Entry { row, .. }) = self.entries.get(&id) else { return false };
        let last = self.versions.get(&row.resource_id).and_then(BTreeSet::last);
        row.resource_type == "Observation" && last.is_some_and(|last| *last > (row.created, id))
    }

    /// Holds everything that waits for a row, directly or through others.
    pub(crate) fn hold_dependants(&mut self, of: RowId) -> Vec<RowUpdate> {
        let all = self.all_dependants(of);
        let waits = |window: &Self, id| window.entry(id).is_some_and(|entry| entry.row.state == RowState::Waiting);
        all.into_iter()
            .filter_map(|id| if waits(self, id) { self.set(id, RowState::Held, None, None) } else { None })
            .collect()
    }

    /// Everything that depends on a refused or discarded row, directly or through others.
    pub(crate) fn held_by_refusals(&self) -> BTreeSet<RowId> {
        let stops = |entry: &&Entry| matches!(entry.row.state, RowState::Refused | RowState::Discarded);
        let refused = self.entries.values().filter(stops);
        refused.flat_map(|entry| self.all_dependants(entry.row.id)).collect()
    }

    /// Lets everything go that was held for a row and for nothing else.
    pub(crate) fn release_dependants(&mut self, of: RowId) -> Vec<RowUpdate> {
        let held = self.dependants_in(of, RowState::Held);
        self.release(held)
    }

    /// Lets those of these rows go that are held for nothing any more, and what was held for them.
    pub(crate) fn release(&mut self, mut open: Vec<RowId>) -> Vec<RowUpdate> {
        let mut updates = Vec::new();
        while let Some(id) = open.pop() {
            let may_go = |entry: &Entry| entry.row.state == RowState::Held && !entry.row.is_withdrawn();
            if self.entry(id).is_some_and(|entry| may_go(entry) && !self.is_blocked(entry)) {
                updates.extend(self.set(id, RowState::Waiting, None, None));
                open.extend(self.dependants_in(id, RowState::Held));
            }
        }
        updates
    }

    /// What is held for a row and for nothing else, directly or through others.
    pub(crate) fn held_only_for(&self, of: RowId) -> Vec<RowId> {
        let mut settled = BTreeSet::from([of]);
        let mut all = Vec::new();
        let mut open = self.dependants_in(of, RowState::Held);
        while let Some(id) = open.pop() {
            let Some(entry) = self.entry(id).filter(|entry| !entry.row.is_withdrawn()) else { continue };
            let stops = |on: &RowId| {
                let stops = |of: &Entry| is_stopped(of.row.state) && !of.row.is_withdrawn();
                *on != id && !settled.contains(on) && self.entries.get(on).is_some_and(stops)
            };
            if !entry.row.depends_on.iter().any(stops) && settled.insert(id) {
                all.push(id);
                open.extend(self.dependants_in(id, RowState::Held));
            }
        }
        all
    }

    /// Lets everything that is held go without a row on which it depended.
    pub(crate) fn free_dependants(&mut self, of: RowId) -> Vec<RowUpdate> {
        let mut updates = Vec::new();
        for id in self.dependants_in(of, RowState::Held) {
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.row.is_withdrawn()) else { continue };
            entry.row.depends_on.retain(|dependency| *dependency != of);
            if let Some(dependants) = self.dependants.get_mut(&of) {
                dependants.remove(&id);
            }
            let blocked = self.entries.get(&id).is_some_and(|entry| self.is_blocked(entry));
            let state = if blocked { RowState::Held } else { RowState::Waiting };
            let update = self.set(id, state, None, None);
            updates.extend(update.map(|update| RowUpdate { fact: Some(Fact::FreeOf(Vec::from([of]))), ..update }));
            updates.extend(self.release_dependants(id));
        }
        updates
    }

    pub(crate) fn all_dependants(&self, of: RowId) -> BTreeSet<RowId> {
        let mut all = BTreeSet::new();
        let mut open = Vec::from([of]);
        while let Some(id) = open.pop() {
            let dependants = self.dependants.get(&id).into_iter().flatten();
            open.extend(dependants.filter(|dependant| **dependant != of && all.insert(**dependant)));
        }
        all
    }

    pub(crate) fn dependants_in(&self, of: RowId, state: RowState) -> Vec<RowId> {
        let all = self.dependants.get(&of).into_iter().flatten();
        all.filter(|id| **id != of && self.entries.get(id).is_some_and(|entry| entry.row.state == state))
            .copied()
            .collect()
    }

    fn index(&mut self, row: &RowHead) {
        self.counts[row.state as usize] += usize::from(is_counted(row));
        if row.state == RowState::Waiting {
            self.order.entry(group(row)).or_default().insert((row.created, row.id));
        }
        if matches!(row.state, RowState::Waiting | RowState::Sending) {
            self.octets = self.octets.saturating_add(octets_counted(row));
            self.versions.entry(row.resource_id).or_default().insert((row.created, row.id));
        }
    }

    fn unindex(&mut self, row: &RowHead) {
        let count = &mut self.counts[row.state as usize];
        *count = count.saturating_sub(usize::from(is_counted(row)));
        if let Some(rows) = self.order.get_mut(&group(row)) {
            rows.remove(&(row.created, row.id));
            if rows.is_empty() {
                self.order.remove(&group(row));
            }
        }
        if !matches!(row.state, RowState::Waiting | RowState::Sending) {
            return;
        }
        self.octets = self.octets.saturating_sub(octets_counted(row));
        if let Some(versions) = self.versions.get_mut(&row.resource_id) {
            versions.remove(&(row.created, row.id));
            if versions.is_empty() {
                self.versions.remove(&row.resource_id);
            }
        }
    }

    fn forget(&mut self, row: &RowHead) {
        self.uncertain.remove(&row.id);
        self.dependants.remove(&row.id);
        for dependency in &row.depends_on {
            if let Some(dependants) = self.dependants.get_mut(dependency) {
                dependants.remove(&row.id);
            }
        }
    }
}

/// An accepted row is not here; a withdrawn one waits for nothing, and nobody has to look at it. An audit entry is nothing
/// that a person waits for, unless it was refused.
fn is_counted(row: &RowHead) -> bool {
    let is_seen = row.lane != Lane::Audit || row.state == RowState::Refused;
    row.state != RowState::Accepted && !row.is_withdrawn() && is_seen
}

fn octets_counted(row: &RowHead) -> usize {
    if row.lane == Lane::Audit { 0 } else { row.octets }
}

/// Whether a row goes nowhere until a person acts.
pub(crate) const fn is_stopped(state: RowState) -> bool {
    matches!(state, RowState::Refused | RowState::Held | RowState::Discarded)
}

/// People first, then devices, then what was measured, then what tells of that; curves and audit entries last.
fn group(row: &RowHead) -> Group {
    let rank = match (row.lane, row.resource_type.as_str()) {
        (Lane::Clinical, "Patient") => 0,
        (Lane::Clinical, "Device") => 1,
        (Lane::Clinical, "Observation") => 2,
        (Lane::Clinical, _) => 3,
        (Lane::Waveform, _) => 4,
        (Lane::Audit, _) => 5,
    };
    (rank, row.lane, row.measured_by)
}
