//! Fuzz target: the record access control point, requests and replies.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::round_trip;
use bedside_gatt::record_access::{RecordReply, RecordRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, RecordRequest);
    round_trip!(octets, RecordReply);
    if let Err(refusal) = RecordRequest::decode_or_refuse(octets) {
        let written = refusal.encode();
        assert_eq!(RecordReply::decode(&written), Ok(refusal), "a refusal is a reply");
    }
});
