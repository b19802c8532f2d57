//! The console's records in the form in which a spool keeps them, each with its way back.
//! A name that this version does not know is `None`, never a guess. Not here: which of them a batch holds (`written`).
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::{
    AuditAction, AuditEntry, AuditOrigin, AuditOutcome, ClinicianId, MinuteMedian, Purpose, RawFrame, Role,
    SampleValues, StoredClockSetting, StoredInterruption, StoredReading, StoredSamples,
};
use bedside_outbox::{OutboxRow, Outcome, RowId, RowState, RowUpdate};
use bedside_session::{ClockOutcome, RecordMark, UserConsent};
use bedside_vitals::{
    BootTime, ConnectionId, Decimal, DeviceClock, DeviceId, DeviceTime, Measurement, Parameter, PatientId, ReadingId,
    SeriesId, Unit, WallTime,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A record whose fields are all of the core or plain: the way there and back, field by field.
macro_rules! mirrored {
    ($name:ident of $of:path { $($field:ident: $kind:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct $name {
            $($field: $kind,)*
        }

        impl From<&$of> for $name {
            fn from(of: &$of) -> Self {
                Self { $($field: of.$field.clone(),)* }
            }
        }

        impl From<$name> for $of {
            fn from(written: $name) -> Self {
                Self { $($field: written.$field,)* }
            }
        }
    };
}

mirrored!(Connection of bedside_console::Connection {
    id: ConnectionId,
    device: DeviceId,
    at: WallTime,
    clock: Option<DeviceClock>,
});

mirrored!(Binding of bedside_console::Binding {
    id: Uuid,
    device: DeviceId,
    patient: PatientId,
    since: WallTime,
    not_before: WallTime,
    until: Option<WallTime>,
    user_slot: Option<u8>,
});

mirrored!(Reading of StoredReading {
    id: ReadingId,
    device: DeviceId,
    patient: Option<PatientId>,
    measurement: Measurement,
    frame: Option<(ConnectionId, Uuid, u64)>,
});

mirrored!(Median of MinuteMedian {
    series: SeriesId,
    device: DeviceId,
    patient: PatientId,
    parameter: Parameter,
    unit: Unit,
    minute: WallTime,
    median: Decimal,
    count: u32,
});

mirrored!(Run of bedside_console::Run {
    id: Uuid,
    started: WallTime,
    last_alive: WallTime,
    recording: u32,
    ended: bool,
    policy: Option<Uuid>,
});

mirrored!(Answered of Outcome { status: u16, text: String, at: WallTime });

/// A bookmark and its device.
#[derive(Serialize, Deserialize)]
pub(super) struct Bookmark {
    device: DeviceId,
    service: Uuid,
    complete: Option<(u32, Option<DeviceTime>)>,
    highest: Option<(u32, Option<DeviceTime>)>,
    since_complete: u32,
}

impl From<&(DeviceId, bedside_session::Bookmark)> for Bookmark {
    fn from((device, bookmark): &(DeviceId, bedside_session::Bookmark)) -> Self {
        let mark = |mark: RecordMark| (mark.number, mark.base_time);
        let bedside_session::Bookmark { service, complete, highest, since_complete } = *bookmark;
        Self { device: *device, service, complete: complete.map(mark), highest: highest.map(mark), since_complete }
    }
}

impl From<Bookmark> for (DeviceId, bedside_session::Bookmark) {
    fn from(written: Bookmark) -> Self {
        let mark = |(number, base_time)| RecordMark { number, base_time };
        let Bookmark { device, service, complete, highest, since_complete } = written;
        let (complete, highest) = (complete.map(mark), highest.map(mark));
        (device, bedside_session::Bookmark { service, complete, highest, since_complete })
    }
}

/// A consent and its device.
#[derive(Serialize, Deserialize)]
pub(super) struct Consent {
    device: DeviceId,
    user_index: u8,
    code: u16,
}

impl From<&(DeviceId, UserConsent)> for Consent {
    fn from((device, consent): &(DeviceId, UserConsent)) -> Self {
        Self { device: *device, user_index: consent.user_index, code: consent.code.number() }
    }
}

impl Consent {
    pub(super) fn read(self) -> Option<(DeviceId, UserConsent)> {
        Some((self.device, UserConsent::new(self.user_index, self.code)?))
    }
}

/// A clock setting.
#[derive(Serialize, Deserialize)]
pub(super) struct ClockSetting {
    device: DeviceId,
    at: WallTime,
    connection: ConnectionId,
    before: Option<DeviceClock>,
    after: Option<DeviceClock>,
    outcome: String,
    off_by_ms: Option<i64>,
}

impl From<&StoredClockSetting> for ClockSetting {
    fn from(stored: &StoredClockSetting) -> Self {
        let bedside_session::ClockSetting { connection, before, after, outcome } = &stored.setting;
        let off_by_ms = match outcome {
            ClockOutcome::DidNotTake { off_by_ms } => Some(*off_by_ms),
            ClockOutcome::Set | ClockOutcome::Refused | ClockOutcome::NotReadBack => None,
        };
        let outcome = outcome.name().to_owned();
        let (connection, before, after) = (*connection, *before, *after);
        Self { device: stored.device, at: stored.at, connection, before, after, outcome, off_by_ms }
    }
}

impl ClockSetting {
    pub(super) fn read(self) -> Option<StoredClockSetting> {
        let Self { device, at, connection, before, after, outcome, off_by_ms } = self;
        let outcome = match (ClockOutcome::from_name(&outcome, after.as_ref())?, off_by_ms) {
            (ClockOutcome::DidNotTake { .. }, Some(off_by_ms)) => ClockOutcome::DidNotTake { off_by_ms },
            (ClockOutcome::DidNotTake { .. }, None) => return None,
            (other, _) => other,
        };
        let setting = bedside_session::ClockSetting { connection, before, after, outcome };
        Some(StoredClockSetting { device, at, setting })
    }
}

/// A frame, its octets in Base64.
#[derive(Serialize, Deserialize)]
pub(super) struct Frame {
    device: DeviceId,
    connection: ConnectionId,
    characteristic: Uuid,
    index: u64,
    received: WallTime,
    octets: String,
    rejection: Option<String>,
}

impl From<&RawFrame> for Frame {
    fn from(frame: &RawFrame) -> Self {
        Self {
            device: frame.device,
            connection: frame.connection,
            characteristic: frame.characteristic,
            index: frame.index,
            received: frame.received,
            octets: BASE64.encode(&frame.bytes),
            rejection: frame.rejection.clone(),
        }
    }
}

impl Frame {
    pub(super) fn read(self) -> Option<RawFrame> {
        let Self { device, connection, characteristic, index, received, octets, rejection } = self;
        let bytes = BASE64.decode(octets).ok()?;
        Some(RawFrame { device, connection, characteristic, index, received, bytes, rejection })
    }
}

/// Values of a stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Samples {
    series: SeriesId,
    device: DeviceId,
    patient: Option<PatientId>,
    parameter: Parameter,
    unit: Unit,
    exponent: i8,
    values: Values,
}

#[derive(Serialize, Deserialize)]
enum Values {
    Timed(Vec<(WallTime, i32)>),
    Even { start: WallTime, hertz: u16, samples: Vec<i32> },
}

impl From<&StoredSamples> for Samples {
    fn from(stored: &StoredSamples) -> Self {
        let values = match &stored.values {
            SampleValues::Timed(values) => Values::Timed(values.clone()),
            SampleValues::Even { start, hertz, samples } => {
                Values::Even { start: *start, hertz: *hertz, samples: samples.clone() }
            }
        };
        let StoredSamples { series, device, patient, parameter, unit, exponent, .. } = *stored;
        Self { series, device, patient, parameter, unit, exponent, values }
    }
}

impl From<Samples> for StoredSamples {
    fn from(written: Samples) -> Self {
        let Samples { series, device, patient, parameter, unit, exponent, values } = written;
        let values = match values {
            Values::Timed(values) => SampleValues::Timed(values),
            Values::Even { start, hertz, samples } => SampleValues::Even { start, hertz, samples },
        };
        Self { series, device, patient, parameter, unit, exponent, values }
    }
}

/// A record for the server.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    id: Uuid,
    resource_type: String,
    resource_id: Uuid,
    payload: String,
    depends_on: Vec<Uuid>,
    state: String,
    attempts: u32,
    next_attempt: Option<WallTime>,
    created: WallTime,
    outcome: Option<Answered>,
}

impl From<&OutboxRow> for Row {
    fn from(row: &OutboxRow) -> Self {
        Self {
            id: row.id.0,
            resource_type: row.resource_type.clone(),
            resource_id: row.resource_id,
            payload: row.payload.clone(),
            depends_on: row.depends_on.iter().map(|id| id.0).collect(),
            state: row.state.name().to_owned(),
            attempts: row.attempts,
            next_attempt: row.next_attempt,
            created: row.created,
            outcome: row.outcome.as_ref().map(Answered::from),
        }
    }
}

impl Row {
    pub(super) fn read(self) -> Option<OutboxRow> {
        Some(OutboxRow {
            id: RowId(self.id),
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            payload: self.payload,
            depends_on: self.depends_on.into_iter().map(RowId).collect(),
            state: RowState::from_name(&self.state)?,
            attempts: self.attempts,
            next_attempt: self.next_attempt,
            created: self.created,
            outcome: self.outcome.map(Into::into),
        })
    }
}

/// What a try to send changed.
#[derive(Serialize, Deserialize)]
pub(super) struct Update {
    id: Uuid,
    state: String,
    attempts: u32,
    next_attempt: Option<WallTime>,
    outcome: Option<Answered>,
}

impl From<&RowUpdate> for Update {
    fn from(update: &RowUpdate) -> Self {
        let RowUpdate { id, state, attempts, next_attempt, outcome } = update;
        let (attempts, next_attempt, outcome) = (*attempts, *next_attempt, outcome.as_ref().map(Answered::from));
        Self { id: id.0, state: state.name().to_owned(), attempts, next_attempt, outcome }
    }
}

impl Update {
    pub(super) fn read(self) -> Option<RowUpdate> {
        let Self { id, state, attempts, next_attempt, outcome } = self;
        let state = RowState::from_name(&state)?;
        Some(RowUpdate { id: RowId(id), state, attempts, next_attempt, outcome: outcome.map(Into::into) })
    }
}

/// An entry of the audit log.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    at: WallTime,
    boot: Option<BootTime>,
    boot_id: Option<String>,
    run: Option<Uuid>,
    program: Option<String>,
    action: String,
    actor: Option<Uuid>,
    roles: Vec<String>,
    patient: Option<PatientId>,
    device: Option<DeviceId>,
    clinician: Option<Uuid>,
    count: Option<u32>,
    purpose: String,
    outcome: String,
    reason: Option<String>,
}

impl From<&AuditEntry> for Entry {
    fn from(entry: &AuditEntry) -> Self {
        // The place in the chain comes with the filing.
        let AuditEntry {
            seq: _,
            at,
            origin,
            action,
            actor,
            roles,
            patient,
            device,
            clinician,
            count,
            purpose,
            outcome,
            reason,
        } = entry;
        let AuditOrigin { boot, boot_id, run, version } = origin.clone();
        Self {
            at: *at,
            boot,
            boot_id,
            run,
            program: version,
            action: action.name().to_owned(),
            actor: actor.map(|id| id.0),
            roles: roles.iter().map(|role| role.name().to_owned()).collect(),
            patient: *patient,
            device: *device,
            clinician: clinician.map(|id| id.0),
            count: *count,
            purpose: purpose.code().to_owned(),
            outcome: outcome.name().to_owned(),
            reason: reason.clone(),
        }
    }
}

impl Entry {
    pub(super) fn read(self) -> Option<AuditEntry> {
        let origin = AuditOrigin { boot: self.boot, boot_id: self.boot_id, run: self.run, version: self.program };
        Some(AuditEntry {
            origin,
            actor: self.actor.map(ClinicianId),
            roles: self.roles.iter().map(|role| Role::from_name(role)).collect::<Option<_>>()?,
            patient: self.patient,
            device: self.device,
            clinician: self.clinician.map(ClinicianId),
            count: self.count,
            purpose: Purpose::from_code(&self.purpose)?,
            outcome: AuditOutcome::from_name(&self.outcome)?,
            reason: self.reason,
            ..AuditEntry::new(self.at, AuditAction::from_name(&self.action)?)
        })
    }
}

/// An interruption that is to be kept, or that was seen.
#[derive(Serialize, Deserialize)]
pub(super) struct Interruption {
    since: Option<(WallTime, WallTime)>,
    devices: Vec<(DeviceId, PatientId)>,
}

impl From<Option<&StoredInterruption>> for Interruption {
    fn from(said: Option<&StoredInterruption>) -> Self {
        let since = said.map(|one| (one.from, one.until));
        Self { since, devices: said.map(|one| one.devices.clone()).unwrap_or_default() }
    }
}

impl Interruption {
    pub(super) fn read(self) -> Option<StoredInterruption> {
        let (from, until) = self.since?;
        Some(StoredInterruption { from, until, devices: self.devices })
    }
}
