//! Later versions of an Observation: what a person corrected, rejected or confirmed. Source: FHIR R4,
//! observation-status.
//! Not here: whether the server has an earlier one, and the reason in the person's words, which stays in the record.
use crate::codes;
use crate::datatypes::Annotation;
use crate::quality::PRELIMINARY;
use crate::resources::Observation;
use uuid::Uuid;

/// What a person said of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterWord {
    /// Corrected before the server had it: the corrected value is the first that it gets.
    Corrected,
    /// Corrected after the server had it, or may have had it.
    Amended,
    /// Rejected after the server had it, or may have had it.
    EnteredInError,
    /// Confirmed as it was measured: it waits for nobody any more.
    Confirmed,
}

/// The Observation of a reading as it is after a person's word. `observation` has the value in force; of a rejected one no
/// value is given any more.
pub fn later_version(observation: Observation, word: LaterWord) -> Observation {
    match word {
        LaterWord::Corrected => Observation { note: noted(observation.note, CORRECTED), ..observation },
        LaterWord::Amended => {
            let note = noted(observation.note, CORRECTED);
            // What only early or doubtful values are stays so: a correction does not make them final.
            let status = if observation.status == "final" { "amended".to_owned() } else { observation.status };
            Observation { status, note, ..observation }
        }
        LaterWord::EnteredInError => withheld(observation),
        LaterWord::Confirmed => observation,
    }
}

/// Whether an Observation, as it is stored, is one that nobody has called final. One that cannot be read is not
/// known as such.
pub fn is_preliminary(stored: &str) -> bool {
    serde_json::from_str::<Observation>(stored).is_ok_and(|one| one.status == PRELIMINARY)
}

/// The id at the end of a resource's `subject` reference, as it is stored; nothing where it has none or cannot be read.
pub fn subject_id(stored: &str) -> Option<Uuid> {
    #[derive(serde::Deserialize)]
    struct Resource {
        subject: Option<Reference>,
    }
    #[derive(serde::Deserialize)]
    struct Reference {
        reference: Option<String>,
    }
    let reference = serde_json::from_str::<Resource>(stored).ok()?.subject?.reference?;
    Uuid::parse_str(reference.rsplit(['/', ':']).next()?).ok()
}

/// The Observation with what an earlier version of it, as it is stored, refers to: the clock, the weight, who measured.
pub fn with_links_of(earlier: &str, observation: Observation) -> Observation {
    match serde_json::from_str::<Observation>(earlier) {
        Ok(Observation { extension, derived_from, performer, .. }) => {
            Observation { extension, derived_from, performer, ..observation }
        }
        // Of one that cannot be read nothing is known.
        Err(_) => observation,
    }
}

const CORRECTED: &str = "A person corrected the value; the device reported another one.";
const REJECTED: &str = "A person rejected this reading: it is no measurement of this patient.";

fn noted(mut notes: Vec<Annotation>, words: &str) -> Vec<Annotation> {
    notes.push(Annotation::new(words));
    notes
}

/// A reader that does not look at the status must not find a number.
fn withheld(mut observation: Observation) -> Observation {
    for part in &mut observation.component {
        if part.value_quantity.take().is_some() {
            part.data_absent_reason = Some(codes::concept(codes::ABSENT_ERROR));
        }
    }
    Observation {
        status: "entered-in-error".to_owned(),
        value_quantity: None,
        data_absent_reason: Some(codes::concept(codes::ABSENT_ERROR)),
        interpretation: Vec::new(),
        note: noted(observation.note, REJECTED),
        ..observation
    }
}
