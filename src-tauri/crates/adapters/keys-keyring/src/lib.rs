//! `KeyStore` over the system's keyring: Secret Service, Keychain or Credential Manager.
//! Not here: what the secret is for.
//!
//! An entry is service `bedside`, user `vault:<id>`; its value is the base64 of 32 octets, since KDE Wallet keeps text
//! only. Nothing larger goes there: Windows caps a credential at 2,560 octets.

mod entry;
mod fault;
mod platform;

use async_trait::async_trait;
use bedside_console::ports::{DeviceSecret, KeyFault, KeyNote, KeyStore, VaultId};
use entry::Entries;
use keyring_core::CredentialStore;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Makes a connection to a keyring. `again` says that an earlier one failed.
type Connect = dyn Fn(bool) -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync;

/// The system's keyring. Calls may wait for a person: the system can ask for a password.
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    connect: Box<Connect>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    store: Option<Arc<CredentialStore>>,
    /// A connection was tried before.
    tried: bool,
}

impl Keyring {
    /// The keyring of this user. Connects at the first call, and again at each call after a failed one: the keyring may
    /// start later than this program.
    pub fn of_system() -> Self {
        Self::over(platform::connect)
    }

    /// A keyring over another store, for tests.
    pub fn over(connect: impl Fn(bool) -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { connect: Box::new(connect), held: Mutex::default() }) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries) -> Result<T, KeyFault> + Send + 'static,
    ) -> Result<T, KeyFault> {
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || shared.with(work)).await;
        done.unwrap_or_else(|_| Err(KeyFault::System("the work on the keyring was broken off".into())))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

impl Shared {
    /// One call at a time: not every keyring bears two.
    fn with<T>(&self, work: impl FnOnce(&Entries) -> Result<T, KeyFault>) -> Result<T, KeyFault> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match held.store.take() {
            Some(store) => store,
            None => {
                let again = std::mem::replace(&mut held.tried, true);
                (self.connect)(again).map_err(fault::of_connecting)?
            }
        };
        let done = work(&Entries::new(Arc::clone(&store)));
        // After a fault of the system the connection itself may be gone: the next call makes a new one.
        if !matches!(done, Err(KeyFault::System(_) | KeyFault::NoKeyring)) {
            held.store = Some(store);
        }
        done
    }
}

#[async_trait]
impl KeyStore for Keyring {
    async fn probe(&self) -> Result<(), KeyFault> {
        self.run(Entries::probe).await
    }

    async fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault> {
        self.run(move |entries| entries.load(vault)).await
    }

    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |entries| entries.create(vault, &secret)).await
    }

    async fn replace(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |entries| entries.replace(vault, &secret)).await
    }

    async fn note(&self, vault: VaultId, note: KeyNote) -> Result<Option<String>, KeyFault> {
        self.run(move |entries| entries.note(vault, note)).await
    }

    async fn set_note(&self, vault: VaultId, note: KeyNote, text: &str) -> Result<(), KeyFault> {
        let text = text.to_owned();
        self.run(move |entries| entries.set_note(vault, note, &text)).await
    }

    async fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        self.run(move |entries| entries.forget(vault)).await
    }
}

#[cfg(test)]
mod tests;
