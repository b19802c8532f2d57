//! The readings of a chart, and the three things that a person may say of one.
//! Nothing is decided here: who may say it, and which value can be, is the console's.
use super::{Answered, id, short};
use crate::start::Shell;
use crate::view::{ChartedView, CorrectedValue, StripKindView, charted as charted_view};
use bedside_vitals::{PatientId, ReadingId};
use tauri::State;

/// The newest readings of a patient, at most so many.
#[tauri::command]
pub(crate) async fn charted(shell: State<'_, Shell>, patient: String, limit: u32) -> Answered<ChartedView> {
    let patient = PatientId(id(&patient)?);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(charted_view(&shell.console().await?.charted(patient, limit).await?))
}

/// Marks the last seconds of a wave for the server; how many parts it gets.
#[tauri::command]
pub(crate) async fn mark_strip(
    shell: State<'_, Shell>,
    patient: String,
    strip: StripKindView,
    seconds: u32,
) -> Answered<u32> {
    let patient = PatientId(id(&patient)?);
    Ok(shell.console().await?.mark_strip(patient, strip.into(), seconds).await?)
}

#[tauri::command]
pub(crate) async fn correct_reading(
    shell: State<'_, Shell>,
    reading: String,
    value: CorrectedValue,
    reason: String,
) -> Answered<()> {
    let (reading, reason) = (ReadingId(id(&reading)?), short(reason)?);
    Ok(shell.console().await?.correct_reading(reading, value.value()?, reason).await?)
}

#[tauri::command]
pub(crate) async fn reject_reading(shell: State<'_, Shell>, reading: String, reason: String) -> Answered<()> {
    let (reading, reason) = (ReadingId(id(&reading)?), short(reason)?);
    Ok(shell.console().await?.reject_reading(reading, reason).await?)
}

#[tauri::command]
pub(crate) async fn confirm_reading(shell: State<'_, Shell>, reading: String) -> Answered<()> {
    let reading = ReadingId(id(&reading)?);
    Ok(shell.console().await?.confirm_reading(reading).await?)
}
