//! Glucose meters: one record as one spot reading, with its fluid, place and meal; "HI" and "LO" are states.
//! Not here: asking for stored records, and waiting for a record's context (`downloads`).
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::glucose::{
    ConcentrationUnit, GlucoseConcentration, GlucoseFinding, GlucoseMeasurement, GlucoseStatus, SampleLocation,
    SampleType,
};
use bedside_gatt::glucose_context::{GlucoseContext, Meal as MealCode};
use bedside_vitals::{
    Decimal, GlucoseDetails, GlucoseSample, Meal, MeasuredValue, Number, Parameter, Quality, QualityFlag, Quantity,
    ReadingIdentity, SampleSite, Special, Unit,
};

/// One record. A record of an event without a concentration says nothing about a person; its bytes are kept.
pub(super) fn measurement(
    bytes: &[u8],
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Result<Vec<Content>, DecodeError> {
    let packet = GlucoseMeasurement::decode(bytes)?;
    let meal = frame.context.map(GlucoseContext::decode).transpose()?.and_then(|context| context.meal).and_then(meal);
    let Some(found) = packet.concentration else { return Ok(Vec::new()) };
    let status = packet.status.unwrap_or_default();
    let identity = if frame.quirk.sequence_reversed {
        ordinals.identity(Parameter::BloodGlucose, Some(packet.base_time), frame)
    } else {
        ReadingIdentity::Sequence { sequence: packet.sequence_number.into(), base_time: Some(packet.base_time) }
    };
    let details = GlucoseDetails { sample: sample(found.sample_type), site: site(found.sample_location), meal };
    let quality = quality(status)
        .with_if(is_control(&found), QualityFlag::ControlSolution)
        .with_if(status.has(GlucoseFinding::TimeFault), QualityFlag::ClockNotSet);
    let parameter = match details.sample {
        Some(GlucoseSample::InterstitialFluid) => Parameter::InterstitialGlucose,
        _ => Parameter::BloodGlucose,
    };
    let value = MeasuredValue::Single(amount(&found, status));
    let mut reading = frame.spot(parameter, value, None, identity, quality);
    reading.time = frame.measured_offset(packet.base_time, packet.time_offset_min);
    reading.glucose = Some(details);
    Ok(vec![Content::Measurement(reading)])
}

/// The amount in the unit of the meter's family: kg/L are 100 000 mg/dL and mol/L are 1000 mmol/L, so that only the
/// point moves and no digit changes. What the meter could not measure is a state.
fn amount(found: &GlucoseConcentration, status: GlucoseStatus) -> Quantity {
    let (unit, shift) = match found.unit {
        ConcentrationUnit::KilogramPerLitre => (Unit::MilligramPerDecilitre, 5),
        ConcentrationUnit::MolePerLitre => (Unit::MillimolePerLitre, 3),
    };
    let number = if status.has(GlucoseFinding::ResultTooHigh) {
        Number::Special(Special::PositiveInfinity)
    } else if status.has(GlucoseFinding::ResultTooLow) {
        Number::Special(Special::NegativeInfinity)
    } else {
        match found.amount {
            Number::Value(n) => Number::Value(Decimal::new(n.mantissa(), n.exponent().saturating_add(shift))),
            Number::Special(state) => Number::Special(state),
        }
    };
    Quantity { number, unit }
}

fn is_control(found: &GlucoseConcentration) -> bool {
    found.sample_type == SampleType::ControlSolution || found.sample_location == SampleLocation::ControlSolution
}

fn quality(status: GlucoseStatus) -> Quality {
    let any = |findings: &[GlucoseFinding]| findings.iter().any(|&finding| status.has(finding));
    let broken = [GlucoseFinding::SensorMalfunction, GlucoseFinding::DeviceFault, GlucoseFinding::ReadInterrupted];
    let doubtful = [
        GlucoseFinding::SampleTooSmall,
        GlucoseFinding::StripInsertionError,
        GlucoseFinding::StripTypeWrong,
        GlucoseFinding::TemperatureTooHigh,
        GlucoseFinding::TemperatureTooLow,
    ];
    Quality::GOOD.with_if(any(&broken), QualityFlag::Invalid).with_if(any(&doubtful), QualityFlag::Questionable)
}

const fn sample(code: SampleType) -> Option<GlucoseSample> {
    Some(match code {
        SampleType::CapillaryWholeBlood => GlucoseSample::CapillaryWholeBlood,
        SampleType::CapillaryPlasma => GlucoseSample::CapillaryPlasma,
        SampleType::VenousWholeBlood => GlucoseSample::VenousWholeBlood,
        SampleType::VenousPlasma => GlucoseSample::VenousPlasma,
        SampleType::ArterialWholeBlood => GlucoseSample::ArterialWholeBlood,
        SampleType::ArterialPlasma => GlucoseSample::ArterialPlasma,
        SampleType::UndeterminedWholeBlood => GlucoseSample::UndeterminedWholeBlood,
        SampleType::UndeterminedPlasma => GlucoseSample::UndeterminedPlasma,
        SampleType::InterstitialFluid => GlucoseSample::InterstitialFluid,
        SampleType::ControlSolution => GlucoseSample::ControlSolution,
        SampleType::Reserved(_) => return None,
    })
}

const fn site(code: SampleLocation) -> Option<SampleSite> {
    match code {
        SampleLocation::Finger => Some(SampleSite::Finger),
        SampleLocation::AlternateSite => Some(SampleSite::Alternate),
        SampleLocation::Earlobe => Some(SampleSite::EarLobe),
        SampleLocation::ControlSolution | SampleLocation::NotAvailable | SampleLocation::Reserved(_) => None,
    }
}

const fn meal(code: MealCode) -> Option<Meal> {
    match code {
        MealCode::Before => Some(Meal::Before),
        MealCode::After => Some(Meal::After),
        MealCode::Fasting => Some(Meal::Fasting),
        MealCode::Casual => Some(Meal::Casual),
        MealCode::Bedtime => Some(Meal::Bedtime),
        MealCode::Reserved(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{frame, with_context};
    use super::*;
    use bedside_vitals::{DeviceTime, Measurement};

    const TIME: DeviceTime =
        DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 7, minute: 30, second: 0 };

    fn record(sample_type: SampleType, status: GlucoseStatus) -> GlucoseMeasurement {
        let concentration = GlucoseConcentration {
            amount: Decimal::new(105, -5).into(),
            unit: ConcentrationUnit::KilogramPerLitre,
            sample_type,
            sample_location: SampleLocation::Finger,
        };
        GlucoseMeasurement {
            sequence_number: 41,
            base_time: TIME,
            time_offset_min: Some(-30),
            concentration: Some(concentration),
            status: Some(status),
            context_follows: true,
        }
    }

    fn read(record: &GlucoseMeasurement, context: Option<&[u8]>) -> Measurement {
        let octets = record.encode().unwrap();
        let frame = with_context(frame(), context);
        match measurement(&octets, &frame, &mut Ordinals::default()).unwrap().pop() {
            Some(Content::Measurement(measurement)) => measurement,
            other => panic!("expected a reading, got {other:?}"),
        }
    }

    #[test]
    fn kilograms_a_litre_are_told_in_milligrams_a_decilitre_with_the_digits_that_came() {
        let read = read(&record(SampleType::CapillaryPlasma, GlucoseStatus::default()), None);
        assert_eq!(
            read.value,
            MeasuredValue::Single(Quantity { number: Decimal::whole(105).into(), unit: Unit::MilligramPerDecilitre })
        );
        assert_eq!(read.identity, ReadingIdentity::Sequence { sequence: 41, base_time: Some(TIME) });
        assert_eq!(read.time.device, Some(DeviceTime { hour: 7, minute: 0, ..TIME }), "the offset moves the time");
    }

    #[test]
    fn the_meal_of_the_context_stands_beside_the_reading() {
        let context = GlucoseContext { sequence_number: 41, meal: Some(MealCode::After), ..GlucoseContext::default() };
        let octets = context.encode().unwrap();
        let read = read(&record(SampleType::CapillaryPlasma, GlucoseStatus::default()), Some(&octets));
        assert_eq!(read.glucose.unwrap().meal, Some(Meal::After));
    }

    #[test]
    fn too_high_is_a_state_and_control_solution_is_nobodys() {
        let high = GlucoseStatus::default().with(GlucoseFinding::ResultTooHigh);
        let MeasuredValue::Single(quantity) = read(&record(SampleType::CapillaryPlasma, high), None).value else {
            panic!("expected one number");
        };
        assert_eq!(quantity.number, Number::Special(Special::PositiveInfinity));
        assert!(!read(&record(SampleType::ControlSolution, GlucoseStatus::default()), None).quality.may_be_charted());
    }
}
