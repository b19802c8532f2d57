//! Changes of who can open the open vault, and the change of its key. Each is durable when it returns.
//! Not here: the slot file itself (`slots`), and what an interruption leaves (`opening`).
//!
//! The file is written first, then the database's copy of its counter. A file that counts further than the database is an
//! interruption between the two; one that counts less is an older copy that was put back.
use crate::cipher;
use crate::opening::older_copy;
use crate::seal::PrivateKey;
use crate::slots::{DatabaseKey, PassphraseCost, PreparedSlot, Slots, new_database_key};
use crate::state::{State, lock};
use crate::tables::{digest, meta, record_key};
use bedside_console::ports::{OpenMode, SlotChange, StoreFault, Unlock, VaultId};
use rusqlite::Connection;

impl State {
    pub(crate) fn keys(&self, change: &SlotChange) -> Result<(), StoreFault> {
        match change {
            SlotChange::Put { secret, slot } => {
                // Before any lock: a passphrase takes long.
                let (vault, _) = self.vault_and_key()?;
                let slot = PreparedSlot::new(vault, secret, slot, self.passphrase_cost())?;
                self.change_slots(|slots, key| slots.put(key, slot))?;
                // After a recovery it is a new one.
                self.known_by(secret, lock(&self.writer).as_ref());
                Ok(())
            }
            SlotChange::Prove { clinician, secret, passphrase } => {
                let (_, key) = self.vault_and_key()?;
                let secret = bedside_console::ports::DeviceSecret::new(*secret.reveal());
                let unlock = Unlock::Passphrase { clinician: *clinician, secret, passphrase: passphrase.clone() };
                let found = Slots::parse(&self.slot_octets()?)?.unlock(&unlock)?;
                if found.contains(&key) { Ok(()) } else { Err(StoreFault::WrongKey) }
            }
            SlotChange::Remove(clinician) => self.change_slots(|slots, key| slots.remove(key, *clinician)),
            SlotChange::Recovery(public) => self.change_slots(|slots, key| slots.set_recovery(key, *public)),
            SlotChange::NoRecovery => self.change_slots(|slots, key| slots.remove_recovery(key)),
            SlotChange::Rekey => self.rekey(),
        }
    }

    /// The private keys of the spool, that of now first.
    ///
    /// # Errors
    /// `Closed` when the vault is not open.
    pub(crate) fn spool_keys(&self) -> Result<Vec<PrivateKey>, StoreFault> {
        let (_, key) = self.vault_and_key()?;
        Slots::parse(&self.slot_octets()?)?.spool_privates(&key)
    }

    /// What a new slot's passphrase costs; found out once.
    pub(crate) fn passphrase_cost(&self) -> PassphraseCost {
        let mut cost = lock(&self.cost);
        *cost.get_or_insert_with(PassphraseCost::calibrated)
    }

    fn change_slots(
        &self,
        change: impl FnOnce(&mut Slots, &DatabaseKey) -> Result<(), StoreFault>,
    ) -> Result<(), StoreFault> {
        let writer = lock(&self.writer);
        let db = writer.as_ref().ok_or_else(|| self.not_writing())?;
        let (_, key) = self.vault_and_key()?;
        let mut slots = self.present_slots(db, &key)?;
        change(&mut slots, &key)?;
        self.write(db, &slots)
    }

    /// Every page anew, under a key that nobody ever knew. Commits and reads wait meanwhile: about 30 ms a megabyte.
    ///
    /// Until the new key is proven every slot opens both: whatever breaks this off, the vault opens with the one or the
    /// other.
    fn rekey(&self) -> Result<(), StoreFault> {
        // A backup copies pages under the one key and slots of the other otherwise.
        let _turn = lock(&self.safety.turn);
        let mut writer = lock(&self.writer);
        let db = writer.as_ref().ok_or_else(|| self.not_writing())?;
        let mut reader = lock(&self.reader);
        let (_, old) = self.vault_and_key()?;
        let mut slots = self.present_slots(db, &old)?;
        let new = new_database_key()?;
        slots.begin_rekey(&old, &new)?;
        digest::in_transaction(db, |db| record_key::seal_also(db, &old, &new))?;
        self.write(db, &slots)?;
        drop(reader.take());
        let rekeyed = cipher::rekey(db, &new).map_err(StoreFault::from);
        // Whatever came of it: which key the file has is found out by trial, on connections that have seen nothing.
        drop(writer.take());
        *lock(&self.opened) = None;
        (*writer, *reader) = self.open_held(slots, &[old, new], None, OpenMode::Writer)?;
        rekeyed
    }

    fn write(&self, db: &Connection, slots: &Slots) -> Result<(), StoreFault> {
        self.folder.write_slots(&slots.to_json()?)?;
        Ok(meta::set_slot_counter(db, slots.counter())?)
    }

    /// The slot file as it must be while the vault is open: nobody changes it but this writer.
    fn present_slots(&self, db: &Connection, key: &DatabaseKey) -> Result<Slots, StoreFault> {
        let slots = Slots::parse(&self.slot_octets()?)?;
        slots.spool_privates(key)?;
        let known = meta::slot_counter(db)?;
        if slots.counter() < known { Err(older_copy(slots.counter(), known)) } else { Ok(slots) }
    }

    fn vault_and_key(&self) -> Result<(VaultId, DatabaseKey), StoreFault> {
        let opened = lock(&self.opened);
        opened.as_ref().map(|opened| (opened.vault, opened.key.clone())).ok_or(StoreFault::Closed)
    }

    fn not_writing(&self) -> StoreFault {
        if lock(&self.opened).is_some() { StoreFault::ReadOnly } else { StoreFault::Closed }
    }
}
