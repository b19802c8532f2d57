//! A figure draws itself on any plotters backend: the same code for the window, for reports and for golden tests.
//! The three ways out lie here; what is drawn lies with each figure.
use crate::display_list::DisplayList;
use crate::error::ChartError;
use crate::font::Advances;
use crate::format::UNITS_PER_PIXEL;
use crate::ink::{Resolution, refused};
use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend};

/// The largest side of a figure in pixels: display lists count quarter pixels in `i16`.
pub const LARGEST_SIDE: u32 = i16::MAX as u32 / UNITS_PER_PIXEL as u32;

/// Something that can be drawn.
pub trait Figure {
    /// Draws on the whole area. `resolution` says how many of its units make one pixel of the page.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, resolution: Resolution)
    -> Result<(), ChartError>;

    /// Draws as a display list behind whatever `bytes` holds; after an error they are as they were.
    /// `size` is width and height in pixels.
    fn to_display_list(&self, bytes: &mut Vec<u8>, size: (u32, u32), advances: &Advances) -> Result<(), ChartError> {
        check_size(size)?;
        let begin = bytes.len();
        let area = DisplayList::begin(bytes, size, advances).into_drawing_area();
        let drawn = self.draw(&area, Resolution::DISPLAY_LIST);
        drop(area);
        if drawn.is_err() {
            bytes.truncate(begin);
        }
        drawn
    }

    /// Draws as an SVG document of `size` pixels. Needs `register_font`.
    fn to_svg(&self, size: (u32, u32)) -> Result<String, ChartError> {
        check_size(size)?;
        let mut document = String::new();
        let area = SVGBackend::with_string(&mut document, size).into_drawing_area();
        self.draw(&area, Resolution::PLAIN)?;
        area.present().map_err(refused)?;
        drop(area);
        Ok(document)
    }

    /// Draws as rows of red, green, blue bytes, `size` pixels, three bytes each. Needs `register_font`.
    fn to_bitmap(&self, size: (u32, u32)) -> Result<Vec<u8>, ChartError> {
        check_size(size)?;
        let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        self.draw(&area, Resolution::PLAIN)?;
        area.present().map_err(refused)?;
        drop(area);
        Ok(pixels)
    }
}

/// Whether coordinates can name every place.
pub(crate) fn check_size((width, height): (u32, u32)) -> Result<(), ChartError> {
    if width.max(height) > LARGEST_SIDE {
        return Err(ChartError::TooLarge { width, height, most: LARGEST_SIDE });
    }
    Ok(())
}
