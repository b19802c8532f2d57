//! What the clinic's server says of its patients: the age of the list, where a patient stands, questions of identity, orders.
//! Not here: patients of the record (`catalogue`).
use super::age_of;
use super::catalogue::{PatientView, SexView, patient};
use bedside_console::{
    AtClinic, IdentityChoice, IdentityDifference, IdentityQuestion, ListState, OrderKind, Orders, SkippedResources,
};
use bedside_vitals::WallTime;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The list of patients from the server.
#[derive(Clone, Serialize, TS)]
pub(crate) struct ListView {
    /// When the last whole list was taken, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) taken: Option<i64>,
    /// Its age, with its unit.
    pub(crate) age: Option<String>,
    /// It is being read.
    pub(crate) under_way: bool,
    /// Why the last reading of it failed, as a stable code.
    pub(crate) fault_code: Option<String>,
    /// How many patients are on it.
    #[ts(type = "number")]
    pub(crate) listed: u64,
    /// Questions about who is who.
    #[ts(type = "number")]
    pub(crate) questions: u64,
    /// What the last reading left out.
    pub(crate) skipped: Vec<SkippedView>,
}

/// Resources of the server that could not be used.
#[derive(Clone, Serialize, TS)]
pub(crate) struct SkippedView {
    /// Of which type.
    pub(crate) resource: String,
    /// Why, as a stable name.
    pub(crate) why: String,
    /// How many.
    pub(crate) count: u32,
}

/// Where a patient stands at the clinic's server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "stands", rename_all = "snake_case")]
#[ts(rename = "AtClinic")]
pub(crate) enum AtClinicView {
    MadeHere,
    Listed,
    Left {
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        since: i64,
    },
    Known,
    Inactive,
    Replaced {
        /// By whom, where that patient is in the record.
        patient: Option<String>,
    },
    Question,
}

super::names::mirrored! {
    /// In what two patients differ, and what else is in the way.
    DifferenceView as "IdentityDifference" of IdentityDifference { RecordNumber, BirthDate, Name, SecondRecord, SentAlready }
}
super::names::mirrored! {
    /// What a person says of two patients.
    ChoiceView as "IdentityChoice" of IdentityChoice { TakeTheirs, KeepOurs, Different }
}
super::names::mirrored! {
    /// What kind of order.
    OrderKindView as "OrderKind" of OrderKind { Service, Medication }
}

/// A patient of the server who may be one of ours, or is not called any more as ours is.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct IdentityQuestionView {
    /// To be named in the answer.
    pub(crate) id: String,
    /// The patient of the record.
    pub(crate) ours: PatientView,
    /// Who it is, as the server says.
    pub(crate) theirs: ParticularsView,
    /// In what they differ.
    pub(crate) why: Vec<DifferenceView>,
    /// They are one already; the server's particulars changed.
    pub(crate) is_linked: bool,
    /// What may be answered.
    pub(crate) choices: Vec<ChoiceView>,
    /// Names all of this as it is shown; given back with the answer.
    pub(crate) shown: String,
}

/// Who somebody is, as the server says.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ParticularsView {
    /// Family name.
    pub(crate) family: String,
    /// Given names.
    pub(crate) given: String,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: String,
    /// FHIR code.
    pub(crate) sex: SexView,
    /// First identifier.
    pub(crate) record_number: String,
}

/// The orders of a patient that stand.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct OrdersView {
    /// When they were asked for last, in milliseconds since 1970; `null` = they were not yet, or not all of them.
    #[ts(type = "number | null")]
    pub(crate) taken: Option<i64>,
    /// Services before medications, the latest first.
    pub(crate) lines: Vec<OrderLineView>,
}

/// An order in the words of whoever wrote it.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub(crate) struct OrderLineView {
    /// What kind.
    pub(crate) kind: OrderKindView,
    /// `active` or `on-hold`.
    pub(crate) status: String,
    /// What is to be done, or the medication.
    pub(crate) what: String,
    /// How much at a time.
    pub(crate) dose: Option<String>,
    /// When.
    pub(crate) schedule: Option<String>,
    /// When it was written, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) authored: Option<i64>,
    /// It says what is not to be done.
    pub(crate) prohibition: bool,
}

/// The state of the list for the window.
pub(crate) fn list(list: &ListState, now: WallTime) -> ListView {
    let skipped = |SkippedResources { resource, why, count }: &SkippedResources| SkippedView {
        resource: (*resource).to_owned(),
        why: (*why).to_owned(),
        count: *count,
    };
    ListView {
        taken: list.taken.map(|at| at.0),
        age: list.taken.map(|at| age_of(at, now)),
        under_way: list.under_way,
        fault_code: list.fault.as_ref().map(|(code, _)| (*code).to_owned()),
        listed: list.listed,
        questions: list.questions,
        skipped: list.skipped.iter().map(skipped).collect(),
    }
}

/// Where a patient stands for the window.
pub(crate) fn at_clinic(stands: AtClinic) -> AtClinicView {
    match stands {
        AtClinic::MadeHere => AtClinicView::MadeHere,
        AtClinic::Listed => AtClinicView::Listed,
        AtClinic::Left(since) => AtClinicView::Left { since: since.0 },
        AtClinic::Known => AtClinicView::Known,
        AtClinic::Inactive => AtClinicView::Inactive,
        AtClinic::Replaced(by) => AtClinicView::Replaced { patient: by.map(|by| by.to_string()) },
        AtClinic::Question => AtClinicView::Question,
    }
}

/// A question of identity for the window.
pub(crate) fn identity_question(question: &IdentityQuestion, today: WallTime) -> IdentityQuestionView {
    let theirs = &question.theirs;
    IdentityQuestionView {
        id: question.id.as_str().to_owned(),
        ours: patient(&question.ours, today),
        theirs: ParticularsView {
            family: theirs.family.reveal().clone(),
            given: theirs.given.reveal().clone(),
            birth_date: theirs.birth_date.iso(),
            sex: theirs.sex.into(),
            record_number: theirs.record_number.reveal().to_owned(),
        },
        why: question.why.iter().copied().map(Into::into).collect(),
        is_linked: question.is_linked,
        choices: question.choices.iter().copied().map(Into::into).collect(),
        shown: question.shown.to_string(),
    }
}

/// Orders for the window.
pub(crate) fn orders(orders: &Orders) -> OrdersView {
    let line = |line: &bedside_console::OrderLine| OrderLineView {
        kind: line.kind.into(),
        status: line.status.clone(),
        what: line.what.clone(),
        dose: line.dose.clone(),
        schedule: line.schedule.clone(),
        authored: line.authored.map(|at| at.0),
        prohibition: line.prohibition,
    };
    OrdersView { taken: orders.taken.map(|at| at.0), lines: orders.lines.iter().map(line).collect() }
}
