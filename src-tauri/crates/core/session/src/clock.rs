//! Device time to corrected time: raw time, offset of the device's clock, and how sure the result is.
//! Devices keep local time without a zone; the zone is this computer's at the time of receipt.
use crate::input::Now;
use bedside_gatt::elapsed_time::{ElapsedTime, ElapsedTimeFlag};
use bedside_vitals::{CorrectedTime, DeviceClock, DeviceTime, TimeMethod, WallTime};

/// The device's clock against ours, when it is a possible time.
pub(crate) fn compare(device: DeviceTime, now: Now) -> Option<DeviceClock> {
    let offset_ms = device.as_if_utc()?.millis_since(now.wall.plus_millis(now.zone_offset_ms));
    Some(DeviceClock { device, read_at: now.wall, offset_ms })
}

/// A clock that shows no possible time, as it was read.
pub(crate) fn at_fault(device: DeviceTime, now: Now) -> Option<DeviceClock> {
    let clock = DeviceClock { device, read_at: now.wall, offset_ms: 0 };
    (!clock.shows_a_time()).then_some(clock)
}

/// What is known of a device's clock on one connection: as it was read, as it was read again after it was set, or its
/// count of ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// Whether it was read at all, whatever it showed.
    pub(crate) shown: bool,
    /// Read before anything could set it.
    pub(crate) read: Option<DeviceClock>,
    /// The same of a clock that shows no possible time.
    pub(crate) at_fault: Option<DeviceClock>,
    /// Read again after it was set, if it took: values measured after that show it.
    pub(crate) since_set: Option<DeviceClock>,
    /// The count of ticks in milliseconds, and when it was that.
    pub(crate) ticks: Option<(i64, WallTime)>,
}

impl Timeline {
    /// The clock of an Elapsed Time service.
    pub(crate) fn of_elapsed(elapsed: &ElapsedTime, now: Now) -> Self {
        if elapsed.flags.has(ElapsedTimeFlag::TickCounter) {
            return Self { shown: true, ticks: Some((elapsed.span(), now.wall)), ..Self::default() };
        }
        let read = local_of(elapsed, now).and_then(|device| compare(device, now));
        Self { shown: true, read, ..Self::default() }
    }

    /// When a value was measured, by the time it carries.
    pub(crate) fn correct(&self, device: Option<DeviceTime>, now: Now) -> CorrectedTime {
        if let Some(set) = &self.since_set {
            // The clock jumped when it was set: a time since the setting and not after now, by the clock as it is now, is a
            // new one.
            let by_new = correct(device, Some(set), now);
            let is_new = by_new.method == TimeMethod::DeviceClockCorrected
                && by_new.at.millis_since(set.read_at) >= -RESOLUTION_MS
                && by_new.at.millis_since(now.wall) <= RESOLUTION_MS;
            if is_new {
                return by_new;
            }
        }
        correct(device, self.read.as_ref(), now)
    }

    /// When a value was measured that carries an Elapsed Time: ticks, UTC or local time.
    pub(crate) fn correct_elapsed(&self, elapsed: &ElapsedTime, now: Now) -> CorrectedTime {
        let raw = of_seconds_since_2000(elapsed.span() / 1_000);
        if !elapsed.flags.has(ElapsedTimeFlag::TickCounter) {
            return self.correct(local_of(elapsed, now), now);
        }
        let receipt = CorrectedTime::on_receipt(now.wall, now.boot);
        let Some((ticks, read_at)) = self.ticks else {
            return CorrectedTime { method: TimeMethod::Unknown, device: raw, ..receipt };
        };
        // A count ahead of the clock's own, or of another start: the device began to count anew meanwhile.
        let at = read_at.plus_millis(elapsed.span().saturating_sub(ticks));
        if is_plausible(at, now) && elapsed.flags.has(ElapsedTimeFlag::CurrentTimeline) {
            CorrectedTime { at, method: TimeMethod::TickCounter, device: raw, ..receipt }
        } else {
            CorrectedTime { method: TimeMethod::Unknown, device: raw, ..receipt }
        }
    }
}

/// When a value was measured, from the time it carries (if any) and the device's clock (if it was read).
///
/// Without a readable clock the device's time counts as it is. A time more than two minutes ahead of us or two years
/// back, as after a change of battery, is unknown, and the time of receipt stands in. A time that is possible only as it
/// stands, because the clock jumped after the measurement, counts as it stands and as unverified.
pub fn correct(device: Option<DeviceTime>, clock: Option<&DeviceClock>, now: Now) -> CorrectedTime {
    let receipt = CorrectedTime::on_receipt(now.wall, now.boot);
    let Some(device) = device else { return receipt };
    let unknown = CorrectedTime { device: Some(device), method: TimeMethod::Unknown, ..receipt };
    let Some(local) = device.as_if_utc() else { return unknown };
    let utc = local.plus_millis(-now.zone_offset_ms);
    // From one reading of the device's clock to another: the zone of this computer may have changed in between.
    let since_read = |clock: &DeviceClock| {
        let shown = clock.device.as_if_utc()?;
        Some((clock.read_at.plus_millis(local.millis_since(shown)), TimeMethod::DeviceClockCorrected))
    };
    let corrected = clock.and_then(since_read);
    let as_it_stands = (utc, TimeMethod::DeviceClockUnverified);
    let found = corrected.into_iter().chain([as_it_stands]).find(|(at, _)| is_plausible(*at, now));
    found.map_or(unknown, |(at, method)| CorrectedTime { at, method, ..unknown })
}

/// The local civil time of this computer as devices keep it.
pub(crate) fn local_time(now: Now) -> Option<DeviceTime> {
    civil(now.wall.plus_millis(now.zone_offset_ms))
}

/// A device's time moved by minutes, as the time offset of a glucose record moves its base time. An impossible date, or
/// one with unknown parts, stays as it is.
pub(crate) fn shifted(time: DeviceTime, minutes: i16) -> DeviceTime {
    let moved = time.as_if_utc().and_then(|at| civil(at.plus_millis(i64::from(minutes) * 60_000)));
    moved.unwrap_or(time)
}

/// Seconds since 2000-01-01, as the Elapsed Time and the newer blood pressure characteristics count.
pub(crate) fn of_seconds_since_2000(seconds: i64) -> Option<DeviceTime> {
    civil(WallTime(YEAR_2000_MS).plus_millis(seconds.saturating_mul(1_000)))
}

/// The local civil time that an Elapsed Time shows; `None` for ticks.
fn local_of(elapsed: &ElapsedTime, now: Now) -> Option<DeviceTime> {
    let shown = elapsed.as_if_utc()?;
    let local = if elapsed.flags.has(ElapsedTimeFlag::Utc) { shown.plus_millis(now.zone_offset_ms) } else { shown };
    civil(local)
}

fn civil(as_if_utc: WallTime) -> Option<DeviceTime> {
    DeviceTime::of_as_if_utc(as_if_utc)
}

fn is_plausible(at: WallTime, now: Now) -> bool {
    (-BACK_MS..=AHEAD_MS).contains(&at.millis_since(now.wall))
}

const AHEAD_MS: i64 = 120_000;
const BACK_MS: i64 = 2 * 366 * 24 * 3_600_000;
/// Devices count whole seconds.
const RESOLUTION_MS: i64 = 1_000;
const YEAR_2000_MS: i64 = 946_684_800_000;

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BootTime, WallTime};

    /// 2026-03-18 14:06:32 UTC, in a zone two hours ahead.
    const NOW: Now =
        Now { boot: BootTime::from_millis(5), wall: WallTime(1_773_842_792_000), zone_offset_ms: 7_200_000 };

    fn time(hour: u8, minute: u8) -> DeviceTime {
        DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour, minute, second: 32 }
    }

    #[test]
    fn a_slow_clock_is_corrected_by_its_own_offset() {
        let clock = compare(time(16, 3), NOW).unwrap();
        assert_eq!(clock.offset_ms, -180_000);
        let corrected = correct(Some(time(15, 53)), Some(&clock), NOW);
        assert_eq!(NOW.wall.millis_since(corrected.at), 600_000);
        assert_eq!(corrected.method, TimeMethod::DeviceClockCorrected);
        assert_eq!(corrected.device, Some(time(15, 53)));
    }

    #[test]
    fn a_time_that_cannot_be_is_unknown_and_the_receipt_stands_in() {
        let never = DeviceTime { year: None, ..time(1, 1) };
        let reset = DeviceTime { year: Some(2000), month: Some(1), day: Some(1), ..time(0, 0) };
        for impossible in [never, time(16, 30), reset] {
            let corrected = correct(Some(impossible), None, NOW);
            assert_eq!((corrected.at, corrected.method), (NOW.wall, TimeMethod::Unknown));
        }
        assert_eq!(correct(None, None, NOW).method, TimeMethod::Receipt);
        assert_eq!(correct(Some(time(16, 0)), None, NOW).method, TimeMethod::DeviceClockUnverified);
    }

    #[test]
    fn a_time_before_a_jump_of_the_clock_counts_as_it_stands_and_unverified() {
        // The battery was changed: the clock began at 2020. A reading from before still shows the right time.
        let clock = compare(DeviceTime { year: Some(2020), month: Some(1), day: Some(1), ..time(0, 5) }, NOW).unwrap();
        let corrected = correct(Some(time(15, 53)), Some(&clock), NOW);
        assert_eq!(corrected.method, TimeMethod::DeviceClockUnverified);
        assert_eq!(NOW.wall.millis_since(corrected.at), 13 * 60_000);
    }

    #[test]
    fn a_clock_that_was_set_corrects_old_values_by_what_it_was_and_new_ones_by_what_it_is() {
        let read = compare(time(15, 40), NOW).unwrap();
        let timeline = Timeline { read: Some(read), since_set: compare(time(16, 6), NOW), ..Timeline::default() };
        let old = timeline.correct(Some(time(15, 30)), NOW);
        assert_eq!(NOW.wall.millis_since(old.at), 10 * 60_000);
        let later = Now { wall: NOW.wall.plus_millis(120_000), ..NOW };
        let new = timeline.correct(Some(time(16, 8)), later);
        assert_eq!(new.at, later.wall);
    }

    #[test]
    fn the_zone_of_this_computer_has_no_part_in_a_corrected_time() {
        // The same device, read after this computer went to another zone: the offset takes it up.
        let moved = Now { zone_offset_ms: -5 * 3_600_000, ..NOW };
        for now in [NOW, moved] {
            let clock = compare(time(16, 3), now).unwrap();
            assert_eq!(now.wall.millis_since(correct(Some(time(15, 53)), Some(&clock), now).at), 600_000);
        }
    }

    #[test]
    fn a_change_of_this_computers_zone_while_a_link_is_up_moves_no_reading() {
        let clock = compare(time(16, 3), NOW).unwrap();
        let winter = Now { zone_offset_ms: 3_600_000, ..NOW };
        assert_eq!(NOW.wall.millis_since(correct(Some(time(15, 53)), Some(&clock), winter).at), 600_000);
    }

    #[test]
    fn an_old_reading_that_the_clock_as_it_was_set_would_put_ahead_of_now_is_an_old_one() {
        // The clock was a minute ahead; what was measured just before it was set still shows that.
        let timeline =
            Timeline { read: compare(time(16, 7), NOW), since_set: compare(time(16, 6), NOW), ..Timeline::default() };
        let old = timeline.correct(Some(time(16, 7)), NOW);
        assert_eq!(old.at, NOW.wall);
    }

    #[test]
    fn a_time_offset_moves_a_base_time_over_midnight() {
        assert_eq!(shifted(time(0, 10), -60), DeviceTime { day: Some(17), ..time(23, 10) });
        let impossible = DeviceTime { month: Some(2), day: Some(31), ..time(1, 0) };
        assert_eq!(shifted(impossible, 60), impossible);
    }

    #[test]
    fn ticks_are_placed_by_the_count_read_on_the_same_connection() {
        let ticks = |count, flags| ElapsedTime {
            flags: bedside_gatt::elapsed_time::ElapsedTimeFlags::from_bits(flags),
            count,
            source: bedside_gatt::current_time::TimeSource::Unknown,
            offset_quarters: 0,
        };
        let (tick, present) = (0b0000_0001, 0b0010_0001);
        let timeline = Timeline::of_elapsed(&ticks(1_000, present), NOW);
        let measured = timeline.correct_elapsed(&ticks(940, present), NOW);
        assert_eq!((measured.method, NOW.wall.millis_since(measured.at)), (TimeMethod::TickCounter, 60_000));
        assert_eq!(measured.device, of_seconds_since_2000(940), "the count is kept");
        let before_restart = timeline.correct_elapsed(&ticks(940, tick), NOW);
        assert_eq!((before_restart.method, before_restart.at), (TimeMethod::Unknown, NOW.wall));
        let unread = Timeline::default().correct_elapsed(&ticks(940, present), NOW);
        assert_eq!(unread.method, TimeMethod::Unknown);
    }

    #[test]
    fn universal_time_of_a_device_is_compared_as_local_time() {
        let utc = ElapsedTime {
            flags: bedside_gatt::elapsed_time::ElapsedTimeFlags::from_bits(0b0010_0010),
            count: ((NOW.wall.0 - YEAR_2000_MS) / 1_000) as u64,
            source: bedside_gatt::current_time::TimeSource::Unknown,
            offset_quarters: 0,
        };
        assert_eq!(Timeline::of_elapsed(&utc, NOW).read.unwrap().offset_ms, 0);
    }
}
