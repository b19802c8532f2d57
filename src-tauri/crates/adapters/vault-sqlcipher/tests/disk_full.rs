//! A full disk: typed, nothing lost, and the vault goes on by itself when there is room again.
//! Not here: other faults. Needs the right to mount a small file system, and says so where it is missing.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(target_os = "linux")]
mod support;

use bedside_console::ports::{RecordStore, Safeguard, StoreFault};
use bedside_console::{Changes, SafeguardReport};
use bedside_vault_sqlcipher::Vault;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs;
use std::path::Path;
use support::proof::*;
use support::*;

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        Self::of(c"size=3m")
    }

    fn of(size: &std::ffi::CStr) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), Some(size)).ok()?;
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(self.0.path(), UnmountFlags::DETACH);
    }
}

#[tokio::test]
async fn a_full_disk_is_reported_and_the_vault_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new() else {
        tell("disk full", "LEFT OUT: no right to mount a small file system");
        return;
    };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![7; 900 * 1024]).unwrap();
    let vault = new_vault(&disk.path().join("vault")).await;
    let batch = |i: u32| {
        let frames = (0..40).map(|f| frame(u64::from(i) * 40 + f, Some(&"x".repeat(200)))).collect();
        Changes { readings: vec![reading(i, T0 + i64::from(i), Some(PATIENT))], frames, ..Changes::default() }
    };
    let mut stored = 0;
    let fault = loop {
        match vault.commit(batch(stored)).await {
            Ok(receipt) => assert_eq!(receipt.generation, u64::from(stored) + 1),
            Err(fault) => break fault,
        }
        stored += 1;
        assert!(stored < 5000, "the disk never fills");
    };
    assert_eq!(fault, StoreFault::DiskFull);
    assert_eq!(vault.commit(batch(stored)).await, Err(StoreFault::DiskFull));
    assert_eq!(readings(&vault).await.len(), stored as usize);
    assert!(stored > 20, "only {stored} commits");

    fs::remove_file(&ballast).unwrap();
    let receipt = vault.commit(batch(stored)).await.unwrap();
    assert_eq!(receipt.generation, u64::from(stored) + 1);
    vault.close().await.unwrap();
    let vault = opened(&disk.path().join("vault")).await;
    assert_eq!(readings(&vault).await.len(), stored as usize + 1);
    vault.check().await.unwrap();
    tell(
        "disk full",
        &format!("{stored} commits until it was full, 0 lost, read meanwhile, went on when there was room"),
    );
}

async fn free(vault: &Vault) -> u64 {
    match vault.safeguard(Safeguard::Space).await.unwrap() {
        SafeguardReport::Space { free_octets } => free_octets,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_ballast_is_given_up_at_full_so_that_commits_go_on_and_is_made_again_when_there_is_room() {
    let Some(disk) = SmallDisk::of(c"size=128m") else {
        println!("skipped: no right to mount a small file system");
        return;
    };
    let folder = disk.path().join("vault");
    let vault = new_vault(&folder).await;
    let before = free(&vault).await;
    assert!(before > 100_000_000, "{before}");
    let ballast = folder.join("ballast");
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 8 * 1024 * 1024);
    // Somebody else fills the disk to the last octet.
    let filler = disk.path().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    let batch = |i: u32| Changes { readings: vec![reading(i, T0 + i64::from(i), Some(PATIENT))], ..Changes::default() };
    for i in 0..50 {
        vault.commit(batch(i)).await.unwrap();
    }
    assert!(!ballast.exists());
    // The end is in order, too: the log is emptied.
    vault.close().await.unwrap();
    assert!(!folder.join("vault.db-wal").exists());
    let vault = opened(&folder).await;
    assert_eq!(readings(&vault).await.len(), 50);
    free(&vault).await;
    assert!(!ballast.exists(), "made again while the disk is low");
    drop(file);
    fs::remove_file(&filler).unwrap();
    free(&vault).await;
    assert!(ballast.exists());
    assert!(matches!(vault.safeguard(Safeguard::Check).await, Ok(SafeguardReport::Sound)));
    tell(
        "disk full, ballast",
        "50 commits after the last octet was taken, 0 lost, closed in order, ballast made again",
    );
}

#[tokio::test]
async fn a_backup_for_which_there_is_no_room_leaves_nothing_behind() {
    let Some(disk) = SmallDisk::of(c"size=12m") else {
        println!("skipped: no right to mount a small file system");
        return;
    };
    let folder = disk.path().join("vault");
    let vault = new_vault(&folder).await;
    vault.commit(everything()).await.unwrap();
    let made = vault.safeguard(Safeguard::Backup { now: bedside_vitals::WallTime(T0) }).await;
    assert_eq!(made, Err(StoreFault::DiskFull));
    assert_eq!(fs::read_dir(folder.join("backups")).unwrap().count(), 0);
    vault.commit(everything()).await.unwrap();
}
