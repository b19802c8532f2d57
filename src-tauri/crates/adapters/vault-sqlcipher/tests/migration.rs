//! A vault of an earlier format: brought forward once, with a backup of how it was before.
//! Not here: kills in the middle of it (`kill`), and what each table becomes (`tables`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore};
use bedside_vault_sqlcipher::Vault;
use std::fs;
use support::*;

#[tokio::test]
async fn an_earlier_vault_is_backed_up_as_it_was_and_then_migrated_with_every_reading() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("vault");
    earlier::put(&inside);
    let before = fs::read(inside.join("slots.json")).unwrap();
    let vault = Vault::in_folder(&inside);
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    let migrated = readings(&vault).await;
    assert!(migrated.len() >= earlier::BATCHES as usize / 2, "{}", migrated.len());
    let Answer::Backups(backups) = read(&vault, Query::Backups).await else { panic!("no backups") };
    let [backup] = &backups[..] else { panic!("{backups:?}") };
    assert_eq!(fs::read(backup.folder.join("slots.json")).unwrap(), before);
    vault.check().await.unwrap();
    vault.close().await.unwrap();
    // The backup is a vault of the earlier format: it opens by itself, and is migrated then.
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for name in ["vault.db", "slots.json"] {
        fs::copy(backup.folder.join(name), copy.join(name)).unwrap();
    }
    let copy = opened(&copy).await;
    assert_eq!(readings(&copy).await.len(), migrated.len());
}

#[tokio::test]
async fn a_vault_that_is_current_is_not_backed_up_at_its_opening() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    vault.close().await.unwrap();
    let vault = opened(folder.path()).await;
    assert!(matches!(read(&vault, Query::Backups).await, Answer::Backups(none) if none.is_empty()));
}
