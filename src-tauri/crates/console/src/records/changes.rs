//! What one transaction writes, and the proof that it did.
//! Not here: what the records are (`records`), and what becomes of a batch with one that the store refuses (`apart`).
use super::{
    Binding, Connection, MinuteMedian, RawFrame, ReadingVersion, Run, ServerTokenChange, SpoolPlace,
    StoredClockSetting, StoredInterruption, StoredReading, StoredSamples, StoredServer,
};
use crate::audit::AuditEntry;
use crate::clinician::{Clinician, ClinicianId};
use crate::download::ClinicPage;
use crate::ports::Pin;
use bedside_outbox::{OutboxRow, RowId, RowUpdate};
use bedside_session::{Bookmark, UserConsent};
use bedside_vitals::{ConnectionId, DeviceDescription, DeviceId, Patient, PatientId, ReadingId, WallTime};
use uuid::Uuid;

/// Everything one transaction writes.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Patients added or changed.
    pub patients: Vec<Patient>,
    /// What pages of a download brought.
    pub clinic: Vec<ClinicPage>,
    /// Devices enrolled or changed.
    pub devices: Vec<DeviceDescription>,
    /// Connections begun, with the device's clock as read.
    pub connections: Vec<Connection>,
    /// Bindings begun or ended.
    pub bindings: Vec<Binding>,
    /// How far the memories of devices are read, with the records they tell of.
    pub bookmarks: Vec<(DeviceId, Bookmark)>,
    /// Consents of devices' users.
    pub consents: Vec<(DeviceId, UserConsent)>,
    /// Clocks that were set, or were to be set.
    pub clock_settings: Vec<StoredClockSetting>,
    /// Values as they came.
    pub frames: Vec<RawFrame>,
    /// Spot readings. One that is stored already is left as it is.
    pub readings: Vec<StoredReading>,
    /// Unassigned readings that a person assigned to a patient. One that has a patient is left as it is.
    pub assignments: Vec<(ReadingId, PatientId)>,
    /// Rejected values that could be read after all: their frames are no longer rejected.
    pub accepted_frames: Vec<(ConnectionId, Uuid, u64)>,
    /// Streams.
    pub samples: Vec<StoredSamples>,
    /// Medians of minutes that closed.
    pub medians: Vec<MinuteMedian>,
    /// Records for the server. One that is there already is left as it is; an audit entry that was put away because the
    /// server took none waits again.
    pub outbox: Vec<OutboxRow>,
    /// Records of readings, each written only if its reading was not stored before: a second delivery files nothing,
    /// whoever the device is bound to by then.
    pub reading_rows: Vec<(ReadingId, OutboxRow)>,
    /// What tries changed.
    pub outbox_updates: Vec<RowUpdate>,
    /// Clinicians enrolled or changed.
    pub clinicians: Vec<Clinician>,
    /// New PINs, kept as their verifiers.
    pub pins: Vec<(ClinicianId, Pin)>,
    /// Corrections and rejections of readings.
    pub versions: Vec<ReadingVersion>,
    /// Who did what.
    pub audit: Vec<AuditEntry>,
    /// The life sign of this run.
    pub run: Option<Run>,
    /// A recording that was broken off: `Some(Some(_))` is kept until `Some(None)` says that a person has seen it.
    pub interruption: Option<Option<StoredInterruption>>,
    /// What sync learned of the clinic's server.
    pub server_traits: Option<StoredServer>,
    /// By what access to the clinic's server is renewed.
    pub server_tokens: Vec<ServerTokenChange>,
    /// The keyring took an anchor of this vault: from here on one that it does not have was lost.
    pub anchor_kept: bool,
    /// Each entry of the audit log up to this one went to the server, or was put away.
    pub audit_filed: Option<u64>,
    /// The batch of the spool that these changes are: removed from the spool with this commit.
    pub spool_filed: Option<SpoolPlace>,
    /// Changes that the store refused for their own sake, kept as they were.
    pub unwritable: Vec<Unwritable>,
}

impl Changes {
    /// Whether there is nothing to write but a life sign.
    pub fn is_empty(&self) -> bool {
        let Self {
            patients,
            clinic,
            devices,
            connections,
            bindings,
            bookmarks,
            consents,
            clock_settings,
            frames,
            readings,
            assignments,
            accepted_frames,
            samples,
            medians,
            outbox,
            reading_rows,
            outbox_updates,
            clinicians,
            pins,
            versions,
            audit,
            run: _,
            interruption,
            server_traits,
            server_tokens,
            anchor_kept,
            audit_filed,
            spool_filed,
            unwritable,
        } = self;
        patients.is_empty()
            && clinic.is_empty()
            && devices.is_empty()
            && connections.is_empty()
            && bindings.is_empty()
            && bookmarks.is_empty()
            && consents.is_empty()
            && clock_settings.is_empty()
            && frames.is_empty()
            && readings.is_empty()
            && assignments.is_empty()
            && accepted_frames.is_empty()
            && samples.is_empty()
            && medians.is_empty()
            && outbox.is_empty()
            && reading_rows.is_empty()
            && outbox_updates.is_empty()
            && clinicians.is_empty()
            && pins.is_empty()
            && versions.is_empty()
            && audit.is_empty()
            && interruption.is_none()
            && server_traits.is_none()
            && server_tokens.is_empty()
            && !anchor_kept
            && audit_filed.is_none()
            && spool_filed.is_none()
            && unwritable.is_empty()
    }

    /// Adds what came later: of what can be said only once, the later word counts.
    pub fn append(&mut self, then: Self) {
        self.patients.extend(then.patients);
        self.clinic.extend(then.clinic);
        self.devices.extend(then.devices);
        self.connections.extend(then.connections);
        self.bindings.extend(then.bindings);
        self.bookmarks.extend(then.bookmarks);
        self.consents.extend(then.consents);
        self.clock_settings.extend(then.clock_settings);
        self.frames.extend(then.frames);
        self.readings.extend(then.readings);
        self.assignments.extend(then.assignments);
        self.accepted_frames.extend(then.accepted_frames);
        self.samples.extend(then.samples);
        self.medians.extend(then.medians);
        self.outbox.extend(then.outbox);
        self.reading_rows.extend(then.reading_rows);
        self.outbox_updates.extend(then.outbox_updates);
        self.clinicians.extend(then.clinicians);
        self.pins.extend(then.pins);
        self.versions.extend(then.versions);
        self.audit.extend(then.audit);
        self.run = then.run.or(self.run.take());
        self.interruption = then.interruption.or(self.interruption.take());
        self.server_traits = then.server_traits.or(self.server_traits.take());
        self.server_tokens.extend(then.server_tokens);
        self.anchor_kept |= then.anchor_kept;
        self.audit_filed = then.audit_filed.or(self.audit_filed.take());
        self.spool_filed = then.spool_filed.or(self.spool_filed.take());
        self.unwritable.extend(then.unwritable);
    }

    /// The records of a batch one by one, in the order in which a commit writes them. What belongs together is never
    /// divided: a reading, its rows for the server and its assignment. What is said once in a batch goes with the last.
    pub fn into_single_records(self) -> Vec<Self> {
        single_records(self)
    }

    /// What the store refuses, as it is kept. What is said once in a batch is said all the same.
    #[must_use]
    pub fn set_aside(mut self, reason: String, at: WallTime) -> Self {
        let (run, interruption) = (self.run.take(), self.interruption.take());
        let (anchor_kept, spool_filed) = (std::mem::take(&mut self.anchor_kept), self.spool_filed.take());
        let unwritable = vec![Unwritable { at, reason, changes: Box::new(self) }];
        Self { run, interruption, anchor_kept, spool_filed, unwritable, ..Self::default() }
    }
}

/// Changes that the store refuses, and never will take as they are.
#[derive(Clone, Debug)]
pub struct Unwritable {
    /// When they were refused.
    pub at: WallTime,
    /// What the store said, without health data.
    pub reason: String,
    /// What was to be written.
    pub changes: Box<Changes>,
}

/// Proof that a commit is durable; by default, of one that wrote nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Counts commits of this vault, without a gap; 0 for what went into the spool.
    pub generation: u64,
    /// The vault is locked: the changes are durable in the spool and are filed at the next opening.
    pub spooled: bool,
    /// Readings of the changes that were not written, because their id is taken, and those that were to be assigned and
    /// have a patient already. Nothing is filed for them.
    pub already_known: Vec<ReadingId>,
    /// Those of them that are other readings than the stored ones, and the first free place among the readings of the same
    /// device time: they are to be written again with that place.
    pub displaced: Vec<(ReadingId, u32)>,
    /// Records of the changes that were not written: they are there already, or their reading was.
    pub ignored_rows: Vec<RowId>,
    /// Records of a batch of the spool that the store refused for their own sake and set aside; readings among them are in
    /// `already_known`.
    pub set_aside: u64,
}

impl Receipt {
    /// Adds what a later part of the same batch brought.
    pub fn append(&mut self, later: Self) {
        self.generation = self.generation.max(later.generation);
        self.spooled = later.spooled;
        self.already_known.extend(later.already_known);
        self.displaced.extend(later.displaced);
        self.ignored_rows.extend(later.ignored_rows);
        self.set_aside += later.set_aside;
    }
}

fn single_records(mut all: Changes) -> Vec<Changes> {
    let mut records = Vec::new();
    macro_rules! each {
        ($($part:ident),*) => {$(
            for one in std::mem::take(&mut all.$part) {
                records.push(Changes { $part: vec![one], ..Changes::default() });
            }
        )*};
    }
    each!(
        patients,
        clinic,
        devices,
        connections,
        bindings,
        bookmarks,
        consents,
        clock_settings,
        frames,
        accepted_frames
    );
    let readings = std::mem::take(&mut all.readings);
    for reading in readings {
        let mut record = of_reading(&mut all, reading.id);
        record.readings.push(reading);
        records.push(record);
    }
    // Of readings that are stored already.
    while let Some(&(reading, _)) = all.assignments.first() {
        records.push(of_reading(&mut all, reading));
    }
    each!(
        reading_rows,
        samples,
        medians,
        outbox,
        outbox_updates,
        clinicians,
        pins,
        versions,
        audit,
        server_tokens,
        unwritable
    );
    let Changes { run, interruption, server_traits, anchor_kept, audit_filed, spool_filed, .. } = all;
    let once =
        Changes { run, interruption, server_traits, anchor_kept, audit_filed, spool_filed, ..Changes::default() };
    match records.last_mut() {
        Some(last) => last.append(once),
        None => records.push(once),
    }
    records
}

fn of_reading(all: &mut Changes, id: ReadingId) -> Changes {
    let assignments = all.assignments.extract_if(.., |(reading, _)| *reading == id).collect();
    let reading_rows = all.reading_rows.extract_if(.., |(reading, _)| *reading == id).collect();
    Changes { assignments, reading_rows, ..Changes::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_once_goes_with_the_last_record() {
        let file = Uuid::from_u128(1);
        let (reading, patient) = (ReadingId(Uuid::from_u128(2)), PatientId(Uuid::from_u128(3)));
        let all = Changes {
            assignments: vec![(reading, patient), (ReadingId(Uuid::from_u128(4)), patient)],
            interruption: Some(None),
            spool_filed: Some(SpoolPlace { file, end: 9 }),
            ..Changes::default()
        };
        let records = single_records(all);
        assert_eq!(records.len(), 2);
        assert!(records[0].spool_filed.is_none() && records[0].interruption.is_none());
        assert!(records[1].spool_filed.is_some() && records[1].interruption.is_some());
        assert_eq!(records.iter().map(|record| record.assignments.len()).sum::<usize>(), 2);
    }

    #[test]
    fn an_empty_batch_of_the_spool_is_one_record() {
        let place = SpoolPlace { file: Uuid::from_u128(1), end: 9 };
        let records = single_records(Changes { spool_filed: Some(place.clone()), ..Changes::default() });
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].spool_filed, Some(place));
    }
}
