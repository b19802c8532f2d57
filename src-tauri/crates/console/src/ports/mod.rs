//! The six ports: what the console asks of the outside. Each has a real adapter and a fake in the tree.
//! No implementation here.

mod clinic;
mod clinic_tokens;
mod common_secrets;
mod display;
mod keys;
mod kit;
mod machine;
mod pairing;
mod radio;
mod secrets;
mod store;

pub use clinic::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
pub use clinic_tokens::{AccessToken, Grant, GrantFault, RefreshToken, SignInKind};
pub use display::Display;
pub use keys::{DeviceSecret, KeyFault, KeyNote, KeyStore, VaultId};
pub use kit::KitFault;
pub use machine::{Machine, MachineEvent, SleepInhibitor};
pub use pairing::{
    Bond, BondSource, BondState, Pairing, PairingAnswer, PairingPrompt, PairingQuestion, Passkey, PromptId,
};
pub use radio::{AdapterLine, AdapterState, Advertisement, Diagnosis, PeripheralId, Radio, RadioEvent};
pub use secrets::{Passphrase, Pin, RecoveryKey, RecoveryPublicKey, WeakSecret};
pub use store::{
    Answer, NewSlot, NewVault, OpenMode, Query, RecordStore, Safeguard, SlotChange, SlotOwner, StoreFault, Unlock,
    VaultHeader, VaultPresence,
};
