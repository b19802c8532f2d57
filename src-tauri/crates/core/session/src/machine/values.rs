//! Values on their way to the store: held until the device is known, decoded one by one, each persisted before the next.
//! Not here: what they mean (`profiles`), and what is done with answers of control points (`procedures`).
use super::{Session, State};
use crate::contexts::Waiting;
use crate::input::*;
use crate::memories::{self, Memory, Record};
use crate::preparation::Step;
use crate::profiles;
use crate::table::CharacteristicAddress;
use alloc::string::ToString;
use alloc::vec::Vec;
use bedside_gatt::battery::BatteryLevel;
use bedside_gatt::uuids;

impl Session {
    pub(super) fn value(&mut self, now: Now, address: CharacteristicAddress, bytes: Vec<u8>) {
        if matches!(self.state, State::Waiting | State::BackingOff(_) | State::Finished) {
            return;
        }
        self.last_value = now.boot;
        // Some systems turn subscriptions on again by themselves: a value may come before we know whose it is.
        self.held.push_back((now, address, bytes));
        self.release();
        self.advance(now);
    }

    pub(super) fn persisted(&mut self, now: Now, id: PersistId) {
        if self.identity.take_if(|identity| *identity == id).is_some() {
            self.ready = true;
            self.identity_faults = 0;
            self.events.extend(self.clock_settings.drain(..).map(Event::ClockSetting));
            self.release();
            if self.state == State::Preparing(Some(Step::PersistIdentity)) {
                self.identity_durable(now);
            } else if self.connect_when_durable {
                self.connect(now);
            }
            return;
        }
        if self.unpersisted.remove(&id) {
            // A record that was overdue only because the store was slow is not overdue.
            self.last_value = self.last_value.max(now.boot);
        }
        let bookmark = self.unpersisted_bookmarks.remove(&id);
        if let Some(download) = &mut self.download {
            // The values of a stream go on whatever becomes of the memory: they are no sign of it.
            let is_record = bookmark.is_some_and(|bookmark| bookmark.service == download.memory().service);
            if is_record || self.config.event_driven {
                download.progressed(now.boot);
            }
        }
        if let Some(bookmark) = bookmark {
            self.bookmarks.insert(bookmark.service, bookmark);
        }
        self.release();
        self.advance(now);
    }

    /// Decodes what waits. Of an event-driven device one value at a time: the reading before it is on disk before the
    /// next one is touched.
    fn release(&mut self) {
        while self.ready && (!self.config.event_driven || self.unpersisted.is_empty()) {
            let Some((then, address, bytes)) = self.held.pop_front() else { break };
            self.take(then, address, bytes);
        }
    }

    /// The connection is over: nothing more is to be waited for, and nothing that came may be lost.
    pub(super) fn release_all(&mut self) {
        while let Some((then, address, bytes)) = self.held.pop_front() {
            if self.ready {
                self.take(then, address, bytes);
            }
        }
        self.release_records();
    }

    /// Records whose context did not come are handed on without it.
    pub(super) fn release_records(&mut self) {
        for record in self.contexts.take_all() {
            if let Some(memory) = memories::with_context() {
                let records = memory.read(&record.bytes);
                self.hand_on(memory.at(), record, None, &records);
            }
        }
    }

    fn take(&mut self, now: Now, address: CharacteristicAddress, bytes: Vec<u8>) {
        match address.characteristic {
            uuids::BATTERY_LEVEL => return self.battery(&bytes),
            uuids::POLAR_CONTROL_POINT => {
                if let Some(octets) = self.decoder.polar_reply(&bytes) {
                    self.plan.push_back(Step::Write(address, octets));
                }
                return;
            }
            uuids::RECORD_ACCESS_CONTROL_POINT => return self.records_replied(now, address, &bytes),
            uuids::USER_CONTROL_POINT => return self.consent_answered(&bytes),
            _ => {}
        }
        let index = self.next_index(address);
        let value = Waiting { now, index, bytes, from_memory: false };
        match memories::with_records(address) {
            Some(memory) => self.record(memory, value),
            None => self.context_or_value(address, value),
        }
        self.plan.extend(self.decoder.next_question());
    }

    /// A value of a memory: a record that was asked for only to know the memory by it is passed over, and one whose
    /// context follows waits for it.
    fn record(&mut self, memory: &'static Memory, mut value: Waiting) {
        let records = match self.download.as_mut().filter(|download| download.memory().service == memory.service) {
            Some(download) => {
                value.from_memory = true;
                let Some(records) = download.came(&value.bytes, value.now.boot) else { return };
                records
            }
            None => {
                // A fetch that the device never ended may still send its records.
                value.from_memory = self.unended.contains(&memory.service);
                if memory.in_parts() { Vec::new() } else { memory.read(&value.bytes) }
            }
        };
        let waits = records.iter().find(|record| record.context_follows).and_then(|record| record.mark);
        match waits {
            None => self.hand_on(memory.at(), value, None, &records),
            Some(mark) => {
                if let Some((value, context)) = self.contexts.record(mark.number, value) {
                    self.hand_on(memory.at(), value, context.as_deref(), &records);
                }
            }
        }
    }

    fn context_or_value(&mut self, address: CharacteristicAddress, value: Waiting) {
        let context = memories::with_context().filter(|memory| memory.context_at() == Some(address));
        let number = context.and_then(|_| memories::context_number(&value.bytes));
        let bytes = value.bytes.clone();
        self.hand_on(address, value, None, &[]);
        let (Some(memory), Some(number)) = (context, number) else { return };
        if let Some(record) = self.contexts.context(number, &bytes) {
            let records = memory.read(&record.bytes);
            self.hand_on(memory.at(), record, Some(&bytes), &records);
        }
    }

    fn next_index(&mut self, address: CharacteristicAddress) -> u64 {
        let index = self.indices.entry(address).or_default();
        let this = *index;
        *index += 1;
        this
    }

    /// Decodes a value and hands it to the store, with the bookmark that holds once it is durable.
    fn hand_on(&mut self, address: CharacteristicAddress, value: Waiting, context: Option<&[u8]>, records: &[Record]) {
        let Waiting { now, index, bytes, from_memory } = value;
        let connection = self.connection();
        let timeline = Some(&self.timeline);
        let quirk = self.quirk;
        let frame = profiles::Frame { connection, index, clock: timeline, now, quirk, context, from_memory };
        let simulated = self.config.simulated;
        let content = self.decoder.decode(address, &bytes, &frame, simulated).map_err(|error| error.to_string());
        let persist = self.new_persist();
        self.unpersisted.insert(persist);
        let bookmark = self.bookmark_after(address, records);
        if let Some(bookmark) = bookmark {
            self.unpersisted_bookmarks.insert(persist, bookmark);
        }
        let received = now.wall;
        self.events.push_back(Event::Packet(Packet {
            persist,
            connection,
            address,
            index,
            received,
            bytes,
            content,
            bookmark,
        }));
    }

    fn bookmark_after(&mut self, address: CharacteristicAddress, records: &[Record]) -> Option<Bookmark> {
        let download = self.download.as_mut().filter(|download| download.memory().at() == address)?;
        let bookmark = download.handed_on(records);
        let (service, received, expected) = (bookmark.service, download.received(), download.expected());
        self.events.push_back(Event::Fetching { service, received, expected });
        Some(bookmark)
    }

    pub(super) fn battery(&mut self, bytes: &[u8]) {
        if let Some(percent) = BatteryLevel::decode(bytes).ok().and_then(BatteryLevel::percent) {
            self.events.push_back(Event::Battery(percent));
        }
    }
}
