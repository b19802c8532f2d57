//! The ECG sensor in the way of Polar's H10: ECG frames on request (PMD), and the heart rate of the same heart.
//! The samples are a real recording.
use super::strap::Strap;
use super::{Model, Moment, Outcome, Subscriptions, Value, characteristic, counted, value, whole};
use crate::heart::{Heart, time_of_sample};
use crate::recording::ECG_HERTZ;
use bedside_gatt::polar::{
    ControlReply, ControlRequest, ControlStatus, DataFrame, Factor, MeasurementKind, Samples, Setting, encode_settings,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Parameter, Unit};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The sensor.
pub(crate) struct EcgSensor {
    strap: Strap,
    ecg: Arc<[i32]>,
    /// The first sample of the next frame, while the ECG runs.
    streaming: Option<u64>,
    replies: VecDeque<(Duration, Vec<u8>)>,
}

/// As many 24-bit samples as fit one notification with an ATT MTU of 232.
const FRAME_SAMPLES: u64 = 73;
const RESOLUTION_BITS: u16 = 14;
const REPLY_TIME: Duration = Duration::from_millis(35);
/// The control point's value when read: a feature response with the ECG bit.
const FEATURES: [u8; 3] = [0x0F, 0x01, 0x00];
const CONTROL: CharacteristicAddress = CharacteristicAddress {
    service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
    characteristic: uuids::POLAR_CONTROL_POINT,
};
const DATA: CharacteristicAddress =
    CharacteristicAddress { service: uuids::POLAR_MEASUREMENT_DATA_SERVICE, characteristic: uuids::POLAR_DATA };

impl EcgSensor {
    /// `ecg` is played from the ward's beginning; `heart` is the heart of that ECG.
    pub(crate) fn new(heart: Heart, ecg: Arc<[i32]>, phase: Duration) -> Self {
        Self { strap: Strap::new(heart, phase), ecg, streaming: None, replies: VecDeque::new() }
    }

    fn frame(&self, first: u64, moment: Moment<'_>) -> Option<Outcome> {
        let length = self.ecg.len().max(1) as u64;
        let samples: Vec<i32> = (first..first + FRAME_SAMPLES)
            .filter_map(|index| self.ecg.get((index % length) as usize).copied())
            .collect();
        let values =
            samples.iter().map(|sample| counted(Parameter::Electrocardiogram, whole(*sample), Unit::Microvolt));
        let values = values.collect();
        let last = time_of_sample(first + FRAME_SAMPLES - 1);
        let timestamp_ns = moment.clock.polar_ns(moment.wall_at(last), last.subsec_nanos() % 1_000_000);
        let octets = DataFrame { timestamp_ns, samples: Samples::Ecg(samples) }.encode();
        value(DATA, octets, values, Vec::new())
    }

    fn frame_due(&self) -> Option<Duration> {
        self.streaming.map(|first| time_of_sample(first + FRAME_SAMPLES - 1))
    }

    /// The status of a request, and the parameters of its reply.
    fn answer(&mut self, request: &ControlRequest, now: Duration) -> (ControlStatus, Vec<Setting>) {
        let offered =
            || vec![Setting::SampleRateHertz(vec![ECG_HERTZ as u16]), Setting::ResolutionBits(vec![RESOLUTION_BITS])];
        if request.kind() != MeasurementKind::Ecg {
            return (ControlStatus::NotSupported, Vec::new());
        }
        match request {
            ControlRequest::GetSettings(_) => (ControlStatus::Success, offered()),
            ControlRequest::Start { settings, .. } => {
                let status = self.start(settings, now);
                let started = status == ControlStatus::Success;
                (status, if started { vec![Setting::Factor(vec![Factor::ONE])] } else { Vec::new() })
            }
            ControlRequest::Stop(_) => match self.streaming.take() {
                Some(_) => (ControlStatus::Success, Vec::new()),
                None => (ControlStatus::AlreadyInState, Vec::new()),
            },
        }
    }

    fn start(&mut self, settings: &[Setting], now: Duration) -> ControlStatus {
        if self.streaming.is_some() {
            return ControlStatus::AlreadyInState;
        }
        for setting in settings {
            match setting {
                Setting::SampleRateHertz(rates) if rates.as_slice() != [ECG_HERTZ as u16] => {
                    return ControlStatus::InvalidRate;
                }
                Setting::ResolutionBits(bits) if bits.as_slice() != [RESOLUTION_BITS] => {
                    return ControlStatus::InvalidResolution;
                }
                Setting::SampleRateHertz(_) | Setting::ResolutionBits(_) => {}
                Setting::Range(_) | Setting::RangeMilliUnit(_) => return ControlStatus::InvalidRange,
                Setting::Channels(_) => return ControlStatus::InvalidChannels,
                Setting::Factor(_) => return ControlStatus::InvalidParameter,
            }
        }
        let has = |wanted: fn(&Setting) -> bool| settings.iter().any(wanted);
        let complete = has(|setting| matches!(setting, Setting::SampleRateHertz(_)))
            && has(|setting| matches!(setting, Setting::ResolutionBits(_)));
        if !complete {
            return ControlStatus::InvalidParameter;
        }
        let sample = now.as_nanos() * u128::from(ECG_HERTZ) / 1_000_000_000;
        self.streaming = Some(sample as u64 + 1);
        ControlStatus::Success
    }
}

impl Model for EcgSensor {
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
        let reply = match ControlRequest::decode(octets) {
            Ok(request) => {
                let (status, settings) = self.answer(&request, moment.now);
                let parameters = encode_settings(&settings).map_err(|error| error.to_string())?;
                let (operation, kind) = (request.operation(), request.kind());
                ControlReply { operation, kind, status, more: false, parameters: &parameters }.encode()
            }
            Err(_) => {
                let operation = octets.first().copied().unwrap_or(0);
                let kind = MeasurementKind::from_octet(octets.get(1).copied().unwrap_or(0));
                let known = (1..=3).contains(&operation);
                let status = if known { ControlStatus::InvalidLength } else { ControlStatus::InvalidOperation };
                ControlReply { operation, kind, status, more: false, parameters: &[] }.encode()
            }
        };
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
