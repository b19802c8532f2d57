//! Entries of the audit log, as a spool keeps them: without a place in the chain, which comes with the filing.
//! Not here: the chain itself (`chain`).
use bedside_console::{AuditAction, AuditEntry, AuditOrigin, AuditOutcome, ClinicianId, Purpose, Role};
use bedside_vitals::{BootTime, DeviceId, PatientId, WallTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An entry of the audit log.
#[derive(Serialize, Deserialize)]
pub(in crate::spool) struct Entry {
    at: WallTime,
    boot: Option<BootTime>,
    boot_id: Option<String>,
    run: Option<Uuid>,
    program: Option<String>,
    action: String,
    actor: Option<Uuid>,
    roles: Vec<String>,
    patient: Option<PatientId>,
    device: Option<DeviceId>,
    clinician: Option<Uuid>,
    count: Option<u32>,
    purpose: String,
    outcome: String,
    reason: Option<String>,
}

impl From<&AuditEntry> for Entry {
    fn from(entry: &AuditEntry) -> Self {
        // The place in the chain comes with the filing.
        let AuditEntry {
            seq: _,
            at,
            origin,
            action,
            actor,
            roles,
            patient,
            device,
            clinician,
            count,
            purpose,
            outcome,
            reason,
        } = entry;
        let AuditOrigin { boot, boot_id, run, version } = origin.clone();
        Self {
            at: *at,
            boot,
            boot_id,
            run,
            program: version,
            action: action.name().to_owned(),
            actor: actor.map(|id| id.0),
            roles: roles.iter().map(|role| role.name().to_owned()).collect(),
            patient: *patient,
            device: *device,
            clinician: clinician.map(|id| id.0),
            count: *count,
            purpose: purpose.code().to_owned(),
            outcome: outcome.name().to_owned(),
            reason: reason.clone(),
        }
    }
}

impl Entry {
    pub(in crate::spool) fn read(self) -> Option<AuditEntry> {
        let origin = AuditOrigin { boot: self.boot, boot_id: self.boot_id, run: self.run, version: self.program };
        Some(AuditEntry {
            origin,
            actor: self.actor.map(ClinicianId),
            roles: self.roles.iter().map(|role| Role::from_name(role)).collect::<Option<_>>()?,
            patient: self.patient,
            device: self.device,
            clinician: self.clinician.map(ClinicianId),
            count: self.count,
            purpose: Purpose::from_code(&self.purpose)?,
            outcome: AuditOutcome::from_name(&self.outcome)?,
            reason: self.reason,
            ..AuditEntry::new(self.at, AuditAction::from_name(&self.action)?)
        })
    }
}
