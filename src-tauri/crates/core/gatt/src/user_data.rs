//! User Data service 0x181C (Bluetooth SIG): who a scale or cuff takes its user to be, and the control point that
//! opens a user's data. Codes are kept and asked for elsewhere; nothing here makes a device forget a user.
use crate::codes::octet_codes;
use crate::date_time::Date;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::scale_units::{self, ScaleUnits};
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;
use bedside_vitals::Decimal;

const AGE: Characteristic = Characteristic::named("Age");
const DATE_OF_BIRTH: Characteristic = Characteristic::named("Date of Birth");
const GENDER: Characteristic = Characteristic::named("Gender");
const HEIGHT: Characteristic = Characteristic::named("Height");
const RESTING_HEART_RATE: Characteristic = Characteristic::named("Resting Heart Rate");
const WEIGHT: Characteristic = Characteristic::named("Weight");
const DATABASE_CHANGE_INCREMENT: Characteristic = Characteristic::named("Database Change Increment");
const USER_INDEX: Characteristic = Characteristic::named("User Index");

const USER_UNKNOWN: u8 = 0xFF;
const SLOTS: &str = "0 to 254";
/// Height 0x2A8E counts centimetres, unlike the heights inside measurements.
const HEIGHT_EXPONENT: i8 = -2;

/// A user of a device, by the device's own counting: User Index 0x2A9A and the user of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum User {
    /// A slot, 0 to 254.
    Slot(u8),
    /// The device does not know.
    Unknown,
}

/// Date of Birth 0x2A85; each part may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateOfBirth {
    /// 1582 to 9999; `None` when the device sent 0.
    pub year: Option<u16>,
    /// 1 to 12; `None` when the device sent 0.
    pub month: Option<u8>,
    /// 1 to 31; `None` when the device sent 0.
    pub day: Option<u8>,
}

octet_codes! {
    /// Gender 0x2A8C.
    pub enum Gender {
        /// Male.
        Male = 0 => "male",
        /// Female.
        Female = 1 => "female",
        /// Not said.
        Unspecified = 2 => "unspecified",
    }
}

/// Age 0x2A80 in years: exactly one octet.
pub fn decode_age(octets: &[u8]) -> Result<u8, DecodeError> {
    Reader::fixed(AGE, octets, 1)?.u8("age")
}

/// The octet of an age in years.
pub fn encode_age(years: u8) -> Vec<u8> {
    vec![years]
}

/// Resting Heart Rate 0x2A92 in beats a minute: exactly one octet.
pub fn decode_resting_heart_rate(octets: &[u8]) -> Result<u8, DecodeError> {
    Reader::fixed(RESTING_HEART_RATE, octets, 1)?.u8("resting heart rate")
}

/// The octet of a resting heart rate in beats a minute.
pub fn encode_resting_heart_rate(per_minute: u8) -> Vec<u8> {
    vec![per_minute]
}

/// Weight 0x2A98 in kilograms, in steps of 0.005 kg: exactly two octets.
pub fn decode_weight(octets: &[u8]) -> Result<Decimal, DecodeError> {
    Reader::fixed(WEIGHT, octets, 2)?.u16("weight").map(|raw| ScaleUnits::Metric.mass(raw))
}

/// The two octets of a weight in kilograms; an error when it is no multiple of 0.005 kg or above 327.675 kg.
pub fn encode_weight(kilograms: Decimal) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(WEIGHT);
    writer.mass("weight", ScaleUnits::Metric, kilograms)?;
    Ok(writer.finish())
}

/// Height 0x2A8E in metres, in steps of 0.01 m: exactly two octets.
pub fn decode_height(octets: &[u8]) -> Result<Decimal, DecodeError> {
    Reader::fixed(HEIGHT, octets, 2)?.u16("height").map(|raw| scale_units::steps(raw, 1, HEIGHT_EXPONENT))
}

/// The two octets of a height in metres; an error when it is no multiple of 0.01 m or above 655.35 m.
pub fn encode_height(metres: Decimal) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(HEIGHT);
    writer.steps("height", metres, 1, HEIGHT_EXPONENT)?;
    Ok(writer.finish())
}

/// Database Change Increment 0x2A99: grows with each change of the user's data. Exactly four octets.
pub fn decode_database_change_increment(octets: &[u8]) -> Result<u32, DecodeError> {
    Reader::fixed(DATABASE_CHANGE_INCREMENT, octets, 4)?.u32("database change increment")
}

/// The four octets of a database change increment.
pub fn encode_database_change_increment(increment: u32) -> Vec<u8> {
    increment.to_le_bytes().to_vec()
}

impl User {
    /// The user of an octet; any octet has one.
    pub const fn from_octet(octet: u8) -> Self {
        if octet == USER_UNKNOWN { Self::Unknown } else { Self::Slot(octet) }
    }

    /// The slot; `None` when the device does not know.
    pub const fn slot(self) -> Option<u8> {
        match self {
            Self::Slot(slot) => Some(slot),
            Self::Unknown => None,
        }
    }

    /// User Index 0x2A9A: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(USER_INDEX, octets, 1)?.u8("user index").map(Self::from_octet)
    }

    /// The octet of User Index 0x2A9A.
    pub fn encode(self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(USER_INDEX);
        writer.user(self)?;
        Ok(writer.finish())
    }
}

impl DateOfBirth {
    /// A value of exactly four octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::fixed(DATE_OF_BIRTH, octets, 4)?;
        let Date { year, month, day } = reader.date()?;
        Ok(Self { year, month, day })
    }

    /// The four octets; unknown parts become 0.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(DATE_OF_BIRTH);
        writer.date(Date { year: self.year, month: self.month, day: self.day })?;
        Ok(writer.finish())
    }
}

impl Gender {
    /// Gender 0x2A8C: exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(GENDER, octets, 1)?.u8("gender").map(Self::from_octet)
    }

    /// The octet of Gender 0x2A8C.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

impl Writer {
    /// The user of a measurement.
    pub(crate) fn user(&mut self, user: User) -> Result<(), EncodeError> {
        match user {
            // As a slot, 255 would read back as unknown.
            User::Slot(USER_UNKNOWN) => return Err(self.out_of_range("user id", SLOTS, USER_UNKNOWN)),
            User::Slot(slot) => self.u8(slot),
            User::Unknown => self.u8(USER_UNKNOWN),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_counts_centimetres_and_a_weight_steps_of_five_grams() {
        assert_eq!(decode_height(&[0xB4, 0]), Ok(Decimal::new(180, -2)));
        assert_eq!(decode_weight(&[0xB0, 0x36]), Ok(Decimal::new(70_000, -3)));
        assert_eq!(encode_height(Decimal::new(18, -1)).unwrap(), [0xB4, 0]);
        assert_eq!(encode_weight(Decimal::whole(70)).unwrap(), [0xB0, 0x36]);
        assert!(encode_weight(Decimal::new(70_001, -3)).is_err(), "no multiple of 5 g");
        assert!(encode_height(Decimal::whole(656)).is_err());
    }

    #[test]
    fn a_date_of_birth_may_be_unknown_in_parts() {
        let birth = DateOfBirth::decode(&[0xB2, 0x07, 0, 31]).unwrap();
        assert_eq!(birth, DateOfBirth { year: Some(1970), month: None, day: Some(31) });
        assert_eq!(DateOfBirth::decode(&[0, 0, 13, 1]).unwrap_err().kind(), "out_of_range");
        assert_eq!(DateOfBirth::decode(&[0x2D, 0x06, 1, 1]).unwrap_err().kind(), "out_of_range", "1581");
        assert_eq!(DateOfBirth::decode(&[0xB2, 0x07, 0]).unwrap_err().kind(), "length");
    }

    #[test]
    fn a_gender_beyond_the_list_keeps_its_number() {
        assert_eq!(Gender::decode(&[2]).unwrap().name(), "unspecified");
        assert_eq!(Gender::decode(&[3]), Ok(Gender::Reserved(3)));
    }

    #[test]
    fn a_user_index_of_255_is_unknown() {
        assert_eq!(User::decode(&[0xFF]), Ok(User::Unknown));
        assert_eq!(User::decode(&[0]), Ok(User::Slot(0)));
        assert!(User::Slot(0xFF).encode().is_err());
    }

    #[test]
    fn single_numbers_have_a_fixed_size() {
        assert_eq!((decode_age(&[44]), decode_resting_heart_rate(&[61])), (Ok(44), Ok(61)));
        assert_eq!(decode_database_change_increment(&[1, 2, 0, 0]), Ok(0x0201));
        assert_eq!(decode_age(&[]).unwrap_err().kind(), "length");
        assert_eq!(decode_resting_heart_rate(&[61, 0]).unwrap_err().kind(), "length");
        assert_eq!(decode_database_change_increment(&[1, 2, 0]).unwrap_err().kind(), "length");
    }
}
