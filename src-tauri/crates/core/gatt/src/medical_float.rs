//! SFLOAT and FLOAT (IEEE 11073-20601 medical floats): raw words to exact decimals and back.
//! No rounding and no binary floats; special values are compared on the raw word before any arithmetic.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{Decimal, Number, Special};

/// A bare SFLOAT.
pub const SHORT_FLOAT: Characteristic = Characteristic::named("SFLOAT");
/// A bare FLOAT.
pub const FLOAT: Characteristic = Characteristic::named("FLOAT");

/// The number of an SFLOAT word: a 4-bit exponent above a 12-bit mantissa, both in two's complement.
#[inline]
pub const fn short_float_from_raw(raw: u16) -> Number {
    match raw {
        0x07FF => Number::Special(Special::NotANumber),
        0x0800 => Number::Special(Special::NotAtThisResolution),
        0x07FE => Number::Special(Special::PositiveInfinity),
        0x0802 => Number::Special(Special::NegativeInfinity),
        0x0801 => Number::Special(Special::Reserved),
        _ => {
            let signed = raw as i16;
            Number::Value(Decimal::new((signed << 4 >> 4) as i64, (signed >> 12) as i8))
        }
    }
}

/// The SFLOAT word that holds a number exactly, with its mantissa and exponent as they are; `None` when none does.
pub const fn short_float_to_raw(number: Number) -> Option<u16> {
    let decimal = match number {
        Number::Special(Special::NotANumber) => return Some(0x07FF),
        Number::Special(Special::NotAtThisResolution) => return Some(0x0800),
        Number::Special(Special::PositiveInfinity) => return Some(0x07FE),
        Number::Special(Special::NegativeInfinity) => return Some(0x0802),
        Number::Special(Special::Reserved) => return Some(0x0801),
        Number::Value(decimal) => decimal,
    };
    let (mantissa, exponent) = (decimal.mantissa(), decimal.exponent());
    if mantissa < -0x800 || mantissa > 0x7FF || exponent < -8 || exponent > 7 {
        return None;
    }
    let raw = (mantissa as u16 & 0x0FFF) | ((exponent as u16) << 12);
    // A mantissa that reads back as a special value is no number on the wire.
    match short_float_from_raw(raw) {
        Number::Value(_) => Some(raw),
        Number::Special(_) => None,
    }
}

/// The number of a FLOAT word: an 8-bit exponent above a 24-bit mantissa, both in two's complement.
#[inline]
pub const fn float_from_raw(raw: u32) -> Number {
    match raw {
        0x007F_FFFF => Number::Special(Special::NotANumber),
        0x0080_0000 => Number::Special(Special::NotAtThisResolution),
        0x007F_FFFE => Number::Special(Special::PositiveInfinity),
        0x0080_0002 => Number::Special(Special::NegativeInfinity),
        0x0080_0001 => Number::Special(Special::Reserved),
        _ => {
            let signed = raw as i32;
            Number::Value(Decimal::new((signed << 8 >> 8) as i64, (signed >> 24) as i8))
        }
    }
}

/// The FLOAT word that holds a number exactly, with its mantissa and exponent as they are; `None` when none does.
pub const fn float_to_raw(number: Number) -> Option<u32> {
    let decimal = match number {
        Number::Special(Special::NotANumber) => return Some(0x007F_FFFF),
        Number::Special(Special::NotAtThisResolution) => return Some(0x0080_0000),
        Number::Special(Special::PositiveInfinity) => return Some(0x007F_FFFE),
        Number::Special(Special::NegativeInfinity) => return Some(0x0080_0002),
        Number::Special(Special::Reserved) => return Some(0x0080_0001),
        Number::Value(decimal) => decimal,
    };
    let mantissa = decimal.mantissa();
    if mantissa < -0x80_0000 || mantissa > 0x7F_FFFF {
        return None;
    }
    let raw = (mantissa as u32 & 0x00FF_FFFF) | ((decimal.exponent() as u32) << 24);
    match float_from_raw(raw) {
        Number::Value(_) => Some(raw),
        Number::Special(_) => None,
    }
}

/// A bare SFLOAT of exactly two octets.
pub fn decode_short_float(octets: &[u8]) -> Result<Number, DecodeError> {
    Reader::fixed(SHORT_FLOAT, octets, 2)?.short_float("value")
}

/// The two octets of a bare SFLOAT.
pub fn encode_short_float(number: Number) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(SHORT_FLOAT);
    writer.short_float("value", number)?;
    Ok(writer.finish())
}

/// A bare FLOAT of exactly four octets.
pub fn decode_float(octets: &[u8]) -> Result<Number, DecodeError> {
    Reader::fixed(FLOAT, octets, 4)?.float("value")
}

/// The four octets of a bare FLOAT.
pub fn encode_float(number: Number) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(FLOAT);
    writer.float("value", number)?;
    Ok(writer.finish())
}

impl Reader<'_> {
    /// An SFLOAT.
    #[inline]
    pub(crate) fn short_float(&mut self, field: &'static str) -> Result<Number, DecodeError> {
        self.u16(field).map(short_float_from_raw)
    }

    /// A FLOAT.
    #[inline]
    pub(crate) fn float(&mut self, field: &'static str) -> Result<Number, DecodeError> {
        self.u32(field).map(float_from_raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(mantissa: i64, exponent: i8) -> Number {
        Number::Value(Decimal::new(mantissa, exponent))
    }

    #[test]
    fn short_floats_are_two_complement_in_both_parts() {
        let words = [
            (0x0072, 114, 0),
            (0xF0D2, 210, -1),
            (0xE3E8, 1000, -2),
            (0x0FFF, -1, 0),
            (0xFF38, -200, -1),
            (0x7001, 1, 7),
            (0x8001, 1, -8),
            (0x07FD, 2045, 0),
            (0x0803, -2045, 0),
            (0x17FF, 2047, 1),
            (0xF800, -2048, -1),
        ];
        for (raw, mantissa, exponent) in words {
            assert_eq!(short_float_from_raw(raw), number(mantissa, exponent), "{raw:#06x}");
        }
    }

    #[test]
    fn floats_are_two_complement_in_both_parts() {
        let words = [
            (0xFF00_016E, 366, -1),
            (0xFE00_0E4B, 3659, -2),
            (0x0000_0024, 36, 0),
            (0xFFFF_FFFF, -1, -1),
            (0x0180_0000, -0x80_0000, 1),
            (0x7F00_0001, 1, 127),
            (0x8000_0001, 1, -128),
        ];
        for (raw, mantissa, exponent) in words {
            assert_eq!(float_from_raw(raw), number(mantissa, exponent), "{raw:#010x}");
        }
    }

    #[test]
    fn special_words_are_states_and_never_numbers() {
        let specials = [
            (0x07FF, 0x007F_FFFF, Special::NotANumber),
            (0x0800, 0x0080_0000, Special::NotAtThisResolution),
            (0x07FE, 0x007F_FFFE, Special::PositiveInfinity),
            (0x0802, 0x0080_0002, Special::NegativeInfinity),
            (0x0801, 0x0080_0001, Special::Reserved),
        ];
        for (short, long, special) in specials {
            assert_eq!(short_float_from_raw(short), Number::Special(special));
            assert_eq!(float_from_raw(long), Number::Special(special));
            assert_eq!(short_float_to_raw(Number::Special(special)), Some(short));
            assert_eq!(float_to_raw(Number::Special(special)), Some(long));
        }
    }

    #[test]
    fn every_short_float_word_survives_the_way_there_and_back() {
        for raw in 0..=u16::MAX {
            assert_eq!(short_float_to_raw(short_float_from_raw(raw)), Some(raw));
        }
    }

    #[test]
    fn a_number_that_would_read_back_as_special_or_rounded_is_refused() {
        for (mantissa, exponent) in [(2047, 0), (2046, 0), (-2046, 0), (-2048, 0), (2048, 0), (1, 8), (1, -9)] {
            assert_eq!(short_float_to_raw(number(mantissa, exponent)), None, "{mantissa}e{exponent}");
        }
        for mantissa in [0x7F_FFFF, 0x7F_FFFE, -0x80_0000, -0x7F_FFFE, 0x80_0000] {
            assert_eq!(float_to_raw(number(mantissa, 0)), None, "{mantissa}");
        }
    }
}
