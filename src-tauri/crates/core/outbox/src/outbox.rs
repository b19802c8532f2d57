//! The outbox: rows come in, requests go out, in order and one at a time.
//! Not here: what an answer makes of its rows (`answers`), what a person says of them (`decisions`), waiting times
//! (`backoff`), order and dependence (`window`).
use crate::backoff::{Backoff, is_due};
use crate::batch_size::{BatchSize, Limits};
use crate::exchange::{Naming, Pause, PauseReason, Progress, Status, Try, TryKind};
use crate::row::{AuthorId, Discard, Fact, Lane, Outcome, RowHead, RowId, RowState, RowUpdate, TAKES_NO_AUDIT};
use crate::server_traits::ServerTraits;
use crate::window::{Entry, Gate, Window};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::cell::Cell;

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
    /// Single records refused for want of permission one after another: it is not the records then.
    pub(crate) lone_forbidden: u32,
    /// Questions in a row that got no usable answer.
    pub(crate) lost_questions: u32,
    /// How often the server said of any record what becomes of it: it works then.
    pub(crate) settled: u64,
    /// Records on which it failed since: several, and it is not the records.
    pub(crate) failing: BTreeSet<RowId>,
    pub(crate) last_attempt: Option<WallTime>,
    pub(crate) last_success: Option<WallTime>,
    pub(crate) last_fault: Option<Outcome>,
    pub(crate) gate: Gate,
    pub(crate) server: ServerTraits,
    /// Rows and octets accepted since nothing was left.
    pub(crate) done: (u64, u64),
    /// The next wake, until something changes: finding it may take a look at every row that waits.
    pub(crate) wake: Cell<Option<Option<WallTime>>>,
}

/// The request under way.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    pub(crate) rows: Vec<RowId>,
    pub(crate) kind: TryKind,
    pub(crate) naming: Naming,
    pub(crate) measured_by: Option<AuthorId>,
    pub(crate) since: WallTime,
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
            lone_forbidden: 0,
            lost_questions: 0,
            settled: 0,
            failing: BTreeSet::new(),
            last_attempt: None,
            last_success: None,
            last_fault: None,
            gate: Gate::default(),
            server: ServerTraits::default(),
            done: (0, 0),
            wake: Cell::new(None),
        }
    }

    /// What earlier runs learned of the server, or what it says of itself now. A limit that was met stays.
    pub fn remember(&mut self, server: ServerTraits) {
        self.wake.set(None);
        self.server = self.server.with_words(server);
        self.size.remember(server.most_rows, server.rows);
    }

    /// Whether the server takes ids of ours is found out anew: nothing can go to it otherwise, and it says now that it does.
    pub fn try_our_ids_again(&mut self) {
        self.wake.set(None);
        self.server.our_ids = None;
    }

    /// What is known of the server, to be kept for the next run.
    pub fn server(&self) -> ServerTraits {
        let most_rows = self.server.most_rows.into_iter().chain(self.size.learned_most()).min();
        ServerTraits { most_rows, rows: Some(self.size.rows()), ..self.server }
    }

    /// Whose rows go next, if it is time for any: the server must let somebody speak for that person.
    pub fn next_author(&self, now: WallTime) -> Option<Option<AuthorId>> {
        if !self.is_due(now) {
            return None;
        }
        self.doubtful(now).next().or_else(|| self.due(now).next()).map(|entry| entry.row.measured_by)
    }

    /// The server lets nobody speak for an author now: those rows wait, the others go on.
    pub fn shut(&mut self, measured_by: Option<AuthorId>, now: WallTime) {
        self.wake.set(None);
        let pause = Pause { reason: PauseReason::Token, since: now, text: String::new() };
        self.gate.shut.entry(measured_by).or_insert(pause);
    }

    /// A new authorization for an author, in place of one that the server refused: those rows go again, unless the server
    /// also said that it does not permit them.
    pub fn open(&mut self, measured_by: Option<AuthorId>) {
        self.wake.set(None);
        if self.gate.is_shut_for(measured_by, PauseReason::Token) {
            self.gate.shut.remove(&measured_by);
        }
    }

    /// A new authorization for whomever: all rows may go again, also those that were not permitted with the one before.
    pub fn token_came(&mut self) {
        self.wake.set(None);
        self.gate.shut.clear();
    }

    /// Over a metered network curves and audit entries wait.
    pub fn set_metered(&mut self, metered: bool) {
        self.wake.set(None);
        self.gate.metered = metered;
    }

    /// Takes in the stored rows at the start: **all** that are not accepted, because a dependency that is not here counts
    /// as accepted. Rows that were `sending` wait again and are asked for first. Returns what changed.
    pub fn load(&mut self, rows: impl IntoIterator<Item = impl Into<RowHead>>) -> Vec<RowUpdate> {
        self.wake.set(None);
        let mut updates = Vec::new();
        let mut was_sending = Vec::new();
        for row in rows.into_iter().map(Into::into) {
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

    /// Takes in a new row. Returns a change if something it depends on is refused, held or put away, or if the server does not
    /// take its kind.
    pub fn add(&mut self, row: impl Into<RowHead>) -> Option<RowUpdate> {
        self.wake.set(None);
        let row = row.into();
        let (id, created) = (row.id, row.created);
        if self.left().0 == 0 {
            self.done = (0, 0);
        }
        let unwanted = row.lane == Lane::Audit && self.server.audit_events == Some(false);
        self.window.insert(row);
        if unwanted {
            return self.put_away_audit(id, created);
        }
        let entry = self.window.entry(id)?;
        let must_hold = entry.row.state == RowState::Waiting && self.window.is_blocked(entry);
        must_hold.then(|| self.window.set(id, RowState::Held, None, None)).flatten()
    }

    /// Whether a request is under way, from `poll` to `handle`.
    pub fn is_under_way(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether audit entries wait, or a request is under way.
    pub fn has_waiting_audit(&self) -> bool {
        self.in_flight.is_some() || self.window.count_waiting(|lane, _| lane == Lane::Audit) > 0
    }

    /// Whether an audit entry is still to reach the server, by itself or by a person's word.
    pub fn has_open_audit(&self) -> bool {
        self.window.has_open(Lane::Audit)
    }

    /// A row that is not accepted yet.
    pub fn row(&self, id: RowId) -> Option<&RowHead> {
        self.window.entry(id).map(|entry| &entry.row)
    }

    /// The next request, if it is time for one. Its rows are `sending` from now on.
    pub fn poll(&mut self, now: WallTime) -> Option<Try> {
        let (kind, rows) = if self.is_due(now) { self.choose(now)? } else { return None };
        self.wake.set(None);
        let measured_by = rows.first().and_then(|id| self.window.entry(*id)).and_then(|entry| entry.row.measured_by);
        let naming = self.naming();
        let updates = rows.iter().filter_map(|id| self.start(*id, kind)).collect();
        self.last_attempt = Some(now);
        self.in_flight = Some(InFlight { rows: rows.clone(), kind, naming, measured_by, since: now });
        Some(Try { rows, kind, naming, measured_by, updates })
    }

    /// Whether the server may have a row: it is on its way, or a try of it ended without a clear no, in this run or, for all
    /// that is known, in an earlier one; or it is not here any more, which is so of those that were accepted. Whoever asks
    /// knows that the row is stored.
    pub fn may_have_arrived(&self, row: RowId) -> bool {
        self.window.entry(row).is_none_or(|entry| entry.row.state == RowState::Sending || entry.doubted)
    }

    pub(crate) fn is_withdrawn(&self, id: RowId) -> bool {
        self.window.entry(id).is_some_and(|entry| entry.row.is_withdrawn())
    }

    /// Ends a pause and every wait: a person asked, or a token is new.
    pub fn try_now(&mut self) {
        self.pause = None;
        self.gate.shut.clear();
        self.lone_refusals = 0;
        self.lone_forbidden = 0;
        self.network_returned();
    }

    /// Ends every wait, and no pause: the network is back.
    pub fn network_returned(&mut self) {
        self.wake.set(None);
        self.backoff.reset();
        for id in self.window.ids() {
            if let Some(entry) = self.window.entry_mut(id) {
                entry.row.next_attempt = None;
            }
        }
    }

    /// When `poll` is worth calling; a time that has passed means at once, `None` never before something else happens.
    pub fn next_wake(&self) -> Option<WallTime> {
        let known = self.wake.get();
        let wake = known.unwrap_or_else(|| self.find_wake());
        self.wake.set(Some(wake));
        wake
    }

    fn find_wake(&self) -> Option<WallTime> {
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
            pause: self.pause_now(),
            in_flight: self.in_flight.is_some(),
            last_attempt: self.last_attempt,
            last_success: self.last_success,
            last_fault: self.last_fault.clone(),
            failures: self.backoff.failures(),
            waiting: self.window.count(RowState::Waiting),
            sending: self.window.count(RowState::Sending),
            refused: self.window.count(RowState::Refused),
            held: self.window.count(RowState::Held),
            of_others: self
                .window
                .count_waiting(|lane, author| lane != Lane::Audit && self.gate.is_shut_for(author, PauseReason::Token)),
            not_permitted: self.gate.not_permitted(),
            progress: self.progress(),
        }
    }

    /// Why nothing goes: rows of one author that wait for a sign-in pause nobody else's.
    fn pause_now(&self) -> Option<Pause> {
        let somebody = || self.gate.shut.values().next().cloned();
        let nothing_goes = || {
            let waits = self.window.count(RowState::Waiting) > 0;
            let goes = |lane, author| lane != Lane::Audit && !self.gate.shut.contains_key(&author);
            waits && self.window.count_waiting(goes) == 0
        };
        self.pause.clone().or_else(|| somebody().filter(|_| nothing_goes()))
    }

    fn progress(&self) -> Progress {
        let (rows_left, octets_left) = self.left();
        Progress { rows_done: self.done.0, rows_left, octets_done: self.done.1, octets_left }
    }

    /// Rows that wait or are under way, and their size; audit entries left out.
    fn left(&self) -> (u64, u64) {
        let rows = self.window.count(RowState::Waiting) + self.window.count(RowState::Sending);
        (rows as u64, self.window.octets() as u64)
    }

    fn is_due(&self, now: WallTime) -> bool {
        self.next_wake().is_some_and(|wake| is_due(Some(wake), now)) && is_due(self.backoff.until(), now)
    }

    /// The rows of the next request: questions about lost answers first, then as many of one lane and author as may go
    /// together or, where another console may have sent them, the question which of them it did.
    fn choose(&self, now: WallTime) -> Option<(TryKind, Vec<RowId>)> {
        let mut doubtful = self.doubtful(now);
        if let Some(first) = doubtful.next() {
            return Some(self.question(first, doubtful));
        }
        let mut due = self.due(now);
        let first = due.next()?;
        if self.is_to_be_asked_for(first) {
            return Some(self.question(first, due.filter(|entry| self.is_to_be_asked_for(entry))));
        }
        if first.row.lane == Lane::Audit || first.alone {
            return Some((TryKind::Send, Vec::from([first.row.id])));
        }
        let mut octets = first.row.octets;
        let fits = |entry: &&Entry| {
            octets = octets.saturating_add(entry.row.octets);
            octets <= self.size.octets()
        };
        let of = |entry: &Entry| (entry.row.lane, entry.row.measured_by);
        let alike = due.filter(|entry| of(entry) == of(first) && !entry.alone);
        // Of the next ones only: to look for more behind thousands that are still to be asked for would cost more than to
        // send fewer at once.
        let alike = alike.take(self.size.rows().saturating_sub(1)).filter(|entry| !self.is_to_be_asked_for(entry));
        let rows = core::iter::once(first).chain(alike.take_while(fits)).map(|entry| entry.row.id).collect();
        Some((TryKind::Send, rows))
    }

    /// What may be on the server since an answer was lost, and is to be asked for now.
    fn doubtful(&self, now: WallTime) -> impl Iterator<Item = &Entry> {
        let ready = self.window.uncertain(&self.gate).filter(|entry| self.window.is_ready(entry));
        ready.filter(move |entry| is_due(entry.row.next_attempt, now))
    }

    /// All else that may go now, in the order of sending.
    fn due(&self, now: WallTime) -> impl Iterator<Item = &Entry> {
        let certain = |entry: &&Entry| !self.window.is_uncertain(entry.row.id);
        self.ready().filter(certain).filter(move |entry| is_due(entry.row.next_attempt, now))
    }

    /// Which of these the server has: as many of one type and author as may be asked for together.
    fn question<'a>(&self, first: &'a Entry, others: impl Iterator<Item = &'a Entry>) -> (TryKind, Vec<RowId>) {
        let of = |entry: &Entry| (entry.row.resource_type.clone(), entry.row.measured_by);
        let alike = others.filter(|entry| of(entry) == of(first));
        let rows = core::iter::once(first).chain(alike).take(self.size.rows().min(self.most_asked()));
        (TryKind::AskWhichArrived, rows.map(|entry| entry.row.id).collect())
    }

    /// Whether another console may have sent a row, and this would put it over what the server has. A server that gives ids
    /// itself makes none for a reading that it has.
    fn is_to_be_asked_for(&self, entry: &Entry) -> bool {
        entry.unasked && self.naming() == Naming::OurId
    }

    fn most_asked(&self) -> usize {
        if self.naming() == Naming::Identifier { MOST_ASKED_BY_IDENTIFIER } else { MOST_ASKED_BY_ID }
    }

    fn naming(&self) -> Naming {
        if self.server.our_ids == Some(false) { Naming::Identifier } else { Naming::OurId }
    }

    /// Rows whose turn it may be. When rows wait only for each other the first of them goes all the same: the server then
    /// says what is wrong with it.
    fn ready(&self) -> impl Iterator<Item = &Entry> {
        let ready = || self.window.waiting(&self.gate).filter(|entry| self.window.is_ready(entry));
        let stuck = if ready().next().is_none() { self.stuck() } else { None };
        ready().chain(stuck)
    }

    /// The first row that waits for nothing but rows that wait as well, and might all go.
    fn stuck(&self) -> Option<&Entry> {
        let nobody_else = self.window.count_waiting(|lane, author| !self.gate.lets(lane, author)) == 0;
        if nobody_else {
            self.window.waiting(&self.gate).find(|entry| self.window.is_first_version(entry))
        } else {
            None
        }
    }

    /// An audit entry that the server does not take.
    pub(crate) fn put_away_audit(&mut self, id: RowId, at: WallTime) -> Option<RowUpdate> {
        let update = self.window.set(id, RowState::Discarded, None, None)?;
        let discard = Discard { reason: TAKES_NO_AUDIT.into(), by: None, at };
        Some(RowUpdate { fact: Some(Fact::Discarded(discard)), ..update })
    }

    /// What is to be stored before a request with a row goes out: nothing where it has never gone out, and is only asked for.
    fn start(&mut self, id: RowId, kind: TryKind) -> Option<RowUpdate> {
        let uncertain = self.window.is_uncertain(id);
        let entry = self.window.entry_mut(id)?;
        if kind == TryKind::AskWhichArrived && !uncertain {
            self.window.set(id, RowState::Sending, None, None);
            return None;
        }
        // Until it comes back others may have sent it.
        entry.unasked = entry.row.kept_by_device;
        entry.row.attempts = entry.row.attempts.saturating_add(1);
        self.window.set(id, RowState::Sending, None, None)
    }
}

/// Whether the server may have a stored row: how its tries ended is not kept, only the last word. A refusal is a clear no to
/// the last try, and to no other.
const fn may_have_been_taken(row: &RowHead) -> bool {
    match row.state {
        RowState::Sending => true,
        RowState::Refused => row.attempts > 1,
        RowState::Waiting | RowState::Held | RowState::Accepted | RowState::Discarded => row.attempts > 0,
    }
}

/// So many ids of 36 octets, or identifiers of up to 200, make a path of about 4,000, which every server takes.
const MOST_ASKED_BY_ID: usize = 100;
const MOST_ASKED_BY_IDENTIFIER: usize = 20;

/// Before every other time.
const AT_ONCE: WallTime = WallTime(i64::MIN);
