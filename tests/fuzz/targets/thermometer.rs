//! Fuzz target: temperature, its type and interval, and the medical floats.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::Characteristic;
use bedside_gatt::health_thermometer::{MeasurementInterval, TemperatureMeasurement, TemperatureType};
use bedside_gatt::medical_float::{decode_float, decode_short_float, encode_float, encode_short_float};
use libfuzzer_sys::fuzz_target;

/// Only errors name it.
const TEMPERATURE: Characteristic = Characteristic::named("Temperature Measurement");

fuzz_target!(|octets: &[u8]| {
    round_trip!(
        octets => |octets| TemperatureMeasurement::decode(TEMPERATURE, octets), |value| value.encode(TEMPERATURE)
    );
    round_trip!(octets, TemperatureType);
    round_trip!(octets, MeasurementInterval);
    round_trip!(octets => |octets| decode_short_float(octets), |value| encode_short_float(*value));
    round_trip!(octets => |octets| decode_float(octets), |value| encode_float(*value));
});
