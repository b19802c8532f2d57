//! Glucose: the code follows the fluid and the unit; the place of the sample and the meal stand beside the number.
//! Source: uv-phd 2.0.0 (11073-10417 terms), LOINC. Not here: whether a reading is filed at all.
use crate::codes::{self, Loinc, Term};
use crate::datatypes::CodeableConcept;
use crate::resources::ObservationComponent;
use bedside_vitals::{GlucoseSample, Meal, SampleSite, Unit};
use serde_json::Map;

/// What was measured. A fluid that the meter does not tell gets the term for glucose in general.
pub(crate) fn code(sample: Option<GlucoseSample>, unit: Unit) -> CodeableConcept {
    let loinc: Vec<Loinc> = loinc(sample, unit).into_iter().collect();
    codes::measured(term(sample), &loinc)
}

/// Where the sample was taken.
pub(crate) fn body_site(site: SampleSite) -> CodeableConcept {
    codes::mdc(match site {
        SampleSite::Finger => codes::SITE_FINGER,
        SampleSite::Alternate => codes::SITE_ALTERNATE,
        SampleSite::EarLobe => codes::SITE_EAR_LOBE,
    })
}

/// The meal as a component.
pub(crate) fn meal(meal: Meal) -> ObservationComponent {
    let value = match meal {
        Meal::Before => codes::mdc(codes::MEAL_BEFORE),
        Meal::After => codes::mdc(codes::MEAL_AFTER),
        Meal::Fasting => codes::mdc(codes::MEAL_FASTING),
        Meal::Casual => codes::mdc(codes::MEAL_CASUAL),
        // The lists disagree about its term.
        Meal::Bedtime => CodeableConcept::text("bedtime"),
    };
    ObservationComponent {
        code: codes::mdc(codes::MEAL),
        value_quantity: None,
        value_codeable_concept: Some(value),
        data_absent_reason: None,
        rest: Map::new(),
    }
}

/// The 11073 term of glucose in a fluid.
pub(crate) const fn term(sample: Option<GlucoseSample>) -> Term {
    match sample {
        Some(GlucoseSample::CapillaryWholeBlood) => codes::GLUCOSE_CAPILLARY_BLOOD,
        Some(GlucoseSample::CapillaryPlasma) => codes::GLUCOSE_CAPILLARY_PLASMA,
        Some(GlucoseSample::VenousWholeBlood) => codes::GLUCOSE_VENOUS_BLOOD,
        Some(GlucoseSample::VenousPlasma) => codes::GLUCOSE_VENOUS_PLASMA,
        Some(GlucoseSample::ArterialWholeBlood) => codes::GLUCOSE_ARTERIAL_BLOOD,
        Some(GlucoseSample::ArterialPlasma) => codes::GLUCOSE_ARTERIAL_PLASMA,
        Some(GlucoseSample::ControlSolution) => codes::GLUCOSE_CONTROL,
        Some(GlucoseSample::InterstitialFluid) => codes::GLUCOSE_INTERSTITIAL,
        Some(GlucoseSample::UndeterminedWholeBlood) => codes::GLUCOSE_BLOOD,
        Some(GlucoseSample::UndeterminedPlasma) => codes::GLUCOSE_PLASMA,
        None => codes::GLUCOSE,
    }
}

/// LOINC has mass and substance concentration apart. Arterial samples and unknown fluids have no code of their own that
/// two lists share.
const fn loinc(sample: Option<GlucoseSample>, unit: Unit) -> Option<Loinc> {
    let (mass, moles) = match sample {
        Some(GlucoseSample::CapillaryWholeBlood | GlucoseSample::CapillaryPlasma) => {
            (codes::LOINC_CAPILLARY_MASS, codes::LOINC_CAPILLARY_MOLES)
        }
        Some(GlucoseSample::VenousWholeBlood | GlucoseSample::UndeterminedWholeBlood) => {
            (codes::LOINC_BLOOD_MASS, codes::LOINC_BLOOD_MOLES)
        }
        Some(GlucoseSample::VenousPlasma | GlucoseSample::UndeterminedPlasma) => {
            (codes::LOINC_PLASMA_MASS, codes::LOINC_PLASMA_MOLES)
        }
        Some(GlucoseSample::InterstitialFluid) => (codes::LOINC_INTERSTITIAL_MASS, codes::LOINC_INTERSTITIAL_MOLES),
        Some(GlucoseSample::ArterialWholeBlood | GlucoseSample::ArterialPlasma | GlucoseSample::ControlSolution)
        | None => return None,
    };
    match unit {
        Unit::MilligramPerDecilitre => Some(mass),
        Unit::MillimolePerLitre => Some(moles),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes_of(sample: Option<GlucoseSample>, unit: Unit) -> Vec<String> {
        let concept = code(sample, unit);
        concept.coding.into_iter().filter_map(|coding| coding.code).collect()
    }

    #[test]
    fn the_unit_picks_the_loinc_code_and_the_fluid_the_term() {
        let capillary = Some(GlucoseSample::CapillaryWholeBlood);
        assert_eq!(codes_of(capillary, Unit::MilligramPerDecilitre), ["160184", "41653-7"]);
        assert_eq!(codes_of(capillary, Unit::MillimolePerLitre), ["160184", "14743-9"]);
        assert_eq!(
            codes_of(Some(GlucoseSample::InterstitialFluid), Unit::MilligramPerDecilitre),
            ["160212", "99504-3"]
        );
        assert_eq!(codes_of(None, Unit::MilligramPerDecilitre), ["160020"]);
    }
}
