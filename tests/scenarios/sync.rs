//! One truth about sync (product law 7): what the server has is what was to be filed, each once, whatever goes wrong.
//! The server here is in memory and follows a schedule of faults; a real one is tested with the HTTP adapter.
use crate::harness::*;
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_outbox::RowState;
use bedside_vitals::WallTime;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Fine,
    Unreachable,
    /// It does the work and the answer is lost.
    AnswerLost,
    Busy,
    Html,
    NoToken,
    /// This status, and nothing is done.
    Status(u16),
}

impl Mood {
    /// What is answered in this mood, where `work` gives what a server that works would: a status, and FHIR.
    pub(crate) fn answer(
        self,
        server_time: Option<WallTime>,
        work: impl FnOnce() -> (u16, String),
    ) -> Result<ClinicAnswer, ClinicFault> {
        const FHIR: &str = "application/fhir+json";
        let answer = |status, content_type: &str, body: String| {
            let content_type = Some(content_type.to_owned());
            Ok(ClinicAnswer { status, content_type, retry_after: None, server_time, body })
        };
        match self {
            Self::Fine => {
                let (status, body) = work();
                answer(status, FHIR, body)
            }
            Self::Unreachable => Err(ClinicFault::Unreachable("no route".into())),
            Self::AnswerLost => {
                work();
                Err(ClinicFault::Ambiguous("the connection was reset".into()))
            }
            Self::Busy => answer(503, "text/plain", String::new()),
            Self::Html => answer(200, "text/html", "<html>Sign in</html>".into()),
            Self::NoToken => answer(401, FHIR, String::new()),
            Self::Status(status) => answer(status, "text/plain", String::new()),
        }
    }
}

/// A FHIR server in memory that stores what is PUT.
#[derive(Default)]
pub(crate) struct Server {
    resources: Mutex<BTreeMap<String, Value>>,
    versions: Mutex<BTreeMap<String, u32>>,
    moods: Mutex<VecDeque<Mood>>,
    /// The moods begin with the first request that says this.
    moods_from: Mutex<Option<&'static str>>,
    refuse: Mutex<Option<&'static str>>,
    searches: Mutex<Option<Mood>>,
    seen: Mutex<Vec<Seen>>,
    /// Its CapabilityStatement; without one it cannot be asked.
    statement: Mutex<Option<Value>>,
    /// What its clock shows, in every answer.
    clock: Mutex<Option<WallTime>>,
}

/// What was asked of the server, when the request got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A search for devices, that was answered as a server should.
    DevicesRead,
    /// A batch with the console's own Device, carried out or not.
    OwnDevicePut,
}

impl Server {
    pub(crate) fn with_moods(moods: &[Mood]) -> Arc<Self> {
        Arc::new(Self { moods: Mutex::new(moods.iter().copied().collect()), ..Self::default() })
    }

    /// What it does with the next requests.
    pub(crate) fn set_moods(&self, moods: &[Mood]) {
        *self.moods.lock().unwrap() = moods.iter().copied().collect();
    }

    /// The same from the request on whose body holds this text; before it the server is fine.
    pub(crate) fn set_moods_from(&self, text: &'static str, moods: &[Mood]) {
        *self.moods_from.lock().unwrap() = Some(text);
        self.set_moods(moods);
    }

    /// The faults are over.
    pub(crate) fn is_fine_again(&self) {
        self.moods.lock().unwrap().clear();
    }

    /// What it does with every search from now on, whatever it does with batches.
    pub(crate) fn answer_searches(&self, mood: Option<Mood>) {
        *self.searches.lock().unwrap() = mood;
    }

    /// What it says of itself from now on.
    pub(crate) fn says(&self, statement: Value) {
        *self.statement.lock().unwrap() = Some(statement);
    }

    /// What its clock shows from now on.
    pub(crate) fn has_time(&self, time: WallTime) {
        *self.clock.lock().unwrap() = Some(time);
    }

    /// It was given nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.lock().unwrap().is_empty()
    }

    /// What got there, oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What it does with this request.
    fn mood(&self, request: &ClinicRequest) -> Mood {
        let searches = *self.searches.lock().unwrap();
        if let Some(mood) = searches.filter(|_| request.body.is_none()) {
            return mood;
        }
        let mut from = self.moods_from.lock().unwrap();
        let says_it = |text: &str| request.body.as_ref().is_some_and(|body| body.contains(text));
        from.take_if(|text| says_it(text));
        let mood = match *from {
            Some(_) => Mood::Fine,
            None => self.moods.lock().unwrap().pop_front().unwrap_or(Mood::Fine),
        };
        let seen = match &request.body {
            Some(body) if body.contains("Bedside console") => Some(Seen::OwnDevicePut),
            None if request.path.starts_with("Device?") && matches!(mood, Mood::Fine) => Some(Seen::DevicesRead),
            _ => None,
        };
        if !matches!(mood, Mood::Unreachable) {
            self.seen.lock().unwrap().extend(seen);
        }
        mood
    }

    fn carry_out(&self, request: &ClinicRequest) -> Value {
        let mut resources = self.resources.lock().unwrap();
        if let Some(body) = &request.body {
            let bundle: Value = serde_json::from_str(body).unwrap();
            let refuse = *self.refuse.lock().unwrap();
            let entries: Vec<Value> = bundle["entry"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| {
                    let url = entry["request"]["url"].as_str().unwrap().to_owned();
                    if refuse.is_some_and(|text| entry["resource"].to_string().contains(text)) {
                        return json!({ "response": { "status": "422" } });
                    }
                    let mut versions = self.versions.lock().unwrap();
                    let version = versions.entry(url.clone()).or_default();
                    *version += 1;
                    let told = json!({ "status": "201", "location": url.clone(), "etag": format!("W/\"{version}\"") });
                    resources.insert(url, entry["resource"].clone());
                    json!({ "response": told })
                })
                .collect();
            return json!({ "resourceType": "Bundle", "type": "batch-response", "entry": entries });
        }
        let kind = request.path.split('?').next().unwrap();
        let wanted = request.path.split("_id=").nth(1).unwrap().split('&').next().unwrap();
        let found: Vec<Value> = wanted
            .split(',')
            .filter_map(|id| resources.get(&format!("{kind}/{id}")))
            .map(|resource| json!({ "resource": resource }))
            .collect();
        json!({ "resourceType": "Bundle", "type": "searchset", "entry": found })
    }

    /// The console's own Device, as it was put last.
    pub(crate) fn gateway(&self) -> Option<Value> {
        self.kinds("Device").into_iter().find(|device| device["modelNumber"] == "Bedside console")
    }

    /// Changes the console's own Device behind the console's back.
    pub(crate) fn alter_gateway(&self, alter: impl FnOnce(&mut Value)) {
        let mut resources = self.resources.lock().unwrap();
        let own = resources.values_mut().find(|device| device["modelNumber"] == "Bedside console");
        alter(own.expect("the console's own Device"));
    }

    /// Refuses whatever holds this text, or nothing any more.
    pub(crate) fn refuse(&self, text: Option<&'static str>) {
        *self.refuse.lock().unwrap() = text;
    }

    pub(crate) fn kinds(&self, kind: &str) -> Vec<Value> {
        let resources = self.resources.lock().unwrap();
        resources.iter().filter(|(url, _)| url.starts_with(&format!("{kind}/"))).map(|(_, r)| r.clone()).collect()
    }
}

#[async_trait]
impl ClinicServer for Server {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let server_time = *self.clock.lock().unwrap();
        self.mood(&request).answer(server_time, || (200, self.carry_out(&request).to_string()))
    }

    async fn capability(&self) -> Result<ClinicAnswer, ClinicFault> {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let statement = self.statement.lock().unwrap().clone();
        let statement = statement.ok_or_else(|| ClinicFault::Unreachable("no route".into()))?;
        Ok(ClinicAnswer {
            status: 200,
            content_type: Some("application/fhir+json".into()),
            retry_after: None,
            server_time: *self.clock.lock().unwrap(),
            body: statement.to_string(),
        })
    }
}

/// Records for a while, syncs until quiet, and gives the counts back.
async fn record_and_sync(server: &Arc<Server>, seconds: u64) -> (Laptop, Bedside) {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { clinic: Some(server.clone()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    for device in ["strap-1", "oximeter-1", "cuff-1", "thermometer-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(seconds)).await;
    (laptop, bedside)
}

#[tokio::test(start_paused = true)]
async fn spot_values_and_minute_medians_arrive_each_once() {
    let server = Server::with_moods(&[]);
    let (laptop, bedside) = record_and_sync(&server, 150).await;
    bedside.close().await;
    // The last minutes were closed with the console; the next run sends them.
    let bedside = laptop.start("calm", Options { clinic: Some(server.clone()), ..Options::default() }).await;
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    for state in [RowState::Waiting, RowState::Sending, RowState::Refused, RowState::Held] {
        assert_eq!(counts.count(state), 0, "{state}");
    }
    let medians = match bedside.console.query(Query::MinuteMedians { patient: None, since: None }).await.unwrap() {
        Answer::MinuteMedians(medians) => medians,
        other => panic!("expected medians, got {other:?}"),
    };
    let readings = bedside.readings().await;
    assert!(!medians.is_empty() && !readings.is_empty());
    let observations = server.kinds("Observation");
    // A device's clock and battery are told beside what it measured.
    let of_people = observations.iter().filter(|one| one["subject"].to_string().contains("Patient/")).count();
    assert_eq!(of_people, medians.len() + readings.len());
    let with_period = observations.iter().filter(|o| o.get("effectivePeriod").is_some()).count();
    assert_eq!(with_period, medians.len());
    assert!(observations.iter().all(|o| o["meta"]["security"][0]["code"] == "HTEST"), "demo data are marked");
    assert_eq!((server.kinds("Patient").len(), server.kinds("Device").len()), (1, 5));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_the_network_does_the_server_ends_with_the_same_records() {
    let calm = Server::with_moods(&[]);
    let (_laptop, bedside) = record_and_sync(&calm, 130).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let expected: Vec<String> =
        calm.resources.lock().unwrap().keys().filter(|url| url.starts_with("Obs")).cloned().collect();
    bedside.close().await;

    let faults = [
        Mood::Unreachable,
        Mood::AnswerLost,
        Mood::Busy,
        Mood::Html,
        Mood::AnswerLost,
        Mood::Fine,
        Mood::AnswerLost,
        Mood::Unreachable,
        Mood::Busy,
    ];
    let stormy = Server::with_moods(&faults);
    let (_laptop, bedside) = record_and_sync(&stormy, 130).await;
    for _ in 0..20 {
        bedside.console.sync_until_quiet().await.unwrap();
        bedside.pass(Duration::from_millis(200)).await;
    }
    let found: Vec<String> =
        stormy.resources.lock().unwrap().keys().filter(|url| url.starts_with("Obs")).cloned().collect();
    assert!(!expected.is_empty());
    assert_eq!(found.len(), expected.len());
    // The console's own Device says with each sync what the record holds.
    let versions = stormy.versions.lock().unwrap().clone();
    let anchored = |url: &String| stormy.resources.lock().unwrap()[url].get("extension").is_some();
    let written_twice =
        versions.iter().filter(|(url, versions)| **versions > 1 && !(url.starts_with("Device/") && anchored(url)));
    assert_eq!(written_twice.count(), 0, "after a lost answer the console asks before it sends again");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn one_refused_record_stops_no_other_and_can_be_tried_again() {
    let server = Server::with_moods(&[]);
    *server.refuse.lock().unwrap() = Some("\"8310-5\"");
    let (_laptop, bedside) = record_and_sync(&server, 130).await;
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert!(counts.count(RowState::Refused) >= 1, "the temperature");
    assert_eq!(counts.count(RowState::Waiting), 0);
    let held = bedside.console.outbox_rows(vec![RowState::Held]).await.unwrap();
    assert!(held.iter().all(|row| row.resource_type == "Provenance"), "only who measured it waits for it: {held:?}");
    assert!(!server.kinds("Observation").is_empty());
    *server.refuse.lock().unwrap() = None;
    for row in bedside.console.outbox_rows(vec![RowState::Refused]).await.unwrap() {
        assert_eq!(row.outcome.as_ref().unwrap().status, 422);
        bedside.console.retry(row.id).await.unwrap();
    }
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(counts.count(RowState::Refused) + counts.count(RowState::Held), 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_pauses_sync_fails_no_record_and_never_stops_recording() {
    let server = Server::with_moods(&[Mood::NoToken; 3]);
    let (_laptop, bedside) = record_and_sync(&server, 60).await;
    let snapshot = bedside.latest();
    assert_eq!(snapshot.sync.fault.as_ref().unwrap().0, "SERVER-SIGN-IN");
    assert_eq!(snapshot.sync.counts.count(RowState::Refused), 0);
    assert!(snapshot.sync.counts.count(RowState::Waiting) > 0);
    let saved = snapshot.recording.last_saved.unwrap();
    assert!(snapshot.taken.millis_since(saved) < 2_500, "recording goes on");
    bedside.close().await;
}
