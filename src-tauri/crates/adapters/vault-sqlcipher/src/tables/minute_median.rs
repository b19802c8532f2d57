//! Medians of closed minutes: what goes to the server of a stream. A stored median is never changed.
//! Not here: finding the median, which the console does, and the samples behind it (`tail`, `chunk`).
use super::series::{self, SeriesKey};
use super::{Migration, parameter, rows, unit};
use crate::fault::Fault;
use bedside_console::MinuteMedian;
use bedside_vitals::{Decimal, DeviceId, PatientId, SeriesId, WallTime};
use rusqlite::{Connection, Row, params};

// Exponent and unit are those of the series' row.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE minute_median (
    series INTEGER NOT NULL REFERENCES series (id),
    minute INTEGER NOT NULL,
    mantissa INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    PRIMARY KEY (series, minute)
) STRICT, WITHOUT ROWID;",
}];

/// Stores a median; one that is there already is left as it is.
pub(crate) fn add(db: &Connection, median: &MinuteMedian) -> Result<(), Fault> {
    let key = SeriesKey {
        series: median.series,
        device: median.device,
        patient: Some(median.patient),
        parameter: median.parameter,
        unit: median.unit,
        exponent: median.median.exponent(),
        hertz: 0,
    };
    let series = series::ensure(db, &key)?;
    let sql = "INSERT OR IGNORE INTO minute_median (series, minute, mantissa, samples) VALUES (?, ?, ?, ?)";
    let values = params![series, median.minute.0, median.median.mantissa(), median.count];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Medians of a patient or of everybody, oldest first.
pub(crate) fn of_patient(
    db: &Connection,
    patient: Option<PatientId>,
    since: Option<WallTime>,
) -> Result<Vec<MinuteMedian>, Fault> {
    let which = if patient.is_some() { "s.patient = ?1" } else { "s.patient IS NOT NULL AND ?1 IS NULL" };
    let sql = format!("{SELECT} WHERE {which} AND m.minute >= ?2 ORDER BY m.minute, m.series");
    rows(db, &sql, params![patient.map(|id| id.0), since.map_or(i64::MIN, |since| since.0)], of)
}

/// Everybody's medians of one minute.
pub(crate) fn of_minute(db: &Connection, minute: WallTime) -> Result<Vec<MinuteMedian>, Fault> {
    // Every series in turn, by the primary key: there is no order by time alone.
    rows(db, &format!("{SELECT} WHERE s.patient IS NOT NULL AND m.minute = ? ORDER BY m.series"), [minute.0], of)
}

const SELECT: &str =
    "SELECT s.series, s.device, s.patient, s.parameter, s.unit, s.exponent, m.minute, m.mantissa, m.samples
    FROM minute_median m JOIN series s ON s.id = m.series";

fn of(row: &Row<'_>) -> Result<MinuteMedian, Fault> {
    Ok(MinuteMedian {
        series: SeriesId(row.get(0)?),
        device: DeviceId(row.get(1)?),
        patient: PatientId(row.get(2)?),
        parameter: parameter(row.get(3)?, "series.parameter")?,
        unit: unit(&row.get::<_, String>(4)?, "series.unit")?,
        minute: WallTime(row.get(6)?),
        median: Decimal::new(row.get(7)?, row.get(5)?),
        count: row.get(8)?,
    })
}
