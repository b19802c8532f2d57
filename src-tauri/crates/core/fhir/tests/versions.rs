//! What the server is given after a person corrected, rejected or confirmed a reading.
//! Not here: when, and whether the server has an earlier version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    LaterWord, Observation, ReadingInput, Resource, is_preliminary, later_version, reading_observation,
};
use bedside_vitals::{
    BloodPressure, Decimal, DeviceKind, MeasuredValue, Number, Parameter, Quality, QualityFlag, Unit,
};
use common::{context, described, measured, person, single};

fn observed(parameter: Parameter, value: MeasuredValue, quality: Quality) -> Observation {
    let (person, device) = (person(), described(DeviceKind::BloodPressureCuff));
    let measurement = bedside_vitals::Measurement { quality, ..measured(parameter, value) };
    let input = ReadingInput::new(&person, &device, &measurement);
    reading_observation(&context(), &input).unwrap()
}

fn temperature() -> Observation {
    observed(Parameter::BodyTemperature, single("37.20", Unit::DegreeCelsius), Quality::GOOD)
}

#[test]
fn a_value_corrected_before_it_was_sent_is_final_and_says_that_the_device_reported_another_one() {
    let first = later_version(temperature(), LaterWord::Corrected);
    assert_eq!(first.status, "final");
    assert!(first.note.last().unwrap().text.contains("the device reported another one"));
    assert!(first.document().unwrap().json.contains("37.20"), "every digit as it was typed");
}

#[test]
fn a_value_corrected_after_it_was_sent_is_an_amended_version_of_the_same_resource() {
    let amended = later_version(temperature(), LaterWord::Amended);
    assert_eq!((amended.status.as_str(), &amended.id), ("amended", &temperature().id));
    let early = Quality::GOOD.with(QualityFlag::EarlyEstimate);
    let early = observed(Parameter::BodyTemperature, single("37.2", Unit::DegreeCelsius), early);
    assert_eq!(later_version(early, LaterWord::Amended).status, "preliminary", "a correction makes no estimate final");
}

#[test]
fn a_confirmed_value_is_a_final_version_of_the_resource_that_was_preliminary_and_nothing_is_noted() {
    let (person, device) = (person(), described(DeviceKind::Thermometer));
    let measurement = measured(Parameter::BodyTemperature, single("37.20", Unit::DegreeCelsius));
    let input = ReadingInput { needs_review: true, ..ReadingInput::new(&person, &device, &measurement) };
    let first = reading_observation(&context(), &input).unwrap();
    let plain = reading_observation(&context(), &ReadingInput { needs_review: false, ..input }).unwrap();
    let confirmed = later_version(plain, LaterWord::Confirmed);
    assert_eq!((first.status.as_str(), confirmed.status.as_str()), ("preliminary", "final"));
    assert_eq!(Observation { status: confirmed.status.clone(), ..first.clone() }, confirmed, "all else stays");
    let stored = |one: Observation| one.document().unwrap().json;
    assert!(is_preliminary(&stored(first)) && !is_preliminary(&stored(confirmed)) && !is_preliminary("{}"));
}

#[test]
fn a_rejected_reading_carries_no_number_any_more() {
    let number = |n| Number::Value(Decimal::whole(n));
    let unit = Unit::MillimetreOfMercury;
    let pressures = BloodPressure { systolic: number(128), diastolic: number(79), mean: number(95), unit };
    let pressures = MeasuredValue::Pressures(pressures);
    let two = [temperature(), observed(Parameter::BloodPressure, pressures, Quality::GOOD)];
    for observation in two {
        let withdrawn = later_version(observation, LaterWord::EnteredInError);
        assert_eq!(withdrawn.status, "entered-in-error");
        assert!(withdrawn.data_absent_reason.is_some());
        let json = withdrawn.document().unwrap().json;
        assert!(!json.contains("valueQuantity"), "{json}");
    }
}
