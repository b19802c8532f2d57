//! Raw values of one characteristic on one connection, packed by the place of each octet: flags that never change cost
//! nothing. Not here: what the octets mean, or values that were rejected.
//!
//! Layout: codec octet, count, first index, times, steps of the index, lengths, then one column for each place.
use crate::column::{BLOCK, put_column, take_column};
use crate::cut::{Item, MOST_SPAN_MS, Packed, cut};
use crate::times::{put_times, take_times};
use crate::wire::{MOST_ITEMS, Octets, SeriesError, put_number};
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// One value as the radio gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Values of this characteristic on the connection before this one.
    pub index: u64,
    /// When it arrived.
    pub received: WallTime,
    /// The octets; an attribute has at most 512.
    pub octets: Vec<u8>,
}

const CODEC: u8 = 4;

/// Packs frames in order of index into blobs of limited size.
pub fn pack_frames(frames: &[Frame]) -> Vec<Packed> {
    cut(frames, MOST_SPAN_MS, encode)
}

/// Every frame of a blob.
///
/// # Errors
/// When the blob is cut short, of another codec, or claims more than it holds.
pub fn decode_frames(blob: &[u8]) -> Result<Vec<Frame>, SeriesError> {
    let mut octets = Octets::of(blob, CODEC)?;
    let count = octets.count("frames", BLOCK)?;
    let mut index = octets.number()?;
    let times = take_times(&mut octets, count)?;
    let mut frames = Vec::new();
    take_column(&mut octets, count, (0, u32::MAX.into()), |step| {
        if !frames.is_empty() {
            index = index.wrapping_add(step as u64).wrapping_add(1);
        }
        frames.push(Frame { index, received: WallTime(times[frames.len()]), octets: Vec::new() });
    })?;
    let mut lengths = Vec::new();
    take_column(&mut octets, count, (0, MOST_ITEMS as i64), |length| lengths.push(length as usize))?;
    for place in 0..lengths.iter().copied().max().unwrap_or(0) {
        let mut with_place = (0..count).filter(|&i| lengths[i] > place);
        let here = with_place.clone().count();
        take_column(&mut octets, here, (0, 255), |octet| {
            if let Some(i) = with_place.next() {
                frames[i].octets.push(octet as u8);
            }
        })?;
    }
    octets.end()?;
    Ok(frames)
}

impl Item for Frame {
    fn start(&self) -> WallTime {
        self.received
    }

    fn last(&self) -> WallTime {
        self.received
    }

    fn weight(&self) -> usize {
        1
    }

    fn follows(&self, before: &Self) -> bool {
        self.index > before.index && self.index - before.index <= u64::from(u32::MAX)
    }
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut out = alloc::vec![CODEC];
    let first = frames.first().map_or(0, |frame| frame.index);
    put_number(&mut out, frames.len() as u64);
    put_number(&mut out, first);
    let times: Vec<i64> = frames.iter().map(|frame| frame.received.0).collect();
    put_times(&mut out, &times);
    let mut before = first;
    let steps = frames.iter().map(|frame| {
        let step = (frame.index - before).saturating_sub(1);
        before = frame.index;
        step as i64
    });
    put_column(&mut out, steps);
    put_column(&mut out, frames.iter().map(|frame| frame.octets.len() as i64));
    for place in 0..frames.iter().map(|frame| frame.octets.len()).max().unwrap_or(0) {
        put_column(&mut out, frames.iter().filter_map(|frame| frame.octets.get(place).map(|&octet| octet.into())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpack(blobs: &[Packed]) -> Vec<Frame> {
        blobs.iter().flat_map(|blob| decode_frames(&blob.octets).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn frames_of_any_length_index_and_time_come_back(
            frames in prop::collection::vec((any::<u64>(), any::<i64>(), prop::collection::vec(any::<u8>(), 0..40)), 0..60),
        ) {
            let frames: Vec<Frame> = frames.into_iter()
                .map(|(index, at, octets)| Frame { index, received: WallTime(at), octets }).collect();
            prop_assert_eq!(unpack(&pack_frames(&frames)), frames);
        }

        #[test]
        fn a_stream_of_frames_comes_back(
            frames in prop::collection::vec((1u64..3, 0i64..2000, prop::collection::vec(any::<u8>(), 2..10)), 0..600),
        ) {
            let (mut index, mut at) = (0, 1_700_000_000_000);
            let frames: Vec<Frame> = frames.into_iter().map(|(step, later, octets)| {
                index += step;
                at += later;
                Frame { index, received: WallTime(at), octets }
            }).collect();
            prop_assert_eq!(unpack(&pack_frames(&frames)), frames);
        }

        #[test]
        fn arbitrary_octets_are_refused_or_read_but_never_panic(blob in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_frames(&[&[CODEC][..], &blob].concat());
        }
    }

    #[test]
    fn a_blob_cut_short_is_refused() {
        let frames: Vec<Frame> =
            (0..50).map(|i| Frame { index: i, received: WallTime(0), octets: alloc::vec![i as u8; 9] }).collect();
        let blob = &pack_frames(&frames)[0].octets;
        for end in 0..blob.len() {
            assert!(decode_frames(&blob[..end]).is_err(), "cut at {end}");
        }
    }
}
