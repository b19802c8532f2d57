//! What the store keeps of a clinic's server: its patients and how they are ours, their orders, and how far each query got.
//! Not here: what is measured; a patient of the record lies with the others.
use bedside_fhir::download::{OrderKind, Particulars, ServerId};
use bedside_vitals::{PatientId, WallTime};
use std::collections::BTreeSet;

/// What one page of a download writes, together with how far the query got. One transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClinicPage {
    /// The base URL of the server.
    pub server: String,
    /// Patients, each with all that is known of it now.
    pub patients: Vec<ClinicPatient>,
    /// Orders, each as it stands now.
    pub orders: Vec<ClinicOrder>,
    /// Whose orders were just brought whole: what is kept as open beyond these does not stand any more.
    pub orders_whole: Option<WholeOrders>,
    /// How far queries got.
    pub cursors: Vec<DownloadCursor>,
}

/// How a patient of the server is one of ours. No change of it goes without a person, but for exact agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Join {
    /// It is the patient of the record.
    Linked,
    /// It is, and the server says now that the person is called otherwise or was born on another day: the record is left as
    /// it is until a person has decided.
    LinkedQuestion,
    /// It is, and a person decided that the record's own particulars stay, though the server's are others.
    LinkedKept,
    /// The record has a patient of this record number who does not agree: a person decides.
    Question,
    /// A person said that they are different people.
    Apart,
    /// Two identifiers and a name are not told: it is no patient that could be shown.
    Unusable,
}

impl Join {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Linked, Self::LinkedQuestion, Self::LinkedKept, Self::Question, Self::Apart, Self::Unusable];

    /// The stable name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::LinkedQuestion => "linked-question",
            Self::LinkedKept => "linked-kept",
            Self::Question => "question",
            Self::Apart => "apart",
            Self::Unusable => "unusable",
        }
    }

    /// The one of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|join| join.name() == name)
    }

    /// The server's patient is the record's.
    pub const fn is_linked(self) -> bool {
        matches!(self, Self::Linked | Self::LinkedQuestion | Self::LinkedKept)
    }

    /// A person is asked.
    pub const fn is_question(self) -> bool {
        matches!(self, Self::LinkedQuestion | Self::Question)
    }
}

/// A patient of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicPatient {
    /// Its id there.
    pub id: ServerId,
    /// The patient of the record that it is, or that it is asked about.
    pub patient: Option<PatientId>,
    /// How the two are one.
    pub join: Join,
    /// `meta.versionId`.
    pub version: Option<String>,
    /// `meta.lastUpdated`.
    pub updated: Option<WallTime>,
    /// It is in use.
    pub active: bool,
    /// Another record took its place.
    pub replaced: bool,
    /// Which one.
    pub replaced_by: Option<ServerId>,
    /// Who it is, as the server said last.
    pub particulars: Option<Particulars>,
    /// It is on the worklist.
    pub listed: bool,
    /// When it was missing on the worklist first.
    pub left: Option<WallTime>,
    /// Its orders were fetched whole once: from then on only their changes are asked for, on the list or not.
    pub orders_whole: bool,
}

/// An order as it stands. Words as they were written; nothing is computed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClinicOrder {
    /// What kind.
    pub kind: OrderKind,
    /// Its id on the server.
    pub id: ServerId,
    /// For which patient of the server.
    pub patient: ServerId,
    /// `active`, `on-hold`, `completed`, …
    pub status: String,
    /// What is to be done, or the medication.
    pub what: String,
    /// How much at a time.
    pub dose: Option<String>,
    /// When.
    pub schedule: Option<String>,
    /// When it was written.
    pub authored: Option<WallTime>,
    /// It says what is not to be done.
    pub prohibition: bool,
    /// `meta.versionId`.
    pub version: Option<String>,
    /// `meta.lastUpdated`.
    pub updated: Option<WallTime>,
}

/// All orders of one kind that stand for some patients of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeOrders {
    /// Of this kind.
    pub kind: OrderKind,
    /// Of whom.
    pub patients: Vec<ServerId>,
    /// Which; also those that could not be read.
    pub open: BTreeSet<ServerId>,
}

impl std::fmt::Debug for ClinicOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} order ▮", self.kind)
    }
}

impl ClinicOrder {
    /// The status of one that stood, and that the server does not name among those that stand: it does not tell why.
    pub const ENDED: &'static str = "ended";

    /// It stands: it is to be carried out, or is on hold.
    pub fn is_open(&self) -> bool {
        self.kind.open_states().contains(&self.status.as_str())
    }
}

/// How far a query got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadCursor {
    /// Which; a resource type, or `worklist`.
    pub query: String,
    /// The latest change that is known of, by the server's clock. Asked for again with an overlap.
    pub updated: Option<WallTime>,
    /// When the query was answered to its end, by ours.
    pub taken: WallTime,
}

/// What is kept of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClinicRecord {
    /// Its patients.
    pub patients: Vec<ClinicPatient>,
    /// How far each query got.
    pub cursors: Vec<DownloadCursor>,
}
