//! The laws of the Generic Health Sensor codecs: observations of every class, nested, and bodies joined from segments.
//! Single observations are tested beside the profile.

use crate::common::{codec_laws, float};
use bedside_gatt::current_time::TimeSource;
use bedside_gatt::elapsed_time::{ElapsedTime, ElapsedTimeFlags};
use bedside_gatt::generic_health::{
    Component, ControlReply, ControlRequest, HealthSensorFeatures, MeasurementStatus, Observation, ObservationValue,
    Quantity, SampleArray, Segment, SegmentJoiner, Specialization, StateEvent, StoredObservation, split,
};
use bedside_vitals::Sensitive;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn elapsed_time() -> impl Strategy<Value = ElapsedTime> {
    (any::<(u8, u8, i8)>(), 0..1u64 << 48).prop_map(|((flags, source, offset_quarters), count)| ElapsedTime {
        flags: ElapsedTimeFlags::from_bits(flags),
        count,
        source: TimeSource::from_octet(source),
        offset_quarters,
    })
}

fn numeric() -> impl Strategy<Value = ObservationValue> {
    (any::<u16>(), float()).prop_map(|(unit, value)| ObservationValue::Numeric(Quantity { unit, value }))
}

fn sample_array() -> impl Strategy<Value = ObservationValue> {
    let samples = (1..=4u8, vec(any::<i32>(), 0..20));
    (any::<(u16, u8)>(), [float(), float(), float()], samples).prop_map(
        |((unit, samples_per_period), [scale, offset, sample_period_s], (bytes_per_sample, samples))| {
            let spare_bits = 32 - 8 * u32::from(bytes_per_sample);
            let samples = samples.iter().map(|sample| sample >> spare_bits).collect();
            ObservationValue::SampleArray(SampleArray {
                unit,
                scale,
                offset,
                sample_period_s,
                samples_per_period,
                bytes_per_sample,
                samples,
            })
        },
    )
}

fn state_event() -> impl Strategy<Value = ObservationValue> {
    vec(any::<[u8; 3]>(), 0..6).prop_map(|octets| {
        let column = |at: usize| octets.iter().map(|row| row[at]).collect();
        ObservationValue::CompoundStateEvent(StateEvent { supported: column(0), states: column(1), bits: column(2) })
    })
}

/// A value of any class but a bundle, with up to three levels of compounds.
fn component_value() -> impl Strategy<Value = ObservationValue> {
    let leaf = prop_oneof![
        numeric(),
        any::<u32>().prop_map(ObservationValue::SimpleDiscrete),
        "\\PC{0,12}".prop_map(|text| ObservationValue::Text(Sensitive::new(text))),
        sample_array(),
        vec(any::<u32>(), 0..5).prop_map(ObservationValue::CompoundDiscreteEvent),
        state_event(),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        vec((any::<u32>(), inner).prop_map(|(kind, value)| Component { kind, value }), 0..4)
            .prop_map(ObservationValue::Compound)
    })
}

fn with_attributes(value: impl Strategy<Value = ObservationValue>) -> impl Strategy<Value = Observation> {
    let list = || option::of(vec(any::<u32>(), 0..4));
    let attributes = (
        option::of(any::<u32>()),
        option::of(elapsed_time()),
        option::of(float()),
        option::of(any::<u16>().prop_map(MeasurementStatus::from_bits)),
        option::of(any::<u32>()),
        option::of(any::<u8>()),
    );
    (attributes, [list(), list(), list()], value).prop_map(
        |((kind, time, duration_s, status, object_id, patient), [supplemental, derived_from, member_of], value)| {
            Observation {
                kind,
                time,
                duration_s,
                status,
                object_id,
                patient,
                supplemental,
                derived_from,
                member_of,
                value,
            }
        },
    )
}

fn observation() -> impl Strategy<Value = Observation> {
    let bundle = vec(with_attributes(component_value()), 0..4).prop_map(ObservationValue::Bundle);
    with_attributes(prop_oneof![component_value(), bundle])
}

fn stored() -> impl Strategy<Value = StoredObservation> {
    (any::<u32>(), observation())
        .prop_map(|(record_number, observation)| StoredObservation { record_number, observation })
}

fn features() -> impl Strategy<Value = HealthSensorFeatures> {
    let specialization = any::<(u16, u8)>().prop_map(|(code, version)| Specialization { code, version });
    (vec(any::<u32>(), 0..6), option::of(vec(specialization, 0..4)))
        .prop_map(|(types, specializations)| HealthSensorFeatures { types, specializations })
}

codec_laws!(live_observation: observation(),
    Observation::decode, |observation: &Observation| observation.encode().unwrap());
codec_laws!(stored_observation: stored(),
    StoredObservation::decode, |stored: &StoredObservation| stored.encode().unwrap());
codec_laws!(health_sensor_features: features(),
    HealthSensorFeatures::decode, |features: &HealthSensorFeatures| features.encode().unwrap());
codec_laws!(control_request: any::<u8>().prop_map(ControlRequest::from_octet),
    ControlRequest::decode, |request: &ControlRequest| request.encode());
codec_laws!(control_reply: any::<u8>().prop_map(ControlReply::from_octet),
    ControlReply::decode, |reply: &ControlReply| reply.encode());

proptest! {
    #[test]
    fn a_body_survives_being_cut_into_segments(
        bodies in vec(vec(any::<u8>(), 0..300), 1..4), counter in any::<u8>(), value_size in 2..60usize
    ) {
        let mut joiner = SegmentJoiner::new();
        for body in bodies {
            let values = split(&body, counter, value_size);
            prop_assert!(values.iter().all(|value| value.len() <= value_size));
            for (index, value) in values.iter().enumerate() {
                let outcome = joiner.push(value).unwrap();
                let expected = (index + 1 == values.len()).then(|| body.clone());
                prop_assert_eq!((outcome.body, outcome.loss), (expected, None));
            }
        }
    }

    #[test]
    fn a_lost_segment_costs_its_body_and_no_other(
        body in vec(any::<u8>(), 20..200), after in vec(any::<u8>(), 0..50), lost in any::<prop::sample::Index>()
    ) {
        let mut values = split(&body, 60, 8);
        values.remove(lost.index(values.len()));
        let mut joiner = SegmentJoiner::new();
        let (mut bodies, mut losses) = (Vec::new(), 0);
        for value in values.iter().chain(&split(&after, 3, 8)) {
            let outcome = joiner.push(value).unwrap();
            bodies.extend(outcome.body);
            losses += usize::from(outcome.loss.is_some());
        }
        prop_assert_eq!(bodies, [after]);
        prop_assert!(losses > 0);
    }

    #[test]
    fn a_segment_reads_back(first in any::<bool>(), last in any::<bool>(), counter in 0..64u8,
        payload in vec(any::<u8>(), 0..40)
    ) {
        let segment = Segment { first, last, counter, payload: &payload };
        let octets = segment.encode();
        prop_assert_eq!(Segment::decode(&octets), Ok(segment));
    }

    #[test]
    fn no_leaf_is_a_bundle_and_none_loses_the_patient_around_it(observation in observation()) {
        for leaf in observation.leaves() {
            prop_assert!(!matches!(leaf.observation.value, ObservationValue::Bundle(_)));
            prop_assert!(leaf.patient.is_some() || observation.patient.is_none());
            prop_assert!(leaf.time.is_some() || observation.time.is_none());
        }
    }
}
