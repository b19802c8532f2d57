//! What each request needs: one table, looked at in one place before anything is done (security finding T6, product law 8).
//! Not here: roles (`clinician`), and what is locked (`access`).
use crate::clinician::Permission::{self, *};
use crate::ports::Query;
use crate::requests::Request;

/// What must be the case for a request to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it opens, locks, captures or ends, and is answered with nothing about a person.
    Nothing,
    /// The vault is open and waits for its first clinician.
    Enrolment,
    /// Somebody works here.
    SignedIn,
    /// Whoever works here has one of these permissions; the first is named in a refusal.
    OneOf(&'static [Permission]),
    /// The same, or the vault is closed and the request brings what opens it.
    OneOfOrOwnKey(&'static [Permission]),
    /// Nobody may, in any state.
    Refused,
}

impl Need {
    /// What a request needs. No wildcard: a new one does not compile until somebody has decided.
    pub(crate) const fn of(request: &Request) -> Self {
        match request {
            Request::SignIn { .. }
            | Request::OpenWithDeviceSecret { .. }
            | Request::Recover { .. }
            | Request::LockScreen { .. }
            | Request::LockVault { .. }
            | Request::UnlockScreen { .. }
            | Request::Activity { .. }
            | Request::Search { .. }
            | Request::Capture { .. }
            | Request::Close { .. } => Self::Nothing,
            Request::EnrolFirst { .. } => Self::Enrolment,
            Request::BreakGlass { .. }
            | Request::EndBreakGlass { .. }
            | Request::Clinicians { .. }
            | Request::ChangePassphrase { .. }
            | Request::ChangePin { .. }
            | Request::Pair { .. }
            | Request::PairAnew { .. }
            | Request::Forget { .. }
            | Request::AnswerPairing { .. }
            | Request::SyncNow { .. }
            | Request::SyncUntilQuiet { .. }
            | Request::Retry { .. } => Self::SignedIn,
            Request::ListPatients { .. }
            | Request::OpenPatient { .. }
            | Request::TrendChart { .. }
            | Request::SetStrips { .. }
            | Request::Inbox { .. }
            | Request::OutboxRows { .. } => Self::OneOf(&[ReadRecords]),
            Request::AddPatient { .. }
            | Request::Assign { .. }
            | Request::AcknowledgeInterruption { .. }
            | Request::Bind { .. }
            | Request::BindKnown { .. }
            | Request::Unbind { .. }
            | Request::ConfirmUserSlot { .. }
            | Request::GiveConsent { .. }
            | Request::FetchRecords { .. }
            | Request::AbortRecords { .. }
            | Request::DecodeRejected { .. } => Self::OneOf(&[Record]),
            Request::CorrectReading { .. } | Request::RejectReading { .. } => Self::OneOf(&[Review]),
            Request::AddClinician { .. }
            | Request::ChangeClinician { .. }
            | Request::DisableClinician { .. }
            | Request::ResetPassphrase { .. } => Self::OneOf(&[ManageClinicians]),
            Request::BackUp { .. }
            | Request::Backups { .. }
            | Request::Check { .. }
            | Request::Rekey { .. }
            | Request::NewRecoveryKey { .. } => Self::OneOf(&[KeepVault]),
            Request::Restore { by: Some(_), .. } => Self::OneOfOrOwnKey(&[KeepVault]),
            Request::Restore { by: None, .. } => Self::OneOf(&[KeepVault]),
            // Who looked at a patient may be asked by whoever may look at the patient.
            Request::Audit { patient: Some(_), .. } => Self::OneOf(&[ReadRecords, ReadAudit]),
            Request::Audit { patient: None, .. } => Self::OneOf(&[ReadAudit]),
            Request::VerifyAudit { .. } => Self::OneOf(&[ReadAudit, KeepVault]),
            Request::Query { query, .. } => Self::of_query(query),
        }
    }

    const fn of_query(query: &Query) -> Self {
        match query {
            // The audit log names patients by their ids: whoever reads it may look up whose they are.
            Query::Patients => Self::OneOf(&[ReadRecords, ReadAudit]),
            Query::PatientByRecordNumber(_)
            | Query::OpenBindings
            | Query::DeviceMemories
            | Query::BindingAt(..)
            | Query::LastBindings
            | Query::BindingsOf(_)
            | Query::Readings { .. }
            | Query::TheseReadings(_)
            | Query::UnassignedCount
            | Query::KnownReadings(_)
            | Query::Samples { .. }
            | Query::MinuteMedians { .. }
            | Query::Trend { .. }
            | Query::LastValues(_)
            | Query::PatientActivity
            | Query::OutboxRows { .. }
            | Query::Versions(_)
            | Query::Interruption
            | Query::Frames { .. } => Self::OneOf(&[ReadRecords]),
            Query::Audit { patient: Some(_), .. } => Self::OneOf(&[ReadRecords, ReadAudit]),
            Query::Audit { patient: None, .. } => Self::OneOf(&[ReadAudit]),
            Query::VerifyAudit(_) | Query::VerifyDigests => Self::OneOf(&[ReadAudit, KeepVault]),
            Query::Backups => Self::OneOf(&[KeepVault]),
            Query::Devices
            | Query::ClockSettings(_)
            | Query::Connections(_)
            | Query::OutboxCounts
            | Query::Clinicians
            | Query::CompareAnchor(_)
            | Query::Anchor
            | Query::LastRun
            | Query::UnwritableCount
            | Query::VaultStatus => Self::SignedIn,
            // A PIN is tried at the locked screen, where tries are counted, and nowhere else.
            Query::VerifyPin(..) => Self::Refused,
        }
    }
}

/// Whether the answer tells something about people: then it is not given any more once they are hidden.
pub(crate) const fn tells_of_people(request: &Request) -> bool {
    match request {
        Request::ListPatients { .. }
        | Request::AddPatient { .. }
        | Request::Query { .. }
        | Request::TrendChart { .. }
        | Request::Inbox { .. }
        | Request::OutboxRows { .. }
        | Request::Audit { .. } => true,
        Request::OpenPatient { .. }
        | Request::SetStrips { .. }
        | Request::Assign { .. }
        | Request::CorrectReading { .. }
        | Request::RejectReading { .. }
        | Request::AcknowledgeInterruption { .. }
        | Request::Search { .. }
        | Request::Capture { .. }
        | Request::Bind { .. }
        | Request::BindKnown { .. }
        | Request::Unbind { .. }
        | Request::Pair { .. }
        | Request::PairAnew { .. }
        | Request::Forget { .. }
        | Request::AnswerPairing { .. }
        | Request::ConfirmUserSlot { .. }
        | Request::GiveConsent { .. }
        | Request::FetchRecords { .. }
        | Request::AbortRecords { .. }
        | Request::DecodeRejected { .. }
        | Request::SyncNow { .. }
        | Request::SyncUntilQuiet { .. }
        | Request::Retry { .. }
        | Request::SignIn { .. }
        | Request::OpenWithDeviceSecret { .. }
        | Request::Recover { .. }
        | Request::EnrolFirst { .. }
        | Request::LockScreen { .. }
        | Request::LockVault { .. }
        | Request::UnlockScreen { .. }
        | Request::Activity { .. }
        | Request::BreakGlass { .. }
        | Request::EndBreakGlass { .. }
        | Request::Clinicians { .. }
        | Request::AddClinician { .. }
        | Request::ChangeClinician { .. }
        | Request::DisableClinician { .. }
        | Request::ChangePassphrase { .. }
        | Request::ResetPassphrase { .. }
        | Request::ChangePin { .. }
        | Request::BackUp { .. }
        | Request::Backups { .. }
        | Request::Check { .. }
        | Request::Restore { .. }
        | Request::Rekey { .. }
        | Request::NewRecoveryKey { .. }
        | Request::VerifyAudit { .. }
        | Request::Close { .. } => false,
    }
}
