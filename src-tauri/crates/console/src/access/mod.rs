//! Who is signed in, and what may be seen now: open, screen locked, vault locked.
//! Not here: slots and keys (the vault's), and the audit log itself.
mod attempts;
mod break_glass;
pub(crate) mod clinicians;
mod entering;
mod handle;
mod kit;
mod locking;
mod permissions;
mod pins;
mod restoring;
mod screen_lock;
mod shown;
mod sign_in;
mod sleep;
mod tried;
mod without_slots;

pub(crate) use permissions::Need;
pub(crate) use sign_in::enrolled;
pub use tried::{open_as, restore_without_slots};
pub use without_slots::restore_by_key;

use crate::audit::{AuditAction, AuditEntry, AuditOutcome, Purpose};
use crate::clinician::{Clinician, ClinicianId, Permission, Role};
use crate::event_loop::Console;
use crate::ports::VaultHeader;
use crate::request::RequestError;
use crate::requests::Request;
use crate::snapshot::{LockReason, Mode, VaultNotice};
use bedside_vitals::{BootTime, DeviceId, PatientId, WallTime};
use break_glass::Emergency;
use screen_lock::{Due, Presence};
use std::collections::BTreeMap;
use std::sync::Arc;
use tried::Waits;

/// Who is signed in, and what is locked.
pub(crate) struct Access {
    /// `None` in a vault that nobody is enrolled in, and while the vault is locked.
    pub(crate) clinician: Option<Clinician>,
    /// Since when they work here without anybody else between, a closed vault counting as somebody else.
    pub(crate) clinician_since: Option<WallTime>,
    /// What a person must know of the vault.
    pub(crate) notices: Vec<VaultNotice>,
    lock: Lock,
    /// Everybody who was ever enrolled, while the vault is open.
    colleagues: Vec<Clinician>,
    /// What is known of the vault without opening it.
    header: Option<VaultHeader>,
    /// The vault was open once in this run.
    opened_before: bool,
    presence: Presence,
    due: Due,
    emergency: Option<Emergency>,
    /// The open patient of each clinician whose screen was locked.
    places: BTreeMap<ClinicianId, PatientId>,
    /// How many secrets are being looked at, or slots changed: a second one waits its turn. A lock counts as one, which is
    /// why there can be two.
    busy: u32,
    /// Wrong PINs at this locked screen, of whomever.
    wrong_pins: u32,
    /// Wrong PINs of each clinician since their own last success: nobody else's success forgives them.
    wrong_pins_of: BTreeMap<ClinicianId, u32>,
    /// Tries that are left to whoever failed last, and until when the next one waits.
    failed: Option<(u32, Option<WallTime>)>,
    /// The same waits on the clock that nobody can set.
    waits: Waits,
    sleep: sleep::SleepDelay,
    /// The last lock that was asked for since somebody began to come in: what a secret opens that was typed before it is
    /// locked again at once.
    wish: Option<locking::Wish>,
    /// Held while the recovery slot is changed: a vault is not closed before that is done, or undone.
    recovery_turn: Arc<tokio::sync::Mutex<()>>,
}

/// What is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    /// The vault is closed; `None` since the start.
    Vault(Option<WallTime>, LockReason),
    /// The vault is open and nothing is shown.
    Screen(WallTime, LockReason),
    /// Nothing.
    Open,
}

impl Access {
    /// A console that starts: nothing is open.
    pub(crate) fn closed(header: Option<VaultHeader>, now: BootTime) -> Self {
        Self {
            clinician: None,
            clinician_since: None,
            notices: Vec::new(),
            lock: Lock::Vault(None, LockReason::Start),
            colleagues: Vec::new(),
            header,
            opened_before: false,
            presence: Presence::signed_in(now),
            due: Due::Nothing,
            emergency: None,
            places: BTreeMap::new(),
            busy: 0,
            wrong_pins: 0,
            wrong_pins_of: BTreeMap::new(),
            failed: None,
            waits: Waits::new(),
            sleep: sleep::SleepDelay::default(),
            wish: None,
            recovery_turn: Arc::default(),
        }
    }

    /// Whether the record can be read: also behind a locked screen.
    pub(crate) const fn vault_is_open(&self) -> bool {
        !matches!(self.lock, Lock::Vault(..))
    }

    /// Whether nothing is locked.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.lock, Lock::Open)
    }

    /// Nobody can work here before somebody is enrolled.
    fn enrolment_needed(&self, mode: Mode) -> bool {
        self.is_open() && self.clinician.is_none() && mode == Mode::Clinic
    }

    /// Whether whoever works here may do it now, an emergency included.
    fn may(&self, what: Permission, mode: Mode) -> bool {
        let emergency = self.emergency.is_some() && matches!(what, Permission::ReadRecords | Permission::Record);
        match &self.clinician {
            Some(clinician) => clinician.may(what) || emergency,
            // Nobody is enrolled in the demo vault, and there is nothing to protect in it.
            None => mode == Mode::Demo,
        }
    }
}

/// On whose behalf something is done: kept from the request on, because its entry may be written when somebody else is
/// signed in, or nobody. The default is the console by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct By {
    actor: Option<ClinicianId>,
    roles: Vec<Role>,
    emergency: bool,
}

impl Console {
    /// Whoever is signed in now.
    pub(crate) fn by(&self) -> By {
        let clinician = self.access.clinician.as_ref();
        By {
            actor: clinician.map(|clinician| clinician.id),
            roles: clinician.map(|clinician| clinician.roles.clone()).unwrap_or_default(),
            emergency: self.access.emergency.is_some(),
        }
    }

    /// An entry about what comes about now and was asked by them.
    pub(crate) fn entry_by(
        &self,
        By { actor, roles, emergency }: By,
        action: AuditAction,
        patient: Option<PatientId>,
        device: Option<DeviceId>,
    ) -> AuditEntry {
        let purpose = if emergency { Purpose::BreakGlass } else { Purpose::Treatment };
        AuditEntry { actor, roles, purpose, patient, device, ..self.stamped(action) }
    }

    /// An entry of the audit log about what is done now, by whoever is signed in.
    pub(crate) fn entry(
        &self,
        action: AuditAction,
        patient: Option<PatientId>,
        device: Option<DeviceId>,
    ) -> AuditEntry {
        let emergency = self.access.emergency.as_ref().filter(|_| patient.is_some());
        let reason = emergency.map(|emergency| emergency.reason.clone());
        AuditEntry { reason, ..self.entry_by(self.by(), action, patient, device) }
    }

    /// The same about running the installation: whose slot, PIN or roles, and what came of it.
    pub(crate) fn operation(
        &self,
        action: AuditAction,
        clinician: Option<ClinicianId>,
        outcome: AuditOutcome,
    ) -> AuditEntry {
        self.operation_by(self.by(), action, clinician, outcome)
    }

    /// The same on behalf of somebody; by default of nobody who is known: a secret that is wrong proves no person.
    pub(crate) fn operation_by(
        &self,
        by: By,
        action: AuditAction,
        clinician: Option<ClinicianId>,
        outcome: AuditOutcome,
    ) -> AuditEntry {
        let entry = self.entry_by(by, action, None, None);
        let purpose = if entry.purpose == Purpose::BreakGlass { entry.purpose } else { Purpose::Operations };
        AuditEntry { clinician, outcome, purpose, ..entry }
    }

    /// Writes an entry with the next commit: into the spool, while the vault is closed.
    pub(crate) fn note(&mut self, entry: AuditEntry) {
        self.commits.capture(|changes| changes.audit.push(entry));
    }

    /// Whether anything about a person may leave the console now.
    pub(crate) fn shows_people(&self) -> bool {
        self.access.is_open() && self.access.may(Permission::ReadRecords, self.mode)
    }

    /// Whether nothing is locked, and somebody was enrolled where somebody must be.
    pub(crate) fn somebody_works(&self) -> bool {
        self.access.is_open() && !self.access.enrolment_needed(self.mode)
    }

    /// Why a request is not carried out now; `None` = it is.
    pub(crate) fn refusal(&self, request: &Request) -> Option<RequestError> {
        let any = |permissions: &'static [Permission]| {
            if !self.access.is_open() || self.access.enrolment_needed(self.mode) {
                return Some(RequestError::Locked);
            }
            let may = permissions.iter().any(|permission| self.access.may(*permission, self.mode));
            let named = permissions.first().copied().unwrap_or(Permission::KeepVault);
            (!may).then_some(RequestError::NotPermitted(named))
        };
        match request.need() {
            Need::Nothing => None,
            Need::Enrolment if self.access.enrolment_needed(self.mode) => None,
            Need::Enrolment | Need::Refused => Some(RequestError::Locked),
            Need::SignedIn if self.access.is_open() && !self.access.enrolment_needed(self.mode) => None,
            Need::SignedIn => Some(RequestError::Locked),
            Need::OneOf(permissions) => any(permissions),
            Need::OneOfOrOwnKey(_) if !self.access.vault_is_open() => None,
            Need::OneOfOrOwnKey(permissions) => any(permissions),
        }
    }

    /// What tells of people is answered while they may be seen, and not once they are hidden.
    pub(crate) fn answered_now_or_not(&mut self, request: Request) -> Request {
        if !request.tells_of_people() {
            return request;
        }
        let (request, forward) = request.behind(self.epoch.moment());
        self.start_work(async move {
            forward.await;
            crate::event_loop::Done::Nothing
        });
        request
    }

    /// Everybody who was ever enrolled, while the vault is open.
    pub(crate) fn colleagues(&self) -> Vec<Clinician> {
        self.access.colleagues.clone()
    }
}
