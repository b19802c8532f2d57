//! The console under test: the real radio, a real vault in a temporary folder, keys in memory, a screen that remembers.
//! Not here: the virtual devices, and what is expected.
use bedside_charts::Advances;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_machine_system::SystemMachine;
use bedside_policy::Policy;
use bedside_radio_btleplug::BtleplugRadio;
use bedside_tests::memory_keys::MemoryKeys;
use bedside_vault_sqlcipher::{PassphraseCost, Vault};
use bedside_vitals::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FONT: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");

/// Whatever does not happen within this time on an emulated processor beside a build does not happen.
const CEILING: Duration = Duration::from_secs(90);

/// A laptop at a bedside with one patient: a running console and everything it keeps.
pub(crate) struct Bedside {
    pub(crate) console: ConsoleHandle,
    pub(crate) patient: Patient,
    pub(crate) screen: Arc<Screen>,
    task: JoinHandle<()>,
    laptop: Laptop,
}

/// What outlives a console.
pub(crate) struct Laptop {
    folder: TempDir,
    keys: Arc<MemoryKeys>,
}

impl Bedside {
    /// A new laptop with an empty vault.
    pub(crate) async fn new() -> Self {
        Self::on(Laptop { folder: tempfile::tempdir().unwrap(), keys: Arc::default() }).await
    }

    /// The console started on a laptop; the patient is added on its first start.
    pub(crate) async fn on(laptop: Laptop) -> Self {
        let machine = Arc::new(SystemMachine::new());
        let vault = Vault::in_folder(laptop.folder.path()).with_passphrase_cost(PassphraseCost::FLOOR);
        let store: Arc<dyn RecordStore> = Arc::new(vault);
        let user = UserName::new("okafor").unwrap();
        let passphrase = || Passphrase::typed("seven grey herons");
        let id = match store.presence().await.unwrap() {
            VaultPresence::Missing => {
                let first = NewClinician {
                    user_name: user.clone(),
                    display_name: "Dr Okafor".into(),
                    roles: Role::ALL.into(),
                    passphrase: passphrase(),
                    pin: None,
                };
                let (keys, machine) = (laptop.keys.as_ref(), machine.as_ref());
                create_vault(store.as_ref(), keys, machine, Some(first), None).await.unwrap().vault
            }
            VaultPresence::Present(header) => header.id,
        };
        let screen = Arc::new(Screen::default());
        let radio = Arc::new(BtleplugRadio::start());
        let ports = Ports { radio, store, clinic: None, display: screen.clone(), machine, keys: laptop.keys.clone() };
        let settings = Settings {
            mode: Mode::Clinic,
            policy: Policy::default(),
            record_number_system: "urn:test:record-number".into(),
            advances: Advances::of(FONT).unwrap(),
        };
        let (console, run) = start(ports, settings, id).await.unwrap();
        let task = tokio::spawn(run);
        console.sign_in(user, passphrase()).await.unwrap();
        let patient = match console.patients().await.unwrap().into_iter().next() {
            Some(line) => line.patient,
            None => console.add_patient(rosa()).await.unwrap(),
        };
        console.open_patient(Some(patient.id)).await.unwrap();
        Self { console, patient, screen, task, laptop }
    }

    /// Ends the console as a person does and gives the laptop back.
    pub(crate) async fn close(self) -> Laptop {
        self.console.close().await.unwrap();
        self.task.await.unwrap();
        self.laptop
    }

    /// Waits until the screen shows what is wanted; it is asked again with every snapshot and every value.
    pub(crate) async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let mut changes = self.screen.changes.subscribe();
        let waiting = async {
            while !holds().await {
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(CEILING, waiting).await.is_err() {
            panic!("waited {} s in vain until {what}; the screen shows {:#?}", CEILING.as_secs(), self.devices());
        }
    }

    /// Searches until a device of this name is heard.
    pub(crate) async fn find(&self, name: &str) -> PeripheralId {
        self.console.search(60).await.unwrap();
        let heard = || {
            let snapshot = self.screen.latest()?;
            snapshot.nearby.iter().find(|n| n.name.as_deref() == Some(name)).map(|n| n.peripheral.clone())
        };
        self.until(&format!("{name} is heard"), async || heard().is_some()).await;
        heard().unwrap()
    }

    /// Finds a device and binds it to the patient.
    pub(crate) async fn bind(&self, name: &str) {
        let peripheral = self.find(name).await;
        self.console.bind(peripheral, self.patient.id).await.unwrap();
    }

    /// The devices of the open patient, as the screen has them.
    pub(crate) fn devices(&self) -> Vec<BoundDevice> {
        let snapshot = self.screen.latest();
        snapshot.and_then(|snapshot| snapshot.bedside.as_ref().map(|b| b.devices.clone())).unwrap_or_default()
    }

    /// Where a device's link stands.
    pub(crate) fn link(&self, name: &str) -> Option<LinkState> {
        self.devices().into_iter().find(|device| device.name == name).map(|device| device.link)
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

/// A screen that remembers the latest snapshot and tells that something changed.
pub(crate) struct Screen {
    latest: Mutex<Option<Arc<Snapshot>>>,
    changes: watch::Sender<u64>,
}

impl Default for Screen {
    fn default() -> Self {
        Self { latest: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Screen {
    pub(crate) fn latest(&self) -> Option<Arc<Snapshot>> {
        self.latest.lock().unwrap().clone()
    }
}

impl Display for Screen {
    fn show(&self, snapshot: Arc<Snapshot>) {
        *self.latest.lock().unwrap() = Some(snapshot);
        self.changes.send_modify(|count| *count += 1);
    }

    fn draw(&self, _frame: Vec<u8>) {}

    fn recorded(&self, _value: &Recorded) {
        self.changes.send_modify(|count| *count += 1);
    }
}

fn rosa() -> NewPatient {
    NewPatient {
        record_number: "TST 4410 0001".into(),
        family: "ADEYEMI-TEST".into(),
        given: "Rosa".into(),
        birth_date: "1951-03-14".into(),
        sex: "female".into(),
        bed: "12".into(),
    }
}
