//! Date Time 0x2A08 (GATT Specification Supplement): the device's own civil time, seven octets.
//! No zone and no calendar: an impossible date such as 31 February is kept as it was sent.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::DeviceTime;

/// Date Time 0x2A08.
pub const DATE_TIME: Characteristic = Characteristic::named("Date Time");

/// A Date Time of exactly seven octets. Year, month and day may each be unknown (0).
pub fn decode(octets: &[u8]) -> Result<DeviceTime, DecodeError> {
    Reader::fixed(DATE_TIME, octets, 7)?.date_time()
}

/// The seven octets of a Date Time; unknown parts become 0.
pub fn encode(time: DeviceTime) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(DATE_TIME);
    writer.date_time(time)?;
    Ok(writer.finish())
}

/// Year, month and day, each of which may be unknown.
pub(crate) struct Date {
    pub(crate) year: Option<u16>,
    pub(crate) month: Option<u8>,
    pub(crate) day: Option<u8>,
}

const YEARS: &str = "0 or 1582 to 9999";
const MONTHS: &str = "0 to 12";
const DAYS: &str = "0 to 31";
const HOURS: &str = "0 to 23";
const SIXTIETHS: &str = "0 to 59";

impl Reader<'_> {
    /// A Date Time field.
    pub(crate) fn date_time(&mut self) -> Result<DeviceTime, DecodeError> {
        if self.remaining() < 7 {
            return Err(self.truncated("date and time", 7));
        }
        let Date { year, month, day } = self.date()?;
        let hour = self.at_most("hours", 23, HOURS)?;
        let minute = self.at_most("minutes", 59, SIXTIETHS)?;
        let second = self.at_most("seconds", 59, SIXTIETHS)?;
        Ok(DeviceTime { year, month, day, hour, minute, second })
    }

    /// Year, month and day of four octets, each of which may be unknown (0).
    pub(crate) fn date(&mut self) -> Result<Date, DecodeError> {
        let year = self.u16("year")?;
        if !is_year(year) {
            return Err(self.out_of_range("year", 2, YEARS, year));
        }
        let month = self.at_most("month", 12, MONTHS)?;
        let day = self.at_most("day", 31, DAYS)?;
        let known = |part: u8| (part != 0).then_some(part);
        Ok(Date { year: (year != 0).then_some(year), month: known(month), day: known(day) })
    }

    fn at_most(&mut self, field: &'static str, most: u8, range: &'static str) -> Result<u8, DecodeError> {
        let part = self.u8(field)?;
        if part > most { Err(self.out_of_range(field, 1, range, part)) } else { Ok(part) }
    }
}

impl Writer {
    /// A Date Time field.
    pub(crate) fn date_time(&mut self, time: DeviceTime) -> Result<(), EncodeError> {
        self.date(Date { year: time.year, month: time.month, day: time.day })?;
        let parts = [
            ("hours", time.hour, 23, HOURS),
            ("minutes", time.minute, 59, SIXTIETHS),
            ("seconds", time.second, 59, SIXTIETHS),
        ];
        for (field, part, most, range) in parts {
            if part > most {
                return Err(self.out_of_range(field, range, part));
            }
            self.u8(part);
        }
        Ok(())
    }

    /// Year, month and day of four octets; unknown parts become 0.
    pub(crate) fn date(&mut self, Date { year, month, day }: Date) -> Result<(), EncodeError> {
        // A known part of 0 would read back as unknown, so it is as wrong as one above the range.
        let raw = year.unwrap_or(0);
        if !is_year(raw) || year == Some(0) {
            return Err(self.out_of_range("year", YEARS, raw));
        }
        self.u16(raw);
        for (field, part, most, range) in [("month", month, 12, MONTHS), ("day", day, 31, DAYS)] {
            let raw = part.unwrap_or(0);
            if raw > most || part == Some(0) {
                return Err(self.out_of_range(field, range, raw));
            }
            self.u8(raw);
        }
        Ok(())
    }
}

const fn is_year(year: u16) -> bool {
    year == 0 || (year >= 1582 && year <= 9999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_from_year_to_second() {
        let time = decode(&[0xEA, 0x07, 3, 18, 14, 5, 59]).unwrap();
        let expected = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 5, second: 59 };
        assert_eq!(time, expected);
    }

    #[test]
    fn unknown_parts_stay_unknown() {
        let time = decode(&[0, 0, 0, 0, 1, 2, 3]).unwrap();
        assert_eq!((time.year, time.month, time.day, time.hour), (None, None, None, 1));
    }

    #[test]
    fn an_impossible_date_within_the_ranges_is_kept() {
        assert_eq!(decode(&[0xEA, 0x07, 2, 31, 0, 0, 0]).unwrap().day, Some(31));
    }

    #[test]
    fn each_part_outside_its_range_is_named_with_its_place() {
        let good = [0xEA, 0x07, 3, 18, 14, 5, 59];
        for (offset, octet, part) in
            [(2, 13, "month"), (3, 32, "day"), (4, 24, "hours"), (5, 60, "minutes"), (6, 60, "seconds")]
        {
            let mut wrong = good;
            wrong[offset] = octet;
            let error = decode(&wrong).unwrap_err();
            assert!(
                matches!(error, DecodeError::OutOfRange { field, offset: at, got, .. }
                    if field == part && at == offset && got == i64::from(octet)),
                "{error}"
            );
        }
        assert_eq!(decode(&[0x2D, 0x06, 1, 1, 0, 0, 0]).unwrap_err().kind(), "out_of_range", "1581");
        assert_eq!(decode(&[0x10, 0x27, 1, 1, 0, 0, 0]).unwrap_err().kind(), "out_of_range", "10000");
    }

    #[test]
    fn another_size_is_a_length_error() {
        assert_eq!(decode(&[0xEA, 0x07, 3, 18, 14, 5]).unwrap_err().kind(), "length");
        assert_eq!(decode(&[0xEA, 0x07, 3, 18, 14, 5, 59, 0]).unwrap_err().kind(), "length");
    }

    #[test]
    fn a_time_that_would_read_back_differently_is_not_encoded() {
        let time = DeviceTime { year: Some(2026), month: Some(0), day: None, hour: 0, minute: 0, second: 0 };
        assert!(encode(time).is_err());
        assert!(encode(DeviceTime { month: None, hour: 24, ..time }).is_err());
        assert!(encode(DeviceTime { month: None, ..time }).is_ok());
    }
}
