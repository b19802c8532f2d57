//! Every failure of a command as the window gets it: a stable code, a key of its text, and a safe detail for IT.
//! Health data never enter here: the console's errors carry none.
use crate::view::{PermissionView, StartRemedy};
use bedside_assembly::StartError;
use bedside_console::ports::{KeyFault, KitFault, StoreFault, WeakSecret};
use bedside_console::{OpenFault, RequestError};
use bedside_session::{PairingFault, RadioFault};
use serde::Serialize;
use ts_rs::TS;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct CommandError {
    /// Stable, for IT.
    pub(crate) code: String,
    /// A key of the window's text: what happened and what to do next.
    pub(crate) text: String,
    /// What the system said.
    pub(crate) detail: String,
    /// What a person can do, where the vault or the keyring is the cause.
    pub(crate) remedy: Option<StartRemedy>,
}

impl CommandError {
    pub(crate) fn new(code: &str, text: &str, detail: impl ToString) -> Self {
        Self { code: code.to_owned(), text: format!("error.{text}"), detail: detail.to_string(), remedy: None }
    }

    /// The window sent something of the wrong shape.
    pub(crate) fn malformed(what: &str) -> Self {
        Self::new("UI-MALFORMED", "malformed", what)
    }
}

impl From<RequestError> for CommandError {
    fn from(error: RequestError) -> Self {
        let (code, text) = match &error {
            RequestError::InvalidPatient(_) => ("PATIENT-INVALID", "invalid_patient"),
            RequestError::RecordNumberTaken => ("PATIENT-TAKEN", "record_number_taken"),
            RequestError::NoSuchPatient => ("PATIENT-UNKNOWN", "no_such_patient"),
            RequestError::NoSuchDevice => ("DEVICE-UNKNOWN", "no_such_device"),
            RequestError::BoundElsewhere => ("DEVICE-BOUND", "bound_elsewhere"),
            RequestError::Busy => ("DEVICE-BUSY", "device_busy"),
            RequestError::NoAnswer => ("DEVICE-NO-ANSWER", "no_answer"),
            RequestError::WrongMode => ("DEVICE-MODE", "wrong_mode"),
            RequestError::Radio(fault) => radio(fault),
            RequestError::Store(fault) => return fault.clone().into(),
            RequestError::NoSuchRecord => ("SYNC-RECORD", "no_such_record"),
            RequestError::RejectedReading => ("INBOX-REJECTED", "rejected_reading"),
            RequestError::UnderReview => ("REVIEW-UNDER-WAY", "under_review"),
            RequestError::NothingToCorrect => ("REVIEW-SAME", "nothing_to_correct"),
            RequestError::NothingToConfirm => ("REVIEW-CONFIRMED", "nothing_to_confirm"),
            RequestError::NothingToMark => ("STRIP-EMPTY", "nothing_to_mark"),
            RequestError::ServerNotReached => ("SERVER-NOT-REACHED", "server_not_reached"),
            RequestError::ServerSaidNo(_) => ("SERVER-NO-ANSWER", "server_no_answer"),
            RequestError::NoSuchReading => ("INBOX-READING", "no_such_reading"),
            RequestError::OfAnotherPatient => ("INBOX-OTHER-PATIENT", "of_another_patient"),
            RequestError::NotOfAPerson => ("INBOX-NO-PERSON", "not_of_a_person"),
            RequestError::NotAssigned => ("REVIEW-UNASSIGNED", "not_assigned"),
            RequestError::OtherKind { .. } => ("REVIEW-KIND", "other_kind"),
            // The range is no health data: it is the same for everybody.
            RequestError::Implausible { lowest, highest, .. } => {
                return Self::new("REVIEW-IMPLAUSIBLE", "implausible", format!("{lowest} {highest}"));
            }
            RequestError::PressureOrder => ("REVIEW-PRESSURES", "pressure_order"),
            RequestError::Chart(_) => ("CHART", "chart"),
            RequestError::NoWorklist => ("LIST-NONE", "no_worklist"),
            RequestError::NoSuchQuestion => ("LIST-QUESTION", "no_such_question"),
            RequestError::MergedAtClinicOnly => ("LIST-MERGE", "merged_at_clinic_only"),
            RequestError::NoServer => ("SYNC-NO-SERVER", "no_server"),
            RequestError::Locked => ("LOCKED", "locked"),
            RequestError::NotPermitted(what) => {
                return Self::new("NOT-PERMITTED", "not_allowed", PermissionView::from(*what).name());
            }
            RequestError::WrongSecret { wait_until: None, .. } => ("SECRET-WRONG", "secret_wrong"),
            RequestError::WrongSecret { wait_until: Some(_), .. }
            | RequestError::WrongPresentPassphrase { wait_until: Some(_), .. } => ("SECRET-WAIT", "secret_wait"),
            RequestError::WrongPresentPassphrase { wait_until: None, .. } => {
                ("SECRET-WRONG", "present_passphrase_wrong")
            }
            RequestError::SlotDisabled => ("SLOT-DISABLED", "slot_disabled"),
            RequestError::WeakSecret(weak) => ("SECRET-WEAK", weak_secret(*weak)),
            RequestError::UserNameTaken => ("CLINICIAN-TAKEN", "user_name_taken"),
            RequestError::NoSuchClinician => ("CLINICIAN-UNKNOWN", "no_such_clinician"),
            RequestError::LastAdministrator => ("CLINICIAN-LAST", "last_administrator"),
            RequestError::InvalidClinician(_) => ("CLINICIAN-INVALID", "invalid_clinician"),
            RequestError::ReasonNeeded { .. } => ("REASON", "reason_needed"),
            RequestError::NotNeeded => ("NOT-NEEDED", "not_needed"),
            RequestError::ForbiddenByPolicy => ("POLICY", "forbidden_by_policy"),
            RequestError::Keys(fault) => return fault.clone().into(),
            RequestError::ConsoleGone => ("CORE-GONE", "console_gone"),
        };
        Self::new(code, text, error)
    }
}

impl From<KeyFault> for CommandError {
    fn from(fault: KeyFault) -> Self {
        let text = match fault {
            KeyFault::NoKeyring => "key_none",
            KeyFault::Locked => "key_locked",
            KeyFault::NoEntry => "key_missing",
            KeyFault::Malformed => "key_malformed",
            KeyFault::System(_) => "key_system",
        };
        let (code, remedy) = of_keyring(&fault);
        Self { remedy: Some(remedy), ..Self::new(code, text, fault) }
    }
}

impl From<StoreFault> for CommandError {
    fn from(fault: StoreFault) -> Self {
        let (code, remedy) = of_store(&fault);
        let text = match &fault {
            StoreFault::WrongPassphrase => return Self::new("SECRET-WRONG", "secret_wrong", fault),
            StoreFault::DiskFull => "disk_full",
            StoreFault::Damaged(_) => "store_damaged",
            StoreFault::Held { .. } => "store_held",
            StoreFault::TriesHeld => "tries_held",
            StoreFault::Newer { .. } => "store_newer",
            StoreFault::Refused(_)
            | StoreFault::Missing
            | StoreFault::AlreadyThere
            | StoreFault::WrongKey
            | StoreFault::NoSlot(_)
            | StoreFault::ReadOnly
            | StoreFault::Closed
            | StoreFault::NoCipher
            | StoreFault::Io(_) => "store",
        };
        Self { remedy: Some(remedy), ..Self::new(code, text, fault) }
    }
}

impl From<OpenFault> for CommandError {
    fn from(fault: OpenFault) -> Self {
        match fault {
            OpenFault::Keys(fault) => fault.into(),
            OpenFault::Store(fault) => fault.into(),
            OpenFault::Weak(weak) => Self::new("SECRET-WEAK", weak_secret(weak), weak),
            OpenFault::InvalidClinician(expected) => Self::new("CLINICIAN-INVALID", "invalid_clinician", expected),
        }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Open(fault) => fault.into(),
            StartError::Store(fault) => fault.into(),
            StartError::Request(error) => error.into(),
            StartError::Policy { .. } | StartError::PolicyUnreadable { .. } => Self::new("POLICY", "policy", error),
            StartError::NoHome
            | StartError::Scenario(_)
            | StartError::ClinicAddress
            | StartError::DemoClinic
            | StartError::Clinic(_)
            | StartError::Font(_)
            | StartError::FirstClinician => Self::new("START", "start", error),
        }
    }
}

impl From<KitFault> for CommandError {
    fn from(fault: KitFault) -> Self {
        Self::new("KIT", "kit", fault)
    }
}

/// The code of a keyring's fault, and what a person can do.
pub(crate) const fn of_keyring(fault: &KeyFault) -> (&'static str, StartRemedy) {
    match fault {
        KeyFault::NoKeyring => ("KEY-NONE", StartRemedy::StartKeyring),
        KeyFault::Locked => ("KEY-LOCKED", StartRemedy::UnlockKeyring),
        KeyFault::NoEntry => ("KEY-MISSING", StartRemedy::RestoreSecret),
        KeyFault::Malformed => ("KEY-MALFORMED", StartRemedy::RestoreSecret),
        KeyFault::System(_) => ("KEY-SYSTEM", StartRemedy::CallIt),
    }
}

/// The code of a store's fault, and what a person can do.
pub(crate) const fn of_store(fault: &StoreFault) -> (&'static str, StartRemedy) {
    match fault {
        StoreFault::Held { .. } => ("STORE-HELD", StartRemedy::CloseOther),
        StoreFault::TriesHeld => ("STORE-TRIES", StartRemedy::CloseOther),
        StoreFault::WrongKey | StoreFault::NoSlot(_) => ("STORE-KEY", StartRemedy::RestoreSecret),
        StoreFault::WrongPassphrase => ("STORE-PASSPHRASE", StartRemedy::RestoreSecret),
        StoreFault::Newer { .. } => ("STORE-NEWER", StartRemedy::Update),
        StoreFault::DiskFull => ("STORE-FULL", StartRemedy::FreeSpace),
        StoreFault::Damaged(_) => ("STORE-DAMAGED", StartRemedy::RestoreBackup),
        StoreFault::NoCipher => ("STORE-CIPHER", StartRemedy::CallIt),
        StoreFault::Refused(_) => ("STORE-REFUSED", StartRemedy::CallIt),
        StoreFault::Missing
        | StoreFault::AlreadyThere
        | StoreFault::ReadOnly
        | StoreFault::Closed
        | StoreFault::Io(_) => ("STORE-IO", StartRemedy::CallIt),
    }
}

const fn weak_secret(weak: WeakSecret) -> &'static str {
    match weak {
        WeakSecret::TooShort { .. } => "secret_short",
        WeakSecret::TooLong { .. } => "secret_long",
        WeakSecret::Common => "secret_common",
        WeakSecret::NamesUser => "secret_names_user",
        WeakSecret::NotDigits => "secret_digits",
    }
}

fn radio(fault: &RadioFault) -> (&'static str, &'static str) {
    match fault {
        RadioFault::NoAdapter => ("RADIO-NONE", "no_adapter"),
        RadioFault::AdapterOff => ("RADIO-OFF", "adapter_off"),
        RadioFault::NotPermitted(_) => ("RADIO-FORBIDDEN", "not_permitted"),
        RadioFault::OutOfReach => ("RADIO-REACH", "out_of_reach"),
        RadioFault::PairingNeeded => ("RADIO-PAIRING", "pairing_needed"),
        RadioFault::Pairing(fault) => (fault.code(), pairing(*fault)),
        RadioFault::Refused(_) => ("RADIO-REFUSED", "radio"),
        RadioFault::Deadline { .. } => ("RADIO-DEADLINE", "radio"),
        RadioFault::System(_) => ("RADIO-SYSTEM", "radio"),
    }
}

const fn pairing(fault: PairingFault) -> &'static str {
    match fault {
        PairingFault::Declined => "pairing_declined",
        PairingFault::Unanswered => "pairing_unanswered",
        PairingFault::Failed => "pairing_failed",
        PairingFault::Rejected => "pairing_rejected",
        PairingFault::Cancelled => "pairing_cancelled",
        PairingFault::TimedOut => "pairing_timed_out",
        PairingFault::BondsDisagree => "pairing_bonds_disagree",
        PairingFault::LeftToSystem => "pairing_left_to_system",
        PairingFault::QuestionOver => "pairing_question_over",
    }
}
