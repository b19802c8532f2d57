//! One panel of a trend: limits, curves, dots, pressure bars, and gaps as hatched areas.
//! The panel's place, its scale labels and the time axis lie in `trend.rs`, the labels of gaps in `gap_label.rs`.
use crate::error::ChartError;
use crate::gap_label::GapLabels;
use crate::ink::{Box2, CURVE, Ink};
use crate::runs::{Gap, Run, RunValue, check_order, check_points, gaps, runs_of_bins, runs_of_points};
use crate::theme::ChartTheme;
use crate::trend::{AxisRow, Trend, TrendPanel, TrendPoint, TrendPressure, TrendValues};
use bedside_vitals::WallTime;
use plotters::prelude::DrawingBackend;

/// Where times lie, in units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeScale {
    pub(crate) from: WallTime,
    pub(crate) to: WallTime,
    pub(crate) left: i32,
    pub(crate) right: i32,
}

impl TimeScale {
    /// The x of a time, held to the ends of the axis.
    pub(crate) fn x(&self, at: WallTime) -> i32 {
        let span = i128::from(self.to.millis_since(self.from)).max(1);
        let passed = i128::from(at.millis_since(self.from)).clamp(0, span);
        self.left + (passed * i128::from(self.right - self.left) / span) as i32
    }

    pub(crate) fn shows(&self, at: WallTime) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

/// A gap on the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownGap {
    pub(crate) place: Box2,
    /// The one gap it shows; `None` where several lie too close together to tell apart.
    pub(crate) gap: Option<Gap>,
}

/// Gaps narrower than this are drawn this wide, in pixels: they must be seen.
const LEAST_GAP: f64 = 3.0;
const BAND_OPACITY: f64 = 0.35;
const SPOT_RADIUS: f64 = 4.0;
const BAR: f64 = 2.0;
const CAP: f64 = 4.0;

/// Draws gaps as hatched areas with dashed edges.
pub(crate) fn draw_gaps<DB: DrawingBackend>(
    ink: &Ink<'_, DB>,
    shown: &[ShownGap],
    theme: &ChartTheme,
) -> Result<(), ChartError> {
    for ShownGap { place, .. } in shown {
        ink.hatch(*place, theme.line)?;
        for x in [place.left, place.right] {
            ink.dashed_vertical(place.top, place.bottom, x, theme.text_third)?;
        }
    }
    Ok(())
}

/// Where gaps lie within `frame`; those closer together than a pixel become one.
pub(crate) fn place_gaps<DB: DrawingBackend>(
    ink: &Ink<'_, DB>,
    gaps: &[Gap],
    time: &TimeScale,
    frame: Box2,
) -> Vec<ShownGap> {
    let mut shown: Vec<ShownGap> = Vec::new();
    for gap in gaps {
        if gap.from >= time.to || gap.to.is_some_and(|to| to <= time.from) {
            continue;
        }
        let (left, right) = (time.x(gap.from), gap.to.map_or(time.right, |to| time.x(to)));
        let missing = (ink.round(LEAST_GAP) - (right - left)).max(0);
        let left = (left - missing / 2).max(time.left);
        let right = (right + missing - missing / 2).min(time.right);
        match shown.last_mut() {
            Some(before) if left <= before.place.right + ink.round(1.0) => {
                before.place.right = before.place.right.max(right);
                before.gap = None;
            }
            _ => shown.push(ShownGap { place: Box2 { left, right, ..frame }, gap: Some(*gap) }),
        }
    }
    shown
}

/// Draws the values of one panel.
pub(crate) struct PanelInk<'p, 'a, DB: DrawingBackend> {
    pub(crate) ink: &'p Ink<'a, DB>,
    pub(crate) trend: &'p Trend<'p>,
    pub(crate) panel: &'p TrendPanel<'p>,
    pub(crate) frame: Box2,
    pub(crate) time: TimeScale,
}

impl<DB: DrawingBackend> PanelInk<'_, '_, DB> {
    pub(crate) fn draw(&self, axis_row: &mut AxisRow) -> Result<(), ChartError> {
        self.limits()?;
        match self.panel.values {
            TrendValues::Bins { bins, width_ms } => self.stream(runs_of_bins(bins, width_ms)?, width_ms, axis_row),
            TrendValues::Points { points, longest_step_ms } => {
                self.stream(runs_of_points(points, longest_step_ms)?, longest_step_ms, axis_row)
            }
            TrendValues::Spots(points) => self.spots(points),
            TrendValues::Pressures(pressures) => self.pressures(pressures),
        }
    }

    fn limits(&self) -> Result<(), ChartError> {
        let on_scale = |limit: &&f64| (self.panel.lowest..=self.panel.highest).contains(*limit);
        self.panel.limits.iter().filter(on_scale).try_for_each(|limit| {
            self.ink.dashed_horizontal(self.frame.left, self.frame.right, self.y(*limit), self.trend.theme.text_third)
        })
    }

    fn stream(&self, runs: Vec<Run>, patience_ms: i64, axis_row: &mut AxisRow) -> Result<(), ChartError> {
        let now = self.trend.ends_now.then_some(self.trend.to);
        let gaps = if runs.is_empty() {
            // Nothing at all is one gap over the whole panel.
            vec![Gap { from: self.trend.from, to: None }]
        } else {
            gaps(&runs, now, patience_ms)
        };
        let shown = place_gaps(self.ink, &gaps, &self.time, self.frame);
        draw_gaps(self.ink, &shown, &self.trend.theme)?;
        let curves: Vec<Vec<Column>> = runs.iter().map(|run| self.columns(run)).collect();
        curves.iter().try_for_each(|columns| self.curve(columns))?;
        let labels = GapLabels {
            ink: self.ink,
            frame: self.frame,
            shown: &shown,
            curves: self.obstacles(&curves),
            theme: &self.trend.theme,
            utc_offset_minutes: self.trend.utc_offset_minutes,
            nothing_at_all: runs.is_empty(),
        };
        labels.draw(axis_row)
    }

    /// The values of a run, joined where several share a pixel: lowest and highest survive.
    fn columns(&self, run: &Run) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for value in run.values.iter().filter(|value| self.time.shows(value.at)) {
            let x = self.time.x(value.at);
            let pixel = x.div_euclid(self.ink.resolution.units());
            match columns.last_mut() {
                Some(column) if column.pixel == pixel => column.add(value),
                _ => columns.push(Column::new(x, pixel, value)),
            }
        }
        columns
    }

    /// A band from lowest to highest and the line of the mean.
    fn curve(&self, columns: &[Column]) -> Result<(), ChartError> {
        let colour = self.trend.theme.of(self.panel.parameter);
        let (upper, lower): (Vec<_>, Vec<_>) =
            columns.iter().map(|c| ((c.x, self.y(c.highest)), (c.x, self.y(c.lowest)))).unzip();
        let spread = upper.iter().zip(&lower).any(|(up, down)| down.1 - up.1 > self.ink.round(CURVE));
        if spread && columns.len() > 1 {
            let outline = upper.iter().chain(lower.iter().rev()).copied().collect();
            self.ink.area_of(outline, colour.with_opacity(BAND_OPACITY))?;
        } else if spread {
            self.ink.line(upper[0], lower[0], colour, CURVE)?;
        }
        let means = columns.iter().map(|c| (c.x, self.y(c.mean()))).collect();
        self.ink.path(means, colour, CURVE)
    }

    /// Where no label may lie: the band and every stroke between two columns, and the limits.
    fn obstacles(&self, curves: &[Vec<Column>]) -> Vec<Box2> {
        let air = self.ink.round(3.0);
        let around = |a: &Column, b: &Column| Box2 {
            left: a.x - air,
            top: self.y(a.highest.max(b.highest)) - air,
            right: b.x + air,
            bottom: self.y(a.lowest.min(b.lowest)) + air,
        };
        let strokes = curves.iter().flat_map(|columns| {
            let alone = columns.iter().take(usize::from(columns.len() == 1)).map(|c| around(c, c));
            alone.chain(columns.windows(2).map(|pair| around(&pair[0], &pair[1])))
        });
        let limits = self.panel.limits.iter().map(|limit| {
            let y = self.y(*limit);
            Box2 { left: self.frame.left, top: y - air, right: self.frame.right, bottom: y + air }
        });
        strokes.chain(limits).collect()
    }

    fn spots(&self, points: &[TrendPoint]) -> Result<(), ChartError> {
        check_points(points)?;
        let colour = self.trend.theme.of(self.panel.parameter);
        points
            .iter()
            .filter(|point| self.time.shows(point.at))
            .try_for_each(|point| self.ink.dot((self.time.x(point.at), self.y(point.value)), SPOT_RADIUS, colour))
    }

    fn pressures(&self, pressures: &[TrendPressure]) -> Result<(), ChartError> {
        check_order(pressures.iter().map(|pressure| pressure.at))?;
        let wrong = |p: &TrendPressure| !p.systolic.is_finite() || !p.diastolic.is_finite() || p.systolic < p.diastolic;
        if let Some(position) = pressures.iter().position(wrong) {
            return Err(ChartError::NotANumber { position });
        }
        let colour = self.trend.theme.of(self.panel.parameter);
        let cap = self.ink.round(CAP);
        for pressure in pressures.iter().filter(|pressure| self.time.shows(pressure.at)) {
            let x = self.time.x(pressure.at);
            let (top, bottom) = (self.y(pressure.systolic), self.y(pressure.diastolic));
            self.ink.line((x, top), (x, bottom), colour, BAR)?;
            for y in [top, bottom] {
                self.ink.line((x - cap, y), (x + cap, y), colour, BAR)?;
            }
        }
        Ok(())
    }

    /// The y of a value, held to the ends of the scale.
    fn y(&self, value: f64) -> i32 {
        let TrendPanel { lowest, highest, .. } = self.panel;
        let up = ((value - lowest) / (highest - lowest)).clamp(0.0, 1.0);
        self.frame.bottom - (up * f64::from(self.frame.bottom - self.frame.top)).round() as i32
    }
}

/// What a run does within one pixel.
struct Column {
    x: i32,
    pixel: i32,
    lowest: f64,
    highest: f64,
    weighted: f64,
    count: f64,
}

impl Column {
    fn new(x: i32, pixel: i32, value: &RunValue) -> Self {
        let mut column =
            Self { x, pixel, lowest: f64::INFINITY, highest: f64::NEG_INFINITY, weighted: 0.0, count: 0.0 };
        column.add(value);
        column
    }

    fn add(&mut self, value: &RunValue) {
        self.lowest = self.lowest.min(value.lowest);
        self.highest = self.highest.max(value.highest);
        self.weighted += value.mean * f64::from(value.count);
        self.count += f64::from(value.count);
    }

    fn mean(&self) -> f64 {
        self.weighted / self.count
    }
}
