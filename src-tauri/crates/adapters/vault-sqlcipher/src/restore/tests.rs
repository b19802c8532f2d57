//! A restore that is broken off between any two of its moves, and what the next opening makes of it.
//! Not here: programs that are truly killed (`tests/kill`), and what a restore brings over (`tests/backup`, `tests/restore`).
use super::*;
use bedside_console::ports::{Answer, DeviceSecret, NewVault, Query, VaultPresence};
use bedside_console::{AuditAction, AuditEntry, Changes};

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const NOW: WallTime = WallTime(1_773_842_792_000);

/// Dozens of vaults must not wait for a disk.
fn folder_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn device() -> Unlock {
    Unlock::Device(DeviceSecret::new([3; 32]))
}

fn note(state: &State, count: i64) {
    for n in 0..count {
        let audit = vec![AuditEntry::new(WallTime(n), AuditAction::PatientOpened)];
        state.commit(&Changes { audit, ..Changes::default() }).unwrap();
    }
}

fn noted(state: &State) -> usize {
    match state.read(Query::Audit { patient: None, limit: 99 }).unwrap() {
        Answer::Audit(entries) => entries.len(),
        other => panic!("{other:?}"),
    }
}

/// A vault with two entries that no backup has, closed, a log beside its file. Whoever reads it keeps the log there.
fn vault_with_a_log(folder: &Path) -> Connection {
    let state = State::new(folder);
    state.create(&NewVault { id: VAULT, secret: DeviceSecret::new([3; 32]), first: None, recovery: None }).unwrap();
    note(&state, 3);
    state.back_up(NOW).unwrap();
    note(&state, 2);
    let (_, key) = state.identity().unwrap();
    let reader = cipher::open(&state.folder.database(), &key, Use::Reading).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM audit;").unwrap();
    state.close().unwrap();
    reader
}

/// Breaks a restore off after so many moves; whether moves were left.
fn broken_off_after(folder: &Path, moves: usize) -> bool {
    let state = State::new(folder);
    state.take_hold().unwrap();
    state.make_ready(None, Some(&device()), NOW).unwrap();
    // Dropped as a program that is killed drops it: nothing is tidied up.
    (0..moves).all(|_| step(&state.folder).unwrap())
}

#[test]
fn a_restore_broken_off_between_any_two_moves_is_ended_by_the_next_opening() {
    for is_without_slots in [false, true] {
        let mut moves = 0;
        loop {
            let folder = folder_in_memory();
            let inside = folder.path();
            let reader = vault_with_a_log(inside);
            assert!(inside.join("vault.db-wal").exists());
            if is_without_slots {
                std::fs::remove_file(inside.join(SLOTS)).unwrap();
            }
            let of = format!("after {moves} moves, without slots: {is_without_slots}");
            let is_half = broken_off_after(inside, moves);
            drop(reader);

            let state = State::new(inside);
            // Never a first run: that would be a new key beside somebody's record.
            assert!(matches!(state.presence(), Ok(VaultPresence::Present(_))), "{of}: {:?}", state.presence());
            state.open(&device(), OpenMode::Writer).unwrap_or_else(|fault| panic!("{of}: {fault}"));
            assert_eq!(noted(&state), 5, "{of}");
            state.check().unwrap();
            note(&state, 1);
            state.close().unwrap();
            let set_aside: Vec<_> = std::fs::read_dir(inside.join("damaged")).unwrap().flatten().collect();
            assert_eq!(set_aside.len(), 1, "{of}");
            for name in [DATABASE, "vault.db-wal"] {
                assert!(set_aside[0].path().join(name).exists(), "{of}: {name} was not set aside");
            }
            assert!(!inside.join(PLACE).exists(), "{of}");
            state.open(&device(), OpenMode::Writer).unwrap();
            assert_eq!(noted(&state), 6, "{of}");
            if !is_half {
                break;
            }
            moves += 1;
        }
        assert!(moves >= 4, "only {moves} moves");
    }
}

#[test]
fn a_reader_that_comes_between_two_moves_is_told_of_no_first_run_and_no_wrong_key() {
    let mut moves = 0;
    loop {
        let folder = folder_in_memory();
        drop(vault_with_a_log(folder.path()));
        let is_half = broken_off_after(folder.path(), moves);
        let state = State::new(folder.path());
        match state.open(&device(), OpenMode::Reader) {
            Ok(()) => assert_eq!(noted(&state), 5, "after {moves} moves"),
            Err(StoreFault::Damaged(_) | StoreFault::Io(_)) if moves > 0 && is_half => {}
            Err(other) => panic!("after {moves} moves: {other:?}"),
        }
        if !is_half {
            break;
        }
        moves += 1;
    }
}
