//! Several clinicians share a laptop: signing in, locking, taking over, roles, emergencies, enrolling and leaving.
//! Not here: what a locked state answers (`locked`), and wrong secrets (`attempts`).
use crate::harness::Bedside;
use crate::harness::*;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_policy::Policy;
use bedside_vitals::{Patient, PatientId};
use std::time::Duration;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

async fn staffed(laptop: &Laptop) -> (Bedside, Patient) {
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    (bedside, patient)
}

/// Works for so long, touching the window all the time. Time passes in short naps, which are cheaper than ticks and too
/// short to be taken for sleep.
async fn work(bedside: &Bedside, time: Duration) {
    let until = bedside.machine.boot().plus(time);
    while bedside.machine.boot() < until {
        bedside.machine.sleep(Duration::from_secs(25));
        bedside.pass(Duration::from_millis(300)).await;
        bedside.console.activity().await;
    }
}

async fn unlock(bedside: &Bedside, user: &str) -> Result<(), RequestError> {
    bedside.console.unlock_screen(user_name(user), pin(user)).await
}

fn why(state: &AccessState) -> Option<LockReason> {
    match state {
        AccessState::Closed { why, .. } | AccessState::ScreenLocked { why, .. } => Some(*why),
        AccessState::Open { .. } => None,
    }
}

fn is_screen_locked(state: &AccessState) -> bool {
    matches!(state, AccessState::ScreenLocked { .. })
}

fn open_patient(bedside: &Bedside) -> Option<PatientId> {
    bedside.latest().bedside.as_ref().map(|bedside| bedside.patient.id)
}

fn who(state: &AccessState) -> Option<String> {
    match state {
        AccessState::Open { clinician: Some(clinician), .. } => Some(clinician.user_name.to_string()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_screen_warns_for_a_minute_and_locks_and_a_touch_begins_anew() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.pass(minutes(4) + Duration::from_secs(10)).await;
    let AccessState::Open { locks_in: Some(left), .. } = bedside.latest().access else { panic!("expected a warning") };
    assert!(left > Duration::from_secs(45) && left <= Duration::from_secs(51), "{left:?}");
    bedside.console.activity().await;
    bedside.pass(minutes(3)).await;
    assert!(matches!(bedside.latest().access, AccessState::Open { locks_in: None, .. }));
    bedside.pass(minutes(2) + Duration::from_secs(1)).await;
    assert_eq!(why(&bedside.latest().access), Some(LockReason::Idle));
    assert!(is_screen_locked(&bedside.latest().access));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn after_half_an_hour_without_a_touch_the_vault_locks() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.pass(minutes(29)).await;
    assert!(is_screen_locked(&bedside.latest().access));
    bedside.pass(minutes(2)).await;
    assert!(!is_screen_locked(&bedside.latest().access));
    assert_eq!(why(&bedside.latest().access), Some(LockReason::LongIdle));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn twelve_hours_of_work_end_at_a_locked_vault_and_another_pin_does_not_stretch_them() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    work(&bedside, minutes(12 * 60 - 4)).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, "nurse").await.unwrap();
    bedside.pass(minutes(5)).await;
    assert_eq!(why(&bedside.latest().access), Some(LockReason::AbsoluteLimit));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn neither_sleep_nor_a_set_clock_stretches_a_time_limit() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.machine.jump_wall(-24 * 3_600_000);
    bedside.pass(minutes(5) + Duration::from_secs(1)).await;
    assert_eq!(why(&bedside.latest().access), Some(LockReason::Idle), "the wall clock went back a day");
    unlock(&bedside, CHIEF).await.unwrap();
    bedside.machine.sleep(minutes(8 * 60));
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(why(&bedside.latest().access), Some(LockReason::LongIdle), "a night's sleep is a long idle");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_systems_lock_and_its_sleep_lock_the_screen() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    for (event, reason) in [
        (MachineEvent::ScreenLocked, LockReason::System),
        (MachineEvent::GoesToSleep, LockReason::Sleep),
        (MachineEvent::WokeUp, LockReason::Sleep),
    ] {
        bedside.machine.happens(event);
        assert_eq!(why(&bedside.latest_shown().await), Some(reason));
        unlock(&bedside, CHIEF).await.unwrap();
    }
    bedside.machine.sleep(minutes(2));
    assert_eq!(why(&bedside.latest_shown().await), Some(LockReason::Sleep), "a system that did not say that it slept");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_finds_their_place_and_a_colleague_finds_their_own() {
    let laptop = Laptop::new();
    let (bedside, rosa) = staffed(&laptop).await;
    let ruth = bedside.add_patient(2).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, "nurse").await.unwrap();
    assert_eq!(who(&bedside.latest_shown().await).as_deref(), Some("nurse"));
    assert_eq!(open_patient(&bedside), None, "the patient of whoever was here before is not theirs");
    bedside.console.open_patient(Some(ruth.id)).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, CHIEF).await.unwrap();
    bedside.latest_shown().await;
    assert_eq!(open_patient(&bedside), Some(rosa.id));
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in("nurse").await.unwrap();
    bedside.latest_shown().await;
    assert_eq!(open_patient(&bedside), Some(ruth.id), "also after the vault was locked");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_pin_the_passphrase_unlocks_the_screen() {
    let laptop = Laptop::new();
    let (bedside, patient) = staffed(&laptop).await;
    let new = NewClinician { pin: None, ..clinician("reviewer", &[Role::Reviewer]) };
    bedside.console.add_clinician(new).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    assert!(matches!(unlock(&bedside, "reviewer").await, Err(RequestError::WrongSecret { .. })));
    bedside.sign_in("reviewer").await.unwrap();
    assert_eq!(who(&bedside.latest_shown().await).as_deref(), Some("reviewer"));
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.latest_shown().await;
    assert_eq!(open_patient(&bedside), Some(patient.id));
    bedside.close().await;
}

/// What each role is refused and allowed, asked of the running console.
#[tokio::test(start_paused = true)]
async fn each_role_may_do_what_it_is_for_and_nothing_else() {
    let laptop = Laptop::new();
    let (bedside, patient) = staffed(&laptop).await;
    let roles = [Role::Clinician, Role::Nurse, Role::Reviewer, Role::Administrator, Role::ItSupport];
    for role in roles {
        bedside.enrol(role.name(), &[role]).await;
    }
    for role in roles {
        bedside.console.lock_screen(LockReason::ByHand).await;
        unlock(&bedside, role.name()).await.unwrap();
        let console = &bedside.console;
        let asked = [
            (Permission::ReadRecords, console.patients().await.map(drop)),
            (Permission::ReadRecords, console.open_patient(Some(patient.id)).await),
            (Permission::Record, console.acknowledge_interruption(false).await),
            (
                Permission::ManageClinicians,
                console.change_clinician(ClinicianId(uuid::Uuid::nil()), "A".into(), vec![]).await,
            ),
            (Permission::ReadAudit, console.audit(None, 1).await.map(drop)),
            (Permission::KeepVault, console.backups().await.map(drop)),
        ];
        for (permission, result) in asked {
            let refused = matches!(result, Err(RequestError::NotPermitted(named)) if named == permission);
            assert_eq!(refused, !role.may(permission), "{role:?} {permission:?}: {result:?}");
        }
        let AccessState::Open { may, .. } = bedside.latest_shown().await else { panic!("expected it open") };
        assert!(Permission::ALL.into_iter().all(|what| may.contains(&what) == role.may(what)));
        assert_eq!(open_patient(&bedside).is_some(), role.may(Permission::ReadRecords), "{role:?}");
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_opens_records_for_four_hours_and_every_entry_says_so() {
    let laptop = Laptop::new();
    let (bedside, patient) = staffed(&laptop).await;
    bedside.enrol("it.person", &[Role::ItSupport]).await;
    assert_eq!(bedside.console.break_glass("no need of it".into()).await, Err(RequestError::NotNeeded));
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, "it.person").await.unwrap();
    assert_eq!(bedside.console.patients().await.map(drop), Err(RequestError::NotPermitted(Permission::ReadRecords)));
    for reason in ["", "  ok  ", &"x".repeat(201)] {
        let refused = bedside.console.break_glass(reason.into()).await;
        assert_eq!(refused, Err(RequestError::ReasonNeeded { least: 5, most: 200 }), "{reason:?}");
    }
    // What was noted before goes with the next batch of captured values.
    bedside.pass(Duration::from_secs(1)).await;
    bedside.console.break_glass("nobody else is on the ward".into()).await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    let AccessState::Open { break_glass: Some(BreakGlass { until }), .. } = bedside.latest_shown().await else {
        panic!("expected an emergency");
    };
    let left = until.millis_since(bedside.machine.wall());
    assert!((4 * 3_600_000 - 5_000..=4 * 3_600_000).contains(&left), "{left} ms");
    work(&bedside, minutes(4 * 60)).await;
    assert!(matches!(bedside.latest().access, AccessState::Open { break_glass: None, .. }));
    assert_eq!(open_patient(&bedside), None);
    assert_eq!(bedside.console.patients().await.map(drop), Err(RequestError::NotPermitted(Permission::ReadRecords)));
    let audited = bedside.audited().await;
    let begun = audited.iter().position(|entry| entry.action == AuditAction::BreakGlassBegun).unwrap();
    let ended = audited.iter().position(|entry| entry.action == AuditAction::BreakGlassEnded).unwrap();
    assert_eq!(audited[begun].reason.as_deref(), Some("nobody else is on the ward"));
    // What the console does by itself meanwhile, a backup, is no act of the emergency.
    let mut acts = audited[begun..=ended].iter().filter(|entry| entry.actor.is_some());
    assert!(acts.all(|entry| entry.purpose == Purpose::BreakGlass));
    let mut looks = audited[begun..=ended].iter().filter(|entry| entry.action == AuditAction::PatientOpened);
    let look = looks.next().expect("a look");
    assert_eq!((look.patient, &look.reason), (Some(patient.id), &audited[begun].reason), "why stands at the look");
    assert!(audited[..begun].iter().all(|entry| entry.purpose != Purpose::BreakGlass));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_nobody_elses_and_a_policy_may_forbid_it() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.enrol("it.person", &[Role::ItSupport]).await;
    bedside.enrol("it.other", &[Role::ItSupport]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, "it.person").await.unwrap();
    bedside.console.break_glass("nobody else is on the ward".into()).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    unlock(&bedside, "it.other").await.unwrap();
    assert_eq!(bedside.console.patients().await.map(drop), Err(RequestError::NotPermitted(Permission::ReadRecords)));
    bedside.close().await;
    let policy = Policy { break_glass: false, ..Policy::default() };
    let bedside = laptop.start("calm", Options { policy, closed: true, ..Options::default() }).await;
    bedside.sign_in("it.person").await.unwrap();
    let refused = bedside.console.break_glass("nobody else is on the ward".into()).await;
    assert_eq!(refused, Err(RequestError::ForbiddenByPolicy));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_administrator_stays_one() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    let chief = bedside.console.clinicians().await.unwrap()[0].clone();
    let console = &bedside.console;
    assert_eq!(console.disable_clinician(chief.id).await, Err(RequestError::LastAdministrator));
    let demoted = console.change_clinician(chief.id, "Chief".into(), vec![Role::Clinician]).await;
    assert_eq!(demoted, Err(RequestError::LastAdministrator));
    let second = bedside.enrol("second", &[Role::Administrator]).await;
    console.change_clinician(chief.id, "Chief".into(), vec![Role::Clinician]).await.unwrap();
    assert_eq!(
        console.disable_clinician(second.id).await,
        Err(RequestError::NotPermitted(Permission::ManageClinicians))
    );
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_leaver_opens_nothing_any_more_and_can_come_back() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    let nurse = bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.console.disable_clinician(nurse.id).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    assert!(unlock(&bedside, "nurse").await.is_err());
    bedside.console.lock_vault(LockReason::ByHand).await;
    assert!(bedside.sign_in("nurse").await.is_err());
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.console.reset_passphrase(nurse.id, passphrase("another")).await.unwrap();
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.console.sign_in(user_name("nurse"), passphrase("another")).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_user_name_is_given_once_and_a_weak_secret_to_nobody() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    let taken = bedside.console.add_clinician(clinician(CHIEF, &[Role::Nurse])).await;
    assert_eq!(taken.unwrap_err(), RequestError::UserNameTaken);
    let weak = NewClinician { passphrase: Passphrase::typed("password"), ..clinician("nurse", &[Role::Nurse]) };
    assert!(matches!(bedside.console.add_clinician(weak).await, Err(RequestError::WeakSecret(_))));
    let weak = NewClinician { pin: Some(Pin::typed("123456")), ..clinician("nurse", &[Role::Nurse]) };
    assert!(matches!(bedside.console.add_clinician(weak).await, Err(RequestError::WeakSecret(_))));
    let nobody = bedside.console.add_clinician(clinician("nurse", &[])).await;
    assert!(matches!(nobody, Err(RequestError::InvalidClinician(_))));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_passphrase_and_pin_hold_from_then_on() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    let console = &bedside.console;
    let wrong = console.change_passphrase(passphrase("wrong"), passphrase("newer")).await;
    assert!(matches!(wrong, Err(RequestError::WrongPresentPassphrase { .. })), "{wrong:?}");
    console.change_passphrase(passphrase(CHIEF), passphrase("newer")).await.unwrap();
    console.change_pin(passphrase("newer"), pin("newer")).await.unwrap();
    console.lock_screen(LockReason::ByHand).await;
    assert!(unlock(&bedside, CHIEF).await.is_err());
    console.unlock_screen(user_name(CHIEF), pin("newer")).await.unwrap();
    console.lock_vault(LockReason::ByHand).await;
    assert!(bedside.sign_in(CHIEF).await.is_err());
    console.sign_in(user_name(CHIEF), passphrase("newer")).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_recovery_kit_opens_a_vault_whose_keyring_entry_is_gone() {
    let laptop = Laptop::new();
    let (bedside, patient) = staffed(&laptop).await;
    let kit = bedside.console.new_recovery_key().await.unwrap();
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.close().await;
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    let vault = bedside.store.presence().await.unwrap().id().unwrap();
    laptop.keys.forget(vault).await.unwrap();
    assert_eq!(bedside.sign_in(CHIEF).await, Err(RequestError::Keys(KeyFault::NoEntry)));
    let wrong = bedside.console.recover(RecoveryKey::new([7; 32]), clinician("rescue", &[Role::Administrator])).await;
    assert!(wrong.is_err());
    bedside.console.recover(kit, clinician("rescue", &[Role::Clinician])).await.unwrap();
    assert_eq!(bedside.console.patients().await.unwrap()[0].patient.id, patient.id);
    let all = bedside.console.clinicians().await.unwrap();
    let nurse = all.iter().find(|one| one.user_name == user_name("nurse")).unwrap();
    bedside.console.reset_passphrase(nurse.id, passphrase("another")).await.unwrap();
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.console.sign_in(user_name("nurse"), passphrase("another")).await.unwrap();
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in("rescue").await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_here_and_what_was_locked_stands_in_the_audit_log() {
    use AuditAction::*;
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    // People need a moment between two acts; within one batch of captured values entries have no order but their time.
    let moment = async || bedside.pass(Duration::from_secs(1)).await;
    moment().await;
    let nurse = bedside.enrol("nurse", &[Role::Nurse]).await;
    moment().await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    moment().await;
    unlock(&bedside, "nurse").await.unwrap();
    moment().await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    moment().await;
    bedside.sign_in("nurse").await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let about = [VaultCreated, ClinicianAdded, SignedIn, ScreenLocked, ScreenUnlocked, VaultLocked];
    let entries: Vec<AuditEntry> =
        bedside.audited().await.into_iter().filter(|entry| about.contains(&entry.action)).collect();
    let chief = entries[0].actor.unwrap();
    let seen: Vec<(AuditAction, ClinicianId)> =
        entries.iter().map(|entry| (entry.action, entry.actor.unwrap())).collect();
    let expected = [
        (VaultCreated, chief),
        (ClinicianAdded, chief),
        (SignedIn, chief),
        (ClinicianAdded, chief),
        (ScreenLocked, chief),
        (ScreenUnlocked, nurse.id),
        (VaultLocked, nurse.id),
        (SignedIn, nurse.id),
    ];
    assert_eq!(seen, expected);
    assert!(entries.iter().all(|entry| entry.purpose == Purpose::Operations));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn two_requests_at_once_leave_an_administrator() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    let chief = bedside.console.clinicians().await.unwrap()[0].clone();
    let second = bedside.enrol("second", &[Role::Administrator]).await;
    let demote = async |who| bedside.console.change_clinician(who, "Name".into(), vec![Role::Clinician]).await;
    let (one, other) = tokio::join!(demote(second.id), demote(chief.id));
    assert!(one.is_ok() && other.is_err(), "{one:?} {other:?}");
    let all = bedside.console.clinicians().await.unwrap();
    assert!(all.iter().any(|one| one.roles.contains(&Role::Administrator)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_wrong_passphrase_nobody_is_told_that_something_was_recorded() {
    let laptop = Laptop::new();
    let (bedside, _) = staffed(&laptop).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    let wrong = bedside.console.sign_in(user_name(CHIEF), passphrase("somebody")).await;
    assert!(matches!(wrong, Err(RequestError::WrongSecret { .. })), "{wrong:?}");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let filed = bedside.audited().await.into_iter().filter(|entry| entry.action == AuditAction::SpoolFiled).count();
    assert_eq!(filed, 1, "the try itself is filed");
    let AccessState::Open { ref notices, .. } = bedside.latest().access else { panic!("expected an open vault") };
    assert!(!notices.iter().any(|notice| matches!(notice, VaultNotice::SpoolFiled { .. })), "{notices:?}");
    bedside.close().await;
}
