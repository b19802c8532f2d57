//! Health Thermometer service 0x1809 (Bluetooth SIG): measurements, where they are taken, and how often.
//! Rounding and conversion between degrees are not done here.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;
use bedside_vitals::{DeviceTime, Number, Unit};

/// Temperature Measurement 0x2A1C.
pub const TEMPERATURE_MEASUREMENT: Characteristic = Characteristic::named("Temperature Measurement");
/// Intermediate Temperature 0x2A1E: the same layout, for display only.
pub const INTERMEDIATE_TEMPERATURE: Characteristic = Characteristic::named("Intermediate Temperature");
const TEMPERATURE_TYPE: Characteristic = Characteristic::named("Temperature Type");
const MEASUREMENT_INTERVAL: Characteristic = Characteristic::named("Measurement Interval");

const FAHRENHEIT: u8 = 1;
const TIMESTAMP_PRESENT: u8 = 1 << 1;
const TYPE_PRESENT: u8 = 1 << 2;
const RESERVED: u8 = 0b1111_1000;

/// A temperature as measured, of either characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemperatureMeasurement {
    /// The temperature in `unit`.
    pub temperature: Number,
    /// Degrees of which scale.
    pub unit: TemperatureUnit,
    /// The device's own time of the measurement.
    pub timestamp: Option<DeviceTime>,
    /// Where it was taken.
    pub temperature_type: Option<TemperatureType>,
}

/// Degrees of which scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemperatureUnit {
    /// Degrees Celsius.
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
}

octet_codes! {
    /// Temperature Type 0x2A1D: where a temperature is taken.
    pub enum TemperatureType {
        /// Armpit.
        Armpit = 1 => "armpit",
        /// Body, in general.
        BodyGeneral = 2 => "body_general",
        /// Ear.
        Ear = 3 => "ear",
        /// Finger.
        Finger = 4 => "finger",
        /// Gastro-intestinal tract.
        GastrointestinalTract = 5 => "gastrointestinal_tract",
        /// Mouth.
        Mouth = 6 => "mouth",
        /// Rectum.
        Rectum = 7 => "rectum",
        /// Toe.
        Toe = 8 => "toe",
        /// Ear drum.
        Tympanum = 9 => "tympanum",
    }
}

/// Measurement Interval 0x2A21 in seconds; 0 means no periodic measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MeasurementInterval {
    /// Seconds between measurements.
    pub seconds: u16,
}

impl TemperatureMeasurement {
    /// Reads a value of either layout; `characteristic` is named in errors.
    pub fn decode(characteristic: Characteristic, octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(characteristic, octets);
        let flags = reader.u8("flags")?;
        let unit = if flags & FAHRENHEIT == 0 { TemperatureUnit::Celsius } else { TemperatureUnit::Fahrenheit };
        let temperature = reader.float("temperature")?;
        let timestamp = if flags & TIMESTAMP_PRESENT == 0 { None } else { Some(reader.date_time()?) };
        let temperature_type = if flags & TYPE_PRESENT == 0 {
            None
        } else {
            Some(TemperatureType::from_octet(reader.u8("temperature type")?))
        };
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { temperature, unit, timestamp, temperature_type })
    }

    /// The octets of either layout; `characteristic` is named in errors.
    pub fn encode(&self, characteristic: Characteristic) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(characteristic);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        writer.u8(flag(self.unit == TemperatureUnit::Fahrenheit, FAHRENHEIT)
            | flag(self.timestamp.is_some(), TIMESTAMP_PRESENT)
            | flag(self.temperature_type.is_some(), TYPE_PRESENT));
        writer.float("temperature", self.temperature)?;
        if let Some(time) = self.timestamp {
            writer.date_time(time)?;
        }
        if let Some(temperature_type) = self.temperature_type {
            writer.u8(temperature_type.octet());
        }
        Ok(writer.finish())
    }
}

impl TemperatureUnit {
    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Celsius => "celsius",
            Self::Fahrenheit => "fahrenheit",
        }
    }

    /// The unit as the vocabulary names it.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Celsius => Unit::DegreeCelsius,
            Self::Fahrenheit => Unit::DegreeFahrenheit,
        }
    }
}

impl TemperatureType {
    /// A value of exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(TEMPERATURE_TYPE, octets, 1)?.u8("temperature type").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

impl MeasurementInterval {
    /// A value of exactly two octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(MEASUREMENT_INTERVAL, octets, 2)?.u16("interval").map(|seconds| Self { seconds })
    }

    /// The two octets.
    pub fn encode(self) -> Vec<u8> {
        self.seconds.to_le_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{Decimal, Special};

    fn decode(octets: &[u8]) -> Result<TemperatureMeasurement, DecodeError> {
        TemperatureMeasurement::decode(TEMPERATURE_MEASUREMENT, octets)
    }

    #[test]
    fn every_field_is_read_in_the_order_of_its_flag() {
        let full = [0x06, 0x6E, 0x01, 0x00, 0xFF, 0xEA, 0x07, 3, 18, 14, 5, 59, 2];
        let measured = decode(&full).unwrap();
        assert_eq!(measured.temperature, Number::Value(Decimal::new(366, -1)));
        assert_eq!(measured.unit, TemperatureUnit::Celsius);
        assert_eq!(measured.timestamp.unwrap().year, Some(2026));
        assert_eq!(measured.temperature_type, Some(TemperatureType::BodyGeneral));
    }

    #[test]
    fn a_temperature_in_fahrenheit_says_so() {
        let measured = decode(&[0x01, 0xDA, 0x03, 0x00, 0xFF]).unwrap();
        assert_eq!(
            (measured.unit.unit(), measured.temperature.value()),
            (Unit::DegreeFahrenheit, Some(Decimal::new(986, -1)))
        );
    }

    #[test]
    fn no_result_is_a_state() {
        let measured = decode(&[0x00, 0xFF, 0xFF, 0x7F, 0x00]).unwrap();
        assert_eq!(measured.temperature, Number::Special(Special::NotANumber));
    }

    #[test]
    fn surplus_and_missing_octets_are_rejected() {
        assert_eq!(decode(&[0x00, 0x6E, 0x01, 0x00]).unwrap_err().kind(), "truncated");
        assert_eq!(decode(&[0x04, 0x6E, 0x01, 0x00, 0xFF]).unwrap_err().kind(), "truncated");
        assert_eq!(decode(&[0x00, 0x6E, 0x01, 0x00, 0xFF, 2]).unwrap_err().kind(), "trailing_bytes");
        assert!(decode(&[0x08, 0x6E, 0x01, 0x00, 0xFF, 2]).is_ok());
    }

    #[test]
    fn undefined_types_keep_their_number() {
        assert_eq!(TemperatureType::decode(&[0]), Ok(TemperatureType::Reserved(0)));
        assert_eq!(TemperatureType::decode(&[9]), Ok(TemperatureType::Tympanum));
        assert_eq!(TemperatureType::decode(&[10]).unwrap().name(), "reserved");
    }

    #[test]
    fn an_interval_is_two_octets_of_seconds() {
        assert_eq!(MeasurementInterval::decode(&[0x2C, 0x01]), Ok(MeasurementInterval { seconds: 300 }));
        assert_eq!(MeasurementInterval::decode(&[1]).unwrap_err().kind(), "length");
    }
}
