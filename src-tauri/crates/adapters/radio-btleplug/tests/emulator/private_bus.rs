//! A system bus for one test alone, and the test started again as a child that sees no other.
//! Not here: what runs on the bus.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Set in the child, to the folder of its bus.
const FOLDER: &str = "BEDSIDE_TEST_BUS_FOLDER";

/// A test that hangs ends after this.
const CEILING: Duration = Duration::from_secs(120);

/// Runs `body` in a child process whose system bus is at [`BusPlace::address`]. No bus runs there until the body starts
/// one. (The library reads the address from the environment, which a running process may not change safely.)
pub(crate) fn with_own_bus<F: Future<Output = ()>>(test: &str, body: impl FnOnce(BusPlace) -> F) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let place = BusPlace { folder: PathBuf::from(folder) };
        let run = async { tokio::time::timeout(CEILING, body(place)).await };
        return runtime.expect("a runtime").block_on(run).expect("the test ends in time");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let child = Command::new(std::env::current_exe().expect("the path of this test"))
        .args(["--exact", test, "--nocapture"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", address_in(folder.path()))
        .env(FOLDER, folder.path())
        .output()
        .expect("the test starts itself");
    let said = [child.stdout, child.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(child.status.success() && said.contains("1 passed"), "expected the child to pass one test, got: {said}");
}

/// Where the system bus of this test is, or will be.
pub(crate) struct BusPlace {
    folder: PathBuf,
}

impl BusPlace {
    pub(crate) fn address(&self) -> String {
        address_in(&self.folder)
    }

    /// Starts `dbus-daemon` there and waits until it listens.
    pub(crate) fn start_bus(&self) -> Bus {
        let _ = std::fs::remove_file(self.folder.join("bus"));
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address={}", self.address()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed (package dbus)");
        let printed = bus.stdout.take().expect("piped");
        let bus = Bus(bus);
        let mut line = String::new();
        BufReader::new(printed).read_line(&mut line).expect("dbus-daemon prints its address");
        assert!(line.starts_with("unix:"), "expected an address, got {line:?}");
        bus
    }
}

/// A running bus; ends when dropped.
pub(crate) struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn address_in(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}
