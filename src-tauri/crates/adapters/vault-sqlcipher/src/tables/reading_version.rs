//! Later words of people on readings: corrections and rejections with their reason, confirmations, each with its
//! author. None is ever changed.
//! Not here: readings themselves, which stay as they were measured (`reading`).
use super::number::{of_columns, to_columns};
use super::{Migration, reading, row, rows, unit};
use crate::fault::Fault;
use bedside_console::{ClinicianId, ReadingVersion, StoredReading, Verdict};
use bedside_vitals::{
    BloodPressure, MeasuredValue, Measurement, QualityFlag, Quantity, ReadingId, Sensitive, WallTime,
};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

// Of a corrected measurement only the value is kept: nothing else of it can be corrected. A rejection and a
// confirmation have no unit.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 3,
        sql: "CREATE TABLE reading_version (
    reading BLOB NOT NULL,
    version INTEGER NOT NULL,
    unit TEXT,
    first_mantissa INTEGER,
    first_exponent INTEGER,
    second_mantissa INTEGER,
    second_exponent INTEGER,
    third_mantissa INTEGER,
    third_exponent INTEGER,
    reason TEXT NOT NULL,
    author BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (reading, version)
) STRICT;
CREATE TRIGGER reading_version_kept BEFORE UPDATE ON reading_version
    BEGIN SELECT RAISE(ABORT, 'a version is never changed'); END;
CREATE TRIGGER reading_version_stays BEFORE DELETE ON reading_version
    BEGIN SELECT RAISE(ABORT, 'a version is never removed'); END;",
    },
    Migration { to: 5, sql: "ALTER TABLE reading_version ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;" },
];

/// Of a reading: not rejected, so far as the last word on it goes.
pub(crate) const NOT_REJECTED: &str = "NOT EXISTS (SELECT 1 FROM reading_version AS last
    WHERE last.reading = reading.id AND last.unit IS NULL AND last.confirmed = 0
        AND last.version = (SELECT max(version) FROM reading_version WHERE reading = reading.id))";

/// Adds a word behind those that are there; its number is found here.
pub(crate) fn add(db: &Connection, said: &ReadingVersion) -> Result<(), Fault> {
    let sql = "INSERT INTO reading_version (reading, version, unit, first_mantissa, first_exponent, second_mantissa,
            second_exponent, third_mantissa, third_exponent, reason, author, at, confirmed)
        SELECT ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
        FROM reading_version WHERE reading = ?1";
    let value = match &said.verdict {
        Verdict::Corrected(measurement) => Some(measurement.value),
        Verdict::Rejected | Verdict::Confirmed => None,
    };
    let (first, second, third) = match value {
        None => (None, None, None),
        Some(MeasuredValue::Single(quantity)) => (Some(to_columns(quantity.number)), None, None),
        Some(MeasuredValue::Pressures(p)) => {
            (Some(to_columns(p.systolic)), Some(to_columns(p.diastolic)), Some(to_columns(p.mean)))
        }
    };
    db.prepare_cached(sql)?.execute(params![
        said.reading.0,
        value.map(|value| value.unit().ucum()),
        first.and_then(|number| number.0),
        first.map(|number| number.1),
        second.and_then(|number| number.0),
        second.map(|number| number.1),
        third.and_then(|number| number.0),
        third.map(|number| number.1),
        said.reason.reveal(),
        said.author.map(|author| author.0),
        said.at.0,
        said.verdict == Verdict::Confirmed,
    ])?;
    Ok(())
}

/// Every word on a reading, oldest first.
pub(crate) fn of_reading(db: &Connection, id: ReadingId) -> Result<Vec<ReadingVersion>, Fault> {
    let Some(measured) = reading::by_id(db, id)? else { return Ok(Vec::new()) };
    let sql = format!("SELECT {COLUMNS} FROM reading_version WHERE reading = ? ORDER BY version");
    rows(db, &sql, [id.0], |row| of(row, &measured.measurement))
}

/// A reading as the last word on it says, with its mark.
pub(crate) fn in_force(db: &Connection, mut reading: StoredReading) -> Result<StoredReading, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM reading_version WHERE reading = ? ORDER BY version DESC LIMIT 1");
    let measured = &mut reading.measurement;
    match row(db, &sql, [reading.id.0], |row| Ok(of(row, measured)?.verdict))? {
        Some(Verdict::Corrected(corrected)) => {
            measured.value = corrected.value;
            // The flag was about the value that the device reported; a corrected one is looked at before it is taken.
            measured.quality = measured.quality.without(QualityFlag::Implausible).with(QualityFlag::Corrected);
        }
        Some(Verdict::Rejected) => measured.quality = measured.quality.with(QualityFlag::Rejected),
        Some(Verdict::Confirmed) => measured.quality = measured.quality.with(QualityFlag::Confirmed),
        None => {}
    }
    Ok(reading)
}

const COLUMNS: &str = "reading, version, unit, first_mantissa, first_exponent, second_mantissa, second_exponent,
    third_mantissa, third_exponent, reason, author, at, confirmed";

fn of(row: &Row<'_>, measured: &Measurement) -> Result<ReadingVersion, Fault> {
    let verdict = match value_of(row)? {
        Some(value) => Verdict::Corrected(Box::new(Measurement { value, ..measured.clone() })),
        None if row.get("confirmed")? => Verdict::Confirmed,
        None => Verdict::Rejected,
    };
    Ok(ReadingVersion {
        reading: ReadingId(row.get("reading")?),
        version: row.get("version")?,
        verdict,
        reason: Sensitive::new(row.get("reason")?),
        author: row.get::<_, Option<Uuid>>("author")?.map(ClinicianId),
        at: WallTime(row.get("at")?),
    })
}

fn value_of(row: &Row<'_>) -> Result<Option<MeasuredValue>, Fault> {
    let Some(ucum) = row.get::<_, Option<String>>("unit")? else { return Ok(None) };
    let unit = unit(&ucum, "reading_version.unit")?;
    let number = |mantissa, exponent| -> Result<Option<bedside_vitals::Number>, Fault> {
        let exponent: Option<i8> = row.get(exponent)?;
        exponent.map(|exponent| of_columns(row.get(mantissa)?, exponent)).transpose()
    };
    let first = number("first_mantissa", "first_exponent")?;
    let second = number("second_mantissa", "second_exponent")?;
    let third = number("third_mantissa", "third_exponent")?;
    match (first, second, third) {
        (Some(number), None, None) => Ok(Some(MeasuredValue::Single(Quantity { number, unit }))),
        (Some(systolic), Some(diastolic), Some(mean)) => {
            Ok(Some(MeasuredValue::Pressures(BloodPressure { systolic, diastolic, mean, unit })))
        }
        _ => Err(Fault::Column("reading_version.first_exponent")),
    }
}
