//! Heart Rate service 0x180D (Bluetooth SIG): the measurement with its beat intervals, and where the sensor sits.
//! No allocation on the way in: intervals are a view on the octets. Whether a rate is plausible is not judged here.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

const HEART_RATE_MEASUREMENT: Characteristic = Characteristic::named("Heart Rate Measurement");
const BODY_SENSOR_LOCATION: Characteristic = Characteristic::named("Body Sensor Location");

const WIDE_RATE: u8 = 1;
const CONTACT_DETECTED: u8 = 1 << 1;
const CONTACT_SUPPORTED: u8 = 1 << 2;
const ENERGY_PRESENT: u8 = 1 << 3;
const INTERVALS_PRESENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Heart Rate Measurement 0x2A37.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartRateMeasurement<'a> {
    /// Beats a minute, as sent: 0 and 65535 are possible.
    pub heart_rate_bpm: u16,
    /// Whether the sensor touches the skin.
    pub sensor_contact: SensorContact,
    /// Energy since the last reset in kJ; stays at 65535 when the counter is full.
    pub energy_expended_kj: Option<u16>,
    /// Times between beats in 1/1024 s, oldest first; empty when the value carries none.
    pub rr_1024: RrIntervals<'a>,
}

/// Whether the sensor touches the skin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SensorContact {
    /// The sensor cannot tell.
    NotSupported,
    /// No contact, or a poor one.
    NotDetected,
    /// Contact.
    Detected,
}

/// Times between beats in 1/1024 s, oldest first, read where they lie. 0 and 65535 are possible.
#[derive(Clone, Copy)]
pub struct RrIntervals<'a>(Intervals<'a>);

#[derive(Clone, Copy)]
enum Intervals<'a> {
    Octets(&'a [[u8; 2]]),
    Numbers(&'a [u16]),
}

octet_codes! {
    /// Body Sensor Location 0x2A38.
    pub enum BodySensorLocation {
        /// Elsewhere.
        Other = 0 => "other",
        /// Chest.
        Chest = 1 => "chest",
        /// Wrist.
        Wrist = 2 => "wrist",
        /// Finger.
        Finger = 3 => "finger",
        /// Hand.
        Hand = 4 => "hand",
        /// Ear lobe.
        EarLobe = 5 => "ear_lobe",
        /// Foot.
        Foot = 6 => "foot",
    }
}

impl<'a> HeartRateMeasurement<'a> {
    /// Reads a value without allocating. With the interval flag every pair of octets left is one interval, so a
    /// value cut after a complete interval is itself complete; a lone octet is a cut interval.
    #[inline]
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(HEART_RATE_MEASUREMENT, octets);
        let flags = reader.u8("flags")?;
        let heart_rate_bpm =
            if flags & WIDE_RATE == 0 { u16::from(reader.u8("heart rate")?) } else { reader.u16("heart rate")? };
        let energy_expended_kj = if flags & ENERGY_PRESENT == 0 { None } else { Some(reader.u16("energy expended")?) };
        let rr_1024 = if flags & INTERVALS_PRESENT == 0 { RrIntervals::EMPTY } else { RrIntervals::read(&mut reader)? };
        if reader.remaining() == 1 && flags & (INTERVALS_PRESENT | RESERVED) == INTERVALS_PRESENT {
            return Err(reader.truncated("RR interval", 2));
        }
        reader.finish(flags & RESERVED != 0)?;
        Ok(Self { heart_rate_bpm, sensor_contact: SensorContact::from_flags(flags), energy_expended_kj, rr_1024 })
    }

    /// The octets: a rate up to 255 in one, a higher one in two.
    pub fn encode(&self) -> Vec<u8> {
        let mut flags = self.sensor_contact.flags();
        let narrow_rate = u8::try_from(self.heart_rate_bpm);
        if narrow_rate.is_err() {
            flags |= WIDE_RATE;
        }
        if self.energy_expended_kj.is_some() {
            flags |= ENERGY_PRESENT;
        }
        if !self.rr_1024.is_empty() {
            flags |= INTERVALS_PRESENT;
        }
        let mut writer = Writer::new(HEART_RATE_MEASUREMENT);
        writer.u8(flags);
        match narrow_rate {
            Ok(rate) => writer.u8(rate),
            Err(_) => writer.u16(self.heart_rate_bpm),
        }
        if let Some(energy) = self.energy_expended_kj {
            writer.u16(energy);
        }
        for interval in self.rr_1024.iter() {
            writer.u16(interval);
        }
        writer.finish()
    }
}

impl SensorContact {
    const fn from_flags(flags: u8) -> Self {
        // The detection bit means something only where detection is supported.
        match (flags & CONTACT_SUPPORTED != 0, flags & CONTACT_DETECTED != 0) {
            (false, _) => Self::NotSupported,
            (true, false) => Self::NotDetected,
            (true, true) => Self::Detected,
        }
    }

    const fn flags(self) -> u8 {
        match self {
            Self::NotSupported => 0,
            Self::NotDetected => CONTACT_SUPPORTED,
            Self::Detected => CONTACT_SUPPORTED | CONTACT_DETECTED,
        }
    }

    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSupported => "not_supported",
            Self::NotDetected => "not_detected",
            Self::Detected => "detected",
        }
    }
}

impl<'a> RrIntervals<'a> {
    /// No interval.
    pub const EMPTY: Self = Self(Intervals::Numbers(&[]));

    /// Intervals in 1/1024 s, oldest first, for a value to be encoded.
    pub const fn from_1024ths(intervals: &'a [u16]) -> Self {
        Self(Intervals::Numbers(intervals))
    }

    /// How many intervals there are.
    pub const fn len(self) -> usize {
        match self.0 {
            Intervals::Octets(pairs) => pairs.len(),
            Intervals::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether the value carries no interval.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The intervals in 1/1024 s, oldest first.
    pub fn iter(self) -> impl ExactSizeIterator<Item = u16> + 'a {
        (0..self.len()).map(move |index| match self.0 {
            Intervals::Octets(pairs) => u16::from_le_bytes(pairs[index]),
            Intervals::Numbers(numbers) => numbers[index],
        })
    }

    #[inline]
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let pairs = reader.remaining() / 2;
        if pairs == 0 {
            return Err(reader.truncated("RR interval", 2));
        }
        let (pairs, _) = reader.take("RR interval", pairs * 2)?.as_chunks::<2>();
        Ok(Self(Intervals::Octets(pairs)))
    }
}

impl PartialEq for RrIntervals<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for RrIntervals<'_> {}

impl fmt::Debug for RrIntervals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl BodySensorLocation {
    /// A value of exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(BODY_SENSOR_LOCATION, octets, 1)?.u8("location").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(octets: &[u8]) -> Vec<u16> {
        HeartRateMeasurement::decode(octets).unwrap().rr_1024.iter().collect()
    }

    fn kind(octets: &[u8]) -> &'static str {
        HeartRateMeasurement::decode(octets).unwrap_err().kind()
    }

    #[test]
    fn a_rate_alone_is_two_octets() {
        let beat = HeartRateMeasurement::decode(&[0x00, 72]).unwrap();
        assert_eq!((beat.heart_rate_bpm, beat.sensor_contact), (72, SensorContact::NotSupported));
        assert_eq!((beat.energy_expended_kj, beat.rr_1024), (None, RrIntervals::EMPTY));
    }

    #[test]
    fn every_field_is_read_in_the_order_of_its_flag() {
        let beat = HeartRateMeasurement::decode(&[0x1F, 0x2C, 0x01, 0x34, 0x12, 0x00, 0x04, 0x20, 0x03]).unwrap();
        assert_eq!((beat.heart_rate_bpm, beat.energy_expended_kj), (300, Some(0x1234)));
        assert_eq!(beat.sensor_contact, SensorContact::Detected);
        assert_eq!(beat.rr_1024, RrIntervals::from_1024ths(&[1024, 800]));
    }

    #[test]
    fn contact_counts_only_where_it_is_supported() {
        let contact = |flags| HeartRateMeasurement::decode(&[flags, 60]).unwrap().sensor_contact;
        assert_eq!(contact(0b010), SensorContact::NotSupported);
        assert_eq!(contact(0b100), SensorContact::NotDetected);
        assert_eq!(contact(0b110), SensorContact::Detected);
    }

    #[test]
    fn nine_intervals_fit_the_smallest_link_and_impossible_ones_are_kept() {
        let mut value = vec![0x10, 60];
        value.extend([0x00, 0x00, 0xFF, 0xFF].into_iter().chain([0x00, 0x04].into_iter().cycle().take(14)));
        assert_eq!(intervals(&value), [0, 0xFFFF, 1024, 1024, 1024, 1024, 1024, 1024, 1024]);
    }

    #[test]
    fn missing_and_cut_fields_are_truncated() {
        for octets in [&[][..], &[0x00], &[0x01, 72], &[0x08, 72, 1], &[0x10, 72], &[0x10, 72, 1], &[0x10, 72, 0, 4, 1]]
        {
            assert_eq!(kind(octets), "truncated", "{octets:02x?}");
        }
    }

    #[test]
    fn surplus_is_rejected_unless_a_reserved_flag_may_announce_it() {
        assert_eq!(kind(&[0x00, 72, 1]), "trailing_bytes");
        assert_eq!(HeartRateMeasurement::decode(&[0x20, 72, 1]).unwrap().heart_rate_bpm, 72);
        assert_eq!(intervals(&[0x30, 72, 0, 4, 1]), [1024]);
    }

    #[test]
    fn a_reserved_flag_does_not_excuse_a_missing_field() {
        assert_eq!(kind(&[0xF0, 72]), "truncated");
        assert_eq!(kind(&[0xE1, 72]), "truncated");
    }

    #[test]
    fn locations_are_named_and_undefined_ones_keep_their_number() {
        assert_eq!(BodySensorLocation::decode(&[5]).unwrap().name(), "ear_lobe");
        assert_eq!(BodySensorLocation::decode(&[7]), Ok(BodySensorLocation::Reserved(7)));
        assert_eq!(BodySensorLocation::Reserved(7).name(), "reserved");
        assert_eq!(BodySensorLocation::decode(&[1, 1]).unwrap_err().kind(), "length");
    }
}
