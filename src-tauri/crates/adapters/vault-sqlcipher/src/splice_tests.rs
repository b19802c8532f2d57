//! Old pages put back into a newer file: the cipher accepts each of them, because it has the right key and the right page
//! number. Either it is told, or nothing differs.
use crate::cipher::{self, Use};
use crate::slots::DatabaseKey;
use crate::tables::{self, digest, meta};
use crate::{anchor, chain, commit, keyed};
use bedside_console::ports::VaultId;
use bedside_console::{AnchorVerdict, AuditAction, AuditEntry, AuditVerdict, Changes, DigestFault};
use bedside_vitals::{PatientId, ReadingId, WallTime};
use rusqlite::Connection;
use std::path::Path;
use uuid::Uuid;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const PAGE: usize = 4_096;

fn key() -> DatabaseKey {
    DatabaseKey::new([5; 32])
}

fn writer(file: &Path, format: u32) -> Connection {
    let mut db = cipher::open(file, &key(), Use::Writing).unwrap();
    if tables::format(&db).unwrap() >= tables::DIGESTED {
        keyed::equip(&db, &key()).unwrap();
    }
    tables::migrate_to(&mut db, format).unwrap();
    keyed::equip_writer(&mut db, &key()).unwrap();
    digest::in_transaction(&db, |db| meta::claim(db, VAULT)).unwrap();
    db
}

/// One more day: rows in every kind of table, in transactions as the console makes them, and a file without a log.
fn a_day(file: &Path, day: i64) {
    a_day_of(file, day, tables::FORMAT);
}

fn a_day_of(file: &Path, day: i64, format: u32) {
    let mut db = writer(file, format);
    for n in day * 40..(day + 1) * 40 {
        let rows = format!(
            "INSERT INTO patient (id, record_number, family, given, birth_date, sex)
                 VALUES (x'{n:032x}', 'MRN {n}', 'FAMILY{n}', 'Given', '1951-03-14', 'female');
             INSERT INTO binding (id, device, patient, since, not_before) VALUES (x'{n:032x}', x'02', x'{n:032x}', {n}, {n});
             INSERT INTO reading (id, device, parameter, cadence, unit, first_mantissa, first_exponent, at, time_method,
                 received, boot_seconds, boot_nanos, identity, identity_number, quality, glucose)
                 VALUES (x'{n:032x}', x'02', 150364, 1, 'Cel', {n}, -1, {n}, 0, {n}, 1, 1, 0, {n}, 0, 0);
             INSERT INTO outbox (id, resource_type, resource_id, payload, depends_on, state, attempts, created)
                 VALUES (x'{n:032x}', 'Observation', x'{n:032x}', '{{}}', x'', 'waiting', 0, {n});
             UPDATE outbox SET state = 'accepted', outcome_status = 201, outcome_text = '', outcome_at = {n}
                 WHERE created < {n} - 30;
             UPDATE binding SET until = {n} WHERE since < {n} - 5 AND until IS NULL;
             UPDATE reading SET patient = x'{n:032x}' WHERE at = {n} - 3;"
        );
        digest::in_transaction(&db, |db| Ok(db.execute_batch(&rows)?)).unwrap();
        let seen = AuditEntry {
            patient: Some(PatientId(Uuid::from_u128(n.unsigned_abs().into()))),
            ..AuditEntry::new(WallTime(n), AuditAction::PatientOpened)
        };
        commit::commit(&mut db, &Changes { audit: vec![seen], ..Changes::default() }, Uuid::from_u128(1)).unwrap();
    }
    digest::in_transaction(&db, tables::audit::sign_head).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

fn reader(file: &Path) -> Result<Connection, crate::fault::Fault> {
    let db = cipher::open(file, &key(), Use::Reading)?;
    keyed::equip(&db, &key())?;
    Ok(db)
}

/// Everything that is in the tables, without the digests.
fn content(db: &Connection) -> String {
    let tables = tables::rows(
        db,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        [],
        |row| Ok(row.get::<_, String>(0)?),
    );
    let mut all = String::new();
    for table in tables.unwrap() {
        let mut statement = db.prepare(&format!("SELECT * FROM {table} NOT INDEXED")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            (0..columns).for_each(|column| all += &format!("{:?} ", row.get_ref(column).unwrap()));
            all.push('\n');
        }
    }
    all
}

/// What going through the whole record says.
fn told(file: &Path) -> Option<String> {
    let look = || -> Result<Option<String>, crate::fault::Fault> {
        let db = reader(file)?;
        let lines = tables::rows(&db, "PRAGMA integrity_check", [], |row| Ok(row.get::<_, String>(0)?))?;
        if lines != ["ok"] {
            return Ok(Some(format!("integrity: {}", lines.len())));
        }
        if let Some(DigestFault { table, .. }) = digest::verify(&db)? {
            return Ok(Some(format!("digest of {table}")));
        }
        match chain::verify(&db, None)? {
            AuditVerdict::Sound { .. } => Ok(None),
            AuditVerdict::Bad { seq, fault } => Ok(Some(format!("audit {seq} {fault:?}"))),
        }
    };
    look().unwrap_or_else(|fault| Some(format!("{fault:?}")))
}

#[test]
fn every_old_page_that_is_put_back_is_told_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, spliced) = (folder.path().join("vault.db"), folder.path().join("spliced.db"));
    std::fs::write(&file, []).unwrap();
    a_day(&file, 0);
    let old = std::fs::read(&file).unwrap();
    a_day(&file, 1);
    let new = std::fs::read(&file).unwrap();
    assert_eq!(told(&file), None);
    let present = content(&reader(&file).unwrap());
    let (mut differ, mut by_digest) = (0, 0);
    for page in 0..old.len() / PAGE {
        let place = page * PAGE..(page + 1) * PAGE;
        if old[place.clone()] == new[place.clone()] {
            continue;
        }
        differ += 1;
        let mut mixed = new.clone();
        mixed[place.clone()].copy_from_slice(&old[place]);
        std::fs::write(&spliced, &mixed).unwrap();
        for beside in ["spliced.db-wal", "spliced.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
        match told(&spliced) {
            Some(what) => by_digest += usize::from(!what.starts_with("integrity")),
            None => assert_eq!(content(&reader(&spliced).unwrap()), present, "page {} is silent", page + 1),
        }
    }
    assert!(differ > 15, "{differ} pages differ: too few to prove anything");
    // The structure alone does not tell: what tells of rows is the digests.
    assert!(by_digest > 0);
}

#[test]
fn every_old_page_that_was_put_back_before_a_migration_is_told_after_it_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, spliced) = (folder.path().join("vault.db"), folder.path().join("spliced.db"));
    std::fs::write(&file, []).unwrap();
    a_day_of(&file, 0, 3);
    let old = std::fs::read(&file).unwrap();
    a_day_of(&file, 1, 3);
    let new = std::fs::read(&file).unwrap();
    let migrate = || -> Result<(), crate::fault::Fault> {
        let mut db = cipher::open(&spliced, &key(), Use::Writing)?;
        keyed::equip(&db, &key())?;
        tables::migrate(&mut db)?;
        keyed::equip_writer(&mut db, &key())?;
        digest::in_transaction(&db, |db| meta::claim(db, VAULT))
    };
    let put = |octets: &[u8]| {
        std::fs::write(&spliced, octets).unwrap();
        for beside in ["spliced.db-wal", "spliced.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
    };
    put(&new);
    migrate().unwrap();
    assert_eq!(told(&spliced), None);
    let present = content(&reader(&spliced).unwrap());
    let (mut differ, mut by_digest) = (0, 0);
    for page in 0..old.len() / PAGE {
        let place = page * PAGE..(page + 1) * PAGE;
        if old[place.clone()] == new[place.clone()] {
            continue;
        }
        differ += 1;
        let mut mixed = new.clone();
        mixed[place.clone()].copy_from_slice(&old[place]);
        put(&mixed);
        // One that does not migrate is told by that.
        let Ok(()) = migrate() else { continue };
        match told(&spliced) {
            Some(what) => by_digest += usize::from(!what.starts_with("integrity")),
            None => assert_eq!(content(&reader(&spliced).unwrap()), present, "page {} is silent", page + 1),
        }
    }
    assert!(differ > 15 && by_digest > 0, "{differ} pages differ, {by_digest} are told by their rows");
}

#[test]
fn the_whole_of_an_older_file_is_told_by_the_anchor_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vault.db");
    std::fs::write(&file, []).unwrap();
    a_day(&file, 0);
    let old = std::fs::read(&file).unwrap();
    a_day(&file, 1);
    let known = anchor::of(&reader(&file).unwrap()).unwrap();
    assert_eq!(anchor::compare(&reader(&file).unwrap(), &known).unwrap(), AnchorVerdict::Fresh);
    std::fs::write(&file, &old).unwrap();
    assert_eq!(told(&file), None);
    let verdict = anchor::compare(&reader(&file).unwrap(), &known).unwrap();
    assert_eq!(verdict, AnchorVerdict::Older { missing_commits: 40 });
}

#[test]
fn of_readings_changed_added_and_removed_behind_the_back_the_first_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vault.db");
    std::fs::write(&file, []).unwrap();
    a_day(&file, 0);
    let named = |sql: &str| {
        // A connection that keeps no digests.
        let db = cipher::open(&file, &key(), Use::Writing).unwrap();
        keyed::equip(&db, &key()).unwrap();
        let all = db.unchecked_transaction().unwrap();
        let refuse = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'reading'";
        for trigger in tables::rows(&all, refuse, [], |row| Ok(row.get::<_, String>(0)?)).unwrap() {
            all.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        all.execute(sql, []).unwrap();
        digest::verify(&all).unwrap()
    };
    let first = |n| Some(DigestFault { table: "reading", reading: Some(ReadingId(Uuid::from_u128(n))) });
    assert_eq!(named("UPDATE reading SET first_mantissa = 1 WHERE at IN (7, 9)"), first(7));
    assert_eq!(named("UPDATE reading SET patient = NULL WHERE at = 4"), first(4));
    assert_eq!(named("DELETE FROM reading WHERE at = 11"), first(11));
    let copy = "INSERT INTO reading SELECT x'000000000000000000000000000003e7', device, patient, parameter, cadence, unit,
        first_mantissa, first_exponent, second_mantissa, second_exponent, third_mantissa, third_exponent, at, time_method,
        device_time, received, boot_seconds, boot_nanos, identity, identity_number, identity_time, identity_connection,
        quality, user_slot, frame_connection, frame_characteristic, frame_place, glucose, glucose_sample, glucose_site,
        glucose_meal, temperature_site FROM reading WHERE at = 1";
    assert_eq!(named(copy), first(999));
}
