//! Looking through a whole database: every page, every index, the audit chain and the digests, and what it holds.
//! Not here: what follows from what is found.
use crate::cipher::{self, Use};
use crate::fault::Fault;
use crate::slots::DatabaseKey;
use crate::tables::{self, digest, meta, record_key, rows};
use crate::{chain, keyed};
use bedside_console::AuditVerdict;
use bedside_console::ports::{StoreFault, VaultId};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the look at an opening may take: all of what a ward records in weeks. What is left is looked at when idle.
pub(crate) const AT_OPENING: Duration = Duration::from_millis(250);

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Its format.
    pub(crate) schema: u32,
    /// Commits in it.
    pub(crate) generation: u64,
    /// Rows of each table.
    pub(crate) rows: BTreeMap<String, u64>,
}

/// Opens a file that nobody writes and reads it through.
///
/// # Errors
/// `Damaged` with the first thing that is wrong, `Newer` when a later version wrote it.
pub(crate) fn through(file: &Path, key: &DatabaseKey, vault: Option<VaultId>) -> Result<Figures, StoreFault> {
    let look = || -> Result<Figures, Fault> {
        let db = cipher::open(file, key, Use::Reading)?;
        if let Some(vault) = vault {
            meta::verify(&db, vault)?;
        }
        everything(&db)?;
        record(&db, key)?;
        figures(&db)
    };
    look().map_err(StoreFault::from)
}

/// The same of a file whose record may be another than was written: then a copy is
/// made all the same, so that what is there is kept before it is changed, and is not said to be verified.
///
/// # Errors
/// `Damaged` for what the cipher or SQLite finds wrong.
pub(crate) fn through_as_found(file: &Path, key: &DatabaseKey, vault: VaultId) -> Result<(Figures, bool), StoreFault> {
    let look = || -> Result<(Figures, bool), Fault> {
        let db = cipher::open(file, key, Use::Reading)?;
        meta::verify(&db, vault)?;
        everything(&db)?;
        Ok((figures(&db)?, wrong_record(&db, key)?.is_none()))
    };
    look().map_err(StoreFault::from)
}

/// What a database holds, at one moment.
pub(crate) fn figures(db: &Connection) -> Result<Figures, Fault> {
    let schema = tables::format(db)?;
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names = rows(db, sql, [], |row| Ok(row.get::<_, String>(0)?))?;
    let count = |name: String| -> Result<(String, u64), Fault> {
        // The name is our own schema's.
        let rows = db.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0))?;
        Ok((name, rows))
    };
    let rows = names.into_iter().map(count).collect::<Result<_, Fault>>()?;
    Ok(Figures { schema, generation: meta::generation(db)?, rows })
}

/// Moves what is in the write-ahead log into the main file. Readers of an older moment keep it from being emptied: that
/// is no fault.
pub(crate) fn empty_log(writer: &Connection) -> Result<(), Fault> {
    Ok(writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
}

/// Every page of the main file against its HMAC, then every row and index. Pages still in the write-ahead log are not
/// looked at by the first.
pub(crate) fn everything(db: &Connection) -> Result<(), Fault> {
    expect(db, "PRAGMA cipher_integrity_check", None)?;
    expect(db, "PRAGMA integrity_check", Some("ok"))
}

/// The audit chain and the digests of the tables, where the format has them.
pub(crate) fn record(db: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    match wrong_record(db, key)? {
        Some(what) => Err(StoreFault::Damaged(what).into()),
        None => Ok(()),
    }
}

/// What is not as it was written.
fn wrong_record(db: &Connection, key: &DatabaseKey) -> Result<Option<String>, Fault> {
    let format = tables::format(db)?;
    // Broken off between two formats, it has no digests yet.
    if format < tables::DIGESTED || format < tables::FORMAT && record_key::is_missing(db)? {
        return Ok(None);
    }
    keyed::equip(db, key)?;
    if let AuditVerdict::Bad { seq, .. } = chain::verify(db, None)? {
        return Ok(Some(format!("entry {seq} of the audit log is not what was written")));
    }
    Ok(digest::verify(db)?.map(|fault| format!("rows of {} are not what was written", fault.table)))
}

/// SQLite's quick check for at most `budget`; `false` when the time was over before the end, and nothing wrong was found.
pub(crate) fn quick(db: &mut Connection, budget: Duration) -> Result<bool, Fault> {
    let begin = Instant::now();
    // It is asked after so many pages too: 200 take a few milliseconds.
    db.progress_handler(200, Some(move || begin.elapsed() > budget))?;
    let looked = expect(db, "PRAGMA quick_check", Some("ok"));
    db.progress_handler(0, None::<fn() -> bool>)?;
    match looked {
        Ok(()) => Ok(true),
        Err(Fault::Database(error)) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Ok(false)
        }
        Err(fault) => Err(fault),
    }
}

fn expect(db: &Connection, check: &str, fine: Option<&str>) -> Result<(), Fault> {
    let said = rows(db, check, [], |row| Ok(row.get::<_, String>(0)?))?;
    match said.iter().find(|line| Some(line.as_str()) != fine) {
        // SQLite names tables and pages, never values.
        Some(first) => Err(StoreFault::Damaged(format!("{} faults, the first: {first}", said.len())).into()),
        None => Ok(()),
    }
}
