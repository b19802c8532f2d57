//! From a closed folder to an open vault: looking, creating, opening, and what an interruption left half done.
//! Not here: connections and their settings (`state`, `cipher`), and changes of an open vault's slots (`keys`).
use crate::cipher::{self, Use};
use crate::fault::Fault;
use crate::slots::{DatabaseKey, PreparedSlot, Slots, Stage, new_database_key};
use crate::state::{Connections, State, lock};
use crate::tables::{clinician, digest, meta, record_key, rows};
use bedside_console::ports::{NewVault, OpenMode, StoreFault, Unlock, VaultPresence};
use rusqlite::Connection;
use std::time::Duration;

/// So long one program waits for another's look at a passphrase: a keyring writes the count well within it, unless it asks
/// somebody at the desktop, which a person at another window must not wait for.
const TRIES_PATIENCE: Duration = Duration::from_secs(5);

impl State {
    /// Looks without opening. A restore that was broken off is ended first: between its moves the folder looks like an
    /// empty one, and a first run must not begin in it. `Held` names another program that is at it.
    pub(crate) fn presence(&self) -> Result<VaultPresence, StoreFault> {
        self.end_restore()?;
        self.found()
    }

    /// What the slot file says as it is.
    fn found(&self) -> Result<VaultPresence, StoreFault> {
        match self.slot_octets() {
            Ok(octets) => Ok(VaultPresence::Present(Slots::parse(&octets)?.header())),
            Err(StoreFault::Missing) => Ok(VaultPresence::Missing),
            Err(fault) => Err(fault),
        }
    }

    /// Waits for the lock under which tries are counted, up to `TRIES_PATIENCE`, and holds it.
    pub(crate) fn tries_held(&self) -> Result<Box<dyn Send + Sync>, StoreFault> {
        Ok(Box::new(self.folder.hold_tries(TRIES_PATIENCE)?))
    }

    /// The slot file. Without one there is no vault, unless its database is there: that is never a first run, somebody's
    /// record is here, and what opens it is gone.
    pub(crate) fn slot_octets(&self) -> Result<Vec<u8>, StoreFault> {
        match self.folder.read_slots()? {
            Some(octets) => Ok(octets),
            None if self.folder.database_octets().is_some() => {
                Err(StoreFault::Damaged("vault.db is there and slots.json is missing".into()))
            }
            None => Err(StoreFault::Missing),
        }
    }

    pub(crate) fn create(&self, new: &NewVault) -> Result<(), StoreFault> {
        self.expect_closed().map_err(|_| StoreFault::AlreadyThere)?;
        // Before any lock: a passphrase takes long.
        let prepare = |slot| PreparedSlot::new(new.id, &new.secret, slot, self.passphrase_cost());
        let first = match self.presence() {
            Ok(VaultPresence::Missing) => new.first.as_ref().map(prepare).transpose()?,
            Ok(VaultPresence::Present(_)) | Err(StoreFault::Damaged(_)) => return Err(StoreFault::AlreadyThere),
            Err(fault) => return Err(fault),
        };
        self.folder.make()?;
        let _turn = lock(&self.safety.turn);
        let taken = self.take_hold()?;
        let create = || {
            let mut writer = lock(&self.writer);
            let mut reader = lock(&self.reader);
            // Under the lock: nobody else can be making one now.
            match self.found() {
                Ok(VaultPresence::Missing) => {}
                Ok(VaultPresence::Present(_)) | Err(StoreFault::Damaged(_)) => return Err(StoreFault::AlreadyThere),
                Err(fault) => return Err(fault),
            }
            let key = new_database_key()?;
            let slots = Slots::new(new, first, &key)?;
            self.folder.write_slots(&slots.to_json()?)?;
            (*writer, *reader) = self.finish_creating(slots, &key, None)?;
            self.known_by(&new.secret, writer.as_ref());
            Ok(())
        };
        create().inspect_err(|_| self.give_back_hold(taken))
    }

    pub(crate) fn open(&self, unlock: &Unlock, mode: OpenMode) -> Result<(), StoreFault> {
        self.expect_closed()?;
        if mode == OpenMode::Writer {
            // The slot file may be among what was not moved yet.
            self.end_restore()?;
        }
        let before = self.slot_octets()?;
        let mut slots = Slots::parse(&before)?;
        // Before any lock: a passphrase takes long, and what is captured meanwhile goes into the spool.
        let mut keys = slots.unlock(unlock)?;
        // What is opened while a restore of this program goes on would be set aside under whoever opened it.
        let _turn = lock(&self.safety.turn);
        let taken = mode == OpenMode::Writer && self.take_hold()?;
        let open = || {
            let now = self.slot_octets()?;
            if now != before {
                // The writer before this one had just changed the slots.
                slots = Slots::parse(&now)?;
                keys = slots.unlock(unlock)?;
            }
            if mode == OpenMode::Writer && slots.stage() == Stage::Ready && self.folder.database_octets() > Some(0) {
                self.back_up_before_migrating(slots.vault(), self.key_of_database(&keys)?)?;
            }
            let mut writer = lock(&self.writer);
            let mut reader = lock(&self.reader);
            if writer.is_some() || reader.is_some() {
                return Err(open_already());
            }
            (*writer, *reader) = self.open_held(slots, &keys, Some(unlock), mode)?;
            self.opened_by(unlock, writer.as_ref());
            Ok(())
        };
        open().inspect_err(|_| self.give_back_hold(taken))
    }

    fn expect_closed(&self) -> Result<(), StoreFault> {
        if lock(&self.writer).is_some() || lock(&self.reader).is_some() { Err(open_already()) } else { Ok(()) }
    }

    /// Opens the database by the keys that the slots gave, and ends what was broken off.
    pub(crate) fn open_held(
        &self,
        slots: Slots,
        keys: &[DatabaseKey],
        unlock: Option<&Unlock>,
        mode: OpenMode,
    ) -> Result<Connections, StoreFault> {
        let first = keys.first().ok_or(StoreFault::WrongKey)?;
        match (slots.stage(), mode) {
            (Stage::Creating, OpenMode::Writer) => return self.finish_creating(slots, first, unlock),
            (Stage::Creating, OpenMode::Reader) => return Err(StoreFault::Missing),
            (Stage::Ready, _) => {}
        }
        if self.folder.database_octets().is_none_or(|octets| octets == 0) {
            return Err(StoreFault::Damaged("slots.json is there and vault.db is missing or empty".into()));
        }
        let key = match keys {
            [_, _, ..] => self.key_of_database(keys)?,
            _ => first,
        };
        let open = self.connect(slots.vault(), key, mode)?;
        let agree = match (&open.0, &open.1) {
            (Some(db), _) => self.end_what_was_begun(db, slots, key, unlock),
            (None, Some(db)) => expect_present(db, &slots),
            (None, None) => Err(StoreFault::Closed),
        };
        agree.inspect_err(|_| *lock(&self.opened) = None)?;
        Ok(open)
    }

    /// A rekey that was broken off leaves a database under the old key or the new one, whole in either case.
    fn key_of_database<'a>(&self, keys: &'a [DatabaseKey]) -> Result<&'a DatabaseKey, StoreFault> {
        let mut last = StoreFault::WrongKey;
        for key in keys {
            match cipher::open(&self.folder.database(), key, Use::Reading).map_err(StoreFault::from) {
                Ok(_) => return Ok(key),
                Err(StoreFault::Damaged(what)) => last = StoreFault::Damaged(what),
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }

    /// A writer leaves the slots in the present format, with one key, as new as the database knows them.
    fn end_what_was_begun(
        &self,
        db: &Connection,
        mut slots: Slots,
        key: &DatabaseKey,
        unlock: Option<&Unlock>,
    ) -> Result<(), StoreFault> {
        let known = meta::slot_counter(db)?;
        let before = slots.clone();
        if slots.counter() < known {
            let Some(Unlock::Recovery(_)) = unlock else { return Err(older_copy(slots.counter(), known)) };
            if slots.is_first_format() {
                return Err(older_copy(slots.counter(), known));
            }
            let enrolled = clinician::all(db)?;
            let may = |id| enrolled.iter().any(|clinician| clinician.id == id && clinician.disabled.is_none());
            slots.made_good(key, known, |id| !may(id))?;
        }
        if let (true, Some(Unlock::Device(secret))) = (slots.is_first_format(), unlock) {
            slots = slots.renewed(secret, key)?;
        }
        if slots.has_two_keys() {
            // The cipher's check reads the file alone: the log is emptied into it first.
            prove_whole(db)?;
            digest::in_transaction(db, |db| record_key::keep_only(db, key))?;
            slots.keep_only(key)?;
        }
        if slots != before {
            self.folder.write_slots(&slots.to_json()?)?;
        }
        if slots.counter() != known {
            meta::set_slot_counter(db, slots.counter())?;
        }
        Ok(())
    }

    /// From sealed keys to a vault that is ready. Runs again from the start after a crash at any point: making and
    /// migrating the database leave alone what is done, and only the last step says that it must be there.
    fn finish_creating(
        &self,
        mut slots: Slots,
        key: &DatabaseKey,
        unlock: Option<&Unlock>,
    ) -> Result<Connections, StoreFault> {
        self.folder.make_database()?;
        let open = self.connect(slots.vault(), key, OpenMode::Writer)?;
        let mut ready = || {
            if let (true, Some(Unlock::Device(secret))) = (slots.is_first_format(), unlock) {
                slots = slots.renewed(secret, key)?;
            }
            slots.set_ready(key)?;
            self.folder.write_slots(&slots.to_json()?)?;
            let db = open.0.as_ref().ok_or(StoreFault::Closed)?;
            Ok(meta::set_slot_counter(db, slots.counter())?)
        };
        ready().inspect_err(|_: &StoreFault| *lock(&self.opened) = None)?;
        Ok(open)
    }
}

/// Every page in the file itself, as the cipher sees it.
fn prove_whole(db: &Connection) -> Result<(), StoreFault> {
    let prove = || -> Result<Vec<String>, Fault> {
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            let holder = "another program that reads the vault while its key is changed".into();
            return Err(StoreFault::Held { holder }.into());
        }
        rows(db, "PRAGMA cipher_integrity_check", [], |row| Ok(row.get(0)?))
    };
    match prove()?.first() {
        None => Ok(()),
        Some(first) => Err(StoreFault::Damaged(format!("after the change of its key: {first}"))),
    }
}

/// A reader does not open what a writer would refuse.
fn expect_present(db: &Connection, slots: &Slots) -> Result<(), StoreFault> {
    let known = meta::slot_counter(db)?;
    if slots.counter() < known { Err(older_copy(slots.counter(), known)) } else { Ok(()) }
}

/// Somebody put back a file in which somebody may have a slot who has none any more.
pub(crate) fn older_copy(found: u64, known: u64) -> StoreFault {
    StoreFault::Damaged(format!(
        "slots.json is an older copy: it counts {found} changes, the record knows {known}. The recovery key opens the vault \
         and makes it good"
    ))
}

fn open_already() -> StoreFault {
    StoreFault::Io("the vault is open already".into())
}

#[cfg(test)]
mod tests;
