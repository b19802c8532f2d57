//! Every failure of a command as the window gets it: a stable code, a key of its text, and a safe detail for IT.
//! Health data never enter here: the console's errors carry none.
use bedside_console::RequestError;
use bedside_console::ports::StoreFault;
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
}

impl CommandError {
    pub(crate) fn new(code: &str, text: &str, detail: impl ToString) -> Self {
        Self { code: code.to_owned(), text: format!("error.{text}"), detail: detail.to_string() }
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
            RequestError::Store(StoreFault::DiskFull) => ("STORE-FULL", "disk_full"),
            RequestError::Store(_) => ("STORE", "store"),
            RequestError::NoSuchRecord => ("SYNC-RECORD", "no_such_record"),
            RequestError::NoSuchReading => ("INBOX-READING", "no_such_reading"),
            RequestError::OfAnotherPatient => ("INBOX-OTHER-PATIENT", "of_another_patient"),
            RequestError::NotOfAPerson => ("INBOX-NO-PERSON", "not_of_a_person"),
            RequestError::Chart(_) => ("CHART", "chart"),
            RequestError::NoServer => ("SYNC-NO-SERVER", "no_server"),
            RequestError::ConsoleGone => ("CORE-GONE", "console_gone"),
        };
        Self::new(code, text, error)
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
