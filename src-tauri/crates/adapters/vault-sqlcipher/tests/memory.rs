//! What SQLite gives back is overwritten: of a record that was read and closed nothing is left in the program's memory.
//! Not here: the memory of the program itself, and core dumps (there are none).
#![cfg(target_os = "linux")]
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

mod support;

use bedside_console::ports::RecordStore;
use rusqlite::Connection;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use support::*;

/// Made by SQLite alone, so that no copy of the test's own is found: the statement names the letter once.
const WRITE: &str = "CREATE TABLE t (x); INSERT INTO t SELECT replace(hex(zeroblob(1000)), '0', '\u{7e}') FROM
    (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n)";
const LETTER: u8 = b'~';
const RUN: usize = 256;

#[tokio::test]
async fn nothing_of_a_closed_database_is_left_in_memory() {
    let home = tempfile::tempdir().unwrap();
    // As in use: the vault is the first that starts SQLite.
    new_vault(&home.path().join("vault")).await.close().await.unwrap();
    let db = Connection::open(home.path().join("other.db")).unwrap();
    db.execute_batch(WRITE).unwrap();
    assert!(runs_in_memory() > 0, "the search finds what is there");
    drop(db);
    assert_eq!(runs_in_memory(), 0);
}

/// How many long runs of the letter this program's writable memory holds.
fn runs_in_memory() -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, until) = range.split_once('-').unwrap();
        let (from, until) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(until, 16).unwrap());
        let mut octets = vec![0; 1 << 16];
        let mut at = from;
        while at < until {
            let Ok(count) = memory.read_at(&mut octets, at) else { break };
            if count == 0 {
                break;
            }
            found += octets[..count].chunk_by(|a, b| a == b).filter(|run| run[0] == LETTER && run.len() >= RUN).count();
            at += count as u64;
        }
        // This buffer is memory as well: what was read must not be found again.
        octets.fill(0);
        std::hint::black_box(&octets);
    }
    found
}
