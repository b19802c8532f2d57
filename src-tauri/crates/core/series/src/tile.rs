//! Bins of one level, packed. Only bins with samples are there: a gap takes no room and cannot be mistaken for a value.
//! Layout: codec octet, count, first bin, steps of the bin, then lowest, range, mean, rest of the mean, count.
use crate::Bin;
use crate::column::{BLOCK, put_column, take_column};
use crate::cut::{Item, Packed, cut};
use crate::wire::{Octets, SeriesError, put_number, put_signed};
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// The bins of a tile: each with its start, in order of time.
pub type Tile = Vec<(WallTime, Bin)>;

const CODEC: u8 = 3;

/// Packs bins that lie on the grid of `width_ms`, in order of time, each with at least one sample.
pub fn encode_tiles(bins: &[(WallTime, Bin)], width_ms: i64) -> Vec<Packed> {
    cut(bins, i64::MAX, |bins| encode(bins, width_ms))
}

/// Every bin of a blob.
///
/// # Errors
/// When the blob is cut short, of another codec, or claims more than it holds.
pub fn decode_tile(blob: &[u8]) -> Result<Tile, SeriesError> {
    let mut octets = Octets::of(blob, CODEC)?;
    let count = octets.count("bins", BLOCK)?;
    let width = octets.number()?;
    let mut place = octets.signed()?;
    let wrong = |what, got: i64| SeriesError::OutOfRange { what, most: i64::MAX as u64, got: got as u64 };
    let width = i64::try_from(width).ok().filter(|w| *w > 0).ok_or(wrong("a width of bins", width as i64))?;
    let mut tile: Tile = Vec::new();
    let mut fault = None;
    take_column(&mut octets, count, (0, u32::MAX.into()), |step| {
        place = if tile.is_empty() { place } else { place.saturating_add(step).saturating_add(1) };
        let start = place.checked_mul(width);
        fault = fault.or(if start.is_none() { Some(place) } else { None });
        tile.push((WallTime(start.unwrap_or(0)), Bin::of(0)));
    })?;
    if let Some(place) = fault {
        return Err(wrong("a time of a bin", place));
    }
    let mut bins = tile.iter_mut();
    let i32s = (i32::MIN.into(), i32::MAX.into());
    let u32s = (0, u32::MAX.into());
    take_column(&mut octets, count, i32s, |v| {
        if let Some((_, bin)) = bins.next() {
            bin.lowest = v as i32
        }
    })?;
    let mut fault = None;
    let mut bins = tile.iter_mut();
    take_column(&mut octets, count, u32s, |range| {
        let Some((_, bin)) = bins.next() else { return };
        match i32::try_from(i64::from(bin.lowest) + range) {
            Ok(highest) => bin.highest = highest,
            Err(_) => fault = Some(range),
        }
    })?;
    let (mut means, mut rests, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    take_column(&mut octets, count, u32s, |v| means.push(v))?;
    take_column(&mut octets, count, u32s, |v| rests.push(v))?;
    take_column(&mut octets, count, (1, u32::MAX.into()), |v| counts.push(v))?;
    octets.end()?;
    for (i, (_, bin)) in tile.iter_mut().enumerate() {
        let mean = i64::from(bin.lowest) + means[i];
        let sum = mean.checked_mul(counts[i]).and_then(|sum| sum.checked_add(rests[i]));
        match sum {
            Some(sum) if mean <= bin.highest.into() => bin.sum = sum,
            _ => fault = Some(mean),
        }
        bin.count = counts[i] as u32;
    }
    fault.map_or(Ok(tile), |got| Err(wrong("a mean between lowest and highest", got)))
}

impl Item for (WallTime, Bin) {
    fn start(&self) -> WallTime {
        self.0
    }

    fn last(&self) -> WallTime {
        self.0
    }

    fn weight(&self) -> usize {
        1
    }

    fn follows(&self, before: &Self) -> bool {
        self.0 > before.0 && self.0.millis_since(before.0) < i64::from(u32::MAX)
    }
}

fn encode(bins: &[(WallTime, Bin)], width_ms: i64) -> Vec<u8> {
    let mut out = alloc::vec![CODEC];
    put_number(&mut out, bins.len() as u64);
    put_number(&mut out, width_ms as u64);
    let place = |at: WallTime| at.0.div_euclid(width_ms);
    let first = bins.first().map_or(0, |(at, _)| place(*at));
    put_signed(&mut out, first);
    let mut before = first;
    let steps = bins.iter().map(|(at, _)| {
        let step = (place(*at) - before - 1).max(0);
        before = place(*at);
        step
    });
    put_column(&mut out, steps);
    put_column(&mut out, bins.iter().map(|(_, bin)| bin.lowest.into()));
    put_column(&mut out, bins.iter().map(|(_, bin)| i64::from(bin.highest) - i64::from(bin.lowest)));
    put_column(&mut out, bins.iter().map(|(_, bin)| mean_and_rest(bin).0 - i64::from(bin.lowest)));
    put_column(&mut out, bins.iter().map(|(_, bin)| mean_and_rest(bin).1));
    put_column(&mut out, bins.iter().map(|(_, bin)| bin.count.into()));
    out
}

/// The mean rounded down and what of the sum is left, which is less than the count.
fn mean_and_rest(bin: &Bin) -> (i64, i64) {
    let count = i64::from(bin.count.max(1));
    let mean = bin.sum.div_euclid(count).clamp(bin.lowest.into(), bin.highest.into());
    (mean, bin.sum.saturating_sub(mean.saturating_mul(count)).clamp(0, count - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGET_OCTETS;
    use proptest::prelude::*;

    fn bin() -> impl Strategy<Value = Bin> {
        prop::collection::vec(any::<i32>(), 1..9)
            .prop_map(|samples| samples.into_iter().map(Bin::of).reduce(Bin::and).unwrap_or(Bin::of(0)))
    }

    proptest! {
        #[test]
        fn every_bin_comes_back_and_gaps_stay_gaps(bins in prop::collection::vec((0i64..9, bin()), 0..300), from in -9i64..9) {
            let mut place = from;
            let bins: Tile = bins.into_iter().map(|(gap, bin)| { place += 1 + gap; (WallTime(place * 900_000), bin) }).collect();
            let blobs = encode_tiles(&bins, 900_000);
            prop_assert!(blobs.iter().all(|blob| blob.octets.len() <= TARGET_OCTETS));
            let back: Tile = blobs.iter().flat_map(|blob| decode_tile(&blob.octets).unwrap()).collect();
            prop_assert_eq!(back, bins);
        }

        #[test]
        fn arbitrary_octets_are_refused_or_read_but_never_panic(blob in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_tile(&[&[CODEC][..], &blob].concat());
        }
    }

    #[test]
    fn a_tile_cut_short_is_refused() {
        let bins: Tile = (0..40).map(|i| (WallTime(i * 60_000), Bin::of(i as i32 * 100))).collect();
        let blob = &encode_tiles(&bins, 60_000)[0].octets;
        for end in 0..blob.len() {
            assert!(decode_tile(&blob[..end]).is_err(), "cut at {end}");
        }
    }
}
