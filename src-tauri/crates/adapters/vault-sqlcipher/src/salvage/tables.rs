//! Bringing over the tables whose rows stand for themselves: each by its key, whatever later versions add to it.
//! Not here: streams of values and frames, which are packed, and the audit log, which is a chain.
use super::source::Source;
use crate::fault::Fault;
use crate::tables::rows;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// What is not brought over, or not here.
const NOT_HERE: [&str; 20] = [
    // What the target knows of itself.
    "meta",
    "digest",
    "row_digest",
    "record_key",
    // Last of all, and only beside everything else.
    "spool_filed",
    // Asked of the devices once more.
    "bookmark",
    // Asked of the clinic's server once more, and learned again.
    "download_cursor",
    "server_traits",
    // Of the present state, not of the record.
    "interruption",
    "interrupted_device",
    // An old one ends the sign-in that it belongs to; whoever needs one signs in again.
    "server_token",
    // Chained.
    "audit",
    "audit_unchained",
    "audit_checkpoint",
    // Packed.
    "series",
    "tail",
    "chunk",
    "frame",
    "frame_stream",
    "frame_chunk",
];

/// Of these a row that is there is left as it is.
const NEVER_CHANGED: [&str; 2] = ["reading", "reading_version"];

/// One table of the target.
struct Table {
    name: String,
    /// What is copied: all but the row's number, in an order of our own.
    columns: Vec<String>,
    /// What names a row; empty = nothing but all of it.
    key: Vec<String>,
}

/// Brings them over; how many readings were added.
pub(crate) fn bring_over(source: &mut Source, target: &Connection) -> Result<u64, Fault> {
    let mut readings = 0;
    let sql = "SELECT name, coalesce(sql, '') LIKE '%WITHOUT ROWID%' FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    for (name, without_row_ids) in rows(target, sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?
    {
        if without_row_ids || NOT_HERE.contains(&name.as_str()) {
            continue;
        }
        let there = source.columns(&name)?;
        if let Some(table) = describe(target, name, &there)? {
            let fits = source.fits(&table.name)?;
            let before = source.unreadable.len();
            let added = copy(source, target, &table, fits)?;
            if !fits && source.unreadable.len() == before {
                // Every page can be read, and yet it is not what was written.
                source.note(&table.name, 0, None);
            }
            if table.name == "reading" {
                readings = added;
            }
        }
    }
    Ok(readings)
}

fn describe(target: &Connection, name: String, there: &[String]) -> Result<Option<Table>, Fault> {
    let sql = "SELECT name, pk, type FROM pragma_table_info(?) ORDER BY cid";
    let all = rows(target, sql, [&name], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    })?;
    let sql = "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND NOT partial ORDER BY origin = 'pk' DESC, seq";
    let index: Option<String> = rows(target, sql, [&name], |row| Ok(row.get(0)?))?.into_iter().next();
    let key = match index {
        Some(index) => {
            rows(target, "SELECT name FROM pragma_index_info(?) ORDER BY seqno", [index], |row| Ok(row.get(0)?))?
        }
        None => Vec::new(),
    };
    let is_number = |(_, pk, kind): &&(String, i64, String)| *pk == 1 && kind == "INTEGER";
    let number = all.iter().find(is_number).filter(|(name, _, _)| !key.contains(name));
    // A table of one row is about the vault, not part of its record.
    if number.is_some_and(|(name, _, _)| name == "only") {
        return Ok(None);
    }
    let columns: Vec<String> = all
        .iter()
        .filter(|column| Some(*column) != number)
        .map(|(name, _, _)| name.clone())
        .filter(|column| there.contains(column))
        .collect();
    let complete = key.iter().all(|column| columns.contains(column));
    Ok((complete && !columns.is_empty()).then_some(Table { name, columns, key }))
}

/// Adds what is missing; what is there is changed only where the table is known to be what was written.
fn copy(source: &mut Source, target: &Connection, table: &Table, fits: bool) -> Result<u64, Fault> {
    let Table { name, columns, key } = table;
    let key = if key.is_empty() { columns } else { key };
    let place = |column: &String| columns.iter().position(|known| known == column).map_or(0, |place| place + 1);
    let equal = |column: &String| format!("\"{column}\" IS ?{}", place(column));
    let listed = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let same = key.iter().map(equal).collect::<Vec<_>>().join(" AND ");
    let marks = (1..=columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let insert = format!(
        "INSERT INTO \"{name}\" ({listed}) SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM \"{name}\" WHERE {same})"
    );
    let others: Vec<&String> = columns.iter().filter(|column| !key.contains(column)).collect();
    let update = (fits && !others.is_empty() && !NEVER_CHANGED.contains(&name.as_str())).then(|| {
        let set = others.iter().map(|column| format!("\"{column}\" = ?{}", place(column))).collect::<Vec<_>>();
        let differs = others.iter().map(|column| format!("\"{column}\" IS NOT ?{}", place(column))).collect::<Vec<_>>();
        format!("UPDATE \"{name}\" SET {} WHERE {same} AND ({})", set.join(", "), differs.join(" OR "))
    });
    let assign = "UPDATE reading SET patient = ?2 WHERE id = ?1 AND patient IS NULL AND ?2 IS NOT NULL";
    let (id, patient) = (place(&"id".to_owned()), place(&"patient".to_owned()));
    let mut added = 0;
    source.each(name, &listed, |_, row: Vec<Value>| {
        let inserted = target.prepare_cached(&insert)?.execute(params_from_iter(&row))?;
        added += inserted as u64;
        if inserted == 0 {
            if let Some(update) = &update {
                target.prepare_cached(update)?.execute(params_from_iter(&row))?;
            } else if fits && name == "reading" && id > 0 && patient > 0 {
                target.prepare_cached(assign)?.execute([&row[id - 1], &row[patient - 1]])?;
            }
        }
        Ok(())
    })?;
    Ok(added)
}
