//! Device time to corrected time: raw time, offset of the device's clock, and how sure the result is.
//! Devices keep local time without a zone; the zone is this computer's at the time of receipt.
use crate::input::Now;
use bedside_vitals::{CorrectedTime, DeviceClock, DeviceTime, TimeMethod};

/// The device's clock against ours, when it is a possible time.
pub(crate) fn compare(device: DeviceTime, now: Now) -> Option<DeviceClock> {
    let offset_ms = device.as_if_utc()?.millis_since(now.wall.plus_millis(now.zone_offset_ms));
    Some(DeviceClock { device, read_at: now.wall, offset_ms })
}

/// When a value was measured, from the time it carries (if any) and the device's clock (if it was read).
///
/// Without a readable clock the device's time counts as it is. A time more than two minutes ahead of us or two years
/// back, as after a change of battery, is unknown, and the time of receipt stands in.
pub fn correct(device: Option<DeviceTime>, clock: Option<&DeviceClock>, now: Now) -> CorrectedTime {
    let receipt = CorrectedTime::on_receipt(now.wall, now.boot);
    let Some(device) = device else { return receipt };
    let unknown = CorrectedTime { device: Some(device), method: TimeMethod::Unknown, ..receipt };
    let Some(local) = device.as_if_utc() else { return unknown };
    let utc = local.plus_millis(-now.zone_offset_ms);
    let (at, method) = match clock {
        Some(clock) => (utc.plus_millis(-clock.offset_ms), TimeMethod::DeviceClockCorrected),
        None => (utc, TimeMethod::DeviceClockUnverified),
    };
    if !(-BACK_MS..=AHEAD_MS).contains(&at.millis_since(now.wall)) {
        unknown
    } else {
        CorrectedTime { at, method, ..unknown }
    }
}

const AHEAD_MS: i64 = 120_000;
const BACK_MS: i64 = 2 * 366 * 24 * 3_600_000;

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
}
