//! What drops cost: how long devices took to come back, and which stored records were handed over.
//! It judges nothing; a front or a test holds it against what the console stored.
use crate::device::Value;
use crate::ledger::{Condition, LedgerIdentity};
use bedside_vitals::{DeviceTime, Parameter};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the drops of a ward cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Links that were dropped.
    pub drops: u64,
    /// From each return in reach to the next value on a new link, shortest first.
    pub returns: Vec<Duration>,
    /// Devices that are back in reach and have not sent a value since.
    pub not_back: usize,
    /// Records that were handed over at least once: each is here once, however often it was sent.
    pub records: BTreeSet<SentRecord>,
}

/// One value of a record in a device's memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SentRecord {
    /// The serial number of the device (0x2A25).
    pub serial: String,
    /// What was measured. The parts of a blood pressure are one value.
    pub parameter: Parameter,
    /// The device's own time, as the value carries it.
    pub device_time: DeviceTime,
    /// Each measurement of a device has the next number, also one of equal time and value.
    pub record: u64,
}

impl Toll {
    /// So long a share of the returns took at most; `None` without a return. `hundredths` is at most 100.
    pub fn percentile(&self, hundredths: usize) -> Option<Duration> {
        let place = (self.returns.len() * hundredths.min(100)).div_ceil(100).checked_sub(1)?;
        self.returns.get(place).copied()
    }
}

/// Keeps count.
#[derive(Default)]
pub(super) struct TollKeeper {
    drops: u64,
    /// Devices whose link was dropped and that are still away.
    away: BTreeSet<usize>,
    returned: BTreeMap<usize, Duration>,
    took: Vec<Duration>,
    records: BTreeSet<SentRecord>,
}

impl TollKeeper {
    /// The link of a device was dropped.
    pub(super) fn dropped(&mut self, index: usize) {
        self.drops += 1;
        self.away.insert(index);
    }

    /// A device is back in reach. One that sleeps until it has something to say is not waited for.
    pub(super) fn returned(&mut self, index: usize, now: Duration, shows_itself: bool) {
        if self.away.remove(&index) && shows_itself {
            self.returned.insert(index, now);
        }
    }

    /// A value was handed to a link.
    pub(super) fn sent(&mut self, index: usize, now: Duration, serial: &str, value: &Value, valid: bool) {
        if let Some(returned) = self.returned.remove(&index) {
            self.took.push(now - returned);
        }
        // Nobody's values are not stored, so they cannot be lost.
        let nobodys = [Condition::ControlSolution, Condition::Demonstration];
        if !valid || value.conditions.iter().any(|condition| nobodys.contains(condition)) {
            return;
        }
        for entry in &value.values {
            if let LedgerIdentity::Record { device_time, record } = entry.identity {
                let (serial, parameter) = (serial.to_owned(), entry.parameter);
                self.records.insert(SentRecord { serial, parameter, device_time, record });
            }
        }
    }

    pub(super) fn toll(&self) -> Toll {
        let mut returns = self.took.clone();
        returns.sort_unstable();
        Toll { drops: self.drops, returns, not_back: self.returned.len(), records: self.records.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_returns_and_never_a_smaller_one() {
        let toll = Toll { returns: (1..=20).map(Duration::from_secs).collect(), ..Toll::default() };
        assert_eq!(toll.percentile(95), Some(Duration::from_secs(19)));
        assert_eq!(toll.percentile(100), Some(Duration::from_secs(20)));
        assert_eq!(Toll::default().percentile(95), None);
    }
}
