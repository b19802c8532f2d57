//! The units of measurement, named by UCUM. A value never travels without one.
//! Not here: which units a parameter may have, and converting one into another.
use crate::Decimal;
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

    /// `value` of this unit in another, exact or to two places; `None` where one does not measure the other. The one
    /// place that converts: °F to °C, kPa to mmHg (1 kPa = 7.500617 mmHg).
    pub fn convert(self, value: Decimal, to: Self) -> Option<Decimal> {
        const MMHG_IN_KPA: Decimal = Decimal::new(7_500_617, -6);
        match (self, to) {
            (from, to) if from == to => Some(value),
            (Self::DegreeFahrenheit, Self::DegreeCelsius) => {
                let above_freezing = value.mantissa_at(-4)?.checked_sub(320_000)?;
                Some(Decimal::new(above_freezing.checked_mul(5)? / 9, -4).rounded(2))
            }
            (Self::Kilopascal, Self::MillimetreOfMercury) => Some(value.checked_mul(MMHG_IN_KPA)?.rounded(2)),
            _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn fahrenheit_and_kilopascal_convert_and_nothing_else_does() {
        let text = |value: Option<Decimal>| value.map(|v| v.to_string());
        let fahrenheit = Unit::DegreeFahrenheit.convert(Decimal::new(986, -1), Unit::DegreeCelsius);
        assert_eq!(text(fahrenheit).as_deref(), Some("37.00"));
        let pressure = Unit::Kilopascal.convert(Decimal::new(160, -1), Unit::MillimetreOfMercury);
        assert_eq!(text(pressure).as_deref(), Some("120.01"));
        assert_eq!(Unit::Percent.convert(Decimal::whole(5), Unit::PerMinute), None);
        assert_eq!(Unit::Percent.convert(Decimal::whole(5), Unit::Percent), Some(Decimal::whole(5)));
    }
}
