//! Fuzz target: heart rate and where the sensor is worn.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::heart_rate::{BodySensorLocation, HeartRateMeasurement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, HeartRateMeasurement);
    round_trip!(octets, BodySensorLocation);
});
