//! What the screen may know: the whole state, with each value's freshness decided by the core.
//! No text for people and no formatting: fronts do that.
use crate::clinician::{Clinician, Permission, UserName};
use crate::ports::{AdapterState, Bond, Diagnosis, PairingQuestion, PeripheralId, PromptId};
use crate::records::OutboxCounts;
use bedside_session::{ClockOutcome, Shortfall};
use bedside_vitals::{
    BootTime, DeviceId, DeviceKind, Freshness, LinkState, MeasuredValue, Parameter, Patient, PatientId, Quality,
    Sensitive, TimeMethod, WallTime,
};
use std::time::Duration;

/// The state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts up by one.
    pub number: u64,
    /// When it was taken.
    pub taken: WallTime,
    /// The same, on the clock that counts sleep.
    pub taken_boot: BootTime,
    /// A screen that has no newer snapshot after this long shows "console not answering".
    pub valid_for: Duration,
    /// Demo vault or real one.
    pub mode: Mode,
    /// Who is signed in and what is locked. While it is not `Open`, nothing else here is about a person.
    pub access: AccessState,
    /// The Bluetooth adapter.
    pub adapter: AdapterState,
    /// Every adapter, and the faults of the Bluetooth library.
    pub radio: Diagnosis,
    /// Questions about pairings that wait for a person, oldest first.
    pub pairing: Vec<PairingAsked>,
    /// Until when the console searches; `None` = it does not.
    pub searching_until: Option<WallTime>,
    /// Devices heard lately, strongest first.
    pub nearby: Vec<Nearby>,
    /// Whether values reach the disk.
    pub recording: Recording,
    /// An unclean end before this run, until somebody acknowledged it.
    pub interrupted: Option<Interruption>,
    /// The open patient.
    pub bedside: Option<Bedside>,
    /// What every patient has bound, for the list.
    pub bound: Vec<(PatientId, u32)>,
    /// Readings without a patient.
    pub unassigned: u64,
    /// Sync.
    pub sync: SyncState,
}

/// What may be seen now.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessState {
    /// The vault is closed: a passphrase opens it. What is captured goes into the spool.
    Closed {
        /// Since when; `None` since the start.
        since: Option<WallTime>,
        /// Why.
        why: LockReason,
        /// Who has a slot.
        users: Vec<UserName>,
        /// Batches that were spooled since it was closed.
        spooled: u64,
        /// No try is looked at before this time, after the last failure.
        wait_until: Option<WallTime>,
        /// Tries until the slot of the last failure is disabled.
        tries_left: Option<u32>,
        /// The device secret alone opens it: the demo vault, and vaults of earlier versions.
        device_slot: bool,
        /// A recovery key opens it.
        recovery_slot: bool,
    },
    /// Everything is open and nothing is shown: a PIN unlocks it.
    ScreenLocked {
        /// Since when.
        since: WallTime,
        /// Why.
        why: LockReason,
        /// Who was working.
        user: Option<UserName>,
        /// No passphrase is looked at before this time.
        wait_until: Option<WallTime>,
        /// Values by bed, where the policy allows it; no identifier of a person.
        watch: Vec<WatchTile>,
    },
    /// In use.
    Open {
        /// Who is signed in; `None` in a vault that nobody is enrolled in.
        clinician: Option<Clinician>,
        /// What may be done now, an emergency included.
        may: Vec<Permission>,
        /// A real vault without clinicians: the first one is enrolled before anything else.
        enrolment_needed: bool,
        /// When the screen locks; only within the warning.
        locks_in: Option<Duration>,
        /// Records are open for an emergency.
        break_glass: Option<BreakGlass>,
        /// What a person must know of the vault.
        notices: Vec<VaultNotice>,
    },
}

/// Why something is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockReason {
    /// The program has just started.
    Start,
    /// Somebody locked it.
    ByHand,
    /// Nobody touched the window.
    Idle,
    /// Nobody touched it for long.
    LongIdle,
    /// The longest time of one sign-in is over.
    AbsoluteLimit,
    /// The system's screen was locked.
    System,
    /// The computer slept.
    Sleep,
    /// Too many wrong secrets.
    TooManyFailures,
    /// A backup took the vault's place.
    Restored,
}

/// What a person must know of the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultNotice {
    /// The record is an older copy of itself.
    OlderCopy {
        /// Commits that were made after it.
        missing_commits: u64,
    },
    /// Something in the record is not as it was written.
    Altered {
        /// What, in a word for IT.
        what: &'static str,
    },
    /// The disk is nearly full.
    DiskLow {
        /// What is free.
        free_octets: u64,
    },
    /// No backup was made for too long.
    BackupOverdue {
        /// When the last one was.
        last: Option<WallTime>,
    },
    /// Of records that were filed from the spool nobody is proven to have written them: their values are in the inbox.
    SpoolUnproven {
        /// How many records.
        records: u64,
        /// Those of them that held more than values; as they are they lie in `damaged/`.
        refused: u64,
    },
    /// Nobody could open the vault if the keyring were lost.
    NoRecoverySlot,
    /// What was recorded while the vault was locked is in the record now.
    SpoolFiled {
        /// How many batches.
        batches: u64,
    },
    /// The run before did not end as it should.
    UncleanEnd,
}

/// Records are open to somebody whose roles do not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// Until when.
    pub until: WallTime,
}

/// A value on the locked screen of a ward that watches it: no identifier of a person, and no device's.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchTile {
    /// The bed's label.
    pub bed: Sensitive<String>,
    /// The value with its freshness; the device's name is left empty.
    pub tile: Tile,
}

/// A question about a pairing, with who it is about. No answer until its time is over means no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingAsked {
    /// To be named in the answer.
    pub prompt: PromptId,
    /// How the device is addressed.
    pub peripheral: PeripheralId,
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub kind: DeviceKind,
    /// The last digits of its address, to tell it from another of its kind.
    pub short_address: String,
    /// Of the patient it is bound or being bound to, where the patient has one.
    pub bed: Option<Sensitive<String>>,
    /// What is asked.
    pub question: PairingQuestion,
    /// When no answer means no.
    pub until: WallTime,
}

/// Which vault is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The simulated ward in the demo vault.
    Demo,
    /// Real devices, real vault.
    Clinic,
}

/// A device in reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// How to address it.
    pub peripheral: PeripheralId,
    /// Its name as advertised.
    pub name: Option<String>,
    /// What its services say it is.
    pub kind: DeviceKind,
    /// Signal strength in dBm.
    pub signal_dbm: Option<i16>,
    /// Enrolled before under this id.
    pub known: Option<DeviceId>,
    /// Linked or waiting now.
    pub link: Option<LinkState>,
    /// Bound to this patient.
    pub patient: Option<PatientId>,
    /// Whether it is paired with this computer, where that is known.
    pub bond: Option<Bond>,
    /// When it was last heard.
    pub last_heard: WallTime,
}

/// Whether values reach the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Devices with a binding that are linked or waited for.
    pub devices: u32,
    /// The last durable commit that carried values.
    pub last_saved: Option<WallTime>,
    /// Since when commits stall (over 2 s) or fail.
    pub stalled_since: Option<WallTime>,
    /// Why, as a stable code (`STORE-FULL`, `STORE-IO`, `STORE-SLOW`).
    pub stall_code: Option<&'static str>,
    /// Records that the store refuses and that were set aside in it (`STORE-REFUSED`), in this run.
    pub unwritable: u64,
}

/// A stretch that was not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Last life sign.
    pub from: WallTime,
    /// When recording could go on.
    pub until: WallTime,
    /// Devices that were bound then and can be bound again.
    pub devices: Vec<(DeviceId, PatientId)>,
}

/// The open patient.
#[derive(Clone, Debug)]
pub struct Bedside {
    /// Who.
    pub patient: Patient,
    /// Another patient has the same family name.
    pub name_alert: bool,
    /// Bound devices.
    pub devices: Vec<BoundDevice>,
    /// One tile for each parameter the bound devices can give or that has a last value, in display order.
    pub tiles: Vec<Tile>,
    /// Waveform strips to show, in display order: `charts::frame` strip ids.
    pub strips: Vec<Strip>,
}

/// A device of the open patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundDevice {
    /// Its id.
    pub device: DeviceId,
    /// How it is addressed at present.
    pub peripheral: PeripheralId,
    /// Whether it is paired with this computer, where that is known.
    pub bond: Option<Bond>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Where the link stands.
    pub link: LinkState,
    /// Since when the link stands so.
    pub link_since: WallTime,
    /// Signal strength in dBm, when last heard.
    pub signal_dbm: Option<i16>,
    /// Battery in percent.
    pub battery_percent: Option<u8>,
    /// Age of its last value.
    pub last_value: Option<Duration>,
    /// Device clock minus ours in milliseconds, where read.
    pub clock_offset_ms: Option<i64>,
    /// Values rejected on this connection.
    pub rejected: u32,
    /// What went wrong last, as a stable code.
    pub fault: Option<&'static str>,
    /// What is done with it beside its values, and what it asks.
    pub procedures: Procedures,
}

/// What is done with a device beside its values, and what a person is asked about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Procedures {
    /// Its stored records, once they were asked for.
    pub records: Option<RecordsFetched>,
    /// What came of setting its clock on this connection.
    pub clock: Option<ClockOutcome>,
    /// Readings name this user slot, and nobody has said that it is the patient's: they are unassigned.
    pub user_slot_asked: Option<u8>,
    /// It keeps its values until a user consents.
    pub consent_wanted: bool,
}

/// How far a device's stored records are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsFetched {
    /// Records that are kept.
    pub received: u32,
    /// Records that the device counts; `None` when it cannot count.
    pub expected: Option<u32>,
    /// More may come.
    pub under_way: bool,
    /// Why some are missing; `None` = complete, once nothing is under way.
    pub shortfall: Option<Shortfall>,
}

/// One parameter of the open patient. There is no value without its freshness.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Which parameter.
    pub parameter: Parameter,
    /// The state, decided now.
    pub freshness: Freshness,
    /// The last value with its age; `None` exactly when the state is `never`.
    pub last: Option<TileValue>,
    /// Upper and lower limit of the policy, in the tile's unit.
    pub limits: Limits,
    /// The advisory that the value raises.
    pub advisory: Option<Advisory>,
}

/// A last value.
#[derive(Clone, Debug, PartialEq)]
pub struct TileValue {
    /// What was measured, with its unit.
    pub value: MeasuredValue,
    /// Age at the time of the snapshot.
    pub age: Duration,
    /// When it was measured.
    pub at: WallTime,
    /// How that is known.
    pub method: TimeMethod,
    /// Quality flags.
    pub quality: Quality,
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub device_name: String,
    /// Streaming or spot.
    pub streaming: bool,
}

/// Limits of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Values above raise an advisory.
    pub upper: Option<f64>,
    /// Values below raise an advisory.
    pub lower: Option<f64>,
}

/// A visible hint, never an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advisory {
    /// No data where data should be: low priority.
    NoData,
    /// Below the lower limit: medium priority.
    Low,
    /// Above the upper limit: medium priority.
    High,
}

/// A strip the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strip {
    /// The id in strip frames.
    pub id: u16,
    /// What it shows.
    pub kind: StripKind,
}

/// What a strip shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StripKind {
    /// An ECG sweep.
    Electrocardiogram,
    /// Beat intervals.
    BeatIntervals,
    /// The pulse wave of an oximeter or optical sensor.
    Plethysmogram,
    /// The trend of the streams over the last hours.
    Trend,
}

impl StripKind {
    /// The strip's number in frames.
    pub const fn id(self) -> u16 {
        match self {
            Self::Electrocardiogram => 1,
            Self::BeatIntervals => 2,
            Self::Trend => 3,
            Self::Plethysmogram => 4,
        }
    }
}

/// Sync at a glance. What is not known is its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// A server is configured.
    pub configured: bool,
    /// Rows by state.
    pub counts: OutboxCounts,
    /// The last try, whatever came of it.
    pub last_attempt: Option<WallTime>,
    /// The last try that the server answered as it should.
    pub last_success: Option<WallTime>,
    /// The next try.
    pub next_attempt: Option<WallTime>,
    /// Why the last try failed, as a stable code and a short text without health data.
    pub fault: Option<(&'static str, String)>,
    /// How far the present round is; `None` while nothing is sent.
    pub progress: Option<SyncProgress>,
    /// Whether only what is small goes out.
    pub metered: Metered,
    /// Records of people who are not signed in at the server: nobody else sends them.
    pub waits_for_sign_in: u64,
    /// The server's clock minus ours, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// What the server cannot do, or does otherwise.
    pub findings: Vec<ServerFinding>,
    /// Who is signed in at the server.
    pub sign_in: ClinicSignIn,
    /// The list of patients from the server.
    pub list: ListState,
}

/// How far a round of sending is: what was done since nothing was left the last time, and what is left now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncProgress {
    /// Records that the server has answered.
    pub rows_done: u64,
    /// Records that are to go.
    pub rows_left: u64,
    /// Octets of the records that it has answered.
    pub octets_done: u64,
    /// Octets of those that are to go.
    pub octets_left: u64,
}

/// Whether octets cost: then waveforms wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metered {
    /// Everything goes.
    #[default]
    Off,
    /// A person said so.
    On,
    /// The policy says so, and no person changes it.
    ByPolicy,
}

/// What the clinic's server cannot do, or does otherwise than is best. Sync goes on all the same, unless its word says that
/// nothing is sent: then nothing is until the server says otherwise of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFinding {
    /// It does not say what it can do.
    CapabilityUnreadable,
    /// It speaks another version of FHIR than 4.0.1: nothing is sent.
    OtherFhirVersion(String),
    /// It says that it takes no batch: nothing is sent.
    NoBatch,
    /// It gives ids of its own: records are created under a condition, and read back.
    RefusesClientIds,
    /// Nor does it create anything under a condition, so that a record could come to be there twice: nothing is sent.
    NoConditionalCreate,
    /// It cannot be searched: what arrived before a broken answer is found out by sending it again.
    NoSearch,
    /// It takes at most so many entries at once.
    LargestBundle(u32),
}

/// Whether somebody is signed in at the clinic's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClinicSignIn {
    /// The policy asks for no sign-in.
    #[default]
    NotNeeded,
    /// Whoever works here has to sign in at the server.
    Needed,
    /// The system's browser is open for it.
    WaitingForBrowser,
    /// Signed in.
    SignedIn {
        /// As whom, where the server said it; `None` = this computer by itself.
        name: Option<String>,
        /// Until when without another sign-in, where that is known.
        until: Option<WallTime>,
    },
    /// The last sign-in failed.
    Failed {
        /// Why, as a stable code.
        code: &'static str,
    },
}

/// The list of patients from the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// When the last whole list was taken.
    pub taken: Option<WallTime>,
    /// It is being read.
    pub under_way: bool,
    /// Why the last reading of it failed, as a stable code and a short text without health data.
    pub fault: Option<(&'static str, String)>,
    /// When it is read next; `None` while it is being read, or where the policy has no worklist.
    pub next_attempt: Option<WallTime>,
    /// How many patients are on it.
    pub listed: u64,
    /// Questions about who is who that wait for a person.
    pub questions: u64,
    /// What the last reading left out.
    pub skipped: Vec<SkippedResources>,
}

/// Resources of the server that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedResources {
    /// Of which type.
    pub resource: &'static str,
    /// Why, as a stable name.
    pub why: &'static str,
    /// How many.
    pub count: u32,
}
