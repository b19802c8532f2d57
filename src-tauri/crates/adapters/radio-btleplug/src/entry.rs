//! The library's entry to the system's Bluetooth, opened once: nothing ever closes what it opens.
//! Not here: which adapter is used, and what is done with it.
use crate::deadline::within;
use bedside_session::RadioFault;
use btleplug::api::Manager as _;
use btleplug::platform::{Adapter, Manager};
use std::time::Duration;
use tokio::task::JoinHandle;

/// What the library opened. On Linux that is a connection to the bus with a task that serves it, and both stay for as
/// long as the bus does: opened anew by each look for an adapter they would fill the bus.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    opened: Option<Opened>,
    /// An opening that was late goes on, so the next call waits for the same one.
    opening: Option<JoinHandle<Result<Opened, RadioFault>>>,
}

#[derive(Debug)]
struct Opened {
    manager: Manager,
    /// The library does not tell when its connection to the bus ended; one of our own beside it does.
    #[cfg(target_os = "linux")]
    witness: Option<zbus::Connection>,
}

impl Entry {
    /// The adapters that the system knows, in any order. What was opened is opened anew only when the bus was lost.
    pub(crate) async fn adapters(&mut self, limit: Duration) -> Result<Vec<Adapter>, RadioFault> {
        let opened = self.opened(limit).await?;
        let listed = within("look for a Bluetooth adapter", limit, opened.manager.adapters()).await;
        if let Err(RadioFault::NoAdapter | RadioFault::Deadline { .. }) = listed
            && opened.is_cut_off(limit).await
        {
            self.opened = None;
        }
        listed
    }

    async fn opened(&mut self, limit: Duration) -> Result<&mut Opened, RadioFault> {
        let opened = match self.opened.take().filter(|opened| !opened.is_lost()) {
            Some(opened) => opened,
            None => self.open(limit).await?,
        };
        Ok(self.opened.insert(opened))
    }

    /// Opening blocks on Linux (it connects to the bus), so it has a thread of its own.
    async fn open(&mut self, limit: Duration) -> Result<Opened, RadioFault> {
        let opening = self.opening.get_or_insert_with(|| {
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || runtime.block_on(Opened::open(limit)))
        });
        let answer = within("reach the system's Bluetooth", limit, async { Ok(opening.await) }).await?;
        self.opening = None;
        answer.unwrap_or_else(|ended| Err(RadioFault::System(crate::fault::safe_text(&ended.to_string()))))
    }
}

impl Opened {
    async fn open(limit: Duration) -> Result<Self, RadioFault> {
        let manager = within("reach the system's Bluetooth", limit, Manager::new()).await?;
        Ok(Self {
            manager,
            #[cfg(target_os = "linux")]
            witness: witness(limit).await,
        })
    }
}

#[cfg(target_os = "linux")]
impl Opened {
    fn is_lost(&self) -> bool {
        self.witness.as_ref().is_some_and(zbus::Connection::is_closed)
    }

    /// Whether the bus was lost, or the library alone was cut off from it: BlueZ answers us then and not the library.
    async fn is_cut_off(&mut self, limit: Duration) -> bool {
        if self.witness.is_none() {
            self.witness = witness(limit).await;
        }
        let Some(witness) = &self.witness else { return false };
        let asking = witness.call_method(Some("org.bluez"), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
        let answered = matches!(tokio::time::timeout(limit, asking).await, Ok(Ok(_)));
        answered || self.is_lost()
    }
}

/// `None` while the bus cannot be reached.
#[cfg(target_os = "linux")]
async fn witness(limit: Duration) -> Option<zbus::Connection> {
    tokio::time::timeout(limit, zbus::Connection::system()).await.ok()?.ok()
}

#[cfg(not(target_os = "linux"))]
impl Opened {
    /// Other systems have no bus that could be lost.
    const fn is_lost(&self) -> bool {
        false
    }

    #[allow(clippy::unused_async, clippy::needless_pass_by_ref_mut, reason = "as on Linux")]
    async fn is_cut_off(&mut self, _limit: Duration) -> bool {
        false
    }
}
