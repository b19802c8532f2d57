//! What is known before the first request: what earlier runs learned of the server, and which people and devices only the
//! server of another address has. Not here: what is learned by sending (`sync`), what makes a row wait (`bedside-outbox`).
use crate::commits::After;
use crate::event_loop::Console;
use crate::ports::{Answer, Query};
use crate::records::StoredServer;
use bedside_outbox::{Fact, RowHead, RowId, RowState, RowUpdate};
use bedside_vitals::PatientId;
use std::time::Duration;

/// Before the store is asked once more for what it could not say.
const AGAIN: Duration = Duration::from_secs(1);

impl Console {
    /// What was learned of the server in earlier runs is read once the vault is open.
    pub(crate) fn remember_server(&mut self) {
        let Some(clinic) = self.ports.clinic.clone() else { return };
        let (store, round) = (self.ports.store.clone(), self.sync.round);
        self.then(async move {
            let known = store.read(Query::ServerTraits(clinic.address())).await;
            let elsewhere = store.read(Query::AcceptedElsewhere(clinic.address())).await;
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
                match elsewhere {
                    Ok(Answer::OpenRows(rows)) => console.send_anew(rows, known),
                    Ok(_) => console.sync.remember(known, &console.policy),
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

    /// People and devices that only the server of another address has go to this one before what is measured of them. A
    /// patient whom this server has under a name of its own does not.
    fn send_anew(&mut self, rows: Vec<RowHead>, known: Option<StoredServer>) {
        let people = rows.iter().filter(|row| row.resource_type == "Patient");
        self.sync.elsewhere = people.map(|row| RowId(row.resource_id)).collect();
        let is_here = |row: &RowHead| row.resource_type == "Patient" && self.download.knows(PatientId(row.resource_id));
        let rows: Vec<_> = rows.into_iter().filter(|row| !is_here(row)).collect();
        if rows.is_empty() {
            return self.sync.remember(known, &self.policy);
        }
        let (round, address) = (self.sync.round, self.clinic_address());
        let anew = |row: &RowHead| {
            let fact = Some(Fact::AnewFor(address.clone()));
            RowUpdate { id: row.id, state: RowState::Waiting, attempts: 0, next_attempt: None, outcome: None, fact }
        };
        self.commits.capture(|changes| changes.outbox_updates.extend(rows.iter().map(anew)));
        self.commits.after_capture(After::Then(Box::new(move |console, durable| {
            if durable.is_err() || console.sync.round != round {
                // Locked meanwhile: the next opening finds them.
                return;
            }
            let waits =
                |row| RowHead { state: RowState::Waiting, attempts: 0, next_attempt: None, outcome: None, ..row };
            let updates = console.sync.load(rows.into_iter().map(waits).collect());
            console.commits.capture(|changes| changes.outbox_updates.extend(updates));
            console.sync.remember(known, &console.policy);
            console.changed = true;
        })));
    }
}
