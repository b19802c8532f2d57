//! A parameter over time: the coarsest tiles that fill the screen, the samples at both edges, the tails not yet moved.
//! Not here: which pixels they become.
use crate::fault::Fault;
use crate::samples::{Samples, levels};
use crate::tables::series::{self, SeriesRow};
use crate::tables::{chunk, reading, reading_version, tail};
use bedside_console::{Trend, TrendBin, TrendSeries};
use bedside_series::{Columns, Level, decode_tile};
use bedside_vitals::{Decimal, Parameter, PatientId, SeriesId, Unit, WallTime};
use rusqlite::Connection;

/// Streams reduced to at most `columns` bins each, and the spot readings of the same range.
pub(crate) fn trend(
    db: &Connection,
    patient: PatientId,
    parameters: &[Parameter],
    range: (WallTime, WallTime),
    columns: usize,
) -> Result<Trend, Fault> {
    let mut trend = Trend::default();
    let mut found: Vec<((SeriesId, Unit, u16), TrendSeries)> = Vec::new();
    for row in series::of_patient(db, Some(patient))? {
        if !parameters.contains(&row.key.parameter) {
            continue;
        }
        let reduced = reduced(db, &row, range, columns)?;
        if reduced.bins.is_empty() {
            continue;
        }
        // A device that changed the precision of its values goes on with the same curve.
        let curve = (row.key.series, row.key.unit, row.key.hertz);
        match found.iter_mut().find(|(known, _)| *known == curve) {
            Some((_, held)) => join(&mut held.bins, reduced.bins),
            None => found.push((curve, reduced)),
        }
    }
    trend.series = found.into_iter().map(|(_, series)| series).collect();
    for parameter in parameters {
        for reading in reading::between(db, patient, *parameter, range)? {
            trend.readings.push(reading_version::in_force(db, reading)?);
        }
    }
    trend.readings.sort_by_key(|reading| reading.measurement.time.at);
    Ok(trend)
}

fn reduced(db: &Connection, row: &SeriesRow, range: (WallTime, WallTime), most: usize) -> Result<TrendSeries, Fault> {
    let (from, until) = range;
    let level = Level::coarsest(levels(row.key.hertz), until.millis_since(from), most);
    let mut columns = Columns::over(from, until, most, level.map_or(1, |level| level.width_ms));
    let whole = level.map_or((from, from), |level| whole_bins(level, range));
    if let Some(level) = level {
        chunk::each_tile_between(db, row.id, level, whole, |blob| {
            for (start, bin) in decode_tile(blob)? {
                if (whole.0..whole.1).contains(&start) {
                    columns.add_bin(start, bin);
                }
            }
            Ok(())
        })?;
    }
    // What no whole bin covers: both edges, or everything.
    for edge in [(from, whole.0), (whole.1, until)] {
        let mut samples = Samples::none(row.key.hertz);
        if edge.0 < edge.1 {
            chunk::each_between(db, row.id, edge, |blob| samples.add_blob(blob))?;
        }
        samples.each(|at, step| {
            if (edge.0..edge.1).contains(&at) {
                columns.add_sample(at, step);
            }
        });
    }
    let mut tails = Samples::none(row.key.hertz);
    tail::each_between(db, row.id, range, |blob| tails.add_blob(blob))?;
    tails.each(|at, step| columns.add_sample(at, step));

    let scaled = |step: i32| Decimal::new(step.into(), row.key.exponent).to_f64();
    let scale = scaled(1);
    let bins = columns.reduced().map(|column| TrendBin {
        start: column.start,
        lowest: scaled(column.bin.lowest),
        highest: scaled(column.bin.highest),
        mean: column.bin.mean() * scale,
        count: column.bin.count,
    });
    let bins = bins.collect();
    Ok(TrendSeries { parameter: row.key.parameter, unit: row.key.unit, bin_ms: columns.width_ms(), bins })
}

/// The part of a range that whole bins cover.
fn whole_bins(level: Level, (from, until): (WallTime, WallTime)) -> (WallTime, WallTime) {
    let first = level.bin_of(from.plus_millis(level.width_ms - 1));
    (first, level.bin_of(until).max(first))
}

/// Joins the bins of two series on one grid.
fn join(held: &mut Vec<TrendBin>, more: Vec<TrendBin>) {
    held.extend(more);
    held.sort_by_key(|bin| bin.start);
    held.dedup_by(|later, earlier| {
        let same = later.start == earlier.start;
        if same {
            let (a, b) = (f64::from(earlier.count), f64::from(later.count));
            earlier.lowest = earlier.lowest.min(later.lowest);
            earlier.highest = earlier.highest.max(later.highest);
            earlier.mean = (earlier.mean * a + later.mean * b) / (a + b);
            earlier.count = earlier.count.saturating_add(later.count);
        }
        same
    });
}
