//! Counts the panics of the Bluetooth library's own tasks. They end that task alone, and IT should know of them.
//! Not here: what our own code does wrong; the program's panic hook reports both, as before.
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static FAILURES: AtomicU64 = AtomicU64::new(0);
static COUNTING: Once = Once::new();

/// Sources of the library and of what it stands on.
const LIBRARY: [&str; 5] = ["btleplug-", "bluez-async-", "bluez-generated-", "dbus-tokio-", "dbus-0"];

/// Counts from now on, and lets the hook that was there before do its work.
pub(crate) fn begin_counting() {
    COUNTING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.location().is_some_and(|location| is_of_library(location.file())) {
                FAILURES.fetch_add(1, Ordering::Relaxed);
            }
            before(panic);
        }));
    });
}

/// How many there were in this run.
pub(crate) fn count() -> u64 {
    FAILURES.load(Ordering::Relaxed)
}

fn is_of_library(source: &str) -> bool {
    source.split(['/', '\\']).any(|folder| LIBRARY.iter().any(|library| folder.starts_with(library)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_sources_are_told_from_ours() {
        assert!(is_of_library("cargo/registry/src/index/bluez-async-0.9.0/src/messagestream.rs"));
        assert!(is_of_library(r"C:\cargo\registry\src\index\btleplug-0.13.5\src\winrtble\peripheral.rs"));
        assert!(!is_of_library("src-tauri/crates/adapters/radio-btleplug/src/link.rs"));
    }

    #[test]
    fn a_panic_of_our_own_is_not_counted_as_the_librarys() {
        begin_counting();
        let before = count();
        let ended = std::thread::spawn(|| panic!("one of our own")).join();
        assert!(ended.is_err());
        assert_eq!(count(), before);
    }
}
