//! What a person decides about records that the server did not take, and servers that give ids themselves or hold another
//! version. Not here: faults of the network (`sync`), the outbox alone (its own tests).
use crate::harness::Bedside;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::{Dependants, OutboxRow, RowState};
use bedside_vitals::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A FHIR server in memory with versions and conditions.
#[derive(Default)]
pub(crate) struct Clinic {
    /// It takes no ids of clients.
    pub(crate) gives_ids: bool,
    /// Somebody else has every record number already, as `Patient/p-17`.
    number_is_taken: bool,
    /// Another one than the usual.
    address: Option<&'static str>,
    refuses: Mutex<Option<&'static str>>,
    /// By type and id: the version and the resource.
    has: Mutex<BTreeMap<String, (u32, Value)>>,
    /// What was stored, in order.
    stored: Mutex<Vec<String>>,
}

impl Clinic {
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<(String, u32, Value)> {
        let has = self.has.lock().unwrap();
        let of_kind = has.iter().filter(|(url, _)| url.starts_with(&format!("{kind}/")));
        of_kind.map(|(url, (version, resource))| (url.clone(), *version, resource.clone())).collect()
    }

    /// Somebody else changes a resource.
    fn changed_by_another(&self, url: &str) {
        let mut has = self.has.lock().unwrap();
        let (version, resource) = has.get_mut(url).unwrap();
        *version += 1;
        resource["note"] = json!([{ "text": "checked" }]);
    }

    fn with_identifier(&self, kind: &str, token: &str) -> Option<String> {
        let token = unescaped(token);
        let known = |resource: &Value| {
            let identifiers = resource["identifier"].as_array().cloned().unwrap_or_default();
            identifiers.iter().any(|one| {
                let (system, value) = (one["system"].as_str().unwrap(), one["value"].as_str().unwrap());
                token == format!("{system}|{value}")
            })
        };
        self.of_kind(kind).into_iter().find(|(_, _, resource)| known(resource)).map(|(url, ..)| url)
    }

    fn carry_out(&self, entry: &Value) -> Value {
        let (method, url) = (entry["request"]["method"].as_str().unwrap(), entry["request"]["url"].as_str().unwrap());
        let refuses = *self.refuses.lock().unwrap();
        if refuses.is_some_and(|text| entry["resource"].to_string().contains(text)) {
            return json!({ "response": { "status": "422" } });
        }
        let kind = url.split(['/', '?']).next().unwrap();
        let (place, is_there) = if method == "POST" {
            let condition = entry["request"]["ifNoneExist"].as_str().expect("never without a condition");
            if kind == "Patient" && self.number_is_taken {
                let mut somebody = entry["resource"].clone();
                somebody["id"] = json!("p-17");
                somebody["birthDate"] = json!("1901-01-01");
                self.has.lock().unwrap().entry("Patient/p-17".to_owned()).or_insert((1, somebody));
            }
            if kind == "Provenance" {
                (format!("{kind}/g-{}", self.of_kind(kind).len()), false)
            } else {
                match self.with_identifier(kind, condition.strip_prefix("identifier=").unwrap()) {
                    Some(url) => (url, true),
                    None => (format!("{kind}/g-{}", self.of_kind(kind).len()), false),
                }
            }
        } else {
            let known = self.has.lock().unwrap().contains_key(url);
            if self.gives_ids && !known {
                return json!({ "response": { "status": "405" } });
            }
            (url.to_owned(), false)
        };
        let mut has = self.has.lock().unwrap();
        let before = has.get(&place).map_or(0, |(version, _)| *version);
        if let Some(expected) = entry["request"]["ifMatch"].as_str()
            && expected != format!("W/\"{before}\"")
        {
            return json!({ "response": { "status": "412" } });
        }
        if !is_there {
            let mut resource = entry["resource"].clone();
            resource["id"] = json!(place.split('/').nth(1).unwrap());
            has.insert(place.clone(), (before + 1, resource));
            self.stored.lock().unwrap().push(place.clone());
        }
        let version = has[&place].0;
        json!({ "response": { "status": "200", "location": place, "etag": format!("W/\"{version}\"") } })
    }

    fn search(&self, path: &str) -> Value {
        let kind = path.split('?').next().unwrap();
        let query = path.split('?').nth(1).unwrap().split('&').next().unwrap();
        let (parameter, list) = query.split_once('=').unwrap();
        let mut found = Vec::new();
        for (url, version, mut resource) in self.of_kind(kind) {
            resource["meta"]["versionId"] = json!(version.to_string());
            let wanted = list.split(',').any(|one| match parameter {
                "_id" => url == format!("{kind}/{one}"),
                "identifier" => self.with_identifier(kind, one).as_deref() == Some(&url),
                _ => resource["target"][0]["reference"] == one,
            });
            if wanted {
                found.push(json!({ "resource": resource }));
            }
        }
        json!({ "resourceType": "Bundle", "type": "searchset", "entry": found })
    }
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut all = parts.next().unwrap().to_owned();
    for part in parts {
        all.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        all.push_str(&part[2..]);
    }
    all.replace('\\', "")
}

#[async_trait]
impl ClinicServer for Clinic {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let body = match &request.body {
            Some(body) => {
                let bundle: Value = serde_json::from_str(body).unwrap();
                let entries: Vec<Value> =
                    bundle["entry"].as_array().unwrap().iter().map(|entry| self.carry_out(entry)).collect();
                json!({ "resourceType": "Bundle", "type": "batch-response", "entry": entries })
            }
            None => self.search(&request.path),
        };
        Ok(ClinicAnswer {
            status: 200,
            content_type: Some("application/fhir+json".into()),
            retry_after: None,
            server_time: None,
            body: body.to_string(),
        })
    }

    fn address(&self) -> String {
        self.address.unwrap_or("https://clinic.example/fhir").into()
    }
}

const REASON: &str = "read from the display";

/// A patient with a thermometer and a cuff that have measured, all of it sent.
async fn measured(laptop: &Laptop, clinic: &Arc<Clinic>) -> Bedside {
    measured_on(laptop, clinic, None).await
}

async fn measured_on(laptop: &Laptop, clinic: &Arc<Clinic>, store: Option<WrapStore>) -> Bedside {
    let options = Options { clinic: Some(clinic.clone()), staffed: true, store, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    bedside.console.sync_until_quiet().await.unwrap();
    bedside
}

async fn rows(bedside: &Bedside, state: RowState) -> Vec<OutboxRow> {
    bedside.console.outbox_rows(vec![state]).await.unwrap()
}

async fn count_after_sync(bedside: &Bedside, state: RowState) -> u64 {
    bedside.console.sync_until_quiet().await.unwrap().count(state)
}

fn celsius(text: &str) -> MeasuredValue {
    MeasuredValue::Single(Quantity { number: Number::Value(text.parse().unwrap()), unit: Unit::DegreeCelsius })
}

/// The first temperature's reading and its row, which the server accepted.
async fn temperature(bedside: &Bedside) -> (ReadingId, OutboxRow) {
    let reading =
        bedside.readings().await.into_iter().find(|one| one.measurement.parameter == Parameter::BodyTemperature);
    let reading = reading.expect("it was measured");
    let accepted = rows(bedside, RowState::Accepted).await;
    let row = accepted.into_iter().find(|row| row.resource_type == "Observation" && row.payload.contains("8310-5"));
    (reading.id, row.expect("it was accepted"))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_ids_itself_has_each_record_once_and_references_in_its_own_words() {
    let clinic = Arc::new(Clinic { gives_ids: true, ..Clinic::default() });
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    for state in [RowState::Waiting, RowState::Refused, RowState::Held] {
        assert_eq!(rows(&bedside, state).await, []);
    }
    let accepted = rows(&bedside, RowState::Accepted).await;
    let observations = accepted.iter().filter(|row| row.resource_type == "Observation").count();
    assert_eq!(clinic.of_kind("Observation").len(), observations);
    for (_, _, observation) in clinic.of_kind("Observation") {
        let text = observation.to_string();
        let references: Vec<&str> = text.split(r#""reference":""#).skip(1).collect();
        assert!(!references.is_empty());
        let in_its_words = |reference: &&str| reference.split('/').nth(1).is_some_and(|id| id.starts_with("g-"));
        assert!(references.iter().all(in_its_words), "{observation}");
    }
    assert!(accepted.iter().all(|row| row.server.as_ref().is_some_and(|server| server.id.starts_with("g-"))));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_server_is_never_written_over_what_the_one_before_called_a_record() {
    let clinic = Arc::new(Clinic { gives_ids: true, ..Clinic::default() });
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let (reading, row) = temperature(&bedside).await;
    bedside.close().await;
    let url = format!("Observation/{}", row.server.unwrap().id);
    let other = Arc::new(Clinic { gives_ids: true, address: Some("https://other.example/fhir"), ..Clinic::default() });
    let somebodys = json!({ "resourceType": "Observation", "subject": { "reference": "Patient/somebody" } });
    other.has.lock().unwrap().insert(url.clone(), (1, somebodys.clone()));
    let options = Options { clinic: Some(other.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    bedside.console.correct_reading(reading, celsius("36.9"), REASON.into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(other.has.lock().unwrap()[&url], (1, somebodys), "{url} is another patient's there");
    bedside.close().await;
}

/// What is measured after the address of the clinic's server was changed, and the order in which all of it was stored there.
async fn moved_to(laptop: &Laptop, other: &Arc<Clinic>) -> (Vec<String>, Vec<Value>) {
    let options = Options { clinic: Some(other.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let Answer::Patients(patients) = bedside.store.read(Query::Patients).await.unwrap() else { panic!("patients") };
    let patient = &patients[0];
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("thermometer-1", patient).await;
    bedside.pass(Duration::from_secs(130)).await;
    bedside.console.sync_until_quiet().await.unwrap();
    for state in [RowState::Waiting, RowState::Refused, RowState::Held] {
        assert_eq!(rows(&bedside, state).await, []);
    }
    bedside.close().await;
    let stored = other.stored.lock().unwrap().clone();
    (stored, other.of_kind("Observation").into_iter().map(|(.., resource)| resource).collect())
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_the_servers_address_people_and_devices_are_there_before_what_is_measured_of_them() {
    for gives_ids in [false, true] {
        let clinic = Arc::new(Clinic { gives_ids, ..Clinic::default() });
        let laptop = Laptop::new();
        measured(&laptop, &clinic).await.close().await;
        let address = Some("https://other.example/fhir");
        let other = Arc::new(Clinic { gives_ids, address, ..Clinic::default() });
        let (stored, observations) = moved_to(&laptop, &other).await;
        let place = |what: &str| stored.iter().position(|place| place == what);
        for observation in &observations {
            let own = format!("Observation/{}", observation["id"].as_str().unwrap());
            let text = observation.to_string();
            let references = text.split(r#""reference":""#).skip(1).map(|rest| rest.split('"').next().unwrap());
            for reference in references.filter(|one| one.starts_with("Patient/") || one.starts_with("Device/")) {
                assert!(place(reference).is_some(), "{gives_ids}: {reference} of {own} is not there");
                assert!(place(reference) < place(&own), "{gives_ids}: {reference} comes before {own}");
            }
        }
        let about_somebody = |one: &Value| one["subject"]["reference"].as_str().unwrap().starts_with("Patient/");
        assert!(observations.iter().any(about_somebody));
        // The cuff and the console are there too, though nothing new was measured with the cuff.
        let devices = |clinic: &Clinic| clinic.of_kind("Device").len();
        assert_eq!((other.of_kind("Patient").len(), devices(&other)), (1, devices(&clinic)), "{gives_ids}");
        // Back at the first one nothing is there twice.
        moved_to(&laptop, &clinic).await;
        assert_eq!((clinic.of_kind("Patient").len(), devices(&clinic)), (1, devices(&other)), "{gives_ids}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_keeps_counts_only_when_it_is_written_and_nothing_goes_before() {
    let clinic = Arc::new(Clinic { gives_ids: true, number_is_taken: true, ..Clinic::default() });
    let (laptop, gate) = (Laptop::new(), Gate::new());
    let bedside = measured_on(&laptop, &clinic, Some(gate.before())).await;
    let refused = rows(&bedside, RowState::Refused).await.remove(0);
    let seen = bedside.console.conflict(refused.id).await.unwrap().theirs.remove(0);
    // Not the charge of a battery, which is of the device.
    let of_people = || {
        let all = clinic.of_kind("Observation").into_iter().map(|(.., one)| one["subject"]["reference"].clone());
        all.filter(|subject| subject.as_str().unwrap().starts_with("Patient/")).collect::<Vec<_>>()
    };
    let decided = Point::Entry(AuditAction::ConflictDecided, AuditOutcome::Success);
    gate.refuse_at(Some(decided));
    let keep = || bedside.console.keep_theirs(refused.id, seen.id.clone(), seen.version.clone());
    assert_eq!(keep().await, Err(RequestError::Store(StoreFault::DiskFull)));
    bedside.console.sync_until_quiet().await.unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    assert_eq!(of_people(), Vec::<Value>::new(), "nothing goes under a name that is not written");
    assert_eq!(rows(&bedside, RowState::Refused).await.len(), 1, "and it is to be decided still");
    gate.refuse_at(None);
    gate.stop_at(decided);
    let (kept, ()) = tokio::join!(keep(), async {
        gate.reached().await;
        bedside.pass(Duration::from_secs(30)).await;
        assert_eq!(of_people(), Vec::<Value>::new(), "nor while it is being written");
        gate.go_on();
    });
    assert_eq!(kept, Ok(()));
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(!of_people().is_empty() && of_people().iter().all(|subject| subject == "Patient/p-17"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_else_with_the_same_record_number_gets_no_reading_until_a_person_has_seen_both() {
    let clinic = Arc::new(Clinic { gives_ids: true, number_is_taken: true, ..Clinic::default() });
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let refused = rows(&bedside, RowState::Refused).await;
    assert_eq!(refused.iter().map(|row| row.resource_type.as_str()).collect::<Vec<_>>(), ["Patient"]);
    assert!(refused[0].is_conflict(), "{refused:?}");
    let about = |clinic: &Clinic| {
        let all = clinic.of_kind("Observation").into_iter();
        all.filter(|(.., resource)| resource["subject"]["reference"] == "Patient/p-17").count()
    };
    assert_eq!(about(&clinic), 0);
    assert!(!rows(&bedside, RowState::Held).await.is_empty());
    let seen = bedside.console.conflict(refused[0].id).await.unwrap().theirs.remove(0);
    assert_eq!(seen.id, "p-17");
    bedside.console.keep_theirs(refused[0].id, seen.id, seen.version).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    for state in [RowState::Refused, RowState::Held, RowState::Discarded] {
        assert_eq!(rows(&bedside, state).await, []);
    }
    let before = about(&clinic);
    assert!(before > 0, "what was held goes, to the patient whom the server has");
    let (reading, _) = temperature(&bedside).await;
    bedside.console.correct_reading(reading, celsius("36.9"), REASON.into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(rows(&bedside, RowState::Held).await, [], "and so does what is said later");
    assert_eq!(about(&clinic), before, "over the version that the server has");
    let all: String = clinic.of_kind("Observation").iter().map(|(.., resource)| resource.to_string()).collect();
    assert!(all.contains("36.9"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_correction_over_a_version_that_somebody_else_made_waits_for_a_person_who_sees_both() {
    let clinic = Arc::new(Clinic::default());
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let (reading, row) = temperature(&bedside).await;
    let url = format!("Observation/{}", row.resource_id);
    clinic.changed_by_another(&url);
    bedside.console.correct_reading(reading, celsius("36.9"), REASON.into()).await.unwrap();
    assert_eq!(count_after_sync(&bedside, RowState::Refused).await, 1);
    let refused = rows(&bedside, RowState::Refused).await.remove(0);
    assert!(refused.is_conflict(), "{refused:?}");
    let conflict = bedside.console.conflict(refused.id).await.unwrap();
    assert!(conflict.ours.contains("36.9") && conflict.theirs[0].json.contains("checked"));
    let their_version = conflict.theirs[0].version.clone().unwrap();
    let their_id = conflict.theirs[0].id.clone();
    // Changed once more after it was seen: it is not written over.
    clinic.changed_by_another(&url);
    bedside.console.send_ours(refused.id, their_id.clone(), their_version).await.unwrap();
    assert_eq!(count_after_sync(&bedside, RowState::Refused).await, 1);
    let conflict = bedside.console.conflict(refused.id).await.unwrap();
    let their_version = conflict.theirs[0].version.clone().unwrap();
    bedside.console.send_ours(refused.id, their_id, their_version).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(rows(&bedside, RowState::Refused).await, []);
    let stands = clinic.of_kind("Observation").into_iter().find(|(at, ..)| *at == url).unwrap();
    assert!(stands.2.to_string().contains("36.9"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_keeps_the_servers_version_and_ours_is_put_away() {
    let clinic = Arc::new(Clinic::default());
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let (reading, row) = temperature(&bedside).await;
    clinic.changed_by_another(&format!("Observation/{}", row.resource_id));
    bedside.console.correct_reading(reading, celsius("36.9"), REASON.into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let refused = rows(&bedside, RowState::Refused).await.remove(0);
    assert_eq!(bedside.console.send_ours(row.id, "x".into(), "1".into()).await, Err(RequestError::NoSuchRecord));
    let seen = bedside.console.conflict(refused.id).await.unwrap().theirs.remove(0);
    bedside.console.keep_theirs(refused.id, seen.id, seen.version).await.unwrap();
    let put_away = rows(&bedside, RowState::Discarded).await;
    assert_eq!(put_away[0].discarded.as_ref().unwrap().reason, bedside_outbox::KEPT_THEIRS);
    assert_eq!(count_after_sync(&bedside, RowState::Refused).await, 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_is_put_away_with_a_reason_stays_in_the_record_and_can_be_taken_up_again() {
    let clinic = Arc::new(Clinic::default());
    *clinic.refuses.lock().unwrap() = Some("8310-5");
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let refused = rows(&bedside, RowState::Refused).await;
    let one = refused[0].id;
    let discard = |reason: &str| bedside.console.discard(one, reason.into(), Dependants::Discard);
    assert!(matches!(discard("no").await, Err(RequestError::ReasonNeeded { .. })));
    discard("the clinic has it on paper").await.unwrap();
    let put_away = rows(&bedside, RowState::Discarded).await;
    let why = put_away.iter().find(|row| row.id == one).unwrap().discarded.clone().unwrap();
    assert_eq!(why.reason, "the clinic has it on paper");
    assert!(why.by.is_some(), "whoever said so");
    assert_eq!(count_after_sync(&bedside, RowState::Refused).await, refused.len() as u64 - 1);
    *clinic.refuses.lock().unwrap() = None;
    bedside.console.retry(one).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(rows(&bedside, RowState::Accepted).await.iter().any(|row| row.id == one));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_correction_to_the_value_that_stands_is_none() {
    let clinic = Arc::new(Clinic::default());
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let (reading, _) = temperature(&bedside).await;
    let stands = bedside.readings().await.into_iter().find(|one| one.id == reading).unwrap().measurement.value;
    let same = bedside.console.correct_reading(reading, stands, REASON.into()).await;
    assert_eq!(same, Err(RequestError::NothingToCorrect));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_of_a_server_is_there_in_the_next_run() {
    let clinic = Arc::new(Clinic { gives_ids: true, ..Clinic::default() });
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    bedside.console.set_metered(true).await.unwrap();
    bedside.close().await;
    let options = Options { clinic: Some(clinic.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(bedside.latest().sync.metered, Metered::On);
    let known = bedside.store.read(Query::ServerTraits(clinic.address())).await.unwrap();
    let Answer::ServerTraits(Some(known)) = known else { panic!("expected what is known of it, got {known:?}") };
    assert_eq!(known.traits.our_ids, Some(false), "it gives ids itself");
    assert!(known.traits.rows.is_some(), "with how many rows a request went well");
    assert!(bedside.latest().sync.findings.contains(&ServerFinding::RefusesClientIds), "known before anything is sent");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_of_a_record_is_in_the_audit_log_of_its_patient() {
    let clinic = Arc::new(Clinic::default());
    let laptop = Laptop::new();
    let bedside = measured(&laptop, &clinic).await;
    let patient = bedside.readings().await.into_iter().find_map(|reading| reading.patient).unwrap();
    let (reading, row) = temperature(&bedside).await;
    clinic.changed_by_another(&format!("Observation/{}", row.resource_id));
    bedside.console.correct_reading(reading, celsius("36.9"), REASON.into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let refused = rows(&bedside, RowState::Refused).await.remove(0);
    bedside.console.conflict(refused.id).await.unwrap();
    bedside.console.retry(refused.id).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    let seen = bedside.console.conflict(refused.id).await.unwrap().theirs.remove(0);
    bedside.console.send_ours(refused.id, seen.id, "0".into()).await.unwrap();
    bedside.console.sync_until_quiet().await.unwrap();
    bedside.console.discard(refused.id, REASON.into(), Dependants::Release).await.unwrap();
    for action in [
        AuditAction::ConflictSeen,
        AuditAction::RecordRetried,
        AuditAction::ConflictDecided,
        AuditAction::RecordDiscarded,
    ] {
        let of_it: Vec<_> = bedside.audited().await.into_iter().filter(|entry| entry.action == action).collect();
        assert!(!of_it.is_empty(), "{action:?} is noted");
        assert!(of_it.iter().all(|entry| entry.patient == Some(patient)), "{action:?} names the patient: {of_it:?}");
    }
    bedside.close().await;
}
