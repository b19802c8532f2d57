//! Health Thermometer: one temperature as a spot reading.
//! Not here: conversion between units, which is the display's.
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::health_thermometer::{
    INTERMEDIATE_TEMPERATURE, TEMPERATURE_MEASUREMENT, TemperatureMeasurement, TemperatureType,
};
use bedside_vitals::{MeasuredValue, Parameter, Quality, Quantity, TemperatureSite};

/// A finished measurement.
pub(super) fn measurement(
    bytes: &[u8],
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Result<Vec<Content>, DecodeError> {
    let packet = TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, bytes)?;
    let value = MeasuredValue::Single(Quantity { number: packet.temperature, unit: packet.unit.unit() });
    let identity = ordinals.identity(Parameter::BodyTemperature, packet.timestamp, frame);
    let mut reading = frame.spot(Parameter::BodyTemperature, value, packet.timestamp, identity, Quality::GOOD);
    reading.temperature_site = packet.temperature_type.and_then(site);
    Ok(vec![Content::Measurement(reading)])
}

/// "Body, in general" and a type of the future say nothing of the place.
const fn site(said: TemperatureType) -> Option<TemperatureSite> {
    Some(match said {
        TemperatureType::Armpit => TemperatureSite::Armpit,
        TemperatureType::Ear => TemperatureSite::Ear,
        TemperatureType::Finger => TemperatureSite::Finger,
        TemperatureType::GastrointestinalTract => TemperatureSite::GastrointestinalTract,
        TemperatureType::Mouth => TemperatureSite::Mouth,
        TemperatureType::Rectum => TemperatureSite::Rectum,
        TemperatureType::Toe => TemperatureSite::Toe,
        TemperatureType::Tympanum => TemperatureSite::Tympanum,
        TemperatureType::BodyGeneral | TemperatureType::Reserved(_) => return None,
    })
}

/// A value while the thermometer still measures: for display only.
pub(super) fn intermediate(bytes: &[u8]) -> Result<Vec<Content>, DecodeError> {
    TemperatureMeasurement::decode(INTERMEDIATE_TEMPERATURE, bytes).map(|_| vec![Content::Intermediate])
}
