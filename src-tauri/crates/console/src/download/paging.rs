//! One page after another: asked for, read, put into changes, committed, and only then followed by the next one.
//! A page that failed is asked for again; what it would bring twice is the same rows. Not here: the order (`walk`).
use super::Joined;
use super::brought::{Brought, stored};
use super::deciding::own_row;
use super::identity::{Known, Taken};
use super::record::{ClinicPage, ClinicPatient, WholeOrders};
use super::walk::{Ask, Next, SMALLEST_PAGE, Walk, WalkFault, What};
use crate::audit::AuditOutcome;
use crate::clinic_sign_in::ClinicFor;
use crate::event_loop::{Console, Done};
use crate::ports::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
use crate::records::Changes;
use crate::request::RequestError;
use bedside_fhir::download::{MemberList, OrderKind, Page, ServerOrder, ServerPatient};
use bedside_outbox::RowId;
use bedside_session::Now;
use bedside_vitals::{Patient, PatientId};
use std::sync::Arc;
use std::time::Duration;

pub(super) const SIGN_IN: &str = "SERVER-SIGN-IN";

/// The answer to a request.
pub(super) struct Arrived {
    ask: Ask,
    answered: Result<ClinicAnswer, ClinicFault>,
    clinic: Arc<dyn ClinicServer>,
}

impl Console {
    pub(super) fn ask_page(&mut self, clinic: Arc<dyn ClinicServer>) {
        let Some(ask) = self.download.walk.as_ref().and_then(Walk::ask).cloned() else { return self.rest() };
        self.download.in_flight = true;
        let round = self.download.round;
        let request = ClinicRequest { method: Method::Get, path: ask.path.clone(), body: None };
        self.start_work(async move {
            let answered = clinic.send(request).await;
            Done::Then(Box::new(move |console: &mut Self| {
                if console.download.round == round {
                    console.download.arrived = Some(Arrived { ask, answered, clinic });
                    console.take_arrived();
                }
            }))
        });
    }

    /// What arrived is judged by what is known, and what is being written is not known yet: it waits for that.
    pub(super) fn take_arrived(&mut self) {
        if self.download.writing {
            return;
        }
        if let Some(Arrived { ask, answered, clinic }) = self.download.arrived.take() {
            self.download.in_flight = false;
            self.page_answered(&ask, answered, clinic.as_ref());
        }
    }

    /// The server as whoever is signed in here, or nothing while it cannot be asked: then why is told.
    pub(super) fn clinic_for_download(&mut self, now: Now) -> Option<Arc<dyn ClinicServer>> {
        match self.clinic_for(None, now) {
            ClinicFor::Ready(clinic) => return Some(clinic),
            ClinicFor::Wait | ClinicFor::NoServer => {}
            ClinicFor::SignIn => self.tell_sign_in(),
            ClinicFor::NotReached(why) => self.again_later(("SERVER-UNREACHABLE", why), None),
        }
        None
    }

    /// Nobody waits: once there is a token, the list is due.
    fn tell_sign_in(&mut self) {
        let told = self.download.fault.as_ref().is_some_and(|(code, _)| *code == SIGN_IN);
        if !told {
            self.download.fault = Some((SIGN_IN, "the server asks for a sign-in".to_owned()));
            self.changed = true;
        }
    }

    fn page_answered(&mut self, ask: &Ask, answered: Result<ClinicAnswer, ClinicFault>, clinic: &dyn ClinicServer) {
        self.changed = true;
        let answer = match answered {
            Ok(answer) => answer,
            Err(ClinicFault::TooLarge { .. }) => return self.smaller_pages(),
            Err(fault @ ClinicFault::NotTrusted(_)) => {
                return self.again_later(("SERVER-UNTRUSTED", fault.to_string()), None);
            }
            Err(fault) => return self.again_later(("SERVER-UNREACHABLE", fault.to_string()), None),
        };
        self.heard_server(&answer);
        match answer.status {
            200 => self.page_came(ask, &answer, clinic),
            // A token that is thrown away is followed by another one, with which the same page is asked for.
            401 if self.clinic_refused_token(None) => {}
            401 => self.again_later((SIGN_IN, "the server asks for a new sign-in".to_owned()), None),
            403 => self.broken_off("SERVER-PERMISSION", "the server does not let this person read the list".into()),
            408 | 425 | 429 | 500.. => {
                let why = format!("the server answered with the status {}", answer.status);
                self.again_later(("SERVER-BUSY", why), answer.retry_after);
            }
            413 => self.smaller_pages(),
            // A page's address does not live for ever: the next download begins with the first one.
            _ if ask.is_next => self.begin_anew(answer.status),
            404 | 410 if ask.what == What::Members => {
                self.broken_off("LIST-MISSING", "the server has no group or list of the policy's id".into());
            }
            status => {
                let what = bedside_fhir::operation_outcome(&answer.body).map(|said| said.text).unwrap_or_default();
                self.broken_off(
                    "LIST-REFUSED",
                    format!("the server refused a search with the status {status}. {what}"),
                );
            }
        }
    }

    /// The server finds a page too large, or this console does.
    fn smaller_pages(&mut self) {
        if self.download.page <= SMALLEST_PAGE {
            return self.broken_off("LIST-TOO-LARGE", "even a page of five patients is too large".into());
        }
        self.download.page = (self.download.page / 2).max(SMALLEST_PAGE);
        self.download.walk = None;
        self.again_later(
            ("SERVER-BUSY", "a page was too large; smaller ones are asked for".into()),
            Some(Duration::ZERO),
        );
    }

    fn begin_anew(&mut self, status: u16) {
        let why =
            format!("the server does not know its next page any more (status {status}); the list is asked for anew");
        self.anew(("SERVER-BUSY", why), None);
    }

    fn page_came(&mut self, ask: &Ask, answer: &ClinicAnswer, clinic: &dyn ClinicServer) {
        if !answer.content_type.as_deref().is_some_and(|media| media.contains("json")) {
            let why = "expected FHIR JSON, got another type of content".to_owned();
            return self.again_later(("SERVER-BUSY", why), None);
        }
        let brought = match self.read_page(&ask.what, &answer.body) {
            Ok(brought) => brought,
            Err(fault) => return self.again_later(("SERVER-BUSY", fault.to_string()), None),
        };
        let next = match brought.next() {
            None => None,
            Some(link) => match clinic.path_behind(link) {
                Some(path) => Some(path),
                None => return self.broken_off("LIST-ELSEWHERE", WalkFault::Elsewhere.to_string()),
            },
        };
        let Some(walk) = &mut self.download.walk else { return };
        walk.heard(answer.server_time);
        if let Some((got, total)) = brought.counts()
            && let Err(fault) = walk.counted(got, total, next.is_some())
        {
            return self.broken_off("LIST-INCOMPLETE", fault.to_string());
        }
        let mut changes = Changes::default();
        let mut joined = Vec::new();
        let mut page = ClinicPage { server: self.download.server.clone(), ..ClinicPage::default() };
        match brought {
            Brought::Stays(stays) => {
                self.download.skip("Encounter", &stays.skipped);
                if let Some(walk) = &mut self.download.walk {
                    walk.stays(stays.items);
                }
            }
            Brought::Members(list) => {
                let others = u32::try_from(list.others).unwrap_or(u32::MAX);
                if others > 0 {
                    *self.download.skipped.entry(("Member", "no-patient")).or_default() += others;
                }
                if let Some(walk) = &mut self.download.walk {
                    walk.members(list);
                }
            }
            Brought::Found(found) => {
                self.download.skip("Patient", &found.skipped);
                let list = MemberList { patients: found.items.into_iter().map(|one| one.0).collect(), others: 0 };
                if let Some(walk) = &mut self.download.walk {
                    walk.members(list);
                }
            }
            Brought::Places(places) => {
                if let Some(walk) = &mut self.download.walk {
                    walk.named(places.items);
                }
            }
            Brought::People(people) => joined = self.take_people(people, &mut page, &mut changes),
            Brought::Orders(kind, orders) => self.take_orders(ask, kind, orders, next.is_none(), &mut page),
        }
        page.cursors.extend(self.download.walk.as_ref().and_then(|walk| walk.cursor_with(ask, next.as_ref())));
        let brings_nothing = page.patients.is_empty() && page.orders.is_empty() && page.cursors.is_empty();
        if brings_nothing && page.orders_whole.is_none() {
            return self.page_done(next);
        }
        changes.clinic.push(page.clone());
        // In memory at once, so that nobody takes a record number meanwhile; a failed commit takes them out again.
        let before: Vec<(PatientId, Option<Patient>)> =
            changes.patients.iter().map(|now| (now.id, self.patients.insert(now.id, now.clone()))).collect();
        self.commit_page(changes, joined, move |console, durable| match durable {
            Ok(()) => {
                console.remember_page(page);
                console.page_done(next);
            }
            // What it was about is forgotten, and comes back with the next opening.
            Err(RequestError::Locked) => {}
            Err(error) => {
                console.take_back(before);
                console.not_written(&error);
            }
        });
    }

    fn take_back(&mut self, before: Vec<(PatientId, Option<Patient>)>) {
        for (id, was) in before {
            match was {
                Some(was) => drop(self.patients.insert(id, was)),
                None => drop(self.patients.remove(&id)),
            }
        }
    }

    fn not_written(&mut self, error: &RequestError) {
        self.again_later(("STORE-IO", error.to_string()), None);
    }

    /// Returns rows of patients whom the server has already: they are settled when the page is written.
    fn take_people(
        &mut self,
        people: Page<ServerPatient>,
        page: &mut ClinicPage,
        changes: &mut Changes,
    ) -> Vec<Joined> {
        self.download.skip("Patient", &people.skipped);
        let unusable: Vec<_> = people.items.iter().filter_map(|one| one.particulars.as_ref().err().copied()).collect();
        self.download.skip("Patient", &unusable);
        if let Some(walk) = &mut self.download.walk {
            walk.saw("Patient", people.latest);
        }
        let mut joined = Vec::new();
        // One page may name two patients of one number: the second is judged with the first one known.
        let (mut patients, mut at_clinic) = (self.patients.clone(), self.download.patients.clone());
        for theirs in people.items {
            let walk = self.download.walk.as_ref();
            let bed = walk.and_then(|walk| walk.bed(&theirs.id));
            let may_have_gone = |id: PatientId| self.sync.may_have_arrived(RowId(id.0));
            let known = Known {
                patients: &patients,
                at_clinic: &at_clinic,
                may_have_gone: &may_have_gone,
                server: &self.download.server,
            };
            let Taken { clinic, patient, newly_linked } = known.take(&theirs, bed);
            if newly_linked && let Some(id) = clinic.patient.filter(|id| patients.contains_key(id)) {
                joined.push(own_row(&self.download.server, id, &clinic));
            }
            if let Some(patient) = patient {
                patients.insert(patient.id, patient.clone());
                changes.patients.push(patient);
            }
            if let Some(walk) = &mut self.download.walk {
                walk.came.insert(clinic.id.clone());
            }
            at_clinic.insert(clinic.id.clone(), clinic.clone());
            page.patients.push(clinic);
        }
        joined
    }

    fn take_orders(
        &mut self,
        ask: &Ask,
        kind: OrderKind,
        orders: Page<ServerOrder>,
        is_last_page: bool,
        page: &mut ClinicPage,
    ) {
        self.download.skip(kind.resource_type(), &orders.skipped);
        if let Some(walk) = &mut self.download.walk {
            walk.saw(kind.resource_type(), orders.latest);
            walk.saw_orders(orders.items.iter().map(|one| one.id.clone()).chain(orders.unread));
        }
        page.orders.extend(orders.items.into_iter().map(stored));
        let What::Orders { patients, whole: true, .. } = &ask.what else { return };
        if !is_last_page {
            return;
        }
        if let Some(walk) = &self.download.walk {
            page.orders_whole = Some(WholeOrders { kind, patients: patients.clone(), open: walk.orders() });
        }
        // Medications come last: with the last page of theirs a patient's orders are all here.
        if kind == OrderKind::Medication {
            let known = patients.iter().filter_map(|id| self.download.patients.get(id));
            page.patients.extend(known.map(|known| ClinicPatient { orders_whole: true, ..known.clone() }));
        }
    }

    /// The page is durable: the next one, the list, or the end.
    fn page_done(&mut self, next: Option<String>) {
        self.download.failures = 0;
        self.download.fault = None;
        let Some(walk) = &mut self.download.walk else { return };
        match walk.taken(next, &self.download.patients) {
            Ok(Next::Ask) => {}
            Ok(Next::Listed) => self.write_list(),
            Ok(Next::Done) => self.rest(),
            Err(fault) => self.broken_off("LIST-TOO-LONG", fault.to_string()),
        }
    }

    /// Patients who lie elsewhere than the record says, though nothing of their own changed.
    fn moved_beds(&self, walk: &Walk) -> Vec<Patient> {
        let linked = self.download.patients.values().filter(|one| one.join.is_linked());
        let moved = linked.filter_map(|one| {
            let bed = Patient::bed(walk.bed(&one.id)?).ok().flatten()?;
            let patient = self.patients.get(&one.patient?).filter(|patient| patient.bed.as_ref() != Some(&bed))?;
            Some(Patient { bed: Some(bed), ..patient.clone() })
        });
        moved.collect()
    }

    /// Everybody was asked for: who is on the list and who has left it, in one commit with its age and the entry about it.
    fn write_list(&mut self) {
        let Some(walk) = &self.download.walk else { return };
        let (began, listed) = (walk.began, walk.listed());
        let moved = self.download.patients.values().filter(|one| one.listed != walk.is_listed(&one.id));
        let patients =
            moved.map(|one| ClinicPatient { listed: !one.listed, left: one.listed.then_some(began), ..one.clone() });
        let cursors = vec![walk.list_cursor()];
        let page = ClinicPage {
            server: self.download.server.clone(),
            patients: patients.collect(),
            cursors,
            ..Default::default()
        };
        let missing = walk.missing(&self.download.patients);
        if missing > 0 {
            *self.download.skipped.entry(("Patient", "not-found")).or_default() += missing;
        }
        let audit = vec![self.download_entry(AuditOutcome::Success, listed)];
        let moved_beds = self.moved_beds(walk);
        let patients = moved_beds.clone();
        let changes = Changes { clinic: vec![page.clone()], patients, audit, ..Changes::default() };
        self.commit_page(changes, Vec::new(), move |console, durable| {
            match durable {
                Ok(()) => console.remember_page(page),
                Err(RequestError::Locked) => return,
                Err(error) => return console.anew(("STORE-IO", error.to_string()), None),
            }
            for patient in moved_beds {
                console.patients.insert(patient.id, patient);
            }
            console.list_heard();
            if let Some(walk) = &mut console.download.walk
                && walk.after_list(&console.download.patients) == Next::Done
            {
                console.rest();
            }
        });
    }
}
