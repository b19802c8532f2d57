//! Samples of a series between the port's words, the blobs of tails and chunks, and bins.
//! Not here: SQL, and how a blob is encoded (`bedside-series`).
use crate::fault::Fault;
use bedside_console::SampleValues;
use bedside_console::ports::StoreFault;
use bedside_series::{
    Bin, EvenBlock, Level, NUMERIC_LEVELS, Packed, SeriesError, TimedSample, WAVEFORM_LEVELS, decode_even,
    decode_timed, pack_even, pack_timed,
};
use bedside_vitals::WallTime;
use std::collections::BTreeMap;

/// All samples of some blobs of one series.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    /// Each with its time.
    Timed(Vec<TimedSample>),
    /// Blocks at an even pace.
    Even(u16, Vec<EvenBlock>),
}

/// The grids of bins of a series; a pace of 0 stands for timed samples.
pub(crate) const fn levels(hertz: u16) -> &'static [Level; 3] {
    if hertz == 0 { &NUMERIC_LEVELS } else { &WAVEFORM_LEVELS }
}

impl Samples {
    /// None yet, of a series with this pace.
    pub(crate) fn none(hertz: u16) -> Self {
        if hertz == 0 { Self::Timed(Vec::new()) } else { Self::Even(hertz, Vec::new()) }
    }

    /// Adds what a commit brought for the same series.
    ///
    /// # Errors
    /// `Refused` when it is a waveform without a pace.
    pub(crate) fn add(&mut self, values: &SampleValues) -> Result<(), Fault> {
        match (self, values) {
            (Self::Timed(samples), SampleValues::Timed(more)) => samples.extend(more),
            (Self::Even(_, blocks), SampleValues::Even { start, samples, .. }) => {
                blocks.push(EvenBlock { start: *start, samples: samples.clone() });
            }
            (Self::Timed(_), SampleValues::Even { .. }) | (Self::Even(..), SampleValues::Timed(_)) => {
                let without_pace = SeriesError::NoPace;
                return Err(StoreFault::Refused(format!("a waveform was not stored: {without_pace}")).into());
            }
        }
        Ok(())
    }

    /// Adds what a blob of the same series holds.
    pub(crate) fn add_blob(&mut self, blob: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Timed(samples) => samples.extend(decode_timed(blob)?),
            Self::Even(hertz, blocks) => {
                let (found, more) = decode_even(blob)?;
                if found != *hertz {
                    return Err(Fault::Column("chunk.octets"));
                }
                blocks.extend(more);
            }
        }
        Ok(())
    }

    /// Brings everything in order of time; what came first stays first among equals.
    pub(crate) fn sort(&mut self) {
        match self {
            Self::Timed(samples) => samples.sort_by_key(|(at, _)| *at),
            Self::Even(_, blocks) => blocks.sort_by_key(|block| block.start),
        }
    }

    /// The earliest and the latest time that a blob of these would name.
    pub(crate) fn reach(&self) -> Option<(WallTime, WallTime)> {
        let mut reach: Option<(WallTime, WallTime)> = None;
        self.each(|at, _| reach = Some(reach.map_or((at, at), |(first, last)| (first.min(at), last.max(at)))));
        reach
    }

    /// The latest sample by time; of several the one that came last.
    pub(crate) fn latest(&self) -> Option<TimedSample> {
        let mut latest: Option<TimedSample> = None;
        self.each(|at, step| {
            if latest.is_none_or(|(before, _)| before <= at) {
                latest = Some((at, step));
            }
        });
        latest
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Timed(samples) => samples.len(),
            Self::Even(_, blocks) => blocks.iter().map(|block| block.samples.len()).sum(),
        }
    }

    /// Every sample with its time.
    pub(crate) fn each(&self, mut each: impl FnMut(WallTime, i32)) {
        match self {
            Self::Timed(samples) => samples.iter().for_each(|(at, step)| each(*at, *step)),
            Self::Even(hertz, blocks) => {
                for block in blocks {
                    for (place, step) in block.samples.iter().enumerate() {
                        each(block.time_of(place, *hertz), *step);
                    }
                }
            }
        }
    }

    /// The blobs of these samples, which must be in order of time.
    pub(crate) fn pack(&self) -> Result<Vec<Packed>, Fault> {
        match self {
            Self::Timed(samples) => Ok(pack_timed(samples)),
            Self::Even(hertz, blocks) => Ok(pack_even(blocks, *hertz)?),
        }
    }

    /// The bins of one level, by their start.
    pub(crate) fn bins(&self, level: Level) -> BTreeMap<WallTime, Bin> {
        let mut bins = BTreeMap::new();
        // Neighbours fall in one bin: the map is asked once a bin, not once a sample.
        let mut open: Option<(WallTime, Bin)> = None;
        self.each(|at, step| {
            let start = level.bin_of(at);
            match &mut open {
                Some((held, bin)) if *held == start => *bin = bin.and(Bin::of(step)),
                _ => {
                    merge(&mut bins, open.replace((start, Bin::of(step))));
                }
            }
        });
        merge(&mut bins, open);
        bins
    }

    /// The same in the port's words: timed samples as one, a waveform as one for each stretch without a gap, and only
    /// samples in `from..until`.
    pub(crate) fn into_values(self, from: WallTime, until: WallTime) -> Vec<SampleValues> {
        match self {
            Self::Timed(mut samples) => {
                samples.retain(|(at, _)| (from..until).contains(at));
                if samples.is_empty() { Vec::new() } else { vec![SampleValues::Timed(samples)] }
            }
            Self::Even(hertz, blocks) => {
                let mut runs: Vec<EvenBlock> = Vec::new();
                for block in blocks.into_iter().filter_map(|block| clip(block, hertz, from, until)) {
                    match runs.last_mut() {
                        Some(run) if run.meets(&block, hertz) => run.samples.extend(block.samples),
                        _ => runs.push(block),
                    }
                }
                let even = |run: EvenBlock| SampleValues::Even { start: run.start, hertz, samples: run.samples };
                runs.into_iter().map(even).collect()
            }
        }
    }
}

fn merge(bins: &mut BTreeMap<WallTime, Bin>, bin: Option<(WallTime, Bin)>) {
    if let Some((start, bin)) = bin {
        bins.entry(start).and_modify(|held| *held = held.and(bin)).or_insert(bin);
    }
}

fn clip(mut block: EvenBlock, hertz: u16, from: WallTime, until: WallTime) -> Option<EvenBlock> {
    let inside = |place: &usize| (from..until).contains(&block.time_of(*place, hertz));
    let first = (0..block.samples.len()).find(inside)?;
    let count = (first..block.samples.len()).take_while(inside).count();
    block.start = block.time_of(first, hertz);
    block.samples = block.samples[first..first + count].to_vec();
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_meet_come_back_as_one_and_a_gap_parts_them() {
        let block = |start, samples: &[i32]| EvenBlock { start: WallTime(start), samples: samples.to_vec() };
        let samples = Samples::Even(100, vec![block(0, &[1, 2]), block(20, &[3]), block(40, &[4])]);
        let even = |start, samples: &[i32]| SampleValues::Even {
            start: WallTime(start),
            hertz: 100,
            samples: samples.to_vec(),
        };
        assert_eq!(samples.into_values(WallTime(0), WallTime(99)), [even(0, &[1, 2, 3]), even(40, &[4])]);
    }

    #[test]
    fn a_block_is_clipped_to_the_range() {
        let block = EvenBlock { start: WallTime(0), samples: vec![1, 2, 3, 4] };
        let even = SampleValues::Even { start: WallTime(10), hertz: 100, samples: vec![2, 3] };
        assert_eq!(Samples::Even(100, vec![block]).into_values(WallTime(5), WallTime(30)), [even]);
    }

    #[test]
    fn a_waveform_without_a_pace_is_refused() {
        let values = SampleValues::Even { start: WallTime(0), hertz: 0, samples: vec![1] };
        let added = Samples::none(0).add(&values);
        assert!(matches!(StoreFault::from(added.unwrap_err()), StoreFault::Refused(_)));
    }

    #[test]
    fn the_latest_sample_is_the_one_with_the_latest_time_and_of_several_the_last() {
        let mut samples = Samples::none(0);
        assert_eq!(samples.latest(), None);
        for more in [vec![(WallTime(5), 1), (WallTime(9), 2)], vec![(WallTime(9), 3)], vec![(WallTime(7), 4)]] {
            samples.add(&SampleValues::Timed(more)).unwrap();
        }
        assert_eq!(samples.latest(), Some((WallTime(9), 3)));
    }
}
