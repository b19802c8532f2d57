//! The six ports: what the console asks of the outside. Each has a real adapter and a fake in the tree.
//! No implementation here.

mod clinic;
mod display;
mod keys;
mod machine;
mod pairing;
mod radio;
mod store;

pub use clinic::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
pub use display::Display;
pub use keys::{DeviceSecret, KeyFault, KeyStore, VaultId};
pub use machine::{Machine, SleepInhibitor};
pub use pairing::{
    Bond, BondSource, BondState, Pairing, PairingAnswer, PairingPrompt, PairingQuestion, Passkey, PromptId,
};
pub use radio::{AdapterLine, AdapterState, Advertisement, Diagnosis, PeripheralId, Radio, RadioEvent};
pub use store::{Answer, OpenMode, Query, RecordStore, StoreFault, VaultPresence};
