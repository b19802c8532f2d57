//! No file that the console leaves holds health data or a secret in clear, whatever was done: recording, screen lock, vault
//! lock, spool, backup, restore. Not here: what the window and its web view leave (`window_bedside`), and core dumps.
use crate::harness::*;
use bedside_console::*;
use bedside_tests::canary::Canary;
use bedside_tests::figures::tell;
use std::path::Path;
use std::time::Duration;

/// What `add_patient(1)` is given, and what the first clinician types.
const FAMILY: &str = "ADEYEMI-TEST1";
const RECORD_NUMBER: &str = "TST 4410 0001";
const BIRTH_DATE: &str = "1951-03-14";
const PASSPHRASE: &str = "seven grey herons of ";

const REASON: &str = "the cuff slipped on Mrs ADEYEMI-TEST1";

/// Looks into every file of the laptop, at a moment that a thief could choose.
fn nothing_in_clear(laptop: &Laptop, when: &str) {
    let found = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE, PASSPHRASE]).hits(laptop.folder.path());
    assert!(found.is_empty(), "{when}: {found:?}");
}

/// How many files lie in a folder of the vault and below.
fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

#[tokio::test(start_paused = true)]
async fn nothing_about_a_person_and_no_secret_is_in_clear_in_any_file_at_any_time() {
    let laptop = Laptop::new();
    let folder = |name: &str| laptop.folder.path().join(name);
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    for device in ["strap-1", "cuff-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(90)).await;
    let reading = bedside.readings().await.first().expect("the cuff measured").id;
    bedside.console.reject_reading(reading, REASON.into()).await.unwrap();
    nothing_in_clear(&laptop, "while recording");

    bedside.console.back_up().await.unwrap();
    assert!(files_in(&folder("backups")) > 0, "there is a backup");
    nothing_in_clear(&laptop, "after a backup");

    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(10)).await;
    nothing_in_clear(&laptop, "with the screen locked");
    bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();

    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(60)).await;
    assert!(files_in(&folder("spool")) > 0, "readings go into the spool");
    nothing_in_clear(&laptop, "with the vault locked");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;

    bedside.console.rekey().await.unwrap();
    nothing_in_clear(&laptop, "after a rekey");
    // A rekey is followed by a copy of its own.
    while bedside.console.back_up().await == Err(RequestError::Busy) {
        bedside.pass(Duration::from_secs(1)).await;
    }
    bedside.console.restore(None, None).await.unwrap();
    assert!(files_in(&folder("damaged")) > 0, "what was there is set aside");
    nothing_in_clear(&laptop, "after a restore");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(10)).await;
    assert!(!bedside.readings().await.is_empty());
    bedside.close().await;
    nothing_in_clear(&laptop, "after the end");

    // The search is able to find: each form where it is planted, and all of it in what was really stored.
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE, PASSPHRASE]);
    assert!(canary.finds_what_is_planted(tempfile::tempdir().unwrap().path()));
    let stored = format!("{} {}", patient.family.reveal(), patient.record_number.reveal());
    assert_eq!(canary.hits_in("the patient", stored.as_bytes()).len(), 2);
    tell("canary in every file", "0 hits at 7 moments from recording to the end, every planted form is found");
}
