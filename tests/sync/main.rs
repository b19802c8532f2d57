//! Sync over everything that is real but the network's moods: the console with its vault, the HTTP adapter, a fault
//! proxy of our own, and a FHIR server. What each file proves is said in its head.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
mod goldens;
#[path = "../scenarios/harness.rs"]
#[allow(dead_code, reason = "the scenarios use the rest of it")]
mod harness;
mod laptop;
mod patient_list;
mod schedules;
mod two_consoles;
mod ward;
mod week;

/// In real time, on two threads.
fn on_a_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work);
}
