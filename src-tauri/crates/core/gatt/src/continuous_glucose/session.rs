//! CGM Session Start Time 0x2AAA and CGM Session Run Time 0x2AAB: what the offsets of records count from.
//! A session is started by whoever put on the sensor; a console that watches writes neither.
use crate::current_time::{DaylightSavingOffset, TimeZone};
use crate::end_to_end_check::{CheckSum, CheckSums};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::DeviceTime;

const SESSION_START: Characteristic = Characteristic::named("CGM Session Start Time");
const SESSION_RUN_TIME: Characteristic = Characteristic::named("CGM Session Run Time");

/// Octets without the check sum.
const SESSION_START_SIZE: usize = 9;
const SESSION_RUN_TIME_SIZE: usize = 2;

/// CGM Session Start Time 0x2AAA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStart {
    /// The civil time at which the session began.
    pub time: DeviceTime,
    /// The zone of that time, sent in quarters of an hour.
    pub time_zone: TimeZone,
    /// The daylight saving time of that time.
    pub daylight_saving: DaylightSavingOffset,
    /// Whether the value was protected.
    pub check_sum: CheckSum,
}

/// CGM Session Run Time 0x2AAB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRunTime {
    /// How long the sensor can be expected to work, in hours since the session began.
    pub hours: u16,
    /// Whether the value was protected.
    pub check_sum: CheckSum,
}

impl SessionStart {
    /// Reads a value of nine octets and its check sum, where it has one.
    pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let mut reader = check_sums.fixed(SESSION_START, octets, SESSION_START_SIZE)?;
        let start = Self {
            time: reader.date_time()?,
            time_zone: TimeZone::read(&mut reader)?,
            daylight_saving: DaylightSavingOffset::from_octet(reader.u8("daylight saving time")?),
            check_sum: CheckSum::Absent,
        };
        Ok(Self { check_sum: check_sums.finish(reader, octets)?, ..start })
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(SESSION_START);
        writer.date_time(self.time)?;
        writer.octets(&[self.time_zone.octet(), self.daylight_saving.octet()]);
        writer.check_sum(self.check_sum);
        Ok(writer.finish())
    }
}

impl SessionRunTime {
    /// Reads a value of two octets and its check sum, where it has one.
    pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let mut reader = check_sums.fixed(SESSION_RUN_TIME, octets, SESSION_RUN_TIME_SIZE)?;
        let hours = reader.u16("hours")?;
        Ok(Self { hours, check_sum: check_sums.finish(reader, octets)? })
    }

    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(SESSION_RUN_TIME);
        writer.u16(self.hours);
        writer.check_sum(self.check_sum);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::end_to_end_check::check_sum_of;

    const START: [u8; 9] = [0xEA, 0x07, 3, 18, 14, 5, 59, 0xEA, 4];

    #[test]
    fn the_zone_counts_quarters_of_an_hour() {
        let start = SessionStart::decode(&START, CheckSums::ByLength).unwrap();
        assert_eq!((start.time.year, start.time.second), (Some(2026), 59));
        assert_eq!(start.time_zone.minutes(), Some(-330));
        assert_eq!(start.daylight_saving, DaylightSavingOffset::OneHour);
        assert_eq!(start.check_sum, CheckSum::Absent);
    }

    #[test]
    fn a_protected_start_is_verified_and_written_back() {
        let protected = [START.as_slice(), check_sum_of(&START).to_le_bytes().as_slice()].concat();
        let start = SessionStart::decode(&protected, CheckSums::Announced).unwrap();
        assert_eq!(start.check_sum, CheckSum::Verified);
        assert_eq!(start.encode().unwrap(), protected);
    }

    #[test]
    fn fields_outside_their_range_are_rejected() {
        let mut wrong = START;
        wrong[7] = 57;
        let error = SessionStart::decode(&wrong, CheckSums::ByLength).unwrap_err();
        assert!(matches!(error, DecodeError::OutOfRange { field: "time zone", offset: 7, got: 57, .. }), "{error}");
    }

    #[test]
    fn a_run_time_is_hours_with_or_without_a_check_sum() {
        let run_time = SessionRunTime::decode(&[0x50, 0x01], CheckSums::ByLength).unwrap();
        assert_eq!(run_time, SessionRunTime { hours: 336, check_sum: CheckSum::Absent });
        let protected = SessionRunTime { check_sum: CheckSum::Verified, ..run_time }.encode();
        assert_eq!(SessionRunTime::decode(&protected, CheckSums::ByLength).unwrap().check_sum, CheckSum::Verified);
        let kind = |octets: &[u8]| SessionRunTime::decode(octets, CheckSums::ByLength).unwrap_err().kind();
        assert_eq!(kind(&[0x50, 0x01, 0, 0]), "crc_mismatch");
        assert_eq!(kind(&[0x50, 0x01, 0]), "length");
        assert_eq!(kind(&[0x50]), "length");
    }
}
