//! Drives the outbox: asks it what goes next, stores that, sends it, gives the answer back, stores what it made of it.
//! Not here: order, retry and what answers mean (`bedside-outbox`), FHIR (`bedside-fhir`).
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{ClinicAnswer, ClinicFault, ClinicRequest, Method, Query};
use crate::records::{Changes, OutboxCounts};
use crate::request::RequestError;
use crate::requests::Reply;
use crate::snapshot::SyncState;
use bedside_fhir::{BadRow, BatchRow, FilingContext};
use bedside_outbox::{
    EntryAnswer, Limits, Outbox, OutboxRow, PauseReason, RowId, RowUpdate, Status, Try, TryKind, TryResult, Withdrawn,
};
use bedside_session::Now;
use tokio::sync::oneshot;
use uuid::Uuid;

type QuietReply = oneshot::Sender<Result<OutboxCounts, RequestError>>;

/// What sync remembers between requests.
pub(crate) struct Sync {
    pub(crate) context: FilingContext,
    configured: bool,
    /// Counts how often everything was forgotten: an answer to a request from before is not waited for.
    round: u64,
    outbox: Outbox,
    counts: OutboxCounts,
    preparing: bool,
    quiet: Vec<QuietReply>,
    counting: bool,
    recount: bool,
    /// The store's fault that kept the last request from going out.
    unwritten: Option<(&'static str, String)>,
}

/// A request under way.
pub(crate) struct Tried {
    round: u64,
    kind: TryKind,
    rows: Vec<OutboxRow>,
}

impl Sync {
    pub(crate) fn new(context: FilingContext, configured: bool) -> Self {
        Self {
            context,
            configured,
            round: 0,
            outbox: Outbox::new(Limits::default()),
            counts: OutboxCounts::default(),
            preparing: false,
            quiet: Vec::new(),
            counting: false,
            recount: false,
            unwritten: None,
        }
    }

    /// The rows of earlier runs. Gives what must be written about them.
    pub(crate) fn load(&mut self, rows: Vec<OutboxRow>) -> Vec<RowUpdate> {
        // Without a server rows wait on the disk; holding them here too would only grow.
        if self.configured { self.outbox.load(rows) } else { Vec::new() }
    }

    /// The vault is locked: what waits for the server is dropped from memory, and loaded again at the next opening. A
    /// request that is under way is asked about then.
    pub(crate) fn forget(&mut self) {
        self.outbox = Outbox::new(Limits::default());
        self.counts = OutboxCounts::default();
        self.preparing = false;
        self.counting = false;
        self.recount = false;
        self.unwritten = None;
        self.round += 1;
        for reply in std::mem::take(&mut self.quiet) {
            answer(reply, Err(RequestError::Locked));
        }
    }

    /// A record is not to be sent any more; `None` when it is too late or not here.
    pub(crate) fn withdraw(&mut self, row: RowId, now: bedside_vitals::WallTime) -> Option<Withdrawn> {
        self.outbox.withdraw(row, now)
    }

    /// A withdrawal could not be written.
    pub(crate) fn undo(&mut self, withdrawn: Withdrawn) {
        self.outbox.undo(withdrawn);
    }

    /// Whether the server may have a row that it has not acknowledged.
    pub(crate) fn may_have_arrived(&self, row: RowId) -> bool {
        self.outbox.may_have_arrived(row)
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
        let fault = match (&status.pause, &self.unwritten, &status.last_fault) {
            (Some(pause), _, _) => Some((pause_code(pause.reason), pause.text.clone())),
            (None, Some(fault), _) => Some(fault.clone()),
            (None, None, Some(fault)) => {
                Some((if fault.status == 0 { "SERVER-UNREACHABLE" } else { "SERVER-BUSY" }, fault.text.clone()))
            }
            (None, None, None) => None,
        };
        SyncState {
            configured: self.configured,
            counts: self.counts.clone(),
            last_attempt: status.last_attempt,
            next_attempt: self.outbox.next_wake().filter(|_| self.configured && !status.in_flight),
            fault,
        }
    }

    /// Nothing can be done now: no request is under way, and none is due.
    fn is_quiet(&self, now: Now) -> bool {
        let status = self.outbox.status();
        let due = self.outbox.next_wake().is_some_and(|at| at <= now.wall);
        !self.preparing && !status.in_flight && !due
    }
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
        if cannot || self.sync.preparing || self.closing.is_some() {
            return self.answer_quiet(now);
        }
        let Some(next) = self.sync.outbox.poll(now.wall) else {
            // Nothing else is to be sent now: the anchor goes with it, and quiet is after it.
            if !self.offer_anchor(now) {
                self.answer_quiet(now);
            }
            return;
        };
        self.sync.preparing = true;
        let changes = Changes { outbox_updates: next.updates.clone(), ..Changes::default() };
        self.commits.request(Batch { changes, after: vec![After::Send(next)] });
    }

    /// The rows are marked: the request goes out.
    pub(crate) fn send_rows(&mut self, next: Try) {
        let Some(clinic) = self.ports.clinic.clone().filter(|_| self.sync.preparing) else { return };
        self.sync.unwritten = None;
        let Some(next) = self.look_before_sending(next) else { return };
        let rows: Vec<OutboxRow> = next.rows.iter().filter_map(|id| self.sync.outbox.row(*id).cloned()).collect();
        let request = request(next.kind, &rows);
        let tried = Tried { round: self.sync.round, kind: next.kind, rows };
        match request {
            Ok(request) => self.start_work(async move { Done::Clinic(tried, clinic.send(request).await) }),
            Err((row, text)) => self.sync_result(TryResult::Unsendable(row, text)),
        }
    }

    /// The marks could not be written, so nothing was sent.
    pub(crate) fn not_sent(&mut self, code: &'static str, why: String) {
        if !self.sync.preparing {
            // The vault was locked meanwhile, and what was to be sent is forgotten.
            return;
        }
        self.sync.unwritten = Some((code, why.clone()));
        self.sync_result(TryResult::NothingSent(why));
    }

    /// The server's answer.
    pub(crate) fn clinic_answered(&mut self, tried: Tried, answer: Result<ClinicAnswer, ClinicFault>) {
        if tried.round != self.sync.round {
            return;
        }
        let result = match answer {
            Ok(answer) => read(&tried, answer),
            Err(fault @ (ClinicFault::Unreachable(_) | ClinicFault::NotTrusted(_))) => {
                TryResult::NothingSent(fault.to_string())
            }
            Err(fault @ (ClinicFault::Ambiguous(_) | ClinicFault::TooLarge { .. })) => {
                TryResult::NoWholeAnswer(fault.to_string())
            }
        };
        self.sync_result(result);
    }

    /// Something that has to come before the rows did not come about: they were not sent.
    pub(crate) fn sync_was_broken_off(&mut self, result: TryResult) {
        if self.sync.preparing {
            self.sync_result(result);
        }
    }

    fn sync_result(&mut self, result: TryResult) {
        if let TryResult::Entries(_) | TryResult::Arrived(_) = result {
            self.anchoring.clinic.accepted();
        }
        self.sync.preparing = false;
        let wall = self.ports.machine.wall();
        let random = self.ports.machine.random();
        let random = u64::from_le_bytes(std::array::from_fn(|i| random[i]));
        let updates = self.sync.outbox.handle(wall, random, result);
        if !updates.is_empty() {
            self.commits.capture(|changes| changes.outbox_updates.extend(updates));
        }
        self.changed = true;
    }

    pub(crate) fn sync_now(&mut self) -> Result<(), RequestError> {
        if !self.sync.configured {
            return Err(RequestError::NoServer);
        }
        self.sync.outbox.try_now();
        self.anchoring.clinic.asked();
        Ok(())
    }

    pub(crate) fn sync_until_quiet(&mut self, reply: QuietReply) {
        match self.sync_now() {
            Ok(()) => self.sync.quiet.push(reply),
            Err(error) => answer(reply, Err(error)),
        }
    }

    pub(crate) fn retry(&mut self, row: RowId, reply: Reply<()>) {
        let updates = self.sync.outbox.retry(row);
        if updates.is_empty() {
            return answer(reply, Err(RequestError::NoSuchRecord));
        }
        self.sync.outbox.try_now();
        let entry = self.entry(AuditAction::RecordRetried, None, None);
        self.commits.capture(|changes| {
            changes.outbox_updates.extend(updates);
            changes.audit.push(entry);
        });
        self.commits.after_capture(After::Reply(Box::new(move |result| answer(reply, result))));
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
        let settled = self.sync.is_quiet(now) && !self.commits.pending() && !self.sync.counting && !self.sync.recount;
        if self.sync.quiet.is_empty() || !settled {
            return;
        }
        for reply in std::mem::take(&mut self.sync.quiet) {
            answer(reply, Ok(self.sync.counts.clone()));
        }
    }
}

/// A batch to the base URL, or the question which of the rows the server has.
fn request(kind: TryKind, rows: &[OutboxRow]) -> Result<ClinicRequest, (RowId, String)> {
    match kind {
        TryKind::Send => {
            let batch = batch(rows);
            let culprit = |BadRow { index, reason }| {
                let id = rows.get(index).map_or(RowId(Uuid::nil()), |row| row.id);
                (id, reason.to_string())
            };
            let body = bedside_fhir::batch_bundle(&batch).map_err(culprit)?;
            Ok(ClinicRequest { method: Method::Post, path: String::new(), body: Some(body) })
        }
        TryKind::AskWhichArrived => {
            let ids: Vec<Uuid> = rows.iter().map(|row| row.resource_id).collect();
            let resource_type = rows.first().map_or("", |row| row.resource_type.as_str());
            let path = bedside_fhir::ids_search_path(resource_type, &ids);
            Ok(ClinicRequest { method: Method::Get, path, body: None })
        }
    }
}

fn batch(rows: &[OutboxRow]) -> Vec<BatchRow<'_>> {
    rows.iter()
        .map(|row| BatchRow { resource_type: &row.resource_type, id: row.resource_id, json: &row.payload })
        .collect()
}

fn read(tried: &Tried, answer: ClinicAnswer) -> TryResult {
    let ClinicAnswer { status, content_type, retry_after, body, .. } = answer;
    if status != 200 {
        let summary = bedside_fhir::operation_outcome(&body);
        let too_large = summary.as_ref().is_some_and(|summary| summary.too_large);
        let text = summary.map(|summary| summary.text).unwrap_or_default();
        return TryResult::Status { status, retry_after, too_large, text };
    }
    if !content_type.as_deref().is_some_and(|media| media.contains("json")) {
        return TryResult::NotFhir("expected FHIR JSON, got another type of content".into());
    }
    match tried.kind {
        TryKind::Send => match bedside_fhir::parse_batch_answer(&body, tried.rows.len()) {
            Ok(outcomes) => TryResult::Entries(
                outcomes
                    .into_iter()
                    .map(|outcome| EntryAnswer { status: outcome.status, text: outcome.text })
                    .collect(),
            ),
            Err(error) => TryResult::NotFhir(error.to_string()),
        },
        TryKind::AskWhichArrived => match bedside_fhir::parse_ids_answer(&body, &batch(&tried.rows)) {
            Ok(arrived) => TryResult::Arrived(arrived),
            Err(error) => TryResult::NotFhir(error.to_string()),
        },
    }
}
