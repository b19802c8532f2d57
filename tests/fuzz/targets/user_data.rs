//! Fuzz target: the data of a device's users and their control point.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::user_control::{ReceivedUserRequest, UserReply};
use bedside_gatt::user_data::{self, DateOfBirth, Gender, User};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, User);
    round_trip!(octets, DateOfBirth);
    round_trip!(octets, Gender);
    round_trip!(octets, UserReply);
    round_trip!(octets => |octets| user_data::decode_age(octets), |age| user_data::encode_age(*age));
    round_trip!(
        octets => |octets| user_data::decode_resting_heart_rate(octets),
        |rate| user_data::encode_resting_heart_rate(*rate)
    );
    round_trip!(octets => |octets| user_data::decode_weight(octets), |weight| user_data::encode_weight(*weight));
    round_trip!(octets => |octets| user_data::decode_height(octets), |height| user_data::encode_height(*height));
    round_trip!(
        octets => |octets| user_data::decode_database_change_increment(octets),
        |increment| user_data::encode_database_change_increment(*increment)
    );
    // Requests that make a device forget are read and never written.
    if let Ok(ReceivedUserRequest::Request(request)) = ReceivedUserRequest::decode(octets) {
        assert_eq!(request.encode(), octets);
    }
});
