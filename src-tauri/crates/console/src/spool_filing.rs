//! What was spooled while the vault was locked, by this run or by others, is filed after an opening: batch by batch, in
//! order, between the commits of what is captured meanwhile. Not here: the spool itself (the vault's), and when it opens.
use crate::audit::{AuditAction, AuditOutcome};
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::plausible::may_be_shown;
use crate::ports::StoreFault;
use crate::records::{Changes, Recorded, Run, SpoolPlace, StoredInterruption};
use crate::snapshot::{Interruption, VaultNotice};
use bedside_session::Now;
use bedside_vitals::BootTime;
use std::time::Duration;
use tokio::time::Instant;

/// After a fault the spool is asked again.
const RETRY: Duration = Duration::from_secs(5);

/// How far the spool is filed.
#[derive(Default)]
pub(crate) struct SpoolFiling {
    /// Between an opening and the end of the spool, or the next lock.
    under_way: bool,
    /// Counts openings: what was asked before one is not answered after it.
    opening: u64,
    asking: bool,
    not_before: Option<Instant>,
    waits: u64,
    batches: u64,
    /// The last life sign of another run that never opened the vault.
    other_run: Option<Run>,
}

impl SpoolFiling {
    /// Batches of this run that wait. What other runs left is not counted: it cannot be read before.
    pub(crate) fn waits(&self) -> u64 {
        self.waits
    }

    /// A commit went into the spool.
    pub(crate) fn spooled(&mut self) {
        self.waits += 1;
    }
}

impl Console {
    /// The vault is open, and what runs before left is loaded: what waits in the spool is filed.
    pub(crate) fn file_spool(&mut self) {
        self.commits.forget_filing();
        self.filing = SpoolFiling {
            under_way: true,
            opening: self.filing.opening + 1,
            waits: self.filing.waits,
            ..SpoolFiling::default()
        };
        self.ask_spool();
    }

    /// Asks again after a fault.
    pub(crate) fn look_at_spool(&mut self) {
        if self.filing.not_before.is_some_and(|at| Instant::now() >= at) {
            self.filing.not_before = None;
            self.ask_spool();
        }
    }

    fn ask_spool(&mut self) {
        if self.filing.under_way && !self.filing.asking && self.closing.is_none() {
            self.filing.asking = true;
            let (store, opening) = (self.ports.store.clone(), self.filing.opening);
            self.start_work(async move { Done::Spooled(opening, Box::new(store.spooled().await)) });
        }
    }

    /// The oldest batch, or none, or why not.
    pub(crate) fn spool_answered(&mut self, opening: u64, answer: Result<Option<(SpoolPlace, Changes)>, StoreFault>) {
        if opening != self.filing.opening {
            return;
        }
        self.filing.asking = false;
        if !self.filing.under_way {
            return;
        }
        match answer {
            Ok(Some((place, changes))) => self.file_batch(place, changes),
            Ok(None) => self.spool_is_filed(),
            Err(StoreFault::Closed | StoreFault::ReadOnly) => self.filing.under_way = false,
            Err(StoreFault::Damaged(what)) => {
                tracing::error!(code = "SPOOL-DAMAGED", %what, "a part of the spool is damaged; it was set aside");
                let mut entry = self.entry(AuditAction::TamperFound, None, None);
                entry.outcome = AuditOutcome::Failed;
                entry.reason = Some(what.chars().take(200).collect());
                self.commits.capture(|changes| changes.audit.push(entry));
                self.access.notices.push(VaultNotice::Altered { what: "spool" });
                self.ask_spool();
            }
            Err(fault) => {
                tracing::warn!(code = "SPOOL", %fault, "the spool could not be read; it is tried again");
                self.filing.not_before = Some(Instant::now() + RETRY);
            }
        }
    }

    /// A batch takes the ordinary way of a commit; what could not be known while the vault was locked is added.
    fn file_batch(&mut self, place: SpoolPlace, mut changes: Changes) {
        let now = self.now();
        for device in &changes.devices {
            self.known.entry(device.id).or_insert_with(|| device.clone());
        }
        self.facts.filed(&changes, now.wall);
        if let Some(run) = changes.run.take().filter(|run| run.id != self.run.id) {
            self.filing.other_run = Some(run);
        }
        let mut after = Vec::new();
        for reading in &changes.readings {
            let Some((patient, device)) = reading.patient.zip(self.known.get(&reading.device)) else { continue };
            if !changes.reading_rows.iter().any(|(id, _)| *id == reading.id) {
                let row = self.reading_row(patient, device, &reading.measurement);
                changes.reading_rows.extend(row.map(|row| (reading.id, row)));
            }
            if may_be_shown(reading.measurement.quality) {
                let mut measurement = reading.measurement.clone();
                measurement.time.received_boot = received(&measurement.time.received, now);
                let device_name = device.name.clone();
                let id = Some(reading.id);
                let new = Recorded { patient, device: device.id, device_name, measurement, reading: id };
                after.push(After::Value(Box::new(new)));
            }
        }
        let rows: Vec<_> = changes.medians.iter().filter_map(|median| self.median_row(median)).collect();
        let missing = |row: &bedside_outbox::OutboxRow| changes.outbox.iter().all(|other| other.id != row.id);
        let rows: Vec<_> = rows.into_iter().filter(missing).collect();
        changes.outbox.extend(rows);
        changes.spool_filed = Some(place);
        after.push(After::Filed);
        self.commits.file(Batch { changes, after });
    }

    /// One more is filed.
    pub(crate) fn batch_filed(&mut self) {
        self.filing.batches += 1;
        self.ask_spool();
    }

    /// A batch could not be filed: it is tried again, unless the vault is locked; then it is in the spool as before.
    pub(crate) fn not_filed(&mut self, batch: Batch, fault: &StoreFault) {
        match fault {
            StoreFault::Closed | StoreFault::ReadOnly => self.filing.under_way = false,
            fault => {
                tracing::warn!(code = "SPOOL-FILING", %fault, "a spooled batch could not be filed; it is tried again");
                self.commits.file_later(batch);
            }
        }
    }

    fn spool_is_filed(&mut self) {
        let opening = self.filing.opening;
        let empty = SpoolFiling { opening, ..SpoolFiling::default() };
        let SpoolFiling { batches, other_run, .. } = std::mem::replace(&mut self.filing, empty);
        if batches == 0 {
            return;
        }
        let mut entry = self.entry(AuditAction::SpoolFiled, None, None);
        entry.count = Some(u32::try_from(batches).unwrap_or(u32::MAX));
        self.commits.capture(|changes| changes.audit.push(entry));
        self.access.notices.push(VaultNotice::SpoolFiled { batches });
        match other_run {
            Some(run) if run.ended => self.ended_in_spool(&run),
            Some(run) if run.recording > 0 => self.broken_off_in_spool(&run),
            Some(_) | None => {}
        }
        self.changed = true;
    }

    /// A run was broken off while the vault was locked: its last life sign is in the spool, and nowhere else.
    fn broken_off_in_spool(&mut self, run: &Run) {
        let Interruption { from, until, devices } = match self.interrupted.take() {
            // What is told of it began later than the vault could know.
            Some(told) if (told.from..told.until).contains(&run.last_alive) => {
                Interruption { from: run.last_alive, ..told }
            }
            Some(other) => return self.interrupted = Some(other),
            None => Interruption { from: run.last_alive, until: self.run.started, devices: Vec::new() },
        };
        let kept = StoredInterruption { from, until, devices: devices.clone() };
        self.commits.capture(|changes| changes.interruption = Some(Some(kept)));
        self.interrupted = Some(Interruption { from, until, devices });
    }
}

/// When a value of an earlier boot was received, on the clock of this one.
fn received(at: &bedside_vitals::WallTime, now: Now) -> BootTime {
    let age = Duration::from_millis(u64::try_from(now.wall.millis_since(*at)).unwrap_or(0));
    BootTime(now.boot.0.saturating_sub(age))
}
