//! Body Composition service 0x181B (Bluetooth SIG): one measurement, the joining of its two packets, features.
//! Whose body it is and whether the numbers are plausible is not decided here.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::scale_units::{UNSUCCESSFUL, steps};
use crate::user_data::User;
use crate::weight_scale::MeasuringStep;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{Decimal, DeviceTime};

pub use crate::scale_units::{ScaleResult, ScaleUnits};
pub use join::{BodyCompositionJoin, Joined};

mod join;

const BODY_COMPOSITION_MEASUREMENT: Characteristic = Characteristic::named("Body Composition Measurement");
const BODY_COMPOSITION_FEATURE: Characteristic = Characteristic::named("Body Composition Feature");

const IMPERIAL: u16 = 1;
const TIMESTAMP_PRESENT: u16 = 1 << 1;
const USER_PRESENT: u16 = 1 << 2;
const BASAL_METABOLISM_PRESENT: u16 = 1 << 3;
const MUSCLE_PERCENT_PRESENT: u16 = 1 << 4;
const MUSCLE_MASS_PRESENT: u16 = 1 << 5;
const FAT_FREE_MASS_PRESENT: u16 = 1 << 6;
const SOFT_LEAN_MASS_PRESENT: u16 = 1 << 7;
const BODY_WATER_MASS_PRESENT: u16 = 1 << 8;
const IMPEDANCE_PRESENT: u16 = 1 << 9;
const WEIGHT_PRESENT: u16 = 1 << 10;
const HEIGHT_PRESENT: u16 = 1 << 11;
const MULTIPLE_PACKET: u16 = 1 << 12;
const RESERVED: u16 = 0b1110_0000_0000_0000;

const TENTHS: i8 = -1;

/// Body Composition Measurement 0x2A9C, or one of its two packets. Masses are in steps of 0.005 kg or 0.01 lb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyCompositionMeasurement {
    /// The units of masses and height.
    pub units: ScaleUnits,
    /// Body fat in percent, in steps of 0.1.
    pub body_fat_percent: ScaleResult,
    /// The device's own time of the measurement.
    pub timestamp: Option<DeviceTime>,
    /// Whose measurement it is, by the scale's own counting.
    pub user: Option<User>,
    /// Basal metabolism in kilojoules.
    pub basal_metabolism_kj: Option<u16>,
    /// Muscle in percent, in steps of 0.1.
    pub muscle_percent: Option<Decimal>,
    /// Mass of the muscles.
    pub muscle_mass: Option<Decimal>,
    /// Mass without fat.
    pub fat_free_mass: Option<Decimal>,
    /// Mass without fat and bone.
    pub soft_lean_mass: Option<Decimal>,
    /// Mass of the body's water.
    pub body_water_mass: Option<Decimal>,
    /// Impedance in ohm, in steps of 0.1.
    pub impedance_ohm: Option<Decimal>,
    /// Weight.
    pub weight: Option<Decimal>,
    /// Height, in steps of 0.001 m or 0.1 in.
    pub height: Option<Decimal>,
    /// Two packets make this measurement.
    pub multiple_packet: bool,
}

flag_word! {
    /// Body Composition Feature 0x2A9B, as received; bits 11 to 17 are its resolutions.
    pub struct BodyCompositionFeatures(u32);
    /// One feature of a body composition scale: mostly which fields it sends.
    pub enum BodyCompositionFeature {
        /// The time of a measurement.
        Time = 0 => "time",
        /// Knows more than one user.
        Users = 1 => "users",
        /// Basal metabolism.
        BasalMetabolism = 2 => "basal_metabolism",
        /// Muscle percentage.
        MusclePercent = 3 => "muscle_percent",
        /// Muscle mass.
        MuscleMass = 4 => "muscle_mass",
        /// Fat-free mass.
        FatFreeMass = 5 => "fat_free_mass",
        /// Soft lean mass.
        SoftLeanMass = 6 => "soft_lean_mass",
        /// Mass of the body's water.
        Water = 7 => "water",
        /// Impedance.
        Impedance = 8 => "impedance",
        /// Weight.
        Weight = 9 => "weight",
        /// Height.
        Height = 10 => "height",
    }
}

impl BodyCompositionMeasurement {
    /// A measurement of nothing but body fat, to be filled.
    pub const fn of_body_fat(units: ScaleUnits, body_fat_percent: ScaleResult) -> Self {
        Self {
            units,
            body_fat_percent,
            timestamp: None,
            user: None,
            basal_metabolism_kj: None,
            muscle_percent: None,
            muscle_mass: None,
            fat_free_mass: None,
            soft_lean_mass: None,
            body_water_mass: None,
            impedance_ohm: None,
            weight: None,
            height: None,
            multiple_packet: false,
        }
    }

    /// Reads one packet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(BODY_COMPOSITION_MEASUREMENT, octets);
        let flags = reader.u16("flags")?;
        let units = ScaleUnits::from_flag(flags & IMPERIAL != 0);
        let body_fat_percent = match reader.u16("body fat percentage")? {
            UNSUCCESSFUL => ScaleResult::Unsuccessful,
            raw => ScaleResult::Measured(steps(raw, 1, TENTHS)),
        };
        let mut measured = Self::of_body_fat(units, body_fat_percent);
        measured.multiple_packet = flags & MULTIPLE_PACKET != 0;
        if flags & TIMESTAMP_PRESENT != 0 {
            measured.timestamp = Some(reader.date_time()?);
        }
        if flags & USER_PRESENT != 0 {
            measured.user = Some(User::from_octet(reader.u8("user id")?));
        }
        let mut optional = |flag: u16, name| (flags & flag != 0).then(|| reader.u16(name)).transpose();
        let tenths = |raw| steps(raw, 1, TENTHS);
        let mass = |raw| units.mass(raw);
        measured.basal_metabolism_kj = optional(BASAL_METABOLISM_PRESENT, "basal metabolism")?;
        measured.muscle_percent = optional(MUSCLE_PERCENT_PRESENT, "muscle percentage")?.map(tenths);
        measured.muscle_mass = optional(MUSCLE_MASS_PRESENT, "muscle mass")?.map(mass);
        measured.fat_free_mass = optional(FAT_FREE_MASS_PRESENT, "fat-free mass")?.map(mass);
        measured.soft_lean_mass = optional(SOFT_LEAN_MASS_PRESENT, "soft lean mass")?.map(mass);
        measured.body_water_mass = optional(BODY_WATER_MASS_PRESENT, "body water mass")?.map(mass);
        measured.impedance_ohm = optional(IMPEDANCE_PRESENT, "impedance")?.map(tenths);
        measured.weight = optional(WEIGHT_PRESENT, "weight")?.map(mass);
        measured.height = optional(HEIGHT_PRESENT, "height")?.map(|raw| units.height(raw));
        reader.finish(flags & RESERVED != 0)?;
        Ok(measured)
    }

    /// The octets; an error when a number lies between two steps.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(BODY_COMPOSITION_MEASUREMENT);
        writer.u16(self.flags());
        writer.result("body fat percentage", self.body_fat_percent, (1, TENTHS))?;
        if let Some(time) = self.timestamp {
            writer.date_time(time)?;
        }
        if let Some(user) = self.user {
            writer.user(user)?;
        }
        if let Some(kilojoules) = self.basal_metabolism_kj {
            writer.u16(kilojoules);
        }
        if let Some(percent) = self.muscle_percent {
            writer.steps("muscle percentage", percent, 1, TENTHS)?;
        }
        let masses = [
            ("muscle mass", self.muscle_mass),
            ("fat-free mass", self.fat_free_mass),
            ("soft lean mass", self.soft_lean_mass),
            ("body water mass", self.body_water_mass),
        ];
        for (field, mass) in masses {
            if let Some(mass) = mass {
                writer.mass(field, self.units, mass)?;
            }
        }
        if let Some(ohm) = self.impedance_ohm {
            writer.steps("impedance", ohm, 1, TENTHS)?;
        }
        if let Some(weight) = self.weight {
            writer.mass("weight", self.units, weight)?;
        }
        if let Some(height) = self.height {
            writer.height(self.units, height)?;
        }
        Ok(writer.finish())
    }

    fn flags(&self) -> u16 {
        let present = [
            (IMPERIAL, self.units == ScaleUnits::Imperial),
            (TIMESTAMP_PRESENT, self.timestamp.is_some()),
            (USER_PRESENT, self.user.is_some()),
            (BASAL_METABOLISM_PRESENT, self.basal_metabolism_kj.is_some()),
            (MUSCLE_PERCENT_PRESENT, self.muscle_percent.is_some()),
            (MUSCLE_MASS_PRESENT, self.muscle_mass.is_some()),
            (FAT_FREE_MASS_PRESENT, self.fat_free_mass.is_some()),
            (SOFT_LEAN_MASS_PRESENT, self.soft_lean_mass.is_some()),
            (BODY_WATER_MASS_PRESENT, self.body_water_mass.is_some()),
            (IMPEDANCE_PRESENT, self.impedance_ohm.is_some()),
            (WEIGHT_PRESENT, self.weight.is_some()),
            (HEIGHT_PRESENT, self.height.is_some()),
            (MULTIPLE_PACKET, self.multiple_packet),
        ];
        present.into_iter().filter(|(_, present)| *present).fold(0, |flags, (flag, _)| flags | flag)
    }
}

impl BodyCompositionFeatures {
    /// A value of exactly four octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(BODY_COMPOSITION_FEATURE, octets, 4)?.u32("features").map(Self::from_bits)
    }

    /// The four octets.
    pub fn encode(self) -> Vec<u8> {
        self.bits().to_le_bytes().to_vec()
    }

    /// How finely it measures masses, in kilograms.
    pub const fn mass_resolution(self) -> MeasuringStep {
        MeasuringStep::of_mass((self.bits() >> 11 & 0b1111) as u8)
    }

    /// How finely it measures heights, in metres.
    pub const fn height_resolution(self) -> MeasuringStep {
        MeasuringStep::of_height((self.bits() >> 15 & 0b111) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_in_the_order_of_its_flag() {
        let full = [
            0xFE, 0x0F, 0xEB, 0, 0xEA, 0x07, 3, 18, 14, 5, 59, 1, 0x88, 0x13, 0x9A, 0x01, 0x70, 0x17, 0x40, 0x1F, 0x58,
            0x1B, 0x10, 0x0E, 0x92, 0x13, 0xB0, 0x36, 0xF0, 0x06,
        ];
        let measured = BodyCompositionMeasurement::decode(&full).unwrap();
        assert_eq!(measured.body_fat_percent.measured(), Some(Decimal::new(235, -1)));
        assert_eq!((measured.timestamp.unwrap().hour, measured.user), (14, Some(User::Slot(1))));
        assert_eq!(measured.basal_metabolism_kj, Some(5000));
        assert_eq!(measured.muscle_percent, Some(Decimal::new(410, -1)));
        assert_eq!(measured.muscle_mass, Some(Decimal::new(30_000, -3)));
        assert_eq!(measured.fat_free_mass, Some(Decimal::new(40_000, -3)));
        assert_eq!(measured.soft_lean_mass, Some(Decimal::new(35_000, -3)));
        assert_eq!(measured.body_water_mass, Some(Decimal::new(18_000, -3)));
        assert_eq!(measured.impedance_ohm, Some(Decimal::new(5010, -1)), "tenths of an ohm");
        assert_eq!(measured.weight, Some(Decimal::new(70_000, -3)));
        assert_eq!(measured.height, Some(Decimal::new(1776, -3)));
        assert!(!measured.multiple_packet);
        assert_eq!(measured.encode().unwrap(), full);
    }

    #[test]
    fn a_failed_measurement_is_a_state_and_never_a_percentage() {
        let failed = BodyCompositionMeasurement::decode(&[0, 0, 0xFF, 0xFF]).unwrap();
        assert_eq!(failed.body_fat_percent, ScaleResult::Unsuccessful);
    }

    #[test]
    fn missing_and_surplus_octets_are_rejected() {
        let kind = |octets: &[u8]| BodyCompositionMeasurement::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[0]), "truncated");
        assert_eq!(kind(&[0, 0, 1]), "truncated");
        assert_eq!(kind(&[0, 2, 1, 0, 1]), "truncated");
        assert_eq!(kind(&[0, 0, 1, 0, 1]), "trailing_bytes");
        assert!(BodyCompositionMeasurement::decode(&[0, 0x20, 1, 0, 1]).is_ok());
    }

    #[test]
    fn features_name_fields_and_how_finely_they_are_measured() {
        let bits: u32 = 0b11 | 1 << 8 | 7 << 11 | 2 << 15;
        let features = BodyCompositionFeatures::decode(&bits.to_le_bytes()).unwrap();
        let names: Vec<_> = features.raised().map(BodyCompositionFeature::name).collect();
        assert_eq!(names, ["time", "users", "impedance"]);
        assert_eq!(features.mass_resolution(), MeasuringStep::Step(Decimal::new(5, -3)));
        assert_eq!(features.height_resolution(), MeasuringStep::Step(Decimal::new(5, -3)));
    }
}
