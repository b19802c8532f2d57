//! The streams of raw values: one for each characteristic of a connection. Counts are kept here, since packed frames
//! cannot be counted by rows.
use super::by_hand::FRAME_STREAM;
use super::{Migration, row, rows};
use crate::fault::Fault;
use bedside_vitals::{ConnectionId, DeviceId};
use rusqlite::{Connection, Params, Row, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE frame_stream (
    id INTEGER PRIMARY KEY,
    connection BLOB NOT NULL,
    characteristic BLOB NOT NULL,
    device BLOB NOT NULL,
    frames INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    UNIQUE (connection, characteristic, device)
) STRICT;",
}];

/// One stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameStream {
    pub(crate) id: i64,
    pub(crate) connection: ConnectionId,
    pub(crate) characteristic: Uuid,
    pub(crate) device: DeviceId,
}

/// Counts one frame and tells its stream.
pub(crate) fn count_in(
    db: &Connection,
    (connection, characteristic, device): (ConnectionId, Uuid, DeviceId),
    rejected: bool,
) -> Result<i64, Fault> {
    let find = "SELECT id FROM frame_stream WHERE connection = ? AND characteristic = ? AND device = ?";
    let id = match row(db, find, params![connection.0, characteristic, device.0], |row| Ok(row.get(0)?))? {
        Some(id) => id,
        None => add(db, params![connection.0, characteristic, device.0])?,
    };
    count(db, id, 1, i64::from(rejected))?;
    Ok(id)
}

/// Every stream, of one device or of all.
pub(crate) fn of_device(db: &Connection, device: Option<DeviceId>) -> Result<Vec<FrameStream>, Fault> {
    let sql = "SELECT id, connection, characteristic, device FROM frame_stream WHERE ?1 IS NULL OR device = ?1";
    rows(db, sql, [device.map(|id| id.0)], of)
}

/// The streams of one characteristic of a connection: one, where one device was behind it.
pub(crate) fn of_connection(
    db: &Connection,
    connection: ConnectionId,
    characteristic: Uuid,
) -> Result<Vec<FrameStream>, Fault> {
    let sql =
        "SELECT id, connection, characteristic, device FROM frame_stream WHERE connection = ? AND characteristic = ?";
    rows(db, sql, params![connection.0, characteristic], of)
}

/// Counts out frames that were removed; a stream without any goes too, and is made anew should its connection go on.
pub(crate) fn count_out(db: &Connection, id: i64, frames: usize, rejected: usize) -> Result<(), Fault> {
    let less = |number: usize| i64::try_from(number).map_or(i64::MIN, |number| -number);
    count(db, id, less(frames), less(rejected))?;
    if db.prepare_cached("SELECT 1 FROM frame_stream WHERE id = ? AND frames <= 0")?.exists([id])? {
        let remove = "DELETE FROM frame_stream WHERE id = ?";
        FRAME_STREAM.change(db, id, || Ok(db.prepare_cached(remove)?.execute([id]).map(drop)?))?;
    }
    Ok(())
}

/// A rejected frame is no longer rejected.
pub(crate) fn count_accepted(db: &Connection, id: i64) -> Result<(), Fault> {
    count(db, id, 0, -1)
}

/// A stream without frames, named by connection, characteristic and device.
pub(crate) fn add(db: &Connection, named: impl Params) -> Result<i64, Fault> {
    let sql = "INSERT INTO frame_stream (connection, characteristic, device, frames, rejected) VALUES (?, ?, ?, 0, 0)";
    let id = db.prepare_cached(sql)?.insert(named)?;
    FRAME_STREAM.came(db, id)?;
    Ok(id)
}

/// Counts frames in or out, and how many of them were rejected.
pub(crate) fn count(db: &Connection, id: i64, frames: i64, rejected: i64) -> Result<(), Fault> {
    let sql = "UPDATE frame_stream SET frames = frames + ?, rejected = rejected + ? WHERE id = ?";
    let values = params![frames, rejected, id];
    FRAME_STREAM.change(db, id, || Ok(db.prepare_cached(sql)?.execute(values).map(drop)?))
}

/// Frames and rejected frames that are kept.
pub(crate) fn counts(db: &Connection) -> Result<(u64, u64), Fault> {
    let sql = "SELECT coalesce(sum(frames), 0), coalesce(sum(rejected), 0) FROM frame_stream";
    Ok(db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn of(row: &Row<'_>) -> Result<FrameStream, Fault> {
    Ok(FrameStream {
        id: row.get(0)?,
        connection: ConnectionId(row.get(1)?),
        characteristic: row.get(2)?,
        device: DeviceId(row.get(3)?),
    })
}
