//! The keyring's fake: keys in memory, so that nothing of this computer's keyring is read or written.
//! The keyring itself has tests of its own.
#![allow(clippy::unwrap_used, reason = "a poisoned lock fails the test")]
use async_trait::async_trait;
use bedside_console::ports::{DeviceSecret, KeyFault, KeyStore, VaultId};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Keys in memory.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    secrets: Mutex<BTreeMap<String, [u8; 32]>>,
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn probe(&self) -> Result<(), KeyFault> {
        Ok(())
    }

    async fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault> {
        let secrets = self.secrets.lock().unwrap();
        secrets.get(&vault.to_string()).map(|octets| DeviceSecret::new(*octets)).ok_or(KeyFault::NoEntry)
    }

    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        self.secrets.lock().unwrap().insert(vault.to_string(), *secret.reveal());
        Ok(())
    }

    async fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        self.secrets.lock().unwrap().remove(&vault.to_string());
        Ok(())
    }
}
