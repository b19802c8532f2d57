//! A patient of the vault as a FHIR Patient. The bed stays here: it is a place, not part of the person.
//! Not here: matching with patients that the server knows already.
use crate::codes;
use crate::datatypes::{HumanName, Identifier, Meta};
use crate::element::ResourceType;
use crate::filing::FilingContext;
use crate::resources::Patient;
use serde_json::Map;

/// The patient with the id of this vault, the record number, name, sex and birth date (FHIR R4 Patient).
pub fn patient(context: &FilingContext, patient: &bedside_vitals::Patient) -> Patient {
    let record_number = Identifier {
        r#use: Some("usual".to_owned()),
        r#type: Some(codes::concept(codes::RECORD_NUMBER)),
        ..Identifier::new(&context.record_number_system, patient.record_number.reveal())
    };
    let name = HumanName {
        r#use: Some("official".to_owned()),
        family: Some(patient.family.reveal().clone()),
        // One element, as typed: where one given name ends and the next begins is not known.
        given: vec![patient.given.reveal().clone()],
        rest: Map::new(),
    };
    Patient {
        resource_type: ResourceType::NEW,
        id: Some(patient.id.to_string()),
        meta: Meta::for_test_data(context.test_data),
        identifier: vec![record_number],
        name: vec![name],
        gender: Some(patient.sex.code().to_owned()),
        birth_date: Some(patient.birth_date.iso()),
        rest: Map::new(),
    }
}
