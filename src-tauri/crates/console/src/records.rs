//! What the store keeps, in the console's words.
//! Not here: SQL, text for the screen, and what goes to the server (`filing`).
use bedside_outbox::{OutboxRow, RowId, RowState, RowUpdate};
use bedside_session::{Bookmark, ClockSetting, UserConsent};
use bedside_vitals::{
    ConnectionId, Decimal, DeviceClock, DeviceDescription, DeviceId, Measurement, Parameter, Patient, PatientId,
    ReadingId, SeriesId, Unit, WallTime,
};
use uuid::Uuid;

/// Everything one transaction writes.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Patients added or changed.
    pub patients: Vec<Patient>,
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
    /// Records for the server. One that is there already is left as it is.
    pub outbox: Vec<OutboxRow>,
    /// Records of readings, each written only if its reading was not stored before: a second delivery files nothing,
    /// whoever the device is bound to by then.
    pub reading_rows: Vec<(ReadingId, OutboxRow)>,
    /// What tries changed.
    pub outbox_updates: Vec<RowUpdate>,
    /// Who did what.
    pub audit: Vec<AuditEntry>,
    /// The life sign of this run.
    pub run: Option<Run>,
}

impl Changes {
    /// Whether there is nothing to write but a life sign.
    pub fn is_empty(&self) -> bool {
        let Self {
            patients,
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
            audit,
            run: _,
        } = self;
        patients.is_empty()
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
            && audit.is_empty()
    }
}

/// Proof that a commit is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Counts commits of this vault, without a gap.
    pub generation: u64,
    /// Readings of the changes that were not written, because their id is taken, and those that were to be assigned and
    /// have a patient already. Nothing is filed for them.
    pub already_known: Vec<ReadingId>,
    /// Those of them that are other readings than the stored ones, and the first free place among the readings of the same
    /// device time: they are to be written again with that place.
    pub displaced: Vec<(ReadingId, u32)>,
    /// Records of the changes that were not written: they are there already, or their reading was.
    pub ignored_rows: Vec<RowId>,
}

/// One connection of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The device.
    pub device: DeviceId,
    /// When it was made.
    pub at: WallTime,
    /// The device's clock, if it has one.
    pub clock: Option<DeviceClock>,
}

/// A device bound to a patient by an explicit act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its id.
    pub id: Uuid,
    /// The device.
    pub device: DeviceId,
    /// The patient.
    pub patient: PatientId,
    /// Since.
    pub since: WallTime,
    /// What was measured before this is not the patient's: at most a little before `since`, because a cuff has measured
    /// before it can be bound, and never while the device was another patient's.
    pub not_before: WallTime,
    /// Until; `None` while it lasts.
    pub until: Option<WallTime>,
    /// The user slot of the device that a person confirmed to be the patient's; `None` before.
    pub user_slot: Option<u8>,
}

/// What came of setting a device's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredClockSetting {
    /// The device.
    pub device: DeviceId,
    /// When it ended.
    pub at: WallTime,
    /// What came of it.
    pub setting: ClockSetting,
}

/// What the store knows of devices' memories and users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemories {
    /// How far each memory is read.
    pub bookmarks: Vec<(DeviceId, Bookmark)>,
    /// The consents of their users.
    pub consents: Vec<(DeviceId, UserConsent)>,
}

/// A value as the radio gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame {
    /// The device.
    pub device: DeviceId,
    /// The connection.
    pub connection: ConnectionId,
    /// Which characteristic.
    pub characteristic: Uuid,
    /// Values of this characteristic on the connection before this one.
    pub index: u64,
    /// When it arrived.
    pub received: WallTime,
    /// The octets.
    pub bytes: Vec<u8>,
    /// Why it was rejected, if it was.
    pub rejection: Option<String>,
}

/// A spot reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReading {
    /// Its id: the same reading over two paths has the same.
    pub id: ReadingId,
    /// The device.
    pub device: DeviceId,
    /// The patient bound when it was measured; `None` = unassigned.
    pub patient: Option<PatientId>,
    /// What was measured.
    pub measurement: Measurement,
    /// The frame it was decoded from: connection, characteristic and index. `None` for a value from a series.
    pub frame: Option<(ConnectionId, Uuid, u64)>,
}

/// A numeric value that became durable just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose.
    pub patient: PatientId,
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub device_name: String,
    /// What was measured.
    pub measurement: Measurement,
    /// The spot reading's id; `None` for a stream.
    pub reading: Option<ReadingId>,
}

/// Values of one stream, for storing or from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSamples {
    /// The series.
    pub series: SeriesId,
    /// The device.
    pub device: DeviceId,
    /// The patient bound at the time; `None` = unassigned.
    pub patient: Option<PatientId>,
    /// What.
    pub parameter: Parameter,
    /// The unit of one step.
    pub unit: Unit,
    /// Value = step × 10^exponent.
    pub exponent: i8,
    /// The samples.
    pub values: SampleValues,
}

/// Samples and their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleValues {
    /// Each with its own time: numerics and beat intervals, in order of time.
    Timed(Vec<(WallTime, i32)>),
    /// At an even pace: waveforms.
    Even {
        /// Time of the first sample.
        start: WallTime,
        /// Samples a second.
        hertz: u16,
        /// The device's integers.
        samples: Vec<i32>,
    },
}

/// The median of one minute of a stream: what goes to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinuteMedian {
    /// Of this series.
    pub series: SeriesId,
    /// The device.
    pub device: DeviceId,
    /// The patient.
    pub patient: PatientId,
    /// What.
    pub parameter: Parameter,
    /// Its unit.
    pub unit: Unit,
    /// Start of the minute.
    pub minute: WallTime,
    /// The median; of an even count the lower middle value, so that it was really measured.
    pub median: Decimal,
    /// How many samples.
    pub count: u32,
}

/// A parameter over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// Streams.
    pub series: Vec<TrendSeries>,
    /// Spot readings, oldest first.
    pub readings: Vec<StoredReading>,
}

/// One stream, reduced.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendSeries {
    /// What.
    pub parameter: Parameter,
    /// Its unit.
    pub unit: Unit,
    /// The width of a bin in milliseconds.
    pub bin_ms: i64,
    /// Bins in order of time; a stretch without samples has none.
    pub bins: Vec<TrendBin>,
}

/// The samples of one stretch of time, in the parameter's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendBin {
    /// Start of the bin.
    pub start: WallTime,
    /// The lowest sample.
    pub lowest: f64,
    /// The highest sample.
    pub highest: f64,
    /// Their mean.
    pub mean: f64,
    /// How many; never 0.
    pub count: u32,
}

/// What happened last for a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientActivity {
    /// Who.
    pub patient: PatientId,
    /// The latest reading or sample, by corrected time.
    pub last_value: Option<WallTime>,
    /// Readings not yet accepted by the server (waiting, sending, refused and held).
    pub unsent: u64,
}

/// Counts of the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Rows by state.
    pub by_state: Vec<(RowState, u64)>,
    /// When the oldest row that is not accepted was written.
    pub oldest_open: Option<WallTime>,
    /// When the server last accepted a row.
    pub last_accepted: Option<WallTime>,
}

impl OutboxCounts {
    /// Rows in a state.
    pub fn count(&self, state: RowState) -> u64 {
        self.by_state.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n)
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: WallTime,
    /// What was done.
    pub action: AuditAction,
    /// To whose record.
    pub patient: Option<PatientId>,
    /// With which device.
    pub device: Option<DeviceId>,
}

/// What the audit log knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// A patient was added.
    PatientAdded,
    /// A patient's record was opened.
    PatientOpened,
    /// A device was bound.
    DeviceBound,
    /// A binding ended.
    DeviceUnbound,
    /// A device's clock was set.
    ClockSet,
    /// A user slot of a device was confirmed to be the patient's.
    UserSlotConfirmed,
    /// A user's consent was given to a device.
    ConsentGiven,
    /// Values that were rejected were read again.
    DecodedAgain,
    /// Unassigned readings of a device were given to a patient.
    ReadingsAssigned,
}

impl AuditAction {
    /// Every action, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::PatientAdded,
        Self::PatientOpened,
        Self::DeviceBound,
        Self::DeviceUnbound,
        Self::ClockSet,
        Self::UserSlotConfirmed,
        Self::ConsentGiven,
        Self::DecodedAgain,
        Self::ReadingsAssigned,
    ];

    /// The stable name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PatientAdded => "patient_added",
            Self::PatientOpened => "patient_opened",
            Self::DeviceBound => "device_bound",
            Self::DeviceUnbound => "device_unbound",
            Self::ClockSet => "clock_set",
            Self::UserSlotConfirmed => "user_slot_confirmed",
            Self::ConsentGiven => "consent_given",
            Self::DecodedAgain => "decoded_again",
            Self::ReadingsAssigned => "readings_assigned",
        }
    }

    /// The action of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// One run of the program with this vault open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub started: WallTime,
    /// Its last life sign.
    pub last_alive: WallTime,
    /// Devices that were recording then.
    pub recording: u32,
    /// Whether it ended as it should.
    pub ended: bool,
}

/// Figures of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultStatus {
    /// Format version.
    pub format: u32,
    /// What `PRAGMA cipher_version` answers.
    pub cipher: String,
    /// Commits so far.
    pub generation: u64,
    /// Octets on disk, write-ahead log included.
    pub octets: u64,
    /// Patients.
    pub patients: u64,
    /// Spot readings.
    pub readings: u64,
    /// Stream samples.
    pub samples: u64,
    /// Raw frames that are kept.
    pub frames: u64,
    /// Rejected frames.
    pub rejected_frames: u64,
}

/// What `maintain` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Samples moved from tails to chunks.
    pub samples_compacted: u64,
    /// Frames packed together.
    pub frames_packed: u64,
    /// Frames removed because their time was over.
    pub frames_removed: u64,
    /// Whether something is left to do.
    pub more: bool,
}
