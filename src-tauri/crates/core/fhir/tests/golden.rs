//! Every kind of resource against its golden file in `tests/golden`; `BLESS=1` writes them anew. The same files are
//! checked by a FHIR validator in `tests/clinic`. The people, devices and values here are invented.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{
    BatchRow, BatteryInput, FilingContext, GatewayAnchor, HowSent, MinuteMedianInput, NotFilable, ReadingInput,
    Resource, anchored_gateway, batch_bundle, battery_observation, coincident_timestamp, coincident_timestamp_id,
    device, gateway, median_observation, patient, reading_id, reading_observation,
};
use bedside_vitals::{
    BloodPressure, ConnectionId, Decimal, DeviceClock, DeviceDescription, DeviceKind, DeviceTime, GlucoseDetails,
    GlucoseSample, Meal, MeasuredValue, Measurement, Number, Parameter, Patient, Quality, QualityFlag, Quantity,
    ReadingIdentity, SampleSite, SeriesId, Special, TemperatureSite, TimeMethod, UniqueDeviceIdentifier, Unit,
};
use common::{NOON, compare, context, described, device_time, golden, measured, person, single};
use uuid::Uuid;

fn reading(kind: DeviceKind, measurement: &Measurement) -> impl Resource {
    let (person, device) = (person(), described(kind));
    let input = ReadingInput::new(&person, &device, measurement);
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
fn a_device_with_a_unique_device_identifier() {
    let text = |text: &str| Some(text.to_owned());
    let udi = UniqueDeviceIdentifier {
        label: text("(01)09506000134352(21)501900083"),
        device_identifier: text("09506000134352"),
        issuer: text("2.51"),
        authority: text("not an identifier"),
    };
    let described = described(DeviceKind::BloodPressureCuff);
    golden("device_udi", &device(&context(), &DeviceDescription { udi: Some(udi), ..described }));
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
    let input = ReadingInput { clock, ..ReadingInput::new(&person, &cuff, &measurement) };
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
    let input = ReadingInput::new(&person, &meter, &measurement);
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
    let input = ReadingInput::new(&person, &scale, &measurement);
    let refused = reading_observation(&context(), &input).unwrap_err();
    assert_eq!(refused, NotFilable::NoCode(Parameter::BodyImpedance));
}

#[test]
fn a_body_temperature_keeps_its_trailing_zero() {
    let measurement = measured(Parameter::BodyTemperature, single("36.50", Unit::DegreeCelsius));
    golden("body_temperature", &reading(DeviceKind::Thermometer, &measurement));
}

#[test]
fn a_body_temperature_from_the_armpit_has_the_general_code_and_the_special_one() {
    let measurement = Measurement {
        temperature_site: Some(TemperatureSite::Armpit),
        ..measured(Parameter::BodyTemperature, single("36.9", Unit::DegreeCelsius))
    };
    golden("body_temperature_armpit", &reading(DeviceKind::Thermometer, &measurement));
}

#[test]
fn a_respiration_rate() {
    let measurement = measured(Parameter::RespirationRate, single("14", Unit::PerMinute));
    golden("respiration_rate", &reading(DeviceKind::HealthSensor, &measurement));
}

#[test]
fn a_perfusion_index() {
    let measurement = measured(Parameter::PerfusionIndex, single("1.76", Unit::Percent));
    golden("perfusion_index", &reading(DeviceKind::PulseOximeter, &measurement));
}

#[test]
fn a_body_mass_index_that_was_computed_from_a_weight() {
    let measurement = measured(Parameter::BodyMassIndex, single("22.1", Unit::KilogramPerSquareMetre));
    let (person, scale) = (person(), described(DeviceKind::WeightScale));
    let weight = measured(Parameter::BodyWeight, single("71.180", Unit::Kilogram));
    let weight = reading_id(&context(), &ReadingInput::new(&person, &scale, &weight));
    let input = ReadingInput { derived_from: Some(weight), ..ReadingInput::new(&person, &scale, &measurement) };
    golden("body_mass_index", &reading_observation(&context(), &input).unwrap());
}

#[test]
fn the_fat_of_a_body_and_what_is_left_without_it() {
    let fat = measured(Parameter::BodyFat, single("21.4", Unit::Percent));
    golden("body_fat", &reading(DeviceKind::WeightScale, &fat));
    let rest = measured(Parameter::FatFreeMass, single("55.950", Unit::Kilogram));
    golden("fat_free_mass", &reading(DeviceKind::WeightScale, &rest));
}

#[test]
fn a_glucose_from_a_vein_in_millimoles() {
    let said = GlucoseDetails { sample: Some(GlucoseSample::VenousPlasma), ..GlucoseDetails::default() };
    let measurement = glucose("5.4", Unit::MillimolePerLitre, said);
    golden("blood_glucose_venous", &reading(DeviceKind::GlucoseMeter, &measurement));
}

#[test]
fn a_clock_that_shows_no_possible_time_is_at_fault() {
    let clock = DeviceClock { device: DeviceTime { year: None, ..device_time(0, 0, 12) }, read_at: NOON, offset_ms: 0 };
    let observation = coincident_timestamp(&context(), &described(DeviceKind::BloodPressureCuff), &clock).unwrap();
    golden("coincident_timestamp_at_fault", &observation);
}

#[test]
fn two_records_of_one_second_have_one_key_of_the_guide_and_are_known_apart() {
    let (person, meter) = (person(), described(DeviceKind::GlucoseMeter));
    let known = |sequence| {
        let mut measurement = glucose("105", Unit::MilligramPerDecilitre, GlucoseDetails::default());
        measurement.identity = ReadingIdentity::Sequence { sequence, base_time: Some(device_time(11, 58, 0)) };
        let observation = reading_observation(&context(), &ReadingInput::new(&person, &meter, &measurement)).unwrap();
        let document = observation.clone().document().unwrap();
        let how = HowSent::IfNoneExists;
        let row = BatchRow { how, ..BatchRow::new(document.resource_type, document.id, &document.json) };
        let bundle: serde_json::Value = serde_json::from_str(&batch_bundle(&[row]).unwrap()).unwrap();
        let condition = bundle["entry"][0]["request"]["ifNoneExist"].as_str().unwrap().to_owned();
        (observation.identifier[0].value.clone(), condition)
    };
    let (one, other) = (known(41), known(42));
    assert_eq!(one.0, other.0, "the guide's key counts whole seconds");
    assert_ne!(one.1, other.1);
    assert!(one.1.starts_with("identifier=urn:ietf:rfc:3986%7Curn:uuid:"), "{}", one.1);
}

#[test]
fn the_charge_of_a_battery_is_the_devices() {
    let thermometer = described(DeviceKind::Thermometer);
    let connection = ConnectionId(Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0003));
    let input = BatteryInput { device: &thermometer, connection, percent: 67, at: NOON };
    golden("battery", &battery_observation(&context(), &input).unwrap());
}

#[test]
fn a_body_temperature_in_fahrenheit_that_waits_for_review() {
    let measurement = measured(Parameter::BodyTemperature, single("98.6", Unit::DegreeFahrenheit));
    let (person, device) = (person(), described(DeviceKind::Thermometer));
    let input = ReadingInput { needs_review: true, ..ReadingInput::new(&person, &device, &measurement) };
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
    let rows = documents.each_ref().map(|d| BatchRow::new(d.resource_type, d.id, &d.json));
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
