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
}

impl Parameter {
    /// Every parameter, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::HeartRate,
        Self::OximeterPulseRate,
        Self::CuffPulseRate,
        Self::OxygenSaturation,
        Self::PulseAmplitudeIndex,
        Self::BloodPressure,
        Self::BodyTemperature,
        Self::BeatInterval,
        Self::Electrocardiogram,
    ];

    /// The 32-bit code of ISO/IEEE 11073-10101: `partition << 16 | term`.
    pub const fn mdc(self) -> u32 {
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
        }
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
