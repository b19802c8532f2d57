//! Pulse Oximeter: saturation, pulse rate and pulse amplitude, as streams or as spot checks.
//! Not here: averaging of our own; the device's normal values are taken, its fast and slow ones stay in the raw bytes.
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::pulse_oximeter::{
    ContinuousMeasurement, DeviceFinding, DeviceStatus, MeasurementStatement, MeasurementStatus, SaturationAndPulse,
    SpotCheckMeasurement,
};
use bedside_vitals::{
    CorrectedTime, MeasuredValue, Number, Parameter, Quality, QualityFlag, Quantity, TimeMethod, Unit,
};

/// One value of a stream.
pub(super) fn continuous(bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
    let packet = ContinuousMeasurement::decode(bytes)?;
    let quality = quality(packet.measurement_status, packet.device_status);
    let values = values(packet.normal, packet.pulse_amplitude_index_percent);
    Ok(values.map(|(parameter, number, unit)| frame.streaming(parameter, number, unit, quality)).collect())
}

/// One spot check.
pub(super) fn spot(bytes: &[u8], frame: &Frame<'_>, ordinals: &mut Ordinals) -> Result<Vec<Content>, DecodeError> {
    let packet = SpotCheckMeasurement::decode(bytes)?;
    let quality = quality(packet.measurement_status, packet.device_status)
        .with_if(packet.device_clock_not_set, QualityFlag::ClockNotSet);
    let values = values(packet.normal, packet.pulse_amplitude_index_percent);
    Ok(values
        .map(|(parameter, number, unit)| {
            let identity = ordinals.identity(parameter, packet.timestamp, frame);
            let value = MeasuredValue::Single(Quantity { number, unit });
            let mut reading = frame.spot(parameter, value, packet.timestamp, identity, quality);
            if packet.device_clock_not_set {
                // The raw time still tells readings apart; it does not tell when they were.
                reading.time =
                    CorrectedTime { method: TimeMethod::Unknown, device: packet.timestamp, ..frame.received() };
            }
            Content::Measurement(reading)
        })
        .collect())
}

fn values(normal: SaturationAndPulse, amplitude: Option<Number>) -> impl Iterator<Item = (Parameter, Number, Unit)> {
    [
        Some((Parameter::OxygenSaturation, normal.spo2_percent, Unit::Percent)),
        Some((Parameter::OximeterPulseRate, normal.pulse_rate_bpm, Unit::PerMinute)),
        amplitude.map(|number| (Parameter::PulseAmplitudeIndex, number, Unit::Percent)),
    ]
    .into_iter()
    .flatten()
}

fn quality(measurement: Option<MeasurementStatus>, device: Option<DeviceStatus>) -> Quality {
    let says = |statement| measurement.is_some_and(|status| status.has(statement));
    let found = |findings: &[DeviceFinding]| device.is_some_and(|status| findings.iter().any(|&f| status.has(f)));
    let no_contact = [DeviceFinding::UnconnectedToUser, DeviceFinding::Displaced, DeviceFinding::Disconnected];
    let poor = [
        DeviceFinding::SignalIrregularity,
        DeviceFinding::InadequateSignal,
        DeviceFinding::PoorSignal,
        DeviceFinding::LowPerfusion,
        DeviceFinding::Erratic,
        DeviceFinding::NonPulsatile,
        DeviceFinding::SensorInterference,
    ];
    let broken = [DeviceFinding::EquipmentMalfunction, DeviceFinding::Malfunctioning];
    let invalid = says(MeasurementStatement::Invalid) || says(MeasurementStatement::Unavailable) || found(&broken);
    let questionable = says(MeasurementStatement::Questionable)
        || says(MeasurementStatement::CalibrationOngoing)
        || found(&[DeviceFinding::QuestionablePulse]);
    Quality::GOOD
        .with_if(says(MeasurementStatement::EarlyEstimate), QualityFlag::EarlyEstimate)
        .with_if(says(MeasurementStatement::FromStorage), QualityFlag::FromStorage)
        .with_if(says(MeasurementStatement::Demonstration), QualityFlag::Demonstration)
        .with_if(says(MeasurementStatement::Testing), QualityFlag::Testing)
        .with_if(questionable, QualityFlag::Questionable)
        .with_if(invalid, QualityFlag::Invalid)
        .with_if(found(&no_contact), QualityFlag::NoContact)
        .with_if(found(&poor), QualityFlag::PoorSignal)
}
