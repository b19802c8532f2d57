//! Minutes of streams: the samples of the present one, and the median when it closes.
//! Not here: storing the samples themselves, which happens at once.
use crate::records::MinuteMedian;
use bedside_vitals::{Decimal, DeviceId, Parameter, PatientId, SeriesId, Unit, WallTime};
use std::collections::BTreeMap;

/// A minute stays open so long after its end, for values that were on their way.
const GRACE_MS: i64 = 2_000;

/// Which stream of which patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stream {
    pub(crate) series: SeriesId,
    pub(crate) device: DeviceId,
    pub(crate) patient: PatientId,
    pub(crate) parameter: Parameter,
}

/// Open minutes.
#[derive(Default)]
pub(crate) struct Minutes {
    open: BTreeMap<(Stream, WallTime), Open>,
}

struct Open {
    unit: Unit,
    exponent: i8,
    steps: Vec<i32>,
}

impl Minutes {
    /// Adds a sample: value = step × 10^exponent.
    pub(crate) fn add(&mut self, stream: Stream, at: WallTime, step: i32, exponent: i8, unit: Unit) {
        let open = self.open.entry((stream, at.minute())).or_insert_with(|| Open { unit, exponent, steps: Vec::new() });
        open.steps.push(step);
    }

    /// The medians of minutes that ended before `now` (less a grace), or of all when the console closes.
    pub(crate) fn close(&mut self, now: WallTime, all: bool) -> Vec<MinuteMedian> {
        let over = |minute: WallTime| all || now.millis_since(minute) >= 60_000 + GRACE_MS;
        let closed: Vec<(Stream, WallTime)> = self.open.keys().filter(|(_, minute)| over(*minute)).copied().collect();
        closed.into_iter().filter_map(|key| self.open.remove(&key).and_then(|open| median(key, open))).collect()
    }
}

fn median((stream, minute): (Stream, WallTime), mut open: Open) -> Option<MinuteMedian> {
    open.steps.sort_unstable();
    let middle = *open.steps.get(open.steps.len().checked_sub(1)? / 2)?;
    let Stream { series, device, patient, parameter } = stream;
    let count = u32::try_from(open.steps.len()).unwrap_or(u32::MAX);
    let median = Decimal::new(i64::from(middle), open.exponent);
    Some(MinuteMedian { series, device, patient, parameter, unit: open.unit, minute, median, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        let device = DeviceId::derive("strap");
        let patient = PatientId(device.0);
        let parameter = Parameter::HeartRate;
        Stream { series: SeriesId::derive(device, Some(patient), parameter), device, patient, parameter }
    }

    #[test]
    fn a_minute_closes_once_with_a_value_that_was_measured() {
        let mut minutes = Minutes::default();
        for (second, step) in [(0, 70), (20, 90), (40, 71), (59, 72)] {
            minutes.add(stream(), WallTime(second * 1_000), step, 0, Unit::PerMinute);
        }
        minutes.add(stream(), WallTime(60_000), 80, 0, Unit::PerMinute);
        assert!(minutes.close(WallTime(61_000), false).is_empty(), "values may still be on their way");
        let closed = minutes.close(WallTime(62_000), false);
        assert_eq!(closed.len(), 1);
        assert_eq!((closed[0].median, closed[0].count), (Decimal::whole(71), 4));
        assert!(minutes.close(WallTime(63_000), false).is_empty());
        assert_eq!(minutes.close(WallTime(63_000), true).len(), 1);
    }
}
