//! Samples at an even pace: waveforms, kept as the blocks in which they came.
//! Layout: codec octet, pace, count of blocks, first time, lengths, what the times differ from the pace, samples.
use crate::column::{BLOCK, put_column, take_column};
use crate::cut::{Item, MOST_SPAN_MS, Packed, cut};
use crate::wire::{MOST_ITEMS, Octets, SeriesError, put_number, put_signed};
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// Samples at an even pace without an interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvenBlock {
    /// Time of the first sample.
    pub start: WallTime,
    /// The device's integers.
    pub samples: Vec<i32>,
}

const CODEC: u8 = 2;

/// A longer block is cut, where a sample falls on a whole millisecond.
const LONG_BLOCK: usize = 512;

impl EvenBlock {
    /// The time of the sample at `place`, in whole milliseconds, rounded down.
    pub fn time_of(&self, place: usize, hertz: u16) -> WallTime {
        self.start.plus_millis(millis(place, hertz))
    }

    /// Whether `next` begins exactly one step after the last sample of this block.
    pub fn meets(&self, next: &Self, hertz: u16) -> bool {
        self.time_of(self.samples.len(), hertz) == next.start
    }
}

/// Packs blocks in order of time into blobs of limited size. Empty blocks are left out; long ones are cut in pieces
/// that meet.
///
/// # Errors
/// When `hertz` is 0.
pub fn pack_even(blocks: &[EvenBlock], hertz: u16) -> Result<Vec<Packed>, SeriesError> {
    let pieces = pieces(blocks, hertz)?;
    Ok(cut(&pieces, MOST_SPAN_MS, |pieces| encode(pieces, hertz)))
}

/// Every block of a blob and the pace.
///
/// # Errors
/// When the blob is cut short, of another codec, or claims more than it holds.
pub fn decode_even(blob: &[u8]) -> Result<(u16, Vec<EvenBlock>), SeriesError> {
    let mut octets = Octets::of(blob, CODEC)?;
    let pace = octets.number()?;
    let too_fast = SeriesError::OutOfRange { what: "samples a second", most: u16::MAX.into(), got: pace };
    let hertz = u16::try_from(pace).map_err(|_| too_fast)?;
    if hertz == 0 {
        return Err(SeriesError::NoPace);
    }
    let count = octets.count("blocks", BLOCK)?;
    let first = WallTime(octets.signed()?);
    let (mut lengths, mut total) = (Vec::new(), 0usize);
    take_column(&mut octets, count, (0, MOST_ITEMS as i64), |length| {
        total = total.saturating_add(length as usize);
        lengths.push(length as usize);
    })?;
    let mut starts = Vec::new();
    let mut before = 0;
    take_column(&mut octets, count, (i32::MIN.into(), u32::MAX.into()), |rest| {
        starts.push(first.plus_millis(millis(before, hertz).saturating_add(rest)));
        before = before.saturating_add(lengths[starts.len() - 1]);
    })?;
    let most = MOST_ITEMS.min(octets.left().saturating_mul(BLOCK));
    if total > most {
        return Err(SeriesError::OutOfRange { what: "samples", most: most as u64, got: total as u64 });
    }
    let mut samples = Vec::new();
    take_column(&mut octets, total, (i32::MIN.into(), i32::MAX.into()), |value| samples.push(value as i32))?;
    octets.end()?;
    let mut rest = samples.as_slice();
    let blocks = starts.into_iter().zip(lengths).map(|(start, length)| {
        let (here, after) = rest.split_at(length);
        rest = after;
        EvenBlock { start, samples: here.to_vec() }
    });
    Ok((hertz, blocks.collect()))
}

/// A block of samples and their pace, as the cutter sees them.
struct Piece<'a> {
    start: WallTime,
    last: WallTime,
    samples: &'a [i32],
}

impl Item for Piece<'_> {
    fn start(&self) -> WallTime {
        self.start
    }

    fn last(&self) -> WallTime {
        self.last
    }

    fn weight(&self) -> usize {
        self.samples.len()
    }

    fn follows(&self, _: &Self) -> bool {
        true
    }
}

fn pieces(blocks: &[EvenBlock], hertz: u16) -> Result<Vec<Piece<'_>>, SeriesError> {
    if hertz == 0 {
        return Err(SeriesError::NoPace);
    }
    let whole = usize::from(hertz / gcd(hertz, 1000));
    let length = whole * (LONG_BLOCK / whole).max(1);
    let piece = |block: &EvenBlock, i: usize, samples| Piece {
        start: block.time_of(i * length, hertz),
        last: block.time_of(i * length + <[i32]>::len(samples) - 1, hertz),
        samples,
    };
    let pieces = blocks.iter().flat_map(|b| b.samples.chunks(length).enumerate().map(move |(i, s)| piece(b, i, s)));
    Ok(pieces.collect())
}

fn encode(pieces: &[Piece<'_>], hertz: u16) -> Vec<u8> {
    let first = pieces.first().map_or(0, |piece| piece.start.0);
    let mut out = alloc::vec![CODEC];
    put_number(&mut out, hertz.into());
    put_number(&mut out, pieces.len() as u64);
    put_signed(&mut out, first);
    put_column(&mut out, pieces.iter().map(|piece| piece.samples.len() as i64));
    let mut before = 0;
    let rests = pieces.iter().map(|piece| {
        let rest = piece.start.0 - first - millis(before, hertz);
        before += piece.samples.len();
        rest
    });
    put_column(&mut out, rests);
    put_column(&mut out, pieces.iter().flat_map(|piece| piece.samples.iter().map(|&v| v.into())));
    out
}

fn millis(samples: usize, hertz: u16) -> i64 {
    i64::try_from(samples as u64 * 1000 / u64::from(hertz.max(1))).unwrap_or(i64::MAX)
}

const fn gcd(a: u16, b: u16) -> u16 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(blobs: &[Packed]) -> Vec<(WallTime, i32)> {
        let blocks = blobs.iter().map(|blob| decode_even(&blob.octets).unwrap());
        blocks
            .flat_map(|(hertz, blocks)| {
                blocks.into_iter().flat_map(move |block| {
                    let times: Vec<_> = (0..block.samples.len()).map(|i| block.time_of(i, hertz)).collect();
                    times.into_iter().zip(block.samples)
                })
            })
            .collect()
    }

    fn each(blocks: &[EvenBlock], hertz: u16) -> Vec<(WallTime, i32)> {
        let timed =
            |b: &EvenBlock| (0..b.samples.len()).map(|i| (b.time_of(i, hertz), b.samples[i])).collect::<Vec<_>>();
        blocks.iter().flat_map(timed).collect()
    }

    proptest! {
        #[test]
        fn every_sample_comes_back_with_its_time(
            lengths in prop::collection::vec((0usize..1500, 0i64..4000), 0..8), hertz in 1u16.., seed: u32,
        ) {
            let mut start = 1_700_000_000_000;
            let blocks: Vec<EvenBlock> = lengths.into_iter().map(|(length, gap)| {
                let samples = (0..length as u32).map(|i| (i.wrapping_mul(seed) >> 20) as i32 - 2000).collect();
                let block = EvenBlock { start: WallTime(start), samples };
                start = block.time_of(length, hertz).0 + gap;
                block
            }).collect();
            prop_assert_eq!(joined(&pack_even(&blocks, hertz).unwrap()), each(&blocks, hertz));
        }

        #[test]
        fn any_start_times_are_kept(starts in prop::collection::vec(any::<i64>(), 0..20), value: i32) {
            let blocks: Vec<EvenBlock> =
                starts.into_iter().map(|at| EvenBlock { start: WallTime(at), samples: alloc::vec![value] }).collect();
            prop_assert_eq!(joined(&pack_even(&blocks, 130).unwrap()), each(&blocks, 130));
        }

        #[test]
        fn arbitrary_octets_are_refused_or_read_but_never_panic(blob in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_even(&[&[CODEC][..], &blob].concat());
        }

        #[test]
        fn a_blob_cut_short_is_refused(cut in any::<prop::sample::Index>()) {
            let block = EvenBlock { start: WallTime(5), samples: (0..300).map(|i| i * i).collect() };
            let blob = &pack_even(&[block], 130).unwrap()[0].octets;
            prop_assert!(decode_even(&blob[..cut.index(blob.len())]).is_err());
        }
    }

    #[test]
    fn a_waveform_without_a_pace_is_refused() {
        let block = EvenBlock { start: WallTime(0), samples: alloc::vec![1] };
        assert_eq!(pack_even(&[block], 0), Err(SeriesError::NoPace));
    }
}
