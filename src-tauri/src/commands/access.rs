//! Who is here: the first run, signing in and out, the locks, break-glass.
//! Secrets come in once and are wrapped at once; none ever leaves. Not here: who may do what; the console decides.
use super::Answered;
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{ClinicianForm, KitView, SecretText, user_name};
use bedside_console::LockReason;
use bedside_console::ports::RecoveryKey;
use tauri::State;

/// The longest reason that is looked at; the console takes fewer characters.
const MOST_CHARACTERS: usize = 2_000;

/// Makes the vault with its first clinician and signs them in. The kit is answered once and kept nowhere.
#[tauri::command]
pub(crate) async fn create_vault(shell: State<'_, Shell>, form: ClinicianForm) -> Answered<KitView> {
    shell.create_vault(form.new_clinician()?).await
}

#[tauri::command]
pub(crate) async fn sign_in(shell: State<'_, Shell>, user: String, passphrase: SecretText) -> Answered<()> {
    let passphrase = passphrase.passphrase();
    Ok(shell.console().await?.sign_in(user_name(&user)?, passphrase).await?)
}

/// Opens the demo vault, or one of an earlier version, again after a lock: nobody is enrolled who could sign in.
#[tauri::command]
pub(crate) async fn open_by_itself(shell: State<'_, Shell>) -> Answered<()> {
    shell.open_by_itself().await
}

/// Opens a vault whose keyring entry is lost, with IT's key or the printed kit, and enrols an administrator.
#[tauri::command]
pub(crate) async fn recover(shell: State<'_, Shell>, kit: SecretText, form: ClinicianForm) -> Answered<()> {
    let key = RecoveryKey::parse_kit(kit.reveal())?;
    let new = form.new_clinician()?;
    Ok(shell.console().await?.recover(key, new).await?)
}

/// Enrols the first clinician of a vault of an earlier version.
#[tauri::command]
pub(crate) async fn enrol_first(shell: State<'_, Shell>, form: ClinicianForm) -> Answered<KitView> {
    let new = form.new_clinician()?;
    let key = shell.console().await?.enrol_first(new).await?;
    shell.kit(key.as_ref()).await
}

#[tauri::command]
pub(crate) async fn lock_screen(shell: State<'_, Shell>) -> Answered<()> {
    shell.console().await?.lock_screen(LockReason::ByHand).await;
    Ok(())
}

/// Locks the vault: the next one needs a passphrase.
#[tauri::command]
pub(crate) async fn sign_out(shell: State<'_, Shell>) -> Answered<()> {
    shell.console().await?.lock_vault(LockReason::ByHand).await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn unlock_screen(shell: State<'_, Shell>, user: String, pin: SecretText) -> Answered<()> {
    let pin = pin.pin();
    Ok(shell.console().await?.unlock_screen(user_name(&user)?, pin).await?)
}

/// Somebody touched the window.
#[tauri::command]
pub(crate) async fn activity(shell: State<'_, Shell>) -> Answered<()> {
    shell.console().await?.activity().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn break_glass(shell: State<'_, Shell>, reason: String) -> Answered<()> {
    if reason.len() > MOST_CHARACTERS {
        return Err(CommandError::malformed("reason"));
    }
    Ok(shell.console().await?.break_glass(reason).await?)
}

#[tauri::command]
pub(crate) async fn end_break_glass(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.end_break_glass().await?)
}
