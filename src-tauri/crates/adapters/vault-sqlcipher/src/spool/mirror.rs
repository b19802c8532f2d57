//! The console's records in the form in which a spool keeps them, each with its way back.
//! A name that this version does not know is `None`, never a guess. What goes to the server is in `outbox`, entries of the
//! audit log are in `audit`. Not here: which of them a batch holds (`written`).
mod audit;
mod outbox;
mod server_token;

pub(super) use audit::Entry;
pub(super) use outbox::{Row, Update};
pub(super) use server_token::TokenChange;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bedside_console::{
    MinuteMedian, RawFrame, SampleValues, StoredClockSetting, StoredInterruption, StoredReading, StoredSamples,
};
use bedside_outbox::Outcome;
use bedside_session::{ClockOutcome, RecordMark, UserConsent};
use bedside_vitals::{
    ConnectionId, Decimal, DeviceClock, DeviceId, DeviceTime, Measurement, Parameter, PatientId, ReadingId, SeriesId,
    Unit, WallTime,
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
