//! Who measured, entered, corrected, rejected or confirmed, with which software, as a Provenance of the reading's Observation
//! (FHIR R4).
//! Not here: the Observation, and who was signed in (the console).
//!
//! One Provenance for each word on one reading, never one for many: it stands and falls with its reading, so a refused
//! reading holds back no other's.
use crate::codes;
use crate::datatypes::{CodeableConcept, Meta, Reference};
use crate::element::{ResourceType, TypeName, element};
use crate::filing::{FilingContext, NotFilable, Resource, instant, stable_id};
use crate::person::Person;
use bedside_vitals::WallTime;
use serde_json::Map;
use uuid::Uuid;

impl TypeName for Provenance {
    const NAME: &'static str = "Provenance";
}

impl Resource for Provenance {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

element! {
    /// How a resource came about.
    Provenance
    required {
        /// Always `Provenance`.
        resource_type: ResourceType<Self>,
        /// What came about.
        target: Vec<Reference>,
        /// When this was written down.
        recorded: String,
        /// Who took part.
        agent: Vec<ProvenanceAgent>,
    }
    optional {
        /// The id on the server.
        id: Option<String>,
        /// Labels.
        meta: Option<Meta>,
        /// When it was done.
        occurred_date_time: Option<String>,
        /// What was done.
        activity: Option<CodeableConcept>,
    }
}

element! {
    /// Somebody or something that took part.
    ProvenanceAgent
    required {
        /// Who.
        who: Reference,
    }
    optional {
        /// How they took part.
        r#type: Option<CodeableConcept>,
    }
}

/// What was done with a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvenanceAct {
    /// It was measured while the person was there.
    Measured,
    /// It was read from the memory of a device, or given to its patient later: who measured it, nobody here knows.
    Entered,
    /// A person corrected its value.
    Corrected,
    /// A person rejected it.
    Rejected,
    /// A person looked at it and confirmed it.
    Confirmed,
}

/// One word on one reading.
#[derive(Clone, Copy, Debug)]
pub struct ProvenanceInput<'a> {
    /// The reading's Observation.
    pub observation: Uuid,
    /// What was done.
    pub act: ProvenanceAct,
    /// When: the reading's receipt, or the time of the later word.
    pub at: WallTime,
    /// By whom; `None` = nobody was signed in.
    pub who: Option<&'a Person>,
}

/// The id of a Provenance: of one console's word on one reading.
pub fn provenance_id(context: &FilingContext, input: &ProvenanceInput<'_>) -> Uuid {
    let ProvenanceInput { observation, act, at, .. } = input;
    let word = match act {
        // However often a device sends it, a console measured or read it out once.
        ProvenanceAct::Measured | ProvenanceAct::Entered => "taken".to_owned(),
        ProvenanceAct::Corrected => format!("corrected {}", at.0),
        ProvenanceAct::Rejected => format!("rejected {}", at.0),
        ProvenanceAct::Confirmed => format!("confirmed {}", at.0),
    };
    stable_id(&format!("provenance|{observation}|{}|{word}", context.gateway))
}

/// A Provenance with the person, where somebody was signed in, and this console as the assembler. `is_test_data` when
/// the reading is.
pub fn provenance(
    context: &FilingContext,
    input: &ProvenanceInput<'_>,
    is_test_data: bool,
) -> Result<Provenance, NotFilable> {
    let ProvenanceInput { observation, act, at, who } = *input;
    let (part, activity) = match act {
        ProvenanceAct::Measured => (codes::PERFORMER, codes::CREATED),
        ProvenanceAct::Entered => (codes::ENTERER, codes::CREATED),
        ProvenanceAct::Corrected => (codes::AUTHOR, codes::UPDATED),
        ProvenanceAct::Rejected => (codes::AUTHOR, codes::NULLIFIED),
        ProvenanceAct::Confirmed => (codes::VERIFIER, codes::UPDATED),
    };
    let agent = |word, who| ProvenanceAgent { r#type: Some(codes::concept(word)), who, rest: Map::new() };
    let person = who.map(|person| agent(part, person.reference()));
    let console = agent(codes::ASSEMBLER, Reference::to("Device", context.gateway));
    let at = instant(at)?;
    Ok(Provenance {
        resource_type: ResourceType::NEW,
        id: Some(provenance_id(context, input).to_string()),
        meta: Meta::for_test_data(context.test_data || is_test_data),
        target: vec![Reference::to("Observation", observation)],
        occurred_date_time: Some(at.clone()),
        recorded: at,
        activity: Some(codes::concept(activity)),
        agent: person.into_iter().chain([console]).collect(),
        rest: Map::new(),
    })
}
