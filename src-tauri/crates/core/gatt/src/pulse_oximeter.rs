//! Pulse Oximeter service 0x1822 (Bluetooth SIG): spot-check and continuous measurements, features.
//! Which statuses keep a value out of a chart is decided by the sessions.
use crate::codes::flag_word;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{DeviceTime, Number};

const SPOT_CHECK: Characteristic = Characteristic::named("Spot-check Oximetry Measurement");
const CONTINUOUS: Characteristic = Characteristic::named("Continuous Oximetry Measurement");
const FEATURES: Characteristic = Characteristic::named("Pulse Oximeter Features");

/// Oxygen saturation and the pulse rate found with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaturationAndPulse {
    /// Oxygen saturation in percent.
    pub spo2_percent: Number,
    /// Pulse rate in beats a minute.
    pub pulse_rate_bpm: Number,
}

/// Spot-check measurement 0x2A5E.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpotCheckMeasurement {
    /// What was measured.
    pub normal: SaturationAndPulse,
    /// The device's own time of the measurement.
    pub timestamp: Option<DeviceTime>,
    /// What kind of measurement it is.
    pub measurement_status: Option<MeasurementStatus>,
    /// How device and sensor are.
    pub device_status: Option<DeviceStatus>,
    /// Pulse amplitude index in percent.
    pub pulse_amplitude_index_percent: Option<Number>,
    /// The device says that its clock was never set.
    pub device_clock_not_set: bool,
}

/// Continuous measurement 0x2A5F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContinuousMeasurement {
    /// With the device's normal averaging.
    pub normal: SaturationAndPulse,
    /// With faster averaging.
    pub fast: Option<SaturationAndPulse>,
    /// With slower averaging.
    pub slow: Option<SaturationAndPulse>,
    /// What kind of measurement it is.
    pub measurement_status: Option<MeasurementStatus>,
    /// How device and sensor are.
    pub device_status: Option<DeviceStatus>,
    /// Pulse amplitude index in percent.
    pub pulse_amplitude_index_percent: Option<Number>,
}

/// Features 0x2A60.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulseOximeterFeatures {
    /// What the device can do, as received without the two bits that announce the fields below.
    pub features: FeatureWord,
    /// Which measurement statuses it can send.
    pub measurement_status_support: Option<MeasurementStatus>,
    /// Which device and sensor statuses it can send.
    pub device_status_support: Option<DeviceStatus>,
}

flag_word! {
    /// What kind of measurement a value is; bits 0 to 4 are undefined.
    pub struct MeasurementStatus(u16);
    /// One statement about a measurement.
    pub enum MeasurementStatement {
        /// The measurement goes on.
        Ongoing = 5 => "ongoing",
        /// An early estimate.
        EarlyEstimate = 6 => "early_estimate",
        /// Validated.
        Validated = 7 => "validated",
        /// Fully qualified.
        FullyQualified = 8 => "fully_qualified",
        /// From the device's memory.
        FromStorage = 9 => "from_storage",
        /// For demonstration: not a person's.
        Demonstration = 10 => "demonstration",
        /// For testing: not a person's.
        Testing = 11 => "testing",
        /// Calibration goes on.
        CalibrationOngoing = 12 => "calibration_ongoing",
        /// Unavailable.
        Unavailable = 13 => "unavailable",
        /// Questionable.
        Questionable = 14 => "questionable",
        /// Invalid.
        Invalid = 15 => "invalid",
    }
}

flag_word! {
    /// How device and sensor are: 24 bits, of which 16 to 23 are undefined.
    pub struct DeviceStatus(u32);
    /// One finding about device or sensor.
    pub enum DeviceFinding {
        /// The display is updated over a longer time.
        ExtendedDisplayUpdate = 0 => "extended_display_update",
        /// Equipment malfunction.
        EquipmentMalfunction = 1 => "equipment_malfunction",
        /// Irregular signal.
        SignalIrregularity = 2 => "signal_irregularity",
        /// Inadequate signal.
        InadequateSignal = 3 => "inadequate_signal",
        /// Poor signal.
        PoorSignal = 4 => "poor_signal",
        /// Low perfusion.
        LowPerfusion = 5 => "low_perfusion",
        /// Erratic signal.
        Erratic = 6 => "erratic",
        /// No pulse in the signal.
        NonPulsatile = 7 => "non_pulsatile",
        /// Questionable pulse.
        QuestionablePulse = 8 => "questionable_pulse",
        /// The signal is being analysed.
        SignalAnalysisOngoing = 9 => "signal_analysis_ongoing",
        /// The sensor is disturbed, for example by light.
        SensorInterference = 10 => "sensor_interference",
        /// The sensor is not on the person.
        UnconnectedToUser = 11 => "unconnected_to_user",
        /// Unknown sensor.
        UnknownSensor = 12 => "unknown_sensor",
        /// The sensor is displaced.
        Displaced = 13 => "displaced",
        /// The sensor malfunctions.
        Malfunctioning = 14 => "malfunctioning",
        /// The sensor is not connected to the device.
        Disconnected = 15 => "disconnected",
    }
}

flag_word! {
    /// What a device can do.
    pub struct FeatureWord(u16);
    /// One ability of a device.
    pub enum Feature {
        /// Stores spot-check measurements.
        Storage = 2 => "storage",
        /// Gives spot-check measurements a time.
        TimeStamp = 3 => "time_stamp",
        /// Sends values of fast averaging.
        Fast = 4 => "fast",
        /// Sends values of slow averaging.
        Slow = 5 => "slow",
        /// Sends the pulse amplitude index.
        PulseAmplitudeIndex = 6 => "pulse_amplitude_index",
        /// Keeps more than one bond.
        MultipleBonds = 7 => "multiple_bonds",
    }
}

/// The flags of a spot check, octet 0.
mod spot_flag {
    pub(super) const TIMESTAMP: u8 = 1;
    pub(super) const MEASUREMENT_STATUS: u8 = 1 << 1;
    pub(super) const DEVICE_STATUS: u8 = 1 << 2;
    pub(super) const AMPLITUDE: u8 = 1 << 3;
    pub(super) const CLOCK_NOT_SET: u8 = 1 << 4;
    pub(super) const RESERVED: u8 = 0b1110_0000;
}

/// The flags of a continuous measurement, octet 0.
mod continuous_flag {
    pub(super) const FAST: u8 = 1;
    pub(super) const SLOW: u8 = 1 << 1;
    pub(super) const MEASUREMENT_STATUS: u8 = 1 << 2;
    pub(super) const DEVICE_STATUS: u8 = 1 << 3;
    pub(super) const AMPLITUDE: u8 = 1 << 4;
    pub(super) const RESERVED: u8 = 0b1110_0000;
}

/// The bits of the features that announce fields.
mod feature_bit {
    pub(super) const MEASUREMENT_STATUS: u16 = 1;
    pub(super) const DEVICE_STATUS: u16 = 1 << 1;
    pub(super) const RESERVED: u16 = 0xFF00;
}

impl SpotCheckMeasurement {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(SPOT_CHECK, octets);
        let flags = reader.u8("flags")?;
        let announced = |flag: u8| flags & flag != 0;
        let measured = Self {
            normal: SaturationAndPulse::read(&mut reader)?,
            timestamp: announced(spot_flag::TIMESTAMP).then(|| reader.date_time()).transpose()?,
            measurement_status: MeasurementStatus::read(&mut reader, announced(spot_flag::MEASUREMENT_STATUS))?,
            device_status: DeviceStatus::read(&mut reader, announced(spot_flag::DEVICE_STATUS))?,
            pulse_amplitude_index_percent: read_amplitude(&mut reader, announced(spot_flag::AMPLITUDE))?,
            device_clock_not_set: announced(spot_flag::CLOCK_NOT_SET),
        };
        reader.finish(announced(spot_flag::RESERVED))?;
        Ok(measured)
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(SPOT_CHECK);
        writer.u8(flags_of([
            (self.timestamp.is_some(), spot_flag::TIMESTAMP),
            (self.measurement_status.is_some(), spot_flag::MEASUREMENT_STATUS),
            (self.device_status.is_some(), spot_flag::DEVICE_STATUS),
            (self.pulse_amplitude_index_percent.is_some(), spot_flag::AMPLITUDE),
            (self.device_clock_not_set, spot_flag::CLOCK_NOT_SET),
        ]));
        self.normal.write(&mut writer)?;
        if let Some(time) = self.timestamp {
            writer.date_time(time)?;
        }
        write_statuses(&mut writer, self.measurement_status, self.device_status)?;
        write_amplitude(&mut writer, self.pulse_amplitude_index_percent)?;
        Ok(writer.finish())
    }
}

impl ContinuousMeasurement {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        use continuous_flag as flag;
        let mut reader = Reader::new(CONTINUOUS, octets);
        let flags = reader.u8("flags")?;
        let announced = |flag: u8| flags & flag != 0;
        let measured = Self {
            normal: SaturationAndPulse::read(&mut reader)?,
            fast: announced(flag::FAST).then(|| SaturationAndPulse::read(&mut reader)).transpose()?,
            slow: announced(flag::SLOW).then(|| SaturationAndPulse::read(&mut reader)).transpose()?,
            measurement_status: MeasurementStatus::read(&mut reader, announced(flag::MEASUREMENT_STATUS))?,
            device_status: DeviceStatus::read(&mut reader, announced(flag::DEVICE_STATUS))?,
            pulse_amplitude_index_percent: read_amplitude(&mut reader, announced(flag::AMPLITUDE))?,
        };
        reader.finish(announced(flag::RESERVED))?;
        Ok(measured)
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CONTINUOUS);
        writer.u8(flags_of([
            (self.fast.is_some(), continuous_flag::FAST),
            (self.slow.is_some(), continuous_flag::SLOW),
            (self.measurement_status.is_some(), continuous_flag::MEASUREMENT_STATUS),
            (self.device_status.is_some(), continuous_flag::DEVICE_STATUS),
            (self.pulse_amplitude_index_percent.is_some(), continuous_flag::AMPLITUDE),
        ]));
        self.normal.write(&mut writer)?;
        for pair in [self.fast, self.slow].into_iter().flatten() {
            pair.write(&mut writer)?;
        }
        write_statuses(&mut writer, self.measurement_status, self.device_status)?;
        write_amplitude(&mut writer, self.pulse_amplitude_index_percent)?;
        Ok(writer.finish())
    }
}

impl PulseOximeterFeatures {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(FEATURES, octets);
        let word = reader.u16("features")?;
        let announced = |bit: u16| word & bit != 0;
        let features = Self {
            features: FeatureWord::from_bits(word & !(feature_bit::MEASUREMENT_STATUS | feature_bit::DEVICE_STATUS)),
            measurement_status_support: MeasurementStatus::read(
                &mut reader,
                announced(feature_bit::MEASUREMENT_STATUS),
            )?,
            device_status_support: DeviceStatus::read(&mut reader, announced(feature_bit::DEVICE_STATUS))?,
        };
        reader.finish(announced(feature_bit::RESERVED))?;
        Ok(features)
    }

    /// The octets; the announcing bits follow from the fields.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(FEATURES);
        let announcing = feature_bit::MEASUREMENT_STATUS | feature_bit::DEVICE_STATUS;
        let mut word = self.features.bits() & !announcing;
        if self.measurement_status_support.is_some() {
            word |= feature_bit::MEASUREMENT_STATUS;
        }
        if self.device_status_support.is_some() {
            word |= feature_bit::DEVICE_STATUS;
        }
        writer.u16(word);
        write_statuses(&mut writer, self.measurement_status_support, self.device_status_support)?;
        Ok(writer.finish())
    }
}

impl SaturationAndPulse {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let spo2_percent = reader.short_float("oxygen saturation")?;
        Ok(Self { spo2_percent, pulse_rate_bpm: reader.short_float("pulse rate")? })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.short_float("oxygen saturation", self.spo2_percent)?;
        writer.short_float("pulse rate", self.pulse_rate_bpm)
    }
}

impl MeasurementStatus {
    fn read(reader: &mut Reader<'_>, announced: bool) -> Result<Option<Self>, DecodeError> {
        announced.then(|| reader.u16("measurement status").map(Self::from_bits)).transpose()
    }
}

impl DeviceStatus {
    fn read(reader: &mut Reader<'_>, announced: bool) -> Result<Option<Self>, DecodeError> {
        announced.then(|| reader.u24("device and sensor status").map(Self::from_bits)).transpose()
    }
}

fn read_amplitude(reader: &mut Reader<'_>, announced: bool) -> Result<Option<Number>, DecodeError> {
    announced.then(|| reader.short_float("pulse amplitude index")).transpose()
}

fn write_amplitude(writer: &mut Writer, amplitude: Option<Number>) -> Result<(), EncodeError> {
    amplitude.map_or(Ok(()), |number| writer.short_float("pulse amplitude index", number))
}

fn write_statuses(
    writer: &mut Writer,
    measurement: Option<MeasurementStatus>,
    device: Option<DeviceStatus>,
) -> Result<(), EncodeError> {
    if let Some(status) = measurement {
        writer.u16(status.bits());
    }
    if let Some(status) = device {
        if status.bits() > 0xFF_FFFF {
            return Err(writer.out_of_range("device and sensor status", "at most 24 bits", status.bits()));
        }
        writer.u24(status.bits());
    }
    Ok(())
}

fn flags_of<const N: usize>(present: [(bool, u8); N]) -> u8 {
    present.into_iter().filter(|(is_present, _)| *is_present).fold(0, |flags, (_, flag)| flags | flag)
}

#[cfg(test)]
#[path = "pulse_oximeter_tests.rs"]
mod tests;
