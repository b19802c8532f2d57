//! The other end of the reader: appends little-endian fields to one characteristic value.
//! It knows no profile.
use crate::error::{Characteristic, EncodeError};
use crate::medical_float;
use alloc::vec::Vec;
use bedside_vitals::Number;

/// Builds one characteristic value.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    characteristic: Characteristic,
    octets: Vec<u8>,
}

impl Writer {
    /// An empty value.
    pub(crate) const fn new(characteristic: Characteristic) -> Self {
        Self { characteristic, octets: Vec::new() }
    }

    /// An unsigned octet.
    pub(crate) fn u8(&mut self, value: u8) {
        self.octets.push(value);
    }

    /// Two octets, unsigned.
    pub(crate) fn u16(&mut self, value: u16) {
        self.octets.extend(value.to_le_bytes());
    }

    /// Two octets, unsigned, most significant first: only for devices known to err.
    pub(crate) fn u16_big_endian(&mut self, value: u16) {
        self.octets.extend(value.to_be_bytes());
    }

    /// Two octets, signed.
    pub(crate) fn i16(&mut self, value: i16) {
        self.octets.extend(value.to_le_bytes());
    }

    /// The low three octets.
    pub(crate) fn u24(&mut self, value: u32) {
        let [low, middle, high, _] = value.to_le_bytes();
        self.octets.extend([low, middle, high]);
    }

    /// Three octets, signed; an error outside of 24 bits.
    pub(crate) fn i24(&mut self, field: &'static str, value: i32) -> Result<(), EncodeError> {
        if !(-0x80_0000..=0x7F_FFFF).contains(&value) {
            return Err(self.out_of_range(field, "a signed 24-bit number", value));
        }
        let [low, middle, high, _] = value.to_le_bytes();
        self.octets.extend([low, middle, high]);
        Ok(())
    }

    /// Four octets, unsigned.
    pub(crate) fn u32(&mut self, value: u32) {
        self.octets.extend(value.to_le_bytes());
    }

    /// Four octets, signed.
    pub(crate) fn i32(&mut self, value: i32) {
        self.octets.extend(value.to_le_bytes());
    }

    /// Eight octets, unsigned.
    pub(crate) fn u64(&mut self, value: u64) {
        self.octets.extend(value.to_le_bytes());
    }

    /// Octets as they are.
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// An SFLOAT; an error when it cannot hold the number exactly.
    pub(crate) fn short_float(&mut self, field: &'static str, number: Number) -> Result<(), EncodeError> {
        let raw = medical_float::short_float_to_raw(number).ok_or_else(|| self.inexact(field, number))?;
        self.u16(raw);
        Ok(())
    }

    /// A FLOAT; an error when it cannot hold the number exactly.
    pub(crate) fn float(&mut self, field: &'static str, number: Number) -> Result<(), EncodeError> {
        let raw = medical_float::float_to_raw(number).ok_or_else(|| self.inexact(field, number))?;
        self.u32(raw);
        Ok(())
    }

    /// What was written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.octets
    }

    /// The finished value.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.octets
    }

    /// The error for a field outside its range.
    pub(crate) fn out_of_range(&self, field: &'static str, expected: &'static str, got: impl Into<i64>) -> EncodeError {
        EncodeError::OutOfRange { characteristic: self.characteristic, field, expected, got: got.into() }
    }

    /// The error for a number that a medical float cannot hold.
    pub(crate) const fn inexact(&self, field: &'static str, got: Number) -> EncodeError {
        EncodeError::Inexact { characteristic: self.characteristic, field, got }
    }
}
