//! When the screen and the vault lock by themselves: a pure state machine over the clock that counts sleep.
//! Not here: what is done then (`locking`).
use crate::snapshot::LockReason;
use bedside_policy::LockTimes;
use bedside_vitals::BootTime;
use std::time::Duration;

/// What the clock says about one sign-in. A sleep or a set clock cannot stretch it: the clock counts sleep and is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    touched: BootTime,
    signed_in: BootTime,
}

/// What follows from it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Nothing,
    /// The screen says when it will lock.
    Warning(Duration),
    /// The screen locks.
    Screen(LockReason),
    /// The vault locks.
    Vault(LockReason),
}

impl Presence {
    /// Somebody signed in with a passphrase.
    pub(crate) const fn signed_in(now: BootTime) -> Self {
        Self { touched: now, signed_in: now }
    }

    /// Somebody touched the window, or unlocked it.
    pub(crate) fn touch(&mut self, now: BootTime) {
        self.touched = self.touched.max(now);
    }

    /// What is due now.
    pub(crate) fn look(self, times: &LockTimes, screen_is_locked: bool, now: BootTime) -> Due {
        let (idle, working) = (now.since(self.touched), now.since(self.signed_in));
        if working >= times.absolute {
            return Due::Vault(LockReason::AbsoluteLimit);
        }
        if idle >= times.vault_idle {
            return Due::Vault(LockReason::LongIdle);
        }
        if screen_is_locked {
            return Due::Nothing;
        }
        if idle >= times.screen_idle {
            return Due::Screen(LockReason::Idle);
        }
        let until_idle = times.screen_idle.min(times.vault_idle).saturating_sub(idle);
        let left = until_idle.min(times.absolute.saturating_sub(working));
        if left <= times.warning { Due::Warning(left) } else { Due::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(seconds: u64) -> BootTime {
        BootTime(Duration::from_secs(seconds))
    }

    fn due(touched: u64, screen_is_locked: bool, now: u64) -> Due {
        let mut presence = Presence::signed_in(at(0));
        presence.touch(at(touched));
        presence.look(&LockTimes::default(), screen_is_locked, at(now))
    }

    #[test]
    fn the_screen_warns_a_minute_before_it_locks_after_five() {
        assert_eq!(due(100, false, 339), Due::Nothing);
        assert_eq!(due(100, false, 340), Due::Warning(Duration::from_secs(60)));
        assert_eq!(due(100, false, 399), Due::Warning(Duration::from_secs(1)));
        assert_eq!(due(100, false, 400), Due::Screen(LockReason::Idle));
    }

    #[test]
    fn the_vault_locks_after_half_an_hour_whether_the_screen_is_locked_or_not() {
        assert_eq!(due(100, true, 1_899), Due::Nothing);
        assert_eq!(due(100, true, 1_900), Due::Vault(LockReason::LongIdle));
        assert_eq!(due(100, false, 30_000), Due::Vault(LockReason::LongIdle), "a night's sleep");
    }

    #[test]
    fn twelve_hours_are_the_end_whoever_is_busy() {
        assert_eq!(due(43_199, false, 43_199), Due::Warning(Duration::from_secs(1)));
        assert_eq!(due(43_199, false, 43_200), Due::Vault(LockReason::AbsoluteLimit));
        assert_eq!(due(43_199, true, 43_200), Due::Vault(LockReason::AbsoluteLimit));
    }

    proptest! {
        #[test]
        fn nobody_touching_it_nothing_stays_open(
            screen in 60u64..=1800, warning in 10u64..=120, vault in 300u64..=43_200, absolute in 900u64..=43_200,
            touched in 0u64..43_200, idle in 0u64..90_000,
        ) {
            let seconds = Duration::from_secs;
            let times = LockTimes {
                screen_idle: seconds(screen),
                warning: seconds(warning),
                vault_idle: seconds(vault),
                absolute: seconds(absolute),
            };
            let mut presence = Presence::signed_in(at(0));
            presence.touch(at(touched));
            let now = at(touched + idle);
            match presence.look(&times, false, now) {
                Due::Nothing | Due::Warning(_) => {
                    prop_assert!(idle < screen && idle < vault && touched + idle < absolute);
                }
                Due::Screen(_) => prop_assert!(idle >= screen),
                Due::Vault(_) => prop_assert!(idle >= vault || touched + idle >= absolute),
            }
            if let Due::Vault(_) = presence.look(&times, true, now) {
                prop_assert!(idle >= vault || touched + idle >= absolute);
            } else {
                prop_assert!(idle < vault && touched + idle < absolute);
            }
        }
    }
}
