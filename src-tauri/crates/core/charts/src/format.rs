//! The display list: the bytes in which a drawing travels to the window. Layout and operation codes only.
//! Writing lies in `display_list.rs` and `path.rs`, reading in `decode.rs` and in the window's player.
//!
//! All numbers are little-endian. A list is self-contained: it begins with `width u16, height u16` and runs to the
//! end of its bytes. Coordinates are `i16` in quarter pixels from the top left corner, y downward; x and y of a point
//! follow one another. Colours are four bytes: red, green, blue, opacity (255 is opaque). Stroke and fill hold until
//! they are set again; neither has a default, so every list sets them before it uses them.
//!
//! | Code | Operation | Operands |
//! |---|---|---|
//! | 1 | stroke | colour, width `u16` |
//! | 2 | fill | colour |
//! | 3 | line | two points |
//! | 4 | path, stroked | points, see below |
//! | 5 | rectangle, stroked | two corners |
//! | 6 | rectangle, filled | two corners |
//! | 7 | circle, stroked | centre, radius `u16` |
//! | 8 | circle, filled | centre, radius `u16` |
//! | 9 | polygon, filled | points, see below |
//! | 10 | text, filled | point, em `u16`, flags `u8`, length `u8`, that many bytes of UTF-8 |
//! | 11 | pixel, filled | point: a square of one unit |
//! | 12 | erase | left `i16`, right `i16`: makes these columns transparent over the full height |
//! | 13 | fade | opacity `u8`: what is on the canvas keeps this share (of 255) of its opacity |
//!
//! Points: count `u16` (at least 1), the first point, then for each further point either two `i8` steps, or the byte
//! 0x80 and the point itself. A step of -128 in x therefore never occurs.
//!
//! Text flags: bits 0 and 1 where the point lies (0 left end, 1 middle, 2 right end), bits 2 and 3 the same downward
//! (0 top, 1 middle, 2 bottom), bits 4 and 5 quarter turns clockwise, bit 6 bold. The other bits are zero.

/// Display list units in one pixel of the page: plotters counts in whole numbers, a quarter keeps curves smooth.
pub const UNITS_PER_PIXEL: i32 = 4;

pub(crate) mod op {
    pub(crate) const STROKE: u8 = 1;
    pub(crate) const FILL: u8 = 2;
    pub(crate) const LINE: u8 = 3;
    pub(crate) const PATH: u8 = 4;
    pub(crate) const RECTANGLE: u8 = 5;
    pub(crate) const FILLED_RECTANGLE: u8 = 6;
    pub(crate) const CIRCLE: u8 = 7;
    pub(crate) const FILLED_CIRCLE: u8 = 8;
    pub(crate) const POLYGON: u8 = 9;
    pub(crate) const TEXT: u8 = 10;
    pub(crate) const PIXEL: u8 = 11;
    pub(crate) const ERASE: u8 = 12;
    pub(crate) const FADE: u8 = 13;
}

/// In place of a step: an absolute point follows.
pub(crate) const ABSOLUTE: u8 = 0x80;
/// Bits of the text flags that a list may set.
pub(crate) const TEXT_FLAGS: u8 = 0b0111_1111;
