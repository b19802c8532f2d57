//! How many rows one request may carry: it grows while the server copes, and shrinks when it does not.
//! Not here: which rows they are.

/// Bounds of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rows. A server that takes fewer is remembered.
    pub rows: usize,
    /// The most octets of all resources together; a single larger one goes alone.
    pub octets: usize,
}

impl Default for Limits {
    /// 50 rows, 512 KiB: what the servers we know take.
    fn default() -> Self {
        Self { rows: 50, octets: 512 * 1024 }
    }
}

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
        Self { limits, largest: rows, current: rows }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.current
    }

    pub(crate) const fn octets(&self) -> usize {
        self.limits.octets
    }

    /// A request went through.
    pub(crate) fn grow(&mut self) {
        self.current = self.current.saturating_mul(2).min(self.largest);
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

    #[test]
    fn a_size_that_was_too_large_is_never_tried_again() {
        let mut size = BatchSize::new(Limits::default());
        size.lower_largest(50);
        (0..10).for_each(|_| size.grow());
        assert_eq!(size.rows(), 25);
    }

    #[test]
    fn a_size_that_failed_once_is_reached_again() {
        let mut size = BatchSize::new(Limits::default());
        size.shrink(3);
        assert_eq!(size.rows(), 1);
        (0..10).for_each(|_| size.grow());
        assert_eq!(size.rows(), 50);
    }
}
