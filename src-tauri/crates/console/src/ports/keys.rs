//! The device secret in the system's keyring. Implemented by keyring.
//! Not here: the database key, which the vault wraps by this secret.
use crate::clinician::ClinicianId;
use async_trait::async_trait;
use bedside_vitals::Sensitive;
use std::fmt;
use uuid::Uuid;

/// The id of a vault, part of the keyring entry's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VaultId(pub Uuid);

impl fmt::Display for VaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 32 random octets. Overwritten when dropped, never printed.
pub struct DeviceSecret(Sensitive<zeroize::Zeroizing<[u8; 32]>>);

impl DeviceSecret {
    /// Takes the octets.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(Sensitive::new(zeroize::Zeroizing::new(octets)))
    }

    /// The octets, for key derivation only.
    pub fn reveal(&self) -> &[u8; 32] {
        self.0.reveal()
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("▮")
    }
}

/// A small text beside the secret that is not kept in files, because files can be copied back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyNote {
    /// Failed sign-ins of everybody, as earlier versions kept them; only read.
    Attempts,
    /// Wrong passphrases and PINs of one clinician: each has a note of their own, so that nobody's leaves out another's.
    Tries(ClinicianId),
    /// What the vault's record was last known to hold.
    Anchor,
}

/// How the keyring failed, reduced to what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No keyring service runs.
    #[error(
        "no keyring service is running; start the desktop's keyring (on Linux: a Secret Service such as gnome-keyring)"
    )]
    NoKeyring,
    /// It is there and locked, or will not give access.
    #[error("the keyring is locked or refuses access; unlock it and try again")]
    Locked,
    /// It answers and has no such entry.
    #[error("the keyring has no secret for this vault; the vault cannot be opened without it")]
    NoEntry,
    /// The entry is there and is not what we wrote.
    #[error("the keyring's entry for this vault is not a device secret")]
    Malformed,
    /// Anything the system reports.
    #[error("the keyring reports: {0}")]
    System(String),
}

/// The system's keyring.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Writes, reads and deletes a probe entry: the only proof that a keyring works.
    async fn probe(&self) -> Result<(), KeyFault>;
    /// The secret of a vault.
    async fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault>;
    /// Stores a new secret, which must not be there yet, and reads it back. Called only when no vault exists.
    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault>;
    /// Replaces the secret after a recovery: the only call that may write over one.
    async fn replace(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault>;
    /// A note of a vault; `None` when it was never written. At most 2,000 octets.
    async fn note(&self, vault: VaultId, note: KeyNote) -> Result<Option<String>, KeyFault>;
    /// Writes a note and reads it back.
    async fn set_note(&self, vault: VaultId, note: KeyNote, text: &str) -> Result<(), KeyFault>;
    /// Deletes the secret and the notes of a vault; of notes of clinicians, those that the keyring can find.
    async fn forget(&self, vault: VaultId) -> Result<(), KeyFault>;
}
