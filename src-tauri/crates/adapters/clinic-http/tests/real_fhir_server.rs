//! Against a real FHIR engine in memory (`tests/clinic`, started through node): what is sent arrives once, a bad record
//! stands alone, and a search tells what arrived. Skipped, loudly, where the engine is not installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by panicking")]
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions};
use bedside_console::ports::{ClinicAnswer, ClinicRequest, ClinicServer, Method};
use bedside_fhir::{
    BatchRow, Document, EntryOutcome, FilingContext, GatewayAnchor, ReadingInput, Resource, ServerAnchor,
    anchored_gateway, batch_bundle, device, gateway, ids_search_path, parse_batch_answer, parse_gateway_anchor,
    parse_ids_answer, patient, reading_observation,
};
use bedside_outbox::{EntryAnswer, Found, Limits, Outbox, OutboxRow, RowId, RowState, RowUpdate, TryKind, TryResult};
use bedside_vitals::{
    BirthDate, BloodPressure, BootTime, Cadence, CorrectedTime, DeviceDescription, DeviceId, DeviceKind, DeviceTime,
    MeasuredValue, Measurement, Number, Parameter, Patient, PatientId, Quality, ReadingIdentity, RecordNumber,
    Sensitive, Sex, Unit, WallTime,
};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

const NOW: WallTime = WallTime(1_773_835_200_000);

#[tokio::test]
async fn a_visit_arrives_once_however_often_it_is_sent() {
    let Some((_child, clinic)) = demo_clinic().await else { return };
    let visit = visit();
    for round in 0..2 {
        let outcomes = batch(&clinic, &visit).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome.status, 200 | 201)), "round {round}: {outcomes:?}");
    }
    for resource_type in ["Patient", "Device", "Observation"] {
        let expected = visit.iter().filter(|document| document.resource_type == resource_type).count();
        assert_eq!(stored(&clinic, resource_type).await, expected, "{resource_type}");
    }
}

#[tokio::test]
async fn one_invalid_record_is_refused_alone_and_says_why_without_health_data() {
    let Some((_child, clinic)) = demo_clinic().await else { return };
    let mut visit = visit();
    let last = visit.last_mut().unwrap();
    last.json = last.json.replacen("\"status\":\"final\",", "", 1);
    let outcomes = batch(&clinic, &visit).await;
    let (bad, good) = outcomes.split_last().unwrap();
    assert!(good.iter().all(|outcome| matches!(outcome.status, 200 | 201)), "{good:?}");
    assert_eq!(bad.status, 400);
    assert!(bad.text.contains("Observation.status"), "{}", bad.text);
    assert!(!bad.text.contains("MRN") && !bad.text.contains("EXAMPLE"));
}

#[tokio::test]
async fn what_the_record_holds_is_taken_with_this_console_s_device_and_read_back() {
    let Some((_child, clinic)) = demo_clinic().await else { return };
    let own = Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0009);
    let context = FilingContext { record_number_system: "urn:x".into(), gateway: own, test_data: true };
    let look = ids_search_path("Device", &[own]);
    assert_eq!(parse_gateway_anchor(&get(&clinic, &look).await.body, own), Ok(ServerAnchor::None));
    for generation in [7, u64::MAX] {
        let (audit_head, public_key) = ([0xab; 32], [0xcd; 32]);
        let anchor = GatewayAnchor { vault: own, generation, audit_place: 3, audit_head, at: NOW, public_key };
        let device = anchored_gateway(&context, "0.1.0", &anchor).unwrap().document().unwrap();
        let outcomes = batch(&clinic, &[device]).await;
        assert!(matches!(outcomes[0].status, 200 | 201), "{outcomes:?}");
        assert_eq!(parse_gateway_anchor(&get(&clinic, &look).await.body, own), Ok(ServerAnchor::Known(anchor)));
    }
}

#[tokio::test]
async fn a_search_by_id_tells_what_arrived_and_what_did_not() {
    let Some((_child, clinic)) = demo_clinic().await else { return };
    let observations: Vec<Document> =
        visit().into_iter().filter(|document| document.resource_type == "Observation").collect();
    let (sent, lost) = observations.split_at(1);
    batch(&clinic, sent).await;
    let ids: Vec<Uuid> = observations.iter().map(|document| document.id).collect();
    let answer = get(&clinic, &ids_search_path("Observation", &ids)).await;
    let arrived = parse_ids_answer(&answer.body, &rows(&observations)).unwrap();
    assert_eq!(arrived.iter().map(|one| one.id).collect::<Vec<_>>(), [sent[0].id]);
    assert!(!lost.is_empty());
}

#[tokio::test]
async fn the_outbox_brings_a_visit_to_the_server_and_asks_after_a_lost_answer() {
    let Some((_child, clinic)) = demo_clinic().await else { return };
    let visit = visit();
    let mut outbox = Outbox::new(Limits::default());
    let mut accepted = 0;
    outbox.load(outbox_rows(&visit));
    let mut now = NOW;
    let mut lose_next_answer = true;
    while let Some(wake) = outbox.next_wake() {
        now = now.max(wake);
        let attempt = outbox.poll(now).unwrap();
        let documents: Vec<Document> =
            attempt.rows.iter().map(|id| visit.iter().find(|document| document.id == id.0).unwrap().clone()).collect();
        let result = match attempt.kind {
            TryKind::Send => {
                let outcomes = batch(&clinic, &documents).await;
                if std::mem::take(&mut lose_next_answer) {
                    TryResult::NoWholeAnswer("lost by the test".to_owned())
                } else {
                    let answer = |EntryOutcome { status, text, .. }| EntryAnswer::new(status, text);
                    TryResult::Entries(outcomes.into_iter().map(answer).collect())
                }
            }
            TryKind::AskWhichArrived => {
                let ids: Vec<Uuid> = documents.iter().map(|document| document.id).collect();
                let answer = get(&clinic, &ids_search_path(documents[0].resource_type, &ids)).await;
                let found = parse_ids_answer(&answer.body, &rows(&documents)).unwrap();
                TryResult::Arrived(found.into_iter().map(|one| Found::one(one.id)).collect())
            }
        };
        let updates: Vec<RowUpdate> = outbox.handle(now, 11, result);
        accepted += updates.iter().filter(|update| update.state == RowState::Accepted).count();
    }
    assert_eq!(accepted, visit.len());
    assert_eq!(stored(&clinic, "Observation").await, 2);
    let versions = get(&clinic, &format!("Patient/{}/_history", visit[0].id)).await;
    let history: serde_json::Value = serde_json::from_str(&versions.body).unwrap();
    assert_eq!(history["entry"].as_array().unwrap().len(), 1, "a second version was written");
}

/// Starts the engine, or says that it is not there.
async fn demo_clinic() -> Option<(Child, ClinicHttp)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/clinic");
    let node = std::env::var_os("BEDSIDE_NODE");
    if !folder.join("node_modules/@medplum/fhir-router").is_dir() {
        assert!(node.is_none(), "`cargo xtask test` said that the FHIR engine is there");
        eprintln!("SKIPPED: no FHIR engine; run `npm ci` in tests/clinic");
        return None;
    }
    let mut child = Command::new(node.unwrap_or_else(|| "node".into()))
        .args(["demo-clinic.mjs", "0", "--until-stdin-closes"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("the demo clinic says where it is");
    let base = line.strip_prefix("ready on ").expect("ready on URL");
    let clinic = ClinicHttp::new(&ClinicHttpOptions::new(base)).unwrap();
    Some((child, clinic))
}

async fn batch(clinic: &ClinicHttp, documents: &[Document]) -> Vec<EntryOutcome> {
    let body = batch_bundle(&rows(documents)).unwrap();
    let request = ClinicRequest { method: Method::Post, path: String::new(), body: Some(body) };
    let answer = clinic.send(request).await.unwrap();
    assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("application/fhir+json")));
    parse_batch_answer(&answer.body, documents.len()).unwrap()
}

async fn get(clinic: &ClinicHttp, path: &str) -> ClinicAnswer {
    clinic.send(ClinicRequest { method: Method::Get, path: path.to_owned(), body: None }).await.unwrap()
}

async fn stored(clinic: &ClinicHttp, resource_type: &str) -> usize {
    let answer = get(clinic, &format!("{resource_type}?_count=100")).await;
    let bundle: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    bundle["entry"].as_array().map_or(0, Vec::len)
}

fn rows(documents: &[Document]) -> Vec<BatchRow<'_>> {
    documents.iter().map(|d| BatchRow::new(d.resource_type, d.id, &d.json)).collect()
}

/// Observations depend on everything before them.
fn outbox_rows(visit: &[Document]) -> Vec<OutboxRow> {
    let is_observation = |document: &Document| document.resource_type == "Observation";
    let first: Vec<RowId> = visit.iter().filter(|d| !is_observation(d)).map(|d| RowId(d.id)).collect();
    visit
        .iter()
        .map(|document| OutboxRow {
            depends_on: if is_observation(document) { first.clone() } else { Vec::new() },
            ..OutboxRow::new(document.resource_type, document.id, document.json.clone(), NOW)
        })
        .collect()
}

/// A patient, this console, a cuff and two equal blood pressures of one minute.
fn visit() -> Vec<Document> {
    let context = FilingContext {
        record_number_system: "urn:oid:2.999.1.2.3".to_owned(),
        gateway: Uuid::from_u128(1 << 64 | 1),
        test_data: true,
    };
    let (person, cuff) = (person(), cuff());
    let mut documents = vec![
        patient(&context, &person).document().unwrap(),
        gateway(&context, "0.1.0").document().unwrap(),
        device(&context, &cuff).document().unwrap(),
    ];
    for ordinal in 0..2 {
        let measurement = blood_pressure(ordinal);
        let input = ReadingInput::new(&person, &cuff, &measurement);
        documents.push(reading_observation(&context, &input).unwrap().document().unwrap());
    }
    documents
}

fn person() -> Patient {
    Patient {
        id: PatientId(Uuid::from_u128(1 << 64 | 2)),
        record_number: RecordNumber::new("MRN-0042").unwrap(),
        family: Sensitive::new("EXAMPLE".to_owned()),
        given: Sensitive::new("Test".to_owned()),
        birth_date: BirthDate::new("1951-03-14", NOW).unwrap(),
        sex: Sex::Female,
        bed: None,
    }
}

fn cuff() -> DeviceDescription {
    DeviceDescription {
        id: DeviceId::derive("Example Instruments|1"),
        kind: DeviceKind::BloodPressureCuff,
        name: "Example cuff".to_owned(),
        manufacturer: Some("Example Instruments".to_owned()),
        model: Some("EX-1".to_owned()),
        serial: Some("1".to_owned()),
        firmware: None,
        hardware: None,
        software: None,
        system_id: Some("74e8fffeff051c00".to_owned()),
        udi: None,
        simulated: true,
    }
}

fn blood_pressure(ordinal: u32) -> Measurement {
    let base_time = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 11, minute: 58, second: 0 };
    let number = |text: &str| Number::Value(text.parse().unwrap());
    Measurement {
        parameter: Parameter::BloodPressure,
        value: MeasuredValue::Pressures(BloodPressure {
            systolic: number("128"),
            diastolic: number("79"),
            mean: number("95.0"),
            unit: Unit::MillimetreOfMercury,
        }),
        cadence: Cadence::Spot,
        time: CorrectedTime { device: Some(base_time), ..CorrectedTime::on_receipt(NOW, BootTime::from_millis(1)) },
        identity: ReadingIdentity::Ordinal { base_time, ordinal },
        quality: Quality::GOOD,
        user_slot: None,
        glucose: None,
        temperature_site: None,
    }
}
