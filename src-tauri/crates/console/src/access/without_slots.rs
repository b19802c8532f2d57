//! Restoring a vault whose slot file is lost with IT's key or the printed kit: neither a keyring nor a passphrase is needed.
//! Not here: restoring it by a passphrase (`tried`), and enrolling somebody with the kit afterwards (`sign_in`).
use crate::audit::{AuditAction, AuditEntry, Purpose};
use crate::clinician::ClinicianId;
use crate::ports::{Machine, OpenMode, RecordStore, RecoveryKey, Safeguard, StoreFault, Unlock};
use crate::records::{Changes, SafeguardReport};
use crate::request::RequestError;
use std::path::PathBuf;
use std::sync::Arc;

/// Restores the named backup, or the newest that the key opens. The restored vault is opened once, so that the act is in its
/// log, and closed again: whoever knows a passphrase signs in, and whoever does not recovers with the same key.
pub async fn restore_by_key(
    store: &Arc<dyn RecordStore>,
    machine: &dyn Machine,
    key: RecoveryKey,
    backup: Option<PathBuf>,
) -> Result<SafeguardReport, RequestError> {
    match store.header_of_backup(backup.clone()).await {
        // Without a name every backup is tried, newest first: an older one may have what the newest has not.
        Ok(header) if backup.is_some() && !header.recovery_slot => return Err(StoreFault::NoSlot("recovery").into()),
        Err(fault) if backup.is_some() || fault == StoreFault::Missing => return Err(fault.into()),
        _ => {}
    }
    let (unlock, now) = (Some(Unlock::Recovery(key.clone())), machine.wall());
    let report = store.safeguard(Safeguard::Restore { backup, unlock, now }).await?;
    store.open(Unlock::Recovery(key), OpenMode::Writer).await?;
    // A key proves nobody's name.
    noted_and_closed(store, machine, &report, None).await?;
    Ok(report)
}

/// The act is in the log of the restored vault, which is closed again whatever comes of that.
pub(super) async fn noted_and_closed(
    store: &Arc<dyn RecordStore>,
    machine: &dyn Machine,
    report: &SafeguardReport,
    by: Option<ClinicianId>,
) -> Result<(), RequestError> {
    let count = match report {
        SafeguardReport::Restored { recovered, .. } => u32::try_from(*recovered).ok(),
        _ => None,
    };
    let entry = AuditEntry {
        actor: by,
        clinician: by,
        purpose: Purpose::Operations,
        origin: crate::auditing::origin(machine, None),
        count,
        ..AuditEntry::new(machine.wall(), AuditAction::Restored)
    };
    let noted = store.commit(Changes { audit: vec![entry], ..Changes::default() }).await;
    store.close().await?;
    noted?;
    Ok(())
}
