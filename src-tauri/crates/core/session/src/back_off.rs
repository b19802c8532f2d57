//! How long to wait before the next try to connect: 1 s, 2 s, 4 s … 30 s, and from the start again after success.
//! No jitter: one console talks to one device.
use core::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);

/// Doubles with each failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackOff {
    next: Duration,
}

impl BackOff {
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The wait after one more failure.
    pub(crate) fn fail(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(MOST);
        wait
    }

    pub(crate) const fn succeed(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_ceiling_and_start_over_after_success() {
        let mut back_off = BackOff::new();
        let waits: alloc::vec::Vec<u64> = (0..7).map(|_| back_off.fail().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        back_off.succeed();
        assert_eq!(back_off.fail(), FIRST);
    }
}
