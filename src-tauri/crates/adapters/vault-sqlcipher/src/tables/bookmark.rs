//! How far the memory of each service of a device is read, so that only new records are asked for.
//! Not here: the records (`reading`, `frame`); a bookmark is written in the commit of the record it tells of.
use super::number::{pack_time, unpack_time};
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_session::{Bookmark, RecordMark};
use bedside_vitals::DeviceId;
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    sql: "CREATE TABLE bookmark (
    device BLOB NOT NULL,
    service BLOB NOT NULL,
    complete_number INTEGER,
    complete_time INTEGER,
    highest_number INTEGER,
    highest_time INTEGER,
    since_complete INTEGER NOT NULL,
    PRIMARY KEY (device, service)
) STRICT;",
}];

/// Moves a bookmark.
pub(crate) fn put(db: &Connection, device: DeviceId, bookmark: &Bookmark) -> Result<(), Fault> {
    let sql = "INSERT INTO bookmark (device, service, complete_number, complete_time, highest_number, highest_time,
            since_complete) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (device, service) DO UPDATE SET complete_number = excluded.complete_number,
            complete_time = excluded.complete_time, highest_number = excluded.highest_number,
            highest_time = excluded.highest_time, since_complete = excluded.since_complete";
    let number = |mark: Option<RecordMark>| mark.map(|mark| mark.number);
    let time = |mark: Option<RecordMark>| mark.and_then(|mark| mark.base_time).map(pack_time);
    db.prepare_cached(sql)?.execute(params![
        device.0,
        bookmark.service,
        number(bookmark.complete),
        time(bookmark.complete),
        number(bookmark.highest),
        time(bookmark.highest),
        bookmark.since_complete,
    ])?;
    Ok(())
}

/// Every bookmark.
pub(crate) fn all(db: &Connection) -> Result<Vec<(DeviceId, Bookmark)>, Fault> {
    let sql = "SELECT device, service, complete_number, complete_time, highest_number, highest_time, since_complete
        FROM bookmark ORDER BY device, service";
    rows(db, sql, [], |row| {
        let bookmark = Bookmark {
            service: row.get(1)?,
            complete: mark(row, 2)?,
            highest: mark(row, 4)?,
            since_complete: row.get(6)?,
        };
        Ok((DeviceId(row.get(0)?), bookmark))
    })
}

fn mark(row: &Row<'_>, at: usize) -> Result<Option<RecordMark>, Fault> {
    let base_time = row.get::<_, Option<i64>>(at + 1)?.map(unpack_time).transpose()?;
    Ok(row.get::<_, Option<u32>>(at)?.map(|number| RecordMark { number, base_time }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::DeviceTime;
    use uuid::Uuid;

    #[test]
    fn a_bookmark_is_replaced_by_the_next_one_of_its_memory() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let base_time = DeviceTime { year: Some(2026), month: Some(3), day: Some(1), hour: 1, minute: 2, second: 3 };
        let mark = |number, base_time| Some(RecordMark { number, base_time });
        let (device, service) = (DeviceId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let first = Bookmark { service, complete: None, highest: mark(40, Some(base_time)), since_complete: 41 };
        let second = Bookmark { complete: mark(56, None), highest: mark(56, None), since_complete: 0, ..first };
        put(&db, device, &first).unwrap();
        assert_eq!(all(&db).unwrap(), [(device, first)]);
        put(&db, device, &second).unwrap();
        assert_eq!(all(&db).unwrap(), [(device, second)]);
    }
}
