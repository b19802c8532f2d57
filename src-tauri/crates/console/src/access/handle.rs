//! What a front calls about people and the vault: signing in, locking, clinicians, safeguards, audit.
//! Envelopes only: the event loop answers.
use crate::audit::{AuditLog, AuditVerdict};
use crate::clinician::{Clinician, ClinicianId, Role, UserName};
use crate::ports::{Passphrase, PeripheralId, Pin, RecoveryKey};
use crate::records::{BackupCopy, SafeguardReport};
use crate::request::{ConsoleHandle, NewClinician, RequestError};
use crate::requests::Request;
use crate::snapshot::LockReason;
use bedside_vitals::{MeasuredValue, PatientId, ReadingId};
use std::path::PathBuf;

/// Who is here.
impl ConsoleHandle {
    /// Opens a closed vault with a clinician's passphrase, or unlocks the screen with it.
    pub async fn sign_in(&self, user: UserName, passphrase: Passphrase) -> Result<(), RequestError> {
        self.ask(|reply| Request::SignIn { user, passphrase, reply }).await
    }

    /// Opens a vault that has a device slot: the demo vault, or one of an earlier version. Also unlocks its screen.
    pub async fn open_with_device_secret(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::OpenWithDeviceSecret { reply }).await
    }

    /// Opens a closed vault with IT's private key or that of a recovery kit, and gives it an administrator whose
    /// passphrase opens it from now on. A device secret that the keyring still has is kept, else a new one is made.
    pub async fn recover(&self, key: RecoveryKey, new: NewClinician) -> Result<(), RequestError> {
        self.ask(|reply| Request::Recover { key, new, reply }).await
    }

    /// Enrols the first clinician, an administrator, in a vault of an earlier version; the device slot is gone
    /// afterwards. The key of a recovery kit, unless the policy names IT's: it is never answered again.
    pub async fn enrol_first(&self, new: NewClinician) -> Result<Option<RecoveryKey>, RequestError> {
        self.ask(|reply| Request::EnrolFirst { new, reply }).await
    }

    /// Locks the screen: nothing about a person leaves until it is unlocked; recording goes on.
    pub async fn lock_screen(&self, why: LockReason) {
        let _ = self.ask(|reply| Request::LockScreen { why, reply }).await;
    }

    /// Locks the vault: its key is wiped, people and values are dropped from memory; recording goes on into the spool.
    pub async fn lock_vault(&self, why: LockReason) {
        let _ = self.ask(|reply| Request::LockVault { why, reply }).await;
    }

    /// Unlocks the screen with the PIN of whoever was working, or hands over to a colleague with theirs.
    pub async fn unlock_screen(&self, user: UserName, pin: Pin) -> Result<(), RequestError> {
        self.ask(|reply| Request::UnlockScreen { user, pin, reply }).await
    }

    /// Somebody touched the window.
    pub async fn activity(&self) {
        let _ = self.ask(|reply| Request::Activity { reply }).await;
    }

    /// Opens the records for an emergency to somebody whose roles do not allow it, for the policy's hours.
    /// A reason has 5 to 200 characters.
    pub async fn break_glass(&self, reason: String) -> Result<(), RequestError> {
        self.ask(|reply| Request::BreakGlass { reason, reply }).await
    }

    /// Gives that up.
    pub async fn end_break_glass(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::EndBreakGlass { reply }).await
    }

    /// Everybody who was ever enrolled, by user name.
    pub async fn clinicians(&self) -> Result<Vec<Clinician>, RequestError> {
        self.ask(|reply| Request::Clinicians { reply }).await
    }

    /// Enrols somebody.
    pub async fn add_clinician(&self, new: NewClinician) -> Result<Clinician, RequestError> {
        self.ask(|reply| Request::AddClinician { new, reply }).await
    }

    /// Changes somebody's display name and roles.
    pub async fn change_clinician(
        &self,
        who: ClinicianId,
        display_name: String,
        roles: Vec<Role>,
    ) -> Result<(), RequestError> {
        self.ask(|reply| Request::ChangeClinician { who, display_name, roles, reply }).await
    }

    /// Somebody leaves: the slot is removed, the name stays in the audit log.
    pub async fn disable_clinician(&self, who: ClinicianId) -> Result<(), RequestError> {
        self.ask(|reply| Request::DisableClinician { who, reply }).await
    }

    /// Whoever is signed in takes another passphrase.
    pub async fn change_passphrase(&self, old: Passphrase, new: Passphrase) -> Result<(), RequestError> {
        self.ask(|reply| Request::ChangePassphrase { old, new, reply }).await
    }

    /// An administrator gives somebody another passphrase; also enables a slot that wrong ones disabled, and a leaver
    /// who came back.
    pub async fn reset_passphrase(&self, who: ClinicianId, new: Passphrase) -> Result<(), RequestError> {
        self.ask(|reply| Request::ResetPassphrase { who, new, reply }).await
    }

    /// Whoever is signed in takes another PIN.
    pub async fn change_pin(&self, passphrase: Passphrase, pin: Pin) -> Result<(), RequestError> {
        self.ask(|reply| Request::ChangePin { passphrase, pin, reply }).await
    }
}

/// The safety of the record.
impl ConsoleHandle {
    /// Records a device without a patient, also while everything is locked: its readings are unassigned.
    pub async fn capture(&self, peripheral: PeripheralId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Capture { peripheral, reply }).await
    }

    /// Makes a backup now and verifies it.
    pub async fn back_up(&self) -> Result<BackupCopy, RequestError> {
        self.ask(|reply| Request::BackUp { reply }).await
    }

    /// The backups that are there, newest first.
    pub async fn backups(&self) -> Result<Vec<BackupCopy>, RequestError> {
        self.ask(|reply| Request::Backups { reply }).await
    }

    /// Checks every page, every index, the audit chain and the digests.
    pub async fn check(&self) -> Result<SafeguardReport, RequestError> {
        self.ask(|reply| Request::Check { reply }).await
    }

    /// Sets the vault aside and puts a backup in its place, `None` = the newest that verifies. The vault is closed
    /// afterwards. A closed vault is restored by somebody who has a slot in the backup.
    pub async fn restore(
        &self,
        backup: Option<PathBuf>,
        by: Option<(UserName, Passphrase)>,
    ) -> Result<SafeguardReport, RequestError> {
        self.ask(|reply| Request::Restore { backup, by, reply }).await
    }

    /// Encrypts the database with a new key.
    pub async fn rekey(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::Rekey { reply }).await
    }

    /// Makes a new recovery kit, which replaces the old one; it is never answered again.
    pub async fn new_recovery_key(&self) -> Result<RecoveryKey, RequestError> {
        self.ask(|reply| Request::NewRecoveryKey { reply }).await
    }

    /// Another value for a reading, with a reason. The reading itself stays as it is.
    pub async fn correct_reading(
        &self,
        reading: ReadingId,
        value: MeasuredValue,
        reason: String,
    ) -> Result<(), RequestError> {
        self.ask(|reply| Request::CorrectReading { reading, value, reason, reply }).await
    }

    /// Says that a reading is no measurement of its patient, with a reason. The reading itself stays as it is.
    pub async fn reject_reading(&self, reading: ReadingId, reason: String) -> Result<(), RequestError> {
        self.ask(|reply| Request::RejectReading { reading, reason, reply }).await
    }

    /// Says that a reading which waits for a person is right as it was measured.
    pub async fn confirm_reading(&self, reading: ReadingId) -> Result<(), RequestError> {
        self.ask(|reply| Request::ConfirmReading { reading, reply }).await
    }

    /// The audit log, newest first, of everybody or of one patient.
    pub async fn audit(&self, patient: Option<PatientId>, limit: usize) -> Result<AuditLog, RequestError> {
        self.ask(|reply| Request::Audit { patient, limit, reply }).await
    }

    /// Follows the chain of the audit log from its first entry.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, RequestError> {
        self.ask(|reply| Request::VerifyAudit { reply }).await
    }
}
