//! Servers that give ids themselves know a record by its identifier alone: each must be another one's.
//! Not here: conflicts and what a person decides (`sync_decisions`).
use crate::harness::*;
use crate::sync_decisions::Clinic;
use bedside_console::StoredReading;
use bedside_outbox::RowState;
use bedside_simulated_ward::{Act, Scenario};
use bedside_vitals::{Parameter, ReadingIdentity};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const METER: &str = "glucose-1";

#[tokio::test(start_paused = true)]
async fn two_records_of_one_device_minute_are_two_resources_where_the_server_gives_the_ids() {
    let mut scenario = Scenario::named("calm").unwrap();
    let meter = scenario.devices.iter_mut().find(|device| device.id() == METER).unwrap();
    meter.clock.whole_minutes = true;
    let mut clinic = Clinic::default();
    clinic.gives_ids = true;
    let clinic = Arc::new(clinic);
    let laptop = Laptop::new();
    let options = Options { clinic: Some(clinic.clone()), staffed: true, ..Options::default() };
    let bedside = laptop.start_on(&scenario, options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind(METER, &patient).await;
    for _ in 0..6 {
        bedside.ward.act(METER, Act::Measure).unwrap();
        bedside.pass(Duration::from_secs(20)).await;
    }
    bedside.console.sync_until_quiet().await.unwrap();

    let all = bedside.readings().await;
    let is_of_patient =
        |one: &&StoredReading| one.measurement.parameter == Parameter::BloodGlucose && one.patient == Some(patient.id);
    let readings: Vec<_> = all.iter().filter(is_of_patient).collect();
    let minute = |one: &&StoredReading| match one.measurement.identity {
        ReadingIdentity::Sequence { base_time, .. } => format!("{base_time:?}"),
        ReadingIdentity::Ordinal { .. } | ReadingIdentity::Stream { .. } => panic!("the meter numbers its records"),
    };
    let minutes: BTreeSet<String> = readings.iter().map(minute).collect();
    assert!(minutes.len() < readings.len(), "some records are of one minute: {} of {}", minutes.len(), readings.len());
    let observations = clinic.of_kind("Observation");
    let glucose = observations.iter().filter(|(.., one)| one["code"].to_string().contains("41653-7")).count();
    assert_eq!(glucose, readings.len(), "no record stands for another");
    let accepted = bedside.console.outbox_rows(vec![RowState::Accepted]).await.unwrap();
    let observed = accepted.iter().filter(|row| row.resource_type == "Observation");
    let names: Vec<String> = observed.map(|row| row.server.clone().unwrap().id).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "no two records are one there");
    bedside.close().await;
}
