//! `patients list` and `patients add`.
//! The record number and the birth date are identifiers: they go to standard output only.
use crate::arguments::{NewPatient, Patients};
use crate::failure::Failure;
use crate::output::Output;
use crate::screen::Screen;
use bedside_assembly::{Place, Start};
use bedside_console::ports::{Answer, Query};
use bedside_vitals::Patient;
use serde_json::json;

pub(crate) async fn run(place: &Place, arguments: &Patients, output: &Output) -> Result<(), Failure> {
    match arguments {
        Patients::List => list(place, output).await,
        Patients::Add(new) => add(place, new, output).await,
    }
}

async fn list(place: &Place, output: &Output) -> Result<(), Failure> {
    let store = place.open_for_reading().await?;
    let Answer::Patients(patients) = store.read(Query::Patients).await? else { return Ok(()) };
    for patient in &patients {
        say(patient, output);
    }
    if patients.is_empty() && !output.is_json() {
        output.note("no patients yet");
    }
    Ok(store.close().await?)
}

async fn add(place: &Place, new: &NewPatient, output: &Output) -> Result<(), Failure> {
    place.prepare_demo_vault().await?;
    let (screen, _values, _snapshots) = Screen::new();
    let running = place.start(Start { clinic: None, display: screen, ledger: None }).await?;
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
