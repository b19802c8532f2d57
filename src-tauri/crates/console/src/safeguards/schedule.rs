//! When a backup is due: after so long of use, and only when something was written since the last one.
//! Not here: making it.
use bedside_vitals::BootTime;
use std::time::Duration;

/// A backup that failed is tried again after so long.
const AGAIN: Duration = Duration::from_secs(60);

/// How long the vault was used since the last backup.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    used: Duration,
    every: Duration,
    seen: Option<BootTime>,
    /// Commits in the last backup of this run; `None` before the first.
    generation: Option<u64>,
    not_before: Duration,
    asked: bool,
}

impl Schedule {
    /// The vault is in use now. Whether a backup is due.
    pub(crate) fn is_due(&mut self, now: BootTime, every: Duration, generation: u64) -> bool {
        self.every = every;
        let since = self.seen.replace(now).map_or(Duration::ZERO, |seen| now.since(seen));
        if self.generation == Some(generation) {
            // Nothing was written: the last backup holds everything.
            self.used = Duration::ZERO;
            return false;
        }
        self.used += since;
        std::mem::take(&mut self.asked) || self.used >= every.max(self.not_before)
    }

    /// The vault is locked: that is no use.
    pub(crate) fn pause(&mut self) {
        self.seen = None;
    }

    /// One is wanted without waiting.
    pub(crate) fn ask(&mut self) {
        self.asked = true;
        self.generation = None;
    }

    /// One was made that holds so many commits.
    pub(crate) fn made(&mut self, generation: u64) {
        self.used = Duration::ZERO;
        self.not_before = Duration::ZERO;
        self.generation = Some(generation);
    }

    /// The entry about it is written, as that commit: where nothing else was written since, the backup holds everything.
    pub(crate) fn noted(&mut self, held: u64, noted: u64) {
        if self.generation == Some(held) && noted == held + 1 {
            self.generation = Some(noted);
        }
    }

    /// It failed.
    pub(crate) fn failed(&mut self) {
        self.not_before = self.used + AGAIN;
    }

    /// Twice as long was worked without a backup as should be.
    pub(crate) fn is_overdue(&self) -> bool {
        self.every > Duration::ZERO && self.used >= self.every * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(900);

    fn at(seconds: u64) -> BootTime {
        BootTime(Duration::from_secs(seconds))
    }

    #[test]
    fn a_backup_is_due_after_the_time_of_use_and_not_before() {
        let mut schedule = Schedule::default();
        assert!(!schedule.is_due(at(100), EVERY, 1));
        assert!(!schedule.is_due(at(999), EVERY, 2));
        assert!(schedule.is_due(at(1000), EVERY, 2));
    }

    #[test]
    fn the_time_behind_a_lock_does_not_count() {
        let mut schedule = Schedule::default();
        schedule.is_due(at(0), EVERY, 1);
        schedule.is_due(at(600), EVERY, 1);
        schedule.pause();
        assert!(!schedule.is_due(at(5_000), EVERY, 1));
        assert!(!schedule.is_due(at(5_299), EVERY, 1));
        assert!(schedule.is_due(at(5_300), EVERY, 1));
    }

    #[test]
    fn nothing_is_backed_up_twice() {
        let mut schedule = Schedule::default();
        schedule.is_due(at(0), EVERY, 7);
        assert!(schedule.is_due(at(900), EVERY, 7));
        schedule.made(7);
        schedule.noted(7, 8);
        assert!(!schedule.is_due(at(90_000), EVERY, 8), "its own entry is no reason for another one");
        assert!(!schedule.is_due(at(90_001), EVERY, 9));
        assert!(schedule.is_due(at(90_900), EVERY, 9));
    }

    #[test]
    fn what_was_written_while_a_backup_was_made_is_backed_up_next() {
        let mut schedule = Schedule::default();
        schedule.is_due(at(0), EVERY, 7);
        schedule.made(7);
        schedule.noted(7, 9);
        assert!(!schedule.is_due(at(1), EVERY, 9));
        assert!(schedule.is_due(at(901), EVERY, 9));
    }

    #[test]
    fn a_failed_one_is_tried_again_a_minute_later_and_said_when_it_is_overdue() {
        let mut schedule = Schedule::default();
        schedule.is_due(at(0), EVERY, 1);
        assert!(schedule.is_due(at(900), EVERY, 1));
        schedule.failed();
        assert!(!schedule.is_due(at(930), EVERY, 1));
        assert!(schedule.is_due(at(960), EVERY, 1));
        assert!(!schedule.is_overdue());
        schedule.failed();
        assert!(schedule.is_due(at(1_800), EVERY, 1));
        assert!(schedule.is_overdue());
        schedule.made(1);
        assert!(!schedule.is_overdue());
    }

    #[test]
    fn one_that_is_asked_for_does_not_wait() {
        let mut schedule = Schedule::default();
        schedule.made(5);
        schedule.ask();
        assert!(schedule.is_due(at(0), EVERY, 5));
        assert!(!schedule.is_due(at(1), EVERY, 5));
    }
}
