//! A body temperature: the place where it was taken picks the term, and the LOINC code behind the general one.
//! Source: 11073-10408 terms, LOINC. Not here: the number.
use crate::codes::{self, Loinc, Term};
use crate::datatypes::CodeableConcept;
use bedside_vitals::TemperatureSite;

/// What was measured. The R4 profile asks for the general LOINC code, whatever the place.
pub(crate) fn code(site: Option<TemperatureSite>) -> CodeableConcept {
    let special = site.and_then(loinc);
    let general = std::iter::once(codes::LOINC_TEMPERATURE);
    codes::measured(term(site), &general.chain(special).collect::<Vec<_>>())
}

/// The 11073 term.
pub(crate) const fn term(site: Option<TemperatureSite>) -> Term {
    match site {
        None => codes::TEMPERATURE,
        Some(TemperatureSite::Armpit) => codes::TEMPERATURE_ARMPIT,
        Some(TemperatureSite::Ear) => codes::TEMPERATURE_EAR,
        Some(TemperatureSite::Finger) => codes::TEMPERATURE_FINGER,
        Some(TemperatureSite::GastrointestinalTract) => codes::TEMPERATURE_GUT,
        Some(TemperatureSite::Mouth) => codes::TEMPERATURE_MOUTH,
        Some(TemperatureSite::Rectum) => codes::TEMPERATURE_RECTUM,
        Some(TemperatureSite::Toe) => codes::TEMPERATURE_TOE,
        Some(TemperatureSite::Tympanum) => codes::TEMPERATURE_TYMPANUM,
    }
}

/// The place in words: a reader that knows no 11073 term finds it.
pub(crate) fn body_site(site: TemperatureSite) -> CodeableConcept {
    CodeableConcept::text(match site {
        TemperatureSite::Armpit => "armpit",
        TemperatureSite::Ear => "ear canal",
        TemperatureSite::Finger => "finger",
        TemperatureSite::GastrointestinalTract => "gastro-intestinal tract",
        TemperatureSite::Mouth => "mouth",
        TemperatureSite::Rectum => "rectum",
        TemperatureSite::Toe => "toe",
        TemperatureSite::Tympanum => "ear drum",
    })
}

/// A probe in the ear canal is no tympanic thermometer, and LOINC has no code for the other places that two lists
/// share.
const fn loinc(site: TemperatureSite) -> Option<Loinc> {
    match site {
        TemperatureSite::Armpit => Some(codes::LOINC_TEMPERATURE_ARMPIT),
        TemperatureSite::Mouth => Some(codes::LOINC_TEMPERATURE_MOUTH),
        TemperatureSite::Rectum => Some(codes::LOINC_TEMPERATURE_RECTUM),
        TemperatureSite::Tympanum => Some(codes::LOINC_TEMPERATURE_EAR),
        TemperatureSite::Ear
        | TemperatureSite::Finger
        | TemperatureSite::GastrointestinalTract
        | TemperatureSite::Toe => None,
    }
}
