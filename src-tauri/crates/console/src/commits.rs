//! What waits to become durable: one commit at a time, values of at most 50 ms together, nothing dropped on a fault.
//! Not here: SQL, what the changes mean, what becomes of a record that the store refuses (`apart`), and what follows from a
//! receipt or a fault (`commits::receipts`).
mod receipts;

use crate::apart::commit_apart;
use crate::devices::SessionKey;
use crate::event_loop::{Console, Done};
use crate::ports::StoreFault;
use crate::records::{Changes, Recorded};
use crate::request::RequestError;
use crate::snapshot::RecordsFetched;
use crate::spool_filing::FromSpool;
use bedside_outbox::Try;
use bedside_session::PersistId;
use bedside_vitals::{PatientId, WallTime};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Values of so long go into one commit.
const BATCH: Duration = Duration::from_millis(50);
/// So many values may wait to be written: 1.6 s of 5,000 values a second, which is far more than the heaviest ward sends
/// (thirty devices with at most sixty values a second). When they do, the radio's events wait, too: nothing is dropped.
pub(crate) const MOST_WAITING: usize = 8_192;
/// After a fault the same changes are tried again.
const RETRY: Duration = Duration::from_secs(1);
/// A commit that takes longer is said on the screen.
const STALL: Duration = Duration::from_secs(2);
const LIFE_SIGN: Duration = Duration::from_secs(10);

/// What learns whether the changes are durable in the open vault.
type Durable = Box<dyn FnOnce(&mut Console, Result<(), RequestError>) + Send>;
type Answerer = Box<dyn FnOnce(Result<(), RequestError>) + Send>;

/// What happens once the changes are durable.
pub(crate) enum After {
    /// A session goes on.
    Persisted(SessionKey, PersistId),
    /// A tile moves.
    Value(Box<Recorded>),
    /// The screen says how fetching a device's records ended.
    Fetched(SessionKey, RecordsFetched),
    /// A person's request is answered.
    Reply(Answerer),
    /// Rows are marked as being sent: now they may be.
    Send(Try),
    /// The same for a new patient, who is forgotten again when it failed.
    PatientAdded(PatientId, Answerer),
    /// What was seen is answered, or whatever else waits for its entry in the audit log.
    Then(Durable),
    /// A batch of the spool is filed: the next one.
    Filed(FromSpool),
}

/// Changes and what follows them.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) changes: Changes,
    pub(crate) after: Vec<After>,
}

/// What a batch is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What was captured, and what follows from it by itself: tried until it is written.
    Captured,
    /// What a person asked: it fails as a whole, with an answer.
    Asked,
    /// A batch of the spool: tried until it is written or the vault is locked.
    Filing,
}

/// A batch under way.
pub(crate) struct Committed {
    batch: Batch,
    kind: Kind,
    carried_values: bool,
}

/// The queue in front of the store.
#[derive(Default)]
pub(crate) struct Commits {
    capture: Batch,
    capture_since: Option<Instant>,
    requests: VecDeque<Batch>,
    /// At most one: the next is asked for when it is filed.
    filing: Option<Batch>,
    filing_not_before: Option<Instant>,
    /// Captured values and the spool take turns when both are due.
    filing_s_turn: bool,
    under_way: Option<Instant>,
    under_way_values: usize,
    under_way_answers: bool,
    not_before: Option<Instant>,
    last: Option<Instant>,
    pub(crate) last_saved: Option<WallTime>,
    failing: Option<(WallTime, &'static str)>,
    /// Changes that the store refused and that were set aside.
    pub(crate) unwritable: u64,
}

impl Commits {
    /// Adds to the next commit of captured values.
    pub(crate) fn capture(&mut self, change: impl FnOnce(&mut Changes)) {
        change(&mut self.capture.changes);
        self.capture_since.get_or_insert_with(Instant::now);
    }

    /// Adds what follows the next commit of captured values.
    pub(crate) fn after_capture(&mut self, after: After) {
        self.capture.after.push(after);
        self.capture_since.get_or_insert_with(Instant::now);
    }

    /// A commit of its own for what a person asked: it fails as a whole, with an answer, and is not tried again.
    pub(crate) fn request(&mut self, batch: Batch) {
        self.requests.push_back(batch);
    }

    /// A commit of its own for a batch of the spool.
    pub(crate) fn file(&mut self, batch: Batch) {
        self.filing = Some(batch);
    }

    /// The spool is not filed now: the batch that waits is still in it.
    pub(crate) fn forget_filing(&mut self) {
        self.filing = None;
    }

    /// How many values may still be taken before the store has written some.
    pub(crate) fn room(&self) -> usize {
        MOST_WAITING.saturating_sub(self.capture.changes.frames.len() + self.under_way_values)
    }

    /// When the next commit is due; `None` while one is under way or nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due_from(Instant::now())
    }

    /// The same, where `now` is the earliest: what is asked is due at once, and "at once" must not lie behind the caller's
    /// own look at the clock.
    fn due_from(&self, now: Instant) -> Option<Instant> {
        if self.under_way.is_some() {
            return None;
        }
        let asked = (!self.requests.is_empty()).then_some(now);
        [asked, self.capture_due(), self.filing_due(now)].into_iter().flatten().min()
    }

    fn capture_due(&self) -> Option<Instant> {
        let since = self.capture_since?;
        // The next request waits for what the server said of the one before.
        let wanted = if self.capture.changes.outbox_updates.is_empty() { since + BATCH } else { since };
        Some(self.not_before.map_or(wanted, |at| at.max(wanted)))
    }

    fn filing_due(&self, now: Instant) -> Option<Instant> {
        self.filing.as_ref()?;
        Some(self.filing_not_before.unwrap_or(now))
    }

    /// Whether anything is not durable yet.
    pub(crate) fn pending(&self) -> bool {
        self.under_way.is_some() || self.capture_since.is_some() || !self.requests.is_empty()
    }

    /// Whether anything that the server said of rows is not durable yet.
    pub(crate) const fn answers_wait(&self) -> bool {
        self.under_way_answers || !self.capture.changes.outbox_updates.is_empty()
    }

    /// Whether the store is busy with us.
    pub(crate) const fn busy(&self) -> bool {
        self.under_way.is_some()
    }

    pub(crate) fn needs_life_sign(&self) -> bool {
        self.last.is_none_or(|at| at.elapsed() >= LIFE_SIGN) && self.capture_since.is_none()
    }

    /// Since when values do not reach the disk, and why.
    pub(crate) fn stalled(&self, wall: WallTime) -> Option<(WallTime, &'static str)> {
        let slow = || {
            let waited = self.under_way?.elapsed();
            let since = wall.plus_millis(-i64::try_from(waited.as_millis()).unwrap_or(0));
            (waited >= STALL).then_some((since, "STORE-SLOW"))
        };
        self.failing.or_else(slow)
    }

    fn next(&mut self) -> Option<Committed> {
        let now = Instant::now();
        if self.due_from(now)? > now {
            return None;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (captured, files) = (is_due(self.capture_due()), is_due(self.filing_due(now)));
        // What the server said of a row is older than what is asked of it now.
        let of_rows = |batch: &Batch| !batch.changes.outbox_updates.is_empty();
        let answers_first = captured && of_rows(&self.capture) && self.requests.front().is_some_and(of_rows);
        let (batch, kind) = match self.requests.pop_front_if(|_| !answers_first) {
            Some(asked) => (asked, Kind::Asked),
            None if files && (self.filing_s_turn || !captured) => (self.filing.take()?, Kind::Filing),
            None => {
                self.capture_since = None;
                (std::mem::take(&mut self.capture), Kind::Captured)
            }
        };
        self.filing_s_turn = kind == Kind::Captured;
        self.under_way = Some(now);
        self.under_way_values = if kind == Kind::Captured { batch.changes.frames.len() } else { 0 };
        self.under_way_answers = kind == Kind::Captured && !batch.changes.outbox_updates.is_empty();
        let carried_values = !batch.changes.frames.is_empty();
        Some(Committed { batch, kind, carried_values })
    }

    /// A batch of the spool is tried again.
    pub(crate) fn file_later(&mut self, batch: Batch) {
        self.filing = Some(batch);
        self.filing_not_before = Some(Instant::now() + RETRY);
    }

    /// Puts a failed batch back in front of what has gathered meanwhile.
    fn put_back(&mut self, mut failed: Batch) {
        let newer = std::mem::take(&mut self.capture);
        failed.changes.append(newer.changes);
        failed.after.extend(newer.after);
        self.capture = failed;
        self.capture_since = Some(Instant::now());
        self.not_before = Some(Instant::now() + RETRY);
    }
}

impl Console {
    /// Starts the next commit when it is due.
    pub(crate) fn start_commit(&mut self) {
        let Some(mut committed) = self.commits.next() else { return };
        committed.batch.changes.run.get_or_insert_with(|| self.run.clone());
        let (store, changes) = (self.ports.store.clone(), committed.batch.changes.clone());
        let wall = self.ports.machine.wall();
        self.start_work(async move {
            match store.commit(changes).await {
                Err(StoreFault::Refused(_)) if committed.kind != Kind::Asked => {
                    let apart = commit_apart(store.as_ref(), &committed.batch.changes, wall).await;
                    Done::CommittedApart(Box::new(committed), Box::new(apart))
                }
                result => Done::Committed(Box::new(committed), result),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_outbox::{RowId, RowState, RowUpdate};
    use uuid::Uuid;

    fn about_a_row(state: RowState) -> Changes {
        let id = RowId(Uuid::from_u128(1));
        let update = RowUpdate { id, state, attempts: 1, next_attempt: None, outcome: None, fact: None };
        Changes { outbox_updates: vec![update], ..Changes::default() }
    }

    #[test]
    fn what_the_server_said_of_a_row_is_written_before_what_is_asked_of_it_afterwards() {
        let mut commits = Commits::default();
        commits.capture(|changes| changes.append(about_a_row(RowState::Waiting)));
        commits.request(Batch { changes: about_a_row(RowState::Discarded), ..Batch::default() });
        assert_eq!(commits.next().map(|next| next.kind), Some(Kind::Captured));
        commits.under_way = None;
        assert_eq!(commits.next().map(|next| next.kind), Some(Kind::Asked));
    }

    #[test]
    fn what_a_person_asks_does_not_wait_for_answers_about_other_things_nor_for_a_store_that_failed() {
        let mut commits = Commits::default();
        commits.put_back(Batch { changes: about_a_row(RowState::Waiting), ..Batch::default() });
        commits.request(Batch { changes: about_a_row(RowState::Discarded), ..Batch::default() });
        assert_eq!(commits.next().map(|next| next.kind), Some(Kind::Asked));
        commits.under_way = None;
        commits.capture(|changes| changes.append(about_a_row(RowState::Waiting)));
        commits.not_before = None;
        commits.request(Batch::default());
        assert_eq!(commits.next().map(|next| next.kind), Some(Kind::Asked));
    }
}
