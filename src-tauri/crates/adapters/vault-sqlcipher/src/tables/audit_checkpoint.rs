//! Signed places of the audit chain: who can write the chain anew cannot sign it anew without the record's secret.
//! Not here: what is signed (`chain`), and the key (`keyed`).
use super::{Migration, rows};
use crate::fault::Fault;
use crate::keyed;
use rusqlite::{Connection, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE audit_checkpoint (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_checkpoint_kept BEFORE UPDATE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END;",
}];

/// A signed place.
pub(crate) struct Checkpoint {
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) signature: [u8; 64],
}

/// Signs an entry; one that is signed already is left as it is.
pub(crate) fn put(db: &Connection, vault: Uuid, seq: u64, hash: &[u8; 32]) -> Result<(), Fault> {
    let signature = keyed::sign(db, vault, seq, hash)?;
    let sql = "INSERT OR IGNORE INTO audit_checkpoint (seq, hash, signature) VALUES (?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![seq, hash, signature])?;
    Ok(())
}

/// All, in order.
pub(crate) fn all(db: &Connection) -> Result<Vec<Checkpoint>, Fault> {
    rows(db, "SELECT seq, hash, signature FROM audit_checkpoint ORDER BY seq", [], |row| {
        // Of another length is signed by nobody.
        Ok(Checkpoint {
            seq: row.get(0)?,
            hash: row.get(1).unwrap_or([0; 32]),
            signature: row.get(2).unwrap_or([0; 64]),
        })
    })
}
