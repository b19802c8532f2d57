//! Glucose Measurement Context 0x2A34 (Glucose service, Bluetooth SIG): meal, exercise, medication around a measurement.
//! It belongs to the measurement of the same sequence number and may arrive before or long after it: sessions join.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::Number;

const GLUCOSE_CONTEXT: Characteristic = Characteristic::named("Glucose Measurement Context");

/// Glucose Measurement Context 0x2A34.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GlucoseContext {
    /// The sequence number of the measurement it belongs to.
    pub sequence_number: u16,
    /// The octet of further flags, none of them defined, as received.
    pub extended_flags: Option<u8>,
    /// What was eaten.
    pub carbohydrate: Option<Carbohydrate>,
    /// The time of the measurement against meals.
    pub meal: Option<Meal>,
    /// Who measured, and how the person was.
    pub circumstances: Option<Circumstances>,
    /// Physical exercise.
    pub exercise: Option<Exercise>,
    /// What was taken.
    pub medication: Option<Medication>,
    /// Glycated haemoglobin in percent.
    pub hba1c_percent: Option<Number>,
}

/// What was eaten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carbohydrate {
    /// With which meal.
    pub kind: CarbohydrateKind,
    /// Kilograms of carbohydrate. The supplement's flag text says milligrams, its field table kilograms.
    pub mass_kg: Number,
}

/// Who measured, and how the person was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Who measured.
    pub tester: Tester,
    /// How the person was.
    pub health: Health,
}

/// Physical exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// Seconds; [`Exercise::OVERRUN`] when it was longer than can be said.
    pub duration_s: u16,
    /// Intensity in percent.
    pub intensity_percent: u8,
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medication {
    /// The kind of insulin.
    pub kind: MedicationKind,
    /// How much, in `unit`.
    pub amount: Number,
    /// The unit of the amount.
    pub unit: MedicationUnit,
}

/// The unit of an amount of medication. The supplement's flag text says mg and mL, its field table kg and L.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MedicationUnit {
    /// Kilograms.
    Kilogram,
    /// Litres.
    Litre,
}

octet_codes! {
    /// With which meal carbohydrate was eaten.
    pub enum CarbohydrateKind {
        /// Breakfast.
        Breakfast = 1 => "breakfast",
        /// Lunch.
        Lunch = 2 => "lunch",
        /// Dinner.
        Dinner = 3 => "dinner",
        /// Snack.
        Snack = 4 => "snack",
        /// Drink.
        Drink = 5 => "drink",
        /// Supper.
        Supper = 6 => "supper",
        /// Brunch.
        Brunch = 7 => "brunch",
    }
}

octet_codes! {
    /// The time of a measurement against meals.
    pub enum Meal {
        /// Before a meal.
        Before = 1 => "pre",
        /// After a meal.
        After = 2 => "post",
        /// Fasting.
        Fasting = 3 => "fasting",
        /// Between meals, at no particular time.
        Casual = 4 => "casual",
        /// At bedtime.
        Bedtime = 5 => "bedtime",
    }
}

octet_codes! {
    /// Who measured (four bits).
    pub enum Tester {
        /// The person.
        Oneself = 1 => "self",
        /// A health care professional.
        Professional = 2 => "professional",
        /// A laboratory.
        Laboratory = 3 => "lab",
        /// The meter does not know.
        NotAvailable = 15 => "not_available",
    }
}

octet_codes! {
    /// How the person was (four bits).
    pub enum Health {
        /// A minor issue.
        MinorIssue = 1 => "minor",
        /// A major issue.
        MajorIssue = 2 => "major",
        /// During menses.
        Menses = 3 => "menses",
        /// Under stress.
        Stress = 4 => "stress",
        /// No issue.
        NoIssue = 5 => "none",
        /// The meter does not know.
        NotAvailable = 15 => "not_available",
    }
}

octet_codes! {
    /// The kind of insulin.
    pub enum MedicationKind {
        /// Rapid acting.
        RapidActing = 1 => "rapid",
        /// Short acting.
        ShortActing = 2 => "short",
        /// Intermediate acting.
        IntermediateActing = 3 => "intermediate",
        /// Long acting.
        LongActing = 4 => "long_acting",
        /// Premixed.
        Premixed = 5 => "premixed_insulin",
    }
}

/// The flags of a context, octet 0.
mod flag {
    pub(super) const CARBOHYDRATE: u8 = 1;
    pub(super) const MEAL: u8 = 1 << 1;
    pub(super) const CIRCUMSTANCES: u8 = 1 << 2;
    pub(super) const EXERCISE: u8 = 1 << 3;
    pub(super) const MEDICATION: u8 = 1 << 4;
    pub(super) const LITRES: u8 = 1 << 5;
    pub(super) const HBA1C: u8 = 1 << 6;
    pub(super) const EXTENDED: u8 = 1 << 7;
}

impl GlucoseContext {
    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(GLUCOSE_CONTEXT, octets);
        let flags = reader.u8("flags")?;
        let announced = |flag: u8| flags & flag != 0;
        let unit = if announced(flag::LITRES) { MedicationUnit::Litre } else { MedicationUnit::Kilogram };
        let context = Self {
            sequence_number: reader.u16("sequence number")?,
            extended_flags: announced(flag::EXTENDED).then(|| reader.u8("extended flags")).transpose()?,
            carbohydrate: announced(flag::CARBOHYDRATE).then(|| Carbohydrate::read(&mut reader)).transpose()?,
            meal: announced(flag::MEAL).then(|| reader.u8("meal").map(Meal::from_octet)).transpose()?,
            circumstances: announced(flag::CIRCUMSTANCES).then(|| Circumstances::read(&mut reader)).transpose()?,
            exercise: announced(flag::EXERCISE).then(|| Exercise::read(&mut reader)).transpose()?,
            medication: announced(flag::MEDICATION).then(|| Medication::read(&mut reader, unit)).transpose()?,
            hba1c_percent: announced(flag::HBA1C).then(|| reader.short_float("HbA1c")).transpose()?,
        };
        // Octet 0 has no reserved flag. The extended flags are kept, but they lay out nothing that is known.
        reader.finish(false)?;
        Ok(context)
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(GLUCOSE_CONTEXT);
        writer.u8(self.flags());
        writer.u16(self.sequence_number);
        if let Some(extended) = self.extended_flags {
            writer.u8(extended);
        }
        if let Some(eaten) = self.carbohydrate {
            writer.u8(eaten.kind.octet());
            writer.short_float("carbohydrate", eaten.mass_kg)?;
        }
        if let Some(meal) = self.meal {
            writer.u8(meal.octet());
        }
        if let Some(Circumstances { tester, health }) = self.circumstances {
            writer.nibbles("tester", tester.octet(), "health", health.octet())?;
        }
        if let Some(exercise) = self.exercise {
            writer.u16(exercise.duration_s);
            writer.u8(exercise.intensity_percent);
        }
        if let Some(taken) = self.medication {
            writer.u8(taken.kind.octet());
            writer.short_float("medication", taken.amount)?;
        }
        if let Some(percent) = self.hba1c_percent {
            writer.short_float("HbA1c", percent)?;
        }
        Ok(writer.finish())
    }

    fn flags(&self) -> u8 {
        let in_litres = self.medication.is_some_and(|taken| taken.unit == MedicationUnit::Litre);
        [
            (self.carbohydrate.is_some(), flag::CARBOHYDRATE),
            (self.meal.is_some(), flag::MEAL),
            (self.circumstances.is_some(), flag::CIRCUMSTANCES),
            (self.exercise.is_some(), flag::EXERCISE),
            (self.medication.is_some(), flag::MEDICATION),
            (in_litres, flag::LITRES),
            (self.hba1c_percent.is_some(), flag::HBA1C),
            (self.extended_flags.is_some(), flag::EXTENDED),
        ]
        .into_iter()
        .filter(|(present, _)| *present)
        .fold(0, |flags, (_, flag)| flags | flag)
    }
}

impl Carbohydrate {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = CarbohydrateKind::from_octet(reader.u8("carbohydrate kind")?);
        Ok(Self { kind, mass_kg: reader.short_float("carbohydrate")? })
    }
}

impl Circumstances {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (tester, health) = reader.nibbles("tester and health")?;
        Ok(Self { tester: Tester::from_octet(tester), health: Health::from_octet(health) })
    }
}

impl Exercise {
    /// The duration that stands for "longer than can be said".
    pub const OVERRUN: u16 = 0xFFFF;

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let duration_s = reader.u16("exercise duration")?;
        Ok(Self { duration_s, intensity_percent: reader.u8("exercise intensity")? })
    }
}

impl Medication {
    fn read(reader: &mut Reader<'_>, unit: MedicationUnit) -> Result<Self, DecodeError> {
        let kind = MedicationKind::from_octet(reader.u8("medication kind")?);
        Ok(Self { kind, amount: reader.short_float("medication")?, unit })
    }
}

impl MedicationUnit {
    /// The unit as it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kilogram => "kg",
            Self::Litre => "L",
        }
    }
}

#[cfg(test)]
#[path = "glucose_context_tests.rs"]
mod tests;
