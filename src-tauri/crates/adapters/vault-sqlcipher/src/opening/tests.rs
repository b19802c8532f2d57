//! What is left when a creation, a change of slots or a rekey is broken off at each of its steps, and how opening ends it.
//! Not here: a program that is truly killed (`tests/kill`).
use super::*;
use crate::slots::PassphraseCost;
use crate::tables;
use bedside_console::ports::{
    Answer, DeviceSecret, NewSlot, Passphrase, Query, RecoveryKey, SlotChange, SlotOwner, VaultId,
};
use bedside_console::{ClinicianId, DigestFault, UserName};
use std::path::Path;
use uuid::Uuid;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const BERG: ClinicianId = ClinicianId(Uuid::from_u128(1));

fn slot() -> NewSlot {
    let owner = SlotOwner { clinician: BERG, user_name: UserName::new("o.berg").unwrap() };
    NewSlot { owner, passphrase: Passphrase::typed("violet kettle") }
}

fn new() -> NewVault {
    let recovery = Some(RecoveryKey::new([5; 32]).public());
    NewVault { id: VAULT, secret: DeviceSecret::new([3; 32]), first: Some(slot()), recovery }
}

/// Quick, and proves as much.
fn kit() -> Unlock {
    Unlock::Recovery(RecoveryKey::new([5; 32]))
}

fn state(folder: &Path) -> State {
    let state = State::new(folder);
    *lock(&state.cost) = Some(PassphraseCost::FLOOR);
    state
}

fn vault(folder: &Path) -> State {
    let state = state(folder);
    state.create(&new()).unwrap();
    state
}

fn slots_of(state: &State) -> Slots {
    Slots::parse(&state.slot_octets().unwrap()).unwrap()
}

fn key_of(state: &State) -> DatabaseKey {
    lock(&state.opened).as_ref().unwrap().key.clone()
}

fn counters(state: &State) -> (u64, u64) {
    (slots_of(state).counter(), meta::slot_counter(lock(&state.writer).as_ref().unwrap()).unwrap())
}

/// Opens, and says which key the database has.
fn reopened(folder: &Path) -> DatabaseKey {
    let state = state(folder);
    state.open(&kit(), OpenMode::Writer).unwrap();
    assert!(!slots_of(&state).has_two_keys());
    let (file, database) = counters(&state);
    assert_eq!(file, database);
    state.check().unwrap();
    key_of(&state)
}

#[test]
fn a_rekey_that_was_broken_off_before_the_first_page_keeps_the_old_key() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let (old, new) = (key_of(&state), new_database_key().unwrap());
    let mut slots = slots_of(&state);
    slots.begin_rekey(&old, &new).unwrap();
    state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
    drop(state);
    assert_eq!(reopened(folder.path()), old);
    assert_eq!(reopened(folder.path()), old);
}

#[test]
fn a_rekey_that_was_broken_off_after_the_last_page_has_the_new_key() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let (old, new) = (key_of(&state), new_database_key().unwrap());
    let mut slots = slots_of(&state);
    slots.begin_rekey(&old, &new).unwrap();
    {
        let writer = lock(&state.writer);
        let db = writer.as_ref().unwrap();
        digest::in_transaction(db, |db| record_key::seal_also(db, &old, &new)).unwrap();
        state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
        drop(lock(&state.reader).take());
        cipher::rekey(db, &new).unwrap();
    }
    drop(state);
    assert_eq!(reopened(folder.path()), new);
    assert_eq!(reopened(folder.path()), new);
}

#[test]
fn during_a_rekey_a_reader_finds_the_key_and_leaves_the_end_to_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let mut slots = slots_of(&state);
    slots.begin_rekey(&key_of(&state), &new_database_key().unwrap()).unwrap();
    state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
    state.close().unwrap();
    state.open(&kit(), OpenMode::Reader).unwrap();
    assert!(slots_of(&state).has_two_keys());
}

#[test]
fn a_database_under_neither_key_is_damaged_and_both_slots_stay() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let mut slots = slots_of(&state);
    slots.begin_rekey(&key_of(&state), &new_database_key().unwrap()).unwrap();
    state.close().unwrap();
    let octets = slots.to_json().unwrap();
    state.folder.write_slots(&octets).unwrap();
    std::fs::write(state.folder.database(), [7; 40_960]).unwrap();
    assert!(matches!(state.open(&kit(), OpenMode::Writer), Err(StoreFault::Damaged(_))));
    assert_eq!(state.slot_octets().unwrap(), octets);
}

#[test]
fn a_change_of_slots_that_was_broken_off_before_the_database_knew_of_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let mut slots = slots_of(&state);
    slots.remove(&key_of(&state), BERG).unwrap();
    state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
    drop(state);
    reopened(folder.path());
    assert!(slots_of(&self::state(folder.path())).header().slots.is_empty());
}

#[test]
fn a_creation_that_was_broken_off_is_ended_by_whoever_opens_the_vault() {
    for lost in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        state.folder.make().unwrap();
        let key = new_database_key().unwrap();
        let first = PreparedSlot::new(VAULT, &new().secret, &slot(), PassphraseCost::FLOOR).unwrap();
        let slots = Slots::new(&new(), Some(first), &key).unwrap();
        state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
        if !lost {
            state.folder.make_database().unwrap();
        }
        assert_eq!(state.open(&kit(), OpenMode::Reader), Err(StoreFault::Missing));
        let unlock = Unlock::Passphrase { clinician: BERG, secret: new().secret, passphrase: slot().passphrase };
        state.open(&unlock, OpenMode::Writer).unwrap();
        assert_eq!(slots_of(&state).stage(), Stage::Ready);
        drop(state);
        assert_eq!(reopened(folder.path()), key);
    }
}

#[test]
fn after_the_vault_is_closed_its_key_is_known_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    assert_eq!(state.spool_keys().unwrap().len(), 1);
    state.close().unwrap();
    assert!(lock(&state.opened).is_none());
    assert_eq!(state.spool_keys(), Err(StoreFault::Closed));
    let wrong = Unlock::Recovery(RecoveryKey::new([6; 32]));
    assert_eq!(state.open(&wrong, OpenMode::Writer), Err(StoreFault::WrongPassphrase));
    assert!(lock(&state.opened).is_none() && lock(&state.hold).is_none());
}

#[test]
fn a_rekey_leaves_no_octet_that_the_old_key_reads() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let old = key_of(&state);
    state.keys(&SlotChange::Rekey).unwrap();
    assert_ne!(key_of(&state), old);
    state.close().unwrap();
    assert!(cipher::open(&state.folder.database(), &old, Use::Reading).is_err());
    assert!(!std::fs::metadata(folder.path().join("vault.db-wal")).is_ok_and(|log| log.len() > 0));
}

/// A vault of an earlier version, opened by the device secret alone.
fn earlier(folder: &Path, format: &str) -> (State, DatabaseKey) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earlier").join(format);
    for name in ["vault.db", "slots.json"] {
        std::fs::copy(from.join(name), folder.join(name)).unwrap();
    }
    let state = state(folder);
    let key = slots_of(&state).unlock(&of_earlier()).unwrap().remove(0);
    (state, key)
}

fn of_earlier() -> Unlock {
    Unlock::Device(DeviceSecret::new(std::array::from_fn(|i| i as u8 + 1)))
}

fn verdict(state: &State) -> Option<DigestFault> {
    match state.read(Query::VerifyDigests).unwrap() {
        Answer::Digests(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_creation_that_was_broken_off_between_two_formats_is_ended() {
    for format in 1..tables::FORMAT {
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        state.folder.make().unwrap();
        let key = new_database_key().unwrap();
        let slots = Slots::new(&new(), None, &key).unwrap();
        state.folder.write_slots(&slots.to_json().unwrap()).unwrap();
        state.folder.make_database().unwrap();
        tables::migrate_to(&mut cipher::open(&state.folder.database(), &key, Use::Writing).unwrap(), format).unwrap();
        assert_eq!(reopened(folder.path()), key, "after format {format}");
    }
}

#[test]
fn a_migration_that_was_broken_off_between_two_formats_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (state, key) = earlier(folder.path(), "format2");
    tables::migrate_to(&mut cipher::open(&state.folder.database(), &key, Use::Writing).unwrap(), 3).unwrap();
    state.open(&of_earlier(), OpenMode::Writer).unwrap();
    assert_eq!(verdict(&state), None);
    assert_eq!(state.list_backups().len(), 1);
    state.check().unwrap();
}

#[test]
fn an_earlier_vault_that_was_changed_behind_the_back_is_backed_up_migrated_and_told() {
    for (change, table) in [
        ("UPDATE patient SET family = 'OTHER'", "patient"),
        // What the migration itself alters.
        ("UPDATE meta SET last_commit = randomblob(16)", "meta"),
        ("DROP TRIGGER audit_kept", "sqlite_schema"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (state, key) = earlier(folder.path(), "format3");
        let db = cipher::open(&state.folder.database(), &key, Use::Writing).unwrap();
        db.execute(change, []).unwrap();
        drop(db);
        state.open(&of_earlier(), OpenMode::Writer).unwrap();
        assert_eq!(verdict(&state), Some(DigestFault { table, reading: None }));
        let [copy] = &state.list_backups()[..] else { panic!("no backup") };
        assert_eq!(copy.verified, None, "{table}");
        assert!(matches!(state.back_up(bedside_vitals::WallTime(9)), Err(StoreFault::Damaged(_))), "{table}");
    }
}

#[test]
fn a_record_whose_secret_is_gone_is_not_signed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    let key = key_of(&state);
    state.close().unwrap();
    let db = cipher::open(&state.folder.database(), &key, Use::Writing).unwrap();
    db.execute("DELETE FROM record_key", []).unwrap();
    drop(db);
    assert!(matches!(state.open(&kit(), OpenMode::Writer), Err(StoreFault::Damaged(_))));
}
