//! What can be wrong with a value: which characteristic, where, what was expected and what came.
//! No health data: errors carry octet positions, sizes and single field codes, never a name or a text.
use bedside_vitals::Number;
use core::fmt;

/// The name of a characteristic (or of a bare data type), as errors print it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Characteristic(&'static str);

impl Characteristic {
    /// A characteristic by its name in full words; profiles declare theirs beside its packet.
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// The name in full words, for example "Heart Rate Measurement".
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for Characteristic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl fmt::Display for Characteristic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a value was rejected. Offsets count octets from the start of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An announced field is missing or cut.
    #[error("{characteristic}: expected {expected} octets of {field} at offset {offset}, got {got}")]
    Truncated {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Which field.
        field: &'static str,
        /// Where the field begins.
        offset: usize,
        /// Octets the field needs.
        expected: usize,
        /// Octets that were left.
        got: usize,
    },
    /// Octets after the last field, and no reserved flag that could announce them.
    #[error("{characteristic}: expected the end at offset {offset}, got {got} octets more")]
    TrailingOctets {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Where the value should end.
        offset: usize,
        /// Surplus octets.
        got: usize,
    },
    /// A value of fixed size with another size.
    #[error("{characteristic}: expected {expected} octets, got {got}")]
    Length {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Octets of the fixed size.
        expected: usize,
        /// Octets of the value.
        got: usize,
    },
    /// A field outside its defined range.
    #[error("{characteristic}: expected {field} at offset {offset} to be {expected}, got {got}")]
    OutOfRange {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Which field.
        field: &'static str,
        /// Where the field begins.
        offset: usize,
        /// The range in words.
        expected: &'static str,
        /// The number that came.
        got: i64,
    },
    /// The check sum over the value does not match.
    #[error("{characteristic}: expected the check sum {expected:#06x} at offset {offset}, got {got:#06x}")]
    CrcMismatch {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Where the check sum stands.
        offset: usize,
        /// The sum computed over the octets.
        expected: u16,
        /// The sum that came.
        got: u16,
    },
    /// A size octet that contradicts the flags beside it.
    #[error("{characteristic}: expected the size {expected} at offset {offset}, got {got}")]
    SizeFlagsMismatch {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Where the size stands.
        offset: usize,
        /// The size by the flags.
        expected: usize,
        /// The size that came.
        got: usize,
    },
    /// An operation, measurement or frame type that this decoder does not know.
    #[error("{characteristic}: expected {expected} at offset {offset}, got {got:#04x}")]
    UnsupportedOpcode {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Where the code stands.
        offset: usize,
        /// The known codes in words.
        expected: &'static str,
        /// The code that came.
        got: u8,
    },
    /// The first octets are not those of this format.
    #[error("{characteristic}: expected {expected} at offset {offset}, got {got:#04x}")]
    BadHeader {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Where the header stands.
        offset: usize,
        /// The header in words.
        expected: &'static str,
        /// The octet that came.
        got: u8,
    },
}

impl DecodeError {
    /// The stable name of the fault, as `bedsidectl decode` prints it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::TrailingOctets { .. } => "trailing_bytes",
            Self::Length { .. } => "length",
            Self::OutOfRange { .. } => "out_of_range",
            Self::CrcMismatch { .. } => "crc_mismatch",
            Self::SizeFlagsMismatch { .. } => "size_flags_mismatch",
            Self::UnsupportedOpcode { .. } => "unsupported_opcode",
            Self::BadHeader { .. } => "bad_header",
        }
    }
}

/// Why a packet cannot be put into octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The field's float cannot hold the number exactly.
    #[error("{characteristic}: expected a number that {field} can hold exactly, got {got}")]
    Inexact {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Which field.
        field: &'static str,
        /// The number.
        got: Number,
    },
    /// A field outside its defined range.
    #[error("{characteristic}: expected {field} to be {expected}, got {got}")]
    OutOfRange {
        /// Of which characteristic.
        characteristic: Characteristic,
        /// Which field.
        field: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The number given.
        got: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_error_names_characteristic_place_and_both_sides() {
        let characteristic = Characteristic::named("Heart Rate Measurement");
        let error = DecodeError::Truncated { characteristic, field: "heart rate", offset: 1, expected: 2, got: 1 };
        assert_eq!(error.to_string(), "Heart Rate Measurement: expected 2 octets of heart rate at offset 1, got 1");
        assert_eq!(error.kind(), "truncated");
    }
}
