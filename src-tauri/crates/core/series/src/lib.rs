//! Long series in little room: packed columns, chunks of samples, tiles of bins, and their reduction to a screen.
//! Nothing here knows a database, a patient or a unit; steps are the device's own integers.
#![no_std]
extern crate alloc;

mod bin;
mod column;
mod columns;
mod cut;
mod even;
mod frames;
mod levels;
mod tile;
mod timed;
mod times;
mod wire;

pub use bin::Bin;
pub use columns::{Columns, ReducedBin};
pub use cut::{MOST_SPAN_MS, Packed, TARGET_OCTETS};
pub use even::{EvenBlock, decode_even, pack_even};
pub use frames::{Frame, decode_frames, pack_frames};
pub use levels::{BINS_PER_TILE, Level, NUMERIC_LEVELS, WAVEFORM_LEVELS};
pub use tile::{Tile, decode_tile, encode_tiles};
pub use timed::{TimedSample, decode_timed, pack_timed};
pub use wire::SeriesError;
