//! `audit …`: who did what. Listing and exporting leave an entry of their own; verifying needs no permission to see.
//! Not here: the chain itself, which the vault follows.
use super::readings::{Names, guarded, new_private_file};
use super::words;
use crate::arguments::{Audit, AuditExport, AuditFormat, AuditList};
use crate::failure::{BAD_DATA, Failure, IO};
use crate::output::Output;
use crate::reader::{Reader, mixed_up};
use crate::sign_in::{self, Who};
use bedside_assembly::Place;
use bedside_console::ports::{Answer, KeyNote, Query};
use bedside_console::{
    Anchor, AuditAction, AuditEntry, AuditFaultKind, AuditVerdict, Clinician, ClinicianId, Permission, audit_document,
};
use bedside_vitals::PatientId;
use serde_json::{Value, json};
use std::io::Write;

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Audit, output: &Output) -> Result<(), Failure> {
    let one_of: &[Permission] = match arguments {
        Audit::List(AuditList { patient: Some(_), .. }) => &[Permission::ReadRecords, Permission::ReadAudit],
        Audit::Verify => &[Permission::ReadAudit, Permission::KeepVault],
        Audit::List(_) | Audit::Export(_) => &[Permission::ReadAudit],
    };
    let reader = Reader::open(place, who, one_of).await?;
    let done = match arguments {
        Audit::List(which) => list(&reader, which, output).await,
        Audit::Verify => verify(place, &reader, output).await,
        Audit::Export(export) => self::export(place, &reader, export, output).await,
    };
    let closed = reader.close().await;
    done.and(closed)
}

async fn list(reader: &Reader, which: &AuditList, output: &Output) -> Result<(), Failure> {
    let patient = match &which.patient {
        Some(number) => Some(words::patient(reader.store(), number).await?.id),
        None => None,
    };
    let entries = entries(reader, patient, which.limit).await?;
    let people = People::read(reader).await?;
    reader.looked(AuditAction::AuditSeen, patient, entries.len()).await?;
    for entry in &entries {
        output.say(&people.line(entry), &people.json(entry));
    }
    Ok(())
}

async fn verify(place: &Place, reader: &Reader, output: &Output) -> Result<(), Failure> {
    let vault = sign_in::header(place).await?.id;
    // A keyring that does not answer is told by `doctor`; the chain itself is followed without the anchor, too.
    let note = place.keys().note(vault, KeyNote::Anchor).await;
    if let Err(fault) = &note {
        output.note(&format!("the keyring does not give the anchor ({fault}): a tail that was cut off is not told"));
    }
    let anchor = note.ok().flatten().as_deref().and_then(Anchor::from_note);
    let Answer::AuditVerdict(verdict) = reader.store().read(Query::VerifyAudit(anchor)).await? else {
        return Err(mixed_up());
    };
    match verdict {
        AuditVerdict::Sound { entries, signed } => {
            let json = json!({ "sound": true, "entries": entries, "signed": signed });
            output.say(&format!("{entries} entries, all as they were written; {signed} before a signature"), &json);
            Ok(())
        }
        AuditVerdict::Bad { seq, fault } => {
            let fault = fault_name(fault);
            output.say(&format!("entry {seq}: {fault}"), &json!({ "sound": false, "seq": seq, "fault": fault }));
            Err(Failure::new(BAD_DATA, format!("the audit log is not as it was written, from entry {seq} on: {fault}")))
        }
    }
}

const fn fault_name(fault: AuditFaultKind) -> &'static str {
    match fault {
        AuditFaultKind::Altered => "altered",
        AuditFaultKind::Missing => "missing",
        AuditFaultKind::Signature => "signature",
        AuditFaultKind::Truncated => "truncated",
    }
}

const COLUMNS: [&str; 12] = [
    "seq",
    "at",
    "action",
    "user",
    "patient",
    "device",
    "clinician",
    "count",
    "purpose",
    "outcome",
    "reason",
    "version",
];

async fn export(place: &Place, reader: &Reader, export: &AuditExport, output: &Output) -> Result<(), Failure> {
    let mut all = entries(reader, None, usize::MAX).await?;
    all.reverse();
    let people = People::read(reader).await?;
    let mut file = new_private_file(&export.out).map_err(|error| Failure::io(&error))?;
    reader.looked(AuditAction::Exported, None, all.len()).await?;
    match export.format {
        AuditFormat::Csv => {
            let failed = |error: csv::Error| Failure::new(IO, format!("the export cannot be written: {error}"));
            let mut table = csv::Writer::from_writer(file);
            table.write_record(COLUMNS).map_err(failed)?;
            for entry in &all {
                table.write_record(people.row(entry).iter().map(|cell| guarded(cell))).map_err(failed)?;
            }
            table.flush().map_err(|error| Failure::io(&error))?;
        }
        AuditFormat::Fhir => {
            let vault = sign_in::header(place).await?.id;
            let context = place.filing_context(vault);
            for entry in &all {
                let document = audit_document(&context, vault, entry, people.names.number(entry.patient));
                let document = document.map_err(|error| Failure::new(BAD_DATA, error.to_string()))?;
                writeln!(file, "{}", document.json).map_err(|error| Failure::io(&error))?;
            }
            file.sync_all().map_err(|error| Failure::io(&error))?;
        }
    }
    output.note(&format!("{} entries written", all.len()));
    Ok(())
}

async fn entries(reader: &Reader, patient: Option<PatientId>, limit: usize) -> Result<Vec<AuditEntry>, Failure> {
    match reader.store().read(Query::Audit { patient, limit }).await? {
        Answer::Audit(entries) => Ok(entries),
        _ => Err(mixed_up()),
    }
}

/// Names for ids: record numbers of patients, names of devices and clinicians.
struct People {
    names: Names,
    clinicians: Vec<Clinician>,
}

impl People {
    async fn read(reader: &Reader) -> Result<Self, Failure> {
        let names = Names::read(reader.store()).await?;
        match reader.store().read(Query::Clinicians).await? {
            Answer::Clinicians(clinicians) => Ok(Self { names, clinicians }),
            _ => Err(mixed_up()),
        }
    }

    fn clinician(&self, id: ClinicianId) -> String {
        let known = self.clinicians.iter().find(|clinician| clinician.id == id);
        known.map_or_else(|| id.0.to_string(), |clinician| clinician.user_name.to_string())
    }

    fn row(&self, entry: &AuditEntry) -> [String; 12] {
        let text = |value: Option<String>| value.unwrap_or_default();
        [
            entry.seq.to_string(),
            entry.at.to_string(),
            entry.action.name().into(),
            text(entry.actor.map(|id| self.clinician(id))),
            text(self.names.record_number(entry.patient).map(str::to_owned)),
            text(entry.device.map(|id| self.names.device(id).to_owned())),
            text(entry.clinician.map(|id| self.clinician(id))),
            text(entry.count.map(|count| count.to_string())),
            entry.purpose.code().into(),
            entry.outcome.name().into(),
            text(entry.reason.clone()),
            text(entry.origin.version.clone()),
        ]
    }

    fn line(&self, entry: &AuditEntry) -> String {
        let [seq, at, action, user, patient, device, clinician, count, purpose, outcome, reason, _] = self.row(entry);
        let user = if user.is_empty() { "(console)".to_owned() } else { user };
        let about = [patient, device, clinician, count, reason];
        let about: Vec<&str> = about.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        format!("{seq:>6}  {at}  {user:<16} {action:<20} {outcome:<8} {purpose:<8} {}", about.join(" · "))
    }

    fn json(&self, entry: &AuditEntry) -> Value {
        let row = self.row(entry);
        let value = |(name, cell): (&&str, &String)| ((*name).to_owned(), json!(Some(cell).filter(|c| !c.is_empty())));
        let mut json: serde_json::Map<String, Value> = COLUMNS.iter().zip(&row).map(value).collect();
        json.insert("seq".into(), json!(entry.seq));
        json.insert("count".into(), json!(entry.count));
        Value::Object(json)
    }
}
