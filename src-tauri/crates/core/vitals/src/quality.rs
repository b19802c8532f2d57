//! What a device says about the quality of a value. Flags are kept as said; what may be charted is decided here.
//! Not here: whether a value is plausible, which the console judges, and how a flag is sent in FHIR.
use serde::{Deserialize, Serialize};

/// One statement of a device about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum QualityFlag {
    /// The sensor does not touch the skin, or no finger is in it.
    NoContact = 0,
    /// The person moved.
    BodyMovement = 1,
    /// The cuff is too loose.
    CuffTooLoose = 2,
    /// The pulse was irregular.
    IrregularPulse = 3,
    /// The position was improper.
    ImproperPosition = 4,
    /// Poor, weak or erratic signal.
    PoorSignal = 5,
    /// The device calls the value questionable.
    Questionable = 6,
    /// The device calls the value invalid or the sensor faulty.
    Invalid = 7,
    /// The device runs a demonstration.
    Demonstration = 8,
    /// The device runs a test.
    Testing = 9,
    /// The device says its clock was never set.
    ClockNotSet = 10,
    /// An early estimate.
    EarlyEstimate = 11,
    /// The pulse rate left the range of the device.
    PulseOutOfRange = 12,
    /// Beyond what a living person can have: kept, never charted as verified.
    Implausible = 13,
    /// From the simulated ward.
    Simulated = 14,
    /// From the device's memory.
    FromStorage = 15,
    /// A meter measured control solution, nobody's blood.
    ControlSolution = 16,
    /// The device knows users, and does not know whose value it is.
    UserUnknown = 17,
    /// A person corrected the value: this is not what the device said. Never stored with a reading; given with its last
    /// version.
    Corrected = 18,
    /// A person rejected the reading: what the device said is no measurement of this patient. Never stored with a reading.
    Rejected = 19,
    /// A person confirmed the value as it was measured. Never stored with a reading.
    Confirmed = 20,
}

/// A set of flags; empty means the device raised nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quality(u32);

impl Quality {
    /// Nothing raised.
    pub const GOOD: Self = Self(0);

    /// This set and one more flag.
    #[must_use]
    pub const fn with(self, flag: QualityFlag) -> Self {
        Self(self.0 | 1 << flag as u32)
    }

    /// This set, and `flag` if `raised`.
    #[must_use]
    pub const fn with_if(self, raised: bool, flag: QualityFlag) -> Self {
        if raised { self.with(flag) } else { self }
    }

    /// This set without a flag.
    #[must_use]
    pub const fn without(self, flag: QualityFlag) -> Self {
        Self(self.0 & !(1 << flag as u32))
    }

    /// Whether a flag is raised.
    pub const fn has(self, flag: QualityFlag) -> bool {
        self.0 >> flag as u32 & 1 == 1
    }

    /// Demonstration and test values of a device, and control solution, never enter a chart.
    pub const fn may_be_charted(self) -> bool {
        !self.has(QualityFlag::Demonstration)
            && !self.has(QualityFlag::Testing)
            && !self.has(QualityFlag::ControlSolution)
    }

    /// The set as bits, for storage.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// A set from storage. Unknown bits are kept.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}
