//! Start, and the two channels with their credits.
//! Not here: how many messages may wait; that is `tauri_display`'s.
use super::Answered;
use crate::demo_script;
use crate::start::Shell;
use crate::view::{ConsoleView, StartView};
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{AppHandle, Runtime, State};

#[tauri::command]
pub(crate) async fn start<R: Runtime>(app: AppHandle<R>, shell: State<'_, Shell>) -> Answered<StartView> {
    let view = shell.start().await;
    if let (Some(length), Ok(console)) = (shell.take_script(), shell.console().await) {
        tauri::async_runtime::spawn(demo_script::play_and_exit(app, console, length));
    }
    Ok(view)
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
