//! The system's sleep waits for the lock: what is on the screen, in the vault and in the keyring when it may go on.
//! Not here: logind (`system_events`), and other locks (`access`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use bedside_console::ports::*;
use bedside_console::*;
use std::time::Duration;

const LOCKED: Point = Point::Entry(AuditAction::ScreenLocked, AuditOutcome::Success);

async fn moment(bedside: &Bedside) {
    bedside.pass(Duration::from_secs(1)).await;
}

/// The last entry that the keyring's anchor knows.
async fn anchored(laptop: &Laptop, bedside: &Bedside) -> u64 {
    let vault = bedside.store.presence().await.unwrap().id().unwrap();
    let note = laptop.keys.note(vault, KeyNote::Anchor).await.unwrap().expect("it is kept");
    Anchor::from_note(&note).expect("it is one").audit_seq
}

#[tokio::test(start_paused = true)]
async fn sleep_waits_until_the_lock_is_on_the_disk_and_the_anchor_knows_of_it() {
    let laptop = Laptop::new();
    let gate = Gate::new();
    let options = Options { staffed: true, store: Some(gate.before()), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    moment(&bedside).await;
    assert_eq!(laptop.machine.sleep_delays_held(), 1, "taken at the start");
    gate.stop_at(LOCKED);
    laptop.machine.happens(MachineEvent::GoesToSleep);
    gate.reached().await;
    moment(&bedside).await;
    assert!(matches!(bedside.latest().access, AccessState::ScreenLocked { why: LockReason::Sleep, .. }));
    assert_eq!(laptop.machine.sleep_delays_held(), 1, "the entry is not on the disk");
    gate.go_on();
    moment(&bedside).await;
    assert_eq!(laptop.machine.sleep_delays_held(), 0);
    let entries = bedside.audited().await;
    let lock = entries.iter().rfind(|entry| entry.action == AuditAction::ScreenLocked).expect("it is noted");
    assert!(anchored(&laptop, &bedside).await >= lock.seq);
    laptop.machine.sleep(Duration::from_secs(600));
    laptop.machine.happens(MachineEvent::WokeUp);
    moment(&bedside).await;
    assert_eq!(laptop.machine.sleep_delays_held(), 1, "taken again for the next time");
    bedside.close().await;
    assert_eq!(laptop.machine.sleep_delays_held(), 0, "a console that is gone holds nobody up");
}

#[tokio::test(start_paused = true)]
async fn sleep_before_anybody_signed_in_or_behind_a_locked_vault_is_not_held_up() {
    let laptop = Laptop::new();
    laptop.start("calm", Options { staffed: true, ..Options::default() }).await.close().await;
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    for _ in 0..2 {
        moment(&bedside).await;
        assert_eq!(laptop.machine.sleep_delays_held(), 1);
        laptop.machine.happens(MachineEvent::GoesToSleep);
        moment(&bedside).await;
        assert_eq!(laptop.machine.sleep_delays_held(), 0);
        laptop.machine.happens(MachineEvent::WokeUp);
        bedside.sign_in(CHIEF).await.unwrap();
        bedside.console.lock_vault(LockReason::ByHand).await;
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_sleep_that_did_not_come_leaves_the_lock_with_the_console() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    moment(&bedside).await;
    laptop.machine.happens(MachineEvent::GoesToSleep);
    laptop.machine.happens(MachineEvent::WokeUp);
    moment(&bedside).await;
    assert_eq!(laptop.machine.sleep_delays_held(), 1);
    assert!(matches!(bedside.latest().access, AccessState::ScreenLocked { .. }));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_system_that_does_not_wait_locks_the_screen_all_the_same() {
    let laptop = Laptop {
        machine: std::sync::Arc::new(bedside_machine_system::SteppedMachine::new(START).without_inhibition()),
        ..Laptop::new()
    };
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    laptop.machine.happens(MachineEvent::GoesToSleep);
    moment(&bedside).await;
    assert!(matches!(bedside.latest().access, AccessState::ScreenLocked { why: LockReason::Sleep, .. }));
    bedside.close().await;
}
