//! The n-th call of the file system fails, once or from then on, for every n: each ends in a fault with a name, nothing
//! acknowledged is lost or doubled, and when the fault is gone the same vault goes on. Not here: how the file system is
//! made to fail (`support/sys.rs`), and a full disk (`disk_full`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;
#[path = "support/sys.rs"]
#[allow(dead_code, reason = "this test records nothing")]
mod sys;

use bedside_console::ports::{OpenMode, RecordStore, StoreFault};
use bedside_console::{Changes, SpooledBatch};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use support::batches::*;
use support::proof::*;
use support::*;
use sys::{Call, Fault};
use tokio::sync::{Mutex, MutexGuard};

/// Batches that are there before.
const BEFORE: u32 = 6;
/// Calls and reads that are tried quickly, spread over all of them; each one by `cargo xtask endure`.
const MOST_CALLS: u64 = 400;
const MOST_READS: u64 = 60;

/// The file system is one for the whole process.
async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    let one = ONE.lock().await;
    sys::install();
    sys::obey(None);
    one
}

async fn before(folder: &Path) -> Image {
    let vault = vault_of(folder, BEFORE).await;
    vault.maintain(WallTime(T0 + 330_000), Duration::from_secs(1), None).await.unwrap();
    vault.close().await.unwrap();
    Image::of(folder)
}

/// A day of a vault in small: opened, written to, tidied, read, emptied into its file, closed, and opened once more.
/// Counts what it was told is durable.
async fn day(vault: &Vault, acknowledged: &mut u32) -> Result<(), StoreFault> {
    vault.open(unlock(), OpenMode::Writer).await?;
    for round in 0..3 {
        vault.commit(batch(*acknowledged)).await?;
        *acknowledged += 1;
        if round == 1 {
            vault.maintain(WallTime(T0 + 400_000), Duration::from_secs(1), None).await?;
        }
    }
    record_of(vault).await?;
    vault.check().await?;
    vault.commit(batch(*acknowledged)).await?;
    *acknowledged += 1;
    vault.close().await?;
    vault.open(unlock(), OpenMode::Writer).await?;
    vault.commit(batch(*acknowledged)).await?;
    *acknowledged += 1;
    vault.close().await
}

/// The fault is gone. The console goes on with the same vault: it opens it if it is not open, and says again what was not
/// acknowledged. Tells whether it had to close the vault and open it again.
async fn goes_on(vault: &Vault, acknowledged: u32, of: &str) -> Result<bool, StoreFault> {
    let mut reopened = false;
    for n in acknowledged..acknowledged + 2 {
        let first = vault.commit(batch(n)).await;
        if let Err(fault) = first {
            if fault != StoreFault::Closed {
                reopened = true;
                vault.close().await?;
            }
            vault.open(unlock(), OpenMode::Writer).await?;
            vault.commit(batch(n)).await?;
        }
    }
    // What the vault took while it doubted its file lies in the spool, and it may still doubt.
    let is_looked_through = is_long() || acknowledged.is_multiple_of(3) || of.starts_with("Alters");
    if record_of(vault).await.is_err() || (is_looked_through && vault.check().await.is_err()) {
        reopened = true;
        vault.close().await?;
        vault.open(unlock(), OpenMode::Writer).await?;
        vault.check().await?;
    }
    while let Some(SpooledBatch { place, changes, .. }) = vault.spooled().await? {
        vault.commit(Changes { spool_filed: Some(place), ..changes }).await?;
    }
    assert_eq!(batches_in(vault, of).await, acknowledged + 2, "{of}");
    vault.close().await?;
    Ok(reopened)
}

/// What a person can be told for a fault of the file system. That the vault is missing, is another's or was opened with the
/// wrong key would be a lie.
fn is_honest(fault: &StoreFault) -> bool {
    match fault {
        StoreFault::Io(text) => !text.contains("broken off"),
        StoreFault::DiskFull | StoreFault::ReadOnly | StoreFault::Damaged(_) => true,
        _ => false,
    }
}

/// So many numbers from 1 to `all`.
fn spread(all: u64, tried: u64) -> impl Iterator<Item = u64> {
    (0..tried).map(move |place| 1 + place * all / tried)
}

/// What one day with a fault came to.
struct Day {
    struck: Call,
    result: Result<(), StoreFault>,
    reopened: Result<bool, StoreFault>,
}

async fn day_with(folder: &Path, template: &Image, fault: Fault) -> Day {
    template.put(folder);
    let vault = Vault::in_folder(folder);
    let mut acknowledged = BEFORE;
    sys::obey(Some(fault));
    let result = day(&vault, &mut acknowledged).await;
    let struck = sys::seen().1.unwrap_or_else(|| panic!("{fault:?} struck nothing"));
    sys::obey(None);
    let of = format!("{fault:?} ({struck:?}), {result:?}");
    assert!(result.as_ref().err().is_none_or(is_honest), "{of}");
    let reopened = goes_on(&vault, acknowledged, &of).await;
    if reopened.is_ok() && (is_long() || acknowledged.is_multiple_of(4)) {
        let again = opened(folder).await;
        assert_eq!(batches_in(&again, &of).await, acknowledged + 2, "{of}: after a restart");
        again.close().await.unwrap();
    }
    Day { struck, result, reopened }
}

/// How many calls a day takes, of those that this kind of fault counts.
async fn calls_of_a_day(folder: &Path, template: &Image, none: Fault) -> u64 {
    template.put(folder);
    sys::obey(Some(none));
    day(&Vault::in_folder(folder), &mut BEFORE.clone()).await.unwrap();
    sys::seen().0
}

#[tokio::test]
async fn a_fault_of_any_call_has_a_name_and_loses_nothing_and_the_vault_goes_on() {
    let _alone = alone().await;
    let home = folder_in_memory();
    let template = before(&home.path().join("first")).await;
    let folder = home.path().join("vault");
    let calls = calls_of_a_day(&folder, &template, Fault::Fails { first: 0, last: 0 }).await;
    let tried = times(calls.min(MOST_CALLS), calls);
    let (mut named, mut struck) = (BTreeMap::<&str, u64>::new(), BTreeMap::<Call, u64>::new());
    let mut reopened = 0;
    for (n, number) in spread(calls, tried).zip(1..) {
        // Quickly: each call fails once or from then on, in turns. At length: both.
        let faults = [Fault::Fails { first: n, last: n }, Fault::Fails { first: n, last: u64::MAX }];
        let faults = if is_long() { &faults[..] } else { &faults[usize::from(number % 2 == 0)..][..1] };
        for fault in faults {
            let day = day_with(&folder, &template, *fault).await;
            *struck.entry(day.struck).or_default() += 1;
            *named.entry(day.result.as_ref().err().map_or("borne", fault_name)).or_default() += 1;
            let of = format!("{fault:?} ({:?}), {:?}", day.struck, day.result);
            reopened += u64::from(day.reopened.unwrap_or_else(|fault| panic!("{of}: going on: {fault}")));
        }
        progress("failing calls", number, tried);
    }
    tell(
        "input and output errors",
        &format!(
            "{tried} of {calls} calls failed, 0 acknowledged lost or doubled, all went on without a restart; \
             answers {named:?}, calls {struck:?}, closed and opened again {reopened}"
        ),
    );
    assert!(struck.len() >= 7, "{struck:?}");
}

#[tokio::test]
async fn a_read_that_brings_another_bit_is_told_and_the_vault_goes_on() {
    let _alone = alone().await;
    let home = folder_in_memory();
    let template = before(&home.path().join("first")).await;
    let folder = home.path().join("vault");
    let reads = calls_of_a_day(&folder, &template, Fault::Alters { first: 0, last: 0 }).await;
    let (mut told, mut reopened, mut damaged) = (0, 0, 0);
    let tried = times(reads.min(MOST_READS), reads);
    for n in spread(reads, tried) {
        let day = day_with(&folder, &template, Fault::Alters { first: n, last: n }).await;
        told += u64::from(day.result.is_err());
        match day.reopened {
            Ok(again) => reopened += u64::from(again),
            // SQLite moves pages from the log into the file without looking at them: read wrongly there, a page is now
            // wrong on the disk. That is damage, and it is told as such by whoever opens it.
            Err(fault) => {
                assert!(matches!(fault, StoreFault::Damaged(_)), "read {n}: {fault:?}");
                damaged += 1;
            }
        }
    }
    tell(
        "altered reads",
        &format!(
            "{tried} of {reads} reads brought another bit once, {told} told at once, 0 wrong values; {damaged} became damage \
             of the file and were told, all others went on without a restart; closed and opened again {reopened}"
        ),
    );
}

fn fault_name(fault: &StoreFault) -> &'static str {
    match fault {
        StoreFault::Io(_) => "Io",
        StoreFault::DiskFull => "DiskFull",
        StoreFault::ReadOnly => "ReadOnly",
        StoreFault::Damaged(_) => "Damaged",
        _ => "other",
    }
}
