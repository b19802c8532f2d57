//! How long a person at the bedside waits for the screen after their PIN: through the console, on a real vault, while values come.
//! Not here: the vault's share of it (`safeguards` of the vault), pass or fail, and the system's keyring: keys are in memory.
//! Run by `cargo bench -p bedside-tests`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use bedside_charts::Advances;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SystemMachine;
use bedside_policy::Policy;
use bedside_simulated_ward::{Scenario, SimulatedWard};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::*;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

const FONT: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");
const PASSPHRASE: &str = "violet kettle of the north";
const PIN: &str = "704913";
const DEVICE: DeviceId = DeviceId(Uuid::from_u128(2));
const PATIENT: PatientId = PatientId(Uuid::from_u128(1));
/// 2026-03-18 14:00:00 UTC.
const T0: i64 = 1_773_842_400_000;
/// Readings of the open patient: some days of a ward.
const READINGS: u32 = 20_000;
const AT_ONCE: u32 = 500;
const ROUNDS: usize = 15;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let home = tempfile::tempdir().unwrap();
    let bedside = Bedside::start(&home.path().join("vault")).await;
    let mut resumed = Vec::new();
    for _ in 0..ROUNDS {
        bedside.console.lock_screen(LockReason::ByHand).await;
        bedside.until("the screen is locked", |shown| matches!(shown.access, AccessState::ScreenLocked { .. })).await;
        let begin = Instant::now();
        bedside.console.unlock_screen(user(), Pin::typed(PIN)).await.unwrap();
        bedside.until("the patient is shown again", Bedside::is_at_the_patient).await;
        resumed.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    bedside.console.close().await.unwrap();
    resumed.sort_by(f64::total_cmp);
    let (median, longest) = (resumed[ROUNDS / 2], resumed[ROUNDS - 1]);
    println!("resume by PIN until the patient is shown, keyring in memory: {median:.0} ms (target: under 300)");
    println!("resume by PIN, the longest of {ROUNDS}: {longest:.0} ms");
}

/// A running console with an open patient and a device that sends.
struct Bedside {
    console: ConsoleHandle,
    seen: watch::Receiver<Option<Arc<Snapshot>>>,
}

struct Screen(watch::Sender<Option<Arc<Snapshot>>>);

impl Display for Screen {
    fn show(&self, snapshot: Arc<Snapshot>) {
        self.0.send_replace(Some(snapshot));
    }

    fn draw(&self, _frame: Vec<u8>) {}

    fn recorded(&self, _value: &Recorded) {}
}

impl Bedside {
    async fn start(folder: &Path) -> Self {
        let store: Arc<dyn RecordStore> = Arc::new(Vault::in_folder(folder));
        let (keys, machine) = (Arc::new(MemoryKeys::default()), Arc::new(SystemMachine::new()));
        let first = NewClinician {
            user_name: user(),
            display_name: "Dr Berg".into(),
            roles: Role::ALL.to_vec(),
            passphrase: Passphrase::typed(PASSPHRASE),
            pin: Some(Pin::typed(PIN)),
        };
        let kit = || RecoveryKey::new([5; 32]);
        let made = create_vault(store.as_ref(), keys.as_ref(), machine.as_ref(), Some(first), Some(kit().public()));
        let vault = made.await.unwrap().vault;
        store.open(Unlock::Recovery(kit()), OpenMode::Writer).await.unwrap();
        fill(store.as_ref()).await;
        store.close().await.unwrap();

        let (shown, seen) = watch::channel(None);
        let scenario = Scenario::named("calm").unwrap();
        let ports = Ports {
            radio: Arc::new(SimulatedWard::new(&scenario, machine.wall())),
            store,
            clinic: None,
            display: Arc::new(Screen(shown)),
            machine,
            keys,
        };
        let settings = Settings {
            mode: Mode::Demo,
            policy: Policy::default(),
            record_number_system: "urn:test:record-number".into(),
            advances: Advances::of(FONT).unwrap(),
        };
        let (console, run) = start(ports, settings, vault).await.unwrap();
        tokio::spawn(run);
        let bedside = Self { console, seen };
        bedside.console.sign_in(user(), Passphrase::typed(PASSPHRASE)).await.unwrap();
        bedside.console.open_patient(Some(PATIENT)).await.unwrap();
        bedside.bind().await;
        bedside
    }

    /// Binds a device of the ward, and waits for its first value.
    async fn bind(&self) {
        let strap = PeripheralId("sim:strap-1".into());
        self.console.search(60).await.unwrap();
        self.until("the strap is heard", |shown| shown.nearby.iter().any(|one| one.peripheral == strap)).await;
        self.console.bind(strap.clone(), PATIENT).await.unwrap();
        self.until("a heart rate is shown", |shown| {
            let tiles = shown.bedside.iter().flat_map(|bedside| &bedside.tiles);
            tiles.into_iter().any(|tile| tile.parameter == Parameter::HeartRate)
        })
        .await;
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Snapshot) -> bool) {
        let mut seen = self.seen.clone();
        let so = seen.wait_for(|shown| shown.as_ref().is_some_and(|shown| is_so(shown)));
        let Ok(found) = tokio::time::timeout(PATIENCE, so).await else { panic!("not within {PATIENCE:?}: {what}") };
        found.unwrap();
    }

    fn is_at_the_patient(shown: &Snapshot) -> bool {
        let open = matches!(shown.access, AccessState::Open { clinician: Some(_), .. });
        open && shown.bedside.as_ref().is_some_and(|bedside| bedside.patient.id == PATIENT)
    }
}

fn user() -> UserName {
    UserName::new("o.berg").unwrap()
}

/// A patient with a thermometer's readings, one a second.
async fn fill(store: &dyn RecordStore) {
    let patient = Patient {
        id: PATIENT,
        record_number: RecordNumber::new("TST 4410 0001").unwrap(),
        family: Sensitive::new("ADEYEMI-TEST".into()),
        given: Sensitive::new("Rosa".into()),
        birth_date: BirthDate::new("1951-03-14", WallTime(T0)).unwrap(),
        sex: Sex::Female,
        bed: Some(Sensitive::new("4B".into())),
    };
    let device = DeviceDescription {
        id: DEVICE,
        kind: DeviceKind::Thermometer,
        name: "Thermometer".into(),
        manufacturer: None,
        model: None,
        serial: Some("123".into()),
        firmware: None,
        hardware: None,
        software: None,
        system_id: None,
        udi: None,
        simulated: false,
    };
    let people = Changes { patients: vec![patient], devices: vec![device], ..Changes::default() };
    store.commit(people).await.unwrap();
    for from in (0..READINGS).step_by(AT_ONCE as usize) {
        let readings = (from..from + AT_ONCE).map(reading).collect();
        store.commit(Changes { readings, ..Changes::default() }).await.unwrap();
    }
}

fn reading(number: u32) -> StoredReading {
    let identity = ReadingIdentity::Sequence { sequence: number, base_time: None };
    let value = Quantity { number: Decimal::new(365 + i64::from(number % 10), -1).into(), unit: Unit::DegreeCelsius };
    let at = WallTime(T0 + i64::from(number) * 1000);
    StoredReading {
        id: ReadingId::derive(DEVICE, Parameter::BodyTemperature, &identity),
        device: DEVICE,
        patient: Some(PATIENT),
        measurement: Measurement {
            parameter: Parameter::BodyTemperature,
            value: MeasuredValue::Single(value),
            cadence: Cadence::Spot,
            time: CorrectedTime::on_receipt(at, BootTime::from_millis(5)),
            identity,
            quality: Quality::GOOD.with(QualityFlag::FromStorage),
            user_slot: None,
            glucose: None,
            temperature_site: None,
        },
        frame: None,
    }
}
