//! What is measured. Codes of other systems (MDC, LOINC) belong to the `fhir` crate, except the MDC number, which is
//! part of a reading's identity.
use core::fmt;
use serde::{Deserialize, Serialize};

/// A clinical parameter or a waveform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Parameter {
    /// Heart rate from the heart's electrical activity (chest strap, ECG).
    HeartRate,
    /// Pulse rate of an oximeter.
    OximeterPulseRate,
    /// Pulse rate counted by a cuff during a blood pressure measurement.
    CuffPulseRate,
    /// Oxygen saturation by pulse oximetry.
    OxygenSaturation,
    /// Pulse amplitude index of an oximeter.
    PulseAmplitudeIndex,
    /// Non-invasive blood pressure: systolic, diastolic and mean of one measurement.
    BloodPressure,
    /// Body temperature.
    BodyTemperature,
    /// Time between two heart beats.
    BeatInterval,
    /// One ECG lead.
    Electrocardiogram,
    /// Breaths a minute.
    RespirationRate,
    /// Perfusion index of an oximeter.
    PerfusionIndex,
    /// The pulse wave of an oximeter or another optical sensor.
    Plethysmogram,
    /// Glucose in blood or plasma, one sample at a time.
    BloodGlucose,
    /// Glucose in the fluid between cells, by a sensor under the skin.
    InterstitialGlucose,
    /// Weight of the body.
    BodyWeight,
    /// Height of the body, as a scale knows it.
    BodyHeight,
    /// Body mass index.
    BodyMassIndex,
    /// Fat in hundredths of the body's weight.
    BodyFat,
    /// Weight of the body without its fat.
    FatFreeMass,
    /// Fat-free mass without the bones.
    SoftLeanMass,
    /// Weight of the body's water.
    BodyWaterMass,
    /// Weight of the muscles.
    MuscleMass,
    /// Muscle in hundredths of the body's weight.
    MuscleShare,
    /// Electrical impedance of the body.
    BodyImpedance,
    /// Basal metabolism, as energy in a day.
    BasalMetabolism,
}

impl Parameter {
    /// Every parameter, for tables and tests.
    pub const ALL: [Self; 25] = [
        Self::HeartRate,
        Self::OximeterPulseRate,
        Self::CuffPulseRate,
        Self::OxygenSaturation,
        Self::PulseAmplitudeIndex,
        Self::BloodPressure,
        Self::BodyTemperature,
        Self::BeatInterval,
        Self::Electrocardiogram,
        Self::RespirationRate,
        Self::PerfusionIndex,
        Self::Plethysmogram,
        Self::BloodGlucose,
        Self::InterstitialGlucose,
        Self::BodyWeight,
        Self::BodyHeight,
        Self::BodyMassIndex,
        Self::BodyFat,
        Self::FatFreeMass,
        Self::SoftLeanMass,
        Self::BodyWaterMass,
        Self::MuscleMass,
        Self::MuscleShare,
        Self::BodyImpedance,
        Self::BasalMetabolism,
    ];

    /// The 32-bit code of ISO/IEEE 11073-10101: `partition << 16 | term`. What the nomenclature has no term for has one
    /// of the terms it leaves to each user, 0xF000 and up; those mean nothing to anybody else ([`Self::is_standard`]).
    pub const fn mdc(self) -> u32 {
        /// The first private term of the partition for supervisory control and data acquisition.
        const PRIVATE: u32 = 2 << 16 | 0xF000;
        match self {
            Self::HeartRate => 147_842,
            Self::OximeterPulseRate => 149_530,
            Self::CuffPulseRate => 149_546,
            Self::OxygenSaturation => 150_456,
            Self::PulseAmplitudeIndex => 150_320,
            Self::BloodPressure => 150_020,
            Self::BodyTemperature => 150_364,
            Self::BeatInterval => 147_240,
            Self::Electrocardiogram => 131_328,
            Self::RespirationRate => 151_562,
            Self::PerfusionIndex => 150_488,
            Self::Plethysmogram => 150_452,
            Self::BloodGlucose => 160_184,
            Self::InterstitialGlucose => 160_212,
            Self::BodyWeight => 188_736,
            Self::BodyHeight => 188_740,
            Self::BodyMassIndex => 188_752,
            Self::BodyFat => 188_748,
            Self::FatFreeMass => 188_756,
            Self::SoftLeanMass => 188_760,
            Self::BodyWaterMass => 188_764,
            Self::MuscleMass => PRIVATE,
            Self::MuscleShare => PRIVATE + 1,
            Self::BodyImpedance => PRIVATE + 2,
            Self::BasalMetabolism => PRIVATE + 3,
        }
    }

    /// Whether the code means the same to everybody.
    pub const fn is_standard(self) -> bool {
        self.mdc() & 0xFFFF < 0xF000
    }

    /// The stable name in files, tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeartRate => "heart_rate",
            Self::OximeterPulseRate => "oximeter_pulse_rate",
            Self::CuffPulseRate => "cuff_pulse_rate",
            Self::OxygenSaturation => "oxygen_saturation",
            Self::PulseAmplitudeIndex => "pulse_amplitude_index",
            Self::BloodPressure => "blood_pressure",
            Self::BodyTemperature => "body_temperature",
            Self::BeatInterval => "beat_interval",
            Self::Electrocardiogram => "electrocardiogram",
            Self::RespirationRate => "respiration_rate",
            Self::PerfusionIndex => "perfusion_index",
            Self::Plethysmogram => "plethysmogram",
            Self::BloodGlucose => "blood_glucose",
            Self::InterstitialGlucose => "interstitial_glucose",
            Self::BodyWeight => "body_weight",
            Self::BodyHeight => "body_height",
            Self::BodyMassIndex => "body_mass_index",
            Self::BodyFat => "body_fat",
            Self::FatFreeMass => "fat_free_mass",
            Self::SoftLeanMass => "soft_lean_mass",
            Self::BodyWaterMass => "body_water_mass",
            Self::MuscleMass => "muscle_mass",
            Self::MuscleShare => "muscle_share",
            Self::BodyImpedance => "body_impedance",
            Self::BasalMetabolism => "basal_metabolism",
        }
    }

    /// The parameter of an MDC code, if it is one of ours.
    pub fn from_mdc(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.mdc() == code)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_its_parameter() {
        for parameter in Parameter::ALL {
            assert_eq!(Parameter::from_mdc(parameter.mdc()), Some(parameter));
        }
    }
}
