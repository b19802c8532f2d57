//! Composition: reads the policy file, chooses folders and adapters, opens the vault, starts the console.
//! Used by the window, by `bedsidectl` and by tests. No rule about devices or patients lives here.

mod error;
mod folders;
mod policy_file;
mod start;

pub use error::StartError;
pub use folders::{Folders, Source};
pub use start::{Place, Running, Start};

pub use bedside_simulated_ward::SentRecord;

/// The bundled font's file, for whoever draws text: the window loads the same one.
pub const FONT: &[u8] = include_bytes!("../../../../assets/fonts/IBMPlexSans-Regular.ttf");
