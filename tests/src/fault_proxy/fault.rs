//! The faults, and schedules of them: a schedule is a seed.
//! Not here: carrying them out.
use std::time::Duration;

use super::wire::Message;

/// What is done to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection is closed before the server hears of it.
    LostOnTheWay,
    /// The server does its work and the answer is lost.
    AnswerLost,
    /// The server does its work, and a gateway before it gives up waiting.
    GatewayTimeout,
    /// The request waits before it goes on.
    Delayed(Duration),
    /// The request arrives twice; the second answer is given back.
    Duplicated,
    /// The answer ends in the middle of its body.
    Truncated,
    /// The answer comes in many small parts.
    Slow,
    /// The answer says that it is plain text.
    WrongType,
    /// The entries of a batch's answer come in another order.
    Reordered,
    /// The last entry of a batch's answer is missing.
    EntryMissing,
    /// So many octets of blanks follow the answer.
    Huge(usize),
    /// A sign-in page with status 200, in place of the server.
    Page,
    /// The server does its work, and a page with status 200 comes in place of its answer.
    PageAfterwards,
    /// This status, and when to come back; the server hears nothing.
    Status(u16, Option<RetryAfter>),
    /// A request with a token waits for so long before it goes on, longer than the token lasts. One without a token leaves
    /// this to the next.
    TokenEndsOnTheWay(Duration),
    /// The token ends in the middle of a batch: half of the records are stored, the others are answered with 401.
    TokenDiesWithin,
}

/// The two forms of `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetryAfter {
    /// So many seconds.
    Seconds(u64),
    /// A date, so many seconds from now.
    Date(u64),
}

impl Fault {
    /// A name without figures, for counting.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LostOnTheWay => "lost on the way",
            Self::AnswerLost => "answer lost",
            Self::GatewayTimeout => "gateway timeout after commit",
            Self::Delayed(_) => "delayed",
            Self::Duplicated => "duplicated",
            Self::Truncated => "truncated",
            Self::Slow => "slow",
            Self::WrongType => "wrong type",
            Self::Reordered => "reordered",
            Self::EntryMissing => "entry missing",
            Self::Huge(_) => "huge",
            Self::Page => "page",
            Self::PageAfterwards => "page after commit",
            Self::Status(..) => "status",
            Self::TokenEndsOnTheWay(_) => "token ends on the way",
            Self::TokenDiesWithin => "token dies within",
        }
    }

    /// What is told without asking the server: `Some(None)` is a closed connection, `None` that the server is asked.
    pub(super) fn instead_of_the_server(self) -> Option<Option<Message>> {
        match self {
            Self::LostOnTheWay => Some(None),
            Self::Page => Some(Some(Message::answer(200, "text/html", b"<html>Please sign in</html>".to_vec()))),
            Self::Status(401, _) => Some(Some(unauthorized())),
            Self::Status(status, after) => {
                let mut answer = Message::answer(status, "text/plain", b"not now".to_vec());
                if let Some(after) = after {
                    answer.set_header("retry-after", &after.text());
                }
                Some(Some(answer))
            }
            _ => None,
        }
    }
}

impl RetryAfter {
    fn text(self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(seconds) => httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(seconds)),
        }
    }
}

/// What a server says to a token that it does not take.
pub(super) fn unauthorized() -> Message {
    let mut answer = Message::answer(401, "application/fhir+json", br#"{"resourceType":"OperationOutcome"}"#.to_vec());
    answer.set_header("www-authenticate", "Bearer error=\"invalid_token\"");
    answer
}

/// A schedule of 0 to 24 exchanges: the same seed gives the same.
#[must_use]
pub fn schedule(seed: u64) -> Vec<Fault> {
    let mut chance = Chance(seed);
    let length = chance.below(25);
    (0..length).map(|_| if chance.below(3) == 0 { Fault::None } else { fault(&mut chance) }).collect()
}

fn fault(chance: &mut Chance) -> Fault {
    let after = match chance.below(4) {
        0 => Some(RetryAfter::Seconds(chance.below(120))),
        1 => Some(RetryAfter::Date(chance.below(120))),
        _ => None,
    };
    match chance.below(18) {
        0 => Fault::LostOnTheWay,
        1 | 2 => Fault::AnswerLost,
        3 => Fault::GatewayTimeout,
        4 => Fault::Delayed(Duration::from_millis(chance.below(20))),
        5 => Fault::Duplicated,
        6 => Fault::Truncated,
        7 => Fault::Slow,
        8 => Fault::WrongType,
        9 => Fault::Reordered,
        10 => Fault::EntryMissing,
        11 => Fault::Huge(512 * 1024),
        12 => Fault::Page,
        13 => Fault::PageAfterwards,
        14 => Fault::TokenDiesWithin,
        15 => Fault::Status(401, None),
        _ => {
            const STATUSES: [u16; 8] = [408, 413, 429, 429, 500, 502, 503, 503];
            Fault::Status(STATUSES[usize::try_from(chance.below(8)).unwrap_or(0)], after)
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): a sequence that a seed decides.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next number below a limit above 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_is_a_schedule_and_many_seeds_know_every_fault() {
        assert_eq!(schedule(7), schedule(7));
        let names: BTreeSet<&str> = (0..200).flat_map(schedule).map(Fault::name).collect();
        assert_eq!(names.len(), 16, "{names:?}");
        let statuses: BTreeSet<u16> = (0..200)
            .flat_map(schedule)
            .filter_map(|fault| match fault {
                Fault::Status(status, _) => Some(status),
                _ => None,
            })
            .collect();
        assert_eq!(statuses, [401, 408, 413, 429, 500, 502, 503].into());
    }
}
