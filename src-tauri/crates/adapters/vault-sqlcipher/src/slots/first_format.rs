//! The slot file of the first version: one slot, wrapped symmetrically under the device secret. It is only read: a writer
//! that opens such a vault writes the present format in its place. Not here: that format (`file`).
//!
//! ```text
//! KEK  = HKDF-SHA256(device secret, no salt, info = "slot" | vault id)
//! slot = XChaCha20-Poly1305(KEK, nonce, database key, associated data = everything else in the header)
//! ```
use super::text::{Blob, Octets};
use super::{DatabaseKey, Stage, damaged};
use bedside_console::ports::{DeviceSecret, StoreFault, VaultId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The number of that format.
pub(super) const FIRST: u32 = 1;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstFile {
    pub(super) format: u32,
    pub(super) vault: Uuid,
    pub(super) stage: Stage,
    pub(super) slots: [Slot; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slot {
    kind: Kind,
    nonce: Octets<24>,
    wrapped: Blob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Device,
}

impl FirstFile {
    /// The database key.
    ///
    /// # Errors
    /// `WrongKey` when the secret is another one or anything in the file was changed.
    pub(super) fn open(&self, secret: &DeviceSecret) -> Result<DatabaseKey, StoreFault> {
        let [slot] = &self.slots;
        let header = header(VaultId(self.vault), self.stage);
        let payload = Payload { msg: &slot.wrapped.0, aad: &header };
        let key = cipher(VaultId(self.vault), secret)
            .and_then(|cipher| cipher.decrypt(&XNonce::from(slot.nonce.0), payload).ok())
            .map(Zeroizing::new)
            .ok_or(StoreFault::WrongKey)?;
        let octets: &[u8; 32] = key.as_slice().try_into().map_err(|_| damaged("the key of its slot is too short"))?;
        Ok(Zeroizing::new(*octets))
    }

    /// As the first version made it, for the tests of what is read here.
    #[cfg(test)]
    pub(super) fn seal(vault: VaultId, stage: Stage, secret: &DeviceSecret, key: &DatabaseKey) -> Self {
        let header = header(vault, stage);
        let payload = Payload { msg: key.as_slice(), aad: &header };
        let wrapped = cipher(vault, secret).unwrap().encrypt(&XNonce::from([9; 24]), payload).unwrap();
        let slot = Slot { kind: Kind::Device, nonce: Octets([9; 24]), wrapped: Blob(wrapped) };
        Self { format: FIRST, vault: vault.0, stage, slots: [slot] }
    }
}

/// Everything in the file that is not the wrapped key itself.
fn header(vault: VaultId, stage: Stage) -> Vec<u8> {
    let stage = match stage {
        Stage::Creating => 0,
        Stage::Ready => 1,
    };
    [b"bedside slots".as_slice(), &FIRST.to_le_bytes(), vault.0.as_bytes(), &[stage], b"device"].concat()
}

fn cipher(vault: VaultId, secret: &DeviceSecret) -> Option<XChaCha20Poly1305> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [b"slot".as_slice(), vault.0.as_bytes()].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(None, secret.reveal()).expand(&info, key.as_mut_slice()).ok()?;
    XChaCha20Poly1305::new_from_slice(key.as_slice()).ok()
}
