//! Where a temperature was taken: it decides what a number means, and which code it is filed under.
//! Not here: the number, and codes of other systems.
use crate::glucose::named;
use serde::{Deserialize, Serialize};

named! {
    /// Where a temperature was taken (Temperature Type 0x2A1D).
    TemperatureSite {
        /// Armpit.
        Armpit = "armpit",
        /// Ear, by a probe in its canal.
        Ear = "ear",
        /// Finger.
        Finger = "finger",
        /// Gastro-intestinal tract.
        GastrointestinalTract = "gastrointestinal_tract",
        /// Mouth.
        Mouth = "mouth",
        /// Rectum.
        Rectum = "rectum",
        /// Toe.
        Toe = "toe",
        /// Ear drum.
        Tympanum = "tympanum",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        assert!(TemperatureSite::ALL.iter().all(|&one| TemperatureSite::from_name(one.name()) == Some(one)));
        assert_eq!(TemperatureSite::from_name("forehead"), None);
    }
}
