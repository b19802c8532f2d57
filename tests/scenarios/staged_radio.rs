//! The simulated ward's radio with a hand on it: values and what is read changed on their way, links ended at will, calls counted.
//! Not here: what the devices of the ward do by themselves.
use crate::harness::WrapRadio;
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_session::{CharacteristicAddress, DiscoveredCharacteristic, DiscoveredService, Properties, RadioFault};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Alter = Box<dyn Fn(u16, &mut Vec<u8>) + Send + Sync>;
/// A characteristic that a device also has, and its value.
type Offer = (CharacteristicAddress, Vec<u8>);

/// A hand on a radio.
#[derive(Clone, Default)]
pub(crate) struct Hand {
    alter: Arc<Mutex<Option<Alter>>>,
    alter_read: Arc<Mutex<Option<Alter>>>,
    offers: Arc<Mutex<Option<Offer>>>,
    says: Arc<Mutex<Option<UnboundedSender<RadioEvent>>>>,
    connects: Arc<Mutex<u32>>,
    disconnects: Arc<Mutex<u32>>,
}

impl Hand {
    /// From now on every value goes through `alter`, with the short number of its characteristic.
    pub(crate) fn alter(&self, alter: impl Fn(u16, &mut Vec<u8>) + Send + Sync + 'static) {
        *self.alter.lock().unwrap() = Some(Box::new(alter));
    }

    /// From now on everything that is read goes through `alter`, with the short number of its characteristic.
    pub(crate) fn alter_reads(&self, alter: impl Fn(u16, &mut Vec<u8>) + Send + Sync + 'static) {
        *self.alter_read.lock().unwrap() = Some(Box::new(alter));
    }

    /// Every device with this service has one more characteristic, which shows this.
    pub(crate) fn offer(&self, address: CharacteristicAddress, octets: &[u8]) {
        *self.offers.lock().unwrap() = Some((address, octets.to_vec()));
    }

    /// Lets the radio say something of its own.
    pub(crate) fn say(&self, event: RadioEvent) {
        self.says.lock().unwrap().as_ref().expect("the console has started").send(event).unwrap();
    }

    /// How often a link was to be made, and how often one was to be ended.
    pub(crate) fn calls(&self) -> (u32, u32) {
        (*self.connects.lock().unwrap(), *self.disconnects.lock().unwrap())
    }

    /// What to put in front of the radio.
    pub(crate) fn on(&self) -> WrapRadio {
        let hand = self.clone();
        Box::new(move |radio| Arc::new(Staged { radio, hand }))
    }

    fn altered(&self, event: RadioEvent) -> RadioEvent {
        match event {
            RadioEvent::Value { peripheral, address, mut bytes } => {
                if let Some(alter) = self.alter.lock().unwrap().as_ref() {
                    alter(number(address), &mut bytes);
                }
                RadioEvent::Value { peripheral, address, bytes }
            }
            other => other,
        }
    }
}

fn number(address: CharacteristicAddress) -> u16 {
    (address.characteristic.as_u128() >> 96) as u16
}

struct Staged {
    radio: Arc<dyn Radio>,
    hand: Hand,
}

#[async_trait]
impl Radio for Staged {
    fn take_events(&self) -> Option<UnboundedReceiver<RadioEvent>> {
        let mut real = self.radio.take_events()?;
        let (says, mut said) = unbounded_channel();
        *self.hand.says.lock().unwrap() = Some(says);
        let ((events, taken), hand) = (unbounded_channel(), self.hand.clone());
        tokio::spawn(async move {
            loop {
                let event = tokio::select! {
                    Some(event) = real.recv() => hand.altered(event),
                    Some(event) = said.recv() => event,
                    else => return,
                };
                if events.send(event).is_err() {
                    return;
                }
            }
        });
        Some(taken)
    }

    async fn adapter_state(&self) -> Result<AdapterState, RadioFault> {
        self.radio.adapter_state().await
    }

    async fn diagnosis(&self) -> Diagnosis {
        self.radio.diagnosis().await
    }

    async fn scan(&self, on: bool) -> Result<(), RadioFault> {
        self.radio.scan(on).await
    }

    async fn connect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        *self.hand.connects.lock().unwrap() += 1;
        self.radio.connect(peripheral).await
    }

    async fn disconnect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        *self.hand.disconnects.lock().unwrap() += 1;
        self.radio.disconnect(peripheral).await
    }

    async fn discover(&self, peripheral: &PeripheralId) -> Result<Vec<DiscoveredService>, RadioFault> {
        let mut services = self.radio.discover(peripheral).await?;
        if let Some((at, _)) = self.hand.offers.lock().unwrap().as_ref() {
            let properties = Properties { read: true, ..Properties::default() };
            let more = DiscoveredCharacteristic { uuid: at.characteristic, properties };
            let of_service = services.iter_mut().filter(|service| service.uuid == at.service);
            of_service.for_each(|service| service.characteristics.push(more));
        }
        Ok(services)
    }

    async fn read(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<Vec<u8>, RadioFault> {
        let offered = self.hand.offers.lock().unwrap().clone();
        if let Some((_, octets)) = offered.filter(|(offered, _)| *offered == at) {
            return Ok(octets);
        }
        let mut octets = self.radio.read(peripheral, at).await?;
        if let Some(alter) = self.hand.alter_read.lock().unwrap().as_ref() {
            alter(number(at), &mut octets);
        }
        Ok(octets)
    }

    async fn write(
        &self,
        peripheral: &PeripheralId,
        at: CharacteristicAddress,
        value: &[u8],
    ) -> Result<(), RadioFault> {
        self.radio.write(peripheral, at, value).await
    }

    async fn subscribe(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<(), RadioFault> {
        self.radio.subscribe(peripheral, at).await
    }
}

#[async_trait]
impl Pairing for Staged {
    async fn bond(&self, peripheral: &PeripheralId) -> Result<Bond, RadioFault> {
        self.radio.bond(peripheral).await
    }

    async fn pair(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.radio.pair(peripheral).await
    }

    async fn answer_pairing(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), RadioFault> {
        self.radio.answer_pairing(prompt, answer).await
    }

    async fn forget(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.radio.forget(peripheral).await
    }
}
