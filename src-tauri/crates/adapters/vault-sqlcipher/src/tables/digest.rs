//! A keyed digest of the rows of every table, kept by the one writer within each transaction: a row that anybody else
//! changed, or an old page that was put back, does not fit. Not here: keys and arithmetic (`keyed`).
//!
//! The digest of a table is the sum, modulo 2^256, of the keyed digests of its rows, so a change costs only the rows that
//! change. All digests lie in one page, with the generation that they belong to: an old one of these pages tells itself
//! by every other table, and the whole of an older state by the anchor. Of readings and entries of the audit log each
//! row's digest is kept as well, to name the first bad one.
use super::{Migration, meta, row, rows};
use crate::fault::Fault;
use crate::keyed;
use bedside_console::DigestFault;
use bedside_vitals::ReadingId;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE digest (
    name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE row_digest (
    name TEXT NOT NULL,
    row ANY NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;",
}];

/// The audit log, whose entries have digests of their own.
pub(crate) const AUDIT: &str = "audit";
const READING: &str = "reading";
/// The line of the digests that holds the generation they belong to, and the one about the schema.
const GENERATION: &str = "";
const SCHEMA: &str = "sqlite_schema";

/// What a fault may name: every table, and what is not a table of ours. A test keeps it complete.
const NAMES: &[&str] = &[
    "audit",
    "audit_checkpoint",
    "binding",
    "bookmark",
    "chunk",
    "clinician",
    "clock_setting",
    "connection",
    "consent",
    "device",
    "digest",
    "frame",
    "frame_chunk",
    "frame_stream",
    "interrupted_device",
    "interruption",
    "meta",
    "minute_median",
    "outbox",
    "patient",
    "pin",
    "policy",
    "reading",
    "reading_version",
    "record_key",
    "row_digest",
    "run",
    "series",
    "spool_filed",
    "sqlite_schema",
    "sqlite_sequence",
    "tail",
    "unwritable",
];

/// Lets the digests follow every change that this connection makes, in the transaction of the change. The triggers are
/// this connection's own: they are not in the file.
pub(crate) fn watch(db: &Connection) -> Result<(), Fault> {
    for table in tables(db)? {
        let (new, old) = (expression(db, &table, "NEW.")?, expression(db, &table, "OLD.")?);
        let update = |what: &str| format!("UPDATE digest SET {what} WHERE name = '{table}';");
        let mut added = update(&format!("rows = rows + 1, sum = digest_plus(sum, {new})"));
        let mut removed = update(&format!("rows = rows - 1, sum = digest_minus(sum, {old})"));
        let mut changed = update(&format!("sum = digest_plus(digest_minus(sum, {old}), {new})"));
        if let Some(key) = key_of(&table) {
            let of_old = format!("name = '{table}' AND row = OLD.{key}");
            added += &format!("INSERT INTO row_digest (name, row, mac) VALUES ('{table}', NEW.{key}, {new});");
            removed += &format!("DELETE FROM row_digest WHERE {of_old};");
            changed += &format!("UPDATE row_digest SET row = NEW.{key}, mac = {new} WHERE {of_old};");
        }
        if table == "meta" {
            let generation = format!("UPDATE digest SET rows = NEW.generation WHERE name = '{GENERATION}';");
            added += &generation;
            changed += &generation;
        }
        db.execute_batch(&format!(
            "CREATE TEMP TRIGGER {table}_added AFTER INSERT ON main.{table} BEGIN {added} END;
             CREATE TEMP TRIGGER {table}_removed AFTER DELETE ON main.{table} BEGIN {removed} END;
             CREATE TEMP TRIGGER {table}_changed AFTER UPDATE ON main.{table} BEGIN {changed} END;"
        ))?;
    }
    // Without this a row that REPLACE takes away would go unseen.
    Ok(db.execute_batch("PRAGMA recursive_triggers = ON")?)
}

/// Takes all rows as they are for sound: in a new vault, after a migration, after rows were brought over from a damaged
/// file. In the transaction of the caller.
pub(crate) fn rebuild(db: &Connection) -> Result<(), Fault> {
    db.execute_batch("DELETE FROM digest; DELETE FROM row_digest;")?;
    let put = |name: &str, rows: u64, sum: [u8; 32]| -> Result<(), Fault> {
        db.prepare_cached("INSERT INTO digest (name, rows, sum) VALUES (?, ?, ?)")?
            .execute(params![name, rows, sum])?;
        Ok(())
    };
    for table in tables(db)? {
        let (rows, sum) = sum_of(db, &table)?;
        put(&table, rows, sum)?;
        if let Some(key) = key_of(&table) {
            let digest = expression(db, &table, "")?;
            let sql = format!("INSERT INTO row_digest (name, row, mac) SELECT '{table}', {key}, {digest} FROM {table}");
            db.execute(&sql, [])?;
        }
    }
    put(SCHEMA, 0, schema(db)?)?;
    put(GENERATION, meta::generation_if_claimed(db)?.unwrap_or_default(), [0; 32])
}

/// How many rows of a table the commits counted, and the sum of their digests.
pub(crate) fn of_table(db: &Connection, table: &str) -> Result<Option<(u64, [u8; 32])>, Fault> {
    row(db, "SELECT rows, sum FROM digest WHERE name = ?", [table], |row| {
        Ok((row.get(0)?, row.get(1).unwrap_or_default()))
    })
}

/// The keyed digest of a row of a table as an expression of SQL: of all columns, whichever version added them.
pub(crate) fn expression(db: &Connection, table: &str, of: &str) -> Result<String, Fault> {
    let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    let columns = rows(db, sql, [table], |row| Ok(format!(", {of}\"{}\"", row.get::<_, String>(0)?)))?;
    Ok(format!("record_digest('{table}'{})", columns.concat()))
}

/// Compares every row of every table with the digests: the first table that does not fit.
///
/// Any connection of ours that was equipped with the keys will do, also one that only reads; it sees one state of the
/// database however long it takes.
pub(crate) fn verify(db: &Connection) -> Result<Option<DigestFault>, Fault> {
    let _one_state = if db.is_autocommit() { Some(db.unchecked_transaction()?) } else { None };
    let known: BTreeMap<String, (u64, [u8; 32])> = rows(db, "SELECT name, rows, sum FROM digest", [], |row| {
        Ok((row.get(0)?, (row.get(1)?, row.get(2).unwrap_or([0; 32]))))
    })?
    .into_iter()
    .collect();
    let fault = |table: &str| Ok(Some(DigestFault { table: name(table), reading: None }));
    if let Some(reading) = first_bad_reading(db)? {
        return Ok(Some(DigestFault { table: READING, reading: Some(reading) }));
    }
    for table in tables(db)? {
        if known.get(&table).copied() != Some(sum_of(db, &table)?) {
            return fault(&table);
        }
        if let Some(key) = key_of(&table)
            && !has_row_digests(db, &table, key)?
        {
            return fault("row_digest");
        }
    }
    let generation = meta::generation_if_claimed(db)?.unwrap_or_default();
    if known.get(GENERATION).map(|(known, _)| *known) != Some(generation) {
        return fault("digest");
    }
    if known.get(SCHEMA).map(|(_, sum)| *sum) != Some(schema(db)?) {
        return fault(SCHEMA);
    }
    // The last of the numbers that were given must not be less than one that is in use.
    let counters = rows(db, "SELECT name, seq FROM sqlite_sequence", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    for (table, last) in counters {
        let sql = format!("SELECT coalesce(max(rowid), 0) FROM \"{table}\"");
        if db.query_row(&sql, [], |row| row.get::<_, i64>(0))? > last {
            return fault("sqlite_sequence");
        }
    }
    Ok(None)
}

/// Whether a table holds exactly the rows that the commits counted.
pub(crate) fn fits(db: &Connection, table: &str) -> Result<bool, Fault> {
    Ok(of_table(db, table)? == Some(sum_of(db, table)?))
}

/// Tables that are summed: all but the digests themselves.
fn tables(db: &Connection) -> Result<Vec<String>, Fault> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        AND name NOT IN ('digest', 'row_digest') ORDER BY name";
    rows(db, sql, [], |row| Ok(row.get(0)?))
}

/// The column that names a row, where each row has a digest of its own.
fn key_of(table: &str) -> Option<&'static str> {
    match table {
        AUDIT => Some("seq"),
        READING => Some("id"),
        _ => None,
    }
}

fn sum_of(db: &Connection, table: &str) -> Result<(u64, [u8; 32]), Fault> {
    // The rows themselves, not an index of them.
    let sql = format!("SELECT {} FROM {table} NOT INDEXED", expression(db, table, "")?);
    let mut statement = db.prepare(&sql)?;
    let mut found = statement.query([])?;
    let (mut count, mut sum) = (0, [0; 32]);
    while let Some(row) = found.next()? {
        count += 1;
        sum = keyed::add(sum, row.get(0)?);
    }
    Ok((count, sum))
}

fn first_bad_reading(db: &Connection) -> Result<Option<ReadingId>, Fault> {
    let digest = expression(db, READING, "")?;
    let changed = format!(
        "SELECT id FROM {READING} NOT INDEXED WHERE {digest} IS NOT
            (SELECT mac FROM row_digest WHERE name = '{READING}' AND row = {READING}.id)
         ORDER BY at, id LIMIT 1"
    );
    let removed = format!(
        "SELECT row FROM row_digest WHERE name = '{READING}'
            AND row NOT IN (SELECT id FROM {READING} NOT INDEXED) LIMIT 1"
    );
    let first = |sql: &str| row(db, sql, [], |row| Ok(row.get::<_, Uuid>(0)?));
    let found = match first(&changed)? {
        Some(found) => Some(found),
        None => first(&removed)?,
    };
    Ok(found.map(ReadingId))
}

fn has_row_digests(db: &Connection, table: &str, key: &str) -> Result<bool, Fault> {
    let digest = expression(db, table, "")?;
    let sql = format!(
        "SELECT (SELECT count(*) FROM row_digest WHERE name = '{table}') = (SELECT count(*) FROM {table} NOT INDEXED)
            AND NOT EXISTS (SELECT 1 FROM {table} NOT INDEXED WHERE {digest} IS NOT
                (SELECT mac FROM row_digest WHERE name = '{table}' AND row = {table}.{key}))"
    );
    Ok(db.query_row(&sql, [], |row| row.get(0))?)
}

fn schema(db: &Connection) -> Result<[u8; 32], Fault> {
    let sql = "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') || char(10)
        FROM main.sqlite_schema ORDER BY type, name";
    let all = rows(db, sql, [], |row| Ok(row.get::<_, String>(0)?))?.concat();
    Ok(db.query_row("SELECT record_digest('sqlite_schema', ?)", [all], |row| row.get(0))?)
}

fn name(table: &str) -> &'static str {
    NAMES.iter().copied().find(|name| *name == table).unwrap_or("another table")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::{RecordSecret, with_secret};

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        with_secret(&db, &RecordSecret::new([7; 32])).unwrap();
        rebuild(&db).unwrap();
        watch(&db).unwrap();
        db
    }

    #[test]
    fn every_table_has_a_name_that_a_fault_can_say() {
        for table in tables(&database()).unwrap() {
            assert!(NAMES.contains(&table.as_str()), "{table} is missing in NAMES");
        }
    }

    #[test]
    fn digests_follow_rows_that_come_change_are_replaced_and_go() {
        let db = database();
        for sql in [
            "INSERT INTO consent (device, user_index, code) VALUES (x'01', 1, 1), (x'02', 2, 2), (x'03', 3, 3)",
            "UPDATE consent SET code = code + 1 WHERE user_index > 1",
            "INSERT OR REPLACE INTO consent (device, user_index, code) VALUES (x'01', 9, 9)",
            "INSERT OR IGNORE INTO consent (device, user_index, code) VALUES (x'01', 5, 5)",
            "INSERT INTO consent (device, user_index, code) VALUES (x'02', 5, 5)
                ON CONFLICT (device) DO UPDATE SET code = 77",
            "DELETE FROM consent WHERE user_index = 3",
            "DELETE FROM consent",
        ] {
            db.execute(sql, []).unwrap();
            assert_eq!(verify(&db).unwrap(), None, "{sql}");
        }
    }

    #[test]
    fn what_is_rolled_back_leaves_no_trace() {
        let mut db = database();
        let all = db.transaction().unwrap();
        all.execute("INSERT INTO consent (device, user_index, code) VALUES (x'01', 1, 1)", []).unwrap();
        drop(all);
        assert_eq!(verify(&db).unwrap(), None);
    }

    #[test]
    fn a_row_changed_behind_the_back_is_told_with_its_table() {
        let db = database();
        db.execute("INSERT INTO consent (device, user_index, code) VALUES (x'01', 1, 1)", []).unwrap();
        db.execute_batch("DROP TRIGGER consent_changed; UPDATE consent SET code = 2").unwrap();
        assert_eq!(verify(&db).unwrap(), Some(DigestFault { table: "consent", reading: None }));
    }

    #[test]
    fn a_schema_changed_behind_the_back_is_told() {
        let db = database();
        db.execute_batch("DROP TRIGGER audit_kept").unwrap();
        assert_eq!(verify(&db).unwrap().map(|fault| fault.table), Some(SCHEMA));
    }
}
