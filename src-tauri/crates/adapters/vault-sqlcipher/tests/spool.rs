//! What is committed while the vault is locked: nothing with a receipt is lost or filed twice, nothing is readable, and what
//! is damaged is told. Not here: the console, which files it (`tests/scenarios/spool.rs`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(unix)]
mod support;

use bedside_console::ports::{Answer, OpenMode, Query, RecordStore, SlotChange, StoreFault};
use bedside_console::{AuditAction, AuditEntry, Changes, SampleValues, SpoolPlace, SpooledBatch, StoredSamples};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::{ReadingId, WallTime};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::proof::*;
use support::*;

const FOLDER: &str = "BEDSIDE_SPOOL_TEST_FOLDER";
/// Octets before the first record of a spool file.
const HEAD: usize = 120;

fn batch(n: u32) -> Changes {
    let at = T0 + i64::from(n) * 1000;
    Changes {
        readings: vec![reading(n, at, Some(PATIENT))],
        samples: vec![heart_rate(at, [70 + (n % 20) as i32])],
        frames: vec![frame(u64::from(n), None)],
        ..Changes::default()
    }
}

fn spool_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("spool")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "spool"));
    files.sort();
    files
}

/// A vault that is locked after it was made.
async fn standing_by(folder: &Path) -> Vault {
    let vault = Vault::in_folder(folder);
    vault.stand_by().await.unwrap();
    vault.vouch(&secret()).await.unwrap();
    vault
}

/// Files everything that waits, and says the damages that were told meanwhile.
async fn file_all(vault: &Vault) -> (usize, Vec<StoreFault>) {
    let (mut batches, mut told) = (0, Vec::new());
    for _ in 0..10_000 {
        match vault.spooled().await {
            Ok(Some(SpooledBatch { place, changes, .. })) => {
                let filed = Changes { spool_filed: Some(place), ..changes };
                assert!(!vault.commit(filed).await.unwrap().spooled);
                batches += 1;
            }
            Ok(None) => return (batches, told),
            Err(fault) => told.push(fault),
        }
    }
    panic!("the spool has no end");
}

async fn ids(vault: &Vault) -> Vec<ReadingId> {
    let mut ids: Vec<ReadingId> = readings(vault).await.into_iter().map(|reading| reading.id).collect();
    ids.sort();
    ids
}

fn expected(numbers: impl IntoIterator<Item = u32>) -> Vec<ReadingId> {
    let mut ids: Vec<ReadingId> = numbers.into_iter().map(|n| reading(n, 0, None).id).collect();
    ids.sort();
    ids
}

async fn sample_count(vault: &Vault) -> u64 {
    let Answer::VaultStatus(status) = read(vault, Query::VaultStatus).await else { panic!("no status") };
    status.samples
}

/// A vault with `count` spooled batches, closed, and the file in which they are.
async fn spooled(folder: &Path, count: u32) -> PathBuf {
    new_vault(folder).await.close().await.unwrap();
    let vault = standing_by(folder).await;
    for n in 0..count {
        assert!(vault.commit(batch(n)).await.unwrap().spooled);
    }
    vault.close().await.unwrap();
    spool_files(folder).pop().unwrap()
}

/// Where each record of a spool file begins and ends.
fn records(octets: &[u8]) -> Vec<(usize, usize)> {
    let (mut at, mut all) = (HEAD, Vec::new());
    while at < octets.len() {
        assert_eq!(&octets[at..at + 4], b"REC1");
        let length = u32::from_le_bytes(octets[at + 4..at + 8].try_into().unwrap()) as usize;
        all.push((at, at + 20 + length));
        at += 20 + length;
    }
    all
}

#[tokio::test]
async fn what_is_committed_while_locked_is_filed_whole_after_the_opening() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.commit(batch(0)).await.unwrap();
    vault.lock().await.unwrap();
    assert!(matches!(vault.read(Query::VaultStatus).await, Err(StoreFault::Closed)));
    let locked = Changes { patients: Vec::new(), ..everything() };
    let receipt = vault.commit(locked.clone()).await.unwrap();
    assert!(receipt.spooled);
    assert_eq!(receipt.generation, 0);
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(file_all(&vault).await.0, 1);
    let stored = readings(&vault).await;
    for reading in &locked.readings {
        assert!(stored.contains(reading));
    }
    let Answer::Devices(devices) = read(&vault, Query::Devices).await else { panic!("no devices") };
    assert_eq!(devices, locked.devices);
    let Answer::DeviceMemories(memories) = read(&vault, Query::DeviceMemories).await else { panic!("no memories") };
    assert_eq!((memories.bookmarks, memories.consents), (locked.bookmarks, locked.consents));
    let Answer::Audit(audit) = read(&vault, Query::Audit { patient: None, limit: 9 }).await else { panic!("no audit") };
    assert!(audit.iter().any(|entry| entry.action == AuditAction::PatientAdded && entry.patient == Some(PATIENT)));
    let Answer::Frames(frames) = read(&vault, Query::Frames { device: None, rejected_only: true, limit: 9 }).await
    else {
        panic!("no frames")
    };
    assert_eq!(frames, locked.frames[1..]);
    assert!(spool_files(folder.path()).is_empty(), "all of it is filed");
    // The next lock begins another file.
    vault.lock().await.unwrap();
    vault.commit(batch(9)).await.unwrap();
    assert_eq!(spool_files(folder.path()).len(), 1);
    vault.close().await.unwrap();
}

#[tokio::test]
async fn a_vault_that_nobody_opened_takes_values_and_two_runs_are_filed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    new_vault(folder.path()).await.close().await.unwrap();
    for run in 0..2 {
        let vault = standing_by(folder.path()).await;
        for n in 0..80 {
            vault.commit(batch(run * 80 + n)).await.unwrap();
        }
        vault
            .commit(Changes { bindings: vec![binding(7, (run > 0).then_some(T0 + 9))], ..Changes::default() })
            .await
            .unwrap();
        vault.close().await.unwrap();
    }
    assert_eq!(spool_files(folder.path()).len(), 2);
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await.1, []);
    assert_eq!(ids(&vault).await, expected(0..160));
    assert_eq!(sample_count(&vault).await, 160);
    let Answer::Bindings(open) = read(&vault, Query::OpenBindings).await else { panic!("no bindings") };
    assert!(open.is_empty(), "the end was filed after the beginning");
    assert!(spool_files(folder.path()).is_empty());
    assert!(std::fs::read_dir(folder.path().join("spool")).unwrap().next().is_none(), "no lock is left behind");
}

#[tokio::test]
async fn a_closed_vault_takes_no_people_and_a_vault_without_a_writer_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    new_vault(folder.path()).await.close().await.unwrap();
    let closed = Vault::in_folder(folder.path());
    assert_eq!(closed.commit(batch(1)).await, Err(StoreFault::Closed));
    let vault = standing_by(folder.path()).await;
    assert_eq!(vault.commit(everything()).await, Err(StoreFault::Closed), "a patient");
    let filed = Changes { spool_filed: Some(SpoolPlace { file: uuid::Uuid::from_u128(1), end: 5 }), ..batch(1) };
    assert_eq!(vault.commit(filed).await, Err(StoreFault::Closed), "what is filed is in the spool already");
    assert!(matches!(closed.stand_by().await, Err(StoreFault::Held { .. })));
    assert_eq!(Vault::in_folder(&folder.path().join("nothing")).stand_by().await, Err(StoreFault::Missing));
}

#[tokio::test]
async fn a_spool_shows_nothing_and_is_this_user_s_only() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.lock().await.unwrap();
    vault.commit(Changes { patients: Vec::new(), ..everything() }).await.unwrap();
    let file = spool_files(folder.path()).pop().unwrap();
    let octets = std::fs::read(&file).unwrap();
    let contains = |needle: &[u8]| octets.windows(needle.len()).any(|found| found == needle);
    assert!(contains(b"BEDSPOOL"), "the search finds what is there");
    let said =
        ["Strap", "Maker", "readings", "Observation", "patient_added", "expected 4 octets", &PATIENT.to_string()];
    for word in said {
        assert!(!contains(word.as_bytes()), "{word}");
    }
    assert!(!contains(PATIENT.0.as_bytes()) && !contains(DEVICE.0.as_bytes()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(folder.path().join("spool")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_batch_that_was_never_finished_is_left_out_wherever_it_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = spooled(folder.path(), 3).await;
    let octets = std::fs::read(&file).unwrap();
    let (last, end) = records(&octets)[2];
    for cut in [last, last + 1, last + 19, last + 20, (last + end) / 2, end - 1] {
        std::fs::write(&file, &octets[..cut]).unwrap();
        let vault = opened(folder.path()).await;
        let SpooledBatch { place, changes, .. } = vault.spooled().await.unwrap().unwrap();
        assert_eq!(changes.readings.len(), 2, "cut at {cut}");
        assert_eq!(place.end, last as u64);
        vault.close().await.unwrap();
    }
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, (1, vec![]));
    assert_eq!(ids(&vault).await, expected(0..2));
    assert!(spool_files(folder.path()).is_empty(), "nothing waits in it");
}

#[tokio::test]
async fn a_damaged_batch_is_told_and_set_aside_and_the_others_are_filed() {
    for place in [0usize, 4, 10, 30, 400] {
        let folder = tempfile::tempdir().unwrap();
        let file = spooled(folder.path(), 5).await;
        let mut octets = std::fs::read(&file).unwrap();
        let (from, until) = records(&octets)[2];
        octets[from + place] ^= 0x10;
        std::fs::write(&file, &octets).unwrap();
        let vault = opened(folder.path()).await;
        let (_, told) = file_all(&vault).await;
        assert!(!told.is_empty() && told.iter().all(|fault| matches!(fault, StoreFault::Damaged(_))), "{told:?}");
        assert_eq!(ids(&vault).await, expected([0, 1, 3, 4]), "octet {place}");
        assert_eq!(sample_count(&vault).await, 4);
        let aside: Vec<_> = std::fs::read_dir(folder.path().join("damaged")).unwrap().collect();
        assert_eq!(aside.len(), 1);
        let kept = std::fs::read(aside.into_iter().next().unwrap().unwrap().path()).unwrap();
        assert_eq!(kept, octets[from..until], "as it was");
        assert!(spool_files(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn batches_that_are_swapped_repeated_or_taken_out_are_told() {
    let arranged: [(&str, &[usize], &[u32]); 4] = [
        ("swapped", &[0, 2, 1, 3], &[0, 2, 3]),
        ("repeated", &[0, 1, 1, 2, 3], &[0, 1, 2, 3]),
        ("taken out", &[0, 2, 3], &[0, 2, 3]),
        ("the first taken out", &[1, 2, 3], &[1, 2, 3]),
    ];
    for (what, order, filed) in arranged {
        let folder = tempfile::tempdir().unwrap();
        let file = spooled(folder.path(), 4).await;
        let octets = std::fs::read(&file).unwrap();
        let all = records(&octets);
        let mut other = octets[..HEAD].to_vec();
        order.iter().for_each(|&place| other.extend(&octets[all[place].0..all[place].1]));
        std::fs::write(&file, other).unwrap();
        let vault = opened(folder.path()).await;
        let (_, told) = file_all(&vault).await;
        assert!(told.iter().any(|fault| matches!(fault, StoreFault::Damaged(_))), "{what}: {told:?}");
        assert_eq!(ids(&vault).await, expected(filed.iter().copied()), "{what}");
        assert_eq!(sample_count(&vault).await, filed.len() as u64, "{what}");
    }
}

#[tokio::test]
async fn a_batch_of_another_file_or_another_vault_opens_nowhere_else() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = spooled(folder.path(), 2).await;
    let foreign = spooled(other.path(), 2).await;
    std::fs::copy(&foreign, folder.path().join("spool").join(foreign.file_name().unwrap())).unwrap();
    let vault = opened(folder.path()).await;
    let (_, told) = file_all(&vault).await;
    assert!(matches!(told[..], [StoreFault::Io(_)]), "{told:?}");
    assert_eq!(ids(&vault).await, expected(0..2));
    assert!(!file.exists());
    assert_eq!(spool_files(folder.path()).len(), 1, "what cannot be read is kept");
}

#[tokio::test]
async fn a_filed_spool_that_comes_back_is_not_filed_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = spooled(folder.path(), 3).await;
    let octets = std::fs::read(&file).unwrap();
    let vault = opened(folder.path()).await;
    let SpooledBatch { place, changes, .. } = vault.spooled().await.unwrap().unwrap();
    let filed = Changes { spool_filed: Some(place), ..changes };
    vault.commit(filed.clone()).await.unwrap();
    // The program ends between the commit and the removal; and the same batch is asked for once more.
    assert_eq!(vault.commit(filed).await.unwrap().already_known.len(), 3);
    vault.close().await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), octets);
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, (0, vec![]));
    assert_eq!(sample_count(&vault).await, 3);
    assert!(!file.exists());
    vault.close().await.unwrap();
    // Somebody kept a copy of it, and puts it back long after it is gone.
    for _ in 0..2 {
        std::fs::write(&file, &octets).unwrap();
        let vault = opened(folder.path()).await;
        assert_eq!(file_all(&vault).await, (0, vec![]));
        assert_eq!(sample_count(&vault).await, 3, "filed once more");
        assert!(!file.exists());
        vault.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_record_that_the_tables_refuse_is_set_aside_in_the_transaction_that_files_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    new_vault(folder.path()).await.close().await.unwrap();
    let vault = standing_by(folder.path()).await;
    for n in 0..3 {
        let mut batch = batch(n);
        if n == 1 {
            // No waveform has no pace.
            let values = SampleValues::Even { start: WallTime(T0), hertz: 0, samples: vec![1, 2] };
            batch.samples.push(StoredSamples { values, ..heart_rate(T0, [70]) });
        }
        assert!(vault.commit(batch).await.unwrap().spooled);
    }
    vault.close().await.unwrap();
    let vault = opened(folder.path()).await;
    let generation = || async {
        let Answer::VaultStatus(status) = read(&vault, Query::VaultStatus).await else { panic!("no status") };
        status.generation
    };
    let before = generation().await;
    let SpooledBatch { place, changes, .. } = vault.spooled().await.unwrap().unwrap();
    let receipt = vault.commit(Changes { spool_filed: Some(place), ..changes }).await.unwrap();
    assert_eq!((receipt.set_aside, receipt.generation), (1, before + 1), "one transaction");
    assert_eq!(file_all(&vault).await, (0, vec![]));
    assert_eq!((ids(&vault).await, sample_count(&vault).await), (expected(0..3), 3));
    let Answer::Count(aside) = read(&vault, Query::UnwritableCount).await else { panic!("no count") };
    assert_eq!(aside, 1);
    vault.check().await.unwrap();
    vault.close().await.unwrap();
}

#[tokio::test]
async fn damaged_octets_that_cannot_be_kept_are_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = spooled(folder.path(), 3).await;
    let mut octets = std::fs::read(&file).unwrap();
    let (from, until) = records(&octets)[1];
    octets[from + 30] ^= 1;
    std::fs::write(&file, &octets).unwrap();
    // A file where the folder would be.
    std::fs::write(folder.path().join("damaged"), b"").unwrap();
    let vault = opened(folder.path()).await;
    let SpooledBatch { place, changes, .. } = vault.spooled().await.unwrap().unwrap();
    vault.commit(Changes { spool_filed: Some(place), ..changes }).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(vault.spooled().await, Err(StoreFault::Io(_))), "they are nowhere yet");
    }
    std::fs::remove_file(folder.path().join("damaged")).unwrap();
    assert!(matches!(file_all(&vault).await.1[..], [StoreFault::Damaged(_)]));
    let kept: Vec<_> =
        std::fs::read_dir(folder.path().join("damaged")).unwrap().map(|kept| kept.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read(&kept[0]).unwrap(), octets[from..until]);
}

#[tokio::test]
async fn a_spool_file_with_an_absurd_number_leaves_room_for_the_next_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = spooled(folder.path(), 1).await;
    let mut octets = std::fs::read(&file).unwrap();
    octets[12..20].fill(0xff);
    let check: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&octets[..HEAD - 4]).into();
    octets[HEAD - 4..HEAD].copy_from_slice(&check[..4]);
    std::fs::write(&file, &octets).unwrap();
    let vault = standing_by(folder.path()).await;
    assert!(vault.commit(batch(1)).await.unwrap().spooled);
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    let (_, told) = file_all(&vault).await;
    assert!(matches!(told[..], [StoreFault::Damaged(_)]), "{told:?}");
    assert_eq!(ids(&vault).await, expected([1]));
}

#[tokio::test]
async fn a_locked_vault_seals_to_the_key_that_was_proven_whatever_the_slot_file_says_then() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    vault.lock().await.unwrap();
    let slots = folder.path().join("slots.json");
    let proven = std::fs::read(&slots).unwrap();
    let other = tempfile::tempdir().unwrap();
    new_vault(other.path()).await.close().await.unwrap();
    std::fs::copy(other.path().join("slots.json"), &slots).unwrap();
    assert!(vault.commit(batch(1)).await.unwrap().spooled);
    std::fs::write(&slots, proven).unwrap();
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(file_all(&vault).await.1, []);
    assert_eq!(ids(&vault).await, expected([1]));
}

#[tokio::test]
async fn a_reader_s_audit_waits_in_a_file_of_its_own_until_the_writer_files_it() {
    let folder = tempfile::tempdir().unwrap();
    let writer = new_vault(folder.path()).await;
    let reader = Vault::in_folder(folder.path());
    reader.open(unlock(), OpenMode::Reader).await.unwrap();
    assert_eq!(reader.commit(batch(1)).await, Err(StoreFault::ReadOnly));
    let entry = |n| AuditEntry { count: Some(n), ..AuditEntry::new(WallTime(T0), AuditAction::ReadingsListed) };
    let seen = |n| Changes { audit: vec![entry(n)], ..Changes::default() };
    for n in 0..2 {
        assert!(reader.commit(seen(n)).await.unwrap().spooled);
    }
    assert_eq!(file_all(&writer).await.0, 1);
    assert_eq!(spool_files(folder.path()).len(), 1, "its writer may still append to it");
    reader.commit(seen(2)).await.unwrap();
    assert_eq!(file_all(&writer).await.0, 1);
    reader.close().await.unwrap();
    assert_eq!(file_all(&writer).await.0, 0);
    assert!(spool_files(folder.path()).is_empty());
    let Answer::Audit(audit) = read(&writer, Query::Audit { patient: None, limit: 99 }).await else {
        panic!("no audit")
    };
    let mut counts: Vec<Option<u32>> =
        audit.iter().filter(|entry| entry.action == AuditAction::ReadingsListed).map(|entry| entry.count).collect();
    counts.sort();
    assert_eq!(counts, [Some(0), Some(1), Some(2)]);
}

#[tokio::test]
async fn what_was_spooled_before_a_rekey_is_filed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    spooled(folder.path(), 2).await;
    let vault = opened(folder.path()).await;
    vault.keys(SlotChange::Rekey).await.unwrap();
    vault.lock().await.unwrap();
    vault.commit(batch(2)).await.unwrap();
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    assert_eq!(file_all(&vault).await.1, []);
    assert_eq!(ids(&vault).await, expected(0..3));
}

/// Not a test by itself: what the parent starts and kills.
#[tokio::test]
async fn child_that_spools_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let first: u32 = std::fs::read_to_string(folder.join("first")).unwrap().parse().unwrap();
    let vault = if first.is_multiple_of(2) {
        // Opened, filing what is left of the child before, and locked again in the midst of it.
        let vault = opened(folder).await;
        for _ in 0..first % 7 {
            let Some(SpooledBatch { place, changes, .. }) = vault.spooled().await.unwrap() else { break };
            vault.commit(Changes { spool_filed: Some(place), ..changes }).await.unwrap();
        }
        vault.lock().await.unwrap();
        vault
    } else {
        standing_by(folder).await
    };
    for n in first.. {
        assert!(vault.commit(batch(n)).await.unwrap().spooled);
        // Straight to the pipe: what stays in a buffer was never said.
        let line = format!("\nRECEIPT {n}\n");
        std::io::stdout().write_all(line.as_bytes()).and_then(|()| std::io::stdout().flush()).unwrap();
    }
}

#[tokio::test]
async fn no_receipt_of_the_spool_is_lost_or_filed_twice_over_kills() {
    let rounds = times(50, 2_000);
    let folder = tempfile::tempdir().unwrap();
    new_vault(folder.path()).await.close().await.unwrap();
    let (mut next, mut receipts) = (1u32, BTreeMap::new());
    for round in 0..rounds {
        std::fs::write(folder.path().join("first"), next.to_string()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_spools_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said = |line: &String| line.strip_prefix("RECEIPT ").and_then(|n| n.parse::<u32>().ok());
        let mut last = None;
        for _ in 0..=round % 9 {
            last = lines.find_map(|line| said(&line)).or(last);
        }
        // The moment of the kill is the point: it must fall anywhere between two receipts.
        std::thread::sleep(Duration::from_micros(round * 7919 % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        let last = lines.filter_map(|line| said(&line)).last().or(last).expect("the child says its receipts");
        receipts.extend((next..=last).map(|n| (n, round)));
        // One more may be durable whose receipt was never said: its number is not given again.
        next = last + 2;
        if round % 5 == 4 {
            proven(folder.path(), &receipts).await;
        }
        progress("kills, spooling", round + 1, rounds);
    }
    proven(folder.path(), &receipts).await;
    tell("killed at spooling", &format!("{rounds} kills, {} receipts, 0 lost, 0 filed twice", receipts.len()));
    assert!(receipts.len() as u64 > rounds);
}

/// Files what waits: every receipt is there, each once, and nothing is damaged.
async fn proven(folder: &Path, receipts: &BTreeMap<u32, u64>) {
    let vault = opened(folder).await;
    assert_eq!(file_all(&vault).await.1, []);
    let stored = ids(&vault).await;
    for (n, round) in receipts {
        assert!(stored.contains(&reading(*n, 0, None).id), "batch {n} of round {round} is lost");
    }
    assert_eq!(sample_count(&vault).await, stored.len() as u64, "a batch was filed twice, or a part of one");
    let Answer::Frames(frames) =
        read(&vault, Query::Frames { device: None, rejected_only: false, limit: usize::MAX }).await
    else {
        panic!("no frames")
    };
    assert_eq!(frames.len(), stored.len());
    assert!(spool_files(folder).is_empty());
    vault.close().await.unwrap();
}
