//! What can be wrong with a vault's files, and that each has its own fault.
//! Not here: a program that is killed (`kill`), and a full disk (`disk_full`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::Changes;
use bedside_console::ports::{
    DeviceSecret, NewVault, OpenMode, Query, RecordStore, StoreFault, Unlock, VaultId, VaultPresence,
};
use bedside_vault_sqlcipher::Vault;
use std::fs;
use std::path::Path;
use std::time::Duration;
use support::*;
use uuid::Uuid;

async fn closed_vault(folder: &Path) -> Vault {
    let vault = new_vault(folder).await;
    vault.commit(everything()).await.unwrap();
    vault.close().await.unwrap();
    vault
}

async fn fault_of_opening(folder: &Path) -> StoreFault {
    Vault::in_folder(folder).open(unlock(), OpenMode::Writer).await.unwrap_err()
}

fn plain(database: &Path, sql: &str) -> rusqlite::Result<i64> {
    rusqlite::Connection::open(database)?.query_row(sql, [], |row| row.get(0))
}

#[tokio::test]
async fn presence_tells_a_first_run_from_a_vault_without_touching_anything() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("vault");
    let vault = Vault::in_folder(&inside);
    assert_eq!(vault.presence().await, Ok(VaultPresence::Missing));
    assert_eq!(vault.open(unlock(), OpenMode::Writer).await, Err(StoreFault::Missing));
    assert!(!inside.exists());
    vault.create(made_of()).await.unwrap();
    assert_eq!(vault.presence().await.unwrap().id(), Some(VAULT));
}

#[tokio::test]
async fn a_vault_is_never_created_over_another() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    let before = fs::read(folder.path().join("slots.json")).unwrap();
    let again = Vault::in_folder(folder.path()).create(NewVault { id: VaultId(Uuid::nil()), ..made_of() }).await;
    assert_eq!(again, Err(StoreFault::AlreadyThere));
    assert_eq!(fs::read(folder.path().join("slots.json")).unwrap(), before);
}

#[tokio::test]
async fn a_database_without_its_slots_is_no_first_run() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    fs::remove_file(folder.path().join("slots.json")).unwrap();
    let vault = Vault::in_folder(folder.path());
    assert!(matches!(vault.presence().await, Err(StoreFault::Damaged(_))));
    assert_eq!(vault.create(made_of()).await, Err(StoreFault::AlreadyThere));
    assert!(matches!(fault_of_opening(folder.path()).await, StoreFault::Damaged(_)));
}

#[tokio::test]
async fn slots_without_their_database_are_damage_and_make_no_empty_vault() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    fs::remove_file(folder.path().join("vault.db")).unwrap();
    assert!(matches!(fault_of_opening(folder.path()).await, StoreFault::Damaged(_)));
    assert!(!folder.path().join("vault.db").exists());
}

#[tokio::test]
async fn another_secret_is_a_wrong_key_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    let before = fs::read(folder.path().join("vault.db")).unwrap();
    let vault = Vault::in_folder(folder.path());
    let wrong = DeviceSecret::new([0; 32]);
    for mode in [OpenMode::Writer, OpenMode::Reader] {
        assert_eq!(
            vault.open(Unlock::Device(DeviceSecret::new(*wrong.reveal())), mode).await,
            Err(StoreFault::WrongKey)
        );
    }
    assert_eq!(fs::read(folder.path().join("vault.db")).unwrap(), before);
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
}

#[tokio::test]
async fn a_closed_vault_answers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = closed_vault(folder.path()).await;
    assert_eq!(vault.commit(Changes::default()).await, Err(StoreFault::Closed));
    assert_eq!(vault.read(Query::Patients).await.err(), Some(StoreFault::Closed));
    assert_eq!(vault.maintain(bedside_vitals::WallTime(0), Duration::ZERO, None).await, Err(StoreFault::Closed));
    assert_eq!(vault.check().await, Err(StoreFault::Closed));
}

#[tokio::test]
async fn a_second_writer_is_told_who_holds_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let StoreFault::Held { holder } = fault_of_opening(folder.path()).await else { panic!("not held") };
    assert!(holder.ends_with(&format!(" {}", std::process::id())), "{holder}");
    assert!(holder.starts_with("faults-"), "{holder}");
    vault.close().await.unwrap();
    opened(folder.path()).await;
}

#[tokio::test]
async fn a_later_format_of_either_file_is_newer() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    fs::write(folder.path().join("slots.json"), r#"{"format":7}"#).unwrap();
    assert_eq!(fault_of_opening(folder.path()).await, StoreFault::Newer { found: 7, known: 2 });
    assert_eq!(Vault::in_folder(folder.path()).presence().await, Err(StoreFault::Newer { found: 7, known: 2 }));
}

#[tokio::test]
async fn damage_anywhere_in_the_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    closed_vault(folder.path()).await;
    let database = folder.path().join("vault.db");
    let good = fs::read(&database).unwrap();
    for page in 0..good.len() / 4096 {
        let mut bad = good.clone();
        bad[page * 4096 + 1234] ^= 0x10;
        fs::write(&database, &bad).unwrap();
        let vault = Vault::in_folder(folder.path());
        let found = match vault.open(unlock(), OpenMode::Writer).await {
            Ok(()) => vault.check().await,
            Err(fault) => Err(fault),
        };
        assert!(matches!(found, Err(StoreFault::Damaged(_))), "page {page}: {found:?}");
    }
    fs::write(&database, &good[..good.len() / 2]).unwrap();
    let vault = Vault::in_folder(folder.path());
    let cut = match vault.open(unlock(), OpenMode::Writer).await {
        Ok(()) => vault.check().await,
        Err(fault) => Err(fault),
    };
    assert!(matches!(cut, Err(StoreFault::Damaged(_))), "{cut:?}");
}

#[tokio::test]
async fn files_of_two_vaults_do_not_open_together() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    closed_vault(one.path()).await;
    closed_vault(two.path()).await;
    fs::copy(two.path().join("vault.db"), one.path().join("vault.db")).unwrap();
    assert!(matches!(fault_of_opening(one.path()).await, StoreFault::Damaged(_)));
}

#[tokio::test]
async fn nothing_is_readable_without_the_key_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let database = folder.path().join("vault.db");
    assert!(plain(&database, "SELECT count(*) FROM patient").is_err());
    // The log is still there: the vault is open.
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let octets = fs::read(&file).unwrap();
        for marker in [b"SQLite format 3".as_slice(), b"ADEYEMI-MARKER", b"MRN-4711", b"Folake", b"CREATE TABLE"] {
            let found = octets.windows(marker.len()).any(|window| window == marker);
            assert!(!found, "{} in {}", String::from_utf8_lossy(marker), file.display());
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("vault");
    let vault = new_vault(&inside).await;
    vault.commit(everything()).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    for entry in fs::read_dir(&inside).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// A crash between the slot file and the database leaves a slot file that says so.
#[tokio::test]
async fn a_creation_that_was_broken_off_is_finished_at_the_next_opening() {
    for lost in [&["vault.db"][..], &[]] {
        let folder = tempfile::tempdir().unwrap();
        broken_off(folder.path()).await;
        for name in lost {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        let vault = Vault::in_folder(folder.path());
        assert_eq!(vault.presence().await.unwrap().id(), Some(VAULT));
        assert_eq!(vault.open(unlock(), OpenMode::Reader).await, Err(StoreFault::Missing));
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        vault.commit(everything()).await.unwrap();
        vault.close().await.unwrap();
        // From now on the database must be there.
        fs::remove_file(folder.path().join("vault.db")).unwrap();
        assert!(matches!(fault_of_opening(folder.path()).await, StoreFault::Damaged(_)));
    }
}

/// Makes a vault up to the moment between slot file and tables: a folder stands where the write-ahead log must be.
async fn broken_off(folder: &Path) {
    let in_the_way = folder.join("vault.db-wal");
    fs::create_dir(&in_the_way).unwrap();
    assert!(Vault::in_folder(folder).create(made_of()).await.is_err());
    fs::remove_dir(&in_the_way).unwrap();
    assert!(folder.join("slots.json").exists() && folder.join("vault.db").exists());
}
