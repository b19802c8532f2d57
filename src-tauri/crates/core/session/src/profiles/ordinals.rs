//! The place of a reading among those of the same device time on one delivery.
//! It tells two equal readings of one minute apart, and gives the same reading the same place when it is sent again.
use super::Frame;
use alloc::collections::BTreeMap;
use bedside_vitals::{DeviceTime, Parameter, ReadingIdentity};

/// Counts readings by parameter and device time.
#[derive(Default)]
pub(crate) struct Ordinals {
    seen: BTreeMap<(Parameter, DeviceTime), u32>,
}

impl Ordinals {
    /// The identity of the next reading of `time`; without a time, the connection and frame.
    pub(crate) fn identity(
        &mut self,
        parameter: Parameter,
        time: Option<DeviceTime>,
        frame: &Frame<'_>,
    ) -> ReadingIdentity {
        let Some(base_time) = time else { return frame.stream_identity() };
        let next = self.seen.entry((parameter, base_time)).or_default();
        let ordinal = *next;
        *next += 1;
        ReadingIdentity::Ordinal { base_time, ordinal }
    }
}
