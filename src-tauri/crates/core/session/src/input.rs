//! What goes into a session and what comes out of it.
//! No behaviour here.
use crate::table::{CharacteristicAddress, DiscoveredService, RadioFault};
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::{
    BootTime, ConnectionId, DeviceClock, DeviceDescription, LinkState, Measurement, WallTime, WaveformBlock,
};

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
    /// The Bluetooth adapter is ready again.
    AdapterOn,
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
    /// Its clock, where it has one that can be read.
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
}

/// What a value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A numeric measurement, spot or streaming.
    Measurement(Measurement),
    /// Samples of a waveform, or beat intervals.
    Waveform(WaveformBlock),
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
}
