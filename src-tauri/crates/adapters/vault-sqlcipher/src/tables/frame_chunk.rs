//! Packed raw values of one stream, until their time is over. Rows lie in the order of writing, so that pages fill up.
//! Not here: rejected values, which are never packed (`frame`), and how frames are encoded (`bedside-series`).
use super::{Migration, limit, row, rows};
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
    last INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE INDEX frame_chunk_start ON frame_chunk (stream, start);
CREATE INDEX frame_chunk_last ON frame_chunk (last);",
}];

/// The latest chunk of a stream, which may still grow: its row and blob.
pub(crate) fn latest(db: &Connection, stream: i64) -> Result<Option<(i64, Vec<u8>)>, Fault> {
    let sql = "SELECT id, octets FROM frame_chunk WHERE stream = ? ORDER BY start DESC, id DESC LIMIT 1";
    row(db, sql, [stream], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Writes a chunk over row `id`, or as a new row.
pub(crate) fn put(db: &Connection, id: Option<i64>, stream: i64, packed: &Packed) -> Result<(), Fault> {
    let sql = "INSERT INTO frame_chunk (id, stream, start, last, octets) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET start = excluded.start, last = excluded.last, octets = excluded.octets";
    db.prepare_cached(sql)?.execute(params![id, stream, packed.start.0, packed.last.0, packed.octets])?;
    Ok(())
}

/// Whether a chunk has nothing but frames received before `since`.
pub(crate) fn any_before(db: &Connection, since: WallTime) -> Result<bool, Fault> {
    Ok(db.prepare_cached("SELECT 1 FROM frame_chunk WHERE last < ?")?.exists([since.0])?)
}

/// Removes at most `most` chunks that have nothing but frames received before `since`: stream and blob of each.
pub(crate) fn remove_before(db: &Connection, since: WallTime, most: usize) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    let sql = "DELETE FROM frame_chunk WHERE id IN (SELECT id FROM frame_chunk WHERE last < ? ORDER BY last LIMIT ?)
        RETURNING stream, octets";
    rows(db, sql, params![since.0, limit(most)], |row| Ok((row.get(0)?, row.get(1)?)))
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
    Ok(rows(db, "SELECT 1 FROM frame_chunk", [], |_| Ok(()))?.len())
}
