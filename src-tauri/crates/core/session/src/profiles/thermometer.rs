//! Health Thermometer: one temperature as a spot reading.
//! Not here: conversion between units, which is the display's.
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::health_thermometer::{INTERMEDIATE_TEMPERATURE, TEMPERATURE_MEASUREMENT, TemperatureMeasurement};
use bedside_vitals::{MeasuredValue, Parameter, Quality, Quantity};

/// A finished measurement.
pub(super) fn measurement(
    bytes: &[u8],
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Result<Vec<Content>, DecodeError> {
    let packet = TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, bytes)?;
    let value = MeasuredValue::Single(Quantity { number: packet.temperature, unit: packet.unit.unit() });
    let identity = ordinals.identity(Parameter::BodyTemperature, packet.timestamp, frame);
    let reading = frame.spot(Parameter::BodyTemperature, value, packet.timestamp, identity, Quality::GOOD);
    Ok(vec![Content::Measurement(reading)])
}

/// A value while the thermometer still measures: for display only.
pub(super) fn intermediate(bytes: &[u8]) -> Result<Vec<Content>, DecodeError> {
    TemperatureMeasurement::decode(INTERMEDIATE_TEMPERATURE, bytes).map(|_| vec![Content::Intermediate])
}
