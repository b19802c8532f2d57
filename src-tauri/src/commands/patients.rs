//! The patients page.
//! Not here: what particulars are valid; the console checks them.
use super::{Answered, id, now};
use crate::start::Shell;
use crate::view::{NewPatientView, PatientLineView, PatientView, patient, patient_line};
use bedside_vitals::PatientId;
use tauri::State;

#[tauri::command]
pub(crate) async fn patients(shell: State<'_, Shell>) -> Answered<Vec<PatientLineView>> {
    let lines = shell.console().await?.patients().await?;
    let now = now();
    Ok(lines.iter().map(|line| patient_line(line, now)).collect())
}

#[tauri::command]
pub(crate) async fn add_patient(shell: State<'_, Shell>, patient: NewPatientView) -> Answered<PatientView> {
    let added = shell.console().await?.add_patient(patient.into()).await?;
    Ok(view(&added))
}

#[tauri::command]
pub(crate) async fn open_patient(shell: State<'_, Shell>, patient: Option<String>) -> Answered<()> {
    let patient = patient.map(|text| id(&text).map(PatientId)).transpose()?;
    Ok(shell.console().await?.open_patient(patient).await?)
}

fn view(added: &bedside_vitals::Patient) -> PatientView {
    patient(added, now())
}
