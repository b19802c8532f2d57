//! What a connected device offers (its GATT table), how it is addressed, and how the radio can fail.
//! Not here: what the characteristics mean.
use crate::pairing::PairingFault;
use alloc::string::String;
use alloc::vec::Vec;
use uuid::Uuid;

/// A characteristic within its service. The pair is unique on every system; a handle is not known everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CharacteristicAddress {
    /// The service.
    pub service: Uuid,
    /// The characteristic.
    pub characteristic: Uuid,
}

/// What a characteristic allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// It can be read.
    pub read: bool,
    /// It can be written with a response.
    pub write: bool,
    /// It sends notifications.
    pub notify: bool,
    /// It sends indications.
    pub indicate: bool,
}

/// One characteristic of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveredCharacteristic {
    /// Its UUID.
    pub uuid: Uuid,
    /// What it allows.
    pub properties: Properties,
}

/// One service of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredService {
    /// Its UUID.
    pub uuid: Uuid,
    /// Its characteristics.
    pub characteristics: Vec<DiscoveredCharacteristic>,
}

/// How the radio failed, reduced to what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RadioFault {
    /// No Bluetooth adapter.
    #[error("this computer has no Bluetooth adapter, or its driver is not running")]
    NoAdapter,
    /// The adapter is switched off.
    #[error("Bluetooth is switched off")]
    AdapterOff,
    /// The system does not let this program use Bluetooth.
    #[error("the system does not permit this program to use Bluetooth: {0}")]
    NotPermitted(String),
    /// The device is not there (any more).
    #[error("the device is out of reach")]
    OutOfReach,
    /// The device wants to be paired first.
    #[error("the device asks to be paired first")]
    PairingNeeded,
    /// The device could not be paired, or its bond is not (no longer) good.
    #[error(transparent)]
    Pairing(#[from] PairingFault),
    /// The device refused with an ATT error.
    #[error("the device refused: {0}")]
    Refused(String),
    /// No answer within the deadline.
    #[error("no answer within {seconds} s while trying to {step}")]
    Deadline {
        /// What was tried.
        step: &'static str,
        /// The deadline.
        seconds: u64,
    },
    /// Anything else the system reports.
    #[error("the system's Bluetooth reports: {0}")]
    System(String),
}
