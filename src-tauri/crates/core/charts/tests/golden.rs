//! Figures compared with committed files. `BLESS=1 cargo test -p bedside-charts --test golden` writes them anew;
//! look at the difference before committing it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/figures.rs"]
mod figures;

use bedside_charts::{
    BeatStrip, ChartError, ChartTheme, Figure, Frame, StripKind, SweepLayout, SweepPaper, SweepRecord, SweepStrip,
    decode, register_font, split_frame,
};
use common::{FONT, NOW, advances, electrocardiogram};
use figures::{TrendData, beats, trend};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;

const PAPER: SweepPaper = SweepPaper { layout: SweepLayout::electrocardiogram(320, 136, 130), theme: ChartTheme::DARK };

#[test]
fn the_paper_of_a_sweep_is_as_it_was() {
    compare("sweep-paper.txt", listed(&PAPER, (320, 136)).as_bytes());
}

#[test]
fn a_trend_with_gaps_is_as_it_was() {
    let data = TrendData::new();
    compare("trend.txt", listed(&trend(&data.panels(), ChartTheme::DARK), (640, 320)).as_bytes());
}

#[test]
fn a_strip_of_beats_is_as_it_was() {
    let beats = beats();
    let strip = BeatStrip { from: NOW.plus_millis(-60_000), to: NOW, beats: &beats, theme: ChartTheme::LIGHT };
    compare("beat-strip.txt", listed(&strip, (480, 120)).as_bytes());
}

#[test]
fn a_frame_of_paper_and_sweep_is_as_it_was() {
    let message = frame();
    let mut text = String::new();
    for strip in split_frame(&message).unwrap() {
        write!(text, "strip {} {:?}\n{}", strip.strip, strip.kind, decode(strip.list).unwrap()).unwrap();
    }
    compare("frame.bin", &message);
    compare("frame.txt", text.as_bytes());
}

#[test]
fn a_trend_as_svg_is_as_it_was() {
    register_font(FONT).unwrap();
    let data = TrendData::new();
    let svg = trend(&data.panels(), ChartTheme::LIGHT).to_svg((640, 320)).unwrap();
    compare("trend.svg", svg.as_bytes());
}

#[test]
fn a_recorded_strip_as_svg_is_as_it_was() {
    register_font(FONT).unwrap();
    compare("sweep-record.svg", record(&samples()).to_svg((320, 136)).unwrap().as_bytes());
}

#[test]
fn bitmaps_are_as_they_were() {
    register_font(FONT).unwrap();
    let data = TrendData::new();
    let trend = trend(&data.panels(), ChartTheme::HIGH_CONTRAST).to_bitmap((640, 320)).unwrap();
    let record = record(&samples()).to_bitmap((320, 136)).unwrap();
    let mut text = String::new();
    for (name, pixels) in [("trend 640 x 320", trend), ("sweep-record 320 x 136", record)] {
        let hash: String = Sha256::digest(&pixels).iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{name}: {} bytes, SHA-256 {hash}", pixels.len()).unwrap();
    }
    compare("bitmaps.txt", text.as_bytes());
}

fn record(samples: &[Option<i32>]) -> SweepRecord<'_> {
    SweepRecord { paper: PAPER, samples, colour: PAPER.theme.heart }
}

/// Two seconds and a half, with a gap, and a lone sample within it.
fn samples() -> Vec<Option<i32>> {
    let ecg = electrocardiogram(130, 325);
    let missing = |i: &usize| (150..190).contains(i) && *i != 170;
    ecg.into_iter().enumerate().map(|(i, sample)| (!missing(&i)).then_some(sample)).collect()
}

/// The paper of strip 7, then its trace over the turn of the sweep, with the same gap.
fn frame() -> Vec<u8> {
    let mut strip = SweepStrip::new(PAPER.layout, PAPER.theme.heart, PAPER.theme.text_third).unwrap();
    for sample in samples() {
        match sample {
            Some(sample) => strip.push(&[sample]),
            None => strip.push_gap(1),
        }
    }
    strip.push(&electrocardiogram(130, 60));
    let mut frame = Frame::new();
    let paper =
        |bytes: &mut Vec<u8>| PAPER.to_display_list(bytes, PAPER.layout.size(), &advances()).map_err(Failure::Chart);
    frame.add(7, StripKind::Replace, paper).unwrap();
    for most in [200, u64::MAX] {
        let sweep = |bytes: &mut Vec<u8>| {
            strip.draw(bytes, most);
            Ok::<_, Failure>(())
        };
        frame.add(7, StripKind::Append, sweep).unwrap();
    }
    frame.into_bytes()
}

#[derive(Debug, PartialEq)]
enum Failure {
    Chart(ChartError),
    Frame(bedside_charts::FrameError),
}

impl From<bedside_charts::FrameError> for Failure {
    fn from(error: bedside_charts::FrameError) -> Self {
        Self::Frame(error)
    }
}

fn listed(figure: &impl Figure, size: (u32, u32)) -> String {
    let mut bytes = Vec::new();
    figure.to_display_list(&mut bytes, size, &advances()).unwrap();
    decode(&bytes).unwrap().to_string()
}

fn compare(name: &str, now: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let before = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}; BLESS=1 writes it"));
    if before != now {
        let (before, now) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(now));
        let at = before.lines().zip(now.lines()).position(|(a, b)| a != b);
        let at = at.unwrap_or_else(|| before.lines().count().min(now.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("the end").to_owned();
        panic!("{name}, line {}: expected {:?}, got {:?}", at + 1, line(&before), line(&now));
    }
}
