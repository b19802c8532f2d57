//! What a person says of a record that the server did not take: another try, put away with a reason, or one of two versions;
//! and whether the way to the server costs. Not here: what follows in the outbox (`bedside-outbox`).
use super::parcel::{decided_of, server_copy};
use crate::audit::AuditAction;
use crate::clinic_sign_in::ClinicFor;
use crate::commits::{After, Batch};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{Answer, ClinicFault, ClinicRequest, ClinicServer, Method, Query, RecordStore, StoreFault};
use crate::records::{Changes, StoredServer};
use crate::request::{ConsoleHandle, RequestError};
use crate::requests::{Reply, Request};
use bedside_outbox::{AuthorId, Dependants, Discard, KEPT_THEIRS, OutboxRow, RowId, RowUpdate, ServerCopy};
use bedside_vitals::{PatientId, WallTime};

/// Characters of a reason.
const LEAST_REASON: usize = 3;
const MOST_REASON: usize = 200;

/// A record of which the server has another version, or several: both sides, as they are now.
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which.
    pub row: RowId,
    /// What was to be sent, as FHIR JSON. Health data.
    pub ours: String,
    /// What the server has; nothing when it has none any more.
    pub theirs: Vec<TheirVersion>,
}

/// What the server has.
#[derive(Clone, PartialEq, Eq)]
pub struct TheirVersion {
    /// Its id there.
    pub id: String,
    /// Its version.
    pub version: Option<String>,
    /// When the server stored it, by its clock.
    pub modified: Option<WallTime>,
    /// The resource as FHIR JSON. Health data.
    pub json: String,
}

impl std::fmt::Debug for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "conflict of {:?} with {} of the server's", self.row, self.theirs.len())
    }
}

impl std::fmt::Debug for TheirVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "version {:?} of {} octets", self.version, self.json.len())
    }
}

impl ConsoleHandle {
    /// Puts a refused or held record away for good, with a reason; it is kept, and `retry` takes it up again. What is held
    /// for it goes without it, or is put away too.
    pub async fn discard(&self, row: RowId, reason: String, dependants: Dependants) -> Result<(), RequestError> {
        self.ask(|reply| Request::Discard { row, reason, dependants, reply }).await
    }

    /// Both sides of a conflict; the server is asked for its own now.
    pub async fn conflict(&self, row: RowId) -> Result<Conflict, RequestError> {
        self.ask(|reply| Request::Conflict { row, reply }).await
    }

    /// The server's version that was seen stands. Ours is put away; of a patient or a device, to which other records refer, it
    /// counts as accepted as that version.
    pub async fn keep_theirs(
        &self,
        row: RowId,
        their_id: String,
        their_version: Option<String>,
    ) -> Result<(), RequestError> {
        self.ask(|reply| Request::KeepTheirs { row, their_id, their_version, reply }).await
    }

    /// Ours takes the place of the server's, if that is still the version that was seen.
    pub async fn send_ours(&self, row: RowId, their_id: String, their_version: String) -> Result<(), RequestError> {
        self.ask(|reply| Request::SendOurs { row, their_id, their_version, reply }).await
    }

    /// Says whether the way to the server costs: then curves wait.
    pub async fn set_metered(&self, metered: bool) -> Result<(), RequestError> {
        self.ask(|reply| Request::SetMetered { metered, reply }).await
    }
}

impl Console {
    pub(crate) fn retry(&mut self, row: RowId, reply: Reply<()>) {
        self.decide(row, AuditAction::RecordRetried, reply, move |console| {
            let updates = console.sync.outbox.retry(row);
            if !updates.is_empty() {
                console.sync.outbox.try_now();
            }
            updates
        });
    }

    pub(crate) fn discard(&mut self, row: RowId, reason: &str, dependants: Dependants, reply: Reply<()>) {
        let reason = reason.trim().to_owned();
        if !(LEAST_REASON..=MOST_REASON).contains(&reason.chars().count()) {
            return answer(reply, Err(RequestError::ReasonNeeded { least: LEAST_REASON, most: MOST_REASON }));
        }
        self.decide(row, AuditAction::RecordDiscarded, reply, move |console| console.put_away(row, reason, dependants));
    }

    pub(crate) fn keep_theirs(&mut self, row: RowId, id: String, version: Option<String>, reply: Reply<()>) {
        let head = self.sync.outbox.row(row);
        if !head.is_some_and(|head| matches!(head.resource_type.as_str(), "Patient" | "Device")) {
            return self.decide(row, AuditAction::ConflictDecided, reply, move |console| {
                let is_conflict = console.sync.outbox.row(row).is_some_and(|head| head.is_conflict());
                // What depends on it refers to a resource that the server has.
                let mut put_away = || console.put_away(row, KEPT_THEIRS.to_owned(), Dependants::Release);
                if is_conflict { put_away() } else { Vec::new() }
            });
        }
        let server = ServerCopy { address: self.clinic_address(), id, version, modified: None };
        self.with_subject(row, reply, move |console, _, patient, reply| {
            console.theirs_stands(row, server, patient, reply)
        });
    }

    /// Readings refer to it, also those that are still to come: they need the server's name of it. So nothing goes before it
    /// is written, and where that fails nothing is decided.
    fn theirs_stands(&mut self, row: RowId, server: ServerCopy, patient: Option<PatientId>, reply: Reply<()>) {
        let (round, now) = (self.sync.round(), self.ports.machine.wall());
        let written = self.sync.outbox.when_theirs_kept(row, server.clone(), now);
        if written.is_empty() || !self.sync.deciding.insert(row) {
            return answer(reply, Err(RequestError::NoSuchRecord));
        }
        let audit = vec![self.entry(AuditAction::ConflictDecided, patient, None)];
        let changes = Changes { outbox_updates: written.clone(), audit, ..Changes::default() };
        let then = move |console: &mut Self, durable: Result<(), RequestError>| {
            if console.sync.round() == round {
                console.sync.deciding.remove(&row);
                let settled = durable.is_ok().then(|| console.sync.outbox.keep_theirs(row, server, now));
                // The answer of a request may have changed a row meanwhile.
                let other: Vec<_> = settled.into_iter().flatten().filter(|update| !written.contains(update)).collect();
                if !other.is_empty() {
                    console.commits.capture(|changes| changes.outbox_updates.extend(other));
                }
                console.changed = true;
            }
            answer(reply, durable);
        };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(then))] });
    }

    pub(crate) fn send_ours(&mut self, row: RowId, their_id: &str, their_version: &str, reply: Reply<()>) {
        let over = decided_of(&self.clinic_address(), their_id, their_version);
        self.decide(row, AuditAction::ConflictDecided, reply, move |console| {
            let updates = console.sync.outbox.send_over(row, over);
            if !updates.is_empty() {
                console.sync.outbox.try_now();
            }
            updates
        });
    }

    /// Both sides of a conflict. That it was looked at is written before it is answered.
    pub(crate) fn conflict(&mut self, row: RowId, reply: Reply<Conflict>) {
        let Some(head) = self.sync.outbox.row(row).filter(|head| head.is_conflict()) else {
            return answer(reply, Err(RequestError::NoSuchRecord));
        };
        let author = head.measured_by.map(|author| crate::clinician::ClinicianId(author.0));
        let now = self.now();
        let clinic = match self.clinic_for(author, now) {
            ClinicFor::Ready(clinic) => clinic,
            ClinicFor::NoServer => return answer(reply, Err(RequestError::NoServer)),
            _ => return answer(reply, Err(RequestError::ServerNotReached)),
        };
        let store = self.ports.store.clone();
        self.about_row(AuditAction::ConflictSeen, row, reply, move |row| async move {
            both(store.as_ref(), clinic.as_ref(), row).await
        });
    }

    pub(crate) fn set_metered(&mut self, metered: bool, reply: Reply<()>) {
        let Some(clinic) = self.ports.clinic.as_ref().filter(|_| self.sync.configured) else {
            return answer(reply, Err(RequestError::NoServer));
        };
        let server = StoredServer { address: clinic.address(), traits: self.sync.outbox.server(), metered };
        self.sync.set_metered(metered, self.policy.metered);
        self.sync.kept = server.traits;
        self.commits.capture(|changes| changes.server_traits = Some(server));
        self.commits.after_capture(After::Reply(Box::new(move |result| answer(reply, result))));
        self.changed = true;
    }

    fn put_away(&mut self, row: RowId, reason: String, dependants: Dependants) -> Vec<RowUpdate> {
        let by = self.access.clinician.as_ref().map(|clinician| AuthorId(clinician.id.0));
        let discard = Discard { reason, by, at: self.ports.machine.wall() };
        self.sync.outbox.discard(row, &discard, dependants)
    }

    /// Decides once it is known whom the record is about: the entry names that patient. Nothing is decided of a record that
    /// is not there any more.
    fn decide(
        &mut self,
        row: RowId,
        action: AuditAction,
        reply: Reply<()>,
        decision: impl FnOnce(&mut Self) -> Vec<RowUpdate> + Send + 'static,
    ) {
        self.with_subject(row, reply, move |console, _, patient, reply| {
            // Of one that is being decided already nothing else can be said.
            let updates = if console.sync.deciding.contains(&row) { Vec::new() } else { decision(console) };
            console.decided(updates, action, patient, reply);
        });
    }

    /// What was decided is written with an entry about it, and answered when it is durable.
    fn decided(&mut self, updates: Vec<RowUpdate>, action: AuditAction, patient: Option<PatientId>, reply: Reply<()>) {
        if updates.is_empty() {
            return answer(reply, Err(RequestError::NoSuchRecord));
        }
        let entry = self.entry(action, patient, None);
        let changes = Changes { outbox_updates: updates, audit: vec![entry], ..Changes::default() };
        // Before the rows are marked as going: what is sent is read from the store. Where this fails, the store keeps what
        // it had, and what goes all the same is refused over another version, as before.
        let after = vec![After::Reply(Box::new(move |result| answer(reply, result)))];
        self.commits.request(Batch { changes, after });
        self.changed = true;
    }
}

/// Our side from the store, the server's from the server: by the id under which it is known there, else by its identifier.
async fn both(store: &dyn RecordStore, clinic: &dyn ClinicServer, row: OutboxRow) -> Result<Conflict, RequestError> {
    let query = Query::ServerCopies { server: clinic.address(), resources: vec![row.resource_id] };
    let Answer::ServerCopies(known) = store.read(query).await? else {
        return Err(StoreFault::another_answer().into());
    };
    let known = known.into_iter().next().map(|one| one.server.id).unwrap_or_else(|| row.resource_id.to_string());
    let by_id = format!("{}?_id={known}", row.resource_type);
    let mut theirs = asked(clinic, by_id).await?;
    if theirs.is_empty()
        && let Some(path) = by_identifier(&row)
    {
        theirs = asked(clinic, path).await?;
    }
    Ok(Conflict { row: row.id, ours: row.payload, theirs })
}

fn by_identifier(row: &OutboxRow) -> Option<String> {
    let row = bedside_fhir::BatchRow::new(&row.resource_type, row.resource_id, &row.payload);
    bedside_fhir::identifiers_search_path(&[row])
}

async fn asked(clinic: &dyn ClinicServer, path: String) -> Result<Vec<TheirVersion>, RequestError> {
    let request = ClinicRequest { method: Method::Get, path, body: None };
    let answer = clinic.send(request).await.map_err(|fault| match fault {
        ClinicFault::Unreachable(_) | ClinicFault::NotTrusted(_) => RequestError::ServerNotReached,
        ClinicFault::Ambiguous(_) | ClinicFault::TooLarge { .. } => RequestError::ServerSaidNo(0),
    })?;
    if answer.status != 200 {
        return Err(RequestError::ServerSaidNo(answer.status));
    }
    let found = bedside_fhir::parse_server_copies(&answer.body).map_err(|_| RequestError::ServerSaidNo(200))?;
    let their = |(name, json)| {
        let ServerCopy { id, version, modified, .. } = server_copy(name, "");
        TheirVersion { id, version, modified, json }
    };
    Ok(found.into_iter().map(their).collect())
}
