//! Records on their way to the server, in the order in which they were written. The payload is health data.
//! Not here: which row goes next, and what an answer makes of it (`bedside-outbox`).
use super::{Migration, digest, limit, rows};
use crate::fault::Fault;
use bedside_console::{KnownCopy, OutboxCounts, subject_of};
use bedside_outbox::{
    AuthorId, Discard, Fact, Lane, OutboxRow, Outcome, RowHead, RowId, RowState, RowUpdate, ServerCopy, TAKES_NO_AUDIT,
    WITHDRAWN,
};
use bedside_vitals::WallTime;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use uuid::Uuid;

// `patient` is whom the payload speaks of, read from it when the row is written, to count what waits for each.
// `depends_on` is the ids one after another, 16 octets each.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    Migration {
        to: 5,
        sql: "ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT 'clinical';
ALTER TABLE outbox ADD COLUMN kept_by_device INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN measured_by BLOB;
ALTER TABLE outbox ADD COLUMN server_address TEXT;
ALTER TABLE outbox ADD COLUMN server_id TEXT;
ALTER TABLE outbox ADD COLUMN server_version TEXT;
ALTER TABLE outbox ADD COLUMN server_modified INTEGER;
ALTER TABLE outbox ADD COLUMN expects TEXT;
ALTER TABLE outbox ADD COLUMN discard_reason TEXT;
ALTER TABLE outbox ADD COLUMN discarded_by BLOB;
ALTER TABLE outbox ADD COLUMN discarded_at INTEGER;
CREATE INDEX outbox_copy ON outbox (resource_id, created) WHERE state = 'accepted';
CREATE INDEX outbox_audit ON outbox (state) WHERE lane = 'audit';
CREATE INDEX outbox_subjects ON outbox (resource_id, server_address)
    WHERE state = 'accepted' AND resource_type IN ('Patient', 'Device');",
    },
];

/// Adds a row; one that is there already is left as it is, but for an audit entry that was put away because the server took
/// none: it waits again. Whether it was added, or waits again.
pub(crate) fn add(db: &Connection, row: &OutboxRow) -> Result<bool, Fault> {
    let sql =
        "INSERT OR IGNORE INTO outbox (id, resource_type, resource_id, patient, payload, depends_on, state, attempts,
        next_attempt, created, outcome_status, outcome_text, outcome_at, lane, measured_by, server_id, server_version,
        server_modified, expects, discard_reason, discarded_by, discarded_at, server_address, kept_by_device)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let depends_on = octets(&row.depends_on);
    let added = db.prepare_cached(sql)?.execute(params![
        row.id.0,
        row.resource_type,
        row.resource_id,
        subject_of(row).map(|patient| patient.0),
        row.payload,
        depends_on,
        row.state.name(),
        row.attempts,
        row.next_attempt.map(|at| at.0),
        row.created.0,
        row.outcome.as_ref().map(|outcome| outcome.status),
        row.outcome.as_ref().map(|outcome| outcome.text.as_str()),
        row.outcome.as_ref().map(|outcome| outcome.at.0),
        row.lane.name(),
        row.measured_by.map(|author| author.0),
        row.server.as_ref().map(|server| server.id.as_str()),
        row.server.as_ref().and_then(|server| server.version.as_deref()),
        row.server.as_ref().and_then(|server| server.modified).map(|at| at.0),
        row.expects,
        row.discarded.as_ref().map(|discard| discard.reason.as_str()),
        row.discarded.as_ref().and_then(|discard| discard.by).map(|by| by.0),
        row.discarded.as_ref().map(|discard| discard.at.0),
        row.server.as_ref().map(|server| server.address.as_str()),
        row.kept_by_device,
    ])?;
    Ok(added == 1 || row.lane == Lane::Audit && take_up_again(db, row.id)?)
}

fn take_up_again(db: &Connection, audit: RowId) -> Result<bool, Fault> {
    let sql = "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt = NULL, discard_reason = NULL,
        discarded_at = NULL WHERE id = ? AND state = 'discarded' AND discarded_by IS NULL AND discard_reason = ?";
    Ok(db.prepare_cached(sql)?.execute(params![audit.0, TAKES_NO_AUDIT])? == 1)
}

/// What is read of a row, in the order of `of`.
const COLUMNS: &str = "id, resource_type, resource_id, payload, depends_on, state, attempts, next_attempt, created,
    outcome_status, outcome_text, outcome_at, lane, measured_by, server_id, server_version, server_modified, expects,
    discard_reason, discarded_by, discarded_at, place, server_address, kept_by_device";

/// What is read of a row without the resource, in the order of `head_of`.
const HEAD: &str = "id, resource_type, resource_id, octet_length(payload), depends_on, state, attempts,
    next_attempt, created, outcome_status, outcome_text, outcome_at, lane, measured_by, kept_by_device";

/// Of a row: a person withdrew its record. It waits for nothing, and nobody has to look at it.
const IS_WITHDRAWN: &str = "(state = 'held' AND outcome_text IS ?1)";

/// Of a row: it is a record of the clinic, or one that a person must look at. Entries of the audit log go by themselves.
const IS_SEEN: &str = "(lane <> 'audit' OR state = 'refused')";

/// Records what a try changed. An update without an outcome keeps the last one. A withdrawal that is stored is for good, and
/// so is what a server accepted, and a refused record that a person put away: what was said of a try that began before may be
/// written after it.
pub(crate) fn update(db: &Connection, update: &RowUpdate) -> Result<(), Fault> {
    if let Some(Fact::AnewFor(address)) = &update.fact {
        return send_anew(db, update.id, address);
    }
    let sql = format!(
        "UPDATE outbox SET state = ?3, attempts = ?4, next_attempt = ?5,
            outcome_status = coalesce(?6, outcome_status), outcome_text = coalesce(?7, outcome_text),
            outcome_at = coalesce(?8, outcome_at), server_address = coalesce(?9, server_address),
            server_id = coalesce(?10, server_id), server_version = iif(?10 IS NULL, server_version, ?11),
            server_modified = iif(?10 IS NULL, server_modified, ?12)
            WHERE id = ?2 AND state <> 'accepted' AND NOT (state = 'discarded' AND ?3 = 'refused') AND NOT {IS_WITHDRAWN}"
    );
    // In the same statement: each one writes the whole row.
    let server = match &update.fact {
        Some(Fact::Server(server)) => Some(server),
        _ => None,
    };
    let changed = db.prepare_cached(&sql)?.execute(params![
        WITHDRAWN,
        update.id.0,
        update.state.name(),
        update.attempts,
        update.next_attempt.map(|at| at.0),
        update.outcome.as_ref().map(|outcome| outcome.status),
        update.outcome.as_ref().map(|outcome| outcome.text.as_str()),
        update.outcome.as_ref().map(|outcome| outcome.at.0),
        server.map(|server| server.address.as_str()),
        server.map(|server| server.id.as_str()),
        server.and_then(|server| server.version.as_deref()),
        server.and_then(|server| server.modified).map(|at| at.0),
    ])?;
    if changed > 0 && server.is_some() {
        return Ok(());
    }
    // Why an accepted record was put away before, or what is expected of it, is not so any more.
    if changed == 0 && is_accepted(db, update.id)? {
        return Ok(());
    }
    update.fact.as_ref().map_or(Ok(()), |fact| keep(db, update.id, fact))
}

fn is_accepted(db: &Connection, id: RowId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM outbox WHERE id = ? AND state = 'accepted'";
    Ok(super::row(db, sql, [id.0], |_| Ok(()))?.is_some())
}

/// What another server accepted waits for the one of this address; what that one called it is given up.
fn send_anew(db: &Connection, id: RowId, address: &str) -> Result<(), Fault> {
    let sql = "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt = NULL, outcome_status = NULL,
            outcome_text = NULL, outcome_at = NULL, server_address = NULL, server_id = NULL, server_version = NULL,
            server_modified = NULL, expects = NULL
        WHERE id = ? AND state = 'accepted' AND server_address <> ?";
    db.prepare_cached(sql)?.execute(params![id.0, address])?;
    Ok(())
}

/// Keeps what an update says beside the state.
fn keep(db: &Connection, id: RowId, fact: &Fact) -> Result<(), Fault> {
    match fact {
        Fact::Server(ServerCopy { address, id: server, version, modified }) => {
            let sql = "UPDATE outbox SET server_address = ?, server_id = ?, server_version = ?, server_modified = ?
                WHERE id = ?";
            db.prepare_cached(sql)?.execute(params![address, server, version, modified.map(|at| at.0), id.0])?;
        }
        Fact::Expects(version) => {
            db.prepare_cached("UPDATE outbox SET expects = ? WHERE id = ?")?.execute(params![version, id.0])?;
        }
        Fact::Discarded(Discard { reason, by, at }) => {
            let sql = "UPDATE outbox SET discard_reason = ?, discarded_by = ?, discarded_at = ? WHERE id = ?";
            db.prepare_cached(sql)?.execute(params![reason, by.map(|by| by.0), at.0, id.0])?;
        }
        Fact::FreeOf(gone) => {
            let sql = "SELECT depends_on FROM outbox WHERE id = ?";
            let Some(before) = super::row(db, sql, [id.0], |row| dependencies(row.get(0)?))? else { return Ok(()) };
            let left = octets(before.iter().filter(|row| !gone.contains(row)));
            db.prepare_cached("UPDATE outbox SET depends_on = ? WHERE id = ?")?.execute(params![left, id.0])?;
        }
        // The whole of the update (`send_anew`).
        Fact::AnewFor(_) => {}
    }
    Ok(())
}

/// Every row that is not accepted, without its resource, state by state, of each the oldest first. Audit entries that were put away are left out:
/// nothing depends on them.
pub(crate) fn open_heads(db: &Connection) -> Result<Vec<RowHead>, Fault> {
    let sql = format!(
        "SELECT {HEAD} FROM outbox WHERE state = ? AND (state <> 'discarded' OR lane <> 'audit')
            ORDER BY created, place"
    );
    let mut all = Vec::new();
    for state in RowState::ALL.into_iter().filter(|state| *state != RowState::Accepted) {
        all.extend(rows(db, &sql, [state.name()], head_of)?);
    }
    Ok(all)
}

/// What the server of this address calls these resources, or the resources of these rows: of each the last version that it
/// accepted. What another server called them is not told: here the same id may be somebody else's.
pub(crate) fn copies(db: &Connection, address: &str, resources_or_rows: &[Uuid]) -> Result<Vec<KnownCopy>, Fault> {
    let sql = "SELECT server_id, server_version, server_modified, resource_id FROM outbox
        WHERE resource_id = coalesce((SELECT resource_id FROM outbox WHERE id = ?1), ?1)
            AND state = 'accepted' AND server_id IS NOT NULL AND server_address = ?2
        ORDER BY created DESC, place DESC LIMIT 1";
    let mut found = Vec::new();
    for id in resources_or_rows {
        let copy = super::row(db, sql, params![id, address], |row| {
            let server = server_copy(Some(address.to_owned()), row.get(0)?, row.get(1)?, row.get(2)?)?;
            let resource = row.get(3)?;
            Ok(server.map(|server| KnownCopy { resource, server }))
        })?;
        found.extend(copy.flatten());
    }
    Ok(found)
}

/// Every version of the people and devices of which another server than the one of this address accepted some, and this one
/// none, oldest first. Where no address was kept it was this one.
pub(crate) fn accepted_elsewhere(db: &Connection, address: &str) -> Result<Vec<RowHead>, Fault> {
    let sql = format!(
        "SELECT {HEAD} FROM outbox INDEXED BY outbox_subjects WHERE resource_type IN ('Patient', 'Device') AND state = 'accepted'
            AND server_address <> ?1 AND resource_id NOT IN (
                SELECT resource_id FROM outbox INDEXED BY outbox_subjects WHERE resource_type IN ('Patient', 'Device') AND state = 'accepted'
                    AND (server_address IS NULL OR server_address = ?1))
            ORDER BY created, place"
    );
    rows(db, &sql, [address], head_of)
}

/// Rows in any of `states`, oldest first; withdrawn ones and audit entries that nobody has to look at are left out.
pub(crate) fn in_states(db: &Connection, states: &[RowState], most: usize) -> Result<Vec<OutboxRow>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE state = ?2 AND NOT {IS_WITHDRAWN} AND {IS_SEEN}
            ORDER BY created, place LIMIT ?3"
    );
    let mut all = Vec::new();
    for state in RowState::ALL.into_iter().filter(|state| states.contains(state)) {
        all.extend(rows(db, &sql, params![WITHDRAWN, state.name(), limit(most)], |row| {
            Ok((row.get::<_, i64>(21)?, of(row)?))
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

/// Counts of every state, zero included; withdrawn rows are in none, and of audit entries only those that were refused.
pub(crate) fn counts(db: &Connection) -> Result<OutboxCounts, Fault> {
    // By an index of their own: looking at the lane of each row would read them all.
    let audit = |state: RowState| -> Result<u64, Fault> {
        let sql = "SELECT count(*) FROM outbox INDEXED BY outbox_audit WHERE lane = 'audit' AND state = ?";
        Ok(db.prepare_cached(sql)?.query_row([state.name()], |row| row.get(0))?)
    };
    let in_state = |state: RowState| -> Result<u64, Fault> {
        let sql = "SELECT count(*) FROM outbox INDEXED BY outbox_state WHERE state = ?";
        Ok(db.prepare_cached(sql)?.query_row([state.name()], |row| row.get(0))?)
    };
    let others = RowState::ALL.into_iter().filter(|state| *state != RowState::Accepted);
    let mut by_state = others.map(|state| Ok((state, in_state(state)?))).collect::<Result<BTreeMap<_, _>, Fault>>()?;
    // The accepted ones are the most by far: they are not counted one by one.
    let accepted = match digest::of_table(db, "outbox")? {
        Some((all, _)) => all.saturating_sub(by_state.values().sum()),
        None => in_state(RowState::Accepted)?,
    };
    by_state.insert(RowState::Accepted, accepted);
    let withdrawn = format!("SELECT count(*) FROM outbox WHERE {IS_WITHDRAWN}");
    let withdrawn: u64 = db.prepare_cached(&withdrawn)?.query_row([WITHDRAWN], |row| row.get(0))?;
    let seen = |state: RowState| -> Result<(RowState, u64), Fault> {
        let unseen = match state {
            RowState::Refused => 0,
            RowState::Held => withdrawn + audit(state)?,
            _ => audit(state)?,
        };
        Ok((state, by_state[&state].saturating_sub(unseen)))
    };
    // In the order of an index: the first row that a person sees is the oldest one, and no other is read.
    let first = format!(
        "SELECT created FROM outbox INDEXED BY outbox_state WHERE state = ?2 AND NOT {IS_WITHDRAWN} AND {IS_SEEN}
            ORDER BY created, place LIMIT 1"
    );
    let oldest = |state: RowState| -> Result<Option<i64>, Fault> {
        Ok(db.prepare_cached(&first)?.query_row(params![WITHDRAWN, state.name()], |row| row.get(0)).optional()?)
    };
    let open = RowState::ALL.into_iter().filter(|state| state.is_open());
    let oldest = open.map(oldest).collect::<Result<Vec<_>, Fault>>()?;
    let last = "SELECT max(outcome_at) FROM outbox INDEXED BY outbox_accepted WHERE state = 'accepted'";
    let time = |at: Option<i64>| at.map(WallTime);
    Ok(OutboxCounts {
        by_state: RowState::ALL.into_iter().map(seen).collect::<Result<_, Fault>>()?,
        oldest_open: time(oldest.into_iter().flatten().min()),
        last_accepted: time(db.prepare_cached(last)?.query_row([], |row| row.get(0))?),
        audit_waiting: audit(RowState::Waiting)? + audit(RowState::Sending)?,
    })
}

/// Observations of a patient that the server has not accepted.
pub(crate) fn open_observations(db: &Connection, patient: Uuid) -> Result<u64, Fault> {
    let sql = format!(
        "SELECT count(*) FROM outbox WHERE patient = ?2 AND state <> 'accepted' AND state <> 'discarded'
            AND resource_type = 'Observation' AND NOT {IS_WITHDRAWN}"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![WITHDRAWN, patient], |row| row.get(0))?)
}

fn of(row: &Row<'_>) -> Result<OutboxRow, Fault> {
    let discarded = match (row.get(18)?, row.get::<_, Option<i64>>(20)?) {
        (Some(reason), Some(at)) => {
            Some(Discard { reason, by: row.get::<_, Option<Uuid>>(19)?.map(AuthorId), at: WallTime(at) })
        }
        _ => None,
    };
    Ok(OutboxRow {
        id: RowId(row.get(0)?),
        resource_type: row.get(1)?,
        resource_id: row.get(2)?,
        payload: row.get(3)?,
        depends_on: dependencies(row.get(4)?)?,
        lane: lane(row)?,
        measured_by: row.get::<_, Option<Uuid>>(13)?.map(AuthorId),
        state: state(row)?,
        attempts: row.get(6)?,
        next_attempt: row.get::<_, Option<i64>>(7)?.map(WallTime),
        created: WallTime(row.get(8)?),
        outcome: outcome(row)?,
        server: server_copy(row.get(22)?, row.get(14)?, row.get(15)?, row.get(16)?)?,
        expects: row.get(17)?,
        discarded,
        kept_by_device: row.get(23)?,
    })
}

fn head_of(row: &Row<'_>) -> Result<RowHead, Fault> {
    Ok(RowHead {
        id: RowId(row.get(0)?),
        resource_type: row.get(1)?,
        resource_id: row.get(2)?,
        octets: row.get(3)?,
        depends_on: dependencies(row.get(4)?)?,
        lane: lane(row)?,
        kept_by_device: row.get(14)?,
        measured_by: row.get::<_, Option<Uuid>>(13)?.map(AuthorId),
        state: state(row)?,
        attempts: row.get(6)?,
        next_attempt: row.get::<_, Option<i64>>(7)?.map(WallTime),
        created: WallTime(row.get(8)?),
        outcome: outcome(row)?,
    })
}

fn state(row: &Row<'_>) -> Result<RowState, Fault> {
    RowState::from_name(&row.get::<_, String>(5)?).ok_or(Fault::Column("outbox.state"))
}

fn lane(row: &Row<'_>) -> Result<Lane, Fault> {
    Lane::from_name(&row.get::<_, String>(12)?).ok_or(Fault::Column("outbox.lane"))
}

fn outcome(row: &Row<'_>) -> Result<Option<Outcome>, Fault> {
    Ok(match (row.get(9)?, row.get(10)?, row.get::<_, Option<i64>>(11)?) {
        (Some(status), Some(text), Some(at)) => Some(Outcome { status, text, at: WallTime(at) }),
        _ => None,
    })
}

fn server_copy(
    address: Option<String>,
    id: Option<String>,
    version: Option<String>,
    modified: Option<i64>,
) -> Result<Option<ServerCopy>, Fault> {
    let address = address.unwrap_or_default();
    Ok(id.map(|id| ServerCopy { address, id, version, modified: modified.map(WallTime) }))
}

fn octets<'a>(rows: impl IntoIterator<Item = &'a RowId>) -> Vec<u8> {
    rows.into_iter().flat_map(|id| *id.0.as_bytes()).collect()
}

fn dependencies(octets: Vec<u8>) -> Result<Vec<RowId>, Fault> {
    let (ids, rest) = octets.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Fault::Column("outbox.depends_on"));
    }
    Ok(ids.iter().map(|id| RowId(Uuid::from_bytes(*id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "https://a.example/fhir";
    const B: &str = "https://b.example/fhir";

    fn accepted(db: &Connection, resource: Uuid, address: &str, id: &str) {
        let row = OutboxRow::new("Patient", resource, r#"{"resourceType":"Patient"}"#.to_owned(), WallTime(1));
        add(db, &row).unwrap();
        let server = ServerCopy { address: address.into(), id: id.into(), version: None, modified: None };
        let outcome = Some(Outcome { status: 201, text: String::new(), at: WallTime(2) });
        let (id, state, fact) = (row.id, RowState::Accepted, Some(Fact::Server(server)));
        update(db, &RowUpdate { id, state, attempts: 1, next_attempt: None, outcome, fact }).unwrap();
    }

    #[test]
    fn what_one_server_calls_a_resource_is_not_told_of_another() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        accepted(&db, first, A, "17");
        accepted(&db, second, B, "17");
        let ids = |address| copies(&db, address, &[first, second]).unwrap().into_iter().map(|one| one.resource);
        assert_eq!(ids(A).collect::<Vec<_>>(), [first]);
        assert_eq!(ids(B).collect::<Vec<_>>(), [second]);
        assert_eq!(by_id(&db, RowId(first)).unwrap().unwrap().server.unwrap().address, A);
        let elsewhere = |address| accepted_elsewhere(&db, address).unwrap().into_iter().map(|row| row.resource_id);
        assert_eq!(elsewhere(A).collect::<Vec<_>>(), [second]);
        assert_eq!(elsewhere("https://c.example").count(), 2);
    }

    #[test]
    fn an_audit_entry_that_the_server_took_not_waits_again_when_it_is_written_again_and_no_other_does() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let row = |n| OutboxRow {
            lane: Lane::Audit,
            ..OutboxRow::new("AuditEvent", Uuid::from_u128(n), r#"{"resourceType":"AuditEvent"}"#.into(), WallTime(1))
        };
        let [by_us, by_person, taken] = [row(1), row(2), row(3)];
        let put_away = |by| Fact::Discarded(Discard { reason: TAKES_NO_AUDIT.into(), by, at: WallTime(2) });
        let somebody = Some(AuthorId(Uuid::from_u128(9)));
        for (row, state, fact) in [
            (&by_us, RowState::Discarded, Some(put_away(None))),
            (&by_person, RowState::Discarded, Some(put_away(somebody))),
            (&taken, RowState::Accepted, None),
        ] {
            assert!(add(&db, row).unwrap());
            update(&db, &said(row.resource_id, state, fact)).unwrap();
        }
        assert_eq!([&by_us, &by_person, &taken].map(|row| add(&db, row).unwrap()), [true, false, false]);
        assert_eq!(by_id(&db, by_us.id).unwrap(), Some(by_us.clone()));
        assert!(!add(&db, &by_us).unwrap(), "it waits already");
        let counts = counts(&db).unwrap();
        assert!(counts.by_state.iter().all(|(_, count)| *count == 0), "{counts:?}");
        assert_eq!((counts.oldest_open, counts.audit_waiting), (None, 1));
        assert_eq!(in_states(&db, &RowState::ALL, 9).unwrap(), []);
        update(&db, &said(by_us.resource_id, RowState::Refused, None)).unwrap();
        assert_eq!(in_states(&db, &RowState::ALL, 9).unwrap().len(), 1, "a person looks at it");
        assert_eq!(super::counts(&db).unwrap().count(RowState::Refused), 1);
    }

    #[test]
    fn the_oldest_open_record_is_told_and_it_is_none_of_the_audit_log_and_none_that_was_withdrawn() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let row = |n: u128, lane| OutboxRow {
            lane,
            ..OutboxRow::new("Observation", Uuid::from_u128(n), "{}".to_owned(), WallTime(i64::try_from(n).unwrap()))
        };
        let rows = [row(1, Lane::Audit), row(2, Lane::Clinical), row(3, Lane::Clinical), row(4, Lane::Waveform)];
        rows.iter().for_each(|row| assert!(add(&db, row).unwrap()));
        let oldest = || counts(&db).unwrap().oldest_open;
        assert_eq!(oldest(), Some(WallTime(2)));
        let withdrawn = Some(Outcome { status: 0, text: WITHDRAWN.into(), at: WallTime(9) });
        update(&db, &RowUpdate { outcome: withdrawn, ..said(rows[1].resource_id, RowState::Held, None) }).unwrap();
        assert_eq!(oldest(), Some(WallTime(3)));
        update(&db, &said(rows[2].resource_id, RowState::Accepted, None)).unwrap();
        update(&db, &said(rows[3].resource_id, RowState::Refused, None)).unwrap();
        assert_eq!(oldest(), Some(WallTime(4)));
    }

    fn said(resource: Uuid, state: RowState, fact: Option<Fact>) -> RowUpdate {
        RowUpdate { id: RowId(resource), state, attempts: 9, next_attempt: None, outcome: None, fact }
    }

    #[test]
    fn what_was_accepted_is_not_undone_by_what_was_said_before_and_is_written_after_it() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let resource = Uuid::from_u128(1);
        accepted(&db, resource, A, "17");
        let before = by_id(&db, RowId(resource)).unwrap();
        let discard = Discard { reason: "twice".into(), by: None, at: WallTime(3) };
        update(&db, &said(resource, RowState::Waiting, Some(Fact::Expects("3".into())))).unwrap();
        update(&db, &said(resource, RowState::Discarded, Some(Fact::Discarded(discard)))).unwrap();
        assert_eq!(by_id(&db, RowId(resource)).unwrap(), before);
    }

    #[test]
    fn what_a_person_put_away_is_not_refused_again_by_an_answer_that_came_before_and_is_written_after_it() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let row = OutboxRow::new("Observation", Uuid::from_u128(1), "{}".to_owned(), WallTime(1));
        add(&db, &row).unwrap();
        let state = || by_id(&db, row.id).unwrap().unwrap().state;
        let discard = Discard { reason: "twice".into(), by: None, at: WallTime(3) };
        update(&db, &said(row.resource_id, RowState::Discarded, Some(Fact::Discarded(discard)))).unwrap();
        update(&db, &said(row.resource_id, RowState::Refused, None)).unwrap();
        assert_eq!(state(), RowState::Discarded);
        for taken_up in [RowState::Waiting, RowState::Refused] {
            update(&db, &said(row.resource_id, taken_up, None)).unwrap();
            assert_eq!(state(), taken_up);
        }
    }

    #[test]
    fn what_another_server_accepted_waits_for_this_one_as_if_it_had_never_gone() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let resource = Uuid::from_u128(1);
        accepted(&db, resource, A, "17");
        let anew = |address: &str| said(resource, RowState::Waiting, Some(Fact::AnewFor(address.into())));
        update(&db, &anew(A)).unwrap();
        assert_eq!(by_id(&db, RowId(resource)).unwrap().unwrap().state, RowState::Accepted);
        update(&db, &anew(B)).unwrap();
        let new = OutboxRow::new("Patient", resource, r#"{"resourceType":"Patient"}"#.to_owned(), WallTime(1));
        assert_eq!(by_id(&db, RowId(resource)).unwrap(), Some(new));
        assert_eq!(accepted_elsewhere(&db, B).unwrap(), []);
    }
}
