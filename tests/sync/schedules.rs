//! After any schedule of faults the server holds exactly what the console calls accepted, which is every record that is
//! right, each once; and at no time is a record called accepted that the server has not said it has.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bedside_outbox::RowState;
use bedside_tests::clinic::Clinic;
use bedside_tests::fault_proxy::{Fault, FaultProxy, Passing, schedule};
use bedside_tests::figures;

use crate::laptop::{Syncing, held_by};
use crate::on_a_runtime;
use crate::ward::{Recorded, a_visit};

/// Consoles that sync side by side.
const AT_ONCE: u64 = 4;
/// The first seed, unless another is named: then only that schedule is tried.
const SEED: &str = "BEDSIDE_SEED";
/// Every so many schedules meet a server that takes no ids of ours, if it is the engine.
const GIVES_IDS_EVERY: u64 = 4;
/// How such a server refuses them (`tests/clinic/demo-clinic.mjs`).
const WAYS_TO_REFUSE: [&str; 3] = ["said", "words", "status"];
/// How many schedules.
const SCHEDULES: &str = "BEDSIDE_SCHEDULES";
/// Schedules that found a fault in long runs: a Provenance was made twice by a server that gives ids.
const ONCE_FAILED: [u64; 2] = [831, 863];
/// With so many schedules nearly every fault has its turn, and so has a server that gives ids.
const MANY: u64 = 200;
/// Of 16 kinds (`fault::schedule`).
const LEAST_KINDS: usize = 12;

/// What all schedules came to.
#[derive(Debug, Default)]
struct Tally {
    faults: BTreeMap<&'static str, u64>,
    exchanges: u64,
    records: u64,
    /// Records that the server stored more than once: another version of the same.
    again: u64,
    waited_s: u64,
    /// Schedules in which the server gave every record an id of its own.
    gave_ids: u64,
}

#[test]
fn after_any_schedule_of_faults_the_server_holds_each_record_once() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let long = std::env::var("BEDSIDE_ENDURE").is_ok();
    let seeds: Vec<u64> = match (number(SEED), number(SCHEDULES)) {
        (Some(seed), count) => (seed..).take(usize::try_from(count.unwrap_or(1)).unwrap()).collect(),
        (None, Some(count)) => (0..count).collect(),
        (None, None) if long => (0..2_000).collect(),
        (None, None) => (0..MANY).chain(ONCE_FAILED).collect(),
    };
    let count = seeds.len() as u64;
    let visit = Arc::new(a_visit());
    let tally = Arc::new(Mutex::new(Tally::default()));
    let clinic = Arc::new(Clinic::at_hand());
    let began = std::time::Instant::now();
    // The consoles run on the workers; who watches them, here.
    let local = tokio::task::LocalSet::new();
    on_a_runtime(local.run_until(async {
        let next = Arc::new(Mutex::new(seeds.into_iter()));
        let mut working = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (visit, clinic, tally, next) =
                (Arc::clone(&visit), Arc::clone(&clinic), Arc::clone(&tally), Arc::clone(&next));
            working.spawn_local(async move {
                loop {
                    let Some(seed) = next.lock().unwrap().next() else { return };
                    Box::pin(holds_after(seed, &visit, &clinic, &tally)).await;
                }
            });
        }
        while let Some(ended) = working.join_next().await {
            ended.unwrap();
        }
    }));
    let tally = tally.lock().unwrap();
    let faults: u64 = tally.faults.values().sum();
    if count >= MANY {
        assert!(tally.faults.len() >= LEAST_KINDS, "hardly a fault happened: {:?}", tally.faults);
        assert!(tally.gave_ids > 0 || !clinic.is_engine(), "no server gave ids");
    }
    figures::tell(
        "sync through faults",
        &format!(
            "{count} schedules against {}, {faults} faults of {} kinds in {} exchanges, {} records each there once, \
             0 claimed that are not ({} sent again as a further version), {} with a server that gives ids itself, {} \
             min of waits skipped, {} s",
            clinic.name(),
            tally.faults.len(),
            tally.exchanges,
            tally.records,
            tally.again,
            tally.gave_ids,
            tally.waited_s / 60,
            began.elapsed().as_secs(),
        ),
    );
}

async fn holds_after(seed: u64, visit: &Recorded, clinic: &Clinic, tally: &Mutex<Tally>) {
    let _named = Named(seed);
    // A server that is not ours may have the clinic of an earlier run.
    let tenant = clinic.tenant(&format!("schedule-{seed}-{}", std::process::id()));
    let gives_ids = gives_ids(seed).filter(|_| clinic.is_engine());
    let faults = schedule(seed);
    let refusal = gives_ids.map(|how| ("X-Test-Gives-Ids".to_owned(), how.to_owned()));
    let headers = [Some(tenant.header()), refusal].into_iter().flatten().collect();
    let proxy = FaultProxy::start(clinic.address(), Passing { headers, ..Passing::default() }).await;
    proxy.follow(faults.clone());
    let laptop = Syncing::on_copy(visit, &clinic.base_at(proxy.address())).await;
    let outcome = laptop.until_done(Some(&proxy)).await;
    laptop.close().await;

    let others: Vec<_> = outcome.others.iter().map(|row| (row.id, &row.outcome)).collect();
    let said = || format!("schedule {seed}, {gives_ids:?}: {faults:?}\n{others:#?}\n{:#?}", proxy.exchanges());
    let refused: Vec<_> = outcome.others.iter().map(|row| (row.id, row.state)).collect();
    let expected: Vec<_> = visit.wrong.iter().map(|id| (*id, RowState::Refused)).collect();
    assert_eq!(refused, expected, "only what is wrong is refused, and nothing is left: {}", said());
    let renamed = if gives_ids.is_some() { outcome.accepted.len() } else { 0 };
    assert_eq!(outcome.renamed, renamed, "the server gives ids to all or to none: {}", said());
    let held = held_by(&tenant, &outcome.accepted).await;
    let difference: Vec<_> = held.symmetric_difference(&outcome.accepted).collect();
    assert!(difference.is_empty(), "{difference:?}: {}", said());
    tenant.forget().await;

    let mut tally = tally.lock().unwrap();
    tally.gave_ids += u64::from(outcome.renamed > 0);
    for exchange in proxy.exchanges() {
        tally.exchanges += 1;
        if exchange.fault != Fault::None {
            *tally.faults.entry(exchange.fault.name()).or_default() += 1;
        }
    }
    tally.records += u64::try_from(held.len()).unwrap();
    let again = proxy.stored().iter().filter(|(url, times)| url.starts_with("Observation/") && **times > 1).count();
    tally.again += u64::try_from(again).unwrap();
    tally.waited_s += outcome.waited.as_secs();
}

/// How the server of this schedule refuses our ids; `None` where it takes them.
fn gives_ids(seed: u64) -> Option<&'static str> {
    let number = usize::try_from(seed / GIVES_IDS_EVERY).unwrap();
    (seed % GIVES_IDS_EVERY == GIVES_IDS_EVERY - 1).then(|| WAYS_TO_REFUSE[number % WAYS_TO_REFUSE.len()])
}

/// Says which schedule it was, whatever it is that fails.
struct Named(u64);

impl Drop for Named {
    #[allow(clippy::print_stderr, reason = "a seed that is not told cannot be tried again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{SEED}={}: {:?}", self.0, schedule(self.0));
        }
    }
}
