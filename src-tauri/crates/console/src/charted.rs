//! The readings of a chart as a person reviews them: what is in force, what was measured, every later word, and how far each
//! is on its way to the server. Not here: saying such a word (`review`), and values of streams (`trend`).
use crate::audit::AuditAction;
use crate::clinician::Clinician;
use crate::event_loop::Console;
use crate::inbox::age_of;
use crate::people::answer;
use crate::ports::{Answer, Query, RecordStore, StoreFault};
use crate::records::{ReadingVersion, StoredReading, Verdict};
use crate::request::{ConsoleHandle, RequestError};
use crate::requests::{Reply, Request};
use bedside_outbox::{OutboxRow, Outcome, RowId, RowState};
use bedside_session::Now;
use bedside_vitals::{
    DeviceDescription, Freshness, FreshnessRule, MeasuredValue, PatientId, QualityFlag, ReadingId, TimeMethod,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most readings of one answer.
pub const MOST_CHARTED: usize = 500;

/// Readings of a chart, and who and what they name.
#[derive(Clone, Debug, Default)]
pub struct Charted {
    /// Newest first.
    pub readings: Vec<ChartedReading>,
    /// There are older ones.
    pub more: bool,
    /// The devices that measured them.
    pub devices: Vec<DeviceDescription>,
    /// Everybody who was ever enrolled: authors of versions are among them.
    pub clinicians: Vec<Clinician>,
}

/// A reading of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartedReading {
    /// As the last word on it says, with its mark; a rejected one with the value that was in force before.
    pub reading: StoredReading,
    /// What the device measured.
    pub measured: MeasuredValue,
    /// Every later word, oldest first.
    pub versions: Vec<ReadingVersion>,
    /// Its state now.
    pub freshness: Freshness,
    /// Its age now.
    pub age: Duration,
    /// How far it is on its way to the server.
    pub filed: Filed,
    /// The record of the last word on it.
    pub row: Option<RowId>,
    /// The policy asked a person to confirm it when it was filed, and nobody has said anything of it since.
    pub waits_for_review: bool,
}

/// How far what is in force of a reading is on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// A record of it stands so, with the server's last word.
    Record(RowState, Option<Outcome>),
    /// It was rejected before it was sent: the server never gets it.
    Withdrawn,
    /// It stays here.
    Local(WhyLocal),
}

/// Why a reading is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLocal {
    /// It is beyond what a person can have: a person must correct or reject it.
    Implausible,
    /// Nobody knows when it was measured.
    TimeUnknown,
    /// No nomenclature has a code for it.
    NoCode,
    /// No record of it was written.
    NoRecord,
}

impl ConsoleHandle {
    /// The newest readings of a patient's chart, at most so many and never more than `MOST_CHARTED`.
    pub async fn charted(&self, patient: PatientId, limit: usize) -> Result<Charted, RequestError> {
        self.ask(|reply| Request::Charted { patient, limit, reply }).await
    }
}

impl Console {
    /// The newest readings of a chart. The page reads again and again: that is one look.
    pub(crate) fn charted(&mut self, patient: PatientId, limit: usize, reply: Reply<Charted>) {
        if !self.patients.contains_key(&patient) {
            return answer(reply, Err(RequestError::NoSuchPatient));
        }
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        let limit = limit.min(MOST_CHARTED);
        self.then(async move {
            let found = found(store.as_ref(), patient, limit).await;
            move |console: &mut Self| match asked.let_through(found.map_err(RequestError::from)) {
                Ok(found) => console.found_charted(patient, found, reply),
                Err(error) => answer(reply, Err(error)),
            }
        });
    }

    fn found_charted(&mut self, patient: PatientId, found: Found, reply: Reply<Charted>) {
        let Found { readings, more, measured, versions } = found;
        let (rule, now) = (self.policy.freshness, self.now());
        let with_rows = |reading: StoredReading| {
            let said: Vec<ReadingVersion> =
                versions.iter().filter(|said| said.reading == reading.id).cloned().collect();
            let rows = self.rows_of(&reading, &said);
            let value = measured.get(&reading.id).copied().unwrap_or(reading.measurement.value);
            Listed { reading, value, said, rows }
        };
        let listed: Vec<Listed> = readings.into_iter().map(with_rows).collect();
        let devices: BTreeSet<_> = listed.iter().map(|one| one.reading.device).collect();
        let devices = devices.iter().filter_map(|id| self.known.get(id).cloned()).collect();
        let (store, entry) = (self.ports.store.clone(), self.entry(AuditAction::ReadingsListed, Some(patient), None));
        self.audited(entry, reply, async move {
            let ids = listed.iter().flat_map(|one| one.rows.iter().copied()).collect();
            let Answer::OutboxRows(rows) = store.read(Query::TheseRows(ids)).await? else {
                return Err(StoreFault::another_answer().into());
            };
            let Answer::Clinicians(clinicians) = store.read(Query::Clinicians).await? else {
                return Err(StoreFault::another_answer().into());
            };
            let rows: BTreeMap<RowId, OutboxRow> = rows.into_iter().map(|row| (row.id, row)).collect();
            let readings: Vec<ChartedReading> = listed.into_iter().map(|one| one.charted(&rows, &rule, now)).collect();
            Ok((readings.len(), Charted { readings, more, devices, clinicians }))
        });
    }
}

/// What the store has of a chart.
struct Found {
    readings: Vec<StoredReading>,
    more: bool,
    /// What was measured, of those that a person said something of.
    measured: BTreeMap<ReadingId, MeasuredValue>,
    versions: Vec<ReadingVersion>,
}

async fn found(store: &dyn RecordStore, patient: PatientId, limit: usize) -> Result<Found, StoreFault> {
    let query = Query::Readings { patient: Some(patient), unassigned_only: false, since: None, limit: limit + 1 };
    let Answer::Readings(mut readings) = store.read(query).await? else { return Err(StoreFault::another_answer()) };
    let more = readings.len() > limit;
    readings.truncate(limit);
    let is_marked = |reading: &&StoredReading| {
        let quality = reading.measurement.quality;
        [QualityFlag::Corrected, QualityFlag::Rejected, QualityFlag::Confirmed].iter().any(|flag| quality.has(*flag))
    };
    let marked: Vec<ReadingId> = readings.iter().filter(is_marked).map(|reading| reading.id).collect();
    let Answer::Readings(first) = store.read(Query::TheseReadings(marked.clone())).await? else {
        return Err(StoreFault::another_answer());
    };
    let Answer::Versions(versions) = store.read(Query::Versions(marked)).await? else {
        return Err(StoreFault::another_answer());
    };
    let measured = first.into_iter().map(|reading| (reading.id, reading.measurement.value)).collect();
    // The last word may be a rejection of a corrected value: that one was in force before.
    for reading in &mut readings {
        let corrected =
            versions.iter().rev().filter(|said| said.reading == reading.id).find_map(|said| match &said.verdict {
                Verdict::Corrected(measurement) => Some(measurement.value),
                Verdict::Rejected | Verdict::Confirmed => None,
            });
        if let Some(value) = corrected {
            reading.measurement.value = value;
        }
    }
    Ok(Found { readings, more, measured, versions })
}

/// A reading whose records are still to be looked up.
struct Listed {
    reading: StoredReading,
    value: MeasuredValue,
    said: Vec<ReadingVersion>,
    rows: Vec<RowId>,
}

impl Listed {
    fn charted(self, rows: &BTreeMap<RowId, OutboxRow>, rule: &FreshnessRule, now: Now) -> ChartedReading {
        let Self { reading, value, said, rows: ids } = self;
        let first = ids.first().and_then(|id| rows.get(id));
        let waits_for_review = Console::waits_for_review(&reading.measurement, &said, first);
        // The record of the last word counts; one that was withdrawn for a later one does not.
        let rows: Vec<&OutboxRow> = ids.iter().rev().filter_map(|id| rows.get(id)).collect();
        let live = rows.iter().find(|row| !row.is_withdrawn());
        let filed = match live {
            Some(row) => Filed::Record(row.state, row.outcome.clone()),
            // One that never had a record is not sent for that reason, whatever kept it here before.
            None if rows.is_empty() && !reading.measurement.quality.has(QualityFlag::Rejected) => {
                Filed::Local(why_local(&reading))
            }
            None => Filed::Withdrawn,
        };
        let (freshness, age) = age_of(&reading.measurement, rule, now);
        let row = live.map(|row| row.id);
        ChartedReading { reading, measured: value, versions: said, freshness, age, filed, row, waits_for_review }
    }
}

fn why_local(reading: &StoredReading) -> WhyLocal {
    let measurement = &reading.measurement;
    if measurement.quality.has(QualityFlag::Implausible) {
        WhyLocal::Implausible
    } else if measurement.time.method == TimeMethod::Unknown {
        WhyLocal::TimeUnknown
    } else if !measurement.parameter.is_standard() {
        WhyLocal::NoCode
    } else {
        WhyLocal::NoRecord
    }
}
