//! The audit log on its way to the clinic's server: each entry there once, after the records and never together with them, or
//! not at all. Not here: the log itself (`audit`), and what an answer makes of a row (`bedside-outbox`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::sync::Server;
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::{Lane, RowState};
use bedside_policy::Policy;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A FHIR server that notes what comes together, and may be away or take no audit entries.
struct Clinic {
    fhir: Arc<Server>,
    /// The resources of each request that was carried out.
    requests: Mutex<Vec<Vec<Value>>>,
    is_away: AtomicBool,
    takes_no_audit: AtomicBool,
    /// It says so itself.
    says: Mutex<Option<String>>,
}

impl Clinic {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            fhir: Server::with_moods(&[]),
            requests: Mutex::default(),
            is_away: AtomicBool::new(false),
            takes_no_audit: AtomicBool::new(false),
            says: Mutex::default(),
        })
    }

    fn is_away(&self, away: bool) {
        self.is_away.store(away, Ordering::SeqCst);
    }

    fn takes_no_audit(&self, none: bool) {
        self.takes_no_audit.store(none, Ordering::SeqCst);
    }

    /// The kinds of each request, in order.
    fn kinds(&self) -> Vec<Vec<String>> {
        let kind = |resource: &Value| resource["resourceType"].as_str().unwrap().to_owned();
        self.requests.lock().unwrap().iter().map(|all| all.iter().map(kind).collect()).collect()
    }

    /// How often an audit entry came, taken or not.
    fn tries(&self) -> usize {
        self.kinds().iter().filter(|kinds| kinds.contains(&"AuditEvent".to_owned())).count()
    }

    /// Which entries of the log it has, and how often each was put.
    fn entries(&self) -> BTreeMap<u64, u32> {
        let mut found = BTreeMap::new();
        let there = self.fhir.kinds("AuditEvent");
        for event in self.requests.lock().unwrap().iter().flatten().filter(|event| there.contains(event)) {
            let place = event["entity"][0]["what"]["identifier"]["value"].as_str().unwrap();
            *found.entry(place.rsplit('-').next().unwrap().parse().unwrap()).or_default() += 1;
        }
        found
    }
}

#[async_trait]
impl ClinicServer for Clinic {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(ClinicFault::Unreachable("no route".into()));
        }
        let bundle = request.body.as_ref().map(|body| serde_json::from_str::<Value>(body).unwrap());
        let entries = bundle.as_ref().and_then(|bundle| bundle["entry"].as_array());
        let resources: Vec<Value> = entries.into_iter().flatten().map(|entry| entry["resource"].clone()).collect();
        let is_audit = resources.iter().any(|resource| resource["resourceType"] == "AuditEvent");
        let answer = if is_audit && self.takes_no_audit.load(Ordering::SeqCst) {
            let entry = json!({ "response": { "status": "405" } });
            let body = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [entry] });
            Ok(fhir(body.to_string()))
        } else {
            self.fhir.send(request).await
        };
        // What a killed console had under way got no further than the network.
        self.requests.lock().unwrap().push(resources);
        answer
    }

    async fn capability(&self) -> Result<ClinicAnswer, ClinicFault> {
        let says = self.says.lock().unwrap().clone();
        says.map(fhir).ok_or_else(|| ClinicFault::Unreachable("no route".into()))
    }
}

fn fhir(body: String) -> ClinicAnswer {
    let content_type = Some("application/fhir+json".into());
    ClinicAnswer { status: 200, content_type, retry_after: None, server_time: None, body }
}

async fn start(laptop: &Laptop, clinic: &Arc<Clinic>, audit_to_server: bool) -> Bedside {
    let policy = Policy { audit_to_server, ..Policy::default() };
    laptop.start("calm", Options { clinic: Some(clinic.clone()), policy, staffed: true, ..Options::default() }).await
}

/// A patient, readings, and what is noted about them.
async fn measured(bedside: &Bedside) {
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    assert!(!bedside.readings().await.is_empty());
}

/// Syncs until nothing is left, and gives the counts.
async fn synced(bedside: &Bedside) -> OutboxCounts {
    bedside.console.sync_until_quiet().await.unwrap()
}

async fn log_of(bedside: &Bedside) -> Vec<u64> {
    bedside.audited().await.into_iter().map(|entry| entry.seq).collect()
}

/// Rows of the audit log that are not accepted.
async fn audit_rows(bedside: &Bedside) -> usize {
    match bedside.store.read(Query::OpenRows).await.unwrap() {
        Answer::OpenRows(rows) => rows.iter().filter(|row| row.lane == Lane::Audit).count(),
        other => panic!("expected rows, got {other:?}"),
    }
}

/// As many entries as a program that was used for months leaves.
async fn used_for_long(bedside: &Bedside, entries: usize) {
    let audit = vec![AuditEntry::new(START, AuditAction::PatientsListed); entries];
    bedside.store.commit(Changes { audit, ..Changes::default() }).await.unwrap();
}

fn open(counts: &OutboxCounts) -> u64 {
    RowState::ALL.into_iter().filter(|state| state.is_open()).map(|state| counts.count(state)).sum()
}

#[tokio::test(start_paused = true)]
async fn every_entry_arrives_once_after_the_records_and_never_together_with_them() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, true).await;
    clinic.is_away(true);
    measured(&bedside).await;
    used_for_long(&bedside, 250).await;
    clinic.is_away(false);
    let counts = synced(&bedside).await;
    assert_eq!((open(&counts), counts.audit_waiting), (0, 0));
    let sent = clinic.entries();
    assert_eq!(sent.keys().copied().collect::<Vec<_>>(), log_of(&bedside).await);
    let kinds = clinic.kinds();
    let is_audit = |kinds: &Vec<String>| kinds.contains(&"AuditEvent".to_owned());
    assert!(kinds.iter().filter(|kinds| is_audit(kinds)).all(|kinds| kinds.len() == 1), "each alone");
    let first = kinds.iter().position(is_audit).unwrap();
    let late = kinds[first..].iter().flatten().filter(|kind| *kind == "Observation" || *kind == "Patient").count();
    assert_eq!(late, 0, "the records went before");
    bedside.close().await;
    let bedside = start(&laptop, &clinic, true).await;
    synced(&bedside).await;
    let sent = clinic.entries();
    assert_eq!(sent.keys().copied().collect::<Vec<_>>(), log_of(&bedside).await, "what was noted since, too");
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn entries_that_are_noted_later_go_by_themselves_and_sending_them_notes_nothing() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, true).await;
    synced(&bedside).await;
    let before = log_of(&bedside).await.len();
    bedside.pass(Duration::from_secs(150)).await;
    assert_eq!(log_of(&bedside).await.len(), before, "nothing about itself");
    bedside.console.activity().await;
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(150)).await;
    assert_eq!(clinic.entries().keys().copied().collect::<Vec<_>>(), log_of(&bedside).await);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn killed_on_the_way_the_next_run_sends_the_rest_and_none_twice() {
    const MANY: usize = 60;
    const SOME: usize = 5;
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, true).await;
    used_for_long(&bedside, MANY).await;
    bedside.console.sync_now().await.unwrap();
    // Until some of them are there.
    for _ in 0..500 {
        if clinic.entries().len() >= SOME {
            break;
        }
        bedside.pass(Duration::from_millis(20)).await;
    }
    let there = clinic.entries().len();
    assert!((SOME..MANY).contains(&there), "{there}");
    bedside.kill().await;
    let bedside = start(&laptop, &clinic, true).await;
    synced(&bedside).await;
    let sent = clinic.entries();
    assert_eq!(sent.keys().copied().collect::<Vec<_>>(), log_of(&bedside).await);
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_none_is_remembered_and_gets_the_whole_log_once_it_takes_them() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    clinic.takes_no_audit(true);
    let bedside = start(&laptop, &clinic, true).await;
    measured(&bedside).await;
    assert_eq!(open(&synced(&bedside).await), 0, "the records went");
    assert!(!clinic.fhir.kinds("Observation").is_empty());
    assert_eq!((clinic.tries(), audit_rows(&bedside).await), (1, 0));
    bedside.add_patient(2).await;
    bedside.pass(Duration::from_secs(150)).await;
    bedside.close().await;
    let bedside = start(&laptop, &clinic, true).await;
    bedside.add_patient(3).await;
    assert_eq!(open(&synced(&bedside).await), 0);
    assert_eq!((clinic.tries(), audit_rows(&bedside).await), (1, 0), "nothing is written or tried any more");
    bedside.close().await;
    // IT gives the permission that was lacking: switched off and on, it is tried anew.
    clinic.takes_no_audit(false);
    let bedside = start(&laptop, &clinic, false).await;
    synced(&bedside).await;
    assert_eq!(clinic.tries(), 1);
    bedside.close().await;
    let bedside = start(&laptop, &clinic, true).await;
    synced(&bedside).await;
    assert_eq!(clinic.entries().keys().copied().collect::<Vec<_>>(), log_of(&bedside).await);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_the_policy_does_not_want_it_or_the_server_says_that_it_takes_none_no_entry_gets_a_row() {
    for (wanted, offered) in [(false, true), (true, false)] {
        let (laptop, clinic) = (Laptop::new(), Clinic::new());
        let kind = if offered { "AuditEvent" } else { "Observation" };
        let resource = json!({ "type": kind, "interaction": [{ "code": "update" }], "updateCreate": true });
        let rest = json!([{ "mode": "server", "resource": [resource] }]);
        *clinic.says.lock().unwrap() = Some(json!({ "resourceType": "CapabilityStatement", "rest": rest }).to_string());
        let bedside = start(&laptop, &clinic, wanted).await;
        measured(&bedside).await;
        synced(&bedside).await;
        assert_eq!((clinic.tries(), audit_rows(&bedside).await), (0, 0), "{wanted} {offered}");
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn entries_that_wait_are_no_records_that_wait_and_are_few() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, true).await;
    bedside.add_patient(1).await;
    synced(&bedside).await;
    clinic.is_away(true);
    used_for_long(&bedside, 420).await;
    bedside.pass(Duration::from_secs(150)).await;
    let counts = bedside.latest().sync.counts.clone();
    assert_eq!((open(&counts), counts.oldest_open, counts.audit_waiting), (0, None, 200));
    assert_eq!(bedside.latest().sync.waits_for_sign_in, 0);
    assert_eq!(bedside.console.outbox_rows(vec![RowState::Waiting, RowState::Sending]).await.unwrap(), []);
    clinic.is_away(false);
    synced(&bedside).await;
    assert_eq!(clinic.entries().keys().copied().collect::<Vec<_>>(), log_of(&bedside).await);
    bedside.close().await;
}
