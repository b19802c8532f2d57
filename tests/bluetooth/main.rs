//! The console on a real BlueZ: every device of the rig, through unmodified btleplug, into a real vault.
//! `cargo xtask test` starts the appliance around these tests; without one they say that they are skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]
#![cfg(target_os = "linux")]

mod bedside;
mod clocks;
mod links;
mod memories;
mod pairing;
mod rig;
mod sent;
mod spot_checks;
mod streams;
