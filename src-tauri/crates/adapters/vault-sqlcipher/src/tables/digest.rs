//! A keyed digest of the rows of every table, kept by the one writer within each transaction: a row that anybody else
//! changed, or an old page that was put back, does not fit. Not here: keys and arithmetic (`keyed`).
//!
//! The digest of a table is the sum, modulo 2^256, of the keyed digests of its rows, so a change costs only the rows that
//! change. All digests lie in one page, with the generation that they belong to: an old one of these pages tells itself
//! by every other table, and the whole of an older state by the anchor. Of readings and entries of the audit log each
//! row's digest is kept as well, to name the first bad one.
use super::{Migration, by_hand, meta, row, rows};
use crate::fault::Fault;
use crate::tally::{self, Tally};
use bedside_console::DigestFault;
use bedside_vitals::ReadingId;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
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
pub(crate) const SCHEMA: &str = "sqlite_schema";

/// What a fault may name: every table, and what is not a table of ours. A test keeps it complete.
const NAMES: &[&str] = &[
    "audit",
    "audit_checkpoint",
    "binding",
    "bookmark",
    "chunk",
    "clinic_order",
    "clinic_patient",
    "clinician",
    "clock_setting",
    "connection",
    "consent",
    "device",
    "digest",
    "download_cursor",
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
    "server_token",
    "server_traits",
    "spool_filed",
    "spool_origin",
    "sqlite_schema",
    "sqlite_sequence",
    "tail",
    "unwritable",
];

/// Lets the digests follow every change that this connection makes: its triggers count in memory, `commit` writes the
/// sums. The triggers are this connection's own: they are not in the file. What they are too dear for counts itself (`by_hand`).
pub(crate) fn watch(db: &mut Connection, tally: &Tally) -> Result<(), Fault> {
    for table in tables(db)?.into_iter().filter(|table| !by_hand::ALL.iter().any(|hot| hot.name == table)) {
        let (new, old) = (columns(db, &table, "NEW.")?, columns(db, &table, "OLD.")?);
        let (came, gone) = (format!("digest_in('{table}'{new})"), format!("digest_out('{table}'{old})"));
        let (mut added, mut removed) = (format!("SELECT {came};"), format!("SELECT {gone};"));
        let mut changed = format!("SELECT {gone}, {came};");
        if let Some(key) = key_of(&table) {
            let of_old = format!("name = '{table}' AND row = +OLD.{key}");
            added = format!("INSERT INTO row_digest (name, row, mac) VALUES ('{table}', NEW.{key}, {came});");
            removed += &format!("DELETE FROM row_digest WHERE {of_old};");
            changed = format!("SELECT {gone}; UPDATE row_digest SET row = NEW.{key}, mac = {came} WHERE {of_old};");
        }
        db.execute_batch(&format!(
            "CREATE TEMP TRIGGER {table}_added AFTER INSERT ON main.{table} BEGIN {added} END;
             CREATE TEMP TRIGGER {table}_removed AFTER DELETE ON main.{table} BEGIN {removed} END;
             CREATE TEMP TRIGGER {table}_changed AFTER UPDATE ON main.{table} BEGIN {changed} END;"
        ))?;
    }
    // Without this a row that REPLACE takes away would go unseen.
    db.execute_batch("PRAGMA recursive_triggers = ON")?;
    tally.guard(db)
}

/// Ends a transaction of a watched connection, with the digests of what it wrote.
pub(crate) fn commit(all: Transaction<'_>) -> Result<(), Fault> {
    settle(&all)?;
    Ok(all.commit()?)
}

/// One transaction of a watched connection, with the digests of what it wrote.
pub(crate) fn in_transaction<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let all = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let done = work(&all)?;
    commit(all)?;
    Ok(done)
}

/// Writes what this transaction changed so far: before a savepoint that may be rolled back alone, and at the end.
pub(crate) fn settle(db: &Connection) -> Result<(), Fault> {
    let sql =
        "UPDATE digest SET rows = digest_rows(name, rows), sum = digest_sum(name, sum) WHERE digest_touched(name)";
    db.prepare_cached(sql)?.execute([])?;
    let generation = "UPDATE digest SET rows = (SELECT generation FROM meta) WHERE name = ? AND digest_touched('meta')";
    db.prepare_cached(generation)?.execute([GENERATION])?;
    Ok(db.prepare_cached("SELECT digest_settled()")?.query_row([], |_| Ok(()))?)
}

/// Takes back what was counted since the last `settle`: a savepoint that began there was rolled back.
pub(crate) fn forget(db: &Connection) -> Result<(), Fault> {
    Ok(db.prepare_cached("SELECT digest_forgotten()")?.query_row([], |_| Ok(()))?)
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
        let found = sum_of(db, &table)?;
        put(&table, found.rows, found.sum)?;
        renew_rows(db, &table)?;
    }
    put(SCHEMA, 0, schema(db)?)?;
    put(GENERATION, meta::generation_if_claimed(db)?.unwrap_or_default(), [0; 32])
}

/// Takes each row of a table as it is for sound, where rows have digests of their own.
pub(crate) fn renew_rows(db: &Connection, table: &str) -> Result<(), Fault> {
    let Some(key) = key_of(table) else { return Ok(()) };
    db.execute("DELETE FROM row_digest WHERE name = ?", [table])?;
    let digest = expression(db, table)?;
    let sql = format!("INSERT INTO row_digest (name, row, mac) SELECT '{table}', {key}, {digest} FROM {table}");
    db.execute(&sql, [])?;
    Ok(())
}

/// How many rows of a table the commits counted, and the sum of their digests.
pub(crate) fn of_table(db: &Connection, table: &str) -> Result<Option<(u64, [u8; 32])>, Fault> {
    row(db, "SELECT rows, sum FROM digest WHERE name = ?", [table], |row| {
        Ok((row.get(0)?, row.get(1).unwrap_or_default()))
    })
}

/// The keyed digest of a row of a table as an expression of SQL: of all columns, whichever version added them.
pub(crate) fn expression(db: &Connection, table: &str) -> Result<String, Fault> {
    Ok(format!("record_digest('{table}'{})", columns(db, table, "")?))
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
    let found = tables(db)?.into_iter().map(|table| Ok((sum_of(db, &table)?, table)));
    let found = found.collect::<Result<Vec<_>, Fault>>()?;
    let each_fits = |table: &str| found.iter().all(|(summed, of)| of != table || summed.each_fits);
    if !each_fits(READING)
        && let Some(reading) = first_bad_reading(db)?
    {
        return Ok(Some(DigestFault { table: READING, reading: Some(reading) }));
    }
    for (summed, table) in &found {
        if known.get(table).copied() != Some((summed.rows, summed.sum)) {
            return fault(table);
        }
        if !summed.each_fits {
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
    let found = sum_of(db, table)?;
    Ok(of_table(db, table)? == Some((found.rows, found.sum)))
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

/// The columns of a row as further arguments of a function.
fn columns(db: &Connection, table: &str, of: &str) -> Result<String, Fault> {
    let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    let columns = rows(db, sql, [table], |row| Ok(format!(", {of}\"{}\"", row.get::<_, String>(0)?)))?;
    Ok(columns.concat())
}

/// What the rows of a table come to.
pub(crate) struct Summed {
    pub(crate) rows: u64,
    pub(crate) sum: [u8; 32],
    /// Whether each row has the digest that was written with it, where rows have some, and no digest is left over.
    pub(crate) each_fits: bool,
}

pub(crate) fn sum_of(db: &Connection, table: &str) -> Result<Summed, Fault> {
    let key = key_of(table);
    let written = key.map_or("NULL".into(), |key| {
        format!("(SELECT mac FROM row_digest WHERE name = '{table}' AND row = +{table}.{key})")
    });
    // The rows themselves, not an index of them. The plus above takes the column's type out of the comparison: with it
    // SQLite would not look the digest up by its key, but go through all of them for each row.
    let sql = format!("SELECT {}, {written} FROM {table} NOT INDEXED", expression(db, table)?);
    let mut statement = db.prepare(&sql)?;
    let mut found = statement.query([])?;
    let mut all = Summed { rows: 0, sum: [0; 32], each_fits: true };
    while let Some(row) = found.next()? {
        let digest: [u8; 32] = row.get(0)?;
        all.rows += 1;
        all.sum = tally::add(all.sum, digest);
        all.each_fits &= key.is_none() || row.get_ref(1)?.as_blob().is_ok_and(|written| written == digest);
    }
    if key.is_some() {
        let sql = "SELECT count(*) FROM row_digest WHERE name = ?";
        all.each_fits &= db.query_row(sql, [table], |row| row.get::<_, u64>(0))? == all.rows;
    }
    Ok(all)
}

fn first_bad_reading(db: &Connection) -> Result<Option<ReadingId>, Fault> {
    let digest = expression(db, READING)?;
    let changed = format!(
        "SELECT id FROM {READING} NOT INDEXED WHERE {digest} IS NOT
            (SELECT mac FROM row_digest WHERE name = '{READING}' AND row = +{READING}.id)
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

/// The digest of the schema as text.
pub(crate) fn schema(db: &Connection) -> Result<[u8; 32], Fault> {
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

    const ONE: &str = "INSERT INTO consent (device, user_index, code) VALUES (x'01', 1, 1)";

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let tally = with_secret(&db, &RecordSecret::new([7; 32])).unwrap();
        rebuild(&db).unwrap();
        watch(&mut db, &tally).unwrap();
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
            in_transaction(&db, |db| Ok(db.execute(sql, []).map(drop)?)).unwrap();
            assert_eq!(verify(&db).unwrap(), None, "{sql}");
        }
    }

    #[test]
    fn a_row_of_a_table_counted_by_hand_that_nobody_counted_ends_the_transaction() {
        let db = database();
        let sql = "INSERT INTO frame_stream (connection, characteristic, device, frames, rejected)
            VALUES (x'01', x'02', x'03', 0, 0)";
        assert!(in_transaction(&db, |db| Ok(db.execute(sql, []).map(drop)?)).is_err());
        assert!(db.execute(sql, []).is_err(), "outside of a transaction");
        let named = ([1], [2], [3]);
        let id = in_transaction(&db, |db| super::super::frame_stream::add(db, named)).unwrap();
        assert!(in_transaction(&db, |db| Ok(db.execute("DELETE FROM frame_stream", []).map(drop)?)).is_err());
        in_transaction(&db, |db| super::super::frame_stream::count(db, id, 2, 1)).unwrap();
        assert_eq!(verify(&db).unwrap(), None);
    }

    #[test]
    fn what_is_rolled_back_leaves_no_trace() {
        let mut db = database();
        let all = db.transaction().unwrap();
        all.execute(ONE, []).unwrap();
        drop(all);
        in_transaction(&db, |_| Ok(())).unwrap();
        assert_eq!(verify(&db).unwrap(), None);
    }

    #[test]
    fn what_a_savepoint_takes_back_is_forgotten_and_the_rest_is_counted() {
        let mut db = database();
        let mut all = db.transaction().unwrap();
        all.execute(ONE, []).unwrap();
        settle(&all).unwrap();
        let mut part = all.savepoint().unwrap();
        part.execute("UPDATE consent SET code = 9", []).unwrap();
        part.rollback().unwrap();
        drop(part);
        forget(&all).unwrap();
        commit(all).unwrap();
        assert_eq!(verify(&db).unwrap(), None);
        assert_eq!(of_table(&db, "consent").unwrap().map(|(rows, _)| rows), Some(1));
    }

    #[test]
    fn a_transaction_that_ends_without_its_digests_is_undone() {
        let mut db = database();
        let all = db.transaction().unwrap();
        all.execute(ONE, []).unwrap();
        assert!(all.commit().is_err());
        assert!(db.execute(ONE, []).is_err(), "outside of a transaction");
        assert_eq!(db.query_row("SELECT count(*) FROM consent", [], |row| row.get::<_, u64>(0)).unwrap(), 0);
        in_transaction(&db, |db| Ok(db.execute(ONE, []).map(drop)?)).unwrap();
        assert_eq!(verify(&db).unwrap(), None);
    }

    #[test]
    fn a_row_changed_behind_the_back_is_told_with_its_table() {
        let db = database();
        in_transaction(&db, |db| Ok(db.execute(ONE, []).map(drop)?)).unwrap();
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
