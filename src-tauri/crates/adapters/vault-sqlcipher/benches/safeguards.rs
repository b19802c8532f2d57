//! What it costs to come back to the record and to keep it safe: signing in, a PIN, another key, a copy, a check.
//! Not here: pass or fail; each line names its target. Run by `cargo bench -p bedside-vault-sqlcipher`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use bedside_console::ports::*;
use bedside_console::{Changes, Clinician, ClinicianId, Role, UserName};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::path::Path;
use std::time::{Duration, Instant};
use support::batches::{batch, people, record_of};
use support::*;
use uuid::Uuid;

const BERG: ClinicianId = ClinicianId(Uuid::from_u128(0xbe));
const PASSPHRASE: &str = "violet kettle of the north";
const PIN: &str = "704913";
/// Readings, samples and raw frames of the vault.
const BATCHES: u32 = 20_000;
const ROUNDS: u32 = 7;
/// Readings of the vault whose opening is measured.
const READINGS: u32 = 100_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("vault");
    fill(&folder).await;
    sign_in(&folder).await;
    safeguards(&folder).await;
    opening(&home.path().join("long")).await;
}

/// A vault of one clinician with a passphrase of the ordinary cost, and the record of some days.
async fn fill(folder: &Path) {
    let vault = Vault::in_folder(folder);
    let owner = SlotOwner { clinician: BERG, user_name: UserName::new("o.berg").unwrap() };
    let first = Some(NewSlot { owner, passphrase: Passphrase::typed(PASSPHRASE) });
    vault.create(NewVault { first, recovery: Some(RecoveryKey::new([5; 32]).public()), ..made_of() }).await.unwrap();
    let berg = Clinician {
        id: BERG,
        user_name: UserName::new("o.berg").unwrap(),
        display_name: "Dr Berg".into(),
        roles: vec![Role::Clinician],
        disabled: None,
        has_pin: false,
        enrolled: WallTime(T0),
    };
    let pins = vec![(BERG, Pin::typed(PIN))];
    vault.commit(Changes { clinicians: vec![berg], pins, ..people() }).await.unwrap();
    for from in (0..BATCHES).step_by(500) {
        let mut all = Changes::default();
        for n in from..from + 500 {
            let one = batch(n);
            all.readings.extend(one.readings);
            all.samples.extend(one.samples);
            all.frames.extend(one.frames);
            all.outbox.extend(one.outbox);
            all.audit.extend(one.audit);
        }
        vault.commit(all).await.unwrap();
        let now = WallTime(T0 + i64::from(from) * 1000 + 900_000);
        while vault.maintain(now, Duration::from_secs(1), None).await.unwrap().more {}
    }
    vault.close().await.unwrap();
    let octets = std::fs::metadata(folder.join("vault.db")).unwrap().len();
    println!("record: {BATCHES} readings, samples, frames and acts in {:.1} MB", octets as f64 / 1e6);
}

/// A wrong passphrase costs the derivation and nothing more: what the right one costs above it is the vault's own.
async fn sign_in(folder: &Path) {
    let (mut refused, mut open, mut pin, mut load) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let with = |passphrase: &str| Unlock::Passphrase {
        clinician: BERG,
        secret: secret(),
        passphrase: Passphrase::typed(passphrase),
    };
    for _ in 0..ROUNDS {
        let vault = Vault::in_folder(folder);
        let begin = Instant::now();
        assert!(vault.open(with("another passphrase"), OpenMode::Writer).await.is_err());
        refused.push(millis(begin));
        let begin = Instant::now();
        vault.open(with(PASSPHRASE), OpenMode::Writer).await.unwrap();
        open.push(millis(begin));
        let begin = Instant::now();
        first_look(&vault).await;
        load.push(millis(begin));
        let begin = Instant::now();
        let Answer::PinVerified(true) = vault.read(Query::VerifyPin(BERG, Pin::typed(PIN))).await.unwrap() else {
            panic!("the PIN is right")
        };
        first_look(&vault).await;
        pin.push(millis(begin));
        vault.close().await.unwrap();
    }
    let derivation = median(&mut refused);
    let beside = median(&mut open) - derivation + median(&mut load);
    println!("passphrase, Argon2id alone: {derivation:.0} ms (by design 300 to 700)");
    println!("sign-in after Argon2id, opened and loaded: {beside:.0} ms (target: under 1000)");
    println!("resume from screen lock, PIN and first look: {:.0} ms (target: under 300)", median(&mut pin));
}

/// What the console asks before it shows anything.
async fn first_look(vault: &Vault) {
    for query in [
        Query::Patients,
        Query::Devices,
        Query::OpenBindings,
        Query::DeviceMemories,
        Query::LastRun,
        Query::OutboxCounts,
        Query::UnassignedCount,
        Query::PatientActivity,
        Query::LastValues(PATIENT),
        Query::Clinicians,
        Query::VaultStatus,
    ] {
        vault.read(query).await.unwrap();
    }
}

/// SQLite's quick check at an opening has a limit of its own: what it does not get to is looked at when idle.
async fn opening(folder: &Path) {
    let vault = new_vault(folder).await;
    let (mut empty, mut long) = (Vec::new(), Vec::new());
    vault.close().await.unwrap();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        opened(folder).await.close().await.unwrap();
        empty.push(millis(begin));
    }
    let vault = opened(folder).await;
    vault.commit(people()).await.unwrap();
    for from in (0..READINGS).step_by(1_000) {
        let readings = (from..from + 1_000).map(|n| reading(n, T0 + i64::from(n) * 1000, Some(PATIENT))).collect();
        vault.commit(Changes { readings, ..Changes::default() }).await.unwrap();
    }
    vault.close().await.unwrap();
    let octets = std::fs::metadata(folder.join("vault.db")).unwrap().len();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        opened(folder).await.close().await.unwrap();
        long.push(millis(begin));
    }
    println!("opened and closed, an empty vault: {:.0} ms", median(&mut empty));
    println!(
        "opened and closed, {READINGS} readings in {:.1} MB, with the quick check: {:.0} ms (target: under 300)",
        octets as f64 / 1e6,
        median(&mut long)
    );
}

async fn safeguards(folder: &Path) {
    let vault = Vault::in_folder(folder);
    vault.open(Unlock::Recovery(RecoveryKey::new([5; 32])), OpenMode::Writer).await.unwrap();
    let (mut copy, mut check, mut rekey, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..3 {
        let now = WallTime(T0 + 1_000_000_000 + round * 3_600_000);
        let begin = Instant::now();
        vault.safeguard(Safeguard::Backup { now }).await.unwrap();
        copy.push(millis(begin));
        let begin = Instant::now();
        vault.safeguard(Safeguard::Check).await.unwrap();
        check.push(millis(begin));
        let begin = Instant::now();
        vault.keys(SlotChange::Rekey).await.unwrap();
        rekey.push(millis(begin));
        let begin = Instant::now();
        record_of(&vault).await.unwrap();
        whole.push(millis(begin));
    }
    vault.close().await.unwrap();
    println!("backup, verified: {:.0} ms", median(&mut copy));
    println!("check of every page, index, audit entry and digest: {:.0} ms", median(&mut check));
    println!("rekey, proven: {:.0} ms", median(&mut rekey));
    println!("the whole record read: {:.0} ms", median(&mut whole));
}

fn millis(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
