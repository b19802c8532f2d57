//! Rows for the outbox's tests, and a store that refuses to touch an accepted row again.
//! Not here: the server, and what should become of each row.
#![allow(dead_code, reason = "each test binary uses its part")]
use bedside_outbox::{EntryAnswer, Fact, OutboxRow, RowId, RowState, RowUpdate, TryResult};
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A row whose resource id is made from its number.
pub(crate) fn row(number: u128, resource_type: &str, depends_on: &[u128]) -> OutboxRow {
    let depends_on = depends_on.iter().map(|n| id(*n)).collect();
    let new = OutboxRow::new(resource_type, resource(number), "{}".to_owned(), WallTime(number as i64));
    OutboxRow { id: id(number), depends_on, ..new }
}

pub(crate) fn id(number: u128) -> RowId {
    RowId(Uuid::from_u128(number))
}

pub(crate) fn resource(number: u128) -> Uuid {
    Uuid::from_u128(number | 1 << 100)
}

/// Answers of these statuses to the entries of a batch.
pub(crate) fn entries(statuses: &[u16]) -> TryResult {
    let answer = |status: &u16| EntryAnswer::new(*status, String::new());
    TryResult::Entries(statuses.iter().map(answer).collect())
}

/// A status for the whole request.
pub(crate) fn status(status: u16) -> TryResult {
    TryResult::Status { status, retry_after: None, too_large: false, text: "said the server".to_owned() }
}

/// What the store would hold: it only ever sees rows and updates.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) BTreeMap<RowId, OutboxRow>);

impl Store {
    pub(crate) fn put(&mut self, row: OutboxRow) {
        self.0.insert(row.id, row);
    }

    pub(crate) fn apply(&mut self, updates: impl IntoIterator<Item = RowUpdate>) {
        for update in updates {
            let row = self.0.get_mut(&update.id).unwrap();
            assert_ne!(row.state, RowState::Accepted, "an accepted row was touched again");
            row.state = update.state;
            row.attempts = update.attempts;
            row.next_attempt = update.next_attempt;
            row.outcome = update.outcome;
            match update.fact {
                Some(Fact::Server(server)) => row.server = Some(server),
                Some(Fact::Expects(version)) => row.expects = Some(version),
                Some(Fact::Discarded(discard)) => row.discarded = Some(discard),
                Some(Fact::FreeOf(gone)) => row.depends_on.retain(|id| !gone.contains(id)),
                Some(Fact::AnewFor(_)) | None => {}
            }
        }
    }

    pub(crate) fn state(&self, number: u128) -> RowState {
        self.0[&id(number)].state
    }

    pub(crate) fn open(&self) -> Vec<OutboxRow> {
        self.0.values().filter(|row| row.state != RowState::Accepted).cloned().collect()
    }
}
