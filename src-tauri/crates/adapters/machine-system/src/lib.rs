//! The `Machine` port twice: the computer itself, and a stepped one for tests and the demo's replays.
//! Nothing here touches files of the user, the network or the keyring.

mod core_dumps;
#[cfg(target_os = "linux")]
mod events_linux;
#[cfg(target_os = "linux")]
mod inhibit_linux;
mod stepped;
#[cfg(windows)]
mod sys;
mod system;

pub use core_dumps::forbid_core_dumps;
pub use stepped::SteppedMachine;
pub use system::SystemMachine;
