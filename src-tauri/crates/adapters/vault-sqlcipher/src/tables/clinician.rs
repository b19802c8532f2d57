//! Everybody who was ever enrolled, and the verifier of each one's PIN.
//! Not here: slots, by which they open the vault, and passphrases, of which nothing is kept.
use super::{Migration, row, rows};
use crate::fault::Fault;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use bedside_console::ports::{Pin, StoreFault};
use bedside_console::{Clinician, ClinicianId, Role, UserName};
use bedside_vitals::WallTime;
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE clinician (
    id BLOB PRIMARY KEY,
    user_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    enrolled INTEGER NOT NULL,
    disabled INTEGER,
    pin TEXT
) STRICT;",
}];

const COLUMNS: &str = "id, user_name, display_name, roles, enrolled, disabled, pin IS NOT NULL";

/// Enrols a clinician, or changes everything but the id and the PIN.
pub(crate) fn put(db: &Connection, clinician: &Clinician) -> Result<(), Fault> {
    let sql = "INSERT INTO clinician (id, user_name, display_name, roles, enrolled, disabled) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET user_name = excluded.user_name, display_name = excluded.display_name,
        roles = excluded.roles, enrolled = excluded.enrolled, disabled = excluded.disabled";
    let roles = clinician.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ");
    db.prepare_cached(sql)?.execute(params![
        clinician.id.0,
        clinician.user_name.as_str(),
        clinician.display_name,
        roles,
        clinician.enrolled.0,
        clinician.disabled.map(|at| at.0),
    ])?;
    Ok(())
}

/// Everybody, by user name; those of one name in the order in which they were enrolled.
pub(crate) fn all(db: &Connection) -> Result<Vec<Clinician>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM clinician ORDER BY user_name, enrolled, id"), [], of_row)
}

/// What is kept of a PIN: Argon2id at its floor, 19 MiB and two passes, since it only guards an open vault. Takes about
/// 50 ms: to be made before a transaction begins.
pub(crate) fn verifier(pin: &Pin) -> Result<String, StoreFault> {
    let made = Argon2::default().hash_password(pin.reveal().as_bytes());
    made.map(|hash| hash.to_string()).map_err(|_| StoreFault::Io("the PIN's verifier could not be made".into()))
}

/// Keeps a verifier in place of an earlier one. A PIN of somebody who was never enrolled is not kept.
pub(crate) fn put_pin(db: &Connection, clinician: ClinicianId, verifier: &str) -> Result<(), Fault> {
    db.prepare_cached("UPDATE clinician SET pin = ? WHERE id = ?")?.execute(params![verifier, clinician.0])?;
    Ok(())
}

/// Whether it is the PIN of somebody who may sign in. Takes as long when it is not.
pub(crate) fn is_pin(db: &Connection, clinician: ClinicianId, pin: &Pin) -> Result<bool, Fault> {
    let sql = "SELECT pin FROM clinician WHERE id = ? AND disabled IS NULL";
    let Some(kept) = row(db, sql, [clinician.0], |row| Ok(row.get::<_, Option<String>>(0)?))?.flatten() else {
        // Whether there is one shall not be told by time.
        let _ = verifier(pin);
        return Ok(false);
    };
    let kept = PasswordHash::new(&kept).map_err(|_| Fault::Column("clinician.pin"))?;
    Ok(Argon2::default().verify_password(pin.reveal().as_bytes(), &kept).is_ok())
}

fn of_row(row: &Row<'_>) -> Result<Clinician, Fault> {
    let (user_name, roles): (String, String) = (row.get(1)?, row.get(3)?);
    let roles = roles.split_whitespace().map(Role::from_name).collect::<Option<Vec<_>>>();
    Ok(Clinician {
        id: ClinicianId(row.get(0)?),
        user_name: UserName::new(&user_name).ok_or(Fault::Column("clinician.user_name"))?,
        display_name: row.get(2)?,
        roles: roles.ok_or(Fault::Column("clinician.roles"))?,
        enrolled: WallTime(row.get(4)?),
        disabled: row.get::<_, Option<i64>>(5)?.map(WallTime),
        has_pin: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const BERG: ClinicianId = ClinicianId(Uuid::from_u128(1));

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        db
    }

    fn berg() -> Clinician {
        Clinician {
            id: BERG,
            user_name: UserName::new("o.berg").unwrap(),
            display_name: "Ola Berg".into(),
            roles: vec![Role::Nurse, Role::Administrator],
            disabled: None,
            has_pin: false,
            enrolled: WallTime(7),
        }
    }

    #[test]
    fn a_clinician_comes_back_and_a_change_leaves_the_pin() {
        let db = database();
        put(&db, &berg()).unwrap();
        assert_eq!(all(&db).unwrap(), [berg()]);
        put_pin(&db, BERG, &verifier(&Pin::typed("704913")).unwrap()).unwrap();
        put(&db, &Clinician { roles: vec![Role::Clinician], ..berg() }).unwrap();
        assert_eq!(all(&db).unwrap(), [Clinician { roles: vec![Role::Clinician], has_pin: true, ..berg() }]);
        assert!(is_pin(&db, BERG, &Pin::typed("704913")).unwrap());
    }

    #[test]
    fn only_the_last_pin_of_somebody_who_may_sign_in_is_right() {
        let db = database();
        put(&db, &berg()).unwrap();
        assert!(!is_pin(&db, BERG, &Pin::typed("704913")).unwrap());
        for pin in ["704913", "582039"] {
            put_pin(&db, BERG, &verifier(&Pin::typed(pin)).unwrap()).unwrap();
        }
        assert!(!is_pin(&db, BERG, &Pin::typed("704913")).unwrap());
        assert!(is_pin(&db, BERG, &Pin::typed("582039")).unwrap());
        assert!(!is_pin(&db, ClinicianId(Uuid::from_u128(2)), &Pin::typed("582039")).unwrap());
        put(&db, &Clinician { disabled: Some(WallTime(9)), ..berg() }).unwrap();
        assert!(!is_pin(&db, BERG, &Pin::typed("582039")).unwrap());
    }

    #[test]
    fn a_verifier_costs_the_floor_and_is_another_each_time() {
        let (one, two) = (verifier(&Pin::typed("704913")).unwrap(), verifier(&Pin::typed("704913")).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn a_row_that_this_version_cannot_have_written_is_damage() {
        let db = database();
        put(&db, &berg()).unwrap();
        db.execute("UPDATE clinician SET pin = 'plain'", []).unwrap();
        assert!(matches!(is_pin(&db, BERG, &Pin::typed("1")), Err(Fault::Column("clinician.pin"))));
        db.execute("UPDATE clinician SET roles = 'nurse king'", []).unwrap();
        assert!(matches!(all(&db), Err(Fault::Column("clinician.roles"))));
    }
}
