//! Exact decimals as medical devices send them: an integer mantissa and a power of ten.
//! The exponent is kept because it states the precision: `20 × 10^-1` is "2.0", not "2".
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// `mantissa × 10^exponent`, never rounded and never a binary float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decimal {
    mantissa: i64,
    exponent: i8,
}

/// Text that is no decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number such as 36.5, got {0:?}")]
pub struct DecimalError(pub String);

impl Decimal {
    /// Zero, as a whole number.
    pub const ZERO: Self = Self::whole(0);

    /// `mantissa × 10^exponent`; for example `new(365, -1)` is 36.5.
    pub const fn new(mantissa: i64, exponent: i8) -> Self {
        Self { mantissa, exponent }
    }

    /// A whole number.
    pub const fn whole(n: i64) -> Self {
        Self::new(n, 0)
    }

    /// The integer in front of the power of ten.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// The power of ten.
    pub const fn exponent(self) -> i8 {
        self.exponent
    }

    /// The nearest binary float, for drawing only.
    pub fn to_f64(self) -> f64 {
        let mut value = self.mantissa as f64;
        for _ in 0..self.exponent.unsigned_abs() {
            if self.exponent < 0 {
                value /= 10.0;
            } else {
                value *= 10.0;
            }
        }
        value
    }

    /// The mantissa this number has at `exponent`, rounded half away from zero; `None` when it does not fit.
    pub fn mantissa_at(self, exponent: i8) -> Option<i64> {
        let shift = i32::from(self.exponent) - i32::from(exponent);
        if shift >= 0 {
            let factor = 10i64.checked_pow(shift.unsigned_abs())?;
            return self.mantissa.checked_mul(factor);
        }
        let Some(divisor) = 10i64.checked_pow(shift.unsigned_abs()) else { return Some(0) };
        let half = divisor / 2;
        let (quotient, rest) = (self.mantissa / divisor, self.mantissa % divisor);
        let away = i64::from(rest.abs() >= half) * rest.signum();
        quotient.checked_add(away)
    }

    /// This number rounded to `places` after the point, half away from zero.
    pub fn rounded(self, places: u8) -> Self {
        let exponent = -(places.min(18) as i8);
        self.mantissa_at(exponent).map_or(self, |mantissa| Self::new(mantissa, exponent))
    }

    /// The exact product, where it fits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self::new(self.mantissa.checked_mul(other.mantissa)?, self.exponent.checked_add(other.exponent)?))
    }

    fn compare(self, other: Self) -> Ordering {
        let sign = self.mantissa.signum().cmp(&other.mantissa.signum());
        if sign != Ordering::Equal || self.mantissa == 0 {
            return sign;
        }
        let scale = |d: Self, down_to: i8| {
            let shift = (i32::from(d.exponent) - i32::from(down_to)).unsigned_abs();
            10i128.checked_pow(shift).and_then(|f| i128::from(d.mantissa).checked_mul(f))
        };
        let common = self.exponent.min(other.exponent);
        match (scale(self, common), scale(other, common)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Only one side can overflow: its exponent is so much larger that its magnitude is too.
            (None, _) => {
                if self.mantissa > 0 {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (_, None) => {
                if self.mantissa > 0 {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }

    /// Whether both stand for the same value, whatever their precision.
    pub fn same_value(self, other: Self) -> bool {
        self.compare(other) == Ordering::Equal
    }

    /// Whether this value lies below the other, whatever their precision.
    pub fn is_below(self, other: Self) -> bool {
        self.compare(other) == Ordering::Less
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        if self.mantissa < 0 {
            f.write_str("-")?;
        }
        let places = usize::from(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            f.write_str(&digits)?;
            return if self.mantissa == 0 { Ok(()) } else { (0..places).try_for_each(|_| f.write_str("0")) };
        }
        if digits.len() > places {
            let (whole, part) = digits.split_at(digits.len() - places);
            write!(f, "{whole}.{part}")
        } else {
            write!(f, "0.{digits:0>places$}")
        }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `-12.50` and keeps both places. No exponent form, no separators, no locale.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let wrong = || DecimalError(text.chars().take(40).collect());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let dangling_point = unsigned.contains('.') && part.is_empty();
        if whole.is_empty() || dangling_point || !all_digits(whole) || !all_digits(part) || part.len() > 18 {
            return Err(wrong());
        }
        let mut mantissa = 0i64;
        for digit in whole.bytes().chain(part.bytes()) {
            let digit = i64::from(digit - b'0');
            mantissa = mantissa.checked_mul(10).and_then(|m| m.checked_add(digit)).ok_or_else(wrong)?;
        }
        Ok(Self::new(if negative { -mantissa } else { mantissa }, -(part.len() as i8)))
    }
}

/// What a device may send in place of a number (IEEE 11073-20601, medical float special values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Special {
    /// Not a number: an invalid or missing result.
    NotANumber,
    /// Not at this resolution.
    NotAtThisResolution,
    /// Above the range of the device.
    PositiveInfinity,
    /// Below the range of the device.
    NegativeInfinity,
    /// A pattern the standard keeps for later use.
    Reserved,
}

/// A number, or the state that stands in its place. A special value is never a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Number {
    /// An exact decimal.
    Value(Decimal),
    /// No number, and why.
    Special(Special),
}

impl Number {
    /// The decimal, where there is one.
    pub const fn value(self) -> Option<Decimal> {
        match self {
            Self::Value(decimal) => Some(decimal),
            Self::Special(_) => None,
        }
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self::Value(decimal)
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "NaN",
            Self::NotAtThisResolution => "NRes",
            Self::PositiveInfinity => "+INF",
            Self::NegativeInfinity => "-INF",
            Self::Reserved => "Reserved",
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(decimal) => decimal.fmt(f),
            Self::Special(special) => special.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_printed_as_it_was_sent() {
        let printed =
            [(20, -1, "2.0"), (365, -1, "36.5"), (-5, -2, "-0.05"), (12, 2, "1200"), (0, -1, "0.0"), (0, 3, "0")];
        for (mantissa, exponent, text) in printed {
            assert_eq!(Decimal::new(mantissa, exponent).to_string(), text);
        }
    }

    #[test]
    fn text_that_is_printed_reads_back_the_same() {
        for text in ["2.0", "36.5", "-0.05", "1200", "0.0", "-7"] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        for wrong in ["", "-", ".5", "5.", "1e3", "36,5", "+1", " 1", "99999999999999999999"] {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong:?} was taken for a number");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        let rounded = |m, e| Decimal::new(m, e).rounded(1).to_string();
        assert_eq!(rounded(3645, -2), "36.5");
        assert_eq!(rounded(3644, -2), "36.4");
        assert_eq!(rounded(-3645, -2), "-36.5");
        assert_eq!(rounded(36, 0), "36.0");
    }

    #[test]
    fn values_compare_across_precisions() {
        assert!(Decimal::new(20, -1).same_value(Decimal::whole(2)));
        assert!(Decimal::new(199, -2).is_below(Decimal::whole(2)));
        assert!(Decimal::new(1, 100).compare(Decimal::new(1, -100)).is_gt());
        assert!(Decimal::new(-1, 100).compare(Decimal::new(-1, -100)).is_lt());
    }
}
