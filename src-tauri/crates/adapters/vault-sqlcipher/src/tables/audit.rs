//! Who did what, in the order in which it was committed.
//! Not here: which acts are noted; the console decides that.
use super::Migration;
use crate::fault::Fault;
use bedside_console::AuditEntry;
use rusqlite::{Connection, params};

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

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_console::AuditAction;
    use bedside_vitals::WallTime;

    #[test]
    fn entries_keep_their_order_whatever_the_clock_says() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        for (at, action) in [9, 5, 7, 1, 3].into_iter().zip(AuditAction::ALL) {
            add(&db, &AuditEntry { at: WallTime(at), action, patient: None, device: None }).unwrap();
        }
        let stored = super::super::rows(&db, "SELECT at, action FROM audit ORDER BY place", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        });
        let names = AuditAction::ALL.map(|action| action.name().to_owned());
        assert_eq!(stored.unwrap(), [9, 5, 7, 1, 3].into_iter().zip(names).collect::<Vec<_>>());
    }
}
