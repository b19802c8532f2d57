//! What can go wrong in drawing a figure. Errors name numbers and places, never a person's data.
//! Errors of the bytes themselves lie in `decode.rs` and `frame.rs`.

/// Why a figure could not be drawn.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChartError {
    /// Too few pixels for the figure.
    #[error("expected at least {needed_width} x {needed_height} pixels, got {width} x {height}")]
    TooSmall {
        /// Pixels given.
        width: u32,
        /// Pixels given.
        height: u32,
        /// Pixels the figure needs.
        needed_width: u32,
        /// Pixels the figure needs.
        needed_height: u32,
    },
    /// More pixels than coordinates can name.
    #[error("expected at most {most} pixels a side, got {width} x {height}")]
    TooLarge {
        /// Pixels given.
        width: u32,
        /// Pixels given.
        height: u32,
        /// The largest side.
        most: u32,
    },
    /// A time axis that ends before it begins, or spans more than a century.
    #[error("expected a time axis of 1 ms to 100 years, got {milliseconds} ms")]
    TimeSpan {
        /// End minus beginning.
        milliseconds: i64,
    },
    /// A scale without extent, or without numbers.
    #[error("expected a scale from a lower to a higher number, got {lowest} to {highest}")]
    Scale {
        /// The lower end given.
        lowest: f64,
        /// The upper end given.
        highest: f64,
    },
    /// Values must follow one another in time.
    #[error("expected values in order of time, got an earlier one at position {position}")]
    NotInOrder {
        /// The first one that is out of order, counted from 0.
        position: usize,
    },
    /// A value that is no number, or a lowest above its highest.
    #[error("expected finite numbers, lowest first, got others at position {position}")]
    NotANumber {
        /// The first such value, counted from 0.
        position: usize,
    },
    /// Bins must have a width, points a longest step.
    #[error("expected a width of bins or a longest step above 0 ms, got {milliseconds} ms")]
    Pace {
        /// The one given.
        milliseconds: i64,
    },
    /// A sweep needs a pace, a paper scale and a gain.
    #[error("expected {expected}, got {got}")]
    Sweep {
        /// What a sweep needs.
        expected: &'static str,
        /// What was given.
        got: i64,
    },
    /// The bytes given as a font are none.
    #[error("expected a TrueType or OpenType font, got {length} other bytes")]
    Font {
        /// How many bytes were given.
        length: usize,
    },
    /// The backend refused; SVG and bitmaps refuse text without `register_font`.
    #[error("expected a backend that draws, got: {0}")]
    Backend(String),
}
