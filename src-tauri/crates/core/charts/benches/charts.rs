//! Measures one frame of a view of two ECG strips, drawn three ways, for a wall clock or for callgrind.
//! The signal is synthetic and the same on every machine; nothing here is a test.
//!
//! `cargo bench -p bedside-charts --bench charts -- sweep N` draws N frames, 60 of them a second, and prints the bytes
//! of a frame: `sweep` (only what is new), `full` (both strips whole, as display lists), `svg` (both whole, as SVG) and
//! `trend` (the four panels of the golden tests). `clock N` times all of them. For instructions a frame run a mode under
//! callgrind with 10 frames and with 110, and divide the difference by 100.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::panic)]
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/figures.rs"]
mod figures;

use bedside_charts::{
    Advances, ChartTheme, Figure, Frame, FrameError, StripKind, SweepLayout, SweepPaper, SweepRecord, SweepStrip,
    register_font,
};
use common::{FONT, advances, electrocardiogram};
use figures::{TrendData, trend};
use std::time::Instant;

const HERTZ: u16 = 250;
const FRAMES_A_SECOND: usize = 60;
const SIZE: (u32, u32) = (1200, 136);
const THEME: ChartTheme = ChartTheme::DARK;
const MODES: [&str; 4] = ["sweep", "full", "svg", "trend"];

fn main() {
    register_font(FONT).expect("the bundled font");
    // cargo adds `--bench` of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mode = words.first().map_or("clock", String::as_str);
    let frames = words.get(1).and_then(|n| n.parse().ok()).unwrap_or(300);
    match mode {
        "clock" => MODES.into_iter().for_each(|mode| clock(mode, frames)),
        mode => {
            let mut view = View::new(mode);
            let bytes: usize = (0..frames).map(|frame| view.draw(frame)).sum();
            println!("{mode}: {frames} frames, {} bytes a frame", bytes / frames.max(1));
        }
    }
}

fn clock(mode: &str, frames: usize) {
    let mut view = View::new(mode);
    let (mut micros, mut bytes) = (Vec::with_capacity(frames), 0);
    for frame in 0..frames {
        let begin = Instant::now();
        bytes += view.draw(frame);
        micros.push(begin.elapsed().as_nanos() as f64 / 1000.0);
    }
    micros.sort_by(f64::total_cmp);
    let at = |share: usize| micros.get(frames * share / 100).copied().unwrap_or_default();
    println!("{mode:6} p50 {:9.2} us, p99 {:9.2} us, {} bytes a frame", at(50), at(99), bytes / frames.max(1));
}

struct View {
    mode: String,
    samples: Vec<Option<i32>>,
    fresh: Vec<i32>,
    strips: [SweepStrip; 2],
    advances: Advances,
    trend: TrendData,
}

impl View {
    fn new(mode: &str) -> Self {
        let layout = SweepLayout::electrocardiogram(SIZE.0, SIZE.1, HERTZ);
        let capacity = SweepRecord::capacity(&layout).expect("a layout with room") as u32;
        let samples = electrocardiogram(u32::from(HERTZ), capacity);
        let strip = || SweepStrip::new(layout, THEME.heart, THEME.text_third).expect("a layout with room");
        Self {
            mode: mode.to_owned(),
            fresh: samples.clone(),
            samples: samples.into_iter().map(Some).collect(),
            strips: [strip(), strip()],
            advances: advances(),
            trend: TrendData::new(),
        }
    }

    /// Draws one frame and says how many bytes would travel.
    fn draw(&mut self, frame: usize) -> usize {
        match self.mode.as_str() {
            "sweep" => self.sweep(frame),
            "full" => self.full(),
            "svg" => (0..2).map(|_| self.record().to_svg(SIZE).expect("a figure").len()).sum(),
            "trend" => {
                let mut bytes = Vec::new();
                let panels = self.trend.panels();
                let figure = trend(&panels, THEME);
                figure.to_display_list(&mut bytes, (1200, 400), &self.advances).expect("a figure");
                bytes.len()
            }
            other => panic!("expected one of clock, {}, got {other}", MODES.join(", ")),
        }
    }

    /// What one frame brings: four or five samples a strip.
    fn sweep(&mut self, number: usize) -> usize {
        let hertz = usize::from(HERTZ);
        let fresh = number * hertz / FRAMES_A_SECOND..(number + 1) * hertz / FRAMES_A_SECOND;
        let from = fresh.start % (self.fresh.len() - fresh.len());
        let mut frame = Frame::new();
        for (id, strip) in (0..).zip(&mut self.strips) {
            strip.push(&self.fresh[from..from + fresh.len()]);
            let draw = |bytes: &mut Vec<u8>| {
                strip.draw(bytes, u64::MAX);
                Ok::<_, FrameError>(())
            };
            frame.add(id, StripKind::Append, draw).expect("two strips");
        }
        frame.into_bytes().len()
    }

    fn full(&self) -> usize {
        let mut bytes = Vec::new();
        for _ in 0..2 {
            self.record().to_display_list(&mut bytes, SIZE, &self.advances).expect("a figure");
        }
        bytes.len()
    }

    fn record(&self) -> SweepRecord<'_> {
        let layout = SweepLayout::electrocardiogram(SIZE.0, SIZE.1, HERTZ);
        SweepRecord { paper: SweepPaper { layout, theme: THEME }, samples: &self.samples, colour: THEME.heart }
    }
}
