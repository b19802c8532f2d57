//! Samples as they were committed, until they move into chunks: short-lived, for durability.
//! Not here: when and how they move (`maintain`), and where they stay (`chunk`).
use super::by_hand::TAIL;
use super::{Migration, limit, rows, series};
use crate::fault::Fault;
use crate::samples::Samples;
use bedside_series::{MOST_SPAN_MS, Packed};
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE tail (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (id),
    start INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE INDEX tail_of_series ON tail (series, start);",
}];

/// Adds samples of a series in order of time, whatever order they came in, and counts them.
pub(crate) fn add_all(db: &Connection, series: i64, mut samples: Samples) -> Result<(), Fault> {
    samples.sort();
    let Some(latest) = samples.latest() else { return Ok(()) };
    samples.pack()?.iter().try_for_each(|blob| add(db, series, blob))?;
    series::count_in(db, series, samples.count(), latest)
}

fn add(db: &Connection, series: i64, packed: &Packed) -> Result<(), Fault> {
    let sql = "INSERT INTO tail (series, start, last, octets) VALUES (?, ?, ?, ?)";
    let id = db.prepare_cached(sql)?.insert(params![series, packed.start.0, packed.last.0, packed.octets])?;
    TAIL.came(db, id)
}

/// Series with a tail that began before `before`.
pub(crate) fn series_to_move(db: &Connection, before: WallTime) -> Result<Vec<i64>, Fault> {
    let sql = "SELECT series FROM tail GROUP BY series HAVING min(start) < ?";
    rows(db, sql, [before.0], |row| Ok(row.get(0)?))
}

/// Tails of a series that ended before `before`, oldest first: row and blob.
pub(crate) fn to_move(
    db: &Connection,
    series: i64,
    before: WallTime,
    most: usize,
) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    let sql = "SELECT id, octets FROM tail WHERE series = ? AND start < ? AND last < ? ORDER BY start, id LIMIT ?";
    rows(db, sql, params![series, before.0, before.0, limit(most)], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Removes a tail that was moved.
pub(crate) fn remove(db: &Connection, id: i64) -> Result<(), Fault> {
    TAIL.change(db, id, || Ok(db.prepare_cached("DELETE FROM tail WHERE id = ?")?.execute([id]).map(drop)?))
}

/// The tails of a series that touch `from..until`.
pub(crate) fn each_between(
    db: &Connection,
    series: i64,
    (from, until): (WallTime, WallTime),
    mut each: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let sql = "SELECT octets FROM tail WHERE series = ? AND start >= ? AND start < ? AND last >= ? ORDER BY start, id";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query(params![series, from.plus_millis(-MOST_SPAN_MS).0, until.0, from.0])?;
    while let Some(row) = found.next()? {
        each(row.get_ref(0)?.as_blob().map_err(|_| Fault::Column("tail.octets"))?)?;
    }
    Ok(())
}
