//! A desk of its own for a program that needs a session: a home that nobody else has, a private bus, a real gnome-keyring
//! on it that can be ended and started again, and a WebDriver. What is done at the desk is the tests' business.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a desk that cannot be had fails the test"
)]
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Whether the login password is given to the keyring.
#[derive(Clone, Copy, Debug)]
pub enum Unlock {
    /// As at a login.
    Password,
    /// As at an automatic login.
    Never,
}

/// A program that ends with what holds it.
#[derive(Debug)]
pub struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A home that nobody else has.
#[derive(Debug)]
pub struct Home(PathBuf);

impl Home {
    /// Makes the folder and what a session needs in it, closed to others.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("runtime")).unwrap();
        #[cfg(unix)]
        for private in [folder.to_owned(), folder.join("runtime")] {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(private, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self(folder.to_owned())
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Makes a program live in it. Whether it has a screen is not changed.
    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", &self.0).env("XDG_RUNTIME_DIR", self.0.join("runtime"))
    }
}

/// A bus of our own, on which nothing is started by name.
#[derive(Debug)]
pub struct Bus {
    address: String,
    _daemon: Background,
}

impl Bus {
    /// Starts it and waits for its address.
    #[must_use]
    pub fn start(home: &Home) -> Self {
        let configuration = home.0.join("bus.conf");
        std::fs::write(&configuration, BUS).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg("--config-file").arg(&configuration).args(["--nofork", "--print-address=1"]);
        let mut daemon = home.apply(&mut daemon).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { address: address.trim().to_owned(), _daemon: Background(daemon) }
    }

    /// Makes a program speak on it and on no other: there is no Bluetooth and no system's session on it.
    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).env("DBUS_SYSTEM_BUS_ADDRESS", &self.address)
    }

    fn has_secret_service(&self) -> bool {
        let mut ask = Command::new("dbus-send");
        ask.args(["--session", "--print-reply", "--reply-timeout=2000", "--dest=org.freedesktop.DBus"]);
        ask.args(["/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"]);
        let answer = self.apply(&mut ask).stderr(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).contains("org.freedesktop.secrets")
    }
}

/// None of the services of this computer is started by name.
const BUS: &str = "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"
    \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">
    <busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
    <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>
    <allow own=\"*\"/></policy></busconfig>";

/// Starts the keyring of that home on that bus; dropping it kills it. Its password is always the same.
#[must_use]
pub fn start_keyring(home: &Home, bus: &Bus, unlock: Unlock) -> Background {
    let mut keyring = Command::new("gnome-keyring-daemon");
    keyring.args(["--foreground", "--components=secrets"]);
    if let Unlock::Password = unlock {
        keyring.arg("--unlock");
    }
    home.apply(bus.apply(&mut keyring)).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let mut child = keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    if let Unlock::Password = unlock {
        writeln!(input, "a password of this test").unwrap();
    }
    drop(input);
    let keyring = Background(child);
    wait_until("gnome-keyring-daemon comes to its bus", || bus.has_secret_service());
    keyring
}

/// A WebDriver whose windows live in that home, on that bus and on the screen of this process.
#[derive(Debug)]
pub struct WebDriver {
    address: String,
    _driver: Background,
}

impl WebDriver {
    /// Starts it on a port that is free and waits until it listens.
    #[must_use]
    pub fn start(home: &Home, bus: &Bus) -> Self {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut driver = Command::new("WebKitWebDriver");
        driver.args(["--host=127.0.0.1", &format!("--port={port}")]).env("TAURI_WEBVIEW_AUTOMATION", "true");
        home.apply(bus.apply(&mut driver)).env("TMPDIR", home.folder());
        let driver = Background(driver.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_until("WebKitWebDriver listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { address: format!("http://127.0.0.1:{port}"), _driver: driver }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + START;
    while !is_so() {
        assert!(Instant::now() < limit, "{what}: not within {} s", START.as_secs());
        std::thread::sleep(LOOK_AGAIN);
    }
}
