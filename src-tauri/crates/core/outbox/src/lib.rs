//! Sync as a state machine: what waits, in which order it goes, what the server's answer means, when to try again.
//! No network, no clock, no FHIR: rows carry their resource as text.
//!
//! `poll` gives the next request, the caller carries it out and stores what `handle` returns. A row is `accepted` only by
//! an answer that names it; every other end of a request puts it back, refuses it, or holds it.
#![no_std]
extern crate alloc;

mod answers;
mod backoff;
mod batch_size;
mod decisions;
mod exchange;
mod outbox;
mod row;
mod server_traits;
mod verdict;
mod window;

pub use batch_size::Limits;
pub use decisions::Dependants;
pub use exchange::{EntryAnswer, Found, Naming, Pause, PauseReason, Progress, Status, Try, TryKind, TryResult};
pub use outbox::Outbox;
pub use row::{
    AuthorId, Discard, Fact, KEPT_THEIRS, Lane, OutboxRow, Outcome, RowHead, RowId, RowState, RowUpdate, ServerCopy,
    TAKES_NO_AUDIT, WITHDRAWN, Withdrawn,
};
pub use server_traits::ServerTraits;
