//! Every request that there is, in one table: what it brings, what it is answered with, what it needs, and what it leaves.
//! Not here: what a query needs and leaves (`access`, `auditing`), what a front calls (`request`), and what is done (`people`).
use crate::access::Need;
use crate::audit::{AuditLog, AuditVerdict};
use crate::auditing::Trace;
use crate::charted::Charted;
use crate::clinician::{Clinician, ClinicianId, Role, UserName};
use crate::download::{IdentityChoice, IdentityQuestion, Orders};
use crate::epoch::Moment;
use crate::inbox::InboxReading;
use crate::ports::{Answer, PairingAnswer, Passphrase, PeripheralId, Pin, PromptId, Query, RecoveryKey};
use crate::records::{BackupCopy, OutboxCounts, SafeguardReport};
use crate::request::{NewClinician, NewPatient, PatientLine, RequestError, StripCanvas, TrendRequest};
use crate::snapshot::{LockReason, StripKind};
use crate::sync::Conflict;
use crate::sync_view::{RecordExport, RowSummary, SyncReceipt};
use bedside_fhir::download::ServerId;
use bedside_outbox::{Dependants, OutboxRow, RowId, RowState};
use bedside_session::UserConsent;
use bedside_vitals::{DeviceId, MeasuredValue, Patient, PatientId, ReadingId};
use futures::future::BoxFuture;
use std::path::PathBuf;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The way back.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, RequestError>>;

macro_rules! requests {
    ($($variant:ident { $($field:ident: $type:ty),* } -> $answer:ty,
        tells: $tells:literal, needs: $need:expr, trace: $trace:expr;)*) => {
        /// A request with the way back.
        pub(crate) enum Request {
            $($variant { $($field: $type,)* reply: Reply<$answer> },)*
        }

        /// The kinds of requests, for what each needs and for tests that must leave none out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "named like the methods of `ConsoleHandle`")]
        pub enum RequestKind {
            $($variant,)*
        }

        impl RequestKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        impl Request {
            /// Which it is.
            pub(crate) const fn kind(&self) -> RequestKind {
                match self {
                    $(Self::$variant { .. } => RequestKind::$variant,)*
                }
            }

            /// Whether the answer tells something about people: then it is not given any more once they are hidden.
            pub(crate) const fn tells_of_people(&self) -> bool {
                match self {
                    $(Self::$variant { .. } => $tells,)*
                }
            }

            /// What must be the case for it to be carried out.
            #[allow(unused_variables, reason = "what most of them bring decides nothing")]
            pub(crate) const fn need(&self) -> Need {
                use crate::access::Need::*;
                use crate::clinician::Permission::*;
                match self {
                    $(Self::$variant { $($field,)* .. } => $need,)*
                }
            }

            /// What it leaves in the audit log when it is refused or fails.
            #[allow(unused_variables, reason = "most of them are about nobody")]
            pub(crate) const fn trace(&self) -> Trace {
                use crate::audit::AuditAction::*;
                use crate::auditing::Trace::*;
                match self {
                    $(Self::$variant { $($field,)* .. } => $trace,)*
                }
            }

            /// The same request, answered through a future that lets its answer pass only if nothing was hidden meanwhile.
            pub(crate) fn behind(self, moment: Moment) -> (Self, BoxFuture<'static, ()>) {
                match self {
                    $(Self::$variant { $($field,)* reply } => {
                        let (inner, answered) = oneshot::channel();
                        let forward = Box::pin(forward(answered, reply, moment));
                        (Self::$variant { $($field,)* reply: inner }, forward)
                    })*
                }
            }

            /// The same request; the future comes back with the error that it was answered with, if it was.
            pub(crate) fn watched(self) -> (Self, BoxFuture<'static, Option<RequestError>>) {
                match self {
                    $(Self::$variant { $($field,)* reply } => {
                        let (inner, answered) = oneshot::channel();
                        (Self::$variant { $($field,)* reply: inner }, Box::pin(pass_on(answered, reply)))
                    })*
                }
            }

            /// Answers it with an error, whatever it is. Whoever asked may be gone; that changes nothing.
            pub(crate) fn refuse(self, error: RequestError) {
                match self {
                    $(Self::$variant { reply, .. } => drop(reply.send(Err(error))),)*
                }
            }
        }
    };
}

// `tells`: whether the answer tells something about people; `needs`: what must be the case; `trace`: what it leaves in the
// audit log when it is refused or fails. There is no default: a request for which nobody has decided does not compile.
requests! {
    // The record.
    ListPatients {} -> Vec<PatientLine>, tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(PatientsListed, None);
    AddPatient { new: NewPatient } -> Patient,
        tells: true, needs: OneOf(&[Record]), trace: Act(PatientAdded, None, None);
    OpenPatient { patient: Option<PatientId> } -> (),
        tells: false, needs: OneOf(&[ReadRecords]), trace: Act(PatientOpened, *patient, None);
    Query { query: Query } -> Answer, tells: true, needs: Need::of_query(query), trace: Trace::of_query(query);
    TrendChart { trend: TrendRequest } -> Vec<u8>,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(TrendSeen, Some(trend.patient));
    SetStrips { strips: Vec<StripCanvas> } -> (), tells: false, needs: OneOf(&[ReadRecords]), trace: Silent;
    Inbox {} -> Vec<InboxReading>, tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(InboxSeen, None);
    Charted { patient: PatientId, limit: usize } -> Charted,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(ReadingsListed, Some(*patient));
    Assign { readings: Vec<ReadingId>, patient: PatientId } -> u64,
        tells: false, needs: OneOf(&[Record]), trace: Act(ReadingsAssigned, Some(*patient), None);
    MarkStrip { patient: PatientId, strip: StripKind, seconds: u32 } -> u32,
        tells: false, needs: OneOf(&[Record]), trace: Act(StripMarked, Some(*patient), None);
    CorrectReading { reading: ReadingId, value: MeasuredValue, reason: String } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(ReadingCorrected, None, None);
    RejectReading { reading: ReadingId, reason: String } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(ReadingRejected, None, None);
    ConfirmReading { reading: ReadingId } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(ReadingConfirmed, None, None);
    AcknowledgeInterruption { bind_again: bool } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(InterruptionSeen, None, None);
    // Devices.
    Search { seconds: u32 } -> (), tells: false, needs: Nothing, trace: Silent;
    Capture { peripheral: PeripheralId } -> (), tells: false, needs: Nothing, trace: Silent;
    Bind { peripheral: PeripheralId, patient: PatientId } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(DeviceBound, Some(*patient), None);
    BindKnown { device: DeviceId, patient: PatientId } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(DeviceBound, Some(*patient), Some(*device));
    Unbind { device: DeviceId } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(DeviceUnbound, None, Some(*device));
    Pair { peripheral: PeripheralId } -> (), tells: false, needs: SignedIn, trace: Act(DevicePaired, None, None);
    PairAnew { peripheral: PeripheralId } -> (), tells: false, needs: SignedIn, trace: Act(DevicePaired, None, None);
    Forget { peripheral: PeripheralId } -> (), tells: false, needs: SignedIn, trace: Act(DeviceForgotten, None, None);
    AnswerPairing { prompt: PromptId, answer: PairingAnswer } -> (), tells: false, needs: SignedIn, trace: Silent;
    ConfirmUserSlot { device: DeviceId, slot: u8 } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(UserSlotConfirmed, None, Some(*device));
    GiveConsent { device: DeviceId, consent: UserConsent } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(ConsentGiven, None, Some(*device));
    FetchRecords { device: DeviceId } -> (), tells: false, needs: OneOf(&[Record]), trace: Silent;
    AbortRecords { device: DeviceId } -> (), tells: false, needs: OneOf(&[Record]), trace: Silent;
    DecodeRejected { device: DeviceId } -> u32,
        tells: false, needs: OneOf(&[Record]), trace: Act(DecodedAgain, None, Some(*device));
    // The server.
    PullPatients {} -> (), tells: false, needs: OneOf(&[ReadRecords]), trace: Silent;
    Orders { patient: PatientId } -> Orders,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(OrdersSeen, Some(*patient));
    IdentityQuestions {} -> Vec<IdentityQuestion>,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(IdentityQuestionsSeen, None);
    DecideIdentity { id: ServerId, shown: Uuid, choice: IdentityChoice } -> (),
        tells: false, needs: OneOf(&[Record]), trace: Act(IdentityDecided, None, None);
    SyncNow {} -> (), tells: false, needs: SignedIn, trace: Silent;
    SyncUntilQuiet {} -> OutboxCounts, tells: false, needs: SignedIn, trace: Silent;
    OutboxRows { states: Vec<RowState> } -> Vec<OutboxRow>,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(OutboxSeen, None);
    SyncRows { states: Vec<RowState>, limit: usize } -> Vec<RowSummary>,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(OutboxSeen, None);
    SyncReceipt { row: RowId } -> SyncReceipt,
        tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(ReadingsListed, None);
    ExportRecord { row: RowId } -> RecordExport,
        tells: true, needs: OneOf(&[Export]), trace: Itself(Exported, None);
    Retry { row: RowId } -> (), tells: false, needs: SignedIn, trace: Act(RecordRetried, None, None);
    Discard { row: RowId, reason: String, dependants: Dependants } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(RecordDiscarded, None, None);
    Conflict { row: RowId } -> Conflict, tells: true, needs: OneOf(&[ReadRecords]), trace: Itself(ConflictSeen, None);
    KeepTheirs { row: RowId, their_id: String, their_version: Option<String> } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(ConflictDecided, None, None);
    SendOurs { row: RowId, their_id: String, their_version: String } -> (),
        tells: false, needs: OneOf(&[Review]), trace: Act(ConflictDecided, None, None);
    SetMetered { metered: bool } -> (), tells: false, needs: SignedIn, trace: Silent;
    ClinicSignIn {} -> (), tells: false, needs: SignedIn, trace: Silent;
    CancelClinicSignIn {} -> (), tells: false, needs: SignedIn, trace: Silent;
    // Who is here.
    SignIn { user: UserName, passphrase: Passphrase } -> (), tells: false, needs: Nothing, trace: Silent;
    OpenWithDeviceSecret {} -> (), tells: false, needs: Nothing, trace: Silent;
    Recover { key: RecoveryKey, new: NewClinician } -> (), tells: false, needs: Nothing, trace: Silent;
    EnrolFirst { new: NewClinician } -> Option<RecoveryKey>, tells: false, needs: Enrolment, trace: Silent;
    LockScreen { why: LockReason } -> (), tells: false, needs: Nothing, trace: Silent;
    LockVault { why: LockReason } -> (), tells: false, needs: Nothing, trace: Silent;
    UnlockScreen { user: UserName, pin: Pin } -> (), tells: false, needs: Nothing, trace: Silent;
    Activity {} -> (), tells: false, needs: Nothing, trace: Silent;
    BreakGlass { reason: String } -> (), tells: false, needs: SignedIn, trace: Silent;
    EndBreakGlass {} -> (), tells: false, needs: SignedIn, trace: Silent;
    Clinicians {} -> Vec<Clinician>, tells: false, needs: SignedIn, trace: Silent;
    AddClinician { new: NewClinician } -> Clinician,
        tells: false, needs: OneOf(&[ManageClinicians]), trace: Itself(ClinicianAdded, None);
    ChangeClinician { who: ClinicianId, display_name: String, roles: Vec<Role> } -> (),
        tells: false, needs: OneOf(&[ManageClinicians]), trace: Itself(ClinicianChanged, None);
    DisableClinician { who: ClinicianId } -> (),
        tells: false, needs: OneOf(&[ManageClinicians]), trace: Itself(ClinicianDisabled, None);
    ChangePassphrase { old: Passphrase, new: Passphrase } -> (), tells: false, needs: SignedIn, trace: Silent;
    ResetPassphrase { who: ClinicianId, new: Passphrase } -> (),
        tells: false, needs: OneOf(&[ManageClinicians]), trace: Itself(PassphraseChanged, None);
    ChangePin { passphrase: Passphrase, pin: Pin } -> (), tells: false, needs: SignedIn, trace: Silent;
    // The vault.
    BackUp {} -> BackupCopy, tells: false, needs: OneOf(&[KeepVault]), trace: Itself(BackedUp, None);
    Backups {} -> Vec<BackupCopy>, tells: false, needs: OneOf(&[KeepVault]), trace: Silent;
    Check {} -> SafeguardReport, tells: false, needs: OneOf(&[KeepVault]), trace: Silent;
    Restore { backup: Option<PathBuf>, by: Option<(UserName, Passphrase)> } -> SafeguardReport,
        tells: false, needs: Need::of_restoring(by.is_some()), trace: Itself(Restored, None);
    Rekey {} -> (), tells: false, needs: OneOf(&[KeepVault]), trace: Itself(Rekeyed, None);
    NewRecoveryKey {} -> RecoveryKey, tells: false, needs: OneOf(&[KeepVault]), trace: Itself(RecoveryKeySet, None);
    Audit { patient: Option<PatientId>, limit: usize } -> AuditLog,
        tells: true, needs: Need::of_audit(patient.is_some()), trace: Itself(AuditSeen, *patient);
    VerifyAudit {} -> AuditVerdict, tells: false, needs: OneOf(&[ReadAudit, KeepVault]), trace: Silent;
    Close {} -> (), tells: false, needs: Nothing, trace: Silent;
}

async fn pass_on<T>(answered: oneshot::Receiver<Result<T, RequestError>>, mut reply: Reply<T>) -> Option<RequestError> {
    tokio::select! {
        answer = answered => {
            let answer = answer.ok()?;
            let error = answer.as_ref().err().cloned();
            let _ = reply.send(answer);
            error
        },
        () = reply.closed() => None,
    }
}

async fn forward<T>(answered: oneshot::Receiver<Result<T, RequestError>>, mut reply: Reply<T>, moment: Moment) {
    tokio::select! {
        answer = answered => if let Ok(answer) = answer {
            let _ = reply.send(moment.let_through(answer));
        },
        // Whoever asked is gone: the work sees that nobody waits any more.
        () = reply.closed() => {}
    }
}
