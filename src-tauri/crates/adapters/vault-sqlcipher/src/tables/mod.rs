//! One file per table: its migrations, its row, its statements. Here: the order of migrations and what rows share.
//!
//! Ids that the console gives are not foreign keys: a reading of a device that was not enrolled must still be stored.
//! Times are milliseconds since 1970. Everything lies in the encrypted file, so columns are plain.

pub(crate) mod audit;
pub(crate) mod audit_checkpoint;
pub(crate) mod binding;
pub(crate) mod bookmark;
pub(crate) mod by_hand;
pub(crate) mod carry_over;
pub(crate) mod chunk;
pub(crate) mod clinic_order;
pub(crate) mod clinic_patient;
pub(crate) mod clinician;
pub(crate) mod clock_setting;
pub(crate) mod connection;
pub(crate) mod consent;
pub(crate) mod device;
pub(crate) mod digest;
pub(crate) mod download_cursor;
pub(crate) mod frame;
pub(crate) mod frame_chunk;
pub(crate) mod frame_stream;
pub(crate) mod interruption;
pub(crate) mod meta;
pub(crate) mod minute_median;
pub(crate) mod number;
pub(crate) mod outbox;
pub(crate) mod patient;
pub(crate) mod reading;
pub(crate) mod reading_version;
pub(crate) mod record_key;
pub(crate) mod run;
pub(crate) mod series;
pub(crate) mod server_token;
pub(crate) mod server_traits;
pub(crate) mod spool_filed;
pub(crate) mod spool_origin;
pub(crate) mod tail;
pub(crate) mod unwritable;

use crate::fault::Fault;
use bedside_console::ports::StoreFault;
use bedside_vitals::{Parameter, Unit};
use rusqlite::{Connection, Params, Row, TransactionBehavior};

/// The format this version writes: `PRAGMA user_version`. A step of format 4 or later also says in `migrate` which tables
/// it alters and adds, so that their digests follow (`carry_over`).
pub(crate) const FORMAT: u32 = 5;

/// The first format that has an audit chain and digests.
pub(crate) const DIGESTED: u32 = 3;

/// One step of one table towards a format.
pub(crate) struct Migration {
    /// The format it leads to.
    pub(crate) to: u32,
    /// What it does.
    pub(crate) sql: &'static str,
}

/// Every table's steps; within one format they run in this order.
const TABLES: [&[Migration]; 33] = [
    meta::MIGRATIONS,
    patient::MIGRATIONS,
    device::MIGRATIONS,
    connection::MIGRATIONS,
    binding::MIGRATIONS,
    frame_stream::MIGRATIONS,
    frame::MIGRATIONS,
    frame_chunk::MIGRATIONS,
    reading::MIGRATIONS,
    reading_version::MIGRATIONS,
    series::MIGRATIONS,
    tail::MIGRATIONS,
    chunk::MIGRATIONS,
    minute_median::MIGRATIONS,
    outbox::MIGRATIONS,
    audit::MIGRATIONS,
    audit_checkpoint::MIGRATIONS,
    digest::MIGRATIONS,
    record_key::MIGRATIONS,
    run::MIGRATIONS,
    bookmark::MIGRATIONS,
    consent::MIGRATIONS,
    clock_setting::MIGRATIONS,
    spool_filed::MIGRATIONS,
    spool_origin::MIGRATIONS,
    interruption::MIGRATIONS,
    unwritable::MIGRATIONS,
    clinician::MIGRATIONS,
    clinic_patient::MIGRATIONS,
    clinic_order::MIGRATIONS,
    download_cursor::MIGRATIONS,
    server_token::MIGRATIONS,
    server_traits::MIGRATIONS,
];

/// The format of a database; 0 = nothing in it yet.
///
/// # Errors
/// `Newer` when a later version wrote it.
pub(crate) fn format(db: &Connection) -> Result<u32, Fault> {
    let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(StoreFault::Newer { found, known: FORMAT }.into());
    }
    Ok(found)
}

/// Brings a database to `FORMAT`, each format in one transaction. One that has digests is equipped with their keys.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), Fault> {
    migrate_to(db, FORMAT)
}

/// The same up to an earlier format.
pub(crate) fn migrate_to(db: &mut Connection, last: u32) -> Result<(), Fault> {
    for to in format(db)? + 1..=last {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (altered, added) = altered_and_added(to);
        let carried = if to > DIGESTED { carry_over::before(&step, altered)? } else { None };
        for migration in TABLES.iter().copied().flatten().filter(|migration| migration.to == to) {
            step.execute_batch(migration.sql)?;
        }
        if to == 3 {
            audit::bring_forward(&step)?;
        }
        if let Some(carried) = &carried {
            carry_over::after(&step, carried, added)?;
        }
        step.pragma_update(None, "user_version", to)?;
        step.commit()?;
    }
    Ok(())
}

/// The tables that a step alters and those that it adds, for their digests.
const fn altered_and_added(to: u32) -> (&'static [&'static str], &'static [&'static str]) {
    match to {
        4 => (&["meta"], &["spool_origin"]),
        5 => (
            &["reading", "outbox", "meta", "device"],
            &["server_token", "server_traits", "clinic_patient", "clinic_order", "download_cursor"],
        ),
        _ => (&[], &[]),
    }
}

/// All rows of a statement.
pub(crate) fn rows<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    of: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(of(row)?);
    }
    Ok(all)
}

/// The one row of a statement, if there is one.
pub(crate) fn row<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    of: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(of).transpose()
}

/// The parameter of a stored MDC code.
pub(crate) fn parameter(code: u32, column: &'static str) -> Result<Parameter, Fault> {
    Parameter::from_mdc(code).ok_or(Fault::Column(column))
}

/// The unit of a stored UCUM code.
pub(crate) fn unit(code: &str, column: &'static str) -> Result<Unit, Fault> {
    Unit::from_ucum(code).ok_or(Fault::Column(column))
}

/// A limit as SQLite counts it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// The schema as SQLite keeps it, in order of name.
    fn dump() -> String {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let sql =
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name";
        rows(&db, sql, [], |row| Ok(row.get::<_, String>(0)? + ";\n")).unwrap().concat()
    }

    /// Set BEDSIDE_BLESS=1 to write the file anew after a change of an unreleased format.
    #[test]
    fn the_committed_schema_of_this_format_is_current() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/tables/schema/v{FORMAT}.sql"));
        if std::env::var_os("BEDSIDE_BLESS").is_some() {
            std::fs::write(&file, dump()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), dump());
    }

    #[test]
    fn a_database_of_a_later_format_is_refused_untouched() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", FORMAT + 1).unwrap();
        let fault = StoreFault::from(migrate(&mut db).unwrap_err());
        assert_eq!(fault, StoreFault::Newer { found: FORMAT + 1, known: FORMAT });
        assert!(rows(&db, "SELECT 1 FROM sqlite_schema", [], |_| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn a_database_of_the_first_format_is_brought_forward_with_its_rows() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema/v1.sql")).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO binding (id, device, patient, since) VALUES (x'01', x'02', x'03', 4)";
        db.execute(insert, []).unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(format(&db).unwrap(), FORMAT);
        let columns = "SELECT since, not_before, user_slot FROM binding";
        let kept: (i64, i64, Option<u8>) =
            db.query_row(columns, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        assert_eq!(kept, (4, 4, None));
        let since_1: Vec<String> = rows(
            &db,
            "SELECT name FROM sqlite_schema WHERE name IN ('bookmark', 'consent',
            'clock_setting') ORDER BY name",
            [],
            |row| Ok(row.get(0)?),
        )
        .unwrap();
        assert_eq!(since_1, ["bookmark", "clock_setting", "consent"]);
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(format(&db).unwrap(), FORMAT);
    }

    #[test]
    fn every_step_leads_to_a_format_that_exists() {
        assert!(TABLES.iter().all(|steps| steps.iter().all(|step| (1..=FORMAT).contains(&step.to))));
    }
}
