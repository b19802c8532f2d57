//! What the store keeps, in the console's words.
//! Not here: SQL, text for the screen, and what goes to the server (`filing`).
mod changes;

pub use changes::{Changes, Receipt, Unwritable};

use crate::clinician::ClinicianId;
use crate::ports::RefreshToken;
use bedside_outbox::{RowState, ServerCopy, ServerTraits};
use bedside_session::{Bookmark, ClockSetting, UserConsent};
use bedside_vitals::Sensitive;
use bedside_vitals::{
    ConnectionId, Decimal, DeviceClock, DeviceId, Measurement, Parameter, PatientId, ReadingId, SeriesId, Unit,
    WallTime,
};
use std::path::PathBuf;
use uuid::Uuid;

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

/// What sync learned of a clinic's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredServer {
    /// Its FHIR base URL.
    pub address: String,
    /// What it takes.
    pub traits: ServerTraits,
    /// A person said that the way to it costs.
    pub metered: bool,
}

/// What the server calls a resource that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCopy {
    /// Our id of it.
    pub resource: Uuid,
    /// The server's words.
    pub server: ServerCopy,
}

/// By what a clinician's access to the clinic's server is renewed. Of staff; in the vault and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerToken {
    /// The server's FHIR base URL.
    pub server: String,
    /// Whose; `None` in a vault that nobody is enrolled in.
    pub clinician: Option<ClinicianId>,
    /// Where it was granted: it goes to no other address.
    pub endpoint: String,
    /// The token.
    pub refresh: RefreshToken,
    /// Whom the server knows the clinician by.
    pub user: Option<String>,
    /// When it was granted.
    pub granted: WallTime,
}

/// What becomes of such a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerTokenChange {
    /// It takes the place of the one before.
    Keep(ServerToken),
    /// It is good no more.
    Forget {
        /// The server.
        server: String,
        /// Whose.
        clinician: Option<ClinicianId>,
    },
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

/// Counts of the outbox. Entries of the audit log are in `audit_waiting` alone, but for those that were refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Rows by state.
    pub by_state: Vec<(RowState, u64)>,
    /// When the oldest row that is not accepted was written.
    pub oldest_open: Option<WallTime>,
    /// When the server last accepted a row.
    pub last_accepted: Option<WallTime>,
    /// Entries of the audit log on their way.
    pub audit_waiting: u64,
}

impl OutboxCounts {
    /// Rows in a state.
    pub fn count(&self, state: RowState) -> u64 {
        self.by_state.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n)
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
    /// Names the policy that it ran under; `None` in runs of earlier versions.
    pub policy: Option<Uuid>,
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
    /// Octets that are free on its disk.
    pub free_octets: u64,
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

/// A recording that was broken off by an unclean end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInterruption {
    /// Last life sign.
    pub from: WallTime,
    /// When recording could go on.
    pub until: WallTime,
    /// Devices that were bound then.
    pub devices: Vec<(DeviceId, PatientId)>,
}

/// Where a batch lies in the spool: which file, and the place behind its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolPlace {
    /// The file, one for each process that spooled.
    pub file: Uuid,
    /// Octets of the file up to the end of the batch.
    pub end: u64,
}

/// What waits in the spool, as it may be filed.
#[derive(Clone, Debug)]
pub struct SpooledBatch {
    /// Where it lies.
    pub place: SpoolPlace,
    /// What is to be filed. Of records that nobody is proven to have written only what was measured, of nobody.
    pub changes: Changes,
    /// Records in it of which nobody knows who wrote them.
    pub unproven: u64,
    /// Those of them that held more than what was measured: they were set aside in `damaged/` as they are.
    pub refused: u64,
}

impl SpooledBatch {
    /// One that holds nothing.
    pub fn new(place: SpoolPlace) -> Self {
        Self { place, changes: Changes::default(), unproven: 0, refused: 0 }
    }
}

/// A later word on a reading, which itself never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingVersion {
    /// Of which reading.
    pub reading: ReadingId,
    /// 1 for the first word on it; the store gives the number.
    pub version: u32,
    /// What it says.
    pub verdict: Verdict,
    /// Why, in the author's words; empty for a confirmation. Health data.
    pub reason: Sensitive<String>,
    /// Who.
    pub author: Option<ClinicianId>,
    /// When.
    pub at: WallTime,
}

/// What a later word on a reading says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The value was another one: the corrected measurement.
    Corrected(Box<Measurement>),
    /// It is no measurement of this patient.
    Rejected,
    /// It is right as it was measured: the site's policy asks a person to say so. Without a reason.
    Confirmed,
}

/// A backup that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupCopy {
    /// Its folder.
    pub folder: PathBuf,
    /// When it was made.
    pub at: WallTime,
    /// When it was last opened and read through without a fault.
    pub verified: Option<WallTime>,
    /// Commits in it.
    pub generation: u64,
    /// Octets.
    pub octets: u64,
}

/// What came of a safeguard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafeguardReport {
    /// The backup that was made.
    BackedUp(BackupCopy),
    /// Nothing was found.
    Sound,
    /// The restored backup, where the damaged files are, and what is missing since.
    Restored {
        /// The backup that is the vault now.
        backup: BackupCopy,
        /// Where the files that were set aside lie.
        set_aside: PathBuf,
        /// Readings of the damaged file that could be read and were brought over.
        recovered: u64,
        /// Commits of the damaged file that the backup has not, where some of their rows could not be read; 0 when
        /// nothing is missing.
        missing_commits: u64,
        /// Rows of the damaged file that could not be read.
        unreadable: Vec<UnreadableRows>,
    },
    /// Octets that are free for the vault.
    Space {
        /// So many.
        free_octets: u64,
    },
}

/// A stretch of a table that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRows {
    /// Of this table.
    pub table: String,
    /// From this row of the file on.
    pub first: i64,
    /// Up to this one; `None` = to the end.
    pub last: Option<i64>,
}
