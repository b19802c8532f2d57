//! The ear thermometer: one temperature in degrees Celsius with one decimal (0x1809).
//! When it measures, advertises and hangs up is in `spot.rs`.
use super::spot::{Reading, SpotKind};
use super::{Outcome, Value, characteristic, value};
use crate::ledger::{LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::health_thermometer::{
    INTERMEDIATE_TEMPERATURE, TEMPERATURE_MEASUREMENT, TemperatureMeasurement, TemperatureType, TemperatureUnit,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, Parameter, Unit};
use std::time::Duration;
use uuid::Uuid;

/// The thermometer.
pub(crate) struct Thermometer {
    /// Tenths of a degree.
    temperature: Walk,
}

const SO_FAR: CharacteristicAddress = CharacteristicAddress {
    service: uuids::HEALTH_THERMOMETER_SERVICE,
    characteristic: uuids::INTERMEDIATE_TEMPERATURE,
};
/// What the probe shows before it warms up, in tenths of a degree.
const ROOM: i64 = 220;

impl Thermometer {
    /// In the ear of a person with this usual temperature in tenths of a degree Celsius.
    pub(crate) const fn new(usual_tenths: i64) -> Self {
        Self { temperature: Walk::new(usual_tenths, (usual_tenths - 6, usual_tenths + 6), 2) }
    }
}

impl SpotKind for Thermometer {
    type Result = Decimal;
    const MEASUREMENT: CharacteristicAddress = CharacteristicAddress {
        service: uuids::HEALTH_THERMOMETER_SERVICE,
        characteristic: uuids::TEMPERATURE_MEASUREMENT,
    };
    const LASTS_MS: (i64, i64) = (3_000, 6_000);

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::HEALTH_THERMOMETER_SERVICE,
            characteristics: vec![
                characteristic(uuids::TEMPERATURE_MEASUREMENT, "i"),
                characteristic(uuids::INTERMEDIATE_TEMPERATURE, "n"),
            ],
        }]
    }

    fn result(&mut self, _now: Duration, random: &mut Random) -> Decimal {
        Decimal::new(self.temperature.step(random), -1)
    }

    fn indication(&self, reading: &Reading<Decimal>) -> Option<Outcome> {
        let packet = TemperatureMeasurement {
            temperature: reading.result.into(),
            unit: TemperatureUnit::Celsius,
            timestamp: Some(reading.time),
            temperature_type: Some(TemperatureType::Ear),
        };
        let values = vec![LedgerValue {
            parameter: Parameter::BodyTemperature,
            part: None,
            number: reading.result.into(),
            unit: Unit::DegreeCelsius,
            identity: LedgerIdentity::Record { device_time: reading.time, record: reading.record },
        }];
        value(Self::MEASUREMENT, packet.encode(TEMPERATURE_MEASUREMENT), values, Vec::new())
    }

    fn progress(&self, thousandths: i64) -> Option<Value> {
        let so_far = ROOM + (self.temperature.value - ROOM) * thousandths / 1_000;
        let packet = TemperatureMeasurement {
            temperature: Decimal::new(so_far, -1).into(),
            unit: TemperatureUnit::Celsius,
            timestamp: None,
            temperature_type: Some(TemperatureType::Ear),
        };
        let octets = packet.encode(INTERMEDIATE_TEMPERATURE).ok()?;
        Some(Value { address: SO_FAR, octets, values: Vec::new(), conditions: Vec::new() })
    }

    fn read(&self, _characteristic: Uuid) -> Option<Vec<u8>> {
        None
    }
}
