//! A clinic's server with a worklist, in memory: searches in pages with links, `_lastUpdated`, a clock of its own, and a
//! schedule of faults. What is sent to it goes to the server of `sync`. Not here: scenarios.
use crate::harness::START;
use crate::sync::{Mood, Server};
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_vitals::WallTime;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const BASE: &str = "http://127.0.0.1:9/fhir";

/// The server.
#[derive(Default)]
pub(crate) struct ClinicList {
    /// What is sent up.
    pub(crate) inbox: Arc<Server>,
    resources: Mutex<BTreeMap<(String, String), Value>>,
    moods: Mutex<VecDeque<Mood>>,
    /// Every path that was asked.
    asked: Mutex<Vec<String>>,
    /// Written in the place of every next link.
    next_link: Mutex<Option<String>>,
    /// It tells no `lastUpdated`.
    tells_no_times: AtomicBool,
    /// Milliseconds of its clock.
    clock: Mutex<i64>,
}

impl ClinicList {
    pub(crate) fn new() -> Arc<Self> {
        let server = Self::default();
        *server.clock.lock().unwrap() = START.0;
        Arc::new(server)
    }

    /// Puts a resource in force, with the version and time of now.
    pub(crate) fn put(&self, mut resource: Value) {
        let key = |name: &str| resource[name].as_str().unwrap().to_owned();
        let key = (key("resourceType"), key("id"));
        let mut clock = self.clock.lock().unwrap();
        *clock += 1_000;
        let mut all = self.resources.lock().unwrap();
        let version = all.get(&key).map_or(0, |old| old["meta"]["versionId"].as_str().unwrap().parse::<u32>().unwrap());
        let at = WallTime(*clock).to_string();
        resource["meta"] = json!({ "versionId": (version + 1).to_string(), "lastUpdated": at });
        all.insert(key, resource);
    }

    /// A patient with an id, a record number and a family name, born 1951-03-14.
    pub(crate) fn patient(&self, id: &str, number: &str, family: &str) -> Value {
        let patient = json!({
            "resourceType": "Patient", "id": id, "birthDate": "1951-03-14", "gender": "female",
            "identifier": [{ "system": "urn:test:record-number", "value": number }],
            "name": [{ "use": "official", "family": family, "given": ["Rosa"] }],
        });
        self.put(patient.clone());
        patient
    }

    /// The members of the group `ward`.
    pub(crate) fn group(&self, ids: &[&str]) {
        let member: Vec<Value> =
            ids.iter().map(|id| json!({ "entity": { "reference": format!("Patient/{id}") } })).collect();
        self.put(json!({ "resourceType": "Group", "id": "ward", "type": "person", "actual": true, "member": member }));
    }

    /// What it does with the next questions.
    pub(crate) fn set_moods(&self, moods: &[Mood]) {
        *self.moods.lock().unwrap() = moods.iter().copied().collect();
    }

    /// Writes this in the place of next links, or the right ones again.
    pub(crate) fn lead_to(&self, link: Option<&str>) {
        *self.next_link.lock().unwrap() = link.map(str::to_owned);
    }

    /// From here on it tells of no resource when it was changed.
    pub(crate) fn tell_no_times(&self) {
        self.tells_no_times.store(true, Ordering::SeqCst);
    }

    /// The paths that were asked since the last look.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn answer(&self, path: &str) -> Option<Value> {
        let (kind, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some((kind, id)) = kind.split_once('/') {
            return self.resources.lock().unwrap().get(&(kind.to_owned(), id.to_owned())).cloned();
        }
        let parameter = |name: &str| {
            query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let holds = |resource: &Value| {
            let of = |key: &str| resource[key]["reference"].as_str().unwrap_or_default().to_owned();
            let changed = resource["meta"]["lastUpdated"].as_str().unwrap();
            parameter("_id").is_none_or(|ids| ids.split(',').any(|id| resource["id"] == id))
                && parameter("patient").is_none_or(|all| all.split(',').any(|one| one == of("subject")))
                && parameter("status").is_none_or(|all| all.split(',').any(|one| resource["status"] == one))
                && parameter("active").is_none_or(|_| resource["active"] != false)
                && parameter("_lastUpdated").is_none_or(|since| changed >= since.trim_start_matches("ge"))
                && parameter("location").is_none_or(|at| {
                    let places = resource["location"].as_array().cloned().unwrap_or_default();
                    places.iter().any(|place| place["location"]["reference"] == at.as_str())
                })
        };
        let all = self.resources.lock().unwrap();
        let found: Vec<&Value> =
            all.iter().filter(|((of, _), resource)| of == kind && holds(resource)).map(|(_, one)| one).collect();
        let (count, offset) = (parameter("_count").unwrap().parse::<usize>().unwrap(), parameter("_offset"));
        let offset = offset.map_or(0, |offset| offset.parse::<usize>().unwrap());
        let told = |one: &&Value| {
            let mut one = (*one).clone();
            if self.tells_no_times.load(Ordering::SeqCst) {
                one.as_object_mut().unwrap().remove("meta");
            }
            json!({ "resource": one })
        };
        let page: Vec<Value> = found.iter().skip(offset).take(count).map(told).collect();
        let mut link = Vec::new();
        if offset + count < found.len() {
            let stem = query.split("&_offset=").next().unwrap();
            let right = format!("{BASE}/{kind}?{stem}&_offset={}", offset + count);
            let url = self.next_link.lock().unwrap().clone().unwrap_or(right);
            link.push(json!({ "relation": "next", "url": url }));
        }
        Some(json!({ "resourceType": "Bundle", "type": "searchset", "link": link, "entry": page }))
    }
}

#[async_trait]
impl ClinicServer for ClinicList {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        let of_list =
            ["Patient?", "Encounter?", "Location?", "ServiceRequest?", "MedicationRequest?", "Group/", "List/"];
        let is_ours = request.body.is_none()
            && of_list.iter().any(|start| request.path.starts_with(start))
            // The outbox asks which of its own arrived.
            && !request.path.ends_with("&_elements=id,meta");
        if !is_ours {
            return self.inbox.send(request).await;
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
        self.asked.lock().unwrap().push(request.path.clone());
        let server_time = Some(WallTime(*self.clock.lock().unwrap() + 500));
        let mood = self.moods.lock().unwrap().pop_front().unwrap_or(Mood::Fine);
        mood.answer(server_time, || match self.answer(&request.path) {
            Some(found) => (200, found.to_string()),
            None => (404, "{}".to_owned()),
        })
    }

    fn address(&self) -> String {
        BASE.to_owned()
    }

    fn path_behind(&self, link: &str) -> Option<String> {
        link.strip_prefix(BASE)?.strip_prefix('/').map(str::to_owned)
    }
}
