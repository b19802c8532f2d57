//! Readings, devices and patients as FHIR R4 resources, and the Bundles that carry them to a server and back.
//! Nothing here sends, stores, retries or asks the clock; whether a value is plausible is decided elsewhere.
//!
//! The shape follows the HL7 Personal Health Device guide (uv-phd 2.0.0): the measuring device is the `device` of an
//! Observation, this console its gateway. Ids are chosen here, so that the same reading sent twice is one resource.

mod audit_event;
mod batch;
mod battery;
mod beats;
mod capability;
mod codes;
mod datatypes;
mod device;
pub mod download;
mod element;
mod filing;
mod gateway_anchor;
mod glucose;
mod known_by;
mod median;
mod not_fhir;
mod outcome;
mod patient;
mod person;
mod provenance;
mod quality;
mod quantity;
mod reading;
mod resources;
mod score;
mod search;
mod strip;
mod temperature;
mod typed;
mod version;

pub use audit_event::{
    AuditAct, AuditAgent, AuditDetail, AuditEntity, AuditEvent, AuditEventInput, AuditEventOutcome, AuditMeta,
    AuditReference, AuditSource, audit_event,
};
pub use batch::{
    BadPayload, BadRow, BatchRow, EntryOutcome, HowSent, ServerName, batch_bundle, parse_batch_answer, with_references,
};
pub use battery::{BatteryInput, battery_id, battery_observation};
pub use beats::{BeatsInput, beat_observations};
pub use capability::{Capability, parse_capability};
pub use datatypes::{
    Annotation, CodeableConcept, Coding, Extension, HumanName, Identifier, Meta, Period, Quantity, Reference,
    SampledData,
};
pub use device::{coincident_timestamp, coincident_timestamp_id, device, explains, gateway, is_at_fault};
pub use element::TypeName;
pub use filing::{Document, FilingContext, NotFilable, Resource};
pub use gateway_anchor::{GatewayAnchor, ServerAnchor, anchored_gateway, parse_gateway_anchor};
pub use median::{MinuteMedianInput, median_id, median_observation};
pub use not_fhir::NotFhir;
pub use outcome::{OutcomeSummary, operation_outcome, operation_outcome_text};
pub use patient::patient;
pub use person::Person;
pub use provenance::{Provenance, ProvenanceAct, ProvenanceAgent, ProvenanceInput, provenance, provenance_id};
pub use reading::{ReadingInput, reading_id, reading_observation};
pub use resources::{
    Bundle, BundleEntry, BundleRequest, BundleResponse, Device, DeviceName, DeviceSpecialization, DeviceUdiCarrier,
    DeviceVersion, Observation, ObservationComponent, OperationOutcome, OutcomeIssue, Patient,
};
pub use score::{EarlyWarningInput, EarlyWarningPart, early_warning_score};
pub use search::{
    Arrived, identifiers_search_path, ids_search_path, parse_identifiers_answer, parse_ids_answer, parse_server_copies,
};
pub use strip::{StripInput, strip_id, strip_observations};
pub use typed::{TypedInput, Words, typed_value, typed_words};
pub use version::{LaterWord, is_preliminary, later_version, subject_id, with_links_of};
