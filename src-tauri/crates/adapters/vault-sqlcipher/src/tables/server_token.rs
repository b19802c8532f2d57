//! By what each clinician's access to the clinic's server is renewed, one row for each of them and each server.
//! Not here: access tokens, which are never stored, and who may use which.
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::ports::RefreshToken;
use bedside_console::{ClinicianId, ServerToken, ServerTokenChange};
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE server_token (
    server TEXT NOT NULL,
    clinician BLOB NOT NULL,
    endpoint TEXT NOT NULL,
    refresh TEXT NOT NULL,
    user TEXT,
    granted INTEGER NOT NULL,
    PRIMARY KEY (server, clinician)
) STRICT;",
}];

/// In a vault that nobody is enrolled in the token is nobody's.
const NOBODY: Uuid = Uuid::nil();

/// Keeps a token in the place of the one before, or none any more.
pub(crate) fn change(db: &Connection, change: &ServerTokenChange) -> Result<(), Fault> {
    match change {
        ServerTokenChange::Keep(token) => {
            let sql = "INSERT INTO server_token (server, clinician, endpoint, refresh, user, granted)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (server, clinician) DO UPDATE SET endpoint = excluded.endpoint,
                refresh = excluded.refresh, user = excluded.user, granted = excluded.granted";
            let ServerToken { server, clinician, endpoint, refresh, user, granted } = token;
            let clinician = clinician.map_or(NOBODY, |who| who.0);
            db.prepare_cached(sql)?.execute(params![server, clinician, endpoint, refresh.reveal(), user, granted.0])?;
        }
        ServerTokenChange::Forget { server, clinician } => {
            let clinician = clinician.map_or(NOBODY, |who| who.0);
            db.execute("DELETE FROM server_token WHERE server = ? AND clinician = ?", params![server, clinician])?;
        }
    }
    Ok(())
}

/// Every token for a server.
pub(crate) fn of_server(db: &Connection, server: &str) -> Result<Vec<ServerToken>, Fault> {
    let sql =
        "SELECT clinician, endpoint, refresh, user, granted FROM server_token WHERE server = ? ORDER BY clinician";
    rows(db, sql, [server], |row| {
        let clinician: Uuid = row.get(0)?;
        Ok(ServerToken {
            server: server.to_owned(),
            clinician: (clinician != NOBODY).then_some(ClinicianId(clinician)),
            endpoint: row.get(1)?,
            refresh: RefreshToken::new(row.get::<_, String>(2)?),
            user: row.get(3)?,
            granted: WallTime(row.get(4)?),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(clinician: Option<u128>, refresh: &str) -> ServerToken {
        ServerToken {
            server: "https://fhir.clinic.example/r4".into(),
            clinician: clinician.map(|id| ClinicianId(Uuid::from_u128(id))),
            endpoint: "https://sign-in.clinic.example/token".into(),
            refresh: RefreshToken::new(refresh),
            user: Some("Practitioner/7".into()),
            granted: WallTime(5),
        }
    }

    #[test]
    fn the_last_token_of_each_clinician_is_kept_for_its_server_only() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        for one in [token(Some(1), "a"), token(Some(2), "b"), token(None, "c"), token(Some(1), "d")] {
            change(&db, &ServerTokenChange::Keep(one)).unwrap();
        }
        let server = "https://fhir.clinic.example/r4";
        let expected = [token(None, "c"), token(Some(1), "d"), token(Some(2), "b")];
        assert_eq!(of_server(&db, server).unwrap(), expected);
        assert!(of_server(&db, "https://fhir.other.example").unwrap().is_empty());
        let forget = ServerTokenChange::Forget { server: server.into(), clinician: token(Some(2), "").clinician };
        change(&db, &forget).unwrap();
        assert_eq!(of_server(&db, server).unwrap(), expected[..2]);
    }
}
