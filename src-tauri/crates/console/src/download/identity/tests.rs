//! Whom a person of the server is taken for: joined, asked about, or somebody new.
//! Not here: what a person then decides (scenarios).
use super::*;
use bedside_fhir::download::{Skipped, Version};
use bedside_vitals::{BirthDate, RecordNumber, Sensitive, Sex, WallTime};

const SERVER: &str = "https://fhir.example/r4";
const UUID: &str = "0b0d51de-0000-4000-8000-000000000001";

/// The record, what is known of the server, and who went there under the record's own id.
#[derive(Default)]
struct Record {
    patients: BTreeMap<PatientId, Patient>,
    at_clinic: BTreeMap<ServerId, ClinicPatient>,
    gone: Vec<PatientId>,
}

impl Record {
    fn with(patient: Patient) -> Self {
        Self { patients: BTreeMap::from([(patient.id, patient)]), ..Self::default() }
    }

    fn take(&mut self, theirs: &ServerPatient) -> Taken {
        self.take_to(theirs, None)
    }

    /// Decides, and takes it in as the console does.
    fn take_to(&mut self, theirs: &ServerPatient, bed: Option<&str>) -> Taken {
        let may_have_gone = |id: PatientId| self.gone.contains(&id);
        let known = Known {
            patients: &self.patients,
            at_clinic: &self.at_clinic,
            may_have_gone: &may_have_gone,
            server: SERVER,
        };
        let taken = known.take(theirs, bed);
        if let Some(patient) = &taken.patient {
            self.patients.insert(patient.id, patient.clone());
        }
        self.at_clinic.insert(taken.clinic.id.clone(), taken.clinic.clone());
        taken
    }

    fn decide(&mut self, id: &str, join: Join) {
        self.at_clinic.get_mut(&ServerId::new(id).unwrap()).unwrap().join = join;
    }

    fn why(&self, taken: &Taken) -> Vec<IdentityDifference> {
        let may_have_gone = |id: PatientId| self.gone.contains(&id);
        let known = Known {
            patients: &self.patients,
            at_clinic: &self.at_clinic,
            may_have_gone: &may_have_gone,
            server: SERVER,
        };
        let ours = &self.patients[&taken.clinic.patient.unwrap()];
        known.why_asked(ours, &taken.clinic.id, taken.clinic.particulars.as_ref().unwrap())
    }
}

fn said(number: &str, family: &str, born: &str) -> Particulars {
    Particulars {
        record_number: RecordNumber::new(number).unwrap(),
        family: Sensitive::new(family.into()),
        given: Sensitive::new("Ann".into()),
        birth_date: BirthDate::new(born, WallTime(i64::MAX)).unwrap(),
        sex: Sex::Female,
    }
}

fn of_server(id: &str, particulars: Result<Particulars, Skipped>) -> ServerPatient {
    ServerPatient {
        id: ServerId::new(id).unwrap(),
        version: Version { id: Some("1".into()), at: Some(WallTime(1)) },
        active: true,
        replaced_by: None,
        is_replaced: false,
        particulars,
    }
}

fn theirs(id: &str) -> ServerPatient {
    of_server(id, Ok(said("MRN 1", "EXAMPLE", "1951-03-14")))
}

/// Made here, before anything was heard of the server.
fn ours() -> Patient {
    Patient {
        bed: Patient::bed("7").unwrap(),
        ..patient_of(PatientId(Uuid::from_u128(9)), &theirs("x").particulars.unwrap(), None)
    }
}

#[test]
fn somebody_new_comes_in_under_the_server_s_id_where_it_is_one_of_ours_too() {
    let taken = Record::default().take_to(&theirs(UUID), Some("Bed 2"));
    let patient = taken.patient.unwrap();
    assert_eq!(patient.id.to_string(), UUID);
    assert_eq!(patient.bed.unwrap().reveal(), "Bed 2");
    assert!(taken.newly_linked && taken.clinic.join == Join::Linked);
}

#[test]
fn an_id_of_another_kind_gives_the_same_patient_every_time_and_another_on_another_server() {
    let id = |server| derived_id(server, &ServerId::new("42").unwrap());
    assert_eq!(Record::default().take(&theirs("42")).clinic.patient, Some(id(SERVER)));
    assert_ne!(id(SERVER), id("https://other.example"));
    // `Patient/<id>` must be the same text: an upper-case UUID is not ours.
    let upper = UUID.to_uppercase();
    assert_ne!(Record::default().take(&theirs(&upper)).clinic.patient.unwrap().to_string(), UUID);
}

#[test]
fn exact_agreement_joins_whatever_the_case_and_keeps_the_bed() {
    let mut record = Record::with(Patient { family: Sensitive::new("Example ".into()), ..ours() });
    let taken = record.take(&theirs("p1"));
    assert_eq!((taken.clinic.join, taken.clinic.patient), (Join::Linked, Some(ours().id)));
    assert_eq!(taken.patient.unwrap().bed.unwrap().reveal(), "7");
    assert_eq!(record.patients.len(), 1);
}

#[test]
fn one_number_with_another_birth_date_or_name_is_asked_and_changes_nothing() {
    for (other, why) in [
        (said("MRN 1", "EXAMPLE", "1951-03-15"), IdentityDifference::BirthDate),
        (said("MRN 1", "EXEMPLE", "1951-03-14"), IdentityDifference::Name),
    ] {
        let mut record = Record::with(ours());
        let taken = record.take(&of_server("p1", Ok(other)));
        assert_eq!(taken.clinic.join, Join::Question);
        assert_eq!(record.why(&taken), [why]);
        assert_eq!(record.patients[&ours().id], ours());
    }
}

#[test]
fn a_linked_patient_who_is_called_otherwise_now_is_asked_about_and_stays_linked() {
    let mut record = Record::default();
    record.take(&theirs("p1"));
    let before = record.patients.clone();
    let taken = record.take(&of_server("p1", Ok(said("MRN 1", "MARRIED", "1951-03-14"))));
    assert_eq!(taken.clinic.join, Join::LinkedQuestion);
    assert!(taken.clinic.join.is_linked());
    assert_eq!(record.patients, before);
    // The server takes it back: nobody has to decide any more.
    assert_eq!(record.take(&theirs("p1")).clinic.join, Join::Linked);
}

#[test]
fn the_orders_of_who_is_nobody_s_any_more_are_asked_for_whole_again() {
    let mut record = Record::default();
    record.take(&theirs("p1"));
    record.at_clinic.get_mut(&ServerId::new("p1").unwrap()).unwrap().orders_whole = true;
    assert!(record.take(&theirs("p1")).clinic.orders_whole);
    let other = Patient {
        id: PatientId(Uuid::from_u128(8)),
        birth_date: said("MRN 1", "EXAMPLE", "1960-01-01").birth_date,
        ..ours()
    };
    record.patients = BTreeMap::from([(other.id, other)]);
    let taken = record.take(&theirs("p1"));
    assert_eq!((taken.clinic.join, taken.clinic.orders_whole), (Join::Question, false));
}

#[test]
fn a_record_number_that_changes_is_never_taken_by_itself() {
    let mut record = Record::default();
    record.take(&theirs("p1"));
    let taken = record.take(&of_server("p1", Ok(said("MRN 2", "EXAMPLE", "1951-03-14"))));
    assert_eq!(taken.clinic.join, Join::LinkedQuestion);
    assert_eq!(record.why(&taken), [IdentityDifference::RecordNumber]);
}

#[test]
fn what_a_person_decided_is_asked_again_only_when_the_server_says_something_new() {
    let other = of_server("p1", Ok(said("MRN 1", "OTHER", "1951-03-14")));
    for decided in [Join::Apart, Join::LinkedKept] {
        let mut record = Record::with(ours());
        record.take(&other);
        record.decide("p1", decided);
        assert_eq!(record.take(&other).clinic.join, decided);
        let third = of_server("p1", Ok(said("MRN 1", "THIRD", "1951-03-14")));
        assert!(record.take(&third).clinic.join.is_question(), "{decided:?}");
        assert_eq!(record.patients[&ours().id], ours());
    }
}

#[test]
fn a_second_record_of_one_number_at_the_server_is_asked_about() {
    let mut record = Record::default();
    record.take(&theirs("p1"));
    let taken = record.take(&theirs("p2"));
    assert_eq!(taken.clinic.join, Join::Question);
    assert_eq!(record.why(&taken), [IdentityDifference::SecondRecord]);
    assert_eq!(record.patients.len(), 1);
}

#[test]
fn what_this_console_sent_itself_comes_back_as_the_same_patient() {
    let mut record = Record::with(Patient { id: PatientId(UUID.parse().unwrap()), ..ours() });
    record.gone.push(PatientId(UUID.parse().unwrap()));
    let taken = record.take(&theirs(UUID));
    assert_eq!(taken.clinic.join, Join::Linked);
    assert_eq!(record.patients.len(), 1);
}

#[test]
fn a_patient_who_went_up_under_an_id_of_its_own_is_merged_by_the_clinic_only() {
    let mut record = Record::with(ours());
    record.gone.push(ours().id);
    let taken = record.take(&theirs("p1"));
    assert_eq!(taken.clinic.join, Join::Question);
    assert_eq!(record.why(&taken), [IdentityDifference::SentAlready]);
}

#[test]
fn a_patient_who_cannot_be_read_any_more_stays_what_it_was() {
    let mut record = Record::default();
    record.take(&theirs("p1"));
    let before = record.patients.clone();
    let taken = record.take(&of_server("p1", Err(Skipped::NoBirthDate)));
    assert_eq!((taken.clinic.join, taken.patient), (Join::Linked, None));
    assert_eq!(record.patients, before);
    let stranger = record.take(&of_server("p2", Err(Skipped::NoRecordNumber)));
    assert_eq!((stranger.clinic.join, stranger.clinic.patient), (Join::Unusable, None));
    // Completed at the server, it is a patient.
    assert_eq!(record.take(&of_server("p2", Ok(said("MRN 2", "LATER", "1960-01-01")))).clinic.join, Join::Linked);
}

#[test]
fn sex_and_bed_follow_the_server_without_a_question() {
    let mut record = Record::default();
    record.take_to(&theirs("p1"), Some("1"));
    let other = Particulars { sex: Sex::Unknown, ..said("MRN 1", "EXAMPLE", "1951-03-14") };
    let now = record.take_to(&of_server("p1", Ok(other)), Some("2")).patient.unwrap();
    assert_eq!((now.sex, now.bed.unwrap().reveal().as_str()), (Sex::Unknown, "2"));
    assert!(record.take(&theirs("p1")).patient.unwrap().bed.is_some(), "where nobody says a bed, it stays");
}
