//! What came of setting devices' clocks: what they showed before and after, and how it ended.
//! Not here: the clock as it was read on a connection (`connection`).
use super::number::{pack_time, unpack_time};
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::StoredClockSetting;
use bedside_session::{ClockOutcome, ClockSetting};
use bedside_vitals::{ConnectionId, DeviceClock, DeviceId, WallTime};
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    sql: "CREATE TABLE clock_setting (
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    connection BLOB NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    before_device INTEGER,
    before_read_at INTEGER,
    before_offset_ms INTEGER,
    after_device INTEGER,
    after_read_at INTEGER,
    after_offset_ms INTEGER
) STRICT;
CREATE INDEX clock_setting_of_device ON clock_setting (device, at);",
}];

/// Adds one.
pub(crate) fn add(db: &Connection, stored: &StoredClockSetting) -> Result<(), Fault> {
    let ClockSetting { connection, before, after, outcome } = &stored.setting;
    let sql = "INSERT INTO clock_setting (device, connection, at, outcome, before_device, before_read_at,
            before_offset_ms, after_device, after_read_at, after_offset_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![
        stored.device.0,
        connection.0,
        stored.at.0,
        outcome.name(),
        before.map(|clock| pack_time(clock.device)),
        before.map(|clock| clock.read_at.0),
        before.map(|clock| clock.offset_ms),
        after.map(|clock| pack_time(clock.device)),
        after.map(|clock| clock.read_at.0),
        after.map(|clock| clock.offset_ms),
    ])?;
    Ok(())
}

/// Those of a device, oldest first.
pub(crate) fn of_device(db: &Connection, device: DeviceId) -> Result<Vec<StoredClockSetting>, Fault> {
    let sql = "SELECT connection, at, outcome, before_device, before_read_at, before_offset_ms, after_device,
            after_read_at, after_offset_ms FROM clock_setting WHERE device = ? ORDER BY at, id";
    rows(db, sql, [device.0], |row| {
        let (before, after) = (clock(row, 3)?, clock(row, 6)?);
        let outcome = ClockOutcome::from_name(&row.get::<_, String>(2)?, after.as_ref());
        let outcome = outcome.ok_or(Fault::Column("clock_setting.outcome"))?;
        let setting = ClockSetting { connection: ConnectionId(row.get(0)?), before, after, outcome };
        Ok(StoredClockSetting { device, at: WallTime(row.get(1)?), setting })
    })
}

fn clock(row: &Row<'_>, at: usize) -> Result<Option<DeviceClock>, Fault> {
    let device = row.get::<_, Option<i64>>(at)?.map(unpack_time).transpose()?;
    Ok(match (device, row.get::<_, Option<i64>>(at + 1)?, row.get(at + 2)?) {
        (Some(device), Some(read_at), Some(offset_ms)) => {
            Some(DeviceClock { device, read_at: WallTime(read_at), offset_ms })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::DeviceTime;
    use uuid::Uuid;

    #[test]
    fn every_outcome_comes_back_as_it_was_told() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let shown = DeviceTime { year: Some(2026), month: Some(3), day: Some(1), hour: 1, minute: 2, second: 3 };
        let clock = |offset_ms| Some(DeviceClock { device: shown, read_at: WallTime(7), offset_ms });
        let (device, connection) = (DeviceId(Uuid::from_u128(1)), ConnectionId(Uuid::from_u128(2)));
        let told = [
            ClockSetting { connection, before: clock(60_000), after: clock(0), outcome: ClockOutcome::Set },
            ClockSetting { connection, before: None, after: clock(9_000), outcome: ClockOutcome::Refused },
            ClockSetting {
                connection,
                before: clock(60_000),
                after: clock(59_000),
                outcome: ClockOutcome::DidNotTake { off_by_ms: 59_000 },
            },
            ClockSetting { connection, before: clock(60_000), after: None, outcome: ClockOutcome::NotReadBack },
        ];
        for setting in told.clone() {
            add(&db, &StoredClockSetting { device, at: WallTime(9), setting }).unwrap();
        }
        let stored: Vec<ClockSetting> = of_device(&db, device).unwrap().into_iter().map(|row| row.setting).collect();
        assert_eq!(stored, told);
    }
}
