//! The clocks: the wall clock, time since boot that counts sleep, and what a device says its time is.
//! All times are arguments; nothing here reads a clock.
use core::fmt;
use core::time::Duration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z on this computer's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WallTime(pub i64);

impl WallTime {
    /// The same instant as jiff's type; `None` outside the years -9999 to 9999.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0).ok()
    }

    /// The instant of an RFC 3339 text with its zone; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }

    /// This time moved by `milliseconds`.
    pub const fn plus_millis(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this time; negative when the wall clock went back.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The start of the minute this time lies in.
    pub const fn minute(self) -> Self {
        Self(self.0.div_euclid(60_000) * 60_000)
    }
}

impl fmt::Display for WallTime {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(time) => write!(f, "{time:.3}"),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Time since boot, sleep included (CLOCK_BOOTTIME, mach_continuous_time, QueryInterruptTime). Never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BootTime(pub Duration);

impl BootTime {
    /// `ms` milliseconds after boot.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// Time passed since `earlier`; zero when `earlier` lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This time moved ahead.
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// A device's own date and time, without a zone, as it sent it. Unknown parts stay unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceTime {
    /// 1582 to 9999; `None` when the device sent 0.
    pub year: Option<u16>,
    /// 1 to 12; `None` when the device sent 0.
    pub month: Option<u8>,
    /// 1 to 31; `None` when the device sent 0.
    pub day: Option<u8>,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl DeviceTime {
    /// The civil date and time, when every part is known and the date exists.
    pub fn civil(self) -> Option<DateTime> {
        let (year, month, day) = (i16::try_from(self.year?).ok()?, self.month? as i8, self.day? as i8);
        DateTime::new(year, month, day, self.hour as i8, self.minute as i8, self.second as i8, 0).ok()
    }

    /// Milliseconds since 1970 if the device's clock showed UTC; a base for offsets, not an instant.
    pub fn as_if_utc(self) -> Option<WallTime> {
        let zoned = self.civil()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(WallTime(zoned.timestamp().as_millisecond()))
    }

    /// The civil time of a clock that shows UTC, in whole seconds: the way back from `as_if_utc`. `None` outside the years
    /// 1582 to 9999.
    pub fn of_as_if_utc(at: WallTime) -> Option<Self> {
        let civil = at.timestamp()?.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let year = u16::try_from(civil.year()).ok().filter(|year| (1582..=9999).contains(year))?;
        let part = |part: i8| part.unsigned_abs();
        Some(Self {
            year: Some(year),
            month: Some(part(civil.month())),
            day: Some(part(civil.day())),
            hour: part(civil.hour()),
            minute: part(civil.minute()),
            second: part(civil.second()),
        })
    }
}

impl fmt::Display for DeviceTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |n: Option<u8>| n.unwrap_or(0);
        let Self { hour, minute, second, .. } = self;
        let (year, month, day) = (self.year.unwrap_or(0), part(self.month), part(self.day));
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// How the corrected time of a measurement was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeMethod {
    /// The device sent no time: the time of receipt.
    Receipt,
    /// The device's time minus the offset of its clock, read on this connection.
    DeviceClockCorrected,
    /// The device's time as it is: its clock could not be read, but the time is plausible.
    DeviceClockUnverified,
    /// The device's time is unknown or impossible: the time of receipt stands in, and age cannot be told.
    Unknown,
    /// The device counts ticks since a start of its own; the count was read on this connection, too.
    TickCounter,
}

/// When something was measured, as well as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CorrectedTime {
    /// The best known time of the measurement.
    pub at: WallTime,
    /// How `at` was found.
    pub method: TimeMethod,
    /// The device's own time, raw.
    pub device: Option<DeviceTime>,
    /// When the value arrived, on the wall clock.
    pub received: WallTime,
    /// When the value arrived, on the clock that cannot jump.
    pub received_boot: BootTime,
}

impl CorrectedTime {
    /// For a value that carries no time of its own.
    pub const fn on_receipt(received: WallTime, received_boot: BootTime) -> Self {
        Self { at: received, method: TimeMethod::Receipt, device: None, received, received_boot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn impossible_dates_are_unknown_not_a_panic() {
        let february = DeviceTime { year: Some(2026), month: Some(2), day: Some(31), hour: 1, minute: 2, second: 3 };
        assert_eq!(february.as_if_utc(), None);
        assert_eq!(february.to_string(), "2026-02-31T01:02:03");
        assert!(DeviceTime { year: None, ..february }.civil().is_none());
    }

    #[test]
    fn a_minute_begins_at_its_first_millisecond_before_1970_too() {
        assert_eq!(WallTime(59_999).minute(), WallTime(0));
        assert_eq!(WallTime(-1).minute(), WallTime(-60_000));
        assert_eq!(WallTime(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
    }
}
