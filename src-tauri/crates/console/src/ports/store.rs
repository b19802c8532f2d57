//! The encrypted record. Implemented by SQLCipher.
//! Not here: keys at rest (the key store) and what the records mean.
use super::keys::{DeviceSecret, VaultId};
use crate::records::*;
use async_trait::async_trait;
use bedside_outbox::{OutboxRow, RowState};
use bedside_vitals::{DeviceId, Parameter, PatientId, ReadingId, RecordNumber, WallTime};
use std::time::Duration;

/// Whether there is a vault in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultPresence {
    /// None: a first run, if the key store agrees.
    Missing,
    /// One, with this id.
    Present(VaultId),
}

/// How to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// The one writer; takes the lock file.
    Writer,
    /// Reads beside a writer.
    Reader,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Query {
    /// All patients, by family and given name.
    Patients,
    /// The patient of a record number.
    PatientByRecordNumber(RecordNumber),
    /// All enrolled devices.
    Devices,
    /// Bindings that have not ended.
    OpenBindings,
    /// How far devices' memories are read, and the consents of their users.
    DeviceMemories,
    /// What came of setting a device's clock, oldest first.
    ClockSettings(DeviceId),
    /// The binding that a device had at a time, if it had one.
    BindingAt(DeviceId, WallTime),
    /// The binding that ended last, of each device and patient that ever had one.
    LastBindings,
    /// All bindings of a device, lasting and ended, oldest first.
    BindingsOf(DeviceId),
    /// Connections of a device, oldest first.
    Connections(DeviceId),
    /// Spot readings, newest first.
    Readings {
        /// Of this patient; `None` = of everybody and nobody.
        patient: Option<PatientId>,
        /// Only readings without a patient.
        unassigned_only: bool,
        /// Measured at or after.
        since: Option<WallTime>,
        /// At most so many.
        limit: usize,
    },
    /// The stored ones among these readings.
    TheseReadings(Vec<ReadingId>),
    /// How many readings have no patient.
    UnassignedCount,
    /// Readings already stored among these, to tell a second delivery.
    KnownReadings(Vec<ReadingId>),
    /// All values of streams, for export, oldest first.
    Samples {
        /// Of this patient; `None` = of everybody and nobody.
        patient: Option<PatientId>,
        /// Taken at or after.
        since: Option<WallTime>,
        /// Taken before.
        until: Option<WallTime>,
    },
    /// Minute medians, oldest first.
    MinuteMedians {
        /// Of this patient; `None` = of everybody.
        patient: Option<PatientId>,
        /// Of this minute or later ones.
        since: Option<WallTime>,
    },
    /// Streams reduced to at most `columns` bins, and the spot readings of the same range.
    Trend {
        /// Of this patient.
        patient: PatientId,
        /// These parameters.
        parameters: Vec<Parameter>,
        /// From, inclusive.
        from: WallTime,
        /// To, exclusive.
        until: WallTime,
        /// The most bins a series may take.
        columns: usize,
    },
    /// The last reading or sample of each parameter of a patient.
    LastValues(PatientId),
    /// When each patient's last reading or sample was, and how many rows wait or were refused.
    PatientActivity,
    /// Counts of the outbox.
    OutboxCounts,
    /// Rows in these states, oldest first.
    OutboxRows {
        /// In one of these.
        states: Vec<RowState>,
        /// At most so many.
        limit: usize,
    },
    /// The audit log, newest first.
    Audit {
        /// At most so many.
        limit: usize,
    },
    /// How the run before this one ended.
    LastRun,
    /// Raw frames, oldest first.
    Frames {
        /// Of this device.
        device: Option<DeviceId>,
        /// Only values that were rejected.
        rejected_only: bool,
        /// At most so many.
        limit: usize,
    },
    /// Figures for `vault status` and `doctor`.
    VaultStatus,
}

/// The answer to the query of the same name.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To `Patients` and `PatientByRecordNumber` (none or one).
    Patients(Vec<bedside_vitals::Patient>),
    /// To `Devices`.
    Devices(Vec<bedside_vitals::DeviceDescription>),
    /// To `OpenBindings`, `LastBindings`, `BindingsOf`, and `BindingAt` (none or one).
    Bindings(Vec<Binding>),
    /// To `DeviceMemories`.
    DeviceMemories(DeviceMemories),
    /// To `ClockSettings`.
    ClockSettings(Vec<StoredClockSetting>),
    /// To `Connections`.
    Connections(Vec<Connection>),
    /// To `Readings` and `TheseReadings`.
    Readings(Vec<StoredReading>),
    /// To `UnassignedCount`.
    Count(u64),
    /// To `KnownReadings`: the ones that are stored.
    KnownReadings(Vec<ReadingId>),
    /// To `Samples`.
    Samples(Vec<StoredSamples>),
    /// To `MinuteMedians`.
    MinuteMedians(Vec<MinuteMedian>),
    /// To `Trend`.
    Trend(Trend),
    /// To `LastValues`.
    LastValues(Vec<StoredReading>),
    /// To `PatientActivity`.
    PatientActivity(Vec<PatientActivity>),
    /// To `OutboxCounts`.
    OutboxCounts(OutboxCounts),
    /// To `OutboxRows`.
    OutboxRows(Vec<OutboxRow>),
    /// To `Audit`.
    Audit(Vec<AuditEntry>),
    /// To `LastRun`; `None` on the first.
    LastRun(Option<Run>),
    /// To `Frames`.
    Frames(Vec<RawFrame>),
    /// To `VaultStatus`.
    VaultStatus(VaultStatus),
}

/// How the store failed, reduced to what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// No vault where one was expected.
    #[error("there is no vault in the data folder; create one first")]
    Missing,
    /// A vault where none was expected.
    #[error("the data folder already holds a vault; it is never overwritten")]
    AlreadyThere,
    /// Another program holds the vault.
    #[error("the vault is held by another writer: {holder}")]
    Held {
        /// Program and process id, as the holder wrote it.
        holder: String,
    },
    /// The secret does not open the vault.
    #[error("the device secret in the keyring does not open this vault")]
    WrongKey,
    /// Written by a later version.
    #[error("the vault has format {found}; this version knows up to {known}: install a newer Bedside")]
    Newer {
        /// The vault's format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The file is not readable as a vault.
    #[error("the vault is damaged ({0}); nothing was changed. Restore a backup, or call IT")]
    Damaged(String),
    /// No room left.
    #[error("the disk is full; nothing was lost, new values are not being stored until there is room")]
    DiskFull,
    /// Opened for reading only.
    #[error("the vault is open for reading only")]
    ReadOnly,
    /// Not open (any more).
    #[error("the vault is not open")]
    Closed,
    /// The library would store readable data.
    #[error("this build has no SQLCipher; it refuses to store anything")]
    NoCipher,
    /// Anything the system reports.
    #[error("the system reports for the vault: {0}")]
    Io(String),
}

/// The encrypted record of one folder.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Looks without opening.
    async fn presence(&self) -> Result<VaultPresence, StoreFault>;
    /// Makes a new vault and opens it as writer. Fails when there is one.
    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), StoreFault>;
    /// Opens the vault. An older format is migrated by a writer.
    async fn open(&self, secret: &DeviceSecret, mode: OpenMode) -> Result<(), StoreFault>;
    /// Writes all changes in one transaction, or none. The receipt comes after the commit is durable.
    async fn commit(&self, changes: Changes) -> Result<Receipt, StoreFault>;
    /// Answers a query from committed records.
    async fn read(&self, query: Query) -> Result<Answer, StoreFault>;
    /// Moves short-lived tails into chunks and tiles and applies retention, for about `budget`.
    ///
    /// Raw frames received before `keep_frames_since` are removed, rejected ones with their reason too; `None` keeps all.
    /// Frames are removed in the packs in which they lie, a pack with its last one: some stay a few hours longer, none
    /// goes early. Readings, samples and medians are never removed; a reading's `frame` may then name one that is gone.
    async fn maintain(
        &self,
        now: WallTime,
        budget: Duration,
        keep_frames_since: Option<WallTime>,
    ) -> Result<Maintenance, StoreFault>;
    /// Closes the vault and forgets its key.
    async fn close(&self) -> Result<(), StoreFault>;
}
