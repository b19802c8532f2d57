//! Glucose records whose context comes in a value of its own, before or after them: each is decoded once, with it.
//! Not here: what a context says (`profiles`).
use crate::input::Now;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// No meter keeps more records at a time than this by far; what comes beyond is decoded without its partner.
const MOST: usize = 4_096;

/// A record that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// When it came.
    pub(crate) now: Now,
    /// Its place among the values of its characteristic.
    pub(crate) index: u64,
    /// The value.
    pub(crate) bytes: Vec<u8>,
    /// It came while its memory was being fetched.
    pub(crate) from_memory: bool,
}

/// What waits for its partner, by sequence number.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    records: BTreeMap<u32, Waiting>,
    early: BTreeMap<u32, Vec<u8>>,
}

impl Contexts {
    /// A record whose context follows: the context, if it came first; else the record is kept until it comes. It is given
    /// back when there is no room.
    pub(crate) fn record(&mut self, number: u32, record: Waiting) -> Option<(Waiting, Option<Vec<u8>>)> {
        if let Some(context) = self.early.remove(&number) {
            return Some((record, Some(context)));
        }
        if self.records.len() >= MOST || self.records.contains_key(&number) {
            return Some((record, None));
        }
        self.records.insert(number, record);
        None
    }

    /// A context: the record that waited for it.
    pub(crate) fn context(&mut self, number: u32, bytes: &[u8]) -> Option<Waiting> {
        let record = self.records.remove(&number);
        if record.is_none() && self.early.len() < MOST {
            self.early.insert(number, bytes.to_vec());
        }
        record
    }

    /// Every record whose context did not come, in order of number. Contexts without a record are forgotten: their values
    /// were handed on by themselves.
    pub(crate) fn take_all(&mut self) -> Vec<Waiting> {
        self.early.clear();
        core::mem::take(&mut self.records).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{BootTime, WallTime};

    fn waiting(octet: u8) -> Waiting {
        let now = Now { boot: BootTime::default(), wall: WallTime(0), zone_offset_ms: 0 };
        Waiting { now, index: 0, bytes: Vec::from([octet]), from_memory: false }
    }

    #[test]
    fn record_and_context_meet_in_either_order() {
        let mut contexts = Contexts::default();
        assert_eq!(contexts.record(7, waiting(1)), None);
        assert_eq!(contexts.context(7, &[9]), Some(waiting(1)));
        assert_eq!(contexts.context(8, &[9]), None);
        assert_eq!(contexts.record(8, waiting(2)), Some((waiting(2), Some(Vec::from([9])))));
    }

    #[test]
    fn a_record_whose_context_never_comes_is_not_lost() {
        let mut contexts = Contexts::default();
        assert_eq!(contexts.record(2, waiting(2)), None);
        assert_eq!(contexts.record(1, waiting(1)), None);
        assert_eq!(contexts.take_all(), [waiting(1), waiting(2)]);
        assert!(contexts.take_all().is_empty());
    }
}
