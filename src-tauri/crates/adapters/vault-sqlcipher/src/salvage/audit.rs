//! Bringing over the audit log: what follows the backup's last entry without a gap as it is, with its signatures; what
//! lies behind a gap as entries of their own, so that the chain is sound and nothing of it is lost.
//! Not here: what is hashed (`chain`).
use super::source::Source;
use crate::fault::Fault;
use crate::tables::{audit, audit_checkpoint, meta};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Brings it over.
pub(crate) fn bring_over(source: &mut Source, target: &Connection) -> Result<(), Fault> {
    let columns = source.columns("audit")?;
    let known = source_columns(target, "audit")?;
    if columns != known {
        // Of a format without a chain: it was brought forward in the backup.
        return Ok(());
    }
    let listed = columns.join(", ");
    let (seq, prev) = (place(&columns, "seq"), place(&columns, "prev"));
    let insert = format!("INSERT INTO audit ({listed}) VALUES (?{})", ", ?".repeat(columns.len() - 1));
    let mut behind_a_gap = Vec::new();
    let mut broken = false;
    source.each("audit", &listed, |_, row| {
        let head = audit::head(target)?;
        let (next, before) = head.map_or((1, None), |(seq, hash)| (seq + 1, Some(hash)));
        let Value::Integer(number) = row[seq] else { return Ok(()) };
        if number.cast_unsigned() < next {
            return Ok(());
        }
        let follows = before.is_none_or(|hash| row[prev] == Value::Blob(hash.to_vec()));
        if !broken && number.cast_unsigned() == next && follows {
            target.prepare_cached(&insert)?.execute(params_from_iter(&row))?;
        } else {
            broken = true;
            behind_a_gap.push(number.cast_unsigned());
        }
        Ok(())
    })?;
    // A signature follows from the secret and the place: with the same secret it is the same one.
    let vault = meta::vault(target)?;
    source.each("audit_checkpoint", "seq, hash", |_, row| {
        if let [Value::Integer(seq), Value::Blob(signed)] = row.as_slice()
            && let Some(hash) = audit::hash_at(target, seq.cast_unsigned())?
            && hash == signed.as_slice()
        {
            audit_checkpoint::put(target, vault, seq.cast_unsigned(), &hash)?;
        }
        Ok(())
    })?;
    for number in behind_a_gap {
        if let Some(entry) = audit::at(source.db(), number).ok().flatten() {
            audit::add(target, &entry)?;
        }
    }
    // What could not be read is noted; the chain needs its signatures all the same.
    audit::sign_all(target)
}

fn source_columns(db: &Connection, table: &str) -> Result<Vec<String>, Fault> {
    let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    crate::tables::rows(db, sql, [table], |row| Ok(row.get(0)?))
}

fn place(columns: &[String], name: &str) -> usize {
    columns.iter().position(|column| column == name).unwrap_or(0)
}
