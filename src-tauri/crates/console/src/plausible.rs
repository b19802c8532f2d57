//! What a living person can have. Beyond it a value is kept and flagged, never shown or filed as verified.
//! These are limits of possibility, not of health: those are advisories of the policy.
use bedside_vitals::{Decimal, MeasuredValue, Number, Parameter, Quality, QualityFlag, Unit};

/// Whether a value may stand on a tile as a person's: not what the device calls invalid, not while nobody wears the
/// sensor, not what cannot be.
pub(crate) fn may_be_shown(quality: Quality) -> bool {
    let unusable = [QualityFlag::NoContact, QualityFlag::Invalid, QualityFlag::Implausible];
    !unusable.into_iter().any(|flag| quality.has(flag))
}

/// Whether the value lies within what is possible. A special value is no number and so not implausible.
pub(crate) fn plausible(parameter: Parameter, value: &MeasuredValue) -> bool {
    match value {
        MeasuredValue::Single(quantity) => within(range(parameter, quantity.unit), quantity.number),
        MeasuredValue::Pressures(pressures) => {
            let range = range(parameter, pressures.unit);
            [pressures.systolic, pressures.diastolic, pressures.mean].into_iter().all(|number| within(range, number))
        }
    }
}

fn within(range: Option<(i64, i64)>, number: Number) -> bool {
    let (Some((lowest, highest)), Number::Value(value)) = (range, number) else { return true };
    !value.is_below(Decimal::whole(lowest)) && !Decimal::whole(highest).is_below(value)
}

/// Lowest and highest possible value. Heart rate and pressures: beyond the recorded extremes of survivors; temperature:
/// hypothermia and hyperthermia survived (13.7 and 46.5 °C), with room below for none that a thermometer can meet.
/// Glucose: survivors are known to about 2,650 mg/dL; weight and body mass index: the heaviest person recorded, 635 kg
/// at 185 cm.
pub(crate) const fn range(parameter: Parameter, unit: Unit) -> Option<(i64, i64)> {
    match (parameter, unit) {
        (Parameter::HeartRate | Parameter::OximeterPulseRate | Parameter::CuffPulseRate, Unit::PerMinute) => {
            Some((15, 350))
        }
        (Parameter::RespirationRate, Unit::PerMinute) => Some((1, 150)),
        (
            Parameter::OxygenSaturation
            | Parameter::PulseAmplitudeIndex
            | Parameter::PerfusionIndex
            | Parameter::BodyFat
            | Parameter::MuscleShare,
            Unit::Percent,
        ) => Some((0, 100)),
        (Parameter::BloodPressure, Unit::MillimetreOfMercury) => Some((10, 400)),
        (Parameter::BloodPressure, Unit::Kilopascal) => Some((1, 54)),
        (Parameter::BodyTemperature, Unit::DegreeCelsius) => Some((13, 47)),
        (Parameter::BodyTemperature, Unit::DegreeFahrenheit) => Some((55, 117)),
        (Parameter::BloodGlucose | Parameter::InterstitialGlucose, Unit::MilligramPerDecilitre) => Some((5, 3_000)),
        (Parameter::BloodGlucose | Parameter::InterstitialGlucose, Unit::MillimolePerLitre) => Some((0, 165)),
        (
            Parameter::BodyWeight
            | Parameter::FatFreeMass
            | Parameter::SoftLeanMass
            | Parameter::BodyWaterMass
            | Parameter::MuscleMass,
            Unit::Kilogram,
        ) => Some((0, 650)),
        (Parameter::BodyWeight, Unit::Pound) => Some((0, 1_433)),
        (Parameter::BodyHeight, Unit::Centimetre) => Some((20, 280)),
        (Parameter::BodyHeight, Unit::Inch) => Some((8, 110)),
        (Parameter::BodyMassIndex, Unit::KilogramPerSquareMetre) => Some((5, 210)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BloodPressure, Quantity, Special};

    #[test]
    fn impossible_values_are_told_from_bad_ones() {
        let rate = |n| MeasuredValue::Single(Quantity { number: Decimal::whole(n).into(), unit: Unit::PerMinute });
        assert!(plausible(Parameter::HeartRate, &rate(220)));
        assert!(!plausible(Parameter::HeartRate, &rate(65_535)));
        let pressures = |systolic: i64, mean| {
            let number = |n| Number::Value(Decimal::whole(n));
            let unit = Unit::MillimetreOfMercury;
            MeasuredValue::Pressures(BloodPressure { systolic: number(systolic), diastolic: number(60), mean, unit })
        };
        assert!(plausible(Parameter::BloodPressure, &pressures(120, Number::Special(Special::NotANumber))));
        assert!(!plausible(Parameter::BloodPressure, &pressures(2_047, Number::Value(Decimal::whole(80)))));
    }
}
