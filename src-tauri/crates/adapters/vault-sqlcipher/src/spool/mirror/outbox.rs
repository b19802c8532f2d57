//! Records for the server, and what tries to send them changed, as a spool keeps them.
//! Not here: records of what was measured (`mirror`).
use super::Answered;
use bedside_outbox::{OutboxRow, RowId, RowState, RowUpdate};
use bedside_vitals::WallTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A record for the server.
#[derive(Serialize, Deserialize)]
pub(in crate::spool) struct Row {
    id: Uuid,
    resource_type: String,
    resource_id: Uuid,
    payload: String,
    depends_on: Vec<Uuid>,
    state: String,
    attempts: u32,
    next_attempt: Option<WallTime>,
    created: WallTime,
    outcome: Option<Answered>,
}

impl From<&OutboxRow> for Row {
    fn from(row: &OutboxRow) -> Self {
        Self {
            id: row.id.0,
            resource_type: row.resource_type.clone(),
            resource_id: row.resource_id,
            payload: row.payload.clone(),
            depends_on: row.depends_on.iter().map(|id| id.0).collect(),
            state: row.state.name().to_owned(),
            attempts: row.attempts,
            next_attempt: row.next_attempt,
            created: row.created,
            outcome: row.outcome.as_ref().map(Answered::from),
        }
    }
}

impl Row {
    pub(in crate::spool) fn read(self) -> Option<OutboxRow> {
        Some(OutboxRow {
            id: RowId(self.id),
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            payload: self.payload,
            depends_on: self.depends_on.into_iter().map(RowId).collect(),
            state: RowState::from_name(&self.state)?,
            attempts: self.attempts,
            next_attempt: self.next_attempt,
            created: self.created,
            outcome: self.outcome.map(Into::into),
        })
    }
}

/// What a try to send changed.
#[derive(Serialize, Deserialize)]
pub(in crate::spool) struct Update {
    id: Uuid,
    state: String,
    attempts: u32,
    next_attempt: Option<WallTime>,
    outcome: Option<Answered>,
}

impl From<&RowUpdate> for Update {
    fn from(update: &RowUpdate) -> Self {
        let RowUpdate { id, state, attempts, next_attempt, outcome } = update;
        let (attempts, next_attempt, outcome) = (*attempts, *next_attempt, outcome.as_ref().map(Answered::from));
        Self { id: id.0, state: state.name().to_owned(), attempts, next_attempt, outcome }
    }
}

impl Update {
    pub(in crate::spool) fn read(self) -> Option<RowUpdate> {
        let Self { id, state, attempts, next_attempt, outcome } = self;
        let state = RowState::from_name(&state)?;
        Some(RowUpdate { id: RowId(id), state, attempts, next_attempt, outcome: outcome.map(Into::into) })
    }
}
