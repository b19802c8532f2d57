//! The right patient (product law 5): nothing reaches a chart without a binding.
//! Not here: the user slot of cuffs, which comes with the devices' own issue.
use crate::harness::*;
use bedside_console::ports::{Answer, Query};
use bedside_console::{Mode, NewPatient, RequestError};
use bedside_vitals::{Freshness, Parameter};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn values_go_to_the_bound_patient_and_to_nobody_else() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let (rosa, ruth) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    bedside.bind("strap-1", &rosa).await;
    bedside.bind("oximeter-2", &ruth).await;
    bedside.pass(Duration::from_secs(20)).await;
    for samples in bedside.samples().await {
        let expected = match samples.parameter {
            Parameter::HeartRate | Parameter::BeatInterval => rosa.id,
            _ => ruth.id,
        };
        assert_eq!(samples.patient, Some(expected), "{}", samples.parameter);
    }
    bedside.console.open_patient(Some(ruth.id)).await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    let tiles: Vec<Parameter> = bedside.latest().bedside.as_ref().unwrap().tiles.iter().map(|t| t.parameter).collect();
    assert!(!tiles.contains(&Parameter::HeartRate), "the other patient's heart rate has no tile here");
    assert_eq!(bedside.tile(Parameter::OxygenSaturation).freshness, Freshness::Live);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_bound_elsewhere_is_refused_until_that_binding_ends() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let (rosa, ruth) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    bedside.bind("strap-1", &rosa).await;
    let strap = bedside.find("oximeter-1").await.0.replace("oximeter-1", "strap-1");
    let strap = bedside_console::ports::PeripheralId(strap);
    assert_eq!(bedside.console.bind(strap, ruth.id).await, Err(RequestError::BoundElsewhere));
    bedside.console.open_patient(Some(rosa.id)).await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    let device = bedside.latest().bedside.as_ref().unwrap().devices[0].device;
    bedside.console.unbind(device).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    bedside.bind("strap-1", &ruth).await;
    bedside.pass(Duration::from_secs(5)).await;
    let of_ruth = bedside.samples().await.into_iter().filter(|samples| samples.patient == Some(ruth.id)).count();
    assert!(of_ruth > 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_bind_without_an_answer_is_given_up_and_never_charts_later() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let (rosa, ruth) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    let strap = bedside.find("strap-1").await;
    bedside.ward.set_out_of_reach("strap-1", true).unwrap();
    assert_eq!(bedside.console.bind(strap.clone(), rosa.id).await, Err(RequestError::NoAnswer));
    bedside.pass(Duration::from_secs(60)).await;
    bedside.ward.set_out_of_reach("strap-1", false).unwrap();
    bedside.bind("strap-1", &ruth).await;
    bedside.pass(Duration::from_secs(10)).await;
    let samples = bedside.samples().await;
    assert!(!samples.is_empty());
    assert!(samples.iter().all(|samples| samples.patient == Some(ruth.id)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_simulated_device_is_refused_by_a_real_vault() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { mode: Some(Mode::Clinic), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    let strap = bedside.find("strap-1").await;
    assert_eq!(bedside.console.bind(strap, patient.id).await, Err(RequestError::WrongMode));
    bedside.pass(Duration::from_secs(10)).await;
    assert!(bedside.frames().await.is_empty());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn bindings_end_with_an_ordinary_close_and_are_offered_again_after_a_power_cut() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(30)).await;
    bedside.kill().await;

    tokio::time::sleep(Duration::from_secs(180)).await;
    let bedside = laptop.start("calm", Options::default()).await;
    bedside.pass(Duration::from_secs(1)).await;
    let interruption = bedside.latest().interrupted.clone().expect("the power cut is shown");
    assert_eq!(interruption.devices.len(), 1);
    let gap = interruption.until.millis_since(interruption.from);
    assert!((180_000..195_000).contains(&gap), "three minutes and at most one life sign, got {gap} ms");
    let open = |answer| match answer {
        Answer::Bindings(bindings) => bindings.len(),
        other => panic!("expected bindings, got {other:?}"),
    };
    assert_eq!(open(bedside.console.query(Query::OpenBindings).await.unwrap()), 0, "nothing is resumed by itself");
    bedside.console.acknowledge_interruption(true).await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert_eq!(bedside.latest().recording.devices, 1);
    assert_eq!(bedside.latest().interrupted, None);
    bedside.close().await;

    let bedside = laptop.start("calm", Options::default()).await;
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(bedside.latest().interrupted, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn wrong_particulars_and_taken_record_numbers_are_refused() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let rosa = bedside.add_patient(1).await;
    let new = |record_number: &str, birth_date: &str| NewPatient {
        record_number: record_number.into(),
        family: "BROADLEAF-TEST".into(),
        given: "Ivo".into(),
        birth_date: birth_date.into(),
        sex: "male".into(),
        bed: String::new(),
    };
    let taken = new(rosa.record_number.reveal(), "1962-11-30");
    assert_eq!(bedside.console.add_patient(taken).await.unwrap_err(), RequestError::RecordNumberTaken);
    let unborn = new("TST 1", "2062-11-30");
    assert!(matches!(bedside.console.add_patient(unborn).await, Err(RequestError::InvalidPatient(_))));
    assert_eq!(bedside.console.patients().await.unwrap().len(), 1);
    bedside.close().await;
}
