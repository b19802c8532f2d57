//! The life of a device that measures now and then: measure, remember, advertise for a while, deliver, hang up.
//! What is measured is in `cuff.rs` and `thermometer.rs`.
use super::{Model, Moment, Outcome, Subscriptions, Value};
use crate::random::Random;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::DeviceTime;
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// What one kind of spot device measures.
pub(crate) trait SpotKind: Send {
    /// One result.
    type Result: Copy + Send;
    /// Where results are indicated.
    const MEASUREMENT: CharacteristicAddress;
    /// Shortest and longest measurement in milliseconds.
    const LASTS_MS: (i64, i64);
    /// The services, without clock.
    fn services(&self) -> Vec<DiscoveredService>;
    /// The result of a measurement that ends at `now`.
    fn result(&mut self, now: Duration, random: &mut Random) -> Self::Result;
    /// The indication of a stored reading.
    fn indication(&self, reading: &Reading<Self::Result>) -> Option<Outcome>;
    /// The notification while measuring, `thousandths` of the way through.
    fn progress(&self, thousandths: i64) -> Option<Value>;
    /// The value of a readable characteristic.
    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>>;
}

/// A reading in the device's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<R> {
    /// The device's own time at the end of the measurement.
    pub(crate) time: DeviceTime,
    /// Its number since the device was made.
    pub(crate) record: u64,
    /// What was measured.
    pub(crate) result: R,
}

/// How a spot device behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// It can be reached while it measures, and sends how far it is.
    pub(crate) shows_progress: bool,
    /// It measures twice within one minute of its clock, with the same result.
    pub(crate) measures_twice: bool,
}

/// A spot device.
pub(crate) struct SpotDevice<K: SpotKind> {
    kind: K,
    habits: Habits,
    random: Random,
    memory: VecDeque<Reading<K::Result>>,
    records: u64,
    measuring: Option<Measuring<K::Result>>,
    linked: bool,
    /// To here it advertises.
    window: Option<Duration>,
    next_indication: Option<Duration>,
    next_progress: Option<Duration>,
    hang_up: Option<Duration>,
}

struct Measuring<R> {
    begins: Duration,
    ends: Duration,
    /// The result that a second measurement repeats.
    first: Option<R>,
}

/// How long it advertises after a measurement.
const WINDOW_MS: (i64, i64) = (30_000, 60_000);
/// From subscription to the first indication, and from each to the next: the time of a confirmation.
const CONFIRMATION: Duration = Duration::from_millis(90);
/// An indication that nothing confirms is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// From the last indication to hanging up.
const FAREWELL: Duration = Duration::from_secs(1);
/// A link that is not used is given up.
const IDLE: Duration = Duration::from_secs(60);
const PROGRESS: Duration = Duration::from_millis(500);

impl<K: SpotKind> SpotDevice<K> {
    pub(crate) const fn new(kind: K, habits: Habits, random: Random) -> Self {
        Self {
            kind,
            habits,
            random,
            memory: VecDeque::new(),
            records: 0,
            measuring: None,
            linked: false,
            window: None,
            next_indication: None,
            next_progress: None,
            hang_up: None,
        }
    }

    fn milliseconds(&mut self, (least, most): (i64, i64)) -> Duration {
        Duration::from_millis(self.random.between(least, most).unsigned_abs())
    }

    fn finish_measurement(&mut self, measuring: Measuring<K::Result>, moment: Moment<'_>) {
        let result = match measuring.first {
            Some(result) => result,
            None => self.kind.result(measuring.ends, &mut self.random),
        };
        let time = moment.clock.shows(moment.wall_at(measuring.ends));
        self.memory.push_back(Reading { time, record: self.records, result });
        self.records += 1;
        if self.habits.measures_twice && measuring.first.is_none() {
            let again = Measuring { begins: measuring.ends, ends: measuring.ends + SECOND_LASTS, first: Some(result) };
            self.measuring = Some(again);
            return;
        }
        if self.linked {
            self.next_indication = Some(moment.now + CONFIRMATION);
        } else {
            self.window = Some(moment.now + self.milliseconds(WINDOW_MS));
        }
    }

    fn progress(&mut self, moment: Moment<'_>) -> Option<Outcome> {
        let measuring = self.measuring.as_ref()?;
        let whole = (measuring.ends - measuring.begins).as_millis().max(1);
        let passed = moment.now.saturating_sub(measuring.begins).as_millis();
        self.kind.progress((passed * 1_000 / whole).min(1_000) as i64).map(Outcome::Send)
    }
}

/// The second of two measurements within one minute is quick.
const SECOND_LASTS: Duration = Duration::from_secs(10);
/// A pair of measurements begins in the first part of a minute only, so that it ends in the same.
const PAIR_BEGINS_BEFORE_S: u64 = 5;

impl<K: SpotKind> Model for SpotDevice<K> {
    fn services(&self) -> Vec<DiscoveredService> {
        self.kind.services()
    }

    fn due(&self) -> Option<Duration> {
        let measured = self.measuring.as_ref().map(|measuring| measuring.ends);
        let window = self.window.filter(|_| !self.linked);
        [measured, window, self.next_indication, self.next_progress, self.hang_up].into_iter().flatten().min()
    }

    fn step(&mut self, moment: Moment<'_>, subscriptions: &Subscriptions) -> Vec<Outcome> {
        let now = moment.now;
        let is_due = |time: Option<Duration>| time.is_some_and(|time| time <= now);
        let mut outcomes = Vec::new();
        if let Some(measuring) = self.measuring.take_if(|measuring| measuring.ends <= now) {
            self.finish_measurement(measuring, moment);
        }
        if is_due(self.next_progress) {
            outcomes.extend(self.progress(moment));
            self.next_progress = self.measuring.is_some().then_some(now + PROGRESS);
        }
        if is_due(self.next_indication) {
            self.next_indication = None;
            if let Some(reading) = self.memory.front()
                && subscriptions.contains(&K::MEASUREMENT)
            {
                outcomes.extend(self.kind.indication(reading));
                self.next_indication = Some(now + AGAIN);
            }
        }
        if is_due(self.hang_up) {
            self.hang_up = None;
            outcomes.push(Outcome::HangUp);
        }
        if !self.linked && is_due(self.window) {
            self.window = None;
        }
        outcomes
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        self.kind.read(characteristic)
    }

    fn advertises(&self) -> bool {
        self.window.is_some() || self.habits.shows_progress && self.measuring.is_some()
    }

    fn linked(&mut self, now: Duration) {
        self.linked = true;
        self.hang_up = Some(now + IDLE);
        if self.habits.shows_progress && self.measuring.is_some() {
            self.next_progress = Some(now + PROGRESS);
        }
    }

    fn unlinked(&mut self, now: Duration) {
        self.linked = false;
        (self.next_indication, self.next_progress, self.hang_up) = (None, None, None);
        // What was not delivered is offered again; with an empty memory it sleeps.
        self.window = if self.memory.is_empty() { None } else { Some(now + self.milliseconds(WINDOW_MS)) };
    }

    fn subscribed(&mut self, at: CharacteristicAddress, now: Duration) {
        if at == K::MEASUREMENT && !self.memory.is_empty() {
            self.next_indication = Some(now + CONFIRMATION);
        }
    }

    fn sent(&mut self, at: CharacteristicAddress, now: Duration) {
        if at != K::MEASUREMENT {
            return;
        }
        self.memory.pop_front();
        let more = !self.memory.is_empty();
        self.next_indication = more.then_some(now + CONFIRMATION);
        if !more && self.measuring.is_none() {
            self.hang_up = Some(now + FAREWELL);
        }
    }

    fn measure(&mut self, moment: Moment<'_>) {
        if self.measuring.is_some() {
            return;
        }
        let mut begins = moment.now;
        let mut lasts = self.milliseconds(K::LASTS_MS);
        if self.habits.measures_twice {
            let second = moment.clock.seconds_into_minute(moment.wall);
            if second >= PAIR_BEGINS_BEFORE_S {
                begins += Duration::from_secs(60 - second);
            }
            lasts = lasts.min(SECOND_LASTS * 3);
        }
        self.measuring = Some(Measuring { begins, ends: begins + lasts, first: None });
        if self.linked {
            self.hang_up = Some(begins + lasts + IDLE);
            self.next_progress = self.habits.shows_progress.then_some(begins + PROGRESS);
        }
    }
}
