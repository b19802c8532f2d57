//! The patient list against a real FHIR engine, over the HTTP adapter as it ships: three pages, an overlap, pages that
//! break off, a broken resource, a next page that leads elsewhere. Not here: what a person decides (the scenarios).
use async_trait::async_trait;
use bedside_clinic_http::ClinicHttp;
use bedside_console::ports::*;
use bedside_console::{AtClinic, ListState, PatientLine};
use bedside_machine_system::SteppedMachine;
use bedside_policy::{Policy, Worklist, WorklistBy};
use bedside_tests::clinic::{Clinic, Tenant};
use bedside_tests::fault_proxy::{Fault, FaultProxy, Passing};
use bedside_vitals::WallTime;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

use crate::harness::{Bedside, Laptop, Options};
use crate::laptop::client;
use crate::on_a_runtime;
use crate::ward::empty_ward;

const PATIENTS: u128 = 120;
const PATIENCE: Duration = Duration::from_secs(60);
/// The console is looked at so often.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

fn id(number: u128) -> String {
    Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0000 + number).to_string()
}

fn patient(number: u128) -> Value {
    json!({
        "resourceType": "Patient", "id": id(number), "active": true, "gender": "female", "birthDate": "1951-03-14",
        "identifier": [{ "system": "urn:test:record-number", "value": format!("MRN {number}") }],
        "name": [{ "use": "official", "family": format!("EXAMPLE{number}"), "given": ["Rosa"] }],
    })
}

/// Puts resources on the server, past the console.
async fn put(server: &ClinicHttp, resources: &[Value]) {
    for some in resources.chunks(40) {
        let entry = |resource: &Value| {
            let kind = resource["resourceType"].as_str().unwrap();
            let url = format!("{kind}/{}", resource["id"].as_str().unwrap());
            json!({ "resource": resource, "request": { "method": "PUT", "url": url } })
        };
        let entries: Vec<Value> = some.iter().map(entry).collect();
        let body = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string();
        let request = ClinicRequest { method: Method::Post, path: String::new(), body: Some(body) };
        let answer = server.send(request).await.unwrap();
        let statuses: Value = serde_json::from_str(&answer.body).unwrap();
        for entry in statuses["entry"].as_array().unwrap() {
            assert!(entry["response"]["status"].as_str().unwrap().starts_with('2'), "{entry}");
        }
    }
}

/// The adapter, behind a server that writes another address into its next links while it is told to.
struct Leading {
    real: ClinicHttp,
    astray: AtomicBool,
}

#[async_trait]
impl ClinicServer for Leading {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        let mut answer = self.real.send(request).await?;
        if self.astray.load(Ordering::SeqCst) {
            let mut body: Value = serde_json::from_str(&answer.body).unwrap();
            for link in body["link"].as_array_mut().into_iter().flatten().filter(|link| link["relation"] == "next") {
                link["url"] = json!(link["url"].as_str().unwrap().replacen("127.0.0.1", "127.0.0.2", 1));
            }
            answer.body = body.to_string();
        }
        Ok(answer)
    }

    fn address(&self) -> String {
        ClinicServer::address(&self.real)
    }

    fn path_behind(&self, link: &str) -> Option<String> {
        self.real.path_behind(link)
    }
}

/// A console and the server that it fetches from, through a proxy.
struct Fetching {
    proxy: FaultProxy,
    server: Arc<Leading>,
    machine: Arc<SteppedMachine>,
    bedside: Bedside,
    _laptop: Laptop,
}

impl Fetching {
    async fn from(clinic: &Clinic, tenant: &Tenant<'_>, faults: &[Fault], astray: bool) -> Self {
        let passing = Passing { headers: vec![tenant.header()], ..Passing::default() };
        let proxy = FaultProxy::start(clinic.address(), passing).await;
        let real = client(&clinic.base_at(proxy.address()));
        let mut town: Vec<Value> = (0..PATIENTS).map(patient).collect();
        // Valid as FHIR, and no patient that could be shown: nobody knows when the person was born.
        town[7].as_object_mut().unwrap().remove("birthDate");
        put(&real, &town).await;
        let order = json!({
            "resourceType": "MedicationRequest", "id": id(1_000), "status": "active", "intent": "order",
            "subject": { "reference": format!("Patient/{}", id(3)) }, "medicationCodeableConcept": { "text": "Metoprolol" },
            "dosageInstruction": [{ "doseAndRate": [{ "doseQuantity": { "value": 47.5, "unit": "mg" } }],
                "timing": { "repeat": { "frequency": 1, "period": 1, "periodUnit": "d" } } }]
        });
        put(&real, &[order]).await;
        proxy.follow(faults.iter().copied());
        let server = Arc::new(Leading { real, astray: AtomicBool::new(astray) });
        let machine = Arc::new(SteppedMachine::new(WallTime(1_773_842_400_000)));
        let laptop = Laptop { machine: Arc::clone(&machine), ..Laptop::new() };
        let worklist = Worklist { by: WorklistBy::Search("active=true".into()), every_minutes: 15 };
        let policy = Policy {
            worklist: Some(worklist),
            patient_identifier_system: Some("urn:test:record-number".into()),
            ..Policy::default()
        };
        let options = Options { clinic: Some(server.clone()), policy, ..Options::default() };
        let bedside = laptop.start_on(&empty_ward(), options).await;
        Self { proxy, server, machine, bedside, _laptop: laptop }
    }

    /// A person asks for the list. What is shown from here on is what became of it, and nothing from before.
    async fn pull(&self) {
        self.bedside.console.pull_patients().await.unwrap();
        let shown = || self.bedside.display.snapshots.lock().unwrap().len();
        let (before, began) = (shown(), Instant::now());
        while shown() == before {
            assert!(began.elapsed() < PATIENCE, "nothing is shown of it");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Goes on until the list rests. Nobody waits for back-off: where no request is under way and the next one has a time,
    /// the lid is closed until then.
    async fn until_it_rests(&self, rests: impl Fn(&ListState) -> bool) -> ListState {
        let began = Instant::now();
        loop {
            let list = self.bedside.latest().sync.list.clone();
            if !list.under_way && rests(&list) {
                return list;
            }
            assert!(began.elapsed() < PATIENCE, "{list:?}");
            let now = self.machine.wall();
            if let Some(at) = list.next_attempt.filter(|at| !list.under_way && *at > now) {
                self.machine.sleep(Duration::from_millis(at.millis_since(now).unsigned_abs()));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn lines(&self) -> Vec<PatientLine> {
        self.bedside.console.patients().await.unwrap()
    }

    /// How often it was asked for what begins so.
    fn asked(&self, for_what: &str) -> usize {
        let asked = |request: &str| request.contains(&format!("/{for_what}"));
        self.proxy.exchanges().iter().filter(|one| one.request.starts_with("GET") && asked(&one.request)).count()
    }
}

#[test]
fn three_pages_that_break_off_bring_everybody_once_and_a_second_download_only_what_changed() {
    on_a_runtime(async {
        let clinic = Clinic::engine(&[]);
        let tenant = clinic.tenant("patient-list");
        let faults =
            [Fault::None, Fault::Truncated, Fault::AnswerLost, Fault::PageAfterwards, Fault::None, Fault::WrongType];
        let fetching = Fetching::from(&clinic, &tenant, &faults, false).await;
        let list = fetching.until_it_rests(|list| list.taken.is_some()).await;
        assert_eq!((list.fault.as_ref(), list.listed), (None, u64::try_from(PATIENTS).unwrap()));
        let skipped: Vec<_> = list.skipped.iter().map(|one| (one.resource, one.why, one.count)).collect();
        assert_eq!(skipped, [("Patient", "no-birth-date", 1)]);
        let lines = fetching.lines().await;
        assert_eq!(lines.len(), usize::try_from(PATIENTS).unwrap() - 1);
        assert!(lines.iter().all(|line| line.at_clinic == AtClinic::Listed));
        assert_eq!(fetching.proxy.faults_left(), 0);
        // The server's own ids: what is measured of them goes up under these.
        let third = lines.iter().find(|line| line.patient.record_number.reveal() == "MRN 3").unwrap();
        assert_eq!(third.patient.id.to_string(), id(3));
        let orders = fetching.bedside.console.orders(third.patient.id).await.unwrap();
        let told: Vec<_> = orders.lines.iter().map(|one| (one.what.as_str(), one.dose.as_deref())).collect();
        assert_eq!(told, [("Metoprolol", Some("47.5 mg"))]);

        // One changes: the next download asks for changes since the server's own time, with an overlap.
        let mut moved = patient(3);
        moved["gender"] = json!("other");
        put(&fetching.server.real, &[moved]).await;
        let before = fetching.asked("Patient?_id=");
        fetching.pull().await;
        let taken = list.taken;
        fetching.until_it_rests(|list| list.taken > taken).await;
        // The one that could not be used is asked for whole each time: it is told until it is mended.
        assert_eq!(fetching.asked("Patient?_id=") - before, 4);
        let since = |request: &str| request.contains("_id=") && request.contains("_lastUpdated=ge");
        assert_eq!(fetching.proxy.exchanges().iter().filter(|one| since(&one.request)).count(), 3);
        let lines = fetching.lines().await;
        let third = lines.iter().find(|line| line.patient.record_number.reveal() == "MRN 3").unwrap();
        assert_eq!(third.patient.sex.code(), "other");
        assert_eq!(lines.len(), usize::try_from(PATIENTS).unwrap() - 1);
        fetching.bedside.close().await;
    });
}

#[test]
fn a_next_page_at_another_address_is_not_asked_for_and_the_list_is_not_taken() {
    on_a_runtime(async {
        let clinic = Clinic::engine(&[]);
        let tenant = clinic.tenant("patient-list-astray");
        let fetching = Fetching::from(&clinic, &tenant, &[], true).await;
        let list = fetching.until_it_rests(|list| list.fault.is_some()).await;
        assert_eq!((list.fault.unwrap().0, list.taken), ("LIST-ELSEWHERE", None));
        assert_eq!(fetching.asked("Patient?"), 1);
        assert!(fetching.lines().await.is_empty());
        fetching.server.astray.store(false, Ordering::SeqCst);
        fetching.pull().await;
        let list = fetching.until_it_rests(|list| list.taken.is_some()).await;
        assert_eq!(list.listed, u64::try_from(PATIENTS).unwrap());
        fetching.bedside.close().await;
    });
}
