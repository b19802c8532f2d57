//! How many rows one request may carry: it grows while the server answers quickly, and shrinks when it does not.
//! Not here: which rows they are.

/// Bounds of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The rows of the first request.
    pub rows: usize,
    /// The most octets of all resources together at that number of rows, and in proportion with more; a single larger
    /// one goes alone.
    pub octets: usize,
    /// The most rows ever. A server that takes fewer is remembered.
    pub most: usize,
}

impl Default for Limits {
    /// 50 rows and 512 KiB, which the servers we know take; up to 500 rows.
    fn default() -> Self {
        Self { rows: 50, octets: 512 * 1024, most: 500 }
    }
}

/// An answer is to come within this time.
const SLOW_MS: i64 = 5_000;
/// Below this there is room for more.
const QUICK_MS: i64 = 2_500;
/// Slowness alone makes no request smaller than this.
const LEAST_WHEN_SLOW: usize = 8;

/// The size of the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchSize {
    limits: Limits,
    /// What the server has shown to take.
    largest: usize,
    current: usize,
}

impl BatchSize {
    pub(crate) fn new(limits: Limits) -> Self {
        let rows = limits.rows.max(1);
        Self { limits, largest: limits.most.max(rows), current: rows }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.current
    }

    /// The most rows that the server takes, where that is less than ours.
    pub(crate) fn learned_most(&self) -> Option<usize> {
        (self.largest < self.limits.most.max(self.limits.rows)).then_some(self.largest)
    }

    pub(crate) fn octets(&self) -> usize {
        let start = self.limits.rows.max(1);
        (self.limits.octets / start).saturating_mul(self.current.max(start)).max(self.limits.octets)
    }

    /// What was learned in an earlier run, or what the server says of itself.
    pub(crate) fn remember(&mut self, most: Option<usize>, rows: Option<usize>) {
        if let Some(most) = most {
            self.largest = self.largest.min(most.max(1));
        }
        self.current = rows.unwrap_or(self.current).clamp(1, self.largest);
    }

    /// A request of `sent` rows was answered after so many milliseconds.
    pub(crate) fn answered(&mut self, sent: usize, after_ms: i64) {
        if after_ms > SLOW_MS {
            self.current = (sent / 2).max(LEAST_WHEN_SLOW).min(self.current);
            return;
        }
        // A short request tells nothing of a long one.
        let ceiling = if sent >= self.current && after_ms < QUICK_MS { self.largest } else { self.limits.rows };
        self.current = self.current.saturating_mul(2).min(ceiling).max(self.current).min(self.largest);
    }

    /// A request of `sent` rows was too much this time.
    pub(crate) fn shrink(&mut self, sent: usize) {
        self.current = (sent / 2).max(1);
    }

    /// The server never takes `sent` rows.
    pub(crate) fn lower_largest(&mut self, sent: usize) {
        self.shrink(sent);
        self.largest = self.current;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size() -> BatchSize {
        BatchSize::new(Limits::default())
    }

    #[test]
    fn a_size_that_was_too_large_is_never_tried_again() {
        let mut size = size();
        size.lower_largest(50);
        (0..10).for_each(|_| size.answered(size.rows(), 10));
        assert_eq!((size.rows(), size.learned_most()), (25, Some(25)));
    }

    #[test]
    fn a_size_that_failed_once_is_reached_again() {
        let mut size = size();
        size.shrink(3);
        assert_eq!(size.rows(), 1);
        (0..10).for_each(|_| size.answered(1, 10));
        assert_eq!(size.rows(), 50);
    }

    #[test]
    fn a_quick_server_gets_up_to_five_hundred_rows_and_a_slow_one_not_less_than_eight() {
        let mut size = size();
        (0..10).for_each(|_| size.answered(size.rows(), 100));
        assert_eq!((size.rows(), size.octets()), (500, 10 * (512 * 1024 / 50 * 50)));
        (0..20).for_each(|_| size.answered(size.rows(), 6_000));
        assert_eq!((size.rows(), size.octets()), (8, 512 * 1024));
    }

    #[test]
    fn an_answer_in_good_time_that_is_not_quick_changes_nothing_above_the_first_size() {
        let mut size = size();
        size.answered(50, 4_000);
        assert_eq!(size.rows(), 50);
    }

    #[test]
    fn what_was_learned_of_a_server_is_where_the_next_run_begins() {
        let mut size = size();
        size.remember(Some(100), Some(80));
        assert_eq!(size.rows(), 80);
        (0..10).for_each(|_| size.answered(size.rows(), 100));
        assert_eq!(size.rows(), 100);
    }
}
