//! What waits to become durable: one commit at a time, values of at most 50 ms together, nothing dropped on a fault.
//! Not here: SQL, and what the changes mean.
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
/// After a fault the same changes are tried again.
const RETRY: Duration = Duration::from_secs(1);
/// A commit that takes longer is said on the screen.
const STALL: Duration = Duration::from_secs(2);
const LIFE_SIGN: Duration = Duration::from_secs(10);

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
}

/// Changes and what follows them.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) changes: Changes,
    pub(crate) after: Vec<After>,
}

/// A batch under way.
pub(crate) struct Committed {
    batch: Batch,
    request: bool,
    carried_values: bool,
}

/// The queue in front of the store.
#[derive(Default)]
pub(crate) struct Commits {
    capture: Batch,
    capture_since: Option<Instant>,
    requests: VecDeque<Batch>,
    under_way: Option<Instant>,
    not_before: Option<Instant>,
    last: Option<Instant>,
    pub(crate) last_saved: Option<WallTime>,
    failing: Option<(WallTime, &'static str)>,
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

    /// When the next commit is due; `None` while one is under way or nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        if self.under_way.is_some() {
            return None;
        }
        let wanted = if self.requests.is_empty() { self.capture_since? + BATCH } else { Instant::now() };
        Some(self.not_before.filter(|_| self.requests.is_empty()).map_or(wanted, |at| at.max(wanted)))
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
        if self.due()? > Instant::now() {
            return None;
        }
        let request = self.requests.pop_front();
        let is_request = request.is_some();
        let batch = request.unwrap_or_else(|| {
            self.capture_since = None;
            std::mem::take(&mut self.capture)
        });
        self.under_way = Some(Instant::now());
        let carried_values = !batch.changes.frames.is_empty();
        Some(Committed { batch, request: is_request, carried_values })
    }

    /// Puts a failed batch back in front of what has gathered meanwhile.
    fn put_back(&mut self, mut failed: Batch) {
        let newer = std::mem::take(&mut self.capture);
        append(&mut failed.changes, newer.changes);
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
        self.start_work(async move { Done::Committed(Box::new(committed), store.commit(changes).await) });
    }

    /// The receipt, or the fault.
    pub(crate) fn committed(&mut self, committed: Committed, result: Result<Receipt, StoreFault>) {
        self.commits.under_way = None;
        let Committed { batch, request, carried_values } = committed;
        match result {
            Ok(receipt) => {
                let now = self.now();
                if !request {
                    self.commits.failing = None;
                    self.commits.not_before = None;
                }
                self.commits.last = Some(Instant::now());
                if carried_values {
                    self.commits.last_saved = Some(now.wall);
                }
                self.count_outbox(&batch.changes);
                self.count_unassigned(&batch.changes);
                self.write_displaced(&batch, &receipt);
                let rows = batch.changes.reading_rows.into_iter().map(|(_, row)| row).chain(batch.changes.outbox);
                self.stored_rows(rows.filter(|row| !receipt.ignored_rows.contains(&row.id)).collect());
                for after in batch.after {
                    self.follow(after, &receipt);
                }
            }
            Err(fault) if request => {
                let now = self.now();
                // The device was not enrolled after all: the next try writes it.
                for device in &batch.changes.devices {
                    self.known.remove(&device.id);
                }
                for after in batch.after {
                    match after {
                        After::Reply(reply) => reply(Err(RequestError::Store(fault.clone()))),
                        After::PatientAdded(patient, reply) => {
                            self.patients.remove(&patient);
                            reply(Err(RequestError::Store(fault.clone())));
                        }
                        // What could not be written did not happen: the session that waits for it ends.
                        After::Persisted(key, _) => self.devices.feed(key, now, bedside_session::Input::Stop),
                        After::Send(_) => self.not_sent(stall_code(&fault), fault.to_string()),
                        After::Value(_) | After::Fetched(..) => {}
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
            After::Value(value) => {
                // A reading that was stored before is no news: its tile has it already.
                if value.reading.is_none_or(|id| !receipt.already_known.contains(&id)) {
                    self.ports.display.recorded(&value);
                    self.live.take(*value);
                }
            }
            After::Fetched(key, records) => self.records_fetched(key, records),
            After::Send(next) => self.send_rows(next),
            After::Reply(reply) | After::PatientAdded(_, reply) => reply(Ok(())),
        }
    }
}

const fn stall_code(fault: &StoreFault) -> &'static str {
    match fault {
        StoreFault::DiskFull => "STORE-FULL",
        StoreFault::ReadOnly => "STORE-READ-ONLY",
        StoreFault::Damaged(_) => "STORE-DAMAGED",
        StoreFault::Closed => "STORE-CLOSED",
        StoreFault::Missing
        | StoreFault::AlreadyThere
        | StoreFault::Held { .. }
        | StoreFault::WrongKey
        | StoreFault::Newer { .. }
        | StoreFault::NoCipher
        | StoreFault::Io(_) => "STORE-IO",
    }
}

fn append(first: &mut Changes, then: Changes) {
    first.patients.extend(then.patients);
    first.devices.extend(then.devices);
    first.connections.extend(then.connections);
    first.bindings.extend(then.bindings);
    first.bookmarks.extend(then.bookmarks);
    first.consents.extend(then.consents);
    first.clock_settings.extend(then.clock_settings);
    first.frames.extend(then.frames);
    first.readings.extend(then.readings);
    first.assignments.extend(then.assignments);
    first.accepted_frames.extend(then.accepted_frames);
    first.samples.extend(then.samples);
    first.medians.extend(then.medians);
    first.outbox.extend(then.outbox);
    first.reading_rows.extend(then.reading_rows);
    first.outbox_updates.extend(then.outbox_updates);
    first.audit.extend(then.audit);
    first.run = then.run.or(first.run.take());
}
