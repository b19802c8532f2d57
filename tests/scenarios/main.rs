//! Clinicians' scenarios through the whole console: simulated ward, real SQLCipher vault, virtual time.
//! Not here: the window, a real radio, a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod binding;
mod freshness;
mod harness;
mod inbox;
mod memories;
mod pairing;
mod procedures;
mod record;
mod right_patient;
mod staged_radio;
mod store_faults;
mod storm;
mod sync;
