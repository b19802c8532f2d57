//! Tables that nearly every commit of a recording writes: their digests are counted by the statements below, not by
//! triggers. SQLite gives a statement that fires a trigger a journal of its own in memory, row for row: of a hundred
//! samples that is a third of the commit. Not here: all other tables (`digest::watch`).
//!
//! A change that is not counted is found before its transaction ends (`Tally::guard`).
use crate::fault::Fault;
use rusqlite::Connection;

/// A table whose rows are counted by hand.
#[derive(Debug)]
pub(crate) struct ByHand {
    pub(crate) name: &'static str,
    /// All columns in their order; a test compares.
    #[cfg(test)]
    columns: &'static str,
    came: &'static str,
    went: &'static str,
}

macro_rules! by_hand {
    ($name:literal, $columns:literal) => {
        ByHand {
            name: $name,
            #[cfg(test)]
            columns: $columns,
            came: concat!("SELECT digest_in('", $name, "', ", $columns, ") FROM ", $name, " WHERE id = ?"),
            went: concat!("SELECT digest_out('", $name, "', ", $columns, ") FROM ", $name, " WHERE id = ?"),
        }
    };
}

pub(crate) const FRAME: ByHand = by_hand!("frame", "id, stream, place, received, octets, rejection");
pub(crate) const FRAME_STREAM: ByHand =
    by_hand!("frame_stream", "id, connection, characteristic, device, frames, rejected");
pub(crate) const SERIES: ByHand =
    by_hand!("series", "id, series, device, patient, parameter, unit, exponent, hertz, samples, last_at, last_step");
pub(crate) const TAIL: ByHand = by_hand!("tail", "id, series, start, last, octets");

/// All of them.
pub(crate) const ALL: [ByHand; 4] = [FRAME, FRAME_STREAM, SERIES, TAIL];

impl ByHand {
    /// A row came.
    pub(crate) fn came(&self, db: &Connection, id: i64) -> Result<(), Fault> {
        count(db, self.came, id)
    }

    /// Changes or removes the row with this id, if there is one.
    pub(crate) fn change(
        &self,
        db: &Connection,
        id: i64,
        change: impl FnOnce() -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        count(db, self.went, id)?;
        change()?;
        count(db, self.came, id)
    }
}

fn count(db: &Connection, sql: &str, id: i64) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query([id])?;
    while found.next()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{migrate, rows};

    #[test]
    fn every_column_is_counted_in_its_order() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for table in ALL {
            let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
            let all = rows(&db, sql, [table.name], |row| Ok(row.get::<_, String>(0)?)).unwrap();
            assert_eq!(table.columns, all.join(", "), "{}", table.name);
        }
    }
}
