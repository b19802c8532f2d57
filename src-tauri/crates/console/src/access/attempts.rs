//! Wrong passphrases and PINs of one clinician: how many are free, how long the next one waits, when a slot or a PIN is off.
//! Kept in the keyring, because files can be copied back. Not here: when a try is made.
use crate::clinician::ClinicianId;
use bedside_vitals::WallTime;
use serde_json::{Value, json};
use uuid::Uuid;

/// So many wrong tries have no wait after them.
const FREE: u32 = 2;
/// So many disable the slot (NIST SP 800-63B draft, 5.2.11).
const MOST: u32 = 10;
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 3_600_000;
/// So many wrong PINs turn the PIN off until its owner comes with the passphrase.
pub(super) const MOST_PINS: u32 = 5;

/// The failed tries of a clinician.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// The latest wall time that a try was made at.
    seen: WallTime,
    failed: Failed,
    /// Wrong PINs since the owner's last success.
    wrong_pins: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    count: u32,
    not_before: WallTime,
}

/// Nothing failed.
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
pub(crate) struct Before(Failed);

impl Default for Attempts {
    fn default() -> Self {
        Self { seen: WallTime(0), failed: NONE, wrong_pins: 0 }
    }
}

impl Attempts {
    /// What the keyring's note of a clinician says. A note that cannot be read leaves no free try, and no PIN.
    pub(crate) fn read(note: &str) -> Self {
        Self::parse(note).unwrap_or(Self { wrong_pins: MOST_PINS, ..Self::NO_FREE_TRY })
    }

    /// The same of the note that earlier versions kept for all clinicians together.
    pub(crate) fn read_shared(note: Option<&str>, who: ClinicianId) -> Self {
        note.map_or_else(Self::default, |note| Self::parse_shared(note, who).unwrap_or(Self::NO_FREE_TRY))
    }

    const NO_FREE_TRY: Self =
        Self { seen: WallTime(0), failed: Failed { count: FREE, not_before: WallTime(0) }, wrong_pins: 0 };

    fn parse(note: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(note).ok()?;
        let number = |name| document.get(name);
        Some(Self {
            seen: WallTime(number("seen")?.as_i64()?),
            failed: Failed {
                count: u32::try_from(number("count")?.as_u64()?).ok()?,
                not_before: WallTime(number("not_before")?.as_i64()?),
            },
            wrong_pins: u32::try_from(number("pins")?.as_u64()?).ok()?,
        })
    }

    fn parse_shared(note: &str, who: ClinicianId) -> Option<Self> {
        let document: Value = serde_json::from_str(note).ok()?;
        let entries = document.get("failed")?.as_array()?.iter().map(|entry| {
            let whose = ClinicianId(Uuid::parse_str(entry.get(0)?.as_str()?).ok()?);
            let count = u32::try_from(entry.get(1)?.as_u64()?).ok()?;
            Some((whose, Failed { count, not_before: WallTime(entry.get(2)?.as_i64()?) }))
        });
        let failed = entries.collect::<Option<Vec<_>>>()?.into_iter().find(|(whose, _)| *whose == who);
        let failed = failed.map_or(NONE, |(_, failed)| failed);
        Some(Self { seen: WallTime(document.get("seen")?.as_i64()?), failed, wrong_pins: 0 })
    }

    /// The note.
    pub(crate) fn note(&self) -> String {
        let Failed { count, not_before } = self.failed;
        json!({ "seen": self.seen.0, "count": count, "not_before": not_before.0, "pins": self.wrong_pins }).to_string()
    }

    /// Counts a try as failed before it is made, so that ending the program in between gives none for nothing. The note is
    /// to be written whatever the answer: it also keeps that the clock was set back.
    pub(crate) fn begin(&mut self, now: WallTime) -> Result<Before, Refused> {
        if now < self.seen {
            // What was waited for is waited for again, in full and no longer.
            let again = now.plus_millis(wait_after(self.failed.count));
            self.failed.not_before = self.failed.not_before.min(again);
        }
        self.seen = now;
        let before = self.failed;
        if before.count >= MOST {
            return Err(Refused::Disabled);
        }
        if now < before.not_before {
            return Err(Refused::Wait { until: before.not_before, tries_left: MOST - before.count });
        }
        let count = before.count + 1;
        self.failed = Failed { count, not_before: now.plus_millis(wait_after(count)) };
        Ok(Before(before))
    }

    /// Their own passphrase was right, or a recovery enables everybody again: the PIN is on again, too.
    pub(crate) fn forgive(&mut self) {
        self.enable();
        self.wrong_pins = 0;
    }

    /// An administrator gave a new passphrase.
    pub(crate) fn enable(&mut self) {
        self.failed = NONE;
    }

    /// The try could not be made after all. Tries that others made meanwhile still count.
    pub(crate) fn take_back(&mut self, Before(before): Before) {
        if self.failed == NONE {
            // Forgiven meanwhile.
            return;
        }
        let count = self.failed.count.saturating_sub(1);
        self.failed = if count <= before.count { before } else { Failed { count, ..self.failed } };
    }

    /// Tries that are left, and until when the next one waits.
    pub(crate) fn left(&self, now: WallTime) -> (u32, Option<WallTime>) {
        let Failed { count, not_before } = self.failed;
        (MOST.saturating_sub(count), Some(not_before).filter(|until| now < *until))
    }

    /// Counts a PIN as wrong before it is looked at, and says how many were wrong with it; `None` when the PIN is off.
    pub(crate) fn begin_pin(&mut self) -> Option<u32> {
        if self.wrong_pins >= MOST_PINS {
            return None;
        }
        self.wrong_pins += 1;
        Some(self.wrong_pins)
    }

    /// The PIN was right.
    pub(crate) fn forgive_pins(&mut self) {
        self.wrong_pins = 0;
    }

    /// The PIN could not be looked at after all.
    pub(crate) fn take_back_pin(&mut self) {
        self.wrong_pins = self.wrong_pins.saturating_sub(1);
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
            match attempts.begin(now) {
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
    fn the_own_passphrase_begins_everything_anew_and_an_administrators_leaves_the_pin_off() {
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            attempts.begin(START).unwrap();
        }
        for _ in 0..MOST_PINS {
            attempts.begin_pin().unwrap();
        }
        attempts.enable();
        assert_eq!(attempts.left(START), (10, None));
        assert_eq!(attempts.begin_pin(), None);
        attempts.forgive();
        assert_eq!(attempts.begin_pin(), Some(1));
    }

    #[test]
    fn a_try_that_was_not_made_is_taken_back() {
        let mut attempts = Attempts::default();
        attempts.begin(START).unwrap();
        attempts.begin_pin().unwrap();
        let kept = attempts.clone();
        let before = attempts.begin(START).unwrap();
        attempts.begin_pin().unwrap();
        attempts.take_back(before);
        attempts.take_back_pin();
        assert_eq!(attempts, kept);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_the_longer_wait_and_no_endless_one() {
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            attempts.begin(START).unwrap();
        }
        let back = START.plus_millis(-3_600_000);
        let until = back.plus_millis(30_000);
        let refused = attempts.begin(back).map(drop);
        assert_eq!(refused, Err(Refused::Wait { until, tries_left: 7 }));
        assert!(attempts.begin(until).is_ok(), "the wait ends although tries were made meanwhile");
    }

    #[test]
    fn a_note_that_cannot_be_read_leaves_no_free_try_and_no_pin() {
        let mut attempts = Attempts::read("{}");
        assert_eq!(attempts.begin_pin(), None);
        assert!(attempts.begin(START).is_ok());
        assert!(matches!(attempts.begin(START), Err(Refused::Wait { .. })));
        assert_eq!(Attempts::read_shared(Some("{}"), who(1)), Attempts::NO_FREE_TRY);
        assert_eq!(Attempts::read_shared(None, who(1)), Attempts::default());
    }

    #[test]
    fn what_an_earlier_version_counted_for_all_together_counts_for_each() {
        let note = format!(
            r#"{{"seen":{},"failed":[["{}",10,0],["{}",3,{}]]}}"#,
            START.0,
            who(1).0.simple(),
            who(2).0.simple(),
            START.0 + 30_000
        );
        let of = |number| Attempts::read_shared(Some(&note), who(number));
        assert_eq!(of(1).begin(START).map(drop), Err(Refused::Disabled));
        assert_eq!(of(2).left(START), (7, Some(START.plus_millis(30_000))));
        assert_eq!(of(3).left(START), (10, None));
    }

    #[test]
    fn wrong_pins_are_counted_before_they_are_looked_at_and_the_note_keeps_them() {
        let mut attempts = Attempts::default();
        for wrong in 1..=MOST_PINS {
            assert_eq!(attempts.begin_pin(), Some(wrong));
            attempts = Attempts::read(&attempts.note());
        }
        assert_eq!(attempts.begin_pin(), None);
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
                    Step::Try => looked_at += u32::from(attempts.begin(now).is_ok()),
                    Step::Later(ms) | Step::ClockSet(ms) => now = now.plus_millis(ms),
                    Step::Restart => attempts = Attempts::read(&attempts.note()),
                }
            }
            prop_assert!(looked_at <= MOST);
        }

        #[test]
        fn a_wait_is_over_after_its_length_and_not_before(failures in 3u32..10, set_back in 0i64..40_000_000) {
            let mut attempts = Attempts::default();
            let mut now = START;
            for _ in 0..failures {
                now = attempts.left(now).1.unwrap_or(now);
                prop_assert!(attempts.begin(now).is_ok());
            }
            now = now.plus_millis(-set_back);
            let refused = attempts.begin(now);
            let Err(Refused::Wait { until, .. }) = refused else { panic!("expected a wait, got {refused:?}") };
            prop_assert!(until.millis_since(now) == wait_after(failures));
            prop_assert!(attempts.begin(until.plus_millis(-1)).is_err());
            prop_assert!(attempts.begin(until).is_ok());
        }

        #[test]
        fn any_note_is_read(note in ".{0,80}") {
            let _ = Attempts::read(&note);
            let _ = Attempts::read_shared(Some(&note), who(1));
        }

        #[test]
        fn a_note_says_what_it_was_written_from(count in 0u32..20, pins in 0u32..20, at in 0i64..4_000_000_000_000) {
            let failed = Failed { count, not_before: WallTime(at) };
            let attempts = Attempts { seen: WallTime(at), failed, wrong_pins: pins };
            prop_assert_eq!(Attempts::read(&attempts.note()), attempts);
        }
    }
}
