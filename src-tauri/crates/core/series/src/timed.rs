//! Samples that each carry a time: numerics and beat intervals.
//! Layout: codec octet, count, times, values. Not here: waveforms at an even pace.
use crate::column::{BLOCK, put_column, take_column};
use crate::cut::{Item, MOST_SPAN_MS, Packed, cut};
use crate::times::{put_times, take_times};
use crate::wire::{Octets, SeriesError, put_number};
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// A sample and its time.
pub type TimedSample = (WallTime, i32);

const CODEC: u8 = 1;

/// Packs samples in order of time into blobs of limited size; a step back in time begins a new blob.
pub fn pack_timed(samples: &[TimedSample]) -> Vec<Packed> {
    cut(samples, MOST_SPAN_MS, encode)
}

/// Every sample of a blob, with its exact time.
///
/// # Errors
/// When the blob is cut short, of another codec, or claims more than it holds.
pub fn decode_timed(blob: &[u8]) -> Result<Vec<TimedSample>, SeriesError> {
    let mut octets = Octets::of(blob, CODEC)?;
    let count = octets.count("samples", BLOCK)?;
    let times = take_times(&mut octets, count)?;
    let mut samples = Vec::new();
    take_column(&mut octets, count, (i32::MIN.into(), i32::MAX.into()), |value| {
        samples.push((WallTime(times[samples.len()]), value as i32));
    })?;
    octets.end()?;
    Ok(samples)
}

impl Item for TimedSample {
    fn start(&self) -> WallTime {
        self.0
    }

    fn last(&self) -> WallTime {
        self.0
    }

    fn weight(&self) -> usize {
        1
    }

    fn follows(&self, _: &Self) -> bool {
        true
    }
}

fn encode(samples: &[TimedSample]) -> Vec<u8> {
    let mut out = alloc::vec![CODEC];
    put_number(&mut out, samples.len() as u64);
    let times: Vec<i64> = samples.iter().map(|(at, _)| at.0).collect();
    put_times(&mut out, &times);
    put_column(&mut out, samples.iter().map(|&(_, value)| value.into()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGET_OCTETS;
    use proptest::prelude::*;

    fn unpack(blobs: &[Packed]) -> Vec<TimedSample> {
        blobs.iter().flat_map(|blob| decode_timed(&blob.octets).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn any_samples_at_any_times_come_back(samples in prop::collection::vec((any::<i64>(), any::<i32>()), 0..60)) {
            let samples: Vec<TimedSample> = samples.into_iter().map(|(at, v)| (WallTime(at), v)).collect();
            prop_assert_eq!(unpack(&pack_timed(&samples)), samples);
        }

        #[test]
        fn a_stream_with_jitter_and_gaps_comes_back(steps in prop::collection::vec((0i64..9000, -9i32..9), 1..3000)) {
            let mut at = 1_700_000_000_000;
            let samples: Vec<TimedSample> =
                steps.into_iter().map(|(step, v)| { at += step; (WallTime(at), v + 70) }).collect();
            let blobs = pack_timed(&samples);
            prop_assert!(blobs.iter().all(|blob| blob.octets.len() <= TARGET_OCTETS));
            prop_assert_eq!(unpack(&blobs), samples);
        }

        #[test]
        fn arbitrary_octets_are_refused_or_read_but_never_panic(blob in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_timed(&blob);
            let _ = decode_timed(&[&[CODEC][..], &blob].concat());
        }

        #[test]
        fn a_blob_cut_short_is_refused(values in prop::collection::vec(any::<i32>(), 1..200), cut in any::<prop::sample::Index>()) {
            let samples: Vec<_> = values.into_iter().enumerate().map(|(i, v)| (WallTime(i as i64 * 1000), v)).collect();
            let blob = &pack_timed(&samples)[0].octets;
            prop_assert!(decode_timed(&blob[..cut.index(blob.len())]).is_err());
        }
    }

    #[test]
    fn a_blob_that_claims_more_than_it_can_hold_is_refused_before_room_is_made() {
        let mut blob = alloc::vec![CODEC];
        put_number(&mut blob, u64::MAX);
        blob.extend([0; 40]);
        assert!(matches!(decode_timed(&blob), Err(SeriesError::OutOfRange { what: "samples", .. })));
    }

    #[test]
    fn a_steady_heart_rate_takes_under_half_an_octet_a_sample() {
        let mut seed = 7u64;
        let mut rate = 72;
        let samples: Vec<_> = (0..20_000i64)
            .map(|i| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                rate += [0, 0, 1, -1, 0, 0, 1, -1][(seed >> 61) as usize];
                (WallTime(1_700_000_000_000 + i * 1000), rate)
            })
            .collect();
        let octets: usize = pack_timed(&samples).iter().map(|blob| blob.octets.len()).sum();
        assert!(octets * 2 < samples.len(), "{octets} octets");
    }
}
