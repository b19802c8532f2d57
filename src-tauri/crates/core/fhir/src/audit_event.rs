//! Entries of the audit log as AuditEvents after IHE BALP (Basic Audit Log Patterns 1.1, FHIR 4.0.1), the patient variants
//! where the entry is about a patient. Of a person there is the id and the record number, and nothing more: names, values
//! and reasons stay in the vault. Not here: the log, and which act is which interaction (the console).
use crate::codes::{self, coding};
use crate::datatypes::{CodeableConcept, Coding, Identifier, Meta, Reference};
use crate::element::{ResourceType, TypeName, element};
use crate::filing::{FilingContext, NotFilable, Resource, instant, stable_id};
use bedside_vitals::{DeviceId, PatientId, RecordNumber, WallTime};
use serde_json::Map;
use uuid::Uuid;

/// What kind of act it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAct {
    /// Something of the record was made (C).
    Create,
    /// Something was read (R).
    Read,
    /// Much was read or looked for (E, interaction `search-type`).
    Search,
    /// Something was changed (U).
    Update,
    /// Something was taken away (D).
    Delete,
    /// Something was done that is none of these (E).
    Execute,
    /// Somebody signed in (DICOM 110114, 110122).
    Login,
    /// Somebody signed out, or was (DICOM 110114, 110123).
    Logout,
    /// The security of the record is concerned (DICOM 110113).
    Security,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditEventOutcome {
    /// 0.
    Success,
    /// 4: refused.
    Refused,
    /// 8: tried and failed.
    Failed,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct AuditEventInput<'a> {
    /// The vault whose log it is.
    pub vault: Uuid,
    /// The place in the log.
    pub seq: u64,
    /// When.
    pub at: WallTime,
    /// The kind of act.
    pub act: AuditAct,
    /// The act in our own words.
    pub action: &'a str,
    /// What came of it.
    pub outcome: AuditEventOutcome,
    /// Who: the id, and the roles of that time; `None` = the console by itself, or nobody who signed in.
    pub user: Option<(Uuid, Vec<&'a str>)>,
    /// To whose record, with the record number where it is known.
    pub patient: Option<(PatientId, Option<&'a RecordNumber>)>,
    /// With which device.
    pub device: Option<DeviceId>,
    /// Whose slot, PIN or roles.
    pub about_user: Option<Uuid>,
    /// How many records, where that is not one.
    pub count: Option<u32>,
    /// The code of HL7 v3 PurposeOfUse.
    pub purpose: &'a str,
}

impl TypeName for AuditEvent {
    const NAME: &'static str = "AuditEvent";
}

impl Resource for AuditEvent {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

element! {
    /// A trace of an act.
    AuditEvent
    required {
        /// Always `AuditEvent`.
        resource_type: ResourceType<Self>,
        /// The kind of event.
        r#type: Coding,
        /// When.
        recorded: String,
        /// Who reports it.
        source: AuditSource,
    }
    optional {
        /// The id on the server.
        id: Option<String>,
        /// Profiles and labels.
        meta: Option<AuditMeta>,
        /// More exactly.
        subtype: Vec<Coding>,
        /// C, R, U, D or E.
        action: Option<String>,
        /// 0, 4, 8 or 12.
        outcome: Option<String>,
        /// For what.
        purpose_of_event: Vec<CodeableConcept>,
        /// Who took part.
        agent: Vec<AuditAgent>,
        /// What it was about.
        entity: Vec<AuditEntity>,
    }
}

element! {
    /// What is said about an AuditEvent.
    AuditMeta
    required {}
    optional {
        /// Profiles that it follows.
        profile: Vec<String>,
        /// Security labels.
        security: Vec<Coding>,
    }
}

element! {
    /// Somebody or something that took part.
    AuditAgent
    required {
        /// Whether they asked for it.
        requestor: bool,
    }
    optional {
        /// How they took part.
        r#type: Option<CodeableConcept>,
        /// What they were.
        role: Vec<CodeableConcept>,
        /// Who.
        who: Option<AuditReference>,
    }
}

element! {
    /// Who reports an event.
    AuditSource
    required {
        /// Who.
        observer: AuditReference,
    }
    optional {
        /// What kind of source.
        r#type: Vec<Coding>,
    }
}

element! {
    /// What an event was about.
    AuditEntity
    required {}
    optional {
        /// What.
        what: Option<AuditReference>,
        /// Person, system object, …
        r#type: Option<Coding>,
        /// In which role.
        role: Option<Coding>,
        /// Figures.
        detail: Vec<AuditDetail>,
    }
}

element! {
    /// A figure about an entity.
    AuditDetail
    required {
        /// Which.
        r#type: String,
        /// As text.
        value_string: String,
    }
    optional {}
}

element! {
    /// A link to another resource, or its business identifier.
    AuditReference
    required {}
    optional {
        /// For example `Patient/<id>`.
        reference: Option<String>,
        /// A business identifier.
        identifier: Option<Identifier>,
    }
}

/// The AuditEvent of an entry. The same entry has the same id whenever it is exported or sent; another one that stands in its
/// place, in a record that was taken back to a backup, has another.
pub fn audit_event(context: &FilingContext, entry: &AuditEventInput<'_>) -> Result<AuditEvent, NotFilable> {
    let place = format!("{}-{}", entry.vault, entry.seq);
    let (event_type, subtype, action) = codes_of(entry.act);
    let test = Meta::for_test_data(context.test_data).map(|meta| meta.security).unwrap_or_default();
    let profile: Vec<String> = profile(entry.act, entry.patient.is_some()).into_iter().collect();
    let outcome = match entry.outcome {
        AuditEventOutcome::Success => "0",
        AuditEventOutcome::Refused => "4",
        AuditEventOutcome::Failed => "8",
    };
    Ok(AuditEvent {
        resource_type: ResourceType::NEW,
        id: Some(stable_id(&format!("audit|{place}|{}", entry.at.0)).to_string()),
        meta: (!profile.is_empty() || !test.is_empty()).then(|| AuditMeta {
            profile,
            security: test,
            rest: Map::new(),
        }),
        r#type: event_type,
        subtype: subtype.into_iter().chain([Coding::new(codes::uri::ACTS, entry.action, None)]).collect(),
        action: Some(action.to_owned()),
        recorded: instant(entry.at)?,
        outcome: Some(outcome.to_owned()),
        purpose_of_event: vec![CodeableConcept::coded(vec![Coding::new(codes::uri::ACT_REASON, entry.purpose, None)])],
        agent: agents(context, entry),
        source: AuditSource {
            observer: to("Device", context.gateway),
            r#type: vec![coding(codes::APPLICATION_SERVER)],
            rest: Map::new(),
        },
        entity: entities(context, entry, &place),
        rest: Map::new(),
    })
}

/// Type, subtype and action of an act.
fn codes_of(act: AuditAct) -> (Coding, Option<Coding>, &'static str) {
    let (event, subtype, action) = match act {
        AuditAct::Create => (codes::AUDIT_REST, Some(codes::INTERACTION_CREATE), "C"),
        AuditAct::Read => (codes::AUDIT_REST, Some(codes::INTERACTION_READ), "R"),
        AuditAct::Search => (codes::AUDIT_REST, Some(codes::INTERACTION_SEARCH), "E"),
        AuditAct::Update => (codes::AUDIT_REST, Some(codes::INTERACTION_UPDATE), "U"),
        AuditAct::Delete => (codes::AUDIT_REST, Some(codes::INTERACTION_DELETE), "D"),
        AuditAct::Execute => (codes::AUDIT_REST, Some(codes::INTERACTION_OPERATION), "E"),
        AuditAct::Login => (codes::USER_AUTHENTICATION, Some(codes::LOGIN), "E"),
        AuditAct::Logout => (codes::USER_AUTHENTICATION, Some(codes::LOGOUT), "E"),
        AuditAct::Security => (codes::SECURITY_ALERT, None, "E"),
    };
    (coding(event), subtype.map(coding), action)
}

/// The BALP profile, where there is one for the act.
fn profile(act: AuditAct, of_patient: bool) -> Option<String> {
    let name = match act {
        AuditAct::Create => "Create",
        AuditAct::Read => "Read",
        AuditAct::Search => "Query",
        AuditAct::Update => "Update",
        AuditAct::Delete => "Delete",
        AuditAct::Execute | AuditAct::Login | AuditAct::Logout | AuditAct::Security => return None,
    };
    Some(format!("{}{}{name}", codes::uri::AUDIT_PROFILE, if of_patient { "Patient" } else { "" }))
}

/// The console that asks, the vault that answers, and whoever sat before it.
fn agents(context: &FilingContext, entry: &AuditEventInput<'_>) -> Vec<AuditAgent> {
    let agent = |kind: Coding, who: AuditReference, role: Vec<CodeableConcept>, requestor: bool| AuditAgent {
        r#type: Some(CodeableConcept::coded(vec![kind])),
        role,
        who: Some(who),
        requestor,
        rest: Map::new(),
    };
    let (source, destination) = (coding(codes::SOURCE_ROLE), coding(codes::DESTINATION_ROLE));
    let mut all = vec![
        agent(source, to("Device", context.gateway), Vec::new(), entry.user.is_none()),
        agent(destination, of_uuid(entry.vault), Vec::new(), false),
    ];
    if let Some((user, roles)) = &entry.user {
        let kind = coding(codes::INFORMATION_RECIPIENT);
        let role = |role: &&str| CodeableConcept::coded(vec![Coding::new(codes::uri::ROLES, *role, None)]);
        let who = of_uuid(*user);
        all.push(agent(kind, who, roles.iter().map(role).collect(), true));
    }
    all
}

fn entities(context: &FilingContext, entry: &AuditEventInput<'_>, place: &str) -> Vec<AuditEntity> {
    let entity = |what, kind, role, detail| AuditEntity {
        what: Some(what),
        r#type: Some(coding(kind)),
        role: Some(coding(role)),
        detail,
        rest: Map::new(),
    };
    let (person, object) = (codes::ENTITY_PERSON, codes::ENTITY_OBJECT);
    let count =
        |count: u32| AuditDetail { r#type: "count".to_owned(), value_string: count.to_string(), rest: Map::new() };
    let data = identified(codes::uri::PLACES, place.to_owned());
    let mut all = vec![entity(data, object, codes::ROLE_RESOURCE, entry.count.map(count).into_iter().collect())];
    all.extend(entry.patient.map(|(id, number)| {
        let number = number.map(|n| Identifier::new(context.record_number_system.as_str(), n.reveal()));
        let what = AuditReference { identifier: number, ..to("Patient", id.0) };
        entity(what, person, codes::ROLE_PATIENT, Vec::new())
    }));
    all.extend(entry.device.map(|id| entity(to("Device", id.0), object, codes::ROLE_RESOURCE, Vec::new())));
    all.extend(entry.about_user.map(|id| {
        let what = of_uuid(id);
        entity(what, person, codes::ROLE_USER, Vec::new())
    }));
    all
}

fn to(kind: &str, id: Uuid) -> AuditReference {
    AuditReference { reference: Reference::to(kind, id).reference, identifier: None, rest: Map::new() }
}

fn of_uuid(id: Uuid) -> AuditReference {
    AuditReference { reference: None, identifier: Some(Identifier::of_uuid(id)), rest: Map::new() }
}

fn identified(system: &str, value: String) -> AuditReference {
    AuditReference { reference: None, identifier: Some(Identifier::new(system, value)), rest: Map::new() }
}
