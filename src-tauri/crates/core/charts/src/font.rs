//! The bundled font: registering it for SVG and bitmaps, and its widths for display lists.
//! The font's bytes are given by whoever ships them; names and other free text belong in HTML, not in a chart.
use crate::error::ChartError;
use ab_glyph::{Font, FontRef};
use plotters::style::FontStyle;
use std::sync::Mutex;

/// The family's name, in plotters, in SVG and in the window.
pub const FONT_FAMILY: &str = "IBM Plex Sans";

/// plotters' backends take 1.24 of a size as one em.
pub(crate) const EM_IN_SIZES: f64 = 1.24;

/// What stands in for a character whose width is not in the table, in thousandths of an em.
const OTHER_CHARACTER: u16 = 620;

/// Makes the font known to plotters, for SVG and bitmaps. Once a program; again does nothing. Display lists need none.
pub fn register_font(bytes: &'static [u8]) -> Result<(), ChartError> {
    static REGISTERED: Mutex<bool> = Mutex::new(false);
    let not_a_font = || ChartError::Font { length: bytes.len() };
    // A poisoned lock only means that another registration was cut short: it is done again.
    let mut registered = REGISTERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*registered {
        plotters::style::register_font(FONT_FAMILY, FontStyle::Normal, bytes).map_err(|_| not_a_font())?;
        *registered = true;
    }
    Ok(())
}

/// Advance widths of the printable ASCII characters, in thousandths of an em, from the font that the window shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advances([u16; 95]);

impl Advances {
    /// All characters 600/1000 em wide, as the digits of the bundled font are: where no text is drawn.
    pub const EVEN: Self = Self([600; 95]);

    /// The widths in a TrueType or OpenType file.
    pub fn of(font_file: &[u8]) -> Result<Self, ChartError> {
        let not_a_font = || ChartError::Font { length: font_file.len() };
        let font = FontRef::try_from_slice(font_file).map_err(|_| not_a_font())?;
        let em = font.units_per_em().ok_or_else(not_a_font)?;
        Ok(Self(core::array::from_fn(|i| {
            let glyph = font.glyph_id(char::from(b' ' + i as u8));
            (font.h_advance_unscaled(glyph) / em * 1000.0).round() as u16
        })))
    }

    /// The width of `text` in the unit of `em`. Characters beyond ASCII count 620/1000 em.
    pub fn width(&self, text: &str, em: f64) -> f64 {
        let advance = |c: char| {
            let place = (c as usize).checked_sub(usize::from(b' '));
            u64::from(place.and_then(|i| self.0.get(i)).copied().unwrap_or(OTHER_CHARACTER))
        };
        text.chars().map(advance).sum::<u64>() as f64 * em / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLEX: &[u8] = include_bytes!("../../../../../assets/fonts/IBMPlexSans-Regular.ttf");

    #[test]
    fn all_digits_of_the_bundled_font_are_equally_wide() {
        let advances = Advances::of(PLEX).unwrap();
        for digit in '0'..='9' {
            assert_eq!(advances.width(&digit.to_string(), 1000.0), 600.0, "{digit}");
        }
    }

    #[test]
    fn words_are_as_wide_as_their_characters_and_unknown_ones_have_a_width() {
        let advances = Advances::of(PLEX).unwrap();
        assert!(advances.width("i", 10.0) < advances.width("m", 10.0));
        assert_eq!(advances.width("12:30", 10.0), advances.width("12", 10.0) + advances.width(":30", 10.0));
        assert_eq!(advances.width("\u{1F493}\n", 1000.0), 1240.0);
    }

    #[test]
    fn bytes_that_are_no_font_are_refused() {
        assert_eq!(Advances::of(b"no font"), Err(ChartError::Font { length: 7 }));
    }

    #[test]
    fn registering_again_changes_nothing() {
        register_font(PLEX).unwrap();
        assert_eq!(register_font(b"no font"), Ok(()));
    }
}
