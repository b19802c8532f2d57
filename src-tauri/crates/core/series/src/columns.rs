//! The reduction of samples and bins to the columns of a screen. Every column keeps its lowest and its highest sample.
//! Not here: drawing, or which level to read.
use crate::Bin;
use crate::levels::floor;
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// A column with at least one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReducedBin {
    /// Where the column begins, but not before the range that was asked for.
    pub start: WallTime,
    /// Its samples.
    pub bin: Bin,
}

/// The columns of one series over a range of time. A column without samples is a gap.
#[derive(Clone, Debug)]
pub struct Columns {
    from: WallTime,
    until: WallTime,
    width_ms: i64,
    bins: Vec<Option<Bin>>,
}

impl Columns {
    /// At most `most` columns (at least one) over `from..until`, each a whole multiple of `grid_ms` wide and on its grid.
    pub fn over(from: WallTime, until: WallTime, most: usize, grid_ms: i64) -> Self {
        let grid = grid_ms.max(1);
        let most = i64::try_from(most.clamp(1, 1 << 20)).unwrap_or(1);
        let span = until.millis_since(from).max(1);
        let mut times = (span / grid / most).max(1);
        while touched(from, until, grid.saturating_mul(times)) > most {
            times = times.saturating_add((times / 64).max(1));
        }
        let width_ms = grid.saturating_mul(times);
        let count = usize::try_from(touched(from, until, width_ms)).unwrap_or(0);
        Self { from, until, width_ms, bins: alloc::vec![None; count] }
    }

    /// The width of a column in milliseconds.
    pub const fn width_ms(&self) -> i64 {
        self.width_ms
    }

    /// Adds a sample; one outside the range is left out.
    pub fn add_sample(&mut self, at: WallTime, sample: i32) {
        self.add_bin(at, Bin::of(sample));
    }

    /// Adds a bin of a finer grid, by its start; one that begins outside the range is left out.
    pub fn add_bin(&mut self, start: WallTime, bin: Bin) {
        if start < self.from || start >= self.until {
            return;
        }
        let origin = floor(self.from.0, self.width_ms);
        let place = usize::try_from(start.0.saturating_sub(origin) / self.width_ms).ok();
        if let Some(column) = place.and_then(|place| self.bins.get_mut(place)) {
            *column = Some(column.map_or(bin, |held| held.and(bin)));
        }
    }

    /// The columns with samples, in order of time.
    pub fn reduced(&self) -> impl Iterator<Item = ReducedBin> + '_ {
        let origin = floor(self.from.0, self.width_ms);
        self.bins.iter().enumerate().filter_map(move |(place, bin)| {
            let start = origin.saturating_add(self.width_ms.saturating_mul(place as i64));
            bin.map(|bin| ReducedBin { start: WallTime(start).max(self.from), bin })
        })
    }
}

/// Columns of `width` that a range touches.
fn touched(from: WallTime, until: WallTime, width: i64) -> i64 {
    if until <= from {
        return 0;
    }
    ((until.0 - 1).div_euclid(width)).saturating_sub(from.0.div_euclid(width)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_spike_and_no_sample_is_lost(
            samples in prop::collection::vec((0i64..5_000_000, -90i32..90), 1..500),
            from in 0i64..4_000_000, span in 1i64..2_000_000, most in 1usize..300, grid in 1i64..70_000,
        ) {
            let (from, until) = (WallTime(from), WallTime(from + span));
            let mut columns = Columns::over(from, until, most, grid);
            samples.iter().for_each(|&(at, v)| columns.add_sample(WallTime(at), v));
            let inside = || samples.iter().filter(|(at, _)| (from.0..until.0).contains(at)).map(|(_, v)| *v);
            let reduced: Vec<_> = columns.reduced().collect();
            prop_assert!(reduced.len() <= most);
            prop_assert_eq!(columns.width_ms() % grid, 0);
            prop_assert_eq!(reduced.iter().map(|r| r.bin.highest).max(), inside().max());
            prop_assert_eq!(reduced.iter().map(|r| r.bin.lowest).min(), inside().min());
            prop_assert_eq!(reduced.iter().map(|r| r.bin.count as usize).sum::<usize>(), inside().count());
            prop_assert!(reduced.iter().all(|r| r.start >= from && r.start < until));
        }
    }

    #[test]
    fn a_stretch_without_samples_has_no_column() {
        let mut columns = Columns::over(WallTime(0), WallTime(1000), 10, 1);
        columns.add_sample(WallTime(50), 1);
        columns.add_sample(WallTime(950), 2);
        let starts: Vec<i64> = columns.reduced().map(|column| column.start.0).collect();
        assert_eq!(starts, [0, 900]);
    }

    #[test]
    fn a_range_of_all_times_or_none_does_no_harm() {
        let all = Columns::over(WallTime(i64::MIN), WallTime(i64::MAX), 1000, 1);
        assert!((900..=1000).contains(&all.bins.len()), "{} columns", all.bins.len());
        assert_eq!(Columns::over(WallTime(5), WallTime(5), 1000, 1).bins.len(), 0);
        assert_eq!(Columns::over(WallTime(5), WallTime(i64::MIN), 0, 0).bins.len(), 0);
    }
}
