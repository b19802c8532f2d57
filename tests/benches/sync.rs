//! What sending costs: records a second to a real server and our processor time for each, beside a plain client that
//! sends the same resources in batches of the same size to the same server in the same run; and our memory while 50,000
//! wait.
//! Not here: pass or fail. Run by `cargo bench -p bedside-tests --bench sync`, or by `cargo xtask bench`, which starts
//! Helios where it is built and installs the plain client.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../scenarios/harness.rs"]
mod harness;
#[path = "../sync/laptop.rs"]
mod laptop;
#[path = "../sync/ward.rs"]
mod ward;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedside_console::Changes;
use bedside_console::ports::*;
use bedside_outbox::{RowId, RowState};
use bedside_tests::clinic::Clinic;
use bedside_tests::fault_proxy::{FaultProxy, Passing};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vitals::WallTime;
use serde_json::Value;
use uuid::Uuid;

use harness::Disk;
use laptop::Syncing;
use ward::{Recorded, a_week, keys_beside, rows};

/// Observations that are sent beside the plain client: a full server stores some dozens a second.
const RECORDS: usize = 3_000;
/// Observations that wait, for the memory.
const MANY: usize = 50_000;
/// Of both clients: what the console begins with, and here may not go beyond.
const BATCH: usize = 50;
/// A Python that has the plain client; without it nothing is held against ours.
const PYTHON: &str = "BEDSIDE_FHIRPY";
const FOLDER: &str = "BEDSIDE_SYNC_BENCH_FOLDER";
const BASE: &str = "BEDSIDE_SYNC_BENCH_BASE";
const NOW: &str = "BEDSIDE_SYNC_BENCH_NOW";
/// Looking costs processor time too.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Sending that gets nowhere for so long hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// Of `/proc/self/stat`: a hundredth of a second on Linux.
const TICKS_A_SECOND: f64 = 100.0;
const MEBI: f64 = 1024.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        return runtime.block_on(send_all(Path::new(&folder)));
    }
    let week = a_week(12, RECORDS);
    runtime.block_on(async {
        let clinic = Clinic::at_hand();
        beside_a_plain_client(&week, &clinic).await;
        memory(&week, &clinic).await;
    });
}

/// Both send the same, one after the other.
async fn beside_a_plain_client(week: &Recorded, clinic: &Clinic) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("ours");
    let keys = week.copied_to(&folder);
    let dump = home.path().join("resources.jsonl");
    let sent = dump_rows(&folder, &keys, week, &dump).await;
    println!("server: {}, batches of {BATCH}", clinic.name());

    let tenant = clinic.tenant(&format!("bench-ours-{}", std::process::id()));
    // It adds the header that keeps the two apart, and keeps batches small.
    let passing = Passing { headers: vec![tenant.header()], most_entries: Some(BATCH), ..Passing::default() };
    let proxy = FaultProxy::start(clinic.address(), passing).await;
    let ours = child(&folder, &clinic.base_at(proxy.address()), week.ended).await;
    let of = |figures: &Value, name: &str| figures[name].as_f64().unwrap();
    let (seconds, processor) = (of(&ours, "seconds"), of(&ours, "processor_seconds"));
    let count = of(&ours, "sent");
    let mine = processor * 1e6 / count;
    println!("observations to {}: {:.1} a second", clinic.name(), count / seconds);
    println!("our processor time for each: {mine:.0} µs");

    let Some(python) = std::env::var_os(PYTHON) else {
        return println!("no plain client beside it ({PYTHON} names no Python that has fhirpy)");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/fhirpy_client.py");
    let base = clinic.base_at(clinic.address());
    let output = Command::new(python)
        .arg(script)
        .args([base, format!("bench-plain-{}", std::process::id()), dump.display().to_string(), BATCH.to_string()])
        .output()
        .unwrap();
    let plain: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("the plain client failed: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((&plain["sent"], &plain["taken"]), (&sent.into(), &sent.into()), "the same resources");
    let (seconds, processor) = (of(&plain, "seconds"), of(&plain, "processor_seconds"));
    let theirs = processor * 1e6 / of(&plain, "sent");
    println!("observations by the plain client: {:.1} a second", of(&plain, "sent") / seconds);
    println!("processor time of the plain client for each: {theirs:.0} µs");
    println!("the plain client takes so many times ours (target: 20 or more): {:.1}", theirs / mine);
}

/// 50,000 wait, and go in batches as large as the console makes them.
async fn memory(week: &Recorded, clinic: &Clinic) {
    let home = tempfile::tempdir().unwrap();
    let keys = week.copied_to(home.path());
    multiply(home.path(), &keys, week).await;
    let tenant = clinic.tenant(&format!("bench-many-{}", std::process::id()));
    let passing = Passing { headers: vec![tenant.header()], ..Passing::default() };
    let proxy = FaultProxy::start(clinic.address(), passing).await;
    let figures = child(home.path(), &clinic.base_at(proxy.address()), week.ended).await;
    let of = |name: &str| figures[name].as_f64().unwrap();
    println!("records sent, with 50,000 Observations among them: {}", figures["sent"]);
    println!("memory before sending: {:.0} MiB", of("resident_before") / MEBI);
    println!("memory at a quarter of it: {:.0} MiB", of("resident_quarter") / MEBI);
    println!("memory at three quarters: {:.0} MiB", of("resident_three_quarters") / MEBI);
    println!("the most memory at any time (target: under 150): {:.0} MiB", of("resident_most") / MEBI);
    println!("our processor time for each of them: {:.0} µs", of("processor_seconds") * 1e6 / of("sent"));
    println!("seconds for all: {:.0}", of("seconds"));
}

/// What waits, as the plain client reads it. Rows that no server takes are left out.
async fn dump_rows(folder: &Path, keys: &Arc<MemoryKeys>, week: &Recorded, to: &Path) -> usize {
    let laptop = offline(folder, keys, week).await;
    let mut text = String::new();
    let all = rows(laptop.store.as_ref(), &[RowState::Waiting]).await;
    let right: Vec<_> = all.iter().filter(|row| !week.wrong.contains(&row.id)).collect();
    for row in &right {
        text += &row.payload;
        text.push('\n');
    }
    std::fs::write(to, text).unwrap();
    laptop.close().await;
    right.len()
}

/// Fills the outbox up with Observations like those that are there.
async fn multiply(folder: &Path, keys: &Arc<MemoryKeys>, week: &Recorded) {
    let laptop = offline(folder, keys, week).await;
    let all = rows(laptop.store.as_ref(), &[RowState::Waiting]).await;
    let model: Vec<_> =
        all.iter().filter(|row| row.resource_type == "Observation" && !week.wrong.contains(&row.id)).cloned().collect();
    let mut more = Vec::new();
    for number in model.len()..MANY {
        let mut row = model[number % model.len()].clone();
        let (old, new) = (row.resource_id, Uuid::new_v5(&row.resource_id, &number.to_le_bytes()));
        row.payload = row.payload.replace(&old.to_string(), &new.to_string());
        (row.id, row.resource_id) = (RowId(new), new);
        more.push(row);
    }
    for some in more.chunks(1_000) {
        let changes = Changes { outbox: some.to_vec(), ..Changes::default() };
        laptop.store.commit(changes).await.unwrap();
    }
    laptop.close().await;
}

async fn offline(folder: &Path, keys: &Arc<MemoryKeys>, week: &Recorded) -> harness::Bedside {
    let machine = Arc::new(bedside_machine_system::SteppedMachine::new(week.ended));
    let laptop = harness::Laptop { folder: Disk::at(folder), keys: Arc::clone(keys), machine };
    laptop.start_on(&ward::empty_ward(), harness::Options::default()).await
}

/// Sends from a process of its own, so that nothing but sending is measured.
async fn child(folder: &Path, base: &str, now: WallTime) -> Value {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(FOLDER, folder).env(BASE, base).env(NOW, now.plus_millis(3_600_000).0.to_string());
    // The proxy is of this process and goes on meanwhile.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("sending failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What the child does: sends until nothing waits, and prints its figures.
async fn send_all(folder: &Path) {
    let (base, now) = (std::env::var(BASE).unwrap(), WallTime(std::env::var(NOW).unwrap().parse().unwrap()));
    let keys = Arc::new(MemoryKeys::kept_in(keys_beside(folder)));
    let before = resident();
    let laptop = Syncing::on(Disk::at(folder), keys, now, &base, None).await;
    let (began, used) = (Instant::now(), processor_seconds());
    let mut samples = Vec::new();
    let (mut first, mut last) = (None, 0);
    let mut moved = Instant::now();
    loop {
        let Answer::OutboxCounts(counts) = laptop.bedside.console.query(Query::OutboxCounts).await.unwrap() else {
            panic!("expected counts");
        };
        if counts.count(RowState::Accepted) > last {
            (last, moved) = (counts.count(RowState::Accepted), Instant::now());
        }
        assert!(moved.elapsed() < PATIENCE, "{counts:?} {:?}", laptop.bedside.latest().sync);
        first.get_or_insert(last);
        samples.push(resident());
        if counts.count(RowState::Waiting) + counts.count(RowState::Sending) == 0 {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let figures = serde_json::json!({
        "sent": last - first.unwrap(),
        "seconds": began.elapsed().as_secs_f64(),
        "processor_seconds": processor_seconds() - used,
        "resident_before": before,
        "resident_quarter": samples[samples.len() / 4],
        "resident_three_quarters": samples[samples.len() * 3 / 4],
        "resident_most": status_line("VmHWM:"),
    });
    laptop.close().await;
    println!("{figures}");
}

/// KiB of memory that this process has.
fn resident() -> u64 {
    status_line("VmRSS:")
}

fn status_line(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Of all threads, in user mode and in the system.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = [11, 12].map(|field: usize| behind_name[field].parse::<f64>().unwrap()).iter().sum();
    ticks / TICKS_A_SECOND
}
