//! A backup takes the vault's place: the present files are set aside, never deleted, and what they hold beyond the backup
//! is brought over. Not here: how a damaged file is read (`salvage`), and the spool, which the next opening files.
//!
//! The new database is made ready in `restoring/`. Then `ready.json` says that it is to take the vault's place, and only
//! then files are moved, each by its name. Whoever next takes the right to write ends what was broken off: so there is
//! the old vault or the restored one, whenever the power fails.
use crate::backup;
use crate::cipher::{self, Use};
use crate::fault::{Fault, of_file};
use crate::folder::{self, Folder};
use crate::keyed::{self, RecordSecret};
use crate::look;
use crate::salvage::{self, Salvaged};
use crate::slots::{DatabaseKey, Slots};
use crate::state::{Opened, State, lock};
use crate::tables::{self, clinician, digest, meta, record_key};
use bedside_console::ports::{OpenMode, StoreFault, Unlock, VaultHeader, VaultId};
use bedside_console::{BackupCopy, SafeguardReport};
use bedside_vitals::WallTime;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const PLACE: &str = "restoring";
const READY: &str = "ready.json";
const DATABASE: &str = "vault.db";
const SLOTS: &str = "slots.json";
const MOST_SLOT_OCTETS: u64 = 64 * 1024;
/// The files of a database, in the order in which they are set aside.
const FILES: [&str; 4] = [DATABASE, "vault.db-journal", "vault.db-wal", "vault.db-shm"];

/// What the last step is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    /// The folder for the present files, below `damaged/`.
    set_aside: String,
}

/// A backup that opens.
struct Chosen {
    copy: BackupCopy,
    vault: VaultId,
    key: DatabaseKey,
    generation: u64,
}

/// How the vault was before a restore.
struct Before {
    opened: Option<(VaultId, DatabaseKey)>,
    mode: OpenMode,
    broken: Option<StoreFault>,
    this_run: Option<Uuid>,
}

impl State {
    /// Restores the named backup, or the newest that verifies. The vault is closed afterwards. Whoever calls has its turn.
    pub(crate) fn restore(
        &self,
        backup: Option<&Path>,
        unlock: Option<&Unlock>,
        now: WallTime,
    ) -> Result<SafeguardReport, StoreFault> {
        let before = self.as_it_is();
        let taken = self.take_hold()?;
        let restored = self.make_ready(backup, unlock, now).and_then(|report| {
            finish(&self.folder)?;
            Ok(report)
        });
        let restored = restored.inspect_err(|_| self.take_back(before));
        self.give_back_hold(taken);
        restored
    }

    /// Ends a restore that was broken off after it was ready, if there is one, for whoever may write.
    pub(crate) fn end_restore(&self) -> Result<(), StoreFault> {
        if !self.folder.path(PLACE).join(READY).exists() {
            return Ok(());
        }
        // One of this very program is not broken off: it has the turn until it is done.
        let _turn = lock(&self.safety.turn);
        let taken = self.take_hold()?;
        self.give_back_hold(taken);
        Ok(())
    }

    fn as_it_is(&self) -> Before {
        let writing = lock(&self.writer).is_some();
        Before {
            opened: self.identity().ok(),
            mode: if writing { OpenMode::Writer } else { OpenMode::Reader },
            broken: lock(&self.safety.broken).clone(),
            this_run: *lock(&self.this_run),
        }
    }

    /// After a restore that failed: what was open before is open again, unless files were moved already. Then the vault is
    /// closed, and its next opening ends the restore.
    fn take_back(&self, before: Before) {
        let (Some((vault, key)), Err(_)) = (before.opened, self.identity()) else { return };
        if discard(&self.folder).is_err() {
            return;
        }
        let mut writer = lock(&self.writer);
        let mut reader = lock(&self.reader);
        let broken = match before.broken {
            Some(broken) => Some(broken),
            None => match self.connect(vault, &key, before.mode) {
                Ok(open) => {
                    (*writer, *reader) = open;
                    None
                }
                Err(fault) => Some(fault),
            },
        };
        // A file that does not open any more is treated like one that fails while it is open: its key stays.
        *lock(&self.opened) = Some(Opened { vault, key });
        *lock(&self.safety.broken) = broken;
        *lock(&self.this_run) = before.this_run;
    }

    /// Who could open a backup: the named one, or the newest whose slots are readable.
    pub(crate) fn header_of_backup(&self, named: Option<&Path>) -> Result<VaultHeader, StoreFault> {
        let slots = |folder: &Path| Slots::parse(&folder::read_small(&backup::files(folder).1, MOST_SLOT_OCTETS)?);
        match named {
            Some(named) => Ok(slots(named)?.header()),
            None => {
                let all = self.all_backups(None, None);
                let newest = all.iter().find_map(|copy| slots(&copy.folder).ok());
                newest.map(|slots| slots.header()).ok_or(StoreFault::Missing)
            }
        }
    }

    /// All but the moves: what a restore is to bring lies in `restoring/`, and is said to be ready.
    fn make_ready(
        &self,
        backup: Option<&Path>,
        unlock: Option<&Unlock>,
        now: WallTime,
    ) -> Result<SafeguardReport, StoreFault> {
        let present = self.present_keys(unlock)?;
        let chosen = self.choose(backup, unlock, &present)?;
        // From here on commits go into the spool.
        self.close_connections();
        let place = self.folder.path(PLACE);
        clear(&place)?;
        // The present slot file stays where it can be opened: a leaver's slot must not come back with a backup.
        let keep_slots = present.iter().find(|(vault, _)| *vault == chosen.vault);
        let key = keep_slots.map_or_else(|| chosen.key.clone(), |(_, key)| key.clone());
        let salvaged = self.prepare(&place, &chosen, &key, keep_slots.is_none(), &present)?;
        let mut copy = chosen.copy;
        copy.verified = Some(now);
        let name = unused_name(&self.folder, now);
        let ready = serde_json::to_vec(&Ready { set_aside: name.clone() })
            .map_err(|_| StoreFault::Io("a restore could not be noted".into()))?;
        write_whole(&place.join(READY), &ready)?;
        Ok(SafeguardReport::Restored {
            backup: copy,
            set_aside: self.folder.path("damaged").join(name),
            recovered: salvaged.readings,
            missing_commits: salvaged.missing_commits(chosen.generation),
            unreadable: salvaged.unreadable,
        })
    }

    /// Fills `place` with the backup and what the present file has beyond it.
    fn prepare(
        &self,
        place: &Path,
        chosen: &Chosen,
        key: &DatabaseKey,
        with_slots: bool,
        present: &[(VaultId, DatabaseKey)],
    ) -> Result<Salvaged, StoreFault> {
        folder::make_private(place)?;
        let (database, slots) = backup::files(&chosen.copy.folder);
        let fresh = place.join(DATABASE);
        backup::copy_database(&database, &chosen.key, &fresh, key)?;
        // Where the slot file is lost, the key of the backup may still be that of the file.
        let mut keys = present.to_vec();
        keys.push((chosen.vault, chosen.key.clone()));
        hand_over_record_key(&fresh, &chosen.key, key)?;
        let damaged = self.folder.database();
        begin_record(&fresh, key, || salvage::record_secret(&damaged, &keys, chosen.vault))?;
        // The same life as any vault's: migrated, with the keys of its record, its digests kept.
        let shadow = State::new(place);
        let mut writer = shadow.open_writer(chosen.vault, key)?;
        let salvaged = salvage::bring_over(&damaged, &keys, chosen.vault, &mut writer)?;
        if with_slots {
            let octets = folder::read_small(&slots, MOST_SLOT_OCTETS)?;
            let octets = made_good(octets, key, &writer, &salvaged)?;
            folder::write_new(&place.join(SLOTS), &octets)?;
        }
        look::empty_log(&writer)?;
        drop(writer);
        backup::make_single(&fresh, key)?;
        look::through(&fresh, key, Some(chosen.vault))?;
        Ok(salvaged)
    }

    /// The keys that may open the present database: of the open vault, or by `unlock`; none where the slot file is lost.
    ///
    /// # Errors
    /// Whoever cannot open the present slots does not get in through those of a backup: a leaver's passphrase opens them.
    fn present_keys(&self, unlock: Option<&Unlock>) -> Result<Vec<(VaultId, DatabaseKey)>, StoreFault> {
        if let Ok(open) = self.identity() {
            return Ok(vec![open]);
        }
        let slots = self.folder.read_slots().ok().flatten().and_then(|octets| Slots::parse(&octets).ok());
        match slots {
            Some(slots) => match keys_of(slots, unlock) {
                Err(StoreFault::Damaged(_)) => Ok(Vec::new()),
                other => other,
            },
            None => Ok(Vec::new()),
        }
    }

    /// The backup to restore, proven by reading it through.
    fn choose(
        &self,
        named: Option<&Path>,
        unlock: Option<&Unlock>,
        present: &[(VaultId, DatabaseKey)],
    ) -> Result<Chosen, StoreFault> {
        let vault = present.first().map(|(vault, _)| *vault);
        let mut all = self.all_backups(vault, None);
        if let Some(named) = named {
            let folder = named.parent().unwrap_or(named);
            all = backup::list(folder, vault, None).into_iter().filter(|copy| copy.folder == named).collect();
        }
        let mut said = StoreFault::Io("there is no backup of this vault to restore".into());
        for copy in all {
            match open_backup(copy, unlock, present) {
                Ok(chosen) => return Ok(chosen),
                // Who opened the present slots has proven who they are: their passphrase was another one then.
                Err(StoreFault::WrongPassphrase) if !present.is_empty() => said = of_its_time(),
                // A guess counts as one, whatever older backups say.
                Err(fault) if said != StoreFault::WrongPassphrase => said = fault,
                Err(_) => {}
            }
        }
        Err(said)
    }

    fn close_connections(&self) {
        let mut writer = lock(&self.writer);
        drop(lock(&self.reader).take());
        drop(writer.take());
        *lock(&self.opened) = None;
        *lock(&self.safety.broken) = None;
        *lock(&self.this_run) = None;
    }
}

/// The secret of a backup's record, sealed by the key that the restored database has. The digests follow: the secret's
/// row is one of those that they count.
fn hand_over_record_key(file: &Path, old: &DatabaseKey, new: &DatabaseKey) -> Result<(), StoreFault> {
    let hand_over = || -> Result<(), Fault> {
        let mut db = cipher::open(file, new, Use::Filling)?;
        if old == new || tables::format(&db)? < tables::DIGESTED || record_key::is_missing(&db)? {
            return Ok(());
        }
        let tally = keyed::equip(&db, old)?;
        digest::watch(&mut db, &tally)?;
        let all = db.transaction()?;
        record_key::seal_also(&all, old, new)?;
        record_key::keep_only(&all, new)?;
        digest::commit(all)
    };
    hand_over().map_err(StoreFault::from)
}

/// Migrates a backup of an earlier format with the secret that the present file has by now: with another one, what was
/// signed since would be signed by nobody.
fn begin_record(
    file: &Path,
    key: &DatabaseKey,
    secret: impl FnOnce() -> Option<RecordSecret>,
) -> Result<(), StoreFault> {
    let begin = || -> Result<(), Fault> {
        let mut db = cipher::open(file, key, Use::Filling)?;
        if tables::format(&db)? >= tables::DIGESTED && !record_key::is_missing(&db)? {
            return Ok(());
        }
        let Some(secret) = secret() else { return Ok(()) };
        tables::migrate(&mut db)?;
        let all = db.transaction()?;
        record_key::put(&all, key, &secret)?;
        keyed::begin(&all, &secret)?;
        Ok(all.commit()?)
    };
    begin().map_err(StoreFault::from)
}

/// The slot file of a backup without the slots of those who have left since, and counting further than the record knows.
fn made_good(octets: Vec<u8>, key: &DatabaseKey, db: &Connection, salvaged: &Salvaged) -> Result<Vec<u8>, StoreFault> {
    let mut slots = Slots::parse(&octets)?;
    if slots.is_first_format() {
        return Ok(octets);
    }
    let enrolled = clinician::all(db)?;
    let left = |id| enrolled.iter().any(|clinician| clinician.id == id && clinician.disabled.is_some());
    let known = meta::slot_counter(db)?.max(salvaged.slot_counter);
    slots.made_good(key, known, left)?;
    meta::set_slot_counter(db, slots.counter())?;
    slots.to_json()
}

fn keys_of(slots: Slots, unlock: Option<&Unlock>) -> Result<Vec<(VaultId, DatabaseKey)>, StoreFault> {
    let unlock = unlock.ok_or(StoreFault::NoSlot("a closed vault is restored with what opens it"))?;
    let vault = slots.vault();
    Ok(slots.unlock(unlock)?.into_iter().map(|key| (vault, key)).collect())
}

/// With the key of the present vault, or with the slots of its own time.
fn open_backup(
    copy: BackupCopy,
    unlock: Option<&Unlock>,
    present: &[(VaultId, DatabaseKey)],
) -> Result<Chosen, StoreFault> {
    let (database, slots) = backup::files(&copy.folder);
    let mut fault = of_its_time();
    let try_with = |(vault, key): &(VaultId, DatabaseKey)| look::through(&database, key, Some(*vault));
    for (vault, key) in present {
        match try_with(&(*vault, key.clone())) {
            Ok(found) => return Ok(Chosen { copy, vault: *vault, key: key.clone(), generation: found.generation }),
            Err(said) => fault = said,
        }
    }
    let slots = folder::read_small(&slots, 64 * 1024).and_then(|octets| Slots::parse(&octets))?;
    let keys = if unlock.is_some() { keys_of(slots, unlock)? } else { Vec::new() };
    for (vault, key) in keys {
        match try_with(&(vault, key.clone())) {
            Ok(found) => return Ok(Chosen { copy, vault, key, generation: found.generation }),
            Err(said) => fault = said,
        }
    }
    Err(fault)
}

fn of_its_time() -> StoreFault {
    StoreFault::NoSlot("the backup has the key of its time: it opens with a passphrase of its time")
}

/// Ends a restore that is ready, if there is one: sets the present files aside and moves the new ones to their place.
/// What was done before is left as it is.
pub(crate) fn finish(folder: &Folder) -> Result<(), StoreFault> {
    while step(folder)? {}
    Ok(())
}

/// One move; `false` when nothing is left to do.
fn step(folder: &Folder) -> Result<bool, StoreFault> {
    let place = folder.path(PLACE);
    let fault = |error| of_file("setting files of the vault aside", &error);
    if !place.join(READY).exists() {
        return Ok(false);
    }
    let said = match folder::read_small(&place.join(READY), 4096) {
        Err(StoreFault::Damaged(_)) => Vec::new(),
        other => other?,
    };
    let ready = match serde_json::from_slice(&said) {
        Ok(ready) => ready,
        // It is moved first: as long as it is in its place, nothing has happened.
        Err(_) if folder.database().exists() && place.join(DATABASE).exists() => {
            discard(folder)?;
            return Ok(false);
        }
        // Half way only forward is a whole vault.
        Err(_) => Ready { set_aside: "restore".into() },
    };
    let aside = folder.path("damaged").join(Path::new(&ready.set_aside).file_name().unwrap_or_default());
    folder::make_private(&aside)?;
    let move_to = |from: PathBuf, to: PathBuf| -> Result<bool, StoreFault> {
        std::fs::rename(&from, &to).map_err(fault)?;
        folder::sync(&aside)?;
        folder::sync(&folder.path(""))?;
        Ok(true)
    };
    if place.join(DATABASE).exists() {
        if folder.slots().exists() && !aside.join(SLOTS).exists() {
            write_whole(&aside.join(SLOTS), &folder::read_small(&folder.slots(), 1 << 20)?)?;
            return Ok(true);
        }
        // The log before it would be taken for the new database's.
        for name in FILES {
            if folder.path(name).exists() {
                return move_to(folder.path(name), aside.join(name));
            }
        }
        if place.join(SLOTS).exists() {
            return move_to(place.join(SLOTS), folder.slots());
        }
        return move_to(place.join(DATABASE), folder.database());
    }
    std::fs::remove_file(place.join(READY)).map_err(fault)?;
    let _ = std::fs::remove_dir_all(&place);
    Ok(false)
}

/// Throws away what was prepared, as long as the vault's own files are in their place.
///
/// # Errors
/// When files were moved already.
fn discard(folder: &Folder) -> Result<(), StoreFault> {
    let place = folder.path(PLACE);
    if place.join(READY).exists() {
        if !(folder.database().exists() && place.join(DATABASE).exists()) {
            return Err(StoreFault::Io("a restore is half done: the next opening ends it".into()));
        }
        // First: what is left then is not ready.
        std::fs::remove_file(place.join(READY)).map_err(|error| of_file("tidying up after a restore", &error))?;
        folder::sync(&place)?;
    }
    clear(&place)
}

/// Writes a file under another name first: it has this name whole or not at all, also after a loss of power.
fn write_whole(file: &Path, octets: &[u8]) -> Result<(), StoreFault> {
    let fault = |error| of_file("writing a file of the vault", &error);
    let fresh = file.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fault(error)),
        Ok(()) | Err(_) => {}
    }
    folder::write_new(&fresh, octets)?;
    std::fs::rename(&fresh, file).map_err(fault)?;
    file.parent().map_or(Ok(()), folder::sync)
}

/// What a restore left behind that was broken off before it was ready.
fn clear(place: &Path) -> Result<(), StoreFault> {
    match std::fs::remove_dir_all(place) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(of_file("tidying up after a restore", &error)),
    }
}

fn unused_name(folder: &Folder, now: WallTime) -> String {
    let name = backup::utc(now);
    let named = |again: u32| if again == 0 { name.clone() } else { format!("{name}-{again}") };
    (0..).map(named).find(|name| !folder.path("damaged").join(name).exists()).unwrap_or(name.clone())
}

#[cfg(test)]
mod tests;
