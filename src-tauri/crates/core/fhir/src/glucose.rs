//! Glucose: the code follows the fluid and the unit; the place of the sample and the meal stand beside the number.
//! Source: uv-phd 2.0.0 (11073-10417 terms), LOINC. Not here: whether a reading is filed at all.
use crate::codes;
use crate::datatypes::CodeableConcept;
use crate::resources::ObservationComponent;
use bedside_vitals::{GlucoseSample, Meal, SampleSite, Unit};
use serde_json::Map;

/// What was measured. A fluid that the meter does not tell gets the term for glucose in general.
pub(crate) fn code(sample: Option<GlucoseSample>, unit: Unit) -> CodeableConcept {
    let (mdc, name) = term(sample);
    codes::measured(mdc, name, loinc(sample, unit))
}

/// Where the sample was taken.
pub(crate) fn body_site(site: SampleSite) -> CodeableConcept {
    let (code, name) = match site {
        SampleSite::Finger => (8_417_848, "MDC_CTXT_GLU_SAMPLELOCATION_FINGER"),
        SampleSite::Alternate => (8_417_852, "MDC_CTXT_GLU_SAMPLELOCATION_AST"),
        SampleSite::EarLobe => (8_417_856, "MDC_CTXT_GLU_SAMPLELOCATION_EARLOBE"),
    };
    codes::mdc(code, name)
}

/// The meal as a component.
pub(crate) fn meal(meal: Meal) -> ObservationComponent {
    let coded = |code, name| codes::mdc(code, name);
    let value = match meal {
        Meal::Before => coded(8_417_868, "MDC_CTXT_GLU_MEAL_PREPRANDIAL"),
        Meal::After => coded(8_417_872, "MDC_CTXT_GLU_MEAL_POSTPRANDIAL"),
        Meal::Fasting => coded(8_417_876, "MDC_CTXT_GLU_MEAL_FASTING"),
        Meal::Casual => coded(8_417_880, "MDC_CTXT_GLU_MEAL_CASUAL"),
        // The lists disagree about its term.
        Meal::Bedtime => CodeableConcept::text("bedtime"),
    };
    ObservationComponent {
        code: codes::mdc(8_417_864, "MDC_CTXT_GLU_MEAL"),
        value_quantity: None,
        value_codeable_concept: Some(value),
        data_absent_reason: None,
        rest: Map::new(),
    }
}

/// The 11073 term of glucose in a fluid.
pub(crate) const fn term(sample: Option<GlucoseSample>) -> (u32, &'static str) {
    match sample {
        Some(GlucoseSample::CapillaryWholeBlood) => (160_184, "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD"),
        Some(GlucoseSample::CapillaryPlasma) => (160_188, "MDC_CONC_GLU_CAPILLARY_PLASMA"),
        Some(GlucoseSample::VenousWholeBlood) => (160_192, "MDC_CONC_GLU_VENOUS_WHOLEBLOOD"),
        Some(GlucoseSample::VenousPlasma) => (160_196, "MDC_CONC_GLU_VENOUS_PLASMA"),
        Some(GlucoseSample::ArterialWholeBlood) => (160_200, "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD"),
        Some(GlucoseSample::ArterialPlasma) => (160_204, "MDC_CONC_GLU_ARTERIAL_PLASMA"),
        Some(GlucoseSample::ControlSolution) => (160_208, "MDC_CONC_GLU_CONTROL"),
        Some(GlucoseSample::InterstitialFluid) => (160_212, "MDC_CONC_GLU_ISF"),
        Some(GlucoseSample::UndeterminedWholeBlood) => (160_364, "MDC_CONC_GLU_UNDETERMINED_WHOLEBLOOD"),
        Some(GlucoseSample::UndeterminedPlasma) => (160_368, "MDC_CONC_GLU_UNDETERMINED_PLASMA"),
        None => (160_020, "MDC_CONC_GLU_GEN"),
    }
}

/// LOINC has mass and substance concentration apart. A display that is not certain is left out.
const fn loinc(sample: Option<GlucoseSample>, unit: Unit) -> &'static [(&'static str, &'static str)] {
    match (sample, unit) {
        (Some(GlucoseSample::CapillaryWholeBlood | GlucoseSample::CapillaryPlasma), Unit::MilligramPerDecilitre) => {
            &[("41653-7", "")]
        }
        (Some(GlucoseSample::CapillaryWholeBlood | GlucoseSample::CapillaryPlasma), Unit::MillimolePerLitre) => {
            &[("14743-9", "")]
        }
        (
            Some(GlucoseSample::VenousWholeBlood | GlucoseSample::UndeterminedWholeBlood),
            Unit::MilligramPerDecilitre,
        ) => &[("2339-0", "")],
        (Some(GlucoseSample::VenousPlasma | GlucoseSample::UndeterminedPlasma), Unit::MilligramPerDecilitre) => {
            &[("2345-7", "")]
        }
        (Some(GlucoseSample::InterstitialFluid), Unit::MilligramPerDecilitre) => &[("99504-3", "")],
        (Some(GlucoseSample::InterstitialFluid), Unit::MillimolePerLitre) => &[("105272-9", "")],
        _ => &[],
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
