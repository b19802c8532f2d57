//! The application: one event loop owns every piece of mutable state and knows six ports and the pure core.
//! No adapter, no Tauri, no SQL, no HTTP here.

mod binding;
mod commits;
mod devices;
mod event_loop;
mod filing;
mod inbox;
mod live;
mod minutes;
mod open_questions;
mod pairing;
mod people;
mod plausible;
pub mod ports;
mod procedures;
mod readings;
mod records;
mod request;
mod screen;
mod snapshot;
mod start;
mod strips;
mod sync;
mod trend;
mod vigil;
mod wave;

pub use event_loop::Ports;
pub use inbox::{InboxReading, Unassigned, WhyUnassigned, unassigned};
pub use open_questions::OpenQuestions;
pub use records::*;
pub use request::*;
pub use snapshot::*;
pub use start::{OpenFault, Settings, create_vault, open_vault, start};
