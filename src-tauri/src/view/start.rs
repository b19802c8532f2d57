//! How the start went, for the first page a person sees.
//! The start itself is `crate::start`.
use super::names::ModeView;
use super::vault::BackupView;
use serde::Serialize;
use ts_rs::TS;

/// How the start went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum StartView {
    /// The console runs.
    Running {
        /// Demo vault or real one.
        mode: ModeView,
    },
    /// There is no vault yet: a person decides to create one, and becomes its first clinician.
    VaultMissing {
        /// The policy names IT's recovery key: no kit is made.
        recovery_by_policy: bool,
    },
    /// The file that says who can open the vault is lost or damaged: only a backup brings it back.
    SlotsLost {
        /// Who could open the newest backup.
        users: Vec<String>,
        /// A recovery key opens it, too.
        recovery_slot: bool,
        /// Newest first; never empty.
        backups: Vec<BackupView>,
    },
    /// The console could not start.
    Failed(StartFault),
}

/// Why the console could not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct StartFault {
    /// A stable code for IT.
    pub(crate) code: String,
    /// What can be done.
    pub(crate) remedy: StartRemedy,
    /// What the system said, without health data.
    pub(crate) detail: String,
}

/// What a person can do about a failed start; each has its words in the window's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StartRemedy {
    /// Start the desktop's keyring.
    StartKeyring,
    /// Unlock the keyring.
    UnlockKeyring,
    /// The keyring does not hold the vault's secret: restore the keyring entry or a backup.
    RestoreSecret,
    /// Close the other program that holds the vault.
    CloseOther,
    /// Install a newer Bedside.
    Update,
    /// Make room on the disk.
    FreeSpace,
    /// Correct the policy file.
    CorrectPolicy,
    /// The record is damaged: IT restores a backup with `bedsidectl`.
    RestoreBackup,
    /// Only IT can help.
    CallIt,
}
