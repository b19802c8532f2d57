//! The commands of the window: each takes typed arguments, asks the console and converts the answer.
//! Nothing is decided here. A new command is added in `build.rs`, in `capabilities/main.json` and below.

mod access;
mod bedside;
mod clinic_list;
mod clinicians;
mod demo;
mod devices;
#[cfg(test)]
mod locked_tests;
mod pairing;
mod patients;
mod review;
mod sync;
mod vault;
mod window;

use crate::error::CommandError;
use bedside_vitals::WallTime;
use std::time::{SystemTime, UNIX_EPOCH};
use tauri::Runtime;
use tauri::ipc::Invoke;
use uuid::Uuid;

/// What a command answers.
pub(crate) type Answered<T> = Result<T, CommandError>;

/// All commands, for whichever toolkit: tests have one without a screen.
pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        window::start,
        window::watch,
        window::snapshot_shown,
        window::frame_shown,
        patients::patients,
        patients::add_patient,
        patients::open_patient,
        devices::search,
        devices::capture,
        devices::bind,
        devices::bind_known,
        devices::unbind,
        devices::enrolled,
        devices::confirm_user_slot,
        devices::give_consent,
        devices::fetch_records,
        devices::inbox,
        devices::assign,
        review::charted,
        review::correct_reading,
        review::mark_strip,
        review::reject_reading,
        review::confirm_reading,
        devices::acknowledge_interruption,
        pairing::pair,
        pairing::pair_anew,
        pairing::answer_pairing,
        bedside::set_strips,
        bedside::trend_chart,
        sync::sync_now,
        sync::open_records,
        sync::record_receipt,
        sync::retry,
        sync::export_record,
        sync::discard_record,
        sync::conflict,
        sync::keep_theirs,
        sync::send_ours,
        sync::set_metered,
        sync::clinic_sign_in,
        sync::cancel_clinic_sign_in,
        clinic_list::pull_patients,
        clinic_list::orders,
        clinic_list::identity_questions,
        clinic_list::decide_identity,
        access::create_vault,
        access::sign_in,
        access::open_by_itself,
        access::recover,
        access::enrol_first,
        access::lock_screen,
        access::sign_out,
        access::unlock_screen,
        access::activity,
        access::break_glass,
        access::end_break_glass,
        clinicians::clinicians,
        clinicians::add_clinician,
        clinicians::change_clinician,
        clinicians::disable_clinician,
        clinicians::change_passphrase,
        clinicians::reset_passphrase,
        clinicians::change_pin,
        vault::vault_state,
        vault::back_up,
        vault::check_vault,
        vault::restore,
        vault::restore_without_slots,
        vault::restore_by_kit,
        vault::rekey,
        vault::new_recovery_kit,
        vault::audit_log,
        vault::verify_audit,
        demo::demo,
    ]
}

/// The longest reason that is looked at; the console takes fewer characters.
const MOST_OCTETS: usize = 2_000;

/// A reason of a length that is worth looking at.
fn short(reason: String) -> Answered<String> {
    if reason.len() > MOST_OCTETS { Err(CommandError::malformed("reason")) } else { Ok(reason) }
}

/// An id as the window sends it.
fn id(text: &str) -> Answered<Uuid> {
    Uuid::try_parse(text).map_err(|_| CommandError::malformed("id"))
}

/// For ages and ranges that end now.
pub(crate) fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
