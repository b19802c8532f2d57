//! The recording that was broken off, until a person has seen it; kept over any number of starts.
//! Not here: how an unclean end is told (`run`).
use super::{Migration, row, rows};
use crate::fault::Fault;
use bedside_console::StoredInterruption;
use bedside_vitals::{DeviceId, PatientId, WallTime};
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE interruption (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE TABLE interrupted_device (
    device BLOB NOT NULL,
    patient BLOB NOT NULL,
    PRIMARY KEY (device, patient)
) STRICT;",
}];

/// Keeps it in the place of the one before, or none any more.
pub(crate) fn put(db: &Connection, interruption: Option<&StoredInterruption>) -> Result<(), Fault> {
    db.execute("DELETE FROM interruption", [])?;
    db.execute("DELETE FROM interrupted_device", [])?;
    let Some(StoredInterruption { from, until, devices }) = interruption else { return Ok(()) };
    db.execute("INSERT INTO interruption (only, since, until) VALUES (1, ?, ?)", params![from.0, until.0])?;
    for (device, patient) in devices {
        let sql = "INSERT OR IGNORE INTO interrupted_device (device, patient) VALUES (?, ?)";
        db.prepare_cached(sql)?.execute(params![device.0, patient.0])?;
    }
    Ok(())
}

/// The one that nobody has seen yet.
pub(crate) fn present(db: &Connection) -> Result<Option<StoredInterruption>, Fault> {
    let times = row(db, "SELECT since, until FROM interruption", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((from, until)) = times else { return Ok(None) };
    let devices = rows(db, "SELECT device, patient FROM interrupted_device ORDER BY rowid", [], |row| {
        Ok((DeviceId(row.get(0)?), PatientId(row.get(1)?)))
    })?;
    Ok(Some(StoredInterruption { from: WallTime(from), until: WallTime(until), devices }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_last_one_is_kept_until_it_is_seen() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let device = |n| (DeviceId(Uuid::from_u128(n)), PatientId(Uuid::from_u128(7)));
        for devices in [vec![device(1)], vec![device(2), device(3)]] {
            let one = StoredInterruption { from: WallTime(5), until: WallTime(9), devices };
            put(&db, Some(&one)).unwrap();
            assert_eq!(present(&db).unwrap(), Some(one));
        }
        put(&db, None).unwrap();
        assert_eq!(present(&db).unwrap(), None);
    }
}
