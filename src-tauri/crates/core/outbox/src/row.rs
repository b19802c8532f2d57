//! One record on its way to the server, as the store keeps it.
//! Not here: the order of sending and what an answer means.
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::fmt;
use uuid::Uuid;

/// The id of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub Uuid);

/// Where a record stands (product law 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowState {
    /// It waits for its turn or its next try.
    Waiting,
    /// A request that carries it is under way; at the next start it waits again.
    Sending,
    /// The server's answer is stored.
    Accepted,
    /// The server refused this record; a person must look.
    Refused,
    /// A record it depends on was refused.
    Held,
}

impl RowState {
    /// Every state, in the order of the Sync screen.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Sending, Self::Accepted, Self::Refused, Self::Held];

    /// The stable name in the store and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Held => "held",
        }
    }

    /// The state of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The server's last word on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status of the entry; 0 when no answer came.
    pub status: u16,
    /// The OperationOutcome's text or the fault, without health data, at most 500 characters.
    pub text: String,
    /// When.
    pub at: WallTime,
}

/// The outcome's text of a row that is held because a person withdrew its record before the server acknowledged it: the
/// record was rejected, or a later version takes its place.
pub const WITHDRAWN: &str = "withdrawn by a person before it was sent";

impl OutboxRow {
    /// Whether a person withdrew its record before the server acknowledged it: it is held for good, and nobody waits for it.
    pub fn is_withdrawn(&self) -> bool {
        self.state == RowState::Held && self.outcome.as_ref().is_some_and(|outcome| outcome.text == WITHDRAWN)
    }
}

/// A record for the server.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: RowId,
    /// For example `Observation`.
    pub resource_type: String,
    /// The resource's id on the server: chosen here, stable for the same reading on any computer.
    pub resource_id: Uuid,
    /// The resource as JSON. Health data.
    pub payload: String,
    /// Rows that the server must have accepted first.
    pub depends_on: Vec<RowId>,
    /// Where it stands.
    pub state: RowState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time; `None` = at once.
    pub next_attempt: Option<WallTime>,
    /// When it was written.
    pub created: WallTime,
    /// The last answer.
    pub outcome: Option<Outcome>,
}

impl fmt::Debug for OutboxRow {
    /// Without the payload: it is health data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource_type, resource_id, state, attempts, outcome, .. } = self;
        write!(f, "{resource_type}/{resource_id} {state} after {attempts} tries, last answer {outcome:?}")
    }
}

/// What a try changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowUpdate {
    /// Which row.
    pub id: RowId,
    /// Its new state.
    pub state: RowState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time.
    pub next_attempt: Option<WallTime>,
    /// The answer, where one came.
    pub outcome: Option<Outcome>,
}

/// What a withdrawal changed, and how to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// To be stored.
    pub update: RowUpdate,
    /// The row before.
    pub(crate) before: OutboxRow,
    /// Whether its answer was lost.
    pub(crate) uncertain: bool,
}
