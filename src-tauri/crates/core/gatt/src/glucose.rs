//! Glucose service 0x1808 (Bluetooth SIG): one measurement of a meter, and what the meter can do.
//! The context of a measurement lives in `glucose_context`; asking for stored records in `record_access`.
use crate::codes::{flag_word, octet_codes};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::{DeviceTime, Number};

const GLUCOSE_MEASUREMENT: Characteristic = Characteristic::named("Glucose Measurement");
const GLUCOSE_FEATURE: Characteristic = Characteristic::named("Glucose Feature");

/// Glucose Measurement 0x2A18. The time of the event is the base time plus the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlucoseMeasurement {
    /// Counts the records of the meter; the context of a measurement repeats it.
    pub sequence_number: u16,
    /// The meter's clock without what its user changed since the last setting.
    pub base_time: DeviceTime,
    /// Minutes that the user's changes of the clock add to the base time.
    pub time_offset_min: Option<i16>,
    /// What was measured; a record of an event alone has none.
    pub concentration: Option<GlucoseConcentration>,
    /// What the meter says about its sensor and the sample.
    pub status: Option<GlucoseStatus>,
    /// A context with the same sequence number exists.
    pub context_follows: bool,
}

/// An amount of glucose with what it was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlucoseConcentration {
    /// The amount in `unit`. Results beyond the meter's range are states, explained by the status.
    pub amount: Number,
    /// The unit as the meter sends it.
    pub unit: ConcentrationUnit,
    /// The kind of sample.
    pub sample_type: SampleType,
    /// Where the sample was taken.
    pub sample_location: SampleLocation,
}

/// The unit of a concentration. The supplement's flag text says mg/dL and mmol/L, its field table kg/L and mol/L;
/// meters send the latter, so 0.00114 kg/L is 114 mg/dL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConcentrationUnit {
    /// Kilograms a litre: 100 000 mg/dL.
    KilogramPerLitre,
    /// Moles a litre: 1000 mmol/L.
    MolePerLitre,
}

octet_codes! {
    /// What the glucose was measured in (four bits).
    pub enum SampleType {
        /// Capillary whole blood.
        CapillaryWholeBlood = 1 => "capillary_whole_blood",
        /// Capillary plasma.
        CapillaryPlasma = 2 => "capillary_plasma",
        /// Venous whole blood.
        VenousWholeBlood = 3 => "venous_whole_blood",
        /// Venous plasma.
        VenousPlasma = 4 => "venous_plasma",
        /// Arterial whole blood.
        ArterialWholeBlood = 5 => "arterial_whole_blood",
        /// Arterial plasma.
        ArterialPlasma = 6 => "arterial_plasma",
        /// Whole blood, from where is not known.
        UndeterminedWholeBlood = 7 => "undetermined_whole_blood",
        /// Plasma, from where is not known.
        UndeterminedPlasma = 8 => "undetermined_plasma",
        /// Interstitial fluid.
        InterstitialFluid = 9 => "interstitial_fluid",
        /// Control solution: not a person's.
        ControlSolution = 10 => "control_solution",
    }
}

octet_codes! {
    /// Where the sample was taken (four bits).
    pub enum SampleLocation {
        /// Finger.
        Finger = 1 => "finger",
        /// Another site, such as the forearm.
        AlternateSite = 2 => "alternate_site",
        /// Ear lobe.
        Earlobe = 3 => "earlobe",
        /// Control solution: no person's.
        ControlSolution = 4 => "control_solution",
        /// The meter does not know.
        NotAvailable = 15 => "not_available",
    }
}

flag_word! {
    /// Sensor status of a measurement, as received.
    pub struct GlucoseStatus(u16);
    /// One statement about the meter, its strip or the sample.
    pub enum GlucoseFinding {
        /// The meter's battery is low.
        BatteryLow = 0 => "battery_low",
        /// The sensor malfunctions.
        SensorMalfunction = 1 => "sensor_malfunction",
        /// Too little of the sample.
        SampleTooSmall = 2 => "sample_too_small",
        /// The strip was inserted wrongly.
        StripInsertionError = 3 => "strip_insertion_error",
        /// The strip is of a wrong type.
        StripTypeWrong = 4 => "strip_type_wrong",
        /// The result lies above what the meter can measure ("HI").
        ResultTooHigh = 5 => "result_too_high",
        /// The result lies below what the meter can measure ("LO").
        ResultTooLow = 6 => "result_too_low",
        /// Too warm for a valid result.
        TemperatureTooHigh = 7 => "temperature_too_high",
        /// Too cold for a valid result.
        TemperatureTooLow = 8 => "temperature_too_low",
        /// The strip was pulled out too early.
        ReadInterrupted = 9 => "read_interrupted",
        /// A fault of the device.
        DeviceFault = 10 => "device_fault",
        /// A fault of the clock: the times may be wrong.
        TimeFault = 11 => "time_fault",
    }
}

flag_word! {
    /// Glucose Feature 0x2A51, as received.
    pub struct GlucoseFeatures(u16);
    /// One feature of a meter: mostly, what it can detect.
    pub enum GlucoseFeature {
        /// A low battery.
        LowBattery = 0 => "low_battery",
        /// A malfunction of the sensor.
        Malfunction = 1 => "malfunction",
        /// The size of the sample.
        SampleSize = 2 => "sample_size",
        /// A strip inserted wrongly.
        StripInsertion = 3 => "strip_insertion",
        /// A strip of a wrong type.
        StripType = 4 => "strip_type",
        /// Results above or below its range.
        HighLow = 5 => "high_low",
        /// Temperatures outside its range.
        Temperature = 6 => "temperature",
        /// An interrupted reading.
        ReadInterrupt = 7 => "read_interrupt",
        /// General faults.
        Fault = 8 => "fault",
        /// Faults of its clock.
        TimeFault = 9 => "time_fault",
        /// Keeps more than one bond.
        MultipleBonds = 10 => "multiple_bonds",
    }
}

/// The flags of a measurement, octet 0.
mod flag {
    pub(super) const TIME_OFFSET: u8 = 1;
    pub(super) const CONCENTRATION: u8 = 1 << 1;
    pub(super) const MOLES: u8 = 1 << 2;
    pub(super) const STATUS: u8 = 1 << 3;
    pub(super) const CONTEXT_FOLLOWS: u8 = 1 << 4;
    pub(super) const RESERVED: u8 = 0b1110_0000;
}

impl GlucoseMeasurement {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(GLUCOSE_MEASUREMENT, octets);
        let flags = reader.u8("flags")?;
        let announced = |flag: u8| flags & flag != 0;
        let unit =
            if announced(flag::MOLES) { ConcentrationUnit::MolePerLitre } else { ConcentrationUnit::KilogramPerLitre };
        let measured = Self {
            sequence_number: reader.u16("sequence number")?,
            base_time: reader.date_time()?,
            time_offset_min: announced(flag::TIME_OFFSET).then(|| reader.i16("time offset")).transpose()?,
            concentration: announced(flag::CONCENTRATION)
                .then(|| GlucoseConcentration::read(&mut reader, unit))
                .transpose()?,
            status: announced(flag::STATUS)
                .then(|| reader.u16("sensor status").map(GlucoseStatus::from_bits))
                .transpose()?,
            context_follows: announced(flag::CONTEXT_FOLLOWS),
        };
        reader.finish(announced(flag::RESERVED))?;
        Ok(measured)
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let in_moles = self.concentration.is_some_and(|found| found.unit == ConcentrationUnit::MolePerLitre);
        let mut flags = 0;
        for (present, flag) in [
            (self.time_offset_min.is_some(), flag::TIME_OFFSET),
            (self.concentration.is_some(), flag::CONCENTRATION),
            (in_moles, flag::MOLES),
            (self.status.is_some(), flag::STATUS),
            (self.context_follows, flag::CONTEXT_FOLLOWS),
        ] {
            flags |= if present { flag } else { 0 };
        }
        let mut writer = Writer::new(GLUCOSE_MEASUREMENT);
        writer.u8(flags);
        writer.u16(self.sequence_number);
        writer.date_time(self.base_time)?;
        if let Some(minutes) = self.time_offset_min {
            writer.i16(minutes);
        }
        if let Some(found) = self.concentration {
            writer.short_float("concentration", found.amount)?;
            writer.nibbles(
                "sample type",
                found.sample_type.octet(),
                "sample location",
                found.sample_location.octet(),
            )?;
        }
        if let Some(status) = self.status {
            writer.u16(status.bits());
        }
        Ok(writer.finish())
    }
}

impl GlucoseConcentration {
    fn read(reader: &mut Reader<'_>, unit: ConcentrationUnit) -> Result<Self, DecodeError> {
        let amount = reader.short_float("concentration")?;
        let (sample_type, sample_location) = reader.nibbles("sample type and location")?;
        Ok(Self {
            amount,
            unit,
            sample_type: SampleType::from_octet(sample_type),
            sample_location: SampleLocation::from_octet(sample_location),
        })
    }
}

impl ConcentrationUnit {
    /// The unit as it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KilogramPerLitre => "kg/L",
            Self::MolePerLitre => "mol/L",
        }
    }
}

impl GlucoseFeatures {
    /// Reads a value of exactly two octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(GLUCOSE_FEATURE, octets, 2)?.u16("features").map(Self::from_bits)
    }

    /// The octets.
    pub fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(GLUCOSE_FEATURE);
        writer.u16(self.bits());
        writer.finish()
    }
}

const NIBBLE: &str = "0 to 15";

impl Reader<'_> {
    /// Two codes of four bits in one octet: the low one, then the high one.
    pub(crate) fn nibbles(&mut self, field: &'static str) -> Result<(u8, u8), DecodeError> {
        self.u8(field).map(|octet| (octet & 0x0F, octet >> 4))
    }
}

impl Writer {
    /// Two codes of four bits in one octet, each with its name; an error for a code that does not fit.
    pub(crate) fn nibbles(
        &mut self,
        low_field: &'static str,
        low: u8,
        high_field: &'static str,
        high: u8,
    ) -> Result<(), EncodeError> {
        for (field, code) in [(low_field, low), (high_field, high)] {
            if code > 0x0F {
                return Err(self.out_of_range(field, NIBBLE, code));
            }
        }
        self.u8(high << 4 | low);
        Ok(())
    }
}

#[cfg(test)]
#[path = "glucose_tests.rs"]
mod tests;
