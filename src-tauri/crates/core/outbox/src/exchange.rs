//! What goes between the outbox and its caller: requests, results, status.
//! Not here: how one leads to the other.
use crate::row::{Outcome, RowId, RowUpdate};
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::time::Duration;
use uuid::Uuid;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryKind {
    /// Send the rows as one batch.
    Send,
    /// An earlier request with these rows ended without an answer: ask which of them the server has as they are. They all
    /// are of one resource type.
    AskWhichArrived,
}

/// One request. Until `handle` has its result no other is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// The rows, in the order of the entries.
    pub rows: Vec<RowId>,
    /// What for.
    pub kind: TryKind,
    /// To store before the request goes out: the rows are `sending`.
    pub updates: Vec<RowUpdate>,
}

/// The server's answer to one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryAnswer {
    /// HTTP status.
    pub status: u16,
    /// The server's words, without health data, at most 500 characters.
    pub text: String,
}

/// How a request ended. Texts hold no health data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryResult {
    /// To `Send`: an answer to each row, in their order.
    Entries(Vec<EntryAnswer>),
    /// To `AskWhichArrived`: the resource ids that the server has just as they were sent.
    Arrived(Vec<Uuid>),
    /// The server answered with a status and with nothing about the rows.
    Status {
        /// HTTP status.
        status: u16,
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
        /// The server's words say that the request was too large or had too many entries.
        too_large: bool,
        /// The server's words.
        text: String,
    },
    /// No connection was made: the server has nothing of this request.
    NothingSent(String),
    /// It went out and no whole answer came: it may or may not have been carried out.
    NoWholeAnswer(String),
    /// An answer came that is no FHIR, or does not fit the request: nothing is known.
    NotFhir(String),
    /// One row cannot be sent at all, for example because its stored text is damaged. Nothing was sent.
    Unsendable(RowId, String),
}

/// Why nothing is sent until a person or a new token comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// The server does not know us (401).
    Token,
    /// The server knows us and does not let us (403).
    Permission,
    /// There is no FHIR server at the address that takes batches.
    Address,
}

/// A pause. No record has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: WallTime,
    /// The server's words.
    pub text: String,
}

/// Sync at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Nothing is sent until `try_now`.
    pub pause: Option<Pause>,
    /// A request is under way.
    pub in_flight: bool,
    /// The last try, whatever came of it.
    pub last_attempt: Option<WallTime>,
    /// When the server last accepted a record.
    pub last_success: Option<WallTime>,
    /// Why the last try failed as a whole.
    pub last_fault: Option<Outcome>,
    /// Tries in a row that failed as a whole.
    pub failures: u32,
    /// The most rows of the next request.
    pub batch_rows: usize,
    /// Rows that wait, are under way, refused, held.
    pub waiting: usize,
    /// Under way.
    pub sending: usize,
    /// Refused.
    pub refused: usize,
    /// Held.
    pub held: usize,
}
