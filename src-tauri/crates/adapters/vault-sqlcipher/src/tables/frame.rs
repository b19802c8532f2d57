//! Recent raw values, row by row, until they are packed; and rejected ones, with the reason, until their time is over.
//! Not here: packed values (`frame_chunk`), and which connection and characteristic they came by (`frame_stream`).
use super::by_hand::FRAME;
use super::{Migration, frame_stream, limit, row, rows};
use crate::fault::Fault;
use bedside_console::RawFrame;
use bedside_series::Frame;
use bedside_vitals::{ConnectionId, WallTime};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE frame (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES frame_stream (id),
    place INTEGER NOT NULL,
    received INTEGER NOT NULL,
    octets BLOB NOT NULL,
    rejection TEXT
) STRICT;
CREATE INDEX frame_to_pack ON frame (stream, received) WHERE rejection IS NULL;
CREATE INDEX frame_rejected ON frame (received) WHERE rejection IS NOT NULL;",
}];

/// A row: the frame, its stream and its rejection.
pub(crate) struct FrameRow {
    pub(crate) stream: i64,
    pub(crate) frame: Frame,
    pub(crate) rejection: Option<String>,
}

/// Stores a value as it came.
pub(crate) fn add(db: &Connection, frame: &RawFrame) -> Result<(), Fault> {
    let key = (frame.connection, frame.characteristic, frame.device);
    let stream = frame_stream::count_in(db, key, frame.rejection.is_some())?;
    let sql = "INSERT INTO frame (stream, place, received, octets, rejection) VALUES (?, ?, ?, ?, ?)";
    let values = params![stream, frame.index.cast_signed(), frame.received.0, frame.bytes, frame.rejection];
    let id = db.prepare_cached(sql)?.insert(values)?;
    FRAME.came(db, id)
}

/// A rejected value could be read after all: it is kept as other values are. One that is gone stays gone.
pub(crate) fn accept(
    db: &Connection,
    (connection, characteristic, place): (ConnectionId, Uuid, u64),
) -> Result<(), Fault> {
    let sql = "SELECT id, stream FROM frame WHERE rejection IS NOT NULL AND place = ?1
        AND stream IN (SELECT id FROM frame_stream WHERE connection = ?2 AND characteristic = ?3)";
    let of_frame = params![place.cast_signed(), connection.0, characteristic];
    let found: Vec<(i64, i64)> = rows(db, sql, of_frame, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let accept = "UPDATE frame SET rejection = NULL WHERE id = ?";
    found.into_iter().try_for_each(|(id, stream)| {
        FRAME.change(db, id, || Ok(db.prepare_cached(accept)?.execute([id]).map(drop)?))?;
        frame_stream::count_accepted(db, stream)
    })
}

/// Streams that have frames older than `before` to pack.
pub(crate) fn streams_to_pack(db: &Connection, before: WallTime) -> Result<Vec<i64>, Fault> {
    let sql = "SELECT stream FROM frame WHERE rejection IS NULL GROUP BY stream HAVING min(received) < ?";
    rows(db, sql, [before.0], |row| Ok(row.get(0)?))
}

/// Frames of a stream that are to be packed, in order of index, with their row ids.
pub(crate) fn to_pack(db: &Connection, stream: i64, before: WallTime, most: usize) -> Result<Vec<(i64, Frame)>, Fault> {
    let sql = "SELECT id, place, received, octets FROM frame WHERE stream = ? AND rejection IS NULL AND received < ?
        ORDER BY received, id LIMIT ?";
    rows(db, sql, params![stream, before.0, limit(most)], |row| {
        let frame = Frame {
            index: row.get::<_, i64>(1)?.cast_unsigned(),
            received: WallTime(row.get(2)?),
            octets: row.get(3)?,
        };
        Ok((row.get(0)?, frame))
    })
}

/// Removes a row that was packed.
pub(crate) fn remove(db: &Connection, id: i64) -> Result<(), Fault> {
    FRAME.change(db, id, || Ok(db.prepare_cached("DELETE FROM frame WHERE id = ?")?.execute([id]).map(drop)?))
}

/// Whether a row, to be packed or rejected, was received before `since`.
pub(crate) fn any_before(db: &Connection, since: WallTime) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM frame WHERE rejection IS NOT NULL AND received < ?1
        UNION ALL SELECT 1 FROM frame WHERE rejection IS NULL AND received < ?1";
    Ok(db.prepare_cached(sql)?.exists([since.0])?)
}

/// Removes at most `most` rows received before `since`: of each its stream and whether it was rejected.
pub(crate) fn remove_before(db: &Connection, since: WallTime, most: usize) -> Result<Vec<(i64, bool)>, Fault> {
    // Two conditions for the two indexes, each of which knows only its rows.
    let sql = "SELECT id, stream, 1 FROM frame WHERE rejection IS NOT NULL AND received < ?1
        UNION ALL SELECT id, stream, 0 FROM frame WHERE rejection IS NULL AND received < ?1 LIMIT ?2";
    let found: Vec<(i64, i64, bool)> =
        rows(db, sql, params![since.0, limit(most)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let remove_one = |(id, stream, rejected)| remove(db, id).map(|()| (stream, rejected));
    found.into_iter().map(remove_one).collect()
}

/// Rows, oldest first: all that are not packed, or only the rejected ones.
pub(crate) fn oldest(
    db: &Connection,
    device: Option<uuid::Uuid>,
    rejected_only: bool,
    most: usize,
) -> Result<Vec<FrameRow>, Fault> {
    let which = if rejected_only { "AND rejection IS NOT NULL" } else { "" };
    let sql = format!(
        "SELECT stream, place, received, octets, rejection FROM frame
         WHERE (?1 IS NULL OR stream IN (SELECT id FROM frame_stream WHERE device = ?1)) {which}
         ORDER BY received, id LIMIT ?2"
    );
    rows(db, &sql, params![device, limit(most)], of)
}

/// The frame of a stream with this index, while it is not packed.
pub(crate) fn at(db: &Connection, stream: i64, index: u64) -> Result<Option<FrameRow>, Fault> {
    let sql = "SELECT stream, place, received, octets, rejection FROM frame WHERE stream = ? AND place = ? LIMIT 1";
    row(db, sql, params![stream, index.cast_signed()], of)
}

fn of(row: &Row<'_>) -> Result<FrameRow, Fault> {
    let frame =
        Frame { index: row.get::<_, i64>(1)?.cast_unsigned(), received: WallTime(row.get(2)?), octets: row.get(3)? };
    Ok(FrameRow { stream: row.get(0)?, frame, rejection: row.get(4)? })
}
