//! The connections of an open vault and the life of its files. Everything here blocks.
//! Not here: SQL of tables, and the threads that wait for it (`Vault`).
use crate::cipher::{self, Use};
use crate::damage::{self, Safety};
use crate::fault::{self, Fault};
use crate::folder::{Folder, Hold};
use crate::keyed;
use crate::look;
use crate::maintain::Round;
use crate::query::{self, Beside};
use crate::restore;
use crate::slots::{DatabaseKey, PassphraseCost};
use crate::spool::{Spool, random};
use crate::tables::{self, digest, meta, record_key, spool_filed};
use bedside_console::ports::{Answer, OpenMode, Query, StoreFault, VaultId};
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
    pub(crate) folder: Folder,
    /// Fields drop in this order: connections first, then the right to write.
    pub(crate) writer: Mutex<Option<Connection>>,
    pub(crate) reader: Mutex<Option<Connection>>,
    pub(crate) this_run: Mutex<Option<Uuid>>,
    pub(crate) opened: Mutex<Option<Opened>>,
    pub(crate) spool: Mutex<Spool>,
    pub(crate) safety: Safety,
    /// What a new slot's passphrase costs, once it is known.
    pub(crate) cost: Mutex<Option<PassphraseCost>>,
    pub(crate) hold: Mutex<Option<Hold>>,
}

/// What is known of the vault while it is open: to open its file anew, and to derive the keys of what lies beside it.
pub(crate) struct Opened {
    pub(crate) vault: VaultId,
    pub(crate) key: DatabaseKey,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({}, ▮)", self.vault)
    }
}

impl State {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: Folder::new(folder),
            writer: Mutex::new(None),
            reader: Mutex::new(None),
            this_run: Mutex::new(None),
            opened: Mutex::new(None),
            spool: Mutex::new(Spool::default()),
            safety: Safety::default(),
            cost: Mutex::new(None),
            hold: Mutex::new(None),
        }
    }

    /// Takes the right to write, unless it is held already; whether it was taken now.
    pub(crate) fn take_hold(&self) -> Result<bool, StoreFault> {
        let mut hold = lock(&self.hold);
        if hold.is_some() {
            // Also one of this very program whose files could not be moved.
            restore::finish(&self.folder)?;
            return Ok(false);
        }
        let taken = self.folder.hold()?;
        // A restore that was broken off in the middle of its last step is ended first.
        restore::finish(&self.folder)?;
        *hold = Some(taken);
        Ok(true)
    }

    /// What was taken for something that failed is given back.
    pub(crate) fn give_back_hold(&self, taken: bool) {
        if taken {
            *lock(&self.hold) = None;
        }
    }

    pub(crate) fn commit(&self, changes: &Changes) -> Result<Receipt, StoreFault> {
        let mut writer = lock(&self.writer);
        let Some(db) = writer.as_mut() else { return self.spool_instead(changes, None) };
        let id = Uuid::from_bytes(random()?);
        let receipt = match self.commit_with_ballast(db, changes, id) {
            Err(fault) if damage::is_grave(&fault) => {
                drop(writer);
                return self.commit_anew(changes, id);
            }
            other => other.map_err(fault::of_commit)?,
        };
        self.committed(changes);
        Ok(receipt)
    }

    /// What follows a commit inside.
    pub(crate) fn committed(&self, changes: &Changes) {
        if let Some(run) = changes.run.as_ref() {
            *lock(&self.this_run) = Some(run.id);
        }
    }

    pub(crate) fn read(&self, query: Query) -> Result<Answer, StoreFault> {
        if let Query::Backups = query {
            return Ok(Answer::Backups(self.list_backups()));
        }
        let beside = Beside {
            this_run: *lock(&self.this_run),
            octets: self.folder.database_octets().unwrap_or_default(),
            free_octets: self.free_octets().unwrap_or_default(),
        };
        if let Query::VerifyAudit(_) | Query::VerifyDigests = query {
            // These go through the whole record: other reads do not wait for them.
            return query::answer(&mut self.aside()?, query, beside).map_err(StoreFault::from);
        }
        if let Some(answer) = self.read_as_written(&query, beside) {
            return Ok(answer);
        }
        let mut reader = lock(&self.reader);
        let db = reader.as_mut().ok_or_else(|| self.why_closed())?;
        match query::answer(db, query.clone(), beside) {
            Err(fault) if damage::is_grave(&fault) => {
                drop(reader);
                self.read_anew(query, beside)
            }
            other => other.map_err(StoreFault::from),
        }
    }

    /// What is asked after every answer of a server, from the connection that has just written it: the reader would decrypt
    /// every page anew, because a commit makes it forget them all. Nothing while a commit is under way, and at any fault: the
    /// reader is asked then, and what is wrong is its affair.
    fn read_as_written(&self, query: &Query, beside: Beside) -> Option<Answer> {
        if !matches!(query, Query::OutboxCounts | Query::TheseRows(_) | Query::ServerCopies { .. }) {
            return None;
        }
        let mut writer = self.writer.try_lock().ok()?;
        query::answer(writer.as_mut()?, query.clone(), beside).ok()
    }

    /// One more connection that only reads.
    fn aside(&self) -> Result<Connection, StoreFault> {
        let opened = lock(&self.opened);
        let key = &opened.as_ref().ok_or(StoreFault::Closed)?.key;
        let open = || -> Result<Connection, Fault> {
            let db = cipher::open(&self.folder.database(), key, Use::Reading)?;
            keyed::equip(&db, key)?;
            Ok(db)
        };
        open().map_err(StoreFault::from)
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

    pub(crate) fn close(&self) -> Result<(), StoreFault> {
        // The last connection to go empties the log, and only a writer can: so the reader goes first.
        let mut writer = lock(&self.writer);
        drop(lock(&self.reader).take());
        sign_audit(writer.as_ref());
        drop(writer.take());
        *lock(&self.opened) = None;
        *lock(&self.safety.broken) = None;
        *lock(&self.this_run) = None;
        *lock(&self.spool) = Spool::default();
        *lock(&self.hold) = None;
        Ok(())
    }

    pub(crate) fn connect(&self, vault: VaultId, key: &DatabaseKey, mode: OpenMode) -> Result<Connections, StoreFault> {
        let connect = || -> Result<Connections, Fault> {
            let writer = match mode {
                OpenMode::Writer => Some(self.open_writer(vault, key)?),
                OpenMode::Reader => None,
            };
            let mut reader = self.open_reader(vault, key)?;
            look::quick(&mut reader, look::AT_OPENING)?;
            Ok((writer, Some(reader)))
        };
        let open = connect().map_err(StoreFault::from)?;
        *lock(&self.opened) = Some(Opened { vault, key: key.clone() });
        *lock(&self.safety.broken) = None;
        Ok(open)
    }

    pub(crate) fn open_writer(&self, vault: VaultId, key: &DatabaseKey) -> Result<Connection, Fault> {
        let mut db = cipher::open(&self.folder.database(), key, Use::Writing)?;
        let is_digested = (tables::DIGESTED..tables::FORMAT).contains(&tables::format(&db)?);
        // Broken off between two formats: the secret is made after the last one.
        if is_digested && !record_key::is_missing(&db)? {
            keyed::equip(&db, key)?;
        }
        tables::migrate(&mut db)?;
        keyed::equip_writer(&mut db, key)?;
        digest::in_transaction(&db, |db| {
            meta::claim(db, vault)?;
            spool_filed::keep_last_commit(db)
        })?;
        Ok(db)
    }

    pub(crate) fn open_reader(&self, vault: VaultId, key: &DatabaseKey) -> Result<Connection, Fault> {
        let db = cipher::open(&self.folder.database(), key, Use::Reading)?;
        if tables::format(&db)? < tables::FORMAT {
            return Err(StoreFault::Io("the vault has an older format; open it for writing once".into()).into());
        }
        keyed::equip(&db, key)?;
        meta::verify(&db, vault)?;
        Ok(db)
    }

    pub(crate) fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreFault> {
        let mut writer = lock(&self.writer);
        match writer.as_mut() {
            Some(db) => match work(db) {
                Err(fault) if damage::is_grave(&fault) => {
                    drop(writer);
                    // Told once; the next work has a fresh connection.
                    let renewed = self.renew_writer();
                    renewed.or_else(|_| self.open_anew())?;
                    Err(fault.into())
                }
                other => other.map_err(StoreFault::from),
            },
            None if lock(&self.reader).is_some() => Err(StoreFault::ReadOnly),
            None => Err(self.why_closed()),
        }
    }
}

/// The writing and the reading one.
pub(crate) type Connections = (Option<Connection>, Option<Connection>);

/// The last word of an open vault. A full disk does not keep it open: the chain is sound without a signature at its end.
pub(crate) fn sign_audit(writer: Option<&Connection>) {
    let _ = writer.map(|db| digest::in_transaction(db, tables::audit::sign_head));
}

/// A panic elsewhere leaves a connection between transactions: an unfinished one was rolled back when it was dropped.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
