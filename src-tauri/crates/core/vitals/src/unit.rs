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
    /// Milligrams in a decilitre.
    MilligramPerDecilitre,
    /// Millimoles in a litre.
    MillimolePerLitre,
    /// Kilograms.
    Kilogram,
    /// Avoirdupois pounds.
    Pound,
    /// Kilograms of weight for each square metre of height.
    KilogramPerSquareMetre,
    /// Centimetres.
    Centimetre,
    /// Inches.
    Inch,
    /// Ohms.
    Ohm,
    /// Kilojoules.
    Kilojoule,
    /// A pure number, such as the steps of an optical sensor.
    One,
}

impl Unit {
    /// Every unit, for tables and tests.
    pub const ALL: [Self; 19] = [
        Self::PerMinute,
        Self::Percent,
        Self::MillimetreOfMercury,
        Self::Kilopascal,
        Self::DegreeCelsius,
        Self::DegreeFahrenheit,
        Self::Millisecond,
        Self::Per1024Second,
        Self::Microvolt,
        Self::MilligramPerDecilitre,
        Self::MillimolePerLitre,
        Self::Kilogram,
        Self::Pound,
        Self::KilogramPerSquareMetre,
        Self::Centimetre,
        Self::Inch,
        Self::Ohm,
        Self::Kilojoule,
        Self::One,
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
            Self::MilligramPerDecilitre => "mg/dL",
            Self::MillimolePerLitre => "mmol/L",
            Self::Kilogram => "kg",
            Self::Pound => "[lb_av]",
            Self::KilogramPerSquareMetre => "kg/m2",
            Self::Centimetre => "cm",
            Self::Inch => "[in_i]",
            Self::Ohm => "Ohm",
            Self::Kilojoule => "kJ",
            Self::One => "1",
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
            Self::MilligramPerDecilitre => "mg/dL",
            Self::MillimolePerLitre => "mmol/L",
            Self::Kilogram => "kg",
            Self::Pound => "lb",
            Self::KilogramPerSquareMetre => "kg/m²",
            Self::Centimetre => "cm",
            Self::Inch => "in",
            Self::Ohm => "Ω",
            Self::Kilojoule => "kJ",
            Self::One => "",
        }
    }

    /// `value` of this unit in another, exact or to two places; `None` where one does not measure the other. The one
    /// place that converts: °F to °C, kPa to mmHg (1 kPa = 7.500617 mmHg), glucose in mmol/L to mg/dL and back (18.0156),
    /// lb to kg and inches to cm.
    pub fn convert(self, value: Decimal, to: Self) -> Option<Decimal> {
        const MMHG_IN_KPA: Decimal = Decimal::new(7_500_617, -6);
        const MILLIGRAMS_OF_GLUCOSE: Decimal = Decimal::new(180_156, -4);
        const KILOGRAMS_IN_POUND: Decimal = Decimal::new(45_359_237, -8);
        const CENTIMETRES_IN_INCH: Decimal = Decimal::new(254, -2);
        match (self, to) {
            (from, to) if from == to => Some(value),
            (Self::DegreeFahrenheit, Self::DegreeCelsius) => {
                let above_freezing = value.mantissa_at(-4)?.checked_sub(320_000)?;
                Some(Decimal::new(above_freezing.checked_mul(5)? / 9, -4).rounded(2))
            }
            (Self::Kilopascal, Self::MillimetreOfMercury) => Some(value.checked_mul(MMHG_IN_KPA)?.rounded(2)),
            (Self::MillimolePerLitre, Self::MilligramPerDecilitre) => {
                Some(value.checked_mul(MILLIGRAMS_OF_GLUCOSE)?.rounded(2))
            }
            (Self::MilligramPerDecilitre, Self::MillimolePerLitre) => {
                let hundredths = i128::from(value.mantissa_at(-4)?) * 100;
                let divisor = i128::from(MILLIGRAMS_OF_GLUCOSE.mantissa());
                let half = divisor / 2 * hundredths.signum();
                Some(Decimal::new(i64::try_from((hundredths + half) / divisor).ok()?, -2))
            }
            (Self::Pound, Self::Kilogram) => Some(value.checked_mul(KILOGRAMS_IN_POUND)?.rounded(2)),
            (Self::Inch, Self::Centimetre) => Some(value.checked_mul(CENTIMETRES_IN_INCH)?.rounded(2)),
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
    fn each_unit_converts_to_the_one_beside_it_and_to_no_other() {
        let text = |value: Option<Decimal>| value.map(|v| v.to_string());
        let fahrenheit = Unit::DegreeFahrenheit.convert(Decimal::new(986, -1), Unit::DegreeCelsius);
        assert_eq!(text(fahrenheit).as_deref(), Some("37.00"));
        let pressure = Unit::Kilopascal.convert(Decimal::new(160, -1), Unit::MillimetreOfMercury);
        assert_eq!(text(pressure).as_deref(), Some("120.01"));
        let glucose = Unit::MillimolePerLitre.convert(Decimal::new(55, -1), Unit::MilligramPerDecilitre);
        assert_eq!(text(glucose).as_deref(), Some("99.09"));
        let back = Unit::MilligramPerDecilitre.convert(Decimal::whole(180), Unit::MillimolePerLitre);
        assert_eq!(text(back).as_deref(), Some("9.99"));
        let weight = Unit::Pound.convert(Decimal::new(15_000, -2), Unit::Kilogram);
        assert_eq!(text(weight).as_deref(), Some("68.04"));
        assert_eq!(text(Unit::Inch.convert(Decimal::new(700, -1), Unit::Centimetre)).as_deref(), Some("177.80"));
        assert_eq!(Unit::Percent.convert(Decimal::whole(5), Unit::PerMinute), None);
        assert_eq!(Unit::Percent.convert(Decimal::whole(5), Unit::Percent), Some(Decimal::whole(5)));
    }
}
