//! What a front may ask of the console, and the errors it may get.
//! A request is an envelope: it is answered by the event loop; nothing is decided here.
use crate::clinician::{Permission, Role, UserName};
use crate::download::{AtClinic, IdentityChoice, IdentityQuestion, Orders};
use crate::inbox::InboxReading;
use crate::ports::{
    KeyFault, PairingAnswer, Passphrase, PeripheralId, Pin, PromptId, RadioEvent, StoreFault, WeakSecret,
};
use crate::records::*;
use crate::requests::{Reply, Request};
use crate::snapshot::{Mode, StripKind};
use bedside_charts::ChartTheme;
use bedside_fhir::download::ServerId;
use bedside_outbox::{OutboxRow, RowState};
use bedside_session::{RadioFault, UserConsent};
use bedside_vitals::{DeviceId, InvalidPatient, Patient, PatientId, ReadingId, WallTime};
use tokio::sync::{mpsc, oneshot};

/// Why a request could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The particulars are not valid.
    #[error(transparent)]
    InvalidPatient(#[from] InvalidPatient),
    /// Another patient has this record number.
    #[error("another patient has this record number")]
    RecordNumberTaken,
    /// No such patient.
    #[error("there is no such patient")]
    NoSuchPatient,
    /// No such record in the outbox, or it is not refused or held.
    #[error("there is no refused or held record of this id")]
    NoSuchRecord,
    /// No such device nearby or enrolled.
    #[error("there is no such device in reach")]
    NoSuchDevice,
    /// The device is bound to another patient; end that binding first.
    #[error("the device is bound to another patient")]
    BoundElsewhere,
    /// The device is just being connected or let go.
    #[error("the device is just being connected or let go; try again in a moment")]
    Busy,
    /// The device did not say who it is.
    #[error("the device did not say who it is within a minute; wake it, bring it nearer and bind it again")]
    NoAnswer,
    /// A simulated device at a real vault, or the other way round.
    #[error("simulated devices are refused outside the demo vault, and real ones in it")]
    WrongMode,
    /// A reading that is to be assigned is not in the store.
    #[error("a reading that is to be assigned is not in the store")]
    NoSuchReading,
    /// A reading that is to be assigned was rejected by a person.
    #[error("a reading that is to be assigned was rejected; none was assigned")]
    RejectedReading,
    /// Somebody else's word on the reading is being written.
    #[error("another word on this reading is being written; look at it, and say yours again")]
    UnderReview,
    /// A correction says what stands.
    #[error("the value is the one that stands; there is nothing to correct")]
    NothingToCorrect,
    /// A reading that is to be confirmed waits for nobody: its policy did not ask for it, or a person said something of it.
    #[error("this reading does not wait to be confirmed")]
    NothingToConfirm,
    /// The strip shows no curve of the last seconds.
    #[error("there is no curve of the last seconds to mark")]
    NothingToMark,
    /// The clinic's server was not reached, or nobody is signed in at it.
    #[error("the clinic's server is not reached now, or wants a sign-in; try again when it is")]
    ServerNotReached,
    /// The clinic's server did not answer the question: its HTTP status, 0 when no whole answer came.
    #[error("the clinic's server did not answer the question (status {0}); try again later")]
    ServerSaidNo(u16),
    /// A reading without a patient cannot be corrected.
    #[error("the reading is unassigned; give it to its patient before it is corrected")]
    NotAssigned,
    /// A correction is another kind of value.
    #[error("expected a number of the same kind as was measured, in {expected}")]
    OtherKind {
        /// The unit, as UCUM writes it.
        expected: &'static str,
    },
    /// A corrected value is beyond what a person can have.
    #[error("expected a value from {lowest} to {highest} {unit}")]
    Implausible {
        /// The lowest that can be.
        lowest: i64,
        /// The highest.
        highest: i64,
        /// The unit, as UCUM writes it.
        unit: &'static str,
    },
    /// The corrected pressures are not in their order.
    #[error("expected a systolic pressure above the diastolic, and the mean between them")]
    PressureOrder,
    /// A reading that is to be assigned is another patient's.
    #[error(
        "a reading is in another chart, or was measured while the device was bound to another patient; none was assigned"
    )]
    OfAnotherPatient,
    /// A reading that is to be assigned is no person's.
    #[error("a reading is control solution, a demonstration or a test; none was assigned")]
    NotOfAPerson,
    /// The radio failed.
    #[error(transparent)]
    Radio(#[from] RadioFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// No server is configured.
    #[error("no clinic server is configured; set server_url in the policy file")]
    NoServer,
    /// The policy names nobody's patients to be fetched.
    #[error("the policy of this computer has no worklist; set worklist in the policy file")]
    NoWorklist,
    /// Nobody asks about these two patients (any more).
    #[error("there is no open question about this patient of the server")]
    NoSuchQuestion,
    /// The server has two records of what may be one person.
    #[error("the server has two records: whoever keeps them there has to merge them first")]
    MergedAtClinicOnly,
    /// The chart cannot be drawn so.
    #[error("the chart cannot be drawn: {0}")]
    Chart(String),
    /// The screen or the vault is locked, or nobody is enrolled yet.
    #[error("locked; unlock the screen or sign in first")]
    Locked,
    /// None of the roles of whoever is signed in allows it.
    #[error("none of your roles allows this: it needs {0:?}")]
    NotPermitted(Permission),
    /// A passphrase or PIN is not right, or it is too early for another try.
    #[error("the user name, passphrase or PIN is not right, or it is too early for another try")]
    WrongSecret {
        /// Tries until the slot is disabled, or the vault is locked; `None` where nothing is counted.
        tries_left: Option<u32>,
        /// No try is looked at before this time.
        wait_until: Option<WallTime>,
    },
    /// Whoever is signed in was to prove it by their own passphrase before it or their PIN is changed.
    #[error("the present passphrase is not right, or it is too early for another try")]
    WrongPresentPassphrase {
        /// Tries until the slot is disabled.
        tries_left: Option<u32>,
        /// No try is looked at before this time.
        wait_until: Option<WallTime>,
    },
    /// Too many wrong passphrases.
    #[error("too many wrong passphrases: an administrator must set a new one, or IT recovers the vault")]
    SlotDisabled,
    /// A new passphrase or PIN is too easy to guess.
    #[error(transparent)]
    WeakSecret(#[from] WeakSecret),
    /// Somebody else signs in with this name.
    #[error("somebody else signs in with this name")]
    UserNameTaken,
    /// Nobody of this id or name is enrolled.
    #[error("nobody of this name is enrolled")]
    NoSuchClinician,
    /// Nobody would be left who can enrol others.
    #[error("this is the last administrator; enrol another one first")]
    LastAdministrator,
    /// What was typed for a clinician is not valid.
    #[error("expected {0}")]
    InvalidClinician(&'static str),
    /// A reason is missing, or too long.
    #[error("expected a reason of {least} to {most} characters")]
    ReasonNeeded {
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// The roles of whoever is signed in allow it anyway, or it is allowed already.
    #[error("this is allowed already")]
    NotNeeded,
    /// The policy does not allow it.
    #[error("the policy of this computer does not allow it")]
    ForbiddenByPolicy,
    /// The keyring failed.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The console has ended.
    #[error("the console is not answering")]
    ConsoleGone,
}

/// Somebody to be enrolled, as typed. Not `Debug`: it holds secrets.
#[derive(Clone)]
pub struct NewClinician {
    /// What they will sign in with.
    pub user_name: UserName,
    /// The name that colleagues know; 1 to 100 characters.
    pub display_name: String,
    /// What they are here.
    pub roles: Vec<Role>,
    /// What they chose for signing in.
    pub passphrase: Passphrase,
    /// What they chose for unlocking the screen; `None` = the passphrase does it.
    pub pin: Option<Pin>,
}

/// A new patient, as typed. Not `Debug`: it holds names.
#[derive(Clone)]
pub struct NewPatient {
    /// Record number.
    pub record_number: String,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// FHIR code; empty = unknown.
    pub sex: String,
    /// Bed; empty = none.
    pub bed: String,
}

/// How the screen wants a strip.
#[derive(Clone, Debug, PartialEq)]
pub struct StripCanvas {
    /// Which.
    pub kind: StripKind,
    /// Width in pixels of the page.
    pub width: u32,
    /// Height in pixels of the page.
    pub height: u32,
    /// Pixels of one paper millimetre.
    pub pixels_per_mm: f32,
    /// Colours.
    pub theme: ChartTheme,
}

/// The chart of a trend page.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendRequest {
    /// Of whom.
    pub patient: PatientId,
    /// From.
    pub from: WallTime,
    /// Until.
    pub until: WallTime,
    /// Width in pixels of the page.
    pub width: u32,
    /// Height in pixels of the page.
    pub height: u32,
    /// Colours.
    pub theme: ChartTheme,
}

/// A line of the patients page.
#[derive(Clone, Debug)]
pub struct PatientLine {
    /// Who.
    pub patient: Patient,
    /// Another patient has the same family name.
    pub name_alert: bool,
    /// What happened last.
    pub activity: PatientActivity,
    /// Where the patient stands at the clinic's server.
    pub at_clinic: AtClinic,
}

/// A front's hold on the console. Cheap to clone; when the console is gone every call says so.
#[derive(Clone)]
pub struct ConsoleHandle {
    pub(crate) requests: mpsc::UnboundedSender<Request>,
    pub(crate) mode: Mode,
}

impl ConsoleHandle {
    /// Demo vault or real one.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Every patient with what the list shows.
    pub async fn patients(&self) -> Result<Vec<PatientLine>, RequestError> {
        self.ask(|reply| Request::ListPatients { reply }).await
    }

    /// Adds a patient made locally.
    pub async fn add_patient(&self, patient: NewPatient) -> Result<Patient, RequestError> {
        self.ask(|reply| Request::AddPatient { new: patient, reply }).await
    }

    /// Opens a patient's bedside, or none. Bindings stay; tiles and strips change with it.
    pub async fn open_patient(&self, patient: Option<PatientId>) -> Result<(), RequestError> {
        self.ask(|reply| Request::OpenPatient { patient, reply }).await
    }

    /// Listens for devices for so many seconds; 0 stops.
    pub async fn search(&self, seconds: u32) -> Result<(), RequestError> {
        self.ask(|reply| Request::Search { seconds, reply }).await
    }

    /// Binds a device in reach to a patient and connects. Returns once it is identified and the binding is durable.
    pub async fn bind(&self, peripheral: PeripheralId, patient: PatientId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Bind { peripheral, patient, reply }).await
    }

    /// Binds an enrolled device, in reach or not: it is connected when it shows itself.
    pub async fn bind_known(&self, device: DeviceId, patient: PatientId) -> Result<(), RequestError> {
        self.ask(|reply| Request::BindKnown { device, patient, reply }).await
    }

    /// Ends a device's binding and its link.
    pub async fn unbind(&self, device: DeviceId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Unbind { device, reply }).await
    }

    /// Pairs a device in reach. Its questions appear in the snapshot; returns when it is paired, or why it is not.
    pub async fn pair(&self, peripheral: PeripheralId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Pair { peripheral, reply }).await
    }

    /// Replaces a bond that only this computer keeps: forgets it, waits up to a minute until the device is heard again,
    /// and pairs it. A device that keeps its own end of the old one has to forget it by its own means.
    pub async fn pair_anew(&self, peripheral: PeripheralId) -> Result<(), RequestError> {
        self.ask(|reply| Request::PairAnew { peripheral, reply }).await
    }

    /// Lets this computer forget its bond with a device. The device forgets its own only by its own means.
    pub async fn forget(&self, peripheral: PeripheralId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Forget { peripheral, reply }).await
    }

    /// Answers a question about a pairing.
    pub async fn answer_pairing(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), RequestError> {
        self.ask(|reply| Request::AnswerPairing { prompt, answer, reply }).await
    }

    /// A person says that this user slot of a bound device is its patient's. Until then the readings of a slot are
    /// unassigned; those that came on this binding are the patient's afterwards.
    pub async fn confirm_user_slot(&self, device: DeviceId, slot: u8) -> Result<(), RequestError> {
        self.ask(|reply| Request::ConfirmUserSlot { device, slot, reply }).await
    }

    /// A person gives the consent by which a device opens a user's values. Kept in the store; asked for once.
    pub async fn give_consent(&self, device: DeviceId, consent: UserConsent) -> Result<(), RequestError> {
        self.ask(|reply| Request::GiveConsent { device, consent, reply }).await
    }

    /// Fetches the stored records of a linked device again: what is new since the last time.
    pub async fn fetch_records(&self, device: DeviceId) -> Result<(), RequestError> {
        self.ask(|reply| Request::FetchRecords { device, reply }).await
    }

    /// Stops fetching stored records; what came is kept.
    pub async fn abort_records(&self, device: DeviceId) -> Result<(), RequestError> {
        self.ask(|reply| Request::AbortRecords { device, reply }).await
    }

    /// What is unassigned, newest first, and why.
    pub async fn inbox(&self) -> Result<Vec<InboxReading>, RequestError> {
        self.ask(|reply| Request::Inbox { reply }).await
    }

    /// Gives unassigned readings to a patient, all of them or none; how many were not the patient's before. Refused where one
    /// is no person's, in another chart, or was measured while its device was bound to another patient.
    pub async fn assign(&self, readings: Vec<ReadingId>, patient: PatientId) -> Result<u64, RequestError> {
        self.ask(|reply| Request::Assign { readings, patient, reply }).await
    }

    /// Reads a device's rejected values again under what is known of its model now. How many could be read.
    pub async fn decode_rejected(&self, device: DeviceId) -> Result<u32, RequestError> {
        self.ask(|reply| Request::DecodeRejected { device, reply }).await
    }

    /// A person has seen that recording was interrupted; the devices bound then are bound again if wanted.
    pub async fn acknowledge_interruption(&self, bind_again: bool) -> Result<(), RequestError> {
        self.ask(|reply| Request::AcknowledgeInterruption { bind_again, reply }).await
    }

    /// Reads committed records.
    pub async fn query(&self, query: crate::ports::Query) -> Result<crate::ports::Answer, RequestError> {
        self.ask(|reply| Request::Query { query, reply }).await
    }

    /// Says which strips the screen shows now and how large; the console draws them anew, and then what changes.
    /// An empty list stops drawing.
    pub async fn set_strips(&self, strips: Vec<StripCanvas>) -> Result<(), RequestError> {
        self.ask(|reply| Request::SetStrips { strips, reply }).await
    }

    /// A display list with the trend of one patient.
    pub async fn trend_chart(&self, trend: TrendRequest) -> Result<Vec<u8>, RequestError> {
        self.ask(|reply| Request::TrendChart { trend, reply }).await
    }

    /// Fetches the patient list of the clinic's server now. Returns at once: how it goes is in the snapshot.
    pub async fn pull_patients(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::PullPatients { reply }).await
    }

    /// The orders of a patient that stand, as of the last download.
    pub async fn orders(&self, patient: PatientId) -> Result<Orders, RequestError> {
        self.ask(|reply| Request::Orders { patient, reply }).await
    }

    /// Patients of the server about whom a person is asked: are they ours, and whose particulars are right.
    pub async fn identity_questions(&self) -> Result<Vec<IdentityQuestion>, RequestError> {
        self.ask(|reply| Request::IdentityQuestions { reply }).await
    }

    /// A person's word on one of these questions, as it was `shown`; it must be one of its choices.
    pub async fn decide_identity(
        &self,
        id: ServerId,
        shown: uuid::Uuid,
        choice: IdentityChoice,
    ) -> Result<(), RequestError> {
        self.ask(|reply| Request::DecideIdentity { id, shown, choice, reply }).await
    }

    /// Tries to send at once what is due or backing off.
    pub async fn sync_now(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::SyncNow { reply }).await
    }

    /// Sends until nothing is waiting or the server stops answering; the counts afterwards.
    pub async fn sync_until_quiet(&self) -> Result<OutboxCounts, RequestError> {
        self.ask(|reply| Request::SyncUntilQuiet { reply }).await
    }

    /// Whoever works here signs in at the clinic's server, in the system's browser; where the policy names a key of this
    /// computer's, the computer does. Returns at once: what comes of it is in the snapshot.
    pub async fn clinic_sign_in(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::ClinicSignIn { reply }).await
    }

    /// Whoever went to the browser is not waited for any more.
    pub async fn cancel_clinic_sign_in(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::CancelClinicSignIn { reply }).await
    }

    /// Rows of the outbox in these states.
    pub async fn outbox_rows(&self, states: Vec<RowState>) -> Result<Vec<OutboxRow>, RequestError> {
        self.ask(|reply| Request::OutboxRows { states, reply }).await
    }

    /// Puts a refused or held row back to waiting.
    pub async fn retry(&self, row: bedside_outbox::RowId) -> Result<(), RequestError> {
        self.ask(|reply| Request::Retry { row, reply }).await
    }

    /// Ends links, commits what is pending, marks the run as ended and closes the vault.
    pub async fn close(&self) -> Result<(), RequestError> {
        self.ask(|reply| Request::Close { reply }).await
    }

    pub(crate) async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, RequestError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).map_err(|_| RequestError::ConsoleGone)?;
        answer.await.map_err(|_| RequestError::ConsoleGone)?
    }
}

/// Keeps the compiler honest about what crosses between tasks.
const fn _crosses_tasks<T: Send + Sync>() {}
const _: () = _crosses_tasks::<ConsoleHandle>();
const _: () = _crosses_tasks::<RadioEvent>();
