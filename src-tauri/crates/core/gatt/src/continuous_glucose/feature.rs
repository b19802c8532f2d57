//! CGM Feature 0x2AA8: what a sensor can do, what it measures in, and whether its values end with check sums.
//! The value always has room for a check sum; 0xFFFF stands there when the sensor does not support them.
use crate::codes::{flag_word, octet_codes};
use crate::end_to_end_check::{CheckSum, CheckSums, check_sum_of};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::glucose::SampleType;
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const FEATURE: Characteristic = Characteristic::named("CGM Feature");

/// Octets of a feature value, the place of the check sum included.
const SIZE: usize = 6;

/// What stands in the place of the check sum of a sensor that does not support them.
const NO_CHECK_SUM: u16 = 0xFFFF;

/// CGM Feature 0x2AA8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContinuousGlucoseFeatures {
    /// What the sensor can do.
    pub features: FeatureWord,
    /// What the glucose is measured in.
    pub sample_type: SampleType,
    /// Where the sensor sits.
    pub sample_location: SensorLocation,
}

flag_word! {
    /// What a sensor can do, as received (24 bits).
    pub struct FeatureWord(u32);
    /// One ability of a sensor: mostly, what it can detect.
    pub enum Feature {
        /// Can be calibrated.
        Calibration = 0 => "calibration",
        /// Alerts at the patient's low and high level.
        PatientAlerts = 1 => "patient_alerts",
        /// Alerts at hypoglycaemia.
        Hypo = 2 => "hypo",
        /// Alerts at hyperglycaemia.
        Hyper = 3 => "hyper",
        /// Alerts at fast rises and falls.
        Rate = 4 => "rate",
        /// Has alerts that only its maker can explain.
        DeviceSpecific = 5 => "device_specific",
        /// A malfunction of the sensor.
        Malfunction = 6 => "malfunction",
        /// Temperatures outside its range.
        Temperature = 7 => "temperature",
        /// Results above or below its range.
        ResultHighLow = 8 => "result_high_low",
        /// A low battery.
        LowBattery = 9 => "low_battery",
        /// A sensor of a wrong type.
        SensorType = 10 => "sensor_type",
        /// General faults.
        Fault = 11 => "fault",
        /// Adds a check sum to its values.
        EndToEndCheckSum = 12 => "e2e_crc",
        /// Keeps more than one bond.
        MultipleBonds = 13 => "multiple_bonds",
        /// Can be started again after a session.
        MultipleSessions = 14 => "multiple_sessions",
        /// Sends the trend.
        Trend = 15 => "trend",
        /// Sends the quality.
        Quality = 16 => "quality",
    }
}

octet_codes! {
    /// Where a sample comes from (four bits): as for glucose meters, and under the skin.
    pub enum SensorLocation {
        /// Finger.
        Finger = 1 => "finger",
        /// Another site, such as the forearm.
        AlternateSite = 2 => "alternate_site",
        /// Ear lobe.
        Earlobe = 3 => "earlobe",
        /// Control solution: no person's.
        ControlSolution = 4 => "control_solution",
        /// Subcutaneous tissue.
        Subcutaneous = 5 => "subcutaneous",
        /// The sensor does not know.
        NotAvailable = 15 => "not_available",
    }
}

impl ContinuousGlucoseFeatures {
    /// Reads a value of exactly six octets. A check sum that fits is welcome even where none was announced.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(FEATURE, octets, SIZE)?;
        let features = FeatureWord::from_bits(reader.u24("features")?);
        let (sample_type, sample_location) = reader.nibbles("sample type and location")?;
        let decoded = Self {
            features,
            sample_type: SampleType::from_octet(sample_type),
            sample_location: SensorLocation::from_octet(sample_location),
        };
        let before_check_sum = &octets[..SIZE - reader.remaining()];
        let (expected, got) = (check_sum_of(before_check_sum), reader.u16("check sum")?);
        let none = got == NO_CHECK_SUM && !features.has(Feature::EndToEndCheckSum);
        if got == expected || none { Ok(decoded) } else { Err(reader.crc_mismatch(expected, got)) }
    }

    /// The octets, with the check sum that the features announce.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(FEATURE);
        if self.features.bits() > 0xFF_FFFF {
            return Err(writer.out_of_range("features", "at most 24 bits", self.features.bits()));
        }
        writer.u24(self.features.bits());
        write_sample(&mut writer, self.sample_type, self.sample_location)?;
        if self.features.has(Feature::EndToEndCheckSum) {
            writer.check_sum(CheckSum::Verified);
        } else {
            writer.u16(NO_CHECK_SUM);
        }
        Ok(writer.finish())
    }

    /// What the other characteristics of this sensor end with.
    pub const fn check_sums(&self) -> CheckSums {
        CheckSums::announced(self.features.has(Feature::EndToEndCheckSum))
    }
}

/// Type and location in one octet.
pub(super) fn write_sample(
    writer: &mut Writer,
    sample_type: SampleType,
    sample_location: SensorLocation,
) -> Result<(), EncodeError> {
    writer.nibbles("sample type", sample_type.octet(), "sample location", sample_location.octet())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(octets: &[u8]) -> &'static str {
        ContinuousGlucoseFeatures::decode(octets).unwrap_err().kind()
    }

    #[test]
    fn a_sensor_without_check_sums_says_ffff() {
        let octets = [0x05, 0x80, 0x01, 0x59, 0xFF, 0xFF];
        let decoded = ContinuousGlucoseFeatures::decode(&octets).unwrap();
        let names: Vec<_> = decoded.features.raised().map(Feature::name).collect();
        assert_eq!(names, ["calibration", "hypo", "trend", "quality"]);
        assert_eq!(decoded.sample_type, SampleType::InterstitialFluid);
        assert_eq!(decoded.sample_location, SensorLocation::Subcutaneous);
        assert_eq!(decoded.check_sums(), CheckSums::NotAnnounced);
        assert_eq!(decoded.encode().unwrap(), octets);
    }

    #[test]
    fn an_announced_check_sum_must_fit() {
        let fields = [0x00, 0x10, 0x00, 0x59];
        let sum = check_sum_of(&fields).to_le_bytes();
        let octets = [fields.as_slice(), sum.as_slice()].concat();
        let decoded = ContinuousGlucoseFeatures::decode(&octets).unwrap();
        assert_eq!(decoded.check_sums(), CheckSums::Announced);
        assert_eq!(decoded.encode().unwrap(), octets);
        assert_eq!(kind(&[0x00, 0x10, 0x00, 0x59, 0xFF, 0xFF]), "crc_mismatch");
        assert_eq!(kind(&[0x00, 0x00, 0x00, 0x59, 0x12, 0x34]), "crc_mismatch");
    }

    #[test]
    fn another_size_is_a_length_error() {
        assert_eq!(kind(&[0x00, 0x00, 0x00, 0x59]), "length");
        assert_eq!(kind(&[0x00, 0x00, 0x00, 0x59, 0xFF, 0xFF, 0x00]), "length");
    }
}
