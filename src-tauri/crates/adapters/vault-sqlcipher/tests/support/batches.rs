//! A record that is known in advance: batch `n` is always the same, so a vault that holds `count` batches is known to
//! the last value. Not here: how batches get lost.
use super::*;
use bedside_console::VaultStatus;

const EVERY_ROW: [RowState; 5] =
    [RowState::Waiting, RowState::Sending, RowState::Accepted, RowState::Refused, RowState::Held];

/// Who and what the batches are about: the first commit of a vault.
pub fn people() -> Changes {
    Changes {
        patients: vec![patient()],
        devices: vec![device()],
        connections: vec![connection()],
        bindings: vec![binding(5, None)],
        ..Changes::default()
    }
}

/// The batch of this number, from 0: a reading, a raw frame, a sample, an act in the audit log, and sometimes a record
/// for the server.
pub fn batch(n: u32) -> Changes {
    let at = T0 + i64::from(n) * 1000;
    Changes {
        readings: vec![reading(n, at, Some(PATIENT))],
        frames: vec![frame(u64::from(n), None)],
        samples: vec![heart_rate(at, [rate(n)])],
        audit: vec![act(n)],
        outbox: row_of(n).into_iter().collect(),
        ..Changes::default()
    }
}

/// A vault in `folder` that holds the people and `count` batches, open.
pub async fn vault_of(folder: &Path, count: u32) -> Vault {
    let vault = new_vault(folder).await;
    vault.commit(people()).await.unwrap();
    for n in 0..count {
        vault.commit(batch(n)).await.unwrap();
    }
    vault
}

pub async fn status(vault: &Vault) -> VaultStatus {
    match read(vault, Query::VaultStatus).await {
        Answer::VaultStatus(status) => status,
        other => panic!("expected a status, got {other:?}"),
    }
}

/// How many batches the vault holds; panics unless it holds the first ones without a gap, each exactly once, and
/// nothing else.
pub async fn batches_in(vault: &Vault, of: &str) -> u32 {
    let count = u32::try_from(status(vault).await.readings).unwrap();
    let all = record_of(vault).await.unwrap_or_else(|fault| panic!("{of}: {fault}"));
    assert_eq!(all.wrong(count), None, "{of}: {count} batches");
    count
}

/// Everything that batches put into a vault.
pub struct Record {
    readings: Vec<StoredReading>,
    samples: Vec<StoredSamples>,
    frames: Vec<RawFrame>,
    rows: Vec<OutboxRow>,
    acts: Vec<WallTime>,
    people: (Vec<Patient>, Vec<DeviceDescription>),
}

/// Reads it all.
///
/// # Errors
/// The first that the vault answers.
pub async fn record_of(vault: &Vault) -> Result<Record, StoreFault> {
    let every_row = Query::OutboxRows { states: EVERY_ROW.to_vec(), limit: usize::MAX };
    let readings = Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX };
    let frames = Query::Frames { device: None, rejected_only: false, limit: usize::MAX };
    let Answer::Patients(patients) = vault.read(Query::Patients).await? else { panic!("no patients") };
    let Answer::Devices(devices) = vault.read(Query::Devices).await? else { panic!("no devices") };
    let Answer::Readings(mut readings) = vault.read(readings).await? else { panic!("no readings") };
    let Answer::Samples(samples) = vault.read(Query::Samples { patient: None, since: None, until: None }).await? else {
        panic!("no samples")
    };
    let Answer::Frames(frames) = vault.read(frames).await? else { panic!("no frames") };
    let Answer::OutboxRows(rows) = vault.read(every_row).await? else { panic!("no rows") };
    let Answer::Audit(audit) = vault.read(Query::Audit { patient: None, limit: usize::MAX }).await? else {
        panic!("no audit log")
    };
    readings.reverse();
    let mut acts: Vec<_> = audit.iter().filter(|entry| entry.action == act(0).action).map(|entry| entry.at).collect();
    // What waited in the spool has its entry behind later ones.
    acts.sort();
    Ok(Record { readings, samples, frames, rows, acts, people: (patients, devices) })
}

impl Record {
    /// What is not as the first `count` batches left it; `None` when all is.
    pub fn wrong(&self, count: u32) -> Option<&'static str> {
        let samples: Vec<_> = (count > 0).then(|| heart_rate(T0, (0..count).map(rate))).into_iter().collect();
        let readings = (0..count).map(|n| reading(n, T0 + i64::from(n) * 1000, Some(PATIENT)));
        [
            ("people", self.people == (vec![patient()], vec![device()])),
            ("readings", self.readings.iter().cloned().eq(readings)),
            ("samples", self.samples == samples),
            ("frames", self.frames.iter().cloned().eq((0..count).map(|n| frame(u64::from(n), None)))),
            ("records for the server", self.rows.iter().cloned().eq((0..count).filter_map(row_of))),
            ("acts", self.acts.iter().copied().eq((0..count).map(|n| act(n).at))),
        ]
        .into_iter()
        .find_map(|(what, is_right)| (!is_right).then_some(what))
    }
}

fn rate(n: u32) -> i32 {
    70 + (n % 20) as i32
}

fn act(n: u32) -> AuditEntry {
    let at = WallTime(T0 + i64::from(n) * 1000);
    AuditEntry { patient: Some(PATIENT), ..AuditEntry::new(at, AuditAction::PatientAdded) }
}

fn row_of(n: u32) -> Option<OutboxRow> {
    n.is_multiple_of(3).then(|| outbox_row(5000 + u128::from(n), RowState::Waiting, T0 + i64::from(n)))
}
