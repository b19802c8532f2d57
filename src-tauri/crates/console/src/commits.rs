//! What waits to become durable: one commit at a time, values of at most 50 ms together, nothing dropped on a fault.
//! Not here: SQL, what the changes mean, and what becomes of a record that the store refuses (`apart`).
use crate::apart::{Apart, commit_apart};
use crate::devices::SessionKey;
use crate::event_loop::{Console, Done};
use crate::ports::StoreFault;
use crate::records::{Changes, Receipt, Recorded};
use crate::request::RequestError;
use crate::snapshot::RecordsFetched;
use bedside_outbox::Try;
use bedside_session::PersistId;
use bedside_vitals::{Measurement, PatientId, ReadingId, ReadingIdentity, WallTime};
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
    Filed,
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
        let wanted = self.capture_since? + BATCH;
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
        let (batch, kind) = match self.requests.pop_front() {
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

    /// The store refused a record of the batch: the others are written, the record is set aside.
    pub(crate) fn committed_apart(&mut self, committed: Committed, apart: Apart) {
        let Apart { written, receipt, set_aside, left } = apart;
        self.commits.unwritable += set_aside;
        if set_aside > 0 {
            tracing::error!(code = "STORE-REFUSED", set_aside, "the store refuses records; they were set aside");
        }
        let Committed { mut batch, kind, carried_values } = committed;
        // What was set aside is no value that was recorded.
        batch.after.retain(|after| match after {
            After::Value(value) => value.reading.is_none_or(|id| !receipt.already_known.contains(&id)),
            _ => true,
        });
        let Some((changes, fault)) = left else {
            let batch = Batch { changes: written, after: batch.after };
            return self.committed(Committed { batch, kind, carried_values }, Ok(receipt));
        };
        let done = Batch { changes: written, after: Vec::new() };
        self.committed(Committed { batch: done, kind, carried_values }, Ok(receipt));
        self.committed(Committed { batch: Batch { changes, after: batch.after }, kind, carried_values }, Err(fault));
    }

    /// The receipt, or the fault.
    pub(crate) fn committed(&mut self, committed: Committed, result: Result<Receipt, StoreFault>) {
        self.commits.under_way = None;
        self.commits.under_way_values = 0;
        let Committed { batch, kind, carried_values } = committed;
        match result {
            Ok(receipt) => {
                let now = self.now();
                match kind {
                    Kind::Captured => {
                        self.commits.failing = None;
                        self.commits.not_before = None;
                    }
                    Kind::Filing => self.commits.filing_not_before = None,
                    Kind::Asked => {}
                }
                self.commits.last = Some(Instant::now());
                if receipt.set_aside > 0 {
                    let set_aside = receipt.set_aside;
                    self.commits.unwritable += set_aside;
                    tracing::error!(
                        code = "STORE-REFUSED",
                        set_aside,
                        "the store refuses records; they were set aside"
                    );
                }
                if carried_values && kind != Kind::Filing {
                    self.commits.last_saved = Some(now.wall);
                }
                if receipt.spooled {
                    // What follows from the records follows when they are filed.
                    self.filing.spooled();
                    return batch.after.into_iter().for_each(|after| self.follow(after, &receipt));
                }
                self.auditing.committed(receipt.generation);
                self.count_outbox(&batch.changes);
                self.count_unassigned(&batch.changes);
                self.write_displaced(&batch, &receipt);
                let rows = batch.changes.reading_rows.into_iter().map(|(_, row)| row).chain(batch.changes.outbox);
                self.stored_rows(rows.filter(|row| !receipt.ignored_rows.contains(&row.id)).collect());
                for after in batch.after {
                    self.follow(after, &receipt);
                }
            }
            Err(fault) if kind == Kind::Filing => self.not_filed(batch, &fault),
            Err(fault) if kind == Kind::Asked => {
                let now = self.now();
                // The device was not enrolled after all: the next try writes it.
                for device in &batch.changes.devices {
                    self.known.remove(&device.id);
                }
                for begun in batch.changes.bindings.iter().filter(|binding| binding.until.is_none()) {
                    self.not_bound(begun.id);
                }
                for after in batch.after {
                    match after {
                        After::Reply(reply) => reply(Err(RequestError::Store(fault.clone()))),
                        After::Then(then) => then(self, Err(RequestError::Store(fault.clone()))),
                        After::PatientAdded(patient, reply) => {
                            self.patients.remove(&patient);
                            reply(Err(RequestError::Store(fault.clone())));
                        }
                        // What could not be written did not happen: the session that waits for it ends.
                        After::Persisted(key, _) => self.devices.feed(key, now, bedside_session::Input::Stop),
                        After::Send(_) => self.not_sent(stall_code(&fault), fault.to_string()),
                        After::Value(_) | After::Fetched(..) | After::Filed => {}
                    }
                }
            }
            Err(fault) => {
                let code = stall_code(&fault);
                tracing::error!(code, %fault, "a commit failed; it is tried again");
                let wall = self.ports.machine.wall();
                self.commits.failing.get_or_insert((wall, code)).1 = code;
                self.commits.put_back(batch);
            }
        }
    }

    /// Another reading had the id: the same device time, delivered before, with another value. It gets the next place.
    fn write_displaced(&mut self, batch: &Batch, receipt: &Receipt) {
        for &(id, ordinal) in &receipt.displaced {
            let Some(reading) = batch.changes.readings.iter().find(|reading| reading.id == id) else { continue };
            let mut reading = reading.clone();
            let ReadingIdentity::Ordinal { base_time, .. } = reading.measurement.identity else { continue };
            reading.measurement.identity = ReadingIdentity::Ordinal { base_time, ordinal };
            let Measurement { parameter, identity, .. } = &reading.measurement;
            reading.id = ReadingId::derive(reading.device, *parameter, identity);
            // Its slot was confirmed in the same commit: the assignment is this reading's, not the stored one's.
            let assigned = batch.changes.assignments.iter().find(|(assigned, _)| *assigned == id);
            reading.patient = reading.patient.or(assigned.map(|(_, patient)| *patient));
            self.moved_to(id, &reading);
            let device = self.known.get(&reading.device).cloned();
            let row = reading
                .patient
                .zip(device)
                .and_then(|(patient, device)| self.reading_row(patient, &device, &reading.measurement))
                .map(|row| (reading.id, row));
            let value = batch.after.iter().find_map(|after| match after {
                After::Value(value) if value.reading == Some(id) => Some(value.clone()),
                _ => None,
            });
            if let Some(mut value) = value {
                value.measurement = reading.measurement.clone();
                value.reading = Some(reading.id);
                self.commits.after_capture(After::Value(value));
            }
            self.commits.capture(|changes| {
                changes.readings.push(reading);
                changes.reading_rows.extend(row);
            });
        }
    }

    fn follow(&mut self, after: After, receipt: &Receipt) {
        match after {
            After::Persisted(key, id) => self.devices.persisted(key, id, self.ports.machine.as_ref()),
            // While the vault is locked nothing of a person is shown or kept.
            After::Value(_) if receipt.spooled || !self.access.vault_is_open() => {}
            After::Send(_) if receipt.spooled => {
                self.not_sent("STORE-CLOSED", "the vault was locked before anything was sent".into());
            }
            After::Value(value) => {
                // A reading that was stored before is no news: its tile has it already.
                if value.reading.is_none_or(|id| !receipt.already_known.contains(&id)) {
                    if self.shows_people() {
                        self.ports.display.recorded(&value);
                    }
                    self.live.take(*value);
                }
            }
            After::Fetched(key, records) => self.records_fetched(key, records),
            After::Send(next) => self.send_rows(next),
            After::Filed => self.batch_filed(),
            After::Reply(reply) | After::PatientAdded(_, reply) => reply(Ok(())),
            After::Then(then) if receipt.spooled => then(self, Err(RequestError::Locked)),
            After::Then(then) => then(self, Ok(())),
        }
    }
}

const fn stall_code(fault: &StoreFault) -> &'static str {
    match fault {
        StoreFault::DiskFull => "STORE-FULL",
        StoreFault::ReadOnly => "STORE-READ-ONLY",
        StoreFault::Damaged(_) => "STORE-DAMAGED",
        StoreFault::Closed => "STORE-CLOSED",
        StoreFault::Refused(_) => "STORE-REFUSED",
        StoreFault::Missing
        | StoreFault::AlreadyThere
        | StoreFault::Held { .. }
        | StoreFault::WrongKey
        | StoreFault::WrongPassphrase
        | StoreFault::NoSlot(_)
        | StoreFault::Newer { .. }
        | StoreFault::NoCipher
        | StoreFault::Io(_) => "STORE-IO",
    }
}
