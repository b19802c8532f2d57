//! Restores under other conditions than a lost page: after a rekey, over a migration, without slots, broken off, failed.
//! Not here: damaged pages (`damage`), and what a backup is (`backup`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore, Safeguard, SlotChange, StoreFault};
use bedside_console::{AuditAction, AuditEntry, BackupCopy, Changes, SafeguardReport};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::fs;
use support::*;

async fn back_up(vault: &Vault) -> BackupCopy {
    match vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap() {
        SafeguardReport::BackedUp(copy) => copy,
        other => panic!("{other:?}"),
    }
}

async fn restore(vault: &Vault, backup: &BackupCopy) -> Result<SafeguardReport, StoreFault> {
    let backup = Some(backup.folder.clone());
    vault.safeguard(Safeguard::Restore { backup, unlock: Some(unlock()), now: WallTime(T0 + 9) }).await
}

/// A reading and an entry of the audit log for each.
async fn add(vault: &Vault, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let readings = vec![reading(number, T0 + i64::from(number), Some(PATIENT))];
        let audit = vec![AuditEntry::new(WallTime(T0 + i64::from(number)), AuditAction::PatientOpened)];
        vault.commit(Changes { readings, audit, ..Changes::default() }).await.unwrap();
    }
}

#[tokio::test]
async fn a_backup_from_before_a_rekey_is_restored_with_the_key_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault).await;
    vault.keys(SlotChange::Rekey).await.unwrap();
    add(&vault, 10..15).await;
    let report = restore(&vault, &copy).await.unwrap();
    assert!(matches!(report, SafeguardReport::Restored { recovered: 5, .. }), "{report:?}");
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(readings(&vault).await.len(), 7);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn a_backup_from_before_the_migration_is_restored_with_everything_signed_since() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("vault");
    earlier::put(&inside);
    let vault = opened(&inside).await;
    let Answer::Backups(backups) = read(&vault, Query::Backups).await else { panic!("no backups") };
    add(&vault, 10_000..10_110).await;
    let before = readings(&vault).await.len();
    // The end of the audit log is signed at a closing.
    vault.close().await.unwrap();
    restore(&vault, &backups[0]).await.unwrap();
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(readings(&vault).await.len(), before);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn without_a_slot_file_the_sound_database_is_brought_over_and_the_slots_count_on() {
    for damaged in [None, Some("{}")] {
        let folder = tempfile::tempdir().unwrap();
        let vault = new_vault(folder.path()).await;
        vault.commit(everything()).await.unwrap();
        let copy = back_up(&vault).await;
        add(&vault, 10..15).await;
        vault.close().await.unwrap();
        match damaged {
            None => fs::remove_file(folder.path().join("slots.json")).unwrap(),
            Some(text) => fs::write(folder.path().join("slots.json"), text).unwrap(),
        }
        let report = restore(&vault, &copy).await.unwrap();
        assert!(matches!(report, SafeguardReport::Restored { recovered: 5, missing_commits: 0, .. }), "{report:?}");
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        assert_eq!(readings(&vault).await.len(), 7);
        // The slots of the backup alone are an older copy now.
        vault.close().await.unwrap();
        fs::copy(copy.folder.join("slots.json"), folder.path().join("slots.json")).unwrap();
        assert!(matches!(vault.open(unlock(), OpenMode::Writer).await, Err(StoreFault::Damaged(_))));
    }
}

#[tokio::test]
async fn a_torn_note_of_a_restore_leaves_the_vault_as_it_was() {
    for note in ["", "{\"set_as"] {
        let folder = tempfile::tempdir().unwrap();
        let vault = new_vault(folder.path()).await;
        vault.commit(everything()).await.unwrap();
        let copy = back_up(&vault).await;
        add(&vault, 10..15).await;
        vault.close().await.unwrap();
        let place = folder.path().join("restoring");
        fs::create_dir(&place).unwrap();
        fs::copy(copy.folder.join("vault.db"), place.join("vault.db")).unwrap();
        fs::write(place.join("ready.json"), note).unwrap();
        let vault = opened(folder.path()).await;
        assert_eq!(readings(&vault).await.len(), 7);
        assert!(!place.exists());
    }
}

#[tokio::test]
async fn looking_ends_a_half_done_restore_and_never_takes_it_for_a_first_run() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault).await;
    let present = vault.presence().await.unwrap();
    vault.close().await.unwrap();
    // Its slots were lost, its database is set aside, and the power failed: the folder has neither of them.
    fs::remove_file(folder.path().join("slots.json")).unwrap();
    let place = folder.path().join("restoring");
    fs::create_dir(&place).unwrap();
    for file in ["vault.db", "slots.json"] {
        fs::copy(copy.folder.join(file), place.join(file)).unwrap();
    }
    fs::write(place.join("ready.json"), r#"{"set_aside":"then"}"#).unwrap();
    fs::create_dir_all(folder.path().join("damaged/then")).unwrap();
    for file in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let (from, to) = (folder.path().join(file), folder.path().join("damaged/then").join(file));
        if from.exists() {
            fs::rename(from, to).unwrap();
        }
    }
    // While another program has the right to write, it is named.
    let held = fs::OpenOptions::new().write(true).open(folder.path().join("vault.lock")).unwrap();
    held.try_lock().unwrap();
    let looking = Vault::in_folder(folder.path());
    assert!(matches!(looking.presence().await, Err(StoreFault::Held { .. })));
    drop(held);
    assert_eq!(looking.presence().await, Ok(present));
    assert!(!place.exists());
    let vault = opened(folder.path()).await;
    assert_eq!(readings(&vault).await.len(), 2);
}

#[tokio::test]
async fn a_restore_that_fails_before_any_move_leaves_the_vault_open() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault).await;
    // A file where the folder must be.
    fs::write(folder.path().join("damaged"), "").unwrap();
    assert!(matches!(restore(&vault, &copy).await, Err(StoreFault::Io(_))));
    assert!(!folder.path().join("restoring").exists());
    add(&vault, 10..15).await;
    assert_eq!(readings(&vault).await.len(), 7);
    fs::remove_file(folder.path().join("damaged")).unwrap();
    assert!(restore(&vault, &copy).await.is_ok());
}
