//! The slot file of the present format: who can open the vault, and what holds the file together.
//! Not here: changing it (`changing`), who may and when it is written (`keys`), and how private keys come about (`derive`).
//!
//! Every slot is an X25519 public key to which the database key is sealed (HPKE). While the database is being encrypted
//! anew there are two database keys: every slot holds both, and so does `keys`.
//!
//! Each of `keys` is a box, XChaCha20-Poly1305 under a key that only the database key yields. It holds the private keys of
//! the spool, and its associated data is everything else in the file: whoever opened the vault knows that every octet is
//! as it was written.
mod changing;

use super::cost::PassphraseCost;
use super::derive::{box_key, clinician_key, device_key, device_mark};
use super::text::{Blob, Octets};
use super::{DatabaseKey, Stage, damaged, random};
use crate::seal::{PrivateKey, PublicKey, open, public_of};
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

    pub(super) fn recovery_public(&self) -> Option<RecoveryPublicKey> {
        self.recovery.as_ref().map(|slot| RecoveryPublicKey(slot.public.0))
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
