//! Current Time service 0x1805 (Bluetooth SIG): the device's clock, its zone and where its time comes from.
//! Setting clocks and comparing them with ours is the sessions' work.
use crate::codes::{flag_word, octet_codes};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;
use bedside_vitals::DeviceTime;

const CURRENT_TIME: Characteristic = Characteristic::named("Current Time");
const LOCAL_TIME_INFORMATION: Characteristic = Characteristic::named("Local Time Information");
const REFERENCE_TIME_INFORMATION: Characteristic = Characteristic::named("Reference Time Information");
const TIME_SOURCE: Characteristic = Characteristic::named("Time Source");
const TIME_ACCURACY: Characteristic = Characteristic::named("Time Accuracy");
const TIME_ZONE: Characteristic = Characteristic::named("Time Zone");
const DST_OFFSET: Characteristic = Characteristic::named("Daylight Saving Time Offset");

/// Current Time 0x2A2B: Exact Time 256 and why the clock was last set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentTime {
    /// The device's civil time.
    pub time: DeviceTime,
    /// 1 Monday to 7 Sunday; `None` when the device sent 0.
    pub day_of_week: Option<u8>,
    /// 1/256 s after `time`.
    pub fractions256: u8,
    /// Why the clock was last set.
    pub adjust_reasons: AdjustReasons,
}

flag_word! {
    /// Why the clock was last set; bits 4 to 7 are undefined.
    pub struct AdjustReasons(u8);
    /// One reason.
    pub enum AdjustReason {
        /// By hand.
        Manual = 0 => "manual",
        /// From an external reference.
        External = 1 => "external",
        /// The time zone changed.
        Zone = 2 => "zone",
        /// Daylight saving time changed.
        DaylightSaving = 3 => "dst",
    }
}

/// The device's zone in minutes east of UTC, standard time, -720 to 840 in quarters of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone {
    quarters: Option<i8>,
}

octet_codes! {
    /// How far the clock is moved for daylight saving time.
    pub enum DaylightSavingOffset {
        /// Standard time.
        Standard = 0 => "standard",
        /// Half an hour ahead.
        HalfHour = 2 => "half_hour",
        /// One hour ahead.
        OneHour = 4 => "one_hour",
        /// Two hours ahead.
        TwoHours = 8 => "two_hours",
        /// The device does not know.
        Unknown = 255 => "unknown",
    }
}

/// Local Time Information 0x2A0F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTimeInformation {
    /// Zone of standard time.
    pub time_zone: TimeZone,
    /// What daylight saving time adds.
    pub daylight_saving: DaylightSavingOffset,
}

octet_codes! {
    /// Where the device's time comes from.
    pub enum TimeSource {
        /// Unknown.
        Unknown = 0 => "unknown",
        /// Network Time Protocol.
        NetworkTime = 1 => "ntp",
        /// Satellite.
        Gps = 2 => "gps",
        /// Radio time signal.
        Radio = 3 => "radio",
        /// Set by hand.
        Manual = 4 => "manual",
        /// Atomic clock.
        AtomicClock = 5 => "atomic_clock",
        /// Cellular network.
        Cellular = 6 => "cellular",
        /// Not synchronised.
        NotSynchronised = 7 => "not_synchronised",
    }
}

/// How far the device's time may be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeAccuracy {
    /// In 1/8 s, 0 to 253.
    Eighths(u8),
    /// More than 253/8 s.
    OutOfRange,
    /// The device does not know.
    Unknown,
}

/// Reference Time Information 0x2A14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceTimeInformation {
    /// Where the time comes from.
    pub source: TimeSource,
    /// How far it may be off.
    pub accuracy: TimeAccuracy,
    /// Whole days since the last update; 255 means 255 or more.
    pub days_since_update: u8,
    /// Hours beyond the whole days, as received; 255 goes with 255 days.
    pub hours_since_update: u8,
}

const DAYS_OF_WEEK: &str = "0 to 7";
const ZONES: &str = "-48 to 56 or -128";

impl CurrentTime {
    /// A value of exactly ten octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(CURRENT_TIME, octets, 10)?;
        let time = reader.date_time()?;
        let day = reader.u8("day of week")?;
        if day > 7 {
            return Err(reader.out_of_range("day of week", 1, DAYS_OF_WEEK, day));
        }
        let fractions256 = reader.u8("fractions of a second")?;
        let adjust_reasons = AdjustReasons::from_bits(reader.u8("adjust reason")?);
        Ok(Self { time, day_of_week: (day != 0).then_some(day), fractions256, adjust_reasons })
    }

    /// The ten octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CURRENT_TIME);
        writer.date_time(self.time)?;
        let day = self.day_of_week.unwrap_or(0);
        if day > 7 || self.day_of_week == Some(0) {
            return Err(writer.out_of_range("day of week", DAYS_OF_WEEK, day));
        }
        writer.octets(&[day, self.fractions256, self.adjust_reasons.bits()]);
        Ok(writer.finish())
    }
}

impl TimeZone {
    /// The device does not know its zone.
    pub const UNKNOWN: Self = Self { quarters: None };

    /// A zone in quarters of an hour east of UTC, -48 to 56; `None` outside.
    pub const fn from_quarters(quarters: i8) -> Option<Self> {
        if quarters < -48 || quarters > 56 { None } else { Some(Self { quarters: Some(quarters) }) }
    }

    /// Minutes east of UTC; `None` when the device does not know.
    pub fn minutes(self) -> Option<i16> {
        self.quarters.map(|quarters| i16::from(quarters) * 15)
    }

    /// Time Zone 0x2A0E: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&mut Reader::fixed(TIME_ZONE, octets, 1)?)
    }

    /// The octet of Time Zone 0x2A0E.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.i8("time zone")? {
            -128 => Ok(Self::UNKNOWN),
            quarters => {
                Self::from_quarters(quarters).ok_or_else(|| reader.out_of_range("time zone", 1, ZONES, quarters))
            }
        }
    }

    pub(crate) const fn octet(self) -> u8 {
        match self.quarters {
            Some(quarters) => quarters as u8,
            None => 0x80,
        }
    }
}

impl DaylightSavingOffset {
    /// Minutes added to standard time; `None` when unknown or reserved.
    pub const fn minutes(self) -> Option<u8> {
        match self {
            Self::Standard => Some(0),
            Self::HalfHour => Some(30),
            Self::OneHour => Some(60),
            Self::TwoHours => Some(120),
            Self::Unknown | Self::Reserved(_) => None,
        }
    }

    /// DST Offset 0x2A0D: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(DST_OFFSET, octets, 1)?.u8("daylight saving offset").map(Self::from_octet)
    }

    /// The octet of DST Offset 0x2A0D.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

impl LocalTimeInformation {
    /// A value of exactly two octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(LOCAL_TIME_INFORMATION, octets, 2)?;
        let time_zone = TimeZone::read(&mut reader)?;
        let daylight_saving = DaylightSavingOffset::from_octet(reader.u8("daylight saving offset")?);
        Ok(Self { time_zone, daylight_saving })
    }

    /// The two octets.
    pub fn encode(self) -> Vec<u8> {
        vec![self.time_zone.octet(), self.daylight_saving.octet()]
    }
}

impl TimeSource {
    /// Time Source 0x2A13: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(TIME_SOURCE, octets, 1)?.u8("time source").map(Self::from_octet)
    }

    /// The octet of Time Source 0x2A13.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

impl TimeAccuracy {
    /// Time Accuracy 0x2A12: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(TIME_ACCURACY, octets, 1)?.u8("time accuracy").map(Self::from_octet)
    }

    /// The octet of Time Accuracy 0x2A12; more than 253/8 s cannot be given in eighths.
    pub fn encode(self) -> Result<Vec<u8>, EncodeError> {
        self.octet(TIME_ACCURACY).map(|octet| vec![octet])
    }

    fn octet(self, characteristic: Characteristic) -> Result<u8, EncodeError> {
        match self {
            Self::Eighths(eighths @ 254..) => {
                Err(Writer::new(characteristic).out_of_range("time accuracy", "0 to 253", eighths))
            }
            Self::Eighths(eighths) => Ok(eighths),
            Self::OutOfRange => Ok(254),
            Self::Unknown => Ok(255),
        }
    }

    const fn from_octet(octet: u8) -> Self {
        match octet {
            255 => Self::Unknown,
            254 => Self::OutOfRange,
            eighths => Self::Eighths(eighths),
        }
    }
}

impl ReferenceTimeInformation {
    /// A value of exactly four octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(REFERENCE_TIME_INFORMATION, octets, 4)?;
        Ok(Self {
            source: TimeSource::from_octet(reader.u8("time source")?),
            accuracy: TimeAccuracy::from_octet(reader.u8("time accuracy")?),
            days_since_update: reader.u8("days since update")?,
            hours_since_update: reader.u8("hours since update")?,
        })
    }

    /// The four octets; more than 253/8 s cannot be given in eighths.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let accuracy = self.accuracy.octet(REFERENCE_TIME_INFORMATION)?;
        Ok(vec![self.source.octet(), accuracy, self.days_since_update, self.hours_since_update])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_current_time_is_ten_octets_and_keeps_its_fractions_and_reasons() {
        let current = CurrentTime::decode(&[0xEA, 0x07, 3, 18, 14, 5, 59, 3, 128, 0b0101]).unwrap();
        assert_eq!((current.day_of_week, current.fractions256), (Some(3), 128));
        assert!(current.adjust_reasons.has(AdjustReason::Manual) && current.adjust_reasons.has(AdjustReason::Zone));
        assert!(!current.adjust_reasons.has(AdjustReason::External));
        assert_eq!(CurrentTime::decode(&[0; 9]).unwrap_err().kind(), "length");
    }

    #[test]
    fn the_eighth_day_of_a_week_is_out_of_range() {
        let error = CurrentTime::decode(&[0, 0, 0, 0, 0, 0, 0, 8, 0, 0]).unwrap_err();
        assert!(matches!(error, DecodeError::OutOfRange { field: "day of week", offset: 7, got: 8, .. }));
    }

    #[test]
    fn zones_count_quarters_of_an_hour_and_may_be_unknown() {
        assert_eq!(TimeZone::decode(&[4]).unwrap().minutes(), Some(60));
        assert_eq!(TimeZone::decode(&[0xD0]).unwrap().minutes(), Some(-720));
        assert_eq!(TimeZone::decode(&[56]).unwrap().minutes(), Some(840));
        assert_eq!(TimeZone::decode(&[0x80]).unwrap().minutes(), None);
        assert_eq!(TimeZone::decode(&[57]).unwrap_err().kind(), "out_of_range");
        assert_eq!(TimeZone::decode(&[0xCF]).unwrap_err().kind(), "out_of_range");
    }

    #[test]
    fn daylight_saving_codes_are_not_minutes() {
        let minutes = |octet| DaylightSavingOffset::decode(&[octet]).unwrap().minutes();
        assert_eq!([0, 2, 4, 8].map(minutes), [Some(0), Some(30), Some(60), Some(120)]);
        assert_eq!([255, 1].map(minutes), [None, None]);
        assert_eq!(DaylightSavingOffset::decode(&[1]), Ok(DaylightSavingOffset::Reserved(1)));
    }

    #[test]
    fn local_time_information_is_zone_then_daylight_saving() {
        let local = LocalTimeInformation::decode(&[0xEC, 4]).unwrap();
        assert_eq!(local.time_zone.minutes(), Some(-300));
        assert_eq!(local.daylight_saving, DaylightSavingOffset::OneHour);
    }

    #[test]
    fn an_accuracy_may_be_out_of_range_or_unknown() {
        let accuracy = |octet| ReferenceTimeInformation::decode(&[1, octet, 255, 255]).unwrap().accuracy;
        assert_eq!(accuracy(253), TimeAccuracy::Eighths(253));
        assert_eq!(accuracy(254), TimeAccuracy::OutOfRange);
        assert_eq!(accuracy(255), TimeAccuracy::Unknown);
    }

    #[test]
    fn source_and_accuracy_are_also_values_of_their_own() {
        assert_eq!(TimeSource::decode(&[6]), Ok(TimeSource::Cellular));
        assert_eq!(TimeSource::decode(&[8]), Ok(TimeSource::Reserved(8)));
        assert_eq!(TimeAccuracy::decode(&[254]), Ok(TimeAccuracy::OutOfRange));
        assert_eq!(TimeSource::decode(&[]).unwrap_err().kind(), "length");
        assert_eq!(TimeAccuracy::decode(&[0, 0]).unwrap_err().kind(), "length");
        assert!(TimeAccuracy::Eighths(254).encode().is_err());
    }
}
