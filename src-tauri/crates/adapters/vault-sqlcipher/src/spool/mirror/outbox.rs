//! Records for the server, and what tries to send them changed, as a spool keeps them.
//! Not here: records of what was measured (`mirror`).
use super::Answered;
use bedside_outbox::{AuthorId, Discard, Fact, Lane, OutboxRow, RowId, RowState, RowUpdate, ServerCopy};
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
    #[serde(default)]
    lane: Option<String>,
    #[serde(default)]
    kept_by_device: bool,
    #[serde(default)]
    measured_by: Option<Uuid>,
    #[serde(default)]
    server: Option<Copied>,
    #[serde(default)]
    expects: Option<String>,
    #[serde(default)]
    discarded: Option<PutAway>,
}

/// What the server calls a record.
#[derive(Serialize, Deserialize)]
struct Copied {
    #[serde(default)]
    address: String,
    id: String,
    version: Option<String>,
    modified: Option<WallTime>,
}

/// Why a record was put away.
#[derive(Serialize, Deserialize)]
struct PutAway {
    reason: String,
    by: Option<Uuid>,
    at: WallTime,
}

impl From<&ServerCopy> for Copied {
    fn from(ServerCopy { address, id, version, modified }: &ServerCopy) -> Self {
        Self { address: address.clone(), id: id.clone(), version: version.clone(), modified: *modified }
    }
}

impl From<Copied> for ServerCopy {
    fn from(Copied { address, id, version, modified }: Copied) -> Self {
        Self { address, id, version, modified }
    }
}

impl From<&Discard> for PutAway {
    fn from(Discard { reason, by, at }: &Discard) -> Self {
        Self { reason: reason.clone(), by: by.map(|by| by.0), at: *at }
    }
}

impl From<PutAway> for Discard {
    fn from(PutAway { reason, by, at }: PutAway) -> Self {
        Self { reason, by: by.map(AuthorId), at }
    }
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
            lane: Some(row.lane.name().to_owned()),
            kept_by_device: row.kept_by_device,
            measured_by: row.measured_by.map(|author| author.0),
            server: row.server.as_ref().map(Copied::from),
            expects: row.expects.clone(),
            discarded: row.discarded.as_ref().map(PutAway::from),
        }
    }
}

impl Row {
    pub(in crate::spool) fn read(self) -> Option<OutboxRow> {
        let lane = self.lane.as_deref().map_or(Some(Lane::Clinical), Lane::from_name)?;
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
            lane,
            kept_by_device: self.kept_by_device,
            measured_by: self.measured_by.map(AuthorId),
            server: self.server.map(Into::into),
            expects: self.expects,
            discarded: self.discarded.map(Into::into),
        })
    }
}

/// What is kept of a change beside the state.
#[derive(Serialize, Deserialize)]
enum Kept {
    Server(Copied),
    Expects(String),
    Discarded(PutAway),
    FreeOf(Vec<Uuid>),
    AnewFor(String),
}

impl From<&Fact> for Kept {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Server(server) => Self::Server(server.into()),
            Fact::Expects(version) => Self::Expects(version.clone()),
            Fact::Discarded(discard) => Self::Discarded(discard.into()),
            Fact::FreeOf(rows) => Self::FreeOf(rows.iter().map(|id| id.0).collect()),
            Fact::AnewFor(address) => Self::AnewFor(address.clone()),
        }
    }
}

impl From<Kept> for Fact {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Server(server) => Self::Server(server.into()),
            Kept::Expects(version) => Self::Expects(version),
            Kept::Discarded(put_away) => Self::Discarded(put_away.into()),
            Kept::FreeOf(rows) => Self::FreeOf(rows.into_iter().map(RowId).collect()),
            Kept::AnewFor(address) => Self::AnewFor(address),
        }
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
    #[serde(default)]
    fact: Option<Kept>,
}

impl From<&RowUpdate> for Update {
    fn from(update: &RowUpdate) -> Self {
        let RowUpdate { id, state, attempts, next_attempt, outcome, fact } = update;
        let (attempts, next_attempt, outcome) = (*attempts, *next_attempt, outcome.as_ref().map(Answered::from));
        let fact = fact.as_ref().map(Kept::from);
        Self { id: id.0, state: state.name().to_owned(), attempts, next_attempt, outcome, fact }
    }
}

impl Update {
    pub(in crate::spool) fn read(self) -> Option<RowUpdate> {
        let Self { id, state, attempts, next_attempt, outcome, fact } = self;
        let (state, outcome, fact) = (RowState::from_name(&state)?, outcome.map(Into::into), fact.map(Into::into));
        Some(RowUpdate { id: RowId(id), state, attempts, next_attempt, outcome, fact })
    }
}
