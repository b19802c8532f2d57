//! The scale: weight with body mass index and user slot (0x181D). Four people use it.
//! When it measures, advertises and hangs up is in `spot.rs`.
use super::spot::{Reading, SpotKind};
use super::{Outcome, Value, characteristic, value};
use crate::ledger::{LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::user_data::User;
use bedside_gatt::uuids;
use bedside_gatt::weight_scale::{
    BodyMass, ScaleResult, ScaleUnits, WeightMeasurement, WeightScaleFeature, WeightScaleFeatures,
};
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, Parameter, Unit};
use std::time::Duration;
use uuid::Uuid;

/// The scale.
pub(crate) struct Scale {
    /// Twentieths of a kilogram: steps of 50 g.
    weight: Walk,
    height_mm: i64,
    slot: u8,
}

/// One weighing, in twentieths of a kilogram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighing(i64);

impl Scale {
    /// Under a person of this usual weight and height, who has this slot.
    pub(crate) const fn new(usual_kg: i64, height_mm: i64, slot: u8) -> Self {
        let usual = usual_kg * 20;
        Self { weight: Walk::new(usual, (usual - 30, usual + 30), 6), height_mm, slot }
    }

    /// Tenths of kg/m².
    const fn index_tenths(&self, Weighing(twentieths): Weighing) -> i64 {
        let square = self.height_mm * self.height_mm;
        // kg/m² × 10 = twentieths / 20 × 10^6 / mm² × 10
        (twentieths * 500_000 + square / 2) / square
    }
}

impl SpotKind for Scale {
    type Result = Weighing;
    const MEASUREMENT: CharacteristicAddress =
        CharacteristicAddress { service: uuids::WEIGHT_SCALE_SERVICE, characteristic: uuids::WEIGHT_MEASUREMENT };
    const LASTS_MS: (i64, i64) = (2_500, 5_000);

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::WEIGHT_SCALE_SERVICE,
            characteristics: vec![
                characteristic(uuids::WEIGHT_MEASUREMENT, "i"),
                characteristic(uuids::WEIGHT_SCALE_FEATURE, "r"),
            ],
        }]
    }

    fn result(&mut self, _now: Duration, random: &mut Random) -> Weighing {
        Weighing(self.weight.step(random))
    }

    fn indication(&self, reading: &Reading<Weighing>) -> Option<Outcome> {
        let Weighing(twentieths) = reading.result;
        let weight = Decimal::new(twentieths * 5, -2);
        let index = Decimal::new(self.index_tenths(reading.result), -1);
        let packet = WeightMeasurement {
            units: ScaleUnits::Metric,
            weight: ScaleResult::Measured(weight),
            timestamp: Some(reading.time),
            user: Some(User::Slot(self.slot)),
            body_mass: Some(BodyMass { index, height: Decimal::new(self.height_mm, -3) }),
        };
        let entry = |parameter, number: Decimal, unit| LedgerValue {
            parameter,
            part: None,
            number: number.into(),
            unit,
            identity: LedgerIdentity::Record { device_time: reading.time, record: reading.record },
        };
        let values = vec![
            entry(Parameter::BodyWeight, weight, Unit::Kilogram),
            entry(Parameter::BodyMassIndex, index, Unit::KilogramPerSquareMetre),
            entry(Parameter::BodyHeight, Decimal::new(self.height_mm, -1), Unit::Centimetre),
        ];
        value(Self::MEASUREMENT, packet.encode(), values, Vec::new())
    }

    fn progress(&self, _thousandths: i64) -> Option<Value> {
        None
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        let features = WeightScaleFeatures::default()
            .with(WeightScaleFeature::TimeStamp)
            .with(WeightScaleFeature::MultiUser)
            .with(WeightScaleFeature::BodyMassIndex);
        (characteristic == uuids::WEIGHT_SCALE_FEATURE).then(|| features.encode())
    }
}
