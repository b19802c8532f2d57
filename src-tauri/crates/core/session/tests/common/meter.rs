//! A glucose meter's memory behind its record access control point, with the faults of real ones.
//! Its octets are put together here, by other code than the one that is tested.
use bedside_gatt::uuids;
use bedside_session::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use uuid::Uuid;

pub(crate) const METER: &[(Uuid, &[Uuid])] = &[
    (
        uuids::GLUCOSE_SERVICE,
        &[uuids::GLUCOSE_MEASUREMENT, uuids::GLUCOSE_MEASUREMENT_CONTEXT, uuids::RECORD_ACCESS_CONTROL_POINT],
    ),
    (uuids::DEVICE_INFORMATION_SERVICE, &[uuids::SERIAL_NUMBER]),
];

/// One stored record: sequence number, day of March, whether a context belongs to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) number: u16,
    pub(crate) day: u8,
    pub(crate) context: bool,
}

#[derive(Default)]
pub(crate) struct Meter {
    pub(crate) records: Vec<Stored>,
    /// All contexts come after all records.
    pub(crate) contexts_last: bool,
    /// Answers "server busy" so many times.
    pub(crate) busy: u32,
    pub(crate) cannot_count: bool,
    pub(crate) cannot_begin_at: bool,
    /// Records that get lost on the air, once each.
    pub(crate) lost: BTreeSet<u16>,
    /// The link breaks after so many records.
    pub(crate) break_after: Option<usize>,
    /// The device stops sending after so many records.
    pub(crate) silent_after: Option<usize>,
    /// The end of a report in place of success.
    pub(crate) end_code: Option<u8>,
    /// Takes requests and answers none: the test does.
    pub(crate) mute: bool,
    pub(crate) asked: Vec<Vec<u8>>,
    pub(crate) sends: VecDeque<Input>,
}

impl Meter {
    pub(crate) fn with(numbers: impl IntoIterator<Item = u16>) -> Self {
        let stored = |number| Stored { number, day: 1 + (number % 17) as u8, context: false };
        Self { records: numbers.into_iter().map(stored).collect(), ..Self::default() }
    }

    /// What it sends now.
    pub(crate) fn poll(&mut self) -> Vec<Input> {
        self.sends.drain(..).collect()
    }

    /// A request, as it was written.
    pub(crate) fn asked(&mut self, octets: &[u8]) {
        self.asked.push(octets.to_vec());
        if self.mute {
            return;
        }
        if self.busy > 0 {
            self.busy -= 1;
            return self.answer(octets[0], 10);
        }
        match octets {
            [4, ..] if self.cannot_count => self.answer(4, 2),
            [_, 3, ..] if self.cannot_begin_at => self.answer(octets[0], 4),
            [4, ..] => {
                let count = self.selected(octets).len() as u16;
                let [low, high] = count.to_le_bytes();
                self.send(uuids::RECORD_ACCESS_CONTROL_POINT, vec![5, 0, low, high]);
            }
            [1, ..] => self.report(octets),
            [3, 0] => self.answer(3, 1),
            other => panic!("a meter was asked {other:?}"),
        }
    }

    fn report(&mut self, octets: &[u8]) {
        let selected = self.selected(octets);
        if selected.is_empty() {
            return self.answer(1, 6);
        }
        let mut contexts = Vec::new();
        for (place, record) in selected.into_iter().enumerate() {
            if self.silent_after == Some(place) {
                return;
            }
            if self.break_after == Some(place) {
                self.break_after = None;
                return self.sends.push_back(Input::LinkEnded);
            }
            if self.lost.remove(&record.number) {
                continue;
            }
            self.send(uuids::GLUCOSE_MEASUREMENT, measurement(record));
            if record.context {
                contexts.push(context(record.number));
            }
            if !self.contexts_last {
                for context in contexts.drain(..) {
                    self.send(uuids::GLUCOSE_MEASUREMENT_CONTEXT, context);
                }
            }
        }
        for context in contexts {
            self.send(uuids::GLUCOSE_MEASUREMENT_CONTEXT, context);
        }
        self.answer(1, self.end_code.unwrap_or(1));
    }

    fn selected(&self, octets: &[u8]) -> Vec<Stored> {
        let least = match octets {
            [_, 1] => 0,
            [_, 3, 1, low, high] => u16::from_le_bytes([*low, *high]),
            other => panic!("a meter was asked {other:?}"),
        };
        let by_number: BTreeMap<u16, Stored> = self.records.iter().map(|record| (record.number, *record)).collect();
        by_number.into_values().filter(|record| record.number >= least).collect()
    }

    fn answer(&mut self, request: u8, code: u8) {
        self.send(uuids::RECORD_ACCESS_CONTROL_POINT, vec![6, 0, request, code]);
    }

    fn send(&mut self, characteristic: Uuid, octets: Vec<u8>) {
        let address = CharacteristicAddress { service: uuids::GLUCOSE_SERVICE, characteristic };
        self.sends.push_back(Input::Value(address, octets));
    }
}

/// 100 mg/dL of capillary plasma from a finger, at 08:00.
pub(crate) fn measurement(record: Stored) -> Vec<u8> {
    let [low, high] = record.number.to_le_bytes();
    let flags = 0x02 | if record.context { 0x10 } else { 0 };
    // 100 × 10^-5 kg/L
    vec![flags, low, high, 0xEA, 0x07, 3, record.day, 8, 0, 0, 100, 0xB0, 0x12]
}

/// Before a meal.
pub(crate) fn context(number: u16) -> Vec<u8> {
    let [low, high] = number.to_le_bytes();
    vec![0x02, low, high, 1]
}
