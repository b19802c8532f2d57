//! The sync page.
//! Not here: order, retry and what answers mean.
use super::{Answered, id, now, short};
use crate::error::CommandError;
use crate::private_file;
use crate::start::Shell;
use crate::view::{ConflictView, OpenRecordView, ReceiptView, conflict as conflict_view, open_record, receipt};
use bedside_console::MOST_SYNC_ROWS;
use bedside_outbox::{Dependants, RowId, RowState};
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

/// Those that need a person first: what waits must not hide them.
const OPEN: [RowState; 4] = [RowState::Refused, RowState::Held, RowState::Sending, RowState::Waiting];

#[tauri::command]
pub(crate) async fn sync_now(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.sync_now().await?)
}

/// What the server has not accepted; of many that wait the oldest. Those that were put away, when they are asked for.
#[tauri::command]
pub(crate) async fn open_records(shell: State<'_, Shell>, discarded: bool) -> Answered<Vec<OpenRecordView>> {
    let states = if discarded { vec![RowState::Discarded] } else { OPEN.to_vec() };
    let rows = shell.console().await?.sync_rows(states, MOST_SYNC_ROWS).await?;
    Ok(rows.iter().map(open_record).collect())
}

/// The way of one record.
#[tauri::command]
pub(crate) async fn record_receipt(shell: State<'_, Shell>, record: String) -> Answered<ReceiptView> {
    let record = RowId(id(&record)?);
    Ok(receipt(&shell.console().await?.sync_receipt(record).await?, now()))
}

#[tauri::command]
pub(crate) async fn retry(shell: State<'_, Shell>, record: String) -> Answered<()> {
    let record = RowId(id(&record)?);
    Ok(shell.console().await?.retry(record).await?)
}

/// Asks a person for a place and writes the record with the server's word there; whether they chose one. The window
/// names no path and learns none.
#[tauri::command]
pub(crate) async fn export_record<R: Runtime>(
    app: AppHandle<R>,
    shell: State<'_, Shell>,
    record: String,
) -> Answered<bool> {
    let record = RowId(id(&record)?);
    let console = shell.console().await?;
    // Nobody is asked for a place for what may not be seen, or is not there.
    let name = console.sync_receipt(record).await?.row.file_name();
    let (chosen, answer) = oneshot::channel();
    app.dialog().file().set_file_name(name).save_file(move |path| drop(chosen.send(path)));
    let Some(path) = answer.await.ok().flatten() else { return Ok(false) };
    let path = path.into_path().map_err(|error| CommandError::new("FILE", "file", error))?;
    let export = console.export_record(record).await?;
    private_file::write(&path, export.json.as_bytes()).map_err(|error| CommandError::new("FILE", "file", error))?;
    Ok(true)
}

/// Puts a refused record away; those that wait for it go without it, or are put away too.
#[tauri::command]
pub(crate) async fn discard_record(
    shell: State<'_, Shell>,
    record: String,
    reason: String,
    with_dependants: bool,
) -> Answered<()> {
    let record = RowId(id(&record)?);
    let dependants = if with_dependants { Dependants::Discard } else { Dependants::Release };
    Ok(shell.console().await?.discard(record, short(reason)?, dependants).await?)
}

/// Ours and the server's.
#[tauri::command]
pub(crate) async fn conflict(shell: State<'_, Shell>, record: String) -> Answered<ConflictView> {
    let record = RowId(id(&record)?);
    Ok(conflict_view(&shell.console().await?.conflict(record).await?))
}

/// Lets the version of the server's stand that was seen.
#[tauri::command]
pub(crate) async fn keep_theirs(
    shell: State<'_, Shell>,
    record: String,
    their_id: String,
    their_version: Option<String>,
) -> Answered<()> {
    let record = RowId(id(&record)?);
    Ok(shell.console().await?.keep_theirs(record, their_id, their_version).await?)
}

/// Puts ours over the version of the server's that was seen.
#[tauri::command]
pub(crate) async fn send_ours(
    shell: State<'_, Shell>,
    record: String,
    their_id: String,
    their_version: String,
) -> Answered<()> {
    let record = RowId(id(&record)?);
    Ok(shell.console().await?.send_ours(record, their_id, their_version).await?)
}

#[tauri::command]
pub(crate) async fn set_metered(shell: State<'_, Shell>, on: bool) -> Answered<()> {
    Ok(shell.console().await?.set_metered(on).await?)
}

/// Opens the system's browser for a sign-in at the server; what comes of it is in the snapshots.
#[tauri::command]
pub(crate) async fn clinic_sign_in(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.clinic_sign_in().await?)
}

#[tauri::command]
pub(crate) async fn cancel_clinic_sign_in(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.cancel_clinic_sign_in().await?)
}
