//! Rows for the server: which records are filed, and what each depends on (product: "What goes to the server").
//! Not here: FHIR itself (`bedside-fhir`) and sending (`sync`).
use crate::event_loop::Console;
use crate::records::{MinuteMedian, ReadingVersion, StoredReading, Verdict};
use crate::taken::Links;
use bedside_fhir::{Document, LaterWord, MinuteMedianInput, NotFilable, ReadingInput, Resource};
use bedside_outbox::{AuthorId, OutboxRow, RowId};
use bedside_vitals::{DeviceDescription, MeasuredValue, Measurement, Patient, PatientId, QualityFlag, TimeMethod};
use uuid::Uuid;

impl Console {
    /// The patient's row.
    pub(crate) fn patient_row(&self, patient: &Patient) -> Option<OutboxRow> {
        self.row(bedside_fhir::patient(&self.sync.context, patient).document(), Vec::new())
    }

    /// The device's row. A description that changed is a new row for the same resource.
    pub(crate) fn device_row(&self, device: &DeviceDescription) -> Option<OutboxRow> {
        let mut row = self.row(bedside_fhir::device(&self.sync.context, device).document(), Vec::new())?;
        if self.known.contains_key(&device.id) {
            let version = format!("{} {}", row.created.0, row.payload);
            row.id = RowId(Uuid::new_v5(&row.resource_id, version.as_bytes()));
        }
        Some(row)
    }

    /// The console's own row, which every reading refers to.
    pub(crate) fn gateway_row(&self) -> Option<OutboxRow> {
        self.row(bedside_fhir::gateway(&self.sync.context, env!("CARGO_PKG_VERSION")).document(), Vec::new())
    }

    /// A spot reading's row: preliminary where the policy asks a person to confirm it. An implausible one waits for a
    /// person; one whose time the device cannot tell, and one that no nomenclature has a code for, stays here.
    pub(crate) fn reading_row(
        &self,
        patient: PatientId,
        device: &DeviceDescription,
        measurement: &Measurement,
        links: &Links<'_>,
    ) -> Option<OutboxRow> {
        let held_back =
            measurement.quality.has(QualityFlag::Implausible) || measurement.time.method == TimeMethod::Unknown;
        let patient = self.patients.get(&patient).filter(|_| !held_back && measurement.parameter.is_standard())?;
        let Links { clock, weight, performer } = *links;
        let plain = ReadingInput::new(patient, device, measurement);
        let needs_review = self.policy.review_spot_values;
        let input = ReadingInput { clock, derived_from: weight, performer, needs_review, ..plain };
        let observation = bedside_fhir::reading_observation(&self.sync.context, &input).and_then(|o| o.document());
        self.row(observation, self.needs(patient.id, device))
    }

    /// Which rows of the outbox are a reading's, with all that was said of it, oldest first.
    pub(crate) fn rows_of(&self, reading: &StoredReading, said: &[ReadingVersion]) -> Vec<RowId> {
        let device = self.known.get(&reading.device);
        let resource = reading
            .patient
            .zip(device)
            .and_then(|(patient, device)| self.reading_row_id(patient, device, &reading.measurement));
        let Some(resource) = resource else { return Vec::new() };
        std::iter::once(RowId(resource)).chain(said.iter().map(|said| version_row_id(resource, said))).collect()
    }

    /// Which row of the outbox a reading's first one is, and the id of its resource.
    fn reading_row_id(
        &self,
        patient: PatientId,
        device: &DeviceDescription,
        measurement: &Measurement,
    ) -> Option<Uuid> {
        let patient = self.patients.get(&patient)?;
        let input = ReadingInput::new(patient, device, measurement);
        Some(bedside_fhir::reading_id(&self.sync.context, &input))
    }

    /// Whether a reading waits for a person: its first row was filed so, and nobody has said anything of it since. An
    /// early value is preliminary whoever looks at it.
    pub(crate) fn waits_for_review(
        measurement: &Measurement,
        said: &[ReadingVersion],
        first: Option<&OutboxRow>,
    ) -> bool {
        said.is_empty()
            && !measurement.quality.has(QualityFlag::EarlyEstimate)
            && first.is_some_and(|row| bedside_fhir::is_preliminary(&row.payload))
    }

    /// The row of what a person said of a reading that is in a chart; `reading` has the value in force. Its time of writing
    /// is behind those of the rows before it, whatever the clock did.
    pub(crate) fn version_row(
        &self,
        reading: &StoredReading,
        said: &ReadingVersion,
        word: LaterWord,
        earlier: &[OutboxRow],
    ) -> Option<OutboxRow> {
        let (measurement, device) = (&reading.measurement, self.known.get(&reading.device)?);
        let has_time = measurement.time.method != TimeMethod::Unknown;
        let patient =
            self.patients.get(&reading.patient?).filter(|_| has_time && measurement.parameter.is_standard())?;
        let input = ReadingInput::new(patient, device, measurement);
        let before = earlier.first();
        let observation = bedside_fhir::reading_observation(&self.sync.context, &input);
        let linked = |first| match before {
            Some(row) => bedside_fhir::with_links_of(&row.payload, first),
            None => first,
        };
        let document = observation.and_then(|first| bedside_fhir::later_version(linked(first), word).document());
        let needs = before.map_or_else(|| self.needs(patient.id, device), |row| row.depends_on.clone());
        let mut row = self.row(document, needs)?;
        row.id = version_row_id(row.resource_id, said);
        let after = earlier.iter().map(|row| row.created).max();
        row.created = after.map_or(row.created, |after| row.created.max(after.plus_millis(1)));
        Some(row)
    }

    /// A minute's row.
    pub(crate) fn median_row(&self, median: &MinuteMedian) -> Option<OutboxRow> {
        let (patient, device) = (self.patients.get(&median.patient)?, self.known.get(&median.device)?);
        let MinuteMedian { series, parameter, unit, minute, median, count, .. } = *median;
        let input = MinuteMedianInput { patient, device, series, parameter, unit, minute, median, count };
        let observation = bedside_fhir::median_observation(&self.sync.context, &input).and_then(|o| o.document());
        self.row(observation, self.needs(patient.id, device))
    }

    pub(crate) fn needs(&self, patient: PatientId, device: &DeviceDescription) -> Vec<RowId> {
        vec![RowId(patient.0), RowId(device.id.0), RowId(self.sync.context.gateway)]
    }

    pub(crate) fn row(&self, document: Result<Document, NotFilable>, depends_on: Vec<RowId>) -> Option<OutboxRow> {
        match document {
            Ok(document) => {
                let Document { resource_type, id, json, .. } = document;
                // Nobody measured a person or a device: they go with whoever is signed in at the server.
                let is_measured = !matches!(resource_type, "Patient" | "Device");
                let author = self.access.clinician.as_ref().filter(|_| is_measured);
                Some(OutboxRow {
                    depends_on,
                    measured_by: author.map(|clinician| AuthorId(clinician.id.0)),
                    ..OutboxRow::new(resource_type, id, json, self.ports.machine.wall())
                })
            }
            Err(reason) => {
                tracing::error!(code = "NOT-FILABLE", %reason, "a record stays local: it cannot be written for the server");
                None
            }
        }
    }
}

/// A record of what came in while nobody was signed in.
pub(crate) fn by_nobody(row: OutboxRow) -> OutboxRow {
    OutboxRow { measured_by: None, ..row }
}

/// A row of a later version is known by what was said and when.
fn version_row_id(resource: Uuid, said: &ReadingVersion) -> RowId {
    let verdict = match &said.verdict {
        Verdict::Rejected => "rejected".to_owned(),
        Verdict::Confirmed => "confirmed".to_owned(),
        Verdict::Corrected(measurement) => match measurement.value {
            MeasuredValue::Single(quantity) => quantity.number.to_string(),
            MeasuredValue::Pressures(p) => format!("{}/{}/{}", p.systolic, p.diastolic, p.mean),
        },
    };
    RowId(Uuid::new_v5(&resource, format!("version {} {verdict}", said.at.0).as_bytes()))
}
