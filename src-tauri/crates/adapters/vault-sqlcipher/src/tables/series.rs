//! Long series: what they measure and of whom, with the last sample and the number of samples.
//! Not here: the samples themselves (`tail`, `chunk`).
use super::by_hand::SERIES;
use super::{Migration, parameter, row, rows, unit};
use crate::fault::Fault;
use bedside_vitals::{DeviceId, Parameter, PatientId, SeriesId, Unit, WallTime};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

// A device may change unit, exponent or pace in the midst of a series of the console: here each has its own row.
// A pace of 0 stands for samples that each carry a time.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    series BLOB NOT NULL,
    device BLOB NOT NULL,
    patient BLOB,
    parameter INTEGER NOT NULL,
    unit TEXT NOT NULL,
    exponent INTEGER NOT NULL,
    hertz INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    last_at INTEGER,
    last_step INTEGER,
    UNIQUE (series, unit, exponent, hertz)
) STRICT;
CREATE INDEX series_of_patient ON series (patient);",
}];

const COLUMNS: &str = "id, series, device, patient, parameter, unit, exponent, hertz, last_at, last_step";

/// What a series is; the columns that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesKey {
    pub(crate) series: SeriesId,
    pub(crate) device: DeviceId,
    pub(crate) patient: Option<PatientId>,
    pub(crate) parameter: Parameter,
    pub(crate) unit: Unit,
    pub(crate) exponent: i8,
    /// Samples a second; 0 = each with its own time.
    pub(crate) hertz: u16,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesRow {
    pub(crate) id: i64,
    pub(crate) key: SeriesKey,
    /// The latest sample by time; `None` before the first.
    pub(crate) last: Option<(WallTime, i32)>,
}

/// The row of a series, made if it is new.
pub(crate) fn ensure(db: &Connection, key: &SeriesKey) -> Result<i64, Fault> {
    let find = "SELECT id FROM series WHERE series = ? AND unit = ? AND exponent = ? AND hertz = ?";
    let found = row(db, find, params![key.series.0, key.unit.ucum(), key.exponent, key.hertz], |row| Ok(row.get(0)?))?;
    if let Some(id) = found {
        return Ok(id);
    }
    let sql = "INSERT INTO series (series, device, patient, parameter, unit, exponent, hertz, samples)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0)";
    let id = db.prepare_cached(sql)?.insert(params![
        key.series.0,
        key.device.0,
        key.patient.map(|id| id.0),
        key.parameter.mdc(),
        key.unit.ucum(),
        key.exponent,
        key.hertz,
    ])?;
    SERIES.came(db, id)?;
    Ok(id)
}

/// Counts samples in and remembers the latest.
pub(crate) fn count_in(db: &Connection, id: i64, samples: usize, last: (WallTime, i32)) -> Result<(), Fault> {
    let sql = "UPDATE series SET samples = samples + ?2,
            last_step = CASE WHEN last_at > ?3 THEN last_step ELSE ?4 END,
            last_at = CASE WHEN last_at > ?3 THEN last_at ELSE ?3 END
        WHERE id = ?1";
    let values = params![id, samples as u64, last.0.0, last.1];
    SERIES.change(db, id, || Ok(db.prepare_cached(sql)?.execute(values).map(drop)?))
}

/// Every series, or those of one patient.
pub(crate) fn of_patient(db: &Connection, patient: Option<PatientId>) -> Result<Vec<SeriesRow>, Fault> {
    let which = if patient.is_some() { "patient = ?1" } else { "?1 IS NULL" };
    rows(db, &format!("SELECT {COLUMNS} FROM series WHERE {which} ORDER BY id"), [patient.map(|id| id.0)], of)
}

/// One series by its row.
pub(crate) fn by_id(db: &Connection, id: i64) -> Result<SeriesRow, Fault> {
    row(db, &format!("SELECT {COLUMNS} FROM series WHERE id = ?"), [id], of)?.ok_or(Fault::Column("tail.series"))
}

/// Samples so far.
pub(crate) fn samples(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT coalesce(sum(samples), 0) FROM series", [], |row| row.get(0))?)
}

fn of(row: &Row<'_>) -> Result<SeriesRow, Fault> {
    let last = row.get::<_, Option<i64>>(8)?.zip(row.get::<_, Option<i32>>(9)?);
    Ok(SeriesRow {
        id: row.get(0)?,
        key: SeriesKey {
            series: SeriesId(row.get(1)?),
            device: DeviceId(row.get(2)?),
            patient: row.get::<_, Option<Uuid>>(3)?.map(PatientId),
            parameter: parameter(row.get(4)?, "series.parameter")?,
            unit: unit(&row.get::<_, String>(5)?, "series.unit")?,
            exponent: row.get(6)?,
            hertz: row.get(7)?,
        },
        last: last.map(|(at, step)| (WallTime(at), step)),
    })
}
