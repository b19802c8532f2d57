//! Who is on the worklist: Encounters at a place, the members of a Group, the items of a List, and the names of places.
//! Not here: the patients themselves (`person`).
use super::{
    Concept, Downloaded, RecordNumbers, Reference, ServerId, Skipped, id_in_reference, id_of, moment, shape, words,
};
use crate::not_fhir::NotFhir;
use bedside_vitals::WallTime;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// A patient in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Who.
    pub patient: ServerId,
    /// The places of the encounter that the patient has not left.
    pub places: Vec<Place>,
}

/// A place, by its reference.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id on the server.
    pub id: Option<ServerId>,
    /// Its name, where it is told.
    pub name: Option<String>,
    /// It is a bed.
    pub is_bed: bool,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place ▮")
    }
}

/// A patient of whom a search for the list brought no more than the id, or more that is not looked at: one that is broken
/// is on the list all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed(pub ServerId);

impl Downloaded for Listed {
    const NAME: &'static str = "Patient";

    fn read(resource: Value, _: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        id_of(&resource).map(Self)
    }
}

impl Downloaded for Stay {
    const NAME: &'static str = "Encounter";

    fn read(resource: Value, _: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        let read: EncounterRead = shape(resource)?;
        let patient = id_in_reference(read.subject.as_ref(), "Patient").ok_or(Skipped::NoPatient)?;
        // One that is planned, reserved or over is not where the patient is.
        let is_now = |at: &EncounterLocation| at.status.as_deref().is_none_or(|status| status == "active");
        let places = read.location.into_iter().filter(is_now).map(|at| Place {
            id: id_in_reference(Some(&at.location), "Location"),
            name: at.location.display.and_then(words),
            is_bed: at.physical_type.is_some_and(|kind| kind.has(BED)),
        });
        Ok(Self { patient, places: places.collect() })
    }
}

impl Downloaded for Place {
    const NAME: &'static str = "Location";

    fn read(resource: Value, _: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        let id = id_of(&resource)?;
        let read: LocationRead = shape(resource)?;
        let is_bed = read.physical_type.is_some_and(|kind| kind.has(BED));
        Ok(Self { id: Some(id), name: read.name.and_then(words), is_bed })
    }
}

/// The patients of a Group or a List.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberList {
    /// Those who are on it now, each once.
    pub patients: Vec<ServerId>,
    /// Entries that are no patients, or name them in another way than by their ids.
    pub others: usize,
}

/// Reads a Group or a List, as the answer to a read by its id.
///
/// # Errors
/// Where it is neither.
pub fn parse_member_list(body: &str, now: WallTime) -> Result<MemberList, NotFhir> {
    let read: ListRead = serde_json::from_str(body).map_err(|error| NotFhir::shape("Group or List", &error))?;
    if !matches!(read.resource_type.as_str(), "Group" | "List") {
        return Err(NotFhir::Shape { expected: "Group or List", line: 0, column: 0 });
    }
    let over = |period: &Option<PeriodRead>| {
        let end = period.as_ref().and_then(|period| period.end.as_deref()).and_then(moment);
        end.is_some_and(|end| end < now)
    };
    let mut list = MemberList { patients: Vec::new(), others: 0 };
    let mut seen = BTreeSet::new();
    // Each entry by itself: a broken one does not take the others from the list.
    for entry in read.member.into_iter().chain(read.entry) {
        let Ok(Member { entity, item, inactive, deleted, period }) = shape::<Member>(entry) else {
            list.others += 1;
            continue;
        };
        if inactive || deleted || over(&period) {
            continue;
        }
        match id_in_reference(entity.or(item).as_ref(), "Patient") {
            Some(id) if seen.contains(&id) => {}
            Some(id) => {
                seen.insert(id.clone());
                list.patients.push(id);
            }
            None => list.others += 1,
        }
    }
    Ok(list)
}

/// HL7 location-physical-type.
const BED: &str = "bd";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncounterRead {
    subject: Option<Reference>,
    #[serde(default)]
    location: Vec<EncounterLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncounterLocation {
    location: Reference,
    status: Option<String>,
    physical_type: Option<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocationRead {
    name: Option<String>,
    physical_type: Option<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListRead {
    resource_type: String,
    #[serde(default)]
    member: Vec<Value>,
    #[serde(default)]
    entry: Vec<Value>,
}

/// A member of a Group, or an item of a List.
#[derive(Deserialize)]
struct Member {
    entity: Option<Reference>,
    item: Option<Reference>,
    #[serde(default)]
    inactive: bool,
    #[serde(default)]
    deleted: bool,
    period: Option<PeriodRead>,
}

#[derive(Deserialize)]
struct PeriodRead {
    end: Option<String>,
}
