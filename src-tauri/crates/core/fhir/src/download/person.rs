//! A patient as the server has one, with the two identifiers and the names that a banner needs.
//! Not here: whether it is one of ours.
use super::{
    Concept, Downloaded, RecordNumbers, Reference, ServerId, Skipped, Version, id_in_reference, id_of, moment, shape,
    version,
};
use bedside_vitals::{BirthDate, Patient, RecordNumber, Sensitive, Sex};
use serde::Deserialize;
use serde_json::Value;

/// Who somebody is, as the server says. All of it is health data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particulars {
    /// The first identifier.
    pub record_number: RecordNumber,
    /// Family name.
    pub family: Sensitive<String>,
    /// Given names.
    pub given: Sensitive<String>,
    /// The second identifier.
    pub birth_date: BirthDate,
    /// Administrative sex.
    pub sex: Sex,
}

/// A Patient of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPatient {
    /// Its id there.
    pub id: ServerId,
    /// Which state of it.
    pub version: Version,
    /// `Patient.active` is not false.
    pub active: bool,
    /// `Patient.link` says that another record took its place.
    pub replaced_by: Option<ServerId>,
    /// It was replaced, whether or not it is told by what.
    pub is_replaced: bool,
    /// Who it is, or why that cannot be said.
    pub particulars: Result<Particulars, Skipped>,
}

impl Downloaded for ServerPatient {
    const NAME: &'static str = "Patient";

    fn read(resource: Value, ids: &RecordNumbers<'_>) -> Result<Self, Skipped> {
        let (id, version) = (id_of(&resource)?, version(&resource));
        let read: PatientRead = shape(resource)?;
        let replaced = read.link.iter().find(|link| link.r#type.as_deref() == Some("replaced-by"));
        let replaced_by = replaced.and_then(|link| id_in_reference(link.other.as_ref(), "Patient"));
        let (active, is_replaced) = (read.active != Some(false), replaced.is_some());
        Ok(Self { id, version, active, replaced_by, is_replaced, particulars: particulars(&read, ids) })
    }
}

fn particulars(read: &PatientRead, ids: &RecordNumbers<'_>) -> Result<Particulars, Skipped> {
    let record_number = record_number(&read.identifier, ids)?;
    let birth_date = read.birth_date.as_deref().and_then(|text| BirthDate::new(text, ids.now).ok());
    let name = name(&read.name, ids).ok_or(Skipped::NoName)?;
    let family = name.family.as_deref().and_then(|family| Patient::name("family name", family).ok());
    let given = Patient::name("given name", &name.given.join(" ")).ok();
    Ok(Particulars {
        record_number,
        family: family.ok_or(Skipped::NoName)?,
        given: given.ok_or(Skipped::NoName)?,
        birth_date: birth_date.ok_or(Skipped::NoBirthDate)?,
        sex: read.gender.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Sex::Unknown),
    })
}

/// The site's record number: of its identifier system. Where the policy names none, a single one of the type MR.
fn record_number(all: &[IdentifierRead], ids: &RecordNumbers<'_>) -> Result<RecordNumber, Skipped> {
    let holds = |one: &&IdentifierRead| {
        one.r#use.as_deref() != Some("old") && !one.period.as_ref().is_some_and(|period| period.is_over(ids))
    };
    let present = || all.iter().filter(holds);
    let mut of_system: Vec<&str> = present()
        .filter(|one| one.system.as_deref() == Some(ids.system))
        .filter_map(|one| one.value.as_deref())
        .collect();
    if of_system.is_empty() && ids.system_is_assumed {
        let is_record_number = |one: &&IdentifierRead| one.r#type.as_ref().is_some_and(|kind| kind.has("MR"));
        of_system = present().filter(is_record_number).filter_map(|one| one.value.as_deref()).collect();
    }
    of_system.sort_unstable();
    of_system.dedup();
    match of_system[..] {
        [] => Err(Skipped::NoRecordNumber),
        [one] => RecordNumber::new(one).map_err(|_| Skipped::NoRecordNumber),
        _ => Err(Skipped::TwoRecordNumbers),
    }
}

/// The official name, else the usual one, else the first that is in use.
fn name<'a>(all: &'a [NameRead], ids: &RecordNumbers<'_>) -> Option<&'a NameRead> {
    let in_use = |one: &&NameRead| {
        let is_former = one.r#use.as_deref().is_some_and(|told| matches!(told, "old" | "maiden" | "nickname"));
        !is_former && !one.period.as_ref().is_some_and(|period| period.is_over(ids)) && one.family.is_some()
    };
    let rank = |one: &&NameRead| match one.r#use.as_deref() {
        Some("official") => 0,
        Some("usual") => 1,
        _ => 2,
    };
    all.iter().filter(in_use).min_by_key(rank)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientRead {
    active: Option<bool>,
    #[serde(default)]
    identifier: Vec<IdentifierRead>,
    #[serde(default)]
    name: Vec<NameRead>,
    gender: Option<String>,
    birth_date: Option<String>,
    #[serde(default)]
    link: Vec<LinkRead>,
}

#[derive(Deserialize)]
struct IdentifierRead {
    r#use: Option<String>,
    r#type: Option<Concept>,
    system: Option<String>,
    value: Option<String>,
    period: Option<PeriodRead>,
}

#[derive(Deserialize)]
struct NameRead {
    r#use: Option<String>,
    family: Option<String>,
    #[serde(default)]
    given: Vec<String>,
    period: Option<PeriodRead>,
}

#[derive(Deserialize)]
struct LinkRead {
    other: Option<Reference>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct PeriodRead {
    end: Option<String>,
}

impl PeriodRead {
    fn is_over(&self, ids: &RecordNumbers<'_>) -> bool {
        self.end.as_deref().and_then(moment).is_some_and(|end| end < ids.now)
    }
}
