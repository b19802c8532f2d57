//! The private key of a slot, from what opens it. Not here: what is sealed to its public key (`file`).
//!
//! ```text
//! clinician  X25519 private key = HKDF-SHA256(device secret | Argon2id(passphrase, salt), info = "slot" | vault | clinician)
//! device     X25519 private key = HKDF-SHA256(device secret,                              info = "slot" | vault | "device")
//! recovery   the recovery key itself, which never comes near this computer but to recover
//! mark       HKDF-SHA256(device secret, info = "mark" | vault), 16 octets: tells another device secret from a wrong passphrase
//! box        HKDF-SHA256(database key, info = "slots" | vault): the key that authenticates the file and wraps the spool's keys
//! ```
use super::cost::PassphraseCost;
use crate::seal::PrivateKey;
use bedside_console::ClinicianId;
use bedside_console::ports::{DeviceSecret, Passphrase, StoreFault, VaultId};
use zeroize::Zeroizing;

/// The private key of a clinician's slot. Takes as long as its cost says.
pub(super) fn clinician_key(
    vault: VaultId,
    clinician: ClinicianId,
    secret: &DeviceSecret,
    passphrase: &Passphrase,
    (cost, salt): (PassphraseCost, &[u8; 16]),
) -> Result<PrivateKey, StoreFault> {
    let stretched = cost.stretch(passphrase.reveal().as_bytes(), salt)?;
    let mut both = Zeroizing::new([0; 64]);
    both[..32].copy_from_slice(secret.reveal());
    both[32..].copy_from_slice(stretched.as_slice());
    expand(both.as_slice(), &[b"slot", vault.0.as_bytes(), clinician.0.as_bytes()])
}

/// The private key of the device slot.
pub(super) fn device_key(vault: VaultId, secret: &DeviceSecret) -> Result<PrivateKey, StoreFault> {
    expand(secret.reveal(), &[b"slot", vault.0.as_bytes(), b"device"])
}

/// What tells one device secret from another and nothing about either.
pub(super) fn device_mark(vault: VaultId, secret: &DeviceSecret) -> Result<[u8; 16], StoreFault> {
    Ok(*expand(secret.reveal(), &[b"mark", vault.0.as_bytes()])?)
}

/// The key of the box that holds the file together.
pub(super) fn box_key(vault: VaultId, database: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, StoreFault> {
    expand(database, &[b"slots", vault.0.as_bytes()])
}

fn expand<const N: usize>(from: &[u8], info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>, StoreFault> {
    let mut key = Zeroizing::new([0; N]);
    hkdf::Hkdf::<sha2::Sha256>::new(None, from)
        .expand_multi_info(info, key.as_mut_slice())
        .map_err(|_| StoreFault::Io("a key could not be derived".into()))?;
    Ok(key)
}
