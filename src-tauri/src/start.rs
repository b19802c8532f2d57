//! The start and the end of the console behind the window, and what a person can do when the start fails.
//! How the parts fit together is `bedside-assembly`'s.
use crate::arguments::Arguments;
use crate::error::CommandError;
use crate::tauri_display::TauriDisplay;
use crate::view::{DemoAction, StartFault, StartRemedy, StartView};
use bedside_assembly::{Place, Running, Start, StartError};
use bedside_console::ports::{KeyFault, StoreFault};
use bedside_console::{ConsoleHandle, Mode, OpenFault};
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
    running: Mutex<Option<Running>>,
    script_begun: AtomicBool,
}

impl Shell {
    pub(crate) fn new(arguments: Arguments) -> Self {
        Self {
            arguments,
            display: Arc::new(TauriDisplay::default()),
            running: Mutex::new(None),
            script_begun: AtomicBool::new(false),
        }
    }

    /// The screen.
    pub(crate) fn display(&self) -> &TauriDisplay {
        &self.display
    }

    /// The data folder that was named on the command line.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        self.arguments.data_dir.clone()
    }

    /// Starts the console unless it runs. A real vault is created only when a person said so.
    pub(crate) async fn start(&self, create_vault: bool) -> StartView {
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_ref() {
            return StartView::Running { mode: running.console.mode().into() };
        }
        match self.begin(create_vault).await {
            Ok(begun) => {
                let mode = begun.console.mode().into();
                *running = Some(begun);
                StartView::Running { mode }
            }
            Err(error) => failed(&error),
        }
    }

    /// How long the demo is to play by itself; once, however often the page starts.
    pub(crate) fn take_script(&self) -> Option<Duration> {
        let length = Duration::from_secs(self.arguments.demo_seconds?);
        (!self.script_begun.swap(true, Ordering::Relaxed)).then_some(length)
    }

    /// The console, if it runs.
    pub(crate) async fn console(&self) -> Result<ConsoleHandle, CommandError> {
        let running = self.running.lock().await;
        let console = running.as_ref().map(|running| running.console.clone());
        console.ok_or_else(|| CommandError::new("CORE-GONE", "console_gone", "not started"))
    }

    /// Does something to the simulated ward. Refused outside the demo vault.
    pub(crate) async fn demo(&self, action: DemoAction) -> Result<(), CommandError> {
        let running = self.running.lock().await;
        let demo = running.as_ref().filter(|running| running.console.mode() == Mode::Demo);
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
            if let Some(running) = self.running.lock().await.take() {
                running.close().await;
            }
        };
        if tokio::time::timeout(LONGEST_END, closing).await.is_err() {
            tracing::error!(code = "CORE-END", "the console did not close in time; the program ends without it");
        }
    }

    async fn begin(&self, create_vault: bool) -> Result<Running, StartError> {
        let Arguments { data_dir, policy, clinic, ledger, .. } = self.arguments.clone();
        let place = Place::new(self.arguments.source(), data_dir.as_deref(), policy.as_deref())?;
        place.prepare_demo_vault().await?;
        if create_vault && !place.has_vault().await? {
            place.create_vault().await?;
        }
        place.start(Start { clinic, display: self.display.clone(), ledger }).await
    }
}

fn failed(error: &StartError) -> StartView {
    use StartRemedy::*;
    let (code, remedy) = match error {
        StartError::Open(OpenFault::Store(fault)) | StartError::Store(fault) => match fault {
            StoreFault::Missing => return StartView::VaultMissing,
            StoreFault::Held { .. } => ("STORE-HELD", CloseOther),
            StoreFault::WrongKey => ("STORE-KEY", RestoreSecret),
            StoreFault::Newer { .. } => ("STORE-NEWER", Update),
            StoreFault::DiskFull => ("STORE-FULL", FreeSpace),
            StoreFault::Damaged(_) => ("STORE-DAMAGED", CallIt),
            StoreFault::NoCipher => ("STORE-CIPHER", CallIt),
            StoreFault::AlreadyThere | StoreFault::ReadOnly | StoreFault::Closed | StoreFault::Io(_) => {
                ("STORE-IO", CallIt)
            }
        },
        StartError::Open(OpenFault::Keys(fault)) => match fault {
            KeyFault::NoKeyring => ("KEY-NONE", StartKeyring),
            KeyFault::Locked => ("KEY-LOCKED", UnlockKeyring),
            KeyFault::NoEntry => ("KEY-MISSING", RestoreSecret),
            KeyFault::Malformed => ("KEY-MALFORMED", RestoreSecret),
            KeyFault::System(_) => ("KEY-SYSTEM", CallIt),
        },
        StartError::Policy { .. } | StartError::PolicyUnreadable { .. } => ("POLICY", CorrectPolicy),
        StartError::ClinicAddress | StartError::DemoClinic | StartError::Clinic(_) => ("CLINIC", CorrectPolicy),
        StartError::NoHome | StartError::Scenario(_) | StartError::Font(_) => ("START", CallIt),
    };
    tracing::error!(code, fault = %error, "the console did not start");
    StartView::Failed(StartFault { code: code.to_owned(), remedy, detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_vault_is_a_question_and_not_a_failure() {
        let missing = StartError::Open(OpenFault::Store(StoreFault::Missing));
        assert_eq!(failed(&missing), StartView::VaultMissing);
    }

    #[test]
    fn a_locked_keyring_says_to_unlock_it() {
        let StartView::Failed(fault) = failed(&StartError::Open(OpenFault::Keys(KeyFault::Locked))) else {
            panic!("expected a failure")
        };
        assert_eq!((fault.code.as_str(), fault.remedy), ("KEY-LOCKED", StartRemedy::UnlockKeyring));
    }
}
