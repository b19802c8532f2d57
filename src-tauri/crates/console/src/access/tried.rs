//! One look at a passphrase: counted in the keyring before it is made, forgiven when it was right.
//! Not here: the counting (`attempts`), and what follows from a right one (`sign_in`, `clinicians`).
use super::attempts::{Attempts, Refused};
use super::sign_in::outcome_of;
use super::without_slots::noted_and_closed;
use crate::audit::{AuditAction, AuditEntry, AuditOutcome, Purpose};
use crate::clinician::{ClinicianId, UserName};
use crate::ports::*;
use crate::records::{Changes, SafeguardReport};
use crate::request::RequestError;
use bedside_vitals::{BootTime, WallTime};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Until when each clinician waits, on the clock that nobody can set; shared by all doors of a console.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits(Arc<Mutex<BTreeMap<ClinicianId, BootTime>>>);

impl Waits {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn of(&self, who: ClinicianId) -> Option<BootTime> {
        self.all().get(&who).copied()
    }

    fn wait(&self, who: ClinicianId, until: BootTime) {
        self.all().insert(who, until);
    }

    pub(super) fn remove(&self, who: ClinicianId) {
        self.all().remove(&who);
    }

    pub(super) fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<ClinicianId, BootTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a look is made, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) boot: BootTime,
    pub(super) wall: WallTime,
}

impl At {
    pub(super) fn now(machine: &dyn Machine) -> Self {
        Self { boot: machine.boot(), wall: machine.wall() }
    }
}

/// What a look at a secret needs of the outside.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) store: Arc<dyn RecordStore>,
    pub(super) keys: Arc<dyn KeyStore>,
    pub(super) vault: VaultId,
    pub(super) waits: Waits,
}

impl Door {
    /// Looks at a secret of `who` by `look`, which gets the device secret. Only a passphrase that does not fit counts as
    /// failed: what the disk or the keyring did is nobody's wrong try. The count is read and written under a lock that all
    /// programs on this vault share, and afterwards only the own entry is changed: two at once are two tries.
    pub(super) async fn tried<T, L>(&self, who: ClinicianId, now: At, look: L) -> Result<T, RequestError>
    where
        L: AsyncFnOnce(DeviceSecret) -> Result<T, StoreFault>,
    {
        if let Some(until) = self.waits.of(who).filter(|until| now.boot < *until) {
            // The clock that nobody can set says that it is too early, whatever the other one says.
            let left = i64::try_from(until.since(now.boot).as_millis()).unwrap_or(0);
            let wait_until = Some(now.wall.plus_millis(left));
            return Err(RequestError::WrongSecret { tries_left: None, wait_until });
        }
        let begun = self.changed(who, |attempts| attempts.begin(now.wall)).await?;
        let before = begun.map_err(|refused| match refused {
            Refused::Disabled => RequestError::SlotDisabled,
            Refused::Wait { until, tries_left } => {
                RequestError::WrongSecret { tries_left: Some(tries_left), wait_until: Some(until) }
            }
        })?;
        let looked = match self.keys.load(self.vault).await {
            Ok(secret) => look(secret).await.map_err(RequestError::Store),
            Err(fault) => Err(RequestError::Keys(fault)),
        };
        match looked {
            Err(RequestError::Store(StoreFault::WrongPassphrase)) => {
                let (tries_left, wait_until) = self.attempts(who).await?.left(now.wall);
                // A slot that is disabled waits for an administrator, not for a clock.
                if let Some(until) = wait_until.filter(|_| tries_left > 0) {
                    let wait = u64::try_from(until.millis_since(now.wall)).unwrap_or(0);
                    self.waits.wait(who, now.boot.plus(Duration::from_millis(wait)));
                }
                return match tries_left {
                    0 => Err(RequestError::SlotDisabled),
                    left => Err(RequestError::WrongSecret { tries_left: Some(left), wait_until }),
                };
            }
            // The look is over: a keyring that fails now makes the next one count one more, and nothing worse.
            Ok(_) => {
                self.waits.remove(who);
                let _ = self.changed(who, Attempts::forgive).await;
            }
            Err(_) => {
                let _ = self.changed(who, |attempts| attempts.take_back(before)).await;
            }
        }
        looked
    }

    /// An administrator gave a new passphrase.
    pub(super) async fn enable(&self, who: ClinicianId) -> Result<(), RequestError> {
        self.waits.remove(who);
        self.changed(who, Attempts::enable).await
    }

    /// A recovery key opened the vault: everybody may try again.
    pub(super) async fn forgive_all(&self, all: Vec<ClinicianId>) -> Result<(), RequestError> {
        self.waits.clear();
        for who in all {
            self.changed(who, Attempts::forgive).await?;
        }
        Ok(())
    }

    /// Changes the note while no other program can.
    pub(super) async fn changed<T>(
        &self,
        who: ClinicianId,
        change: impl FnOnce(&mut Attempts) -> T,
    ) -> Result<T, RequestError> {
        let _only_us = self.store.tries_held().await?;
        let before = self.attempts(who).await?;
        let mut attempts = before.clone();
        let result = change(&mut attempts);
        if attempts != before {
            self.keys.set_note(self.vault, KeyNote::Tries(who), &attempts.note()).await?;
        }
        Ok(result)
    }

    async fn attempts(&self, who: ClinicianId) -> Result<Attempts, RequestError> {
        if let Some(note) = self.keys.note(self.vault, KeyNote::Tries(who)).await? {
            return Ok(Attempts::read(&note));
        }
        // Nothing was written of them since versions that kept all in one note.
        let shared = self.keys.note(self.vault, KeyNote::Attempts).await?;
        Ok(Attempts::read_shared(shared.as_deref(), who))
    }

    /// Whose slot this is.
    pub(super) async fn owner(&self, user: &UserName) -> Result<ClinicianId, RequestError> {
        let VaultPresence::Present(header) = self.store.presence().await? else {
            return Err(StoreFault::Missing.into());
        };
        // Who is enrolled is on the screen: nothing is given away, and nobody's tries are used.
        header.owner(user).ok_or(RequestError::WrongSecret { tries_left: None, wait_until: None })
    }
}

/// Restores a vault whose slot file is lost or damaged, so that no console starts on it: by whoever could open the backup.
/// The tries count like any other. The restored vault is opened once, so that the act is in its log, and closed again.
pub async fn restore_without_slots(
    store: &Arc<dyn RecordStore>,
    keys: &Arc<dyn KeyStore>,
    machine: &dyn Machine,
    (user, passphrase): (&UserName, Passphrase),
    backup: Option<PathBuf>,
) -> Result<SafeguardReport, RequestError> {
    let header = store.header_of_backup(backup.clone()).await?;
    let who = header.owner(user).ok_or(RequestError::WrongSecret { tries_left: None, wait_until: None })?;
    let door = Door { store: store.clone(), keys: keys.clone(), vault: header.id, waits: Waits::new() };
    let now = At::now(machine);
    let again = passphrase.clone();
    let look = async |secret| {
        let unlock = Some(Unlock::Passphrase { clinician: who, secret, passphrase });
        store.safeguard(Safeguard::Restore { backup, unlock, now: now.wall }).await
    };
    let report = door.tried(who, now, look).await?;
    let look = async |secret| {
        let unlock = Unlock::Passphrase { clinician: who, secret, passphrase: again };
        store.open(unlock, OpenMode::Writer).await
    };
    door.tried(who, now, look).await?;
    noted_and_closed(store, machine, &report, Some(who)).await?;
    Ok(report)
}

/// Opens a vault as a clinician without a console: for a program that reads beside the window. The tries count like any
/// other, and the sign-in is audited; one that is refused leaves its entry for the writer to file.
pub async fn open_as(
    store: &Arc<dyn RecordStore>,
    keys: &Arc<dyn KeyStore>,
    machine: &dyn Machine,
    user: &UserName,
    passphrase: Passphrase,
    mode: OpenMode,
) -> Result<VaultId, RequestError> {
    let vault = store.presence().await?.id().ok_or(StoreFault::Missing)?;
    let door = Door { store: store.clone(), keys: keys.clone(), vault, waits: Waits::new() };
    let owner = door.owner(user).await;
    let opened = match owner {
        Err(ref error) => Err(error.clone()),
        Ok(who) => {
            let look = async |secret| store.open(Unlock::Passphrase { clinician: who, secret, passphrase }, mode).await;
            door.tried(who, At::now(machine), look).await.map(|()| who)
        }
    };
    let who = match opened {
        Ok(who) => who,
        Err(error) => {
            if outcome_of(&error) == AuditOutcome::Refused {
                note_refused(&door, machine, owner.ok()).await;
            }
            return Err(error);
        }
    };
    let roles = match super::enrolled(store.as_ref(), who).await {
        Ok(clinician) => clinician.roles,
        Err(error) => {
            store.close().await?;
            return Err(error);
        }
    };
    let entry = AuditEntry {
        actor: Some(who),
        clinician: Some(who),
        purpose: Purpose::Operations,
        origin: crate::auditing::origin(machine, None),
        roles,
        ..AuditEntry::new(machine.wall(), AuditAction::SignedIn)
    };
    store.commit(Changes { audit: vec![entry], ..Changes::default() }).await?;
    Ok(vault)
}

/// A try that was refused, as the act of nobody who is known. It is counted already: that this could not be written, too,
/// changes nothing for whoever tried.
async fn note_refused(door: &Door, machine: &dyn Machine, whose: Option<ClinicianId>) {
    let entry = AuditEntry {
        clinician: whose,
        purpose: Purpose::Operations,
        origin: crate::auditing::origin(machine, None),
        outcome: AuditOutcome::Refused,
        ..AuditEntry::new(machine.wall(), AuditAction::SignedIn)
    };
    let noted = async {
        let secret = door.keys.load(door.vault).await?;
        door.store.note_outside(vec![entry], &secret).await?;
        // The file is let go: the writer may file it at once.
        Ok::<_, RequestError>(door.store.close().await?)
    };
    if let Err(error) = noted.await {
        tracing::warn!(code = "SPOOL-REFUSAL", %error, "that a sign-in was refused could not be written into the spool");
    }
}
