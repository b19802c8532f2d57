//! PMD data frames: the samples of one measurement and the time of the last one.
//! Compressed samples come as sent; the factor from the start reply is applied by whoever holds the settings.
use super::control::MeasurementKind;
use super::delta;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const DATA: Characteristic = Characteristic::named("Polar Measurement Data");

const KIND_BITS: u8 = 0x3F;
const COMPRESSED: u8 = 0x80;
const OCTETS_24: usize = 3;
const OCTETS_16: usize = 2;

const BLOCKER: u8 = 1;
const CONTACT: u8 = 1 << 1;
const CONTACT_SUPPORTED: u8 = 1 << 2;

/// One notification of the data characteristic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFrame {
    /// Nanoseconds since 2000-01-01 of the sensor's clock, for the last sample of the frame.
    pub timestamp_ns: u64,
    /// The samples, oldest first; at least one.
    pub samples: Samples,
}

/// The samples of a frame by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// ECG in µV (frame type 0).
    Ecg(Vec<i32>),
    /// Optical pulse waveform, three channels and ambient light (frame type 0).
    Ppg(Vec<[i32; 4]>),
    /// The same, sent compressed (frame type 0): to be multiplied by the factor.
    PpgRaw(Vec<[i32; 4]>),
    /// Acceleration along x, y, z in mG (frame type 1).
    Acceleration(Vec<[i32; 3]>),
    /// Acceleration sent compressed: multiplied by the factor, type 0 gives G and type 1 gives mG.
    AccelerationRaw {
        /// The frame type, 0 or 1.
        frame_type: u8,
        /// The samples as sent.
        samples: Vec<[i32; 3]>,
    },
    /// Intervals between pulses (frame type 0).
    PulseIntervals(Vec<PulseInterval>),
}

/// One interval between two pulses, found optically. Valid only at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PulseInterval {
    /// Heart rate in beats a minute.
    pub heart_rate_bpm: u8,
    /// The interval in ms.
    pub interval_ms: u16,
    /// Estimated error of the interval in ms.
    pub error_ms: u16,
    /// The sensor moved: the interval is of no use.
    pub blocker: bool,
    /// The sensor touches the skin; unreliable on Verity Sense and OH1.
    pub contact: bool,
    /// The sensor can tell about contact.
    pub contact_supported: bool,
}

impl DataFrame {
    /// Reads a frame. Samples fill the rest of the value, so a value cut after a whole sample (or, compressed, after
    /// a whole block) is complete; a cut sample and a frame without samples are truncated.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(DATA, octets);
        let kind = reader.u8("measurement type")? & KIND_BITS;
        let readable = [MeasurementKind::Ecg, MeasurementKind::Ppg, MeasurementKind::Acceleration];
        let kind = MeasurementKind::from_octet(kind);
        if !readable.contains(&kind) && kind != MeasurementKind::PulseIntervals {
            return Err(reader.unsupported("ECG (0), PPG (1), acceleration (2) or PPI (3)", kind.octet()));
        }
        let timestamp_ns = reader.u64("time stamp")?;
        let frame_type = reader.u8("frame type")?;
        let samples = match (kind, frame_type) {
            (MeasurementKind::Ecg, 0) => Samples::Ecg(one_or_more(&mut reader, |r| r.i24("ECG sample"))?),
            (MeasurementKind::Ppg, 0) => Samples::Ppg(one_or_more(&mut reader, |r| channels(|| r.i24("PPG sample")))?),
            (MeasurementKind::Ppg, COMPRESSED) => Samples::PpgRaw(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Acceleration, 1) => Samples::Acceleration(one_or_more(&mut reader, |r| {
                channels(|| r.i16("acceleration sample").map(i32::from))
            })?),
            (MeasurementKind::Acceleration, 0x80 | 0x81) => Samples::AccelerationRaw {
                frame_type: frame_type & !COMPRESSED,
                samples: delta::read(&mut reader, OCTETS_16)?,
            },
            (MeasurementKind::PulseIntervals, 0) => {
                Samples::PulseIntervals(one_or_more(&mut reader, PulseInterval::read)?)
            }
            _ => return Err(reader.unsupported("a known frame type of the measurement", frame_type)),
        };
        Ok(Self { timestamp_ns, samples })
    }

    /// The octets; uncompressed samples as they are, compressed ones in blocks as narrow as their differences.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(DATA);
        if self.samples.is_empty() {
            return Err(writer.out_of_range("number of samples", "at least 1", 0));
        }
        writer.u8(self.samples.kind().octet());
        writer.u64(self.timestamp_ns);
        writer.u8(self.samples.frame_type() | if self.samples.is_compressed() { COMPRESSED } else { 0 });
        match &self.samples {
            Samples::Ecg(samples) => {
                for sample in samples {
                    writer.i24("ECG sample", *sample)?;
                }
            }
            Samples::Ppg(samples) => {
                for channel in samples.as_flattened() {
                    writer.i24("PPG sample", *channel)?;
                }
            }
            Samples::PpgRaw(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::Acceleration(samples) => {
                for axis in samples.as_flattened() {
                    let Ok(axis) = i16::try_from(*axis) else {
                        return Err(writer.out_of_range("acceleration sample", "a signed 16-bit number", *axis));
                    };
                    writer.i16(axis);
                }
            }
            Samples::AccelerationRaw { frame_type, samples } => {
                if *frame_type > 1 {
                    return Err(writer.out_of_range("frame type", "0 or 1", *frame_type));
                }
                delta::write(&mut writer, OCTETS_16, samples)?;
            }
            Samples::PulseIntervals(intervals) => intervals.iter().for_each(|interval| interval.write(&mut writer)),
        }
        Ok(writer.finish())
    }
}

impl Samples {
    /// What was measured.
    pub const fn kind(&self) -> MeasurementKind {
        match self {
            Self::Ecg(_) => MeasurementKind::Ecg,
            Self::Ppg(_) | Self::PpgRaw(_) => MeasurementKind::Ppg,
            Self::Acceleration(_) | Self::AccelerationRaw { .. } => MeasurementKind::Acceleration,
            Self::PulseIntervals(_) => MeasurementKind::PulseIntervals,
        }
    }

    /// The frame type, without the bit for compression.
    pub const fn frame_type(&self) -> u8 {
        match self {
            Self::Ecg(_) | Self::Ppg(_) | Self::PpgRaw(_) | Self::PulseIntervals(_) => 0,
            Self::Acceleration(_) => 1,
            Self::AccelerationRaw { frame_type, .. } => *frame_type,
        }
    }

    /// Whether the samples come as differences.
    pub const fn is_compressed(&self) -> bool {
        matches!(self, Self::PpgRaw(_) | Self::AccelerationRaw { .. })
    }

    /// How many samples there are; one sample has all its channels.
    pub const fn len(&self) -> usize {
        match self {
            Self::Ecg(samples) => samples.len(),
            Self::Ppg(samples) | Self::PpgRaw(samples) => samples.len(),
            Self::Acceleration(samples) | Self::AccelerationRaw { samples, .. } => samples.len(),
            Self::PulseIntervals(intervals) => intervals.len(),
        }
    }

    /// Whether there is no sample; never so in a decoded frame.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PulseInterval {
    /// Whether the interval may be used: no motion, and contact wherever the sensor can tell.
    pub const fn is_usable(&self) -> bool {
        !self.blocker && (self.contact || !self.contact_supported)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let heart_rate_bpm = reader.u8("heart rate")?;
        let interval_ms = reader.u16("pulse interval")?;
        let error_ms = reader.u16("error estimate")?;
        let flags = reader.u8("pulse interval flags")?;
        let raised = |flag: u8| flags & flag != 0;
        let (blocker, contact, contact_supported) = (raised(BLOCKER), raised(CONTACT), raised(CONTACT_SUPPORTED));
        Ok(Self { heart_rate_bpm, interval_ms, error_ms, blocker, contact, contact_supported })
    }

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.heart_rate_bpm);
        writer.u16(self.interval_ms);
        writer.u16(self.error_ms);
        let flag = |raised: bool, flag: u8| if raised { flag } else { 0 };
        writer.u8(flag(self.blocker, BLOCKER)
            | flag(self.contact, CONTACT)
            | flag(self.contact_supported, CONTACT_SUPPORTED));
    }
}

fn one_or_more<'a, T>(
    reader: &mut Reader<'a>,
    mut sample: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut samples = Vec::new();
    while samples.is_empty() || reader.remaining() > 0 {
        samples.push(sample(reader)?);
    }
    Ok(samples)
}

fn channels<const N: usize>(mut next: impl FnMut() -> Result<i32, DecodeError>) -> Result<[i32; N], DecodeError> {
    let mut channels = [0; N];
    for channel in &mut channels {
        *channel = next()?;
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn frame(kind: u8, frame_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut octets = vec![kind, 1, 0, 0, 0, 0, 0, 0, 0, frame_type];
        octets.extend_from_slice(payload);
        octets
    }

    fn samples(kind: u8, frame_type: u8, payload: &[u8]) -> Samples {
        DataFrame::decode(&frame(kind, frame_type, payload)).unwrap().samples
    }

    fn kind_of_error(octets: &[u8]) -> &'static str {
        DataFrame::decode(octets).unwrap_err().kind()
    }

    #[test]
    fn ecg_samples_are_signed_24_bit_microvolts() {
        let decoded = samples(0, 0, &[0x0A, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 0x80]);
        assert_eq!(decoded, Samples::Ecg(vec![10, -1, -8_388_608]));
    }

    #[test]
    fn the_type_is_the_low_six_bits_and_the_time_is_that_of_the_last_sample() {
        let decoded = DataFrame::decode(&frame(0x80, 0, &[1, 0, 0])).unwrap();
        assert_eq!((decoded.timestamp_ns, decoded.samples), (1, Samples::Ecg(vec![1])));
    }

    #[test]
    fn acceleration_is_three_axes_in_thousandths_of_g() {
        let decoded = samples(2, 1, &[0xE8, 0x03, 0x18, 0xFC, 0, 0]);
        assert_eq!(decoded, Samples::Acceleration(vec![[1000, -1000, 0]]));
    }

    #[test]
    fn optical_samples_have_three_channels_and_ambient_light() {
        let decoded = samples(1, 0, &[1, 0, 0, 2, 0, 0, 3, 0, 0, 0xFC, 0xFF, 0xFF]);
        assert_eq!(decoded, Samples::Ppg(vec![[1, 2, 3, -4]]));
    }

    #[test]
    fn a_pulse_interval_is_usable_without_motion_and_with_contact() {
        let Samples::PulseIntervals(intervals) =
            samples(3, 0, &[75, 0x20, 0x03, 10, 0, 0b110, 75, 0x20, 0x03, 10, 0, 0b100, 75, 0x20, 0x03, 10, 0, 0b111])
        else {
            panic!("not pulse intervals");
        };
        assert_eq!((intervals[0].heart_rate_bpm, intervals[0].interval_ms, intervals[0].error_ms), (75, 800, 10));
        assert_eq!(intervals.iter().map(PulseInterval::is_usable).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn compressed_acceleration_adds_differences_to_the_sample_before() {
        // Reference 100, -100, 0; then one block of two samples with differences four bits wide:
        // (1, -1, 7), (-8, 2, 0).
        let payload = [100, 0, 0x9C, 0xFF, 0, 0, 4, 2, 0xF1, 0x87, 0x02];
        let expected = vec![[100, -100, 0], [101, -101, 7], [93, -99, 7]];
        assert_eq!(samples(2, 0x81, &payload), Samples::AccelerationRaw { frame_type: 1, samples: expected });
    }

    #[test]
    fn cut_samples_and_empty_frames_are_truncated() {
        for cut in [&frame(0, 0, &[])[..], &frame(0, 0, &[1, 0]), &frame(0, 0, &[1, 0, 0, 1]), &frame(2, 1, &[0; 5])] {
            assert_eq!(kind_of_error(cut), "truncated", "{cut:02x?}");
        }
        for cut in 6..11 {
            let payload = [100, 0, 0x9C, 0xFF, 0, 0, 4, 2, 0xF1, 0x87, 0x02];
            let rejected = DataFrame::decode(&frame(2, 0x81, &payload[..cut])).is_err();
            assert_eq!(rejected, cut != 6, "only the reference sample alone is complete, cut at {cut}");
        }
    }

    #[test]
    fn unknown_measurements_and_frame_types_are_unsupported() {
        assert_eq!(kind_of_error(&frame(5, 0, &[0; 6])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(0, 1, &[0; 3])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(2, 0x82, &[0; 9])), "unsupported_opcode");
    }

    #[test]
    fn a_width_of_no_bits_or_above_32_is_out_of_range() {
        for width in [0, 33, 255] {
            assert_eq!(kind_of_error(&frame(2, 0x81, &[0, 0, 0, 0, 0, 0, width, 1, 0, 0])), "out_of_range");
        }
    }
}
