//! What a person sees of the clinic's list: where a patient stands, the questions about identity, the orders.
//! Not here: deciding (`deciding`).
use super::identity::{IdentityDifference, Known};
use super::record::ClinicPatient;
use crate::audit::AuditAction;
use crate::event_loop::Console;
use crate::ports::{Answer, Query, StoreFault};
use crate::requests::Reply;
use bedside_fhir::download::{OrderKind, Particulars, ServerId};
use bedside_outbox::RowId;
use bedside_vitals::{Patient, PatientId, WallTime};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// Where a patient stands at the clinic's server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtClinic {
    /// Made here; no download brought it.
    #[default]
    MadeHere,
    /// On the worklist.
    Listed,
    /// Was on the worklist, and is not any more since then.
    Left(WallTime),
    /// The server knows the patient, who was never on the list.
    Known,
    /// The server's record is not in use any more.
    Inactive,
    /// Another record took its place: this one, where it is known here.
    Replaced(Option<PatientId>),
    /// The server says something else about who it is: a person decides.
    Question,
}

/// The orders of a patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// When they were asked for last; `None` = they were not yet, or not all of them.
    pub taken: Option<WallTime>,
    /// Those that stand, services before medications, the latest first.
    pub lines: Vec<OrderLine>,
}

/// An order in the words of whoever wrote it. Health data.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// What kind.
    pub kind: OrderKind,
    /// `active` or `on-hold`.
    pub status: String,
    /// What is to be done, or the medication.
    pub what: String,
    /// How much at a time.
    pub dose: Option<String>,
    /// When.
    pub schedule: Option<String>,
    /// When it was written.
    pub authored: Option<WallTime>,
    /// It says what is **not** to be done.
    pub prohibition: bool,
}

impl std::fmt::Debug for OrderLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} order ▮", self.kind)
    }
}

/// A patient of the server who may be one of ours, or is not called any more as ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityQuestion {
    /// To be named in the answer.
    pub id: ServerId,
    /// The patient of the record.
    pub ours: Patient,
    /// Who it is, as the server says.
    pub theirs: Particulars,
    /// In what they differ, and what else is in the way.
    pub why: Vec<IdentityDifference>,
    /// They are one already; the server's particulars changed.
    pub is_linked: bool,
    /// What may be answered.
    pub choices: Vec<IdentityChoice>,
    /// Names all of this as it is now; to be given back with the answer, which is one to this and to nothing else.
    pub shown: Uuid,
}

/// What a person says of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityChoice {
    /// One person, and the server's particulars are right.
    TakeTheirs,
    /// One person, and the record's own particulars stay.
    KeepOurs,
    /// Two people.
    Different,
}

impl Console {
    /// Where the patients of the record stand; who is missing was made here.
    pub(crate) fn all_at_clinic(&self) -> BTreeMap<PatientId, AtClinic> {
        let mut all = BTreeMap::new();
        for one in self.download.patients.values().filter(|one| one.join.is_linked() || one.join.is_question()) {
            let Some(patient) = one.patient else { continue };
            let stands = self.stands(one);
            // Where the server has two records of one number, the question comes first.
            let known = all.entry(patient).or_insert(stands);
            if stands == AtClinic::Question {
                *known = stands;
            }
        }
        all
    }

    fn stands(&self, one: &ClinicPatient) -> AtClinic {
        match one {
            _ if one.join.is_question() => AtClinic::Question,
            ClinicPatient { replaced: true, replaced_by, .. } => {
                let by = replaced_by.as_ref().and_then(|id| self.download.patients.get(id));
                AtClinic::Replaced(by.filter(|by| by.join.is_linked()).and_then(|by| by.patient))
            }
            ClinicPatient { active: false, .. } => AtClinic::Inactive,
            ClinicPatient { listed: true, .. } => AtClinic::Listed,
            ClinicPatient { left: Some(left), .. } => AtClinic::Left(*left),
            _ => AtClinic::Known,
        }
    }

    /// Everything that a person has to decide about who is who.
    pub(crate) fn identity_questions(&mut self, reply: Reply<Vec<IdentityQuestion>>) {
        let asked = self.download.patients.values().filter(|one| one.join.is_question());
        let questions: Vec<IdentityQuestion> = asked.filter_map(|one| self.question(one)).collect();
        let entry = self.entry(AuditAction::IdentityQuestionsSeen, None, None);
        self.audited(entry, reply, async move { Ok((questions.len(), questions)) });
    }

    pub(super) fn question(&self, one: &ClinicPatient) -> Option<IdentityQuestion> {
        let ours = self.patients.get(&one.patient?)?;
        let theirs = one.particulars.as_ref()?;
        let may_have_gone = |id: PatientId| self.sync.may_have_arrived(RowId(id.0));
        let known = Known {
            patients: &self.patients,
            at_clinic: &self.download.patients,
            may_have_gone: &may_have_gone,
            server: "",
        };
        let why = known.why_asked(ours, &one.id, theirs);
        let is_linked = one.join.is_linked();
        let merge_needed =
            why.iter().any(|why| matches!(why, IdentityDifference::SecondRecord | IdentityDifference::SentAlready));
        let choices = match (is_linked, merge_needed) {
            (true, _) => vec![IdentityChoice::TakeTheirs, IdentityChoice::KeepOurs],
            // Two records of the server are one person or two: the clinic merges them there, or a person says two.
            (false, true) => vec![IdentityChoice::Different],
            (false, false) => {
                vec![IdentityChoice::TakeTheirs, IdentityChoice::KeepOurs, IdentityChoice::Different]
            }
        };
        let shown = digest(one, ours, theirs, &why);
        Some(IdentityQuestion {
            id: one.id.clone(),
            ours: ours.clone(),
            theirs: theirs.clone(),
            why,
            is_linked,
            choices,
            shown,
        })
    }

    /// When the orders of these patients of the server were asked for last, each of both kinds.
    fn orders_taken(&self, of: &[ServerId]) -> Option<WallTime> {
        let whole = |id: &ServerId| self.download.patients.get(id).is_some_and(|one| one.orders_whole);
        let answered = |kind: OrderKind| self.download.answered.get(kind.resource_type()).copied();
        let oldest = OrderKind::ALL.into_iter().map(answered).min().flatten();
        oldest.filter(|_| !of.is_empty() && of.iter().all(whole))
    }

    /// The orders of a patient, as of the last download.
    pub(crate) fn orders(&mut self, patient: PatientId, reply: Reply<Orders>) {
        let linked = |one: &&ClinicPatient| one.patient == Some(patient) && one.join.is_linked();
        let ids: Vec<ServerId> = self.download.patients.values().filter(linked).map(|one| one.id.clone()).collect();
        let taken = self.orders_taken(&ids);
        let (store, server) = (self.ports.store.clone(), self.download.server.clone());
        let entry = self.entry(AuditAction::OrdersSeen, Some(patient), None);
        self.audited(entry, reply, async move {
            let Answer::ClinicOrders(mut found) = store.read(Query::ClinicOrders { server, patients: ids }).await?
            else {
                return Err(StoreFault::another_answer().into());
            };
            found.retain(super::ClinicOrder::is_open);
            found.sort_by_key(|order| (order.kind, std::cmp::Reverse(order.authored), order.id.clone()));
            let lines: Vec<OrderLine> = found
                .into_iter()
                .map(|order| OrderLine {
                    kind: order.kind,
                    status: order.status,
                    what: order.what,
                    dose: order.dose,
                    schedule: order.schedule,
                    authored: order.authored,
                    prohibition: order.prohibition,
                })
                .collect();
            Ok((lines.len(), Orders { taken, lines }))
        });
    }
}

/// Names what a person is shown of two records. Another one, as soon as anything of it is another.
fn digest(one: &ClinicPatient, ours: &Patient, theirs: &Particulars, why: &[IdentityDifference]) -> Uuid {
    let mut all = format!("{} {:?} {why:?} {}", one.join.name(), ours.id.0, one.id.as_str());
    let sexes = [ours.sex.code(), theirs.sex.code()];
    let numbers = [ours.record_number.reveal(), theirs.record_number.reveal()];
    let names = [&ours.family, &ours.given, &theirs.family, &theirs.given].map(|name| name.reveal().as_str());
    let born = [ours.birth_date.iso(), theirs.birth_date.iso()];
    let parts = sexes.into_iter().chain(numbers).chain(names).chain(born.iter().map(|born| born.as_ref()));
    for part in parts {
        // With its length: no two rows of words are one.
        let _ = write!(all, " {}:{part}", part.len());
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, all.as_bytes())
}
