//! `RecordStore` over SQLCipher: one folder, one encrypted database, one writer, readers beside it.
//! Not here: where the device secret comes from, and what the records mean.

mod anchor;
mod backup;
mod chain;
mod cipher;
mod commit;
mod damage;
mod fault;
mod folder;
mod keyed;
mod keys;
mod look;
mod maintain;
mod opening;
mod query;
mod restore;
mod safeguard;
mod salvage;
mod samples;
mod seal;
mod slots;
mod space;
mod spool;
mod state;
mod sys;
mod tables;
mod tally;
mod trend;

#[cfg(test)]
mod splice_tests;

pub use slots::PassphraseCost;

use async_trait::async_trait;
use bedside_console::ports::{
    Answer, DeviceSecret, NewVault, OpenMode, Query, RecordStore, Safeguard, SlotChange, StoreFault, Unlock,
    VaultHeader, VaultPresence,
};
use bedside_console::{AuditEntry, Changes, Maintenance, Receipt, SafeguardReport, SpooledBatch};
use bedside_vitals::WallTime;
use state::State;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The vault of one folder.
///
/// Every operation runs on a blocking thread of the runtime: commits one after another on the writing connection, reads
/// on a second connection, so that a read never waits for a commit. Dropping the vault closes it.
#[derive(Debug)]
pub struct Vault {
    state: Arc<State>,
}

impl Vault {
    /// The vault of `folder`, which may not exist yet. Touches nothing.
    pub fn in_folder(folder: &Path) -> Self {
        Self { state: Arc::new(State::new(folder)) }
    }

    /// What a new slot's passphrase costs in place of 300 to 700 ms on this computer; for tests.
    #[must_use]
    pub fn with_passphrase_cost(self, cost: PassphraseCost) -> Self {
        *state::lock(&self.state.cost) = Some(cost);
        self
    }

    /// Keeps backups in another folder than `backups` within the vault's.
    #[must_use]
    pub fn with_backups(self, folder: &Path) -> Self {
        self.state.keep_backups_in(folder);
        self
    }

    /// Reads the whole database and verifies every page and index. Takes about 15 ms a megabyte.
    ///
    /// # Errors
    /// `Damaged` with what SQLCipher and SQLite say, `Closed` when the vault is not open.
    pub async fn check(&self) -> Result<(), StoreFault> {
        self.run(|state| state.check()).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&State) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let state = Arc::clone(&self.state);
        let done = tokio::task::spawn_blocking(move || work(&state)).await;
        done.unwrap_or_else(|_| Err(StoreFault::Io("the work on the vault was broken off".into())))
    }
}

#[async_trait]
impl RecordStore for Vault {
    async fn presence(&self) -> Result<VaultPresence, StoreFault> {
        self.run(State::presence).await
    }

    async fn header_of_backup(&self, named: Option<PathBuf>) -> Result<VaultHeader, StoreFault> {
        self.run(move |state| state.header_of_backup(named.as_deref())).await
    }

    async fn create(&self, new: NewVault) -> Result<(), StoreFault> {
        self.run(move |state| state.create(&new)).await
    }

    async fn open(&self, unlock: Unlock, mode: OpenMode) -> Result<(), StoreFault> {
        self.run(move |state| state.open(&unlock, mode)).await
    }

    async fn stand_by(&self) -> Result<(), StoreFault> {
        self.run(State::stand_by).await
    }

    async fn lock(&self) -> Result<(), StoreFault> {
        self.run(State::lock).await
    }

    async fn keys(&self, change: SlotChange) -> Result<(), StoreFault> {
        self.run(move |state| state.keys(&change)).await
    }

    async fn tries_held(&self) -> Result<Box<dyn Send + Sync>, StoreFault> {
        self.run(State::tries_held).await
    }

    async fn note_outside(&self, audit: Vec<AuditEntry>, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |state| state.note_outside(&audit, &secret)).await
    }

    async fn vouch(&self, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |state| state.vouch(&secret)).await
    }

    async fn spooled(&self) -> Result<Option<SpooledBatch>, StoreFault> {
        self.run(State::spooled).await
    }

    async fn safeguard(&self, task: Safeguard) -> Result<SafeguardReport, StoreFault> {
        self.run(move |state| state.safeguard(&task)).await
    }

    async fn commit(&self, changes: Changes) -> Result<Receipt, StoreFault> {
        self.run(move |state| state.commit(&changes)).await
    }

    async fn read(&self, query: Query) -> Result<Answer, StoreFault> {
        self.run(move |state| state.read(query)).await
    }

    async fn maintain(
        &self,
        now: WallTime,
        budget: Duration,
        keep_frames_since: Option<WallTime>,
    ) -> Result<Maintenance, StoreFault> {
        self.run(move |state| state.maintain(now, budget, keep_frames_since)).await
    }

    async fn close(&self) -> Result<(), StoreFault> {
        self.run(State::close).await
    }
}
