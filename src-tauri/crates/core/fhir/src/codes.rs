//! Which code of which system says what. Only codes that two independent sources agree on.
//! Sources: ISO/IEEE 11073-10101 terms as in the uv-phd 2.0.0 guide, LOINC as in the FHIR R4 vital-signs value set.
use crate::datatypes::{CodeableConcept, Coding};
use bedside_vitals::{DeviceKind, Parameter};

/// ISO/IEEE 11073-10101; codes are decimal, `partition << 16 | term`.
pub(crate) const MDC: &str = "urn:iso:std:iso:11073:10101";
pub(crate) const LOINC: &str = "http://loinc.org";
pub(crate) const UCUM: &str = "http://unitsofmeasure.org";
pub(crate) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(crate) const DATA_ABSENT_REASON: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
/// The guide takes the words for a questionable value from the Point-of-Care Device guide.
pub(crate) const MEASUREMENT_STATUS: &str = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status";
pub(crate) const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
pub(crate) const DEVICE_IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/ContinuaDeviceIdentifiers";
pub(crate) const SYSTEM_ID: &str = "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680";
pub(crate) const DUPLICATE_KEY: &str = "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdBaseObservation";
pub(crate) const GATEWAY_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice";
pub(crate) const CLOCK_EXTENSION: &str = "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference";

const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const DEVICE_CATEGORY: &str = "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories";

/// `MDC_MODALITY_SPOT`, said of a single oximeter reading.
pub(crate) const SPOT_MODALITY: u32 = 150_588;

/// The terms of one parameter: its name in 11073-10101 and its LOINC codes with their names, the most general first. A
/// name that is not certain is empty and left out, because validators refuse a wrong one.
pub(crate) struct Terms {
    pub(crate) mdc_name: &'static str,
    pub(crate) loinc: &'static [(&'static str, &'static str)],
    pub(crate) vital_sign: bool,
}

/// The terms of a parameter.
pub(crate) const fn terms(parameter: Parameter) -> Terms {
    const HEART_RATE: &[(&str, &str)] = &[("8867-4", "Heart rate")];
    let (mdc_name, loinc, vital_sign): (_, &[_], _) = match parameter {
        Parameter::HeartRate => ("MDC_ECG_HEART_RATE", HEART_RATE, true),
        Parameter::OximeterPulseRate => ("MDC_PULS_OXIM_PULS_RATE", HEART_RATE, true),
        Parameter::CuffPulseRate => ("MDC_PULS_RATE_NON_INV", HEART_RATE, true),
        // The R4 profile asks for 2708-6; 59408-5 says that it was measured by pulse oximetry.
        Parameter::OxygenSaturation => (
            "MDC_PULS_OXIM_SAT_O2",
            &[
                ("2708-6", "Oxygen saturation in Arterial blood"),
                ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
            ],
            true,
        ),
        Parameter::PulseAmplitudeIndex => ("MDC_SAT_O2_QUAL", &[], false),
        Parameter::BloodPressure => {
            ("MDC_PRESS_BLD_NONINV", &[("85354-9", "Blood pressure panel with all children optional")], true)
        }
        Parameter::BodyTemperature => ("MDC_TEMP_BODY", &[("8310-5", "Body temperature")], true),
        Parameter::BeatInterval => ("MDC_ECG_TIME_PD_RR_GL", &[("8637-1", "")], false),
        Parameter::Electrocardiogram => ("MDC_ECG_ELEC_POTL", &[], false),
        Parameter::RespirationRate => ("MDC_RESP_RATE", &[("9279-1", "Respiratory rate")], true),
        Parameter::PerfusionIndex => ("MDC_BLD_PERF_INDEX", &[("61006-3", "")], false),
        Parameter::Plethysmogram => ("MDC_PULS_OXIM_PLETH", &[], false),
        // What exactly was measured, and so the code, depends on the sample and the unit: `glucose`.
        Parameter::BloodGlucose => ("MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", &[], false),
        Parameter::InterstitialGlucose => ("MDC_CONC_GLU_ISF", &[], false),
        Parameter::BodyWeight => ("MDC_MASS_BODY_ACTUAL", &[("29463-7", "Body weight")], true),
        Parameter::BodyHeight => ("MDC_LEN_BODY_ACTUAL", &[("8302-2", "Body height")], true),
        Parameter::BodyMassIndex => {
            ("MDC_RATIO_MASS_BODY_LEN_SQ", &[("39156-5", "Body mass index (BMI) [Ratio]")], true)
        }
        Parameter::BodyFat => ("MDC_BODY_FAT", &[("41982-0", "")], false),
        Parameter::FatFreeMass => ("MDC_MASS_BODY_FAT_FREE", &[], false),
        Parameter::SoftLeanMass => ("MDC_MASS_BODY_SOFT_LEAN", &[], false),
        Parameter::BodyWaterMass => ("MDC_BODY_WATER", &[], false),
        // No code that two lists agree on: these stay in the record.
        Parameter::MuscleMass | Parameter::MuscleShare | Parameter::BodyImpedance | Parameter::BasalMetabolism => {
            ("", &[], false)
        }
    };
    Terms { mdc_name, loinc, vital_sign }
}

/// A concept with the 11073 code first and the LOINC codes behind it.
pub(crate) fn measured(mdc: u32, mdc_name: &str, loinc: &[(&str, &str)]) -> CodeableConcept {
    let named = |display: &&&str| !display.is_empty();
    let loinc = loinc.iter().map(|(code, display)| Coding::new(LOINC, *code, Some(display).filter(named).copied()));
    CodeableConcept::coded(std::iter::once(mdc_coding(mdc, mdc_name)).chain(loinc).collect())
}

/// A concept with an 11073 code alone.
pub(crate) fn mdc(code: u32, name: &str) -> CodeableConcept {
    CodeableConcept::coded(vec![mdc_coding(code, name)])
}

fn mdc_coding(code: u32, name: &str) -> Coding {
    Coding::new(MDC, code.to_string(), Some(name))
}

/// The guide's category, and `vital-signs` in front of it where it applies.
pub(crate) fn categories(vital_sign: bool) -> Vec<CodeableConcept> {
    let one = |system, code| CodeableConcept::coded(vec![Coding::new(system, code, None)]);
    let vital_signs = vital_sign.then(|| one(OBSERVATION_CATEGORY, "vital-signs"));
    vital_signs.into_iter().chain([one(DEVICE_CATEGORY, "phd")]).collect()
}

/// Why there is no value.
pub(crate) fn absent(code: &str) -> CodeableConcept {
    CodeableConcept::coded(vec![Coding::new(DATA_ABSENT_REASON, code, None)])
}

/// How a value is to be taken.
pub(crate) fn measurement_status(code: &str, display: &str) -> CodeableConcept {
    CodeableConcept::coded(vec![Coding::new(MEASUREMENT_STATUS, code, Some(display))])
}

/// The 11073 specialisation of a kind of device; the generic one where no list confirms a special one.
pub(crate) const fn specialization(kind: DeviceKind) -> (u32, &'static str) {
    match kind {
        DeviceKind::PulseOximeter => (528_388, "MDC_DEV_SPEC_PROFILE_PULS_OXIM"),
        DeviceKind::BloodPressureCuff => (528_391, "MDC_DEV_SPEC_PROFILE_BP"),
        DeviceKind::GlucoseMeter => (528_401, "MDC_DEV_SPEC_PROFILE_GLUCOSE"),
        DeviceKind::WeightScale => (528_399, "MDC_DEV_SPEC_PROFILE_SCALE"),
        DeviceKind::HeartRateStrap
        | DeviceKind::EcgSensor
        | DeviceKind::Thermometer
        | DeviceKind::GlucoseSensor
        | DeviceKind::HealthSensor
        | DeviceKind::Unknown => (528_457, "MDC_DEV_SPEC_PROFILE_GENERIC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_carries_its_own_code_first() {
        for parameter in Parameter::ALL {
            let Terms { mdc_name, loinc, .. } = terms(parameter);
            let concept = measured(parameter.mdc(), mdc_name, loinc);
            assert_eq!(concept.coding[0].code.as_deref(), Some(parameter.mdc().to_string().as_str()));
            assert_eq!(concept.coding.len(), 1 + loinc.len());
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
