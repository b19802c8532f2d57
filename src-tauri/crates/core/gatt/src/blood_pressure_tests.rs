//! Hand-made captures of the Blood Pressure service, each octet checked against the field tables.
//! Properties over all values live in `tests/`.
use super::*;
use bedside_vitals::Decimal;

const TIME: [u8; 7] = [0xEA, 0x07, 3, 18, 14, 5, 59];

fn whole(number: i64) -> Number {
    Number::Value(Decimal::whole(number))
}

fn value(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn kind(octets: &[u8]) -> &'static str {
    BloodPressureMeasurement::decode(octets).unwrap_err().kind()
}

#[test]
fn every_field_is_read_in_the_order_of_its_flag() {
    let full = value(&[&[0x1E, 120, 0, 80, 0, 93, 0], &TIME, &[72, 0, 1, 0b0010_0101, 0]]);
    let measured = BloodPressureMeasurement::decode(&full).unwrap();
    assert_eq!((measured.systolic, measured.diastolic, measured.mean), (whole(120), whole(80), whole(93)));
    assert_eq!(measured.unit, PressureUnit::MillimetreOfMercury);
    assert_eq!(measured.context.timestamp.unwrap().second, 59);
    assert_eq!(measured.context.pulse_rate_bpm, Some(whole(72)));
    assert_eq!(measured.context.user, Some(User::Slot(1)));
    let raised: Vec<_> = measured.context.status.unwrap().raised().map(MeasurementFinding::name).collect();
    assert_eq!(raised, ["body_movement", "irregular_pulse", "improper_position"]);
}

#[test]
fn kilopascals_keep_their_decimal_place() {
    let measured = BloodPressureMeasurement::decode(&[0x01, 0xA0, 0xF0, 0x6B, 0xF0, 0xFF, 0x07]).unwrap();
    assert_eq!(measured.systolic, Number::Value(Decimal::new(160, -1)));
    assert_eq!(measured.diastolic, Number::Value(Decimal::new(107, -1)));
    assert_eq!(measured.mean, NOT_A_NUMBER);
    assert_eq!(measured.pressures().unit, Unit::Kilopascal);
}

#[test]
fn the_pulse_rate_range_is_two_bits() {
    let range = |code: u16| MeasurementStatus::from_bits(code << 3).pulse_rate_range().name();
    assert_eq!([0, 1, 2, 3].map(range), ["in_range", "above_upper_limit", "below_lower_limit", "reserved"]);
}

#[test]
fn a_user_of_255_is_unknown() {
    let measured = BloodPressureMeasurement::decode(&[0x08, 120, 0, 80, 0, 93, 0, 0xFF]).unwrap();
    assert_eq!(measured.context.user, Some(User::Unknown));
    assert_eq!(measured.context.user.unwrap().slot(), None);
}

#[test]
fn missing_and_surplus_octets_are_rejected() {
    assert_eq!(kind(&[0x00, 120, 0, 80, 0, 93]), "truncated");
    assert_eq!(kind(&[0x10, 120, 0, 80, 0, 93, 0, 1]), "truncated");
    assert_eq!(kind(&[0x00, 120, 0, 80, 0, 93, 0, 1]), "trailing_bytes");
    assert!(BloodPressureMeasurement::decode(&[0x40, 120, 0, 80, 0, 93, 0, 1]).is_ok());
}

#[test]
fn an_impossible_time_rejects_the_whole_value() {
    let wrong = value(&[&[0x02, 120, 0, 80, 0, 93, 0], &[0xEA, 0x07, 13, 18, 14, 5, 59]]);
    let error = BloodPressureMeasurement::decode(&wrong).unwrap_err();
    assert!(matches!(error, DecodeError::OutOfRange { field: "month", offset: 9, got: 13, .. }), "{error}");
}

#[test]
fn a_beurer_cuff_is_read_with_its_own_octet_order_and_user() {
    let sent = value(&[&[0x56, 120, 0, 80, 0, 93, 0], &TIME, &[0, 72, 2, 0, 0b100]]);
    let measured = BloodPressureMeasurement::decode_in(Dialect::BeurerBigEndian, &sent).unwrap();
    assert_eq!(measured.context.pulse_rate_bpm, Some(whole(72)));
    assert_eq!(measured.context.user, Some(User::Slot(2)));
    assert!(measured.context.status.unwrap().has(MeasurementFinding::IrregularPulse));
    assert_eq!(measured.encode_in(Dialect::BeurerBigEndian).unwrap(), sent);
}

#[test]
fn a_quirk_is_known_by_its_exact_name() {
    assert_eq!(Dialect::of_quirk("beurer_be"), Some(Dialect::BeurerBigEndian));
    assert_eq!(Dialect::of_quirk("beurer"), None);
}

#[test]
fn the_unused_pressures_of_an_inflating_cuff_are_passed_over() {
    let nan = IntermediateCuffPressure::decode(&[0x04, 150, 0, 0xFF, 0x07, 0xFF, 0x07, 70, 0]).unwrap();
    let zeros = IntermediateCuffPressure::decode(&[0x04, 150, 0, 0, 0, 0, 0, 70, 0]).unwrap();
    assert_eq!(nan, zeros);
    assert_eq!((nan.cuff_pressure, nan.context.pulse_rate_bpm), (whole(150), Some(whole(70))));
    assert_eq!(IntermediateCuffPressure::decode(&[0x00, 150, 0]).unwrap_err().kind(), "truncated");
}

#[test]
fn features_are_sixteen_bits_and_reserved_ones_mean_nothing() {
    let features = BloodPressureFeatures::decode(&[0b0010_0001, 0x81]).unwrap();
    let names: Vec<_> = features.raised().map(BloodPressureFeature::name).collect();
    assert_eq!(names, ["body_movement", "multiple_bonds", "user_facing_time"]);
    assert_eq!(BloodPressureFeatures::decode(&[1]).unwrap_err().kind(), "length");
}
