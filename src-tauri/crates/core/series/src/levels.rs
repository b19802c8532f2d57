//! The widths of bins, on a fixed grid of time that begins in 1970.
//! Not here: what a bin holds (`bin`), and the tables and queries that use the grid.
use bedside_vitals::WallTime;

/// Bins of one grid that share a group of rows.
pub const BINS_PER_TILE: i64 = 256;

/// One width of bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// 1 is the finest; 0 stands for the samples themselves.
    pub number: u8,
    /// The width of a bin in milliseconds.
    pub width_ms: i64,
}

/// For numerics and beat intervals: a minute, a quarter of an hour, four hours.
pub const NUMERIC_LEVELS: [Level; 3] = [
    Level { number: 1, width_ms: 60_000 },
    Level { number: 2, width_ms: 15 * 60_000 },
    Level { number: 3, width_ms: 4 * 3_600_000 },
];

/// For waveforms: half a second, 8 seconds, 128 seconds.
pub const WAVEFORM_LEVELS: [Level; 3] =
    [Level { number: 1, width_ms: 500 }, Level { number: 2, width_ms: 8_000 }, Level { number: 3, width_ms: 128_000 }];

impl Level {
    /// The coarsest of `levels` that has at least `columns` bins in `span_ms`; `None` = only the samples will do.
    pub fn coarsest(levels: &[Self], span_ms: i64, columns: usize) -> Option<Self> {
        let enough = |level: &&Self| span_ms / level.width_ms >= i64::try_from(columns).unwrap_or(i64::MAX);
        levels.iter().filter(enough).max_by_key(|level| level.width_ms).copied()
    }

    /// The start of the bin that `at` lies in.
    pub const fn bin_of(self, at: WallTime) -> WallTime {
        WallTime(floor(at.0, self.width_ms))
    }

    /// The start of the tile that `at` lies in.
    pub const fn tile_of(self, at: WallTime) -> WallTime {
        WallTime(floor(at.0, self.tile_ms()))
    }

    /// The width of a tile in milliseconds.
    pub const fn tile_ms(self) -> i64 {
        self.width_ms * BINS_PER_TILE
    }
}

/// The multiple of `width` at or before `at`.
pub(crate) const fn floor(at: i64, width: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_coarsest_that_fills_the_screen() {
        let level = |days: i64, columns| Level::coarsest(&NUMERIC_LEVELS, days * 86_400_000, columns).map(|l| l.number);
        assert_eq!(level(30, 1200), Some(2));
        assert_eq!(level(300, 1200), Some(3));
        assert_eq!(level(1, 1200), Some(1));
        assert_eq!(level(1, 2000), None);
    }

    #[test]
    fn the_grid_holds_before_1970_too() {
        assert_eq!(NUMERIC_LEVELS[0].bin_of(WallTime(-1)), WallTime(-60_000));
        assert_eq!(NUMERIC_LEVELS[0].bin_of(WallTime(60_000)), WallTime(60_000));
    }
}
