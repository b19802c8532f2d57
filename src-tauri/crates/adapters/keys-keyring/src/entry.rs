//! The entries of the keyring: their names, their text, and the order of operations. Everything here blocks.
//! Not here: which keyring.
use crate::fault::of_entry;
use crate::platform::modifiers;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::ports::{DeviceSecret, KeyFault, VaultId};
use keyring_core::{CredentialStore, Entry};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The service of every entry.
pub(crate) const SERVICE: &str = "bedside";

/// The user of the entry that only proves that the keyring works.
pub(crate) const PROBE: &str = "probe";

/// Entries of one keyring.
pub(crate) struct Entries(Arc<CredentialStore>);

impl Entries {
    pub(crate) fn new(store: Arc<CredentialStore>) -> Self {
        Self(store)
    }

    /// Writes, reads and deletes. Another program may probe at the same time: any secret read back is proof.
    pub(crate) fn probe(&self) -> Result<(), KeyFault> {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets).map_err(|_| KeyFault::System("the system gave no random octets".into()))?;
        let entry = self.entry(PROBE)?;
        entry.set_password(&text(&DeviceSecret::new(octets))).map_err(of_entry)?;
        let read = read(&entry);
        let deleted = entry.delete_credential().map_err(of_entry);
        read?;
        match deleted {
            Err(KeyFault::NoEntry) | Ok(()) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// The secret of a vault. A keyring without a collection says "no entry" too, so that answer is believed only when
    /// the keyring proves that it can keep one.
    pub(crate) fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault> {
        match read(&self.vault(vault)?) {
            Err(KeyFault::NoEntry) => self.probe().and(Err(KeyFault::NoEntry)),
            other => other,
        }
    }

    /// Stores a new secret and reads it back. Never writes over one.
    pub(crate) fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        let entry = self.vault(vault)?;
        match read(&entry) {
            Err(KeyFault::NoEntry) => {}
            Ok(_) => {
                return Err(KeyFault::System(
                    "there is a secret for this vault already; it is never overwritten".into(),
                ));
            }
            Err(fault) => return Err(fault),
        }
        entry.set_password(&text(secret)).map_err(of_entry)?;
        if read(&entry)?.reveal() == secret.reveal() { Ok(()) } else { Err(KeyFault::Malformed) }
    }

    /// Deletes the secret of a vault.
    pub(crate) fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        self.vault(vault)?.delete_credential().map_err(of_entry)
    }

    fn vault(&self, vault: VaultId) -> Result<Entry, KeyFault> {
        self.entry(&format!("vault:{vault}"))
    }

    fn entry(&self, user: &str) -> Result<Entry, KeyFault> {
        let modifiers: HashMap<&str, &str> = modifiers().iter().copied().collect();
        let modifiers = (!modifiers.is_empty()).then_some(&modifiers);
        self.0.build(SERVICE, user, modifiers).map_err(of_entry)
    }
}

fn text(secret: &DeviceSecret) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(secret.reveal()))
}

fn read(entry: &Entry) -> Result<DeviceSecret, KeyFault> {
    let text = Zeroizing::new(entry.get_password().map_err(of_entry)?);
    let octets = Zeroizing::new(BASE64.decode(text.trim()).map_err(|_| KeyFault::Malformed)?);
    let octets: &[u8; 32] = octets.as_slice().try_into().map_err(|_| KeyFault::Malformed)?;
    Ok(DeviceSecret::new(*octets))
}
