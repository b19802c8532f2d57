//! A database with pages that cannot be read: found, told once, the rest salvaged, a backup in its place.
//! Not here: that every flipped bit is found (`bit_flips`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore, Safeguard, StoreFault};
use bedside_console::{AuditAction, AuditEntry, Changes, SafeguardReport, SpooledBatch};
use bedside_outbox::{OutboxRow, RowState};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::*;

const PAGE: usize = 4096;

/// Readings `from..until` in commits of fifty, with a frame and a record for the server each.
async fn fill(vault: &Vault, from: u32, until: u32) {
    for first in (from..until).step_by(50) {
        let numbers = first..(first + 50).min(until);
        let readings = numbers.clone().map(|n| reading(n, T0 + i64::from(n) * 1000, Some(PATIENT))).collect();
        let outbox = numbers.clone().map(record).collect();
        let frames = numbers.map(|n| frame(u64::from(n), None)).collect();
        vault.commit(Changes { readings, frames, outbox, ..Changes::default() }).await.unwrap();
    }
}

/// A record for the server with a resource that is this one's alone.
fn record(n: u32) -> OutboxRow {
    let payload = format!(r#"{{"resourceType":"Observation","note":[{{"text":"{}"}}]}}"#, format!("{n} ").repeat(100));
    OutboxRow { payload, ..outbox_row(10_000 + u128::from(n), RowState::Waiting, T0 + i64::from(n)) }
}

/// Every record for the server but that of `everything`, by its number; each has its own resource.
async fn records(vault: &Vault) -> BTreeSet<u32> {
    let query = Query::OutboxRows { states: RowState::ALL.to_vec(), limit: usize::MAX };
    let Answer::OutboxRows(rows) = read(vault, query).await else { panic!("no rows") };
    let all = rows.into_iter().filter(|row| row.id.0.as_u128() >= 10_000).map(|row| {
        let n = u32::try_from(row.id.0.as_u128() - 10_000).unwrap();
        assert_eq!(row, record(n));
        n
    });
    all.collect()
}

fn damage(folder: &Path, page: usize) {
    let database = folder.join("vault.db");
    let mut octets = fs::read(&database).unwrap();
    octets[page * PAGE + 1234] ^= 0x10;
    fs::write(&database, octets).unwrap();
}

fn pages(folder: &Path) -> usize {
    fs::read(folder.join("vault.db")).unwrap().len() / PAGE
}

async fn ids(vault: &Vault) -> BTreeSet<bedside_vitals::ReadingId> {
    readings(vault).await.into_iter().map(|reading| reading.id).collect()
}

async fn restore(vault: &Vault) -> SafeguardReport {
    let task = Safeguard::Restore { backup: None, unlock: Some(unlock()), now: WallTime(T0) };
    vault.safeguard(task).await.unwrap()
}

#[tokio::test]
async fn whatever_page_is_damaged_the_backup_and_the_readable_rest_come_back_and_what_is_missing_is_said() {
    let original = tempfile::tempdir().unwrap();
    let vault = new_vault(original.path()).await;
    vault.commit(everything()).await.unwrap();
    fill(&vault, 100, 300).await;
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    let backed_up = ids(&vault).await;
    fill(&vault, 300, 700).await;
    let all = ids(&vault).await;
    assert_eq!(records(&vault).await, (100..700).collect());
    vault.close().await.unwrap();
    let (mut whole, mut partly) = (0, 0);
    for page in (0..pages(original.path())).step_by(11) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(original.path(), folder.path());
        damage(folder.path(), page);
        let vault = Vault::in_folder(folder.path());
        let SafeguardReport::Restored { set_aside, recovered, missing_commits, unreadable, .. } = restore(&vault).await
        else {
            panic!("not restored")
        };
        assert!(set_aside.join("vault.db").exists());
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        vault.check().await.unwrap();
        let kept = ids(&vault).await;
        assert!(kept.is_superset(&backed_up) && kept.is_subset(&all), "page {page}");
        assert_eq!(recovered as usize, kept.len() - backed_up.len(), "page {page}");
        let recorded = records(&vault).await;
        assert!(
            recorded.is_superset(&(100..300).collect()) && recorded.is_subset(&(100..700).collect()),
            "page {page}"
        );
        // Nothing is missing without a word.
        if kept.len() < all.len() || recorded.len() < 600 {
            assert!(!unreadable.is_empty(), "page {page}");
            assert!(missing_commits > 0, "page {page}: {unreadable:?}");
            partly += 1;
        } else {
            whole += 1;
        }
        // The vault goes on.
        fill(&vault, 700, 710).await;
    }
    assert!(whole > partly && partly > 0, "{whole} whole, {partly} partly");
}

/// A small vault, so that each page is tried: also the first page of every table and index.
#[tokio::test]
async fn with_any_single_page_lost_a_restore_ends_and_the_vault_is_sound() {
    let original = tempfile::tempdir().unwrap();
    let vault = new_vault(original.path()).await;
    vault.commit(everything()).await.unwrap();
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    for n in 0..120_u32 {
        let outbox = vec![record(n)];
        let n = i64::from(n);
        let audit = vec![AuditEntry::new(WallTime(T0 + n), AuditAction::PatientOpened)];
        let (samples, medians) = (vec![heart_rate(T0 + n * 60_000, 60..120)], vec![median((T0 / 60_000 + n) * 60_000)]);
        vault.commit(Changes { audit, samples, medians, outbox, ..Changes::default() }).await.unwrap();
    }
    vault.maintain(WallTime(T0 + 200 * 60_000), std::time::Duration::from_secs(9), None).await.unwrap();
    vault.close().await.unwrap();
    for page in 0..pages(original.path()) {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(original.path(), folder.path());
        damage(folder.path(), page);
        let vault = Vault::in_folder(folder.path());
        let task = Safeguard::Restore { backup: None, unlock: Some(unlock()), now: WallTime(T0) };
        vault.safeguard(task).await.unwrap_or_else(|fault| panic!("page {page}: {fault}"));
        vault.open(unlock(), OpenMode::Writer).await.unwrap();
        vault.check().await.unwrap_or_else(|fault| panic!("page {page}: {fault}"));
        records(&vault).await;
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn samples_and_frames_of_the_damaged_file_come_back_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    let minute = |m: i64| Changes {
        samples: vec![heart_rate(T0 + m * 60_000, 60..120)],
        frames: (0..60).map(|f| frame((m * 60 + f + 10) as u64, None)).collect(),
        medians: vec![median((T0 / 60_000 + m) * 60_000)],
        ..Changes::default()
    };
    for m in 1..20 {
        vault.commit(minute(m)).await.unwrap();
    }
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    for m in 20..30 {
        vault.commit(minute(m)).await.unwrap();
    }
    // Packed in the one, single in the other.
    vault.maintain(WallTime(T0 + 40 * 60_000), std::time::Duration::from_secs(9), None).await.unwrap();
    for m in 30..33 {
        vault.commit(minute(m)).await.unwrap();
    }
    let before = batches::status(&vault).await;
    let trend_before = trend(&vault, bedside_vitals::Parameter::HeartRate, T0, T0 + 3_600_000, 60).await;
    restore(&vault).await;
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    let after = batches::status(&vault).await;
    assert_eq!((after.samples, after.frames), (before.samples, before.frames));
    assert_eq!((after.readings, after.rejected_frames), (before.readings, before.rejected_frames));
    let trend_after = trend(&vault, bedside_vitals::Parameter::HeartRate, T0, T0 + 3_600_000, 60).await;
    assert_eq!(trend_after, trend_before);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn an_open_vault_whose_file_is_damaged_stops_writing_to_it_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    fill(&vault, 100, 700).await;
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    vault.check().await.unwrap();
    for page in 2..pages(folder.path()) {
        damage(folder.path(), page);
    }
    let query = || Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX };
    let mut fault = None;
    for _ in 0..3 {
        fault = vault.read(query()).await.err().or(fault);
    }
    assert!(matches!(fault, Some(StoreFault::Damaged(_))), "{fault:?}");
    assert!(matches!(vault.read(Query::Patients).await, Err(StoreFault::Damaged(_))));
    // Captured values go on into the spool.
    let readings_since = vec![reading(900, T0, Some(PATIENT))];
    let receipt = vault.commit(Changes { readings: readings_since, ..Changes::default() }).await.unwrap();
    assert!(receipt.spooled);
    // The key is still known: no sign-in is needed to restore.
    let task = Safeguard::Restore { backup: None, unlock: None, now: WallTime(T0) };
    assert!(matches!(vault.safeguard(task).await, Ok(SafeguardReport::Restored { .. })));
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    while let Some(SpooledBatch { place, changes, .. }) = vault.spooled().await.unwrap() {
        vault.commit(Changes { spool_filed: Some(place), ..changes }).await.unwrap();
    }
    assert_eq!(readings(&vault).await.len(), 603);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn an_opening_looks_for_damage() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(everything()).await.unwrap();
    fill(&vault, 100, 700).await;
    vault.close().await.unwrap();
    let last = pages(folder.path()) - 1;
    damage(folder.path(), last);
    let vault = Vault::in_folder(folder.path());
    assert!(matches!(vault.open(unlock(), OpenMode::Writer).await, Err(StoreFault::Damaged(_))));
}

/// SQLCipher would write a line for each failed page: this test runs itself in another process and looks at its stderr.
#[test]
fn a_damaged_page_prints_nothing() {
    const FOLDER: &str = "BEDSIDE_DAMAGED_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let vault = Vault::in_folder(Path::new(&folder));
            assert!(vault.open(unlock(), OpenMode::Writer).await.is_err());
            restore(&vault).await;
        });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let vault = new_vault(folder.path()).await;
        vault.commit(everything()).await.unwrap();
        fill(&vault, 100, 700).await;
        vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
        vault.close().await.unwrap();
    });
    for page in [20, 30, 40] {
        damage(folder.path(), page);
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_damaged_page_prints_nothing", "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "", "{said}");
}
