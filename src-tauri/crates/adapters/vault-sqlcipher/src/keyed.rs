//! The keys of the record: digests of rows and signatures of checkpoints, as SQL functions of a connection. The keys live
//! in the connection and nowhere else. Not here: where their secret is kept (`tables::record_key`).
//!
//! ```text
//! digest key   = HKDF-SHA256(record secret, info = "digest")
//! signing seed = HKDF-SHA256(record secret, info = "audit signature")      Ed25519
//! record_digest(table, value…) = HMAC-SHA256(digest key, field of the table's name | field of each value)
//! field        = kind (0 nothing, 1 integer, 2 real, 3 text, 4 blob) | length (4 octets) | octets
//! ```
//!
//! `digest_in` and `digest_out` compute the same, and count it in the connection's `Tally` as well.
use crate::chain;
use crate::fault::Fault;
use crate::slots::DatabaseKey;
use crate::tables::record_key;
use crate::tally::Tally;
use bedside_console::ports::StoreFault;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Error, TransactionBehavior};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The secret from which the keys of the record come. Overwritten when dropped.
pub(crate) type RecordSecret = Zeroizing<[u8; 32]>;

/// Gives a connection the functions `record_digest`, `audit_signature` and `audit_public_key`, and those of a `Tally`.
///
/// # Errors
/// `Damaged` when the record's secret is missing or does not open with this database key.
pub(crate) fn equip(db: &Connection, key: &DatabaseKey) -> Result<Tally, Fault> {
    with_secret(db, &record_key::open(db, key)?)
}

/// The same for the one writer, which makes what a new or just migrated vault has not: the secret, the digests of what is
/// there already, the checkpoints of the entries that are there. Then it keeps the digests.
pub(crate) fn equip_writer(db: &mut Connection, key: &DatabaseKey) -> Result<(), Fault> {
    let tally = if record_key::is_missing(db)? {
        let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        record_key::make(&all, key)?;
        let tally = begin(&all, &record_key::open(&all, key)?)?;
        all.commit()?;
        tally
    } else {
        equip(db, key)?
    };
    crate::tables::digest::watch(db, &tally)
}

/// Equips a connection, and signs and sums what is there already.
pub(crate) fn begin(db: &Connection, secret: &RecordSecret) -> Result<Tally, Fault> {
    let tally = with_secret(db, secret)?;
    crate::tables::audit::sign_all(db)?;
    crate::tables::digest::rebuild(db)?;
    Ok(tally)
}

/// The key that verifies checkpoints.
pub(crate) fn public_key(db: &Connection) -> Result<[u8; 32], Fault> {
    Ok(db.query_row("SELECT audit_public_key()", [], |row| row.get(0))?)
}

/// Signs the hash of an entry.
pub(crate) fn sign(db: &Connection, vault: Uuid, seq: u64, hash: &[u8; 32]) -> Result<[u8; 64], Fault> {
    let octets = chain::checkpoint_octets(vault, seq, hash);
    Ok(db.prepare_cached("SELECT audit_signature(?)")?.query_row([octets], |row| row.get(0))?)
}

pub(crate) fn with_secret(db: &Connection, secret: &RecordSecret) -> Result<Tally, Fault> {
    let digest_key = derive(secret, b"digest")?;
    let mac = Hmac::<Sha256>::new_from_slice(digest_key.as_slice()).map_err(|_| no_key())?;
    let signing = SigningKey::from_bytes(&*derive(secret, b"audit signature")?);
    let public = signing.verifying_key().to_bytes();
    // Only for statements of ours: a trigger that somebody wrote into the file may not call them.
    let flags = FunctionFlags::SQLITE_UTF8;
    let pure = flags | FunctionFlags::SQLITE_DETERMINISTIC;
    let (of_in, of_out, tally) = (mac.clone(), mac.clone(), Tally::of(db)?);
    let (came, went) = (tally.clone(), tally.clone());
    db.create_scalar_function("record_digest", -1, pure, move |values| Ok(digest(mac.clone(), values)))?;
    db.create_scalar_function("digest_in", -1, flags, move |values| {
        let of_row = digest(of_in.clone(), values);
        came.count_in(table_of(values)?, &of_row);
        Ok(of_row)
    })?;
    db.create_scalar_function("digest_out", -1, flags, move |values| {
        went.count_out(table_of(values)?, &digest(of_out.clone(), values));
        Ok(Null)
    })?;
    db.create_scalar_function("audit_signature", 1, flags, move |values| {
        let octets = values.get_raw(0).as_blob().map_err(|_| not_a_blob())?;
        Ok(signing.sign(octets).to_bytes())
    })?;
    db.create_scalar_function("audit_public_key", 0, pure, move |_| Ok(public))?;
    Ok(tally)
}

fn digest(mut mac: Hmac<Sha256>, values: &Context<'_>) -> [u8; 32] {
    let mut field = |kind: u8, octets: &[u8]| {
        mac.update(&[kind]);
        mac.update(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(octets);
    };
    for index in 0..values.len() {
        match values.get_raw(index) {
            ValueRef::Null => field(0, &[]),
            ValueRef::Integer(number) => field(1, &number.to_be_bytes()),
            ValueRef::Real(number) => field(2, &number.to_bits().to_be_bytes()),
            ValueRef::Text(text) => field(3, text),
            ValueRef::Blob(blob) => field(4, blob),
        }
    }
    mac.finalize().into_bytes().into()
}

fn table_of<'a>(values: &'a Context<'_>) -> Result<&'a str, Error> {
    values.get_raw(0).as_str().map_err(|_| Error::UserFunctionError("expected the name of a table".into()))
}

fn not_a_blob() -> Error {
    Error::UserFunctionError("expected the octets of a checkpoint".into())
}

fn derive(secret: &RecordSecret, info: &[u8]) -> Result<RecordSecret, Fault> {
    let mut key = RecordSecret::default();
    let derived = hkdf::Hkdf::<Sha256>::new(None, secret.as_slice()).expand(info, key.as_mut_slice());
    derived.map(|()| key).map_err(|_| no_key())
}

fn no_key() -> Fault {
    StoreFault::Io("a key of the record could not be derived".into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    fn digest_of(db: &Connection, values: &str) -> [u8; 32] {
        db.query_row(&format!("SELECT record_digest({values})"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_digest_tells_kinds_places_and_keys_apart() {
        let (one, other) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        with_secret(&one, &RecordSecret::new([1; 32])).unwrap();
        with_secret(&other, &RecordSecret::new([2; 32])).unwrap();
        let rows = ["'t', 1, NULL", "'t', NULL, 1", "'t', '1', NULL", "'t', x'31', NULL", "'t', 1", "'t1', NULL"];
        let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| digest_of(&one, row)).collect();
        assert_eq!(digests.len(), rows.len());
        assert_ne!(digest_of(&one, rows[0]), digest_of(&other, rows[0]));
        assert_eq!(digest_of(&one, rows[0]), digest_of(&one, rows[0]));
    }
}
