//! A computer whose clocks a test moves: time since boot follows tokio's clock, so a paused runtime steps it.
//! Not here: files or sockets; a stepped machine never asks the system for anything but the runtime's clock.
use async_trait::async_trait;
use bedside_console::ports::{Machine, MachineEvent, SleepInhibitor};
use bedside_vitals::{BootTime, WallTime};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A computer that can be put to sleep, have its wall clock set and be restarted.
///
/// Both clocks advance with `tokio::time`: in a test with a paused clock, exactly with `tokio::time::advance` and with
/// the timers that the runtime skips to. Randomness is a seeded sequence: the same seed gives the same octets.
#[derive(Debug)]
pub struct SteppedMachine {
    state: Mutex<State>,
    /// One for the machine itself and one for each living inhibitor.
    inhibitors: Arc<()>,
    /// The same of those that only delay sleep.
    delays: Arc<()>,
}

impl SteppedMachine {
    /// Made one hour after boot at `start`, in UTC, with the seed 0.
    pub fn new(start: WallTime) -> Self {
        let booted = Duration::from_secs(3600);
        let state = State {
            made: Instant::now(),
            boot_when_made: booted,
            wall_when_made: start,
            boots: 1,
            zone_offset_ms: 0,
            seed: 0,
            refuses_inhibition: false,
            events: None,
        };
        Self { state: Mutex::new(state), inhibitors: Arc::new(()), delays: Arc::new(()) }
    }

    /// The same with another random sequence.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        self.state().seed = seed;
        self
    }

    /// The same in a zone that is `milliseconds` ahead of UTC.
    #[must_use]
    pub fn with_zone_offset_ms(self, milliseconds: i64) -> Self {
        self.state().zone_offset_ms = milliseconds;
        self
    }

    /// The same on a system that cannot inhibit sleep.
    #[must_use]
    pub fn without_inhibition(self) -> Self {
        self.state().refuses_inhibition = true;
        self
    }

    /// The lid was closed for `how_long`: both clocks are ahead at once, and no timer ran.
    pub fn sleep(&self, how_long: Duration) {
        let mut state = self.state();
        state.boot_when_made = state.boot_when_made.saturating_add(how_long);
        let millis = i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX);
        state.wall_when_made = state.wall_when_made.plus_millis(millis);
    }

    /// Somebody set the wall clock, forward or (negative) back; time since boot does not notice.
    pub fn jump_wall(&self, milliseconds: i64) {
        let mut state = self.state();
        state.wall_when_made = state.wall_when_made.plus_millis(milliseconds);
    }

    /// The computer was restarted: time since boot begins at zero under another boot id; the wall clock goes on.
    pub fn restart(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.wall_when_made = state.wall_at(now);
        state.made = now;
        state.boot_when_made = Duration::ZERO;
        state.boots += 1;
    }

    /// The system does something; whoever took the events last hears of it.
    pub fn happens(&self, event: MachineEvent) {
        if let Some(events) = &self.state().events {
            let _ = events.send(event);
        }
    }

    /// How many sleep inhibitors are held at present.
    pub fn inhibitors_held(&self) -> usize {
        Arc::strong_count(&self.inhibitors) - 1
    }

    /// How many locks are held that make a sleep wait.
    pub fn sleep_delays_held(&self) -> usize {
        Arc::strong_count(&self.delays) - 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Machine for SteppedMachine {
    fn wall(&self) -> WallTime {
        self.state().wall_at(Instant::now())
    }

    fn boot(&self) -> BootTime {
        let state = self.state();
        BootTime(state.boot_when_made).plus(Instant::now().saturating_duration_since(state.made))
    }

    fn boot_id(&self) -> String {
        format!("stepped-boot-{}", self.state().boots)
    }

    fn zone_offset_ms(&self, _at: WallTime) -> i64 {
        self.state().zone_offset_ms
    }

    fn random(&self) -> [u8; 32] {
        let mut state = self.state();
        let mut octets = [0; 32];
        for eight in octets.chunks_exact_mut(8) {
            eight.copy_from_slice(&next_of_sequence(&mut state.seed).to_le_bytes());
        }
        octets
    }

    async fn inhibit_sleep(&self, _why: &str) -> Option<Box<dyn SleepInhibitor>> {
        if self.state().refuses_inhibition {
            return None;
        }
        Some(Box::new(HeldInhibitor { _counted: Arc::clone(&self.inhibitors) }))
    }

    async fn delay_sleep(&self, _why: &str) -> Option<Box<dyn SleepInhibitor>> {
        if self.state().refuses_inhibition {
            return None;
        }
        Some(Box::new(HeldInhibitor { _counted: Arc::clone(&self.delays) }))
    }

    /// For every console that is started on it: the one before hears nothing any more.
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<MachineEvent>> {
        let (events, heard) = mpsc::unbounded_channel();
        self.state().events = Some(events);
        Some(heard)
    }
}

#[derive(Debug)]
struct State {
    made: Instant,
    boot_when_made: Duration,
    wall_when_made: WallTime,
    boots: u32,
    zone_offset_ms: i64,
    seed: u64,
    refuses_inhibition: bool,
    events: Option<mpsc::UnboundedSender<MachineEvent>>,
}

impl State {
    fn wall_at(&self, now: Instant) -> WallTime {
        let passed = now.saturating_duration_since(self.made).as_millis();
        self.wall_when_made.plus_millis(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

struct HeldInhibitor {
    _counted: Arc<()>,
}

impl SleepInhibitor for HeldInhibitor {}

/// SplitMix64 (Steele, Lea and Flood 2014): enough for tests, and never for keys.
fn next_of_sequence(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: WallTime = WallTime(1_793_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn both_clocks_follow_the_paused_clock_of_the_runtime() {
        let machine = SteppedMachine::new(START);
        let booted = machine.boot();
        assert_eq!(machine.wall(), START);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(machine.boot().since(booted), Duration::from_millis(1500));
        assert_eq!(machine.wall(), START.plus_millis(1500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_moves_both_clocks_at_once_and_no_timer() {
        let machine = SteppedMachine::new(START);
        let (booted, timers) = (machine.boot(), Instant::now());
        machine.sleep(Duration::from_secs(600));
        assert_eq!(machine.boot().since(booted), Duration::from_secs(600));
        assert_eq!(machine.wall(), START.plus_millis(600_000));
        assert_eq!(timers.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_of_the_wall_clock_leaves_time_since_boot_alone() {
        let machine = SteppedMachine::new(START);
        let booted = machine.boot();
        machine.jump_wall(-3_600_000);
        assert_eq!(machine.wall(), START.plus_millis(-3_600_000));
        assert_eq!(machine.boot(), booted);
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_begins_a_new_boot_and_keeps_the_wall_clock() {
        let machine = SteppedMachine::new(START);
        let first = machine.boot_id();
        tokio::time::advance(Duration::from_secs(5)).await;
        machine.restart();
        assert_ne!(machine.boot_id(), first);
        assert_eq!(machine.boot(), BootTime::default());
        assert_eq!(machine.wall(), START.plus_millis(5000));
    }

    #[test]
    fn the_same_seed_gives_the_same_octets_and_another_seed_others() {
        let machine = |seed| SteppedMachine::new(START).with_seed(seed);
        let (first, same, other) = (machine(7), machine(7), machine(8));
        let octets = first.random();
        assert_eq!(octets, same.random());
        assert_ne!(octets, other.random());
        assert_ne!(octets, first.random());
    }

    #[tokio::test]
    async fn inhibitors_are_counted_until_they_are_dropped() {
        let machine = SteppedMachine::new(START);
        let held = machine.inhibit_sleep("recording").await;
        assert!(held.is_some());
        assert_eq!(machine.inhibitors_held(), 1);
        drop(held);
        assert_eq!(machine.inhibitors_held(), 0);
        assert!(SteppedMachine::new(START).without_inhibition().inhibit_sleep("recording").await.is_none());
    }
}
