//! Which device was bound to which patient, from when to when.
//! Not here: that a device has one patient at most at a time; the console sees to that.
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::Binding;
use bedside_vitals::{DeviceId, PatientId, WallTime};
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE binding (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    patient BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
) STRICT;
CREATE INDEX binding_open ON binding (device) WHERE until IS NULL;",
    },
    // Of what the first format does not say, the least is assumed: nothing measured before a binding is its patient's.
    Migration {
        to: 2,
        sql: "ALTER TABLE binding ADD COLUMN user_slot INTEGER;
ALTER TABLE binding ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
UPDATE binding SET not_before = since;",
    },
];

/// Begins or ends a binding.
pub(crate) fn put(db: &Connection, binding: &Binding) -> Result<(), Fault> {
    let sql = "INSERT INTO binding (id, device, patient, since, until, user_slot, not_before)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET device = excluded.device, patient = excluded.patient, since = excluded.since,
            until = excluded.until, user_slot = excluded.user_slot, not_before = excluded.not_before";
    let until = binding.until.map(|until| until.0);
    db.prepare_cached(sql)?.execute(params![
        binding.id,
        binding.device.0,
        binding.patient.0,
        binding.since.0,
        until,
        binding.user_slot,
        binding.not_before.0
    ])?;
    Ok(())
}

/// Bindings that last, oldest first.
pub(crate) fn open(db: &Connection) -> Result<Vec<Binding>, Fault> {
    let sql = "SELECT id, device, patient, since, until, user_slot, not_before FROM binding WHERE until IS NULL
        ORDER BY since, rowid";
    rows(db, sql, [], of)
}

/// The binding that ended last, of each device and patient.
pub(crate) fn last(db: &Connection) -> Result<Vec<Binding>, Fault> {
    // The other columns are those of the row with the greatest end.
    let sql = "SELECT id, device, patient, since, max(until), user_slot, not_before FROM binding
        WHERE until IS NOT NULL GROUP BY device, patient";
    rows(db, sql, [], of)
}

/// All bindings of a device, oldest first.
pub(crate) fn of_device(db: &Connection, device: DeviceId) -> Result<Vec<Binding>, Fault> {
    let sql = "SELECT id, device, patient, since, until, user_slot, not_before FROM binding WHERE device = ? ORDER BY since, rowid";
    rows(db, sql, params![device.0], of)
}

/// The binding that a device had at a time; of several the one that began last.
pub(crate) fn at(db: &Connection, device: DeviceId, at: WallTime) -> Result<Option<Binding>, Fault> {
    let sql = "SELECT id, device, patient, since, until, user_slot, not_before FROM binding
        WHERE device = ?1 AND since <= ?2 AND (until IS NULL OR until > ?2) ORDER BY since DESC, rowid DESC LIMIT 1";
    super::row(db, sql, params![device.0, at.0], of)
}

fn of(row: &Row<'_>) -> Result<Binding, Fault> {
    Ok(Binding {
        id: row.get(0)?,
        device: DeviceId(row.get(1)?),
        patient: PatientId(row.get(2)?),
        since: WallTime(row.get(3)?),
        until: row.get::<_, Option<i64>>(4)?.map(WallTime),
        user_slot: row.get(5)?,
        not_before: WallTime(row.get(6)?),
    })
}
