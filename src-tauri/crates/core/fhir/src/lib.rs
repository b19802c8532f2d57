//! Readings, devices and patients as FHIR R4 resources, and the Bundles that carry them to a server and back.
//! Nothing here sends, stores, retries or asks the clock; whether a value is plausible is decided elsewhere.
//!
//! The shape follows the HL7 Personal Health Device guide (uv-phd 2.0.0): the measuring device is the `device` of an
//! Observation, this console its gateway. Ids are chosen here, so that the same reading sent twice is one resource.

mod audit_event;
mod batch;
mod codes;
mod datatypes;
mod device;
mod element;
mod filing;
mod gateway_anchor;
mod glucose;
mod median;
mod not_fhir;
mod outcome;
mod patient;
mod quality;
mod quantity;
mod reading;
mod resources;
mod search;
mod version;

pub use audit_event::{
    AuditAct, AuditAgent, AuditDetail, AuditEntity, AuditEvent, AuditEventInput, AuditEventOutcome, AuditMeta,
    AuditReference, AuditSource, audit_event,
};
pub use batch::{BadPayload, BadRow, BatchRow, EntryOutcome, batch_bundle, parse_batch_answer};
pub use datatypes::{
    Annotation, CodeableConcept, Coding, Extension, HumanName, Identifier, Meta, Period, Quantity, Reference,
};
pub use device::{coincident_timestamp, coincident_timestamp_id, device, gateway};
pub use filing::{Document, FilingContext, NotFilable, Resource};
pub use gateway_anchor::{GatewayAnchor, ServerAnchor, anchored_gateway, parse_gateway_anchor};
pub use median::{MinuteMedianInput, median_id, median_observation};
pub use not_fhir::NotFhir;
pub use outcome::{OutcomeSummary, operation_outcome, operation_outcome_text};
pub use patient::patient;
pub use reading::{ReadingInput, reading_id, reading_observation};
pub use resources::{
    Bundle, BundleEntry, BundleRequest, BundleResponse, Device, DeviceName, DeviceSpecialization, DeviceVersion,
    Observation, ObservationComponent, OperationOutcome, OutcomeIssue, Patient,
};
pub use search::{ids_search_path, parse_ids_answer};
pub use version::{LaterWord, later_version};
