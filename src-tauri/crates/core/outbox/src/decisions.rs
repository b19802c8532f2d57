//! What a person says of records on their way: another try, put away, withdrawn, or sent over the server's version.
//! Not here: what the server says of them (`answers`).
use crate::outbox::Outbox;
use crate::row::{Discard, Fact, KEPT_THEIRS, Outcome, RowId, RowState, RowUpdate, ServerCopy, Withdrawn};
use crate::window::is_stopped;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// What becomes of the records that are held for one that is put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependants {
    /// They go without it.
    Release,
    /// They are put away too, for the same reason.
    Discard,
}

/// The outcome's text of a record that the server has under a name of its own.
const KNOWN_THERE: &str = "a person said which of the server's records it is";

impl Outbox {
    /// Puts a refused, held or discarded row back to waiting, with what it depends on and what was held for it. Returns what
    /// changed.
    pub fn retry(&mut self, row: RowId) -> Vec<RowUpdate> {
        self.wake.set(None);
        let mut updates = Vec::new();
        let mut open = Vec::from([row]);
        let mut again = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(entry) = self.window.entry(id).filter(|entry| is_stopped(entry.row.state)) else { continue };
            if !entry.row.is_withdrawn() && again.insert(id) {
                open.extend(entry.row.depends_on.iter().copied());
            }
        }
        for id in &again {
            if let Some(entry) = self.window.entry_mut(*id) {
                entry.failures = 0;
                entry.failed_at = None;
                entry.alone = false;
            }
            updates.extend(self.window.set(*id, RowState::Waiting, None, None));
        }
        for id in again {
            updates.extend(self.window.release_dependants(id));
        }
        updates
    }

    /// Puts a refused or held row away for good, with a reason. Nothing when it is not here, or is neither refused nor held.
    /// It is never deleted, and `retry` takes it up again.
    pub fn discard(&mut self, row: RowId, discard: &Discard, dependants: Dependants) -> Vec<RowUpdate> {
        self.wake.set(None);
        let may_be = |state| matches!(state, RowState::Refused | RowState::Held);
        let is_there = |entry: &crate::window::Entry| may_be(entry.row.state) && !entry.row.is_withdrawn();
        if !self.window.entry(row).is_some_and(is_there) {
            return Vec::new();
        }
        let mut all = Vec::from([row]);
        if dependants == Dependants::Discard {
            let held = |id: &RowId| {
                let held =
                    |entry: &crate::window::Entry| entry.row.state == RowState::Held && !entry.row.is_withdrawn();
                self.window.entry(*id).is_some_and(held)
            };
            all.extend(self.window.all_dependants(row).into_iter().filter(held));
        }
        let mut updates = Vec::new();
        for id in all {
            self.window.set_uncertain(id, false);
            let update = self.window.set(id, RowState::Discarded, None, None);
            updates.extend(update.map(|update| RowUpdate { fact: Some(Fact::Discarded(discard.clone())), ..update }));
        }
        if dependants == Dependants::Release {
            updates.extend(self.window.free_dependants(row));
        }
        updates
    }

    /// A person saw the server's version of a row in conflict and decided that ours is to take its place. It goes only if
    /// that version is still the server's. Nothing when the row is not in conflict.
    pub fn send_over(&mut self, row: RowId, their_version: String) -> Vec<RowUpdate> {
        if !self.window.entry(row).is_some_and(|entry| entry.row.is_conflict()) {
            return Vec::new();
        }
        let mut updates = self.retry(row);
        if let Some(update) = updates.iter_mut().find(|update| update.id == row) {
            update.fact = Some(Fact::Expects(their_version));
        }
        updates
    }

    /// A person saw the server's version of a row in conflict and decided that it stands: the row counts as accepted with
    /// that version, and what waits for it refers to that. For what others refer to (people, devices); nothing when the row
    /// is not in conflict.
    pub fn keep_theirs(&mut self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        let updates = self.when_theirs_kept(row, server, now);
        self.carry_out(updates)
    }

    /// What `keep_theirs` would change. Whoever writes it down first calls `keep_theirs` when it is durable: before, nothing
    /// that waits for the row may go, since nobody knows yet under which name.
    pub fn when_theirs_kept(&self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        let is_conflict = self.window.entry(row).is_some_and(|entry| entry.row.is_conflict());
        if is_conflict { self.when_accepted_as(row, KEPT_THEIRS, server, now) } else { Vec::new() }
    }

    /// A person said that the server has this record under a name of its own, as after a patient here and one there turned
    /// out to be the same: it is not sent, and what waits for it goes. Nothing when it is not here any more, or when the
    /// server may have it under our name.
    pub fn known_as(&mut self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        let updates = self.when_known_as(row, server, now);
        self.carry_out(updates)
    }

    /// What `known_as` would change. Whoever writes it down first calls `known_as` when it is durable: before, nothing that
    /// waits for the row may go, since nobody knows yet under which name.
    pub fn when_known_as(&self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        let may_be = |entry: &crate::window::Entry| entry.row.state != RowState::Sending && !entry.doubted;
        let may_be = self.window.entry(row).is_some_and(may_be);
        if may_be { self.when_accepted_as(row, KNOWN_THERE, server, now) } else { Vec::new() }
    }

    fn when_accepted_as(&self, row: RowId, text: &str, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        let Some(entry) = self.window.entry(row) else { return Vec::new() };
        let accepted = RowUpdate {
            id: row,
            state: RowState::Accepted,
            attempts: entry.row.attempts,
            next_attempt: None,
            outcome: Some(Outcome { status: 200, text: text.into(), at: now }),
            fact: Some(Fact::Server(server)),
        };
        let released = self.window.held_only_for(row).into_iter().filter_map(|id| {
            let row = &self.window.entry(id)?.row;
            let (attempts, outcome) = (row.attempts, row.outcome.clone());
            Some(RowUpdate { id, state: RowState::Waiting, attempts, next_attempt: None, outcome, fact: None })
        });
        core::iter::once(accepted).chain(released).collect()
    }

    fn carry_out(&mut self, updates: Vec<RowUpdate>) -> Vec<RowUpdate> {
        self.wake.set(None);
        for update in &updates {
            self.window.set(update.id, update.state, None, update.outcome.clone());
        }
        updates
    }

    /// Holds a waiting, held or refused row for good: what a person said of its record takes its place, or nothing does.
    /// `None` when it is not here any more, or is on its way: then it is too late.
    pub fn withdraw(&mut self, row: RowId, now: WallTime) -> Option<Withdrawn> {
        self.wake.set(None);
        let may_be = |state| !matches!(state, RowState::Sending | RowState::Discarded);
        let before = self.window.entry(row).filter(|entry| may_be(entry.row.state))?.row.clone();
        let uncertain = self.window.is_uncertain(row);
        let update = self.window.withdraw(row, now)?;
        Some(Withdrawn { update, before, uncertain })
    }

    /// A withdrawal could not be written: the row stands where it stood.
    pub fn undo(&mut self, withdrawn: Withdrawn) {
        self.wake.set(None);
        let Withdrawn { before, uncertain, .. } = withdrawn;
        // Read from the store anew since, it is not withdrawn, and may be on its way.
        if self.is_withdrawn(before.id) {
            self.window.put_back(before, uncertain);
        }
    }
}
