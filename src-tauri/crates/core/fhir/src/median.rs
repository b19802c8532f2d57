//! The median of one minute of a stream as one Observation: what goes to the server of continuous values.
//! Not here: how the median is found, and waveforms.
use crate::codes;
use crate::datatypes::{CodeableConcept, Meta, Period};
use crate::filing::{FilingContext, NotFilable, instant, stable_id};
use crate::quantity::quantity;
use crate::reading::{duplicate_key, gateway_extension, identifiers, of_patient};
use crate::resources::Observation;
use bedside_vitals::{Decimal, DeviceDescription, Parameter, Patient, SeriesId, Unit, WallTime};
use serde_json::Map;
use uuid::Uuid;

/// The median of a minute with all that its Observation refers to.
#[derive(Clone, Copy, Debug)]
pub struct MinuteMedianInput<'a> {
    /// Whose.
    pub patient: &'a Patient,
    /// The device that measured.
    pub device: &'a DeviceDescription,
    /// The series.
    pub series: SeriesId,
    /// What was measured.
    pub parameter: Parameter,
    /// Its unit.
    pub unit: Unit,
    /// The start of the minute.
    pub minute: WallTime,
    /// The median.
    pub median: Decimal,
    /// How many samples it was taken from.
    pub count: u32,
}

/// The id of a minute's Observation: the series and the minute, never the value.
pub fn median_id(series: SeriesId, minute: WallTime) -> Uuid {
    stable_id(&format!("median|{series}|{}", minute.minute().0))
}

/// The median of one minute: `effectivePeriod` is the minute, `method` says "median of n samples".
pub fn median_observation(context: &FilingContext, input: &MinuteMedianInput<'_>) -> Result<Observation, NotFilable> {
    let MinuteMedianInput { patient, device, series, parameter, unit, median, count, .. } = *input;
    match parameter {
        Parameter::Electrocardiogram | Parameter::Plethysmogram => return Err(NotFilable::Waveform(parameter)),
        Parameter::MuscleMass | Parameter::MuscleShare | Parameter::BodyImpedance | Parameter::BasalMetabolism => {
            return Err(NotFilable::NoCode(parameter));
        }
        Parameter::BloodPressure | Parameter::BloodGlucose | Parameter::InterstitialGlucose => {
            return Err(NotFilable::Shape { parameter, expected: "a spot reading" });
        }
        Parameter::HeartRate
        | Parameter::OximeterPulseRate
        | Parameter::CuffPulseRate
        | Parameter::OxygenSaturation
        | Parameter::PulseAmplitudeIndex
        | Parameter::BodyTemperature
        | Parameter::BeatInterval
        | Parameter::RespirationRate
        | Parameter::PerfusionIndex
        | Parameter::BodyWeight
        | Parameter::BodyHeight
        | Parameter::BodyMassIndex
        | Parameter::BodyFat
        | Parameter::FatFreeMass
        | Parameter::SoftLeanMass
        | Parameter::BodyWaterMass => {}
    }
    let term = codes::terms(parameter).mdc.ok_or(NotFilable::NoCode(parameter))?;
    let start = input.minute.minute();
    // Both ends of a FHIR period belong to it.
    let period =
        Period { start: Some(instant(start)?), end: Some(instant(start.plus_millis(59_999))?), rest: Map::new() };
    let key = format!("{}..60", duplicate_key(context, patient, device, term, start, None));
    let samples = if count == 1 { "sample" } else { "samples" };
    let id = median_id(series, start);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || device.simulated),
        extension: gateway_extension(context),
        identifier: identifiers(key, id),
        status: "final".to_owned(),
        effective_period: Some(period),
        value_quantity: Some(quantity(parameter, median, unit)?),
        method: Some(CodeableConcept::text(format!("median of {count} {samples}"))),
        ..of_patient(parameter, patient, device)
    })
}
