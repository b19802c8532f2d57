//! Charts: live sweeps at paper scale, beat strips and trends, drawn through plotters as display lists for the window,
//! as SVG for reports and as bitmaps for tests. No clock, file, network or thread; values and times are arguments.
//!
//! A figure ([`SweepPaper`], [`SweepRecord`], [`BeatStrip`], [`Trend`]) is drawn by [`Figure`]. The moving part of a
//! sweep is a [`SweepStrip`], its even pace a [`Pace`]. A [`Frame`] carries the display lists
//! of all strips that changed to the window.

mod beat_strip;
mod decode;
mod display_list;
mod error;
mod figure;
mod font;
pub mod format;
pub mod frame;
mod gap_label;
mod ink;
mod pace;
mod path;
mod runs;
mod sweep;
mod sweep_strip;
mod theme;
mod time_axis;
mod trend;
mod trend_panel;

pub use beat_strip::{Beat, BeatStrip};
pub use decode::{DecodeError, Operation, Picture, Point, decode};
pub use display_list::{DisplayList, RecordingError};
pub use error::ChartError;
pub use figure::{Figure, LARGEST_SIDE};
pub use font::{Advances, FONT_FAMILY, register_font};
pub use frame::{Frame, FrameError, StripKind, StripMessage, split_frame};
pub use ink::Resolution;
pub use pace::Pace;
pub use sweep::{MILLIMETRES_PER_SECOND, SweepLayout, SweepPaper, SweepRecord, SweepScale};
pub use sweep_strip::{ERASER, SweepStrip};
pub use theme::{ChartTheme, Rgb};
pub use trend::{Trend, TrendBin, TrendGeometry, TrendPanel, TrendPoint, TrendPressure, TrendValues};
