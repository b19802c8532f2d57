//! Coming in leaves its trace first: nobody is let in, and no refusal is answered, before the entry about it is on the disk.
//! And a recovery kit is never answered behind a lock. Not here: who may come in (`access`), and wrong secrets (`attempts`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use std::sync::Arc;
use std::time::Duration;

const CAME_IN: Point = Point::Entry(AuditAction::SignedIn, AuditOutcome::Success);
const UNLOCKED: Point = Point::Entry(AuditAction::ScreenUnlocked, AuditOutcome::Success);

async fn gated(laptop: &Laptop, closed: bool) -> (Bedside, Arc<Gate>) {
    // The vault is made first: the gate is for what follows.
    laptop.start("calm", Options { staffed: true, ..Options::default() }).await.close().await;
    let gate = Gate::new();
    let options = Options { store: Some(gate.before()), closed, ..Options::default() };
    (laptop.start("calm", options).await, gate)
}

fn nobody_enrolled() -> Options {
    Options { mode: Some(Mode::Clinic), nobody_enrolled: true, ..Options::default() }
}

/// A vault from before there were clinicians, opened with a gate before it.
async fn earlier(laptop: &Laptop) -> (Bedside, Arc<Gate>) {
    laptop.start("calm", nobody_enrolled()).await.close().await;
    let gate = Gate::new();
    let bedside = laptop.start("calm", Options { store: Some(gate.before()), ..nobody_enrolled() }).await;
    (bedside, gate)
}

fn wrong() -> Passphrase {
    Passphrase::typed("not this one at all")
}

async fn is_open(bedside: &Bedside) -> bool {
    matches!(bedside.latest_shown().await, AccessState::Open { .. })
}

#[tokio::test(start_paused = true)]
async fn nobody_is_in_before_their_sign_in_is_on_the_disk() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, true).await;
    gate.stop_at(CAME_IN);
    let console = bedside.console.clone();
    let signing_in = tokio::spawn(async move { console.sign_in(user_name(CHIEF), passphrase(CHIEF)).await });
    gate.reached().await;
    assert!(!is_open(&bedside).await && !signing_in.is_finished());
    assert_eq!(bedside.console.patients().await.map(drop), Err(RequestError::Locked));
    gate.go_on();
    assert_eq!(signing_in.await.unwrap(), Ok(()));
    let last = bedside.audited().await.pop().unwrap();
    assert_eq!((last.action, last.actor.is_some(), last.roles.is_empty()), (AuditAction::SignedIn, true, false));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_screen_is_locked_until_its_unlocking_is_on_the_disk() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.stop_at(UNLOCKED);
    let console = bedside.console.clone();
    let unlocking = tokio::spawn(async move { console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await });
    gate.reached().await;
    assert!(!is_open(&bedside).await && !unlocking.is_finished());
    gate.go_on();
    assert_eq!(unlocking.await.unwrap(), Ok(()));
    assert!(is_open(&bedside).await);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_is_locked_while_a_pin_is_looked_at_stays_locked_and_the_log_ends_with_that() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.stop_at(UNLOCKED);
    let console = bedside.console.clone();
    let unlocking = tokio::spawn(async move { console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await });
    gate.reached().await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    gate.go_on();
    assert_eq!(unlocking.await.unwrap(), Err(RequestError::Locked));
    assert!(!is_open(&bedside).await);
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_noted_is_not_let_in_and_can_try_again() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, true).await;
    gate.refuse_at(Some(CAME_IN));
    assert_eq!(bedside.sign_in(CHIEF).await, Err(RequestError::Store(StoreFault::DiskFull)));
    assert!(!is_open(&bedside).await);
    gate.refuse_at(None);
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.refuse_at(Some(UNLOCKED));
    for _ in 0..6 {
        let refused = bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await;
        assert_eq!(refused, Err(RequestError::Store(StoreFault::DiskFull)), "the right PIN is no wrong try");
    }
    gate.refuse_at(None);
    bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_answered_after_its_entry_and_all_the_same_when_it_cannot_be_written() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    let refused = Point::Entry(AuditAction::SignedIn, AuditOutcome::Refused);
    gate.stop_at(refused);
    let console = bedside.console.clone();
    let signing_in = tokio::spawn(async move { console.sign_in(user_name(CHIEF), wrong()).await });
    gate.reached().await;
    bedside.pass(Duration::from_millis(100)).await;
    assert!(!signing_in.is_finished());
    gate.go_on();
    assert!(matches!(signing_in.await.unwrap(), Err(RequestError::WrongSecret { tries_left: Some(9), .. })));
    gate.refuse_at(Some(refused));
    let answered = bedside.console.sign_in(user_name(CHIEF), wrong()).await;
    assert!(matches!(answered, Err(RequestError::WrongSecret { tries_left: Some(8), .. })), "{answered:?}");
    gate.refuse_at(None);
    bedside.pass(Duration::from_secs(5)).await;
    let entries = bedside.audited().await;
    assert_eq!(entries.iter().filter(|entry| entry.outcome == AuditOutcome::Refused).count(), 2, "written later");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_present_passphrase_is_a_try_of_whoever_is_signed_in_and_is_named_so() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let passphrases = bedside.console.change_passphrase(wrong(), passphrase("newer")).await;
    let expected = |left| Err(RequestError::WrongPresentPassphrase { tries_left: Some(left), wait_until: None });
    assert_eq!(passphrases, expected(9));
    assert_eq!(bedside.console.change_pin(wrong(), pin("newer")).await, expected(8));
    let me = bedside.console.clinicians().await.unwrap().remove(0).id;
    let refused: Vec<_> = bedside.audited().await.into_iter().rev().take(2).collect();
    let told: Vec<_> =
        refused.iter().map(|entry| (entry.action, entry.outcome, entry.actor, entry.clinician)).collect();
    let by_me = |action| (action, AuditOutcome::Refused, Some(me), Some(me));
    assert_eq!(told, [by_me(AuditAction::PinChanged), by_me(AuditAction::PassphraseChanged)]);
    bedside.console.change_pin(passphrase(CHIEF), pin("newer")).await.unwrap();
    let again = bedside.console.change_passphrase(wrong(), passphrase("newer")).await;
    assert_eq!(again, expected(9), "a right one begins anew");
    bedside.close().await;
}

async fn recovery_slot(bedside: &Bedside) -> Option<RecoveryPublicKey> {
    bedside.store.presence().await.unwrap().header().unwrap().recovery_public
}

#[tokio::test(start_paused = true)]
async fn a_recovery_kit_is_not_answered_after_a_lock_and_the_one_before_holds() {
    for whole_vault in [false, true] {
        let laptop = Laptop::new();
        let (bedside, gate) = gated(&laptop, false).await;
        let before = recovery_slot(&bedside).await;
        assert!(before.is_some());
        gate.stop_at(Point::RecoverySlot);
        let console = bedside.console.clone();
        let asking = tokio::spawn(async move { console.new_recovery_key().await });
        gate.reached().await;
        let console = bedside.console.clone();
        let locking = tokio::spawn(async move {
            if whole_vault {
                console.lock_vault(LockReason::ByHand).await;
            } else {
                console.lock_screen(LockReason::ByHand).await;
            }
        });
        bedside.pass(Duration::from_millis(100)).await;
        assert!(!matches!(bedside.latest().access, AccessState::Open { .. }), "the lock waits for nothing");
        gate.go_on();
        assert_eq!(asking.await.unwrap().map(drop), Err(RequestError::Locked));
        locking.await.unwrap();
        assert_eq!(recovery_slot(&bedside).await, before, "a kit that nobody saw is void");
        bedside.sign_in(CHIEF).await.unwrap();
        // What was written behind a locked vault comes out of the spool.
        bedside.pass(Duration::from_secs(5)).await;
        let outcomes = bedside.audited().await.into_iter().filter(|entry| entry.action == AuditAction::RecoveryKeySet);
        let outcomes: Vec<AuditOutcome> = outcomes.map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [AuditOutcome::Success, AuditOutcome::Failed]);
        let kit = bedside.console.new_recovery_key().await.unwrap();
        assert_eq!(recovery_slot(&bedside).await, Some(kit.public()));
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_kit_of_an_earlier_vault_is_not_answered_after_a_lock_either() {
    let laptop = Laptop::new();
    let (bedside, gate) = earlier(&laptop).await;
    gate.stop_at(Point::RecoverySlot);
    let console = bedside.console.clone();
    let enrolling = tokio::spawn(async move { console.enrol_first(clinician(CHIEF, &Role::ALL)).await });
    gate.reached().await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.go_on();
    let answered = enrolling.await.unwrap();
    assert!(matches!(answered, Err(RequestError::Locked)), "expected a lock");
    assert_eq!(recovery_slot(&bedside).await, None);
    bedside.sign_in(CHIEF).await.unwrap();
    let AccessState::Open { notices, .. } = bedside.latest_shown().await else { panic!("expected it open") };
    assert!(notices.contains(&VaultNotice::NoRecoverySlot), "{notices:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_recovery_kit_whose_entry_cannot_be_written_is_void_and_the_one_before_holds() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    let before = recovery_slot(&bedside).await;
    assert!(before.is_some());
    gate.refuse_at(Some(Point::Entry(AuditAction::RecoveryKeySet, AuditOutcome::Success)));
    let answered = bedside.console.new_recovery_key().await.map(drop);
    assert_eq!(answered, Err(RequestError::Store(StoreFault::DiskFull)));
    assert_eq!(recovery_slot(&bedside).await, before, "the printed kit opens the vault still");
    gate.refuse_at(None);
    let kit = bedside.console.new_recovery_key().await.unwrap();
    assert_eq!(recovery_slot(&bedside).await, Some(kit.public()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_enrolment_that_is_broken_off_before_the_slot_leaves_no_kit_that_nobody_saw() {
    let laptop = Laptop::new();
    let (bedside, gate) = earlier(&laptop).await;
    gate.refuse_at(Some(Point::Slot));
    let refused = bedside.console.enrol_first(clinician(CHIEF, &Role::ALL)).await.map(drop);
    assert_eq!(refused, Err(RequestError::Store(StoreFault::DiskFull)));
    assert_eq!(recovery_slot(&bedside).await, None, "withdrawn");
    gate.refuse_at(None);
    // A power cut is no error that could be answered: the slot stays, and its kit is nobody's.
    gate.stop_at(Point::Slot);
    let console = bedside.console.clone();
    let enrolling = tokio::spawn(async move { console.enrol_first(clinician(CHIEF, &Role::ALL)).await });
    gate.reached().await;
    bedside.kill().await;
    assert!(enrolling.await.unwrap().is_err());
    let bedside = laptop.start("calm", nobody_enrolled()).await;
    assert!(recovery_slot(&bedside).await.is_some());
    let kit = bedside.console.enrol_first(clinician(CHIEF, &Role::ALL)).await.unwrap().expect("a kit to print");
    assert_eq!(recovery_slot(&bedside).await, Some(kit.public()));
    assert_eq!(bedside.console.clinicians().await.unwrap().len(), 1, "each time the same person");
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_was_broken_off_can_be_made_again_by_the_same_name() {
    for point in [Point::Entry(AuditAction::ClinicianAdded, AuditOutcome::Success), Point::Slot, CAME_IN] {
        let laptop = Laptop::new();
        let (bedside, gate) = gated(&laptop, false).await;
        let kit = bedside.console.new_recovery_key().await.unwrap();
        bedside.console.lock_vault(LockReason::ByHand).await;
        let recover = async || bedside.console.recover(kit.clone(), clinician("rescue", &[Role::Nurse])).await;
        gate.refuse_at(Some(point));
        assert_eq!(recover().await, Err(RequestError::Store(StoreFault::DiskFull)));
        assert!(!is_open(&bedside).await, "{point:?}");
        gate.refuse_at(None);
        assert_eq!(recover().await, Ok(()), "{point:?}");
        let all = bedside.console.clinicians().await.unwrap();
        assert_eq!(all.iter().filter(|one| one.user_name == user_name("rescue")).count(), 1, "{point:?}");
        bedside.console.lock_vault(LockReason::ByHand).await;
        bedside.sign_in("rescue").await.unwrap();
        bedside.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_vault_whose_making_was_broken_off_before_the_first_row_opens_by_the_first_slot_and_says_that_it_has_no_kit()
{
    let laptop = Laptop::new();
    let gate = Gate::new();
    gate.refuse_at(Some(Point::Entry(AuditAction::VaultCreated, AuditOutcome::Success)));
    let vault = Vault::in_folder(laptop.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR);
    let vault = gate.before()(Arc::new(vault));
    let first = Some(clinician(CHIEF, &Role::ALL));
    let made = create_vault(vault.as_ref(), laptop.keys.as_ref(), laptop.machine.as_ref(), first, None).await;
    assert_eq!(made.map(drop), Err(OpenFault::Store(StoreFault::DiskFull)));
    let clinic = || Options { mode: Some(Mode::Clinic), ..Options::default() };
    let bedside = laptop.start("calm", clinic()).await;
    let AccessState::Open { notices, may, .. } = bedside.latest_shown().await else { panic!("expected it open") };
    assert!(notices.contains(&VaultNotice::NoRecoverySlot), "{notices:?}");
    assert!(may.contains(&Permission::ManageClinicians));
    let kit = bedside.console.new_recovery_key().await.unwrap();
    assert_eq!(recovery_slot(&bedside).await, Some(kit.public()));
    bedside.close().await;
    let bedside = laptop.start("calm", clinic()).await;
    assert_eq!(recovery_slot(&bedside).await, Some(kit.public()), "made good once");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_is_made_gives_its_kit_whatever_fails_afterwards() {
    let laptop = Laptop::new();
    let gate = Gate::new();
    gate.refuse_at(Some(Point::AnchorKept));
    let vault = Vault::in_folder(laptop.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR);
    let vault = gate.before()(Arc::new(vault));
    let first = Some(clinician(CHIEF, &Role::ALL));
    let made = create_vault(vault.as_ref(), laptop.keys.as_ref(), laptop.machine.as_ref(), first, None).await;
    assert!(made.unwrap().kit.is_some());
    laptop.start("calm", Options { mode: Some(Mode::Clinic), ..Options::default() }).await.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_could_not_be_looked_at_is_no_wrong_one_and_stands_in_the_log() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.refuse_at(Some(Point::PinLook));
    for _ in 0..6 {
        let refused = bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await;
        assert_eq!(refused, Err(RequestError::Store(StoreFault::DiskFull)));
    }
    gate.refuse_at(None);
    bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();
    let tried = bedside.audited().await.into_iter().filter(|entry| entry.action == AuditAction::ScreenUnlocked);
    let outcomes: Vec<AuditOutcome> = tried.map(|entry| entry.outcome).collect();
    let failed = [AuditOutcome::Failed; 6];
    assert_eq!(outcomes, [&failed[..], &[AuditOutcome::Success]].concat());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_comes_while_a_secret_is_looked_at_holds() {
    let laptop = Laptop::new();
    let (bedside, gate) = gated(&laptop, false).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    gate.stop_at(UNLOCKED);
    let console = bedside.console.clone();
    let unlocking = tokio::spawn(async move { console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await });
    gate.reached().await;
    bedside.machine.happens(MachineEvent::ScreenLocked);
    bedside.pass(Duration::from_millis(100)).await;
    gate.go_on();
    assert_eq!(unlocking.await.unwrap(), Err(RequestError::Locked));
    let shown = bedside.latest_shown().await;
    assert!(matches!(shown, AccessState::ScreenLocked { why: LockReason::System, .. }), "{shown:?}");
    bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();
    for whole_vault in [true, false] {
        bedside.console.lock_vault(LockReason::ByHand).await;
        gate.stop_at(CAME_IN);
        let console = bedside.console.clone();
        let signing_in = tokio::spawn(async move { console.sign_in(user_name(CHIEF), passphrase(CHIEF)).await });
        gate.reached().await;
        match whole_vault {
            true => bedside.console.lock_vault(LockReason::ByHand).await,
            false => bedside.machine.happens(MachineEvent::GoesToSleep),
        }
        bedside.pass(Duration::from_millis(100)).await;
        gate.go_on();
        assert_eq!(signing_in.await.unwrap(), Err(RequestError::Locked));
        let shown = bedside.latest_shown().await;
        assert_eq!(matches!(shown, AccessState::Closed { .. }), whole_vault, "{shown:?}");
        assert!(!is_open(&bedside).await);
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_of_an_open_vault_proves_nobodys_passphrase_and_forgives_nobody() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.console.back_up().await.unwrap();
    for _ in 0..2 {
        bedside.console.sign_in(user_name("nurse"), wrong()).await.unwrap_err();
    }
    bedside.console.restore(None, Some((user_name("nurse"), wrong()))).await.unwrap();
    let third = bedside.console.sign_in(user_name("nurse"), wrong()).await;
    assert!(matches!(third, Err(RequestError::WrongSecret { tries_left: Some(7), .. })), "{third:?}");
    bedside.close().await;
}
