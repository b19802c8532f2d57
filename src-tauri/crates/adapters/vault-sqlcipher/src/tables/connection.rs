//! Connections of devices, with the device's clock as it was read.
//! Not here: the values that came over them (`frame_stream`, `reading`).
use super::Migration;
use super::number::{pack_time, unpack_time};
use super::rows;
use crate::fault::Fault;
use bedside_vitals::{ConnectionId, DeviceClock, DeviceId, WallTime};
use rusqlite::{Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE connection (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    at INTEGER NOT NULL,
    clock_device INTEGER,
    clock_read_at INTEGER,
    clock_offset_ms INTEGER
) STRICT;",
}];

/// Adds a connection, or its clock once that is read.
pub(crate) fn put(db: &rusqlite::Connection, connection: &bedside_console::Connection) -> Result<(), Fault> {
    let sql = "INSERT INTO connection (id, device, at, clock_device, clock_read_at, clock_offset_ms)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET device = excluded.device, at = excluded.at, clock_device = excluded.clock_device,
            clock_read_at = excluded.clock_read_at, clock_offset_ms = excluded.clock_offset_ms";
    db.prepare_cached(sql)?.execute(params![
        connection.id.0,
        connection.device.0,
        connection.at.0,
        connection.clock.map(|clock| pack_time(clock.device)),
        connection.clock.map(|clock| clock.read_at.0),
        connection.clock.map(|clock| clock.offset_ms),
    ])?;
    Ok(())
}

/// A connection by its id.
pub(crate) fn by_id(db: &rusqlite::Connection, id: ConnectionId) -> Result<Option<bedside_console::Connection>, Fault> {
    super::row(db, &format!("SELECT {COLUMNS} FROM connection WHERE id = ?"), [id.0], of)
}

/// Connections of a device, oldest first.
pub(crate) fn of_device(
    db: &rusqlite::Connection,
    device: DeviceId,
) -> Result<Vec<bedside_console::Connection>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM connection WHERE device = ? ORDER BY at, rowid"), [device.0], of)
}

/// What is read of a row, in the order of `of`.
const COLUMNS: &str = "id, device, at, clock_device, clock_read_at, clock_offset_ms";

fn of(row: &Row<'_>) -> Result<bedside_console::Connection, Fault> {
    let shown = row.get::<_, Option<i64>>(3)?.map(unpack_time).transpose()?;
    let clock = match (shown, row.get::<_, Option<i64>>(4)?, row.get(5)?) {
        (Some(device), Some(read_at), Some(offset_ms)) => {
            Some(DeviceClock { device, read_at: WallTime(read_at), offset_ms })
        }
        _ => None,
    };
    let (id, device, at) = (ConnectionId(row.get(0)?), DeviceId(row.get(1)?), WallTime(row.get(2)?));
    Ok(bedside_console::Connection { id, device, at, clock })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::DeviceTime;
    use uuid::Uuid;

    #[test]
    fn a_clock_read_later_joins_its_connection() {
        let mut db = rusqlite::Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let device = DeviceTime { year: Some(2026), month: Some(3), day: Some(1), hour: 1, minute: 2, second: 3 };
        let clock = DeviceClock { device, read_at: WallTime(9), offset_ms: -3 };
        let id = ConnectionId(Uuid::from_u128(1));
        let plain = bedside_console::Connection { id, device: DeviceId(Uuid::nil()), at: WallTime(5), clock: None };
        put(&db, &plain).unwrap();
        put(&db, &bedside_console::Connection { clock: Some(clock), ..plain }).unwrap();
        let stored: (i64, i64, i64) = db
            .query_row("SELECT clock_device, clock_read_at, clock_offset_ms FROM connection", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(stored, (pack_time(device), 9, -3));
        let read = of_device(&db, DeviceId(Uuid::nil())).unwrap();
        assert_eq!(read, [bedside_console::Connection { clock: Some(clock), ..plain }]);
    }
}
