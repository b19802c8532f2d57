//! The readings of a chart, and the two things that a person may say of one.
//! Nothing is decided here: who may say it, and which value can be, is the console's.
use super::{Answered, id};
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{ChartedView, CorrectedValue, charted as charted_view};
use bedside_vitals::{PatientId, ReadingId};
use tauri::State;

/// The longest reason that is looked at; the console takes fewer characters.
const MOST_OCTETS: usize = 2_000;

/// The newest readings of a patient, at most so many.
#[tauri::command]
pub(crate) async fn charted(shell: State<'_, Shell>, patient: String, limit: u32) -> Answered<ChartedView> {
    let patient = PatientId(id(&patient)?);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(charted_view(&shell.console().await?.charted(patient, limit).await?))
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

fn short(reason: String) -> Answered<String> {
    if reason.len() > MOST_OCTETS { Err(CommandError::malformed("reason")) } else { Ok(reason) }
}
