//! What is done with devices beside their values: clocks that are set, users' consents, rejected values that are read again.
//! Not here: stored records and user slots (`memories`).
use crate::harness::*;
use bedside_console::ports::{Answer, Query};
use bedside_console::{Changes, Connection, RawFrame, StoredClockSetting};
use bedside_policy::Policy;
use bedside_session::{ClockOutcome, UserConsent};
use bedside_simulated_ward::Act;
use bedside_vitals::*;
use std::time::Duration;
use uuid::Uuid;

const SETTLED: Duration = Duration::from_secs(40);

async fn device(bedside: &Bedside) -> DeviceId {
    let patient = bedside.add_patient(1).await;
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    bedside.bind("cuff-1", &patient).await;
    bedside.pass(SETTLED).await;
    match bedside.console.query(Query::Devices).await.unwrap() {
        Answer::Devices(devices) => devices[0].id,
        other => panic!("expected devices, got {other:?}"),
    }
}

async fn clock_settings(bedside: &Bedside, device: DeviceId) -> Vec<StoredClockSetting> {
    match bedside.console.query(Query::ClockSettings(device)).await.unwrap() {
        Answer::ClockSettings(settings) => settings,
        other => panic!("expected clock settings, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_set_once_and_what_came_of_it_is_kept() {
    let laptop = Laptop::new();
    let bedside = laptop.start("skew", Options::default()).await;
    let cuff = device(&bedside).await;
    for _ in 0..2 {
        bedside.ward.act("cuff-1", Act::Measure).unwrap();
        bedside.pass(Duration::from_secs(90)).await;
    }
    let settings = clock_settings(&bedside, cuff).await;
    assert_eq!(settings.iter().map(|stored| &stored.setting.outcome).collect::<Vec<_>>(), [&ClockOutcome::Set]);
    assert!(settings[0].setting.before.unwrap().offset_ms.abs() > 10_000);
    for reading in bedside.readings().await {
        let apart = reading.measurement.time.received.millis_since(reading.measurement.time.at);
        assert!((-1_000..150_000).contains(&apart), "before and after the setting alike, got {apart} ms");
    }
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_leaves_clocks_alone_is_kept() {
    let laptop = Laptop::new();
    let policy = Policy::parse(r#"{"set_device_clocks":false}"#).unwrap();
    let bedside = laptop.start("skew", Options { policy, ..Options::default() }).await;
    let cuff = device(&bedside).await;
    assert!(clock_settings(&bedside, cuff).await.is_empty());
    assert!(bedside.readings().await.len() >= 2);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_consent_is_kept_for_the_next_run_and_enters_no_log_line() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let cuff = device(&bedside).await;
    let consent = UserConsent::new(2, 4321).unwrap();
    bedside.console.give_consent(cuff, consent).await.unwrap();
    bedside.close().await;
    let bedside = laptop.start("calm", Options::default()).await;
    let Answer::DeviceMemories(memories) = bedside.console.query(Query::DeviceMemories).await.unwrap() else {
        panic!("expected memories");
    };
    assert_eq!(memories.consents, [(cuff, consent)]);
    assert!(!format!("{memories:?}").contains("4321"));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_rejected_value_is_read_again_once_its_model_is_known() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    let (id, connection) = (DeviceId::derive("serial|Beurer|BM85|1"), ConnectionId(Uuid::from_u128(5)));
    let beurer = DeviceDescription {
        id,
        kind: DeviceKind::BloodPressureCuff,
        name: "BM85".into(),
        manufacturer: Some("Beurer".into()),
        model: Some("BM85".into()),
        serial: Some("1".into()),
        firmware: None,
        hardware: None,
        software: None,
        system_id: None,
        udi: None,
        simulated: true,
    };
    let rejected = RawFrame {
        device: id,
        connection,
        characteristic: Uuid::from_u128(0x0000_2A35_0000_1000_8000_0080_5F9B_34FB),
        index: 0,
        received: START,
        bytes: vec![0x14, 0x78, 0, 0x50, 0, 0x5D, 0, 0, 0x48, 2, 0, 4],
        rejection: Some("read before its model was known".into()),
    };
    let changes = Changes {
        devices: vec![beurer],
        connections: vec![Connection { id: connection, device: id, at: START, clock: None }],
        frames: vec![rejected],
        ..Changes::default()
    };
    bedside.store.commit(changes).await.unwrap();
    bedside.close().await;

    let bedside = laptop.start("calm", Options::default()).await;
    assert_eq!(bedside.console.decode_rejected(id).await, Ok(1));
    assert_eq!(bedside.console.decode_rejected(id).await, Ok(0), "it is no longer rejected");
    let readings = bedside.readings().await;
    assert_eq!(readings.len(), 2, "the pressures and the pulse");
    assert!(readings.iter().all(|reading| reading.patient.is_none()), "nobody was bound then");
    let ids: Vec<ReadingId> = readings.iter().map(|reading| reading.id).collect();
    bedside.console.assign(ids, patient.id).await.unwrap();
    assert!(bedside.readings().await.iter().all(|reading| reading.patient == Some(patient.id)));
    bedside.close().await;
}
