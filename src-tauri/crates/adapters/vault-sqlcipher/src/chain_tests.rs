//! Attacks on the audit log by somebody who holds the database key and writes plain SQL, triggers dropped.
//! Not here: the chain itself.
use super::*;
use crate::slots::DatabaseKey;
use crate::tables;
use crate::{anchor, commit};
use bedside_console::ports::VaultId;
use bedside_console::{AuditAction, AuditEntry, Changes};
use bedside_vitals::{PatientId, WallTime};
use rusqlite::backup::Backup;
use rusqlite::params;
use std::time::Duration;

#[path = "../tests/support/proof.rs"]
#[allow(dead_code, unreachable_pub, clippy::print_stdout, reason = "shared with the test programs")]
mod proof;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const ENTRIES: u64 = 1_000;
/// So many sound entries before an attacked one are followed again each time; a part of the attacks is looked for from the
/// first entry on, as it is done in a vault. At length all are.
const SOUND_BEFORE: u64 = 8;

/// A log of a thousand entries in the hands of somebody who has its key: the triggers that refuse are dropped.
struct Attacked {
    db: Connection,
    known: Anchor,
    /// How far the chain is followed behind each entry of the untouched log, from 0 on.
    places: Vec<Place>,
}

impl Attacked {
    fn new() -> Self {
        let key = DatabaseKey::new([5; 32]);
        // In memory and not encrypted: the attacker has the key, and thousands of logs are looked through.
        let mut written = Connection::open_in_memory().unwrap();
        tables::migrate(&mut written).unwrap();
        keyed::equip_writer(&mut written, &key).unwrap();
        digest::in_transaction(&written, |db| meta::claim(db, VAULT)).unwrap();
        let patient = |n: u64| Some(PatientId(Uuid::from_u128(u128::from(n % 7))));
        let entry = |n: u64| AuditEntry {
            patient: patient(n),
            ..AuditEntry::new(WallTime(1_773_842_400_000 + n.cast_signed()), AuditAction::ALL[n as usize % 20])
        };
        let changes = Changes { audit: (1..=ENTRIES).map(entry).collect(), ..Changes::default() };
        commit::commit(&mut written, &changes, Uuid::from_u128(1)).unwrap();
        let known = anchor::of(&written).unwrap();
        // The insider's own connection keeps no digests: it has only functions that look.
        let mut db = Connection::open_in_memory().unwrap();
        Backup::new(&written, &mut db).unwrap().run_to_completion(1_000, Duration::ZERO, None).unwrap();
        keyed::equip(&db, &key).unwrap();
        db.execute_batch(
            "DROP TRIGGER audit_kept; DROP TRIGGER audit_stays;
             DROP TRIGGER audit_checkpoint_kept; DROP TRIGGER audit_checkpoint_stays;",
        )
        .unwrap();
        let places = places(&db);
        Self { db, known, places }
    }

    /// What is found after an attack that touches nothing before the entry `seq`, which is undone again.
    fn found(&self, seq: u64, anchor: Option<&Anchor>, attack: impl FnOnce(&Connection)) -> AuditVerdict {
        let one = &self.db;
        one.execute_batch("SAVEPOINT one").unwrap();
        attack(one);
        let mut place = self.places[(seq - 1).saturating_sub(SOUND_BEFORE) as usize].clone();
        let verdict = Known::read(one, anchor).unwrap().follow(one, &mut place).unwrap();
        if is_followed_whole(seq) {
            assert_eq!(verify(one, anchor).unwrap(), verdict, "from the first entry on");
        }
        one.execute_batch("ROLLBACK TO one; RELEASE one").unwrap();
        verdict
    }
}

fn places(db: &Connection) -> Vec<Place> {
    let known = Known::read(db, None).unwrap();
    let mut place = Place::before_all(known.vault);
    let mut all = vec![place.clone()];
    audit::each(db, 0, |row| {
        assert_eq!(known.step(&mut place, row), None);
        all.push(place.clone());
        Ok(true)
    })
    .unwrap();
    all
}

/// The first and last entries, those around signatures and some between.
fn is_followed_whole(seq: u64) -> bool {
    proof::is_long() || seq < 4 || seq + 2 > ENTRIES || seq.is_multiple_of(97) || matches!(seq % 300, 0 | 1 | 299)
}

const fn bad(seq: u64, fault: AuditFaultKind) -> AuditVerdict {
    AuditVerdict::Bad { seq, fault }
}

/// The row at a place as an insider who knows the format reads it.
fn columns(db: &Connection, from: u64) -> Vec<Columns> {
    let mut all = Vec::new();
    audit::each(db, from - 1, |row| {
        all.extend(row.columns);
        Ok(true)
    })
    .unwrap();
    all
}

/// Writes the hashes of all entries from a place on anew.
fn rechain(db: &Connection, from: u64) {
    let mut before = match from {
        1 => genesis(VAULT.0),
        _ => audit::hash_at(db, from - 1).unwrap().unwrap(),
    };
    let mut write = db.prepare_cached("UPDATE audit SET prev = ?2, hash = ?3 WHERE seq = ?1").unwrap();
    for columns in columns(db, from) {
        let hash = hash(&before, &columns);
        write.execute(params![columns.seq, before, hash]).unwrap();
        before = hash;
    }
}

/// Attacks the log at every place up to `last`; each time the first bad entry must be that one, with the fault that `named`
/// says.
fn every_place_is_named(
    how: &str,
    last: u64,
    anchor: impl Fn(&Attacked) -> Option<&Anchor>,
    attack: impl Fn(&Connection, u64),
    named: impl Fn(u64) -> AuditFaultKind,
) {
    let log = Attacked::new();
    for seq in 1..=last {
        assert_eq!(log.found(seq, anchor(&log), |db| attack(db, seq)), bad(seq, named(seq)), "{how}");
    }
    tell_named(how, last);
}

fn tell_named(how: &str, last: u64) {
    let whole = (1..=last).filter(|seq| is_followed_whole(*seq)).count();
    proof::tell(
        &format!("audit log, {how}"),
        &format!("{last} of {last} attacks named at their place, {whole} of them by following the whole chain"),
    );
}

#[test]
fn an_untouched_log_is_sound_with_and_without_an_anchor() {
    let log = Attacked::new();
    let sound = AuditVerdict::Sound { entries: ENTRIES, signed: ENTRIES };
    assert_eq!(log.found(1, None, |_| {}), sound);
    assert_eq!(log.found(1, Some(&log.known), |_| {}), sound);
    // From wherever it is followed.
    assert_eq!(log.found(ENTRIES, Some(&log.known), |_| {}), sound);
}

#[test]
fn every_entry_that_is_edited_is_named() {
    let edits = [
        "at = at + 1",
        "patient = x'00000000000000000000000000000009'",
        "patient = NULL",
        "action = 'sick_joke'",
        "outcome = 'failed'",
        "reason = 'x'",
        "hash = x'00'",
        "prev = hash",
        "roles = 'nurse'",
    ];
    let edit = |db: &Connection, seq: u64| {
        let edit = edits[seq as usize % edits.len()];
        db.execute(&format!("UPDATE audit SET {edit} WHERE seq = {seq}"), []).unwrap();
    };
    every_place_is_named("edited", ENTRIES, |_| None, edit, |_| AuditFaultKind::Altered);
}

#[test]
fn every_entry_that_is_removed_is_named() {
    let remove = |db: &Connection, seq: u64| {
        db.execute("DELETE FROM audit WHERE seq = ?", [seq]).unwrap();
    };
    let fault = |seq| if seq == ENTRIES { AuditFaultKind::Truncated } else { AuditFaultKind::Missing };
    every_place_is_named("removed", ENTRIES, |_| None, remove, fault);
}

#[test]
fn every_entry_that_is_swapped_with_the_next_is_named() {
    let swap = |db: &Connection, seq: u64| {
        for (from, to) in [(seq, ENTRIES + 1), (seq + 1, seq), (ENTRIES + 1, seq + 1)] {
            db.execute("UPDATE audit SET seq = ?2 WHERE seq = ?1", [from, to]).unwrap();
        }
    };
    every_place_is_named("swapped with the next", ENTRIES - 1, |_| None, swap, |_| AuditFaultKind::Altered);
}

#[test]
fn every_place_where_an_entry_is_inserted_is_named() {
    let log = Attacked::new();
    let insert = |db: &Connection, seq: u64| {
        let sql = "INSERT INTO audit (seq, prev, hash, at, roles, action, purpose, outcome)
            SELECT ?1, coalesce((SELECT hash FROM audit WHERE seq = ?1 - 1), x'00'), x'00', at, roles, action, purpose,
                outcome FROM audit LIMIT 1";
        db.execute(sql, [seq]).unwrap();
    };
    let room = log.db.unchecked_transaction().unwrap();
    // From the end on: all that lie behind a place have made room for it already.
    for seq in (1..=ENTRIES + 1).rev() {
        room.execute("UPDATE audit SET seq = seq + 1 WHERE seq = ?", [seq]).unwrap();
        assert_eq!(log.found(seq, None, |db| insert(db, seq)), bad(seq, AuditFaultKind::Altered));
    }
    tell_named("inserted", ENTRIES + 1);
}

#[test]
fn an_entry_before_the_first_place_is_named() {
    let log = Attacked::new();
    for seq in [0, -1, i64::MIN] {
        let insert = |db: &Connection| {
            let copy = "INSERT INTO audit (seq, prev, hash, at, roles, action, purpose, outcome)
                SELECT ?, prev, hash, at, roles, action, purpose, outcome FROM audit WHERE seq = 1";
            db.execute(copy, [seq]).unwrap();
        };
        assert_eq!(log.found(1, None, insert), bad(1, AuditFaultKind::Altered), "{seq}");
    }
}

fn cut_before(db: &Connection, seq: u64) {
    db.execute("DELETE FROM audit WHERE seq >= ?", [seq]).unwrap();
    db.execute("DELETE FROM audit_checkpoint WHERE seq >= ?", [seq]).unwrap();
}

#[test]
fn every_tail_that_is_cut_off_is_named() {
    every_place_is_named("tail cut off", ENTRIES, |_| None, cut_before, |_| AuditFaultKind::Truncated);
}

#[test]
fn every_tail_that_is_cut_off_with_a_count_that_fits_is_named() {
    // The insider makes the count fit too, and takes the digests of the entries along.
    let cut_well = |db: &Connection, seq: u64| {
        cut_before(db, seq);
        db.execute("UPDATE digest SET rows = ? WHERE name = 'audit'", [seq - 1]).unwrap();
        db.execute("DELETE FROM row_digest WHERE name = 'audit' AND row >= ?", [seq]).unwrap();
    };
    let fault = |_| AuditFaultKind::Truncated;
    every_place_is_named("tail cut off, the count made to fit", ENTRIES, |_| None, cut_well, fault);
    every_place_is_named("tail cut off, seen by the anchor", ENTRIES, |log| Some(&log.known), cut_well, fault);
}

#[test]
fn an_insider_who_writes_the_whole_chain_anew_from_an_entry_on_is_found_at_that_entry() {
    let log = Attacked::new();
    for seq in (1..=ENTRIES).filter(|seq| is_followed_whole(*seq)) {
        let verdict = log.found(seq, None, |db| {
            db.execute("UPDATE audit SET patient = NULL WHERE seq = ?", [seq]).unwrap();
            rechain(db, seq);
        });
        assert_eq!(verdict, bad(seq, AuditFaultKind::Altered));
    }
}

#[test]
fn an_insider_who_has_the_digests_too_is_stopped_by_the_next_signature_and_by_the_anchor() {
    let log = Attacked::new();
    let digest = digest::expression(&log.db, AUDIT).unwrap();
    let rewrite = |db: &Connection| {
        db.execute("UPDATE audit SET patient = NULL WHERE seq = 950", []).unwrap();
        rechain(db, 950);
        db.execute("DELETE FROM row_digest WHERE name = 'audit'", []).unwrap();
        let put = format!("INSERT INTO row_digest (name, row, mac) SELECT 'audit', seq, {digest} FROM audit");
        db.execute(&put, []).unwrap();
    };
    assert_eq!(log.found(950, None, rewrite), bad(ENTRIES, AuditFaultKind::Signature));
    let and_unsigned = |db: &Connection| {
        rewrite(db);
        db.execute("DELETE FROM audit_checkpoint WHERE seq >= 950", []).unwrap();
    };
    assert_eq!(log.found(950, None, and_unsigned), bad(ENTRIES, AuditFaultKind::Signature));
    let before_the_end = |db: &Connection| {
        rewrite(db);
        db.execute("DELETE FROM audit WHERE seq = 1000", []).unwrap();
        db.execute("DELETE FROM audit_checkpoint WHERE seq = 1000", []).unwrap();
    };
    assert_eq!(log.found(950, Some(&log.known), before_the_end), bad(ENTRIES, AuditFaultKind::Truncated));
}

#[test]
fn a_record_with_another_signing_key_does_not_fit_the_anchor() {
    let log = Attacked::new();
    let other = Anchor { public_key: [9; 32], ..log.known.clone() };
    assert_eq!(log.found(1, Some(&other), |_| {}), bad(ENTRIES, AuditFaultKind::Signature));
    let other = Anchor { audit_head: [9; 32], audit_seq: 17, ..log.known.clone() };
    assert_eq!(log.found(1, Some(&other), |_| {}), bad(17, AuditFaultKind::Altered));
}
