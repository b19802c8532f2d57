//! What is seen leaves a trace before it is answered, and what is refused or fails leaves one, too. Not here: entries of
//! acts, which are pushed where the acts are done, the chain (the vault's), and its anchor (`anchoring`).
use crate::access::By;
use crate::audit::{AuditAction, AuditEntry, AuditLog, AuditOrigin, AuditOutcome};
use crate::clinician::ClinicianId;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Answer, Machine, Query, RecordStore, StoreFault};
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::{Reply, Request};
use bedside_vitals::{BootTime, DeviceId, PatientId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// A page that refreshes itself is one look: the same clinician, the same thing, asked for again within this time.
const A_LOOK_GOES_ON: Duration = Duration::from_secs(60);

/// What follows from a finished read or commit.
pub(crate) type Then = Box<dyn FnOnce(&mut Console) + Send>;

/// What was found: how many records, and the answer.
type Found<T> = Result<(usize, T), RequestError>;

/// A page, by the name of its action, and whose it is.
type Look = (&'static str, Option<PatientId>);

/// Looks that go on.
#[derive(Default)]
pub(crate) struct Auditing {
    looks: BTreeMap<Look, (Option<ClinicianId>, BootTime)>,
}

/// What a request leaves in the audit log when it does not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Nothing: it changes nothing and shows nothing of a person; or it is never refused for want of a permission, and
    /// writes entries of its own, of what failed too.
    Silent,
    /// An entry about its refusal. Once it is carried out, it writes one of its own, whatever comes of it.
    Itself(AuditAction, Option<PatientId>),
    /// An entry about its refusal or its failure: it writes one of its own about its success alone.
    Act(AuditAction, Option<PatientId>, Option<DeviceId>),
}

impl Trace {
    /// What a query leaves.
    pub(crate) const fn of_query(query: &Query) -> Self {
        match seen_by(query) {
            Some((action, patient)) => Self::Itself(action, patient),
            None => Self::Silent,
        }
    }
}

impl Auditing {
    /// Nobody sees anything any more: the next look is another one.
    pub(crate) fn end_looks(&mut self) {
        self.looks.clear();
    }
}

impl Console {
    /// An entry with the present on every clock, by whoever is signed in with the roles of now.
    pub(crate) fn stamped(&self, action: AuditAction) -> AuditEntry {
        let origin = origin(self.ports.machine.as_ref(), Some(self.run.id));
        let roles = self.access.clinician.as_ref().map(|clinician| clinician.roles.clone()).unwrap_or_default();
        AuditEntry { origin, roles, ..AuditEntry::new(self.ports.machine.wall(), action) }
    }

    /// Reads, writes the entry about it, and answers once that is durable. A look that goes on has its entry already.
    pub(crate) fn audited<T: Send + 'static>(
        &mut self,
        entry: AuditEntry,
        reply: Reply<T>,
        found: impl Future<Output = Found<T>> + Send + 'static,
    ) {
        self.start_work(async move {
            let found = found.await;
            Done::Then(Box::new(move |console: &mut Self| console.found(entry, found, reply)))
        });
    }

    fn found<T: Send + 'static>(&mut self, mut entry: AuditEntry, found: Found<T>, reply: Reply<T>) {
        let now = self.ports.machine.boot();
        let key = (entry.action.name(), entry.patient);
        let look = (entry.actor, now);
        let goes_on = |(who, at): &(Option<ClinicianId>, BootTime)| {
            *who == entry.actor && now.0.saturating_sub(at.0) < A_LOOK_GOES_ON
        };
        let found = match found {
            Ok((count, value)) => {
                if is_look(entry.action) && self.auditing.looks.get(&key).is_some_and(goes_on) {
                    self.auditing.looks.insert(key, look);
                    return answer(reply, Ok(value));
                }
                entry.count = u32::try_from(count).ok().filter(|count| *count != 1);
                Ok(value)
            }
            Err(error) => {
                entry.outcome = AuditOutcome::Failed;
                Err(error)
            }
        };
        self.after_durable(entry, move |console, durable| {
            if durable.is_ok() && found.is_ok() {
                console.auditing.looks.insert(key, look);
            }
            answer(reply, found.and_then(|value| durable.map(|()| value)));
        });
    }

    /// Commits an entry by itself; what follows learns whether it is durable. Into the spool of a vault that was locked
    /// meanwhile is not: nothing may be seen then.
    pub(crate) fn after_durable(
        &mut self,
        entry: AuditEntry,
        then: impl FnOnce(&mut Self, Result<(), RequestError>) + Send + 'static,
    ) {
        let changes = Changes { audit: vec![entry], ..Changes::default() };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(then))] });
    }

    /// Somebody asked for what they may not do. What is asked for while everything is locked is nobody's act.
    pub(crate) fn note_refusal(&mut self, request: &Request, error: &RequestError) {
        if let RequestError::NotPermitted(_) = error {
            self.note_failure(self.by(), request.trace(), error);
        }
    }

    /// The same request; if it does not come about, that leaves a trace too.
    pub(crate) fn failures_noted(&mut self, request: Request) -> Request {
        let trace @ Trace::Act(..) = request.trace() else { return request };
        let (request, answered) = request.watched();
        let by = self.by();
        self.start_work(async move {
            match answered.await {
                Some(error) => Done::Then(Box::new(move |console: &mut Self| console.note_failure(by, trace, &error))),
                None => Done::Nothing,
            }
        });
        request
    }

    fn note_failure(&mut self, by: By, trace: Trace, error: &RequestError) {
        let (action, patient, device) = match trace {
            Trace::Silent => return,
            Trace::Itself(action, patient) => (action, patient, None),
            Trace::Act(action, patient, device) => (action, patient, device),
        };
        let outcome = match error {
            RequestError::Store(_) | RequestError::Radio(_) | RequestError::NoAnswer | RequestError::Keys(_) => {
                AuditOutcome::Failed
            }
            _ => AuditOutcome::Refused,
        };
        let entry = AuditEntry { outcome, ..self.entry_by(by, action, patient, device) };
        self.note(entry);
    }

    /// Reads committed records. What tells of a person leaves a trace.
    pub(crate) fn query(&mut self, query: Query, reply: Reply<Answer>) {
        let store = self.ports.store.clone();
        let Some((action, patient)) = seen_by(&query) else {
            return self.start_work(async move {
                answer(reply, store.read(query).await.map_err(RequestError::from));
                Done::Nothing
            });
        };
        let entry = self.entry(action, patient, None);
        self.audited(entry, reply, async move {
            let found = store.read(query).await?;
            Ok((count(&found), found))
        });
    }

    /// The audit log, newest first; looking at it is an entry too.
    pub(crate) fn audit_log(&mut self, patient: Option<PatientId>, limit: usize, reply: Reply<AuditLog>) {
        let (store, entry) = (self.ports.store.clone(), self.entry(AuditAction::AuditSeen, patient, None));
        self.audited(entry, reply, async move {
            let log = named_log(store.as_ref(), patient, limit).await?;
            Ok((log.entries.len(), log))
        });
    }
}

/// Where an entry is made; a program that runs beside the console has no run of its own.
pub(crate) fn origin(machine: &dyn Machine, run: Option<Uuid>) -> AuditOrigin {
    AuditOrigin {
        boot: Some(machine.boot()),
        boot_id: Some(machine.boot_id()),
        run,
        version: Some(env!("CARGO_PKG_VERSION").into()),
    }
}

/// Pages that refresh themselves. Everything else is an act of its own each time.
const fn is_look(action: AuditAction) -> bool {
    matches!(
        action,
        AuditAction::PatientsListed
            | AuditAction::ReadingsListed
            | AuditAction::InboxSeen
            | AuditAction::TrendSeen
            | AuditAction::OutboxSeen
            | AuditAction::IdentityQuestionsSeen
            | AuditAction::OrdersSeen
    )
}

/// What a query shows of whom; `None` where it shows nothing of a person.
const fn seen_by(query: &Query) -> Option<(AuditAction, Option<PatientId>)> {
    use AuditAction::*;
    Some(match query {
        Query::Patients
        | Query::PatientByRecordNumber(_)
        | Query::PatientActivity
        | Query::OpenBindings
        | Query::BindingAt(..)
        | Query::LastBindings
        | Query::BindingsOf(_) => (PatientsListed, None),
        Query::Readings { patient, unassigned_only: false, .. } => (ReadingsListed, *patient),
        Query::Readings { unassigned_only: true, .. } => (InboxSeen, None),
        Query::TheseReadings(_)
        | Query::ReadingsAt(_)
        | Query::MediansAt(_)
        | Query::Versions(_)
        | Query::Frames { .. }
        | Query::FrameAt { .. } => (ReadingsListed, None),
        Query::Samples { patient, .. } | Query::MinuteMedians { patient, .. } => (ReadingsListed, *patient),
        Query::LastValues(patient) => (ReadingsListed, Some(*patient)),
        Query::Trend { patient, .. } => (TrendSeen, Some(*patient)),
        Query::OutboxRows { .. } | Query::TheseRows(_) | Query::OpenRows => (OutboxSeen, None),
        Query::ClinicRecords => (PatientsListed, None),
        Query::ClinicOrders { .. } => (OrdersSeen, None),
        Query::Audit { patient, .. } => (AuditSeen, *patient),
        Query::Devices
        | Query::DeviceMemories
        | Query::ClockSettings(_)
        | Query::Connections(_)
        | Query::UnassignedCount
        | Query::KnownReadings(_)
        | Query::OutboxCounts
        | Query::Clinicians
        | Query::VerifyPin(..)
        | Query::AuditToFile { .. }
        | Query::ServerCopies { .. }
        | Query::AcceptedElsewhere(_)
        | Query::ServerTraits(_)
        | Query::ServerTokens(_)
        | Query::VerifyAudit(_)
        | Query::Anchor
        | Query::AnchorKept
        | Query::CompareAnchor(_)
        | Query::VerifyDigests
        | Query::Backups
        | Query::LastRun
        | Query::Interruption
        | Query::UnwritableCount
        | Query::VaultStatus => return None,
    })
}

fn count(answer: &Answer) -> usize {
    match answer {
        Answer::Patients(all) => all.len(),
        Answer::Bindings(all) => all.len(),
        Answer::Readings(all) | Answer::LastValues(all) => all.len(),
        Answer::Samples(all) => all.len(),
        Answer::MinuteMedians(all) => all.len(),
        Answer::PatientActivity(all) => all.len(),
        Answer::OutboxRows(all) => all.len(),
        Answer::OpenRows(all) => all.len(),
        Answer::ClinicRecords(all) => all.values().map(|record| record.patients.len()).sum(),
        Answer::ClinicOrders(all) => all.len(),
        Answer::Audit(all) => all.len(),
        Answer::Versions(all) => all.len(),
        Answer::Frames(all) => all.len(),
        _ => 1,
    }
}

/// Entries with the names that they need: whoever may read the log may know whom it is about.
async fn named_log(store: &dyn RecordStore, patient: Option<PatientId>, limit: usize) -> Result<AuditLog, StoreFault> {
    let Answer::Audit(entries) = store.read(Query::Audit { patient, limit }).await? else {
        return Err(StoreFault::another_answer());
    };
    let Answer::Patients(mut patients) = store.read(Query::Patients).await? else {
        return Err(StoreFault::another_answer());
    };
    let Answer::Devices(devices) = store.read(Query::Devices).await? else { return Err(StoreFault::another_answer()) };
    let Answer::Clinicians(clinicians) = store.read(Query::Clinicians).await? else {
        return Err(StoreFault::another_answer());
    };
    let named: BTreeSet<PatientId> = entries.iter().filter_map(|entry| entry.patient).collect();
    patients.retain(|patient| named.contains(&patient.id));
    Ok(AuditLog { entries, patients, devices, clinicians })
}
