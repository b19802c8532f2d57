//! The time axis of trends: where its lines stand and what they say, in local civil time at a fixed offset from UTC.
//! It draws nothing.
use bedside_vitals::WallTime;
use jiff::civil::DateTime;
use jiff::tz::Offset;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances of lines that people count in.
const STEPS: [i64; 19] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    30 * DAY,
    100 * DAY,
    1000 * DAY,
];

/// A line of the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) at: WallTime,
    pub(crate) label: String,
}

/// The lines from `from` to `to`, at most `most` of them.
pub(crate) fn ticks(from: WallTime, to: WallTime, most: usize, utc_offset_minutes: i16) -> Vec<Tick> {
    let span = to.millis_since(from);
    let enough = |step: &&i64| span / **step <= most as i64;
    let step = STEPS.iter().find(enough).copied().unwrap_or(span.max(1));
    let shift = i64::from(utc_offset_minutes) * MINUTE;
    let first = (from.0.saturating_add(shift)).div_euclid(step) + 1;
    (first..)
        .map(|n| WallTime(n.saturating_mul(step).saturating_sub(shift)))
        .take_while(|at| *at < to)
        .take(most)
        .map(|at| Tick { at, label: label(at, step, utc_offset_minutes) })
        .collect()
}

/// `13:41`, or `03-18 13:41` where the day must be said.
pub(crate) fn clock(at: WallTime, with_day: bool, utc_offset_minutes: i16) -> String {
    let Some(civil) = civil(at, utc_offset_minutes) else { return "--:--".to_owned() };
    let time = format!("{:02}:{:02}", civil.hour(), civil.minute());
    if with_day { format!("{} {time}", day(civil)) } else { time }
}

/// Whether two times lie on one civil day.
pub(crate) fn same_day(a: WallTime, b: WallTime, utc_offset_minutes: i16) -> bool {
    civil(a, utc_offset_minutes).map(DateTime::date) == civil(b, utc_offset_minutes).map(DateTime::date)
}

fn label(at: WallTime, step: i64, utc_offset_minutes: i16) -> String {
    match civil(at, utc_offset_minutes) {
        Some(civil) if step >= 100 * DAY => civil.date().to_string(),
        Some(civil) if step >= DAY || (civil.hour(), civil.minute()) == (0, 0) => day(civil),
        _ => clock(at, false, utc_offset_minutes),
    }
}

fn day(civil: DateTime) -> String {
    format!("{:02}-{:02}", civil.month(), civil.day())
}

fn civil(at: WallTime, utc_offset_minutes: i16) -> Option<DateTime> {
    let offset = Offset::from_seconds(i32::from(utc_offset_minutes) * 60).ok()?;
    Some(offset.to_datetime(at.timestamp()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: WallTime = WallTime(1_773_835_200_000); // 2026-03-18T12:00Z

    fn labels(span: i64, most: usize, offset: i16) -> Vec<String> {
        ticks(NOON.plus_millis(-span), NOON, most, offset).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn lines_stand_on_round_civil_times() {
        assert_eq!(labels(2 * HOUR, 4, 0), ["10:30", "11:00", "11:30"]);
        assert_eq!(labels(2 * HOUR, 4, 330), ["16:00", "16:30", "17:00"]);
    }

    #[test]
    fn midnight_names_the_day_that_begins() {
        assert_eq!(labels(24 * HOUR, 12, 0)[5..8], ["03-18", "02:00", "04:00"]);
        assert_eq!(labels(7 * DAY, 7, 60)[..2], ["03-12", "03-13"]);
    }

    #[test]
    fn there_are_never_more_lines_than_asked_for() {
        for minutes in [1, 7, 61, 1441, 50_000, 50_000_000] {
            assert!(labels(minutes * MINUTE, 6, -345).len() <= 6, "{minutes} minutes");
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_has_no_clock() {
        assert_eq!(clock(WallTime(i64::MAX), true, 0), "--:--");
        assert_eq!(clock(NOON, true, -60), "03-18 11:00");
    }
}
