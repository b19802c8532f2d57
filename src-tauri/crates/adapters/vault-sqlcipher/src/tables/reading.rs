//! Spot readings, one row each, every part of a measurement in a column. A stored reading is never changed.
//! Not here: values of streams (`series`, `tail`, `chunk`), and the raw values behind a reading (`frame`).
use super::number::{of_columns, pack_time, to_columns, unpack_time};
use super::reading_version::NOT_REJECTED;
use super::{Migration, limit, parameter, rows, unit};
use crate::fault::Fault;
use bedside_console::StoredReading;
use bedside_vitals::{
    BloodPressure, BootTime, Cadence, ConnectionId, CorrectedTime, DeviceId, GlucoseDetails, GlucoseSample, Meal,
    MeasuredValue, Measurement, Parameter, PatientId, Quality, QualityFlag, Quantity, ReadingId, ReadingIdentity,
    SampleSite, TemperatureSite, TimeMethod, WallTime,
};
use rusqlite::{Connection, Row, params};
use std::time::Duration;
use uuid::Uuid;

// A number is mantissa and exponent; a special value has no mantissa and its code in the exponent's column. A single
// value uses the first pair, pressures use all three. 64-bit counts are stored with their bits as they are.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE reading (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    patient BLOB,
    parameter INTEGER NOT NULL,
    cadence INTEGER NOT NULL,
    unit TEXT NOT NULL,
    first_mantissa INTEGER,
    first_exponent INTEGER NOT NULL,
    second_mantissa INTEGER,
    second_exponent INTEGER,
    third_mantissa INTEGER,
    third_exponent INTEGER,
    at INTEGER NOT NULL,
    time_method INTEGER NOT NULL,
    device_time INTEGER,
    received INTEGER NOT NULL,
    boot_seconds INTEGER NOT NULL,
    boot_nanos INTEGER NOT NULL,
    identity INTEGER NOT NULL,
    identity_number INTEGER NOT NULL,
    identity_time INTEGER,
    identity_connection BLOB,
    quality INTEGER NOT NULL,
    user_slot INTEGER,
    frame_connection BLOB,
    frame_characteristic BLOB,
    frame_place INTEGER
) STRICT;
CREATE INDEX reading_of_patient ON reading (patient, parameter, at);
CREATE INDEX reading_at ON reading (at);",
    },
    Migration {
        to: 2,
        sql: "ALTER TABLE reading ADD COLUMN glucose INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reading ADD COLUMN glucose_sample TEXT;
ALTER TABLE reading ADD COLUMN glucose_site TEXT;
ALTER TABLE reading ADD COLUMN glucose_meal TEXT;",
    },
    // What was measured stays: an unassigned reading may be given to a patient, and a meter may add a meal.
    Migration {
        to: 3,
        sql: "CREATE TRIGGER reading_kept BEFORE UPDATE OF id, device, parameter, cadence, unit, first_mantissa,
    first_exponent, second_mantissa, second_exponent, third_mantissa, third_exponent, at, time_method, device_time,
    received, boot_seconds, boot_nanos, identity, identity_number, identity_time, identity_connection, quality,
    user_slot, frame_connection, frame_characteristic, frame_place, glucose_sample, glucose_site ON reading
    BEGIN SELECT RAISE(ABORT, 'a reading is never changed'); END;
CREATE TRIGGER reading_assigned_once BEFORE UPDATE OF patient ON reading WHEN OLD.patient IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a reading that has a patient keeps it'); END;
CREATE TRIGGER reading_meal_once BEFORE UPDATE OF glucose_meal ON reading WHEN OLD.glucose_meal IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a reading that has a meal keeps it'); END;
CREATE TRIGGER reading_stays BEFORE DELETE ON reading
    BEGIN SELECT RAISE(ABORT, 'a reading is never removed'); END;",
    },
    Migration {
        to: 5,
        sql: "ALTER TABLE reading ADD COLUMN temperature_site TEXT;
DROP TRIGGER reading_kept;
CREATE TRIGGER reading_kept BEFORE UPDATE OF id, device, parameter, cadence, unit, first_mantissa,
    first_exponent, second_mantissa, second_exponent, third_mantissa, third_exponent, at, time_method, device_time,
    received, boot_seconds, boot_nanos, identity, identity_number, identity_time, identity_connection, quality,
    user_slot, frame_connection, frame_characteristic, frame_place, glucose_sample, glucose_site, temperature_site
    ON reading BEGIN SELECT RAISE(ABORT, 'a reading is never changed'); END;",
    },
];

const COLUMNS: &str = "id, device, patient, parameter, cadence, unit, first_mantissa, first_exponent, second_mantissa,
    second_exponent, third_mantissa, third_exponent, at, time_method, device_time, received, boot_seconds, boot_nanos,
    identity, identity_number, identity_time, identity_connection, quality, user_slot, frame_connection,
    frame_characteristic, frame_place, glucose, glucose_sample, glucose_site, glucose_meal, temperature_site";

const METHODS: [TimeMethod; 5] = [
    TimeMethod::Receipt,
    TimeMethod::DeviceClockCorrected,
    TimeMethod::DeviceClockUnverified,
    TimeMethod::Unknown,
    TimeMethod::TickCounter,
];

/// Stores a reading; `false` when it was there before and is left as it is.
pub(crate) fn add(db: &Connection, reading: &StoredReading) -> Result<bool, Fault> {
    let Measurement { parameter, value, cadence, time, identity, quality, user_slot, glucose, temperature_site } =
        &reading.measurement;
    let (first, second, third) = match value {
        MeasuredValue::Single(quantity) => (to_columns(quantity.number), None, None),
        MeasuredValue::Pressures(p) => {
            (to_columns(p.systolic), Some(to_columns(p.diastolic)), Some(to_columns(p.mean)))
        }
    };
    let (kind, number, base_time, connection) = identity_columns(identity);
    let boot = time.received_boot.0;
    let sql = format!("INSERT OR IGNORE INTO reading ({COLUMNS}) VALUES (?{})", ", ?".repeat(31));
    let changed = db.prepare_cached(&sql)?.execute(params![
        reading.id.0,
        reading.device.0,
        reading.patient.map(|id| id.0),
        parameter.mdc(),
        matches!(cadence, Cadence::Spot),
        value.unit().ucum(),
        first.0,
        first.1,
        second.and_then(|number| number.0),
        second.map(|number| number.1),
        third.and_then(|number| number.0),
        third.map(|number| number.1),
        time.at.0,
        method_code(time.method),
        time.device.map(pack_time),
        time.received.0,
        boot.as_secs().cast_signed(),
        boot.subsec_nanos(),
        kind,
        number.cast_signed(),
        base_time,
        connection,
        quality.bits(),
        user_slot,
        reading.frame.map(|(connection, _, _)| connection.0),
        reading.frame.map(|(_, characteristic, _)| characteristic),
        reading.frame.map(|(_, _, place)| place.cast_signed()),
        glucose.is_some(),
        glucose.and_then(|said| said.sample).map(GlucoseSample::name),
        glucose.and_then(|said| said.site).map(SampleSite::name),
        glucose.and_then(|said| said.meal).map(Meal::name),
        temperature_site.map(TemperatureSite::name),
    ])?;
    Ok(changed == 1)
}

fn method_code(method: TimeMethod) -> i64 {
    METHODS.iter().position(|known| *known == method).map_or(0, |code| code as i64)
}

/// Adds what a meter said of a stored reading later, or before on another path: the meal. Nothing else of it changes, and
/// a meal that is known stays. `false` when nothing was to be added.
pub(crate) fn add_meal(db: &Connection, id: ReadingId, meal: Meal) -> Result<bool, Fault> {
    let sql = "UPDATE reading SET glucose = 1, glucose_meal = ?2 WHERE id = ?1 AND glucose_meal IS NULL";
    Ok(db.prepare_cached(sql)?.execute(params![id.0, meal.name()])? == 1)
}

/// Where a reading belongs whose id is taken by another one of the same device time: the first free place among them.
/// `None` when one of them is the same reading, or when it has no place to move to.
pub(crate) fn free_place(db: &Connection, reading: &StoredReading) -> Result<Option<u32>, Fault> {
    let Measurement { parameter, identity, .. } = &reading.measurement;
    let ReadingIdentity::Ordinal { base_time, .. } = *identity else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM reading WHERE id = ?");
    for ordinal in 0..MOST_OF_ONE_TIME {
        let id = ReadingId::derive(reading.device, *parameter, &ReadingIdentity::Ordinal { base_time, ordinal });
        let Some(stored) = rows(db, &sql, params![id.0], of)?.pop() else { return Ok(Some(ordinal)) };
        if is_same(&stored, reading) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether two readings of one device time are one that was delivered twice. A clock that shows no possible time may have
/// begun anew between two connections, and shows the same for another measurement; a memory says by its order which is
/// which.
fn is_same(stored: &StoredReading, reading: &StoredReading) -> bool {
    let (old, new) = (&stored.measurement, &reading.measurement);
    let may_have_begun_anew = new.time.method == TimeMethod::Unknown && !new.quality.has(QualityFlag::FromStorage);
    let connection = |reading: &StoredReading| reading.frame.map(|(connection, _, _)| connection);
    (old.value, old.user_slot) == (new.value, new.user_slot)
        && (!may_have_begun_anew || connection(stored) == connection(reading))
}

/// A device whose clock stands still gives every reading the same time; so many are told apart.
const MOST_OF_ONE_TIME: u32 = 10_000;

/// Gives an unassigned reading to a patient; `false` when it has one.
pub(crate) fn assign(db: &Connection, id: ReadingId, patient: PatientId) -> Result<bool, Fault> {
    let sql = "UPDATE reading SET patient = ? WHERE id = ? AND patient IS NULL";
    Ok(db.prepare_cached(sql)?.execute(params![patient.0, id.0])? == 1)
}

/// Whether a reading is stored.
pub(crate) fn is_known(db: &Connection, id: ReadingId) -> Result<bool, Fault> {
    Ok(db.prepare_cached("SELECT 1 FROM reading WHERE id = ?")?.exists([id.0])?)
}

/// A reading by its id.
pub(crate) fn by_id(db: &Connection, id: ReadingId) -> Result<Option<StoredReading>, Fault> {
    super::row(db, &format!("SELECT {COLUMNS} FROM reading WHERE id = ?"), params![id.0], of)
}

/// How many have no patient, and are not rejected.
pub(crate) fn count_unassigned(db: &Connection) -> Result<u64, Fault> {
    let sql = format!("SELECT count(*) FROM reading WHERE patient IS NULL AND {NOT_REJECTED}");
    Ok(db.query_row(&sql, [], |row| row.get(0))?)
}

/// Readings of everybody and nobody, of one patient, or of nobody and not rejected; newest first, as they were measured.
pub(crate) fn newest(
    db: &Connection,
    patient: Option<PatientId>,
    unassigned_only: bool,
    since: Option<WallTime>,
    most: usize,
) -> Result<Vec<StoredReading>, Fault> {
    let since = since.map_or(i64::MIN, |since| since.0);
    let of_whom = match (patient, unassigned_only) {
        // Nobody's reading cannot be this patient's.
        (Some(_), true) => return Ok(Vec::new()),
        (Some(_), false) => "patient = ?3",
        (None, true) => &format!("patient IS NULL AND ?3 IS NULL AND {NOT_REJECTED}"),
        (None, false) => "?3 IS NULL",
    };
    let sql =
        format!("SELECT {COLUMNS} FROM reading WHERE {of_whom} AND at >= ?1 ORDER BY at DESC, rowid DESC LIMIT ?2");
    rows(db, &sql, params![since, limit(most), patient.map(|id| id.0)], of)
}

/// The readings of exactly this time, as they were measured.
pub(crate) fn at(db: &Connection, at: WallTime) -> Result<Vec<StoredReading>, Fault> {
    rows(db, &format!("SELECT {COLUMNS} FROM reading WHERE at = ? ORDER BY rowid"), [at.0], of)
}

/// Readings of one parameter of a patient that are not rejected, oldest first, as they were measured.
pub(crate) fn between(
    db: &Connection,
    patient: PatientId,
    parameter: Parameter,
    (from, until): (WallTime, WallTime),
) -> Result<Vec<StoredReading>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM reading WHERE patient = ? AND parameter = ? AND at >= ? AND at < ? AND {NOT_REJECTED}
            ORDER BY at, rowid"
    );
    rows(db, &sql, params![patient.0, parameter.mdc(), from.0, until.0], of)
}

/// The latest reading of one parameter of a patient that is not rejected, as it was measured; one that nobody knows the time of only where there is no other.
pub(crate) fn latest(
    db: &Connection,
    patient: PatientId,
    parameter: Parameter,
) -> Result<Option<StoredReading>, Fault> {
    let newest = |known: &str| {
        let sql = format!(
            "SELECT {COLUMNS} FROM reading WHERE patient = ?1 AND parameter = ?2 AND time_method {known} ?3
                AND {NOT_REJECTED} ORDER BY at DESC, rowid DESC LIMIT 1"
        );
        super::row(db, &sql, params![patient.0, parameter.mdc(), method_code(TimeMethod::Unknown)], of)
    };
    Ok(newest("<>")?.or(newest("=")?))
}

/// How many there are.
pub(crate) fn count(db: &Connection) -> Result<u64, Fault> {
    Ok(db.query_row("SELECT count(*) FROM reading", [], |row| row.get(0))?)
}

fn identity_columns(identity: &ReadingIdentity) -> (i64, u64, Option<i64>, Option<Uuid>) {
    match *identity {
        ReadingIdentity::Sequence { sequence, base_time } => (0, sequence.into(), base_time.map(pack_time), None),
        ReadingIdentity::Ordinal { base_time, ordinal } => (1, ordinal.into(), Some(pack_time(base_time)), None),
        ReadingIdentity::Stream { connection, frame } => (2, frame, None, Some(connection.0)),
    }
}

fn identity_of(row: &Row<'_>) -> Result<ReadingIdentity, Fault> {
    let number = row.get::<_, i64>("identity_number")?.cast_unsigned();
    let small = || u32::try_from(number).map_err(|_| Fault::Column("reading.identity_number"));
    let base_time = row.get::<_, Option<i64>>("identity_time")?.map(unpack_time).transpose()?;
    let connection = row.get::<_, Option<Uuid>>("identity_connection")?.map(ConnectionId);
    match (row.get::<_, i64>("identity")?, base_time, connection) {
        (0, base_time, None) => Ok(ReadingIdentity::Sequence { sequence: small()?, base_time }),
        (1, Some(base_time), None) => Ok(ReadingIdentity::Ordinal { base_time, ordinal: small()? }),
        (2, None, Some(connection)) => Ok(ReadingIdentity::Stream { connection, frame: number }),
        _ => Err(Fault::Column("reading.identity")),
    }
}

fn value_of(row: &Row<'_>) -> Result<MeasuredValue, Fault> {
    let unit = unit(&row.get::<_, String>("unit")?, "reading.unit")?;
    let first = of_columns(row.get("first_mantissa")?, row.get("first_exponent")?)?;
    let second: Option<i8> = row.get("second_exponent")?;
    let third: Option<i8> = row.get("third_exponent")?;
    match (second, third) {
        (None, None) => Ok(MeasuredValue::Single(Quantity { number: first, unit })),
        (Some(second), Some(third)) => Ok(MeasuredValue::Pressures(BloodPressure {
            systolic: first,
            diastolic: of_columns(row.get("second_mantissa")?, second)?,
            mean: of_columns(row.get("third_mantissa")?, third)?,
            unit,
        })),
        _ => Err(Fault::Column("reading.second_exponent")),
    }
}

fn glucose_of(row: &Row<'_>) -> Result<Option<GlucoseDetails>, Fault> {
    if !row.get::<_, bool>("glucose")? {
        return Ok(None);
    }
    Ok(Some(GlucoseDetails {
        sample: named(row, "glucose_sample", GlucoseSample::from_name)?,
        site: named(row, "glucose_site", SampleSite::from_name)?,
        meal: named(row, "glucose_meal", Meal::from_name)?,
    }))
}

fn named<T>(row: &Row<'_>, column: &'static str, from: fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    let name: Option<String> = row.get(column)?;
    name.map(|name| from(&name).ok_or(Fault::Column(column))).transpose()
}

fn time_of(row: &Row<'_>) -> Result<CorrectedTime, Fault> {
    let method = usize::try_from(row.get::<_, i64>("time_method")?).ok().and_then(|code| METHODS.get(code).copied());
    let nanos: u32 = row.get("boot_nanos")?;
    if nanos >= 1_000_000_000 {
        return Err(Fault::Column("reading.boot_nanos"));
    }
    Ok(CorrectedTime {
        at: WallTime(row.get("at")?),
        method: method.ok_or(Fault::Column("reading.time_method"))?,
        device: row.get::<_, Option<i64>>("device_time")?.map(unpack_time).transpose()?,
        received: WallTime(row.get("received")?),
        received_boot: BootTime(Duration::new(row.get::<_, i64>("boot_seconds")?.cast_unsigned(), nanos)),
    })
}

fn of(row: &Row<'_>) -> Result<StoredReading, Fault> {
    let frame_connection: Option<Uuid> = row.get("frame_connection")?;
    let frame = match (frame_connection, row.get("frame_characteristic")?, row.get::<_, Option<i64>>("frame_place")?) {
        (Some(connection), Some(characteristic), Some(place)) => {
            Some((ConnectionId(connection), characteristic, place.cast_unsigned()))
        }
        _ => None,
    };
    let measurement = Measurement {
        parameter: parameter(row.get("parameter")?, "reading.parameter")?,
        value: value_of(row)?,
        cadence: if row.get("cadence")? { Cadence::Spot } else { Cadence::Streaming },
        time: time_of(row)?,
        identity: identity_of(row)?,
        quality: Quality::from_bits(row.get("quality")?),
        user_slot: row.get("user_slot")?,
        glucose: glucose_of(row)?,
        temperature_site: named(row, "temperature_site", TemperatureSite::from_name)?,
    };
    Ok(StoredReading {
        id: ReadingId(row.get("id")?),
        device: DeviceId(row.get("device")?),
        patient: row.get::<_, Option<Uuid>>("patient")?.map(PatientId),
        measurement,
        frame,
    })
}

#[cfg(test)]
mod tests;
