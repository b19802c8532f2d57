//! Fuzz target: blood pressure, its older and newer values, records in segments.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::{notifications, round_trip};
use bedside_gatt::blood_pressure::{
    BloodPressureFeatures, BloodPressureMeasurement, BloodPressureRecord, Dialect, EnhancedBloodPressureMeasurement,
    EnhancedCuffPressure, IntermediateCuffPressure, RecordHead, RecordJoiner, RecordSegment,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, BloodPressureMeasurement);
    round_trip!(
        octets => |octets| BloodPressureMeasurement::decode_in(Dialect::BeurerBigEndian, octets),
        |value| value.encode_in(Dialect::BeurerBigEndian)
    );
    round_trip!(octets, IntermediateCuffPressure);
    round_trip!(octets, BloodPressureFeatures);
    round_trip!(octets, EnhancedBloodPressureMeasurement);
    round_trip!(octets, EnhancedCuffPressure);
    round_trip!(octets, RecordSegment);
    for check_sums in [false, true] {
        any_segments_are_joined_or_lost(octets, check_sums);
        a_record_comes_back_from_its_segments(octets, check_sums);
    }
});

fn any_segments_are_joined_or_lost(octets: &[u8], check_sums: bool) {
    let mut joiner = RecordJoiner::new(check_sums);
    for notification in notifications(octets) {
        if let Ok(outcome) = joiner.push(notification)
            && let Some(record) = outcome.record
        {
            let _ = record.recorded();
        }
    }
}

fn a_record_comes_back_from_its_segments(octets: &[u8], check_sums: bool) {
    let [size, low, high, value @ ..] = octets else { return };
    let head = RecordHead { sequence_number: u16::from_le_bytes([*low, *high]), characteristic: 0x2B34 };
    let record = BloodPressureRecord { head, value: value.to_vec() };
    let mut joiner = RecordJoiner::new(check_sums);
    let mut whole = None;
    for segment in record.segments(usize::from(*size), check_sums) {
        let outcome = joiner.push(&segment).unwrap_or_else(|error| panic!("{segment:02x?} is refused: {error:?}"));
        assert_eq!(outcome.loss, None);
        whole = outcome.record;
    }
    assert_eq!(whole, Some(record));
}
