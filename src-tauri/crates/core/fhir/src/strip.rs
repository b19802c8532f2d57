//! A stretch of a waveform that a person marked, in parts of about ten seconds (PhdRtsaObservation of uv-phd 2.0.0).
//! The device's own integers go out as they came. Not here: which stretch was marked, and live curves.
use crate::codes;
use crate::datatypes::{Meta, Period, Quantity, SampledData};
use crate::filing::{FilingContext, NotFilable, instant, number, stable_id};
use crate::person::Person;
use crate::reading::{duplicate_key, gateway_extension, identifiers, of_patient};
use crate::resources::Observation;
use bedside_vitals::{Decimal, DeviceDescription, Parameter, Patient, SeriesId, Unit, WallTime};
use serde_json::{Map, Number};
use std::fmt::Write;
use uuid::Uuid;

/// A stretch without a gap.
#[derive(Clone, Copy, Debug)]
pub struct StripInput<'a> {
    /// Whose.
    pub patient: &'a Patient,
    /// The device that measured.
    pub device: &'a DeviceDescription,
    /// The series.
    pub series: SeriesId,
    /// `Electrocardiogram` or `Plethysmogram`.
    pub parameter: Parameter,
    /// The unit of one step, before the exponent.
    pub unit: Unit,
    /// A step is `10^exponent` of the unit.
    pub exponent: i8,
    /// Time of the first sample.
    pub start: WallTime,
    /// Samples a second, 1 and up.
    pub hertz: u16,
    /// The device's integers.
    pub samples: &'a [i32],
    /// Who was signed in while it was measured.
    pub performer: Option<&'a Person>,
}

/// Seconds of a part. What is left behind the last whole part is its end, so that none is shorter.
pub(crate) const PART_SECONDS: usize = 10;

/// The id of a part's Observation, of a wave or of beat intervals: the series and the part's start, never its samples.
pub fn strip_id(series: SeriesId, start: WallTime) -> Uuid {
    stable_id(&format!("strip|{series}|{}", start.0))
}

/// The parts of a stretch, in order; of one that is shorter than ten seconds a single one.
pub fn strip_observations(context: &FilingContext, input: &StripInput<'_>) -> Result<Vec<Observation>, NotFilable> {
    let StripInput { parameter, start, hertz, samples, .. } = *input;
    if !matches!(parameter, Parameter::Electrocardiogram | Parameter::Plethysmogram) {
        return Err(NotFilable::Shape { parameter, expected: "a waveform with an even pace" });
    }
    if hertz == 0 || samples.is_empty() {
        return Err(NotFilable::Shape { parameter, expected: "one sample or more at an even pace" });
    }
    let part = PART_SECONDS * usize::from(hertz);
    let parts = (samples.len() / part).max(1);
    (0..parts)
        .map(|place| {
            let from = place * part;
            let until = if place + 1 == parts { samples.len() } else { from + part };
            observation(context, input, moment(start, from, hertz), samples.get(from..until).unwrap_or_default())
        })
        .collect()
}

fn observation(
    context: &FilingContext,
    input: &StripInput<'_>,
    start: WallTime,
    samples: &[i32],
) -> Result<Observation, NotFilable> {
    let StripInput { patient, device, series, parameter, hertz, performer, .. } = *input;
    let end = moment(start, samples.len().saturating_sub(1), hertz);
    let seconds = samples.len().div_ceil(usize::from(hertz));
    let term = codes::terms(parameter).mdc.ok_or(NotFilable::NoCode(parameter))?;
    let key = format!("{}..{seconds}", duplicate_key(context, patient, device, term, start, None));
    let id = strip_id(series, start);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || device.simulated),
        extension: gateway_extension(context),
        identifier: identifiers(key, id),
        status: "final".to_owned(),
        effective_period: Some(Period { start: Some(instant(start)?), end: Some(instant(end)?), rest: Map::new() }),
        value_sampled_data: Some(sampled(input, samples)?),
        performer: performer.map(Person::reference).into_iter().collect(),
        ..of_patient(parameter, patient, device)
    })
}

fn sampled(input: &StripInput<'_>, samples: &[i32]) -> Result<SampledData, NotFilable> {
    let StripInput { parameter, unit, exponent, hertz, .. } = *input;
    // Millivolts are what a reader of an ECG expects; a step of a microvolt is a thousandth of one.
    let (filed_as, symbol, shift) = match (parameter, unit) {
        (Parameter::Electrocardiogram, Unit::Microvolt) => ("mV", "mV", -3),
        (Parameter::Plethysmogram, Unit::One) => (Unit::One.ucum(), Unit::One.symbol(), 0),
        _ => return Err(NotFilable::Unit { parameter, unit }),
    };
    let factor = Decimal::new(1, exponent.checked_add(shift).ok_or(NotFilable::Number(parameter))?);
    let mut data = String::with_capacity(samples.len() * 5);
    for (place, sample) in samples.iter().enumerate() {
        let gap = if place == 0 { "" } else { " " };
        // Writing into a String does not fail.
        let _ = write!(data, "{gap}{sample}");
    }
    Ok(SampledData {
        origin: Quantity {
            value: Some(Number::from(0)),
            unit: (!symbol.is_empty()).then(|| symbol.to_owned()),
            system: Some(codes::uri::UCUM.to_owned()),
            code: Some(filed_as.to_owned()),
            rest: Map::new(),
        },
        period: period(hertz).parse().map_err(|_| NotFilable::Number(parameter))?,
        dimensions: 1,
        factor: Some(number(factor, parameter)?),
        data: Some(data),
        rest: Map::new(),
    })
}

/// Milliseconds between two samples: exact where the decimals end, else to a billionth: over a part of a strip less
/// than a thousandth of a millisecond.
fn period(hertz: u16) -> String {
    const BILLIONTHS: u64 = 1_000_000_000;
    let hertz = u64::from(hertz.max(1));
    let all = (1_000 * BILLIONTHS + hertz / 2) / hertz;
    let (whole, fraction) = (all / BILLIONTHS, all % BILLIONTHS);
    let text = format!("{whole}.{fraction:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// When a sample was taken.
fn moment(start: WallTime, place: usize, hertz: u16) -> WallTime {
    let millis = i64::try_from(place).unwrap_or(i64::MAX).saturating_mul(1_000) / i64::from(hertz.max(1));
    start.plus_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_exact_where_its_decimals_end_and_else_off_by_less_than_a_microsecond_in_a_part() {
        assert_eq!([125, 250, 512, 1].map(period), ["8", "4", "1.953125", "1000"]);
        assert_eq!(period(130), "7.692307692");
        let error = (7.692_307_692_f64 - 1000.0 / 130.0).abs() * 130.0 * 20.0;
        assert!(error < 0.001, "{error} ms in 20 s");
    }
}
