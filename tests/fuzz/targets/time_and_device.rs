//! Fuzz target: clocks, what a device says of itself, batteries.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::battery::{BatteryLevel, BatteryLevelStatus};
use bedside_gatt::current_time::{
    CurrentTime, DaylightSavingOffset, LocalTimeInformation, ReferenceTimeInformation, TimeAccuracy, TimeSource,
    TimeZone,
};
use bedside_gatt::date_time;
use bedside_gatt::device_information::{self, PnpId, SystemId, UniqueDeviceIdentifier};
use bedside_gatt::elapsed_time::{CurrentElapsedTime, ElapsedTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets => |octets| date_time::decode(octets), |time| date_time::encode(*time));
    round_trip!(octets, CurrentTime);
    round_trip!(octets, TimeZone);
    round_trip!(octets, DaylightSavingOffset);
    round_trip!(octets, LocalTimeInformation);
    round_trip!(octets, TimeSource);
    round_trip!(octets, TimeAccuracy);
    round_trip!(octets, ReferenceTimeInformation);
    round_trip!(octets, ElapsedTime);
    round_trip!(octets, CurrentElapsedTime);
    round_trip!(
        octets => |octets| device_information::decode_text(device_information::MODEL_NUMBER, octets),
        |text| device_information::encode_text(text)
    );
    round_trip!(octets, UniqueDeviceIdentifier);
    round_trip!(octets, SystemId);
    round_trip!(octets, PnpId);
    round_trip!(octets, BatteryLevel);
    round_trip!(octets, BatteryLevelStatus);
});
