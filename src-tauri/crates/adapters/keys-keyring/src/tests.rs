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
