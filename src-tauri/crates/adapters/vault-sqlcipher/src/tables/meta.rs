//! The one row about the vault itself: whose it is and how many commits it has seen.
//! Not here: the format, which is `user_version`, and keys (`slots`).
use super::{Migration, digest, row};
use crate::fault::Fault;
use bedside_console::ports::{StoreFault, VaultId};
use rusqlite::Connection;
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    vault BLOB NOT NULL,
    generation INTEGER NOT NULL
) STRICT;",
    },
    Migration {
        to: 3,
        sql: "ALTER TABLE meta ADD COLUMN slot_counter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN last_commit BLOB;",
    },
    Migration { to: 4, sql: "ALTER TABLE meta ADD COLUMN anchor_kept INTEGER NOT NULL DEFAULT 0;" },
    Migration { to: 5, sql: "ALTER TABLE meta ADD COLUMN audit_filed INTEGER NOT NULL DEFAULT 0;" },
];

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

/// How often the slot file was changed: an older one that was put back counts less.
pub(crate) fn slot_counter(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT slot_counter FROM meta", [], |row| row.get(0))?)
}

/// The slot file was changed; a transaction of its own.
pub(crate) fn set_slot_counter(db: &Connection, counter: u64) -> Result<(), Fault> {
    let sql = "UPDATE meta SET slot_counter = ?";
    digest::in_transaction(db, |db| Ok(db.prepare_cached(sql)?.execute([counter]).map(drop)?))
}

/// Counts one commit, which has a random id: one that failed may come back whole with the log.
pub(crate) fn next_generation(db: &Connection, commit: Uuid) -> Result<u64, Fault> {
    let sql = "UPDATE meta SET generation = generation + 1, last_commit = ? RETURNING generation";
    Ok(db.prepare_cached(sql)?.query_row([commit], |row| row.get(0))?)
}

/// The id of the last commit.
pub(crate) fn last_commit(db: &Connection) -> Result<Option<Uuid>, Fault> {
    Ok(row(db, "SELECT last_commit FROM meta", [], |row| Ok(row.get(0)?))?.flatten())
}

/// Whose database it is; nobody's before it was claimed.
pub(crate) fn vault(db: &Connection) -> Result<Uuid, Fault> {
    Ok(row(db, "SELECT vault FROM meta", [], |row| Ok(row.get(0)?))?.unwrap_or_default())
}

/// Commits so far; `None` before the database was claimed.
pub(crate) fn generation_if_claimed(db: &Connection) -> Result<Option<u64>, Fault> {
    row(db, "SELECT generation FROM meta", [], |row| Ok(row.get(0)?))
}

/// Commits so far.
pub(crate) fn generation(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT generation FROM meta", [], |row| row.get(0))?)
}

/// Whether the keyring ever took an anchor of this vault: then it should have one.
pub(crate) fn anchor_kept(db: &Connection) -> Result<bool, Fault> {
    Ok(db.query_row("SELECT anchor_kept FROM meta", [], |row| row.get(0))?)
}

/// The keyring took an anchor.
pub(crate) fn set_anchor_kept(db: &Connection) -> Result<(), Fault> {
    db.prepare_cached("UPDATE meta SET anchor_kept = 1")?.execute([])?;
    Ok(())
}

/// The last entry of the audit log up to which each went to the server, or was put away; 0 before the first.
pub(crate) fn audit_filed(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT audit_filed FROM meta", [], |row| row.get(0))?)
}

/// Entries up to this one need no row any more.
pub(crate) fn set_audit_filed(db: &Connection, seq: u64) -> Result<(), Fault> {
    db.prepare_cached("UPDATE meta SET audit_filed = ?")?.execute([seq])?;
    Ok(())
}

/// Counts on from a number, for a record that was put together again.
pub(crate) fn continue_from(db: &Connection, generation: u64) -> Result<(), Fault> {
    db.execute("UPDATE meta SET generation = ? + 1", [generation])?;
    Ok(())
}
