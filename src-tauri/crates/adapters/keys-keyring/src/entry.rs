//! The entries of the keyring: their names, their text, and the order of operations. Everything here blocks.
//! Not here: which keyring.
use crate::fault::of_entry;
use crate::platform::modifiers;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::ports::{DeviceSecret, KeyFault, KeyNote, VaultId};
use keyring_core::{CredentialStore, Entry};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The service of every entry.
pub(crate) const SERVICE: &str = "bedside";

/// The user of the entry that only proves that the keyring works.
pub(crate) const PROBE: &str = "probe";

/// Begins the names of the notes of clinicians.
const TRIES: &str = "tries:";

/// Windows keeps 2,560 octets in a credential.
const MOST_NOTE_OCTETS: usize = 2_000;

/// Entries of one keyring.
pub(crate) struct Entries(Arc<CredentialStore>);

impl Entries {
    pub(crate) fn new(store: Arc<CredentialStore>) -> Self {
        Self(store)
    }

    /// Writes, reads and deletes. Another program may probe at the same time: any secret read back is proof.
    pub(crate) fn probe(&self) -> Result<(), KeyFault> {
        match self.probe_once() {
            Err(KeyFault::System(said)) if is_gone(&said) => self.probe_once(),
            other => other,
        }
    }

    fn probe_once(&self) -> Result<(), KeyFault> {
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

    /// Writes a new secret over the old one, if there is one, and reads it back.
    pub(crate) fn replace(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        let entry = self.vault(vault)?;
        entry.set_password(&text(secret)).map_err(of_entry)?;
        if read(&entry)?.reveal() == secret.reveal() { Ok(()) } else { Err(KeyFault::Malformed) }
    }

    /// The text of a note. A "no entry" is believed only when the keyring proves that it can keep one.
    pub(crate) fn note(&self, vault: VaultId, note: KeyNote) -> Result<Option<String>, KeyFault> {
        match self.note_entry(vault, note)?.get_secret().map_err(of_entry) {
            Err(KeyFault::NoEntry) => self.probe().map(|()| None),
            Err(fault) => Err(fault),
            Ok(octets) => String::from_utf8(octets).map(Some).map_err(|_| KeyFault::Malformed),
        }
    }

    /// Writes a note and reads it back. As octets: Windows would write a text with two octets a character.
    pub(crate) fn set_note(&self, vault: VaultId, note: KeyNote, text: &str) -> Result<(), KeyFault> {
        if text.len() > MOST_NOTE_OCTETS {
            return Err(KeyFault::System(format!("a note has {} octets, at most {MOST_NOTE_OCTETS}", text.len())));
        }
        let entry = self.note_entry(vault, note)?;
        entry.set_secret(text.as_bytes()).map_err(of_entry)?;
        if entry.get_secret().map_err(of_entry)? == text.as_bytes() { Ok(()) } else { Err(KeyFault::Malformed) }
    }

    /// Deletes the notes and the secret of a vault.
    pub(crate) fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        for note in [KeyNote::Attempts, KeyNote::Anchor] {
            match self.note_entry(vault, note)?.delete_credential().map_err(of_entry) {
                Ok(()) | Err(KeyFault::NoEntry) => {}
                Err(fault) => return Err(fault),
            }
        }
        self.forget_tries(vault);
        self.vault(vault)?.delete_credential().map_err(of_entry)
    }

    /// Counts of a vault that is gone mean nothing: where a keyring cannot list its entries, they stay.
    fn forget_tries(&self, vault: VaultId) {
        let begin = format!("vault:{vault}:{TRIES}");
        let Ok(found) = self.0.search(&HashMap::from([("service", SERVICE)])) else { return };
        for entry in found {
            if entry.get_specifiers().is_some_and(|(service, user)| service == SERVICE && user.starts_with(&begin)) {
                let _ = entry.delete_credential();
            }
        }
    }

    fn note_entry(&self, vault: VaultId, note: KeyNote) -> Result<Entry, KeyFault> {
        let name = match note {
            KeyNote::Attempts => "attempts".to_owned(),
            KeyNote::Tries(clinician) => format!("{TRIES}{}", clinician.0),
            KeyNote::Anchor => "anchor".to_owned(),
        };
        self.entry(&format!("vault:{vault}:{name}"))
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

/// The other program's probe deleted the item between finding and reading it: the Secret Service says that nothing is at
/// its path.
fn is_gone(said: &str) -> bool {
    ["UnknownMethod", "UnknownObject", "NoSuchObject"].iter().any(|name| said.contains(name))
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
