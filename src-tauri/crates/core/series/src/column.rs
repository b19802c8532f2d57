//! One column of whole numbers, packed in blocks of 128: as steps of even width, as offsets from the least of a block, or
//! as steps in Rice codes. Not here: how many numbers there are; the blob around the column says so.
//!
//! A block is one octet, a width in the low six bits and the way in the top two, then for offsets the least value, then
//! the packed numbers, least significant bit first. The writer takes the smallest way for each block: offsets where
//! values jump about in a narrow range, Rice codes where most steps are small and some are not (S. Golomb 1966, R. Rice
//! 1979: the low `width` bits, and the rest as so many ones and a zero).
use crate::wire::{Octets, SeriesError, put_signed, unzigzag, zigzag};
use alloc::vec::Vec;

/// Numbers of one block. A block takes at least one octet: this bounds what a blob can claim to hold.
pub(crate) const BLOCK: usize = 128;

const STEPS: u8 = 0;
const OFFSETS: u8 = 0x80;
const RICE: u8 = 0x40;

/// No step between two values of a column is larger, the sign in the lowest bit.
const MOST_STEP: u64 = 1 << 35;
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
        let way = head & !WIDTH;
        if !matches!(way, STEPS | OFFSETS | RICE) {
            return Err(SeriesError::OutOfRange { what: "a way of packing", most: OFFSETS.into(), got: way.into() });
        }
        let base = if way == OFFSETS { octets.signed()? } else { 0 };
        let mut bits = Bits { octets: &mut *octets, held: 0, count: 0 };
        for _ in 0..here {
            let ones = if way == RICE { bits.ones(MOST_STEP >> width)? << width } else { 0 };
            let number = ones | bits.take(width)?;
            let value = if way == OFFSETS {
                base.checked_add(number.cast_signed())
            } else {
                last.checked_add(unzigzag(number))
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
    let mut steps = [0u64; BLOCK];
    let (mut all, mut last) = (0u64, before);
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for (step, &value) in steps.iter_mut().zip(block) {
        *step = zigzag(value - last);
        all |= *step;
        last = value;
        least = least.min(value);
        most = most.max(value);
    }
    let steps = &steps[..block.len()];
    let (by_steps, by_offsets) = (width_of(all), width_of((most - least).cast_unsigned()));
    let (by_rice, rice_bits) = best_rice(steps);
    let bits = |width: u32| block.len() as u64 * u64::from(width);
    // The least value costs up to five octets more.
    let offsets_bits = bits(by_offsets) + 40;
    if rice_bits < bits(by_steps).min(offsets_bits) {
        out.push(by_rice as u8 | RICE);
        let mut bits = PutBits { out, held: 0, count: 0 };
        for &step in steps {
            bits.ones(step >> by_rice);
            bits.put(by_rice, step & ((1 << by_rice) - 1));
        }
        bits.end();
    } else if offsets_bits < bits(by_steps) {
        out.push(by_offsets as u8 | OFFSETS);
        put_signed(out, least);
        put_bits(out, by_offsets, block.iter().map(|&value| (value - least).cast_unsigned()));
    } else {
        out.push(by_steps as u8 | STEPS);
        put_bits(out, by_steps, steps.iter().copied());
    }
}

fn put_bits(out: &mut Vec<u8>, width: u32, numbers: impl Iterator<Item = u64>) {
    let mut bits = PutBits { out, held: 0, count: 0 };
    numbers.for_each(|number| bits.put(width, number));
    bits.end();
}

/// The Rice code that takes the fewest bits, and how many; the best width is close to that of the mean.
fn best_rice(steps: &[u64]) -> (u32, u64) {
    let mean = steps.iter().sum::<u64>() / steps.len().max(1) as u64;
    let about = width_of(mean);
    let bits = |width: u32| steps.iter().map(|step| (step >> width) + 1 + u64::from(width)).sum::<u64>();
    let tried = (about.saturating_sub(2)..=about).map(|width| (width, bits(width)));
    tried.min_by_key(|(_, bits)| *bits).unwrap_or((0, u64::MAX))
}

/// Reads bits from whole octets; what is left of the last one is dropped.
struct Bits<'o, 'a> {
    octets: &'o mut Octets<'a>,
    held: u64,
    count: u32,
}

impl Bits<'_, '_> {
    fn take(&mut self, width: u32) -> Result<u64, SeriesError> {
        while self.count < width {
            self.held |= u64::from(self.octets.octet()?) << self.count;
            self.count += 8;
        }
        let number = self.held & ((1 << width) - 1);
        self.held >>= width;
        self.count -= width;
        Ok(number)
    }

    /// How many ones stand before the next zero.
    fn ones(&mut self, most: u64) -> Result<u64, SeriesError> {
        let mut ones = 0;
        while ones <= most {
            let here = self.held.trailing_ones();
            ones += u64::from(here);
            if here < self.count {
                self.held >>= here + 1;
                self.count -= here + 1;
                return Ok(ones);
            }
            self.held = self.octets.octet()?.into();
            self.count = 8;
        }
        Err(SeriesError::OutOfRange { what: "a step", most, got: ones })
    }
}

/// Writes bits into whole octets.
struct PutBits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl PutBits<'_> {
    fn put(&mut self, width: u32, number: u64) {
        self.held |= number << self.count;
        self.count += width;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn ones(&mut self, ones: u64) {
        (0..ones / 32).for_each(|_| self.put(32, 0xffff_ffff));
        let rest = (ones % 32) as u32;
        self.put(rest + 1, (1 << rest) - 1);
    }

    fn end(self) {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
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
        fn small_steps_with_a_few_large_ones_come_back(
            steps in prop::collection::vec((-40i64..40, prop::option::weighted(0.02, -9_000_000i64..9_000_000)), 0..400),
        ) {
            let mut value = 0;
            let values: Vec<i64> = steps.into_iter().map(|(step, far)| { value += step; value + far.unwrap_or(0) }).collect();
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
    fn seldom_steps_cost_hardly_more_than_a_bit_a_value() {
        let mut blob = Vec::new();
        put_column(&mut blob, (0..128).map(|i| 72 + i / 16 % 2));
        assert!(blob.len() < 24, "{} octets", blob.len());
    }

    #[test]
    fn a_way_of_packing_that_is_unknown_is_refused() {
        let blob = [1, OFFSETS | RICE | 1, 0, 0];
        let mut octets = Octets::of(&blob, 1).unwrap();
        let got = take_column(&mut octets, 1, ANY, |_| ());
        assert_eq!(got, Err(SeriesError::OutOfRange { what: "a way of packing", most: 0x80, got: 0xc0 }));
    }

    #[test]
    fn ones_without_end_are_refused() {
        let blob = [&[1, RICE | 34][..], &[0xff; 40]].concat();
        let mut octets = Octets::of(&blob, 1).unwrap();
        assert!(matches!(
            take_column(&mut octets, 1, ANY, |_| ()),
            Err(SeriesError::OutOfRange { what: "a step", .. })
        ));
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
