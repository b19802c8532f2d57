//! Opening a closed vault and unlocking a locked screen: by passphrase, PIN, device secret or recovery key.
//! Not here: counting passphrases (`attempts`), and what is loaded from an opened vault (`opening`).
use super::By;
use super::Lock;
use super::screen_lock::Presence;
use super::tried::{At, Door};
use crate::audit::{AuditAction, AuditOutcome};
use crate::clinician::{Clinician, ClinicianId, Permission, Role, UserName};
use crate::event_loop::{Console, Done};
use crate::opening::Left;
use crate::people::answer;
use crate::ports::*;
use crate::records::Changes;
use crate::request::{NewClinician, RequestError};
use crate::requests::Reply;
use crate::snapshot::LockReason;
use bedside_vitals::WallTime;

/// So many wrong PINs lock the vault.
const MOST_PINS: u32 = 5;
const WRONG: RequestError = RequestError::WrongSecret { tries_left: None, wait_until: None };

/// The clinician of an open vault, who must not have left.
pub(crate) async fn enrolled(store: &dyn RecordStore, who: ClinicianId) -> Result<Clinician, RequestError> {
    let Answer::Clinicians(all) = store.read(Query::Clinicians).await? else { return Err(another_answer()) };
    let found = all.into_iter().find(|one| one.id == who).ok_or(RequestError::NoSuchClinician)?;
    if found.disabled.is_some() { Err(RequestError::SlotDisabled) } else { Ok(found) }
}

pub(super) fn another_answer() -> RequestError {
    RequestError::Store(StoreFault::Io("the store answered another query".into()))
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

    pub(super) fn sign_in(&mut self, user: UserName, passphrase: Passphrase, reply: Reply<()>) {
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.at());
        let closed = !self.access.vault_is_open();
        self.then(async move {
            let who = door.owner(&user).await;
            let result = match who {
                Err(ref error) => Err(error.clone()),
                Ok(who) => look(&door, who, passphrase, closed, now).await,
            };
            move |console: &mut Self| {
                console.end_turn();
                answer(reply, console.signed_in(who.ok(), result));
            }
        });
    }

    /// What came of a passphrase: at a closed vault, or at a locked or open screen.
    fn signed_in(
        &mut self,
        who: Option<ClinicianId>,
        result: Result<(Clinician, Option<Left>), RequestError>,
    ) -> Result<(), RequestError> {
        match result {
            // The vault was locked while the passphrase was looked at.
            Ok((_, None)) if !self.access.vault_is_open() => Err(RequestError::Locked),
            Ok((clinician, left)) => {
                // Their own passphrase turns their PIN on again.
                self.access.wrong_pins_of.remove(&clinician.id);
                if let Some(left) = left {
                    self.opened(left, Some(clinician));
                } else {
                    self.enter(clinician, AuditAction::SignedIn);
                    self.access.presence = Presence::signed_in(self.ports.machine.boot());
                }
                Ok(())
            }
            Err(error) => {
                self.sign_in_failed(who, &error);
                Err(error)
            }
        }
    }

    pub(super) fn sign_in_failed(&mut self, who: Option<ClinicianId>, error: &RequestError) {
        let outcome = match error {
            RequestError::WrongSecret { .. } | RequestError::SlotDisabled | RequestError::NoSuchClinician => {
                AuditOutcome::Refused
            }
            _ => AuditOutcome::Failed,
        };
        match error {
            RequestError::WrongSecret { tries_left: Some(left), wait_until } => {
                self.access.failed = Some((*left, *wait_until));
            }
            RequestError::SlotDisabled => self.access.failed = Some((0, None)),
            _ => {}
        }
        // Whoever that was, it is not proven to be whoever is signed in.
        let entry = self.operation_by(By::default(), AuditAction::SignedIn, who, outcome);
        self.note(entry);
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
            self.enter(clinician, AuditAction::SignedIn);
        }
        self.asked = true;
        self.file_spool();
        self.after_opening();
    }

    /// Somebody works here from now on, where they were before. Whoever was here before leaves nothing to them.
    fn enter(&mut self, clinician: Clinician, by: AuditAction) {
        let same = self.access.clinician.as_ref().is_some_and(|before| before.id == clinician.id);
        if !same {
            self.end_emergency();
        }
        let was_open = self.access.is_open();
        let id = clinician.id;
        if !same && was_open {
            self.hide_people();
        }
        self.access.clinician = Some(clinician);
        self.access.lock = Lock::Open;
        self.access.wrong_pins = 0;
        self.access.wrong_pins_of.remove(&id);
        self.access.failed = None;
        self.access.presence.touch(self.ports.machine.boot());
        let entry = self.operation(by, Some(id), AuditOutcome::Success);
        self.note(entry);
        let place = self.access.places.get(&id).copied();
        if !(same && was_open) && self.access.may(Permission::ReadRecords, self.mode) {
            // A patient who is not there any more is no place to come back to.
            self.open_patient(place, tokio::sync::oneshot::channel().0);
        }
        self.asked = true;
    }

    pub(super) fn open_with_device_secret(&mut self, reply: Reply<()>) {
        if self.access.vault_is_open() {
            let nobody = self.access.clinician.is_none();
            if nobody {
                self.access.lock = Lock::Open;
            }
            return answer(reply, if nobody { Ok(()) } else { Err(RequestError::Locked) });
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now) = (self.door(), self.now());
        self.then(async move {
            let opened = async {
                let secret = door.keys.load(door.vault).await?;
                door.store.open(Unlock::Device(secret), OpenMode::Writer).await?;
                left(&door, now.wall).await
            };
            let result: Result<Left, RequestError> = opened.await;
            move |console: &mut Self| {
                console.end_turn();
                let result = match result {
                    Ok(left) => {
                        console.opened(left, None);
                        let entry = console.operation(AuditAction::SignedIn, None, AuditOutcome::Success);
                        console.note(entry);
                        Ok(())
                    }
                    Err(error) => {
                        console.sign_in_failed(None, &error);
                        Err(error)
                    }
                };
                answer(reply, result);
            }
        });
    }

    /// A device secret that the keyring still has opens the slots of the others: it is kept. Else there is a new one, and
    /// the others get theirs anew from an administrator.
    pub(super) fn recover(&mut self, key: RecoveryKey, new: NewClinician, reply: Reply<()>) {
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
        self.then(async move {
            let result = recovered(&door, key, new, fresh, entries, now.wall).await;
            move |console: &mut Self| {
                console.end_turn();
                let result = match result {
                    Ok((clinician, left)) => {
                        console.opened(left, Some(clinician));
                        Ok(())
                    }
                    Err(error) => {
                        let entry = console.operation(AuditAction::Recovered, None, AuditOutcome::Failed);
                        console.note(entry);
                        Err(error)
                    }
                };
                answer(reply, result);
            }
        });
    }

    /// The PIN of whoever was working, or a colleague's: then they take over.
    pub(super) fn unlock_screen(&mut self, user: UserName, pin: Pin, reply: Reply<()>) {
        let Lock::Screen(..) = self.access.lock else {
            let error = if self.access.is_open() { RequestError::NotNeeded } else { RequestError::Locked };
            return answer(reply, Err(error));
        };
        let found = self.access.colleagues.iter().find(|one| one.user_name == user && one.disabled.is_none()).cloned();
        let whose = found.as_ref().map(|one| one.id);
        let Some(clinician) = found.filter(|one| one.has_pin) else {
            self.note_wrong_pin(whose);
            return answer(reply, Err(WRONG));
        };
        if self.wrong_pins_of(clinician.id) >= MOST_PINS {
            // The PIN is off until its owner has come with the passphrase.
            self.note_wrong_pin(whose);
            return answer(reply, Err(RequestError::WrongSecret { tries_left: Some(0), wait_until: None }));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        // Counted before it is looked at: a look that is broken off was one.
        self.access.wrong_pins += 1;
        *self.access.wrong_pins_of.entry(clinician.id).or_default() += 1;
        let store = self.ports.store.clone();
        self.then(async move {
            let fits = match store.read(Query::VerifyPin(clinician.id, pin)).await {
                Ok(Answer::PinVerified(fits)) => Ok(fits),
                Ok(_) => Err(another_answer()),
                Err(fault) => Err(RequestError::Store(fault)),
            };
            move |console: &mut Self| {
                console.end_turn();
                answer(reply, console.pin_looked_at(clinician, fits));
            }
        });
    }

    fn wrong_pins_of(&self, who: ClinicianId) -> u32 {
        self.access.wrong_pins_of.get(&who).copied().unwrap_or(0)
    }

    /// Whose PIN it was to be, and nobody who tried it: a wrong one proves no person.
    fn note_wrong_pin(&mut self, whose: Option<ClinicianId>) {
        let entry = self.operation_by(By::default(), AuditAction::ScreenUnlocked, whose, AuditOutcome::Refused);
        self.note(entry);
    }

    fn pin_looked_at(&mut self, clinician: Clinician, fits: Result<bool, RequestError>) -> Result<(), RequestError> {
        let Lock::Screen(..) = self.access.lock else { return Err(RequestError::Locked) };
        if fits? {
            self.enter(clinician, AuditAction::ScreenUnlocked);
            return Ok(());
        }
        self.note_wrong_pin(Some(clinician.id));
        let here = MOST_PINS.saturating_sub(self.access.wrong_pins);
        let left = here.min(MOST_PINS.saturating_sub(self.wrong_pins_of(clinician.id)));
        self.access.failed = Some((left, None));
        if here == 0 {
            self.lock_vault(LockReason::TooManyFailures, None);
        }
        self.changed = true;
        Err(RequestError::WrongSecret { tries_left: Some(left), wait_until: None })
    }
}

/// One look at a passphrase: it opens a closed vault, and proves itself to an open one.
async fn look(
    door: &Door,
    who: ClinicianId,
    passphrase: Passphrase,
    closed: bool,
    now: At,
) -> Result<(Clinician, Option<Left>), RequestError> {
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
        let clinician = enrolled(store.as_ref(), who).await?;
        Ok((clinician, if closed { Some(left(door, now.wall).await?) } else { None }))
    };
    let looked = looked.await;
    if looked.is_err() && closed {
        // Nobody who left gets in, and a record that cannot be read is not half open.
        store.lock().await?;
    }
    looked
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
    entries: [crate::audit::AuditEntry; 2],
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
        let Answer::Clinicians(all) = door.store.read(Query::Clinicians).await? else { return Err(another_answer()) };
        let clinician = super::clinicians::administrator(&new, &all, fresh_id, now);
        let owner = SlotOwner { clinician: clinician.id, user_name: clinician.user_name.clone() };
        let slot = NewSlot { owner, passphrase: new.passphrase };
        // The slot first: a secret is not written over before something opens by its successor.
        let for_slot = DeviceSecret::new(*secret.reveal());
        door.store.keys(SlotChange::Put { secret: for_slot, slot }).await?;
        door.keys.replace(door.vault, &secret).await?;
        door.forgive_all(clinician.id).await?;
        let audit = entries.map(|entry| crate::audit::AuditEntry { clinician: Some(clinician.id), ..entry });
        let changes = Changes {
            clinicians: vec![clinician.clone()],
            pins: new.pin.map(|pin| (clinician.id, pin)).into_iter().collect(),
            audit: audit.into(),
            ..Changes::default()
        };
        door.store.commit(changes).await?;
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
