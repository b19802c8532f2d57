//! The encrypted record. Implemented by SQLCipher.
//! Not here: keys at rest (the key store) and what the records mean.
use super::keys::{DeviceSecret, VaultId};
use super::secrets::{Passphrase, Pin, RecoveryKey, RecoveryPublicKey};
use crate::audit::{Anchor, AnchorVerdict, AuditEntry, AuditVerdict, DigestFault};
use crate::clinician::{Clinician, ClinicianId, UserName};
use crate::records::*;
use async_trait::async_trait;
use bedside_outbox::{OutboxRow, RowHead, RowId, RowState};
use bedside_vitals::{ConnectionId, DeviceId, Parameter, PatientId, ReadingId, RecordNumber, WallTime};
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// Whether there is a vault in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultPresence {
    /// None: a first run, if the key store agrees.
    Missing,
    /// One, and what its slot file says before anything is opened.
    Present(VaultHeader),
}

impl VaultPresence {
    /// What is known of the vault that is there.
    pub fn header(self) -> Option<VaultHeader> {
        match self {
            Self::Missing => None,
            Self::Present(header) => Some(header),
        }
    }

    /// The id of the vault that is there.
    pub const fn id(&self) -> Option<VaultId> {
        match self {
            Self::Missing => None,
            Self::Present(header) => Some(header.id),
        }
    }
}

/// What can be known of a closed vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultHeader {
    /// Its id.
    pub id: VaultId,
    /// Who has a slot: they can open it with their passphrase.
    pub slots: Vec<SlotOwner>,
    /// The slot of vaults made before clinicians were enrolled, and of the demo vault: the device secret alone opens it.
    pub device_slot: bool,
    /// Whether there is a slot for IT's recovery key.
    pub recovery_slot: bool,
    /// To which key that slot is sealed: to put it back after a change that nobody saw.
    pub recovery_public: Option<RecoveryPublicKey>,
}

impl VaultHeader {
    /// Whose slot has this name.
    pub fn owner(&self, user: &UserName) -> Option<ClinicianId> {
        self.slots.iter().find(|slot| slot.user_name == *user).map(|slot| slot.clinician)
    }
}

/// Whose slot. Names of staff, never of patients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotOwner {
    /// Who.
    pub clinician: ClinicianId,
    /// The name they sign in with.
    pub user_name: UserName,
}

/// What a new vault is made with.
#[derive(Debug)]
pub struct NewVault {
    /// Its id.
    pub id: VaultId,
    /// The secret that the keyring keeps.
    pub secret: DeviceSecret,
    /// The first clinician's slot; `None` makes a vault that the device secret alone opens: the demo vault.
    pub first: Option<NewSlot>,
    /// IT's key of the policy, or that of a recovery kit.
    pub recovery: Option<RecoveryPublicKey>,
}

/// A slot to be made, or made anew with another passphrase.
#[derive(Debug)]
pub struct NewSlot {
    /// Whose.
    pub owner: SlotOwner,
    /// Chosen by them; checked for its strength.
    pub passphrase: Passphrase,
}

/// What opens a vault.
#[derive(Debug)]
pub enum Unlock {
    /// The device secret alone, where there is a device slot.
    Device(DeviceSecret),
    /// A clinician's passphrase with the device secret.
    Passphrase {
        /// Whose slot.
        clinician: ClinicianId,
        /// From the keyring.
        secret: DeviceSecret,
        /// As typed.
        passphrase: Passphrase,
    },
    /// IT's private key or that of a recovery kit: no keyring needed.
    Recovery(RecoveryKey),
}

/// A change of who can open an open vault. Each is durable when it returns, and crash-safe: the old way or the new one opens it.
#[derive(Debug)]
pub enum SlotChange {
    /// Adds a clinician's slot, or replaces it (another passphrase). The first one removes the device slot.
    Put {
        /// From the keyring; after a recovery a new one.
        secret: DeviceSecret,
        /// Whose, and how it opens.
        slot: NewSlot,
    },
    /// Changes nothing: whether the passphrase opens the clinician's slot, asked of an open vault.
    Prove {
        /// Whose slot.
        clinician: ClinicianId,
        /// From the keyring.
        secret: DeviceSecret,
        /// As typed.
        passphrase: Passphrase,
    },
    /// Removes a leaver's slot.
    Remove(ClinicianId),
    /// Sets or replaces the recovery slot.
    Recovery(RecoveryPublicKey),
    /// Takes the recovery slot away, whose key nobody has.
    NoRecovery,
    /// Encrypts the whole database with a new random key, for every slot at once.
    Rekey,
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
    /// Spot readings, newest first, with their last version: `Corrected` and `Rejected` mark the ones that have one. Among
    /// the unassigned ones those that were rejected are left out.
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
    /// The spot readings of exactly this time, rejected ones too, whoever's, with their last version.
    ReadingsAt(WallTime),
    /// The medians of exactly this minute, whoever's.
    MediansAt(WallTime),
    /// The stored ones among these readings, as they were measured: without what people said of them since.
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
    /// What is kept of the clinic's servers, by their base URLs.
    ClinicRecords,
    /// The orders of these patients of a server, whatever became of them.
    ClinicOrders {
        /// Its base URL.
        server: String,
        /// Whose.
        patients: Vec<bedside_fhir::download::ServerId>,
    },
    /// Counts of the outbox.
    OutboxCounts,
    /// Rows in these states, oldest first; what a person withdrew is left out, and entries of the audit log that were not
    /// refused.
    OutboxRows {
        /// In one of these.
        states: Vec<RowState>,
        /// At most so many.
        limit: usize,
    },
    /// The stored ones among these rows, in this order.
    TheseRows(Vec<RowId>),
    /// The audit log, newest first.
    Audit {
        /// Only of this patient.
        patient: Option<PatientId>,
        /// At most so many.
        limit: usize,
    },
    /// Entries of the audit log that may have no row for the server yet, oldest first. For the console alone.
    AuditToFile {
        /// Behind this one; `None` = behind the last one that is known to have gone (`Changes::audit_filed`).
        behind: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Everybody who was ever enrolled, by user name.
    Clinicians,
    /// Whether this is the clinician's PIN. Takes about 50 ms on purpose.
    VerifyPin(ClinicianId, Pin),
    /// Corrections and rejections of these readings, oldest first.
    Versions(Vec<ReadingId>),
    /// The chain of the audit log, from its first entry: the first bad one, or how many are good; against the keyring's
    /// anchor where there is one.
    VerifyAudit(Option<Anchor>),
    /// Whether the vault holds what an anchor knows. Quick: it looks at one entry.
    CompareAnchor(Anchor),
    /// Whether the rows of every table are those that were written. Reads the whole database.
    VerifyDigests,
    /// Whether the keyring ever took an anchor of this vault.
    AnchorKept,
    /// The present anchor: what the keyring and the clinic's server are to remember of this vault.
    Anchor,
    /// The backups that are there, newest first.
    Backups,
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
    /// One raw frame, packed or not.
    FrameAt {
        /// Of this connection.
        connection: ConnectionId,
        /// Of this characteristic.
        characteristic: Uuid,
        /// Its place among them.
        index: u64,
    },
    /// The broken-off recording that nobody has acknowledged.
    Interruption,
    /// How many changes were set aside because the store refuses them.
    UnwritableCount,
    /// Every row of the outbox that is not accepted, without the resources.
    OpenRows,
    /// What the server of this base URL calls these resources, or the resources of these rows: those that it accepted and
    /// named. For the console alone.
    ServerCopies {
        /// The base URL.
        server: String,
        /// Our ids.
        resources: Vec<Uuid>,
    },
    /// The people and devices that another server than the one of this base URL accepted, and this one did not, in every
    /// version. For the console alone.
    AcceptedElsewhere(String),
    /// What is known of the server of this base URL. For the console alone.
    ServerTraits(String),
    /// By what access to the server of this base URL is renewed. For the console alone.
    ServerTokens(String),
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
    /// To `UnassignedCount` and `UnwritableCount`.
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
    /// To `ClinicRecords`.
    ClinicRecords(std::collections::BTreeMap<String, crate::download::ClinicRecord>),
    /// To `ClinicOrders`.
    ClinicOrders(Vec<crate::download::ClinicOrder>),
    /// To `OutboxCounts`.
    OutboxCounts(OutboxCounts),
    /// To `OutboxRows` and `TheseRows`.
    OutboxRows(Vec<OutboxRow>),
    /// To `Audit` and `AuditToFile`.
    Audit(Vec<AuditEntry>),
    /// To `Clinicians`.
    Clinicians(Vec<Clinician>),
    /// To `VerifyPin`.
    PinVerified(bool),
    /// To `Versions`.
    Versions(Vec<ReadingVersion>),
    /// To `VerifyAudit`.
    AuditVerdict(AuditVerdict),
    /// To `Anchor`.
    Anchor(Anchor),
    /// To `AnchorKept`.
    AnchorKept(bool),
    /// To `CompareAnchor`.
    AnchorVerdict(AnchorVerdict),
    /// To `VerifyDigests`: the first table that is not sound.
    Digests(Option<DigestFault>),
    /// To `Backups`.
    Backups(Vec<BackupCopy>),
    /// To `LastRun`; `None` on the first.
    LastRun(Option<Run>),
    /// To `Frames`, and `FrameAt` (none or one).
    Frames(Vec<RawFrame>),
    /// To `Interruption`.
    Interruption(Option<StoredInterruption>),
    /// To `OpenRows` and `AcceptedElsewhere`.
    OpenRows(Vec<RowHead>),
    /// To `ServerCopies`.
    ServerCopies(Vec<KnownCopy>),
    /// To `ServerTraits`.
    ServerTraits(Option<StoredServer>),
    /// To `ServerTokens`.
    ServerTokens(Vec<ServerToken>),
    /// To `VaultStatus`.
    VaultStatus(VaultStatus),
}

/// What is done for the safety of the record.
#[derive(Debug)]
pub enum Safeguard {
    /// A copy of the whole vault, verified by opening and reading it, and the older ones thinned out.
    Backup {
        /// When it is made.
        now: WallTime,
    },
    /// Every page and every index, the audit chain and the digests.
    Check,
    /// A vault that cannot be used is set aside in `damaged/`, what can be read is kept, the named backup takes its place.
    /// The vault is closed afterwards.
    Restore {
        /// Which; `None` = the newest that verifies.
        backup: Option<PathBuf>,
        /// What opens it: a backup has the slots of its time. `None` while the vault is open.
        unlock: Option<Unlock>,
        /// When.
        now: WallTime,
    },
    /// How much room the disk has; a file that is kept to be given up when there is none is made or made again.
    Space,
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
    /// Another program looks at a passphrase or a PIN, for longer than is waited for.
    #[error("another program is signing in on this vault; no try was made: try again when it is done")]
    TriesHeld,
    /// The secret does not open the vault.
    #[error("the device secret in the keyring does not open this vault")]
    WrongKey,
    /// The passphrase does not open the clinician's slot.
    #[error("the user name or the passphrase is not right")]
    WrongPassphrase,
    /// There is no such slot.
    #[error("the vault has no such key slot: {0}")]
    NoSlot(&'static str),
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
    /// One record does not go in, for a reason of its own; everything else does.
    #[error("the vault refuses a record: {0}")]
    Refused(String),
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

impl StoreFault {
    /// The store answered something else than it was asked.
    pub fn another_answer() -> Self {
        Self::Io("the store answered another query".into())
    }
}

/// The encrypted record of one folder.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Looks without opening.
    async fn presence(&self) -> Result<VaultPresence, StoreFault>;
    /// Who could open the named backup, or the newest one whose slots are readable: for a restore when the vault's own
    /// slots are lost. `Missing` where there is none.
    async fn header_of_backup(&self, _named: Option<PathBuf>) -> Result<VaultHeader, StoreFault> {
        Err(StoreFault::Missing)
    }
    /// Makes a new vault and opens it as writer. Fails when there is one.
    async fn create(&self, new: NewVault) -> Result<(), StoreFault>;
    /// Opens the vault. An older format is migrated by a writer.
    async fn open(&self, unlock: Unlock, mode: OpenMode) -> Result<(), StoreFault>;
    /// Takes the right to write without opening: what is committed until `open` goes into the spool, sealed to the vault's
    /// public key. Needs no secret.
    async fn stand_by(&self) -> Result<(), StoreFault>;
    /// Closes the database and wipes its key; the right to write is kept, and commits go into the spool. Also ends `open`
    /// as `stand_by` began it.
    async fn lock(&self) -> Result<(), StoreFault>;
    /// Changes who can open the open vault.
    async fn keys(&self, change: SlotChange) -> Result<(), StoreFault>;
    /// Waits some seconds until no other program that uses this vault holds it, and holds it as long as the answer lives:
    /// tries are counted one after the other. `TriesHeld` when the other one, say a keyring's question on the desktop, takes
    /// longer. Needs no secret.
    async fn tries_held(&self) -> Result<Box<dyn Send + Sync>, StoreFault>;
    /// Writes that somebody was refused, from a program that could not open the vault and has no right to write: into a spool
    /// file of its own, for the writer to file. The device secret proves where it comes from. Only entries that claim no
    /// person belong here.
    async fn note_outside(&self, _audit: Vec<AuditEntry>, _secret: &DeviceSecret) -> Result<(), StoreFault> {
        Err(StoreFault::Closed)
    }
    /// From now on what this process spools carries a proof that it had this device secret. An opening by a device secret
    /// does the same by itself. Needs no open vault.
    async fn vouch(&self, secret: &DeviceSecret) -> Result<(), StoreFault>;
    /// The oldest batch that waits in the spool of any process, with its place; `None` when all is filed. To be committed
    /// with `Changes::spool_filed` = that place, which removes it.
    async fn spooled(&self) -> Result<Option<SpooledBatch>, StoreFault>;
    /// Backs up, checks or restores.
    async fn safeguard(&self, task: Safeguard) -> Result<SafeguardReport, StoreFault>;
    /// Writes all changes in one transaction, or none. The receipt comes after the commit is durable. While the vault is
    /// locked they go into the spool instead, and the receipt says so.
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
