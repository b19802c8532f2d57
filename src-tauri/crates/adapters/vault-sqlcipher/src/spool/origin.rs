//! Who wrote a record of the spool: a signature by a key that the device secret of the keyring yields, also while the
//! vault is closed. Not here: the octets of a file (`file`), and what a record without proof may bring (`unproven`).
//!
//! ```text
//! signing seed = HKDF-SHA256(device secret, info = "spool origin" | vault)                                    Ed25519
//! signed       = "bedside spool record" | what the record is bound to | SHA-256 of the sealed octets
//! ```
//!
//! A signature and no MAC: the database keeps public keys, which a change of its key need not seal anew, and a program that
//! only reads the vault can prove records and forge none.
use crate::seal::PublicKey;
use crate::slots::Slots;
use crate::state::{State, lock};
use crate::tables::{digest, spool_origin};
use bedside_console::ports::{DeviceSecret, StoreFault, Unlock, VaultId};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Octets of a signature; all of them zero where there is none.
pub(crate) const SIGNATURE: usize = 64;
/// In the place of a public key: nobody vouches.
pub(crate) const NOBODY: PublicKey = [0; 32];

const SIGNED: &[u8] = b"bedside spool record";

/// What signs for one vault. Overwritten when dropped.
#[derive(Clone)]
pub(crate) struct Origin {
    vault: VaultId,
    key: SigningKey,
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Origin({}, ▮)", self.vault)
    }
}

/// Whether it is known who wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A program that had the device secret of a keyring which opened this vault.
    Proven,
    /// Nobody vouches, or somebody who never opened this vault.
    Unproven,
    /// It says that it is of one who opened this vault, and is not.
    Wrong,
}

impl Origin {
    /// The origin that a device secret yields.
    pub(crate) fn of(vault: VaultId, secret: &DeviceSecret) -> Result<Self, StoreFault> {
        let mut seed = Zeroizing::new([0; 32]);
        hkdf::Hkdf::<Sha256>::new(None, secret.reveal())
            .expand_multi_info(&[b"spool origin", vault.0.as_bytes()], seed.as_mut_slice())
            .map_err(|_| StoreFault::Io("a key could not be derived".into()))?;
        Ok(Self { vault, key: SigningKey::from_bytes(&seed) })
    }

    /// Of which vault.
    pub(crate) const fn vault(&self) -> VaultId {
        self.vault
    }

    /// What verifies its signatures.
    pub(crate) fn public(&self) -> PublicKey {
        self.key.verifying_key().to_bytes()
    }

    /// Signs a record.
    pub(crate) fn sign(&self, bound: &[u8], sealed: &[u8]) -> [u8; SIGNATURE] {
        self.key.sign(&signed(bound, sealed)).to_bytes()
    }
}

/// Whether one of the known origins wrote a record. `named` is the one that the file names: its head is not signed, so a
/// record that any other known one wrote is proven all the same.
pub(crate) fn prove(
    known: &[PublicKey],
    named: &PublicKey,
    bound: &[u8],
    sealed: &[u8],
    signature: &[u8; SIGNATURE],
) -> Proof {
    let (signed, signature) = (signed(bound, sealed), Signature::from_bytes(signature));
    let wrote = |public: &PublicKey| {
        let key = VerifyingKey::from_bytes(public);
        key.is_ok_and(|key| key.verify_strict(&signed, &signature).is_ok())
    };
    if known.iter().any(wrote) {
        Proof::Proven
    } else if known.contains(named) {
        Proof::Wrong
    } else {
        Proof::Unproven
    }
}

impl State {
    /// From here on what this process spools is signed. Needs no open vault: its id is that of the slot file.
    pub(crate) fn vouch(&self, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let vault = Slots::parse(&self.slot_octets()?)?.vault();
        let origin = Origin::of(vault, secret)?;
        lock(&self.spool).origin = Some(origin);
        Ok(())
    }

    /// The vault was opened by this: the device secret in it signs, and the vault knows it from here on. The recovery key
    /// says nothing of a keyring.
    pub(crate) fn opened_by(&self, unlock: &Unlock, db: Option<&Connection>) {
        match unlock {
            Unlock::Device(secret) | Unlock::Passphrase { secret, .. } => self.known_by(secret, db),
            Unlock::Recovery(_) => {}
        }
    }

    /// A slot of the open vault is of this device secret. No fault keeps anybody out: on a full disk what it signs is
    /// unproven until the next opening.
    pub(crate) fn known_by(&self, secret: &DeviceSecret, db: Option<&Connection>) {
        let _ = self.vouch(secret);
        let public = lock(&self.spool).origin.as_ref().map(Origin::public);
        let _ = db.zip(public).map(|(db, public)| digest::in_transaction(db, |db| spool_origin::keep(db, &public)));
    }
}

fn signed(bound: &[u8], sealed: &[u8]) -> Vec<u8> {
    [SIGNED, bound, &Sha256::digest(sealed)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn origin(n: u8) -> Origin {
        Origin::of(VaultId(Uuid::from_u128(7)), &DeviceSecret::new([n; 32])).unwrap()
    }

    #[test]
    fn each_device_secret_and_each_vault_has_an_origin_of_its_own() {
        let other = Origin::of(VaultId(Uuid::from_u128(8)), &DeviceSecret::new([1; 32])).unwrap();
        assert_eq!(origin(1).public(), origin(1).public());
        assert_ne!(origin(1).public(), origin(2).public());
        assert_ne!(origin(1).public(), other.public());
    }

    #[test]
    fn a_record_is_proven_by_whichever_known_origin_wrote_it() {
        let (old, new, stranger) = (origin(1), origin(2), origin(3));
        let known = [old.public(), new.public()];
        let by =
            |who: &Origin, named: &PublicKey| prove(&known, named, b"place", b"octets", &who.sign(b"place", b"octets"));
        assert_eq!(by(&new, &new.public()), Proof::Proven);
        assert_eq!(by(&old, &new.public()), Proof::Proven, "the head of a file is not signed");
        assert_eq!(by(&old, &NOBODY), Proof::Proven);
        assert_eq!(by(&stranger, &stranger.public()), Proof::Unproven);
        assert_eq!(by(&stranger, &NOBODY), Proof::Unproven);
        assert_eq!(by(&stranger, &new.public()), Proof::Wrong);
        assert_eq!(prove(&known, &NOBODY, b"place", b"octets", &[0; SIGNATURE]), Proof::Unproven);
    }

    proptest! {
        #[test]
        fn another_place_or_other_octets_are_not_what_was_signed(
            bound in proptest::collection::vec(any::<u8>(), 48),
            sealed in proptest::collection::vec(any::<u8>(), 1..200),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let (who, known) = (origin(1), [origin(1).public()]);
            let signature = who.sign(&bound, &sealed);
            prop_assert_eq!(prove(&known, &known[0], &bound, &sealed, &signature), Proof::Proven);
            let (mut elsewhere, mut others) = (bound.clone(), sealed.clone());
            elsewhere[at.index(bound.len())] ^= flip;
            others[at.index(sealed.len())] ^= flip;
            prop_assert_eq!(prove(&known, &known[0], &elsewhere, &sealed, &signature), Proof::Wrong);
            prop_assert_eq!(prove(&known, &known[0], &bound, &others, &signature), Proof::Wrong);
        }
    }
}
