//! What follows from a commit: who waited for it goes on, or learns why it did not come about.
//! Not here: what waits to be written, and when (`commits`).
use super::{After, Batch, Committed, Kind};
use crate::apart::Apart;
use crate::event_loop::Console;
use crate::ports::StoreFault;
use crate::records::Receipt;
use crate::request::RequestError;
use bedside_session::Input;
use bedside_vitals::{Measurement, ReadingId, ReadingIdentity};
use tokio::time::Instant;

impl Console {
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
        self.commits.under_way_answers = false;
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
                self.anchoring.committed(receipt.generation);
                self.count_outbox(&batch.changes);
                self.tokens.take_in(&batch.changes.server_tokens);
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
                        After::Persisted(key, _) => self.devices.feed(key, now, Input::Stop),
                        After::Send(_) => self.not_sent(stall_code(&fault), fault.to_string()),
                        After::Value(_) | After::Fetched(..) | After::Filed(_) => {}
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
            let taken = self.taken_now(&reading.measurement, None);
            let rows = reading
                .patient
                .zip(device)
                .map(|(patient, device)| self.reading_rows(patient, &device, &reading, &taken))
                .unwrap_or_default();
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
                changes.reading_rows.extend(rows.into_iter().map(|row| (reading.id, row)));
                changes.readings.push(reading);
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
            After::Filed(filed) => self.batch_filed(filed),
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
        | StoreFault::TriesHeld
        | StoreFault::WrongKey
        | StoreFault::WrongPassphrase
        | StoreFault::NoSlot(_)
        | StoreFault::Newer { .. }
        | StoreFault::NoCipher
        | StoreFault::Io(_) => "STORE-IO",
    }
}
