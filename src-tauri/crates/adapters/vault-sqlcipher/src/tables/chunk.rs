//! Series for good: chunks of samples (level 0) and tiles of bins (level 1 and up), side by side for each series.
//! Not here: how a blob is encoded (`bedside-series`), and how samples come here from tails (`maintain`).
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_series::{MOST_SPAN_MS, Packed, TARGET_OCTETS};
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};

// `part` tells chunks apart that begin in the same millisecond.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE chunk (
    series INTEGER NOT NULL REFERENCES series (id),
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    part INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL,
    PRIMARY KEY (series, level, start, part)
) STRICT, WITHOUT ROWID;",
}];

/// A chunk so full that it is left alone when its series goes on.
const FULL_OCTETS: usize = TARGET_OCTETS * 31 / 32;

/// Takes out the chunks of samples that new samples from `first` to `last` belong into: those that overlap, and the one
/// before if it has room.
pub(crate) fn take_neighbours(
    db: &Connection,
    series: i64,
    (first, last): (WallTime, WallTime),
) -> Result<Vec<Vec<u8>>, Fault> {
    let overlapping = "SELECT start, part, octets FROM chunk
        WHERE series = ?1 AND level = 0 AND start >= ?2 AND start <= ?3 AND last >= ?4 ORDER BY start, part";
    let before = "SELECT start, part, octets FROM chunk
        WHERE series = ?1 AND level = 0 AND start >= ?2 AND start < ?3 AND last < ?3 AND length(octets) < ?4
          AND (start, part) = (SELECT start, part FROM chunk WHERE series = ?1 AND level = 0 AND start < ?3
                               ORDER BY start DESC, part DESC LIMIT 1)";
    let earliest = first.plus_millis(-MOST_SPAN_MS).0;
    let key = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?));
    let mut found = rows(db, before, params![series, earliest, first.0, FULL_OCTETS as i64], key)?;
    found.extend(rows(db, overlapping, params![series, earliest, last.0, first.0], key)?);
    let mut remove =
        db.prepare_cached("DELETE FROM chunk WHERE series = ? AND level = 0 AND start = ? AND part = ?")?;
    let mut taken = Vec::new();
    for (start, part, octets) in found {
        remove.execute(params![series, start, part])?;
        taken.push(octets);
    }
    Ok(taken)
}

/// Takes out the rows of one tile.
pub(crate) fn take_tile(
    db: &Connection,
    series: i64,
    level: u8,
    (from, until): (WallTime, WallTime),
) -> Result<Vec<Vec<u8>>, Fault> {
    let key = params![series, level, from.0, until.0];
    let found =
        "SELECT octets FROM chunk WHERE series = ? AND level = ? AND start >= ? AND start < ? ORDER BY start, part";
    let taken = rows(db, found, key, |row| Ok(row.get(0)?))?;
    let remove = "DELETE FROM chunk WHERE series = ? AND level = ? AND start >= ? AND start < ?";
    db.prepare_cached(remove)?.execute(key)?;
    Ok(taken)
}

/// Writes blobs in order of time. Any rows that overlap them must have been taken out.
pub(crate) fn put(db: &Connection, series: i64, level: u8, blobs: &[Packed]) -> Result<(), Fault> {
    // A chunk that was left alone may begin in the same millisecond.
    let sql = "INSERT INTO chunk (series, level, start, part, last, octets) VALUES (?1, ?2, ?3,
        (SELECT coalesce(max(part) + 1, 0) FROM chunk WHERE series = ?1 AND level = ?2 AND start = ?3), ?4, ?5)";
    let mut insert = db.prepare_cached(sql)?;
    for blob in blobs {
        insert.execute(params![series, level, blob.start.0, blob.last.0, blob.octets])?;
    }
    Ok(())
}

/// The chunks of samples that touch `from..until`, in order of time.
pub(crate) fn each_between(
    db: &Connection,
    series: i64,
    (from, until): (WallTime, WallTime),
    each: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let earliest = from.plus_millis(-MOST_SPAN_MS).0;
    walk(db, params![series, 0, earliest, until.0, from.0], each)
}

/// The tiles of a level that may have bins in `from..until`; a tile reaches back at most `tile_ms`.
pub(crate) fn each_tile_between(
    db: &Connection,
    series: i64,
    level: bedside_series::Level,
    (from, until): (WallTime, WallTime),
    each: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let earliest = from.plus_millis(-level.tile_ms()).0;
    walk(db, params![series, level.number, earliest, until.0, from.0], each)
}

fn walk(
    db: &Connection,
    key: impl rusqlite::Params,
    mut each: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let sql = "SELECT octets FROM chunk WHERE series = ? AND level = ? AND start >= ? AND start < ? AND last >= ?
        ORDER BY start, part";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query(key)?;
    while let Some(row) = found.next()? {
        each(row.get_ref(0)?.as_blob().map_err(|_| Fault::Column("chunk.octets"))?)?;
    }
    Ok(())
}
