//! The user of a device and the code by which the device knows that the user consents: asked for once.
//! Not here: which patient the user is (`binding`).
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_session::UserConsent;
use bedside_vitals::DeviceId;
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    sql: "CREATE TABLE consent (
    device BLOB PRIMARY KEY,
    user_index INTEGER NOT NULL,
    code INTEGER NOT NULL
) STRICT;",
}];

/// Keeps a device's consent in place of an earlier one.
pub(crate) fn put(db: &Connection, device: DeviceId, consent: UserConsent) -> Result<(), Fault> {
    let sql = "INSERT INTO consent (device, user_index, code) VALUES (?, ?, ?)
        ON CONFLICT (device) DO UPDATE SET user_index = excluded.user_index, code = excluded.code";
    db.prepare_cached(sql)?.execute(params![device.0, consent.user_index, consent.code.number()])?;
    Ok(())
}

/// Every consent.
pub(crate) fn all(db: &Connection) -> Result<Vec<(DeviceId, UserConsent)>, Fault> {
    rows(db, "SELECT device, user_index, code FROM consent ORDER BY device", [], |row| {
        let code = UserConsent::new(row.get(1)?, row.get(2)?).ok_or(Fault::Column("consent.code"))?;
        Ok((DeviceId(row.get(0)?), code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_later_consent_takes_the_place_of_an_earlier_one() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let device = DeviceId(Uuid::from_u128(1));
        for code in [1234, 9999] {
            put(&db, device, UserConsent::new(2, code).unwrap()).unwrap();
        }
        assert_eq!(all(&db).unwrap(), [(device, UserConsent::new(2, 9999).unwrap())]);
    }
}
