//! The slot file: the database key, wrapped by a key that only the device secret yields. Not here: the database.
//!
//! ```text
//! KEK  = HKDF-SHA256(device secret, no salt, info = "slot" | vault id)
//! slot = XChaCha20-Poly1305(KEK, random nonce, database key, associated data = everything else in the header)
//! ```
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::ports::{DeviceSecret, StoreFault, VaultId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The format of the slot file that this version writes.
pub(crate) const SLOT_FORMAT: u32 = 1;

/// 32 random octets that encrypt the database. Overwritten when dropped.
pub(crate) type DatabaseKey = Zeroizing<[u8; 32]>;

/// How far the making of a vault came. The slot file is written first, as `Creating`, then the database, then the slot
/// file again as `Ready`. So a missing database is an interrupted beginning in one state, and a loss in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// The database may not be there yet.
    Creating,
    /// The database must be there.
    Ready,
}

/// The slot file as read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slots {
    format: u32,
    vault: Uuid,
    stage: Stage,
    slots: Vec<Slot>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    kind: SlotKind,
    nonce: String,
    wrapped: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SlotKind {
    Device,
}

/// A new random database key.
pub(crate) fn new_database_key() -> Result<DatabaseKey, StoreFault> {
    let mut key = DatabaseKey::default();
    random(key.as_mut_slice())?;
    Ok(key)
}

impl Slots {
    /// Wraps `key` under the device secret.
    pub(crate) fn seal(
        vault: VaultId,
        stage: Stage,
        secret: &DeviceSecret,
        key: &DatabaseKey,
    ) -> Result<Self, StoreFault> {
        let mut nonce = [0; 24];
        random(&mut nonce)?;
        let header = header(vault, stage);
        let payload = Payload { msg: key.as_slice(), aad: &header };
        let wrapped = cipher(vault, secret)
            .and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
            .ok_or_else(|| StoreFault::Io("the database key could not be wrapped".into()))?;
        let slot = Slot { kind: SlotKind::Device, nonce: BASE64.encode(nonce), wrapped: BASE64.encode(wrapped) };
        Ok(Self { format: SLOT_FORMAT, vault: vault.0, stage, slots: vec![slot] })
    }

    /// Reads a slot file.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, StoreFault> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let wrong = |_| StoreFault::Damaged("slots.json is not a key-slot file".into());
        // The version first: a later one may have any other shape.
        let Version { format } = serde_json::from_slice(octets).map_err(wrong)?;
        if format > SLOT_FORMAT {
            return Err(StoreFault::Newer { found: format, known: SLOT_FORMAT });
        }
        if format == 0 {
            return Err(StoreFault::Damaged("slots.json has format 0".into()));
        }
        serde_json::from_slice(octets).map_err(wrong)
    }

    /// The file's content.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, StoreFault> {
        serde_json::to_vec_pretty(self).map_err(|_| StoreFault::Io("slots.json could not be written as JSON".into()))
    }

    /// Whose vault it is. Bound to the wrapped key, so it is proven only by `open`.
    pub(crate) fn vault(&self) -> VaultId {
        VaultId(self.vault)
    }

    /// How far the making came.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Unwraps the database key.
    ///
    /// # Errors
    /// `WrongKey` when the secret is another one or the header was changed, `Damaged` when there is no such slot.
    pub(crate) fn open(&self, secret: &DeviceSecret) -> Result<DatabaseKey, StoreFault> {
        let damaged = || StoreFault::Damaged("slots.json has no readable device slot".into());
        let slot = self.slots.iter().find(|slot| slot.kind == SlotKind::Device).ok_or_else(damaged)?;
        let nonce: [u8; 24] = BASE64.decode(&slot.nonce).ok().and_then(|n| n.try_into().ok()).ok_or_else(damaged)?;
        let wrapped = BASE64.decode(&slot.wrapped).ok().filter(|w| w.len() == 32 + 16).ok_or_else(damaged)?;
        let header = header(self.vault(), self.stage);
        let payload = Payload { msg: &wrapped, aad: &header };
        let key = cipher(self.vault(), secret)
            .and_then(|cipher| cipher.decrypt(&XNonce::from(nonce), payload).ok())
            .map(Zeroizing::new)
            .ok_or(StoreFault::WrongKey)?;
        let octets: &[u8; 32] = key.as_slice().try_into().map_err(|_| damaged())?;
        Ok(Zeroizing::new(*octets))
    }
}

/// Everything in the file that is not the wrapped key itself.
fn header(vault: VaultId, stage: Stage) -> Vec<u8> {
    let stage = match stage {
        Stage::Creating => 0,
        Stage::Ready => 1,
    };
    [b"bedside slots".as_slice(), &SLOT_FORMAT.to_le_bytes(), vault.0.as_bytes(), &[stage], b"device"].concat()
}

fn cipher(vault: VaultId, secret: &DeviceSecret) -> Option<XChaCha20Poly1305> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [b"slot".as_slice(), vault.0.as_bytes()].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(None, secret.reveal()).expand(&info, key.as_mut_slice()).ok()?;
    XChaCha20Poly1305::new_from_slice(key.as_slice()).ok()
}

fn random(octets: &mut [u8]) -> Result<(), StoreFault> {
    getrandom::fill(octets).map_err(|_| StoreFault::Io("the system gave no random octets".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: VaultId = VaultId(Uuid::from_u128(7));

    fn sealed() -> (Slots, DatabaseKey, DeviceSecret) {
        let (key, secret) = (new_database_key().unwrap(), DeviceSecret::new([3; 32]));
        (Slots::seal(VAULT, Stage::Ready, &secret, &key).unwrap(), key, secret)
    }

    #[test]
    fn the_secret_that_sealed_a_key_opens_it_again() {
        let (slots, key, secret) = sealed();
        let back = Slots::parse(&slots.to_json().unwrap()).unwrap();
        assert_eq!(back.open(&secret).unwrap(), key);
        assert_eq!(back, slots);
    }

    #[test]
    fn another_secret_is_a_wrong_key() {
        assert_eq!(sealed().0.open(&DeviceSecret::new([4; 32])), Err(StoreFault::WrongKey));
    }

    #[test]
    fn a_changed_header_does_not_open() {
        let (mut slots, _, secret) = sealed();
        slots.stage = Stage::Creating;
        assert_eq!(slots.open(&secret), Err(StoreFault::WrongKey));
        let (mut slots, _, secret) = sealed();
        slots.vault = Uuid::from_u128(8);
        assert_eq!(slots.open(&secret), Err(StoreFault::WrongKey));
    }

    #[test]
    fn a_later_format_is_newer_whatever_its_shape() {
        let newer = StoreFault::Newer { found: 2, known: SLOT_FORMAT };
        assert_eq!(Slots::parse(br#"{"format":2,"anything":[1]}"#), Err(newer));
    }

    #[test]
    fn anything_else_is_damaged() {
        for text in ["", "{}", "[]", r#"{"format":1}"#, r#"{"format":0}"#, "\u{0}\u{1}", r#"{"format":-1}"#] {
            assert!(matches!(Slots::parse(text.as_bytes()), Err(StoreFault::Damaged(_))), "{text:?}");
        }
        let (mut slots, _, secret) = sealed();
        slots.slots[0].wrapped = "AAAA".into();
        assert!(matches!(slots.open(&secret), Err(StoreFault::Damaged(_))));
    }
}
