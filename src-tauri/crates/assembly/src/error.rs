//! Why Bedside cannot start, each with what to do next.
//! Not here: faults of a console that runs.
use bedside_console::ports::StoreFault;
use bedside_console::{OpenFault, RequestError};
use bedside_policy::PolicyFault;
use bedside_simulated_ward::UnknownScenario;
use std::path::PathBuf;

/// Why Bedside cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No home folder.
    #[error("the system names no folder for application data; give one with --data-dir")]
    NoHome,
    /// The policy file cannot be read.
    #[error("the policy file {path} cannot be read: {reason}")]
    PolicyUnreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The policy file is wrong. It is never used in part.
    #[error("the policy file {path} is not valid:{}", list(.faults))]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Each fault with its path.
        faults: Vec<PolicyFault>,
    },
    /// No such scenario.
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    /// The address of the server is not one we use.
    #[error("the clinic's address must be https, or http on this computer, got another one")]
    ClinicAddress,
    /// Simulated values go to no real server.
    #[error("the demo vault syncs only to this computer (127.0.0.1); its clinic address lies elsewhere")]
    DemoClinic,
    /// The HTTP client cannot be made.
    #[error("the connection to the clinic's server cannot be prepared: {0}")]
    Clinic(String),
    /// The bundled font is damaged.
    #[error("the bundled font is damaged: {0}; install Bedside again")]
    Font(String),
    /// A real vault is never made without somebody who can open it.
    #[error("a new vault needs its first clinician: a user name, a name and a passphrase")]
    FirstClinician,
    /// The console refused.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The vault or its key.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// The vault.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

fn list(faults: &[PolicyFault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}
