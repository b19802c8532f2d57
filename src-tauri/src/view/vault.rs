//! The vault itself for the administration page: figures, backups, the audit log and what came of checks.
//! Names of patients stand in a line of the audit log only for whoever may read the whole log.
use super::catalogue::age_of;
use super::names::mirrored;
use bedside_console::{
    AuditEntry, AuditFaultKind, AuditLog, AuditOutcome, AuditVerdict, BackupCopy, ClinicianId, Purpose,
    SafeguardReport, UnreadableRows,
};
use bedside_vitals::{DeviceId, PatientId, WallTime};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The vault at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct VaultStateView {
    /// Its id, for the recovery kit's sheet.
    pub(crate) vault: String,
    /// Commits so far.
    #[ts(type = "number")]
    pub(crate) generation: u64,
    /// Octets on disk.
    #[ts(type = "number")]
    pub(crate) octets: u64,
    /// What is free on its disk; `null` where the system does not say.
    #[ts(type = "number | null")]
    pub(crate) free_octets: Option<u64>,
    /// Files that wait in the spool: one for each program that wrote while it could not write into the vault.
    #[ts(type = "number")]
    pub(crate) spooled: u64,
    /// Changes that the vault refused for their own sake: they are kept in it as they were.
    #[ts(type = "number")]
    pub(crate) unwritable: u64,
    /// Newest first.
    pub(crate) backups: Vec<BackupView>,
    /// Whether a recovery key opens it.
    pub(crate) recovery_slot: bool,
    /// The policy in force.
    pub(crate) policy: Vec<PolicyLineView>,
}

/// One setting of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "PolicyLine")]
pub(crate) struct PolicyLineView {
    /// Its path in the policy file.
    pub(crate) name: String,
    /// Its value, as JSON writes it.
    pub(crate) value: String,
    /// Whether the policy file sets it; otherwise it is the default.
    pub(crate) managed: bool,
}

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct BackupView {
    /// Its folder, by which it is named for a restore.
    pub(crate) folder: String,
    /// When it was made, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) at: i64,
    /// Its age, with its unit.
    pub(crate) age: String,
    /// When it was last read through without a fault, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) verified: Option<i64>,
    /// Commits in it.
    #[ts(type = "number")]
    pub(crate) generation: u64,
    /// Octets.
    #[ts(type = "number")]
    pub(crate) octets: u64,
}

/// What came of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct RestoredView {
    /// The backup that is the vault now.
    pub(crate) backup: BackupView,
    /// Where the files that were set aside lie.
    pub(crate) set_aside: String,
    /// Readings of the damaged file that were brought over.
    #[ts(type = "number")]
    pub(crate) recovered: u64,
    /// Commits that are in neither.
    #[ts(type = "number")]
    pub(crate) missing_commits: u64,
    /// Rows of the damaged file that could not be read, for IT: a table and its first and last row.
    pub(crate) unreadable: Vec<String>,
}

/// One entry of the audit log. Not `Debug`: it names a person and may hold a reason in somebody's words.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct AuditLineView {
    /// Its place in the chain, from 1; `null` while it waits to be written.
    #[ts(type = "number | null")]
    pub(crate) seq: Option<u64>,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) at: i64,
    /// What was done, as the log's stable word.
    pub(crate) action: String,
    /// Who did it; `null` = the console by itself.
    pub(crate) user: Option<String>,
    /// To whose record.
    pub(crate) patient: Option<AuditPatientView>,
    /// With which device.
    pub(crate) device: Option<String>,
    /// Whose slot, PIN or roles it was about.
    pub(crate) clinician: Option<String>,
    /// How many records it was about, where that is not one.
    pub(crate) count: Option<u32>,
    /// For what.
    pub(crate) purpose: PurposeView,
    /// What came of it.
    pub(crate) outcome: OutcomeView,
    /// Why, where a person had to say it.
    pub(crate) reason: Option<String>,
}

mirrored! {
    /// For what a record was used.
    PurposeView as "Purpose" of Purpose { Treatment, BreakGlass, Operations }
}
mirrored! {
    /// What came of an act.
    OutcomeView as "Outcome" of AuditOutcome { Success, Refused, Failed }
}
mirrored! {
    /// What can be wrong with an entry.
    AuditFaultView as "AuditFault" of AuditFaultKind { Altered, Missing, Signature, Truncated }
}

/// Whose record an entry is about.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct AuditPatientView {
    /// Id in this vault.
    pub(crate) id: String,
    /// Family name.
    pub(crate) family: String,
    /// Given names.
    pub(crate) given: String,
    /// First identifier.
    pub(crate) record_number: String,
}

/// What came of following the chain of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum AuditVerdictView {
    /// Every entry is as it was written.
    Sound {
        /// How many.
        #[ts(type = "number")]
        entries: u64,
        /// How many stand before the last signed checkpoint.
        #[ts(type = "number")]
        signed: u64,
    },
    /// The first entry that is not.
    Bad {
        /// Its place in the log, from 1.
        #[ts(type = "number")]
        seq: u64,
        /// What is wrong with it.
        fault: AuditFaultView,
    },
}

/// A backup at `now`.
pub(crate) fn backup(copy: &BackupCopy, now: WallTime) -> BackupView {
    BackupView {
        folder: copy.folder.display().to_string(),
        at: copy.at.0,
        age: age_of(copy.at, now),
        verified: copy.verified.map(|at| at.0),
        generation: copy.generation,
        octets: copy.octets,
    }
}

/// What came of a restore; `None` of another safeguard.
pub(crate) fn restored(report: &SafeguardReport, now: WallTime) -> Option<RestoredView> {
    match report {
        SafeguardReport::Restored { backup: copy, set_aside, recovered, missing_commits, unreadable } => {
            Some(RestoredView {
                backup: backup(copy, now),
                set_aside: set_aside.display().to_string(),
                recovered: *recovered,
                missing_commits: *missing_commits,
                unreadable: unreadable.iter().map(rows).collect(),
            })
        }
        SafeguardReport::BackedUp(_) | SafeguardReport::Sound | SafeguardReport::Space { .. } => None,
    }
}

/// A table and its rows in words for IT.
fn rows(UnreadableRows { table, first, last }: &UnreadableRows) -> String {
    last.map_or_else(|| format!("{table} {first}-"), |last| format!("{table} {first}-{last}"))
}

/// An entry with its names.
pub(crate) fn audit_line(log: &AuditLog, entry: &AuditEntry) -> AuditLineView {
    AuditLineView {
        seq: (entry.seq > 0).then_some(entry.seq),
        at: entry.at.0,
        action: entry.action.name().to_owned(),
        user: entry.actor.map(|id| clinician(log, id)),
        patient: entry.patient.and_then(|id| patient(log, id)),
        device: entry.device.map(|id| device(log, id)),
        clinician: entry.clinician.map(|id| clinician(log, id)),
        count: entry.count,
        purpose: entry.purpose.into(),
        outcome: entry.outcome.into(),
        reason: entry.reason.clone(),
    }
}

fn patient(log: &AuditLog, id: PatientId) -> Option<AuditPatientView> {
    log.patients.iter().find(|patient| patient.id == id).map(|patient| AuditPatientView {
        id: id.to_string(),
        family: patient.family.reveal().clone(),
        given: patient.given.reveal().clone(),
        record_number: patient.record_number.reveal().to_owned(),
    })
}

/// The name that colleagues know; of somebody unknown the id, so that a line is never taken for the console's own.
fn clinician(log: &AuditLog, id: ClinicianId) -> String {
    let known = log.clinicians.iter().find(|clinician| clinician.id == id);
    known.map_or_else(|| id.0.to_string(), |clinician| clinician.display_name.clone())
}

fn device(log: &AuditLog, id: DeviceId) -> String {
    let known = log.devices.iter().find(|device| device.id == id);
    known.map_or_else(|| id.to_string(), |device| device.name.clone())
}

/// What came of following the chain.
pub(crate) fn verdict(verdict: &AuditVerdict) -> AuditVerdictView {
    match verdict {
        AuditVerdict::Sound { entries, signed } => AuditVerdictView::Sound { entries: *entries, signed: *signed },
        AuditVerdict::Bad { seq, fault } => AuditVerdictView::Bad { seq: *seq, fault: (*fault).into() },
    }
}
