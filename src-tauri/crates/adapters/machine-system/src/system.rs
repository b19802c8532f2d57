//! The computer as it is: its clocks, its randomness, its zone, and the request not to fall asleep.
//! Not here: what a jump of the wall clock or a wake means; the console judges that.
use async_trait::async_trait;
use bedside_console::ports::{Machine, MachineEvent, SleepInhibitor};
use bedside_vitals::{BootTime, WallTime};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// This computer.
///
/// | | Linux | macOS | Windows |
/// |---|---|---|---|
/// | time since boot, sleep included | `CLOCK_BOOTTIME` | `CLOCK_MONOTONIC` | `QueryInterruptTime` |
/// | boot id | the kernel's random boot id | random per process | random per process |
/// | sleep inhibition, sleep that waits for us | logind | none yet | none yet |
/// | sleep, wake, locked session | logind, screen saver | none yet | none yet |
///
/// Darwin's `CLOCK_MONOTONIC` goes on while the system is asleep (its clock_gettime(3)), unlike Linux's.
/// A boot id per process is the careful answer where the system gives none: boot times of two runs are then never
/// compared, although they could be.
#[derive(Debug)]
pub struct SystemMachine {
    boot_id: String,
    /// The latest boot time handed out, in nanoseconds: a clock that a system steps back still never goes back here.
    latest_boot_ns: AtomicU64,
    events_taken: AtomicBool,
}

impl SystemMachine {
    /// This computer; nothing is asked of the system but its boot id.
    pub fn new() -> Self {
        let boot_id = boot_id_of_system().unwrap_or_else(|| uuid::Uuid::from_bytes(random_octets()).to_string());
        Self { boot_id, latest_boot_ns: AtomicU64::new(0), events_taken: AtomicBool::new(false) }
    }
}

impl Default for SystemMachine {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Machine for SystemMachine {
    fn wall(&self) -> WallTime {
        WallTime(wall_millis(SystemTime::now()))
    }

    fn boot(&self) -> BootTime {
        let now = u64::try_from(time_since_boot().as_nanos()).unwrap_or(u64::MAX);
        let before = self.latest_boot_ns.fetch_max(now, Ordering::Relaxed);
        BootTime(Duration::from_nanos(before.max(now)))
    }

    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }

    /// The system's zone at `at`; 0 (UTC) when the system names none or `at` lies outside the years -9999 to 9999.
    fn zone_offset_ms(&self, at: WallTime) -> i64 {
        let zone = jiff::tz::TimeZone::system();
        at.timestamp().map_or(0, |at| i64::from(zone.to_offset(at).seconds()) * 1000)
    }

    fn random(&self) -> [u8; 32] {
        random_octets()
    }

    /// On Linux logind is asked for a blocking lock on sleep and idle; its answer is awaited for up to 2 s. `None` without
    /// a system bus or logind, when logind refuses or does not answer in time, and on macOS and Windows.
    async fn inhibit_sleep(&self, why: &str) -> Option<Box<dyn SleepInhibitor>> {
        #[cfg(target_os = "linux")]
        return crate::inhibit_linux::inhibit(crate::inhibit_linux::Ask::NoSleep, why).await;
        #[cfg(not(target_os = "linux"))]
        {
            let _ = why;
            None
        }
    }

    /// On Linux logind is asked for a delaying lock on sleep, with the limits of `inhibit_sleep`; it waits at most for its
    /// own InhibitDelayMaxSec, five seconds where nobody changed it.
    async fn delay_sleep(&self, why: &str) -> Option<Box<dyn SleepInhibitor>> {
        #[cfg(target_os = "linux")]
        return crate::inhibit_linux::inhibit(crate::inhibit_linux::Ask::SleepLater, why).await;
        #[cfg(not(target_os = "linux"))]
        {
            let _ = why;
            None
        }
    }

    /// On Linux logind's `PrepareForSleep` and its `Lock` of the session, and the screen saver of the session bus; a bus that
    /// is lost is looked for again. Elsewhere the console still notices that the computer stood still.
    fn take_events(&self) -> Option<mpsc::UnboundedReceiver<MachineEvent>> {
        if self.events_taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        #[cfg(target_os = "linux")]
        {
            let (events, heard) = mpsc::unbounded_channel();
            tokio::runtime::Handle::try_current().ok()?.spawn(crate::events_linux::listen(events));
            Some(heard)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }
}

/// Milliseconds since 1970, negative before, rounded towards the past.
fn wall_millis(now: SystemTime) -> i64 {
    match now.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            let nanos = before.duration().as_nanos();
            i64::try_from(nanos.div_ceil(1_000_000)).map_or(i64::MIN, |millis| -millis)
        }
    }
}

#[cfg(unix)]
fn time_since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(CLOCK);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(windows)]
fn time_since_boot() -> Duration {
    crate::sys::time_since_boot()
}

#[cfg(target_os = "linux")]
fn boot_id_of_system() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(uuid::Uuid::parse_str(text.trim()).ok()?.to_string())
}

#[cfg(not(target_os = "linux"))]
fn boot_id_of_system() -> Option<String> {
    None
}

/// The system's randomness. A system whose random source is broken is not one to encrypt on: should the source fail,
/// the call tries again until it answers, rather than hand out octets that are not random.
fn random_octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    while getrandom::fill(&mut octets).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_shows_this_century_in_milliseconds() {
        let now = SystemMachine::new().wall();
        assert!(now > WallTime(1_700_000_000_000), "{now}");
        assert!(now < WallTime(4_102_444_800_000), "{now}");
    }

    #[test]
    fn wall_times_before_1970_are_negative_and_round_towards_the_past() {
        assert_eq!(wall_millis(UNIX_EPOCH - Duration::from_micros(1)), -1);
        assert_eq!(wall_millis(UNIX_EPOCH - Duration::from_millis(2)), -2);
        assert_eq!(wall_millis(UNIX_EPOCH + Duration::from_micros(1_999)), 1);
    }

    #[test]
    fn time_since_boot_never_goes_back_even_if_the_system_does() {
        let machine = SystemMachine::new();
        let first = machine.boot();
        assert!(first.0 > Duration::ZERO);
        let ahead = first.0 + Duration::from_secs(3600);
        machine.latest_boot_ns.store(ahead.as_nanos() as u64, Ordering::Relaxed);
        assert_eq!(machine.boot(), BootTime(ahead));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn time_since_boot_is_the_kernels_clock_that_counts_sleep() {
        let boot_time = |clock| Duration::try_from(rustix::time::clock_gettime(clock)).unwrap_or_default();
        let before = boot_time(rustix::time::ClockId::Boottime);
        let shown = SystemMachine::new().boot().0;
        let after = boot_time(rustix::time::ClockId::Boottime);
        assert!(before <= shown && shown <= after, "{before:?} <= {shown:?} <= {after:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_machines_of_one_boot_name_the_same_boot() {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux has a boot id");
        assert_eq!(SystemMachine::new().boot_id(), kernel.trim());
        assert_eq!(SystemMachine::new().boot_id(), SystemMachine::new().boot_id());
    }

    #[test]
    fn random_octets_differ_from_call_to_call() {
        let machine = SystemMachine::new();
        let (first, second) = (machine.random(), machine.random());
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }

    #[test]
    fn the_zone_is_within_a_day_of_utc_and_impossible_times_have_none() {
        let machine = SystemMachine::new();
        assert!(machine.zone_offset_ms(machine.wall()).abs() < 26 * 3_600_000);
        assert_eq!(machine.zone_offset_ms(WallTime(i64::MAX)), 0);
    }
}
