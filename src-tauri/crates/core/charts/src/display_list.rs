//! A plotters backend that records what is drawn as bytes for the window.
//! It draws nothing and opens no font: text widths come from a table of advances.
use crate::font::{Advances, EM_IN_SIZES};
use crate::format::{UNITS_PER_PIXEL, op};
use crate::path::{PathWriter, short};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

/// What the display list cannot record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// A polygon cannot be split as a line can.
    #[error("expected a polygon of at most 65535 points, got more")]
    PolygonTooLong,
    /// Pictures do not travel in a display list.
    #[error("expected lines, areas and text, got a bitmap")]
    Bitmap,
}

type Recorded = Result<(), DrawingErrorKind<RecordingError>>;

/// Records drawing calls in the form that `format` describes, in quarter pixels.
pub struct DisplayList<'a> {
    bytes: &'a mut Vec<u8>,
    size: (u32, u32),
    advances: &'a Advances,
    stroke: Option<([u8; 4], u16)>,
    fill: Option<[u8; 4]>,
}

impl<'a> DisplayList<'a> {
    /// Begins a list behind whatever `bytes` holds. `size` is width and height in pixels; at most 8191 of them can be
    /// drawn on, what lies beyond is held at the edge.
    pub fn begin(bytes: &'a mut Vec<u8>, size: (u32, u32), advances: &'a Advances) -> Self {
        let size = (units(size.0), units(size.1));
        for side in [size.0, size.1] {
            bytes.extend_from_slice(&(side as u16).to_le_bytes());
        }
        Self { bytes, size, advances, stroke: None, fill: None }
    }

    /// Makes the columns from `left` to before `right` transparent.
    pub(crate) fn erase(&mut self, left: i32, right: i32) {
        if left < right {
            self.bytes.push(op::ERASE);
            self.point((left, right));
        }
    }

    /// Leaves everything drawn so far this share (of 255) of its opacity.
    pub(crate) fn fade(&mut self, opacity: u8) {
        self.bytes.extend_from_slice(&[op::FADE, opacity]);
    }

    fn number(&mut self, n: i32) {
        self.bytes.extend_from_slice(&short(n).to_le_bytes());
    }

    fn length(&mut self, n: u32) {
        self.bytes.extend_from_slice(&short_length(n).to_le_bytes());
    }

    fn point(&mut self, (x, y): BackendCoord) {
        self.number(x);
        self.number(y);
    }

    fn set_stroke<S: BackendStyle>(&mut self, style: &S) {
        let wanted = (rgba(style.color()), short_length(style.stroke_width()));
        if self.stroke.replace(wanted) != Some(wanted) {
            self.bytes.push(op::STROKE);
            self.bytes.extend_from_slice(&wanted.0);
            self.bytes.extend_from_slice(&wanted.1.to_le_bytes());
        }
    }

    fn set_fill(&mut self, colour: BackendColor) {
        let wanted = rgba(colour);
        if self.fill.replace(wanted) != Some(wanted) {
            self.bytes.push(op::FILL);
            self.bytes.extend_from_slice(&wanted);
        }
    }

    /// Sets the stroke or the fill and writes the operation that goes with it.
    fn outline_or_fill<S: BackendStyle>(&mut self, style: &S, fill: bool, outlined: u8, filled: u8) {
        if fill {
            self.set_fill(style.color());
            self.bytes.push(filled);
        } else {
            self.set_stroke(style);
            self.bytes.push(outlined);
        }
    }
}

impl DrawingBackend for DisplayList<'_> {
    type ErrorType = RecordingError;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Recorded {
        Ok(())
    }

    fn present(&mut self) -> Recorded {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Recorded {
        if colour.alpha > 0.0 {
            self.set_fill(colour);
            self.bytes.push(op::PIXEL);
            self.point(at);
        }
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Recorded {
        if visible(style) {
            self.set_stroke(style);
            self.bytes.push(op::LINE);
            self.point(from);
            self.point(to);
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Recorded {
        if visible(style) {
            self.outline_or_fill(style, fill, op::RECTANGLE, op::FILLED_RECTANGLE);
            self.point(a);
            self.point(b);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> Recorded {
        if visible(style) {
            self.set_stroke(style);
            let mut path = PathWriter::begin(self.bytes, op::PATH);
            path.push_columns(points);
            path.finish();
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Recorded {
        if visible(style) {
            self.outline_or_fill(style, fill, op::CIRCLE, op::FILLED_CIRCLE);
            self.point(centre);
            self.length(radius);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Recorded {
        if visible(style) {
            self.set_fill(style.color());
            let begin = self.bytes.len();
            let mut path = PathWriter::begin(self.bytes, op::POLYGON);
            for point in points {
                if path.is_full() {
                    self.bytes.truncate(begin);
                    return Err(DrawingErrorKind::DrawingError(RecordingError::PolygonTooLong));
                }
                path.push(point);
            }
            path.finish();
        }
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Recorded {
        let colour = style.color();
        if colour.alpha > 0.0 {
            let text = up_to_255_bytes(text);
            self.set_fill(colour);
            self.bytes.push(op::TEXT);
            self.point(at);
            self.length((style.size() / EM_IN_SIZES).round() as u32);
            self.bytes.push(text_flags(style));
            self.bytes.push(text.len() as u8);
            self.bytes.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    /// Without this plotters would ask its font, which a display list does not need.
    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<RecordingError>> {
        let em = style.size() / EM_IN_SIZES;
        Ok((self.advances.width(text, em).ceil() as u32, em.ceil() as u32))
    }

    fn blit_bitmap(&mut self, _: BackendCoord, _: (u32, u32), _: &[u8]) -> Recorded {
        Err(DrawingErrorKind::DrawingError(RecordingError::Bitmap))
    }
}

fn units(pixels: u32) -> u32 {
    pixels.saturating_mul(UNITS_PER_PIXEL.unsigned_abs()).min(u32::from(u16::MAX))
}

fn visible<S: BackendStyle>(style: &S) -> bool {
    style.color().alpha > 0.0
}

fn short_length(n: u32) -> u16 {
    n.min(u32::from(u16::MAX)) as u16
}

fn rgba(colour: BackendColor) -> [u8; 4] {
    let (red, green, blue) = colour.rgb;
    [red, green, blue, (colour.alpha * 255.0).round() as u8]
}

/// Cut between two characters, never within one.
fn up_to_255_bytes(text: &str) -> &str {
    let mut end = text.len().min(255);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn text_flags<T: BackendTextStyle>(style: &T) -> u8 {
    let anchor = style.anchor();
    let along = match anchor.h_pos {
        HPos::Left => 0,
        HPos::Center => 1,
        HPos::Right => 2,
    };
    let down = match anchor.v_pos {
        VPos::Top => 0,
        VPos::Center => 1,
        VPos::Bottom => 2,
    };
    let turns = match style.transform() {
        FontTransform::None => 0,
        FontTransform::Rotate90 => 1,
        FontTransform::Rotate180 => 2,
        FontTransform::Rotate270 => 3,
    };
    along | down << 2 | turns << 4 | u8::from(matches!(style.style(), FontStyle::Bold)) << 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Operation, decode};
    use plotters::style::{BLACK, Color, IntoFont, RED};

    fn recorded(draw: impl FnOnce(&mut DisplayList<'_>)) -> Vec<Operation> {
        let mut bytes = Vec::new();
        draw(&mut DisplayList::begin(&mut bytes, (100, 50), &Advances::EVEN));
        let picture = decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (400, 200));
        picture.operations
    }

    #[test]
    fn a_stroke_is_written_only_when_it_changes() {
        let operations = recorded(|list| {
            for colour in [BLACK, BLACK, RED] {
                list.draw_line((0, 0), (1, 1), &Color::stroke_width(&colour, 4)).unwrap();
            }
        });
        let strokes = operations.iter().filter(|o| matches!(o, Operation::Stroke { .. })).count();
        assert_eq!((operations.len(), strokes), (5, 2));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = "°".repeat(200);
        let style = ("sans-serif", 20.0).into_font().color(&BLACK);
        let operations = recorded(|list| list.draw_text(&text, &style, (0, 0)).unwrap());
        let Operation::Text { text, .. } = &operations[1] else { panic!("expected text, got {operations:?}") };
        assert_eq!(text, &"°".repeat(127));
    }

    #[test]
    fn a_polygon_that_does_not_fit_is_refused_and_leaves_no_bytes() {
        let mut failure = None;
        let operations = recorded(|list| {
            failure = list.fill_polygon((0..70_000).map(|i| (i % 2, i % 3)), &BLACK).err();
        });
        assert!(matches!(failure, Some(DrawingErrorKind::DrawingError(RecordingError::PolygonTooLong))));
        assert_eq!(operations.len(), 1, "only the fill may be there: {operations:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_not_recorded() {
        let operations = recorded(|list| {
            let unseen = BLACK.mix(0.0);
            list.draw_line((0, 0), (9, 9), &unseen).unwrap();
            list.draw_rect((0, 0), (9, 9), &unseen, true).unwrap();
            list.draw_path([(0, 0), (9, 9)], &unseen).unwrap();
        });
        assert!(operations.is_empty(), "{operations:?}");
    }
}
