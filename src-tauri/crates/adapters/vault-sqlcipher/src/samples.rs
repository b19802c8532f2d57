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

/// The blobs of what one commit brought, in order of time whatever order it came in.
pub(crate) fn pack(values: &SampleValues) -> Result<Vec<Packed>, Fault> {
    match values {
        SampleValues::Timed(samples) if samples.is_sorted_by_key(|(at, _)| *at) => Ok(pack_timed(samples)),
        SampleValues::Timed(samples) => {
            let mut samples = samples.clone();
            samples.sort_by_key(|(at, _)| *at);
            Ok(pack_timed(&samples))
        }
        SampleValues::Even { start, hertz, samples } => {
            let block = EvenBlock { start: *start, samples: samples.clone() };
            pack_even(&[block], *hertz).map_err(|error| match error {
                SeriesError::NoPace => StoreFault::Refused(format!("a waveform was not stored: {error}")).into(),
                other => other.into(),
            })
        }
    }
}

/// The latest sample by time.
pub(crate) fn latest(values: &SampleValues) -> Option<TimedSample> {
    match values {
        SampleValues::Timed(samples) => samples.iter().max_by_key(|(at, _)| *at).copied(),
        SampleValues::Even { start, hertz, samples } => {
            let block = EvenBlock { start: *start, samples: Vec::new() };
            samples.last().map(|step| (block.time_of(samples.len() - 1, *hertz), *step))
        }
    }
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
        assert!(matches!(StoreFault::from(pack(&values).unwrap_err()), StoreFault::Refused(_)));
    }
}
