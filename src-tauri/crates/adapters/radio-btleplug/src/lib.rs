//! The `Radio` port over btleplug: BlueZ on Linux, CoreBluetooth on macOS, WinRT on Windows.
//! Not here: what bytes mean, when to reconnect, which patient a device is on, pairing (the system asks the person).
//!
//! What the library leaves to its caller, and where this crate does it:
//! - a deadline on every await (`deadline.rs`), because hangs have been the library's commonest fault;
//! - the adapter is never switched on: starting a scan on BlueZ does so silently, hence the state is asked first
//!   (`adapter.rs`);
//! - notifications pass through small lossy channels on macOS and Windows, hence one task per device does nothing but
//!   drain them (`link.rs`);
//! - a notification stream stays silent for ever when the link ends, hence link ends come from the adapter's events.

mod adapter;
mod advertising;
mod deadline;
mod fault;
mod link;
mod name;
mod radio;

pub use deadline::Deadlines;
pub use radio::BtleplugRadio;
