//! Heart Rate: the rate as a stream, the beat intervals as a series of their own.
//! Not here: the derived heart rate variability.
use super::Frame;
use crate::input::Content;
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::heart_rate::{HeartRateMeasurement, SensorContact};
use bedside_vitals::{Decimal, Parameter, Quality, QualityFlag, Unit, WaveformBlock};

/// The rate, and the intervals that came with it. Straps send 0 and 0xFFFF for "none": those are no intervals.
pub(super) fn interpret(bytes: &[u8], frame: &Frame<'_>, beats: &mut u64) -> Result<Vec<Content>, DecodeError> {
    let packet = HeartRateMeasurement::decode(bytes)?;
    let no_contact = packet.sensor_contact == SensorContact::NotDetected;
    let quality = Quality::GOOD.with_if(no_contact, QualityFlag::NoContact);
    let rate = Decimal::whole(i64::from(packet.heart_rate_bpm)).into();
    let mut contents = vec![frame.streaming(Parameter::HeartRate, rate, Unit::PerMinute, quality)];
    let samples: Vec<i32> = packet.rr_1024.iter().filter(|rr| !matches!(rr, 0 | 0xFFFF)).map(i32::from).collect();
    if !samples.is_empty() {
        let first_index = *beats;
        *beats += samples.len() as u64;
        contents.push(Content::Waveform(WaveformBlock {
            parameter: Parameter::BeatInterval,
            unit: Unit::Per1024Second,
            hertz: 0,
            last_sample: frame.received(),
            connection: frame.connection,
            first_index,
            samples,
        }));
    }
    Ok(contents)
}
