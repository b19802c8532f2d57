//! Patients of this vault. Health data in every column but the id.
//! Not here: anything measured; other tables name a patient by the id alone.
use super::{Migration, row, rows};
use crate::fault::Fault;
use bedside_vitals::{BirthDate, Patient, PatientId, RecordNumber, Sensitive, WallTime};
use rusqlite::{Connection, Row, params};

// A record number is not unique here: a mistaken second entry must not stop everything else of its commit.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE patient (
    id BLOB PRIMARY KEY,
    record_number TEXT NOT NULL,
    family TEXT NOT NULL,
    given TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL,
    bed TEXT
) STRICT;
CREATE INDEX patient_record_number ON patient (record_number);",
}];

const COLUMNS: &str = "id, record_number, family, given, birth_date, sex, bed";

/// Adds a patient or replaces the particulars.
pub(crate) fn put(db: &Connection, patient: &Patient) -> Result<(), Fault> {
    let sql =
        "INSERT INTO patient (id, record_number, family, given, birth_date, sex, bed) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET record_number = excluded.record_number, family = excluded.family,
            given = excluded.given, birth_date = excluded.birth_date, sex = excluded.sex, bed = excluded.bed";
    db.prepare_cached(sql)?.execute(params![
        patient.id.0,
        patient.record_number.reveal(),
        patient.family.reveal(),
        patient.given.reveal(),
        patient.birth_date.iso(),
        patient.sex.code(),
        patient.bed.as_ref().map(Sensitive::reveal),
    ])?;
    Ok(())
}

/// Everybody, by family and given name.
pub(crate) fn all(db: &Connection) -> Result<Vec<Patient>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM patient ORDER BY family COLLATE NOCASE, given COLLATE NOCASE, id"), [], of)
}

/// The patient of a record number.
pub(crate) fn by_record_number(db: &Connection, number: &RecordNumber) -> Result<Option<Patient>, Fault> {
    row(db, &format!("SELECT {COLUMNS} FROM patient WHERE record_number = ? ORDER BY rowid"), [number.reveal()], of)
}

/// How many there are.
pub(crate) fn count(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT count(*) FROM patient", [], |row| row.get(0))?)
}

fn of(row: &Row<'_>) -> Result<Patient, Fault> {
    let text = |column: usize| row.get::<_, String>(column);
    // A stored date was plausible when it was typed; the wall clock of today has no say in it.
    let any_day = WallTime(i64::MAX);
    Ok(Patient {
        id: PatientId(row.get(0)?),
        record_number: RecordNumber::new(&text(1)?).map_err(|_| Fault::Column("patient.record_number"))?,
        family: Sensitive::new(text(2)?),
        given: Sensitive::new(text(3)?),
        birth_date: BirthDate::new(&text(4)?, any_day).map_err(|_| Fault::Column("patient.birth_date"))?,
        sex: text(5)?.parse().map_err(|_| Fault::Column("patient.sex"))?,
        bed: row.get::<_, Option<String>>(6)?.map(Sensitive::new),
    })
}
