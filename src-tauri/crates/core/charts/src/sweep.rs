//! Where samples lie on a sweeping strip at paper scale, and the paper itself: grid, calibration pulse, whole traces.
//! The moving part lies in `sweep_strip.rs`. Captions over a live strip are the window's; a report's scale is printed.
use crate::error::ChartError;
use crate::figure::{Figure, check_size};
use crate::ink::{Box2, Ink, Resolution, TEXT};
use crate::theme::{ChartTheme, Rgb};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, VPos};

/// Paper speed of all sweeps: 25 mm a second.
pub const MILLIMETRES_PER_SECOND: i64 = 25;
/// The pen of a trace, in pixels.
pub(crate) const TRACE: f64 = 1.75;
/// One box of the grid.
const BOX_MILLIMETRES: i64 = 5;
/// The pulse needs 2 + 5 + 2 mm and a little air.
const CALIBRATION_MILLIMETRES: i64 = 12;
/// The shortest sweep: one second, and at least this many pixels, so that the eraser bar never meets its own end.
const LEAST_MILLIMETRES: i64 = MILLIMETRES_PER_SECOND;
const LEAST_PIXELS: u32 = 4 * crate::sweep_strip::ERASER.unsigned_abs();

/// How high a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepScale {
    /// Samples in microvolts at a true paper scale, in millimetres for a millivolt; 10 is usual. Shows a 1 mV pulse.
    Paper {
        /// 1 to 100.
        millimetres_per_millivolt: u8,
    },
    /// Samples without a unit between the bottom and the top of the strip.
    Between {
        /// At the bottom.
        lowest: i32,
        /// At the top, above `lowest`.
        highest: i32,
    },
}

/// The shape of one sweeping strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepLayout {
    /// Width of the strip in pixels.
    pub width: u32,
    /// Height of the strip in pixels.
    pub height: u32,
    /// One millimetre of paper in thousandths of a pixel, calibrated for the display; 4000 is usual.
    pub millimetre: u32,
    /// Samples a second.
    pub hertz: u16,
    /// How high a value stands.
    pub scale: SweepScale,
}

impl SweepLayout {
    /// An ECG strip of the usual scale: 4 pixels a millimetre, 10 mm a millivolt.
    pub const fn electrocardiogram(width: u32, height: u32, hertz: u16) -> Self {
        let scale = SweepScale::Paper { millimetres_per_millivolt: 10 };
        Self { width, height, millimetre: 4000, hertz, scale }
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The positions of samples, or what is wrong with the layout.
    pub(crate) fn positions(&self, resolution: Resolution) -> Result<Positions, ChartError> {
        check_size(self.size())?;
        let sweep = |expected, got: i64| Err(ChartError::Sweep { expected, got });
        if self.hertz == 0 {
            return sweep("a pace above 0 samples a second", 0);
        }
        if !(1000..=40_000).contains(&self.millimetre) {
            return sweep("1000 to 40000 thousandths of a pixel a millimetre", i64::from(self.millimetre));
        }
        let microns = i64::from(resolution.units()) * i64::from(self.millimetre);
        let millimetres = |n: i64| (n * microns / 1000) as i32;
        let units = |pixels: u32| i64::from(pixels) * i64::from(resolution.units());
        let calibrated = matches!(self.scale, SweepScale::Paper { .. });
        let left = if calibrated { millimetres(CALIBRATION_MILLIMETRES) } else { 0 };
        let pixels = |units: i32| (units / resolution.units()).unsigned_abs();
        let least = pixels(millimetres(LEAST_MILLIMETRES)).max(LEAST_PIXELS);
        let needed = (pixels(left) + least, pixels(millimetres(BOX_MILLIMETRES)));
        if self.width < needed.0 || self.height < needed.1 {
            let (width, height) = (self.width, self.height);
            return Err(ChartError::TooSmall { width, height, needed_width: needed.0, needed_height: needed.1 });
        }
        let (right, bottom) = (units(self.width) as i32, units(self.height) as i32);
        let vertical = match self.scale {
            SweepScale::Paper { millimetres_per_millivolt: gain @ 1..=100 } => {
                // On a line of the grid, a little below the middle: beats rise more than they fall.
                let boxed = millimetres(BOX_MILLIMETRES);
                Vertical {
                    zero: (bottom * 3 / 5 + boxed / 2) / boxed * boxed,
                    base: 0,
                    numerator: i64::from(gain) * microns,
                    denominator: 1_000_000,
                }
            }
            SweepScale::Paper { millimetres_per_millivolt: gain } => {
                return sweep("1 to 100 millimetres a millivolt", i64::from(gain));
            }
            SweepScale::Between { lowest, highest } if lowest < highest => {
                let span = i64::from(highest) - i64::from(lowest);
                Vertical { zero: bottom, base: i64::from(lowest), numerator: i64::from(bottom), denominator: span }
            }
            SweepScale::Between { lowest, highest } => {
                let (lowest, highest) = (f64::from(lowest), f64::from(highest));
                return Err(ChartError::Scale { lowest, highest });
            }
        };
        let edge = resolution.round(TRACE / 2.0).max(1);
        let speed = Speed {
            numerator: (MILLIMETRES_PER_SECOND * microns).unsigned_abs(),
            denominator: u64::from(self.hertz) * 1000,
        };
        Ok(Positions { left, right, edge, bottom, vertical, speed })
    }
}

/// Where samples lie, in units of a resolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Positions {
    /// Where a sweep begins.
    pub(crate) left: i32,
    /// Before which a sweep ends.
    pub(crate) right: i32,
    edge: i32,
    bottom: i32,
    vertical: Vertical,
    speed: Speed,
}

#[derive(Clone, Copy, Debug)]
struct Vertical {
    /// Where `base` lies.
    zero: i32,
    base: i64,
    numerator: i64,
    denominator: i64,
}

/// Units a sample as a fraction: sums of it never drift.
#[derive(Clone, Copy, Debug)]
struct Speed {
    numerator: u64,
    denominator: u64,
}

impl Positions {
    /// Which turn of the sweep sample number `index` belongs to, and its x.
    pub(crate) fn along(&self, index: u64) -> (u64, i32) {
        let wide = u64::from((self.right - self.left).unsigned_abs());
        let Speed { numerator, denominator } = self.speed;
        // Wide numbers are slow and needed only after thousands of years of samples.
        let way = match index.checked_mul(numerator) {
            Some(product) => product / denominator,
            None => (u128::from(index) * u128::from(numerator) / u128::from(denominator)) as u64,
        };
        (way / wide, self.left + (way % wide) as i32)
    }

    /// At most how many samples one turn of the sweep takes.
    pub(crate) fn samples_in_a_turn(&self) -> u64 {
        let wide = u64::from((self.right - self.left).unsigned_abs());
        (wide * self.speed.denominator).div_ceil(self.speed.numerator)
    }

    /// The y of a value. One beyond the scale runs along the strip's edge, never into the next strip.
    pub(crate) fn up(&self, value: i32) -> i32 {
        let Vertical { zero, base, numerator, denominator } = self.vertical;
        // At most 2^32 x 1.6 x 10^7: far within the range.
        let scaled = (i64::from(value) - base) * numerator;
        let y = i64::from(zero) - (scaled + denominator / 2).div_euclid(denominator);
        y.clamp(i64::from(self.edge), i64::from(self.bottom - self.edge)) as i32
    }
}

/// The part of a strip that stands still: ground, grid of 5 mm boxes, and the 1 mV pulse where the scale is true.
#[derive(Clone, Copy, Debug)]
pub struct SweepPaper {
    /// The strip.
    pub layout: SweepLayout,
    /// Its colours.
    pub theme: ChartTheme,
}

impl Figure for SweepPaper {
    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        resolution: Resolution,
    ) -> Result<(), ChartError> {
        let positions = self.layout.positions(resolution)?;
        let ink = Ink { area, resolution };
        ink.fill_all(self.theme.surface)?;
        self.grid(&ink, &positions)?;
        if let SweepScale::Paper { .. } = self.layout.scale {
            ink.path(self.pulse(resolution, &positions), self.theme.text_third, CALIBRATION_PEN)?;
        }
        Ok(())
    }
}

const CALIBRATION_PEN: f64 = 1.5;

impl SweepPaper {
    fn grid<DB: DrawingBackend>(&self, ink: &Ink<'_, DB>, positions: &Positions) -> Result<(), ChartError> {
        // Each line is placed by itself: a rounded step would drift across the strip.
        let boxed = |n: i64| (n * BOX_MILLIMETRES * self.unit(ink.resolution) / 1000) as i32;
        for x in (0..).map(boxed).take_while(|x| *x < positions.right) {
            ink.line((x, 0), (x, positions.bottom), self.theme.grid, 1.0)?;
        }
        for y in (0..).map(boxed).take_while(|y| *y < positions.bottom) {
            ink.line((0, y), (positions.right, y), self.theme.grid, 1.0)?;
        }
        Ok(())
    }

    /// One millivolt for a fifth of a second, from the baseline.
    fn pulse(&self, resolution: Resolution, positions: &Positions) -> Vec<(i32, i32)> {
        let x = |millimetres: i64| (millimetres * self.unit(resolution) / 1000) as i32;
        let (low, high) = (positions.up(0), positions.up(1000));
        vec![(x(2), low), (x(3), low), (x(3), high), (x(8), high), (x(8), low), (x(9), low)]
    }

    /// Thousandths of units in a millimetre.
    fn unit(&self, resolution: Resolution) -> i64 {
        i64::from(self.layout.millimetre) * i64::from(resolution.units())
    }
}

/// A strip with a whole trace on it, from the left: for reports and marked strips.
#[derive(Clone, Debug)]
pub struct SweepRecord<'a> {
    /// The strip.
    pub paper: SweepPaper,
    /// Samples in the scale's unit; `None` is a missing one and ends the line. What does not fit is not drawn.
    pub samples: &'a [Option<i32>],
    /// The colour of the trace.
    pub colour: Rgb,
}

impl SweepRecord<'_> {
    /// How many samples fit on the strip.
    pub fn capacity(layout: &SweepLayout) -> Result<usize, ChartError> {
        Ok(layout.positions(Resolution::DISPLAY_LIST)?.samples_in_a_turn() as usize)
    }
}

impl Figure for SweepRecord<'_> {
    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        resolution: Resolution,
    ) -> Result<(), ChartError> {
        self.paper.draw(area, resolution)?;
        let positions = self.paper.layout.positions(resolution)?;
        let ink = Ink { area, resolution };
        let placed = self.samples.iter().zip(0..).map(|(sample, index)| (positions.along(index), sample));
        let mut run = Vec::new();
        for ((_, x), sample) in placed.take_while(|((turn, _), _)| *turn == 0) {
            match sample {
                Some(value) => run.push((x, positions.up(*value))),
                None => ink.path(core::mem::take(&mut run), self.colour, TRACE)?,
            }
        }
        ink.path(run, self.colour, TRACE)?;
        self.print_scale(&ink, &positions)
    }
}

impl SweepRecord<'_> {
    /// A printed trace says its own scale.
    fn print_scale<DB: DrawingBackend>(&self, ink: &Ink<'_, DB>, positions: &Positions) -> Result<(), ChartError> {
        let words = match self.paper.layout.scale {
            SweepScale::Paper { millimetres_per_millivolt: gain } => {
                format!("{MILLIMETRES_PER_SECOND} mm/s, {gain} mm/mV")
            }
            SweepScale::Between { .. } => format!("{MILLIMETRES_PER_SECOND} mm/s, no unit"),
        };
        let margin = ink.round(TEXT / 3.0);
        let (width, height) = ink.text_size(&words)?;
        let (right, bottom) = (positions.right - margin, positions.bottom - margin);
        let ground = Box2 { left: right - width - margin, top: bottom - height, right, bottom };
        if ground.left < positions.left || ground.top < 0 {
            return Ok(());
        }
        ink.rectangle(ground, self.paper.theme.surface)?;
        ink.text(&words, (right, bottom), (HPos::Right, VPos::Bottom), self.paper.theme.text_second)
    }
}
