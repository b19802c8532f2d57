//! Clinicians' scenarios through the whole console: simulated ward, real SQLCipher vault, virtual time.
//! Not here: the window, a real radio, a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod access;
mod another_address;
mod attempts;
mod attribution;
mod audit;
mod audit_to_server;
mod binding;
mod clinic_anchor;
mod clinic_leavers;
mod clinic_list;
mod clinic_sign_in;
mod clinic_with_tokens;
mod download;
mod download_faults;
mod entering;
mod freshness;
mod front_store;
mod harness;
mod held_store;
mod inbox;
mod locked;
mod lost_slots;
mod memories;
mod pairing;
mod procedures;
mod record;
mod right_patient;
mod secrecy;
mod server_ids;
mod sleep;
mod spool;
mod staged_radio;
mod store_faults;
mod storm;
mod sync;
mod sync_decisions;
mod sync_view;
#[cfg(target_os = "linux")]
mod system_events;
mod versions;
