//! What Polar's sensors have in common: a control point that starts and stops one signal (PMD), and the strap's rate.
//! The signals are `ecg_sensor` and `optical_sensor`.
use super::strap::Strap;
use super::{Model, Moment, Outcome, Subscriptions, Value, characteristic};
use bedside_gatt::polar::{ControlReply, ControlRequest, ControlStatus, MeasurementKind, Setting, encode_settings};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// A signal that a sensor sends once it was asked for it.
pub(crate) trait Signal: Send {
    /// Which measurement it is.
    const KIND: MeasurementKind;
    /// The control point's value when read: a feature response with this signal's bit.
    const FEATURES: [u8; 3];
    /// Samples a second.
    const HERTZ: u64;
    /// Samples of a notification.
    const FRAME_SAMPLES: u64;

    /// The one choice there is; a start must name all of it.
    fn settings() -> Vec<Setting>;
    /// The parameters of the answer to a start.
    fn started() -> Vec<Setting>;
    /// The notification that begins with sample `first`.
    fn frame(&mut self, first: u64, moment: Moment<'_>) -> Option<Outcome>;
}

/// The sensor.
pub(crate) struct PolarSensor<S> {
    strap: Strap,
    signal: S,
    /// The first sample of the next frame, while the signal runs.
    streaming: Option<u64>,
    replies: VecDeque<(Duration, Vec<u8>)>,
}

const REPLY_TIME: Duration = Duration::from_millis(35);
const CONTROL: CharacteristicAddress = CharacteristicAddress {
    service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
    characteristic: uuids::POLAR_CONTROL_POINT,
};
/// Where the frames of a signal go.
pub(super) const DATA: CharacteristicAddress =
    CharacteristicAddress { service: uuids::POLAR_MEASUREMENT_DATA_SERVICE, characteristic: uuids::POLAR_DATA };

/// When a sample is taken, since the ward began.
pub(super) fn time_of<S: Signal>(index: u64) -> Duration {
    Duration::from_nanos((u128::from(index) * 1_000_000_000 / u128::from(S::HERTZ)) as u64)
}

impl<S: Signal> PolarSensor<S> {
    pub(super) fn with(strap: Strap, signal: S) -> Self {
        Self { strap, signal, streaming: None, replies: VecDeque::new() }
    }

    fn frame_due(&self) -> Option<Duration> {
        self.streaming.map(|first| time_of::<S>(first + S::FRAME_SAMPLES - 1))
    }

    /// The status of a request, and the parameters of its reply.
    fn answer(&mut self, request: &ControlRequest, now: Duration) -> (ControlStatus, Vec<Setting>) {
        if request.kind() != S::KIND {
            return (ControlStatus::NotSupported, Vec::new());
        }
        match request {
            ControlRequest::GetSettings(_) => (ControlStatus::Success, S::settings()),
            ControlRequest::Start { settings, .. } => {
                let status = self.start(settings, now);
                let started = status == ControlStatus::Success;
                (status, if started { S::started() } else { Vec::new() })
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
        let offered = S::settings();
        if let Some(wrong) = settings.iter().find(|setting| !offered.contains(setting)) {
            return match wrong {
                Setting::SampleRateHertz(_) => ControlStatus::InvalidRate,
                Setting::ResolutionBits(_) => ControlStatus::InvalidResolution,
                Setting::Range(_) | Setting::RangeMilliUnit(_) => ControlStatus::InvalidRange,
                Setting::Channels(_) => ControlStatus::InvalidChannels,
                Setting::Factor(_) => ControlStatus::InvalidParameter,
            };
        }
        if !offered.iter().all(|setting| settings.contains(setting)) {
            return ControlStatus::InvalidParameter;
        }
        let sample = now.as_nanos() * u128::from(S::HERTZ) / 1_000_000_000;
        self.streaming = Some(sample as u64 + 1);
        ControlStatus::Success
    }
}

impl<S: Signal> Model for PolarSensor<S> {
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
            outcomes.extend(self.signal.frame(first, moment));
            self.streaming = Some(first + S::FRAME_SAMPLES);
        }
        outcomes.extend(self.strap.step(moment, subscriptions));
        outcomes
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        if characteristic == uuids::POLAR_CONTROL_POINT {
            return Some(S::FEATURES.to_vec());
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
