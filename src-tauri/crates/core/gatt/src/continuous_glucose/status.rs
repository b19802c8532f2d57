//! The three octets in which a continuous glucose sensor tells its state, and CGM Status 0x2AA9 that carries them.
//! Measurements carry those of them that their flags announce.
use crate::codes::flag_word;
use crate::end_to_end_check::{CheckSum, CheckSums};
use crate::error::{Characteristic, DecodeError};
use crate::writer::Writer;
use alloc::vec::Vec;

const STATUS: Characteristic = Characteristic::named("CGM Status");

/// Octets of a status without its check sum.
const SIZE: usize = 5;

/// CGM Status 0x2AA9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContinuousGlucoseStatus {
    /// Minutes since the session began.
    pub time_offset_min: u16,
    /// How the sensor is.
    pub sensor: SensorStatus,
    /// What its calibration and its temperature ask for.
    pub calibration: CalibrationStatus,
    /// What its limits say about the glucose.
    pub warning: WarningStatus,
    /// Whether the value was protected.
    pub check_sum: CheckSum,
}

flag_word! {
    /// The status octet, as received.
    pub struct SensorStatus(u8);
    /// One statement about the sensor.
    pub enum SensorFinding {
        /// The session has been stopped.
        SessionStopped = 0 => "session_stopped",
        /// The battery is low.
        BatteryLow = 1 => "battery_low",
        /// The sensor is of a wrong type for the device.
        SensorTypeWrong = 2 => "sensor_type_wrong",
        /// The sensor malfunctions.
        Malfunction = 3 => "malfunction",
        /// An alert that only the device's maker can explain.
        DeviceSpecificAlert = 4 => "device_specific_alert",
        /// A fault of the device.
        DeviceFault = 5 => "device_fault",
    }
}

flag_word! {
    /// The calibration and temperature octet, as received.
    pub struct CalibrationStatus(u8);
    /// One statement about calibration or temperature.
    pub enum CalibrationFinding {
        /// The clock of the sensor must be set.
        TimeSyncRequired = 0 => "time_sync_required",
        /// Calibration is not allowed now.
        CalibrationNotAllowed = 1 => "calibration_not_allowed",
        /// Calibration is recommended.
        CalibrationRecommended = 2 => "calibration_recommended",
        /// Calibration is required.
        CalibrationRequired = 3 => "calibration_required",
        /// Too warm for a valid result.
        TemperatureTooHigh = 4 => "temperature_too_high",
        /// Too cold for a valid result.
        TemperatureTooLow = 5 => "temperature_too_low",
    }
}

flag_word! {
    /// The warning octet, as received.
    pub struct WarningStatus(u8);
    /// One limit that the glucose has crossed.
    pub enum Warning {
        /// Below the patient's low level.
        BelowPatientLow = 0 => "below_patient_low",
        /// Above the patient's high level.
        AbovePatientHigh = 1 => "above_patient_high",
        /// Below the level of hypoglycaemia.
        BelowHypo = 2 => "below_hypo",
        /// Above the level of hyperglycaemia.
        AboveHyper = 3 => "above_hyper",
        /// Falls faster than its limit.
        RateOfDecrease = 4 => "rate_of_decrease",
        /// Rises faster than its limit.
        RateOfIncrease = 5 => "rate_of_increase",
        /// Below what the device can measure.
        BelowDeviceRange = 6 => "below_device_range",
        /// Above what the device can measure.
        AboveDeviceRange = 7 => "above_device_range",
    }
}

impl ContinuousGlucoseStatus {
    /// Reads a value of five octets and its check sum, where it has one.
    pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let mut reader = check_sums.fixed(STATUS, octets, SIZE)?;
        let status = Self {
            time_offset_min: reader.u16("time offset")?,
            sensor: SensorStatus::from_bits(reader.u8("status")?),
            calibration: CalibrationStatus::from_bits(reader.u8("calibration and temperature")?),
            warning: WarningStatus::from_bits(reader.u8("warning")?),
            check_sum: CheckSum::Absent,
        };
        Ok(Self { check_sum: check_sums.finish(reader, octets)?, ..status })
    }

    /// The octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(STATUS);
        writer.u16(self.time_offset_min);
        writer.octets(&[self.sensor.bits(), self.calibration.bits(), self.warning.bits()]);
        writer.check_sum(self.check_sum);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octets_follow_each_other_from_status_to_warning() {
        let status = ContinuousGlucoseStatus::decode(&[0x2C, 0x01, 0x03, 0x08, 0x80], CheckSums::ByLength).unwrap();
        assert_eq!(status.time_offset_min, 300);
        let sensor: Vec<_> = status.sensor.raised().map(SensorFinding::name).collect();
        assert_eq!(sensor, ["session_stopped", "battery_low"]);
        assert!(status.calibration.has(CalibrationFinding::CalibrationRequired));
        assert!(status.warning.has(Warning::AboveDeviceRange));
        assert_eq!(status.check_sum, CheckSum::Absent);
    }

    #[test]
    fn another_size_is_a_length_error() {
        let kind = |octets: &[u8], check_sums| ContinuousGlucoseStatus::decode(octets, check_sums).unwrap_err().kind();
        assert_eq!(kind(&[0; 4], CheckSums::ByLength), "length");
        assert_eq!(kind(&[0; 6], CheckSums::ByLength), "length");
        assert_eq!(kind(&[0; 5], CheckSums::Announced), "length");
        assert_eq!(kind(&[0; 7], CheckSums::NotAnnounced), "length");
        assert_eq!(kind(&[0; 7], CheckSums::ByLength), "crc_mismatch");
    }
}
