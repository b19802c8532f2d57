//! The fingertip oximeter that keeps its spot checks (0x1822 with a control point, no stream).
//! Its memory and its control point are in `records.rs`.
use super::records::{Operators, Record, RecordKind};
use super::{Value, characteristic};
use crate::ledger::{LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::pulse_oximeter::{
    Feature, FeatureWord, MeasurementStatement, MeasurementStatus, PulseOximeterFeatures, SaturationAndPulse,
    SpotCheckMeasurement,
};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, Parameter, Unit};
use uuid::Uuid;

/// The oximeter.
pub(crate) struct SpotOximeter {
    saturation: Walk,
    pulse: Walk,
}

/// One spot check: per cent, and beats a minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpotCheck {
    saturation: i64,
    pulse: i64,
}

impl SpotOximeter {
    /// On the finger of a person with this usual saturation.
    pub(crate) fn new(usual_percent: u8) -> Self {
        let usual = i64::from(usual_percent);
        Self { saturation: Walk::new(usual, (usual - 4, (usual + 2).min(100)), 2), pulse: Walk::new(74, (52, 118), 8) }
    }
}

impl RecordKind for SpotOximeter {
    type Result = SpotCheck;
    const SERVICE: Uuid = uuids::PULSE_OXIMETER_SERVICE;
    const MEASUREMENT: CharacteristicAddress =
        CharacteristicAddress { service: uuids::PULSE_OXIMETER_SERVICE, characteristic: uuids::SPOT_CHECK_OXIMETRY };
    const OPERATORS: Operators = Operators::WithoutNumbers;
    const WIDE: bool = false;

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::PULSE_OXIMETER_SERVICE,
            characteristics: vec![
                characteristic(uuids::SPOT_CHECK_OXIMETRY, "i"),
                characteristic(uuids::PULSE_OXIMETER_FEATURES, "r"),
                characteristic(uuids::RECORD_ACCESS_CONTROL_POINT, "wi"),
            ],
        }]
    }

    fn result(&mut self, _number: u32, random: &mut Random) -> SpotCheck {
        SpotCheck { saturation: self.saturation.step(random), pulse: self.pulse.step(random) }
    }

    fn values(&self, record: &Record<SpotCheck>) -> Vec<Value> {
        let SpotCheck { saturation, pulse } = record.result;
        let number = |n| Decimal::whole(n).into();
        let status = MeasurementStatus::from_bits(0)
            .with(MeasurementStatement::FullyQualified)
            .with(MeasurementStatement::FromStorage);
        let packet = SpotCheckMeasurement {
            normal: SaturationAndPulse { spo2_percent: number(saturation), pulse_rate_bpm: number(pulse) },
            timestamp: Some(record.time),
            measurement_status: Some(status),
            device_status: None,
            pulse_amplitude_index_percent: None,
            device_clock_not_set: false,
        };
        let entry = |parameter, n, unit| LedgerValue {
            parameter,
            part: None,
            number: number(n),
            unit,
            identity: LedgerIdentity::Record { device_time: record.time, record: record.number.into() },
        };
        let values = vec![
            entry(Parameter::OxygenSaturation, saturation, Unit::Percent),
            entry(Parameter::OximeterPulseRate, pulse, Unit::PerMinute),
        ];
        let value = |octets| Value { address: Self::MEASUREMENT, octets, values, conditions: Vec::new() };
        packet.encode().ok().map(value).into_iter().collect()
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        if characteristic != uuids::PULSE_OXIMETER_FEATURES {
            return None;
        }
        let status = MeasurementStatus::from_bits(0).with(MeasurementStatement::FromStorage);
        let features = PulseOximeterFeatures {
            features: FeatureWord::from_bits(0).with(Feature::Storage).with(Feature::TimeStamp),
            measurement_status_support: Some(status),
            device_status_support: None,
        };
        features.encode().ok()
    }
}
