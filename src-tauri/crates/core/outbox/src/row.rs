//! One record on its way to the server: as the store keeps it, and as the outbox holds it in memory.
//! Not here: the order of sending and what an answer means.
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::fmt;
use uuid::Uuid;

/// The id of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub Uuid);

/// The clinician who measured or said what a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorId(pub Uuid);

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
    /// A record it depends on was refused or discarded.
    Held,
    /// Put away with a reason, by a person or for a trait of the server: it stays in the store and is not sent.
    Discarded,
}

impl RowState {
    /// Every state, in the order of the Sync screen.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Sending, Self::Accepted, Self::Refused, Self::Held, Self::Discarded];

    /// The stable name in the store and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Discarded => "discarded",
        }
    }

    /// The state of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the record is still to reach the server, by itself or by a person's word.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Accepted | Self::Discarded)
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What goes together in one request, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// People, devices, what was measured and said.
    #[default]
    Clinical,
    /// Long curves: last, and not over a metered network.
    Waveform,
    /// Entries of the audit log: one to a request, after everything else, and not over a metered network.
    Audit,
}

impl Lane {
    /// Every lane, in the order of sending.
    pub const ALL: [Self; 3] = [Self::Clinical, Self::Waveform, Self::Audit];

    /// The stable name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clinical => "clinical",
            Self::Waveform => "waveform",
            Self::Audit => "audit",
        }
    }

    /// The lane of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
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

/// What a server calls a record that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCopy {
    /// The server's base URL: to another server the id means nothing, or another person.
    pub address: String,
    /// The resource's id there: ours, unless the server gives ids itself.
    pub id: String,
    /// Its version there (`ETag`, `meta.versionId`), where the server told one.
    pub version: Option<String>,
    /// When the server stored it, by its own clock, where it told.
    pub modified: Option<WallTime>,
}

/// Why a record was put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discard {
    /// A person's words, or one of ours. May hold health data.
    pub reason: String,
    /// Who; `None` = the console, for a trait of the server.
    pub by: Option<AuthorId>,
    /// When.
    pub at: WallTime,
}

/// The outcome's text of a row that is held because a person withdrew its record before the server acknowledged it: the
/// record was rejected, or a later version takes its place.
pub const WITHDRAWN: &str = "withdrawn by a person before it was sent";

/// The reason of audit entries that a server does not take: it keeps an audit log of its own. A row that was put away for it
/// waits again when it is written again.
pub const TAKES_NO_AUDIT: &str = "the server takes no audit entries; the audit log of this record has it";

/// The reason of a record that was in conflict when a person kept the server's version.
pub const KEPT_THEIRS: &str = "the server's version was kept";

/// A record for the server.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: RowId,
    /// For example `Observation`.
    pub resource_type: String,
    /// The resource's id: chosen here, stable for the same reading on any computer.
    pub resource_id: Uuid,
    /// The resource as JSON. Health data.
    pub payload: String,
    /// Rows that the server must have accepted first.
    pub depends_on: Vec<RowId>,
    /// With what it goes.
    pub lane: Lane,
    /// The first word on a reading that its device keeps: other consoles may read it too, and send it under the same id.
    pub kept_by_device: bool,
    /// Who measured or said it; `None` for what nobody measured (people, devices) and what was captured with nobody
    /// signed in.
    pub measured_by: Option<AuthorId>,
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
    /// What the server calls it, once it is accepted.
    pub server: Option<ServerCopy>,
    /// The server's version over which a person decided to send it.
    pub expects: Option<String>,
    /// Why it was put away.
    pub discarded: Option<Discard>,
}

impl OutboxRow {
    /// A new row, named like its resource, that depends on nothing and was measured by nobody.
    pub fn new(resource_type: impl Into<String>, resource_id: Uuid, payload: String, created: WallTime) -> Self {
        Self {
            id: RowId(resource_id),
            resource_type: resource_type.into(),
            resource_id,
            payload,
            depends_on: Vec::new(),
            lane: Lane::Clinical,
            kept_by_device: false,
            measured_by: None,
            state: RowState::Waiting,
            attempts: 0,
            next_attempt: None,
            created,
            outcome: None,
            server: None,
            expects: None,
            discarded: None,
        }
    }

    /// Whether a person withdrew its record before the server acknowledged it: it is held for good, and nobody waits for it.
    pub fn is_withdrawn(&self) -> bool {
        is_withdrawn(self.state, self.outcome.as_ref())
    }

    /// Whether the server holds another version, or several: a person decides.
    pub fn is_conflict(&self) -> bool {
        is_conflict(self.state, self.outcome.as_ref())
    }
}

impl fmt::Debug for OutboxRow {
    /// Without the payload: it is health data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource_type, resource_id, state, attempts, outcome, .. } = self;
        write!(f, "{resource_type}/{resource_id} {state} after {attempts} tries, last answer {outcome:?}")
    }
}

/// What the outbox keeps of a row in memory: everything but the resource itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowHead {
    /// Its id.
    pub id: RowId,
    /// For example `Observation`.
    pub resource_type: String,
    /// The resource's id.
    pub resource_id: Uuid,
    /// The size of the resource.
    pub octets: usize,
    /// Rows that the server must have accepted first.
    pub depends_on: Vec<RowId>,
    /// With what it goes.
    pub lane: Lane,
    /// See `OutboxRow::kept_by_device`.
    pub kept_by_device: bool,
    /// Who measured or said it.
    pub measured_by: Option<AuthorId>,
    /// Where it stands.
    pub state: RowState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time.
    pub next_attempt: Option<WallTime>,
    /// When it was written.
    pub created: WallTime,
    /// The last answer.
    pub outcome: Option<Outcome>,
}

impl RowHead {
    /// See `OutboxRow::is_withdrawn`.
    pub fn is_withdrawn(&self) -> bool {
        is_withdrawn(self.state, self.outcome.as_ref())
    }

    /// See `OutboxRow::is_conflict`.
    pub fn is_conflict(&self) -> bool {
        is_conflict(self.state, self.outcome.as_ref())
    }
}

impl From<&OutboxRow> for RowHead {
    fn from(row: &OutboxRow) -> Self {
        Self {
            id: row.id,
            resource_type: row.resource_type.clone(),
            resource_id: row.resource_id,
            octets: row.payload.len(),
            depends_on: row.depends_on.clone(),
            lane: row.lane,
            kept_by_device: row.kept_by_device,
            measured_by: row.measured_by,
            state: row.state,
            attempts: row.attempts,
            next_attempt: row.next_attempt,
            created: row.created,
            outcome: row.outcome.clone(),
        }
    }
}

impl From<OutboxRow> for RowHead {
    fn from(row: OutboxRow) -> Self {
        (&row).into()
    }
}

/// What a try, or a person's word, changed.
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
    /// What else is to be kept.
    pub fact: Option<Fact>,
}

/// What is to be kept of a change beside the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What the server calls an accepted record.
    Server(ServerCopy),
    /// The version over which a person decided to send the record.
    Expects(String),
    /// Why it was put away.
    Discarded(Discard),
    /// It goes without these rows, on which it depended and which were put away.
    FreeOf(Vec<RowId>),
    /// Another server than that of this base URL accepted it: it waits for this one as if it had never gone.
    AnewFor(String),
}

/// What a withdrawal changed, and how to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// To be stored.
    pub update: RowUpdate,
    /// The row before.
    pub(crate) before: RowHead,
    /// Whether its answer was lost.
    pub(crate) uncertain: bool,
}

fn is_withdrawn(state: RowState, outcome: Option<&Outcome>) -> bool {
    state == RowState::Held && outcome.is_some_and(|outcome| outcome.text == WITHDRAWN)
}

fn is_conflict(state: RowState, outcome: Option<&Outcome>) -> bool {
    state == RowState::Refused && outcome.is_some_and(|outcome| matches!(outcome.status, 409 | 412))
}
