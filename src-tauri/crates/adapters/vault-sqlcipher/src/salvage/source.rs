//! Reading a database whose pages may be damaged: what can be read is read, what cannot is noted.
//! Not here: what is done with the rows.
use crate::cipher::{self, Use};
use crate::damage::is_grave;
use crate::fault::Fault;
use crate::keyed::{self, RecordSecret};
use crate::slots::DatabaseKey;
use crate::tables::{self, digest, record_key};
use bedside_console::UnreadableRows;
use rusqlite::types::Value;
use rusqlite::{Connection, Params};
use std::path::{Path, PathBuf};

/// Rows that are read at once.
const ROWS: i64 = 512;
/// No table of ours has so many rows, and no time of ours is so late (the year 2109 in milliseconds).
const END: i64 = 1 << 42;

/// The damaged file.
pub(crate) struct Source {
    file: PathBuf,
    key: DatabaseKey,
    db: Connection,
    /// What could not be read.
    pub(crate) unreadable: Vec<UnreadableRows>,
}

type Found = Vec<Vec<Value>>;

impl Source {
    pub(crate) fn open(file: &Path, key: &DatabaseKey) -> Result<Self, Fault> {
        let db = cipher::open(file, key, Use::Reading)?;
        Ok(Self { file: file.to_owned(), key: key.clone(), db, unreadable: Vec::new() })
    }

    /// A connection, for what does not mind to fail.
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }

    /// The columns of a table, in the file's order; none when there is no such table.
    pub(crate) fn columns(&mut self, table: &str) -> Result<Vec<String>, Fault> {
        let sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
        crate::tables::rows(&self.db, sql, [table], |row| Ok(row.get(0)?))
    }

    /// Every readable row of a table with row ids, in their order: the id and the columns.
    pub(crate) fn each(
        &mut self,
        table: &str,
        columns: &str,
        mut take: impl FnMut(i64, Vec<Value>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let sql =
            format!("SELECT rowid, {columns} FROM \"{table}\" NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT ?");
        let (mut from, mut most) = (0, ROWS);
        loop {
            match self.read(&sql, [from, most])? {
                Some(found) => {
                    let more = found.len() as i64 == most;
                    for mut row in found {
                        let Value::Integer(id) = row.remove(0) else { return Err(Fault::Column("rowid")) };
                        from = id + 1;
                        take(id, row)?;
                    }
                    most = ROWS;
                    if !more {
                        return Ok(());
                    }
                }
                None if most > 1 => most = (most / 8).max(1),
                None => {
                    let next = self.next_readable(&sql, from)?;
                    self.note(table, from, next.map(|next| next - 1));
                    match next {
                        Some(next) => from = next,
                        None => return Ok(()),
                    }
                }
            }
        }
    }

    /// Every readable row of the part of a table without row ids that `which` says, by an integer column. Where the whole
    /// cannot be read, key by key: of each that is there, all its rows.
    pub(crate) fn by_key(&mut self, table: &str, columns: &str, which: &str, key: &str) -> Result<Found, Fault> {
        let all =
            format!("SELECT {columns} FROM \"{table}\" WHERE {which} AND {key} >= ?1 AND {key} < ?2 ORDER BY {key}");
        if let Some(found) = self.read(&all, [0, END])? {
            return Ok(found);
        }
        let next = format!("SELECT {key} FROM \"{table}\" WHERE {which} AND {key} >= ?1 ORDER BY {key} LIMIT ?2");
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            match self.read(&next, [from, 1])? {
                Some(keys) => {
                    let Some(Value::Integer(at)) = keys.first().and_then(|row| row.first()) else { return Ok(found) };
                    match self.read(&all, [*at, at + 1])? {
                        Some(rows) => found.extend(rows),
                        None => self.note(table, *at, Some(*at)),
                    }
                    from = at + 1;
                }
                None => {
                    let readable = self.next_readable(&next, from)?;
                    self.note(table, from, readable.map(|at| at - 1));
                    match readable {
                        Some(at) => from = at,
                        None => return Ok(found),
                    }
                }
            }
        }
    }

    /// Whether a table holds exactly what the commits counted. Formats before 3 did not count: there it is believed.
    pub(crate) fn fits(&mut self, table: &str) -> Result<bool, Fault> {
        let fits = || -> Result<bool, Fault> {
            if tables::format(&self.db)? < tables::DIGESTED {
                return Ok(true);
            }
            keyed::equip(&self.db, &self.key)?;
            digest::fits(&self.db, table)
        };
        match fits() {
            Ok(fits) => Ok(fits),
            Err(_) => {
                self.db = cipher::open(&self.file, &self.key, Use::Reading)?;
                Ok(false)
            }
        }
    }

    /// The secret behind the digests.
    pub(crate) fn record_secret(&self) -> Option<RecordSecret> {
        record_key::open(&self.db, &self.key).ok()
    }

    /// Notes what could not be read; neighbours become one stretch.
    pub(crate) fn note(&mut self, table: &str, first: i64, last: Option<i64>) {
        let table = table.to_owned();
        match self.unreadable.last_mut() {
            Some(before) if before.table == table && before.last == Some(first - 1) => before.last = last,
            _ => {
                let rows = UnreadableRows { table, first, last };
                if !self.unreadable.contains(&rows) {
                    self.unreadable.push(rows);
                }
            }
        }
    }

    /// The first row after `from` that can be read; `None` when there is none.
    fn next_readable(&mut self, sql: &str, from: i64) -> Result<Option<i64>, Fault> {
        let (mut unreadable, mut step) = (from, 1);
        let mut readable = loop {
            let at = from + step;
            match self.read(sql, [at, 1])? {
                Some(_) => break at,
                None if step > END => return Ok(None),
                None => (unreadable, step) = (at, step * 2),
            }
        };
        while readable - unreadable > 1 {
            let middle = unreadable + (readable - unreadable) / 2;
            match self.read(sql, [middle, 1])? {
                Some(_) => readable = middle,
                None => unreadable = middle,
            }
        }
        let found = self.read(sql, [readable, 1])?;
        Ok(found.and_then(|found| match found.first()?.first()? {
            Value::Integer(id) => Some(*id),
            _ => None,
        }))
    }

    /// The rows of a statement; `None` when a page of it cannot be read. The connection is then a new one: the old one
    /// would repeat its error for ever.
    fn read(&mut self, sql: &str, params: impl Params) -> Result<Option<Found>, Fault> {
        let read = || -> Result<Found, Fault> {
            let mut statement = self.db.prepare(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
            }
            // The last page of what was read may have failed without a word, as zeros: the next page to come tells.
            drop(rows);
            drop(statement);
            self.db.execute_batch("PRAGMA shrink_memory")?;
            self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
            Ok(found)
        };
        match read() {
            Ok(found) => Ok(Some(found)),
            Err(fault) if is_grave(&fault) => {
                self.db = cipher::open(&self.file, &self.key, Use::Reading)?;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}
