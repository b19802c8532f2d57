//! What the vault costs, measured beside the naive ways: durable commits, long trends, octets on disk.
//! Not here: pass or fail; each line names its target. Run by `cargo bench -p bedside-vault-sqlcipher`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/support/sys.rs"]
#[allow(dead_code, reason = "nothing fails and nothing is recorded")]
mod sys;

use bedside_console::ports::{Answer, DeviceSecret, NewVault, OpenMode, Query, RecordStore, Unlock, VaultId};
use bedside_console::{AuditAction, AuditEntry, Changes, RawFrame, SampleValues, StoredSamples, VaultStatus};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::{ConnectionId, DeviceId, Parameter, PatientId, SeriesId, Unit, WallTime};
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

const T0: i64 = 1_773_792_000_000;
const DAY: i64 = 86_400;
const DAYS: i64 = 30;
const PATIENT: PatientId = PatientId(Uuid::from_u128(1));
const DEVICE: DeviceId = DeviceId(Uuid::from_u128(2));
const VITALS: [Parameter; 8] = [
    Parameter::HeartRate,
    Parameter::OximeterPulseRate,
    Parameter::CuffPulseRate,
    Parameter::OxygenSaturation,
    Parameter::PulseAmplitudeIndex,
    Parameter::BloodPressure,
    Parameter::BodyTemperature,
    Parameter::BeatInterval,
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo bench ... -- commits` measures that alone.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if is_wanted("commits") {
        commits().await;
    }
    if is_wanted("trends") {
        trends().await;
    }
    if is_wanted("samples") {
        jittered_samples().await;
    }
    if is_wanted("notifications") {
        notifications(false).await;
        notifications(true).await;
    }
}

/// Commits of samples on this disk, and as on disks whose syncs take longer: what a commit costs beside its sync is the
/// same everywhere, so the share of it is the disk's.
async fn commits() {
    sys::install();
    for (disk, rows, rounds, longer) in [
        ("this disk", 10, 1000, Duration::ZERO),
        ("this disk", 100, 300, Duration::ZERO),
        ("a sync of 1 ms more", 10, 300, Duration::from_millis(1)),
        ("a sync of 4 ms more", 10, 300, Duration::from_millis(4)),
    ] {
        sys::sync_takes(longer);
        commits_of(disk, rows, rounds).await;
    }
    sys::sync_takes(Duration::ZERO);
}

/// The same samples of eight vitals in the same schema, with and without a key, turn by turn; and through the vault, which
/// also counts them and keeps the digests, without and with an act in the audit log.
async fn commits_of(disk: &str, rows: i64, rounds: i64) {
    let folder = tempfile::tempdir().unwrap();
    let key = format!("PRAGMA key = \"x'{}'\";", "5a".repeat(32));
    let mut plain = same_schema(&folder.path().join("plain.db"), "");
    let mut cipher = same_schema(&folder.path().join("cipher.db"), &key);
    let vault = new_vault(&folder.path().join("vault")).await;
    let audited = new_vault(&folder.path().join("audited")).await;
    let [mut of_plain, mut of_cipher, mut of_vault, mut of_audited] = [const { Vec::new() }; 4];
    for round in 0..rounds {
        of_plain.push(millis(|| insert(&mut plain, round, rows)));
        of_cipher.push(millis(|| insert(&mut cipher, round, rows)));
        let sample = |i: i64| series(VITALS[i as usize % 8], vec![(WallTime(T0 + round * 100 + i), i as i32)]);
        let captured = Changes { samples: (0..rows).map(sample).collect(), ..Changes::default() };
        let act = AuditEntry::new(WallTime(T0 + round), AuditAction::DeviceBound);
        let acted = Changes { audit: vec![act], ..captured.clone() };
        of_vault.push(commit(&vault, captured).await);
        of_audited.push(commit(&audited, acted).await);
    }
    let plain = quantile(&mut of_plain, 0.5);
    for (name, times) in [
        ("plain SQLite", &mut of_plain),
        ("SQLCipher", &mut of_cipher),
        ("vault", &mut of_vault),
        ("vault with an act", &mut of_audited),
    ] {
        let each = 1e3 * rows as f64 * times.len() as f64 / times.iter().sum::<f64>();
        let (half, most) = (quantile(times, 0.5), quantile(times, 0.99));
        println!(
            "commit of {rows} rows, {disk}, {name}: {half:.2} ms p50, {most:.2} ms p99, {each:.0} rows/s, {:.2} of plain",
            half / plain
        );
    }
    let added = quantile(&mut of_vault, 0.5) - plain;
    println!(
        "durable ingest of {rows} rows, {disk}: {:.2} of plain (target: at most 1.2, so a plain commit of {:.1} ms)",
        1.0 + added / plain,
        added / 0.2
    );
}

async fn commit(vault: &Vault, changes: Changes) -> f64 {
    let begin = Instant::now();
    vault.commit(changes).await.unwrap();
    begin.elapsed().as_secs_f64() * 1e3
}

/// Eight vitals a second apart for 30 days, written in turns as at a bedside, against one vital in rows.
async fn trends() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let begin = Instant::now();
    let mut vitals: Vec<Vital> = (0..8).map(|seed| Vital::new(seed + 9)).collect();
    for hour in 0..DAYS * 24 {
        let samples = VITALS.iter().zip(&mut vitals).map(|(parameter, vital)| {
            let timed = (0..3600).map(|i| (WallTime(T0 + (hour * 3600 + i) * 1000), vital.next())).collect();
            series(*parameter, timed)
        });
        vault.commit(Changes { samples: samples.collect(), ..Changes::default() }).await.unwrap();
        maintain(&vault, T0 + (hour + 1) * 3_600_000).await;
    }
    let status = finish(&vault, T0 + 2 * DAYS * DAY * 1000).await;
    let each = begin.elapsed().as_secs_f64() * 1e6 / status.samples as f64;
    println!("{} samples of 1 Hz, written and compacted: {each:.3} µs a sample", status.samples);
    println!("octets on disk a sample, even times: {:.3} (target: under 1)", per_item(folder.path(), status.samples));

    let query = || Query::Trend {
        patient: PATIENT,
        parameters: VITALS.to_vec(),
        from: WallTime(T0),
        until: WallTime(T0 + DAYS * DAY * 1000),
        columns: 1200,
    };
    let (mut cold, mut warm, mut bins) = (Vec::new(), Vec::new(), 0);
    for _ in 0..9 {
        forget(&folder.path().join("vault.db"));
        let begin = Instant::now();
        let vault = Vault::in_folder(folder.path());
        vault.open(Unlock::Device(secret()), OpenMode::Reader).await.unwrap();
        let Answer::Trend(trend) = vault.read(query()).await.unwrap() else { panic!("no trend") };
        cold.push(begin.elapsed().as_secs_f64() * 1e3);
        bins = trend.series.iter().map(|series| series.bins.len()).sum();
        let begin = Instant::now();
        vault.read(query()).await.unwrap();
        warm.push(begin.elapsed().as_secs_f64() * 1e3);
        vault.close().await.unwrap();
    }
    let (cold, warm) = (quantile(&mut cold, 0.5), quantile(&mut warm, 0.5));
    println!(
        "trend of 30 days, 8 vitals, {bins} bins: cold {cold:.1} ms with opening (target: under 50), warm {warm:.1} ms"
    );
    let rows = group_by(&folder.path().join("rows.db"));
    println!(
        "the same of 1 vital in rows, GROUP BY: {rows:.0} ms, {:.0} times as long (target: at least 50)",
        rows / cold
    );
}

fn group_by(file: &Path) -> f64 {
    let open = || {
        let db = Connection::open(file).unwrap();
        let key = format!("PRAGMA key = \"x'{}'\"; PRAGMA synchronous = NORMAL;", "5a".repeat(32));
        db.execute_batch(&key).unwrap();
        db
    };
    let mut db = open();
    let table =
        "CREATE TABLE sample (series INTEGER, at INTEGER, value INTEGER, PRIMARY KEY (series, at)) WITHOUT ROWID";
    db.execute_batch(table).unwrap();
    let all = db.transaction().unwrap();
    let mut vital = Vital::new(9);
    for second in 0..DAYS * DAY {
        let values = params![0, T0 + second * 1000, vital.next()];
        all.prepare_cached("INSERT INTO sample VALUES (?, ?, ?)").unwrap().execute(values).unwrap();
    }
    all.commit().unwrap();
    drop(db);
    let mut times = Vec::new();
    for _ in 0..3 {
        forget(file);
        times.push(millis(|| {
            let sql = "SELECT (at - ?1) / ?2 AS bin, min(value), max(value), avg(value), count(*) FROM sample
                WHERE series = 0 AND at >= ?1 GROUP BY bin";
            let db = open();
            let mut query = db.prepare(sql).unwrap();
            let mut rows = query.query(params![T0, DAYS * DAY * 1000 / 1200]).unwrap();
            while rows.next().unwrap().is_some() {}
        }));
    }
    quantile(&mut times, 0.5)
}

/// As `trends`, with arrival times that wander by ±15 ms as over the air: after three days, in which an empty vault of
/// 140 KB still weighs, and after all thirty.
async fn jittered_samples() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let mut noise = Noise(5);
    let mut vitals: Vec<Vital> = (0..8).map(|seed| Vital::new(seed + 9)).collect();
    for minutes in 0..DAYS * 24 * 12 {
        if minutes == 3 * 24 * 12 {
            maintain(&vault, T0 + 3 * DAY * 1000 + 3_600_000).await;
            let octets = vault_octets(&vault, folder.path()).await;
            println!("octets on disk a sample, to the millisecond with ±15 ms of jitter, 3 days: {octets:.3}");
        }
        let samples = VITALS.iter().zip(&mut vitals).map(|(parameter, vital)| {
            let at = |i| T0 + (minutes * 300 + i) * 1000;
            series(*parameter, (0..300).map(|i| (WallTime(at(i) + noise.within(15)), vital.next())).collect())
        });
        vault.commit(Changes { samples: samples.collect(), ..Changes::default() }).await.unwrap();
        maintain(&vault, T0 + (minutes + 1) * 300_000).await;
    }
    let status = finish(&vault, T0 + 2 * DAYS * DAY * 1000).await;
    let octets = per_item(folder.path(), status.samples);
    println!(
        "octets on disk a sample, to the millisecond with ±15 ms of jitter, 30 days: {octets:.3} (target: under 1)"
    );
}

/// Three days of raw heart rate notifications once a second: rate and beat intervals, or with energy expended too.
async fn notifications(energy: bool) {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let (mut noise, mut vital, mut raw, mut count) = (Noise(3), Vital::new(4), 0, 0);
    for minutes in 0..3 * 24 * 12i64 {
        let frames = (0..300).map(|i| {
            let rate = vital.next();
            let mut bytes = vec![if energy { 0x18 } else { 0x10 }, rate as u8];
            if energy {
                bytes.extend((minutes as u16).to_le_bytes());
            }
            let beats = if energy { 2 + noise.within(1).max(0) } else { 2 };
            for _ in 0..beats {
                bytes.extend(((1024 * 60 / i64::from(rate) + noise.within(30)) as u16).to_le_bytes());
            }
            raw += bytes.len();
            count += 1;
            RawFrame {
                device: DEVICE,
                connection: ConnectionId(Uuid::from_u128(3)),
                characteristic: Uuid::from_u128(0x2a37),
                index: (minutes * 300 + i) as u64,
                received: WallTime(T0 + (minutes * 300 + i) * 1000 + noise.within(15)),
                bytes,
                rejection: None,
            }
        });
        vault.commit(Changes { frames: frames.collect(), ..Changes::default() }).await.unwrap();
        maintain(&vault, T0 + (minutes + 1) * 300_000).await;
    }
    finish(&vault, T0 + 9 * DAY * 1000).await;
    let octets = per_item(folder.path(), count);
    let mean = raw as f64 / count as f64;
    println!("octets on disk a raw notification of {mean:.1} octets: {octets:.2} (target: at most 12)");
}

fn same_schema(file: &Path, key: &str) -> Connection {
    let db = Connection::open(file).unwrap();
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
    db.execute_batch(&format!("{key} {settings} {}", include_str!("../src/tables/schema/v1.sql"))).unwrap();
    for (id, parameter) in (1u8..).zip(VITALS) {
        let series = "INSERT INTO series VALUES (?, ?, x'02', x'03', ?, '/min', 0, 0, 0, NULL, NULL)";
        db.execute(series, params![id, [id], parameter.mdc()]).unwrap();
    }
    db
}

fn insert(db: &mut Connection, round: i64, rows: i64) {
    let all = db.transaction().unwrap();
    for row in 0..rows {
        let at = T0 + round * 100 + row;
        let insert = "INSERT INTO tail (series, start, last, octets) VALUES (?, ?, ?, ?)";
        all.prepare_cached(insert).unwrap().execute(params![row % 8 + 1, at, at, [row as u8; 20]]).unwrap();
    }
    all.commit().unwrap();
}

fn secret() -> DeviceSecret {
    DeviceSecret::new([7; 32])
}

async fn new_vault(folder: &Path) -> Vault {
    let vault = Vault::in_folder(folder);
    vault.create(NewVault { id: VaultId(Uuid::nil()), secret: secret(), first: None, recovery: None }).await.unwrap();
    vault
}

async fn maintain(vault: &Vault, now: i64) {
    while vault.maintain(WallTime(now), Duration::from_secs(1), None).await.unwrap().more {}
}

async fn finish(vault: &Vault, now: i64) -> VaultStatus {
    maintain(vault, now).await;
    let Answer::VaultStatus(status) = vault.read(Query::VaultStatus).await.unwrap() else { panic!("no status") };
    vault.close().await.unwrap();
    status
}

/// Octets a sample of a vault that stays open: what is in its log does not count twice.
async fn vault_octets(vault: &Vault, folder: &Path) -> f64 {
    let Answer::VaultStatus(status) = vault.read(Query::VaultStatus).await.unwrap() else { panic!("no status") };
    vault.check().await.unwrap();
    per_item(folder, status.samples)
}

fn series(parameter: Parameter, samples: Vec<(WallTime, i32)>) -> StoredSamples {
    StoredSamples {
        series: SeriesId::derive(DEVICE, Some(PATIENT), parameter),
        device: DEVICE,
        patient: Some(PATIENT),
        parameter,
        unit: Unit::PerMinute,
        exponent: 0,
        values: SampleValues::Timed(samples),
    }
}

fn per_item(folder: &Path, items: u64) -> f64 {
    std::fs::metadata(folder.join("vault.db")).unwrap().len() as f64 / items as f64
}

/// Makes the system forget a file, so that the next read comes from the disk.
fn forget(file: &Path) {
    let file = std::fs::File::open(file).unwrap();
    file.sync_all().unwrap();
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

fn millis(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

fn quantile(times: &mut [f64], q: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * q) as usize]
}

struct Noise(u64);

impl Noise {
    /// A whole number from `-most` to `most`.
    fn within(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % (2 * most + 1) - most
    }
}

/// A vital sign that wanders slowly and steps by whole units.
struct Vital {
    noise: Noise,
    value: f64,
    slow: f64,
    count: u64,
}

impl Vital {
    fn new(seed: u64) -> Self {
        Self { noise: Noise(seed), value: 72.0, slow: 0.0, count: 0 }
    }

    fn next(&mut self) -> i32 {
        let mut random = || self.noise.within(1_000_000) as f64 / 2_000_000.0;
        if self.count.is_multiple_of(60) {
            self.slow += random() * 2.0 - self.slow * 0.01;
        }
        self.value += random() * 1.6 + (72.0 + self.slow - self.value) * 0.05;
        self.count += 1;
        self.value.round() as i32
    }
}
