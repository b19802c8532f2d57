//! Who wrote a record of the spool: what is proven is filed whole, what is not brings values and nothing else, and a proof
//! that does not fit is damage. Not here: the octets of a spool file (`spool`), and the console that files it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{
    Answer, DeviceSecret, NewSlot, NewVault, OpenMode, Passphrase, Query, RecordStore, RecoveryKey, SlotChange,
    SlotOwner, StoreFault, Unlock,
};
use bedside_console::{
    AuditAction, AuditEntry, Changes, ClinicianId, SpooledBatch, StoredInterruption, StoredReading, UserName,
};
use bedside_outbox::{RowId, RowState, RowUpdate};
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use bedside_vitals::{DeviceDescription, DeviceId, SeriesId, WallTime};
use std::path::{Path, PathBuf};
use support::*;
use uuid::Uuid;

const COLLEAGUE: ClinicianId = ClinicianId(Uuid::from_u128(0xc011));
/// Octets before the first record, and where its signature begins.
const HEAD: usize = 120;
const ORIGIN: std::ops::Range<usize> = 84..116;

fn stranger() -> DeviceSecret {
    DeviceSecret::new([0x5e; 32])
}

/// What somebody would like to have in the record under a colleague's name.
fn forged() -> Changes {
    let audit = AuditEntry {
        actor: Some(COLLEAGUE),
        patient: Some(PATIENT),
        ..AuditEntry::new(WallTime(T0), AuditAction::PatientOpened)
    };
    let update = RowUpdate {
        id: RowId(Uuid::from_u128(1)),
        state: RowState::Accepted,
        attempts: 1,
        next_attempt: None,
        outcome: None,
        fact: None,
    };
    Changes {
        devices: vec![DeviceDescription { name: "Another name".into(), ..device() }],
        bindings: vec![binding(55, None)],
        bookmarks: vec![(DEVICE, bookmark())],
        readings: vec![reading(700, T0, Some(PATIENT))],
        assignments: vec![(reading(2, T0, None).id, PATIENT)],
        samples: vec![heart_rate(T0 + 900_000, [91])],
        frames: vec![frame(700, None)],
        medians: vec![median(T0 / 60_000 * 60_000 + 600_000)],
        outbox: vec![outbox_row(701, RowState::Waiting, T0)],
        outbox_updates: vec![update],
        audit: vec![audit],
        interruption: Some(Some(StoredInterruption {
            from: WallTime(T0),
            until: WallTime(T0 + 1),
            devices: vec![(DEVICE, PATIENT)],
        })),
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

fn in_damaged(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join("damaged")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A vault with one record of every kind, closed.
async fn closed(folder: &Path) {
    let vault = new_vault(folder).await;
    vault.commit(everything()).await.unwrap();
    vault.close().await.unwrap();
}

/// Spools changes into the closed vault, vouched for by a device secret or by nobody.
async fn spool(folder: &Path, by: Option<DeviceSecret>, all: &[Changes]) -> PathBuf {
    let before = spool_files(folder);
    let vault = Vault::in_folder(folder);
    vault.stand_by().await.unwrap();
    if let Some(secret) = by {
        vault.vouch(&secret).await.unwrap();
    }
    for changes in all {
        assert!(vault.commit(changes.clone()).await.unwrap().spooled);
    }
    vault.close().await.unwrap();
    spool_files(folder).into_iter().find(|file| !before.contains(file)).unwrap()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Filed {
    unproven: u64,
    refused: u64,
    told: Vec<StoreFault>,
}

async fn file_all(vault: &Vault) -> Filed {
    let mut filed = Filed::default();
    for _ in 0..1_000 {
        match vault.spooled().await {
            Ok(Some(SpooledBatch { place, changes, unproven, refused })) => {
                filed.unproven += unproven;
                filed.refused += refused;
                vault.commit(Changes { spool_filed: Some(place), ..changes }).await.unwrap();
            }
            Ok(None) => return filed,
            Err(fault) => filed.told.push(fault),
        }
    }
    panic!("the spool has no end");
}

async fn audit(vault: &Vault) -> Vec<AuditEntry> {
    match read(vault, Query::Audit { patient: None, limit: usize::MAX }).await {
        Answer::Audit(entries) => entries,
        other => panic!("{other:?}"),
    }
}

async fn outbox(vault: &Vault) -> Vec<(RowId, RowState)> {
    match read(vault, Query::OutboxRows { states: RowState::ALL.to_vec(), limit: usize::MAX }).await {
        Answer::OutboxRows(rows) => rows.into_iter().map(|row| (row.id, row.state)).collect(),
        other => panic!("{other:?}"),
    }
}

async fn stored(vault: &Vault, number: u32) -> Option<StoredReading> {
    readings(vault).await.into_iter().find(|one| one.id == reading(number, 0, None).id)
}

/// The values are there, of nobody; what else was in the record is not.
async fn only_values(vault: &Vault) {
    assert_eq!(stored(vault, 700).await.unwrap().patient, None);
    assert_eq!(stored(vault, 2).await.unwrap().patient, None, "it was not assigned");
    assert!(audit(vault).await.iter().all(|entry| entry.actor != Some(COLLEAGUE)));
    assert_eq!(outbox(vault).await, [(RowId(Uuid::from_u128(1)), RowState::Waiting)]);
    let Answer::Devices(devices) = read(vault, Query::Devices).await else { panic!("no devices") };
    assert_eq!(devices, [device()]);
    let Answer::Bindings(open) = read(vault, Query::OpenBindings).await else { panic!("no bindings") };
    assert_eq!(open, [binding(5, None)]);
    let Answer::DeviceMemories(memories) = read(vault, Query::DeviceMemories).await else { panic!("no memories") };
    assert_eq!(memories.bookmarks.len(), 1);
    let of_somebody = Query::Samples { patient: Some(PATIENT), since: Some(WallTime(T0 + 900_000)), until: None };
    let Answer::Samples(samples) = read(vault, of_somebody).await else { panic!("no samples") };
    assert_eq!(samples, []);
    let Answer::Interruption(Some(interruption)) = read(vault, Query::Interruption).await else { panic!("none") };
    assert_eq!(interruption.devices, []);
    vault.check().await.unwrap();
}

#[tokio::test]
async fn what_nobody_vouches_for_brings_its_values_and_nothing_else() {
    for by in [None, Some(stranger())] {
        let folder = tempfile::tempdir().unwrap();
        closed(folder.path()).await;
        let file = spool(folder.path(), by, &[forged()]).await;
        let octets = std::fs::read(&file).unwrap();
        let vault = opened(folder.path()).await;
        assert_eq!(file_all(&vault).await, Filed { unproven: 1, refused: 1, told: vec![] });
        only_values(&vault).await;
        let [kept] = &in_damaged(folder.path())[..] else { panic!("{:?}", in_damaged(folder.path())) };
        assert_eq!(std::fs::read(folder.path().join("damaged").join(kept)).unwrap(), octets[HEAD..]);
        assert!(!file.exists());
        let unassigned = Query::Samples { patient: None, since: Some(WallTime(T0 + 900_000)), until: None };
        let Answer::Samples(samples) = read(&vault, unassigned).await else { panic!("no samples") };
        let heart_rate = bedside_vitals::Parameter::HeartRate;
        assert_eq!(samples[0].series, SeriesId::derive(DEVICE, None, heart_rate));
    }
}

#[tokio::test]
async fn what_the_keyring_s_program_spooled_is_filed_whole() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    spool(folder.path(), Some(secret()), &[forged()]).await;
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, Filed::default());
    assert!(audit(&vault).await.iter().any(|entry| entry.actor == Some(COLLEAGUE)));
    assert_eq!(stored(&vault, 700).await.unwrap().patient, Some(PATIENT));
    assert_eq!(stored(&vault, 2).await.unwrap().patient, Some(PATIENT));
    assert!(outbox(&vault).await.contains(&(RowId(Uuid::from_u128(1)), RowState::Accepted)));
    assert_eq!(in_damaged(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_capture_without_keyring_files_all_its_values_and_sets_nothing_aside() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    let new = DeviceDescription { id: DeviceId(Uuid::from_u128(0xdef)), ..device() };
    let captured = (0..5).map(|n| Changes {
        devices: vec![new.clone()],
        connections: if n == 0 { Vec::new() } else { vec![connection_of(&new)] },
        readings: vec![reading(800 + n, T0, None)],
        frames: vec![frame(800 + u64::from(n), None)],
        bookmarks: vec![(new.id, bookmark())],
        run: Some(run(10, false)),
        ..Changes::default()
    });
    spool(folder.path(), None, &captured.collect::<Vec<_>>()).await;
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, Filed { unproven: 5, refused: 0, told: vec![] });
    for n in 0..5 {
        assert!(stored(&vault, 800 + n).await.is_some());
    }
    let Answer::Devices(devices) = read(&vault, Query::Devices).await else { panic!("no devices") };
    assert!(devices.contains(&new));
    assert_eq!(in_damaged(folder.path()), Vec::<String>::new());
}

fn connection_of(device: &DeviceDescription) -> bedside_console::Connection {
    let id = bedside_vitals::ConnectionId(Uuid::from_u128(0xc0));
    bedside_console::Connection { id, device: device.id, ..connection() }
}

#[tokio::test]
async fn a_record_that_names_a_known_origin_and_is_not_of_it_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    let proven = spool(folder.path(), Some(secret()), &[forged()]).await;
    let known = std::fs::read(&proven).unwrap()[ORIGIN].to_vec();
    std::fs::remove_file(proven).unwrap();
    let file = spool(folder.path(), None, &[forged()]).await;
    let mut octets = std::fs::read(&file).unwrap();
    octets[ORIGIN].copy_from_slice(&known);
    let check: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&octets[..HEAD - 4]).into();
    octets[HEAD - 4..HEAD].copy_from_slice(&check[..4]);
    std::fs::write(&file, &octets).unwrap();
    let vault = opened(folder.path()).await;
    let filed = file_all(&vault).await;
    assert!(matches!(filed.told[..], [StoreFault::Damaged(_)]), "{filed:?}");
    assert_eq!((stored(&vault, 700).await, filed.unproven), (None, 0));
    assert!(audit(&vault).await.iter().all(|entry| entry.actor != Some(COLLEAGUE)));
    assert_eq!(in_damaged(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_proven_record_is_proven_in_its_own_file_only() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    let from = spool(folder.path(), Some(secret()), &[forged()]).await;
    let into =
        spool(folder.path(), Some(secret()), &[Changes { frames: vec![frame(900, None)], ..Changes::default() }]).await;
    let (from_octets, mut octets) = (std::fs::read(&from).unwrap(), std::fs::read(&into).unwrap());
    std::fs::remove_file(&from).unwrap();
    octets.truncate(HEAD);
    octets.extend(&from_octets[HEAD..]);
    std::fs::write(&into, octets).unwrap();
    let vault = opened(folder.path()).await;
    let filed = file_all(&vault).await;
    assert!(matches!(filed.told[..], [StoreFault::Damaged(_)]), "{filed:?}");
    assert_eq!(stored(&vault, 700).await, None);
    assert!(audit(&vault).await.iter().all(|entry| entry.actor != Some(COLLEAGUE)));
}

#[tokio::test]
async fn the_proof_of_a_record_outlives_a_recovery_with_another_device_secret() {
    let folder = tempfile::tempdir().unwrap();
    let owner = SlotOwner { clinician: COLLEAGUE, user_name: UserName::new("okafor").unwrap() };
    let slot = || NewSlot { owner: owner.clone(), passphrase: Passphrase::typed("seven grey herons".to_owned()) };
    let kit = || RecoveryKey::new([9; 32]);
    let vault = Vault::in_folder(folder.path()).with_passphrase_cost(PassphraseCost::FLOOR);
    let recovery = Some(kit().public());
    vault.create(NewVault { id: VAULT, secret: secret(), first: Some(slot()), recovery }).await.unwrap();
    vault.commit(everything()).await.unwrap();
    vault.lock().await.unwrap();
    assert!(vault.commit(forged()).await.unwrap().spooled);
    vault.close().await.unwrap();

    // The keyring's entry is lost: what is recorded until the recovery has no proof.
    spool(folder.path(), None, &[Changes { readings: vec![reading(900, T0, Some(PATIENT))], ..Changes::default() }])
        .await;
    let vault = Vault::in_folder(folder.path()).with_passphrase_cost(PassphraseCost::FLOOR);
    vault.open(Unlock::Recovery(kit()), OpenMode::Writer).await.unwrap();
    vault.keys(SlotChange::Put { secret: stranger(), slot: slot() }).await.unwrap();
    assert_eq!(file_all(&vault).await, Filed { unproven: 1, refused: 0, told: vec![] });
    assert_eq!(stored(&vault, 700).await.unwrap().patient, Some(PATIENT));
    assert_eq!(stored(&vault, 900).await.unwrap().patient, None);
    // From here on it is the new one that vouches.
    vault.lock().await.unwrap();
    let seen = AuditEntry::new(WallTime(T0), AuditAction::Exported);
    assert!(vault.commit(Changes { audit: vec![seen], ..Changes::default() }).await.unwrap().spooled);
    let passphrase = slot().passphrase;
    let unlock = Unlock::Passphrase { clinician: COLLEAGUE, secret: stranger(), passphrase };
    vault.open(unlock, OpenMode::Writer).await.unwrap();
    assert_eq!(file_all(&vault).await, Filed::default());
    assert!(audit(&vault).await.iter().any(|entry| entry.action == AuditAction::Exported));
}

#[tokio::test]
async fn a_reader_s_entries_are_proven_by_the_secret_that_opened_it() {
    let folder = tempfile::tempdir().unwrap();
    let writer = new_vault(folder.path()).await;
    let reader = Vault::in_folder(folder.path());
    reader.open(unlock(), OpenMode::Reader).await.unwrap();
    let seen = AuditEntry { actor: Some(COLLEAGUE), ..AuditEntry::new(WallTime(T0), AuditAction::Exported) };
    assert!(reader.commit(Changes { audit: vec![seen], ..Changes::default() }).await.unwrap().spooled);
    assert_eq!(file_all(&writer).await, Filed::default());
    assert!(audit(&writer).await.iter().any(|entry| entry.action == AuditAction::Exported));
}

#[tokio::test]
async fn a_keyring_that_comes_later_begins_a_file_that_is_proven() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    let vault = Vault::in_folder(folder.path());
    vault.stand_by().await.unwrap();
    vault.commit(Changes { readings: vec![reading(900, T0, Some(PATIENT))], ..Changes::default() }).await.unwrap();
    vault.vouch(&secret()).await.unwrap();
    vault.commit(Changes { readings: vec![reading(901, T0, Some(PATIENT))], ..Changes::default() }).await.unwrap();
    vault.close().await.unwrap();
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, Filed { unproven: 1, refused: 0, told: vec![] });
    assert_eq!(stored(&vault, 900).await.unwrap().patient, None);
    assert_eq!(stored(&vault, 901).await.unwrap().patient, Some(PATIENT));
}

#[tokio::test]
async fn a_proven_file_whose_head_names_nobody_is_proven_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path()).await;
    let file = spool(folder.path(), Some(secret()), &[forged()]).await;
    let mut octets = std::fs::read(&file).unwrap();
    octets[ORIGIN].fill(0);
    let check: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&octets[..HEAD - 4]).into();
    octets[HEAD - 4..HEAD].copy_from_slice(&check[..4]);
    std::fs::write(&file, &octets).unwrap();
    let vault = opened(folder.path()).await;
    assert_eq!(file_all(&vault).await, Filed::default());
    assert!(audit(&vault).await.iter().any(|entry| entry.actor == Some(COLLEAGUE)));
}
