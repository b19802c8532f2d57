//! Sleep inhibition against a logind of our own on a private bus, and without any bus.
//! Not here: the clocks, which unit tests cover. Nothing of the user's session is touched.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, reason = "helpers of tests fail the test")]
use bedside_console::ports::Machine;
use bedside_machine_system::SystemMachine;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use zbus::zvariant::OwnedFd;

#[test]
fn a_lock_names_bedside_and_is_held_until_it_is_dropped() {
    on_private_bus("a_lock_names_bedside_and_is_held_until_it_is_dropped", || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
        let asked = Arc::new(Mutex::new(None));
        let logind = Logind { asked: Arc::clone(&asked) };
        let _bus = runtime.block_on(async {
            let bus = zbus::connection::Builder::system()?.serve_at("/org/freedesktop/login1", logind)?;
            bus.name("org.freedesktop.login1")?.build().await
        });
        let lock = runtime.block_on(SystemMachine::new().inhibit_sleep("3 devices are being recorded"));
        let lock = lock.expect("logind answers");
        let (request, mut watched) = asked.lock().expect("not poisoned").take().expect("logind was asked");
        assert_eq!(request, ["sleep:idle", "Bedside", "3 devices are being recorded", "block"]);
        drop(lock);
        // The end of file is logind's own sign that the holder has let go; without it this would wait for ever.
        assert_eq!(watched.read(&mut [0; 1]).expect("readable"), 0);
    });
}

#[test]
fn a_bus_without_logind_gives_no_lock() {
    on_private_bus("a_bus_without_logind_gives_no_lock", || {
        assert!(ask().is_none());
    });
}

#[test]
fn a_computer_without_a_system_bus_gives_no_lock() {
    let nowhere = tempfile::tempdir().expect("temporary folder");
    let address = format!("unix:path={}/no-bus", nowhere.path().display());
    again_as_child("a_computer_without_a_system_bus_gives_no_lock", &address, || {
        assert!(ask().is_none());
    });
}

fn ask() -> Option<Box<dyn bedside_console::ports::SleepInhibitor>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(SystemMachine::new().inhibit_sleep("recording"))
}

type Asked = Arc<Mutex<Option<([String; 4], std::io::PipeReader)>>>;

struct Logind {
    asked: Asked,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    fn inhibit(&self, what: String, who: String, why: String, mode: String) -> zbus::fdo::Result<OwnedFd> {
        let (watched, held) = std::io::pipe().map_err(|e| zbus::fdo::Error::Failed(e.to_string()))?;
        *self.asked.lock().expect("not poisoned") = Some(([what, who, why, mode], watched));
        Ok(OwnedFd::from(std::os::fd::OwnedFd::from(held)))
    }
}

/// The address of the system bus is read from the environment, which a running process may not change safely: so the
/// test starts itself again as a child, with the variable set to a bus of its own.
fn on_private_bus(test: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut bus = Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
        .arg(format!("--address=unix:dir={}", folder.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Bus)
        .expect("dbus-daemon is installed (package dbus)");
    let mut address = String::new();
    let printed = bus.0.stdout.take().expect("piped");
    BufReader::new(printed).read_line(&mut address).expect("dbus-daemon prints its address");
    again_as_child(test, address.trim(), body);
}

fn again_as_child(test: &str, bus_address: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let child = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", test, "--nocapture"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus_address)
        .env(CHILD, "1")
        .output()
        .expect("the test starts itself");
    let said = [child.stdout, child.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(child.status.success() && said.contains("1 passed"), "expected the child to pass one test, got: {said}");
}

const CHILD: &str = "BEDSIDE_TEST_ON_PRIVATE_BUS";

struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
