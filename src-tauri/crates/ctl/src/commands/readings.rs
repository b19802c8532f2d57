//! `readings list` and `readings export`. Not here: what is unassigned (`inbox`).
//! An export is readable health data in a file of the user's choice: it never overwrites one.
use super::{inbox, words};
use crate::arguments::{Export, Format, List, ListReadings, Readings};
use crate::failure::{Failure, IO};
use crate::output::Output;
use bedside_assembly::Place;
use bedside_console::ports::{Answer, Query, RecordStore};
use bedside_console::{SampleValues, StoredReading, StoredSamples};
use bedside_vitals::{Decimal, DeviceDescription, DeviceId, Patient, PatientId, WallTime};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::Path;

pub(crate) async fn run(place: &Place, arguments: &Readings, output: &Output) -> Result<(), Failure> {
    if let Readings::Assign(which) = arguments {
        return inbox::assign(place, which, output).await;
    }
    let store = place.open_for_reading().await?;
    match arguments {
        Readings::List(ListReadings { which, unassigned: true }) => inbox::list(store.as_ref(), which, output).await?,
        Readings::List(ListReadings { which, unassigned: false }) => list(store.as_ref(), which, output).await?,
        Readings::Export(export) => write(store.as_ref(), export, output).await?,
        Readings::Assign(_) => {}
    }
    Ok(store.close().await?)
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

async fn list(store: &dyn RecordStore, which: &List, output: &Output) -> Result<(), Failure> {
    let Selection { patient, since } = select(store, which).await?;
    let names = Names::read(store).await?;
    for reading in readings(store, patient, since).await? {
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

const COLUMNS: [&str; 13] = [
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
];

async fn write(store: &dyn RecordStore, export: &Export, output: &Output) -> Result<(), Failure> {
    let Format::Csv = export.format;
    let Selection { patient, since } = select(store, &export.which).await?;
    let names = Names::read(store).await?;
    let file = new_private_file(&export.out).map_err(|error| Failure::io(&error))?;
    let failed = |error: csv::Error| Failure::new(IO, format!("the export cannot be written: {error}"));
    let mut table = csv::Writer::from_writer(file);
    table.write_record(COLUMNS).map_err(failed)?;
    let mut rows = 0u64;
    let mut put = |row: [String; 13]| {
        rows += 1;
        table.write_record(row.iter().map(|cell| guarded(cell))).map_err(failed)
    };
    let mut spot = readings(store, patient, since).await?;
    spot.reverse();
    for reading in &spot {
        names.reading_rows(reading).into_iter().try_for_each(&mut put)?;
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

/// A file that was not there before and that only its owner can read.
fn new_private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A spreadsheet would run a cell that begins like a formula; numbers of ours begin with a digit or a minus and a digit.
fn guarded(cell: &str) -> String {
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

    fn record_number(&self, patient: Option<PatientId>) -> Option<&str> {
        patient.and_then(|id| self.patients.get(&id)).map(|patient| patient.record_number.reveal())
    }

    fn reading_rows(&self, reading: &StoredReading) -> Vec<[String; 13]> {
        let StoredReading { device, patient, measurement, .. } = reading;
        let row = |(part, number): (&str, bedside_vitals::Number)| {
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
                number.to_string(),
                measurement.value.unit().ucum().into(),
                measurement.identity.to_string(),
                words::flags(measurement.quality).join(" "),
            ]
        };
        words::numbers(&measurement.value).into_iter().map(row).collect()
    }

    fn sample_rows<'a>(&'a self, samples: &'a StoredSamples) -> impl Iterator<Item = [String; 13]> + 'a {
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
        assert!(new_private_file(&path).is_err());
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_disarmed_and_a_number_is_not() {
        assert_eq!(guarded("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(guarded("-0.5"), "-0.5");
        assert_eq!(guarded("-x"), "'-x");
        assert_eq!(guarded("Arm cuff C3"), "Arm cuff C3");
    }
}
