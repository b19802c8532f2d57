//! The computer: clocks, randomness, sleep. Implemented by the system and by a stepped fake.
//! Not here: files, network, keyring.
use async_trait::async_trait;
use bedside_vitals::{BootTime, WallTime};

/// While it lives the system does not sleep by itself.
pub trait SleepInhibitor: Send {}

/// The computer. Calls never fail, and all but `inhibit_sleep` are quick; what the system cannot do is left out quietly where no harm comes of it.
#[async_trait]
pub trait Machine: Send + Sync {
    /// The wall clock.
    fn wall(&self) -> WallTime;
    /// Time since boot, sleep included.
    fn boot(&self) -> BootTime;
    /// Names this boot; two runs with different ids cannot compare boot times.
    fn boot_id(&self) -> String;
    /// Milliseconds this computer's zone is ahead of UTC at `at`.
    fn zone_offset_ms(&self, at: WallTime) -> i64;
    /// Random octets from the system.
    fn random(&self) -> [u8; 32];
    /// Asks the system not to sleep while recording; `None` where it cannot.
    async fn inhibit_sleep(&self, why: &str) -> Option<Box<dyn SleepInhibitor>>;
}
