//! The foreign calls on Windows: time since boot that counts sleep, and no error report at a crash.
//! Nothing else; every other system is reached through safe crates.
#![allow(unsafe_code, reason = "these calls have no safe binding")]
use std::time::Duration;
use windows_sys::Win32::System::Diagnostics::Debug::{SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode};
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

/// A crash ends the program without Windows Error Reporting, which would keep its memory.
pub(crate) fn no_error_report() {
    // SAFETY: the call takes a number, sets a flag of this process and cannot fail.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX) };
}
