//! The slot file of the present format: who can open the vault, and what holds the file together.
//! Not here: who may change it and when it is written (`keys`), and how private keys come about (`derive`).
//!
//! Every slot is an X25519 public key to which the database key is sealed (HPKE). While the database is being encrypted
//! anew there are two database keys: every slot holds both, and so does `keys`.
//!
//! Each of `keys` is a box, XChaCha20-Poly1305 under a key that only the database key yields. It holds the private keys of
//! the spool, and its associated data is everything else in the file: whoever opened the vault knows that every octet is
//! as it was written.
use super::cost::PassphraseCost;
use super::derive::{box_key, clinician_key, device_key, device_mark};
use super::text::{Blob, Octets};
use super::{DatabaseKey, Stage, damaged, random};
use crate::seal::{PrivateKey, PublicKey, open, public_of, seal};
use bedside_console::ClinicianId;
use bedside_console::UserName;
use bedside_console::ports::{
    DeviceSecret, NewSlot, Passphrase, RecoveryKey, RecoveryPublicKey, SlotOwner, StoreFault, VaultId,
};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The number of this format.
pub(super) const SECOND: u32 = 2;

/// The most clinicians of one vault.
const MOST_CLINICIANS: usize = 200;

/// The most private keys of the spool: that of now and those before the last rekeys.
const MOST_SPOOL_KEYS: usize = 8;

/// An encapsulated key, a database key and a tag.
const SEALED: usize = 32 + 32 + 16;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotFile {
    format: u32,
    vault: Uuid,
    stage: Stage,
    /// Counts changes; the database knows it too.
    counter: u64,
    clinicians: Vec<ClinicianSlot>,
    device: Option<PlainSlot>,
    recovery: Option<PlainSlot>,
    keys: Vec<KeyBox>,
}

/// A slot that a clinician opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClinicianSlot {
    clinician: Uuid,
    user_name: String,
    /// Tells the device secret it was made with.
    mark: Octets<16>,
    memory_kib: u32,
    passes: u32,
    salt: Octets<16>,
    public: Octets<32>,
    sealed: Vec<Octets<SEALED>>,
}

/// The device slot or the recovery slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainSlot {
    public: Octets<32>,
    sealed: Vec<Octets<SEALED>>,
}

/// What a database key yields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBox {
    /// The public key of the spool.
    spool: Octets<32>,
    nonce: Octets<24>,
    sealed: Blob,
}

/// Everything that a box is bound to.
#[derive(Serialize)]
struct Bound<'a> {
    what: &'static str,
    place: usize,
    vault: Uuid,
    stage: Stage,
    counter: u64,
    clinicians: &'a [ClinicianSlot],
    device: &'a Option<PlainSlot>,
    recovery: &'a Option<PlainSlot>,
    spools: Vec<&'a Octets<32>>,
}

impl ClinicianSlot {
    /// A slot to which nothing is sealed yet. Takes as long as its cost says.
    pub(super) fn derive(
        vault: VaultId,
        secret: &DeviceSecret,
        new: &NewSlot,
        cost: PassphraseCost,
    ) -> Result<Self, StoreFault> {
        let mut salt = [0; 16];
        random(&mut salt)?;
        let clinician = new.owner.clinician;
        let private = clinician_key(vault, clinician, secret, &new.passphrase, (cost, &salt))?;
        Ok(Self {
            clinician: clinician.0,
            user_name: new.owner.user_name.as_str().to_owned(),
            mark: Octets(device_mark(vault, secret)?),
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            salt: Octets(salt),
            public: Octets(public_of(&private)?),
            sealed: Vec::new(),
        })
    }

    fn info(&self) -> [&[u8]; 2] {
        [b"clinician", self.clinician.as_bytes()]
    }
}

impl SlotFile {
    /// A file without any slot, for this database key. To be completed with `put_…`, then `prove`.
    pub(super) fn new(vault: VaultId, stage: Stage, key: &DatabaseKey) -> Result<Self, StoreFault> {
        let spool = new_private()?;
        let mut file = Self {
            format: SECOND,
            vault: vault.0,
            stage,
            counter: 0,
            clinicians: Vec::new(),
            device: None,
            recovery: None,
            keys: vec![KeyBox::unproven(&spool)?],
        };
        file.prove(&[key], &[vec![spool]])?;
        Ok(file)
    }

    /// What a reader of JSON does not see. The format was looked at before.
    pub(super) fn check(&self) -> Result<(), StoreFault> {
        let (keys, clinicians) = (self.keys.len(), self.clinicians.len());
        let sealed = self.clinicians.iter().map(|slot| slot.sealed.len());
        let sealed = sealed.chain([&self.device, &self.recovery].into_iter().flatten().map(|slot| slot.sealed.len()));
        if !(1..=2).contains(&keys) || sealed.into_iter().any(|count| count != keys) {
            return Err(damaged("it has no key, or slots without a key"));
        }
        if clinicians > MOST_CLINICIANS {
            return Err(damaged("it has more slots than there can be"));
        }
        for (at, slot) in self.clinicians.iter().enumerate() {
            if PassphraseCost::of_file(slot.memory_kib, slot.passes).is_none() {
                return Err(damaged("a slot is cheaper to guess than this version allows, or dearer than it can be"));
            }
            if UserName::new(&slot.user_name).is_none_or(|name| name.as_str() != slot.user_name) {
                return Err(damaged("a user name is none"));
            }
            let twice = |other: &ClinicianSlot| other.clinician == slot.clinician || other.user_name == slot.user_name;
            if self.clinicians[at + 1..].iter().any(twice) {
                return Err(damaged("somebody has two slots"));
            }
        }
        Ok(())
    }

    pub(super) fn vault(&self) -> VaultId {
        VaultId(self.vault)
    }

    pub(super) const fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) const fn counter(&self) -> u64 {
        self.counter
    }

    pub(super) fn owners(&self) -> Vec<SlotOwner> {
        let owner = |slot: &ClinicianSlot| {
            Some(SlotOwner { clinician: ClinicianId(slot.clinician), user_name: UserName::new(&slot.user_name)? })
        };
        self.clinicians.iter().filter_map(owner).collect()
    }

    pub(super) const fn has_device(&self) -> bool {
        self.device.is_some()
    }

    pub(super) const fn has_recovery(&self) -> bool {
        self.recovery.is_some()
    }

    pub(super) const fn has_two_keys(&self) -> bool {
        self.keys.len() > 1
    }

    /// The public key of the spool. While there are two keys it is the older one's, whose private key both know.
    pub(super) fn spool_public(&self) -> Option<PublicKey> {
        self.keys.first().map(|key| key.spool.0)
    }

    // Opening

    pub(super) fn open_device(&self, secret: &DeviceSecret) -> Result<Vec<DatabaseKey>, StoreFault> {
        let slot = self.device.as_ref().ok_or(StoreFault::NoSlot("device"))?;
        let private = device_key(self.vault(), secret)?;
        self.open_slot(&private, &slot.public, &[b"device"], &slot.sealed, StoreFault::WrongKey)
    }

    pub(super) fn open_recovery(&self, key: &RecoveryKey) -> Result<Vec<DatabaseKey>, StoreFault> {
        let slot = self.recovery.as_ref().ok_or(StoreFault::NoSlot("recovery"))?;
        let private = Zeroizing::new(*key.reveal());
        self.open_slot(&private, &slot.public, &[b"recovery"], &slot.sealed, StoreFault::WrongPassphrase)
    }

    pub(super) fn open_clinician(
        &self,
        clinician: ClinicianId,
        secret: &DeviceSecret,
        passphrase: &Passphrase,
    ) -> Result<Vec<DatabaseKey>, StoreFault> {
        let slot = self.clinicians.iter().find(|slot| slot.clinician == clinician.0);
        let slot = slot.ok_or(StoreFault::NoSlot("clinician"))?;
        if slot.mark.0 != device_mark(self.vault(), secret)? {
            return Err(StoreFault::WrongKey);
        }
        let cost =
            PassphraseCost::of_file(slot.memory_kib, slot.passes).ok_or_else(|| damaged("a slot is too cheap"))?;
        let private = clinician_key(self.vault(), clinician, secret, passphrase, (cost, &slot.salt.0))?;
        self.open_slot(&private, &slot.public, &slot.info(), &slot.sealed, StoreFault::WrongPassphrase)
    }

    fn open_slot(
        &self,
        private: &PrivateKey,
        public: &Octets<32>,
        info: &[&[u8]],
        sealed: &[Octets<SEALED>],
        wrong: StoreFault,
    ) -> Result<Vec<DatabaseKey>, StoreFault> {
        if public_of(private)? != public.0 {
            return Err(wrong);
        }
        let altered = || damaged("it was changed by something else than Bedside");
        let mut keys = Vec::with_capacity(sealed.len());
        for (place, sealed) in sealed.iter().enumerate() {
            let opened = open(private, &self.info(info), &[], &sealed.0).ok_or_else(altered)?;
            let octets: &[u8; 32] = opened.as_slice().try_into().map_err(|_| altered())?;
            let key = Zeroizing::new(*octets);
            self.open_box(place, &key)?;
            keys.push(key);
        }
        Ok(keys)
    }

    /// The place of a database key that is known, with the spool's private keys, newest first.
    pub(super) fn opened_by(&self, key: &DatabaseKey) -> Result<(usize, Vec<PrivateKey>), StoreFault> {
        let boxes = (0..self.keys.len()).map(|place| self.open_box(place, key).map(|spools| (place, spools)));
        let mut last = damaged("it has no key");
        for opened in boxes {
            match opened {
                Ok(found) => return Ok(found),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    fn open_box(&self, place: usize, key: &DatabaseKey) -> Result<Vec<PrivateKey>, StoreFault> {
        let altered = || damaged("it was changed by something else than Bedside");
        let held = self.keys.get(place).ok_or_else(altered)?;
        let bound = self.bound(place)?;
        let payload = Payload { msg: &held.sealed.0, aad: &bound };
        let opened = cipher(self.vault(), key)?.decrypt(&XNonce::from(held.nonce.0), payload).map_err(|_| altered())?;
        let opened = Zeroizing::new(opened);
        let (spools, rest) = opened.as_chunks::<32>();
        let spools: Vec<PrivateKey> = spools.iter().map(|octets| Zeroizing::new(*octets)).collect();
        let first = spools.first().ok_or_else(altered)?;
        if !rest.is_empty() || public_of(first)? != held.spool.0 {
            return Err(altered());
        }
        Ok(spools)
    }

    // Changing. Each counts up and proves the whole file anew, with the one key there is.

    pub(super) fn set_ready(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.stage = Stage::Ready;
            Ok(())
        })
    }

    pub(super) fn put_device(&mut self, key: &DatabaseKey, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let public = public_of(&device_key(self.vault(), secret)?)?;
        self.change(key, |file| {
            file.device = Some(PlainSlot { public: Octets(public), sealed: Vec::new() });
            Ok(())
        })
    }

    pub(super) fn put_recovery(&mut self, key: &DatabaseKey, public: RecoveryPublicKey) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.recovery = Some(PlainSlot { public: Octets(public.0), sealed: Vec::new() });
            Ok(())
        })
    }

    /// The first clinician's slot takes the place of the device slot.
    pub(super) fn put_clinician(&mut self, key: &DatabaseKey, slot: ClinicianSlot) -> Result<(), StoreFault> {
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

    pub(super) fn remove_clinicians(
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
    pub(super) fn count_beyond(&mut self, key: &DatabaseKey, known: u64) -> Result<(), StoreFault> {
        self.change(key, |file| {
            file.counter = file.counter.max(known);
            Ok(())
        })
    }

    /// A second database key beside the first, with a spool key of its own that knows the ones before.
    pub(super) fn begin_rekey(&mut self, old: &DatabaseKey, new: &DatabaseKey) -> Result<(), StoreFault> {
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
    pub(super) fn keep_only(&mut self, key: &DatabaseKey) -> Result<(), StoreFault> {
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
    fn prove(&mut self, keys: &[&DatabaseKey], spools: &[Vec<PrivateKey>]) -> Result<(), StoreFault> {
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

    fn bound(&self, place: usize) -> Result<Vec<u8>, StoreFault> {
        let bound = Bound {
            what: "bedside slots 2",
            place,
            vault: self.vault,
            stage: self.stage,
            counter: self.counter,
            clinicians: &self.clinicians,
            device: &self.device,
            recovery: &self.recovery,
            spools: self.keys.iter().map(|key| &key.spool).collect(),
        };
        serde_json::to_vec(&bound).map_err(|_| StoreFault::Io("slots.json could not be written as JSON".into()))
    }

    fn info(&self, of: &[&[u8]]) -> Vec<u8> {
        info_of(VaultId(self.vault), of)
    }
}

impl KeyBox {
    fn unproven(spool: &PrivateKey) -> Result<Self, StoreFault> {
        Ok(Self { spool: Octets(public_of(spool)?), nonce: Octets([0; 24]), sealed: Blob(Vec::new()) })
    }
}

fn info_of(vault: VaultId, of: &[&[u8]]) -> Vec<u8> {
    [b"bedside slot".as_slice(), vault.0.as_bytes()].into_iter().chain(of.iter().copied()).collect::<Vec<_>>().concat()
}

fn cipher(vault: VaultId, key: &DatabaseKey) -> Result<XChaCha20Poly1305, StoreFault> {
    let key = box_key(vault, key)?;
    XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| StoreFault::Io("a key could not be derived".into()))
}

fn new_private() -> Result<PrivateKey, StoreFault> {
    let mut private = Zeroizing::new([0; 32]);
    random(private.as_mut_slice())?;
    Ok(private)
}
