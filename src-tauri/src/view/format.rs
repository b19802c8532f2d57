//! Numbers and durations as a person reads them. The only place in the product where a value is rounded.
//! Not here: words; those are keys of the window's text.
use bedside_vitals::{Decimal, Parameter};
use std::time::Duration;

/// Places after the point: blood pressure, rates and saturation whole, temperature one, the pulse index one.
pub(crate) const fn places(parameter: Parameter) -> u8 {
    match parameter {
        Parameter::BodyTemperature | Parameter::PulseAmplitudeIndex => 1,
        Parameter::HeartRate
        | Parameter::OximeterPulseRate
        | Parameter::CuffPulseRate
        | Parameter::OxygenSaturation
        | Parameter::BloodPressure
        | Parameter::BeatInterval
        | Parameter::Electrocardiogram => 0,
    }
}

/// A decimal with the places of its parameter, half away from zero.
pub(crate) fn rounded(value: Decimal, parameter: Parameter) -> String {
    value.rounded(places(parameter)).to_string()
}

/// A limit of the policy with the places of its parameter.
pub(crate) fn limit(value: f64, parameter: Parameter) -> String {
    format!("{value:.*}", usize::from(places(parameter)))
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
        assert_eq!(rounded(Decimal::new(3785, -2), Parameter::BodyTemperature), "37.9");
        assert_eq!(rounded(Decimal::whole(37), Parameter::BodyTemperature), "37.0");
        assert_eq!(rounded(Decimal::new(935, -1), Parameter::OxygenSaturation), "94");
        assert_eq!(limit(38.5, Parameter::BodyTemperature), "38.5");
        assert_eq!(limit(110.0, Parameter::HeartRate), "110");
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
