//! Two of the long works on one vault are asked for at once: they are done one after the other, or one is refused by name;
//! afterwards there is one whole vault with everything in it. Not here: one work alone (`backup`, `restore`, `keys`), and
//! programs that are killed (`kill`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::SafeguardReport;
use bedside_console::ports::{OpenMode, RecordStore, Safeguard, SlotChange, StoreFault};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::path::Path;
use support::batches::*;
use support::proof::*;
use support::*;

/// Batches before, of which a backup holds the first.
const BATCHES: u32 = 12;
const IN_THE_BACKUP: u32 = 8;

async fn back_up(vault: &Vault, at: i64) -> Result<SafeguardReport, StoreFault> {
    vault.safeguard(Safeguard::Backup { now: WallTime(T0 + at) }).await
}

async fn restore(vault: &Vault) -> Result<SafeguardReport, StoreFault> {
    vault.safeguard(Safeguard::Restore { backup: None, unlock: Some(unlock()), now: WallTime(T0 + 900_000) }).await
}

async fn rekey(vault: &Vault) -> Result<(), StoreFault> {
    vault.keys(SlotChange::Rekey).await
}

/// An open vault whose last batches are in no backup.
async fn vault(folder: &Path) -> Vault {
    let vault = vault_of(folder, IN_THE_BACKUP).await;
    back_up(&vault, 0).await.unwrap();
    for n in IN_THE_BACKUP..BATCHES {
        vault.commit(batch(n)).await.unwrap();
    }
    vault
}

/// Whatever came of it: everything is there once, the vault takes more, its file is sound, and so is its newest backup.
async fn is_whole(vault: &Vault, folder: &Path, batches: u32, of: &str) {
    if matches!(vault.read(bedside_console::ports::Query::VaultStatus).await, Err(StoreFault::Closed)) {
        vault.open(unlock(), OpenMode::Writer).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
    }
    assert_eq!(batches_in(vault, of).await, batches, "{of}");
    assert!(!vault.commit(batch(batches)).await.unwrap().spooled, "{of}");
    vault.close().await.unwrap();
    // The same file as the one that was just written to.
    let again = opened(folder).await;
    assert_eq!(batches_in(&again, of).await, batches + 1, "{of}: after a restart");
    again.check().await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
    let restored = restore(&again).await;
    assert!(matches!(restored, Ok(SafeguardReport::Restored { .. })), "{of}: {restored:?}");
    again.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(batches_in(&again, of).await, batches + 1, "{of}: after a restore");
    again.close().await.unwrap();
}

/// What a second work may be told that comes after the vault was closed by the first.
fn is_done_or_closed<T: std::fmt::Debug>(done: Result<T, StoreFault>, of: &str) -> bool {
    match done {
        Ok(_) => true,
        Err(StoreFault::Closed) => false,
        Err(other) => panic!("{of}: {other:?}"),
    }
}

/// Both orders, some times each; who is truly first is for the threads to say.
fn rounds() -> u64 {
    times(2, 100)
}

#[tokio::test]
async fn a_restore_and_a_backup_at_once_are_done_one_after_the_other() {
    let mut both = 0;
    for round in 0..rounds() {
        let of = format!("restore and backup, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        let (restored, backed_up) = if round % 2 == 0 {
            tokio::join!(restore(&vault), back_up(&vault, 60_000))
        } else {
            let (backed_up, restored) = tokio::join!(back_up(&vault, 60_000), restore(&vault));
            (restored, backed_up)
        };
        assert!(restored.is_ok(), "{of}: {restored:?}");
        both += u64::from(is_done_or_closed(backed_up, &of));
        is_whole(&vault, folder.path(), BATCHES, &of).await;
    }
    let all = rounds();
    tell(
        "restore and backup at once",
        &format!("{all} times, {both} both done, else the backup refused as closed, 0 lost"),
    );
}

#[tokio::test]
async fn a_restore_and_a_rekey_at_once_are_done_one_after_the_other() {
    let mut both = 0;
    for round in 0..rounds() {
        let of = format!("restore and rekey, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        let (restored, rekeyed) = if round % 2 == 0 {
            tokio::join!(restore(&vault), rekey(&vault))
        } else {
            let (rekeyed, restored) = tokio::join!(rekey(&vault), restore(&vault));
            (restored, rekeyed)
        };
        assert!(restored.is_ok(), "{of}: {restored:?}");
        both += u64::from(is_done_or_closed(rekeyed, &of));
        is_whole(&vault, folder.path(), BATCHES, &of).await;
    }
    let all = rounds();
    tell(
        "restore and rekey at once",
        &format!("{all} times, {both} both done, else the rekey refused as closed, 0 lost"),
    );
}

#[tokio::test]
async fn a_backup_and_a_rekey_at_once_are_done_one_after_the_other() {
    for round in 0..rounds() {
        let of = format!("backup and rekey, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        let (backed_up, rekeyed) = if round % 2 == 0 {
            tokio::join!(back_up(&vault, 60_000), rekey(&vault))
        } else {
            let (rekeyed, backed_up) = tokio::join!(rekey(&vault), back_up(&vault, 60_000));
            (backed_up, rekeyed)
        };
        rekeyed.unwrap();
        let SafeguardReport::BackedUp(copy) = backed_up.unwrap() else { panic!("{of}: no backup") };
        // It opens by the same secret, whichever of the two keys it has.
        let restore =
            Safeguard::Restore { backup: Some(copy.folder), unlock: Some(unlock()), now: WallTime(T0 + 800_000) };
        let restored = vault.safeguard(restore).await;
        assert!(restored.is_ok(), "{of}: {restored:?}");
        is_whole(&vault, folder.path(), BATCHES, &of).await;
    }
    tell("backup and rekey at once", &format!("{} times, both done, the copy restores, 0 lost", rounds()));
}

#[tokio::test]
async fn whoever_opens_the_vault_during_a_restore_writes_to_the_restored_one() {
    for round in 0..rounds() {
        let of = format!("restore and opening, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        vault.lock().await.unwrap();
        let (begun, over) = (folder.path().join("restoring"), folder.path().join("damaged"));
        let open_in_the_midst = async {
            while !begun.exists() && !over.exists() {
                tokio::task::yield_now().await;
            }
            vault.open(unlock(), OpenMode::Writer).await
        };
        let (restored, opened) = tokio::join!(restore(&vault), open_in_the_midst);
        opened.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        assert!(restored.is_ok(), "{of}: {restored:?}");
        is_whole(&vault, folder.path(), BATCHES, &of).await;
    }
    tell("restore and opening at once", &format!("{} times, 0 lost", rounds()));
}

#[tokio::test]
async fn what_is_captured_during_a_restore_is_in_the_restored_vault() {
    for round in 0..rounds() {
        let of = format!("restore and commits, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        let capture = async {
            for n in BATCHES..BATCHES + 20 {
                vault.commit(batch(n)).await.unwrap();
            }
        };
        let (restored, ()) = tokio::join!(restore(&vault), capture);
        assert!(restored.is_ok(), "{of}: {restored:?}");
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        file_what_waits(&vault).await;
        is_whole(&vault, folder.path(), BATCHES + 20, &of).await;
    }
    tell("restore while recording", &format!("{} times, 20 batches each, 0 lost, 0 doubled", rounds()));
}

#[tokio::test]
async fn a_vault_that_is_locked_during_a_backup_is_locked_when_the_backup_has_ended() {
    for round in 0..rounds() {
        let of = format!("backup and lock, round {round}");
        let folder = folder_in_memory();
        let vault = vault(folder.path()).await;
        let (backed_up, locked) = tokio::join!(back_up(&vault, 60_000), vault.lock());
        locked.unwrap();
        is_done_or_closed(backed_up, &of);
        assert!(vault.commit(batch(BATCHES)).await.unwrap().spooled, "{of}");
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        file_what_waits(&vault).await;
        is_whole(&vault, folder.path(), BATCHES + 1, &of).await;
    }
}

async fn file_what_waits(vault: &Vault) {
    while let Some(batch) = vault.spooled().await.unwrap() {
        let filed = bedside_console::Changes { spool_filed: Some(batch.place), ..batch.changes };
        vault.commit(filed).await.unwrap();
    }
}
