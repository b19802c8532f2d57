//! Who may have spooled: the public key of every device secret that opened the vault. Never removed: what was spooled
//! before a recovery, by the secret of that time, is proven by it afterwards too. Not here: the proofs (`spool::origin`).
use super::{Migration, rows};
use crate::fault::Fault;
use crate::seal::PublicKey;
use rusqlite::Connection;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 4,
    sql: "CREATE TABLE spool_origin (
    public BLOB PRIMARY KEY
) STRICT;",
}];

/// Keeps one, unless it is there: then nothing is written.
pub(crate) fn keep(db: &Connection, public: &PublicKey) -> Result<(), Fault> {
    if !db.prepare_cached("SELECT 1 FROM spool_origin WHERE public = ?")?.exists([public])? {
        db.prepare_cached("INSERT INTO spool_origin (public) VALUES (?)")?.execute([public])?;
    }
    Ok(())
}

/// All of them, oldest first.
pub(crate) fn all(db: &Connection) -> Result<Vec<PublicKey>, Fault> {
    rows(db, "SELECT public FROM spool_origin ORDER BY rowid", [], |row| Ok(row.get(0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_once_and_for_good() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        for public in [[7; 32], [3; 32], [7; 32]] {
            keep(&db, &public).unwrap();
        }
        assert_eq!(all(&db).unwrap(), [[7; 32], [3; 32]]);
    }
}
