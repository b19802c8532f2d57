//! The optical arm sensor in the way of Polar's OH1: its pulse wave on request (PMD), and the rate of the same heart.
//! It has no ECG and says so when it is asked for one.
use super::strap::Strap;
use super::{Model, Moment, Outcome, Subscriptions, Value, characteristic, counted, value, whole};
use crate::heart::{Beat, Heart};
use bedside_gatt::polar::{
    ControlReply, ControlRequest, ControlStatus, DataFrame, MeasurementKind, Samples, Setting, encode_settings,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Parameter, Unit};
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// The sensor.
pub(crate) struct OpticalSensor {
    strap: Strap,
    heart: Heart,
    last_beat: Option<Beat>,
    /// The first sample of the next frame, while the pulse wave runs.
    streaming: Option<u64>,
    replies: VecDeque<(Duration, Vec<u8>)>,
}

const HERTZ: u64 = 135;
const FRAME_SAMPLES: u64 = 18;
const RESOLUTION_BITS: u16 = 22;
const CHANNELS: u8 = 4;
const REPLY_TIME: Duration = Duration::from_millis(35);
/// The control point's value when read: a feature response with the PPG bit.
const FEATURES: [u8; 3] = [0x0F, 0x02, 0x00];
const CONTROL: CharacteristicAddress = CharacteristicAddress {
    service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
    characteristic: uuids::POLAR_CONTROL_POINT,
};
const DATA: CharacteristicAddress =
    CharacteristicAddress { service: uuids::POLAR_MEASUREMENT_DATA_SERVICE, characteristic: uuids::POLAR_DATA };
/// How much light the skin sends back, in the sensor's steps, and how much of it pulses.
const LEVEL: i64 = 412_000;
const PULSATILE: i64 = 3_600;

impl OpticalSensor {
    /// On the arm of the person with this heart.
    pub(crate) fn new(heart: Heart, phase: Duration) -> Self {
        let strap = Strap::new(heart.clone(), phase);
        Self { strap, heart, last_beat: None, streaming: None, replies: VecDeque::new() }
    }

    fn frame(&mut self, first: u64, moment: Moment<'_>) -> Option<Outcome> {
        let samples: Vec<[i32; 4]> = (first..first + FRAME_SAMPLES).map(|index| self.sample(index)).collect();
        let values = samples.iter().map(|lights| counted(Parameter::Plethysmogram, whole(lights[0]), Unit::One));
        let values = values.collect();
        let last = time_of(first + FRAME_SAMPLES - 1);
        let timestamp_ns = moment.clock.polar_ns(moment.wall_at(last), last.subsec_nanos() % 1_000_000);
        value(DATA, DataFrame { timestamp_ns, samples: Samples::Ppg(samples) }.encode(), values, Vec::new())
    }

    /// Less light comes back while more blood is under the sensor.
    fn sample(&mut self, index: u64) -> [i32; 4] {
        let now = time_of(index);
        let before = time_of(index.saturating_sub(1));
        self.last_beat = self.heart.beats(before, now).last().copied().or(self.last_beat);
        let absorbed = self.last_beat.map_or(0, |beat| {
            let thousandth =
                (now.saturating_sub(beat.at).as_millis() * 1_000 / beat.interval.as_millis().max(1)) as i64;
            if thousandth < 200 { thousandth * 5 } else { (1_000 - thousandth.min(1_000)) * 1_000 / 800 }
        });
        let light = (LEVEL - absorbed * PULSATILE / 1_000) as i32;
        [light, light - 1_200, light + 900, 140]
    }

    fn frame_due(&self) -> Option<Duration> {
        self.streaming.map(|first| time_of(first + FRAME_SAMPLES - 1))
    }

    fn answer(&mut self, request: &ControlRequest, now: Duration) -> (ControlStatus, Vec<Setting>) {
        if request.kind() != MeasurementKind::Ppg {
            return (ControlStatus::NotSupported, Vec::new());
        }
        match request {
            ControlRequest::GetSettings(_) => {
                let offered = vec![
                    Setting::SampleRateHertz(vec![HERTZ as u16]),
                    Setting::ResolutionBits(vec![RESOLUTION_BITS]),
                    Setting::Channels(vec![CHANNELS]),
                ];
                (ControlStatus::Success, offered)
            }
            ControlRequest::Start { .. } if self.streaming.is_some() => (ControlStatus::AlreadyInState, Vec::new()),
            ControlRequest::Start { settings, .. } => {
                let right = [
                    Setting::SampleRateHertz(vec![HERTZ as u16]),
                    Setting::ResolutionBits(vec![RESOLUTION_BITS]),
                    Setting::Channels(vec![CHANNELS]),
                ];
                if settings.as_slice() != right {
                    return (ControlStatus::InvalidParameter, Vec::new());
                }
                let sample = now.as_nanos() * u128::from(HERTZ) / 1_000_000_000;
                self.streaming = Some(sample as u64 + 1);
                (ControlStatus::Success, Vec::new())
            }
            ControlRequest::Stop(_) => match self.streaming.take() {
                Some(_) => (ControlStatus::Success, Vec::new()),
                None => (ControlStatus::AlreadyInState, Vec::new()),
            },
        }
    }
}

/// When a sample is taken, since the ward began.
fn time_of(index: u64) -> Duration {
    Duration::from_nanos((u128::from(index) * 1_000_000_000 / u128::from(HERTZ)) as u64)
}

impl Model for OpticalSensor {
    fn services(&self) -> Vec<DiscoveredService> {
        let measurement_data = DiscoveredService {
            uuid: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
            characteristics: vec![
                characteristic(uuids::POLAR_CONTROL_POINT, "rwi"),
                characteristic(uuids::POLAR_DATA, "n"),
            ],
        };
        std::iter::once(measurement_data).chain(self.strap.services()).collect()
    }

    fn due(&self) -> Option<Duration> {
        let reply = self.replies.front().map(|(due, _)| *due);
        [self.strap.due(), self.frame_due(), reply].into_iter().flatten().min()
    }

    fn step(&mut self, moment: Moment<'_>, subscriptions: &Subscriptions) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some((_, octets)) = self.replies.pop_front_if(|(due, _)| *due <= moment.now) {
            let reply = Value { address: CONTROL, octets, values: Vec::new(), conditions: Vec::new() };
            outcomes.push(Outcome::Send(reply));
        }
        if let Some(first) = self.streaming
            && self.frame_due().is_some_and(|due| due <= moment.now)
        {
            outcomes.extend(self.frame(first, moment));
            self.streaming = Some(first + FRAME_SAMPLES);
        }
        outcomes.extend(self.strap.step(moment, subscriptions));
        outcomes
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        if characteristic == uuids::POLAR_CONTROL_POINT {
            return Some(FEATURES.to_vec());
        }
        self.strap.read(characteristic)
    }

    fn write(&mut self, at: CharacteristicAddress, octets: &[u8], moment: Moment<'_>) -> Result<(), String> {
        if at != CONTROL {
            return Err("write not permitted".to_owned());
        }
        let request = ControlRequest::decode(octets).map_err(|error| error.to_string())?;
        let (status, settings) = self.answer(&request, moment.now);
        let parameters = encode_settings(&settings).map_err(|error| error.to_string())?;
        let (operation, kind) = (request.operation(), request.kind());
        let reply = ControlReply { operation, kind, status, more: false, parameters: &parameters }.encode();
        self.replies.push_back((moment.now + REPLY_TIME, reply));
        Ok(())
    }

    fn unlinked(&mut self, _now: Duration) {
        self.streaming = None;
        self.replies.clear();
    }

    fn contact(&mut self, touches: bool) {
        self.strap.contact(touches);
    }
}
