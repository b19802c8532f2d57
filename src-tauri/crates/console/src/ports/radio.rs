//! The radio: nearby devices, links, values. Implemented by btleplug and by the simulated ward.
//! Not here: what bytes mean, or who is connected to whom.
use super::pairing::{Pairing, PairingPrompt, PromptId};
use async_trait::async_trait;
use bedside_session::{CharacteristicAddress, DiscoveredService, RadioFault};
use std::fmt;
use tokio::sync::mpsc;
use uuid::Uuid;

/// A peripheral as this computer's Bluetooth names it at present. Never an identity, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeripheralId(pub String);

impl PeripheralId {
    /// The last three octets of a Bluetooth address as a label prints them, "00:00:01"; of a system that hides
    /// addresses, or of the simulated ward, the last eight characters of its name.
    pub fn short(&self) -> String {
        let own = self.0.rsplit('/').next().unwrap_or_default();
        let octets: Vec<&str> = own.split([':', '_', '-']).collect();
        let is_octet = |text: &&str| text.len() == 2 && text.chars().all(|c| c.is_ascii_hexdigit());
        match octets.last_chunk::<6>() {
            Some(all @ [_, _, _, last @ ..]) if all.iter().all(is_octet) => last.join(":").to_uppercase(),
            _ => {
                let name = own.rsplit(':').next().unwrap_or_default();
                name.chars().skip(name.chars().count().saturating_sub(8)).collect()
            }
        }
    }
}

impl fmt::Display for PeripheralId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The Bluetooth adapter of this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterState {
    /// Ready.
    On,
    /// Present and switched off: the console never switches it on by itself.
    Off,
    /// None, or no driver or service for it.
    Missing,
    /// It was there in this run and was taken away.
    Unplugged,
    /// The system forbids it to this program.
    NotPermitted,
}

/// One adapter of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterLine {
    /// As the system names it: "hci0".
    pub name: String,
    /// As it is now.
    pub state: AdapterState,
    /// Devices are heard and linked through this one.
    pub in_use: bool,
}

/// What IT wants to know of the radio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Every adapter there is, in the system's order. With several one is in use: one that is on before one that is off.
    pub adapters: Vec<AdapterLine>,
    /// How often a task of the Bluetooth library failed within itself in this run. Each is a fault of that library; the
    /// console goes on.
    pub library_failures: u64,
}

/// What a device broadcasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// How to address it.
    pub peripheral: PeripheralId,
    /// Its name, cleaned: at most 64 characters, no control or direction characters.
    pub name: Option<String>,
    /// The services it advertises.
    pub services: Vec<Uuid>,
    /// Received signal strength in dBm.
    pub signal_dbm: Option<i16>,
    /// From the simulated ward. A real vault refuses such a device.
    pub simulated: bool,
}

/// What the radio reports by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RadioEvent {
    /// The adapter changed.
    Adapter(AdapterState),
    /// A device was heard.
    Advertised(Advertisement),
    /// A person is asked about a pairing.
    PairingPrompt(PairingPrompt),
    /// The question is over: answered, too late, or called off by the device or the system.
    PairingPromptOver(PromptId),
    /// A link ended, whoever ended it.
    LinkEnded(PeripheralId),
    /// A notification or indication.
    Value {
        /// From whom.
        peripheral: PeripheralId,
        /// Which characteristic.
        address: CharacteristicAddress,
        /// The value.
        bytes: Vec<u8>,
    },
}

/// The radio. Every call ends within a deadline of the implementation and may be made at any time.
#[async_trait]
pub trait Radio: Pairing + Send + Sync {
    /// The events, in order; the receiver can be taken once. The sender must never block or drop.
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<RadioEvent>>;
    /// The adapter as it is now.
    async fn adapter_state(&self) -> Result<AdapterState, RadioFault>;
    /// Adapters and faults of the library, for IT. Never fails: what cannot be asked is left out.
    async fn diagnosis(&self) -> Diagnosis;
    /// Starts or stops listening for advertisements. Fails when the adapter is off; never switches it on.
    async fn scan(&self, on: bool) -> Result<(), RadioFault>;
    /// Makes a link.
    async fn connect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault>;
    /// Ends a link. Ending one that is gone is no fault.
    async fn disconnect(&self, peripheral: &PeripheralId) -> Result<(), RadioFault>;
    /// The device's services; an empty table is a fault.
    async fn discover(&self, peripheral: &PeripheralId) -> Result<Vec<DiscoveredService>, RadioFault>;
    /// Reads a value.
    async fn read(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<Vec<u8>, RadioFault>;
    /// Writes a value with response.
    async fn write(&self, peripheral: &PeripheralId, at: CharacteristicAddress, value: &[u8])
    -> Result<(), RadioFault>;
    /// Turns notifications or indications on.
    async fn subscribe(&self, peripheral: &PeripheralId, at: CharacteristicAddress) -> Result<(), RadioFault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_address_of_a_device_is_the_end_of_the_one_on_its_label() {
        let short = |id: &str| PeripheralId(id.into()).short();
        assert_eq!(short("hci0/dev_F0_00_00_0A_0b_01"), "0A:0B:01");
        assert_eq!(short("F0:00:00:0A:0B:01"), "0A:0B:01");
        assert_eq!(short("6b1c2d3e-0000-1000-8000-00805f9b34fb"), "5f9b34fb");
        assert_eq!(short("sim:strap-1"), "strap-1");
        assert_eq!(short(""), "");
    }
}
