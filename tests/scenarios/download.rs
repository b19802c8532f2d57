//! The day begins with the patient list of the clinic's server: fetched page by page, each once; nobody is swapped, nobody
//! vanishes, nothing is followed elsewhere (product laws 4, 5 and 8). A real server is tested with the HTTP adapter.
use crate::clinic_list::ClinicList;
use crate::harness::*;
use crate::sync::Mood;
use bedside_console::{
    AtClinic, AuditAction, AuditOutcome, IdentityChoice, IdentityDifference, IdentityQuestion, ListState, LockReason,
    PatientLine, RequestError,
};
use bedside_policy::{Policy, Worklist, WorklistBy};
use bedside_vitals::PatientId;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const A_MOMENT: Duration = Duration::from_secs(5);
const A_PACE: Duration = Duration::from_secs(15 * 60 + 5);

fn policy(by: WorklistBy) -> Policy {
    Policy {
        worklist: Some(Worklist { by, every_minutes: 15 }),
        patient_identifier_system: Some("urn:test:record-number".into()),
        ..Policy::default()
    }
}

pub(crate) fn options(server: &Arc<ClinicList>) -> Options {
    by(server, WorklistBy::Group("ward".into()))
}

pub(crate) fn by(server: &Arc<ClinicList>, by: WorklistBy) -> Options {
    Options { clinic: Some(server.clone()), policy: policy(by), staffed: true, ..Options::default() }
}

/// A console whose first download has ended.
pub(crate) async fn begun(laptop: &Laptop, server: &Arc<ClinicList>) -> Bedside {
    let bedside = laptop.start("calm", options(server)).await;
    bedside.pass(A_MOMENT).await;
    bedside
}

impl Bedside {
    pub(crate) async fn pull(&self) {
        self.console.pull_patients().await.unwrap();
        self.pass(A_MOMENT).await;
    }

    pub(crate) async fn line(&self, number: &str) -> Option<PatientLine> {
        let lines = self.console.patients().await.unwrap();
        let mut found = lines.into_iter().filter(|line| line.patient.record_number.reveal() == number);
        let line = found.next();
        assert!(found.next().is_none(), "two patients of one record number");
        line
    }

    async fn stands(&self, number: &str) -> AtClinic {
        self.line(number).await.expect("the patient is in the record").at_clinic
    }

    pub(crate) async fn decide(&self, asked: &IdentityQuestion, choice: IdentityChoice) -> Result<(), RequestError> {
        self.console.decide_identity(asked.id.clone(), asked.shown, choice).await
    }

    pub(crate) fn list(&self) -> ListState {
        self.latest().sync.list.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn at_sign_in_everybody_on_the_list_is_there_from_three_pages_each_once() {
    let server = ClinicList::new();
    for number in 0..120 {
        server.patient(&format!("p{number}"), &format!("MRN {number}"), &format!("EXAMPLE{number}"));
    }
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", by(&server, WorklistBy::Search("active=true".into()))).await;
    bedside.pass(Duration::from_secs(20)).await;
    let lines = bedside.console.patients().await.unwrap();
    assert_eq!(lines.len(), 120);
    assert!(lines.iter().all(|line| line.at_clinic == AtClinic::Listed));
    let list = bedside.list();
    assert_eq!((list.listed, list.under_way, list.fault, list.questions), (120, false, None, 0));
    assert!(list.taken.is_some() && list.next_attempt.is_some());
    let pages = server.asked().iter().filter(|path| path.contains("_elements=id")).count();
    assert_eq!(pages, 3);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_off_is_asked_again_and_nothing_is_doubled() {
    let server = ClinicList::new();
    for number in 0..120 {
        server.patient(&format!("p{number}"), &format!("MRN {number}"), "EXAMPLE");
    }
    server.set_moods(&[
        Mood::Fine,
        Mood::AnswerLost,
        Mood::Busy,
        Mood::Html,
        Mood::Unreachable,
        Mood::Fine,
        Mood::Busy,
    ]);
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", by(&server, WorklistBy::Search("active=true".into()))).await;
    bedside.pass(Duration::from_secs(200)).await;
    assert_eq!(bedside.console.patients().await.unwrap().len(), 120);
    assert_eq!(bedside.list().fault, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_next_page_on_another_origin_is_never_asked_for_and_what_came_stays() {
    let server = ClinicList::new();
    for number in 0..60 {
        server.patient(&format!("p{number:02}"), &format!("MRN {number}"), "EXAMPLE");
    }
    let laptop = Laptop::new();
    let search = || by(&server, WorklistBy::Search("active=true".into()));
    server.lead_to(Some("https://evil.example/fhir/Patient?page=2"));
    let bedside = laptop.start("calm", search()).await;
    bedside.pass(A_MOMENT).await;
    assert_eq!(bedside.list().fault.unwrap().0, "LIST-ELSEWHERE");
    assert!(bedside.list().taken.is_none(), "no whole list was taken");
    assert_eq!(server.asked().len(), 1);
    server.lead_to(None);
    bedside.pull().await;
    assert_eq!(bedside.list().listed, 60);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_patient_is_told_and_left_out_and_the_others_come() {
    let server = ClinicList::new();
    server.patient("good", "MRN 1", "EXAMPLE");
    let mut no_date = server.patient("no-date", "MRN 2", "EXAMPLE");
    no_date.as_object_mut().unwrap().remove("birthDate");
    server.put(no_date);
    server.put(json!({ "resourceType": "Patient", "id": "broken", "name": 7 }));
    server.group(&["good", "no-date", "broken", "not-there"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    assert_eq!(bedside.console.patients().await.unwrap().len(), 1);
    let skipped: Vec<_> = bedside.list().skipped.iter().map(|one| (one.resource, one.why, one.count)).collect();
    assert_eq!(skipped, [("Patient", "no-birth-date", 1), ("Patient", "not-found", 2), ("Patient", "shape", 1)]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_list_stays_in_the_record_and_who_comes_back_is_the_same() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.patient("b", "MRN 2", "OTHER");
    server.group(&["a", "b"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let before = bedside.line("MRN 2").await.unwrap().patient;
    server.group(&["a"]);
    bedside.pull().await;
    assert!(matches!(bedside.stands("MRN 2").await, AtClinic::Left(_)));
    assert_eq!(bedside.stands("MRN 1").await, AtClinic::Listed);
    server.group(&["a", "b"]);
    bedside.pull().await;
    let after = bedside.line("MRN 2").await.unwrap();
    assert_eq!((after.at_clinic, after.patient), (AtClinic::Listed, before));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_merged_and_an_inactive_patient_are_told_and_never_swapped() {
    let server = ClinicList::new();
    let mut old = server.patient("old", "MRN 1", "EXAMPLE");
    let mut retired = server.patient("retired", "MRN 3", "EXAMPLE");
    server.patient("new", "MRN 2", "EXAMPLE");
    server.group(&["old", "new", "retired"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let before = bedside.line("MRN 1").await.unwrap().patient;
    old["link"] = json!([{ "other": { "reference": "Patient/new" }, "type": "replaced-by" }]);
    old["active"] = json!(false);
    server.put(old);
    retired["active"] = json!(false);
    server.put(retired);
    bedside.pull().await;
    let successor = bedside.line("MRN 2").await.unwrap().patient.id;
    let line = bedside.line("MRN 1").await.unwrap();
    assert_eq!(line.at_clinic, AtClinic::Replaced(Some(successor)));
    assert_eq!(line.patient, before);
    assert_eq!(bedside.stands("MRN 3").await, AtClinic::Inactive);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_birth_date_under_one_record_number_is_asked_of_a_person_and_changes_nothing_before() {
    let server = ClinicList::new();
    let mut theirs = server.patient("a", "TST 4410 0001", "ADEYEMI-TEST1");
    theirs["birthDate"] = json!("1951-03-15");
    server.put(theirs);
    server.group(&[]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let ours = bedside.add_patient(1).await;
    server.group(&["a"]);
    bedside.pull().await;
    assert_eq!(bedside.list().questions, 1);
    assert_eq!(bedside.stands("TST 4410 0001").await, AtClinic::Question);
    let asked = bedside.console.identity_questions().await.unwrap();
    assert_eq!((asked.len(), asked[0].ours.clone()), (1, ours.clone()));
    // The console sends a patient it made as soon as it can: then only the clinic can merge the two.
    assert!(asked[0].why.contains(&IdentityDifference::BirthDate));
    assert_eq!(asked[0].theirs.birth_date.iso(), "1951-03-15");
    let refused = bedside.decide(&asked[0], IdentityChoice::TakeTheirs).await;
    assert_eq!(refused, Err(RequestError::MergedAtClinicOnly));
    bedside.decide(&asked[0], IdentityChoice::Different).await.unwrap();
    bedside.pull().await;
    assert_eq!((bedside.list().questions, bedside.line("TST 4410 0001").await.unwrap().patient), (0, ours));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_patient_made_offline_is_joined_by_a_person_and_goes_up_as_the_server_s_own() {
    let server = ClinicList::new();
    server.inbox.set_moods(&[Mood::Unreachable; 400]);
    server.patient("other-kind-of-id", "TST 4410 0001", "ADEYEMI-MARRIED");
    server.group(&[]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let ours = bedside.add_patient(1).await;
    bedside.bind("thermometer-1", &ours).await;
    bedside.pass(Duration::from_secs(60)).await;
    server.group(&["other-kind-of-id"]);
    bedside.pull().await;
    let asked = bedside.console.identity_questions().await.unwrap();
    assert_eq!(asked[0].why, [IdentityDifference::Name]);
    bedside.decide(&asked[0], IdentityChoice::TakeTheirs).await.unwrap();
    let line = bedside.line("TST 4410 0001").await.unwrap();
    assert_eq!((line.patient.id, line.patient.family.reveal().as_str()), (ours.id, "ADEYEMI-MARRIED"));
    assert_eq!(line.patient.bed, ours.bed);
    server.inbox.is_fine_again();
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(server.inbox.kinds("Patient").is_empty(), "the server has the person already");
    assert_subjects(&server.inbox.kinds("Observation"), "Patient/other-kind-of-id");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_measured_of_a_downloaded_patient_goes_up_under_the_server_s_id_after_a_restart_too() {
    let server = ClinicList::new();
    server.patient("4711", "MRN 1", "EXAMPLE");
    server.group(&["4711"]);
    server.inbox.set_moods(&[Mood::Unreachable; 400]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let patient = bedside.line("MRN 1").await.unwrap().patient;
    bedside.bind("thermometer-1", &patient).await;
    bedside.pass(Duration::from_secs(60)).await;
    bedside.close().await;
    server.inbox.is_fine_again();
    let bedside = laptop.start("calm", options(&server)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(server.inbox.kinds("Patient").is_empty());
    assert_subjects(&server.inbox.kinds("Observation"), "Patient/4711");
    bedside.close().await;
}

pub(crate) fn assert_subjects(observations: &[Value], expected: &str) {
    let subjects: Vec<&Value> = observations.iter().map(|one| &one["subject"]["reference"]).collect();
    let of_people: Vec<_> =
        subjects.iter().filter(|one| one.as_str().is_some_and(|one| one.starts_with("Patient/"))).collect();
    assert!(!of_people.is_empty() && of_people.iter().all(|one| **one == expected), "{of_people:?}");
}

#[tokio::test(start_paused = true)]
async fn orders_and_medications_that_stand_are_listed_in_their_own_words() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let subject = json!({ "reference": "Patient/a" });
    let order = |id: &str, status: &str| {
        json!({ "resourceType": "ServiceRequest", "id": id, "status": status, "subject": subject,
            "code": { "text": "Blood pressure three times a day" } })
    };
    server.put(order("s1", "active"));
    server.put(order("s2", "completed"));
    let medication = json!({
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "subject": subject,
        "medicationCodeableConcept": { "text": "Metoprolol" },
        "dosageInstruction": [{ "text": "one tablet of 47.5 mg", "timing": { "code": { "text": "in the morning" } } }]
    });
    server.put(medication);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let patient = bedside.line("MRN 1").await.unwrap().patient.id;
    let orders = bedside.console.orders(patient).await.unwrap();
    let lines: Vec<_> = orders.lines.iter().map(|line| (line.what.as_str(), line.dose.as_deref())).collect();
    assert_eq!(lines, [("Blood pressure three times a day", None), ("Metoprolol", Some("one tablet of 47.5 mg"))]);
    assert_eq!(orders.lines[1].schedule.as_deref(), Some("in the morning"));
    assert!(orders.taken.is_some());
    // One that ends is not listed any more.
    server.put(order("s1", "completed"));
    bedside.pull().await;
    assert_eq!(bedside.console.orders(patient).await.unwrap().lines.len(), 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_second_download_asks_for_changes_since_the_server_s_own_time_less_an_overlap() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    bedside.close().await;
    server.asked();
    // The cursor is in the vault: a restart does not forget it.
    let bedside = begun(&laptop, &server).await;
    let people = server.asked().into_iter().find(|path| path.starts_with("Patient?")).unwrap();
    // The patient was put at 14:00:01 of the server's clock.
    assert_eq!(people, "Patient?_id=a&_lastUpdated=ge2026-03-18T13:58:01.000Z&_count=50");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn offline_the_list_of_before_stays_with_its_age() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let taken = bedside.list().taken.unwrap();
    bedside.close().await;
    server.set_moods(&[Mood::Unreachable; 1_000]);
    let bedside = begun(&laptop, &server).await;
    let list = bedside.list();
    assert_eq!((list.taken, list.listed), (Some(taken), 1));
    assert_eq!(list.fault.unwrap().0, "SERVER-UNREACHABLE");
    assert_eq!(bedside.stands("MRN 1").await, AtClinic::Listed);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_while_the_vault_is_locked_and_everybody_is_back_afterwards() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    server.asked();
    bedside.pass(A_PACE).await;
    assert_eq!(server.asked(), Vec::<String>::new());
    assert_eq!(bedside.latest().sync.list, ListState::default());
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(A_MOMENT).await;
    assert!(!server.asked().is_empty(), "a sign-in fetches the list");
    assert_eq!(bedside.stands("MRN 1").await, AtClinic::Listed);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_list_is_fetched_every_so_many_minutes_and_by_hand_with_one_entry_each() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.patient("b", "MRN 2", "OTHER");
    server.group(&["a", "b"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    bedside.work(20).await;
    bedside.pull().await;
    let entries = bedside.audited().await;
    let fetched: Vec<_> = entries.iter().filter(|entry| entry.action == AuditAction::PatientsDownloaded).collect();
    assert_eq!(fetched.len(), 3);
    assert!(fetched.iter().all(|entry| entry.count == Some(2) && entry.outcome == AuditOutcome::Success));
    assert!(fetched.iter().all(|entry| entry.actor.is_some()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_ward_tells_the_beds_of_its_encounters() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.put(json!({ "resourceType": "Location", "id": "b2", "name": "Bed 2",
        "physicalType": { "coding": [{ "code": "bd" }] } }));
    let encounter = |status: &str| {
        json!({ "resourceType": "Encounter", "id": "e1", "status": status, "subject": { "reference": "Patient/a" },
            "location": [{ "location": { "reference": "Location/ward-4" } },
                { "location": { "reference": "Location/b2" } }] })
    };
    server.put(encounter("in-progress"));
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", by(&server, WorklistBy::EncounterLocation("ward-4".into()))).await;
    bedside.pass(A_MOMENT).await;
    let line = bedside.line("MRN 1").await.unwrap();
    assert_eq!(line.patient.bed.unwrap().reveal(), "Bed 2");
    // Only the encounter changes: the patient lies elsewhere all the same.
    server.put(json!({ "resourceType": "Location", "id": "b2", "name": "Bed 3",
        "physicalType": { "coding": [{ "code": "bd" }] } }));
    bedside.pull().await;
    assert_eq!(bedside.line("MRN 1").await.unwrap().patient.bed.unwrap().reveal(), "Bed 3");
    server.put(encounter("finished"));
    bedside.pull().await;
    assert!(matches!(bedside.stands("MRN 1").await, AtClinic::Left(_)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_worklist_in_the_policy_nobody_is_fetched() {
    let server = ClinicList::new();
    let laptop = Laptop::new();
    let without = Options { clinic: Some(server.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", without).await;
    bedside.pass(Duration::from_secs(200)).await;
    assert_eq!(bedside.console.pull_patients().await, Err(RequestError::NoWorklist));
    assert_eq!(server.asked(), Vec::<String>::new());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_the_server_refuses_is_told_and_asked_for_again_at_its_next_time() {
    let server = ClinicList::new();
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let list = bedside.list();
    assert_eq!((list.fault.unwrap().0, list.under_way), ("LIST-MISSING", false));
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    bedside.work(16).await;
    assert_eq!((bedside.list().fault, bedside.list().listed), (None, 1));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn five_hundred_patients_are_listed_in_the_order_of_their_names() {
    let server = ClinicList::new();
    for number in 0..500 {
        server.patient(&format!("p{number}"), &format!("MRN {number}"), &format!("Family{:03}", (number * 7) % 250));
    }
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", by(&server, WorklistBy::Search("active=true".into()))).await;
    bedside.pass(Duration::from_secs(60)).await;
    let lines = bedside.console.patients().await.unwrap();
    let names: Vec<String> = lines.iter().map(|line| line.patient.family.reveal().clone()).collect();
    assert_eq!(names.len(), 500);
    assert!(names.is_sorted() && lines.iter().all(|line| line.name_alert));
    let ids: std::collections::BTreeSet<PatientId> = lines.iter().map(|line| line.patient.id).collect();
    assert_eq!(ids.len(), 500);
    bedside.close().await;
}
