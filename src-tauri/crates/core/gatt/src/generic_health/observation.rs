//! One observation of the ACOM model (ISO/IEEE 11073-10206) as a body of the Generic Health Sensor service carries it:
//! class, length, flagged attributes, value. The values by class are in `value.rs`, the segments in `segments.rs`.
use super::value::{ObservationClass, ObservationValue, write_count};
use crate::codes::flag_word;
use crate::elapsed_time::ElapsedTime;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::Number;

const OBSERVATION: Characteristic = Characteristic::named("Health Observation");
const STORED_OBSERVATION: Characteristic = Characteristic::named("Stored Health Observation");

const TYPE_PRESENT: u16 = 1;
const TIME_PRESENT: u16 = 1 << 1;
const DURATION_PRESENT: u16 = 1 << 2;
const STATUS_PRESENT: u16 = 1 << 3;
const OBJECT_PRESENT: u16 = 1 << 4;
const PATIENT_PRESENT: u16 = 1 << 5;
const SUPPLEMENTAL_PRESENT: u16 = 1 << 6;
const DERIVED_FROM_PRESENT: u16 = 1 << 7;
const MEMBER_OF_PRESENT: u16 = 1 << 8;
const TYPE_LENGTH_VALUES_PRESENT: u16 = 1 << 9;
const RESERVED: u16 = 0b1111_1100_0000_0000;

/// One observation. Attributes that were not sent are `None`; a list that was sent empty is an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What was observed: a code of ISO/IEEE 11073-10101, the partition in the high half.
    pub kind: Option<u32>,
    /// When, by the device's clock. Members of a bundle inherit it.
    pub time: Option<ElapsedTime>,
    /// How long it took, in seconds.
    pub duration_s: Option<Number>,
    /// How the measurement went.
    pub status: Option<MeasurementStatus>,
    /// The number that other observations name this one by.
    pub object_id: Option<u32>,
    /// Whose observation it is, by the device's own counting. Members of a bundle inherit it.
    pub patient: Option<u8>,
    /// Codes that say more about the type, such as a place on the body.
    pub supplemental: Option<Vec<u32>>,
    /// The objects it was computed from.
    pub derived_from: Option<Vec<u32>>,
    /// The objects it belongs to.
    pub member_of: Option<Vec<u32>>,
    /// What was found.
    pub value: ObservationValue,
}

/// An observation from the device's memory 0x2BDD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObservation {
    /// The number that the Record Access Control Point counts by.
    pub record_number: u32,
    /// What was stored.
    pub observation: Observation,
}

/// An observation with a value of its own, and what it has or inherits from its bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InheritedObservation<'a> {
    /// The observation, never a bundle.
    pub observation: &'a Observation,
    /// Its time, or the one of the bundle around it.
    pub time: Option<ElapsedTime>,
    /// Its patient, or the one of the bundle around it.
    pub patient: Option<u8>,
}

flag_word! {
    /// How a measurement went, as received.
    pub struct MeasurementStatus(u16);
    /// One statement about a measurement.
    pub enum MeasurementStatement {
        /// The value is invalid.
        Invalid = 0 => "invalid",
        /// The value is questionable.
        Questionable = 1 => "questionable",
        /// There is no value.
        NotAvailable = 2 => "not_available",
        /// The device is calibrating.
        Calibrating = 3 => "calibrating",
        /// Test data: never enters a chart.
        TestData = 4 => "test_data",
        /// An early estimate.
        EarlyEstimate = 5 => "early_estimate",
        /// Entered by hand.
        ManuallyEntered = 6 => "manually_entered",
        /// A setting of the device, not a measurement.
        Setting = 7 => "setting",
        /// A threshold is in error.
        ThresholdError = 14 => "threshold_error",
        /// A threshold is switched off.
        ThresholdDisabled = 15 => "threshold_disabled",
    }
}

impl Observation {
    /// An observation without attributes.
    pub const fn new(value: ObservationValue) -> Self {
        Self {
            kind: None,
            time: None,
            duration_s: None,
            status: None,
            object_id: None,
            patient: None,
            supplemental: None,
            derived_from: None,
            member_of: None,
            value,
        }
    }

    /// Reads the joined body of a live observation. Type-length-value fields are refused: their layout is not known
    /// well enough to pass over them.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(OBSERVATION, octets);
        let observation = Self::read(&mut reader, 0)?;
        reader.finish(false)?;
        Ok(observation)
    }

    /// The body of a live observation.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(OBSERVATION);
        self.write(&mut writer, 0)?;
        Ok(writer.finish())
    }

    /// The observations with a value of their own, in the order sent, with what they inherit: this one, or the members
    /// of the bundle that it is.
    pub fn leaves(&self) -> Vec<InheritedObservation<'_>> {
        let mut leaves = Vec::new();
        self.collect_leaves(None, None, &mut leaves);
        leaves
    }

    fn collect_leaves<'a>(
        &'a self,
        time: Option<ElapsedTime>,
        patient: Option<u8>,
        leaves: &mut Vec<InheritedObservation<'a>>,
    ) {
        let (time, patient) = (self.time.or(time), self.patient.or(patient));
        match &self.value {
            ObservationValue::Bundle(members) => {
                members.iter().for_each(|member| member.collect_leaves(time, patient, leaves));
            }
            _ => leaves.push(InheritedObservation { observation: self, time, patient }),
        }
    }

    /// Reads one observation `depth` levels inside the body.
    pub(super) fn read(reader: &mut Reader<'_>, depth: u8) -> Result<Self, DecodeError> {
        let class = ObservationClass::from_octet(reader.u8("observation class")?);
        if matches!(class, ObservationClass::TypeLengthValue | ObservationClass::Reserved(_)) {
            return Err(reader.unsupported("an observation class (1 to 7, or 255)", class.octet()));
        }
        // The length counts the octets after it, not the class and itself.
        let length = reader.u16("length")?;
        let mut reader = reader.part("observation", usize::from(length))?;
        let flags = reader.u16("flags")?;
        if flags & TYPE_LENGTH_VALUES_PRESENT != 0 {
            return Err(reader.unsupported("an observation without type-length-value fields", (flags >> 8) as u8));
        }
        let has = |flag: u16| flags & flag != 0;
        let kind = has(TYPE_PRESENT).then(|| reader.u32("observation type")).transpose()?;
        let time = has(TIME_PRESENT).then(|| reader.elapsed_time()).transpose()?;
        let duration_s = has(DURATION_PRESENT).then(|| reader.float("duration")).transpose()?;
        let status = has(STATUS_PRESENT).then(|| reader.u16("measurement status")).transpose()?;
        let object_id = has(OBJECT_PRESENT).then(|| reader.u32("object id")).transpose()?;
        let patient = has(PATIENT_PRESENT).then(|| reader.u8("patient")).transpose()?;
        let mut list = |flag, field| has(flag).then(|| read_list(&mut reader, field)).transpose();
        let supplemental = list(SUPPLEMENTAL_PRESENT, "supplemental information")?;
        let derived_from = list(DERIVED_FROM_PRESENT, "derived-from")?;
        let member_of = list(MEMBER_OF_PRESENT, "member-of")?;
        let value = ObservationValue::read(&mut reader, class, depth)?;
        reader.finish(flags & RESERVED != 0)?;
        let status = status.map(MeasurementStatus::from_bits);
        Ok(Self { kind, time, duration_s, status, object_id, patient, supplemental, derived_from, member_of, value })
    }

    /// Writes one observation `depth` levels inside the body.
    pub(super) fn write(&self, writer: &mut Writer, depth: u8) -> Result<(), EncodeError> {
        let mut inner = Writer::new(OBSERVATION);
        inner.u16(self.flags());
        if let Some(kind) = self.kind {
            inner.u32(kind);
        }
        if let Some(time) = &self.time {
            inner.elapsed_time(time)?;
        }
        if let Some(duration) = self.duration_s {
            inner.float("duration", duration)?;
        }
        if let Some(status) = self.status {
            inner.u16(status.bits());
        }
        if let Some(object_id) = self.object_id {
            inner.u32(object_id);
        }
        if let Some(patient) = self.patient {
            inner.u8(patient);
        }
        for (field, list) in [
            ("supplemental information", &self.supplemental),
            ("derived-from", &self.derived_from),
            ("member-of", &self.member_of),
        ] {
            if let Some(list) = list {
                write_count(&mut inner, field, list.len())?;
                list.iter().for_each(|entry| inner.u32(*entry));
            }
        }
        self.value.write(&mut inner, depth)?;
        let octets = inner.finish();
        let Ok(length) = u16::try_from(octets.len()) else {
            let got = i64::try_from(octets.len()).unwrap_or(i64::MAX);
            return Err(writer.out_of_range("length", "at most 65535 octets", got));
        };
        writer.u8(self.value.class().octet());
        writer.u16(length);
        writer.octets(&octets);
        Ok(())
    }

    fn flags(&self) -> u16 {
        let flags = [
            (self.kind.is_some(), TYPE_PRESENT),
            (self.time.is_some(), TIME_PRESENT),
            (self.duration_s.is_some(), DURATION_PRESENT),
            (self.status.is_some(), STATUS_PRESENT),
            (self.object_id.is_some(), OBJECT_PRESENT),
            (self.patient.is_some(), PATIENT_PRESENT),
            (self.supplemental.is_some(), SUPPLEMENTAL_PRESENT),
            (self.derived_from.is_some(), DERIVED_FROM_PRESENT),
            (self.member_of.is_some(), MEMBER_OF_PRESENT),
        ];
        flags.iter().filter(|(present, _)| *present).fold(0, |flags, (_, flag)| flags | flag)
    }
}

impl StoredObservation {
    /// Reads the joined body of a stored observation: the record number, then the observation.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(STORED_OBSERVATION, octets);
        let record_number = reader.u32("record number")?;
        let observation = Observation::read(&mut reader, 0)?;
        reader.finish(false)?;
        Ok(Self { record_number, observation })
    }

    /// The body of a stored observation.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(STORED_OBSERVATION);
        writer.u32(self.record_number);
        self.observation.write(&mut writer, 0)?;
        Ok(writer.finish())
    }
}

fn read_list(reader: &mut Reader<'_>, field: &'static str) -> Result<Vec<u32>, DecodeError> {
    let count = reader.u8(field)?;
    (0..count).map(|_| reader.u32(field)).collect()
}

#[cfg(test)]
#[path = "observation_tests.rs"]
mod tests;
