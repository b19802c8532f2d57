//! Old pages put back into the file that is brought over. Not here: pages that cannot be read (`tests/damage.rs`).
//! Not here: restores from start to end (`tests/restore.rs`).
use super::*;
use crate::cipher::{self, Use};
use crate::keyed;
use crate::tables as schema;
use uuid::Uuid;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const PAGE: usize = 4_096;

fn key() -> DatabaseKey {
    DatabaseKey::new([5; 32])
}

fn writer(file: &Path) -> Connection {
    let mut db = cipher::open(file, &key(), Use::Writing).unwrap();
    schema::migrate(&mut db).unwrap();
    keyed::equip_writer(&mut db, &key()).unwrap();
    digest::in_transaction(&db, |db| meta::claim(db, VAULT)).unwrap();
    db
}

fn state(db: &Connection) -> String {
    db.query_row("SELECT state FROM outbox NOT INDEXED", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_row_of_an_old_page_that_was_put_back_does_not_change_the_newer_one_of_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (damaged, backup) = (folder.path().join("damaged.db"), folder.path().join("backup.db"));
    std::fs::write(&damaged, []).unwrap();
    let begin = "INSERT INTO outbox (id, resource_type, resource_id, payload, depends_on, state, attempts, created)
        VALUES (x'01', 'Observation', x'02', '{}', x'', 'waiting', 0, 1)";
    let db = writer(&damaged);
    digest::in_transaction(&db, |db| Ok(db.execute_batch(begin)?)).unwrap();
    crate::look::empty_log(&db).unwrap();
    drop(db);
    let old = std::fs::read(&damaged).unwrap();
    let db = writer(&damaged);
    digest::in_transaction(&db, |db| Ok(db.execute_batch("UPDATE outbox SET state = 'accepted'")?)).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'outbox'";
    let page: usize = db.query_row(sql, [], |row| row.get(0)).unwrap();
    crate::look::empty_log(&db).unwrap();
    drop(db);
    std::fs::copy(&damaged, &backup).unwrap();
    let mut octets = std::fs::read(&damaged).unwrap();
    let place = (page - 1) * PAGE..page * PAGE;
    octets[place.clone()].copy_from_slice(&old[place]);
    std::fs::write(&damaged, octets).unwrap();
    let spliced = cipher::open(&damaged, &key(), Use::Reading).unwrap();
    assert_eq!(state(&spliced), "waiting");
    drop(spliced);

    let mut target = writer(&backup);
    let salvaged = bring_over(&damaged, &[(VAULT, key())], VAULT, &mut target).unwrap();
    assert_eq!(state(&target), "accepted");
    assert!(salvaged.unreadable.iter().any(|rows| rows.table == "outbox"), "{:?}", salvaged.unreadable);
}
