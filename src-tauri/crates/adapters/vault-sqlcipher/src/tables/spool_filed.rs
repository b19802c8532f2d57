//! How far each spool file is filed: written with the batch itself, so that nothing is filed twice whatever happens
//! between the commit and the removal of the file, or when the file is put back later. Never removed: 16 octets a file.
//!
//! Also the commits that were the last ones when the file was opened: one that failed, went into the spool instead and
//! came back with the log is filed already. Not here: spool files.
use super::{Migration, meta, row};
use crate::fault::Fault;
use bedside_console::SpoolPlace;
use rusqlite::{Connection, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE spool_filed (
    file BLOB PRIMARY KEY,
    up_to INTEGER NOT NULL
) STRICT;",
}];

/// Everything of the file before the place is filed.
pub(crate) fn put(db: &Connection, place: &SpoolPlace) -> Result<(), Fault> {
    let sql = "INSERT INTO spool_filed (file, up_to) VALUES (?, ?)
        ON CONFLICT (file) DO UPDATE SET up_to = max(up_to, excluded.up_to)";
    db.prepare_cached(sql)?.execute(params![place.file, place.end.cast_signed()])?;
    Ok(())
}

/// Up to where a file is filed; `None` when nothing of it is.
pub(crate) fn of(db: &Connection, file: Uuid) -> Result<Option<u64>, Fault> {
    let sql = "SELECT up_to FROM spool_filed WHERE file = ?";
    row(db, sql, [file], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))
}

/// The last commit in the file is there, whatever its writer was told: to be kept before the next one takes its place.
pub(crate) fn keep_last_commit(db: &Connection) -> Result<(), Fault> {
    let Some(commit) = meta::last_commit(db)? else { return Ok(()) };
    if of(db, commit)?.is_none() {
        put(db, &SpoolPlace { file: commit, end: 0 })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_only_moves_forward() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let file = Uuid::from_u128(5);
        for end in [100, 300, 200] {
            put(&db, &SpoolPlace { file, end }).unwrap();
        }
        assert_eq!(of(&db, file).unwrap(), Some(300));
        assert_eq!(of(&db, Uuid::from_u128(6)).unwrap(), None);
    }
}
