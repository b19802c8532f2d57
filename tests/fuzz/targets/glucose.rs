//! Fuzz target: glucose meters: measurement, context, features.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::glucose::{GlucoseFeatures, GlucoseMeasurement};
use bedside_gatt::glucose_context::GlucoseContext;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, GlucoseMeasurement);
    round_trip!(octets, GlucoseContext);
    round_trip!(octets, GlucoseFeatures);
});
