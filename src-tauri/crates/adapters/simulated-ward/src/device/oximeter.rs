//! The pulse oximeter: saturation, pulse rate and pulse amplitude index once a second (0x1822, continuous).
//! Saturation is modelled; the pulse is that of the bed's heart.
use super::{Model, Moment, Outcome, Subscriptions, characteristic, counted, value, whole};
use crate::heart::{Heart, RateMeter};
use crate::ledger::{Condition, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::pulse_oximeter::{
    ContinuousMeasurement, DeviceFinding, DeviceStatus, Feature, FeatureWord, MeasurementStatement, MeasurementStatus,
    PulseOximeterFeatures, SaturationAndPulse,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, Number, Parameter, Special, Unit};
use std::time::Duration;
use uuid::Uuid;

/// The oximeter.
pub(crate) struct Oximeter {
    heart: Heart,
    meter: RateMeter,
    random: Random,
    /// Tenths of a per cent.
    saturation: Walk,
    /// Tenths of a per cent.
    amplitude: Walk,
    due: Duration,
    heard_to: Duration,
    touches: bool,
    demonstrates: bool,
}

const EVERY: Duration = Duration::from_secs(1);
const MEASUREMENT: CharacteristicAddress =
    CharacteristicAddress { service: uuids::PULSE_OXIMETER_SERVICE, characteristic: uuids::CONTINUOUS_OXIMETRY };
const NOT_A_NUMBER: Number = Number::Special(Special::NotANumber);

impl Oximeter {
    /// On the finger of a person whose saturation is usually `usual_percent`.
    pub(crate) fn new(heart: Heart, usual_percent: u8, random: Random, phase: Duration) -> Self {
        let usual = i64::from(usual_percent) * 10;
        Self {
            heart,
            meter: RateMeter::over(8),
            random,
            saturation: Walk::new(usual, (usual - 40, (usual + 25).min(1_000)), 4),
            amplitude: Walk::new(45, (12, 90), 3),
            due: EVERY + phase,
            heard_to: Duration::ZERO,
            touches: true,
            demonstrates: false,
        }
    }

    fn measure(&mut self) -> Option<Outcome> {
        let beats = self.heart.beats(self.heard_to, self.due);
        self.heard_to = self.due;
        self.meter.hear(&beats);
        // The walks go on without a finger too, so that a finger out shifts no later value.
        let saturation = whole((self.saturation.step(&mut self.random) + 5) / 10);
        let amplitude = Number::Value(Decimal::new(self.amplitude.step(&mut self.random), -1));
        let pulse = self.meter.per_minute().map_or(NOT_A_NUMBER, whole);
        let (saturation, pulse, amplitude) = match self.touches {
            true => (saturation, pulse, amplitude),
            false => (NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER),
        };
        let packet = ContinuousMeasurement {
            normal: SaturationAndPulse { spo2_percent: saturation, pulse_rate_bpm: pulse },
            fast: None,
            slow: None,
            measurement_status: Some(self.measurement_status()),
            device_status: Some(self.device_status()),
            pulse_amplitude_index_percent: Some(amplitude),
        };
        let values: Vec<LedgerValue> = vec![
            counted(Parameter::OxygenSaturation, saturation, Unit::Percent),
            counted(Parameter::OximeterPulseRate, pulse, Unit::PerMinute),
            counted(Parameter::PulseAmplitudeIndex, amplitude, Unit::Percent),
        ];
        let mut conditions = Vec::new();
        if !self.touches {
            conditions.push(Condition::NoContact);
        }
        if self.demonstrates {
            conditions.push(Condition::Demonstration);
        }
        value(MEASUREMENT, packet.encode(), values, conditions)
    }

    const fn measurement_status(&self) -> MeasurementStatus {
        let none = MeasurementStatus::from_bits(0);
        let status = match self.touches {
            true => none.with(MeasurementStatement::Ongoing).with(MeasurementStatement::FullyQualified),
            false => none.with(MeasurementStatement::Unavailable),
        };
        if self.demonstrates { status.with(MeasurementStatement::Demonstration) } else { status }
    }

    const fn device_status(&self) -> DeviceStatus {
        let none = DeviceStatus::from_bits(0);
        if self.touches { none } else { none.with(DeviceFinding::UnconnectedToUser) }
    }
}

impl Model for Oximeter {
    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::PULSE_OXIMETER_SERVICE,
            characteristics: vec![
                characteristic(uuids::CONTINUOUS_OXIMETRY, "n"),
                characteristic(uuids::PULSE_OXIMETER_FEATURES, "r"),
            ],
        }]
    }

    fn due(&self) -> Option<Duration> {
        Some(self.due)
    }

    fn step(&mut self, moment: Moment<'_>, _subscriptions: &Subscriptions) -> Vec<Outcome> {
        if moment.now < self.due {
            return Vec::new();
        }
        let outcome = self.measure();
        self.due += EVERY;
        outcome.into_iter().collect()
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        if characteristic != uuids::PULSE_OXIMETER_FEATURES {
            return None;
        }
        let every = |flags: &[MeasurementStatement]| {
            flags.iter().fold(MeasurementStatus::from_bits(0), |status, flag| status.with(*flag))
        };
        use MeasurementStatement::{Demonstration, FullyQualified, Ongoing, Unavailable};
        let features = PulseOximeterFeatures {
            features: FeatureWord::from_bits(0).with(Feature::PulseAmplitudeIndex),
            measurement_status_support: Some(every(&[Ongoing, FullyQualified, Demonstration, Unavailable])),
            device_status_support: Some(DeviceStatus::from_bits(0).with(DeviceFinding::UnconnectedToUser)),
        };
        features.encode().ok()
    }

    fn contact(&mut self, touches: bool) {
        self.touches = touches;
    }

    fn demonstrate(&mut self, on: bool) {
        self.demonstrates = on;
    }
}
