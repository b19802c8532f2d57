//! What must not go wrong with the clinic's list: orders of who left and came back, a decision about something else than was
//! seen, a download without an end, a join that is not written. Not here: how a download goes (`download`).
use crate::clinic_list::{BASE, ClinicList};
use crate::download::*;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use crate::sync::Mood;
use bedside_console::ports::{Machine, MachineEvent};
use bedside_console::{AtClinic, IdentityChoice, RequestError};
use bedside_policy::WorklistBy;
use bedside_vitals::{Patient, PatientId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn medication(id: &str, status: &str) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": id, "status": status, "subject": { "reference": "Patient/a" },
        "medicationCodeableConcept": { "text": id },
    })
}

impl Bedside {
    async fn medications(&self, of: PatientId) -> Vec<String> {
        self.console.orders(of).await.unwrap().lines.into_iter().map(|line| line.what).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_medication_that_was_stopped_while_its_patient_was_off_the_list_is_not_listed_afterwards() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.patient("b", "MRN 2", "OTHER");
    server.put(medication("Metoprolol", "active"));
    server.put(medication("Ramipril", "active"));
    server.group(&["a", "b"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let patient = bedside.line("MRN 1").await.unwrap().patient.id;
    assert_eq!(bedside.medications(patient).await, ["Metoprolol", "Ramipril"]);
    server.group(&["b"]);
    bedside.pull().await;
    server.put(medication("Metoprolol", "stopped"));
    bedside.pull().await;
    // Others' orders change after it: the cursor moves on, far beyond the overlap.
    let other = json!({ "resourceType": "MedicationRequest", "id": "later", "status": "active",
        "subject": { "reference": "Patient/b" }, "medicationCodeableConcept": { "text": "Later" } });
    for _ in 0..200 {
        server.put(other.clone());
    }
    bedside.pull().await;
    server.group(&["a", "b"]);
    bedside.pull().await;
    assert_eq!(bedside.line("MRN 1").await.unwrap().at_clinic, AtClinic::Listed);
    assert_eq!(bedside.medications(patient).await, ["Ramipril"]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_a_server_tells_no_times_what_it_does_not_name_any_more_has_ended() {
    let server = ClinicList::new();
    server.tell_no_times();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.put(medication("Metoprolol", "active"));
    server.put(medication("Ramipril", "active"));
    server.group(&["a"]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let patient = bedside.line("MRN 1").await.unwrap().patient.id;
    server.put(medication("Metoprolol", "stopped"));
    // One that cannot be read any more is still the server's.
    server.put(json!({ "resourceType": "MedicationRequest", "id": "Ramipril", "status": "active",
        "subject": { "reference": "Patient/a" }, "dosageInstruction": 7 }));
    bedside.pull().await;
    assert_eq!(bedside.medications(patient).await, ["Ramipril"]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn orders_that_nobody_asked_for_have_no_time_and_are_not_none() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let list = [Mood::Fine; 2];
    server.set_moods(&[&list[..], &[Mood::Unreachable; 400]].concat());
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    assert!(bedside.list().taken.is_some(), "the list was taken, and its orders were not");
    let listed = bedside.line("MRN 1").await.unwrap().patient.id;
    let ours = bedside.add_patient(1).await.id;
    assert_eq!(bedside.console.orders(listed).await.unwrap().taken, None);
    server.set_moods(&[]);
    bedside.pull().await;
    assert!(bedside.console.orders(listed).await.unwrap().taken.is_some());
    assert_eq!(bedside.console.orders(ours).await.unwrap().taken, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_about_other_particulars_than_were_seen_is_not_carried_out() {
    let server = ClinicList::new();
    server.inbox.set_moods(&[Mood::Unreachable; 400]);
    let mut theirs = server.patient("a", "TST 4410 0001", "ADEYEMI-MARRIED");
    server.group(&[]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    let ours = bedside.add_patient(1).await;
    server.group(&["a"]);
    bedside.pull().await;
    let seen = bedside.console.identity_questions().await.unwrap().remove(0);
    theirs["birthDate"] = json!("1999-12-31");
    server.put(theirs);
    bedside.pull().await;
    assert_eq!(bedside.decide(&seen, IdentityChoice::TakeTheirs).await, Err(RequestError::NoSuchQuestion));
    assert_eq!(bedside.line("TST 4410 0001").await.unwrap().patient, ours);
    let now = bedside.console.identity_questions().await.unwrap().remove(0);
    bedside.decide(&now, IdentityChoice::TakeTheirs).await.unwrap();
    assert_eq!(bedside.line("TST 4410 0001").await.unwrap().patient.birth_date.iso(), "1999-12-31");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_download_whose_next_pages_die_is_broken_off_until_its_next_time() {
    let server = ClinicList::new();
    for number in 0..60 {
        server.patient(&format!("p{number:02}"), &format!("MRN {number}"), "EXAMPLE");
    }
    server.lead_to(Some(&format!("{BASE}/Group/gone")));
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", by(&server, WorklistBy::Search("active=true".into()))).await;
    bedside.work(10).await;
    // Four times the first page and what it leads to.
    assert_eq!(server.asked().len(), 8);
    let list = bedside.list();
    assert_eq!((list.fault.unwrap().0, list.under_way), ("SERVER-BUSY", false));
    server.lead_to(None);
    bedside.pull().await;
    assert_eq!((bedside.list().fault, bedside.list().listed), (None, 60));
    bedside.close().await;
}

async fn gated(laptop: &Laptop, server: &Arc<ClinicList>) -> (Bedside, Arc<Gate>) {
    // The vault is made first: the gate is for what follows.
    let first = Options { staffed: true, ..Options::default() };
    laptop.start("calm", first).await.close().await;
    let gate = Gate::new();
    let options = Options { store: Some(gate.before()), ..options(server) };
    (laptop.start("calm", options).await, gate)
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_written_is_not_asked_for_without_end() {
    for point in [Point::Clinic, Point::ClinicList] {
        let server = ClinicList::new();
        server.patient("a", "MRN 1", "EXAMPLE");
        server.group(&[]);
        let laptop = Laptop::new();
        let (bedside, gate) = gated(&laptop, &server).await;
        bedside.pass(A_MOMENT).await;
        server.group(&["a"]);
        server.asked();
        gate.refuse_at(Some(point));
        bedside.console.pull_patients().await.unwrap();
        bedside.work(12).await;
        let asked = server.asked().len();
        assert!((2..=9).contains(&asked), "{point:?}: {asked}");
        assert_eq!(bedside.list().fault.unwrap().0, "STORE-IO");
        gate.refuse_at(None);
        bedside.pull().await;
        assert_eq!((bedside.list().fault, bedside.list().listed), (None, 1), "{point:?}");
        bedside.close().await;
    }
}

/// A patient made offline with readings that wait, about whom a person is asked.
async fn asked_about(laptop: &Laptop, server: &Arc<ClinicList>) -> (Bedside, Arc<Gate>, Patient) {
    server.inbox.set_moods(&[Mood::Unreachable; 400]);
    server.patient("theirs", "TST 4410 0001", "ADEYEMI-MARRIED");
    server.group(&[]);
    let (bedside, gate) = gated(laptop, server).await;
    bedside.pass(A_MOMENT).await;
    let ours = bedside.add_patient(1).await;
    bedside.bind("thermometer-1", &ours).await;
    bedside.pass(Duration::from_secs(60)).await;
    server.group(&["theirs"]);
    bedside.pull().await;
    (bedside, gate, ours)
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_not_written_settles_nothing_that_waits_to_be_sent() {
    let server = ClinicList::new();
    let laptop = Laptop::new();
    let (bedside, gate, ours) = asked_about(&laptop, &server).await;
    let asked = bedside.console.identity_questions().await.unwrap().remove(0);
    gate.refuse_at(Some(Point::Clinic));
    assert!(bedside.decide(&asked, IdentityChoice::TakeTheirs).await.is_err());
    server.inbox.is_fine_again();
    bedside.console.sync_until_quiet().await.unwrap();
    // They are two as before: ours goes up, and what was measured with it.
    assert_eq!(server.inbox.kinds("Patient").len(), 1);
    assert_subjects(&server.inbox.kinds("Observation"), &format!("Patient/{}", ours.id));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_a_join_is_being_written() {
    let server = ClinicList::new();
    let laptop = Laptop::new();
    let (bedside, gate, _) = asked_about(&laptop, &server).await;
    let asked = bedside.console.identity_questions().await.unwrap().remove(0);
    gate.stop_at(Point::Clinic);
    let console = bedside.console.clone();
    let decided =
        tokio::spawn(async move { console.decide_identity(asked.id, asked.shown, IdentityChoice::TakeTheirs).await });
    gate.reached().await;
    server.inbox.is_fine_again();
    bedside.pass(Duration::from_secs(120)).await;
    assert!(server.inbox.kinds("Patient").is_empty() && server.inbox.kinds("Observation").is_empty());
    gate.go_on();
    decided.await.unwrap().unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(server.inbox.kinds("Patient").is_empty());
    assert_subjects(&server.inbox.kinds("Observation"), "Patient/theirs");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_arrives_while_a_decision_is_written_does_not_undo_it() {
    let server = ClinicList::new();
    let mut theirs = server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, &server).await;
    bedside.pass(A_MOMENT).await;
    theirs["birthDate"] = json!("1951-03-15");
    server.put(theirs);
    bedside.pull().await;
    let asked = bedside.console.identity_questions().await.unwrap().remove(0);
    bedside.console.pull_patients().await.unwrap();
    // The group is answered after 80 ms, and the patient asked for.
    bedside.pass(Duration::from_millis(100)).await;
    gate.stop_at(Point::Clinic);
    let console = bedside.console.clone();
    let decided =
        tokio::spawn(async move { console.decide_identity(asked.id, asked.shown, IdentityChoice::KeepOurs).await });
    gate.reached().await;
    bedside.pass(A_MOMENT).await;
    gate.go_on();
    decided.await.unwrap().unwrap();
    bedside.pass(A_MOMENT).await;
    assert_eq!(bedside.list().questions, 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_could_not_be_read_is_read_at_once_when_the_network_is_back() {
    let server = ClinicList::new();
    server.patient("a", "MRN 1", "EXAMPLE");
    server.group(&["a"]);
    server.set_moods(&[Mood::Unreachable; 8]);
    let laptop = Laptop::new();
    let bedside = begun(&laptop, &server).await;
    // After the last of its tries the list would be read again in a quarter of an hour.
    bedside.work(12).await;
    let list = bedside.list();
    assert_eq!(list.fault.map(|(code, _)| code), Some("SERVER-UNREACHABLE"));
    let later = bedside.machine.wall().plus_millis(60_000);
    assert!(list.taken.is_none() && list.next_attempt.is_some_and(|at| at > later), "{:?}", list.next_attempt);
    bedside.machine.happens(MachineEvent::NetworkReturned);
    bedside.pass(A_MOMENT).await;
    let list = bedside.list();
    assert!(list.taken.is_some() && list.fault.is_none(), "{:?}", list.fault);
    assert_eq!(list.listed, 1);
    bedside.close().await;
}
