//! A vault whose slot file is lost comes back from its newest backup by the recovery key alone (product: "a vault nobody can
//! recover"). Not here: by a passphrase (the terminal's tests), and the page that offers it (the window).
use crate::harness::Bedside;
use crate::harness::*;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use bedside_vitals::Patient;
use std::sync::Arc;

async fn start(laptop: &Laptop) -> Bedside {
    laptop.start("calm", Options { staffed: true, ..Options::default() }).await
}

fn vault(laptop: &Laptop) -> Arc<dyn RecordStore> {
    Arc::new(Vault::in_folder(laptop.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR))
}

/// A backed-up vault with one patient, closed; its slot file is gone.
async fn without_slots(laptop: &Laptop) -> (RecoveryKey, Patient) {
    let bedside = start(laptop).await;
    let patient = bedside.add_patient(1).await;
    let key = bedside.console.new_recovery_key().await.unwrap();
    bedside.console.back_up().await.unwrap();
    bedside.close().await;
    std::fs::remove_file(laptop.folder.path().join("slots.json")).unwrap();
    (key, patient)
}

#[tokio::test(start_paused = true)]
async fn the_recovery_key_brings_it_back_and_everybody_signs_in_as_before() {
    let laptop = Laptop::new();
    let (key, patient) = without_slots(&laptop).await;
    let store = vault(&laptop);
    assert!(matches!(store.presence().await, Err(StoreFault::Damaged(_))));
    let report = restore_by_key(&store, laptop.machine.as_ref(), key, None).await.unwrap();
    assert!(matches!(report, SafeguardReport::Restored { missing_commits: 0, .. }), "{report:?}");
    drop(store);

    let bedside = start(&laptop).await;
    assert_eq!(bedside.console.patients().await.unwrap()[0].patient.id, patient.id);
    let log = bedside.audited().await;
    let restored = log.iter().find(|entry| entry.action == AuditAction::Restored).expect("the act is in the log");
    assert_eq!((restored.actor, restored.outcome), (None, AuditOutcome::Success), "a key proves nobody's name");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_key_changes_nothing() {
    let laptop = Laptop::new();
    let (key, _) = without_slots(&laptop).await;
    let store = vault(&laptop);
    let wrong = restore_by_key(&store, laptop.machine.as_ref(), RecoveryKey::new([7; 32]), None).await;
    assert!(wrong.is_err(), "{wrong:?}");
    assert!(matches!(store.presence().await, Err(StoreFault::Damaged(_))));
    assert!(restore_by_key(&store, laptop.machine.as_ref(), key, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_backup_it_says_so() {
    let laptop = Laptop::new();
    let (key, _) = without_slots(&laptop).await;
    std::fs::remove_dir_all(laptop.folder.path().join("backups")).unwrap();
    let found = restore_by_key(&vault(&laptop), laptop.machine.as_ref(), key, None).await;
    assert_eq!(found, Err(RequestError::Store(StoreFault::Missing)));
}
