//! Rows for the outbox's tests, a store that refuses to touch an accepted row again, and one request after another.
//! Not here: the server, and what should become of each row.
#![allow(dead_code, reason = "each test binary uses its part")]
use bedside_outbox::{
    AuthorId, EntryAnswer, Fact, Limits, Naming, Outbox, OutboxRow, RowId, RowState, RowUpdate, TryKind, TryResult,
};
use bedside_vitals::WallTime;
use std::collections::BTreeMap;
use uuid::Uuid;

/// When each test begins.
pub(crate) const NOW: WallTime = WallTime(1_000_000);
/// Two people who measure.
pub(crate) const ANNA: AuthorId = AuthorId(Uuid::from_u128(501));
pub(crate) const BEN: AuthorId = AuthorId(Uuid::from_u128(502));

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
            if let Some(Fact::AnewFor(address)) = &update.fact {
                send_anew(row, address);
                continue;
            }
            assert_ne!(row.state, RowState::Accepted, "an accepted row was touched again");
            row.state = update.state;
            row.attempts = update.attempts;
            row.next_attempt = update.next_attempt;
            row.outcome = update.outcome.or_else(|| row.outcome.take());
            match update.fact {
                Some(Fact::Server(server)) => row.server = Some(server),
                Some(Fact::Expects(version)) => row.expects = Some(version),
                Some(Fact::Discarded(discard)) => row.discarded = Some(discard),
                Some(Fact::FreeOf(gone)) => row.depends_on.retain(|id| !gone.contains(id)),
                // The whole of the update (`send_anew`).
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

/// What another server accepted waits for the one of this address; what that one called it is given up.
fn send_anew(row: &mut OutboxRow, address: &str) {
    if row.state != RowState::Accepted || row.server.as_ref().is_none_or(|server| server.address == address) {
        return;
    }
    (row.state, row.attempts, row.next_attempt) = (RowState::Waiting, 0, None);
    (row.outcome, row.server, row.expects) = (None, None, None);
}

/// An outbox and a store with these rows.
pub(crate) fn with(rows: impl IntoIterator<Item = OutboxRow>) -> (Outbox, Store) {
    let mut store = Store::default();
    rows.into_iter().for_each(|row| store.put(row));
    (next_run(&mut store), store)
}

/// The program begins on what is stored.
pub(crate) fn next_run(store: &mut Store) -> Outbox {
    let mut outbox = Outbox::new(Limits::default());
    store.apply(outbox.load(store.open()));
    outbox
}

/// One request with this result, whenever it is due: what it was for, how it named its rows, and their numbers.
pub(crate) fn step(outbox: &mut Outbox, store: &mut Store, result: TryResult) -> (TryKind, Naming, Vec<u128>) {
    let due = outbox.next_wake().expect("something waits").max(NOW);
    step_at(outbox, store, due, result)
}

/// The same at this time, at which it is due.
pub(crate) fn step_at(
    outbox: &mut Outbox,
    store: &mut Store,
    now: WallTime,
    result: TryResult,
) -> (TryKind, Naming, Vec<u128>) {
    let attempt = outbox.poll(now).expect("a request is due");
    store.apply(attempt.updates);
    store.apply(outbox.handle(now, 7, result));
    (attempt.kind, attempt.naming, attempt.rows.iter().map(|id| id.0.as_u128()).collect())
}
