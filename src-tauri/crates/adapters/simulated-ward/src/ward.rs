//! The ward as a radio: paces the world by tokio's clock and lends it to the calls of the port.
//! What happens in the ward is decided in `world.rs`.
use crate::control::Control;
use crate::ledger::LedgerEntry;
use crate::scenario::Scenario;
use crate::world::World;
use async_trait::async_trait;
use bedside_console::OpenQuestions;
use bedside_console::ports::{AdapterLine, AdapterState, Diagnosis, PeripheralId, Radio, RadioEvent};
use bedside_session::{CharacteristicAddress, DiscoveredService, RadioFault};
use bedside_vitals::WallTime;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// A radio with simulated devices around it. It lives until it and its controls are dropped.
pub struct SimulatedWard {
    shared: Arc<Shared>,
    events: Mutex<Option<mpsc::UnboundedReceiver<RadioEvent>>>,
    pace: Mutex<bool>,
    questions: OpenQuestions,
}

/// The world and when it began.
pub(crate) struct Shared {
    world: Mutex<World>,
    began: Instant,
    /// Told when something may be due earlier than before.
    changed: Arc<Notify>,
}

impl SimulatedWard {
    /// A ward in which it is `start` now. Devices begin to live with the first call of the port.
    pub fn new(scenario: &Scenario, start: WallTime) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let questions = OpenQuestions::new(sender.clone(), OpenQuestions::USUAL);
        let world = Mutex::new(World::new(scenario, start, sender));
        let shared = Shared { world, began: Instant::now(), changed: Arc::new(Notify::new()) };
        Self { shared: Arc::new(shared), events: Mutex::new(Some(receiver)), pace: Mutex::new(false), questions }
    }

    /// Writes the ledger as JSON lines too, each line flushed. A fault of the writer is in [`Self::ledger_fault`].
    #[must_use]
    pub fn writing_ledger_to(self, writer: Box<dyn Write + Send>) -> Self {
        self.shared.with(|world| world.ledger.write_to(writer));
        self
    }

    /// Keeps no ledger in memory: for demonstrations that run for days.
    #[must_use]
    pub fn keeping_no_ledger(self) -> Self {
        self.shared.with(|world| world.ledger.keep_none());
        self
    }

    /// Everything that was handed to a link so far, in order.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.shared.with(|world| world.ledger.snapshot())
    }

    /// Why the ledger's file ends, if its writer failed; told once.
    pub fn ledger_fault(&self) -> Option<std::io::Error> {
        self.shared.with(|world| world.ledger.take_fault())
    }

    /// A handle that makes things happen in the ward.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The questions to a person that are open.
    pub(crate) const fn questions(&self) -> &OpenQuestions {
        &self.questions
    }

    /// Starts the pacing task once, on the runtime that polls the port.
    pub(crate) fn keep_pace(&self) -> Result<(), RadioFault> {
        let mut running = lock(&self.pace);
        if !*running {
            let runtime =
                tokio::runtime::Handle::try_current().map_err(|error| RadioFault::System(error.to_string()))?;
            runtime.spawn(pace(Arc::downgrade(&self.shared), Arc::clone(&self.shared.changed)));
            *running = true;
        }
        Ok(())
    }

    /// A call on a link: it takes its time, and fails when the link does not outlive it.
    async fn call<T>(
        &self,
        peripheral: &PeripheralId,
        (least_ms, most_ms): (i64, i64),
        act: impl FnOnce(&mut World, u64) -> Result<T, RadioFault>,
    ) -> Result<T, RadioFault> {
        self.keep_pace()?;
        let (link, delay) = self.shared.with(|world| world.begin_call(peripheral, least_ms, most_ms))?;
        tokio::time::sleep(delay).await;
        self.shared.with(|world| act(world, link))
    }
}

impl Shared {
    /// Brings the world to the present and does something to it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.world);
        world.advance(self.began.elapsed());
        let answer = act(&mut world);
        drop(world);
        self.changed.notify_one();
        answer
    }

    /// Brings the world to the present; answers when it is due again.
    fn advance(&self) -> Option<Duration> {
        let mut world = lock(&self.world);
        world.advance(self.began.elapsed());
        world.due()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The pacing task waits on this; it wakes, finds the ward gone and ends.
        self.changed.notify_one();
    }
}

/// Lets the world happen on time until the ward is dropped.
async fn pace(shared: Weak<Shared>, changed: Arc<Notify>) {
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let due = strong.advance().map(|due| strong.began + due);
        drop(strong);
        let until_due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = until_due => {}
            () = changed.notified() => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Radio for SimulatedWard {
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<RadioEvent>> {
        lock(&self.events).take()
    }

    async fn adapter_state(&self) -> Result<AdapterState, RadioFault> {
        self.keep_pace()?;
        Ok(self.shared.with(|world| world.adapter()))
    }

    async fn diagnosis(&self) -> Diagnosis {
        let state = self.shared.with(|world| world.adapter());
        let gone = matches!(state, AdapterState::Missing | AdapterState::Unplugged);
        let line = AdapterLine { name: "simulated".into(), state, in_use: true };
        Diagnosis { adapters: if gone { vec![] } else { vec![line] }, library_failures: 0 }
    }

    async fn scan(&self, on: bool) -> Result<(), RadioFault> {
        self.keep_pace()?;
        self.shared.with(|world| world.scan(on))
    }

    async fn connect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.keep_pace()?;
        match self.shared.with(|world| world.begin_connect(peripheral)) {
            Ok(delay) => {
                tokio::time::sleep(delay).await;
                self.shared.with(|world| world.finish_connect(peripheral))
            }
            Err((fault, known_after)) => {
                tokio::time::sleep(known_after).await;
                Err(fault)
            }
        }
    }

    async fn disconnect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.keep_pace()?;
        self.shared.with(|world| world.disconnect(peripheral));
        Ok(())
    }

    async fn discover(&self, peripheral: &PeripheralId) -> Result<Vec<DiscoveredService>, RadioFault> {
        self.call(peripheral, (150, 400), |world, link| world.discover(peripheral, link)).await
    }

    async fn read(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<Vec<u8>, RadioFault> {
        self.call(peripheral, (15, 60), |world, link| world.read(peripheral, link, at)).await
    }

    async fn write(
        &self,
        peripheral: &PeripheralId,
        at: CharacteristicAddress,
        value: &[u8],
    ) -> Result<(), RadioFault> {
        self.call(peripheral, (15, 60), |world, link| world.write(peripheral, link, at, value)).await
    }

    async fn subscribe(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<(), RadioFault> {
        self.call(peripheral, (20, 70), |world, link| world.subscribe(peripheral, link, at)).await
    }
}
