//! A program that is broken off in the midst of its work leaves no core dump, which would hold the record in clear.
//! Not here: files that it writes on purpose (`real_record`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const PERSON: [&str; 10] = [
    "patients",
    "add",
    "--mrn",
    "TST 7731 9042",
    "--family",
    "ZWICKELBRODT-TEST",
    "--given",
    "Rosa",
    "--birth-date",
    "1951-03-14",
];

fn bedsidectl(folder: &Path, arguments: &[&str]) -> Command {
    // The shell takes away whatever limit the surroundings have: only the program itself forbids dumps.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""]);
    command.arg(env!("CARGO_BIN_EXE_bedsidectl")).arg("--data-dir").arg(folder.join("data")).arg("--simulated=calm");
    command.args(arguments).current_dir(folder);
    for variable in ["HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
        command.env(variable, folder);
    }
    command
}

fn dumps(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("core")).collect()
}

fn abort(process: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -ABRT {process}")]).status().unwrap().success());
}

#[test]
fn a_recording_that_is_aborted_leaves_no_core_dump() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["vault", "create"][..], &PERSON] {
        let output = bedsidectl(folder.path(), arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut recording = bedsidectl(folder.path(), &["record", "--patient", "TST 7731 9042", "--seconds", "60"]);
    let mut recording = recording.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(recording.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("recording"), "{first}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", recording.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit of dumps");
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    abort(recording.id());
    assert!(!recording.wait().unwrap().success());
    assert_eq!(dumps(folder.path()), Vec::<String>::new());
}

/// The test above is able to fail: without the program's own care there is a dump, where this system writes dumps to files.
#[test]
fn another_program_that_is_aborted_leaves_one_where_the_system_writes_them() {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if !pattern.starts_with("core") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut other = Command::new("sh");
    other.args(["-c", "ulimit -c unlimited 2>/dev/null; ulimit -c; kill -ABRT $$"]).current_dir(folder.path());
    let output = other.output().unwrap();
    if String::from_utf8_lossy(&output.stdout).trim() == "unlimited" {
        assert!(!dumps(folder.path()).is_empty(), "no dump of another program either: the search proves nothing");
    }
}
