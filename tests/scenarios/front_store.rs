//! A store in front of the vault: everything goes on to it, after what a scenario does before.
//! Not here: what each scenario does (`held_store`, `store_faults`, `spool`).
use crate::harness::WrapStore;
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_vitals::WallTime;
use std::sync::Arc;
use std::time::Duration;

/// What is done before something goes on to the vault: it may take its time, note it, or refuse it.
#[async_trait]
pub(crate) trait Before: Send + Sync {
    async fn keys(&self, _change: &SlotChange) -> Result<(), StoreFault> {
        Ok(())
    }

    async fn tries_held(&self) -> Result<(), StoreFault> {
        Ok(())
    }

    async fn commit(&self, _changes: &Changes) -> Result<(), StoreFault> {
        Ok(())
    }

    async fn read(&self, _query: &Query) -> Result<(), StoreFault> {
        Ok(())
    }
}

/// Puts it in front of the vault.
pub(crate) fn in_front(before: impl Before + 'static) -> WrapStore {
    Box::new(|store| Arc::new(FrontStore { store, before }))
}

struct FrontStore<B> {
    store: Arc<dyn RecordStore>,
    before: B,
}

#[async_trait]
impl<B: Before> RecordStore for FrontStore<B> {
    async fn presence(&self) -> Result<VaultPresence, StoreFault> {
        self.store.presence().await
    }

    async fn create(&self, new: NewVault) -> Result<(), StoreFault> {
        self.store.create(new).await
    }

    async fn open(&self, unlock: Unlock, mode: OpenMode) -> Result<(), StoreFault> {
        self.store.open(unlock, mode).await
    }

    async fn stand_by(&self) -> Result<(), StoreFault> {
        self.store.stand_by().await
    }

    async fn lock(&self) -> Result<(), StoreFault> {
        self.store.lock().await
    }

    async fn keys(&self, change: SlotChange) -> Result<(), StoreFault> {
        self.before.keys(&change).await?;
        self.store.keys(change).await
    }

    async fn tries_held(&self) -> Result<Box<dyn Send + Sync>, StoreFault> {
        self.before.tries_held().await?;
        self.store.tries_held().await
    }

    async fn vouch(&self, secret: &DeviceSecret) -> Result<(), StoreFault> {
        self.store.vouch(secret).await
    }

    async fn spooled(&self) -> Result<Option<SpooledBatch>, StoreFault> {
        self.store.spooled().await
    }

    async fn safeguard(&self, task: Safeguard) -> Result<SafeguardReport, StoreFault> {
        self.store.safeguard(task).await
    }

    async fn commit(&self, changes: Changes) -> Result<Receipt, StoreFault> {
        self.before.commit(&changes).await?;
        self.store.commit(changes).await
    }

    async fn read(&self, query: Query) -> Result<Answer, StoreFault> {
        self.before.read(&query).await?;
        self.store.read(query).await
    }

    async fn maintain(
        &self,
        now: WallTime,
        budget: Duration,
        keep_frames_since: Option<WallTime>,
    ) -> Result<Maintenance, StoreFault> {
        self.store.maintain(now, budget, keep_frames_since).await
    }

    async fn close(&self) -> Result<(), StoreFault> {
        self.store.close().await
    }
}
