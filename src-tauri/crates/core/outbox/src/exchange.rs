//! What goes between the outbox and its caller: requests, results, status.
//! Not here: how one leads to the other.
use crate::row::{AuthorId, Outcome, RowId, RowUpdate, ServerCopy};
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::time::Duration;
use uuid::Uuid;

/// How the server knows a resource by our word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By the id that we chose: it is put there.
    OurId,
    /// By its identifier, because the server gives ids itself: it is created if none has that identifier.
    Identifier,
}

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
    /// How the server is to know them.
    pub naming: Naming,
    /// Who measured them: they go as that person's, or as this installation's, and never as somebody else's.
    pub measured_by: Option<AuthorId>,
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
    /// What the server calls the resource, where it said so.
    pub server: Option<ServerCopy>,
    /// The server's words say that it takes no ids of ours.
    pub refuses_our_id: bool,
}

impl EntryAnswer {
    /// An answer that says no more than this.
    pub const fn new(status: u16, text: String) -> Self {
        Self { status, text, server: None, refuses_our_id: false }
    }
}

/// A resource that the server has as it was sent or, where it is known by its identifier, that it has at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Our id of it.
    pub resource_id: Uuid,
    /// How many the server has of it; more than one is a conflict.
    pub copies: u32,
    /// What the server calls it.
    pub server: Option<ServerCopy>,
    /// It has our identifier, and is somebody else: a conflict.
    pub is_another: bool,
}

impl Found {
    /// One copy, of which the server told no more.
    pub const fn one(resource_id: Uuid) -> Self {
        Self { resource_id, copies: 1, server: None, is_another: false }
    }
}

/// How a request ended. Texts hold no health data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryResult {
    /// To `Send`: an answer to each row, in their order.
    Entries(Vec<EntryAnswer>),
    /// To `AskWhichArrived`: what the server has; the others are not there.
    Arrived(Vec<Found>),
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
    /// The server does not know us (401), or nobody signed in at it for whom rows wait.
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
    /// Rows that wait, are under way, refused, held.
    pub waiting: usize,
    /// Under way.
    pub sending: usize,
    /// Refused.
    pub refused: usize,
    /// Held.
    pub held: usize,
    /// Of those that wait: how many wait for somebody else to sign in at the server.
    pub of_others: usize,
    /// Somebody whose records the server does not take now, for want of permission.
    pub not_permitted: Option<Pause>,
    /// How far sending is since nothing was left to send.
    pub progress: Progress,
}

/// How far sending is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows accepted since nothing was left.
    pub rows_done: u64,
    /// Rows that wait or are under way.
    pub rows_left: u64,
    /// The size of the rows done.
    pub octets_done: u64,
    /// The size of the rows left.
    pub octets_left: u64,
}
