//! Fuzz target: continuous glucose, with and without check sums.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::continuous_glucose::control::{ControlReply, ControlRequest};
use bedside_gatt::continuous_glucose::feature::ContinuousGlucoseFeatures;
use bedside_gatt::continuous_glucose::measurement;
use bedside_gatt::continuous_glucose::session::{SessionRunTime, SessionStart};
use bedside_gatt::continuous_glucose::status::ContinuousGlucoseStatus;
use bedside_gatt::end_to_end_check::CheckSums;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, ContinuousGlucoseFeatures);
    for check_sums in [CheckSums::Announced, CheckSums::NotAnnounced, CheckSums::ByLength] {
        round_trip!(octets => |octets| measurement::decode(octets, check_sums), |records| measurement::encode(records));
        round_trip!(octets, ContinuousGlucoseStatus, check_sums);
        round_trip!(octets, SessionStart, check_sums);
        round_trip!(octets, SessionRunTime, check_sums);
        round_trip!(octets, ControlRequest, check_sums);
        round_trip!(octets, ControlReply, check_sums);
    }
});
