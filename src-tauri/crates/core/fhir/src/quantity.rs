//! Quantities as they are filed: exact decimals in UCUM units; kilopascal as millimetres of mercury, because the R4 blood
//! pressure profile knows no other unit; 1/1024 s as milliseconds. Not here: codes and quality.
use crate::codes;
use crate::datatypes::Quantity;
use crate::filing::{NotFilable, number};
use bedside_vitals::{Decimal, Parameter, Unit};
use serde_json::Map;

/// A decimal in its unit, or in the unit that the server expects instead.
pub(crate) fn quantity(parameter: Parameter, decimal: Decimal, unit: Unit) -> Result<Quantity, NotFilable> {
    if !measured_in(parameter, unit) {
        return Err(NotFilable::Unit { parameter, unit });
    }
    let (decimal, unit) = match unit {
        Unit::Kilopascal => (from_kilopascal(decimal).ok_or(NotFilable::Number(parameter))?, Unit::MillimetreOfMercury),
        Unit::Per1024Second => {
            (decimal.checked_mul(MILLISECONDS_IN_1024TH).ok_or(NotFilable::Number(parameter))?, Unit::Millisecond)
        }
        Unit::PerMinute
        | Unit::Percent
        | Unit::MillimetreOfMercury
        | Unit::DegreeCelsius
        | Unit::DegreeFahrenheit
        | Unit::Millisecond
        | Unit::Microvolt
        | Unit::MilligramPerDecilitre
        | Unit::MillimolePerLitre
        | Unit::Kilogram
        | Unit::Pound
        | Unit::KilogramPerSquareMetre
        | Unit::Centimetre
        | Unit::Inch
        | Unit::Ohm
        | Unit::Kilojoule
        | Unit::One => (decimal, unit),
    };
    Ok(Quantity {
        value: Some(number(decimal, parameter)?),
        unit: Some(unit.symbol().to_owned()),
        system: Some(codes::uri::UCUM.to_owned()),
        code: Some(unit.ucum().to_owned()),
        rest: Map::new(),
    })
}

/// 1000/1024, exactly.
const MILLISECONDS_IN_1024TH: Decimal = Decimal::new(9_765_625, -7);

/// Rounded to the resolution it came with: a tenth of a kilopascal is three quarters of a millimetre of mercury.
fn from_kilopascal(decimal: Decimal) -> Option<Decimal> {
    const MMHG_IN_KILOPASCAL: Decimal = Decimal::new(750_062, -5);
    let places = decimal.exponent().saturating_add(1).saturating_neg().max(0);
    Some(decimal.checked_mul(MMHG_IN_KILOPASCAL)?.rounded(u8::try_from(places).ok()?))
}

fn measured_in(parameter: Parameter, unit: Unit) -> bool {
    let units: &[Unit] = match parameter {
        Parameter::HeartRate | Parameter::OximeterPulseRate | Parameter::CuffPulseRate | Parameter::RespirationRate => {
            &[Unit::PerMinute]
        }
        Parameter::OxygenSaturation
        | Parameter::PulseAmplitudeIndex
        | Parameter::PerfusionIndex
        | Parameter::BodyFat
        | Parameter::MuscleShare => &[Unit::Percent],
        Parameter::BloodPressure => &[Unit::MillimetreOfMercury, Unit::Kilopascal],
        Parameter::BodyTemperature => &[Unit::DegreeCelsius, Unit::DegreeFahrenheit],
        Parameter::BeatInterval => &[Unit::Millisecond, Unit::Per1024Second],
        Parameter::Electrocardiogram => &[Unit::Microvolt],
        Parameter::Plethysmogram => &[Unit::One],
        Parameter::BloodGlucose | Parameter::InterstitialGlucose => {
            &[Unit::MilligramPerDecilitre, Unit::MillimolePerLitre]
        }
        Parameter::BodyWeight
        | Parameter::FatFreeMass
        | Parameter::SoftLeanMass
        | Parameter::BodyWaterMass
        | Parameter::MuscleMass => &[Unit::Kilogram, Unit::Pound],
        Parameter::BodyHeight => &[Unit::Centimetre, Unit::Inch],
        Parameter::BodyMassIndex => &[Unit::KilogramPerSquareMetre],
        Parameter::BodyImpedance => &[Unit::Ohm],
        Parameter::BasalMetabolism => &[Unit::Kilojoule],
    };
    units.contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parameter: Parameter, decimal: Decimal, unit: Unit) -> String {
        let quantity = quantity(parameter, decimal, unit).unwrap();
        format!("{} {}", quantity.value.unwrap(), quantity.code.unwrap())
    }

    #[test]
    fn the_digits_a_device_sent_are_the_digits_that_are_filed() {
        assert_eq!(text(Parameter::BodyTemperature, Decimal::new(3650, -2), Unit::DegreeCelsius), "36.50 Cel");
        assert_eq!(text(Parameter::HeartRate, Decimal::new(7, 1), Unit::PerMinute), "70 /min");
    }

    #[test]
    fn kilopascal_are_filed_as_millimetres_of_mercury_without_false_precision() {
        assert_eq!(text(Parameter::BloodPressure, Decimal::new(160, -1), Unit::Kilopascal), "120 mm[Hg]");
        assert_eq!(text(Parameter::BloodPressure, Decimal::new(1600, -2), Unit::Kilopascal), "120.0 mm[Hg]");
    }

    #[test]
    fn a_beat_interval_keeps_every_digit_of_its_1024ths() {
        assert_eq!(text(Parameter::BeatInterval, Decimal::whole(1024), Unit::Per1024Second), "1000.0000000 ms");
    }

    #[test]
    fn a_unit_that_the_parameter_is_never_measured_in_is_refused() {
        let refused = quantity(Parameter::HeartRate, Decimal::whole(60), Unit::Percent).unwrap_err();
        assert_eq!(refused, NotFilable::Unit { parameter: Parameter::HeartRate, unit: Unit::Percent });
    }
}
