//! Bringing over how far each spool file is filed: where everything else came over, so that no batch is filed twice.
//! Not here: spool files.
use super::source::Source;
use crate::fault::Fault;
use crate::tables::{meta, spool_filed};
use bedside_console::{SpoolPlace, UnreadableRows};
use rusqlite::Connection;
use rusqlite::types::Value;
use uuid::Uuid;

const TABLE: &str = "spool_filed";

/// Brings it over, unless something could not be read: a batch that is still there may hold just that, so it is filed once
/// more, and the report says that its samples and its entries of the audit log may be there twice.
pub(crate) fn bring_over(source: &mut Source, target: &Connection) -> Result<(), Fault> {
    if source.columns(TABLE)?.is_empty() {
        return Ok(());
    }
    let mut places = Vec::new();
    source.each(TABLE, "file, up_to", |_, row| {
        if let [Value::Blob(file), Value::Integer(end)] = row.as_slice()
            && let Ok(file) = Uuid::from_slice(file)
        {
            places.push(SpoolPlace { file, end: end.cast_unsigned() });
        }
        Ok(())
    })?;
    if source.unreadable.is_empty() {
        // The last commit itself may wait in the spool as one that failed.
        let last = meta::last_commit(source.db()).ok().flatten();
        places.extend(last.map(|file| SpoolPlace { file, end: 0 }));
        return places.iter().try_for_each(|place| spool_filed::put(target, place));
    }
    if !places.is_empty() {
        source.unreadable.push(UnreadableRows { table: TABLE.into(), first: 0, last: None });
    }
    Ok(())
}
