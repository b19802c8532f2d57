//! What is seen leaves a trace before it is answered; the anchor is kept in the keyring; what an opened vault is against
//! it is told. Not here: entries of acts, which are pushed where the acts are done, and the chain (the vault's).
use crate::access::By;
use crate::audit::{
    Anchor, AnchorVerdict, AuditAction, AuditEntry, AuditFaultKind, AuditLog, AuditOrigin, AuditOutcome, AuditVerdict,
    DigestFault,
};
use crate::clinician::ClinicianId;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Answer, KeyNote, KeyStore, Machine, Query, RecordStore, StoreFault, VaultId};
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::{Reply, Request};
use crate::snapshot::VaultNotice;
use bedside_session::Now;
use bedside_vitals::{BootTime, DeviceId, PatientId, WallTime};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// A page that refreshes itself is one look: the same clinician, the same thing, asked for again within this time.
const A_LOOK_GOES_ON: Duration = Duration::from_secs(60);
/// The keyring's anchor is written after so many commits,
const ANCHOR_COMMITS: u64 = 50;
/// or so long after a commit that it does not know.
const ANCHOR_AFTER: Duration = Duration::from_secs(30);
/// An opened vault settles before its whole record is gone through.
const VERIFY_AFTER: Duration = Duration::from_secs(5);

/// What follows from a finished read or commit.
pub(crate) type Then = Box<dyn FnOnce(&mut Console) + Send>;

/// What was found: how many records, and the answer.
type Found<T> = Result<(usize, T), RequestError>;

/// A page, by the name of its action, and whose it is.
type Look = (&'static str, Option<PatientId>);

/// Looks that go on, and how fresh the keyring's anchor is.
#[derive(Default)]
pub(crate) struct Auditing {
    looks: BTreeMap<Look, (Option<ClinicianId>, BootTime)>,
    generation: u64,
    /// The generation that the keyring knows, and when it was written; `None` before the anchor there was looked at.
    anchored: Option<(u64, BootTime)>,
    writing: bool,
    /// When the whole record is to be gone through, against this anchor.
    verify: Option<(BootTime, Option<Anchor>)>,
}

impl Auditing {
    /// A commit is durable.
    pub(crate) fn committed(&mut self, generation: u64) {
        self.generation = self.generation.max(generation);
    }

    /// The last commit of this run that is durable in the vault; 0 before the first.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

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
        if let RequestError::NotPermitted(_) = error
            && let Some(act) = Act::of(request).or_else(|| Act::of_the_vault(request))
        {
            self.note_failure(self.by(), act, error);
        }
    }

    /// The same request; if it does not come about, that leaves a trace too.
    pub(crate) fn failures_noted(&mut self, request: Request) -> Request {
        // Whatever reads notes its failures by itself.
        let Some(act) = Act::of(&request).filter(|act| !act.reads) else { return request };
        let (request, answered) = request.watched();
        let by = self.by();
        self.start_work(async move {
            match answered.await {
                Some(error) => Done::Then(Box::new(move |console: &mut Self| console.note_failure(by, act, &error))),
                None => Done::Nothing,
            }
        });
        request
    }

    fn note_failure(&mut self, by: By, act: Act, error: &RequestError) {
        let outcome = match error {
            RequestError::Store(_) | RequestError::Radio(_) | RequestError::NoAnswer | RequestError::Keys(_) => {
                AuditOutcome::Failed
            }
            _ => AuditOutcome::Refused,
        };
        let entry = AuditEntry { outcome, ..self.entry_by(by, act.action, act.patient, act.device) };
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

    /// Follows the chain, against the anchor that the keyring has.
    pub(crate) fn verify_audit(&mut self, reply: Reply<AuditVerdict>) {
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        self.start_work(async move {
            // Without a keyring the chain is followed all the same.
            let note = keys.note(vault, KeyNote::Anchor).await.ok().flatten();
            let anchor = note.as_deref().and_then(Anchor::from_note);
            let verdict = match store.read(Query::VerifyAudit(anchor)).await {
                Ok(Answer::AuditVerdict(verdict)) => Ok(verdict),
                Ok(_) => Err(another_answer().into()),
                Err(fault) => Err(fault.into()),
            };
            answer(reply, verdict);
            Done::Nothing
        });
    }

    /// The vault is open: what it is against the keyring's anchor, and whether the policy is another one than last time.
    pub(crate) fn after_opening(&mut self) {
        self.auditing = Auditing::default();
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        let (policy, wall) = (self.run.policy, self.ports.machine.wall());
        self.start_work(async move {
            let (known, verdict) = against_anchor(store.as_ref(), keys.as_ref(), vault).await;
            if known.is_none() && verdict.is_none() {
                // The first anchor is written at once: a run that is broken off early must not leave a vault without one.
                write(store.as_ref(), keys.as_ref(), vault, wall).await;
            }
            let last = match store.read(Query::LastRun).await {
                Ok(Answer::LastRun(last)) => last,
                Ok(_) | Err(_) => None,
            };
            let other_policy = last.is_some_and(|last| last.policy.is_some() && last.policy != policy);
            Done::Then(Box::new(move |console: &mut Self| console.opened_against(known, verdict, other_policy)))
        });
    }

    fn opened_against(&mut self, known: Option<Anchor>, verdict: Option<Finding>, other_policy: bool) {
        if other_policy {
            let entry = self.stamped(AuditAction::PolicyChanged);
            self.commits.capture(|changes| changes.audit.push(entry));
        }
        if let Some(finding) = verdict {
            self.found_tampering(finding);
        }
        let now = self.ports.machine.boot();
        // From here on the keyring may learn of what this opening brings.
        self.auditing.anchored = Some((0, now));
        self.auditing.verify = Some((now.plus(VERIFY_AFTER), known));
    }

    fn found_tampering(&mut self, finding: Finding) {
        tracing::error!(code = "VAULT-TAMPER", what = finding.what, "the record is not what was written last");
        let entry = AuditEntry { reason: Some(finding.detail), ..self.stamped(AuditAction::TamperFound) };
        self.commits.capture(|changes| changes.audit.push(entry));
        self.access.notices.push(finding.notice);
        self.changed = true;
    }

    /// Writes the anchor when it is due, and goes through the whole record once after each opening, in an idle moment.
    pub(crate) fn keep_anchor(&mut self, now: Now) {
        if self.commits.busy() || self.auditing.writing || !self.access.vault_is_open() {
            return;
        }
        if let Some((generation, at)) = self.auditing.anchored {
            let commits = self.auditing.generation.saturating_sub(generation);
            let waited = now.boot.0.saturating_sub(at.0);
            if commits >= ANCHOR_COMMITS || commits > 0 && waited >= ANCHOR_AFTER {
                self.auditing.writing = true;
                let write = self.write_anchor();
                let present = (self.auditing.generation, now.boot);
                return self.start_work(async move {
                    write.await;
                    Done::Then(Box::new(move |console: &mut Self| {
                        console.auditing.writing = false;
                        console.auditing.anchored = Some(present);
                    }))
                });
            }
        }
        if self.auditing.verify.as_ref().is_some_and(|(due, _)| now.boot >= *due)
            && let Some((_, anchor)) = self.auditing.verify.take()
        {
            let store = self.ports.store.clone();
            self.start_work(async move {
                let findings = go_through(store.as_ref(), anchor).await;
                Done::Then(Box::new(move |console: &mut Self| {
                    findings.into_iter().for_each(|finding| console.found_tampering(finding));
                }))
            });
        }
    }

    /// The last anchor before the vault is locked or closed.
    pub(crate) fn before_locking(&self) -> BoxFuture<'static, ()> {
        // An anchor that was never looked at is not written over.
        if self.auditing.anchored.is_some() { self.write_anchor() } else { Box::pin(async {}) }
    }

    fn write_anchor(&self) -> BoxFuture<'static, ()> {
        let (store, keys, vault) = (self.ports.store.clone(), self.ports.keys.clone(), self.vault);
        let wall = self.ports.machine.wall();
        Box::pin(async move { write(store.as_ref(), keys.as_ref(), vault, wall).await })
    }
}

/// Writes the anchor of the open vault into the keyring.
pub(crate) async fn write(store: &dyn RecordStore, keys: &dyn KeyStore, vault: VaultId, wall: WallTime) {
    match store.read(Query::Anchor).await {
        Ok(Answer::Anchor(anchor)) => {
            let note = Anchor { at: wall, ..anchor }.to_note();
            if let Err(fault) = keys.set_note(vault, KeyNote::Anchor, &note).await {
                tracing::warn!(code = "KEY-ANCHOR", %fault, "the keyring did not take the anchor; it is tried again");
            }
        }
        Ok(_) => tracing::error!(code = "STORE-ANSWER", "the store answered another query"),
        Err(fault) => tracing::warn!(code = "STORE-READ", %fault, "the anchor could not be read"),
    }
}

/// Something that is not as it was written.
struct Finding {
    what: &'static str,
    notice: VaultNotice,
    detail: String,
}

impl Finding {
    fn altered(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, notice: VaultNotice::Altered { what }, detail: detail.into() }
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

/// What the keyring knows, and what does not agree with it.
async fn against_anchor(
    store: &dyn RecordStore,
    keys: &dyn KeyStore,
    vault: VaultId,
) -> (Option<Anchor>, Option<Finding>) {
    let note = match keys.note(vault, KeyNote::Anchor).await {
        Ok(note) => note,
        Err(fault) => {
            tracing::warn!(code = "KEY-ANCHOR", %fault, "the keyring's anchor could not be read");
            return (None, None);
        }
    };
    let Some(note) = note else {
        let detail = "the keyring has no anchor of this vault, which should have one";
        let missing = expects_anchor(store).await.then(|| Finding::altered("anchor", detail));
        return (None, missing);
    };
    let Some(anchor) = Anchor::from_note(&note) else {
        return (None, Some(Finding::altered("anchor", "the keyring's anchor is not one of ours")));
    };
    let known = match store.read(Query::CompareAnchor(anchor.clone())).await {
        Ok(Answer::AnchorVerdict(verdict)) => finding_of(verdict),
        Ok(_) => None,
        Err(fault) => Some(Finding::altered("anchor", format!("the record could not be compared: {fault}"))),
    };
    (Some(anchor), known)
}

fn finding_of(verdict: AnchorVerdict) -> Option<Finding> {
    match verdict {
        AnchorVerdict::Fresh => None,
        AnchorVerdict::Older { missing_commits } => Some(Finding {
            what: "older copy",
            notice: VaultNotice::OlderCopy { missing_commits },
            detail: format!("older copy: {missing_commits} commits that the anchor knows are missing"),
        }),
        AnchorVerdict::Truncated => {
            Some(Finding::altered("audit", "audit log: entries that the anchor knows are gone"))
        }
        AnchorVerdict::OtherHistory => {
            Some(Finding::altered("audit", "audit log: another entry stands where the anchor knows one"))
        }
        AnchorVerdict::OtherKey => Some(Finding::altered("audit", "audit log: another key signs its checkpoints")),
    }
}

/// A vault that this version has had open for writing before has an anchor, unless somebody took it away: it is written
/// when the vault is made, and at the latest when it is opened.
async fn expects_anchor(store: &dyn RecordStore) -> bool {
    match store.read(Query::LastRun).await {
        Ok(Answer::LastRun(Some(last))) => last.policy.is_some(),
        Ok(_) | Err(_) => false,
    }
}

/// The whole record: the audit log against the anchor, every table against its digest.
async fn go_through(store: &dyn RecordStore, anchor: Option<Anchor>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match store.read(Query::VerifyAudit(anchor)).await {
        Ok(Answer::AuditVerdict(AuditVerdict::Bad { seq, fault })) => {
            let how = match fault {
                AuditFaultKind::Altered => "was altered",
                AuditFaultKind::Missing => "is missing",
                AuditFaultKind::Signature => "is not signed as it should be",
                AuditFaultKind::Truncated => "and what followed is gone",
            };
            findings.push(Finding::altered("audit", format!("audit log: entry {seq} {how}")));
        }
        Ok(_) | Err(StoreFault::Closed) => {}
        Err(fault) => findings.push(Finding::altered("audit", format!("audit log: {fault}"))),
    }
    match store.read(Query::VerifyDigests).await {
        Ok(Answer::Digests(Some(DigestFault { table, reading }))) => {
            let which = reading.map(|id| format!(", the first: {id}")).unwrap_or_default();
            findings.push(Finding::altered(table, format!("table {table}: rows are not those written{which}")));
        }
        Ok(_) | Err(StoreFault::Closed) => {}
        Err(fault) => findings.push(Finding::altered("record", format!("record: {fault}"))),
    }
    findings
}

/// Names a policy by what is in it.
pub(crate) fn policy_id(policy: &bedside_policy::Policy) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("bedside policy {policy:?}").as_bytes())
}

/// What a request does, in the words of the audit log.
struct Act {
    action: AuditAction,
    patient: Option<PatientId>,
    device: Option<DeviceId>,
    /// Its entry is written where it is answered, whatever came of it.
    reads: bool,
}

impl Act {
    /// Requests about who is here and about the vault write entries of their own, of what failed too (`access`, `safety`).
    fn of(request: &Request) -> Option<Self> {
        use AuditAction::*;
        let reads = |action, patient| Some(Self { action, patient, device: None, reads: true });
        let act = |action, patient, device| Some(Self { action, patient, device, reads: false });
        match request {
            Request::ListPatients { .. } => reads(PatientsListed, None),
            Request::TrendChart { trend, .. } => reads(TrendSeen, Some(trend.patient)),
            Request::Inbox { .. } => reads(InboxSeen, None),
            Request::OutboxRows { .. } => reads(OutboxSeen, None),
            Request::Audit { patient, .. } => reads(AuditSeen, *patient),
            Request::Query { query, .. } => seen_by(query).and_then(|(action, patient)| reads(action, patient)),
            Request::OpenPatient { patient, .. } => act(PatientOpened, *patient, None),
            Request::AddPatient { .. } => act(PatientAdded, None, None),
            Request::Assign { patient, .. } => act(ReadingsAssigned, Some(*patient), None),
            Request::CorrectReading { .. } => act(ReadingCorrected, None, None),
            Request::RejectReading { .. } => act(ReadingRejected, None, None),
            Request::AcknowledgeInterruption { .. } => act(InterruptionSeen, None, None),
            Request::Bind { patient, .. } => act(DeviceBound, Some(*patient), None),
            Request::BindKnown { device, patient, .. } => act(DeviceBound, Some(*patient), Some(*device)),
            Request::Unbind { device, .. } => act(DeviceUnbound, None, Some(*device)),
            Request::Pair { .. } | Request::PairAnew { .. } => act(DevicePaired, None, None),
            Request::Forget { .. } => act(DeviceForgotten, None, None),
            Request::ConfirmUserSlot { device, .. } => act(UserSlotConfirmed, None, Some(*device)),
            Request::GiveConsent { device, .. } => act(ConsentGiven, None, Some(*device)),
            Request::DecodeRejected { device, .. } => act(DecodedAgain, None, Some(*device)),
            Request::Retry { .. } => act(RecordRetried, None, None),
            Request::SetStrips { .. }
            | Request::Search { .. }
            | Request::Capture { .. }
            | Request::AnswerPairing { .. }
            | Request::FetchRecords { .. }
            | Request::AbortRecords { .. }
            | Request::SyncNow { .. }
            | Request::SyncUntilQuiet { .. }
            | Request::SignIn { .. }
            | Request::OpenWithDeviceSecret { .. }
            | Request::Recover { .. }
            | Request::EnrolFirst { .. }
            | Request::LockScreen { .. }
            | Request::LockVault { .. }
            | Request::UnlockScreen { .. }
            | Request::Activity { .. }
            | Request::BreakGlass { .. }
            | Request::EndBreakGlass { .. }
            | Request::Clinicians { .. }
            | Request::AddClinician { .. }
            | Request::ChangeClinician { .. }
            | Request::DisableClinician { .. }
            | Request::ChangePassphrase { .. }
            | Request::ResetPassphrase { .. }
            | Request::ChangePin { .. }
            | Request::BackUp { .. }
            | Request::Backups { .. }
            | Request::Check { .. }
            | Request::Restore { .. }
            | Request::Rekey { .. }
            | Request::NewRecoveryKey { .. }
            | Request::VerifyAudit { .. }
            | Request::Close { .. } => None,
        }
    }
}

impl Act {
    /// Requests that write entries of their own once they are carried out, and none while they are refused.
    fn of_the_vault(request: &Request) -> Option<Self> {
        let action = match request {
            Request::AddClinician { .. } => AuditAction::ClinicianAdded,
            Request::ChangeClinician { .. } => AuditAction::ClinicianChanged,
            Request::DisableClinician { .. } => AuditAction::ClinicianDisabled,
            Request::ResetPassphrase { .. } => AuditAction::PassphraseChanged,
            Request::BackUp { .. } => AuditAction::BackedUp,
            Request::Restore { .. } => AuditAction::Restored,
            Request::Rekey { .. } => AuditAction::Rekeyed,
            Request::NewRecoveryKey { .. } => AuditAction::RecoveryKeySet,
            // What is left shows nothing of a person and changes nothing.
            _ => return None,
        };
        Some(Self { action, patient: None, device: None, reads: false })
    }
}

/// Pages that refresh themselves. Everything else is an act of its own each time.
const fn is_look(action: AuditAction) -> bool {
    matches!(
        action,
        AuditAction::PatientsListed | AuditAction::InboxSeen | AuditAction::TrendSeen | AuditAction::OutboxSeen
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
        Query::TheseReadings(_) | Query::Versions(_) | Query::Frames { .. } => (ReadingsListed, None),
        Query::Samples { patient, .. } | Query::MinuteMedians { patient, .. } => (ReadingsListed, *patient),
        Query::LastValues(patient) => (ReadingsListed, Some(*patient)),
        Query::Trend { patient, .. } => (TrendSeen, Some(*patient)),
        Query::OutboxRows { .. } => (OutboxSeen, None),
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
        | Query::VerifyAudit(_)
        | Query::Anchor
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
        Answer::Audit(all) => all.len(),
        Answer::Versions(all) => all.len(),
        Answer::Frames(all) => all.len(),
        _ => 1,
    }
}

/// Entries with the names that they need: whoever may read the log may know whom it is about.
async fn named_log(store: &dyn RecordStore, patient: Option<PatientId>, limit: usize) -> Result<AuditLog, StoreFault> {
    let Answer::Audit(entries) = store.read(Query::Audit { patient, limit }).await? else {
        return Err(another_answer());
    };
    let Answer::Patients(mut patients) = store.read(Query::Patients).await? else { return Err(another_answer()) };
    let Answer::Devices(devices) = store.read(Query::Devices).await? else { return Err(another_answer()) };
    let Answer::Clinicians(clinicians) = store.read(Query::Clinicians).await? else { return Err(another_answer()) };
    let named: BTreeSet<PatientId> = entries.iter().filter_map(|entry| entry.patient).collect();
    patients.retain(|patient| named.contains(&patient.id));
    Ok(AuditLog { entries, patients, devices, clinicians })
}

fn another_answer() -> StoreFault {
    StoreFault::Io("the store answered another query".into())
}
