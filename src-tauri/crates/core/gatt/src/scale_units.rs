//! The units and steps of weight scales, user data and body composition: raw counts to exact decimals and back.
//! Which field counts in which step is said beside each profile.
use crate::error::EncodeError;
use crate::writer::Writer;
use bedside_vitals::Decimal;

/// The system of units that the fields of one measurement share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScaleUnits {
    /// Masses in kilograms, lengths in metres.
    Metric,
    /// Masses in pounds, lengths in inches.
    Imperial,
}

/// A result that a scale may fail to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScaleResult {
    /// The number.
    Measured(Decimal),
    /// The scale says that its measurement failed.
    Unsuccessful,
}

/// The raw number of a measurement that failed.
pub(crate) const UNSUCCESSFUL: u16 = 0xFFFF;

impl ScaleUnits {
    /// By the flag in bit 0 of a measurement.
    pub(crate) const fn from_flag(imperial: bool) -> Self {
        if imperial { Self::Imperial } else { Self::Metric }
    }

    /// The stable name: `kg_m` or `lb_in`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metric => "kg_m",
            Self::Imperial => "lb_in",
        }
    }

    /// A mass field: steps of 0.005 kg or 0.01 lb.
    pub(crate) const fn mass(self, raw: u16) -> Decimal {
        let (step, exponent) = self.mass_step();
        steps(raw, step, exponent)
    }

    /// A height field: steps of 0.001 m or 0.1 in.
    pub(crate) const fn height(self, raw: u16) -> Decimal {
        let (step, exponent) = self.height_step();
        steps(raw, step, exponent)
    }

    const fn mass_step(self) -> (i64, i8) {
        match self {
            Self::Metric => (5, -3),
            Self::Imperial => (1, -2),
        }
    }

    const fn height_step(self) -> (i64, i8) {
        match self {
            Self::Metric => (1, -3),
            Self::Imperial => (1, -1),
        }
    }
}

impl ScaleResult {
    /// The number, where there is one.
    pub const fn measured(self) -> Option<Decimal> {
        match self {
            Self::Measured(number) => Some(number),
            Self::Unsuccessful => None,
        }
    }
}

/// `raw` steps of `step × 10^exponent`.
pub(crate) const fn steps(raw: u16, step: i64, exponent: i8) -> Decimal {
    Decimal::new(raw as i64 * step, exponent)
}

impl Writer {
    /// A mass field.
    pub(crate) fn mass(&mut self, field: &'static str, units: ScaleUnits, mass: Decimal) -> Result<(), EncodeError> {
        let (step, exponent) = units.mass_step();
        self.steps(field, mass, step, exponent)
    }

    /// A height field.
    pub(crate) fn height(&mut self, units: ScaleUnits, height: Decimal) -> Result<(), EncodeError> {
        let (step, exponent) = units.height_step();
        self.steps("height", height, step, exponent)
    }

    /// A number as a count of steps; an error when it lies between two steps or beyond 16 bits.
    pub(crate) fn steps(
        &mut self,
        field: &'static str,
        number: Decimal,
        step: i64,
        exponent: i8,
    ) -> Result<(), EncodeError> {
        self.u16(raw_steps(number, step, exponent).ok_or_else(|| self.inexact(field, number.into()))?);
        Ok(())
    }

    /// A result that may be unsuccessful; an error also for the count that says so.
    pub(crate) fn result(
        &mut self,
        field: &'static str,
        result: ScaleResult,
        (step, exponent): (i64, i8),
    ) -> Result<(), EncodeError> {
        let raw = match result {
            ScaleResult::Unsuccessful => UNSUCCESSFUL,
            ScaleResult::Measured(number) => raw_steps(number, step, exponent)
                .filter(|raw| *raw != UNSUCCESSFUL)
                .ok_or_else(|| self.inexact(field, number.into()))?,
        };
        self.u16(raw);
        Ok(())
    }

    /// A weight that may be unsuccessful.
    pub(crate) fn weight_result(&mut self, units: ScaleUnits, weight: ScaleResult) -> Result<(), EncodeError> {
        self.result("weight", weight, units.mass_step())
    }
}

fn raw_steps(number: Decimal, step: i64, exponent: i8) -> Option<u16> {
    let mantissa = number.mantissa_at(exponent)?;
    let exact = Decimal::new(mantissa, exponent).mantissa_at(number.exponent()) == Some(number.mantissa());
    (exact && mantissa % step == 0).then(|| u16::try_from(mantissa / step).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_between_two_steps_has_no_count() {
        assert_eq!(raw_steps(Decimal::new(705, -1), 5, -3), Some(14_100));
        assert_eq!(raw_steps(Decimal::new(70_003, -3), 5, -3), None);
        assert_eq!(raw_steps(Decimal::new(700_004, -4), 5, -3), None, "rounding would hide it");
        assert_eq!(raw_steps(Decimal::whole(-1), 1, 0), None);
        assert_eq!(raw_steps(Decimal::whole(65_536), 1, 0), None);
        assert_eq!(raw_steps(Decimal::new(7, 1), 5, -3), Some(14_000));
    }

    #[test]
    fn masses_and_heights_count_in_the_steps_of_their_units() {
        assert_eq!(ScaleUnits::Metric.mass(1).to_f64(), 0.005);
        assert_eq!(ScaleUnits::Imperial.mass(1).to_f64(), 0.01);
        assert_eq!(ScaleUnits::Metric.height(1).to_f64(), 0.001);
        assert_eq!(ScaleUnits::Imperial.height(1).to_f64(), 0.1);
    }
}
