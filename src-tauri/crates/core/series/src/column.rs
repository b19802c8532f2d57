//! One column of whole numbers, bit-packed in blocks of 128: as differences, or as offsets from the least of a block.
//! Not here: how many numbers there are; the blob around the column says so.
//!
//! A block is one octet, width in the low six bits and the way in the top one, then for offsets the least value, then
//! the packed numbers, least significant bit first. The writer takes the smaller way for each block.
use crate::wire::{Octets, SeriesError, put_signed, unzigzag, zigzag};
use alloc::vec::Vec;

/// Numbers of one block. A block takes at least one octet: this bounds what a blob can claim to hold.
pub(crate) const BLOCK: usize = 128;

const OFFSETS: u8 = 0x80;
const WIDTH: u8 = 0x3f;

/// Appends a column. Every value must fit 32 bits and a sign (`i32` or `u32`), so that no difference passes 34 bits.
pub(crate) fn put_column(out: &mut Vec<u8>, values: impl Iterator<Item = i64>) {
    let mut values = values.peekable();
    let mut last = 0i64;
    let mut block = [0i64; BLOCK];
    while values.peek().is_some() {
        let mut filled = 0;
        for (place, value) in block.iter_mut().zip(values.by_ref()) {
            *place = value;
            filled += 1;
        }
        put_block(out, &block[..filled], last);
        last = block[filled - 1];
    }
}

/// Reads `count` numbers, each of which must lie from `least` to `most`.
pub(crate) fn take_column(
    octets: &mut Octets<'_>,
    count: usize,
    (least, most): (i64, i64),
    mut each: impl FnMut(i64),
) -> Result<(), SeriesError> {
    let out_of_range =
        |got: i64| SeriesError::OutOfRange { what: "a value", most: most.unsigned_abs(), got: got as u64 };
    let mut last = 0i64;
    let mut left = count;
    while left > 0 {
        let here = left.min(BLOCK);
        let head = octets.octet()?;
        let width = u32::from(head & WIDTH);
        if width > 40 {
            return Err(SeriesError::OutOfRange { what: "bits a number", most: 40, got: width.into() });
        }
        let base = if head & OFFSETS == 0 { None } else { Some(octets.signed()?) };
        let packed = octets.take((here * width as usize).div_ceil(8))?;
        let mask = (1u64 << width) - 1;
        let (mut bits, mut held) = (0u64, 0u32);
        let mut next = packed.iter();
        for _ in 0..here {
            while held < width {
                // `take` made sure of the octets; 0 is never used.
                bits |= u64::from(next.next().copied().unwrap_or(0)) << held;
                held += 8;
            }
            let number = bits & mask;
            bits >>= width;
            held -= width;
            let value = match base {
                Some(base) => base.checked_add(number as i64),
                None => last.checked_add(unzigzag(number)),
            };
            last =
                value.filter(|v| (least..=most).contains(v)).ok_or_else(|| out_of_range(value.unwrap_or(i64::MAX)))?;
            each(last);
        }
        left -= here;
    }
    Ok(())
}

fn put_block(out: &mut Vec<u8>, block: &[i64], before: i64) {
    let (mut steps, mut last) = (0u64, before);
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for &value in block {
        steps |= zigzag(value - last);
        last = value;
        least = least.min(value);
        most = most.max(value);
    }
    let by_steps = width_of(steps);
    let by_offsets = width_of((most - least) as u64);
    // The least value costs up to five octets more.
    let octets = |width: u32| (block.len() * width as usize).div_ceil(8);
    if octets(by_offsets) + 5 < octets(by_steps) {
        out.push(by_offsets as u8 | OFFSETS);
        put_signed(out, least);
        put_bits(out, by_offsets, block.iter().map(|&value| (value - least) as u64));
    } else {
        let mut last = before;
        let steps = block.iter().map(|&value| zigzag(value - core::mem::replace(&mut last, value)));
        out.push(by_steps as u8);
        put_bits(out, by_steps, steps);
    }
}

fn put_bits(out: &mut Vec<u8>, width: u32, numbers: impl Iterator<Item = u64>) {
    let (mut bits, mut held) = (0u64, 0);
    for number in numbers {
        bits |= number << held;
        held += width;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
}

const fn width_of(all: u64) -> u32 {
    u64::BITS - all.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANY: (i64, i64) = (i32::MIN as i64, u32::MAX as i64);

    fn round_trip(values: &[i64]) -> Vec<i64> {
        let mut blob = alloc::vec![1];
        put_column(&mut blob, values.iter().copied());
        let mut octets = Octets::of(&blob, 1).unwrap();
        let mut back = Vec::new();
        take_column(&mut octets, values.len(), ANY, |value| back.push(value)).unwrap();
        octets.end().unwrap();
        back
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(values in prop::collection::vec(ANY.0..=ANY.1, 0..400)) {
            prop_assert_eq!(round_trip(&values), values);
        }

        #[test]
        fn a_quiet_signal_comes_back(values in prop::collection::vec(-3i64..3, 0..400), base in -9000i64..9000) {
            let values: Vec<i64> = values.iter().map(|v| v + base).collect();
            prop_assert_eq!(round_trip(&values), values);
        }

        #[test]
        fn a_column_cut_short_is_refused(values in prop::collection::vec(ANY.0..=ANY.1, 1..300), cut in 0usize..1000) {
            let mut blob = alloc::vec![1];
            put_column(&mut blob, values.iter().copied());
            let cut = 1 + cut % (blob.len() - 1);
            let mut octets = Octets::of(&blob[..cut], 1).unwrap();
            prop_assert!(take_column(&mut octets, values.len(), ANY, |_| ()).is_err());
        }
    }

    #[test]
    fn a_constant_takes_one_octet_a_block_after_the_first() {
        let mut blob = Vec::new();
        put_column(&mut blob, core::iter::repeat_n(1000, 128 * 10));
        assert!(blob.len() < 9 + 180, "{} octets", blob.len());
    }

    #[test]
    fn jumping_offsets_cost_their_range_and_not_their_steps() {
        let mut blob = Vec::new();
        put_column(&mut blob, (0..128).map(|i| 1000 + (i % 2) * 15));
        assert_eq!(blob.len(), 1 + 2 + 128 * 4 / 8);
    }

    #[test]
    fn a_value_beyond_its_type_is_refused() {
        let mut blob = alloc::vec![1];
        put_column(&mut blob, [i64::from(u32::MAX)].into_iter());
        let mut octets = Octets::of(&blob, 1).unwrap();
        let i32s = (i64::from(i32::MIN), i64::from(i32::MAX));
        assert!(matches!(take_column(&mut octets, 1, i32s, |_| ()), Err(SeriesError::OutOfRange { .. })));
    }
}
