//! The frame of Yonker blood-pressure cuffs, found by observation: pressures and the cuff's own minute.
//! Five of its octets have no known meaning; nothing is read from them.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{BloodPressure, Decimal, DeviceTime, Number, Special, Unit};

const FRAME: Characteristic = Characteristic::named("Yonker Blood Pressure");

const FRAME_LENGTH: usize = 15;
const HEADER: u8 = 0x81;
const FIRST_YEAR: u16 = 2000;

/// One measurement. The unit is always mmHg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct YonkerMeasurement {
    /// Systolic pressure in mmHg.
    pub systolic: u8,
    /// Diastolic pressure in mmHg.
    pub diastolic: u8,
    /// Pulse rate in beats a minute.
    pub pulse_rate_bpm: u8,
    /// The cuff's own time, to the minute; its second is always 0.
    pub timestamp: DeviceTime,
}

impl YonkerMeasurement {
    /// A frame of exactly fifteen octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(FRAME, octets, FRAME_LENGTH)?;
        let header = reader.u8("header")?;
        if header != HEADER {
            return Err(reader.bad_header("a measurement (0x81)", header));
        }
        let systolic = reader.u8("systolic pressure")?;
        let diastolic = reader.u8("diastolic pressure")?;
        let pulse_rate_bpm = reader.u8("pulse rate")?;
        reader.take("octets without known meaning", 2)?;
        let day = at_most(&mut reader, "day", 31, "0 to 31")?;
        let month = at_most(&mut reader, "month", 12, "0 to 12")?;
        let year = FIRST_YEAR + u16::from(reader.u8("year")?);
        let hour = at_most(&mut reader, "hours", 23, "0 to 23")?;
        let minute = at_most(&mut reader, "minutes", 59, "0 to 59")?;
        let known = |part: u8| (part != 0).then_some(part);
        let timestamp = DeviceTime { year: Some(year), month: known(month), day: known(day), hour, minute, second: 0 };
        Ok(Self { systolic, diastolic, pulse_rate_bpm, timestamp })
    }

    /// The fifteen octets, 0 where no meaning is known.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(FRAME);
        let DeviceTime { year, month, day, hour, minute, second } = self.timestamp;
        let year = year.unwrap_or(0);
        let Some(year) = year.checked_sub(FIRST_YEAR).and_then(|year| u8::try_from(year).ok()) else {
            return Err(writer.out_of_range("year", "2000 to 2255", year));
        };
        let parts = [
            ("day", day.unwrap_or(0), 31, "1 to 31", day == Some(0)),
            ("month", month.unwrap_or(0), 12, "1 to 12", month == Some(0)),
            ("hours", hour, 23, "0 to 23", false),
            ("minutes", minute, 59, "0 to 59", false),
            ("seconds", second, 0, "0, which is not sent", false),
        ];
        for (field, part, most, range, known_zero) in parts {
            if part > most || known_zero {
                return Err(writer.out_of_range(field, range, part));
            }
        }
        writer.octets(&[HEADER, self.systolic, self.diastolic, self.pulse_rate_bpm, 0, 0]);
        writer.octets(&[day.unwrap_or(0), month.unwrap_or(0), year, hour, minute, 0, 0, 0, 0]);
        Ok(writer.finish())
    }

    /// The pressures in the words of the vocabulary; the cuff sends no mean.
    pub const fn pressures(&self) -> BloodPressure {
        BloodPressure {
            systolic: Number::Value(Decimal::whole(self.systolic as i64)),
            diastolic: Number::Value(Decimal::whole(self.diastolic as i64)),
            mean: Number::Special(Special::NotANumber),
            unit: Unit::MillimetreOfMercury,
        }
    }
}

fn at_most(reader: &mut Reader<'_>, field: &'static str, most: u8, range: &'static str) -> Result<u8, DecodeError> {
    let part = reader.u8(field)?;
    if part > most { Err(reader.out_of_range(field, 1, range, part)) } else { Ok(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: [u8; 15] = [0x81, 128, 84, 71, 0, 0, 18, 3, 26, 14, 5, 0, 0, 0, 0];

    #[test]
    fn pressures_pulse_and_minute_stand_at_their_places() {
        let measured = YonkerMeasurement::decode(&MEASURED).unwrap();
        assert_eq!((measured.systolic, measured.diastolic, measured.pulse_rate_bpm), (128, 84, 71));
        let minute = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 5, second: 0 };
        assert_eq!(measured.timestamp, minute);
        assert_eq!(measured.encode().unwrap(), MEASURED);
    }

    #[test]
    fn a_frame_of_another_kind_or_size_is_rejected() {
        let mut other = MEASURED;
        other[0] = 0x82;
        assert_eq!(YonkerMeasurement::decode(&other).unwrap_err().kind(), "bad_header");
        assert_eq!(YonkerMeasurement::decode(&MEASURED[..14]).unwrap_err().kind(), "length");
    }

    #[test]
    fn a_time_outside_its_range_is_named() {
        for (offset, octet, part) in [(6, 32, "day"), (7, 13, "month"), (9, 24, "hours"), (10, 60, "minutes")] {
            let mut wrong = MEASURED;
            wrong[offset] = octet;
            let error = YonkerMeasurement::decode(&wrong).unwrap_err();
            assert!(
                matches!(error, DecodeError::OutOfRange { field, offset: at, .. } if field == part && at == offset)
            );
        }
    }

    #[test]
    fn a_time_that_would_read_back_differently_is_not_encoded() {
        let measured = YonkerMeasurement::decode(&MEASURED).unwrap();
        for timestamp in [
            DeviceTime { year: None, ..measured.timestamp },
            DeviceTime { year: Some(1999), ..measured.timestamp },
            DeviceTime { month: Some(0), ..measured.timestamp },
            DeviceTime { second: 1, ..measured.timestamp },
        ] {
            assert!(YonkerMeasurement { timestamp, ..measured }.encode().is_err());
        }
    }
}
