//! What each Bluetooth profile offers a console: which characteristics to subscribe to, and what their values mean.
//! One file per profile and one line in `TABLE`; not here: bytes (`gatt`) and the life of a connection (`machine`).
mod blood_pressure;
mod body_composition;
mod continuous_glucose;
mod generic_health;
mod glucose;
mod heart_rate;
mod ordinals;
mod polar;
mod pulse_oximeter;
mod pulse_wave;
#[cfg(test)]
mod testing;
mod thermometer;
mod vendor_oximeters;
mod weight_scale;

use crate::clock::{self, Timeline};
use crate::input::{Content, Now};
use crate::preparation::Step;
use crate::quirks::Quirk;
use crate::table::{CharacteristicAddress, DiscoveredService};
use alloc::vec::Vec;
use bedside_gatt::elapsed_time::ElapsedTime;
use bedside_gatt::{DecodeError, uuids};
use bedside_vitals::{
    Cadence, ConnectionId, CorrectedTime, DeviceKind, DeviceTime, MeasuredValue, Measurement, Number, Parameter,
    Quality, QualityFlag, Quantity, ReadingIdentity, TimeMethod, Unit,
};
use body_composition::BodyComposition;
use continuous_glucose::ContinuousGlucose;
use generic_health::HealthSensor;
use ordinals::Ordinals;
use pulse_wave::PulseWave;
use uuid::Uuid;
use vendor_oximeters::VendorOximeters;

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
const TABLE: [Profile; 13] = [
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
        subscribe: &[uuids::CONTINUOUS_OXIMETRY, uuids::SPOT_CHECK_OXIMETRY, uuids::RECORD_ACCESS_CONTROL_POINT],
        stream: Some(uuids::CONTINUOUS_OXIMETRY),
    },
    Profile {
        service: uuids::NONIN_OXIMETRY_SERVICE,
        kind: DeviceKind::PulseOximeter,
        subscribe: &[uuids::NONIN_OXIMETRY],
        stream: Some(uuids::NONIN_OXIMETRY),
    },
    Profile {
        service: uuids::BERRYMED_SERVICE,
        kind: DeviceKind::PulseOximeter,
        subscribe: &[uuids::BERRYMED_PACKETS],
        stream: Some(uuids::BERRYMED_PACKETS),
    },
    Profile {
        service: uuids::VIATOM_SERVICE,
        kind: DeviceKind::PulseOximeter,
        subscribe: &[uuids::VIATOM_ANSWERS],
        stream: Some(uuids::VIATOM_ANSWERS),
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
    Profile {
        service: uuids::GLUCOSE_SERVICE,
        kind: DeviceKind::GlucoseMeter,
        subscribe: &[
            uuids::GLUCOSE_MEASUREMENT,
            uuids::GLUCOSE_MEASUREMENT_CONTEXT,
            uuids::RECORD_ACCESS_CONTROL_POINT,
        ],
        stream: None,
    },
    Profile {
        service: uuids::CONTINUOUS_GLUCOSE_SERVICE,
        kind: DeviceKind::GlucoseSensor,
        subscribe: &[uuids::CONTINUOUS_GLUCOSE_MEASUREMENT, uuids::RECORD_ACCESS_CONTROL_POINT],
        stream: None,
    },
    Profile {
        service: uuids::BODY_COMPOSITION_SERVICE,
        kind: DeviceKind::WeightScale,
        subscribe: &[uuids::BODY_COMPOSITION_MEASUREMENT],
        stream: None,
    },
    Profile {
        service: uuids::GENERIC_HEALTH_SENSOR_SERVICE,
        kind: DeviceKind::HealthSensor,
        subscribe: &[
            uuids::LIVE_HEALTH_OBSERVATIONS,
            uuids::STORED_HEALTH_OBSERVATIONS,
            uuids::RECORD_ACCESS_CONTROL_POINT,
        ],
        stream: None,
    },
    Profile {
        service: uuids::WEIGHT_SCALE_SERVICE,
        kind: DeviceKind::WeightScale,
        subscribe: &[uuids::WEIGHT_MEASUREMENT],
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

/// What is read before the first value, because values cannot be understood without it.
const FACTS: [CharacteristicAddress; 3] = {
    const fn of_sensor(characteristic: Uuid) -> CharacteristicAddress {
        CharacteristicAddress { service: uuids::CONTINUOUS_GLUCOSE_SERVICE, characteristic }
    }
    [
        of_sensor(uuids::CONTINUOUS_GLUCOSE_FEATURE),
        of_sensor(uuids::CONTINUOUS_GLUCOSE_SESSION_START),
        of_sensor(uuids::CONTINUOUS_GLUCOSE_STATUS),
    ]
};

/// The subscriptions of every profile the device has, then what starts its streams.
pub(crate) fn subscriptions(services: &[DiscoveredService]) -> Vec<Step> {
    let mut steps: Vec<Step> = FACTS.into_iter().filter(|&at| offers(services, at)).map(Step::ReadFact).collect();
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
    steps.extend(vendor_oximeters::start(services));
    steps
}

/// Where a value stands: on which connection, how many before it, what the device's clock was, and now.
pub(crate) struct Frame<'a> {
    pub(crate) connection: ConnectionId,
    pub(crate) index: u64,
    pub(crate) clock: Option<&'a Timeline>,
    pub(crate) now: Now,
    /// How this model is to be read.
    pub(crate) quirk: &'static Quirk,
    /// The context (0x2A34) of a glucose record, as it came beside it.
    pub(crate) context: Option<&'a [u8]>,
    /// It came while the memory that it belongs to is being fetched: it is old, whether it says so or not.
    pub(crate) from_memory: bool,
}

impl Frame<'_> {
    fn received(&self) -> CorrectedTime {
        CorrectedTime::on_receipt(self.now.wall, self.now.boot)
    }

    fn measured(&self, device: Option<DeviceTime>) -> CorrectedTime {
        self.clock.map_or_else(|| clock::correct(device, None, self.now), |clock| clock.correct(device, self.now))
    }

    /// A record's time: its base time moved by its time offset, which carries what its user changed at the clock.
    pub(super) fn measured_offset(&self, base_time: DeviceTime, offset_minutes: Option<i16>) -> CorrectedTime {
        self.measured(Some(clock::shifted(base_time, offset_minutes.unwrap_or(0))))
    }

    /// The time of a value that carries an Elapsed Time: UTC, local time or ticks.
    pub(super) fn measured_elapsed(&self, elapsed: &ElapsedTime) -> CorrectedTime {
        self.clock.copied().unwrap_or_default().correct_elapsed(elapsed, self.now)
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
            glucose: None,
            temperature_site: None,
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
            glucose: None,
            temperature_site: None,
        }
    }
}

/// What must be remembered between values of one connection.
#[derive(Default)]
pub(crate) struct Decoder {
    ordinals: Ordinals,
    /// Of memories, each delivery of which is counted anew.
    spot_checks: Ordinals,
    glucose: Ordinals,
    polar: polar::Streams,
    vendor: VendorOximeters,
    composition: BodyComposition,
    continuous_glucose: ContinuousGlucose,
    health_sensor: HealthSensor,
    beats: u64,
}

impl Decoder {
    /// Takes what was read before the first value, for the profiles that cannot understand their values without it.
    pub(crate) fn learn(&mut self, address: CharacteristicAddress, bytes: &[u8], now: Now) {
        match address.characteristic {
            uuids::CONTINUOUS_GLUCOSE_FEATURE => self.continuous_glucose.learn_features(bytes),
            uuids::CONTINUOUS_GLUCOSE_SESSION_START => self.continuous_glucose.learn_start(bytes),
            uuids::CONTINUOUS_GLUCOSE_STATUS => self.continuous_glucose.learn_status(bytes, now),
            _ => {}
        }
    }

    /// The memory of a service is sent from its beginning: the same records have the same places as the time before.
    pub(crate) fn begin_delivery(&mut self, service: Uuid) {
        match service {
            uuids::PULSE_OXIMETER_SERVICE => self.spot_checks = Ordinals::default(),
            uuids::GLUCOSE_SERVICE => self.glucose = Ordinals::default(),
            uuids::GENERIC_HEALTH_SENSOR_SERVICE => self.health_sensor.begin_delivery(),
            // Records of glucose sensors are named by their minutes.
            _ => {}
        }
    }

    /// What to write after a value, to a device that tells nothing unless it is asked each time.
    pub(crate) fn next_question(&mut self) -> Option<Step> {
        self.vendor.next_question()
    }

    /// What to write after a reply of Polar's control point.
    pub(crate) fn polar_reply(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.polar.reply(bytes)
    }

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
            uuids::SPOT_CHECK_OXIMETRY => pulse_oximeter::spot(bytes, frame, &mut self.spot_checks)?,
            uuids::BLOOD_PRESSURE_MEASUREMENT => blood_pressure::measurement(bytes, frame, &mut self.ordinals)?,
            uuids::INTERMEDIATE_CUFF_PRESSURE => blood_pressure::intermediate(bytes)?,
            uuids::TEMPERATURE_MEASUREMENT => thermometer::measurement(bytes, frame, &mut self.ordinals)?,
            uuids::INTERMEDIATE_TEMPERATURE => thermometer::intermediate(bytes)?,
            uuids::GLUCOSE_MEASUREMENT => glucose::measurement(bytes, frame, &mut self.glucose)?,
            uuids::WEIGHT_MEASUREMENT => weight_scale::measurement(bytes, frame, &mut self.ordinals)?,
            uuids::BODY_COMPOSITION_MEASUREMENT => self.composition.measurement(bytes, frame)?,
            uuids::CONTINUOUS_GLUCOSE_MEASUREMENT => self.continuous_glucose.measurement(bytes, frame)?,
            uuids::LIVE_HEALTH_OBSERVATIONS => self.health_sensor.live(bytes, frame)?,
            uuids::STORED_HEALTH_OBSERVATIONS => self.health_sensor.stored(bytes, frame)?,
            uuids::POLAR_DATA => self.polar.data(bytes, frame)?,
            uuids::BERRYMED_PACKETS => self.vendor.berrymed(bytes, frame),
            uuids::NONIN_OXIMETRY => vendor_oximeters::nonin(bytes, frame)?,
            uuids::VIATOM_ANSWERS => self.vendor.viatom(bytes, frame)?,
            _ => Vec::new(),
        };
        for content in &mut contents {
            if let Content::Measurement(measurement) = content {
                let quality = measurement.quality.with_if(simulated, QualityFlag::Simulated);
                measurement.quality = quality.with_if(frame.from_memory, QualityFlag::FromStorage);
                told_old(measurement);
            }
        }
        Ok(contents)
    }
}

/// What lay in a memory was not measured when it came: without a time of its own its time is unknown.
fn told_old(measurement: &mut Measurement) {
    if measurement.quality.has(QualityFlag::FromStorage) && measurement.time.method == TimeMethod::Receipt {
        measurement.time.method = TimeMethod::Unknown;
    }
}
