//! The secret behind digests and checkpoints, sealed by the database key. A new database key seals it anew and changes no
//! digest. Not here: the keys that come from it (`keyed`).
//!
//! ```text
//! KEK    = HKDF-SHA256(database key, info = "record keys")
//! sealed = XChaCha20-Poly1305(KEK, nonce, record secret, associated data = "bedside record key 1")
//! ```
use super::{Migration, rows};
use crate::fault::Fault;
use crate::keyed::RecordSecret;
use crate::slots::DatabaseKey;
use bedside_console::ports::StoreFault;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, params};
use sha2::Sha256;

// Two rows only during a change of the database key: whichever key wins, one of them opens.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 3,
    sql: "CREATE TABLE record_key (
    id INTEGER PRIMARY KEY,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;",
}];

const BOUND: &[u8] = b"bedside record key 1";

/// Whether none was made yet. One that is gone was made: the digests are begun in the same transaction.
pub(crate) fn is_missing(db: &Connection) -> Result<bool, Fault> {
    Ok(!db.prepare_cached("SELECT 1 FROM record_key UNION ALL SELECT 1 FROM digest")?.exists([])?)
}

/// Makes a new secret.
pub(crate) fn make(db: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    let mut secret = RecordSecret::default();
    random(secret.as_mut_slice())?;
    put(db, key, &secret)
}

/// The secret that this database key opens.
pub(crate) fn open(db: &Connection, key: &DatabaseKey) -> Result<RecordSecret, Fault> {
    let cipher = cipher(key)?;
    let sealed = rows(db, "SELECT nonce, sealed FROM record_key ORDER BY id DESC", [], |row| {
        Ok((row.get::<_, [u8; 24]>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let unseal = |(nonce, sealed): &([u8; 24], Vec<u8>)| {
        let payload = Payload { msg: sealed, aad: BOUND };
        let secret = zeroize::Zeroizing::new(cipher.decrypt(&XNonce::from(*nonce), payload).ok()?);
        Some(RecordSecret::new(secret.as_slice().try_into().ok()?))
    };
    let lost = || StoreFault::Damaged("the secret behind the digests does not open".into()).into();
    sealed.iter().find_map(unseal).ok_or_else(lost)
}

/// Before the database is encrypted with another key: the secret is sealed by both.
pub(crate) fn seal_also(db: &Connection, present: &DatabaseKey, next: &DatabaseKey) -> Result<(), Fault> {
    put(db, next, &open(db, present)?)
}

/// Once a new key is proven: the secret is sealed by it alone.
pub(crate) fn keep_only(db: &Connection, key: &DatabaseKey) -> Result<(), Fault> {
    let secret = open(db, key)?;
    db.execute("DELETE FROM record_key", [])?;
    put(db, key, &secret)
}

/// Seals a secret by a key.
pub(crate) fn put(db: &Connection, key: &DatabaseKey, secret: &RecordSecret) -> Result<(), Fault> {
    let mut nonce = [0; 24];
    random(&mut nonce)?;
    let payload = Payload { msg: secret.as_slice(), aad: BOUND };
    let sealed = cipher(key)?.encrypt(&XNonce::from(nonce), payload).map_err(|_| not_sealed())?;
    db.execute("INSERT INTO record_key (nonce, sealed) VALUES (?, ?)", params![nonce, sealed])?;
    Ok(())
}

fn cipher(key: &DatabaseKey) -> Result<XChaCha20Poly1305, Fault> {
    let mut kek = RecordSecret::default();
    let derived = hkdf::Hkdf::<Sha256>::new(None, key.as_slice()).expand(b"record keys", kek.as_mut_slice());
    derived.map_err(|_| not_sealed())?;
    XChaCha20Poly1305::new_from_slice(kek.as_slice()).map_err(|_| not_sealed())
}

fn not_sealed() -> Fault {
    StoreFault::Io("the secret behind the digests could not be sealed".into()).into()
}

fn random(octets: &mut [u8]) -> Result<(), Fault> {
    getrandom::fill(octets).map_err(|_| StoreFault::Io("the system gave no random octets".into()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn during_a_change_of_the_key_either_opens_the_secret_and_afterwards_only_the_new_one() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let (old, new) = (DatabaseKey::new([1; 32]), DatabaseKey::new([2; 32]));
        make(&db, &old).unwrap();
        let secret = open(&db, &old).unwrap();
        assert!(open(&db, &new).is_err());
        seal_also(&db, &old, &new).unwrap();
        assert_eq!((open(&db, &old).unwrap(), open(&db, &new).unwrap()), (secret.clone(), secret.clone()));
        keep_only(&db, &new).unwrap();
        assert_eq!(open(&db, &new).unwrap(), secret);
        assert!(open(&db, &old).is_err());
    }
}
