//! What a person typed: a value read elsewhere, a note, an event. No device of ours measured it, so the device guide has no
//! part in it: no category of its own, no gateway, no 11073 term for what was measured.
//! Not here: corrections of what a device measured (`version`).
use crate::codes;
use crate::datatypes::{Annotation, CodeableConcept, Identifier, Meta, Reference};
use crate::filing::{FilingContext, NotFilable, instant};
use crate::person::Person;
use crate::reading::{code, filed_value, frame};
use crate::resources::Observation;
use crate::{glucose, temperature};
use bedside_vitals::{GlucoseSample, Measurement, Patient, WallTime};
use uuid::Uuid;

/// Something a person typed.
#[derive(Clone, Copy, Debug)]
pub struct TypedInput<'a> {
    /// The id of the entry in the record.
    pub id: Uuid,
    /// Of whom.
    pub patient: &'a Patient,
    /// When it was measured, or happened.
    pub at: WallTime,
    /// Who typed it.
    pub author: &'a Person,
}

/// Words that a person typed. Health data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Words<'a> {
    /// A note.
    Note(&'a str),
    /// That something happened, such as "position changed": the site's own words for it.
    Event(&'a str),
}

impl std::fmt::Debug for Words<'_> {
    /// Without the words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Note(_) => "a note",
            Self::Event(_) => "an event",
        })
    }
}

/// A value that a person typed: the parameter, the value, and of a glucose or a temperature where it was taken.
/// What the measurement says of devices and their clocks is left aside.
///
/// # Errors
/// Where the value has no code that says it without a device, or not the shape or unit of its parameter.
pub fn typed_value(
    context: &FilingContext,
    input: &TypedInput<'_>,
    measurement: &Measurement,
) -> Result<Observation, NotFilable> {
    let Measurement { parameter, value, glucose: said, temperature_site, .. } = *measurement;
    let said = said.unwrap_or_default();
    if said.sample == Some(GlucoseSample::ControlSolution) {
        return Err(NotFilable::ControlSolution);
    }
    let mut filed = filed_value(parameter, value, None)?;
    let code = without_device(code(measurement));
    if code.coding.is_empty() {
        return Err(NotFilable::NoCode(parameter));
    }
    for part in &mut filed.components {
        part.code = without_device(part.code.clone());
    }
    filed.components.extend(said.meal.map(glucose::meal));
    let category = codes::terms(parameter).vital_sign.then(|| codes::concept(codes::VITAL_SIGNS));
    let mut note = vec![Annotation::new("A person typed the value.")];
    note.extend(filed.note);
    Ok(Observation {
        value_quantity: filed.quantity,
        data_absent_reason: filed.absent,
        component: filed.components,
        note,
        body_site: said.site.map(glucose::body_site).or(temperature_site.map(temperature::body_site)),
        ..typed(context, input, code, category.into_iter().collect())?
    })
}

/// A note or an event: the words as they were typed.
///
/// # Errors
/// Where there are no words, or signs among them that FHIR does not take.
pub fn typed_words(
    context: &FilingContext,
    input: &TypedInput<'_>,
    words: Words<'_>,
) -> Result<Observation, NotFilable> {
    let (Words::Note(text) | Words::Event(text)) = words;
    let is_taken = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if text.trim().is_empty() || !text.chars().all(is_taken) {
        return Err(NotFilable::Text);
    }
    let kind = match words {
        Words::Note(_) => "Note",
        Words::Event(_) => "Event",
    };
    let frame = typed(context, input, CodeableConcept::text(kind), Vec::new())?;
    Ok(Observation { value_string: Some(text.to_owned()), ..frame })
}

fn typed(
    context: &FilingContext,
    input: &TypedInput<'_>,
    code: CodeableConcept,
    category: Vec<CodeableConcept>,
) -> Result<Observation, NotFilable> {
    let TypedInput { id, patient, at, author } = *input;
    Ok(Observation {
        id: Some(id.to_string()),
        meta: Meta::for_test_data(context.test_data),
        identifier: vec![Identifier::of_uuid(id)],
        status: "final".to_owned(),
        subject: Some(Reference::to("Patient", patient.id.0)),
        effective_date_time: Some(instant(at)?),
        performer: vec![author.reference()],
        ..frame(code, category)
    })
}

/// The codes that do not say with what it was measured.
fn without_device(mut concept: CodeableConcept) -> CodeableConcept {
    concept.coding.retain(|coding| coding.system.as_deref() != Some(codes::uri::MDC));
    concept
}
