//! The keyring of a real session: on Linux a Secret Service such as gnome-keyring. Runs only where BEDSIDE_REAL_KEYRING=1
//! says that the session is a throw-away one; a developer's own keyring is never touched.
use bedside_console::ClinicianId;
use bedside_console::ports::{DeviceSecret, KeyFault, KeyNote, KeyStore, VaultId};
use bedside_keys_keyring::Keyring;
use uuid::Uuid;

/// One test, since all of it shares one keyring.
#[tokio::test]
async fn a_secret_and_its_notes_are_kept_by_the_system_and_found_by_a_second_connection() {
    if std::env::var_os("BEDSIDE_REAL_KEYRING").is_none_or(|value| value != "1") {
        println!("skipped: set BEDSIDE_REAL_KEYRING=1 inside a private session with a keyring");
        return;
    }
    let vault = VaultId(Uuid::from_u128(u128::from(std::process::id()) << 64 | 0xbed51de));
    let secret = DeviceSecret::new(std::array::from_fn(|i| i as u8 * 7));
    let keyring = Keyring::of_system();
    keyring.probe().await.unwrap();
    assert_eq!(keyring.load(vault).await.unwrap_err(), KeyFault::NoEntry);
    keyring.create(vault, &secret).await.unwrap();
    assert_eq!(Keyring::of_system().load(vault).await.unwrap().reveal(), secret.reveal());
    assert!(matches!(keyring.create(vault, &secret).await, Err(KeyFault::System(_))));
    assert_eq!(keyring.note(vault, KeyNote::Attempts).await, Ok(None));
    let text = "ä".repeat(1_000);
    keyring.set_note(vault, KeyNote::Attempts, &text).await.unwrap();
    assert_eq!(Keyring::of_system().note(vault, KeyNote::Attempts).await, Ok(Some(text)));
    assert_eq!(keyring.note(vault, KeyNote::Anchor).await, Ok(None));
    let tries = |number| KeyNote::Tries(ClinicianId(Uuid::from_u128(number)));
    for number in 0..3 {
        keyring.set_note(vault, tries(number), "1").await.unwrap();
    }
    let fresh = DeviceSecret::new([9; 32]);
    keyring.replace(vault, &fresh).await.unwrap();
    assert_eq!(Keyring::of_system().load(vault).await.unwrap().reveal(), fresh.reveal());
    keyring.forget(vault).await.unwrap();
    assert_eq!(keyring.load(vault).await.unwrap_err(), KeyFault::NoEntry);
    assert_eq!(keyring.note(vault, KeyNote::Attempts).await, Ok(None));
    for number in 0..3 {
        assert_eq!(keyring.note(vault, tries(number)).await, Ok(None), "a keyring that lists its entries forgets all");
    }
}
