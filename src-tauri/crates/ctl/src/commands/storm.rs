//! The figures of the scenario `storm`: how soon dropped devices are back, what was lost, doubled or left running.
//! Not here: the storm itself, which the simulated ward makes.
use crate::failure::Failure;
use crate::output::Output;
use bedside_assembly::{Place, Running, SentRecord, Source};
use bedside_console::ports::{Answer, Machine, Query};
use bedside_vitals::{DeviceId, Parameter, ReadingIdentity, WallTime};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;

/// What was on its way when the storm ended is waited for so long.
const CALM: Duration = Duration::from_secs(3);
/// Tasks that end now are given so long to end.
const ENDING: Duration = Duration::from_millis(500);

/// What stood before the storm.
pub(crate) struct Storm {
    tasks: usize,
    began: WallTime,
}

/// What the storm cost.
pub(crate) struct Figures {
    drops: u64,
    returns: usize,
    not_back: usize,
    median: Option<Duration>,
    p95: Option<Duration>,
    longest: Option<Duration>,
    sent: usize,
    stored: usize,
    lost: usize,
    doubled: usize,
}

/// Begins to watch, where the place is a simulated ward with a storm.
pub(crate) fn watch(place: &Place) -> Option<Storm> {
    let is_storm = matches!(place.source(), Source::Simulated(name) if name == "storm");
    is_storm.then(|| Storm { tasks: tasks(), began: place.machine().wall() })
}

impl Storm {
    /// Ends the storm and counts, while the console still runs.
    pub(crate) async fn figures(&self, running: &Running) -> Result<Figures, Failure> {
        let toll = running.ward.as_ref().map(|ward| {
            ward.carry_all_away();
            ward.toll()
        });
        sleep(CALM).await;
        let toll = toll.unwrap_or_default();
        let stored = self.stored(running).await?;
        let Difference { lost, doubled } = Difference::between(&toll.records, &stored);
        Ok(Figures {
            drops: toll.drops,
            returns: toll.returns.len(),
            not_back: toll.not_back,
            median: toll.percentile(50),
            p95: toll.percentile(95),
            longest: toll.percentile(100),
            sent: toll.records.len(),
            stored: stored.len(),
            lost,
            doubled,
        })
    }

    /// The readings of this run.
    async fn stored(&self, running: &Running) -> Result<Vec<StoredRecord>, Failure> {
        let mut serials: BTreeMap<DeviceId, String> = BTreeMap::new();
        if let Answer::Devices(devices) = running.console.query(Query::Devices).await? {
            serials.extend(devices.into_iter().filter_map(|device| Some((device.id, device.serial?))));
        }
        let everything = Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX };
        let Answer::Readings(readings) = running.console.query(everything).await? else { return Ok(Vec::new()) };
        let of_this_run = readings.into_iter().filter(|reading| reading.measurement.time.received >= self.began);
        let record = of_this_run.map(|reading| StoredRecord {
            serial: serials.get(&reading.device).cloned(),
            parameter: reading.measurement.parameter,
            identity: reading.measurement.identity,
        });
        Ok(record.collect())
    }

    /// Prints the figures, with the tasks that are left once the console is closed.
    pub(crate) async fn say(&self, figures: Figures, output: &Output) {
        sleep(ENDING).await;
        let left = tasks().saturating_sub(self.tasks);
        let seconds = |time: Option<Duration>| time.map(|time| (time.as_secs_f64() * 100.0).round() / 100.0);
        let words = |time| seconds(time).map_or_else(|| "none".to_owned(), |seconds| format!("{seconds:.2} s"));
        let Figures { drops, returns, not_back, median, p95, longest, sent, stored, lost, doubled } = figures;
        let human = format!(
            "storm: {drops} links dropped, {returns} back after median {}, p95 {}, longest {}; {not_back} not back; \
             {sent} records sent, {stored} stored, {lost} lost, {doubled} doubled; {left} tasks left",
            words(median),
            words(p95),
            words(longest),
        );
        let json = json!({ "storm": {
            "drops": drops,
            "returns": returns,
            "not_back": not_back,
            "return_median_s": seconds(median),
            "return_p95_s": seconds(p95),
            "return_longest_s": seconds(longest),
            "records_sent": sent,
            "records_stored": stored,
            "records_lost": lost,
            "records_doubled": doubled,
            "tasks_left": left,
        }});
        output.say(&human, &json);
    }
}

/// What makes a stored reading this one.
struct StoredRecord {
    /// `None` of a device that was never asked for it.
    serial: Option<String>,
    parameter: Parameter,
    identity: ReadingIdentity,
}

/// What was sent and is not stored, and what is stored once more than it was sent.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    lost: usize,
    doubled: usize,
}

impl Difference {
    /// Record by record: one that is missing is not made up for by another that is there twice.
    fn between(sent: &BTreeSet<SentRecord>, stored: &[StoredRecord]) -> Self {
        let mut missing: BTreeMap<(&str, Parameter), Vec<&SentRecord>> = BTreeMap::new();
        for record in sent {
            missing.entry((&record.serial, record.parameter)).or_default().push(record);
        }
        let mut doubled = 0;
        for reading in stored {
            // What a device without a serial number stored cannot be any sent record: all of those have one.
            let candidates = reading.serial.as_deref().and_then(|serial| missing.get_mut(&(serial, reading.parameter)));
            let found = candidates.and_then(|records| {
                let place = records.iter().position(|record| is_that(record, &reading.identity))?;
                Some(records.remove(place))
            });
            doubled += usize::from(found.is_none());
        }
        Self { lost: missing.values().map(Vec::len).sum(), doubled }
    }
}

/// Whether a reading of this identity is the record. Records without a number on the air are told apart by their time,
/// and those of one time are as many as were sent.
fn is_that(record: &SentRecord, identity: &ReadingIdentity) -> bool {
    match identity {
        ReadingIdentity::Sequence { sequence, base_time } => {
            record.record == u64::from(*sequence) && base_time.is_none_or(|time| time == record.device_time)
        }
        ReadingIdentity::Ordinal { base_time, .. } => *base_time == record.device_time,
        ReadingIdentity::Stream { .. } => false,
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::DeviceTime;

    fn time(minute: u8) -> DeviceTime {
        DeviceTime { year: Some(2026), month: Some(3), day: Some(14), hour: 9, minute, second: 0 }
    }

    fn sent(serial: &str, minute: u8, record: u64) -> SentRecord {
        SentRecord { serial: serial.into(), parameter: Parameter::BloodGlucose, device_time: time(minute), record }
    }

    fn stored(serial: Option<&str>, identity: ReadingIdentity) -> StoredRecord {
        StoredRecord { serial: serial.map(Into::into), parameter: Parameter::BloodGlucose, identity }
    }

    fn numbered(sequence: u32) -> StoredRecord {
        stored(Some("A"), ReadingIdentity::Sequence { sequence, base_time: Some(time(1)) })
    }

    fn timed(minute: u8, ordinal: u32) -> StoredRecord {
        stored(Some("A"), ReadingIdentity::Ordinal { base_time: time(minute), ordinal })
    }

    #[test]
    fn a_lost_record_is_not_made_up_for_by_a_doubled_one() {
        let records = BTreeSet::from([sent("A", 1, 1), sent("A", 1, 2)]);
        let good = Difference::between(&records, &[numbered(2), numbered(1)]);
        assert_eq!(good, Difference { lost: 0, doubled: 0 });
        let bad = Difference::between(&records, &[numbered(1), numbered(1)]);
        assert_eq!(bad, Difference { lost: 1, doubled: 1 });
    }

    #[test]
    fn two_records_of_one_time_are_two() {
        let records = BTreeSet::from([sent("A", 1, 1), sent("A", 1, 2), sent("A", 5, 3)]);
        let all = [timed(1, 0), timed(1, 1), timed(5, 0)];
        assert_eq!(Difference::between(&records, &all), Difference { lost: 0, doubled: 0 });
        assert_eq!(Difference::between(&records, &all[1..]), Difference { lost: 1, doubled: 0 });
        let elsewhen = [timed(1, 0), timed(1, 1), timed(6, 0)];
        assert_eq!(Difference::between(&records, &elsewhen), Difference { lost: 1, doubled: 1 });
    }

    #[test]
    fn devices_without_a_serial_number_do_not_stand_for_any_other() {
        let records = BTreeSet::from([sent("A", 1, 1), sent("B", 1, 1)]);
        let identity = || ReadingIdentity::Sequence { sequence: 1, base_time: None };
        let unknown = [stored(None, identity()), stored(None, identity())];
        assert_eq!(Difference::between(&records, &unknown), Difference { lost: 2, doubled: 2 });
        let known = [stored(Some("B"), identity()), stored(Some("A"), identity())];
        assert_eq!(Difference::between(&records, &known), Difference { lost: 0, doubled: 0 });
    }
}
