//! Raw values for good: packed frames of one stream. Rows lie in the order of writing, so that pages fill up.
//! Not here: rejected values, which are never packed (`frame`), and how frames are encoded (`bedside-series`).
use super::{Migration, row};
use crate::fault::Fault;
use bedside_series::Packed;
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE frame_chunk (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES frame_stream (id),
    start INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE INDEX frame_chunk_start ON frame_chunk (stream, start);",
}];

/// The latest chunk of a stream, which may still grow: its row and blob.
pub(crate) fn latest(db: &Connection, stream: i64) -> Result<Option<(i64, Vec<u8>)>, Fault> {
    let sql = "SELECT id, octets FROM frame_chunk WHERE stream = ? ORDER BY start DESC, id DESC LIMIT 1";
    row(db, sql, [stream], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Writes a chunk over row `id`, or as a new row.
pub(crate) fn put(db: &Connection, id: Option<i64>, stream: i64, packed: &Packed) -> Result<(), Fault> {
    let sql = "INSERT INTO frame_chunk (id, stream, start, octets) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET start = excluded.start, octets = excluded.octets";
    db.prepare_cached(sql)?.execute(params![id, stream, packed.start.0, packed.octets])?;
    Ok(())
}

/// Chunks of a stream in order of time, until `each` says it has enough.
pub(crate) fn walk(
    db: &Connection,
    stream: i64,
    mut each: impl FnMut(WallTime, &[u8]) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut statement =
        db.prepare_cached("SELECT start, octets FROM frame_chunk WHERE stream = ? ORDER BY start, id")?;
    let mut found = statement.query([stream])?;
    while let Some(row) = found.next()? {
        let octets = row.get_ref(1)?.as_blob().map_err(|_| Fault::Column("frame_chunk.octets"))?;
        if !each(WallTime(row.get(0)?), octets)? {
            break;
        }
    }
    Ok(())
}

/// How many chunks a stream has.
#[cfg(test)]
pub(crate) fn count(db: &Connection) -> Result<usize, Fault> {
    Ok(super::rows(db, "SELECT 1 FROM frame_chunk", [], |_| Ok(()))?.len())
}
