//! A store in front of the vault that stops at a point of the test's choice until the test lets it go on, or refuses there.
//! Not here: faults of a disk (`store_faults`).
use crate::front_store::{Before, in_front};
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// Where the store stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// Before an entry of this action and outcome is written.
    Entry(AuditAction, AuditOutcome),
    /// Before the recovery slot is changed.
    RecoverySlot,
    /// Before a clinician's slot is written.
    Slot,
    /// Before a PIN is looked at.
    PinLook,
    /// Before it is written that the anchor was kept.
    AnchorKept,
    /// Before a token for the clinic's server is written.
    ServerToken,
    /// Before anything that is kept of the clinic's server is written.
    Clinic,
    /// Before it is written who is on the clinic's list.
    ClinicList,
}

/// What the test does with the store.
pub(crate) struct Gate {
    stops_at: Mutex<Option<Point>>,
    refuses: AtomicBool,
    reached: Semaphore,
    goes_on: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            stops_at: Mutex::new(None),
            refuses: AtomicBool::new(false),
            reached: Semaphore::new(0),
            goes_on: Semaphore::new(0),
        })
    }

    /// The vault with this gate in front of it.
    pub(crate) fn before(self: &Arc<Self>) -> crate::harness::WrapStore {
        in_front(self.clone())
    }

    /// From here on the store stops once at this point.
    pub(crate) fn stop_at(&self, point: Point) {
        *self.stops_at.lock().unwrap() = Some(point);
    }

    /// From here on the store refuses at this point, as a full disk would.
    pub(crate) fn refuse_at(&self, point: Option<Point>) {
        self.refuses.store(point.is_some(), Ordering::SeqCst);
        *self.stops_at.lock().unwrap() = point;
    }

    /// Waits until the store has stopped.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.goes_on.add_permits(1);
    }

    async fn pass(&self, is_here: impl Fn(Point) -> bool) -> Result<(), StoreFault> {
        {
            let mut stops_at = self.stops_at.lock().unwrap();
            if !stops_at.is_some_and(is_here) {
                return Ok(());
            }
            if self.refuses.load(Ordering::SeqCst) {
                return Err(StoreFault::DiskFull);
            }
            *stops_at = None;
        }
        self.reached.add_permits(1);
        self.goes_on.acquire().await.unwrap().forget();
        Ok(())
    }
}

#[async_trait]
impl Before for Arc<Gate> {
    async fn keys(&self, change: &SlotChange) -> Result<(), StoreFault> {
        let here = match change {
            SlotChange::Recovery(_) => Some(Point::RecoverySlot),
            SlotChange::Put { .. } => Some(Point::Slot),
            _ => None,
        };
        self.pass(|point| Some(point) == here).await
    }

    async fn commit(&self, changes: &Changes) -> Result<(), StoreFault> {
        let holds = |point| changes.audit.iter().any(|entry| point == Point::Entry(entry.action, entry.outcome));
        self.pass(holds).await?;
        self.pass(|point| changes.anchor_kept && point == Point::AnchorKept).await?;
        self.pass(|point| !changes.server_tokens.is_empty() && point == Point::ServerToken).await?;
        let of_list = || changes.clinic.iter().flat_map(|page| &page.cursors).any(|cursor| cursor.query == "worklist");
        self.pass(|point| !changes.clinic.is_empty() && point == Point::Clinic).await?;
        self.pass(|point| point == Point::ClinicList && of_list()).await
    }

    async fn read(&self, query: &Query) -> Result<(), StoreFault> {
        let looks_at_pin = matches!(query, Query::VerifyPin(..));
        self.pass(|point| looks_at_pin && point == Point::PinLook).await
    }
}
