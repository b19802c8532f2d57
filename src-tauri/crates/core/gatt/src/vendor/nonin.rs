//! The oximetry frame of Nonin's own service (3230, 3150): ten octets a second, most significant octet first.
//! The same devices speak the adopted Pulse Oximeter service too; which one is used is decided by the sessions.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::Decimal;

const OXIMETRY: Characteristic = Characteristic::named("Nonin Oximetry");

const FRAME_LENGTH: u8 = 10;
const SATURATION_MISSING: u8 = 127;
const PULSE_RATE_MISSING: u16 = 511;

/// What to write to the control point when the measurement is done, so that the device may switch off.
pub const COMPLETE_MEASUREMENT: [u8; 4] = [0x62, 0x4E, 0x4D, 0x49];

/// One oximetry frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoninOximetry {
    /// How the measurement goes.
    pub status: NoninStatus,
    /// Battery voltage in tenths of a volt.
    pub battery_decivolts: u8,
    /// Pulse amplitude index, as received.
    pub pulse_amplitude_index: u16,
    /// Counts the frames of a measurement.
    pub counter: u16,
    /// Oxygen saturation in percent; `None` while there is none.
    pub spo2_percent: Option<u8>,
    /// Pulse rate in beats a minute; `None` while there is none.
    pub pulse_rate_bpm: Option<u16>,
}

flag_word! {
    /// How the measurement goes, as received.
    pub struct NoninStatus(u8);
    /// One statement about the measurement.
    pub enum NoninStatement {
        /// The algorithm found a value of high quality.
        SmartPoint = 2 => "smartpoint",
        /// It looks for consecutive pulses.
        Searching = 3 => "searching",
        /// The finger is placed correctly.
        CorrectCheck = 4 => "correct_check",
        /// The battery is low.
        LowBattery = 5 => "low_battery",
        /// The link is encrypted.
        Encrypted = 6 => "encrypted",
    }
}

impl NoninOximetry {
    /// A frame of exactly ten octets, the first of which says so.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(OXIMETRY, octets, usize::from(FRAME_LENGTH))?;
        let length = reader.u8("length")?;
        if length != FRAME_LENGTH {
            return Err(reader.bad_header("the length 10 (0x0A)", length));
        }
        let status = NoninStatus::from_bits(reader.u8("status")?);
        let battery_decivolts = reader.u8("battery voltage")?;
        let pulse_amplitude_index = reader.u16_big_endian("pulse amplitude index")?;
        let counter = reader.u16_big_endian("counter")?;
        let saturation = reader.u8("oxygen saturation")?;
        let pulse_rate = reader.u16_big_endian("pulse rate")?;
        let spo2_percent = (saturation != SATURATION_MISSING).then_some(saturation);
        let pulse_rate_bpm = (pulse_rate != PULSE_RATE_MISSING).then_some(pulse_rate);
        Ok(Self { status, battery_decivolts, pulse_amplitude_index, counter, spo2_percent, pulse_rate_bpm })
    }

    /// The ten octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(OXIMETRY);
        if self.spo2_percent == Some(SATURATION_MISSING) {
            return Err(writer.out_of_range("oxygen saturation", "any number but 127", SATURATION_MISSING));
        }
        if self.pulse_rate_bpm == Some(PULSE_RATE_MISSING) {
            return Err(writer.out_of_range("pulse rate", "any number but 511", PULSE_RATE_MISSING));
        }
        writer.octets(&[FRAME_LENGTH, self.status.bits(), self.battery_decivolts]);
        writer.u16_big_endian(self.pulse_amplitude_index);
        writer.u16_big_endian(self.counter);
        writer.u8(self.spo2_percent.unwrap_or(SATURATION_MISSING));
        writer.u16_big_endian(self.pulse_rate_bpm.unwrap_or(PULSE_RATE_MISSING));
        Ok(writer.finish())
    }

    /// Battery voltage in volt.
    pub const fn battery_volts(&self) -> Decimal {
        Decimal::new(self.battery_decivolts as i64, -1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 10] = [0x0A, 0b0001_0100, 30, 0x01, 0x02, 0x00, 0x2A, 97, 0x00, 72];

    #[test]
    fn fields_are_most_significant_octet_first() {
        let oximetry = NoninOximetry::decode(&FRAME).unwrap();
        assert_eq!((oximetry.pulse_amplitude_index, oximetry.counter), (0x0102, 42));
        assert_eq!((oximetry.spo2_percent, oximetry.pulse_rate_bpm), (Some(97), Some(72)));
        assert_eq!(oximetry.battery_volts(), Decimal::new(30, -1));
        let statements: Vec<_> = oximetry.status.raised().map(NoninStatement::name).collect();
        assert_eq!(statements, ["smartpoint", "correct_check"]);
        assert_eq!(oximetry.encode().unwrap(), FRAME);
    }

    #[test]
    fn a_missing_value_is_none_and_never_its_mark() {
        let oximetry = NoninOximetry::decode(&[0x0A, 8, 30, 0, 0, 0, 1, 127, 0x01, 0xFF]).unwrap();
        assert_eq!((oximetry.spo2_percent, oximetry.pulse_rate_bpm), (None, None));
        assert!(NoninOximetry { spo2_percent: Some(127), ..oximetry }.encode().is_err());
        assert!(NoninOximetry { pulse_rate_bpm: Some(511), ..oximetry }.encode().is_err());
    }

    #[test]
    fn the_first_octet_states_the_length() {
        let mut other = FRAME;
        other[0] = 0x0B;
        assert_eq!(NoninOximetry::decode(&other).unwrap_err().kind(), "bad_header");
        assert_eq!(NoninOximetry::decode(&FRAME[..9]).unwrap_err().kind(), "length");
    }
}
