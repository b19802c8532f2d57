//! Every kind of resource against its golden file in `tests/golden`; `BLESS=1` writes them anew. The same files are
//! checked by a FHIR validator in `tests/clinic`. The people, devices and values here are invented.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    BatchRow, FilingContext, GatewayAnchor, MinuteMedianInput, NotFilable, ReadingInput, Resource, anchored_gateway,
    batch_bundle, coincident_timestamp, coincident_timestamp_id, device, gateway, median_observation, patient,
    reading_observation,
};
use bedside_vitals::{
    BloodPressure, Decimal, DeviceClock, DeviceKind, GlucoseDetails, GlucoseSample, Meal, MeasuredValue, Measurement,
    Number, Parameter, Patient, Quality, QualityFlag, Quantity, ReadingIdentity, SampleSite, SeriesId, Special,
    TimeMethod, Unit,
};
use common::{NOON, context, described, device_time, measured, person, single};
use std::path::Path;
use uuid::Uuid;

/// Compares with the golden file of that name, or writes it.
fn golden(name: &str, resource: &impl Resource) {
    let document = resource.document().unwrap();
    let value: serde_json::Value = serde_json::from_str(&document.json).unwrap();
    compare(name, &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there; BLESS=1 writes it");
    assert_eq!(text, expected, "{name} is not what its golden file says; BLESS=1 writes it anew");
}

fn reading(kind: DeviceKind, measurement: &Measurement) -> impl Resource {
    let (person, device) = (person(), described(kind));
    let input = ReadingInput { patient: &person, device: &device, measurement, clock: None, needs_review: false };
    reading_observation(&context(), &input).unwrap()
}

#[test]
fn a_patient() {
    golden("patient", &patient(&context(), &person()));
}

#[test]
fn a_patient_of_the_demo_vault() {
    let demo = FilingContext { test_data: true, ..context() };
    golden("patient_demo", &patient(&demo, &Patient { bed: None, ..person() }));
}

#[test]
fn a_device() {
    golden("device", &device(&context(), &described(DeviceKind::PulseOximeter)));
}

#[test]
fn a_device_that_says_nothing_of_itself() {
    let mut silent = described(DeviceKind::Unknown);
    (silent.manufacturer, silent.model, silent.serial, silent.system_id) = (None, None, None, None);
    (silent.firmware, silent.hardware, silent.software) = (None, None, None);
    silent.name.clear();
    golden("device_silent", &device(&context(), &silent));
}

#[test]
fn this_console() {
    golden("gateway", &gateway(&context(), "0.1.0"));
}

#[test]
fn this_console_with_what_its_record_holds() {
    let anchor = GatewayAnchor {
        vault: Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0002),
        generation: 12_345,
        audit_place: 678,
        audit_head: std::array::from_fn(|i| i as u8),
        at: NOON,
        public_key: [0xed; 32],
    };
    golden("gateway_anchored", &anchored_gateway(&context(), "0.1.0", &anchor).unwrap());
}

#[test]
fn a_device_clock_beside_ours() {
    let clock = DeviceClock { device: device_time(11, 57, 41), read_at: NOON, offset_ms: -139_000 };
    let observation = coincident_timestamp(&context(), &described(DeviceKind::BloodPressureCuff), &clock).unwrap();
    golden("coincident_timestamp", &observation);
}

#[test]
fn a_spot_oxygen_saturation() {
    let measurement = measured(Parameter::OxygenSaturation, single("97", Unit::Percent));
    golden("oxygen_saturation", &reading(DeviceKind::PulseOximeter, &measurement));
}

#[test]
fn a_pulse_rate_of_an_oximeter() {
    let measurement = measured(Parameter::OximeterPulseRate, single("71", Unit::PerMinute));
    golden("oximeter_pulse_rate", &reading(DeviceKind::PulseOximeter, &measurement));
}

#[test]
fn a_pulse_rate_of_a_cuff() {
    let measurement = measured(Parameter::CuffPulseRate, single("68", Unit::PerMinute));
    golden("cuff_pulse_rate", &reading(DeviceKind::BloodPressureCuff, &measurement));
}

#[test]
fn a_heart_rate_without_sensor_contact() {
    let mut measurement = measured(Parameter::HeartRate, single("0", Unit::PerMinute));
    measurement.quality = Quality::GOOD.with(QualityFlag::NoContact);
    golden("heart_rate_no_contact", &reading(DeviceKind::HeartRateStrap, &measurement));
}

#[test]
fn a_pulse_amplitude_index() {
    let measurement = measured(Parameter::PulseAmplitudeIndex, single("4.2", Unit::Percent));
    golden("pulse_amplitude_index", &reading(DeviceKind::PulseOximeter, &measurement));
}

#[test]
fn a_beat_interval() {
    let measurement = measured(Parameter::BeatInterval, single("880", Unit::Per1024Second));
    golden("beat_interval", &reading(DeviceKind::HeartRateStrap, &measurement));
}

#[test]
fn a_blood_pressure_whose_time_was_corrected() {
    let mut measurement = measured(Parameter::BloodPressure, pressures(["128", "79", "95"], Unit::MillimetreOfMercury));
    measurement.time.method = TimeMethod::DeviceClockCorrected;
    measurement.quality = Quality::GOOD.with(QualityFlag::IrregularPulse);
    let (person, cuff) = (person(), described(DeviceKind::BloodPressureCuff));
    let clock = DeviceClock { device: device_time(11, 57, 41), read_at: NOON, offset_ms: -139_000 };
    let clock = Some(coincident_timestamp_id(cuff.id, &clock));
    let input = ReadingInput { patient: &person, device: &cuff, measurement: &measurement, clock, needs_review: false };
    golden("blood_pressure", &reading_observation(&context(), &input).unwrap());
}

#[test]
fn a_blood_pressure_in_kilopascal_without_a_mean() {
    let mut value = pressures(["16.0", "10.7", "0"], Unit::Kilopascal);
    if let MeasuredValue::Pressures(pressures) = &mut value {
        pressures.mean = Number::Special(Special::NotANumber);
    }
    let measurement = measured(Parameter::BloodPressure, value);
    golden("blood_pressure_kilopascal", &reading(DeviceKind::BloodPressureCuff, &measurement));
}

fn glucose(text: &str, unit: Unit, said: GlucoseDetails) -> Measurement {
    let mut measurement = measured(Parameter::BloodGlucose, single(text, unit));
    measurement.identity = ReadingIdentity::Sequence { sequence: 41, base_time: Some(device_time(11, 58, 0)) };
    measurement.glucose = Some(said);
    measurement
}

#[test]
fn a_glucose_from_a_fingertip_before_a_meal() {
    let said = GlucoseDetails {
        sample: Some(GlucoseSample::CapillaryPlasma),
        site: Some(SampleSite::Finger),
        meal: Some(Meal::Before),
    };
    golden("blood_glucose", &reading(DeviceKind::GlucoseMeter, &glucose("105", Unit::MilligramPerDecilitre, said)));
}

#[test]
fn a_glucose_beyond_the_range_of_the_meter_in_millimoles() {
    let said =
        GlucoseDetails { sample: Some(GlucoseSample::CapillaryWholeBlood), site: None, meal: Some(Meal::Bedtime) };
    let mut measurement = glucose("0", Unit::MillimolePerLitre, said);
    let high = Number::Special(Special::PositiveInfinity);
    measurement.value = MeasuredValue::Single(Quantity { number: high, unit: Unit::MillimolePerLitre });
    golden("blood_glucose_high", &reading(DeviceKind::GlucoseMeter, &measurement));
}

#[test]
fn control_solution_is_never_filed() {
    let said = GlucoseDetails { sample: Some(GlucoseSample::ControlSolution), ..GlucoseDetails::default() };
    let measurement = glucose("118", Unit::MilligramPerDecilitre, said);
    let (person, meter) = (person(), described(DeviceKind::GlucoseMeter));
    let input =
        ReadingInput { patient: &person, device: &meter, measurement: &measurement, clock: None, needs_review: false };
    assert_eq!(reading_observation(&context(), &input).unwrap_err(), NotFilable::ControlSolution);
}

#[test]
fn a_glucose_between_the_cells() {
    let measurement = measured(Parameter::InterstitialGlucose, single("112", Unit::MilligramPerDecilitre));
    golden("interstitial_glucose", &reading(DeviceKind::GlucoseSensor, &measurement));
}

#[test]
fn a_body_weight_and_what_has_no_agreed_code() {
    let weight = measured(Parameter::BodyWeight, single("71.180", Unit::Kilogram));
    golden("body_weight", &reading(DeviceKind::WeightScale, &weight));
    let measurement = measured(Parameter::BodyImpedance, single("512.3", Unit::Ohm));
    let (person, scale) = (person(), described(DeviceKind::WeightScale));
    let input =
        ReadingInput { patient: &person, device: &scale, measurement: &measurement, clock: None, needs_review: false };
    let refused = reading_observation(&context(), &input).unwrap_err();
    assert_eq!(refused, NotFilable::NoCode(Parameter::BodyImpedance));
}

#[test]
fn a_body_temperature_keeps_its_trailing_zero() {
    let measurement = measured(Parameter::BodyTemperature, single("36.50", Unit::DegreeCelsius));
    golden("body_temperature", &reading(DeviceKind::Thermometer, &measurement));
}

#[test]
fn a_body_temperature_in_fahrenheit_that_waits_for_review() {
    let measurement = measured(Parameter::BodyTemperature, single("98.6", Unit::DegreeFahrenheit));
    let (person, device) = (person(), described(DeviceKind::Thermometer));
    let input =
        ReadingInput { patient: &person, device: &device, measurement: &measurement, clock: None, needs_review: true };
    golden("body_temperature_review", &reading_observation(&context(), &input).unwrap());
}

#[test]
fn a_body_temperature_that_is_no_number() {
    let quantity = Quantity { number: Number::Special(Special::NotAtThisResolution), unit: Unit::DegreeCelsius };
    let measurement = measured(Parameter::BodyTemperature, MeasuredValue::Single(quantity));
    golden("body_temperature_special", &reading(DeviceKind::Thermometer, &measurement));
}

#[test]
fn a_questionable_reading_of_unknown_time_from_a_test() {
    let mut measurement = measured(Parameter::OxygenSaturation, single("88", Unit::Percent));
    measurement.time.method = TimeMethod::Unknown;
    measurement.time.device = None;
    measurement.quality = Quality::GOOD
        .with(QualityFlag::PoorSignal)
        .with(QualityFlag::EarlyEstimate)
        .with(QualityFlag::Testing)
        .with(QualityFlag::ClockNotSet);
    golden("oxygen_saturation_questionable", &reading(DeviceKind::PulseOximeter, &measurement));
}

#[test]
fn an_invalid_reading() {
    let mut measurement = measured(Parameter::BloodPressure, pressures(["90", "60", "70"], Unit::MillimetreOfMercury));
    measurement.quality = Quality::GOOD.with(QualityFlag::Invalid).with(QualityFlag::BodyMovement);
    golden("blood_pressure_invalid", &reading(DeviceKind::BloodPressureCuff, &measurement));
}

#[test]
fn the_median_of_a_minute() {
    let (person, strap) = (person(), described(DeviceKind::HeartRateStrap));
    let input = MinuteMedianInput {
        patient: &person,
        device: &strap,
        series: SeriesId::derive(strap.id, Some(person.id), Parameter::HeartRate),
        parameter: Parameter::HeartRate,
        unit: Unit::PerMinute,
        minute: NOON,
        median: Decimal::whole(74),
        count: 58,
    };
    golden("minute_median", &median_observation(&context(), &input).unwrap());
}

#[test]
fn a_batch() {
    let documents = [
        patient(&context(), &person()).document().unwrap(),
        device(&context(), &described(DeviceKind::PulseOximeter)).document().unwrap(),
    ];
    let rows = documents.each_ref().map(|d| BatchRow { resource_type: d.resource_type, id: d.id, json: &d.json });
    let bundle: serde_json::Value = serde_json::from_str(&batch_bundle(&rows).unwrap()).unwrap();
    compare("batch", &format!("{}\n", serde_json::to_string_pretty(&bundle).unwrap()));
}

fn pressures([systolic, diastolic, mean]: [&str; 3], unit: Unit) -> MeasuredValue {
    let number = |text: &str| Number::Value(text.parse().unwrap());
    MeasuredValue::Pressures(BloodPressure {
        systolic: number(systolic),
        diastolic: number(diastolic),
        mean: number(mean),
        unit,
    })
}
