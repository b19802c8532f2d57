//! The administration of the vault: figures, backups, checks, keys, and the audit log.
//! No path of the window is followed: a backup is chosen among those that there are.
use super::{Answered, id, now};
use crate::error::CommandError;
use crate::start::{RestoreBy, Shell};
use crate::view::*;
use bedside_console::BackupCopy;
use bedside_console::ports::{Answer, Query, RecoveryKey};
use bedside_vitals::PatientId;
use std::path::PathBuf;
use tauri::State;

/// More lines than a page can show.
const MOST_LINES: u32 = 10_000;

#[tauri::command]
pub(crate) async fn vault_state(shell: State<'_, Shell>) -> Answered<VaultStateView> {
    let console = shell.console().await?;
    let Answer::VaultStatus(status) = console.query(Query::VaultStatus).await? else { return Err(other_answer()) };
    let backups = console.backups().await?;
    let Answer::Count(unwritable) = console.query(Query::UnwritableCount).await? else { return Err(other_answer()) };
    let closed = shell.closed_vault().await?;
    let now = now();
    Ok(VaultStateView {
        vault: closed.header.id.to_string(),
        generation: status.generation,
        octets: status.octets,
        free_octets: Some(status.free_octets),
        spooled: closed.spool_files,
        unwritable,
        backups: backups.iter().map(|copy| backup(copy, now)).collect(),
        recovery_slot: closed.header.recovery_slot,
        policy: shell.policy().await?,
    })
}

#[tauri::command]
pub(crate) async fn back_up(shell: State<'_, Shell>) -> Answered<BackupView> {
    let made = shell.console().await?.back_up().await?;
    Ok(backup(&made, now()))
}

/// Reads everything; an error when something is not as it was written.
#[tauri::command]
pub(crate) async fn check_vault(shell: State<'_, Shell>) -> Answered<()> {
    shell.console().await?.check().await?;
    Ok(())
}

/// Puts a backup in the vault's place; `null` = the newest that verifies. A closed vault needs somebody who can open it.
#[tauri::command]
pub(crate) async fn restore(
    shell: State<'_, Shell>,
    folder: Option<String>,
    user: Option<String>,
    passphrase: Option<SecretText>,
) -> Answered<RestoredView> {
    let console = shell.console().await?;
    let by = match (user, passphrase) {
        (Some(user), Some(passphrase)) => Some((user_name(&user)?, passphrase.passphrase())),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(CommandError::malformed("user")),
    };
    let folder = match folder {
        Some(named) => Some(known_backup(&shell.backups().await?, &named)?),
        None => None,
    };
    let report = console.restore(folder, by).await?;
    restored(&report, now()).ok_or_else(other_answer)
}

/// Brings a vault back whose slot file is lost, by somebody who could open its newest backup.
#[tauri::command]
pub(crate) async fn restore_without_slots(
    shell: State<'_, Shell>,
    user: String,
    passphrase: SecretText,
) -> Answered<RestoredView> {
    let by = RestoreBy::Passphrase(user_name(&user)?, passphrase.passphrase());
    restored(&shell.restore_lost_slots(by).await?, now()).ok_or_else(other_answer)
}

/// The same with IT's key or the printed kit.
#[tauri::command]
pub(crate) async fn restore_by_kit(shell: State<'_, Shell>, kit: SecretText) -> Answered<RestoredView> {
    let by = RestoreBy::Key(RecoveryKey::parse_kit(kit.reveal())?);
    restored(&shell.restore_lost_slots(by).await?, now()).ok_or_else(other_answer)
}

#[tauri::command]
pub(crate) async fn rekey(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.rekey().await?)
}

/// A new recovery kit, which replaces the old one. Answered once and kept nowhere.
#[tauri::command]
pub(crate) async fn new_recovery_kit(shell: State<'_, Shell>) -> Answered<KitView> {
    let key = shell.console().await?.new_recovery_key().await?;
    shell.kit(Some(&key)).await
}

/// The audit log, newest first, of everybody or of one patient.
#[tauri::command]
pub(crate) async fn audit_log(
    shell: State<'_, Shell>,
    patient: Option<String>,
    limit: u32,
) -> Answered<Vec<AuditLineView>> {
    let patient = patient.as_deref().map(id).transpose()?.map(PatientId);
    let console = shell.console().await?;
    let limit = usize::try_from(limit.min(MOST_LINES)).unwrap_or(usize::MAX);
    let log = console.audit(patient, limit).await?;
    Ok(log.entries.iter().map(|entry| audit_line(&log, entry)).collect())
}

#[tauri::command]
pub(crate) async fn verify_audit(shell: State<'_, Shell>) -> Answered<AuditVerdictView> {
    Ok(verdict(&shell.console().await?.verify_audit().await?))
}

fn known_backup(backups: &[BackupCopy], named: &str) -> Answered<PathBuf> {
    let known = backups.iter().find(|copy| copy.folder.display().to_string() == named);
    known.map(|copy| copy.folder.clone()).ok_or_else(|| CommandError::new("BACKUP", "no_backup", ""))
}

fn other_answer() -> CommandError {
    CommandError::new("STORE-ANSWER", "internal", "the store answered another query")
}
