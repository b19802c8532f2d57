//! Observations by hand: every class, what bundles hand down, and what is refused.
//! The laws over made observations are in the crate's `tests/laws`.
use super::*;
use crate::generic_health::value::{Component, Quantity, SampleArray, StateEvent};
use alloc::vec;
use bedside_vitals::{Decimal, Sensitive};

const SATURATION: u32 = 150_456;

/// An oxygen saturation of 97.5 percent with everything that may stand around it.
fn saturation() -> Vec<u8> {
    let mut attributes = vec![0xFF, 0x01];
    attributes.extend(SATURATION.to_le_bytes());
    attributes.extend([0x22, 0xC7, 0x6D, 0x4D, 0x31, 0, 0, 1, 0]);
    attributes.extend([0x05, 0, 0, 0]);
    attributes.extend([0b0010_0010, 0]);
    attributes.extend([42, 0, 0, 0]);
    attributes.extend([3]);
    attributes.extend([1, 7, 0, 0, 0]);
    attributes.extend([0]);
    attributes.extend([2, 8, 0, 0, 0, 9, 0, 0, 0]);
    attributes.extend([0x20, 0x02, 0xCF, 0x03, 0, 0xFF]);
    observation(1, &attributes)
}

fn observation(class: u8, after_length: &[u8]) -> Vec<u8> {
    let mut octets = vec![class];
    octets.extend((after_length.len() as u16).to_le_bytes());
    octets.extend(after_length);
    octets
}

/// An observation of a class with nothing but its value.
fn value(class: u8, value: &[u8]) -> ObservationValue {
    let octets = observation(class, &[&[0, 0], value].concat());
    let observation = Observation::decode(&octets).unwrap();
    assert_eq!(observation.encode().unwrap(), octets);
    observation.value
}

fn kind_of_error(octets: &[u8]) -> &'static str {
    Observation::decode(octets).unwrap_err().kind()
}

fn number(mantissa: i64, exponent: i8) -> Number {
    Number::Value(Decimal::new(mantissa, exponent))
}

#[test]
fn a_number_stands_after_its_attributes() {
    let octets = saturation();
    let observation = Observation::decode(&octets).unwrap();
    assert_eq!((observation.kind, observation.patient, observation.object_id), (Some(SATURATION), Some(3), Some(42)));
    assert_eq!(observation.duration_s, Some(number(5, 0)));
    let statements: Vec<_> = observation.status.unwrap().raised().map(MeasurementStatement::name).collect();
    assert_eq!(statements, ["questionable", "early_estimate"]);
    assert_eq!(observation.supplemental, Some(vec![7]));
    assert_eq!(
        (observation.derived_from.as_deref(), observation.member_of.as_deref()),
        (Some(&[][..]), Some(&[8, 9][..]))
    );
    assert_eq!(observation.value, ObservationValue::Numeric(Quantity { unit: 544, value: number(975, -1) }));
    assert_eq!(observation.time.and_then(|time| time.utc()).map(|time| time.0), Some(1_773_842_759_000));
    assert_eq!(observation.encode().unwrap(), octets);
}

#[test]
fn a_unit_outside_the_vocabulary_is_not_guessed() {
    let units = [544, 2720, 3872, 6048, 1731, 545, 0].map(|unit| Quantity { unit, value: number(1, 0) }.known_unit());
    let symbols = units.map(|unit| unit.map(bedside_vitals::Unit::ucum));
    assert_eq!(symbols, [Some("%"), Some("/min"), Some("mm[Hg]"), Some("Cel"), Some("kg"), None, None]);
}

#[test]
fn codes_texts_and_bits_have_their_own_forms() {
    assert_eq!(value(2, &[1, 2, 0, 0]), ObservationValue::SimpleDiscrete(0x0201));
    assert_eq!(value(3, &[3, 0, b'n', 0xC3, 0xA9]), ObservationValue::Text(Sensitive::new("né".into())));
    assert_eq!(value(5, &[2, 1, 0, 0, 0, 2, 0, 0, 0]), ObservationValue::CompoundDiscreteEvent(vec![1, 2]));
    let bits = StateEvent { supported: vec![0xFF, 1], states: vec![0xF0, 0], bits: vec![0x81, 1] };
    assert_eq!(value(6, &[2, 0xFF, 1, 0xF0, 0, 0x81, 1]), ObservationValue::CompoundStateEvent(bits));
}

#[test]
fn samples_are_signed_in_as_many_octets_as_said() {
    let head = [0xB2, 0x10, 5, 0, 0, 0xFF, 0, 0, 0, 0, 4, 0, 0, 0xFD, 1];
    let samples = |rest: &[u8]| match value(4, &[&head, rest].concat()) {
        ObservationValue::SampleArray(array) => array,
        other => panic!("expected samples, got {other:?}"),
    };
    let array = samples(&[2, 2, 0, 0, 0, 0x18, 0xFC, 0xE8, 0x03]);
    assert_eq!((array.unit, array.scale, array.offset), (0x10B2, number(5, -1), number(0, 0)));
    assert_eq!((array.sample_period_s, array.samples_per_period), (number(4, -3), 1));
    assert_eq!(array.samples, [-1000, 1000]);
    assert_eq!(samples(&[1, 3, 0, 0, 0, 0, 0x7F, 0x80]).samples, [0, 127, -128]);
    assert_eq!(samples(&[4, 0, 0, 0, 0]).samples, []);
    let wide = SampleArray { bytes_per_sample: 1, samples: vec![128], ..array };
    assert!(Observation::new(ObservationValue::SampleArray(wide)).encode().is_err());
}

#[test]
fn a_false_number_of_samples_or_of_their_octets_is_refused() {
    let array = |width: u8, count: u32| {
        let head = [0, 0, 0xB2, 0x10, 5, 0, 0, 0xFF, 0, 0, 0, 0, 4, 0, 0, 0xFD, 1, width];
        observation(4, &[&head[..], &count.to_le_bytes(), &[0; 8]].concat())
    };
    assert_eq!(kind_of_error(&array(4, u32::MAX)), "truncated");
    assert_eq!(kind_of_error(&array(0, 8)), "out_of_range");
    assert_eq!(kind_of_error(&array(5, 1)), "out_of_range");
    assert_eq!(kind_of_error(&array(1, 7)), "trailing_bytes");
}

#[test]
fn a_compound_has_values_of_several_classes_and_compounds_in_it() {
    let systolic = [5, 0x4A, 2, 0, 1, 0x20, 0x0F, 120, 0, 0, 0];
    let nested = [1, 0, 0, 0, 7, 1, 2, 0, 0, 0, 2, 9, 0, 0, 0];
    let compound = value(7, &[&[2][..], &systolic, &nested].concat());
    let ObservationValue::Compound(components) = compound else { panic!("not a compound") };
    let pressure = ObservationValue::Numeric(Quantity { unit: 3872, value: number(120, 0) });
    assert_eq!(components[0], Component { kind: 150_021, value: pressure });
    let inner = Component { kind: 2, value: ObservationValue::SimpleDiscrete(9) };
    assert_eq!(components[1], Component { kind: 1, value: ObservationValue::Compound(vec![inner]) });
}

#[test]
fn members_of_a_bundle_inherit_time_and_patient_but_keep_their_own() {
    let with_its_own = saturation();
    let without = observation(2, &[1, 0, 5, 0, 0, 0, 6, 0, 0, 0]);
    let time = [0x22, 0xC8, 0x6D, 0x4D, 0x31, 0, 0, 1, 0];
    let octets = observation(255, &[&[0b10_0010, 0][..], &time, &[9, 2], &with_its_own, &without].concat());
    let bundle = Observation::decode(&octets).unwrap();
    assert_eq!(bundle.encode().unwrap(), octets);
    let leaves = bundle.leaves();
    assert_eq!(leaves.iter().map(|leaf| leaf.patient).collect::<Vec<_>>(), [Some(3), Some(9)]);
    assert_eq!(
        leaves.iter().filter_map(|leaf| leaf.time).map(|time| time.count & 0xFF).collect::<Vec<_>>(),
        [0xC7, 0xC8]
    );
    assert_eq!((leaves[1].observation.time, leaves[1].observation.patient), (None, None));
}

#[test]
fn a_single_observation_is_its_own_leaf() {
    let observation = Observation::decode(&saturation()).unwrap();
    assert_eq!(
        observation.leaves(),
        [InheritedObservation { observation: &observation, time: observation.time, patient: Some(3) }]
    );
}

#[test]
fn nesting_is_bounded() {
    let mut observation = Observation::new(ObservationValue::SimpleDiscrete(1));
    for level in 1..=5 {
        observation = Observation::new(ObservationValue::Bundle(vec![observation]));
        assert_eq!(observation.encode().is_ok(), level <= 4, "{level} levels");
    }
    let bundle_of = |member: &[u8]| self::observation(255, &[&[0, 0, 1][..], member].concat());
    let innermost = self::observation(2, &[0, 0, 1, 0, 0, 0]);
    let deepest = (0..4).fold(innermost, |member, _| bundle_of(&member));
    assert!(Observation::decode(&deepest).is_ok());
    let error = Observation::decode(&bundle_of(&deepest)).unwrap_err();
    assert!(matches!(error, DecodeError::OutOfRange { field: "nesting", .. }), "{error}");
}

#[test]
fn the_length_counts_only_what_follows_it() {
    let octets = saturation();
    let with_length = |length: usize| {
        let mut octets = octets.clone();
        octets[1..3].copy_from_slice(&(length as u16).to_le_bytes());
        octets
    };
    let right = octets.len() - 3;
    assert!(Observation::decode(&with_length(right)).is_ok());
    assert_eq!(kind_of_error(&with_length(right + 3)), "truncated", "the class and the length are not counted");
    assert_eq!(kind_of_error(&with_length(right - 1)), "truncated", "the value does not fit");
    assert_eq!(kind_of_error(&[&octets[..], &[0]].concat()), "trailing_bytes");
}

#[test]
fn an_error_inside_a_bundle_counts_from_the_start_of_the_body() {
    let member = observation(9, &[0, 0]);
    let error = Observation::decode(&observation(255, &[&[0, 0, 1][..], &member].concat())).unwrap_err();
    assert!(matches!(error, DecodeError::UnsupportedOpcode { offset: 6, got: 9, .. }), "{error}");
}

#[test]
fn type_length_values_and_unknown_classes_are_refused_by_name() {
    for class in [0, 8, 9, 254] {
        assert_eq!(kind_of_error(&observation(class, &[0, 0])), "unsupported_opcode");
    }
    let error = Observation::decode(&observation(2, &[0, 0b10, 1, 0, 0, 0])).unwrap_err();
    assert!(matches!(error, DecodeError::UnsupportedOpcode { offset: 4, got: 0b10, .. }), "{error}");
    let component = observation(7, &[0, 0, 1, 0, 0, 0, 0, 255, 0]);
    assert_eq!(kind_of_error(&component), "unsupported_opcode");
}

#[test]
fn surplus_octets_need_a_reserved_flag() {
    assert_eq!(kind_of_error(&observation(2, &[0, 0, 1, 0, 0, 0, 7])), "trailing_bytes");
    assert!(Observation::decode(&observation(2, &[0, 0b100, 1, 0, 0, 0, 7])).is_ok());
}

#[test]
fn a_text_that_is_no_text_is_refused_without_being_shown() {
    let error = Observation::decode(&observation(3, &[0, 0, 3, 0, b'a', 0xFF, b'b'])).unwrap_err();
    assert!(matches!(error, DecodeError::OutOfRange { field: "text", offset: 8, got: 0xFF, .. }), "{error}");
}

#[test]
fn a_stored_body_begins_with_its_record_number() {
    let octets = [&[7, 1, 0, 0][..], &saturation()].concat();
    let stored = StoredObservation::decode(&octets).unwrap();
    assert_eq!((stored.record_number, stored.observation.kind), (0x0107, Some(SATURATION)));
    assert_eq!(stored.encode().unwrap(), octets);
    assert_eq!(StoredObservation::decode(&octets[..3]).unwrap_err().kind(), "truncated");
}
