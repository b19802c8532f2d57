//! Who measured, entered, corrected or rejected, and what else stands beside a reading on the server: the clock that
//! its time was corrected by, the charge of the device. Not here: under whose sign-in rows are sent (`sync`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::staged_radio::Hand;
use crate::sync::{Mood, Server};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_session::CharacteristicAddress;
use bedside_vitals::*;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A patient with a cuff and a thermometer that have measured, under the eyes of the first clinician.
async fn measured(laptop: &Laptop, server: &Arc<Server>) -> Bedside {
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    bedside
}

/// The Observations of spot readings: they have no period, and are of a patient.
fn spot(server: &Server) -> Vec<Value> {
    let is_spot = |one: &Value| one["effectivePeriod"].is_null() && one["subject"].to_string().contains("Patient/");
    server.kinds("Observation").into_iter().filter(is_spot).collect()
}

/// The Provenances of an Observation.
fn provenances(server: &Server, of: &Value) -> Vec<Value> {
    let target = format!("Observation/{}", of["id"].as_str().unwrap());
    let all = server.kinds("Provenance");
    all.into_iter().filter(|one| one["target"][0]["reference"].as_str() == Some(&target)).collect()
}

/// How people took part: the code and the identifier or reference of each.
fn agents(provenance: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let agents = provenance["agent"].as_array().unwrap();
    let agent = |one: &Value| {
        let who = &one["who"];
        let named = text(&who["identifier"]["value"]) + &text(&who["reference"]);
        (text(&one["type"]["coding"][0]["code"]), named)
    };
    agents.iter().map(agent).collect()
}

async fn chief(bedside: &Bedside) -> Clinician {
    let all = bedside.console.clinicians().await.unwrap();
    all.into_iter().find(|one| one.user_name.as_str() == CHIEF).unwrap()
}

async fn newest(bedside: &Bedside, parameter: Parameter) -> StoredReading {
    let all = bedside.readings().await;
    all.into_iter().find(|one| one.measurement.parameter == parameter).expect("it was measured")
}

#[tokio::test(start_paused = true)]
async fn every_spot_reading_says_on_the_server_who_measured_it_and_with_which_console() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let bedside = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let nurse = chief(&bedside).await;
    let all = spot(&server);
    assert!(all.len() >= 2, "a cuff and a thermometer measured");
    for observation in &all {
        let [provenance] = &provenances(&server, observation)[..] else { panic!("expected one for each reading") };
        let codes: Vec<String> = agents(provenance).into_iter().map(|(code, _)| code).collect();
        assert!(codes.contains(&"assembler".to_owned()), "{codes:?}");
        let person = agents(provenance).into_iter().find(|(code, _)| code != "assembler").expect("somebody signed in");
        assert_eq!(person.1, format!("urn:uuid:{}", nurse.id.0));
        let from_memory = observation["note"].to_string().contains("from the device's memory");
        assert_eq!(person.0, if from_memory { "enterer" } else { "performer" });
        assert_eq!(observation["performer"].is_null(), from_memory, "of a memory only the device knows");
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_corrected_time_names_the_clock_that_corrected_it_and_that_clock_is_on_the_server() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let bedside = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let corrected =
        |one: &StoredReading| one.patient.is_some() && one.measurement.time.method == TimeMethod::DeviceClockCorrected;
    let expected = bedside.readings().await.iter().filter(|one| corrected(one)).count();
    let all = server.kinds("Observation");
    let clock_of = |one: &Value| {
        let extensions = one["extension"].as_array().cloned().unwrap_or_default();
        let clock = extensions.into_iter().find(|e| e["url"].to_string().contains("CoincidentTimeStampReference"))?;
        Some(clock["valueReference"]["reference"].as_str()?.to_owned())
    };
    let named: Vec<String> = all.iter().filter_map(clock_of).collect();
    assert_eq!(named.len(), expected);
    assert!(expected > 0, "the cuff's clock is read");
    let there: BTreeSet<String> =
        all.iter().map(|one| format!("Observation/{}", one["id"].as_str().unwrap())).collect();
    assert!(named.iter().all(|clock| there.contains(clock)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_charge_of_a_device_goes_up_once_for_each_connection_and_is_of_no_patient() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let bedside = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let is_charge = |one: &Value| one["code"].to_string().contains("\"67996\"");
    let charges: Vec<Value> = server.kinds("Observation").into_iter().filter(is_charge).collect();
    assert!(!charges.is_empty(), "the thermometer tells its charge");
    assert!(charges.iter().all(|one| one["subject"]["reference"].as_str().unwrap().starts_with("Device/")));
    let told: BTreeSet<String> = charges.iter().map(|one| one["id"].to_string()).collect();
    assert_eq!(told.len(), charges.len());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_reading_rejected_before_it_was_sent_not_even_who_measured_it_arrives() {
    let laptop = Laptop::new();
    let server = Server::with_moods(&[Mood::Unreachable; 40]);
    let bedside = measured(&laptop, &server).await;
    let cuff = newest(&bedside, Parameter::BloodPressure).await;
    bedside.console.reject_reading(cuff.id, "read again by hand".into()).await.unwrap();
    server.is_fine_again();
    bedside.console.sync_until_quiet().await.unwrap();
    let there: BTreeSet<String> =
        server.kinds("Observation").iter().map(|one| format!("Observation/{}", one["id"].as_str().unwrap())).collect();
    let targets: Vec<Value> =
        server.kinds("Provenance").iter().map(|one| one["target"][0]["reference"].clone()).collect();
    assert!(!targets.is_empty());
    assert!(
        targets.iter().all(|target| there.contains(target.as_str().unwrap())),
        "nothing is said of what is not there"
    );
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_later_word_names_its_author_beside_who_measured() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let bedside = measured(&laptop, &server).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let warm = newest(&bedside, Parameter::BodyTemperature).await;
    let unit = warm.measurement.value.unit();
    let value = MeasuredValue::Single(Quantity { number: Number::Value("39.4".parse().unwrap()), unit });
    bedside.console.correct_reading(warm.id, value, "read again by hand".into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let amended: Vec<Value> = spot(&server).into_iter().filter(|one| one["status"] == "amended").collect();
    let [amended] = &amended[..] else { panic!("expected one amended reading") };
    let said: BTreeSet<String> = provenances(&server, amended).iter().flat_map(agents).map(|(code, _)| code).collect();
    assert!(said.contains("author") && said.contains("assembler"), "{said:?}");
    assert_eq!(provenances(&server, amended).len(), 2, "who measured, and who corrected");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_marked_stretch_of_a_wave_arrives_with_every_integer_of_the_device_once() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("ecg-1", &patient).await;
    bedside.pass(Duration::from_secs(40)).await;
    let strip = StripKind::Electrocardiogram;
    let parts = bedside.console.mark_strip(patient.id, strip, 25).await.unwrap();
    // Marked twice: the parts that are the same are not filed again.
    assert!(bedside.console.mark_strip(patient.id, strip, 25).await.is_ok());
    assert_eq!(bedside.console.mark_strip(patient.id, StripKind::Trend, 25).await, Err(RequestError::NothingToMark));
    bedside.console.sync_until_quiet().await.unwrap();
    let curves = server.kinds("Observation").into_iter().filter(|one| !one["valueSampledData"].is_null());
    let curves: Vec<Value> = curves.collect();
    assert!(curves.len() >= usize::try_from(parts).unwrap(), "{} of {parts}", curves.len());
    let nurse = format!("urn:uuid:{}", chief(&bedside).await.id.0);
    for curve in &curves {
        assert_eq!(curve["performer"][0]["identifier"]["value"].as_str(), Some(nurse.as_str()));
        let [provenance] = &provenances(&server, curve)[..] else { panic!("expected one for each part") };
        assert!(agents(provenance).contains(&("performer".to_owned(), nurse.clone())), "{provenance}");
    }
    let samples = bedside.samples().await;
    let recorded: Vec<i32> = samples
        .iter()
        .filter(|one| one.parameter == Parameter::Electrocardiogram)
        .flat_map(|one| match &one.values {
            SampleValues::Even { samples, .. } => samples.clone(),
            SampleValues::Timed(_) => Vec::new(),
        })
        .collect();
    for curve in &curves {
        let data = &curve["valueSampledData"];
        assert_eq!((data["origin"]["code"].as_str(), data["factor"].to_string()), (Some("mV"), "0.001".to_owned()));
        let sent: Vec<i32> = data["data"].as_str().unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
        assert!(recorded.windows(sent.len()).any(|stretch| stretch == sent), "{} samples in a row", sent.len());
    }
    bedside.close().await;
}

/// The Observations of beat intervals.
fn beats(server: &Server) -> Vec<Value> {
    let is_of_beats = |one: &Value| one["component"][0]["code"].to_string().contains("\"147240\"");
    server.kinds("Observation").into_iter().filter(is_of_beats).collect()
}

#[tokio::test(start_paused = true)]
async fn a_marked_stretch_of_beats_arrives_with_every_interval_of_the_strap_once() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(60)).await;
    let parts = bedside.console.mark_strip(patient.id, StripKind::BeatIntervals, 25).await.unwrap();
    assert!((2..=3).contains(&parts), "{parts} parts of 25 s");
    bedside.console.sync_until_quiet().await.unwrap();
    let mut filed = beats(&server);
    assert_eq!(filed.len(), usize::try_from(parts).unwrap());
    filed.sort_by_key(|one| one["effectivePeriod"]["start"].to_string());
    let millis = |one: &Value| one["valueQuantity"]["value"].to_string().parse::<f64>().unwrap();
    let parts = filed.iter().flat_map(|one| one["component"].as_array().unwrap());
    let sent: Vec<i32> = parts.map(|part| (millis(part) * 1.024).round() as i32).collect();
    let intervals = |one: StoredSamples| match one.values {
        SampleValues::Timed(beats) => beats.into_iter().map(|(_, interval)| interval).collect(),
        SampleValues::Even { .. } => Vec::new(),
    };
    let samples = bedside.samples().await.into_iter().filter(|one| one.parameter == Parameter::BeatInterval);
    let recorded: Vec<i32> = samples.flat_map(intervals).collect();
    assert!(sent.len() > 15, "{} beats in 25 s", sent.len());
    assert!(recorded.windows(sent.len()).any(|stretch| stretch == sent), "{} intervals in a row", sent.len());
    assert!(filed.iter().all(|one| provenances(&server, one).len() == 1));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_after_a_stretch_began_has_entered_it_and_not_measured_it() {
    let (laptop, server) = (Laptop::new(), Server::with_moods(&[]));
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    bedside.enrol("lindqvist", &[Role::Clinician]).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(60)).await;
    bedside.sign_in("lindqvist").await.unwrap();
    bedside.pass(Duration::from_secs(2)).await;
    bedside.console.mark_strip(patient.id, StripKind::BeatIntervals, 25).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let filed = beats(&server);
    assert!(!filed.is_empty());
    for observation in &filed {
        assert!(observation["performer"].is_null(), "{observation}");
        let [provenance] = &provenances(&server, observation)[..] else { panic!("expected one for each part") };
        let codes: BTreeSet<String> = agents(provenance).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["assembler".to_owned(), "enterer".to_owned()].into());
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_at_fault_goes_to_the_server_and_the_reading_that_it_could_not_correct_names_it() {
    const CURRENT_TIME: u16 = 0x2A2B;
    let (laptop, server, hand) = (Laptop::new(), Server::with_moods(&[]), Hand::default());
    // The clock of the cuff shows no date; what it measures has one.
    hand.alter_reads(|number, octets| {
        if number == CURRENT_TIME {
            octets[..4].fill(0);
        }
    });
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, radio: Some(hand.on()), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("cuff-1", &patient).await;
    bedside.pass(Duration::from_secs(130)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let pressure = newest(&bedside, Parameter::BloodPressure).await;
    assert_eq!(pressure.measurement.time.method, TimeMethod::DeviceClockUnverified);
    let all = server.kinds("Observation");
    let is_clock = |one: &&Value| one["code"].to_string().contains("\"67975\"");
    let clocks: Vec<&Value> = all.iter().filter(is_clock).collect();
    assert!(!clocks.is_empty(), "the clock goes up");
    assert!(clocks.iter().all(|clock| clock["dataAbsentReason"]["coding"][0]["code"] == "error"));
    assert!(clocks.iter().all(|clock| clock["valueDateTime"].is_null()));
    let names: Vec<String> = clocks.iter().map(|one| format!("Observation/{}", one["id"].as_str().unwrap())).collect();
    let readings = spot(&server);
    assert!(readings.iter().any(|one| one["code"].to_string().contains("\"150020\"")));
    let names_one = |one: &Value| names.iter().any(|name| one["extension"].to_string().contains(name));
    assert!(readings.iter().all(names_one), "{readings:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_udi_that_a_device_tells_is_kept_and_goes_to_the_server() {
    /// Device Information, and UDI for Medical Devices in it.
    const SERVICE: Uuid = Uuid::from_u128(0x0000_180A_0000_1000_8000_0080_5F9B_34FB);
    const UDI: Uuid = Uuid::from_u128(0x0000_2BFF_0000_1000_8000_0080_5F9B_34FB);
    let (laptop, server, hand) = (Laptop::new(), Server::with_moods(&[]), Hand::default());
    let at = CharacteristicAddress { service: SERVICE, characteristic: UDI };
    hand.offer(at, b"\x03(01)09506000134352(21)7\x0009506000134352\x00");
    let clinic: Arc<dyn ClinicServer> = server.clone();
    let options = Options { clinic: Some(clinic), staffed: true, radio: Some(hand.on()), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("cuff-1", &patient).await;
    bedside.pass(Duration::from_secs(30)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let carriers: Vec<Value> = server.kinds("Device").into_iter().map(|one| one["udiCarrier"].clone()).collect();
    let expected = serde_json::json!([{
        "carrierHRF": "(01)09506000134352(21)7", "deviceIdentifier": "09506000134352"
    }]);
    assert!(carriers.contains(&expected), "{carriers:?}");
    let Answer::Devices(devices) = bedside.store.read(Query::Devices).await.unwrap() else { panic!("devices") };
    let label = devices[0].udi.as_ref().and_then(|udi| udi.label.as_deref());
    assert_eq!(label, Some("(01)09506000134352(21)7"));
    bedside.close().await;
}
