//! Start, and the two channels with their credits.
use super::Answered;
use crate::start::Shell;
use crate::view::{ConsoleView, StartView};
use tauri::State;
use tauri::ipc::{Channel, InvokeResponseBody};

#[tauri::command]
pub(crate) async fn start(shell: State<'_, Shell>, create_vault: bool) -> Answered<StartView> {
    Ok(shell.start(create_vault).await)
}

#[tauri::command]
pub(crate) async fn watch(
    shell: State<'_, Shell>,
    snapshots: Channel<ConsoleView>,
    strips: Channel<InvokeResponseBody>,
) -> Answered<()> {
    shell.display().watch(snapshots, strips);
    Ok(())
}

#[tauri::command]
pub(crate) async fn snapshot_shown(shell: State<'_, Shell>) -> Answered<()> {
    shell.display().snapshot_shown();
    Ok(())
}

#[tauri::command]
pub(crate) async fn frame_shown(shell: State<'_, Shell>) -> Answered<bool> {
    Ok(shell.display().frame_shown())
}
