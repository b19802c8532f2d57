//! Every look and every act leaves exactly one trace, with who and whose; an older copy of the record is told.
//! Not here: the chain and attacks on it (the vault's own tests), and entries about signing in (`access`).
use crate::harness::Bedside;
use crate::harness::*;
use bedside_charts::ChartTheme;
use bedside_console::ports::{Answer, KeyNote, KeyStore, PeripheralId, Query};
use bedside_console::*;
use bedside_outbox::{RowId, RowState};
use bedside_policy::Policy;
use bedside_session::UserConsent;
use bedside_simulated_ward::Act;
use bedside_vitals::*;
use std::time::Duration;
use uuid::Uuid;

const METER: &str = "glucose-1";

/// The log as it grows, read past the console, so that reading it leaves no trace.
struct Log<'a> {
    bedside: &'a Bedside,
    seen: u64,
}

impl<'a> Log<'a> {
    async fn of(bedside: &'a Bedside) -> Self {
        let mut log = Self { bedside, seen: 0 };
        log.new_entries().await;
        log
    }

    /// What was added since the last look, oldest first.
    async fn new_entries(&mut self) -> Vec<AuditEntry> {
        // What the console notes with its next commit is given time to get there.
        self.bedside.pass(Duration::from_millis(500)).await;
        let mut entries = all(self.bedside).await;
        entries.retain(|entry| entry.seq > self.seen);
        self.seen = entries.last().map_or(self.seen, |entry| entry.seq);
        entries
    }

    /// What was added: its action, outcome and patient, all of it by the clinician who is signed in.
    async fn added(&mut self) -> Vec<(AuditAction, AuditOutcome, Option<PatientId>)> {
        let actor = signed_in(self.bedside).map(|clinician| clinician.id);
        let entries = self.new_entries().await;
        assert!(entries.iter().all(|entry| entry.actor == actor), "{entries:?}");
        entries.into_iter().map(|entry| (entry.action, entry.outcome, entry.patient)).collect()
    }
}

async fn all(bedside: &Bedside) -> Vec<AuditEntry> {
    let Answer::Audit(mut entries) =
        bedside.store.read(Query::Audit { patient: None, limit: usize::MAX }).await.unwrap()
    else {
        panic!("expected the audit log");
    };
    entries.reverse();
    entries
}

fn signed_in(bedside: &Bedside) -> Option<Clinician> {
    match &bedside.latest().access {
        AccessState::Open { clinician, .. } => clinician.clone(),
        other => panic!("expected an open vault, got {other:?}"),
    }
}

fn notices(bedside: &Bedside) -> Vec<VaultNotice> {
    match &bedside.latest().access {
        AccessState::Open { notices, .. } => notices.clone(),
        other => panic!("expected an open vault, got {other:?}"),
    }
}

fn staffed() -> Options {
    Options { staffed: true, ..Options::default() }
}

fn trend(patient: PatientId) -> TrendRequest {
    let (from, until) = (START.plus_millis(-3_600_000), START.plus_millis(3_600_000));
    TrendRequest { patient, from, until, width: 600, height: 400, theme: ChartTheme::DARK }
}

#[tokio::test(start_paused = true)]
async fn every_look_and_every_act_is_one_entry_with_who_and_whose() {
    use AuditAction::*;
    use AuditOutcome::Success;
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    let console = &bedside.console;
    let mut log = Log::of(&bedside).await;

    let rosa = bedside.add_patient(1).await;
    let whose = Some(rosa.id);
    assert_eq!(log.added().await, [(PatientAdded, Success, whose)]);
    console.patients().await.unwrap();
    assert_eq!(log.added().await, [(PatientsListed, Success, None)]);
    console.open_patient(whose).await.unwrap();
    assert_eq!(log.added().await, [(PatientOpened, Success, whose)]);
    console.open_patient(whose).await.unwrap();
    assert_eq!(log.added().await, []);

    let meter = bedside.find(METER).await;
    assert_eq!(log.added().await, [], "looking for devices shows no person");
    console.bind(meter, rosa.id).await.unwrap();
    assert_eq!(log.added().await, [(DeviceBound, Success, whose)]);
    bedside.ward.act(METER, Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    log.new_entries().await;

    let inbox = console.inbox().await.unwrap();
    assert_eq!(log.added().await, [(InboxSeen, Success, None)]);
    let device = inbox[0].unassigned.reading.device;
    console.assign(vec![inbox[0].unassigned.reading.id], rosa.id).await.unwrap();
    assert_eq!(log.added().await, [(ReadingsAssigned, Success, whose)]);
    let readings = Query::Readings { patient: whose, unassigned_only: false, since: None, limit: 9 };
    console.query(readings).await.unwrap();
    assert_eq!(log.added().await, [(ReadingsListed, Success, whose)]);
    console.trend_chart(trend(rosa.id)).await.unwrap();
    assert_eq!(log.added().await, [(TrendSeen, Success, whose)]);
    console.outbox_rows(vec![RowState::Waiting]).await.unwrap();
    assert_eq!(log.added().await, [(OutboxSeen, Success, None)]);
    console.unbind(device).await.unwrap();
    assert_eq!(log.added().await, [(DeviceUnbound, Success, whose)]);
    assert!(!console.audit(whose, 99).await.unwrap().entries.is_empty());
    assert_eq!(log.added().await, [(AuditSeen, Success, whose)]);
    console.audit(None, 99).await.unwrap();
    assert_eq!(log.added().await, [(AuditSeen, Success, None)]);
    console.query(Query::Devices).await.unwrap();
    console.query(Query::VaultStatus).await.unwrap();
    assert!(matches!(console.verify_audit().await, Ok(AuditVerdict::Sound { .. })));
    assert_eq!(log.added().await, [], "nothing of this shows a person");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_act_that_does_not_come_about_is_an_entry_that_says_so() {
    use AuditAction::*;
    use AuditOutcome::Refused;
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    let console = &bedside.console;
    let rosa = bedside.add_patient(1).await;
    let mut log = Log::of(&bedside).await;
    let nobody = PatientId(Uuid::from_u128(404));
    let (device, nowhere) = (DeviceId(Uuid::from_u128(405)), PeripheralId("sim:nowhere".into()));

    assert!(console.open_patient(Some(nobody)).await.is_err());
    assert_eq!(log.added().await, [(PatientOpened, Refused, Some(nobody))]);
    assert!(console.bind(nowhere.clone(), rosa.id).await.is_err());
    assert_eq!(log.added().await, [(DeviceBound, Refused, Some(rosa.id))]);
    assert!(console.bind_known(device, rosa.id).await.is_err());
    assert_eq!(log.added().await, [(DeviceBound, Refused, Some(rosa.id))]);
    assert!(console.pair(nowhere.clone()).await.is_err());
    assert_eq!(log.added().await, [(DevicePaired, Refused, None)]);
    assert!(console.forget(nowhere).await.is_err());
    assert_eq!(log.added().await, [(DeviceForgotten, Refused, None)]);
    assert!(console.confirm_user_slot(device, 1).await.is_err());
    assert_eq!(log.added().await, [(UserSlotConfirmed, Refused, None)]);
    assert!(console.give_consent(device, UserConsent::new(1, 1).unwrap()).await.is_err());
    assert_eq!(log.added().await, [(ConsentGiven, Refused, None)]);
    assert!(console.decode_rejected(device).await.is_err());
    assert_eq!(log.added().await, [(DecodedAgain, Refused, None)]);
    assert!(console.retry(RowId(Uuid::from_u128(406))).await.is_err());
    assert_eq!(log.added().await, [(RecordRetried, Refused, None)]);
    assert!(console.assign(vec![ReadingId(Uuid::from_u128(407))], rosa.id).await.is_err());
    assert_eq!(log.added().await, [(ReadingsAssigned, Refused, Some(rosa.id))]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_is_refused_and_named_with_the_roles_of_that_time() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    let nurse = bedside.enrol("osei", &[Role::Nurse]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.console.unlock_screen(user_name("osei"), pin("osei")).await.unwrap();
    let mut log = Log::of(&bedside).await;
    assert!(matches!(bedside.console.audit(None, 9).await, Err(RequestError::NotPermitted(_))));
    let entries = log.new_entries().await;
    let told: Vec<_> = entries.iter().map(|e| (e.action, e.outcome, e.actor, e.roles.clone())).collect();
    assert_eq!(told, [(AuditAction::AuditSeen, AuditOutcome::Refused, Some(nurse.id), vec![Role::Nurse])]);
    let origin = &entries[0].origin;
    assert!(origin.boot.is_some() && origin.boot_id.is_some() && origin.run.is_some() && origin.version.is_some());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_refreshes_itself_is_one_look_until_it_is_left_alone_for_a_minute() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    let (rosa, other) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    let mut log = Log::of(&bedside).await;
    for _ in 0..12 {
        bedside.console.trend_chart(trend(rosa.id)).await.unwrap();
        bedside.pass(Duration::from_secs(10)).await;
    }
    assert_eq!(log.added().await.len(), 1);
    bedside.console.trend_chart(trend(other.id)).await.unwrap();
    assert_eq!(log.added().await.len(), 1, "another patient is another look");
    bedside.pass(Duration::from_secs(61)).await;
    bedside.console.trend_chart(trend(rosa.id)).await.unwrap();
    assert_eq!(log.added().await.len(), 1, "it was left alone");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_older_copy_of_the_record_is_told_and_noted_at_the_next_opening() {
    let laptop = Laptop::new();
    let file = laptop.folder.path().join("vault.db");
    let bedside = laptop.start("calm", staffed()).await;
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(60)).await;
    bedside.close().await;
    let old = std::fs::read(&file).unwrap();
    let bedside = laptop.start("calm", staffed()).await;
    bedside.add_patient(2).await;
    bedside.pass(Duration::from_secs(60)).await;
    assert_eq!(notices(&bedside), [], "the newest copy is what the anchor knows");
    bedside.close().await;

    std::fs::write(&file, &old).unwrap();
    let bedside = laptop.start("calm", staffed()).await;
    bedside.pass(Duration::from_secs(20)).await;
    let older =
        |notice: &VaultNotice| matches!(notice, VaultNotice::OlderCopy { missing_commits } if *missing_commits > 0);
    assert!(notices(&bedside).iter().any(older), "{:?}", notices(&bedside));
    let entries = all(&bedside).await;
    let found = entries.iter().find(|entry| entry.action == AuditAction::TamperFound).expect("it is noted");
    assert!(found.reason.as_ref().is_some_and(|reason| reason.contains("commits")), "{found:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_anchor_that_somebody_wrote_over_is_told() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    bedside.pass(Duration::from_secs(60)).await;
    let Answer::Anchor(anchor) = bedside.store.read(Query::Anchor).await.unwrap() else { panic!("expected an anchor") };
    let note = laptop.keys.note(anchor.vault, KeyNote::Anchor).await.unwrap().expect("it is kept");
    let kept = Anchor::from_note(&note).expect("it is one of ours");
    assert!(kept.generation <= anchor.generation && kept.public_key == anchor.public_key);
    bedside.close().await;
    laptop.keys.set_note(anchor.vault, KeyNote::Anchor, "nothing").await.unwrap();
    let bedside = laptop.start("calm", staffed()).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(notices(&bedside), [VaultNotice::Altered { what: "anchor" }]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_policy_than_last_time_is_an_entry() {
    let laptop = Laptop::new();
    laptop.start("calm", staffed()).await.close().await;
    let changes = |entries: Vec<AuditEntry>| entries.iter().filter(|e| e.action == AuditAction::PolicyChanged).count();
    let same = laptop.start("calm", staffed()).await;
    same.pass(Duration::from_secs(2)).await;
    assert_eq!(changes(all(&same).await), 0);
    same.close().await;
    let policy = Policy { watch_display: true, ..Policy::default() };
    let other = laptop.start("calm", Options { policy, ..staffed() }).await;
    other.pass(Duration::from_secs(2)).await;
    assert_eq!(changes(all(&other).await), 1);
    other.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_act_that_comes_about_later_is_that_of_whoever_asked() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    bedside.enrol("osei", &[Role::Nurse]).await;
    let chief = signed_in(&bedside).unwrap().id;
    let patient = bedside.add_patient(1).await;
    bedside.bind("strap-1", &patient).await;
    let strap = bedside.store.read(Query::Devices).await.unwrap();
    let Answer::Devices(devices) = strap else { panic!("expected devices") };
    bedside.console.unbind(devices[0].id).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    bedside.ward.set_out_of_reach("strap-1", true).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    bedside.console.bind_known(devices[0].id, patient.id).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.console.unlock_screen(user_name("osei"), pin("osei")).await.unwrap();
    let mut log = Log::of(&bedside).await;
    bedside.ward.set_out_of_reach("strap-1", false).unwrap();
    bedside.pass(Duration::from_secs(30)).await;
    let bound: Vec<AuditEntry> =
        log.new_entries().await.into_iter().filter(|entry| entry.action == AuditAction::DeviceBound).collect();
    let told: Vec<_> = bound.iter().map(|entry| (entry.actor, entry.roles.len())).collect();
    assert_eq!(told, [(Some(chief), Role::ALL.len())]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_administrator_may_alone_is_refused_to_others_and_noted() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", staffed()).await;
    let nurse = bedside.enrol("osei", &[Role::Nurse]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.console.unlock_screen(user_name("osei"), pin("osei")).await.unwrap();
    let mut log = Log::of(&bedside).await;
    assert!(bedside.console.disable_clinician(nurse.id).await.is_err());
    assert!(bedside.console.rekey().await.is_err());
    let told: Vec<_> = log.new_entries().await.iter().map(|e| (e.action, e.outcome, e.actor)).collect();
    let refused = |action| (action, AuditOutcome::Refused, Some(nurse.id));
    assert_eq!(told, [refused(AuditAction::ClinicianDisabled), refused(AuditAction::Rekeyed)]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_power_cut_right_after_an_opening_is_no_tampering() {
    let laptop = Laptop::new();
    for _ in 0..3 {
        let bedside = laptop.start("calm", staffed()).await;
        bedside.pass(Duration::from_secs(2)).await;
        assert_eq!(notices(&bedside), []);
        bedside.kill().await;
    }
    let bedside = laptop.start("calm", Options { closed: true, ..staffed() }).await;
    let vault = bedside.store.presence().await.unwrap().id().unwrap();
    assert!(laptop.keys.note(vault, KeyNote::Anchor).await.unwrap().is_some(), "it has an anchor from the beginning");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyring_that_lost_its_anchor_is_told_and_one_that_never_took_any_is_not() {
    for took_one in [true, false] {
        let laptop = Laptop::new();
        laptop.keys.refuse_anchors(!took_one);
        for opening in 0..3 {
            let bedside = laptop.start("calm", staffed()).await;
            bedside.pass(Duration::from_secs(60)).await;
            let expected = if took_one && opening > 0 { vec![VaultNotice::Altered { what: "anchor" }] } else { vec![] };
            assert_eq!(notices(&bedside), expected, "took one: {took_one}, opening {opening}");
            let vault = bedside.store.presence().await.unwrap().id().unwrap();
            bedside.close().await;
            laptop.keys.lose_note(vault, KeyNote::Anchor);
        }
    }
}
