//! Who measured, entered, corrected, rejected or confirmed: the Provenance of a reading, and the performer of its Observation.
//! Not here: who was signed in, and when it is sent (the console).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    LaterWord, Person, ProvenanceAct, ProvenanceInput, ReadingInput, later_version, provenance, provenance_id,
    reading_id, reading_observation,
};
use bedside_vitals::{DeviceKind, Measurement, Parameter, Quality, QualityFlag, Unit};
use common::{NOON, context, described, golden, measured, person, single};
use uuid::Uuid;

const READING: Uuid = Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0009);

fn nurse() -> Person {
    Person { id: Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0007), name: Some("N. Example".to_owned()) }
}

fn word(act: ProvenanceAct, who: Option<&Person>) -> ProvenanceInput<'_> {
    ProvenanceInput { observation: READING, act, at: NOON, who }
}

#[test]
fn a_reading_that_a_nurse_measured() {
    golden(
        "provenance_measured",
        &provenance(&context(), &word(ProvenanceAct::Measured, Some(&nurse())), false).unwrap(),
    );
}

#[test]
fn a_reading_that_a_nurse_read_from_a_memory_in_a_test() {
    golden("provenance_entered", &provenance(&context(), &word(ProvenanceAct::Entered, Some(&nurse())), true).unwrap());
}

#[test]
fn a_reading_that_a_clinician_corrected_one_that_was_rejected_and_one_that_was_confirmed() {
    let said = |act| provenance(&context(), &word(act, Some(&nurse())), false).unwrap();
    golden("provenance_corrected", &said(ProvenanceAct::Corrected));
    golden("provenance_rejected", &said(ProvenanceAct::Rejected));
    golden("provenance_confirmed", &said(ProvenanceAct::Confirmed));
}

#[test]
fn a_reading_with_nobody_signed_in_names_the_console_alone() {
    golden("provenance_nobody", &provenance(&context(), &word(ProvenanceAct::Measured, None), false).unwrap());
}

#[test]
fn one_console_says_once_that_it_took_a_reading_and_each_later_word_apart() {
    let id = |act, at| provenance_id(&context(), &ProvenanceInput { at, ..word(act, None) });
    let later = NOON.plus_millis(1);
    assert_eq!(id(ProvenanceAct::Measured, NOON), id(ProvenanceAct::Entered, later));
    assert_ne!(id(ProvenanceAct::Corrected, NOON), id(ProvenanceAct::Corrected, later));
    assert_ne!(id(ProvenanceAct::Corrected, NOON), id(ProvenanceAct::Rejected, NOON));
    let other = bedside_fhir::FilingContext { gateway: Uuid::from_u128(1), ..context() };
    assert_ne!(id(ProvenanceAct::Measured, NOON), provenance_id(&other, &word(ProvenanceAct::Measured, None)));
}

#[test]
fn a_person_never_prints_their_name() {
    assert!(!format!("{:?}", nurse()).contains("Example"));
}

#[test]
fn the_performer_is_named_and_what_came_from_a_memory_names_nobody() {
    let (patient, device, nurse) = (person(), described(DeviceKind::PulseOximeter), nurse());
    let mut measurement = measured(Parameter::OximeterPulseRate, single("71", Unit::PerMinute));
    let by_nurse = |measurement: &Measurement| {
        let input = ReadingInput { performer: Some(&nurse), ..ReadingInput::new(&patient, &device, measurement) };
        reading_observation(&context(), &input).unwrap()
    };
    golden("pulse_rate_by_a_nurse", &by_nurse(&measurement));
    measurement.quality = Quality::GOOD.with(QualityFlag::FromStorage);
    assert!(by_nurse(&measurement).performer.is_empty());
}

#[test]
fn the_id_of_a_reading_knows_nothing_of_who_measured() {
    let (patient, device, nurse) = (person(), described(DeviceKind::PulseOximeter), nurse());
    let measurement = measured(Parameter::OximeterPulseRate, single("71", Unit::PerMinute));
    let plain = ReadingInput::new(&patient, &device, &measurement);
    let named = ReadingInput { performer: Some(&nurse), ..plain };
    assert_eq!(reading_id(&context(), &plain), reading_id(&context(), &named));
}

#[test]
fn later_versions_of_a_temperature() {
    let (patient, device) = (person(), described(DeviceKind::Thermometer));
    let measurement = measured(Parameter::BodyTemperature, single("37.20", Unit::DegreeCelsius));
    let first = reading_observation(&context(), &ReadingInput::new(&patient, &device, &measurement)).unwrap();
    golden("body_temperature_amended", &later_version(first.clone(), LaterWord::Amended));
    golden("body_temperature_confirmed", &later_version(first.clone(), LaterWord::Confirmed));
    golden("body_temperature_rejected", &later_version(first, LaterWord::EnteredInError));
}
