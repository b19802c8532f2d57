//! A column of irregular times: what is left of them when an even pace is taken away.
//! Not here: what was measured at these times.
use crate::column::{put_column, take_column};
use crate::cut::MOST_SPAN_MS;
use crate::wire::{Octets, SeriesError, put_number, put_signed};
use alloc::vec::Vec;

/// Appends times that span less than `MOST_SPAN_MS`: the first, a pace in microseconds, and one column of the rest.
pub(crate) fn put_times(out: &mut Vec<u8>, times: &[i64]) {
    // Over the air single times jitter and packets fail: the fitted pace leaves the least. Where no pace holds, the mean does.
    let [mean, fitted] = [mean_pace(times), fitted_pace(times)].map(|pace| with_pace(times, pace));
    out.extend_from_slice(if fitted.len() < mean.len() { &fitted } else { &mean });
}

/// Reads what `put_times` wrote.
pub(crate) fn take_times(octets: &mut Octets<'_>, count: usize) -> Result<Vec<i64>, SeriesError> {
    let first = octets.signed()?;
    let pace = octets.number()?;
    let most = MOST_SPAN_MS as u64 * 1000;
    if pace > most {
        return Err(SeriesError::OutOfRange { what: "a pace", most, got: pace });
    }
    let mut times = Vec::new();
    let mut overflow = false;
    take_column(octets, count, (i32::MIN.into(), i32::MAX.into()), |rest| {
        let at = expected(times.len(), pace).checked_add(rest).and_then(|since| first.checked_add(since));
        overflow |= at.is_none();
        times.push(at.unwrap_or(first));
    })?;
    if overflow {
        return Err(SeriesError::OutOfRange { what: "a time", most: i64::MAX as u64, got: first as u64 });
    }
    Ok(times)
}

fn with_pace(times: &[i64], pace: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let first = times.first().copied().unwrap_or(0);
    put_signed(&mut out, first);
    put_number(&mut out, pace);
    put_column(&mut out, times.iter().enumerate().map(|(i, &at)| at - first - expected(i, pace)));
    out
}

/// Milliseconds after the first; `pace` is at most the span, so this cannot overflow.
fn expected(i: usize, pace: u64) -> i64 {
    (i as u64 * pace / 1000) as i64
}

fn mean_pace(times: &[i64]) -> u64 {
    match times {
        [first, .., last] => (last - first).unsigned_abs() * 1000 / (times.len() as u64 - 1),
        _ => 0,
    }
}

/// The slope of the straight line that lies closest to all times (least squares), interruptions taken out.
///
/// The mean pace hangs on two times and their jitter, the middle step on the jitter of two more: either is off by up to
/// a millisecond a sample, which costs more bits in a block than the jitter itself. The fit is off by microseconds.
fn fitted_pace(times: &[i64]) -> u64 {
    let middle = middle_step(times);
    let centre = times.len().saturating_sub(1) as f64 / 2.0;
    let (mut since, mut steepness, mut spread) = (0u64, 0.0, 0.0);
    for (i, pair) in times.windows(2).enumerate() {
        let step = (pair[1] - pair[0]).unsigned_abs();
        since += if step > middle + middle / 2 { middle } else { step };
        let from_centre = (i + 1) as f64 - centre;
        steepness += from_centre * since as f64;
        spread += from_centre * from_centre;
    }
    // The first time is 0 after itself: it adds to the spread alone.
    spread += centre * centre;
    let pace = if spread > 0.0 { steepness / spread * 1000.0 } else { 0.0 };
    // Applied to every item it must stay in the range of a column; the cast also turns what is below 0 into 0.
    (pace as u64).min(MOST_SPAN_MS as u64 * 1000 / times.len().max(1) as u64)
}

fn middle_step(times: &[i64]) -> u64 {
    let mut steps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs()).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { 0 } else { *steps.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whole numbers from `-most` to `most`, each as likely.
    fn noise(most: i64) -> impl FnMut() -> i64 {
        let mut state = 5u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64 % (2 * most + 1) - most
        }
    }

    fn octets_of(times: &[i64]) -> usize {
        let mut out = Vec::new();
        put_times(&mut out, times);
        out.len()
    }

    proptest! {
        #[test]
        fn times_come_back_to_the_millisecond_at_any_pace_with_any_jitter_and_gaps(
            first in -4_000_000_000_000i64..4_000_000_000_000,
            pace in 0i64..4_000,
            rests in prop::collection::vec((0i64..200, prop::option::weighted(0.02, 0i64..9_000)), 0..2_000),
        ) {
            let mut at = first;
            let times: Vec<i64> = rests.into_iter().map(|(jitter, gap)| {
                at += pace + gap.unwrap_or(0);
                at + jitter
            }).collect();
            let mut blob = alloc::vec![9];
            put_times(&mut blob, &times);
            let mut octets = Octets::of(&blob, 9).unwrap();
            prop_assert_eq!(take_times(&mut octets, times.len()).unwrap(), times);
            octets.end().unwrap();
        }
    }

    #[test]
    fn jitter_of_31_milliseconds_costs_five_bits_a_time() {
        let mut jitter = noise(15);
        let times: Vec<i64> = (0..4_000).map(|i| 1_700_000_000_000 + i * 1_000 + jitter()).collect();
        assert!(octets_of(&times) < 4_000 * 5 / 8 + 32 * 5 + 20, "{} octets", octets_of(&times));
    }

    #[test]
    fn a_clock_that_is_off_and_packets_that_fail_cost_next_to_nothing() {
        let mut jitter = noise(15);
        // 40 millionths fast; one packet of a hundred never came.
        let came = (0..4_000).filter(|i| i % 100 != 37);
        let times: Vec<i64> = came.map(|i| 1_700_000_000_000 + i * 1_000 + i * 40 / 1_000 + jitter()).collect();
        assert!(octets_of(&times) < 4_000 * 7 / 8 + 32 * 5 + 20, "{} octets", octets_of(&times));
    }

    #[test]
    fn an_even_pace_costs_an_octet_a_block_whatever_the_gap() {
        let times: Vec<i64> = (0..1_280).map(|i| i * 1_000 + if i < 640 { 0 } else { 3_600_000 }).collect();
        assert!(octets_of(&times) < 60, "{} octets", octets_of(&times));
    }
}
