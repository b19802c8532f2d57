//! An `org.bluez` of our own on a private bus: adapter, devices and GATT objects as BlueZ shows them, and their faults.
//! Not here: the kernel, timing, keys, caching: for those the real BlueZ is needed.
//!
//! It offers what btleplug asks of BlueZ: an object manager at `/`, objects with properties and introspection,
//! notifications as changes of `Value`. Every change of a property is sent by [`Emulator::changed`], in order.

mod objects;
mod pairing;
pub(crate) mod private_bus;
pub(crate) mod rig;

use objects::{AdapterObject, CharacteristicObject, DeviceObject, ServiceObject};
use pairing::AgentManagerObject;
pub(crate) use pairing::{Agents, Pairs};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use uuid::Uuid;
use zbus::zvariant::Value;

pub(crate) const ADAPTER_PATH: &str = "/org/bluez/hci0";
/// Has no devices of its own.
pub(crate) const SECOND_ADAPTER_PATH: &str = "/org/bluez/hci1";

/// A device as the emulator plays it.
#[derive(Clone, Debug)]
pub(crate) struct DeviceSpec {
    /// "F0:00:00:00:00:01".
    pub(crate) address: &'static str,
    /// `None`: BlueZ then makes up an alias of the address.
    pub(crate) name: Option<&'static str>,
    pub(crate) signal_dbm: i16,
    pub(crate) advertised: Vec<Uuid>,
    pub(crate) services: Vec<(Uuid, Vec<CharacteristicSpec>)>,
    /// What it asks when it is paired.
    pub(crate) pairs: Pairs,
}

/// A characteristic as the emulator plays it.
#[derive(Clone, Debug)]
pub(crate) struct CharacteristicSpec {
    pub(crate) uuid: Uuid,
    /// BlueZ's words: "read", "write", "notify", "indicate".
    pub(crate) flags: &'static [&'static str],
    pub(crate) reads: Reads,
    /// Whether writing is refused, with BlueZ's error.
    pub(crate) write_fails: Option<BluezError>,
}

/// How a characteristic answers a read.
#[derive(Clone, Debug)]
pub(crate) enum Reads {
    Value(Vec<u8>),
    Never,
    /// Only with a bond. Without one BlueZ asks the default agent, and never answers when that says no.
    Protected(Vec<u8>),
    Fails(BluezError),
}

/// An error of BlueZ with its words.
#[derive(Clone, Debug, zbus::DBusError)]
#[zbus(prefix = "org.bluez.Error")]
pub(crate) enum BluezError {
    #[zbus(error)]
    ZBus(zbus::Error),
    Failed(String),
    NotPermitted(String),
    NotConnected(String),
    InProgress(String),
    DoesNotExist(String),
    AlreadyExists(String),
    AuthenticationFailed(String),
    AuthenticationCanceled(String),
    AuthenticationRejected(String),
}

/// What happened, as the emulated BlueZ saw it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) powered: bool,
    pub(crate) discovering: bool,
    /// How often a client set `Powered` to true.
    pub(crate) switched_on_by_client: usize,
    pub(crate) connected: HashSet<String>,
    pub(crate) connects: usize,
    pub(crate) disconnects: usize,
    /// Whether the second adapter is on.
    pub(crate) second_powered: bool,
    /// Who answers questions about pairings.
    pub(crate) agents: Agents,
    /// Devices that this computer keeps a bond with.
    pub(crate) bonded: HashSet<String>,
    /// Devices that keep a bond with this computer.
    pub(crate) bonded_there: HashSet<String>,
    /// Devices that want a bond as soon as their link is up: their connect answers no earlier.
    pub(crate) bond_on_connect: HashSet<String>,
    /// Devices whose next connect never answers.
    pub(crate) silent_on_connect: HashSet<String>,
    /// Devices that show no services.
    pub(crate) without_services: HashSet<String>,
    /// Paths of characteristics that notify.
    pub(crate) notifying: HashSet<String>,
    /// Path of the characteristic and the value.
    pub(crate) writes: Vec<(String, Vec<u8>)>,
}

/// The running emulator, for the rest of the process or until [`Emulator::leave`].
#[derive(Clone)]
pub(crate) struct Emulator {
    bus: zbus::Connection,
    world: Arc<Mutex<World>>,
    devices: Arc<Vec<DeviceSpec>>,
}

impl Emulator {
    /// Takes the name `org.bluez` on the bus at `address` with one adapter that is on.
    pub(crate) async fn start(address: &str, devices: Vec<DeviceSpec>) -> zbus::Result<Self> {
        let world = Arc::new(Mutex::new(World { powered: true, ..World::default() }));
        let bus = zbus::connection::Builder::address(address)?.build().await?;
        let emulator = Self { bus, world, devices: Arc::new(devices) };
        let objects = emulator.bus.object_server();
        objects.at("/", zbus::fdo::ObjectManager).await?;
        objects.at(ADAPTER_PATH, AdapterObject::of(emulator.clone(), true)).await?;
        objects.at("/org/bluez", AgentManagerObject::of(emulator.clone())).await?;
        emulator.bus.request_name("org.bluez").await?;
        Ok(emulator)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("the world is not poisoned")
    }

    /// A notification: sent when the device is connected and the characteristic subscribed to; says whether it was.
    pub(crate) async fn notify(
        &self,
        address: &str,
        service: Uuid,
        characteristic: Uuid,
        value: &[u8],
    ) -> zbus::Result<bool> {
        let path = self.characteristic_path(address, service, characteristic);
        let heard = { self.world().connected.contains(address) && self.world().notifying.contains(&path) };
        if heard {
            self.changed(&path, "org.bluez.GattCharacteristic1", "Value", Value::from(value.to_vec())).await?;
        }
        Ok(heard)
    }

    /// The device goes out of range.
    pub(crate) async fn drop_link(&self, address: &str) -> zbus::Result<()> {
        self.end_link(address).await
    }

    /// The Bluetooth service ends: `org.bluez` leaves the bus without a word about its devices.
    pub(crate) async fn leave(self) -> zbus::Result<()> {
        self.bus.release_name("org.bluez").await.map(drop)
    }

    /// Everybody on the bus, by their own names.
    pub(crate) async fn on_the_bus(&self) -> zbus::Result<usize> {
        let names = zbus::fdo::DBusProxy::new(&self.bus).await?.list_names().await?;
        Ok(names.iter().filter(|name| name.starts_with(':')).count())
    }

    /// A second adapter is plugged in, on.
    pub(crate) async fn plug_second_adapter(&self) -> zbus::Result<()> {
        self.world().second_powered = true;
        let second = AdapterObject::of(self.clone(), false);
        self.bus.object_server().at(SECOND_ADAPTER_PATH, second).await.map(drop)
    }

    /// The first adapter is pulled out: its object goes, and those of its devices.
    pub(crate) async fn unplug_adapter(&self) -> zbus::Result<()> {
        for device in self.devices.iter() {
            self.remove_device(device).await?;
        }
        self.world().connected.clear();
        self.bus.object_server().remove::<AdapterObject, _>(ADAPTER_PATH).await.map(drop)
    }

    /// BlueZ forgets a device, and its bond.
    async fn remove_device(&self, device: &DeviceSpec) -> zbus::Result<()> {
        let (objects, path) = (self.bus.object_server(), device_path(device));
        for (s, (_, characteristics)) in device.services.iter().enumerate() {
            for c in 0..characteristics.len() {
                // There are none yet of a device that was never connected.
                let _ = objects.remove::<CharacteristicObject, _>(characteristic_path(device, s, c)).await;
            }
            let _ = objects.remove::<ServiceObject, _>(format!("{path}/service{:04x}", s + 1)).await;
        }
        self.world().bonded.remove(device.address);
        match objects.remove::<DeviceObject, _>(path).await {
            Err(zbus::Error::InterfaceNotFound) => Ok(()),
            removed => removed.map(drop),
        }
    }

    /// A person switches the adapter off or on.
    pub(crate) async fn switch_adapter(&self, on: bool) -> zbus::Result<()> {
        let connected: Vec<String> = {
            let mut world = self.world();
            world.powered = on;
            world.discovering = false;
            world.connected.iter().cloned().collect()
        };
        if !on {
            for address in connected {
                self.end_link(&address).await?;
            }
        }
        self.changed(ADAPTER_PATH, "org.bluez.Adapter1", "Powered", Value::from(on)).await
    }

    pub(crate) fn characteristic_path(&self, address: &str, service: Uuid, characteristic: Uuid) -> String {
        let device = self.devices.iter().find(|device| device.address == address).expect("a device of this test");
        let position = |(s, all): (usize, &(Uuid, Vec<CharacteristicSpec>))| {
            let c = all.1.iter().position(|c| c.uuid == characteristic).filter(|_| all.0 == service)?;
            Some(characteristic_path(device, s, c))
        };
        device.services.iter().enumerate().find_map(position).expect("a characteristic of this device")
    }

    /// Devices are heard: new ones appear, known ones have a new signal strength, connected ones keep silent.
    async fn advertise(&self) -> zbus::Result<()> {
        for (index, device) in self.devices.iter().enumerate() {
            let path = device_path(device);
            let is_new = self.bus.object_server().at(path.as_str(), DeviceObject::of(self.clone(), index)).await?;
            let silent = { self.world().connected.contains(device.address) };
            if !is_new && !silent {
                self.changed(&path, "org.bluez.Device1", "RSSI", Value::from(device.signal_dbm)).await?;
            }
        }
        Ok(())
    }

    async fn make_link(&self, index: usize) -> zbus::Result<()> {
        let device = &self.devices[index];
        let path = device_path(device);
        let is_new = { self.world().connected.insert(device.address.to_owned()) };
        if is_new {
            self.changed(&path, "org.bluez.Device1", "Connected", Value::from(true)).await?;
        }
        let hidden = self.world().without_services.contains(device.address);
        for (s, (uuid, characteristics)) in device.services.iter().enumerate().filter(|_| !hidden) {
            let service_path = format!("{path}/service{:04x}", s + 1);
            let objects = self.bus.object_server();
            objects.at(service_path.as_str(), ServiceObject { uuid: *uuid, device: path.clone() }).await?;
            for (c, spec) in characteristics.iter().enumerate() {
                let path = characteristic_path(device, s, c);
                let service = service_path.clone();
                let object =
                    CharacteristicObject::of(self.clone(), device.address, path.clone(), service, spec.clone());
                objects.at(path.as_str(), object).await?;
            }
        }
        self.changed(&path, "org.bluez.Device1", "ServicesResolved", Value::from(true)).await
    }

    async fn end_link(&self, address: &str) -> zbus::Result<()> {
        let device = self.devices.iter().find(|device| device.address == address).expect("a device of this test");
        let path = device_path(device);
        {
            let mut world = self.world();
            world.connected.remove(address);
            world.notifying.retain(|notifying| !notifying.starts_with(&path));
        }
        self.changed(&path, "org.bluez.Device1", "ServicesResolved", Value::from(false)).await?;
        self.changed(&path, "org.bluez.Device1", "Connected", Value::from(false)).await
    }

    async fn changed(&self, path: &str, interface: &str, property: &str, value: Value<'_>) -> zbus::Result<()> {
        let changed = HashMap::from([(property, value)]);
        let properties = "org.freedesktop.DBus.Properties";
        let body = (interface, changed, Vec::<&str>::new());
        self.bus.emit_signal(None::<&str>, path, properties, "PropertiesChanged", &body).await
    }
}

fn device_path(device: &DeviceSpec) -> String {
    format!("{ADAPTER_PATH}/dev_{}", device.address.replace(':', "_"))
}

fn characteristic_path(device: &DeviceSpec, service: usize, characteristic: usize) -> String {
    let path = device_path(device);
    format!("{path}/service{:04x}/char{:04x}", service + 1, (service + 1) * 16 + characteristic)
}
