//! The units of measurement, named by UCUM. A value never travels without one.
//! Not here: which units a parameter may have, and converting one into another.
use core::fmt;
use serde::{Deserialize, Serialize};

/// A unit of the Unified Code for Units of Measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Unit {
    /// Beats, breaths or pulses a minute.
    PerMinute,
    /// Hundredths.
    Percent,
    /// Millimetres of mercury.
    MillimetreOfMercury,
    /// Kilopascal.
    Kilopascal,
    /// Degrees Celsius.
    DegreeCelsius,
    /// Degrees Fahrenheit.
    DegreeFahrenheit,
    /// Milliseconds.
    Millisecond,
    /// 1/1024 of a second, as the Heart Rate service counts; kept raw in the series of beat intervals.
    Per1024Second,
    /// Microvolts.
    Microvolt,
}

impl Unit {
    /// Every unit, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::PerMinute,
        Self::Percent,
        Self::MillimetreOfMercury,
        Self::Kilopascal,
        Self::DegreeCelsius,
        Self::DegreeFahrenheit,
        Self::Millisecond,
        Self::Per1024Second,
        Self::Microvolt,
    ];

    /// The case-sensitive UCUM code.
    pub const fn ucum(self) -> &'static str {
        match self {
            Self::PerMinute => "/min",
            Self::Percent => "%",
            Self::MillimetreOfMercury => "mm[Hg]",
            Self::Kilopascal => "kPa",
            Self::DegreeCelsius => "Cel",
            Self::DegreeFahrenheit => "[degF]",
            Self::Millisecond => "ms",
            Self::Per1024Second => "s/1024",
            Self::Microvolt => "uV",
        }
    }

    /// What a person reads beside the number.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::PerMinute => "/min",
            Self::Percent => "%",
            Self::MillimetreOfMercury => "mmHg",
            Self::Kilopascal => "kPa",
            Self::DegreeCelsius => "°C",
            Self::DegreeFahrenheit => "°F",
            Self::Millisecond => "ms",
            Self::Per1024Second => "1/1024 s",
            Self::Microvolt => "µV",
        }
    }

    /// The unit of a UCUM code, if it is one of ours.
    pub fn from_ucum(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.ucum() == code)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.ucum())
    }
}
