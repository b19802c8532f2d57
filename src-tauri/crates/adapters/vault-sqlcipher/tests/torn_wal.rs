//! The write-ahead log is cut, zeroed or garbled at a random octet, as after a loss of power: what was acknowledged before
//! that octet is there, and what is there is sound. Not here: a program that is killed (`kill`).
//!
//! A batch is *acknowledged before an octet* when the last frame of its commit ends at or before it, or when it was moved
//! into the database file before. What lies behind a torn octet is not promised by anybody: its loss is told by the
//! freshness anchor.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::{OpenMode, RecordStore};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::path::Path;
use std::time::Duration;
use support::batches::*;
use support::proof::*;
use support::*;

const LOG: &str = "vault.db-wal";
const HEADER: usize = 32;
const FRAME: usize = 24 + 4096;
/// Batches of the vault whose log is torn.
const BATCHES: u32 = 30;

/// The folder as it was after a batch, and from which octet on each batch in its log is safe.
struct Moment {
    image: Image,
    batches: u32,
    /// Batches that lie in the database file, whatever becomes of the log.
    moved: u32,
    /// Ends of the commits in the log, each with the number of batches that are then there.
    ends: Vec<(usize, u32)>,
}

/// Where the commits of the log end, as its own headers say: only frames with the salt of the log's header are of it.
fn ends_of_commits(log: &[u8]) -> Vec<usize> {
    let Some(salt) = log.get(16..24) else { return Vec::new() };
    let frames = log[HEADER..].chunks_exact(FRAME).take_while(|frame| frame[8..16] == *salt).enumerate();
    frames.filter(|(_, frame)| frame[4..8] != [0; 4]).map(|(place, _)| HEADER + (place + 1) * FRAME).collect()
}

/// Fills a vault and keeps its folder after each acknowledgement.
async fn moments(folder: &Path) -> Vec<Moment> {
    vault_of(folder, 0).await.close().await.unwrap();
    let vault = opened(folder).await;
    let mut moments: Vec<Moment> = Vec::new();
    let (mut salt, mut moved, mut ends) = (Vec::new(), 0, Vec::new());
    for n in 0..BATCHES {
        vault.commit(batch(n)).await.unwrap();
        if n % 7 == 6 {
            // Compaction writes transactions of its own between two batches.
            vault.maintain(WallTime(T0 + i64::from(n) * 1000 + 330_000), Duration::from_secs(1), None).await.unwrap();
        }
        let mut image = Image::of(folder).without_memory();
        let log = image.file(LOG).clone();
        if log[16..24] != salt {
            // The log began anew: all before this batch lies in the database file.
            (salt, moved, ends) = (log[16..24].to_vec(), n, Vec::new());
        }
        let last = *ends_of_commits(&log).last().unwrap();
        ends.push((last, n + 1));
        moments.push(Moment { image, batches: n + 1, moved, ends: ends.clone() });
        if n % 11 == 10 {
            vault.check().await.unwrap();
        }
    }
    vault.close().await.unwrap();
    moments
}

/// Damages the log from a random octet on; tells which, and how.
fn tear(log: &mut Vec<u8>, dice: &mut Dice) -> (usize, &'static str) {
    let at = dice.below(log.len());
    match dice.below(4) {
        0 => {
            log.truncate(at);
            (at, "cut")
        }
        1 => {
            log[at..].fill(0);
            (at, "zeroed to the end")
        }
        2 => {
            let end = (at + 1 + dice.below(8192)).min(log.len());
            let noise = dice.octets(end - at);
            log[at..end].copy_from_slice(&noise);
            (at, "garbled")
        }
        _ => {
            // Sectors behind it that reached the disk, and some that did not.
            let first = at / 512 * 512;
            let sectors: Vec<usize> = (first..log.len()).step_by(512).filter(|_| dice.below(2) == 0).collect();
            for &sector in &sectors {
                let end = (sector + 512).min(log.len());
                log[sector..end].fill(0);
            }
            (sectors.first().copied().unwrap_or(log.len()), "sectors lost")
        }
    }
}

#[tokio::test]
async fn a_torn_log_loses_nothing_that_was_acknowledged_before_the_tear_and_damages_nothing() {
    let home = folder_in_memory();
    let moments = moments(&home.path().join("first")).await;
    let images = times(600, 100_000);
    let mut dice = Dice::new(0x7042);
    let (mut kept, mut behind) = (0u64, 0u64);
    for number in 0..images {
        let moment = &moments[dice.below(moments.len())];
        let mut image = moment.image.clone();
        let (at, how) = tear(image.file(LOG), &mut dice);
        let safe = moment.ends.iter().rev().find(|(end, _)| *end <= at).map_or(moment.moved, |(_, batches)| *batches);
        let folder = home.path().join("torn");
        image.put(&folder);
        let of = format!("image {number}, after batch {}, {how} at octet {at}", moment.batches);
        let vault = Vault::in_folder(&folder);
        vault.open(unlock(), OpenMode::Writer).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        let found = batches_in(&vault, &of).await;
        assert!(found >= safe, "{of}: {safe} batches were acknowledged before it, {found} are there");
        assert!(found <= moment.batches, "{of}: {found} batches, more than were ever written");
        // It goes on where it is, and every page is sound.
        vault.commit(batch(found)).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        vault.check().await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        assert_eq!(status(&vault).await.readings, u64::from(found) + 1, "{of}");
        vault.close().await.unwrap();
        kept += u64::from(safe);
        behind += u64::from(moment.batches - found);
        progress("torn logs", number + 1, images);
    }
    tell(
        "torn write-ahead log",
        &format!(
            "{images} images, 0 of {kept} batches acknowledged before the tear lost, 0 corrupt ({behind} behind tears)"
        ),
    );
    assert!(behind > 0 && kept > 0, "the tears hit nothing");
}
