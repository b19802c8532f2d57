//! What a program says that may not open the vault: somebody tried and was refused. It has no key and no right to write,
//! only the keyring's device secret, which proves where the record comes from. Not here: who counts the tries (the console).
use crate::state::State;
use bedside_console::ports::{DeviceSecret, StoreFault};
use bedside_console::{AuditEntry, Changes};

impl State {
    /// Appends entries of the audit log to a spool file of this process, for the writer to file.
    ///
    /// # Errors
    /// `Missing` and `NoSlot` where there is nothing to seal to, and what the disk says.
    pub(crate) fn note_outside(&self, audit: &[AuditEntry], secret: &DeviceSecret) -> Result<(), StoreFault> {
        self.vouch(secret)?;
        let changes = Changes { audit: audit.to_vec(), ..Changes::default() };
        self.spool_append(&changes, None).map(drop)
    }
}
