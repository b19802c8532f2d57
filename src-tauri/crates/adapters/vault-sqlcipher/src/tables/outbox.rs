//! Records on their way to the server, in the order in which they were written. The payload is health data.
//! Not here: which row goes next, and what an answer makes of it (`bedside-outbox`).
use super::{Migration, limit, rows};
use crate::fault::Fault;
use bedside_console::OutboxCounts;
use bedside_outbox::{OutboxRow, Outcome, RowId, RowState, RowUpdate};
use bedside_vitals::WallTime;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

// `patient` is whom the payload speaks of, read from it when the row is written, to count what waits for each.
// `depends_on` is the ids one after another, 16 octets each.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 1,
    sql: "CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    resource_type TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    patient BLOB,
    payload TEXT NOT NULL,
    depends_on BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt INTEGER,
    created INTEGER NOT NULL,
    outcome_status INTEGER,
    outcome_text TEXT,
    outcome_at INTEGER
) STRICT;
CREATE INDEX outbox_state ON outbox (state, created, place);
CREATE INDEX outbox_open ON outbox (patient) WHERE state <> 'accepted';
CREATE INDEX outbox_accepted ON outbox (outcome_at) WHERE state = 'accepted';",
}];

/// Adds a row; one that is there already is left as it is. Whether it was added.
pub(crate) fn add(db: &Connection, row: &OutboxRow) -> Result<bool, Fault> {
    let sql = "INSERT OR IGNORE INTO outbox (id, resource_type, resource_id, patient, payload, depends_on, state, attempts,
        next_attempt, created, outcome_status, outcome_text, outcome_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let depends_on: Vec<u8> = row.depends_on.iter().flat_map(|id| *id.0.as_bytes()).collect();
    let added = db.prepare_cached(sql)?.execute(params![
        row.id.0,
        row.resource_type,
        row.resource_id,
        subject(row),
        row.payload,
        depends_on,
        row.state.name(),
        row.attempts,
        row.next_attempt.map(|at| at.0),
        row.created.0,
        row.outcome.as_ref().map(|outcome| outcome.status),
        row.outcome.as_ref().map(|outcome| outcome.text.as_str()),
        row.outcome.as_ref().map(|outcome| outcome.at.0),
    ])?;
    Ok(added == 1)
}

/// Records what a try changed. An update without an outcome keeps the last one.
pub(crate) fn update(db: &Connection, update: &RowUpdate) -> Result<(), Fault> {
    let sql = "UPDATE outbox SET state = ?2, attempts = ?3, next_attempt = ?4,
        outcome_status = coalesce(?5, outcome_status), outcome_text = coalesce(?6, outcome_text),
        outcome_at = coalesce(?7, outcome_at) WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![
        update.id.0,
        update.state.name(),
        update.attempts,
        update.next_attempt.map(|at| at.0),
        update.outcome.as_ref().map(|outcome| outcome.status),
        update.outcome.as_ref().map(|outcome| outcome.text.as_str()),
        update.outcome.as_ref().map(|outcome| outcome.at.0),
    ])?;
    Ok(())
}

/// Rows in any of `states`, oldest first.
pub(crate) fn in_states(db: &Connection, states: &[RowState], most: usize) -> Result<Vec<OutboxRow>, Fault> {
    let sql = "SELECT id, resource_type, resource_id, payload, depends_on, state, attempts, next_attempt, created,
            outcome_status, outcome_text, outcome_at, place
        FROM outbox WHERE state = ? ORDER BY created, place LIMIT ?";
    let mut all = Vec::new();
    for state in RowState::ALL.into_iter().filter(|state| states.contains(state)) {
        all.extend(rows(db, sql, params![state.name(), limit(most)], |row| Ok((row.get::<_, i64>(12)?, of(row)?)))?);
    }
    all.sort_by_key(|(place, row)| (row.created, *place));
    all.truncate(most);
    Ok(all.into_iter().map(|(_, row)| row).collect())
}

/// Counts of every state, zero included.
pub(crate) fn counts(db: &Connection) -> Result<OutboxCounts, Fault> {
    let count = |state: RowState| {
        let sql = "SELECT count(*) FROM outbox WHERE state = ?";
        Ok((state, db.prepare_cached(sql)?.query_row([state.name()], |row| row.get(0))?))
    };
    let time = |sql: &str| -> Result<Option<WallTime>, Fault> {
        Ok(db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?.map(WallTime))
    };
    Ok(OutboxCounts {
        by_state: RowState::ALL.into_iter().map(count).collect::<Result<_, Fault>>()?,
        oldest_open: time("SELECT min(created) FROM outbox WHERE state <> 'accepted'")?,
        last_accepted: time("SELECT max(outcome_at) FROM outbox WHERE state = 'accepted'")?,
    })
}

/// Observations of a patient that the server has not accepted.
pub(crate) fn open_observations(db: &Connection, patient: Uuid) -> Result<u64, Fault> {
    let sql = "SELECT count(*) FROM outbox WHERE patient = ? AND state <> 'accepted' AND resource_type = 'Observation'";
    Ok(db.prepare_cached(sql)?.query_row([patient], |row| row.get(0))?)
}

/// Whom a resource speaks of: its own id if it is a patient, else the end of its `subject` reference.
fn subject(row: &OutboxRow) -> Option<Uuid> {
    #[derive(serde::Deserialize)]
    struct Resource {
        subject: Option<Reference>,
    }
    #[derive(serde::Deserialize)]
    struct Reference {
        reference: Option<String>,
    }
    if row.resource_type == "Patient" {
        return Some(row.resource_id);
    }
    let resource: Resource = serde_json::from_str(&row.payload).ok()?;
    let reference = resource.subject?.reference?;
    Uuid::parse_str(reference.rsplit(['/', ':']).next()?).ok()
}

fn of(row: &Row<'_>) -> Result<OutboxRow, Fault> {
    let depends_on: Vec<u8> = row.get(4)?;
    let (ids, rest) = depends_on.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Fault::Column("outbox.depends_on"));
    }
    let outcome = match (row.get(9)?, row.get(10)?, row.get::<_, Option<i64>>(11)?) {
        (Some(status), Some(text), Some(at)) => Some(Outcome { status, text, at: WallTime(at) }),
        _ => None,
    };
    Ok(OutboxRow {
        id: RowId(row.get(0)?),
        resource_type: row.get(1)?,
        resource_id: row.get(2)?,
        payload: row.get(3)?,
        depends_on: ids.iter().map(|id| RowId(Uuid::from_bytes(*id))).collect(),
        state: RowState::from_name(&row.get::<_, String>(5)?).ok_or(Fault::Column("outbox.state"))?,
        attempts: row.get(6)?,
        next_attempt: row.get::<_, Option<i64>>(7)?.map(WallTime),
        created: WallTime(row.get(8)?),
        outcome,
    })
}
