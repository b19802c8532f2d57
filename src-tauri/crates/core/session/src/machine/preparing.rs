//! The steps of a preparation, one after the other: who the device is, its clock, its facts, its subscriptions.
//! Not here: which steps there are, and in which order (`preparation`).
use super::{Config, Session, State};
use crate::clock_setting;
use crate::identify::Draft;
use crate::input::*;
use crate::preparation::{self, Step};
use crate::table::RadioFault;
use bedside_gatt::uuids;
use bedside_vitals::{DeviceDescription, LinkState};
use core::time::Duration;

/// A device that refuses us, or wants to be paired first, is not called again at each of its advertisements.
const AFTER_REFUSAL: Duration = Duration::from_secs(30);
/// So often in a row the identity may fail to be read before the device is used without the missing part.
const MOST_IDENTITY_FAULTS: u32 = 3;

impl Session {
    /// Who the device is, as far as it said.
    pub(super) fn describe(&self) -> DeviceDescription {
        if let Some(before) = self.described.as_ref().filter(|before| self.draft.may_be(before)) {
            return before.clone();
        }
        let Config { name, address, simulated, .. } = &self.config;
        self.draft.clone().describe(&self.services, name.as_deref(), address, *simulated)
    }

    pub(super) fn identify(&mut self, device: DeviceDescription) {
        let persist = self.new_persist();
        self.identity = Some(persist);
        self.described = Some(device.clone());
        let (connection, clock) = (self.connection(), self.timeline.read.or(self.timeline.at_fault));
        self.events.push_back(Event::Identified(Identified { persist, connection, device, clock }));
    }

    /// The link ends with values that nobody is known for: they are the device's that was here before, or else that of
    /// this address. Half of an identity would be another device's. A clock that was set is told now where the device is
    /// known, and else when it says who it is.
    pub(super) fn identify_late(&mut self) {
        let clock = !self.clock_settings.is_empty() && self.described.is_some();
        if self.ready || self.identity.is_some() || self.held.is_empty() && !clock {
            return;
        }
        let asking = |step: &Step| matches!(step, Step::ReadIdentity(_));
        let half = self.plan.iter().any(asking) || matches!(&self.state, State::Preparing(Some(step)) if asking(step));
        if half {
            self.draft = Draft::default();
        }
        let device = self.described.clone().filter(|_| half).unwrap_or_else(|| self.describe());
        self.identify(device);
    }

    pub(super) fn next_step(&mut self, now: Now) {
        let step = self.plan.pop_front();
        self.state = match &step {
            None => State::Streaming,
            Some(step) => State::Preparing(Some(step.clone())),
        };
        match step {
            None => {
                self.back_off.succeed();
                self.last_value = now.boot;
                self.after = preparation::afterwards(&self.services, self.quirk);
                self.set_link(LinkState::Linked);
                self.advance(now);
            }
            Some(
                Step::ReadIdentity(at)
                | Step::ReadBattery(at)
                | Step::ReadClock(at)
                | Step::ReadClockBack(at)
                | Step::ReadFact(at),
            ) => {
                self.request(now, |id| Action::Read(id, at));
            }
            Some(Step::Pause(pause)) => self.pause_until = now.boot.plus(pause),
            Some(Step::SetClock(at)) => {
                let steps = self.clock_steps(at);
                steps.into_iter().rev().for_each(|step| self.plan.push_front(step));
                self.next_step(now);
            }
            Some(Step::WriteClock(at)) => self.write_clock(now, at),
            // Procedures of a prepared connection: never part of a plan.
            Some(Step::Fetch(_) | Step::Consent(_)) => self.next_step(now),
            Some(Step::Subscribe { address, .. }) => self.request(now, |id| Action::Subscribe(id, address)),
            Some(Step::Write(address, octets)) => self.request(now, |id| Action::Write(id, address, octets)),
            Some(Step::PersistIdentity) => {
                let device = self.describe();
                self.identify(device);
            }
        }
    }

    pub(super) fn step_done(&mut self, now: Now, step: Step, result: StepResult) {
        let fatal = matches!(step, Step::Subscribe { required: true, .. });
        if let (Step::ReadIdentity(at), Err(_)) = (&step, &result) {
            self.draft.failed(at.characteristic);
        }
        match (step, result) {
            (Step::ReadIdentity(at), Ok(Answer::Value(bytes))) => self.draft.take(at.characteristic, &bytes),
            (Step::ReadBattery(_), Ok(Answer::Value(bytes))) => self.battery(&bytes),
            (Step::ReadFact(at), Ok(Answer::Value(bytes))) => self.decoder.learn(at, &bytes, now),
            (Step::ReadClock(at), Ok(Answer::Value(bytes))) => {
                self.timeline = clock_setting::read(at.characteristic, &bytes, now);
            }
            (Step::ReadClockBack(at), Ok(Answer::Value(bytes))) => self.clock_read_back(now, at, &bytes),
            // Some devices refuse a part of the time and take the rest: what counts is what the clock shows then.
            (Step::WriteClock(_), Err(RadioFault::Refused(_))) => self.clock_refused = true,
            (Step::ReadClockBack(_), Err(RadioFault::Refused(_))) => self.clock_set(None),
            (Step::Subscribe { address, required: false }, Err(RadioFault::Refused(_))) => {
                self.unsubscribed.insert(address);
            }
            (_, Ok(_)) => {}
            (_, Err(RadioFault::OutOfReach)) => return self.disconnect(now, false),
            // A name that could not be read this time would make another device of it: it is tried again. Nobody is known by
            // the UDI, which some devices tell only after pairing.
            (Step::ReadIdentity(at), Err(fault))
                if at.characteristic != uuids::UDI_FOR_MEDICAL_DEVICES
                    && !matches!(fault, RadioFault::Refused(_))
                    && self.identity_faults < MOST_IDENTITY_FAULTS =>
            {
                self.identity_faults += 1;
                self.radio_fault(&fault);
                return self.disconnect(now, false);
            }
            // What the device does not tell stays unknown; it is used all the same.
            (_, Err(fault)) => {
                if fatal || matches!(fault, RadioFault::PairingNeeded | RadioFault::Pairing(_)) {
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
}
