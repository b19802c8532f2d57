//! Blood Pressure 1.1: Enhanced Blood Pressure Measurement 0x2B34 and Enhanced Intermediate Cuff Pressure 0x2B35.
//! They carry seconds since an epoch in place of a civil time; records of them are in `record.rs`.
use super::{
    MeasurementStatus, PULSE_RATE_PRESENT, PressureUnit, STATUS_PRESENT, TIMESTAMP_PRESENT, USER_PRESENT, User,
};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{BloodPressure, Number, WallTime};

const ENHANCED_MEASUREMENT: Characteristic = Characteristic::named("Enhanced Blood Pressure Measurement");
const ENHANCED_CUFF_PRESSURE: Characteristic = Characteristic::named("Enhanced Intermediate Cuff Pressure");

const USER_FACING_TIME_PRESENT: u8 = 1 << 5;
const EPOCH_2000: u8 = 1 << 6;
const RESERVED: u8 = 1 << 7;

/// Enhanced Blood Pressure Measurement 0x2B34.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedBloodPressureMeasurement {
    /// Systolic pressure in `unit`.
    pub systolic: Number,
    /// Diastolic pressure in `unit`.
    pub diastolic: Number,
    /// Mean arterial pressure in `unit`; often not a number.
    pub mean: Number,
    /// The unit that the pressures share.
    pub unit: PressureUnit,
    /// What the device says beside the pressures.
    pub context: EnhancedContext,
}

/// Enhanced Intermediate Cuff Pressure 0x2B35: the pressure in the cuff at this moment. Never a blood pressure reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedCuffPressure {
    /// Pressure in the cuff in `unit`.
    pub cuff_pressure: Number,
    /// Its unit.
    pub unit: PressureUnit,
    /// What the device says beside the pressure.
    pub context: EnhancedContext,
}

/// What a cuff says beside its pressures; each part but the epoch may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnhancedContext {
    /// Where both times begin.
    pub epoch: Epoch,
    /// The time of the measurement in UTC by the device's clock: seconds since the epoch.
    pub timestamp_seconds: Option<u32>,
    /// Pulse rate in beats a minute.
    pub pulse_rate_bpm: Option<Number>,
    /// Whose measurement it is, by the cuff's own counting.
    pub user: Option<User>,
    /// How the measurement went.
    pub status: Option<MeasurementStatus>,
    /// The time that the device showed its user: seconds since the epoch, without a zone.
    pub user_facing_seconds: Option<u32>,
}

/// Where the seconds of a time begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Epoch {
    /// 1900-01-01T00:00:00.
    #[default]
    Year1900,
    /// 2000-01-01T00:00:00.
    Year2000,
}

impl EnhancedBloodPressureMeasurement {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(ENHANCED_MEASUREMENT, octets);
        let flags = reader.u8("flags")?;
        let systolic = reader.short_float("systolic pressure")?;
        let diastolic = reader.short_float("diastolic pressure")?;
        let mean = reader.short_float("mean arterial pressure")?;
        let context = EnhancedContext::read(&mut reader, flags)?;
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { systolic, diastolic, mean, unit: PressureUnit::from_flags(flags), context })
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(ENHANCED_MEASUREMENT);
        writer.u8(self.unit.flags() | self.context.flags());
        writer.short_float("systolic pressure", self.systolic)?;
        writer.short_float("diastolic pressure", self.diastolic)?;
        writer.short_float("mean arterial pressure", self.mean)?;
        self.context.write(&mut writer)?;
        Ok(writer.finish())
    }

    /// The pressures in the words of the vocabulary.
    pub const fn pressures(&self) -> BloodPressure {
        let Self { systolic, diastolic, mean, unit, .. } = *self;
        BloodPressure { systolic, diastolic, mean, unit: unit.unit() }
    }
}

impl EnhancedCuffPressure {
    /// Reads a value: unlike 0x2A36, it has no unused pressures.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(ENHANCED_CUFF_PRESSURE, octets);
        let flags = reader.u8("flags")?;
        let cuff_pressure = reader.short_float("cuff pressure")?;
        let context = EnhancedContext::read(&mut reader, flags)?;
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { cuff_pressure, unit: PressureUnit::from_flags(flags), context })
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(ENHANCED_CUFF_PRESSURE);
        writer.u8(self.unit.flags() | self.context.flags());
        writer.short_float("cuff pressure", self.cuff_pressure)?;
        self.context.write(&mut writer)?;
        Ok(writer.finish())
    }
}

impl EnhancedContext {
    /// The instant of the measurement by the device's clock.
    pub fn timestamp(&self) -> Option<WallTime> {
        self.timestamp_seconds.map(|seconds| self.epoch.plus_seconds(seconds))
    }

    /// The time that the user saw, as if it were UTC: a base for offsets, not an instant.
    pub fn user_facing_time_as_if_utc(&self) -> Option<WallTime> {
        self.user_facing_seconds.map(|seconds| self.epoch.plus_seconds(seconds))
    }

    fn read(reader: &mut Reader<'_>, flags: u8) -> Result<Self, DecodeError> {
        let mut context = Self { epoch: Epoch::from_flags(flags), ..Self::default() };
        if flags & TIMESTAMP_PRESENT != 0 {
            context.timestamp_seconds = Some(reader.u32("time stamp")?);
        }
        if flags & PULSE_RATE_PRESENT != 0 {
            context.pulse_rate_bpm = Some(reader.short_float("pulse rate")?);
        }
        if flags & USER_PRESENT != 0 {
            context.user = Some(User::from_octet(reader.u8("user id")?));
        }
        if flags & STATUS_PRESENT != 0 {
            context.status = Some(MeasurementStatus::from_bits(reader.u16("measurement status")?));
        }
        if flags & USER_FACING_TIME_PRESENT != 0 {
            context.user_facing_seconds = Some(reader.u32("user-facing time")?);
        }
        Ok(context)
    }

    fn flags(&self) -> u8 {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        flag(self.timestamp_seconds.is_some(), TIMESTAMP_PRESENT)
            | flag(self.pulse_rate_bpm.is_some(), PULSE_RATE_PRESENT)
            | flag(self.user.is_some(), USER_PRESENT)
            | flag(self.status.is_some(), STATUS_PRESENT)
            | flag(self.user_facing_seconds.is_some(), USER_FACING_TIME_PRESENT)
            | flag(self.epoch == Epoch::Year2000, EPOCH_2000)
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        if let Some(seconds) = self.timestamp_seconds {
            writer.u32(seconds);
        }
        if let Some(rate) = self.pulse_rate_bpm {
            writer.short_float("pulse rate", rate)?;
        }
        if let Some(user) = self.user {
            writer.user(user)?;
        }
        if let Some(status) = self.status {
            writer.u16(status.bits());
        }
        if let Some(seconds) = self.user_facing_seconds {
            writer.u32(seconds);
        }
        Ok(())
    }
}

impl Epoch {
    const fn from_flags(flags: u8) -> Self {
        if flags & EPOCH_2000 == 0 { Self::Year1900 } else { Self::Year2000 }
    }

    /// The year in which the seconds begin, as the table of names writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year1900 => "1900",
            Self::Year2000 => "2000",
        }
    }

    /// The instant so many seconds after the epoch.
    pub fn plus_seconds(self, seconds: u32) -> WallTime {
        let start = match self {
            Self::Year1900 => WallTime(-2_208_988_800_000),
            Self::Year2000 => WallTime(946_684_800_000),
        };
        start.plus_millis(i64::from(seconds) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::Decimal;

    fn whole(number: i64) -> Number {
        Number::Value(Decimal::whole(number))
    }

    /// 2026-03-18T14:05:59Z and an hour later, seconds since 2000.
    const FULL: [u8; 20] =
        [0x7E, 120, 0, 80, 0, 93, 0, 0xC7, 0x6D, 0x4D, 0x31, 72, 0, 1, 0b100, 0, 0xD7, 0x7B, 0x4D, 0x31];

    #[test]
    fn every_field_is_read_in_its_order_and_the_user_facing_time_comes_last() {
        let measured = EnhancedBloodPressureMeasurement::decode(&FULL).unwrap();
        assert_eq!((measured.systolic, measured.diastolic, measured.mean), (whole(120), whole(80), whole(93)));
        let context = measured.context;
        assert_eq!((context.pulse_rate_bpm, context.user), (Some(whole(72)), Some(User::Slot(1))));
        assert_eq!(context.status.unwrap().bits(), 0b100);
        assert_eq!(context.timestamp(), Some(WallTime(1_773_842_759_000)));
        assert_eq!(context.user_facing_time_as_if_utc(), Some(WallTime(1_773_846_359_000)));
        assert_eq!(measured.encode().unwrap(), FULL);
    }

    #[test]
    fn both_epochs_have_their_instant() {
        assert_eq!(alloc::format!("{}", Epoch::Year1900.plus_seconds(0)), "1900-01-01T00:00:00.000Z");
        assert_eq!(alloc::format!("{}", Epoch::Year2000.plus_seconds(0)), "2000-01-01T00:00:00.000Z");
        assert_eq!(alloc::format!("{}", Epoch::Year1900.plus_seconds(u32::MAX)), "2036-02-07T06:28:15.000Z");
    }

    #[test]
    fn an_inflating_cuff_sends_one_pressure() {
        let measured = EnhancedCuffPressure::decode(&[0x05, 0xA0, 0xF0, 70, 0]).unwrap();
        assert_eq!(measured.cuff_pressure, Number::Value(Decimal::new(160, -1)));
        assert_eq!(measured.unit, PressureUnit::Kilopascal);
        assert_eq!(measured.context.pulse_rate_bpm, Some(whole(70)));
        assert_eq!(measured.context.epoch, Epoch::Year1900);
    }

    #[test]
    fn missing_and_surplus_octets_are_rejected() {
        let kind = |octets: &[u8]| EnhancedBloodPressureMeasurement::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&FULL[..19]), "truncated");
        assert_eq!(kind(&[&FULL[..], &[0]].concat()), "trailing_bytes");
        assert_eq!(EnhancedCuffPressure::decode(&[0, 0]).unwrap_err().kind(), "truncated");
        assert!(EnhancedCuffPressure::decode(&[0x80, 0, 0, 0]).is_ok());
    }
}
