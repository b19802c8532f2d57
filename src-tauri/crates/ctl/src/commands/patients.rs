//! `patients list` and `patients add`.
//! The record number and the birth date are identifiers: they go to standard output only.
use crate::arguments::{NewPatient, Patients};
use crate::failure::Failure;
use crate::output::Output;
use crate::reader::{Reader, mixed_up};
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Start};
use bedside_console::ports::{Answer, Query};
use bedside_console::{AuditAction, Permission};
use bedside_vitals::Patient;
use serde_json::json;

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Patients, output: &Output) -> Result<(), Failure> {
    match arguments {
        Patients::List => list(place, who, output).await,
        Patients::Add(new) => add(place, who, new, output).await,
    }
}

async fn list(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let Answer::Patients(patients) = reader.store().read(Query::Patients).await? else { return Err(mixed_up()) };
    reader.looked(AuditAction::PatientsListed, None, patients.len()).await?;
    for patient in &patients {
        say(patient, output);
    }
    if patients.is_empty() && !output.is_json() {
        output.note("no patients yet");
    }
    reader.close().await
}

async fn add(place: &Place, who: &Who, new: &NewPatient, output: &Output) -> Result<(), Failure> {
    let (screen, _values, _snapshots) = Screen::new();
    let running = sign_in::open(place, who, Start { clinic: None, display: screen, ledger: None }).await?;
    let particulars = bedside_console::NewPatient {
        record_number: new.mrn.clone(),
        family: new.family.clone(),
        given: new.given.clone(),
        birth_date: new.birth_date.clone(),
        sex: new.sex.clone(),
        bed: new.bed.clone(),
    };
    let added = running.console.add_patient(particulars).await;
    running.close().await;
    say(&added?, output);
    Ok(())
}

fn say(patient: &Patient, output: &Output) {
    let (family, given) = (patient.family.reveal(), patient.given.reveal());
    let (birth_date, record_number) = (patient.birth_date.iso(), patient.record_number.reveal());
    let bed = patient.bed.as_ref().map(|bed| bed.reveal().as_str());
    let human =
        format!("{family}, {given} · {birth_date} · {} · {record_number} · bed {}", patient.sex, bed.unwrap_or("-"));
    let json = json!({
        "id": patient.id.to_string(), "mrn": record_number, "family": family, "given": given,
        "birth_date": birth_date, "sex": patient.sex.code(), "bed": bed,
    });
    output.say(&human, &json);
}
