//! A console on the simulated ward in virtual time, with a real vault in a temporary folder.
//! Time passes only by `pass`: the runtime's clock is paused.

use bedside_charts::Advances;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SteppedMachine;
use bedside_policy::Policy;
use bedside_simulated_ward::{Control, LedgerEntry, Scenario, SimulatedWard};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const FONT: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");

/// 2026-03-18 14:00:00 UTC.
pub(crate) const START: WallTime = WallTime(1_773_842_400_000);

/// Remembers what was shown.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) snapshots: Mutex<Vec<Arc<Snapshot>>>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
}

impl Display for Recorder {
    fn show(&self, snapshot: Arc<Snapshot>) {
        self.snapshots.lock().unwrap().push(snapshot);
    }

    fn draw(&self, _frame: Vec<u8>) {}

    fn recorded(&self, value: &Recorded) {
        self.recorded.lock().unwrap().push(value.clone());
    }
}

/// Puts something in front of the vault.
pub(crate) type WrapStore = Box<dyn FnOnce(Arc<dyn RecordStore>) -> Arc<dyn RecordStore>>;
/// Puts something in front of the radio.
pub(crate) type WrapRadio = Box<dyn FnOnce(Arc<dyn Radio>) -> Arc<dyn Radio>>;

/// What a scenario may replace.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) clinic: Option<Arc<dyn ClinicServer>>,
    pub(crate) policy: Policy,
    pub(crate) mode: Option<Mode>,
    /// Puts something in front of the radio.
    pub(crate) radio: Option<WrapRadio>,
    /// Wraps the store, for faults.
    pub(crate) store: Option<WrapStore>,
}

/// One laptop: its folder and keys outlive a console.
pub(crate) struct Laptop {
    pub(crate) folder: TempDir,
    pub(crate) keys: MemoryKeys,
    pub(crate) machine: Arc<SteppedMachine>,
}

/// A running console.
pub(crate) struct Bedside {
    pub(crate) console: ConsoleHandle,
    pub(crate) ward: Control,
    pub(crate) store: Arc<dyn RecordStore>,
    pub(crate) display: Arc<Recorder>,
    pub(crate) machine: Arc<SteppedMachine>,
    simulated: Arc<SimulatedWard>,
    task: JoinHandle<()>,
}

impl Laptop {
    pub(crate) fn new() -> Self {
        let machine = Arc::new(SteppedMachine::new(START));
        Self { folder: tempfile::tempdir().unwrap(), keys: MemoryKeys::default(), machine }
    }

    pub(crate) async fn start(&self, scenario: &str, options: Options) -> Bedside {
        self.start_on(&Scenario::named(scenario).unwrap(), options).await
    }

    pub(crate) async fn start_on(&self, scenario: &Scenario, options: Options) -> Bedside {
        let vault: Arc<dyn RecordStore> = Arc::new(Vault::in_folder(self.folder.path()));
        let id = match vault.presence().await.unwrap() {
            VaultPresence::Missing => create_vault(vault.as_ref(), &self.keys, self.machine.as_ref()).await.unwrap(),
            VaultPresence::Present(_) => open_vault(vault.as_ref(), &self.keys, OpenMode::Writer).await.unwrap(),
        };
        let store = options.store.map_or_else(|| vault.clone(), |wrap| wrap(vault.clone()));
        let simulated = Arc::new(SimulatedWard::new(scenario, self.machine.wall()));
        let display = Arc::new(Recorder::default());
        let radio: Arc<dyn Radio> = match options.radio {
            Some(wrap) => wrap(simulated.clone()),
            None => simulated.clone(),
        };
        let ports = Ports {
            radio,
            store: store.clone(),
            clinic: options.clinic,
            display: display.clone(),
            machine: self.machine.clone(),
        };
        let settings = Settings {
            mode: options.mode.unwrap_or(Mode::Demo),
            policy: options.policy,
            record_number_system: "urn:test:record-number".into(),
            advances: Advances::of(FONT).unwrap(),
        };
        let (console, run) = start(ports, settings, id).await.unwrap();
        let ward = simulated.control();
        let task = tokio::spawn(run);
        Bedside { console, ward, store, display, machine: self.machine.clone(), simulated, task }
    }
}

impl Bedside {
    pub(crate) async fn add_patient(&self, number: u32) -> Patient {
        let new = NewPatient {
            record_number: format!("TST 4410 {number:04}"),
            family: format!("ADEYEMI-TEST{number}"),
            given: "Rosa".into(),
            birth_date: "1951-03-14".into(),
            sex: "female".into(),
            bed: format!("12{number}"),
        };
        self.console.add_patient(new).await.unwrap()
    }

    /// Lets virtual time go on.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Searches until a device of the ward is heard.
    pub(crate) async fn find(&self, device: &str) -> PeripheralId {
        let wanted = PeripheralId(format!("sim:{device}"));
        for _ in 0..600 {
            self.console.search(5).await.ok();
            self.pass(Duration::from_millis(500)).await;
            if self.latest().nearby.iter().any(|nearby| nearby.peripheral == wanted) {
                return wanted;
            }
        }
        panic!("{device} was not heard within five minutes");
    }

    /// Finds and binds a device.
    pub(crate) async fn bind(&self, device: &str, patient: &Patient) {
        let peripheral = self.find(device).await;
        self.console.bind(peripheral, patient.id).await.unwrap();
    }

    /// The latest snapshot.
    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.display.snapshots.lock().unwrap().last().cloned().expect("a snapshot was shown")
    }

    /// The tile of the open patient in the latest snapshot.
    pub(crate) fn tile(&self, parameter: Parameter) -> Tile {
        let snapshot = self.latest();
        let bedside = snapshot.bedside.as_ref().expect("a patient is open");
        bedside.tiles.iter().find(|tile| tile.parameter == parameter).cloned().expect("the tile is there")
    }

    /// What the ward really sent.
    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        self.simulated.ledger()
    }

    /// Ends the console in the ordinary way.
    pub(crate) async fn close(self) {
        self.console.close().await.unwrap();
        self.task.await.unwrap();
    }

    /// Ends the console as a power cut would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        self.store.close().await.ok();
    }

    pub(crate) async fn readings(&self) -> Vec<StoredReading> {
        let query = Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX };
        match self.console.query(query).await.unwrap() {
            Answer::Readings(readings) => readings,
            other => panic!("expected readings, got {other:?}"),
        }
    }

    pub(crate) async fn samples(&self) -> Vec<StoredSamples> {
        let query = Query::Samples { patient: None, since: None, until: None };
        match self.console.query(query).await.unwrap() {
            Answer::Samples(samples) => samples,
            other => panic!("expected samples, got {other:?}"),
        }
    }

    pub(crate) async fn frames(&self) -> Vec<RawFrame> {
        let query = Query::Frames { device: None, rejected_only: false, limit: usize::MAX };
        match self.console.query(query).await.unwrap() {
            Answer::Frames(frames) => frames,
            other => panic!("expected frames, got {other:?}"),
        }
    }
}
