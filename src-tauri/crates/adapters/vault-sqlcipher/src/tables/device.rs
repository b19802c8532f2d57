//! Devices enrolled in this vault.
//! Not here: which patient a device is bound to (`binding`), and its clock (`connection`).
use super::{Migration, row, rows};
use crate::fault::Fault;
use bedside_vitals::{DeviceDescription, DeviceId, DeviceKind, UniqueDeviceIdentifier};
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE device (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    manufacturer TEXT,
    model TEXT,
    serial TEXT,
    firmware TEXT,
    hardware TEXT,
    software TEXT,
    system_id TEXT,
    simulated INTEGER NOT NULL
) STRICT;",
    },
    Migration {
        to: 5,
        sql: "ALTER TABLE device ADD COLUMN udi_label TEXT;
ALTER TABLE device ADD COLUMN udi_device_identifier TEXT;
ALTER TABLE device ADD COLUMN udi_issuer TEXT;
ALTER TABLE device ADD COLUMN udi_authority TEXT;",
    },
];

const COLUMNS: &str = "id, kind, name, manufacturer, model, serial, firmware, hardware, software, system_id, simulated,
    udi_label, udi_device_identifier, udi_issuer, udi_authority";

/// Enrols a device or replaces what is known of it.
pub(crate) fn put(db: &Connection, device: &DeviceDescription) -> Result<(), Fault> {
    let sql = "INSERT INTO device (id, kind, name, manufacturer, model, serial, firmware, hardware, software, system_id,
            simulated, udi_label, udi_device_identifier, udi_issuer, udi_authority)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, manufacturer = excluded.manufacturer,
            model = excluded.model, serial = excluded.serial, firmware = excluded.firmware, hardware = excluded.hardware,
            software = excluded.software, system_id = excluded.system_id, simulated = excluded.simulated,
            udi_label = excluded.udi_label, udi_device_identifier = excluded.udi_device_identifier,
            udi_issuer = excluded.udi_issuer, udi_authority = excluded.udi_authority";
    let udi = device.udi.as_ref();
    db.prepare_cached(sql)?.execute(params![
        device.id.0,
        device.kind.name(),
        device.name,
        device.manufacturer,
        device.model,
        device.serial,
        device.firmware,
        device.hardware,
        device.software,
        device.system_id,
        device.simulated,
        udi.map(|udi| &udi.label),
        udi.map(|udi| &udi.device_identifier),
        udi.map(|udi| &udi.issuer),
        udi.map(|udi| &udi.authority),
    ])?;
    Ok(())
}

/// Every device, by name.
pub(crate) fn all(db: &Connection) -> Result<Vec<DeviceDescription>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM device ORDER BY name, id"), [], of)
}

/// A device by its id.
pub(crate) fn by_id(db: &Connection, id: DeviceId) -> Result<Option<DeviceDescription>, Fault> {
    row(db, &format!("SELECT {COLUMNS} FROM device WHERE id = ?"), [id.0], of)
}

fn of(row: &Row<'_>) -> Result<DeviceDescription, Fault> {
    let kind: String = row.get(1)?;
    let udi = UniqueDeviceIdentifier {
        label: row.get(11)?,
        device_identifier: row.get(12)?,
        issuer: row.get(13)?,
        authority: row.get(14)?,
    };
    Ok(DeviceDescription {
        id: DeviceId(row.get(0)?),
        kind: DeviceKind::ALL.into_iter().find(|known| known.name() == kind).ok_or(Fault::Column("device.kind"))?,
        name: row.get(2)?,
        manufacturer: row.get(3)?,
        model: row.get(4)?,
        serial: row.get(5)?,
        firmware: row.get(6)?,
        hardware: row.get(7)?,
        software: row.get(8)?,
        system_id: row.get(9)?,
        simulated: row.get(10)?,
        udi: Some(udi).filter(|udi| *udi != UniqueDeviceIdentifier::default()),
    })
}
