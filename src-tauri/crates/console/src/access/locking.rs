//! Locking by hand, by the clock and by the system: what is dropped, what goes on. Capture always goes on.
//! Not here: when the clock says so (`screen_lock`), and unlocking (`sign_in`).
use super::{Due, Lock};
use crate::audit::{AuditAction, AuditOutcome};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::MachineEvent;
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::LockReason;
use bedside_session::Now;
use std::time::Duration;

/// A computer that stood still for so long was asleep, whether its system said so or not.
const SLEPT: Duration = Duration::from_secs(30);

/// A lock that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    whole_vault: bool,
    why: LockReason,
}

impl Console {
    /// Somebody touched the window.
    pub(crate) fn touched(&mut self) {
        if self.access.is_open() {
            self.access.presence.touch(self.ports.machine.boot());
        }
    }

    /// What the clock says: warns, locks, ends an emergency. Only somebody who is signed in can be locked out.
    pub(crate) fn watch_access(&mut self, now: Now, stood_still: Duration) {
        self.end_emergency_in_time(now);
        if !self.access.vault_is_open() || self.access.clinician.is_none() {
            self.access.due = Due::Nothing;
            return;
        }
        let screen_is_locked = !self.access.is_open();
        self.access.due = self.access.presence.look(&self.policy.lock, screen_is_locked, now.boot);
        match self.access.due {
            Due::Nothing | Due::Warning(_) if stood_still >= SLEPT => self.lock_screen(LockReason::Sleep),
            Due::Nothing | Due::Warning(_) => {}
            Due::Screen(why) => self.lock_screen(why),
            Due::Vault(why) => self.lock_vault(why, None),
        }
    }

    /// What the system reports. In a vault that nobody is enrolled in there is nobody to unlock it.
    pub(crate) fn machine_event(&mut self, event: MachineEvent) {
        let why = match event {
            MachineEvent::NetworkReturned => return self.network_returned(),
            MachineEvent::ScreenLocked => LockReason::System,
            MachineEvent::GoesToSleep | MachineEvent::WokeUp => LockReason::Sleep,
        };
        if self.access.clinician.is_some() {
            self.lock_screen(why);
        } else if event != MachineEvent::WokeUp {
            // Nobody types a secret while it sleeps: whoever comes in now woke it up.
            self.wish_lock(false, why);
        }
        match event {
            MachineEvent::GoesToSleep => self.goes_to_sleep(),
            MachineEvent::WokeUp => {
                self.woke_up();
                // What was not reached before the sleep may be near now.
                self.network_returned();
            }
            MachineEvent::ScreenLocked | MachineEvent::NetworkReturned => {}
        }
    }

    /// What waited because the server was not reached is tried now, upwards and downwards.
    fn network_returned(&mut self) {
        self.sync.network_returned();
        self.download.network_returned();
        self.changed = true;
    }

    /// Locks the screen: the record stays open, nothing of it leaves.
    pub(crate) fn lock_screen(&mut self, why: LockReason) {
        self.wish_lock(false, why);
        if !self.access.is_open() {
            return;
        }
        let entry = self.operation(AuditAction::ScreenLocked, None, AuditOutcome::Success);
        self.note(entry);
        self.leave_place();
        self.access.lock = Lock::Screen(self.ports.machine.wall(), why);
        self.access.due = Due::Nothing;
        self.access.wrong_pins = 0;
        self.access.failed = None;
        self.tokens.leave_browser();
        self.hide_people();
    }

    /// Locks the vault: its key is wiped and people are dropped from memory. What is recorded goes into the spool.
    pub(crate) fn lock_vault(&mut self, why: LockReason, reply: Option<Reply<()>>) {
        let reply = move |result: Result<(), RequestError>| {
            if let Some(reply) = reply {
                answer(reply, result);
            }
        };
        self.wish_lock(true, why);
        if !self.access.vault_is_open() || self.closing.is_some() {
            return reply(Ok(()));
        }
        self.end_emergency();
        let entry = self.operation(AuditAction::VaultLocked, None, AuditOutcome::Success);
        if self.access.is_open() {
            self.leave_place();
        }
        self.access.lock = Lock::Vault(Some(self.ports.machine.wall()), why);
        self.access.clinician = None;
        self.access.colleagues.clear();
        self.access.notices.clear();
        self.access.due = Due::Nothing;
        self.access.failed = None;
        self.hide_people();
        self.forget_people();
        // A sign-in waits until the vault is closed.
        self.access.busy += 1;
        let (store, last) = (self.ports.store.clone(), self.before_locking());
        let recovery_turn = self.access.recovery_turn.clone();
        self.then(async move {
            let _changed = recovery_turn.lock_owned().await;
            if let Err(fault) = store.commit(Changes { audit: vec![entry], ..Changes::default() }).await {
                tracing::error!(code = "STORE-AUDIT", %fault, "the locking of the vault could not be noted");
            }
            last.await;
            let locked = store.lock().await;
            let header = store.presence().await;
            move |console: &mut Self| {
                console.end_turn();
                console.access.header = header.ok().and_then(crate::ports::VaultPresence::header);
                if let Err(fault) = &locked {
                    tracing::error!(code = "STORE-LOCK", %fault, "the vault could not be locked");
                }
                reply(locked.map_err(RequestError::Store));
            }
        });
    }

    fn wish_lock(&mut self, whole_vault: bool, why: LockReason) {
        let whole_vault = whole_vault || self.access.wish.is_some_and(|before| before.whole_vault);
        self.access.wish = Some(Wish { whole_vault, why });
    }

    /// Locks again what somebody has just opened, if a lock was asked for while their secret was looked at. Whether it was.
    pub(super) fn locked_meanwhile(&mut self) -> bool {
        let Some(Wish { whole_vault, why }) = self.access.wish.take() else { return false };
        // They were nowhere yet: their place is that of before.
        let places = self.access.places.clone();
        if whole_vault {
            self.lock_vault(why, None);
        } else {
            self.lock_screen(why);
        }
        self.access.places = places;
        true
    }

    /// Where the clinician was, to come back to.
    fn leave_place(&mut self) {
        if let Some(clinician) = self.access.clinician.as_ref().map(|clinician| clinician.id) {
            match self.open {
                Some(patient) => drop(self.access.places.insert(clinician, patient)),
                None => drop(self.access.places.remove(&clinician)),
            }
        }
    }

    /// Nothing of a person stays on a screen, and nothing that is under way for it arrives.
    pub(super) fn hide_people(&mut self) {
        self.epoch.advance();
        self.auditing.end_looks();
        self.open = None;
        self.strips.forget();
        self.strips.set(Vec::new());
        self.changed = true;
        self.asked = true;
    }

    /// Names, values and what waits for the server are dropped from memory; devices and bindings stay, by their ids.
    fn forget_people(&mut self) {
        self.patients.clear();
        self.live = crate::live::Live::default();
        self.opened_before.clear();
        self.unassigned = 0;
        self.sync.forget();
        self.audit_filing.forget();
        self.tokens.forget();
        self.download.forget();
    }
}
