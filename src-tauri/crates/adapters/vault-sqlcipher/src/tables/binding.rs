//! Which device was bound to which patient, from when to when.
//! Not here: that a device has one patient at most at a time; the console sees to that.
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::Binding;
use bedside_vitals::{DeviceId, PatientId, WallTime};
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE binding (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    patient BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
) STRICT;
CREATE INDEX binding_open ON binding (device) WHERE until IS NULL;",
}];

/// Begins or ends a binding.
pub(crate) fn put(db: &Connection, binding: &Binding) -> Result<(), Fault> {
    let sql = "INSERT INTO binding (id, device, patient, since, until) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET device = excluded.device, patient = excluded.patient, since = excluded.since,
            until = excluded.until";
    let until = binding.until.map(|until| until.0);
    db.prepare_cached(sql)?.execute(params![
        binding.id,
        binding.device.0,
        binding.patient.0,
        binding.since.0,
        until
    ])?;
    Ok(())
}

/// Bindings that last, oldest first.
pub(crate) fn open(db: &Connection) -> Result<Vec<Binding>, Fault> {
    let sql = "SELECT id, device, patient, since, until FROM binding WHERE until IS NULL ORDER BY since, rowid";
    rows(db, sql, [], |row| {
        Ok(Binding {
            id: row.get(0)?,
            device: DeviceId(row.get(1)?),
            patient: PatientId(row.get(2)?),
            since: WallTime(row.get(3)?),
            until: row.get::<_, Option<i64>>(4)?.map(WallTime),
        })
    })
}
