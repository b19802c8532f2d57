//! The one foreign call on Windows: time since boot that counts sleep.
//! Nothing else; every other system is reached through safe crates.
#![allow(unsafe_code, reason = "QueryInterruptTime has no safe binding")]
use std::time::Duration;
use windows_sys::Win32::System::WindowsProgramming::QueryInterruptTime;

/// Time since the system started, in steps of 100 ns, sleep and hibernation included (Windows 10 and later).
pub(crate) fn time_since_boot() -> Duration {
    let mut hundreds_of_nanoseconds = 0_u64;
    // SAFETY: the only argument is a valid, aligned, writable u64 that outlives the call, which writes it and no more.
    unsafe { QueryInterruptTime(&mut hundreds_of_nanoseconds) };
    let seconds = hundreds_of_nanoseconds / 10_000_000;
    let rest = u32::try_from(hundreds_of_nanoseconds % 10_000_000).unwrap_or(0);
    Duration::new(seconds, rest * 100)
}
