//! Wrong passphrases: how many are free, how long the next one waits, when a slot is disabled. Kept in the keyring, because
//! files can be copied back. Not here: when a try is made, and PINs, which only the running console counts.
use crate::clinician::ClinicianId;
use bedside_vitals::WallTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// So many wrong tries have no wait after them.
const FREE: u32 = 2;
/// So many disable the slot (NIST SP 800-63B draft, 5.2.11).
const MOST: u32 = 10;
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 3_600_000;
/// What a keyring's note holds on every system.
const MOST_OCTETS: usize = 2_000;

/// The failed tries of a vault's clinicians.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// The latest wall time that a try was made at.
    seen: WallTime,
    failed: BTreeMap<ClinicianId, Failed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    count: u32,
    not_before: WallTime,
}

/// Nobody failed.
const NONE: Failed = Failed { count: 0, not_before: WallTime(0) };

/// Why a try is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too early.
    Wait { until: WallTime, tries_left: u32 },
    /// Too many.
    Disabled,
}

/// What was known of a clinician before a try, to take the try back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before(Option<Failed>);

impl Default for Attempts {
    fn default() -> Self {
        Self { seen: WallTime(0), failed: BTreeMap::new() }
    }
}

impl Attempts {
    /// What the keyring's note says. A note that cannot be read leaves nobody a free try.
    pub(crate) fn read(note: Option<&str>, who: ClinicianId) -> Self {
        let Some(note) = note else { return Self::default() };
        Self::parse(note).unwrap_or_else(|| {
            let failed = Failed { count: FREE, not_before: WallTime(0) };
            Self { seen: WallTime(0), failed: BTreeMap::from([(who, failed)]) }
        })
    }

    fn parse(note: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(note).ok()?;
        let entries = document.get("failed")?.as_array()?.iter().map(|entry| {
            let who = ClinicianId(Uuid::parse_str(entry.get(0)?.as_str()?).ok()?);
            let count = u32::try_from(entry.get(1)?.as_u64()?).ok()?;
            Some((who, Failed { count, not_before: WallTime(entry.get(2)?.as_i64()?) }))
        });
        Some(Self { seen: WallTime(document.get("seen")?.as_i64()?), failed: entries.collect::<Option<_>>()? })
    }

    /// The note. Where it would be too long, those with the fewest failures are left out.
    pub(crate) fn note(&self) -> String {
        let mut failed: Vec<_> = self.failed.iter().collect();
        failed.sort_by_key(|(_, failed)| std::cmp::Reverse((failed.count, failed.not_before)));
        loop {
            let entry = |(who, failed): &(&ClinicianId, &Failed)| {
                json!([who.0.simple().to_string(), failed.count, failed.not_before.0])
            };
            let entries: Vec<Value> = failed.iter().map(entry).collect();
            let note = json!({ "seen": self.seen.0, "failed": entries }).to_string();
            if note.len() <= MOST_OCTETS || failed.pop().is_none() {
                return note;
            }
        }
    }

    /// Counts a try as failed before it is made, so that ending the program in between gives none for nothing. The note is
    /// to be written whatever the answer: it also keeps that the clock was set back.
    pub(crate) fn begin(&mut self, who: ClinicianId, now: WallTime) -> Result<Before, Refused> {
        if now < self.seen {
            // What was waited for is waited for again, in full and no longer.
            for failed in self.failed.values_mut() {
                failed.not_before = failed.not_before.min(now.plus_millis(wait_after(failed.count)));
            }
        }
        self.seen = now;
        let before = self.failed.get(&who).copied();
        let Failed { count, not_before } = before.unwrap_or(NONE);
        if count >= MOST {
            return Err(Refused::Disabled);
        }
        if now < not_before {
            return Err(Refused::Wait { until: not_before, tries_left: MOST - count });
        }
        let count = count + 1;
        self.failed.insert(who, Failed { count, not_before: now.plus_millis(wait_after(count)) });
        Ok(Before(before))
    }

    /// The secret was right, or an administrator gave a new one.
    pub(crate) fn forgive(&mut self, who: ClinicianId) {
        self.failed.remove(&who);
    }

    /// A recovery enables everybody again.
    pub(crate) fn forgive_all(&mut self) {
        self.failed.clear();
    }

    /// The try could not be made after all. Tries that others made meanwhile still count.
    pub(crate) fn take_back(&mut self, who: ClinicianId, before: Before) {
        let Some(now) = self.failed.get(&who).copied() else { return };
        let before = before.0.unwrap_or(NONE);
        match now.count.saturating_sub(1) {
            0 => self.forgive(who),
            count if count <= before.count => drop(self.failed.insert(who, before)),
            count => drop(self.failed.insert(who, Failed { count, ..now })),
        }
    }

    /// Tries that are left, and until when the next one waits.
    pub(crate) fn of(&self, who: ClinicianId, now: WallTime) -> (u32, Option<WallTime>) {
        let Failed { count, not_before } = self.failed.get(&who).copied().unwrap_or(NONE);
        (MOST.saturating_sub(count), Some(not_before).filter(|until| now < *until))
    }
}

/// Milliseconds to wait after so many failures.
fn wait_after(count: u32) -> i64 {
    match count.checked_sub(FREE + 1) {
        None => 0,
        Some(doublings) => FIRST_WAIT_MS.saturating_mul(1 << doublings.min(20)).min(LONGEST_WAIT_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: WallTime = WallTime(1_773_842_400_000);

    fn who(number: u128) -> ClinicianId {
        ClinicianId(Uuid::from_u128(number))
    }

    /// Tries until one is refused, each as soon as it may be.
    fn waits_of_patient_guesser() -> Vec<i64> {
        let (mut attempts, mut now, mut waits) = (Attempts::default(), START, Vec::new());
        loop {
            match attempts.begin(who(1), now) {
                Ok(_) => waits.push(0),
                Err(Refused::Wait { until, .. }) => {
                    waits.push(until.millis_since(now) / 1000);
                    now = until;
                }
                Err(Refused::Disabled) => return waits,
            }
        }
    }

    #[test]
    fn three_tries_are_free_then_the_wait_doubles_and_the_tenth_is_the_last() {
        let waits = waits_of_patient_guesser();
        assert_eq!(waits.iter().filter(|wait| **wait == 0).count(), 10);
        let waited: Vec<i64> = waits.into_iter().filter(|wait| *wait > 0).collect();
        assert_eq!(waited, [30, 60, 120, 240, 480, 960, 1920]);
    }

    #[test]
    fn no_wait_is_longer_than_an_hour() {
        assert_eq!(wait_after(9), 1_920_000);
        assert_eq!(wait_after(10), 3_600_000);
        assert_eq!(wait_after(u32::MAX), 3_600_000);
    }

    #[test]
    fn success_begins_anew_and_concerns_nobody_else() {
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            attempts.begin(who(1), START).unwrap();
            attempts.begin(who(2), START).unwrap();
        }
        attempts.forgive(who(1));
        assert_eq!(attempts.of(who(1), START), (10, None));
        assert_eq!(attempts.of(who(2), START), (7, Some(START.plus_millis(30_000))));
    }

    #[test]
    fn a_try_that_was_not_made_is_taken_back() {
        let mut attempts = Attempts::default();
        attempts.begin(who(1), START).unwrap();
        let kept = attempts.clone();
        let before = attempts.begin(who(1), START).unwrap();
        attempts.take_back(who(1), before);
        assert_eq!(attempts, kept);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_the_longer_wait_and_no_endless_one() {
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            attempts.begin(who(1), START).unwrap();
        }
        let back = START.plus_millis(-3_600_000);
        let until = back.plus_millis(30_000);
        let refused = attempts.begin(who(1), back).map(drop);
        assert_eq!(refused, Err(Refused::Wait { until, tries_left: 7 }));
        assert!(attempts.begin(who(1), until).is_ok(), "the wait ends although tries were made meanwhile");
    }

    #[test]
    fn a_note_that_cannot_be_read_leaves_no_free_try() {
        let mut attempts = Attempts::read(Some("{}"), who(1));
        assert!(attempts.begin(who(1), START).is_ok());
        assert!(matches!(attempts.begin(who(1), START), Err(Refused::Wait { .. })));
        assert_eq!(Attempts::read(None, who(1)), Attempts::default());
    }

    #[test]
    fn a_note_of_many_fits_the_keyring_and_keeps_the_worst() {
        let mut attempts = Attempts::default();
        for number in 0..100 {
            attempts.begin(who(number), START).unwrap();
        }
        for _ in 0..2 {
            attempts.begin(who(50), START).unwrap();
        }
        let note = attempts.note();
        assert!(note.len() <= MOST_OCTETS);
        assert_eq!(Attempts::read(Some(&note), who(50)).of(who(50), START).0, 7);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Try,
        Later(i64),
        ClockSet(i64),
        Restart,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Try),
            2 => (0i64..4_000_000).prop_map(Step::Later),
            1 => (-40_000_000i64..40_000_000).prop_map(Step::ClockSet),
            1 => Just(Step::Restart),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_at_most_ten_wrong_tries_are_looked_at(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let (mut attempts, mut now, mut looked_at) = (Attempts::default(), START, 0);
            for step in steps {
                match step {
                    Step::Try => looked_at += u32::from(attempts.begin(who(1), now).is_ok()),
                    Step::Later(ms) | Step::ClockSet(ms) => now = now.plus_millis(ms),
                    Step::Restart => attempts = Attempts::read(Some(&attempts.note()), who(1)),
                }
            }
            prop_assert!(looked_at <= MOST);
        }

        #[test]
        fn a_wait_is_over_after_its_length_and_not_before(failures in 3u32..10, set_back in 0i64..40_000_000) {
            let mut attempts = Attempts::default();
            let mut now = START;
            for _ in 0..failures {
                now = attempts.of(who(1), now).1.unwrap_or(now);
                prop_assert!(attempts.begin(who(1), now).is_ok());
            }
            now = now.plus_millis(-set_back);
            let refused = attempts.begin(who(1), now);
            let Err(Refused::Wait { until, .. }) = refused else { panic!("expected a wait, got {refused:?}") };
            prop_assert!(until.millis_since(now) == wait_after(failures));
            prop_assert!(attempts.begin(who(1), until.plus_millis(-1)).is_err());
            prop_assert!(attempts.begin(who(1), until).is_ok());
        }

        #[test]
        fn any_note_is_read(note in ".{0,80}") {
            let _ = Attempts::read(Some(&note), who(1));
        }
    }
}
