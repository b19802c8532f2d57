//! Declares the commands of the window, so that each needs its permission in `capabilities/main.json`.
//! Nothing is generated here but what Tauri needs.
use tauri_build::{AppManifest, Attributes};

/// Every command. One that is not here cannot be called; one that has no permission neither.
const COMMANDS: &[&str] = &[
    "start",
    "watch",
    "snapshot_shown",
    "frame_shown",
    "patients",
    "add_patient",
    "open_patient",
    "search",
    "bind",
    "bind_known",
    "unbind",
    "enrolled",
    "confirm_user_slot",
    "give_consent",
    "fetch_records",
    "inbox",
    "assign",
    "acknowledge_interruption",
    "pair",
    "pair_anew",
    "answer_pairing",
    "set_strips",
    "trend_chart",
    "sync_now",
    "open_records",
    "retry",
    "demo",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tauri_build::try_build(Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS)))?;
    Ok(())
}
