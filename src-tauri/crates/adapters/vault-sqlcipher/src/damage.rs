//! What happens after the database itself failed: its connections are opened anew once, and if the damage stays, the
//! vault stops writing to it. Not here: how damage is repaired (`restore`).
//!
//! A page whose HMAC does not fit leaves SQLCipher's connection in an error that every later statement repeats. So a
//! connection that failed is never used again.
use crate::fault::{self, Fault};
use crate::query::{self, Beside};
use crate::state::{State, lock};
use crate::{commit, look, space};
use bedside_console::ports::{Answer, Query, StoreFault};
use bedside_console::{Changes, Receipt};
use rusqlite::{Connection, ErrorCode, ffi};
use std::path::PathBuf;
use std::sync::Mutex;
use uuid::Uuid;

/// What the safeguards share.
#[derive(Debug, Default)]
pub(crate) struct Safety {
    /// Held by whoever backs up, checks, restores or rekeys: one at a time.
    pub(crate) turn: Mutex<()>,
    /// Why an open vault is not used any more: what is committed goes into the spool, nothing is read.
    pub(crate) broken: Mutex<Option<StoreFault>>,
    /// Where backups go, if not into the vault's folder.
    pub(crate) backups: Mutex<Option<PathBuf>>,
}

/// Whether the connection, or the file behind it, must be doubted. A full disk and a busy file are no reason.
pub(crate) fn is_grave(fault: &Fault) -> bool {
    let Fault::Database(error) = fault else { return false };
    let code = match error {
        rusqlite::Error::SqliteFailure(code, _) => *code,
        rusqlite::Error::SqlInputError { error, .. } => *error,
        _ => return false,
    };
    match code.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => true,
        ErrorCode::SystemIoFailure => code.extended_code != ffi::SQLITE_IOERR_SHMSIZE,
        // Our statements are right: what SQLite calls an error of logic is SQLCipher's sticky error.
        _ => code.extended_code == ffi::SQLITE_ERROR,
    }
}

impl State {
    /// Commits. A full disk gets the room of the ballast once.
    pub(crate) fn commit_with_ballast(
        &self,
        db: &mut Connection,
        changes: &Changes,
        id: Uuid,
    ) -> Result<Receipt, Fault> {
        match commit::commit(db, changes, id) {
            Err(fault) if space::is_full(&fault) && self.release_ballast() => commit::commit(db, changes, id),
            other => other,
        }
    }

    /// Commits again on a fresh connection what failed gravely on the old one. What fails there too is believed: the
    /// vault stays closed to all but the spool, and the changes go there with the id of the commit: its frames may be
    /// whole in the log all the same, and be read from there at the next opening. The caller holds no lock of the
    /// connections.
    pub(crate) fn commit_anew(&self, changes: &Changes, id: Uuid) -> Result<Receipt, StoreFault> {
        let again = self.renew_writer().and_then(|()| {
            let mut writer = lock(&self.writer);
            let db = writer.as_mut().ok_or(Fault::Store(StoreFault::Closed))?;
            let receipt = self.commit_with_ballast(db, changes, id)?;
            self.committed(changes);
            Ok(receipt)
        });
        // A file that does not open any more is no better than one that fails: said again by the console under another id,
        // the changes would be there twice when the log is read.
        let is_believed = again.as_ref().is_err_and(|fault| is_grave(fault) || lock(&self.writer).is_none());
        match again {
            Err(fault) if is_believed => {
                let fault = self.give_up(fault);
                // Where there is no spool either, the damage is the reason.
                self.spool_instead(changes, Some(id)).map_err(|_| fault)
            }
            other => other.map_err(fault::of_commit),
        }
    }

    /// Answers again on a fresh connection what failed gravely on the old one.
    pub(crate) fn read_anew(&self, query: Query, beside: Beside) -> Result<Answer, StoreFault> {
        let again = self.renew_reader().and_then(|()| {
            let mut reader = lock(&self.reader);
            let db = reader.as_mut().ok_or(Fault::Store(StoreFault::Closed))?;
            query::answer(db, query, beside)
        });
        if again.as_ref().is_err_and(is_grave) {
            // Twice is no accident: is it this page, or the file?
            self.open_anew()?;
        }
        again.map_err(StoreFault::from)
    }

    /// Replaces the writing connection while the reading one keeps the index of the log: a commit that failed half way
    /// must not come back as a whole one when the log is read from the start.
    pub(crate) fn renew_writer(&self) -> Result<(), Fault> {
        let (vault, key) = self.identity()?;
        let mut writer = lock(&self.writer);
        if writer.take().is_some() {
            *writer = Some(self.open_writer(vault, &key)?);
        }
        Ok(())
    }

    fn renew_reader(&self) -> Result<(), Fault> {
        let (vault, key) = self.identity()?;
        let fresh = self.open_reader(vault, &key)?;
        let mut reader = lock(&self.reader);
        self.expect_opened()?;
        *reader = Some(fresh);
        Ok(())
    }

    /// Opens the file anew with the key that is known, and looks it through. If it is sound, it is used again; if not,
    /// the vault stays closed to all but the spool until somebody restores, checks or opens it again.
    pub(crate) fn open_anew(&self) -> Result<(), StoreFault> {
        let (vault, key) = self.identity()?;
        let look = || -> Result<(), Fault> {
            if lock(&self.hold).is_some() {
                let fresh = self.open_writer(vault, &key)?;
                look::empty_log(&fresh)?;
                let mut writer = lock(&self.writer);
                self.expect_opened()?;
                *writer = Some(fresh);
            }
            self.renew_reader()?;
            lock(&self.reader).as_ref().map_or(Ok(()), look::everything)
        };
        match look() {
            Ok(()) => {
                *lock(&self.safety.broken) = None;
                Ok(())
            }
            Err(fault) => Err(self.give_up(fault)),
        }
    }

    /// A lock that came meanwhile is not undone. Asked under the lock of a connection, before a fresh one is put there: a
    /// lock of the vault forgets the key first, and takes the connections then.
    fn expect_opened(&self) -> Result<(), StoreFault> {
        if lock(&self.opened).is_some() { Ok(()) } else { Err(StoreFault::Closed) }
    }

    /// Stops using the database; its key stays, for the restore.
    fn give_up(&self, fault: Fault) -> StoreFault {
        let fault = StoreFault::from(fault);
        let mut writer = lock(&self.writer);
        if lock(&self.opened).is_none() {
            return StoreFault::Closed;
        }
        drop(lock(&self.reader).take());
        drop(writer.take());
        *lock(&self.safety.broken) = Some(fault.clone());
        fault
    }

    /// Why nothing can be read or written: damage, or that the vault is closed.
    pub(crate) fn why_closed(&self) -> StoreFault {
        lock(&self.safety.broken).clone().unwrap_or(StoreFault::Closed)
    }
}
