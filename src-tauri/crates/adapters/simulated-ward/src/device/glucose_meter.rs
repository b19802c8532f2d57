//! The glucose meter (0x1808): records with meals beside them; now and then control solution or a result out of range.
//! Its memory and its control point are in `records.rs`.
use super::records::{Operators, Record, RecordKind};
use super::{Value, characteristic};
use crate::ledger::{Condition, LedgerIdentity, LedgerValue};
use crate::random::{Random, Walk};
use bedside_gatt::glucose::{
    ConcentrationUnit, GlucoseConcentration, GlucoseFeature, GlucoseFeatures, GlucoseFinding, GlucoseMeasurement,
    GlucoseStatus, SampleLocation, SampleType,
};
use bedside_gatt::glucose_context::{GlucoseContext, Meal};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::{Decimal, Number, Parameter, Special, Unit};
use uuid::Uuid;

/// The meter.
pub(crate) struct GlucoseMeter {
    /// mg/dL, or hundredths of a mmol/L.
    glucose: Walk,
    unit: ConcentrationUnit,
}

/// One result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glucose {
    amount: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blood(Option<Meal>),
    TooHigh,
    Control,
}

const CONTEXT: CharacteristicAddress =
    CharacteristicAddress { service: uuids::GLUCOSE_SERVICE, characteristic: uuids::GLUCOSE_MEASUREMENT_CONTEXT };
/// Every so many records one is of control solution, and one beyond the range.
const CONTROL_EVERY: u32 = 23;
const TOO_HIGH_EVERY: u32 = 31;

impl GlucoseMeter {
    /// Of a person whose glucose is usually `usual_mg_dl`; every second meter speaks of moles.
    pub(crate) const fn new(usual_mg_dl: i64, in_moles: bool) -> Self {
        let (usual, unit) = match in_moles {
            false => (usual_mg_dl, ConcentrationUnit::KilogramPerLitre),
            true => (usual_mg_dl * 100 / 18, ConcentrationUnit::MolePerLitre),
        };
        Self { glucose: Walk::new(usual, (usual * 6 / 10, usual * 2), usual / 5), unit }
    }

    fn number(&self, amount: i64) -> (Decimal, Decimal, Unit) {
        match self.unit {
            ConcentrationUnit::KilogramPerLitre => {
                (Decimal::new(amount, -5), Decimal::whole(amount), Unit::MilligramPerDecilitre)
            }
            ConcentrationUnit::MolePerLitre => {
                (Decimal::new(amount, -5), Decimal::new(amount, -2), Unit::MillimolePerLitre)
            }
        }
    }
}

impl RecordKind for GlucoseMeter {
    type Result = Glucose;
    const SERVICE: Uuid = uuids::GLUCOSE_SERVICE;
    const MEASUREMENT: CharacteristicAddress =
        CharacteristicAddress { service: uuids::GLUCOSE_SERVICE, characteristic: uuids::GLUCOSE_MEASUREMENT };
    const OPERATORS: Operators = Operators::Numbers;
    const WIDE: bool = false;

    fn services(&self) -> Vec<DiscoveredService> {
        vec![DiscoveredService {
            uuid: uuids::GLUCOSE_SERVICE,
            characteristics: vec![
                characteristic(uuids::GLUCOSE_MEASUREMENT, "n"),
                characteristic(uuids::GLUCOSE_MEASUREMENT_CONTEXT, "n"),
                characteristic(uuids::GLUCOSE_FEATURE, "r"),
                characteristic(uuids::RECORD_ACCESS_CONTROL_POINT, "wi"),
            ],
        }]
    }

    fn result(&mut self, number: u32, random: &mut Random) -> Glucose {
        let amount = self.glucose.step(random);
        let kind = if number.is_multiple_of(CONTROL_EVERY) {
            Kind::Control
        } else if number.is_multiple_of(TOO_HIGH_EVERY) {
            Kind::TooHigh
        } else {
            Kind::Blood(match number % 4 {
                0 => Some(Meal::Fasting),
                1 => Some(Meal::Before),
                2 => Some(Meal::After),
                _ => None,
            })
        };
        Glucose { amount, kind }
    }

    fn values(&self, record: &Record<Glucose>) -> Vec<Value> {
        let Glucose { amount, kind } = record.result;
        let sequence_number = record.number as u16;
        let (sent, shown, unit) = self.number(amount);
        let (amount, number) = match kind {
            Kind::TooHigh => (Number::Special(Special::NotANumber), Number::Special(Special::PositiveInfinity)),
            Kind::Blood(_) | Kind::Control => (sent.into(), shown.into()),
        };
        let (sample_type, sample_location) = match kind {
            Kind::Control => (SampleType::ControlSolution, SampleLocation::ControlSolution),
            Kind::Blood(_) | Kind::TooHigh => (SampleType::CapillaryPlasma, SampleLocation::Finger),
        };
        let meal = match kind {
            Kind::Blood(meal) => meal,
            Kind::TooHigh | Kind::Control => None,
        };
        let none = GlucoseStatus::default();
        let packet = GlucoseMeasurement {
            sequence_number,
            base_time: record.time,
            time_offset_min: Some(0),
            concentration: Some(GlucoseConcentration { amount, unit: self.unit, sample_type, sample_location }),
            status: Some(if kind == Kind::TooHigh { none.with(GlucoseFinding::ResultTooHigh) } else { none }),
            context_follows: meal.is_some(),
        };
        let identity = LedgerIdentity::Record { device_time: record.time, record: record.number.into() };
        let entry = LedgerValue { parameter: Parameter::BloodGlucose, part: None, number, unit, identity };
        let conditions = if kind == Kind::Control { vec![Condition::ControlSolution] } else { Vec::new() };
        let measured = packet.encode().ok().map(|octets| Value {
            address: Self::MEASUREMENT,
            octets,
            values: vec![entry],
            conditions,
        });
        let context = GlucoseContext { sequence_number, meal, ..GlucoseContext::default() };
        let context = meal.and_then(|_| context.encode().ok()).map(|octets| Value {
            address: CONTEXT,
            octets,
            values: Vec::new(),
            conditions: Vec::new(),
        });
        measured.into_iter().chain(context).collect()
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        let features = GlucoseFeatures::default().with(GlucoseFeature::LowBattery).with(GlucoseFeature::StripType);
        (characteristic == uuids::GLUCOSE_FEATURE).then(|| features.encode())
    }
}
