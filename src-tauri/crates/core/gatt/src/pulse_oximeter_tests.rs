//! Hand-made captures of the Pulse Oximeter service, each octet checked against the field tables.
//! Properties over all values live in `tests/`.
use super::*;
use bedside_vitals::{Decimal, Special};

fn whole(number: i64) -> Number {
    Number::Value(Decimal::whole(number))
}

fn pair(spo2: i64, pulse: i64) -> SaturationAndPulse {
    SaturationAndPulse { spo2_percent: whole(spo2), pulse_rate_bpm: whole(pulse) }
}

#[test]
fn a_full_spot_check_is_read_in_the_order_of_its_flags() {
    let full = [0x1F, 97, 0, 72, 0, 0xEA, 0x07, 3, 18, 14, 5, 59, 0x80, 0x05, 0x20, 0x80, 0x00, 0x0F, 0xF0];
    let measured = SpotCheckMeasurement::decode(&full).unwrap();
    assert_eq!(measured.normal, pair(97, 72));
    assert_eq!(measured.timestamp.unwrap().hour, 14);
    let statements: Vec<_> = measured.measurement_status.unwrap().raised().map(MeasurementStatement::name).collect();
    assert_eq!(statements, ["validated", "fully_qualified", "demonstration"]);
    let findings: Vec<_> = measured.device_status.unwrap().raised().map(DeviceFinding::name).collect();
    assert_eq!(findings, ["low_perfusion", "disconnected"]);
    assert_eq!(measured.pulse_amplitude_index_percent, Some(Number::Value(Decimal::new(15, -1))));
    assert!(measured.device_clock_not_set);
}

#[test]
fn an_unset_clock_is_a_flag_without_a_field() {
    let measured = SpotCheckMeasurement::decode(&[0x10, 97, 0, 72, 0]).unwrap();
    assert!(measured.device_clock_not_set);
    assert_eq!(measured.timestamp, None);
}

#[test]
fn a_full_continuous_value_is_read_in_the_order_of_its_flags() {
    let full = [0x1F, 97, 0, 72, 0, 96, 0, 73, 0, 98, 0, 71, 0, 0x20, 0x00, 0x10, 0x00, 0x00, 0x02, 0x00];
    let measured = ContinuousMeasurement::decode(&full).unwrap();
    assert_eq!(measured.normal, pair(97, 72));
    assert_eq!((measured.fast, measured.slow), (Some(pair(96, 73)), Some(pair(98, 71))));
    assert!(measured.measurement_status.unwrap().has(MeasurementStatement::Ongoing));
    assert!(measured.device_status.unwrap().has(DeviceFinding::PoorSignal));
    assert_eq!(measured.pulse_amplitude_index_percent, Some(whole(2)));
}

#[test]
fn a_slow_pair_without_a_fast_one_is_not_taken_for_it() {
    let measured = ContinuousMeasurement::decode(&[0x02, 97, 0, 72, 0, 98, 0, 71, 0]).unwrap();
    assert_eq!((measured.fast, measured.slow), (None, Some(pair(98, 71))));
}

#[test]
fn a_missing_saturation_is_a_state() {
    let measured = ContinuousMeasurement::decode(&[0x00, 0xFF, 0x07, 0xFF, 0x07]).unwrap();
    assert_eq!(measured.normal.spo2_percent, Number::Special(Special::NotANumber));
}

#[test]
fn missing_and_surplus_octets_are_rejected() {
    let kind = |octets: &[u8]| ContinuousMeasurement::decode(octets).unwrap_err().kind();
    assert_eq!(kind(&[0x00, 97, 0, 72]), "truncated");
    assert_eq!(kind(&[0x08, 97, 0, 72, 0, 1, 2]), "truncated");
    assert_eq!(kind(&[0x00, 97, 0, 72, 0, 1]), "trailing_bytes");
    assert!(ContinuousMeasurement::decode(&[0x80, 97, 0, 72, 0, 1]).is_ok());
    assert_eq!(SpotCheckMeasurement::decode(&[0x01, 97, 0, 72, 0, 1]).unwrap_err().kind(), "truncated");
    assert_eq!(SpotCheckMeasurement::decode(&[0x00, 97, 0, 72, 0, 1]).unwrap_err().kind(), "trailing_bytes");
}

#[test]
fn features_announce_their_support_fields() {
    let all = PulseOximeterFeatures::decode(&[0x4F, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00]).unwrap();
    let names: Vec<_> = all.features.raised().map(Feature::name).collect();
    assert_eq!(names, ["storage", "time_stamp", "pulse_amplitude_index"]);
    assert!(all.measurement_status_support.unwrap().has(MeasurementStatement::FromStorage));
    assert!(all.device_status_support.unwrap().has(DeviceFinding::ExtendedDisplayUpdate));
    let none = PulseOximeterFeatures::decode(&[0x10, 0x00]).unwrap();
    assert_eq!((none.measurement_status_support, none.device_status_support), (None, None));
    assert_eq!(PulseOximeterFeatures::decode(&[0x03, 0x00, 1, 2]).unwrap_err().kind(), "truncated");
}
