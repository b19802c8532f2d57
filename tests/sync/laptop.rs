//! A laptop that is switched on again where there is a network: the console on a recorded vault, and a server.
//! Real time, but nobody waits for it: when the console waits for its next try, the lid is closed until then.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions, SignInOptions};
use bedside_console::ports::*;
use bedside_machine_system::SteppedMachine;
use bedside_outbox::{OutboxRow, RowState};
use bedside_tests::clinic::Tenant;
use bedside_tests::fault_proxy::FaultProxy;
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vitals::WallTime;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Bedside, Disk, Laptop, Options};
use crate::ward::{Recorded, empty_ward, rows};

/// A sync that gets nowhere for so long hangs; how long it takes is the server's and the computer's business.
const PATIENCE: Duration = Duration::from_secs(120);
/// The console is looked at so often.
const LOOK_AGAIN: Duration = Duration::from_millis(8);
/// More than any answer of these tests, and less than a huge one.
const LARGEST_ANSWER: usize = 400 * 1024;
/// What is claimed is looked at after every step, as long as there are no more records than this.
const LOOK_UP_TO: u64 = 300;
const OPEN: [RowState; 2] = [RowState::Waiting, RowState::Sending];

/// A console that sends what it finds in its vault.
pub(crate) struct Syncing {
    pub(crate) bedside: Bedside,
    machine: Arc<SteppedMachine>,
    /// Its base URL.
    server: String,
    /// What is kept as long as it runs.
    _laptop: Laptop,
}

/// What a sync came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Accepted records, as the server calls them: `Type/id`.
    pub(crate) accepted: BTreeSet<String>,
    /// How many of them it calls otherwise than we do.
    pub(crate) renamed: usize,
    /// The others.
    pub(crate) others: Vec<OutboxRow>,
    /// How long the laptop waited, had it waited.
    pub(crate) waited: Duration,
}

impl Syncing {
    /// Switches on a copy of a recorded vault.
    pub(crate) async fn on_copy(recorded: &Recorded, base: &str) -> Self {
        let disk = Disk::temporary();
        let keys = recorded.copied_to(disk.path());
        Self::on(disk, keys, recorded.ended.plus_millis(3_600_000), base, None).await
    }

    /// Switches on a laptop that has this folder and these keys. With a key file it signs in at the server by itself.
    pub(crate) async fn on(
        folder: Disk,
        keys: Arc<MemoryKeys>,
        now: WallTime,
        base: &str,
        machine_key: Option<&Path>,
    ) -> Self {
        let machine = Arc::new(SteppedMachine::new(now).with_seed(now.0.unsigned_abs()));
        let laptop = Laptop { folder, keys, machine: Arc::clone(&machine) };
        let clinic: Arc<dyn ClinicServer> = Arc::new(signing_in(base, machine_key));
        let server = clinic.address();
        let bedside = laptop.start_on(&empty_ward(), Options { clinic: Some(clinic), ..Options::default() }).await;
        Self { bedside, machine, server, _laptop: laptop }
    }

    /// Goes on until nothing waits any more. Whoever has to do something about a pause does it at once.
    pub(crate) async fn until_done(&self, proxy: Option<&FaultProxy>) -> Outcome {
        let (mut outcome, mut seen, mut moved) = (Outcome::default(), 0, (0, Instant::now()));
        loop {
            let Answer::OutboxCounts(counts) = self.bedside.console.query(Query::OutboxCounts).await.unwrap() else {
                panic!("expected counts");
            };
            if counts.count(RowState::Accepted) > moved.0 {
                moved = (counts.count(RowState::Accepted), Instant::now());
            }
            // At the end it is looked at anyway.
            if counts.count(RowState::Accepted) > seen && seen < LOOK_UP_TO {
                seen = counts.count(RowState::Accepted);
                self.claims_nothing_false(proxy).await;
            }
            let snapshot = self.bedside.latest();
            if OPEN.iter().all(|state| counts.count(*state) == 0) {
                break;
            }
            let now = self.machine.wall();
            match (&snapshot.sync.fault, snapshot.sync.next_attempt) {
                (_, Some(at)) if at > now => {
                    let wait = Duration::from_millis(at.millis_since(now).unsigned_abs());
                    outcome.waited += wait;
                    self.machine.sleep(wait);
                }
                (Some(("SERVER-SIGN-IN" | "SERVER-PERMISSION" | "SERVER-ADDRESS", _)), None) => {
                    self.bedside.console.sync_now().await.unwrap();
                }
                _ => {}
            }
            assert!(moved.1.elapsed() < PATIENCE, "{counts:?} {:?}", snapshot.sync);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let store = self.bedside.store.as_ref();
        let accepted = self.accepted().await;
        outcome.accepted = accepted.values().cloned().collect();
        outcome.renamed = accepted.iter().filter(|(ours, theirs)| ours != theirs).count();
        assert_eq!(outcome.accepted.len(), accepted.len(), "each has one of its own on the server: {accepted:#?}");
        let others: Vec<RowState> = RowState::ALL.into_iter().filter(|state| *state != RowState::Accepted).collect();
        outcome.others = rows(store, &others).await;
        self.claims_nothing_false(proxy).await;
        outcome
    }

    /// What is called accepted is what the server said it has stored.
    async fn claims_nothing_false(&self, proxy: Option<&FaultProxy>) {
        let Some(proxy) = proxy else { return };
        // First what is claimed, then what there is: between the two the server may take more.
        let accepted = self.accepted().await;
        let stored = proxy.stored();
        let false_claims: Vec<_> = accepted.iter().filter(|(_, name)| !stored.contains_key(*name)).collect();
        assert!(false_claims.is_empty(), "accepted, and not on the server: {false_claims:?}");
    }

    /// What is called accepted: our `Type/id`, and what the server calls it.
    async fn accepted(&self) -> BTreeMap<String, String> {
        let store = self.bedside.store.as_ref();
        let rows = rows(store, &[RowState::Accepted]).await;
        let resources = rows.iter().map(|row| row.resource_id).collect();
        let query = Query::ServerCopies { server: self.server.clone(), resources };
        let Answer::ServerCopies(copies) = store.read(query).await.unwrap() else { panic!("expected copies") };
        let of: BTreeMap<Uuid, String> = copies.into_iter().map(|one| (one.resource, one.server.id)).collect();
        let name = |row: &OutboxRow| match of.get(&row.resource_id) {
            Some(id) => format!("{}/{id}", row.resource_type),
            None => format!("{} without a name", url(row)),
        };
        rows.iter().map(|row| (url(row), name(row))).collect()
    }

    pub(crate) async fn close(self) {
        self.bedside.close().await;
    }
}

/// The adapter as it ships, with a smaller cap on answers.
pub(crate) fn client(base: &str) -> ClinicHttp {
    signing_in(base, None)
}

/// The same for a server that asks for tokens, which this computer gets with its key.
fn signing_in(base: &str, machine_key: Option<&Path>) -> ClinicHttp {
    let mut options = ClinicHttpOptions::new(base);
    options.largest_answer = LARGEST_ANSWER;
    options.sign_in = machine_key.map(|key| SignInOptions {
        machine_key: Some((key.to_owned(), "console-1".to_owned())),
        ..SignInOptions::new("console-backend", "system/*.cruds")
    });
    ClinicHttp::new(&options).unwrap()
}

fn url(row: &OutboxRow) -> String {
    format!("{}/{}", row.resource_type, row.resource_id)
}

/// What the server itself says that it holds, by `Type/id`, of the kinds that were sent to it. Every reference among
/// that leads to something that it holds.
pub(crate) async fn held_by(tenant: &Tenant<'_>, accepted: &BTreeSet<String>) -> BTreeSet<String> {
    let kinds: BTreeSet<&str> = accepted.iter().filter_map(|url| url.split('/').next()).collect();
    let mut held = BTreeMap::new();
    for kind in kinds.union(&BTreeSet::from(["Patient", "Device", "Observation"])) {
        held.extend(tenant.all(kind).await.into_iter().map(|(id, one)| (format!("{kind}/{id}"), one)));
    }
    for (name, one) in &held {
        let mut references = Vec::new();
        references_in(one, &mut references);
        let lost: Vec<&str> = references.into_iter().filter(|reference| !held.contains_key(*reference)).collect();
        assert!(lost.is_empty(), "{name} refers to what is not there: {lost:?}");
    }
    held.into_keys().collect()
}

fn references_in<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("reference").and_then(Value::as_str));
            members.values().for_each(|member| references_in(member, found));
        }
        Value::Array(all) => all.iter().for_each(|one| references_in(one, found)),
        _ => {}
    }
}
