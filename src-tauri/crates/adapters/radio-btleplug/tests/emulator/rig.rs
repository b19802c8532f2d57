//! The rig of the radio's tests: three devices, an emulated BlueZ on the test's own bus, and the radio under test.
//! Not here: what is expected of the radio.
use super::private_bus::{Bus, BusPlace};
use super::{BluezError, CharacteristicSpec, DeviceSpec, Emulator, Pairs, Reads};
use bedside_console::ports::{Advertisement, PeripheralId, Radio, RadioEvent};
use bedside_gatt::uuids::{
    BATTERY_LEVEL, BATTERY_SERVICE, BLOOD_PRESSURE_FEATURE, BLOOD_PRESSURE_MEASUREMENT, BLOOD_PRESSURE_SERVICE,
    HEART_RATE_CONTROL_POINT, HEART_RATE_MEASUREMENT, HEART_RATE_SERVICE, MANUFACTURER_NAME, MODEL_NUMBER,
    SERIAL_NUMBER,
};
use bedside_radio_btleplug::{BtleplugRadio, Deadlines};
use bedside_session::CharacteristicAddress;
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

pub(crate) const STRAP: &str = "F0:00:00:00:00:01";
pub(crate) const CUFF: &str = "F0:00:00:00:00:02";
pub(crate) const NAMELESS: &str = "F0:00:00:00:00:03";

pub(crate) const HEART_RATE: CharacteristicAddress = at(HEART_RATE_SERVICE, HEART_RATE_MEASUREMENT);
pub(crate) const CONTROL_POINT: CharacteristicAddress = at(HEART_RATE_SERVICE, HEART_RATE_CONTROL_POINT);
pub(crate) const BATTERY: CharacteristicAddress = at(BATTERY_SERVICE, BATTERY_LEVEL);
/// Read: never answers.
pub(crate) const MUTE: CharacteristicAddress = at(HEART_RATE_SERVICE, MODEL_NUMBER);
/// Read: wants pairing.
pub(crate) const LOCKED: CharacteristicAddress = at(BLOOD_PRESSURE_SERVICE, BLOOD_PRESSURE_FEATURE);
/// Read: only with a bond.
pub(crate) const PROTECTED: CharacteristicAddress = at(BLOOD_PRESSURE_SERVICE, MANUFACTURER_NAME);
/// Read: fails with an application error of ATT. Written: not permitted.
pub(crate) const BROKEN: CharacteristicAddress = at(BLOOD_PRESSURE_SERVICE, SERIAL_NUMBER);

/// A bus, an emulated BlueZ and the radio under test.
pub(crate) struct Rig {
    pub(crate) bus: Option<Bus>,
    pub(crate) bluez: Emulator,
    pub(crate) radio: BtleplugRadio,
    pub(crate) events: UnboundedReceiver<RadioEvent>,
}

impl Rig {
    pub(crate) async fn start(place: &BusPlace) -> Self {
        Self::with_deadlines(place, Deadlines::default()).await
    }

    pub(crate) async fn with_deadlines(place: &BusPlace, deadlines: Deadlines) -> Self {
        Self::with_devices(place, deadlines, devices()).await
    }

    pub(crate) async fn with_devices(place: &BusPlace, deadlines: Deadlines, devices: Vec<DeviceSpec>) -> Self {
        let bus = Some(place.start_bus());
        let bluez = Emulator::start(&place.address(), devices).await.expect("the emulator starts");
        let radio = BtleplugRadio::with_deadlines(deadlines);
        let events = radio.take_events().expect("taken once");
        Self { bus, bluez, radio, events }
    }

    /// With the strap connected and discovered, and no event waiting.
    pub(crate) async fn connected(place: &BusPlace) -> Self {
        let mut rig = Self::start(place).await;
        rig.hear_devices().await;
        rig.connect().await;
        rig
    }

    /// BlueZ hears the devices; the radio is not listening afterwards.
    pub(crate) async fn hear_devices(&self) {
        self.radio.scan(true).await.expect("scanning starts");
        self.radio.scan(false).await.expect("scanning stops");
    }

    pub(crate) async fn connect(&mut self) {
        self.radio.connect(&id(STRAP)).await.expect("connects");
        self.radio.discover(&id(STRAP)).await.expect("shows its services");
        while self.events.try_recv().is_ok() {}
    }

    pub(crate) async fn subscribe_and_send(&self, rates: &[u8]) {
        self.radio.subscribe(&id(STRAP), HEART_RATE).await.expect("subscribes");
        let CharacteristicAddress { service, characteristic } = HEART_RATE;
        for rate in rates {
            assert!(self.bluez.notify(STRAP, service, characteristic, &[0, *rate]).await.expect("the bus is there"));
        }
    }

    /// The next event that is not an advertisement.
    pub(crate) async fn next(&mut self) -> RadioEvent {
        self.wait_for(|event| !matches!(event, RadioEvent::Advertised(_))).await
    }

    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&RadioEvent) -> bool) -> RadioEvent {
        loop {
            let event = self.events.recv().await.expect("the radio lives");
            if wanted(&event) {
                return event;
            }
        }
    }

    pub(crate) async fn values(&mut self, count: usize) -> Vec<(CharacteristicAddress, Vec<u8>)> {
        let mut values = Vec::new();
        while values.len() < count {
            match self.next().await {
                RadioEvent::Value { peripheral, address, bytes } if peripheral == id(STRAP) => {
                    values.push((address, bytes));
                }
                other => panic!("expected a value, got {other:?}"),
            }
        }
        values
    }

    pub(crate) async fn rates(&mut self, count: usize) -> Vec<u8> {
        self.values(count).await.into_iter().map(|(_, bytes)| bytes[1]).collect()
    }

    /// The latest advertisement of each device, until `count` devices were heard.
    pub(crate) async fn advertisements(&mut self, count: usize) -> BTreeMap<PeripheralId, Advertisement> {
        let mut heard = BTreeMap::new();
        while heard.len() < count {
            if let RadioEvent::Advertised(advertisement) = self.events.recv().await.expect("the radio lives") {
                heard.insert(advertisement.peripheral.clone(), advertisement);
            }
        }
        heard
    }
}

pub(crate) const fn at(service: Uuid, characteristic: Uuid) -> CharacteristicAddress {
    CharacteristicAddress { service, characteristic }
}

/// As btleplug names it on Linux: the path below `/org/bluez/`.
pub(crate) fn id(address: &str) -> PeripheralId {
    PeripheralId(format!("hci0/dev_{}", address.replace(':', "_")))
}

pub(crate) fn value(rate: u8) -> RadioEvent {
    RadioEvent::Value { peripheral: id(STRAP), address: HEART_RATE, bytes: vec![0, rate] }
}

pub(crate) fn devices() -> Vec<DeviceSpec> {
    let characteristic = |uuid, flags, reads| CharacteristicSpec { uuid, flags, reads, write_fails: None };
    let nothing = || Reads::Value(vec![]);
    let failed = |text: &str| BluezError::Failed(text.into());
    let not_permitted = |text: &str| BluezError::NotPermitted(text.into());
    let heart_rate = vec![
        characteristic(HEART_RATE_MEASUREMENT, &["notify"], nothing()),
        characteristic(HEART_RATE_CONTROL_POINT, &["write"], nothing()),
        characteristic(MODEL_NUMBER, &["read"], Reads::Never),
    ];
    let battery = vec![characteristic(BATTERY_LEVEL, &["read", "notify"], Reads::Value(vec![87]))];
    let blood_pressure = vec![
        characteristic(BLOOD_PRESSURE_MEASUREMENT, &["indicate"], nothing()),
        characteristic(BLOOD_PRESSURE_FEATURE, &["read"], Reads::Fails(not_permitted("Not paired"))),
        CharacteristicSpec {
            uuid: SERIAL_NUMBER,
            flags: &["read", "write"],
            reads: Reads::Fails(failed("Operation failed with ATT error: 0x80")),
            write_fails: Some(not_permitted("Write not permitted")),
        },
        characteristic(MANUFACTURER_NAME, &["read"], Reads::Protected(vec![0x42])),
    ];
    vec![
        DeviceSpec {
            address: STRAP,
            name: Some("HR\u{202E}-1"),
            signal_dbm: -51,
            advertised: vec![HEART_RATE_SERVICE, BATTERY_SERVICE],
            services: vec![(HEART_RATE_SERVICE, heart_rate), (BATTERY_SERVICE, battery)],
            pairs: Pairs::JustWorks,
        },
        DeviceSpec {
            address: CUFF,
            name: Some("BP-1"),
            signal_dbm: -70,
            advertised: vec![BLOOD_PRESSURE_SERVICE],
            services: vec![(BLOOD_PRESSURE_SERVICE, blood_pressure)],
            pairs: Pairs::ShowsPasskey(482_913),
        },
        DeviceSpec {
            address: NAMELESS,
            name: None,
            signal_dbm: -90,
            advertised: vec![],
            services: vec![],
            pairs: Pairs::ShowsNumber(104_729),
        },
    ]
}
