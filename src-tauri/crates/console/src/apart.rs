//! A batch of which the store refuses a record for a reason of its own: halved until the record stands alone, which is set
//! aside in the vault, and everything else is written. Not here: faults of everything, after which the batch waits, and
//! batches of the spool, which the vault divides within one transaction.
use crate::ports::{RecordStore, StoreFault};
use crate::records::{Changes, Receipt, Unwritable};
use bedside_vitals::{ReadingId, WallTime};

/// What became of such a batch.
pub(crate) struct Apart {
    /// What was written, together.
    pub(crate) written: Changes,
    /// The receipts of its parts, together; readings that were set aside count as not written.
    pub(crate) receipt: Receipt,
    /// How many records were set aside.
    pub(crate) set_aside: u64,
    /// What could not be written because everything failed meanwhile, and why.
    pub(crate) left: Option<(Changes, StoreFault)>,
}

/// Commits a batch in as few parts as it takes. What belongs together is never divided: a reading, its rows for the server
/// and its assignment.
pub(crate) async fn commit_apart(store: &dyn RecordStore, all: &Changes, at: WallTime) -> Apart {
    let none = Receipt {
        generation: 0,
        spooled: false,
        already_known: Vec::new(),
        displaced: Vec::new(),
        ignored_rows: Vec::new(),
        set_aside: 0,
    };
    let mut apart = Apart { written: Changes::default(), receipt: none, set_aside: 0, left: None };
    let mut waiting = vec![all.clone().into_single_records()];
    while let Some(mut records) = waiting.pop() {
        let together = joined(&records);
        let result = match store.commit(together.clone()).await {
            Err(StoreFault::Refused(reason)) if records.len() <= 1 => {
                let aside = set_aside(together.clone(), reason, at);
                let result = store.commit(aside).await;
                if result.is_ok() {
                    apart.set_aside += 1;
                    apart.receipt.already_known.extend(together.readings.iter().map(|reading| reading.id));
                }
                result
            }
            Err(StoreFault::Refused(_)) => {
                let later = records.split_off(records.len() / 2);
                waiting.extend([later, records]);
                continue;
            }
            Ok(receipt) => {
                apart.written.append(together.clone());
                Ok(receipt)
            }
            Err(fault) => Err(fault),
        };
        match result {
            Ok(receipt) => add(&mut apart.receipt, receipt),
            Err(fault) => {
                let rest = waiting.into_iter().rev().flatten();
                let left: Vec<Changes> = records.into_iter().chain(rest).collect();
                apart.left = Some((joined(&left), fault));
                return apart;
            }
        }
    }
    apart
}

fn add(all: &mut Receipt, one: Receipt) {
    all.generation = all.generation.max(one.generation);
    all.spooled = one.spooled;
    all.already_known.extend(one.already_known);
    all.displaced.extend(one.displaced);
    all.ignored_rows.extend(one.ignored_rows);
    all.set_aside += one.set_aside;
}

/// What the store refuses, as it is kept. What is said once in a batch is said all the same.
fn set_aside(mut refused: Changes, reason: String, at: WallTime) -> Changes {
    let (run, interruption) = (refused.run.take(), refused.interruption.take());
    let spool_filed = refused.spool_filed.take();
    let unwritable = vec![Unwritable { at, reason, changes: Box::new(refused) }];
    Changes { run, interruption, spool_filed, unwritable, ..Changes::default() }
}

fn joined(records: &[Changes]) -> Changes {
    let mut all = Changes::default();
    records.iter().for_each(|record| all.append(record.clone()));
    all
}

impl Changes {
    /// The records of a batch one by one, in the order in which a commit writes them. What belongs together is never
    /// divided: a reading, its rows for the server and its assignment. What is said once in a batch goes with the last.
    pub fn into_single_records(self) -> Vec<Self> {
        single_records(self)
    }
}

fn single_records(mut all: Changes) -> Vec<Changes> {
    let mut records = Vec::new();
    macro_rules! each {
        ($($part:ident),*) => {$(
            for one in std::mem::take(&mut all.$part) {
                records.push(Changes { $part: vec![one], ..Changes::default() });
            }
        )*};
    }
    each!(patients, devices, connections, bindings, bookmarks, consents, clock_settings, frames, accepted_frames);
    let readings = std::mem::take(&mut all.readings);
    for reading in readings {
        let mut record = of_reading(&mut all, reading.id);
        record.readings.push(reading);
        records.push(record);
    }
    // Of readings that are stored already.
    while let Some(&(reading, _)) = all.assignments.first() {
        records.push(of_reading(&mut all, reading));
    }
    each!(reading_rows, samples, medians, outbox, outbox_updates, clinicians, pins, versions, audit, unwritable);
    let Changes { run, interruption, spool_filed, .. } = all;
    let once = Changes { run, interruption, spool_filed, ..Changes::default() };
    match records.last_mut() {
        Some(last) => last.append(once),
        None => records.push(once),
    }
    records
}

fn of_reading(all: &mut Changes, id: ReadingId) -> Changes {
    let assignments = all.assignments.extract_if(.., |(reading, _)| *reading == id).collect();
    let reading_rows = all.reading_rows.extract_if(.., |(reading, _)| *reading == id).collect();
    Changes { assignments, reading_rows, ..Changes::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::PatientId;
    use uuid::Uuid;

    #[test]
    fn what_is_said_once_goes_with_the_last_record() {
        let file = Uuid::from_u128(1);
        let (reading, patient) = (ReadingId(Uuid::from_u128(2)), PatientId(Uuid::from_u128(3)));
        let all = Changes {
            assignments: vec![(reading, patient), (ReadingId(Uuid::from_u128(4)), patient)],
            interruption: Some(None),
            spool_filed: Some(crate::records::SpoolPlace { file, end: 9 }),
            ..Changes::default()
        };
        let records = single_records(all);
        assert_eq!(records.len(), 2);
        assert!(records[0].spool_filed.is_none() && records[0].interruption.is_none());
        assert!(records[1].spool_filed.is_some() && records[1].interruption.is_some());
        assert_eq!(joined(&records).assignments.len(), 2);
    }

    #[test]
    fn an_empty_batch_of_the_spool_is_one_record() {
        let place = crate::records::SpoolPlace { file: Uuid::from_u128(1), end: 9 };
        let records = single_records(Changes { spool_filed: Some(place.clone()), ..Changes::default() });
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].spool_filed, Some(place));
    }
}
