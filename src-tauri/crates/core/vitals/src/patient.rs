//! A patient: two identifiers and what the banner shows. Names and numbers are `Sensitive`.
//! Not here: storing and finding patients, and how the banner lays them out.
use crate::{PatientId, Sensitive, WallTime};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What is wrong with a patient's particulars. Names what was expected, never what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPatient {
    /// Empty or too long.
    #[error("the {field} needs 1 to {most} characters, got {got}")]
    Length {
        /// Which field.
        field: &'static str,
        /// The longest that is taken.
        most: usize,
        /// How many characters came.
        got: usize,
    },
    /// Control characters.
    #[error("the {0} holds control characters")]
    Control(&'static str),
    /// No date.
    #[error("the birth date must be a date such as 1951-03-14, from 1850-01-01 to today")]
    BirthDate,
    /// No administrative sex.
    #[error("the sex must be one of female, male, other, unknown")]
    Sex,
}

/// A medical record number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordNumber(Sensitive<String>);

impl RecordNumber {
    /// 1 to 40 printable characters; outer white space is dropped.
    pub fn new(text: &str) -> Result<Self, InvalidPatient> {
        Ok(Self(Sensitive::new(checked("record number", text, 40)?)))
    }

    /// The number itself.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// A date of birth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BirthDate(Sensitive<Date>);

impl BirthDate {
    /// Reads `YYYY-MM-DD`, not before 1850 and not after `today`.
    pub fn new(text: &str, today: WallTime) -> Result<Self, InvalidPatient> {
        let date: Date = text.trim().parse().map_err(|_| InvalidPatient::BirthDate)?;
        let latest = today.plus_millis(14 * 3_600_000).timestamp().map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date());
        let plausible = date.year() >= 1850 && latest.is_none_or(|latest| date <= latest);
        if plausible { Ok(Self(Sensitive::new(date))) } else { Err(InvalidPatient::BirthDate) }
    }

    /// The date.
    pub fn reveal(&self) -> Date {
        *self.0.reveal()
    }

    /// Completed years on `today`'s date in UTC.
    pub fn age_years(&self, today: WallTime) -> Option<u16> {
        let today = today.timestamp()?.to_zoned(jiff::tz::TimeZone::UTC).date();
        let born = self.reveal();
        let before_birthday = (today.month(), today.day()) < (born.month(), born.day());
        u16::try_from(today.year() - born.year() - i16::from(before_birthday)).ok()
    }
}

/// Administrative sex, as FHIR has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Other.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

impl Sex {
    /// The FHIR code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for Sex {
    type Err = InvalidPatient;

    fn from_str(code: &str) -> Result<Self, InvalidPatient> {
        [Self::Female, Self::Male, Self::Other, Self::Unknown]
            .into_iter()
            .find(|sex| sex.code() == code)
            .ok_or(InvalidPatient::Sex)
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A person in care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// The id in this vault and on the server.
    pub id: PatientId,
    /// The first identifier.
    pub record_number: RecordNumber,
    /// Family name.
    pub family: Sensitive<String>,
    /// Given names.
    pub given: Sensitive<String>,
    /// The second identifier.
    pub birth_date: BirthDate,
    /// Administrative sex.
    pub sex: Sex,
    /// Where the person lies. A place, not an identifier.
    pub bed: Option<Sensitive<String>>,
}

impl Patient {
    /// A name of 1 to 80 printable characters.
    pub fn name(field: &'static str, text: &str) -> Result<Sensitive<String>, InvalidPatient> {
        Ok(Sensitive::new(checked(field, text, 80)?))
    }

    /// A bed of 1 to 20 printable characters; empty means none.
    pub fn bed(text: &str) -> Result<Option<Sensitive<String>>, InvalidPatient> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(Sensitive::new(checked("bed", text, 20)?)))
    }
}

fn checked(field: &'static str, text: &str, most: usize) -> Result<String, InvalidPatient> {
    let text = text.trim();
    let got = text.chars().count();
    if got == 0 || got > most {
        return Err(InvalidPatient::Length { field, most, got });
    }
    if text.chars().any(|c| c.is_control() || is_direction_override(c)) {
        return Err(InvalidPatient::Control(field));
    }
    Ok(text.to_owned())
}

/// Characters that reorder text around them could make one name look like another.
const fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("▮")
    }
}

impl BirthDate {
    /// `YYYY-MM-DD`.
    pub fn iso(&self) -> String {
        self.reveal().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: WallTime = WallTime(1_773_842_792_000); // 2026-03-18

    #[test]
    fn ages_count_completed_years() {
        let age = |text| BirthDate::new(text, TODAY).unwrap().age_years(TODAY);
        assert_eq!(age("1951-03-14"), Some(75));
        assert_eq!(age("1951-03-19"), Some(74));
        assert_eq!(age("2026-03-18"), Some(0));
    }

    #[test]
    fn wrong_particulars_are_named_and_never_repeated() {
        assert_eq!(BirthDate::new("1951-02-30", TODAY), Err(InvalidPatient::BirthDate));
        assert_eq!(BirthDate::new("2030-01-01", TODAY), Err(InvalidPatient::BirthDate));
        let hidden = Patient::name("family name", "A\u{202E}B").unwrap_err();
        assert_eq!(hidden.to_string(), "the family name holds control characters");
        assert!(RecordNumber::new("  ").is_err());
    }
}
