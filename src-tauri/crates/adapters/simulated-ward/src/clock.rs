//! A device's own clock: wrong by a set amount, perhaps without a date, perhaps in whole minutes.
//! Setting it and reading it are all it can; the ward's wall time is an argument.
use crate::scenario::ClockPlan;
use bedside_vitals::{DeviceTime, WallTime};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// One device's clock.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    offset_ms: i64,
    plan: ClockPlan,
    date_known: bool,
}

/// Milliseconds from 1970 to 2000, where Polar sensors begin to count.
const YEAR_2000_MS: i64 = 946_684_800_000;

impl Clock {
    /// A clock that shows the local time of a place `utc_offset_minutes` east of UTC, plus its error.
    pub(crate) const fn new(plan: ClockPlan, utc_offset_minutes: i16) -> Self {
        let offset_ms = plan.skew_s * 1_000 + utc_offset_minutes as i64 * 60_000;
        Self { offset_ms, plan, date_known: plan.date_known }
    }

    /// What the clock shows.
    pub(crate) fn shows(&self, wall: WallTime) -> DeviceTime {
        let shown = wall.plus_millis(self.offset_ms).timestamp().unwrap_or_default();
        let civil = shown.to_zoned(TimeZone::UTC).datetime();
        let known = self.date_known;
        DeviceTime {
            year: u16::try_from(civil.year()).ok().filter(|_| known),
            month: known.then_some(civil.month() as u8),
            day: known.then_some(civil.day() as u8),
            hour: civil.hour() as u8,
            minute: civil.minute() as u8,
            second: if self.plan.whole_minutes { 0 } else { civil.second() as u8 },
        }
    }

    /// 1 for Monday to 7; `None` without a date.
    pub(crate) fn day_of_week(&self, wall: WallTime) -> Option<u8> {
        let date = self.shows(wall).civil()?.date();
        Some(Weekday::to_monday_one_offset(date.weekday()) as u8)
    }

    /// 1/256 of a second beside [`Self::shows`].
    pub(crate) fn fractions256(&self, wall: WallTime) -> u8 {
        let within_second = wall.0.saturating_add(self.offset_ms).rem_euclid(1_000);
        if self.plan.whole_minutes { 0 } else { (within_second * 256 / 1_000) as u8 }
    }

    /// Seconds since this clock's minute began.
    pub(crate) const fn seconds_into_minute(&self, wall: WallTime) -> u64 {
        (wall.0.saturating_add(self.offset_ms).rem_euclid(60_000) / 1_000) as u64
    }

    /// Nanoseconds since 2000-01-01 of this clock, as Polar sensors count; `below_ms_ns` is what `wall` leaves out.
    pub(crate) fn polar_ns(&self, wall: WallTime, below_ms_ns: u32) -> u64 {
        let ms = wall.0.saturating_add(self.offset_ms).saturating_sub(YEAR_2000_MS);
        u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000).saturating_add(u64::from(below_ms_ns))
    }

    /// Sets the clock; `false` when the date is incomplete or does not exist.
    pub(crate) fn set(&mut self, time: DeviceTime, wall: WallTime) -> bool {
        let Some(shown) = time.as_if_utc() else { return false };
        self.offset_ms = shown.millis_since(wall);
        self.date_known = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ClockService;

    const PLAN: ClockPlan =
        ClockPlan { service: ClockService::CurrentTime, skew_s: -90, date_known: true, whole_minutes: false };
    // 2026-03-18T14:06:32Z, a Wednesday.
    const WALL: WallTime = WallTime(1_773_842_792_500);

    #[test]
    fn a_clock_is_wrong_by_its_skew_until_it_is_set() {
        let mut clock = Clock::new(PLAN, 60);
        assert_eq!(clock.shows(WALL).to_string(), "2026-03-18T15:05:02");
        assert_eq!((clock.day_of_week(WALL), clock.fractions256(WALL)), (Some(3), 128));
        let right = DeviceTime { hour: 15, minute: 6, second: 32, ..clock.shows(WALL) };
        assert!(clock.set(right, WALL));
        assert_eq!(clock.shows(WALL.plus_millis(1_000)).second, 33);
    }

    #[test]
    fn a_clock_without_a_date_says_so_and_one_of_whole_minutes_has_no_seconds() {
        let unset = Clock::new(ClockPlan { date_known: false, ..PLAN }, 0).shows(WALL);
        assert_eq!((unset.year, unset.month, unset.day, unset.hour), (None, None, None, 14));
        assert_eq!(Clock::new(ClockPlan { whole_minutes: true, ..PLAN }, 0).shows(WALL).second, 0);
    }
}
