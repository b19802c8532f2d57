//! Setting a device's clock: whether it is wanted, the octets to write, and what the clock shows afterwards.
//! Not here: when it is done (`preparation`) and what the old offset means for stored values (`clock`).
use crate::clock::{self, Timeline};
use crate::input::{ClockOutcome, Now};
use crate::quirks::Quirk;
use alloc::vec::Vec;
use bedside_gatt::current_time::{AdjustReason, AdjustReasons, CurrentTime, TimeSource};
use bedside_gatt::elapsed_time::{CurrentElapsedTime, ElapsedTime, ElapsedTimeFlag, ElapsedTimeFlags};
use bedside_gatt::{date_time, uuids};
use bedside_vitals::{DeviceClock, DeviceTime};
use uuid::Uuid;

/// A clock that is not further off after it was set took our time: the way there and back, and whole seconds.
const TOOK_MS: i64 = 5_000;

/// The clock as a value of its characteristic shows it.
pub(crate) fn read(characteristic: Uuid, octets: &[u8], now: Now) -> Timeline {
    if characteristic == uuids::CURRENT_ELAPSED_TIME {
        let read = CurrentElapsedTime::decode(octets);
        return read.map_or_else(|_| Timeline::default(), |clock| Timeline::of_elapsed(&clock.elapsed, now));
    }
    let shown: Option<DeviceTime> = if characteristic == uuids::CURRENT_TIME {
        CurrentTime::decode(octets).ok().map(|current| current.time)
    } else {
        date_time::decode(octets).ok()
    };
    Timeline {
        shown: shown.is_some(),
        read: shown.and_then(|time| clock::compare(time, now)),
        at_fault: shown.and_then(|time| clock::at_fault(time, now)),
        ..Timeline::default()
    }
}

/// Whether a clock is off enough to be set. One that shows no possible time is; one that could not be read is left alone,
/// because what it showed would be lost; a count of ticks is no clock.
pub(crate) fn is_off(timeline: &Timeline, quirk: &Quirk) -> bool {
    let tolerance = i64::try_from(quirk.clock_tolerance.as_millis()).unwrap_or(i64::MAX);
    timeline.shown
        && timeline.ticks.is_none()
        && timeline.read.is_none_or(|clock| clock.offset_ms.saturating_abs() > tolerance)
}

/// Our time as the clock of this characteristic takes it; `None` outside its years.
pub(crate) fn octets(characteristic: Uuid, now: Now) -> Option<Vec<u8>> {
    let time = clock::local_time(now)?;
    if characteristic == uuids::CURRENT_TIME {
        let day = time.civil().map(|civil| civil.weekday().to_monday_one_offset().unsigned_abs());
        let reasons = AdjustReasons::from_bits(0).with(AdjustReason::External);
        let current = CurrentTime { time, day_of_week: day, fractions256: 0, adjust_reasons: reasons };
        current.encode().ok()
    } else if characteristic == uuids::CURRENT_ELAPSED_TIME {
        elapsed(time, now).and_then(|elapsed| elapsed.encode().ok())
    } else {
        date_time::encode(time).ok()
    }
}

/// What came of it. `refused` = the write was answered with an error, which some devices do for a part they ignore.
pub(crate) fn outcome(after: Option<&DeviceClock>, refused: bool) -> ClockOutcome {
    match after {
        Some(after) if after.offset_ms.saturating_abs() <= TOOK_MS => ClockOutcome::Set,
        _ if refused => ClockOutcome::Refused,
        Some(after) => ClockOutcome::DidNotTake { off_by_ms: after.offset_ms },
        None => ClockOutcome::NotReadBack,
    }
}

/// Local time with its offset, in whole seconds since 2000-01-01.
fn elapsed(time: DeviceTime, now: Now) -> Option<ElapsedTime> {
    let start = clock::of_seconds_since_2000(0)?.as_if_utc()?;
    let count = u64::try_from(time.as_if_utc()?.millis_since(start) / 1_000).ok()?;
    let flags = ElapsedTimeFlags::from_bits(0).with(ElapsedTimeFlag::OffsetUsed).with(ElapsedTimeFlag::CurrentTimeline);
    let offset_quarters = i8::try_from(now.zone_offset_ms / 900_000).ok()?;
    Some(ElapsedTime { flags, count, source: TimeSource::Unknown, offset_quarters })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BootTime, WallTime};
    use core::time::Duration;

    /// 2026-03-18 14:06:32 UTC, a Wednesday, in a zone two hours ahead.
    const NOW: Now =
        Now { boot: BootTime::from_millis(5), wall: WallTime(1_773_842_792_000), zone_offset_ms: 7_200_000 };

    #[test]
    fn a_clock_without_a_date_is_at_fault_and_nothing_is_corrected_by_it() {
        let mut shown = octets(uuids::DATE_TIME, NOW).unwrap();
        let right = read(uuids::DATE_TIME, &shown, NOW);
        assert!(right.read.is_some() && right.at_fault.is_none());
        shown[..4].fill(0);
        let faulty = read(uuids::DATE_TIME, &shown, NOW);
        assert_eq!((faulty.shown, faulty.read), (true, None));
        let clock = faulty.at_fault.unwrap();
        assert!(!clock.shows_a_time());
        assert_eq!((clock.device.year, clock.read_at), (None, NOW.wall));
    }

    #[test]
    fn every_form_of_clock_shows_no_offset_after_it_took_what_was_written() {
        for characteristic in [uuids::CURRENT_TIME, uuids::DATE_TIME] {
            let octets = octets(characteristic, NOW).unwrap();
            assert_eq!(read(characteristic, &octets, NOW).read.unwrap().offset_ms, 0);
        }
        let mut shown = octets(uuids::CURRENT_ELAPSED_TIME, NOW).unwrap();
        shown.extend([0, 0]);
        assert_eq!(read(uuids::CURRENT_ELAPSED_TIME, &shown, NOW).read.unwrap().offset_ms, 0);
    }

    #[test]
    fn the_weekday_goes_with_the_date() {
        assert_eq!(octets(uuids::CURRENT_TIME, NOW).unwrap(), [0xEA, 7, 3, 18, 16, 6, 32, 3, 0, 2]);
    }

    #[test]
    fn a_clock_within_its_tolerance_is_left_alone() {
        let off_by = |offset_ms| {
            let device = clock::local_time(NOW).unwrap();
            let read = Some(DeviceClock { device, read_at: NOW.wall, offset_ms });
            Timeline { shown: true, read, ..Timeline::default() }
        };
        let patient = Quirk { clock_tolerance: Duration::from_secs(600), ..Quirk::STANDARD };
        assert!(!is_off(&off_by(9_000), &Quirk::STANDARD));
        assert!(is_off(&off_by(-26 * 60_000), &Quirk::STANDARD));
        assert!(!is_off(&off_by(-599_000), &patient) && is_off(&off_by(-26 * 60_000), &patient));
        let never_set = read(uuids::DATE_TIME, &[0; 7], NOW);
        assert!(is_off(&never_set, &Quirk::STANDARD), "a clock that was never set shows no time");
        assert!(!is_off(&Timeline::default(), &Quirk::STANDARD), "one that could not be read is not written blind");
        let ticks = Timeline { shown: true, ticks: Some((5, NOW.wall)), ..Timeline::default() };
        assert!(!is_off(&ticks, &Quirk::STANDARD));
    }

    #[test]
    fn the_outcome_is_what_the_clock_shows_and_not_what_the_write_answered() {
        let device = clock::local_time(NOW).unwrap();
        let clock = |offset_ms| DeviceClock { device, read_at: NOW.wall, offset_ms };
        assert_eq!(outcome(Some(&clock(1_000)), true), ClockOutcome::Set);
        assert_eq!(outcome(Some(&clock(60_000)), false), ClockOutcome::DidNotTake { off_by_ms: 60_000 });
        assert_eq!(outcome(Some(&clock(60_000)), true), ClockOutcome::Refused);
        assert_eq!(outcome(None, false), ClockOutcome::NotReadBack);
    }
}
