//! The simulated ward: beds with devices that advertise, link and speak real GATT bytes, faults included.
//! It implements the radio port. It knows nothing of the console's state, and no real radio.
//!
//! Everything is decided by the scenario's seed and the calls that are made; time is tokio's, so a test with a
//! paused clock runs in virtual time. [`SimulatedWard::ledger`] holds what was truly sent.

mod clock;
mod control;
mod device;
mod heart;
mod ledger;
mod pairing;
mod random;
mod recording;
mod scenario;
mod station;
mod ward;
mod world;

pub use control::{Control, UnknownDevice};
pub use ledger::{Condition, LedgerEntry, LedgerIdentity, LedgerValue};
pub use scenario::{
    Act, ClockPlan, ClockService, Corruption, DeviceKind, DevicePlan, Scenario, Security, Step, UnknownScenario,
};
pub use ward::SimulatedWard;
pub use world::{SentRecord, Toll};
