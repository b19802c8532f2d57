//! Entries of the audit log on their way out of the vault, as FHIR AuditEvents: which act is which interaction.
//! Not here: the resource itself (`bedside-fhir`), and writing files.
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::ports::VaultId;
use bedside_fhir::{
    AuditAct, AuditEventInput, AuditEventOutcome, Document, FilingContext, NotFilable, Resource, audit_event,
};
use bedside_vitals::RecordNumber;

/// An entry as an AuditEvent. `number` is the record number of its patient, where it is known.
///
/// # Errors
/// When its time lies outside the years that FHIR can write.
pub fn audit_document(
    context: &FilingContext,
    vault: VaultId,
    entry: &AuditEntry,
    number: Option<&RecordNumber>,
) -> Result<Document, NotFilable> {
    let outcome = match entry.outcome {
        AuditOutcome::Success => AuditEventOutcome::Success,
        AuditOutcome::Refused => AuditEventOutcome::Refused,
        AuditOutcome::Failed => AuditEventOutcome::Failed,
    };
    let input = AuditEventInput {
        vault: vault.0,
        seq: entry.seq,
        at: entry.at,
        act: act(entry.action),
        action: entry.action.name(),
        outcome,
        user: entry.actor.map(|id| (id.0, entry.roles.iter().map(|role| role.name()).collect())),
        patient: entry.patient.map(|id| (id, number)),
        device: entry.device,
        about_user: entry.clinician.map(|id| id.0),
        count: entry.count,
        purpose: entry.purpose.code(),
    };
    audit_event(context, &input)?.document()
}

const fn act(action: AuditAction) -> AuditAct {
    use AuditAction::*;
    match action {
        PatientAdded | PatientsDownloaded | DeviceBound | DevicePaired | StripMarked | VaultCreated
        | ClinicianAdded | BackedUp | SpoolFiled => AuditAct::Create,
        PatientOpened | ConflictSeen | TrendSeen | Exported | Printed => AuditAct::Read,
        PatientsListed | IdentityQuestionsSeen | OrdersSeen | InboxSeen | ReadingsListed | OutboxSeen | AuditSeen => {
            AuditAct::Search
        }
        DeviceUnbound | DeviceForgotten | ClinicianDisabled => AuditAct::Delete,
        ClockSet | UserSlotConfirmed | ConsentGiven | DecodedAgain | ReadingsAssigned | ReadingCorrected
        | ReadingRejected | ReadingConfirmed | IdentityDecided | ClinicianChanged | PassphraseChanged | PinChanged
        | RecoveryKeySet | PolicyChanged | InterruptionSeen => AuditAct::Update,
        RecordRetried | ConflictDecided | RecordDiscarded | Rekeyed | Restored => AuditAct::Execute,
        SignedIn | ScreenUnlocked | Recovered | ClinicSignedIn => AuditAct::Login,
        VaultLocked | ScreenLocked | ClinicSignedOut => AuditAct::Logout,
        BreakGlassBegun | BreakGlassEnded | TamperFound => AuditAct::Security,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::WallTime;
    use uuid::Uuid;

    #[test]
    fn every_action_can_be_exported_under_its_own_name() {
        let context = FilingContext {
            record_number_system: "urn:oid:2.999.1".into(),
            gateway: Uuid::from_u128(1),
            test_data: false,
        };
        for (seq, action) in (1..).zip(AuditAction::ALL) {
            let entry = AuditEntry { seq, ..AuditEntry::new(WallTime(1_773_842_400_000), *action) };
            let document = audit_document(&context, VaultId(Uuid::from_u128(2)), &entry, None).unwrap();
            assert!(document.json.contains(&format!("\"code\":\"{}\"", action.name())), "{}", document.json);
        }
    }
}
