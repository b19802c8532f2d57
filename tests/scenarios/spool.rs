//! Capture is never blocked (product laws 3 and 8): through a vault lock, from a start that nobody signed in to, and past a
//! record that the store refuses. The ward's ledger against the vault, as in `record`.
use crate::front_store::{Before, in_front};
use crate::harness::Bedside;
use crate::harness::*;
use crate::memories::{numbered, records};
use crate::store_faults::{FULL, with_trouble};
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SteppedMachine;
use bedside_outbox::RowState;
use bedside_simulated_ward::{Act, Scenario};
use bedside_vitals::{Parameter, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const METER: &str = "glucose-1";

async fn audited(bedside: &Bedside, action: AuditAction) -> Vec<AuditEntry> {
    match bedside.store.read(Query::Audit { patient: None, limit: usize::MAX }).await.unwrap() {
        Answer::Audit(all) => all.into_iter().filter(|entry| entry.action == action).collect(),
        other => panic!("expected the audit log, got {other:?}"),
    }
}

fn spool_files(laptop: &Laptop) -> usize {
    std::fs::read_dir(laptop.folder.path().join("spool")).map_or(0, |entries| {
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "spool")).count()
    })
}

/// Values that were sent. A device's replies to what it was asked are none.
fn sent(bedside: &Bedside, frames: &[RawFrame]) -> usize {
    let values: BTreeSet<_> = frames.iter().map(|frame| frame.characteristic).collect();
    bedside.ledger().iter().filter(|entry| values.contains(&entry.characteristic)).count()
}

/// Everything that was sent is stored, each once.
async fn equals_the_ledger(bedside: &Bedside) {
    bedside.ward.carry_all_away();
    bedside.pass(Duration::from_secs(10)).await;
    let frames = bedside.frames().await;
    assert_eq!(frames.len(), sent(bedside, &frames));
    let places: BTreeSet<_> =
        frames.iter().map(|frame| (frame.connection, frame.characteristic, frame.index)).collect();
    assert_eq!(places.len(), frames.len(), "none of them twice");
    let ids: BTreeSet<_> = bedside.readings().await.iter().map(|reading| reading.id).collect();
    assert_eq!(ids.len(), bedside.readings().await.len());
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_through_a_vault_lock_equals_what_was_sent() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    for device in ["strap-1", "cuff-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(30)).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    let locked_at = bedside.machine.wall();
    bedside.ward.act("cuff-1", Act::Measure).unwrap();
    let saved = bedside.latest().recording.last_saved;
    bedside.pass(Duration::from_secs(200)).await;

    let locked = bedside.latest();
    assert!(locked.bedside.is_none() && locked.bound.is_empty());
    assert!(locked.nearby.iter().all(|nearby| nearby.patient.is_none()));
    assert_eq!(locked.recording.devices, 2);
    assert!(locked.recording.last_saved > saved, "it is still being recorded");
    assert!(matches!(locked.access, AccessState::Closed { spooled, .. } if spooled > 100));
    assert!(matches!(bedside.store.read(Query::Patients).await, Err(StoreFault::Closed)));
    let shown = bedside.display.recorded.lock().unwrap().len();

    bedside.console.open_with_device_secret().await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert_eq!(spool_files(&laptop), 0, "all of it is filed");
    assert!(matches!(bedside.latest().access, AccessState::Open { .. }));
    let filed = audited(&bedside, AuditAction::SpoolFiled).await;
    assert!(filed.iter().all(|entry| entry.count.is_some_and(|count| count > 0)) && filed.len() == 1);
    equals_the_ledger(&bedside).await;

    let readings = bedside.readings().await;
    assert!(readings.iter().all(|reading| reading.patient == Some(patient.id)));
    let pressure = |reading: &&StoredReading| reading.measurement.parameter == Parameter::BloodPressure;
    let later = readings.iter().filter(pressure).filter(|reading| reading.measurement.time.received > locked_at);
    assert!(later.count() >= 1, "the cuff measured while the vault was locked");
    assert!(bedside.display.recorded.lock().unwrap().len() > shown, "what was filed is news");
    // Whatever has no record for the server yet gets it with the filing, and the minutes have no gap.
    let states = RowState::ALL.to_vec();
    let Answer::OutboxRows(rows) = bedside.store.read(Query::OutboxRows { states, limit: usize::MAX }).await.unwrap()
    else {
        panic!("no rows")
    };
    let medians = match bedside.store.read(Query::MinuteMedians { patient: None, since: None }).await.unwrap() {
        Answer::MinuteMedians(medians) => medians,
        other => panic!("{other:?}"),
    };
    let minutes: Vec<WallTime> = medians.iter().map(|median| median.minute).collect();
    assert!(minutes.len() >= 3 && minutes.windows(2).all(|pair| pair[1].millis_since(pair[0]) == 60_000));
    let observations = rows.iter().filter(|row| row.resource_type == "Observation").count();
    assert!(observations >= readings.len() + medians.len(), "{observations} of {}", readings.len() + medians.len());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_meter_is_read_before_anybody_signs_in_and_its_readings_are_nobodys_until_they_are_assigned() {
    let laptop = Laptop::new();
    laptop.start("calm", Options::default()).await.close().await;
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    let peripheral = bedside.find(METER).await;
    bedside.console.capture(peripheral.clone()).await.unwrap();
    bedside.console.capture(peripheral).await.unwrap();
    bedside.ward.act(METER, Act::Measure).unwrap();
    bedside.pass(Duration::from_secs(60)).await;
    assert!(matches!(bedside.latest().access, AccessState::Closed { spooled, .. } if spooled > 0));
    assert_eq!(bedside.latest().recording.devices, 1);

    bedside.console.open_with_device_secret().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let readings = bedside.readings().await;
    let sent = records(&bedside.ledger(), Parameter::BloodGlucose);
    assert_eq!(numbered(&readings), sent.into_iter().collect::<Vec<_>>());
    assert!(readings.len() >= 55 && readings.iter().all(|reading| reading.patient.is_none()));
    assert_eq!(bedside.latest().unassigned, readings.len() as u64);
    let patient = bedside.add_patient(1).await;
    let inbox = bedside.console.inbox().await.unwrap();
    let one = inbox.iter().find(|one| one.unassigned.why == WhyUnassigned::NotBound).unwrap().unassigned.reading.id;
    assert_eq!(bedside.console.assign(vec![one], patient.id).await.unwrap(), 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_recorded_for_nobody_can_be_bound_where_it_is() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    let strap = bedside.find("strap-1").await;
    bedside.console.capture(strap.clone()).await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert!(bedside.samples().await.iter().all(|samples| samples.patient.is_none()));
    bedside.console.bind(strap, patient.id).await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    let samples = bedside.samples().await;
    let of = |whom| samples.iter().any(|one| one.parameter == Parameter::HeartRate && one.patient == whom);
    assert!(of(None) && of(Some(patient.id)));
    assert_eq!(bedside.latest().bound, [(patient.id, 1)]);
    equals_the_ledger(&bedside).await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_power_cut_while_locked_loses_nothing_that_was_saved_and_is_told_from_its_last_life_sign() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(20)).await;
    bedside.console.lock_vault(LockReason::LongIdle).await;
    let locked = bedside.machine.wall();
    bedside.pass(Duration::from_secs(60)).await;
    let saved = bedside.latest().recording.last_saved.unwrap();
    let sent = bedside.ledger().len();
    bedside.kill().await;

    let bedside = laptop.start("calm", Options::default()).await;
    bedside.pass(Duration::from_secs(5)).await;
    let frames = bedside.frames().await;
    assert!(frames.len() + 1 >= sent, "{} of {sent}", frames.len());
    assert!(frames.iter().any(|frame| frame.received.millis_since(saved).abs() < 1_500));
    let told = bedside.latest().interrupted.clone().unwrap();
    assert_eq!(told.devices.len(), 1);
    assert!(told.from > locked.plus_millis(40_000), "it was recorded until shortly before the end");
    bedside.close().await;
    // Nobody has seen it: it is told after the next start, too, however the run between ended.
    let bedside = laptop.start("calm", Options::default()).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(bedside.latest().interrupted, Some(told));
    bedside.console.acknowledge_interruption(false).await.unwrap();
    bedside.close().await;
    let bedside = laptop.start("calm", Options::default()).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(bedside.latest().interrupted, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_console_that_was_closed_while_locked_was_not_broken_off() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(30)).await;
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(60)).await;
    bedside.close().await;
    for _ in 0..2 {
        let bedside = laptop.start("calm", Options::default()).await;
        bedside.pass(Duration::from_secs(10)).await;
        assert_eq!(bedside.latest().interrupted, None);
        let AccessState::Open { notices, .. } = &bedside.latest().access else { panic!("expected an open vault") };
        assert!(!notices.contains(&VaultNotice::UncleanEnd), "{notices:?}");
        bedside.close().await;
    }
}

/// Refuses readings of one parameter, and notes how long values waited for their commit.
struct Particular {
    machine: Arc<SteppedMachine>,
    refused: Option<Parameter>,
    waited_ms: Arc<Mutex<Vec<i64>>>,
}

#[async_trait]
impl Before for Particular {
    async fn commit(&self, changes: &Changes) -> Result<(), StoreFault> {
        let refused = |reading: &StoredReading| Some(reading.measurement.parameter) == self.refused;
        if changes.readings.iter().any(refused) {
            return Err(StoreFault::Refused("a reading that does not fit".into()));
        }
        let now = self.machine.wall();
        let waited = changes.frames.iter().map(|frame| now.millis_since(frame.received));
        self.waited_ms.lock().unwrap().extend(waited);
        Ok(())
    }
}

fn particular(laptop: &Laptop, refused: Option<Parameter>) -> (Options, Arc<Mutex<Vec<i64>>>) {
    let (machine, waited_ms) = (laptop.machine.clone(), Arc::new(Mutex::new(Vec::new())));
    let store = in_front(Particular { machine, refused, waited_ms: waited_ms.clone() });
    (Options { store: Some(store), ..Options::default() }, waited_ms)
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_the_store_refuses_is_set_aside_and_everything_else_is_written() {
    let laptop = Laptop::new();
    let (options, _) = particular(&laptop, Some(Parameter::BloodPressure));
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    for device in ["cuff-1", "strap-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(120)).await;
    let recording = bedside.latest().recording.clone();
    assert!(recording.unwritable >= 1, "the screen says so");
    assert_eq!(recording.stall_code, None, "nothing waits for it");
    assert!(bedside.tile(Parameter::BloodPressure).last.is_none(), "it is no value that was recorded");
    assert!(bedside.tile(Parameter::HeartRate).last.is_some());
    let Answer::Count(aside) = bedside.store.read(Query::UnwritableCount).await.unwrap() else { panic!("no count") };
    assert_eq!(aside, recording.unwritable);
    equals_the_ledger(&bedside).await;
    assert!(bedside.readings().await.iter().all(|reading| reading.measurement.parameter != Parameter::BloodPressure));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn values_are_on_their_way_to_the_disk_within_a_hundred_milliseconds() {
    let laptop = Laptop::new();
    let (options, waited_ms) = particular(&laptop, None);
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    for device in ["strap-1", "oximeter-1"] {
        bedside.bind(device, &patient).await;
    }
    bedside.pass(Duration::from_secs(60)).await;
    let waited = waited_ms.lock().unwrap().clone();
    assert!(waited.len() > 60);
    assert!(waited.iter().all(|ms| (0..=100).contains(ms)), "{:?}", waited.iter().max());
    bedside.close().await;
}

static TROUBLE: AtomicU8 = AtomicU8::new(0);

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_for_long_holds_the_radio_back_and_drops_nothing() {
    let streams = ["pleth", "optical"];
    let devices = Scenario::named("calm").unwrap().devices.into_iter().map(|device| device.id());
    let devices: Vec<String> = devices.filter(|id| streams.iter().any(|kind| id.starts_with(kind))).collect();
    let laptop = Laptop::new();
    let options = Options { store: Some(with_trouble(&TROUBLE)), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    for device in &devices {
        bedside.bind(device, &patient).await;
    }
    TROUBLE.store(FULL, Ordering::SeqCst);
    let before = bedside.ledger().len();
    for _ in 0..120 {
        bedside.pass(Duration::from_secs(10)).await;
        if bedside.ledger().len() > before + 9_000 {
            break;
        }
    }
    let held = bedside.ledger().len() - before;
    assert!(held > 8_192, "{held} values: more than may wait in the console");
    assert_eq!(bedside.latest().recording.stall_code, Some("STORE-FULL"));
    TROUBLE.store(0, Ordering::SeqCst);
    bedside.pass(Duration::from_secs(60)).await;
    assert_eq!(bedside.latest().recording.stall_code, None);
    bedside.ward.carry_all_away();
    bedside.pass(Duration::from_secs(10)).await;
    let frames = bedside.frames().await;
    assert_eq!(frames.len(), sent(&bedside, &frames), "everything that was sent is on disk");
    let mut last: BTreeMap<_, u64> = BTreeMap::new();
    for frame in &frames {
        let place = (frame.connection, frame.characteristic);
        assert!(last.insert(place, frame.index).is_none_or(|before| before < frame.index), "in their order");
    }
    bedside.close().await;
}

fn unproven(bedside: &Bedside) -> Vec<(u64, u64)> {
    let AccessState::Open { notices, .. } = &bedside.latest().access else { panic!("expected an open vault") };
    let told = notices.iter().filter_map(|notice| match notice {
        VaultNotice::SpoolUnproven { records, refused } => Some((*records, *refused)),
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_without_a_keyring_is_filed_as_nobody_s_and_told() {
    let laptop = Laptop::new();
    laptop.start("calm", Options::default()).await.close().await;
    laptop.keys.fail_loading(Some(KeyFault::Locked));
    let bedside = laptop.start("calm", Options { closed: true, ..Options::default() }).await;
    let strap = bedside.find("strap-1").await;
    bedside.console.capture(strap).await.unwrap();
    bedside.pass(Duration::from_secs(30)).await;
    laptop.keys.fail_loading(None);
    bedside.console.open_with_device_secret().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert!(matches!(unproven(&bedside)[..], [(records, _)] if records > 10), "{:?}", unproven(&bedside));
    let entries = audited(&bedside, AuditAction::SpoolFiled).await;
    let reasons = entries.iter().filter(|entry| entry.reason.as_ref().is_some_and(|why| why.contains("unproven")));
    assert!(reasons.count() > 0, "each batch of unproven origin says so in its own commit");
    assert!(bedside.samples().await.iter().all(|samples| samples.patient.is_none()));
    equals_the_ledger(&bedside).await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_somebody_put_into_the_spool_under_a_colleague_s_name_is_refused() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    let patient = bedside.add_patient(1).await;
    let AccessState::Open { clinician, .. } = bedside.latest_shown().await else { panic!("expected an open vault") };
    let colleague = clinician.unwrap().id;
    let before = audited(&bedside, AuditAction::PatientOpened).await.len();
    bedside.close().await;
    // Whoever can write into the folder, and has no keyring.
    let forger = bedside_vault_sqlcipher::Vault::in_folder(laptop.folder.path());
    forger.stand_by().await.unwrap();
    let opened = AuditEntry {
        actor: Some(colleague),
        patient: Some(patient.id),
        ..AuditEntry::new(START, AuditAction::PatientOpened)
    };
    let forged = Changes { audit: vec![opened], ..Changes::default() };
    assert!(forger.commit(forged).await.unwrap().spooled);
    forger.close().await.unwrap();
    let bedside = laptop.start("calm", Options { staffed: true, ..Options::default() }).await;
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(audited(&bedside, AuditAction::PatientOpened).await.len(), before);
    assert_eq!(unproven(&bedside), [(1, 1)]);
    assert_eq!(std::fs::read_dir(laptop.folder.path().join("damaged")).unwrap().count(), 1);
    bedside.close().await;
}
