//! The `Radio` port itself: finds the adapter when it is first needed and hands each call to it.
//! Not here: how a link or an adapter is kept.
use crate::adapter::{FoundAdapter, Reports};
use crate::bonds::{Bonds, Limits};
use crate::deadline::{Deadlines, in_turn, to_its_end, within};
use crate::entry::Entry;
use crate::library_failures;
use async_trait::async_trait;
use bedside_console::OpenQuestions;
use bedside_console::ports::{
    AdapterState, Bond, Diagnosis, Pairing, PairingAnswer, PeripheralId, PromptId, Radio, RadioEvent,
};
use bedside_session::{CharacteristicAddress, DiscoveredService, PairingFault, RadioFault};
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
        library_failures::begin_counting();
        let questions = Arc::new(OpenQuestions::new(report.clone(), deadlines.answer));
        let limits = Limits { pair: deadlines.pair, other: deadlines.other };
        let bonds = Bonds::new(Arc::clone(&questions), limits);
        let reports = Arc::new(Reports::new(report));
        let core = Core {
            deadlines,
            reports,
            questions,
            bonds,
            found: Mutex::default(),
            finding: tokio::sync::Mutex::default(),
        };
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

    async fn diagnosis(&self) -> Diagnosis {
        let core = Arc::clone(&self.core);
        let asking = to_its_end(async move { Ok(core.diagnosis().await) });
        asking.await.unwrap_or_default()
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
            let link = adapter.link(&id).await?;
            // Before the link: some systems ask as soon as it is up.
            let agent = core.bonds.lease().await;
            let connecting = core.bonds.watching(&id, Arc::clone(&link).connect(core.deadlines)).await;
            if let Err(RadioFault::PairingNeeded | RadioFault::Pairing(PairingFault::BondsDisagree)) = connecting {
                // The call was left in its midst: what the system makes of it would be a link that nobody knows.
                link.give_up(&core.deadlines).await;
            }
            connecting?;
            link.keep(agent);
            Ok(())
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
        to_its_end(async move {
            let link = core.link(&id)?;
            core.bonds.watching(&id, link.discover(&core.deadlines)).await
        })
        .await
    }

    async fn read(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<Vec<u8>, RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            let link = core.link(&id)?;
            let characteristic = link.characteristic(at)?;
            let reading = within("read a value", core.deadlines.other, link.peripheral().read(&characteristic));
            core.bonds.watching(&id, reading).await
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
            core.bonds.watching(&id, within("write a value", core.deadlines.other, writing)).await
        })
        .await
    }

    async fn subscribe(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            let link = core.link(&id)?;
            core.bonds.watching(&id, link.subscribe(at, &core.deadlines)).await
        })
        .await
    }
}

#[async_trait]
impl Pairing for BtleplugRadio {
    async fn bond(&self, peripheral: &PeripheralId) -> Result<Bond, RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move { core.bonds.bond(&id).await }).await
    }

    /// Needs an adapter that is on; makes a link where there is none, and leaves it up.
    async fn pair(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            core.adapter().await?.require_on().await?;
            core.bonds.pair(&id).await
        })
        .await
    }

    async fn answer_pairing(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), RadioFault> {
        Ok(self.core.questions.answer(prompt, answer)?)
    }

    async fn forget(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        let (core, id) = (Arc::clone(&self.core), peripheral.clone());
        to_its_end(async move {
            let adapter = core.found_before();
            if let Some(link) = adapter.as_ref().and_then(|adapter| adapter.known_link(&id)) {
                // A link that does not end in time goes with the bond.
                let _ = link.disconnect(&core.deadlines).await;
            }
            core.bonds.forget(&id).await?;
            if let Some(adapter) = adapter {
                adapter.drop_link(&id);
            }
            Ok(())
        })
        .await
    }
}

#[derive(Debug)]
struct Core {
    deadlines: Deadlines,
    reports: Arc<Reports>,
    questions: Arc<OpenQuestions>,
    bonds: Arc<Bonds>,
    found: Mutex<Option<Arc<FoundAdapter>>>,
    /// Held while looking for an adapter: one search at a time.
    finding: tokio::sync::Mutex<Entry>,
}

impl Core {
    /// The adapter in use, or another one when it has gone, or [`RadioFault::NoAdapter`].
    async fn adapter(&self) -> Result<Arc<FoundAdapter>, RadioFault> {
        let mut entry = in_turn("look for a Bluetooth adapter", self.deadlines.other, &self.finding).await?;
        if let Some(adapter) = self.found_before() {
            return Ok(adapter);
        }
        match FoundAdapter::find(&mut entry, self.deadlines, Arc::clone(&self.reports)).await {
            Ok(adapter) => {
                *self.found() = Some(Arc::clone(&adapter));
                Ok(adapter)
            }
            Err(fault) => {
                match &fault {
                    RadioFault::NoAdapter => self.reports.adapter_is(self.reports.missing()),
                    RadioFault::NotPermitted(_) => self.reports.adapter_is(AdapterState::NotPermitted),
                    RadioFault::AdapterOff
                    | RadioFault::OutOfReach
                    | RadioFault::PairingNeeded
                    | RadioFault::Pairing(_)
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
            Err(RadioFault::NoAdapter) => Ok(self.reports.missing()),
            Err(RadioFault::NotPermitted(_)) => Ok(AdapterState::NotPermitted),
            state => state,
        }
    }

    async fn diagnosis(&self) -> Diagnosis {
        let found = self.found_before();
        #[cfg(target_os = "linux")]
        let adapters = crate::adapters::all(found.as_ref().map(|adapter| adapter.name()), self.deadlines.other).await;
        #[cfg(not(target_os = "linux"))]
        let adapters = match &found {
            Some(adapter) => {
                adapter.state().await.map(|state| crate::adapters::only(adapter.name(), state)).unwrap_or_default()
            }
            None => Vec::new(),
        };
        Diagnosis { adapters, library_failures: library_failures::count() }
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
