//! Notices sleep, stalls and clock jumps by comparing two clocks between ticks (product law 1).
//! Not here: what follows from it.
use bedside_session::Now;
use std::time::Duration;

/// A tick is due four times a second; so much time between two means that the computer slept or stood still.
const STANDSTILL: Duration = Duration::from_secs(5);
/// The wall clock may be slewed by so much between two ticks without being called a jump.
const JUMP_MS: i64 = 2_000;

/// The clocks at the last tick.
pub(crate) struct Vigil {
    last: Now,
}

impl Vigil {
    pub(crate) const fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// How long no tick came, sleep included.
    pub(crate) fn silence(&self, now: Now) -> Duration {
        now.boot.since(self.last.boot)
    }

    /// Whether time went on without us, or the wall clock moved on its own, since the last look.
    pub(crate) fn look(&mut self, now: Now) -> bool {
        let passed = now.boot.since(self.last.boot);
        let by_wall = now.wall.millis_since(self.last.wall);
        let drift = by_wall.saturating_sub(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        self.last = now;
        passed > STANDSTILL || drift.abs() > JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BootTime, WallTime};

    fn at(boot_ms: u64, wall: i64) -> Now {
        Now { boot: BootTime::from_millis(boot_ms), wall: WallTime(wall), zone_offset_ms: 0 }
    }

    #[test]
    fn sleep_and_jumps_are_noticed_and_ordinary_ticks_are_not() {
        let mut vigil = Vigil::new(at(0, 1_000));
        assert!(!vigil.look(at(250, 1_250)));
        assert!(!vigil.look(at(500, 1_900)), "a clock slewed by 400 ms");
        assert!(vigil.look(at(30_000, 31_400)), "30 s without a tick");
        assert!(vigil.look(at(30_250, 3_631_650)), "the wall clock went an hour ahead");
        assert!(vigil.look(at(30_500, 31_900)), "and back");
        assert!(!vigil.look(at(30_750, 32_150)));
    }
}
