//! Locked means locked (product law 8): every request in every locked state, and every snapshot, without a word about anybody.
//! Capture goes on meanwhile. Not here: when something locks, and who unlocks it (`access`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::record::assert_stored_as_sent;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::RowId;
use bedside_session::UserConsent;
use bedside_vitals::*;
use std::time::Duration;
use uuid::Uuid;

/// What no locked screen may know: `Bedside::add_patient(1)`.
const PLANTED: [&str; 4] = ["ADEYEMI-TEST1", "Rosa", "TST 4410 0001", "1951-03-14"];

/// What opens, locks, captures or ends. Their answers are empty by their types; all others are refused.
const OPENERS: [RequestKind; 10] = [
    RequestKind::SignIn,
    RequestKind::OpenWithDeviceSecret,
    RequestKind::Recover,
    RequestKind::LockScreen,
    RequestKind::LockVault,
    RequestKind::UnlockScreen,
    RequestKind::Activity,
    RequestKind::Search,
    RequestKind::Capture,
    RequestKind::Close,
];

/// Asks one request of each kind. No wildcard: a new request does not compile until it is here.
async fn ask(console: &ConsoleHandle, patient: PatientId, kind: RequestKind) -> Result<(), RequestError> {
    let device = DeviceId::derive("any");
    let reading = ReadingId(Uuid::nil());
    let who = ClinicianId(Uuid::nil());
    let at = PeripheralId("sim:strap-1".into());
    let reason = || "a reason that is long enough".to_owned();
    match kind {
        RequestKind::ListPatients => console.patients().await.map(drop),
        RequestKind::AddPatient => console.add_patient(another_patient()).await.map(drop),
        RequestKind::OpenPatient => console.open_patient(Some(patient)).await,
        RequestKind::Query => {
            let mut answers = Vec::new();
            for query in queries(patient) {
                let kind = format!("{query:?}");
                let answer = console.query(query).await.map(drop);
                assert_eq!(answer, Err(RequestError::Locked), "{kind}");
                answers.push(answer);
            }
            answers.pop().unwrap()
        }
        RequestKind::TrendChart => console.trend_chart(trend(patient)).await.map(drop),
        RequestKind::SetStrips => console.set_strips(vec![canvas()]).await,
        RequestKind::Inbox => console.inbox().await.map(drop),
        RequestKind::Charted => console.charted(patient, 10).await.map(drop),
        RequestKind::Assign => console.assign(vec![reading], patient).await.map(drop),
        RequestKind::MarkStrip => console.mark_strip(patient, StripKind::Electrocardiogram, 20).await.map(drop),
        RequestKind::CorrectReading => {
            let value =
                MeasuredValue::Single(Quantity { number: Number::Value(Decimal::whole(60)), unit: Unit::PerMinute });
            console.correct_reading(reading, value, reason()).await
        }
        RequestKind::ConfirmReading => console.confirm_reading(reading).await,
        RequestKind::RejectReading => console.reject_reading(reading, reason()).await,
        RequestKind::AcknowledgeInterruption => console.acknowledge_interruption(true).await,
        RequestKind::Search => console.search(1).await,
        RequestKind::Capture => console.capture(at).await,
        RequestKind::Bind => console.bind(at, patient).await,
        RequestKind::BindKnown => console.bind_known(device, patient).await,
        RequestKind::Unbind => console.unbind(device).await,
        RequestKind::Pair => console.pair(at).await,
        RequestKind::PairAnew => console.pair_anew(at).await,
        RequestKind::Forget => console.forget(at).await,
        RequestKind::AnswerPairing => console.answer_pairing(PromptId(1), PairingAnswer::Reject).await,
        RequestKind::ConfirmUserSlot => console.confirm_user_slot(device, 1).await,
        RequestKind::GiveConsent => console.give_consent(device, UserConsent::new(1, 1).unwrap()).await,
        RequestKind::FetchRecords => console.fetch_records(device).await,
        RequestKind::AbortRecords => console.abort_records(device).await,
        RequestKind::DecodeRejected => console.decode_rejected(device).await.map(drop),
        RequestKind::SyncNow => console.sync_now().await,
        RequestKind::SyncUntilQuiet => console.sync_until_quiet().await.map(drop),
        RequestKind::OutboxRows => console.outbox_rows(Vec::new()).await.map(drop),
        RequestKind::PullPatients => console.pull_patients().await,
        RequestKind::Orders => console.orders(patient).await.map(drop),
        RequestKind::IdentityQuestions => console.identity_questions().await.map(drop),
        RequestKind::DecideIdentity => {
            console.decide_identity(ServerId::new("p1").unwrap(), Uuid::nil(), IdentityChoice::Different).await
        }
        RequestKind::SyncRows => console.sync_rows(Vec::new(), 10).await.map(drop),
        RequestKind::SyncReceipt => console.sync_receipt(RowId(Uuid::nil())).await.map(drop),
        RequestKind::ExportRecord => console.export_record(RowId(Uuid::nil())).await.map(drop),
        RequestKind::Discard => {
            console.discard(RowId(Uuid::nil()), reason(), bedside_outbox::Dependants::Release).await
        }
        RequestKind::Conflict => console.conflict(RowId(Uuid::nil())).await.map(drop),
        RequestKind::KeepTheirs => console.keep_theirs(RowId(Uuid::nil()), "p1".into(), None).await,
        RequestKind::SendOurs => console.send_ours(RowId(Uuid::nil()), "p1".into(), "1".into()).await,
        RequestKind::SetMetered => console.set_metered(true).await,
        RequestKind::ClinicSignIn => console.clinic_sign_in().await,
        RequestKind::CancelClinicSignIn => console.cancel_clinic_sign_in().await,
        RequestKind::Retry => console.retry(RowId(Uuid::nil())).await,
        RequestKind::SignIn => console.sign_in(user_name("nobody"), passphrase("nobody")).await,
        RequestKind::OpenWithDeviceSecret => console.open_with_device_secret().await,
        RequestKind::Recover => console.recover(RecoveryKey::new([1; 32]), clinician("new", &[])).await,
        RequestKind::EnrolFirst => console.enrol_first(clinician("first", &[Role::Nurse])).await.map(drop),
        RequestKind::LockScreen => {
            console.lock_screen(LockReason::ByHand).await;
            Ok(())
        }
        RequestKind::LockVault => {
            console.lock_vault(LockReason::ByHand).await;
            Ok(())
        }
        RequestKind::UnlockScreen => console.unlock_screen(user_name("nobody"), pin("nobody")).await,
        RequestKind::Activity => {
            console.activity().await;
            Ok(())
        }
        RequestKind::BreakGlass => console.break_glass(reason()).await,
        RequestKind::EndBreakGlass => console.end_break_glass().await,
        RequestKind::Clinicians => console.clinicians().await.map(drop),
        RequestKind::AddClinician => console.add_clinician(clinician("new", &[Role::Nurse])).await.map(drop),
        RequestKind::ChangeClinician => console.change_clinician(who, "New".into(), vec![Role::Nurse]).await,
        RequestKind::DisableClinician => console.disable_clinician(who).await,
        RequestKind::ChangePassphrase => console.change_passphrase(passphrase(CHIEF), passphrase("another")).await,
        RequestKind::ResetPassphrase => console.reset_passphrase(who, passphrase("another")).await,
        RequestKind::ChangePin => console.change_pin(passphrase(CHIEF), pin("another")).await,
        RequestKind::BackUp => console.back_up().await.map(drop),
        RequestKind::Backups => console.backups().await.map(drop),
        RequestKind::Check => console.check().await.map(drop),
        RequestKind::Restore => console.restore(None, None).await.map(drop),
        RequestKind::Rekey => console.rekey().await,
        RequestKind::NewRecoveryKey => console.new_recovery_key().await.map(drop),
        RequestKind::Audit => {
            assert_eq!(console.audit(None, 10).await.map(drop), console.audit(Some(patient), 10).await.map(drop));
            console.audit(None, 10).await.map(drop)
        }
        RequestKind::VerifyAudit => console.verify_audit().await.map(drop),
        RequestKind::Close => console.close().await,
    }
}

/// One of each kind.
fn queries(patient: PatientId) -> Vec<Query> {
    let mut all = vec![Query::Patients];
    while let Some(next) = all.last().and_then(|last| query_after(last, patient)) {
        all.push(next);
    }
    all
}

/// The one that is asked after this one. No wildcard: a new query does not compile until it has its place here.
fn query_after(query: &Query, patient: PatientId) -> Option<Query> {
    let device = DeviceId::derive("any");
    let readings = || vec![ReadingId(Uuid::nil())];
    let (of, parameters) = (Some(patient), vec![Parameter::HeartRate]);
    let next = match query {
        Query::Patients => Query::PatientByRecordNumber(RecordNumber::new("TST 4410 0001").unwrap()),
        Query::PatientByRecordNumber(_) => Query::Devices,
        Query::Devices => Query::OpenBindings,
        Query::OpenBindings => Query::DeviceMemories,
        Query::DeviceMemories => Query::ClockSettings(device),
        Query::ClockSettings(_) => Query::BindingAt(device, START),
        Query::BindingAt(..) => Query::LastBindings,
        Query::LastBindings => Query::BindingsOf(device),
        Query::BindingsOf(_) => Query::Connections(device),
        Query::Connections(_) => Query::Readings { patient: of, unassigned_only: false, since: None, limit: 10 },
        Query::Readings { .. } => Query::ReadingsAt(START),
        Query::ReadingsAt(_) => Query::MediansAt(START),
        Query::MediansAt(_) => Query::TheseReadings(readings()),
        Query::TheseReadings(_) => Query::UnassignedCount,
        Query::UnassignedCount => Query::KnownReadings(readings()),
        Query::KnownReadings(_) => Query::Samples { patient: of, since: None, until: None },
        Query::Samples { .. } => Query::MinuteMedians { patient: of, since: None },
        Query::MinuteMedians { .. } => {
            let until = START.plus_millis(1);
            Query::Trend { patient, parameters, from: START, until, columns: 10 }
        }
        Query::Trend { .. } => Query::LastValues(patient),
        Query::LastValues(_) => Query::PatientActivity,
        Query::PatientActivity => Query::ClinicRecords,
        Query::ClinicRecords => Query::ClinicOrders { server: String::new(), patients: Vec::new() },
        Query::ClinicOrders { .. } => Query::OutboxCounts,
        Query::OutboxCounts => Query::OutboxRows { states: bedside_outbox::RowState::ALL.to_vec(), limit: 10 },
        Query::OutboxRows { .. } => Query::TheseRows(vec![RowId(Uuid::nil())]),
        Query::TheseRows(_) => Query::Audit { patient: of, limit: 10 },
        Query::Audit { .. } => Query::Clinicians,
        Query::Clinicians => Query::VerifyPin(ClinicianId(Uuid::nil()), pin(CHIEF)),
        Query::VerifyPin(..) => Query::Versions(readings()),
        Query::Versions(_) => Query::VerifyAudit(None),
        Query::VerifyAudit(_) => Query::CompareAnchor(Anchor {
            vault: VaultId(Uuid::nil()),
            generation: 0,
            audit_seq: 0,
            audit_head: [0; 32],
            at: START,
            public_key: [0; 32],
        }),
        Query::CompareAnchor(_) => Query::VerifyDigests,
        Query::VerifyDigests => Query::Anchor,
        Query::Anchor => Query::AnchorKept,
        Query::AnchorKept => Query::Backups,
        Query::Backups => Query::LastRun,
        Query::LastRun => Query::Frames { device: None, rejected_only: false, limit: 10 },
        Query::Frames { .. } => {
            Query::FrameAt { connection: ConnectionId(Uuid::nil()), characteristic: Uuid::nil(), index: 0 }
        }
        Query::FrameAt { .. } => Query::OpenRows,
        Query::OpenRows => Query::AuditToFile { behind: None, limit: 10 },
        Query::AuditToFile { .. } => Query::ServerCopies { server: String::new(), resources: vec![Uuid::nil()] },
        Query::ServerCopies { .. } => Query::AcceptedElsewhere(String::new()),
        Query::AcceptedElsewhere(_) => Query::ServerTraits(String::new()),
        Query::ServerTraits(_) => Query::ServerTokens(String::new()),
        Query::ServerTokens(_) => Query::Interruption,
        Query::Interruption => Query::UnwritableCount,
        Query::UnwritableCount => Query::VaultStatus,
        Query::VaultStatus => return None,
    };
    Some(next)
}

fn another_patient() -> NewPatient {
    NewPatient {
        record_number: "TST 4410 0099".into(),
        family: "OTHER".into(),
        given: "Ada".into(),
        birth_date: "1960-01-01".into(),
        sex: String::new(),
        bed: String::new(),
    }
}

fn trend(patient: PatientId) -> TrendRequest {
    TrendRequest {
        patient,
        from: START,
        until: START.plus_millis(1),
        width: 300,
        height: 200,
        theme: bedside_charts::ChartTheme::DARK,
    }
}

fn canvas() -> StripCanvas {
    let kind = StripKind::Electrocardiogram;
    StripCanvas { kind, width: 600, height: 120, pixels_per_mm: 4.0, theme: bedside_charts::ChartTheme::DARK }
}

/// Everything in a snapshot that is about a person. Every field is named: a new one must be looked at here.
fn people_in(snapshot: &Snapshot) -> Vec<String> {
    let Snapshot {
        number: _,
        taken: _,
        taken_boot: _,
        valid_for: _,
        mode: _,
        access,
        adapter: _,
        radio: _,
        pairing,
        searching_until: _,
        nearby,
        recording: _,
        interrupted,
        bedside,
        bound,
        unassigned,
        sync,
    } = snapshot;
    let mut found = Vec::new();
    found.extend(pairing.iter().map(|asked| format!("a pairing question of {:?}", asked.name)));
    found.extend(nearby.iter().filter_map(|one| one.patient).map(|patient| format!("a device near {patient:?}")));
    found.extend(interrupted.iter().map(|_| "an interruption".to_owned()));
    found.extend(bedside.iter().map(|bedside| format!("the bedside of {}", bedside.patient.family.reveal())));
    found.extend(bound.iter().map(|(patient, _)| format!("bindings of {patient:?}")));
    found.extend((*unassigned > 0).then(|| "unassigned readings".to_owned()));
    found.extend((!sync.counts.by_state.is_empty()).then(|| "what waits for the server".to_owned()));
    if let AccessState::ScreenLocked { watch, .. } = access {
        found.extend(watch.iter().map(|tile| format!("a value at bed {}", tile.bed.reveal())));
    }
    let text = format!("{snapshot:?}");
    found.extend(PLANTED.iter().filter(|word| text.contains(*word)).map(|word| format!("the word {word}")));
    found
}

/// Asks everything, and looks at every snapshot meanwhile.
async fn assert_locked(bedside: &Bedside, patient: PatientId, state: &str) {
    bedside.pass(Duration::from_secs(1)).await;
    let before = bedside.display.snapshots.lock().unwrap().len();
    for &kind in RequestKind::ALL.iter().filter(|kind| !OPENERS.contains(kind)) {
        assert_eq!(ask(&bedside.console, patient, kind).await, Err(RequestError::Locked), "{state}: {kind:?}");
    }
    bedside.pass(Duration::from_secs(2)).await;
    let shown = bedside.display.snapshots.lock().unwrap().clone();
    assert!(shown.len() > before + 4, "the screen goes on");
    for snapshot in &shown[before..] {
        assert_eq!(people_in(snapshot), Vec::<String>::new(), "{state}");
    }
}

/// A staffed laptop at work: a planted patient at an open bedside with strips, and two devices that are recorded.
async fn at_work(laptop: &Laptop, options: Options) -> (Bedside, PatientId) {
    let bedside = laptop.start("calm", Options { staffed: true, ..options }).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("strap-1", &patient).await;
    bedside.bind("ecg-1", &patient).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.console.set_strips(vec![canvas()]).await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert!(!people_in(&bedside.latest()).is_empty(), "the search finds what is there");
    (bedside, patient.id)
}

#[tokio::test(start_paused = true)]
async fn a_locked_screen_answers_nothing_about_anybody() {
    let laptop = Laptop::new();
    let (bedside, patient) = at_work(&laptop, Options::default()).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    assert_locked(&bedside, patient, "screen locked").await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_locked_vault_answers_nothing_about_anybody() {
    let laptop = Laptop::new();
    let (bedside, patient) = at_work(&laptop, Options::default()).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    assert_locked(&bedside, patient, "vault locked").await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_console_that_starts_answers_nothing_before_somebody_signs_in() {
    let laptop = Laptop::new();
    let (bedside, patient) = at_work(&laptop, Options::default()).await;
    bedside.close().await;
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    let AccessState::Closed { since: None, why: LockReason::Start, users, .. } = bedside.latest_shown().await else {
        panic!("expected a closed vault");
    };
    assert_eq!(users, [user_name(CHIEF)]);
    assert_locked(&bedside, patient, "closed start").await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_nobody_is_enrolled_in_answers_nothing_but_the_enrolment() {
    let laptop = Laptop::new();
    let nobody = || Options { nobody_enrolled: true, ..Options::default() };
    let bedside = laptop.start("calm", nobody()).await;
    let patient = bedside.add_patient(1).await.id;
    bedside.close().await;
    let bedside = laptop.start("calm", Options { mode: Some(Mode::Clinic), ..nobody() }).await;
    let AccessState::Open { enrolment_needed: true, .. } = bedside.latest_shown().await else {
        panic!("expected that somebody has to be enrolled");
    };
    for &kind in RequestKind::ALL.iter().filter(|kind| !OPENERS.contains(kind) && **kind != RequestKind::EnrolFirst) {
        assert_eq!(ask(&bedside.console, patient, kind).await, Err(RequestError::Locked), "{kind:?}");
    }
    assert_eq!(people_in(&bedside.latest()), Vec::<String>::new());
    let kit = bedside.console.enrol_first(clinician(CHIEF, &[Role::Clinician])).await.unwrap();
    assert!(kit.is_some(), "without a key of the policy there is a kit");
    assert_eq!(bedside.console.patients().await.unwrap().len(), 1);
    bedside.console.lock_vault(LockReason::ByHand).await;
    assert!(bedside.console.open_with_device_secret().await.is_err(), "the device slot is gone");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_locked_screen_gets_no_strip_and_no_recorded_value() {
    let laptop = Laptop::new();
    let (bedside, _) = at_work(&laptop, Options::default()).await;
    assert!(*bedside.display.drawn.lock().unwrap() > 0);
    bedside.console.lock_screen(LockReason::ByHand).await;
    let drawn = *bedside.display.drawn.lock().unwrap();
    let recorded = bedside.display.recorded.lock().unwrap().len();
    bedside.pass(Duration::from_secs(30)).await;
    assert_eq!(*bedside.display.drawn.lock().unwrap(), drawn);
    assert_eq!(bedside.display.recorded.lock().unwrap().len(), recorded);
    assert_eq!(bedside.latest().recording.devices, 2, "it says what is still being recorded");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_ward_that_watches_sees_values_by_bed_and_only_behind_a_locked_screen() {
    let laptop = Laptop::new();
    let policy = bedside_policy::Policy { watch_display: true, ..Default::default() };
    let (bedside, _) = at_work(&laptop, Options { policy, ..Options::default() }).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(2)).await;
    let snapshot = bedside.latest();
    let AccessState::ScreenLocked { watch, .. } = &snapshot.access else { panic!("expected a locked screen") };
    let heart_rate = watch.iter().find(|tile| tile.tile.parameter == Parameter::HeartRate).unwrap();
    assert_eq!(heart_rate.bed.reveal(), "121");
    assert_eq!(heart_rate.tile.freshness, Freshness::Live);
    assert_eq!(heart_rate.tile.last.as_ref().unwrap().device_name, "");
    let others: Vec<String> = people_in(&snapshot).into_iter().filter(|what| !what.starts_with("a value at")).collect();
    assert_eq!(others, Vec::<String>::new());
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(people_in(&bedside.latest()), Vec::<String>::new());
    bedside.close().await;
}

/// Records through two locks of the given kind, and compares what the ward sent with what is stored at the end.
async fn records_through(lock: impl AsyncFn(&Bedside), unlock: impl AsyncFn(&Bedside)) {
    let laptop = Laptop::new();
    let (bedside, _) = at_work(&laptop, Options::default()).await;
    for _ in 0..2 {
        lock(&bedside).await;
        let sent = bedside.ledger().len();
        bedside.pass(Duration::from_secs(90)).await;
        assert_eq!(bedside.latest().recording.devices, 2);
        assert!(bedside.ledger().len() > sent + 80, "the devices go on sending");
        unlock(&bedside).await;
        bedside.pass(Duration::from_secs(20)).await;
    }
    for device in ["strap-1", "ecg-1"] {
        bedside.ward.set_out_of_reach(device, true).unwrap();
    }
    bedside.pass(Duration::from_secs(5)).await;
    assert_stored_as_sent(&bedside, "calm").await;
    let unassigned = bedside.samples().await.iter().filter(|samples| samples.patient.is_none()).count();
    assert_eq!(unassigned, 0, "the bindings went on");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn behind_a_locked_screen_everything_is_recorded() {
    let lock = async |bedside: &Bedside| bedside.console.lock_screen(LockReason::ByHand).await;
    let unlock = async |bedside: &Bedside| bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();
    records_through(lock, unlock).await;
}

#[tokio::test(start_paused = true)]
async fn behind_a_locked_vault_everything_is_recorded() {
    let lock = async |bedside: &Bedside| bedside.console.lock_vault(LockReason::ByHand).await;
    let unlock = async |bedside: &Bedside| bedside.sign_in(CHIEF).await.unwrap();
    records_through(lock, unlock).await;
}
