//! Review: a person corrects a reading or rejects it, with a reason, or confirms one that waits for it. The reading stays
//! as it was measured; what is said of it is a new version. Not here: how versions are kept and which is in force (the
//! vault).
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::epoch::Moment;
use crate::event_loop::{Console, Done};
use crate::people::answer;
use crate::plausible::{plausible, range};
use crate::ports::{Answer, Query, RecordStore, StoreFault};
use crate::records::{Changes, ReadingVersion, StoredReading, Verdict};
use crate::request::RequestError;
use crate::requests::Reply;
use bedside_fhir::{LaterWord, TypeName};
use bedside_outbox::{OutboxRow, Outcome, RowState, RowUpdate, WITHDRAWN, Withdrawn};
use bedside_vitals::{
    BloodPressure, MeasuredValue, Measurement, Number, Parameter, PatientId, QualityFlag, ReadingId, Sensitive,
    WallTime,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Characters of a reason.
const LEAST_REASON: usize = 3;
const MOST_REASON: usize = 200;

/// Readings of which somebody says something just now. Who speaks next has to know what was said and what is sent of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderReview(Arc<Mutex<BTreeSet<ReadingId>>>);

/// One's turn to say something of a reading. It ends when what was said is written, or is dropped.
struct Turn {
    all: UnderReview,
    reading: ReadingId,
}

impl UnderReview {
    fn turn(&self, reading: ReadingId) -> Option<Turn> {
        self.readings().insert(reading).then(|| Turn { all: self.clone(), reading })
    }

    fn readings(&self) -> MutexGuard<'_, BTreeSet<ReadingId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.all.readings().remove(&self.reading);
    }
}

/// What a person says.
enum Word {
    Corrected(MeasuredValue),
    Rejected,
    Confirmed,
}

/// What is to be written about a reading, once what was filed of it is known.
struct Said {
    reading: StoredReading,
    before: Vec<ReadingVersion>,
    verdict: Verdict,
    reason: String,
    turn: Turn,
}

impl Console {
    /// The value was another one.
    pub(crate) fn correct_reading(&mut self, id: ReadingId, value: MeasuredValue, reason: String, reply: Reply<()>) {
        self.say_with_reason(id, Word::Corrected(value), &reason, reply);
    }

    /// It is no measurement of this patient.
    pub(crate) fn reject_reading(&mut self, id: ReadingId, reason: String, reply: Reply<()>) {
        self.say_with_reason(id, Word::Rejected, &reason, reply);
    }

    /// It is right as it was measured.
    pub(crate) fn confirm_reading(&mut self, id: ReadingId, reply: Reply<()>) {
        self.say_of_reading(id, Word::Confirmed, String::new(), reply);
    }

    fn say_with_reason(&mut self, id: ReadingId, word: Word, reason: &str, reply: Reply<()>) {
        let reason = reason.trim().to_owned();
        if !(LEAST_REASON..=MOST_REASON).contains(&reason.chars().count()) {
            return answer(reply, Err(RequestError::ReasonNeeded { least: LEAST_REASON, most: MOST_REASON }));
        }
        self.say_of_reading(id, word, reason, reply);
    }

    fn say_of_reading(&mut self, id: ReadingId, word: Word, reason: String, reply: Reply<()>) {
        let Some(turn) = self.under_review.turn(id) else { return answer(reply, Err(RequestError::UnderReview)) };
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        self.then(async move {
            let found = found(store.as_ref(), id).await;
            // Locked meanwhile, or somebody else works here: it would be written as theirs.
            move |console: &mut Self| {
                let said = asked.let_through(found.map_err(RequestError::from)).and_then(|(reading, before)| {
                    let reading = reading.ok_or(RequestError::NoSuchReading)?;
                    let verdict = match word {
                        Word::Rejected => Verdict::Rejected,
                        Word::Confirmed if reading.patient.is_none() => return Err(RequestError::NotAssigned),
                        Word::Confirmed => Verdict::Confirmed,
                        Word::Corrected(value) if stands(&reading, &before) == value => {
                            return Err(RequestError::NothingToCorrect);
                        }
                        Word::Corrected(value) => corrected(&reading, value)?,
                    };
                    Ok(Said { reading, before, verdict, reason, turn })
                });
                match said {
                    Ok(said) => console.look_what_was_filed(said, asked, reply),
                    Err(error) => answer(reply, Err(error)),
                }
            }
        });
    }

    fn look_what_was_filed(&mut self, said: Said, asked: Moment, reply: Reply<()>) {
        let mut ids = self.rows_of(&said.reading, &said.before);
        ids.extend(Self::provenances_of(&ids));
        let store = self.ports.store.clone();
        self.then(async move {
            let rows = match store.read(Query::TheseRows(ids)).await {
                Ok(Answer::OutboxRows(rows)) => Ok(rows),
                Ok(_) => Ok(Vec::new()),
                Err(fault) => Err(fault.into()),
            };
            move |console: &mut Self| match asked.let_through(rows) {
                Ok(rows) => console.say(said, &rows, reply),
                Err(error) => answer(reply, Err(error)),
            }
        });
    }

    /// The version, the entry about it, what is not sent any more and what is sent in its place: in one commit.
    fn say(&mut self, said: Said, rows: &[OutboxRow], reply: Reply<()>) {
        let Said { reading, before, verdict, reason, turn } = said;
        let is_provenance = |row: &OutboxRow| row.resource_type == bedside_fhir::Provenance::NAME;
        let (provenances, rows): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(is_provenance);
        let waits = Self::waits_for_review(&reading.measurement, &before, rows.first());
        if verdict == Verdict::Confirmed && !waits {
            return answer(reply, Err(RequestError::NothingToConfirm));
        }
        let action = match verdict {
            Verdict::Rejected => AuditAction::ReadingRejected,
            Verdict::Corrected(_) => AuditAction::ReadingCorrected,
            Verdict::Confirmed => AuditAction::ReadingConfirmed,
        };
        // Without the reason: it is health data, and the version has it. Entries are exported.
        let entry = self.entry(action, reading.patient, Some(reading.device));
        let behind = before.last().map(|last| last.at.plus_millis(1));
        let version = ReadingVersion {
            reading: reading.id,
            version: 0,
            verdict,
            reason: Sensitive::new(reason),
            author: entry.actor,
            at: behind.map_or(entry.at, |behind| entry.at.max(behind)),
        };
        let may_have_it = rows.iter().any(|row| self.may_have_arrived(row));
        let in_its_place = self.in_its_place(&reading, &version, (&rows, &provenances), may_have_it);
        // Who took a reading that the server has is told whatever is said of it now; of one that it never got, nothing
        // is.
        let open: Vec<OutboxRow> = if may_have_it { rows } else { rows.into_iter().chain(provenances).collect() };
        let (withdrawn, outbox_updates) = self.withdraw(&open);
        let changes = Changes {
            versions: vec![version],
            audit: vec![entry],
            outbox: in_its_place,
            outbox_updates,
            ..Changes::default()
        };
        let (patient, parameter, at) = (reading.patient, reading.measurement.parameter, reading.measurement.time.at);
        let then = move |console: &mut Self, durable: Result<(), RequestError>| {
            if durable.is_ok() {
                console.last_value_changed(patient, parameter, at);
            } else {
                // In memory the rows were withdrawn at once, so that they did not go meanwhile.
                withdrawn.into_iter().for_each(|one| console.sync.undo(one));
            }
            drop(turn);
            answer(reply, durable);
        };
        self.commits.request(Batch { changes, after: vec![After::Then(Box::new(then))] });
    }

    /// What the server is to get now. Of a reading that it never got, what is in force, or nothing when that is a rejection;
    /// of one that it has, or may have, another version of the same resource.
    fn in_its_place(
        &self,
        reading: &StoredReading,
        said: &ReadingVersion,
        (rows, provenances): (&[OutboxRow], &[OutboxRow]),
        may_have_it: bool,
    ) -> Vec<OutboxRow> {
        let row = match &said.verdict {
            Verdict::Rejected if may_have_it => self.version_row(reading, said, LaterWord::EnteredInError, rows),
            Verdict::Rejected => None,
            Verdict::Confirmed => self.version_row(reading, said, LaterWord::Confirmed, rows),
            Verdict::Corrected(measurement) => {
                let word = if may_have_it { LaterWord::Amended } else { LaterWord::Corrected };
                let in_force = StoredReading { measurement: (**measurement).clone(), ..reading.clone() };
                self.version_row(&in_force, said, word, rows)
            }
        };
        let Some(row) = row else { return Vec::new() };
        let taken = Self::taken_before(rows, provenances).filter(|_| !may_have_it);
        let provenances = self.provenances_of_version(&row, reading, said, (!may_have_it).then_some(taken));
        std::iter::once(row).chain(provenances).collect()
    }

    fn may_have_arrived(&self, row: &OutboxRow) -> bool {
        // A server that failed, or that holds another version, may hold this one.
        let answered_so = |outcome: &Outcome| matches!(outcome.status, 409 | 412 | 500..);
        match row.state {
            RowState::Accepted | RowState::Sending => true,
            RowState::Refused if row.outcome.as_ref().is_some_and(answered_so) => true,
            // A withdrawn row whose answer was lost is not told from one that never left: it was tried, so it may be there.
            RowState::Held if row.is_withdrawn() => row.attempts > 0,
            RowState::Waiting | RowState::Held | RowState::Refused if self.ports.clinic.is_some() => {
                self.sync.may_have_arrived(row.id)
            }
            // Without a server rows are not in memory, and nobody knows how the tries before the last word ended.
            RowState::Refused | RowState::Discarded => row.attempts > 1,
            RowState::Waiting | RowState::Held => row.attempts > 0,
        }
    }

    /// What has not been sent of the reading is not sent any more.
    fn withdraw(&mut self, rows: &[OutboxRow]) -> (Vec<Withdrawn>, Vec<RowUpdate>) {
        let now = self.ports.machine.wall();
        let open = |row: &&OutboxRow| !row.is_withdrawn() && row.state.is_open();
        let open: Vec<&OutboxRow> = rows.iter().filter(open).collect();
        if self.ports.clinic.is_some() {
            let withdrawn: Vec<Withdrawn> = open.iter().filter_map(|row| self.sync.withdraw(row.id, now)).collect();
            let updates = withdrawn.iter().map(|one| one.update.clone()).collect();
            return (withdrawn, updates);
        }
        let outcome = || Some(Outcome { status: 0, text: WITHDRAWN.into(), at: now });
        let update = |row: &OutboxRow| RowUpdate {
            fact: None,
            id: row.id,
            state: RowState::Held,
            attempts: row.attempts,
            next_attempt: None,
            outcome: outcome(),
        };
        (Vec::new(), open.into_iter().map(update).collect())
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

/// The reading as it was measured, and what was said of it before.
async fn found(
    store: &dyn RecordStore,
    id: ReadingId,
) -> Result<(Option<StoredReading>, Vec<ReadingVersion>), StoreFault> {
    let reading = match store.read(Query::TheseReadings(vec![id])).await? {
        Answer::Readings(found) => found.into_iter().next(),
        _ => None,
    };
    let before = match store.read(Query::Versions(vec![id])).await? {
        Answer::Versions(versions) => versions,
        _ => Vec::new(),
    };
    Ok((reading, before))
}

/// The value that is in force: the last correction's, else what was measured.
fn stands(reading: &StoredReading, before: &[ReadingVersion]) -> MeasuredValue {
    let corrected = before.iter().rev().find_map(|said| match &said.verdict {
        Verdict::Corrected(measurement) => Some(measurement.value),
        Verdict::Rejected | Verdict::Confirmed => None,
    });
    corrected.unwrap_or(reading.measurement.value)
}

/// A correction is a number of the same kind and unit that a person can have; nothing else of a measurement can be corrected.
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
    if let Some((lowest, highest)) = range(measured.parameter, value.unit())
        && !plausible(measured.parameter, &value)
    {
        return Err(RequestError::Implausible { lowest, highest, unit: value.unit().ucum() });
    }
    if let MeasuredValue::Pressures(pressures) = value
        && !in_order(pressures)
    {
        return Err(RequestError::PressureOrder);
    }
    // What was said of the first value is not said of this one.
    let quality = measured.quality.without(QualityFlag::Implausible);
    Ok(Verdict::Corrected(Box::new(Measurement { value, quality, ..measured.clone() })))
}

/// Systolic above diastolic, and a mean that is given between them.
fn in_order(BloodPressure { systolic, diastolic, mean, .. }: BloodPressure) -> bool {
    let below = |low: Number, high: Number| low.value().zip(high.value()).is_some_and(|(low, high)| low.is_below(high));
    below(diastolic, systolic) && !below(mean, diastolic) && !below(systolic, mean)
}
