//! Patients of the clinic's servers and how they are the record's. Health data in nearly every column.
//! Not here: the patients of the record (`patient`), and who decides that two are one (the console).
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::{ClinicPatient, Join, Particulars, ServerId};
use bedside_vitals::{BirthDate, PatientId, RecordNumber, Sensitive, WallTime};
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE clinic_patient (
    server TEXT NOT NULL,
    id TEXT NOT NULL,
    patient BLOB,
    joined TEXT NOT NULL,
    version TEXT,
    updated INTEGER,
    active INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    replaced_by TEXT,
    record_number TEXT,
    family TEXT,
    given TEXT,
    birth_date TEXT,
    sex TEXT,
    listed INTEGER NOT NULL,
    left_at INTEGER,
    orders_whole INTEGER NOT NULL,
    PRIMARY KEY (server, id)
) STRICT;",
}];

const COLUMNS: &str =
    "server, id, patient, joined, version, updated, active, replaced, replaced_by, record_number, family,
    given, birth_date, sex, listed, left_at, orders_whole";

/// Adds a patient of a server, or puts what is known now in the place of what was.
pub(crate) fn put(db: &Connection, server: &str, one: &ClinicPatient) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO clinic_patient ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (server, id) DO UPDATE SET patient = excluded.patient, joined = excluded.joined,
            version = excluded.version, updated = excluded.updated, active = excluded.active,
            replaced = excluded.replaced, replaced_by = excluded.replaced_by, record_number = excluded.record_number,
            family = excluded.family, given = excluded.given, birth_date = excluded.birth_date, sex = excluded.sex,
            listed = excluded.listed, left_at = excluded.left_at, orders_whole = excluded.orders_whole"
    );
    let said = one.particulars.as_ref();
    db.prepare_cached(&sql)?.execute(params![
        server,
        one.id.as_str(),
        one.patient.map(|patient| patient.0),
        one.join.name(),
        one.version,
        one.updated.map(|at| at.0),
        one.active,
        one.replaced,
        one.replaced_by.as_ref().map(ServerId::as_str),
        said.map(|said| said.record_number.reveal()),
        said.map(|said| said.family.reveal()),
        said.map(|said| said.given.reveal()),
        said.map(|said| said.birth_date.iso()),
        said.map(|said| said.sex.code()),
        one.listed,
        one.left.map(|at| at.0),
        one.orders_whole,
    ])?;
    Ok(())
}

/// All of them, each with its server.
pub(crate) fn all(db: &Connection) -> Result<Vec<(String, ClinicPatient)>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM clinic_patient ORDER BY server, id"), [], |row| {
        Ok((row.get(0)?, of(row)?))
    })
}

fn of(row: &Row<'_>) -> Result<ClinicPatient, Fault> {
    let id = |column: usize| -> Result<Option<ServerId>, Fault> {
        let text: Option<String> = row.get(column)?;
        text.map(|text| ServerId::new(&text).ok_or(Fault::Column("clinic_patient.id"))).transpose()
    };
    let time =
        |column: usize| -> Result<Option<WallTime>, Fault> { Ok(row.get::<_, Option<i64>>(column)?.map(WallTime)) };
    Ok(ClinicPatient {
        id: id(1)?.ok_or(Fault::Column("clinic_patient.id"))?,
        patient: row.get::<_, Option<uuid::Uuid>>(2)?.map(PatientId),
        join: Join::from_name(&row.get::<_, String>(3)?).ok_or(Fault::Column("clinic_patient.joined"))?,
        version: row.get(4)?,
        updated: time(5)?,
        active: row.get(6)?,
        replaced: row.get(7)?,
        replaced_by: id(8)?,
        particulars: particulars(row)?,
        listed: row.get(14)?,
        left: time(15)?,
        orders_whole: row.get(16)?,
    })
}

fn particulars(row: &Row<'_>) -> Result<Option<Particulars>, Fault> {
    let Some(record_number) = row.get::<_, Option<String>>(9)? else { return Ok(None) };
    // Plausible when it came; the wall clock of today has no say in it.
    let any_day = WallTime(i64::MAX);
    let text = |column: usize| row.get::<_, String>(column);
    let birth_date = BirthDate::new(&text(12)?, any_day).map_err(|_| Fault::Column("clinic_patient.birth_date"))?;
    Ok(Some(Particulars {
        record_number: RecordNumber::new(&record_number).map_err(|_| Fault::Column("clinic_patient.record_number"))?,
        family: Sensitive::new(text(10)?),
        given: Sensitive::new(text(11)?),
        birth_date,
        sex: text(13)?.parse().map_err(|_| Fault::Column("clinic_patient.sex"))?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn patient() -> ClinicPatient {
        ClinicPatient {
            id: ServerId::new("p-1").unwrap(),
            patient: Some(PatientId(Uuid::from_u128(7))),
            join: Join::Linked,
            version: Some("3".into()),
            updated: Some(WallTime(5)),
            active: true,
            replaced: false,
            replaced_by: None,
            particulars: Some(Particulars {
                record_number: RecordNumber::new("MRN 1").unwrap(),
                family: Sensitive::new("EXAMPLE".into()),
                given: Sensitive::new("Ann".into()),
                birth_date: BirthDate::new("1951-03-14", WallTime(i64::MAX)).unwrap(),
                sex: bedside_vitals::Sex::Female,
            }),
            listed: true,
            left: None,
            orders_whole: false,
        }
    }

    #[test]
    fn a_patient_of_a_server_comes_back_and_is_replaced_by_what_is_known_later() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let replaced_by = ServerId::new("p-2");
        let later = ClinicPatient {
            join: Join::Question,
            replaced: true,
            replaced_by,
            particulars: None,
            listed: false,
            left: Some(WallTime(9)),
            ..patient()
        };
        put(&db, "https://a.example", &patient()).unwrap();
        put(&db, "https://b.example", &patient()).unwrap();
        put(&db, "https://b.example", &later).unwrap();
        let expected = [("https://a.example".to_owned(), patient()), ("https://b.example".to_owned(), later)];
        assert_eq!(all(&db).unwrap(), expected);
    }
}
