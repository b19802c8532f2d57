//! The program is killed at random moments of all that it does with a vault: every batch with a receipt is there, once.
//! Not here: loss of power (`power_loss`, `torn_wal`), and the spool's own kills (`spool`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(unix)]
mod support;

use bedside_console::SafeguardReport;
use bedside_console::ports::{RecordStore, Safeguard, SlotChange};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::WallTime;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::batches::*;
use support::proof::*;
use support::*;

const FOLDER: &str = "BEDSIDE_KILL_TEST_FOLDER";
const WORK: &str = "BEDSIDE_KILL_TEST_WORK";
/// A vault is not used for more kills than this: each reads it whole.
const KILLS_A_VAULT: u64 = 10;

/// What the program does when it is killed. Each round says a line before the work and one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Commits, and compaction now and then.
    Recording,
    /// Moving the log into the database file, and checking every page.
    Checkpoint,
    /// Compaction after every batch.
    Maintenance,
    /// Bringing a vault of the format before this one forward.
    Migration,
    /// Another database key.
    Rekey,
    /// A verified copy.
    Backup,
}

const EVERY_WORK: [Work; 6] =
    [Work::Recording, Work::Checkpoint, Work::Maintenance, Work::Migration, Work::Rekey, Work::Backup];

impl Work {
    /// Kills, quickly 300 in all and at length 10,000.
    fn kills(self) -> u64 {
        match self {
            Self::Recording => times(100, 3_400),
            Self::Checkpoint | Self::Maintenance => times(50, 1_700),
            Self::Migration => times(40, 1_200),
            Self::Rekey | Self::Backup => times(30, 1_000),
        }
    }

    /// One round beside the commits.
    async fn round(self, vault: &Vault, n: u32) {
        let at = WallTime(T0 + i64::from(n) * 1000 + 330_000);
        match self {
            Self::Recording if !n.is_multiple_of(3) => {}
            Self::Recording | Self::Maintenance => {
                vault.maintain(at, Duration::from_millis(50), None).await.unwrap();
            }
            Self::Checkpoint => vault.check().await.unwrap(),
            Self::Rekey => vault.keys(SlotChange::Rekey).await.unwrap(),
            Self::Backup => {
                vault.safeguard(Safeguard::Backup { now: at }).await.unwrap();
            }
            // It is over when the vault is open.
            Self::Migration => {}
        }
    }
}

fn say(line: &str) {
    // Straight to the pipe: what stays in a buffer was never said.
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).and_then(|()| std::io::stdout().flush()).unwrap();
}

/// Not a test by itself: what the parent starts and kills.
#[tokio::test]
async fn child_that_works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let named = std::env::var(WORK).unwrap();
    let work = EVERY_WORK.into_iter().find(|work| format!("{work:?}") == named).unwrap();
    say("BEGIN");
    let vault = opened(Path::new(&folder)).await;
    say("END");
    let mut next = u32::try_from(status(&vault).await.readings).unwrap();
    let mut generation = status(&vault).await.generation;
    loop {
        let receipt = vault.commit(batch(next)).await.unwrap();
        generation += 1;
        assert_eq!(receipt.generation, generation, "a gap among the generations");
        next += 1;
        say(&format!("RECEIPT {next}"));
        say("BEGIN");
        work.round(&vault, next).await;
        say("END");
    }
}

/// A child, and what it said until it was killed.
struct Victim {
    process: Child,
    lines: Box<dyn Iterator<Item = String>>,
    /// Batches with a receipt.
    receipts: u32,
    /// Whether it was at work when it was killed.
    working: bool,
}

impl Victim {
    fn start(folder: &Path, work: Work) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_works_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(WORK, format!("{work:?}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = Box::new(BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok));
        Self { process, lines, receipts: 0, working: false }
    }

    /// Reads until it has said `BEGIN` so many times.
    fn until_begun(&mut self, times: usize) {
        for _ in 0..times {
            while !self.working {
                let line = self.lines.next().expect("the child works until it is killed");
                self.hear(&line);
            }
            self.working = false;
        }
        self.working = true;
    }

    fn kill(mut self) -> (u32, bool) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        while let Some(line) = self.lines.next() {
            self.hear(&line);
        }
        (self.receipts, self.working)
    }

    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("RECEIPT", count)) => self.receipts = count.parse().unwrap(),
            _ if line == "BEGIN" => self.working = true,
            _ if line == "END" => self.working = false,
            _ => {}
        }
    }
}

/// How long one round of the work takes here, so that kills fall all over it.
async fn length_of(work: Work, folder: &Path) -> Duration {
    if work == Work::Migration {
        earlier::put(folder);
        let begin = Instant::now();
        opened(folder).await.close().await.unwrap();
        return begin.elapsed();
    }
    let vault = vault_of(folder, 30).await;
    let begin = Instant::now();
    work.round(&vault, 30).await;
    let length = begin.elapsed();
    vault.close().await.unwrap();
    length.max(Duration::from_millis(4))
}

/// What was told of the kills of one work.
#[derive(Default)]
struct Figures {
    receipts: u64,
    unsaid: u64,
    within: u64,
}

async fn kill_at(work: Work) {
    let home = tempfile::tempdir().unwrap();
    let length = length_of(work, &home.path().join("measured")).await;
    let (kills, mut dice, mut figures) = (work.kills(), Dice::new(0x4111 + work as u64), Figures::default());
    let folder: PathBuf = home.path().join("vault");
    let mut known = 0;
    for kill in 0..kills {
        let of = format!("{work:?}, kill {kill}");
        if work == Work::Migration {
            earlier::put(&folder);
            known = earlier::BATCHES;
        } else if kill % KILLS_A_VAULT == 0 {
            let _ = std::fs::remove_dir_all(&folder);
            let vault = vault_of(&folder, 0).await;
            if work == Work::Backup {
                // The copy that a kill at the next one must leave as it is.
                vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
            }
            vault.close().await.unwrap();
            known = 0;
        }
        let mut victim = Victim::start(&folder, work);
        // The first BEGIN is of the opening, where a migration happens; later ones are rounds of the work.
        victim.until_begun(if work == Work::Migration { 1 } else { 2 + dice.below(3) });
        // The moment of the kill is the point: it must fall anywhere into the work and a little behind it.
        let micros = u64::try_from(length.as_micros()).unwrap() * 5 / 4;
        std::thread::sleep(Duration::from_micros(dice.word() % micros));
        let (receipts, within) = victim.kill();
        let receipts = receipts.max(known);

        let vault = opened(&folder).await;
        let found = batches_in(&vault, &of).await;
        assert!(found >= receipts, "{of}: {receipts} batches were acknowledged, {found} are there");
        assert!(found <= receipts + 1, "{of}: {found} batches after {receipts}: nobody asked for them");
        if kill % 10 == 9 || matches!(work, Work::Rekey | Work::Migration | Work::Checkpoint) {
            vault.check().await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
        }
        vault.close().await.unwrap();
        if work == Work::Backup {
            a_backup_restores(&folder, found, &of).await;
        }
        figures.receipts += u64::from(receipts - known);
        figures.unsaid += u64::from(found - receipts);
        figures.within += u64::from(within);
        known = found;
        progress(&format!("kills, {work:?}"), kill + 1, kills);
    }
    let Figures { receipts, unsaid, within } = figures;
    let name = format!("{work:?}").to_lowercase();
    tell(
        &format!("killed at {name}"),
        &format!(
            "{kills} kills, {within} of them within, {receipts} receipts, 0 lost, {unsaid} durable before they were said"
        ),
    );
    assert!(within > kills / 10, "the kills missed the work");
}

/// Whatever the kill left of a backup: the newest that verifies restores, and holds nothing that is wrong.
async fn a_backup_restores(folder: &Path, found: u32, of: &str) {
    let copy = folder.with_file_name("restored");
    let _ = std::fs::remove_dir_all(&copy);
    copy_all(folder, &copy);
    // Nothing but the backup is there to be restored.
    for name in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(copy.join(name));
    }
    let vault = Vault::in_folder(&copy);
    let restore = Safeguard::Restore { backup: None, unlock: Some(unlock()), now: WallTime(T0 + 900_000) };
    let report = vault.safeguard(restore).await;
    let Ok(SafeguardReport::Restored { backup, .. }) = report else { panic!("{of}: {report:?}") };
    vault.close().await.ok();
    let vault = opened(&copy).await;
    let restored = batches_in(&vault, of).await;
    // One commit of people, then one a batch.
    assert_eq!(u64::from(restored) + 1, backup.generation, "{of}");
    assert!(restored <= found, "{of}");
    vault.close().await.unwrap();
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_with_a_receipt_is_lost_by_a_kill_while_recording() {
    kill_at(Work::Recording).await;
}

#[tokio::test]
async fn nothing_with_a_receipt_is_lost_by_a_kill_at_a_checkpoint() {
    kill_at(Work::Checkpoint).await;
}

#[tokio::test]
async fn nothing_with_a_receipt_is_lost_by_a_kill_at_compaction() {
    kill_at(Work::Maintenance).await;
}

#[tokio::test]
async fn a_vault_of_an_earlier_version_survives_kills_while_it_is_brought_forward() {
    kill_at(Work::Migration).await;
}

#[tokio::test]
async fn a_kill_at_a_rekey_leaves_a_vault_that_opens_with_the_same_secret() {
    kill_at(Work::Rekey).await;
}

#[tokio::test]
async fn a_kill_at_a_backup_leaves_the_vault_and_a_backup_that_restores() {
    kill_at(Work::Backup).await;
}
