//! What a request may need, looked at in one place before anything is done (security finding T6, product law 8).
//! Not here: which request needs what (`requests`), roles (`clinician`), and what is locked (`access`).
use crate::clinician::Permission::{self, *};
use crate::ports::Query;

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
    /// What looking at the audit log needs: of one patient, or all of it.
    pub(crate) const fn of_audit(of_one_patient: bool) -> Self {
        // Who looked at a patient may be asked by whoever may look at the patient.
        if of_one_patient { Self::OneOf(&[ReadRecords, ReadAudit]) } else { Self::OneOf(&[ReadAudit]) }
    }

    /// What restoring a backup needs: it may bring what opens it.
    pub(crate) const fn of_restoring(with_own_key: bool) -> Self {
        if with_own_key { Self::OneOfOrOwnKey(&[KeepVault]) } else { Self::OneOf(&[KeepVault]) }
    }

    /// What a query needs. No wildcard: a new one does not compile until somebody has decided.
    pub(crate) const fn of_query(query: &Query) -> Self {
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
            | Query::ReadingsAt(_)
            | Query::MediansAt(_)
            | Query::UnassignedCount
            | Query::KnownReadings(_)
            | Query::Samples { .. }
            | Query::MinuteMedians { .. }
            | Query::Trend { .. }
            | Query::LastValues(_)
            | Query::PatientActivity
            | Query::ClinicRecords
            | Query::ClinicOrders { .. }
            | Query::OutboxRows { .. }
            | Query::TheseRows(_)
            | Query::OpenRows
            | Query::Versions(_)
            | Query::Interruption
            | Query::Frames { .. }
            | Query::FrameAt { .. } => Self::OneOf(&[ReadRecords]),
            Query::Audit { patient, .. } => Self::of_audit(patient.is_some()),
            Query::VerifyAudit(_) | Query::VerifyDigests => Self::OneOf(&[ReadAudit, KeepVault]),
            Query::Backups => Self::OneOf(&[KeepVault]),
            Query::Devices
            | Query::ClockSettings(_)
            | Query::Connections(_)
            | Query::OutboxCounts
            | Query::Clinicians
            | Query::CompareAnchor(_)
            | Query::Anchor
            | Query::AnchorKept
            | Query::LastRun
            | Query::UnwritableCount
            | Query::VaultStatus => Self::SignedIn,
            // A PIN is tried at the locked screen, where tries are counted, and nowhere else.
            Query::VerifyPin(..)
            | Query::AuditToFile { .. }
            | Query::ServerCopies { .. }
            | Query::AcceptedElsewhere(_)
            | Query::ServerTraits(_)
            | Query::ServerTokens(_) => Self::Refused,
        }
    }
}
