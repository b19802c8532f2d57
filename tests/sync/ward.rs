//! What is recorded before anything is sent: on the simulated ward, in paused time, without a server.
//! Not here: sending.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bedside_console::StoredReading;
use bedside_console::ports::*;
use bedside_outbox::{OutboxRow, RowId, RowState};
use bedside_simulated_ward::{Act, DeviceKind, DevicePlan, Scenario};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vitals::{Parameter, PatientId, ReadingId, WallTime};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Bedside, Disk, Laptop, Options};

/// A vault in which something waits for the server, as it lies on the disk of a laptop that is switched off.
pub(crate) struct Recorded {
    disk: Disk,
    keys: Arc<MemoryKeys>,
    /// When it was switched off.
    pub(crate) ended: WallTime,
    /// The records that a server must refuse.
    pub(crate) wrong: Vec<RowId>,
}

impl Recorded {
    /// The same vault on another disk, with its keys in a file beside it.
    pub(crate) fn copied_to(&self, folder: &Path) -> Arc<MemoryKeys> {
        copy(self.disk.path(), folder);
        Arc::new(self.keys.copied_to(keys_beside(folder)))
    }
}

/// Where the keys of a copy lie.
pub(crate) fn keys_beside(folder: &Path) -> std::path::PathBuf {
    folder.join("test-keys.txt")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A ward without devices.
pub(crate) fn empty_ward() -> Scenario {
    Scenario { devices: Vec::new(), steps: Vec::new(), ..Scenario::named("calm").unwrap() }
}

/// A ward of meters, which remember so many readings each.
fn meters(records: &[u32]) -> Scenario {
    let plan = |(number, older_records): (u8, u32)| DevicePlan {
        older_records,
        signal_dbm: -60,
        ..DevicePlan::new(DeviceKind::GlucoseMeter, number)
    };
    let devices = (1..).zip(records.iter().copied()).map(plan).collect();
    Scenario { devices, steps: Vec::new(), ..Scenario::named("calm").unwrap() }
}

/// Records in time that nobody waits for. The runtime ends with it, so that what comes after has its own time.
fn in_paused_time<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(work)
}

/// Two minutes at one bed, its meter's memory, and one record that no server may take.
pub(crate) fn a_visit() -> Recorded {
    in_paused_time(async {
        let laptop = Laptop::new();
        let bedside = laptop.start("calm", Options::default()).await;
        let patient = bedside.add_patient(1).await;
        for device in ["strap-1", "oximeter-1", "cuff-1", "thermometer-1"] {
            bedside.bind(device, &patient).await;
        }
        bedside.pass(Duration::from_secs(130)).await;
        // It is heard after a measurement only.
        bedside.ward.act("glucose-1", Act::Measure).unwrap();
        bedside.bind("glucose-1", &patient).await;
        bedside.pass(Duration::from_secs(60)).await;
        let unassigned = glucose_of_nobody(&bedside).await;
        bedside.console.assign(unassigned.into_iter().take(40).collect(), patient.id).await.unwrap();
        let wrong = Box::pin(file_a_wrong_record(&bedside)).await;
        switched_off(laptop, bedside, vec![wrong]).await
    })
}

/// A week of visits: so many meters' memories, exactly `readings` of them in charts, with one record that no server may
/// take and one of a patient whom the server does not know among them.
pub(crate) fn a_week(patients: u8, readings: usize) -> Recorded {
    in_paused_time(async {
        let laptop = Laptop::new();
        let (each, rest) = ((readings - 2) / usize::from(patients), (readings - 2) % usize::from(patients));
        // Some records of a meter are of control solution, and enter no chart.
        let plan: Vec<u32> = vec![u32::try_from(each).unwrap() + 30; usize::from(patients)];
        let bedside = laptop.start_on(&meters(&plan), Options::default()).await;
        let mut people = Vec::new();
        for number in 1..=patients {
            let patient = bedside.add_patient(u32::from(number)).await;
            let meter = format!("glucose-{number}");
            // It is heard after a measurement only.
            bedside.ward.act(&meter, Act::Measure).unwrap();
            bedside.bind(&meter, &patient).await;
            people.push(patient.id);
        }
        let mut of = readings_by_meter(&bedside).await;
        for _ in 0..40 {
            if of.values().filter(|of| of.len() > each).count() == people.len() {
                break;
            }
            bedside.pass(Duration::from_secs(10)).await;
            of = readings_by_meter(&bedside).await;
        }
        // What was measured while the meter was bound is the patient's without a word.
        for (number, patient) in people.iter().enumerate() {
            let wanted = each + usize::from(number < rest);
            let (theirs, nobodys) = of.get(patient).map_or((0, &[][..]), |of| {
                (of.iter().filter(|reading| reading.patient.is_some()).count(), of.as_slice())
            });
            let open = nobodys.iter().filter(|reading| reading.patient.is_none()).map(|reading| reading.id);
            let more: Vec<ReadingId> = open.take(wanted - theirs).collect();
            assert_eq!(theirs + more.len(), wanted, "of meter {}", number + 1);
            bedside.console.assign(more, *patient).await.unwrap();
        }
        let charted = bedside.readings().await.iter().filter(|one| one.patient.is_some()).count();
        assert_eq!(charted, readings - 2);
        let wrong = Box::pin(file_a_wrong_record(&bedside)).await;
        let stray = Box::pin(file_a_record_of_a_stranger(&bedside)).await;
        switched_off(laptop, bedside, vec![wrong, stray]).await
    })
}

/// What every meter gave, by the patient it is bound to.
async fn readings_by_meter(bedside: &Bedside) -> BTreeMap<PatientId, Vec<StoredReading>> {
    let Answer::Bindings(bindings) = bedside.store.read(Query::OpenBindings).await.unwrap() else {
        panic!("expected bindings");
    };
    let mut of: BTreeMap<PatientId, Vec<StoredReading>> = BTreeMap::new();
    for reading in bedside.readings().await {
        let bound = bindings.iter().find(|one| one.device == reading.device);
        of.entry(bound.expect("its meter is bound").patient).or_default().push(reading);
    }
    of
}

async fn glucose_of_nobody(bedside: &Bedside) -> Vec<ReadingId> {
    let query = Query::Readings { patient: None, unassigned_only: true, since: None, limit: usize::MAX };
    match bedside.store.read(query).await.unwrap() {
        Answer::Readings(readings) => {
            let glucose = readings.into_iter().filter(|one| one.measurement.parameter == Parameter::BloodGlucose);
            glucose.map(|reading| reading.id).collect()
        }
        other => panic!("expected readings, got {other:?}"),
    }
}

async fn switched_off(laptop: Laptop, bedside: Bedside, wrong: Vec<RowId>) -> Recorded {
    bedside.close().await;
    let ended = laptop.machine.wall();
    Recorded { disk: laptop.folder, keys: laptop.keys, ended, wrong }
}

/// One of the Observations again, under another id and without a status.
async fn file_a_wrong_record(bedside: &Bedside) -> RowId {
    file_like_another(bedside, b"without a status", |id, text| {
        let with_status = "\"status\":\"final\"";
        assert!(text.contains(with_status), "an Observation says that it is final");
        text.replace(id.0, id.1).replacen(with_status, "\"status\":\"\"", 1)
    })
    .await
}

/// One of the Observations again, under another id and about somebody else.
async fn file_a_record_of_a_stranger(bedside: &Bedside) -> RowId {
    file_like_another(bedside, b"of a stranger", |id, text| {
        let at = text.find("\"Patient/").expect("a subject") + "\"Patient/".len();
        let stranger = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"nobody");
        text.replace(&text[at..at + 36], &stranger.to_string()).replace(id.0, id.1)
    })
    .await
}

async fn file_like_another(
    bedside: &Bedside,
    what: &[u8],
    change: impl FnOnce((&str, &str), String) -> String,
) -> RowId {
    let all = rows(bedside.store.as_ref(), &[RowState::Waiting]).await;
    let mut row = all.into_iter().rfind(|row| row.resource_type == "Observation").expect("an Observation");
    let (old, new) = (row.resource_id, Uuid::new_v5(&row.resource_id, what));
    row.payload = known_apart(&change((&old.to_string(), &new.to_string()), row.payload), new);
    (row.id, row.resource_id) = (RowId(new), new);
    let id = row.id;
    let changes = bedside_console::Changes { outbox: vec![row], ..Default::default() };
    bedside.store.commit(changes).await.unwrap();
    id
}

/// With identifiers of its own: by them a server that gives ids itself knows a resource again.
fn known_apart(json: &str, id: Uuid) -> String {
    let mut resource: Value = serde_json::from_str(json).unwrap();
    for identifier in resource["identifier"].as_array_mut().into_iter().flatten() {
        let value = identifier["value"].as_str().unwrap();
        let is_urn = value.starts_with("urn:uuid:");
        identifier["value"] = Value::from(if is_urn { format!("urn:uuid:{id}") } else { format!("{value}-{id}") });
    }
    resource.to_string()
}

/// The rows of a vault in these states.
pub(crate) async fn rows(store: &dyn RecordStore, states: &[RowState]) -> Vec<OutboxRow> {
    match store.read(Query::OutboxRows { states: states.to_vec(), limit: usize::MAX }).await.unwrap() {
        Answer::OutboxRows(rows) => rows,
        other => panic!("expected rows, got {other:?}"),
    }
}
