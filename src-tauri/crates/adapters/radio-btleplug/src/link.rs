//! One device: whether its link is up, its characteristics, and the task that drains its notifications.
//! Not here: the adapter, scanning, or who wants the link.
use crate::bonds::AgentLease;
use crate::deadline::{Deadlines, in_turn, within};
use bedside_console::ports::{PeripheralId, RadioEvent};
use bedside_session::{CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, Properties, RadioFault};
use btleplug::api::{CharPropFlags, Characteristic, Peripheral as _, ValueNotification};
use btleplug::platform::Peripheral;
use futures::{Stream, StreamExt};
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

/// How long the system may take to say that a link ended which we ended; after that we say it ourselves.
const LAG_OF_EVENTS: Duration = Duration::from_secs(2);

/// One device and its notification stream, kept from the first connect to the end of the adapter: a second stream would
/// deliver every value twice, and the first goes on after a reconnect.
#[derive(Debug)]
pub(crate) struct Link {
    id: PeripheralId,
    peripheral: Peripheral,
    state: Mutex<LinkState>,
    up: watch::Sender<bool>,
    subscribed: Subscribed,
    ended: mpsc::UnboundedSender<()>,
    report: mpsc::UnboundedSender<RadioEvent>,
    drain: AbortHandle,
    /// Held while a link is being made or an unfinished attempt is being cleared away.
    busy: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct LinkState {
    /// How often the system reported an end: tells whether a link that was just made has ended meanwhile.
    ends: u64,
    /// Empty until discovered, and again when the link ends: handles do not outlive a link.
    table: HashMap<CharacteristicAddress, Characteristic>,
    /// While the link is up the system may ask us about a pairing.
    agent: Option<AgentLease>,
}

type Subscribed = Arc<Mutex<HashSet<CharacteristicAddress>>>;
type Notifications = Pin<Box<dyn Stream<Item = ValueNotification> + Send>>;

impl Link {
    /// Opens the notification stream of a device and begins to drain it; makes no link yet.
    pub(crate) async fn open(
        id: PeripheralId,
        peripheral: Peripheral,
        report: mpsc::UnboundedSender<RadioEvent>,
        deadlines: &Deadlines,
    ) -> Result<Self, RadioFault> {
        let notifications = within("listen to the device", deadlines.other, peripheral.notifications()).await?;
        let (ended, ends) = mpsc::unbounded_channel();
        let subscribed = Subscribed::default();
        let drain = Drain { id: id.clone(), subscribed: Arc::clone(&subscribed), report: report.clone() };
        let drain = tokio::spawn(drain.run(notifications, ends)).abort_handle();
        let (state, up) = (Mutex::default(), watch::Sender::new(false));
        Ok(Self { id, peripheral, state, up, subscribed, ended, report, drain, busy: Arc::default() })
    }

    /// The device's handle in the library.
    pub(crate) const fn peripheral(&self) -> &Peripheral {
        &self.peripheral
    }

    /// Makes the link. One that is up already is no fault.
    pub(crate) async fn connect(self: Arc<Self>, deadlines: Deadlines) -> Result<(), RadioFault> {
        const STEP: &str = "connect";
        let busy = within(STEP, deadlines.connect, async { Ok(Arc::clone(&self.busy).lock_owned().await) }).await?;
        if self.is_up() {
            if within(STEP, deadlines.other, self.peripheral.is_connected()).await? {
                return Ok(());
            }
            // The end of the former link is on its way to us: it must not be taken for the end of the new one.
            self.await_end().await;
        }
        let ends_before = self.state().ends;
        let connecting = async {
            match self.peripheral.connect().await {
                Err(error) if crate::fault::is_in_progress(&error) && self.peripheral.is_connected().await? => Ok(()),
                answer => answer,
            }
        };
        match within(STEP, deadlines.connect, connecting).await {
            Ok(()) => self.came_up(ends_before, &deadlines).await,
            Err(fault) => {
                if matches!(fault, RadioFault::Deadline { .. }) {
                    // The system goes on trying on its own; a later success would be a link that nobody knows.
                    tokio::spawn(async move {
                        self.call_off(&deadlines).await;
                        drop(busy);
                    });
                }
                Err(fault)
            }
        }
    }

    /// Takes back a connect that was left unfinished. No other begins meanwhile.
    pub(crate) async fn give_up(&self, deadlines: &Deadlines) {
        // Whoever holds it for longer than that is connecting or calling off, too.
        if let Ok(_busy) = in_turn("give up connecting", deadlines.other, &self.busy).await {
            self.call_off(deadlines).await;
        }
    }

    async fn call_off(&self, deadlines: &Deadlines) {
        // A link that does not end in time is met by the next connect.
        let _ = within("give up connecting", deadlines.other, self.peripheral.disconnect()).await;
    }

    /// Ends the link. One that is gone is no fault.
    pub(crate) async fn disconnect(&self, deadlines: &Deadlines) -> Result<(), RadioFault> {
        match within("disconnect", deadlines.other, self.peripheral.disconnect()).await {
            Ok(()) | Err(RadioFault::OutOfReach | RadioFault::AdapterOff) => {
                self.await_end().await;
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }

    /// Discovers the services of a link that is up; replaces what was known of a former link.
    pub(crate) async fn discover(&self, deadlines: &Deadlines) -> Result<Vec<DiscoveredService>, RadioFault> {
        const STEP: &str = "discover the services";
        let ends_before = self.ends_while_up()?;
        within(STEP, deadlines.discover, self.peripheral.discover_services()).await?;
        let services = self.peripheral.services();
        if services.is_empty() {
            // The library answers so when the services were not resolved: no device is without one.
            return Err(RadioFault::System("the device showed no services".into()));
        }
        let characteristics = services.iter().flat_map(|service| service.characteristics.iter().cloned());
        let table = characteristics.map(|c| (address(c.service_uuid, c.uuid), c)).collect();
        {
            let mut state = self.state();
            if state.ends != ends_before {
                return Err(RadioFault::OutOfReach);
            }
            state.table = table;
        }
        Ok(services.iter().map(discovered).collect())
    }

    /// A characteristic of the link that is up.
    pub(crate) fn characteristic(&self, at: CharacteristicAddress) -> Result<Characteristic, RadioFault> {
        self.ends_while_up()?;
        self.state().table.get(&at).cloned().ok_or_else(|| {
            let CharacteristicAddress { service, characteristic } = at;
            RadioFault::Refused(format!("no characteristic {characteristic} was discovered in its service {service}"))
        })
    }

    /// Turns notifications or indications on.
    pub(crate) async fn subscribe(&self, at: CharacteristicAddress, deadlines: &Deadlines) -> Result<(), RadioFault> {
        let characteristic = self.characteristic(at)?;
        // Before the call: the first value may arrive before its answer.
        let is_new = lock(&self.subscribed).insert(at);
        let subscribing = async {
            match self.peripheral.subscribe(&characteristic).await {
                Err(error) if crate::fault::is_in_progress(&error) => Ok(()),
                answer => answer,
            }
        };
        let answer = within("subscribe to a value", deadlines.other, subscribing).await;
        if answer.is_err() && is_new {
            lock(&self.subscribed).remove(&at);
        }
        answer
    }

    /// The link ended, by whatever sign. Reported once per link, after the values that came before it.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ends += 1;
        state.table.clear();
        state.agent = None;
        let was_up = self.up.send_replace(false);
        drop(state);
        if was_up && self.ended.send(()).is_err() {
            let _ = self.report.send(RadioEvent::LinkEnded(self.id.clone()));
        }
    }

    /// Keeps the agent for as long as the link is up.
    pub(crate) fn keep(&self, agent: Option<AgentLease>) {
        let mut state = self.state();
        if self.is_up() {
            state.agent = agent;
        }
    }

    /// Whether values can still arrive; a link whose stream ended has to be opened anew.
    pub(crate) fn is_drained(&self) -> bool {
        !self.drain.is_finished()
    }

    fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    fn ends_while_up(&self) -> Result<u64, RadioFault> {
        let state = self.state();
        if self.is_up() { Ok(state.ends) } else { Err(RadioFault::OutOfReach) }
    }

    /// Marks the link as up, unless it has ended since `ends_before`.
    async fn came_up(&self, ends_before: u64, deadlines: &Deadlines) -> Result<(), RadioFault> {
        {
            let state = self.state();
            if state.ends == ends_before {
                self.up.send_replace(true);
                return Ok(());
            }
        }
        // An end was reported meanwhile: of this link, or a late word about an attempt before it. The system knows.
        if within("connect", deadlines.other, self.peripheral.is_connected()).await? {
            self.up.send_replace(true);
            return Ok(());
        }
        Err(RadioFault::OutOfReach)
    }

    /// Waits until the end is reported; not every system reports the end that we asked for.
    async fn await_end(&self) {
        let mut up = self.up.subscribe();
        if tokio::time::timeout(LAG_OF_EVENTS, up.wait_for(|up| !up)).await.is_err() {
            self.end();
        }
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        lock(&self.state)
    }
}

/// The task of one device: notifications go on into the unbounded channel, nothing else is done.
struct Drain {
    id: PeripheralId,
    subscribed: Subscribed,
    report: mpsc::UnboundedSender<RadioEvent>,
}

impl Drain {
    /// Runs until the stream ends or the link is dropped, which closes `ends` after what was told before.
    async fn run(self, mut notifications: Notifications, mut ends: mpsc::UnboundedReceiver<()>) {
        loop {
            // In this order: what arrived before the link ended is reported before its end.
            let event = tokio::select! {
                biased;
                value = notifications.next() => match value {
                    Some(value) => self.event_of(value),
                    None => break,
                },
                ended = ends.recv() => match ended {
                    Some(()) => Some(RadioEvent::LinkEnded(self.id.clone())),
                    None => break,
                },
            };
            if event.is_some_and(|event| self.report.send(event).is_err()) {
                break;
            }
        }
    }

    /// BlueZ also announces values that were only read: what nobody subscribed to is no notification.
    fn event_of(&self, value: ValueNotification) -> Option<RadioEvent> {
        let address = address(value.service_uuid, value.uuid);
        let wanted = lock(&self.subscribed).contains(&address);
        wanted.then(|| RadioEvent::Value { peripheral: self.id.clone(), address, bytes: value.value })
    }
}

const fn address(service: uuid::Uuid, characteristic: uuid::Uuid) -> CharacteristicAddress {
    CharacteristicAddress { service, characteristic }
}

fn discovered(service: &btleplug::api::Service) -> DiscoveredService {
    let characteristics = service.characteristics.iter().map(|characteristic| {
        let allows = |flag| characteristic.properties.contains(flag);
        let properties = Properties {
            read: allows(CharPropFlags::READ),
            write: allows(CharPropFlags::WRITE),
            notify: allows(CharPropFlags::NOTIFY),
            indicate: allows(CharPropFlags::INDICATE),
        };
        DiscoveredCharacteristic { uuid: characteristic.uuid, properties }
    });
    DiscoveredService { uuid: service.uuid, characteristics: characteristics.collect() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use uuid::Uuid;

    const SUBSCRIBED: Uuid = Uuid::from_u128(1);
    const ONLY_READ: Uuid = Uuid::from_u128(2);

    /// What the console hears of `notifications` that are all there when the link has already ended.
    async fn reports_of(notifications: Vec<(Uuid, u8)>, then: Notifications) -> Vec<RadioEvent> {
        let (report, mut reports) = mpsc::unbounded_channel();
        let (ended, ends) = mpsc::unbounded_channel();
        ended.send(()).expect("the channel is open");
        drop(ended);
        let subscribed = Arc::new(Mutex::new(HashSet::from([address(Uuid::nil(), SUBSCRIBED)])));
        let values = notifications.into_iter().map(|(uuid, value)| notification(uuid, value));
        let stream = Box::pin(stream::iter(values).chain(then));
        Drain { id: PeripheralId("strap".into()), subscribed, report }.run(stream, ends).await;
        std::iter::from_fn(|| reports.try_recv().ok()).collect()
    }

    fn notification(uuid: Uuid, value: u8) -> ValueNotification {
        ValueNotification { uuid, service_uuid: Uuid::nil(), value: vec![value] }
    }

    fn value(value: u8) -> RadioEvent {
        let address = address(Uuid::nil(), SUBSCRIBED);
        RadioEvent::Value { peripheral: PeripheralId("strap".into()), address, bytes: vec![value] }
    }

    #[tokio::test]
    async fn every_value_before_the_end_of_a_link_is_reported_before_it() {
        let many: Vec<_> = (0..100).map(|n| (SUBSCRIBED, n)).collect();
        let reports = reports_of(many, Box::pin(stream::pending())).await;
        let mut expected: Vec<_> = (0..100).map(value).collect();
        expected.push(RadioEvent::LinkEnded(PeripheralId("strap".into())));
        assert_eq!(reports, expected);
    }

    #[tokio::test]
    async fn a_value_that_nobody_subscribed_to_is_not_reported() {
        let both = vec![(ONLY_READ, 1), (SUBSCRIBED, 2)];
        assert_eq!(reports_of(both, Box::pin(stream::empty())).await, [value(2)]);
    }
}
