//! The request to logind not to sleep while recording (`org.freedesktop.login1.Manager.Inhibit`).
//! Not here: when the console asks for it.
use bedside_console::ports::SleepInhibitor;
use std::sync::mpsc;
use std::time::Duration;
use zbus::zvariant::OwnedFd;

/// How long logind may take, from opening the bus to its answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// Asks for a lock on sleep and idle, named to the person by `why`. Runs on a thread of its own, so that it works from
/// any thread, inside a runtime or not; waits at most [`DEADLINE`].
pub(crate) fn inhibit(why: &str) -> Option<Box<dyn SleepInhibitor>> {
    let (answer, taken) = mpsc::sync_channel(1);
    let why = why.to_owned();
    let asking = std::thread::Builder::new().name("sleep-inhibition".to_owned()).spawn(move || {
        // When the caller has gone the send fails, the lock is dropped and logind lets the system sleep again.
        let _ = answer.send(ask_logind(&why));
    });
    asking.ok()?;
    let lock = taken.recv_timeout(DEADLINE).ok()??;
    Some(Box::new(LogindLock { _lock: lock }))
}

/// logind holds the lock for as long as this descriptor is open; the bus connection may be closed.
struct LogindLock {
    _lock: OwnedFd,
}

impl SleepInhibitor for LogindLock {}

fn ask_logind(why: &str) -> Option<OwnedFd> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let asked = async {
        let bus = zbus::Connection::system().await?;
        let manager = "org.freedesktop.login1.Manager";
        let what = ("sleep:idle", "Bedside", why, "block");
        let logind = Some("org.freedesktop.login1");
        let reply = bus.call_method(logind, "/org/freedesktop/login1", Some(manager), "Inhibit", &what).await?;
        reply.body().deserialize::<OwnedFd>()
    };
    runtime.block_on(async { tokio::time::timeout(DEADLINE, asked).await }).ok()?.ok()
}
