//! What is kept of many samples: lowest, highest, exact sum and count. A one-sample spike survives in every bin.
//! Not here: where a bin lies in time.

/// The samples of one stretch of time; a bin without samples is not kept at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The lowest sample.
    pub lowest: i32,
    /// The highest sample.
    pub highest: i32,
    /// The sum of all samples: a mean of means of unequal counts would be wrong.
    pub sum: i64,
    /// How many samples; at least 1.
    pub count: u32,
}

impl Bin {
    /// The bin of one sample.
    pub const fn of(sample: i32) -> Self {
        Self { lowest: sample, highest: sample, sum: sample as i64, count: 1 }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            sum: self.sum.saturating_add(other.sum),
            count: self.count.saturating_add(other.count),
        }
    }

    /// The mean of all samples.
    pub fn mean(self) -> f64 {
        self.sum as f64 / f64::from(self.count.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_weighs_every_sample_alike() {
        let whole = Bin::of(10).and(Bin::of(20)).and(Bin::of(40));
        assert_eq!((whole.lowest, whole.highest, whole.count), (10, 40, 3));
        assert!((whole.mean() - 70.0 / 3.0).abs() < 1e-9);
    }
}
