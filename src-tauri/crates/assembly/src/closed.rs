//! What can be told of a vault without opening it: its slots, what waits in its spool, how many backups there are.
//! Names and sizes of files, and what manifests of backups say. Not here: what is in them.
use crate::error::StartError;
use crate::start::Place;
use bedside_console::ports::{Answer, Query, StoreFault, VaultHeader, VaultPresence};
use std::path::{Path, PathBuf};

/// A vault from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedVault {
    /// What its slot file says.
    pub header: VaultHeader,
    /// Files in the spool: one for each process that recorded while the vault was locked.
    pub spool_files: u64,
    /// Their octets.
    pub spool_octets: u64,
    /// Backups of it that there are, where the policy keeps them.
    pub backups: u64,
}

impl Place {
    /// Looks at the vault without opening it.
    pub async fn closed_vault(&self) -> Result<ClosedVault, StartError> {
        let vault = self.vault();
        let VaultPresence::Present(header) = vault.presence().await? else {
            return Err(StoreFault::Missing.into());
        };
        let Answer::Backups(backups) = vault.read(Query::Backups).await? else {
            return Err(StoreFault::another_answer().into());
        };
        let folder = self.folders().vault(self.source());
        let spool = entries(&folder.join("spool"));
        let spooled = || spool.iter().filter(|path| path.extension().is_some_and(|ending| ending == "spool"));
        let octets = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
        Ok(ClosedVault {
            header,
            spool_files: spooled().count() as u64,
            spool_octets: spooled().map(octets).sum(),
            backups: backups.len() as u64,
        })
    }
}

/// What lies in a folder; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}
