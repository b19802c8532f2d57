//! How old is too old. The one place that decides whether a value may look current (product law 1).
//! Not here: reading a clock, and how a screen shows each state.
use crate::{BootTime, Cadence, TimeMethod, WallTime};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The five states of a displayed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Freshness {
    /// A stream that is running.
    Live,
    /// Recent enough to act on.
    Recent,
    /// Old: shown grey with its age.
    Stale,
    /// Too old to show as a value.
    Lost,
    /// Nothing ever arrived.
    Never,
}

/// The limits of one cadence. A value is in a state up to and including its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshnessLimits {
    /// To here `live`; zero for spot values, which never are.
    pub live: Duration,
    /// To here `recent`.
    pub recent: Duration,
    /// To here `stale`, then `lost`.
    pub stale: Duration,
}

impl FreshnessLimits {
    /// Streaming: 5 s, 15 s, 60 s.
    pub const STREAMING: Self =
        Self { live: Duration::from_secs(5), recent: Duration::from_secs(15), stale: Duration::from_secs(60) };
    /// Spot: never live, 15 min, 60 min.
    pub const SPOT: Self =
        Self { live: Duration::ZERO, recent: Duration::from_secs(15 * 60), stale: Duration::from_secs(60 * 60) };

    /// Each limit at most that of `ceiling`, and in order: a policy may tighten, never loosen.
    #[must_use]
    pub fn tightened_by(self, policy: Self) -> Self {
        let live = self.live.min(policy.live);
        let recent = self.recent.min(policy.recent).max(live);
        let stale = self.stale.min(policy.stale).max(recent);
        Self { live, recent, stale }
    }
}

/// Both sets of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshnessRule {
    /// For values that stream.
    pub streaming: FreshnessLimits,
    /// For single measurements.
    pub spot: FreshnessLimits,
}

impl Default for FreshnessRule {
    fn default() -> Self {
        Self { streaming: FreshnessLimits::STREAMING, spot: FreshnessLimits::SPOT }
    }
}

/// What is known of the last sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSample {
    /// Arrival, on the clock that counts sleep.
    pub received: BootTime,
    /// Corrected time of measurement.
    pub measured: WallTime,
    /// How that time was found.
    pub method: TimeMethod,
    /// Stream or spot.
    pub cadence: Cadence,
    /// Whether it came before the last wake or time jump: then it is at best stale.
    pub before_interruption: bool,
}

/// The state of a value and its age.
///
/// Streams age by the clock that counts sleep. Spot values age by their corrected time of measurement, and never
/// less than by arrival; a time that is unknown or lies in the future makes them at best `stale`.
pub fn freshness(
    rule: &FreshnessRule,
    sample: Option<&LastSample>,
    now: BootTime,
    wall: WallTime,
) -> (Freshness, Duration) {
    let Some(sample) = sample else { return (Freshness::Never, Duration::ZERO) };
    let since_arrival = now.since(sample.received);
    let (limits, age, at_best) = match sample.cadence {
        Cadence::Streaming if sample.before_interruption => {
            // It may be from before this boot, where the clock since boot cannot reach.
            (&rule.streaming, since_arrival.max(age_by_wall(sample, wall)), Freshness::Stale)
        }
        Cadence::Streaming => (&rule.streaming, since_arrival, Freshness::Live),
        Cadence::Spot => {
            let age = age_by_wall(sample, wall).max(since_arrival);
            let in_future = wall.millis_since(sample.measured) < -(FUTURE_TOLERANCE.as_millis() as i64);
            let unknown = sample.method == TimeMethod::Unknown || in_future;
            (&rule.spot, age, if unknown { Freshness::Stale } else { Freshness::Recent })
        }
    };
    let by_age = match age {
        age if age > limits.stale => Freshness::Lost,
        age if age > limits.recent => Freshness::Stale,
        age if age > limits.live => Freshness::Recent,
        _ => Freshness::Live,
    };
    let at_best = if sample.before_interruption { at_best.max(Freshness::Stale) } else { at_best };
    (by_age.max(at_best), age)
}

fn age_by_wall(sample: &LastSample, wall: WallTime) -> Duration {
    Duration::from_millis(u64::try_from(wall.millis_since(sample.measured)).unwrap_or(0))
}

/// Clocks of device and computer may differ by this much before a time counts as lying in the future.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: FreshnessRule = FreshnessRule { streaming: FreshnessLimits::STREAMING, spot: FreshnessLimits::SPOT };

    fn stream_at(ms: u64) -> LastSample {
        LastSample {
            received: BootTime::from_millis(ms),
            measured: WallTime(ms as i64),
            method: TimeMethod::Receipt,
            cadence: Cadence::Streaming,
            before_interruption: false,
        }
    }

    fn state(sample: &LastSample, ms: u64) -> Freshness {
        freshness(&RULE, Some(sample), BootTime::from_millis(ms), WallTime(ms as i64)).0
    }

    #[test]
    fn a_stream_that_stops_passes_through_every_state_at_its_limit() {
        let sample = stream_at(0);
        let expected = [
            (5_000, Freshness::Live),
            (5_001, Freshness::Recent),
            (15_000, Freshness::Recent),
            (15_001, Freshness::Stale),
            (60_000, Freshness::Stale),
            (60_001, Freshness::Lost),
        ];
        for (ms, freshness) in expected {
            assert_eq!(state(&sample, ms), freshness, "{ms} ms");
        }
    }

    #[test]
    fn after_a_wake_nothing_is_better_than_stale_until_a_new_sample() {
        let sample = LastSample { before_interruption: true, ..stream_at(0) };
        assert_eq!(state(&sample, 1), Freshness::Stale);
        assert_eq!(state(&stream_at(2), 3), Freshness::Live);
        let before_boot = LastSample { measured: WallTime(-100_000), ..sample };
        assert_eq!(state(&before_boot, 1), Freshness::Lost, "older than this boot");
    }

    #[test]
    fn a_spot_value_is_never_live_and_an_unknown_or_future_time_never_recent() {
        let spot = LastSample { cadence: Cadence::Spot, ..stream_at(0) };
        assert_eq!(state(&spot, 0), Freshness::Recent);
        assert_eq!(state(&LastSample { method: TimeMethod::Unknown, ..spot }, 0), Freshness::Stale);
        assert_eq!(state(&LastSample { measured: WallTime(10_000_000), ..spot }, 0), Freshness::Stale);
        assert_eq!(state(&LastSample { measured: WallTime(-16 * 60_000), ..spot }, 0), Freshness::Stale);
    }

    #[test]
    fn a_policy_tightens_and_never_loosens() {
        let loose = FreshnessLimits { live: Duration::from_secs(60), ..FreshnessLimits::STREAMING };
        assert_eq!(FreshnessLimits::STREAMING.tightened_by(loose), FreshnessLimits::STREAMING);
        let tight = FreshnessLimits {
            live: Duration::from_secs(2),
            recent: Duration::from_secs(4),
            stale: Duration::from_secs(8),
        };
        assert_eq!(FreshnessLimits::STREAMING.tightened_by(tight), tight);
    }
}
