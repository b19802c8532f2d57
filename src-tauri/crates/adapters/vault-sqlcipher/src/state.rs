//! The connections of an open vault and the life of its files. Everything here blocks.
//! Not here: SQL of tables, and the threads that wait for it (`Vault`).
use crate::cipher::{self, Use};
use crate::fault::Fault;
use crate::folder::{Folder, Hold};
use crate::maintain::Round;
use crate::query::{self, Beside};
use crate::slots::{DatabaseKey, Slots, Stage, new_database_key};
use crate::tables::{self, meta};
use crate::{commit, tables::rows};
use bedside_console::ports::{Answer, DeviceSecret, OpenMode, Query, StoreFault, VaultId, VaultPresence};
use bedside_console::{Changes, Maintenance, Receipt};
use bedside_vitals::WallTime;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// One folder, closed or open.
#[derive(Debug)]
pub(crate) struct State {
    folder: Folder,
    writer: Mutex<Option<Writer>>,
    reader: Mutex<Option<Connection>>,
    this_run: Mutex<Option<Uuid>>,
}

/// Fields drop in this order: the connection first, then the right to write.
#[derive(Debug)]
struct Writer {
    db: Connection,
    _hold: Hold,
}

impl State {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: Folder::new(folder),
            writer: Mutex::new(None),
            reader: Mutex::new(None),
            this_run: Mutex::new(None),
        }
    }

    pub(crate) fn presence(&self) -> Result<VaultPresence, StoreFault> {
        let Some(octets) = self.folder.read_slots()? else {
            if self.folder.database_octets().is_some() {
                // Never a first run: somebody's record is here, and what opens it is gone.
                return Err(StoreFault::Damaged("vault.db is there and slots.json is missing".into()));
            }
            return Ok(VaultPresence::Missing);
        };
        Ok(VaultPresence::Present(Slots::parse(&octets)?.vault()))
    }

    pub(crate) fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let mut writer = lock(&self.writer);
        let mut reader = lock(&self.reader);
        if writer.is_some() || reader.is_some() {
            return Err(StoreFault::AlreadyThere);
        }
        self.folder.make()?;
        let hold = self.folder.hold()?;
        // Under the lock: nobody else can be making one now.
        match self.presence() {
            Ok(VaultPresence::Missing) => {}
            Ok(VaultPresence::Present(_)) | Err(StoreFault::Damaged(_)) => return Err(StoreFault::AlreadyThere),
            Err(fault) => return Err(fault),
        }
        let key = new_database_key()?;
        self.folder.write_slots(&Slots::seal(vault, Stage::Creating, secret, &key)?.to_json()?)?;
        (*writer, *reader) = self.finish_creating(vault, secret, &key, hold)?;
        Ok(())
    }

    pub(crate) fn open(&self, secret: &DeviceSecret, mode: OpenMode) -> Result<(), StoreFault> {
        let mut writer = lock(&self.writer);
        let mut reader = lock(&self.reader);
        if writer.is_some() || reader.is_some() {
            return Err(StoreFault::Io("the vault is open already".into()));
        }
        if self.presence()? == VaultPresence::Missing {
            return Err(StoreFault::Missing);
        }
        let hold = match mode {
            OpenMode::Writer => Some(self.folder.hold()?),
            OpenMode::Reader => None,
        };
        let slots = Slots::parse(&self.folder.read_slots()?.ok_or(StoreFault::Missing)?)?;
        let key = slots.open(secret)?;
        (*writer, *reader) = match (slots.stage(), hold) {
            (Stage::Creating, Some(hold)) => self.finish_creating(slots.vault(), secret, &key, hold)?,
            (Stage::Creating, None) => return Err(StoreFault::Missing),
            (Stage::Ready, hold) => {
                let octets = self.folder.database_octets();
                if octets.is_none_or(|octets| octets == 0) {
                    return Err(StoreFault::Damaged("slots.json is there and vault.db is missing or empty".into()));
                }
                self.connect(slots.vault(), &key, hold)?
            }
        };
        Ok(())
    }

    pub(crate) fn commit(&self, changes: &Changes) -> Result<Receipt, StoreFault> {
        let receipt = self.with_writer(|db| commit::commit(db, changes))?;
        if let Some(run) = &changes.run {
            *lock(&self.this_run) = Some(run.id);
        }
        Ok(receipt)
    }

    pub(crate) fn read(&self, query: Query) -> Result<Answer, StoreFault> {
        let beside =
            Beside { this_run: *lock(&self.this_run), octets: self.folder.database_octets().unwrap_or_default() };
        let mut reader = lock(&self.reader);
        let db = reader.as_mut().ok_or(StoreFault::Closed)?;
        query::answer(db, query, beside).map_err(StoreFault::from)
    }

    pub(crate) fn maintain(
        &self,
        now: WallTime,
        budget: Duration,
        keep_frames_since: Option<WallTime>,
    ) -> Result<Maintenance, StoreFault> {
        let begin = Instant::now();
        let mut done = Maintenance::default();
        let mut round = self.with_writer(|db| Round::plan(db, now, keep_frames_since))?;
        while !round.is_done() {
            self.with_writer(|db| round.step(db, &mut done))?;
            if begin.elapsed() >= budget {
                break;
            }
        }
        done.more = !round.is_done();
        Ok(done)
    }

    pub(crate) fn check(&self) -> Result<(), StoreFault> {
        // Pages still in the log are not looked at by the cipher's check, so a writer empties it first.
        match self.with_writer(|db| Ok(db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)) {
            Ok(()) | Err(StoreFault::ReadOnly) => {}
            Err(fault) => return Err(fault),
        }
        let reader = lock(&self.reader);
        let db = reader.as_ref().ok_or(StoreFault::Closed)?;
        for (check, fine) in [("PRAGMA cipher_integrity_check", None), ("PRAGMA quick_check", Some("ok"))] {
            let said = rows(db, check, [], |row| Ok(row.get::<_, String>(0)?))?;
            let wrong = said.iter().find(|line| Some(line.as_str()) != fine);
            if let Some(first) = wrong {
                return Err(StoreFault::Damaged(format!("{} faults, the first: {first}", said.len())));
            }
        }
        Ok(())
    }

    pub(crate) fn close(&self) -> Result<(), StoreFault> {
        // The last connection to go empties the log, and only a writer can: so the reader goes first.
        let mut writer = lock(&self.writer);
        drop(lock(&self.reader).take());
        drop(writer.take());
        *lock(&self.this_run) = None;
        Ok(())
    }

    /// From a sealed key to a vault that is ready. Runs again from the start after a crash at any point: making and
    /// migrating the database leave alone what is done, and only the last step says that it must be there.
    fn finish_creating(
        &self,
        vault: VaultId,
        secret: &DeviceSecret,
        key: &DatabaseKey,
        hold: Hold,
    ) -> Result<Connections, StoreFault> {
        self.folder.make_database()?;
        let open = self.connect(vault, key, Some(hold))?;
        self.folder.write_slots(&Slots::seal(vault, Stage::Ready, secret, key)?.to_json()?)?;
        Ok(open)
    }

    fn connect(&self, vault: VaultId, key: &DatabaseKey, hold: Option<Hold>) -> Result<Connections, StoreFault> {
        let file = self.folder.database();
        let connect = || -> Result<Connections, Fault> {
            let writer = match hold {
                Some(hold) => {
                    let mut db = cipher::open(&file, key, Use::Writing)?;
                    tables::migrate(&mut db)?;
                    meta::claim(&db, vault)?;
                    Some(Writer { db, _hold: hold })
                }
                None => None,
            };
            let db = cipher::open(&file, key, Use::Reading)?;
            if tables::format(&db)? < tables::FORMAT {
                return Err(StoreFault::Io("the vault has an older format; open it for writing once".into()).into());
            }
            meta::verify(&db, vault)?;
            Ok((writer, Some(db)))
        };
        connect().map_err(StoreFault::from)
    }

    fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Fault>) -> Result<T, StoreFault> {
        let mut writer = lock(&self.writer);
        match writer.as_mut() {
            Some(writer) => work(&mut writer.db).map_err(StoreFault::from),
            None if lock(&self.reader).is_some() => Err(StoreFault::ReadOnly),
            None => Err(StoreFault::Closed),
        }
    }
}

type Connections = (Option<Writer>, Option<Connection>);

/// A panic elsewhere leaves a connection between transactions: an unfinished one was rolled back when it was dropped.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
