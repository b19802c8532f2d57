//! The six ports: what the console asks of the outside. Each has a real adapter and a fake in the tree.
//! No implementation here.

mod clinic;
mod display;
mod keys;
mod machine;
mod radio;
mod store;

pub use clinic::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
pub use display::Display;
pub use keys::{DeviceSecret, KeyFault, KeyStore, VaultId};
pub use machine::{Machine, SleepInhibitor};
pub use radio::{AdapterState, Advertisement, PeripheralId, Radio, RadioEvent};
pub use store::{Answer, OpenMode, Query, RecordStore, StoreFault, VaultPresence};
