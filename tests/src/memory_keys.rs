//! The keyring's fake: keys in memory, so that nothing of this computer's keyring is read or written.
//! The keyring itself has tests of its own.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a poisoned lock fails the test")]
use async_trait::async_trait;
use bedside_console::ports::{DeviceSecret, KeyFault, KeyNote, KeyStore, VaultId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Keys in memory.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    secrets: Mutex<BTreeMap<String, [u8; 32]>>,
    notes: Mutex<BTreeMap<String, String>>,
    written: AtomicUsize,
    loading: Mutex<Option<KeyFault>>,
    no_anchors: AtomicBool,
    noting: Mutex<Option<KeyFault>>,
    kept_in: Option<PathBuf>,
}

impl MemoryKeys {
    /// Keys that are in a file, too, so that another process has them after this one was killed. What the file says
    /// already is taken in. For keys of tests only: nothing protects the file.
    #[must_use]
    pub fn kept_in(file: PathBuf) -> Self {
        let keys = Self { kept_in: Some(file.clone()), ..Self::default() };
        let text = std::fs::read_to_string(file).unwrap_or_default();
        for mut parts in text.lines().map(|line| line.splitn(3, '\t')) {
            let mut part = || parts.next().unwrap_or_default().to_owned();
            let (kind, name, value) = (part(), part(), part());
            if kind == "secret" {
                let octets = std::array::from_fn(|i| u8::from_str_radix(&value[2 * i..2 * i + 2], 16).unwrap());
                keys.secrets.lock().unwrap().insert(name, octets);
            } else {
                keys.notes.lock().unwrap().insert(name, value);
            }
        }
        keys
    }

    /// The same keys in a file.
    #[must_use]
    pub fn copied_to(&self, file: PathBuf) -> Self {
        let copy = Self { kept_in: Some(file), ..Self::default() };
        copy.secrets.lock().unwrap().clone_from(&self.secrets.lock().unwrap());
        copy.notes.lock().unwrap().clone_from(&self.notes.lock().unwrap());
        copy.keep();
        copy
    }

    /// Writes the file anew; a kill meanwhile leaves the one before.
    fn keep(&self) {
        let Some(file) = &self.kept_in else { return };
        let hexadecimal = |octets: &[u8; 32]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let mut text = String::new();
        for (name, secret) in self.secrets.lock().unwrap().iter() {
            text += &format!("secret\t{name}\t{}\n", hexadecimal(secret));
        }
        for (name, note) in self.notes.lock().unwrap().iter() {
            text += &format!("note\t{name}\t{note}\n");
        }
        let new = file.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// From now on no secret can be loaded, or it can again.
    pub fn fail_loading(&self, fault: Option<KeyFault>) {
        *self.loading.lock().unwrap() = fault;
    }

    /// From now on no note can be read or written, or it can again.
    pub fn fail_notes(&self, fault: Option<KeyFault>) {
        *self.noting.lock().unwrap() = fault;
    }

    /// From now on no anchor is taken, or one is again.
    pub fn refuse_anchors(&self, refused: bool) {
        self.no_anchors.store(refused, Ordering::SeqCst);
    }

    /// A note is gone.
    pub fn lose_note(&self, vault: VaultId, note: KeyNote) {
        self.notes.lock().unwrap().remove(&format!("{vault}:{note:?}"));
    }

    /// Notes that were written since they were counted anew.
    pub fn notes_written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    /// Counts notes anew.
    pub fn forget_count(&self) {
        self.written.store(0, Ordering::SeqCst);
    }
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn probe(&self) -> Result<(), KeyFault> {
        Ok(())
    }

    async fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault> {
        if let Some(fault) = self.loading.lock().unwrap().clone() {
            return Err(fault);
        }
        let secrets = self.secrets.lock().unwrap();
        secrets.get(&vault.to_string()).map(|octets| DeviceSecret::new(*octets)).ok_or(KeyFault::NoEntry)
    }

    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        let mut secrets = self.secrets.lock().unwrap();
        if secrets.contains_key(&vault.to_string()) {
            return Err(KeyFault::System("there is a secret for this vault already; it is never overwritten".into()));
        }
        secrets.insert(vault.to_string(), *secret.reveal());
        drop(secrets);
        self.keep();
        Ok(())
    }

    async fn replace(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        self.secrets.lock().unwrap().insert(vault.to_string(), *secret.reveal());
        self.keep();
        Ok(())
    }

    async fn note(&self, vault: VaultId, note: KeyNote) -> Result<Option<String>, KeyFault> {
        if let Some(fault) = self.noting.lock().unwrap().clone() {
            return Err(fault);
        }
        Ok(self.notes.lock().unwrap().get(&format!("{vault}:{note:?}")).cloned())
    }

    async fn set_note(&self, vault: VaultId, note: KeyNote, text: &str) -> Result<(), KeyFault> {
        if let Some(fault) = self.noting.lock().unwrap().clone() {
            return Err(fault);
        }
        if note == KeyNote::Anchor && self.no_anchors.load(Ordering::SeqCst) {
            return Err(KeyFault::System("it takes no anchor".into()));
        }
        self.notes.lock().unwrap().insert(format!("{vault}:{note:?}"), text.to_owned());
        self.keep();
        if let KeyNote::Tries(_) = note {
            self.written.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        self.notes.lock().unwrap().retain(|name, _| !name.starts_with(&format!("{vault}:")));
        self.secrets.lock().unwrap().remove(&vault.to_string()).map(|_| ()).ok_or(KeyFault::NoEntry)
    }
}
