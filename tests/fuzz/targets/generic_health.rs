//! Fuzz target: generic health sensors: segments, features, observations.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::{notifications, round_trip};
use bedside_gatt::generic_health::{
    ControlReply, ControlRequest, HealthSensorFeatures, Observation, Segment, SegmentJoiner, StoredObservation, split,
};
use libfuzzer_sys::fuzz_target;

/// Small, so that bodies beyond it are met.
const LARGEST: usize = 64;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, Segment);
    round_trip!(octets, HealthSensorFeatures);
    round_trip!(octets, ControlRequest);
    round_trip!(octets, ControlReply);
    round_trip!(octets, Observation);
    round_trip!(octets, StoredObservation);
    if let Ok(observation) = Observation::decode(octets) {
        let _ = observation.leaves();
    }
    any_segments_are_joined_or_lost(octets);
    a_body_comes_back_from_its_segments(octets);
});

fn any_segments_are_joined_or_lost(octets: &[u8]) {
    let mut joiner = SegmentJoiner::with_largest(LARGEST);
    for notification in notifications(octets) {
        if let Ok(outcome) = joiner.push(notification)
            && let Some(body) = outcome.body
        {
            assert!(body.len() <= LARGEST);
        }
    }
}

fn a_body_comes_back_from_its_segments(octets: &[u8]) {
    let [size, counter, body @ ..] = octets else { return };
    let mut joiner = SegmentJoiner::new();
    let mut whole = None;
    for segment in split(body, *counter, usize::from(*size)) {
        let outcome = joiner.push(&segment).unwrap_or_else(|error| panic!("{segment:02x?} is refused: {error:?}"));
        assert_eq!(outcome.loss, None);
        whole = outcome.body;
    }
    assert_eq!(whole.as_deref(), Some(body));
}
