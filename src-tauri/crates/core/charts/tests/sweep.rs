//! What a sweeping strip puts on its canvas, seen by a player that keeps every unit: the picture must not depend on
//! how samples come in pieces, and a gap must stay empty.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use bedside_charts::{Operation, Point, Rgb, SweepLayout, SweepScale, SweepStrip, decode};
use common::electrocardiogram;
use proptest::prelude::*;

const TRACE: Rgb = Rgb(1, 2, 3);
const HEAD: Rgb = Rgb(200, 201, 202);

/// A canvas of one byte of opacity a unit. Pens are one unit wide: only the way of the pen matters here.
#[derive(Clone, PartialEq)]
struct Canvas {
    width: i32,
    height: i32,
    opacity: Vec<u8>,
}

impl Canvas {
    fn new(layout: &SweepLayout) -> Self {
        let (width, height) = (layout.width as i32 * 4, layout.height as i32 * 4);
        Self { width, height, opacity: vec![0; (width * height) as usize] }
    }

    fn play(&mut self, bytes: &[u8]) {
        for operation in decode(bytes).unwrap().operations {
            match operation {
                Operation::Stroke { .. } | Operation::Fill(_) => {}
                Operation::Path(points) => points.windows(2).for_each(|pair| self.line(pair[0], pair[1])),
                Operation::FilledCircle(at, _) => self.line(at, at),
                Operation::FilledRectangle(a, b) => self.columns(a.0.into()..b.0.into(), |_| 255),
                Operation::Erase(left, right) => self.columns(left.into()..right.into(), |_| 0),
                Operation::Fade(share) => {
                    self.columns(0..self.width, |o| (u16::from(o) * u16::from(share) / 255) as u8);
                }
                other => panic!("a sweep needs no {other:?}"),
            }
        }
    }

    fn columns(&mut self, range: std::ops::Range<i32>, change: impl Fn(u8) -> u8) {
        let range = range.start.max(0)..range.end.min(self.width);
        for y in 0..self.height {
            for x in range.clone() {
                let at = (y * self.width + x) as usize;
                self.opacity[at] = change(self.opacity[at]);
            }
        }
    }

    fn line(&mut self, a: Point, b: Point) {
        let (mut x, mut y) = (i32::from(a.0), i32::from(a.1));
        let (to_x, to_y) = (i32::from(b.0), i32::from(b.1));
        let (dx, dy) = ((to_x - x).abs(), -(to_y - y).abs());
        let mut error = dx + dy;
        loop {
            self.opacity[(y * self.width + x) as usize] = 255;
            if (x, y) == (to_x, to_y) {
                return;
            }
            let doubled = 2 * error;
            if doubled >= dy {
                error += dy;
                x += (to_x - x).signum();
            }
            if doubled <= dx {
                error += dx;
                y += (to_y - y).signum();
            }
        }
    }

    fn is_empty(&self, columns: std::ops::Range<i32>) -> bool {
        (0..self.height).all(|y| columns.clone().all(|x| self.opacity[(y * self.width + x) as usize] == 0))
    }
}

fn layout(hertz: u16) -> SweepLayout {
    SweepLayout::electrocardiogram(200, 40, hertz)
}

fn strip(layout: SweepLayout) -> SweepStrip {
    SweepStrip::new(layout, TRACE, HEAD).unwrap()
}

fn operations(strip: &mut SweepStrip) -> Vec<Operation> {
    let mut bytes = Vec::new();
    strip.draw(&mut bytes, u64::MAX);
    decode(&bytes).unwrap().operations
}

fn paths(operations: &[Operation]) -> Vec<&Vec<Point>> {
    operations.iter().filter_map(|o| if let Operation::Path(points) = o { Some(points) } else { None }).collect()
}

#[test]
fn one_second_is_25_millimetres_and_one_millivolt_is_10() {
    let mut strip = strip(SweepLayout { height: 136, ..layout(100) });
    strip.push(&[0; 100]);
    strip.push(&[1000]);
    let operations = operations(&mut strip);
    let points = paths(&operations)[0];
    let (first, last) = (points[0], points[points.len() - 1]);
    assert_eq!(last.0 - first.0, 25 * 4 * 4, "one second in quarter pixels");
    assert_eq!(first.1 - last.1, 10 * 4 * 4, "one millivolt in quarter pixels");
}

#[test]
fn a_frame_draws_only_the_bar_and_what_is_new() {
    let mut strip = strip(SweepLayout { width: 600, ..layout(250) });
    strip.push(&electrocardiogram(250, 250));
    operations(&mut strip);
    strip.push(&electrocardiogram(250, 4));
    let mut bytes = Vec::new();
    assert_eq!(strip.draw(&mut bytes, u64::MAX), 4);
    let operations = decode(&bytes).unwrap().operations;
    let erased: Vec<_> = operations.iter().filter(|o| matches!(o, Operation::Erase(..))).collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(paths(&operations)[0].len(), 5, "the last point and four new ones");
    assert!(bytes.len() < 64, "{} bytes", bytes.len());
}

#[test]
fn nothing_new_writes_nothing() {
    let mut strip = strip(layout(130));
    let mut bytes = Vec::new();
    assert_eq!(strip.draw(&mut bytes, 10), 0);
    strip.push(&[0]);
    assert_eq!(strip.draw(&mut bytes, 0), 0);
    assert!(bytes.is_empty());
    assert_eq!(strip.waiting(), 1);
}

#[test]
fn a_missing_sample_ends_the_line_and_a_lone_sample_is_a_dot() {
    let mut strip = strip(layout(100));
    strip.push(&[0, 10]);
    strip.push_gap(3);
    strip.push(&[20]);
    strip.push_gap(1);
    strip.push(&[30, 40, 50]);
    let operations = operations(&mut strip);
    assert_eq!(paths(&operations).iter().map(|points| points.len()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(operations.iter().filter(|o| matches!(o, Operation::FilledCircle(..))).count(), 1);
}

#[test]
fn the_turn_of_the_sweep_ends_the_line_and_fades_the_pass_before() {
    let mut strip = strip(layout(100));
    strip.push(&[0; 300]);
    let operations = operations(&mut strip);
    let paths = paths(&operations);
    assert_eq!(paths.len(), 2);
    for points in paths {
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0), "a line runs back: {points:?}");
    }
    assert_eq!(operations.iter().filter(|o| matches!(o, Operation::Fade(_))).count(), 1);
}

#[test]
fn a_lone_sample_at_the_end_of_a_turn_is_a_dot() {
    let mut strip = strip(layout(100));
    strip.push(&[0; 150]);
    strip.push_gap(1);
    strip.push(&[0; 6]);
    let operations = operations(&mut strip);
    let at = |o: &Operation| if let Operation::FilledCircle(at, _) = o { Some(at.0) } else { None };
    assert_eq!(operations.iter().filter_map(at).collect::<Vec<_>>(), [48 * 4 + 151 * 4]);
}

#[test]
fn the_eraser_keeps_28_pixels_free_ahead_of_the_trace_also_around_the_edge() {
    let layout = layout(100);
    for samples in [50, 150, 161, 200, 330] {
        let (mut strip, mut canvas) = (strip(layout), Canvas::new(&layout));
        for _ in 0..samples {
            strip.push(&[0]);
            let mut bytes = Vec::new();
            strip.draw(&mut bytes, u64::MAX);
            canvas.play(&bytes);
        }
        let (left, right) = (48 * 4, 800);
        let tip = left + (samples - 1) * 4 % (right - left);
        let head = tip + 3 * 4;
        for x in tip + 4..tip + 28 * 4 {
            let around = if x < right { x } else { left + x - right };
            let is_head = (head..head + 4).contains(&x);
            assert_eq!(canvas.is_empty(around..around + 1), !is_head, "column {x} after {samples} samples");
        }
    }
}

#[test]
fn a_whole_turn_drawn_at_once_looks_as_if_it_came_sample_by_sample() {
    let layout = layout(100);
    for samples in [1, 150, 152, 153, 310] {
        let ecg = electrocardiogram(100, samples);
        let (mut at_once, mut one_by_one) = (strip(layout), strip(layout));
        let (mut one, mut other) = (Canvas::new(&layout), Canvas::new(&layout));
        at_once.push(&ecg);
        let mut bytes = Vec::new();
        at_once.draw(&mut bytes, u64::MAX);
        one.play(&bytes);
        for sample in &ecg {
            one_by_one.push(&[*sample]);
            let mut bytes = Vec::new();
            one_by_one.draw(&mut bytes, u64::MAX);
            other.play(&bytes);
        }
        assert!(one == other, "{samples} samples");
    }
}

#[test]
fn values_beyond_the_scale_run_along_the_edge_of_the_strip() {
    let mut strip = strip(layout(100));
    strip.push(&[i32::MAX, i32::MIN, i32::MAX]);
    let operations = operations(&mut strip);
    let heights: Vec<_> = paths(&operations)[0].iter().map(|point| point.1).collect();
    assert!(heights.iter().all(|y| (0..160).contains(y)), "{heights:?}");
}

#[test]
fn a_silence_longer_than_two_sweeps_clears_the_strip_and_ends() {
    let layout = layout(250);
    let (mut strip, mut canvas, mut bytes) = (strip(layout), Canvas::new(&layout), Vec::new());
    strip.push(&electrocardiogram(250, 300));
    strip.push_gap(u64::MAX);
    strip.draw(&mut bytes, u64::MAX);
    canvas.play(&bytes);
    let shown = (0..canvas.width).filter(|x| !canvas.is_empty(*x..*x + 1)).count();
    assert_eq!(shown, 4, "only the head may be there");
}

/// A piece of input: samples or a gap, drawn after it or not.
fn pieces() -> impl Strategy<Value = Vec<(Vec<i32>, u64, bool)>> {
    let samples = proptest::collection::vec(-2000..2000i32, 0..60);
    proptest::collection::vec((samples, prop_oneof![3 => Just(0u64), 1 => 1u64..40], any::<bool>()), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_picture_does_not_depend_on_how_samples_come_in_pieces(
        pieces in pieces(), hertz in prop_oneof![Just(50u16), Just(130), Just(250), Just(1000)], most in 1u64..50,
    ) {
        let layout = layout(hertz);
        let (mut at_once, mut in_pieces) = (strip(layout), strip(layout));
        let (mut one, mut other) = (Canvas::new(&layout), Canvas::new(&layout));
        for (samples, gap, draw) in &pieces {
            for strip in [&mut at_once, &mut in_pieces] {
                strip.push(samples);
                strip.push_gap(*gap);
            }
            let mut bytes = Vec::new();
            if *draw && in_pieces.draw(&mut bytes, most) > 0 {
                other.play(&bytes);
            }
        }
        for (strip, canvas) in [(&mut at_once, &mut one), (&mut in_pieces, &mut other)] {
            let mut bytes = Vec::new();
            if strip.draw(&mut bytes, u64::MAX) > 0 {
                canvas.play(&bytes);
            }
            prop_assert_eq!(strip.waiting(), 0);
        }
        prop_assert!(one == other);
    }

    #[test]
    fn any_layout_and_any_samples_give_a_list_or_an_error(
        width in prop_oneof![0u32..9000, any::<u32>()], height in prop_oneof![0u32..9000, any::<u32>()], millimetre in 0u32..50_000, hertz in any::<u16>(),
        gain in any::<u8>(), range in proptest::option::of((any::<i32>(), any::<i32>())),
        samples in proptest::collection::vec(any::<i32>(), 0..30), gap in any::<u64>(),
    ) {
        let scale = match range {
            Some((lowest, highest)) => SweepScale::Between { lowest, highest },
            None => SweepScale::Paper { millimetres_per_millivolt: gain },
        };
        let layout = SweepLayout { width, height, millimetre, hertz, scale };
        if let Ok(mut strip) = SweepStrip::new(layout, TRACE, HEAD) {
            strip.push(&samples);
            strip.push_gap(gap);
            strip.push(&samples);
            let mut bytes = Vec::new();
            if strip.draw(&mut bytes, u64::MAX) > 0 {
                prop_assert!(decode(&bytes).is_ok());
            }
        }
    }
}
