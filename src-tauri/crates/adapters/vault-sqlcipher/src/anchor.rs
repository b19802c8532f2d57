//! The freshness anchor: what is remembered outside of the file, and what the file is against it.
//! Not here: where it is kept (the keyring and the clinic's server, by the console).
use crate::fault::Fault;
use crate::keyed;
use crate::tables::{audit, meta, row};
use bedside_console::ports::VaultId;
use bedside_console::{Anchor, AnchorVerdict};
use bedside_vitals::WallTime;
use rusqlite::Connection;

/// The present anchor. Its time is that of the last entry of the audit log.
pub(crate) fn of(db: &Connection) -> Result<Anchor, Fault> {
    let (audit_seq, audit_head) = audit::head(db)?.unwrap_or_default();
    let at = row(db, "SELECT at FROM audit WHERE seq = ?", [audit_seq], |row| Ok(row.get(0)?))?;
    Ok(Anchor {
        vault: VaultId(meta::vault(db)?),
        generation: meta::generation(db)?,
        audit_seq,
        audit_head,
        at: WallTime(at.unwrap_or_default()),
        public_key: keyed::public_key(db)?,
    })
}

/// What the vault is against an anchor. Looks at one entry only: the chain behind it is followed by `chain::verify`.
pub(crate) fn compare(db: &Connection, anchor: &Anchor) -> Result<AnchorVerdict, Fault> {
    let present = of(db)?;
    if present.vault != anchor.vault || present.public_key != anchor.public_key {
        return Ok(AnchorVerdict::OtherKey);
    }
    if present.generation < anchor.generation {
        return Ok(AnchorVerdict::Older { missing_commits: anchor.generation - present.generation });
    }
    Ok(match audit::hash_at(db, anchor.audit_seq)? {
        None if anchor.audit_seq > 0 => AnchorVerdict::Truncated,
        Some(hash) if hash != anchor.audit_head => AnchorVerdict::OtherHistory,
        None | Some(_) => AnchorVerdict::Fresh,
    })
}
