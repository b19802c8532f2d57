//! The last value of each parameter of each patient, and what the clock makes of it.
//! A value comes here only after its commit. Not here: drawing and formatting.
use crate::plausible::may_be_shown;
use crate::records::{Recorded, StoredReading};
use crate::snapshot::{Advisory, Limits, Tile, TileValue};
use bedside_policy::Crossed;
use bedside_policy::{Limits as LimitsOfPolicy, Policy};
use bedside_session::Now;
use bedside_vitals::{
    BootTime, Cadence, Decimal, DeviceDescription, DeviceId, DeviceKind, Freshness, LastSample, MeasuredValue,
    Measurement, Parameter, PatientId, Quality, TimeMethod, Unit, WallTime, freshness,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The order of tiles on a bedside. The rest of what a body composition scale measures is in the record.
const ORDER: [Parameter; 15] = [
    Parameter::HeartRate,
    Parameter::OxygenSaturation,
    Parameter::OximeterPulseRate,
    Parameter::BloodPressure,
    Parameter::RespirationRate,
    Parameter::BodyTemperature,
    Parameter::BloodGlucose,
    Parameter::InterstitialGlucose,
    Parameter::BodyWeight,
    Parameter::BodyMassIndex,
    Parameter::BodyFat,
    Parameter::BodyWaterMass,
    Parameter::MuscleMass,
    Parameter::PulseAmplitudeIndex,
    Parameter::PerfusionIndex,
];

struct Last {
    value: MeasuredValue,
    quality: Quality,
    device: DeviceId,
    device_name: String,
    sample: LastSample,
}

/// Last values by patient and parameter.
#[derive(Default)]
pub(crate) struct Live {
    last: BTreeMap<(PatientId, Parameter), Last>,
}

impl Live {
    /// Takes a durable value. An older spot reading never replaces a newer one.
    pub(crate) fn take(&mut self, new: Recorded) {
        let Recorded { patient, device, device_name, measurement, .. } = new;
        let time = measurement.time;
        let sample = LastSample {
            received: time.received_boot,
            measured: time.at,
            method: time.method,
            cadence: measurement.cadence,
            before_interruption: false,
        };
        let key = (patient, measurement.parameter);
        // After an interruption the clock may have moved: then what arrives next is the news.
        let older = |last: &Last| {
            let comparable = measurement.cadence == Cadence::Spot && !last.sample.before_interruption;
            let is_known = |method| method != TimeMethod::Unknown;
            // A value that nobody knows the time of is no news beside one that has a time.
            let later = match (is_known(last.sample.method), is_known(sample.method)) {
                (true, false) => true,
                (false, true) => false,
                (true, true) | (false, false) => last.sample.measured > sample.measured,
            };
            comparable && later
        };
        if self.last.get(&key).is_some_and(older) {
            return;
        }
        let last = Last { value: measurement.value, quality: measurement.quality, device, device_name, sample };
        self.last.insert(key, last);
    }

    /// Values from the store, for a patient opened after a start: their age counts by the wall clock, and none of them
    /// is better than stale until something new comes.
    pub(crate) fn remember(
        &mut self,
        patient: PatientId,
        readings: Vec<StoredReading>,
        known: &BTreeMap<DeviceId, DeviceDescription>,
        now: Now,
    ) {
        for reading in readings.into_iter().filter(|reading| may_be_shown(reading.measurement.quality)) {
            let Measurement { parameter, value, time, quality, cadence, .. } = reading.measurement;
            let age = Duration::from_millis(u64::try_from(now.wall.millis_since(time.received)).unwrap_or(0));
            let received = BootTime(now.boot.0.saturating_sub(age));
            let sample = LastSample {
                received,
                measured: time.at,
                method: time.method,
                cadence,
                before_interruption: cadence == Cadence::Streaming,
            };
            let device_name = known.get(&reading.device).map(|device| device.name.clone()).unwrap_or_default();
            self.last.entry((patient, parameter)).or_insert(Last {
                value,
                quality,
                device: reading.device,
                device_name,
                sample,
            });
        }
    }

    /// The reading of this time was corrected or rejected; whether it was the last value, or may be now: it is to be asked
    /// for.
    pub(crate) fn forget_value(&mut self, patient: PatientId, parameter: Parameter, measured: WallTime) -> bool {
        let key = (patient, parameter);
        let may_be_last = self.last.get(&key).is_none_or(|last| last.sample.measured <= measured);
        if may_be_last {
            self.last.remove(&key);
        }
        may_be_last
    }

    /// The computer slept, stood still or changed its clock: nothing is better than stale until something new comes.
    pub(crate) fn interrupt(&mut self) {
        for last in self.last.values_mut() {
            last.sample.before_interruption = true;
        }
    }

    /// When the last value of a patient was measured.
    pub(crate) fn latest(&self, patient: PatientId) -> Option<WallTime> {
        self.of(patient).map(|(_, last)| last.sample.measured).max()
    }

    /// The tiles of a patient: what the bound devices can give, and whatever has a last value.
    pub(crate) fn tiles(&self, patient: PatientId, bound: &[DeviceKind], policy: &Policy, now: Now) -> Vec<Tile> {
        let expected: BTreeSet<Parameter> = bound.iter().flat_map(|kind| gives(*kind)).copied().collect();
        ORDER
            .into_iter()
            .filter_map(|parameter| {
                let last = self.last.get(&(patient, parameter));
                (last.is_some() || expected.contains(&parameter))
                    .then(|| tile(parameter, last, expected.contains(&parameter), policy, now))
            })
            .collect()
    }

    fn of(&self, patient: PatientId) -> impl Iterator<Item = (Parameter, &Last)> {
        self.last
            .iter()
            .filter(move |((whose, _), _)| *whose == patient)
            .map(|((_, parameter), last)| (*parameter, last))
    }
}

fn tile(parameter: Parameter, last: Option<&Last>, expected: bool, policy: &Policy, now: Now) -> Tile {
    let (state, age) = freshness(&policy.freshness, last.map(|last| &last.sample), now.boot, now.wall);
    let limit = policy.limits.of(parameter);
    let value = last.map(|last| TileValue {
        value: last.value,
        age,
        at: last.sample.measured,
        method: last.sample.method,
        quality: last.quality,
        device: last.device,
        device_name: last.device_name.clone(),
        streaming: last.sample.cadence == Cadence::Streaming,
    });
    let number = last.and_then(|last| leading_number(parameter, &last.value));
    let crossed = number.and_then(|number| limit.crossed_by(number));
    let streams = last.is_some_and(|last| last.sample.cadence == Cadence::Streaming);
    let advisory = match state {
        Freshness::Live | Freshness::Recent => crossed.map(|crossed| match crossed {
            Crossed::Above => Advisory::High,
            Crossed::Below => Advisory::Low,
        }),
        // A value past its freshness raises no limit advisory; the absence of data where data should be is its own.
        Freshness::Lost if expected && streams => Some(Advisory::NoData),
        Freshness::Stale | Freshness::Lost | Freshness::Never => None,
    };
    let unit = last.map(|last| last.value.unit());
    let shown = |number: Option<Decimal>| number.map(|number| in_unit_of_tile(parameter, number, unit).to_f64());
    let limits = Limits { upper: shown(limit.upper), lower: shown(limit.lower) };
    Tile { parameter, freshness: state, last: value, limits, advisory }
}

/// A limit in the unit of the value beside it, where that is another one of the same quantity.
fn in_unit_of_tile(parameter: Parameter, limit: Decimal, unit: Option<Unit>) -> Decimal {
    let converted = unit.zip(LimitsOfPolicy::unit(parameter)).and_then(|(to, from)| from.convert(limit, to));
    converted.unwrap_or(limit)
}

/// The number that limits apply to, in their unit: the systolic of a blood pressure.
fn leading_number(parameter: Parameter, value: &MeasuredValue) -> Option<Decimal> {
    let number = match value {
        MeasuredValue::Single(quantity) => quantity.number,
        MeasuredValue::Pressures(pressures) => pressures.systolic,
    };
    value.unit().convert(number.value()?, LimitsOfPolicy::unit(parameter)?)
}

/// The parameters a device of this kind gives.
const fn gives(kind: DeviceKind) -> &'static [Parameter] {
    match kind {
        DeviceKind::HeartRateStrap | DeviceKind::EcgSensor => &[Parameter::HeartRate],
        DeviceKind::PulseOximeter => &[Parameter::OxygenSaturation, Parameter::OximeterPulseRate],
        DeviceKind::BloodPressureCuff => &[Parameter::BloodPressure],
        DeviceKind::Thermometer => &[Parameter::BodyTemperature],
        DeviceKind::GlucoseMeter => &[Parameter::BloodGlucose],
        DeviceKind::GlucoseSensor => &[Parameter::InterstitialGlucose],
        DeviceKind::WeightScale => &[Parameter::BodyWeight],
        // What it measures is known with its first observation.
        DeviceKind::HealthSensor | DeviceKind::Unknown => &[],
    }
}
