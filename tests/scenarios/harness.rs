//! A console on the simulated ward in virtual time, with a real vault in a temporary folder.
//! Time passes only by `pass`: the runtime's clock is paused.

use bedside_charts::Advances;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SteppedMachine;
use bedside_policy::Policy;
use bedside_simulated_ward::{Control, LedgerEntry, Scenario, SimulatedWard};
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use bedside_vitals::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub(crate) const FONT: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");

/// 2026-03-18 14:00:00 UTC.
pub(crate) const START: WallTime = WallTime(1_773_842_400_000);

/// Remembers what was shown.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) snapshots: Mutex<Vec<Arc<Snapshot>>>,
    pub(crate) recorded: Mutex<Vec<Recorded>>,
    /// Frames of strips that were drawn.
    pub(crate) drawn: Mutex<usize>,
}

impl Display for Recorder {
    fn show(&self, snapshot: Arc<Snapshot>) {
        self.snapshots.lock().unwrap().push(snapshot);
    }

    fn draw(&self, _frame: Vec<u8>) {
        *self.drawn.lock().unwrap() += 1;
    }

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
    /// A new vault gets its first clinician, `CHIEF`, who signs in; a clinic's always does.
    pub(crate) staffed: bool,
    /// The vault stays closed.
    pub(crate) closed: bool,
    /// A vault that nobody is enrolled in, whatever the mode.
    pub(crate) nobody_enrolled: bool,
}

/// The first clinician of a staffed vault: every role, so that scenarios about other things meet no refusal.
pub(crate) const CHIEF: &str = "okafor";
/// Everybody's passphrase and PIN begin so; the user name follows.
const PASSPHRASE: &str = "seven grey herons of ";

/// Somebody to be enrolled.
pub(crate) fn clinician(user: &str, roles: &[Role]) -> NewClinician {
    NewClinician {
        user_name: user_name(user),
        display_name: format!("Dr {user}"),
        roles: roles.to_vec(),
        passphrase: passphrase(user),
        pin: Some(pin(user)),
    }
}

pub(crate) fn user_name(user: &str) -> UserName {
    UserName::new(user).unwrap()
}

pub(crate) fn passphrase(user: &str) -> Passphrase {
    let mirrored: String = user.chars().rev().collect();
    Passphrase::typed(format!("{PASSPHRASE}{mirrored}"))
}

pub(crate) fn pin(user: &str) -> Pin {
    let digits: String = user.bytes().map(|letter| char::from(b'0' + letter % 10)).collect();
    Pin::typed(format!("8052{digits}91"))
}

/// Where a laptop keeps its vault.
pub(crate) struct Disk {
    path: PathBuf,
    /// Of a test that ends with its process; another keeps the folder itself.
    _temporary: Option<TempDir>,
}

impl Disk {
    pub(crate) fn temporary() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().to_owned(), _temporary: Some(folder) }
    }

    #[allow(dead_code, reason = "tests that stop their process need it")]
    #[allow(dead_code, reason = "the proofs of sync use it")]
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), _temporary: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// One laptop: its folder and keys outlive a console.
pub(crate) struct Laptop {
    pub(crate) folder: Disk,
    pub(crate) keys: Arc<MemoryKeys>,
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
        Self { folder: Disk::temporary(), keys: Arc::default(), machine }
    }

    pub(crate) async fn start(&self, scenario: &str, options: Options) -> Bedside {
        self.start_on(&Scenario::named(scenario).unwrap(), options).await
    }

    pub(crate) async fn start_on(&self, scenario: &Scenario, options: Options) -> Bedside {
        let vault: Arc<dyn RecordStore> =
            Arc::new(Vault::in_folder(self.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR));
        let mode = options.mode.unwrap_or(Mode::Demo);
        let staffed = (options.staffed || mode == Mode::Clinic) && !options.nobody_enrolled;
        let id = match vault.presence().await.unwrap() {
            VaultPresence::Missing => {
                let first = staffed.then(|| clinician(CHIEF, &Role::ALL));
                let (keys, machine) = (self.keys.as_ref(), self.machine.as_ref());
                create_vault(vault.as_ref(), keys, machine, first, None).await.unwrap().vault
            }
            VaultPresence::Present(header) => header.id,
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
            keys: self.keys.clone(),
        };
        let settings = Settings {
            mode,
            policy: options.policy,
            record_number_system: "urn:test:record-number".into(),
            advances: Advances::of(FONT).unwrap(),
        };
        let (console, run) = start(ports, settings, id).await.unwrap();
        let ward = simulated.control();
        let task = tokio::spawn(run);
        let VaultPresence::Present(header) = vault.presence().await.unwrap() else { panic!("expected a vault") };
        if !options.closed {
            match header.device_slot {
                true => console.open_with_device_secret().await.unwrap(),
                false => console.sign_in(user_name(CHIEF), passphrase(CHIEF)).await.unwrap(),
            }
        }
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

    /// Enrols somebody.
    pub(crate) async fn enrol(&self, user: &str, roles: &[Role]) -> Clinician {
        self.console.add_clinician(clinician(user, roles)).await.unwrap()
    }

    /// Somebody signs in.
    pub(crate) async fn sign_in(&self, user: &str) -> Result<(), RequestError> {
        self.console.sign_in(user_name(user), passphrase(user)).await
    }

    /// The actions of the audit log with their outcomes, oldest first.
    pub(crate) async fn audited(&self) -> Vec<AuditEntry> {
        match self.store.read(Query::Audit { patient: None, limit: usize::MAX }).await.unwrap() {
            Answer::Audit(mut entries) => {
                entries.reverse();
                entries
            }
            other => panic!("expected the audit log, got {other:?}"),
        }
    }

    /// Lets virtual time go on.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Somebody works for so many minutes, so that nothing locks itself.
    pub(crate) async fn work(&self, minutes: u32) {
        for _ in 0..minutes {
            self.console.activity().await;
            self.pass(Duration::from_secs(60)).await;
        }
    }

    /// The patient's page is opened, and a cuff and a thermometer measure.
    pub(crate) async fn measure(&self, patient: &Patient) {
        self.console.open_patient(Some(patient.id)).await.unwrap();
        for device in ["cuff-1", "thermometer-1"] {
            self.bind(device, patient).await;
        }
        self.pass(Duration::from_secs(130)).await;
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

    /// What is shown of access, after a moment.
    pub(crate) async fn latest_shown(&self) -> AccessState {
        self.pass(Duration::from_secs(1)).await;
        self.latest().access.clone()
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
        match self.store.read(query).await.unwrap() {
            Answer::Readings(readings) => readings,
            other => panic!("expected readings, got {other:?}"),
        }
    }

    pub(crate) async fn samples(&self) -> Vec<StoredSamples> {
        let query = Query::Samples { patient: None, since: None, until: None };
        match self.store.read(query).await.unwrap() {
            Answer::Samples(samples) => samples,
            other => panic!("expected samples, got {other:?}"),
        }
    }

    pub(crate) async fn frames(&self) -> Vec<RawFrame> {
        let query = Query::Frames { device: None, rejected_only: false, limit: usize::MAX };
        match self.store.read(query).await.unwrap() {
            Answer::Frames(frames) => frames,
            other => panic!("expected frames, got {other:?}"),
        }
    }
}
