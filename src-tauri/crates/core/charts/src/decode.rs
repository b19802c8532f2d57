//! Display lists read back, for tests and for whoever must look into one. Any bytes give a list or a typed error.
//! The window plays lists with its own player, which reads the same form.
use crate::format::{ABSOLUTE, TEXT_FLAGS, op};
use core::fmt;

/// A point in quarter pixels, y downward.
pub type Point = (i16, i16);

/// A decoded display list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width in quarter pixels.
    pub width: u16,
    /// Height in quarter pixels.
    pub height: u16,
    /// What is drawn, in order.
    pub operations: Vec<Operation>,
}

/// One operation of a display list; lengths in quarter pixels, colours as red, green, blue, opacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The pen of all that follows.
    Stroke {
        /// Its colour.
        colour: [u8; 4],
        /// Its width.
        width: u16,
    },
    /// The fill of all that follows.
    Fill([u8; 4]),
    /// One line.
    Line(Point, Point),
    /// Points joined by lines; a single one strokes nothing.
    Path(Vec<Point>),
    /// An outlined rectangle.
    Rectangle(Point, Point),
    /// A filled rectangle.
    FilledRectangle(Point, Point),
    /// An outlined circle: centre and radius.
    Circle(Point, u16),
    /// A filled circle: centre and radius.
    FilledCircle(Point, u16),
    /// A filled area.
    Polygon(Vec<Point>),
    /// A line of text.
    Text {
        /// Where its anchor lies.
        at: Point,
        /// The size of one em.
        em: u16,
        /// Anchor, turns and weight, see the format.
        flags: u8,
        /// The words.
        text: String,
    },
    /// A square of one unit.
    Pixel(Point),
    /// Columns made transparent, from the first to before the second.
    Erase(i16, i16),
    /// The share (of 255) of its opacity that the canvas keeps.
    Fade(u8),
}

/// Why bytes are no display list. `at` counts bytes from the beginning of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within an operation.
    #[error("expected {needed} more bytes at {at}, got the end")]
    Truncated {
        /// Where.
        at: usize,
        /// How many more are needed.
        needed: usize,
    },
    /// A code the format does not have.
    #[error("expected an operation from 1 to 13 at {at}, got {code}")]
    UnknownOperation {
        /// Where.
        at: usize,
        /// The code.
        code: u8,
    },
    /// A path or polygon that says it has no points.
    #[error("expected a path of at least one point at {at}, got none")]
    NoPoints {
        /// Where.
        at: usize,
    },
    /// Flags the format does not have.
    #[error("expected text flags of the format at {at}, got {flags:#04x}")]
    TextFlags {
        /// Where.
        at: usize,
        /// The flags.
        flags: u8,
    },
    /// Text that is no UTF-8.
    #[error("expected UTF-8 at {at}, got other bytes")]
    Text {
        /// Where.
        at: usize,
    },
}

/// Reads a whole display list.
pub fn decode(bytes: &[u8]) -> Result<Picture, DecodeError> {
    let mut reader = Reader { bytes, at: 0 };
    let (width, height) = (reader.u16()?, reader.u16()?);
    let mut operations = Vec::new();
    while reader.at < bytes.len() {
        operations.push(reader.operation()?);
    }
    Ok(Picture { width, height, operations })
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn operation(&mut self) -> Result<Operation, DecodeError> {
        let at = self.at;
        Ok(match self.u8()? {
            op::STROKE => Operation::Stroke { colour: self.take()?, width: self.u16()? },
            op::FILL => Operation::Fill(self.take()?),
            op::LINE => Operation::Line(self.point()?, self.point()?),
            op::PATH => Operation::Path(self.points()?),
            op::RECTANGLE => Operation::Rectangle(self.point()?, self.point()?),
            op::FILLED_RECTANGLE => Operation::FilledRectangle(self.point()?, self.point()?),
            op::CIRCLE => Operation::Circle(self.point()?, self.u16()?),
            op::FILLED_CIRCLE => Operation::FilledCircle(self.point()?, self.u16()?),
            op::POLYGON => Operation::Polygon(self.points()?),
            op::TEXT => self.text()?,
            op::PIXEL => Operation::Pixel(self.point()?),
            op::ERASE => Operation::Erase(self.i16()?, self.i16()?),
            op::FADE => Operation::Fade(self.u8()?),
            code => return Err(DecodeError::UnknownOperation { at, code }),
        })
    }

    fn points(&mut self) -> Result<Vec<Point>, DecodeError> {
        let at = self.at;
        let count = usize::from(self.u16()?);
        if count == 0 {
            return Err(DecodeError::NoPoints { at });
        }
        // Each further point takes at least two bytes: a false count cannot ask for much memory.
        let mut points = Vec::with_capacity(count.min(self.bytes.len() / 2 + 1));
        let mut last = self.point()?;
        points.push(last);
        while points.len() < count {
            let step = self.u8()?;
            last = if step == ABSOLUTE {
                self.point()?
            } else {
                let down = self.u8()?;
                (last.0.wrapping_add(i16::from(step as i8)), last.1.wrapping_add(i16::from(down as i8)))
            };
            points.push(last);
        }
        Ok(points)
    }

    fn text(&mut self) -> Result<Operation, DecodeError> {
        let (at, em) = (self.point()?, self.u16()?);
        let flags_at = self.at;
        let flags = self.u8()?;
        if flags & !TEXT_FLAGS != 0 || flags & 3 == 3 || flags >> 2 & 3 == 3 {
            return Err(DecodeError::TextFlags { at: flags_at, flags });
        }
        let length = usize::from(self.u8()?);
        let text_at = self.at;
        let words = self.slice(length)?;
        let text = core::str::from_utf8(words).map_err(|_| DecodeError::Text { at: text_at })?.to_owned();
        Ok(Operation::Text { at, em, flags, text })
    }

    fn point(&mut self) -> Result<Point, DecodeError> {
        Ok((self.i16()?, self.i16()?))
    }

    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.take().map(u16::from_le_bytes)
    }

    fn i16(&mut self) -> Result<i16, DecodeError> {
        self.take().map(i16::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut taken = [0; N];
        taken.copy_from_slice(self.slice(N)?);
        Ok(taken)
    }

    fn slice(&mut self, length: usize) -> Result<&[u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let Some(slice) = rest.get(..length) else {
            return Err(DecodeError::Truncated { at: self.bytes.len(), needed: length - rest.len() });
        };
        self.at += length;
        Ok(slice)
    }
}

impl fmt::Display for Picture {
    /// One line an operation; points of a path in lines of ten.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "size {} {}", self.width, self.height)?;
        self.operations.iter().try_for_each(|operation| writeln!(f, "{operation}"))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colour = |[r, g, b, a]: &[u8; 4]| format!("#{r:02X}{g:02X}{b:02X}{a:02X}");
        let point = |p: &Point| format!("{},{}", p.0, p.1);
        let points = |points: &[Point]| {
            let lines: Vec<_> =
                points.chunks(10).map(|line| line.iter().map(point).collect::<Vec<_>>().join(" ")).collect();
            lines.join("\n  ")
        };
        match self {
            Self::Stroke { colour: c, width } => write!(f, "stroke {} {width}", colour(c)),
            Self::Fill(c) => write!(f, "fill {}", colour(c)),
            Self::Line(a, b) => write!(f, "line {} {}", point(a), point(b)),
            Self::Path(p) => write!(f, "path {}\n  {}", p.len(), points(p)),
            Self::Rectangle(a, b) => write!(f, "rectangle {} {}", point(a), point(b)),
            Self::FilledRectangle(a, b) => write!(f, "filled-rectangle {} {}", point(a), point(b)),
            Self::Circle(at, radius) => write!(f, "circle {} {radius}", point(at)),
            Self::FilledCircle(at, radius) => write!(f, "filled-circle {} {radius}", point(at)),
            Self::Polygon(p) => write!(f, "polygon {}\n  {}", p.len(), points(p)),
            Self::Text { at, em, flags, text } => write!(f, "text {} em {em} flags {flags} {text:?}", point(at)),
            Self::Pixel(at) => write!(f, "pixel {}", point(at)),
            Self::Erase(left, right) => write!(f, "erase {left} {right}"),
            Self::Fade(opacity) => write!(f, "fade {opacity}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_that_ends_early_says_how_much_is_missing() {
        assert_eq!(decode(&[1, 0, 1]), Err(DecodeError::Truncated { at: 3, needed: 1 }));
        assert_eq!(decode(&[0, 0, 0, 0, op::LINE, 1, 0, 9]), Err(DecodeError::Truncated { at: 8, needed: 1 }));
    }

    #[test]
    fn unknown_codes_flags_and_text_are_refused() {
        let list = |operation: &[u8]| decode(&[&[0; 4], operation].concat());
        assert_eq!(list(&[99]), Err(DecodeError::UnknownOperation { at: 4, code: 99 }));
        assert_eq!(list(&[op::PATH, 0, 0]), Err(DecodeError::NoPoints { at: 5 }));
        let text = |flags, word| list(&[op::TEXT, 0, 0, 0, 0, 48, 0, flags, 1, word]);
        assert_eq!(text(0x80, b'a'), Err(DecodeError::TextFlags { at: 11, flags: 0x80 }));
        assert_eq!(text(3, b'a'), Err(DecodeError::TextFlags { at: 11, flags: 3 }));
        assert_eq!(text(0, 0xFF), Err(DecodeError::Text { at: 13 }));
    }

    #[test]
    fn a_false_count_of_points_ends_at_the_end_of_the_bytes() {
        assert!(decode(&[0, 0, 0, 0, op::PATH, 0xFF, 0xFF, 0, 0, 0, 0, 1, 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_list_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn bytes_of_known_operations_are_a_list_or_an_error(
            parts in proptest::collection::vec((1u8..=13, proptest::collection::vec(0u8..12, 0..14)), 0..20),
        ) {
            let mut bytes = vec![0; 4];
            for (code, operands) in parts {
                bytes.push(code);
                bytes.extend(operands);
            }
            if let Ok(picture) = decode(&bytes) {
                prop_assert!(!picture.to_string().is_empty());
            }
        }
    }
}
