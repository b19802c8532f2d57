//! Polar measurement data: starts the ECG or, where there is none, the pulse wave, and places the samples in time.
//! Not here: acceleration and pulse intervals, which are not asked for.
use super::Frame;
use super::offers;
use crate::input::Content;
use crate::preparation::Step;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::polar::{
    ControlReply, ControlRequest, ControlStatus, DataFrame, MeasurementKind, Samples, Setting, decode_settings,
};
use bedside_gatt::{DecodeError, uuids};
use bedside_vitals::{CorrectedTime, Parameter, Unit, WallTime, WaveformBlock};

/// The rate of the ECG of every sensor known so far (H10).
const ECG_HERTZ: u16 = 130;
/// A pulse wave needs no more than this; of what a sensor offers the highest rate up to it is taken.
const MOST_PPG_HERTZ: u16 = 135;
const NANOSECONDS: i64 = 1_000_000_000;
/// A clock that jumped by more than this was set anew: the gap is then told by the time of receipt.
const LONGEST_GAP_NS: i64 = 3_600 * NANOSECONDS;

/// Ask which settings the ECG can have: the reply leads to the start.
pub(super) fn start(services: &[DiscoveredService]) -> Option<Step> {
    let address = CharacteristicAddress {
        service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
        characteristic: uuids::POLAR_CONTROL_POINT,
    };
    let ask = ControlRequest::GetSettings(MeasurementKind::Ecg).encode().ok()?;
    offers(services, address).then_some(Step::Write(address, ask))
}

/// The streams of one connection.
#[derive(Default)]
pub(crate) struct Streams {
    ecg: SampleClock,
    ppg: SampleClock,
    /// The rate that the pulse wave was started with.
    ppg_hertz: Option<u16>,
}

impl Streams {
    /// What to write after a reply of the control point: to the settings the start, and to a sensor without an ECG the
    /// question for its pulse wave.
    pub(super) fn reply(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let reply = ControlReply::decode(bytes).ok()?;
        if reply.operation != ControlRequest::GetSettings(reply.kind).operation() {
            return None;
        }
        match (reply.kind, reply.status) {
            (kind @ (MeasurementKind::Ecg | MeasurementKind::Ppg), ControlStatus::Success) => {
                let offered = decode_settings(reply.parameters).ok()?;
                let settings: Vec<Setting> = offered.iter().filter_map(|setting| chosen(kind, setting)).collect();
                if kind == MeasurementKind::Ppg {
                    self.ppg_hertz = settings.iter().find_map(|setting| match setting {
                        Setting::SampleRateHertz(rates) => rates.first().copied(),
                        _ => None,
                    });
                }
                ControlRequest::Start { kind, settings }.encode().ok()
            }
            (MeasurementKind::Ecg, _) => ControlRequest::GetSettings(MeasurementKind::Ppg).encode().ok(),
            _ => None,
        }
    }

    /// One frame of samples.
    pub(super) fn data(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let packet = DataFrame::decode(bytes)?;
        let (clock, parameter, unit, hertz, samples) = match packet.samples {
            Samples::Ecg(samples) => {
                (&mut self.ecg, Parameter::Electrocardiogram, Unit::Microvolt, Some(ECG_HERTZ), samples)
            }
            other => match first_channel(other) {
                Some(samples) => (&mut self.ppg, Parameter::Plethysmogram, Unit::One, self.ppg_hertz, samples),
                None => return Ok(Vec::new()),
            },
        };
        // Without a rate nothing can be placed in time; the bytes are kept.
        let Some(hertz) = hertz.filter(|hertz| *hertz > 0) else { return Ok(Vec::new()) };
        let received = frame.received();
        let (first_index, at) = clock.place(packet.timestamp_ns, samples.len() as u64, i64::from(hertz), received.at);
        Ok(vec![Content::Waveform(WaveformBlock {
            parameter,
            unit,
            hertz,
            last_sample: CorrectedTime { at, ..received },
            connection: frame.connection,
            first_index,
            samples,
        })])
    }
}

/// One value of a setting that is wanted, of those the sensor offers.
fn chosen(kind: MeasurementKind, setting: &Setting) -> Option<Setting> {
    match setting {
        Setting::SampleRateHertz(rates) => {
            let rate = match kind {
                MeasurementKind::Ecg => rates.iter().copied().find(|&rate| rate == ECG_HERTZ),
                _ => rates.iter().copied().filter(|&rate| rate <= MOST_PPG_HERTZ).max(),
            };
            Some(Setting::SampleRateHertz(vec![rate?]))
        }
        Setting::ResolutionBits(bits) => Some(Setting::ResolutionBits(vec![*bits.first()?])),
        Setting::Channels(channels) if kind == MeasurementKind::Ppg => {
            Some(Setting::Channels(vec![*channels.first()?]))
        }
        Setting::Range(_) | Setting::RangeMilliUnit(_) | Setting::Channels(_) | Setting::Factor(_) => None,
    }
}

/// The first light of a pulse wave, as the sensor counts it; the other lights stay in the bytes.
fn first_channel(samples: Samples) -> Option<Vec<i32>> {
    Some(match samples {
        Samples::Ppg(samples) | Samples::PpgRaw(samples) => samples.iter().map(|channels| channels[0]).collect(),
        Samples::PpgSixteen(samples) => samples.iter().map(|channels| channels[0]).collect(),
        Samples::PpgTwentyFour(samples) => samples.iter().map(|channels| channels[0]).collect(),
        Samples::PpgColours(samples) => samples.iter().map(|channels| channels[0]).collect(),
        Samples::Ecg(_)
        | Samples::EcgContact(_)
        | Samples::EcgTagged(_)
        | Samples::EcgRaw(_)
        | Samples::Acceleration { .. }
        | Samples::AccelerationRaw { .. }
        | Samples::PulseIntervals(_) => return None,
    })
}

/// Where the samples of one stream of a connection lie: counted from its first one, gaps included.
#[derive(Default)]
struct SampleClock {
    begun: Option<Begun>,
}

struct Begun {
    first_sample: WallTime,
    next_index: u64,
    last_ns: u64,
}

impl SampleClock {
    /// The index of the first of `count` samples, and the time of the last, which the sensor took at `last_ns`.
    fn place(&mut self, last_ns: u64, count: u64, hertz: i64, received: WallTime) -> (u64, WallTime) {
        let begun = self.begun.get_or_insert_with(|| Begun {
            first_sample: received.plus_millis(-millis(count.saturating_sub(1), hertz)),
            next_index: 0,
            last_ns: last_ns.wrapping_sub(nanos(count, hertz) as u64),
        });
        let first_index = begun.next_index + begun.missing(last_ns, count, hertz, received);
        begun.next_index = first_index + count;
        begun.last_ns = last_ns;
        (first_index, begun.first_sample.plus_millis(millis(begun.next_index.saturating_sub(1), hertz)))
    }
}

impl Begun {
    /// Samples that were lost before a frame of `count` whose last sample the sensor took at `last_ns`.
    fn missing(&self, last_ns: u64, count: u64, hertz: i64, received: WallTime) -> u64 {
        let step = i64::try_from(i128::from(last_ns) - i128::from(self.last_ns)).unwrap_or(i64::MAX);
        let extra_ns = if (0..LONGEST_GAP_NS).contains(&step) {
            step - nanos(count, hertz)
        } else {
            let expected = self.first_sample.plus_millis(millis(self.next_index + count, hertz));
            received.millis_since(expected).saturating_mul(NANOSECONDS / 1_000)
        };
        let samples = (i128::from(extra_ns) * i128::from(hertz) + i128::from(NANOSECONDS) / 2)
            .div_euclid(i128::from(NANOSECONDS));
        u64::try_from(samples).unwrap_or(0)
    }
}

const fn millis(samples: u64, hertz: i64) -> i64 {
    (samples as i64).saturating_mul(1_000) / hertz
}

const fn nanos(samples: u64, hertz: i64) -> i64 {
    (samples as i64).saturating_mul(NANOSECONDS) / hertz
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, frame};
    use super::*;
    use crate::input::Now;
    use bedside_gatt::polar::encode_settings;

    fn block(streams: &mut Streams, samples: Samples, last_ns: i64, wall: i64) -> WaveformBlock {
        let bytes = DataFrame { timestamp_ns: last_ns as u64, samples }.encode().unwrap();
        let frame = Frame { now: Now { wall: WallTime(wall), ..NOW }, ..frame() };
        match streams.data(&bytes, &frame).unwrap().pop() {
            Some(Content::Waveform(block)) => block,
            other => panic!("expected samples, got {other:?}"),
        }
    }

    fn ecg(streams: &mut Streams, last_ns: i64, wall: i64) -> WaveformBlock {
        block(streams, Samples::Ecg(vec![5; 65]), last_ns, wall)
    }

    fn settings_of(kind: MeasurementKind, status: ControlStatus, settings: &[Setting]) -> Vec<u8> {
        let parameters = encode_settings(settings).unwrap();
        let operation = ControlRequest::GetSettings(kind).operation();
        ControlReply { operation, kind, status, more: false, parameters: &parameters }.encode()
    }

    #[test]
    fn a_lost_frame_leaves_a_gap_of_its_length_and_jitter_leaves_none() {
        let mut streams = Streams::default();
        let half_second = NANOSECONDS / 2;
        assert_eq!(ecg(&mut streams, 0, 10_000).first_index, 0);
        let second = ecg(&mut streams, half_second + 1_000_000, 10_700);
        assert_eq!((second.first_index, second.last_sample.at), (65, WallTime(9_508 + 129 * 1000 / 130)));
        let after_loss = ecg(&mut streams, 3 * half_second + 1_000_000, 11_500);
        assert_eq!(after_loss.first_index, 195);
    }

    #[test]
    fn a_clock_set_anew_is_bridged_by_the_time_of_receipt() {
        let mut streams = Streams::default();
        ecg(&mut streams, 100 * NANOSECONDS, 10_000);
        assert_eq!(ecg(&mut streams, 7, 11_500).first_index, 65 + 129, "the receipt says about a second");
        assert_eq!(ecg(&mut streams, NANOSECONDS / 2 + 7, 12_000).first_index, 65 + 129 + 65);
    }

    #[test]
    fn a_sensor_without_an_ecg_is_asked_for_its_pulse_wave_and_sends_it() {
        let mut streams = Streams::default();
        let none = streams.reply(&settings_of(MeasurementKind::Ecg, ControlStatus::NotSupported, &[])).unwrap();
        assert_eq!(ControlRequest::decode(&none), Ok(ControlRequest::GetSettings(MeasurementKind::Ppg)));
        let offered = [
            Setting::SampleRateHertz(vec![28, 55, 135, 176]),
            Setting::ResolutionBits(vec![22]),
            Setting::Channels(vec![4]),
        ];
        let start = streams.reply(&settings_of(MeasurementKind::Ppg, ControlStatus::Success, &offered)).unwrap();
        let settings =
            vec![Setting::SampleRateHertz(vec![135]), Setting::ResolutionBits(vec![22]), Setting::Channels(vec![4])];
        assert_eq!(ControlRequest::decode(&start), Ok(ControlRequest::Start { kind: MeasurementKind::Ppg, settings }));
        let block = block(&mut streams, Samples::Ppg(vec![[7, 8, 9, 1]; 36]), 0, 10_000);
        assert_eq!((block.parameter, block.hertz, block.unit), (Parameter::Plethysmogram, 135, Unit::One));
        assert_eq!(block.samples, [7; 36]);
    }
}
