//! Weight Scale service 0x181D (Bluetooth SIG): one weighing, and what the scale can do.
//! Whose weight it is and whether it is plausible is not decided here.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::scale_units::{UNSUCCESSFUL, steps};
use crate::user_data::User;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{Decimal, DeviceTime};

pub use crate::scale_units::{ScaleResult, ScaleUnits};

const WEIGHT_MEASUREMENT: Characteristic = Characteristic::named("Weight Measurement");
const WEIGHT_SCALE_FEATURE: Characteristic = Characteristic::named("Weight Scale Feature");

const IMPERIAL: u8 = 1;
const TIMESTAMP_PRESENT: u8 = 1 << 1;
const USER_PRESENT: u8 = 1 << 2;
const INDEX_PRESENT: u8 = 1 << 3;
const RESERVED: u8 = 0b1111_0000;
const INDEX_EXPONENT: i8 = -1;

/// Weight Measurement 0x2A9D.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightMeasurement {
    /// The units of weight and height.
    pub units: ScaleUnits,
    /// The weight, in steps of 0.005 kg or 0.01 lb.
    pub weight: ScaleResult,
    /// The device's own time of the measurement.
    pub timestamp: Option<DeviceTime>,
    /// Whose weight it is, by the scale's own counting.
    pub user: Option<User>,
    /// What the scale made of the weight.
    pub body_mass: Option<BodyMass>,
}

/// The body mass index and the height it was computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyMass {
    /// Body mass index in kg/m², in steps of 0.1.
    pub index: Decimal,
    /// Height, in steps of 0.001 m or 0.1 in.
    pub height: Decimal,
}

flag_word! {
    /// Weight Scale Feature 0x2A9E, as received; bits 3 to 9 are its resolutions.
    pub struct WeightScaleFeatures(u32);
    /// One feature of a weight scale.
    pub enum WeightScaleFeature {
        /// Sends the time of a measurement.
        TimeStamp = 0 => "time_stamp",
        /// Knows more than one user.
        MultiUser = 1 => "multi_user",
        /// Computes the body mass index.
        BodyMassIndex = 2 => "bmi",
    }
}

/// How finely a scale measures a quantity, in its metric unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasuringStep {
    /// The scale does not say.
    NotSpecified,
    /// In kilograms or metres.
    Step(Decimal),
    /// A code without a meaning yet, as received.
    Reserved(u8),
}

impl WeightMeasurement {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(WEIGHT_MEASUREMENT, octets);
        let flags = reader.u8("flags")?;
        let units = ScaleUnits::from_flag(flags & IMPERIAL != 0);
        let weight = match reader.u16("weight")? {
            UNSUCCESSFUL => ScaleResult::Unsuccessful,
            raw => ScaleResult::Measured(units.mass(raw)),
        };
        let timestamp = if flags & TIMESTAMP_PRESENT == 0 { None } else { Some(reader.date_time()?) };
        let user = if flags & USER_PRESENT == 0 { None } else { Some(User::from_octet(reader.u8("user id")?)) };
        let body_mass = if flags & INDEX_PRESENT == 0 { None } else { Some(BodyMass::read(&mut reader, units)?) };
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { units, weight, timestamp, user, body_mass })
    }

    /// The octets; an error when a number lies between two steps.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(WEIGHT_MEASUREMENT);
        writer.u8(self.flags());
        writer.weight_result(self.units, self.weight)?;
        if let Some(time) = self.timestamp {
            writer.date_time(time)?;
        }
        if let Some(user) = self.user {
            writer.user(user)?;
        }
        if let Some(BodyMass { index, height }) = self.body_mass {
            writer.steps("body mass index", index, 1, INDEX_EXPONENT)?;
            writer.height(self.units, height)?;
        }
        Ok(writer.finish())
    }

    const fn flags(&self) -> u8 {
        let mut flags = match self.units {
            ScaleUnits::Metric => 0,
            ScaleUnits::Imperial => IMPERIAL,
        };
        if self.timestamp.is_some() {
            flags |= TIMESTAMP_PRESENT;
        }
        if self.user.is_some() {
            flags |= USER_PRESENT;
        }
        if self.body_mass.is_some() {
            flags |= INDEX_PRESENT;
        }
        flags
    }
}

impl BodyMass {
    fn read(reader: &mut Reader<'_>, units: ScaleUnits) -> Result<Self, DecodeError> {
        let index = steps(reader.u16("body mass index")?, 1, INDEX_EXPONENT);
        Ok(Self { index, height: units.height(reader.u16("height")?) })
    }
}

impl WeightScaleFeatures {
    /// A value of exactly four octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(WEIGHT_SCALE_FEATURE, octets, 4)?.u32("features").map(Self::from_bits)
    }

    /// The four octets.
    pub fn encode(self) -> Vec<u8> {
        self.bits().to_le_bytes().to_vec()
    }

    /// How finely it weighs, in kilograms.
    pub const fn weight_resolution(self) -> MeasuringStep {
        MeasuringStep::of_mass((self.bits() >> 3 & 0b1111) as u8)
    }

    /// How finely it measures heights, in metres.
    pub const fn height_resolution(self) -> MeasuringStep {
        MeasuringStep::of_height((self.bits() >> 7 & 0b111) as u8)
    }
}

impl MeasuringStep {
    /// The step of a mass: 1 to 7 are 0.5 kg down to 0.005 kg.
    pub(crate) const fn of_mass(code: u8) -> Self {
        Self::Step(match code {
            0 => return Self::NotSpecified,
            1 => Decimal::new(5, -1),
            2 => Decimal::new(2, -1),
            3 => Decimal::new(1, -1),
            4 => Decimal::new(5, -2),
            5 => Decimal::new(2, -2),
            6 => Decimal::new(1, -2),
            7 => Decimal::new(5, -3),
            reserved => return Self::Reserved(reserved),
        })
    }

    /// The step of a height: 1 to 3 are 0.01 m down to 0.001 m.
    pub(crate) const fn of_height(code: u8) -> Self {
        Self::Step(match code {
            0 => return Self::NotSpecified,
            1 => Decimal::new(1, -2),
            2 => Decimal::new(5, -3),
            3 => Decimal::new(1, -3),
            reserved => return Self::Reserved(reserved),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_in_the_order_of_its_flag() {
        let full = [0x0E, 0x9C, 0x37, 0xEA, 0x07, 3, 18, 14, 5, 59, 2, 0xDD, 0, 0xF0, 0x06];
        let measured = WeightMeasurement::decode(&full).unwrap();
        assert_eq!(measured.units, ScaleUnits::Metric);
        assert_eq!(measured.weight.measured(), Some(Decimal::new(71_180, -3)));
        assert_eq!((measured.timestamp.unwrap().second, measured.user), (59, Some(User::Slot(2))));
        let body_mass = BodyMass { index: Decimal::new(221, -1), height: Decimal::new(1776, -3) };
        assert_eq!(measured.body_mass, Some(body_mass));
        assert_eq!(measured.encode().unwrap(), full);
    }

    #[test]
    fn pounds_and_inches_have_other_steps() {
        let measured = WeightMeasurement::decode(&[0x09, 0xCC, 0x3D, 0xDD, 0, 0xBC, 0x02]).unwrap();
        assert_eq!(measured.units.name(), "lb_in");
        assert_eq!(measured.weight.measured(), Some(Decimal::new(15_820, -2)));
        assert_eq!(measured.body_mass.unwrap().height, Decimal::new(700, -1));
    }

    #[test]
    fn a_failed_weighing_is_a_state_and_never_a_weight() {
        let measured = WeightMeasurement::decode(&[0x00, 0xFF, 0xFF]).unwrap();
        assert_eq!(measured.weight, ScaleResult::Unsuccessful);
        let heaviest = ScaleResult::Measured(Decimal::new(327_675, -3));
        assert!(WeightMeasurement { weight: heaviest, ..measured }.encode().is_err());
    }

    #[test]
    fn missing_and_surplus_octets_are_rejected() {
        let kind = |octets: &[u8]| WeightMeasurement::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[]), "truncated");
        assert_eq!(kind(&[0x00, 0xFF]), "truncated");
        assert_eq!(kind(&[0x08, 0, 0, 0, 0, 0]), "truncated");
        assert_eq!(kind(&[0x00, 0, 0, 0]), "trailing_bytes");
        assert!(WeightMeasurement::decode(&[0x10, 0, 0, 0]).is_ok());
    }

    #[test]
    fn a_scale_says_how_finely_it_weighs() {
        let features = WeightScaleFeatures::decode(&[0b1011_1011, 0b01, 0, 0]).unwrap();
        let names: Vec<_> = features.raised().map(WeightScaleFeature::name).collect();
        assert_eq!(names, ["time_stamp", "multi_user"]);
        assert_eq!(features.weight_resolution(), MeasuringStep::Step(Decimal::new(5, -3)));
        assert_eq!(features.height_resolution(), MeasuringStep::Step(Decimal::new(1, -3)));
        let odd = WeightScaleFeatures::from_bits(8 << 3 | 4 << 7);
        assert_eq!(odd.weight_resolution(), MeasuringStep::Reserved(8));
        assert_eq!(odd.height_resolution(), MeasuringStep::Reserved(4));
        assert_eq!(WeightScaleFeatures::default().weight_resolution(), MeasuringStep::NotSpecified);
    }
}
