//! Battery service 0x180F (Bluetooth SIG): the level.
//! What level is worth a warning is not decided here.
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use alloc::vec;
use alloc::vec::Vec;

const BATTERY_LEVEL: Characteristic = Characteristic::named("Battery Level");

/// Battery Level 0x2A19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatteryLevel {
    /// 0 to 100 percent.
    Percent(u8),
    /// A reserved number, 101 to 255: the level is unknown.
    Reserved(u8),
}

impl BatteryLevel {
    /// The level of an octet; any octet has one.
    pub const fn from_octet(octet: u8) -> Self {
        if octet <= 100 { Self::Percent(octet) } else { Self::Reserved(octet) }
    }

    /// The level in percent; `None` when it is unknown.
    pub const fn percent(self) -> Option<u8> {
        match self {
            Self::Percent(percent) => Some(percent),
            Self::Reserved(_) => None,
        }
    }

    /// A value of exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(BATTERY_LEVEL, octets, 1)?.u8("level").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        let (Self::Percent(octet) | Self::Reserved(octet)) = self;
        vec![octet]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_above_a_hundred_is_unknown_and_keeps_its_number() {
        assert_eq!(BatteryLevel::decode(&[100]).unwrap().percent(), Some(100));
        assert_eq!(BatteryLevel::decode(&[101]), Ok(BatteryLevel::Reserved(101)));
        assert_eq!(BatteryLevel::Reserved(101).percent(), None);
    }

    #[test]
    fn a_level_is_one_octet() {
        assert_eq!(BatteryLevel::decode(&[]).unwrap_err().kind(), "length");
        assert_eq!(BatteryLevel::decode(&[50, 0]).unwrap_err().kind(), "length");
    }
}
