//! Health Sensor Features 0x2BF3: which observations a sensor makes, and which device specializations it follows.
//! What a code means is not looked up.
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const FEATURES: Characteristic = Characteristic::named("Health Sensor Features");

const SPECIALIZATIONS_PRESENT: u8 = 1;
const RESERVED: u8 = !SPECIALIZATIONS_PRESENT;

/// Health Sensor Features 0x2BF3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthSensorFeatures {
    /// What the sensor observes: codes of ISO/IEEE 11073-10101, the partition in the high half.
    pub types: Vec<u32>,
    /// The device specializations it follows, where it says so.
    pub specializations: Option<Vec<Specialization>>,
}

/// A device specialization of ISO/IEEE 11073-104xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Specialization {
    /// Its code in the infrastructure partition, for example 0x1004 for a pulse oximeter.
    pub code: u16,
    /// Its version.
    pub version: u8,
}

impl HealthSensorFeatures {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(FEATURES, octets);
        let flags = reader.u8("flags")?;
        let count = reader.u8("number of observation types")?;
        let types = (0..count).map(|_| reader.u32("observation type")).collect::<Result<_, _>>()?;
        let mut features = Self { types, specializations: None };
        if flags & SPECIALIZATIONS_PRESENT != 0 {
            let count = reader.u8("number of specializations")?;
            let specializations = (0..count).map(|_| Specialization::read(&mut reader));
            features.specializations = Some(specializations.collect::<Result<_, _>>()?);
        }
        reader.finish(flags & RESERVED != 0)?;
        Ok(features)
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(FEATURES);
        writer.u8(if self.specializations.is_some() { SPECIALIZATIONS_PRESENT } else { 0 });
        super::value::write_count(&mut writer, "number of observation types", self.types.len())?;
        self.types.iter().for_each(|code| writer.u32(*code));
        if let Some(specializations) = &self.specializations {
            super::value::write_count(&mut writer, "number of specializations", specializations.len())?;
            for Specialization { code, version } in specializations {
                writer.u16(*code);
                writer.u8(*version);
            }
        }
        Ok(writer.finish())
    }
}

impl Specialization {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = reader.u16("specialization")?;
        Ok(Self { code, version: reader.u8("version of the specialization")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Oxygen saturation and pulse rate, by a pulse oximeter of version 1.
    const OXIMETER: [u8; 14] = [1, 2, 0xB8, 0x4B, 2, 0, 0x1A, 0x48, 2, 0, 1, 0x04, 0x10, 1];

    #[test]
    fn types_and_specializations_are_listed() {
        let features = HealthSensorFeatures::decode(&OXIMETER).unwrap();
        assert_eq!(features.types, [150_456, 149_530]);
        assert_eq!(features.specializations, Some(vec![Specialization { code: 0x1004, version: 1 }]));
        assert_eq!(features.encode().unwrap(), OXIMETER);
    }

    #[test]
    fn specializations_are_absent_without_their_flag() {
        let mut without = OXIMETER[..10].to_vec();
        without[0] = 0;
        assert_eq!(HealthSensorFeatures::decode(&without).unwrap().specializations, None);
        without.push(0);
        assert_eq!(HealthSensorFeatures::decode(&without).unwrap_err().kind(), "trailing_bytes");
        without[0] = 2;
        assert!(HealthSensorFeatures::decode(&without).is_ok(), "a reserved flag may announce more");
    }

    #[test]
    fn an_announced_entry_that_is_missing_is_truncated() {
        assert_eq!(HealthSensorFeatures::decode(&OXIMETER[..13]).unwrap_err().kind(), "truncated");
        assert_eq!(HealthSensorFeatures::decode(&[0, 255, 1, 2]).unwrap_err().kind(), "truncated");
    }
}
