//! Runs of the program with this vault open for writing, with their last life sign.
//! Not here: what follows from a run that did not end as it should; the console decides that at its start.
use super::{Migration, row};
use crate::fault::Fault;
use bedside_console::Run;
use bedside_vitals::WallTime;
use rusqlite::{Connection, params};
use uuid::Uuid;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE run (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    started INTEGER NOT NULL,
    last_alive INTEGER NOT NULL,
    recording INTEGER NOT NULL,
    ended INTEGER NOT NULL
) STRICT;",
    },
    Migration { to: 3, sql: "ALTER TABLE run ADD COLUMN policy BLOB;" },
];

/// Begins a run or renews its life sign.
pub(crate) fn put(db: &Connection, run: &Run) -> Result<(), Fault> {
    let sql = "INSERT INTO run (id, started, last_alive, recording, ended, policy) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET started = excluded.started, last_alive = excluded.last_alive,
            recording = excluded.recording, ended = excluded.ended,
            policy = excluded.policy";
    let values = params![run.id, run.started.0, run.last_alive.0, run.recording, run.ended, run.policy];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The latest run but `present`; in the order of their first commits, since a wall clock may go back.
pub(crate) fn last_before(db: &Connection, present: Option<Uuid>) -> Result<Option<Run>, Fault> {
    let sql = "SELECT id, started, last_alive, recording, ended, policy FROM run WHERE id IS NOT ? ORDER BY place DESC LIMIT 1";
    row(db, sql, [present], |row| {
        Ok(Run {
            id: row.get(0)?,
            started: WallTime(row.get(1)?),
            last_alive: WallTime(row.get(2)?),
            recording: row.get(3)?,
            ended: row.get(4)?,
            policy: row.get(5)?,
        })
    })
}
