//! A thin pen over a plotters drawing area: lengths in pixels of the page, whatever the backend counts in.
//! It knows dashes, hatching and text; it knows no time, no parameter and no value.
use crate::error::ChartError;
use crate::font::{EM_IN_SIZES, FONT_FAMILY};
use crate::theme::Rgb;
use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};
use plotters_backend::BackendCoord;

/// How many units of the backend make one pixel of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution(i32);

impl Resolution {
    /// Display lists: quarter pixels.
    pub const DISPLAY_LIST: Self = Self(crate::format::UNITS_PER_PIXEL);
    /// SVG and bitmaps: whole pixels.
    pub const PLAIN: Self = Self(1);

    /// Units in one pixel.
    pub const fn units(self) -> i32 {
        self.0
    }

    /// The nearest whole number of units.
    pub(crate) fn round(self, pixels: f64) -> i32 {
        (pixels * f64::from(self.0)).round() as i32
    }
}

/// The smallest text on a page, in pixels.
pub(crate) const TEXT: f64 = 12.0;
/// Curves of trends, in pixels.
pub(crate) const CURVE: f64 = 1.5;
const DASH: f64 = 4.0;
const HATCH_PITCH: f64 = 7.0;

/// A rectangle in units; right and bottom are outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Box2 {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

impl Box2 {
    pub(crate) const fn width(self) -> i32 {
        self.right - self.left
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// Draws on one area.
pub(crate) struct Ink<'a, DB: DrawingBackend> {
    pub(crate) area: &'a DrawingArea<DB, Shift>,
    pub(crate) resolution: Resolution,
}

impl<DB: DrawingBackend> Ink<'_, DB> {
    pub(crate) fn round(&self, pixels: f64) -> i32 {
        self.resolution.round(pixels)
    }

    pub(crate) fn fill_all(&self, colour: Rgb) -> Result<(), ChartError> {
        self.area.fill(&colour.opaque()).map_err(refused)
    }

    /// A line through `points`; a lone point becomes a dot, for a path of one point strokes nothing.
    pub(crate) fn path(&self, points: Vec<BackendCoord>, colour: Rgb, width: f64) -> Result<(), ChartError> {
        match points[..] {
            [] => Ok(()),
            [only] => self.dot(only, width.max(CURVE), colour),
            _ => self.area.draw(&PathElement::new(points, self.pen(colour, width))).map_err(refused),
        }
    }

    pub(crate) fn line(&self, a: BackendCoord, b: BackendCoord, colour: Rgb, width: f64) -> Result<(), ChartError> {
        self.area.draw(&PathElement::new(vec![a, b], self.pen(colour, width))).map_err(refused)
    }

    pub(crate) fn dashed_horizontal(&self, left: i32, right: i32, y: i32, colour: Rgb) -> Result<(), ChartError> {
        self.dashes(left, right).try_for_each(|(from, to)| self.line((from, y), (to, y), colour, 1.0))
    }

    pub(crate) fn dashed_vertical(&self, top: i32, bottom: i32, x: i32, colour: Rgb) -> Result<(), ChartError> {
        self.dashes(top, bottom).try_for_each(|(from, to)| self.line((x, from), (x, to), colour, 1.0))
    }

    /// Lines rising to the right, clipped to the box.
    pub(crate) fn hatch(&self, b: Box2, colour: Rgb) -> Result<(), ChartError> {
        let pitch = self.round(HATCH_PITCH);
        // On a rising line x + y is constant.
        let first = (b.left + b.top).div_euclid(pitch) + 1;
        let mut sum = first * pitch;
        while sum < b.right + b.bottom {
            let low = (sum - b.bottom).max(b.left);
            let high = (sum - b.top).min(b.right);
            if low < high {
                self.line((low, sum - low), (high, sum - high), colour, 1.0)?;
            }
            sum += pitch;
        }
        Ok(())
    }

    pub(crate) fn rectangle(&self, b: Box2, colour: Rgb) -> Result<(), ChartError> {
        let corners = [(b.left, b.top), (b.right, b.bottom)];
        self.area.draw(&Rectangle::new(corners, colour.opaque().filled())).map_err(refused)
    }

    pub(crate) fn area_of(&self, points: Vec<BackendCoord>, colour: RGBAColor) -> Result<(), ChartError> {
        self.area.draw(&Polygon::new(points, colour)).map_err(refused)
    }

    pub(crate) fn dot(&self, at: BackendCoord, radius: f64, colour: Rgb) -> Result<(), ChartError> {
        self.area.draw(&Circle::new(at, self.round(radius), colour.opaque().filled())).map_err(refused)
    }

    pub(crate) fn text(
        &self,
        words: &str,
        at: BackendCoord,
        anchor: (HPos, VPos),
        colour: Rgb,
    ) -> Result<(), ChartError> {
        let style = self.text_style(colour).pos(Pos::new(anchor.0, anchor.1));
        self.area.draw(&Text::new(words, at, style)).map_err(refused)
    }

    /// Width and height of a line of text, in units.
    pub(crate) fn text_size(&self, words: &str) -> Result<(i32, i32), ChartError> {
        let style = self.text_style(Rgb(0, 0, 0));
        let (width, height) = self.area.estimate_text_size(words, &style).map_err(refused)?;
        Ok((width as i32, height as i32))
    }

    fn text_style(&self, colour: Rgb) -> TextStyle<'static> {
        let size = TEXT * f64::from(self.resolution.units()) * EM_IN_SIZES;
        let mut style = TextStyle::from(FontDesc::new(FontFamily::Name(FONT_FAMILY), size, FontStyle::Normal));
        style.color = colour.opaque().to_backend_color();
        style
    }

    fn pen(&self, colour: Rgb, width: f64) -> ShapeStyle {
        colour.opaque().stroke_width(self.round(width).max(1).unsigned_abs())
    }

    /// Where dashes begin and end; the last one ends at the end.
    fn dashes(&self, from: i32, to: i32) -> impl Iterator<Item = (i32, i32)> + use<DB> {
        let dash = self.round(DASH).max(1);
        (from..to).step_by(2 * dash.unsigned_abs() as usize).map(move |at| (at, (at + dash).min(to)))
    }
}

pub(crate) fn refused(error: impl core::fmt::Display) -> ChartError {
    ChartError::Backend(error.to_string())
}
