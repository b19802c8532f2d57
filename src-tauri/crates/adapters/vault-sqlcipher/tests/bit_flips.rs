//! One bit of the closed vault's database is another: it is told at opening, at reading or by the check, and no value is
//! ever silently wrong. Not here: a damaged write-ahead log (`torn_wal`), and what is done about damage.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::{OpenMode, RecordStore, StoreFault};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::path::Path;
use std::time::Duration;
use support::batches::*;
use support::proof::*;
use support::*;

const BATCHES: u32 = 400;

/// Where a flip was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    AtOpening,
    AtReading,
    ByTheCheck,
}

/// A vault with readings, packed and single samples and frames, records for the server and an audit log.
async fn whole(folder: &Path) -> Image {
    let vault = vault_of(folder, BATCHES).await;
    vault.maintain(WallTime(T0 + 390_000 + 300_000), Duration::from_secs(9), None).await.unwrap();
    vault.close().await.unwrap();
    Image::of(folder)
}

/// Opens, reads everything, checks. Panics where a value came that is not as it was written.
async fn told(folder: &Path, mode: OpenMode, of: &str) -> Option<Told> {
    let is_damage = |fault: &StoreFault| matches!(fault, StoreFault::Damaged(_));
    let vault = Vault::in_folder(folder);
    if let Err(fault) = vault.open(unlock(), mode).await {
        assert!(is_damage(&fault), "{of}: opening: {fault:?}");
        return Some(Told::AtOpening);
    }
    let read = record_of(&vault).await;
    let checked = vault.check().await;
    for fault in [read.as_ref().err(), checked.as_ref().err()].into_iter().flatten() {
        assert!(is_damage(fault), "{of}: {fault:?}");
    }
    let told = match &read {
        Ok(record) => {
            assert_eq!(record.wrong(BATCHES), None, "{of}: silently wrong");
            checked.is_err().then_some(Told::ByTheCheck)
        }
        Err(_) => Some(Told::AtReading),
    };
    vault.close().await.ok();
    told
}

#[tokio::test]
async fn every_flipped_bit_is_told_and_no_value_is_silently_wrong() {
    let home = folder_in_memory();
    let folder = home.path().join("flipped");
    let original = whole(&home.path().join("first")).await;
    // The search is able to say that nothing is wrong.
    original.put(&folder);
    assert_eq!(told(&folder, OpenMode::Reader, "unharmed").await, None);
    let flips = times(300, 10_000);
    let mut dice = Dice::new(0xf11b);
    let mut counts = [0u64; 3];
    for number in 0..flips {
        let mut image = original.clone();
        let database = image.file("vault.db");
        let (octet, bit) = (dice.below(database.len()), dice.below(8));
        database[octet] ^= 1 << bit;
        image.put(&folder);
        let mode = if number % 2 == 0 { OpenMode::Writer } else { OpenMode::Reader };
        let of = format!("bit {bit} of octet {octet}, {mode:?}");
        let told = told(&folder, mode, &of).await.unwrap_or_else(|| panic!("{of}: nobody told"));
        counts[told as usize] += 1;
        progress("flipped bits", number + 1, flips);
    }
    let [opening, reading, check] = counts;
    tell(
        "flipped bits",
        &format!(
            "{flips} flips, 0 silently wrong, all told: {opening} at opening, {reading} at reading, {check} by the check"
        ),
    );
}
