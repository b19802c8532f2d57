//! Rows for the server: which records are filed, and what each depends on (product: "What goes to the server").
//! Not here: FHIR itself (`bedside-fhir`) and sending (`sync`).
use crate::event_loop::Console;
use crate::records::MinuteMedian;
use bedside_fhir::{Document, MinuteMedianInput, NotFilable, ReadingInput, Resource};
use bedside_outbox::{OutboxRow, RowId, RowState};
use bedside_vitals::{DeviceDescription, Measurement, Patient, PatientId, QualityFlag, TimeMethod};
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

    /// A spot reading's row. An implausible one waits for a person; one whose time the device cannot tell, and one that
    /// no nomenclature has a code for, stays here.
    pub(crate) fn reading_row(
        &self,
        patient: PatientId,
        device: &DeviceDescription,
        measurement: &Measurement,
    ) -> Option<OutboxRow> {
        let held_back =
            measurement.quality.has(QualityFlag::Implausible) || measurement.time.method == TimeMethod::Unknown;
        let patient = self.patients.get(&patient).filter(|_| !held_back && measurement.parameter.is_standard())?;
        let input = ReadingInput { patient, device, measurement, clock: None, needs_review: false };
        let observation = bedside_fhir::reading_observation(&self.sync.context, &input).and_then(|o| o.document());
        self.row(observation, self.needs(patient.id, device))
    }

    /// Which row of the outbox a reading's is.
    pub(crate) fn reading_row_id(
        &self,
        patient: PatientId,
        device: &DeviceDescription,
        measurement: &Measurement,
    ) -> Option<Uuid> {
        let patient = self.patients.get(&patient)?;
        let input = ReadingInput { patient, device, measurement, clock: None, needs_review: false };
        Some(bedside_fhir::reading_id(&self.sync.context, &input))
    }

    /// A minute's row.
    pub(crate) fn median_row(&self, median: &MinuteMedian) -> Option<OutboxRow> {
        let (patient, device) = (self.patients.get(&median.patient)?, self.known.get(&median.device)?);
        let MinuteMedian { series, parameter, unit, minute, median, count, .. } = *median;
        let input = MinuteMedianInput { patient, device, series, parameter, unit, minute, median, count };
        let observation = bedside_fhir::median_observation(&self.sync.context, &input).and_then(|o| o.document());
        self.row(observation, self.needs(patient.id, device))
    }

    fn needs(&self, patient: PatientId, device: &DeviceDescription) -> Vec<RowId> {
        vec![RowId(patient.0), RowId(device.id.0), RowId(self.sync.context.gateway)]
    }

    fn row(&self, document: Result<Document, NotFilable>, depends_on: Vec<RowId>) -> Option<OutboxRow> {
        match document {
            Ok(document) => Some(OutboxRow {
                id: RowId(document.id),
                resource_type: document.resource_type.to_owned(),
                resource_id: document.id,
                payload: document.json,
                depends_on,
                state: RowState::Waiting,
                attempts: 0,
                next_attempt: None,
                created: self.ports.machine.wall(),
                outcome: None,
            }),
            Err(reason) => {
                tracing::error!(code = "NOT-FILABLE", %reason, "a record stays local: it cannot be written for the server");
                None
            }
        }
    }
}
