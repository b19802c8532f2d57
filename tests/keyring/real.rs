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
use bedside_vault_sqlcipher::Vault;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
}

/// Whether the login password is given to the keyring.
#[derive(Clone, Copy)]
enum Unlock {
    Password,
    Never,
}

/// A home that nobody else has.
struct Home(PathBuf);

impl Home {
    fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("runtime")).unwrap();
        for private in [folder.to_owned(), folder.join("runtime")] {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(private, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self(folder.to_owned())
    }

    fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        command.env("HOME", &self.0).env("XDG_RUNTIME_DIR", self.0.join("runtime"))
    }
}

/// A child that is ended with its test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program of this user is told on a bus of its own, with a keyring in that state or none.
fn told(home: &Home, keyring: Option<Unlock>, vault: &Path) -> String {
    let (bus, address) = start_bus(home);
    let keyring = keyring.map(|unlock| start_keyring(home, &address, unlock));
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child_that_creates_or_opens_a_vault", "--nocapture", "--test-threads=1"]);
    let output = home.apply(&mut child).env("DBUS_SESSION_BUS_ADDRESS", &address).env(FOLDER, vault).output().unwrap();
    drop((keyring, bus));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.lines().find_map(|line| line.strip_prefix("TOLD "));
    said.unwrap_or_else(|| panic!("the child said nothing: {text}{}", String::from_utf8_lossy(&output.stderr)))
        .to_owned()
}

fn start_bus(home: &Home) -> (Background, String) {
    let mut bus = Command::new("dbus-daemon");
    // A configuration of our own: none of the services of this computer is started by name.
    let configuration = home.0.join("bus.conf");
    let text = "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"
        \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">
        <busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
        <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>
        <allow own=\"*\"/></policy></busconfig>";
    std::fs::write(&configuration, text).unwrap();
    bus.arg("--config-file").arg(&configuration).args(["--nofork", "--print-address=1"]);
    let mut bus = home.apply(&mut bus).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (Background(bus), address.trim().to_owned())
}

fn start_keyring(home: &Home, address: &str, unlock: Unlock) -> Background {
    let mut keyring = Command::new("gnome-keyring-daemon");
    keyring.args(["--foreground", "--components=secrets"]).env("DBUS_SESSION_BUS_ADDRESS", address);
    if let Unlock::Password = unlock {
        keyring.arg("--unlock");
    }
    home.apply(&mut keyring).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = keyring.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    if let Unlock::Password = unlock {
        writeln!(input, "a password of this test").unwrap();
    }
    drop(input);
    let keyring = Background(child);
    let limit = Instant::now() + Duration::from_secs(30);
    while !has_secret_service(address) {
        assert!(Instant::now() < limit, "gnome-keyring-daemon does not come to its bus");
        std::thread::yield_now();
    }
    keyring
}

fn has_secret_service(address: &str) -> bool {
    let mut ask = Command::new("dbus-send");
    ask.args(["--session", "--print-reply", "--reply-timeout=2000", "--dest=org.freedesktop.DBus"]);
    ask.args(["/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"]).env("DBUS_SESSION_BUS_ADDRESS", address);
    let answer = ask.stderr(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&answer.stdout).contains("org.freedesktop.secrets")
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
