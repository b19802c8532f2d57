//! PMD data frames: the samples of one measurement and the time of the last one.
//! Compressed samples come as sent; the factor from the start reply is applied by whoever holds the settings.
use super::control::MeasurementKind;
use super::delta;
use super::samples::{EcgContactSample, EcgTaggedSample, PulseInterval, Samples};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const DATA: Characteristic = Characteristic::named("Polar Measurement Data");

const KIND_BITS: u8 = 0x3F;
const COMPRESSED: u8 = 0x80;
const OCTETS_24: usize = 3;
const OCTETS_16: usize = 2;

/// One notification of the data characteristic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFrame {
    /// Nanoseconds since 2000-01-01 of the sensor's clock, for the last sample of the frame.
    pub timestamp_ns: u64,
    /// The samples, oldest first; at least one.
    pub samples: Samples,
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
        let compressed = frame_type & COMPRESSED != 0;
        let samples = match (kind, compressed, frame_type & !COMPRESSED) {
            (MeasurementKind::Ecg, false, 0) => Samples::Ecg(one_or_more(&mut reader, |r| r.i24("ECG sample"))?),
            (MeasurementKind::Ecg, false, 1) => Samples::EcgContact(one_or_more(&mut reader, EcgContactSample::read)?),
            (MeasurementKind::Ecg, false, 2) => Samples::EcgTagged(one_or_more(&mut reader, EcgTaggedSample::read)?),
            (MeasurementKind::Ecg, true, 0) => Samples::EcgRaw(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Ppg, false, 0) => {
                Samples::Ppg(one_or_more(&mut reader, |r| channels(|| r.i24("PPG sample")))?)
            }
            (MeasurementKind::Ppg, true, 0) => Samples::PpgRaw(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Ppg, true, 7) => Samples::PpgSixteen(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Ppg, true, 8) => Samples::PpgTwentyFour(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Ppg, true, 10) => Samples::PpgColours(delta::read(&mut reader, OCTETS_24)?),
            (MeasurementKind::Acceleration, false, frame_type @ 0..=2) => {
                let samples = one_or_more(&mut reader, |r| channels(|| axis(r, frame_type)))?;
                Samples::Acceleration { frame_type, samples }
            }
            (MeasurementKind::Acceleration, true, frame_type @ 0..=1) => {
                Samples::AccelerationRaw { frame_type, samples: delta::read(&mut reader, OCTETS_16)? }
            }
            (MeasurementKind::PulseIntervals, false, 0) => {
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
            Samples::Ecg(samples) => samples.iter().try_for_each(|sample| writer.i24("ECG sample", *sample))?,
            Samples::EcgContact(samples) => samples.iter().try_for_each(|sample| sample.write(&mut writer))?,
            Samples::EcgTagged(samples) => samples.iter().try_for_each(|sample| sample.write(&mut writer))?,
            Samples::EcgRaw(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::Ppg(samples) => {
                samples.as_flattened().iter().try_for_each(|channel| writer.i24("PPG sample", *channel))?;
            }
            Samples::PpgRaw(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::PpgSixteen(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::PpgTwentyFour(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::PpgColours(samples) => delta::write(&mut writer, OCTETS_24, samples)?,
            Samples::Acceleration { frame_type, samples } => {
                samples.as_flattened().iter().try_for_each(|axis| write_axis(&mut writer, *frame_type, *axis))?;
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

/// One axis of an acceleration, in as many octets as its frame type has.
fn axis(reader: &mut Reader<'_>, frame_type: u8) -> Result<i32, DecodeError> {
    match frame_type {
        0 => reader.i8("acceleration sample").map(i32::from),
        1 => reader.i16("acceleration sample").map(i32::from),
        _ => reader.i24("acceleration sample"),
    }
}

fn write_axis(writer: &mut Writer, frame_type: u8, axis: i32) -> Result<(), EncodeError> {
    match frame_type {
        0 => {
            let Ok(axis) = i8::try_from(axis) else {
                return Err(writer.out_of_range("acceleration sample", "a signed 8-bit number", axis));
            };
            writer.u8(axis as u8);
            Ok(())
        }
        1 => {
            let Ok(axis) = i16::try_from(axis) else {
                return Err(writer.out_of_range("acceleration sample", "a signed 16-bit number", axis));
            };
            writer.i16(axis);
            Ok(())
        }
        2 => writer.i24("acceleration sample", axis),
        other => Err(writer.out_of_range("frame type", "0, 1 or 2", other)),
    }
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
    fn packed_ecg_samples_carry_contact_or_tags_above_their_microvolts() {
        let contact =
            EcgContactSample { microvolts: 0x3F01, oversampling: true, skin_contact: 0b10, contact_impedance: 0b11 };
        assert_eq!(samples(0, 1, &[0x01, 0xFF, 0b1111_1101]), Samples::EcgContact(vec![contact]));
        let tagged = EcgTaggedSample { microvolts: 0x3_0201, ecg_tag: 0b101, pace_tag: 0b110 };
        assert_eq!(samples(0, 2, &[0x01, 0x02, 0b1101_0111]), Samples::EcgTagged(vec![tagged]));
        assert!(
            DataFrame {
                timestamp_ns: 0,
                samples: Samples::EcgContact(vec![EcgContactSample { microvolts: 0x4000, ..contact }])
            }
            .encode()
            .is_err()
        );
        assert!(
            DataFrame { timestamp_ns: 0, samples: Samples::EcgTagged(vec![EcgTaggedSample { pace_tag: 8, ..tagged }]) }
                .encode()
                .is_err()
        );
    }

    #[test]
    fn compressed_ecg_has_one_channel() {
        // Reference -2; then one block of three samples with differences three bits wide: 3, -4, 1.
        let payload = [0xFE, 0xFF, 0xFF, 3, 3, 0b0110_0011, 0];
        assert_eq!(samples(0, 0x80, &payload), Samples::EcgRaw(vec![[-2], [1], [-3], [-2]]));
    }

    #[test]
    fn optical_sensors_with_many_channels_end_each_sample_with_a_status() {
        let reference = |channels: u8| (0..channels).flat_map(|channel| [channel, 0, 0]).collect::<Vec<_>>();
        let Samples::PpgSixteen(sixteen) = samples(1, 0x87, &reference(17)) else { panic!("not 16 channels") };
        assert_eq!((sixteen.len(), sixteen[0][0], sixteen[0][16]), (1, 0, 16));
        let Samples::PpgTwentyFour(more) = samples(1, 0x88, &reference(25)) else { panic!("not 24 channels") };
        assert_eq!(more[0][24], 24);
        let Samples::PpgColours(colours) = samples(1, 0x8A, &reference(21)) else { panic!("not three colours") };
        assert_eq!(colours[0][20], 20);
    }

    #[test]
    fn the_type_is_the_low_six_bits_and_the_time_is_that_of_the_last_sample() {
        let decoded = DataFrame::decode(&frame(0x80, 0, &[1, 0, 0])).unwrap();
        assert_eq!((decoded.timestamp_ns, decoded.samples), (1, Samples::Ecg(vec![1])));
    }

    #[test]
    fn acceleration_is_three_axes_in_thousandths_of_g() {
        let decoded = samples(2, 1, &[0xE8, 0x03, 0x18, 0xFC, 0, 0]);
        assert_eq!(decoded, Samples::Acceleration { frame_type: 1, samples: vec![[1000, -1000, 0]] });
        let narrow = Samples::Acceleration { frame_type: 0, samples: vec![[1, -1, 127]] };
        assert_eq!(samples(2, 0, &[1, 0xFF, 0x7F]), narrow);
        let wide = Samples::Acceleration { frame_type: 2, samples: vec![[1, -1, -8_388_608]] };
        assert_eq!(samples(2, 2, &[1, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 0x80]), wide);
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
        assert_eq!(kind_of_error(&frame(0, 3, &[0; 7])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(0, 0x81, &[0; 3])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(1, 7, &[0; 51])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(2, 3, &[0; 9])), "unsupported_opcode");
        assert_eq!(kind_of_error(&frame(2, 0x82, &[0; 9])), "unsupported_opcode");
    }

    #[test]
    fn a_width_of_no_bits_or_above_32_is_out_of_range() {
        for width in [0, 33, 255] {
            assert_eq!(kind_of_error(&frame(2, 0x81, &[0, 0, 0, 0, 0, 0, width, 1, 0, 0])), "out_of_range");
        }
    }
}
