//! The rows that are not accepted yet, their order and what depends on what.
//! Not here: time, requests and answers.
use crate::row::{OutboxRow, Outcome, RowId, RowState, RowUpdate, WITHDRAWN};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use uuid::Uuid;

/// A row and what is known of it in this run only.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) row: OutboxRow,
    /// Answers in a row by which the server failed on this very record.
    pub(crate) failures: u32,
    /// The server may have got it, in this form or an earlier one: a try ended without a clear no. It stays so while the
    /// row is here, also when asking about it was given up; `uncertain` only steers the questions.
    pub(crate) doubted: bool,
}

/// Every row that is not accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    entries: BTreeMap<RowId, Entry>,
    /// Waiting rows in the order of sending.
    order: BTreeSet<(u8, WallTime, RowId)>,
    /// Waiting and sending rows of one resource, oldest first: a later version never overtakes an earlier one.
    versions: BTreeMap<Uuid, BTreeSet<(WallTime, RowId)>>,
    dependants: BTreeMap<RowId, BTreeSet<RowId>>,
    /// A request that carried them ended without an answer: they may be on the server.
    uncertain: BTreeSet<RowId>,
    counts: [usize; RowState::ALL.len()],
}

impl Window {
    /// Takes a row in. One that is there already is left as it is.
    pub(crate) fn insert(&mut self, row: OutboxRow) {
        if self.entries.contains_key(&row.id) || row.state == RowState::Accepted {
            return;
        }
        for dependency in &row.depends_on {
            self.dependants.entry(*dependency).or_default().insert(row.id);
        }
        self.index(&row);
        self.entries.insert(row.id, Entry { row, failures: 0, doubted: false });
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

    pub(crate) const fn count(&self, state: RowState) -> usize {
        self.counts[state as usize]
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
    pub(crate) fn uncertain(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.uncertain.iter().filter_map(|id| self.entries.get(id));
        entries.filter(|entry| entry.row.state == RowState::Waiting)
    }

    /// Waiting rows in the order of sending, whether they may go yet or not.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().filter_map(|(_, _, id)| self.entries.get(id))
    }

    /// Whether all that a row depends on, and every earlier version of its resource, is settled.
    pub(crate) fn is_ready(&self, entry: &Entry) -> bool {
        let first_version = self.versions.get(&entry.row.resource_id).and_then(BTreeSet::first);
        let open = |id: &RowId| *id != entry.row.id && self.entries.contains_key(id);
        first_version.is_none_or(|(_, id)| *id == entry.row.id) && !entry.row.depends_on.iter().any(open)
    }

    /// Whether something that a row depends on was refused or is held.
    pub(crate) fn is_blocked(&self, entry: &Entry) -> bool {
        let stopped = |id: &RowId| {
            *id != entry.row.id && self.entries.get(id).is_some_and(|dependency| is_stopped(dependency.row.state))
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
        let update =
            RowUpdate { id, state, attempts: entry.row.attempts, next_attempt, outcome: entry.row.outcome.clone() };
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
    pub(crate) fn put_back(&mut self, before: OutboxRow, uncertain: bool) {
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

    /// Everything that depends on a refused row, directly or through others.
    pub(crate) fn held_by_refusals(&self) -> BTreeSet<RowId> {
        let refused = self.entries.values().filter(|entry| entry.row.state == RowState::Refused);
        refused.flat_map(|entry| self.all_dependants(entry.row.id)).collect()
    }

    /// Lets everything go that was held for a row and for nothing else.
    pub(crate) fn release_dependants(&mut self, of: RowId) -> Vec<RowUpdate> {
        let mut updates = Vec::new();
        let mut open = self.dependants_in(of, RowState::Held);
        while let Some(id) = open.pop() {
            let may_go = |entry: &Entry| entry.row.state == RowState::Held && !entry.row.is_withdrawn();
            if self.entry(id).is_some_and(|entry| may_go(entry) && !self.is_blocked(entry)) {
                updates.extend(self.set(id, RowState::Waiting, None, None));
                open.extend(self.dependants_in(id, RowState::Held));
            }
        }
        updates
    }

    fn all_dependants(&self, of: RowId) -> BTreeSet<RowId> {
        let mut all = BTreeSet::new();
        let mut open = Vec::from([of]);
        while let Some(id) = open.pop() {
            let dependants = self.dependants.get(&id).into_iter().flatten();
            open.extend(dependants.filter(|dependant| **dependant != of && all.insert(**dependant)));
        }
        all
    }

    fn dependants_in(&self, of: RowId, state: RowState) -> Vec<RowId> {
        let all = self.dependants.get(&of).into_iter().flatten();
        all.filter(|id| **id != of && self.entries.get(id).is_some_and(|entry| entry.row.state == state))
            .copied()
            .collect()
    }

    fn index(&mut self, row: &OutboxRow) {
        self.counts[row.state as usize] += usize::from(is_counted(row));
        if row.state == RowState::Waiting {
            self.order.insert(place(row));
        }
        if matches!(row.state, RowState::Waiting | RowState::Sending) {
            self.versions.entry(row.resource_id).or_default().insert((row.created, row.id));
        }
    }

    fn unindex(&mut self, row: &OutboxRow) {
        let count = &mut self.counts[row.state as usize];
        *count = count.saturating_sub(usize::from(is_counted(row)));
        self.order.remove(&place(row));
        if let Some(versions) = self.versions.get_mut(&row.resource_id) {
            versions.remove(&(row.created, row.id));
            if versions.is_empty() {
                self.versions.remove(&row.resource_id);
            }
        }
    }

    fn forget(&mut self, row: &OutboxRow) {
        self.uncertain.remove(&row.id);
        self.dependants.remove(&row.id);
        for dependency in &row.depends_on {
            if let Some(dependants) = self.dependants.get_mut(dependency) {
                dependants.remove(&row.id);
            }
        }
    }
}

/// An accepted row is not here; a withdrawn one waits for nothing, and nobody has to look at it.
fn is_counted(row: &OutboxRow) -> bool {
    row.state != RowState::Accepted && !row.is_withdrawn()
}

/// Whether a row goes nowhere until a person acts.
pub(crate) const fn is_stopped(state: RowState) -> bool {
    matches!(state, RowState::Refused | RowState::Held)
}

/// People first, then devices, then what was measured; within a kind the oldest first.
fn place(row: &OutboxRow) -> (u8, WallTime, RowId) {
    let rank = match row.resource_type.as_str() {
        "Patient" => 0,
        "Device" => 1,
        _ => 2,
    };
    (rank, row.created, row.id)
}
