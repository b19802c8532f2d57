//! Composition: reads the policy file, chooses folders and adapters, opens the vault, starts the console.
//! Used by the window, by `bedsidectl` and by tests. No rule about devices or patients lives here.

mod closed;
mod error;
mod folders;
mod policy_file;
mod start;

pub use closed::ClosedVault;
pub use error::StartError;
pub use folders::{Folders, Source};
pub use policy_file::PolicyLine;
pub use start::{Place, Running, Start};

pub use bedside_machine_system::forbid_core_dumps;
pub use bedside_simulated_ward::SentRecord;

/// 32 random octets of the system, for a new key.
pub fn random() -> [u8; 32] {
    use bedside_console::ports::Machine;
    bedside_machine_system::SystemMachine::new().random()
}

/// The bundled font's file, for whoever draws text: the window loads the same one.
pub const FONT: &[u8] = include_bytes!("../../../../assets/fonts/IBMPlexSans-Regular.ttf");
