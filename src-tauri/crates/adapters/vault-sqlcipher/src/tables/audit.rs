//! Who did what, in the order in which it was committed.
//! Not here: which acts are noted; the console decides that.
use super::{Migration, limit, rows};
use crate::fault::Fault;
use bedside_console::{AuditAction, AuditEntry};
use bedside_vitals::{DeviceId, PatientId, WallTime};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE audit (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    patient BLOB,
    device BLOB
) STRICT;",
}];

/// Adds an entry behind all others.
pub(crate) fn add(db: &Connection, entry: &AuditEntry) -> Result<(), Fault> {
    let sql = "INSERT INTO audit (at, action, patient, device) VALUES (?, ?, ?, ?)";
    let (patient, device) = (entry.patient.map(|id| id.0), entry.device.map(|id| id.0));
    db.prepare_cached(sql)?.execute(params![entry.at.0, entry.action.name(), patient, device])?;
    Ok(())
}

/// The last entries, newest first.
pub(crate) fn newest(db: &Connection, most: usize) -> Result<Vec<AuditEntry>, Fault> {
    let sql = "SELECT at, action, patient, device FROM audit ORDER BY place DESC LIMIT ?";
    rows(db, sql, params![limit(most)], of)
}

fn of(row: &Row<'_>) -> Result<AuditEntry, Fault> {
    let action = AuditAction::from_name(&row.get::<_, String>(1)?).ok_or(Fault::Column("audit.action"))?;
    Ok(AuditEntry {
        at: WallTime(row.get(0)?),
        action,
        patient: row.get::<_, Option<Uuid>>(2)?.map(PatientId),
        device: row.get::<_, Option<Uuid>>(3)?.map(DeviceId),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_whatever_the_clock_says() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        for (at, action) in (1..=9).rev().zip(AuditAction::ALL) {
            add(&db, &entry(at, action)).unwrap();
        }
        let wanted: Vec<AuditEntry> =
            (1..=9).zip(AuditAction::ALL.into_iter().rev()).map(|(at, a)| entry(at, a)).collect();
        assert_eq!(newest(&db, 100).unwrap(), wanted);
        assert_eq!(newest(&db, 2).unwrap(), wanted[..2]);
    }

    fn entry(at: i64, action: AuditAction) -> AuditEntry {
        let device = (at > 4).then(|| DeviceId(Uuid::from_u128(7)));
        AuditEntry { at: WallTime(at), action, patient: Some(PatientId(Uuid::from_u128(5))), device }
    }
}
