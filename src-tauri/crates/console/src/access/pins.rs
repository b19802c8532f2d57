//! Unlocking a locked screen by PIN: the own, or a colleague's, who takes over. Wrong ones are counted twice: by the running
//! console, and in the keyring, where neither the program's end nor a copied file forgets them.
//! Not here: the counting (`attempts`), and passphrases (`sign_in`).
use super::attempts::{Attempts, MOST_PINS};
use super::tried::Door;
use super::{By, Lock};
use crate::audit::{AuditAction, AuditOutcome};
use crate::clinician::{Clinician, ClinicianId, UserName};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{Answer, Pin, Query, StoreFault};
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::LockReason;
use std::time::Duration;

/// So long the keyring may take with a count. One that does not answer keeps nobody from the bedside: the running console
/// counts, too.
const KEYRING_PATIENCE: Duration = Duration::from_secs(2);

const WRONG: RequestError = RequestError::WrongSecret { tries_left: None, wait_until: None };
const OFF: RequestError = RequestError::WrongSecret { tries_left: Some(0), wait_until: None };

/// What a look at a PIN found.
enum Looked {
    /// It is the one; the entry about it is in this generation of the vault, or could not be written.
    Right(Result<u64, RequestError>),
    /// It is not; so many were not since the last right one, as far as the keyring knows.
    Wrong(u32),
    /// It was not looked at: the PIN is off until its owner has come with the passphrase.
    Off,
}

impl Console {
    /// The PIN of whoever was working, or a colleague's: then they take over.
    pub(crate) fn unlock_screen(&mut self, user: UserName, pin: Pin, reply: Reply<()>) {
        let Lock::Screen(..) = self.access.lock else {
            let error = if self.access.is_open() { RequestError::NotNeeded } else { RequestError::Locked };
            return answer(reply, Err(error));
        };
        let found = self.access.colleagues.iter().find(|one| one.user_name == user && one.disabled.is_none()).cloned();
        let whose = found.as_ref().map(|one| one.id);
        let Some(clinician) = found.filter(|one| one.has_pin) else { return self.refuse_pin(whose, reply, WRONG) };
        if self.wrong_pins_of(clinician.id) >= MOST_PINS {
            return self.refuse_pin(whose, reply, OFF);
        }
        let Some(reply) = self.take_turn(reply) else { return };
        // Counted before it is looked at: a look that is broken off was one.
        self.access.wrong_pins += 1;
        *self.access.wrong_pins_of.entry(clinician.id).or_default() += 1;
        let (door, entering) = (self.door(), self.entering(AuditAction::ScreenUnlocked));
        self.then(async move {
            let looked = async {
                Ok(match door.pin_tried(clinician.id, pin).await? {
                    PinTried::Right => Looked::Right(entering.durable(door.store.as_ref(), Some(&clinician)).await),
                    PinTried::Wrong(count) => Looked::Wrong(count),
                    PinTried::Off => Looked::Off,
                })
            };
            let looked: Result<Looked, RequestError> = looked.await;
            move |console: &mut Self| {
                console.end_turn();
                console.pin_looked_at(clinician, looked, reply);
            }
        });
    }

    fn wrong_pins_of(&self, who: ClinicianId) -> u32 {
        self.access.wrong_pins_of.get(&who).copied().unwrap_or(0)
    }

    /// Whose PIN it was to be, and nobody who tried it: a wrong one proves no person.
    fn refuse_pin(&mut self, whose: Option<ClinicianId>, reply: Reply<()>, error: RequestError) {
        let entry = self.operation_by(By::default(), AuditAction::ScreenUnlocked, whose, AuditOutcome::Refused);
        self.refuse_noted(entry, reply, error);
    }

    fn pin_looked_at(&mut self, clinician: Clinician, looked: Result<Looked, RequestError>, reply: Reply<()>) {
        let locked = matches!(self.access.lock, Lock::Screen(..));
        match looked {
            Ok(Looked::Right(Err(error))) => {
                self.access.wrong_pins = self.access.wrong_pins.saturating_sub(1);
                self.access.wrong_pins_of.remove(&clinician.id);
                answer(reply, Err(error));
            }
            Ok(Looked::Right(Ok(generation))) if locked => {
                self.anchoring.committed(generation);
                self.enter(clinician);
                let locked = self.locked_meanwhile();
                answer(reply, if locked { Err(RequestError::Locked) } else { Ok(()) });
            }
            Ok(Looked::Right(Ok(_))) => self.refuse_locked(&clinician, reply),
            Ok(Looked::Off) => {
                self.access.wrong_pins = self.access.wrong_pins.saturating_sub(1);
                self.access.wrong_pins_of.insert(clinician.id, MOST_PINS);
                self.refuse_pin(Some(clinician.id), reply, OFF);
            }
            Ok(Looked::Wrong(_)) if !locked => self.refuse_pin(Some(clinician.id), reply, RequestError::Locked),
            Ok(Looked::Wrong(known)) => self.pin_was_wrong(clinician.id, known, reply),
            Err(error) => {
                // It was not looked at: the keyring has taken its count back, and so does the console.
                self.access.wrong_pins = self.access.wrong_pins.saturating_sub(1);
                let counted = self.access.wrong_pins_of.entry(clinician.id).or_default();
                *counted = counted.saturating_sub(1);
                let whose = Some(clinician.id);
                let entry = self.operation_by(By::default(), AuditAction::ScreenUnlocked, whose, AuditOutcome::Failed);
                self.refuse_noted(entry, reply, error);
            }
        }
    }

    fn pin_was_wrong(&mut self, who: ClinicianId, known: u32, reply: Reply<()>) {
        let counted = self.access.wrong_pins_of.entry(who).or_default();
        *counted = known.max(*counted);
        let of_theirs = MOST_PINS.saturating_sub(*counted);
        let here = MOST_PINS.saturating_sub(self.access.wrong_pins);
        let left = here.min(of_theirs);
        self.access.failed = Some((left, None));
        self.changed = true;
        let error = RequestError::WrongSecret { tries_left: Some(left), wait_until: None };
        self.refuse_pin(Some(who), reply, error);
        if here == 0 {
            self.lock_vault(LockReason::TooManyFailures, None);
        }
    }
}

/// What the keyring's count and the vault say of a PIN.
enum PinTried {
    Right,
    Wrong(u32),
    Off,
}

impl Door {
    /// Looks at a PIN, which is counted in the keyring before, and forgiven when it is right.
    async fn pin_tried(&self, who: ClinicianId, pin: Pin) -> Result<PinTried, RequestError> {
        let counted = in_time(self.changed(who, Attempts::begin_pin)).await;
        if let Some(None) = counted {
            return Ok(PinTried::Off);
        }
        let fits = match self.store.read(Query::VerifyPin(who, pin)).await {
            Ok(Answer::PinVerified(fits)) => Ok(fits),
            Ok(_) => Err(StoreFault::another_answer().into()),
            Err(fault) => Err(RequestError::Store(fault)),
        };
        match (fits, counted) {
            (Ok(true), _) => {
                let _ = in_time(self.changed(who, Attempts::forgive_pins)).await;
                Ok(PinTried::Right)
            }
            (Ok(false), counted) => Ok(PinTried::Wrong(counted.flatten().unwrap_or(0))),
            (Err(error), None) => Err(error),
            (Err(error), Some(_)) => {
                let _ = in_time(self.changed(who, Attempts::take_back_pin)).await;
                Err(error)
            }
        }
    }
}

async fn in_time<T>(change: impl Future<Output = Result<T, RequestError>>) -> Option<T> {
    match tokio::time::timeout(KEYRING_PATIENCE, change).await {
        Ok(Ok(changed)) => return Some(changed),
        Ok(Err(error)) => tracing::warn!(code = "KEY-PINS", %error, "a PIN could not be counted in the keyring"),
        Err(_) => tracing::warn!(code = "KEY-PINS", "the keyring did not take the count of a PIN in time"),
    }
    None
}
