//! Clinicians' scenarios through the whole console: simulated ward, real SQLCipher vault, virtual time.
//! Not here: the window, a real radio, a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod access;
mod attempts;
mod audit;
mod binding;
mod freshness;
mod harness;
mod inbox;
mod locked;
mod memories;
mod pairing;
mod procedures;
mod record;
mod right_patient;
mod secrecy;
mod spool;
mod staged_radio;
mod store_faults;
mod storm;
mod sync;
