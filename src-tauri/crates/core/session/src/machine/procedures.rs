//! What is done on a prepared connection, one thing at a time: consent, stored records, the clock, control points.
//! Not here: the protocol of the records (`downloads`) and what a clock is told (`clock_setting`).
use super::{Session, State};
use crate::clock_setting;
use crate::downloads::Download;
use crate::input::*;
use crate::memories;
use crate::preparation::{self, Step};
use crate::table::{CharacteristicAddress, RadioFault};
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::record_access::RecordReply;
use bedside_gatt::user_control::{UserOutcome, UserReply, UserRequest};
use bedside_gatt::uuids;
use bedside_vitals::BootTime;
use core::time::Duration;
use uuid::Uuid;

/// A device that sends what it has by itself is left alone so long before its clock is set.
/// Short, because cuffs hang up a second after their last value; what comes all the same is corrected by the clock as it was.
const QUIET: Duration = Duration::from_millis(500);

impl Session {
    /// Goes on with what is to be done, as far as nothing is under way and everything before is durable.
    pub(super) fn advance(&mut self, now: Now) {
        if self.pending.is_some() || self.state != State::Streaming {
            return;
        }
        if let Some(Step::Write(address, octets)) = self.plan.pop_front() {
            return self.request(now, |id| Action::Write(id, address, octets));
        }
        if let Some(download) = &mut self.download {
            if let Some(octets) = download.poll_write(now.boot) {
                let at = download.memory().control_point();
                return self.request(now, |id| Action::Write(id, at, octets));
            }
            if !self.finish_download() {
                return;
            }
        }
        if self.doing.is_some() || self.is_behind() {
            return;
        }
        if matches!(self.after.front(), Some(Step::SetClock(_)))
            && self.clock_may_be_set_at().is_none_or(|at| now.boot < at)
        {
            return;
        }
        if let Some(step) = self.after.pop_front() {
            self.begin(now, step);
        }
    }

    /// When the procedure under way, or the next one, wants to be woken.
    pub(super) fn procedure_timeout(&self) -> Option<(BootTime, TimeoutReason)> {
        if let Some(download) = &self.download {
            if let Some(at) = download.ask_again_at() {
                return Some((at, TimeoutReason::Busy));
            }
            // While the store is behind, it is not the device that is late.
            let due = download.overdue_at().filter(|_| !self.is_behind());
            return due.map(|at| (at, TimeoutReason::Record));
        }
        let clock = matches!(self.after.front(), Some(Step::SetClock(_))) && self.doing.is_none();
        let at = self.clock_may_be_set_at().filter(|_| clock && !self.is_behind());
        at.map(|at| (at, TimeoutReason::Quiet))
    }

    /// The answer to an action of a prepared connection.
    pub(super) fn procedure_answered(&mut self, now: Now, result: StepResult) {
        match (self.doing.take(), result) {
            (Some(Step::ReadClockBack(at)), Ok(Answer::Value(bytes))) => self.clock_read_back(now, at, &bytes),
            (Some(Step::ReadClockBack(_)), _) => self.clock_set(None),
            (Some(Step::WriteClock(_)), Err(_)) => self.clock_refused = true,
            (Some(_), Ok(_)) => {}
            (Some(_), Err(fault)) => self.radio_fault(&fault),
            (None, Ok(_)) => {}
            (None, Err(fault)) => match &mut self.download {
                Some(download) if matches!(fault, RadioFault::Refused(_)) => download.write_refused(now.boot),
                Some(_) => {
                    self.radio_fault(&fault);
                    self.end_download(Shortfall::Refused);
                }
                // A control point did not take what it was told; its values are missed and the silence is noticed.
                None => self.radio_fault(&fault),
            },
        }
        self.advance(now);
    }

    /// What the store knows of this device.
    pub(super) fn remembered(&mut self, remembered: Remembered) {
        self.bookmarks = remembered.bookmarks.into_iter().map(|bookmark| (bookmark.service, bookmark)).collect();
        self.consent = remembered.consent;
    }

    /// The identity is durable. What follows depends on the model, which is known only now.
    pub(super) fn identity_durable(&mut self, now: Now) {
        let quirk = super::quirk_of(&self.config, self.described.as_ref());
        let subscribed = self.quirk.measure_first;
        self.quirk = quirk;
        if !subscribed {
            self.plan = preparation::after_identity(&self.services, quirk);
        }
        self.next_step(now);
    }

    /// A person gave the consent that the device asked for.
    pub(super) fn consent_given(&mut self, now: Now, consent: UserConsent) {
        self.consent = Some(consent);
        let users = users();
        if self.state == State::Streaming && crate::profiles::offers(&self.services, users) {
            self.after.push_front(Step::Consent(users));
            self.advance(now);
        }
    }

    /// The device's answer to the consent.
    pub(super) fn consent_answered(&mut self, bytes: &[u8]) {
        let accepted = self.consent.and_then(|consent| consent_accepted(bytes, consent));
        if let Some(accepted) = accepted {
            self.consent_open = !accepted;
            self.events.push_back(Event::ConsentAnswered(accepted));
        }
    }

    /// A person asks for the stored records again.
    pub(super) fn fetch_records(&mut self, now: Now) {
        if self.state == State::Streaming && self.download.is_none() {
            let steps = memories::of(&self.services).map(|memory| Step::Fetch(memory.service));
            let new: Vec<Step> = steps.filter(|step| !self.after.contains(step)).collect();
            // Records are read before the clock is set.
            let clock = self.after.iter().position(|step| matches!(step, Step::SetClock(_)));
            let rest = self.after.split_off(clock.unwrap_or(self.after.len()));
            self.after.extend(new.into_iter().chain(rest));
            self.advance(now);
        }
    }

    /// A person stops fetching.
    pub(super) fn abort_records(&mut self, now: Now) {
        if let Some(download) = &mut self.download {
            download.abort();
            self.advance(now);
        }
    }

    /// An answer of a record access control point.
    pub(super) fn records_replied(&mut self, now: Now, address: CharacteristicAddress, bytes: &[u8]) {
        let fetching = self.download.as_mut().filter(|download| download.memory().control_point() == address);
        let (Some(download), Ok(reply)) = (fetching, RecordReply::decode(bytes)) else { return };
        let service = download.memory().service;
        if matches!(reply, RecordReply::Response { .. }) {
            // What still waits for its context is of the delivery that ends with this answer.
            self.release_records();
        }
        let Some(download) = &mut self.download else { return };
        download.replied(reply, now.boot);
        if download.take_restart() {
            self.decoder.begin_delivery(service);
        }
        let (received, expected) = (download.received(), download.expected());
        self.events.push_back(Event::Fetching { service, received, expected });
        self.advance(now);
    }

    pub(super) fn ask_again(&mut self, now: Now) {
        if let Some(download) = &mut self.download {
            download.ask_again();
        }
        self.advance(now);
    }

    /// The fetch under way cannot go on; what came is kept.
    pub(super) fn end_download(&mut self, shortfall: Shortfall) {
        if self.download.is_none() {
            return;
        }
        // Nothing that came may be lost, and all of it counts.
        self.release_all();
        if let Some(download) = &mut self.download {
            download.stop(shortfall);
            self.unended.insert(download.memory().service);
        }
        self.finish_download();
    }

    /// The link ends: a clock that was written and not read back may or may not show our time.
    pub(super) fn end_clock_setting(&mut self) {
        let sets = |step: &Step| matches!(step, Step::WriteClock(_) | Step::ReadClockBack(_));
        let preparing = matches!(&self.state, State::Preparing(Some(step)) if sets(step));
        // Once it was begun, what is left of it stands at the front.
        let early = preparing || self.plan.front().is_some_and(sets);
        if early || self.doing.as_ref().is_some_and(sets) || self.after.front().is_some_and(sets) {
            self.plan.retain(|step| !sets(step));
            self.doing = None;
            self.after.clear();
            self.clock_set(None);
        }
    }

    /// What sets a clock, where it is off and the policy says so; nothing else.
    pub(super) fn clock_steps(&self, at: CharacteristicAddress) -> Vec<Step> {
        if !self.config.set_clocks || !clock_setting::is_off(&self.timeline, self.quirk) {
            return Vec::new();
        }
        let mut steps = vec![Step::WriteClock(at); usize::from(self.quirk.clock_writes.max(1))];
        steps.push(Step::ReadClockBack(at));
        steps
    }

    pub(super) fn write_clock(&mut self, now: Now, at: CharacteristicAddress) {
        match clock_setting::octets(at.characteristic, now) {
            Some(octets) => self.request(now, |id| Action::Write(id, at, octets)),
            // Our own clock shows no year that a device knows.
            None => self.request(now, |id| Action::Read(id, at)),
        }
    }

    pub(super) fn clock_read_back(&mut self, now: Now, at: CharacteristicAddress, bytes: &[u8]) {
        let shown = clock_setting::read(at.characteristic, bytes, now).read;
        self.clock_set(shown);
    }

    /// The clock was set, or not: told once it is known whose clock it is.
    pub(super) fn clock_set(&mut self, after: Option<bedside_vitals::DeviceClock>) {
        let outcome = clock_setting::outcome(after.as_ref(), core::mem::take(&mut self.clock_refused));
        let setting = ClockSetting { connection: self.connection(), before: self.timeline.read, after, outcome };
        self.timeline.since_set = after;
        if self.ready {
            self.events.push_back(Event::ClockSetting(setting));
        } else {
            self.clock_settings.push(setting);
        }
    }

    fn begin(&mut self, now: Now, step: Step) {
        match &step {
            Step::Fetch(service) => return self.fetch(now, *service),
            Step::Consent(at) => match self.consent {
                Some(consent) => {
                    self.consent_open = true;
                    let (at, octets) = (*at, consent.request().encode());
                    self.request(now, |id| Action::Write(id, at, octets));
                }
                None => {
                    self.consent_open = true;
                    self.events.push_back(Event::ConsentWanted);
                    return self.advance(now);
                }
            },
            Step::SetClock(at) => {
                let steps = self.clock_steps(*at);
                steps.into_iter().rev().for_each(|step| self.after.push_front(step));
                return self.advance(now);
            }
            Step::WriteClock(at) => self.write_clock(now, *at),
            Step::ReadClockBack(at) | Step::ReadClock(at) | Step::ReadBattery(at) | Step::ReadIdentity(at) => {
                let at = *at;
                self.request(now, |id| Action::Read(id, at));
            }
            // Steps of the preparation: never done afterwards.
            Step::PersistIdentity | Step::ReadFact(_) | Step::Pause(_) | Step::Subscribe { .. } | Step::Write(..) => {
                return;
            }
        }
        self.doing = Some(step);
    }

    fn fetch(&mut self, now: Now, service: Uuid) {
        let Some(memory) = memories::of(&self.services).find(|memory| memory.service == service) else { return };
        let bookmark = self.bookmarks.get(&service).copied();
        let mut download = Download::new(memory, bookmark, self.quirk, now.boot);
        self.decoder.begin_delivery(service);
        self.unended.remove(&service);
        if [memory.at(), memory.control_point()].iter().any(|at| self.unsubscribed.contains(at)) {
            download.stop(Shortfall::Refused);
        }
        self.download = Some(download);
        self.advance(now);
    }

    /// Reports a fetch that is over; whether it was.
    fn finish_download(&mut self) -> bool {
        let Some(shortfall) = self.download.as_ref().and_then(Download::ended) else { return false };
        self.release_records();
        let Some(download) = self.download.take() else { return false };
        if shortfall.is_some() {
            // Records are still to be read, and they tell their time by the clock as it is.
            self.after.retain(|step| !matches!(step, Step::SetClock(_)));
        }
        let (bookmark, service) = (download.bookmark(), download.memory().service);
        let persist = self.new_persist();
        self.unpersisted.insert(persist);
        self.unpersisted_bookmarks.insert(persist, bookmark);
        let (received, expected) = (download.received(), download.expected());
        self.events.push_back(Event::Fetched(Fetched { persist, service, received, expected, shortfall, bookmark }));
        true
    }

    /// Values wait to be decoded or to become durable.
    fn is_behind(&self) -> bool {
        self.config.event_driven && !(self.held.is_empty() && self.unpersisted.is_empty())
    }

    /// When nothing has come for a while. A stream never falls silent, and its values carry no time of the device's.
    /// `None` while the device keeps its values back until a person consents: they are read before the clock is set.
    fn clock_may_be_set_at(&self) -> Option<BootTime> {
        let quiet_at = if self.streams { self.last_value } else { self.last_value.plus(QUIET) };
        (!self.consent_open).then_some(quiet_at)
    }
}

const fn users() -> CharacteristicAddress {
    CharacteristicAddress { service: uuids::USER_DATA_SERVICE, characteristic: uuids::USER_CONTROL_POINT }
}

/// Whether the device took the consent; `None` for an answer to something else.
fn consent_accepted(bytes: &[u8], consent: UserConsent) -> Option<bool> {
    let reply = UserReply::decode(bytes).ok()?;
    (reply.request == consent.request().operation()).then_some(!matches!(reply.outcome, UserOutcome::Refused(_)))
}

impl UserConsent {
    const fn request(self) -> UserRequest {
        UserRequest::Consent { user_index: self.user_index, consent: self.code }
    }
}
