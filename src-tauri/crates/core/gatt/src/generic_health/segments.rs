//! Live and Stored Health Observations 0x2B8B and 0x2BDD: the segments of a body, and the body joined again.
//! What the body says is in `observation.rs`.
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use alloc::vec::Vec;

const SEGMENT: Characteristic = Characteristic::named("Health Observations");

const FIRST: u8 = 1;
const LAST: u8 = 1 << 1;
const COUNTER_SHIFT: u8 = 2;
const COUNTER_MODULUS: u8 = 64;

/// One notification or indication: a part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment<'a> {
    /// The body begins here.
    pub first: bool,
    /// The body ends here.
    pub last: bool,
    /// Counts segments, 0 to 63 and again from 0.
    pub counter: u8,
    /// The part.
    pub payload: &'a [u8],
}

/// Joins the segments of one characteristic on one connection.
#[derive(Clone, Debug)]
pub struct SegmentJoiner {
    largest: usize,
    body: Vec<u8>,
    /// The counter of the next segment while a body is begun.
    expected: Option<u8>,
}

/// What a segment brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentOutcome {
    /// The body that it completed.
    pub body: Option<Vec<u8>>,
    /// What was lost before it or with it.
    pub loss: Option<Loss>,
}

/// Why a body cannot be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// A segment of a begun body is missing.
    #[error("expected the segment {expected} of a body, got {got}")]
    Gap {
        /// The counter that was due.
        expected: u8,
        /// The counter that came.
        got: u8,
    },
    /// A new body began before the old one ended.
    #[error("expected the segment {expected} of a body, got the beginning of another")]
    Unfinished {
        /// The counter that was due.
        expected: u8,
    },
    /// A segment without the beginning of its body.
    #[error("expected the beginning of a body, got its segment {got}")]
    NoBeginning {
        /// The counter that came.
        got: u8,
    },
    /// More octets than any body may have.
    #[error("expected a body of at most {largest} octets, got more")]
    TooLarge {
        /// Octets a body may have.
        largest: usize,
    },
}

impl<'a> Segment<'a> {
    /// Reads a value. The payload is the rest of it, so that only an empty value is truncated.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(SEGMENT, octets);
        let header = reader.u8("segmentation header")?;
        let (first, last) = (header & FIRST != 0, header & LAST != 0);
        Ok(Self { first, last, counter: header >> COUNTER_SHIFT, payload: reader.take_rest() })
    }

    /// The octets; the counter is taken modulo 64.
    pub fn encode(&self) -> Vec<u8> {
        let flag = |raised: bool, flag: u8| if raised { flag } else { 0 };
        let counter = (self.counter % COUNTER_MODULUS) << COUNTER_SHIFT;
        let mut octets = Vec::with_capacity(1 + self.payload.len());
        octets.push(counter | flag(self.first, FIRST) | flag(self.last, LAST));
        octets.extend_from_slice(self.payload);
        octets
    }
}

/// The values of at most `value_size` octets (at least 2) that carry a body, counted from `counter`.
pub fn split(body: &[u8], counter: u8, value_size: usize) -> Vec<Vec<u8>> {
    let payload_size = value_size.saturating_sub(1).max(1);
    if body.is_empty() {
        return alloc::vec![Segment { first: true, last: true, counter, payload: body }.encode()];
    }
    let count = body.len().div_ceil(payload_size);
    let segments = body.chunks(payload_size).enumerate().map(|(index, payload)| {
        // The remainder fits into an octet, and the sum is taken modulo 64 again.
        let counter = counter % COUNTER_MODULUS + (index % usize::from(COUNTER_MODULUS)) as u8;
        Segment { first: index == 0, last: index + 1 == count, counter, payload }.encode()
    });
    segments.collect()
}

impl SegmentJoiner {
    /// Octets that a body may have: the largest observation with its record number.
    pub const LARGEST_BODY: usize = 4 + 3 + 0xFFFF;

    /// A joiner before its first segment.
    pub const fn new() -> Self {
        Self::with_largest(Self::LARGEST_BODY)
    }

    /// A joiner that drops bodies of more than `largest` octets.
    pub const fn with_largest(largest: usize) -> Self {
        Self { largest, body: Vec::new(), expected: None }
    }

    /// Takes the next value of the characteristic. A gap drops the body; the next beginning starts afresh.
    pub fn push(&mut self, octets: &[u8]) -> Result<SegmentOutcome, DecodeError> {
        let segment = Segment::decode(octets)?;
        let mut loss = None;
        if segment.first {
            loss = self.expected.map(|expected| Loss::Unfinished { expected });
            self.body.clear();
        } else {
            match self.expected {
                Some(expected) if expected == segment.counter => {}
                Some(expected) => return Ok(self.lost(Loss::Gap { expected, got: segment.counter })),
                None => return Ok(self.lost(Loss::NoBeginning { got: segment.counter })),
            }
        }
        if self.body.len() + segment.payload.len() > self.largest {
            return Ok(self.lost(Loss::TooLarge { largest: self.largest }));
        }
        self.body.extend_from_slice(segment.payload);
        if segment.last {
            self.expected = None;
            return Ok(SegmentOutcome { body: Some(core::mem::take(&mut self.body)), loss });
        }
        self.expected = Some((segment.counter + 1) % COUNTER_MODULUS);
        Ok(SegmentOutcome { body: None, loss })
    }

    fn lost(&mut self, loss: Loss) -> SegmentOutcome {
        self.body.clear();
        self.expected = None;
        SegmentOutcome { body: None, loss: Some(loss) }
    }
}

impl Default for SegmentJoiner {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn body(octets: &[u8]) -> SegmentOutcome {
        SegmentOutcome { body: Some(octets.to_vec()), loss: None }
    }

    fn loss(loss: Loss) -> SegmentOutcome {
        SegmentOutcome { body: None, loss: Some(loss) }
    }

    #[test]
    fn the_header_says_first_last_and_counter() {
        let segment = Segment::decode(&[0b1111_1101, 7]).unwrap();
        assert_eq!((segment.first, segment.last, segment.counter, segment.payload), (true, false, 63, &[7][..]));
        assert_eq!(Segment::decode(&[]).unwrap_err().kind(), "truncated");
    }

    #[test]
    fn a_body_is_joined_over_the_turn_of_the_counter() {
        let values = split(&[1, 2, 3, 4, 5], 62, 3);
        assert_eq!(values, [vec![0b1111_1001, 1, 2], vec![0b1111_1100, 3, 4], vec![0b0000_0010, 5]]);
        let mut joiner = SegmentJoiner::new();
        let outcomes: Vec<_> = values.iter().map(|value| joiner.push(value).unwrap()).collect();
        assert_eq!(outcomes[..2], [SegmentOutcome::default(), SegmentOutcome::default()]);
        assert_eq!(outcomes[2], body(&[1, 2, 3, 4, 5]));
    }

    #[test]
    fn a_gap_drops_the_body_and_the_next_beginning_starts_afresh() {
        let mut joiner = SegmentJoiner::new();
        joiner.push(&[0b0000_0001, 1]).unwrap();
        assert_eq!(joiner.push(&[0b0000_1000, 3]), Ok(loss(Loss::Gap { expected: 1, got: 2 })));
        assert_eq!(joiner.push(&[0b0000_1110, 4]), Ok(loss(Loss::NoBeginning { got: 3 })));
        assert_eq!(joiner.push(&[0b0000_0011, 9]), Ok(body(&[9])));
    }

    #[test]
    fn a_new_beginning_tells_that_the_old_body_stayed_unfinished() {
        let mut joiner = SegmentJoiner::new();
        joiner.push(&[0b0000_0001, 1]).unwrap();
        let outcome = joiner.push(&[0b0001_0011, 2]).unwrap();
        assert_eq!((outcome.body, outcome.loss), (Some(vec![2]), Some(Loss::Unfinished { expected: 1 })));
    }

    #[test]
    fn a_body_never_grows_beyond_its_cap() {
        let mut joiner = SegmentJoiner::with_largest(3);
        joiner.push(&[0b0000_0001, 1, 2]).unwrap();
        assert_eq!(joiner.push(&[0b0000_0110, 3, 4]), Ok(loss(Loss::TooLarge { largest: 3 })));
        assert_eq!(joiner.push(&[0b0000_0011, 1, 2, 3]), Ok(body(&[1, 2, 3])));
    }
}
