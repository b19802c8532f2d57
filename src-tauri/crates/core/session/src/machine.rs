//! The state machine of one device: waiting, connecting, preparing, streaming, backing off, over.
//! Not here: what values mean (`profiles`) and what is read in which order (`preparation`).
use crate::back_off::BackOff;
use crate::clock;
use crate::identify::Draft;
use crate::input::*;
use crate::preparation::{self, Step};
use crate::profiles::{self, Decoder};
use crate::table::{CharacteristicAddress, DiscoveredService, RadioFault};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bedside_gatt::battery::BatteryLevel;
use bedside_gatt::current_time::CurrentTime;
use bedside_gatt::{date_time, uuids};
use bedside_vitals::{BootTime, ConnectionId, DeviceClock, DeviceTime, LinkState};
use core::time::Duration;
use uuid::Uuid;

/// What a session needs to know from the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The advertised name.
    pub name: Option<String>,
    /// How the system names the peripheral: an identity of last resort.
    pub address: String,
    /// From the simulated ward.
    pub simulated: bool,
    /// A cuff or thermometer, as far as its advertisements tell: it is connected when it shows itself, and hangs up by
    /// itself. Its services decide once they are known.
    pub event_driven: bool,
    /// A stream that is silent for so long with the link up is connected anew.
    pub silence: Duration,
    /// Every connection gets an id of this stem and a count.
    pub stem: Uuid,
}

/// A device that refuses us, or wants to be paired first, is not called again at each of its advertisements.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);
/// So often in a row the identity may fail to be read before the device is used without the missing part.
const MOST_IDENTITY_FAULTS: u32 = 3;

/// How long an action may take before the session gives up on the link. The radio's own deadlines are shorter.
const DEADLINE: Duration = Duration::from_secs(45);

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Until the device is heard.
    Waiting,
    /// Until the time comes or the device is heard.
    BackingOff(BootTime),
    /// `Connect` or `Discover` is under way.
    Connecting,
    /// A step is under way, or the identity is being persisted.
    Preparing(Option<Step>),
    /// Values may come.
    Streaming,
    /// `Disconnect` is under way; then back off or finish.
    Disconnecting { finish: bool },
    /// Over.
    Finished,
}

/// One device, from binding to unbinding.
pub struct Session {
    config: Config,
    state: State,
    link: LinkState,
    connections: u64,
    requests: u64,
    persists: u64,
    pending: Option<(RequestId, BootTime)>,
    services: Vec<DiscoveredService>,
    plan: VecDeque<Step>,
    draft: Draft,
    clock: Option<DeviceClock>,
    decoder: Decoder,
    indices: BTreeMap<CharacteristicAddress, u64>,
    identity: Option<PersistId>,
    unpersisted: BTreeSet<PersistId>,
    held: VecDeque<(Now, CharacteristicAddress, Vec<u8>)>,
    last_value: BootTime,
    streams: bool,
    /// The identity of this connection is durable: values may be decoded.
    ready: bool,
    identity_faults: u32,
    not_before: Option<BootTime>,
    back_off: BackOff,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl Session {
    /// A device to be connected: at once, or an event-driven one when it shows itself.
    pub fn new(config: Config, now: Now, in_reach: bool) -> Self {
        let mut session = Self {
            config,
            state: State::Waiting,
            link: LinkState::Waiting,
            connections: 0,
            requests: 0,
            persists: 0,
            pending: None,
            services: Vec::new(),
            plan: VecDeque::new(),
            draft: Draft::default(),
            clock: None,
            decoder: Decoder::default(),
            indices: BTreeMap::new(),
            identity: None,
            unpersisted: BTreeSet::new(),
            held: VecDeque::new(),
            last_value: now.boot,
            streams: false,
            ready: false,
            identity_faults: 0,
            not_before: None,
            back_off: BackOff::new(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
        };
        session.events.push_back(Event::Link(LinkState::Waiting));
        if in_reach {
            session.connect(now);
        }
        session
    }

    /// Where the link stands.
    pub const fn link(&self) -> LinkState {
        self.link
    }

    /// Whether the device must be heard before anything happens: then the console keeps listening.
    pub const fn wants_advertisements(&self) -> bool {
        matches!(self.state, State::Waiting | State::BackingOff(_))
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Now, input: Input) {
        if self.state == State::Finished {
            return;
        }
        match input {
            Input::Advertised => {
                let refused = self.not_before.is_some_and(|at| now.boot < at);
                if self.wants_advertisements() && !refused {
                    self.connect(now);
                }
            }
            Input::AdapterOn => {
                if matches!(self.state, State::BackingOff(_)) {
                    self.connect(now);
                }
            }
            Input::Answered(id, result) => {
                if self.pending.take_if(|(pending, _)| *pending == id).is_some() {
                    self.answered(now, result);
                }
            }
            Input::Value(address, bytes) => self.value(now, address, bytes),
            Input::LinkEnded => self.link_ended(now),
            Input::Persisted(id) => self.persisted(now, id),
            Input::Stop => self.stop(now),
        }
    }

    /// Call when the time of `poll_timeout` has come.
    pub fn handle_timeout(&mut self, now: Now) {
        let Some((at, reason)) = self.poll_timeout() else { return };
        if now.boot < at {
            return;
        }
        match reason {
            TimeoutReason::BackOff => self.connect(now),
            TimeoutReason::Silence => {
                self.fault("STREAM-SILENT", "no value arrived though the link is up");
                self.disconnect(now, false);
            }
            TimeoutReason::Deadline => {
                self.pending = None;
                if let State::Disconnecting { finish } = self.state {
                    return self.after_disconnect(now, finish);
                }
                self.fault("NO-ANSWER", "the radio gave no answer in time");
                self.disconnect(now, false);
            }
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing to report.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call `handle_timeout`, and why.
    pub fn poll_timeout(&self) -> Option<(BootTime, TimeoutReason)> {
        if let Some((_, deadline)) = self.pending {
            return Some((deadline, TimeoutReason::Deadline));
        }
        match self.state {
            State::BackingOff(until) => Some((until, TimeoutReason::BackOff)),
            State::Streaming if self.streams => {
                Some((self.last_value.plus(self.config.silence), TimeoutReason::Silence))
            }
            State::Waiting | State::Connecting | State::Preparing(_) | State::Streaming => None,
            State::Disconnecting { .. } | State::Finished => None,
        }
    }

    fn connect(&mut self, now: Now) {
        // What still waits for its turn belongs to the connection before.
        self.release_all();
        self.connections += 1;
        self.services.clear();
        self.plan.clear();
        self.draft = Draft::default();
        self.clock = None;
        self.decoder = Decoder::default();
        self.indices.clear();
        self.identity = None;
        self.ready = false;
        self.not_before = None;
        self.state = State::Connecting;
        self.set_link(LinkState::Connecting);
        self.request(now, Action::Connect);
    }

    fn answered(&mut self, now: Now, result: StepResult) {
        match (self.state.clone(), result) {
            (State::Connecting, Ok(Answer::Services(services))) => {
                self.streams = profiles::streams(&services);
                self.config.event_driven = !self.streams;
                self.plan = preparation::plan(&services);
                self.services = services;
                self.set_link(LinkState::Preparing);
                self.next_step(now);
            }
            (State::Connecting, Ok(_)) => self.request(now, Action::Discover),
            (State::Connecting, Err(fault)) => {
                self.radio_fault(&fault);
                self.disconnect(now, false);
            }
            (State::Preparing(Some(step)), result) => self.step_done(now, step, result),
            (State::Disconnecting { finish }, _) => self.after_disconnect(now, finish),
            // A write after the preparation, to a control point: its reply comes as a value.
            (State::Streaming, Err(fault)) => self.radio_fault(&fault),
            (State::Streaming, Ok(_)) => self.write_next(now),
            (State::Waiting | State::BackingOff(_) | State::Preparing(None) | State::Finished, _) => {}
        }
    }

    fn next_step(&mut self, now: Now) {
        let step = self.plan.pop_front();
        self.state = match &step {
            None => State::Streaming,
            Some(step) => State::Preparing(Some(step.clone())),
        };
        match step {
            None => {
                self.back_off.succeed();
                self.last_value = now.boot;
                self.set_link(LinkState::Linked);
            }
            Some(Step::ReadIdentity(at) | Step::ReadBattery(at) | Step::ReadClock(at)) => {
                self.request(now, |id| Action::Read(id, at));
            }
            Some(Step::Subscribe { address, .. }) => self.request(now, |id| Action::Subscribe(id, address)),
            Some(Step::Write(address, octets)) => self.request(now, |id| Action::Write(id, address, octets)),
            Some(Step::PersistIdentity) => {
                let persist = self.new_persist();
                self.identity = Some(persist);
                let Config { name, address, simulated, .. } = &self.config;
                let device = self.draft.clone().describe(&self.services, name.as_deref(), address, *simulated);
                let connection = self.connection();
                self.events.push_back(Event::Identified(Identified { persist, connection, device, clock: self.clock }));
            }
        }
    }

    fn step_done(&mut self, now: Now, step: Step, result: StepResult) {
        let fatal = matches!(step, Step::Subscribe { required: true, .. });
        match (step, result) {
            (Step::ReadIdentity(at), Ok(Answer::Value(bytes))) => self.draft.take(at.characteristic, &bytes),
            (Step::ReadBattery(_), Ok(Answer::Value(bytes))) => self.battery(&bytes),
            (Step::ReadClock(at), Ok(Answer::Value(bytes))) => {
                self.clock = read_clock(at.characteristic, &bytes).and_then(|time| clock::compare(time, now));
            }
            (_, Ok(_)) => {}
            (_, Err(RadioFault::OutOfReach)) => return self.disconnect(now, false),
            // A name that could not be read this time would make another device of it: it is tried again.
            (Step::ReadIdentity(_), Err(fault))
                if !matches!(fault, RadioFault::Refused(_)) && self.identity_faults < MOST_IDENTITY_FAULTS =>
            {
                self.identity_faults += 1;
                self.radio_fault(&fault);
                return self.disconnect(now, false);
            }
            // What the device does not tell stays unknown; it is used all the same.
            (_, Err(fault)) => {
                if fatal || fault == RadioFault::PairingNeeded {
                    self.radio_fault(&fault);
                }
                if fatal {
                    self.not_before = Some(now.boot.plus(AFTER_REFUSAL));
                    return self.disconnect(now, false);
                }
            }
        }
        self.next_step(now);
    }

    fn value(&mut self, now: Now, address: CharacteristicAddress, bytes: Vec<u8>) {
        if matches!(self.state, State::Waiting | State::BackingOff(_) | State::Finished) {
            return;
        }
        self.last_value = now.boot;
        // Some systems turn subscriptions on again by themselves: a value may come before we know whose it is.
        self.held.push_back((now, address, bytes));
        self.release();
    }

    /// Decodes what waits. Of an event-driven device one value at a time: the reading before it is on disk before the
    /// next one is touched.
    fn release(&mut self) {
        while self.ready && (!self.config.event_driven || self.unpersisted.is_empty()) {
            let Some((then, address, bytes)) = self.held.pop_front() else { break };
            self.decode(then, address, bytes);
        }
    }

    /// The connection is over: nothing more is to be waited for, and nothing that came may be lost.
    fn release_all(&mut self) {
        while let Some((then, address, bytes)) = self.held.pop_front() {
            if self.ready {
                self.decode(then, address, bytes);
            }
        }
    }

    fn decode(&mut self, now: Now, address: CharacteristicAddress, bytes: Vec<u8>) {
        if address.characteristic == uuids::BATTERY_LEVEL {
            return self.battery(&bytes);
        }
        if address.characteristic == uuids::POLAR_CONTROL_POINT {
            if let Some(octets) = profiles::polar_reply(&bytes) {
                self.plan.push_back(Step::Write(address, octets));
                self.write_next(now);
            }
            return;
        }
        let index = self.indices.entry(address).or_default();
        let this = *index;
        *index += 1;
        let frame = profiles::Frame { connection: self.connection(), index: this, clock: self.clock.as_ref(), now };
        let simulated = self.config.simulated;
        let content = self.decoder.decode(address, &bytes, &frame, simulated).map_err(|error| error.to_string());
        let persist = self.new_persist();
        self.unpersisted.insert(persist);
        let connection = self.connection();
        let received = now.wall;
        self.events.push_back(Event::Packet(Packet {
            persist,
            connection,
            address,
            index: this,
            received,
            bytes,
            content,
        }));
    }

    /// Writes to control points come one at a time, after the preparation's own steps.
    fn write_next(&mut self, now: Now) {
        if self.pending.is_some() || self.state != State::Streaming {
            return;
        }
        if let Some(Step::Write(address, octets)) = self.plan.pop_front() {
            self.request(now, |id| Action::Write(id, address, octets));
        }
    }

    fn persisted(&mut self, now: Now, id: PersistId) {
        if self.identity.take_if(|identity| *identity == id).is_some() {
            self.ready = true;
            self.identity_faults = 0;
            self.release();
            if self.state == State::Preparing(Some(Step::PersistIdentity)) {
                self.next_step(now);
            }
            return;
        }
        self.unpersisted.remove(&id);
        self.release();
    }

    fn link_ended(&mut self, now: Now) {
        self.pending = None;
        match self.state {
            State::Connecting | State::Preparing(_) | State::Streaming => {
                let normal = self.config.event_driven && self.state == State::Streaming;
                if normal {
                    self.state = State::Waiting;
                    self.set_link(LinkState::Ended);
                } else {
                    self.wait_and_try_again(now);
                }
            }
            State::Disconnecting { finish } => self.after_disconnect(now, finish),
            State::Waiting | State::BackingOff(_) | State::Finished => {}
        }
    }

    fn stop(&mut self, now: Now) {
        match self.state {
            State::Waiting | State::BackingOff(_) => self.after_disconnect(now, true),
            State::Connecting | State::Preparing(_) | State::Streaming | State::Disconnecting { .. } => {
                self.disconnect(now, true);
            }
            State::Finished => {}
        }
    }

    fn disconnect(&mut self, now: Now, finish: bool) {
        let finish = finish || self.state == State::Disconnecting { finish: true };
        self.state = State::Disconnecting { finish };
        self.request(now, Action::Disconnect);
    }

    fn after_disconnect(&mut self, now: Now, finish: bool) {
        if finish {
            self.release_all();
            self.state = State::Finished;
            self.pending = None;
            self.set_link(LinkState::Ended);
            self.events.push_back(Event::Finished);
        } else {
            self.wait_and_try_again(now);
        }
    }

    fn wait_and_try_again(&mut self, now: Now) {
        self.set_link(LinkState::Lost);
        // A cuff sleeps until its next measurement; trying to connect to it meanwhile only costs time on the air.
        self.state = if self.config.event_driven {
            State::Waiting
        } else {
            State::BackingOff(now.boot.plus(self.back_off.fail()))
        };
    }

    fn battery(&mut self, bytes: &[u8]) {
        if let Some(percent) = BatteryLevel::decode(bytes).ok().and_then(BatteryLevel::percent) {
            self.events.push_back(Event::Battery(percent));
        }
    }

    fn request(&mut self, now: Now, action: impl FnOnce(RequestId) -> Action) {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.pending = Some((id, now.boot.plus(DEADLINE)));
        self.actions.push_back(action(id));
    }

    fn new_persist(&mut self) -> PersistId {
        self.persists += 1;
        PersistId(self.persists)
    }

    fn connection(&self) -> ConnectionId {
        ConnectionId(Uuid::new_v5(&self.config.stem, &self.connections.to_le_bytes()))
    }

    fn set_link(&mut self, link: LinkState) {
        if self.link != link {
            self.link = link;
            self.events.push_back(Event::Link(link));
        }
    }

    fn radio_fault(&mut self, fault: &RadioFault) {
        let code = match fault {
            RadioFault::NoAdapter => "NO-ADAPTER",
            RadioFault::AdapterOff => "ADAPTER-OFF",
            RadioFault::NotPermitted(_) => "NOT-PERMITTED",
            RadioFault::OutOfReach => "OUT-OF-REACH",
            RadioFault::PairingNeeded => "PAIRING-NEEDED",
            RadioFault::Refused(_) => "DEVICE-REFUSED",
            RadioFault::Deadline { .. } => "NO-ANSWER",
            RadioFault::System(_) => "BLUETOOTH-SYSTEM",
        };
        self.fault(code, &fault.to_string());
    }

    fn fault(&mut self, code: &'static str, detail: &str) {
        self.events.push_back(Event::Fault(Fault { code, detail: detail.to_string() }));
    }
}

fn read_clock(characteristic: Uuid, bytes: &[u8]) -> Option<DeviceTime> {
    if characteristic == uuids::CURRENT_TIME {
        CurrentTime::decode(bytes).ok().map(|current| current.time)
    } else {
        date_time::decode(bytes).ok()
    }
}
