//! A full disk: typed, nothing lost, and the vault goes on by itself when there is room again.
//! Not here: other faults. Needs the right to mount a small file system, and says so where it is missing.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(target_os = "linux")]
mod support;

use bedside_console::Changes;
use bedside_console::ports::{RecordStore, StoreFault};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs;
use std::path::Path;
use support::*;

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let size = c"size=3m";
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
        println!("skipped: no right to mount a small file system");
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
}
