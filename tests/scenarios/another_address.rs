//! The clinic's server has another address than before: who is on its list is not sent to it a second time, and whoever is
//! not is there before what is measured. Not here: servers without a list (`sync_decisions`).
use crate::clinic_list::ClinicList;
use crate::download::{A_MOMENT, assert_subjects, options};
use crate::harness::*;
use crate::sync::Mood;
use async_trait::async_trait;
use bedside_console::AtClinic;
use bedside_console::ports::*;
use bedside_outbox::RowState;
use bedside_vitals::{Patient, WallTime};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const NUMBER: &str = "TST 4410 0001";
const FAMILY: &str = "ADEYEMI-TEST1";
/// Longer than a list takes, and shorter than one that cannot be had is tried.
const A_MINUTE: Duration = Duration::from_secs(60);

/// The same kind of server at another address.
struct At(Arc<ClinicList>);

#[async_trait]
impl ClinicServer for At {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        self.0.send(request).await
    }

    async fn capability(&self) -> Result<ClinicAnswer, ClinicFault> {
        self.0.inbox.capability().await
    }

    fn address(&self) -> String {
        "http://127.0.0.1:10/fhir".to_owned()
    }

    fn path_behind(&self, link: &str) -> Option<String> {
        self.0.path_behind(link)
    }
}

fn moved(to: &Arc<ClinicList>) -> Options {
    Options { clinic: Some(Arc::new(At(to.clone()))), ..options(to) }
}

/// A server with nobody on its list.
fn empty() -> Arc<ClinicList> {
    let server = ClinicList::new();
    server.group(&[]);
    server
}

/// A server that has the first patient under a name of its own.
fn with_the_patient(id: &str) -> Arc<ClinicList> {
    let server = ClinicList::new();
    server.patient(id, NUMBER, FAMILY);
    server.group(&[id]);
    server
}

async fn measured(bedside: &Bedside, patient: &Patient) {
    bedside.bind("thermometer-1", patient).await;
    bedside.pass(A_MINUTE).await;
}

/// At the first address, with the patient whom its list names or who is entered there; something is measured.
async fn at_the_first(laptop: &Laptop, server: &Arc<ClinicList>) -> Patient {
    let bedside = laptop.start("calm", options(server)).await;
    bedside.pass(A_MOMENT).await;
    let listed = bedside.line(NUMBER).await.map(|line| line.patient);
    let patient = match listed {
        Some(patient) => patient,
        None => bedside.add_patient(1).await,
    };
    measured(&bedside, &patient).await;
    bedside.console.sync_until_quiet().await.unwrap();
    bedside.close().await;
    patient
}

/// At the other address, where something is measured and sent.
async fn at_the_other(laptop: &Laptop, server: &Arc<ClinicList>, patient: &Patient) -> Bedside {
    let bedside = laptop.start("calm", moved(server)).await;
    measured(&bedside, patient).await;
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    for state in [RowState::Waiting, RowState::Refused, RowState::Held] {
        assert_eq!(counts.count(state), 0, "{state}");
    }
    bedside
}

#[tokio::test(start_paused = true)]
async fn a_patient_whom_the_list_at_the_new_address_names_is_joined_and_not_sent_a_second_time() {
    for first in [empty(), with_the_patient("4711")] {
        let (laptop, other) = (Laptop::new(), with_the_patient("17"));
        let patient = at_the_first(&laptop, &first).await;
        let bedside = at_the_other(&laptop, &other, &patient).await;
        let line = bedside.line(NUMBER).await.unwrap();
        assert_eq!((line.patient.id, line.at_clinic), (patient.id, AtClinic::Listed));
        assert_eq!(bedside.list().questions, 0);
        assert!(other.inbox.kinds("Patient").is_empty(), "it has this patient already");
        assert_subjects(&other.inbox.kinds("Observation"), "Patient/17");
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_only_on_the_list_of_the_address_before_is_there_before_what_is_measured() {
    let (laptop, first, other) = (Laptop::new(), with_the_patient("4711"), empty());
    // Nothing that is measured gets to the first one.
    first.inbox.set_moods(&[Mood::Unreachable; 400]);
    let patient = at_the_first(&laptop, &first).await;
    let bedside = at_the_other(&laptop, &other, &patient).await;
    let ids: Vec<_> = other.inbox.kinds("Patient").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(patient.id.0.to_string())]);
    assert_subjects(&other.inbox.kinds("Observation"), &format!("Patient/{}", patient.id.0));
    bedside.close().await;
    // Once more at the same address nobody is sent again, and at the first one nobody ever is.
    first.inbox.is_fine_again();
    for server in [other.clone(), first.clone()] {
        let is_other = Arc::ptr_eq(&server, &other);
        let place = if is_other { moved(&server) } else { options(&server) };
        let before = server.inbox.kinds("Patient");
        let bedside = laptop.start("calm", place).await;
        measured(&bedside, &patient).await;
        bedside.console.sync_until_quiet().await.unwrap();
        assert_eq!(server.inbox.kinds("Patient"), before);
        bedside.close().await;
    }
    assert_subjects(&first.inbox.kinds("Observation"), "Patient/4711");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_the_new_address_does_not_have_is_not_waited_for() {
    let (laptop, first, other) = (Laptop::new(), empty(), ClinicList::new());
    let patient = at_the_first(&laptop, &first).await;
    let bedside = at_the_other(&laptop, &other, &patient).await;
    assert_eq!(bedside.list().fault.unwrap().0, "LIST-MISSING");
    assert_eq!(other.inbox.kinds("Patient").len(), 1);
    // Known there from now on: what its list brings of the same number later is asked of a person.
    other.patient("17", NUMBER, FAMILY);
    other.group(&["17"]);
    bedside.pull().await;
    assert_eq!(bedside.list().questions, 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_comes_late_is_waited_for_and_nobody_who_asks_is_kept_waiting() {
    let (laptop, first, other) = (Laptop::new(), empty(), with_the_patient("17"));
    let patient = at_the_first(&laptop, &first).await;
    other.set_moods(&[Mood::Busy; 4]);
    let bedside = laptop.start("calm", moved(&other)).await;
    tokio::time::timeout(A_MOMENT, bedside.console.sync_until_quiet()).await.unwrap().unwrap();
    assert_eq!(bedside.list().fault.unwrap().0, "SERVER-BUSY");
    assert!(other.inbox.is_empty(), "nothing goes before the list");
    measured(&bedside, &patient).await;
    bedside.console.sync_until_quiet().await.unwrap();
    bedside.pass(A_MINUTE).await;
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(other.inbox.kinds("Patient").is_empty());
    assert_subjects(&other.inbox.kinds("Observation"), "Patient/17");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn when_the_server_was_tried_last_is_known_at_another_address_too() {
    let (laptop, first, other) = (Laptop::new(), empty(), empty());
    let bedside = laptop.start("calm", options(&first)).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.sync_until_quiet().await.unwrap();
    first.inbox.set_moods(&[Mood::Unreachable; 400]);
    measured(&bedside, &patient).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let tried: Option<WallTime> = bedside.latest().sync.last_attempt;
    assert!(tried > bedside.latest().sync.last_success);
    bedside.close().await;
    // Nothing goes to this one.
    other.inbox.says(json!({ "resourceType": "CapabilityStatement", "fhirVersion": "5.0.0" }));
    let bedside = laptop.start("calm", moved(&other)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(other.inbox.is_empty());
    assert!(bedside.latest().sync.last_attempt >= tried);
    bedside.close().await;
}
