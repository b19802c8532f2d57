//! Elapsed Time service 0x183F (Bluetooth SIG): a count since 2000-01-01 or since the device started counting, and
//! what it counts. Setting clocks and joining a count of ticks to the wall clock is the sessions' work.
use crate::codes::{flag_word, octet_codes};
use crate::current_time::TimeSource;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// The bare Elapsed Time of nine octets, as other services carry it.
pub const ELAPSED_TIME: Characteristic = Characteristic::named("Elapsed Time");
const CURRENT_ELAPSED_TIME: Characteristic = Characteristic::named("Current Elapsed Time");

const RESOLUTION_SHIFT: u8 = 2;
const RESOLUTION_BITS: u8 = 0b11 << RESOLUTION_SHIFT;
const LARGEST: u64 = 0xFFFF_FFFF_FFFF;
/// 1970-01-01 to 2000-01-01 in milliseconds.
const EPOCH_MILLISECONDS: i64 = 946_684_800_000;
const QUARTER_HOUR_MILLISECONDS: i64 = 15 * 60 * 1000;

/// Elapsed Time (GATT Specification Supplement): what other characteristics carry as a time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ElapsedTime {
    /// What the count is.
    pub flags: ElapsedTimeFlags,
    /// The count in steps of the resolution, at most 48 bits: since 2000-01-01T00:00:00, or since a start that only
    /// the device knows.
    pub count: u64,
    /// Where the device's time comes from.
    pub source: TimeSource,
    /// Local time ahead of UTC in quarters of an hour, daylight saving time included; means something only with the
    /// flag that says so.
    pub offset_quarters: i8,
}

flag_word! {
    /// What an elapsed time counts, as received; bits 2 and 3 are its resolution.
    pub struct ElapsedTimeFlags(u8);
    /// One statement about the count.
    pub enum ElapsedTimeFlag {
        /// It counts from a start that only the device knows, not from 2000-01-01.
        TickCounter = 0 => "tick_counter",
        /// It is UTC; otherwise local time.
        Utc = 1 => "utc",
        /// The offset of time zone and daylight saving time is known.
        OffsetUsed = 4 => "tz_dst_used",
        /// It belongs to the device's present timeline: its clock was not set since.
        CurrentTimeline = 5 => "current_timeline",
    }
}

/// The step of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// One second.
    Second,
    /// A tenth of a second.
    Milliseconds100,
    /// A millisecond.
    Millisecond,
    /// A tenth of a millisecond.
    Microseconds100,
}

/// Current Elapsed Time 0x2BF2: the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CurrentElapsedTime {
    /// The time now.
    pub elapsed: ElapsedTime,
    /// How the clock stands.
    pub status: ClockStatus,
    /// What the clock does by itself.
    pub capabilities: ClockCapabilities,
}

flag_word! {
    /// How the device's clock stands, as received.
    pub struct ClockStatus(u8);
    /// One statement about the clock.
    pub enum ClockStatement {
        /// It needs to be set.
        NeedsSet = 0 => "needs_set",
    }
}

flag_word! {
    /// What the device's clock does by itself, as received.
    pub struct ClockCapabilities(u8);
    /// One capability of a clock.
    pub enum ClockCapability {
        /// Changes to daylight saving time and back.
        AppliesDaylightSaving = 0 => "applies_dst",
        /// Follows the time zone.
        ManagesTimeZone = 1 => "manages_tz",
    }
}

octet_codes! {
    /// Why the device refused a new time: the error code of the write.
    pub enum ClockRefusal {
        /// Its present time comes from a better source.
        SourceQualityTooLow = 0x80 => "source_quality_too_low",
        /// The form of the new time is not the clock's.
        IncorrectFormat = 0x81 => "incorrect_format",
        /// Outside of what the clock can show.
        OutOfRange = 0xFF => "out_of_range",
    }
}

impl ElapsedTime {
    /// A bare elapsed time of exactly nine octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(ELAPSED_TIME, octets, 9)?.elapsed_time()
    }

    /// The nine octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(ELAPSED_TIME);
        writer.elapsed_time(self)?;
        Ok(writer.finish())
    }

    /// The step of the count.
    pub const fn resolution(&self) -> Resolution {
        self.flags.resolution()
    }

    /// Minutes that local time is ahead of UTC; `None` where the device does not say.
    pub fn offset_minutes(&self) -> Option<i16> {
        self.flags.has(ElapsedTimeFlag::OffsetUsed).then(|| i16::from(self.offset_quarters) * 15)
    }

    /// The instant by the device's clock, whole milliseconds; `None` for a count of ticks and for a local time whose
    /// offset is not said.
    pub fn utc(&self) -> Option<WallTime> {
        let shown = self.as_if_utc()?;
        if self.flags.has(ElapsedTimeFlag::Utc) {
            return Some(shown);
        }
        self.offset_minutes()?;
        Some(shown.plus_millis(-i64::from(self.offset_quarters) * QUARTER_HOUR_MILLISECONDS))
    }

    /// The instant if the count were UTC, whole milliseconds: a base for offsets. `None` for a count of ticks.
    pub fn as_if_utc(&self) -> Option<WallTime> {
        (!self.flags.has(ElapsedTimeFlag::TickCounter)).then(|| WallTime(EPOCH_MILLISECONDS).plus_millis(self.span()))
    }

    /// The count in whole milliseconds, whatever its start.
    pub fn span(&self) -> i64 {
        // 48 bits of whole seconds are below 2^58 ms, so neither step can overflow.
        let count = (self.count & LARGEST) as i64;
        match self.resolution() {
            Resolution::Second => count * 1000,
            Resolution::Milliseconds100 => count * 100,
            Resolution::Millisecond => count,
            Resolution::Microseconds100 => count / 10,
        }
    }
}

impl ElapsedTimeFlags {
    /// The step of the count.
    pub const fn resolution(self) -> Resolution {
        match (self.bits() & RESOLUTION_BITS) >> RESOLUTION_SHIFT {
            0 => Resolution::Second,
            1 => Resolution::Milliseconds100,
            2 => Resolution::Millisecond,
            _ => Resolution::Microseconds100,
        }
    }

    /// These flags with another step of the count.
    #[must_use]
    pub const fn with_resolution(self, resolution: Resolution) -> Self {
        let code = match resolution {
            Resolution::Second => 0,
            Resolution::Milliseconds100 => 1,
            Resolution::Millisecond => 2,
            Resolution::Microseconds100 => 3,
        };
        Self::from_bits(self.bits() & !RESOLUTION_BITS | code << RESOLUTION_SHIFT)
    }
}

impl Resolution {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "1s",
            Self::Milliseconds100 => "100ms",
            Self::Millisecond => "1ms",
            Self::Microseconds100 => "100us",
        }
    }
}

impl CurrentElapsedTime {
    /// A value of exactly eleven octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(CURRENT_ELAPSED_TIME, octets, 11)?;
        Ok(Self {
            elapsed: reader.elapsed_time()?,
            status: ClockStatus::from_bits(reader.u8("clock status")?),
            capabilities: ClockCapabilities::from_bits(reader.u8("clock capabilities")?),
        })
    }

    /// The eleven octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CURRENT_ELAPSED_TIME);
        writer.elapsed_time(&self.elapsed)?;
        writer.u8(self.status.bits());
        writer.u8(self.capabilities.bits());
        Ok(writer.finish())
    }
}

impl Reader<'_> {
    /// An Elapsed Time field of nine octets.
    pub(crate) fn elapsed_time(&mut self) -> Result<ElapsedTime, DecodeError> {
        if self.remaining() < 9 {
            return Err(self.truncated("elapsed time", 9));
        }
        let flags = ElapsedTimeFlags::from_bits(self.u8("flags of the elapsed time")?);
        let (low, high) = (self.u32("elapsed time")?, self.u16("elapsed time")?);
        let source = TimeSource::from_octet(self.u8("time source")?);
        let offset_quarters = self.i8("offset of time zone and daylight saving time")?;
        Ok(ElapsedTime { flags, count: u64::from(high) << 32 | u64::from(low), source, offset_quarters })
    }
}

impl Writer {
    /// An Elapsed Time field of nine octets.
    pub(crate) fn elapsed_time(&mut self, time: &ElapsedTime) -> Result<(), EncodeError> {
        if time.count > LARGEST {
            let got = i64::try_from(time.count).unwrap_or(i64::MAX);
            return Err(self.out_of_range("elapsed time", "at most 48 bits", got));
        }
        self.u8(time.flags.bits());
        self.u32(time.count as u32);
        self.u16((time.count >> 32) as u16);
        self.octets(&[time.source.octet(), time.offset_quarters as u8]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-18T14:05:59Z is 827 157 959 s after 2000-01-01.
    const SECONDS: [u8; 6] = [0xC7, 0x6D, 0x4D, 0x31, 0, 0];
    const INSTANT: WallTime = WallTime(1_773_842_759_000);

    fn time(flags: u8, count: [u8; 6], offset: i8) -> ElapsedTime {
        let mut octets = alloc::vec![flags];
        octets.extend(count);
        octets.extend([1, offset as u8]);
        ElapsedTime::decode(&octets).unwrap()
    }

    #[test]
    fn universal_time_is_an_instant_and_its_offset_only_says_where_the_device_is() {
        assert_eq!(time(0b0011_0010, SECONDS, 4).utc(), Some(INSTANT));
        assert_eq!(time(0b0011_0010, SECONDS, 4).offset_minutes(), Some(60));
        assert_eq!(time(0b0010_0010, SECONDS, 0).utc(), Some(INSTANT));
        assert_eq!(time(0b0010_0010, SECONDS, 0).offset_minutes(), None);
    }

    #[test]
    fn local_time_is_an_instant_only_with_its_offset() {
        assert_eq!(time(0b0011_0000, SECONDS, 4).utc(), Some(WallTime(INSTANT.0 - 3_600_000)));
        assert_eq!(time(0b0011_0000, SECONDS, -20).utc(), Some(WallTime(INSTANT.0 + 5 * 3_600_000)));
        assert_eq!(time(0b0010_0000, SECONDS, 4).utc(), None);
        assert_eq!(time(0b0010_0000, SECONDS, 4).as_if_utc(), Some(INSTANT));
    }

    #[test]
    fn a_count_of_ticks_is_no_time() {
        let ticks = time(0b0010_0001, [0xE8, 3, 0, 0, 0, 0], 0);
        assert_eq!((ticks.utc(), ticks.as_if_utc()), (None, None));
        assert_eq!(ticks.span(), 1_000_000);
    }

    #[test]
    fn the_resolution_is_two_bits() {
        let spans = [0b0000, 0b0100, 0b1000, 0b1100].map(|flags| {
            let time = time(flags, [0x10, 0x27, 0, 0, 0, 0], 0);
            (time.resolution().name(), time.span())
        });
        assert_eq!(spans, [("1s", 10_000_000), ("100ms", 1_000_000), ("1ms", 10_000), ("100us", 1000)]);
        let flags = ElapsedTimeFlags::from_bits(0xFF).with_resolution(Resolution::Milliseconds100);
        assert_eq!((flags.resolution(), flags.bits()), (Resolution::Milliseconds100, 0b1111_0111));
    }

    #[test]
    fn the_largest_count_does_not_overflow() {
        let latest = time(0b0001_0000, [0xFF; 6], -128);
        assert_eq!(latest.count, LARGEST);
        assert_eq!(latest.span(), 0xFFFF_FFFF_FFFF * 1000);
        assert!(latest.utc().is_some());
        assert!(ElapsedTime { count: LARGEST + 1, ..latest }.encode().is_err());
    }

    #[test]
    fn a_clock_is_its_time_its_status_and_its_capabilities() {
        let octets = [0x32, 0xC7, 0x6D, 0x4D, 0x31, 0, 0, 6, 8, 1, 0b10];
        let clock = CurrentElapsedTime::decode(&octets).unwrap();
        assert_eq!((clock.elapsed.utc(), clock.elapsed.source), (Some(INSTANT), TimeSource::Cellular));
        assert!(clock.status.has(ClockStatement::NeedsSet));
        assert!(clock.capabilities.has(ClockCapability::ManagesTimeZone));
        assert!(!clock.capabilities.has(ClockCapability::AppliesDaylightSaving));
        assert_eq!(clock.encode().unwrap(), octets);
    }

    #[test]
    fn both_forms_have_a_fixed_size() {
        assert_eq!(ElapsedTime::decode(&[0; 8]).unwrap_err().kind(), "length");
        assert_eq!(CurrentElapsedTime::decode(&[0; 9]).unwrap_err().kind(), "length");
        assert_eq!(CurrentElapsedTime::decode(&[0; 12]).unwrap_err().kind(), "length");
    }
}
