//! Two programs on one vault: the second writer is refused and told who the first is; readers work beside it while it
//! writes. Not here: what `bedsidectl` makes of it (its own tests).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::{OpenMode, RecordStore, StoreFault};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::batches::*;
use support::proof::*;
use support::*;

const FOLDER: &str = "BEDSIDE_OTHER_WRITER";
/// What the reading program reads while the other writes.
const READS: u32 = 60;

/// Not a test by itself: the other program. Writes until its standard input ends, so it ends with its parent, too.
#[tokio::test]
async fn other_program_that_writes() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let vault = opened(Path::new(&folder)).await;
    let (end, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || end.send(std::io::stdin().lines().next().is_none()));
    let mut n = 0;
    while ended.try_recv().is_err() {
        vault.commit(batch(n)).await.unwrap();
        n += 1;
        if n.is_multiple_of(20) {
            let now = WallTime(T0 + i64::from(n) * 1000 + 330_000);
            vault.maintain(now, Duration::from_millis(50), None).await.unwrap();
        }
        std::io::stdout().write_all(format!("\nWROTE {n}\n").as_bytes()).unwrap();
    }
    vault.close().await.unwrap();
}

struct Other {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    /// What it said last.
    wrote: u32,
}

impl Other {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "other_program_that_writes", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines, wrote: 0 }
    }

    /// The next batch count that it says.
    fn wrote(&mut self) -> u32 {
        let mut said = self.lines.by_ref().map_while(Result::ok);
        self.wrote = said.find_map(|line| line.strip_prefix("WROTE ")?.parse().ok()).expect("the other program writes");
        self.wrote
    }

    /// Lets it end in the ordinary way; tells how much it wrote.
    fn end(mut self) -> u32 {
        drop(self.process.stdin.take());
        let last = self.lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("WROTE ")?.parse().ok()).last();
        assert!(self.process.wait().unwrap().success());
        // On a busy computer it may have ended before it wrote once more.
        last.unwrap_or(self.wrote)
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_by_name_and_readers_work_beside_the_first() {
    let folder = tempfile::tempdir().unwrap();
    vault_of(folder.path(), 0).await.close().await.unwrap();
    let mut other = Other::start(folder.path());
    other.wrote();

    let vault = Vault::in_folder(folder.path());
    let refused = vault.open(unlock(), OpenMode::Writer).await;
    let Err(StoreFault::Held { holder }) = refused else { panic!("expected that it is held, got {refused:?}") };
    assert!(holder.ends_with(&format!(" {}", other.process.id())), "the holder is another: {holder}");

    vault.open(unlock(), OpenMode::Reader).await.unwrap();
    assert_eq!(vault.commit(batch(0)).await, Err(StoreFault::ReadOnly));
    let (first, mut last) = (status(&vault).await.readings, 0);
    for _ in 0..READS {
        let said = u64::from(other.wrote());
        let now = status(&vault).await;
        assert!(now.readings >= said, "what was acknowledged there is not seen here");
        assert!(now.readings >= last, "an older state was read");
        last = now.readings;
        assert_eq!(now.readings, now.samples, "a part of a batch was seen");
    }
    vault.close().await.unwrap();
    let written = other.end();

    let vault = opened(folder.path()).await;
    assert_eq!(batches_in(&vault, "after both").await, written);
    vault.close().await.unwrap();
    let seen = last - first;
    tell(
        "two programs",
        &format!("second writer refused by name, {READS} reads beside {seen} commits, each of a whole state"),
    );
    assert!(seen > 0);
}
