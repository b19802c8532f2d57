//! The sync page.
//! Not here: order, retry and what answers mean.
use super::{Answered, id};
use crate::start::Shell;
use crate::view::{OpenRecordView, open_record};
use bedside_outbox::{RowId, RowState};
use tauri::State;

#[tauri::command]
pub(crate) async fn sync_now(shell: State<'_, Shell>) -> Answered<()> {
    Ok(shell.console().await?.sync_now().await?)
}

#[tauri::command]
pub(crate) async fn open_records(shell: State<'_, Shell>) -> Answered<Vec<OpenRecordView>> {
    let open = RowState::ALL.into_iter().filter(|state| *state != RowState::Accepted).collect();
    let rows = shell.console().await?.outbox_rows(open).await?;
    Ok(rows.iter().map(open_record).collect())
}

#[tauri::command]
pub(crate) async fn retry(shell: State<'_, Shell>, record: String) -> Answered<()> {
    let record = RowId(id(&record)?);
    Ok(shell.console().await?.retry(record).await?)
}
