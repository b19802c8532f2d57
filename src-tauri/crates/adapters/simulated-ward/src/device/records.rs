//! The life of a device with a memory of its own: it measures, keeps every record for ever, and sends what it is asked
//! for over its Record Access Control Point. What one record says is the kind's (`glucose_meter.rs` and others).
use super::{Model, Moment, Outcome, Subscriptions, Value};
use crate::random::Random;
use bedside_gatt::record_access::{Bound, RecordCount, RecordReply, RecordRequest, ResponseCode, Selection};
use bedside_gatt::uuids;
use bedside_session::{CharacteristicAddress, DiscoveredService};
use bedside_vitals::DeviceTime;
use std::collections::VecDeque;
use std::time::Duration;
use uuid::Uuid;

/// What one kind of device with a memory keeps.
pub(crate) trait RecordKind: Send {
    /// One result.
    type Result: Copy + Send;
    /// The service with the control point.
    const SERVICE: Uuid;
    /// Where records are sent: without a subscription to it nothing is.
    const MEASUREMENT: CharacteristicAddress;
    /// What its control point can select by.
    const OPERATORS: Operators;
    /// Whether counts and numbers are four octets wide.
    const WIDE: bool;
    /// The services, without clock.
    fn services(&self) -> Vec<DiscoveredService>;
    /// The result of a measurement, the `number`th of this device.
    fn result(&mut self, number: u32, random: &mut Random) -> Self::Result;
    /// What is sent for a record: the measurement, and what belongs to it.
    fn values(&self, record: &Record<Self::Result>) -> Vec<Value>;
    /// The value of a readable characteristic.
    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>>;
}

/// What a control point can select by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operators {
    /// All records, the first and the last.
    WithoutNumbers,
    /// And from a number, to a number, and both.
    Numbers,
}

/// A record in the device's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<R> {
    /// Its number; the first is 1.
    pub(crate) number: u32,
    /// The device's own time of the measurement.
    pub(crate) time: DeviceTime,
    /// What was measured.
    pub(crate) result: R,
}

/// How a device with a memory behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryHabits {
    /// Records from before the ward began, one every three hours.
    pub(crate) older_records: u32,
    /// It can be reached at any time, not only for a while after a measurement.
    pub(crate) always_awake: bool,
}

/// A device with a memory.
pub(crate) struct RecordDevice<K: RecordKind> {
    kind: K,
    habits: MemoryHabits,
    random: Random,
    memory: Vec<Record<K::Result>>,
    filled: bool,
    linked: bool,
    /// To here it advertises.
    window: Option<Duration>,
    outgoing: VecDeque<(Duration, Value)>,
    /// While it sends records: how many more before the link breaks, if a scenario wants that.
    break_after: Option<u32>,
    busy_until: Option<Duration>,
    hang_up: Option<Duration>,
}

/// How long it advertises after a measurement.
const WINDOW_MS: (i64, i64) = (40_000, 70_000);
/// From a request to its answer or first record, and from one value to the next.
const STEP: Duration = Duration::from_millis(30);
/// A link over which nothing is asked is given up.
const IDLE: Duration = Duration::from_secs(20);
const OLDER_APART_MS: i64 = 3 * 3_600_000;

impl<K: RecordKind> RecordDevice<K> {
    pub(crate) const fn new(kind: K, habits: MemoryHabits, random: Random) -> Self {
        Self {
            kind,
            habits,
            random,
            memory: Vec::new(),
            filled: false,
            linked: false,
            window: Some(Duration::from_secs(60)),
            outgoing: VecDeque::new(),
            break_after: None,
            busy_until: None,
            hang_up: None,
        }
    }

    /// The memory as it was when the ward began.
    fn fill(&mut self, moment: Moment<'_>) {
        if self.filled {
            return;
        }
        self.filled = true;
        let began = moment.wall_at(Duration::ZERO);
        for number in 1..=self.habits.older_records {
            let before = i64::from(self.habits.older_records - number) + 1;
            let result = self.kind.result(number, &mut self.random);
            let time = moment.clock.shows(began.plus_millis(-before * OLDER_APART_MS));
            self.memory.push(Record { number, time, result });
        }
    }

    fn answer(&mut self, request: RecordRequest, moment: Moment<'_>) {
        let now = moment.now;
        let operation = request.operation();
        let respond = |code| RecordReply::Response { request: operation, code };
        if self.busy_until.is_some_and(|until| now < until) {
            return self.reply(now, respond(ResponseCode::ServerBusy));
        }
        match request {
            RecordRequest::Abort => {
                let code =
                    if self.outgoing.is_empty() { ResponseCode::AbortUnsuccessful } else { ResponseCode::Success };
                self.outgoing.clear();
                self.reply(now, respond(code));
            }
            RecordRequest::CombinedReport(_) => self.reply(now, respond(ResponseCode::OperationNotSupported)),
            RecordRequest::ReportNumber(selection) => {
                let reply = match self.selected(selection) {
                    Ok(records) => RecordReply::NumberOfRecords(count::<K>(records.len())),
                    Err(code) => respond(code),
                };
                self.reply(now, reply);
            }
            RecordRequest::Report(selection) => match self.selected(selection) {
                Err(code) => self.reply(now, respond(code)),
                Ok(records) if records.is_empty() => self.reply(now, respond(ResponseCode::NoRecords)),
                Ok(records) => {
                    for record in records {
                        for value in self.kind.values(&record) {
                            self.send(now, value);
                        }
                    }
                    self.reply(now, respond(ResponseCode::Success));
                }
            },
        }
    }

    fn selected(&self, selection: Selection) -> Result<Vec<Record<K::Result>>, ResponseCode> {
        let number = |bound| match (K::OPERATORS, bound) {
            (Operators::WithoutNumbers, _) => Err(ResponseCode::OperatorNotSupported),
            (Operators::Numbers, Bound::Number(number)) if !K::WIDE => Ok(u32::from(number)),
            (Operators::Numbers, Bound::WideNumber(number)) if K::WIDE => Ok(number),
            (Operators::Numbers, Bound::Number(_) | Bound::WideNumber(_)) => Err(ResponseCode::InvalidOperand),
            (Operators::Numbers, Bound::UserFacingTime(_)) => Err(ResponseCode::OperandNotSupported),
        };
        let (least, most) = match selection {
            Selection::All => (0, u32::MAX),
            Selection::AtLeast(least) => (number(least)?, u32::MAX),
            Selection::AtMost(most) => (0, number(most)?),
            Selection::Within { least, most } => (number(least)?, number(most)?),
            Selection::First => return Ok(self.memory.first().copied().into_iter().collect()),
            Selection::Last => return Ok(self.memory.last().copied().into_iter().collect()),
        };
        if least > most {
            return Err(ResponseCode::InvalidOperand);
        }
        Ok(self.memory.iter().filter(|record| (least..=most).contains(&record.number)).copied().collect())
    }

    fn reply(&mut self, now: Duration, reply: RecordReply) {
        let address = CharacteristicAddress { service: K::SERVICE, characteristic: uuids::RECORD_ACCESS_CONTROL_POINT };
        self.send(now, Value { address, octets: reply.encode(), values: Vec::new(), conditions: Vec::new() });
    }

    fn send(&mut self, now: Duration, value: Value) {
        let last = self.outgoing.back().map_or(now, |(due, _)| *due);
        self.outgoing.push_back((last + STEP, value));
    }

    fn open_window(&mut self, now: Duration) {
        let (least, most) = WINDOW_MS;
        self.window = Some(now + Duration::from_millis(self.random.between(least, most).unsigned_abs()));
    }
}

fn count<K: RecordKind>(records: usize) -> RecordCount {
    if K::WIDE {
        RecordCount::Wide(u32::try_from(records).unwrap_or(u32::MAX))
    } else {
        RecordCount::Narrow(u16::try_from(records).unwrap_or(u16::MAX))
    }
}

impl<K: RecordKind> Model for RecordDevice<K> {
    fn services(&self) -> Vec<DiscoveredService> {
        self.kind.services()
    }

    fn due(&self) -> Option<Duration> {
        let window = self.window.filter(|_| !self.linked);
        let outgoing = self.outgoing.front().map(|(due, _)| *due);
        [window, outgoing, self.hang_up].into_iter().flatten().min()
    }

    fn step(&mut self, moment: Moment<'_>, subscriptions: &Subscriptions) -> Vec<Outcome> {
        let now = moment.now;
        let mut outcomes = Vec::new();
        while let Some((_, value)) = self.outgoing.pop_front_if(|(due, _)| *due <= now) {
            let is_record = value.address == K::MEASUREMENT;
            if is_record && self.break_after == Some(0) {
                self.break_after = None;
                self.outgoing.clear();
                outcomes.push(Outcome::HangUp);
                return outcomes;
            }
            if is_record && let Some(left) = &mut self.break_after {
                *left -= 1;
            }
            // A value nobody subscribed to is sent to nobody.
            if subscriptions.contains(&value.address) {
                outcomes.push(Outcome::Send(value));
            }
            self.hang_up = Some(now + IDLE);
        }
        if self.hang_up.is_some_and(|at| at <= now) && !self.habits.always_awake {
            self.hang_up = None;
            // What it was asked for was asked: it sleeps until the next measurement.
            self.window = None;
            outcomes.push(Outcome::HangUp);
        } else if self.habits.always_awake {
            self.hang_up = None;
        }
        if !self.linked {
            self.window = self.window.filter(|at| *at > now);
        }
        outcomes
    }

    fn read(&self, characteristic: Uuid) -> Option<Vec<u8>> {
        self.kind.read(characteristic)
    }

    fn write(&mut self, at: CharacteristicAddress, octets: &[u8], moment: Moment<'_>) -> Result<(), String> {
        if at.characteristic != uuids::RECORD_ACCESS_CONTROL_POINT || at.service != K::SERVICE {
            return Err("write not permitted".to_owned());
        }
        self.fill(moment);
        self.hang_up = Some(moment.now + IDLE);
        match RecordRequest::decode_or_refuse(octets) {
            Ok(RecordRequest::Abort) => self.answer(RecordRequest::Abort, moment),
            Ok(_) if !self.outgoing.is_empty() => return Err("procedure already in progress".to_owned()),
            Ok(request) => self.answer(request, moment),
            Err(reply) => self.reply(moment.now, reply),
        }
        Ok(())
    }

    fn advertises(&self) -> bool {
        self.habits.always_awake || self.window.is_some()
    }

    fn linked(&mut self, now: Duration) {
        self.linked = true;
        self.hang_up = Some(now + IDLE);
    }

    fn unlinked(&mut self, now: Duration) {
        self.linked = false;
        let was_sending = !self.outgoing.is_empty() || self.window.is_some();
        self.outgoing.clear();
        self.hang_up = None;
        // A person whose meter lost the link presses its button again.
        if was_sending {
            self.open_window(now);
        }
    }

    fn measure(&mut self, moment: Moment<'_>) {
        self.fill(moment);
        let number = self.memory.last().map_or(1, |record| record.number + 1);
        let result = self.kind.result(number, &mut self.random);
        self.memory.push(Record { number, time: moment.clock.shows(moment.wall), result });
        if !self.linked {
            self.open_window(moment.now);
        }
    }

    fn be_busy(&mut self, until: Duration) {
        self.busy_until = Some(until);
    }

    fn break_off(&mut self, after_records: u32) {
        self.break_after = Some(after_records);
    }
}
