//! Adapters put together and the console started, for one place: a data folder, a policy, a radio.
//! Not here: what fronts do with it.
use crate::error::StartError;
use crate::folders::{Folders, Source};
use crate::{FONT, policy_file};
use bedside_charts::{Advances, register_font};
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions};
use bedside_console::ports::*;
use bedside_console::{ConsoleHandle, Mode, Ports, Settings, create_vault, open_vault};
use bedside_keys_keyring::Keyring;
use bedside_machine_system::SystemMachine;
use bedside_policy::{Policy, ServerUrl};
use bedside_radio_btleplug::BtleplugRadio;
use bedside_simulated_ward::{Control, Scenario, SimulatedWard};
use bedside_vault_sqlcipher::Vault;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Record numbers of a site that names no identifier system of its own are told apart by this one.
const RECORD_NUMBERS: &str = "urn:bedside:record-number";

/// One installation: its folders, its policy, its radio.
pub struct Place {
    folders: Folders,
    policy: Policy,
    source: Source,
}

/// What the console is started with.
pub struct Start {
    /// The clinic's server in place of the policy's.
    pub clinic: Option<String>,
    /// The screen.
    pub display: Arc<dyn Display>,
    /// Where the simulated ward writes what it emitted, as JSON lines.
    pub ledger: Option<PathBuf>,
}

/// A console that runs.
pub struct Running {
    /// Speaks to it.
    pub console: ConsoleHandle,
    /// Steers the simulated ward.
    pub ward: Option<Control>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops the event loop where it stands, as a fault of ours would. For tests and training in the demo vault only.
    pub fn halt(&self) {
        self.task.abort();
    }

    /// Closes the console and waits until the vault is closed.
    pub async fn close(self) {
        // A console that is gone already is closed.
        let _ = self.console.close().await;
        let _ = self.task.await;
    }
}

impl Place {
    /// Reads the policy and settles the folders. Nothing is opened.
    pub fn new(source: Source, data_dir: Option<&Path>, policy: Option<&Path>) -> Result<Self, StartError> {
        if let Source::Simulated(name) = &source {
            Scenario::named(name)?;
        }
        Ok(Self { folders: Folders::new(data_dir)?, policy: policy_file::read(policy)?, source })
    }

    /// The folders.
    pub const fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The policy in force.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Which radio.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The keyring.
    pub fn keys(&self) -> Arc<dyn KeyStore> {
        Arc::new(Keyring::of_system())
    }

    /// This computer.
    pub fn machine(&self) -> SystemMachine {
        SystemMachine::new()
    }

    /// The vault of this place, not opened.
    pub fn vault(&self) -> Arc<dyn RecordStore> {
        Arc::new(Vault::in_folder(&self.folders.vault(&self.source)))
    }

    /// The radio, with the ward's control where it is simulated.
    pub fn radio(
        &self,
        machine: &dyn Machine,
        ledger: Option<&Path>,
    ) -> Result<(Arc<dyn Radio>, Option<Control>), StartError> {
        let Source::Simulated(name) = &self.source else { return Ok((Arc::new(BtleplugRadio::start()), None)) };
        let now = machine.wall();
        let minutes = i16::try_from(machine.zone_offset_ms(now) / 60_000).unwrap_or(0);
        let scenario = Scenario::named(name)?.with_utc_offset_minutes(minutes);
        let ward = SimulatedWard::new(&scenario, now).keeping_no_ledger();
        let ward = match ledger {
            None => ward,
            Some(path) => {
                let unwritable =
                    |error: std::io::Error| StoreFault::Io(format!("the ledger cannot be written: {error}"));
                ward.writing_ledger_to(Box::new(std::fs::File::create(path).map_err(unwritable)?))
            }
        };
        let control = ward.control();
        Ok((Arc::new(ward), Some(control)))
    }

    /// Whether there is a vault.
    pub async fn has_vault(&self) -> Result<bool, StartError> {
        Ok(self.vault().presence().await? != VaultPresence::Missing)
    }

    /// The demo vault makes itself: there is nothing in it to protect. A real one is made by a person.
    pub async fn prepare_demo_vault(&self) -> Result<(), StartError> {
        if self.source.is_simulated() && !self.has_vault().await? {
            self.create_vault().await?;
        }
        Ok(())
    }

    /// Makes the vault of this place and closes it again.
    pub async fn create_vault(&self) -> Result<VaultId, StartError> {
        let vault = self.vault();
        let id = create_vault(vault.as_ref(), self.keys().as_ref(), &SystemMachine::new()).await?;
        vault.close().await?;
        Ok(id)
    }

    /// Opens the vault for reading beside a writer.
    pub async fn open_for_reading(&self) -> Result<Arc<dyn RecordStore>, StartError> {
        let vault = self.vault();
        open_vault(vault.as_ref(), self.keys().as_ref(), OpenMode::Reader).await?;
        Ok(vault)
    }

    /// The clinic's server: the given one, else the policy's, else none. Simulated values stay on this computer.
    pub fn clinic(&self, given: Option<&str>) -> Result<Option<Arc<dyn ClinicServer>>, StartError> {
        let given = given.map(|text| ServerUrl::new(text).ok_or(StartError::ClinicAddress)).transpose()?;
        let policy = self.policy.server_url.clone().filter(|url| !self.source.is_simulated() || url.is_loopback());
        let Some(url) = given.or(policy) else { return Ok(None) };
        if self.source.is_simulated() && !url.is_loopback() {
            return Err(StartError::DemoClinic);
        }
        let private_ca = self.policy.private_ca_file.as_deref().map(PathBuf::from);
        let options = ClinicHttpOptions { private_ca, ..ClinicHttpOptions::new(url.as_str()) };
        let clinic = ClinicHttp::new(&options).map_err(|error| StartError::Clinic(error.to_string()))?;
        Ok(Some(Arc::new(clinic)))
    }

    /// Opens the vault as its one writer and starts the console on the present tokio runtime.
    pub async fn start(&self, start: Start) -> Result<Running, StartError> {
        let font = |error: bedside_charts::ChartError| StartError::Font(error.to_string());
        register_font(FONT).map_err(font)?;
        let machine: Arc<dyn Machine> = Arc::new(SystemMachine::new());
        let clinic = self.clinic(start.clinic.as_deref())?;
        let store = self.vault();
        let vault = open_vault(store.as_ref(), self.keys().as_ref(), OpenMode::Writer).await?;
        let (radio, ward) = self.radio(machine.as_ref(), start.ledger.as_deref())?;
        let settings = Settings {
            mode: if self.source.is_simulated() { Mode::Demo } else { Mode::Clinic },
            policy: self.policy.clone(),
            record_number_system: RECORD_NUMBERS.into(),
            advances: Advances::of(FONT).map_err(font)?,
        };
        let ports = Ports { radio, store, clinic, display: start.display, machine };
        let (console, run) = bedside_console::start(ports, settings, vault).await?;
        Ok(Running { console, ward, task: tokio::spawn(run) })
    }
}
