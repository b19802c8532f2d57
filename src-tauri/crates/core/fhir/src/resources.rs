//! The FHIR R4 resources that Bedside writes or reads. Source: FHIR 4.0.1.
//! How they are filled is decided in the files named after what they describe.
use crate::datatypes::{
    Annotation, CodeableConcept, Extension, HumanName, Identifier, Meta, Period, Quantity, Reference, SampledData,
};
use crate::element::{ResourceType, TypeName, element};
use crate::filing::Resource;
use serde_json::Value;

macro_rules! resource {
    ($name:ident) => {
        impl TypeName for $name {
            const NAME: &'static str = stringify!($name);
        }

        impl Resource for $name {
            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }
        }
    };
}

resource!(Patient);
resource!(Device);
resource!(Observation);

element! {
    /// A person in care.
    Patient
    required {
        /// Always `Patient`.
        resource_type: ResourceType<Self>,
    }
    optional {
        /// The id on the server.
        id: Option<String>,
        /// Labels.
        meta: Option<Meta>,
        /// Record numbers.
        identifier: Vec<Identifier>,
        /// Names.
        name: Vec<HumanName>,
        /// Administrative gender.
        gender: Option<String>,
        /// `YYYY-MM-DD`.
        birth_date: Option<String>,
    }
}

element! {
    /// A device: one that measures, or this console.
    Device
    required {
        /// Always `Device`.
        resource_type: ResourceType<Self>,
    }
    optional {
        /// The id on the server.
        id: Option<String>,
        /// Labels.
        meta: Option<Meta>,
        /// What the server remembers of a console's record.
        extension: Vec<Extension>,
        /// System ID, serial and the like.
        identifier: Vec<Identifier>,
        /// Its unique device identifier.
        udi_carrier: Vec<DeviceUdiCarrier>,
        /// Who made it.
        manufacturer: Option<String>,
        /// The maker's serial number.
        serial_number: Option<String>,
        /// Names.
        device_name: Vec<DeviceName>,
        /// The maker's model.
        model_number: Option<String>,
        /// The kind of system.
        r#type: Option<CodeableConcept>,
        /// What it specialises in.
        specialization: Vec<DeviceSpecialization>,
        /// Hardware, software and firmware revisions.
        version: Vec<DeviceVersion>,
    }
}

element! {
    /// A unique device identifier. How it was read (`entryType`) is left out: R4 has no word for "over the radio", and
    /// the one that the device guide takes from R5 is refused by the required value set of R4.
    DeviceUdiCarrier
    required {}
    optional {
        /// The part that is the same for all devices of a model.
        device_identifier: Option<String>,
        /// Who issued it, as a URI.
        issuer: Option<String>,
        /// The authority that regulates, as a URI.
        jurisdiction: Option<String>,
        /// The whole identifier as it is printed.
        #[serde(rename = "carrierHRF")]
        carrier_hrf: Option<String>,
    }
}

element! {
    /// A name of a device.
    DeviceName
    required {
        /// The name.
        name: String,
        /// `user-friendly-name`, `model-name`, …
        r#type: String,
    }
    optional {}
}

element! {
    /// A specialisation of a device.
    DeviceSpecialization
    required {
        /// Which.
        system_type: CodeableConcept,
    }
    optional {
        /// The version of the specialisation.
        version: Option<String>,
    }
}

element! {
    /// A revision of a device.
    DeviceVersion
    required {
        /// The revision as printed.
        value: String,
    }
    optional {
        /// Of what.
        r#type: Option<CodeableConcept>,
    }
}

element! {
    /// A measurement.
    Observation
    required {
        /// Always `Observation`.
        resource_type: ResourceType<Self>,
        /// `final`, `preliminary`, `entered-in-error`, …
        status: String,
        /// What was measured.
        code: CodeableConcept,
    }
    optional {
        /// The id on the server.
        id: Option<String>,
        /// Labels.
        meta: Option<Meta>,
        /// Gateway and clock.
        extension: Vec<Extension>,
        /// The guide's key against duplicates, and our own id.
        identifier: Vec<Identifier>,
        /// Vital sign, personal health device.
        category: Vec<CodeableConcept>,
        /// Who or what was measured.
        subject: Option<Reference>,
        /// When, for a moment.
        effective_date_time: Option<String>,
        /// When, for a stretch of time.
        effective_period: Option<Period>,
        /// How much.
        value_quantity: Option<Quantity>,
        /// Samples of a waveform.
        value_sampled_data: Option<SampledData>,
        /// Words as the value.
        value_string: Option<String>,
        /// A time as the value.
        value_date_time: Option<String>,
        /// Why there is no value.
        data_absent_reason: Option<CodeableConcept>,
        /// How it is to be taken.
        interpretation: Vec<CodeableConcept>,
        /// Remarks.
        note: Vec<Annotation>,
        /// How it was made.
        method: Option<CodeableConcept>,
        /// Where on the body.
        body_site: Option<CodeableConcept>,
        /// Who measured, where a person did.
        performer: Vec<Reference>,
        /// With which device.
        device: Option<Reference>,
        /// What it was computed from.
        derived_from: Vec<Reference>,
        /// Parts.
        component: Vec<ObservationComponent>,
    }
}

element! {
    /// One part of a measurement.
    ObservationComponent
    required {
        /// What.
        code: CodeableConcept,
    }
    optional {
        /// How much.
        value_quantity: Option<Quantity>,
        /// A code as the value.
        value_codeable_concept: Option<CodeableConcept>,
        /// Why there is no value.
        data_absent_reason: Option<CodeableConcept>,
    }
}

impl TypeName for Bundle {
    const NAME: &'static str = "Bundle";
}

element! {
    /// Resources together: a batch, its answer, the answer to a search.
    Bundle
    required {
        /// Always `Bundle`.
        resource_type: ResourceType<Self>,
        /// `batch`, `batch-response`, `searchset`, …
        r#type: String,
    }
    optional {
        /// Its parts.
        entry: Vec<BundleEntry>,
    }
}

element! {
    /// One part of a Bundle.
    BundleEntry
    required {}
    optional {
        /// The resource's address.
        full_url: Option<String>,
        /// The resource.
        resource: Option<Value>,
        /// In a batch: what to do.
        request: Option<BundleRequest>,
        /// In an answer: what was done.
        response: Option<BundleResponse>,
    }
}

element! {
    /// What a batch asks for one entry.
    BundleRequest
    required {
        /// The HTTP method.
        method: String,
        /// Relative to the base URL.
        url: String,
    }
    optional {}
}

element! {
    /// What a server did with one entry.
    BundleResponse
    required {
        /// For example `201 Created`.
        status: String,
    }
    optional {
        /// Where the resource is, with its version.
        location: Option<String>,
        /// Its version.
        etag: Option<String>,
        /// When the server stored it.
        last_modified: Option<String>,
        /// An OperationOutcome.
        outcome: Option<Value>,
    }
}

impl TypeName for OperationOutcome {
    const NAME: &'static str = "OperationOutcome";
}

element! {
    /// What a server says about a request.
    OperationOutcome
    required {
        /// Always `OperationOutcome`.
        resource_type: ResourceType<Self>,
    }
    optional {
        /// What it says.
        issue: Vec<OutcomeIssue>,
    }
}

element! {
    /// One statement of a server.
    OutcomeIssue
    required {}
    optional {
        /// `error`, `warning`, …
        severity: Option<String>,
        /// The issue type.
        code: Option<String>,
        /// In words and codes.
        details: Option<CodeableConcept>,
        /// Technical words. May echo the request.
        diagnostics: Option<String>,
        /// Where, as FHIRPath.
        expression: Vec<String>,
    }
}

impl Meta {
    /// The label of data that belong to no real person (HTEST), or no labels.
    pub(crate) fn for_test_data(is_test_data: bool) -> Option<Self> {
        is_test_data.then(|| Self {
            version_id: None,
            last_updated: None,
            security: vec![crate::codes::coding(crate::codes::TEST_DATA)],
            rest: serde_json::Map::new(),
        })
    }
}
