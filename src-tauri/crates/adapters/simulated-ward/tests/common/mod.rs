//! A ward with a listener, for tests in virtual time.
//! No judgement of values here.
#![allow(dead_code, reason = "each test file uses its part")]
use bedside_console::ports::{PeripheralId, Radio, RadioEvent};
use bedside_gatt::uuids;
use bedside_session::CharacteristicAddress;
use bedside_simulated_ward::{Control, LedgerEntry, Scenario, SimulatedWard};
use bedside_vitals::WallTime;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// 2026-03-18T14:06:32.500Z
pub(crate) const START: WallTime = WallTime(1_773_842_792_500);

pub(crate) const RATE: CharacteristicAddress = at(uuids::HEART_RATE_SERVICE, uuids::HEART_RATE_MEASUREMENT);
pub(crate) const OXIMETRY: CharacteristicAddress = at(uuids::PULSE_OXIMETER_SERVICE, uuids::CONTINUOUS_OXIMETRY);
pub(crate) const PRESSURE: CharacteristicAddress = at(uuids::BLOOD_PRESSURE_SERVICE, uuids::BLOOD_PRESSURE_MEASUREMENT);
pub(crate) const CUFF_PRESSURE: CharacteristicAddress =
    at(uuids::BLOOD_PRESSURE_SERVICE, uuids::INTERMEDIATE_CUFF_PRESSURE);
pub(crate) const TEMPERATURE: CharacteristicAddress =
    at(uuids::HEALTH_THERMOMETER_SERVICE, uuids::TEMPERATURE_MEASUREMENT);
pub(crate) const POLAR_CONTROL: CharacteristicAddress =
    at(uuids::POLAR_MEASUREMENT_DATA_SERVICE, uuids::POLAR_CONTROL_POINT);
pub(crate) const POLAR_DATA: CharacteristicAddress = at(uuids::POLAR_MEASUREMENT_DATA_SERVICE, uuids::POLAR_DATA);
/// The H10's own start request: 130 Hz, 14 bit.
pub(crate) const START_ECG: [u8; 10] = [2, 0, 0, 1, 130, 0, 1, 1, 14, 0];

pub(crate) const fn at(service: Uuid, characteristic: Uuid) -> CharacteristicAddress {
    CharacteristicAddress { service, characteristic }
}

pub(crate) fn id(device: &str) -> PeripheralId {
    PeripheralId(format!("sim:{device}"))
}

pub(crate) fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

pub(crate) struct Bench {
    pub(crate) ward: SimulatedWard,
    pub(crate) began: Instant,
    events: UnboundedReceiver<RadioEvent>,
}

impl Bench {
    pub(crate) fn new(scenario: &str) -> Self {
        Self::of(&Scenario::named(scenario).unwrap())
    }

    pub(crate) fn of(scenario: &Scenario) -> Self {
        let ward = SimulatedWard::new(scenario, START);
        let events = ward.take_events().unwrap();
        Self { ward, events, began: Instant::now() }
    }

    pub(crate) fn control(&self) -> Control {
        self.ward.control()
    }

    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        self.ward.ledger()
    }

    /// Everything that happens in the next `span`.
    pub(crate) async fn listen(&mut self, span: Duration) -> Vec<RadioEvent> {
        let until = Instant::now() + span;
        let mut heard = Vec::new();
        while let Ok(Some(event)) = timeout_at(until, self.events.recv()).await {
            heard.push(event);
        }
        heard
    }

    /// Waits for an event, at most five minutes.
    pub(crate) async fn until(&mut self, mut wanted: impl FnMut(&RadioEvent) -> bool) -> RadioEvent {
        let until = Instant::now() + seconds(300);
        loop {
            let event = timeout_at(until, self.events.recv()).await.expect("the event came").expect("the ward lives");
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits until a device advertises.
    pub(crate) async fn heard(&mut self, device: &str) {
        self.ward.scan(true).await.unwrap();
        let wanted = id(device);
        self.until(|event| matches!(event, RadioEvent::Advertised(heard) if heard.peripheral == wanted)).await;
    }

    /// Waits for a device, links and subscribes.
    pub(crate) async fn link(&mut self, device: &str, subscriptions: &[CharacteristicAddress]) {
        self.heard(device).await;
        self.ward.connect(&id(device)).await.unwrap();
        for at in subscriptions {
            self.ward.subscribe(&id(device), *at).await.unwrap();
        }
    }

    /// Links an ECG sensor and starts its ECG.
    pub(crate) async fn link_ecg(&mut self, device: &str) {
        self.link(device, &[POLAR_CONTROL, POLAR_DATA, RATE]).await;
        self.ward.write(&id(device), POLAR_CONTROL, &START_ECG).await.unwrap();
    }
}

/// The values of one characteristic among events.
pub(crate) fn values(events: &[RadioEvent], wanted: CharacteristicAddress) -> Vec<Vec<u8>> {
    let value = |event: &RadioEvent| match event {
        RadioEvent::Value { address, bytes, .. } if *address == wanted => Some(bytes.clone()),
        RadioEvent::Value { .. }
        | RadioEvent::Adapter(_)
        | RadioEvent::Advertised(_)
        | RadioEvent::LinkEnded(_)
        | RadioEvent::PairingPrompt(_)
        | RadioEvent::PairingPromptOver(_) => None,
    };
    events.iter().filter_map(value).collect()
}

pub(crate) fn advertised(events: &[RadioEvent], device: &str) -> usize {
    let wanted = id(device);
    events.iter().filter(|event| matches!(event, RadioEvent::Advertised(heard) if heard.peripheral == wanted)).count()
}

pub(crate) fn ended(events: &[RadioEvent], device: &str) -> usize {
    events.iter().filter(|event| **event == RadioEvent::LinkEnded(id(device))).count()
}
