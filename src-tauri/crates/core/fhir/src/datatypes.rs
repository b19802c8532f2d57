//! The general-purpose data types of FHIR R4 that Bedside writes. Source: FHIR 4.0.1, datatypes.
//! Resources are in `resources`.
use crate::element::element;
use serde_json::{Map, Number};
use uuid::Uuid;

element! {
    /// A code of a code system.
    Coding
    required {}
    optional {
        /// The code system as a URI.
        system: Option<String>,
        /// The code.
        code: Option<String>,
        /// The name the code system gives it.
        display: Option<String>,
    }
}

element! {
    /// A concept: codes that mean the same, or text.
    CodeableConcept
    required {}
    optional {
        /// The codes.
        coding: Vec<Coding>,
        /// Plain text.
        text: Option<String>,
    }
}

element! {
    /// A business identifier.
    Identifier
    required {}
    optional {
        /// `usual`, `official`, …
        r#use: Option<String>,
        /// What kind of identifier.
        r#type: Option<CodeableConcept>,
        /// Who assigned it, as a URI.
        system: Option<String>,
        /// The identifier.
        value: Option<String>,
    }
}

element! {
    /// A link to another resource.
    Reference
    required {}
    optional {
        /// For example `Patient/<id>`.
        reference: Option<String>,
        /// The kind of resource, where only an identifier is known.
        r#type: Option<String>,
        /// A business identifier of what is not on the server, or not known there.
        identifier: Option<Identifier>,
        /// Plain text.
        display: Option<String>,
    }
}

element! {
    /// An amount with its UCUM unit. The decimal keeps its trailing zeros.
    Quantity
    required {}
    optional {
        /// The amount.
        value: Option<Number>,
        /// The unit for people.
        unit: Option<String>,
        /// The unit's code system.
        system: Option<String>,
        /// The unit's code.
        code: Option<String>,
    }
}

element! {
    /// Samples of a waveform: `value = origin + number × factor`, one number every `period` milliseconds.
    SampledData
    required {
        /// What 0 means, with the unit of every value.
        origin: Quantity,
        /// Milliseconds between two samples.
        period: Number,
        /// Samples taken at each point of time.
        dimensions: u32,
    }
    optional {
        /// The value of one step of the device; 1 when missing.
        factor: Option<Number>,
        /// The device's own integers, a space between them.
        data: Option<String>,
    }
}

element! {
    /// A stretch of time, both ends included.
    Period
    required {}
    optional {
        /// From.
        start: Option<String>,
        /// To.
        end: Option<String>,
    }
}

element! {
    /// A person's name.
    HumanName
    required {}
    optional {
        /// `official`, `usual`, …
        r#use: Option<String>,
        /// Family name.
        family: Option<String>,
        /// Given names.
        given: Vec<String>,
    }
}

element! {
    /// What is said about a resource.
    Meta
    required {}
    optional {
        /// Set by the server.
        version_id: Option<String>,
        /// Set by the server.
        last_updated: Option<String>,
        /// Security labels.
        security: Vec<Coding>,
    }
}

element! {
    /// An extension with a value of a kind that Bedside writes, or with parts; others are kept in `rest`.
    Extension
    required {
        /// What it means, as a URI.
        url: String,
    }
    optional {
        /// Its parts, where it has no value.
        extension: Vec<Extension>,
        /// Its value, where it is a reference.
        value_reference: Option<Reference>,
        /// Its value, where it is text.
        value_string: Option<String>,
        /// Its value, where it is a moment.
        value_date_time: Option<String>,
    }
}

element! {
    /// A remark.
    Annotation
    required {
        /// The text.
        text: String,
    }
    optional {}
}

impl Coding {
    /// A code of a system, with its name.
    pub fn new(system: &str, code: impl Into<String>, display: Option<&str>) -> Self {
        let display = display.map(str::to_owned);
        Self { system: Some(system.to_owned()), code: Some(code.into()), display, rest: Map::new() }
    }
}

impl CodeableConcept {
    /// Codes that mean the same.
    pub fn coded(coding: Vec<Coding>) -> Self {
        Self { coding, text: None, rest: Map::new() }
    }

    /// A concept that has only words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { coding: Vec::new(), text: Some(text.into()), rest: Map::new() }
    }
}

impl Reference {
    /// To a resource by its type and id.
    pub fn to(resource_type: &str, id: Uuid) -> Self {
        let reference = Some(format!("{resource_type}/{id}"));
        Self { reference, r#type: None, identifier: None, display: None, rest: Map::new() }
    }

    /// To what only an identifier of ours names, such as a person of this console.
    pub(crate) fn named(resource_type: &str, identifier: Identifier, display: Option<String>) -> Self {
        Self {
            reference: None,
            r#type: Some(resource_type.to_owned()),
            identifier: Some(identifier),
            display,
            rest: Map::new(),
        }
    }
}

impl Identifier {
    /// A UUID of ours as a URI.
    pub(crate) fn of_uuid(id: Uuid) -> Self {
        Self::new(crate::codes::uri::URI, format!("urn:uuid:{id}"))
    }

    /// An identifier of a system.
    pub fn new(system: &str, value: impl Into<String>) -> Self {
        Self { r#use: None, r#type: None, system: Some(system.to_owned()), value: Some(value.into()), rest: Map::new() }
    }
}

impl Extension {
    /// An extension whose value is a reference.
    pub fn reference(url: &str, reference: Reference) -> Self {
        Self { value_reference: Some(reference), ..Self::new(url) }
    }

    /// An extension whose value is text.
    pub fn text(url: &str, text: String) -> Self {
        Self { value_string: Some(text), ..Self::new(url) }
    }

    /// An extension that says nothing yet.
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            extension: Vec::new(),
            value_reference: None,
            value_string: None,
            value_date_time: None,
            rest: Map::new(),
        }
    }
}

impl Annotation {
    /// A remark.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), rest: Map::new() }
    }
}
