//! Review: a person corrects a reading or rejects it, with a reason. The reading stays as it was measured; what is said of
//! it is a new version. Not here: how versions are kept and which is in force (the vault).
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::ports::{Answer, Query, StoreFault};
use crate::records::{Changes, ReadingVersion, StoredReading, Verdict};
use crate::request::RequestError;
use crate::requests::Reply;
use bedside_outbox::{OutboxRow, Outcome, RowId, RowState, RowUpdate, WITHDRAWN};
use bedside_vitals::{MeasuredValue, Measurement, Number, Parameter, PatientId, ReadingId, Sensitive, WallTime};

/// Characters of a reason.
const LEAST_REASON: usize = 3;
const MOST_REASON: usize = 200;

/// What a person says.
enum Word {
    Corrected(MeasuredValue),
    Rejected,
}

/// What the store knows of it.
struct Found {
    reading: Option<StoredReading>,
    rows: Vec<OutboxRow>,
}

impl Console {
    /// The value was another one.
    pub(crate) fn correct_reading(&mut self, id: ReadingId, value: MeasuredValue, reason: String, reply: Reply<()>) {
        self.say_of_reading(id, Word::Corrected(value), &reason, reply);
    }

    /// It is no measurement of this patient.
    pub(crate) fn reject_reading(&mut self, id: ReadingId, reason: String, reply: Reply<()>) {
        self.say_of_reading(id, Word::Rejected, &reason, reply);
    }

    fn say_of_reading(&mut self, id: ReadingId, word: Word, reason: &str, reply: Reply<()>) {
        let reason = reason.trim().to_owned();
        if !(LEAST_REASON..=MOST_REASON).contains(&reason.chars().count()) {
            return answer(reply, Err(RequestError::ReasonNeeded { least: LEAST_REASON, most: MOST_REASON }));
        }
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        self.then(async move {
            let found = async {
                let reading = match store.read(Query::TheseReadings(vec![id])).await? {
                    Answer::Readings(found) => found.into_iter().next(),
                    _ => None,
                };
                let states = vec![RowState::Waiting, RowState::Held, RowState::Refused];
                let rows = match store.read(Query::OutboxRows { states, limit: usize::MAX }).await? {
                    Answer::OutboxRows(rows) => rows,
                    _ => Vec::new(),
                };
                Ok(Found { reading, rows })
            };
            let found: Result<Found, StoreFault> = found.await;
            // Locked meanwhile, or somebody else works here: it would be written as theirs.
            move |console: &mut Self| match asked.let_through(found.map_err(RequestError::from)) {
                Ok(found) => console.reading_found(found, word, reason, reply),
                Err(error) => answer(reply, Err(error)),
            }
        });
    }

    fn reading_found(&mut self, found: Found, word: Word, reason: String, reply: Reply<()>) {
        let Some(reading) = found.reading else { return answer(reply, Err(RequestError::NoSuchReading)) };
        let (action, verdict) = match word {
            Word::Rejected => (AuditAction::ReadingRejected, Verdict::Rejected),
            Word::Corrected(value) => match corrected(&reading, value) {
                Ok(verdict) => (AuditAction::ReadingCorrected, verdict),
                Err(error) => return answer(reply, Err(error)),
            },
        };
        let mut entry = self.entry(action, reading.patient, Some(reading.device));
        entry.reason = Some(reason.clone());
        let withdrawn = match verdict {
            Verdict::Rejected => self.withdraw(&reading, &found.rows),
            Verdict::Corrected(_) => None,
        };
        let version = ReadingVersion {
            reading: reading.id,
            version: 0,
            verdict,
            reason: Sensitive::new(reason),
            author: entry.actor,
            at: entry.at,
        };
        let changes = Changes {
            versions: vec![version],
            audit: vec![entry],
            outbox_updates: withdrawn.into_iter().collect(),
            ..Changes::default()
        };
        let (patient, parameter, at) = (reading.patient, reading.measurement.parameter, reading.measurement.time.at);
        let then = move |console: &mut Self, durable: Result<(), RequestError>| {
            if durable.is_ok() {
                console.last_value_changed(patient, parameter, at);
            }
            answer(reply, durable);
        };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(then))] });
    }

    /// What has not been sent of a rejected reading is not sent any more.
    fn withdraw(&mut self, reading: &StoredReading, stored: &[OutboxRow]) -> Option<RowUpdate> {
        let device = self.known.get(&reading.device).cloned();
        let row = RowId(self.reading_row_id(reading.patient?, device.as_ref()?, &reading.measurement)?);
        let now = self.ports.machine.wall();
        if self.ports.clinic.is_some() {
            return self.sync.withdraw(row, now);
        }
        // Without a server rows are not in memory.
        let stored = stored.iter().find(|stored| stored.id == row)?;
        let outcome = Some(Outcome { status: 0, text: WITHDRAWN.into(), at: now });
        Some(RowUpdate { id: row, state: RowState::Held, attempts: stored.attempts, next_attempt: None, outcome })
    }

    /// The tile shows what is in force now.
    fn last_value_changed(&mut self, patient: Option<PatientId>, parameter: Parameter, at: WallTime) {
        let Some(patient) = patient.filter(|_| self.access.vault_is_open()) else { return self.ask_unassigned() };
        if self.live.forget_value(patient, parameter, at) {
            let store = self.ports.store.clone();
            self.start_work(async move { Done::LastValues(patient, store.read(Query::LastValues(patient)).await) });
        }
    }
}

/// A correction is a number of the same kind and unit; nothing else of a measurement can be corrected.
fn corrected(reading: &StoredReading, value: MeasuredValue) -> Result<Verdict, RequestError> {
    if reading.patient.is_none() {
        return Err(RequestError::NotAssigned);
    }
    let measured = &reading.measurement;
    let same_kind = matches!(
        (&measured.value, &value),
        (MeasuredValue::Single(_), MeasuredValue::Single(_))
            | (MeasuredValue::Pressures(_), MeasuredValue::Pressures(_))
    );
    let is_value = |number: Number| number.value().is_some();
    let leading = match value {
        MeasuredValue::Single(quantity) => is_value(quantity.number),
        MeasuredValue::Pressures(pressures) => is_value(pressures.systolic) && is_value(pressures.diastolic),
    };
    if !same_kind || !leading || measured.value.unit() != value.unit() {
        return Err(RequestError::OtherKind { expected: measured.value.unit().ucum() });
    }
    Ok(Verdict::Corrected(Box::new(Measurement { value, ..measured.clone() })))
}
