//! Blood Pressure service 0x1810 (Bluetooth SIG): measurements, cuff pressure while inflating, features.
//! Downloading stored readings, user confirmation and plausibility belong to sessions and console.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{BloodPressure, DeviceTime, Number, Special, Unit};

pub use crate::user_data::User;
pub use enhanced::{EnhancedBloodPressureMeasurement, EnhancedContext, EnhancedCuffPressure, Epoch};
pub use record::{BloodPressureRecord, RecordHead, RecordJoiner, RecordOutcome, RecordSegment, RecordedValue};

mod enhanced;
mod record;

const BLOOD_PRESSURE_MEASUREMENT: Characteristic = Characteristic::named("Blood Pressure Measurement");
const INTERMEDIATE_CUFF_PRESSURE: Characteristic = Characteristic::named("Intermediate Cuff Pressure");
const BLOOD_PRESSURE_FEATURE: Characteristic = Characteristic::named("Blood Pressure Feature");

const KILOPASCAL: u8 = 1;
const TIMESTAMP_PRESENT: u8 = 1 << 1;
const PULSE_RATE_PRESENT: u8 = 1 << 2;
const USER_PRESENT: u8 = 1 << 3;
const STATUS_PRESENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
/// The reserved flag that Beurer cuffs set.
const BEURER_FLAG: u8 = 1 << 6;
const NOT_A_NUMBER: Number = Number::Special(Special::NotANumber);

/// Blood Pressure Measurement 0x2A35.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BloodPressureMeasurement {
    /// Systolic pressure in `unit`.
    pub systolic: Number,
    /// Diastolic pressure in `unit`.
    pub diastolic: Number,
    /// Mean arterial pressure in `unit`; often not a number.
    pub mean: Number,
    /// The unit that the pressures share.
    pub unit: PressureUnit,
    /// What the device says beside the pressures.
    pub context: PressureContext,
}

/// Intermediate Cuff Pressure 0x2A36: the pressure in the cuff at this moment. Never a blood pressure reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntermediateCuffPressure {
    /// Pressure in the cuff in `unit`.
    pub cuff_pressure: Number,
    /// Its unit.
    pub unit: PressureUnit,
    /// What the device says beside the pressure.
    pub context: PressureContext,
}

/// What a cuff says beside its pressures; each part may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PressureContext {
    /// The device's own time of the measurement.
    pub timestamp: Option<DeviceTime>,
    /// Pulse rate in beats a minute.
    pub pulse_rate_bpm: Option<Number>,
    /// Whose measurement it is, by the cuff's own counting.
    pub user: Option<User>,
    /// How the measurement went.
    pub status: Option<MeasurementStatus>,
}

/// The unit that the pressures of one value share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PressureUnit {
    /// Millimetres of mercury.
    MillimetreOfMercury,
    /// Kilopascal.
    Kilopascal,
}

flag_word! {
    /// How a measurement went, as received: four flags and, in bits 3 and 4, the range of the pulse rate.
    pub struct MeasurementStatus(u16);
    /// One finding about a measurement.
    pub enum MeasurementFinding {
        /// The person moved.
        BodyMovement = 0 => "body_movement",
        /// The cuff is too loose.
        CuffTooLoose = 1 => "cuff_too_loose",
        /// The pulse was irregular.
        IrregularPulse = 2 => "irregular_pulse",
        /// The position was improper.
        ImproperPosition = 5 => "improper_position",
    }
}

/// Where the pulse rate lies against the range of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PulseRateRange {
    /// Within it.
    InRange,
    /// Above its upper limit.
    AboveUpperLimit,
    /// Below its lower limit.
    BelowLowerLimit,
    /// The code 3, which has no meaning yet.
    Reserved,
}

flag_word! {
    /// Blood Pressure Feature 0x2A49, as received.
    pub struct BloodPressureFeatures(u16);
    /// One feature of a cuff.
    pub enum BloodPressureFeature {
        /// Detects body movement.
        BodyMovement = 0 => "body_movement",
        /// Detects the fit of the cuff.
        CuffFit = 1 => "cuff_fit",
        /// Detects an irregular pulse.
        IrregularPulse = 2 => "irregular_pulse",
        /// Detects a pulse rate outside its range.
        PulseRange = 3 => "pulse_range",
        /// Detects an improper position.
        Position = 4 => "position",
        /// Keeps more than one bond.
        MultipleBonds = 5 => "multiple_bonds",
        /// Adds a check sum to its values.
        EndToEndCheckSum = 6 => "e2e_crc",
        /// Has the User Data service.
        UserDataService = 7 => "user_data_service",
        /// Sends the time that its user sees.
        UserFacingTime = 8 => "user_facing_time",
    }
}

/// How a cuff lays out its measurement. Chosen by the model's name alone, never by looking at the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As the service says.
    #[default]
    Standard,
    /// Beurer BM85 and relatives: pulse rate and status most significant octet first, and a user octet that is
    /// always present though its flag is clear.
    BeurerBigEndian,
}

impl Dialect {
    /// The dialect of a quirk's name, as quirk tables and `bedsidectl decode --quirk` write it.
    pub fn of_quirk(name: &str) -> Option<Self> {
        (name == "beurer_be").then_some(Self::BeurerBigEndian)
    }
}

impl BloodPressureMeasurement {
    /// Reads a value in the layout of the service.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_in(Dialect::Standard, octets)
    }

    /// Reads a value of a device known to use `dialect`.
    pub fn decode_in(dialect: Dialect, octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(BLOOD_PRESSURE_MEASUREMENT, octets);
        let flags = reader.u8("flags")?;
        let systolic = reader.short_float("systolic pressure")?;
        let diastolic = reader.short_float("diastolic pressure")?;
        let mean = reader.short_float("mean arterial pressure")?;
        let context = PressureContext::read(&mut reader, flags, dialect)?;
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { systolic, diastolic, mean, unit: PressureUnit::from_flags(flags), context })
    }

    /// The octets in the layout of the service.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_in(Dialect::Standard)
    }

    /// The octets as a device of `dialect` sends them.
    pub fn encode_in(&self, dialect: Dialect) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(BLOOD_PRESSURE_MEASUREMENT);
        writer.u8(self.unit.flags() | self.context.flags(dialect));
        writer.short_float("systolic pressure", self.systolic)?;
        writer.short_float("diastolic pressure", self.diastolic)?;
        writer.short_float("mean arterial pressure", self.mean)?;
        self.context.write(&mut writer, dialect)?;
        Ok(writer.finish())
    }

    /// The pressures in the words of the vocabulary.
    pub const fn pressures(&self) -> BloodPressure {
        let Self { systolic, diastolic, mean, unit, .. } = *self;
        BloodPressure { systolic, diastolic, mean, unit: unit.unit() }
    }
}

impl IntermediateCuffPressure {
    /// Reads a value; the two numbers after the cuff pressure have no use and are passed over.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(INTERMEDIATE_CUFF_PRESSURE, octets);
        let flags = reader.u8("flags")?;
        let cuff_pressure = reader.short_float("cuff pressure")?;
        reader.take("unused pressures", 4)?;
        let context = PressureContext::read(&mut reader, flags, Dialect::Standard)?;
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { cuff_pressure, unit: PressureUnit::from_flags(flags), context })
    }

    /// The octets; the unused numbers are NaN, as the service says.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(INTERMEDIATE_CUFF_PRESSURE);
        writer.u8(self.unit.flags() | self.context.flags(Dialect::Standard));
        for (field, number) in
            [("cuff pressure", self.cuff_pressure), ("unused", NOT_A_NUMBER), ("unused", NOT_A_NUMBER)]
        {
            writer.short_float(field, number)?;
        }
        self.context.write(&mut writer, Dialect::Standard)?;
        Ok(writer.finish())
    }
}

impl PressureContext {
    fn read(reader: &mut Reader<'_>, flags: u8, dialect: Dialect) -> Result<Self, DecodeError> {
        let beurer = dialect == Dialect::BeurerBigEndian;
        let word = |reader: &mut Reader<'_>, field| {
            if beurer { reader.u16_big_endian(field) } else { reader.u16(field) }
        };
        let mut context = Self::default();
        if flags & TIMESTAMP_PRESENT != 0 {
            context.timestamp = Some(reader.date_time()?);
        }
        if flags & PULSE_RATE_PRESENT != 0 {
            let raw = word(reader, "pulse rate")?;
            context.pulse_rate_bpm = Some(crate::medical_float::short_float_from_raw(raw));
        }
        if flags & USER_PRESENT != 0 || beurer {
            context.user = Some(User::from_octet(reader.u8("user id")?));
        }
        if flags & STATUS_PRESENT != 0 {
            context.status = Some(MeasurementStatus::from_bits(word(reader, "measurement status")?));
        }
        Ok(context)
    }

    fn flags(&self, dialect: Dialect) -> u8 {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let user = match dialect {
            Dialect::Standard => flag(self.user.is_some(), USER_PRESENT),
            Dialect::BeurerBigEndian => BEURER_FLAG,
        };
        user | flag(self.timestamp.is_some(), TIMESTAMP_PRESENT)
            | flag(self.pulse_rate_bpm.is_some(), PULSE_RATE_PRESENT)
            | flag(self.status.is_some(), STATUS_PRESENT)
    }

    fn write(&self, writer: &mut Writer, dialect: Dialect) -> Result<(), EncodeError> {
        let beurer = dialect == Dialect::BeurerBigEndian;
        let word = |writer: &mut Writer, value| {
            if beurer { writer.u16_big_endian(value) } else { writer.u16(value) }
        };
        if let Some(time) = self.timestamp {
            writer.date_time(time)?;
        }
        if let Some(rate) = self.pulse_rate_bpm {
            let raw = crate::medical_float::short_float_to_raw(rate);
            word(writer, raw.ok_or_else(|| writer.inexact("pulse rate", rate))?);
        }
        match self.user {
            Some(user) => writer.user(user)?,
            None if beurer => writer.user(User::Unknown)?,
            None => {}
        }
        if let Some(status) = self.status {
            word(writer, status.bits());
        }
        Ok(())
    }
}

impl PressureUnit {
    const fn from_flags(flags: u8) -> Self {
        if flags & KILOPASCAL == 0 { Self::MillimetreOfMercury } else { Self::Kilopascal }
    }

    const fn flags(self) -> u8 {
        match self {
            Self::MillimetreOfMercury => 0,
            Self::Kilopascal => KILOPASCAL,
        }
    }

    /// The unit in the words of the vocabulary.
    pub const fn unit(self) -> Unit {
        match self {
            Self::MillimetreOfMercury => Unit::MillimetreOfMercury,
            Self::Kilopascal => Unit::Kilopascal,
        }
    }
}

impl MeasurementStatus {
    /// Where the pulse rate lies against the range of the device.
    pub const fn pulse_rate_range(self) -> PulseRateRange {
        match self.bits() >> 3 & 3 {
            0 => PulseRateRange::InRange,
            1 => PulseRateRange::AboveUpperLimit,
            2 => PulseRateRange::BelowLowerLimit,
            _ => PulseRateRange::Reserved,
        }
    }
}

impl PulseRateRange {
    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InRange => "in_range",
            Self::AboveUpperLimit => "above_upper_limit",
            Self::BelowLowerLimit => "below_lower_limit",
            Self::Reserved => "reserved",
        }
    }
}

impl BloodPressureFeatures {
    /// A value of exactly two octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(BLOOD_PRESSURE_FEATURE, octets, 2)?.u16("features").map(Self::from_bits)
    }

    /// The two octets.
    pub fn encode(self) -> Vec<u8> {
        self.bits().to_le_bytes().to_vec()
    }
}

#[cfg(test)]
#[path = "blood_pressure_tests.rs"]
mod tests;
