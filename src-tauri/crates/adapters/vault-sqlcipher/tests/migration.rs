//! A vault of an earlier format: brought forward once, with a backup of how it was before.
//! Not here: kills in the middle of it (`kill`), and what each table becomes (`tables`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore};
use bedside_console::{AuditVerdict, Changes};
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

/// Puts the vault of format 3, with the batches that were spooled while it was locked.
fn put_third(folder: &std::path::Path) {
    fs::create_dir_all(folder.join("spool")).unwrap();
    let earlier = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earlier/format3");
    for name in ["vault.db", "slots.json"] {
        fs::copy(earlier.join(name), folder.join(name)).unwrap();
    }
    for entry in fs::read_dir(earlier.join("spool")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join("spool").join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_vault_of_the_third_format_keeps_its_audit_log_its_digests_and_its_anchor() {
    let folder = tempfile::tempdir().unwrap();
    put_third(folder.path());
    let vault = opened(folder.path()).await;
    assert!(matches!(read(&vault, Query::VerifyDigests).await, Answer::Digests(None)));
    let verdict = read(&vault, Query::VerifyAudit(None)).await;
    let sound = Answer::AuditVerdict(AuditVerdict::Sound { entries: 121, signed: 121 });
    assert_eq!(format!("{verdict:?}"), format!("{sound:?}"));
    assert!(matches!(read(&vault, Query::AnchorKept).await, Answer::AnchorKept(false)));
    let kept = Changes { anchor_kept: true, ..Changes::default() };
    vault.commit(kept).await.unwrap();
    assert!(matches!(read(&vault, Query::AnchorKept).await, Answer::AnchorKept(true)));
    vault.check().await.unwrap();
    vault.close().await.unwrap();
    opened(folder.path()).await.check().await.unwrap();
}

#[tokio::test]
async fn a_spool_of_before_proofs_brings_its_values_to_the_inbox_and_nothing_under_a_name() {
    let folder = tempfile::tempdir().unwrap();
    put_third(folder.path());
    let vault = opened(folder.path()).await;
    let before = readings(&vault).await.len();
    let batch = vault.spooled().await.unwrap().unwrap();
    assert_eq!((batch.unproven, batch.refused, batch.changes.audit.len()), (3, 3, 0));
    vault.commit(Changes { spool_filed: Some(batch.place), ..batch.changes }).await.unwrap();
    assert!(vault.spooled().await.unwrap().is_none());
    let all = readings(&vault).await;
    assert_eq!(all.len(), before + 3);
    assert_eq!(all.iter().filter(|one| one.patient.is_none()).count(), 3 + 1, "one had no patient before");
    assert_eq!(fs::read_dir(folder.path().join("damaged")).unwrap().count(), 3);
}
