//! The small change of every blob: the codec octet, whole numbers of variable length, and what can be wrong.
//! Not here: what the numbers mean.
use alloc::vec::Vec;

/// A blob that cannot be read, or values that cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// The blob ends too early.
    #[error("expected {expected} more octets, got {got}")]
    Truncated {
        /// Octets that the layout asks for.
        expected: usize,
        /// Octets that are there.
        got: usize,
    },
    /// Octets are left over behind the last column.
    #[error("expected the end of the blob, got {0} more octets")]
    TooLong(usize),
    /// Another kind of blob, or a codec of a later version.
    #[error("expected codec {expected}, got {got}")]
    Codec {
        /// The codec of this kind of blob.
        expected: u8,
        /// What the blob says.
        got: u8,
    },
    /// A number the layout does not allow.
    #[error("expected {what} up to {most}, got {got}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// The largest one allowed.
        most: u64,
        /// What the blob says.
        got: u64,
    },
    /// A waveform of 0 samples a second.
    #[error("expected a pace of at least one sample a second, got 0")]
    NoPace,
}

/// Samples, bins or frames that one blob may claim to hold: a bound on memory, far above what is ever written.
pub(crate) const MOST_ITEMS: usize = 1 << 20;

/// The unread part of a blob.
pub(crate) struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    /// Opens a blob that must begin with the octet `codec`.
    pub(crate) fn of(blob: &'a [u8], codec: u8) -> Result<Self, SeriesError> {
        let mut octets = Self(blob);
        let got = octets.octet()?;
        if got == codec { Ok(octets) } else { Err(SeriesError::Codec { expected: codec, got }) }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], SeriesError> {
        let got = self.0.len();
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or(SeriesError::Truncated { expected: count - got.min(count), got })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn octet(&mut self) -> Result<u8, SeriesError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    /// A number of seven bits an octet, least significant first.
    pub(crate) fn number(&mut self) -> Result<u64, SeriesError> {
        let mut value = 0u64;
        for place in 0..10u32 {
            let octet = self.octet()?;
            let bits = u64::from(octet & 0x7f);
            if place == 9 && bits > 1 {
                return Err(SeriesError::OutOfRange { what: "a last octet of a number", most: 1, got: bits });
            }
            value |= bits << (7 * place);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SeriesError::OutOfRange { what: "octets of a number", most: 10, got: 11 })
    }

    pub(crate) fn signed(&mut self) -> Result<i64, SeriesError> {
        Ok(unzigzag(self.number()?))
    }

    /// A count of things of which the rest of the blob can hold at most `per_octet` an octet.
    pub(crate) fn count(&mut self, what: &'static str, per_octet: usize) -> Result<usize, SeriesError> {
        let got = self.number()?;
        let most = MOST_ITEMS.min(self.left().saturating_mul(per_octet));
        match usize::try_from(got) {
            Ok(count) if count <= most => Ok(count),
            Ok(_) | Err(_) => Err(SeriesError::OutOfRange { what, most: most as u64, got }),
        }
    }

    pub(crate) fn end(self) -> Result<(), SeriesError> {
        if self.0.is_empty() { Ok(()) } else { Err(SeriesError::TooLong(self.0.len())) }
    }
}

/// Writes what `Octets::number` reads.
pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes what `Octets::signed` reads.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_number(out, zigzag(value));
}

/// Small numbers of either sign as small numbers: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
pub(crate) const fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

/// The number behind `zigzag`.
pub(crate) const fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_of_any_size_come_back(value: i64) {
            let mut out = alloc::vec![9];
            put_signed(&mut out, value);
            let mut octets = Octets::of(&out, 9).unwrap();
            prop_assert_eq!(octets.signed().unwrap(), value);
            prop_assert_eq!(octets.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let blob = [&[9][..], &[0xff; 9], &[0x02]].concat();
        assert!(matches!(Octets::of(&blob, 9).unwrap().number(), Err(SeriesError::OutOfRange { got: 2, .. })));
        let endless = [&[9][..], &[0xff; 12]].concat();
        assert!(Octets::of(&endless, 9).unwrap().number().is_err());
    }
}
