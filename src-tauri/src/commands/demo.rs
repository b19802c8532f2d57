//! The strings of the simulated ward, for training and for tests of the window. Refused outside demo mode.
//! Not here: the ward itself, and the script of `--demo-seconds`.
use super::Answered;
use crate::start::Shell;
use crate::view::DemoAction;
use tauri::State;

#[tauri::command]
pub(crate) async fn demo(shell: State<'_, Shell>, action: DemoAction) -> Answered<()> {
    shell.demo(action).await
}
