//! Values in time cut into uninterrupted runs, and the gaps between them. No pixel and no colour.
//! This is where it is decided that no line is drawn across a gap.
use crate::error::ChartError;
use crate::trend::{TrendBin, TrendPoint};
use bedside_vitals::WallTime;

/// Values that follow one another without a gap.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) from: WallTime,
    pub(crate) to: WallTime,
    pub(crate) values: Vec<RunValue>,
}

/// One value of a run: where its line goes, and how far it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RunValue {
    pub(crate) at: WallTime,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    pub(crate) mean: f64,
    pub(crate) count: u32,
}

/// A time without values. `to` is `None` while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: WallTime,
    pub(crate) to: Option<WallTime>,
}

/// Bins that touch one another make a run; its line ends at the edges of the first and last bin.
pub(crate) fn runs_of_bins(bins: &[TrendBin], width_ms: i64) -> Result<Vec<Run>, ChartError> {
    check_pace(width_ms)?;
    let mut runs: Vec<Run> = Vec::new();
    let mut before: Option<WallTime> = None;
    for (position, bin) in bins.iter().enumerate() {
        if before.is_some_and(|end| bin.at < end) {
            return Err(ChartError::NotInOrder { position });
        }
        let end = bin.at.plus_millis(width_ms);
        before = Some(end);
        if bin.count == 0 {
            continue;
        }
        let &TrendBin { at, lowest, highest, mean, count } = bin;
        // A mean of rounded values may leave its bounds by a rounding: only order of the bounds is required.
        if ![lowest, highest, mean].iter().all(|value| value.is_finite()) || lowest > highest {
            return Err(ChartError::NotANumber { position });
        }
        let value = |at| RunValue { at, lowest, highest, mean, count };
        let middle = at.plus_millis(width_ms / 2);
        match runs.last_mut() {
            Some(run) if run.to == at => {
                run.values.push(value(middle));
                run.to = end;
            }
            _ => runs.push(Run { from: at, to: end, values: vec![value(at), value(middle)] }),
        }
    }
    for run in &mut runs {
        if let Some(last) = run.values.last().copied() {
            run.values.push(RunValue { at: run.to, ..last });
        }
    }
    Ok(runs)
}

/// Points no further than `longest_step_ms` from one another make a run.
pub(crate) fn runs_of_points(points: &[TrendPoint], longest_step_ms: i64) -> Result<Vec<Run>, ChartError> {
    check_pace(longest_step_ms)?;
    check_points(points)?;
    let mut runs: Vec<Run> = Vec::new();
    for &TrendPoint { at, value } in points {
        let value = RunValue { at, lowest: value, highest: value, mean: value, count: 1 };
        match runs.last_mut() {
            Some(run) if at.millis_since(run.to) <= longest_step_ms => {
                run.values.push(value);
                run.to = at;
            }
            _ => runs.push(Run { from: at, to: at, values: vec![value] }),
        }
    }
    Ok(runs)
}

/// The gaps between runs, and after the last one up to `now` when that is more than `patience_ms` ago. The time before
/// the first value is no gap: nothing was measured yet.
pub(crate) fn gaps(runs: &[Run], now: Option<WallTime>, patience_ms: i64) -> Vec<Gap> {
    let between = runs.windows(2).map(|pair| Gap { from: pair[0].to, to: Some(pair[1].from) });
    let since = runs.last().filter(|last| now.is_some_and(|now| now.millis_since(last.to) > patience_ms));
    between.chain(since.map(|last| Gap { from: last.to, to: None })).collect()
}

/// Points must be numbers in order of time.
pub(crate) fn check_points(points: &[TrendPoint]) -> Result<(), ChartError> {
    check_order(points.iter().map(|point| point.at))?;
    match points.iter().position(|point| !point.value.is_finite()) {
        Some(position) => Err(ChartError::NotANumber { position }),
        None => Ok(()),
    }
}

pub(crate) fn check_order(times: impl Iterator<Item = WallTime> + Clone) -> Result<(), ChartError> {
    let pairs = times.clone().zip(times.skip(1));
    match pairs.enumerate().find(|(_, (earlier, later))| later < earlier) {
        Some((position, _)) => Err(ChartError::NotInOrder { position: position + 1 }),
        None => Ok(()),
    }
}

fn check_pace(milliseconds: i64) -> Result<(), ChartError> {
    if milliseconds > 0 { Ok(()) } else { Err(ChartError::Pace { milliseconds }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(at: i64, count: u32) -> TrendBin {
        TrendBin { at: WallTime(at), lowest: 1.0, highest: 3.0, mean: 2.0, count }
    }

    fn point(at: i64) -> TrendPoint {
        TrendPoint { at: WallTime(at), value: 7.0 }
    }

    #[test]
    fn a_missing_bin_and_an_empty_bin_both_end_a_run() {
        let runs = runs_of_bins(&[bin(0, 9), bin(60, 1), bin(120, 0), bin(180, 2), bin(300, 1)], 60).unwrap();
        let spans: Vec<_> = runs.iter().map(|run| (run.from.0, run.to.0)).collect();
        assert_eq!(spans, [(0, 120), (180, 240), (300, 360)]);
    }

    #[test]
    fn silence_up_to_now_is_a_gap_that_lasts() {
        let runs = runs_of_points(&[point(0), point(10), point(50)], 20).unwrap();
        let closed = Gap { from: WallTime(10), to: Some(WallTime(50)) };
        let open = Gap { from: WallTime(50), to: None };
        assert_eq!(gaps(&runs, Some(WallTime(71)), 20), [closed, open]);
        assert_eq!(gaps(&runs, Some(WallTime(70)), 20), [closed]);
        assert_eq!(gaps(&runs, None, 20), [closed]);
    }

    #[test]
    fn values_out_of_order_are_refused_with_their_position() {
        let wrong = Err(ChartError::NotInOrder { position: 1 });
        assert_eq!(runs_of_points(&[point(5), point(4)], 20), wrong);
        assert_eq!(runs_of_bins(&[bin(0, 1), bin(59, 1)], 60), wrong);
    }

    #[test]
    fn what_is_no_number_is_refused_unless_the_bin_is_empty() {
        let broken = |count| TrendBin { mean: f64::NAN, ..bin(0, count) };
        assert_eq!(runs_of_bins(&[broken(1)], 60), Err(ChartError::NotANumber { position: 0 }));
        assert_eq!(runs_of_bins(&[broken(0)], 60), Ok(Vec::new()));
        assert_eq!(runs_of_bins(&[], 0), Err(ChartError::Pace { milliseconds: 0 }));
    }
}
