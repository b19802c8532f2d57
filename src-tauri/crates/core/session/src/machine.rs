//! The state machine of one device: waiting, connecting, preparing, streaming, backing off, over.
//! Not here: what values mean (`profiles`) and what is read in which order (`preparation`). The steps of a preparation are
//! in `preparing`, the end of a link in `ending`, values on their way to the store in `values`, and what is done on a
//! prepared connection (records, consent, clock) in `procedures`.
mod ending;
mod preparing;
mod procedures;
mod values;

use crate::back_off::BackOff;
use crate::clock::Timeline;
use crate::contexts::Contexts;
use crate::downloads::Download;
use crate::identify::Draft;
use crate::input::*;
use crate::preparation::{self, Step};
use crate::profiles::{self, Decoder};
use crate::quirks::Quirk;
use crate::table::{CharacteristicAddress, DiscoveredService, RadioFault};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bedside_vitals::{BootTime, ConnectionId, DeviceDescription, LinkState};
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
    /// The device as it was enrolled, where it is known by its name: how it is to be treated, and who it is when it hangs
    /// up before it says so.
    pub known: Option<DeviceDescription>,
    /// Whether a clock that is off is set: the policy's word.
    pub set_clocks: bool,
}

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
    quirk: &'static Quirk,
    /// Up to the first value; then what control points are to be told.
    plan: VecDeque<Step>,
    /// What is done once values may come, and what of it is being done.
    after: VecDeque<Step>,
    doing: Option<Step>,
    pause_until: BootTime,
    draft: Draft,
    described: Option<DeviceDescription>,
    timeline: Timeline,
    clock_refused: bool,
    /// Told once it is known whose clocks they are.
    clock_settings: Vec<ClockSetting>,
    download: Option<Download>,
    /// How far the device's memories are read and stored.
    bookmarks: BTreeMap<Uuid, Bookmark>,
    unpersisted_bookmarks: BTreeMap<PersistId, Bookmark>,
    unsubscribed: BTreeSet<CharacteristicAddress>,
    consent: Option<UserConsent>,
    /// The device keeps its values back until its user consents.
    consent_open: bool,
    /// Memories whose fetch was given up without a last word of the device.
    unended: BTreeSet<Uuid>,
    contexts: Contexts,
    decoder: Decoder,
    indices: BTreeMap<CharacteristicAddress, u64>,
    identity: Option<PersistId>,
    unpersisted: BTreeSet<PersistId>,
    held: VecDeque<(Now, CharacteristicAddress, Vec<u8>)>,
    last_value: BootTime,
    streams: bool,
    /// The identity of this connection is durable: values may be decoded.
    ready: bool,
    /// A new connection waits until the identity, and so the values, of the one before are durable.
    connect_when_durable: bool,
    identity_faults: u32,
    not_before: Option<BootTime>,
    back_off: BackOff,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl Session {
    /// A device to be connected: at once, or an event-driven one when it shows itself.
    pub fn new(config: Config, now: Now, in_reach: bool) -> Self {
        let quirk = quirk_of(&config, None);
        let described = config.known.clone();
        let mut session = Self {
            config,
            state: State::Waiting,
            link: LinkState::Waiting,
            connections: 0,
            requests: 0,
            persists: 0,
            pending: None,
            services: Vec::new(),
            quirk,
            plan: VecDeque::new(),
            after: VecDeque::new(),
            doing: None,
            pause_until: now.boot,
            draft: Draft::default(),
            described,
            timeline: Timeline::default(),
            clock_refused: false,
            clock_settings: Vec::new(),
            download: None,
            bookmarks: BTreeMap::new(),
            unpersisted_bookmarks: BTreeMap::new(),
            unsubscribed: BTreeSet::new(),
            consent: None,
            consent_open: false,
            unended: BTreeSet::new(),
            contexts: Contexts::default(),
            decoder: Decoder::default(),
            indices: BTreeMap::new(),
            identity: None,
            unpersisted: BTreeSet::new(),
            held: VecDeque::new(),
            last_value: now.boot,
            streams: false,
            ready: false,
            connect_when_durable: false,
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

    /// How the device is treated, by what is known of it so far.
    pub const fn quirk(&self) -> &'static Quirk {
        self.quirk
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
            Input::Bonded => {
                self.not_before = None;
                if self.wants_advertisements() {
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
            Input::Remembered(remembered) => self.remembered(remembered),
            Input::Consent(consent) => self.consent_given(now, consent),
            Input::FetchRecords => self.fetch_records(now),
            Input::AbortRecords => self.abort_records(now),
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
            TimeoutReason::Pause => self.next_step(now),
            TimeoutReason::Quiet => self.advance(now),
            TimeoutReason::Busy => self.ask_again(now),
            TimeoutReason::Record => {
                self.fault("RECORDS-SILENT", "the device stopped sending its stored records");
                self.end_download(Shortfall::Silent);
                if self.streams {
                    // Its values are worth more than its memory.
                    self.advance(now);
                } else {
                    self.disconnect(now, false);
                }
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
            State::Preparing(Some(Step::Pause(_))) => Some((self.pause_until, TimeoutReason::Pause)),
            State::Streaming => {
                let silence = (self.last_value.plus(self.config.silence), TimeoutReason::Silence);
                let silence = Some(silence).filter(|_| self.streams);
                silence.into_iter().chain(self.procedure_timeout()).min_by_key(|(at, _)| *at)
            }
            State::Waiting | State::Connecting | State::Preparing(_) => None,
            State::Disconnecting { .. } | State::Finished => None,
        }
    }

    fn connect(&mut self, now: Now) {
        let waits = !self.held.is_empty() || !self.clock_settings.is_empty();
        if !self.ready && self.identity.is_some() && waits {
            // What came of the connection before waits for the store to know whose it is.
            self.state = State::Waiting;
            self.connect_when_durable = true;
            return;
        }
        // What still waits for its turn belongs to the connection before.
        self.release_all();
        self.connections += 1;
        self.services.clear();
        self.plan.clear();
        self.after.clear();
        self.doing = None;
        self.draft = Draft::default();
        self.timeline = Timeline::default();
        self.clock_refused = false;
        self.download = None;
        self.unsubscribed.clear();
        self.consent_open = false;
        self.unended.clear();
        self.connect_when_durable = false;
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
                self.quirk = quirk_of(&self.config, self.described.as_ref());
                self.plan = preparation::plan(&services, self.quirk);
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
            (State::Streaming, result) => self.procedure_answered(now, result),
            (State::Waiting | State::BackingOff(_) | State::Preparing(None) | State::Finished, _) => {}
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
            RadioFault::Pairing(fault) => fault.code(),
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

/// How a device is to be treated, by the best that is known of it.
fn quirk_of(config: &Config, described: Option<&DeviceDescription>) -> &'static Quirk {
    let described = described.or(config.known.as_ref());
    let manufacturer = described.and_then(|device| device.manufacturer.as_deref());
    let model = described.and_then(|device| device.model.as_deref());
    Quirk::of(config.name.as_deref(), manufacturer, model)
}
