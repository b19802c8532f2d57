//! One owner's standing with the server: the token at hand, what renews it, and what went wrong last.
//! Not here: asking for tokens, and writing them down (`clinic_sign_in`).
use crate::ports::{AccessToken, Grant, GrantFault, RefreshToken};
use bedside_session::Now;
use bedside_vitals::{BootTime, WallTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A token is renewed so long before its end, or after three quarters of a short life: it shall not end on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// A token is used for so long at least, whatever is said of its life: else one that is said to be over at once would be renewed
/// as fast as the server answers. One that is over all the same is refused, and what follows a refusal has its own limits.
const LEAST: Duration = Duration::from_secs(10);
/// A computer that the server refused tries again by itself after so long.
const REST: Duration = Duration::from_secs(5 * 60);

/// What became of a token: whether it went out, and whether it was ever taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<(AtomicBool, AtomicBool)>);

impl Fate {
    pub(super) fn went_out(&self) {
        self.0.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_taken(&self) {
        self.0.1.store(true, Ordering::Relaxed);
    }

    fn is_out(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }

    fn is_taken(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Access {
    token: AccessToken,
    until: Option<BootTime>,
    fate: Fate,
    /// It came in place of one that the server refused.
    after_refusal: bool,
}

/// One owner's standing.
#[derive(Debug, Default)]
pub(super) struct Session {
    access: Option<Access>,
    refresh: Option<(RefreshToken, String)>,
    user: Option<String>,
    /// A token is being asked for or written down: at most one at a time.
    pub(super) fetching: bool,
    /// Nobody answered; told once to whoever asks.
    pub(super) not_reached: Option<String>,
    failed: Option<&'static str>,
    rests_until: Option<BootTime>,
    /// The token before was refused.
    refused: bool,
}

impl Session {
    /// The token at hand, while it is good.
    pub(super) fn token(&self, now: BootTime) -> Option<(AccessToken, Fate)> {
        let access = self.access.as_ref()?;
        let good = access.until.is_none_or(|until| now.0 < until.0);
        good.then(|| (access.token.clone(), access.fate.clone()))
    }

    /// What renews it, and where.
    pub(super) fn refresh(&self) -> Option<(RefreshToken, String)> {
        self.refresh.clone()
    }

    /// Whom the server knows the owner by.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether nobody has to do anything; `comes` = a token comes without a refresh token at hand.
    pub(super) fn may_go_on(&self, comes: bool) -> bool {
        let can_renew = comes || self.refresh.is_some();
        (self.access.is_some() || can_renew) && self.failed.is_none()
    }

    /// Until when without another sign-in, where it cannot be renewed.
    pub(super) fn until(&self, now: Now) -> Option<WallTime> {
        let until = self.access.as_ref().filter(|_| self.refresh.is_none())?.until?;
        let left = until.0.saturating_sub(now.boot.0);
        Some(now.wall.plus_millis(i64::try_from(left.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Why the last sign-in failed.
    pub(super) const fn failed(&self) -> Option<&'static str> {
        self.failed
    }

    /// Whether nobody could speak for the owner before: what comes now is a sign-in.
    pub(super) const fn is_news(&self) -> bool {
        self.access.is_none() && !self.refused
    }

    /// Whether a rest is over, once.
    pub(super) fn rested(&mut self, now: BootTime) -> bool {
        self.rests_until.take_if(|until| until.0 <= now.0).is_some()
    }

    /// Whether it is not asked for just now, because the server refused.
    pub(super) fn rests(&self, now: BootTime) -> bool {
        self.rests_until.is_some_and(|until| now.0 < until.0)
    }

    /// A person signed in: what was at hand before is nothing to them.
    pub(super) fn signs_in(&mut self) {
        self.begin_again();
        self.access = None;
        self.fetching = true;
    }

    /// A person asks for another try.
    pub(super) fn begin_again(&mut self) {
        self.refused = false;
        self.failed = None;
        self.rests_until = None;
        self.not_reached = None;
    }

    /// What the vault has.
    pub(super) fn keep(&mut self, refresh: RefreshToken, endpoint: String, user: Option<String>) {
        self.refresh = Some((refresh, endpoint));
        self.user = user.or(self.user.take());
    }

    /// The vault has none any more.
    pub(super) fn forget(&mut self) {
        self.refresh = None;
    }

    /// A grant that may be used: what of it had to be durable is.
    pub(super) fn granted(&mut self, grant: Grant, now: Now) {
        let Grant { access: token, lasts, refresh, endpoint, user, scopes: _ } = grant;
        let used_for = |lasts: Duration| lasts.saturating_sub(MARGIN.min(lasts / 4)).max(LEAST);
        let until = lasts.map(|lasts| BootTime(now.boot.0.saturating_add(used_for(lasts))));
        let after_refusal = std::mem::take(&mut self.refused);
        self.access = Some(Access { token, until, fate: Fate::default(), after_refusal });
        if let Some(refresh) = refresh {
            self.refresh = Some((refresh, endpoint));
        }
        self.user = user.or(self.user.take());
        self.fetching = false;
        self.failed = None;
        self.rests_until = None;
        self.not_reached = None;
    }

    /// The next token waits until it can be written; the one before is never used again.
    pub(super) fn could_not_write(&mut self) {
        self.refresh = None;
        self.fetching = false;
    }

    /// The token at hand is good, if it went out at all.
    pub(super) fn taken(&self) {
        if let Some(access) = self.access.as_ref().filter(|access| access.fate.is_out()) {
            access.fate.was_taken();
        }
    }

    /// There is no grant.
    pub(super) fn not_granted(&mut self, fault: GrantFault, is_machine: bool, now: BootTime) {
        self.fetching = false;
        match fault {
            // A person at the browser sees it there; a renewal is tried again with the next request.
            GrantFault::NoAnswer(why) if is_machine || self.refresh.is_some() => {
                self.not_reached = Some(why.to_string());
            }
            // A computer has no sign-in to make again: it rests as after any other refusal.
            GrantFault::SignInAgain if !is_machine => {
                self.access = None;
                self.refused = false;
                self.refresh = None;
                self.failed = None;
            }
            other => {
                self.failed = Some(other.code());
                self.rests_until = Some(BootTime(now.0 + REST));
            }
        }
    }

    /// The server refused the token at hand. Whether another one will be asked for; a fresh one that is refused before it
    /// was ever taken is followed by a rest, or tokens would be asked for as fast as the servers answer.
    pub(super) fn refused(&mut self, is_machine: bool, now: BootTime) -> bool {
        let can_renew = is_machine || self.refresh.is_some() || self.fetching;
        // The one at hand has not gone out yet: it was an earlier one that was refused.
        let Some(access) = self.access.take_if(|access| access.fate.is_out()) else {
            return can_renew && !self.rests(now);
        };
        self.refused = true;
        if access.after_refusal && !access.fate.is_taken() {
            self.failed = Some("SIGN-IN-TOKEN-REFUSED");
            self.rests_until = Some(BootTime(now.0 + REST));
            return false;
        }
        can_renew
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::ClinicFault;

    fn at(seconds: u64) -> Now {
        let boot = BootTime(Duration::from_secs(seconds));
        Now { boot, wall: WallTime(i64::try_from(seconds).unwrap() * 1000), zone_offset_ms: 0 }
    }

    fn grant(access: &str, refresh: Option<&str>) -> Grant {
        Grant {
            access: AccessToken::new(access),
            lasts: Some(Duration::from_secs(300)),
            refresh: refresh.map(RefreshToken::new),
            endpoint: "https://sign-in.example/token".into(),
            user: Some("Practitioner/7".into()),
            scopes: None,
        }
    }

    fn signed_in() -> Session {
        let mut session = Session::default();
        session.granted(grant("a", Some("r")), at(0));
        session
    }

    #[test]
    fn a_token_is_not_used_in_the_last_seconds_of_its_life() {
        let session = signed_in();
        assert!(session.token(at(269).boot).is_some());
        assert!(session.token(at(270).boot).is_none());
        assert!(session.may_go_on(false), "it can be renewed");
    }

    #[test]
    fn a_token_that_is_said_to_be_over_at_once_is_used_for_a_moment_all_the_same() {
        for seconds in [0, 1, 3] {
            let mut session = Session::default();
            session.granted(Grant { lasts: Some(Duration::from_secs(seconds)), ..grant("a", Some("r")) }, at(0));
            assert!(session.token(at(9).boot).is_some(), "{seconds}");
            assert!(session.token(at(10).boot).is_none(), "{seconds}");
        }
        let mut session = Session::default();
        session.granted(Grant { lasts: Some(Duration::MAX), ..grant("a", Some("r")) }, at(5));
        assert!(session.token(at(1_000_000).boot).is_some());
    }

    #[test]
    fn a_computer_whose_key_is_good_for_nothing_any_more_rests_too() {
        let mut session = Session::default();
        session.not_granted(GrantFault::SignInAgain, true, at(0).boot);
        assert!(session.rests(at(299).boot) && session.failed() == Some("SERVER-SIGN-IN"));
    }

    #[test]
    fn a_token_that_is_refused_is_renewed_once_and_a_fresh_one_that_is_refused_is_not() {
        let mut session = signed_in();
        session.token(at(1).boot).unwrap().1.went_out();
        assert!(session.refused(false, at(1).boot));
        assert!(session.token(at(1).boot).is_none());
        session.granted(grant("b", Some("s")), at(2));
        session.token(at(2).boot).unwrap().1.went_out();
        assert!(!session.refused(false, at(2).boot));
        assert!(session.rests(at(3).boot) && !session.refused(false, at(3).boot));
        session.begin_again();
        assert!(!session.rests(at(3).boot), "a person asks");
    }

    #[test]
    fn a_fresh_token_that_was_taken_may_be_refused_and_renewed_again() {
        let mut session = signed_in();
        session.token(at(1).boot).unwrap().1.went_out();
        assert!(session.refused(false, at(1).boot));
        session.granted(grant("b", Some("s")), at(2));
        session.token(at(2).boot).unwrap().1.went_out();
        session.taken();
        assert!(session.refused(false, at(2).boot));
    }

    #[test]
    fn the_refusal_of_an_earlier_token_leaves_the_one_at_hand() {
        let mut session = signed_in();
        assert!(session.refused(false, at(1).boot));
        assert!(session.token(at(1).boot).is_some());
    }

    #[test]
    fn what_was_taken_is_said_of_a_token_that_went_out_and_of_no_other() {
        let mut session = signed_in();
        session.token(at(1).boot).unwrap().1.went_out();
        assert!(session.refused(false, at(1).boot));
        session.granted(grant("b", Some("s")), at(2));
        session.taken();
        session.token(at(2).boot).unwrap().1.went_out();
        assert!(!session.refused(false, at(2).boot), "what was taken was an earlier token");
    }

    #[test]
    fn where_the_next_token_could_not_be_written_the_one_before_is_not_used() {
        let mut session = signed_in();
        session.could_not_write();
        assert_eq!((session.refresh(), session.fetching), (None, false));
        assert!(session.may_go_on(true), "nobody has to sign in");
    }

    #[test]
    fn no_answer_costs_nothing_and_a_dead_token_asks_for_a_sign_in() {
        let mut session = signed_in();
        let fault = ClinicFault::Unreachable("the connection was refused".into());
        session.not_granted(GrantFault::NoAnswer(fault), false, at(300).boot);
        assert!(session.may_go_on(false) && session.refresh().is_some());
        session.not_granted(GrantFault::SignInAgain, false, at(301).boot);
        assert_eq!((session.refresh(), session.failed()), (None, None));
    }

    #[test]
    fn a_computer_that_is_refused_rests_before_it_tries_again() {
        let mut session = Session::default();
        session.not_granted(GrantFault::Refused("invalid_client".into()), true, at(0).boot);
        assert!(session.rests(at(299).boot) && !session.rests(at(300).boot));
        assert_eq!(session.failed(), Some("SIGN-IN-REFUSED"));
        assert!(!session.rested(at(299).boot));
        assert!(session.rested(at(300).boot) && !session.rested(at(301).boot));
    }
}
