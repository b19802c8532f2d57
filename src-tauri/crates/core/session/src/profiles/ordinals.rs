//! The place of a reading among those of the same device time on one delivery.
//! It tells two equal readings of one minute apart, and gives the same reading the same place when it is sent again: each
//! delivery of a memory is counted anew.
use super::Frame;
use alloc::collections::BTreeMap;
use bedside_vitals::{DeviceTime, Parameter, ReadingIdentity};

/// The time of a record that carries none.
const NO_TIME: DeviceTime = DeviceTime { year: None, month: None, day: None, hour: 0, minute: 0, second: 0 };

/// Counts readings by parameter and device time.
#[derive(Default)]
pub(crate) struct Ordinals {
    seen: BTreeMap<(Parameter, DeviceTime), u32>,
}

impl Ordinals {
    /// The identity of the next reading of `time`; without a time, its place in the memory that is being fetched, or else
    /// the connection and frame.
    pub(crate) fn identity(
        &mut self,
        parameter: Parameter,
        time: Option<DeviceTime>,
        frame: &Frame<'_>,
    ) -> ReadingIdentity {
        let Some(base_time) = time.or(frame.from_memory.then_some(NO_TIME)) else { return frame.stream_identity() };
        let next = self.seen.entry((parameter, base_time)).or_default();
        let ordinal = *next;
        *next += 1;
        ReadingIdentity::Ordinal { base_time, ordinal }
    }
}

/// The identity of a record that carries a number which begins anew now and then, and no time that tells when. The number
/// is its place; the store tells it apart from another record that had the same place before.
pub(super) const fn numbered_without_time(number: u32) -> ReadingIdentity {
    ReadingIdentity::Ordinal { base_time: NO_TIME, ordinal: number }
}
