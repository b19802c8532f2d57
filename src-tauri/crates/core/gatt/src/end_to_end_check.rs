//! E2E-CRC: the check sum that a device may add to the end of its values (CRC-16/MCRF4XX, low octet first).
//! Whether a device adds one is said by its feature characteristic; counting damaged values is the sessions' work.
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use crc::{CRC_16_MCRF4XX, Crc, Table};

/// Octets of a check sum.
pub(crate) const CHECK_SUM_SIZE: usize = 2;

/// The field as errors name it.
const FIELD: &str = "check sum";

/// What is known about the check sums of a device before a value is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CheckSums {
    /// The device announced them: a value without one is cut.
    Announced,
    /// The device announced none: two octets more are surplus.
    NotAnnounced,
    /// Nobody asked: a value that is longer by a check sum has one. Its damage shows all the same.
    #[default]
    ByLength,
}

/// What a value that was read says about its check sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CheckSum {
    /// It carries none.
    #[default]
    Absent,
    /// It carries one, and it fits.
    Verified,
}

impl CheckSums {
    /// What a device's feature bit says.
    pub const fn announced(announced: bool) -> Self {
        if announced { Self::Announced } else { Self::NotAnnounced }
    }

    /// A reader for a value of `size` octets without its check sum; another size is a [`DecodeError::Length`].
    pub(crate) fn fixed(
        self,
        characteristic: Characteristic,
        octets: &[u8],
        size: usize,
    ) -> Result<Reader<'_>, DecodeError> {
        let with_check_sum = size + CHECK_SUM_SIZE;
        let expected = match self {
            Self::Announced => with_check_sum,
            Self::ByLength if octets.len() == with_check_sum => with_check_sum,
            Self::NotAnnounced | Self::ByLength => size,
        };
        Reader::fixed(characteristic, octets, expected)
    }

    /// Ends the reading of `octets`, all of them given to `reader`: nothing, or the check sum over what was read.
    pub(crate) fn finish(self, mut reader: Reader<'_>, octets: &[u8]) -> Result<CheckSum, DecodeError> {
        let has_check_sum = match self {
            Self::Announced => true,
            Self::NotAnnounced => false,
            Self::ByLength => reader.remaining() == CHECK_SUM_SIZE,
        };
        // Where more is left than a check sum, no two octets of it are one: they are all surplus.
        if has_check_sum && reader.remaining() <= CHECK_SUM_SIZE {
            reader.check_sum(&octets[..octets.len() - reader.remaining()])?;
        }
        reader.finish(false)?;
        Ok(if has_check_sum { CheckSum::Verified } else { CheckSum::Absent })
    }
}

impl CheckSum {
    /// The word that stands for a check sum that fits; nothing without one.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Absent => None,
            Self::Verified => Some("ok"),
        }
    }
}

/// The check sum over octets.
pub(crate) fn check_sum_of(octets: &[u8]) -> u16 {
    ALGORITHM.checksum(octets)
}

/// One table, made at build time.
const ALGORITHM: Crc<u16, Table<1>> = Crc::<u16, Table<1>>::new(&CRC_16_MCRF4XX);

impl Reader<'_> {
    /// The check sum over `protected`.
    pub(crate) fn check_sum(&mut self, protected: &[u8]) -> Result<(), DecodeError> {
        let got = self.u16(FIELD)?;
        let expected = check_sum_of(protected);
        if got == expected { Ok(()) } else { Err(self.crc_mismatch(expected, got)) }
    }
}

impl Writer {
    /// The check sum over all that was written, where the value has one.
    pub(crate) fn check_sum(&mut self, check_sum: CheckSum) {
        if check_sum == CheckSum::Verified {
            self.u16(check_sum_of(self.written()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Characteristic = Characteristic::named("Sample");

    fn read(check_sums: CheckSums, octets: &[u8]) -> Result<CheckSum, DecodeError> {
        let mut reader = Reader::new(SAMPLE, octets);
        reader.u8("first")?;
        check_sums.finish(reader, octets)
    }

    fn with_check_sum(octets: &[u8]) -> alloc::vec::Vec<u8> {
        let mut writer = Writer::new(SAMPLE);
        writer.octets(octets);
        writer.check_sum(CheckSum::Verified);
        writer.finish()
    }

    #[test]
    fn the_catalogued_check_value_comes_out() {
        assert_eq!(check_sum_of(b"123456789"), 0x6F91);
        assert_eq!(check_sum_of(&[]), 0xFFFF);
    }

    #[test]
    fn a_check_sum_stands_low_octet_first() {
        assert_eq!(with_check_sum(b"123456789")[9..], [0x91, 0x6F]);
    }

    #[test]
    fn what_was_announced_decides_whether_a_check_sum_is_read() {
        let (bare, checked) = ([7], with_check_sum(&[7]));
        assert_eq!(read(CheckSums::Announced, &checked), Ok(CheckSum::Verified));
        assert_eq!(read(CheckSums::Announced, &bare).unwrap_err().kind(), "truncated");
        assert_eq!(read(CheckSums::NotAnnounced, &bare), Ok(CheckSum::Absent));
        assert_eq!(read(CheckSums::NotAnnounced, &checked).unwrap_err().kind(), "trailing_bytes");
        assert_eq!(read(CheckSums::ByLength, &checked), Ok(CheckSum::Verified));
        assert_eq!(read(CheckSums::ByLength, &bare), Ok(CheckSum::Absent));
        assert_eq!(read(CheckSums::ByLength, &checked[..2]).unwrap_err().kind(), "trailing_bytes");
        assert_eq!(read(CheckSums::Announced, &[7, 0, 0, 0]).unwrap_err().kind(), "trailing_bytes");
    }

    #[test]
    fn damage_is_told_with_both_sums_and_their_place() {
        let mut damaged = with_check_sum(&[7]);
        damaged[0] = 8;
        let expected = check_sum_of(&[8]);
        let got = check_sum_of(&[7]);
        for check_sums in [CheckSums::Announced, CheckSums::ByLength] {
            let error = DecodeError::CrcMismatch { characteristic: SAMPLE, offset: 1, expected, got };
            assert_eq!(read(check_sums, &damaged), Err(error));
        }
    }

    #[test]
    fn a_fixed_size_is_checked_with_and_without_its_check_sum() {
        let size = |check_sums: CheckSums, octets: &[u8]| check_sums.fixed(SAMPLE, octets, 1).is_ok();
        assert_eq!([1, 2, 3].map(|length| size(CheckSums::Announced, &[0; 3][..length])), [false, false, true]);
        assert_eq!([1, 2, 3].map(|length| size(CheckSums::NotAnnounced, &[0; 3][..length])), [true, false, false]);
        assert_eq!([1, 2, 3].map(|length| size(CheckSums::ByLength, &[0; 3][..length])), [true, false, true]);
    }
}
