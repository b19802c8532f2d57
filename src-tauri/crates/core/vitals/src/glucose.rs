//! What a glucose meter says of a reading besides its number: the fluid, where it was taken, and the meal.
//! Not here: the number, and whether a reading may be charted (`quality`).
use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Every one, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name in files and tables.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one of a stable name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

pub(crate) use named;

named! {
    /// The fluid in which glucose was measured (Glucose Measurement 0x2A18, field type).
    GlucoseSample {
        /// Whole blood from a capillary.
        CapillaryWholeBlood = "capillary_whole_blood",
        /// Plasma of capillary blood; many strips report its equivalent.
        CapillaryPlasma = "capillary_plasma",
        /// Whole blood from a vein.
        VenousWholeBlood = "venous_whole_blood",
        /// Plasma of venous blood.
        VenousPlasma = "venous_plasma",
        /// Whole blood from an artery.
        ArterialWholeBlood = "arterial_whole_blood",
        /// Plasma of arterial blood.
        ArterialPlasma = "arterial_plasma",
        /// Whole blood, from where is not told.
        UndeterminedWholeBlood = "undetermined_whole_blood",
        /// Plasma, from where is not told.
        UndeterminedPlasma = "undetermined_plasma",
        /// Fluid between cells.
        InterstitialFluid = "interstitial_fluid",
        /// Control solution: no patient's.
        ControlSolution = "control_solution",
    }
}

named! {
    /// Where the sample was taken (Glucose Measurement 0x2A18, field sample location).
    SampleSite {
        /// A finger.
        Finger = "finger",
        /// Another place, such as palm or forearm.
        Alternate = "alternate_site",
        /// An ear lobe.
        EarLobe = "ear_lobe",
    }
}

named! {
    /// How a reading lies to meals (Glucose Measurement Context 0x2A34).
    Meal {
        /// Before a meal.
        Before = "before_meal",
        /// After a meal.
        After = "after_meal",
        /// Fasting.
        Fasting = "fasting",
        /// At no special time: snacks, drinks.
        Casual = "casual",
        /// At bedtime.
        Bedtime = "bedtime",
    }
}

/// What is said of one glucose reading; `None` where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GlucoseDetails {
    /// The fluid.
    pub sample: Option<GlucoseSample>,
    /// Where it was taken.
    pub site: Option<SampleSite>,
    /// The meal. A meter sends it apart from the reading, before or after it.
    pub meal: Option<Meal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        assert!(GlucoseSample::ALL.iter().all(|&one| GlucoseSample::from_name(one.name()) == Some(one)));
        assert!(SampleSite::ALL.iter().all(|&one| SampleSite::from_name(one.name()) == Some(one)));
        assert!(Meal::ALL.iter().all(|&one| Meal::from_name(one.name()) == Some(one)));
        assert_eq!(Meal::from_name("lunch"), None);
    }
}
