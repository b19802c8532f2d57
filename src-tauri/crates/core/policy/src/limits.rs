//! The limits beyond which a value raises an advisory: one pair a parameter, exact decimals in the parameter's unit.
//! Delay, hysteresis and sound belong to the console.
use crate::PolicyFault;
use crate::json::{Member, Object};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use bedside_vitals::{Decimal, Parameter, Unit};

/// The limits of one parameter; `None` means that side raises nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// A value below it raises an advisory.
    pub lower: Option<Decimal>,
    /// A value above it raises an advisory.
    pub upper: Option<Decimal>,
}

/// The side on which a value left its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossed {
    /// Below the lower limit.
    Below,
    /// Above the upper limit.
    Above,
}

impl Limit {
    /// Which limit a value crosses, if any. A value equal to a limit lies within.
    pub fn crossed_by(&self, value: Decimal) -> Option<Crossed> {
        if self.lower.is_some_and(|lower| value.is_below(lower)) {
            Some(Crossed::Below)
        } else if self.upper.is_some_and(|upper| upper.is_below(value)) {
            Some(Crossed::Above)
        } else {
            None
        }
    }
}

/// The limits of every parameter. For blood pressure they are those of the systolic pressure, in mmHg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits(BTreeMap<Parameter, Limit>);

impl Limits {
    /// The parameters that may have limits.
    pub const PARAMETERS: [Parameter; 10] = [
        Parameter::HeartRate,
        Parameter::OximeterPulseRate,
        Parameter::CuffPulseRate,
        Parameter::OxygenSaturation,
        Parameter::PulseAmplitudeIndex,
        Parameter::BloodPressure,
        Parameter::BodyTemperature,
        Parameter::RespirationRate,
        Parameter::BloodGlucose,
        Parameter::InterstitialGlucose,
    ];

    /// The limits of a parameter; none on either side where nothing is set.
    pub fn of(&self, parameter: Parameter) -> Limit {
        self.0.get(&parameter).copied().unwrap_or_default()
    }

    /// The unit that the limits of a parameter are given in; `None` for a parameter without limits.
    pub const fn unit(parameter: Parameter) -> Option<Unit> {
        match parameter {
            Parameter::HeartRate
            | Parameter::OximeterPulseRate
            | Parameter::CuffPulseRate
            | Parameter::RespirationRate => Some(Unit::PerMinute),
            Parameter::OxygenSaturation | Parameter::PulseAmplitudeIndex => Some(Unit::Percent),
            Parameter::BloodPressure => Some(Unit::MillimetreOfMercury),
            Parameter::BodyTemperature => Some(Unit::DegreeCelsius),
            Parameter::BloodGlucose | Parameter::InterstitialGlucose => Some(Unit::MilligramPerDecilitre),
            Parameter::BeatInterval
            | Parameter::Electrocardiogram
            | Parameter::PerfusionIndex
            | Parameter::Plethysmogram
            | Parameter::BodyWeight
            | Parameter::BodyHeight
            | Parameter::BodyMassIndex
            | Parameter::BodyFat
            | Parameter::FatFreeMass
            | Parameter::SoftLeanMass
            | Parameter::BodyWaterMass
            | Parameter::MuscleMass
            | Parameter::MuscleShare
            | Parameter::BodyImpedance
            | Parameter::BasalMetabolism => None,
        }
    }

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Self {
        let mut limits = Self::default();
        let names = Self::PARAMETERS.map(Parameter::name);
        let Some(object) = root.object("limits", &names, faults) else { return limits };
        for parameter in Self::PARAMETERS {
            let Some(pair) = object.object(parameter.name(), &["upper", "lower"], faults) else { continue };
            let before = limits.of(parameter);
            let limit = Limit {
                lower: side(&pair, "lower", parameter, before.lower, faults),
                upper: side(&pair, "upper", parameter, before.upper, faults),
            };
            if let (Some(lower), Some(upper)) = (limit.lower, limit.upper)
                && !lower.is_below(upper)
            {
                let path = object.path_of(parameter.name());
                let got = format!("lower {lower} and upper {upper}");
                faults.push(PolicyFault::new(&path, "a lower limit below the upper", &got));
            }
            limits.0.insert(parameter, limit);
        }
        limits
    }
}

impl Default for Limits {
    /// Heart and oximeter pulse rate 50 to 110 /min, saturation from 94 %, systolic pressure 100 to 160 mmHg,
    /// temperature 36.0 to 38.5 °C, glucose 70 to 180 mg/dL (the range that diabetes care aims for).
    fn default() -> Self {
        let between = |lower, upper| Limit { lower: Some(lower), upper: Some(upper) };
        let whole = Decimal::whole;
        Self(BTreeMap::from([
            (Parameter::HeartRate, between(whole(50), whole(110))),
            (Parameter::OximeterPulseRate, between(whole(50), whole(110))),
            (Parameter::OxygenSaturation, Limit { lower: Some(whole(94)), upper: None }),
            (Parameter::BloodPressure, between(whole(100), whole(160))),
            (Parameter::BodyTemperature, between(Decimal::new(360, -1), Decimal::new(385, -1))),
            (Parameter::BloodGlucose, between(whole(70), whole(180))),
            (Parameter::InterstitialGlucose, between(whole(70), whole(180))),
        ]))
    }
}

/// One side: absent keeps the default, `null` means none.
fn side(
    pair: &Object<'_>,
    name: &str,
    parameter: Parameter,
    default: Option<Decimal>,
    faults: &mut Vec<PolicyFault>,
) -> Option<Decimal> {
    let Some(member) = pair.member(name) else { return default };
    if member.is_null() {
        return None;
    }
    let limit = within_scale(&member, parameter);
    if limit.is_none() {
        let (unit, most) = scale(parameter);
        faults.push(member.fault(format!("a number from 0 to {most} ({unit}) without exponent, or null for none")));
    }
    limit
}

fn within_scale(member: &Member<'_>, parameter: Parameter) -> Option<Decimal> {
    let (_, most) = scale(parameter);
    let number = member.decimal()?;
    let in_scale = !number.is_below(Decimal::ZERO) && !Decimal::whole(most).is_below(number);
    in_scale.then_some(number)
}

/// The unit's code and the largest number that can be meant: a limit beyond it would switch the advisory off unseen.
const fn scale(parameter: Parameter) -> (&'static str, i64) {
    match Limits::unit(parameter) {
        Some(Unit::Percent) => (Unit::Percent.ucum(), 100),
        Some(Unit::DegreeCelsius) => (Unit::DegreeCelsius.ucum(), 45),
        Some(unit) => (unit.ucum(), 300),
        None => ("", 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_the_limit_lies_within() {
        let limit = Limits::default().of(Parameter::HeartRate);
        assert_eq!(limit.crossed_by(Decimal::whole(110)), None);
        assert_eq!(limit.crossed_by(Decimal::new(1101, -1)), Some(Crossed::Above));
        assert_eq!(limit.crossed_by(Decimal::whole(50)), None);
        assert_eq!(limit.crossed_by(Decimal::whole(49)), Some(Crossed::Below));
    }

    #[test]
    fn every_parameter_that_may_have_limits_has_a_unit_and_no_other() {
        for parameter in Parameter::ALL {
            assert_eq!(Limits::unit(parameter).is_some(), Limits::PARAMETERS.contains(&parameter), "{parameter}");
        }
    }
}
