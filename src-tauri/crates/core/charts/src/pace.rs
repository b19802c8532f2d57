//! Spreads samples that come in bursts over the frames of the screen: a device that sends half a second at once still
//! sweeps evenly. It counts time that is told to it; what is drawn lies in `sweep_strip.rs`.
use core::time::Duration;

/// So much must wait before a stopped sweep starts: a burst of the usual devices holds about as much.
const LEAD_MS: u64 = 400;
/// With more than this waiting the sweep runs faster.
const HURRY_MS: u64 = 1000;
/// With more than this waiting the sweep jumps: a live strip must not lag.
const MOST_MS: u64 = 3000;
const HURRY_PERCENT: u64 = 125;
const NANOS: u128 = 1_000_000_000;

/// How many samples of one strip are due at each frame.
#[derive(Clone, Debug)]
pub struct Pace {
    hertz: u64,
    /// Parts of a sample that are due already, in 1/10^9.
    owed: u128,
    running: bool,
}

impl Pace {
    /// For a strip of `hertz` samples a second.
    pub const fn new(hertz: u16) -> Self {
        Self { hertz: hertz as u64, owed: 0, running: false }
    }

    /// How many of the `waiting` samples to draw when `passed` is the time since the last call.
    pub fn due(&mut self, passed: Duration, waiting: u64) -> u64 {
        if !self.running {
            if waiting == 0 || waiting < self.samples(LEAD_MS) {
                return 0;
            }
            self.running = true;
            self.owed = 0;
        }
        let percent = if waiting > self.samples(HURRY_MS) { HURRY_PERCENT } else { 100 };
        self.owed += passed.as_nanos().saturating_mul(u128::from(self.hertz * percent)) / 100;
        let due = u64::try_from(self.owed / NANOS).unwrap_or(u64::MAX);
        self.owed %= NANOS;
        if due >= waiting {
            // Nothing is left: the sweep stands until enough waits again.
            self.running = false;
            return waiting;
        }
        if waiting - due > self.samples(MOST_MS) {
            return waiting - self.samples(LEAD_MS);
        }
        due
    }

    const fn samples(&self, milliseconds: u64) -> u64 {
        self.hertz * milliseconds / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_nanos(16_666_667);

    #[test]
    fn bursts_of_half_a_second_become_an_even_sweep() {
        let (mut pace, mut waiting, mut most) = (Pace::new(130), 0, 0);
        let mut drawn = 0;
        for frame in 0..600 {
            if frame % 34 == 0 {
                waiting += 73;
            }
            let due = pace.due(FRAME, waiting);
            waiting -= due;
            drawn += due;
            most = most.max(due);
        }
        assert!(most <= 3, "{most} samples in one frame");
        assert!(drawn >= 1200, "{drawn} of 1314 samples in ten seconds");
    }

    #[test]
    fn a_second_at_the_true_pace_is_as_many_samples_as_the_pace_says() {
        let mut pace = Pace::new(130);
        let mut waiting = 130;
        let drawn: u64 = (0..60)
            .map(|_| {
                let due = pace.due(FRAME, waiting);
                waiting -= due;
                due
            })
            .sum();
        assert_eq!(drawn, 130);
    }

    #[test]
    fn a_stopped_sweep_waits_for_a_lead() {
        let mut pace = Pace::new(100);
        assert_eq!(pace.due(Duration::from_secs(9), 39), 0);
        assert_eq!(pace.due(FRAME, 40), 1);
    }

    #[test]
    fn a_sweep_that_lags_by_seconds_catches_up_at_once() {
        assert_eq!(Pace::new(100).due(FRAME, 1000), 960);
    }

    #[test]
    fn any_time_and_any_number_are_answered() {
        for hertz in [0, 1, u16::MAX] {
            for waiting in [0, 1, u64::MAX] {
                let mut pace = Pace::new(hertz);
                for passed in [Duration::ZERO, Duration::MAX, Duration::MAX] {
                    assert!(pace.due(passed, waiting) <= waiting);
                }
            }
        }
    }
}
