//! The `Radio` port itself: finds the adapter when it is first needed and hands each call to it.
//! Not here: how a link or an adapter is kept.
use crate::adapter::{FoundAdapter, Reports};
use crate::deadline::{Deadlines, to_its_end, within};
use async_trait::async_trait;
use bedside_console::ports::{AdapterState, PeripheralId, Radio, RadioEvent};
use bedside_session::{CharacteristicAddress, DiscoveredService, RadioFault};
use btleplug::api::{Peripheral as _, WriteType};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// The Bluetooth of this computer.
///
/// Every call must be made within a tokio runtime with IO and time. Each ends within the sum of its steps' deadlines
/// and runs on to its end when its caller goes away. A link that ended has to be discovered again before values are
/// read, written or subscribed to; the console decides when to connect again.
#[derive(Debug)]
pub struct BtleplugRadio {
    core: Arc<Core>,
    events: Mutex<Option<mpsc::UnboundedReceiver<RadioEvent>>>,
}

impl BtleplugRadio {
    /// Always succeeds: the adapter is looked for by the first call, and again by each later one while there is none.
    pub fn start() -> Self {
        Self::with_deadlines(Deadlines::default())
    }

    /// The same with other deadlines; for slow systems, and for tests of the deadlines.
    pub fn with_deadlines(deadlines: Deadlines) -> Self {
        let (report, events) = mpsc::unbounded_channel();
        let reports = Arc::new(Reports::new(report));
        let core = Core { deadlines, reports, found: Mutex::default(), finding: tokio::sync::Mutex::default() };
        Self { core: Arc::new(core), events: Mutex::new(Some(events)) }
    }
}

impl Drop for BtleplugRadio {
    fn drop(&mut self) {
        if let Some(adapter) = self.core.found().take() {
            adapter.abandon();
        }
    }
}

#[async_trait]
impl Radio for BtleplugRadio {
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<RadioEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// `Missing` and `NotPermitted` are answers, not faults. Switched off by the person is `Off`.
    async fn adapter_state(&self) -> Result<AdapterState, RadioFault> {
        let core = Arc::clone(&self.core);
        to_its_end(async move { core.adapter_state().await }).await
    }

    /// Also reports, when it starts, the devices that are connected to this computer already: they keep silent.
    /// Listening ends when the adapter is switched off and is not resumed by itself.
    async fn scan(&self, on: bool) -> Result<(), RadioFault> {
        let core = Arc::clone(&self.core);
        to_its_end(async move {
            match (on, core.found_before()) {
                (true, _) => core.adapter().await?.start_scan().await,
                (false, Some(adapter)) => adapter.stop_scan().await,
                (false, None) => Ok(()),
            }
        })
        .await
    }

    async fn connect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            let adapter = core.adapter().await?;
            adapter.require_on().await?;
            adapter.link(&id).await?.connect(core.deadlines).await
        })
        .await
    }

    async fn disconnect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            match core.found_before().and_then(|adapter| adapter.known_link(&id)) {
                Some(link) => link.disconnect(&core.deadlines).await,
                None => Ok(()),
            }
        })
        .await
    }

    async fn discover(&self, peripheral: &PeripheralId) -> Result<Vec<DiscoveredService>, RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move { core.link(&id)?.discover(&core.deadlines).await }).await
    }

    async fn read(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<Vec<u8>, RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            let link = core.link(&id)?;
            let characteristic = link.characteristic(at)?;
            within("read a value", core.deadlines.other, link.peripheral().read(&characteristic)).await
        })
        .await
    }

    async fn write(
        &self,
        peripheral: &PeripheralId,
        at: CharacteristicAddress,
        value: &[u8],
    ) -> Result<(), RadioFault> {
        let (core, id, value) = (Arc::clone(&self.core), peripheral.clone(), value.to_vec());
        to_its_end(async move {
            let link = core.link(&id)?;
            let characteristic = link.characteristic(at)?;
            let writing = link.peripheral().write(&characteristic, &value, WriteType::WithResponse);
            within("write a value", core.deadlines.other, writing).await
        })
        .await
    }

    async fn subscribe(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move { core.link(&id)?.subscribe(at, &core.deadlines).await }).await
    }
}

#[derive(Debug)]
struct Core {
    deadlines: Deadlines,
    reports: Arc<Reports>,
    found: Mutex<Option<Arc<FoundAdapter>>>,
    /// Held while looking for an adapter: one search at a time.
    finding: tokio::sync::Mutex<()>,
}

impl Core {
    /// The adapter in use, or another one when it has gone, or [`RadioFault::NoAdapter`].
    async fn adapter(&self) -> Result<Arc<FoundAdapter>, RadioFault> {
        let _finding = self.finding.lock().await;
        if let Some(adapter) = self.found_before() {
            return Ok(adapter);
        }
        match FoundAdapter::find(self.deadlines, Arc::clone(&self.reports)).await {
            Ok(adapter) => {
                *self.found() = Some(Arc::clone(&adapter));
                Ok(adapter)
            }
            Err(fault) => {
                match &fault {
                    RadioFault::NoAdapter => self.reports.adapter_is(AdapterState::Missing),
                    RadioFault::NotPermitted(_) => self.reports.adapter_is(AdapterState::NotPermitted),
                    RadioFault::AdapterOff
                    | RadioFault::OutOfReach
                    | RadioFault::PairingNeeded
                    | RadioFault::Refused(_)
                    | RadioFault::Deadline { .. }
                    | RadioFault::System(_) => {}
                }
                Err(fault)
            }
        }
    }

    async fn adapter_state(&self) -> Result<AdapterState, RadioFault> {
        let state = match self.adapter().await {
            Ok(adapter) => adapter.state().await,
            Err(fault) => Err(fault),
        };
        match state {
            Err(RadioFault::NoAdapter) => Ok(AdapterState::Missing),
            Err(RadioFault::NotPermitted(_)) => Ok(AdapterState::NotPermitted),
            state => state,
        }
    }

    fn found_before(&self) -> Option<Arc<FoundAdapter>> {
        self.found().clone().filter(|adapter| !adapter.is_gone())
    }

    /// The link of a device that is connected; without one it is out of reach.
    fn link(&self, id: &PeripheralId) -> Result<Arc<crate::link::Link>, RadioFault> {
        self.found_before().and_then(|adapter| adapter.known_link(id)).ok_or(RadioFault::OutOfReach)
    }

    fn found(&self) -> MutexGuard<'_, Option<Arc<FoundAdapter>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
