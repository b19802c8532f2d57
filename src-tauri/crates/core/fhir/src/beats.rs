//! A stretch of beat intervals that a person marked, in parts of about ten seconds: their pace is uneven, so SampledData
//! cannot hold them, and each is a component (PhdCompoundNumericObservation of uv-phd 2.0.0).
//! Not here: waves with an even pace (`strip`), and which stretch was marked.
use crate::codes;
use crate::datatypes::{Annotation, Meta, Period};
use crate::filing::{FilingContext, NotFilable, instant};
use crate::person::Person;
use crate::quantity::quantity;
use crate::reading::{duplicate_key, gateway_extension, identifiers, of_patient};
use crate::resources::{Observation, ObservationComponent};
use crate::strip::{PART_SECONDS, strip_id};
use bedside_vitals::{Decimal, DeviceDescription, Parameter, Patient, SeriesId, Unit, WallTime};
use serde_json::Map;

/// Beat intervals without a gap between them.
#[derive(Clone, Copy, Debug)]
pub struct BeatsInput<'a> {
    /// Whose.
    pub patient: &'a Patient,
    /// The device that measured.
    pub device: &'a DeviceDescription,
    /// The series.
    pub series: SeriesId,
    /// The unit of one step, before the exponent: milliseconds or 1/1024 s.
    pub unit: Unit,
    /// A step is `10^exponent` of the unit.
    pub exponent: i8,
    /// When each interval ended, and how long it was in steps; in order of time.
    pub beats: &'a [(WallTime, i32)],
    /// Who was signed in while it was measured.
    pub performer: Option<&'a Person>,
}

/// The parts of a stretch, in order; of one that is shorter than ten seconds a single one.
pub fn beat_observations(context: &FilingContext, input: &BeatsInput<'_>) -> Result<Vec<Observation>, NotFilable> {
    let mut rest = input.beats;
    let mut parts = Vec::new();
    while let (Some((first, _)), Some((last, _))) = (rest.first(), rest.last()) {
        let ends = first.plus_millis(PART_SECONDS as i64 * 1_000);
        let whole = rest.iter().position(|(at, _)| *at >= ends);
        // What is left behind the last whole part is its end, so that none but an only one is shorter.
        let whole = whole.filter(|place| {
            rest.get(*place).is_some_and(|(next, _)| last.millis_since(*next) >= PART_SECONDS as i64 * 1_000)
        });
        let (part, later) = rest.split_at_checked(whole.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        parts.push(observation(context, input, part)?);
        rest = later;
    }
    if parts.is_empty() {
        return Err(NotFilable::Shape { parameter: Parameter::BeatInterval, expected: "one interval or more" });
    }
    Ok(parts)
}

fn observation(
    context: &FilingContext,
    input: &BeatsInput<'_>,
    beats: &[(WallTime, i32)],
) -> Result<Observation, NotFilable> {
    const PARAMETER: Parameter = Parameter::BeatInterval;
    let BeatsInput { patient, device, series, performer, .. } = *input;
    let component = beats.iter().map(|(_, steps)| component(input, *steps)).collect::<Result<Vec<_>, _>>()?;
    let nothing = NotFilable::Shape { parameter: PARAMETER, expected: "one interval or more" };
    let ((start, _), (end, _)) = beats.first().zip(beats.last()).ok_or(nothing)?;
    let term = codes::terms(PARAMETER).mdc.ok_or(NotFilable::NoCode(PARAMETER))?;
    let seconds = end.millis_since(*start).max(0).div_euclid(1_000) + 1;
    let key = format!("{}..{seconds}", duplicate_key(context, patient, device, term, *start, None));
    let id = strip_id(series, *start);
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data || device.simulated),
        extension: gateway_extension(context),
        identifier: identifiers(key, id),
        status: "final".to_owned(),
        effective_period: Some(Period { start: Some(instant(*start)?), end: Some(instant(*end)?), rest: Map::new() }),
        note: vec![Annotation::new(
            "Intervals between heart beats, in the order of the beats; the first one ended at the start of the period.",
        )],
        performer: performer.map(Person::reference).into_iter().collect(),
        component,
        ..of_patient(PARAMETER, patient, device)
    })
}

fn component(input: &BeatsInput<'_>, steps: i32) -> Result<ObservationComponent, NotFilable> {
    let length = Decimal::new(i64::from(steps), input.exponent);
    Ok(ObservationComponent {
        code: codes::of_parameter(Parameter::BeatInterval),
        value_quantity: Some(quantity(Parameter::BeatInterval, length, input.unit)?),
        value_codeable_concept: None,
        data_absent_reason: None,
        rest: Map::new(),
    })
}
