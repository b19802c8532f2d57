//! The program is killed a hundred times in the midst of its work: every reading with a receipt is still there.
//! Not here: loss of power.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(unix)]
mod support;

use bedside_console::Changes;
use bedside_console::ports::{Answer, Query, RecordStore};
use bedside_vitals::WallTime;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::*;

const KILLS: u64 = 100;
const FOLDER: &str = "BEDSIDE_KILL_TEST_FOLDER";

/// Not a test by itself: what the parent starts and kills.
#[tokio::test]
async fn child_that_commits_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let vault = opened(Path::new(&folder)).await;
    let Answer::VaultStatus(status) = read(&vault, Query::VaultStatus).await else { panic!("no status") };
    let mut next = status.generation as u32;
    loop {
        let at = T0 + i64::from(next) * 1000;
        let changes = Changes {
            readings: vec![reading(next, at, Some(PATIENT))],
            samples: vec![heart_rate(at, [70 + (next % 20) as i32])],
            frames: vec![frame(u64::from(next), None)],
            ..Changes::default()
        };
        let receipt = vault.commit(changes).await.unwrap();
        // Straight to the pipe: what stays in a buffer was never said.
        let line = format!("\nRECEIPT {} {next}\n", receipt.generation);
        std::io::stdout().write_all(line.as_bytes()).and_then(|()| std::io::stdout().flush()).unwrap();
        next += 1;
        if next.is_multiple_of(3) {
            vault.maintain(WallTime(at + 330_000), Duration::from_millis(50), None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn no_reading_with_a_receipt_is_lost_in_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    new_vault(folder.path()).await.close().await.unwrap();
    let (mut receipts, mut unsaid) = (0u64, 0u64);
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_commits_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let wanted = 1 + kill % 9;
        let mut last = None;
        for _ in 0..wanted {
            last = lines.find_map(|line| parse(&line)).or(last);
        }
        // The moment of the kill is the point: it must fall anywhere between two receipts.
        std::thread::sleep(Duration::from_micros(kill * 7919 % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.filter_map(|line| parse(&line)).last().or(last);
        let (generation, number) = last.expect("the child says its receipts");

        let vault = opened(folder.path()).await;
        let Answer::VaultStatus(status) = read(&vault, Query::VaultStatus).await else { panic!("no status") };
        assert!(status.generation >= generation, "kill {kill}: {} after {generation}", status.generation);
        assert!(status.generation <= generation + 1, "kill {kill}: commits nobody asked for");
        assert_eq!(status.readings, status.generation, "kill {kill}: a gap among the readings");
        assert_eq!(status.samples, status.generation);
        let all = (0..=number).map(|n| reading(n, 0, None).id).collect::<Vec<_>>();
        let Answer::KnownReadings(known) = read(&vault, Query::KnownReadings(all.clone())).await else { panic!() };
        assert_eq!(known, all, "kill {kill}");
        let Answer::Samples(samples) = read(&vault, Query::Samples { patient: None, since: None, until: None }).await
        else {
            panic!("no samples")
        };
        let expected = heart_rate(T0, (0..status.generation as i32).map(|n| 70 + n % 20));
        assert_eq!(samples, [expected], "kill {kill}: compaction lost or doubled a sample");
        let frames = Query::Frames { device: None, rejected_only: false, limit: usize::MAX };
        let Answer::Frames(frames) = read(&vault, frames).await else { panic!("no frames") };
        assert_eq!(frames.len() as u64, status.generation, "kill {kill}: frames");
        if kill % 10 == 9 {
            vault.check().await.unwrap();
        }
        vault.close().await.unwrap();
        unsaid += status.generation - generation;
        receipts = status.generation - unsaid;
    }
    println!("{KILLS} kills, {receipts} receipts, 0 lost, {unsaid} commits durable before their receipt was said");
    assert!(receipts > KILLS);
}

fn parse(line: &str) -> Option<(u64, u32)> {
    let mut words = line.strip_prefix("RECEIPT ")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
