//! Fuzz target: Polar's measurement data and its control point.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::polar::{
    ControlReply, ControlRequest, DataFrame, MeasurementKinds, Setting, decode_settings, encode_settings,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, DataFrame);
    round_trip!(octets, ControlRequest);
    round_trip!(octets, ControlReply);
    round_trip!(octets, MeasurementKinds);
    round_trip!(octets => |octets| decode_settings(octets), |settings| encode_settings(settings));
    for setting in decode_settings(octets).unwrap_or_default() {
        if let Setting::Factor(factors) = setting {
            let _ = factors.iter().filter_map(|factor| factor.decimal()).count();
        }
    }
});
