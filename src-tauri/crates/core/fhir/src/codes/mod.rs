//! What is said in codes: of a parameter, of a device, of a value that is missing. Each code is a row of the one
//! `table`.
//! Not here: which resource carries it.
mod table;

pub(crate) use table::*;

use crate::datatypes::{CodeableConcept, Coding};
use bedside_vitals::{DeviceKind, Parameter};

/// The terms of one parameter: its name in 11073-10101 and its LOINC codes, the most general first.
pub(crate) struct Terms {
    /// `None` where no two lists agree on a term: such a value stays in the record.
    pub(crate) mdc: Option<Term>,
    pub(crate) loinc: &'static [Loinc],
    pub(crate) vital_sign: bool,
}

/// The terms of a parameter.
pub(crate) const fn terms(parameter: Parameter) -> Terms {
    let (mdc, loinc, vital_sign): (_, &[_], _) = match parameter {
        Parameter::HeartRate => (HEART_RATE, &[LOINC_HEART_RATE], true),
        Parameter::OximeterPulseRate => (OXIMETER_PULSE_RATE, &[LOINC_HEART_RATE], true),
        Parameter::CuffPulseRate => (CUFF_PULSE_RATE, &[LOINC_HEART_RATE], true),
        Parameter::OxygenSaturation => (OXYGEN_SATURATION, &[LOINC_OXYGEN_SATURATION, LOINC_PULSE_OXIMETRY], true),
        Parameter::PulseAmplitudeIndex => (PULSE_AMPLITUDE_INDEX, &[], false),
        Parameter::BloodPressure => (BLOOD_PRESSURE, &[LOINC_BLOOD_PRESSURE], true),
        Parameter::BodyTemperature => (TEMPERATURE, &[LOINC_TEMPERATURE], true),
        Parameter::BeatInterval => (BEAT_INTERVAL, &[LOINC_BEAT_INTERVAL], false),
        Parameter::Electrocardiogram => (ECG_POTENTIAL, &[LOINC_EKG_STUDY], false),
        Parameter::RespirationRate => (RESPIRATION_RATE, &[LOINC_RESPIRATION_RATE], true),
        Parameter::PerfusionIndex => (PERFUSION_INDEX, &[LOINC_PERFUSION_INDEX], false),
        Parameter::Plethysmogram => (PLETHYSMOGRAM, &[], false),
        // What exactly was measured, and so the code, depends on the sample and the unit: `glucose`.
        Parameter::BloodGlucose => (GLUCOSE_CAPILLARY_BLOOD, &[], false),
        Parameter::InterstitialGlucose => (GLUCOSE_INTERSTITIAL, &[], false),
        Parameter::BodyWeight => (BODY_WEIGHT, &[LOINC_BODY_WEIGHT], true),
        Parameter::BodyHeight => (BODY_HEIGHT, &[LOINC_BODY_HEIGHT], true),
        Parameter::BodyMassIndex => (BODY_MASS_INDEX, &[LOINC_BODY_MASS_INDEX], true),
        Parameter::BodyFat => (BODY_FAT, &[LOINC_BODY_FAT], false),
        Parameter::FatFreeMass => (FAT_FREE_MASS, &[], false),
        Parameter::SoftLeanMass => (SOFT_LEAN_MASS, &[], false),
        Parameter::BodyWaterMass => (BODY_WATER, &[], false),
        Parameter::MuscleMass | Parameter::MuscleShare | Parameter::BodyImpedance | Parameter::BasalMetabolism => {
            return Terms { mdc: None, loinc: &[], vital_sign: false };
        }
    };
    Terms { mdc: Some(mdc), loinc, vital_sign }
}

/// What a parameter is in codes: the 11073 term first, the LOINC codes behind it.
pub(crate) fn of_parameter(parameter: Parameter) -> CodeableConcept {
    let Terms { mdc, loinc, .. } = terms(parameter);
    CodeableConcept::coded(mdc.map(mdc_coding).into_iter().chain(loinc.iter().copied().map(loinc_coding)).collect())
}

/// A concept with the 11073 term first and the LOINC codes behind it.
pub(crate) fn measured(term: Term, loinc: &[Loinc]) -> CodeableConcept {
    let loinc = loinc.iter().copied().map(loinc_coding);
    CodeableConcept::coded(std::iter::once(mdc_coding(term)).chain(loinc).collect())
}

/// A concept with an 11073 term alone.
pub(crate) fn mdc(term: Term) -> CodeableConcept {
    CodeableConcept::coded(vec![mdc_coding(term)])
}

/// A concept with a code of another system.
pub(crate) fn concept(word: Word) -> CodeableConcept {
    CodeableConcept::coded(vec![coding(word)])
}

/// A code of another system.
pub(crate) fn coding(Word { system, code, display, .. }: Word) -> Coding {
    Coding::new(system, code, Some(display).filter(|display| !display.is_empty()))
}

fn mdc_coding(Term { code, name, .. }: Term) -> Coding {
    Coding::new(uri::MDC, code.to_string(), Some(name))
}

fn loinc_coding(Loinc { code, display, .. }: Loinc) -> Coding {
    Coding::new(uri::LOINC, code, Some(display).filter(|display| !display.is_empty()))
}

/// The guide's category, and `vital-signs` in front of it where it applies.
pub(crate) fn categories(vital_sign: bool) -> Vec<CodeableConcept> {
    let vital_signs = vital_sign.then(|| concept(VITAL_SIGNS));
    vital_signs.into_iter().chain([concept(PERSONAL_DEVICE)]).collect()
}

/// The 11073 specialisation of a kind of device; the generic one where no list confirms a special one.
pub(crate) const fn specialization(kind: DeviceKind) -> Term {
    match kind {
        DeviceKind::PulseOximeter => PULSE_OXIMETER,
        DeviceKind::BloodPressureCuff => BLOOD_PRESSURE_CUFF,
        DeviceKind::Thermometer => THERMOMETER,
        DeviceKind::GlucoseMeter => GLUCOSE_METER,
        DeviceKind::GlucoseSensor => GLUCOSE_SENSOR,
        DeviceKind::WeightScale => WEIGHT_SCALE,
        DeviceKind::HeartRateStrap | DeviceKind::EcgSensor | DeviceKind::HealthSensor | DeviceKind::Unknown => {
            GENERIC_DEVICE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_with_a_standard_code_has_that_term_and_no_other_has_one() {
        for parameter in Parameter::ALL {
            let mdc = terms(parameter).mdc.map(|term| term.code);
            assert_eq!(mdc, parameter.is_standard().then(|| parameter.mdc()), "{parameter}");
        }
    }

    #[test]
    fn every_parameter_carries_its_own_code_first() {
        for parameter in Parameter::ALL.into_iter().filter(|parameter| parameter.is_standard()) {
            let concept = of_parameter(parameter);
            assert_eq!(concept.coding[0].code.as_deref(), Some(parameter.mdc().to_string().as_str()));
            assert_eq!(concept.coding.len(), 1 + terms(parameter).loinc.len());
        }
    }

    #[test]
    fn a_vital_sign_has_a_loinc_code() {
        for parameter in Parameter::ALL {
            let terms = terms(parameter);
            assert!(!terms.vital_sign || !terms.loinc.is_empty(), "{parameter}");
        }
    }
}
