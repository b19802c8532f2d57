//! The D-Bus objects of the emulated BlueZ: adapter, devices, services, characteristics.
//! Not here: what a test makes them do; they only answer and keep books in the emulator's world.
use super::{ADAPTER_PATH, BluezError, CharacteristicSpec, DeviceSpec, Emulator, Reads, device_path};
use std::collections::HashMap;
use uuid::Uuid;
use zbus::interface;
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

type Options = HashMap<String, OwnedValue>;

pub(super) struct AdapterObject {
    emulator: Emulator,
    /// The second one has no devices.
    first: bool,
}

impl AdapterObject {
    pub(super) fn of(emulator: Emulator, first: bool) -> Self {
        Self { emulator, first }
    }
}

#[interface(name = "org.bluez.Adapter1")]
impl AdapterObject {
    fn set_discovery_filter(&self, _filter: Options) {}

    async fn start_discovery(&self) -> Result<(), BluezError> {
        {
            let mut world = self.emulator.world();
            if world.discovering {
                return Err(BluezError::InProgress("Operation already in progress".into()));
            }
            world.discovering = true;
        }
        if self.first { self.emulator.advertise().await.map_err(BluezError::from) } else { Ok(()) }
    }

    fn stop_discovery(&self) -> Result<(), BluezError> {
        let mut world = self.emulator.world();
        if !std::mem::take(&mut world.discovering) {
            return Err(BluezError::Failed("No discovery started".into()));
        }
        Ok(())
    }

    async fn remove_device(&self, device: OwnedObjectPath) -> Result<(), BluezError> {
        let known = self.emulator.devices.iter().find(|known| device_path(known) == device.as_str());
        let known = known.ok_or_else(|| BluezError::DoesNotExist("Does Not Exist".into()))?;
        if self.emulator.world().connected.contains(known.address) {
            self.emulator.end_link(known.address).await?;
        }
        self.emulator.remove_device(known).await.map_err(BluezError::from)
    }

    #[zbus(property)]
    fn address(&self) -> String {
        "C0:FF:EE:00:00:01".into()
    }
    #[zbus(property)]
    fn address_type(&self) -> String {
        "public".into()
    }
    #[zbus(property)]
    fn name(&self) -> String {
        "emulated".into()
    }
    #[zbus(property)]
    fn alias(&self) -> String {
        "emulated".into()
    }
    #[zbus(property)]
    fn class(&self) -> u32 {
        0
    }
    #[zbus(property)]
    fn powered(&self) -> bool {
        let world = self.emulator.world();
        if self.first { world.powered } else { world.second_powered }
    }
    #[zbus(property)]
    fn set_powered(&self, on: bool) {
        let mut world = self.emulator.world();
        if self.first {
            world.powered = on;
        } else {
            world.second_powered = on;
        }
        world.switched_on_by_client += usize::from(on);
    }
    #[zbus(property)]
    fn discoverable(&self) -> bool {
        false
    }
    #[zbus(property)]
    fn pairable(&self) -> bool {
        true
    }
    #[zbus(property)]
    fn discovering(&self) -> bool {
        self.emulator.world().discovering
    }
    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        vec![]
    }
    #[zbus(property)]
    fn modalias(&self) -> String {
        "usb:v1D6Bp0246d0542".into()
    }
}

pub(super) struct DeviceObject {
    emulator: Emulator,
    index: usize,
}

impl DeviceObject {
    pub(super) fn of(emulator: Emulator, index: usize) -> Self {
        Self { emulator, index }
    }

    fn spec(&self) -> &DeviceSpec {
        &self.emulator.devices[self.index]
    }

    fn is_connected(&self) -> bool {
        self.emulator.world().connected.contains(self.spec().address)
    }
}

#[interface(name = "org.bluez.Device1")]
impl DeviceObject {
    async fn connect(&self) -> Result<(), BluezError> {
        let address = self.spec().address;
        let (silent, wants_bond) = {
            let mut world = self.emulator.world();
            world.connects += 1;
            (world.silent_on_connect.remove(address), world.bond_on_connect.contains(address))
        };
        if silent {
            return std::future::pending().await;
        }
        if wants_bond {
            self.emulator.world().connected.insert(address.to_owned());
            let path = device_path(self.spec());
            let up = zbus::zvariant::Value::from(true);
            self.emulator.changed(&path, "org.bluez.Device1", "Connected", up).await?;
            self.emulator.encrypt(address).await?;
        }
        self.emulator.make_link(self.index).await.map_err(BluezError::from)
    }

    async fn disconnect(&self) -> Result<(), BluezError> {
        self.emulator.world().disconnects += 1;
        if !self.is_connected() {
            return Err(BluezError::NotConnected("Not Connected".into()));
        }
        self.emulator.end_link(self.spec().address).await.map_err(BluezError::from)
    }

    async fn pair(&self, #[zbus(header)] header: Header<'_>) -> Result<(), BluezError> {
        let asker = header.sender().map(ToString::to_string).unwrap_or_default();
        self.emulator.pair(self.spec(), &asker).await
    }

    fn cancel_pairing(&self) -> Result<(), BluezError> {
        self.emulator.world().agents.cancelled.notify_waiters();
        Ok(())
    }

    #[zbus(property)]
    fn address(&self) -> String {
        self.spec().address.into()
    }
    #[zbus(property)]
    fn address_type(&self) -> String {
        "random".into()
    }
    #[zbus(property)]
    fn alias(&self) -> String {
        self.spec().name.map_or_else(|| self.spec().address.replace(':', "-"), str::to_owned)
    }
    #[zbus(property)]
    fn name(&self) -> zbus::fdo::Result<String> {
        let missing = || zbus::fdo::Error::UnknownProperty("Name".into());
        self.spec().name.map(str::to_owned).ok_or_else(missing)
    }
    #[zbus(property)]
    fn adapter(&self) -> OwnedObjectPath {
        OwnedObjectPath::try_from(ADAPTER_PATH).expect("a path")
    }
    #[zbus(property)]
    fn connected(&self) -> bool {
        self.is_connected()
    }
    #[zbus(property)]
    fn services_resolved(&self) -> bool {
        self.is_connected()
    }
    #[zbus(property)]
    fn paired(&self) -> bool {
        self.emulator.world().bonded.contains(self.spec().address)
    }
    #[zbus(property)]
    fn trusted(&self) -> bool {
        false
    }
    #[zbus(property)]
    fn set_trusted(&self, _trusted: bool) {}
    #[zbus(property)]
    fn blocked(&self) -> bool {
        false
    }
    #[zbus(property)]
    fn legacy_pairing(&self) -> bool {
        false
    }
    /// Only of a device that advertises: one that is connected keeps silent.
    #[zbus(property, name = "RSSI")]
    fn rssi(&self) -> zbus::fdo::Result<i16> {
        let silent = || zbus::fdo::Error::UnknownProperty("RSSI".into());
        Some(self.spec().signal_dbm).filter(|_| !self.is_connected()).ok_or_else(silent)
    }
    #[zbus(property, name = "UUIDs")]
    fn uuids(&self) -> Vec<String> {
        self.spec().advertised.iter().map(Uuid::to_string).collect()
    }
}

pub(super) struct ServiceObject {
    pub(super) uuid: Uuid,
    pub(super) device: String,
}

#[interface(name = "org.bluez.GattService1")]
impl ServiceObject {
    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        self.uuid.to_string()
    }
    #[zbus(property)]
    fn primary(&self) -> bool {
        true
    }
    #[zbus(property)]
    fn device(&self) -> OwnedObjectPath {
        OwnedObjectPath::try_from(self.device.as_str()).expect("a path")
    }
}

pub(super) struct CharacteristicObject {
    emulator: Emulator,
    address: &'static str,
    path: String,
    service: String,
    spec: CharacteristicSpec,
}

impl CharacteristicObject {
    pub(super) fn of(
        emulator: Emulator,
        address: &'static str,
        path: String,
        service: String,
        spec: CharacteristicSpec,
    ) -> Self {
        Self { emulator, address, path, service, spec }
    }

    fn require_link(&self) -> Result<(), BluezError> {
        let connected = self.emulator.world().connected.contains(self.address);
        if connected { Ok(()) } else { Err(BluezError::Failed("Not connected".into())) }
    }
}

#[interface(name = "org.bluez.GattCharacteristic1")]
impl CharacteristicObject {
    fn start_notify(&self) -> Result<(), BluezError> {
        self.require_link()?;
        if !self.emulator.world().notifying.insert(self.path.clone()) {
            return Err(BluezError::InProgress("Operation already in progress".into()));
        }
        Ok(())
    }

    fn stop_notify(&self) -> Result<(), BluezError> {
        self.emulator.world().notifying.remove(&self.path);
        Ok(())
    }

    /// Like BlueZ, announces the value that was read as a change of `Value`.
    async fn read_value(&self, _options: Options) -> Result<Vec<u8>, BluezError> {
        self.require_link()?;
        match &self.spec.reads {
            Reads::Value(value) => {
                let announced = zbus::zvariant::Value::from(value.clone());
                self.emulator.changed(&self.path, "org.bluez.GattCharacteristic1", "Value", announced).await?;
                Ok(value.clone())
            }
            Reads::Never => std::future::pending().await,
            Reads::Protected(value) => {
                self.emulator.encrypt(self.address).await?;
                Ok(value.clone())
            }
            Reads::Fails(error) => Err(error.clone()),
        }
    }

    fn write_value(&self, value: Vec<u8>, options: Options) -> Result<(), BluezError> {
        self.require_link()?;
        let with_response = options.get("type").and_then(|kind| <&str>::try_from(kind).ok()) == Some("request");
        if !with_response {
            return Err(BluezError::Failed("expected a write with response".into()));
        }
        if let Some(error) = &self.spec.write_fails {
            return Err(error.clone());
        }
        self.emulator.world().writes.push((self.path.clone(), value));
        Ok(())
    }

    #[zbus(property, name = "UUID")]
    fn uuid(&self) -> String {
        self.spec.uuid.to_string()
    }
    #[zbus(property)]
    fn service(&self) -> OwnedObjectPath {
        OwnedObjectPath::try_from(self.service.as_str()).expect("a path")
    }
    #[zbus(property)]
    fn value(&self) -> Vec<u8> {
        vec![]
    }
    #[zbus(property)]
    fn flags(&self) -> Vec<String> {
        self.spec.flags.iter().map(|&flag| flag.to_owned()).collect()
    }
    #[zbus(property, name = "MTU")]
    fn mtu(&self) -> u16 {
        185
    }
}
