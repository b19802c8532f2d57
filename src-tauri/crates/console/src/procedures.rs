//! What sessions do with a device beside its values, and what a person says to it: stored records, clock, consent, user
//! slot. Not here: how a session does it, links (`devices`), and the unassigned inbox (`inbox`).
use crate::access::By;
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::devices::SessionKey;
use crate::epoch::Moment;
use crate::event_loop::{Console, Done};
use crate::plausible::may_be_shown;
use crate::ports::{Answer, Query};
use crate::readings::BEFORE_BINDING_MS;
use crate::records::*;
use crate::request::RequestError;
use crate::snapshot::{Procedures, RecordsFetched};
use crate::taken::{Taken, weight_of};
use bedside_fhir::ProvenanceAct;
use bedside_session::{
    Bookmark, ClockSetting, Fetched, Input, Now, Remembered, StoredValue, UserConsent, decode_again,
};
use bedside_vitals::{DeviceDescription, DeviceId, Measurement, PatientId, QualityFlag, ReadingId, WallTime};
use std::collections::BTreeMap;
use tokio::sync::oneshot;
use uuid::Uuid;

/// At most so many readings of an unconfirmed slot wait in memory for the answer; all are in the unassigned inbox.
const MOST_WAITING: usize = 1_000;

/// What is known of devices' memories, users and earlier bindings, as it is in the store.
#[derive(Default)]
pub(crate) struct DeviceFacts {
    bookmarks: BTreeMap<(DeviceId, Uuid), Bookmark>,
    consents: BTreeMap<DeviceId, UserConsent>,
    /// When each patient last had the device.
    bound_until: BTreeMap<(DeviceId, PatientId), WallTime>,
}

impl DeviceFacts {
    pub(crate) fn new(memories: DeviceMemories, ended: Vec<Binding>) -> Self {
        let DeviceMemories { bookmarks, consents } = memories;
        let bookmarks = bookmarks.into_iter().map(|(device, bookmark)| ((device, bookmark.service), bookmark));
        let bound_until = BTreeMap::new();
        let mut facts = Self { bookmarks: bookmarks.collect(), consents: consents.into_iter().collect(), bound_until };
        for binding in ended {
            if let Some(until) = binding.until {
                facts.binding_ended(&binding, until);
            }
        }
        facts
    }

    /// What was spooled is filed: what memory knows of a device is newer.
    pub(crate) fn filed(&mut self, changes: &Changes, wall: WallTime) {
        for (device, bookmark) in &changes.bookmarks {
            self.bookmarks.entry((*device, bookmark.service)).or_insert(*bookmark);
        }
        for (device, consent) in &changes.consents {
            self.consents.entry(*device).or_insert(*consent);
        }
        for binding in &changes.bindings {
            if let Some(until) = binding.until {
                self.binding_ended(binding, until.min(wall));
            }
        }
    }

    /// What the store knows is added to what memory knows, which is newer: the vault was locked meanwhile.
    pub(crate) fn merge(&mut self, memories: DeviceMemories, ended: Vec<Binding>) {
        let Self { bookmarks, consents, bound_until } = Self::new(memories, ended);
        for (key, bookmark) in bookmarks {
            self.bookmarks.entry(key).or_insert(bookmark);
        }
        for (device, consent) in consents {
            self.consents.entry(device).or_insert(consent);
        }
        for (key, until) in bound_until {
            let last = self.bound_until.entry(key).or_insert(until);
            *last = until.max(*last);
        }
    }

    /// A binding is over.
    pub(crate) fn binding_ended(&mut self, binding: &Binding, until: WallTime) {
        let last = self.bound_until.entry((binding.device, binding.patient)).or_insert(until);
        *last = until.max(*last);
    }

    /// From when on a device's values are those of the patient to whom it is bound since `since`.
    pub(crate) fn not_before(&self, device: DeviceId, patient: PatientId, since: WallTime) -> WallTime {
        let others = self.bound_until.iter().filter(|((of, whose), _)| *of == device && *whose != patient);
        let free_since = others.map(|(_, until)| *until).max();
        let earliest = since.plus_millis(-BEFORE_BINDING_MS);
        // A clock that was set back makes an end later than this beginning.
        free_since.map_or(earliest, |free| free.clamp(earliest, since))
    }

    /// What a session with the device begins with.
    pub(crate) fn of(&self, device: DeviceId) -> Remembered {
        let of_device = self.bookmarks.iter().filter(|((of, _), _)| *of == device);
        Remembered {
            bookmarks: of_device.map(|(_, bookmark)| *bookmark).collect(),
            consent: self.consents.get(&device).copied(),
        }
    }
}

/// What a device's session is about, beside its values.
#[derive(Default)]
pub(crate) struct DeviceProcedures {
    pub(crate) shown: Procedures,
    /// Readings of the slot that nobody has confirmed.
    of_slot: Vec<StoredReading>,
}

impl Console {
    pub(crate) fn fetching(&mut self, key: SessionKey, received: u32, expected: Option<u32>) {
        if let Some(tracked) = self.devices.tracked.get_mut(&key) {
            let fetched = RecordsFetched { received, expected, under_way: true, shortfall: None };
            tracked.procedures.shown.records = Some(fetched);
        }
    }

    /// A fetch came to an end. The session goes on once its bookmark is durable.
    pub(crate) fn fetched(&mut self, key: SessionKey, fetched: Fetched) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        let Fetched { persist, received, expected, shortfall, bookmark, .. } = fetched;
        if let Some(shortfall) = shortfall {
            tracing::warn!(code = "RECORDS-INCOMPLETE", ?shortfall, received, expected, "stored records are missing");
        }
        let ended = RecordsFetched { received, expected, under_way: false, shortfall };
        if let Some(device) = tracked.device.as_ref().map(|device| device.id) {
            self.keep_bookmark(device, bookmark);
        }
        // Complete is what is durable: the last records may still be on their way to the disk.
        self.commits.after_capture(After::Fetched(key, ended));
        self.commits.after_capture(After::Persisted(key, persist));
    }

    pub(crate) fn records_fetched(&mut self, key: SessionKey, ended: RecordsFetched) {
        if let Some(tracked) = self.devices.tracked.get_mut(&key) {
            tracked.procedures.shown.records = Some(ended);
            self.changed = true;
        }
    }

    /// In the same commit as the record it tells of.
    pub(crate) fn keep_bookmark(&mut self, device: DeviceId, bookmark: Bookmark) {
        self.facts.bookmarks.insert((device, bookmark.service), bookmark);
        self.commits.capture(|changes| changes.bookmarks.push((device, bookmark)));
    }

    pub(crate) fn clock_set(&mut self, key: SessionKey, setting: ClockSetting, now: Now) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        tracing::info!(code = "CLOCK-SET", outcome = setting.outcome.name(), "a device's clock was set, or was to be");
        tracked.procedures.shown.clock = Some(setting.outcome.clone());
        tracked.clock_offset_ms = setting.after.or(setting.before).map(|clock| clock.offset_ms);
        let Some(device) = tracked.device.as_ref().map(|device| device.id) else { return };
        self.clocks.keep(setting.connection, setting.after);
        // The session does it by itself: nobody who happens to be signed in.
        let entry = self.entry_by(By::default(), AuditAction::ClockSet, None, Some(device));
        self.commits.capture(|changes| {
            changes.clock_settings.push(StoredClockSetting { device, at: now.wall, setting });
            changes.audit.push(entry);
        });
    }

    pub(crate) fn consent_wanted(&mut self, key: SessionKey, wanted: bool) {
        if let Some(tracked) = self.devices.tracked.get_mut(&key) {
            tracked.procedures.shown.consent_wanted = wanted;
        }
    }

    /// A person gives the consent that a device asks for: kept, so that it is asked once.
    pub(crate) fn give_consent(
        &mut self,
        device: DeviceId,
        consent: UserConsent,
        reply: oneshot::Sender<Result<(), RequestError>>,
    ) {
        let now = self.now();
        if !self.known.contains_key(&device) {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        }
        self.facts.consents.insert(device, consent);
        if let Some((key, tracked)) = self.devices.by_device(device) {
            tracked.procedures.shown.consent_wanted = false;
            self.devices.feed(key, now, Input::Consent(consent));
        }
        let mut changes = Changes::default();
        changes.consents.push((device, consent));
        let action = AuditAction::ConsentGiven;
        changes.audit.push(self.entry(action, None, Some(device)));
        let after = vec![After::Reply(Box::new(move |result| drop(reply.send(result))))];
        self.commits.request(Batch { changes, after });
    }

    /// A person wants a device's stored records again, or stops fetching them.
    pub(crate) fn tell_session(&mut self, device: DeviceId, input: Input) -> Result<(), RequestError> {
        let now = self.now();
        let (key, _) = self.devices.by_device(device).ok_or(RequestError::NoSuchDevice)?;
        self.devices.feed(key, now, input);
        Ok(())
    }

    /// Whether nobody has confirmed that the reading's user is the patient: then it belongs to nobody yet.
    pub(crate) fn slot_waits(&mut self, key: SessionKey, measurement: &Measurement) -> bool {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return false };
        let Some(binding) = &tracked.binding else { return false };
        let waits = !is_of_user(binding, measurement);
        if waits && binding.user_slot.is_none() && measurement.user_slot.is_some() {
            tracked.procedures.shown.user_slot_asked = measurement.user_slot;
        }
        waits
    }

    /// Remembers a reading of an unconfirmed slot, to be assigned when it is confirmed.
    pub(crate) fn wait_for_slot(&mut self, key: SessionKey, reading: StoredReading) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        let waiting = &mut tracked.procedures.of_slot;
        if waiting.len() < MOST_WAITING && reading.measurement.user_slot.is_some() {
            waiting.push(reading);
        }
    }

    /// A person says that this user slot of a bound device is the patient's. Its readings of this binding are the patient's
    /// from now on; those of other slots stay unassigned.
    pub(crate) fn confirm_user_slot(
        &mut self,
        device: DeviceId,
        slot: u8,
        reply: oneshot::Sender<Result<(), RequestError>>,
    ) {
        let found = self.devices.by_device(device).and_then(|(_, tracked)| {
            let binding = tracked.binding.as_mut()?;
            binding.user_slot = Some(slot);
            tracked.procedures.shown.user_slot_asked = None;
            let of_slot = std::mem::take(&mut tracked.procedures.of_slot);
            Some((binding.clone(), of_slot))
        });
        let Some((binding, waiting)) = found else {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        };
        let patient = binding.patient;
        let mine = waiting.into_iter().filter(|reading| reading.measurement.user_slot == Some(slot));
        let Batch { changes, after } = self.assignment(mine.collect(), patient);
        let action = AuditAction::UserSlotConfirmed;
        let entry = self.entry(action, Some(patient), Some(device));
        // With the captured values, not before them: a reading that is not stored yet cannot be assigned.
        self.commits.capture(|all| {
            all.assignments.extend(changes.assignments);
            all.reading_rows.extend(changes.reading_rows);
            all.audit.push(entry);
            all.bindings.push(binding);
        });
        for after in after {
            self.commits.after_capture(after);
        }
        self.commits.after_capture(After::Reply(Box::new(move |result| drop(reply.send(result)))));
    }

    /// A reading got another place among those of its device time: the one that waits for its slot is that one.
    pub(crate) fn moved_to(&mut self, id: ReadingId, reading: &StoredReading) {
        for tracked in self.devices.tracked.values_mut() {
            let same = |waits: &&mut StoredReading| waits.id == id && waits.frame == reading.frame;
            if let Some(waits) = tracked.procedures.of_slot.iter_mut().find(same) {
                waits.id = reading.id;
                waits.measurement.identity = reading.measurement.identity;
            }
        }
    }

    /// Readings become a patient's: in the store, for the server, and on the screen.
    pub(crate) fn assignment(&self, readings: Vec<StoredReading>, patient: PatientId) -> Batch {
        let mut batch = Batch::default();
        for reading in &readings {
            let StoredReading { id, device, ref measurement, .. } = *reading;
            batch.changes.assignments.push((id, patient));
            let Some(device) = self.known.get(&device) else { continue };
            // Whose it is was said later than it was measured, by whoever says so.
            let taken = Taken { act: ProvenanceAct::Entered, by: self.person(), weight: weight_of(&readings, reading) };
            let rows = self.reading_rows(patient, device, reading, &taken);
            batch.changes.reading_rows.extend(rows.into_iter().map(|row| (id, row)));
            let measurement = measurement.clone();
            if may_be_shown(measurement.quality) {
                let device_name = device.name.clone();
                let new = Recorded { patient, device: device.id, device_name, measurement, reading: Some(id) };
                batch.after.push(After::Value(Box::new(new)));
            }
        }
        batch
    }

    /// Reads a device's rejected values again, now that more is known of how its model writes them.
    pub(crate) fn decode_rejected(&mut self, device: DeviceId, reply: oneshot::Sender<Result<u32, RequestError>>) {
        let Some(description) = self.known.get(&device).cloned() else {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        };
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        self.start_work(async move {
            let rejected = async {
                let query = Query::Frames { device: Some(device), rejected_only: true, limit: usize::MAX };
                let Answer::Frames(frames) = store.read(query).await? else { return Ok(Vec::new()) };
                let Answer::Connections(connections) = store.read(Query::Connections(device)).await? else {
                    return Ok(Vec::new());
                };
                let mut all = Vec::new();
                for frame in frames {
                    let Answer::Bindings(bound) = store.read(Query::BindingAt(device, frame.received)).await? else {
                        continue;
                    };
                    let clock = connections.iter().find(|one| one.id == frame.connection).and_then(|one| one.clock);
                    all.push(Rejected { frame, clock, binding: bound.into_iter().next() });
                }
                Ok(all)
            };
            let rejected = rejected.await;
            Done::Rejected(Box::new(RejectedValues { device: description, reply, asked, rejected }))
        });
    }

    pub(crate) fn rejected_read(&mut self, asked: RejectedValues) {
        let RejectedValues { device, reply, asked, rejected } = asked;
        // Locked meanwhile, or somebody else works here: it would be written as theirs.
        let rejected = match asked.let_through(rejected.map_err(RequestError::Store)) {
            Ok(rejected) => rejected,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let mut accepted = 0;
        for Rejected { frame, clock, binding } in rejected {
            self.clocks.keep(frame.connection, clock);
            let value = StoredValue {
                connection: frame.connection,
                characteristic: frame.characteristic,
                index: frame.index,
                received: frame.received,
                zone_offset_ms: self.ports.machine.zone_offset_ms(frame.received),
                clock,
            };
            let Ok(measurements) = decode_again(&device, &value, &frame.bytes) else { continue };
            if measurements.is_empty() || !measurements.iter().all(|m| m.quality.may_be_charted()) {
                continue;
            }
            accepted += 1;
            let place = (frame.connection, frame.characteristic, frame.index);
            self.commits.capture(|changes| changes.accepted_frames.push(place));
            for measurement in measurements {
                let patient = binding.as_ref().filter(|binding| belongs(binding, &measurement)).map(|b| b.patient);
                self.measurement(&device, patient, measurement, place, None);
            }
        }
        let entry = self.entry(AuditAction::DecodedAgain, None, Some(device.id));
        self.commits.capture(|changes| changes.audit.push(entry));
        let answer = move |result: Result<(), RequestError>| drop(reply.send(result.map(|()| accepted)));
        self.commits.after_capture(After::Reply(Box::new(answer)));
    }
}

/// A reading is the bound patient's when it was measured during the binding and its user slot was confirmed.
pub(crate) fn belongs(binding: &Binding, measurement: &Measurement) -> bool {
    crate::readings::is_of(binding, measurement) && is_of_user(binding, measurement)
}

/// Whether the user whom the device names is the bound patient. Once a slot is confirmed, a guest, of whom the device knows
/// no slot, is somebody else; before that, so is a user whom the device calls unknown. Many devices know no users.
pub(crate) fn is_of_user(binding: &Binding, measurement: &Measurement) -> bool {
    match (binding.user_slot, measurement.user_slot) {
        (Some(confirmed), said) => said == Some(confirmed),
        (None, Some(_)) => false,
        (None, None) => !measurement.quality.has(QualityFlag::UserUnknown),
    }
}

/// A request to decode rejected values again, with the values.
pub(crate) struct RejectedValues {
    device: DeviceDescription,
    reply: oneshot::Sender<Result<u32, RequestError>>,
    asked: Moment,
    rejected: Result<Vec<Rejected>, crate::ports::StoreFault>,
}

/// A rejected value, the device's clock at the time, and the binding it fell into.
pub(crate) struct Rejected {
    frame: RawFrame,
    clock: Option<bedside_vitals::DeviceClock>,
    binding: Option<Binding>,
}
