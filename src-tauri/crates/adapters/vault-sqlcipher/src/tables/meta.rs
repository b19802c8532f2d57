//! The one row about the vault itself: whose it is and how many commits it has seen.
//! Not here: the format, which is `user_version`, and keys (`slots`).
use super::{Migration, row};
use crate::fault::Fault;
use bedside_console::ports::{StoreFault, VaultId};
use rusqlite::Connection;
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    vault BLOB NOT NULL,
    generation INTEGER NOT NULL
) STRICT;",
}];

/// Names the vault on its first opening, and makes sure of the name on every other.
pub(crate) fn claim(db: &Connection, vault: VaultId) -> Result<(), Fault> {
    db.execute("INSERT OR IGNORE INTO meta (only, vault, generation) VALUES (1, ?, 0)", [vault.0])?;
    verify(db, vault)
}

/// Whether this is the database of that vault.
pub(crate) fn verify(db: &Connection, vault: VaultId) -> Result<(), Fault> {
    let found = row(db, "SELECT vault FROM meta", [], |row| Ok(row.get::<_, Uuid>(0)?))?;
    if found == Some(vault.0) {
        return Ok(());
    }
    Err(StoreFault::Damaged("vault.db and slots.json belong to different vaults".into()).into())
}

/// Counts one commit.
pub(crate) fn next_generation(db: &Connection) -> Result<u64, Fault> {
    let mut next = db.prepare_cached("UPDATE meta SET generation = generation + 1 RETURNING generation")?;
    Ok(next.query_row([], |row| row.get(0))?)
}

/// Commits so far.
pub(crate) fn generation(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT generation FROM meta", [], |row| row.get(0))?)
}
