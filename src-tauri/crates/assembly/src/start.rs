//! Adapters put together and the console started, for one place: a data folder, a policy, a radio.
//! Not here: what fronts do with it.
use crate::FONT;
use crate::error::StartError;
use crate::folders::{Folders, Source};
use crate::policy_file::{PolicyFile, PolicyLine};
use bedside_charts::{Advances, register_font};
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions, ProxyChoice, SignInOptions};
use bedside_console::ports::*;
use bedside_console::{
    BackupCopy, ConsoleHandle, Created, Mode, NewClinician, Ports, RequestError, SafeguardReport, Settings, UserName,
    create_vault, open_as, open_vault, restore_by_key, restore_without_slots,
};
use bedside_fhir::FilingContext;
use bedside_keys_keyring::Keyring;
use bedside_machine_system::SystemMachine;
use bedside_policy::{Policy, Proxy, ServerUrl, SignIn};
use bedside_radio_btleplug::BtleplugRadio;
use bedside_simulated_ward::{Control, Scenario, SimulatedWard};
use bedside_vault_sqlcipher::Vault;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Record numbers of a site that names no identifier system of its own are told apart by this one.
const RECORD_NUMBERS: &str = "urn:bedside:record-number";

/// One installation: its folders, its policy, its radio.
pub struct Place {
    folders: Folders,
    policy: PolicyFile,
    source: Source,
    keys: Arc<dyn KeyStore>,
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
    /// Which vault.
    pub vault: VaultId,
    store: Arc<dyn RecordStore>,
    task: JoinHandle<()>,
}

impl Running {
    /// What can be known of the vault without opening it: its slots, no name of a patient.
    pub async fn header(&self) -> Result<VaultHeader, StoreFault> {
        match self.store.presence().await? {
            VaultPresence::Present(header) => Ok(header),
            VaultPresence::Missing => Err(StoreFault::Missing),
        }
    }

    /// The backups that there are. Of a closed vault, too: they are listed by what their manifests say.
    pub async fn backups(&self) -> Result<Vec<BackupCopy>, StoreFault> {
        match self.store.read(Query::Backups).await? {
            Answer::Backups(copies) => Ok(copies),
            _ => Err(StoreFault::another_answer()),
        }
    }

    /// Opens a vault that the device secret alone opens: the demo vault, and one of an earlier version. Any other stays
    /// closed until somebody signs in.
    pub async fn open_by_itself(&self) -> Result<(), RequestError> {
        if self.header().await?.device_slot { self.console.open_with_device_secret().await } else { Ok(()) }
    }

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
        let (folders, policy) = (Folders::new(data_dir)?, PolicyFile::read(policy)?);
        Ok(Self { folders, policy, source, keys: Arc::new(Keyring::of_system()) })
    }

    /// Another keyring in place of the system's.
    pub fn with_keys(self, keys: Arc<dyn KeyStore>) -> Self {
        Self { keys, ..self }
    }

    /// The folders.
    pub const fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The policy in force.
    pub const fn policy(&self) -> &Policy {
        self.policy.policy()
    }

    /// The policy in force line by line, and which of them the file sets.
    pub fn policy_lines(&self) -> Vec<PolicyLine> {
        self.policy.lines()
    }

    /// Whether the policy names IT's recovery key: then no kit is made.
    pub fn recovery_by_policy(&self) -> bool {
        self.recovery_key().is_some()
    }

    /// Which radio.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The keyring.
    pub fn keys(&self) -> Arc<dyn KeyStore> {
        self.keys.clone()
    }

    /// This computer.
    pub fn machine(&self) -> SystemMachine {
        SystemMachine::new()
    }

    /// The vault of this place, not opened.
    pub fn vault(&self) -> Arc<dyn RecordStore> {
        let vault = Vault::in_folder(&self.folders.vault(&self.source));
        // The demo vault's copies stay with it: a folder of IT's keeps the record of real patients only.
        match &self.policy().backup.folder {
            Some(folder) if !self.source.is_simulated() => Arc::new(vault.with_backups(Path::new(folder))),
            Some(_) | None => Arc::new(vault),
        }
    }

    /// How records of a vault are named at the clinic.
    pub fn filing_context(&self, vault: VaultId) -> FilingContext {
        FilingContext {
            record_number_system: self.policy().patient_identifier_system.clone().unwrap_or(RECORD_NUMBERS.into()),
            gateway: Uuid::new_v5(&vault.0, b"gateway"),
            test_data: self.source.is_simulated(),
        }
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
            self.create_vault(None).await?;
        }
        Ok(())
    }

    /// Makes the vault of this place, closed. A real one gets its first clinician; only a demo vault does without.
    pub async fn create_vault(&self, first: Option<NewClinician>) -> Result<Created, StartError> {
        if first.is_none() && !self.source.is_simulated() {
            return Err(StartError::FirstClinician);
        }
        let vault = self.vault();
        let machine = SystemMachine::new();
        let recovery = self.recovery_key().filter(|_| first.is_some());
        let created = create_vault(vault.as_ref(), self.keys.as_ref(), &machine, first, recovery).await?;
        vault.close().await?;
        Ok(created)
    }

    /// Opens the vault for reading beside a writer: by a clinician's passphrase, or `None` by the device secret alone,
    /// where that opens it.
    pub async fn open_for_reading(
        &self,
        by: Option<(UserName, Passphrase)>,
    ) -> Result<Arc<dyn RecordStore>, StartError> {
        let vault = self.vault();
        match by {
            None => drop(open_vault(vault.as_ref(), self.keys.as_ref(), OpenMode::Reader).await?),
            Some((user, passphrase)) => {
                let machine = SystemMachine::new();
                open_as(&vault, &self.keys, &machine, &user, passphrase, OpenMode::Reader).await?;
            }
        }
        Ok(vault)
    }

    /// Restores a vault whose slot file is lost or damaged, on which nothing else starts: who could open it, its backups
    /// know.
    pub async fn restore_without_slots(
        &self,
        user: &UserName,
        passphrase: Passphrase,
        backup: Option<PathBuf>,
    ) -> Result<SafeguardReport, RequestError> {
        let machine = SystemMachine::new();
        restore_without_slots(&self.vault(), &self.keys, &machine, (user, passphrase), backup).await
    }

    /// The same with IT's key or the printed kit, where no passphrase or no keyring is left.
    pub async fn restore_by_key(
        &self,
        key: RecoveryKey,
        backup: Option<PathBuf>,
    ) -> Result<SafeguardReport, RequestError> {
        restore_by_key(&self.vault(), &SystemMachine::new(), key, backup).await
    }

    /// The clinic's server: the given one, else the policy's, else none. Simulated values stay on this computer.
    pub fn clinic(&self, given: Option<&str>) -> Result<Option<Arc<dyn ClinicServer>>, StartError> {
        let given = given.map(|text| ServerUrl::new(text).ok_or(StartError::ClinicAddress)).transpose()?;
        let policy = self.policy().server_url.clone().filter(|url| !self.source.is_simulated() || url.is_loopback());
        let Some(url) = given.or(policy) else { return Ok(None) };
        if self.source.is_simulated() && !url.is_loopback() {
            return Err(StartError::DemoClinic);
        }
        let options = self.clinic_options(url.as_str());
        let clinic = ClinicHttp::new(&options).map_err(|error| StartError::Clinic(error.to_string()))?;
        Ok(Some(Arc::new(clinic)))
    }

    /// Starts the console on the closed vault, as its one writer, on the present tokio runtime.
    pub async fn start(&self, start: Start) -> Result<Running, StartError> {
        let font = |error: bedside_charts::ChartError| StartError::Font(error.to_string());
        register_font(FONT).map_err(font)?;
        let machine: Arc<dyn Machine> = Arc::new(SystemMachine::new());
        let clinic = self.clinic(start.clinic.as_deref())?;
        let store = self.vault();
        let vault = store.presence().await?.id().ok_or(StoreFault::Missing)?;
        let (radio, ward) = self.radio(machine.as_ref(), start.ledger.as_deref())?;
        let settings = Settings {
            mode: if self.source.is_simulated() { Mode::Demo } else { Mode::Clinic },
            policy: self.policy().clone(),
            record_number_system: RECORD_NUMBERS.into(),
            advances: Advances::of(FONT).map_err(font)?,
        };
        let ports =
            Ports { radio, store: store.clone(), clinic, display: start.display, machine, keys: self.keys.clone() };
        let (console, run) = bedside_console::start(ports, settings, vault).await?;
        Ok(Running { console, ward, vault, store, task: tokio::spawn(run) })
    }

    /// How the policy reaches the server, and signs in to it.
    fn clinic_options(&self, url: &str) -> ClinicHttpOptions {
        let Policy { private_ca_file, client_certificate, proxy, sign_in, .. } = self.policy();
        let of_policy = |sign_in: &SignIn| {
            let machine_key = sign_in.machine_key.as_ref().map(|key| (PathBuf::from(&key.file), key.id.clone()));
            SignInOptions { machine_key, ..SignInOptions::new(&sign_in.client_id, &sign_in.scopes) }
        };
        ClinicHttpOptions {
            private_ca: private_ca_file.as_deref().map(PathBuf::from),
            client_certificate: client_certificate
                .as_ref()
                .map(|files| (PathBuf::from(&files.certificate_file), PathBuf::from(&files.key_file))),
            proxy: match proxy {
                Proxy::OfSystem => ProxyChoice::OfSystem,
                Proxy::Direct => ProxyChoice::Direct,
                Proxy::At(address) => ProxyChoice::At(address.clone()),
            },
            sign_in: sign_in.as_ref().map(of_policy),
            ..ClinicHttpOptions::new(url)
        }
    }

    fn recovery_key(&self) -> Option<RecoveryPublicKey> {
        self.policy().recovery_public_key.map(RecoveryPublicKey)
    }
}
