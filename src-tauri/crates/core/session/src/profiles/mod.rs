//! What each Bluetooth profile offers a console: which characteristics to subscribe to, and what their values mean.
//! One file per profile and one line in `TABLE`; not here: bytes (`gatt`) and the life of a connection (`machine`).
mod blood_pressure;
mod heart_rate;
mod ordinals;
mod polar;
mod pulse_oximeter;
mod thermometer;

use crate::clock;
use crate::input::{Content, Now};
use crate::preparation::Step;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec::Vec;
use bedside_gatt::{DecodeError, uuids};
use bedside_vitals::{
    Cadence, ConnectionId, CorrectedTime, DeviceClock, DeviceKind, DeviceTime, MeasuredValue, Measurement, Number,
    Parameter, Quality, QualityFlag, Quantity, ReadingIdentity, Unit,
};
use ordinals::Ordinals;
pub(crate) use polar::reply as polar_reply;
use uuid::Uuid;

/// One profile.
struct Profile {
    service: Uuid,
    kind: DeviceKind,
    /// Subscribed in this order; the first that the device offers is required.
    subscribe: &'static [Uuid],
    /// The characteristic whose values keep coming while the link is up, so that silence means trouble.
    stream: Option<Uuid>,
}

/// In order of precedence: a device with several of these services is of the first kind.
const TABLE: [Profile; 5] = [
    Profile {
        service: uuids::POLAR_MEASUREMENT_DATA_SERVICE,
        kind: DeviceKind::EcgSensor,
        subscribe: &[uuids::POLAR_CONTROL_POINT, uuids::POLAR_DATA],
        stream: Some(uuids::POLAR_DATA),
    },
    Profile {
        service: uuids::HEART_RATE_SERVICE,
        kind: DeviceKind::HeartRateStrap,
        subscribe: &[uuids::HEART_RATE_MEASUREMENT],
        stream: Some(uuids::HEART_RATE_MEASUREMENT),
    },
    Profile {
        service: uuids::PULSE_OXIMETER_SERVICE,
        kind: DeviceKind::PulseOximeter,
        subscribe: &[uuids::CONTINUOUS_OXIMETRY, uuids::SPOT_CHECK_OXIMETRY],
        stream: Some(uuids::CONTINUOUS_OXIMETRY),
    },
    Profile {
        service: uuids::BLOOD_PRESSURE_SERVICE,
        kind: DeviceKind::BloodPressureCuff,
        subscribe: &[uuids::BLOOD_PRESSURE_MEASUREMENT, uuids::INTERMEDIATE_CUFF_PRESSURE],
        stream: None,
    },
    Profile {
        service: uuids::HEALTH_THERMOMETER_SERVICE,
        kind: DeviceKind::Thermometer,
        subscribe: &[uuids::TEMPERATURE_MEASUREMENT, uuids::INTERMEDIATE_TEMPERATURE],
        stream: None,
    },
];

/// What a device is for, by the services it advertises or offers.
pub fn kind_of(services: &[Uuid]) -> DeviceKind {
    TABLE.iter().find(|profile| services.contains(&profile.service)).map_or(DeviceKind::Unknown, |profile| profile.kind)
}

/// Whether a device of this kind shows itself only when it has something to say, and hangs up by itself.
pub fn is_event_driven(kind: DeviceKind) -> bool {
    TABLE.iter().any(|profile| profile.kind == kind && profile.stream.is_none())
}

/// Whether values keep coming while the link is up.
pub(crate) fn streams(services: &[DiscoveredService]) -> bool {
    TABLE.iter().any(|Profile { service, stream, .. }| {
        let at = |characteristic| CharacteristicAddress { service: *service, characteristic };
        stream.is_some_and(|characteristic| offers(services, at(characteristic)))
    })
}

/// Whether the device has a characteristic.
pub(crate) fn offers(services: &[DiscoveredService], at: CharacteristicAddress) -> bool {
    services
        .iter()
        .filter(|service| service.uuid == at.service)
        .any(|service| service.characteristics.iter().any(|c| c.uuid == at.characteristic))
}

/// The subscriptions of every profile the device has, then what starts its streams.
pub(crate) fn subscriptions(services: &[DiscoveredService]) -> Vec<Step> {
    let mut steps = Vec::new();
    for Profile { service, subscribe, .. } in &TABLE {
        let mut required = true;
        for &characteristic in *subscribe {
            let address = CharacteristicAddress { service: *service, characteristic };
            if offers(services, address) {
                steps.push(Step::Subscribe { address, required });
                required = false;
            }
        }
    }
    let battery = CharacteristicAddress { service: uuids::BATTERY_SERVICE, characteristic: uuids::BATTERY_LEVEL };
    let notifies = |service: &DiscoveredService| {
        service.uuid == battery.service
            && service.characteristics.iter().any(|c| c.uuid == battery.characteristic && c.properties.notify)
    };
    if services.iter().any(notifies) {
        steps.push(Step::Subscribe { address: battery, required: false });
    }
    steps.extend(polar::start(services));
    steps
}

/// Where a value stands: on which connection, how many before it, what the device's clock was, and now.
pub(crate) struct Frame<'a> {
    pub(crate) connection: ConnectionId,
    pub(crate) index: u64,
    pub(crate) clock: Option<&'a DeviceClock>,
    pub(crate) now: Now,
}

impl Frame<'_> {
    fn received(&self) -> CorrectedTime {
        CorrectedTime::on_receipt(self.now.wall, self.now.boot)
    }

    fn measured(&self, device: Option<DeviceTime>) -> CorrectedTime {
        clock::correct(device, self.clock, self.now)
    }

    fn stream_identity(&self) -> ReadingIdentity {
        ReadingIdentity::Stream { connection: self.connection, frame: self.index }
    }

    fn streaming(&self, parameter: Parameter, number: Number, unit: Unit, quality: Quality) -> Content {
        Content::Measurement(Measurement {
            parameter,
            value: MeasuredValue::Single(Quantity { number, unit }),
            cadence: Cadence::Streaming,
            time: self.received(),
            identity: self.stream_identity(),
            quality,
            user_slot: None,
        })
    }

    fn spot(
        &self,
        parameter: Parameter,
        value: MeasuredValue,
        time: Option<DeviceTime>,
        identity: ReadingIdentity,
        quality: Quality,
    ) -> Measurement {
        Measurement {
            parameter,
            value,
            cadence: Cadence::Spot,
            time: self.measured(time),
            identity,
            quality,
            user_slot: None,
        }
    }
}

/// What must be remembered between values of one connection.
#[derive(Default)]
pub(crate) struct Decoder {
    ordinals: Ordinals,
    ecg: polar::EcgClock,
    beats: u64,
}

impl Decoder {
    /// What a value means. A characteristic that nobody interprets gives nothing; its bytes are kept all the same.
    pub(crate) fn decode(
        &mut self,
        address: CharacteristicAddress,
        bytes: &[u8],
        frame: &Frame<'_>,
        simulated: bool,
    ) -> Result<Vec<Content>, DecodeError> {
        let mut contents = match address.characteristic {
            uuids::HEART_RATE_MEASUREMENT => heart_rate::interpret(bytes, frame, &mut self.beats)?,
            uuids::CONTINUOUS_OXIMETRY => pulse_oximeter::continuous(bytes, frame)?,
            uuids::SPOT_CHECK_OXIMETRY => pulse_oximeter::spot(bytes, frame, &mut self.ordinals)?,
            uuids::BLOOD_PRESSURE_MEASUREMENT => blood_pressure::measurement(bytes, frame, &mut self.ordinals)?,
            uuids::INTERMEDIATE_CUFF_PRESSURE => blood_pressure::intermediate(bytes)?,
            uuids::TEMPERATURE_MEASUREMENT => thermometer::measurement(bytes, frame, &mut self.ordinals)?,
            uuids::INTERMEDIATE_TEMPERATURE => thermometer::intermediate(bytes)?,
            uuids::POLAR_DATA => polar::data(bytes, frame, &mut self.ecg)?,
            _ => Vec::new(),
        };
        if simulated {
            for content in &mut contents {
                if let Content::Measurement(measurement) = content {
                    measurement.quality = measurement.quality.with(QualityFlag::Simulated);
                }
            }
        }
        Ok(contents)
    }
}
