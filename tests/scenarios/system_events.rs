//! What logind says, over a real bus: a private `dbus-daemon` with a logind of the test's own, the system's machine, and the
//! console behind it. Skipped only where there is no `dbus-daemon`. Not here: the same in virtual time (`sleep`).
//!
//! The addresses of the buses are read from the environment, which a running process may not change safely: each test starts
//! itself again as a child that has them.
use crate::harness::*;
use bedside_charts::Advances;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SystemMachine;
use bedside_policy::Policy;
use bedside_simulated_ward::{Scenario, SimulatedWard};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use std::io::{BufRead, BufReader, PipeReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, watch};
use zbus::zvariant::{OwnedFd, OwnedObjectPath};

const BUS: &str = "BEDSIDE_TEST_PRIVATE_BUS";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const OURS: &str = "/org/freedesktop/login1/session/_31";
const ANOTHER: &str = "/org/freedesktop/login1/session/_32";
/// A signal that is not heard is sent again after so long: when a listener began to listen nobody is told.
const AGAIN: Duration = Duration::from_millis(50);
/// What does not come within so long does not come: the test says what it waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const WHOLE_TEST: Duration = Duration::from_secs(90);

#[test]
fn logind_locks_the_screen_delays_sleep_until_then_and_is_asked_again_after_the_waking() {
    on_private_bus(
        "logind_locks_the_screen_delays_sleep_until_then_and_is_asked_again_after_the_waking",
        async |folder| {
            let _bus = Daemon::start(folder);
            let mut logind = Logind::start().await;
            let bedside = Running::start(folder).await;
            let delay = logind.asked().await;
            assert_eq!(delay.what, ["sleep", "Bedside", "delay"]);

            bedside.sign_in().await;
            bedside.until_locked(LockReason::System, || logind.signal(OURS, SESSION, "Lock", &())).await;
            bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();

            let sleep = || logind.signal(MANAGER_PATH, MANAGER, "PrepareForSleep", &true);
            until("sleep may go on", sleep, delay.given_back()).await;
            // By the sleep, or by a lock of before that was said twice and is heard only now.
            assert!(
                matches!(*bedside.seen.borrow(), Some(AccessState::ScreenLocked { .. })),
                "locked before sleep may go on"
            );
            assert!(bedside.lock_is_anchored().await, "the log and the anchor know of the lock before sleep may go on");

            let Logind { bus, asked } = &mut logind;
            let woken = || emit(bus, MANAGER_PATH, MANAGER, "PrepareForSleep", &false);
            let again = until("logind is asked again", woken, asked.recv()).await.expect("logind is asked");
            assert_eq!(again.what, ["sleep", "Bedside", "delay"]);
            bedside.console.close().await.unwrap();
            in_time("the delay is given back at the end", again.given_back()).await;
        },
    );
}

#[test]
fn the_lock_of_another_session_and_an_unlocking_say_nothing() {
    on_private_bus("the_lock_of_another_session_and_an_unlocking_say_nothing", async |folder| {
        let _bus = Daemon::start(folder);
        let logind = Logind::start().await;
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        // Once the own lock is heard, everything is listened to.
        assert_eq!(heard(&mut events, || logind.signal(OURS, SESSION, "Lock", &())).await, MachineEvent::ScreenLocked);
        while events.try_recv().is_ok() {}
        logind.signal(ANOTHER, SESSION, "Lock", &()).await;
        logind.signal(OURS, SESSION, "Unlock", &()).await;
        let stranger = zbus::Connection::system().await.unwrap();
        emit(&stranger, MANAGER_PATH, MANAGER, "PrepareForSleep", &true).await;
        let next = heard(&mut events, || logind.signal(MANAGER_PATH, MANAGER, "PrepareForSleep", &false)).await;
        assert_eq!(next, MachineEvent::WokeUp, "nothing but logind's own word was taken");
    });
}

#[test]
fn the_desktops_screen_saver_locks_the_screen() {
    on_private_bus("the_desktops_screen_saver_locks_the_screen", async |folder| {
        let _bus = Daemon::start(folder);
        let desktop = zbus::Connection::session().await.unwrap();
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        for interface in ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"] {
            let path = "/org/freedesktop/ScreenSaver";
            let locked = heard(&mut events, || emit(&desktop, path, interface, "ActiveChanged", &true)).await;
            assert_eq!(locked, MachineEvent::ScreenLocked);
        }
    });
}

#[test]
fn a_bus_that_is_lost_is_heard_again_when_it_is_back() {
    on_private_bus("a_bus_that_is_lost_is_heard_again_when_it_is_back", async |folder| {
        let bus = Daemon::start(folder);
        let logind = Logind::start().await;
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        assert_eq!(heard(&mut events, || logind.signal(OURS, SESSION, "Lock", &())).await, MachineEvent::ScreenLocked);
        drop(bus);
        while events.try_recv().is_ok() {}
        let _bus = Daemon::start(folder);
        let logind = Logind::start().await;
        assert_eq!(heard(&mut events, || logind.signal(OURS, SESSION, "Lock", &())).await, MachineEvent::ScreenLocked);
    });
}

#[test]
fn without_a_bus_the_listening_ends_and_nothing_else_does() {
    on_private_bus("without_a_bus_the_listening_ends_and_nothing_else_does", async |folder| {
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        assert_eq!(in_time("the listening ends", events.recv()).await, None);
        let bedside = Running::start(folder).await;
        bedside.sign_in().await;
        bedside.console.close().await.unwrap();
    });
}

#[test]
fn a_bus_that_does_not_open_at_first_is_looked_for_again() {
    on_private_bus("a_bus_that_does_not_open_at_first_is_looked_for_again", async |folder| {
        let busy = UnixListener::bind(folder.join("bus")).unwrap();
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        for _ in ["the system's bus", "the session's"] {
            drop(in_time("a bus is looked for", busy.accept()).await.unwrap());
        }
        drop(busy);
        std::fs::remove_file(folder.join("bus")).unwrap();
        let _bus = Daemon::start(folder);
        let logind = Logind::start().await;
        assert_eq!(heard(&mut events, || logind.signal(OURS, SESSION, "Lock", &())).await, MachineEvent::ScreenLocked);
    });
}

#[test]
fn a_logind_that_cannot_name_the_session_at_first_is_asked_again() {
    on_private_bus("a_logind_that_cannot_name_the_session_at_first_is_asked_again", async |folder| {
        let _bus = Daemon::start(folder);
        let logind = Logind::start_with(AtomicBool::new(true)).await;
        let mut events = SystemMachine::new().take_events().expect("Linux says");
        assert_eq!(heard(&mut events, || logind.signal(OURS, SESSION, "Lock", &())).await, MachineEvent::ScreenLocked);
    });
}

const MANAGER_PATH: &str = "/org/freedesktop/login1";

/// Waits with a limit that says what was waited for.
async fn in_time<T>(what: &str, awaited: impl Future<Output = T>) -> T {
    let found = tokio::time::timeout(PATIENCE, awaited).await;
    found.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// Says something again and again until something follows.
async fn until<T, S: Future<Output = ()>>(what: &str, say: impl Fn() -> S, follows: impl Future<Output = T>) -> T {
    let mut follows = std::pin::pin!(follows);
    let said = async {
        loop {
            say().await;
            if let Ok(followed) = tokio::time::timeout(AGAIN, &mut follows).await {
                return followed;
            }
        }
    };
    in_time(what, said).await
}

/// Says something until an event is heard.
async fn heard<S: Future<Output = ()>>(
    events: &mut mpsc::UnboundedReceiver<MachineEvent>,
    say: impl Fn() -> S,
) -> MachineEvent {
    until("an event is heard", say, events.recv()).await.expect("somebody listens")
}

async fn emit<B>(bus: &zbus::Connection, path: &str, interface: &str, member: &str, body: &B)
where
    B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
{
    bus.emit_signal(None::<&str>, path, interface, member, body).await.unwrap();
}

/// A delaying or blocking lock that somebody asked for.
struct Asked {
    /// Which operations, who, and how.
    what: [String; 3],
    watched: PipeReader,
}

impl Asked {
    /// The end of file is logind's own sign that the holder has let go.
    async fn given_back(self) {
        let watched = pipe::Receiver::from_owned_fd(self.watched.into()).unwrap();
        loop {
            watched.readable().await.unwrap();
            match watched.try_read(&mut [0; 1]) {
                Ok(read) => return assert_eq!(read, 0),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
    }
}

/// The part of logind that is asked for locks and says what happens.
struct Logind {
    bus: zbus::Connection,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Logind {
    async fn start() -> Self {
        Self::start_with(AtomicBool::new(false)).await
    }

    /// One that cannot name the session when it is asked for the first time.
    async fn start_with(still_starting: AtomicBool) -> Self {
        let (tell, asked) = mpsc::unbounded_channel();
        let manager = Manager { tell, still_starting };
        let bus = zbus::connection::Builder::system().unwrap().serve_at(MANAGER_PATH, manager).unwrap();
        let bus = bus.name("org.freedesktop.login1").unwrap().build().await.unwrap();
        Self { bus, asked }
    }

    async fn asked(&mut self) -> Asked {
        in_time("logind is asked", self.asked.recv()).await.expect("logind is asked")
    }

    async fn signal<B>(&self, path: &str, interface: &str, member: &str, body: &B)
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        emit(&self.bus, path, interface, member, body).await;
    }
}

struct Manager {
    tell: mpsc::UnboundedSender<Asked>,
    still_starting: AtomicBool,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, what: String, who: String, _why: String, mode: String) -> zbus::fdo::Result<OwnedFd> {
        let (watched, held) = std::io::pipe().map_err(|error| zbus::fdo::Error::Failed(error.to_string()))?;
        let _ = self.tell.send(Asked { what: [what, who, mode], watched });
        Ok(OwnedFd::from(std::os::fd::OwnedFd::from(held)))
    }

    fn get_session(&self, id: String) -> zbus::fdo::Result<OwnedObjectPath> {
        assert_eq!(id, "auto");
        if self.still_starting.swap(false, Ordering::SeqCst) {
            return Err(zbus::fdo::Error::NoReply("logind is starting".into()));
        }
        Ok(OwnedObjectPath::try_from(OURS).unwrap())
    }
}

/// A console on this computer's machine, with a vault and keys of its own.
struct Running {
    console: ConsoleHandle,
    store: Arc<dyn RecordStore>,
    keys: Arc<MemoryKeys>,
    vault: VaultId,
    seen: watch::Receiver<Option<AccessState>>,
}

struct Screen(watch::Sender<Option<AccessState>>);

impl Display for Screen {
    fn show(&self, snapshot: Arc<Snapshot>) {
        self.0.send_replace(Some(snapshot.access.clone()));
    }

    fn draw(&self, _frame: Vec<u8>) {}

    fn recorded(&self, _value: &Recorded) {}
}

impl Running {
    async fn start(folder: &Path) -> Self {
        let store = Vault::in_folder(&folder.join("vault")).with_passphrase_cost(PassphraseCost::FLOOR);
        let (store, keys): (Arc<dyn RecordStore>, _) = (Arc::new(store), Arc::new(MemoryKeys::default()));
        let machine: Arc<dyn Machine> = Arc::new(SystemMachine::new());
        let first = Some(clinician(CHIEF, &Role::ALL));
        let vault = create_vault(store.as_ref(), keys.as_ref(), machine.as_ref(), first, None).await.unwrap().vault;
        let (shown, seen) = watch::channel(None);
        let ports = Ports {
            radio: Arc::new(SimulatedWard::new(&Scenario::named("calm").unwrap(), machine.wall())),
            store: store.clone(),
            clinic: None,
            display: Arc::new(Screen(shown)),
            machine,
            keys: keys.clone(),
        };
        let settings = Settings {
            mode: Mode::Demo,
            policy: Policy::default(),
            record_number_system: "urn:test:record-number".into(),
            advances: Advances::of(FONT).unwrap(),
        };
        let (console, run) = start(ports, settings, vault).await.unwrap();
        tokio::spawn(run);
        Self { console, store, keys, vault, seen }
    }

    async fn sign_in(&self) {
        self.console.sign_in(user_name(CHIEF), passphrase(CHIEF)).await.unwrap();
    }

    /// Says something until the screen is locked because of it.
    async fn until_locked<S: Future<Output = ()>>(&self, reason: LockReason, say: impl Fn() -> S) {
        let mut seen = self.seen.clone();
        let locked = |shown: &Option<AccessState>| matches!(shown, Some(AccessState::ScreenLocked { why, .. }) if *why == reason);
        let what = format!("the screen is locked because of {reason:?}");
        until(&what, say, seen.wait_for(locked)).await.expect("the console runs");
    }

    async fn lock_is_anchored(&self) -> bool {
        let Answer::Audit(log) = self.store.read(Query::Audit { patient: None, limit: 100 }).await.unwrap() else {
            return false;
        };
        let note = self.keys.note(self.vault, KeyNote::Anchor).await.unwrap();
        let anchor = note.as_deref().and_then(Anchor::from_note).expect("there is an anchor");
        let last = log.iter().find(|entry| entry.action == AuditAction::ScreenLocked).expect("the lock is noted");
        anchor.audit_seq >= last.seq
    }
}

/// A bus at the address that the environment names.
struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path) -> Self {
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address={}", address(folder)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon starts");
        let printed = bus.stdout.take().expect("piped");
        let daemon = Self(bus);
        let mut line = String::new();
        BufReader::new(printed).read_line(&mut line).expect("dbus-daemon prints its address");
        assert!(line.starts_with("unix:"), "{line}");
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn address(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}

/// Runs the body in a child of its own, whose buses are those of a private folder.
fn on_private_bus(test: &str, body: impl AsyncFnOnce(&Path)) {
    if let Some(folder) = std::env::var_os(BUS) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let test = async { tokio::time::timeout(WHOLE_TEST, body(Path::new(&folder))).await };
        return runtime.block_on(test).expect("the test ends in time");
    }
    if Command::new("dbus-daemon").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let address = address(folder.path());
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("system_events::{test}"), "--nocapture"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", &address)
        .env("DBUS_SESSION_BUS_ADDRESS", &address)
        .env(BUS, folder.path())
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(child.status.success() && said.contains("1 passed"), "expected the child to pass one test, got: {said}");
}
