//! Fuzz target: weight and body composition, also of two packets.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::{notifications, round_trip};
use bedside_gatt::body_composition::{BodyCompositionFeatures, BodyCompositionJoin, BodyCompositionMeasurement};
use bedside_gatt::weight_scale::{WeightMeasurement, WeightScaleFeatures};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, WeightMeasurement);
    round_trip!(octets, WeightScaleFeatures);
    round_trip!(octets, BodyCompositionMeasurement);
    round_trip!(octets, BodyCompositionFeatures);
    no_packet_is_lost_or_doubled(octets);
});

/// Each packet leaves the joiner once: alone, whole, or as one half of a whole.
fn no_packet_is_lost_or_doubled(octets: &[u8]) {
    let mut join = BodyCompositionJoin::default();
    let (mut taken, mut left, mut waiting) = (0_usize, 0_usize, false);
    for packet in notifications(octets).filter_map(|octets| BodyCompositionMeasurement::decode(octets).ok()) {
        let multiple = packet.multiple_packet;
        let joined = join.take(packet);
        taken += 1;
        left += usize::from(joined.alone.is_some());
        left += usize::from(joined.whole.is_some()) * if multiple { 2 } else { 1 };
        waiting = multiple && joined.whole.is_none();
    }
    assert_eq!(join.finish().is_some(), waiting);
    assert_eq!(taken, left + usize::from(waiting));
}
