//! The ward as a whole: what happens when, in one order, and what the radio's calls do to it.
//! A state machine without tasks or clocks: `advance` brings it to a time, everything else happens at that time.
mod calls;
mod delivery;
mod toll;

use crate::device::{Moment, Outcome};
use crate::heart::Hearts;
use crate::ledger::Ledger;
use crate::scenario::{Act, Scenario, Step};
use crate::station::Station;
use bedside_console::ports::{AdapterState, PeripheralId, RadioEvent};
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use toll::TollKeeper;
pub use toll::{SentRecord, Toll};

/// Everything there is.
pub(crate) struct World {
    start: WallTime,
    now: Duration,
    adapter: AdapterState,
    scanning: bool,
    stations: Vec<Station>,
    agenda: BTreeMap<(Duration, usize), Step>,
    planned: usize,
    events: UnboundedSender<RadioEvent>,
    pub(crate) ledger: Ledger,
    toll: TollKeeper,
}

/// A link out of reach is lost after this time.
const SUPERVISION: Duration = Duration::from_secs(5);

/// What happens next, in the order of rank at equal times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Step(usize),
    Return(usize),
    Loss(usize),
    Model(usize),
    Advertisement(usize),
}

impl World {
    pub(crate) fn new(scenario: &Scenario, start: WallTime, events: UnboundedSender<RadioEvent>) -> Self {
        let hearts = Hearts::new();
        let station = |plan| Station::new(plan, &hearts, scenario.seed, scenario.utc_offset_minutes);
        let agenda = scenario.steps.iter().cloned().enumerate();
        Self {
            start,
            now: Duration::ZERO,
            adapter: AdapterState::On,
            scanning: false,
            stations: scenario.devices.iter().map(station).collect(),
            agenda: agenda.map(|(order, step)| ((step.at, order), step)).collect(),
            planned: scenario.steps.len(),
            events,
            ledger: Ledger::keeping(),
            toll: TollKeeper::default(),
        }
    }

    /// Lets everything happen that is due up to `to`, in order.
    pub(crate) fn advance(&mut self, to: Duration) {
        while let Some((at, next)) = self.next().filter(|(at, _)| *at <= to) {
            self.now = self.now.max(at);
            match next {
                Next::Step(order) => self.take_step(at, order),
                Next::Return(index) => {
                    let station = &mut self.stations[index];
                    station.away_until = None;
                    self.toll.returned(index, self.now, station.model.advertises());
                }
                Next::Loss(index) => self.end_link(index),
                Next::Model(index) => self.step_model(index),
                Next::Advertisement(index) => self.advertise(index),
            }
        }
        self.now = self.now.max(to);
    }

    /// When something happens next by itself.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.next().map(|(at, _)| at)
    }

    pub(crate) fn adapter(&self) -> AdapterState {
        self.adapter
    }

    /// Does something to a device now; `false` when there is no such device.
    pub(crate) fn act(&mut self, device: &str, act: Act) -> bool {
        let wanted = device.strip_prefix("sim:").unwrap_or(device);
        let Some(index) = self.stations.iter().position(|station| station.plan.id() == wanted) else { return false };
        self.act_on(index, act);
        true
    }

    /// Switches the computer's adapter. Switching it off ends every link and the scan.
    pub(crate) fn switch_adapter(&mut self, to: AdapterState) {
        if self.adapter == to {
            return;
        }
        self.adapter = to;
        if to != AdapterState::On {
            self.scanning = false;
            (0..self.stations.len()).for_each(|index| self.end_link(index));
        }
        self.tell(RadioEvent::Adapter(to));
    }

    /// What drops cost so far.
    pub(crate) fn toll(&self) -> Toll {
        self.toll.toll()
    }

    fn next(&self) -> Option<(Duration, Next)> {
        let step = self.agenda.keys().next().map(|(at, order)| (*at, Next::Step(*order)));
        let of_stations = self.stations.iter().enumerate().flat_map(|(index, station)| {
            let lost_at = station.link.as_ref().and_then(|link| link.lost_at);
            let heard = self.scanning && station.is_advertising();
            [
                station.away_until.map(|at| (at, Next::Return(index))),
                lost_at.map(|at| (at, Next::Loss(index))),
                station.model.due().map(|at| (at, Next::Model(index))),
                heard.then(|| (station.next_advertisement.max(self.now), Next::Advertisement(index))),
            ]
        });
        of_stations.flatten().chain(step).min()
    }

    fn take_step(&mut self, at: Duration, order: usize) {
        let Some(step) = self.agenda.remove(&(at, order)) else { return };
        match (step.act, &step.device) {
            (Act::AdapterOff, _) => self.switch_adapter(AdapterState::Off),
            (Act::AdapterOn, _) => self.switch_adapter(AdapterState::On),
            (act, Some(device)) => {
                self.act(device, act);
            }
            (act, None) => self.act_on_all(act),
        }
        if let Some(every) = step.every.filter(|every| !every.is_zero()) {
            self.planned += 1;
            self.agenda.insert((at + every, self.planned), step);
        }
    }

    /// Does something to every device.
    pub(crate) fn act_on_all(&mut self, act: Act) {
        (0..self.stations.len()).for_each(|index| self.act_on(index, act));
    }

    fn act_on(&mut self, index: usize, act: Act) {
        let (now, wall) = (self.now, self.wall());
        let station = &mut self.stations[index];
        match act {
            Act::Drop(away) => {
                station.away_until = Some(now + away);
                if station.link.is_some() {
                    self.toll.dropped(index);
                }
                self.end_link(index);
            }
            Act::Signal(dbm) => {
                station.signal_dbm = dbm;
                self.supervise(index);
            }
            Act::LeaveReach | Act::EnterReach => {
                station.in_reach = act == Act::EnterReach;
                self.supervise(index);
            }
            Act::Silence | Act::Resume => station.silent = act == Act::Silence,
            Act::LoseContact | Act::RegainContact => station.model.contact(act == Act::RegainContact),
            Act::BeginDemonstration | Act::EndDemonstration => {
                station.model.demonstrate(act == Act::BeginDemonstration);
            }
            Act::Measure => station.model.measure(Moment { now, wall, clock: &station.clock }),
            Act::Busy(span) => station.model.be_busy(now + span),
            Act::BreakOff(after_records) => station.model.break_off(after_records),
            Act::Corrupt(corruption) => station.corruptions.push_back(corruption),
            Act::ForgetBond => {
                station.bond.device = false;
                self.end_link(index);
            }
            Act::AdapterOff => self.switch_adapter(AdapterState::Off),
            Act::AdapterOn => self.switch_adapter(AdapterState::On),
        }
    }

    /// Starts or stops the supervision time-out of a link after the device moved.
    fn supervise(&mut self, index: usize) {
        let now = self.now;
        let station = &mut self.stations[index];
        let reachable = station.is_reachable();
        if let Some(link) = &mut station.link {
            link.lost_at = if reachable { None } else { Some(link.lost_at.unwrap_or(now + SUPERVISION)) };
        }
    }

    fn step_model(&mut self, index: usize) {
        let (now, wall) = (self.now, self.wall());
        let station = &mut self.stations[index];
        let none = Default::default();
        let subscriptions = station.link.as_ref().map_or(&none, |link| &link.subscriptions);
        let outcomes = station.model.step(Moment { now, wall, clock: &station.clock }, subscriptions);
        for outcome in outcomes {
            match outcome {
                Outcome::Send(value) => self.send(index, value),
                Outcome::HangUp => self.end_link(index),
            }
        }
    }

    fn advertise(&mut self, index: usize) {
        let station = &mut self.stations[index];
        station.next_advertisement = self.now + station.delay(800, 1_200);
        let advertisement = station.advertisement();
        self.tell(RadioEvent::Advertised(advertisement));
    }

    fn end_link(&mut self, index: usize) {
        let station = &mut self.stations[index];
        if station.link.take().is_none() {
            return;
        }
        station.model.unlinked(self.now);
        station.next_advertisement = self.now + station.delay(100, 900);
        let peripheral = station.peripheral.clone();
        self.tell(RadioEvent::LinkEnded(peripheral));
    }

    pub(crate) fn station(&self, index: usize) -> &Station {
        &self.stations[index]
    }

    pub(crate) fn station_mut(&mut self, index: usize) -> &mut Station {
        &mut self.stations[index]
    }

    pub(crate) fn index_of(&self, peripheral: &PeripheralId) -> Option<usize> {
        self.stations.iter().position(|station| station.peripheral == *peripheral)
    }

    fn wall(&self) -> WallTime {
        self.start.plus_millis(i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX))
    }

    fn tell(&self, event: RadioEvent) {
        // A console that is gone hears nothing more; that is no fault of the ward.
        drop(self.events.send(event));
    }
}
