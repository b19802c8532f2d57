//! How far each query of a clinic's server got: by the server's clock what is known, by ours when it was asked to its
//! end.
//! Not here: what the queries brought.
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::DownloadCursor;
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE download_cursor (
    server TEXT NOT NULL,
    query TEXT NOT NULL,
    updated INTEGER,
    taken INTEGER NOT NULL,
    PRIMARY KEY (server, query)
) STRICT;",
}];

/// Moves a cursor.
pub(crate) fn put(db: &Connection, server: &str, cursor: &DownloadCursor) -> Result<(), Fault> {
    let sql = "INSERT INTO download_cursor (server, query, updated, taken) VALUES (?, ?, ?, ?)
        ON CONFLICT (server, query) DO UPDATE SET updated = excluded.updated, taken = excluded.taken";
    let updated = cursor.updated.map(|at| at.0);
    db.prepare_cached(sql)?.execute(params![server, cursor.query, updated, cursor.taken.0])?;
    Ok(())
}

/// All of them, each with its server.
pub(crate) fn all(db: &Connection) -> Result<Vec<(String, DownloadCursor)>, Fault> {
    let sql = "SELECT server, query, updated, taken FROM download_cursor ORDER BY server, query";
    rows(db, sql, [], |row| {
        let updated = row.get::<_, Option<i64>>(2)?.map(WallTime);
        Ok((row.get(0)?, DownloadCursor { query: row.get(1)?, updated, taken: WallTime(row.get(3)?) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_moves_for_its_own_query_and_server_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let cursor = |updated| DownloadCursor { query: "Patient".into(), updated, taken: WallTime(9) };
        put(&db, "a", &cursor(None)).unwrap();
        put(&db, "b", &cursor(Some(WallTime(1)))).unwrap();
        put(&db, "b", &cursor(Some(WallTime(2)))).unwrap();
        let expected = [("a".to_owned(), cursor(None)), ("b".to_owned(), cursor(Some(WallTime(2))))];
        assert_eq!(all(&db).unwrap(), expected);
    }
}
