//! The arm cuff: blood pressure with pulse rate (0x1810), and the pressure in the cuff while it inflates.
//! When it measures, advertises and hangs up is in `spot.rs`.
use super::spot::{Reading, SpotKind};
use super::{Outcome, Value, characteristic, value, whole};
use crate::heart::{Heart, RateMeter};
use crate::ledger::{LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::blood_pressure::{
    BloodPressureFeature, BloodPressureFeatures, BloodPressureMeasurement, IntermediateCuffPressure, MeasurementStatus,
    PressureContext, PressureUnit,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Number, Parameter, Special, Unit};
use std::time::Duration;
use uuid::Uuid;

/// The cuff.
pub(crate) struct Cuff {
    heart: Heart,
    systolic: Walk,
    diastolic: Walk,
}

/// Whole mmHg and beats a minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressures {
    systolic: i64,
    diastolic: i64,
    mean: i64,
    pulse_rate: Option<u16>,
}

const CUFF_PRESSURE: CharacteristicAddress =
    CharacteristicAddress { service: uuids::BLOOD_PRESSURE_SERVICE, characteristic: uuids::INTERMEDIATE_CUFF_PRESSURE };
/// The cuff listens to the pulse for this long.
const LISTENS: Duration = Duration::from_secs(12);

impl Cuff {
    /// On the arm of a person with this usual pressure in mmHg.
    pub(crate) const fn new(heart: Heart, systolic: i64, diastolic: i64) -> Self {
        Self {
            heart,
            systolic: Walk::new(systolic, (systolic - 25, systolic + 25), 6),
            diastolic: Walk::new(diastolic, (diastolic - 14, diastolic + 14), 4),
        }
    }
}

impl SpotKind for Cuff {
    type Result = Pressures;
    const MEASUREMENT: CharacteristicAddress = CharacteristicAddress {
        service: uuids::BLOOD_PRESSURE_SERVICE,
        characteristic: uuids::BLOOD_PRESSURE_MEASUREMENT,
    };
    const LASTS_MS: (i64, i64) = (22_000, 34_000);

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::BLOOD_PRESSURE_SERVICE,
            characteristics: vec![
                characteristic(uuids::BLOOD_PRESSURE_MEASUREMENT, "i"),
                characteristic(uuids::INTERMEDIATE_CUFF_PRESSURE, "n"),
                characteristic(uuids::BLOOD_PRESSURE_FEATURE, "r"),
            ],
        }]
    }

    fn result(&mut self, now: Duration, random: &mut Random) -> Pressures {
        let systolic = self.systolic.step(random);
        let diastolic = self.diastolic.step(random).min(systolic - 15);
        let mut meter = RateMeter::over(usize::MAX);
        meter.hear(&self.heart.beats(now.saturating_sub(LISTENS), now));
        let mean = diastolic + (systolic - diastolic + 1) / 3;
        Pressures { systolic, diastolic, mean, pulse_rate: meter.per_minute() }
    }

    fn indication(&self, reading: &Reading<Pressures>) -> Option<Outcome> {
        let Pressures { systolic, diastolic, mean, pulse_rate } = reading.result;
        let pulse_rate = pulse_rate.map_or(Number::Special(Special::NotANumber), whole);
        let packet = BloodPressureMeasurement {
            systolic: whole(systolic),
            diastolic: whole(diastolic),
            mean: whole(mean),
            unit: PressureUnit::MillimetreOfMercury,
            context: PressureContext {
                timestamp: Some(reading.time),
                pulse_rate_bpm: Some(pulse_rate),
                // A cuff for one person: no slots to confirm.
                user: None,
                status: Some(MeasurementStatus::from_bits(0)),
            },
        };
        let identity = LedgerIdentity::Record { device_time: reading.time, record: reading.record };
        let pressure = |part, number| LedgerValue {
            parameter: Parameter::BloodPressure,
            part: Some(part),
            number: whole(number),
            unit: Unit::MillimetreOfMercury,
            identity,
        };
        let values = vec![
            pressure("systolic", systolic),
            pressure("diastolic", diastolic),
            pressure("mean", mean),
            LedgerValue {
                parameter: Parameter::CuffPulseRate,
                part: None,
                number: pulse_rate,
                unit: Unit::PerMinute,
                identity,
            },
        ];
        value(Self::MEASUREMENT, packet.encode(), values, Vec::new())
    }

    /// Up to 40 mmHg above the usual systolic pressure in the first third, then slowly down.
    fn progress(&self, thousandths: i64) -> Option<Value> {
        let top = self.systolic.value + 40;
        let pressure = match thousandths {
            rising @ ..333 => top * rising / 333,
            falling => top - (top - 30) * (falling - 333) / 667,
        };
        let packet = IntermediateCuffPressure {
            cuff_pressure: whole(pressure),
            unit: PressureUnit::MillimetreOfMercury,
            context: PressureContext::default(),
        };
        let octets = packet.encode().ok()?;
        Some(Value { address: CUFF_PRESSURE, octets, values: Vec::new(), conditions: Vec::new() })
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        let features = BloodPressureFeatures::from_bits(0).with(BloodPressureFeature::IrregularPulse);
        (characteristic == uuids::BLOOD_PRESSURE_FEATURE).then(|| features.encode())
    }
}
