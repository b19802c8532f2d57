//! The outbox: rows come in, requests go out, in order and one at a time; a person may ask for another try.
//! Not here: what an answer makes of its rows (`answers`), waiting times (`backoff`), order and dependence (`window`).
use crate::backoff::{Backoff, is_due};
use crate::batch_size::{BatchSize, Limits};
use crate::exchange::{Pause, Status, Try, TryKind};
use crate::row::{OutboxRow, Outcome, RowId, RowState, RowUpdate, Withdrawn};
use crate::window::{Entry, Window, is_stopped};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// The state machine. It owns every row that is not accepted.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub(crate) window: Window,
    pub(crate) size: BatchSize,
    pub(crate) backoff: Backoff,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) pause: Option<Pause>,
    /// Whole requests with a single row refused one after another: it is not the rows then.
    pub(crate) lone_refusals: u32,
    /// Questions in a row that got no usable answer.
    pub(crate) lost_questions: u32,
    pub(crate) last_attempt: Option<WallTime>,
    pub(crate) last_success: Option<WallTime>,
    pub(crate) last_fault: Option<Outcome>,
}

/// The request under way.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    pub(crate) rows: Vec<RowId>,
    pub(crate) kind: TryKind,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(limits: Limits) -> Self {
        Self {
            window: Window::default(),
            size: BatchSize::new(limits),
            backoff: Backoff::default(),
            in_flight: None,
            pause: None,
            lone_refusals: 0,
            lost_questions: 0,
            last_attempt: None,
            last_success: None,
            last_fault: None,
        }
    }

    /// Takes in the stored rows at the start: **all** that are not accepted, because a dependency that is not here counts
    /// as accepted. Rows that were `sending` wait again and are asked for first. Returns what changed.
    pub fn load(&mut self, rows: impl IntoIterator<Item = OutboxRow>) -> Vec<RowUpdate> {
        let mut updates = Vec::new();
        let mut was_sending = Vec::new();
        for row in rows {
            let (id, sending, doubted) = (row.id, row.state == RowState::Sending, may_have_been_taken(&row));
            if sending {
                was_sending.push(id);
            }
            self.window.insert(row);
            if doubted {
                self.window.doubt(id);
            }
        }
        for id in was_sending {
            self.window.set_uncertain(id, true);
            updates.extend(self.window.set(id, RowState::Waiting, None, None));
        }
        // A row is held if, and only if, something it depends on is refused, whatever an unclean end left behind.
        let held = self.window.held_by_refusals();
        for id in self.window.ids() {
            let state = self.window.entry(id).map(|entry| entry.row.state);
            let right = match state {
                Some(RowState::Waiting) if held.contains(&id) => RowState::Held,
                Some(RowState::Held) if !held.contains(&id) && !self.is_withdrawn(id) => RowState::Waiting,
                _ => continue,
            };
            updates.extend(self.window.set(id, right, None, None));
        }
        updates
    }

    /// Takes in a new row. Returns a change if something it depends on is refused or held.
    pub fn add(&mut self, row: OutboxRow) -> Option<RowUpdate> {
        let id = row.id;
        self.window.insert(row);
        let entry = self.window.entry(id)?;
        let must_hold = entry.row.state == RowState::Waiting && self.window.is_blocked(entry);
        must_hold.then(|| self.window.set(id, RowState::Held, None, None)).flatten()
    }

    /// A row that is not accepted yet.
    pub fn row(&self, id: RowId) -> Option<&OutboxRow> {
        self.window.entry(id).map(|entry| &entry.row)
    }

    /// The next request, if it is time for one. Its rows are `sending` from now on.
    pub fn poll(&mut self, now: WallTime) -> Option<Try> {
        if self.in_flight.is_some() || self.pause.is_some() || !is_due(self.backoff.until(), now) {
            return None;
        }
        let (kind, rows) = self.choose(now)?;
        let updates = rows.iter().filter_map(|id| self.start(*id)).collect();
        self.last_attempt = Some(now);
        self.in_flight = Some(InFlight { rows: rows.clone(), kind });
        Some(Try { rows, kind, updates })
    }

    /// Puts a refused or held row back to waiting, with what it depends on and what was held for it. Returns what changed.
    pub fn retry(&mut self, row: RowId) -> Vec<RowUpdate> {
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
            }
            updates.extend(self.window.set(*id, RowState::Waiting, None, None));
        }
        for id in again {
            updates.extend(self.window.release_dependants(id));
        }
        updates
    }

    /// Holds a waiting, held or refused row for good: what a person said of its record takes its place, or nothing does.
    /// `None` when it is not here any more, or is on its way: then it is too late.
    pub fn withdraw(&mut self, row: RowId, now: WallTime) -> Option<Withdrawn> {
        let before = self.window.entry(row).filter(|entry| entry.row.state != RowState::Sending)?.row.clone();
        let uncertain = self.window.is_uncertain(row);
        let update = self.window.withdraw(row, now)?;
        Some(Withdrawn { update, before, uncertain })
    }

    /// A withdrawal could not be written: the row stands where it stood.
    pub fn undo(&mut self, withdrawn: Withdrawn) {
        let Withdrawn { before, uncertain, .. } = withdrawn;
        // Read from the store anew since, it is not withdrawn, and may be on its way.
        if self.is_withdrawn(before.id) {
            self.window.put_back(before, uncertain);
        }
    }

    /// Whether the server may have a row: it is on its way, or a try of it ended without a clear no, in this run or, for all
    /// that is known, in an earlier one; or it is not here any more, which is so of those that were accepted. Whoever asks
    /// knows that the row is stored.
    pub fn may_have_arrived(&self, row: RowId) -> bool {
        self.window.entry(row).is_none_or(|entry| entry.row.state == RowState::Sending || entry.doubted)
    }

    fn is_withdrawn(&self, id: RowId) -> bool {
        self.window.entry(id).is_some_and(|entry| entry.row.is_withdrawn())
    }

    /// Ends a pause and every wait: a person asked, a token is new, the network is back.
    pub fn try_now(&mut self) {
        self.pause = None;
        self.lone_refusals = 0;
        self.backoff.reset();
        for id in self.window.ids() {
            if let Some(entry) = self.window.entry_mut(id) {
                entry.row.next_attempt = None;
            }
        }
    }

    /// When `poll` is worth calling; a time that has passed means at once, `None` never before something else happens.
    pub fn next_wake(&self) -> Option<WallTime> {
        if self.in_flight.is_some() || self.pause.is_some() {
            return None;
        }
        let at_once = self.ready().find(|entry| entry.row.next_attempt.is_none()).map(|_| AT_ONCE);
        let first = at_once.or_else(|| self.ready().filter_map(|entry| entry.row.next_attempt).min())?;
        Some(self.backoff.until().map_or(first, |until| until.max(first)))
    }

    /// Sync at a glance.
    pub fn status(&self) -> Status {
        Status {
            pause: self.pause.clone(),
            in_flight: self.in_flight.is_some(),
            last_attempt: self.last_attempt,
            last_success: self.last_success,
            last_fault: self.last_fault.clone(),
            failures: self.backoff.failures(),
            batch_rows: self.size.rows(),
            waiting: self.window.count(RowState::Waiting),
            sending: self.window.count(RowState::Sending),
            refused: self.window.count(RowState::Refused),
            held: self.window.count(RowState::Held),
        }
    }

    /// The rows of the next request: questions first, then as many as may go together.
    fn choose(&self, now: WallTime) -> Option<(TryKind, Vec<RowId>)> {
        let is_due = |entry: &&Entry| is_due(entry.row.next_attempt, now);
        let mut doubtful = self.window.uncertain().filter(|entry| self.window.is_ready(entry)).filter(is_due);
        if let Some(first) = doubtful.next() {
            let alike = |entry: &&Entry| entry.row.resource_type == first.row.resource_type;
            let rows = core::iter::once(first).chain(doubtful.filter(alike)).take(self.size.rows());
            return Some((TryKind::AskWhichArrived, rows.map(|entry| entry.row.id).collect()));
        }
        let mut octets = 0usize;
        let fits = |entry: &&Entry| {
            let first = octets == 0;
            octets = octets.saturating_add(entry.row.payload.len().max(1));
            first || octets <= self.size.octets()
        };
        let certain = |entry: &&Entry| !self.window.is_uncertain(entry.row.id);
        let due = self.ready().filter(is_due).filter(certain);
        let rows: Vec<RowId> = due.take(self.size.rows()).take_while(fits).map(|entry| entry.row.id).collect();
        (!rows.is_empty()).then_some((TryKind::Send, rows))
    }

    /// Rows whose turn it may be. When rows wait only for each other the first of them goes all the same: the server then
    /// says what is wrong with it.
    fn ready(&self) -> impl Iterator<Item = &Entry> {
        let ready = || self.window.waiting().filter(|entry| self.window.is_ready(entry));
        let stuck = if ready().next().is_none() { self.window.waiting().next() } else { None };
        ready().chain(stuck)
    }

    fn start(&mut self, id: RowId) -> Option<RowUpdate> {
        let entry = self.window.entry_mut(id)?;
        entry.row.attempts = entry.row.attempts.saturating_add(1);
        self.window.set(id, RowState::Sending, None, None)
    }
}

/// Whether the server may have a stored row: how its tries ended is not kept, only the last word. A refusal is a clear no to
/// the last try, and to no other.
const fn may_have_been_taken(row: &OutboxRow) -> bool {
    match row.state {
        RowState::Sending => true,
        RowState::Refused => row.attempts > 1,
        RowState::Waiting | RowState::Held | RowState::Accepted => row.attempts > 0,
    }
}

/// Before every other time.
const AT_ONCE: WallTime = WallTime(i64::MIN);
