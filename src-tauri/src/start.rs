//! The start and the end of the console behind the window, and what a person can do when the start fails.
//! How the parts fit together is `bedside-assembly`'s.
use crate::arguments::Arguments;
use crate::commands::now;
use crate::error::{CommandError, of_keyring, of_store};
use crate::tauri_display::TauriDisplay;
use crate::view::{DemoAction, KitView, PolicyLineView, StartFault, StartRemedy, StartView, backup};
use bedside_assembly::{ClosedVault, Place, PolicyLine, Running, Start, StartError};
use bedside_console::ports::{Answer, KeyStore, Passphrase, Query, RecoveryKey, StoreFault, VaultId};
use bedside_console::{
    BackupCopy, ConsoleHandle, Mode, NewClinician, OpenFault, RequestError, SafeguardReport, UserName,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// Shorter than the time that a session or a service manager gives a program that it asked to end.
const LONGEST_END: Duration = Duration::from_secs(20);

/// What lives as long as the window.
pub(crate) struct Shell {
    arguments: Arguments,
    display: Arc<TauriDisplay>,
    running: Mutex<Option<Begun>>,
    script_begun: AtomicBool,
    /// Another keyring than the system's, in tests.
    keys: Option<Arc<dyn KeyStore>>,
}

impl Shell {
    pub(crate) fn new(arguments: Arguments) -> Self {
        Self {
            arguments,
            display: Arc::new(TauriDisplay::default()),
            running: Mutex::new(None),
            script_begun: AtomicBool::new(false),
            keys: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_keys(self, keys: Arc<dyn KeyStore>) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// The screen.
    pub(crate) fn display(&self) -> &TauriDisplay {
        &self.display
    }

    /// The data folder that was named on the command line.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        self.arguments.data_dir.clone()
    }

    /// Starts the console, unless it runs, on the closed vault; capture is possible from then on. A vault that the device
    /// secret alone opens is opened at once, or at the next call when the keyring did not give the secret. A real vault is
    /// never made here.
    pub(crate) async fn start(&self) -> StartView {
        let mut running = self.running.lock().await;
        if running.is_none() {
            match self.begin().await {
                Ok(begun) => *running = Some(begun),
                Err(error) => return self.not_begun(&error).await,
            }
        }
        let Some(Begun { running, opened, .. }) = running.as_mut() else { return StartView::Failed(gone()) };
        // Once: a page that begins anew after a lock does not undo the lock.
        if !*opened {
            match running.open_by_itself().await {
                Ok(()) => *opened = true,
                Err(error) => return self.failed(&error.into()),
            }
        }
        StartView::Running { mode: running.console.mode().into() }
    }

    /// Opens a vault that the device secret alone opens, when somebody asks for it: after a lock of the demo vault.
    pub(crate) async fn open_by_itself(&self) -> Result<(), CommandError> {
        let running = self.running.lock().await;
        Ok(running.as_ref().ok_or_else(not_started)?.running.open_by_itself().await?)
    }

    /// Makes the vault with its first clinician, starts the console on it and signs them in.
    pub(crate) async fn create_vault(&self, first: NewClinician) -> Result<KitView, CommandError> {
        let mut running = self.running.lock().await;
        if running.is_some() {
            return Err(StoreFault::AlreadyThere.into());
        }
        let (user, passphrase) = (first.user_name.clone(), first.passphrase.clone());
        let created = self.place()?.create_vault(Some(first)).await?;
        // The kit goes out whatever comes next: it is shown once, and a failed start can be tried again.
        let kit = kit(created.kit.as_ref(), created.vault);
        match self.begin().await {
            Ok(begun) => {
                if let Err(error) = begun.running.console.sign_in(user, passphrase).await {
                    tracing::error!(code = "STORE-NEW", %error, "the new vault does not open");
                }
                *running = Some(Begun { opened: true, ..begun });
            }
            Err(error) => drop(fault(&error)),
        }
        Ok(kit)
    }

    /// A recovery kit for the window, once.
    pub(crate) async fn kit(&self, key: Option<&RecoveryKey>) -> Result<KitView, CommandError> {
        let running = self.running.lock().await;
        let begun = running.as_ref().ok_or_else(not_started)?;
        Ok(kit(key, begun.running.vault))
    }

    /// What can be known of the vault without opening it.
    pub(crate) async fn closed_vault(&self) -> Result<ClosedVault, CommandError> {
        let running = self.running.lock().await;
        Ok(running.as_ref().ok_or_else(not_started)?.place.closed_vault().await?)
    }

    /// The backups that there are, also while the vault is closed: one of them may take its place.
    pub(crate) async fn backups(&self) -> Result<Vec<BackupCopy>, CommandError> {
        let running = self.running.lock().await;
        Ok(running.as_ref().ok_or_else(not_started)?.running.backups().await?)
    }

    /// The policy in force.
    pub(crate) async fn policy(&self) -> Result<Vec<PolicyLineView>, CommandError> {
        let running = self.running.lock().await;
        let begun = running.as_ref().ok_or_else(not_started)?;
        let line = |PolicyLine { name, value, managed }| PolicyLineView { name, value, managed };
        Ok(begun.place.policy_lines().into_iter().map(line).collect())
    }

    /// How long the demo is to play by itself; once, however often the page starts.
    pub(crate) fn take_script(&self) -> Option<Duration> {
        let length = Duration::from_secs(self.arguments.demo_seconds?);
        (!self.script_begun.swap(true, Ordering::Relaxed)).then_some(length)
    }

    /// The console, if it runs.
    pub(crate) async fn console(&self) -> Result<ConsoleHandle, CommandError> {
        let running = self.running.lock().await;
        running.as_ref().map(|begun| begun.running.console.clone()).ok_or_else(not_started)
    }

    /// Does something to the simulated ward. Refused outside the demo vault.
    pub(crate) async fn demo(&self, action: DemoAction) -> Result<(), CommandError> {
        let running = self.running.lock().await;
        let demo = running.as_ref().map(|begun| &begun.running).filter(|running| running.console.mode() == Mode::Demo);
        let Some((running, ward)) = demo.and_then(|running| Some((running, running.ward.as_ref()?))) else {
            return Err(CommandError::new("DEMO-ONLY", "not_demo", ""));
        };
        let done = match action {
            DemoAction::SilenceDevice { device } => ward.silence(&device),
            DemoAction::ResumeDevice { device } => ward.resume(&device),
            DemoAction::DropLink { device } => ward.drop_link(&device),
            DemoAction::Measure { device } => ward.take_cuff_measurement(&device),
            DemoAction::HaltConsole => {
                running.halt();
                Ok(())
            }
        };
        done.map_err(|error| CommandError::new("DEVICE-UNKNOWN", "no_such_device", error))
    }

    /// Ends the console: commits what is pending and closes the vault. A console that hangs, or a start that waits for the
    /// keyring, does not keep the program open for ever: what was committed is safe, and the next start tells of the end.
    pub(crate) async fn close(&self) {
        let closing = async {
            if let Some(begun) = self.running.lock().await.take() {
                begun.running.close().await;
            }
        };
        if tokio::time::timeout(LONGEST_END, closing).await.is_err() {
            tracing::error!(code = "CORE-END", "the console did not close in time; the program ends without it");
        }
    }

    /// Puts the newest backup in the place of a vault whose slot file is lost: by a passphrase that opened it, or by the
    /// recovery key. The console starts on it afterwards.
    pub(crate) async fn restore_lost_slots(&self, by: RestoreBy) -> Result<SafeguardReport, CommandError> {
        let running = self.running.lock().await;
        let place = self.place()?;
        // Where the slots are read, there is a console to ask, and it asks who may.
        if running.is_some() || !matches!(place.vault().presence().await, Err(StoreFault::Damaged(_))) {
            return Err(RequestError::NotNeeded.into());
        }
        Ok(match by {
            RestoreBy::Passphrase(user, passphrase) => place.restore_without_slots(&user, passphrase, None).await?,
            RestoreBy::Key(key) => place.restore_by_key(key, None).await?,
        })
    }

    /// A vault that nobody can open for want of its slot file comes back from a backup, where there is one.
    async fn not_begun(&self, error: &StartError) -> StartView {
        let damaged = matches!(
            error,
            StartError::Store(StoreFault::Damaged(_)) | StartError::Open(OpenFault::Store(StoreFault::Damaged(_)))
        );
        let lost = if damaged { self.slots_lost().await } else { None };
        lost.unwrap_or_else(|| self.failed(error))
    }

    async fn slots_lost(&self) -> Option<StartView> {
        let place = self.place().ok().filter(|place| !place.source().is_simulated())?;
        let vault = place.vault();
        if !matches!(vault.presence().await, Err(StoreFault::Damaged(_))) {
            return None;
        }
        let header = vault.header_of_backup(None).await.ok()?;
        let Ok(Answer::Backups(backups)) = vault.read(Query::Backups).await else { return None };
        let users = header.slots.iter().map(|slot| slot.user_name.to_string()).collect();
        let now = now();
        let backups: Vec<_> = backups.iter().map(|copy| backup(copy, now)).collect();
        (!backups.is_empty()).then_some(StartView::SlotsLost { users, recovery_slot: header.recovery_slot, backups })
    }

    /// A missing vault is a question, not a failure.
    fn failed(&self, error: &StartError) -> StartView {
        match error {
            StartError::Open(OpenFault::Store(StoreFault::Missing)) | StartError::Store(StoreFault::Missing) => {
                StartView::VaultMissing {
                    recovery_by_policy: self.place().is_ok_and(|place| place.recovery_by_policy()),
                }
            }
            error => StartView::Failed(fault(error)),
        }
    }

    async fn begin(&self) -> Result<Begun, StartError> {
        let Arguments { clinic, ledger, .. } = self.arguments.clone();
        let place = self.place()?;
        place.prepare_demo_vault().await?;
        let running = place.start(Start { clinic, display: self.display.clone(), ledger }).await?;
        Ok(Begun { place, running, opened: false })
    }

    fn place(&self) -> Result<Place, StartError> {
        let Arguments { data_dir, policy, .. } = &self.arguments;
        let place = Place::new(self.arguments.source(), data_dir.as_deref(), policy.as_deref())?;
        Ok(match &self.keys {
            None => place,
            Some(keys) => place.with_keys(keys.clone()),
        })
    }
}

/// What opens a backup of a vault whose slot file is lost.
pub(crate) enum RestoreBy {
    /// Somebody's passphrase, with this computer's keyring.
    Passphrase(UserName, Passphrase),
    /// IT's key, or that of the printed kit.
    Key(RecoveryKey),
}

/// A console that runs, and where.
struct Begun {
    place: Place,
    running: Running,
    /// What opens by itself was opened.
    opened: bool,
}

fn kit(key: Option<&RecoveryKey>, vault: VaultId) -> KitView {
    KitView { kit: key.map(|key| key.to_kit().to_string()), vault: vault.to_string() }
}

fn not_started() -> CommandError {
    CommandError::new("CORE-GONE", "console_gone", "not started")
}

fn gone() -> StartFault {
    StartFault { code: "CORE-GONE".to_owned(), remedy: StartRemedy::CallIt, detail: "the console is gone".to_owned() }
}

fn fault(error: &StartError) -> StartFault {
    let (code, remedy) = match error {
        StartError::Open(OpenFault::Store(fault))
        | StartError::Store(fault)
        | StartError::Request(RequestError::Store(fault)) => of_store(fault),
        StartError::Open(OpenFault::Keys(fault)) | StartError::Request(RequestError::Keys(fault)) => of_keyring(fault),
        StartError::Policy { .. } | StartError::PolicyUnreadable { .. } => ("POLICY", StartRemedy::CorrectPolicy),
        StartError::ClinicAddress | StartError::DemoClinic | StartError::Clinic(_) => {
            ("CLINIC", StartRemedy::CorrectPolicy)
        }
        StartError::NoHome
        | StartError::Scenario(_)
        | StartError::Font(_)
        | StartError::FirstClinician
        | StartError::Open(OpenFault::Weak(_) | OpenFault::InvalidClinician(_))
        | StartError::Request(_) => ("START", StartRemedy::CallIt),
    };
    tracing::error!(code, fault = %error, "the console did not start");
    StartFault { code: code.to_owned(), remedy, detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_console::ports::KeyFault;
    use clap::Parser;

    #[test]
    fn a_missing_vault_is_a_question_and_not_a_failure() {
        let shell = Shell::new(Arguments::parse_from(["bedside", "--simulated"]));
        let missing = StartError::Open(OpenFault::Store(StoreFault::Missing));
        assert_eq!(shell.failed(&missing), StartView::VaultMissing { recovery_by_policy: false });
    }

    #[test]
    fn a_locked_keyring_says_to_unlock_it() {
        let fault = fault(&StartError::Open(OpenFault::Keys(KeyFault::Locked)));
        assert_eq!((fault.code.as_str(), fault.remedy), ("KEY-LOCKED", StartRemedy::UnlockKeyring));
    }
}
