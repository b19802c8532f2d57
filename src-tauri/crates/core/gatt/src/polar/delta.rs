//! The delta compression of PMD frames: a whole sample, then blocks of bit-packed differences.
//! It knows channels and widths, not what is measured.
use crate::error::{DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;

const WIDEST_DIFFERENCE: u8 = 32;

/// All samples of the rest of a value: `N` channels, the first sample `sample_octets` an each.
///
/// A block is the width of a difference in bits, the number of samples, and the differences, channel by channel,
/// least significant bit first, filled up to an octet.
pub(super) fn read<const N: usize>(
    reader: &mut Reader<'_>,
    sample_octets: usize,
) -> Result<Vec<[i32; N]>, DecodeError> {
    let mut sample = [0; N];
    for channel in &mut sample {
        *channel = read_signed(reader.take("reference sample", sample_octets)?);
    }
    let mut samples = vec![sample];
    while reader.remaining() > 0 {
        let width = reader.u8("difference width")?;
        if width == 0 || width > WIDEST_DIFFERENCE {
            return Err(reader.out_of_range("difference width", 1, "1 to 32 bits", width));
        }
        let count = usize::from(reader.u8("number of samples")?);
        let packed = reader.take("differences", (count * usize::from(width) * N).div_ceil(8))?;
        let mut bits = Bits { packed, at: 0 };
        for _ in 0..count {
            for channel in &mut sample {
                let difference = bits.signed(width);
                *channel = channel.checked_add(difference).ok_or_else(|| {
                    reader.out_of_range("difference", packed.len(), "within a 32-bit sample", difference)
                })?;
            }
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// The reverse of [`read`]: blocks of up to 255 samples, each as wide as its largest difference needs.
pub(super) fn write<const N: usize>(
    writer: &mut Writer,
    sample_octets: usize,
    samples: &[[i32; N]],
) -> Result<(), EncodeError> {
    let Some(reference) = samples.first() else { return Ok(()) };
    let spare_bits = 32 - 8 * sample_octets;
    for channel in reference {
        if channel << spare_bits >> spare_bits != *channel {
            return Err(writer.out_of_range("reference sample", "a number of the sample's width", *channel));
        }
        writer.octets(&channel.to_le_bytes()[..sample_octets]);
    }
    let mut differences = Vec::with_capacity(samples.len().saturating_sub(1) * N);
    for (sample, next) in samples.iter().zip(samples.iter().skip(1)) {
        for (channel, next) in sample.iter().zip(next) {
            let Some(difference) = next.checked_sub(*channel) else {
                return Err(writer.out_of_range("difference", "within 32 bits", *next));
            };
            differences.push(difference);
        }
    }
    for block in differences.chunks(usize::from(u8::MAX) * N) {
        let width = block.iter().map(|difference| bits_of(*difference)).max().unwrap_or(1);
        writer.octets(&[width, (block.len() / N) as u8]);
        writer.octets(&pack(block, width));
    }
    Ok(())
}

fn read_signed(octets: &[u8]) -> i32 {
    let spare_bits = 32 - 8 * octets.len();
    let unsigned = octets.iter().rev().fold(0, |word: u32, octet| word << 8 | u32::from(*octet));
    (unsigned << spare_bits) as i32 >> spare_bits
}

/// Bits of the smallest two's complement number that holds a difference.
const fn bits_of(difference: i32) -> u8 {
    let magnitude = if difference < 0 { !difference } else { difference };
    33 - magnitude.leading_zeros() as u8
}

fn pack(differences: &[i32], width: u8) -> Vec<u8> {
    let mut packed = Vec::with_capacity((differences.len() * usize::from(width)).div_ceil(8));
    let (mut pending, mut pending_bits) = (0u64, 0);
    for difference in differences {
        let mask = u64::MAX >> (64 - width);
        pending |= (*difference as u64 & mask) << pending_bits;
        pending_bits += width;
        while pending_bits >= 8 {
            packed.push(pending as u8);
            pending >>= 8;
            pending_bits -= 8;
        }
    }
    if pending_bits > 0 {
        packed.push(pending as u8);
    }
    packed
}

struct Bits<'a> {
    packed: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `width` bits (1 to 32) as a two's complement number.
    fn signed(&mut self, width: u8) -> i32 {
        let mut window = 0u64;
        for (index, octet) in self.packed[self.at / 8..].iter().take(5).enumerate() {
            window |= u64::from(*octet) << (8 * index);
        }
        let spare_bits = 32 - width;
        let word = (window >> (self.at % 8)) as u32;
        self.at += usize::from(width);
        (word << spare_bits) as i32 >> spare_bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_needs_its_sign_bit_too() {
        let widths = [(0, 1), (-1, 1), (1, 2), (-2, 2), (-8, 4), (7, 4), (8, 5), (i32::MAX, 32), (i32::MIN, 32)];
        for (difference, width) in widths {
            assert_eq!(bits_of(difference), width, "{difference}");
        }
    }

    #[test]
    fn packed_differences_of_every_width_read_back() {
        for width in 1..=32u8 {
            let least = (i64::from(i32::MIN) >> (32 - width)) as i32;
            let differences = [least, !least, 0, -1, least];
            let packed = pack(&differences, width);
            let mut bits = Bits { packed: &packed, at: 0 };
            assert_eq!(differences.map(|_| bits.signed(width)), differences, "{width} bits");
        }
    }

    #[test]
    fn references_are_sign_extended_from_their_octets() {
        assert_eq!(read_signed(&[0xFF, 0xFF]), -1);
        assert_eq!(read_signed(&[0x00, 0x00, 0x80]), -8_388_608);
        assert_eq!(read_signed(&[0xFF, 0x7F]), 32_767);
    }
}
