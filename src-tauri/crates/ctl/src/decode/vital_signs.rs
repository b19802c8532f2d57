//! The JSON of heart rate, blood pressure, temperature and oximetry.
//! Values are shown as sent; nothing is rounded, converted or judged.
use super::Decoded;
use super::json::{computed, hex, names, number, optional_number, optional_time, user};
use bedside_gatt::Characteristic;
use bedside_gatt::blood_pressure::{
    BloodPressureFeature, BloodPressureFeatures, BloodPressureMeasurement, Dialect, EnhancedBloodPressureMeasurement,
    EnhancedContext, EnhancedCuffPressure, IntermediateCuffPressure, MeasurementFinding, MeasurementStatus,
    PressureContext, PressureUnit, RecordSegment,
};
use bedside_gatt::health_thermometer::{
    INTERMEDIATE_TEMPERATURE, MeasurementInterval, TEMPERATURE_MEASUREMENT, TemperatureMeasurement, TemperatureType,
};
use bedside_gatt::heart_rate::{BodySensorLocation, HeartRateMeasurement};
use bedside_gatt::pulse_oximeter::{
    ContinuousMeasurement, DeviceFinding, DeviceStatus, Feature, MeasurementStatement,
    MeasurementStatus as OximetryStatus, PulseOximeterFeatures, SaturationAndPulse, SpotCheckMeasurement,
};
use serde_json::{Value, json};

pub(super) fn heart_rate(octets: &[u8]) -> Decoded {
    let measured = HeartRateMeasurement::decode(octets)?;
    let intervals = (!measured.rr_1024.is_empty()).then_some(measured.rr_1024);
    // 1000/1024 of a millisecond is 9765625 * 10^-7 exactly.
    let milliseconds = |interval: u16| computed(i64::from(interval) * 9_765_625, -7);
    Ok(json!({
        "heart_rate_bpm": measured.heart_rate_bpm,
        "sensor_contact": measured.sensor_contact.name(),
        "energy_expended_kj": measured.energy_expended_kj,
        "rr_1024": intervals.map(|intervals| intervals.iter().collect::<Vec<_>>()),
        "rr_ms": intervals.map(|intervals| intervals.iter().map(milliseconds).collect::<Vec<_>>()),
    }))
}

pub(super) fn body_sensor_location(octets: &[u8]) -> Decoded {
    Ok(json!({ "location": BodySensorLocation::decode(octets)?.name() }))
}

pub(super) fn blood_pressure(dialect: Dialect, octets: &[u8]) -> Decoded {
    let measured = BloodPressureMeasurement::decode_in(dialect, octets)?;
    let pressures = json!({
        "unit": pressure_unit(measured.unit),
        "systolic": number(measured.systolic),
        "diastolic": number(measured.diastolic),
        "map": number(measured.mean),
    });
    Ok(with_context(pressures, &measured.context))
}

pub(super) fn cuff_pressure(octets: &[u8]) -> Decoded {
    let measured = IntermediateCuffPressure::decode(octets)?;
    let pressure = json!({ "unit": pressure_unit(measured.unit), "cuff_pressure": number(measured.cuff_pressure) });
    Ok(with_context(pressure, &measured.context))
}

pub(super) fn enhanced_blood_pressure(octets: &[u8]) -> Decoded {
    let measured = EnhancedBloodPressureMeasurement::decode(octets)?;
    let pressures = json!({
        "unit": pressure_unit(measured.unit),
        "systolic": number(measured.systolic),
        "diastolic": number(measured.diastolic),
        "map": number(measured.mean),
    });
    Ok(with_enhanced_context(pressures, &measured.context))
}

pub(super) fn enhanced_cuff_pressure(octets: &[u8]) -> Decoded {
    let measured = EnhancedCuffPressure::decode(octets)?;
    let pressure = json!({ "unit": pressure_unit(measured.unit), "cuff_pressure": number(measured.cuff_pressure) });
    Ok(with_enhanced_context(pressure, &measured.context))
}

pub(super) fn blood_pressure_record(octets: &[u8]) -> Decoded {
    let segment = RecordSegment::decode(octets)?;
    Ok(json!({
        "first": segment.head.is_some(),
        "last": segment.last,
        "segment_counter": segment.counter,
        "sequence_number": segment.head.map(|head| head.sequence_number),
        "uuid": segment.head.map(|head| hex(&head.characteristic.to_be_bytes())),
        "data_hex": hex(segment.data),
    }))
}

pub(super) fn blood_pressure_features(octets: &[u8]) -> Decoded {
    let features = BloodPressureFeatures::decode(octets)?;
    Ok(json!({ "features": names(features.raised().map(BloodPressureFeature::name)) }))
}

pub(super) fn temperature(octets: &[u8]) -> Decoded {
    temperature_of(TEMPERATURE_MEASUREMENT, octets)
}

pub(super) fn intermediate_temperature(octets: &[u8]) -> Decoded {
    temperature_of(INTERMEDIATE_TEMPERATURE, octets)
}

pub(super) fn temperature_type(octets: &[u8]) -> Decoded {
    Ok(json!({ "type": TemperatureType::decode(octets)?.name() }))
}

pub(super) fn measurement_interval(octets: &[u8]) -> Decoded {
    Ok(json!({ "interval_s": MeasurementInterval::decode(octets)?.seconds }))
}

pub(super) fn spot_check_oximetry(octets: &[u8]) -> Decoded {
    let measured = SpotCheckMeasurement::decode(octets)?;
    Ok(json!({
        "spo2_percent": number(measured.normal.spo2_percent),
        "pulse_rate_bpm": number(measured.normal.pulse_rate_bpm),
        "timestamp": optional_time(measured.timestamp),
        "measurement_status": statements(measured.measurement_status),
        "device_sensor_status": findings(measured.device_status),
        "pulse_amplitude_index_percent": optional_number(measured.pulse_amplitude_index_percent),
        "device_clock_not_set": measured.device_clock_not_set,
    }))
}

pub(super) fn continuous_oximetry(octets: &[u8]) -> Decoded {
    let measured = ContinuousMeasurement::decode(octets)?;
    let pair = |pair: SaturationAndPulse| json!([number(pair.spo2_percent), number(pair.pulse_rate_bpm)]);
    Ok(json!({
        "spo2_percent": number(measured.normal.spo2_percent),
        "pulse_rate_bpm": number(measured.normal.pulse_rate_bpm),
        "fast": measured.fast.map(pair),
        "slow": measured.slow.map(pair),
        "measurement_status": statements(measured.measurement_status),
        "device_sensor_status": findings(measured.device_status),
        "pulse_amplitude_index_percent": optional_number(measured.pulse_amplitude_index_percent),
    }))
}

pub(super) fn pulse_oximeter_features(octets: &[u8]) -> Decoded {
    let features = PulseOximeterFeatures::decode(octets)?;
    Ok(json!({
        "features": names(features.features.raised().map(Feature::name)),
        "measurement_status_support": statements(features.measurement_status_support),
        "device_sensor_status_support": findings(features.device_status_support),
    }))
}

fn pressure_unit(unit: PressureUnit) -> &'static str {
    unit.unit().symbol()
}

fn with_context(mut value: Value, context: &PressureContext) -> Value {
    value["timestamp"] = optional_time(context.timestamp);
    value["pulse_rate_bpm"] = optional_number(context.pulse_rate_bpm);
    value["user_id"] = user(context.user);
    value["status"] = context.status.map_or(Value::Null, measurement_status);
    value
}

fn with_enhanced_context(mut value: Value, context: &EnhancedContext) -> Value {
    value["timestamp"] = json!(context.timestamp_seconds);
    value["epoch"] = json!(context.epoch.name());
    value["pulse_rate_bpm"] = optional_number(context.pulse_rate_bpm);
    value["user_id"] = user(context.user);
    value["status"] = context.status.map_or(Value::Null, measurement_status);
    value["user_facing_time"] = json!(context.user_facing_seconds);
    value
}

fn measurement_status(status: MeasurementStatus) -> Value {
    let mut value = json!({ "pulse_rate_range": status.pulse_rate_range().name() });
    for finding in MeasurementFinding::DEFINED {
        value[finding.name()] = json!(status.has(*finding));
    }
    value
}

fn temperature_of(characteristic: Characteristic, octets: &[u8]) -> Decoded {
    let measured = TemperatureMeasurement::decode(characteristic, octets)?;
    Ok(json!({
        "unit": measured.unit.name(),
        "temperature": number(measured.temperature),
        "timestamp": optional_time(measured.timestamp),
        "temperature_type": measured.temperature_type.map(TemperatureType::name),
    }))
}

fn statements(status: Option<OximetryStatus>) -> Value {
    status.map_or(Value::Null, |status| names(status.raised().map(MeasurementStatement::name)))
}

fn findings(status: Option<DeviceStatus>) -> Value {
    status.map_or(Value::Null, |status| names(status.raised().map(DeviceFinding::name)))
}
