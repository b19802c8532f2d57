//! Reading the vault beside a window that writes: who may, and the trace in the audit log that each look leaves.
//! Not here: signing in, and what is printed.
use crate::failure::{Failure, NOT_PERMITTED};
use crate::sign_in::{self, Who};
use bedside_assembly::Place;
use bedside_console::ports::{Answer, Machine, Query, RecordStore};
use bedside_console::{AuditAction, AuditEntry, AuditOrigin, Changes, Clinician, Permission, RequestError};
use bedside_vitals::PatientId;
use std::sync::Arc;

/// A vault that is open for reading, and by whom.
pub(crate) struct Reader {
    store: Arc<dyn RecordStore>,
    /// `None` in the demo vault, in which nobody is enrolled.
    reader: Option<Clinician>,
    origin: AuditOrigin,
    machine: Box<dyn Machine>,
}

impl Reader {
    /// Signs in and checks that whoever speaks has one of these permissions; none is needed where none is named.
    pub(crate) async fn open(place: &Place, who: &Who, one_of: &[Permission]) -> Result<Self, Failure> {
        let header = sign_in::header(place).await?;
        if header.device_slot && !place.source().is_simulated() {
            let text = "nobody is enrolled in this vault of an earlier version; do that first with `clinicians add`";
            return Err(Failure::new(NOT_PERMITTED, text));
        }
        let by = if header.device_slot { None } else { Some(who.sign_in()?) };
        let user = by.as_ref().map(|(user, _)| user.clone());
        let store = place.open_for_reading(by).await?;
        let machine = place.machine();
        let origin = AuditOrigin {
            boot: Some(machine.boot()),
            boot_id: Some(machine.boot_id()),
            run: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let mut reader = Self { store, reader: None, origin, machine: Box::new(machine) };
        if let Some(user) = user {
            let Answer::Clinicians(all) = reader.store.read(Query::Clinicians).await? else { return Err(mixed_up()) };
            reader.reader =
                all.into_iter().find(|clinician| clinician.user_name == user && clinician.disabled.is_none());
            let may = |need: &Permission| reader.reader.as_ref().is_some_and(|clinician| clinician.may(*need));
            if let Some(first) = one_of.first()
                && !one_of.iter().any(may)
            {
                reader.close().await?;
                return Err(RequestError::NotPermitted(*first).into());
            }
        }
        Ok(reader)
    }

    /// The vault.
    pub(crate) fn store(&self) -> &dyn RecordStore {
        self.store.as_ref()
    }

    /// Writes into the audit log what was looked at, before it is shown: durable when it returns.
    pub(crate) async fn looked(
        &self,
        action: AuditAction,
        patient: Option<PatientId>,
        count: usize,
    ) -> Result<(), Failure> {
        let entry = AuditEntry {
            actor: self.reader.as_ref().map(|clinician| clinician.id),
            roles: self.reader.as_ref().map(|clinician| clinician.roles.clone()).unwrap_or_default(),
            origin: self.origin.clone(),
            patient,
            count: u32::try_from(count).ok().filter(|count| *count != 1),
            ..AuditEntry::new(self.machine.wall(), action)
        };
        self.store.commit(Changes { audit: vec![entry], ..Changes::default() }).await?;
        Ok(())
    }

    /// Closes the vault.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        Ok(self.store.close().await?)
    }
}

pub(crate) fn mixed_up() -> Failure {
    Failure::new(crate::failure::IO, "the store answered another query")
}
