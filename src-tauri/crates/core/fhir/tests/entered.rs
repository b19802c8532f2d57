//! What no device measured: a score, a typed value, a note, an event; against golden files, with what is refused.
//! Not here: readings of devices (`golden`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    EarlyWarningInput, EarlyWarningPart, NotFilable, Observation, Person, TypedInput, Words, early_warning_score,
    typed_value, typed_words,
};
use bedside_vitals::{
    BloodPressure, Decimal, GlucoseDetails, GlucoseSample, MeasuredValue, Measurement, Number, Parameter,
    TemperatureSite, Unit,
};
use common::{NOON, context, golden, measured, person, single};
use uuid::Uuid;

const ENTRY: Uuid = Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_000b);

fn nurse() -> Person {
    Person { id: Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0007), name: Some("N. Example".to_owned()) }
}

fn scored(parts: &[(EarlyWarningPart, u8)]) -> Result<Observation, NotFilable> {
    let (patient, nurse) = (person(), nurse());
    let inputs = [1, 2, 3].map(Uuid::from_u128);
    let input =
        EarlyWarningInput { id: ENTRY, patient: &patient, at: NOON, parts, inputs: &inputs, performer: Some(&nurse) };
    early_warning_score(&context(), &input)
}

fn parts(saturation: EarlyWarningPart) -> Vec<(EarlyWarningPart, u8)> {
    use EarlyWarningPart::{AirOrOxygen, Consciousness, Pulse, Respiration, Systolic, Temperature};
    vec![
        (Respiration, 2),
        (saturation, 1),
        (AirOrOxygen, 2),
        (Systolic, 0),
        (Pulse, 1),
        (Consciousness, 0),
        (Temperature, 1),
    ]
}

#[test]
fn an_early_warning_score_has_its_sum_its_parts_and_what_it_was_derived_from() {
    golden("early_warning_score", &scored(&parts(EarlyWarningPart::SaturationScale1)).unwrap());
    let other = scored(&parts(EarlyWarningPart::SaturationScale2)).unwrap();
    assert_ne!(other, scored(&parts(EarlyWarningPart::SaturationScale1)).unwrap(), "the scale is told");
}

#[test]
fn a_score_without_a_part_with_both_scales_or_with_impossible_points_is_refused() {
    let whole = parts(EarlyWarningPart::SaturationScale1);
    let refused = |parts: &[(EarlyWarningPart, u8)]| matches!(scored(parts), Err(NotFilable::Score { .. }));
    assert!(refused(&whole[1..]));
    assert!(refused(&[whole.clone(), vec![(EarlyWarningPart::SaturationScale2, 0)]].concat()));
    let with = |place: usize, points| {
        let mut parts = whole.clone();
        parts[place].1 = points;
        parts
    };
    assert!(refused(&with(0, 4)) && refused(&with(2, 1)) && refused(&with(5, 1)));
}

fn typed(measurement: &Measurement) -> Result<Observation, NotFilable> {
    let (patient, author) = (person(), nurse());
    typed_value(&context(), &TypedInput { id: ENTRY, patient: &patient, at: NOON, author: &author }, measurement)
}

#[test]
fn a_typed_pulse_pressure_and_temperature_say_who_typed_them_and_nothing_of_a_device() {
    golden("typed_pulse", &typed(&measured(Parameter::HeartRate, single("62", Unit::PerMinute))).unwrap());
    let number = |n| Number::Value(Decimal::whole(n));
    let unit = Unit::MillimetreOfMercury;
    let pressures = BloodPressure { systolic: number(128), diastolic: number(79), mean: number(95), unit };
    let pressures = typed(&measured(Parameter::BloodPressure, MeasuredValue::Pressures(pressures))).unwrap();
    golden("typed_blood_pressure", &pressures);
    let temperature = Measurement {
        temperature_site: Some(TemperatureSite::Ear),
        ..measured(Parameter::BodyTemperature, single("36.90", Unit::DegreeCelsius))
    };
    golden("typed_temperature", &typed(&temperature).unwrap());
}

#[test]
fn a_typed_value_that_only_a_device_has_a_code_for_is_refused() {
    let index = measured(Parameter::PulseAmplitudeIndex, single("4.2", Unit::Percent));
    assert_eq!(typed(&index), Err(NotFilable::NoCode(Parameter::PulseAmplitudeIndex)));
    let said = GlucoseDetails { sample: Some(GlucoseSample::ControlSolution), ..GlucoseDetails::default() };
    let control = measured(Parameter::BloodGlucose, single("105", Unit::MilligramPerDecilitre));
    assert_eq!(typed(&Measurement { glucose: Some(said), ..control }), Err(NotFilable::ControlSolution));
}

fn said(words: Words<'_>) -> Result<Observation, NotFilable> {
    let (patient, author) = (person(), nurse());
    typed_words(&context(), &TypedInput { id: ENTRY, patient: &patient, at: NOON, author: &author }, words)
}

#[test]
fn a_note_and_an_event_keep_the_words_as_they_were_typed() {
    golden("note", &said(Words::Note("Slept well.\nNo pain at rest.")).unwrap());
    golden("event", &said(Words::Event("Position changed")).unwrap());
}

#[test]
fn no_words_and_signs_that_fhir_does_not_take_are_refused_and_words_are_never_printed() {
    for words in [Words::Note(" \n"), Words::Event(""), Words::Note("a\u{0}b")] {
        assert_eq!(said(words), Err(NotFilable::Text));
    }
    assert_eq!(format!("{:?}", Words::Note("secret")), "a note");
}
