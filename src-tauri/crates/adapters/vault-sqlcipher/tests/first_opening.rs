//! Several threads of a program that has just started open a vault each, at once.
//! Not here: several programs at one vault (`faults`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::RecordStore;
use bedside_vault_sqlcipher::Vault;
use std::process::Command;
use std::sync::Barrier;
use support::*;

const THREADS: usize = 8;
/// What goes wrong at the start of a program can go wrong once in each.
const PROGRAMS: usize = 40;
const CHILD: &str = "BEDSIDE_FIRST_OPENING_CHILD";

#[test]
fn a_program_that_has_just_started_opens_every_vault() {
    for program in 0..PROGRAMS {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", "child_that_opens_at_once"]).env(CHILD, "1").output().unwrap();
        assert!(output.status.success(), "program {program}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn child_that_opens_at_once() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let vault = Vault::in_folder(folder.path());
                start.wait();
                runtime.block_on(vault.create(made_of())).unwrap();
            });
        }
    });
}
