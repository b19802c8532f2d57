//! A bounded little-endian reader: every read checks the length first and answers a typed error.
//! It knows no profile.
use crate::error::{Characteristic, DecodeError};

/// Reads one characteristic value from its first octet to its last.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    characteristic: Characteristic,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the first octet of a value of variable size.
    #[inline]
    pub(crate) const fn new(characteristic: Characteristic, octets: &'a [u8]) -> Self {
        Self { characteristic, rest: octets, offset: 0 }
    }

    /// A reader for a value of fixed size; another size is a [`DecodeError::Length`].
    #[inline]
    pub(crate) const fn fixed(
        characteristic: Characteristic,
        octets: &'a [u8],
        size: usize,
    ) -> Result<Self, DecodeError> {
        if octets.len() == size {
            Ok(Self::new(characteristic, octets))
        } else {
            Err(DecodeError::Length { characteristic, expected: size, got: octets.len() })
        }
    }

    /// Octets not yet read.
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` octets.
    #[inline]
    pub(crate) fn take(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else { return Err(self.truncated(field, count)) };
        self.rest = rest;
        self.offset += count;
        Ok(taken)
    }

    /// A reader of the next `count` octets alone, whose errors still count from the start of the value.
    #[inline]
    pub(crate) fn part(&mut self, field: &'static str, count: usize) -> Result<Self, DecodeError> {
        let offset = self.offset;
        let rest = self.take(field, count)?;
        Ok(Self { characteristic: self.characteristic, rest, offset })
    }

    /// All octets that are left.
    #[inline]
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        let taken = self.rest;
        self.offset += taken.len();
        self.rest = &[];
        taken
    }

    /// An unsigned octet.
    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[octet]| octet)
    }

    /// A signed octet.
    #[inline]
    pub(crate) fn i8(&mut self, field: &'static str) -> Result<i8, DecodeError> {
        self.array(field).map(i8::from_le_bytes)
    }

    /// Two octets, unsigned.
    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_le_bytes)
    }

    /// Two octets, unsigned, most significant first: only for devices known to err.
    #[inline]
    pub(crate) fn u16_big_endian(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// Two octets, signed.
    #[inline]
    pub(crate) fn i16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.array(field).map(i16::from_le_bytes)
    }

    /// Three octets, unsigned.
    #[inline]
    pub(crate) fn u24(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array::<3>(field).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    /// Three octets, signed.
    #[inline]
    pub(crate) fn i24(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        // The sign sits in the top octet, so the value is read high and shifted down.
        self.array::<3>(field).map(|[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8)
    }

    /// Four octets, unsigned.
    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// Four octets, signed.
    #[inline]
    pub(crate) fn i32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_le_bytes)
    }

    /// Eight octets, unsigned.
    #[inline]
    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// Ends the reading. Surplus octets are an error, unless a reserved flag is set that may announce them.
    #[inline]
    pub(crate) const fn finish(self, reserved_flag_set: bool) -> Result<(), DecodeError> {
        if self.rest.is_empty() || reserved_flag_set {
            return Ok(());
        }
        let Self { characteristic, offset, rest } = self;
        Err(DecodeError::TrailingOctets { characteristic, offset, got: rest.len() })
    }

    /// The error for a field that was just read, `size` octets wide, and lies outside its range.
    #[cold]
    pub(crate) fn out_of_range(
        &self,
        field: &'static str,
        size: usize,
        expected: &'static str,
        got: impl Into<i64>,
    ) -> DecodeError {
        let offset = self.offset.saturating_sub(size);
        DecodeError::OutOfRange { characteristic: self.characteristic, field, offset, expected, got: got.into() }
    }

    /// The error for the operation or type octet that was just read.
    #[cold]
    pub(crate) const fn unsupported(&self, expected: &'static str, got: u8) -> DecodeError {
        let offset = self.offset.saturating_sub(1);
        DecodeError::UnsupportedOpcode { characteristic: self.characteristic, offset, expected, got }
    }

    /// The error for the header octet that was just read.
    #[cold]
    pub(crate) const fn bad_header(&self, expected: &'static str, got: u8) -> DecodeError {
        let offset = self.offset.saturating_sub(1);
        DecodeError::BadHeader { characteristic: self.characteristic, offset, expected, got }
    }

    /// The error for the check sum that was just read.
    #[cold]
    pub(crate) const fn crc_mismatch(&self, expected: u16, got: u16) -> DecodeError {
        let offset = self.offset.saturating_sub(2);
        DecodeError::CrcMismatch { characteristic: self.characteristic, offset, expected, got }
    }

    /// The error for a field of `expected` octets that does not fit into what is left.
    #[cold]
    pub(crate) const fn truncated(&self, field: &'static str, expected: usize) -> DecodeError {
        let Self { characteristic, rest, offset } = self;
        DecodeError::Truncated { characteristic: *characteristic, field, offset: *offset, expected, got: rest.len() }
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else { return Err(self.truncated(field, N)) };
        self.rest = rest;
        self.offset += N;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Characteristic = Characteristic::named("Sample");

    #[test]
    fn integers_are_little_endian_and_signs_are_kept() {
        let mut reader = Reader::new(SAMPLE, &[0x01, 0x02, 0xFF, 0xFF, 0xFF, 0xFE, 0x12, 0x34, 0x80, 0x00, 0x80]);
        assert_eq!(reader.u16("a"), Ok(0x0201));
        assert_eq!(reader.i24("b"), Ok(-1));
        assert_eq!(reader.i8("c"), Ok(-2));
        assert_eq!(reader.u16_big_endian("d"), Ok(0x1234));
        assert_eq!(reader.i24("e"), Ok(-0x7F_FF80));
        assert_eq!(reader.finish(false), Ok(()));
    }

    #[test]
    fn a_cut_field_says_where_and_how_much() {
        let mut reader = Reader::new(SAMPLE, &[1, 2, 3]);
        assert_eq!(reader.u16("first"), Ok(0x0201));
        let cut = DecodeError::Truncated { characteristic: SAMPLE, field: "second", offset: 2, expected: 4, got: 1 };
        assert_eq!(reader.u32("second"), Err(cut));
        assert_eq!(reader.u8("third"), Ok(3), "a failed read takes nothing");
    }

    #[test]
    fn surplus_octets_are_an_error_without_a_reserved_flag() {
        let reader = Reader::new(SAMPLE, &[0, 0]);
        assert_eq!(reader.clone().finish(true), Ok(()));
        let surplus = DecodeError::TrailingOctets { characteristic: SAMPLE, offset: 0, got: 2 };
        assert_eq!(reader.finish(false), Err(surplus));
    }

    #[test]
    fn a_fixed_size_is_checked_before_anything_is_read() {
        let wrong = DecodeError::Length { characteristic: SAMPLE, expected: 2, got: 3 };
        assert_eq!(Reader::fixed(SAMPLE, &[0; 3], 2).err(), Some(wrong));
    }
}
