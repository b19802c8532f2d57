//! What a damaged database holds beyond a backup of it: read table by table, around the pages that cannot be read, and
//! brought over. Not here: where the files go (`restore`).
//!
//! What is missing in the backup is added, and what was changed since is changed, where a table fits its digest. In one
//! that does not, an old page may lie among new ones: of it only what is missing is added. Not brought over are bookmarks
//! of devices' memories, so that a device gives once more what the damage took.
mod audit;
mod source;
mod spool;
mod streams;
mod tables;

use crate::fault::Fault;
use crate::keyed::RecordSecret;
use crate::slots::DatabaseKey;
use crate::tables::{digest, meta};
use bedside_console::UnreadableRows;
use bedside_console::ports::{StoreFault, VaultId};
use rusqlite::{Connection, TransactionBehavior};
use source::Source;
use std::path::Path;

#[cfg(test)]
mod tests;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Salvaged {
    /// Readings that the backup had not.
    pub(crate) readings: u64,
    /// What could not be read.
    pub(crate) unreadable: Vec<UnreadableRows>,
    /// Commits in the damaged file; `None` when even that could not be read.
    pub(crate) generation: Option<u64>,
    /// Changes of the slot file that the damaged file knows of.
    pub(crate) slot_counter: u64,
}

impl Salvaged {
    /// Commits after the backup of which something may be missing; 1 stands for at least one where nobody knows.
    pub(crate) fn missing_commits(&self, backup: u64) -> u64 {
        let since = self.generation.unwrap_or(backup).saturating_sub(backup);
        if self.unreadable.is_empty() { 0 } else { since.max(1) }
    }

    fn nothing() -> Self {
        Self { unreadable: vec![UnreadableRows { table: "vault.db".into(), first: 0, last: None }], ..Self::default() }
    }
}

/// The secret behind the digests of a damaged file, where it can be read.
pub(crate) fn record_secret(damaged: &Path, keys: &[(VaultId, DatabaseKey)], vault: VaultId) -> Option<RecordSecret> {
    open(damaged, keys, vault)?.record_secret()
}

/// Brings everything readable over that the target has not, in one transaction. A file that cannot be opened at all is
/// no fault: then the backup is what there is.
pub(crate) fn bring_over(
    damaged: &Path,
    keys: &[(VaultId, DatabaseKey)],
    vault: VaultId,
    target: &mut Connection,
) -> Result<Salvaged, StoreFault> {
    let Some(mut source) = open(damaged, keys, vault) else { return Ok(Salvaged::nothing()) };
    let mut work = || -> Result<Salvaged, Fault> {
        let all = target.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let backup = meta::generation(&all)?;
        let generation = meta::generation(source.db()).ok();
        let readings = tables::bring_over(&mut source, &all)?;
        streams::bring_over(&mut source, &all)?;
        audit::bring_over(&mut source, &all)?;
        spool::bring_over(&mut source, &all)?;
        let slot_counter = meta::slot_counter(source.db()).unwrap_or_default();
        let unreadable = std::mem::take(&mut source.unreadable);
        let salvaged = Salvaged { readings, unreadable, generation, slot_counter };
        // A whole record goes on where it was; one with a gap says by its number that commits are missing.
        let whole = generation.filter(|_| salvaged.unreadable.is_empty()).unwrap_or(backup);
        meta::continue_from(&all, whole.max(backup))?;
        digest::commit(all)?;
        Ok(salvaged)
    };
    work().map_err(StoreFault::from)
}

fn open(damaged: &Path, keys: &[(VaultId, DatabaseKey)], vault: VaultId) -> Option<Source> {
    let open = |key: &DatabaseKey| {
        let source = Source::open(damaged, key).ok()?;
        // Another vault's rows are not wanted.
        meta::verify(source.db(), vault).ok()?;
        Some(source)
    };
    keys.iter().find_map(|(_, key)| open(key))
}
