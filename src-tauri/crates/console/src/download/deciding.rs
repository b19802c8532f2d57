//! A person says whether a patient of the server is one of ours, and whose particulars are right; and what joining the two
//! means for what waits to be sent. Not here: when a person is asked (`identity`).
use super::Joined;
use super::identity::with_particulars;
use super::record::{ClinicPage, ClinicPatient, Join};
use super::shown::IdentityChoice;
use crate::audit::AuditAction;
use crate::event_loop::Console;
use crate::people::answer;
use crate::records::Changes;
use crate::request::RequestError;
use crate::requests::Reply;
use bedside_fhir::download::ServerId;
use bedside_outbox::{RowId, ServerCopy};
use bedside_vitals::PatientId;
use uuid::Uuid;

impl Console {
    /// Carries out what a person said of two records, if they still are what that person saw.
    pub(crate) fn decide_identity(&mut self, id: ServerId, shown: Uuid, choice: IdentityChoice, reply: Reply<()>) {
        if self.download.writing {
            return self.download.decisions.push_back((id, shown, choice, reply));
        }
        let asked = self.download.patients.get(&id).filter(|one| one.join.is_question()).cloned();
        let Some((one, question)) = asked.and_then(|one| self.question(&one).map(|question| (one, question))) else {
            return answer(reply, Err(RequestError::NoSuchQuestion));
        };
        if question.shown != shown {
            return answer(reply, Err(RequestError::NoSuchQuestion));
        }
        if !question.choices.contains(&choice) {
            return answer(reply, Err(RequestError::MergedAtClinicOnly));
        }
        let ours = question.ours;
        let mut changes = Changes::default();
        let (join, patient) = match choice {
            IdentityChoice::TakeTheirs => (Join::Linked, Some(with_particulars(&ours, &question.theirs))),
            IdentityChoice::KeepOurs => (Join::LinkedKept, None),
            IdentityChoice::Different => (Join::Apart, None),
        };
        let decided = ClinicPatient { join, ..one.clone() };
        let is_new = join.is_linked() && !question.is_linked;
        let joined = is_new.then(|| own_row(&self.download.server, ours.id, &decided)).into_iter().collect();
        changes.patients.extend(patient.clone());
        changes.audit.push(self.entry(AuditAction::IdentityDecided, Some(ours.id), None));
        let server = self.download.server.clone();
        let page = ClinicPage { server, patients: vec![decided], ..ClinicPage::default() };
        changes.clinic.push(page.clone());
        self.commit_page(changes, joined, move |console, durable| {
            if durable.is_ok() {
                console.remember_page(page);
                if let Some(patient) = patient {
                    console.patients.insert(patient.id, patient);
                }
                console.changed = true;
            }
            answer(reply, durable);
        });
    }
}

/// A patient of the record that was never sent is not sent any more: the server has the person already, and what is
/// measured goes to its own record.
pub(super) fn own_row(server: &str, patient: PatientId, to: &ClinicPatient) -> Joined {
    let id = to.id.as_str().to_owned();
    let (version, modified) = (to.version.clone(), to.updated);
    (RowId(patient.0), ServerCopy { id, version, modified, address: server.to_owned() })
}
