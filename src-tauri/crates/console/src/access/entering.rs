//! The entry about whoever comes in: it is on the disk before they see anything, and before a refusal is answered.
//! Not here: whether they may come in (`sign_in`, `pins`).
use super::By;
use crate::audit::{AuditAction, AuditEntry, AuditOutcome, Purpose};
use crate::clinician::{Clinician, ClinicianId};
use crate::event_loop::Console;
use crate::people::answer;
use crate::ports::{Machine, RecordStore};
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::Reply;
use std::sync::Arc;

/// An entry that waits for a secret to be looked at.
pub(super) struct Entering {
    entry: AuditEntry,
    machine: Arc<dyn Machine>,
    /// Whose emergency goes on behind the locked screen.
    emergency_of: Option<ClinicianId>,
}

impl Entering {
    /// The entry as it is when somebody comes in now; `None` = by the device secret alone.
    pub(super) fn of(&self, clinician: Option<&Clinician>) -> AuditEntry {
        let mut entry = self.entry.clone();
        entry.at = self.machine.wall();
        entry.origin.boot = Some(self.machine.boot());
        if let Some(clinician) = clinician {
            entry.actor = Some(clinician.id);
            entry.clinician = Some(clinician.id);
            entry.roles.clone_from(&clinician.roles);
            if self.emergency_of == Some(clinician.id) {
                entry.purpose = Purpose::BreakGlass;
            }
        }
        entry
    }

    /// Writes it. The generation in which it is durable.
    ///
    /// # Errors
    /// `Locked` when the vault was locked meanwhile: what comes into the spool then opens nothing.
    pub(super) async fn durable(
        &self,
        store: &dyn RecordStore,
        clinician: Option<&Clinician>,
    ) -> Result<u64, RequestError> {
        let receipt = store.commit(Changes { audit: vec![self.of(clinician)], ..Changes::default() }).await?;
        if receipt.spooled { Err(RequestError::Locked) } else { Ok(receipt.generation) }
    }
}

impl Console {
    /// What is written when somebody comes in by this.
    pub(super) fn entering(&mut self, by: AuditAction) -> Entering {
        // A lock that is asked for from here on holds.
        self.access.wish = None;
        let emergency_of = self.access.emergency.as_ref().and(self.access.clinician.as_ref()).map(|one| one.id);
        Entering {
            entry: self.operation_by(By::default(), by, None, AuditOutcome::Success),
            machine: self.ports.machine.clone(),
            emergency_of,
        }
    }

    /// Answers with an error once the entry about it is on the disk, in the vault or in its spool. Where it cannot be written
    /// now it is written as soon as it can be: a refusal shows nothing to anybody, and is not held back for ever.
    pub(super) fn refuse_noted<T: Send + 'static>(&mut self, entry: AuditEntry, reply: Reply<T>, error: RequestError) {
        let again = entry.clone();
        self.after_durable(entry, move |console, durable| {
            if let Err(RequestError::Store(_)) = durable {
                console.note(again);
            }
            answer(reply, Err(error));
        });
    }
}
