//! Changes of the slot file. Each counts up and proves the whole file anew, with the one key there is.
//! Not here: who may ask for them, and when the file is written (`keys`).
use super::{
    ClinicianSlot, KeyBox, MOST_CLINICIANS, MOST_SPOOL_KEYS, PlainSlot, SEALED, SlotFile, cipher, info_of, new_private,
};
use crate::seal::{PrivateKey, public_of, seal};
use crate::slots::derive::device_key;
use crate::slots::text::{Blob, Octets};
use crate::slots::{DatabaseKey, Stage, damaged, random};
use bedside_console::ClinicianId;
use bedside_console::ports::{DeviceSecret, RecoveryPublicKey, StoreFault, VaultId};
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload};
use zeroize::Zeroizing;

impl SlotFile {
    pub(in crate::slots) fn set_ready(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.stage = Stage::Ready;
            Ok(())
        })
    }

    pub(in crate::slots) fn put_device(&mut self, key: &DatabaseKey, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let public = public_of(&device_key(self.vault(), secret)?)?;
        self.change(key, |file| {
            file.device = Some(PlainSlot { public: Octets(public), sealed: Vec::new() });
            Ok(())
        })
    }

    pub(in crate::slots) fn put_recovery(
        &mut self,
        key: &DatabaseKey,
        public: RecoveryPublicKey,
    ) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.recovery = Some(PlainSlot { public: Octets(public.0), sealed: Vec::new() });
            Ok(())
        })
    }

    pub(in crate::slots) fn remove_recovery(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        if self.clinicians.is_empty() && self.device.is_none() {
            return Err(StoreFault::NoSlot("another slot than that of recovery has to be left"));
        }
        self.change(key, |file| {
            file.recovery = None;
            Ok(())
        })
    }

    /// The first clinician's slot takes the place of the device slot.
    pub(in crate::slots) fn put_clinician(&mut self, key: &DatabaseKey, slot: ClinicianSlot) -> Result<(), StoreFault> {
        let others = self.clinicians.iter().filter(|other| other.clinician != slot.clinician);
        if others.clone().any(|other| other.user_name == slot.user_name) {
            return Err(StoreFault::NoSlot("the user name belongs to another clinician's slot"));
        }
        if others.count() >= MOST_CLINICIANS {
            return Err(StoreFault::NoSlot("there is room for 200 clinicians"));
        }
        self.change(key, |file| {
            match file.clinicians.iter_mut().find(|other| other.clinician == slot.clinician) {
                Some(other) => *other = slot,
                None => file.clinicians.push(slot),
            }
            file.device = None;
            Ok(())
        })
    }

    pub(in crate::slots) fn remove_clinicians(
        &mut self,
        key: &DatabaseKey,
        leave: impl Fn(ClinicianId) -> bool,
    ) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.clinicians.retain(|slot| !leave(ClinicianId(slot.clinician)));
            if file.clinicians.is_empty() && file.recovery.is_none() && file.device.is_none() {
                return Err(StoreFault::NoSlot("another clinician's slot or a recovery slot has to be left"));
            }
            Ok(())
        })
    }

    /// The counter goes beyond one that the database knows.
    pub(in crate::slots) fn count_beyond(&mut self, key: &DatabaseKey, known: u64) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.counter = file.counter.max(known);
            Ok(())
        })
    }

    /// A second database key beside the first, with a spool key of its own that knows the ones before.
    pub(in crate::slots) fn begin_rekey(&mut self, old: &DatabaseKey, new: &DatabaseKey) -> Result<(), StoreFault> {
        let (_, before) = self.opened_by(old)?;
        if self.keys.len() != 1 {
            return Err(damaged("it has two keys already"));
        }
        let spool = new_private()?;
        self.keys.push(KeyBox::unproven(&spool)?);
        let after = [spool].into_iter().chain(before.iter().cloned()).take(MOST_SPOOL_KEYS).collect();
        self.counter += 1;
        self.prove(&[old, new], &[before, after])
    }

    /// The end of a rekey: this is the database's key.
    pub(in crate::slots) fn keep_only(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        let (place, spools) = self.opened_by(key)?;
        self.keys = vec![self.keys.swap_remove(place)];
        self.counter += 1;
        self.prove(&[key], &[spools])
    }

    fn change(
        &mut self,
        key: &DatabaseKey,
        change: impl FnOnce(&mut Self) -> Result<(), StoreFault>,
    ) -> Result<(), StoreFault> {
        let (_, spools) = self.opened_by(key)?;
        if self.keys.len() != 1 {
            return Err(damaged("a rekey was broken off; open the vault for writing once"));
        }
        change(self)?;
        self.counter += 1;
        self.prove(&[key], &[spools])
    }

    /// Seals the keys to every slot and the file to the keys.
    pub(super) fn prove(&mut self, keys: &[&DatabaseKey], spools: &[Vec<PrivateKey>]) -> Result<(), StoreFault> {
        let vault = VaultId(self.vault);
        let to = |public: &Octets<32>, info: &[&[u8]]| -> Result<Vec<Octets<SEALED>>, StoreFault> {
            let info = info_of(vault, info);
            let one = |key: &&DatabaseKey| {
                let sealed = seal(&public.0, &info, &[], key.as_slice())?;
                sealed.try_into().map(Octets).map_err(|_| StoreFault::Io("a sealed key has another length".into()))
            };
            keys.iter().map(one).collect()
        };
        for slot in &mut self.clinicians {
            slot.sealed = to(&slot.public, &slot.info())?;
        }
        if let Some(slot) = &mut self.device {
            slot.sealed = to(&slot.public, &[b"device"])?;
        }
        if let Some(slot) = &mut self.recovery {
            slot.sealed = to(&slot.public, &[b"recovery"])?;
        }
        for (place, (key, spools)) in keys.iter().zip(spools).enumerate() {
            let bound = self.bound(place)?;
            let plain = Zeroizing::new(spools.iter().flat_map(|private| private.iter().copied()).collect::<Vec<u8>>());
            let payload = Payload { msg: &plain, aad: &bound };
            let mut nonce = [0; 24];
            random(&mut nonce)?;
            let sealed = cipher(vault, key)?.encrypt(&XNonce::from(nonce), payload);
            let sealed = sealed.map_err(|_| StoreFault::Io("the slot file could not be sealed".into()))?;
            if let Some(held) = self.keys.get_mut(place) {
                (held.nonce, held.sealed) = (Octets(nonce), Blob(sealed));
            }
        }
        Ok(())
    }
}
