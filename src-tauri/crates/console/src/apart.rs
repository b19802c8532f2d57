//! A batch of which the store refuses a record for a reason of its own: halved until the record stands alone, which is set
//! aside in the vault, and everything else is written. Not here: faults of everything, after which the batch waits, and
//! batches of the spool, which the vault divides within one transaction.
use crate::ports::{RecordStore, StoreFault};
use crate::records::{Changes, Receipt};
use bedside_vitals::WallTime;

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
    let mut apart = Apart { written: Changes::default(), receipt: Receipt::default(), set_aside: 0, left: None };
    let mut waiting = vec![all.clone().into_single_records()];
    while let Some(mut records) = waiting.pop() {
        let together = joined(&records);
        let result = match store.commit(together.clone()).await {
            Err(StoreFault::Refused(reason)) if records.len() <= 1 => {
                let aside = together.clone().set_aside(reason, at);
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
            Ok(receipt) => apart.receipt.append(receipt),
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

fn joined(records: &[Changes]) -> Changes {
    let mut all = Changes::default();
    records.iter().for_each(|record| all.append(record.clone()));
    all
}
