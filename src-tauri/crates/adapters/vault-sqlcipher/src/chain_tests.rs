//! Attacks on the audit log by somebody who holds the database key and writes plain SQL, triggers dropped.
//! Not here: the chain itself.
use super::*;
use crate::cipher::{self, Use};
use crate::slots::DatabaseKey;
use crate::tables;
use crate::{anchor, commit};
use bedside_console::ports::VaultId;
use bedside_console::{AuditAction, AuditEntry, Changes};
use bedside_vitals::{PatientId, WallTime};
use rusqlite::params;
use tempfile::TempDir;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const ENTRIES: u64 = 1_000;

/// A keyed database with a thousand entries, and the folder in which it lies. The triggers that refuse are dropped.
fn attacked() -> (TempDir, Connection, Anchor) {
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("vault.db"), DatabaseKey::new([5; 32]));
    std::fs::write(&file, []).unwrap();
    let mut db = cipher::open(&file, &key, Use::Writing).unwrap();
    tables::migrate(&mut db).unwrap();
    keyed::equip_writer(&mut db, &key).unwrap();
    meta::claim(&db, VAULT).unwrap();
    let patient = |n: u64| Some(PatientId(Uuid::from_u128(u128::from(n % 7))));
    let entry = |n: u64| AuditEntry {
        patient: patient(n),
        ..AuditEntry::new(WallTime(1_773_842_400_000 + n.cast_signed()), AuditAction::ALL[n as usize % 20])
    };
    let changes = Changes { audit: (1..=ENTRIES).map(entry).collect(), ..Changes::default() };
    commit::commit(&mut db, &changes, Uuid::from_u128(1)).unwrap();
    let known = anchor::of(&db).unwrap();
    drop(db);
    // The insider's own connection keeps no digests: it has only functions that look.
    let db = cipher::open(&file, &key, Use::Writing).unwrap();
    keyed::equip(&db, &key).unwrap();
    db.execute_batch(
        "DROP TRIGGER audit_kept; DROP TRIGGER audit_stays;
         DROP TRIGGER audit_checkpoint_kept; DROP TRIGGER audit_checkpoint_stays;",
    )
    .unwrap();
    (folder, db, known)
}

/// Which entries are attacked: all of them when BEDSIDE_ENDURE is set, else the first and last ones, those around signatures
/// and some between.
fn places(last: u64) -> impl Iterator<Item = u64> {
    let all = std::env::var_os("BEDSIDE_ENDURE").is_some();
    let here =
        move |seq: u64| all || seq < 4 || seq + 3 > last || seq.is_multiple_of(37) || matches!(seq % 300, 0 | 1 | 299);
    (1..=last).filter(move |seq| here(*seq))
}

/// What is found after an attack, which is undone again.
fn found(db: &Connection, anchor: Option<&Anchor>, attack: impl FnOnce(&Connection)) -> AuditVerdict {
    let one = db.unchecked_transaction().unwrap();
    attack(&one);
    verify(&one, anchor).unwrap()
}

const fn bad(seq: u64, fault: AuditFaultKind) -> AuditVerdict {
    AuditVerdict::Bad { seq, fault }
}

/// The row at a place as an insider who knows the format reads it.
fn columns(db: &Connection, from: u64) -> Vec<Columns> {
    let mut all = Vec::new();
    audit::each(db, |row| {
        all.extend(row.columns.filter(|columns| columns.seq >= from));
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

#[test]
fn an_untouched_log_is_sound_with_and_without_an_anchor() {
    let (_folder, db, known) = attacked();
    let sound = AuditVerdict::Sound { entries: ENTRIES, signed: ENTRIES };
    assert_eq!(found(&db, None, |_| {}), sound);
    assert_eq!(found(&db, Some(&known), |_| {}), sound);
}

#[test]
fn every_entry_that_is_edited_is_named() {
    let (_folder, db, _) = attacked();
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
    for seq in places(ENTRIES) {
        let edit = edits[seq as usize % edits.len()];
        let verdict = found(&db, None, |db| {
            db.execute(&format!("UPDATE audit SET {edit} WHERE seq = {seq}"), []).unwrap();
        });
        assert_eq!(verdict, bad(seq, AuditFaultKind::Altered), "{edit}");
    }
}

#[test]
fn every_entry_that_is_removed_is_named() {
    let (_folder, db, _) = attacked();
    for seq in places(ENTRIES) {
        let verdict = found(&db, None, |db| {
            db.execute("DELETE FROM audit WHERE seq = ?", [seq]).unwrap();
        });
        let fault = if seq == ENTRIES { AuditFaultKind::Truncated } else { AuditFaultKind::Missing };
        assert_eq!(verdict, bad(seq, fault));
    }
}

#[test]
fn every_entry_that_is_swapped_with_the_next_is_named() {
    let (_folder, db, _) = attacked();
    for seq in places(ENTRIES - 1) {
        let verdict = found(&db, None, |db| {
            for (from, to) in [(seq, ENTRIES + 1), (seq + 1, seq), (ENTRIES + 1, seq + 1)] {
                db.execute("UPDATE audit SET seq = ?2 WHERE seq = ?1", [from, to]).unwrap();
            }
        });
        assert_eq!(verdict, bad(seq, AuditFaultKind::Altered));
    }
}

#[test]
fn every_place_where_an_entry_is_inserted_is_named() {
    let (_folder, db, _) = attacked();
    for seq in places(ENTRIES + 1) {
        let verdict = found(&db, None, |db| {
            db.execute_batch(&format!(
                "UPDATE audit SET seq = -seq - 1 WHERE seq >= {seq}; UPDATE audit SET seq = -seq WHERE seq < 0;
                 INSERT INTO audit (seq, prev, hash, at, roles, action, purpose, outcome)
                     SELECT {seq}, coalesce((SELECT hash FROM audit WHERE seq = {seq} - 1), x'00'), x'00', at, roles,
                         action, purpose, outcome FROM audit LIMIT 1;"
            ))
            .unwrap();
        });
        assert_eq!(verdict, bad(seq, AuditFaultKind::Altered));
    }
}

#[test]
fn every_tail_that_is_cut_off_is_named() {
    let (_folder, db, known) = attacked();
    for left in places(ENTRIES).map(|seq| seq - 1) {
        let cut = |db: &Connection| {
            db.execute("DELETE FROM audit WHERE seq > ?", [left]).unwrap();
            db.execute("DELETE FROM audit_checkpoint WHERE seq > ?", [left]).unwrap();
        };
        assert_eq!(found(&db, None, cut), bad(left + 1, AuditFaultKind::Truncated));
        // The insider makes the count fit too, and takes the digests of the entries along.
        let cut_well = |db: &Connection| {
            cut(db);
            db.execute("UPDATE digest SET rows = ? WHERE name = 'audit'", [left]).unwrap();
            db.execute("DELETE FROM row_digest WHERE name = 'audit' AND row > ?", [left]).unwrap();
        };
        assert_eq!(found(&db, Some(&known), cut_well), bad(left + 1, AuditFaultKind::Truncated));
    }
}

#[test]
fn an_insider_who_writes_the_whole_chain_anew_from_an_entry_on_is_found_at_that_entry() {
    let (_folder, db, _) = attacked();
    for seq in places(ENTRIES).step_by(2) {
        let verdict = found(&db, None, |db| {
            db.execute("UPDATE audit SET patient = NULL WHERE seq = ?", [seq]).unwrap();
            rechain(db, seq);
        });
        assert_eq!(verdict, bad(seq, AuditFaultKind::Altered));
    }
}

#[test]
fn an_insider_who_has_the_digests_too_is_stopped_by_the_next_signature_and_by_the_anchor() {
    let (_folder, db, known) = attacked();
    let digest = digest::expression(&db, AUDIT, "").unwrap();
    let rewrite = |db: &Connection| {
        db.execute("UPDATE audit SET patient = NULL WHERE seq = 950", []).unwrap();
        rechain(db, 950);
        db.execute("DELETE FROM row_digest WHERE name = 'audit'", []).unwrap();
        let put = format!("INSERT INTO row_digest (name, row, mac) SELECT 'audit', seq, {digest} FROM audit");
        db.execute(&put, []).unwrap();
    };
    assert_eq!(found(&db, None, rewrite), bad(ENTRIES, AuditFaultKind::Signature));
    let and_unsigned = |db: &Connection| {
        rewrite(db);
        db.execute("DELETE FROM audit_checkpoint WHERE seq >= 950", []).unwrap();
    };
    assert_eq!(found(&db, None, and_unsigned), bad(ENTRIES, AuditFaultKind::Signature));
    let before_the_end = |db: &Connection| {
        rewrite(db);
        db.execute("DELETE FROM audit WHERE seq = 1000", []).unwrap();
        db.execute("DELETE FROM audit_checkpoint WHERE seq = 1000", []).unwrap();
    };
    assert_eq!(found(&db, Some(&known), before_the_end), bad(ENTRIES, AuditFaultKind::Truncated));
}

#[test]
fn a_record_with_another_signing_key_does_not_fit_the_anchor() {
    let (_folder, db, known) = attacked();
    let other = Anchor { public_key: [9; 32], ..known.clone() };
    assert_eq!(found(&db, Some(&other), |_| {}), bad(ENTRIES, AuditFaultKind::Signature));
    let other = Anchor { audit_head: [9; 32], audit_seq: 17, ..known };
    assert_eq!(found(&db, Some(&other), |_| {}), bad(17, AuditFaultKind::Altered));
}
