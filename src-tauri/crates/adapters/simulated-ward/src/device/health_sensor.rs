//! The generic health sensor (0x1840): temperatures and saturations as stored observations in segments, and now and
//! then one of a kind that no console charts. Its memory and its control point are in `records.rs`.
use super::records::{Operators, Record, RecordKind};
use super::{Value, characteristic};
use crate::ledger::{LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::current_time::TimeSource;
use bedside_gatt::elapsed_time::{ElapsedTime, ElapsedTimeFlag, ElapsedTimeFlags};
use bedside_gatt::generic_health::{
    HealthSensorFeatures, Observation, ObservationValue, Quantity, StoredObservation, split,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, DeviceTime, Parameter, Unit};
use uuid::Uuid;

/// The sensor.
pub(crate) struct HealthSensor {
    /// Tenths of a degree.
    temperature: Walk,
    /// Per cent.
    saturation: Walk,
}

/// One observation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    /// Tenths of a degree Celsius.
    Temperature(i64),
    /// Per cent.
    Saturation(i64),
    /// Steps that somebody walked: of no interest at a bedside.
    Steps(i64),
}

/// Octets of one value with the smallest ATT MTU.
const VALUE_SIZE: usize = 20;
const PERCENT: u16 = 544;
const DEGREE_CELSIUS: u16 = 6_048;
const DIMENSIONLESS: u16 = 512;
/// `MDC_MODALITY_SPOT`.
const SPOT: u32 = 150_588;
/// A term of the partition for health and fitness.
const STEPS: u32 = 8_454_247;

impl HealthSensor {
    /// At a person of this usual temperature in tenths of a degree, and saturation.
    pub(crate) fn new(usual_tenths: i64, usual_percent: u8) -> Self {
        let percent = i64::from(usual_percent);
        Self {
            temperature: Walk::new(usual_tenths, (usual_tenths - 6, usual_tenths + 6), 2),
            saturation: Walk::new(percent, (percent - 4, (percent + 2).min(100)), 1),
        }
    }
}

impl RecordKind for HealthSensor {
    type Result = Observed;
    const SERVICE: Uuid = uuids::GENERIC_HEALTH_SENSOR_SERVICE;
    const MEASUREMENT: CharacteristicAddress = CharacteristicAddress {
        service: uuids::GENERIC_HEALTH_SENSOR_SERVICE,
        characteristic: uuids::STORED_HEALTH_OBSERVATIONS,
    };
    const OPERATORS: Operators = Operators::Numbers;
    const WIDE: bool = true;

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::GENERIC_HEALTH_SENSOR_SERVICE,
            characteristics: vec![
                characteristic(uuids::HEALTH_SENSOR_FEATURES, "r"),
                characteristic(uuids::STORED_HEALTH_OBSERVATIONS, "n"),
                characteristic(uuids::RECORD_ACCESS_CONTROL_POINT, "wi"),
            ],
        }]
    }

    fn result(&mut self, number: u32, random: &mut Random) -> Observed {
        match number % 5 {
            0 => Observed::Steps(i64::from(number) * 37),
            1 | 3 => Observed::Temperature(self.temperature.step(random)),
            _ => Observed::Saturation(self.saturation.step(random)),
        }
    }

    fn values(&self, record: &Record<Observed>) -> Vec<Value> {
        let (kind, unit, value, charted) = match record.result {
            Observed::Temperature(tenths) => {
                let charted = (Parameter::BodyTemperature, Unit::DegreeCelsius);
                (Parameter::BodyTemperature.mdc(), DEGREE_CELSIUS, Decimal::new(tenths, -1), Some(charted))
            }
            Observed::Saturation(percent) => {
                let charted = (Parameter::OxygenSaturation, Unit::Percent);
                (Parameter::OxygenSaturation.mdc(), PERCENT, Decimal::whole(percent), Some(charted))
            }
            Observed::Steps(steps) => (STEPS, DIMENSIONLESS, Decimal::whole(steps), None),
        };
        let observation = Observation {
            kind: Some(kind),
            time: elapsed(record.time),
            supplemental: matches!(record.result, Observed::Saturation(_)).then(|| vec![SPOT]),
            ..Observation::new(ObservationValue::Numeric(Quantity { unit, value: value.into() }))
        };
        let Ok(body) = (StoredObservation { record_number: record.number, observation }).encode() else {
            return Vec::new();
        };
        let entry = charted.map(|(parameter, unit)| LedgerValue {
            parameter,
            part: None,
            number: value.into(),
            unit,
            identity: LedgerIdentity::Record { device_time: record.time, record: record.number.into() },
        });
        let segments = split(&body, (record.number % 64) as u8, VALUE_SIZE);
        let last = segments.len().saturating_sub(1);
        // The observation is whole with its last segment.
        let value = |(place, octets)| Value {
            address: Self::MEASUREMENT,
            octets,
            values: if place == last { entry.iter().cloned().collect() } else { Vec::new() },
            conditions: Vec::new(),
        };
        segments.into_iter().enumerate().map(value).collect()
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        if characteristic != uuids::HEALTH_SENSOR_FEATURES {
            return None;
        }
        let types = vec![Parameter::BodyTemperature.mdc(), Parameter::OxygenSaturation.mdc(), STEPS];
        HealthSensorFeatures { types, specializations: None }.encode().ok()
    }
}

/// Local time in whole seconds since 2000; `None` without a date.
fn elapsed(time: DeviceTime) -> Option<ElapsedTime> {
    const YEAR_2000_MS: i64 = 946_684_800_000;
    let count = u64::try_from((time.as_if_utc()?.0 - YEAR_2000_MS) / 1_000).ok()?;
    let flags = ElapsedTimeFlags::default().with(ElapsedTimeFlag::CurrentTimeline);
    Some(ElapsedTime { flags, count, source: TimeSource::Manual, offset_quarters: 0 })
}
