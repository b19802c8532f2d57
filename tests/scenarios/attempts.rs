//! Wrong passphrases and PINs: how many are free, what they cost, and what copying files back changes: nothing.
//! Not here: the counting by itself, which the console's own tests have.
use crate::harness::Bedside;
use crate::harness::*;
use crate::store_faults::{TRIES_HELD, with_trouble};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// More than a note takes to be written.
const PATIENCE: Duration = Duration::from_secs(60);

async fn wrong(bedside: &Bedside, user: &str) -> RequestError {
    bedside.console.sign_in(user_name(user), Passphrase::typed("not this one at all")).await.unwrap_err()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() && entry.file_name() != "vault.lock" {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A closed console on a laptop where `nurse` is enrolled beside the first clinician.
async fn with_nurse(laptop: &Laptop) -> Bedside {
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.close().await;
    laptop.start("calm", Options { closed: true, ..Options::default() }).await
}

/// Wrong ones until the slot is disabled, each as soon as it is looked at.
async fn use_up(bedside: &Bedside, user: &str) -> Vec<u64> {
    let mut waits = Vec::new();
    for _ in 0..40 {
        match wrong(bedside, user).await {
            RequestError::WrongSecret { wait_until: Some(until), .. } => {
                let wait = u64::try_from(until.millis_since(bedside.machine.wall())).unwrap() + 1;
                waits.push(wait / 1000);
                bedside.pass(Duration::from_millis(wait)).await;
            }
            RequestError::WrongSecret { wait_until: None, .. } => {}
            RequestError::SlotDisabled => return waits,
            other => panic!("expected a wrong secret, got {other:?}"),
        }
    }
    panic!("the slot is never disabled");
}

#[tokio::test(start_paused = true)]
async fn three_wrong_ones_are_free_then_each_waits_twice_as_long_and_ten_disable_the_slot() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    assert_eq!(use_up(&bedside, "nurse").await, [30, 60, 120, 240, 480, 960, 1920]);
    assert_eq!(bedside.sign_in("nurse").await, Err(RequestError::SlotDisabled), "the right one is too late");
    assert_eq!(bedside.sign_in(CHIEF).await, Ok(()), "nobody else is concerned");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_right_one_while_it_waits_is_not_looked_at() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    for _ in 0..3 {
        wrong(&bedside, "nurse").await;
    }
    let early = bedside.sign_in("nurse").await;
    assert!(matches!(early, Err(RequestError::WrongSecret { wait_until: Some(_), .. })), "{early:?}");
    bedside.machine.jump_wall(3_600_000);
    let early = bedside.sign_in("nurse").await;
    assert!(
        matches!(early, Err(RequestError::WrongSecret { wait_until: Some(_), .. })),
        "the clock was set: {early:?}"
    );
    bedside.pass(Duration::from_secs(31)).await;
    assert_eq!(bedside.sign_in("nurse").await, Ok(()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn ten_wrong_ones_and_the_files_copied_back_are_still_ten() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    let copied = tempfile::tempdir().unwrap();
    copy(laptop.folder.path(), copied.path());
    use_up(&bedside, "nurse").await;
    bedside.close().await;
    copy(copied.path(), laptop.folder.path());
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    assert_eq!(bedside.sign_in("nurse").await, Err(RequestError::SlotDisabled));
    assert_eq!(bedside.sign_in(CHIEF).await, Ok(()), "another clinician is not concerned");
    bedside.close().await;
    let said = "10, then the files copied back: still refused, a colleague is not concerned";
    bedside_tests::figures::tell("wrong passphrases", said);
}

#[tokio::test(start_paused = true)]
async fn an_administrator_enables_a_disabled_slot_with_another_passphrase() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    use_up(&bedside, "nurse").await;
    bedside.sign_in(CHIEF).await.unwrap();
    let nurse = bedside.console.clinicians().await.unwrap().into_iter().find(|one| one.user_name == user_name("nurse"));
    bedside.console.reset_passphrase(nurse.unwrap().id, passphrase("another")).await.unwrap();
    bedside.console.lock_vault(LockReason::ByHand).await;
    assert!(matches!(bedside.sign_in("nurse").await, Err(RequestError::WrongSecret { .. })), "the old one is gone");
    assert_eq!(bedside.console.sign_in(user_name("nurse"), passphrase("another")).await, Ok(()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_try_that_a_power_cut_interrupts_is_counted() {
    let laptop = Laptop::new();
    let mut bedside = with_nurse(&laptop).await;
    for _ in 0..3 {
        laptop.keys.forget_count();
        let console = bedside.console.clone();
        let trying = tokio::spawn(async move {
            let _ = console.sign_in(user_name("nurse"), Passphrase::typed("not this one at all")).await;
        });
        // The note is written before the vault is asked; the answer is never waited for.
        let began = Instant::now();
        while laptop.keys.notes_written() == 0 {
            // Of the computer's own clock: the paused one stands still as long as something is to be done.
            assert!(began.elapsed() < PATIENCE, "no note is written");
            tokio::task::yield_now().await;
        }
        bedside.kill().await;
        let _ = trying.await;
        bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    }
    let early = bedside.sign_in("nurse").await;
    assert!(matches!(early, Err(RequestError::WrongSecret { wait_until: Some(_), .. })), "{early:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_keyring_that_is_locked_costs_no_try() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    for _ in 0..5 {
        laptop.keys.fail_loading(Some(KeyFault::Locked));
        assert_eq!(bedside.sign_in("nurse").await, Err(RequestError::Keys(KeyFault::Locked)));
    }
    laptop.keys.fail_loading(None);
    assert_eq!(bedside.sign_in("nurse").await, Ok(()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn five_wrong_pins_lock_the_vault() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    for (left, user) in [(4, CHIEF), (3, "nurse"), (2, CHIEF), (1, "nurse"), (0, CHIEF)] {
        let wrong = bedside.console.unlock_screen(user_name(user), Pin::typed("918273645")).await;
        let expected = RequestError::WrongSecret { tries_left: Some(left), wait_until: None };
        assert_eq!(wrong, Err(expected), "colleagues share the tries of one locked screen");
    }
    bedside.pass(Duration::from_secs(1)).await;
    let AccessState::Closed { why: LockReason::TooManyFailures, .. } = bedside.latest().access else {
        panic!("expected a locked vault");
    };
    let pin = bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await;
    assert_eq!(pin, Err(RequestError::Locked), "a PIN opens no vault");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn wrong_ones_at_a_closed_vault_stand_in_the_audit_log_afterwards() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    wrong(&bedside, "nurse").await;
    wrong(&bedside, "nurse").await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let refused = |entry: &AuditEntry| entry.action == AuditAction::SignedIn && entry.outcome == AuditOutcome::Refused;
    let entries: Vec<AuditEntry> = bedside.audited().await.into_iter().filter(refused).collect();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.actor.is_none() && entry.clinician.is_some()));
    assert!(entries.iter().all(|entry| entry.purpose == Purpose::Operations));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn two_programs_at_once_forgive_nobody_elses_tries() {
    let laptop = Laptop::new();
    with_nurse(&laptop).await.close().await;
    let vault = || -> Arc<dyn RecordStore> {
        Arc::new(Vault::in_folder(laptop.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR))
    };
    let keys: Arc<dyn KeyStore> = laptop.keys.clone();
    for _ in 0..3 {
        let (mine, theirs) = (vault(), vault());
        let right = async {
            let (user, secret) = (user_name(CHIEF), passphrase(CHIEF));
            open_as(&mine, &keys, laptop.machine.as_ref(), &user, secret, OpenMode::Reader).await.unwrap();
            mine.close().await.unwrap();
        };
        let wrong = async {
            let (user, secret) = (user_name("nurse"), Passphrase::typed("not this one at all"));
            open_as(&theirs, &keys, laptop.machine.as_ref(), &user, secret, OpenMode::Reader).await.unwrap_err()
        };
        tokio::join!(right, wrong);
    }
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    let early = bedside.sign_in("nurse").await;
    let waits = matches!(early, Err(RequestError::WrongSecret { wait_until: Some(_), tries_left: Some(7) }));
    assert!(waits, "three were counted: {early:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_colleagues_own_pin_forgives_no_wrong_ones_and_a_pin_guessed_at_is_off_until_the_passphrase() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    let guess = async || bedside.console.unlock_screen(user_name(CHIEF), Pin::typed("918273645")).await;
    for lefts in [&[4, 3, 2][..], &[1, 0][..]] {
        bedside.console.lock_screen(LockReason::ByHand).await;
        for &left in lefts {
            let expected = RequestError::WrongSecret { tries_left: Some(left), wait_until: None };
            assert_eq!(guess().await, Err(expected));
        }
        bedside.console.unlock_screen(user_name("nurse"), pin("nurse")).await.unwrap();
    }
    bedside.console.lock_screen(LockReason::ByHand).await;
    let off = bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await;
    assert_eq!(off, Err(RequestError::WrongSecret { tries_left: Some(0), wait_until: None }), "also the right one");
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await.unwrap();
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_the_act_of_nobody_who_is_signed_in() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let nurse = bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    let pin = || Pin::typed("918273645");
    assert!(bedside.console.unlock_screen(user_name("nurse"), pin()).await.is_err());
    assert!(bedside.console.unlock_screen(user_name("nobody"), pin()).await.is_err());
    wrong(&bedside, "nurse").await;
    bedside.pass(Duration::from_secs(1)).await;
    let refused = bedside.audited().await.into_iter().filter(|entry| entry.outcome == AuditOutcome::Refused);
    let told: Vec<_> = refused.map(|entry| (entry.action, entry.actor, entry.clinician)).collect();
    let expected = [
        (AuditAction::ScreenUnlocked, None, Some(nurse.id)),
        (AuditAction::ScreenUnlocked, None, None),
        (AuditAction::SignedIn, None, Some(nurse.id)),
    ];
    assert_eq!(told, expected);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_ends_no_wait_before_a_change_of_the_passphrase_either() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let change = async |old| bedside.console.change_passphrase(old, passphrase("newer")).await;
    for _ in 0..3 {
        assert!(change(Passphrase::typed("not this one at all")).await.is_err());
    }
    bedside.machine.jump_wall(3_600_000);
    let early = change(passphrase(CHIEF)).await;
    assert!(matches!(early, Err(RequestError::WrongPresentPassphrase { wait_until: Some(_), .. })), "{early:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn wrong_pins_outlive_the_program_and_files_that_are_copied_back() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.enrol("nurse", &[Role::Nurse]).await;
    bedside.close().await;
    let copied = tempfile::tempdir().unwrap();
    copy(laptop.folder.path(), copied.path());
    let wrong = |left| Err(RequestError::WrongSecret { tries_left: Some(left), wait_until: None });
    for lefts in [&[4, 3][..], &[2, 1], &[0]] {
        copy(copied.path(), laptop.folder.path());
        let bedside = laptop.start("calm", Options::default()).await;
        bedside.console.lock_screen(LockReason::ByHand).await;
        for &left in lefts {
            let guessed = bedside.console.unlock_screen(user_name("nurse"), Pin::typed("918273645")).await;
            assert_eq!(guessed, wrong(left));
        }
        bedside.kill().await;
    }
    copy(copied.path(), laptop.folder.path());
    let bedside = laptop.start("calm", Options::default()).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    let off = bedside.console.unlock_screen(user_name("nurse"), pin("nurse")).await;
    assert_eq!(off, wrong(0), "the right one is too late");
    assert_eq!(bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await, Ok(()), "nobody else is concerned");
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.sign_in("nurse").await.unwrap();
    bedside.console.lock_screen(LockReason::ByHand).await;
    let on = bedside.console.unlock_screen(user_name("nurse"), pin("nurse")).await;
    assert_eq!(on, Ok(()), "her passphrase turned it on again");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_pin_works_without_a_keyring_and_its_wrong_ones_are_counted_by_the_console() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    laptop.keys.fail_notes(Some(KeyFault::Locked));
    bedside.console.lock_screen(LockReason::ByHand).await;
    let guess = async |typed| bedside.console.unlock_screen(user_name(CHIEF), typed).await;
    for left in [4, 3] {
        let expected = RequestError::WrongSecret { tries_left: Some(left), wait_until: None };
        assert_eq!(guess(Pin::typed("918273645")).await, Err(expected));
    }
    assert_eq!(guess(pin(CHIEF)).await, Ok(()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_disabled_slot_stays_disabled_however_many_others_fail() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    use_up(&bedside, "nurse").await;
    bedside.close().await;
    let bedside = laptop.start("calm", Options::default()).await;
    let others: Vec<String> = (0..40).map(|number| format!("colleague{number}")).collect();
    for other in &others {
        bedside.enrol(other, &[Role::Nurse]).await;
        wrong(&bedside, other).await;
    }
    assert_eq!(bedside.sign_in("nurse").await, Err(RequestError::SlotDisabled));
    let ninth = wrong(&bedside, &others[0]).await;
    assert_eq!(
        ninth,
        RequestError::WrongSecret { tries_left: Some(8), wait_until: None },
        "nobody's tries are left out"
    );
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_one_at_a_program_that_reads_beside_the_window_stands_in_the_log_too() {
    let laptop = Laptop::new();
    let bedside = with_nurse(&laptop).await;
    bedside.sign_in(CHIEF).await.unwrap();
    let beside: Arc<dyn RecordStore> = Arc::new(Vault::in_folder(laptop.folder.path()));
    let keys: Arc<dyn KeyStore> = laptop.keys.clone();
    for user in ["nurse", "nobody"] {
        let (user, typed) = (user_name(user), Passphrase::typed("not this one at all"));
        let refused = open_as(&beside, &keys, laptop.machine.as_ref(), &user, typed, OpenMode::Reader).await;
        assert!(matches!(refused, Err(RequestError::WrongSecret { .. })), "{refused:?}");
    }
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let nurse = bedside.console.clinicians().await.unwrap().into_iter().find(|one| one.user_name == user_name("nurse"));
    let entries = bedside.audited().await.into_iter().filter(|entry| entry.outcome == AuditOutcome::Refused);
    let told: Vec<_> = entries.map(|entry| (entry.action, entry.actor, entry.clinician, entry.purpose)).collect();
    let refused = |whose| (AuditAction::SignedIn, None, whose, Purpose::Operations);
    assert_eq!(told, [refused(nurse.map(|nurse| nurse.id)), refused(None)]);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn while_another_program_holds_the_tries_no_passphrase_is_looked_at() {
    static TROUBLE: AtomicU8 = AtomicU8::new(0);
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.close().await;
    let options = Options { closed: true, store: Some(with_trouble(&TROUBLE)), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    TROUBLE.store(TRIES_HELD, Ordering::SeqCst);
    let held = RequestError::Store(StoreFault::TriesHeld);
    assert_eq!(wrong(&bedside, CHIEF).await, held);
    assert_eq!(bedside.sign_in(CHIEF).await, Err(held), "nor the right one");
    TROUBLE.store(0, Ordering::SeqCst);
    let counted = wrong(&bedside, CHIEF).await;
    assert!(
        matches!(counted, RequestError::WrongSecret { tries_left: Some(9), .. }),
        "what was not looked at was no try: {counted:?}"
    );
    assert_eq!(bedside.sign_in(CHIEF).await, Ok(()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn while_another_program_holds_the_tries_a_pin_is_counted_by_the_console() {
    static TROUBLE: AtomicU8 = AtomicU8::new(0);
    let laptop = Laptop::new();
    let options = Options { staffed: true, store: Some(with_trouble(&TROUBLE)), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    bedside.console.lock_screen(LockReason::ByHand).await;
    TROUBLE.store(TRIES_HELD, Ordering::SeqCst);
    for left in [4, 3] {
        let wrong = bedside.console.unlock_screen(user_name(CHIEF), Pin::typed("000417")).await;
        assert_eq!(wrong, Err(RequestError::WrongSecret { tries_left: Some(left), wait_until: None }));
    }
    assert_eq!(bedside.console.unlock_screen(user_name(CHIEF), pin(CHIEF)).await, Ok(()));
    bedside.close().await;
}
