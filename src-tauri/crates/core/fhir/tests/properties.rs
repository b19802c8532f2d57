//! What holds for every resource and every input: nothing is lost on the way there and back, ids are stable and never
//! made from values, and no answer of a server makes the readers fail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    BatchRow, Device, NotFilable, Observation, Patient, Provenance, ReadingInput, batch_bundle, operation_outcome,
    parse_batch_answer, parse_ids_answer, reading_id, reading_observation,
};
use bedside_vitals::{
    Decimal, DeviceKind, MeasuredValue, Number, Parameter, Quality, Quantity, ReadingIdentity, Unit, WallTime,
};
use common::{context, described, device_time, measured, person, single};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn every_golden_resource_reads_back_equal_with_all_its_digits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let again = match value["resourceType"].as_str().unwrap() {
            "Patient" => serde_json::to_value(serde_json::from_str::<Patient>(&text).unwrap()),
            "Device" => serde_json::to_value(serde_json::from_str::<Device>(&text).unwrap()),
            "Observation" => serde_json::to_value(serde_json::from_str::<Observation>(&text).unwrap()),
            "Provenance" => serde_json::to_value(serde_json::from_str::<Provenance>(&text).unwrap()),
            _ => continue,
        };
        assert_eq!(again.unwrap(), value);
        count += 1;
    }
    assert!(count >= 40);
}

#[test]
fn elements_that_bedside_does_not_know_survive_reading_and_writing() {
    let foreign = json!({
        "resourceType": "Patient", "id": "x", "active": true, "contact": [{"name": {"family": "A", "text": "B"}}],
        "identifier": [{"system": "s", "value": "v", "period": {"start": "2020"}}],
        "extension": [{"url": "u", "valueDecimal": 0.10}], "multipleBirthInteger": 2
    });
    let text = r#"{"resourceType":"Patient","extension":[{"url":"u","valueDecimal":0.10}]}"#;
    let read: Patient = serde_json::from_value(foreign.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), foreign);
    let read: Patient = serde_json::from_str(text).unwrap();
    assert!(serde_json::to_string(&read).unwrap().contains("0.10"));
}

#[test]
fn a_resource_of_another_type_is_refused() {
    assert!(serde_json::from_str::<Patient>(r#"{"resourceType":"Device"}"#).is_err());
    assert!(serde_json::from_str::<Patient>("{}").is_err());
}

#[test]
fn a_resource_never_prints_what_it_holds() {
    let printed = format!("{:?}", bedside_fhir::patient(&context(), &person()));
    assert!(!printed.contains("EXAMPLE") && !printed.contains("MRN"), "{printed}");
}

#[test]
fn a_waveform_a_wrong_shape_and_an_impossible_time_are_refused() {
    let (person, strap) = (person(), described(DeviceKind::EcgSensor));
    let refused = |measurement: &bedside_vitals::Measurement| {
        let input = ReadingInput::new(&person, &strap, measurement);
        reading_observation(&context(), &input).unwrap_err()
    };
    let ecg = measured(Parameter::Electrocardiogram, single("12", Unit::Microvolt));
    assert_eq!(refused(&ecg), NotFilable::Waveform(Parameter::Electrocardiogram));
    let lonely = measured(Parameter::BloodPressure, single("120", Unit::MillimetreOfMercury));
    assert!(matches!(refused(&lonely), NotFilable::Shape { .. }));
    let mut never = measured(Parameter::HeartRate, single("60", Unit::PerMinute));
    never.time.at = WallTime(i64::MAX);
    assert_eq!(refused(&never), NotFilable::Time(WallTime(i64::MAX)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_digits_of_any_decimal_arrive_as_they_were_sent(mantissa in any::<i32>(), exponent in -8i8..8) {
        let decimal = Decimal::new(i64::from(mantissa), exponent);
        let value = MeasuredValue::Single(Quantity { number: Number::Value(decimal), unit: Unit::DegreeCelsius });
        let measurement = measured(Parameter::BodyTemperature, value);
        let (person, device) = (person(), described(DeviceKind::Thermometer));
        let input = ReadingInput::new(&person, &device, &measurement);
        let observation = reading_observation(&context(), &input).unwrap();
        let text = serde_json::to_string(&observation).unwrap();
        let read: Observation = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.value_quantity.unwrap().value.unwrap().to_string(), decimal.to_string());
        prop_assert_eq!(serde_json::to_string(&serde_json::from_str::<Observation>(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn an_id_depends_on_the_identity_and_never_on_value_time_of_receipt_or_quality(
        ordinal in 0u32..4, other in 0u32..4, first in 1i64..300, second in 1i64..300, bits in 0u32..1 << 16, received in any::<i32>(),
    ) {
        let (person, device) = (person(), described(DeviceKind::PulseOximeter));
        let id = |value, ordinal, quality, received| {
            let number = Number::Value(Decimal::whole(value));
            let mut measurement =
                measured(Parameter::OxygenSaturation, MeasuredValue::Single(Quantity { number, unit: Unit::Percent }));
            measurement.identity = ReadingIdentity::Ordinal { base_time: device_time(1, 2, 3), ordinal };
            measurement.quality = quality;
            measurement.time.received = WallTime(received);
            measurement.time.at = WallTime(received);
            let input = ReadingInput::new(&person, &device, &measurement);
            reading_id(&context(), &input)
        };
        let one = id(first, ordinal, Quality::GOOD, 0);
        let two = id(second, other, Quality::from_bits(bits), i64::from(received));
        prop_assert_eq!(one == two, ordinal == other);
    }

    #[test]
    fn no_answer_makes_the_readers_fail(body in ".{0,200}", sent in 0usize..4) {
        let _ = parse_batch_answer(&body, sent);
        let _ = parse_ids_answer(&body, &[]);
        let _ = operation_outcome(&body);
    }

    #[test]
    fn a_damaged_answer_is_never_a_shorter_one(cut in 0usize..400) {
        let entry = r#"{"response":{"status":"201 Created"}}"#;
        let whole = format!(r#"{{"resourceType":"Bundle","type":"batch-response","entry":[{entry},{entry},{entry}]}}"#);
        let damaged: String = whole.chars().take(cut.min(whole.len() - 1)).collect();
        prop_assert!(parse_batch_answer(&damaged, 3).is_err());
        prop_assert_eq!(parse_batch_answer(&whole, 3).unwrap().len(), 3);
    }

    #[test]
    fn whatever_is_stored_a_bundle_is_json_or_the_row_is_named(json in ".{0,60}", at in 0usize..3) {
        let id = uuid::Uuid::nil();
        let good = format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#);
        let mut texts = [good.as_str(); 3];
        texts[at] = &json;
        let rows = texts.map(|json| BatchRow::new("Patient", id, json));
        match batch_bundle(&rows) {
            Ok(bundle) => prop_assert!(serde_json::from_str::<Value>(&bundle).is_ok()),
            Err(bad) => prop_assert_eq!(bad.index, at),
        }
    }
}
