//! An early warning score (NEWS2, Royal College of Physicians, 2017) as one Observation: the sum as its value, the points of
//! each part as components, the Observations that they were given for as `derivedFrom`.
//! Not here: how many points a value is.
use crate::codes::{self, Word};
use crate::datatypes::{CodeableConcept, Identifier, Meta, Quantity, Reference};
use crate::filing::{FilingContext, NotFilable, instant};
use crate::person::Person;
use crate::reading::frame;
use crate::resources::{Observation, ObservationComponent};
use bedside_vitals::{Patient, WallTime};
use serde_json::{Map, Number};
use uuid::Uuid;

/// A part of NEWS2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyWarningPart {
    /// Breaths a minute.
    Respiration,
    /// Oxygen saturation by the scale for most people.
    SaturationScale1,
    /// Oxygen saturation by the scale for people with hypercapnic respiratory failure, by an explicit decision.
    SaturationScale2,
    /// Air, or oxygen given.
    AirOrOxygen,
    /// Systolic blood pressure.
    Systolic,
    /// Pulse.
    Pulse,
    /// Alert, or confusion, voice, pain, unresponsive.
    Consciousness,
    /// Body temperature.
    Temperature,
}

/// A score with all that its Observation refers to.
#[derive(Clone, Copy, Debug)]
pub struct EarlyWarningInput<'a> {
    /// The id of the score in the record.
    pub id: Uuid,
    /// Whose.
    pub patient: &'a Patient,
    /// When it was taken.
    pub at: WallTime,
    /// Each of the seven parts once with its points; of the scales of saturation one.
    pub parts: &'a [(EarlyWarningPart, u8)],
    /// The Observations that the points were given for, as far as they go to the server.
    pub inputs: &'a [Uuid],
    /// Who took it.
    pub performer: Option<&'a Person>,
}

/// The score as one Observation. The sum is made here, so that it is never another one than that of its parts.
///
/// # Errors
/// `Score` where a part is missing, comes twice, or has points that it never has.
pub fn early_warning_score(context: &FilingContext, input: &EarlyWarningInput<'_>) -> Result<Observation, NotFilable> {
    let EarlyWarningInput { id, patient, at, parts, inputs, performer } = *input;
    check(parts)?;
    let total = parts.iter().map(|(_, points)| points).sum();
    let component = |&(part, points): &(EarlyWarningPart, u8)| ObservationComponent {
        code: codes::concept(word(part)),
        value_quantity: Some(points_of(points)),
        value_codeable_concept: None,
        data_absent_reason: None,
        rest: Map::new(),
    };
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data),
        identifier: vec![Identifier::of_uuid(id)],
        status: "final".to_owned(),
        subject: Some(Reference::to("Patient", patient.id.0)),
        effective_date_time: Some(instant(at)?),
        performer: performer.map(Person::reference).into_iter().collect(),
        value_quantity: Some(points_of(total)),
        method: Some(CodeableConcept::text("NEWS2, computed by the console")),
        device: Some(Reference::to("Device", context.gateway)),
        derived_from: inputs.iter().map(|input| Reference::to("Observation", *input)).collect(),
        component: parts.iter().map(component).collect(),
        ..frame(codes::concept(codes::NEWS2_TOTAL), vec![codes::concept(codes::SURVEY)])
    })
}

fn check(parts: &[(EarlyWarningPart, u8)]) -> Result<(), NotFilable> {
    use EarlyWarningPart::{
        AirOrOxygen, Consciousness, Pulse, Respiration, SaturationScale1, SaturationScale2, Systolic, Temperature,
    };
    let count = |wanted: &[EarlyWarningPart]| parts.iter().filter(|(part, _)| wanted.contains(part)).count();
    let others = [Respiration, AirOrOxygen, Systolic, Pulse, Consciousness, Temperature];
    let is_whole = others.iter().all(|part| count(&[*part]) == 1) && count(&[SaturationScale1, SaturationScale2]) == 1;
    if !is_whole {
        return Err(NotFilable::Score { expected: "each of its seven parts once" });
    }
    let possible = |(part, points): &(EarlyWarningPart, u8)| match part {
        AirOrOxygen => matches!(points, 0 | 2),
        Consciousness => matches!(points, 0 | 3),
        Systolic | Pulse | Respiration | SaturationScale1 | SaturationScale2 | Temperature => *points <= 3,
    };
    if parts.iter().all(possible) { Ok(()) } else { Err(NotFilable::Score { expected: "points that its parts have" }) }
}

const fn word(part: EarlyWarningPart) -> Word {
    match part {
        EarlyWarningPart::Respiration => codes::NEWS2_RESPIRATION,
        EarlyWarningPart::SaturationScale1 => codes::NEWS2_SATURATION_1,
        EarlyWarningPart::SaturationScale2 => codes::NEWS2_SATURATION_2,
        EarlyWarningPart::AirOrOxygen => codes::NEWS2_AIR_OR_OXYGEN,
        EarlyWarningPart::Systolic => codes::NEWS2_SYSTOLIC,
        EarlyWarningPart::Pulse => codes::NEWS2_PULSE,
        EarlyWarningPart::Consciousness => codes::NEWS2_CONSCIOUSNESS,
        EarlyWarningPart::Temperature => codes::NEWS2_TEMPERATURE,
    }
}

/// Points of a score (UCUM has no unit for them but an annotation).
fn points_of(points: u8) -> Quantity {
    Quantity {
        value: Some(Number::from(points)),
        unit: Some("score".to_owned()),
        system: Some(codes::uri::UCUM.to_owned()),
        code: Some("{score}".to_owned()),
        rest: Map::new(),
    }
}
