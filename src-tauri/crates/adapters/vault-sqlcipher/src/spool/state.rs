//! Standing by, locking, and where a commit goes meanwhile.
//! Not here: files (`queue`), opening and closing (`State`).
use super::file::Keys;
use crate::seal::{self, PublicKey};
use crate::slots::Slots;
use crate::state::{State, lock, sign_audit};
use crate::tables::spool_origin;
use bedside_console::ports::{StoreFault, VaultId, VaultPresence};
use bedside_console::{Changes, Receipt, SpooledBatch};
use uuid::Uuid;

impl State {
    /// Takes the right to write without opening.
    pub(crate) fn stand_by(&self) -> Result<(), StoreFault> {
        let presence = self.presence()?;
        let writer = lock(&self.writer);
        if writer.is_some() || lock(&self.reader).is_some() {
            return Err(StoreFault::Io("the vault is open already".into()));
        }
        if presence == VaultPresence::Missing {
            return Err(StoreFault::Missing);
        }
        self.take_hold().map(drop)
    }

    /// Closes the database and wipes its key. The right to write is kept.
    pub(crate) fn lock(&self) -> Result<(), StoreFault> {
        // The last connection to go empties the log, and only a writer can: so the reader goes first.
        let proven = self.proven_spool_key();
        let mut writer = lock(&self.writer);
        // Forgotten first: whoever has just opened a fresh connection asks for it before it is kept.
        *lock(&self.opened) = None;
        drop(lock(&self.reader).take());
        sign_audit(writer.as_ref());
        drop(writer.take());
        *lock(&self.safety.broken) = None;
        if let Ok(proven) = proven {
            lock(&self.spool).proven = Some(proven);
        }
        drop(writer);
        // A backup or a check has connections and a key of its own: it ends before the vault counts as locked.
        drop(lock(&self.safety.turn));
        Ok(())
    }

    /// To what the spool is sealed, as the open vault proves it; without it the slot file is believed.
    fn proven_spool_key(&self) -> Result<(VaultId, PublicKey), StoreFault> {
        let (vault, _) = self.identity()?;
        let keys = self.spool_keys()?;
        let now = keys.first().ok_or(StoreFault::NoSlot("no key to spool to"))?;
        Ok((vault, seal::public_of(now)?))
    }

    /// The oldest batch of the spool that is not filed.
    pub(crate) fn spooled(&self) -> Result<Option<SpooledBatch>, StoreFault> {
        let writer = lock(&self.writer);
        let Some(db) = writer.as_ref() else {
            return Err(if lock(&self.reader).is_some() { StoreFault::ReadOnly } else { StoreFault::Closed });
        };
        let vault = lock(&self.opened).as_ref().map(|opened| opened.vault).ok_or(StoreFault::Closed)?;
        let keys = Keys { privates: self.spool_keys()?, origins: spool_origin::all(db)? };
        lock(&self.spool).next(&self.folder, db, vault, &keys)
    }

    /// A commit of a vault that is not open for writing: into the spool. What a reader adds to the record is only who read
    /// what. `failed` is the commit in whose place it goes there.
    ///
    /// # Errors
    /// `Closed` when nobody stands by, and for what only an open vault takes. `ReadOnly` for a reader's other changes.
    pub(crate) fn spool_instead(&self, changes: &Changes, failed: Option<Uuid>) -> Result<Receipt, StoreFault> {
        let reads = lock(&self.reader).is_some();
        if reads {
            let audit_only = Changes { audit: Vec::new(), run: None, ..changes.clone() };
            if changes.run.is_some() || !audit_only.is_empty() {
                return Err(StoreFault::ReadOnly);
            }
        } else if lock(&self.hold).is_none() {
            return Err(StoreFault::Closed);
        }
        self.spool_append(changes, failed)
    }

    /// Seals changes into this process's spool file, whether the vault is open or not.
    pub(crate) fn spool_append(&self, changes: &Changes, failed: Option<Uuid>) -> Result<Receipt, StoreFault> {
        let (vault, public) = self.spool_key()?;
        let append = || lock(&self.spool).append(&self.folder, vault, public, changes, failed);
        match append() {
            Err(StoreFault::DiskFull) if self.release_ballast() => append()?,
            other => other?,
        }
        let (already_known, displaced, ignored_rows) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Receipt { generation: 0, spooled: true, already_known, displaced, ignored_rows, set_aside: 0 })
    }

    /// To what is spooled now: proven by the open vault or when it was locked in this run. Before the first opening of a
    /// run nothing proves the slot file.
    fn spool_key(&self) -> Result<(VaultId, PublicKey), StoreFault> {
        let proven = self.proven_spool_key().ok().or(lock(&self.spool).proven);
        if let Some(proven) = proven {
            return Ok(proven);
        }
        let slots = Slots::parse(&self.folder.read_slots()?.ok_or(StoreFault::Missing)?)?;
        let none = StoreFault::NoSlot("no key to spool to: the vault must be opened once by this version");
        Ok((slots.vault(), slots.spool_public().ok_or(none)?))
    }
}
