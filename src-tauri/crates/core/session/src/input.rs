//! What goes into a session and what comes out of it.
//! No behaviour here.
use crate::table::{CharacteristicAddress, DiscoveredService, RadioFault};
use alloc::string::String;
use alloc::vec::Vec;
use bedside_gatt::user_control::ConsentCode;
use bedside_vitals::{
    BootTime, ConnectionId, DeviceClock, DeviceDescription, DeviceTime, LinkState, Measurement, WallTime, WaveformBlock,
};
use core::fmt;
use uuid::Uuid;

/// The present, on every clock a session needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since boot, sleep included: deadlines and the watchdog run on it.
    pub boot: BootTime,
    /// The wall clock: it stamps values.
    pub wall: WallTime,
    /// Milliseconds this computer's zone is ahead of UTC: devices keep local time.
    pub zone_offset_ms: i64,
}

/// Names one action, so that a late answer to an earlier one is known as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Names something that must be durable before the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersistId(pub u64);

/// What an action brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `Connect`, `Disconnect`, `Write` and `Subscribe`.
    Done,
    /// To `Discover`.
    Services(Vec<DiscoveredService>),
    /// To `Read`.
    Value(Vec<u8>),
}

/// An answer or the radio's fault.
pub type StepResult = Result<Answer, RadioFault>;

/// What a session is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The device was heard.
    Advertised,
    /// An action ended.
    Answered(RequestId, StepResult),
    /// A notification or indication.
    Value(CharacteristicAddress, Vec<u8>),
    /// The link is gone, whoever ended it.
    LinkEnded,
    /// Durable.
    Persisted(PersistId),
    /// What the store knows of the device that was just identified: fed before its identity is `Persisted`.
    Remembered(Remembered),
    /// A person gave the consent that the device asked for.
    Consent(UserConsent),
    /// Fetch the stored records again.
    FetchRecords,
    /// Stop fetching stored records; what came is kept.
    AbortRecords,
    /// The Bluetooth adapter is ready again.
    AdapterOn,
    /// The device was paired just now: what it refused before, it may give.
    Bonded,
    /// The binding ended: hang up and be done.
    Stop,
}

/// What a session wants done. The answer comes back as `Input::Answered`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a link.
    Connect(RequestId),
    /// End the link.
    Disconnect(RequestId),
    /// List the services.
    Discover(RequestId),
    /// Read a value.
    Read(RequestId, CharacteristicAddress),
    /// Write a value with response.
    Write(RequestId, CharacteristicAddress, Vec<u8>),
    /// Turn notifications or indications on.
    Subscribe(RequestId, CharacteristicAddress),
}

/// What a session reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The link changed.
    Link(LinkState),
    /// Who the device is. Nothing is subscribed until this is persisted.
    Identified(Identified),
    /// A value, decoded or rejected.
    Packet(Packet),
    /// Battery in percent.
    Battery(u8),
    /// Stored records are being fetched: how many came, and how many the device counts.
    Fetching {
        /// Of which service.
        service: Uuid,
        /// Records that are kept.
        received: u32,
        /// Records that the device counts; `None` when it cannot count.
        expected: Option<u32>,
    },
    /// Fetching stored records came to an end, complete or not.
    Fetched(Fetched),
    /// The device's clock was set, or was to be set.
    ClockSetting(ClockSetting),
    /// The device keeps its values until a person consents: its user's index and code are wanted.
    ConsentWanted,
    /// The device took the consent (`true`) or refused it.
    ConsentAnswered(bool),
    /// Something went wrong; the session goes on by itself.
    Fault(Fault),
    /// The session is over.
    Finished,
}

/// Who a device is, read on this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// To be persisted.
    pub persist: PersistId,
    /// The connection.
    pub connection: ConnectionId,
    /// The device.
    pub device: DeviceDescription,
    /// Its clock, where it has one that can be read, also where it shows no possible time.
    pub clock: Option<DeviceClock>,
}

/// One value of a characteristic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// To be persisted.
    pub persist: PersistId,
    /// The connection.
    pub connection: ConnectionId,
    /// Which characteristic.
    pub address: CharacteristicAddress,
    /// Values of this characteristic on the connection before this one.
    pub index: u64,
    /// When it arrived.
    pub received: WallTime,
    /// The octets.
    pub bytes: Vec<u8>,
    /// What they mean, or why they were rejected.
    pub content: Result<Vec<Content>, String>,
    /// How far the device's memory is read once this is durable: to be stored in the same commit.
    pub bookmark: Option<Bookmark>,
}

/// What the store knows of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// How far its memories were read.
    pub bookmarks: Vec<Bookmark>,
    /// The consent of its user.
    pub consent: Option<UserConsent>,
}

/// How far one memory of a device was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The service whose records these are.
    pub service: Uuid,
    /// Everything up to this record is stored: the device's count was compared. `None` before the first time.
    pub complete: Option<RecordMark>,
    /// The highest stored record.
    pub highest: Option<RecordMark>,
    /// Records stored after `complete`.
    pub since_complete: u32,
}

/// One record of a device's memory. The time tells whether it is still the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordMark {
    /// Its number.
    pub number: u32,
    /// Its base time, where it has one.
    pub base_time: Option<DeviceTime>,
}

/// How fetching stored records ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// To be persisted.
    pub persist: PersistId,
    /// The service.
    pub service: Uuid,
    /// Records that are kept since the memory was last complete.
    pub received: u32,
    /// Records that the device counts since then; `None` when it cannot count.
    pub expected: Option<u32>,
    /// `None` = complete.
    pub shortfall: Option<Shortfall>,
    /// How far the memory is read now.
    pub bookmark: Bookmark,
}

/// Why records are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortfall {
    /// Fewer came than the device counts.
    Missing,
    /// The device could not complete it.
    NotCompleted,
    /// The device was busy each time it was asked.
    Busy,
    /// The device fell silent.
    Silent,
    /// The link was lost.
    LinkLost,
    /// A person stopped it.
    Aborted,
    /// The device does not give its records.
    Refused,
}

impl fmt::Display for Fetched {
    /// `complete 57`, or `incomplete: 41 of 57`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.shortfall, self.expected) {
            (None, _) => write!(f, "complete {}", self.received),
            (Some(_), Some(expected)) => write!(f, "incomplete: {} of {expected}", self.received),
            (Some(_), None) => write!(f, "incomplete: {}", self.received),
        }
    }
}

/// The user of a device and the code by which the device knows that the user consents. Not shown in logs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserConsent {
    /// The user's index on the device.
    pub user_index: u8,
    /// The code.
    pub code: ConsentCode,
}

impl UserConsent {
    /// `None` when the code is above 9999.
    pub fn new(user_index: u8, code: u16) -> Option<Self> {
        Some(Self { user_index, code: ConsentCode::new(code)? })
    }
}

impl fmt::Debug for UserConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserConsent(▮)")
    }
}

/// What came of setting a device's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockSetting {
    /// On which connection.
    pub connection: ConnectionId,
    /// The clock as it was read before.
    pub before: Option<DeviceClock>,
    /// The clock as it was read back.
    pub after: Option<DeviceClock>,
    /// How it ended.
    pub outcome: ClockOutcome,
}

/// How setting a clock ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockOutcome {
    /// It shows our time.
    Set,
    /// The device refused the write.
    Refused,
    /// The write was taken, and the clock is still off by so many milliseconds.
    DidNotTake {
        /// Device minus ours.
        off_by_ms: i64,
    },
    /// The write was taken, and the clock could not be read back.
    NotReadBack,
}

impl ClockOutcome {
    /// The stable name in the store.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Refused => "refused",
            Self::DidNotTake { .. } => "did_not_take",
            Self::NotReadBack => "not_read_back",
        }
    }

    /// The outcome of a stable name, with the clock as it was read back.
    pub fn from_name(name: &str, after: Option<&DeviceClock>) -> Option<Self> {
        let off_by_ms = after.map_or(0, |clock| clock.offset_ms);
        let all = [Self::Set, Self::Refused, Self::DidNotTake { off_by_ms }, Self::NotReadBack];
        all.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What a value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A numeric measurement, spot or streaming.
    Measurement(Measurement),
    /// Samples of a waveform, or beat intervals.
    Waveform(WaveformBlock),
    /// A well-formed observation of something that Bedside does not chart: kept as bytes, and said to be so.
    NotCharted {
        /// What it says it is: a code of ISO/IEEE 11073-10101, the partition in the high half. `None` = it does not say.
        mdc: Option<u32>,
    },
    /// A value for display only, such as the cuff's pressure while it deflates: kept as bytes, never charted.
    Intermediate,
}

/// What went wrong, as a stable code for IT and the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For example `PAIRING-NEEDED`.
    pub code: &'static str,
    /// What the radio said, without health data.
    pub detail: String,
}

/// Why a session wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutReason {
    /// An action was not answered.
    Deadline,
    /// A stream fell silent with the link up.
    Silence,
    /// Time for the next try.
    BackOff,
    /// The device had its pause between the service table and the subscriptions.
    Pause,
    /// Nothing came for a while: the device's clock may be set.
    Quiet,
    /// A record of the device's memory is overdue.
    Record,
    /// The device was busy and is asked again.
    Busy,
}
