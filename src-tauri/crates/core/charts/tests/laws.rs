//! What no figure may do, seen from its display list: join values across a gap, cover a curve with a label, draw one
//! strip's values into the next, panic on hostile data.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/figures.rs"]
mod figures;

use bedside_charts::{
    Beat, BeatStrip, ChartError, ChartTheme, Figure, LARGEST_SIDE, Operation, Point, Rgb, SweepLayout, SweepPaper,
    SweepScale, SweepStrip, Trend, TrendBin, TrendPanel, TrendPoint, TrendPressure, TrendValues, decode,
};
use bedside_vitals::{Parameter, WallTime};
use common::{NOW, advances};
use figures::{MINUTE, TrendData, ago, beats, bins, trend};
use proptest::prelude::*;

const SIZE: (u32, u32) = (640, 120);
const HEART: Rgb = ChartTheme::DARK.heart;

fn heart_rate<'a>(values: TrendValues<'a>) -> TrendPanel<'a> {
    TrendPanel {
        parameter: Parameter::HeartRate,
        name: "HR",
        unit: "/min",
        lowest: 40.0,
        highest: 120.0,
        decimals: 0,
        limits: &[50.0, 110.0],
        weight: 1,
        values,
    }
}

fn window<'a>(panels: &'a [TrendPanel<'a>]) -> Trend<'a> {
    Trend { name_width: 0, ..trend(panels, ChartTheme::DARK) }
}

fn operations(figure: &impl Figure, size: (u32, u32)) -> Vec<Operation> {
    let mut bytes = Vec::new();
    figure.to_display_list(&mut bytes, size, &advances()).unwrap();
    decode(&bytes).unwrap().operations
}

/// The paths that are drawn in the colour of the heart.
fn curves(operations: &[Operation]) -> Vec<Vec<Point>> {
    let (mut colour, mut found) = ([0; 4], Vec::new());
    for operation in operations {
        match operation {
            Operation::Stroke { colour: now, .. } => colour = *now,
            Operation::Path(points) if colour == [HEART.0, HEART.1, HEART.2, 255] => found.push(points.clone()),
            _ => {}
        }
    }
    found
}

fn labels(operations: &[Operation]) -> Vec<String> {
    let text = |operation: &Operation| match operation {
        Operation::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    operations.iter().filter_map(text).collect()
}

/// The x of a time in the display list of `window`.
fn x(at: WallTime, trend: &Trend<'_>) -> i64 {
    let geometry = trend.geometry(SIZE).unwrap();
    let (left, right) = (i64::from(geometry.left) * 4, i64::from(geometry.right) * 4);
    left + at.millis_since(trend.from) * (right - left) / trend.to.millis_since(trend.from)
}

/// Whether a stroke of the curve passes over the middle of a time without values.
fn crosses(curves: &[Vec<Point>], x: i64) -> bool {
    let pairs = curves.iter().flat_map(|points| points.windows(2));
    pairs.into_iter().any(|pair| i64::from(pair[0].0.min(pair[1].0)) < x && x < i64::from(pair[0].0.max(pair[1].0)))
}

#[test]
fn no_line_is_drawn_across_a_gap() {
    let values = bins(120, 0, &[20..26, 60..90], 80);
    let panels = [heart_rate(TrendValues::Bins { bins: &values, width_ms: MINUTE })];
    let trend = window(&panels);
    let curves = curves(&operations(&trend, SIZE));
    assert_eq!(curves.len(), 3);
    for minutes in [22, 75] {
        assert!(!crosses(&curves, x(ago(minutes), &trend)), "a line crosses {minutes} minutes ago");
    }
    assert!(crosses(&curves, x(ago(40), &trend)), "the test must see lines where there are values");
}

#[test]
fn a_gap_names_its_times_and_a_silence_its_beginning() {
    let values = bins(120, 30, &[60..90, 100..102], 80);
    let panels = [heart_rate(TrendValues::Bins { bins: &values, width_ms: MINUTE })];
    let labels = labels(&operations(&window(&panels), SIZE));
    assert!(labels.contains(&"no data 12:37 to 13:07".to_owned()), "{labels:?}");
    assert!(labels.contains(&"no data since 13:36".to_owned()), "{labels:?}");
    assert!(labels.contains(&"now".to_owned()), "{labels:?}");
}

#[test]
fn a_panel_without_any_value_says_so() {
    let panels = [heart_rate(TrendValues::Bins { bins: &[], width_ms: MINUTE })];
    let labels = labels(&operations(&window(&panels), SIZE));
    assert!(labels.contains(&"no data".to_owned()), "{labels:?}");
}

#[test]
fn a_gap_that_begins_before_the_axis_is_hatched_from_its_left_end() {
    let values = [bins(200, 150, &[], 80), bins(60, 0, &[], 80)].concat();
    let panels = [heart_rate(TrendValues::Bins { bins: &values, width_ms: MINUTE })];
    let trend = window(&panels);
    let operations = operations(&trend, SIZE);
    assert!(labels(&operations).contains(&"no data 11:36 to 13:06".to_owned()), "{:?}", labels(&operations));
    assert!(!crosses(&curves(&operations), x(ago(100), &trend)));
}

#[test]
fn lone_values_of_a_stream_are_dots() {
    let values = [TrendPoint { at: ago(60), value: 80.0 }, TrendPoint { at: ago(30), value: 90.0 }];
    let panels = [heart_rate(TrendValues::Points { points: &values, longest_step_ms: MINUTE })];
    let operations = operations(&window(&panels), SIZE);
    assert!(curves(&operations).is_empty());
    assert_eq!(operations.iter().filter(|o| matches!(o, Operation::FilledCircle(..))).count(), 2);
}

#[test]
fn a_spike_of_one_minute_reaches_its_height_among_thirty_days() {
    let mut values: Vec<_> = (0..43_200).map(|minute| bin(ago(43_200 - minute), 70.0)).collect();
    values[20_000].highest = 119.0;
    let panels = [heart_rate(TrendValues::Bins { bins: &values, width_ms: MINUTE })];
    let trend = Trend { from: ago(43_200), ..window(&panels) };
    let top = trend.geometry(SIZE).unwrap().panels[0].0 as i16 * 4;
    let reaches = |o: &Operation| matches!(o, Operation::Polygon(points) if points.iter().any(|p| p.1 < top + 8));
    assert!(operations(&trend, SIZE).iter().any(reaches));
}

#[test]
fn values_beyond_the_scale_stay_in_their_panel() {
    let data = TrendData::new();
    let panels = data.panels();
    let trend = window(&panels);
    let bottom = trend.geometry((640, 320)).unwrap().panels[0].1 as i16 * 4;
    for points in curves(&operations(&trend, (640, 320))) {
        assert!(points.iter().all(|point| (0..=bottom).contains(&point.1)), "{points:?}");
    }
}

#[test]
fn beats_are_not_joined_over_a_break() {
    let beats = beats();
    let strip = BeatStrip { from: ago(1), to: NOW, beats: &beats, theme: ChartTheme::DARK };
    assert_eq!(curves(&operations(&strip, SIZE)).len(), 2);
}

#[test]
fn silence_that_began_before_the_window_is_a_gap_over_its_whole_width() {
    let strokes = |beats: &[Beat]| {
        let strip = BeatStrip { from: ago(1), to: NOW, beats, theme: ChartTheme::DARK };
        operations(&strip, SIZE).len()
    };
    let before = Beat { at: ago(2), interval_1024: 800, continues: true };
    // The hatching has a stroke every few pixels, the empty paper none.
    assert!(strokes(&[before]) > strokes(&[]) + 20, "{} against {}", strokes(&[before]), strokes(&[]));
}

#[test]
fn wrong_figures_are_refused_and_leave_no_bytes() {
    let backwards = [bin(ago(1), 70.0), bin(ago(2), 70.0)];
    let swapped = [TrendPressure { at: ago(1), systolic: 60.0, diastolic: 120.0 }];
    let refused = |trend: &Trend<'_>, size| {
        let mut bytes = vec![9];
        let error = trend.to_display_list(&mut bytes, size, &advances()).unwrap_err();
        assert_eq!(bytes, [9]);
        error
    };
    let panels = [heart_rate(TrendValues::Bins { bins: &backwards, width_ms: MINUTE })];
    assert_eq!(refused(&window(&panels), SIZE), ChartError::NotInOrder { position: 1 });
    let panels = [heart_rate(TrendValues::Pressures(&swapped))];
    assert_eq!(refused(&window(&panels), SIZE), ChartError::NotANumber { position: 0 });
    assert!(matches!(refused(&window(&panels), (90, 40)), ChartError::TooSmall { width: 90, height: 40, .. }));
    assert!(matches!(refused(&window(&panels), (LARGEST_SIDE + 1, 40)), ChartError::TooLarge { .. }));
    let ends_first = Trend { to: ago(121), ..window(&panels) };
    assert_eq!(refused(&ends_first, SIZE), ChartError::TimeSpan { milliseconds: -MINUTE });
    let flat = [TrendPanel { highest: 40.0, ..heart_rate(TrendValues::Spots(&[])) }];
    assert_eq!(refused(&window(&flat), SIZE), ChartError::Scale { lowest: 40.0, highest: 40.0 });
}

#[test]
fn sweeps_without_pace_scale_or_room_are_refused() {
    let layout = SweepLayout::electrocardiogram(600, 136, 130);
    let refused = |layout| SweepStrip::new(layout, HEART, HEART).unwrap_err();
    let gain = |millimetres_per_millivolt| SweepScale::Paper { millimetres_per_millivolt };
    assert!(matches!(refused(SweepLayout { hertz: 0, ..layout }), ChartError::Sweep { got: 0, .. }));
    assert!(matches!(refused(SweepLayout { millimetre: 0, ..layout }), ChartError::Sweep { got: 0, .. }));
    assert!(matches!(refused(SweepLayout { scale: gain(0), ..layout }), ChartError::Sweep { got: 0, .. }));
    assert!(matches!(refused(SweepLayout { width: 100, ..layout }), ChartError::TooSmall { .. }));
    let flat = SweepScale::Between { lowest: 5, highest: 5 };
    assert_eq!(refused(SweepLayout { scale: flat, ..layout }), ChartError::Scale { lowest: 5.0, highest: 5.0 });
    let paper = SweepPaper { layout: SweepLayout { hertz: 0, ..layout }, theme: ChartTheme::DARK };
    assert!(paper.to_svg((600, 136)).is_err());
}

fn bin(at: WallTime, value: f64) -> TrendBin {
    TrendBin { at, lowest: value, highest: value, mean: value, count: 60 }
}

/// Boxes of the labels that begin with "no data": left, top, right, bottom.
fn label_boxes(operations: &[Operation]) -> Vec<(f64, f64, f64, f64)> {
    let boxed = |operation: &Operation| match operation {
        Operation::Text { at, em, text, .. } if text.starts_with("no data") => {
            let (x, y, em) = (f64::from(at.0), f64::from(at.1), f64::from(*em));
            let width = advances().width(text, em);
            Some((x - width / 2.0, y - em / 2.0, x + width / 2.0, y + em / 2.0))
        }
        _ => None,
    };
    operations.iter().filter_map(boxed).collect()
}

/// Whether a stroke enters a box: sampled along its way.
fn enters(pair: &[Point], (left, top, right, bottom): (f64, f64, f64, f64)) -> bool {
    let at = |t: f64, a: i16, b: i16| f64::from(a) + t * (f64::from(b) - f64::from(a));
    (0..=40).any(|i| {
        let t = f64::from(i) / 40.0;
        let (x, y) = (at(t, pair[0].0, pair[1].0), at(t, pair[0].1, pair[1].1));
        left < x && x < right && top < y && y < bottom
    })
}

fn some_values() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![40.0..120.0f64, -1e300..1e300f64];
    proptest::collection::vec((prop_oneof![1i64..3, 1i64..60], value), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_gap_is_bridged_and_no_label_covers_a_curve(steps in some_values()) {
        let mut minute = -150;
        let mut values = Vec::new();
        for (step, value) in steps {
            minute += step;
            values.push(bin(NOW.plus_millis(minute * MINUTE), value));
        }
        let panels = [heart_rate(TrendValues::Bins { bins: &values, width_ms: MINUTE })];
        let trend = window(&panels);
        let operations = operations(&trend, SIZE);
        let curves = curves(&operations);
        for pair in values.windows(2) {
            let (end, next) = (pair[0].at.plus_millis(MINUTE), pair[1].at);
            if end < next && end >= trend.from && next <= trend.to {
                let middle = WallTime((end.0 + next.0) / 2);
                prop_assert!(!crosses(&curves, x(middle, &trend)));
            }
        }
        for label in label_boxes(&operations) {
            for pair in curves.iter().flat_map(|points| points.windows(2)) {
                prop_assert!(!enters(pair, label), "{pair:?} {label:?}");
            }
        }
    }

    #[test]
    fn any_beats_give_a_figure_or_an_error(
        from in any::<i64>(), to in any::<i64>(), width in 0u32..2000, height in 0u32..400,
        beats in proptest::collection::vec((any::<i64>(), any::<u16>(), any::<bool>()), 0..40),
    ) {
        let beat = |(at, interval_1024, continues)| Beat { at: WallTime(at), interval_1024, continues };
        let mut beats: Vec<_> = beats.into_iter().map(beat).collect();
        beats.sort_by_key(|beat| beat.at);
        let strip = BeatStrip { from: WallTime(from), to: WallTime(to), beats: &beats, theme: ChartTheme::NIGHT };
        let mut bytes = Vec::new();
        if strip.to_display_list(&mut bytes, (width, height), &advances()).is_ok() {
            prop_assert!(decode(&bytes).is_ok());
        }
    }

    #[test]
    fn any_axis_and_any_values_give_a_figure_or_an_error(
        from in any::<i64>(), to in any::<i64>(), offset in any::<i16>(), width_ms in any::<i64>(),
        times in proptest::collection::vec((any::<i64>(), any::<f64>(), any::<u32>()), 0..20),
        size in (0u32..2000, 0u32..400), ends_now in any::<bool>(), near in any::<bool>(),
    ) {
        let to = if near { from.saturating_add(to.rem_euclid(1 << 40)) } else { to };
        let mut times = times;
        times.sort_by_key(|(at, ..)| *at);
        let place = |at: i64| WallTime(if near { from.saturating_add(at.rem_euclid(1 << 40)) } else { at });
        let mut values: Vec<_> = times.iter().map(|(at, value, count)| TrendBin { count: *count, ..bin(place(*at), *value) }).collect();
        values.sort_by_key(|bin| bin.at);
        let points: Vec<_> = values.iter().map(|bin| TrendPoint { at: bin.at, value: bin.mean }).collect();
        let panels = [
            heart_rate(TrendValues::Bins { bins: &values, width_ms }),
            heart_rate(TrendValues::Points { points: &points, longest_step_ms: width_ms }),
            heart_rate(TrendValues::Spots(&points)),
        ];
        let (from, to) = (WallTime(from), WallTime(to));
        for panel in panels {
            let panels = [panel];
            let trend = Trend { from, to, ends_now, utc_offset_minutes: offset, ..window(&panels) };
            let mut bytes = Vec::new();
            if trend.to_display_list(&mut bytes, size, &advances()).is_ok() {
                prop_assert!(decode(&bytes).is_ok());
            }
        }
    }
}
