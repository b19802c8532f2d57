//! The sessions: one for each device that is bound or being bound, the radio actions they ask for, what they report.
//! Not here: what happens to values (`readings`) and to people (`people`).
use crate::access::By;
use crate::event_loop::{Console, Done};
use crate::ports::*;
use crate::procedures::DeviceProcedures;
use crate::records::Binding;
use crate::request::RequestError;
use crate::taken::Charge;
use bedside_session::{
    Action, Answer as StepAnswer, Config, Event, Input, Now, PersistId, RequestId, Session, StepResult, is_event_driven,
};
use bedside_vitals::{BootTime, DeviceDescription, DeviceId, DeviceKind, LinkState, PatientId, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// A stream that says nothing for so long with the link up is connected anew.
const SILENCE: Duration = Duration::from_secs(10);
/// A device that a person binds must say who it is within this time; else it would be bound whenever it comes back.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(60);
/// A device heard longer ago is not in reach any more.
const HEARD: Duration = Duration::from_secs(30);

/// How often an adapter that is off or missing is asked for.
const LOOK: Duration = Duration::from_secs(5);

/// One session of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey(u64);

/// What was heard of a peripheral.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) advertisement: Advertisement,
    pub(crate) kind: DeviceKind,
    pub(crate) at: BootTime,
    pub(crate) wall: WallTime,
}

/// Whom a session is for.
pub(crate) struct Purpose {
    /// `None` = nobody: what it sends is kept, unassigned.
    pub(crate) patient: Option<PatientId>,
    /// The device it must turn out to be; `None` = whatever it says it is.
    pub(crate) device: Option<DeviceId>,
    /// Who wanted it bound, whoever is signed in when it says who it is.
    pub(crate) by: By,
    /// Answered once the binding is durable.
    pub(crate) reply: Option<oneshot::Sender<Result<(), RequestError>>>,
}

/// A device with a session.
pub(crate) struct Tracked {
    pub(crate) peripheral: PeripheralId,
    pub(crate) session: Session,
    pub(crate) purpose: Purpose,
    pub(crate) name: String,
    pub(crate) kind: DeviceKind,
    pub(crate) device: Option<DeviceDescription>,
    pub(crate) binding: Option<Binding>,
    pub(crate) link: LinkState,
    pub(crate) link_since: WallTime,
    pub(crate) battery_percent: Option<u8>,
    /// Whether the server is to be told of it.
    pub(crate) charge: Charge,
    pub(crate) last_value: Option<BootTime>,
    pub(crate) clock_offset_ms: Option<i64>,
    pub(crate) rejected: u32,
    pub(crate) fault: Option<&'static str>,
    /// Until then the device must have said who it is, or the binding is given up.
    pub(crate) identify_by: Option<BootTime>,
    /// Stored records, clock, consent, user slot.
    pub(crate) procedures: DeviceProcedures,
    /// Actions that the radio has not answered.
    under_way: u32,
    finished: bool,
}

impl Tracked {
    /// Whether it is nobody's, and may become somebody's.
    pub(crate) fn is_free(&self) -> bool {
        self.purpose.patient.is_none() && self.binding.is_none()
    }

    /// Whether it is recorded for nobody.
    pub(crate) fn is_captured(&self) -> bool {
        self.purpose.patient.is_none() && self.device.is_some()
    }

    /// The device that this one was taken for by its name, and for whom.
    pub(crate) fn mistaken(&self) -> Option<(DeviceId, PatientId, PeripheralId)> {
        let wanted = self.purpose.device.filter(|_| self.device.is_none())?;
        Some((wanted, self.purpose.patient?, self.peripheral.clone()))
    }
}

/// All sessions, and all that was heard.
#[derive(Default)]
pub(crate) struct Devices {
    pub(crate) heard: BTreeMap<PeripheralId, Heard>,
    pub(crate) tracked: BTreeMap<SessionKey, Tracked>,
    /// Enrolled devices that are waited for, by the name they advertise.
    pub(crate) awaited: Vec<(DeviceDescription, PatientId, By)>,
    /// Sessions that ended with an action under way, until its answer comes.
    gone: BTreeMap<SessionKey, PeripheralId>,
    /// Peripherals that have the name of an awaited device and are not it.
    pub(crate) not_awaited: BTreeSet<PeripheralId>,
    keys: u64,
    pub(crate) search_until: Option<(BootTime, WallTime)>,
    looked: Option<BootTime>,
    scan_not_before: Option<BootTime>,
    scanning: bool,
    scan_under_way: bool,
}

impl Devices {
    /// Devices that are recorded, for a patient or for nobody, linked or waited for.
    pub(crate) fn recording(&self) -> u32 {
        let recorded = self.tracked.values().filter(|tracked| tracked.binding.is_some() || tracked.is_captured());
        u32::try_from(recorded.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn all_finished(&self) -> bool {
        self.tracked.is_empty()
    }

    pub(crate) fn by_device(&mut self, device: DeviceId) -> Option<(SessionKey, &mut Tracked)> {
        let found = self.tracked.iter_mut().find(|(_, t)| t.device.as_ref().is_some_and(|d| d.id == device));
        found.map(|(key, tracked)| (*key, tracked))
    }

    pub(crate) fn by_peripheral(&self, peripheral: &PeripheralId) -> Option<&Tracked> {
        self.tracked.values().find(|tracked| tracked.peripheral == *peripheral)
    }

    pub(crate) fn keys_of(&self, peripheral: &PeripheralId) -> Vec<SessionKey> {
        self.tracked.iter().filter(|(_, t)| t.peripheral == *peripheral).map(|(key, _)| *key).collect()
    }

    /// Whether the radio has been asked something about it that it has not answered.
    pub(crate) fn is_busy(&self, peripheral: &PeripheralId) -> bool {
        self.tracked.values().any(|tracked| tracked.peripheral == *peripheral && tracked.under_way > 0)
    }

    /// Whether the session has no link and waits for none.
    pub(crate) fn is_idle(&self, key: SessionKey) -> bool {
        self.tracked.get(&key).is_none_or(|tracked| tracked.session.wants_advertisements())
    }

    /// A device that has not said who it is has so long from now.
    pub(crate) fn allow_longer(&mut self, key: SessionKey, length: Duration, now: Now) {
        if let Some(identify_by) = self.tracked.get_mut(&key).and_then(|tracked| tracked.identify_by.as_mut()) {
            *identify_by = now.boot.plus(length);
        }
    }

    /// What went wrong last, for the screen.
    pub(crate) fn note_fault(&mut self, key: SessionKey, code: &'static str) {
        if let Some(tracked) = self.tracked.get_mut(&key) {
            tracked.fault = Some(code);
        }
    }

    /// An answer of the radio to a session's action.
    fn answered(&mut self, key: SessionKey, id: RequestId, result: StepResult, now: Now) {
        if let Some(tracked) = self.tracked.get_mut(&key) {
            tracked.under_way = tracked.under_way.saturating_sub(1);
        }
        self.feed(key, now, Input::Answered(id, result));
    }

    /// Something a session waits for is durable.
    pub(crate) fn persisted(&mut self, key: SessionKey, id: PersistId, machine: &dyn Machine) {
        let wall = machine.wall();
        let now = Now { boot: machine.boot(), wall, zone_offset_ms: machine.zone_offset_ms(wall) };
        self.feed(key, now, Input::Persisted(id));
    }

    /// Looks whether anybody's time has come.
    pub(crate) fn timeouts(&mut self, now: Now) {
        for tracked in self.tracked.values_mut() {
            let nobody_waits = tracked.purpose.reply.as_ref().is_some_and(oneshot::Sender::is_closed);
            if tracked.identify_by.is_some_and(|at| now.boot >= at || nobody_waits) {
                tracked.identify_by = None;
                if let Some(reply) = tracked.purpose.reply.take() {
                    let _ = reply.send(Err(RequestError::NoAnswer));
                }
                guarded(tracked, |session| session.handle(now, Input::Stop));
            }
            if tracked.session.poll_timeout().is_some_and(|(at, _)| now.boot >= at) {
                guarded(tracked, |session| session.handle_timeout(now));
            }
        }
        self.heard.retain(|_, heard| now.boot.since(heard.at) <= HEARD);
    }

    /// Feeds a session. A panic ends this device's session and no other.
    pub(crate) fn feed(&mut self, key: SessionKey, now: Now, input: Input) {
        if let Some(tracked) = self.tracked.get_mut(&key) {
            guarded(tracked, |session| session.handle(now, input));
        }
    }
}

fn guarded(tracked: &mut Tracked, work: impl FnOnce(&mut Session)) {
    if catch_unwind(AssertUnwindSafe(|| work(&mut tracked.session))).is_err() {
        tracing::error!(code = "SESSION-PANIC", "a device's session ended by a fault of ours; the others go on");
        tracked.fault = Some("SESSION-PANIC");
        tracked.finished = true;
    }
}

impl Console {
    /// Begins a session with a peripheral.
    pub(crate) fn track(&mut self, peripheral: PeripheralId, purpose: Purpose) {
        let now = self.now();
        let heard = self.devices.heard.get(&peripheral).cloned();
        let (name, kind, simulated) = heard.map_or((None, DeviceKind::Unknown, false), |heard| {
            (heard.advertisement.name, heard.kind, heard.advertisement.simulated)
        });
        let config = Config {
            name: name.clone(),
            address: peripheral.0.clone(),
            simulated,
            event_driven: is_event_driven(kind),
            silence: SILENCE,
            stem: Uuid::from_slice(&self.ports.machine.random()[..16]).unwrap_or_default(),
            known: purpose.device.and_then(|device| self.known.get(&device).cloned()),
            set_clocks: self.policy.set_device_clocks,
        };
        self.devices.keys += 1;
        let identify_by = purpose.reply.as_ref().map(|_| now.boot.plus(IDENTIFY_WITHIN));
        let tracked = Tracked {
            peripheral,
            session: Session::new(config, now, true),
            purpose,
            name: name.unwrap_or_default(),
            kind,
            device: None,
            binding: None,
            link: LinkState::Waiting,
            link_since: now.wall,
            battery_percent: None,
            charge: Charge::Unknown,
            last_value: None,
            clock_offset_ms: None,
            rejected: 0,
            fault: None,
            identify_by,
            procedures: DeviceProcedures::default(),
            under_way: 0,
            finished: false,
        };
        self.devices.tracked.insert(SessionKey(self.devices.keys), tracked);
    }

    /// Carries out what sessions ask and report, until none of them has more.
    pub(crate) fn run_sessions(&mut self, now: Now) {
        let keys: Vec<SessionKey> = self.devices.tracked.keys().copied().collect();
        for key in keys {
            while let Some(action) = self.devices.tracked.get_mut(&key).and_then(|t| t.session.poll_action()) {
                self.act(key, action);
            }
            while let Some(event) = self.devices.tracked.get_mut(&key).and_then(|t| t.session.poll_event()) {
                self.session_event(key, event, now);
                self.changed = true;
            }
        }
        self.end_finished();
    }

    fn act(&mut self, key: SessionKey, action: Action) {
        if matches!(action, Action::Connect(_)) && self.bonds_first(key) {
            self.offer_pairing(key);
        }
        if let Some(action) = self.hold_for_pairing(key, action) {
            self.carry_out(key, action);
        }
    }

    /// Whether the model must be paired before it is connected, and is not yet.
    fn bonds_first(&self, key: SessionKey) -> bool {
        let Some(tracked) = self.devices.tracked.get(&key) else { return false };
        let bonded = self.pairings.bond(&tracked.peripheral).is_some_and(|bond| bond.state == BondState::Bonded);
        !bonded && tracked.session.quirk().bond_first
    }

    /// An answer that does not come from the radio.
    pub(crate) fn answer_ourselves(&mut self, key: SessionKey, id: RequestId, result: StepResult) {
        if let Some(tracked) = self.devices.tracked.get_mut(&key) {
            tracked.under_way += 1;
            self.start_work(async move { Done::Radio(key, id, result) });
        }
    }

    /// Hands an action to the radio.
    pub(crate) fn carry_out(&mut self, key: SessionKey, action: Action) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        tracked.under_way += 1;
        let (radio, peripheral) = (self.ports.radio.clone(), tracked.peripheral.clone());
        self.start_work(async move {
            let (id, result) = match action {
                Action::Connect(id) => (id, radio.connect(&peripheral).await.map(|()| StepAnswer::Done)),
                Action::Disconnect(id) => (id, radio.disconnect(&peripheral).await.map(|()| StepAnswer::Done)),
                Action::Discover(id) => (id, radio.discover(&peripheral).await.map(StepAnswer::Services)),
                Action::Read(id, at) => (id, radio.read(&peripheral, at).await.map(StepAnswer::Value)),
                Action::Write(id, at, value) => {
                    (id, radio.write(&peripheral, at, &value).await.map(|()| StepAnswer::Done))
                }
                Action::Subscribe(id, at) => (id, radio.subscribe(&peripheral, at).await.map(|()| StepAnswer::Done)),
            };
            Done::Radio(key, id, result)
        });
    }

    /// An answer of the radio. A link that was made for a session that is gone is ended again.
    pub(crate) fn radio_answered(&mut self, key: SessionKey, id: RequestId, result: StepResult) {
        let now = self.now();
        if let Some(peripheral) = self.devices.gone.get(&key).cloned() {
            if result.is_ok() && self.devices.by_peripheral(&peripheral).is_none() {
                let radio = self.ports.radio.clone();
                self.start_work(async move {
                    // It may be down already; then there is nothing to end.
                    let _ = radio.disconnect(&peripheral).await;
                    Done::Nothing
                });
            }
            self.devices.gone.remove(&key);
            return;
        }
        self.devices.answered(key, id, result, now);
    }

    fn session_event(&mut self, key: SessionKey, event: Event, now: Now) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        match event {
            Event::Link(link) => {
                tracked.link = link;
                tracked.link_since = now.wall;
                if link == LinkState::Connecting {
                    tracked.charge = Charge::Unknown;
                }
                if link == LinkState::Linked {
                    tracked.fault = None;
                    let peripheral = tracked.peripheral.clone();
                    self.ask_bond(peripheral);
                }
            }
            Event::Battery(percent) => self.charge_told(key, percent),
            Event::Fault(fault) => {
                tracing::warn!(code = fault.code, detail = %fault.detail, "a device's connection failed");
                tracked.fault = Some(fault.code);
                if fault.code == "PAIRING-NEEDED" {
                    self.offer_pairing(key);
                }
            }
            Event::Finished => tracked.finished = true,
            Event::Identified(identified) => self.identified(key, identified, now),
            Event::Packet(packet) => self.packet(key, packet, now),
            Event::Fetching { received, expected, .. } => self.fetching(key, received, expected),
            Event::Fetched(fetched) => self.fetched(key, fetched),
            Event::ClockSetting(setting) => self.clock_set(key, setting, now),
            Event::ConsentWanted => self.consent_wanted(key, true),
            Event::ConsentAnswered(accepted) => self.consent_wanted(key, !accepted),
        }
    }

    fn end_finished(&mut self) {
        let finished: Vec<SessionKey> =
            self.devices.tracked.iter().filter(|(_, t)| t.finished).map(|(key, _)| *key).collect();
        for key in finished {
            if let Some(mut tracked) = self.devices.tracked.remove(&key) {
                if tracked.under_way > 0 {
                    self.devices.gone.insert(key, tracked.peripheral.clone());
                }
                if let Some(reply) = tracked.purpose.reply.take() {
                    let _ = reply.send(Err(RequestError::NoSuchDevice));
                }
                self.end_binding(tracked);
                self.changed = true;
            }
        }
    }

    /// What the radio reports by itself.
    pub(crate) fn radio_event(&mut self, event: RadioEvent) {
        let now = self.now();
        match event {
            RadioEvent::Adapter(state) => self.adapter_changed(state, now),
            RadioEvent::Advertised(advertisement) => self.heard(advertisement, now),
            RadioEvent::PairingPrompt(prompt) => self.pairing_asked(prompt, now),
            RadioEvent::PairingPromptOver(prompt) => self.pairing_question_over(prompt),
            RadioEvent::LinkEnded(peripheral) => {
                for key in self.devices.keys_of(&peripheral) {
                    self.devices.feed(key, now, Input::LinkEnded);
                }
            }
            RadioEvent::Value { peripheral, address, bytes } => {
                for key in self.devices.keys_of(&peripheral) {
                    self.devices.feed(key, now, Input::Value(address, bytes.clone()));
                }
            }
        }
    }

    fn heard(&mut self, advertisement: Advertisement, now: Now) {
        let kind = bedside_session::kind_of(&advertisement.services);
        let peripheral = advertisement.peripheral.clone();
        let known = self.devices.heard.get(&peripheral).map(|heard| heard.kind);
        // Some devices name their services only in some of their advertisements.
        let kind = known.filter(|_| kind == DeviceKind::Unknown).unwrap_or(kind);
        let heard = Heard { advertisement, kind, at: now.boot, wall: now.wall };
        self.devices.heard.insert(peripheral.clone(), heard.clone());
        for key in self.devices.keys_of(&peripheral) {
            self.devices.feed(key, now, Input::Advertised);
        }
        let name = heard.advertisement.name.as_deref().unwrap_or("");
        let is_it = |device: &DeviceDescription| {
            // A device that advertises no name was enrolled under its model's.
            device.kind == heard.kind && (device.name == name || name.is_empty())
        };
        let excluded = self.devices.not_awaited.contains(&peripheral);
        let awaited = self.devices.awaited.iter().position(|(device, _, _)| is_it(device) && !excluded);
        if let Some(place) = awaited.filter(|_| self.devices.by_peripheral(&peripheral).is_none()) {
            let (device, patient, by) = self.devices.awaited.remove(place);
            self.track(peripheral, Purpose { patient: Some(patient), device: Some(device.id), by, reply: None });
        }
        self.changed = true;
    }

    /// Listens while a person searches or a device is waited for.
    pub(crate) fn keep_listening(&mut self, now: Now) {
        if self.devices.search_until.is_some_and(|(until, _)| now.boot >= until) {
            self.devices.search_until = None;
        }
        let waiting = self.devices.tracked.values().any(|tracked| tracked.session.wants_advertisements());
        let waiting = waiting || self.pairings.wants_advertisements();
        let wanted = self.devices.search_until.is_some() || waiting || !self.devices.awaited.is_empty();
        let failed = self.devices.scan_not_before.is_some_and(|at| now.boot < at);
        let usable = self.adapter == AdapterState::On && !failed;
        if self.devices.scan_under_way || wanted == self.devices.scanning || !usable {
            return;
        }
        self.devices.scan_under_way = true;
        let radio = self.ports.radio.clone();
        self.start_work(async move { Done::Scan(wanted, radio.scan(wanted).await) });
    }

    pub(crate) fn scan_answered(&mut self, on: bool, result: Result<(), bedside_session::RadioFault>) {
        self.devices.scan_under_way = false;
        match result {
            Ok(()) => self.devices.scanning = on && self.adapter == AdapterState::On,
            Err(fault) => {
                self.devices.scan_not_before = Some(self.ports.machine.boot().plus(LOOK));
                tracing::warn!(code = "SCAN", %fault, "listening for devices failed; it is tried again");
                self.ask_adapter();
            }
        }
    }

    /// An adapter that is not there does not report its return on every system.
    pub(crate) fn look_for_adapter(&mut self, now: Now) {
        let due = self.devices.looked.is_none_or(|at| now.boot.since(at) >= LOOK);
        if self.adapter != AdapterState::On && due {
            self.ask_adapter();
        }
    }

    pub(crate) fn ask_adapter(&mut self) {
        self.devices.looked = Some(self.ports.machine.boot());
        let radio = self.ports.radio.clone();
        self.start_work(async move { Done::Adapter(radio.adapter_state().await) });
        let radio = self.ports.radio.clone();
        self.start_work(async move { Done::Diagnosis(radio.diagnosis().await) });
    }

    pub(crate) fn adapter_answered(&mut self, state: Result<AdapterState, bedside_session::RadioFault>) {
        use bedside_session::RadioFault;
        let state = match state {
            Ok(state) => state,
            Err(RadioFault::AdapterOff) => AdapterState::Off,
            Err(RadioFault::NotPermitted(_)) => AdapterState::NotPermitted,
            Err(_) => AdapterState::Missing,
        };
        let now = self.now();
        self.adapter_changed(state, now);
    }

    fn adapter_changed(&mut self, state: AdapterState, now: Now) {
        let was = std::mem::replace(&mut self.adapter, state);
        if was != state && self.adapter_known {
            let radio = self.ports.radio.clone();
            self.start_work(async move { Done::Diagnosis(radio.diagnosis().await) });
        }
        self.adapter_known = true;
        if state != AdapterState::On {
            self.devices.scanning = false;
            self.devices.heard.clear();
        }
        if state == AdapterState::On && was != AdapterState::On {
            // No system goes on listening through an adapter that was off.
            self.devices.scanning = false;
            self.devices.scan_not_before = None;
            let keys: Vec<SessionKey> = self.devices.tracked.keys().copied().collect();
            for key in keys {
                self.devices.feed(key, now, Input::AdapterOn);
            }
        }
        self.changed = true;
    }
}
