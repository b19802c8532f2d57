//! Fuzz target: pulse oximeters, spot checks and streams.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::pulse_oximeter::{ContinuousMeasurement, PulseOximeterFeatures, SpotCheckMeasurement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, SpotCheckMeasurement);
    round_trip!(octets, ContinuousMeasurement);
    round_trip!(octets, PulseOximeterFeatures);
});
