//! The adapter that was found: its state, its links, and the tasks that follow its events.
//! Not here: one device's link and values, and what is advertised.
use crate::advertising::{Advertising, Heard};
use crate::deadline::{Deadlines, in_turn, within};
use crate::entry::Entry;
use crate::link::Link;
use bedside_console::ports::{AdapterState, PeripheralId, RadioEvent};
use bedside_session::RadioFault;
use btleplug::api::{Central as _, CentralEvent, CentralState, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, Peripheral};
use futures::{Stream, StreamExt};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

type Events = Pin<Box<dyn Stream<Item = CentralEvent> + Send>>;

/// How often in a row the adapter may not answer in time before it counts as gone.
const UNANSWERED_LOOKS: u32 = 3;

/// What the console was last told of the adapter; outlives the adapter itself.
#[derive(Debug)]
pub(crate) struct Reports {
    report: mpsc::UnboundedSender<RadioEvent>,
    known: Mutex<Option<AdapterState>>,
    /// An adapter that was there was taken away, and none was found since.
    unplugged: AtomicBool,
}

impl Reports {
    pub(crate) fn new(report: mpsc::UnboundedSender<RadioEvent>) -> Self {
        Self { report, known: Mutex::new(None), unplugged: AtomicBool::new(false) }
    }

    /// How to say that there is no adapter.
    pub(crate) fn missing(&self) -> AdapterState {
        if self.unplugged.load(Ordering::Acquire) { AdapterState::Unplugged } else { AdapterState::Missing }
    }

    /// Notes the adapter's state and reports it when it differs from the one known before.
    pub(crate) fn adapter_is(&self, state: AdapterState) {
        let before = lock(&self.known).replace(state);
        if before.is_some_and(|before| before != state) {
            let _ = self.report.send(RadioEvent::Adapter(state));
        }
    }
}

/// The adapter in use. When it goes, everything of it ends and the next call looks for one again.
#[derive(Debug)]
pub(crate) struct FoundAdapter {
    adapter: Adapter,
    /// As the system names it.
    name: String,
    deadlines: Deadlines,
    reports: Arc<Reports>,
    links: Mutex<HashMap<PeripheralId, Arc<Link>>>,
    /// Held while a link is opened: two at once would open two notification streams.
    opening: tokio::sync::Mutex<()>,
    scanning: Arc<AtomicBool>,
    heard: mpsc::UnboundedSender<Heard>,
    gone: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl FoundAdapter {
    /// Looks for an adapter, one that is switched on if there are several, and begins to follow its events.
    pub(crate) async fn find(
        entry: &mut Entry,
        deadlines: Deadlines,
        reports: Arc<Reports>,
    ) -> Result<Arc<Self>, RadioFault> {
        let adapters = entry.adapters(deadlines.other).await?;
        let (adapter, name) = choose(adapters, &deadlines).await?;
        let events = within("follow the Bluetooth adapter", deadlines.other, adapter.events()).await?;
        reports.unplugged.store(false, Ordering::Release);
        let (heard, to_describe) = mpsc::unbounded_channel();
        let found = Arc::new(Self {
            adapter: adapter.clone(),
            name,
            deadlines,
            reports: Arc::clone(&reports),
            links: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            scanning: Arc::default(),
            heard,
            gone: AtomicBool::new(false),
            tasks: Mutex::default(),
        });
        let scanning = Arc::clone(&found.scanning);
        let advertising = Advertising { adapter, limit: deadlines.other, scanning, report: reports.report.clone() };
        let mut tasks = vec![
            tokio::spawn(Arc::clone(&found).follow(events)).abort_handle(),
            tokio::spawn(advertising.run(to_describe)).abort_handle(),
        ];
        if cfg!(target_os = "linux") {
            tasks.push(tokio::spawn(Arc::clone(&found).watch()).abort_handle());
        }
        *found.tasks() = tasks;
        if found.is_gone() {
            found.abandon();
            return Err(RadioFault::NoAdapter);
        }
        Ok(found)
    }

    /// Whether the adapter has gone, so that another has to be looked for.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// As the system names it: "hci0".
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// On, off or missing, as the system says now.
    pub(crate) async fn state(&self) -> Result<AdapterState, RadioFault> {
        let limit = self.deadlines.other;
        let state = match within("ask for the adapter's state", limit, self.adapter.adapter_state()).await? {
            CentralState::PoweredOn => AdapterState::On,
            // The library says "off" of a BlueZ adapter that it cannot ask, too.
            CentralState::PoweredOff => match self.look().await {
                Ok(()) => AdapterState::Off,
                Err(fault) => {
                    self.went(&fault);
                    return Err(RadioFault::NoAdapter);
                }
            },
            CentralState::Unknown => AdapterState::Missing,
        };
        self.reports.adapter_is(state);
        Ok(state)
    }

    /// A fault unless the adapter is on.
    pub(crate) async fn require_on(&self) -> Result<(), RadioFault> {
        match self.state().await? {
            AdapterState::On => Ok(()),
            AdapterState::Off => Err(RadioFault::AdapterOff),
            AdapterState::Missing | AdapterState::Unplugged => Err(RadioFault::NoAdapter),
            AdapterState::NotPermitted => Err(RadioFault::NotPermitted("Bluetooth".into())),
        }
    }

    /// Starts to listen. The library would switch an adapter on that is off: the state is asked right before. (A person
    /// who switches it off within that moment sees it come back on once; BlueZ offers no way to exclude this.)
    pub(crate) async fn start_scan(&self) -> Result<(), RadioFault> {
        self.require_on().await?;
        let starting = async {
            match self.adapter.start_scan(ScanFilter::default()).await {
                Err(error) if crate::fault::is_in_progress(&error) => Ok(()),
                answer => answer,
            }
        };
        self.scanning.store(true, Ordering::Release);
        let answer = within("listen for devices", self.deadlines.other, starting).await;
        if answer.is_err() {
            self.scanning.store(false, Ordering::Release);
        } else {
            let _ = self.heard.send(Heard::ConnectedAlready);
        }
        answer
    }

    /// Stops to listen. Not listening is no fault.
    pub(crate) async fn stop_scan(&self) -> Result<(), RadioFault> {
        if !self.scanning.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        match within("stop listening for devices", self.deadlines.other, self.adapter.stop_scan()).await {
            // BlueZ: no discovery of ours was running (any more).
            Err(RadioFault::System(_) | RadioFault::AdapterOff | RadioFault::OutOfReach) => Ok(()),
            answer => answer,
        }
    }

    /// The link of a device that was connected before.
    pub(crate) fn known_link(&self, id: &PeripheralId) -> Option<Arc<Link>> {
        lock(&self.links).get(id).cloned()
    }

    /// The link of a device; opened, not connected, when there is none.
    pub(crate) async fn link(&self, id: &PeripheralId) -> Result<Arc<Link>, RadioFault> {
        let _opening = in_turn("listen to the device", self.deadlines.other, &self.opening).await?;
        let known = self.known_link(id);
        if let Some(link) = known.as_ref().filter(|link| link.is_drained()) {
            return Ok(Arc::clone(link));
        }
        let peripheral = match &known {
            Some(link) => link.peripheral().clone(),
            None => self.peripheral(id).await?,
        };
        let report = self.reports.report.clone();
        let link = Arc::new(Link::open(id.clone(), peripheral, report, &self.deadlines).await?);
        if self.is_gone() {
            return Err(RadioFault::NoAdapter);
        }
        lock(&self.links).insert(id.clone(), Arc::clone(&link));
        Ok(link)
    }

    /// Ends everything of this adapter. `why` is for the log.
    pub(crate) fn end(&self, why: &str) {
        if self.gone.swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::warn!(why, "the Bluetooth adapter is gone");
        self.end_links();
        lock(&self.links).clear();
        self.reports.adapter_is(self.reports.missing());
        for task in self.tasks().drain(..) {
            task.abort();
        }
    }

    /// Ends the tasks without a report: the radio itself is going.
    pub(crate) fn abandon(&self) {
        self.gone.store(true, Ordering::Release);
        lock(&self.links).clear();
        for task in self.tasks().drain(..) {
            task.abort();
        }
    }

    async fn peripheral(&self, id: &PeripheralId) -> Result<Peripheral, RadioFault> {
        let all = within("look for the device", self.deadlines.other, self.adapter.peripherals()).await?;
        all.into_iter().find(|peripheral| peripheral.id().to_string() == id.0).ok_or(RadioFault::OutOfReach)
    }

    /// The task that takes the adapter's events. It awaits nothing else: on macOS and Windows a slow taker loses some.
    async fn follow(self: Arc<Self>, mut events: Events) {
        while let Some(event) = events.next().await {
            match event {
                CentralEvent::DeviceDisconnected(id) => self.link_ended(&PeripheralId(id.to_string())),
                CentralEvent::StateUpdate(state) => self.state_changed(state),
                // BlueZ also lists a device's services anew when its link ends. What is really heard comes with a signal
                // strength there; a cuff that has just hung up must not be called back.
                CentralEvent::ServicesAdvertisement { .. } if cfg!(target_os = "linux") => {}
                CentralEvent::DeviceDiscovered(id)
                | CentralEvent::DeviceUpdated(id)
                | CentralEvent::ManufacturerDataAdvertisement { id, .. }
                | CentralEvent::ServiceDataAdvertisement { id, .. }
                | CentralEvent::ServicesAdvertisement { id, .. }
                | CentralEvent::RssiUpdate { id, .. } => {
                    if self.scanning.load(Ordering::Acquire) {
                        let _ = self.heard.send(Heard::Device(id));
                    }
                }
                CentralEvent::DeviceConnected(_) | CentralEvent::DeviceServicesModified(_) => {}
            }
        }
        self.end("its events ended");
    }

    fn link_ended(&self, id: &PeripheralId) {
        if let Some(link) = self.known_link(id) {
            link.end();
        }
    }

    fn state_changed(&self, state: CentralState) {
        let state = match state {
            CentralState::PoweredOn => AdapterState::On,
            CentralState::PoweredOff => AdapterState::Off,
            CentralState::Unknown => AdapterState::Missing,
        };
        if state != AdapterState::On {
            // The system forgets our wish to listen, and no link outlives the power.
            self.scanning.store(false, Ordering::Release);
            self.end_links();
        }
        self.reports.adapter_is(state);
    }

    fn end_links(&self) {
        let links: Vec<_> = lock(&self.links).values().cloned().collect();
        for link in links {
            link.end();
        }
    }

    /// Looks again and again whether the adapter is there: a Bluetooth service that ends sends no signal.
    async fn watch(self: Arc<Self>) {
        let mut unanswered = 0;
        loop {
            tokio::time::sleep(self.deadlines.watch).await;
            match self.look().await {
                Ok(()) => unanswered = 0,
                Err(RadioFault::Deadline { .. }) if unanswered + 1 < UNANSWERED_LOOKS => unanswered += 1,
                Err(fault) => return self.went(&fault),
            }
        }
    }

    /// The adapter did not answer for good. A Bluetooth service that still answers and does not know it (any more) says
    /// that it was taken away.
    fn went(&self, fault: &RadioFault) {
        let unplugged = *fault == RadioFault::OutOfReach;
        self.reports.unplugged.store(unplugged, Ordering::Release);
        self.end(if unplugged { "it was taken away" } else { "it does not answer" });
    }

    /// Forgets a device whose objects the system removed; it is found anew when it is heard again.
    pub(crate) fn drop_link(&self, id: &PeripheralId) {
        if let Some(link) = lock(&self.links).remove(id) {
            link.end();
        }
    }

    async fn look(&self) -> Result<(), RadioFault> {
        within("look for the Bluetooth adapter", self.deadlines.other, self.adapter.adapter_info()).await.map(drop)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<AbortHandle>> {
        lock(&self.tasks)
    }
}

/// The first that is on, else the first, in the order of names: the system lists them in any order. With its name.
async fn choose(adapters: Vec<Adapter>, deadlines: &Deadlines) -> Result<(Adapter, String), RadioFault> {
    let mut named = Vec::new();
    for adapter in adapters {
        let described = within("ask for an adapter's name", deadlines.other, adapter.adapter_info()).await;
        // One that is just being pulled out has none.
        if let Ok(described) = described {
            let name = described.split_whitespace().next().unwrap_or("adapter").to_owned();
            named.push((name, adapter));
        }
    }
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, adapter) in &named {
        let state = within("ask for the adapter's state", deadlines.other, adapter.adapter_state()).await;
        if matches!(state, Ok(CentralState::PoweredOn)) {
            return Ok((adapter.clone(), name.clone()));
        }
    }
    named.into_iter().next().map(|(name, adapter)| (adapter, name)).ok_or(RadioFault::NoAdapter)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
