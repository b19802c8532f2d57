//! Changes that the tables refuse for their own sake: kept as they were, so that they can be looked into and written later.
//! Not here: how they are told from a fault of everything (`fault`), and how they are written down (`spool::written`).
use super::Migration;
use crate::fault::Fault;
use crate::spool::written;
use bedside_console::Unwritable;
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE unwritable (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    changes BLOB NOT NULL
) STRICT;",
}];

/// Sets one aside.
pub(crate) fn add(db: &Connection, one: &Unwritable) -> Result<(), Fault> {
    let sql = "INSERT INTO unwritable (at, reason, changes) VALUES (?, ?, ?)";
    let changes = written::to_octets(&one.changes, None)?;
    db.prepare_cached(sql)?.execute(params![one.at.0, one.reason, changes.as_slice()])?;
    Ok(())
}

/// How many are set aside.
pub(crate) fn count(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT count(*) FROM unwritable", [], |row| row.get(0))?)
}
