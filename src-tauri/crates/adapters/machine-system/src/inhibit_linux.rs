//! The two requests to logind about sleep (`org.freedesktop.login1.Manager.Inhibit`): not to sleep while recording, and to
//! wait with a sleep that comes anyway. Not here: when the console asks for them.
use bedside_console::ports::SleepInhibitor;
use std::time::Duration;
use zbus::zvariant::OwnedFd;

/// How long logind may take, from opening the bus to its answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// What is asked of logind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// No sleep and no idle action at all.
    NoSleep,
    /// Sleep waits until the lock is given back, for five seconds where logind's InhibitDelayMaxSec says nothing else.
    SleepLater,
}

/// Asks for a lock that is named to the person by `why`; waits at most [`DEADLINE`].
pub(crate) async fn inhibit(ask: Ask, why: &str) -> Option<Box<dyn SleepInhibitor>> {
    let lock = tokio::time::timeout(DEADLINE, ask_logind(ask, why)).await.ok()?.ok()?;
    Some(Box::new(LogindLock { _lock: lock }))
}

/// logind holds the lock for as long as this descriptor is open; the bus connection may be closed.
struct LogindLock {
    _lock: OwnedFd,
}

impl SleepInhibitor for LogindLock {}

async fn ask_logind(ask: Ask, why: &str) -> zbus::Result<OwnedFd> {
    let bus = zbus::Connection::system().await?;
    let manager = "org.freedesktop.login1.Manager";
    let (operations, mode) = match ask {
        Ask::NoSleep => ("sleep:idle", "block"),
        Ask::SleepLater => ("sleep", "delay"),
    };
    let what = (operations, "Bedside", why, mode);
    let logind = Some("org.freedesktop.login1");
    let reply = bus.call_method(logind, "/org/freedesktop/login1", Some(manager), "Inhibit", &what).await?;
    reply.body().deserialize::<OwnedFd>()
}
