//! The keyring over keyring-core's mock: every fault, and nothing overwritten.
//! Not here: a real keyring (`tests/real_secret_service`).
use super::*;
use crate::entry::{PROBE, SERVICE};
use keyring_core::{Error, mock};
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const USER: &str = "vault:00000000-0000-0000-0000-000000000007";

fn keyring() -> (Keyring, Arc<CredentialStore>) {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let same = Arc::clone(&store);
    (Keyring::over(move |_| Ok(Arc::clone(&same))), store)
}

fn fail_next(store: &Arc<CredentialStore>, user: &str, error: Error) {
    let entry = store.build(SERVICE, user, None).unwrap();
    entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
}

fn refused() -> Error {
    Error::NoStorageAccess(Box::new(std::io::Error::other("locked")))
}

fn secret() -> DeviceSecret {
    DeviceSecret::new([9; 32])
}

#[tokio::test]
async fn a_secret_comes_back_until_it_is_forgotten() {
    let (keyring, store) = keyring();
    keyring.create(VAULT, &secret()).await.unwrap();
    assert_eq!(keyring.load(VAULT).await.unwrap().reveal(), secret().reveal());
    let text = store.build(SERVICE, USER, None).unwrap().get_password().unwrap();
    assert_eq!(text, "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=");
    keyring.forget(VAULT).await.unwrap();
    assert_eq!(keyring.load(VAULT).await.unwrap_err(), KeyFault::NoEntry);
    assert_eq!(keyring.forget(VAULT).await.unwrap_err(), KeyFault::NoEntry);
}

#[tokio::test]
async fn a_secret_is_never_overwritten() {
    let (keyring, _) = keyring();
    keyring.create(VAULT, &secret()).await.unwrap();
    let again = keyring.create(VAULT, &DeviceSecret::new([1; 32])).await;
    assert!(matches!(again, Err(KeyFault::System(_))));
    assert_eq!(keyring.load(VAULT).await.unwrap().reveal(), secret().reveal());
}

#[tokio::test]
async fn a_keyring_that_refuses_to_read_is_not_written_to() {
    let (keyring, store) = keyring();
    fail_next(&store, USER, refused());
    assert_eq!(keyring.create(VAULT, &secret()).await.unwrap_err(), KeyFault::Locked);
    assert!(store.build(SERVICE, USER, None).unwrap().get_password().is_err());
}

#[tokio::test]
async fn an_entry_that_is_no_secret_is_malformed() {
    let (keyring, store) = keyring();
    for text in ["", "not base64", "AAAA"] {
        store.build(SERVICE, USER, None).unwrap().set_password(text).unwrap();
        assert_eq!(keyring.load(VAULT).await.unwrap_err(), KeyFault::Malformed);
        assert_eq!(keyring.create(VAULT, &secret()).await.unwrap_err(), KeyFault::Malformed);
    }
}

#[tokio::test]
async fn no_entry_is_believed_only_of_a_keyring_that_can_keep_one() {
    let (keyring, store) = keyring();
    // A Secret Service without a collection: reading finds nothing, writing is refused.
    fail_next(&store, PROBE, refused());
    assert_eq!(keyring.load(VAULT).await.unwrap_err(), KeyFault::Locked);
    assert_eq!(keyring.load(VAULT).await.unwrap_err(), KeyFault::NoEntry);
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    let (keyring, store) = keyring();
    keyring.probe().await.unwrap();
    assert!(matches!(store.build(SERVICE, PROBE, None).unwrap().get_password(), Err(Error::NoEntry)));
    fail_next(&store, PROBE, refused());
    assert_eq!(keyring.probe().await.unwrap_err(), KeyFault::Locked);
}

#[tokio::test]
async fn two_programs_that_probe_at_once_do_not_fail_each_other() {
    let (keyring, store) = keyring();
    let gone =
        || Error::PlatformFailure(Box::new(std::io::Error::other("org.freedesktop.DBus.Error.UnknownMethod: no")));
    fail_next(&store, PROBE, gone());
    keyring.probe().await.unwrap();
    fail_next(&store, PROBE, Error::PlatformFailure(Box::new(std::io::Error::other("the bus went away"))));
    assert!(matches!(keyring.probe().await, Err(KeyFault::System(_))), "any other fault is told at once");
}

#[tokio::test]
async fn a_note_comes_back_until_it_is_written_over_or_forgotten_with_the_secret() {
    let (keyring, _) = keyring();
    keyring.create(VAULT, &secret()).await.unwrap();
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Ok(None));
    for text in ["{\"failed\":1}", "ä", ""] {
        keyring.set_note(VAULT, KeyNote::Attempts, text).await.unwrap();
        assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Ok(Some(text.to_owned())));
    }
    assert_eq!(keyring.note(VAULT, KeyNote::Anchor).await, Ok(None), "each note has its own entry");
    assert_eq!(keyring.load(VAULT).await.unwrap().reveal(), secret().reveal());
    keyring.set_note(VAULT, KeyNote::Anchor, "7").await.unwrap();
    keyring.forget(VAULT).await.unwrap();
    for note in [KeyNote::Attempts, KeyNote::Anchor] {
        assert_eq!(keyring.note(VAULT, note).await, Ok(None));
    }
}

#[tokio::test]
async fn each_clinicians_tries_have_an_entry_of_their_own() {
    let (keyring, _) = keyring();
    let who = |number| KeyNote::Tries(bedside_console::ClinicianId(Uuid::from_u128(number)));
    keyring.set_note(VAULT, who(1), "10").await.unwrap();
    for number in 2..100 {
        keyring.set_note(VAULT, who(number), "1").await.unwrap();
    }
    assert_eq!(keyring.note(VAULT, who(1)).await, Ok(Some("10".to_owned())));
    assert_eq!(keyring.note(VAULT, who(100)).await, Ok(None));
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Ok(None));
}

#[tokio::test]
async fn a_note_that_is_not_there_is_believed_only_of_a_keyring_that_can_keep_one() {
    let (keyring, store) = keyring();
    fail_next(&store, PROBE, refused());
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Err(KeyFault::Locked));
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Ok(None));
    let attempts = format!("{USER}:attempts");
    fail_next(&store, &attempts, refused());
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Err(KeyFault::Locked));
    fail_next(&store, &attempts, refused());
    assert_eq!(keyring.set_note(VAULT, KeyNote::Attempts, "1").await, Err(KeyFault::Locked));
    store.build(SERVICE, &attempts, None).unwrap().set_secret(&[0xff, 0xfe]).unwrap();
    assert_eq!(keyring.note(VAULT, KeyNote::Attempts).await, Err(KeyFault::Malformed));
}

#[tokio::test]
async fn a_note_is_no_longer_than_every_system_keeps() {
    let (keyring, _) = keyring();
    keyring.set_note(VAULT, KeyNote::Anchor, &"x".repeat(2_000)).await.unwrap();
    let longer = keyring.set_note(VAULT, KeyNote::Anchor, &"y".repeat(2_001)).await;
    assert_eq!(longer, Err(KeyFault::System("a note has 2001 octets, at most 2000".into())));
    assert_eq!(keyring.note(VAULT, KeyNote::Anchor).await, Ok(Some("x".repeat(2_000))));
}

#[tokio::test]
async fn a_recovery_writes_a_new_secret_over_the_old_one_or_where_none_is_left() {
    let (keyring, store) = keyring();
    keyring.replace(VAULT, &secret()).await.unwrap();
    keyring.replace(VAULT, &DeviceSecret::new([1; 32])).await.unwrap();
    assert_eq!(keyring.load(VAULT).await.unwrap().reveal(), &[1; 32]);
    fail_next(&store, USER, refused());
    assert_eq!(keyring.replace(VAULT, &secret()).await, Err(KeyFault::Locked));
    assert_eq!(keyring.load(VAULT).await.unwrap().reveal(), &[1; 32]);
}

#[tokio::test]
async fn a_keyring_that_starts_late_is_found_at_the_next_call() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&tries);
    let keyring = Keyring::over(move |again| match seen.fetch_add(1, Ordering::SeqCst) {
        0 if !again => Err(Error::NoDefaultStore),
        _ if again => Ok(Arc::clone(&store)),
        _ => panic!("a later connection must know that it is one"),
    });
    assert_eq!(keyring.probe().await.unwrap_err(), KeyFault::NoKeyring);
    keyring.probe().await.unwrap();
    keyring.probe().await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let (same, tries) = (Arc::clone(&store), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&tries);
    let keyring = Keyring::over(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::clone(&same))
    });
    keyring.create(VAULT, &secret()).await.unwrap();
    fail_next(&store, USER, Error::PlatformFailure(Box::new(std::io::Error::other("bus gone"))));
    assert_eq!(keyring.load(VAULT).await.unwrap_err(), KeyFault::System("bus gone".into()));
    keyring.load(VAULT).await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}

#[test]
fn a_keyring_and_a_secret_print_nothing() {
    let (keyring, _) = keyring();
    assert_eq!(format!("{keyring:?} {:?}", secret()), "Keyring ▮");
}
