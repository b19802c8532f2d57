//! When to try again: exponential with full jitter, the server's own wish honoured, never more than 15 minutes.
//! Not here: which failures call for it.
use bedside_vitals::WallTime;
use core::time::Duration;

/// The longest wait, whatever a server asks for.
pub(crate) const LONGEST_MS: i64 = 15 * 60_000;
/// The longest wait for a server that was not reached: asking costs it nothing, and the way to it may be back any
/// moment.
const LONGEST_UNREACHED_MS: i64 = 60_000;
const SHORTEST_MS: i64 = 1_000;
const FIRST_CEILING_MS: i64 = 4_000;

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<WallTime>,
}

impl Backoff {
    /// One more failure; the time of the next try.
    pub(crate) fn fail(&mut self, now: WallTime, random: u64, retry_after: Option<Duration>) -> WallTime {
        self.failures = self.failures.saturating_add(1);
        let until = now.plus_millis(wait_ms(self.failures, random, retry_after));
        self.until = Some(until);
        until
    }

    /// One more failure to reach the server.
    pub(crate) fn unreached(&mut self, now: WallTime, random: u64) -> WallTime {
        self.failures = self.failures.saturating_add(1);
        let until = now.plus_millis(wait_ms(self.failures, random, None).min(LONGEST_UNREACHED_MS));
        self.until = Some(until);
        until
    }

    /// The server works again.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Nothing before this time.
    pub(crate) const fn until(&self) -> Option<WallTime> {
        self.until
    }

    /// Failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }
}

/// Milliseconds to wait after so many failures in a row.
pub(crate) fn wait_ms(failures: u32, random: u64, retry_after: Option<Duration>) -> i64 {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = (FIRST_CEILING_MS << doublings).min(LONGEST_MS);
    let jittered = SHORTEST_MS + random.rem_euclid(ceiling.unsigned_abs()) as i64;
    let asked = retry_after.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(LONGEST_MS));
    jittered.max(asked).min(LONGEST_MS)
}

/// Whether a time has come. A time further ahead than the longest wait was set by a clock that has gone back since.
pub(crate) fn is_due(at: Option<WallTime>, now: WallTime) -> bool {
    at.is_none_or(|at| at <= now || at.millis_since(now) > LONGEST_MS)
}

/// Another number for each row of one try (splitmix64).
pub(crate) const fn spread(random: u64, index: u64) -> u64 {
    let mut mixed = random.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_fifteen_minutes() {
        let longest = |failures| wait_ms(failures, u64::MAX / 900_000 * 900_000 - 1, None);
        assert!(longest(1) <= 5_000 && longest(5) <= 65_000);
        assert!((1..=1000).all(|failures| longest(failures) <= LONGEST_MS));
        assert_eq!(wait_ms(u32::MAX, 899_999, None), LONGEST_MS);
    }

    #[test]
    fn a_server_that_is_not_reached_is_tried_again_within_a_minute() {
        let mut backoff = Backoff::default();
        let now = WallTime(0);
        assert!((0..50).all(|n| backoff.unreached(now, n * 77_777_777).millis_since(now) <= LONGEST_UNREACHED_MS));
    }

    #[test]
    fn the_servers_wish_is_honoured_up_to_fifteen_minutes() {
        assert_eq!(wait_ms(1, 0, Some(Duration::from_secs(30))), 30_000);
        assert_eq!(wait_ms(1, 0, Some(Duration::MAX)), LONGEST_MS);
        assert_eq!(wait_ms(1, 2_000, Some(Duration::ZERO)), 3_000);
    }

    #[test]
    fn a_wall_clock_that_went_back_does_not_stop_sync() {
        let now = WallTime(1_000_000);
        assert!(!is_due(Some(now.plus_millis(60_000)), now));
        assert!(is_due(Some(now.plus_millis(86_400_000)), now));
    }
}
