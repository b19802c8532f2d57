//! Trends: one or several parameters stacked on one time axis, from one hour to thirty days.
//! What is given and where the parts lie; the drawing of a panel's values lies in `trend_panel.rs`.
use crate::error::ChartError;
use crate::figure::Figure;
use crate::ink::{Box2, Ink, Resolution, TEXT};
use crate::theme::ChartTheme;
use crate::time_axis::{Tick, ticks};
use crate::trend_panel::{PanelInk, TimeScale};
use bedside_vitals::{Parameter, WallTime};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, VPos};

/// One time axis and its panels.
#[derive(Clone, Debug)]
pub struct Trend<'a> {
    /// The left end.
    pub from: WallTime,
    /// The right end.
    pub to: WallTime,
    /// Whether the right end is the present: it is marked "now", and silence up to it is a gap.
    pub ends_now: bool,
    /// Local time minus UTC, for labels. One offset for the whole axis.
    pub utc_offset_minutes: i16,
    /// From top to bottom.
    pub panels: &'a [TrendPanel<'a>],
    /// Pixels at the left for names and units; 0 where the window prints them itself.
    pub name_width: u32,
    /// The colours.
    pub theme: ChartTheme,
}

/// One parameter of a trend.
#[derive(Clone, Debug)]
pub struct TrendPanel<'a> {
    /// Gives the colour.
    pub parameter: Parameter,
    /// What stands at the left where the trend has a column for names, such as "HR".
    pub name: &'a str,
    /// Its unit, under the name.
    pub unit: &'a str,
    /// The lower end of the scale. Values beyond the scale run along its edge.
    pub lowest: f64,
    /// The upper end of the scale.
    pub highest: f64,
    /// Digits after the point on the scale.
    pub decimals: u8,
    /// Limits, as dashed lines.
    pub limits: &'a [f64],
    /// The share of the height, against the other panels; 0 counts as 1.
    pub weight: u16,
    /// What is shown.
    pub values: TrendValues<'a>,
}

/// The values of a panel, in order of time. Values outside the time axis may be given: the nearest one on each side
/// tells whether the axis begins or ends within a gap.
#[derive(Clone, Copy, Debug)]
pub enum TrendValues<'a> {
    /// A stream on a fixed grid of time. A missing bin is a gap.
    Bins {
        /// The bins; those with count 0 are as good as missing.
        bins: &'a [TrendBin],
        /// The time one bin covers, in milliseconds.
        width_ms: i64,
    },
    /// A stream at an uneven pace. A longer step than `longest_step_ms` is a gap.
    Points {
        /// The points.
        points: &'a [TrendPoint],
        /// In milliseconds.
        longest_step_ms: i64,
    },
    /// Single measurements: dots, never joined.
    Spots(&'a [TrendPoint]),
    /// Blood pressures: bars with caps from diastolic to systolic.
    Pressures(&'a [TrendPressure]),
}

/// What happened during one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendBin {
    /// When the bin begins.
    pub at: WallTime,
    /// The lowest value.
    pub lowest: f64,
    /// The highest value.
    pub highest: f64,
    /// The mean value.
    pub mean: f64,
    /// How many values; 0 means none, and the other fields say nothing.
    pub count: u32,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPoint {
    /// When it was measured.
    pub at: WallTime,
    /// The value.
    pub value: f64,
}

/// One blood pressure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPressure {
    /// When it was measured.
    pub at: WallTime,
    /// The upper value.
    pub systolic: f64,
    /// The lower value.
    pub diastolic: f64,
}

/// Where the parts of a trend lie, in pixels: for a cursor, and for what the window prints beside the panels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendGeometry {
    /// The x of the left end of the time axis.
    pub left: u32,
    /// The x of its right end.
    pub right: u32,
    /// Top and bottom of each panel's scale.
    pub panels: Vec<(u32, u32)>,
    /// The y where the row of the time axis begins.
    pub axis_top: u32,
}

const SCALE_WIDTH: u32 = 36;
const RIGHT_MARGIN: u32 = 12;
const AXIS_HEIGHT: u32 = 24;
const PANEL_PADDING: u32 = 8;
const LEAST_PLOT_WIDTH: u32 = 80;
const LEAST_PANEL_HEIGHT: u32 = 2 * PANEL_PADDING + 16;
const TICK_DISTANCE: i32 = 80;
const CENTURY_MS: i64 = 100 * 366 * 24 * 3_600_000;

impl Trend<'_> {
    /// Where the parts lie on `size` pixels.
    pub fn geometry(&self, (width, height): (u32, u32)) -> Result<TrendGeometry, ChartError> {
        let left = self.name_width.saturating_add(SCALE_WIDTH);
        let count = self.panels.len() as u32;
        let needed_width = left.saturating_add(LEAST_PLOT_WIDTH + RIGHT_MARGIN);
        let needed_height = count.saturating_mul(LEAST_PANEL_HEIGHT).saturating_add(AXIS_HEIGHT);
        let too_small = ChartError::TooSmall { width, height, needed_width, needed_height };
        if width < needed_width || height < needed_height {
            return Err(too_small);
        }
        let weight = |panel: &TrendPanel<'_>| u64::from(panel.weight.max(1));
        let all: u64 = self.panels.iter().map(weight).sum();
        let room = u64::from(height - AXIS_HEIGHT);
        let (mut above, mut panels) = (0, Vec::with_capacity(self.panels.len()));
        for panel in self.panels {
            let top = (room * above / all) as u32;
            above += weight(panel);
            let bottom = (room * above / all) as u32;
            if bottom - top < LEAST_PANEL_HEIGHT {
                return Err(too_small);
            }
            panels.push((top + PANEL_PADDING, bottom - PANEL_PADDING));
        }
        Ok(TrendGeometry { left, right: width - RIGHT_MARGIN, panels, axis_top: height - AXIS_HEIGHT })
    }

    fn check(&self) -> Result<(), ChartError> {
        let milliseconds = self.to.millis_since(self.from);
        if !(1..=CENTURY_MS).contains(&milliseconds) {
            return Err(ChartError::TimeSpan { milliseconds });
        }
        for TrendPanel { lowest, highest, limits, .. } in self.panels {
            let finite = lowest.is_finite() && highest.is_finite();
            if !finite || lowest >= highest {
                return Err(ChartError::Scale { lowest: *lowest, highest: *highest });
            }
            if let Some(position) = limits.iter().position(|limit| !limit.is_finite()) {
                return Err(ChartError::NotANumber { position });
            }
        }
        Ok(())
    }
}

impl Figure for Trend<'_> {
    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        resolution: Resolution,
    ) -> Result<(), ChartError> {
        self.check()?;
        let (width, height) = area.dim_in_pixel();
        let unit = resolution.units().unsigned_abs();
        let geometry = self.geometry((width / unit, height / unit))?;
        let drawing = TrendInk { trend: self, ink: Ink { area, resolution }, geometry };
        drawing.draw()
    }
}

struct TrendInk<'t, 'a, DB: DrawingBackend> {
    trend: &'t Trend<'t>,
    ink: Ink<'a, DB>,
    geometry: TrendGeometry,
}

impl<DB: DrawingBackend> TrendInk<'_, '_, DB> {
    fn draw(&self) -> Result<(), ChartError> {
        let theme = &self.trend.theme;
        self.ink.fill_all(theme.surface)?;
        let time = TimeScale {
            from: self.trend.from,
            to: self.trend.to,
            left: self.units(self.geometry.left),
            right: self.units(self.geometry.right),
        };
        let most = ((time.right - time.left) / self.ink.round(f64::from(TICK_DISTANCE))).max(1);
        let ticks = ticks(self.trend.from, self.trend.to, most as usize, self.trend.utc_offset_minutes);
        let axis_top = self.units(self.geometry.axis_top);
        for tick in &ticks {
            let x = time.x(tick.at);
            self.ink.line((x, 0), (x, axis_top), theme.grid, 1.0)?;
        }
        let mut axis_row = self.axis_labels(&time, &ticks)?;
        for (index, panel) in self.trend.panels.iter().enumerate() {
            let (top, bottom) = self.geometry.panels[index];
            let frame = Box2 { left: time.left, top: self.units(top), right: time.right, bottom: self.units(bottom) };
            if index > 0 {
                let y = frame.top - self.units(PANEL_PADDING);
                self.ink.line((0, y), (self.units(self.geometry.right + RIGHT_MARGIN), y), theme.line, 1.0)?;
            }
            self.scale_labels(panel, frame)?;
            PanelInk { ink: &self.ink, trend: self.trend, panel, frame, time }.draw(&mut axis_row)?;
        }
        if self.trend.ends_now {
            self.ink.line((time.right, 0), (time.right, axis_top), theme.text_third, 1.0)?;
        }
        Ok(())
    }

    /// Writes the times under the panels; what finds no room beside its neighbour is left out.
    fn axis_labels(&self, time: &TimeScale, ticks: &[Tick]) -> Result<AxisRow, ChartError> {
        let top = self.units(self.geometry.axis_top);
        let middle = top + self.units(AXIS_HEIGHT) / 2;
        let row = Box2 { left: time.left, top, right: time.right, bottom: top + self.units(AXIS_HEIGHT) };
        let mut taken = Vec::new();
        if self.trend.ends_now {
            let (width, _) = self.ink.text_size("now")?;
            let right = time.right + self.units(RIGHT_MARGIN) / 2;
            let now = Box2 { left: right - width, top, right, bottom: row.bottom };
            self.ink.text("now", (right, middle), (HPos::Right, VPos::Center), self.trend.theme.text)?;
            taken.push(now);
        }
        for Tick { at, label } in ticks {
            let (width, _) = self.ink.text_size(label)?;
            let (x, air) = (time.x(*at), self.ink.round(TEXT / 2.0));
            let place = Box2 { left: x - width / 2 - air, top, right: x + width / 2 + air, bottom: row.bottom };
            if place.left < 0 || taken.iter().any(|other| place.meets(*other)) {
                continue;
            }
            self.ink.text(label, (x, middle), (HPos::Center, VPos::Center), self.trend.theme.text_third)?;
            taken.push(place);
        }
        Ok(AxisRow { row, taken })
    }

    fn scale_labels(&self, panel: &TrendPanel<'_>, frame: Box2) -> Result<(), ChartError> {
        let theme = &self.trend.theme;
        let right = frame.left - self.units(8);
        let decimals = usize::from(panel.decimals);
        let label = |value: f64| format!("{value:.decimals$}");
        self.ink.text(&label(panel.highest), (right, frame.top), (HPos::Right, VPos::Top), theme.text_third)?;
        self.ink.text(&label(panel.lowest), (right, frame.bottom), (HPos::Right, VPos::Bottom), theme.text_third)?;
        if self.trend.name_width > 0 {
            let (_, height) = self.ink.text_size(panel.name)?;
            let (left, left_top) = (self.units(4), (HPos::Left, VPos::Top));
            self.ink.text(panel.name, (left, frame.top), left_top, theme.of(panel.parameter))?;
            self.ink.text(panel.unit, (left, frame.top + height * 5 / 4), left_top, theme.text_second)?;
        }
        Ok(())
    }

    fn units(&self, pixels: u32) -> i32 {
        self.ink.round(f64::from(pixels))
    }
}

/// The row under the panels, and what is written there already.
pub(crate) struct AxisRow {
    pub(crate) row: Box2,
    pub(crate) taken: Vec<Box2>,
}
