//! Every request that there is, in one table: what it brings and what it is answered with.
//! Not here: what each needs (`access::permissions`), what a front calls (`request`), and what is done (`people` and others).
use crate::audit::{AuditLog, AuditVerdict};
use crate::clinician::{Clinician, ClinicianId, Role, UserName};
use crate::epoch::Moment;
use crate::inbox::InboxReading;
use crate::ports::{Answer, PairingAnswer, Passphrase, PeripheralId, Pin, PromptId, Query, RecoveryKey};
use crate::records::{BackupCopy, OutboxCounts, SafeguardReport};
use crate::request::{NewClinician, NewPatient, PatientLine, RequestError, StripCanvas, TrendRequest};
use crate::snapshot::LockReason;
use bedside_outbox::{OutboxRow, RowId, RowState};
use bedside_session::UserConsent;
use bedside_vitals::{DeviceId, MeasuredValue, Patient, PatientId, ReadingId};
use futures::future::BoxFuture;
use std::path::PathBuf;
use tokio::sync::oneshot;

/// The way back.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, RequestError>>;

macro_rules! requests {
    ($($variant:ident { $($field:ident: $type:ty),* } -> $answer:ty;)*) => {
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

requests! {
    // The record.
    ListPatients {} -> Vec<PatientLine>;
    AddPatient { new: NewPatient } -> Patient;
    OpenPatient { patient: Option<PatientId> } -> ();
    Query { query: Query } -> Answer;
    TrendChart { trend: TrendRequest } -> Vec<u8>;
    SetStrips { strips: Vec<StripCanvas> } -> ();
    Inbox {} -> Vec<InboxReading>;
    Assign { readings: Vec<ReadingId>, patient: PatientId } -> u64;
    CorrectReading { reading: ReadingId, value: MeasuredValue, reason: String } -> ();
    RejectReading { reading: ReadingId, reason: String } -> ();
    AcknowledgeInterruption { bind_again: bool } -> ();
    // Devices.
    Search { seconds: u32 } -> ();
    Capture { peripheral: PeripheralId } -> ();
    Bind { peripheral: PeripheralId, patient: PatientId } -> ();
    BindKnown { device: DeviceId, patient: PatientId } -> ();
    Unbind { device: DeviceId } -> ();
    Pair { peripheral: PeripheralId } -> ();
    PairAnew { peripheral: PeripheralId } -> ();
    Forget { peripheral: PeripheralId } -> ();
    AnswerPairing { prompt: PromptId, answer: PairingAnswer } -> ();
    ConfirmUserSlot { device: DeviceId, slot: u8 } -> ();
    GiveConsent { device: DeviceId, consent: UserConsent } -> ();
    FetchRecords { device: DeviceId } -> ();
    AbortRecords { device: DeviceId } -> ();
    DecodeRejected { device: DeviceId } -> u32;
    // The server.
    SyncNow {} -> ();
    SyncUntilQuiet {} -> OutboxCounts;
    OutboxRows { states: Vec<RowState> } -> Vec<OutboxRow>;
    Retry { row: RowId } -> ();
    // Who is here.
    SignIn { user: UserName, passphrase: Passphrase } -> ();
    OpenWithDeviceSecret {} -> ();
    Recover { key: RecoveryKey, new: NewClinician } -> ();
    EnrolFirst { new: NewClinician } -> Option<RecoveryKey>;
    LockScreen { why: LockReason } -> ();
    LockVault { why: LockReason } -> ();
    UnlockScreen { user: UserName, pin: Pin } -> ();
    Activity {} -> ();
    BreakGlass { reason: String } -> ();
    EndBreakGlass {} -> ();
    Clinicians {} -> Vec<Clinician>;
    AddClinician { new: NewClinician } -> Clinician;
    ChangeClinician { who: ClinicianId, display_name: String, roles: Vec<Role> } -> ();
    DisableClinician { who: ClinicianId } -> ();
    ChangePassphrase { old: Passphrase, new: Passphrase } -> ();
    ResetPassphrase { who: ClinicianId, new: Passphrase } -> ();
    ChangePin { passphrase: Passphrase, pin: Pin } -> ();
    // The vault.
    BackUp {} -> BackupCopy;
    Backups {} -> Vec<BackupCopy>;
    Check {} -> SafeguardReport;
    Restore { backup: Option<PathBuf>, by: Option<(UserName, Passphrase)> } -> SafeguardReport;
    Rekey {} -> ();
    NewRecoveryKey {} -> RecoveryKey;
    Audit { patient: Option<PatientId>, limit: usize } -> AuditLog;
    VerifyAudit {} -> AuditVerdict;
    Close {} -> ();
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
