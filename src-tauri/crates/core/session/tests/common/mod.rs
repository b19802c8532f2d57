//! A session, a device that answers it, and virtual time.
//! Not here: what is expected of them.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

pub(crate) mod meter;

use bedside_gatt::uuids;
use bedside_session::*;
use bedside_vitals::{BootTime, Measurement, WallTime};
use meter::Meter;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use uuid::Uuid;

/// A session, its device, and the time.
pub(crate) struct Bench {
    pub(crate) session: Session,
    pub(crate) now: Now,
    pub(crate) services: Vec<DiscoveredService>,
    pub(crate) events: Vec<Event>,
    pub(crate) done: Vec<String>,
    pub(crate) refuse_connections: usize,
    pub(crate) answers_held: VecDeque<Input>,
    pub(crate) hold_answers: bool,
    /// What the device's characteristics hold; a write replaces it.
    pub(crate) holds: BTreeMap<Uuid, Vec<u8>>,
    /// Characteristics that refuse to be written; the others take it.
    pub(crate) refuses: BTreeSet<Uuid>,
    /// Characteristics that take a write and ignore it.
    pub(crate) ignores: BTreeSet<Uuid>,
    /// Characteristics that refuse to be read.
    pub(crate) unreadable: BTreeSet<Uuid>,
    pub(crate) written: Vec<(Uuid, Vec<u8>)>,
    pub(crate) meter: Meter,
    /// The store answers at once.
    pub(crate) durable: bool,
}

pub(crate) const STRAP: &[(Uuid, &[Uuid])] = &[
    (uuids::HEART_RATE_SERVICE, &[uuids::HEART_RATE_MEASUREMENT]),
    (uuids::DEVICE_INFORMATION_SERVICE, &[uuids::SERIAL_NUMBER]),
    (uuids::BATTERY_SERVICE, &[uuids::BATTERY_LEVEL]),
];
pub(crate) const CUFF: &[(Uuid, &[Uuid])] = &[
    (uuids::BLOOD_PRESSURE_SERVICE, &[uuids::BLOOD_PRESSURE_MEASUREMENT]),
    (uuids::CURRENT_TIME_SERVICE, &[uuids::CURRENT_TIME]),
];
pub(crate) const HEART_RATE: CharacteristicAddress =
    CharacteristicAddress { service: uuids::HEART_RATE_SERVICE, characteristic: uuids::HEART_RATE_MEASUREMENT };
pub(crate) const PRESSURE: CharacteristicAddress =
    CharacteristicAddress { service: uuids::BLOOD_PRESSURE_SERVICE, characteristic: uuids::BLOOD_PRESSURE_MEASUREMENT };

pub(crate) fn table(of: &[(Uuid, &[Uuid])]) -> Vec<DiscoveredService> {
    let properties = Properties { read: true, write: true, notify: true, indicate: false };
    let characteristics =
        |all: &[Uuid]| all.iter().map(|&uuid| DiscoveredCharacteristic { uuid, properties }).collect();
    of.iter().map(|(uuid, all)| DiscoveredService { uuid: *uuid, characteristics: characteristics(all) }).collect()
}

impl Bench {
    pub(crate) fn new(device: &[(Uuid, &[Uuid])], event_driven: bool) -> Self {
        Self::of(device, |config| config.event_driven = event_driven, |_| {})
    }

    /// A session of another configuration, with a device that is prepared before anything happens.
    pub(crate) fn of(
        device: &[(Uuid, &[Uuid])],
        configure: impl FnOnce(&mut Config),
        prepare: impl FnOnce(&mut Self),
    ) -> Self {
        let now = Now { boot: BootTime::from_millis(1_000), wall: WallTime(1_773_842_792_000), zone_offset_ms: 0 };
        let mut config = Config {
            name: Some("Device 1".into()),
            address: "address".into(),
            simulated: false,
            event_driven: false,
            silence: Duration::from_secs(10),
            stem: Uuid::from_u128(7),
            known: None,
            set_clocks: false,
        };
        configure(&mut config);
        let mut bench = Self {
            session: Session::new(config, now, true),
            now,
            services: table(device),
            events: Vec::new(),
            done: Vec::new(),
            refuse_connections: 0,
            answers_held: VecDeque::new(),
            hold_answers: false,
            holds: BTreeMap::new(),
            refuses: BTreeSet::new(),
            ignores: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            written: Vec::new(),
            meter: Meter::default(),
            durable: false,
        };
        prepare(&mut bench);
        bench.settle();
        bench
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        self.settle();
    }

    /// Answers actions as the device would, until the session asks no more.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(event) = self.session.poll_event() {
                self.report(event);
            }
            let Some(action) = self.session.poll_action() else { break };
            let answered = self.answer(action);
            if self.hold_answers {
                self.answers_held.push_back(answered);
            } else {
                self.session.handle(self.now, answered);
            }
            for input in self.meter.poll() {
                self.session.handle(self.now, input);
            }
        }
    }

    fn report(&mut self, event: Event) {
        let persist = match &event {
            Event::Identified(identified) => Some(identified.persist),
            Event::Packet(packet) => Some(packet.persist),
            Event::Fetched(fetched) => Some(fetched.persist),
            _ => None,
        };
        self.events.push(event);
        if let Some(persist) = persist.filter(|_| self.durable) {
            self.session.handle(self.now, Input::Persisted(persist));
        }
    }

    pub(crate) fn answer(&mut self, action: Action) -> Input {
        let (id, name, result) = match action {
            Action::Connect(id) => {
                let refused = self.refuse_connections > 0;
                self.refuse_connections = self.refuse_connections.saturating_sub(1);
                (id, "connect".into(), if refused { Err(RadioFault::OutOfReach) } else { Ok(Answer::Done) })
            }
            Action::Disconnect(id) => (id, "disconnect".into(), Ok(Answer::Done)),
            Action::Discover(id) => (id, "discover".into(), Ok(Answer::Services(self.services.clone()))),
            Action::Read(id, at) => {
                let held = self.holds.get(&at.characteristic).cloned();
                let value = held.unwrap_or_else(|| value(at.characteristic));
                let refused = self.unreadable.contains(&at.characteristic);
                let read = if refused { Err(RadioFault::Refused("0x80".into())) } else { Ok(Answer::Value(value)) };
                (id, format!("read {}", at.characteristic), read)
            }
            Action::Write(id, at, octets) => {
                (id, format!("write {}", at.characteristic), self.wrote(at.characteristic, octets))
            }
            Action::Subscribe(id, at) => (id, format!("subscribe {}", at.characteristic), Ok(Answer::Done)),
        };
        self.done.push(name);
        Input::Answered(id, result)
    }

    fn wrote(&mut self, characteristic: Uuid, octets: Vec<u8>) -> StepResult {
        self.written.push((characteristic, octets.clone()));
        if self.refuses.contains(&characteristic) {
            return Err(RadioFault::Refused("0x80".into()));
        }
        if characteristic == uuids::RECORD_ACCESS_CONTROL_POINT {
            self.meter.asked(&octets);
        } else if !self.ignores.contains(&characteristic) {
            self.holds.insert(characteristic, octets);
        }
        Ok(Answer::Done)
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.boot = self.now.boot.plus(time);
        self.now.wall = self.now.wall.plus_millis(time.as_millis() as i64);
        self.session.handle_timeout(self.now);
        self.settle();
    }

    pub(crate) fn identified(&self) -> &Identified {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Identified(identified) => Some(identified),
            _ => None,
        });
        found.expect("the device was identified")
    }

    pub(crate) fn persist_identity(&mut self) {
        let persist = self.identified().persist;
        self.feed(Input::Persisted(persist));
    }

    pub(crate) fn fetched(&self) -> Vec<&Fetched> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Fetched(fetched) = event { Some(fetched) } else { None })
            .collect()
    }

    pub(crate) fn clock_settings(&self) -> Vec<&ClockSetting> {
        self.events
            .iter()
            .filter_map(|event| if let Event::ClockSetting(setting) = event { Some(setting) } else { None })
            .collect()
    }

    pub(crate) fn packets(&self) -> Vec<&Packet> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Packet(packet) = event { Some(packet) } else { None })
            .collect()
    }

    pub(crate) fn readings(&self) -> Vec<Measurement> {
        let contents = self.packets().into_iter().filter_map(|packet| packet.content.clone().ok()).flatten();
        contents
            .filter_map(|content| if let Content::Measurement(reading) = content { Some(reading) } else { None })
            .collect()
    }

    pub(crate) fn did(&self, what: &str) -> usize {
        self.done.iter().filter(|done| done.starts_with(what)).count()
    }
}

pub(crate) fn value(characteristic: Uuid) -> Vec<u8> {
    match characteristic {
        uuids::SERIAL_NUMBER => b"S-1".to_vec(),
        uuids::BATTERY_LEVEL => vec![82],
        // 2026-03-18 14:03:18, three minutes and fourteen seconds behind.
        uuids::CURRENT_TIME => vec![0xEA, 0x07, 3, 18, 14, 3, 18, 3, 0, 0],
        _ => Vec::new(),
    }
}

/// 120/80 mmHg, mean 93, taken at 14:00 of the device's time.
pub(crate) fn pressure(minute: u8) -> Vec<u8> {
    vec![0x02, 120, 0, 80, 0, 93, 0, 0xEA, 0x07, 3, 18, 14, minute, 0]
}
