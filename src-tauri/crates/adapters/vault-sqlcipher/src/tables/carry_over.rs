//! Digests over a migration of a record that has digests already: what a step changes by itself fits again afterwards, and
//! what did not fit before does not fit after it. Not here: the digests (`digest`), and the steps (`super`).
use super::{digest, record_key};
use crate::fault::Fault;
use rusqlite::{Connection, params};

/// What fitted before a step.
#[derive(Debug)]
pub(crate) struct Carried {
    schema: bool,
    /// Each table, whether its sum fitted, and whether each of its rows did.
    tables: Vec<(String, bool, bool)>,
}

/// Looks before a step whether the digests of the schema and of the tables that it alters fit. `None` where there are no
/// digests yet: they are made after the last step.
pub(crate) fn before(db: &Connection, altered: &[&str]) -> Result<Option<Carried>, Fault> {
    if record_key::is_missing(db)? {
        return Ok(None);
    }
    let fits = |table: &&str| {
        let found = digest::sum_of(db, table)?;
        let sum = digest::of_table(db, table)? == Some((found.rows, found.sum));
        Ok(((*table).to_owned(), sum, found.each_fits))
    };
    let tables = altered.iter().map(fits).collect::<Result<_, Fault>>()?;
    let known = digest::of_table(db, digest::SCHEMA)?.map(|(_, sum)| sum);
    Ok(Some(Carried { schema: known == Some(digest::schema(db)?), tables }))
}

/// Sums anew what the step altered and what it added. In its transaction.
pub(crate) fn after(db: &Connection, carried: &Carried, added: &[&str]) -> Result<(), Fault> {
    for table in added {
        put(db, table, 0, [0; 32])?;
    }
    for (table, fitted, each_fitted) in &carried.tables {
        if *fitted {
            let found = digest::sum_of(db, table)?;
            put(db, table, found.rows, found.sum)?;
        }
        if *fitted && *each_fitted {
            digest::renew_rows(db, table)?;
        }
    }
    if carried.schema { put(db, digest::SCHEMA, 0, digest::schema(db)?) } else { Ok(()) }
}

fn put(db: &Connection, name: &str, rows: u64, sum: [u8; 32]) -> Result<(), Fault> {
    let sql = "INSERT INTO digest (name, rows, sum) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET rows = excluded.rows, sum = excluded.sum";
    db.prepare_cached(sql)?.execute(params![name, rows, sum])?;
    Ok(())
}
