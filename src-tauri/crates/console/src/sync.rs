//! Drives the outbox: asks it what goes next, stores that, sends it, gives the answer back, stores what it made of it.
//! Not here: order, retry and what answers mean (`bedside-outbox`), FHIR (`bedside-fhir`), what is known before the first
//! request (`server_before`), how rows become one (`parcel`), what a person says of a refused record (`decisions`).
mod decisions;
mod parcel;
mod server_before;

pub use decisions::{Conflict, TheirVersion};

use crate::clinic_sign_in::ClinicFor;
use crate::clinician::ClinicianId;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{ClinicAnswer, ClinicFault, ClinicServer, Query, StoreFault};
use crate::records::{Changes, OutboxCounts, StoredServer};
use crate::request::RequestError;
use crate::snapshot::{Metered, SyncProgress, SyncState};
use bedside_fhir::FilingContext;
use bedside_outbox::{
    AuthorId, Limits, Outbox, OutboxRow, Outcome, PauseReason, Progress, RowHead, RowId, RowState, RowUpdate,
    ServerCopy, ServerTraits, Status, Try, TryResult, Withdrawn,
};
use bedside_policy::Policy;
use bedside_session::Now;
use bedside_vitals::WallTime;
use parcel::{Loaded, Parcel};
use server_before::Before;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;

type QuietReply = oneshot::Sender<Result<OutboxCounts, RequestError>>;

/// What sync remembers between requests.
pub(crate) struct Sync {
    pub(crate) context: FilingContext,
    configured: bool,
    /// The newest word on a record that waits, from before this run.
    tried_before: Option<Outcome>,
    /// Counts how often everything was forgotten: an answer to a request from before is not waited for.
    round: u64,
    outbox: Outbox,
    counts: OutboxCounts,
    quiet: Vec<QuietReply>,
    counting: bool,
    recount: bool,
    /// The store's fault that kept the last request from going out.
    unwritten: Option<(&'static str, String)>,
    /// Patients whom only another server has, from before its address was changed.
    elsewhere: BTreeSet<RowId>,
    /// Records of which a person said that the server's version stands, until that is written.
    deciding: BTreeSet<RowId>,
    /// The way for the rows that are being marked.
    way: Option<Arc<dyn ClinicServer>>,
    /// What has to be known before anything goes.
    before: Before,
    /// What is kept of the server.
    kept: ServerTraits,
    metered: Metered,
}

/// A request under way.
pub(crate) struct Tried {
    round: u64,
    parcel: Parcel,
}

impl Sync {
    pub(crate) fn new(context: FilingContext, configured: bool) -> Self {
        Self {
            context,
            configured,
            tried_before: None,
            round: 0,
            outbox: Outbox::new(Limits::default()),
            counts: OutboxCounts::default(),
            quiet: Vec::new(),
            counting: false,
            recount: false,
            unwritten: None,
            elsewhere: BTreeSet::new(),
            deciding: BTreeSet::new(),
            way: None,
            before: Before::default(),
            kept: ServerTraits::default(),
            metered: Metered::Off,
        }
    }

    /// The rows of earlier runs, without their resources. Gives what must be written about them.
    pub(crate) fn load(&mut self, rows: Vec<RowHead>) -> Vec<RowUpdate> {
        // Without a server rows wait on the disk; holding them here too would only grow.
        if !self.configured {
            return Vec::new();
        }
        let tried = rows.iter().filter(|row| row.state == RowState::Waiting && row.attempts > 0);
        let words = tried.filter_map(|row| row.outcome.as_ref());
        self.tried_before = words.max_by_key(|outcome| outcome.at).cloned();
        self.outbox.load(rows)
    }

    /// The vault is locked: what waits for the server is dropped from memory, and loaded again at the next opening. A
    /// request that is under way is asked about then.
    pub(crate) fn forget(&mut self) {
        self.outbox = Outbox::new(Limits::default());
        self.counts = OutboxCounts::default();
        self.tried_before = None;
        self.counting = false;
        self.recount = false;
        self.unwritten = None;
        self.elsewhere.clear();
        self.deciding.clear();
        self.way = None;
        self.before = Before::default();
        self.round += 1;
        for reply in std::mem::take(&mut self.quiet) {
            answer(reply, Err(RequestError::Locked));
        }
    }

    /// A record is not to be sent any more; `None` when it is too late or not here.
    pub(crate) fn withdraw(&mut self, row: RowId, now: WallTime) -> Option<Withdrawn> {
        self.outbox.withdraw(row, now)
    }

    /// A withdrawal could not be written.
    pub(crate) fn undo(&mut self, withdrawn: Withdrawn) {
        self.outbox.undo(withdrawn);
    }

    /// Whether the server may have a row that it has not acknowledged.
    pub(crate) fn may_have_arrived(&self, row: RowId) -> bool {
        let only_elsewhere = self.elsewhere.contains(&row) && self.outbox.row(row).is_none();
        !only_elsewhere && self.outbox.may_have_arrived(row)
    }

    /// Somebody may speak for whoever measured what waits: all of it may go again.
    pub(crate) fn token_came(&mut self) {
        self.outbox.token_came();
    }

    /// The network is back: nothing waits for its next try any more.
    pub(crate) fn network_returned(&mut self) {
        self.outbox.network_returned();
    }

    /// The server has a record under a name of its own, as a person said. Gives what must be written; nothing when it is
    /// not here, or the server may have it under ours.
    pub(crate) fn known_as(&mut self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        self.outbox.known_as(row, server, now)
    }

    /// What `known_as` would change.
    pub(crate) fn when_known_as(&self, row: RowId, server: ServerCopy, now: WallTime) -> Vec<RowUpdate> {
        self.outbox.when_known_as(row, server, now)
    }

    /// Whether the server may take entries of the audit log: each at an id of ours, because nothing else in it would tell a
    /// second copy, and as far as it is known.
    pub(crate) fn takes_audit(&self) -> bool {
        let server = self.outbox.server();
        self.configured && server.our_ids == Some(true) && server.audit_events != Some(false)
    }

    /// Whether entries of the audit log wait, or a request is under way.
    pub(crate) fn audit_is_on_its_way(&self) -> bool {
        self.outbox.has_waiting_audit()
    }

    /// Whether an entry of the audit log has a row that is not settled.
    pub(crate) fn has_open_audit(&self) -> bool {
        self.outbox.has_open_audit()
    }

    /// What the server says of itself.
    pub(crate) fn server_said(&mut self, said: ServerTraits) {
        self.outbox.remember(said);
    }

    /// The server says that it takes ids of ours, and it is not known any more that it does not.
    pub(crate) fn try_our_ids_again(&mut self) {
        self.outbox.try_our_ids_again();
    }

    /// What was learned of the server before, and whether a person said that the way to it costs.
    fn remember(&mut self, known: Option<StoredServer>, policy: &Policy) {
        let by_person = known.as_ref().is_some_and(|known| known.metered);
        if let Some(StoredServer { mut traits, .. }) = known {
            self.kept = traits;
            if !policy.audit_to_server {
                // Whoever switches it on later finds out anew: what was lacking may have been a permission.
                traits.audit_events = None;
            }
            self.outbox.remember(traits);
        }
        self.set_metered(by_person, policy.metered);
    }

    fn set_metered(&mut self, by_person: bool, by_policy: bool) {
        self.metered = match (by_policy, by_person) {
            (true, _) => Metered::ByPolicy,
            (false, true) => Metered::On,
            (false, false) => Metered::Off,
        };
        self.outbox.set_metered(by_policy || by_person);
    }

    /// What is known of the server.
    pub(crate) fn server(&self) -> ServerTraits {
        self.outbox.server()
    }

    /// Whether the server gives ids itself.
    pub(crate) fn server_gives_ids(&self) -> bool {
        self.outbox.server().our_ids == Some(false)
    }

    /// The way to the server for the rows that are being sent.
    pub(crate) fn way(&self) -> Option<Arc<dyn ClinicServer>> {
        self.way.clone()
    }

    /// Counts how often everything was forgotten.
    pub(crate) const fn round(&self) -> u64 {
        self.round
    }

    /// How sending goes.
    pub(crate) fn status(&self) -> Status {
        self.outbox.status()
    }

    pub(crate) fn counted(&mut self, counts: OutboxCounts) {
        self.counting = false;
        self.counts = counts;
    }

    /// Rows that became durable.
    pub(crate) fn stored(&mut self, rows: Vec<OutboxRow>) -> Vec<RowUpdate> {
        if !self.configured {
            return Vec::new();
        }
        rows.into_iter().filter_map(|row| self.outbox.add(row)).collect()
    }

    pub(crate) fn state(&self) -> SyncState {
        let status = self.outbox.status();
        // Until something was tried in this run, what was said before it stands.
        let before = self.tried_before.as_ref().filter(|_| status.last_attempt.is_none());
        let before = before.filter(|outcome| !(200..300).contains(&outcome.status));
        let fault = match (&status.pause, &self.unwritten, status.last_fault.as_ref().or(before)) {
            (Some(pause), _, _) => Some((pause_code(pause.reason), pause.text.clone())),
            (None, Some(fault), _) => Some(fault.clone()),
            (None, None, Some(fault)) => {
                let code = match fault.status {
                    0 => "SERVER-UNREACHABLE",
                    403 => pause_code(PauseReason::Permission),
                    _ => "SERVER-BUSY",
                };
                Some((code, fault.text.clone()))
            }
            // Others' records go on: the last fault is over, and these wait all the same.
            (None, None, None) => {
                let waits = status.not_permitted.as_ref().filter(|_| status.waiting > 0);
                waits.map(|pause| (pause_code(pause.reason), pause.text.clone()))
            }
        };
        SyncState {
            configured: self.configured,
            counts: self.counts.clone(),
            last_attempt: status
                .last_attempt
                .or(self.tried_before.as_ref().map(|outcome| outcome.at))
                .max(self.counts.last_accepted),
            next_attempt: self
                .outbox
                .next_wake()
                .filter(|_| self.configured && self.before.is_known() && !status.in_flight),
            fault,
            last_success: status.last_success.or(self.counts.last_accepted),
            progress: progress(status.progress).filter(|_| status.in_flight || status.progress.rows_done > 0),
            metered: self.metered,
            waits_for_sign_in: status.of_others as u64,
            ..SyncState::default()
        }
    }

    /// Nothing can be done now: no request is under way, and none is due, or all of them are stopped.
    fn is_quiet(&self, now: Now, is_stopped: bool) -> bool {
        let status = self.outbox.status();
        let due = !self.before.is_known() || self.outbox.next_wake().is_some_and(|at| at <= now.wall);
        !status.in_flight && (is_stopped || !due)
    }
}

fn progress(Progress { rows_done, rows_left, octets_done, octets_left }: Progress) -> Option<SyncProgress> {
    (rows_left > 0).then_some(SyncProgress { rows_done, rows_left, octets_done, octets_left })
}

const fn pause_code(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::Token => "SERVER-SIGN-IN",
        PauseReason::Permission => "SERVER-PERMISSION",
        PauseReason::Address => "SERVER-ADDRESS",
    }
}

impl Console {
    /// The next request, if it is time for one: first it is written down that its rows are being sent.
    pub(crate) fn start_sync(&mut self, now: Now) {
        self.recount_outbox();
        let cannot = self.ports.clinic.is_none() || !self.access.vault_is_open();
        if cannot || self.sync.outbox.is_under_way() || !self.sync.before.is_known() || self.closing.is_some() {
            return self.answer_quiet(now);
        }
        self.ask_capability(now);
        if self.waits_for_statement() || self.unfit_server().is_some() {
            return self.answer_quiet(now);
        }
        // Whose record a patient is may be changing: nothing goes under a name that is another one when it is written.
        if self.download.is_writing() {
            return;
        }
        // The next rows may refer to what the server has just named, or what a person said it has: that is written first.
        if self.commits.answers_wait() || !self.sync.deciding.is_empty() {
            return;
        }
        let mut not_reached = None;
        while let Some(author) = self.sync.outbox.next_author(now.wall) {
            match self.clinic_for(author.map(|author| ClinicianId(author.0)), now) {
                ClinicFor::Ready(clinic) => self.sync.way = Some(clinic),
                ClinicFor::NotReached(why) => not_reached = Some(why),
                // Its rows wait for that person; everybody else's go on.
                ClinicFor::SignIn => {
                    self.sync.outbox.shut(author, now.wall);
                    continue;
                }
                // The token wakes the loop.
                ClinicFor::Wait => return,
                ClinicFor::NoServer => return self.answer_quiet(now),
            }
            break;
        }
        let Some(next) = self.sync.outbox.poll(now.wall) else {
            // Nothing else is to be sent now: the audit log and the anchor go with it, and quiet is after them.
            if !self.file_audit_log(now) && !self.offer_anchor(now) {
                self.answer_quiet(now);
            }
            return;
        };
        if let Some(why) = not_reached {
            return self.sync_result(TryResult::NothingSent(why), next.measured_by);
        }
        if next.updates.is_empty() {
            return self.send_rows(next);
        }
        let changes = Changes { outbox_updates: next.updates.clone(), ..Changes::default() };
        self.commits.request(Batch { changes, after: vec![After::Send(next)] });
    }

    /// The rows are marked: their resources are read, and the request goes out.
    pub(crate) fn send_rows(&mut self, next: Try) {
        if !self.sync.outbox.is_under_way() {
            return;
        }
        self.sync.unwritten = None;
        let Some(next) = self.look_before_sending(next) else { return };
        let (store, round, address) = (self.ports.store.clone(), self.sync.round, self.clinic_address());
        self.then(async move {
            let loaded = Loaded::read(store.as_ref(), &next, address).await;
            move |console: &mut Self| {
                if console.sync.round == round {
                    console.send_parcel(loaded, &next);
                }
            }
        });
    }

    fn send_parcel(&mut self, loaded: Result<Loaded, StoreFault>, next: &Try) {
        let author = next.measured_by;
        let mut loaded = match loaded {
            Ok(loaded) => loaded,
            Err(fault) => return self.sync_result(TryResult::NothingSent(fault.to_string()), author),
        };
        let Some(clinic) = self.sync.way.clone() else {
            return self.sync_result(TryResult::NothingSent("the way to the server is gone".into()), author);
        };
        self.known_at_server(&mut loaded.rows);
        let parcel = Parcel::new(loaded, next);
        match parcel.request() {
            Ok(request) => {
                let tried = Tried { round: self.sync.round, parcel };
                self.start_work(async move { Done::Clinic(tried, clinic.send(request).await) });
            }
            Err((row, why)) => self.sync_result(TryResult::Unsendable(row, why), author),
        }
    }

    /// The marks could not be written, so nothing was sent.
    pub(crate) fn not_sent(&mut self, code: &'static str, why: String) {
        if !self.sync.outbox.is_under_way() {
            // The vault was locked meanwhile, and what was to be sent is forgotten.
            return;
        }
        self.sync.unwritten = Some((code, why.clone()));
        self.sync_result(TryResult::NothingSent(why), None);
    }

    /// The server's answer.
    pub(crate) fn clinic_answered(&mut self, tried: Tried, answer: Result<ClinicAnswer, ClinicFault>) {
        if tried.round != self.sync.round {
            return;
        }
        let result = match answer {
            Ok(answer) => {
                self.heard_server(&answer);
                tried.parcel.read(answer)
            }
            Err(fault @ (ClinicFault::Unreachable(_) | ClinicFault::NotTrusted(_))) => {
                TryResult::NothingSent(fault.to_string())
            }
            Err(fault @ (ClinicFault::Ambiguous(_) | ClinicFault::TooLarge { .. })) => {
                TryResult::NoWholeAnswer(fault.to_string())
            }
        };
        self.sync_result(result, tried.parcel.measured_by);
    }

    /// Something that has to come before the rows did not come about: they were not sent.
    pub(crate) fn sync_was_broken_off(&mut self, result: TryResult) {
        if self.sync.outbox.is_under_way() {
            self.sync_result(result, None);
        }
    }

    fn sync_result(&mut self, result: TryResult, author: Option<AuthorId>) {
        let refused_token = match &result {
            TryResult::Status { status, .. } => *status == 401,
            TryResult::Entries(answers) => answers.iter().any(|answer| answer.status == 401),
            _ => false,
        };
        let author_here = author.map(|author| ClinicianId(author.0));
        if let TryResult::Entries(answers) = &result
            // Some servers say 403 where others say 401: neither says that the token is good.
            && answers.iter().any(|answer| !matches!(answer.status, 401 | 403))
        {
            self.clinic_took_token(author_here);
        }
        if let TryResult::Entries(_) | TryResult::Arrived(_) = result {
            self.anchoring.clinic.accepted();
        }
        self.sync.way = None;
        let wall = self.ports.machine.wall();
        let random = self.ports.machine.random();
        let random = u64::from_le_bytes(std::array::from_fn(|i| random[i]));
        let updates = self.sync.outbox.handle(wall, random, result);
        if refused_token && self.clinic_refused_token(author_here) {
            // Another token is fetched; a fresh one that is refused too pauses these rows.
            self.sync.outbox.open(author);
        }
        if !updates.is_empty() {
            self.commits.capture(|changes| changes.outbox_updates.extend(updates));
        }
        self.keep_server_traits();
        self.changed = true;
    }

    /// The base URL of the clinic's server; empty where there is none.
    pub(crate) fn clinic_address(&self) -> String {
        self.ports.clinic.as_ref().map(|clinic| clinic.address()).unwrap_or_default()
    }

    /// What was learned of the server is there in the next run too.
    fn keep_server_traits(&mut self) {
        let (traits, Some(clinic)) = (self.sync.outbox.server(), self.ports.clinic.as_ref()) else { return };
        if traits != self.sync.kept {
            let server = StoredServer { address: clinic.address(), traits, metered: self.sync.metered == Metered::On };
            self.sync.kept = traits;
            self.commits.capture(|changes| changes.server_traits = Some(server));
        }
    }

    pub(crate) fn sync_now(&mut self) -> Result<(), RequestError> {
        if !self.sync.configured {
            return Err(RequestError::NoServer);
        }
        self.begin_clinic_tokens_again();
        if self.unfit_server().is_some() {
            self.clinic_said.ask_again();
        }
        if self.waits_for_list() {
            self.download.due_now();
        }
        self.sync.outbox.try_now();
        self.anchoring.clinic.asked();
        self.audit_filing.asked();
        Ok(())
    }

    pub(crate) fn sync_until_quiet(&mut self, reply: QuietReply) {
        match self.sync_now() {
            Ok(()) => self.sync.quiet.push(reply),
            Err(error) => answer(reply, Err(error)),
        }
    }

    /// New counts after a commit that touched the outbox.
    pub(crate) fn count_outbox(&mut self, changes: &Changes) {
        if !changes.outbox.is_empty() || !changes.reading_rows.is_empty() || !changes.outbox_updates.is_empty() {
            self.sync.recount = true;
        }
    }

    pub(crate) fn stored_rows(&mut self, rows: Vec<OutboxRow>) {
        if !self.access.vault_is_open() {
            return;
        }
        let updates = self.sync.stored(rows);
        if !updates.is_empty() {
            self.commits.capture(|changes| changes.outbox_updates.extend(updates));
        }
    }

    pub(crate) fn count_unassigned(&mut self, changes: &Changes) {
        if !changes.assignments.is_empty() || changes.readings.iter().any(|reading| reading.patient.is_none()) {
            self.ask_unassigned();
        }
    }

    pub(crate) fn ask_unassigned(&mut self) {
        if !self.access.vault_is_open() {
            return;
        }
        let store = self.ports.store.clone();
        self.start_work(async move { Done::Unassigned(store.read(Query::UnassignedCount).await) });
    }

    fn recount_outbox(&mut self) {
        if self.sync.recount && !self.sync.counting && self.access.vault_is_open() {
            self.sync.recount = false;
            self.sync.counting = true;
            let store = self.ports.store.clone();
            self.start_work(async move { Done::OutboxCounts(store.read(Query::OutboxCounts).await) });
        }
    }

    /// Whoever waits for quiet gets the counts, once everything about the last answer is durable and counted.
    fn answer_quiet(&mut self, now: Now) {
        if self.sync.quiet.is_empty() {
            return;
        }
        let can_ask = self.ports.clinic.is_some() && self.access.vault_is_open() && self.closing.is_none();
        let hears_more = can_ask && self.waits_for_statement();
        let is_stopped = if self.sync.before.is_known() {
            self.unfit_server().is_some()
        } else {
            self.waits_for_list() && self.download.waits(now.boot)
        };
        let is_quiet = self.sync.is_quiet(now, is_stopped);
        let settled = is_quiet && !hears_more && !self.commits.pending() && !self.sync.counting && !self.sync.recount;
        if !settled {
            return;
        }
        // How it ended is shown before it is said that it ended.
        self.show(now);
        for reply in std::mem::take(&mut self.sync.quiet) {
            answer(reply, Ok(self.sync.counts.clone()));
        }
    }
}
