//! What was spooled while the vault was locked, by this run or by others, is filed after an opening: batch by batch, in
//! order, between the commits of what is captured meanwhile. Not here: the spool itself (the vault's), and when it opens.
use crate::audit::{AuditAction, AuditOutcome};
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::filing::by_nobody;
use crate::plausible::may_be_shown;
use crate::ports::{KeyFault, KeyStore, RecordStore, StoreFault, VaultId};
use crate::records::{Recorded, Run, SpooledBatch, StoredInterruption};
use crate::request::RequestError;
use crate::snapshot::{Interruption, VaultNotice};
use crate::taken::{Taken, weight_of};
use bedside_session::Now;
use bedside_vitals::BootTime;
use std::time::Duration;
use tokio::time::Instant;

/// After a fault the spool is asked again.
const RETRY: Duration = Duration::from_secs(5);
/// So long an ending program still files: a command of a second should not leave to the next what waits for it.
const AT_THE_END: Duration = Duration::from_secs(2);
/// A keyring that does not answer is asked again: the desktop may start it after this program.
const VOUCH_AGAIN: Duration = Duration::from_secs(60);

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
    /// What was filed, also before a lock in the midst of it.
    filed: FromSpool,
    /// When the keyring is asked once more to vouch for what is spooled.
    vouch_again: Option<Instant>,
    /// The last life sign of another run that never opened the vault.
    other_run: Option<Run>,
}

/// What was filed.
#[derive(Clone, Copy, Default)]
pub(crate) struct FromSpool {
    batches: u64,
    /// Those of them with something that a device sent: of a wrong passphrase alone nobody is told.
    recorded: u64,
    /// Records of which nobody knows who wrote them.
    unproven: u64,
    /// Those of them of which a part was refused.
    refused: u64,
}

impl FromSpool {
    fn add(&mut self, more: Self) {
        self.batches += more.batches;
        self.recorded += more.recorded;
        self.unproven += more.unproven;
        self.refused += more.refused;
    }
}

impl SpoolFiling {
    /// Whether the spool may still hold something that is not in the vault.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.under_way
    }

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
    /// What is spooled from here on carries a proof that this program had the keyring. Without one it is recorded all the
    /// same, and filed as nobody's.
    pub(crate) fn vouch_for_spool(&mut self) {
        self.filing.vouch_again = None;
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        self.start_work(async move {
            let vouched = vouch(store.as_ref(), keys.as_ref(), vault).await;
            Done::Then(Box::new(move |console: &mut Self| {
                let Err(why) = vouched else { return };
                tracing::warn!(code = "SPOOL-UNPROVEN", %why, "nothing vouches for what is recorded while closed");
                // Only one that does not run yet: asking a locked one again would ask a person, each time.
                let comes_later = why == RequestError::Keys(KeyFault::NoKeyring);
                console.filing.vouch_again = comes_later.then(|| Instant::now() + VOUCH_AGAIN);
            }))
        });
    }

    /// The vault is open, and what runs before left is loaded: what waits in the spool is filed.
    pub(crate) fn file_spool(&mut self) {
        self.commits.forget_filing();
        let before = std::mem::take(&mut self.filing);
        self.filing =
            SpoolFiling { under_way: true, opening: before.opening + 1, asking: false, not_before: None, ..before };
        self.ask_spool();
    }

    /// Asks again after a fault.
    pub(crate) fn look_at_spool(&mut self) {
        // An open vault vouches by itself.
        if !self.access.vault_is_open() && self.filing.vouch_again.is_some_and(|at| Instant::now() >= at) {
            self.vouch_for_spool();
        }
        if self.filing.not_before.is_some_and(|at| Instant::now() >= at) {
            self.filing.not_before = None;
            self.ask_spool();
        }
    }

    /// Whether the spool is being filed; a fault or much of it do not keep a program from ending.
    pub(crate) fn files(&self) -> bool {
        let may_go_on = match &self.closing {
            Some((_, since)) => self.filing.not_before.is_none() && since.elapsed() < AT_THE_END,
            None => true,
        };
        self.filing.under_way && may_go_on
    }

    fn ask_spool(&mut self) {
        if self.files() && !self.filing.asking {
            self.filing.asking = true;
            let (store, opening) = (self.ports.store.clone(), self.filing.opening);
            self.start_work(async move { Done::Spooled(opening, Box::new(store.spooled().await)) });
        }
    }

    /// The oldest batch, or none, or why not.
    pub(crate) fn spool_answered(&mut self, opening: u64, answer: Result<Option<SpooledBatch>, StoreFault>) {
        if opening != self.filing.opening {
            return;
        }
        self.filing.asking = false;
        if !self.filing.under_way {
            return;
        }
        match answer {
            Ok(Some(batch)) => self.file_batch(batch),
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
    fn file_batch(&mut self, batch: SpooledBatch) {
        let now = self.now();
        let SpooledBatch { place, mut changes, unproven, refused } = batch;
        let is_recorded = !(changes.frames.is_empty() && changes.readings.is_empty() && changes.samples.is_empty());
        let filed = FromSpool { batches: 1, recorded: u64::from(is_recorded), unproven, refused };
        if unproven > 0 {
            tracing::warn!(code = "SPOOL-UNPROVEN", unproven, refused, "nobody knows who wrote a part of the spool");
            let mut entry = self.entry(AuditAction::SpoolFiled, None, None);
            entry.count = Some(u32::try_from(unproven).unwrap_or(u32::MAX));
            entry.reason = Some(format!("records of unproven origin; {refused} of them were refused in part"));
            changes.audit.push(entry);
        }
        for device in &changes.devices {
            self.known.entry(device.id).or_insert_with(|| device.clone());
        }
        self.facts.filed(&changes, now.wall);
        changes.connections.iter().for_each(|begun| self.clocks.keep(begun.id, begun.clock));
        let set = changes.clock_settings.iter().map(|stored| &stored.setting);
        set.for_each(|setting| self.clocks.keep(setting.connection, setting.after));
        if let Some(run) = changes.run.take().filter(|run| run.id != self.run.id) {
            self.filing.other_run = Some(run);
        }
        let mut after = Vec::new();
        for reading in &changes.readings {
            let Some((patient, device)) = reading.patient.zip(self.known.get(&reading.device)) else { continue };
            if !changes.reading_rows.iter().any(|(id, _)| *id == reading.id) {
                // Whoever unlocks the vault did not measure what came in while it was locked.
                let act = self.taken_now(&reading.measurement, None).act;
                let taken = Taken { act, by: None, weight: weight_of(&changes.readings, reading) };
                let rows = self.reading_rows(patient, device, reading, &taken);
                changes.reading_rows.extend(rows.into_iter().map(|row| (reading.id, by_nobody(row))));
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
        let rows = changes.medians.iter().filter_map(|median| self.median_row(median)).map(by_nobody);
        let missing = |row: &bedside_outbox::OutboxRow| changes.outbox.iter().all(|other| other.id != row.id);
        let rows: Vec<_> = rows.filter(missing).collect();
        changes.outbox.extend(rows);
        changes.spool_filed = Some(place);
        after.push(After::Filed(filed));
        self.commits.file(Batch { changes, after });
    }

    /// One more is filed.
    pub(crate) fn batch_filed(&mut self, filed: FromSpool) {
        self.filing.filed.add(filed);
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
        let SpoolFiling { opening, vouch_again, .. } = self.filing;
        let empty = SpoolFiling { opening, vouch_again, ..SpoolFiling::default() };
        let SpoolFiling { filed, other_run, .. } = std::mem::replace(&mut self.filing, empty);
        let FromSpool { batches, recorded, unproven, refused } = filed;
        if batches == 0 {
            return;
        }
        let mut entry = self.entry(AuditAction::SpoolFiled, None, None);
        entry.count = Some(u32::try_from(batches).unwrap_or(u32::MAX));
        if unproven > 0 {
            self.access.notices.push(VaultNotice::SpoolUnproven { records: unproven, refused });
        }
        self.commits.capture(|changes| changes.audit.push(entry));
        if recorded > 0 {
            self.access.notices.push(VaultNotice::SpoolFiled { batches: recorded });
        }
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

async fn vouch(store: &dyn RecordStore, keys: &dyn KeyStore, vault: VaultId) -> Result<(), RequestError> {
    Ok(store.vouch(&keys.load(vault).await?).await?)
}

/// When a value of an earlier boot was received, on the clock of this one.
fn received(at: &bedside_vitals::WallTime, now: Now) -> BootTime {
    let age = Duration::from_millis(u64::try_from(now.wall.millis_since(*at)).unwrap_or(0));
    BootTime(now.boot.0.saturating_sub(age))
}
