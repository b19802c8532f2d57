//! Which keyring this system has.
//! Not here: what an entry is called and what it holds (`entry`).
use keyring_core::{CredentialStore, Result};
use std::sync::Arc;

/// Connects. `keyring` keeps the outcome of its one attempt for the life of the process, so a later attempt goes to the
/// store itself and takes its place as the default.
pub(crate) fn connect(again: bool) -> Result<Arc<CredentialStore>> {
    if !again
        && keyring::Entry::store_status().is_ok()
        && let Some(store) = keyring_core::get_default_store()
    {
        return Ok(store);
    }
    let store = fresh()?;
    keyring_core::set_default_store(Arc::clone(&store));
    Ok(store)
}

/// What an entry is made with. Windows would let a credential roam with the user's profile to other computers.
pub(crate) fn modifiers() -> &'static [(&'static str, &'static str)] {
    if cfg!(target_os = "windows") { &[("persistence", "Local")] } else { &[] }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn fresh() -> Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "windows")]
fn fresh() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn fresh() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}
