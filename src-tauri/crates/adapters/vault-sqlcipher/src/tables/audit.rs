//! Who did what, in the order in which it was committed, each entry chained to the one before it.
//! Not here: which acts are noted, which the console decides; what is hashed, and following the chain (`chain`).
use super::{Migration, audit_checkpoint, limit, meta, row, rows};
use crate::chain::{self, Columns, ENTRIES_A_CHECKPOINT};
use crate::fault::Fault;
use crate::tables::digest::{self, AUDIT};
use bedside_console::{AuditAction, AuditEntry, AuditOrigin, AuditOutcome, ClinicianId, Purpose, Role};
use bedside_vitals::{BootTime, DeviceId, PatientId, WallTime};
use rusqlite::{Connection, Row, params};
use std::time::Duration;

// The triggers are a bump in the road for whoever edits by mistake; what holds is the chain.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "CREATE TABLE audit (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    patient BLOB,
    device BLOB
) STRICT;",
    },
    Migration {
        to: 3,
        sql: "ALTER TABLE audit RENAME TO audit_unchained;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    boot_ns INTEGER,
    boot_id TEXT,
    run BLOB,
    version TEXT,
    actor BLOB,
    roles TEXT NOT NULL,
    action TEXT NOT NULL,
    patient BLOB,
    device BLOB,
    clinician BLOB,
    records INTEGER,
    purpose TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX audit_of_patient ON audit (patient) WHERE patient IS NOT NULL;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never removed'); END;",
    },
];

const COLUMNS: &str = "seq, at, boot_ns, boot_id, run, version, actor, roles, action, patient, device, clinician,
    records, purpose, outcome, reason";

/// Brings the entries of the formats before 3 into the chain, as they are: nobody was signed in then.
pub(crate) fn bring_forward(db: &Connection) -> Result<(), Fault> {
    let sql = "SELECT at, action, patient, device FROM audit_unchained ORDER BY place";
    let before = rows(db, sql, [], |row| {
        Ok(Columns {
            seq: 0,
            at: row.get(0)?,
            boot_ns: None,
            boot_id: None,
            run: None,
            version: None,
            actor: None,
            roles: String::new(),
            action: row.get(1)?,
            patient: row.get(2)?,
            device: row.get(3)?,
            clinician: None,
            count: None,
            purpose: Purpose::Treatment.code().into(),
            outcome: AuditOutcome::Success.name().into(),
            reason: None,
        })
    })?;
    before.into_iter().try_for_each(|columns| chain_in(db, columns).map(drop))?;
    Ok(db.execute_batch("DROP TABLE audit_unchained")?)
}

/// Adds an entry behind all others.
pub(crate) fn add(db: &Connection, entry: &AuditEntry) -> Result<(), Fault> {
    let nanos = |boot: BootTime| i64::try_from(boot.0.as_nanos()).unwrap_or(i64::MAX);
    let (seq, hash) = chain_in(
        db,
        Columns {
            seq: 0,
            at: entry.at.0,
            boot_ns: entry.origin.boot.map(nanos),
            boot_id: entry.origin.boot_id.clone(),
            run: entry.origin.run,
            version: entry.origin.version.clone(),
            actor: entry.actor.map(|id| id.0),
            roles: entry.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(","),
            action: entry.action.name().into(),
            patient: entry.patient.map(|id| id.0),
            device: entry.device.map(|id| id.0),
            clinician: entry.clinician.map(|id| id.0),
            count: entry.count,
            purpose: entry.purpose.code().into(),
            outcome: entry.outcome.name().into(),
            reason: entry.reason.as_deref().map(|reason| reason.chars().take(MOST_REASON).collect()),
        },
    )?;
    if seq.is_multiple_of(ENTRIES_A_CHECKPOINT) {
        audit_checkpoint::put(db, meta::vault(db)?, seq, &hash)?;
    }
    Ok(())
}

/// Characters of a reason.
const MOST_REASON: usize = 200;

/// Signs the last entry, where it is not signed: at a lock and at the end.
pub(crate) fn sign_head(db: &Connection) -> Result<(), Fault> {
    let Some((seq, hash)) = head(db)? else { return Ok(()) };
    audit_checkpoint::put(db, meta::vault(db)?, seq, &hash)
}

/// Signs what was chained before there was a key.
pub(crate) fn sign_all(db: &Connection) -> Result<(), Fault> {
    let sql = "SELECT seq, hash FROM audit WHERE seq % ? = 0 ORDER BY seq";
    let every = rows(db, sql, [ENTRIES_A_CHECKPOINT], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let vault = meta::vault(db)?;
    every.iter().try_for_each(|(seq, hash)| audit_checkpoint::put(db, vault, *seq, hash))?;
    sign_head(db)
}

/// The last entry's place and hash.
pub(crate) fn head(db: &Connection) -> Result<Option<(u64, [u8; 32])>, Fault> {
    row(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The hash of the entry at a place.
pub(crate) fn hash_at(db: &Connection, seq: u64) -> Result<Option<[u8; 32]>, Fault> {
    row(db, "SELECT hash FROM audit WHERE seq = ?", [seq], |row| Ok(row.get(0)?))
}

/// The last entries, of a patient or all, newest first.
pub(crate) fn newest(db: &Connection, patient: Option<PatientId>, most: usize) -> Result<Vec<AuditEntry>, Fault> {
    let which = if patient.is_some() { "patient = ?1" } else { "?1 IS NULL" };
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {which} ORDER BY seq DESC LIMIT ?2");
    rows(db, &sql, params![patient.map(|id| id.0), limit(most)], |row| entry_of(columns_of(row)?))
}

/// The first entries behind a place, oldest first.
pub(crate) fn behind(db: &Connection, seq: u64, most: usize) -> Result<Vec<AuditEntry>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?");
    rows(db, &sql, params![seq, limit(most)], |row| entry_of(columns_of(row)?))
}

/// The entry at a place.
pub(crate) fn at(db: &Connection, seq: u64) -> Result<Option<AuditEntry>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq = ?");
    row(db, &sql, [seq], |row| entry_of(columns_of(row)?))
}

/// A row as the chain sees it.
pub(crate) struct ChainRow {
    pub(crate) prev: [u8; 32],
    pub(crate) hash: [u8; 32],
    /// `None` when a column holds what no version writes.
    pub(crate) columns: Option<Columns>,
    /// The keyed digest of the entry as it is.
    pub(crate) digest: [u8; 32],
    /// Whether that is the one which was written with the entry.
    pub(crate) digest_fits: bool,
}

/// Every entry behind a place in order, until `each` says `false`. Behind 0 are all, also such as have no right place.
pub(crate) fn each(
    db: &Connection,
    behind: u64,
    mut each: impl FnMut(ChainRow) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let digest = digest::expression(db, AUDIT)?;
    let sql = format!(
        "SELECT {COLUMNS}, prev, hash, {digest},
            (SELECT mac FROM row_digest WHERE name = '{AUDIT}' AND row = +audit.seq)
         FROM audit NOT INDEXED WHERE seq >= ? ORDER BY seq"
    );
    let mut statement = db.prepare(&sql)?;
    let first = if behind == 0 { i64::MIN } else { i64::try_from(behind + 1).unwrap_or(i64::MAX) };
    let mut found = statement.query([first])?;
    while let Some(row) = found.next()? {
        let digest: [u8; 32] = row.get(18)?;
        let chained = ChainRow {
            prev: row.get(16).unwrap_or_default(),
            hash: row.get(17).unwrap_or_default(),
            columns: columns_of(row).ok(),
            digest,
            digest_fits: row.get::<_, Option<[u8; 32]>>(19).is_ok_and(|written| written == Some(digest)),
        };
        if !each(chained)? {
            break;
        }
    }
    Ok(())
}

fn chain_in(db: &Connection, mut columns: Columns) -> Result<(u64, [u8; 32]), Fault> {
    let (last, before) = match head(db)? {
        Some(head) => head,
        None => (0, chain::genesis(meta::vault(db)?)),
    };
    columns.seq = last + 1;
    let hash = chain::hash(&before, &columns);
    let sql = format!("INSERT INTO audit ({COLUMNS}, prev, hash) VALUES (?{})", ", ?".repeat(17));
    db.prepare_cached(&sql)?.execute(params![
        columns.seq,
        columns.at,
        columns.boot_ns,
        columns.boot_id,
        columns.run,
        columns.version,
        columns.actor,
        columns.roles,
        columns.action,
        columns.patient,
        columns.device,
        columns.clinician,
        columns.count,
        columns.purpose,
        columns.outcome,
        columns.reason,
        before,
        hash,
    ])?;
    Ok((columns.seq, hash))
}

fn columns_of(row: &Row<'_>) -> Result<Columns, Fault> {
    Ok(Columns {
        seq: row.get(0)?,
        at: row.get(1)?,
        boot_ns: row.get(2)?,
        boot_id: row.get(3)?,
        run: row.get(4)?,
        version: row.get(5)?,
        actor: row.get(6)?,
        roles: row.get(7)?,
        action: row.get(8)?,
        patient: row.get(9)?,
        device: row.get(10)?,
        clinician: row.get(11)?,
        count: row.get(12)?,
        purpose: row.get(13)?,
        outcome: row.get(14)?,
        reason: row.get(15)?,
    })
}

fn entry_of(columns: Columns) -> Result<AuditEntry, Fault> {
    let role = |name: &str| Role::from_name(name).ok_or(Fault::Column("audit.roles"));
    let roles = columns.roles.split(',').filter(|name| !name.is_empty()).map(role).collect::<Result<_, _>>()?;
    let boot = |nanos: i64| BootTime(Duration::from_nanos(nanos.cast_unsigned()));
    Ok(AuditEntry {
        seq: columns.seq,
        at: WallTime(columns.at),
        origin: AuditOrigin {
            boot: columns.boot_ns.map(boot),
            boot_id: columns.boot_id,
            run: columns.run,
            version: columns.version,
        },
        action: AuditAction::from_name(&columns.action).ok_or(Fault::Column("audit.action"))?,
        actor: columns.actor.map(ClinicianId),
        roles,
        patient: columns.patient.map(PatientId),
        device: columns.device.map(DeviceId),
        clinician: columns.clinician.map(ClinicianId),
        count: columns.count,
        purpose: Purpose::from_code(&columns.purpose).ok_or(Fault::Column("audit.purpose"))?,
        outcome: AuditOutcome::from_name(&columns.outcome).ok_or(Fault::Column("audit.outcome"))?,
        reason: columns.reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        db
    }

    #[test]
    fn entries_keep_their_order_whatever_the_clock_says() {
        let db = database();
        for (at, action) in (1..=9_i64).rev().zip(AuditAction::ALL.iter().copied()) {
            add(&db, &entry(at, action)).unwrap();
        }
        let wanted: Vec<AuditEntry> = (1..=9_i64)
            .zip(AuditAction::ALL[..9].iter().copied().rev())
            .map(|(at, action)| AuditEntry { seq: 10 - at.unsigned_abs(), ..entry(at, action) })
            .collect();
        assert_eq!(newest(&db, None, 100).unwrap(), wanted);
        assert_eq!(newest(&db, None, 2).unwrap(), wanted[..2]);
    }

    #[test]
    fn an_entry_comes_back_with_everything_it_said() {
        let db = database();
        let full = AuditEntry {
            origin: AuditOrigin {
                boot: Some(BootTime::from_millis(1_234_567)),
                boot_id: Some("a-boot".into()),
                run: Some(Uuid::from_u128(8)),
                version: Some("0.1.0".into()),
            },
            actor: Some(ClinicianId(Uuid::from_u128(9))),
            roles: vec![Role::Nurse, Role::Administrator],
            clinician: Some(ClinicianId(Uuid::from_u128(10))),
            count: Some(17),
            purpose: Purpose::BreakGlass,
            outcome: AuditOutcome::Refused,
            reason: Some("resuscitation".into()),
            ..entry(5, AuditAction::BreakGlassBegun)
        };
        add(&db, &full).unwrap();
        assert_eq!(newest(&db, full.patient, 9).unwrap(), [AuditEntry { seq: 1, ..full }]);
        assert_eq!(newest(&db, Some(PatientId(Uuid::from_u128(6))), 9).unwrap(), []);
    }

    #[test]
    fn an_entry_cannot_be_changed_or_removed_by_a_plain_statement() {
        let db = database();
        add(&db, &entry(1, AuditAction::PatientAdded)).unwrap();
        assert!(db.execute("UPDATE audit SET at = 2", []).is_err());
        assert!(db.execute("DELETE FROM audit", []).is_err());
        assert_eq!(newest(&db, None, 9).unwrap().len(), 1);
    }

    fn entry(at: i64, action: AuditAction) -> AuditEntry {
        let device = (at > 4).then(|| DeviceId(Uuid::from_u128(7)));
        AuditEntry { patient: Some(PatientId(Uuid::from_u128(5))), device, ..AuditEntry::new(WallTime(at), action) }
    }
}
