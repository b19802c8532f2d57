//! The clocks of devices as they were read on connections: they explain the time of a reading to the server.
//! Not here: correcting a time by them (`bedside-session`).
use crate::records::StoredReading;
use bedside_vitals::{ConnectionId, DeviceClock};
use std::collections::VecDeque;

/// So many are remembered; of older connections the store knows.
const MOST: usize = 512;

/// Clocks that were read, the latest last.
#[derive(Default)]
pub(crate) struct Clocks(VecDeque<(ConnectionId, DeviceClock)>);

impl Clocks {
    /// A clock as it was read, before or after it was set.
    pub(crate) fn keep(&mut self, connection: ConnectionId, clock: Option<DeviceClock>) {
        let Some(read) = clock.map(|clock| (connection, clock)).filter(|read| !self.0.contains(read)) else { return };
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(read);
    }

    /// The one by which a reading's time was corrected; or, of a reading whose time no clock could correct, the one that is
    /// at fault: as it was first read on that connection, before anything set it.
    pub(crate) fn behind(&self, reading: &StoredReading) -> Option<&DeviceClock> {
        let (connection, _, _) = reading.frame?;
        let time = &reading.measurement.time;
        let mut read = self.0.iter().filter(|(on, _)| *on == connection).map(|(_, clock)| clock);
        let explains = read.clone().rev().find(|clock| bedside_fhir::explains(clock, time));
        explains.or_else(|| read.next().filter(|clock| bedside_fhir::is_at_fault(clock, time)))
    }
}
