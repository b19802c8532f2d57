//! Whose record a patient of the server is (product laws 4 and 5): exact agreement joins, anything else is asked of a person,
//! nothing is ever written over. Pure: it changes nothing itself.
use super::record::{ClinicPatient, Join};
use bedside_fhir::download::{Particulars, ServerId, ServerPatient};
use bedside_vitals::{Patient, PatientId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// In what a patient of the server differs from the record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityDifference {
    /// Another record number.
    RecordNumber,
    /// Another birth date.
    BirthDate,
    /// Another family or given name, whatever the case.
    Name,
    /// The server has another patient of this record number already.
    SecondRecord,
    /// The record's patient went to the server under an id of its own: only the clinic can merge the two.
    SentAlready,
}

/// What is known of the record when a patient of the server comes.
pub(crate) struct Known<'a> {
    pub(crate) patients: &'a BTreeMap<PatientId, Patient>,
    pub(crate) at_clinic: &'a BTreeMap<ServerId, ClinicPatient>,
    /// Whether the server may have the record's patient under its own id.
    pub(crate) may_have_gone: &'a dyn Fn(PatientId) -> bool,
    /// Names the server, for ids that are not its own.
    pub(crate) server: &'a str,
}

/// What becomes of a patient of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) clinic: ClinicPatient,
    /// The patient of the record as it is to be from now on; `None` = as it was.
    pub(crate) patient: Option<Patient>,
    /// The two are one from now on, and were not before.
    pub(crate) newly_linked: bool,
}

impl Known<'_> {
    /// Decides what of `theirs` goes into the record. `bed` is where the worklist says that the patient lies.
    pub(crate) fn take(&self, theirs: &ServerPatient, bed: Option<&str>) -> Taken {
        let before = self.at_clinic.get(&theirs.id);
        let clinic = ClinicPatient {
            id: theirs.id.clone(),
            patient: before.and_then(|known| known.patient),
            join: before.map_or(Join::Unusable, |known| known.join),
            version: theirs.version.id.clone(),
            updated: theirs.version.at,
            active: theirs.active,
            replaced: theirs.is_replaced,
            replaced_by: theirs.replaced_by.clone(),
            particulars: before.and_then(|known| known.particulars.clone()),
            listed: before.is_some_and(|known| known.listed),
            left: before.and_then(|known| known.left),
            orders_whole: before.is_some_and(|known| known.orders_whole),
        };
        let Ok(said) = &theirs.particulars else {
            // A patient of the record stays what it was; one that never was, is none.
            return Taken { clinic, patient: None, newly_linked: false };
        };
        let clinic = ClinicPatient { particulars: Some(said.clone()), ..clinic };
        let mut taken = match before.filter(|known| known.join != Join::Unusable) {
            Some(known) => self.known_before(known, clinic, said, bed),
            None => self.seen_first(clinic, said, bed),
        };
        // Nobody asks for the orders of who is nobody's: what changes meanwhile is not known.
        taken.clinic.orders_whole &= taken.clinic.join.is_linked();
        taken
    }

    fn known_before(
        &self,
        before: &ClinicPatient,
        clinic: ClinicPatient,
        said: &Particulars,
        bed: Option<&str>,
    ) -> Taken {
        let unchanged = |clinic| Taken { clinic, patient: None, newly_linked: false };
        let same_as_before = before.particulars.as_ref().is_some_and(|was| same_person(was, said));
        let Some(ours) = before.patient.and_then(|patient| self.patients.get(&patient)) else {
            // Nobody of the record is meant any more: as if it came for the first time.
            return if before.join == Join::Apart && same_as_before {
                unchanged(clinic)
            } else {
                self.seen_first(clinic, said, bed)
            };
        };
        match before.join {
            Join::Linked | Join::LinkedQuestion | Join::LinkedKept if differences(ours, said).is_empty() => {
                let clinic = ClinicPatient { join: Join::Linked, ..clinic };
                Taken { patient: updated(ours, said, bed), clinic, newly_linked: false }
            }
            // Looked at by a person, and nothing new since.
            Join::LinkedKept | Join::Apart if same_as_before => unchanged(clinic),
            Join::Linked | Join::LinkedQuestion | Join::LinkedKept => {
                unchanged(ClinicPatient { join: Join::LinkedQuestion, ..clinic })
            }
            Join::Question | Join::Apart | Join::Unusable => self.seen_first(clinic, said, bed),
        }
    }

    fn seen_first(&self, clinic: ClinicPatient, said: &Particulars, bed: Option<&str>) -> Taken {
        let own_id = own_id(&clinic.id);
        // What this console sent itself comes back under the id that it gave.
        let sent = own_id.and_then(|id| self.patients.get(&id));
        let same_number = || self.patients.values().find(|ours| ours.record_number == said.record_number);
        let Some(ours) = sent.or_else(same_number) else {
            let taken = own_id.filter(|id| !self.patients.contains_key(id));
            let id = taken.unwrap_or_else(|| derived_id(self.server, &clinic.id));
            let patient = patient_of(id, said, bed);
            let clinic = ClinicPatient { patient: Some(id), join: Join::Linked, ..clinic };
            return Taken { clinic, patient: Some(patient), newly_linked: true };
        };
        let clinic = ClinicPatient { patient: Some(ours.id), ..clinic };
        if self.why_asked(ours, &clinic.id, said).is_empty() {
            let clinic = ClinicPatient { join: Join::Linked, ..clinic };
            return Taken { patient: updated(ours, said, bed), clinic, newly_linked: true };
        }
        Taken { clinic: ClinicPatient { join: Join::Question, ..clinic }, patient: None, newly_linked: false }
    }

    /// Why a person is asked whether a patient of the server is one of the record; empty = nobody needs to be.
    pub(crate) fn why_asked(&self, ours: &Patient, theirs: &ServerId, said: &Particulars) -> Vec<IdentityDifference> {
        let mut why = differences(ours, said);
        if self.has_other_link(ours.id, theirs) {
            why.push(IdentityDifference::SecondRecord);
        } else if own_id(theirs) != Some(ours.id) && !self.is_linked(ours.id, theirs) && (self.may_have_gone)(ours.id) {
            why.push(IdentityDifference::SentAlready);
        }
        why
    }

    fn is_linked(&self, patient: PatientId, to: &ServerId) -> bool {
        self.at_clinic.get(to).is_some_and(|known| known.patient == Some(patient) && known.join.is_linked())
    }

    fn has_other_link(&self, patient: PatientId, than: &ServerId) -> bool {
        let is_other = |known: &ClinicPatient| known.patient == Some(patient) && known.join.is_linked();
        self.at_clinic.values().any(|known| known.id != *than && is_other(known))
    }
}

/// What differs between two records of what may be one person. Sex and bed are no identifiers.
pub(crate) fn differences(ours: &Patient, theirs: &Particulars) -> Vec<IdentityDifference> {
    let mut all = Vec::new();
    if ours.record_number != theirs.record_number {
        all.push(IdentityDifference::RecordNumber);
    }
    if ours.birth_date != theirs.birth_date {
        all.push(IdentityDifference::BirthDate);
    }
    let same = |a: &str, b: &str| folded(a) == folded(b);
    if !same(ours.family.reveal(), theirs.family.reveal()) || !same(ours.given.reveal(), theirs.given.reveal()) {
        all.push(IdentityDifference::Name);
    }
    all
}

/// The patient of the record with the server's particulars: after exact agreement, or a person's word.
pub(crate) fn with_particulars(ours: &Patient, theirs: &Particulars) -> Patient {
    Patient { bed: ours.bed.clone(), ..patient_of(ours.id, theirs, None) }
}

/// The console's own id, where the server took it, or gives ids of the same kind.
pub(crate) fn own_id(id: &ServerId) -> Option<PatientId> {
    let uuid = Uuid::try_parse(id.as_str()).ok()?;
    // Only as this console would write it: `Patient/<id>` must be the same text.
    (uuid.hyphenated().to_string() == id.as_str()).then_some(PatientId(uuid))
}

fn updated(ours: &Patient, theirs: &Particulars, bed: Option<&str>) -> Option<Patient> {
    let mut now = with_particulars(ours, theirs);
    // The worklist knows where somebody lies; where it does not say, the bed stays.
    if let Some(bed) = bed.and_then(|bed| Patient::bed(bed).ok().flatten()) {
        now.bed = Some(bed);
    }
    (now != *ours).then_some(now)
}

fn patient_of(id: PatientId, said: &Particulars, bed: Option<&str>) -> Patient {
    Patient {
        id,
        record_number: said.record_number.clone(),
        family: said.family.clone(),
        given: said.given.clone(),
        birth_date: said.birth_date.clone(),
        sex: said.sex,
        bed: bed.and_then(|bed| Patient::bed(bed).ok().flatten()),
    }
}

fn derived_id(server: &str, id: &ServerId) -> PatientId {
    PatientId(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{server}/Patient/{}", id.as_str()).as_bytes()))
}

fn same_person(a: &Particulars, b: &Particulars) -> bool {
    let same = |a: &str, b: &str| folded(a) == folded(b);
    a.record_number == b.record_number
        && a.birth_date == b.birth_date
        && same(a.family.reveal(), b.family.reveal())
        && same(a.given.reveal(), b.given.reveal())
}

/// One name whatever its case and spacing; never two names that only look alike.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests;
