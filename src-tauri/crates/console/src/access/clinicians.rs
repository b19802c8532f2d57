//! Who works here: enrolling, roles, leaving, passphrases and PINs, the recovery key.
//! Not here: slots (the vault's), and signing in (`sign_in`).
use super::By;
use super::sign_in::{outcome_of, with_administrator};
use super::tried::{At, Door};
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::clinician::{Clinician, ClinicianId, Role};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::*;
use crate::records::Changes;
use crate::request::{NewClinician, RequestError};
use crate::requests::Reply;
use crate::snapshot::LockReason;
use bedside_vitals::WallTime;
use uuid::Uuid;

const NAME: &str = "a display name of 1 to 100 printable characters";
const ROLES: &str = "at least one role";

/// Whether somebody can be enrolled so.
pub(crate) fn valid(new: &NewClinician) -> Result<(), RequestError> {
    display_name(&new.display_name)?;
    if new.roles.is_empty() {
        return Err(RequestError::InvalidClinician(ROLES));
    }
    new.passphrase.check(&new.user_name)?;
    Ok(new.pin.as_ref().map_or(Ok(()), Pin::check)?)
}

fn display_name(typed: &str) -> Result<String, RequestError> {
    let name = typed.trim();
    let fine = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fine { Ok(name.to_owned()) } else { Err(RequestError::InvalidClinician(NAME)) }
}

/// The first clinician of a vault, or the one whom a recovery lets in: an administrator, among whatever else. Somebody of
/// the same user name is that person.
pub(crate) fn administrator(new: &NewClinician, all: &[Clinician], fresh: [u8; 32], now: WallTime) -> Clinician {
    let before = all.iter().find(|one| one.user_name == new.user_name && one.disabled.is_none());
    let before = before.or_else(|| all.iter().find(|one| one.user_name == new.user_name));
    Clinician { roles: with_administrator(&new.roles), ..clinician(new, before, fresh, now) }
}

fn clinician(new: &NewClinician, before: Option<&Clinician>, fresh: [u8; 32], now: WallTime) -> Clinician {
    Clinician {
        id: before.map_or_else(|| ClinicianId(Uuid::new_v5(&Uuid::nil(), &fresh)), |before| before.id),
        user_name: new.user_name.clone(),
        display_name: new.display_name.trim().to_owned(),
        roles: Role::ALL.into_iter().filter(|role| new.roles.contains(role)).collect(),
        disabled: None,
        has_pin: new.pin.is_some() || before.is_some_and(|before| before.has_pin),
        enrolled: before.map_or(now, |before| before.enrolled),
    }
}

/// Everything about a clinician that one commit writes.
pub(crate) fn enrolment(clinician: &Clinician, pin: Option<Pin>, audit: Vec<AuditEntry>) -> Changes {
    Changes {
        clinicians: vec![clinician.clone()],
        pins: pin.map(|pin| (clinician.id, pin)).into_iter().collect(),
        audit,
        ..Changes::default()
    }
}

/// A slot of a clinician.
pub(crate) fn slot(clinician: &Clinician, passphrase: Passphrase) -> NewSlot {
    let owner = SlotOwner { clinician: clinician.id, user_name: clinician.user_name.clone() };
    NewSlot { owner, passphrase }
}

impl Console {
    pub(crate) fn add_clinician(&mut self, new: NewClinician, reply: Reply<Clinician>) {
        if let Err(error) = valid(&new) {
            return answer(reply, Err(error));
        }
        if self.access.colleagues.iter().any(|one| one.user_name == new.user_name && one.disabled.is_none()) {
            return answer(reply, Err(RequestError::UserNameTaken));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let added = clinician(&new, None, self.ports.machine.random(), self.ports.machine.wall());
        let entry = self.operation(AuditAction::ClinicianAdded, Some(added.id), AuditOutcome::Success);
        let door = self.door();
        self.then(async move {
            let enrolled = async {
                let secret = door.keys.load(door.vault).await?;
                door.store.commit(enrolment(&added, new.pin, vec![entry])).await?;
                Ok::<_, RequestError>(secret)
            };
            let enrolled = enrolled.await;
            let is_enrolled = enrolled.is_ok();
            let result = match enrolled {
                // Without a slot nobody signs in: should this fail, an administrator gives another passphrase.
                Ok(secret) => {
                    let put = SlotChange::Put { secret, slot: slot(&added, new.passphrase) };
                    door.store.keys(put).await.map_err(RequestError::Store)
                }
                Err(error) => Err(error),
            };
            move |console: &mut Self| {
                console.end_turn();
                if is_enrolled {
                    console.changed_clinician(added.clone());
                }
                answer(reply, result.map(|()| added));
            }
        });
    }

    pub(crate) fn change_clinician(&mut self, who: ClinicianId, typed: String, roles: Vec<Role>, reply: Reply<()>) {
        let changed = self.colleague(who).and_then(|before| {
            if roles.is_empty() {
                return Err(RequestError::InvalidClinician(ROLES));
            }
            let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| roles.contains(role)).collect();
            if !roles.contains(&Role::Administrator) && self.is_last_administrator(&before) {
                return Err(RequestError::LastAdministrator);
            }
            Ok(Clinician { display_name: display_name(&typed)?, roles, ..before })
        });
        let changed = match changed {
            Ok(changed) => changed,
            Err(error) => return answer(reply, Err(error)),
        };
        // One after the other: who is the last administrator must still be true when it is written.
        let Some(reply) = self.take_turn(reply) else { return };
        let entry = self.operation(AuditAction::ClinicianChanged, Some(who), AuditOutcome::Success);
        let store = self.ports.store.clone();
        self.then(async move {
            let result = store.commit(enrolment(&changed, None, vec![entry])).await;
            move |console: &mut Self| {
                console.end_turn();
                if result.is_ok() {
                    console.changed_clinician(changed);
                }
                answer(reply, result.map(drop).map_err(RequestError::Store));
            }
        });
    }

    /// Somebody leaves. The slot goes first: what is left of an interrupted leaving opens nothing.
    pub(crate) fn disable_clinician(&mut self, who: ClinicianId, reply: Reply<()>) {
        let leaver = match self.colleague(who) {
            Ok(leaver) if self.is_last_administrator(&leaver) => Err(RequestError::LastAdministrator),
            other => other,
        };
        let leaver = match leaver {
            Ok(leaver) => leaver,
            Err(error) => return answer(reply, Err(error)),
        };
        let Some(reply) = self.take_turn(reply) else { return };
        let gone = Clinician { disabled: Some(self.ports.machine.wall()), ..leaver };
        let entry = self.operation(AuditAction::ClinicianDisabled, Some(who), AuditOutcome::Success);
        let store = self.ports.store.clone();
        self.then(async move {
            let work = async {
                match store.keys(SlotChange::Remove(who)).await {
                    Ok(()) | Err(StoreFault::NoSlot(_)) => {}
                    Err(fault) => return Err(fault),
                }
                store.commit(enrolment(&gone, None, vec![entry])).await.map(drop)
            };
            let result = work.await;
            move |console: &mut Self| {
                console.end_turn();
                let done = result.is_ok();
                answer(reply, result.map_err(RequestError::Store));
                if done {
                    console.safeguards.backups.ask();
                    let here = console.access.clinician.as_ref().is_some_and(|one| one.id == who);
                    console.changed_clinician(gone);
                    console.access.places.remove(&who);
                    console.forget_clinic_token(who);
                    if here {
                        console.lock_vault(LockReason::ByHand, None);
                    }
                }
            }
        });
    }

    pub(crate) fn change_passphrase(&mut self, old: Passphrase, new: Passphrase, reply: Reply<()>) {
        let Some(me) = self.access.clinician.clone() else {
            return answer(reply, Err(RequestError::NoSuchClinician));
        };
        if let Err(weak) = new.check(&me.user_name) {
            return answer(reply, Err(weak.into()));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now, by) = (self.door(), self.at(), self.by());
        let entry = self.operation(AuditAction::PassphraseChanged, Some(me.id), AuditOutcome::Success);
        self.then(async move {
            let work = async {
                prove(&door, me.id, old, now).await?;
                put(&door, &me, new).await?;
                door.store.commit(Changes { audit: vec![entry], ..Changes::default() }).await?;
                Ok(())
            };
            let result = work.await;
            move |console: &mut Self| console.secret_changed((me, by), AuditAction::PassphraseChanged, result, reply)
        });
    }

    pub(crate) fn change_pin(&mut self, passphrase: Passphrase, pin: Pin, reply: Reply<()>) {
        let Some(me) = self.access.clinician.clone() else {
            return answer(reply, Err(RequestError::NoSuchClinician));
        };
        if let Err(weak) = pin.check() {
            return answer(reply, Err(weak.into()));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let (door, now, by) = (self.door(), self.at(), self.by());
        let me = Clinician { has_pin: true, ..me };
        let entry = self.operation(AuditAction::PinChanged, Some(me.id), AuditOutcome::Success);
        self.then(async move {
            let work = async {
                prove(&door, me.id, passphrase, now).await?;
                door.store.commit(enrolment(&me, Some(pin), vec![entry])).await?;
                Ok(())
            };
            let result = work.await;
            move |console: &mut Self| console.secret_changed((me, by), AuditAction::PinChanged, result, reply)
        });
    }

    /// A try that failed is that of whoever was signed in when it was asked for.
    fn secret_changed(
        &mut self,
        (me, by): (Clinician, By),
        action: AuditAction,
        result: Result<(), RequestError>,
        reply: Reply<()>,
    ) {
        self.end_turn();
        match result {
            Ok(()) => {
                // The older backups open by what was changed.
                self.safeguards.backups.ask();
                self.access.wrong_pins_of.remove(&me.id);
                self.changed_clinician(me);
                answer(reply, Ok(()));
            }
            Err(error) => {
                let entry = self.operation_by(by, action, Some(me.id), outcome_of(&error));
                self.refuse_noted(entry, reply, error);
            }
        }
    }

    /// An administrator gives another passphrase: to somebody who forgot theirs, whose slot is disabled or needs the new
    /// device secret, or who comes back.
    pub(crate) fn reset_passphrase(&mut self, who: ClinicianId, new: Passphrase, reply: Reply<()>) {
        let found = self.access.colleagues.iter().find(|one| one.id == who).cloned();
        let Some(found) = found else { return answer(reply, Err(RequestError::NoSuchClinician)) };
        let taken =
            |other: &Clinician| other.id != who && other.disabled.is_none() && other.user_name == found.user_name;
        if self.access.colleagues.iter().any(taken) {
            return answer(reply, Err(RequestError::UserNameTaken));
        }
        if let Err(weak) = new.check(&found.user_name) {
            return answer(reply, Err(weak.into()));
        }
        let Some(reply) = self.take_turn(reply) else { return };
        let back = Clinician { disabled: None, ..found };
        let entry = self.operation(AuditAction::PassphraseChanged, Some(who), AuditOutcome::Success);
        let door = self.door();
        self.then(async move {
            let work = async {
                put(&door, &back, new).await?;
                door.enable(who).await?;
                door.store.commit(enrolment(&back, None, vec![entry])).await?;
                Ok(())
            };
            let result: Result<(), RequestError> = work.await;
            move |console: &mut Self| {
                console.end_turn();
                if result.is_ok() {
                    console.safeguards.backups.ask();
                    console.changed_clinician(back);
                }
                answer(reply, result);
            }
        });
    }

    fn colleague(&self, who: ClinicianId) -> Result<Clinician, RequestError> {
        let found = self.access.colleagues.iter().find(|one| one.id == who && one.disabled.is_none());
        found.cloned().ok_or(RequestError::NoSuchClinician)
    }

    fn is_last_administrator(&self, who: &Clinician) -> bool {
        let is_one = |one: &Clinician| one.disabled.is_none() && one.roles.contains(&Role::Administrator);
        is_one(who) && !self.access.colleagues.iter().any(|other| other.id != who.id && is_one(other))
    }

    pub(super) fn changed_clinician(&mut self, changed: Clinician) {
        if !self.access.vault_is_open() {
            // Locked meanwhile: it is read again at the next opening.
            return;
        }
        if let Some(me) = self.access.clinician.as_mut().filter(|me| me.id == changed.id) {
            me.clone_from(&changed);
            if !self.access.may(crate::clinician::Permission::ReadRecords, self.mode) {
                self.hide_people();
            }
        }
        self.access.colleagues.retain(|one| one.id != changed.id);
        self.access.colleagues.push(changed);
        self.access.colleagues.sort_by(|a, b| a.user_name.cmp(&b.user_name));
        self.changed = true;
    }
}

async fn prove(door: &Door, clinician: ClinicianId, passphrase: Passphrase, now: At) -> Result<(), RequestError> {
    let store = door.store.clone();
    let look = async |secret| store.keys(SlotChange::Prove { clinician, secret, passphrase }).await;
    door.tried(clinician, now, look).await.map_err(|error| match error {
        // Who that is stands on the screen: it is the passphrase that is not right.
        RequestError::WrongSecret { tries_left, wait_until } => {
            RequestError::WrongPresentPassphrase { tries_left, wait_until }
        }
        other => other,
    })
}

async fn put(door: &Door, clinician: &Clinician, passphrase: Passphrase) -> Result<(), RequestError> {
    let secret = door.keys.load(door.vault).await?;
    Ok(door.store.keys(SlotChange::Put { secret, slot: slot(clinician, passphrase) }).await?)
}
