//! Bonds through BlueZ: whether one is kept, pairing, forgetting; on a bus connection of our own beside the library's.
//! The questions that BlueZ asks meanwhile are in `agent.rs`.
use super::Limits;
use super::agent::{AGENT_PATH, Agent, Calls};
use crate::deadline::in_turn;
use crate::fault::{fault_of_bus, safe_text};
use bedside_console::OpenQuestions;
use bedside_console::ports::{Bond, BondSource, BondState, PairingQuestion, PeripheralId};
use bedside_session::{PairingFault, RadioFault};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use zbus::zvariant::ObjectPath;
use zbus::{Connection, Proxy};

const BLUEZ: &str = "org.bluez";
/// It has a display and keys as far as BlueZ is concerned: what is shown and typed is in our window.
const CAPABILITY: &str = "KeyboardDisplay";

/// The bonds that BlueZ keeps.
#[derive(Debug)]
pub(crate) struct Bonds {
    calls: Arc<Calls>,
    /// Opened by the first call, and anew when the bus went away.
    bus: Mutex<Option<Connection>>,
    registered: Mutex<Registered>,
    unneeded: mpsc::UnboundedSender<()>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Registered {
    /// Where our agent is known to BlueZ.
    bus: Option<Connection>,
    needed_by: usize,
}

/// While it lives BlueZ knows our agent. The last one to go takes the agent with it.
#[derive(Debug)]
pub(crate) struct AgentLease(mpsc::UnboundedSender<()>);

impl Drop for AgentLease {
    fn drop(&mut self) {
        // Without a receiver the radio is gone, and its bus connection with the agent, too.
        let _ = self.0.send(());
    }
}

impl Bonds {
    /// Nothing is asked of the bus yet.
    pub(crate) fn new(questions: Arc<OpenQuestions>, limits: Limits) -> Arc<Self> {
        let (unneeded, given_back) = mpsc::unbounded_channel();
        let calls = Arc::new(Calls::new(questions));
        let bonds = Arc::new(Self { calls, bus: Mutex::default(), registered: Mutex::default(), unneeded, limits });
        *lock_sync(&bonds.calls.given_back) = Some(given_back);
        bonds
    }

    /// Lets BlueZ know our agent for as long as the lease lives. A system without one is no fault here: what needs it
    /// will say so.
    pub(crate) async fn lease(self: &Arc<Self>) -> Option<AgentLease> {
        self.follow_leases();
        let refused = |fault: &RadioFault| tracing::warn!(code = "PAIRING-AGENT", %fault, "no pairing questions");
        self.register().await.inspect_err(refused).ok()
    }

    /// Registers each time: a BlueZ that was started anew in between knows nothing of us, and does not say so.
    async fn register(&self) -> Result<AgentLease, RadioFault> {
        const STEP: &str = "register for pairing questions";
        let mut registered = in_turn(STEP, self.limits.other, &self.registered).await?;
        let bus = self.bus().await?;
        // What BlueZ let go before is of no matter from here on.
        self.calls.was_released();
        self.in_time(STEP, register(&bus)).await?;
        registered.bus = Some(bus);
        registered.needed_by += 1;
        Ok(AgentLease(self.unneeded.clone()))
    }

    pub(crate) async fn bond(&self, id: &PeripheralId) -> Result<Bond, RadioFault> {
        let bus = self.bus().await?;
        let asking = async {
            let device = device(&bus, id).await?;
            // `Bonded` is newer than BlueZ 5.66; before, `Paired` says nearly the same.
            match device.get_property::<bool>("Bonded").await {
                Ok(bonded) => Ok(bonded),
                Err(_) => device.get_property::<bool>("Paired").await,
            }
        };
        match self.in_time("ask for the bond", asking).await {
            // BlueZ forgot the device itself, and so its bond.
            Ok(false) | Err(RadioFault::OutOfReach) => Ok(told(BondState::NotBonded)),
            Ok(true) => Ok(told(BondState::Bonded)),
            Err(fault) => Err(fault),
        }
    }

    /// Pairs after a person's yes. A bond that is there already is left as it is.
    pub(crate) async fn pair(self: &Arc<Self>, id: &PeripheralId) -> Result<(), RadioFault> {
        if self.bond(id).await?.state == BondState::Bonded {
            return Ok(());
        }
        self.calls.questions.ask(id, PairingQuestion::MayBond).await?;
        let _lease = self.lease().await.ok_or(RadioFault::NoAdapter)?;
        let pairing = self.calls.allow(id);
        // The one that our agent is registered on.
        let bus = self.bus().await?;
        let calling = async { device(&bus, id).await?.call_method("Pair", &()).await.map(drop) };
        let answer = tokio::time::timeout(self.limits.pair, calling).await;
        // What a person said goes before what BlueZ made of it.
        let said_here = pairing.fault();
        drop(pairing);
        match (answer, said_here) {
            (Ok(Ok(())), None) => {
                self.trust(&bus, id).await;
                Ok(())
            }
            (Ok(Ok(())), Some(fault)) => {
                // The no came while BlueZ was finishing: no bond is kept against it.
                let forgotten = self.forget(id).await;
                let kept = |fault: &RadioFault| tracing::warn!(code = "PAIRING", %fault, "a refused bond was kept");
                let _ = forgotten.inspect_err(kept);
                Err(fault.into())
            }
            (_, Some(fault)) => Err(fault.into()),
            (Ok(Err(error)), None) => Err(pairing_fault(&error)),
            (Err(_), None) => {
                let cancelling = async { device(&bus, id).await?.call_method("CancelPairing", &()).await.map(drop) };
                // It ends by itself some time if this fails, too.
                let _ = self.in_time("call the pairing off", cancelling).await;
                Err(PairingFault::TimedOut.into())
            }
        }
    }

    /// BlueZ forgets the device with its bond; the next scan finds it anew.
    pub(crate) async fn forget(&self, id: &PeripheralId) -> Result<(), RadioFault> {
        let bus = self.bus().await?;
        let forgetting = async {
            let path = device_path(id)?;
            let adapter = path.as_str().rsplit_once('/').map_or("/", |(adapter, _)| adapter).to_owned();
            let adapter = Proxy::new(&bus, BLUEZ, adapter, "org.bluez.Adapter1").await?;
            adapter.call_method("RemoveDevice", &(path,)).await.map(drop)
        };
        match self.in_time("forget the device", forgetting).await {
            // It did not know the device: then there is nothing to forget.
            Err(RadioFault::OutOfReach) => Ok(()),
            answer => answer,
        }
    }

    /// Ends when BlueZ asked about this device though nobody here pairs it: then it wants to be paired.
    pub(crate) fn asked_by_system(&self, id: &PeripheralId) -> impl Future<Output = ()> + '_ {
        self.calls.asked_by_system(id)
    }

    /// A paired device that is trusted may come back without a question of BlueZ's. Not needed for anything else.
    async fn trust(&self, bus: &Connection, id: &PeripheralId) {
        let trusting = async { Ok(device(bus, id).await?.set_property("Trusted", true).await?) };
        let _ = self.in_time("trust the device", trusting).await;
    }

    /// Starts the task that takes leases back, once.
    fn follow_leases(self: &Arc<Self>) {
        let Some(mut given_back) = lock_sync(&self.calls.given_back).take() else { return };
        let bonds = Arc::downgrade(self);
        tokio::spawn(async move {
            while given_back.recv().await.is_some() {
                let Some(bonds) = bonds.upgrade() else { return };
                bonds.give_back().await;
            }
        });
    }

    async fn give_back(&self) {
        // Not in turn: a lease that is never counted back keeps the agent for ever, and who holds this has deadlines.
        let mut registered = self.registered.lock().await;
        if self.calls.was_released() {
            registered.bus = None;
        }
        registered.needed_by = registered.needed_by.saturating_sub(1);
        if registered.needed_by > 0 {
            return;
        }
        let Some(bus) = registered.bus.take() else { return };
        let unregistering = async {
            let manager = Proxy::new(&bus, BLUEZ, "/org/bluez", "org.bluez.AgentManager1").await?;
            manager.call_method("UnregisterAgent", &(ObjectPath::try_from(AGENT_PATH)?,)).await.map(drop)
        };
        // A BlueZ that is gone has forgotten it.
        let _ = self.in_time("take the agent back", unregistering).await;
    }

    async fn bus(&self) -> Result<Connection, RadioFault> {
        let mut known = in_turn("reach the system's Bluetooth", self.limits.other, &self.bus).await?;
        if let Some(bus) = known.as_ref().filter(|bus| !bus.is_closed()) {
            return Ok(bus.clone());
        }
        let bus = self.in_time("reach the system's Bluetooth", self.open_bus()).await?;
        *known = Some(bus.clone());
        Ok(bus)
    }

    /// With the agent's object from the start: one that is added later may miss the first question.
    async fn open_bus(&self) -> zbus::Result<Connection> {
        let agent = Agent::new(Arc::clone(&self.calls));
        zbus::connection::Builder::system()?.serve_at(AGENT_PATH, agent)?.build().await
    }

    async fn in_time<T>(
        &self,
        step: &'static str,
        call: impl Future<Output = zbus::Result<T>>,
    ) -> Result<T, RadioFault> {
        match tokio::time::timeout(self.limits.other, call).await {
            Ok(answer) => answer.map_err(|error| fault(step, &error)),
            Err(_) => Err(RadioFault::Deadline { step, seconds: self.limits.other.as_secs().max(1) }),
        }
    }
}

async fn register(bus: &Connection) -> zbus::Result<()> {
    // Not as the default agent: a desktop has its own. Where there is none, BlueZ takes the first that comes.
    let manager = Proxy::new(bus, BLUEZ, "/org/bluez", "org.bluez.AgentManager1").await?;
    match manager.call_method("RegisterAgent", &(ObjectPath::try_from(AGENT_PATH)?, CAPABILITY)).await {
        // By us: agents are told apart by their bus connection.
        Err(zbus::Error::MethodError(name, ..)) if name.as_str() == "org.bluez.Error.AlreadyExists" => Ok(()),
        answer => answer.map(drop),
    }
}

const fn told(state: BondState) -> Bond {
    Bond { state, source: BondSource::BlueZ }
}

/// The library prints a device as the path below `/org/bluez/`.
fn device_path(id: &PeripheralId) -> zbus::Result<ObjectPath<'static>> {
    Ok(ObjectPath::try_from(format!("/org/bluez/{id}"))?)
}

async fn device(bus: &Connection, id: &PeripheralId) -> zbus::Result<Proxy<'static>> {
    // Properties are asked for when they are wanted: a cache would first read all of them.
    let builder = zbus::proxy::Builder::new(bus).destination(BLUEZ)?.path(device_path(id)?)?;
    builder.interface("org.bluez.Device1")?.cache_properties(zbus::proxy::CacheProperties::No).build().await
}

/// BlueZ's errors of `Device1.Pair` (its doc/device-api), as what a person can do.
fn pairing_fault(error: &zbus::Error) -> RadioFault {
    let zbus::Error::MethodError(name, _, _) = error else { return fault("pair", error) };
    let fault_of = match name.as_str() {
        "org.bluez.Error.AuthenticationFailed" => PairingFault::Failed,
        "org.bluez.Error.AuthenticationCanceled" => PairingFault::Cancelled,
        "org.bluez.Error.AuthenticationRejected" => PairingFault::Rejected,
        "org.bluez.Error.AuthenticationTimeout" => PairingFault::TimedOut,
        _ => return fault("pair", error),
    };
    fault_of.into()
}

fn fault(step: &'static str, error: &zbus::Error) -> RadioFault {
    match error {
        zbus::Error::MethodError(name, message, _) => {
            fault_of_bus(step, name.as_str(), message.as_deref().unwrap_or_default())
        }
        zbus::Error::FDO(error) => fault_of_bus(step, &fdo_name(error), &error.to_string()),
        // No bus, or one that went away.
        zbus::Error::InputOutput(_) | zbus::Error::Address(_) | zbus::Error::Handshake(_) => RadioFault::NoAdapter,
        other => RadioFault::System(safe_text(&other.to_string())),
    }
}

fn fdo_name(error: &zbus::fdo::Error) -> String {
    use zbus::DBusError;
    error.name().to_string()
}

fn lock_sync<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
