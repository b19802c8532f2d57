//! The patient list of the clinic's server: fetched when the vault is opened, by hand, and every so many minutes; each page
//! is written in one commit with how far its query got. Offline the last list stays, with its age.
//! Not here: which request comes next (`walk`), whose record a patient is (`identity`), what a person decides (`deciding`).
mod brought;
mod deciding;
mod identity;
mod paging;
mod record;
mod shown;
mod walk;

pub use identity::IdentityDifference;
pub use record::{ClinicOrder, ClinicPage, ClinicPatient, ClinicRecord, DownloadCursor, Join, WholeOrders};
pub use shown::{AtClinic, IdentityChoice, IdentityQuestion, OrderLine, Orders};

use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::commits::{After, Batch};
use crate::event_loop::Console;
use crate::people::answer;
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::{ListState, SkippedResources};
use bedside_fhir::download::{ServerId, Skipped};
use bedside_outbox::{OutboxRow, RowId, ServerCopy};
use bedside_session::Now;
use bedside_vitals::{BootTime, PatientId, WallTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use uuid::Uuid;
use walk::{PAGE, WORKLIST, Walk};

/// The wait after the first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// A download that had to begin anew more often is broken off until its next time.
const MOST_ANEW: u32 = 3;

/// What a person decided, while something else was being written, and on what that person looked.
type Decision = (ServerId, Uuid, IdentityChoice, Reply<()>);

/// A row of a patient whom the server has under a name of its own.
type Joined = (RowId, ServerCopy);

/// What is known of the clinic's patient list.
pub(crate) struct Download {
    /// The server's base URL: what was kept of another one is not this one's.
    server: String,
    /// Counts how often everything was forgotten.
    round: u64,
    patients: BTreeMap<ServerId, ClinicPatient>,
    /// Patients of the record whom a server of another address named, and this one does not.
    elsewhere: BTreeSet<PatientId>,
    /// Since the vault was opened the list was taken, or given up until its next time.
    heard: bool,
    cursors: BTreeMap<String, WallTime>,
    /// When each query was answered to its end.
    answered: BTreeMap<String, WallTime>,
    walk: Option<Walk>,
    /// A request is under way.
    in_flight: bool,
    /// Its answer came while something was being written.
    arrived: Option<paging::Arrived>,
    /// Changes of what is kept of the server are being written: nothing is decided on what was before them.
    writing: bool,
    decisions: VecDeque<Decision>,
    /// Entries that are asked for on a page: fewer, where a server found a page too large.
    page: usize,
    /// Failures in a row.
    failures: u32,
    /// How often this download had to begin with its first page again.
    anew: u32,
    /// Not before.
    next: Option<BootTime>,
    asked_by_hand: bool,
    fault: Option<(&'static str, String)>,
    skipped: BTreeMap<(&'static str, &'static str), u32>,
}

impl Default for Download {
    fn default() -> Self {
        Self {
            server: String::new(),
            round: 0,
            patients: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            heard: false,
            cursors: BTreeMap::new(),
            answered: BTreeMap::new(),
            walk: None,
            in_flight: false,
            arrived: None,
            writing: false,
            decisions: VecDeque::new(),
            page: PAGE,
            failures: 0,
            anew: 0,
            next: None,
            asked_by_hand: false,
            fault: None,
            skipped: BTreeMap::new(),
        }
    }
}

impl Download {
    /// The vault is locked: nothing of a person stays in memory, and what is under way is not waited for.
    pub(crate) fn forget(&mut self) {
        for (_, _, _, reply) in std::mem::take(&mut self.decisions) {
            answer(reply, Err(RequestError::Locked));
        }
        *self = Self { round: self.round + 1, page: self.page, ..Self::default() };
    }

    /// The network is back: a download that failed does not wait for its next try.
    pub(crate) fn network_returned(&mut self) {
        if self.fault.is_some() {
            self.next = None;
        }
    }

    /// What is known of the server's patients is being changed.
    pub(crate) const fn is_writing(&self) -> bool {
        self.writing
    }

    /// Whether this server has a patient of the record under a name of its own.
    pub(crate) fn knows(&self, patient: PatientId) -> bool {
        self.patients.values().any(|one| one.join.is_linked() && one.patient == Some(patient))
    }

    /// Patients whom another server named, and this one did not when the vault was opened.
    pub(crate) fn only_elsewhere(&self) -> Vec<PatientId> {
        self.elsewhere.iter().copied().collect()
    }

    /// Whether the list was taken, or given up until its next time, since the vault was opened.
    pub(crate) const fn was_heard(&self) -> bool {
        self.heard
    }

    /// The list is asked for at once.
    pub(crate) fn due_now(&mut self) {
        self.next = None;
    }

    /// Whether the list is not being fetched: its next try has a time, or somebody must sign in first.
    pub(crate) fn waits(&self, boot: BootTime) -> bool {
        let for_sign_in = self.fault.as_ref().is_some_and(|(code, _)| *code == paging::SIGN_IN);
        let idle = !self.in_flight && !self.writing && self.arrived.is_none();
        idle && (for_sign_in || self.next.is_some_and(|next| boot < next))
    }

    /// What the vault keeps of this server and of others.
    fn load(&mut self, server: String, record: ClinicRecord, others: impl Iterator<Item = ClinicRecord>) {
        self.server = server;
        let linked = |one: ClinicPatient| one.patient.filter(|_| one.join.is_linked());
        let here: BTreeSet<_> = record.patients.iter().cloned().filter_map(linked).collect();
        let elsewhere = others.flat_map(|other| other.patients).filter_map(linked);
        self.elsewhere = elsewhere.filter(|patient| !here.contains(patient)).collect();
        self.patients = record.patients.into_iter().map(|one| (one.id.clone(), one)).collect();
        self.answered = record.cursors.iter().map(|one| (one.query.clone(), one.taken)).collect();
        self.cursors = record.cursors.into_iter().filter_map(|one| Some((one.query, one.updated?))).collect();
    }

    /// The list at a glance; nothing of a person.
    pub(crate) fn state(&self, wall: WallTime, boot: BootTime) -> ListState {
        let wait = self.next.filter(|next| *next > boot).map(|next| next.0.saturating_sub(boot.0));
        let skipped = self.skipped.iter();
        ListState {
            taken: self.answered.get(WORKLIST).copied(),
            under_way: self.walk.is_some() && wait.is_none(),
            fault: self.fault.clone(),
            next_attempt: wait.map(|wait| wall.plus_millis(millis(wait))),
            listed: self.patients.values().filter(|one| one.listed).count() as u64,
            questions: self.patients.values().filter(|one| one.join.is_question()).count() as u64,
            skipped: skipped.map(|(&(resource, why), &count)| SkippedResources { resource, why, count }).collect(),
        }
    }

    fn skip(&mut self, resource: &'static str, why: &[Skipped]) {
        for why in why {
            *self.skipped.entry((resource, why.name())).or_default() += 1;
        }
    }
}

impl Console {
    /// The vault is opened: the list is due now.
    pub(crate) fn load_clinic(&mut self, mut kept: BTreeMap<String, ClinicRecord>) {
        let Some(clinic) = &self.ports.clinic else { return };
        let server = clinic.address();
        let record = kept.remove(&server).unwrap_or_default();
        self.download.load(server, record, kept.into_values());
    }

    /// References to patients of the record become those of the server's own ids, just before rows are sent.
    pub(crate) fn known_at_server(&self, rows: &mut [OutboxRow]) {
        let linked = self.download.patients.values().filter(|one| one.join.is_linked());
        let other_id = |one: &&ClinicPatient| one.patient.is_some() && identity::own_id(&one.id) != one.patient;
        let ids: BTreeMap<PatientId, &ServerId> =
            linked.filter(other_id).filter_map(|one| Some((one.patient?, &one.id))).collect();
        for row in rows.iter_mut().filter(|_| !ids.is_empty()) {
            if let Some(payload) = with_ids_of_server(&row.payload, &ids) {
                row.payload = payload;
            }
        }
    }

    /// A person asks for the list now. Answered at once: how it goes is in the snapshot.
    pub(crate) fn pull_patients(&mut self, reply: Reply<()>) {
        if self.ports.clinic.is_none() {
            return answer(reply, Err(RequestError::NoServer));
        }
        if self.policy.worklist.is_none() {
            return answer(reply, Err(RequestError::NoWorklist));
        }
        self.download.asked_by_hand = true;
        self.download.next = None;
        answer(reply, Ok(()));
    }

    /// The next request of a download, if it is time for one.
    pub(crate) fn start_download(&mut self, now: Now) {
        if !self.access.vault_is_open() || self.closing.is_some() || self.download.writing {
            return;
        }
        if !self.knows_what_is_elsewhere() {
            return;
        }
        if self.download.arrived.is_some() {
            return self.take_arrived();
        }
        if let Some((id, shown, choice, reply)) = self.download.decisions.pop_front() {
            return self.decide_identity(id, shown, choice, reply);
        }
        let idle = !self.download.in_flight && self.ports.clinic.is_some();
        let Some(worklist) = self.policy.worklist.as_ref().filter(|_| idle) else { return };
        if self.download.next.is_some_and(|next| now.boot < next) {
            return;
        }
        let by = worklist.by.clone();
        let Some(clinic) = self.clinic_for_download(now) else { return };
        if self.download.walk.is_none() {
            let (cursors, page) = (self.download.cursors.clone(), self.download.page);
            self.download.walk = Some(Walk::new(&by, cursors, page, now.wall));
            self.download.skipped.clear();
            self.download.asked_by_hand = false;
            self.changed = true;
        }
        self.ask_page(clinic);
    }

    /// A download ended, or was broken off: the next one comes after the policy's minutes, or as soon as somebody asks.
    fn rest(&mut self) {
        let minutes = self.policy.worklist.as_ref().map_or(u32::MAX, |worklist| worklist.every_minutes);
        let wait = Duration::from_secs(u64::from(minutes) * 60);
        self.download.walk = None;
        self.download.anew = 0;
        self.download.next = Some(self.ports.machine.boot().plus(wait));
        if std::mem::take(&mut self.download.asked_by_hand) {
            self.download.next = None;
        }
        self.changed = true;
        self.list_heard();
    }

    /// Whom the server has is known as far as it can be: what waited for that goes.
    fn list_heard(&mut self) {
        self.download.heard = true;
        self.send_anew();
    }

    /// The same page is asked for again, later; after many failures the download begins anew at its next time.
    fn again_later(&mut self, fault: (&'static str, String), wanted: Option<Duration>) {
        const MOST_FAILURES: u32 = 8;
        let download = &mut self.download;
        download.failures = download.failures.saturating_add(1);
        download.fault = Some(fault);
        if download.failures >= MOST_FAILURES {
            let entry = self.download_entry(AuditOutcome::Failed, 0);
            self.note(entry);
            self.download.failures = 0;
            return self.rest();
        }
        let doubled = FIRST_WAIT.saturating_mul(1 << (self.download.failures - 1).min(10)).min(LONGEST_WAIT);
        // Full jitter: consoles that lost one server do not come back at once.
        let random = self.ports.machine.random();
        let share = f64::from(u32::from_le_bytes([random[0], random[1], random[2], random[3]])) / f64::from(u32::MAX);
        let wait = wanted.map_or(doubled.mul_f64(share), |wanted| wanted.min(LONGEST_WAIT));
        self.download.next = Some(self.ports.machine.boot().plus(wait));
        self.changed = true;
    }

    /// The download begins with its first page again, later; but not for ever: what it begins with may never come to an end.
    fn anew(&mut self, fault: (&'static str, String), wanted: Option<Duration>) {
        self.download.walk = None;
        self.download.anew += 1;
        if self.download.anew > MOST_ANEW {
            return self.broken_off(fault.0, fault.1);
        }
        self.again_later(fault, wanted);
    }

    /// The download cannot go on: what was written of it stays, the rest comes next time.
    fn broken_off(&mut self, code: &'static str, why: String) {
        tracing::warn!(code, why, "the patient list could not be fetched whole; what came is kept");
        let entry = self.download_entry(AuditOutcome::Failed, 0);
        self.note(entry);
        self.download.fault = Some((code, why));
        self.download.failures = 0;
        self.rest();
    }

    fn download_entry(&self, outcome: AuditOutcome, listed: usize) -> AuditEntry {
        let entry = self.entry(AuditAction::PatientsDownloaded, None, None);
        AuditEntry { outcome, count: u32::try_from(listed).ok().filter(|listed| *listed != 1), ..entry }
    }

    /// Commits what a page brought; what follows learns whether it is durable in the open vault. The rows of `joined` are
    /// settled with it, and what waits for them may go only then: before, nobody knows under which name.
    fn commit_page(
        &mut self,
        mut changes: Changes,
        joined: Vec<Joined>,
        then: impl FnOnce(&mut Self, Result<(), RequestError>) + Send + 'static,
    ) {
        let (round, now) = (self.download.round, self.ports.machine.wall());
        let written: Vec<_> =
            joined.iter().flat_map(|(row, copy)| self.sync.when_known_as(*row, copy.clone(), now)).collect();
        changes.outbox_updates.extend(written.iter().cloned());
        self.download.writing = true;
        let then = move |console: &mut Self, durable: Result<(), RequestError>| {
            if console.download.round != round {
                return then(console, Err(RequestError::Locked));
            }
            console.download.writing = false;
            if durable.is_ok() {
                let settled: Vec<_> =
                    joined.into_iter().flat_map(|(row, copy)| console.sync.known_as(row, copy, now)).collect();
                // The answer of a request may have changed a row meanwhile.
                let other: Vec<_> = settled.into_iter().filter(|update| !written.contains(update)).collect();
                if !other.is_empty() {
                    console.commits.capture(|changes| changes.outbox_updates.extend(other));
                }
            }
            then(console, durable);
        };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(then))] });
    }

    /// Takes into memory what was just written.
    fn remember_page(&mut self, page: ClinicPage) {
        for patient in page.patients {
            self.download.patients.insert(patient.id.clone(), patient);
        }
        for cursor in page.cursors {
            self.download.answered.insert(cursor.query.clone(), cursor.taken);
            if let Some(updated) = cursor.updated {
                self.download.cursors.insert(cursor.query, updated);
            }
        }
    }
}

/// The same resource with references to the server's own patients; `None` where there are none to be changed.
fn with_ids_of_server(payload: &str, ids: &BTreeMap<PatientId, &ServerId>) -> Option<String> {
    const REFERENCE: &str = "\"Patient/";
    let mut parts = payload.split(REFERENCE);
    let mut all = parts.next()?.to_owned();
    let mut changed = false;
    for part in parts {
        all.push_str(REFERENCE);
        let (id, rest) = part.split_once('"').map_or((part, None), |(id, rest)| (id, Some(rest)));
        let theirs = id.parse().ok().and_then(|id| ids.get(&PatientId(id)));
        changed |= theirs.is_some();
        all.push_str(theirs.map_or(id, |theirs| theirs.as_str()));
        if let Some(rest) = rest {
            all.push('"');
            all.push_str(rest);
        }
    }
    changed.then_some(all)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
