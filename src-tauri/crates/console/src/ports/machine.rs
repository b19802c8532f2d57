//! The computer: clocks, randomness, sleep. Implemented by the system and by a stepped fake.
//! Not here: files, network, keyring.
use async_trait::async_trait;
use bedside_vitals::{BootTime, WallTime};
use tokio::sync::mpsc;

/// While it lives the system does not sleep by itself, or waits a moment with a sleep that is asked of it.
pub trait SleepInhibitor: Send {}

/// What the system does that concerns whoever sits before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineEvent {
    /// The session's screen was locked.
    ScreenLocked,
    /// The computer is about to sleep.
    GoesToSleep,
    /// It woke up.
    WokeUp,
    /// A network was found after there was none.
    NetworkReturned,
}

/// The computer. Calls never fail, and all but those about sleep are quick; what the system cannot do is left out quietly where no harm comes of it.
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
    /// Asks the system to wait with its next sleep until the answer is dropped. It does not wait for ever: on Linux five
    /// seconds. `None` where it does not wait.
    async fn delay_sleep(&self, _why: &str) -> Option<Box<dyn SleepInhibitor>> {
        None
    }
    /// What the system does from now on; once for each machine, and `None` where the system does not say. Called within
    /// tokio's runtime.
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<MachineEvent>> {
        None
    }
}
