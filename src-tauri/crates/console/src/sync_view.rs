//! What a person may see of sync: the records on their way, the way of one of them from the device to the server, and one of
//! them as a file. Not here: sending (`sync`), and what is done about a record that the server refused.
use crate::audit::AuditAction;
use crate::clinician::Clinician;
use crate::event_loop::Console;
use crate::ports::{Answer, Query, RecordStore, StoreFault};
use crate::records::{MinuteMedian, RawFrame, StoredReading};
use crate::request::{ConsoleHandle, RequestError};
use crate::requests::{Reply, Request};
use bedside_fhir::{FilingContext, ReadingInput};
use bedside_outbox::{AuthorId, Discard, OutboxRow, Outcome, RowId, RowState, ServerCopy};
use bedside_vitals::{DeviceDescription, Parameter, Patient, PatientId, WallTime};
use serde_json::{Value, json};
use uuid::Uuid;

/// The most records of one answer.
pub const MOST_SYNC_ROWS: usize = 500;

/// A record on its way to the server, without what it says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSummary {
    /// Its id.
    pub id: RowId,
    /// For example `Observation`.
    pub resource_type: String,
    /// Its id on the server, as it is chosen here.
    pub resource_id: Uuid,
    /// What an Observation measured.
    pub parameter: Option<Parameter>,
    /// Which version of a reading it is.
    pub version: RowVersion,
    /// Where it stands.
    pub state: RowState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time; `None` = at once.
    pub next_attempt: Option<WallTime>,
    /// When it was written.
    pub created: WallTime,
    /// The server's last word.
    pub outcome: Option<Outcome>,
    /// Octets of the resource.
    pub octets: usize,
    /// The server holds another version, or several: a person decides.
    pub conflict: bool,
    /// Who measured or said it.
    pub measured_by: Option<AuthorId>,
    /// What the server calls it, once it is accepted.
    pub server: Option<ServerCopy>,
    /// Why it was put away.
    pub discarded: Option<Discard>,
}

impl RowSummary {
    /// A name for a file with the record, without anything of a person.
    pub fn file_name(&self) -> String {
        format!("{}-{}.json", self.resource_type, self.resource_id)
    }
}

/// What a record says of the reading that it is about, by its `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowVersion {
    /// The first word, or a record that is no reading.
    First,
    /// A later value.
    Amended,
    /// It is no measurement.
    EnteredInError,
}

/// The way of one record: from the device to the server.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncReceipt {
    /// The record.
    pub row: RowSummary,
    /// Whom it is about.
    pub patient: Option<Patient>,
    /// Who measured or said it.
    pub measured_by: Option<Clinician>,
    /// Who put it away.
    pub discarded_by: Option<Clinician>,
    /// What it was made of.
    pub source: ReceiptSource,
}

/// What a record was made of.
#[derive(Clone, Debug, PartialEq)]
pub enum ReceiptSource {
    /// A spot reading.
    Reading {
        /// The reading, with the last word on it.
        reading: Box<StoredReading>,
        /// The device that measured it.
        device: Box<DeviceDescription>,
        /// The octets that it was decoded from, while they are kept.
        frame: Option<RawFrame>,
    },
    /// The median of a minute of a stream.
    Minute {
        /// The median.
        median: Box<MinuteMedian>,
        /// The device that measured.
        device: Option<Box<DeviceDescription>>,
    },
    /// A device, or the console itself where it is none of the enrolled ones.
    Device(Option<Box<DeviceDescription>>),
    /// Another record.
    Other,
}

/// A record and the server's word on it, to be written into a file. Health data.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordExport {
    /// A name for the file, without anything of a person.
    pub name: String,
    /// A FHIR Bundle of type `collection` with the resource, and an OperationOutcome where the server said something.
    pub json: String,
}

impl std::fmt::Debug for RecordExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} octets", self.name, self.json.len())
    }
}

impl ConsoleHandle {
    /// Records in these states, at most so many and never more than `MOST_SYNC_ROWS`: of each state the oldest, and state
    /// after state in the order in which they are asked for.
    pub async fn sync_rows(&self, states: Vec<RowState>, limit: usize) -> Result<Vec<RowSummary>, RequestError> {
        self.ask(|reply| Request::SyncRows { states, limit, reply }).await
    }

    /// The way of one record.
    pub async fn sync_receipt(&self, row: RowId) -> Result<SyncReceipt, RequestError> {
        self.ask(|reply| Request::SyncReceipt { row, reply }).await
    }

    /// One record as a file.
    pub async fn export_record(&self, row: RowId) -> Result<RecordExport, RequestError> {
        self.ask(|reply| Request::ExportRecord { row, reply }).await
    }
}

impl Console {
    pub(crate) fn sync_rows(&mut self, states: Vec<RowState>, limit: usize, reply: Reply<Vec<RowSummary>>) {
        let (store, entry) = (self.ports.store.clone(), self.entry(AuditAction::OutboxSeen, None, None));
        self.audited(entry, reply, async move {
            let rows = sync_rows(store.as_ref(), &states, limit).await?;
            Ok((rows.len(), rows))
        });
    }

    pub(crate) fn sync_receipt(&mut self, row: RowId, reply: Reply<SyncReceipt>) {
        let (store, context) = (self.ports.store.clone(), self.sync.context.clone());
        self.about_row(AuditAction::ReadingsListed, row, reply, move |row| async move {
            Ok(receipt(store.as_ref(), &context, &row).await?)
        });
    }

    pub(crate) fn export_record(&mut self, row: RowId, reply: Reply<RecordExport>) {
        let at = self.ports.machine.wall();
        self.about_row(AuditAction::Exported, row, reply, move |row| async move { Ok(export(&row, at)) });
    }

    /// The entry names the patient whom the record is about: it is looked up first.
    pub(crate) fn about_row<T, F>(
        &mut self,
        action: AuditAction,
        id: RowId,
        reply: Reply<T>,
        then: impl FnOnce(OutboxRow) -> F + Send + 'static,
    ) where
        T: Send + 'static,
        F: Future<Output = Result<T, RequestError>> + Send + 'static,
    {
        self.with_subject(id, reply, move |console, row, patient, reply| {
            let entry = console.entry(action, patient, None);
            console.audited(entry, reply, async move { Ok((1, then(row).await?)) });
        });
    }

    /// A record and the patient whom it is about, looked up first; what follows answers.
    pub(crate) fn with_subject<T: Send + 'static>(
        &mut self,
        id: RowId,
        reply: Reply<T>,
        then: impl FnOnce(&mut Self, OutboxRow, Option<PatientId>, Reply<T>) + Send + 'static,
    ) {
        let (store, asked) = (self.ports.store.clone(), self.epoch.moment());
        self.then(async move {
            let found = the_row(store.as_ref(), id).await;
            move |console: &mut Self| match asked.let_through(found) {
                Ok(row) => {
                    let patient = subject_of(&row).filter(|patient| console.patients.contains_key(patient));
                    then(console, row, patient, reply);
                }
                Err(error) => crate::people::answer(reply, Err(error)),
            }
        });
    }
}

/// Records in these states: of each state the oldest, state after state as they are asked for, so that many that wait hide
/// none that needs a person.
///
/// # Errors
/// When the store cannot be read.
pub async fn sync_rows(
    store: &dyn RecordStore,
    states: &[RowState],
    limit: usize,
) -> Result<Vec<RowSummary>, StoreFault> {
    let mut all = Vec::new();
    for state in states {
        let left = limit.min(MOST_SYNC_ROWS).saturating_sub(all.len());
        if left == 0 {
            break;
        }
        match store.read(Query::OutboxRows { states: vec![*state], limit: left }).await? {
            Answer::OutboxRows(rows) => all.extend(rows.iter().map(summary)),
            _ => return Err(StoreFault::another_answer()),
        }
    }
    Ok(all)
}

/// A record of the outbox by its id.
///
/// # Errors
/// When there is none, or the store cannot be read.
pub async fn the_row(store: &dyn RecordStore, id: RowId) -> Result<OutboxRow, RequestError> {
    match store.read(Query::TheseRows(vec![id])).await? {
        Answer::OutboxRows(rows) => rows.into_iter().next().ok_or(RequestError::NoSuchRecord),
        _ => Err(StoreFault::another_answer().into()),
    }
}

/// The way of a record. `context` is that of the vault: it names what was sent.
///
/// # Errors
/// When the store cannot be read.
pub async fn receipt(
    store: &dyn RecordStore,
    context: &FilingContext,
    row: &OutboxRow,
) -> Result<SyncReceipt, StoreFault> {
    let known = Known::read(store).await?;
    let source = match row.resource_type.as_str() {
        "Observation" => match reading_of(store, context, &known, row).await? {
            Some(source) => source,
            None => minute_of(store, &known, row).await?.unwrap_or(ReceiptSource::Other),
        },
        "Device" => {
            let device = known.devices.iter().find(|device| device.id.0 == row.resource_id);
            ReceiptSource::Device(device.cloned().map(Box::new))
        }
        _ => ReceiptSource::Other,
    };
    let about = match &source {
        ReceiptSource::Reading { reading, .. } => reading.patient,
        ReceiptSource::Minute { median, .. } => Some(median.patient),
        ReceiptSource::Device(_) | ReceiptSource::Other => subject_of(row),
    };
    let patient = known.patients.iter().find(|patient| Some(patient.id) == about).cloned();
    let whom = |author: Option<AuthorId>| {
        let is_it = |clinician: &&Clinician| Some(AuthorId(clinician.id.0)) == author;
        known.clinicians.iter().find(is_it).cloned()
    };
    let row = summary(row);
    let discarded_by = row.discarded.as_ref().and_then(|discard| whom(discard.by));
    Ok(SyncReceipt { patient, measured_by: whom(row.measured_by), discarded_by, source, row })
}

/// A record with the server's last word on it.
pub fn export(row: &OutboxRow, at: WallTime) -> RecordExport {
    let resource: Value = serde_json::from_str(&row.payload).unwrap_or_else(|_| Value::String(row.payload.clone()));
    let full_url = format!("urn:uuid:{}", row.resource_id);
    let mut entries = vec![json!({ "fullUrl": full_url, "resource": resource })];
    if let Some(outcome) = &row.outcome {
        let status = if outcome.status == 0 { "no answer".to_owned() } else { format!("HTTP {}", outcome.status) };
        let severity = if row.state == RowState::Accepted { "information" } else { "error" };
        let words = format!("{status} at {}, try {}: {}", outcome.at, row.attempts, outcome.text);
        let issue = json!({ "severity": severity, "code": "processing", "diagnostics": words });
        entries.push(json!({ "resource": { "resourceType": "OperationOutcome", "issue": [issue] } }));
    }
    let bundle = json!({
        "resourceType": "Bundle", "type": "collection", "timestamp": at.to_string(), "entry": entries,
    });
    RecordExport { name: summary(row).file_name(), json: serde_json::to_string_pretty(&bundle).unwrap_or_default() }
}

/// A record without what it says of a person.
pub fn summary(row: &OutboxRow) -> RowSummary {
    let OutboxRow { id, resource_type, resource_id, state, attempts, next_attempt, created, outcome, .. } = row;
    let resource = said(row);
    let coded = |coding: &Value| coding.get("code")?.as_str()?.parse().ok().and_then(Parameter::from_mdc);
    let codings = resource.pointer("/code/coding").and_then(Value::as_array);
    let parameter = codings.filter(|_| resource_type == "Observation");
    let version = match resource.get("status").and_then(Value::as_str) {
        Some("amended" | "corrected") => RowVersion::Amended,
        Some("entered-in-error") => RowVersion::EnteredInError,
        _ => RowVersion::First,
    };
    RowSummary {
        id: *id,
        resource_type: resource_type.clone(),
        resource_id: *resource_id,
        parameter: parameter.and_then(|codings| codings.iter().find_map(coded)),
        version,
        state: *state,
        attempts: *attempts,
        next_attempt: *next_attempt,
        created: *created,
        outcome: outcome.clone(),
        octets: row.payload.len(),
        conflict: row.is_conflict(),
        measured_by: row.measured_by,
        server: row.server.clone(),
        // Of one that was taken up again the store keeps who had put it away.
        discarded: row.discarded.clone().filter(|_| *state == RowState::Discarded),
    }
}

/// Whom and what records can be about.
struct Known {
    patients: Vec<Patient>,
    devices: Vec<DeviceDescription>,
    clinicians: Vec<Clinician>,
}

impl Known {
    async fn read(store: &dyn RecordStore) -> Result<Self, StoreFault> {
        let Answer::Patients(patients) = store.read(Query::Patients).await? else {
            return Err(StoreFault::another_answer());
        };
        let Answer::Devices(devices) = store.read(Query::Devices).await? else {
            return Err(StoreFault::another_answer());
        };
        let Answer::Clinicians(clinicians) = store.read(Query::Clinicians).await? else {
            return Err(StoreFault::another_answer());
        };
        Ok(Self { patients, devices, clinicians })
    }
}

/// Nothing points from a record to its reading: the reading is the one that makes the same id, among those of the time that
/// the record names.
async fn reading_of(
    store: &dyn RecordStore,
    context: &FilingContext,
    known: &Known,
    row: &OutboxRow,
) -> Result<Option<ReceiptSource>, StoreFault> {
    let resource = said(row);
    let Some(at) = resource.get("effectiveDateTime").and_then(Value::as_str).and_then(WallTime::parse) else {
        return Ok(None);
    };
    let Answer::Readings(readings) = store.read(Query::ReadingsAt(at)).await? else {
        return Err(StoreFault::another_answer());
    };
    let found = readings.into_iter().rev().find_map(|reading| {
        let patient = known.patients.iter().find(|patient| Some(patient.id) == reading.patient)?;
        let device = known.devices.iter().find(|device| device.id == reading.device)?;
        let measurement = &reading.measurement;
        let input = ReadingInput::new(patient, device, measurement);
        (bedside_fhir::reading_id(context, &input) == row.resource_id).then(|| (reading.clone(), device.clone()))
    });
    let Some((reading, device)) = found else { return Ok(None) };
    let frame = match reading.frame {
        Some((connection, characteristic, index)) => {
            match store.read(Query::FrameAt { connection, characteristic, index }).await? {
                Answer::Frames(frames) => frames.into_iter().next(),
                _ => return Err(StoreFault::another_answer()),
            }
        }
        None => None,
    };
    Ok(Some(ReceiptSource::Reading { reading: Box::new(reading), device: Box::new(device), frame }))
}

async fn minute_of(
    store: &dyn RecordStore,
    known: &Known,
    row: &OutboxRow,
) -> Result<Option<ReceiptSource>, StoreFault> {
    let resource = said(row);
    let start = resource.pointer("/effectivePeriod/start").and_then(Value::as_str);
    let Some(minute) = start.and_then(WallTime::parse) else { return Ok(None) };
    let Answer::MinuteMedians(medians) = store.read(Query::MediansAt(minute)).await? else {
        return Err(StoreFault::another_answer());
    };
    let its_own = |median: &MinuteMedian| bedside_fhir::median_id(median.series, median.minute) == row.resource_id;
    Ok(medians.into_iter().find(its_own).map(|median| {
        let device = known.devices.iter().find(|device| device.id == median.device);
        ReceiptSource::Minute { device: device.cloned().map(Box::new), median: Box::new(median) }
    }))
}

/// Whom a record is about: its own id if it is a patient, else the end of its `subject` reference.
pub fn subject_of(row: &OutboxRow) -> Option<PatientId> {
    let id =
        if row.resource_type == "Patient" { Some(row.resource_id) } else { bedside_fhir::subject_id(&row.payload) };
    id.map(PatientId)
}

/// The resource; nothing where it cannot be read.
fn said(row: &OutboxRow) -> Value {
    serde_json::from_str(&row.payload).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(payload: Value) -> OutboxRow {
        let resource_type = payload["resourceType"].as_str().unwrap();
        OutboxRow {
            id: RowId(Uuid::from_u128(1)),
            state: RowState::Refused,
            attempts: 2,
            outcome: Some(Outcome { status: 422, text: "required at Observation.code".into(), at: WallTime(1_000) }),
            ..OutboxRow::new(resource_type, Uuid::from_u128(2), payload.to_string(), WallTime(0))
        }
    }

    #[test]
    fn a_summary_says_what_was_measured_and_nothing_of_whom() {
        let row = row(json!({
            "resourceType": "Observation", "status": "amended", "valueString": "ADEYEMI",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "8867-4" }, { "code": "147842" }] },
        }));
        let summary = summary(&row);
        assert_eq!(summary.parameter, Some(Parameter::HeartRate));
        assert_eq!((summary.version, summary.octets), (RowVersion::Amended, row.payload.len()));
        assert!(!format!("{summary:?}").contains("ADEYEMI"));
    }

    #[test]
    fn a_record_of_a_file_stands_beside_what_the_server_said_of_it() {
        let export = export(&row(json!({ "resourceType": "Observation", "id": "x" })), WallTime(2_000));
        let bundle: Value = serde_json::from_str(&export.json).unwrap();
        assert_eq!(bundle["entry"][0]["resource"]["id"], "x");
        let said = bundle["entry"][1]["resource"]["issue"][0]["diagnostics"].as_str().unwrap();
        assert_eq!(said, "HTTP 422 at 1970-01-01T00:00:01.000Z, try 2: required at Observation.code");
        assert_eq!(export.name, "Observation-00000000-0000-0000-0000-000000000002.json");
    }

    #[test]
    fn a_record_names_its_patient_by_its_own_id_or_its_subject() {
        let id = "00000000-0000-0000-0000-000000000007";
        let of = |payload| subject_of(&row(payload));
        let reference = json!({ "resourceType": "Observation", "subject": { "reference": format!("Patient/{id}") } });
        assert_eq!(of(reference), Some(PatientId(Uuid::from_u128(7))));
        assert_eq!(of(json!({ "resourceType": "Patient" })), Some(PatientId(Uuid::from_u128(2))));
        assert_eq!(of(json!({ "resourceType": "Device" })), None);
    }
}
