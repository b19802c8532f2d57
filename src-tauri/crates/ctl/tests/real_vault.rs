//! The administration of a real vault through the program: real keyring, real SQLCipher, throw-away folders.
//! What `bedsidectl` promises IT: who gets in, who does not, with which exit code; that a lost keyring loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use bedside_assembly::{Place, Source};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const KAYA: &str = "a quiet river in March";
const LINDQVIST: &str = "seven grey herons stand";
const RECORD_NUMBER: &str = "TST 7731 9042";

/// A laptop with a vault of its own; the keyring entry is named after the vault's id, so laptops do not meet.
struct Laptop {
    folder: tempfile::TempDir,
}

impl Laptop {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn vault(&self) -> PathBuf {
        self.folder.path().join("data/vault")
    }

    /// Runs with these lines on standard input.
    fn ask(&self, arguments: &[&str], lines: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedsidectl"));
        command.arg("--data-dir").arg(self.folder.path().join("data")).args(arguments);
        // `--kit-stdin` says by itself that secrets come.
        if !lines.is_empty() && !arguments.contains(&"--kit-stdin") {
            command.arg("--secret-stdin");
        }
        for folder in ["HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            let path = self.folder.path().join(folder);
            std::fs::create_dir_all(&path).unwrap();
            command.env(folder, path);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that needs none of them may have ended.
        lines.iter().for_each(|line| drop(writeln!(input, "{line}")));
        drop(input);
        child.wait_with_output().unwrap()
    }

    /// The exit code and what was said on standard error.
    fn code(&self, arguments: &[&str], lines: &[&str]) -> (i32, String) {
        let output = self.ask(arguments, lines);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// The lines of standard output of a command that succeeds.
    fn run(&self, arguments: &[&str], lines: &[&str]) -> Vec<String> {
        let output = self.ask(arguments, lines);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "bedsidectl {arguments:?}: {words}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn json(&self, arguments: &[&str], lines: &[&str]) -> Vec<Value> {
        let all = [&["--json"], arguments].concat();
        self.run(&all, lines).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A vault of which Dr Kaya is the first clinician; the recovery kit.
    fn with_kaya() -> (Self, String) {
        let laptop = Self::new();
        let made = laptop.run(&["--user", "kaya", "vault", "create", "--name", "Dr Kaya"], &[KAYA, "482913"]);
        let kit = made.iter().find(|line| line.matches('-').count() >= 10).expect("a kit on standard output").clone();
        (laptop, kit)
    }

    fn add_patient(&self) {
        let person = ["--family", "TESTPERSON", "--given", "Rosa", "--birth-date", "1951-03-14"];
        let add = [&["--user", "kaya", "patients", "add", "--mrn", RECORD_NUMBER][..], &person].concat();
        self.run(&add, &[KAYA]);
    }

    fn patients(&self, user: &str, passphrase: &str) -> usize {
        self.json(&["--user", user, "patients", "list"], &[passphrase]).len()
    }

    /// Deletes the keyring's entries of this vault, as a new system account would.
    fn lose_the_keyring_entry(&self) {
        let place = Place::new(Source::Real, Some(&self.folder.path().join("data")), None).unwrap();
        let lose = async {
            let vault = place.closed_vault().await.unwrap().header.id;
            place.keys().load(vault).await.expect("the entry is there");
            place.keys().forget(vault).await.unwrap();
        };
        tokio::runtime::Runtime::new().unwrap().block_on(lose);
    }
}

#[test]
fn a_vault_opens_for_its_clinician_and_for_nobody_else() {
    let (laptop, _kit) = Laptop::with_kaya();
    laptop.add_patient();
    assert_eq!(laptop.patients("KAYA", KAYA), 1, "the name in any case");

    let (code, words) = laptop.code(&["patients", "list"], &[]);
    assert_eq!(code, 77);
    assert!(words.contains("--user"), "{words}");
    let (code, words) = laptop.code(&["--user", "kaya", "patients", "list"], &[]);
    assert_eq!((code, words.contains("--secret-stdin")), (77, true), "{words}");
    assert_eq!(laptop.code(&["--user", "kaya", "patients", "list"], &["a quiet river in May"]).0, 77);
    assert_eq!(laptop.code(&["--user", "nobody", "patients", "list"], &[KAYA]).0, 77);
    assert_eq!(laptop.code(&["--user", "kaya", "vault", "create", "--name", "K"], &[KAYA]).0, 73, "never overwritten");
    assert_eq!(laptop.patients("kaya", KAYA), 1, "a right one after a wrong one");
}

#[test]
fn a_weak_passphrase_and_a_nameless_first_run_make_no_vault() {
    let laptop = Laptop::new();
    let create = ["--user", "kaya", "vault", "create", "--name", "Dr Kaya"];
    assert_eq!(laptop.code(&create, &["short"]).0, 65);
    assert_eq!(laptop.code(&create, &["password"]).0, 65);
    assert_eq!(laptop.code(&["vault", "create"], &[KAYA]).0, 77);
    assert!(!laptop.vault().join("vault.db").exists());
}

#[test]
fn a_lost_keyring_entry_is_told_and_the_recovery_kit_brings_the_record_back() {
    let (laptop, kit) = Laptop::with_kaya();
    laptop.add_patient();
    laptop.lose_the_keyring_entry();
    let before = std::fs::read(laptop.vault().join("vault.db")).unwrap();
    let (code, words) = laptop.code(&["--user", "kaya", "patients", "list"], &[KAYA]);
    assert_eq!(code, 73, "{words}");
    assert!(words.contains("no secret"), "{words}");
    assert_eq!(std::fs::read(laptop.vault().join("vault.db")).unwrap(), before, "nothing was changed");

    let recover = ["--user", "lindqvist", "vault", "recover", "--name", "IT Lindqvist", "--kit-stdin"];
    let mistyped = kit.replacen(|c: char| c.is_ascii_digit(), "U", 1);
    let (code, words) = laptop.code(&recover, &[&mistyped, LINDQVIST]);
    assert_eq!(code, 65, "{words}");
    laptop.run(&recover, &[&kit, LINDQVIST]);
    let slots = laptop.run(&["vault", "slots"], &[]);
    assert!(slots.iter().any(|line| line.contains("lindqvist")), "{slots:?}");
    // An administrator looks after the vault and the people, not after patients: Dr Kaya comes back by a new passphrase.
    let reset = ["--user", "lindqvist", "clinicians", "passphrase", "kaya"];
    laptop.run(&reset, &[LINDQVIST, "another quiet river"]);
    assert_eq!(laptop.patients("kaya", "another quiet river"), 1);
}

#[test]
fn roles_decide_what_each_may_do_and_a_leaver_stays_out() {
    let (laptop, _kit) = Laptop::with_kaya();
    laptop.add_patient();
    let add = ["--user", "kaya", "clinicians", "add", "lindqvist", "--name", "IT Lindqvist", "--role", "it_support"];
    laptop.run(&add, &[KAYA, LINDQVIST]);
    let names: Vec<Value> = laptop.json(&["--user", "kaya", "clinicians", "list"], &[KAYA]);
    assert_eq!(names.iter().map(|one| one["user"].as_str().unwrap()).collect::<Vec<_>>(), ["kaya", "lindqvist"]);
    let (code, words) = laptop.code(&["--user", "lindqvist", "patients", "list"], &[LINDQVIST]);
    assert_eq!(code, 77, "{words}");
    laptop.run(&["--user", "lindqvist", "vault", "check"], &[LINDQVIST]);

    let nurse = ["--user", "kaya", "clinicians", "roles", "lindqvist", "--role", "nurse"];
    laptop.run(&nurse, &[KAYA]);
    assert_eq!(laptop.patients("lindqvist", LINDQVIST), 1);
    laptop.run(&["--user", "lindqvist", "clinicians", "passphrase"], &[LINDQVIST, "eight grey herons stand"]);
    assert_eq!(laptop.code(&["--user", "lindqvist", "patients", "list"], &[LINDQVIST]).0, 77);
    laptop.run(&["--user", "lindqvist", "clinicians", "pin"], &["eight grey herons stand", "770412"]);
    assert_eq!(
        laptop.code(&["--user", "kaya", "clinicians", "disable", "kaya"], &[KAYA]).0,
        77,
        "the last administrator"
    );
    laptop.run(&["--user", "kaya", "clinicians", "disable", "lindqvist"], &[KAYA]);
    assert_eq!(laptop.code(&["--user", "lindqvist", "patients", "list"], &["eight grey herons stand"]).0, 77);
    assert_eq!(laptop.run(&["vault", "slots"], &[]).iter().filter(|line| line.starts_with("clinician")).count(), 1);
}

#[test]
fn backups_bring_an_earlier_state_back_and_a_new_key_opens_as_before() {
    let (laptop, _kit) = Laptop::with_kaya();
    laptop.add_patient();
    let made = laptop.json(&["--user", "kaya", "vault", "backup"], &[KAYA]);
    assert!(made[0]["verified"].is_string(), "{made:?}");
    laptop.run(&["--user", "kaya", "vault", "rekey"], &[KAYA]);
    assert_eq!(laptop.patients("kaya", KAYA), 1);
    let backups = laptop.json(&["--user", "kaya", "vault", "backups"], &[KAYA]);
    assert!(backups.iter().any(|copy| copy["folder"] == made[0]["folder"]), "{backups:?}");

    let folder = made[0]["folder"].as_str().unwrap();
    let restored = laptop.json(&["--user", "kaya", "vault", "restore", "--backup", folder], &[KAYA]);
    assert!(PathBuf::from(restored[0]["set_aside"].as_str().unwrap()).is_dir(), "{restored:?}");
    assert_eq!(laptop.patients("kaya", KAYA), 1);
    let nowhere = laptop.folder.path().join("nowhere");
    let restore = ["--user", "kaya", "vault", "restore", "--backup", nowhere.to_str().unwrap()];
    assert_ne!(laptop.code(&restore, &[KAYA]).0, 0);
    assert_eq!(laptop.patients("kaya", KAYA), 1, "a restore that fails leaves the vault");
}

#[test]
fn a_vault_whose_slot_file_is_lost_or_damaged_comes_back_from_its_backup() {
    let (laptop, _kit) = Laptop::with_kaya();
    laptop.run(&["--user", "kaya", "vault", "backup"], &[KAYA]);
    laptop.add_patient();
    let slots = laptop.vault().join("slots.json");
    let restore = ["--user", "kaya", "vault", "restore"];
    for lose in [|path: &Path| std::fs::remove_file(path), |path: &Path| std::fs::write(path, "{\"format\": 2")] {
        lose(&slots).unwrap();
        let (code, words) = laptop.code(&["--user", "kaya", "patients", "list"], &[KAYA]);
        assert_eq!((code, words.contains("damaged")), (73, true), "{words}");
        assert_eq!(laptop.code(&restore, &["a quiet river in May"]).0, 77, "only for whoever could open it");
        assert_eq!(laptop.code(&["--user", "nobody", "vault", "restore"], &[KAYA]).0, 77);
        let restored = laptop.json(&restore, &[KAYA]);
        assert_eq!(restored[0]["missing_commits"], 0, "{restored:?}");
        assert_eq!(laptop.patients("kaya", KAYA), 1, "what came after the backup is there");
    }
    let log = laptop.json(&["--user", "kaya", "audit", "list"], &[KAYA]);
    assert_eq!(log.iter().filter(|entry| entry["action"] == "restored" && entry["user"] == "kaya").count(), 2);
}

#[test]
fn every_look_leaves_an_entry_and_a_closed_vault_tells_only_its_outside() {
    let (laptop, _kit) = Laptop::with_kaya();
    laptop.add_patient();
    laptop.patients("kaya", KAYA);
    laptop.run(&["--user", "kaya", "readings", "list", "--patient", RECORD_NUMBER], &[KAYA]);
    // The next writer files what readers left.
    laptop.run(&["--user", "kaya", "vault", "check"], &[KAYA]);
    let log = laptop.json(&["--user", "kaya", "audit", "list"], &[KAYA]);
    let has = |action: &str| log.iter().any(|entry| entry["action"] == action && entry["user"] == "kaya");
    for action in ["vault_created", "signed_in", "patient_added", "patients_listed", "readings_listed"] {
        assert!(has(action), "{action} is missing: {log:?}");
    }
    let about = laptop.json(&["--user", "kaya", "audit", "list", "--patient", RECORD_NUMBER], &[KAYA]);
    assert!(!about.is_empty() && about.iter().all(|entry| entry["patient"] == RECORD_NUMBER), "{about:?}");
    let verdict = laptop.json(&["--user", "kaya", "audit", "verify"], &[KAYA]);
    assert_eq!(verdict[0]["sound"], true);
    let out = laptop.folder.path().join("audit.csv");
    let export = ["--user", "kaya", "audit", "export", "--format", "csv", "--out", out.to_str().unwrap()];
    laptop.run(&export, &[KAYA]);
    let table = std::fs::read_to_string(&out).unwrap();
    assert!(table.contains("patients_listed") && !table.contains("TESTPERSON"), "two identifiers and no name");
    assert_eq!(laptop.code(&export, &[KAYA]).0, 74, "never overwritten");

    let closed = laptop.json(&["vault", "status"], &[]);
    assert_eq!((&closed[0]["open"], &closed[0]["slots"]), (&Value::Bool(false), &Value::from(1)));
    assert_eq!(closed[0]["patients"], Value::Null);
    let open = laptop.json(&["--user", "kaya", "vault", "status"], &[KAYA]);
    assert_eq!(open[0]["patients"], 1);
}

#[test]
fn a_policy_with_a_key_of_its_own_makes_no_kit_and_can_forbid_exports() {
    let laptop = Laptop::new();
    let pair = laptop.json(&["policy", "recovery-key"], &[]);
    let policy = laptop.folder.path().join("policy.json");
    let text = serde_json::json!({ "recovery_public_key": pair[0]["recovery_public_key"], "export": false });
    std::fs::write(&policy, text.to_string()).unwrap();
    let policy = policy.to_str().unwrap();
    let create = ["--policy", policy, "--user", "kaya", "vault", "create", "--name", "Dr Kaya"];
    let made = laptop.json(&create, &[KAYA]);
    assert_eq!(made[0]["recovery_kit"], Value::Null);
    laptop.add_patient();
    let out = laptop.folder.path().join("readings.csv");
    let to = ["--format", "csv", "--out", out.to_str().unwrap()];
    let export = [&["--policy", policy, "--user", "kaya", "readings", "export"][..], &to].concat();
    assert_eq!(laptop.code(&export, &[KAYA]).0, 77);
    laptop.lose_the_keyring_entry();
    let kit = pair[0]["recovery_kit"].as_str().unwrap();
    let recover = ["--user", "lindqvist", "vault", "recover", "--name", "IT Lindqvist", "--kit-stdin"];
    laptop.run(&recover, &[kit, LINDQVIST]);
    assert_eq!(laptop.run(&["vault", "slots"], &[]).iter().filter(|line| line.starts_with("clinician")).count(), 2);
}
