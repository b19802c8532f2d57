//! The audit log on its way to the clinic's server: its entries become rows of a lane of their own, some at a time, where the
//! policy wants it and the server takes them. Not here: the resource (`audit_export`), and sending it (`sync`).
use crate::audit::AuditEntry;
use crate::audit_export::audit_document;
use crate::commits::{After, Batch};
use crate::event_loop::Console;
use crate::ports::{Answer, Query, StoreFault};
use crate::records::Changes;
use bedside_fhir::Document;
use bedside_outbox::{Lane, OutboxRow};
use bedside_session::Now;
use bedside_vitals::BootTime;
use std::time::Duration;

/// So many entries are on their way at a time: a log of years is neither held in memory nor put away at once.
const AT_A_TIME: usize = 200;
/// Between two looks for entries, when the last one found none.
const PACE: Duration = Duration::from_secs(60);

/// How far the log has gone, since the opening.
///
/// What the store keeps stands behind this: it moves when the rows of a part are settled, not when they are written. So
/// what a server did not take is written again when it takes them, and after any end the same rows are written again, which
/// changes nothing of those that are there.
#[derive(Default)]
pub(crate) struct AuditFiling {
    /// Up to here every entry has a row; `None` before the first look.
    filed: Option<u64>,
    /// How far the store knows that the log has gone; `None` = as at the opening.
    settled: Option<u64>,
    under_way: bool,
    /// Not before this time; `None` = at once.
    again: Option<BootTime>,
}

impl AuditFiling {
    /// The vault is locked.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A person asked for a sync.
    pub(crate) fn asked(&mut self) {
        self.again = None;
    }
}

impl Console {
    /// Writes the next rows, when it is time for some and all before them are settled. Whether that is under way.
    pub(crate) fn file_audit_log(&mut self, now: Now) -> bool {
        if self.audit_filing.under_way {
            return true;
        }
        let is_due = self.audit_filing.again.is_none_or(|at| at.0 <= now.boot.0);
        if !is_due || !self.policy.audit_to_server || !self.sync.takes_audit() || self.sync.audit_is_on_its_way() {
            return false;
        }
        if !self.clinic_said.was_asked() {
            // It is being asked whether it takes any.
            return true;
        }
        if self.clinic_said.takes_no_audit() {
            return false;
        }
        if self.sync.has_open_audit() {
            // One was refused: a person looks at it before more of them are.
            self.audit_filing.again = Some(BootTime(now.boot.0 + PACE));
            return false;
        }
        self.audit_filing.under_way = true;
        let (store, round, behind) = (self.ports.store.clone(), self.sync.round(), self.audit_filing.filed);
        self.then(async move {
            let found = store.read(Query::AuditToFile { behind, limit: AT_A_TIME }).await;
            move |console: &mut Self| {
                if console.sync.round() != round {
                    return;
                }
                match found {
                    Ok(Answer::Audit(entries)) => console.file_audit_entries(&entries, round),
                    Ok(_) => console.file_audit_later(&StoreFault::another_answer()),
                    Err(fault) => console.file_audit_later(&fault),
                }
            }
        });
        true
    }

    fn file_audit_entries(&mut self, entries: &[AuditEntry], round: u64) {
        let before = self.audit_filing.filed;
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            self.audit_filing.under_way = false;
            self.audit_filing.again = Some(BootTime(self.ports.machine.boot().0 + PACE));
            if before.is_some() && before != self.audit_filing.settled {
                self.audit_filing.settled = before;
                self.commits.capture(|changes| changes.audit_filed = before);
            }
            return;
        };
        let outbox = entries.iter().filter_map(|entry| self.audit_row(entry)).collect();
        let written = move |console: &mut Self, written: Result<(), crate::request::RequestError>| {
            if console.sync.round() != round {
                return;
            }
            match written {
                Ok(()) => {
                    let settled = before.or(console.audit_filing.settled);
                    console.audit_filing = AuditFiling { filed: Some(last), settled, ..AuditFiling::default() };
                }
                Err(error) => console.file_audit_later(&error),
            }
        };
        let changes = Changes { outbox, audit_filed: before, ..Changes::default() };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(written))] });
    }

    fn file_audit_later(&mut self, why: &dyn std::error::Error) {
        tracing::warn!(code = "AUDIT-TO-SERVER", %why, "the audit log goes to the server later");
        self.audit_filing.under_way = false;
        self.audit_filing.again = Some(BootTime(self.ports.machine.boot().0 + PACE));
    }

    /// An entry's row. Nobody measured it: it goes with whoever is signed in at the server.
    fn audit_row(&self, entry: &AuditEntry) -> Option<OutboxRow> {
        let patient = entry.patient.and_then(|id| self.patients.get(&id));
        let number = patient.map(|patient| &patient.record_number);
        match audit_document(&self.sync.context, self.vault, entry, number) {
            Ok(Document { resource_type, id, json, .. }) => {
                let row = OutboxRow::new(resource_type, id, json, self.ports.machine.wall());
                Some(OutboxRow { lane: Lane::Audit, ..row })
            }
            Err(reason) => {
                tracing::error!(code = "NOT-FILABLE", %reason, "an entry of the audit log cannot be written for the server");
                None
            }
        }
    }
}
