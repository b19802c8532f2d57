//! The request to logind not to sleep while recording (`org.freedesktop.login1.Manager.Inhibit`).
//! Not here: when the console asks for it.
use bedside_console::ports::SleepInhibitor;
use std::time::Duration;
use zbus::zvariant::OwnedFd;

/// How long logind may take, from opening the bus to its answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// Asks for a lock on sleep and idle, named to the person by `why`; waits at most [`DEADLINE`].
pub(crate) async fn inhibit(why: &str) -> Option<Box<dyn SleepInhibitor>> {
    let lock = tokio::time::timeout(DEADLINE, ask_logind(why)).await.ok()?.ok()?;
    Some(Box::new(LogindLock { _lock: lock }))
}

/// logind holds the lock for as long as this descriptor is open; the bus connection may be closed.
struct LogindLock {
    _lock: OwnedFd,
}

impl SleepInhibitor for LogindLock {}

async fn ask_logind(why: &str) -> zbus::Result<OwnedFd> {
    let bus = zbus::Connection::system().await?;
    let manager = "org.freedesktop.login1.Manager";
    let what = ("sleep:idle", "Bedside", why, "block");
    let logind = Some("org.freedesktop.login1");
    let reply = bus.call_method(logind, "/org/freedesktop/login1", Some(manager), "Inhibit", &what).await?;
    reply.body().deserialize::<OwnedFd>()
}
