//! The clinicians of this vault, and one's own secrets.
//! Not here: who may enrol whom, and which secrets are too weak; the console decides.
use super::{Answered, id};
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{ClinicianForm, ClinicianView, RoleView, SecretText, clinician};
use bedside_console::ClinicianId;
use tauri::State;

/// The longest name that is looked at; the console takes fewer characters.
const MOST_CHARACTERS: usize = 1_000;
/// More roles than there are.
const MOST_ROLES: usize = 16;

#[tauri::command]
pub(crate) async fn clinicians(shell: State<'_, Shell>) -> Answered<Vec<ClinicianView>> {
    let all = shell.console().await?.clinicians().await?;
    Ok(all.iter().map(clinician).collect())
}

#[tauri::command]
pub(crate) async fn add_clinician(shell: State<'_, Shell>, form: ClinicianForm) -> Answered<ClinicianView> {
    let new = form.new_clinician()?;
    Ok(clinician(&shell.console().await?.add_clinician(new).await?))
}

#[tauri::command]
pub(crate) async fn change_clinician(
    shell: State<'_, Shell>,
    id: String,
    display_name: String,
    roles: Vec<RoleView>,
) -> Answered<()> {
    if display_name.len() > MOST_CHARACTERS || roles.len() > MOST_ROLES {
        return Err(CommandError::malformed("clinician"));
    }
    let roles = roles.into_iter().map(Into::into).collect();
    Ok(shell.console().await?.change_clinician(who(&id)?, display_name, roles).await?)
}

#[tauri::command]
pub(crate) async fn disable_clinician(shell: State<'_, Shell>, id: String) -> Answered<()> {
    Ok(shell.console().await?.disable_clinician(who(&id)?).await?)
}

#[tauri::command]
pub(crate) async fn change_passphrase(shell: State<'_, Shell>, old: SecretText, new: SecretText) -> Answered<()> {
    Ok(shell.console().await?.change_passphrase(old.passphrase(), new.passphrase()).await?)
}

#[tauri::command]
pub(crate) async fn reset_passphrase(shell: State<'_, Shell>, id: String, passphrase: SecretText) -> Answered<()> {
    Ok(shell.console().await?.reset_passphrase(who(&id)?, passphrase.passphrase()).await?)
}

#[tauri::command]
pub(crate) async fn change_pin(shell: State<'_, Shell>, passphrase: SecretText, pin: SecretText) -> Answered<()> {
    Ok(shell.console().await?.change_pin(passphrase.passphrase(), pin.pin()).await?)
}

fn who(text: &str) -> Answered<ClinicianId> {
    id(text).map(ClinicianId)
}
