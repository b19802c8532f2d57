//! Backups, checks and restores of one vault, one at a time, while commits and reads go on.
//! Not here: when they are due (the console decides), and how each is done (`backup`, `look`, `restore`, `space`).
use crate::backup::{self, Accept};
use crate::cipher::{self, Use};
use crate::fault::Fault;
use crate::look;
use crate::slots::{DatabaseKey, Slots};
use crate::state::{State, lock};
use bedside_console::ports::{Safeguard, StoreFault, VaultId};
use bedside_console::{BackupCopy, SafeguardReport};
use bedside_vitals::WallTime;
use std::path::PathBuf;

impl State {
    pub(crate) fn safeguard(&self, task: &Safeguard) -> Result<SafeguardReport, StoreFault> {
        let _turn = lock(&self.safety.turn);
        match task {
            Safeguard::Backup { now } => self.back_up(*now).map(SafeguardReport::BackedUp),
            Safeguard::Check => self.look_through().map(|()| SafeguardReport::Sound),
            Safeguard::Restore { backup, unlock, now } => self.restore(backup.as_deref(), unlock.as_ref(), *now),
            Safeguard::Space => self.look_for_space(),
        }
    }

    /// Every page and index, the audit chain and the digests.
    pub(crate) fn check(&self) -> Result<(), StoreFault> {
        let _turn = lock(&self.safety.turn);
        self.look_through()
    }

    /// A migration of a record that is there begins with a backup of it. Whoever calls has the right to write and holds no
    /// lock of the connections: what is captured meanwhile goes into the spool.
    ///
    /// # Errors
    /// `DiskFull` where there is no room for it: then nothing is migrated and the vault stays as it is.
    pub(crate) fn back_up_before_migrating(&self, vault: VaultId, key: &DatabaseKey) -> Result<(), StoreFault> {
        let format = || -> Result<u32, Fault> {
            let db = cipher::open(&self.folder.database(), key, Use::Reading)?;
            crate::tables::format(&db)
        };
        if (1..crate::tables::FORMAT).contains(&format()?) {
            let (backups, now) = (self.backups_of(vault), present());
            // A record that is not as it was written opens, and is told: it is no reason not to migrate it.
            backup::make(&self.folder, &backups, vault, key, now, Accept::AsFound)?;
            backup::thin(&backups, vault, key, now);
        }
        Ok(())
    }

    /// Makes a backup of the open vault and thins out the older ones. Whoever calls has its turn (`Safety::turn`).
    pub(crate) fn back_up(&self, now: WallTime) -> Result<BackupCopy, StoreFault> {
        let (vault, key) = self.identity()?;
        let backups = self.backups_of(vault);
        let copy = backup::make(&self.folder, &backups, vault, &key, now, Accept::Verified)?;
        backup::thin(&backups, vault, &key, now);
        Ok(copy)
    }

    /// The backups that are there, newest first.
    pub(crate) fn list_backups(&self) -> Vec<BackupCopy> {
        match self.identity() {
            Ok((vault, key)) => self.all_backups(Some(vault), Some(&key)),
            // Of a closed vault, by the name in its slot file; of all vaults only where that is lost.
            Err(_) => self.all_backups(self.vault_of_slots(), None),
        }
    }

    /// The backups of a vault, or of whichever lie there, newest first.
    pub(crate) fn all_backups(&self, vault: Option<VaultId>, key: Option<&DatabaseKey>) -> Vec<BackupCopy> {
        let vault = vault.or_else(|| self.vault_of_slots());
        let elsewhere = lock(&self.safety.backups).clone();
        let folders = match (elsewhere, vault) {
            (None, _) => vec![self.folder.path("backups")],
            // Directly in it lie those that were made before each vault had a folder of its own.
            (Some(shared), Some(vault)) => vec![shared.join(vault.0.to_string()), shared],
            (Some(shared), None) => {
                let found = std::fs::read_dir(&shared).into_iter().flatten().flatten().map(|entry| entry.path());
                found.chain([shared.clone()]).collect()
            }
        };
        let mut all: Vec<_> = folders.iter().flat_map(|folder| backup::list(folder, vault, key)).collect();
        all.sort_by(|a, b| (b.at, b.generation, &b.folder).cmp(&(a.at, a.generation, &a.folder)));
        all
    }

    fn vault_of_slots(&self) -> Option<VaultId> {
        let octets = self.folder.read_slots().ok().flatten()?;
        Slots::parse(&octets).ok().map(|slots| slots.vault())
    }

    /// Every page, index, audit entry and digest. A vault that was closed to all but the spool because of damage, and is
    /// sound now, is used again.
    pub(crate) fn look_through(&self) -> Result<(), StoreFault> {
        if lock(&self.safety.broken).is_some() {
            return self.open_anew();
        }
        let (vault, key) = self.identity()?;
        match self.look_at(vault, &key) {
            // A commit may have moved pages under the eyes of the check: a true fault is there a second time.
            Err(StoreFault::Damaged(_)) => self.open_anew().and_then(|()| self.look_at(vault, &key)),
            other => other,
        }
    }

    fn look_at(&self, vault: VaultId, key: &DatabaseKey) -> Result<(), StoreFault> {
        // Pages still in the log are not looked at by the cipher's check, so a writer empties it first.
        match self.with_writer(|db| look::empty_log(db)) {
            Ok(()) | Err(StoreFault::ReadOnly) => {}
            Err(fault) => return Err(fault),
        }
        // A connection of its own: commits and reads go on meanwhile.
        let look = || -> Result<(), Fault> {
            let db = cipher::open(&self.folder.database(), key, Use::Reading)?;
            db.execute_batch("BEGIN")?;
            crate::tables::meta::verify(&db, vault)?;
            look::everything(&db)?;
            look::record(&db, key)
        };
        look().map_err(StoreFault::from)
    }

    /// Whose vault is open, and its key.
    pub(crate) fn identity(&self) -> Result<(VaultId, DatabaseKey), StoreFault> {
        let opened = lock(&self.opened);
        opened.as_ref().map(|opened| (opened.vault, opened.key.clone())).ok_or(StoreFault::Closed)
    }

    /// Says where backups go.
    pub(crate) fn keep_backups_in(&self, folder: &std::path::Path) {
        *lock(&self.safety.backups) = Some(folder.to_owned());
    }

    /// Where the backups of a vault go. A folder elsewhere may be that of several vaults: each has its own within.
    fn backups_of(&self, vault: VaultId) -> PathBuf {
        let elsewhere = lock(&self.safety.backups).clone();
        elsewhere.map_or_else(|| self.folder.path("backups"), |shared| shared.join(vault.0.to_string()))
    }
}

/// The computer's clock, for what nobody asked for at a time of their own.
pub(crate) fn present() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(0))
}
