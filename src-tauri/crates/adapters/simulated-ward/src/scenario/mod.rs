//! A scenario: which devices the ward has, and what happens to them when. Plain data; a seed decides the rest.
//! The named scenarios are in `catalogue.rs`; carrying them out is the work of `world.rs`.
mod catalogue;
mod storm;

use std::time::Duration;

/// The plan of a ward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Decides every number and delay that the plan leaves open.
    pub seed: u64,
    /// The devices.
    pub devices: Vec<DevicePlan>,
    /// What happens, in any order.
    pub steps: Vec<Step>,
    /// The zone that the devices' clocks are set to, in minutes east of UTC.
    pub utc_offset_minutes: i16,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePlan {
    /// What it is.
    pub kind: DeviceKind,
    /// Its number among its kind; devices 1 to 4 belong to beds 1 to 4.
    pub number: u8,
    /// Received signal strength in dBm; below -95 it is not heard.
    pub signal_dbm: i16,
    /// Its clock.
    pub clock: ClockPlan,
    /// A cuff or thermometer that can be reached while it measures, and sends the pressure or temperature so far.
    pub shows_progress: bool,
    /// A cuff or thermometer that measures twice within one minute of its clock, with the same result.
    pub measures_twice: bool,
    /// Records in its memory when the ward begins: glucose meters and fingertip oximeters.
    pub older_records: u32,
    /// Whether it gives its values only to whom it is paired with, and how it pairs.
    pub security: Security,
}

/// How a device is paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It gives its values to everybody, and can be paired without a question of its own.
    Open,
    /// No values without a bond; nothing to type or compare.
    JustWorks,
    /// No values without a bond; it shows these digits, which are typed here.
    ShowsPasskey(u32),
    /// No values without a bond; these digits are shown here and typed on it, by whoever accepts.
    TakesPasskey(u32),
    /// No values without a bond; both ends show this number.
    ShowsNumber(u32),
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceKind {
    /// A chest strap with beat intervals.
    Strap,
    /// A chest strap with an ECG, in the way of Polar's H10.
    EcgSensor,
    /// A continuous pulse oximeter.
    Oximeter,
    /// An arm cuff.
    Cuff,
    /// A thermometer.
    Thermometer,
    /// A glucose meter with stored records and meals.
    GlucoseMeter,
    /// A weight scale with user slots.
    Scale,
    /// A fingertip oximeter that stores spot checks.
    SpotOximeter,
    /// An oximeter that sends its pulse wave, in the way of BerryMed's BM1000.
    PlethOximeter,
    /// An arm sensor that sends its pulse wave, in the way of Polar's OH1.
    OpticalSensor,
    /// A generic health sensor with stored observations.
    HealthSensor,
}

/// How a device keeps time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockPlan {
    /// Where the clock can be read and set.
    pub service: ClockService,
    /// Device minus true time, in seconds.
    pub skew_s: i64,
    /// Whether the date was ever set.
    pub date_known: bool,
    /// Whether it counts whole minutes only.
    pub whole_minutes: bool,
}

/// Where a clock can be read and set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockService {
    /// Nowhere.
    None,
    /// Current Time (0x1805, 0x2A2B).
    CurrentTime,
    /// Date Time (0x2A08) within the measuring service, as A&D has it.
    DateTime,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// First time, since the ward began.
    pub at: Duration,
    /// And again after each such span.
    pub every: Option<Duration>,
    /// To which device, for example `cuff-1`; `None` for all that it can happen to.
    pub device: Option<String>,
    /// What.
    pub act: Act,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The link is lost at once, and the device cannot be reached for the span.
    Drop(Duration),
    /// The signal changes to this strength in dBm.
    Signal(i16),
    /// Out of reach: nothing arrives, and a link is lost after its supervision time-out.
    LeaveReach,
    /// Back in reach.
    EnterReach,
    /// No values any more, with the link up.
    Silence,
    /// Values again.
    Resume,
    /// The sensor loses the skin or the finger.
    LoseContact,
    /// The sensor has it again.
    RegainContact,
    /// The device marks its values as a demonstration.
    BeginDemonstration,
    /// The values are real again.
    EndDemonstration,
    /// A cuff, thermometer, meter, scale or spot oximeter measures; nothing for others.
    Measure,
    /// Requests for stored records are answered with "busy" for this long.
    Busy(Duration),
    /// The link breaks after so many records of the next report.
    BreakOff(u32),
    /// The next measurement that is sent is damaged.
    Corrupt(Corruption),
    /// The device forgets whom it was paired with.
    ForgetBond,
    /// The computer's Bluetooth adapter is switched off. No device of its own.
    AdapterOff,
    /// And on.
    AdapterOn,
}

/// How a value is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// Without its last octet: to be rejected.
    Truncated,
    /// With an octet too many: to be rejected.
    Trailing,
    /// With a reserved flag, which is to be ignored. A sensor's ECG has no flags; it is left as it is.
    ReservedFlags,
}

/// A name that no scenario has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of the scenarios {}, got {got:?}", Scenario::NAMES.join(", "))]
pub struct UnknownScenario {
    /// The name, at most 40 characters.
    pub got: String,
}

impl Scenario {
    /// The names of the scenarios.
    pub const NAMES: [&'static str; 12] = [
        "ward",
        "calm",
        "distance",
        "drops",
        "silent",
        "skew",
        "corrupt",
        "equal-readings",
        "finger-out",
        "demonstration",
        "storm",
        "pairing",
    ];

    /// A scenario of [`Self::NAMES`].
    pub fn named(name: &str) -> Result<Self, UnknownScenario> {
        catalogue::named(name).ok_or_else(|| UnknownScenario { got: name.chars().take(40).collect() })
    }

    /// The same scenario with other numbers.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same scenario with devices set to another zone.
    #[must_use]
    pub fn with_utc_offset_minutes(self, utc_offset_minutes: i16) -> Self {
        Self { utc_offset_minutes, ..self }
    }
}

impl DevicePlan {
    /// A device in good reach with a right clock.
    pub const fn new(kind: DeviceKind, number: u8) -> Self {
        let service = match kind {
            DeviceKind::Strap | DeviceKind::EcgSensor | DeviceKind::PlethOximeter | DeviceKind::OpticalSensor => {
                ClockService::None
            }
            DeviceKind::Cuff | DeviceKind::Thermometer | DeviceKind::Scale if number.is_multiple_of(2) => {
                ClockService::DateTime
            }
            DeviceKind::Oximeter
            | DeviceKind::Cuff
            | DeviceKind::Thermometer
            | DeviceKind::GlucoseMeter
            | DeviceKind::Scale
            | DeviceKind::SpotOximeter
            | DeviceKind::HealthSensor => ClockService::CurrentTime,
        };
        Self {
            kind,
            number,
            signal_dbm: -50 - 4 * number as i16,
            clock: ClockPlan { service, skew_s: 0, date_known: true, whole_minutes: false },
            shows_progress: matches!(kind, DeviceKind::Cuff) && number.is_multiple_of(2),
            measures_twice: false,
            older_records: if matches!(kind, DeviceKind::GlucoseMeter | DeviceKind::SpotOximeter) {
                57
            } else if matches!(kind, DeviceKind::HealthSensor) {
                24
            } else {
                0
            },
            security: Security::Open,
        }
    }

    /// The short name in steps and controls, for example `cuff-1`.
    pub fn id(&self) -> String {
        format!("{}-{}", self.kind.word(), self.number)
    }

    /// The advertised name, for example "Arm cuff C1".
    pub fn name(&self) -> String {
        format!("{} {}{}", self.kind.title(), self.kind.letter(), self.number)
    }

    /// The serial number, for example `SIM-C-0001`.
    pub fn serial(&self) -> String {
        format!("SIM-{}-{:04}", self.kind.letter(), self.number)
    }
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Strap,
        Self::EcgSensor,
        Self::Oximeter,
        Self::Cuff,
        Self::Thermometer,
        Self::GlucoseMeter,
        Self::Scale,
        Self::SpotOximeter,
        Self::PlethOximeter,
        Self::OpticalSensor,
        Self::HealthSensor,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Strap => "strap",
            Self::EcgSensor => "ecg",
            Self::Oximeter => "oximeter",
            Self::Cuff => "cuff",
            Self::Thermometer => "thermometer",
            Self::GlucoseMeter => "glucose",
            Self::Scale => "scale",
            Self::SpotOximeter => "spot-oximeter",
            Self::PlethOximeter => "pleth",
            Self::OpticalSensor => "optical",
            Self::HealthSensor => "sensor",
        }
    }

    /// What it is called on its box; also its model.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Strap => "Chest strap",
            Self::EcgSensor => "ECG sensor",
            Self::Oximeter => "Oximeter",
            Self::Cuff => "Arm cuff",
            Self::Thermometer => "Thermometer",
            Self::GlucoseMeter => "Glucose meter",
            Self::Scale => "Scale",
            Self::SpotOximeter => "Fingertip oximeter",
            Self::PlethOximeter => "Pleth oximeter",
            Self::OpticalSensor => "Optical sensor",
            Self::HealthSensor => "Health sensor",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Strap => 'S',
            Self::EcgSensor => 'E',
            Self::Oximeter => 'P',
            Self::Cuff => 'C',
            Self::Thermometer => 'T',
            Self::GlucoseMeter => 'G',
            Self::Scale => 'W',
            Self::SpotOximeter => 'F',
            Self::PlethOximeter => 'B',
            Self::OpticalSensor => 'O',
            Self::HealthSensor => 'H',
        }
    }
}
