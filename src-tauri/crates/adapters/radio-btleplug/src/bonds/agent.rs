//! The agent that BlueZ asks during a pairing (`org.bluez.Agent1`), and which pairings a person has allowed.
//! Not here: starting a pairing. A question that nobody here caused is answered no, and told to whoever uses the device.
use bedside_console::OpenQuestions;
use bedside_console::ports::{PairingQuestion, Passkey, PeripheralId};
use bedside_session::PairingFault;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use zbus::interface;
use zbus::zvariant::ObjectPath;

pub(crate) const AGENT_PATH: &str = "/bedside/pairing";

/// What the agent and those who pair know together.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) questions: Arc<OpenQuestions>,
    /// Pairings that a person allowed, and why each failed here, if it did.
    allowed: Mutex<BTreeMap<PeripheralId, Option<PairingFault>>>,
    /// Told each time when BlueZ asks about a device that nobody pairs; there while somebody waits for that.
    by_itself: Mutex<BTreeMap<PeripheralId, Arc<Notify>>>,
    /// Digits on show, until the pairing is over.
    shown: Mutex<BTreeMap<PeripheralId, AbortHandle>>,
    /// BlueZ told that it let our agent go.
    released: AtomicBool,
    pub(crate) given_back: Mutex<Option<mpsc::UnboundedReceiver<()>>>,
}

/// A pairing that a person allowed, while it runs.
pub(crate) struct Allowed<'a> {
    calls: &'a Calls,
    id: PeripheralId,
}

impl Allowed<'_> {
    /// Why a person's part of it failed.
    pub(crate) fn fault(&self) -> Option<PairingFault> {
        lock(&self.calls.allowed).get(&self.id).copied().flatten()
    }
}

impl Drop for Allowed<'_> {
    fn drop(&mut self) {
        lock(&self.calls.allowed).remove(&self.id);
        self.calls.put_away(&self.id);
        self.calls.questions.withdraw(&self.id);
    }
}

impl Calls {
    pub(crate) fn new(questions: Arc<OpenQuestions>) -> Self {
        Self {
            questions,
            allowed: Mutex::default(),
            by_itself: Mutex::default(),
            shown: Mutex::default(),
            released: AtomicBool::new(false),
            given_back: Mutex::default(),
        }
    }

    /// From now until the guard goes, questions about this device are a person's to answer.
    pub(crate) fn allow(&self, id: &PeripheralId) -> Allowed<'_> {
        lock(&self.allowed).insert(id.clone(), None);
        Allowed { calls: self, id: id.clone() }
    }

    /// Ends when BlueZ asks about this device and nobody pairs it.
    /// What it asks between this call and the first poll counts, too.
    pub(crate) fn asked_by_system(&self, id: &PeripheralId) -> impl Future<Output = ()> + '_ {
        let asked = Arc::clone(lock(&self.by_itself).entry(id.clone()).or_default());
        let notified = Arc::clone(&asked).notified_owned();
        let waiting = Waiting { calls: self, id: id.clone(), asked };
        async move {
            notified.await;
            drop(waiting);
        }
    }

    /// Whether BlueZ let our agent go since this was asked last.
    pub(crate) fn was_released(&self) -> bool {
        self.released.swap(false, Ordering::AcqRel)
    }

    /// The device of a path, if a person allowed its pairing. Otherwise the answer is no, and its user is told.
    fn allowed(&self, device: &ObjectPath<'_>) -> Result<PeripheralId, AgentError> {
        let id = PeripheralId(device.trim_start_matches("/org/bluez/").to_owned());
        if lock(&self.allowed).contains_key(&id) {
            return Ok(id);
        }
        if let Some(asked) = lock(&self.by_itself).get(&id) {
            asked.notify_waiters();
        }
        Err(AgentError::Rejected("pair the device in Bedside first".into()))
    }

    async fn ask(&self, id: &PeripheralId, question: PairingQuestion) -> Result<Option<Passkey>, AgentError> {
        self.questions.ask(id, question).await.map_err(|fault| self.failed(id, fault))
    }

    fn failed(&self, id: &PeripheralId, fault: PairingFault) -> AgentError {
        if let Some(why) = lock(&self.allowed).get_mut(id) {
            *why = Some(fault);
        }
        match fault {
            PairingFault::Cancelled => AgentError::Canceled("the question was called off".into()),
            PairingFault::Unanswered => AgentError::Canceled("nobody answered".into()),
            _ => AgentError::Rejected("declined by a person".into()),
        }
    }

    /// Shows digits for the device; BlueZ does not wait for an answer, so a no calls the pairing off.
    fn show(self: &Arc<Self>, id: PeripheralId, digits: Passkey, cancel: impl Future<Output = ()> + Send + 'static) {
        let mut shown = lock(&self.shown);
        if shown.contains_key(&id) {
            // BlueZ says it anew with each key that is typed on the device.
            return;
        }
        let (calls, of) = (Arc::clone(self), id.clone());
        let showing = tokio::spawn(async move {
            match calls.questions.ask(&of, PairingQuestion::ShowPasskey(digits)).await {
                // Seen; or it is over.
                Ok(_) | Err(PairingFault::Cancelled) => {}
                Err(fault) => {
                    calls.failed(&of, fault);
                    cancel.await;
                }
            }
        });
        shown.insert(id, showing.abort_handle());
    }

    fn put_away(&self, id: &PeripheralId) {
        if let Some(showing) = lock(&self.shown).remove(id) {
            showing.abort();
        }
    }
}

/// Somebody waits for a question about a device. The last to go takes the entry along: a device that changes its address
/// has a new name each time.
struct Waiting<'a> {
    calls: &'a Calls,
    id: PeripheralId,
    asked: Arc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut by_itself = lock(&self.calls.by_itself);
        // Taken under the lock only, and a wait holds two: the entry's own is the third.
        if Arc::strong_count(&self.asked) <= 3 {
            by_itself.remove(&self.id);
        }
    }
}

/// The agent's object on the bus.
pub(crate) struct Agent {
    calls: Arc<Calls>,
}

impl Agent {
    pub(crate) const fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }
}

/// What an agent may answer besides a value.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.bluez.Error")]
pub(crate) enum AgentError {
    #[zbus(error)]
    ZBus(zbus::Error),
    Rejected(String),
    Canceled(String),
}

#[interface(name = "org.bluez.Agent1")]
impl Agent {
    /// BlueZ ends, or lets go of us: there is nothing left to take back from it.
    fn release(&self) {
        self.calls.released.store(true, Ordering::Release);
    }

    /// BlueZ or the device called the questions off. It does not say about which device: only one is asked at a time.
    fn cancel(&self) {
        let pairing: Vec<PeripheralId> = lock(&self.calls.allowed).keys().cloned().collect();
        for id in pairing {
            self.calls.questions.withdraw(&id);
        }
    }

    async fn request_passkey(&self, device: ObjectPath<'_>) -> Result<u32, AgentError> {
        let id = self.calls.allowed(&device)?;
        let typed = self.calls.ask(&id, PairingQuestion::EnterPasskey).await?;
        typed.map(Passkey::number).ok_or_else(|| AgentError::Rejected("no passkey was typed".into()))
    }

    /// Old devices ask for a text; a number of six digits is one.
    async fn request_pin_code(&self, device: ObjectPath<'_>) -> Result<String, AgentError> {
        let id = self.calls.allowed(&device)?;
        let typed = self.calls.ask(&id, PairingQuestion::EnterPasskey).await?;
        typed.map(|key| key.to_string()).ok_or_else(|| AgentError::Rejected("no passkey was typed".into()))
    }

    async fn display_passkey(
        &self,
        device: ObjectPath<'_>,
        passkey: u32,
        _entered: u16,
        #[zbus(connection)] bus: &zbus::Connection,
    ) -> Result<(), AgentError> {
        let id = self.calls.allowed(&device)?;
        let digits = Passkey::new(passkey).ok_or_else(|| AgentError::Rejected("more than six digits".into()))?;
        let (bus, path) = (bus.clone(), device.to_owned().into_owned());
        self.calls.show(id, digits, async move {
            // The pairing fails by itself when this does not help: nobody types the digits.
            let _ = bus.call_method(Some("org.bluez"), &path, Some("org.bluez.Device1"), "CancelPairing", &()).await;
        });
        Ok(())
    }

    fn display_pin_code(&self, device: ObjectPath<'_>, _pin_code: String) -> Result<(), AgentError> {
        // Only keyboards of the classic kind are told letters to type.
        self.calls.allowed(&device)?;
        Err(AgentError::Rejected("not a medical device of Bluetooth Low Energy".into()))
    }

    async fn request_confirmation(&self, device: ObjectPath<'_>, passkey: u32) -> Result<(), AgentError> {
        let id = self.calls.allowed(&device)?;
        let number = Passkey::new(passkey).ok_or_else(|| AgentError::Rejected("more than six digits".into()))?;
        self.calls.ask(&id, PairingQuestion::CompareNumbers(number)).await.map(drop)
    }

    /// Just Works, begun by the device: whoever pairs it has said yes already.
    fn request_authorization(&self, device: ObjectPath<'_>) -> Result<(), AgentError> {
        self.calls.allowed(&device).map(drop)
    }

    /// No service of ours is offered to devices.
    fn authorize_service(&self, _device: ObjectPath<'_>, _uuid: String) -> Result<(), AgentError> {
        Err(AgentError::Rejected("no service is offered here".into()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn calls() -> Calls {
        let (report, _) = mpsc::unbounded_channel();
        Calls::new(Arc::new(OpenQuestions::new(report, Duration::from_secs(30))))
    }

    fn id(device: usize) -> PeripheralId {
        PeripheralId(format!("hci0/dev_{device}"))
    }

    #[tokio::test]
    async fn devices_that_were_waited_for_once_are_not_kept() {
        let calls = calls();
        for device in 0..100 {
            drop(calls.asked_by_system(&id(device)));
            let mut waiting = Box::pin(calls.asked_by_system(&id(device)));
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        assert_eq!(lock(&calls.by_itself).len(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_though_another_gave_up_waiting() {
        let calls = calls();
        let (first, second) = (calls.asked_by_system(&id(1)), calls.asked_by_system(&id(1)));
        drop(first);
        let path = ObjectPath::try_from("/org/bluez/hci0/dev_1").expect("a path");
        assert!(calls.allowed(&path).is_err(), "nobody pairs it");
        second.await;
        assert_eq!(lock(&calls.by_itself).len(), 0);
    }
}
