//! Opening a closed vault, and unlocking a locked screen by passphrase: by passphrase, device secret or recovery key.
//! Not here: PINs (`pins`), counting tries (`attempts`), and what is loaded from an opened vault (`opening`).
use super::clinicians::{enrolment, slot};
use super::entering::Entering;
use super::screen_lock::Presence;
use super::tried::{At, Door};
use super::{By, Lock};
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::clinician::{Clinician, ClinicianId, Permission, Role, UserName};
use crate::event_loop::{Console, Done};
use crate::opening::Left;
use crate::people::answer;
use crate::ports::*;
use crate::request::{NewClinician, RequestError};
use crate::requests::Reply;
use bedside_vitals::WallTime;

/// The clinician of an open vault, who must not have left.
pub(crate) async fn enrolled(store: &dyn RecordStore, who: ClinicianId) -> Result<Clinician, RequestError> {
    let Answer::Clinicians(all) = store.read(Query::Clinicians).await? else {
        return Err(StoreFault::another_answer().into());
    };
    let found = all.into_iter().find(|one| one.id == who).ok_or(RequestError::NoSuchClinician)?;
    if found.disabled.is_some() { Err(RequestError::SlotDisabled) } else { Ok(found) }
}

impl Console {
    /// Work whose end changes the console's state.
    pub(crate) fn then<F>(&mut self, work: impl Future<Output = F> + Send + 'static)
    where
        F: FnOnce(&mut Self) + Send + 'static,
    {
        self.start_work(async move { Done::Then(Box::new(work.await)) });
    }

    pub(super) fn at(&self) -> At {
        At::now(self.ports.machine.as_ref())
    }

    pub(super) fn door(&self) -> Door {
        let waits = self.access.waits.clone();
        Door { store: self.ports.store.clone(), keys: self.ports.keys.clone(), vault: self.vault, waits }
    }

    /// A second secret waits until the first one was looked at.
    pub(super) fn take_turn<T>(&mut self, reply: Reply<T>) -> Option<Reply<T>> {
        if self.access.busy > 0 || self.closing.is_some() {
            answer(reply, Err(RequestError::Busy));
            return None;
        }
        self.access.busy += 1;
        Some(reply)
    }

    /// The secret was looked at.
    pub(super) fn end_turn(&mut self) {
        self.access.busy = self.access.busy.saturating_sub(1);
    }

    pub(crate) fn sign_in(&mut self, user: UserName, passphrase: Passphrase, reply: Reply<()>) {
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.at());
        let closed = !self.access.vault_is_open();
        let entering = self.entering(AuditAction::SignedIn);
        let unfinished = Unfinished {
            user: user.clone(),
            entry: self.operation_by(By::default(), AuditAction::ClinicianAdded, None, AuditOutcome::Success),
            recovery_by_policy: self.policy.recovery_public_key.is_some(),
        };
        self.then(async move {
            let who = door.owner(&user).await;
            let result = match who {
                Err(ref error) => Err(error.clone()),
                Ok(who) => look(&door, who, passphrase, closed, now, (&entering, unfinished)).await,
            };
            move |console: &mut Self| {
                console.end_turn();
                console.signed_in(who.ok(), result, reply);
            }
        });
    }

    /// What came of a passphrase: at a closed vault, or at a locked or open screen. Who came in is in the log already.
    fn signed_in(&mut self, who: Option<ClinicianId>, result: Result<SignedIn, RequestError>, reply: Reply<()>) {
        match result {
            Ok(SignedIn { left: None, clinician, .. }) if !self.access.vault_is_open() => {
                self.refuse_locked(&clinician, reply);
            }
            Ok(SignedIn { clinician, left, generation }) => {
                // Their own passphrase turns their PIN on again.
                self.access.wrong_pins_of.remove(&clinician.id);
                if let Some(left) = left {
                    self.opened(left, Some(clinician));
                } else {
                    self.enter(clinician);
                    self.access.presence = Presence::signed_in(self.ports.machine.boot());
                }
                self.anchoring.committed(generation);
                let locked = self.locked_meanwhile();
                answer(reply, if locked { Err(RequestError::Locked) } else { Ok(()) });
            }
            Err(error) => self.sign_in_failed(who, error, reply),
        }
    }

    /// The vault was locked while a secret was looked at. What was noted as entered is noted as locked again.
    pub(super) fn refuse_locked(&mut self, clinician: &Clinician, reply: Reply<()>) {
        let by = By { actor: Some(clinician.id), roles: clinician.roles.clone(), emergency: false };
        let entry = self.operation_by(by, AuditAction::VaultLocked, None, AuditOutcome::Success);
        self.refuse_noted(entry, reply, RequestError::Locked);
    }

    fn sign_in_failed(&mut self, who: Option<ClinicianId>, error: RequestError, reply: Reply<()>) {
        match error {
            RequestError::WrongSecret { tries_left: Some(left), wait_until } => {
                self.access.failed = Some((left, wait_until));
            }
            RequestError::SlotDisabled => self.access.failed = Some((0, None)),
            _ => {}
        }
        // Whoever that was, it is not proven to be whoever is signed in.
        let entry = self.operation_by(By::default(), AuditAction::SignedIn, who, outcome_of(&error));
        self.refuse_noted(entry, reply, error);
    }

    /// An opened vault: what was left in it is loaded, and somebody may work.
    pub(crate) fn opened(&mut self, left: Left, clinician: Option<Clinician>) {
        self.access.colleagues.clone_from(&left.clinicians);
        self.access.header.clone_from(&left.header);
        let first = !std::mem::replace(&mut self.access.opened_before, true);
        let now = self.ports.machine.boot();
        self.access.presence = Presence::signed_in(now);
        self.access.lock = Lock::Open;
        self.access.failed = None;
        self.load(left, first);
        if let Some(clinician) = clinician {
            self.enter(clinician);
        }
        self.asked = true;
        self.file_spool();
        self.after_opening();
    }

    /// Somebody works here from now on, where they were before. Whoever was here before leaves nothing to them.
    pub(super) fn enter(&mut self, clinician: Clinician) {
        let same = self.access.clinician.as_ref().is_some_and(|before| before.id == clinician.id);
        if !same {
            self.end_emergency();
        }
        let was_open = self.access.is_open();
        let id = clinician.id;
        if !same && was_open {
            self.hide_people();
        }
        if !same {
            self.access.clinician_since = Some(self.ports.machine.wall());
        }
        self.access.clinician = Some(clinician);
        self.access.lock = Lock::Open;
        self.access.wrong_pins = 0;
        self.access.wrong_pins_of.remove(&id);
        self.access.failed = None;
        self.access.presence.touch(self.ports.machine.boot());
        let place = self.access.places.get(&id).copied();
        if !(same && was_open) && self.access.may(Permission::ReadRecords, self.mode) {
            // A patient who is not there any more is no place to come back to.
            self.open_patient(place, tokio::sync::oneshot::channel().0);
        }
        self.asked = true;
    }

    pub(crate) fn open_with_device_secret(&mut self, reply: Reply<()>) {
        if self.access.vault_is_open() {
            let nobody = self.access.clinician.is_none();
            if nobody {
                self.access.lock = Lock::Open;
            }
            return answer(reply, if nobody { Ok(()) } else { Err(RequestError::Locked) });
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.now());
        let entering = self.entering(AuditAction::SignedIn);
        self.then(async move {
            let opened = async {
                let secret = door.keys.load(door.vault).await?;
                door.store.open(Unlock::Device(secret), OpenMode::Writer).await?;
                let left = left(&door, now.wall).await?;
                if let Err(error) = entering.durable(door.store.as_ref(), None).await {
                    door.store.lock().await?;
                    return Err(error);
                }
                Ok(left)
            };
            let result: Result<Left, RequestError> = opened.await;
            move |console: &mut Self| {
                console.end_turn();
                match result {
                    Ok(left) => {
                        console.opened(left, None);
                        answer(reply, Ok(()));
                    }
                    Err(error) => console.sign_in_failed(None, error, reply),
                }
            }
        });
    }

    /// A device secret that the keyring still has opens the slots of the others: it is kept. Else there is a new one, and
    /// the others get theirs anew from an administrator.
    pub(crate) fn recover(&mut self, key: RecoveryKey, new: NewClinician, reply: Reply<()>) {
        if self.access.vault_is_open() {
            return answer(reply, Err(RequestError::NotNeeded));
        }
        if let Err(error) = super::clinicians::valid(&new) {
            return answer(reply, Err(error));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.now());
        let fresh = (self.ports.machine.random(), self.ports.machine.random());
        let entries = [AuditAction::Recovered, AuditAction::ClinicianAdded]
            .map(|action| self.operation(action, None, AuditOutcome::Success));
        let entering = self.entering(AuditAction::SignedIn);
        self.then(async move {
            let result = recovered(&door, key, new, fresh, (entries, entering), now.wall).await;
            move |console: &mut Self| {
                console.end_turn();
                match result {
                    Ok((clinician, left)) => {
                        console.opened(left, Some(clinician));
                        let locked = console.locked_meanwhile();
                        answer(reply, if locked { Err(RequestError::Locked) } else { Ok(()) });
                    }
                    Err(error) => {
                        let entry = console.operation(AuditAction::Recovered, None, AuditOutcome::Failed);
                        console.refuse_noted(entry, reply, error);
                    }
                }
            }
        });
    }
}

/// Somebody whose passphrase was right, with what their opening found.
struct SignedIn {
    clinician: Clinician,
    /// `None` where the vault was open already.
    left: Option<Left>,
    /// In which the entry about it is durable.
    generation: u64,
}

/// What the audit log says of a secret that was not taken.
pub(super) fn outcome_of(error: &RequestError) -> AuditOutcome {
    match error {
        RequestError::WrongSecret { .. }
        | RequestError::WrongPresentPassphrase { .. }
        | RequestError::SlotDisabled
        | RequestError::NoSuchClinician => AuditOutcome::Refused,
        _ => AuditOutcome::Failed,
    }
}

/// One look at a passphrase: it opens a closed vault, and proves itself to an open one.
async fn look(
    door: &Door,
    who: ClinicianId,
    passphrase: Passphrase,
    closed: bool,
    now: At,
    (entering, unfinished): (&Entering, Unfinished),
) -> Result<SignedIn, RequestError> {
    let store = door.store.clone();
    let proves = async |secret| {
        if closed {
            store.open(Unlock::Passphrase { clinician: who, secret, passphrase }, OpenMode::Writer).await
        } else {
            store.keys(SlotChange::Prove { clinician: who, secret, passphrase }).await
        }
    };
    door.tried(who, now, proves).await?;
    let looked = async {
        let clinician = match enrolled(store.as_ref(), who).await {
            Err(RequestError::NoSuchClinician) => unfinished.enrol(store.as_ref(), who, now.wall).await?,
            other => other?,
        };
        let left = if closed { Some(left(door, now.wall).await?) } else { None };
        let generation = entering.durable(store.as_ref(), Some(&clinician)).await?;
        Ok(SignedIn { clinician, left, generation })
    };
    let looked = looked.await;
    if looked.is_err() && closed {
        // Nobody who left gets in, and a record that cannot be read is not half open.
        store.lock().await?;
    }
    looked
}

/// What a vault needs whose making was broken off after the slot of its first clinician, before their row.
struct Unfinished {
    user: UserName,
    entry: AuditEntry,
    recovery_by_policy: bool,
}

impl Unfinished {
    /// Whoever has proven the slot is the first clinician: an administrator, of whom nothing else is known any more. Nobody
    /// has seen the recovery kit, so its slot goes, and they are told to make another one.
    ///
    /// # Errors
    /// `NoSuchClinician` in a vault that has clinicians: theirs is no unfinished one.
    async fn enrol(self, store: &dyn RecordStore, who: ClinicianId, now: WallTime) -> Result<Clinician, RequestError> {
        let Answer::Clinicians(all) = store.read(Query::Clinicians).await? else {
            return Err(StoreFault::another_answer().into());
        };
        if !all.is_empty() {
            return Err(RequestError::NoSuchClinician);
        }
        let first = Clinician {
            id: who,
            display_name: self.user.to_string(),
            user_name: self.user,
            roles: vec![Role::Administrator],
            disabled: None,
            has_pin: false,
            enrolled: now,
        };
        if !self.recovery_by_policy {
            store.keys(SlotChange::NoRecovery).await?;
        }
        let entry = AuditEntry { clinician: Some(who), ..self.entry };
        store.commit(enrolment(&first, None, vec![entry])).await?;
        Ok(first)
    }
}

async fn left(door: &Door, now: WallTime) -> Result<Left, RequestError> {
    match Left::read(door.store.as_ref(), now).await {
        Ok(left) => Ok(left),
        Err(fault) => {
            door.store.lock().await?;
            Err(fault.into())
        }
    }
}

async fn recovered(
    door: &Door,
    key: RecoveryKey,
    new: NewClinician,
    (fresh_secret, fresh_id): ([u8; 32], [u8; 32]),
    (entries, entering): ([AuditEntry; 2], Entering),
    now: WallTime,
) -> Result<(Clinician, Left), RequestError> {
    // The keyring must work before anything is opened: a secret that cannot be kept recovers nothing.
    let secret = match door.keys.load(door.vault).await {
        Ok(secret) => secret,
        Err(KeyFault::NoEntry | KeyFault::Malformed) => {
            door.keys.probe().await?;
            DeviceSecret::new(fresh_secret)
        }
        Err(fault) => return Err(fault.into()),
    };
    door.store.open(Unlock::Recovery(key), OpenMode::Writer).await?;
    let work = async {
        let Answer::Clinicians(all) = door.store.read(Query::Clinicians).await? else {
            return Err(StoreFault::another_answer().into());
        };
        let clinician = super::clinicians::administrator(&new, &all, fresh_id, now);
        let slot = slot(&clinician, new.passphrase);
        let audit = entries.map(|entry| AuditEntry { clinician: Some(clinician.id), ..entry });
        // The row first: a row without a slot is found by its name at the next try, a slot without a row takes the name.
        door.store.commit(enrolment(&clinician, new.pin, audit.to_vec())).await?;
        // Then the slot: a secret is not written over before something opens by its successor.
        let for_slot = DeviceSecret::new(*secret.reveal());
        door.store.keys(SlotChange::Put { secret: for_slot, slot }).await?;
        door.keys.replace(door.vault, &secret).await?;
        let everybody = all.iter().map(|one| one.id).chain([clinician.id]).collect();
        door.forgive_all(everybody).await?;
        entering.durable(door.store.as_ref(), Some(&clinician)).await?;
        Ok((clinician, Left::read(door.store.as_ref(), now).await?))
    };
    let result = work.await;
    if result.is_err() {
        door.store.lock().await?;
    }
    result
}

/// A first clinician can enrol the others.
pub(super) fn with_administrator(roles: &[Role]) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| *role == Role::Administrator || roles.contains(role)).collect()
}
