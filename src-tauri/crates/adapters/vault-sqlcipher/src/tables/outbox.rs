//! Records on their way to the server, in the order in which they were written. The payload is health data.
//! Not here: which row goes next, and what an answer makes of it (`bedside-outbox`).
use super::{Migration, limit, rows};
use crate::fault::Fault;
use bedside_console::OutboxCounts;
use bedside_outbox::{OutboxRow, Outcome, RowId, RowState, RowUpdate, WITHDRAWN};
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

/// What is read of a row, in the order of `of`.
const COLUMNS: &str = "id, resource_type, resource_id, payload, depends_on, state, attempts, next_attempt, created,
    outcome_status, outcome_text, outcome_at";

/// Of a row: a person withdrew its record. It waits for nothing, and nobody has to look at it.
const IS_WITHDRAWN: &str = "(state = 'held' AND outcome_text IS ?1)";

/// Records what a try changed. An update without an outcome keeps the last one. A withdrawal that is stored is for good:
/// the answer to a try that began before it may be written after it.
pub(crate) fn update(db: &Connection, update: &RowUpdate) -> Result<(), Fault> {
    let sql = format!(
        "UPDATE outbox SET state = ?3, attempts = ?4, next_attempt = ?5,
            outcome_status = coalesce(?6, outcome_status), outcome_text = coalesce(?7, outcome_text),
            outcome_at = coalesce(?8, outcome_at) WHERE id = ?2 AND NOT {IS_WITHDRAWN}"
    );
    db.prepare_cached(&sql)?.execute(params![
        WITHDRAWN,
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

/// Rows in any of `states`, oldest first; withdrawn ones are left out.
pub(crate) fn in_states(db: &Connection, states: &[RowState], most: usize) -> Result<Vec<OutboxRow>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS}, place FROM outbox WHERE state = ?2 AND NOT {IS_WITHDRAWN} ORDER BY created, place LIMIT ?3"
    );
    let mut all = Vec::new();
    for state in RowState::ALL.into_iter().filter(|state| states.contains(state)) {
        all.extend(rows(db, &sql, params![WITHDRAWN, state.name(), limit(most)], |row| {
            Ok((row.get::<_, i64>(12)?, of(row)?))
        })?);
    }
    all.sort_by_key(|(place, row)| (row.created, *place));
    all.truncate(most);
    Ok(all.into_iter().map(|(_, row)| row).collect())
}

/// A row by its id.
pub(crate) fn by_id(db: &Connection, id: RowId) -> Result<Option<OutboxRow>, Fault> {
    super::row(db, &format!("SELECT {COLUMNS} FROM outbox WHERE id = ?"), [id.0], of)
}

/// Counts of every state, zero included; withdrawn rows are in none.
pub(crate) fn counts(db: &Connection) -> Result<OutboxCounts, Fault> {
    let count = |state: RowState| {
        let sql = format!("SELECT count(*) FROM outbox WHERE state = ?2 AND NOT {IS_WITHDRAWN}");
        Ok((state, db.prepare_cached(&sql)?.query_row([WITHDRAWN, state.name()], |row| row.get(0))?))
    };
    let oldest = format!("SELECT min(created) FROM outbox WHERE state <> 'accepted' AND NOT {IS_WITHDRAWN}");
    let last = "SELECT max(outcome_at) FROM outbox WHERE state = 'accepted'";
    let time = |at: Option<i64>| at.map(WallTime);
    Ok(OutboxCounts {
        by_state: RowState::ALL.into_iter().map(count).collect::<Result<_, Fault>>()?,
        oldest_open: time(db.query_row(&oldest, [WITHDRAWN], |row| row.get(0))?),
        last_accepted: time(db.query_row(last, [], |row| row.get(0))?),
    })
}

/// Observations of a patient that the server has not accepted.
pub(crate) fn open_observations(db: &Connection, patient: Uuid) -> Result<u64, Fault> {
    let sql = format!(
        "SELECT count(*) FROM outbox WHERE patient = ?2 AND state <> 'accepted' AND resource_type = 'Observation'
            AND NOT {IS_WITHDRAWN}"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![WITHDRAWN, patient], |row| row.get(0))?)
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
