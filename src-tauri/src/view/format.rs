//! Numbers and durations as a person reads them. The only place in the product where a value is rounded.
//! Not here: words; those are keys of the window's text.
use bedside_vitals::{Decimal, Parameter, Unit};
use std::time::Duration;

/// Places after the point: blood pressure, rates and saturation whole; temperature, indices, weights and shares one.
/// Glucose follows its unit: [`places_in`].
pub(crate) const fn places(parameter: Parameter) -> u8 {
    match parameter {
        Parameter::BodyTemperature
        | Parameter::PulseAmplitudeIndex
        | Parameter::PerfusionIndex
        | Parameter::BodyWeight
        | Parameter::BodyMassIndex
        | Parameter::BodyFat
        | Parameter::FatFreeMass
        | Parameter::SoftLeanMass
        | Parameter::BodyWaterMass
        | Parameter::MuscleMass
        | Parameter::MuscleShare => 1,
        Parameter::HeartRate
        | Parameter::OximeterPulseRate
        | Parameter::CuffPulseRate
        | Parameter::OxygenSaturation
        | Parameter::BloodPressure
        | Parameter::BeatInterval
        | Parameter::Electrocardiogram
        | Parameter::RespirationRate
        | Parameter::Plethysmogram
        | Parameter::BloodGlucose
        | Parameter::InterstitialGlucose
        | Parameter::BodyHeight
        | Parameter::BodyImpedance
        | Parameter::BasalMetabolism => 0,
    }
}

/// The same for a value in its own unit: glucose is whole in mg/dL and has one place in mmol/L.
const fn places_in(parameter: Parameter, unit: Unit) -> u8 {
    match unit {
        Unit::MillimolePerLitre => 1,
        _ => places(parameter),
    }
}

/// A decimal with the places of its parameter, half away from zero.
pub(crate) fn rounded(value: Decimal, parameter: Parameter, unit: Unit) -> String {
    value.rounded(places_in(parameter, unit)).to_string()
}

/// A limit of the policy with the places of its parameter, in the unit of the value beside it.
pub(crate) fn limit(value: f64, parameter: Parameter, unit: Option<Unit>) -> String {
    let places = unit.map_or_else(|| places(parameter), |unit| places_in(parameter, unit));
    format!("{value:.*}", usize::from(places))
}

/// An age: tenths of a second to 10 s, then whole seconds to 2 min, minutes to 2 h, hours to 2 d, days.
/// Cut, never rounded up: an age is not stated higher than it is.
pub(crate) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, age.subsec_millis() / 100),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperature_has_one_decimal_and_rates_have_none() {
        assert_eq!(rounded(Decimal::new(3785, -2), Parameter::BodyTemperature, Unit::DegreeCelsius), "37.9");
        assert_eq!(rounded(Decimal::whole(37), Parameter::BodyTemperature, Unit::DegreeCelsius), "37.0");
        assert_eq!(rounded(Decimal::new(935, -1), Parameter::OxygenSaturation, Unit::Percent), "94");
        assert_eq!(rounded(Decimal::new(583, -2), Parameter::BloodGlucose, Unit::MillimolePerLitre), "5.8");
        assert_eq!(rounded(Decimal::new(1054, -1), Parameter::BloodGlucose, Unit::MilligramPerDecilitre), "105");
        assert_eq!(limit(38.5, Parameter::BodyTemperature, None), "38.5");
        assert_eq!(limit(110.0, Parameter::HeartRate, Some(Unit::PerMinute)), "110");
    }

    #[test]
    fn ages_change_their_unit_and_are_cut() {
        let texts = [(450, "0.4 s"), (9_990, "9.9 s"), (10_000, "10 s"), (119_999, "119 s"), (120_000, "2 min")];
        for (milliseconds, text) in texts {
            assert_eq!(age(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(age(Duration::from_secs(7_200)), "2 h");
        assert_eq!(age(Duration::from_secs(172_800)), "2 d");
    }
}
