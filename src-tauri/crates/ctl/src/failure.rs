//! What went wrong, in words and as an exit code of `sysexits.h`.
//! Not here: what led to it.
use bedside_assembly::StartError;
use bedside_console::ports::{KeyFault, StoreFault};
use bedside_console::{OpenFault, RequestError};

pub(crate) const USAGE: u8 = 2;
pub(crate) const BAD_DATA: u8 = 65;
pub(crate) const NOT_FOUND: u8 = 66;
pub(crate) const UNAVAILABLE: u8 = 69;
pub(crate) const CANNOT_OPEN: u8 = 73;
pub(crate) const IO: u8 = 74;
pub(crate) const TRY_AGAIN: u8 = 75;
pub(crate) const NOT_PERMITTED: u8 = 77;

/// A failed command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn io(error: &std::io::Error) -> Self {
        Self::new(IO, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match &error {
            StartError::Request(error) => return error.clone().into(),
            StartError::FirstClinician => NOT_PERMITTED,
            StartError::Open(OpenFault::Keys(fault)) => of_keys(fault),
            StartError::Open(OpenFault::Store(fault)) | StartError::Store(fault) => of_store(fault),
            StartError::Open(OpenFault::Weak(_) | OpenFault::InvalidClinician(_)) => BAD_DATA,
            StartError::Policy { .. } | StartError::ClinicAddress => BAD_DATA,
            StartError::PolicyUnreadable { .. } => NOT_FOUND,
            StartError::Scenario(_) => USAGE,
            StartError::DemoClinic => NOT_PERMITTED,
            StartError::NoHome | StartError::Clinic(_) | StartError::Font(_) => UNAVAILABLE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::new(of_store(&fault), fault.to_string())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let code = match &error {
            RequestError::InvalidPatient(_)
            | RequestError::RecordNumberTaken
            | RequestError::WeakSecret(_)
            | RequestError::UserNameTaken
            | RequestError::InvalidClinician(_)
            | RequestError::ReasonNeeded { .. } => BAD_DATA,
            RequestError::Locked
            | RequestError::NotPermitted(_)
            | RequestError::WrongSecret { .. }
            | RequestError::WrongPresentPassphrase { .. }
            | RequestError::SlotDisabled
            | RequestError::LastAdministrator
            | RequestError::NotNeeded
            | RequestError::ForbiddenByPolicy => NOT_PERMITTED,
            RequestError::Keys(fault) => of_keys(fault),
            RequestError::NoSuchPatient
            | RequestError::NoSuchClinician
            | RequestError::NoSuchDevice
            | RequestError::NoSuchRecord
            | RequestError::NoSuchQuestion
            | RequestError::NoSuchReading => NOT_FOUND,
            RequestError::BoundElsewhere
            | RequestError::WrongMode
            | RequestError::OfAnotherPatient
            | RequestError::MergedAtClinicOnly => NOT_PERMITTED,
            RequestError::Busy | RequestError::UnderReview => TRY_AGAIN,
            RequestError::Radio(_)
            | RequestError::NoAnswer
            | RequestError::NoServer
            | RequestError::NoWorklist
            | RequestError::ConsoleGone
            | RequestError::ServerNotReached
            | RequestError::ServerSaidNo(_) => UNAVAILABLE,
            RequestError::Store(fault) => of_store(fault),
            RequestError::Chart(_)
            | RequestError::NotOfAPerson
            | RequestError::NotAssigned
            | RequestError::RejectedReading
            | RequestError::NothingToCorrect
            | RequestError::NothingToConfirm
            | RequestError::NothingToMark
            | RequestError::Implausible { .. }
            | RequestError::PressureOrder
            | RequestError::OtherKind { .. } => BAD_DATA,
        };
        Self::new(code, error.to_string())
    }
}

const fn of_keys(fault: &KeyFault) -> u8 {
    match fault {
        KeyFault::NoKeyring | KeyFault::System(_) => UNAVAILABLE,
        KeyFault::Locked => NOT_PERMITTED,
        KeyFault::NoEntry | KeyFault::Malformed => CANNOT_OPEN,
    }
}

const fn of_store(fault: &StoreFault) -> u8 {
    match fault {
        StoreFault::Held { .. } | StoreFault::TriesHeld => TRY_AGAIN,
        StoreFault::WrongPassphrase => NOT_PERMITTED,
        StoreFault::DiskFull | StoreFault::Io(_) | StoreFault::Refused(_) => IO,
        StoreFault::Missing
        | StoreFault::AlreadyThere
        | StoreFault::WrongKey
        | StoreFault::NoSlot(_)
        | StoreFault::Newer { .. }
        | StoreFault::Damaged(_)
        | StoreFault::ReadOnly
        | StoreFault::Closed
        | StoreFault::NoCipher => CANNOT_OPEN,
    }
}
