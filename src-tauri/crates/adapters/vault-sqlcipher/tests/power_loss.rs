//! The power goes at a random moment: of what was written since the last `sync` of a file any sectors reached the disk,
//! torn ones too. All that was acknowledged is there. Not here: a log that is damaged afterwards (`torn_wal`).
//!
//! The vault works once, and a file system in front of the real one keeps every write and sync; each image is what a disk
//! could hold at one moment of that tape. As SQLite does, it takes for granted that a write harms no neighbouring octet.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;
#[path = "support/sys.rs"]
#[allow(dead_code, reason = "this test lets nothing fail")]
mod sys;

use bedside_console::ports::{OpenMode, RecordStore};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use support::batches::*;
use support::proof::*;
use support::*;
use sys::Deed;

const SECTOR: usize = 512;
/// SQLCipher keeps its salt in the first octets of the database and reads it before the log. No write ever changes them; a
/// disk that garbles even what stays the same loses the vault, and a backup is what helps (decision 0017).
const SALT: usize = 16;
const BEFORE: u32 = 5;
const BATCHES: u32 = 32;

/// A file on a disk that may lose power: what is safe, and what is on its way.
#[derive(Clone, Default)]
struct OnDisk {
    safe: Vec<u8>,
    pending: Vec<Pending>,
    is_deleted: bool,
}

#[derive(Clone)]
enum Pending {
    Write { offset: usize, octets: Vec<u8> },
    Truncate(usize),
}

fn write(file: &mut Vec<u8>, offset: usize, octets: &[u8]) {
    file.resize(file.len().max(offset + octets.len()), 0);
    file[offset..offset + octets.len()].copy_from_slice(octets);
}

impl OnDisk {
    fn will(&mut self, deed: Pending) {
        if self.is_deleted {
            *self = Self::default();
        }
        self.pending.push(deed);
    }

    fn sync(&mut self) {
        for deed in self.pending.drain(..) {
            match deed {
                Pending::Write { offset, octets } => write(&mut self.safe, offset, &octets),
                Pending::Truncate(size) => self.safe.resize(size, 0),
            }
        }
    }

    /// What is found when the power is back, the first octets unharmed; `None` = no file.
    fn after_loss(&self, unharmed: usize, dice: &mut Dice) -> Option<Vec<u8>> {
        if self.is_deleted && dice.below(2) == 0 {
            return None;
        }
        let mut found = self.safe.clone();
        for deed in &self.pending {
            match deed {
                Pending::Truncate(size) if dice.below(2) == 0 => found.resize(*size, 0),
                Pending::Truncate(_) => {}
                Pending::Write { offset, octets } => {
                    let mut at = *offset;
                    let end = offset + octets.len();
                    while at < end {
                        let next = (at / SECTOR * SECTOR + SECTOR).min(end);
                        let sector = &octets[at - offset..next - offset];
                        match dice.below(8) {
                            0..4 => write(&mut found, at, sector),
                            4 => write(&mut found, at, &dice.octets(sector.len())),
                            _ => {}
                        }
                        at = next;
                    }
                }
            }
        }
        let unharmed = unharmed.min(found.len()).min(self.safe.len());
        found[..unharmed].copy_from_slice(&self.safe[..unharmed]);
        Some(found)
    }
}

/// The disk as the tape leaves it before its deed of this number, and how many batches were acknowledged by then.
fn replay(start: &Image, tape: &[Deed], until: usize) -> (BTreeMap<String, OnDisk>, u32) {
    let mut disk: BTreeMap<String, OnDisk> = BTreeMap::new();
    for (name, octets) in &start.0 {
        disk.insert(name.clone(), OnDisk { safe: octets.clone(), ..OnDisk::default() });
    }
    let mut acknowledged = BEFORE;
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for deed in &tape[..until] {
        match deed {
            Deed::Write { file, offset, octets } => {
                let offset = usize::try_from(*offset).unwrap();
                disk.entry(name(file)).or_default().will(Pending::Write { offset, octets: octets.clone() });
            }
            Deed::Truncate { file, size } => {
                disk.entry(name(file)).or_default().will(Pending::Truncate(usize::try_from(*size).unwrap()));
            }
            Deed::Sync { file } => disk.entry(name(file)).or_default().sync(),
            Deed::Delete { file } => disk.entry(name(file)).or_default().is_deleted = true,
            Deed::Mark(count) => acknowledged = u32::try_from(*count).unwrap(),
        }
    }
    (disk, acknowledged)
}

/// Lets a vault work, and keeps what it did to its files.
async fn tape_of(folder: &Path) -> (Image, Vec<Deed>) {
    vault_of(folder, BEFORE).await.close().await.unwrap();
    let start = Image::of(folder);
    sys::record();
    let vault = opened(folder).await;
    for n in BEFORE..BATCHES {
        vault.commit(batch(n)).await.unwrap();
        sys::mark(u64::from(n) + 1);
        if n % 7 == 6 {
            vault.maintain(WallTime(T0 + i64::from(n) * 1000 + 330_000), Duration::from_secs(1), None).await.unwrap();
        }
        if n % 13 == 12 {
            vault.check().await.unwrap();
        }
    }
    vault.close().await.unwrap();
    (start, sys::recorded())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_whenever_the_power_goes() {
    sys::install();
    let home = folder_in_memory();
    let (start, tape) = tape_of(&home.path().join("first")).await;
    assert!(tape.iter().any(|deed| matches!(deed, Deed::Sync { .. })), "nothing was recorded");
    let folder = home.path().join("found");
    let images = times(150, 20_000);
    let mut dice = Dice::new(0x9073);
    let (mut receipts, mut unsaid) = (0u64, 0u64);
    for number in 0..images {
        let until = dice.below(tape.len() + 1);
        let (disk, acknowledged) = replay(&start, &tape, until);
        let unharmed = |name: &str| if name == "vault.db" { SALT } else { 0 };
        let found =
            disk.iter().filter_map(|(name, file)| Some((name.clone(), file.after_loss(unharmed(name), &mut dice)?)));
        Image(found.filter(|(name, _)| !name.is_empty()).collect()).put(&folder);
        let of = format!("image {number}, before deed {until} of {}", tape.len());
        let vault = Vault::in_folder(&folder);
        vault.open(unlock(), OpenMode::Writer).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        let count = batches_in(&vault, &of).await;
        assert!(count >= acknowledged, "{of}: {acknowledged} batches were acknowledged, {count} are there");
        assert!(count <= acknowledged + 1, "{of}: {count} batches after {acknowledged}");
        vault.commit(batch(count)).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        vault.check().await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        vault.close().await.unwrap();
        receipts += u64::from(acknowledged);
        unsaid += u64::from(count - acknowledged);
        progress("losses of power", number + 1, images);
    }
    tell(
        "loss of power",
        &format!(
            "{images} images of a tape of {} deeds, 0 of {receipts} acknowledged batches lost, 0 corrupt \
             ({unsaid} durable before they were said)",
            tape.len()
        ),
    );
}
