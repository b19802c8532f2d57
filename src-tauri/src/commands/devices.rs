//! The devices page with its unassigned inbox, and the bindings that an unclean end left behind.
//! Not here: who may be bound to whom; the console decides.
use super::{Answered, id, now};
use crate::error::CommandError;
use crate::start::Shell;
use crate::view::{EnrolledView, InboxGroupView, enrolled as enrolled_view, inbox as inbox_view};
use bedside_console::ports::{Answer, PeripheralId, Query};
use bedside_session::UserConsent;
use bedside_vitals::{DeviceDescription, DeviceId, PatientId, ReadingId};
use tauri::State;

/// The longest search that can be asked for.
const MOST_SECONDS: u32 = 600;
/// More readings than any device keeps.
const MOST_READINGS: usize = 100_000;
/// The longest name a system gives a peripheral.
const MOST_CHARACTERS: usize = 256;

#[tauri::command]
pub(crate) async fn search(shell: State<'_, Shell>, seconds: u32) -> Answered<()> {
    Ok(shell.console().await?.search(seconds.min(MOST_SECONDS)).await?)
}

/// Records a device without a patient, also while everything is locked.
#[tauri::command]
pub(crate) async fn capture(shell: State<'_, Shell>, peripheral: String) -> Answered<()> {
    if peripheral.len() > MOST_CHARACTERS {
        return Err(CommandError::malformed("peripheral"));
    }
    Ok(shell.console().await?.capture(PeripheralId(peripheral)).await?)
}

#[tauri::command]
pub(crate) async fn bind(shell: State<'_, Shell>, peripheral: String, patient: String) -> Answered<()> {
    if peripheral.len() > MOST_CHARACTERS {
        return Err(CommandError::malformed("peripheral"));
    }
    let patient = PatientId(id(&patient)?);
    Ok(shell.console().await?.bind(PeripheralId(peripheral), patient).await?)
}

#[tauri::command]
pub(crate) async fn bind_known(shell: State<'_, Shell>, device: String, patient: String) -> Answered<()> {
    let (device, patient) = (DeviceId(id(&device)?), PatientId(id(&patient)?));
    Ok(shell.console().await?.bind_known(device, patient).await?)
}

#[tauri::command]
pub(crate) async fn unbind(shell: State<'_, Shell>, device: String) -> Answered<()> {
    let device = DeviceId(id(&device)?);
    Ok(shell.console().await?.unbind(device).await?)
}

#[tauri::command]
pub(crate) async fn enrolled(shell: State<'_, Shell>) -> Answered<Vec<EnrolledView>> {
    let console = shell.console().await?;
    let (devices, bindings, patients) = (
        console.query(Query::Devices).await?,
        console.query(Query::OpenBindings).await?,
        console.query(Query::Patients).await?,
    );
    let (Answer::Devices(devices), Answer::Bindings(bindings), Answer::Patients(patients)) =
        (devices, bindings, patients)
    else {
        return Err(CommandError::new("STORE-ANSWER", "internal", "the store answered another query"));
    };
    let now = now();
    let view = |device: &DeviceDescription| {
        let binding = bindings.iter().find(|binding| binding.device == device.id);
        let bound = binding.and_then(|binding| {
            let patient = patients.iter().find(|patient| patient.id == binding.patient)?;
            Some((patient, binding.since))
        });
        enrolled_view(device, bound, now)
    };
    Ok(devices.iter().map(view).collect())
}

#[tauri::command]
pub(crate) async fn confirm_user_slot(shell: State<'_, Shell>, device: String, slot: u8) -> Answered<()> {
    let device = DeviceId(id(&device)?);
    Ok(shell.console().await?.confirm_user_slot(device, slot).await?)
}

#[tauri::command]
pub(crate) async fn give_consent(shell: State<'_, Shell>, device: String, user: u8, code: u16) -> Answered<()> {
    let device = DeviceId(id(&device)?);
    let consent = UserConsent::new(user, code).ok_or_else(|| CommandError::malformed("code"))?;
    Ok(shell.console().await?.give_consent(device, consent).await?)
}

#[tauri::command]
pub(crate) async fn fetch_records(shell: State<'_, Shell>, device: String) -> Answered<()> {
    let device = DeviceId(id(&device)?);
    Ok(shell.console().await?.fetch_records(device).await?)
}

/// What is unassigned, and which of it may become this patient's.
#[tauri::command]
pub(crate) async fn inbox(shell: State<'_, Shell>, patient: Option<String>) -> Answered<Vec<InboxGroupView>> {
    let open = patient.as_deref().map(id).transpose()?.map(PatientId);
    let console = shell.console().await?;
    let readings = console.inbox().await?;
    let (devices, patients) = (console.query(Query::Devices).await?, console.query(Query::Patients).await?);
    let (Answer::Devices(devices), Answer::Patients(patients)) = (devices, patients) else {
        return Err(CommandError::new("STORE-ANSWER", "internal", "the store answered another query"));
    };
    Ok(inbox_view(&readings, &devices, &patients, open, now()))
}

/// Gives readings of the inbox to a patient; how many.
#[tauri::command]
pub(crate) async fn assign(shell: State<'_, Shell>, readings: Vec<String>, patient: String) -> Answered<u32> {
    if readings.len() > MOST_READINGS {
        return Err(CommandError::malformed("readings"));
    }
    let readings = readings.iter().map(|reading| id(reading).map(ReadingId)).collect::<Answered<Vec<_>>>()?;
    let assigned = shell.console().await?.assign(readings, PatientId(id(&patient)?)).await?;
    Ok(u32::try_from(assigned).unwrap_or(u32::MAX))
}

#[tauri::command]
pub(crate) async fn acknowledge_interruption(shell: State<'_, Shell>, bind_again: bool) -> Answered<()> {
    Ok(shell.console().await?.acknowledge_interruption(bind_again).await?)
}
