//! `RecordStore` over SQLCipher: one folder, one encrypted database, one writer, readers beside it.
//! Not here: where the device secret comes from, and what the records mean.

mod cipher;
mod commit;
mod fault;
mod folder;
mod maintain;
mod query;
mod samples;
mod slots;
mod state;
mod tables;
mod trend;

use async_trait::async_trait;
use bedside_console::ports::{Answer, DeviceSecret, OpenMode, Query, RecordStore, StoreFault, VaultId, VaultPresence};
use bedside_console::{Changes, Maintenance, Receipt};
use bedside_vitals::WallTime;
use state::State;
use std::path::Path;
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

    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), StoreFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |state| state.create(vault, &secret)).await
    }

    async fn open(&self, secret: &DeviceSecret, mode: OpenMode) -> Result<(), StoreFault> {
        let secret = DeviceSecret::new(*secret.reveal());
        self.run(move |state| state.open(&secret, mode)).await
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
