//! What is known before the first request: what earlier runs learned of the server, and which people and devices only the
//! server of another address has. Not here: what is learned by sending (`sync`), what makes a row wait (`bedside-outbox`).
use crate::commits::After;
use crate::event_loop::Console;
use crate::ports::{Answer, Query, RecordStore, StoreFault};
use bedside_outbox::{Fact, OutboxRow, RowHead, RowId, RowState, RowUpdate};
use bedside_vitals::PatientId;
use std::collections::BTreeSet;
use std::time::Duration;

/// Before the store is asked once more for what it could not say.
const AGAIN: Duration = Duration::from_secs(1);

/// What has to be known of the server before anything goes.
#[derive(Default)]
pub(super) enum Before {
    /// The vault was not asked yet.
    #[default]
    Unread,
    /// Which of these people it has under names of its own is not known before its list.
    WaitsForList(Anew),
    /// What goes to it anew is being written.
    Writing,
    /// All of it.
    Known,
}

impl Before {
    pub(super) const fn is_known(&self) -> bool {
        matches!(self, Self::Known)
    }
}

/// Whom and what this server does not have from us, since its address is another one than before.
pub(super) struct Anew {
    /// Every version of the people and devices that only a server of another address accepted.
    accepted: Vec<RowHead>,
    /// Patients who came from the list of another server, and were sent to none.
    listed: Vec<PatientId>,
}

impl Anew {
    async fn read(store: &dyn RecordStore, address: String, of_lists: Vec<PatientId>) -> Result<Self, StoreFault> {
        let Answer::OpenRows(accepted) = store.read(Query::AcceptedElsewhere(address)).await? else {
            return Err(StoreFault::another_answer());
        };
        if of_lists.is_empty() {
            return Ok(Self { accepted, listed: of_lists });
        }
        let ids = of_lists.iter().map(|patient| RowId(patient.0)).collect();
        let Answer::OutboxRows(rows) = store.read(Query::TheseRows(ids)).await? else {
            return Err(StoreFault::another_answer());
        };
        let sent: BTreeSet<RowId> = rows.into_iter().map(|row| row.id).collect();
        let listed = of_lists.into_iter().filter(|patient| !sent.contains(&RowId(patient.0))).collect();
        Ok(Self { accepted, listed })
    }

    fn patients(&self) -> impl Iterator<Item = PatientId> {
        let accepted = self.accepted.iter().filter(|row| row.resource_type == "Patient");
        accepted.map(|row| PatientId(row.resource_id)).chain(self.listed.iter().copied())
    }
}

impl Console {
    /// What was learned of the server in earlier runs is read once the vault is open.
    pub(crate) fn remember_server(&mut self) {
        let Some(clinic) = self.ports.clinic.clone() else { return };
        let (store, round) = (self.ports.store.clone(), self.sync.round);
        let of_lists = self.download.only_elsewhere();
        self.then(async move {
            let known = store.read(Query::ServerTraits(clinic.address())).await;
            let anew = Anew::read(store.as_ref(), clinic.address(), of_lists).await;
            move |console: &mut Self| {
                if console.sync.round != round {
                    return;
                }
                let known = match known {
                    Ok(Answer::ServerTraits(known)) => known,
                    Ok(_) => None,
                    Err(fault) => {
                        tracing::warn!(code = "STORE-READ", %fault, "what was learned of the server is learned again");
                        None
                    }
                };
                match anew {
                    Ok(anew) => {
                        let was_known = known.is_some();
                        console.sync.remember(known, &console.policy);
                        if was_known {
                            // What the policy made of it is so for the next run too, though nothing is sent in this one.
                            console.keep_server_traits();
                        }
                        console.begin_anew_here(anew);
                    }
                    // Nothing goes that may refer to what this server does not have.
                    Err(fault) => {
                        tracing::warn!(code = "STORE-READ", %fault, "what another server has is asked for again");
                        console.sync.unwritten = Some(("STORE-IO", fault.to_string()));
                        console.remember_server_later();
                    }
                }
            }
        });
    }

    fn remember_server_later(&mut self) {
        let round = self.sync.round;
        self.then(async move {
            tokio::time::sleep(AGAIN).await;
            move |console: &mut Self| {
                if console.sync.round == round {
                    console.remember_server();
                }
            }
        });
    }

    /// Whether it is known which people and devices only another server has: before that nobody can tell whether a patient
    /// of this server's list was sent to it.
    pub(crate) const fn knows_what_is_elsewhere(&self) -> bool {
        !matches!(self.sync.before, Before::Unread)
    }

    /// Whether sending waits for the server's list.
    pub(crate) const fn waits_for_list(&self) -> bool {
        matches!(self.sync.before, Before::WaitsForList(_))
    }

    /// People may be in this server's list under names of its own: who is, is not sent, so the list comes first where the
    /// policy has one. One that cannot be had is not waited for longer than it is tried.
    fn begin_anew_here(&mut self, anew: Anew) {
        self.sync.elsewhere = anew.patients().map(|patient| RowId(patient.0)).collect();
        let awaits_list = self.policy.worklist.is_some() && !self.download.was_heard();
        let must_wait = awaits_list && anew.patients().any(|patient| !self.download.knows(patient));
        self.sync.before = Before::WaitsForList(anew);
        if !must_wait {
            self.send_anew();
        }
    }

    /// People and devices that only the server of another address has go to this one before what is measured of them. A
    /// patient whom this server has under a name of its own does not.
    pub(crate) fn send_anew(&mut self) {
        let anew = match std::mem::take(&mut self.sync.before) {
            Before::WaitsForList(anew) => anew,
            other => {
                self.sync.before = other;
                return;
            }
        };
        let is_here = |row: &RowHead| row.resource_type == "Patient" && self.download.knows(PatientId(row.resource_id));
        let rows: Vec<_> = anew.accepted.into_iter().filter(|row| !is_here(row)).collect();
        let listed = anew.listed.iter().filter(|patient| !self.download.knows(**patient));
        let listed = listed.filter_map(|patient| self.patients.get(patient));
        let first: Vec<OutboxRow> = listed.filter_map(|patient| self.patient_row(patient)).collect();
        if rows.is_empty() && first.is_empty() {
            self.sync.before = Before::Known;
            return;
        }
        self.sync.before = Before::Writing;
        let (round, address) = (self.sync.round, self.clinic_address());
        let anew = |row: &RowHead| {
            let fact = Some(Fact::AnewFor(address.clone()));
            RowUpdate { id: row.id, state: RowState::Waiting, attempts: 0, next_attempt: None, outcome: None, fact }
        };
        let of_listed: Vec<RowId> = first.iter().map(|row| row.id).collect();
        self.commits.capture(|changes| {
            changes.outbox_updates.extend(rows.iter().map(anew));
            changes.outbox.extend(first);
        });
        self.commits.after_capture(After::Then(Box::new(move |console, durable| {
            if durable.is_err() || console.sync.round != round {
                // Locked meanwhile: the next opening finds them.
                return;
            }
            // From here on their rows tell whether this server may have them.
            let patients = rows.iter().map(|row| RowId(row.resource_id)).chain(of_listed);
            for patient in patients {
                console.sync.elsewhere.remove(&patient);
            }
            let waits =
                |row| RowHead { state: RowState::Waiting, attempts: 0, next_attempt: None, outcome: None, ..row };
            let updates = console.sync.outbox.load(rows.into_iter().map(waits));
            console.commits.capture(|changes| changes.outbox_updates.extend(updates));
            console.sync.before = Before::Known;
            console.changed = true;
        })));
    }
}
