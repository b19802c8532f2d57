//! The commands of the window: each takes typed arguments, asks the console and converts the answer.
//! Nothing is decided here. A new command is added in `build.rs`, in `capabilities/main.json` and below.

mod bedside;
mod demo;
mod devices;
mod pairing;
mod patients;
mod sync;
mod window;

use crate::error::CommandError;
use bedside_vitals::WallTime;
use std::time::{SystemTime, UNIX_EPOCH};
use tauri::Wry;
use tauri::ipc::Invoke;
use uuid::Uuid;

/// What a command answers.
pub(crate) type Answered<T> = Result<T, CommandError>;

/// All commands.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        window::start,
        window::watch,
        window::snapshot_shown,
        window::frame_shown,
        patients::patients,
        patients::add_patient,
        patients::open_patient,
        devices::search,
        devices::bind,
        devices::bind_known,
        devices::unbind,
        devices::enrolled,
        devices::confirm_user_slot,
        devices::give_consent,
        devices::fetch_records,
        devices::inbox,
        devices::assign,
        devices::acknowledge_interruption,
        pairing::pair,
        pairing::pair_anew,
        pairing::answer_pairing,
        bedside::set_strips,
        bedside::trend_chart,
        sync::sync_now,
        sync::open_records,
        sync::retry,
        demo::demo,
    ]
}

/// An id as the window sends it.
fn id(text: &str) -> Answered<Uuid> {
    Uuid::try_parse(text).map_err(|_| CommandError::malformed("id"))
}

/// For ages and ranges that end now.
fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
