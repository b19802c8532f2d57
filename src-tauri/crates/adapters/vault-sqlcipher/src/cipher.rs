//! Opens the database with every setting that secrecy and durability need.
//! Not here: where the key comes from (`slots`), and tables.
use crate::fault::Fault;
use crate::slots::DatabaseKey;
use crate::sys;
use bedside_console::ports::StoreFault;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How a connection is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The one that writes.
    Writing,
    /// One that only reads.
    Reading,
    /// One that fills a file that nobody else has open, without a log.
    Filling,
}

/// Opens an existing file with its key.
///
/// # Errors
/// `NoCipher` when the library would store readable data, `Damaged` when the file is not a database of this key: the
/// key itself was proven by its slot before.
pub(crate) fn open(file: &Path, key: &DatabaseKey, usage: Use) -> Result<Connection, Fault> {
    let access = match usage {
        Use::Writing | Use::Filling => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Use::Reading => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let overwrites = initialise()?;
    let db = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_secs(5))?;
    // A failed check of a page must not flood the terminal.
    db.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    if !overwrites {
        // Before the key: from here on the library overwrites its memory itself.
        db.execute_batch("PRAGMA cipher_memory_security = ON;")?;
    }
    db.execute_batch(&key_statement("key", key))?;
    cipher_version(&db)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -8192;",
    )?;
    #[cfg(target_os = "macos")]
    db.execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_prepared_statement_cache_capacity(96);
    if usage == Use::Writing {
        let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(StoreFault::Io(format!("expected a write-ahead log, got journal mode {mode}")).into());
        }
        db.execute_batch("PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 16777216;")?;
    }
    Ok(db)
}

/// The first opening of a process is done alone. SQLite takes itself for initialised before SQLCipher's own start has
/// ended (`sqlite3_initialize`, SQLITE_EXTRA_INIT): a thread that opens a file meanwhile is told "SQL logic error" at its
/// key. Gives whether the memory that it gives back is overwritten without SQLCipher's help.
fn initialise() -> Result<bool, Fault> {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    let overwritten = sys::memory_is_overwritten();
    if !*done {
        Connection::open_in_memory()?;
        *done = true;
    }
    Ok(overwritten)
}

/// What the library calls itself. A build without SQLCipher ignores the key and answers nothing here.
pub(crate) fn cipher_version(db: &Connection) -> Result<String, Fault> {
    let version: Option<String> = db.query_row("PRAGMA cipher_version", [], |row| row.get(0)).optional()?;
    version.filter(|text| !text.is_empty()).ok_or(Fault::Store(StoreFault::NoCipher))
}

/// Encrypts the whole database with another key. A crash leaves it under the one or the other, never between.
pub(crate) fn rekey(db: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    db.flush_prepared_statement_cache();
    Ok(db.execute_batch(&key_statement("rekey", key))?)
}

/// The raw key: it needs no derivation, so opening takes under a millisecond.
fn key_statement(pragma: &str, key: &DatabaseKey) -> Zeroizing<String> {
    // Room for all of it at once: a string that grows leaves copies behind.
    let mut statement = Zeroizing::new(String::with_capacity(96));
    statement.push_str("PRAGMA ");
    statement.push_str(pragma);
    statement.push_str(" = \"x'");
    for octet in key.iter() {
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
        statement.push(digit(octet >> 4));
        statement.push(digit(octet & 15));
    }
    let _ = statement.write_str("'\";");
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(db: &Connection) -> Vec<String> {
        ["synchronous", "foreign_keys", "trusted_schema", "cell_size_check", "temp_store"]
            .map(|name| {
                db.query_row(&format!("PRAGMA {name}"), [], |row| {
                    row.get::<_, String>(0).or_else(|_| row.get::<_, i64>(0).map(|n| n.to_string()))
                })
                .unwrap_or_default()
            })
            .to_vec()
    }

    #[test]
    fn a_connection_has_every_setting() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.db");
        std::fs::write(&file, []).unwrap();
        let db = open(&file, &DatabaseKey::new([5; 32]), Use::Writing).unwrap();
        assert_eq!(settings(&db), ["2", "1", "0", "1", "2"]);
        let journal: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(journal, "wal");
        let secure: i64 = db.query_row("PRAGMA secure_delete", [], |row| row.get(0)).unwrap();
        assert_eq!(secure, 2);
    }

    #[test]
    fn another_key_does_not_open_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.db");
        std::fs::write(&file, []).unwrap();
        open(&file, &DatabaseKey::new([5; 32]), Use::Writing).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let wrong = open(&file, &DatabaseKey::new([6; 32]), Use::Reading).err().map(StoreFault::from);
        assert!(matches!(wrong, Some(StoreFault::Damaged(_))), "{wrong:?}");
    }

    #[test]
    fn the_key_is_written_as_64_hexadecimal_digits_without_growing() {
        let statement = key_statement("key", &DatabaseKey::new([0xa5; 32]));
        assert_eq!(*statement, format!("PRAGMA key = \"x'{}'\";", "a5".repeat(32)));
        assert!(statement.capacity() == 96 && statement.len() < 96);
    }
}
