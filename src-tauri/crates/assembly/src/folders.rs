//! Where a vault lies: the platform's local data folder, never a roaming one, and the demo vault apart from it.
//! Not here: what is in the folder.
use crate::error::StartError;
use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// Which radio, and so which vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The simulated ward with this scenario; always in the demo vault.
    Simulated(String),
    /// This computer's Bluetooth.
    Real,
}

impl Source {
    /// The scenario of `--simulated` without a name.
    pub const DEFAULT_SCENARIO: &'static str = "ward";

    /// Whether values come from the simulated ward.
    pub const fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }
}

/// The folders of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    data: PathBuf,
}

impl Folders {
    /// The given data folder, or the platform's.
    pub fn new(data: Option<&Path>) -> Result<Self, StartError> {
        if let Some(data) = data {
            return Ok(Self { data: data.to_owned() });
        }
        let dirs = ProjectDirs::from("", "", "bedside").ok_or(StartError::NoHome)?;
        Ok(Self { data: dirs.data_local_dir().to_owned() })
    }

    /// The vault's own folder. Simulated values never share one with real ones (product law 4).
    pub fn vault(&self, source: &Source) -> PathBuf {
        self.data.join(if source.is_simulated() { "demo" } else { "vault" })
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where logs go.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }
}
