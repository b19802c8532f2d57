//! When backups, checks and looks at the disk are due, what a person asks of them, and what is told about them.
//! Not here: how they are done (the vault), and restoring by passphrase (`access`).
use crate::access::By;
use crate::audit::{AuditAction, AuditOutcome};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{Answer, Query, Safeguard, SlotChange, StoreFault};
use crate::records::{BackupCopy, SafeguardReport};
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::VaultNotice;
use bedside_session::Now;
use bedside_vitals::{BootTime, WallTime};
use schedule::Schedule;
use std::time::Duration;

mod schedule;

/// Between two looks at the disk.
const LOOK_FOR_SPACE: Duration = Duration::from_secs(30);
/// The disk is said to be low from here on; at the second figure it is urgent, which the screen says.
const LOW_OCTETS: u64 = 500_000_000;
/// A check of the whole vault, once it is open for so long, and then every so often.
const FIRST_CHECK: Duration = Duration::from_secs(30 * 60);
const CHECK: Duration = Duration::from_secs(24 * 3600);
/// After an unclean end, and when the vault stopped taking commits.
const EARLY_CHECK: Duration = Duration::from_secs(30);

/// What is due, and what was found.
#[derive(Debug, Default)]
pub(crate) struct Safeguards {
    pub(crate) backups: Schedule,
    /// When the vault was opened, on the clock that counts sleep; `None` while it is locked.
    opened: Option<BootTime>,
    check_at: Option<BootTime>,
    checking: bool,
    backing_up: bool,
    looked: Option<BootTime>,
    free_octets: Option<u64>,
    last_verified: Option<WallTime>,
    /// Commits that went into the spool of an open vault: it stopped taking them.
    spooled_before: u64,
    damaged: bool,
}

impl Safeguards {
    /// What a person must know of these.
    pub(crate) fn notices(&self) -> Vec<VaultNotice> {
        let mut notices = Vec::new();
        notices.extend(self.damaged.then_some(VaultNotice::Altered { what: "database" }));
        let low = self.free_octets.filter(|free| *free < LOW_OCTETS);
        notices.extend(low.map(|free_octets| VaultNotice::DiskLow { free_octets }));
        let overdue = self.backups.is_overdue();
        notices.extend(overdue.then_some(VaultNotice::BackupOverdue { last: self.last_verified }));
        notices
    }
}

impl Console {
    /// Begins what is due.
    pub(crate) fn keep_safe(&mut self, now: Now) {
        self.look_for_space(now.boot);
        if !self.access.vault_is_open() || self.closing.is_some() {
            self.safeguards.opened = None;
            self.safeguards.damaged = false;
            self.safeguards.backups.pause();
            return;
        }
        if self.safeguards.opened.is_none() {
            self.vault_opened(now.boot);
        }
        if self.filing.waits() > self.safeguards.spooled_before && !self.safeguards.damaged {
            self.safeguards.spooled_before = self.filing.waits();
            self.safeguards.check_at = Some(now.boot);
        }
        let every = Duration::from_secs(u64::from(self.policy.backup.every_minutes) * 60);
        if self.safeguards.backups.is_due(now.boot, every, self.anchoring.generation()) && !self.safeguards.backing_up {
            self.back_up(None);
        }
        let due = self.safeguards.check_at.is_some_and(|at| at <= now.boot);
        if due && !self.safeguards.checking && !self.commits.busy() {
            self.safeguards.check_at = Some(now.boot.plus(CHECK));
            self.check(None);
        }
    }

    fn vault_opened(&mut self, now: BootTime) {
        let unclean = self.access.notices.contains(&VaultNotice::UncleanEnd);
        let first = if unclean { EARLY_CHECK } else { FIRST_CHECK };
        self.safeguards.opened = Some(now);
        self.safeguards.check_at = Some(now.plus(first));
        self.safeguards.spooled_before = self.filing.waits();
        let store = self.ports.store.clone();
        self.then(async move {
            let found = store.read(Query::Backups).await;
            move |console: &mut Self| {
                if let Ok(Answer::Backups(all)) = found {
                    console.safeguards.last_verified = all.iter().filter_map(|copy| copy.verified).max();
                }
            }
        });
    }

    fn look_for_space(&mut self, now: BootTime) {
        let full = self.commits.stalled(self.ports.machine.wall()).is_some_and(|(_, code)| code == "STORE-FULL");
        let every = if full { Duration::from_secs(2) } else { LOOK_FOR_SPACE };
        if self.safeguards.looked.is_some_and(|at| now.since(at) < every) {
            return;
        }
        self.safeguards.looked = Some(now);
        let store = self.ports.store.clone();
        self.then(async move {
            let found = store.safeguard(Safeguard::Space).await;
            move |console: &mut Self| match found {
                Ok(SafeguardReport::Space { free_octets }) => console.safeguards.free_octets = Some(free_octets),
                Ok(_) => {}
                Err(fault) => tracing::debug!(code = "STORE-SPACE", %fault, "the disk was not looked at"),
            }
        });
    }

    /// Makes a backup: by the clock, or because a person asked.
    pub(crate) fn back_up(&mut self, reply: Option<Reply<BackupCopy>>) {
        self.safeguards.backing_up = true;
        let generation = self.anchoring.generation();
        let (store, now) = (self.ports.store.clone(), self.ports.machine.wall());
        let asked = reply.is_some();
        self.then(async move {
            let made = store.safeguard(Safeguard::Backup { now }).await;
            move |console: &mut Self| {
                console.safeguards.backing_up = false;
                console.backup_made(made, generation, asked, reply);
            }
        });
    }

    fn backup_made(
        &mut self,
        made: Result<SafeguardReport, StoreFault>,
        generation: u64,
        asked: bool,
        reply: Option<Reply<BackupCopy>>,
    ) {
        let made = match made {
            Ok(SafeguardReport::BackedUp(copy)) => Ok(copy),
            Ok(_) => Err(another_report()),
            Err(fault) => Err(fault),
        };
        let outcome = if made.is_ok() { AuditOutcome::Success } else { AuditOutcome::Failed };
        match &made {
            Ok(copy) => {
                self.safeguards.last_verified = copy.verified;
                self.safeguards.backups.made(generation);
            }
            Err(fault) => {
                tracing::warn!(code = "STORE-BACKUP", %fault, "a backup could not be made; it is tried again");
                self.safeguards.backups.failed();
            }
        }
        let made = made.map_err(RequestError::Store);
        let is_made = made.is_ok();
        let reply = move || {
            if let Some(reply) = reply {
                answer(reply, made);
            }
        };
        // A vault that was locked meanwhile has no backup to tell of.
        if !self.access.vault_is_open() {
            return reply();
        }
        let by = if asked { self.by() } else { By::default() };
        let entry = self.operation_by(by, AuditAction::BackedUp, None, outcome);
        self.after_durable(entry.clone(), move |console, durable| {
            match durable {
                // The entry about a backup is no reason for another one.
                Ok(()) if is_made => {
                    let noted = console.anchoring.generation();
                    console.safeguards.backups.noted(generation, noted);
                }
                Ok(()) => {}
                // There is a backup all the same; the entry follows with the next commit.
                Err(_) => console.note(entry),
            }
            reply();
        });
    }

    /// The backups that are there.
    pub(crate) fn list_backups(&mut self, reply: Reply<Vec<BackupCopy>>) {
        let store = self.ports.store.clone();
        self.then(async move {
            let found = match store.read(Query::Backups).await {
                Ok(Answer::Backups(all)) => Ok(all),
                Ok(_) => Err(RequestError::Store(another_report())),
                Err(fault) => Err(fault.into()),
            };
            move |_: &mut Self| answer(reply, found)
        });
    }

    /// Looks the whole vault through: when idle, or because a person asked.
    pub(crate) fn check(&mut self, reply: Option<Reply<SafeguardReport>>) {
        self.safeguards.checking = true;
        let store = self.ports.store.clone();
        self.then(async move {
            let found = store.safeguard(Safeguard::Check).await;
            move |console: &mut Self| {
                console.safeguards.checking = false;
                console.looked_through(&found);
                if let Some(reply) = reply {
                    answer(reply, found.map_err(RequestError::Store));
                }
            }
        });
    }

    fn looked_through(&mut self, found: &Result<SafeguardReport, StoreFault>) {
        match found {
            Ok(_) => {
                // It takes commits again: what went into the spool meanwhile is filed.
                let was_stopped = std::mem::take(&mut self.safeguards.damaged) || self.filing.waits() > 0;
                if was_stopped && self.access.vault_is_open() {
                    self.file_spool();
                }
            }
            Err(StoreFault::Damaged(what)) => {
                tracing::error!(code = "STORE-DAMAGED", %what, "the vault is damaged; a backup must be restored");
                if !self.safeguards.damaged {
                    let mut entry = self.operation(AuditAction::TamperFound, None, AuditOutcome::Failed);
                    entry.actor = None;
                    entry.reason = Some(what.chars().take(200).collect());
                    self.note(entry);
                }
                self.safeguards.damaged = true;
            }
            Err(fault) => tracing::warn!(code = "STORE-CHECK", %fault, "the vault could not be checked"),
        }
    }

    /// Encrypts the whole vault with a new key, between a backup of before and one of after.
    pub(crate) fn rekey(&mut self, reply: Reply<()>) {
        let (store, now) = (self.ports.store.clone(), self.ports.machine.wall());
        self.then(async move {
            let rekeyed = async {
                store.safeguard(Safeguard::Backup { now }).await?;
                store.keys(SlotChange::Rekey).await
            };
            let rekeyed = rekeyed.await;
            move |console: &mut Self| {
                let outcome = if rekeyed.is_ok() { AuditOutcome::Success } else { AuditOutcome::Failed };
                let entry = console.operation(AuditAction::Rekeyed, None, outcome);
                if rekeyed.is_ok() {
                    // The older backups have the key that is given up.
                    console.safeguards.backups.ask();
                }
                console.after_durable(entry, move |_, durable| {
                    answer(reply, rekeyed.map_err(RequestError::Store).and(durable));
                });
            }
        });
    }
}

pub(crate) fn another_report() -> StoreFault {
    StoreFault::Io("the store reported on another task".into())
}
