//! The unassigned inbox: what is in it and why, and the act by which its readings become a patient's (product law 5).
//! Not here: how a reading comes to be unassigned (`readings`), and slots confirmed while the device is bound (`procedures`).
use crate::audit::AuditAction;
use crate::commits::After;
use crate::epoch::Moment;
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Answer, Query, RecordStore, StoreFault};
use crate::procedures::is_of_user;
use crate::records::{Binding, Connection, StoredReading, Verdict};
use crate::request::RequestError;
use bedside_session::Now;
use bedside_vitals::{
    BootTime, DeviceId, Freshness, FreshnessRule, LastSample, Measurement, PatientId, QualityFlag, ReadingId,
    TimeMethod, freshness,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::oneshot;

/// Why a reading is in no chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyUnassigned {
    /// The device was bound to nobody when it was measured.
    NotBound,
    /// It was measured during a binding, under this user slot, which nobody has confirmed to be the patient's.
    UserSlot(u8),
    /// It came later, but was measured while the device was bound to this patient: it is nobody else's.
    MeasuredFor(PatientId),
    /// It was measured during a binding, by somebody for whom the device has no user slot: a guest perhaps.
    UserUnknown,
    /// It comes from the device's memory, and nobody knows when it was measured.
    TimeUnknown,
    /// Control solution, a demonstration or a test: it is nobody's.
    NotOfAPerson,
}

impl WhyUnassigned {
    /// Whether a person may give the reading to this patient.
    pub fn permits(self, patient: PatientId) -> bool {
        match self {
            Self::NotBound | Self::UserSlot(_) | Self::UserUnknown | Self::TimeUnknown => true,
            Self::MeasuredFor(whose) => whose == patient,
            Self::NotOfAPerson => false,
        }
    }
}

/// A reading without a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// What was measured.
    pub reading: StoredReading,
    /// Why it is in no chart.
    pub why: WhyUnassigned,
}

/// A reading of the inbox as the screen may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxReading {
    /// What was measured, and why it is in no chart.
    pub unassigned: Unassigned,
    /// Its state now.
    pub freshness: Freshness,
    /// Its age now.
    pub age: Duration,
}

/// Everything unassigned in a store, newest first.
pub async fn unassigned(store: &dyn RecordStore) -> Result<Vec<Unassigned>, StoreFault> {
    let query = Query::Readings { patient: None, unassigned_only: true, since: None, limit: usize::MAX };
    let Answer::Readings(readings) = store.read(query).await? else { return Ok(Vec::new()) };
    let bindings = bindings_of(store, &readings).await?;
    let with_reason = |reading: StoredReading| Unassigned { why: why(&reading, &bindings), reading };
    Ok(readings.into_iter().map(with_reason).collect())
}

/// All bindings, lasting and ended, of the devices of these readings.
async fn bindings_of(store: &dyn RecordStore, readings: &[StoredReading]) -> Result<Vec<Binding>, StoreFault> {
    let devices: BTreeSet<DeviceId> = readings.iter().map(|reading| reading.device).collect();
    let mut all = Vec::new();
    for device in devices {
        if let Answer::Bindings(bindings) = store.read(Query::BindingsOf(device)).await? {
            all.extend(bindings);
        }
    }
    Ok(all)
}

/// The connections on which these readings came.
async fn connections_of(store: &dyn RecordStore, readings: &[StoredReading]) -> Result<Vec<Connection>, StoreFault> {
    let devices: BTreeSet<DeviceId> = readings.iter().map(|reading| reading.device).collect();
    let on: BTreeSet<_> = readings.iter().filter_map(|reading| reading.frame).map(|(on, _, _)| on).collect();
    let mut all = Vec::new();
    for device in devices {
        if let Answer::Connections(connections) = store.read(Query::Connections(device)).await? {
            all.extend(connections.into_iter().filter(|begun| on.contains(&begun.id)));
        }
    }
    Ok(all)
}

fn why(reading: &StoredReading, bindings: &[Binding]) -> WhyUnassigned {
    let StoredReading { device, measurement, .. } = reading;
    if !measurement.quality.may_be_charted() {
        return WhyUnassigned::NotOfAPerson;
    }
    let has_time = match measurement.time.method {
        TimeMethod::Receipt | TimeMethod::Unknown => !measurement.quality.has(QualityFlag::FromStorage),
        TimeMethod::DeviceClockCorrected | TimeMethod::DeviceClockUnverified | TimeMethod::TickCounter => true,
    };
    if !has_time {
        return WhyUnassigned::TimeUnknown;
    }
    let at = measurement.time.at;
    let during = |binding: &&Binding| {
        binding.device == *device && binding.not_before <= at && binding.until.is_none_or(|until| at < until)
    };
    let Some(binding) = bindings.iter().filter(during).max_by_key(|binding| binding.since) else {
        return WhyUnassigned::NotBound;
    };
    match measurement.user_slot {
        _ if is_of_user(binding, measurement) => WhyUnassigned::MeasuredFor(binding.patient),
        Some(slot) => WhyUnassigned::UserSlot(slot),
        None => WhyUnassigned::UserUnknown,
    }
}

/// Readings that are to be assigned, and the bindings of their devices.
type FoundToAssign = (Vec<StoredReading>, Vec<Binding>);

/// A request to assign readings, with what the store says of them.
pub(crate) struct ToAssign {
    wanted: BTreeSet<ReadingId>,
    patient: PatientId,
    reply: oneshot::Sender<Result<u64, RequestError>>,
    asked: Moment,
    found: Result<FoundToAssign, RequestError>,
    /// On which they came, with the devices' clocks.
    connections: Vec<Connection>,
}

impl Console {
    /// What is unassigned, for the screen.
    pub(crate) fn inbox(&mut self, reply: oneshot::Sender<Result<Vec<InboxReading>, RequestError>>) {
        let (store, rule, now) = (self.ports.store.clone(), self.policy.freshness, self.now());
        let entry = self.entry(AuditAction::InboxSeen, None, None);
        self.audited(entry, reply, async move {
            let found = unassigned(store.as_ref()).await?;
            Ok((found.len(), found.into_iter().map(|one| with_age(one, &rule, now)).collect()))
        });
    }

    /// A person gives readings of the inbox to a patient.
    pub(crate) fn assign(
        &mut self,
        readings: Vec<ReadingId>,
        patient: PatientId,
        reply: oneshot::Sender<Result<u64, RequestError>>,
    ) {
        if !self.patients.contains_key(&patient) {
            return answer(reply, Err(RequestError::NoSuchPatient));
        }
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        let wanted: BTreeSet<ReadingId> = readings.into_iter().collect();
        self.start_work(async move {
            let found = async {
                let query = Query::TheseReadings(wanted.iter().copied().collect());
                let Answer::Readings(mut found) = store.read(query).await? else { return Ok((Vec::new(), Vec::new())) };
                let stored = found.len();
                leave_out_rejected(store.as_ref(), &mut found).await?;
                if found.len() < stored {
                    return Err(RequestError::RejectedReading);
                }
                let bindings = bindings_of(store.as_ref(), &found).await?;
                Ok((found, bindings))
            };
            let found = found.await;
            let connections = match &found {
                Ok((readings, _)) => connections_of(store.as_ref(), readings).await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            Done::ToAssign(Box::new(ToAssign { wanted, patient, reply, asked, found, connections }))
        });
    }

    /// All of them or none: readings, records for the server and the audit in one commit. One that is the patient's
    /// already is left as it is.
    pub(crate) fn assign_found(&mut self, asked: ToAssign) {
        let ToAssign { wanted, patient, reply, asked, found, connections } = asked;
        connections.into_iter().for_each(|begun| self.clocks.keep(begun.id, begun.clock));
        // Locked meanwhile, or somebody else works here: it would be filed without what the server is to get, or as theirs.
        let found = asked.let_through(found);
        let new = match found.and_then(|found| assignable(&wanted, patient, found)) {
            Ok(new) => new,
            Err(error) => return answer(reply, Err(error)),
        };
        if new.is_empty() {
            return answer(reply, Ok(0));
        }
        let count = new.len() as u64;
        let devices: BTreeSet<DeviceId> = new.iter().map(|reading| reading.device).collect();
        let mut batch = self.assignment(new, patient);
        let action = AuditAction::ReadingsAssigned;
        let entry = |device| self.entry(action, Some(patient), Some(device));
        batch.changes.audit.extend(devices.into_iter().map(entry));
        batch.after.push(After::Reply(Box::new(move |result| answer(reply, result.map(|()| count)))));
        self.commits.request(batch);
    }
}

/// A reading that somebody rejected is no measurement of anybody: there is nothing to assign.
async fn leave_out_rejected(store: &dyn RecordStore, found: &mut Vec<StoredReading>) -> Result<(), StoreFault> {
    let unassigned = found.iter().filter(|reading| reading.patient.is_none()).map(|reading| reading.id).collect();
    let Answer::Versions(versions) = store.read(Query::Versions(unassigned)).await? else {
        return Err(StoreFault::another_answer());
    };
    // Oldest first: the last word stands.
    let last: BTreeMap<ReadingId, Verdict> = versions.into_iter().map(|said| (said.reading, said.verdict)).collect();
    found.retain(|reading| last.get(&reading.id) != Some(&Verdict::Rejected));
    Ok(())
}

/// The readings that become the patient's now, or why none does.
fn assignable(
    wanted: &BTreeSet<ReadingId>,
    patient: PatientId,
    (found, bindings): (Vec<StoredReading>, Vec<Binding>),
) -> Result<Vec<StoredReading>, RequestError> {
    if found.len() != wanted.len() {
        return Err(RequestError::NoSuchReading);
    }
    if found.iter().any(|reading| reading.patient.is_some_and(|whose| whose != patient)) {
        return Err(RequestError::OfAnotherPatient);
    }
    let new: Vec<StoredReading> = found.into_iter().filter(|reading| reading.patient.is_none()).collect();
    for reading in &new {
        match why(reading, &bindings) {
            WhyUnassigned::NotOfAPerson => return Err(RequestError::NotOfAPerson),
            reason if !reason.permits(patient) => return Err(RequestError::OfAnotherPatient),
            WhyUnassigned::NotBound
            | WhyUnassigned::UserSlot(_)
            | WhyUnassigned::UserUnknown
            | WhyUnassigned::TimeUnknown
            | WhyUnassigned::MeasuredFor(_) => {}
        }
    }
    Ok(new)
}

fn with_age(unassigned: Unassigned, rule: &FreshnessRule, now: Now) -> InboxReading {
    let (freshness, age) = age_of(&unassigned.reading.measurement, rule, now);
    InboxReading { unassigned, freshness, age }
}

/// The state and the age of a stored measurement.
pub(crate) fn age_of(measurement: &Measurement, rule: &FreshnessRule, now: Now) -> (Freshness, Duration) {
    let time = measurement.time;
    let since_arrival = Duration::from_millis(u64::try_from(now.wall.millis_since(time.received)).unwrap_or(0));
    let sample = LastSample {
        received: BootTime(now.boot.0.saturating_sub(since_arrival)),
        measured: time.at,
        method: time.method,
        cadence: measurement.cadence,
        before_interruption: false,
    };
    freshness(rule, Some(&sample), now.boot, now.wall)
}
