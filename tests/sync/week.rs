//! A week without a network: 5,000 Observations of twelve patients go up, two of them are shown with the server's
//! reason, tokens end on the way, and the program is killed at twenty moments of it: the end is the same.
//!
//! The engine checks tokens of a real authorization server, which last two seconds, and refuses itself what refers to
//! a patient that it does not have. A server that is named instead (Helios) checks neither: there the proxy plays both, a
//! 401 and a 400 in its place. A token that ends in the middle of a batch is always played.
//! Not here: which faults a network has (`schedules`).
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedside_outbox::{OutboxRow, RowState};
use bedside_tests::clinic::{Clinic, Tenant};
use bedside_tests::fault_proxy::fault::Chance;
use bedside_tests::fault_proxy::{Exchange, Fault, FaultProxy, Hold, Passing};
use bedside_tests::figures;
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vitals::WallTime;
use serde_json::Value;

use crate::harness::Disk;
use crate::laptop::{Outcome, Syncing, held_by};
use crate::on_a_runtime;
use crate::ward::{Recorded, a_week, keys_beside};

/// The life of a token.
const TOKEN_SECONDS: u64 = 2;
const PATIENTS: u8 = 12;
const OBSERVATIONS: usize = 5_000;
const KILLS: u32 = 20;
/// Kills that have to fall on a request that is not answered yet.
const LEAST_WITHIN: u32 = 5;
/// More than a console ever sends at once.
const LARGEST_BATCH: usize = 500;
/// A program that sends nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);

const FOLDER: &str = "BEDSIDE_SYNC_TEST_FOLDER";
const BASE: &str = "BEDSIDE_SYNC_TEST_BASE";
const NOW: &str = "BEDSIDE_SYNC_TEST_NOW";
const KEY: &str = "BEDSIDE_SYNC_TEST_KEY";
/// The child's own line.
const DONE: &str = "DONE";

#[test]
fn a_week_without_a_network_arrives_once_however_often_the_program_is_killed() {
    let week = a_week(PATIENTS, OBSERVATIONS);
    on_a_runtime(async {
        let keys = tempfile::tempdir().unwrap();
        let server = Server::at_hand(&keys.path().join("console.pem"));
        let clinic = &server.clinic;
        let tenant = format!("week-killed-{}", std::process::id());
        let (arrived, kills, within) = Box::pin(killed_on_the_way(&week, &server, &clinic.tenant(&tenant))).await;
        if std::env::var("BEDSIDE_ENDURE").is_ok() {
            let tenant = format!("week-{}", std::process::id());
            let quiet = Box::pin(undisturbed(&week, &server, &clinic.tenant(&tenant))).await;
            assert_eq!(quiet, arrived, "the same records arrived");
        }
        figures::tell(
            "a week without a network",
            &format!(
                "{}: {OBSERVATIONS} Observations of {PATIENTS} patients, {} accepted, 2 refused with reasons, ids one \
                 to one, after {kills} kills, {within} of them with a request under way, {} tokens",
                clinic.name(),
                arrived.len(),
                clinic.tokens_granted().await,
            ),
        );
    });
}

/// The ids of the Observations that arrived.
type Arrived = Vec<String>;

/// The server of the week.
struct Server {
    clinic: Clinic,
    /// By which the laptop signs in, where tokens are checked.
    machine_key: Option<PathBuf>,
}

impl Server {
    fn at_hand(key: &Path) -> Self {
        match Clinic::named() {
            Some(clinic) => Self { clinic, machine_key: None },
            None => Self { clinic: Clinic::strict_engine(key, TOKEN_SECONDS), machine_key: Some(key.to_owned()) },
        }
    }

    async fn proxy(&self, tenant: &Tenant<'_>) -> FaultProxy {
        // Helios takes what refers to nobody.
        let checks_references = self.machine_key.is_none();
        let passing = Passing { headers: vec![tenant.header()], checks_references, ..Passing::default() };
        let proxy = FaultProxy::start(self.clinic.address(), passing).await;
        proxy.follow(self.tokens_end());
        proxy
    }

    /// Tokens end now and again: before a batch, and in the middle of one.
    fn tokens_end(&self) -> Vec<Fault> {
        let mut faults = vec![Fault::None; 40];
        faults[6] = self.token_ends();
        faults[15] = Fault::TokenDiesWithin;
        faults[16] = self.token_ends();
        faults
    }

    fn token_ends(&self) -> Fault {
        match self.machine_key {
            Some(_) => Fault::TokenEndsOnTheWay(Duration::from_millis(1_000 * TOKEN_SECONDS + 500)),
            None => Fault::Status(401, None),
        }
    }

    /// Every request whose token ended on the way was refused by the server itself, and there was one.
    fn refused_what_ended(&self, proxy: &FaultProxy) {
        if self.machine_key.is_some() {
            let ended = |one: &Exchange| matches!(one.fault, Fault::TokenEndsOnTheWay(_));
            let told: Vec<_> = proxy.exchanges().into_iter().filter(ended).map(|one| one.status).collect();
            assert!(!told.is_empty() && told.iter().all(|status| *status == Some(401)), "{told:?}");
        }
    }
}

async fn undisturbed(week: &Recorded, server: &Server, tenant: &Tenant<'_>) -> Arrived {
    let proxy = server.proxy(tenant).await;
    let disk = Disk::temporary();
    let keys = week.copied_to(disk.path());
    let (now, base) = (week.ended.plus_millis(3_600_000), server.clinic.base_at(proxy.address()));
    let laptop = Syncing::on(disk, keys, now, &base, server.machine_key.as_deref()).await;
    let outcome = laptop.until_done(Some(&proxy)).await;
    server.refused_what_ended(&proxy);
    let arrived = as_it_should(week, &laptop, outcome, tenant).await;
    laptop.close().await;
    arrived
}

async fn killed_on_the_way(week: &Recorded, server: &Server, tenant: &Tenant<'_>) -> (Arrived, u32, u32) {
    let folder = tempfile::tempdir().unwrap();
    week.copied_to(folder.path());
    let proxy = server.proxy(tenant).await;
    let base = server.clinic.base_at(proxy.address());
    let start = |now| Victim::start(folder.path(), &base, now, server.machine_key.as_deref());
    let (mut chance, mut within) = (Chance(7), 0);
    let mut now = week.ended.plus_millis(3_600_000);
    for kill in 0..KILLS {
        // None may send more than its share, so that there is work for the next one. Where there is room for it, the
        // server does the work of the request that is held.
        let beyond = share(kill + 1);
        let works = proxy.stored().len() <= share(kill) && beyond + LARGEST_BATCH <= share(KILLS);
        proxy.hold(Some(Hold { beyond, works }));
        let mut victim = start(now);
        // Anywhere: while it opens the vault, while it writes what it sends, while the server works, before the answer
        // is stored. Every third surely with a request under way.
        let requests = if kill % 3 == 2 { usize::MAX } else { usize::try_from(chance.below(5)).unwrap() };
        let until = proxy.begun().saturating_add(requests);
        let began = Instant::now();
        while proxy.begun() < until && !proxy.holds_one() {
            assert!(!victim.has_ended(), "it ended before kill {kill}, with work left");
            assert!(began.elapsed() < PATIENCE, "nothing was sent before kill {kill}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(chance.below(120_000))).await;
        let busy = proxy.is_busy();
        assert!(!victim.has_ended(), "kill {kill} came too late");
        victim.kill();
        within += u32::from(busy);
        // What the server has not taken is still open.
        let taken = proxy.stored().keys().filter(|url| url.starts_with("Observation/")).count();
        assert!(taken < OBSERVATIONS - 2, "kill {kill}: all {taken} were there");
        now = now.plus_millis(120_000);
    }
    assert!(within >= LEAST_WITHIN, "only {within} kills with a request under way");
    proxy.hold(None);
    // Those before were killed, some of them while their token ended: this one hears of it.
    proxy.follow([server.token_ends()]);
    let last = start(now);
    last.end_well();
    assert_eq!(proxy.faults_left(), 0, "a token ended");
    server.refused_what_ended(&proxy);
    let keys = Arc::new(MemoryKeys::kept_in(keys_beside(folder.path())));
    let laptop =
        Syncing::on(Disk::at(folder.path()), keys, now.plus_millis(3_600_000), &base, server.machine_key.as_deref())
            .await;
    let outcome = laptop.until_done(Some(&proxy)).await;
    let arrived = as_it_should(week, &laptop, outcome, tenant).await;
    laptop.close().await;
    (arrived, KILLS, within)
}

/// How many records may be on the server after so many kills: in even steps, and never all of them.
fn share(kills: u32) -> usize {
    OBSERVATIONS * usize::try_from(kills).unwrap() / usize::try_from(KILLS + 1).unwrap()
}

/// All but two accepted, those two shown with the server's reason, and on the server exactly what is called accepted.
async fn as_it_should(week: &Recorded, laptop: &Syncing, outcome: Outcome, tenant: &Tenant<'_>) -> Arrived {
    // Devices have Observations of their own: of their clocks and batteries.
    let of_patients = |observation: &Value| {
        observation["subject"]["reference"].as_str().is_some_and(|subject| subject.starts_with("Patient/"))
    };
    let observations = tenant.all("Observation").await.into_iter();
    let arrived: Arrived =
        observations.filter(|(_, one)| of_patients(one)).map(|(id, _)| format!("Observation/{id}")).collect();
    assert_eq!(arrived.len(), OBSERVATIONS - 2);
    let others: BTreeMap<_, &OutboxRow> = outcome.others.iter().map(|row| (row.id, row)).collect();
    assert_eq!(others.len(), 2, "{:?}", outcome.others);
    for (id, status) in week.wrong.iter().zip([&[400, 422][..], &[400]]) {
        let row = others[id];
        let said = row.outcome.as_ref().expect("the server's word");
        assert!(row.state == RowState::Refused && status.contains(&said.status), "{row:?}");
        assert!(!said.text.is_empty(), "a reason is shown: {row:?}");
    }
    let held = held_by(tenant, &outcome.accepted).await;
    assert_eq!(held, outcome.accepted, "ids one to one");
    let charted = laptop.bedside.readings().await.iter().filter(|reading| reading.patient.is_some()).count();
    assert_eq!(arrived.len(), charted, "one for each reading of a patient");
    arrived
}

/// A process of its own that syncs, to be killed.
struct Victim(Child);

impl Victim {
    fn start(folder: &Path, base: &str, now: WallTime, machine_key: Option<&Path>) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .envs(machine_key.map(|key| (KEY, key)))
            .args(["--exact", "week::child_that_syncs_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(BASE, base)
            .env(NOW, now.0.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// SIGKILL: nothing of it runs any more, not even a destructor.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn end_well(mut self) {
        let (mut out, mut err) = (String::new(), String::new());
        std::io::Read::read_to_string(self.0.stdout.as_mut().unwrap(), &mut out).unwrap();
        std::io::Read::read_to_string(self.0.stderr.as_mut().unwrap(), &mut err).unwrap();
        assert!(self.0.wait().unwrap().success() && out.contains(DONE), "{out}\n{err}");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test by itself: what the parent starts and kills.
#[test]
#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn child_that_syncs_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (base, now) = (std::env::var(BASE).unwrap(), std::env::var(NOW).unwrap().parse().unwrap());
    on_a_runtime(async {
        let folder = Path::new(&folder);
        let keys = Arc::new(MemoryKeys::kept_in(keys_beside(folder)));
        let machine_key = std::env::var_os(KEY).map(PathBuf::from);
        let laptop = Syncing::on(Disk::at(folder), keys, WallTime(now), &base, machine_key.as_deref()).await;
        laptop.until_done(None).await;
        laptop.close().await;
        println!("{DONE}");
    });
}
