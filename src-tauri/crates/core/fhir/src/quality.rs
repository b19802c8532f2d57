//! What a device says about the quality of a value, in the words of the guide (uv-phd 2.0.0, Measurement Status).
//! Not here: the flags themselves, and whether a value is plausible.
use crate::codes;
use crate::datatypes::{Annotation, CodeableConcept};
use bedside_vitals::{Quality, QualityFlag, Special};

/// What the quality of a value does to its Observation.
pub(crate) struct Standing {
    /// The status.
    pub(crate) status: &'static str,
    /// Why no value may be given, although there may be a number.
    pub(crate) withheld: Option<CodeableConcept>,
    /// How the value is to be taken.
    pub(crate) interpretation: Vec<CodeableConcept>,
    /// What the device said, in words.
    pub(crate) notes: Vec<Annotation>,
    /// It belongs to no real person.
    pub(crate) test_data: bool,
}

/// The standing of a value. `needs_review`: the site's policy asks a person to look first.
pub(crate) fn standing(quality: Quality, needs_review: bool) -> Standing {
    let has = |flag| quality.has(flag);
    let invalid = has(QualityFlag::Invalid);
    let early = has(QualityFlag::EarlyEstimate);
    let questionable = DOUBTS.into_iter().any(has);
    let status = if invalid {
        "entered-in-error"
    } else if early || needs_review || has(QualityFlag::Implausible) {
        PRELIMINARY
    } else {
        "final"
    };
    let interpretation = [
        questionable.then(|| codes::concept(codes::QUESTIONABLE)),
        early.then(|| codes::concept(codes::EARLY_INDICATION)),
    ];
    let said: Vec<&str> = WORDS.iter().filter(|(flag, _)| has(*flag)).map(|(_, words)| *words).collect();
    Standing {
        status,
        // A value from a sensor that touches nobody is a state, not a number.
        withheld: (invalid || has(QualityFlag::NoContact)).then(|| codes::concept(codes::ABSENT_ERROR)),
        interpretation: interpretation.into_iter().flatten().collect(),
        notes: (!said.is_empty())
            .then(|| Annotation::new(format!("The device or console reports: {}.", said.join(", "))))
            .into_iter()
            .collect(),
        test_data: TEST_DATA.into_iter().any(has),
    }
}

/// The status of a value that is early, doubtful, or waits for a person (FHIR R4, observation-status).
pub(crate) const PRELIMINARY: &str = "preliminary";

/// Why a special value is no number (uv-phd 2.0.0, special FLOAT and SFLOAT values).
pub(crate) fn special(special: Special) -> CodeableConcept {
    codes::concept(match special {
        Special::NotANumber => codes::ABSENT_NOT_A_NUMBER,
        Special::PositiveInfinity => codes::ABSENT_POSITIVE_INFINITY,
        Special::NegativeInfinity => codes::ABSENT_NEGATIVE_INFINITY,
        Special::NotAtThisResolution | Special::Reserved => codes::ABSENT_ERROR,
    })
}

const DOUBTS: [QualityFlag; 6] = [
    QualityFlag::Questionable,
    QualityFlag::PoorSignal,
    QualityFlag::BodyMovement,
    QualityFlag::CuffTooLoose,
    QualityFlag::ImproperPosition,
    QualityFlag::Implausible,
];

const TEST_DATA: [QualityFlag; 4] =
    [QualityFlag::Demonstration, QualityFlag::Testing, QualityFlag::Simulated, QualityFlag::ControlSolution];

const WORDS: [(QualityFlag, &str); 14] = [
    (QualityFlag::NoContact, "no sensor contact"),
    (QualityFlag::BodyMovement, "body movement"),
    (QualityFlag::CuffTooLoose, "cuff too loose"),
    (QualityFlag::IrregularPulse, "irregular pulse"),
    (QualityFlag::ImproperPosition, "improper position"),
    (QualityFlag::PoorSignal, "poor signal"),
    (QualityFlag::Questionable, "questionable value"),
    (QualityFlag::Invalid, "invalid value"),
    (QualityFlag::Demonstration, "device in demonstration mode"),
    (QualityFlag::Testing, "device in test mode"),
    (QualityFlag::ClockNotSet, "device clock not set"),
    (QualityFlag::PulseOutOfRange, "pulse rate out of the device's range"),
    (QualityFlag::Implausible, "implausible value"),
    (QualityFlag::FromStorage, "from the device's memory"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_value_is_withheld_and_marked_as_an_error() {
        let standing = standing(Quality::GOOD.with(QualityFlag::Invalid), false);
        assert_eq!(standing.status, "entered-in-error");
        assert!(standing.withheld.is_some());
    }

    #[test]
    fn an_early_estimate_is_preliminary_and_says_so() {
        let standing = standing(Quality::GOOD.with(QualityFlag::EarlyEstimate), false);
        assert_eq!(standing.status, "preliminary");
        assert_eq!(standing.interpretation[0].coding[0].code.as_deref(), Some("early-indication"));
    }

    #[test]
    fn a_good_value_is_final_and_nothing_is_said_of_it() {
        let standing = standing(Quality::GOOD, false);
        assert_eq!(standing.status, "final");
        assert!(standing.withheld.is_none() && standing.interpretation.is_empty() && standing.notes.is_empty());
    }

    #[test]
    fn an_implausible_value_is_never_filed_as_verified() {
        let standing = standing(Quality::GOOD.with(QualityFlag::Implausible), false);
        assert_eq!(standing.status, "preliminary");
    }
}
