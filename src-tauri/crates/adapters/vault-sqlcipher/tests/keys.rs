//! Who can open a vault: clinicians, a leaver, the recovery key, and the device secret of earlier vaults.
//! Not here: the slot file octet by octet (`slots` inside), and a program killed in a rekey (`kill`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::{
    Answer, DeviceSecret, NewSlot, NewVault, OpenMode, Passphrase, Pin, Query, RecordStore, RecoveryKey, Safeguard,
    SlotChange, SlotOwner, StoreFault, Unlock, VaultPresence,
};
use bedside_console::{Changes, Clinician, ClinicianId, Role, UserName};
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::*;
use uuid::Uuid;

const BERG: ClinicianId = ClinicianId(Uuid::from_u128(0xbe));
const DIAZ: ClinicianId = ClinicianId(Uuid::from_u128(0xd1));

fn vault_in(folder: &Path) -> Vault {
    Vault::in_folder(folder).with_passphrase_cost(PassphraseCost::FLOOR)
}

fn slot(clinician: ClinicianId, user_name: &str, passphrase: &str) -> NewSlot {
    let owner = SlotOwner { clinician, user_name: UserName::new(user_name).unwrap() };
    NewSlot { owner, passphrase: Passphrase::typed(passphrase) }
}

fn berg() -> NewSlot {
    slot(BERG, "o.berg", "violet kettle")
}

fn diaz() -> NewSlot {
    slot(DIAZ, "m.diaz", "lantern stairs")
}

fn with(clinician: ClinicianId, passphrase: &str) -> Unlock {
    Unlock::Passphrase { clinician, secret: secret(), passphrase: Passphrase::typed(passphrase) }
}

fn kit() -> RecoveryKey {
    RecoveryKey::new([5; 32])
}

fn clinician(id: ClinicianId, user_name: &str, disabled: Option<WallTime>) -> Clinician {
    Clinician {
        id,
        user_name: UserName::new(user_name).unwrap(),
        display_name: user_name.into(),
        roles: vec![Role::Nurse],
        disabled,
        has_pin: false,
        enrolled: WallTime(T0),
    }
}

/// Open, of two clinicians and a recovery key, with one record of every kind.
async fn ward(folder: &Path) -> Vault {
    let vault = vault_in(folder);
    let new = NewVault { first: Some(berg()), recovery: Some(kit().public()), ..made_of() };
    vault.create(new).await.unwrap();
    vault.keys(SlotChange::Put { secret: secret(), slot: diaz() }).await.unwrap();
    let clinicians = vec![clinician(BERG, "o.berg", None), clinician(DIAZ, "m.diaz", None)];
    vault.commit(Changes { clinicians, ..everything() }).await.unwrap();
    vault
}

async fn closed_ward(folder: &Path) -> Vault {
    let vault = ward(folder).await;
    vault.close().await.unwrap();
    vault
}

/// Every file but the lock, whose text says who held it last.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file() && entry.file_name() != "vault.lock");
    files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

async fn open_and_close(vault: &Vault, unlock: Unlock) -> Result<(), StoreFault> {
    vault.open(unlock, OpenMode::Writer).await?;
    assert_eq!(readings(vault).await.len(), 2);
    vault.close().await
}

#[tokio::test]
async fn every_clinician_opens_the_vault_and_the_device_secret_alone_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = closed_ward(folder.path()).await;
    let VaultPresence::Present(header) = vault.presence().await.unwrap() else { panic!("no vault") };
    assert_eq!(header.slots, [berg().owner, diaz().owner]);
    assert!(header.recovery_slot && !header.device_slot);
    open_and_close(&vault, with(BERG, "violet kettle")).await.unwrap();
    open_and_close(&vault, with(DIAZ, "lantern stairs")).await.unwrap();
    assert_eq!(open_and_close(&vault, unlock()).await, Err(StoreFault::NoSlot("device")));
    vault.open(with(DIAZ, "lantern stairs"), OpenMode::Reader).await.unwrap();
    assert_eq!(vault.keys(SlotChange::Remove(BERG)).await, Err(StoreFault::ReadOnly));
}

#[tokio::test]
async fn a_wrong_passphrase_never_opens_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = closed_ward(folder.path()).await;
    let before = files(folder.path());
    for typed in ["violet kettl", "violet kettle ", "Violet kettle", "lantern stairs", ""] {
        for mode in [OpenMode::Writer, OpenMode::Reader] {
            assert_eq!(vault.open(with(BERG, typed), mode).await, Err(StoreFault::WrongPassphrase), "{typed}");
        }
    }
    let elsewhere = Unlock::Passphrase {
        clinician: BERG,
        secret: DeviceSecret::new([0; 32]),
        passphrase: Passphrase::typed("violet kettle"),
    };
    assert_eq!(vault.open(elsewhere, OpenMode::Writer).await, Err(StoreFault::WrongKey));
    assert_eq!(files(folder.path()), before);
    open_and_close(&vault, with(BERG, "violet kettle")).await.unwrap();
}

#[tokio::test]
async fn a_passphrase_is_proved_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ward(folder.path()).await;
    let before = files(folder.path());
    let prove = |clinician, typed: &str| SlotChange::Prove {
        clinician,
        secret: secret(),
        passphrase: Passphrase::typed(typed),
    };
    assert_eq!(vault.keys(prove(BERG, "violet kettle")).await, Ok(()));
    assert_eq!(vault.keys(prove(BERG, "lantern stairs")).await, Err(StoreFault::WrongPassphrase));
    let stranger = ClinicianId(Uuid::nil());
    assert_eq!(vault.keys(prove(stranger, "violet kettle")).await, Err(StoreFault::NoSlot("clinician")));
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn an_earlier_vault_opens_with_the_device_secret_until_somebody_is_enrolled() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("vault");
    support::earlier::put(&inside);
    let vault = vault_in(&inside);
    assert_eq!(
        vault.open(Unlock::Device(DeviceSecret::new([0; 32])), OpenMode::Writer).await,
        Err(StoreFault::WrongKey)
    );
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    let known = readings(&vault).await;
    assert!(!known.is_empty());
    let text = fs::read_to_string(inside.join("slots.json")).unwrap();
    assert!(text.starts_with("{\n  \"format\": 2,"), "{text}");
    vault.close().await.unwrap();
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    vault.keys(SlotChange::Put { secret: secret(), slot: berg() }).await.unwrap();
    vault.close().await.unwrap();
    assert_eq!(vault.open(unlock(), OpenMode::Writer).await, Err(StoreFault::NoSlot("device")));
    vault.open(with(BERG, "violet kettle"), OpenMode::Writer).await.unwrap();
    assert_eq!(readings(&vault).await, known);
    vault.close().await.unwrap();
    // The file of the first format would open with the device secret alone.
    support::earlier::put(&folder.path().join("other"));
    fs::copy(folder.path().join("other/slots.json"), inside.join("slots.json")).unwrap();
    let put_back = vault.open(unlock(), OpenMode::Writer).await;
    assert!(matches!(&put_back, Err(StoreFault::Damaged(what)) if what.contains("older copy")), "{put_back:?}");
}

#[tokio::test]
async fn a_leaver_s_slot_that_is_copied_back_is_told_and_the_recovery_key_makes_it_good() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ward(folder.path()).await;
    let slots = folder.path().join("slots.json");
    let old = fs::read(&slots).unwrap();
    vault.keys(SlotChange::Remove(BERG)).await.unwrap();
    let left = vec![clinician(BERG, "o.berg", Some(WallTime(T0 + 1)))];
    vault.commit(Changes { clinicians: left, ..Changes::default() }).await.unwrap();
    vault.close().await.unwrap();
    let opened = vault.open(with(BERG, "violet kettle"), OpenMode::Writer).await;
    assert_eq!(opened, Err(StoreFault::NoSlot("clinician")));
    fs::write(&slots, &old).unwrap();
    let before = files(folder.path());
    for (unlock, mode) in [
        (with(BERG, "violet kettle"), OpenMode::Writer),
        (with(BERG, "violet kettle"), OpenMode::Reader),
        (with(DIAZ, "lantern stairs"), OpenMode::Writer),
    ] {
        let told = vault.open(unlock, mode).await;
        assert!(matches!(&told, Err(StoreFault::Damaged(what)) if what.contains("older copy")), "{told:?}");
        assert!(matches!(vault.read(Query::Patients).await, Err(StoreFault::Closed)));
    }
    assert_eq!(files(folder.path())["slots.json"], before["slots.json"]);
    open_and_close(&vault, Unlock::Recovery(kit())).await.unwrap();
    open_and_close(&vault, with(DIAZ, "lantern stairs")).await.unwrap();
    let opened = vault.open(with(BERG, "violet kettle"), OpenMode::Writer).await;
    assert_eq!(opened, Err(StoreFault::NoSlot("clinician")));
}

#[tokio::test]
async fn the_recovery_key_opens_without_a_keyring_and_a_new_device_secret_is_enrolled() {
    let folder = tempfile::tempdir().unwrap();
    let vault = closed_ward(folder.path()).await;
    let wrong = Unlock::Recovery(RecoveryKey::new([6; 32]));
    assert_eq!(vault.open(wrong, OpenMode::Writer).await, Err(StoreFault::WrongPassphrase));
    let fresh = || DeviceSecret::new([77; 32]);
    vault.open(Unlock::Recovery(kit()), OpenMode::Writer).await.unwrap();
    vault.keys(SlotChange::Put { secret: fresh(), slot: slot(BERG, "o.berg", "umbrella in may") }).await.unwrap();
    vault.close().await.unwrap();
    let typed =
        |clinician, text: &str| Unlock::Passphrase { clinician, secret: fresh(), passphrase: Passphrase::typed(text) };
    open_and_close(&vault, typed(BERG, "umbrella in may")).await.unwrap();
    // Of the others the slots know another secret: not their passphrase is wrong.
    assert_eq!(vault.open(typed(DIAZ, "lantern stairs"), OpenMode::Writer).await, Err(StoreFault::WrongKey));
    vault.open(typed(BERG, "umbrella in may"), OpenMode::Writer).await.unwrap();
    vault.keys(SlotChange::Recovery(RecoveryKey::new([6; 32]).public())).await.unwrap();
    vault.close().await.unwrap();
    assert_eq!(vault.open(Unlock::Recovery(kit()), OpenMode::Writer).await, Err(StoreFault::WrongPassphrase));
    open_and_close(&vault, Unlock::Recovery(RecoveryKey::new([6; 32]))).await.unwrap();
}

#[tokio::test]
async fn after_a_rekey_everybody_opens_the_same_record_and_the_old_slots_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ward(folder.path()).await;
    let (old_slots, before) = (fs::read(folder.path().join("slots.json")).unwrap(), readings(&vault).await);
    vault.keys(SlotChange::Rekey).await.unwrap();
    assert_eq!(readings(&vault).await, before);
    vault.commit(Changes { readings: vec![reading(3, T0 + 9, None)], ..Changes::default() }).await.unwrap();
    vault.keys(SlotChange::Rekey).await.unwrap();
    vault.check().await.unwrap();
    assert_eq!(readings(&vault).await.len(), 3);
    vault.close().await.unwrap();
    for unlock in [with(BERG, "violet kettle"), with(DIAZ, "lantern stairs"), Unlock::Recovery(kit())] {
        vault.open(unlock, OpenMode::Writer).await.unwrap();
        assert_eq!(readings(&vault).await.len(), 3);
        vault.close().await.unwrap();
    }
    fs::write(folder.path().join("slots.json"), old_slots).unwrap();
    let told = vault.open(Unlock::Recovery(kit()), OpenMode::Writer).await;
    assert!(matches!(told, Err(StoreFault::Damaged(_))), "{told:?}");
}

#[tokio::test]
async fn a_pin_is_kept_as_its_verifier_and_asked_of_the_open_vault() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ward(folder.path()).await;
    vault.commit(Changes { pins: vec![(BERG, Pin::typed("704913"))], ..Changes::default() }).await.unwrap();
    let ask = async |pin: &str| match vault.read(Query::VerifyPin(BERG, Pin::typed(pin))).await.unwrap() {
        Answer::PinVerified(right) => right,
        other => panic!("{other:?}"),
    };
    assert!(ask("704913").await);
    assert!(!ask("704914").await);
    let Answer::Clinicians(all) = read(&vault, Query::Clinicians).await else { panic!("no clinicians") };
    assert_eq!(all.iter().map(|one| (one.id, one.has_pin)).collect::<Vec<_>>(), [(DIAZ, false), (BERG, true)]);
}

#[tokio::test]
async fn keys_of_a_closed_vault_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let vault = closed_ward(folder.path()).await;
    let before = files(folder.path());
    for change in [
        SlotChange::Put { secret: secret(), slot: berg() },
        SlotChange::Prove { clinician: BERG, secret: secret(), passphrase: Passphrase::typed("violet kettle") },
        SlotChange::Remove(BERG),
        SlotChange::Recovery(kit().public()),
        SlotChange::Rekey,
    ] {
        assert_eq!(vault.keys(change).await, Err(StoreFault::Closed));
    }
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn a_slot_file_that_was_exchanged_under_an_open_vault_is_not_signed_again() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ward(folder.path()).await;
    let slots = folder.path().join("slots.json");
    let old = fs::read(&slots).unwrap();
    vault.keys(SlotChange::Remove(BERG)).await.unwrap();
    fs::write(&slots, &old).unwrap();
    let told = vault.keys(SlotChange::Recovery(kit().public())).await;
    assert!(matches!(told, Err(StoreFault::Damaged(_))), "{told:?}");
    assert_eq!(fs::read(&slots).unwrap(), old);
}

#[tokio::test]
async fn without_a_slot_file_a_wrong_passphrase_is_told_as_one_whatever_older_backups_say() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault_in(folder.path());
    vault.create(NewVault { first: Some(berg()), ..made_of() }).await.unwrap();
    vault.commit(everything()).await.unwrap();
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    vault.keys(SlotChange::Put { secret: secret(), slot: diaz() }).await.unwrap();
    vault.safeguard(Safeguard::Backup { now: WallTime(T0 + 60_000) }).await.unwrap();
    vault.close().await.unwrap();
    fs::remove_file(folder.path().join("slots.json")).unwrap();
    let restore = async |typed: &str| {
        let unlock = Some(with(DIAZ, typed));
        vault.safeguard(Safeguard::Restore { backup: None, unlock, now: WallTime(T0 + 90_000) }).await
    };
    // The older one has no slot of hers.
    assert_eq!(restore("violet kettle").await.unwrap_err(), StoreFault::WrongPassphrase);
    restore("lantern stairs").await.unwrap();
    open_and_close(&vault, with(DIAZ, "lantern stairs")).await.unwrap();
}
