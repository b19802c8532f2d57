//! A real gnome-keyring in the four states it can be in, each on a private bus of its own: absent, without a collection,
//! locked, unlocked. At a first run and with a vault that is there. Not here: the faults of a mock (`faults`).
//!
//! A process keeps its first bus, so each state is seen by a child, which says what it was told.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![cfg(target_os = "linux")]
use bedside_console::ports::{KeyFault, OpenMode, RecordStore};
use bedside_console::{OpenFault, create_vault, open_vault};
use bedside_keys_keyring::Keyring;
use bedside_machine_system::SystemMachine;
use bedside_tests::desk::{Bus, Home, Unlock, start_keyring};
use bedside_vault_sqlcipher::Vault;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

const FOLDER: &str = "BEDSIDE_KEYRING_TEST_FOLDER";

/// Not a test by itself: what a user's program is told.
#[tokio::test]
async fn child_that_creates_or_opens_a_vault() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (vault, keys) = (Vault::in_folder(Path::new(&folder)), Keyring::of_system());
    let done = match vault.presence().await.unwrap().id() {
        None => create_vault(&vault, &keys, &SystemMachine::new(), None, None).await.map(|_| ()),
        Some(_) => match open_vault(&vault, &keys, OpenMode::Writer).await {
            Ok(_) => vault.close().await.map_err(OpenFault::from),
            Err(fault) => Err(fault),
        },
    };
    let said = match done {
        Ok(()) => "fine".to_owned(),
        Err(OpenFault::Keys(fault)) => named(&fault).to_owned(),
        Err(other) => other.to_string(),
    };
    println!("\nTOLD {said}");
}

const fn named(fault: &KeyFault) -> &'static str {
    match fault {
        KeyFault::NoKeyring => "no keyring",
        KeyFault::Locked => "locked",
        KeyFault::NoEntry => "no entry",
        KeyFault::Malformed => "malformed",
        KeyFault::System(_) => "system",
    }
}

#[test]
fn each_state_of_a_real_keyring_is_told_as_it_is_and_changes_no_octet_of_a_vault() {
    if !(there_is("dbus-daemon") && there_is("gnome-keyring-daemon")) {
        println!("skipped: needs dbus-daemon and gnome-keyring-daemon");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let new = |name: &str| place.path().join(name);
    let home = Home::new(&place.path().join("home"));
    let vault = new("vault");
    // Unlocked: a first run, and the vault it made.
    assert_eq!(told(&home, Some(Unlock::Password), &vault), "fine");
    assert_eq!(told(&home, Some(Unlock::Password), &vault), "fine");
    let before = files(&vault);
    assert!(before.contains_key("slots.json"));
    let empty = Home::new(&place.path().join("empty home"));
    let states = [
        ("absent", &home, None, "no keyring", "no keyring"),
        // Reading finds nothing, writing is refused: never a first run, never "no entry".
        ("no collection", &empty, Some(Unlock::Never), "locked", "locked"),
        ("locked", &home, Some(Unlock::Never), "locked", "locked"),
    ];
    for (state, home, unlock, first_run, with_a_vault) in states {
        let fresh = new(state);
        assert_eq!(told(home, unlock, &fresh), first_run, "{state}, first run");
        assert!(files(&fresh).is_empty(), "{state}: a vault without a key");
        assert_eq!(told(home, unlock, &vault), with_a_vault, "{state}, a vault is there");
        assert_eq!(files(&vault), before, "{state}: the vault was touched");
    }
    // Another user's keyring, unlocked: it works, and it has no entry.
    assert_eq!(told(&empty, Some(Unlock::Password), &vault), "no entry");
    assert_eq!(files(&vault), before);
    assert_eq!(told(&home, Some(Unlock::Password), &vault), "fine");
    let said =
        "absent, no collection, locked, unlocked, another user's: each told as it is, no octet of the vault changed";
    bedside_tests::figures::tell("a real gnome-keyring", said);
}

/// What a program of this user is told on a bus of its own, with a keyring in that state or none.
fn told(home: &Home, keyring: Option<Unlock>, vault: &Path) -> String {
    let bus = Bus::start(home);
    let keyring = keyring.map(|unlock| start_keyring(home, &bus, unlock));
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child_that_creates_or_opens_a_vault", "--nocapture", "--test-threads=1"]);
    child.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env(FOLDER, vault);
    let output = home.apply(bus.apply(&mut child)).output().unwrap();
    drop((keyring, bus));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.lines().find_map(|line| line.strip_prefix("TOLD "));
    said.unwrap_or_else(|| panic!("the child said nothing: {text}{}", String::from_utf8_lossy(&output.stderr)))
        .to_owned()
}

fn there_is(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let files = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}
