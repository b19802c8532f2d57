//! Xiaomi scales: readings broadcast as service data, version 1 under Weight Scale 0x181D, version 2 under Body
//! Composition 0x181B. Anyone nearby could send them: a person confirms patient and value, never this file.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{Decimal, DeviceTime};

const VERSION_1: Characteristic = Characteristic::named("Xiaomi Scale Version 1");
const VERSION_2: Characteristic = Characteristic::named("Xiaomi Scale Version 2");

const VERSION_1_LENGTH: usize = 10;
const VERSION_2_LENGTH: usize = 13;

// Of the one octet of version 1, and (pounds) of the first octet of version 2.
const POUND: u8 = 1;
const CATTY: u8 = 1 << 4;
// Of the one octet of version 1, and of the second octet of version 2.
const STABILIZED: u8 = 1 << 5;
const REMOVED: u8 = 1 << 7;
// Of the second octet of version 2.
const IMPEDANCE_PRESENT: u8 = 1 << 1;
const CATTY_VERSION_2: u8 = 1 << 6;

const ONE_UNIT: &str = "one unit, not pound and catty at once";

/// One broadcast reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScaleBroadcast {
    /// The weight in steps of `unit`: 0.005 kg, 0.01 lb or 0.01 catty.
    pub weight_steps: u16,
    /// The unit that the scale shows.
    pub unit: WeightUnit,
    /// The weight has settled.
    pub stabilized: bool,
    /// The person has stepped off.
    pub removed: bool,
    /// Impedance in ohm; version 2 only.
    pub impedance_ohm: Option<u16>,
    /// The scale's own time.
    pub timestamp: DeviceTime,
}

/// The unit that a scale shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeightUnit {
    /// Kilogram.
    Kilogram,
    /// Pound.
    Pound,
    /// Catty (jin), half a kilogram.
    Catty,
}

impl ScaleBroadcast {
    /// Service data of version 1, exactly ten octets.
    pub fn decode_version_1(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(VERSION_1, octets, VERSION_1_LENGTH)?;
        let control = reader.u8("control")?;
        let Some(unit) = WeightUnit::of(control & POUND != 0, control & CATTY != 0) else {
            return Err(reader.out_of_range("control", 1, ONE_UNIT, control));
        };
        let weight_steps = reader.u16("weight")?;
        let timestamp = reader.date_time()?;
        let (stabilized, removed) = (control & STABILIZED != 0, control & REMOVED != 0);
        Ok(Self { weight_steps, unit, stabilized, removed, impedance_ohm: None, timestamp })
    }

    /// Service data of version 2, exactly thirteen octets.
    pub fn decode_version_2(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(VERSION_2, octets, VERSION_2_LENGTH)?;
        let [units, state] = reader.u16("control")?.to_le_bytes();
        let Some(unit) = WeightUnit::of(units & POUND != 0, state & CATTY_VERSION_2 != 0) else {
            return Err(reader.out_of_range("control", 2, ONE_UNIT, u16::from_le_bytes([units, state])));
        };
        let timestamp = reader.date_time()?;
        let impedance = reader.u16("impedance")?;
        let weight_steps = reader.u16("weight")?;
        let impedance_ohm = (state & IMPEDANCE_PRESENT != 0).then_some(impedance);
        let (stabilized, removed) = (state & STABILIZED != 0, state & REMOVED != 0);
        Ok(Self { weight_steps, unit, stabilized, removed, impedance_ohm, timestamp })
    }

    /// The ten octets of version 1, which has no impedance.
    pub fn encode_version_1(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(VERSION_1);
        if let Some(impedance) = self.impedance_ohm {
            return Err(writer.out_of_range("impedance", "absent from version 1", impedance));
        }
        let unit = match self.unit {
            WeightUnit::Kilogram => 0,
            WeightUnit::Pound => POUND,
            WeightUnit::Catty => CATTY,
        };
        writer.u8(unit | self.state());
        writer.u16(self.weight_steps);
        writer.date_time(self.timestamp)?;
        Ok(writer.finish())
    }

    /// The thirteen octets of version 2.
    pub fn encode_version_2(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(VERSION_2);
        let (units, catty) = match self.unit {
            WeightUnit::Kilogram => (0, 0),
            WeightUnit::Pound => (POUND, 0),
            WeightUnit::Catty => (0, CATTY_VERSION_2),
        };
        let impedance = if self.impedance_ohm.is_some() { IMPEDANCE_PRESENT } else { 0 };
        writer.octets(&[units, catty | impedance | self.state()]);
        writer.date_time(self.timestamp)?;
        writer.u16(self.impedance_ohm.unwrap_or(0));
        writer.u16(self.weight_steps);
        Ok(writer.finish())
    }

    /// The weight in `unit`, exactly.
    pub const fn weight(&self) -> Decimal {
        match self.unit {
            WeightUnit::Kilogram => Decimal::new(self.weight_steps as i64 * 5, -3),
            WeightUnit::Pound | WeightUnit::Catty => Decimal::new(self.weight_steps as i64, -2),
        }
    }

    const fn state(&self) -> u8 {
        (if self.stabilized { STABILIZED } else { 0 }) | if self.removed { REMOVED } else { 0 }
    }
}

impl WeightUnit {
    const fn of(pound: bool, catty: bool) -> Option<Self> {
        match (pound, catty) {
            (false, false) => Some(Self::Kilogram),
            (true, false) => Some(Self::Pound),
            (false, true) => Some(Self::Catty),
            (true, true) => None,
        }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kilogram => "kg",
            Self::Pound => "lb",
            Self::Catty => "catty",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: [u8; 7] = [0xEA, 0x07, 3, 18, 14, 5, 59];

    fn version_1(control: u8) -> Vec<u8> {
        [&[control, 0xB0, 0x36][..], &TIME].concat()
    }

    fn version_2(control: [u8; 2]) -> Vec<u8> {
        [&control[..], &TIME, &[0xF4, 0x01, 0xB0, 0x36]].concat()
    }

    #[test]
    fn a_step_is_five_grams_or_a_hundredth() {
        let weights = [0x22, 0x21, 0x30].map(|control| {
            let reading = ScaleBroadcast::decode_version_1(&version_1(control)).unwrap();
            (reading.unit.name(), reading.weight())
        });
        let expected =
            [("kg", Decimal::new(70_000, -3)), ("lb", Decimal::new(14_000, -2)), ("catty", Decimal::new(14_000, -2))];
        assert_eq!(weights, expected);
    }

    #[test]
    fn a_reading_says_whether_it_settled_and_whether_the_person_left() {
        let reading = ScaleBroadcast::decode_version_1(&version_1(0xA0)).unwrap();
        assert!(reading.stabilized && reading.removed);
        let reading = ScaleBroadcast::decode_version_2(&version_2([0, 0b1010_0000])).unwrap();
        assert!(reading.stabilized && reading.removed);
        let reading = ScaleBroadcast::decode_version_1(&version_1(0)).unwrap();
        assert!(!reading.stabilized && !reading.removed);
    }

    #[test]
    fn impedance_counts_only_with_its_flag() {
        let with = ScaleBroadcast::decode_version_2(&version_2([0, 0b0010_0010])).unwrap();
        let without = ScaleBroadcast::decode_version_2(&version_2([0, 0b0010_0000])).unwrap();
        assert_eq!((with.impedance_ohm, without.impedance_ohm), (Some(500), None));
        assert_eq!(with.weight(), Decimal::new(70_000, -3));
        assert!(with.encode_version_1().is_err());
    }

    #[test]
    fn two_units_at_once_are_no_unit() {
        assert_eq!(ScaleBroadcast::decode_version_1(&version_1(0x11)).unwrap_err().kind(), "out_of_range");
        assert_eq!(ScaleBroadcast::decode_version_2(&version_2([1, 0x40])).unwrap_err().kind(), "out_of_range");
    }

    #[test]
    fn both_versions_have_a_fixed_size() {
        assert_eq!(ScaleBroadcast::decode_version_1(&version_2([0, 0])).unwrap_err().kind(), "length");
        assert_eq!(ScaleBroadcast::decode_version_2(&version_1(0)).unwrap_err().kind(), "length");
    }
}
