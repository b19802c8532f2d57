//! The strip of beat intervals (tachogram): the time between heart beats against the time of day.
//! Beats that follow one another are joined; a break in the record is a gap, as in trends.
use crate::error::ChartError;
use crate::figure::Figure;
use crate::ink::{Box2, CURVE, Ink, Resolution};
use crate::runs::{Gap, check_order};
use crate::theme::ChartTheme;
use crate::trend_panel::{TimeScale, draw_gaps, place_gaps};
use bedside_vitals::{Parameter, WallTime};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, VPos};

/// One heart beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When the interval ended.
    pub at: WallTime,
    /// The time since the beat before, in 1/1024 s as the Heart Rate service counts (Bluetooth, 0x2A37).
    pub interval_1024: u16,
    /// Whether the beat before it in the list is the one before it in the heart: nothing was missed between.
    pub continues: bool,
}

/// Beat intervals on a time axis.
#[derive(Clone, Debug)]
pub struct BeatStrip<'a> {
    /// The left end.
    pub from: WallTime,
    /// The right end.
    pub to: WallTime,
    /// In order of time.
    pub beats: &'a [Beat],
    /// The colours.
    pub theme: ChartTheme,
}

/// The scale without values, in milliseconds; it grows in steps to hold what is there.
const USUAL: (i32, i32) = (400, 1200);
const STEP_MS: i32 = 200;
/// Longer intervals run along the upper edge.
const LONGEST_MS: i32 = 3000;
/// Silence of this length up to the right end is a gap.
const PATIENCE_MS: i64 = 5000;

const SCALE_WIDTH: f64 = 60.0;
const RIGHT_MARGIN: f64 = 12.0;
const PADDING: f64 = 8.0;
const BEAT_RADIUS: f64 = 1.5;
const LEAST_SIZE: (u32, u32) = (140, 48);

impl BeatStrip<'_> {
    fn check(&self) -> Result<(), ChartError> {
        let milliseconds = self.to.millis_since(self.from);
        if milliseconds <= 0 {
            return Err(ChartError::TimeSpan { milliseconds });
        }
        check_order(self.beats.iter().map(|beat| beat.at))
    }

    /// The lower and upper end of the scale in milliseconds.
    fn scale(&self) -> (i32, i32) {
        let shown = self.beats.iter().filter(|beat| (self.from..=self.to).contains(&beat.at)).map(milliseconds);
        let (lowest, highest) = shown.fold(USUAL, |(low, high), ms| (low.min(ms), high.max(ms)));
        let down = lowest.div_euclid(STEP_MS) * STEP_MS;
        let up = (highest + STEP_MS - 1).div_euclid(STEP_MS) * STEP_MS;
        (down.max(0), up.min(LONGEST_MS))
    }

    fn gaps(&self) -> Vec<Gap> {
        let pairs = self.beats.windows(2).filter(|pair| !pair[1].continues);
        // The interval before a beat is known: the gap ends where that interval began.
        let between = pairs.map(|pair| {
            let began = pair[1].at.plus_millis(-i64::from(milliseconds(&pair[1])));
            Gap { from: pair[0].at, to: Some(began.max(pair[0].at)) }
        });
        let last = self.beats.last().filter(|last| self.to.millis_since(last.at) > PATIENCE_MS);
        between.chain(last.map(|last| Gap { from: last.at, to: None })).collect()
    }
}

impl Figure for BeatStrip<'_> {
    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        resolution: Resolution,
    ) -> Result<(), ChartError> {
        self.check()?;
        let (width, height) = area.dim_in_pixel();
        let unit = resolution.units().unsigned_abs();
        let (needed_width, needed_height) = LEAST_SIZE;
        if width < needed_width * unit || height < needed_height * unit {
            let (width, height) = (width / unit, height / unit);
            return Err(ChartError::TooSmall { width, height, needed_width, needed_height });
        }
        let ink = Ink { area, resolution };
        let frame = Box2 {
            left: ink.round(SCALE_WIDTH),
            top: ink.round(PADDING),
            right: width as i32 - ink.round(RIGHT_MARGIN),
            bottom: height as i32 - ink.round(PADDING),
        };
        let time = TimeScale { from: self.from, to: self.to, left: frame.left, right: frame.right };
        let (lowest, highest) = self.scale();
        ink.fill_all(self.theme.surface)?;
        self.draw_scale(&ink, frame, lowest, highest)?;
        draw_gaps(&ink, &place_gaps(&ink, &self.gaps(), &time, frame), &self.theme)?;
        self.draw_beats(&ink, &time, &|beat| y(frame, (lowest, highest), milliseconds(beat)))
    }
}

impl BeatStrip<'_> {
    fn draw_scale<DB: DrawingBackend>(
        &self,
        ink: &Ink<'_, DB>,
        frame: Box2,
        lowest: i32,
        highest: i32,
    ) -> Result<(), ChartError> {
        let mut line = lowest;
        while line <= highest {
            let y = y(frame, (lowest, highest), line);
            ink.line((frame.left, y), (frame.right, y), self.theme.grid, 1.0)?;
            line += STEP_MS;
        }
        let right = frame.left - ink.round(PADDING);
        let words = |at: i32| format!("{at} ms");
        ink.text(&words(highest), (right, frame.top), (HPos::Right, VPos::Top), self.theme.text_third)?;
        ink.text(&words(lowest), (right, frame.bottom), (HPos::Right, VPos::Bottom), self.theme.text_third)
    }

    fn draw_beats<DB: DrawingBackend>(
        &self,
        ink: &Ink<'_, DB>,
        time: &TimeScale,
        y: &dyn Fn(&Beat) -> i32,
    ) -> Result<(), ChartError> {
        let colour = self.theme.of(Parameter::BeatInterval);
        let mut run = Vec::new();
        for beat in self.beats.iter().filter(|beat| time.shows(beat.at)) {
            let at = (time.x(beat.at), y(beat));
            if !beat.continues && !run.is_empty() {
                ink.path(core::mem::take(&mut run), colour, CURVE)?;
            }
            run.push(at);
            ink.dot(at, BEAT_RADIUS, colour)?;
        }
        ink.path(run, colour, CURVE)
    }
}

fn milliseconds(beat: &Beat) -> i32 {
    (i32::from(beat.interval_1024) * 1000 + 512) / 1024
}

/// The y of an interval, held to the ends of the scale.
fn y(frame: Box2, (lowest, highest): (i32, i32), milliseconds: i32) -> i32 {
    let up = milliseconds.clamp(lowest, highest) - lowest;
    frame.bottom - up * (frame.bottom - frame.top) / (highest - lowest).max(1)
}
