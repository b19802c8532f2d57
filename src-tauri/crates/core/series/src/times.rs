//! A column of irregular times: what is left of them when an even pace is taken away.
//! Not here: what was measured at these times.
use crate::column::{put_column, take_column};
use crate::cut::MOST_SPAN_MS;
use crate::wire::{Octets, SeriesError, put_number, put_signed};
use alloc::vec::Vec;

/// Appends times that span less than `MOST_SPAN_MS`: the first, a pace in microseconds, and one column of the rest.
pub(crate) fn put_times(out: &mut Vec<u8>, times: &[i64]) {
    // Without interruptions the mean pace leaves the least; after one only the middle pace does.
    let [mean, middle] = [mean_pace(times), middle_pace(times)].map(|pace| with_pace(times, pace));
    out.extend_from_slice(if middle.len() < mean.len() { &middle } else { &mean });
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

fn middle_pace(times: &[i64]) -> u64 {
    let mut steps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs()).collect();
    if steps.is_empty() {
        return 0;
    }
    let middle = steps.len() / 2;
    let (_, step, _) = steps.select_nth_unstable(middle);
    // Applied to every item it must stay in the range of a column.
    (*step * 1000).min(MOST_SPAN_MS as u64 * 1000 / times.len() as u64)
}
