//! The `Radio` port over btleplug: BlueZ on Linux, CoreBluetooth on macOS, WinRT on Windows.
//! Not here: what bytes mean, when to reconnect, which patient a device is on, who is asked about a
//! pairing.
//!
//! What the library leaves to its caller, and where this crate does it:
//! - a deadline on every await (`deadline.rs`), because hangs have been the library's commonest fault;
//! - the adapter is never switched on: starting a scan on BlueZ does so silently, hence the state is asked first
//!   (`adapter.rs`);
//! - notifications pass through small lossy channels on macOS and Windows, hence one task per device does nothing but
//!   drain them (`link.rs`);
//! - it cannot pair, and a protected value of an unpaired device hangs for half a minute on BlueZ, hence an agent and
//!   pairing of our own (`bonds/`);
//! - its own tasks panic now and then: they are counted (`library_failures.rs`);
//! - a notification stream stays silent for ever when the link ends, hence link ends come from the adapter's events.

mod adapter;
mod adapters;
mod advertising;
mod bonds;
mod deadline;
mod entry;
mod fault;
mod library_failures;
mod link;
mod name;
mod radio;

pub use deadline::Deadlines;
pub use radio::BtleplugRadio;
