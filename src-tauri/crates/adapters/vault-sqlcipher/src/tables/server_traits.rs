//! What sync learned of each server, by its address, so that the next run begins with it.
//! Not here: how it is learned (`bedside-outbox`).
use super::{Migration, row};
use crate::fault::Fault;
use bedside_console::StoredServer;
use bedside_outbox::ServerTraits;
use rusqlite::{Connection, params};

// A trait that is not known is NULL. `metered`: a person said that the way to this server costs.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE server_traits (
    address TEXT PRIMARY KEY,
    our_ids INTEGER,
    audit_events INTEGER,
    most_rows INTEGER,
    rows INTEGER,
    metered INTEGER NOT NULL
) STRICT;",
}];

/// Keeps what is known of a server, in the place of what was known before.
pub(crate) fn put(db: &Connection, server: &StoredServer) -> Result<(), Fault> {
    let StoredServer { address, traits, metered } = server;
    let ServerTraits { our_ids, audit_events, most_rows, rows } = traits;
    let sql = "INSERT INTO server_traits (address, our_ids, audit_events, most_rows, rows, metered)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET our_ids = excluded.our_ids,
        audit_events = excluded.audit_events, most_rows = excluded.most_rows, rows = excluded.rows,
        metered = excluded.metered";
    db.prepare_cached(sql)?.execute(params![address, our_ids, audit_events, most_rows, rows, metered])?;
    Ok(())
}

/// What is known of a server.
pub(crate) fn of(db: &Connection, address: &str) -> Result<Option<StoredServer>, Fault> {
    let sql = "SELECT our_ids, audit_events, most_rows, rows, metered FROM server_traits WHERE address = ?";
    row(db, sql, [address], |row| {
        let traits =
            ServerTraits { our_ids: row.get(0)?, audit_events: row.get(1)?, most_rows: row.get(2)?, rows: row.get(3)? };
        Ok(StoredServer { address: address.to_owned(), traits, metered: row.get(4)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_of_a_server_is_told_of_that_server_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let traits = ServerTraits { our_ids: Some(false), audit_events: None, most_rows: Some(25), rows: Some(12) };
        let mut server = StoredServer { address: "https://a.example/fhir".into(), traits, metered: true };
        put(&db, &server).unwrap();
        server.traits.rows = Some(20);
        put(&db, &server).unwrap();
        assert_eq!(of(&db, &server.address).unwrap(), Some(server));
        assert_eq!(of(&db, "https://b.example/fhir").unwrap(), None);
    }
}
