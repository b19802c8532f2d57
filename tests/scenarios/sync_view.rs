//! What a person sees of sync: the way of a record from the device to the server, the list that hides none who needs
//! somebody, one record as a file, and what is put away. Not here: sending (`sync`), and the page itself (the window).
use crate::harness::{Bedside, *};
use crate::memories::records;
use crate::sync::Server;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::{Dependants, RowState};
use bedside_simulated_ward::Act;
use bedside_vitals::*;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A patient with a cuff, a thermometer and a strap that have measured for two minutes.
async fn measured(laptop: &Laptop, server: &Arc<Server>) -> (Bedside, Patient) {
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    for device in ["cuff-1", "thermometer-1", "strap-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(130)).await;
    (bedside, patient)
}

async fn newest(bedside: &Bedside, patient: &Patient, parameter: Parameter) -> ChartedReading {
    let all = bedside.console.charted(patient.id, MOST_CHARTED).await.unwrap().readings;
    all.into_iter().find(|one| one.reading.measurement.parameter == parameter).expect("it was measured")
}

async fn rows(bedside: &Bedside, states: &[RowState]) -> Vec<RowSummary> {
    bedside.console.sync_rows(states.to_vec(), MOST_SYNC_ROWS).await.unwrap()
}

async fn the_refused(bedside: &Bedside) -> RowSummary {
    let refused = rows(bedside, &[RowState::Refused]).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    refused.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_way_of_a_reading_leads_from_the_octets_of_its_device_to_the_server() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("glucose-1", &patient).await;
    bedside.ward.act("glucose-1", Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let reading = newest(&bedside, &patient, Parameter::BloodGlucose).await;
    let receipt = bedside.console.sync_receipt(reading.row.expect("it was filed")).await.unwrap();
    assert_eq!(receipt.row.state, RowState::Accepted);
    assert_eq!(receipt.patient.as_ref().map(|patient| patient.id), Some(patient.id));
    assert!(receipt.measured_by.is_some(), "somebody was signed in when it was measured");
    let ReceiptSource::Reading { reading: source, device, frame } = receipt.source else {
        panic!("expected a reading, got {:?}", receipt.source)
    };
    assert_eq!((source.id, device.id), (reading.reading.id, reading.reading.device));
    let ReadingIdentity::Sequence { sequence, .. } = source.measurement.identity else {
        panic!("expected the meter's number of it, got {:?}", source.measurement.identity)
    };
    let sent = records(&bedside.ledger(), Parameter::BloodGlucose);
    assert!(sent.iter().any(|(number, _)| *number == u64::from(sequence)), "number {sequence} of {sent:?}");
    let frame = frame.expect("its octets are kept");
    let (connection, characteristic, index) = source.frame.unwrap();
    assert_eq!((frame.connection, frame.characteristic, frame.index), (connection, characteristic, index));
    let number = u16::try_from(sequence).unwrap();
    assert_eq!(frame.bytes[1..3], number.to_le_bytes(), "Glucose Measurement: flags, then the sequence number");
    let there: Vec<Value> = server.kinds("Observation");
    let there: Vec<&Value> = there.iter().filter(|o| o["id"] == receipt.row.resource_id.to_string()).collect();
    assert_eq!(there.len(), 1, "the record of the receipt is the one that the server has");
    let copy = receipt.row.server.expect("the server said what it calls it");
    assert_eq!((there[0]["id"].as_str(), copy.version.as_deref()), (Some(copy.id.as_str()), Some("1")));
    bedside.close().await;
}

/// A CapabilityStatement of this version, with what its server does as a whole and with Observations.
fn statement(version: &str, interaction: &str, observation: Value) -> Value {
    let mut observation = observation;
    observation["type"] = json!("Observation");
    json!({
        "resourceType": "CapabilityStatement", "fhirVersion": version,
        "rest": [{ "mode": "server", "interaction": [{ "code": interaction }], "resource": [observation] }],
    })
}

/// Nothing goes to a server that says this of itself, and why is told.
async fn nothing_goes(unfit: Value, why: &str, finding: ServerFinding) -> (Laptop, Bedside, Arc<Server>) {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.says(unfit);
    let (bedside, _patient) = measured(&laptop, &server).await;
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert!(counts.count(RowState::Waiting) > 0 && counts.count(RowState::Accepted) == 0, "{counts:?}");
    assert!(server.is_empty(), "nothing was sent");
    let sync = bedside.latest().sync.clone();
    assert_eq!(sync.fault, Some(("SERVER-UNFIT", why.to_owned())));
    assert!(sync.findings.contains(&finding), "{:?}", sync.findings);
    assert!(sync.next_attempt.is_some_and(|at| at > bedside.machine.wall()), "it is asked again");
    (laptop, bedside, server)
}

/// Once it says what it should, all of it goes, without anybody asking for it.
async fn all_goes_when_it_says_otherwise((_laptop, bedside, server): (Laptop, Bedside, Arc<Server>)) {
    server.says(statement("4.0.1", "batch", json!({})));
    bedside.work(11).await;
    assert!(!server.kinds("Observation").is_empty());
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(counts.count(RowState::Waiting), 0);
    assert_eq!(bedside.latest().sync.fault, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_server_of_another_version_of_fhir() {
    let why = "the server speaks FHIR 5.0.0; expected 4.0.1";
    let finding = ServerFinding::OtherFhirVersion("5.0.0".into());
    all_goes_when_it_says_otherwise(nothing_goes(statement("5.0.0", "batch", json!({})), why, finding).await).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_server_that_says_that_it_takes_no_batches() {
    let unfit = statement("4.0.1", "history-system", json!({}));
    let stopped = nothing_goes(unfit, "the server takes no batches", ServerFinding::NoBatch).await;
    all_goes_when_it_says_otherwise(stopped).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_server_on_which_a_record_could_come_to_be_there_twice() {
    let unfit = statement("4.0.1", "batch", json!({ "updateCreate": false, "conditionalCreate": false }));
    let why = "the server refuses ids of clients and creates nothing under a condition";
    let (_laptop, bedside, server) = nothing_goes(unfit, why, ServerFinding::NoConditionalCreate).await;
    bedside.work(1).await;
    assert!(server.is_empty(), "nor later");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_later_that_it_takes_our_ids_gets_all_though_it_creates_nothing_under_a_condition() {
    let unfit = statement("4.0.1", "batch", json!({ "updateCreate": false, "conditionalCreate": false }));
    let why = "the server refuses ids of clients and creates nothing under a condition";
    let (_laptop, bedside, server) = nothing_goes(unfit, why, ServerFinding::NoConditionalCreate).await;
    server.says(statement("4.0.1", "batch", json!({ "updateCreate": true, "conditionalCreate": false })));
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(counts.count(RowState::Waiting), 0, "{counts:?}");
    assert!(counts.count(RowState::Accepted) > 0 && !server.is_empty());
    assert_eq!(bedside.latest().sync.fault, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_has_an_unfit_server_asked_what_it_is_at_once() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.says(statement("5.0.0", "batch", json!({})));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    server.says(statement("4.0.1", "batch", json!({})));
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(counts.count(RowState::Waiting), 0, "{counts:?}");
    assert!(counts.count(RowState::Accepted) > 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_clock_of_the_server_shows_is_told_beside_ours() {
    const BEHIND: i64 = 14 * 60_000;
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.has_time(START.plus_millis(-BEHIND));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    // The server's clock stands still in this test, and ours went on.
    let passed = bedside.machine.wall().millis_since(START);
    let skew = bedside.latest().sync.clock_skew_ms.expect("every answer tells it");
    assert!((-BEHIND - passed..=-BEHIND).contains(&skew), "{skew}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_marked_stretch_waits_where_octets_cost_and_goes_when_they_do_not() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.console.set_metered(true).await.unwrap();
    for device in ["ecg-1", "cuff-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(130)).await;
    let parts = bedside.console.mark_strip(patient.id, StripKind::Electrocardiogram, 25).await.unwrap();
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    let curves = || server.kinds("Observation").iter().filter(|one| !one["valueSampledData"].is_null()).count();
    assert_eq!(curves(), 0, "a curve is large");
    assert!(server.kinds("Observation").iter().any(|one| one.to_string().contains("85354-9")), "a pressure is not");
    assert!(counts.count(RowState::Waiting) >= u64::from(parts), "{counts:?}");
    bedside.console.set_metered(false).await.unwrap();
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!((curves(), counts.count(RowState::Waiting)), (usize::try_from(parts).unwrap(), 0));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_way_of_a_median_names_its_minute_and_that_of_a_device_the_device() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let accepted = rows(&bedside, &[RowState::Accepted]).await;
    let pulse = accepted.iter().find(|row| row.parameter == Some(Parameter::HeartRate)).expect("a median");
    let ReceiptSource::Minute { median, device } = bedside.console.sync_receipt(pulse.id).await.unwrap().source else {
        panic!("expected a minute")
    };
    assert_eq!(median.parameter, Parameter::HeartRate);
    assert_eq!(device.map(|device| device.id), Some(median.device));
    let devices = accepted.iter().filter(|row| row.resource_type == "Device");
    let mut named = 0;
    for row in devices {
        let receipt = bedside.console.sync_receipt(row.id).await.unwrap();
        let ReceiptSource::Device(device) = receipt.source else { panic!("expected a device") };
        named += usize::from(device.is_some_and(|device| device.id.0 == row.resource_id));
    }
    assert_eq!(named, 3, "the console's own Device is none of the enrolled ones");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_needs_a_person_is_listed_before_all_that_wait() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.refuse(Some("\"8310-5\""));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    server.set_moods(&[crate::sync::Mood::Unreachable; 40]);
    bedside.console.activity().await;
    bedside.pass(Duration::from_secs(130)).await;
    let listed = bedside.console.sync_rows(vec![RowState::Refused, RowState::Waiting], 1).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.state).collect::<Vec<_>>(), [RowState::Refused]);
    assert!(rows(&bedside, &[RowState::Waiting]).await.len() > 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_record_is_saved_with_the_servers_word_and_an_entry_about_its_patient() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.refuse(Some("\"8310-5\""));
    let (bedside, patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let refused = the_refused(&bedside).await;
    let export = bedside.console.export_record(refused.id).await.unwrap();
    let bundle: Value = serde_json::from_str(&export.json).unwrap();
    assert_eq!(bundle["entry"][0]["resource"]["id"], refused.resource_id.to_string());
    assert_eq!(bundle["entry"][1]["resource"]["resourceType"], "OperationOutcome");
    assert!(bundle["entry"][1].to_string().contains("422"));
    let exported: Vec<_> =
        bedside.audited().await.into_iter().filter(|entry| entry.action == AuditAction::Exported).collect();
    assert_eq!(exported.iter().map(|entry| entry.patient).collect::<Vec<_>>(), [Some(patient.id)]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_was_put_away_keeps_its_reason_and_can_be_sent_again() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    server.refuse(Some("\"8310-5\""));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let refused = the_refused(&bedside).await.id;
    let reason = "measured twice".to_owned();
    bedside.console.discard(refused, reason.clone(), Dependants::Release).await.unwrap();
    let put_away = rows(&bedside, &[RowState::Discarded]).await;
    assert_eq!(put_away.iter().map(|row| row.id).collect::<Vec<_>>(), [refused]);
    let receipt = bedside.console.sync_receipt(refused).await.unwrap();
    assert_eq!(receipt.row.discarded.map(|discard| discard.reason), Some(reason));
    assert!(receipt.discarded_by.is_some(), "it names who put it away");
    server.refuse(None);
    bedside.console.retry(refused).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let receipt = bedside.console.sync_receipt(refused).await.unwrap();
    assert_eq!((receipt.row.state, receipt.row.discarded), (RowState::Accepted, None));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_there_has_no_way() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let (bedside, _patient) = measured(&laptop, &server).await;
    let nothing = bedside_outbox::RowId(uuid::Uuid::nil());
    assert_eq!(bedside.console.sync_receipt(nothing).await.unwrap_err(), RequestError::NoSuchRecord);
    assert_eq!(bedside.console.export_record(nothing).await.unwrap_err(), RequestError::NoSuchRecord);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn that_the_server_was_not_reached_is_known_after_a_restart_until_it_is_tried_again() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[crate::sync::Mood::Unreachable; 40]));
    let (bedside, _patient) = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let before = bedside.latest().sync.clone();
    assert_eq!(before.fault.as_ref().map(|(code, _)| *code), Some("SERVER-UNREACHABLE"));
    bedside.close().await;
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let after = bedside.latest().sync.clone();
    assert!(after.last_attempt.is_some() && after.last_attempt >= before.last_attempt, "{:?}", after.last_attempt);
    assert_eq!(after.fault, before.fault);
    bedside.close().await;
}
