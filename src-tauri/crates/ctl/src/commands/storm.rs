//! The figures of the scenario `storm`: how soon dropped devices are back, what was lost, doubled or left running.
//! Not here: the storm itself, which the simulated ward makes.
use crate::failure::Failure;
use crate::output::Output;
use bedside_assembly::{Place, Running, Source};
use bedside_console::ports::{Answer, Machine, Query};
use bedside_vitals::{DeviceId, Parameter, WallTime};
use serde_json::json;
use std::collections::BTreeMap;
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
    sent: u64,
    stored: u64,
    lost: u64,
    doubled: u64,
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
        let count = |key| stored.get(key).copied().unwrap_or(0);
        let lost = toll.records.iter().map(|(key, sent)| sent.saturating_sub(count(key))).sum();
        let sent_of = |key| toll.records.get(key).copied().unwrap_or(0);
        let doubled = stored.iter().map(|(key, stored)| stored.saturating_sub(sent_of(key))).sum();
        Ok(Figures {
            drops: toll.drops,
            returns: toll.returns.len(),
            not_back: toll.not_back,
            median: toll.percentile(50),
            p95: toll.percentile(95),
            longest: toll.percentile(100),
            sent: toll.records.values().sum(),
            stored: stored.values().sum(),
            lost,
            doubled,
        })
    }

    /// Readings of this run by serial number and parameter.
    async fn stored(&self, running: &Running) -> Result<BTreeMap<(String, Parameter), u64>, Failure> {
        let mut serials: BTreeMap<DeviceId, String> = BTreeMap::new();
        if let Answer::Devices(devices) = running.console.query(Query::Devices).await? {
            serials.extend(devices.into_iter().map(|device| (device.id, device.serial.unwrap_or_default())));
        }
        let everything = Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX };
        let mut stored = BTreeMap::new();
        if let Answer::Readings(readings) = running.console.query(everything).await? {
            for reading in readings.into_iter().filter(|r| r.measurement.time.received >= self.began) {
                let serial = serials.get(&reading.device).cloned().unwrap_or_default();
                *stored.entry((serial, reading.measurement.parameter)).or_default() += 1;
            }
        }
        Ok(stored)
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

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
