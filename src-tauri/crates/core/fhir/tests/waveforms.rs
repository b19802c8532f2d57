//! A marked stretch of a waveform or of beat intervals: its parts, their numbers and times, against golden files and by property.
//! Not here: single values and medians (`golden`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{BeatsInput, NotFilable, Observation, Person, StripInput, beat_observations, strip_observations};
use bedside_vitals::{DeviceDescription, DeviceKind, Parameter, Patient, SeriesId, Unit, WallTime};
use common::{NOON, context, described, golden, person};
use proptest::prelude::*;

fn parts(parameter: Parameter, unit: Unit, hertz: u16, samples: &[i32]) -> Result<Vec<Observation>, NotFilable> {
    let (person, device): (Patient, DeviceDescription) = (person(), described(DeviceKind::EcgSensor));
    let series = SeriesId::derive(device.id, Some(person.id), parameter);
    let input = StripInput {
        patient: &person,
        device: &device,
        series,
        parameter,
        unit,
        exponent: 0,
        start: NOON,
        hertz,
        samples,
        performer: None,
    };
    strip_observations(&context(), &input)
}

#[test]
fn a_short_stretch_of_an_ecg_is_one_part_in_millivolts_with_the_devices_integers() {
    let samples = [12, -7, 0, 1_204, -388, 15];
    let parts = parts(Parameter::Electrocardiogram, Unit::Microvolt, 130, &samples).unwrap();
    assert_eq!(parts.len(), 1);
    golden("ecg_strip", &parts[0]);
}

#[test]
fn a_stretch_of_a_pulse_wave_has_no_unit() {
    let samples = [128, 131, 140, 152, 149];
    golden("pleth_strip", &parts(Parameter::Plethysmogram, Unit::One, 75, &samples).unwrap()[0]);
}

#[test]
fn what_has_no_even_pace_no_samples_or_another_unit_is_no_strip() {
    let refused = |parameter, unit, hertz, samples: &[i32]| parts(parameter, unit, hertz, samples).unwrap_err();
    let ecg = Parameter::Electrocardiogram;
    assert!(matches!(refused(ecg, Unit::Microvolt, 0, &[1]), NotFilable::Shape { .. }));
    assert!(matches!(refused(ecg, Unit::Microvolt, 130, &[]), NotFilable::Shape { .. }));
    assert!(matches!(refused(Parameter::BeatInterval, Unit::Millisecond, 4, &[1]), NotFilable::Shape { .. }));
    assert_eq!(refused(ecg, Unit::Percent, 130, &[1]), NotFilable::Unit { parameter: ecg, unit: Unit::Percent });
}

/// Intervals that end one after the other, the first one at noon.
fn beats(lengths: &[i32]) -> Vec<(WallTime, i32)> {
    let mut at = NOON;
    let mut all = Vec::new();
    for (place, &length) in lengths.iter().enumerate() {
        at = if place == 0 { at } else { at.plus_millis(i64::from(length) * 1_000 / 1_024) };
        all.push((at, length));
    }
    all
}

fn of_beats(beats: &[(WallTime, i32)], performer: Option<&Person>) -> Result<Vec<Observation>, NotFilable> {
    let (person, device) = (person(), described(DeviceKind::HeartRateStrap));
    let series = SeriesId::derive(device.id, Some(person.id), Parameter::BeatInterval);
    let unit = Unit::Per1024Second;
    let input = BeatsInput { patient: &person, device: &device, series, unit, exponent: 0, beats, performer };
    beat_observations(&context(), &input)
}

#[test]
fn a_short_stretch_of_beat_intervals_is_one_observation_with_each_interval_in_milliseconds() {
    let nurse = Person { id: uuid::Uuid::from_u128(7), name: Some("N. Example".to_owned()) };
    let parts = of_beats(&beats(&[880, 901, 1_024, 866]), Some(&nurse)).unwrap();
    assert_eq!(parts.len(), 1);
    golden("beat_intervals", &parts[0]);
}

#[test]
fn no_beats_and_beats_in_another_unit_are_no_strip() {
    assert!(matches!(of_beats(&[], None), Err(NotFilable::Shape { .. })));
    let (person, device) = (person(), described(DeviceKind::HeartRateStrap));
    let series = SeriesId::derive(device.id, Some(person.id), Parameter::BeatInterval);
    let (unit, beats) = (Unit::Percent, beats(&[880]));
    let input =
        BeatsInput { patient: &person, device: &device, series, unit, exponent: 0, beats: &beats, performer: None };
    let refused = beat_observations(&context(), &input).unwrap_err();
    assert_eq!(refused, NotFilable::Unit { parameter: Parameter::BeatInterval, unit: Unit::Percent });
}

#[test]
fn a_strip_names_who_was_there_while_it_was_measured() {
    let (person, device) = (person(), described(DeviceKind::EcgSensor));
    let nurse = Person { id: uuid::Uuid::from_u128(7), name: None };
    let input = StripInput {
        patient: &person,
        device: &device,
        series: SeriesId::derive(device.id, Some(person.id), Parameter::Electrocardiogram),
        parameter: Parameter::Electrocardiogram,
        unit: Unit::Microvolt,
        exponent: 0,
        start: NOON,
        hertz: 130,
        samples: &[1, 2],
        performer: Some(&nurse),
    };
    let parts = strip_observations(&context(), &input).unwrap();
    let named = parts[0].performer[0].identifier.clone().unwrap().value;
    assert_eq!(named, Some(format!("urn:uuid:{}", nurse.id)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_together_hold_every_sample_once_and_in_order(hertz in 1u16..300, count in 1usize..9_000, first: i16) {
        let samples: Vec<i32> = (0..count).map(|place| i32::from(first) + place as i32 * 3).collect();
        let parts = parts(Parameter::Electrocardiogram, Unit::Microvolt, hertz, &samples).unwrap();
        let data = |part: &Observation| part.value_sampled_data.clone().unwrap().data.unwrap();
        let joined: Vec<i32> = parts.iter().flat_map(|part| {
            data(part).split(' ').map(|number| number.parse().unwrap()).collect::<Vec<i32>>()
        }).collect();
        prop_assert_eq!(joined, samples);
        let ten_seconds = 10 * usize::from(hertz);
        for (place, part) in parts.iter().enumerate() {
            let length = data(part).split(' ').count();
            let is_only = parts.len() == 1;
            prop_assert!(length < 2 * ten_seconds && (is_only || length >= ten_seconds));
            let at = part.effective_period.clone().unwrap().start.unwrap();
            let expected = NOON.plus_millis(place as i64 * 10_000).to_string();
            prop_assert_eq!(at, expected);
        }
        let mut ids: Vec<_> = parts.iter().map(|part| part.id.clone()).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), parts.len());
    }

    #[test]
    fn the_parts_of_a_strip_of_beats_hold_every_interval_once_and_in_order(
        lengths in proptest::collection::vec(200i32..2_100, 1..400),
    ) {
        let parts = of_beats(&beats(&lengths), None).unwrap();
        let steps = |part: &Observation| -> Vec<f64> {
            part.component.iter().map(|one| one.value_quantity.clone().unwrap().value.unwrap().as_f64().unwrap()).collect()
        };
        let joined: Vec<i32> = parts.iter().flat_map(steps).map(|millis| (millis * 1.024).round() as i32).collect();
        prop_assert_eq!(joined, lengths);
        let mut ids: Vec<_> = parts.iter().map(|part| part.id.clone()).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), parts.len());
    }
}
