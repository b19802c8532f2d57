//! The way of a value from a device to the link: who hears it, how it is damaged, how it is counted and entered.
//! Every value passes here, and nothing else writes to the ledger.
use super::World;
use crate::device::Value;
use crate::ledger::{Condition, LedgerEntry, LedgerIdentity};
use crate::scenario::Corruption;
use bedside_console::ports::RadioEvent;
use bedside_gatt::uuids;
use bedside_session::CharacteristicAddress;
use std::collections::BTreeMap;

impl World {
    /// Hands a value to the link, if there is one that wants it, and enters it in the ledger.
    pub(super) fn send(&mut self, index: usize, value: Value) {
        let (now, at) = (self.now, self.wall());
        let station = &mut self.stations[index];
        let unheard = station.silent || !station.is_reachable();
        let Some(link) = station.link.as_mut().filter(|link| !unheard && link.subscriptions.contains(&value.address))
        else {
            return;
        };
        let as_meant = value.clone();
        let Value { address, mut octets, mut values, mut conditions } = value;
        let mut valid = true;
        if !values.is_empty()
            && let Some(corruption) = station.corruptions.pop_front_if(|corruption| applies(*corruption, address))
        {
            valid = damage(corruption, &mut octets, &mut conditions);
        }
        let frame = count(&mut link.frames, address, true);
        for value in &mut values {
            if let LedgerIdentity::Index(index) = &mut value.identity {
                *index = count(&mut link.values, value.parameter, valid);
            }
        }
        self.toll.sent(index, now, &station.plan.serial(), &as_meant, valid);
        self.ledger.enter(LedgerEntry {
            at,
            device_serial: station.plan.serial(),
            connection: link.number,
            characteristic: address.characteristic,
            frame,
            bytes: octets.clone(),
            values,
            valid,
            conditions,
        });
        station.model.sent(address, now);
        let peripheral = station.peripheral.clone();
        self.tell(RadioEvent::Value { peripheral, address, bytes: octets });
    }
}

/// ECG frames begin with a type and have no flags to reserve.
fn applies(corruption: Corruption, address: CharacteristicAddress) -> bool {
    corruption != Corruption::ReservedFlags || address.characteristic != uuids::POLAR_DATA
}

/// Damages the octets; answers whether a decoder must still accept them.
fn damage(corruption: Corruption, octets: &mut Vec<u8>, conditions: &mut Vec<Condition>) -> bool {
    match corruption {
        Corruption::Truncated => {
            octets.pop();
            conditions.push(Condition::Truncated);
            false
        }
        Corruption::Trailing => {
            octets.push(0);
            conditions.push(Condition::Trailing);
            false
        }
        Corruption::ReservedFlags => {
            if let Some(flags) = octets.first_mut() {
                *flags |= 0x80;
            }
            conditions.push(Condition::ReservedFlags);
            true
        }
    }
}

/// The count so far; counts on if `counts`.
fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, moves_on: bool) -> u64 {
    let next = counts.entry(key).or_default();
    let now = *next;
    *next += u64::from(moves_on);
    now
}
