//! The unassigned inbox (product law 5): what a memory held before the binding waits there until a person gives it to a patient.
//! Not here: user slots confirmed while the device is bound (`memories`).
use crate::harness::*;
use crate::sync::Server;
use bedside_console::ports::{Answer, Query};
use bedside_console::{
    AuditAction, AuditEntry, Binding, Changes, InboxReading, RequestError, StoredReading, WhyUnassigned,
};
use bedside_simulated_ward::Act;
use bedside_vitals::*;
use std::time::Duration;
use uuid::Uuid;

const METER: &str = "glucose-1";
const HOUR_MS: i64 = 3_600_000;

async fn read_the_meter(bedside: &Bedside) {
    bedside.ward.act(METER, Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
}

fn ids(inbox: &[InboxReading]) -> Vec<ReadingId> {
    inbox.iter().map(|one| one.unassigned.reading.id).collect()
}

async fn assignments(bedside: &Bedside) -> Vec<AuditEntry> {
    let Answer::Audit(entries) = bedside.console.query(Query::Audit { patient: None, limit: 1_000 }).await.unwrap()
    else {
        panic!("expected the audit log");
    };
    entries.into_iter().filter(|entry| entry.action == AuditAction::ReadingsAssigned).collect()
}

fn glucose_on(server: &Server) -> usize {
    let is_glucose = |o: &serde_json::Value| o["code"]["coding"][0]["code"] == "160188";
    server.kinds("Observation").iter().filter(|o| is_glucose(o)).count()
}

#[tokio::test(start_paused = true)]
async fn a_memory_from_before_the_binding_is_charted_and_filed_once_when_a_person_says_whose_it_is() {
    let server = Server::with_moods(&[]);
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { clinic: Some(server.clone()), ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind(METER, &patient).await;
    read_the_meter(&bedside).await;
    bedside.console.sync_until_quiet().await.unwrap();
    let filed_before = glucose_on(&server);

    let inbox = bedside.console.inbox().await.unwrap();
    assert!(inbox.len() >= 50, "most of the memory was measured before the binding, got {}", inbox.len());
    assert!(inbox.iter().all(|one| one.unassigned.why == WhyUnassigned::NotBound));
    assert!(inbox.iter().all(|one| one.freshness != Freshness::Live));
    assert_eq!(bedside.latest().unassigned, inbox.len() as u64);
    let times: Vec<_> = inbox.iter().map(|one| one.unassigned.reading.measurement.time.at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");

    assert_eq!(bedside.console.assign(ids(&inbox), patient.id).await, Ok(inbox.len() as u64));
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(bedside.latest().unassigned, 0);
    let device = inbox[0].unassigned.reading.device;
    let told = assignments(&bedside).await;
    assert_eq!(
        told.iter().map(|entry| (entry.patient, entry.device)).collect::<Vec<_>>(),
        [(Some(patient.id), Some(device))]
    );
    bedside.console.sync_until_quiet().await.unwrap();
    let filed = glucose_on(&server);
    let meters = bedside.readings().await;
    assert!(meters.iter().all(|reading| reading.patient == Some(patient.id)));
    assert_eq!(filed, meters.len(), "each reading of the memory is one record");
    assert!(filed >= filed_before + 50);

    assert_eq!(bedside.console.assign(ids(&inbox), patient.id).await, Ok(0), "they are the patient's already");
    assert_eq!(assignments(&bedside).await.len(), 1, "nothing was done");
    bedside.console.fetch_records(device).await.ok();
    read_the_meter(&bedside).await;
    bedside.console.sync_until_quiet().await.unwrap();
    assert!(bedside.console.inbox().await.unwrap().is_empty(), "a second download brings nothing to the inbox");
    assert_eq!(glucose_on(&server), bedside.readings().await.len(), "and files nothing twice");
    bedside.close().await;
}

const DEVICE: &str = "serial|Ascensia|Contour|7";

fn meter() -> DeviceDescription {
    DeviceDescription {
        id: DeviceId::derive(DEVICE),
        kind: DeviceKind::GlucoseMeter,
        name: "Contour 7".into(),
        manufacturer: None,
        model: None,
        serial: Some("7".into()),
        firmware: None,
        hardware: None,
        software: None,
        system_id: None,
        udi: None,
        simulated: true,
    }
}

/// A reading of the meter, so many hours before the start.
fn stored(sequence: u32, hours: i64) -> StoredReading {
    let identity = ReadingIdentity::Sequence { sequence, base_time: None };
    let amount = Quantity { number: Decimal::whole(104).into(), unit: Unit::MilligramPerDecilitre };
    let at = START.plus_millis(-hours * HOUR_MS);
    StoredReading {
        id: ReadingId::derive(DeviceId::derive(DEVICE), Parameter::BloodGlucose, &identity),
        device: DeviceId::derive(DEVICE),
        patient: None,
        measurement: Measurement {
            parameter: Parameter::BloodGlucose,
            value: MeasuredValue::Single(amount),
            cadence: Cadence::Spot,
            time: CorrectedTime {
                method: TimeMethod::DeviceClockCorrected,
                received: START,
                ..CorrectedTime::on_receipt(at, BootTime::default())
            },
            identity,
            quality: Quality::GOOD.with(QualityFlag::FromStorage),
            user_slot: None,
            glucose: None,
            temperature_site: None,
        },
        frame: None,
    }
}

/// From 10 to 5 hours before the start.
fn earlier_binding(patient: PatientId, user_slot: Option<u8>) -> Binding {
    Binding {
        id: Uuid::from_u128(40),
        device: DeviceId::derive(DEVICE),
        patient,
        since: START.plus_millis(-10 * HOUR_MS),
        not_before: START.plus_millis(-10 * HOUR_MS),
        until: Some(START.plus_millis(-5 * HOUR_MS)),
        user_slot,
    }
}

/// Two patients, and a store that holds these readings and a binding to the first of them that has ended.
async fn with_readings(laptop: &Laptop, readings: Vec<StoredReading>, slot: Option<u8>) -> (Bedside, Patient, Patient) {
    let bedside = laptop.start("calm", Options::default()).await;
    let (first, second) = (bedside.add_patient(1).await, bedside.add_patient(2).await);
    let bindings = vec![earlier_binding(first.id, slot)];
    let changes = Changes { devices: vec![meter()], bindings, readings, ..Changes::default() };
    bedside.store.commit(changes).await.unwrap();
    bedside.close().await;
    (laptop.start("calm", Options::default()).await, first, second)
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_while_the_device_was_anothers_is_given_to_nobody_else_and_nothing_with_it() {
    let (before, during) = (stored(1, 12), stored(2, 7));
    let laptop = Laptop::new();
    let (bedside, first, second) = with_readings(&laptop, vec![before.clone(), during.clone()], None).await;
    let inbox = bedside.console.inbox().await.unwrap();
    let why: Vec<WhyUnassigned> = inbox.iter().map(|one| one.unassigned.why).collect();
    assert_eq!(why, [WhyUnassigned::MeasuredFor(first.id), WhyUnassigned::NotBound]);
    let both = vec![before.id, during.id];
    assert_eq!(bedside.console.assign(both.clone(), second.id).await, Err(RequestError::OfAnotherPatient));
    assert!(bedside.readings().await.iter().all(|reading| reading.patient.is_none()), "all or none");
    assert!(assignments(&bedside).await.is_empty());
    assert_eq!(bedside.console.assign(both, first.id).await, Ok(2), "they are the first patient's");
    let taken = bedside.console.assign(vec![before.id], second.id).await;
    assert_eq!(taken, Err(RequestError::OfAnotherPatient), "a reading does not change charts");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn control_solution_and_test_data_are_refused_and_so_is_a_reading_that_is_not_there() {
    let flagged = |sequence, flag| {
        let mut reading = stored(sequence, 12);
        reading.measurement.quality = reading.measurement.quality.with(flag);
        reading
    };
    let flags = [QualityFlag::ControlSolution, QualityFlag::Demonstration, QualityFlag::Testing];
    let readings: Vec<StoredReading> = flags.into_iter().zip(2..).map(|(flag, n)| flagged(n, flag)).collect();
    let fine = stored(1, 12);
    let laptop = Laptop::new();
    let all = [vec![fine.clone()], readings.clone()].concat();
    let (bedside, _, patient) = with_readings(&laptop, all, None).await;
    for reading in &readings {
        let asked = bedside.console.assign(vec![fine.id, reading.id], patient.id).await;
        assert_eq!(asked, Err(RequestError::NotOfAPerson));
    }
    let nowhere = ReadingId(Uuid::from_u128(9));
    assert_eq!(bedside.console.assign(vec![fine.id, nowhere], patient.id).await, Err(RequestError::NoSuchReading));
    let nobody = PatientId(Uuid::from_u128(9));
    assert_eq!(bedside.console.assign(vec![fine.id], nobody).await, Err(RequestError::NoSuchPatient));
    assert!(bedside.readings().await.iter().all(|reading| reading.patient.is_none()));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_user_slot_that_nobody_confirmed_is_no_patients_though_the_device_was_bound() {
    let mut of_slot = stored(1, 7);
    of_slot.measurement.user_slot = Some(2);
    for (confirmed, why) in [(None, WhyUnassigned::UserSlot(2)), (Some(1), WhyUnassigned::UserSlot(2))] {
        let laptop = Laptop::new();
        let (bedside, _, second) = with_readings(&laptop, vec![of_slot.clone()], confirmed).await;
        let inbox = bedside.console.inbox().await.unwrap();
        assert_eq!(inbox[0].unassigned.why, why);
        assert_eq!(bedside.console.assign(ids(&inbox), second.id).await, Ok(1));
        bedside.close().await;
    }
    let laptop = Laptop::new();
    let (bedside, first, _) = with_readings(&laptop, vec![of_slot], Some(2)).await;
    let inbox = bedside.console.inbox().await.unwrap();
    assert_eq!(inbox[0].unassigned.why, WhyUnassigned::MeasuredFor(first.id));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_memory_without_times_and_of_a_guest_the_inbox_says_so() {
    let mut without_time = stored(1, 7);
    without_time.measurement.time.method = TimeMethod::Unknown;
    let mut guest = stored(2, 8);
    guest.measurement.quality = guest.measurement.quality.with(QualityFlag::UserUnknown);
    let laptop = Laptop::new();
    let (bedside, _, second) = with_readings(&laptop, vec![without_time, guest], None).await;
    let inbox = bedside.console.inbox().await.unwrap();
    let why: Vec<WhyUnassigned> = inbox.iter().map(|one| one.unassigned.why).collect();
    assert_eq!(why, [WhyUnassigned::TimeUnknown, WhyUnassigned::UserUnknown]);
    assert_eq!(bedside.console.assign(ids(&inbox), second.id).await, Ok(2));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_somebody_rejected_becomes_no_patients_and_nothing_with_it() {
    let bedside = Laptop::new().start("calm", Options { staffed: true, ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind(METER, &patient).await;
    read_the_meter(&bedside).await;
    let waiting = ids(&bedside.console.inbox().await.unwrap());
    bedside.console.reject_reading(waiting[0], "not hers".into()).await.unwrap();
    let given = bedside.console.assign(waiting[..2].to_vec(), patient.id).await;
    assert_eq!(given, Err(RequestError::RejectedReading));
    assert_eq!(bedside.console.assign(waiting[1..].to_vec(), patient.id).await, Ok(waiting.len() as u64 - 1));
    bedside.close().await;
}
