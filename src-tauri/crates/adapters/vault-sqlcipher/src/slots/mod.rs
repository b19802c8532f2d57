//! The slot file: who can open the vault, and with what. Two formats are read, the second is written.
//! Not here: when the file is written (`keys`), and the database.

mod cost;
mod derive;
mod file;
mod first_format;
mod text;

pub use cost::PassphraseCost;

use crate::seal::{PrivateKey, PublicKey};
use bedside_console::ClinicianId;
use bedside_console::ports::{
    DeviceSecret, NewSlot, NewVault, RecoveryPublicKey, StoreFault, Unlock, VaultHeader, VaultId,
};
use file::{ClinicianSlot, SECOND, SlotFile};
use first_format::{FIRST, FirstFile};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The format of the slot file that this version writes.
pub(crate) const SLOT_FORMAT: u32 = SECOND;

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

/// The slot file as read, or as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slots(Body);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    First(FirstFile),
    Second(SlotFile),
}

/// A clinician's slot whose passphrase is stretched already: that takes long, and needs no open vault.
#[derive(Debug)]
pub(crate) struct PreparedSlot(ClinicianSlot);

impl PreparedSlot {
    /// Stretches the passphrase.
    pub(crate) fn new(
        vault: VaultId,
        secret: &DeviceSecret,
        slot: &NewSlot,
        cost: PassphraseCost,
    ) -> Result<Self, StoreFault> {
        ClinicianSlot::derive(vault, secret, slot, cost).map(Self)
    }
}

/// A new random database key.
pub(crate) fn new_database_key() -> Result<DatabaseKey, StoreFault> {
    let mut key = DatabaseKey::default();
    random(key.as_mut_slice())?;
    Ok(key)
}

impl Slots {
    /// The slots of a new vault, `Creating`. `first` is that of `new.first`, prepared.
    pub(crate) fn new(new: &NewVault, first: Option<PreparedSlot>, key: &DatabaseKey) -> Result<Self, StoreFault> {
        let mut file = SlotFile::new(new.id, Stage::Creating, key)?;
        match first {
            Some(slot) => file.put_clinician(key, slot.0)?,
            None => file.put_device(key, &new.secret)?,
        }
        if let Some(public) = new.recovery {
            file.put_recovery(key, public)?;
        }
        Ok(Self(Body::Second(file)))
    }

    /// Reads a slot file. Only what this version would write itself is one, to the octet.
    ///
    /// # Errors
    /// `Newer` for a later format, `Damaged` for anything else.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, StoreFault> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let wrong = |_| damaged("it is not a key-slot file");
        // The version first: a later one may have any other shape.
        let Version { format } = serde_json::from_slice(octets).map_err(wrong)?;
        let slots = match format {
            FIRST => Self(Body::First(serde_json::from_slice(octets).map_err(wrong)?)),
            SECOND => {
                let file: SlotFile = serde_json::from_slice(octets).map_err(wrong)?;
                file.check()?;
                Self(Body::Second(file))
            }
            0 => return Err(damaged("it has format 0")),
            later => return Err(StoreFault::Newer { found: later, known: SLOT_FORMAT }),
        };
        if slots.to_json()? != octets {
            return Err(damaged("it was changed by something else than Bedside"));
        }
        Ok(slots)
    }

    /// The file's content.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, StoreFault> {
        let text = match &self.0 {
            Body::First(file) => serde_json::to_vec_pretty(file),
            Body::Second(file) => serde_json::to_vec_pretty(file),
        };
        text.map_err(|_| StoreFault::Io("slots.json could not be written as JSON".into()))
    }

    /// Whose vault it is. Proven only by `unlock`.
    pub(crate) fn vault(&self) -> VaultId {
        match &self.0 {
            Body::First(file) => VaultId(file.vault),
            Body::Second(file) => file.vault(),
        }
    }

    /// What the file says before anything is opened.
    pub(crate) fn header(&self) -> VaultHeader {
        match &self.0 {
            Body::First(_) => VaultHeader {
                id: self.vault(),
                slots: Vec::new(),
                device_slot: true,
                recovery_slot: false,
                recovery_public: None,
            },
            Body::Second(file) => VaultHeader {
                id: self.vault(),
                slots: file.owners(),
                device_slot: file.has_device(),
                recovery_slot: file.has_recovery(),
                recovery_public: file.recovery_public(),
            },
        }
    }

    /// How far the making came.
    pub(crate) fn stage(&self) -> Stage {
        match &self.0 {
            Body::First(file) => file.stage,
            Body::Second(file) => file.stage(),
        }
    }

    /// How often the file was changed; the first format does not count.
    pub(crate) fn counter(&self) -> u64 {
        match &self.0 {
            Body::First(_) => 0,
            Body::Second(file) => file.counter(),
        }
    }

    /// Whether it has to be written in the present format.
    pub(crate) const fn is_first_format(&self) -> bool {
        matches!(self.0, Body::First(_))
    }

    /// Whether a rekey was broken off.
    pub(crate) const fn has_two_keys(&self) -> bool {
        match &self.0 {
            Body::First(_) => false,
            Body::Second(file) => file.has_two_keys(),
        }
    }

    /// What the spool is sealed to; `None` in the first format.
    pub(crate) fn spool_public(&self) -> Option<PublicKey> {
        match &self.0 {
            Body::First(_) => None,
            Body::Second(file) => file.spool_public(),
        }
    }

    /// The database key, or the two of a rekey that was broken off, older first; proves that the whole file is as it was
    /// written. A passphrase takes 300 to 700 ms.
    ///
    /// # Errors
    /// `NoSlot` where there is none for it, `WrongKey` for another device secret, `WrongPassphrase` for another passphrase
    /// or recovery key, `Damaged` when anything in the file was changed.
    pub(crate) fn unlock(&self, unlock: &Unlock) -> Result<Vec<DatabaseKey>, StoreFault> {
        match (&self.0, unlock) {
            (Body::First(file), Unlock::Device(secret)) => Ok(vec![file.open(secret)?]),
            (Body::First(_), Unlock::Passphrase { .. }) => Err(StoreFault::NoSlot("clinician")),
            (Body::First(_), Unlock::Recovery(_)) => Err(StoreFault::NoSlot("recovery")),
            (Body::Second(file), Unlock::Device(secret)) => file.open_device(secret),
            (Body::Second(file), Unlock::Passphrase { clinician, secret, passphrase }) => {
                file.open_clinician(*clinician, secret, passphrase)
            }
            (Body::Second(file), Unlock::Recovery(key)) => file.open_recovery(key),
        }
    }

    /// The private keys of the spool, that of now first; proves that the whole file is as it was written.
    pub(crate) fn spool_privates(&self, key: &DatabaseKey) -> Result<Vec<PrivateKey>, StoreFault> {
        match &self.0 {
            Body::First(_) => Ok(Vec::new()),
            Body::Second(file) => file.opened_by(key).map(|(_, spools)| spools),
        }
    }

    /// The same vault in the present format, with the device slot that it had.
    pub(crate) fn renewed(&self, secret: &DeviceSecret, key: &DatabaseKey) -> Result<Self, StoreFault> {
        let mut file = SlotFile::new(self.vault(), self.stage(), key)?;
        file.put_device(key, secret)?;
        Ok(Self(Body::Second(file)))
    }

    /// The vault is made.
    pub(crate) fn set_ready(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        self.second()?.set_ready(key)
    }

    /// Adds or replaces a clinician's slot. The first one takes the place of the device slot.
    pub(crate) fn put(&mut self, key: &DatabaseKey, slot: PreparedSlot) -> Result<(), StoreFault> {
        self.second()?.put_clinician(key, slot.0)
    }

    /// Removes a clinician's slot, if there is one.
    pub(crate) fn remove(&mut self, key: &DatabaseKey, clinician: ClinicianId) -> Result<(), StoreFault> {
        self.second()?.remove_clinicians(key, |one| one == clinician)
    }

    /// An older file was put back, and the recovery key opened it: those who may not sign in any more lose their slots
    /// again, and the counter goes beyond what the database knows.
    pub(crate) fn made_good(
        &mut self,
        key: &DatabaseKey,
        known: u64,
        left: impl Fn(ClinicianId) -> bool,
    ) -> Result<(), StoreFault> {
        let file = self.second()?;
        file.remove_clinicians(key, left)?;
        file.count_beyond(key, known)
    }

    /// Sets or replaces the recovery slot.
    pub(crate) fn set_recovery(&mut self, key: &DatabaseKey, public: RecoveryPublicKey) -> Result<(), StoreFault> {
        self.second()?.put_recovery(key, public)
    }

    /// Takes the recovery slot away.
    pub(crate) fn remove_recovery(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        self.second()?.remove_recovery(key)
    }

    /// From here on either key opens the vault.
    pub(crate) fn begin_rekey(&mut self, old: &DatabaseKey, new: &DatabaseKey) -> Result<(), StoreFault> {
        self.second()?.begin_rekey(old, new)
    }

    /// From here on only this key opens the vault.
    pub(crate) fn keep_only(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        self.second()?.keep_only(key)
    }

    fn second(&mut self) -> Result<&mut SlotFile, StoreFault> {
        match &mut self.0 {
            Body::First(_) => {
                Err(StoreFault::Io("slots.json has the first format; open the vault for writing once".into()))
            }
            Body::Second(file) => Ok(file),
        }
    }
}

fn damaged(what: &str) -> StoreFault {
    StoreFault::Damaged(format!("slots.json: {what}"))
}

fn random(octets: &mut [u8]) -> Result<(), StoreFault> {
    getrandom::fill(octets).map_err(|_| StoreFault::Io("the system gave no random octets".into()))
}

#[cfg(test)]
mod tests;
