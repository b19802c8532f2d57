//! `readings list` and `readings export`. Not here: what is unassigned (`inbox`).
//! An export is readable health data in a file of the user's choice: it never overwrites one.
use super::{inbox, versions, words};
use crate::arguments::{Export, Format, List, ListReadings, Readings};
use crate::failure::{Failure, IO};
use crate::output::Output;
use crate::reader::Reader;
use crate::sign_in::Who;
use bedside_assembly::Place;
use bedside_console::ports::{Answer, Query, RecordStore};
use bedside_console::{AuditAction, Permission, RequestError, SampleValues, StoredReading, StoredSamples};
use bedside_vitals::{
    Decimal, DeviceDescription, DeviceId, Patient, PatientId, QualityFlag, ReadingId, RecordNumber, WallTime,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Readings, output: &Output) -> Result<(), Failure> {
    match arguments {
        Readings::List(ListReadings { which, unassigned }) => {
            let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
            if *unassigned {
                inbox::list(&reader, which, output).await?;
            } else {
                list(&reader, which, output).await?;
            }
            reader.close().await
        }
        Readings::Export(which) => {
            if !place.policy().export {
                return Err(RequestError::ForbiddenByPolicy.into());
            }
            let reader = Reader::open(place, who, &[Permission::Export]).await?;
            write(&reader, which, output).await?;
            reader.close().await
        }
        Readings::Assign(which) => inbox::assign(place, who, which, output).await,
        Readings::Correct(which) => versions::correct(place, who, which, output).await,
        Readings::Reject(which) => versions::reject(place, who, which, output).await,
        Readings::Confirm(which) => versions::confirm(place, who, which, output).await,
    }
}

/// Who and since when.
struct Selection {
    patient: Option<PatientId>,
    since: Option<WallTime>,
}

async fn select(store: &dyn RecordStore, which: &List) -> Result<Selection, Failure> {
    let patient = match &which.patient {
        Some(number) => Some(words::patient(store, number).await?.id),
        None => None,
    };
    Ok(Selection { patient, since: which.since.as_deref().map(words::time).transpose()? })
}

async fn list(reader: &Reader, which: &List, output: &Output) -> Result<(), Failure> {
    let store = reader.store();
    let Selection { patient, since } = select(store, which).await?;
    let names = Names::read(store).await?;
    let all = readings(store, patient, since).await?;
    reader.looked(AuditAction::ReadingsListed, patient, all.len()).await?;
    for reading in all {
        let measurement = &reading.measurement;
        let mut json = words::measurement_json(measurement);
        json["id"] = json!(reading.id.to_string());
        json["device"] = json!(reading.device.to_string());
        json["device_name"] = json!(names.device(reading.device));
        json["mrn"] = json!(names.record_number(reading.patient));
        let value = words::value_text(&measurement.value);
        let (at, parameter, device) = (measurement.time.at, measurement.parameter, names.device(reading.device));
        let whose = names.record_number(reading.patient).unwrap_or("unassigned");
        output.say(&format!("{at}  {parameter:<22} {value:<24} {device:<20} {whose}"), &json);
    }
    Ok(())
}

async fn readings(
    store: &dyn RecordStore,
    patient: Option<PatientId>,
    since: Option<WallTime>,
) -> Result<Vec<StoredReading>, Failure> {
    let query = Query::Readings { patient, unassigned_only: false, since, limit: usize::MAX };
    match store.read(query).await? {
        Answer::Readings(readings) => Ok(readings),
        _ => Ok(Vec::new()),
    }
}

/// Those of which a person said something since, as they were measured.
async fn as_measured(
    store: &dyn RecordStore,
    readings: &[StoredReading],
) -> Result<BTreeMap<ReadingId, StoredReading>, Failure> {
    let said = |reading: &&StoredReading| {
        let quality = reading.measurement.quality;
        quality.has(QualityFlag::Corrected) || quality.has(QualityFlag::Rejected)
    };
    let ids: Vec<ReadingId> = readings.iter().filter(said).map(|reading| reading.id).collect();
    match store.read(Query::TheseReadings(ids)).await? {
        Answer::Readings(found) => Ok(found.into_iter().map(|reading| (reading.id, reading)).collect()),
        _ => Ok(BTreeMap::new()),
    }
}

const COLUMNS: [&str; 15] = [
    "kind",
    "mrn",
    "measured_at",
    "time_method",
    "received_at",
    "device_name",
    "device_serial",
    "parameter",
    "part",
    "value",
    "unit",
    "identity",
    "quality",
    // What a person said of it since, `corrected` or `rejected`, and then what was measured.
    "review",
    "measured_value",
];

async fn write(reader: &Reader, export: &Export, output: &Output) -> Result<(), Failure> {
    let Format::Csv = export.format;
    let store = reader.store();
    let Selection { patient, since } = select(store, &export.which).await?;
    let names = Names::read(store).await?;
    let file = new_private_file(&export.out).map_err(|error| Failure::io(&error))?;
    let failed = |error: csv::Error| Failure::new(IO, format!("the export cannot be written: {error}"));
    let mut spot = readings(store, patient, since).await?;
    spot.reverse();
    reader.looked(AuditAction::Exported, patient, spot.len()).await?;
    let mut table = csv::Writer::from_writer(file);
    table.write_record(COLUMNS).map_err(failed)?;
    let mut rows = 0u64;
    let mut put = |row: [String; 15]| {
        rows += 1;
        table.write_record(row.iter().map(|cell| guarded(cell))).map_err(failed)
    };
    let measured = as_measured(store, &spot).await?;
    for reading in &spot {
        names.reading_rows(reading, measured.get(&reading.id)).into_iter().try_for_each(&mut put)?;
    }
    if let Answer::Samples(all) = store.read(Query::Samples { patient, since, until: None }).await? {
        for samples in &all {
            names.sample_rows(samples).try_for_each(&mut put)?;
        }
    }
    table.flush().map_err(|error| Failure::io(&error))?;
    output.note(&format!("{rows} rows written"));
    Ok(())
}

/// A file that was not there before and that only its owner can read; a fault names it.
pub(super) fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AlreadyExists => "expected a new file, and there is one already; nothing was overwritten".into(),
            _ => error.to_string(),
        };
        std::io::Error::new(error.kind(), format!("{}: {why}", path.display()))
    })
}

/// A spreadsheet would run a cell that begins like a formula; numbers of ours begin with a digit or a minus and a digit.
pub(super) fn guarded(cell: &str) -> String {
    let is_number = cell.parse::<Decimal>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { format!("'{cell}") } else { cell.to_owned() }
}

/// Patients and devices by id.
pub(super) struct Names {
    patients: BTreeMap<PatientId, Patient>,
    devices: BTreeMap<DeviceId, DeviceDescription>,
}

impl Names {
    pub(super) async fn read(store: &dyn RecordStore) -> Result<Self, Failure> {
        let patients = match store.read(Query::Patients).await? {
            Answer::Patients(patients) => patients,
            _ => Vec::new(),
        };
        let devices = match store.read(Query::Devices).await? {
            Answer::Devices(devices) => devices,
            _ => Vec::new(),
        };
        Ok(Self {
            patients: patients.into_iter().map(|patient| (patient.id, patient)).collect(),
            devices: devices.into_iter().map(|device| (device.id, device)).collect(),
        })
    }

    pub(super) fn device(&self, id: DeviceId) -> &str {
        self.devices.get(&id).map_or("unknown device", |device| &device.name)
    }

    fn serial(&self, id: DeviceId) -> &str {
        self.devices.get(&id).and_then(|device| device.serial.as_deref()).unwrap_or("")
    }

    pub(super) fn number(&self, patient: Option<PatientId>) -> Option<&RecordNumber> {
        patient.and_then(|id| self.patients.get(&id)).map(|patient| &patient.record_number)
    }

    pub(super) fn record_number(&self, patient: Option<PatientId>) -> Option<&str> {
        patient.and_then(|id| self.patients.get(&id)).map(|patient| patient.record_number.reveal())
    }

    /// A rejected reading has no value here; what was measured stands in its own column.
    fn reading_rows(&self, reading: &StoredReading, measured: Option<&StoredReading>) -> Vec<[String; 15]> {
        let StoredReading { device, patient, measurement, .. } = reading;
        let rejected = measurement.quality.has(QualityFlag::Rejected);
        let review = match (rejected, measured) {
            (true, _) => "rejected",
            (false, Some(_)) => "corrected",
            (false, None) if measurement.quality.has(QualityFlag::Confirmed) => "confirmed",
            (false, None) => "",
        };
        let before = measured.map(|measured| words::numbers(&measured.measurement.value)).unwrap_or_default();
        let row = |(place, (part, number)): (usize, (&str, bedside_vitals::Number))| {
            [
                "spot".into(),
                self.record_number(*patient).unwrap_or("").into(),
                measurement.time.at.to_string(),
                words::method(measurement.time.method).into(),
                measurement.time.received.to_string(),
                self.device(*device).into(),
                self.serial(*device).into(),
                measurement.parameter.name().into(),
                part.into(),
                if rejected { String::new() } else { number.to_string() },
                measurement.value.unit().ucum().into(),
                measurement.identity.to_string(),
                words::flags(measurement.quality).join(" "),
                review.into(),
                before.get(place).map(|(_, number)| number.to_string()).unwrap_or_default(),
            ]
        };
        words::numbers(&measurement.value).into_iter().enumerate().map(row).collect()
    }

    fn sample_rows<'a>(&'a self, samples: &'a StoredSamples) -> impl Iterator<Item = [String; 15]> + 'a {
        let values: Vec<(WallTime, i32)> = match &samples.values {
            SampleValues::Timed(values) => values.clone(),
            SampleValues::Even { start, hertz, samples } => {
                let at = |place: usize| start.plus_millis(place as i64 * 1_000 / i64::from((*hertz).max(1)));
                samples.iter().enumerate().map(|(place, &sample)| (at(place), sample)).collect()
            }
        };
        values.into_iter().map(move |(at, step)| {
            [
                "sample".into(),
                self.record_number(samples.patient).unwrap_or("").into(),
                at.to_string(),
                "receipt".into(),
                at.to_string(),
                self.device(samples.device).into(),
                self.serial(samples.device).into(),
                samples.parameter.name().into(),
                String::new(),
                Decimal::new(i64::from(step), samples.exponent).to_string(),
                samples.unit.ucum().into(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_export_is_for_its_owner_and_never_overwrites() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.csv");
        let file = new_private_file(&path).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let told = new_private_file(&path).unwrap_err().to_string();
        assert!(told.starts_with(&path.display().to_string()) && told.contains("already"), "{told}");
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_disarmed_and_a_number_is_not() {
        assert_eq!(guarded("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(guarded("-0.5"), "-0.5");
        assert_eq!(guarded("-x"), "'-x");
        assert_eq!(guarded("Arm cuff C3"), "Arm cuff C3");
    }
}
