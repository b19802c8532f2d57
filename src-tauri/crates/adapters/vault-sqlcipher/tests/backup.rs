//! Backups of a vault that is written meanwhile: made, verified, thinned out, restored.
//! Not here: damaged files (`damage`), and kills in the middle (`kill`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore, Safeguard, StoreFault};
use bedside_console::{BackupCopy, Changes, SafeguardReport};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::fs;
use std::path::Path;
use support::*;

async fn back_up(vault: &Vault, at: i64) -> BackupCopy {
    match vault.safeguard(Safeguard::Backup { now: WallTime(at) }).await.unwrap() {
        SafeguardReport::BackedUp(copy) => copy,
        other => panic!("{other:?}"),
    }
}

async fn backups(vault: &Vault) -> Vec<BackupCopy> {
    match read(vault, Query::Backups).await {
        Answer::Backups(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn add(vault: &Vault, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let readings = vec![reading(number, T0 + i64::from(number), Some(PATIENT))];
        vault.commit(Changes { readings, ..Changes::default() }).await.unwrap();
    }
}

async fn restore(vault: &Vault, backup: Option<&BackupCopy>) -> Result<SafeguardReport, StoreFault> {
    let backup = backup.map(|copy| copy.folder.clone());
    vault.safeguard(Safeguard::Restore { backup, unlock: Some(unlock()), now: WallTime(T0 + 9) }).await
}

#[tokio::test]
async fn a_backup_is_a_folder_named_by_its_time_and_commits_and_says_that_it_was_verified() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault, T0).await;
    assert_eq!(copy.folder, folder.path().join("backups/20260318T140632Z-1"));
    assert_eq!((copy.at, copy.verified, copy.generation), (WallTime(T0), Some(WallTime(T0)), 1));
    assert_eq!(backups(&vault).await, std::slice::from_ref(&copy));
    let mut names: Vec<_> = fs::read_dir(&copy.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["backup.json", "slots.json", "vault.db"]);
}

#[tokio::test]
async fn a_backup_is_encrypted_and_for_this_user_only() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault, T0).await;
    for entry in fs::read_dir(&copy.folder).unwrap() {
        let path = entry.unwrap().path();
        let octets = fs::read(&path).unwrap();
        for marker in [b"SQLite format 3".as_slice(), b"ADEYEMI-MARKER", b"CREATE TABLE"] {
            assert!(!octets.windows(marker.len()).any(|window| window == marker), "{}", path.display());
        }
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o77, 0);
    }
}

#[tokio::test]
async fn commits_go_on_during_a_backup_and_the_backup_holds_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    add(&vault, 0..200).await;
    // The vault's work runs on threads of its own.
    let (copy, ()) = tokio::join!(back_up(&vault, T0), add(&vault, 200..400));
    assert_eq!(readings(&vault).await.len(), 400);
    assert!((200..=400).contains(&copy.generation), "{}", copy.generation);
    vault.close().await.unwrap();
    // Put back by hand: it is a vault like any other.
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["vault.db", "slots.json"] {
        fs::copy(copy.folder.join(name), elsewhere.path().join(name)).unwrap();
    }
    let vault = opened(elsewhere.path()).await;
    assert_eq!(readings(&vault).await.len() as u64, copy.generation);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn old_backups_are_thinned_out_and_half_made_ones_are_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let half = folder.path().join("backups/.unfinished-1");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("vault.db"), "half").unwrap();
    for quarter in 0..6 {
        back_up(&vault, T0 + quarter * 900_000).await;
    }
    let kept: Vec<i64> = backups(&vault).await.iter().map(|copy| (copy.at.0 - T0) / 900_000).collect();
    assert_eq!(kept, [5, 4, 3]);
    assert!(!half.exists());
}

#[tokio::test]
async fn a_manifest_that_was_changed_no_longer_counts_as_verified() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault, T0).await;
    let manifest = copy.folder.join("backup.json");
    let text = fs::read_to_string(&manifest).unwrap().replace("\"generation\": 1", "\"generation\": 9");
    fs::write(&manifest, text).unwrap();
    let [listed] = &backups(&vault).await[..] else { panic!("one backup") };
    assert_eq!((listed.generation, listed.verified), (9, None));
}

#[tokio::test]
async fn a_restore_gives_what_the_backup_held_and_what_the_vault_had_beyond_it_and_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault, T0).await;
    add(&vault, 10..15).await;
    let before = readings(&vault).await;
    let report = restore(&vault, Some(&copy)).await.unwrap();
    let SafeguardReport::Restored { backup, set_aside, recovered, missing_commits, unreadable } = report else {
        panic!("not restored")
    };
    assert_eq!((backup.folder, recovered, missing_commits, unreadable), (copy.folder, 5, 0, vec![]));
    assert!(set_aside.starts_with(folder.path().join("damaged")) && set_aside.join("vault.db").exists());
    assert_eq!(vault.read(Query::Patients).await.err(), Some(StoreFault::Closed));
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    let key = |all: &[bedside_console::StoredReading]| {
        let mut all: Vec<_> = all.iter().map(|reading| (reading.id, reading.patient)).collect();
        all.sort();
        all
    };
    assert_eq!(key(&readings(&vault).await), key(&before));
    vault.check().await.unwrap();
}

#[tokio::test]
async fn without_a_name_the_newest_backup_that_verifies_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let good = back_up(&vault, T0).await;
    let bad = back_up(&vault, T0 + 60_000).await;
    let database = bad.folder.join("vault.db");
    let mut octets = fs::read(&database).unwrap();
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(&database, octets).unwrap();
    assert!(matches!(restore(&vault, Some(&bad)).await, Err(StoreFault::Damaged(_))));
    // A restore that cannot begin leaves the vault open.
    assert_eq!(readings(&vault).await.len(), 2);
    let SafeguardReport::Restored { backup, .. } = restore(&vault, None).await.unwrap() else { panic!("not restored") };
    assert_eq!(backup.folder, good.folder);
}

#[tokio::test]
async fn without_any_backup_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    assert!(restore(&vault, None).await.is_err());
    assert_eq!(readings(&vault).await.len(), 2);
    assert!(!folder.path().join("damaged").exists());
}

#[tokio::test]
async fn backups_may_lie_elsewhere() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = Vault::in_folder(folder.path()).with_backups(elsewhere.path());
    vault.create(made_of()).await.unwrap();
    vault.commit(everything()).await.unwrap();
    let copy = back_up(&vault, T0).await;
    // A folder that several vaults share has one for each.
    assert!(copy.folder.starts_with(elsewhere.path().join(VAULT.0.to_string())), "{}", copy.folder.display());
    assert!(!folder.path().join("backups").exists());
    vault.close().await.unwrap();
    // The whole folder of the vault may be gone but for the slots.
    fs::remove_file(folder.path().join("vault.db")).unwrap();
    restore_closed(folder.path(), elsewhere.path()).await;
    assert_eq!(readings(&opened(folder.path()).await).await.len(), 2);
}

async fn restore_closed(folder: &Path, backups: &Path) {
    let vault = Vault::in_folder(folder).with_backups(backups);
    restore(&vault, None).await.unwrap();
}

/// What a restore leaves unfinished is finished by whoever next opens the vault, wherever it was broken off.
#[tokio::test]
async fn a_restore_that_is_broken_off_between_any_two_moves_leaves_a_vault_that_opens() {
    for moves in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let vault = new_vault(folder.path()).await;
        vault.commit(everything()).await.unwrap();
        let copy = back_up(&vault, T0).await;
        add(&vault, 10..13).await;
        vault.close().await.unwrap();
        // The state right after "ready": as `restore` leaves it when the power fails there.
        let place = folder.path().join("restoring");
        fs::create_dir(&place).unwrap();
        fs::copy(copy.folder.join("vault.db"), place.join("vault.db")).unwrap();
        fs::write(place.join("ready.json"), r#"{"set_aside":"now"}"#).unwrap();
        let aside = folder.path().join("damaged/now");
        fs::create_dir_all(&aside).unwrap();
        fs::write(folder.path().join("vault.db-wal"), "an old log").unwrap();
        let steps: [(&Path, &Path); 3] = [
            (&folder.path().join("vault.db"), &aside.join("vault.db")),
            (&folder.path().join("vault.db-wal"), &aside.join("vault.db-wal")),
            (&place.join("vault.db"), &folder.path().join("vault.db")),
        ];
        for (from, to) in steps.iter().take(moves) {
            fs::rename(from, to).unwrap();
        }
        let vault = opened(folder.path()).await;
        assert_eq!(readings(&vault).await.len(), 2, "after {moves} moves");
        assert_eq!(fs::read(aside.join("vault.db-wal")).unwrap(), b"an old log");
        assert!(aside.join("vault.db").exists() && !place.exists());
        vault.check().await.unwrap();
    }
}
