//! Hand-made captures of the Glucose service, each octet checked against the field tables.
//! Properties over all values live in `tests/`.
use super::*;
use bedside_vitals::{Decimal, Special};

const TIME: [u8; 7] = [0xEA, 0x07, 3, 18, 14, 5, 59];

fn decimal(mantissa: i64, exponent: i8) -> Number {
    Number::Value(Decimal::new(mantissa, exponent))
}

fn value(flags: u8, rest: &[u8]) -> Vec<u8> {
    [&[flags, 0x2A, 0x01], TIME.as_slice(), rest].concat()
}

fn measured(flags: u8, rest: &[u8]) -> GlucoseMeasurement {
    GlucoseMeasurement::decode(&value(flags, rest)).unwrap()
}

fn kind(flags: u8, rest: &[u8]) -> &'static str {
    GlucoseMeasurement::decode(&value(flags, rest)).unwrap_err().kind()
}

/// The concentration of `raw`, an SFLOAT word, in kg/L.
fn concentration(raw: u16) -> Number {
    let [low, high] = raw.to_le_bytes();
    measured(0x02, &[low, high, 0x11]).concentration.unwrap().amount
}

#[test]
fn every_field_is_read_in_the_order_of_its_flag() {
    let full = measured(0x1B, &[0xC4, 0xFF, 0x72, 0xB0, 0x11, 0x21, 0x08]);
    assert_eq!(full.sequence_number, 298);
    assert_eq!((full.base_time.year, full.base_time.second), (Some(2026), 59));
    assert_eq!(full.time_offset_min, Some(-60));
    let found = full.concentration.unwrap();
    assert_eq!((found.amount, found.unit), (decimal(114, -5), ConcentrationUnit::KilogramPerLitre));
    assert_eq!(found.sample_type, SampleType::CapillaryWholeBlood);
    assert_eq!(found.sample_location, SampleLocation::Finger);
    let raised: Vec<_> = full.status.unwrap().raised().map(GlucoseFinding::name).collect();
    assert_eq!(raised, ["battery_low", "result_too_high", "time_fault"]);
    assert!(full.context_follows);
}

#[test]
fn concentrations_above_255_keep_their_high_bits() {
    assert_eq!(concentration(0xB12C), decimal(300, -5));
    assert_eq!(concentration(0xB100), decimal(256, -5));
    assert_eq!(concentration(0xB1A4), decimal(420, -5));
}

#[test]
fn the_unit_flag_says_moles_a_litre() {
    let found = measured(0x06, &[0x3F, 0xC0, 0xF8]).concentration.unwrap();
    assert_eq!((found.amount, found.unit.name()), (decimal(63, -4), "mol/L"));
    assert_eq!(found.sample_type, SampleType::UndeterminedPlasma);
    assert_eq!(found.sample_location, SampleLocation::NotAvailable);
}

#[test]
fn the_unit_flag_of_a_record_without_concentration_means_nothing() {
    assert_eq!(measured(0x04, &[]), measured(0x00, &[]));
}

#[test]
fn control_solution_and_undefined_codes_are_told_apart() {
    let sample = |octet: u8| measured(0x02, &[0, 0, octet]).concentration.unwrap();
    assert_eq!(sample(0x4A).sample_type.name(), "control_solution");
    assert_eq!(sample(0x4A).sample_location.name(), "control_solution");
    assert_eq!(sample(0x5B).sample_type, SampleType::Reserved(11));
    assert_eq!(sample(0x5B).sample_location, SampleLocation::Reserved(5));
}

#[test]
fn results_beyond_the_range_are_states() {
    assert_eq!(concentration(0x07FE), Number::Special(Special::PositiveInfinity));
    assert_eq!(concentration(0x07FF), Number::Special(Special::NotANumber));
}

#[test]
fn missing_and_surplus_octets_are_rejected() {
    assert_eq!(GlucoseMeasurement::decode(&[]).unwrap_err().kind(), "truncated");
    assert_eq!(kind(0x01, &[0xC4]), "truncated");
    assert_eq!(kind(0x02, &[0x72, 0xB0]), "truncated");
    assert_eq!(kind(0x08, &[0]), "truncated");
    assert_eq!(kind(0x00, &[0]), "trailing_bytes");
    assert!(GlucoseMeasurement::decode(&value(0x20, &[0])).is_ok());
}

#[test]
fn a_code_that_does_not_fit_four_bits_is_not_encoded() {
    let mut wide = measured(0x02, &[0, 0, 0x11]);
    wide.concentration.as_mut().unwrap().sample_type = SampleType::Reserved(16);
    let error = wide.encode().unwrap_err();
    assert!(matches!(error, EncodeError::OutOfRange { field: "sample type", got: 16, .. }), "{error}");
}

#[test]
fn features_are_sixteen_bits_and_reserved_ones_mean_nothing() {
    let features = GlucoseFeatures::decode(&[0b0010_0001, 0x84]).unwrap();
    let names: Vec<_> = features.raised().map(GlucoseFeature::name).collect();
    assert_eq!(names, ["low_battery", "high_low", "multiple_bonds"]);
    assert_eq!(GlucoseFeatures::decode(&[1]).unwrap_err().kind(), "length");
}
